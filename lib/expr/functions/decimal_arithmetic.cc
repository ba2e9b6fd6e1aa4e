// + - * / % and rounding of decimals. Types of results: docs/internals/types.md, rules D1-D5.
#include <algorithm>
#include <type_traits>

#include "expr/functions/functions.h"
#include "expr/kernel.h"
#include "expr/resolution.h"
#include "types/decimal.h"

namespace driftdb::expr {

namespace {

// True when a sum or product of the operands' full ranges fits the result type: no check is needed.
bool DecimalSumIsSafe(const LogicalType& a, const LogicalType& b, const LogicalType& r) {
  return std::max(a.precision - a.scale, b.precision - b.scale) + 1 + r.scale <= r.precision;
}
bool DecimalProductIsSafe(const LogicalType& a, const LogicalType& b, const LogicalType& r) {
  return a.scale + b.scale == r.scale && a.precision + b.precision <= r.precision;
}

// Dense loops also run over dead rows and NULLs, whose slots hold anything: without a sign, so that
// overflow there is no undefined behaviour. Of live rows nothing overflows where these are used.
template <typename R>
using DecimalUnsigned = std::conditional_t<sizeof(R) <= 8, uint64_t, uint128_t>;
template <typename R, typename A, typename B>
R DecimalWrapMultiply(A a, B b) {
  using U = DecimalUnsigned<R>;
  return static_cast<R>(static_cast<U>(a) * static_cast<U>(b));
}
template <typename R, typename A, typename B>
R DecimalWrapAdd(A a, B b) {
  using U = DecimalUnsigned<R>;
  return static_cast<R>(static_cast<U>(a) + static_cast<U>(b));
}
template <typename R, typename A, typename B>
R DecimalWrapSubtract(A a, B b) {
  using U = DecimalUnsigned<R>;
  return static_cast<R>(static_cast<U>(a) - static_cast<U>(b));
}

template <typename A, typename B, typename R, int sign>
Status DecimalSum(KernelCall& call) {
  const LogicalType &x = call.args[0].type, &y = call.args[1].type, &r = call.result_type;
  if (DecimalSumIsSafe(x, y, r)) {
    const auto fx = static_cast<R>(kPowersOfTen128[r.scale - x.scale]);
    const auto fy = static_cast<R>(kPowersOfTen128[r.scale - y.scale] * sign);
    if (fx == 1 && fy == sign) {
      BinaryLoop<A, B, R>(call, [](A a, B b) -> R {
        return sign > 0 ? DecimalWrapAdd<R>(a, b) : DecimalWrapSubtract<R>(a, b);
      });
    } else {
      BinaryLoop<A, B, R>(call, [fx, fy](A a, B b) -> R {
        return DecimalWrapAdd<R>(DecimalWrapMultiply<R>(a, fx), DecimalWrapMultiply<R>(b, fy));
      });
    }
    return OkStatus();
  }
  R* out = call.out->data<R>();
  bool bad = false;
  ForEachRow(call.rows, [&](size_t i) {
    int128_t a = 0, b = 0, sum = 0;
    bad |= !RescaleDecimal(static_cast<int128_t>(call.args[0].value<A>(i)), x.scale, r.scale, &a);
    bad |= !RescaleDecimal(static_cast<int128_t>(call.args[1].value<B>(i)), y.scale, r.scale, &b);
    bad |= __builtin_add_overflow(a, sign > 0 ? b : -b, &sum) || !DecimalFits(sum, r.precision);
    out[i] = static_cast<R>(sum);
  });
  return bad ? DecimalOverflowError(r) : OkStatus();
}

template <typename A, typename B, typename R>
Status DecimalProduct(KernelCall& call) {
  const LogicalType &x = call.args[0].type, &y = call.args[1].type, &r = call.result_type;
  if (DecimalProductIsSafe(x, y, r)) {
    BinaryLoop<A, B, R>(call, [](A a, B b) -> R { return DecimalWrapMultiply<R>(a, b); });
    return OkStatus();
  }
  const int surplus = x.scale + y.scale - r.scale;
  R* out = call.out->data<R>();
  bool bad = false;
  ForEachRow(call.rows, [&](size_t i) {
    int128_t product = 0;
    bad |= !DecimalMultiply(static_cast<int128_t>(call.args[0].value<A>(i)),
                            static_cast<int128_t>(call.args[1].value<B>(i)), surplus, &product) ||
           !DecimalFits(product, r.precision);
    out[i] = static_cast<R>(product);
  });
  return bad ? DecimalOverflowError(r) : OkStatus();
}

Status DecimalZeroDivisor() { return Error(sqlstate::kDivisionByZero, "division by zero"); }

template <typename A, typename B>
Status DecimalQuotient(KernelCall& call) {
  const LogicalType &x = call.args[0].type, &y = call.args[1].type, &r = call.result_type;
  auto* out = call.out->data<int128_t>();
  const int power = r.scale - x.scale + y.scale;
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const auto a = static_cast<int128_t>(call.args[0].value<A>(i));
    const auto b = static_cast<int128_t>(call.args[1].value<B>(i));
    if (b == 0) return DecimalZeroDivisor();
    if (!DecimalDivide(a, b, power, &out[i])) return DecimalOverflowError(r);
    return OkStatus();
  });
}

