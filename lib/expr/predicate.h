// What a predicate says about single columns: for zone maps, index ranges and selectivity.
// Shape: a conjunct of the form `column op constant` (either side, after folding), column IN
// (constants), column IS [NOT] NULL, column LIKE 'prefix%'. Constants have the column's type.
// Invariants: `exact` false means the predicate implies the condition, not the other way round.
#ifndef DRIFTDB_EXPR_PREDICATE_H_
#define DRIFTDB_EXPR_PREDICATE_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "expr/expr.h"

namespace driftdb::expr {

enum class ColumnConditionKind : uint8_t {
  kCompare,  // column comparison values[0]
  kIn,       // column = any of values (sorted, no NULL, no duplicates)
  kIsNull,
  kIsNotNull,
  kRange,  // values[0] <= column < values[1] (values[1] NULL: no upper end); from LIKE prefixes
};

struct ColumnCondition {
  const Expr* column = nullptr;  // the kColumn or kSlot node inside the predicate
  ColumnConditionKind kind = ColumnConditionKind::kCompare;
  ComparisonOp comparison = ComparisonOp::kEqual;
  std::vector<Value> values;
  bool exact = true;
};

// The condition of one conjunct, if it has this form. `parameters`, indexed like kParameter, may
// supply values for bound parameters; null: parameters are not constants.
std::optional<ColumnCondition> ExtractColumnCondition(
    const Expr& conjunct, const std::vector<Value>* parameters = nullptr);

// Orders two values of one type as ORDER BY does (NaN above all numbers); neither may be NULL.
int CompareValues(const Value& a, const Value& b);

// Literal bytes before the first wildcard of a LIKE pattern; *is_exact: the pattern is the prefix
// plus one final '%'.
std::string LikePrefix(std::string_view pattern, char escape, bool* is_exact);
// Smallest byte string greater than all with this prefix; nullopt when there is none (all bytes
// 0xff).
std::optional<std::string> PrefixUpperBound(std::string_view prefix);

}  // namespace driftdb::expr

#endif  // DRIFTDB_EXPR_PREDICATE_H_
