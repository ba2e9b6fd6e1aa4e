// GROUP BY, aggregates and window calls of one query block. Targets and HAVING are bound with their
// aggregate calls in place (SB-1); here the calls move into a LogicalAggregate or LogicalWindow and
// references to its columns take their place.
#include <algorithm>

#include "base/error.h"
#include "base/status_macros.h"
#include "sql/bind/statement_binder.h"

namespace driftdb::sql {

namespace {

constexpr size_t kGroupingSetsMax = 4096;
constexpr size_t kGroupCubeMax = 12;
using GroupSets = std::vector<std::vector<uint32_t>>;

void GroupAddOrdinals(const std::vector<uint32_t>& from, std::vector<uint32_t>* to) {
  for (const uint32_t ordinal : from) {
    if (std::find(to->begin(), to->end(), ordinal) == to->end()) to->push_back(ordinal);
  }
}

}  // namespace

// Rewrites expressions above the aggregation.
class GroupRewriter {
 public:
  GroupRewriter(StatementBinder* binder, LogicalAggregate* aggregate)
      : binder_(binder), level_(binder->level_->id), aggregate_(aggregate) {}

  Status Rewrite(ExprPtr& expr) {
    if (ReplaceGroup(expr)) return OkStatus();
    if (expr->kind == expr::ExprKind::kAggregate && expr->slot == level_) return Take(expr);
    if (expr->kind == expr::ExprKind::kColumn && IsOwn(expr->column)) {
      if (ReplaceDetermined(expr)) return OkStatus();
      return Error(sqlstate::kGroupingError,
                   "column \"{}\" must appear in the GROUP BY clause or be used in an aggregate "
                   "function",
                   Name(*expr))
          .At(expr->position);
    }
    if (expr->subquery != nullptr) {
      DRIFTDB_RETURN_IF_ERROR(RewritePlan(*expr->subquery->plan->plan));
    }
    Status status;
    expr::ForEachChild(*expr, [&](ExprPtr& child) {
      if (status.ok()) status = Rewrite(child);
    });
    return status;
  }

 private:
  bool IsOwn(const expr::ColumnBinding& column) const {
    return binder_->tables_[column.table_index].level == level_ &&
           column.table_index != aggregate_->group_index &&
           column.table_index != aggregate_->aggregate_index;
  }

  std::string Name(const expr::Expr& column) const {
    const std::string& alias = binder_->tables_[column.column.table_index].alias;
    return alias.empty() ? column.name : alias + "." + column.name;
  }

  void ReplaceBy(ExprPtr& expr, expr::ColumnBinding binding, LogicalType type) const {
    ExprPtr column = expr::MakeColumn(binding, type, expr->name);
    column->position = expr->position;
    expr = std::move(column);
  }

  bool ReplaceGroup(ExprPtr& expr) const {
    for (uint32_t g = 0; g < aggregate_->groups.size(); ++g) {
      const expr::Expr& group = *aggregate_->groups[g];
      if (group.kind == expr->kind && expr::Equals(group, *expr)) {
        ReplaceBy(expr, {aggregate_->group_index, g}, group.type);
        return true;
      }
    }
    return false;
  }

  // A column of a table whose primary key is grouped by has one value per group: it becomes one
  // more group.
  bool ReplaceDetermined(ExprPtr& expr) {
    if (!aggregate_->grouping_sets.empty()) return false;
    const StatementBinder::TableInfo& info = binder_->tables_[expr->column.table_index];
    if (info.table == nullptr) return false;
    const catalog::ConstraintEntry* key = info.table->primary_key();
    if (key == nullptr || key->columns.empty()) return false;
    for (const uint32_t ordinal : key->columns) {
      const bool grouped = std::any_of(
          aggregate_->groups.begin(), aggregate_->groups.end(), [&](const ExprPtr& group) {
            return group->kind == expr::ExprKind::kColumn &&
                   group->column.table_index == expr->column.table_index &&
                   group->column.column_index == ordinal;
          });
      if (!grouped) return false;
    }
    aggregate_->groups.push_back(expr->Clone());
    return ReplaceGroup(expr);
  }

