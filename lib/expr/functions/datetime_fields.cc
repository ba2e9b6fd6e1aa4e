// extract, date_part, date_trunc.
#include <algorithm>
#include <cmath>

#include "expr/functions/functions.h"
#include "expr/kernel.h"
#include "types/civil.h"
#include "types/text_parse.h"

namespace driftdb::expr {

// ISO 8601 week: the year whose week it is, and the week 1..53.
void DateIsoWeek(int32_t days, int32_t* year, int32_t* week) {
  const int32_t weekday = (DayOfWeek(days) + 6) % 7;  // Monday = 0
  const int32_t thursday = days - weekday + 3;
  *year = CivilFromDays(thursday).year;
  *week = (thursday - DaysFromCivil(*year, 1, 1)) / 7 + 1;
}

int32_t DateCentury(int32_t year) {
  return year > 0 ? (year + 99) / 100 : -((99 - (year - 1)) / 100);
}

namespace {

enum class DateField : uint8_t {
  kNone,
  kMicroseconds,
  kMilliseconds,
  kSecond,
  kMinute,
  kHour,
  kDay,
  kWeek,
  kMonth,
  kQuarter,
  kYear,
  kDecade,
  kCentury,
  kMillennium,
  kDow,
  kIsoDow,
  kDoy,
  kIsoYear,
  kEpoch,
  kJulian,
  kTimezone,
  kTimezoneHour,
  kTimezoneMinute,
};
struct DateFieldName {
  std::string_view name;
  DateField field;
};
constexpr DateFieldName kDateFieldNames[] = {
    {"microseconds", DateField::kMicroseconds},
    {"microsecond", DateField::kMicroseconds},
    {"milliseconds", DateField::kMilliseconds},
    {"millisecond", DateField::kMilliseconds},
    {"second", DateField::kSecond},
    {"seconds", DateField::kSecond},
    {"minute", DateField::kMinute},
    {"minutes", DateField::kMinute},
    {"hour", DateField::kHour},
    {"hours", DateField::kHour},
    {"day", DateField::kDay},
    {"days", DateField::kDay},
    {"week", DateField::kWeek},
    {"weeks", DateField::kWeek},
    {"month", DateField::kMonth},
    {"months", DateField::kMonth},
    {"quarter", DateField::kQuarter},
    {"year", DateField::kYear},
    {"years", DateField::kYear},
    {"decade", DateField::kDecade},
    {"decades", DateField::kDecade},
    {"century", DateField::kCentury},
    {"centuries", DateField::kCentury},
    {"millennium", DateField::kMillennium},
    {"millennia", DateField::kMillennium},
    {"dow", DateField::kDow},
    {"isodow", DateField::kIsoDow},
    {"doy", DateField::kDoy},
    {"isoyear", DateField::kIsoYear},
    {"epoch", DateField::kEpoch},
    {"julian", DateField::kJulian},
    {"timezone", DateField::kTimezone},
    {"timezone_hour", DateField::kTimezoneHour},
    {"timezone_minute", DateField::kTimezoneMinute},
};

DateField DateFieldOf(std::string_view name) {
  const std::string lower = LowerAscii(name);
  for (const DateFieldName& entry : kDateFieldNames) {
    if (entry.name == lower) return entry.field;
  }
  return DateField::kNone;
}

Status DateFieldUnknown(std::string_view name, const LogicalType& type) {
  return Error(sqlstate::kInvalidParameterValue, "unit \"{}\" not recognized for type {}",
               LowerAscii(name), type.ToString());
}
Status DateFieldUnsupported(std::string_view name, const LogicalType& type) {
  return Error(sqlstate::kFeatureNotSupported, "unit \"{}\" not supported for type {}",
               LowerAscii(name), type.ToString());
}

int32_t DateMillennium(int32_t year) {
  return year > 0 ? (year + 999) / 1000 : -((999 - (year - 1)) / 1000);
}

// Result in millionths. False: the field does not apply.
// NOLINTNEXTLINE(readability-function-size): one case per field
bool DateFieldOfTimestamp(DateField field, int64_t micros, int32_t offset, int128_t* out) {
  constexpr int64_t kMillion = 1000000;
  const int64_t day_number = FloorDiv(micros, kMicrosPerDay);
  const int64_t clock = micros - day_number * kMicrosPerDay;
  const auto days = static_cast<int32_t>(day_number);
  const CivilDate date = CivilFromDays(days);
  const int32_t shown_year = date.year > 0 ? date.year : date.year - 1;
  int64_t v = 0;
  int32_t iso_year, iso_week;
  switch (field) {
    case DateField::kMicroseconds:
      v = clock % (60 * kMicrosPerSecond);
      break;
    case DateField::kMilliseconds:
      *out = clock % (60 * kMicrosPerSecond) * 1000;
      return true;
    case DateField::kSecond:
      *out = clock % (60 * kMicrosPerSecond);
      return true;
    case DateField::kMinute:
      v = clock / (60 * kMicrosPerSecond) % 60;
      break;
    case DateField::kHour:
      v = clock / (3600 * kMicrosPerSecond);
      break;
    case DateField::kDay:
      v = date.day;
      break;
    case DateField::kMonth:
      v = date.month;
      break;
    case DateField::kQuarter:
      v = (date.month - 1) / 3 + 1;
      break;
    case DateField::kWeek:
      DateIsoWeek(days, &iso_year, &iso_week);
      v = iso_week;
      break;
    case DateField::kIsoYear:
      DateIsoWeek(days, &iso_year, &iso_week);
      v = iso_year > 0 ? iso_year : iso_year - 1;
      break;
    case DateField::kYear:
      v = shown_year;
      break;
    case DateField::kDecade:
      v = FloorDiv(date.year, 10);
      break;
    case DateField::kCentury:
      v = DateCentury(date.year);
      break;
    case DateField::kMillennium:
      v = DateMillennium(date.year);
      break;
    case DateField::kDow:
      v = DayOfWeek(days);
      break;
    case DateField::kIsoDow:
      v = (DayOfWeek(days) + 6) % 7 + 1;
      break;
    case DateField::kDoy:
      v = days - DaysFromCivil(date.year, 1, 1) + 1;
      break;
    case DateField::kEpoch:
      *out = static_cast<int128_t>(micros) - static_cast<int128_t>(offset) * kMillion;
      return true;
    case DateField::kJulian:
      *out = (static_cast<int128_t>(days) + 2440588) * kMillion +
             static_cast<int128_t>(clock) * kMillion / kMicrosPerDay;
      return true;
    case DateField::kTimezone:
      v = offset;
      break;
    case DateField::kTimezoneHour:
      v = offset / 3600;
      break;
    case DateField::kTimezoneMinute:
      v = offset % 3600 / 60;
      break;
    case DateField::kNone:
      return false;
  }
  *out = static_cast<int128_t>(v) * kMillion;
  return true;
}

bool DateFieldOfInterval(DateField field, const Interval& v, int128_t* out) {
  constexpr int64_t kMillion = 1000000;
  const int64_t years = v.months / 12;
  int64_t r = 0;
  switch (field) {
    case DateField::kMicroseconds:
      r = v.micros % (60 * kMicrosPerSecond);
      break;
    case DateField::kMilliseconds:
      *out = v.micros % (60 * kMicrosPerSecond) * 1000;
      return true;
    case DateField::kSecond:
      *out = v.micros % (60 * kMicrosPerSecond);
      return true;
    case DateField::kMinute:
      r = v.micros / (60 * kMicrosPerSecond) % 60;
      break;
    case DateField::kHour:
      r = v.micros / (3600 * kMicrosPerSecond);
      break;
    case DateField::kDay:
      r = v.days;
      break;
    case DateField::kMonth:
      r = v.months % 12;
      break;
    case DateField::kQuarter:
      r = v.months % 12 / 3 + 1;
      break;
    case DateField::kYear:
      r = years;
      break;
    case DateField::kDecade:
      r = years / 10;
      break;
    case DateField::kCentury:
      r = years / 100;
      break;
    case DateField::kMillennium:
      r = years / 1000;
      break;
    case DateField::kEpoch:
      // A year is 365.25 days here, a month 30.
      *out = (static_cast<int128_t>(years) * 1461 * 21600 +
              static_cast<int128_t>(v.months % 12) * 30 * 86400 +
              static_cast<int128_t>(v.days) * 86400) *
                 kMillion +
             v.micros;
      return true;
    default:
      return false;
  }
  *out = static_cast<int128_t>(r) * kMillion;
  return true;
}

bool DateFieldIsClock(DateField field) {
  return field == DateField::kMicroseconds || field == DateField::kMilliseconds ||
         field == DateField::kSecond || field == DateField::kMinute || field == DateField::kHour ||
         field == DateField::kEpoch;
}

// One value in millionths, for any date or time type.
Status DateFieldOfValue(const KernelCall& call, size_t row, std::string_view name, DateField field,
                        int128_t* out, bool* null) {
  const KernelArg& arg = call.args[1];
  const LogicalType& type = arg.type;
  if (field == DateField::kNone) return DateFieldUnknown(name, type);
  bool fine = false;
  int64_t micros = 0;
  int32_t offset = 0;
  *null = false;
  switch (type.id) {
    case TypeId::kInterval:
      fine = DateFieldOfInterval(field, arg.value<Interval>(row), out);
      break;
    case TypeId::kTime:
      fine =
          DateFieldIsClock(field) && DateFieldOfTimestamp(field, arg.value<int64_t>(row), 0, out);
      break;
    case TypeId::kDate: {
      const int32_t days = arg.value<int32_t>(row);
      if (days == kDateInfinity || days == kDateMinusInfinity) {
        *null = true;
        return OkStatus();
      }
      if ((DateFieldIsClock(field) && field != DateField::kEpoch) ||
          field >= DateField::kTimezone) {
        break;
      }
      if (field == DateField::kEpoch) {
        *out = static_cast<int128_t>(days) * kMicrosPerDay;
        fine = true;
        break;
      }
      // Dates beyond the timestamps' range still have their calendar fields.
      const int64_t cycle = int64_t{146097} * kMicrosPerDay;
      micros = static_cast<int64_t>(days % 146097) * kMicrosPerDay;
      if (days > -146097 * 10 && days < 146097 * 10) {
        micros = int64_t{days} * kMicrosPerDay;
      } else {
        micros = static_cast<int64_t>(std::clamp<int128_t>(
            static_cast<int128_t>(days) * kMicrosPerDay, kTimestampMin, kTimestampEnd - cycle));
      }
      fine = DateFieldOfTimestamp(field, micros, 0, out);
      break;
    }
    default:
      micros = arg.value<int64_t>(row);
      if (micros == kTimestampInfinity || micros == kTimestampMinusInfinity) {
        *null = true;
        return OkStatus();
      }
      if (type.id == TypeId::kTimestampTz) {
        offset = call.context->UtcOffsetSeconds(micros);
        micros += offset * kMicrosPerSecond;
      } else if (field >= DateField::kTimezone) {
        break;
      }
      fine = DateFieldOfTimestamp(field, micros, offset, out);
      break;
  }
  return fine ? OkStatus() : DateFieldUnsupported(name, type);
}

// Year, month and day of a column of dates: the shapes analytic queries use, without the general
// path.
template <DateField field, typename R>
void DateFieldFast(KernelCall& call, int64_t unit) {
  R* out = call.out->data<R>();
  const KernelArg& arg = call.args[1];
  ForEachRow(call.rows, [&](size_t i) {
    const CivilDate date = CivilFromDays(arg.value<int32_t>(i));
    const int32_t v = field == DateField::kYear    ? (date.year > 0 ? date.year : date.year - 1)
                      : field == DateField::kMonth ? date.month
                                                   : date.day;
    out[i] = static_cast<R>(v) * static_cast<R>(unit);
  });
}

// Result scale of extract: whole numbers for most fields, decimals for seconds and epoch, as
// PostgreSQL prints them.
int DateFieldScale(DateField field, const LogicalType& type) {
  switch (field) {
    case DateField::kSecond:
    case DateField::kEpoch:
      return type.id == TypeId::kDate ? 0 : 6;
    case DateField::kJulian:
      return type.id == TypeId::kDate ? 0 : 6;
    case DateField::kMilliseconds:
      return 3;
    default:
      return 0;
  }
}

Result<LogicalType> DateFieldBind(std::vector<ExprPtr>& args) {
  constexpr int kFieldDigits = 18;
  if (args[0]->kind == ExprKind::kConstant && !args[0]->value.is_null()) {
    const DateField field = DateFieldOf(args[0]->value.string());
    if (field == DateField::kNone) {
      return DateFieldUnknown(args[0]->value.string(), args[1]->type);
    }
    return LogicalType::Decimal(kFieldDigits, DateFieldScale(field, args[1]->type));
  }
  return LogicalType::Decimal(kFieldDigits, 6);
}

template <bool to_double>
Status DateFieldExtract(KernelCall& call) {
  constexpr int64_t kUnits[] = {1000000, 100000, 10000, 1000, 100, 10, 1};
  const int64_t divisor = to_double ? 1 : kUnits[call.result_type.scale];
  if (call.args[0].constant && call.args[1].type.id == TypeId::kDate) {
    const DateField field = DateFieldOf(call.args[0].text(0));
    bool infinite = false;
    ForEachRow(call.rows, [&](size_t i) {
      const int32_t d = call.args[1].value<int32_t>(i);
      infinite |= d == kDateInfinity || d == kDateMinusInfinity;
    });
    using R = std::conditional_t<to_double, double, int64_t>;
    if (!infinite && field == DateField::kYear) {
      DateFieldFast<DateField::kYear, R>(call, 1);
      return OkStatus();
    }
    if (!infinite && field == DateField::kMonth) {
      DateFieldFast<DateField::kMonth, R>(call, 1);
      return OkStatus();
    }
  }
  DateField field = DateField::kNone;
  std::string_view known;
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const std::string_view name = call.args[0].text(i);
    if (field == DateField::kNone || name != known) {
      field = DateFieldOf(name);
      known = name;
    }
    int128_t millionths = 0;
    bool null = false;
    DRIFTDB_RETURN_IF_ERROR(DateFieldOfValue(call, i, name, field, &millionths, &null));
    if (null) call.out->SetNull(i);
    if (to_double) {
      call.out->data<double>()[i] = static_cast<double>(millionths) / 1e6;
    } else {
      call.out->data<int64_t>()[i] = static_cast<int64_t>(millionths / divisor);
    }
    return OkStatus();
  });
}