// Brings both operands to the larger scale; false on overflow.
template <typename A, typename B>
bool DecimalAlign(const KernelCall& call, size_t i, int128_t* a, int128_t* b) {
  const LogicalType &x = call.args[0].type, &y = call.args[1].type;
  const int scale = std::max(x.scale, y.scale);
  return RescaleDecimal(static_cast<int128_t>(call.args[0].value<A>(i)), x.scale, scale, a) &&
         RescaleDecimal(static_cast<int128_t>(call.args[1].value<B>(i)), y.scale, scale, b);
}

template <typename A, typename B, typename R>
Status DecimalRemainder(KernelCall& call) {
  R* out = call.out->data<R>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    int128_t a = 0, b = 0;
    if (!DecimalAlign<A, B>(call, i, &a, &b)) return DecimalOverflowError(call.result_type);
    if (b == 0) return DecimalZeroDivisor();
    out[i] = static_cast<R>(a % b);
    return OkStatus();
  });
}

// div(): the integer part of the quotient.
template <typename A, typename B>
Status DecimalIntegerQuotient(KernelCall& call) {
  auto* out = call.out->data<int128_t>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    int128_t a = 0, b = 0;
    if (!DecimalAlign<A, B>(call, i, &a, &b)) return DecimalOverflowError(call.result_type);
    if (b == 0) return DecimalZeroDivisor();
    out[i] = a / b;
    return OkStatus();
  });
}

bool DecimalIsNarrow(const LogicalType& type) { return type.physical() == PhysicalType::kInt64; }

#define DECIMAL_SELECT_AB(name)                                                         \
  ScalarKernel name##Select(const std::vector<LogicalType>& args, const LogicalType&) { \
    const bool x = DecimalIsNarrow(args[0]), y = DecimalIsNarrow(args[1]);              \
    if (x && y) return name<int64_t, int64_t>;                                          \
    if (x) return name<int64_t, int128_t>;                                              \
    return y ? name<int128_t, int64_t> : name<int128_t, int128_t>;                      \
  }
