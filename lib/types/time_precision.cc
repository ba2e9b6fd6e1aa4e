#include "types/time_precision.h"

#include "base/error.h"
#include "types/civil.h"

namespace driftdb {

namespace {

constexpr int64_t kMicrosPerHour = 3600 * kMicrosPerSecond;
constexpr int64_t kMicrosPerMinute = 60 * kMicrosPerSecond;
// PostgreSQL counts from 2000 and rounds half away from it, so .5 before 2000 goes down (P2).
constexpr int64_t kRoundingEpoch = int64_t{DaysFromCivil(2000, 1, 1)} * kMicrosPerDay;

constexpr int64_t kUnits[kFractionDigitsMax + 1] = {1000000, 100000, 10000, 1000, 100, 10, 1};

// To the multiple of `unit` nearest to `micros`, half away from zero. False: outside int64.
bool RoundMicros(int64_t unit, int64_t* micros) {
  const int64_t half = *micros < 0 ? -(unit / 2) : unit / 2;
  int64_t moved;
  if (__builtin_add_overflow(*micros, half, &moved)) return false;
  *micros = moved / unit * unit;
  return true;
}

}  // namespace

Status FitTime(const LogicalType& type, int64_t* micros) {
  const int digits = type.fraction_digits();
  if (digits < 0) return OkStatus();
  const int64_t unit = kUnits[digits];
  if (type.id == TypeId::kTime) {
    // At most 24:00:00, which is a multiple of every unit.
    RoundMicros(unit, micros);
    return OkStatus();
  }
  if (*micros == kTimestampInfinity || *micros == kTimestampMinusInfinity) return OkStatus();
  int64_t rounded = *micros - kRoundingEpoch;
  RoundMicros(unit, &rounded);
  rounded += kRoundingEpoch;
  if (!TimestampInRange(rounded)) {
    return Error(sqlstate::kDatetimeOverflow, "timestamp out of range");
  }
  *micros = rounded;
  return OkStatus();
}

Status FitInterval(const LogicalType& type, Interval* interval) {
  Interval fitted = *interval;
  switch (type.interval_fields()) {
    case IntervalFields::kYear:
      fitted = {fitted.months / 12 * 12, 0, 0};
      break;
    case IntervalFields::kMonth:
    case IntervalFields::kYearToMonth:
      fitted = {fitted.months, 0, 0};
      break;
    case IntervalFields::kDay:
      fitted.micros = 0;
      break;
    case IntervalFields::kHour:
    case IntervalFields::kDayToHour:
      fitted.micros -= fitted.micros % kMicrosPerHour;
      break;
    case IntervalFields::kMinute:
    case IntervalFields::kDayToMinute:
    case IntervalFields::kHourToMinute:
      fitted.micros -= fitted.micros % kMicrosPerMinute;
      break;
    case IntervalFields::kAll:
    case IntervalFields::kSecond:
    case IntervalFields::kDayToSecond:
    case IntervalFields::kHourToSecond:
    case IntervalFields::kMinuteToSecond:
      break;
  }
  const int digits = type.fraction_digits();
  if (digits >= 0 && !RoundMicros(kUnits[digits], &fitted.micros)) {
    return Error(sqlstate::kDatetimeOverflow, "interval out of range");
  }
  *interval = fitted;
  return OkStatus();
}

}  // namespace driftdb
