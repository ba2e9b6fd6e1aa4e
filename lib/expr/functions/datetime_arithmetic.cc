// + - * / of dates, times, timestamps and intervals.
#include <algorithm>
#include <cmath>

#include "expr/functions/functions.h"
#include "expr/kernel.h"
#include "types/civil.h"

namespace driftdb::expr {

bool AddIntervalToTimestamp(int64_t micros, const Interval& interval, int sign, int64_t* out) {
  if (micros == kTimestampInfinity || micros == kTimestampMinusInfinity) {
    *out = micros;
    return true;
  }
  int64_t days = FloorDiv(micros, kMicrosPerDay);
  const int64_t clock = micros - days * kMicrosPerDay;
  if (interval.months != 0) {
    CivilDate date = CivilFromDays(static_cast<int32_t>(days));
    const int64_t months =
        static_cast<int64_t>(date.year) * 12 + date.month - 1 + int64_t{sign} * interval.months;
    const int64_t year = FloorDiv(months, 12);
    if (year < -5000 || year > 300000) return false;
    date.year = static_cast<int32_t>(year);
    date.month = static_cast<int32_t>(months - year * 12) + 1;
    // 31 January + 1 month is the last day of February.
    date.day = std::min(date.day, DaysInMonth(date.year, date.month));
    days = DaysFromCivil(date.year, date.month, date.day);
  }
  days += int64_t{sign} * interval.days;
  const int128_t result = static_cast<int128_t>(days) * kMicrosPerDay + clock +
                          static_cast<int128_t>(sign) * interval.micros;
  if (result < kTimestampMin || result >= kTimestampEnd) return false;
  *out = static_cast<int64_t>(result);
  return true;
}

Interval JustifyHours(const Interval& v) {
  int64_t days = v.micros / kMicrosPerDay;
  int64_t micros = v.micros % kMicrosPerDay;
  days += v.days;
  if (days > 0 && micros < 0) {
    micros += kMicrosPerDay;
    --days;
  } else if (days < 0 && micros > 0) {
    micros -= kMicrosPerDay;
    ++days;
  }
  return {v.months, static_cast<int32_t>(days), micros};
}

namespace {

Status DatetimeTimestampRange() {
  return Error(sqlstate::kDatetimeOverflow, "timestamp out of range");
}
Status DatetimeDateRange() { return Error(sqlstate::kDatetimeOverflow, "date out of range"); }
Status DatetimeIntervalRange() {
  return Error(sqlstate::kDatetimeOverflow, "interval out of range");
}
bool DatetimeInfiniteDate(int32_t d) { return d == kDateInfinity || d == kDateMinusInfinity; }

// date +- integer. `swapped`: integer + date.
template <int sign, bool swapped>
Status DatetimeDatePlusDays(KernelCall& call) {
  auto* out = call.out->data<int32_t>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const int32_t date = call.args[swapped ? 1 : 0].value<int32_t>(i);
    const int32_t days = call.args[swapped ? 0 : 1].value<int32_t>(i);
    if (DatetimeInfiniteDate(date)) {
      out[i] = date;
      return OkStatus();
    }
    const int64_t r = int64_t{date} + int64_t{sign} * days;
    if (r < kDateMin || r > kDateMax) return DatetimeDateRange();
    out[i] = static_cast<int32_t>(r);
    return OkStatus();
  });
}

Status DatetimeDateMinusDate(KernelCall& call) {
  auto* out = call.out->data<int32_t>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const int32_t a = call.args[0].value<int32_t>(i), b = call.args[1].value<int32_t>(i);
    if (DatetimeInfiniteDate(a) || DatetimeInfiniteDate(b)) {
      return Error(sqlstate::kDatetimeOverflow, "cannot subtract infinite dates");
    }
    out[i] = a - b;
    return OkStatus();
  });
}

int64_t DatetimeDateMicros(int32_t date) {
  if (DatetimeInfiniteDate(date)) return date > 0 ? kTimestampInfinity : kTimestampMinusInfinity;
  return int64_t{date} * kMicrosPerDay;
}