#define DECIMAL_SELECT_ABR(name, ...)                                                       \
  [](const std::vector<LogicalType>& args, const LogicalType& r) -> ScalarKernel {          \
    const bool x = DecimalIsNarrow(args[0]), y = DecimalIsNarrow(args[1]);                  \
    if (x && y) {                                                                           \
      return DecimalIsNarrow(r) ? ScalarKernel(name<int64_t, int64_t, int64_t __VA_ARGS__>) \
                                : name<int64_t, int64_t, int128_t __VA_ARGS__>;             \
    }                                                                                       \
    if (DecimalIsNarrow(r)) {                                                               \
      if (x) return name<int64_t, int128_t, int64_t __VA_ARGS__>;                           \
      return y ? ScalarKernel(name<int128_t, int64_t, int64_t __VA_ARGS__>)                 \
               : name<int128_t, int128_t, int64_t __VA_ARGS__>;                             \
    }                                                                                       \
    if (x) return name<int64_t, int128_t, int128_t __VA_ARGS__>;                            \
    return y ? ScalarKernel(name<int128_t, int64_t, int128_t __VA_ARGS__>)                  \
             : name<int128_t, int128_t, int128_t __VA_ARGS__>;                              \
  }

DECIMAL_SELECT_AB(DecimalQuotient)
DECIMAL_SELECT_AB(DecimalIntegerQuotient)

Result<LogicalType> DecimalBindSum(std::vector<ExprPtr>& args) {
  return DecimalAddType(args[0]->type, args[1]->type);
}
Result<LogicalType> DecimalBindProduct(std::vector<ExprPtr>& args) {
  return DecimalMultiplyType(args[0]->type, args[1]->type);
}

// Weight of the first base-10000 digit, and that digit, of a decimal constant (PostgreSQL's numeric
// form).
void DecimalLeadingGroup(const Value& value, int* weight, int* digit) {
  *weight = 0;
  *digit = 0;
  int128_t v = value.integer() < 0 ? -value.integer() : value.integer();
  if (v == 0) return;
  const int scale = value.type().scale;
  int digits = 0;
  for (int128_t rest = v; rest != 0; rest /= 10) ++digits;
  const int power = digits - scale - 1;  // of the first decimal digit
  *weight = power >= 0 ? power / 4 : -((-power + 3) / 4);
  const int low = *weight * 4 + scale;  // decimal digits below the group
  *digit = static_cast<int>(low >= 0 ? v / kPowersOfTen128[low] : v * kPowersOfTen128[-low]);
}

// Two constants get exactly PostgreSQL's scale (select_div_scale); otherwise rule D4.
Result<LogicalType> DecimalBindQuotient(std::vector<ExprPtr>& args) {
  const Expr &x = *args[0], &y = *args[1];
  if (x.kind == ExprKind::kConstant && y.kind == ExprKind::kConstant && !x.value.is_null() &&
      !y.value.is_null()) {
    constexpr int kSignificantDigitsMin = 16;
    int weight1, digit1, weight2, digit2;
    DecimalLeadingGroup(x.value, &weight1, &digit1);
    DecimalLeadingGroup(y.value, &weight2, &digit2);
    int weight = weight1 - weight2;
    if (digit1 <= digit2) --weight;
    const int scale = std::max({kSignificantDigitsMin - weight * 4, static_cast<int>(x.type.scale),
                                static_cast<int>(y.type.scale), 0});
    // The quotient has at most this many digits in front of the point.
    const int whole = std::max((weight + 1) * 4, 1);
    if (scale + whole <= 38) return LogicalType::Decimal(38, scale);
  }
  return DecimalDivideType(x.type, y.type);
}
Result<LogicalType> DecimalBindRemainder(std::vector<ExprPtr>& args) {
  return DecimalModuloType(args[0]->type, args[1]->type);
}
Result<LogicalType> DecimalBindSame(std::vector<ExprPtr>& args) { return args[0]->type; }

template <typename T>
Status DecimalNegate(KernelCall& call) {
  UnaryLoop<T, T>(call, [](T a) { return DecimalWrapSubtract<T>(T{0}, a); });
  return OkStatus();
}
template <typename T>
Status DecimalAbsolute(KernelCall& call) {
  UnaryLoop<T, T>(call, [](T a) { return a < 0 ? DecimalWrapSubtract<T>(T{0}, a) : a; });
  return OkStatus();
}
template <typename T>
Status DecimalIdentity(KernelCall& call) {
  UnaryLoop<T, T>(call, [](T a) { return a; });
  return OkStatus();
}

