// Walking and renumbering of logical plans.
#include <map>

#include "sql/plan/subquery_plan.h"

namespace driftdb::sql {

namespace {

using WalkVisit = expr::FunctionRef<void(ExprPtr&)>;
using WalkBindings = expr::FunctionRef<void(expr::ColumnBinding&)>;

void WalkList(ExprList& list, WalkVisit visit) {
  for (ExprPtr& expr : list) visit(expr);
}
void WalkOne(ExprPtr& expr, WalkVisit visit) {
  if (expr != nullptr) visit(expr);
}

struct WalkExpressions {
  WalkVisit visit;
  void operator()(LogicalSingleRow&) const {}
  void operator()(LogicalEmpty&) const {}
  void operator()(LogicalScan& scan) const { WalkList(scan.filters, visit); }
  void operator()(LogicalValues& values) const {
    for (ExprList& row : values.rows) WalkList(row, visit);
  }
  void operator()(LogicalTableFunction& call) const { WalkList(call.arguments, visit); }
  void operator()(LogicalProjection& projection) const { WalkList(projection.expressions, visit); }
  void operator()(LogicalFilter& filter) const { WalkList(filter.conjuncts, visit); }
  void operator()(LogicalJoin& join) const { WalkList(join.conditions, visit); }
  void operator()(LogicalAggregate& aggregate) const {
    WalkList(aggregate.groups, visit);
    WalkList(aggregate.aggregates, visit);
  }
  void operator()(LogicalSort& sort) const {
    for (expr::SortKey& key : sort.keys) visit(key.expr);
  }
  void operator()(LogicalLimit& limit) const {
    WalkOne(limit.limit, visit);
    WalkOne(limit.offset, visit);
  }
  void operator()(LogicalDistinct& distinct) const { WalkList(distinct.on, visit); }
  void operator()(LogicalSetOperation&) const {}
  void operator()(LogicalWindow& window) const { WalkList(window.calls, visit); }
  void operator()(LogicalCte&) const {}
  void operator()(LogicalCteScan&) const {}
  void operator()(LogicalInsert& insert) const {
    WalkList(insert.checks, visit);
    WalkList(insert.returning, visit);
  }
  void operator()(LogicalUpdate& update) const {
    WalkList(update.checks, visit);
    WalkList(update.returning, visit);
  }
  void operator()(LogicalDelete& deletion) const { WalkList(deletion.returning, visit); }
};

void WalkBindingList(std::vector<expr::ColumnBinding>& list, WalkBindings visit) {
  for (expr::ColumnBinding& binding : list) visit(binding);
}

void WalkColumnsOf(ExprPtr& expr, WalkBindings visit) {
  if (expr->kind == expr::ExprKind::kColumn) visit(expr->column);
  if (expr->subquery != nullptr && expr->subquery->plan != nullptr) {
    expr::SubqueryPlan& plan = *expr->subquery->plan;
    ForEachColumn(*plan.plan, visit);
    WalkBindingList(plan.columns, visit);
  }
  expr::ForEachChild(*expr, [&](ExprPtr& child) { WalkColumnsOf(child, visit); });
}

void WalkSubqueriesOf(ExprPtr& expr, expr::FunctionRef<void(LogicalNode&)> visit) {
  if (expr->subquery != nullptr && expr->subquery->plan != nullptr) {
    WalkLogical(*expr->subquery->plan->plan, visit);
  }
  expr::ForEachChild(*expr, [&](ExprPtr& child) { WalkSubqueriesOf(child, visit); });
}

}  // namespace

void ForEachExpression(LogicalNode& node, expr::FunctionRef<void(ExprPtr&)> visit) {
  std::visit(WalkExpressions{visit}, node.payload);
}

void ForEachBinding(LogicalNode& node, expr::FunctionRef<void(expr::ColumnBinding&)> visit) {
  if (auto* set = node.As<LogicalSetOperation>()) {
    WalkBindingList(set->left, visit);
    WalkBindingList(set->right, visit);
  } else if (auto* cte = node.As<LogicalCte>()) {
    WalkBindingList(cte->columns, visit);
  } else if (auto* insert = node.As<LogicalInsert>()) {
    WalkBindingList(insert->source, visit);
  } else if (auto* update = node.As<LogicalUpdate>()) {
    visit(update->row_id);
    WalkBindingList(update->values, visit);
    WalkBindingList(update->old_columns, visit);
  } else if (auto* deletion = node.As<LogicalDelete>()) {
    visit(deletion->row_id);
    WalkBindingList(deletion->old_columns, visit);
  }
}

void WalkLogical(LogicalNode& node, expr::FunctionRef<void(LogicalNode&)> visit) {
  visit(node);
  ForEachExpression(node, [&](ExprPtr& expr) { WalkSubqueriesOf(expr, visit); });
  for (LogicalPtr& child : node.children) WalkLogical(*child, visit);
}

void ForEachColumn(LogicalNode& node, expr::FunctionRef<void(expr::ColumnBinding&)> visit) {
  ForEachExpression(node, [&](ExprPtr& expr) { WalkColumnsOf(expr, visit); });
  ForEachBinding(node, visit);
  for (LogicalPtr& child : node.children) ForEachColumn(*child, visit);
}

void ForEachProducedTable(LogicalNode& node, expr::FunctionRef<void(uint32_t&)> visit) {
  const auto each = [&](auto& payload) {
    using T = std::decay_t<decltype(payload)>;
    if constexpr (std::is_same_v<T, LogicalJoin>) {
      if (payload.type == LogicalJoinType::kMark) visit(payload.mark_index);
    } else if constexpr (std::is_same_v<T, LogicalAggregate>) {
      visit(payload.group_index);
      visit(payload.aggregate_index);
      if (!payload.grouping_calls.empty()) visit(payload.grouping_index);
    } else if constexpr (std::is_same_v<T, LogicalInsert> || std::is_same_v<T, LogicalUpdate> ||
                         std::is_same_v<T, LogicalDelete>) {
      visit(payload.table_index);
      if (!payload.returning.empty()) visit(payload.returning_index);
    } else if constexpr (requires { payload.table_index; }) {
      visit(payload.table_index);
    }
  };
  std::visit(each, node.payload);
}

void RenumberTables(LogicalNode& plan, uint32_t* next_table_index) {
  std::map<uint32_t, uint32_t> moved;
  WalkLogical(plan, [&](LogicalNode& node) {
    ForEachProducedTable(node, [&](uint32_t& index) {
      const uint32_t to = (*next_table_index)++;
      moved[index] = to;
      index = to;
    });
  });
  ForEachColumn(plan, [&](expr::ColumnBinding& binding) {
    const auto found = moved.find(binding.table_index);
    if (found != moved.end()) binding.table_index = found->second;
  });
}

}  // namespace driftdb::sql