// date, timestamp or timestamptz +- interval. timestamptz moves months and days in the session's
// zone.
template <TypeId type, int sign, bool swapped>
Status DatetimePlusInterval(KernelCall& call) {
  auto* out = call.out->data<int64_t>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const KernelArg& point = call.args[swapped ? 1 : 0];
    const Interval interval = call.args[swapped ? 0 : 1].value<Interval>(i);
    int64_t micros;
    if constexpr (type == TypeId::kDate) {
      const int32_t date = point.value<int32_t>(i);
      if (!DatetimeInfiniteDate(date) &&
          (date < kTimestampMin / kMicrosPerDay || date >= kTimestampEnd / kMicrosPerDay)) {
        return Error(sqlstate::kDatetimeOverflow, "date out of range for timestamp");
      }
      micros = DatetimeDateMicros(date);
    } else {
      micros = point.value<int64_t>(i);
    }
    const bool infinite = micros == kTimestampInfinity || micros == kTimestampMinusInfinity;
    if (type == TypeId::kTimestampTz && !infinite && (interval.months != 0 || interval.days != 0)) {
      int64_t local = micros + call.context->UtcOffsetSeconds(micros) * kMicrosPerSecond;
      if (!AddIntervalToTimestamp(local, {interval.months, interval.days, 0}, sign, &local)) {
        return DatetimeTimestampRange();
      }
      micros = local - call.context->LocalOffsetSeconds(local) * kMicrosPerSecond;
      if (!AddIntervalToTimestamp(micros, {0, 0, interval.micros}, sign, &out[i])) {
        return DatetimeTimestampRange();
      }
      return OkStatus();
    }
    if (!AddIntervalToTimestamp(micros, interval, sign, &out[i])) return DatetimeTimestampRange();
    return OkStatus();
  });
}

// timestamp - timestamp: days and time, as interval_justify_hours.
Status DatetimeTimestampMinus(KernelCall& call) {
  auto* out = call.out->data<Interval>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const int64_t a = call.args[0].value<int64_t>(i), b = call.args[1].value<int64_t>(i);
    if (a == kTimestampInfinity || a == kTimestampMinusInfinity || b == kTimestampInfinity ||
        b == kTimestampMinusInfinity) {
      return Error(sqlstate::kDatetimeOverflow, "cannot subtract infinite timestamps");
    }
    int64_t micros;
    if (__builtin_sub_overflow(a, b, &micros)) return DatetimeIntervalRange();
    out[i] = JustifyHours({0, 0, micros});
    return OkStatus();
  });
}

template <bool swapped>
Status DatetimeDatePlusTime(KernelCall& call) {
  auto* out = call.out->data<int64_t>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const int32_t date = call.args[swapped ? 1 : 0].value<int32_t>(i);
    const int64_t clock = call.args[swapped ? 0 : 1].value<int64_t>(i);
    const int64_t micros = DatetimeDateMicros(date);
    if (DatetimeInfiniteDate(date)) {
      out[i] = micros;
      return OkStatus();
    }
    if (!AddIntervalToTimestamp(micros, {0, 0, clock}, 1, &out[i])) return DatetimeTimestampRange();
    return OkStatus();
  });
}

template <int sign, bool swapped>
Status DatetimeTimePlusInterval(KernelCall& call) {
  auto* out = call.out->data<int64_t>();
  ForEachRow(call.rows, [&](size_t i) {
    const int64_t clock = call.args[swapped ? 1 : 0].value<int64_t>(i);
    const int64_t micros = call.args[swapped ? 0 : 1].value<Interval>(i).micros % kMicrosPerDay;
    const int64_t sum = clock + sign * micros;
    out[i] = sum - FloorDiv(sum, kMicrosPerDay) * kMicrosPerDay;
  });
  return OkStatus();
}

Status DatetimeTimeMinusTime(KernelCall& call) {
  auto* out = call.out->data<Interval>();
  ForEachRow(call.rows, [&](size_t i) {
    out[i] = {0, 0, call.args[0].value<int64_t>(i) - call.args[1].value<int64_t>(i)};
  });
  return OkStatus();
}

template <int sign>
Status IntervalPlusInterval(KernelCall& call) {
  auto* out = call.out->data<Interval>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const Interval a = call.args[0].value<Interval>(i), b = call.args[1].value<Interval>(i);
    bool bad;
    if (sign > 0) {
      bad = __builtin_add_overflow(a.months, b.months, &out[i].months);
      bad |= __builtin_add_overflow(a.days, b.days, &out[i].days);
      bad |= __builtin_add_overflow(a.micros, b.micros, &out[i].micros);
    } else {
      bad = __builtin_sub_overflow(a.months, b.months, &out[i].months);
      bad |= __builtin_sub_overflow(a.days, b.days, &out[i].days);
      bad |= __builtin_sub_overflow(a.micros, b.micros, &out[i].micros);
    }
    return bad ? DatetimeIntervalRange() : OkStatus();
  });
}

Status IntervalNegate(KernelCall& call) {
  auto* out = call.out->data<Interval>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const Interval a = call.args[0].value<Interval>(i);
    bool bad = __builtin_sub_overflow(0, a.months, &out[i].months);
    bad |= __builtin_sub_overflow(0, a.days, &out[i].days);
    bad |= __builtin_sub_overflow(int64_t{0}, a.micros, &out[i].micros);
    return bad ? DatetimeIntervalRange() : OkStatus();
  });
}

// PostgreSQL's TSROUND: six decimals, so that 1/3 month does not leave rounding dirt.
double IntervalRound(double v) { return std::nearbyint(v * 1e6) / 1e6; }

