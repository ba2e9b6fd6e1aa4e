// Mathematical functions.
#include <cmath>

#include "expr/functions/functions.h"
#include "expr/kernel.h"
#include "types/decimal.h"

namespace driftdb::expr {

namespace {

Status MathOverflow() {
  return Error(sqlstate::kNumericOutOfRange, "value out of range: overflow");
}
Status MathInput() { return Error(sqlstate::kNumericOutOfRange, "input is out of range"); }

// double -> double, with a check of the result against the argument's finiteness.
template <double (*f)(double)>
Status MathUnary(KernelCall& call) {
  auto* out = call.out->data<double>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const double a = call.args[0].value<double>(i);
    out[i] = f(a);
    if (std::isinf(out[i]) && !std::isinf(a)) return MathOverflow();
    if (std::isnan(out[i]) && !std::isnan(a)) return MathInput();
    return OkStatus();
  });
}
Status MathExp(KernelCall& call) {
  auto* out = call.out->data<double>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const double a = call.args[0].value<double>(i);
    out[i] = std::exp(a);
    if (std::isinf(out[i]) && !std::isinf(a)) return MathOverflow();
    if (out[i] == 0 && !std::isinf(a)) {
      return Error(sqlstate::kNumericOutOfRange, "value out of range: underflow");
    }
    return OkStatus();
  });
}
template <double (*f)(double, double)>
Status MathBinary(KernelCall& call) {
  auto* out = call.out->data<double>();
  ForEachRow(call.rows, [&](size_t i) {
    out[i] = f(call.args[0].value<double>(i), call.args[1].value<double>(i));
  });
  return OkStatus();
}

double MathDegrees(double v) { return v / (M_PI / 180.0); }
double MathRadians(double v) { return v * (M_PI / 180.0); }
double MathCot(double v) { return 1.0 / std::tan(v); }
double MathSign(double v) { return v > 0 ? 1.0 : v < 0 ? -1.0 : 0.0; }
double MathAtan2(double y, double x) { return std::atan2(y, x); }

Status MathSqrt(KernelCall& call) {
  auto* out = call.out->data<double>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const double a = call.args[0].value<double>(i);
    if (a < 0) {
      return Error(sqlstate::kInvalidPowerArgument, "cannot take square root of a negative number");
    }
    out[i] = std::sqrt(a);
    return OkStatus();
  });
}

Status MathLogArgument(double a) {
  if (a == 0) return Error(sqlstate::kInvalidLogArgument, "cannot take logarithm of zero");
  if (a < 0) {
    return Error(sqlstate::kInvalidLogArgument, "cannot take logarithm of a negative number");
  }
  return OkStatus();
}

template <double (*f)(double)>
Status MathLog(KernelCall& call) {
  auto* out = call.out->data<double>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const double a = call.args[0].value<double>(i);
    DRIFTDB_RETURN_IF_ERROR(MathLogArgument(a));
    out[i] = f(a);
    return OkStatus();
  });
}

Status MathPowerArguments(double a, double b) {
  if (a == 0 && b < 0) {
    return Error(sqlstate::kInvalidPowerArgument, "zero raised to a negative power is undefined");
  }
  if (a < 0 && std::floor(b) != b) {
    return Error(sqlstate::kInvalidPowerArgument,
                 "a negative number raised to a non-integer power yields a complex result");
  }
  return OkStatus();
}

Status MathPower(KernelCall& call) {
  auto* out = call.out->data<double>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const double a = call.args[0].value<double>(i), b = call.args[1].value<double>(i);
    DRIFTDB_RETURN_IF_ERROR(MathPowerArguments(a, b));
    out[i] = std::pow(a, b);
    if (std::isinf(out[i]) && !std::isinf(a) && !std::isinf(b)) return MathOverflow();
    if (out[i] == 0 && a != 0 && !std::isinf(a) && !std::isinf(b)) {
      return Error(sqlstate::kNumericOutOfRange, "value out of range: underflow");
    }
    return OkStatus();
  });
}

// numeric versions go through 64-bit mantissas: about 18 significant digits
// (docs/internals/types.md).
long double MathWide(const KernelArg& arg, size_t row) {
  const int128_t v = arg.type.physical() == PhysicalType::kInt64 ? arg.value<int64_t>(row)
                                                                 : arg.value<int128_t>(row);
  return static_cast<long double>(v) / static_cast<long double>(kPowersOfTen128[arg.type.scale]);
}
Status MathStoreWide(KernelCall& call, size_t row, long double value) {
  const long double scaled =
      std::round(value * static_cast<long double>(kPowersOfTen128[call.result_type.scale]));
  if (!(std::fabs(scaled) < 9.9e37L)) return DecimalOverflowError(call.result_type);
  call.out->data<int128_t>()[row] = static_cast<int128_t>(scaled);
  return OkStatus();
}

