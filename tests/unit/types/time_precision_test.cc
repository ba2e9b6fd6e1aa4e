// Goal: values fit the digits and fields of their type, and types keep them in files and names.
// Method: values, names and typmods as PostgreSQL 15 gives them (captured from a server), the ends
// of the ranges, and packed types that no writer made.
#include "types/time_precision.h"

#include <limits>

#include "catch2/catch.hpp"

#include "types/civil.h"
#include "types/text_format.h"

namespace driftdb {

namespace {

LogicalType IntervalOf(IntervalFields fields, int digits) {
  LogicalType type = digits < 0 ? LogicalType(TypeId::kInterval)
                                : LogicalType::Fraction(TypeId::kInterval, digits);
  type.scale = static_cast<uint8_t>(fields);
  return type;
}

std::string Read(const LogicalType& type, const std::string& text) {
  Result<Value> value = ParseValue(type, text);
  if (!value.ok()) return std::string(value.status().sqlstate().view());
  return FormatValue(*value);
}

}  // namespace

TEST_CASE("time precision: names and typmods are PostgreSQL's", "[types]") {
  struct Case {
    LogicalType type;
    const char* name;
    int32_t typmod;
  };
  const Case cases[] = {
      {LogicalType::Fraction(TypeId::kTimestamp, 0), "timestamp(0) without time zone", 0},
      {LogicalType::Fraction(TypeId::kTimestamp, 6), "timestamp(6) without time zone", 6},
      {LogicalType::Fraction(TypeId::kTime, 1), "time(1) without time zone", 1},
      {LogicalType::Fraction(TypeId::kTimestampTz, 2), "timestamp(2) with time zone", 2},
      {TypeId::kTime, "time without time zone", -1},
      {IntervalOf(IntervalFields::kDayToSecond, 0), "interval day to second(0)", 470286336},
      {IntervalOf(IntervalFields::kAll, 3), "interval(3)", 2147418115},
      {IntervalOf(IntervalFields::kYear, -1), "interval year", 327679},
      {IntervalOf(IntervalFields::kHourToMinute, -1), "interval hour to minute", 201392127},
      {IntervalOf(IntervalFields::kYearToMonth, -1), "interval year to month", 458751},
      {IntervalOf(IntervalFields::kSecond, -1), "interval second", 268500991},
      {IntervalOf(IntervalFields::kMinuteToSecond, 6), "interval minute to second(6)", 402653190},
      {TypeId::kInterval, "interval", -1},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    CHECK(c.type.ToString() == c.name);
    CHECK(c.type.pg_typmod() == c.typmod);
    CHECK(LogicalType::Unpack(c.type.Pack()) == c.type);
  }
}

TEST_CASE("time precision: packed types that nobody wrote are harmless", "[types]") {
  LogicalType odd(TypeId::kInterval);
  odd.precision = 200;
  odd.scale = 77;
  const LogicalType type = LogicalType::Unpack(odd.Pack());
  CHECK(type.fraction_digits() == -1);
  CHECK(type.interval_fields() == IntervalFields::kAll);
  CHECK_FALSE(type.is_rounded());
  CHECK(type.ToString() == "interval");
  CHECK(type.pg_typmod() == -1);
  CHECK_FALSE(LogicalType::Decimal(5, 2).is_rounded());
}

TEST_CASE("time precision: half is rounded away from 2000", "[types]") {
  const LogicalType whole = LogicalType::Fraction(TypeId::kTimestamp, 0);
  CHECK(Read(whole, "2020-01-01 00:00:00.499999") == "2020-01-01 00:00:00");
  CHECK(Read(whole, "2020-01-01 00:00:00.5") == "2020-01-01 00:00:01");
  CHECK(Read(whole, "1999-12-31 23:59:59.5") == "1999-12-31 23:59:59");
  CHECK(Read(whole, "1999-12-31 23:59:59.500001") == "2000-01-01 00:00:00");
  CHECK(Read(whole, "infinity") == "infinity");
  CHECK(Read(whole, "-infinity") == "-infinity");
  CHECK(Read(whole, "294246-12-31 23:59:59.4") == "294246-12-31 23:59:59");
  CHECK(Read(whole, "294246-12-31 23:59:59.5") == "22008");
  CHECK(Read(LogicalType::Fraction(TypeId::kTime, 0), "23:59:59.5") == "24:00:00");
  CHECK(Read(LogicalType::Fraction(TypeId::kTime, 5), "10:00:00.000005") == "10:00:00.00001");
}

TEST_CASE("time precision: intervals lose fields, then digits", "[types]") {
  CHECK(Read(IntervalOf(IntervalFields::kDay, -1), "5") == "5 days");
  CHECK(Read(IntervalOf(IntervalFields::kHour, -1), "-1 day -02:03:04") == "-1 days -02:00:00");
  CHECK(Read(IntervalOf(IntervalFields::kMinuteToSecond, -1), "3:4") == "00:03:04");
  CHECK(Read(IntervalOf(IntervalFields::kSecond, 1), "-1.25") == "-00:00:01.3");
  Interval extreme{0, 0, std::numeric_limits<int64_t>::max()};
  const Interval before = extreme;
  const Status status = FitInterval(IntervalOf(IntervalFields::kAll, 0), &extreme);
  CHECK(status.sqlstate() == sqlstate::kDatetimeOverflow);
  CHECK(extreme == before);
  extreme.micros = std::numeric_limits<int64_t>::min();
  CHECK_FALSE(FitInterval(IntervalOf(IntervalFields::kAll, 0), &extreme).ok());
  CHECK(FitInterval(IntervalOf(IntervalFields::kHour, -1), &extreme).ok());
}

}  // namespace driftdb
