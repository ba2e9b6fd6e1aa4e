// Access paths: which index, if any, serves a scan's conjuncts better than reading the whole table.
// Shape: MatchIndex binds a prefix of an index's key columns to `column = value` conjuncts and one
// more column to a range; the cost functions are in nanoseconds, like all costs of the optimizer.
#ifndef DRIFTDB_SQL_PLAN_ACCESS_PATH_H_
#define DRIFTDB_SQL_PLAN_ACCESS_PATH_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "catalog/entries.h"
#include "sql/plan/logical_plan.h"

namespace driftdb::sql {

// Positions of conjuncts in the scan's filter list.
struct IndexMatch {
  std::vector<size_t> equal;  // one per leading key column
  int64_t lower = -1, upper = -1;
  bool unique_point = false;  // all columns of a unique index are bound: one row at most
  bool empty() const { return equal.empty() && lower < 0 && upper < 0; }
};

// `column op value` with a value that is the same for all rows of one execution.
struct ColumnBound {
  uint32_t ordinal = 0;
  expr::ComparisonOp comparison = expr::ComparisonOp::kEqual;
  size_t value_side = 1;  // child of the conjunct that holds the value
};
// False when the conjunct has another form. `scan` tells which table column a binding is.
bool MatchColumnBound(const LogicalScan& scan, const expr::Expr& conjunct, ColumnBound* out);

IndexMatch MatchIndex(const LogicalScan& scan, const catalog::IndexEntry& index);

// Column of the scan's table behind an expression: a plain column, or one relabelled between string
// types without change of bytes; -1 otherwise.
int64_t ScanOrdinal(const LogicalScan& scan, const expr::Expr& expr);

// Nanoseconds, see docs/internals/optimizer.md, "Costs".
double TableScanCost(double table_rows, double output_rows, size_t columns);
double IndexScanCost(double matching_rows);

}  // namespace driftdb::sql

#endif  // DRIFTDB_SQL_PLAN_ACCESS_PATH_H_
