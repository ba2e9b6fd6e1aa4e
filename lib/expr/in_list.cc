// IN over constants: the set is prepared once.
#include <algorithm>
#include <string>
#include <vector>

#include <absl/container/flat_hash_set.h>

#include "base/int128.h"
#include "expr/program.h"

namespace driftdb::expr {

namespace {

// Up to this many integers a linear scan beats hashing.
constexpr size_t kInListLinearMax = 8;

struct InListState : KernelState {
  bool negated = false;
  bool has_null = false;
  PhysicalType physical = PhysicalType::kInt32;
  std::vector<int64_t> small;
  absl::flat_hash_set<int64_t> integers;
  std::vector<std::string> owned;
  absl::flat_hash_set<std::string_view> strings;
  std::vector<uint128_t> cells;
};

// A value that is not in the list: FALSE, or NULL when the list has a NULL.
void InListStore(KernelCall& call, const InListState& state, size_t row, bool found) {
  call.out->data<uint8_t>()[row] = found != state.negated ? 1 : 0;
  if (!found && state.has_null) call.out->SetNull(row);
}

template <typename T>
Status InListIntegers(KernelCall& call) {
  const auto& state = static_cast<const InListState&>(*call.state);
  const KernelArg& arg = call.args[0];
  if (!state.small.empty()) {
    ForEachRow(call.rows, [&](size_t i) {
      const int64_t v = arg.value<T>(i);
      bool found = false;
      for (const int64_t item : state.small) found |= item == v;
      InListStore(call, state, i, found);
    });
    return OkStatus();
  }
  ForEachRow(call.rows, [&](size_t i) {
    InListStore(call, state, i, state.integers.contains(arg.value<T>(i)));
  });
  return OkStatus();
}

Status InListStrings(KernelCall& call) {
  const auto& state = static_cast<const InListState&>(*call.state);
  ForEachRow(call.rows, [&](size_t i) {
    InListStore(call, state, i, state.strings.contains(call.args[0].text(i)));
  });
  return OkStatus();
}

Status InListOthers(KernelCall& call) {
  const auto& state = static_cast<const InListState&>(*call.state);
  const RowCompare compare = RowCompareFor(state.physical);
  const KernelArg& arg = call.args[0];
  const size_t width = PhysicalWidth(state.physical);
  ForEachRow(call.rows, [&](size_t i) {
    const uint8_t* value = arg.view.data + arg.view.position(i) * width;
    const auto at = std::lower_bound(
        state.cells.begin(), state.cells.end(), value,
        [&](const uint128_t& cell, const uint8_t* v) { return compare(&cell, v) < 0; });
    InListStore(call, state, i, at != state.cells.end() && compare(&*at, value) == 0);
  });
  return OkStatus();
}

}  // namespace

Result<std::unique_ptr<KernelState>> PrepareInList(const Expr& in_list) {
  auto state = std::make_unique<InListState>();
  state->negated = in_list.negated;
  state->physical = in_list.children[0]->type.physical();
  for (size_t i = 1; i < in_list.children.size(); ++i) {
    const Value& value = in_list.children[i]->value;
    if (value.is_null()) {
      state->has_null = true;
      continue;
    }
    switch (state->physical) {
      case PhysicalType::kBool:
      case PhysicalType::kInt16:
      case PhysicalType::kInt32:
      case PhysicalType::kInt64:
        state->integers.insert(value.int64());
        break;
      case PhysicalType::kString:
        state->owned.push_back(value.string());
        break;
      default: {
        uint128_t cell = 0;
        value.StorePhysical(&cell);
        state->cells.push_back(cell);
        break;
      }
    }
  }
  if (state->integers.size() <= kInListLinearMax) {
    state->small.assign(state->integers.begin(), state->integers.end());
  }
  for (const std::string& item : state->owned) state->strings.insert(item);
  const RowCompare compare = RowCompareFor(state->physical);
  std::sort(state->cells.begin(), state->cells.end(),
            [&](const auto& a, const auto& b) { return compare(&a, &b) < 0; });
  return std::unique_ptr<KernelState>(std::move(state));
}

ScalarKernel InListKernel(const LogicalType& type) {
  switch (type.physical()) {
    case PhysicalType::kBool:
      return InListIntegers<uint8_t>;
    case PhysicalType::kInt16:
      return InListIntegers<int16_t>;
    case PhysicalType::kInt32:
      return InListIntegers<int32_t>;
    case PhysicalType::kInt64:
      return InListIntegers<int64_t>;
    case PhysicalType::kString:
      return InListStrings;
    default:
      return InListOthers;
  }
}

}  // namespace driftdb::expr