bool DateTruncate(DateField field, int64_t micros, int64_t* out) {
  int64_t day_number = FloorDiv(micros, kMicrosPerDay);
  const int64_t clock = micros - day_number * kMicrosPerDay;
  const auto days = static_cast<int32_t>(day_number);
  CivilDate date = CivilFromDays(days);
  const auto first_of = [](int32_t year, int32_t month) {
    return int64_t{DaysFromCivil(year, month, 1)} * kMicrosPerDay;
  };
  const auto cut = [&](int64_t unit) { return micros - clock % unit; };
  switch (field) {
    case DateField::kMicroseconds:
      *out = micros;
      return true;
    case DateField::kMilliseconds:
      *out = cut(1000);
      return true;
    case DateField::kSecond:
      *out = cut(kMicrosPerSecond);
      return true;
    case DateField::kMinute:
      *out = cut(60 * kMicrosPerSecond);
      return true;
    case DateField::kHour:
      *out = cut(3600 * kMicrosPerSecond);
      return true;
    case DateField::kDay:
      *out = day_number * kMicrosPerDay;
      return true;
    case DateField::kWeek:
      *out = (day_number - (DayOfWeek(days) + 6) % 7) * kMicrosPerDay;
      return true;
    case DateField::kMonth:
      *out = first_of(date.year, date.month);
      return true;
    case DateField::kQuarter:
      *out = first_of(date.year, (date.month - 1) / 3 * 3 + 1);
      return true;
    case DateField::kYear:
      *out = first_of(date.year, 1);
      return true;
    case DateField::kDecade:
      *out = first_of(static_cast<int32_t>(FloorDiv(date.year, 10) * 10), 1);
      return true;
    case DateField::kCentury:
      *out = first_of(static_cast<int32_t>(FloorDiv(date.year - 1, 100) * 100 + 1), 1);
      return true;
    case DateField::kMillennium:
      *out = first_of(static_cast<int32_t>(FloorDiv(date.year - 1, 1000) * 1000 + 1), 1);
      return true;
    default:
      return false;
  }
}

