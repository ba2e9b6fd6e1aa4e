// Construction and difference of dates and times: make_*, age, justify_*, now and friends, AT TIME
// ZONE.
#include <cmath>

#include "expr/functions/functions.h"
#include "expr/kernel.h"
#include "types/civil.h"

namespace driftdb::expr {

namespace {

Status MakeFieldRange(std::string_view what, int64_t y, int64_t m, int64_t d) {
  return Error(sqlstate::kDatetimeOverflow, "{} field value out of range: {}-{:02}-{:02}", what, y,
               m, d);
}

Status MakeDays(int32_t year, int32_t month, int32_t day, int32_t* out) {
  const int32_t astronomical = year < 0 ? year + 1 : year;
  if (year == 0 || month < 1 || month > 12 || day < 1 || day > DaysInMonth(astronomical, month)) {
    return MakeFieldRange("date", year, month, day);
  }
  if (astronomical < -4712 || astronomical > 5874897) {
    return Error(sqlstate::kDatetimeOverflow, "date out of range: {}-{:02}-{:02}", year, month,
                 day);
  }
  *out = DaysFromCivil(astronomical, month, day);
  return OkStatus();
}

Status MakeClock(int32_t hour, int32_t minute, double second, int64_t* out) {
  if (hour < 0 || minute < 0 || minute > 59 || !(second >= 0) || second > 60 || hour > 24 ||
      (hour == 24 && (minute > 0 || second > 0))) {
    return Error(sqlstate::kDatetimeOverflow, "time field value out of range: {}:{:02}:{:02g}",
                 hour, minute, second);
  }
  *out = (hour * 3600LL + minute * 60) * kMicrosPerSecond +
         static_cast<int64_t>(std::nearbyint(second * 1e6));
  return OkStatus();
}

Status MakeDate(KernelCall& call) {
  auto* out = call.out->data<int32_t>();
  return ForEachRowChecked(call.rows, [&](size_t i) {
    return MakeDays(call.args[0].value<int32_t>(i), call.args[1].value<int32_t>(i),
                    call.args[2].value<int32_t>(i), &out[i]);
  });
}
Status MakeTime(KernelCall& call) {
  auto* out = call.out->data<int64_t>();
  return ForEachRowChecked(call.rows, [&](size_t i) {
    return MakeClock(call.args[0].value<int32_t>(i), call.args[1].value<int32_t>(i),
                     call.args[2].value<double>(i), &out[i]);
  });
}
template <bool with_zone>
Status MakeTimestamp(KernelCall& call) {
  auto* out = call.out->data<int64_t>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    int32_t days = 0;
    int64_t clock;
    DRIFTDB_RETURN_IF_ERROR(MakeDays(call.args[0].value<int32_t>(i), call.args[1].value<int32_t>(i),
                                     call.args[2].value<int32_t>(i), &days));
    DRIFTDB_RETURN_IF_ERROR(MakeClock(call.args[3].value<int32_t>(i),
                                      call.args[4].value<int32_t>(i), call.args[5].value<double>(i),
                                      &clock));
    if (days >= kTimestampEnd / kMicrosPerDay) {
      return Error(sqlstate::kDatetimeOverflow, "timestamp out of range");
    }
    out[i] = days * kMicrosPerDay + clock;
    if (with_zone) out[i] -= call.context->LocalOffsetSeconds(out[i]) * kMicrosPerSecond;
    return OkStatus();
  });
}

// make_interval(years, months, weeks, days, hours, mins, secs), any number of them from the left.
Status MakeInterval(KernelCall& call) {
  auto* out = call.out->data<Interval>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    int64_t parts[6] = {0, 0, 0, 0, 0, 0};
    for (size_t a = 0; a < call.arg_count && a < 6; ++a) parts[a] = call.args[a].value<int32_t>(i);
    const double seconds = call.arg_count > 6 ? call.args[6].value<double>(i) : 0;
    const int64_t months = parts[0] * 12 + parts[1], days = parts[2] * 7 + parts[3];
    const double micros =
        std::nearbyint(seconds * 1e6) + (parts[4] * 3600.0 + parts[5] * 60.0) * 1e6;
    if (months != static_cast<int32_t>(months) || days != static_cast<int32_t>(days) ||
        !(std::fabs(micros) < 9.2e18)) {
      return Error(sqlstate::kDatetimeOverflow, "interval out of range");
    }
    out[i] = {static_cast<int32_t>(months), static_cast<int32_t>(days),
              (parts[4] * 3600 + parts[5] * 60) * kMicrosPerSecond +
                  static_cast<int64_t>(std::nearbyint(seconds * 1e6))};
    return OkStatus();
  });
}