// interval * factor (or / factor), with fractions spilling into smaller units as interval_mul does.
bool IntervalScale(const Interval& v, double factor, bool divide, Interval* out) {
  const auto apply = [&](double x) { return divide ? x / factor : x * factor; };
  const double months = apply(v.months), days = apply(v.days);
  if (std::isnan(months) || std::isnan(days) || std::fabs(months) > 2147483647.0 ||
      std::fabs(days) > 2147483647.0) {
    return false;
  }
  out->months = static_cast<int32_t>(months);
  out->days = static_cast<int32_t>(days);
  double month_rest_days = IntervalRound((months - out->months) * 30.0);
  double seconds_rest = IntervalRound(
      (days - out->days + month_rest_days - static_cast<int>(month_rest_days)) * 86400.0);
  if (std::fabs(seconds_rest) >= 86400.0) {
    const int extra = static_cast<int>(seconds_rest / 86400.0);
    out->days += extra;
    seconds_rest -= extra * 86400.0;
  }
  out->days += static_cast<int32_t>(month_rest_days);
  const double micros = std::nearbyint(apply(static_cast<double>(v.micros)) + seconds_rest * 1e6);
  if (std::isnan(micros) || std::fabs(micros) >= 9.2e18) return false;
  out->micros = static_cast<int64_t>(micros);
  return true;
}

template <bool divide, bool swapped>
Status IntervalTimesNumber(KernelCall& call) {
  auto* out = call.out->data<Interval>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const double factor = call.args[swapped ? 0 : 1].value<double>(i);
    if (divide && factor == 0) return Error(sqlstate::kDivisionByZero, "division by zero");
    if (!IntervalScale(call.args[swapped ? 1 : 0].value<Interval>(i), factor, divide, &out[i])) {
      return DatetimeIntervalRange();
    }
    return OkStatus();
  });
}

template <TypeId id>
void DatetimeAddPoint(FunctionTable* table) {
  const LogicalType result = id == TypeId::kDate ? TypeId::kTimestamp : id;
  const LogicalType iv = TypeId::kInterval;
  const Volatility volatility =
      id == TypeId::kTimestampTz ? Volatility::kStable : Volatility::kImmutable;
  AddOperator(table, "+", {id, iv}, result, DatetimePlusInterval<id, 1, false>).volatility =
      volatility;
  AddOperator(table, "+", {iv, id}, result, DatetimePlusInterval<id, 1, true>).volatility =
      volatility;
  AddOperator(table, "-", {id, iv}, result, DatetimePlusInterval<id, -1, false>).volatility =
      volatility;
}

}  // namespace

void AddDatetimeArithmetic(FunctionTable* table) {
  const LogicalType date = TypeId::kDate, time = TypeId::kTime, stamp = TypeId::kTimestamp,
                    tz = TypeId::kTimestampTz, iv = TypeId::kInterval, i4 = TypeId::kInt32,
                    f8 = TypeId::kDouble;
  AddOperator(table, "+", {date, i4}, date, DatetimeDatePlusDays<1, false>);
  AddOperator(table, "+", {i4, date}, date, DatetimeDatePlusDays<1, true>);
  AddOperator(table, "-", {date, i4}, date, DatetimeDatePlusDays<-1, false>);
  AddOperator(table, "-", {date, date}, i4, DatetimeDateMinusDate);
  DatetimeAddPoint<TypeId::kDate>(table);
  DatetimeAddPoint<TypeId::kTimestamp>(table);
  DatetimeAddPoint<TypeId::kTimestampTz>(table);
  AddOperator(table, "-", {stamp, stamp}, iv, DatetimeTimestampMinus);
  AddOperator(table, "-", {tz, tz}, iv, DatetimeTimestampMinus);
  AddOperator(table, "+", {date, time}, stamp, DatetimeDatePlusTime<false>);
  AddOperator(table, "+", {time, date}, stamp, DatetimeDatePlusTime<true>);
  AddOperator(table, "+", {time, iv}, time, DatetimeTimePlusInterval<1, false>);
  AddOperator(table, "+", {iv, time}, time, DatetimeTimePlusInterval<1, true>);
  AddOperator(table, "-", {time, iv}, time, DatetimeTimePlusInterval<-1, false>);
  AddOperator(table, "-", {time, time}, iv, DatetimeTimeMinusTime);
  AddOperator(table, "+", {iv, iv}, iv, IntervalPlusInterval<1>);
  AddOperator(table, "-", {iv, iv}, iv, IntervalPlusInterval<-1>);
  AddOperator(table, "-", {iv}, iv, IntervalNegate);
  AddOperator(table, "*", {iv, f8}, iv, IntervalTimesNumber<false, false>);
  AddOperator(table, "*", {f8, iv}, iv, IntervalTimesNumber<false, true>);
  AddOperator(table, "/", {iv, f8}, iv, IntervalTimesNumber<true, false>);
}

}  // namespace driftdb::expr
