// Functions, operators and casts on constants: what PostgreSQL 15 answers.
#include "catch2/catch.hpp"

#include "expr/aggregate.h"
#include "expr/binding.h"
#include "expr/evaluator.h"
#include "expr/predicate.h"
#include "types/text_format.h"

namespace driftdb::expr {

namespace {

// "type:text" gives a typed constant, "text" an untyped literal, "null" a NULL.
ExprPtr Literal(const std::string& spec) {
  const size_t colon = spec.find("::");
  if (spec == "null") return MakeNull(TypeId::kUnknown);
  ExprPtr text = MakeConstant(Value::String(TypeId::kUnknown, spec.substr(0, colon)));
  if (colon == std::string::npos) return text;
  std::string name = spec.substr(colon + 2);
  TypeModifiers modifiers;
  if (const size_t open = name.find('('); open != std::string::npos) {
    modifiers.count =
        std::sscanf(name.c_str() + open, "(%ld,%ld)", &modifiers.values[0], &modifiers.values[1]);
    name.resize(open);
  }
  LogicalType type;
  if (name == "n") {
    REQUIRE(DecimalLiteralType(spec.substr(0, colon), &type));
  } else {
    type = *ResolveTypeName(name, modifiers);
  }
  return std::move(BindCast(std::move(text), type, CastContext::kExplicit)).value();
}

std::string Outcome(Result<ExprPtr> bound) {
  if (!bound.ok()) {
    return std::string(bound.status().sqlstate().view()) + ": " +
           std::string(bound.status().message());
  }
  Result<Value> value = EvaluateConstant(**bound);
  if (!value.ok()) {
    return std::string(value.status().sqlstate().view()) + ": " +
           std::string(value.status().message());
  }
  return FormatValue(*value);
}

std::string Call(const std::string& name, const std::vector<std::string>& args) {
  std::vector<ExprPtr> bound;
  for (const std::string& arg : args) bound.push_back(Literal(arg));
  return Outcome(BindFunction(name, std::move(bound)));
}
std::string Op(const std::string& a, const std::string& op, const std::string& b) {
  return Outcome(BindOperator(op, Literal(a), Literal(b)));
}

}  // namespace

TEST_CASE("functions: arithmetic follows PostgreSQL", "[expr]") {
  CHECK(Op("1::int", "/", "2::int") == "0");
  CHECK(Op("-7::int", "/", "2::int") == "-3");
  CHECK(Op("-7::int", "%", "2::int") == "-1");
  CHECK(Op("2147483647::int", "+", "1::int") == "22003: integer out of range");
  CHECK(Op("9223372036854775807::bigint", "*", "2::bigint") == "22003: bigint out of range");
  CHECK(Op("-2147483648::int", "/", "-1::int") == "22003: integer out of range");
  CHECK(Op("1::int", "/", "0::int") == "22012: division by zero");
  CHECK(Op("1.10::n", "+", "2::int") == "3.10");
  CHECK(Op("1.5::n", "*", "1.25::n") == "1.875");
  CHECK(Op("1::n", "/", "3::n") == "0.33333333333333333333");
  CHECK(Op("10::n", "/", "3::n") == "3.3333333333333333");
  CHECK(Op("100000::n", "/", "3::n") == "33333.333333333333");
  CHECK(Op("1.0::n", "/", "0::n") == "22012: division by zero");
  CHECK(Op("7.5::n", "%", "2::n") == "1.5");
  CHECK(Op("1e308::float8", "*", "10::float8") == "22003: value out of range: overflow");
  CHECK(Op("2::float8", "^", "10::float8") == "1024");
  CHECK(Op("5::int", "&", "3::int") == "1");
  CHECK(Op("1::int", "<<", "4::int") == "16");
  CHECK(Op("1::int", "+", "2") == "3");
}

TEST_CASE("functions: dates and intervals", "[expr]") {
  CHECK(Op("1998-12-01::date", "-", "90 days::interval") == "1998-09-02 00:00:00");
  CHECK(Op("2024-01-31::date", "+", "1 month::interval") == "2024-02-29 00:00:00");
  CHECK(Op("2024-03-01::date", "-", "2024-02-01::date") == "29");
  CHECK(Op("2024-03-01::date", "-", "1::int") == "2024-02-29");
  CHECK(Op("2024-03-01 10:00::timestamp", "-", "2024-02-28 12:30::timestamp") == "1 day 21:30:00");
  CHECK(Op("1 month::interval", "*", "1.5::float8") == "1 mon 15 days");
  CHECK(Call("extract", {"year", "1995-03-15::date"}) == "1995");
  CHECK(Call("extract", {"second", "2024-01-01 10:20:30.5::timestamp"}) == "30.500000");
  CHECK(Call("extract", {"epoch", "1 day 01:00::interval"}) == "90000.000000");
  CHECK(Call("date_part", {"week", "2024-12-30::date"}) == "1");
  CHECK(Call("date_trunc", {"month", "2024-05-17 10:20:30::timestamp"}) == "2024-05-01 00:00:00");
  CHECK(Call("age", {"2001-04-10::timestamp", "1957-06-13::timestamp"}) ==
        "43 years 9 mons 27 days");
  CHECK(Call("make_date", {"2024::int", "2::int", "30::int"}) ==
        "22008: date field value out of range: 2024-02-30");
}

TEST_CASE("functions: strings count characters, not bytes", "[expr]") {
  CHECK(Call("length", {"äöü"}) == "3");
  CHECK(Call("octet_length", {"äöü::text"}) == "6");
  CHECK(Call("upper", {"straße äö"}) == "STRAßE ÄÖ");
  CHECK(Call("substring", {"thomas", "2::int", "3::int"}) == "hom");
  CHECK(Call("substring", {"äöü", "0::int", "3::int"}) == "äö");
  CHECK(Call("substring", {"abc", "2::int", "-1::int"}) ==
        "22011: negative substring length not allowed");
  CHECK(Call("left", {"abcde", "-2::int"}) == "abc");
  CHECK(Call("right", {"äbcdé", "2::int"}) == "dé");
  CHECK(Call("lpad", {"hi", "7::int", "xy"}) == "xyxyxhi");
  CHECK(Call("btrim", {"xyxtrimyyx", "xyz"}) == "trim");
  CHECK(Call("split_part", {"a~@~b~@~c", "~@~", "-1::int"}) == "c");
  CHECK(Call("replace", {"abcdefabcdef", "cd", "XX"}) == "abXXefabXXef");
  CHECK(Call("translate", {"12345", "143", "ax"}) == "a2x5");
  CHECK(Call("initcap", {"hi THOMAS"}) == "Hi Thomas");
  CHECK(Call("concat", {"a", "null", "1::int", "t::boolean"}) == "a1t");
  CHECK(Call("concat_ws", {",", "a", "null", "b"}) == "a,b");
  CHECK(Call("format", {"Hello %s, %1$s %I", "World", "a b"}) == "Hello World, World \"a b\"");
  CHECK(Call("regexp_replace", {"foobarbaz", "b(..)", "X\\1Y", "g"}) == "fooXarYXazY");
  CHECK(Op("a", "||", "1::int") == "a1");
  CHECK(Op("1::int", "||", "true::boolean") ==
        "42883: operator does not exist: integer || boolean");
  CHECK(Op("abc", "~~", "a_c") == "t");
  CHECK(Op("abc", "!~~*", "A%") == "f");
  CHECK(Op("äbc", "~~", "_bc") == "t");
  CHECK(Op("abc", "~", "^a.c$") == "t");
  CHECK(Op("a", "~~", "a\\") == "22025: LIKE pattern must not end with escape character");
}

TEST_CASE("functions: rounding and numbers", "[expr]") {
  CHECK(Call("round", {"2.5::n"}) == "3");
  CHECK(Call("round", {"-2.5::n"}) == "-3");
  CHECK(Call("round", {"2.5::float8"}) == "2");
  CHECK(Call("round", {"1.235::n", "2::int"}) == "1.24");
  CHECK(Call("round", {"1234.5::n", "-2::int"}) == "1200");
  CHECK(Call("trunc", {"-1.999::n", "1::int"}) == "-1.9");
  CHECK(Call("floor", {"-1.1::n"}) == "-2");
  CHECK(Call("ceil", {"1.1::n"}) == "2");
  CHECK(Call("sqrt", {"2::n"}) == "1.414213562373095");
  CHECK(Call("abs", {"-2147483648::int"}) == "22003: integer out of range");
  CHECK(Call("gcd", {"12::int", "18::int"}) == "6");
  CHECK(Call("foo", {"1::int"}) == "42883: function foo(integer) does not exist");
  CHECK(Outcome(BindCast(Literal("2.5::float8"), TypeId::kInt32, CastContext::kExplicit)) == "2");
  CHECK(Outcome(BindCast(Literal("2.5::n"), TypeId::kInt32, CastContext::kExplicit)) == "3");
  CHECK(Outcome(BindCast(Literal("12345::int"), LogicalType::Varchar(3), CastContext::kExplicit)) ==
        "123");
  CHECK(Outcome(BindCast(Literal("t::boolean"), TypeId::kDate, CastContext::kExplicit)) ==
        "42846: cannot cast type boolean to date");
}

TEST_CASE("functions: to_char and to_date templates", "[expr]") {
  const std::string t = "2024-01-31 10:20:30.123456::timestamp";
  CHECK(Call("to_char", {t, "FMMonth DD, YYYY HH12:MI AM"}) == "January 31, 2024 10:20 AM");
  CHECK(Call("to_char", {t, "DDth \"of\" MON IYYY-IW-ID MS"}) == "31st of JAN 2024-05-3 123");
  CHECK(Call("to_char", {"-1234.5::n", "9,999.99"}) == "-1,234.50");
  CHECK(Call("to_char", {"12.345::n", "FM999.999"}) == "12.345");
  CHECK(Call("to_char", {"0.5::n", "$999.99"}) == "$    .50");
  CHECK(Call("to_char", {"485::int", "RN"}) == "        CDLXXXV");
  CHECK(Call("to_char", {"1234567::n", "999"}) == " ###");
  CHECK(Call("to_date", {"05 Dec 2000", "DD Mon YYYY"}) == "2000-12-05");
  CHECK(Call("to_date", {"2024-13-01", "YYYY-MM-DD"}) ==
        "22008: date/time field value out of range: \"2024-13-01\"");
  CHECK(Call("to_number", {"12,454.8-", "99G999D9S"}) == "-12454.8");
}

TEST_CASE("functions: comparisons keep columns bare", "[expr]") {
  ExprPtr compare =
      std::move(BindComparison(ComparisonOp::kLessEqual, MakeSlot(0, TypeId::kDate),
                               std::move(BindOperator("-", Literal("1998-12-01::date"),
                                                      Literal("90 days::interval")))
                                   .value()))
          .value();
  const auto condition = ExtractColumnCondition(*compare);
  REQUIRE(condition.has_value());
  CHECK(FormatValue(condition->values[0]) == "1998-09-02");
  CHECK(condition->values[0].type().id == TypeId::kDate);
  ExprPtr price =
      std::move(BindComparison(ComparisonOp::kGreater, MakeSlot(0, LogicalType::Decimal(15, 2)),
                               MakeConstant(Value::Int32(24))))
          .value();
  const auto bound = ExtractColumnCondition(*price);
  REQUIRE(bound.has_value());
  CHECK(bound->values[0].integer() == 2400);
  ExprPtr like = std::move(BindPattern(PatternKind::kLike, false,
                                       [] {
                                         std::vector<ExprPtr> args;
                                         args.push_back(MakeSlot(0, LogicalType::Varchar(25)));
                                         args.push_back(Literal("forest%"));
                                         return args;
                                       }()))
                     .value();
  const auto range = ExtractColumnCondition(*like);
  REQUIRE(range.has_value());
  CHECK(range->exact);
  CHECK(range->values[1].string() == "foresu");
}

TEST_CASE("aggregates: split and combined states finish like one state (A2)", "[expr][A2]") {
  Chunk chunk({TypeId::kInt64});
  for (int i = 0; i < 1000; ++i) {
    chunk.column(0).SetValue(i, i % 7 == 0 ? Value::Null(TypeId::kInt64)
                                           : Value::Int64(i % 2 == 0 ? INT64_MAX - i : -i));
  }
  for (const char* name : {"sum", "avg", "min", "max", "count", "stddev", "var_pop", "bit_or"}) {
    INFO(name);
    std::vector<ExprPtr> args;
    args.push_back(MakeSlot(0, TypeId::kInt64));
    Result<ExprPtr> call = BindAggregate(name, std::move(args));
    REQUIRE(call.ok());
    Result<BoundAggregate> bound = BindAggregateKernels(**call);
    REQUIRE(bound.ok());
    const AggregateKernels& k = bound->kernels;
    alignas(16) uint8_t one[128], first[128], second[128];
    REQUIRE(k.state_size <= sizeof(one));
    Arena arena;
    Vector scratch(TypeId::kInt64);
    const KernelArg arg = MakeKernelArg(chunk.column(0), 1000, &scratch);
    k.init(one);
    k.init(first);
    k.init(second);
    REQUIRE(k.update_one({&arg, 1, {nullptr, 1000}, &arena}, one).ok());
    uint8_t* groups[1000];
    Selection all;
    for (size_t i = 0; i < 1000; ++i) {
      all.Append(i);
      groups[i] = i < 300 ? first : second;
    }
    REQUIRE(k.update_groups({&arg, 1, {all.rows(), 1000}, &arena}, groups, 0).ok());
    REQUIRE(k.combine(second, first, &arena).ok());
    Vector out(bound->result_type, 2);
    const Status status = k.finalize(one, &out, 0);
    CHECK(status.sqlstate() == k.finalize(first, &out, 1).sqlstate());
    // A variance of 10^37 does not fit numeric(38,16).
    CHECK(status.ok() == (std::string(name) != "var_pop"));
    if (!status.ok()) continue;
    CHECK(FormatValue(out.GetValue(0)) == FormatValue(out.GetValue(1)));
  }
}

}  // namespace driftdb::expr
