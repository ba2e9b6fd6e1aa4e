// Civil-day arithmetic of the proleptic Gregorian calendar, and special values of date and
// timestamp. Shape: days since 1970-01-01; microseconds since 1970-01-01 00:00:00. Years are
// astronomical (1 BC = 0). Infinity is the extreme value of the physical type, as in PostgreSQL.
// Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".
#ifndef DRIFTDB_TYPES_CIVIL_H_
#define DRIFTDB_TYPES_CIVIL_H_

#include <cstdint>
#include <limits>

#include "base/int128.h"
#include "types/logical_type.h"

namespace driftdb {

inline constexpr int32_t kDateInfinity = std::numeric_limits<int32_t>::max();
inline constexpr int32_t kDateMinusInfinity = std::numeric_limits<int32_t>::min();
inline constexpr int64_t kTimestampInfinity = std::numeric_limits<int64_t>::max();
inline constexpr int64_t kTimestampMinusInfinity = std::numeric_limits<int64_t>::min();

struct CivilDate {
  int32_t year = 1970;
  int32_t month = 1;  // 1..12
  int32_t day = 1;    // 1..31
};

constexpr int32_t DaysFromCivil(int32_t year, int32_t month, int32_t day) {
  const int64_t y = static_cast<int64_t>(year) - (month <= 2 ? 1 : 0);
  const int64_t era = (y >= 0 ? y : y - 399) / 400;
  const auto yoe = static_cast<uint32_t>(y - era * 400);
  const auto m = static_cast<uint32_t>(month);
  const uint32_t doy = (153 * (m + (m > 2 ? -3U : 9U)) + 2) / 5 + static_cast<uint32_t>(day) - 1;
  const uint32_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return static_cast<int32_t>(era * 146097 + static_cast<int64_t>(doe) - 719468);
}

constexpr CivilDate CivilFromDays(int32_t days) {
  const int64_t z = static_cast<int64_t>(days) + 719468;
  const int64_t era = (z >= 0 ? z : z - 146096) / 146097;
  const auto doe = static_cast<uint32_t>(z - era * 146097);
  const uint32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const uint32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const uint32_t mp = (5 * doy + 2) / 153;
  CivilDate date;
  date.day = static_cast<int32_t>(doy - (153 * mp + 2) / 5 + 1);
  date.month = static_cast<int32_t>(mp < 10 ? mp + 3 : mp - 9);
  date.year =
      static_cast<int32_t>(static_cast<int64_t>(yoe) + era * 400 + (date.month <= 2 ? 1 : 0));
  return date;
}

constexpr bool IsLeapYear(int32_t year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}
constexpr int32_t DaysInMonth(int32_t year, int32_t month) {
  constexpr int8_t kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && IsLeapYear(year) ? 29 : kDays[month - 1];
}
// 0 = Sunday.
constexpr int32_t DayOfWeek(int32_t days) {
  const int64_t d = (static_cast<int64_t>(days) + 4) % 7;
  return static_cast<int32_t>(d < 0 ? d + 7 : d);
}
constexpr int64_t FloorDiv(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// Range of PostgreSQL: 4713-01-01 BC .. 5874897-12-31 (date), 4713-01-01 BC .. 294276-12-31
// (timestamp).
inline constexpr int32_t kDateMin = DaysFromCivil(-4712, 1, 1);
inline constexpr int32_t kDateMax = DaysFromCivil(5874897, 12, 31);
inline constexpr int64_t kTimestampMin =
    static_cast<int64_t>(DaysFromCivil(-4712, 1, 1)) * kMicrosPerDay;
inline constexpr int64_t kTimestampEnd =
    static_cast<int64_t>(DaysFromCivil(294247, 1, 1)) * kMicrosPerDay;
constexpr bool TimestampInRange(int64_t micros) {
  return micros >= kTimestampMin && micros < kTimestampEnd;
}

// Interval as microseconds with 30-day months and 24-hour days, for comparison.
constexpr int128_t IntervalMicros(const Interval& v) {
  return (static_cast<int128_t>(v.months) * 30 + v.days) * kMicrosPerDay + v.micros;
}

}  // namespace driftdb

#endif  // DRIFTDB_TYPES_CIVIL_H_
