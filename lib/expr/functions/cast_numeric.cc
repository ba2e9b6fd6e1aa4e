// Casts between numbers, and between booleans and integers.
#include <cmath>
#include <limits>

#include "expr/cast.h"
#include "expr/kernel.h"
#include "types/decimal.h"

namespace driftdb::expr {

namespace {

Status NumericCastRangeError(const LogicalType& to) {
  return Error(sqlstate::kNumericOutOfRange, "{} out of range", to.ToString());
}

// Integer to integer.
template <typename A, typename R>
Status NumericCastInteger(KernelCall& call) {
  if constexpr (sizeof(R) >= sizeof(A)) {
    UnaryLoop<A, R>(call, [](A a) { return static_cast<R>(a); });
    return OkStatus();
  } else {
    R* out = call.out->data<R>();
    bool bad = false;
    const KernelArg& arg = call.args[0];
    ForEachRow(call.rows, [&](size_t i) {
      const A a = arg.value<A>(i);
      out[i] = static_cast<R>(a);
      bad |= static_cast<A>(out[i]) != a;
    });
    return bad ? NumericCastRangeError(call.result_type) : OkStatus();
  }
}

template <typename A, typename R>
Status NumericCastIntegerToFloat(KernelCall& call) {
  UnaryLoop<A, R>(call, [](A a) { return static_cast<R>(a); });
  return OkStatus();
}

// Rounds half to even, as rint does in PostgreSQL.
template <typename A, typename R>
Status NumericCastFloatToInteger(KernelCall& call) {
  R* out = call.out->data<R>();
  const KernelArg& arg = call.args[0];
  bool bad = false;
  const double limit = std::ldexp(1.0, sizeof(R) * 8 - 1);
  ForEachRow(call.rows, [&](size_t i) {
    const double a = std::nearbyint(static_cast<double>(arg.value<A>(i)));
    const bool fits = a >= -limit && a < limit;
    bad |= !fits;
    out[i] = fits ? static_cast<R>(a) : R{0};
  });
  return bad ? NumericCastRangeError(call.result_type) : OkStatus();
}

Status NumericCastRealToDouble(KernelCall& call) {
  UnaryLoop<float, double>(call, [](float a) { return static_cast<double>(a); });
  return OkStatus();
}

Status NumericCastDoubleToReal(KernelCall& call) {
  auto* out = call.out->data<float>();
  bool over = false, under = false;
  ForEachRow(call.rows, [&](size_t i) {
    const double a = call.args[0].value<double>(i);
    const auto r = static_cast<float>(a);
    over |= std::isinf(r) && !std::isinf(a);
    under |= r == 0.0F && a != 0.0;
    out[i] = r;
  });
  if (over) return Error(sqlstate::kNumericOutOfRange, "value out of range: overflow");
  if (under) return Error(sqlstate::kNumericOutOfRange, "value out of range: underflow");
  return OkStatus();
}

// Integer or decimal (scale s) to decimal.
template <typename A, typename R>
Status NumericCastToDecimal(KernelCall& call) {
  const LogicalType& from = call.args[0].type;
  const LogicalType& to = call.result_type;
  const int from_scale = from.id == TypeId::kDecimal ? from.scale : 0;
  R* out = call.out->data<R>();
  const KernelArg& arg = call.args[0];
  if (to.scale >= from_scale && !CastMayFail(from, to)) {
    const auto factor = static_cast<R>(kPowersOfTen128[to.scale - from_scale]);
    ForEachRow(call.rows, [&](size_t i) { out[i] = static_cast<R>(arg.value<A>(i)) * factor; });
    return OkStatus();
  }
  bool bad = false;
  ForEachRow(call.rows, [&](size_t i) {
    int128_t value = 0;
    bad |= !RescaleDecimal(static_cast<int128_t>(arg.value<A>(i)), from_scale, to.scale, &value) ||
           !DecimalFits(value, to.precision);
    out[i] = static_cast<R>(value);
  });
  return bad ? DecimalOverflowError(to) : OkStatus();
}

template <typename A, typename R>
Status NumericCastDecimalToInteger(KernelCall& call) {
  R* out = call.out->data<R>();
  const int scale = call.args[0].type.scale;
  bool bad = false;
  ForEachRow(call.rows, [&](size_t i) {
    int128_t value = 0;
    RescaleDecimal(static_cast<int128_t>(call.args[0].value<A>(i)), scale, 0, &value);
    out[i] = static_cast<R>(value);
    bad |= static_cast<int128_t>(out[i]) != value;
  });
  return bad ? NumericCastRangeError(call.result_type) : OkStatus();
}

template <typename A, typename R>
Status NumericCastDecimalToFloat(KernelCall& call) {
  R* out = call.out->data<R>();
  const int scale = call.args[0].type.scale;
  ForEachRow(call.rows, [&](size_t i) {
    out[i] =
        static_cast<R>(DecimalToDouble(static_cast<int128_t>(call.args[0].value<A>(i)), scale));
  });
  return OkStatus();
}

template <typename A, typename R>
Status NumericCastFloatToDecimal(KernelCall& call) {
  R* out = call.out->data<R>();
  const LogicalType& to = call.result_type;
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const A a = call.args[0].value<A>(i);
    if (!std::isfinite(a)) {
      return Error(sqlstate::kFeatureNotSupported, "cannot convert {} to numeric",
                   std::isnan(a) ? "NaN" : "infinity");
    }
    int128_t value = 0;
    bool fits;
    if constexpr (std::is_same_v<A, float>) {
      fits = DecimalFromReal(a, to.precision, to.scale, &value);
    } else {
      fits = DecimalFromDouble(a, to.precision, to.scale, &value);
    }
    if (!fits) return DecimalOverflowError(to);
    out[i] = static_cast<R>(value);
    return OkStatus();
  });
}

