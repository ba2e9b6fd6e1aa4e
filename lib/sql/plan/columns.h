// Which columns a logical plan yields and refers to, as lists and as sets of table indexes. LP-1
// makes sets of table indexes enough to tell on which side of a join a reference belongs.
#ifndef DRIFTDB_SQL_PLAN_COLUMNS_H_
#define DRIFTDB_SQL_PLAN_COLUMNS_H_

#include <cstdint>
#include <vector>

#include "expr/expr.h"
#include "sql/plan/logical_plan.h"
#include "sql/plan/table_set.h"

namespace driftdb::sql {

using expr::ColumnBinding;
using expr::ComparisonOp;
using expr::ExprKind;

struct BoundColumn {
  expr::ColumnBinding binding;
  LogicalType type;
};

inline uint64_t ColumnKey(const expr::ColumnBinding& binding) {
  return (uint64_t{binding.table_index} << 32) | binding.column_index;
}

// Appends the columns that `node` yields, in order.
void AppendOutputColumns(const LogicalNode& node, std::vector<BoundColumn>* out);
std::vector<BoundColumn> OutputColumns(const LogicalNode& node);
// Table indexes of the columns that `node` yields.
void AddOutputTables(const LogicalNode& node, TableSet* out);
TableSet OutputTables(const LogicalNode& node);

// Table indexes that an expression refers to, those inside its subqueries' plans included as far as
// the subquery itself does not produce them.
void AddReferencedTables(const expr::Expr& expr, TableSet* out);
TableSet ReferencedTables(const expr::Expr& expr);
// Table indexes that the plan refers to and does not produce: correlation.
TableSet FreeTables(const LogicalNode& node);
// The distinct columns of `outer` that the plan refers to freely.
std::vector<BoundColumn> FreeColumns(const LogicalNode& node, const TableSet& outer);

// Renames are applied in order, so the result of one may be renamed by a later one.
struct ColumnRename {
  expr::ColumnBinding from;
  expr::ColumnBinding to;
};
void RemapColumns(ExprPtr& expr, const std::vector<ColumnRename>& renames);
void RemapColumns(LogicalNode& plan, const std::vector<ColumnRename>& renames);

}  // namespace driftdb::sql

#endif  // DRIFTDB_SQL_PLAN_COLUMNS_H_
