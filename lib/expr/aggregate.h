// AggregateFunction: descriptor and kernels of aggregates.
// Shape: a state is `state_size` bytes, aligned to 16, inside a row that the operator lays out.
// States own nothing: bytes they refer to lie in the operator's arena, so they need no destruction
// and may be moved by memcpy as long as the arena lives. Invariants:
//   A1. `update` ignores rows whose argument is NULL (count(*) has none).
//   A2. combine(from, to) gives the same result as updating `to` with from's rows: exact for
//   integers and
//       decimals, also on overflow of intermediate sums; floating sums may differ by rounding of
//       the order.
// Threads: kernels have no state of their own; a state is updated by one thread.
// Errors: 22003 when a sum leaves its result type (only in finalize for integers and decimals).
#ifndef DRIFTDB_EXPR_AGGREGATE_H_
#define DRIFTDB_EXPR_AGGREGATE_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/status.h"
#include "expr/expr.h"
#include "expr/function.h"
#include "types/vector.h"

namespace driftdb::expr {

inline constexpr size_t kAggregateStateAlign = 16;

struct AggregateInput {
  const KernelArg* args = nullptr;  // MakeKernelArg turns vectors into these
  size_t arg_count = 0;
  RowSet rows;  // alive rows that pass FILTER
  Arena* arena = nullptr;
};

// Kernels for concrete argument types.
struct AggregateKernels {
  size_t state_size = 0;
  void (*init)(uint8_t* state) = nullptr;
  // All rows into one state.
  Status (*update_one)(const AggregateInput& input, uint8_t* state) = nullptr;
  // The k-th row of input.rows into the state at groups[k] + offset.
  Status (*update_groups)(const AggregateInput& input, uint8_t* const* groups,
                          size_t offset) = nullptr;
  // `from` stays valid; bytes that `to` needs are copied into `arena`.
  Status (*combine)(const uint8_t* from, uint8_t* to, Arena* arena) = nullptr;
  // Writes row `row` of `out`, flat with own memory and the result type.
  Status (*finalize)(const uint8_t* state, Vector* out, size_t row) = nullptr;
};

struct AggregateFunction {
  std::string_view name;
  std::vector<LogicalType> args;  // empty: count(*); kUnknown: any type
  // Result type for the actual argument types.
  LogicalType (*result)(const std::vector<LogicalType>& args) = nullptr;
  // False when the argument types are not supported.
  bool (*select)(const std::vector<LogicalType>& args, const LogicalType& result,
                 AggregateKernels* out) = nullptr;
  bool order_sensitive = false;   // string_agg
  bool distinct_is_noop = false;  // min, max, bool_and, ...
  // Over zero rows: NULL, except count's 0.
  bool zero_on_empty = false;
};

// An aggregate with kernels for its actual types, ready to run.
struct BoundAggregate {
  const AggregateFunction* function = nullptr;
  std::vector<LogicalType> arg_types;
  LogicalType result_type;
  AggregateKernels kernels;
};
// For a kAggregate or aggregate kWindow node.
Result<BoundAggregate> BindAggregateKernels(const Expr& call);
Result<BoundAggregate> BindAggregateKernels(const AggregateFunction& function,
                                            const std::vector<LogicalType>& arg_types);

// View of a vector as an argument. `scratch` receives a flat copy of a sequence; it must live as
// long as the view.
KernelArg MakeKernelArg(const Vector& vector, size_t row_count, Vector* scratch);

}  // namespace driftdb::expr

#endif  // DRIFTDB_EXPR_AGGREGATE_H_
