// stddev and variance families, covariance, correlation and regression.
#include <cmath>

#include "expr/functions/aggregate_adapter.h"
#include "expr/functions/functions.h"
#include "types/decimal.h"

namespace driftdb::expr {

namespace {

enum class Spread : uint8_t { kVariancePop, kVarianceSample, kDeviationPop, kDeviationSample };

constexpr bool SpreadIsSample(Spread s) {
  return s == Spread::kVarianceSample || s == Spread::kDeviationSample;
}
constexpr bool SpreadIsRoot(Spread s) {
  return s == Spread::kDeviationPop || s == Spread::kDeviationSample;
}

// Floating input: sums of powers by the Youngs-Cramer update, as PostgreSQL's float8_accum.
struct SpreadFloatState {
  double count, sum, squares;
};
template <typename T, Spread spread>
struct SpreadFloat {
  using State = SpreadFloatState;
  using Input = T;
  static void Init(State* s) { *s = {0, 0, 0}; }
  static void Add(State* s, const T& value, Arena*) {
    const double v = value;
    s->count += 1;
    s->sum += v;
    if (s->count > 1) {
      const double deviation = v * s->count - s->sum;
      s->squares += deviation * deviation / (s->count * (s->count - 1));
    } else if (!std::isfinite(v)) {
      s->squares = std::nan("");
    }
  }
  static void Combine(const State& from, State* to, Arena*) {
    if (from.count == 0) return;
    if (to->count == 0) {
      *to = from;
      return;
    }
    const double delta = from.sum / from.count - to->sum / to->count;
    const double count = from.count + to->count;
    to->squares += from.squares + from.count * to->count * delta * delta / count;
    to->sum += from.sum;
    to->count = count;
  }
  static Status Finalize(const State& s, Vector* out, size_t row) {
    const double divisor = s.count - (SpreadIsSample(spread) ? 1 : 0);
    if (divisor <= 0) {
      out->SetNull(row);
      return OkStatus();
    }
    const double variance = s.squares / divisor;
    out->data<double>()[row] = SpreadIsRoot(spread) ? std::sqrt(variance) : variance;
    return OkStatus();
  }
};

// 256-bit magnitude.
struct SpreadWide {
  uint128_t high, low;
};
SpreadWide SpreadMultiply(uint128_t a, uint128_t b) {
  const uint128_t al = static_cast<uint64_t>(a), ah = a >> 64;
  const uint128_t bl = static_cast<uint64_t>(b), bh = b >> 64;
  const uint128_t ll = al * bl, lh = al * bh, hl = ah * bl;
  const uint128_t middle = (ll >> 64) + static_cast<uint64_t>(lh) + static_cast<uint64_t>(hl);
  return {ah * bh + (lh >> 64) + (hl >> 64) + (middle >> 64),
          middle << 64 | static_cast<uint64_t>(ll)};
}
uint128_t SpreadMagnitude(int128_t v) {
  return v < 0 ? uint128_t{0} - static_cast<uint128_t>(v) : static_cast<uint128_t>(v);
}

// Exact sums of integers (scaled decimals) and their squares: the result does not depend on the
// order of rows. Squares of decimals above 18 digits may exceed 128 bits; `inexact` then says that
// the sums are unusable.
struct SpreadExactState {
  int128_t sum;
  uint128_t squares;
  uint64_t squares_carry;  // in units of 2^128
  int64_t count;
  uint64_t inexact;
};

template <typename T, Spread spread, int scale>
struct SpreadExact {
  using State = SpreadExactState;
  using Input = T;
  static void Init(State* s) { *s = {0, 0, 0, 0, 0}; }
  static void AddSquares(State* s, uint128_t squares) {
    s->squares_carry += __builtin_add_overflow(s->squares, squares, &s->squares) ? 1 : 0;
  }
  static void Add(State* s, const T& value, Arena*) {
    const uint128_t magnitude = SpreadMagnitude(value);
    uint128_t square = 0;
    s->inexact |= __builtin_add_overflow(s->sum, static_cast<int128_t>(value), &s->sum) ? 1 : 0;
    s->inexact |= __builtin_mul_overflow(magnitude, magnitude, &square) ? 1 : 0;
    AddSquares(s, square);
    ++s->count;
  }
  static void Combine(const State& from, State* to, Arena*) {
    to->inexact |= from.inexact;
    to->inexact |= __builtin_add_overflow(to->sum, from.sum, &to->sum) ? 1 : 0;
    AddSquares(to, from.squares);
    to->squares_carry += from.squares_carry;
    to->count += from.count;
  }
  static Status Finalize(const State& s, Vector* out, size_t row) {
    const int64_t divisor = s.count - (SpreadIsSample(spread) ? 1 : 0);
    if (divisor <= 0) {
      out->SetNull(row);
      return OkStatus();
    }
    if (s.inexact != 0) return DecimalOverflowError(out->type());
    // (n * sum(x^2) - sum(x)^2) / (n * divisor), never negative.
    const auto n = static_cast<uint64_t>(s.count);
    SpreadWide left = SpreadMultiply(s.squares, n);
    left.high += static_cast<uint128_t>(s.squares_carry) * n;
    const SpreadWide right = SpreadMultiply(SpreadMagnitude(s.sum), SpreadMagnitude(s.sum));
    const uint128_t borrow = left.low < right.low ? 1 : 0;
    const uint128_t low = left.low - right.low, high = left.high - right.high - borrow;
    long double numerator =
        static_cast<long double>(high) * 0x1p128L + static_cast<long double>(low);
    long double value = numerator / (static_cast<long double>(s.count) * divisor);
    if (SpreadIsRoot(spread)) value = std::sqrt(value);
    const long double unit =
        std::pow(10.0L, static_cast<long double>(SpreadIsRoot(spread) ? scale : 2 * scale));
    const long double scaled =
        std::round(value / unit * static_cast<long double>(kPowersOfTen128[out->type().scale]));
    if (!(scaled < 9.9e37L)) return DecimalOverflowError(out->type());
    StoreAggregateInteger(out, row, static_cast<int128_t>(scaled));
    return OkStatus();
  }
};

LogicalType SpreadResult(const std::vector<LogicalType>& args) {
  if (args[0].is_floating()) return TypeId::kDouble;
  constexpr int kSpreadScale = 16;
  return WideDecimal(kSpreadScale);
}

// The finalizer is the only part that knows the argument's scale.
template <Spread spread, int scale>
AggregateKernels SpreadWithScale(AggregateKernels kernels, int wanted) {
  if (wanted == scale) {
    kernels.finalize = AggregateAdapter<SpreadExact<int64_t, spread, scale>>::Finalize;
    return kernels;
  }
  if constexpr (scale < 38) {
    return SpreadWithScale<spread, scale + 1>(kernels, wanted);
  } else {
    return kernels;
  }
}

template <Spread spread>
bool SpreadSelect(const std::vector<LogicalType>& args, const LogicalType&, AggregateKernels* out) {
  switch (args[0].id) {
    case TypeId::kReal:
      *out = AggregateAdapter<SpreadFloat<float, spread>>::Kernels();
      return true;
    case TypeId::kDouble:
      *out = AggregateAdapter<SpreadFloat<double, spread>>::Kernels();
      return true;
    case TypeId::kInt16:
      *out = AggregateAdapter<SpreadExact<int16_t, spread, 0>>::Kernels();
      return true;
    case TypeId::kInt32:
      *out = AggregateAdapter<SpreadExact<int32_t, spread, 0>>::Kernels();
      return true;
    case TypeId::kInt64:
      *out = AggregateAdapter<SpreadExact<int64_t, spread, 0>>::Kernels();
      return true;
    case TypeId::kInt128:
      *out = AggregateAdapter<SpreadExact<int128_t, spread, 0>>::Kernels();
      return true;
    case TypeId::kDecimal:
      *out = args[0].physical() == PhysicalType::kInt64
                 ? AggregateAdapter<SpreadExact<int64_t, spread, 0>>::Kernels()
                 : AggregateAdapter<SpreadExact<int128_t, spread, 0>>::Kernels();
      *out = SpreadWithScale<spread, 0>(*out, args[0].scale);
      return true;
    default:
      return false;
  }
}

// Two-argument aggregates over (y, x) in doubles.
struct PairState {
  double count, sum_x, sum_y, squares_x, squares_y, products;
};
enum class PairResult : uint8_t {
  kCovariancePop,
  kCovarianceSample,
  kCorrelation,
  kSlope,
  kIntercept,
  kR2,
  kAverageX,
  kAverageY,
  kCount,
  kSxx,
  kSyy,
  kSxy,
};

void PairAdd(PairState* s, const AggregateInput& input, size_t row) {
  if (!input.args[0].view.valid(row) || !input.args[1].view.valid(row)) return;
  const double y = input.args[0].value<double>(row), x = input.args[1].value<double>(row);
  s->count += 1;
  s->sum_x += x;
  s->sum_y += y;
  if (s->count > 1) {
    const double dx = x * s->count - s->sum_x, dy = y * s->count - s->sum_y;
    const double scale = 1.0 / (s->count * (s->count - 1));
    s->squares_x += dx * dx * scale;
    s->squares_y += dy * dy * scale;
    s->products += dx * dy * scale;
  }
}

template <PairResult result>
Status PairFinalize(const uint8_t* bytes, Vector* out, size_t row) {
  const auto& s = *reinterpret_cast<const PairState*>(bytes);
  if constexpr (result == PairResult::kCount) {
    out->data<int64_t>()[row] = static_cast<int64_t>(s.count);
    return OkStatus();
  }
  double value = 0;
  bool null = s.count < 1;
  switch (result) {
    case PairResult::kCovariancePop:
      value = s.products / s.count;
      break;
    case PairResult::kCovarianceSample:
      null = s.count < 2;
      value = s.products / (s.count - 1);
      break;
    case PairResult::kCorrelation:
      null = null || s.squares_x == 0 || s.squares_y == 0;
      value = s.products / std::sqrt(s.squares_x * s.squares_y);
      break;
    case PairResult::kSlope:
      null = null || s.squares_x == 0;
      value = s.products / s.squares_x;
      break;
    case PairResult::kIntercept:
      null = null || s.squares_x == 0;
      value = (s.sum_y - s.sum_x * s.products / s.squares_x) / s.count;
      break;
    case PairResult::kR2:
      null = null || s.squares_x == 0;
      value = s.squares_y == 0 ? 1 : s.products * s.products / (s.squares_x * s.squares_y);
      break;
    case PairResult::kAverageX:
      value = s.sum_x / s.count;
      break;
    case PairResult::kAverageY:
      value = s.sum_y / s.count;
      break;
    case PairResult::kSxx:
      value = s.squares_x;
      break;
    case PairResult::kSyy:
      value = s.squares_y;
      break;
    case PairResult::kSxy:
      value = s.products;
      break;
    case PairResult::kCount:
      break;
  }
  if (null) {
    out->SetNull(row);
  } else {
    out->data<double>()[row] = value;
  }
  return OkStatus();
}

Status PairCombine(const uint8_t* from, uint8_t* to, Arena*) {
  const auto& a = *reinterpret_cast<const PairState*>(from);
  auto* b = reinterpret_cast<PairState*>(to);
  if (a.count == 0) return OkStatus();
  if (b->count == 0) {
    *b = a;
    return OkStatus();
  }
  const double count = a.count + b->count;
  const double dx = a.sum_x / a.count - b->sum_x / b->count;
  const double dy = a.sum_y / a.count - b->sum_y / b->count;
  const double weight = a.count * b->count / count;
  b->squares_x += a.squares_x + weight * dx * dx;
  b->squares_y += a.squares_y + weight * dy * dy;
  b->products += a.products + weight * dx * dy;
  b->sum_x += a.sum_x;
  b->sum_y += a.sum_y;
  b->count = count;
  return OkStatus();
}

template <PairResult result>
bool PairSelect(const std::vector<LogicalType>&, const LogicalType&, AggregateKernels* out) {
  out->state_size = sizeof(PairState);
  out->init = [](uint8_t* bytes) { *reinterpret_cast<PairState*>(bytes) = {0, 0, 0, 0, 0, 0}; };
  out->update_one = [](const AggregateInput& input, uint8_t* bytes) -> Status {
    auto* state = reinterpret_cast<PairState*>(bytes);
    ForEachRow(input.rows, [&](size_t i) { PairAdd(state, input, i); });
    return OkStatus();
  };
  out->update_groups = [](const AggregateInput& input, uint8_t* const* groups,
                          size_t offset) -> Status {
    for (size_t k = 0; k < input.rows.count; ++k) {
      PairAdd(reinterpret_cast<PairState*>(groups[k] + offset), input, input.rows[k]);
    }
    return OkStatus();
  };
  out->combine = PairCombine;
  out->finalize = PairFinalize<result>;
  return true;
}

template <PairResult result>
void PairAddFunction(AggregateTable* table, std::string_view name) {
  AggregateFunction& f = table->emplace_back();
  f.name = name;
  f.args = {TypeId::kDouble, TypeId::kDouble};
  f.result = [](const std::vector<LogicalType>&) -> LogicalType {
    return result == PairResult::kCount ? TypeId::kInt64 : TypeId::kDouble;
  };
  f.select = PairSelect<result>;
  f.zero_on_empty = result == PairResult::kCount;
}

template <Spread spread>
void SpreadAdd(AggregateTable* table, std::string_view name) {
  for (const TypeId id : {TypeId::kInt16, TypeId::kInt32, TypeId::kInt64, TypeId::kInt128,
                          TypeId::kDecimal, TypeId::kReal, TypeId::kDouble}) {
    AggregateFunction& f = table->emplace_back();
    f.name = name;
    f.args = {id};
    f.result = SpreadResult;
    f.select = SpreadSelect<spread>;
  }
}

}  // namespace

void AddStatisticalAggregates(AggregateTable* table) {
  SpreadAdd<Spread::kDeviationSample>(table, "stddev");
  SpreadAdd<Spread::kDeviationSample>(table, "stddev_samp");
  SpreadAdd<Spread::kDeviationPop>(table, "stddev_pop");
  SpreadAdd<Spread::kVarianceSample>(table, "variance");
  SpreadAdd<Spread::kVarianceSample>(table, "var_samp");
  SpreadAdd<Spread::kVariancePop>(table, "var_pop");
  PairAddFunction<PairResult::kCovariancePop>(table, "covar_pop");
  PairAddFunction<PairResult::kCovarianceSample>(table, "covar_samp");
  PairAddFunction<PairResult::kCorrelation>(table, "corr");
  PairAddFunction<PairResult::kSlope>(table, "regr_slope");
  PairAddFunction<PairResult::kIntercept>(table, "regr_intercept");
  PairAddFunction<PairResult::kR2>(table, "regr_r2");
  PairAddFunction<PairResult::kAverageX>(table, "regr_avgx");
  PairAddFunction<PairResult::kAverageY>(table, "regr_avgy");
  PairAddFunction<PairResult::kCount>(table, "regr_count");
  PairAddFunction<PairResult::kSxx>(table, "regr_sxx");
  PairAddFunction<PairResult::kSyy>(table, "regr_syy");
  PairAddFunction<PairResult::kSxy>(table, "regr_sxy");
}

}  // namespace driftdb::expr