// age(a, b): symbolic difference in years, months, days and time.
Interval MakeAge(int64_t a, int64_t b) {
  const bool negative = a < b;
  const int64_t late = negative ? b : a, early = negative ? a : b;
  const int64_t late_days = FloorDiv(late, kMicrosPerDay);
  const int64_t early_days = FloorDiv(early, kMicrosPerDay);
  const CivilDate x = CivilFromDays(static_cast<int32_t>(late_days));
  const CivilDate y = CivilFromDays(static_cast<int32_t>(early_days));
  int64_t micros = (late - late_days * kMicrosPerDay) - (early - early_days * kMicrosPerDay);
  int32_t days = x.day - y.day;
  int32_t months = (x.year - y.year) * 12 + x.month - y.month;
  if (micros < 0) {
    micros += kMicrosPerDay;
    --days;
  }
  while (days < 0) {
    // Borrow the length of the month that the earlier date lies in.
    days += DaysInMonth(y.year, y.month);
    --months;
  }
  if (negative) return {-months, -days, -micros};
  return {months, days, micros};
}

template <bool with_zone, bool to_now>
Status MakeAgeKernel(KernelCall& call) {
  auto* out = call.out->data<Interval>();
  int64_t today = 0;
  if (to_now) {
    const int64_t now = call.context->transaction_time();
    const int64_t local = now + call.context->UtcOffsetSeconds(now) * kMicrosPerSecond;
    today = FloorDiv(local, kMicrosPerDay) * kMicrosPerDay;
  }
  const auto local = [&](int64_t micros) {
    return with_zone ? micros + call.context->UtcOffsetSeconds(micros) * kMicrosPerSecond : micros;
  };
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const int64_t a = call.args[0].value<int64_t>(i);
    const int64_t b = to_now ? 0 : call.args[1].value<int64_t>(i);
    for (const int64_t v : {a, b}) {
      if (v == kTimestampInfinity || v == kTimestampMinusInfinity) {
        return Error(sqlstate::kDatetimeOverflow, "interval out of range");
      }
    }
    out[i] = to_now ? MakeAge(today, local(a)) : MakeAge(local(a), local(b));
    return OkStatus();
  });
}

Interval MakeJustifyDays(const Interval& v) {
  int64_t months = v.days / 30;
  int32_t days = v.days % 30;
  months += v.months;
  if (months > 0 && days < 0) {
    days += 30;
    --months;
  } else if (months < 0 && days > 0) {
    days -= 30;
    ++months;
  }
  return {static_cast<int32_t>(months), days, v.micros};
}
Interval MakeJustifyBoth(const Interval& v) {
  Interval r = MakeJustifyDays(JustifyHours(v));
  // Signs of all three fields end up equal.
  if (r.months > 0 && (r.days < 0 || (r.days == 0 && r.micros < 0))) {
    r.days += 30;
    --r.months;
  } else if (r.months < 0 && (r.days > 0 || (r.days == 0 && r.micros > 0))) {
    r.days -= 30;
    ++r.months;
  }
  if (r.days > 0 && r.micros < 0) {
    r.micros += kMicrosPerDay;
    --r.days;
  } else if (r.days < 0 && r.micros > 0) {
    r.micros -= kMicrosPerDay;
    ++r.days;
  }
  return r;
}
template <Interval (*f)(const Interval&)>
Status MakeJustify(KernelCall& call) {
  auto* out = call.out->data<Interval>();
  ForEachRow(call.rows, [&](size_t i) { out[i] = f(call.args[0].value<Interval>(i)); });
  return OkStatus();
}

enum class MakeNow : uint8_t { kTransaction, kStatement, kLocal, kDate, kTime };
template <MakeNow kind>
Status MakeCurrent(KernelCall& call) {
  const int64_t now = kind == MakeNow::kStatement ? call.context->statement_time()
                                                  : call.context->transaction_time();
  const int64_t local = now + call.context->UtcOffsetSeconds(now) * kMicrosPerSecond;
  const int64_t days = FloorDiv(local, kMicrosPerDay);
  ForEachRow(call.rows, [&](size_t i) {
    if (kind == MakeNow::kDate) {
      call.out->data<int32_t>()[i] = static_cast<int32_t>(days);
    } else {
      call.out->data<int64_t>()[i] = kind == MakeNow::kLocal  ? local
                                     : kind == MakeNow::kTime ? local - days * kMicrosPerDay
                                                              : now;
    }
  });
  return OkStatus();
}
Status MakeClockTimestamp(KernelCall& call) {
  auto* out = call.out->data<int64_t>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    DRIFTDB_ASSIGN_OR_RETURN(out[i], call.context->ClockTime());
    return OkStatus();
  });
}

// timezone(zone, x): x AT TIME ZONE zone, in both directions.
template <bool from_local>
Status MakeAtTimeZone(KernelCall& call) {
  auto* out = call.out->data<int64_t>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const int64_t micros = call.args[1].value<int64_t>(i);
    DRIFTDB_ASSIGN_OR_RETURN(const int32_t offset, call.context->NamedZoneOffset(
                                                       call.args[0].text(i), micros, from_local));
    out[i] = micros;
    if (micros != kTimestampInfinity && micros != kTimestampMinusInfinity) {
      out[i] += (from_local ? -1 : 1) * offset * kMicrosPerSecond;
    }
    return OkStatus();
  });
}

