// LogicalType: an SQL type with its modifiers; PhysicalType: how its values lie in memory.
#ifndef DRIFTDB_TYPES_LOGICAL_TYPE_H_
#define DRIFTDB_TYPES_LOGICAL_TYPE_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "types/ids.h"

namespace driftdb {

enum class TypeId : uint8_t {
  kUnknown = 0,  // an untyped literal or NULL before resolution; stored as text
  kBoolean,
  kInt16,
  kInt32,
  kInt64,
  kInt128,  // no SQL name of PostgreSQL's; spelled int128 / hugeint
  kReal,
  kDouble,
  kDecimal,  // precision 1..38, scale 0..precision; value = integer / 10^scale
  kText,
  kVarchar,  // length in characters, 0 = unlimited
  kChar,     // blank padded, length in characters
  kBytea,
  kDate,         // int32 days since 1970-01-01
  kTime,         // int64 microseconds since midnight
  kTimestamp,    // int64 microseconds since 1970-01-01 00:00:00
  kTimestampTz,  // the same in UTC
  kInterval,     // Interval
  kUuid,         // 128 bits, big-endian order, sign bit flipped so that signed comparison orders it
};
inline constexpr int kTypeIdCount = static_cast<int>(TypeId::kUuid) + 1;

enum class PhysicalType : uint8_t {
  kBool,  // one byte, 0 or 1
  kInt16,
  kInt32,
  kInt64,
  kInt128,
  kFloat,
  kDouble,
  kString,    // StringRef, 16 bytes
  kInterval,  // Interval, 16 bytes
};

// Bytes of one value in a vector.
constexpr size_t PhysicalWidth(PhysicalType type) {
  switch (type) {
    case PhysicalType::kBool:
      return 1;
    case PhysicalType::kInt16:
      return 2;
    case PhysicalType::kInt32:
    case PhysicalType::kFloat:
      return 4;
    case PhysicalType::kInt64:
    case PhysicalType::kDouble:
      return 8;
    case PhysicalType::kInt128:
    case PhysicalType::kString:
    case PhysicalType::kInterval:
      return 16;
  }
  return 0;
}

// What an interval type keeps besides its precision: interval day to second, ...
enum class IntervalFields : uint8_t {
  kAll,
  kYear,
  kMonth,
  kDay,
  kHour,
  kMinute,
  kSecond,
  kYearToMonth,
  kDayToHour,
  kDayToMinute,
  kDayToSecond,
  kHourToMinute,
  kHourToSecond,
  kMinuteToSecond,
};
inline constexpr int kIntervalFieldsCount = static_cast<int>(IntervalFields::kMinuteToSecond) + 1;

inline constexpr int kFractionDigitsMax = 6;  // microseconds
inline constexpr int kDecimalPrecisionMax = 38;
inline constexpr int kDecimalPrecisionInt64 = 18;  // up to here int64, above int128
// Type of an unconstrained `numeric`: values keep the scale they were written with up to this one.
inline constexpr int kDecimalDefaultScale = 6;

struct LogicalType {
  TypeId id = TypeId::kUnknown;
  // kDecimal: digits. kTime .. kInterval: 1 + digits of the seconds' fraction, 0 = it was not said.
  uint8_t precision = 0;
  uint8_t scale = 0;    // kDecimal: digits after the point; kInterval: IntervalFields
  uint32_t length = 0;  // kVarchar, kChar: characters; 0 = unlimited

  constexpr LogicalType() = default;
  constexpr LogicalType(TypeId type_id) : id(type_id) {}  // NOLINT(google-explicit-constructor)
  static constexpr LogicalType Decimal(int precision, int scale) {
    LogicalType type(TypeId::kDecimal);
    type.precision = static_cast<uint8_t>(precision);
    type.scale = static_cast<uint8_t>(scale);
    return type;
  }
  static constexpr LogicalType Varchar(uint32_t length) {
    LogicalType type(TypeId::kVarchar);
    type.length = length;
    return type;
  }
  static constexpr LogicalType Char(uint32_t length) {
    LogicalType type(TypeId::kChar);
    type.length = length;
    return type;
  }

