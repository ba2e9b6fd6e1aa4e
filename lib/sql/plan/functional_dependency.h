// Functional dependencies and uniqueness of columns in a logical plan, from primary keys, unique
// constraints over NOT NULL columns, equalities, constants and grouping.
#ifndef DRIFTDB_SQL_PLAN_FUNCTIONAL_DEPENDENCY_H_
#define DRIFTDB_SQL_PLAN_FUNCTIONAL_DEPENDENCY_H_

#include <vector>

#include "expr/expr.h"
#include "sql/plan/logical_plan.h"

namespace driftdb::sql {

// True when no two rows of the node agree (as IS NOT DISTINCT FROM) in all of these columns.
bool IsUniqueOn(const LogicalNode& node, const std::vector<expr::ColumnBinding>& columns);
// At most one row, whatever the data.
bool YieldsOneRowAtMost(const LogicalNode& node);
// Exactly one row, whatever the data.
bool YieldsExactlyOneRow(const LogicalNode& node);
// Which groups of an aggregate (one grouping set) are determined by the other ones.
std::vector<bool> DependentGroups(const LogicalNode& aggregate);
// The column can hold NULL in the node's output.
bool IsNullable(const LogicalNode& node, const expr::ColumnBinding& column);
bool IsNullable(const LogicalNode& node, const expr::Expr& expr);

}  // namespace driftdb::sql

#endif  // DRIFTDB_SQL_PLAN_FUNCTIONAL_DEPENDENCY_H_
