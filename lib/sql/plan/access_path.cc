#include "sql/plan/access_path.h"

#include <algorithm>

#include "expr/expr.h"
#include "sql/plan/columns.h"

namespace driftdb::sql {

namespace {

constexpr double kAccessScanSetup = 2000;   // morsel and pipeline start
constexpr double kAccessScanValue = 0.3;    // per value looked at
constexpr double kAccessScanOutput = 2;     // per row handed on
constexpr double kAccessIndexSetup = 1000;  // descent
constexpr double kAccessIndexRow = 250;     // row fetch by row id
bool AccessKeepsBytes(const LogicalType& type) {
  return type.id == TypeId::kText || type.id == TypeId::kVarchar;
}

}  // namespace

double TableScanCost(double table_rows, double output_rows, size_t columns) {
  return kAccessScanSetup + table_rows * kAccessScanValue * static_cast<double>(columns + 1) +
         output_rows * kAccessScanOutput;
}

double IndexScanCost(double matching_rows) {
  return kAccessIndexSetup + matching_rows * kAccessIndexRow;
}

int64_t ScanOrdinal(const LogicalScan& scan, const expr::Expr& expr) {
  if (expr.kind == ExprKind::kCast && AccessKeepsBytes(expr.type) && expr.type.length == 0 &&
      AccessKeepsBytes(expr.children[0]->type)) {
    return ScanOrdinal(scan, *expr.children[0]);
  }
  if (expr.kind != ExprKind::kColumn || expr.column.table_index != scan.table_index) return -1;
  const uint32_t ordinal = scan.columns[expr.column.column_index];
  return ordinal == kRowIdColumn ? -1 : static_cast<int64_t>(ordinal);
}

bool MatchColumnBound(const LogicalScan& scan, const expr::Expr& conjunct, ColumnBound* out) {
  if (conjunct.kind != ExprKind::kComparison) return false;
  for (size_t side = 0; side < 2; ++side) {
    const int64_t ordinal = ScanOrdinal(scan, *conjunct.children[side]);
    if (ordinal < 0) continue;
    const expr::Expr& value = *conjunct.children[1 - side];
    if (!ReferencedTables(value).empty() || expr::IsVolatile(value)) return false;
    out->ordinal = static_cast<uint32_t>(ordinal);
    out->value_side = 1 - side;
    out->comparison = side == 0 ? conjunct.comparison : expr::FlipComparison(conjunct.comparison);
    return true;
  }
  return false;
}

IndexMatch MatchIndex(const LogicalScan& scan, const catalog::IndexEntry& index) {
  IndexMatch match;
  std::vector<ColumnBound> bounds(scan.filters.size());
  std::vector<bool> usable(scan.filters.size());
  for (size_t i = 0; i < scan.filters.size(); ++i) {
    usable[i] = MatchColumnBound(scan, *scan.filters[i], &bounds[i]);
  }
  for (const catalog::IndexColumn& key : index.columns) {
    int64_t equal = -1;
    for (size_t i = 0; i < bounds.size() && equal < 0; ++i) {
      if (usable[i] && bounds[i].ordinal == key.column &&
          bounds[i].comparison == ComparisonOp::kEqual) {
        equal = static_cast<int64_t>(i);
      }
    }
    if (equal >= 0) {
      match.equal.push_back(static_cast<size_t>(equal));
      continue;
    }
    // A range on the first column that has no equality; descending columns are left alone.
    for (size_t i = 0; i < bounds.size() && !key.descending; ++i) {
      if (!usable[i] || bounds[i].ordinal != key.column) continue;
      const ComparisonOp op = bounds[i].comparison;
      const bool lower = op == ComparisonOp::kGreater || op == ComparisonOp::kGreaterEqual;
      const bool upper = op == ComparisonOp::kLess || op == ComparisonOp::kLessEqual;
      if (lower && match.lower < 0) match.lower = static_cast<int64_t>(i);
      if (upper && match.upper < 0) match.upper = static_cast<int64_t>(i);
    }
    break;
  }
  match.unique_point = index.unique && match.equal.size() == index.columns.size();
  return match;
}

}  // namespace driftdb::sql
