// Exact decimal arithmetic on scaled integers, rounding half away from zero.
// Shape: a decimal is an integer divided by 10^scale; functions take and return that integer.
// Errors: they return false on overflow of 38 digits (or of the given precision); the caller words
// 22003.
#ifndef DRIFTDB_TYPES_DECIMAL_H_
#define DRIFTDB_TYPES_DECIMAL_H_

#include "base/int128.h"
#include "base/status.h"
#include "types/logical_type.h"

namespace driftdb {

extern const int64_t kPowersOfTen64[19];
extern const int128_t kPowersOfTen128[39];

// |value| < 10^precision.
inline bool DecimalFits(int128_t value, int precision) {
  const int128_t limit = kPowersOfTen128[precision];
  return value < limit && value > -limit;
}
// value * 10^(to - from), rounded. False when the result has more than 38 digits.
bool RescaleDecimal(int128_t value, int from_scale, int to_scale, int128_t* out);
// Quotient and product via 256-bit intermediates: out = round(a * 10^power / b), out = round(a * b
// / 10^power).
bool DecimalDivide(int128_t a, int128_t b, int power, int128_t* out);
bool DecimalMultiply(int128_t a, int128_t b, int power, int128_t* out);
double DecimalToDouble(int128_t value, int scale);
// Shortest decimal digits of the double as PostgreSQL casts it (15 significant digits), rounded to
// the scale.
bool DecimalFromDouble(double value, int precision, int scale, int128_t* out);
bool DecimalFromReal(float value, int precision, int scale, int128_t* out);

// Types of results (docs/internals/types.md, rules D1-D4).
LogicalType DecimalTypeOf(const LogicalType& integer_or_decimal);
LogicalType DecimalAddType(const LogicalType& a, const LogicalType& b);
LogicalType DecimalMultiplyType(const LogicalType& a, const LogicalType& b);
LogicalType DecimalDivideType(const LogicalType& a, const LogicalType& b);
LogicalType DecimalModuloType(const LogicalType& a, const LogicalType& b);
// Holds both without loss as far as 38 digits allow.
LogicalType DecimalCommonType(const LogicalType& a, const LogicalType& b);

// 22003 "numeric field overflow" with PostgreSQL's detail.
Status DecimalOverflowError(const LogicalType& type);

}  // namespace driftdb

#endif  // DRIFTDB_TYPES_DECIMAL_H_