template <typename A>
Status NumericCastToBoolean(KernelCall& call) {
  UnaryLoop<A, uint8_t>(call, [](A a) -> uint8_t { return a != 0 ? 1 : 0; });
  return OkStatus();
}

template <typename A>
CastKernel NumericSelectFromInteger(const LogicalType& to) {
  switch (to.id) {
    case TypeId::kBoolean:
      return {NumericCastToBoolean<A>, true};
    case TypeId::kInt16:
      return {NumericCastInteger<A, int16_t>, sizeof(A) <= 2};
    case TypeId::kInt32:
      return {NumericCastInteger<A, int32_t>, sizeof(A) <= 4};
    case TypeId::kInt64:
      return {NumericCastInteger<A, int64_t>, sizeof(A) <= 8};
    case TypeId::kInt128:
      return {NumericCastInteger<A, int128_t>, true};
    case TypeId::kReal:
      return {NumericCastIntegerToFloat<A, float>, true};
    case TypeId::kDouble:
      return {NumericCastIntegerToFloat<A, double>, true};
    case TypeId::kDecimal:
      if (to.physical() == PhysicalType::kInt64) return {NumericCastToDecimal<A, int64_t>, false};
      return {NumericCastToDecimal<A, int128_t>, false};
    default:
      return {};
  }
}

template <typename A>
CastKernel NumericSelectFromDecimal(const LogicalType& to) {
  switch (to.id) {
    case TypeId::kInt16:
      return {NumericCastDecimalToInteger<A, int16_t>, false};
    case TypeId::kInt32:
      return {NumericCastDecimalToInteger<A, int32_t>, false};
    case TypeId::kInt64:
      return {NumericCastDecimalToInteger<A, int64_t>, false};
    case TypeId::kInt128:
      return {NumericCastDecimalToInteger<A, int128_t>, false};
    case TypeId::kReal:
      return {NumericCastDecimalToFloat<A, float>, false};
    case TypeId::kDouble:
      return {NumericCastDecimalToFloat<A, double>, false};
    case TypeId::kDecimal:
      if (to.physical() == PhysicalType::kInt64) return {NumericCastToDecimal<A, int64_t>, false};
      return {NumericCastToDecimal<A, int128_t>, false};
    default:
      return {};
  }
}

template <typename A>
CastKernel NumericSelectFromFloat(const LogicalType& to) {
  switch (to.id) {
    case TypeId::kInt16:
      return {NumericCastFloatToInteger<A, int16_t>, false};
    case TypeId::kInt32:
      return {NumericCastFloatToInteger<A, int32_t>, false};
    case TypeId::kInt64:
      return {NumericCastFloatToInteger<A, int64_t>, false};
    case TypeId::kInt128:
      return {NumericCastFloatToInteger<A, int128_t>, false};
    case TypeId::kReal:
      return {NumericCastDoubleToReal, false};
    case TypeId::kDouble:
      return {NumericCastRealToDouble, true};
    case TypeId::kDecimal:
      if (to.physical() == PhysicalType::kInt64) {
        return {NumericCastFloatToDecimal<A, int64_t>, false};
      }
      return {NumericCastFloatToDecimal<A, int128_t>, false};
    default:
      return {};
  }
}

}  // namespace

CastKernel SelectNumericCast(const LogicalType& from, const LogicalType& to) {
  switch (from.id) {
    case TypeId::kBoolean:
      return to.is_integer() ? NumericSelectFromInteger<uint8_t>(to) : CastKernel();
    case TypeId::kInt16:
      return NumericSelectFromInteger<int16_t>(to);
    case TypeId::kInt32:
      return NumericSelectFromInteger<int32_t>(to);
    case TypeId::kInt64:
      return NumericSelectFromInteger<int64_t>(to);
    case TypeId::kInt128:
      return NumericSelectFromInteger<int128_t>(to);
    case TypeId::kDecimal:
      return from.physical() == PhysicalType::kInt64 ? NumericSelectFromDecimal<int64_t>(to)
                                                     : NumericSelectFromDecimal<int128_t>(to);
    case TypeId::kReal:
      return NumericSelectFromFloat<float>(to);
    case TypeId::kDouble:
      return NumericSelectFromFloat<double>(to);
    default:
      return {};
  }
}

}  // namespace driftdb::expr