Status MathSqrtDecimal(KernelCall& call) {
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const long double a = MathWide(call.args[0], i);
    if (a < 0) {
      return Error(sqlstate::kInvalidPowerArgument, "cannot take square root of a negative number");
    }
    return MathStoreWide(call, i, std::sqrt(a));
  });
}
template <int kind>  // 0 exp, 1 ln, 2 log10
Status MathLogDecimal(KernelCall& call) {
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const long double a = MathWide(call.args[0], i);
    if (kind > 0) DRIFTDB_RETURN_IF_ERROR(MathLogArgument(static_cast<double>(a)));
    return MathStoreWide(call, i,
                         kind == 0   ? std::exp(a)
                         : kind == 1 ? std::log(a)
                                     : std::log10(a));
  });
}
Status MathLogBaseDecimal(KernelCall& call) {
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const long double b = MathWide(call.args[0], i), a = MathWide(call.args[1], i);
    DRIFTDB_RETURN_IF_ERROR(MathLogArgument(static_cast<double>(b)));
    DRIFTDB_RETURN_IF_ERROR(MathLogArgument(static_cast<double>(a)));
    if (b == 1) return Error(sqlstate::kDivisionByZero, "division by zero");
    return MathStoreWide(call, i, std::log(a) / std::log(b));
  });
}
// Whole exponents multiply exactly as long as digits fit; the rest goes through logarithms.
Status MathPowerDecimal(KernelCall& call) {
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const long double a = MathWide(call.args[0], i), b = MathWide(call.args[1], i);
    DRIFTDB_RETURN_IF_ERROR(MathPowerArguments(static_cast<double>(a), static_cast<double>(b)));
    const KernelArg& base = call.args[0];
    if (b >= 0 && b <= 64 && b == std::floor(b)) {
      int128_t value = base.type.physical() == PhysicalType::kInt64 ? base.value<int64_t>(i)
                                                                    : base.value<int128_t>(i);
      int128_t product = 1;
      bool fits = true;
      const int exponent = static_cast<int>(b), scale = base.type.scale;
      for (int k = 0; k < exponent && fits; ++k) {
        fits = !__builtin_mul_overflow(product, value, &product);
      }
      int128_t result = 0;
      if (fits && scale * exponent <= 38 &&
          RescaleDecimal(product, scale * exponent, call.result_type.scale, &result)) {
        call.out->data<int128_t>()[i] = result;
        return OkStatus();
      }
    }
    return MathStoreWide(call, i, std::pow(a, b));
  });
}

constexpr SqlState kMathWidthBucketArgument{"2201G"};

Status MathWidthBucket(KernelCall& call) {
  auto* out = call.out->data<int32_t>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const double v = call.args[0].value<double>(i), low = call.args[1].value<double>(i),
                 high = call.args[2].value<double>(i);
    const int32_t count = call.args[3].value<int32_t>(i);
    if (count <= 0) {
      return Error(kMathWidthBucketArgument, "count must be greater than zero");
    }
    if (low == high) {
      return Error(kMathWidthBucketArgument, "lower bound cannot equal upper bound");
    }
    const bool rising = low < high;
    if (rising ? v < low : v > low) {
      out[i] = 0;
    } else if (rising ? v >= high : v <= high) {
      out[i] = count + 1;
    } else {
      out[i] = static_cast<int32_t>((v - low) / (high - low) * count) + 1;
    }
    return OkStatus();
  });
}

Status MathPi(KernelCall& call) {
  auto* out = call.out->data<double>();
  ForEachRow(call.rows, [&](size_t i) { out[i] = M_PI; });
  return OkStatus();
}
Status MathRandom(KernelCall& call) {
  auto* out = call.out->data<double>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    DRIFTDB_ASSIGN_OR_RETURN(const uint64_t bits, call.context->NextRandom());
    out[i] = static_cast<double>(bits >> 11) * 0x1.0p-53;
    return OkStatus();
  });
}
// SQL's void has no type here: setseed returns an empty text.
Status MathSetSeed(KernelCall& call) {
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const double seed = call.args[0].value<double>(i);
    if (!(seed >= -1 && seed <= 1)) {
      return Error(sqlstate::kInvalidParameterValue,
                   "setseed parameter {} is out of allowed range [-1,1]", seed);
    }
    call.out->data<StringRef>()[i] = StringRef();
    return call.context->SeedRandom(seed);
  });
}

Status MathFactorial(KernelCall& call) {
  auto* out = call.out->data<int128_t>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const int64_t n = call.args[0].value<int64_t>(i);
    if (n < 0) {
      return Error(sqlstate::kNumericOutOfRange, "factorial of a negative number is undefined");
    }
    if (n > 33) return Error(sqlstate::kNumericOutOfRange, "value overflows numeric format");
    int128_t product = 1;
    for (int64_t k = 2; k <= n; ++k) product *= k;
    out[i] = product;
    return OkStatus();
  });
}