template <bool with_zone>
Status DateTruncTimestamp(KernelCall& call) {
  auto* out = call.out->data<int64_t>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const std::string_view name = call.args[0].text(i);
    const DateField field = DateFieldOf(name);
    int64_t micros = call.args[1].value<int64_t>(i);
    if (field == DateField::kNone) return DateFieldUnknown(name, call.args[1].type);
    if (micros == kTimestampInfinity || micros == kTimestampMinusInfinity) {
      out[i] = micros;
      return OkStatus();
    }
    if (with_zone) micros += call.context->UtcOffsetSeconds(micros) * kMicrosPerSecond;
    if (!DateTruncate(field, micros, &micros)) {
      return DateFieldUnknown(name, call.args[1].type);
    }
    if (with_zone) micros -= call.context->LocalOffsetSeconds(micros) * kMicrosPerSecond;
    out[i] = micros;
    return OkStatus();
  });
}

Status DateTruncInterval(KernelCall& call) {
  auto* out = call.out->data<Interval>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const std::string_view name = call.args[0].text(i);
    const DateField field = DateFieldOf(name);
    Interval v = call.args[1].value<Interval>(i);
    if (field == DateField::kNone) return DateFieldUnknown(name, TypeId::kInterval);
    const auto cut_months = [&](int32_t unit) { v = {v.months / unit * unit, 0, 0}; };
    switch (field) {
      case DateField::kMillennium:
        cut_months(12000);
        break;
      case DateField::kCentury:
        cut_months(1200);
        break;
      case DateField::kDecade:
        cut_months(120);
        break;
      case DateField::kYear:
        cut_months(12);
        break;
      case DateField::kQuarter:
        cut_months(3);
        break;
      case DateField::kMonth:
        cut_months(1);
        break;
      case DateField::kDay:
        v.micros = 0;
        break;
      case DateField::kHour:
        v.micros -= v.micros % (3600 * kMicrosPerSecond);
        break;
      case DateField::kMinute:
        v.micros -= v.micros % (60 * kMicrosPerSecond);
        break;
      case DateField::kSecond:
        v.micros -= v.micros % kMicrosPerSecond;
        break;
      case DateField::kMilliseconds:
        v.micros -= v.micros % 1000;
        break;
      case DateField::kMicroseconds:
        break;
      default:
        return field == DateField::kWeek ? DateFieldUnsupported(name, TypeId::kInterval)
                                         : DateFieldUnknown(name, TypeId::kInterval);
    }
    out[i] = v;
    return OkStatus();
  });
}

}  // namespace

void AddDatetimeFunctions(FunctionTable* table) {
  const LogicalType text = TypeId::kText;
  for (const TypeId id : {TypeId::kDate, TypeId::kTime, TypeId::kTimestamp, TypeId::kTimestampTz,
                          TypeId::kInterval}) {
    const Volatility volatility =
        id == TypeId::kTimestampTz ? Volatility::kStable : Volatility::kImmutable;
    ScalarFunction& extract =
        AddFunction(table, "extract", {text, id}, kAnyDecimal, DateFieldExtract<false>);
    extract.bind = DateFieldBind;
    extract.volatility = volatility;
    AddFunction(table, "date_part", {text, id}, TypeId::kDouble, DateFieldExtract<true>)
        .volatility = volatility;
  }
  AddFunction(table, "date_trunc", {text, TypeId::kTimestamp}, TypeId::kTimestamp,
              DateTruncTimestamp<false>);
  AddFunction(table, "date_trunc", {text, TypeId::kTimestampTz}, TypeId::kTimestampTz,
              DateTruncTimestamp<true>)
      .volatility = Volatility::kStable;
  AddFunction(table, "date_trunc", {text, TypeId::kInterval}, TypeId::kInterval, DateTruncInterval);
}

}  // namespace driftdb::expr
