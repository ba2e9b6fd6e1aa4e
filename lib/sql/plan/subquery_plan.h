// expr::SubqueryPlan: what a kSubquery expression owns until unnesting; and the ways to walk and
// copy logical plans. Shape: the plan of the subquery's SELECT and the bindings of its visible
// columns, in order. EXISTS looks at rows only and may have any number of columns; a scalar
// subquery has one; IN, ANY and ALL have as many as the tested row has elements (Expr::children),
// and those are already coerced: children[i] and columns[i] have equal types. A row comparison `(a,
// b) = (SELECT c, d ...)` is kAny with kEqual over a plan that may yield at most one row
// (`single_row`: 21000 if there are more).
// Ownership: an expr::SubqueryPlanPtr made by MakeSubqueryPlan. Clones keep the table indexes of
// the original, so a plan must not hold two copies (LP-1): renumber one (RenumberTables).
#ifndef DRIFTDB_SQL_PLAN_SUBQUERY_PLAN_H_
#define DRIFTDB_SQL_PLAN_SUBQUERY_PLAN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "expr/expr.h"
#include "sql/plan/logical_plan.h"

namespace driftdb::expr {

struct SubqueryPlan {
  sql::LogicalPtr plan;
  std::vector<ColumnBinding> columns;
  std::vector<LogicalType> types;  // parallel to columns
  bool single_row = false;
};

}  // namespace driftdb::expr

namespace driftdb::sql {

expr::SubqueryPlanPtr MakeSubqueryPlan(expr::SubqueryPlan plan);

// Deep copies with the same table indexes.
LogicalPtr CloneLogical(const LogicalNode& node);
// The same payload without expressions' sharing; children are not copied.
LogicalNode::Payload ClonePayload(const LogicalNode::Payload& payload);

// Every expression a node itself holds (not its children's), as an assignable pointer. Expressions
// inside subquery plans are not visited.
void ForEachExpression(LogicalNode& node, expr::FunctionRef<void(ExprPtr&)> visit);
// Every ColumnBinding that a node itself holds outside of expressions (set operations' inputs,
// sources of INSERT and UPDATE, row ids, a CTE's columns).
void ForEachBinding(LogicalNode& node, expr::FunctionRef<void(expr::ColumnBinding&)> visit);
// Pre-order over a plan, descending into the plans of subquery expressions too.
void WalkLogical(LogicalNode& node, expr::FunctionRef<void(LogicalNode&)> visit);
// Every column reference in a plan: in expressions (nested plans included) and by ForEachBinding.
void ForEachColumn(LogicalNode& node, expr::FunctionRef<void(expr::ColumnBinding&)> visit);
// Table indexes that a node itself produces.
void ForEachProducedTable(LogicalNode& node, expr::FunctionRef<void(uint32_t&)> visit);
// Gives every table that the plan produces a fresh index from *next_table_index, with all
// references.
void RenumberTables(LogicalNode& plan, uint32_t* next_table_index);

// One line per node, indented; expressions as expr::ToString prints them, columns as #table.column.
std::string ToString(const LogicalNode& node);

}  // namespace driftdb::sql

#endif  // DRIFTDB_SQL_PLAN_SUBQUERY_PLAN_H_
