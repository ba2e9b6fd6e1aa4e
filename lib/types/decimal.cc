#include "types/decimal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/error.h"

namespace driftdb {

namespace {

constexpr std::array<int128_t, 39> DecimalMakePowers() {
  std::array<int128_t, 39> powers{};
  int128_t power = 1;
  for (int i = 0; i < 39; ++i) {
    powers[i] = power;
    if (i < 38) power *= 10;
  }
  return powers;
}
constexpr auto kDecimalPowers = DecimalMakePowers();

constexpr uint128_t DecimalMagnitude(int128_t v) {
  return v < 0 ? uint128_t{0} - static_cast<uint128_t>(v) : static_cast<uint128_t>(v);
}

// Applies the sign; false when the magnitude has more than 38 digits.
bool DecimalWithSign(uint128_t magnitude, bool negative, int128_t* out) {
  if (magnitude >= static_cast<uint128_t>(kDecimalPowers[38])) return false;
  *out = negative ? -static_cast<int128_t>(magnitude) : static_cast<int128_t>(magnitude);
  return true;
}

// 256-bit magnitude, least significant limb first.
struct DecimalWide {
  uint64_t limb[4] = {0, 0, 0, 0};
};

DecimalWide DecimalWideMultiply(uint128_t a, uint128_t b) {
  const uint64_t al = static_cast<uint64_t>(a), ah = static_cast<uint64_t>(a >> 64);
  const uint64_t bl = static_cast<uint64_t>(b), bh = static_cast<uint64_t>(b >> 64);
  const uint128_t ll = static_cast<uint128_t>(al) * bl, lh = static_cast<uint128_t>(al) * bh;
  const uint128_t hl = static_cast<uint128_t>(ah) * bl, hh = static_cast<uint128_t>(ah) * bh;
  const uint128_t middle = (ll >> 64) + static_cast<uint64_t>(lh) + static_cast<uint64_t>(hl);
  const uint128_t high = hh + (lh >> 64) + (hl >> 64) + (middle >> 64);
  return {{static_cast<uint64_t>(ll), static_cast<uint64_t>(middle), static_cast<uint64_t>(high),
           static_cast<uint64_t>(high >> 64)}};
}

void DecimalWideDivideSmall(DecimalWide* value, uint64_t divisor) {
  uint128_t remainder = 0;
  for (int i = 3; i >= 0; --i) {
    const uint128_t current = (remainder << 64) | value->limb[i];
    value->limb[i] = static_cast<uint64_t>(current / divisor);
    remainder = current % divisor;
  }
}

// Schoolbook division bit by bit; only for divisors of 38 digits, which leave no room to scale in
// 128 bits.
bool DecimalWideDivide(const DecimalWide& a, uint128_t b, uint128_t* quotient,
                       uint128_t* remainder) {
  uint128_t rest = 0, q = 0;
  for (int bit = 255; bit >= 0; --bit) {
    const bool carry = (rest >> 127) != 0;
    rest = (rest << 1) | ((a.limb[bit / 64] >> (bit % 64)) & 1);
    if ((q >> 127) != 0) return false;
    q <<= 1;
    if (carry || rest >= b) {
      rest -= b;
      q |= 1;
    }
  }
  *quotient = q;
  *remainder = rest;
  return true;
}

bool DecimalFromDigits(const char* begin, const char* end, int precision, int scale,
                       int128_t* out) {
  // Scientific form from to_chars: [-]d[.ddd]e[+-]xx
  bool negative = false;
  if (begin != end && *begin == '-') {
    negative = true;
    ++begin;
  }
  int128_t digits = 0;
  int fraction = 0;
  bool after_point = false;
  const char* p = begin;
  for (; p != end && *p != 'e'; ++p) {
    if (*p == '.') {
      after_point = true;
      continue;
    }
    digits = digits * 10 + (*p - '0');
    if (after_point) ++fraction;
  }
  int exponent = 0;
  if (p != end) {
    ++p;
    if (p != end && *p == '+') ++p;
    std::from_chars(p, end, exponent);
  }
  // value = digits * 10^(exponent - fraction); wanted: value * 10^scale.
  const int shift = exponent - fraction + scale;
  int128_t result = 0;
  if (shift >= 0) {
    if (digits != 0 && shift > 38) return false;
    if (digits != 0 && __builtin_mul_overflow(digits, kDecimalPowers[shift], &result)) return false;
  } else if (-shift <= 38) {
    const int128_t unit = kDecimalPowers[-shift];
    result = (digits + unit / 2) / unit;
  }
  if (!DecimalFits(result, precision)) return false;
  *out = negative ? -result : result;
  return true;
}

}  // namespace

const int64_t kPowersOfTen64[19] = {1,
                                    10,
                                    100,
                                    1000,
                                    10000,
                                    100000,
                                    1000000,
                                    10000000,
                                    100000000,
                                    1000000000,
                                    10000000000,
                                    100000000000,
                                    1000000000000,
                                    10000000000000,
                                    100000000000000,
                                    1000000000000000,
                                    10000000000000000,
                                    100000000000000000,
                                    1000000000000000000};
// Constant-initialised copy of the constexpr table, so that the header need not carry it.
#define DECIMAL_P(i) kDecimalPowers[i]
const int128_t kPowersOfTen128[39] = {
    DECIMAL_P(0),  DECIMAL_P(1),  DECIMAL_P(2),  DECIMAL_P(3),  DECIMAL_P(4),  DECIMAL_P(5),
    DECIMAL_P(6),  DECIMAL_P(7),  DECIMAL_P(8),  DECIMAL_P(9),  DECIMAL_P(10), DECIMAL_P(11),
    DECIMAL_P(12), DECIMAL_P(13), DECIMAL_P(14), DECIMAL_P(15), DECIMAL_P(16), DECIMAL_P(17),
    DECIMAL_P(18), DECIMAL_P(19), DECIMAL_P(20), DECIMAL_P(21), DECIMAL_P(22), DECIMAL_P(23),
    DECIMAL_P(24), DECIMAL_P(25), DECIMAL_P(26), DECIMAL_P(27), DECIMAL_P(28), DECIMAL_P(29),
    DECIMAL_P(30), DECIMAL_P(31), DECIMAL_P(32), DECIMAL_P(33), DECIMAL_P(34), DECIMAL_P(35),
    DECIMAL_P(36), DECIMAL_P(37), DECIMAL_P(38)};
#undef DECIMAL_P

bool RescaleDecimal(int128_t value, int from_scale, int to_scale, int128_t* out) {
  if (from_scale == to_scale) {
    *out = value;
    return true;
  }
  if (to_scale > from_scale) {
    const int digits = to_scale - from_scale;
    if (digits > 38 || __builtin_mul_overflow(value, kPowersOfTen128[std::min(digits, 38)], out)) {
      *out = 0;
      return value == 0;
    }
    return DecimalFits(*out, 38);
  }
  const int digits = from_scale - to_scale;
  if (digits > 38) {
    *out = 0;
    return true;
  }
  const int128_t unit = kPowersOfTen128[digits];
  // Adding half a unit cannot overflow: |value| < 10^38 and unit/2 <= 5 * 10^37 stay below 2^127.
  *out = value >= 0 ? (value + unit / 2) / unit : -((-value + unit / 2) / unit);
  return true;
}

bool DecimalMultiply(int128_t a, int128_t b, int power, int128_t* out) {
  int128_t product;
  if (!__builtin_mul_overflow(a, b, &product)) {
    if (power == 0) {
      *out = product;
      return DecimalFits(product, 38);
    }
    if (product < kInt128Max / 2 && product > kInt128Min / 2) {
      return RescaleDecimal(product, power, 0, out) && DecimalFits(*out, 38);
    }
  }
  if (power == 0) return false;
  const bool negative = (a < 0) != (b < 0);
  DecimalWide wide = DecimalWideMultiply(DecimalMagnitude(a), DecimalMagnitude(b));
  // All digits but one are cut off; the last one decides the rounding (half away from zero).
  for (int left = power - 1; left > 0; left -= 18) {
    DecimalWideDivideSmall(&wide, static_cast<uint64_t>(kPowersOfTen64[std::min(left, 18)]));
  }
  const uint64_t five = 5;
  uint64_t carry = __builtin_add_overflow(wide.limb[0], five, &wide.limb[0]) ? 1 : 0;
  for (int i = 1; i < 4 && carry != 0; ++i) {
    carry = __builtin_add_overflow(wide.limb[i], carry, &wide.limb[i]) ? 1 : 0;
  }
  DecimalWideDivideSmall(&wide, 10);
  if (wide.limb[2] != 0 || wide.limb[3] != 0) return false;
  return DecimalWithSign(static_cast<uint128_t>(wide.limb[1]) << 64 | wide.limb[0], negative, out);
}

bool DecimalDivide(int128_t a, int128_t b, int power, int128_t* out) {
  const bool negative = (a < 0) != (b < 0);
  const uint128_t divisor = DecimalMagnitude(b);
  uint128_t quotient, rest;
  int128_t scaled;
  if (power <= 38 && !__builtin_mul_overflow(a, kPowersOfTen128[power], &scaled)) {
    const uint128_t numerator = DecimalMagnitude(scaled);
    if ((numerator >> 64) == 0 && (divisor >> 64) == 0) {
      quotient = static_cast<uint64_t>(numerator) / static_cast<uint64_t>(divisor);
    } else {
      quotient = numerator / divisor;
    }
    rest = numerator - quotient * divisor;
  } else if (divisor < static_cast<uint128_t>(kPowersOfTen128[37])) {
    const uint128_t numerator = DecimalMagnitude(a);
    quotient = numerator / divisor;
    rest = numerator % divisor;
    int left = power;
    while (left > 0) {
      // As many digits per step as keep rest * 10^k within 128 bits.
      int step = 1;
      while (step < left && step < 18 &&
             divisor < ~uint128_t{0} / static_cast<uint128_t>(kPowersOfTen128[step + 1])) {
        ++step;
      }
      const auto unit = static_cast<uint128_t>(kPowersOfTen128[step]);
      rest *= unit;
      if (__builtin_mul_overflow(quotient, unit, &quotient)) return false;
      if (__builtin_add_overflow(quotient, rest / divisor, &quotient)) return false;
      rest %= divisor;
      left -= step;
    }
  } else {
    if (power > 38) return a == 0 ? (*out = 0, true) : false;
    const DecimalWide wide =
        DecimalWideMultiply(DecimalMagnitude(a), static_cast<uint128_t>(kPowersOfTen128[power]));
    if (!DecimalWideDivide(wide, divisor, &quotient, &rest)) return false;
  }
  if (rest >= divisor - rest) ++quotient;
  return DecimalWithSign(quotient, negative, out);
}

double DecimalToDouble(int128_t value, int scale) {
  constexpr int64_t kExact = int64_t{1} << 53;
  // Exact operands give a correctly rounded quotient; otherwise go through the digits.
  if (value < kExact && value > -kExact && scale <= 22) {
    return static_cast<double>(static_cast<int64_t>(value)) /
           static_cast<double>(kPowersOfTen128[scale]);
  }
  char text[64];
  char* end = text + sizeof(text);
  char* p = end;
  uint128_t rest = DecimalMagnitude(value);
  while (rest != 0) {
    *--p = static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  }
  char buffer[96];
  char* to = buffer;
  if (value < 0) *to++ = '-';
  to = std::copy(p, end, to);
  *to++ = 'e';
  to = std::to_chars(to, buffer + sizeof(buffer), -scale).ptr;
  double result = 0;
  std::from_chars(buffer, to, result);
  return result;
}

bool DecimalFromDouble(double value, int precision, int scale, int128_t* out) {
  if (!std::isfinite(value)) return false;
  char text[64];
  const auto end =
      std::to_chars(text, text + sizeof(text), value, std::chars_format::scientific, 14).ptr;
  return DecimalFromDigits(text, end, precision, scale, out);
}

bool DecimalFromReal(float value, int precision, int scale, int128_t* out) {
  if (!std::isfinite(value)) return false;
  char text[64];
  const auto end =
      std::to_chars(text, text + sizeof(text), value, std::chars_format::scientific, 5).ptr;
  return DecimalFromDigits(text, end, precision, scale, out);
}

LogicalType DecimalTypeOf(const LogicalType& type) {
  switch (type.id) {
    case TypeId::kInt16:
      return LogicalType::Decimal(5, 0);
    case TypeId::kInt32:
      return LogicalType::Decimal(10, 0);
    case TypeId::kInt64:
      return LogicalType::Decimal(19, 0);
    case TypeId::kDecimal:
      if (type.precision > 0) return type;
      return LogicalType::Decimal(38, kDecimalDefaultScale);
    case TypeId::kInt128:
      return LogicalType::Decimal(38, 0);
    default:
      return LogicalType::Decimal(38, kDecimalDefaultScale);
  }
}

LogicalType DecimalAddType(const LogicalType& a, const LogicalType& b) {
  const int scale = std::max(a.scale, b.scale);
  const int whole = std::max(a.precision - a.scale, b.precision - b.scale);
  return LogicalType::Decimal(std::min(38, whole + scale + 1), scale);
}

LogicalType DecimalMultiplyType(const LogicalType& a, const LogicalType& b) {
  // Beyond this scale digits are given up when the whole part needs the room (rule D3).
  constexpr int kScaleKept = 20;
  const int whole = a.precision - a.scale + b.precision - b.scale;
  int scale = a.scale + b.scale;
  if (whole + scale > 38 && scale > kScaleKept) {
    const int kept =
        std::max({kScaleKept, 38 - whole, static_cast<int>(a.scale), static_cast<int>(b.scale)});
    scale = std::min(scale, kept);
  }
  scale = std::min(scale, 38);
  return LogicalType::Decimal(std::clamp(whole + scale, std::max(scale, 1), 38), scale);
}

LogicalType DecimalDivideType(const LogicalType& a, const LogicalType& b) {
  constexpr int kDivideScaleMin = 16;
  return LogicalType::Decimal(
      38, std::max({kDivideScaleMin, static_cast<int>(a.scale), static_cast<int>(b.scale)}));
}

LogicalType DecimalModuloType(const LogicalType& a, const LogicalType& b) {
  return DecimalCommonType(a, b);
}

LogicalType DecimalCommonType(const LogicalType& a, const LogicalType& b) {
  const int scale = std::max(a.scale, b.scale);
  const int whole = std::max(a.precision - a.scale, b.precision - b.scale);
  return LogicalType::Decimal(std::clamp(whole + scale, std::max(scale, 1), 38), scale);
}

Status DecimalOverflowError(const LogicalType& type) {
  return Error(sqlstate::kNumericOutOfRange, "numeric field overflow")
      .WithDetail(
          fmt::format("A field with precision {}, scale {} must round to an absolute value "
                      "less than {}{}.",
                      type.precision, type.scale, type.precision == type.scale ? "1" : "10^",
                      type.precision == type.scale ? std::string()
                                                   : std::to_string(type.precision - type.scale)));
}

}  // namespace driftdb
