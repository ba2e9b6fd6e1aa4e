#include "sql/plan/unnest.h"

#include <algorithm>

#include "base/error.h"
#include "base/status_macros.h"
#include "sql/plan/subquery_plan.h"

namespace driftdb::sql {

namespace {

bool UnnestHasSubquery(const ExprList& exprs) {
  return std::any_of(exprs.begin(), exprs.end(),
                     [](const ExprPtr& e) { return expr::ContainsKind(*e, ExprKind::kSubquery); });
}

bool UnnestNodeHasSubquery(LogicalNode& node) {
  bool found = false;
  ForEachExpression(
      node, [&](ExprPtr& e) { found = found || expr::ContainsKind(*e, ExprKind::kSubquery); });
  return found;
}

// VALUES whose rows hold subqueries: each row becomes a projection, which has an input to join to.
LogicalPtr UnnestValuesAsUnion(LogicalValues& values, uint32_t* next_table_index) {
  LogicalPtr all;
  for (size_t i = 0; i < values.rows.size(); ++i) {
    const uint32_t row_index = *next_table_index;
    ++*next_table_index;
    LogicalPtr row = MakeLogical(LogicalProjection{row_index, std::move(values.rows[i])});
    row->children.push_back(MakeLogical(LogicalSingleRow{}));
    LogicalSetOperation set;
    set.all = true;
    set.types = values.types;
    for (uint32_t c = 0; c < values.types.size(); ++c) {
      if (all != nullptr) set.left.push_back({OutputColumns(*all)[c].binding});
      set.right.push_back({row_index, c, 0});
    }
    if (all == nullptr) {
      all = std::move(row);
      continue;
    }
    set.table_index = i + 1 == values.rows.size() ? values.table_index : (*next_table_index)++;
    LogicalPtr joined = MakeLogical(std::move(set));
    joined->children.push_back(std::move(all));
    joined->children.push_back(std::move(row));
    all = std::move(joined);
  }
  if (values.rows.size() == 1) all->As<LogicalProjection>()->table_index = values.table_index;
  return all;
}

}  // namespace

Unnester::Unnester(BoundQuery* query, const OptimizerContext& context,
                   std::vector<InitPlan>* init_plans)
    : query_(*query), context_(context), init_plans_(*init_plans) {}

Status Unnester::Run() {
  bool needed = false;
  WalkLogical(*query_.plan, [&](LogicalNode& node) {
    if (const auto* cte = node.As<LogicalCte>()) {
      next_cte_id_ = std::max(next_cte_id_, cte->cte_id + 1);
    }
    const auto* join = node.As<LogicalJoin>();
    needed = needed || (join != nullptr && join->lateral) || UnnestNodeHasSubquery(node);
  });
  if (!needed) return OkStatus();
  DRIFTDB_RETURN_IF_ERROR(Node(query_.plan));
  for (OutputColumn& column : query_.output) {
    for (const ColumnRename& rename : renames_) {
      if (column.binding == rename.from) column.binding = rename.to;
    }
  }
  return OkStatus();
}

// Applies what was renamed below to the node's own references.
void Unnester::Renamed(LogicalNode& node) {
  if (renames_.empty()) return;
  ForEachExpression(node, [&](ExprPtr& e) { RemapColumns(e, renames_); });
  ForEachBinding(node, [&](ColumnBinding& binding) {
    for (const ColumnRename& rename : renames_) {
      if (binding == rename.from) binding = rename.to;
    }
  });
}

Status Unnester::Node(LogicalPtr& node) {
  if (node->As<LogicalJoin>() != nullptr) return JoinNode(node);
  auto* distinct = node->As<LogicalDistinct>();
  std::vector<BoundColumn> columns;
  if (distinct != nullptr && distinct->on.empty()) columns = OutputColumns(*node->children[0]);
  for (LogicalPtr& child : node->children) DRIFTDB_RETURN_IF_ERROR(Node(child));
  // Joins of subqueries add columns, which DISTINCT must not look at.
  if (!columns.empty() && OutputColumns(*node->children[0]).size() != columns.size()) {
    for (const BoundColumn& column : columns) {
      distinct->on.push_back(expr::MakeColumn(column.binding, column.type));
    }
  }
  Renamed(*node);
  if (!UnnestNodeHasSubquery(*node)) return OkStatus();
  if (node->As<LogicalFilter>() != nullptr) return FilterNode(node);
  return OtherNode(node);
}

Status Unnester::FilterNode(LogicalPtr& node) {
  // Plain conjuncts first: the joins of subqueries meet fewer rows, and errors stay where they are.
  LogicalPtr input = std::move(node->children[0]);
  ExprList plain, rest;
  for (ExprPtr& e : node->As<LogicalFilter>()->conjuncts) {
    (expr::ContainsKind(*e, ExprKind::kSubquery) ? rest : plain).push_back(std::move(e));
  }
  if (!plain.empty()) {
    LogicalPtr filter = MakeLogical(LogicalFilter{std::move(plain)});
    filter->children.push_back(std::move(input));
    input = std::move(filter);
  }
  ExprList kept;
  for (size_t i = 0; i < rest.size(); ++i) {
    const size_t renames = renames_.size();
    DRIFTDB_ASSIGN_OR_RETURN(const bool taken, Conjunct(rest[i], &input));
    if (!taken) kept.push_back(std::move(rest[i]));
    if (renames_.size() == renames) continue;
    for (ExprPtr& e : kept) RemapColumns(e, renames_);
    for (size_t j = i + 1; j < rest.size(); ++j) RemapColumns(rest[j], renames_);
  }
  if (kept.empty()) {
    node = std::move(input);
    return OkStatus();
  }
  node->As<LogicalFilter>()->conjuncts = std::move(kept);
  node->children[0] = std::move(input);
  return OkStatus();
}

Status Unnester::OtherNode(LogicalPtr& node) {
  if (auto* values = node->As<LogicalValues>()) {
    LogicalPtr as_union = UnnestValuesAsUnion(*values, &query_.next_table_index);
    node = std::move(as_union);
    return Node(node);
  }
  LogicalPtr none;
  LogicalPtr* input = node->children.empty() ? &none : &node->children[0];
  // Conditions of modifications speak of stored rows, which no join below reaches.
  const bool no_input = node->children.empty() || node->As<LogicalInsert>() != nullptr ||
                        node->As<LogicalUpdate>() != nullptr ||
                        node->As<LogicalDelete>() != nullptr || node->As<LogicalLimit>() != nullptr;
  Status status;
  ForEachExpression(*node, [&](ExprPtr& e) {
    if (!status.ok() || !expr::ContainsKind(*e, ExprKind::kSubquery)) return;
    const size_t renames = renames_.size();
    status = Expression(e, no_input ? &none : input, false);
    if (renames_.size() != renames) Renamed(*node);
  });
  return status;
}

// Subqueries in an outer join's ON clause are joined to the side they depend on. One that depends
// on both makes the join a dependent one: its conditions become a filter of the inner side, which
// then refers to the outer side.
Status Unnester::OuterJoinConditions(LogicalPtr& node) {
  auto* join = node->As<LogicalJoin>();
  const TableSet left = OutputTables(*node->children[0]);
  const TableSet right = OutputTables(*node->children[1]);
  for (const ExprPtr& e : join->conditions) {
    if (!expr::ContainsKind(*e, ExprKind::kSubquery)) continue;
    const TableSet tables = ReferencedTables(*e);
    if (!tables.Intersects(left) || !tables.Intersects(right)) continue;
    if (join->type == LogicalJoinType::kFull) {
      return Error(sqlstate::kFeatureNotSupported,
                   "a subquery in a full join's condition that refers to both sides is not "
                   "supported")
          .At(e->position);
    }
    if (join->type == LogicalJoinType::kRight) {
      std::swap(node->children[0], node->children[1]);
      join->type = LogicalJoinType::kLeft;
    }
    LogicalPtr filter = MakeLogical(LogicalFilter{std::move(join->conditions)});
    filter->children.push_back(std::move(node->children[1]));
    join->conditions.clear();
    join->lateral = true;
    DRIFTDB_RETURN_IF_ERROR(FilterNode(filter));
    node->children[1] = std::move(filter);
    return OkStatus();
  }
  for (ExprPtr& e : join->conditions) {
    if (!expr::ContainsKind(*e, ExprKind::kSubquery)) continue;
    const size_t side = ReferencedTables(*e).Intersects(OutputTables(*node->children[0])) ? 0 : 1;
    const size_t before = renames_.size();
    DRIFTDB_RETURN_IF_ERROR(Expression(e, &node->children[side], true));
    Renamed(*node);
    // A lateral right side refers to the left one, too.
    for (size_t i = before; join->lateral && i < renames_.size(); ++i) {
      RemapColumns(*node->children[1], std::vector<ColumnRename>{renames_[i]});
    }
  }
  return OkStatus();
}

// Subqueries in an inner join's ON clause go to a filter above.
Status Unnester::JoinNode(LogicalPtr& node) {
  auto* join = node->As<LogicalJoin>();
  DRIFTDB_RETURN_IF_ERROR(Node(node->children[0]));
  if (join->lateral) {
    for (const ColumnRename& rename : renames_) {
      RemapColumns(*node->children[1], std::vector<ColumnRename>{rename});
    }
  }
  DRIFTDB_RETURN_IF_ERROR(Node(node->children[1]));
  Renamed(*node);
  ExprList with_subquery;
  if (UnnestHasSubquery(join->conditions)) {
    if (join->type == LogicalJoinType::kInner) {
      ExprList plain;
      for (ExprPtr& e : join->conditions) {
        (expr::ContainsKind(*e, ExprKind::kSubquery) ? with_subquery : plain)
            .push_back(std::move(e));
      }
      join->conditions = std::move(plain);
    } else {
      DRIFTDB_RETURN_IF_ERROR(OuterJoinConditions(node));
    }
  }
  if (join->lateral) DRIFTDB_RETURN_IF_ERROR(Decorrelate(node));
  if (with_subquery.empty()) return OkStatus();
  LogicalPtr filter = MakeLogical(LogicalFilter{std::move(with_subquery)});
  filter->children.push_back(std::move(node));
  node = std::move(filter);
  Renamed(*node);
  return FilterNode(node);
}

}  // namespace driftdb::sql
