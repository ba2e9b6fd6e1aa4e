// PointAccess: finds the one visible row that carries a full unique key, and what else point
// statements are made of.
// Shape: made once per prepared statement, used for every execution: the key is encoded into a kept
// buffer, the index is probed, the row is fetched into vectors of one value. Invariants: (PT-1) an
// index entry is only a candidate: the version that the snapshot sees must carry the key and pass
// the filters; (PT-2) nothing of an execution is kept but memory. Threads: one owner. Ownership:
// the plan, and the evaluation context, outlive the object.
#ifndef DRIFTDB_EXEC_POINT_POINT_ACCESS_H_
#define DRIFTDB_EXEC_POINT_POINT_ACCESS_H_

#include <memory>
#include <string>
#include <vector>

#include "expr/evaluator.h"
#include "sql/plan/physical_plan.h"
#include "storage/btree/index.h"
#include "types/chunk.h"
#include "types/key_encoding.h"

namespace driftdb::exec {

// An expression without columns: a constant, a parameter, or something to be computed.
class PointValue {
 public:
  static Result<PointValue> Make(const expr::Expr& expression, expr::EvalContext* eval);
  // The value for this execution, valid until the next call.
  Result<const Value*> Get();

 private:
  // kVarcharParameter: a text parameter as varchar(length_), which few values are too long for.
  enum class Kind : uint8_t { kConstant, kParameter, kVarcharParameter, kComputed };
  static Kind KindOf(const expr::Expr& expression);
  Result<const Value*> Parameter() const;
  Result<const Value*> Compute();

  Kind kind_ = Kind::kConstant;
  uint32_t parameter_ = 0;
  uint32_t length_ = 0;
  int64_t position_ = 0;
  expr::EvalContext* eval_ = nullptr;
  Value value_;
  expr::CompiledExpr compiled_;
};

// Copies value `row` of `from` (any kind) into row 0 of `to`, which becomes an own flat vector.
void StorePointValue(const Vector& from, size_t row, Vector* to);

// The scan below a point statement's root, with its filters over the columns of `columns`.
struct PointScan {
  const sql::PhysicalIndexScan* scan = nullptr;
  std::vector<uint32_t> columns;  // of the table; what `filters` and the row's vectors refer to
  sql::ExprList filters;
};

class PointAccess {
 public:
  // True when the scan yields at most one row: all columns of a unique index are given.
  static bool Covers(const sql::PhysicalIndexScan& scan);
  Status Prepare(const PointScan& scan, expr::EvalContext* eval);

  // False: no visible row. Otherwise row() holds it.
  Result<bool> Find(const Snapshot& snapshot);
  // One row: the columns asked for (key columns that were not asked for stand behind them).
  Chunk& row() { return row_; }
  RowId rid() const { return rid_; }

 private:
  Result<bool> EncodeKey();
  Result<bool> Matches();

  const sql::PhysicalIndexScan* scan_ = nullptr;
  std::vector<uint32_t> ordinals_;
  std::vector<size_t> key_positions_;
  std::vector<Vector*> key_columns_;
  bool integer_key_ = false;  // one column of an integer type
  KeyEncoder encoder_;
  std::vector<PointValue> key_values_;
  std::vector<Value> key_copies_;  // of keys of several columns
  std::vector<expr::CompiledExpr> filters_;
  std::string key_;
  KeyBatch row_key_;
  storage::RowIdBuffer candidates_;
  Chunk row_;
  RowId rid_;
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_POINT_POINT_ACCESS_H_
