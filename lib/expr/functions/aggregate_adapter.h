// Makes AggregateKernels from a small operation class. Private to lib/expr/functions.
// An operation has: State (trivially copyable), Input, Init(State*), Add(State*, const Input&,
// Arena*), Combine(const State&, State*, Arena*), Finalize(const State&, Vector*, size_t row) ->
// Status.
#ifndef DRIFTDB_EXPR_FUNCTIONS_AGGREGATE_ADAPTER_H_
#define DRIFTDB_EXPR_FUNCTIONS_AGGREGATE_ADAPTER_H_

#include <cstring>

#include "expr/aggregate.h"
#include "expr/kernel.h"

namespace driftdb::expr {

template <typename Op>
struct AggregateAdapter {
  using State = typename Op::State;
  using Input = typename Op::Input;
  static_assert(std::is_trivially_copyable_v<State> && alignof(State) <= kAggregateStateAlign);

  static State* At(uint8_t* bytes) { return reinterpret_cast<State*>(bytes); }
  static void Init(uint8_t* bytes) { Op::Init(At(bytes)); }

  static Status UpdateOne(const AggregateInput& input, uint8_t* bytes) {
    // On a copy in registers: the compiler cannot know that the input does not alias the state.
    State state = *At(bytes);
    const KernelArg& arg = input.args[0];
    if (arg.view.all_valid() && arg.flat && input.rows.dense()) {
      const auto* values = reinterpret_cast<const Input*>(arg.view.data);
      for (size_t i = 0; i < input.rows.count; ++i) Op::Add(&state, values[i], input.arena);
    } else if (arg.view.all_valid()) {
      ForEachRow(input.rows, [&](size_t i) { Op::Add(&state, arg.value<Input>(i), input.arena); });
    } else {
      ForEachRow(input.rows, [&](size_t i) {
        if (arg.view.valid(i)) Op::Add(&state, arg.value<Input>(i), input.arena);
      });
    }
    *At(bytes) = state;
    return OkStatus();
  }

  static Status UpdateGroups(const AggregateInput& input, uint8_t* const* groups, size_t offset) {
    const KernelArg& arg = input.args[0];
    if (arg.view.all_valid()) {
      if (arg.flat) {
        const auto* values = reinterpret_cast<const Input*>(arg.view.data);
        for (size_t k = 0; k < input.rows.count; ++k) {
          Op::Add(At(groups[k] + offset), values[input.rows[k]], input.arena);
        }
        return OkStatus();
      }
      for (size_t k = 0; k < input.rows.count; ++k) {
        Op::Add(At(groups[k] + offset), arg.value<Input>(input.rows[k]), input.arena);
      }
      return OkStatus();
    }
    for (size_t k = 0; k < input.rows.count; ++k) {
      const size_t i = input.rows[k];
      if (arg.view.valid(i)) Op::Add(At(groups[k] + offset), arg.value<Input>(i), input.arena);
    }
    return OkStatus();
  }

  static Status Combine(const uint8_t* from, uint8_t* to, Arena* arena) {
    Op::Combine(*reinterpret_cast<const State*>(from), At(to), arena);
    return OkStatus();
  }
  static Status Finalize(const uint8_t* bytes, Vector* out, size_t row) {
    return Op::Finalize(*reinterpret_cast<const State*>(bytes), out, row);
  }

  static AggregateKernels Kernels() {
    return {sizeof(State), Init, UpdateOne, UpdateGroups, Combine, Finalize};
  }
};

// Stores an integer as the physical form of out's type. The value must fit.
inline void StoreAggregateInteger(Vector* out, size_t row, int128_t value) {
  switch (out->type().physical()) {
    case PhysicalType::kBool:
      out->data<uint8_t>()[row] = static_cast<uint8_t>(value);
      break;
    case PhysicalType::kInt16:
      out->data<int16_t>()[row] = static_cast<int16_t>(value);
      break;
    case PhysicalType::kInt32:
      out->data<int32_t>()[row] = static_cast<int32_t>(value);
      break;
    case PhysicalType::kInt64:
      out->data<int64_t>()[row] = static_cast<int64_t>(value);
      break;
    default:
      out->data<int128_t>()[row] = value;
      break;
  }
}

}  // namespace driftdb::expr

#endif  // DRIFTDB_EXPR_FUNCTIONS_AGGREGATE_ADAPTER_H_
