// Text forms against what PostgreSQL 15 prints and refuses (captured from a server).
#include "types/text_format.h"

#include "catch2/catch.hpp"

#include "types/civil.h"

namespace driftdb {

namespace {

// The value read from `text` and printed again, or "SQLSTATE: message".
std::string RoundTrip(const std::string& type_name, const std::string& text) {
  TypeModifiers modifiers;
  std::string name = type_name;
  if (const size_t open = name.find('('); open != std::string::npos) {
    modifiers.count =
        std::sscanf(name.c_str() + open, "(%ld,%ld)", &modifiers.values[0], &modifiers.values[1]);
    name.resize(open);
  }
  Result<LogicalType> type = ResolveTypeName(name, modifiers);
  REQUIRE(type.ok());
  Result<Value> value = ParseValue(*type, text);
  if (!value.ok()) {
    return std::string(value.status().sqlstate().view()) + ": " +
           std::string(value.status().message());
  }
  return FormatValue(*value);
}

struct TextCase {
  const char* type;
  const char* in;
  const char* out;
};

void Check(const std::vector<TextCase>& cases) {
  for (const TextCase& c : cases) {
    INFO(c.type << " '" << c.in << "'");
    CHECK(RoundTrip(c.type, c.in) == c.out);
  }
}

}  // namespace

TEST_CASE("text: integers read every digit and refuse what does not fit", "[types]") {
  Check({{"integer", " 12 ", "12"},
         {"integer", "+7", "7"},
         {"integer", "2147483647", "2147483647"},
         {"integer", "-2147483648", "-2147483648"},
         {"integer", "2147483648", "22003: value \"2147483648\" is out of range for type integer"},
         {"integer", "", "22P02: invalid input syntax for type integer: \"\""},
         {"integer", "1 2", "22P02: invalid input syntax for type integer: \"1 2\""},
         {"integer", "12345678", "12345678"},
         {"integer", "0000000000012", "12"},
         {"bigint", "-9223372036854775808", "-9223372036854775808"},
         {"bigint", "1234567890123456789", "1234567890123456789"},
         {"hugeint", "-170141183460469231731687303715884105728",
          "-170141183460469231731687303715884105728"},
         {"smallint", "32768", "22003: value \"32768\" is out of range for type smallint"}});
}

TEST_CASE("text: decimals round half away from zero to their scale", "[types]") {
  Check({{"numeric(5,2)", "999.994", "999.99"},
         {"numeric(5,2)", "999.995", "22003: numeric field overflow"},
         {"numeric(5,2)", "-0.005", "-0.01"},
         {"numeric(5,2)", "1.5e-1", "0.15"},
         {"numeric(5,2)", ".5", "0.50"},
         {"numeric(5,2)", ".", "22P02: invalid input syntax for type numeric: \".\""},
         {"numeric(15,2)", "12345678901.5", "12345678901.50"},
         {"numeric(38,10)", "1234567890123456789012345678.0123456789",
          "1234567890123456789012345678.0123456789"}});
}

TEST_CASE("text: floats print the shortest digits that read back", "[types]") {
  Check(
      {{"double precision", "0.1", "0.1"},
       {"double precision", "1e15", "1e+15"},
       {"double precision", "123456789012345", "123456789012345"},
       {"double precision", "1e-5", "1e-05"},
       {"double precision", "-0", "-0"},
       {"double precision", "inf", "Infinity"},
       {"double precision", "1e400", "22003: \"1e400\" is out of range for type double precision"},
       {"real", "16777216", "1.6777216e+07"},
       {"real", "999999", "999999"}});
}

TEST_CASE("text: dates and timestamps follow ISO with MDY input", "[types]") {
  Check({{"date", "2024-02-29", "2024-02-29"},
         {"date", "2023-02-29", "22008: date/time field value out of range: \"2023-02-29\""},
         {"date", "20240115", "2024-01-15"},
         {"date", "1/8/1999", "1999-01-08"},
         {"date", "January 8, 1999", "1999-01-08"},
         {"date", "0044-03-15 BC", "0044-03-15 BC"},
         {"date", "infinity", "infinity"},
         {"date", "abc", "22007: invalid input syntax for type date: \"abc\""},
         {"timestamp", "2024-01-01T10:20:30.123456", "2024-01-01 10:20:30.123456"},
         {"timestamp", "2024-01-01 10:20:30.5", "2024-01-01 10:20:30.5"},
         {"timestamp", "1969-12-31 23:59:59.999999", "1969-12-31 23:59:59.999999"},
         {"timestamptz", "2024-01-01 10:20:30-05:30", "2024-01-01 15:50:30+00"},
         {"time", "10:20 PM", "22:20:00"},
         {"time", "25:00", "22008: date/time field value out of range: \"25:00\""}});
}

TEST_CASE("text: intervals print in the postgres style", "[types]") {
  Check({{"interval", "1 year 2 months 3 days 04:05:06", "1 year 2 mons 3 days 04:05:06"},
         {"interval", "-1 year -2 mons +3 days -04:05:06", "-1 years -2 mons +3 days -04:05:06"},
         {"interval", "1.5 months", "1 mon 15 days"},
         {"interval", "1.5 weeks", "10 days 12:00:00"},
         {"interval", "P1Y2M3DT4H5M6S", "1 year 2 mons 3 days 04:05:06"},
         {"interval", "3 days ago", "-3 days"},
         {"interval", "0", "00:00:00"},
         {"interval", "1 foo", "22007: invalid input syntax for type interval: \"1 foo\""}});
}

TEST_CASE("text: other types", "[types]") {
  Check({{"boolean", "tru", "t"},
         {"boolean", "of", "f"},
         {"boolean", "2", "22P02: invalid input syntax for type boolean: \"2\""},
         {"uuid", "{A0EEBC99-9C0B4EF8-BB6D6BB9-BD380A11}", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
         {"bytea", "\\101b", "\\x4162"},
         {"varchar(3)", "abcd", "22001: value too long for type character varying(3)"},
         {"varchar(3)", "abc  ", "abc"},
         {"char(5)", "ab", "ab   "},
         {"varchar(2)", "äö", "äö"}});
}

TEST_CASE("text: every day of four centuries goes to civil form and back", "[types]") {
  const int32_t first = DaysFromCivil(1800, 1, 1);
  for (int32_t day = first; day < first + 146097; ++day) {
    const CivilDate date = CivilFromDays(day);
    REQUIRE(DaysFromCivil(date.year, date.month, date.day) == day);
    std::string text;
    AppendDate(day, &text);
    int32_t parsed = 0;
    REQUIRE(ParseDateFast(text, &parsed));
    REQUIRE(parsed == day);
  }
}

TEST_CASE("text: fast number parsers agree with the general ones", "[types]") {
  for (int64_t base : {0LL, 7LL, 99LL, 12345LL, 99999999LL, 100000000LL, 123456789012LL}) {
    for (const std::string sign : {"", "-"}) {
      const std::string text = sign + std::to_string(base);
      int64_t fast = 1;
      REQUIRE(ParseInt64Fast(text, &fast));
      CHECK(fast == (sign.empty() ? base : -base));
      int64_t decimal = 1;
      REQUIRE(ParseDecimal64Fast(text + ".25", 18, 2, &decimal));
      CHECK(decimal == (sign.empty() ? 1 : -1) * (base * 100 + 25));
      REQUIRE(ParseDecimal64Fast(text, 18, 2, &decimal));
      CHECK(decimal == (sign.empty() ? 1 : -1) * base * 100);
    }
  }
  int64_t out;
  CHECK_FALSE(ParseInt64Fast("12a45678", &out));
  CHECK_FALSE(ParseInt64Fast("1234567:", &out));
  CHECK_FALSE(ParseDecimal64Fast("1.2.3", 18, 2, &out));
}

}  // namespace driftdb
