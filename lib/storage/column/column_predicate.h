// ColumnPredicate: a condition on one column that a scan evaluates on encoded data, per row TRUE or
// not TRUE. Constants have the column's physical type (same scale for decimals); binder and planner
// see to it. NULL rows satisfy only IS NULL, and callbacks whose null_passes() says so. Doubles
// follow PostgreSQL: NaN equals NaN and is above everything; -0 equals +0. Strings compare
// bytewise. Threads: immutable once built; share freely. VectorPredicate implementations must be
// safe to call concurrently.
#ifndef DRIFTDB_STORAGE_COLUMN_COLUMN_PREDICATE_H_
#define DRIFTDB_STORAGE_COLUMN_COLUMN_PREDICATE_H_

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "storage/column/join_filter.h"
#include "types/value.h"
#include "types/vector.h"

namespace driftdb::storage {

enum class PredicateKind : uint8_t {
  kComparison,  // column <op> low
  kRange,       // low <=|< column <=|< high, either side may be open
  kInList,      // column = any of values (none is NULL)
  kIsNull,
  kIsNotNull,
  kJoinFilter,
  kCallback,
};
enum class CompareOp : uint8_t { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual };

// Any condition that only its maker can evaluate (LIKE, functions of one column).
class VectorPredicate {
 public:
  virtual ~VectorPredicate() = default;
  // Clears bit i of `bits` for every row i < count of `values` that does not satisfy; bits that are
  // already clear may be skipped. `values` may be of any kind; count <= kVectorRows.
  virtual Status Filter(const Vector& values, size_t count, uint64_t* bits) const = 0;
  // The outcome for NULL; Filter is never called with NULL rows' outcome left to it.
  virtual bool null_passes() const { return false; }
  // False when the outcome depends on more than the value (volatile functions): then it is called
  // once per row, never once per dictionary entry.
  virtual bool pure() const { return true; }
};

struct ColumnPredicate {
  PredicateKind kind = PredicateKind::kIsNotNull;
  CompareOp op = CompareOp::kEqual;  // kComparison
  Value low;                         // kComparison, kRange; NULL in kRange: open
  Value high;                        // kRange
  bool low_inclusive = true;
  bool high_inclusive = true;
  std::vector<Value> values;  // kInList
  std::shared_ptr<const JoinFilter> join_filter;
  std::shared_ptr<const VectorPredicate> callback;

  static ColumnPredicate Compare(CompareOp op, Value constant);
  static ColumnPredicate Range(Value low, bool low_inclusive, Value high, bool high_inclusive);
  static ColumnPredicate In(std::vector<Value> values);
  static ColumnPredicate NullTest(bool is_null);
  static ColumnPredicate Join(std::shared_ptr<const JoinFilter> filter);
  static ColumnPredicate Callback(std::shared_ptr<const VectorPredicate> callback);

  // For EXPLAIN, without the column's name: "< 24", "in (3 values)", "join filter".
  std::string ToString() const;
};

// Evaluates on a decoded vector (hot rows, overlays): clears the bits of rows that do not satisfy.
Status FilterVector(const ColumnPredicate& predicate, const Vector& values, size_t count,
                    uint64_t* bits);
// Whether one value satisfies; slow, for tests and single rows. Callbacks: through a constant
// vector.
Result<bool> Satisfies(const ColumnPredicate& predicate, const Value& value);

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_COLUMN_COLUMN_PREDICATE_H_
