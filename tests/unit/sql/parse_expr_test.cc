// Goal: expressions parse with PostgreSQL's precedence and print back. Method: deparse adds
// parentheses only where the tree needs them, so its text shows the tree; every text must also
// survive a round trip (DEP-1).
#include <string>
#include <string_view>

#include "catch2/catch.hpp"

#include "sql/parse/deparse.h"
#include "sql/parse/parse.h"

namespace driftdb::sql {
namespace {

std::string RoundTripExpr(std::string_view sql) {
  auto expr = ParseExpression(sql);
  if (!expr.ok()) return expr.status().ToString();
  std::string first = Deparse(**expr);
  auto again = ParseExpression(first);
  if (!again.ok()) return "again: " + again.status().ToString() + " of " + first;
  std::string second = Deparse(**again);
  return first == second ? first : first + " <> " + second;
}

std::string ExprError(std::string_view sql) {
  auto expr = ParseExpression(sql);
  return expr.ok() ? "parsed as " + Deparse(**expr) : expr.status().ToString();
}

std::string ColumnNameOf(std::string_view sql) {
  auto expr = ParseExpression(sql);
  return expr.ok() ? FigureColumnName(**expr) : expr.status().ToString();
}

// The tree's shape, with all operators in parentheses.
std::string ShapeOf(const AstExpr& expr) {
  if (expr.kind == AstExprKind::kBinary) {
    const auto& binary = expr.As<AstBinary>();
    return "(" + ShapeOf(*binary.left) + binary.op + ShapeOf(*binary.right) + ")";
  }
  if (expr.kind == AstExprKind::kUnary) {
    return "(" + expr.As<AstUnary>().op + ShapeOf(*expr.As<AstUnary>().operand) + ")";
  }
  if (expr.kind == AstExprKind::kNot) return "(NOT " + ShapeOf(*expr.As<AstNot>().operand) + ")";
  if (expr.kind == AstExprKind::kIs) return "(" + ShapeOf(*expr.As<AstIs>().operand) + " IS)";
  if (expr.kind == AstExprKind::kCast) return "(" + ShapeOf(*expr.As<AstCast>().operand) + "::)";
  if (expr.kind == AstExprKind::kLogical) {
    std::string shape = expr.As<AstLogical>().is_and ? "(AND" : "(OR";
    for (const auto& arg : expr.As<AstLogical>().args) shape += " " + ShapeOf(*arg);
    return shape + ")";
  }
  return Deparse(expr);
}

std::string ShapeOf(std::string_view sql) {
  auto expr = ParseExpression(sql);
  return expr.ok() ? ShapeOf(**expr) : expr.status().ToString();
}

}  // namespace

TEST_CASE("parse: operators bind as in PostgreSQL", "[sql][parse]") {
  CHECK(ShapeOf("1 + 2 * 3 - 4") == "((1+(2*3))-4)");
  CHECK(ShapeOf("2 ^ 3 ^ 2") == "((2^3)^2)");
  CHECK(ShapeOf("-2 ^ 2") == "((-2)^2)");
  CHECK(ShapeOf("-a::int") == "(-(a::))");
  CHECK(ShapeOf("a || b + c") == "(a||(b+c))");
  CHECK(ShapeOf("a < b || c") == "(a<(b||c))");
  CHECK(ShapeOf("NOT a = b AND c OR d") == "(OR (AND (NOT (a=b)) c) d)");
  CHECK(ShapeOf("a = b IS NULL") == "((a=b) IS)");
  CHECK(ShapeOf("a IS NULL IS NULL") == "((a IS) IS)");
  CHECK(ShapeOf("a=-1") == "(a=(-1))");
  CHECK(ShapeOf("~ a + b") == "(~(a+b))");
  CHECK(ShapeOf("a and b and (c and d)") == "(AND a b (AND c d))");
  CHECK(ShapeOf("(a and b) and c") == "(AND a b c)");
}

TEST_CASE("parse: comparisons do not associate", "[sql][parse]") {
  CHECK(ExprError("a < b < c") == "42601: syntax error at or near \"<\"");
  CHECK(ExprError("a like b like c") == "42601: syntax error at or near \"like\"");
  CHECK(RoundTripExpr("(a < b) = c") == "(a < b) = c");
  CHECK(RoundTripExpr("a between 1 and 2 = true") == "a BETWEEN 1 AND 2 = true");
}

TEST_CASE("parse: expressions survive a round trip", "[sql][parse][DEP-1]") {
  const std::string_view same[] = {
      "a - (b - c)",
      "a - b - c",
      "- (- a)",
      "(a OR b) AND c",
      "NOT (a AND b)",
      "a BETWEEN SYMMETRIC 1 AND 2 AND b",
      "a NOT IN (1, 2, 3)",
      "a IN (SELECT 1)",
      "(a, b) IN ((1, 2), (3, 4))",
      "ROW(1)",
      "ROW()",
      "a IS DISTINCT FROM b",
      "(a IS NOT NULL) IS TRUE",
      "a LIKE 'x%' ESCAPE '!'",
      "a NOT ILIKE b",
      "a SIMILAR TO b",
      "a = ANY (ARRAY[1, 2])",
      "a <> ALL (SELECT b FROM t)",
      "a NOT LIKE ANY ('{x}')",
      "CASE WHEN a THEN 1 ELSE 2 END",
      "CASE a WHEN 1 THEN 'x' END",
      "CAST(a AS numeric(10,2))",
      "a::character varying(3)::text",
      "interval '1' DAY TO SECOND(3)",
      "timestamp with time zone '2020-01-01'",
      "date '2020-01-01'",
      "double precision '1.5'",
      "EXTRACT('year' FROM d)",
      "SUBSTRING(a FROM 2 FOR 3)",
      "POSITION('a' IN b)",
      "OVERLAY(a PLACING b FROM 1 FOR 2)",
      "TRIM(LEADING 'x' FROM y)",
      "a AT TIME ZONE 'UTC'",
      "CURRENT_TIMESTAMP(3)",
      "COALESCE(a, b)",
      "count(*) FILTER (WHERE a > 1) OVER w",
      "sum(DISTINCT a ORDER BY b DESC NULLS LAST)",
      "rank() OVER (w PARTITION BY a, b ORDER BY c ROWS BETWEEN 1 PRECEDING AND CURRENT ROW "
      "EXCLUDE TIES)",
      "percentile_cont(0.5) WITHIN GROUP (ORDER BY x)",
      "f(a => 1, VARIADIC b => x)",
      "(ARRAY[[1, 2], [3, 4]])[1]",
      "a[1][2 : 3]",
      "a[ : ]",
      "(a).b",
      "(f(x)).*",
      "a COLLATE \"C\"",
      "a OPERATOR(pg_catalog.+) b",
      "(a, b) OVERLAPS (c, d)",
      "(SELECT 1 UNION ALL SELECT 2)",
      "ARRAY(SELECT 1)",
      "EXISTS (SELECT FROM t)",
      "B'101'",
      "\"Mixed\".\"select\".\"a\"\"b\"",
      "a::integer[]",
  };
  for (std::string_view sql : same) CHECK(RoundTripExpr(sql) == sql);
}

TEST_CASE("parse: special spellings become calls in the function's argument order",
          "[sql][parse]") {
  auto position = ParseExpression("position('b' in 'abc')");
  REQUIRE(position.ok());
  const auto& call = (*position)->As<AstFunctionCall>();
  REQUIRE(call.args.size() == 2);
  CHECK(call.args[0].value->As<AstLiteral>().text == "abc");
  auto zone = ParseExpression("x at time zone 'UTC'");
  REQUIRE(zone.ok());
  CHECK((*zone)->As<AstFunctionCall>().name[0] == "timezone");
  CHECK((*zone)->As<AstFunctionCall>().args[0].value->kind == AstExprKind::kLiteral);
}

TEST_CASE("parse: numbers keep their digits", "[sql][parse]") {
  CHECK(RoundTripExpr("0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF") ==
        "340282366920938463463374607431768211455");
  CHECK(RoundTripExpr("0b1011") == "11");
  CHECK(RoundTripExpr("0o17") == "15");
  CHECK(RoundTripExpr("1_000.5e-3") == "1000.5e-3");
  CHECK(RoundTripExpr("12345678901234567890123") == "12345678901234567890123");
  CHECK(ExprError("123abc") == "42601: trailing junk after numeric literal at or near \"123a\"");
  CHECK(ExprError("0x") == "42601: invalid hexadecimal integer at or near \"0x\"");
  CHECK(ExprError("$1a") == "42601: trailing junk after parameter at or near \"$1a\"");
}

TEST_CASE("parse: strings decode in every notation", "[sql][parse]") {
  CHECK(RoundTripExpr("'it''s'") == "'it''s'");
  CHECK(RoundTripExpr("'a\\n'") == "'a\\n'");
  CHECK(RoundTripExpr("E'\\x41\\101\\u0041\\t'''") == "'AAA\t'''");
  CHECK(RoundTripExpr("U&'d\\0061t\\+000061'") == "'data'");
  CHECK(RoundTripExpr("U&'d!0061' UESCAPE '!'") == "'da'");
  CHECK(RoundTripExpr("E'\\uD83D\\uDE00'") == "'\xF0\x9F\x98\x80'");
  CHECK(RoundTripExpr("$x$a$$b'$x$") == "'a$$b'''");
  CHECK(RoundTripExpr("'a' -- it's a comment\n 'b'\n'c'") == "'abc'");
  CHECK(ExprError("'a' 'b'") == "42601: syntax error at or near \"'b'\"");
  CHECK(ExprError("E'\\uD83D'") == "42601: invalid Unicode surrogate pair");
  CHECK(ExprError("E'\\xFF'") == "22021: invalid byte sequence for encoding \"UTF8\": 0xff");
  CHECK(ExprError("'\xFF'") == "22021: invalid byte sequence for encoding \"UTF8\": 0xff");
  CHECK(ExprError("'a\xC3'").substr(0, 5) == "22021");
}

TEST_CASE("parse: names fold, quote and truncate", "[sql][parse]") {
  CHECK(RoundTripExpr("FooBar") == "foobar");
  CHECK(RoundTripExpr("\"FooBar\"") == "\"FooBar\"");
  CHECK(RoundTripExpr(std::string(70, 'a')) == std::string(63, 'a'));
  // 62 bytes and a two-byte character: cut before it.
  CHECK(RoundTripExpr("\"" + std::string(62, 'a') + "\xC3\xA4\"") == std::string(62, 'a'));
  CHECK(RoundTripExpr("U&\"\\0041b\"") == "\"Ab\"");
  CHECK(ExprError("select") == "42601: syntax error at or near \"select\"");
  CHECK(RoundTripExpr("t.select") == "t.\"select\"");
  CHECK(RoundTripExpr("left(a, 1)") == "\"left\"(a, 1)");
  CHECK(ExprError("left") == "42601: syntax error at end of input");
}

TEST_CASE("parse: a colon in a subscript is a slice, two are a cast", "[sql][parse]") {
  CHECK(RoundTripExpr("a[1:n]") == "a[1 : n]");
  CHECK(RoundTripExpr("a[x::int:y::int]") == "a[x::integer : y::integer]");
  CHECK(RoundTripExpr("a[:n]") == "a[$1]");
  CHECK(RoundTripExpr(":n::int") == "$1::integer");
}

TEST_CASE("parse: output columns are named by PostgreSQL's rule", "[sql][parse]") {
  CHECK(ColumnNameOf("t.a") == "a");
  CHECK(ColumnNameOf("1 + 2") == "?column?");
  CHECK(ColumnNameOf("1::int") == "int4");
  CHECK(ColumnNameOf("a::text") == "a");
  CHECK(ColumnNameOf("count(*)") == "count");
  CHECK(ColumnNameOf("trim(a)") == "btrim");
  CHECK(ColumnNameOf("coalesce(a, 1)") == "coalesce");
  CHECK(ColumnNameOf("case when a then 1 end") == "case");
  CHECK(ColumnNameOf("case when a then 1 else b end") == "b");
  CHECK(ColumnNameOf("(select x from t)") == "x");
  CHECK(ColumnNameOf("exists (select 1)") == "exists");
  CHECK(ColumnNameOf("array[1]") == "array");
  CHECK(ColumnNameOf("row(1, 2)") == "row");
  CHECK(ColumnNameOf("true") == "bool");
  CHECK(ColumnNameOf("current_date") == "current_date");
  CHECK(ColumnNameOf("interval '1 day'") == "interval");
  CHECK(ColumnNameOf("a[1]") == "a");
  CHECK(ColumnNameOf("a collate \"C\"") == "a");
  CHECK(ColumnNameOf("null") == "?column?");
}

TEST_CASE("parse: type names reduce to PostgreSQL's", "[sql][parse]") {
  const auto check = [](std::string_view sql, std::string_view name, std::string_view text) {
    auto type = ParseTypeName(sql);
    REQUIRE(type.ok());
    CHECK(type->name.back() == name);
    CHECK(Deparse(*type) == text);
  };
  check("INTEGER", "int4", "integer");
  check("float(24)", "float4", "real");
  check("float", "float8", "double precision");
  check("char", "bpchar", "character(1)");
  check("national character varying(7)", "varchar", "character varying(7)");
  check("timestamp(3) with time zone", "timestamptz", "timestamp(3) with time zone");
  check("time without time zone", "time", "time");
  check("dec(10, -2)", "numeric", "numeric(10,-2)");
  check("hugeint", "hugeint", "hugeint");
  check("int[3][]", "int4", "integer[3][]");
  check("text array", "text", "text[]");
  check("interval day to second(2)", "interval", "interval DAY TO SECOND(2)");
  check("bit varying", "varbit", "bit varying");
  CHECK(ParseTypeName("float(54)").status().sqlstate() == sqlstate::kInvalidParameterValue);
}

}  // namespace driftdb::sql