Status MakeToTimestamp(KernelCall& call) {
  auto* out = call.out->data<int64_t>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const double seconds = call.args[0].value<double>(i);
    const double micros = std::nearbyint(seconds * 1e6);
    if (std::isinf(seconds)) {
      out[i] = seconds > 0 ? kTimestampInfinity : kTimestampMinusInfinity;
      return OkStatus();
    }
    if (!(micros >= static_cast<double>(kTimestampMin) &&
          micros < static_cast<double>(kTimestampEnd))) {
      return Error(sqlstate::kDatetimeOverflow, "timestamp out of range: \"{}\"", seconds);
    }
    out[i] = static_cast<int64_t>(micros);
    return OkStatus();
  });
}

template <typename T>
Status MakeIsFinite(KernelCall& call) {
  auto* out = call.out->data<uint8_t>();
  ForEachRow(call.rows, [&](size_t i) {
    const T v = call.args[0].value<T>(i);
    out[i] = v != std::numeric_limits<T>::max() && v != std::numeric_limits<T>::min() ? 1 : 0;
  });
  return OkStatus();
}

void MakeAddCurrent(FunctionTable* table, std::string_view name, LogicalType type,
                    ScalarKernel kernel) {
  ScalarFunction& f = AddFunction(table, name, {}, type, kernel);
  f.volatility = Volatility::kStable;
  f.may_fail = false;
}

}  // namespace

void AddDatetimeMakeFunctions(FunctionTable* table) {
  const LogicalType i4 = TypeId::kInt32, f8 = TypeId::kDouble, text = TypeId::kText,
                    date = TypeId::kDate, time = TypeId::kTime, stamp = TypeId::kTimestamp,
                    tz = TypeId::kTimestampTz, iv = TypeId::kInterval, boolean = TypeId::kBoolean;
  AddFunction(table, "make_date", {i4, i4, i4}, date, MakeDate);
  AddFunction(table, "make_time", {i4, i4, f8}, time, MakeTime);
  AddFunction(table, "make_timestamp", {i4, i4, i4, i4, i4, f8}, stamp, MakeTimestamp<false>);
  AddFunction(table, "make_timestamptz", {i4, i4, i4, i4, i4, f8}, tz, MakeTimestamp<true>)
      .volatility = Volatility::kStable;
  std::vector<LogicalType> parts;
  for (int a = 0; a <= 7; ++a) {
    AddFunction(table, "make_interval", parts, iv, MakeInterval);
    parts.push_back(a == 6 ? f8 : i4);
  }
  AddFunction(table, "age", {stamp, stamp}, iv, MakeAgeKernel<false, false>);
  AddFunction(table, "age", {tz, tz}, iv, MakeAgeKernel<true, false>).volatility =
      Volatility::kStable;
  AddFunction(table, "age", {stamp}, iv, MakeAgeKernel<false, true>).volatility =
      Volatility::kStable;
  AddFunction(table, "age", {tz}, iv, MakeAgeKernel<true, true>).volatility = Volatility::kStable;
  AddFunction(table, "justify_hours", {iv}, iv, MakeJustify<JustifyHours>).may_fail = false;
  AddFunction(table, "justify_days", {iv}, iv, MakeJustify<MakeJustifyDays>).may_fail = false;
  AddFunction(table, "justify_interval", {iv}, iv, MakeJustify<MakeJustifyBoth>).may_fail = false;
  MakeAddCurrent(table, "now", tz, MakeCurrent<MakeNow::kTransaction>);
  MakeAddCurrent(table, "transaction_timestamp", tz, MakeCurrent<MakeNow::kTransaction>);
  MakeAddCurrent(table, "current_timestamp", tz, MakeCurrent<MakeNow::kTransaction>);
  MakeAddCurrent(table, "statement_timestamp", tz, MakeCurrent<MakeNow::kStatement>);
  MakeAddCurrent(table, "localtimestamp", stamp, MakeCurrent<MakeNow::kLocal>);
  MakeAddCurrent(table, "current_date", date, MakeCurrent<MakeNow::kDate>);
  MakeAddCurrent(table, "current_time", time, MakeCurrent<MakeNow::kTime>);
  MakeAddCurrent(table, "localtime", time, MakeCurrent<MakeNow::kTime>);
  AddFunction(table, "clock_timestamp", {}, tz, MakeClockTimestamp).volatility =
      Volatility::kVolatile;
  AddFunction(table, "timezone", {text, stamp}, tz, MakeAtTimeZone<true>);
  AddFunction(table, "timezone", {text, tz}, stamp, MakeAtTimeZone<false>);
  AddFunction(table, "to_timestamp", {f8}, tz, MakeToTimestamp);
  AddFunction(table, "isfinite", {date}, boolean, MakeIsFinite<int32_t>).may_fail = false;
  AddFunction(table, "isfinite", {stamp}, boolean, MakeIsFinite<int64_t>).may_fail = false;
  AddFunction(table, "isfinite", {tz}, boolean, MakeIsFinite<int64_t>).may_fail = false;
}

}  // namespace driftdb::expr