  Status Take(ExprPtr& expr) {
    if (expr->aggregate->function == nullptr) return TakeGrouping(expr);
    const LogicalType type = expr->type;
    const bool shareable = !expr::IsVolatile(*expr);
    ExprList& calls = aggregate_->aggregates;
    uint32_t at = 0;
    while (at < calls.size() && !(shareable && expr::Equals(*calls[at], *expr))) ++at;
    if (at == calls.size()) {
      ExprPtr column = expr::MakeColumn({aggregate_->aggregate_index, at}, type,
                                        std::string(expr->aggregate->function->name));
      column->position = expr->position;
      expr->slot = 0;
      calls.push_back(std::move(expr));
      expr = std::move(column);
    } else {
      ReplaceBy(expr, {aggregate_->aggregate_index, at}, type);
    }
    return OkStatus();
  }

  Status TakeGrouping(ExprPtr& expr) {
    std::vector<uint32_t> ordinals;
    for (const ExprPtr& arg : expr->children) {
      uint32_t g = 0;
      while (g < aggregate_->groups.size() && !expr::Equals(*aggregate_->groups[g], *arg)) ++g;
      if (g == aggregate_->groups.size()) {
        return Error(sqlstate::kGroupingError,
                     "arguments to GROUPING must be grouping expressions of the associated query "
                     "level")
            .At(arg->position);
      }
      ordinals.push_back(g);
    }
    auto& calls = aggregate_->grouping_calls;
    const auto found = std::find(calls.begin(), calls.end(), ordinals);
    const auto at = static_cast<uint32_t>(found - calls.begin());
    if (found == calls.end()) calls.push_back(std::move(ordinals));
    ReplaceBy(expr, {aggregate_->grouping_index, at}, TypeId::kInt32);
    return OkStatus();
  }

  // References from a subquery to this level.
  Status RewritePlan(LogicalNode& plan) {
    Status status;
    WalkLogical(plan, [&](LogicalNode& node) {
      ForEachExpression(node, [&](ExprPtr& expr) {
        if (status.ok()) status = RewriteNested(expr);
      });
    });
    return status;
  }

  Status RewriteNested(ExprPtr& expr) {
    if (expr->kind == expr::ExprKind::kAggregate && expr->slot == level_) return Take(expr);
    if (expr->kind == expr::ExprKind::kColumn && IsOwn(expr->column)) {
      if (ReplaceGroup(expr) || ReplaceDetermined(expr)) return OkStatus();
      return Error(sqlstate::kGroupingError,
                   "subquery uses ungrouped column \"{}\" from outer query", Name(*expr))
          .At(expr->position);
    }
    Status status;
    expr::ForEachChild(*expr, [&](ExprPtr& child) {
      if (status.ok()) status = RewriteNested(child);
    });
    return status;
  }

