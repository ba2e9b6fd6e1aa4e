#include "sql/plan/subquery_plan.h"

namespace driftdb::sql {

namespace {

ExprPtr CloneExprOrNull(const ExprPtr& expr) { return expr == nullptr ? nullptr : expr->Clone(); }

ExprList CloneExprList(const ExprList& list) {
  ExprList copy;
  copy.reserve(list.size());
  for (const ExprPtr& expr : list) copy.push_back(CloneExprOrNull(expr));
  return copy;
}

struct ClonePayloadVisitor {
  using Payload = LogicalNode::Payload;
  Payload operator()(const LogicalSingleRow& from) const { return from; }
  Payload operator()(const LogicalEmpty& from) const { return from; }
  Payload operator()(const LogicalScan& from) const {
    return LogicalScan{from.table_index, from.table, from.alias, from.columns,
                       CloneExprList(from.filters)};
  }
  Payload operator()(const LogicalValues& from) const {
    LogicalValues to{from.table_index, from.types, {}};
    to.rows.reserve(from.rows.size());
    for (const ExprList& row : from.rows) to.rows.push_back(CloneExprList(row));
    return to;
  }
  Payload operator()(const LogicalTableFunction& from) const {
    return LogicalTableFunction{from.table_index, from.function, CloneExprList(from.arguments),
                                from.types};
  }
  Payload operator()(const LogicalProjection& from) const {
    return LogicalProjection{from.table_index, CloneExprList(from.expressions)};
  }
  Payload operator()(const LogicalFilter& from) const {
    return LogicalFilter{CloneExprList(from.conjuncts)};
  }
  Payload operator()(const LogicalJoin& from) const {
    return LogicalJoin{from.type, CloneExprList(from.conditions), from.mark_index, from.lateral,
                       from.null_aware};
  }
  Payload operator()(const LogicalAggregate& from) const {
    return LogicalAggregate{from.group_index,           from.aggregate_index,
                            CloneExprList(from.groups), CloneExprList(from.aggregates),
                            from.grouping_sets,         from.grouping_index,
                            from.grouping_calls};
  }
  Payload operator()(const LogicalSort& from) const {
    LogicalSort to;
    for (const expr::SortKey& key : from.keys) {
      to.keys.push_back({key.expr->Clone(), key.descending, key.nulls_first});
    }
    return to;
  }
  Payload operator()(const LogicalLimit& from) const {
    return LogicalLimit{CloneExprOrNull(from.limit), CloneExprOrNull(from.offset), from.with_ties};
  }
  Payload operator()(const LogicalDistinct& from) const {
    return LogicalDistinct{CloneExprList(from.on)};
  }
  Payload operator()(const LogicalSetOperation& from) const { return from; }
  Payload operator()(const LogicalWindow& from) const {
    return LogicalWindow{from.table_index, CloneExprList(from.calls)};
  }
  Payload operator()(const LogicalCte& from) const { return from; }
  Payload operator()(const LogicalCteScan& from) const { return from; }
  Payload operator()(const LogicalInsert& from) const {
    return LogicalInsert{from.table,          from.source,
                         from.table_index,    CloneExprList(from.checks),
                         from.check_names,    CloneExprList(from.returning),
                         from.returning_index};
  }
  Payload operator()(const LogicalUpdate& from) const {
    return LogicalUpdate{from.table,
                         from.table_index,
                         from.row_id,
                         from.set_columns,
                         from.values,
                         from.old_columns,
                         CloneExprList(from.checks),
                         from.check_names,
                         CloneExprList(from.returning),
                         from.returning_index};
  }
  Payload operator()(const LogicalDelete& from) const {
    return LogicalDelete{from.table,
                         from.table_index,
                         from.row_id,
                         from.old_columns,
                         CloneExprList(from.returning),
                         from.returning_index};
  }
};

void SubqueryDestroy(expr::SubqueryPlan* plan) { delete plan; }
expr::SubqueryPlan* SubqueryClone(const expr::SubqueryPlan* plan) {
  return new expr::SubqueryPlan{CloneLogical(*plan->plan), plan->columns, plan->types,
                                plan->single_row};
}
// Two subqueries written alike have different table indexes; the texts after renumbering decide.
bool SubqueryEquals(const expr::SubqueryPlan* a, const expr::SubqueryPlan* b) {
  if (a == b) return true;
  if (a->types != b->types || a->single_row != b->single_row) return false;
  const auto text = [](const expr::SubqueryPlan* plan) {
    // Far above what a statement uses, so that references to outer tables stay distinct.
    uint32_t next = 1u << 30;
    LogicalPtr copy = CloneLogical(*plan->plan);
    bool is_volatile = false;
    RenumberTables(*copy, &next);
    WalkLogical(*copy, [&](LogicalNode& node) {
      ForEachExpression(node,
                        [&](ExprPtr& e) { is_volatile = is_volatile || expr::IsVolatile(*e); });
    });
    return is_volatile ? std::string() : ToString(*copy);
  };
  const std::string first = text(a);
  return !first.empty() && first == text(b);
}
// The plan is printed below the node that holds the expression (logical_text.cc), not within it.
std::string SubqueryText(const expr::SubqueryPlan*) { return "SubPlan"; }

constexpr expr::SubqueryPlanOps kSubqueryPlanOps = {SubqueryDestroy, SubqueryClone, SubqueryEquals,
                                                    SubqueryText};

}  // namespace

expr::SubqueryPlanPtr MakeSubqueryPlan(expr::SubqueryPlan plan) {
  return expr::SubqueryPlanPtr(new expr::SubqueryPlan(std::move(plan)),
                               expr::SubqueryPlanDeleter{&kSubqueryPlanOps});
}

LogicalNode::Payload ClonePayload(const LogicalNode::Payload& payload) {
  return std::visit(ClonePayloadVisitor{}, payload);
}

LogicalPtr CloneLogical(const LogicalNode& node) {
  auto copy = std::make_unique<LogicalNode>();
  copy->payload = ClonePayload(node.payload);
  copy->children.reserve(node.children.size());
  for (const LogicalPtr& child : node.children) copy->children.push_back(CloneLogical(*child));
  copy->estimated_rows = node.estimated_rows;
  return copy;
}

}  // namespace driftdb::sql
