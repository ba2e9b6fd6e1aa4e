// count, sum, avg, min, max, bool_and, bool_or, bit_*, any_value, string_agg.
#include <algorithm>
#include <array>
#include <utility>

#include "expr/functions/aggregate_adapter.h"
#include "expr/functions/functions.h"
#include "types/civil.h"
#include "types/decimal.h"

namespace driftdb::expr {

namespace {

// count(*) and count(x).
struct CountKernels {
  static int64_t* At(uint8_t* bytes) { return reinterpret_cast<int64_t*>(bytes); }
  static void Init(uint8_t* bytes) { *At(bytes) = 0; }
  static Status UpdateOne(const AggregateInput& input, uint8_t* bytes) {
    if (input.arg_count == 0 || input.args[0].view.all_valid()) {
      *At(bytes) += static_cast<int64_t>(input.rows.count);
      return OkStatus();
    }
    int64_t count = 0;
    ForEachRow(input.rows, [&](size_t i) { count += input.args[0].view.valid(i) ? 1 : 0; });
    *At(bytes) += count;
    return OkStatus();
  }
  static Status UpdateGroups(const AggregateInput& input, uint8_t* const* groups, size_t offset) {
    const bool all = input.arg_count == 0 || input.args[0].view.all_valid();
    for (size_t k = 0; k < input.rows.count; ++k) {
      *At(groups[k] + offset) += all || input.args[0].view.valid(input.rows[k]) ? 1 : 0;
    }
    return OkStatus();
  }
  static Status Combine(const uint8_t* from, uint8_t* to, Arena*) {
    *At(to) += *reinterpret_cast<const int64_t*>(from);
    return OkStatus();
  }
  static Status Finalize(const uint8_t* bytes, Vector* out, size_t row) {
    out->data<int64_t>()[row] = *reinterpret_cast<const int64_t*>(bytes);
    return OkStatus();
  }
};

// Exact sum: 128 bits and a count of wrap-arounds, so that intermediate overflow is no error (A2).
struct SumState {
  int128_t sum;
  int64_t count;
  int64_t wraps;
};

void SumAddWide(SumState* state, int128_t value) {
  if (__builtin_add_overflow(state->sum, value, &state->sum)) state->wraps += value < 0 ? -1 : 1;
}

Status SumStore(const SumState& state, Vector* out, size_t row) {
  const LogicalType& type = out->type();
  if (type.id == TypeId::kInt64) {
    if (state.wraps != 0 || state.sum != static_cast<int64_t>(state.sum)) {
      return Error(sqlstate::kNumericOutOfRange, "bigint out of range");
    }
  } else if (state.wraps != 0 || !DecimalFits(state.sum, type.precision)) {
    return DecimalOverflowError(type);
  }
  StoreAggregateInteger(out, row, state.sum);
  return OkStatus();
}

template <typename T>
struct SumInteger {
  using State = SumState;
  using Input = T;
  static void Init(State* s) { *s = {0, 0, 0}; }
  static void Add(State* s, const T& v, Arena*) {
    if constexpr (sizeof(T) == 16) {
      SumAddWide(s, v);
    } else {
      s->sum += v;  // 2^63 rows of 64 bits fit
    }
    ++s->count;
  }
  static void Combine(const State& from, State* to, Arena*) {
    SumAddWide(to, from.sum);
    to->wraps += from.wraps;
    to->count += from.count;
  }
  static Status Finalize(const State& s, Vector* out, size_t row) {
    if (s.count == 0) {
      out->SetNull(row);
      return OkStatus();
    }
    return SumStore(s, out, row);
  }
  // One group, dense: 64-bit lanes for the low and high halves add without overflow and vectorise.
  static Status UpdateOne(const AggregateInput& input, uint8_t* bytes) {
    const KernelArg& arg = input.args[0];
    if (sizeof(T) == 16 || !arg.flat || !arg.view.all_valid() || !input.rows.dense()) {
      return AggregateAdapter<SumInteger<T>>::UpdateOne(input, bytes);
    }
    const auto* values = reinterpret_cast<const T*>(arg.view.data);
    int64_t high = 0, low = 0;
    for (size_t i = 0; i < input.rows.count; ++i) {
      if constexpr (sizeof(T) == 8) {
        low += static_cast<int64_t>(static_cast<uint32_t>(values[i]));
        high += values[i] >> 32;
      } else {
        low += static_cast<int64_t>(values[i]);
      }
    }
    auto* state = reinterpret_cast<State*>(bytes);
    state->sum += (static_cast<int128_t>(high) << 32) + low;
    state->count += static_cast<int64_t>(input.rows.count);
    return OkStatus();
  }
};

template <int power>
Status AverageFinalize(const uint8_t* bytes, Vector* out, size_t row) {
  const auto& state = *reinterpret_cast<const SumState*>(bytes);
  if (state.count == 0) {
    out->SetNull(row);
    return OkStatus();
  }
  int128_t average = 0;
  if (state.wraps != 0 || !DecimalDivide(state.sum, state.count, power, &average)) {
    return DecimalOverflowError(out->type());
  }
  StoreAggregateInteger(out, row, average);
  return OkStatus();
}

using AverageFinalizer = Status (*)(const uint8_t*, Vector*, size_t);
template <int... powers>
constexpr std::array<AverageFinalizer, sizeof...(powers)> AverageFinalizers(
    std::integer_sequence<int, powers...>) {
  return {AverageFinalize<powers>...};
}
constexpr auto kAverageFinalizers = AverageFinalizers(std::make_integer_sequence<int, 39>());

struct FloatSumState {
  double sum;
  int64_t count;
};
template <typename T, bool average>
struct SumFloat {
  using State = FloatSumState;
  using Input = T;
  static void Init(State* s) { *s = {0, 0}; }
  static void Add(State* s, const T& v, Arena*) {
    s->sum += v;
    ++s->count;
  }
  static void Combine(const State& from, State* to, Arena*) {
    to->sum += from.sum;
    to->count += from.count;
  }
  static Status Finalize(const State& s, Vector* out, size_t row) {
    if (s.count == 0) {
      out->SetNull(row);
    } else if (average) {
      out->data<double>()[row] = s.sum / static_cast<double>(s.count);
    } else if (out->type().id == TypeId::kReal) {
      out->data<float>()[row] = static_cast<float>(s.sum);
    } else {
      out->data<double>()[row] = s.sum;
    }
    return OkStatus();
  }
};

struct IntervalSumState {
  int128_t micros;
  int64_t months, days, count;
};
template <bool average>
struct SumInterval {
  using State = IntervalSumState;
  using Input = Interval;
  static void Init(State* s) { *s = {0, 0, 0, 0}; }
  static void Add(State* s, const Interval& v, Arena*) {
    s->months += v.months;
    s->days += v.days;
    s->micros += v.micros;
    ++s->count;
  }
  static void Combine(const State& from, State* to, Arena*) {
    to->months += from.months;
    to->days += from.days;
    to->micros += from.micros;
    to->count += from.count;
  }
  static Status Finalize(const State& s, Vector* out, size_t row) {
    if (s.count == 0) {
      out->SetNull(row);
      return OkStatus();
    }
    int64_t months = s.months, days = s.days;
    int128_t micros = s.micros;
    if (average) {
      // Remainders spill into smaller units, as interval / number does.
      const int64_t day_rest = (s.months % s.count) * 30 + s.days % s.count;
      months = s.months / s.count;
      days = s.days / s.count + day_rest / s.count;
      micros = (s.micros + static_cast<int128_t>(day_rest % s.count) * kMicrosPerDay) / s.count;
    }
    if (months != static_cast<int32_t>(months) || days != static_cast<int32_t>(days) ||
        micros != static_cast<int64_t>(micros)) {
      return Error(sqlstate::kDatetimeOverflow, "interval out of range");
    }
    out->data<Interval>()[row] = {static_cast<int32_t>(months), static_cast<int32_t>(days),
                                  static_cast<int64_t>(micros)};
    return OkStatus();
  }
};

template <typename T>
struct ExtremeState {
  T value;
  uint64_t set;
};
template <typename T>
bool ExtremeLess(const T& a, const T& b) {
  return a < b;
}
template <>
bool ExtremeLess(const double& a, const double& b) {
  return (a < b) | ((b != b) & (a == a));
}
template <>
bool ExtremeLess(const float& a, const float& b) {
  return (a < b) | ((b != b) & (a == a));
}
template <>
bool ExtremeLess(const Interval& a, const Interval& b) {
  return IntervalMicros(a) < IntervalMicros(b);
}
enum class ExtremeKind : uint8_t { kMin, kMax, kAny };

template <typename T, ExtremeKind kind>
struct Extreme {
  using State = ExtremeState<T>;
  using Input = T;
  static void Init(State* s) {
    s->value = T();
    s->set = 0;
  }
  static void Add(State* s, const T& v, Arena* arena) {
    if (s->set != 0) {
      if (kind == ExtremeKind::kAny) return;
      if (!(kind == ExtremeKind::kMin ? ExtremeLess(v, s->value) : ExtremeLess(s->value, v))) {
        return;
      }
    }
    s->set = 1;
    if constexpr (std::is_same_v<T, StringRef>) {
      s->value = v.is_inline() ? v : StringRef(arena->Copy(v.view()));
    } else {
      s->value = v;
    }
  }
  static void Combine(const State& from, State* to, Arena* arena) {
    if (from.set != 0) Add(to, from.value, arena);
  }
  static Status Finalize(const State& s, Vector* out, size_t row) {
    if (s.set == 0) {
      out->SetNull(row);
    } else if constexpr (std::is_same_v<T, StringRef>) {
      out->SetString(row, s.value.view());
    } else {
      out->data<T>()[row] = s.value;
    }
    return OkStatus();
  }
};

template <ExtremeKind kind>
bool ExtremeSelect(const std::vector<LogicalType>& args, const LogicalType&,
                   AggregateKernels* out) {
  switch (args[0].physical()) {
    case PhysicalType::kBool:
      *out = AggregateAdapter<Extreme<uint8_t, kind>>::Kernels();
      return true;
    case PhysicalType::kInt16:
      *out = AggregateAdapter<Extreme<int16_t, kind>>::Kernels();
      return true;
    case PhysicalType::kInt32:
      *out = AggregateAdapter<Extreme<int32_t, kind>>::Kernels();
      return true;
    case PhysicalType::kInt64:
      *out = AggregateAdapter<Extreme<int64_t, kind>>::Kernels();
      return true;
    case PhysicalType::kInt128:
      *out = AggregateAdapter<Extreme<int128_t, kind>>::Kernels();
      return true;
    case PhysicalType::kFloat:
      *out = AggregateAdapter<Extreme<float, kind>>::Kernels();
      return true;
    case PhysicalType::kDouble:
      *out = AggregateAdapter<Extreme<double, kind>>::Kernels();
      return true;
    case PhysicalType::kString:
      *out = AggregateAdapter<Extreme<StringRef, kind>>::Kernels();
      return true;
    case PhysicalType::kInterval:
      *out = AggregateAdapter<Extreme<Interval, kind>>::Kernels();
      return true;
  }
  return false;
}

// bool_and, bool_or, bit_and, bit_or, bit_xor.
template <typename T, char op>
struct BitFold {
  using State = ExtremeState<T>;
  using Input = T;
  static void Init(State* s) { *s = {T{0}, 0}; }
  static void Add(State* s, const T& v, Arena*) {
    if (s->set == 0) {
      *s = {v, 1};
      return;
    }
    if constexpr (op == '&') s->value = static_cast<T>(s->value & v);
    if constexpr (op == '|') s->value = static_cast<T>(s->value | v);
    if constexpr (op == '#') s->value = static_cast<T>(s->value ^ v);
  }
  static void Combine(const State& from, State* to, Arena* arena) {
    if (from.set != 0) Add(to, from.value, arena);
  }
  static Status Finalize(const State& s, Vector* out, size_t row) {
    if (s.set == 0) {
      out->SetNull(row);
    } else {
      out->data<T>()[row] = s.value;
    }
    return OkStatus();
  }
};

template <char op>
bool BitSelect(const std::vector<LogicalType>& args, const LogicalType&, AggregateKernels* out) {
  switch (args[0].physical()) {
    case PhysicalType::kBool:
      *out = AggregateAdapter<BitFold<uint8_t, op>>::Kernels();
      return true;
    case PhysicalType::kInt16:
      *out = AggregateAdapter<BitFold<int16_t, op>>::Kernels();
      return true;
    case PhysicalType::kInt32:
      *out = AggregateAdapter<BitFold<int32_t, op>>::Kernels();
      return true;
    case PhysicalType::kInt64:
      *out = AggregateAdapter<BitFold<int64_t, op>>::Kernels();
      return true;
    case PhysicalType::kInt128:
      *out = AggregateAdapter<BitFold<int128_t, op>>::Kernels();
      return true;
    default:
      return false;
  }
}

template <typename T>
AggregateKernels SumIntegerKernels() {
  AggregateKernels kernels = AggregateAdapter<SumInteger<T>>::Kernels();
  kernels.update_one = SumInteger<T>::UpdateOne;
  return kernels;
}

bool SumSelect(const std::vector<LogicalType>& args, const LogicalType&, AggregateKernels* out) {
  switch (args[0].physical()) {
    case PhysicalType::kInt16:
      *out = SumIntegerKernels<int16_t>();
      return true;
    case PhysicalType::kInt32:
      *out = SumIntegerKernels<int32_t>();
      return true;
    case PhysicalType::kInt64:
      *out = SumIntegerKernels<int64_t>();
      return true;
    case PhysicalType::kInt128:
      *out = SumIntegerKernels<int128_t>();
      return true;
    case PhysicalType::kFloat:
      *out = AggregateAdapter<SumFloat<float, false>>::Kernels();
      return true;
    case PhysicalType::kDouble:
      *out = AggregateAdapter<SumFloat<double, false>>::Kernels();
      return true;
    case PhysicalType::kInterval:
      *out = AggregateAdapter<SumInterval<false>>::Kernels();
      return true;
    default:
      return false;
  }
}

LogicalType SumResult(const std::vector<LogicalType>& args) {
  switch (args[0].id) {
    case TypeId::kInt16:
    case TypeId::kInt32:
      return TypeId::kInt64;
    case TypeId::kInt64:
    case TypeId::kInt128:
      return WideDecimal(0);
    case TypeId::kDecimal:
      return WideDecimal(args[0].scale);
    default:
      return args[0];
  }
}

bool AverageSelect(const std::vector<LogicalType>& args, const LogicalType& result,
                   AggregateKernels* out) {
  switch (args[0].physical()) {
    case PhysicalType::kFloat:
      *out = AggregateAdapter<SumFloat<float, true>>::Kernels();
      return true;
    case PhysicalType::kDouble:
      *out = AggregateAdapter<SumFloat<double, true>>::Kernels();
      return true;
    case PhysicalType::kInterval:
      *out = AggregateAdapter<SumInterval<true>>::Kernels();
      return true;
    default:
      break;
  }
  if (!SumSelect(args, result, out)) return false;
  const int scale = args[0].id == TypeId::kDecimal ? args[0].scale : 0;
  out->finalize = kAverageFinalizers[result.scale - scale];
  return true;
}

LogicalType AverageResult(const std::vector<LogicalType>& args) {
  if (args[0].is_floating()) return TypeId::kDouble;
  if (args[0].id == TypeId::kInterval) return TypeId::kInterval;
  return DecimalDivideType(DecimalTypeOf(args[0]), LogicalType::Decimal(19, 0));
}

LogicalType AggregateSame(const std::vector<LogicalType>& args) { return args[0]; }
LogicalType AggregateBigint(const std::vector<LogicalType>&) { return TypeId::kInt64; }
LogicalType AggregateBoolean(const std::vector<LogicalType>&) { return TypeId::kBoolean; }

// Text with each delimiter in front of its value; the first one is cut off at the end, as
// PostgreSQL does it.
struct StringAggState {
  char* data;
  size_t size;
  size_t capacity;
  size_t first_delimiter;
  uint64_t set;
};

void StringAggAppend(StringAggState* state, std::string_view bytes, Arena* arena) {
  if (state->size + bytes.size() > state->capacity) {
    const size_t capacity = std::max<size_t>({64, state->capacity * 2, state->size + bytes.size()});
    char* data = arena->Allocate(capacity);
    if (state->size > 0) std::memcpy(data, state->data, state->size);
    state->data = data;
    state->capacity = capacity;
  }
  if (!bytes.empty()) std::memcpy(state->data + state->size, bytes.data(), bytes.size());
  state->size += bytes.size();
}

void StringAggAdd(StringAggState* state, const AggregateInput& input, size_t row) {
  if (!input.args[0].view.valid(row)) return;
  const std::string_view delimiter =
      input.args[1].view.valid(row) ? input.args[1].text(row) : std::string_view();
  if (state->set == 0) state->first_delimiter = delimiter.size();
  state->set = 1;
  StringAggAppend(state, delimiter, input.arena);
  StringAggAppend(state, input.args[0].text(row), input.arena);
}

bool StringAggSelect(const std::vector<LogicalType>&, const LogicalType&, AggregateKernels* out) {
  out->state_size = sizeof(StringAggState);
  out->init = [](uint8_t* bytes) {
    *reinterpret_cast<StringAggState*>(bytes) = {nullptr, 0, 0, 0, 0};
  };
  out->update_one = [](const AggregateInput& input, uint8_t* bytes) -> Status {
    auto* state = reinterpret_cast<StringAggState*>(bytes);
    ForEachRow(input.rows, [&](size_t i) { StringAggAdd(state, input, i); });
    return OkStatus();
  };
  out->update_groups = [](const AggregateInput& input, uint8_t* const* groups,
                          size_t offset) -> Status {
    for (size_t k = 0; k < input.rows.count; ++k) {
      StringAggAdd(reinterpret_cast<StringAggState*>(groups[k] + offset), input, input.rows[k]);
    }
    return OkStatus();
  };
  out->combine = [](const uint8_t* from, uint8_t* to, Arena* arena) -> Status {
    const auto& source = *reinterpret_cast<const StringAggState*>(from);
    auto* target = reinterpret_cast<StringAggState*>(to);
    if (source.set == 0) return OkStatus();
    if (target->set == 0) target->first_delimiter = source.first_delimiter;
    target->set = 1;
    StringAggAppend(target, {source.data, source.size}, arena);
    return OkStatus();
  };
  out->finalize = [](const uint8_t* bytes, Vector* result, size_t row) -> Status {
    const auto& state = *reinterpret_cast<const StringAggState*>(bytes);
    if (state.set == 0) {
      result->SetNull(row);
      return OkStatus();
    }
    result->SetString(row,
                      {state.data + state.first_delimiter, state.size - state.first_delimiter});
    return OkStatus();
  };
  return true;
}

AggregateFunction& AddAggregate(AggregateTable* table, std::string_view name,
                                std::vector<LogicalType> args,
                                LogicalType (*result)(const std::vector<LogicalType>&),
                                bool (*select)(const std::vector<LogicalType>&, const LogicalType&,
                                               AggregateKernels*)) {
  AggregateFunction& function = table->emplace_back();
  function.name = name;
  function.args = std::move(args);
  function.result = result;
  function.select = select;
  return function;
}

bool CountSelect(const std::vector<LogicalType>&, const LogicalType&, AggregateKernels* out) {
  *out = {sizeof(int64_t),         CountKernels::Init,
          CountKernels::UpdateOne, CountKernels::UpdateGroups,
          CountKernels::Combine,   CountKernels::Finalize};
  return true;
}

}  // namespace

void AddBasicAggregates(AggregateTable* table) {
  AddAggregate(table, "count", {}, AggregateBigint, CountSelect).zero_on_empty = true;
  AddAggregate(table, "count", {TypeId::kUnknown}, AggregateBigint, CountSelect).zero_on_empty =
      true;
  for (const TypeId id : {TypeId::kInt16, TypeId::kInt32, TypeId::kInt64, TypeId::kInt128,
                          TypeId::kDecimal, TypeId::kReal, TypeId::kDouble, TypeId::kInterval}) {
    AddAggregate(table, "sum", {id}, SumResult, SumSelect);
    AddAggregate(table, "avg", {id}, AverageResult, AverageSelect);
  }
  AddAggregate(table, "min", {TypeId::kUnknown}, AggregateSame, ExtremeSelect<ExtremeKind::kMin>)
      .distinct_is_noop = true;
  AddAggregate(table, "max", {TypeId::kUnknown}, AggregateSame, ExtremeSelect<ExtremeKind::kMax>)
      .distinct_is_noop = true;
  AddAggregate(table, "any_value", {TypeId::kUnknown}, AggregateSame,
               ExtremeSelect<ExtremeKind::kAny>)
      .distinct_is_noop = true;
  for (const char* name : {"bool_and", "every"}) {
    AddAggregate(table, name, {TypeId::kBoolean}, AggregateBoolean, BitSelect<'&'>)
        .distinct_is_noop = true;
  }
  AddAggregate(table, "bool_or", {TypeId::kBoolean}, AggregateBoolean, BitSelect<'|'>)
      .distinct_is_noop = true;
  for (const TypeId id : {TypeId::kInt16, TypeId::kInt32, TypeId::kInt64, TypeId::kInt128}) {
    AddAggregate(table, "bit_and", {id}, AggregateSame, BitSelect<'&'>).distinct_is_noop = true;
    AddAggregate(table, "bit_or", {id}, AggregateSame, BitSelect<'|'>).distinct_is_noop = true;
    AddAggregate(table, "bit_xor", {id}, AggregateSame, BitSelect<'#'>);
  }
  for (const TypeId id : {TypeId::kText, TypeId::kBytea}) {
    AddAggregate(table, "string_agg", {id, id}, AggregateSame, StringAggSelect).order_sensitive =
        true;
  }
}

}  // namespace driftdb::expr
