// ScalarFunction: descriptor and calling convention of vectorised functions; EvalContext: what
// functions may ask of the session. Shape: a kernel gets views of its arguments and a set of rows
// and writes `out` at the same row positions. Invariants:
//   F1. The kernel of a strict function is called only for rows whose arguments are all valid; the
//   evaluator
//       has already cleared the validity of the other rows in `out`.
//   F2. A kernel reports errors only for rows in `rows`. A `total` kernel (never fails, no pointer
//   is followed) may
//       also be called for dead rows, whose values are arbitrary bytes of the right width.
//   F3. `out` is flat with own memory, all valid except by F1. Kernels of non-strict functions
//   clear bits.
// Threads: descriptors are constant. A KernelState belongs to one CompiledExpr, hence to one
// thread.
#ifndef DRIFTDB_EXPR_FUNCTION_H_
#define DRIFTDB_EXPR_FUNCTION_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "expr/expr.h"
#include "types/vector.h"

namespace driftdb::expr {

// What evaluation needs from the statement and session. The defaults serve evaluation without a
// session (constant folding of immutable expressions): they fail with XX000.
class EvalContext {
 public:
  virtual ~EvalContext() = default;
  // Microseconds since 1970-01-01 UTC. now() is the transaction's start.
  virtual int64_t transaction_time() const { return 0; }
  virtual int64_t statement_time() const { return transaction_time(); }
  virtual Result<int64_t> ClockTime();
  // Seconds east of UTC of the session's time zone at a UTC instant, and at a local time
  // (PostgreSQL's rule for gaps and overlaps is the implementation's business). The default is UTC.
  virtual int32_t UtcOffsetSeconds(int64_t utc_micros) const { return 0; }
  virtual int32_t LocalOffsetSeconds(int64_t local_micros) const { return 0; }
  // Offset of a named zone at a UTC instant (or, is_local, at a local time); 22023 for an unknown
  // name. The default knows UTC, GMT, Z and numeric offsets ("+05:30").
  virtual Result<int32_t> NamedZoneOffset(std::string_view zone, int64_t micros,
                                          bool is_local) const;
  virtual std::string_view time_zone_name() const { return "UTC"; }
  // Uniform 64 random bits; setseed.
  virtual Result<uint64_t> NextRandom();
  virtual Status SeedRandom(double seed);
  virtual Result<std::string> Setting(std::string_view name, bool missing_ok, bool* found);
  virtual Result<std::string> SetSetting(std::string_view name, std::string_view value, bool local);
  virtual Result<std::string> SessionInfo(std::string_view what);  // "current_user", "version", ...
  virtual Result<int64_t> SequenceNext(std::string_view sequence);
  virtual Result<int64_t> SequenceCurrent(std::string_view sequence);
  virtual Result<int64_t> SequenceLast();  // of any sequence
  virtual Result<int64_t> SequenceSet(std::string_view sequence, int64_t value, bool is_called);
  // Value of $index+1; null pointer: not bound.
  virtual const Value* Parameter(uint32_t index) const { return nullptr; }
};

// Rows to work on: rows[0..count), ascending, or all of [0, count) when rows is null.
struct RowSet {
  const uint16_t* rows = nullptr;
  size_t count = 0;
  bool dense() const { return rows == nullptr; }
  size_t operator[](size_t i) const { return rows == nullptr ? i : rows[i]; }
};

struct KernelArg {
  VectorView view;
  LogicalType type;
  bool constant = false;           // every row is view.value(0)
  bool flat = false;               // view.index is null
  const Vector* vector = nullptr;  // whose holders keep referred strings alive
  template <typename T>
  const T& value(size_t row) const {
    return view.value<T>(row);
  }
  std::string_view text(size_t row) const { return view.value<StringRef>(row).view(); }
};

// Whatever a kernel prepares once per compiled expression (a compiled pattern, for example).
struct KernelState {
  virtual ~KernelState() = default;
};

struct KernelCall {
  const KernelArg* args = nullptr;
  size_t arg_count = 0;
  RowSet rows;
  LogicalType result_type;
  Vector* out = nullptr;
  EvalContext* context = nullptr;
  KernelState* state = nullptr;
};
using ScalarKernel = Status (*)(KernelCall& call);

// Arguments that are constant at compile time are given as values, the others as null pointers.
struct PrepareCall {
  const std::vector<LogicalType>* arg_types = nullptr;
  const std::vector<const Value*>* constants = nullptr;
  LogicalType result_type;
};

struct ScalarFunction {
  std::string_view name;          // operators by symbol
  std::vector<LogicalType> args;  // kDecimal without precision: any decimal
  LogicalType result;
  ScalarKernel kernel = nullptr;  // null: `select` chooses by physical types
  Volatility volatility = Volatility::kImmutable;
  bool is_operator = false;
  bool strict = true;    // NULL if any argument is NULL
  bool may_fail = true;  // can raise an error
  bool total = false;    // F2
  bool leakproof = false;
  bool variadic = false;        // the last argument type repeats (one or more times)
  bool once_per_entry = false;  // dear enough to be computed once per dictionary entry
  bool any_type = false;        // arguments of type kUnknown in `args` accept every type
  // Computes the result type (and may adjust argument types by wrapping casts); null: `result`.
  Result<LogicalType> (*bind)(std::vector<ExprPtr>& args) = nullptr;
  ScalarKernel (*select)(const std::vector<LogicalType>& args, const LogicalType& result) = nullptr;
  Result<std::unique_ptr<KernelState>> (*prepare)(const PrepareCall& call) = nullptr;
};

// Properties of the cast from one type to another.
Volatility CastVolatility(const LogicalType& from, const LogicalType& to);
bool CastMayFail(const LogicalType& from, const LogicalType& to);

}  // namespace driftdb::expr

#endif  // DRIFTDB_EXPR_FUNCTION_H_