  // time(2), timestamp(0), interval(3): `id` is one of kTime .. kInterval, `digits` 0 to 6.
  static constexpr LogicalType Fraction(TypeId id, int digits) {
    LogicalType type(id);
    type.precision = static_cast<uint8_t>(digits + 1);
    return type;
  }

  constexpr PhysicalType physical() const {
    switch (id) {
      case TypeId::kBoolean:
        return PhysicalType::kBool;
      case TypeId::kInt16:
        return PhysicalType::kInt16;
      case TypeId::kInt32:
      case TypeId::kDate:
        return PhysicalType::kInt32;
      case TypeId::kInt64:
      case TypeId::kTime:
      case TypeId::kTimestamp:
      case TypeId::kTimestampTz:
        return PhysicalType::kInt64;
      case TypeId::kInt128:
      case TypeId::kUuid:
        return PhysicalType::kInt128;
      case TypeId::kDecimal:
        return precision <= kDecimalPrecisionInt64 ? PhysicalType::kInt64 : PhysicalType::kInt128;
      case TypeId::kReal:
        return PhysicalType::kFloat;
      case TypeId::kDouble:
        return PhysicalType::kDouble;
      case TypeId::kInterval:
        return PhysicalType::kInterval;
      default:
        return PhysicalType::kString;
    }
  }
  constexpr size_t width() const { return PhysicalWidth(physical()); }
  constexpr bool is_string() const {
    return id == TypeId::kText || id == TypeId::kVarchar || id == TypeId::kChar ||
           id == TypeId::kUnknown;
  }
  constexpr bool is_integer() const { return id >= TypeId::kInt16 && id <= TypeId::kInt128; }
  constexpr bool is_numeric() const { return id >= TypeId::kInt16 && id <= TypeId::kDecimal; }
  constexpr bool is_floating() const { return id == TypeId::kReal || id == TypeId::kDouble; }
  constexpr bool is_datetime() const { return id >= TypeId::kDate && id <= TypeId::kTimestampTz; }
  // The types whose seconds have a fraction.
  constexpr bool is_timed() const { return id >= TypeId::kTime && id <= TypeId::kInterval; }
  // 0 to 6; -1 when the type does not say (and keeps all six), or is no such type.
  constexpr int fraction_digits() const {
    return is_timed() && precision <= kFractionDigitsMax + 1 ? static_cast<int>(precision) - 1 : -1;
  }
  constexpr IntervalFields interval_fields() const {
    return id == TypeId::kInterval && scale < kIntervalFieldsCount
               ? static_cast<IntervalFields>(scale)
               : IntervalFields::kAll;
  }
  // Values of the same type without modifiers may have to be rounded or cut to fit (rule P1).
  constexpr bool is_rounded() const {
    return (fraction_digits() >= 0 && fraction_digits() < kFractionDigitsMax) ||
           interval_fields() != IntervalFields::kAll;
  }

  friend constexpr bool operator==(const LogicalType&, const LogicalType&) = default;

  // The name PostgreSQL's format_type gives: "integer", "numeric(15,2)", "character varying(30)".
  std::string ToString() const;
  // PostgreSQL's OID of the base type and its typmod (-1 when it has none).
  Oid pg_type_oid() const;
  int32_t pg_typmod() const;
  // 8 bytes for catalogs and files: id, precision, scale, 0, length.
  uint64_t Pack() const;
  static LogicalType Unpack(uint64_t packed);
};

// PostgreSQL's interval: three independent fields; comparison normalises 1 month = 30 days = 24 h.
struct Interval {
  int32_t months = 0;
  int32_t days = 0;
  int64_t micros = 0;
  friend constexpr bool operator==(const Interval&, const Interval&) = default;
};
static_assert(sizeof(Interval) == 16);

inline constexpr int64_t kMicrosPerSecond = 1'000'000;
inline constexpr int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;

}  // namespace driftdb

#endif  // DRIFTDB_TYPES_LOGICAL_TYPE_H_