// Rounding to a number of places, in one of four directions.
enum class DecimalRounding : uint8_t { kHalfAway, kTruncate, kFloor, kCeiling };

bool DecimalRoundAt(int128_t value, int scale, int places, DecimalRounding rounding,
                    int128_t* out) {
  // Keeps the scale; digits beyond `places` become zero. Places may be negative (tens, hundreds).
  if (places >= scale) {
    *out = value;
    return true;
  }
  const int cut = scale - places;
  if (cut > 38) {
    *out = 0;
    return true;
  }
  const int128_t unit = kPowersOfTen128[cut];
  int128_t quotient = value / unit;
  const int128_t rest = value % unit;
  switch (rounding) {
    case DecimalRounding::kHalfAway:
      if (rest >= unit - rest) ++quotient;
      if (-rest >= unit + rest) --quotient;
      break;
    case DecimalRounding::kTruncate:
      break;
    case DecimalRounding::kFloor:
      if (rest < 0) --quotient;
      break;
    case DecimalRounding::kCeiling:
      if (rest > 0) ++quotient;
      break;
  }
  return !__builtin_mul_overflow(quotient, unit, out) && DecimalFits(*out, 38);
}

// One argument: to the result's scale (0). Two: to the places given, then to the result's scale.
template <DecimalRounding rounding>
Status DecimalRound(KernelCall& call) {
  const LogicalType &x = call.args[0].type, &r = call.result_type;
  const bool narrow = DecimalIsNarrow(x), narrow_result = DecimalIsNarrow(r);
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const int128_t value =
        narrow ? call.args[0].value<int64_t>(i) : call.args[0].value<int128_t>(i);
    const int places = call.arg_count > 1 ? std::clamp(call.args[1].value<int32_t>(i), -50, 50) : 0;
    int128_t rounded = 0;
    if (!DecimalRoundAt(value, x.scale, places, rounding, &rounded) ||
        !RescaleDecimal(rounded, x.scale, r.scale, &rounded) ||
        !DecimalFits(rounded, r.precision)) {
      return DecimalOverflowError(r);
    }
    if (narrow_result) {
      call.out->data<int64_t>()[i] = static_cast<int64_t>(rounded);
    } else {
      call.out->data<int128_t>()[i] = rounded;
    }
    return OkStatus();
  });
}

Result<LogicalType> DecimalBindRound(std::vector<ExprPtr>& args) {
  const LogicalType x = args[0]->type;
  int scale = 0;
  if (args.size() > 1) {
    // Known places decide the scale; unknown ones keep the argument's.
    FoldIfConstant(args[1]);
    scale = x.scale;
    if (args[1]->kind == ExprKind::kConstant && !args[1]->value.is_null()) {
      scale = static_cast<int>(std::clamp<int64_t>(args[1]->value.int64(), 0, 38));
    }
  }
  // Rounding up may carry into one more digit: 9.9 -> 10.
  const int precision = std::min(38, x.precision - x.scale + scale + 1);
  return LogicalType::Decimal(std::max({precision, scale, 1}), scale);
}

template <typename T>
Status DecimalSign(KernelCall& call) {
  auto* out = call.out->data<int64_t>();
  ForEachRow(call.rows, [&](size_t i) {
    const T a = call.args[0].value<T>(i);
    out[i] = a > 0 ? 1 : a < 0 ? -1 : 0;
  });
  return OkStatus();
}

#define DECIMAL_SELECT_UNARY(name)                                                  \
  [](const std::vector<LogicalType>& args, const LogicalType&) -> ScalarKernel {    \
    return DecimalIsNarrow(args[0]) ? ScalarKernel(name<int64_t>) : name<int128_t>; \
  }

