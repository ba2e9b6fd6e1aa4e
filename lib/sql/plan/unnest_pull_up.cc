// Decorrelation without a domain: correlated conjuncts rise to the condition of the dependent join.
// A filter's conjunct may rise through everything that neither groups nor pads rows. Below grouping
// only `inner = outer` may rise: `inner` becomes a group key, so each outer row still meets exactly
// the groups of its own value. An aggregate without groups yields a row for outer rows without
// match too: it becomes a left join, and count's 0 is restored above the join.
#include <algorithm>

#include "base/error.h"
#include "base/status_macros.h"
#include "expr/aggregate.h"
#include "expr/binding.h"
#include "sql/plan/functional_dependency.h"
#include "sql/plan/subquery_plan.h"
#include "sql/plan/unnest.h"

namespace driftdb::sql {

namespace {

bool PullUpRefers(const expr::Expr& e, const TableSet& outer) {
  return ReferencedTables(e).Intersects(outer);
}
bool PullUpRefers(const ExprList& exprs, const TableSet& outer) {
  return std::any_of(exprs.begin(), exprs.end(),
                     [&](const ExprPtr& e) { return PullUpRefers(*e, outer); });
}

// inner = outer; *inner_side tells which child has no outer column.
bool PullUpIsEquality(const expr::Expr& e, const TableSet& outer, size_t* inner_side) {
  if (e.kind != ExprKind::kComparison ||
      (e.comparison != ComparisonOp::kEqual && e.comparison != ComparisonOp::kNotDistinct)) {
    return false;
  }
  for (size_t side = 0; side < 2; ++side) {
    const TableSet inner = ReferencedTables(*e.children[side]);
    TableSet other = ReferencedTables(*e.children[1 - side]);
    if (inner.Intersects(outer) || inner.empty()) continue;
    other.Subtract(outer);
    if (!other.empty()) continue;
    *inner_side = side;
    return true;
  }
  return false;
}

bool PullUpConjuncts(const ExprList& conjuncts, const PullUpMode& mode) {
  for (const ExprPtr& e : conjuncts) {
    if (!PullUpRefers(*e, *mode.outer)) continue;
    if (expr::IsVolatile(*e)) return false;
    size_t side = 0;
    if (mode.equality_only && !PullUpIsEquality(*e, *mode.outer, &side)) return false;
  }
  return true;
}

bool CanPullUpJoin(const LogicalNode& plan, const LogicalJoin& join, const PullUpMode& mode) {
  if (join.lateral) return false;
  const bool right_depends = FreeTables(*plan.children[1]).Intersects(*mode.outer);
  if (join.type == LogicalJoinType::kInner) {
    return PullUpConjuncts(join.conditions, mode) && CanPullUp(*plan.children[0], mode) &&
           CanPullUp(*plan.children[1], mode);
  }
  if (join.type == LogicalJoinType::kRight || join.type == LogicalJoinType::kFull) return false;
  return !right_depends && !PullUpRefers(join.conditions, *mode.outer) &&
         CanPullUp(*plan.children[0], mode);
}

bool CanPullUpLimit(const LogicalLimit& limit, const PullUpMode& mode) {
  return mode.any_row && !mode.equality_only && limit.offset == nullptr &&
         (limit.limit == nullptr ||
          (limit.limit->kind == ExprKind::kConstant &&
           (limit.limit->value.is_null() || limit.limit->value.int64() >= 1)));
}

}  // namespace

bool CanPullUp(const LogicalNode& plan, PullUpMode mode) {
  if (!FreeTables(plan).Intersects(*mode.outer)) return true;
  // Below anything else it matters which rows there are.
  mode.any_row =
      mode.any_row && (plan.As<LogicalProjection>() != nullptr ||
                       plan.As<LogicalSort>() != nullptr || plan.As<LogicalLimit>() != nullptr);
  if (const auto* filter = plan.As<LogicalFilter>()) {
    return PullUpConjuncts(filter->conjuncts, mode) && CanPullUp(*plan.children[0], mode);
  }
  if (const auto* projection = plan.As<LogicalProjection>()) {
    if (PullUpRefers(projection->expressions, *mode.outer) && !mode.substitute) return false;
    mode.substitute = false;
    return CanPullUp(*plan.children[0], mode);
  }
  if (const auto* join = plan.As<LogicalJoin>()) {
    mode.substitute = false;
    return CanPullUpJoin(plan, *join, mode);
  }
  mode.substitute = false;
  if (const auto* aggregate = plan.As<LogicalAggregate>()) {
    if (aggregate->groups.empty() || !aggregate->grouping_sets.empty() ||
        PullUpRefers(aggregate->groups, *mode.outer) ||
        PullUpRefers(aggregate->aggregates, *mode.outer)) {
      return false;
    }
    mode.equality_only = true;
    return CanPullUp(*plan.children[0], mode);
  }
  if (const auto* distinct = plan.As<LogicalDistinct>()) {
    if (!distinct->on.empty()) return false;
    mode.equality_only = mode.equality_only || !mode.rows_only;
    return CanPullUp(*plan.children[0], mode);
  }
  if (const auto* sort = plan.As<LogicalSort>()) {
    for (const expr::SortKey& key : sort->keys) {
      if (PullUpRefers(*key.expr, *mode.outer)) return false;
    }
    return CanPullUp(*plan.children[0], mode);
  }
  if (const auto* limit = plan.As<LogicalLimit>()) {
    return CanPullUpLimit(*limit, mode) && CanPullUp(*plan.children[0], mode);
  }
  if (const auto* window = plan.As<LogicalWindow>()) {
    if (PullUpRefers(window->calls, *mode.outer)) return false;
    mode.equality_only = true;
    return CanPullUp(*plan.children[0], mode);
  }
  return false;
}

namespace {

void PullUpTake(ExprList* conjuncts, const TableSet& outer, ExprList* taken) {
  ExprList rest;
  for (ExprPtr& e : *conjuncts) {
    (PullUpRefers(*e, outer) ? *taken : rest).push_back(std::move(e));
  }
  *conjuncts = std::move(rest);
}

// Makes every inner column of the conjuncts visible above the projection.
void PullUpThroughProjection(LogicalProjection& projection, const TableSet& outer,
                             PullUpResult* result) {
  const auto expose = [&](ExprPtr& e) {
    if (e->kind != ExprKind::kColumn || outer.Contains(e->column.table_index) ||
        e->column.table_index == projection.table_index) {
      return;
    }
    uint32_t at = 0;
    while (at < projection.expressions.size() && !expr::Equals(*projection.expressions[at], *e)) {
      ++at;
    }
    if (at == projection.expressions.size()) projection.expressions.push_back(e->Clone());
    e->column = {projection.table_index, at, 0};
  };
  const auto lift = [&](ExprPtr& e) { expr::Rewrite(e, expose); };
  for (ExprPtr& e : result->conjuncts) lift(e);
  // Expressions of outer columns are replaced above by what they compute.
  const size_t own = projection.expressions.size();
  for (uint32_t i = 0; i < own; ++i) {
    if (!PullUpRefers(*projection.expressions[i], outer)) continue;
    ExprPtr lifted = std::move(projection.expressions[i]);
    projection.expressions[i] = expr::MakeNull(lifted->type);
    lift(lifted);
    result->substituted.emplace_back(ColumnBinding{projection.table_index, i, 0},
                                     std::move(lifted));
  }
}

void PullUpThroughAggregate(LogicalAggregate& aggregate, const TableSet& outer,
                            PullUpResult* result) {
  for (ExprPtr& e : result->conjuncts) {
    size_t side = 0;
    if (!PullUpIsEquality(*e, outer, &side)) continue;
    ExprPtr& inner = e->children[side];
    uint32_t at = 0;
    while (at < aggregate.groups.size() && !expr::Equals(*aggregate.groups[at], *inner)) ++at;
    const LogicalType type = inner->type;
    if (at == aggregate.groups.size()) aggregate.groups.push_back(std::move(inner));
    inner = expr::MakeColumn({aggregate.group_index, at, 0}, type);
  }
}

}  // namespace

void PullUp(LogicalPtr& plan, const PullUpMode& mode, PullUpResult* result) {
  if (!FreeTables(*plan).Intersects(*mode.outer)) return;
  const TableSet& outer = *mode.outer;
  if (auto* join = plan->As<LogicalJoin>()) {
    PullUp(plan->children[0], mode, result);
    if (join->type == LogicalJoinType::kInner) {
      PullUp(plan->children[1], mode, result);
      PullUpTake(&join->conditions, outer, &result->conjuncts);
    }
    return;
  }
  PullUp(plan->children[0], mode, result);
  if (auto* filter = plan->As<LogicalFilter>()) {
    PullUpTake(&filter->conjuncts, outer, &result->conjuncts);
    if (filter->conjuncts.empty()) {
      LogicalPtr child = std::move(plan->children[0]);
      plan = std::move(child);
    }
  } else if (auto* projection = plan->As<LogicalProjection>()) {
    PullUpThroughProjection(*projection, outer, result);
  } else if (auto* aggregate = plan->As<LogicalAggregate>()) {
    PullUpThroughAggregate(*aggregate, outer, result);
  } else if (auto* window = plan->As<LogicalWindow>()) {
    for (const ExprPtr& e : result->conjuncts) {
      size_t side = 0;
      if (!PullUpIsEquality(*e, outer, &side)) continue;
      for (ExprPtr& call : window->calls) {
        call->window->partition_by.push_back(e->children[side]->Clone());
      }
    }
  } else if (plan->As<LogicalLimit>() != nullptr) {
    LogicalPtr child = std::move(plan->children[0]);
    plan = std::move(child);
  }
}

Status Unnester::Decorrelate(LogicalPtr& node) {
  auto& join = *node->As<LogicalJoin>();
  const TableSet outer = OutputTables(*node->children[0]);
  join.lateral = FreeTables(*node->children[1]).Intersects(outer);
  if (!join.lateral) return OkStatus();
  PullUpMode mode;
  mode.outer = &outer;
  mode.rows_only = join.type == LogicalJoinType::kSemi || join.type == LogicalJoinType::kAnti ||
                   join.type == LogicalJoinType::kMark;
  mode.any_row = mode.rows_only && join.conditions.empty();
  mode.substitute = mode.rows_only;
  const bool may_pull = context_.enabled(OptimizerRule::kPullUp) && !join.null_aware &&
                        join.type != LogicalJoinType::kRight && join.type != LogicalJoinType::kFull;
  if (!may_pull || !CanPullUp(*node->children[1], mode)) return JoinWithDomain(node);
  PullUpResult pulled;
  PullUp(node->children[1], mode, &pulled);
  for (ExprPtr& e : join.conditions) {
    expr::Rewrite(e, [&](ExprPtr& part) {
      for (const auto& [binding, value] : pulled.substituted) {
        if (part->kind == ExprKind::kColumn && part->column == binding) {
          part = value->Clone();
          return;
        }
      }
    });
  }
  for (ExprPtr& e : pulled.conjuncts) join.conditions.push_back(std::move(e));
  join.lateral = false;
  if (join.type == LogicalJoinType::kSingle) {
    std::vector<ColumnBinding> keys;
    for (const ExprPtr& e : join.conditions) {
      size_t side = 0;
      if (PullUpIsEquality(*e, outer, &side) && e->children[side]->kind == ExprKind::kColumn) {
        keys.push_back(e->children[side]->column);
      }
    }
    if (IsUniqueOn(*node->children[1], keys)) join.type = LogicalJoinType::kLeft;
  }
  return OkStatus();
}

namespace {

// Replaces references to a projection by its expressions.
void PullUpInline(ExprPtr& e, const LogicalProjection& projection) {
  expr::Rewrite(e, [&](ExprPtr& part) {
    if (part->kind == ExprKind::kColumn && part->column.table_index == projection.table_index) {
      part = projection.expressions[part->column.column_index]->Clone();
    }
  });
}

// count's value for outer rows without match.
Status PullUpRestoreCounts(ExprPtr& e, const LogicalAggregate& aggregate) {
  Status status;
  expr::Rewrite(e, [&](ExprPtr& part) {
    if (!status.ok() || part->kind != ExprKind::kColumn ||
        part->column.table_index != aggregate.aggregate_index) {
      return;
    }
    const expr::Expr& call = *aggregate.aggregates[part->column.column_index];
    if (!call.aggregate->function->zero_on_empty) return;
    ExprList args;
    args.push_back(std::move(part));
    args.push_back(expr::MakeConstant(Value::Integer(call.type, 0)));
    Result<ExprPtr> coalesce = expr::BindConditional(ExprKind::kCoalesce, std::move(args));
    if (coalesce.ok()) {
      part = std::move(coalesce).value();
    } else {
      status = coalesce.status();
      part = expr::MakeNull(call.type);
    }
  });
  return status;
}

}  // namespace

// A correlated scalar subquery. Projections and HAVING above an aggregate without groups are
// computed above the join, where the values for "no rows" are known.
Status Unnester::ScalarAggregate(LogicalPtr* input, LogicalPtr plan, ColumnBinding column,
                                 LogicalType type, ExprPtr* out) {
  const TableSet outer = OutputTables(**input);
  LogicalPtr* at = &plan;
  while ((*at)->As<LogicalProjection>() != nullptr || (*at)->As<LogicalFilter>() != nullptr ||
         (*at)->As<LogicalSort>() != nullptr) {
    at = &(*at)->children[0];
  }
  auto* aggregate = (*at)->As<LogicalAggregate>();
  PullUpMode mode;
  mode.outer = &outer;
  mode.equality_only = true;
  const bool simple = context_.enabled(OptimizerRule::kPullUp) && aggregate != nullptr &&
                      aggregate->groups.empty() && aggregate->grouping_sets.empty() &&
                      aggregate->grouping_calls.empty() &&
                      !PullUpRefers(aggregate->aggregates, outer) &&
                      CanPullUp(*(*at)->children[0], mode);
  *out = expr::MakeColumn(column, type);
  LogicalJoin join;
  if (!simple) {
    join.type = LogicalJoinType::kSingle;
    const size_t renames = renames_.size();
    DRIFTDB_RETURN_IF_ERROR(AddJoin(input, std::move(plan), std::move(join)));
    if (renames_.size() != renames) RemapColumns(*out, renames_);
    return OkStatus();
  }
  for (LogicalNode* node = plan.get(); node != at->get(); node = node->children[0].get()) {
    if (const auto* projection = node->As<LogicalProjection>()) PullUpInline(*out, *projection);
    auto* filter = node->As<LogicalFilter>();
    if (filter == nullptr) continue;
    ExprPtr condition = expr::MakeAnd(std::move(filter->conjuncts));
    ExprList branches;
    branches.push_back(std::move(condition));
    branches.push_back(std::move(*out));
    DRIFTDB_ASSIGN_OR_RETURN(*out, expr::BindCase(nullptr, std::move(branches), nullptr));
  }
  PullUpResult pulled;
  PullUp((*at)->children[0], mode, &pulled);
  aggregate = (*at)->As<LogicalAggregate>();
  join.type = pulled.conjuncts.empty() ? LogicalJoinType::kInner : LogicalJoinType::kLeft;
  PullUpThroughAggregate(*aggregate, outer, &pulled);
  if (join.type == LogicalJoinType::kLeft) {
    DRIFTDB_RETURN_IF_ERROR(PullUpRestoreCounts(*out, *aggregate));
  }
  join.conditions = std::move(pulled.conjuncts);
  LogicalPtr inner = std::move(*at);
  return AddJoin(input, std::move(inner), std::move(join));
}

}  // namespace driftdb::sql