void MathAddUnary(FunctionTable* table, std::string_view name, ScalarKernel kernel) {
  AddFunction(table, name, {TypeId::kDouble}, TypeId::kDouble, kernel);
}

}  // namespace

void AddMathFunctions(FunctionTable* table) {
  const LogicalType f8 = TypeId::kDouble, i4 = TypeId::kInt32, i8 = TypeId::kInt64;
  MathAddUnary(table, "ceil", MathUnary<std::ceil>);
  MathAddUnary(table, "ceiling", MathUnary<std::ceil>);
  MathAddUnary(table, "floor", MathUnary<std::floor>);
  MathAddUnary(table, "round", MathUnary<std::nearbyint>);
  MathAddUnary(table, "trunc", MathUnary<std::trunc>);
  MathAddUnary(table, "sign", MathUnary<MathSign>);
  MathAddUnary(table, "sqrt", MathSqrt);
  MathAddUnary(table, "cbrt", MathUnary<std::cbrt>);
  MathAddUnary(table, "exp", MathExp);
  MathAddUnary(table, "ln", MathLog<std::log>);
  MathAddUnary(table, "log", MathLog<std::log10>);
  MathAddUnary(table, "log10", MathLog<std::log10>);
  MathAddUnary(table, "degrees", MathUnary<MathDegrees>);
  MathAddUnary(table, "radians", MathUnary<MathRadians>);
  MathAddUnary(table, "sin", MathUnary<std::sin>);
  MathAddUnary(table, "cos", MathUnary<std::cos>);
  MathAddUnary(table, "tan", MathUnary<std::tan>);
  MathAddUnary(table, "cot", MathUnary<MathCot>);
  MathAddUnary(table, "asin", MathUnary<std::asin>);
  MathAddUnary(table, "acos", MathUnary<std::acos>);
  MathAddUnary(table, "atan", MathUnary<std::atan>);
  MathAddUnary(table, "sinh", MathUnary<std::sinh>);
  MathAddUnary(table, "cosh", MathUnary<std::cosh>);
  MathAddUnary(table, "tanh", MathUnary<std::tanh>);
  MathAddUnary(table, "asinh", MathUnary<std::asinh>);
  MathAddUnary(table, "acosh", MathUnary<std::acosh>);
  MathAddUnary(table, "atanh", MathUnary<std::atanh>);
  AddFunction(table, "atan2", {f8, f8}, f8, MathBinary<MathAtan2>);
  AddFunction(table, "power", {f8, f8}, f8, MathPower);
  AddFunction(table, "pow", {f8, f8}, f8, MathPower);
  AddOperator(table, "^", {f8, f8}, f8, MathPower);
  AddOperator(table, "|/", {f8}, f8, MathSqrt);
  AddOperator(table, "||/", {f8}, f8, MathUnary<std::cbrt>);
  AddFunction(table, "sqrt", {kAnyDecimal}, WideDecimal(15), MathSqrtDecimal);
  AddFunction(table, "exp", {kAnyDecimal}, WideDecimal(16), MathLogDecimal<0>);
  AddFunction(table, "ln", {kAnyDecimal}, WideDecimal(16), MathLogDecimal<1>);
  AddFunction(table, "log", {kAnyDecimal}, WideDecimal(16), MathLogDecimal<2>);
  AddFunction(table, "log10", {kAnyDecimal}, WideDecimal(16), MathLogDecimal<2>);
  AddFunction(table, "log", {kAnyDecimal, kAnyDecimal}, WideDecimal(16), MathLogBaseDecimal);
  AddFunction(table, "power", {kAnyDecimal, kAnyDecimal}, WideDecimal(16), MathPowerDecimal);
  AddFunction(table, "pow", {kAnyDecimal, kAnyDecimal}, WideDecimal(16), MathPowerDecimal);
  AddOperator(table, "^", {kAnyDecimal, kAnyDecimal}, WideDecimal(16), MathPowerDecimal);
  AddFunction(table, "width_bucket", {f8, f8, f8, i4}, i4, MathWidthBucket);
  AddFunction(table, "factorial", {i8}, WideDecimal(0), MathFactorial);
  AddFunction(table, "pi", {}, f8, MathPi).may_fail = false;
  AddFunction(table, "random", {}, f8, MathRandom).volatility = Volatility::kVolatile;
  AddFunction(table, "setseed", {f8}, TypeId::kText, MathSetSeed).volatility =
      Volatility::kVolatile;
}

}  // namespace driftdb::expr