  StatementBinder* const binder_;
  const uint32_t level_;
  LogicalAggregate* const aggregate_;
};

Result<std::vector<uint32_t>> StatementBinder::BindGroupExpr(
    const AstExpr& ast, const std::vector<BoundTarget>& targets, ExprList* groups) {
  if (ast.kind == AstExprKind::kRow) {
    std::vector<uint32_t> ordinals;
    for (const AstExprPtr& element : ast.As<AstRow>().elements) {
      DRIFTDB_ASSIGN_OR_RETURN(const std::vector<uint32_t> inner,
                               BindGroupExpr(*element, targets, groups));
      GroupAddOrdinals(inner, &ordinals);
    }
    return ordinals;
  }
  ClauseScope clause(this, BindClause::kGroupBy);
  DRIFTDB_ASSIGN_OR_RETURN(const int match, MatchTarget(ast, BindClause::kGroupBy, targets));
  ExprPtr group;
  if (match >= 0) {
    group = targets[static_cast<size_t>(match)].expr->Clone();
    Status status;
    expr::Walk(*group, [&](const expr::Expr& e) {
      if (!status.ok()) return false;
      if (e.kind == expr::ExprKind::kAggregate && e.slot == level_->id) {
        status = Error(sqlstate::kGroupingError, "aggregate functions are not allowed in GROUP BY")
                     .At(e.position);
      } else if (e.kind == expr::ExprKind::kWindow) {
        status = Error(sqlstate::kWindowingError, "window functions are not allowed in GROUP BY")
                     .At(e.position);
      }
      return true;
    });
    DRIFTDB_RETURN_IF_ERROR(status);
  } else {
    DRIFTDB_ASSIGN_OR_RETURN(group, BindExpr(ast));
  }
  if (group->type.id == TypeId::kUnknown) {
    DRIFTDB_ASSIGN_OR_RETURN(
        group, expr::BindCast(std::move(group), TypeId::kText, expr::CastContext::kImplicit));
  }
  for (uint32_t g = 0; g < groups->size(); ++g) {
    if (expr::Equals(*(*groups)[g], *group)) return std::vector<uint32_t>{g};
  }
  groups->push_back(std::move(group));
  return std::vector<uint32_t>{static_cast<uint32_t>(groups->size() - 1)};
}

// The grouping sets that one item of GROUP BY stands for.
Result<GroupSets> StatementBinder::BindGroupingItem(const AstGroupingItem& item,
                                                    const std::vector<BoundTarget>& targets,
                                                    ExprList* groups) {
  GroupSets sets;
  if (item.kind == GroupingKind::kEmpty) return GroupSets{{}};
  if (item.kind == GroupingKind::kSimple) {
    DRIFTDB_ASSIGN_OR_RETURN(std::vector<uint32_t> one, BindGroupExpr(*item.expr, targets, groups));
    return GroupSets{std::move(one)};
  }
  DepthScope depth(this, 1);
  DRIFTDB_RETURN_IF_ERROR(depth.Check());
  GroupSets elements;
  for (const AstGroupingItem& inner : item.items) {
    DRIFTDB_ASSIGN_OR_RETURN(const GroupSets part, BindGroupingItem(inner, targets, groups));
    elements.insert(elements.end(), part.begin(), part.end());
  }
  if (item.kind == GroupingKind::kSets) return elements;
  if (item.kind == GroupingKind::kRollup) {
    for (size_t count = elements.size() + 1; count-- > 0;) {
      std::vector<uint32_t> set;
      for (size_t i = 0; i < count; ++i) GroupAddOrdinals(elements[i], &set);
      sets.push_back(std::move(set));
    }
    return sets;
  }
  if (elements.size() > kGroupCubeMax) {
    return Error(sqlstate::kTooManyColumns, "CUBE is limited to {} elements", kGroupCubeMax)
        .At(item.position);
  }
  for (size_t mask = size_t{1} << elements.size(); mask-- > 0;) {
    std::vector<uint32_t> set;
    for (size_t i = 0; i < elements.size(); ++i) {
      if ((mask >> (elements.size() - 1 - i) & 1) != 0) GroupAddOrdinals(elements[i], &set);
    }
    sets.push_back(std::move(set));
  }
  return sets;
}

Result<BoundGrouping> StatementBinder::BindGroupBy(const AstSelect& select,
                                                   const std::vector<BoundTarget>& targets) {
  BoundGrouping grouping;
  if (select.group_by_all) {
    grouping.present = true;
    for (const BoundTarget& target : targets) {
      bool aggregated = false;
      expr::Walk(*target.expr, [&](const expr::Expr& e) {
        aggregated =
            aggregated || e.kind == expr::ExprKind::kAggregate || e.kind == expr::ExprKind::kWindow;
        return !aggregated;
      });
      if (aggregated || target.hidden) continue;
      const bool known =
          std::any_of(grouping.groups.begin(), grouping.groups.end(),
                      [&](const ExprPtr& group) { return expr::Equals(*group, *target.expr); });
      if (!known) grouping.groups.push_back(target.expr->Clone());
    }
    return grouping;
  }
  if (select.group_by.empty()) return grouping;
  grouping.present = true;
  bool simple = true;
  GroupSets sets{{}};
  for (const AstGroupingItem& item : select.group_by) {
    simple = simple && item.kind == GroupingKind::kSimple;
    DRIFTDB_ASSIGN_OR_RETURN(const GroupSets part,
                             BindGroupingItem(item, targets, &grouping.groups));
    if (sets.size() * part.size() > kGroupingSetsMax) {
      return Error(sqlstate::kStatementTooComplex, "too many grouping sets present (maximum {})",
                   kGroupingSetsMax)
          .At(item.position);
    }
    GroupSets product;
    for (const std::vector<uint32_t>& left : sets) {
      for (const std::vector<uint32_t>& right : part) {
        product.push_back(left);
        GroupAddOrdinals(right, &product.back());
      }
    }
    sets = std::move(product);
  }
  if (simple) return grouping;
  if (select.group_by_distinct) {
    for (std::vector<uint32_t>& set : sets) std::sort(set.begin(), set.end());
    std::sort(sets.begin(), sets.end());
    sets.erase(std::unique(sets.begin(), sets.end()), sets.end());
  }
  grouping.sets = std::move(sets);
  return grouping;
}

Result<LogicalPtr> StatementBinder::ApplyGrouping(LogicalPtr plan, BoundGrouping grouping,
                                                  std::vector<BoundTarget>* targets,
                                                  ExprPtr* having) {
  LogicalAggregate aggregate;
  aggregate.group_index = MakeTableIndex("");
  aggregate.aggregate_index = MakeTableIndex("");
  aggregate.grouping_index = MakeTableIndex("");
  aggregate.groups = std::move(grouping.groups);
  aggregate.grouping_sets = std::move(grouping.sets);
  // What the grouping produces is checked already.
  for (const uint32_t table :
       {aggregate.group_index, aggregate.aggregate_index, aggregate.grouping_index}) {
    tables_[table].level = 0;
  }
  GroupRewriter rewriter(this, &aggregate);
  for (BoundTarget& target : *targets) DRIFTDB_RETURN_IF_ERROR(rewriter.Rewrite(target.expr));
  if (*having != nullptr) DRIFTDB_RETURN_IF_ERROR(rewriter.Rewrite(*having));
  LogicalPtr node = MakeLogical(std::move(aggregate));
  node->children.push_back(std::move(plan));
  return node;
}

Result<LogicalPtr> StatementBinder::ApplyWindows(LogicalPtr plan,
                                                 std::vector<BoundTarget>* targets) {
  LogicalWindow window;
  window.table_index = MakeTableIndex("");
  for (BoundTarget& target : *targets) {
    // Calls do not nest, so the order of the rewrite does not matter.
    expr::Rewrite(target.expr, [&](ExprPtr& expr) {
      if (expr->kind != expr::ExprKind::kWindow || expr->slot != level_->id) return;
      uint32_t at = 0;
      while (at < window.calls.size() &&
             (expr::IsVolatile(*expr) || !expr::Equals(*window.calls[at], *expr))) {
        ++at;
      }
      ExprPtr column = expr::MakeColumn({window.table_index, at}, expr->type);
      column->position = expr->position;
      if (at == window.calls.size()) {
        expr->slot = 0;
        window.calls.push_back(std::move(expr));
      }
      expr = std::move(column);
    });
  }
  if (window.calls.empty()) return plan;
  LogicalPtr node = MakeLogical(std::move(window));
  node->children.push_back(std::move(plan));
  return node;
}

}  // namespace driftdb::sql