ScalarFunction& DecimalAddUnary(FunctionTable* table, std::string_view name, bool is_operator) {
  ScalarFunction& f = AddFunction(table, name, {kAnyDecimal}, kAnyDecimal, nullptr);
  f.is_operator = is_operator;
  f.bind = DecimalBindSame;
  MarkTotal(f);
  return f;
}

ScalarFunction& DecimalAddBinary(FunctionTable* table, std::string_view name, bool is_operator,
                                 Result<LogicalType> (*bind)(std::vector<ExprPtr>&)) {
  ScalarFunction& f = AddFunction(table, name, {kAnyDecimal, kAnyDecimal}, kAnyDecimal, nullptr);
  f.is_operator = is_operator;
  f.bind = bind;
  return f;
}

void DecimalAddRounding(FunctionTable* table, std::string_view name, ScalarKernel kernel,
                        bool with_places) {
  AddFunction(table, name, {kAnyDecimal}, kAnyDecimal, kernel).bind = DecimalBindRound;
  if (!with_places) return;
  AddFunction(table, name, {kAnyDecimal, TypeId::kInt32}, kAnyDecimal, kernel).bind =
      DecimalBindRound;
}

}  // namespace

#define DECIMAL_COMMA ,
void AddDecimalArithmetic(FunctionTable* table) {
  DecimalAddBinary(table, "+", true, DecimalBindSum).select =
      DECIMAL_SELECT_ABR(DecimalSum, DECIMAL_COMMA 1);
  DecimalAddBinary(table, "-", true, DecimalBindSum).select =
      DECIMAL_SELECT_ABR(DecimalSum, DECIMAL_COMMA - 1);
  DecimalAddBinary(table, "*", true, DecimalBindProduct).select =
      DECIMAL_SELECT_ABR(DecimalProduct, );
  DecimalAddBinary(table, "/", true, DecimalBindQuotient).select = DecimalQuotientSelect;
  DecimalAddBinary(table, "%", true, DecimalBindRemainder).select =
      DECIMAL_SELECT_ABR(DecimalRemainder, );
  DecimalAddBinary(table, "mod", false, DecimalBindRemainder).select =
      DECIMAL_SELECT_ABR(DecimalRemainder, );
  DecimalAddBinary(table, "div", false, [](std::vector<ExprPtr>&) -> Result<LogicalType> {
    return LogicalType::Decimal(38, 0);
  }).select = DecimalIntegerQuotientSelect;
  DecimalAddUnary(table, "-", true).select = DECIMAL_SELECT_UNARY(DecimalNegate);
  DecimalAddUnary(table, "+", true).select = DECIMAL_SELECT_UNARY(DecimalIdentity);
  DecimalAddUnary(table, "abs", false).select = DECIMAL_SELECT_UNARY(DecimalAbsolute);
  DecimalAddUnary(table, "@", true).select = DECIMAL_SELECT_UNARY(DecimalAbsolute);
  ScalarFunction& sign = DecimalAddUnary(table, "sign", false);
  sign.select = DECIMAL_SELECT_UNARY(DecimalSign);
  sign.bind = nullptr;
  sign.result = LogicalType::Decimal(1, 0);
  DecimalAddRounding(table, "round", DecimalRound<DecimalRounding::kHalfAway>, true);
  DecimalAddRounding(table, "trunc", DecimalRound<DecimalRounding::kTruncate>, true);
  DecimalAddRounding(table, "floor", DecimalRound<DecimalRounding::kFloor>, false);
  DecimalAddRounding(table, "ceil", DecimalRound<DecimalRounding::kCeiling>, false);
  DecimalAddRounding(table, "ceiling", DecimalRound<DecimalRounding::kCeiling>, false);
}
#undef DECIMAL_COMMA
#undef DECIMAL_SELECT_AB
#undef DECIMAL_SELECT_ABR
#undef DECIMAL_SELECT_UNARY

}  // namespace driftdb::expr
