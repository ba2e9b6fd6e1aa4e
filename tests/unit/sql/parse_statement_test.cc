// Goal: statements arrive in the AST with their clauses, ranges, parameters and errors.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "catch2/catch.hpp"

#include "sql/parse/deparse.h"
#include "sql/parse/keywords.h"
#include "sql/parse/parse.h"

namespace driftdb::sql {
namespace {

ParsedStatement ParseTheOnly(std::string_view sql) {
  auto result = ParseStatements(sql);
  INFO(sql);
  INFO((result.ok() ? std::string("ok") : result.status().ToString()));
  REQUIRE(result.ok());
  REQUIRE(result->size() == 1);
  return std::move((*result)[0]);
}

std::string RoundTripStatement(std::string_view sql) {
  auto parsed = ParseStatements(sql);
  if (!parsed.ok()) return parsed.status().ToString();
  const std::string first = Deparse((*parsed)[0].statement);
  auto again = ParseStatements(first);
  if (!again.ok()) return "again: " + again.status().ToString() + " of " + first;
  const std::string second = Deparse((*again)[0].statement);
  return first == second ? first : first + " <> " + second;
}

// "SQLSTATE: message @position".
std::string StatementError(std::string_view sql) {
  auto result = ParseStatements(sql);
  if (result.ok()) return "parsed";
  return std::string(result.status().sqlstate().view()) + ": " +
         std::string(result.status().message()) + " @" +
         std::to_string(result.status().error().position);
}

std::string Repeat(std::string_view text, int count) {
  std::string result;
  for (int i = 0; i < count; ++i) result += text;
  return result;
}

std::filesystem::path ParseTestData() {
  const char* folder = std::getenv("DRIFTDB_TEST_DATA");
  if (folder != nullptr) return folder;
  for (std::filesystem::path at =
           std::filesystem::absolute(__FILE__).lexically_normal().parent_path();
       at.has_relative_path(); at = at.parent_path()) {
    if (std::filesystem::exists(at / "meson_options.txt")) return at.parent_path() / "shared";
  }
  return {};
}

std::string ReadWholeFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// The SQL of every statement and query record that is expected to work.
std::vector<std::string> SqlOfLogicTest(const std::string& text) {
  std::vector<std::string> result;
  std::istringstream lines(text);
  std::string line, sql;
  bool inside = false, wanted = false;
  while (std::getline(lines, line)) {
    const bool statement = line.rfind("statement", 0) == 0;
    if (!inside && (statement || line.rfind("query", 0) == 0)) {
      inside = true;
      wanted = line.rfind("statement error", 0) != 0;
      sql.clear();
    } else if (inside && (line.empty() || line == "----")) {
      if (wanted) result.push_back(sql);
      inside = false;
    } else if (inside) {
      sql += line + "\n";
    }
  }
  if (inside && wanted) result.push_back(sql);
  return result;
}

}  // namespace

TEST_CASE("parse: queries survive a round trip", "[sql][parse][DEP-1]") {
  const std::string_view same[] = {
      "SELECT 1",
      "SELECT FROM t",
      "SELECT DISTINCT ON (a, b) a, t.*, * FROM t ORDER BY a DESC NULLS FIRST OFFSET 2 LIMIT 1",
      "SELECT a AS \"select\" FROM s.t AS x(p, q) WHERE a = $1",
      "SELECT * FROM a LEFT JOIN b USING (id) NATURAL JOIN c CROSS JOIN d FULL JOIN e ON true",
      "SELECT * FROM a JOIN (b JOIN c ON x = y) ON y = z",
      "SELECT * FROM (a JOIN b USING (x) AS u) AS j(p)",
      "SELECT * FROM a, LATERAL (SELECT a.x) AS s, LATERAL f(a.x) AS g",
      "SELECT * FROM generate_series(1, 10) WITH ORDINALITY AS g(a, b)",
      "SELECT * FROM ROWS FROM (f(1), g(2)) AS r",
      "SELECT * FROM f() AS t(a integer, b text)",
      "SELECT a FROM t GROUP BY GROUPING SETS (a, (a, b), (), ROLLUP (a, (b, c)), CUBE (d))",
      "SELECT a FROM t GROUP BY ALL HAVING count(*) > 1",
      "SELECT a FROM t GROUP BY DISTINCT ROLLUP (a), CUBE (b)",
      "SELECT sum(a) OVER w FROM t WINDOW w AS (ORDER BY b), v AS (w RANGE BETWEEN UNBOUNDED "
      "PRECEDING AND 1 FOLLOWING)",
      "SELECT 1 UNION SELECT 2 UNION ALL SELECT 3",
      "SELECT 1 UNION (SELECT 2 INTERSECT SELECT 3)",
      "(SELECT 1 UNION SELECT 2) INTERSECT SELECT 3",
      "(SELECT 1 LIMIT 1) EXCEPT ALL (SELECT 2 ORDER BY 1)",
      "VALUES (1, 'a'), (2, 'b') ORDER BY column1",
      "WITH RECURSIVE t(n) AS MATERIALIZED (VALUES (1) UNION ALL SELECT n + 1 FROM t) SELECT n "
      "FROM t",
      "WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d",
      "SELECT a FROM t ORDER BY a FETCH FIRST 3 ROWS WITH TIES",
      "SELECT a FROM t, u FOR UPDATE OF t NOWAIT FOR KEY SHARE OF u SKIP LOCKED",
      "SELECT a FROM t FOR SYSTEM_TIME AS OF timestamp '2020-01-01' AS x",
      "SELECT a FROM t FOR SYSTEM_TIME AS OF @SEQ:17",
      "INSERT INTO t AS x (a, b) OVERRIDING SYSTEM VALUE VALUES (1, DEFAULT) ON CONFLICT (a) WHERE "
      "b > 0 DO UPDATE SET b = excluded.b, (c, d) = ROW(1, 2) WHERE x.a > 1 RETURNING *, a AS z",
      "INSERT INTO t DEFAULT VALUES",
      "INSERT INTO t SELECT 1 ON CONFLICT DO NOTHING",
      "INSERT INTO t VALUES (1) ON CONFLICT ON CONSTRAINT k DO UPDATE SET a = DEFAULT",
      "UPDATE s.t AS x SET a = 1, (b, c) = (SELECT 1, 2) FROM u WHERE x.a = u.a RETURNING x.a",
      "DELETE FROM t AS x USING u, v WHERE x.a = u.a RETURNING *",
  };
  for (std::string_view sql : same) CHECK(RoundTripStatement(sql) == sql);
}

TEST_CASE("parse: spellings reduce to one form", "[sql][parse]") {
  CHECK(RoundTripStatement("TABLE t") == "SELECT * FROM t");
  CHECK(RoundTripStatement("select a b from t c") == "SELECT a AS b FROM t AS c");
  CHECK(RoundTripStatement("((select 1))") == "SELECT 1");
  CHECK(RoundTripStatement("select 1 union select 2 intersect select 3") ==
        "SELECT 1 UNION (SELECT 2 INTERSECT SELECT 3)");
  CHECK(RoundTripStatement("select * from a join b join c on x on y") ==
        "SELECT * FROM a JOIN (b JOIN c ON x) ON y");
  CHECK(RoundTripStatement("select a from t as of '2020-01-01' x") ==
        "SELECT a FROM t FOR SYSTEM_TIME AS OF '2020-01-01' AS x");
  CHECK(RoundTripStatement("select a from t as of") == "SELECT a FROM t AS of");
  CHECK(RoundTripStatement("select x in ((select 1)), ((select 1) + 1)") ==
        "SELECT x IN (SELECT 1), (SELECT 1) + 1");
  CHECK(RoundTripStatement("select 1 offset 1 rows fetch next row only") ==
        "SELECT 1 OFFSET 1 LIMIT 1");
  CHECK(RoundTripStatement("select * from ((select 1) union select 2) x") ==
        "SELECT * FROM (SELECT 1 UNION SELECT 2) AS x");
}

TEST_CASE("parse: parameters are numbered as in SQLite and PostgreSQL", "[sql][parse]") {
  CHECK(ParseTheOnly("select ?, ?").parameters.size() == 2);
  CHECK(ParseTheOnly("select $3").parameters.size() == 3);
  const auto named = ParseTheOnly("select :a, @b, :a, ?, ?2");
  CHECK(named.parameters == std::vector<std::string>{":a", "@b", ""});
  CHECK(RoundTripStatement("select :a, @b, :a, ?") == "SELECT $1, $2, $1, $3");
  CHECK(RoundTripStatement("select a=@x, b<=:y") == "SELECT a = $1, b <= $2");
  CHECK(StatementError("select $0").substr(0, 5) == "42P02");
  CHECK(StatementError("select ?65536").substr(0, 5) == "42P02");
}

TEST_CASE("parse: errors have PostgreSQL's texts and positions", "[sql][parse]") {
  CHECK(StatementError("selec 1") == "42601: syntax error at or near \"selec\" @1");
  CHECK(StatementError("select a from where") == "42601: syntax error at or near \"where\" @15");
  CHECK(StatementError("select (1") == "42601: syntax error at end of input @10");
  CHECK(StatementError("select 'abc") ==
        "42601: unterminated quoted string at or near \"'abc\" @8");
  CHECK(StatementError("select \"abc") ==
        "42601: unterminated quoted identifier at or near \"\"abc\" @8");
  CHECK(StatementError("select /* /* */ 1") ==
        "42601: unterminated /* comment at or near \"/* /* */ 1\" @8");
  CHECK(StatementError("select $a$ x") ==
        "42601: unterminated dollar-quoted string at or near \"$a$ x\" @8");
  CHECK(StatementError("select \"\"") ==
        "42601: zero-length delimited identifier at or near \"\"\"\" @8");
  CHECK(StatementError("select 1; selec 2") == "42601: syntax error at or near \"selec\" @11");
  CHECK(StatementError("select 1 limit 1, 2") == "42601: LIMIT #,# syntax is not supported @17");
  CHECK(StatementError("values (1), (1, 2)") ==
        "42601: VALUES lists must all be the same length @13");
  CHECK(StatementError("insert into t values (1) on conflict do update set a = 1") ==
        "42601: ON CONFLICT DO UPDATE requires inference specification or constraint name @26");
  CHECK(StatementError("update t set (a, b) = (1, 2, 3)") ==
        "42601: number of columns does not match number of values @23");
  CHECK(StatementError("grant select on t to bob") == "0A000: GRANT is not supported @1");
  CHECK(StatementError("create policy p on t") == "0A000: CREATE POLICY is not supported @8");
  CHECK(StatementError("select \xFF") ==
        "22021: invalid byte sequence for encoding \"UTF8\": 0xff @8");
  CHECK(StatementError(std::string_view("select \0", 8)).substr(0, 5) == "22021");
}

TEST_CASE("parse: ParseOne stops at its semicolon", "[sql][parse][LEX-1]") {
  size_t consumed = 0;
  const std::string_view sql = " ;; select 1 ; 'broken";
  auto first = ParseOne(sql, &consumed);
  REQUIRE(first.ok());
  REQUIRE(first->has_value());
  CHECK(sql.substr((*first)->begin, (*first)->end - (*first)->begin) == "select 1");
  CHECK(sql.substr(consumed) == " 'broken");
  auto second = ParseOne(sql.substr(consumed), &consumed);
  CHECK_FALSE(second.ok());
  auto blank = ParseOne(" -- nothing\n ; /* here */", &consumed);
  REQUIRE(blank.ok());
  CHECK_FALSE(blank->has_value());
  const std::string_view broken = "selec ';' ; select 2";
  CHECK_FALSE(ParseOne(broken, &consumed).ok());
  CHECK(broken.substr(consumed) == " select 2");
}

TEST_CASE("parse: a shell knows when a statement is complete", "[sql][parse]") {
  CHECK(IsStatementComplete(""));
  CHECK(IsStatementComplete("select 1;"));
  CHECK(IsStatementComplete("select (1);"));
  CHECK(IsStatementComplete("select 1);"));
  CHECK(IsStatementComplete("select ';'; -- done\n"));
  CHECK_FALSE(IsStatementComplete("select 1"));
  CHECK_FALSE(IsStatementComplete("select ';"));
  CHECK_FALSE(IsStatementComplete("select (1;"));
  CHECK_FALSE(IsStatementComplete("select $$;"));
  CHECK_FALSE(IsStatementComplete("select 1; /* ;"));
  CHECK(IsStatementComplete("select 1a;"));
}

TEST_CASE("parse: deep nesting is refused, long chains are not", "[sql][parse][PARSE-2]") {
  const auto sqlstate_of = [](const std::string& sql) {
    auto result = ParseStatements(sql);
    return result.ok() ? std::string("ok") : std::string(result.status().sqlstate().view());
  };
  CHECK(sqlstate_of("select " + Repeat("(", 900) + "1" + Repeat(")", 900)) == "ok");
  CHECK(sqlstate_of("select " + Repeat("(", 5000) + "1" + Repeat(")", 5000)) == "54001");
  CHECK(sqlstate_of("select " + Repeat("(", 100000)) == "54001");
  CHECK(sqlstate_of("select " + Repeat("not ", 100000) + "a") == "54001");
  CHECK(sqlstate_of("select " + Repeat("- ", 100000) + "1") == "54001");
  CHECK(sqlstate_of("select " + Repeat("case when ", 100000)) == "54001");
  CHECK(sqlstate_of("select a" + Repeat("::int", 100000)) == "54001");
  CHECK(sqlstate_of("select a" + Repeat("[1]", 100000)) == "54001");
  CHECK(sqlstate_of("select a" + Repeat(" is null", 100000)) == "54001");
  CHECK(sqlstate_of("select " + Repeat("(select ", 100000)) == "54001");
  CHECK(sqlstate_of("select * from " + Repeat("(select * from ", 100000)) == "54001");
  CHECK(sqlstate_of("select * from " + Repeat("(", 100000)) == "54001");
  CHECK(sqlstate_of(Repeat("with a as (", 100000)) == "54001");
  CHECK(sqlstate_of("select * from a " + Repeat("join a ", 100000)) == "54001");
  const std::string chains[] = {
      "select a" + Repeat(" + a", 20000),
      "select a" + Repeat(" and a", 20000),
      "select a" + Repeat(" or a = 1", 20000),
      "select 1" + Repeat(" union all select 1", 20000),
      "select * from a" + Repeat(" join a on true", 20000),
      "select a in (1" + Repeat(", 1", 20000) + ")",
  };
  for (const std::string& chain : chains) {
    auto result = ParseStatements(chain);
    REQUIRE(result.ok());
    auto again = ParseStatements(Deparse((*result)[0].statement));
    CHECK(again.ok());
  }
}

TEST_CASE("parse: CREATE TABLE keeps its constraints", "[sql][parse]") {
  const auto parsed = ParseTheOnly(
      "create temp table if not exists s.t (a int primary key, b text not null default 'x' || 'y' "
      "check (b <> ''), c int references u (id) on delete cascade, d bigint generated always as "
      "identity (start 5 increment by -2), constraint k unique (a, b), foreign key (c) references "
      "v deferrable initially deferred) with (fillfactor = 70)");
  const auto* table = parsed.statement.Get<AstCreateTable>();
  REQUIRE(table != nullptr);
  CHECK(table->temporary);
  CHECK(table->if_not_exists);
  CHECK(table->table.schema == "s");
  REQUIRE(table->columns.size() == 4);
  REQUIRE(table->columns[1].constraints.size() == 3);
  CHECK(table->columns[1].constraints[0].kind == ConstraintKind::kNotNull);
  CHECK(Deparse(*table->columns[1].constraints[1].expr) == "'x' || 'y'");
  CHECK(Deparse(*table->columns[1].constraints[2].expr) == "b <> ''");
  CHECK(table->columns[2].constraints[0].on_delete == ForeignKeyAction::kCascade);
  REQUIRE(table->columns[3].constraints[0].sequence_options.size() == 2);
  CHECK(table->columns[3].constraints[0].sequence_options[1].value == "-2");
  REQUIRE(table->constraints.size() == 2);
  CHECK(table->constraints[0].name == "k");
  CHECK(table->constraints[0].columns == std::vector<std::string>{"a", "b"});
  CHECK(table->constraints[1].initially_deferred);
  CHECK(table->options[0].value == "70");
  CHECK(ParseTheOnly("create table t (a, b) as select 1, 2 with no data")
            .statement.Get<AstCreateTableAs>()
            ->with_data == false);
}

TEST_CASE("parse: definitions keep their clauses", "[sql][parse]") {
  const auto index = ParseTheOnly(
      "create unique index concurrently i on t using btree (a desc nulls last, (b || c), lower(d)) "
      "where a > 0");
  const auto* create = index.statement.Get<AstCreateIndex>();
  REQUIRE(create != nullptr);
  REQUIRE(create->elements.size() == 3);
  CHECK(create->elements[0].nulls == NullsOrder::kLast);
  CHECK(create->elements[2].expr->kind == AstExprKind::kFunctionCall);
  const std::string_view view_sql = "create or replace view v (a) as select 1 ;";
  const auto view = ParseTheOnly(view_sql);
  const auto* source = view.statement.Get<AstCreateView>();
  REQUIRE(source != nullptr);
  CHECK(view_sql.substr(source->source_begin, source->source_end - source->source_begin) ==
        "select 1");
  const auto drop = ParseTheOnly("drop table if exists a, b.c cascade");
  CHECK(drop.statement.Get<AstDrop>()->names.size() == 2);
  CHECK(drop.statement.Get<AstDrop>()->cascade);
  const auto alter = ParseTheOnly(
      "alter table t add x int default 5, drop column if exists y, alter z type text using "
      "z::text, "
      "alter q set not null, add constraint c check (a > 0), owner to bob");
  CHECK(alter.statement.Get<AstAlterTable>()->actions.size() == 6);
  CHECK(alter.statement.Get<AstAlterTable>()->actions[2].kind == AlterTableKind::kSetType);
  const auto rename = ParseTheOnly("alter table t rename column a to b");
  CHECK(rename.statement.Get<AstRename>()->target_name == "b");
  CHECK(ParseTheOnly("alter sequence s restart").statement.Get<AstAlterSequence>() != nullptr);
  CHECK(
      ParseTheOnly("truncate a, b restart identity").statement.Get<AstTruncate>()->tables.size() ==
      2);
}

TEST_CASE("parse: COPY takes both option syntaxes", "[sql][parse]") {
  const auto list = ParseTheOnly(
      "copy t (a, b) from '/x' with (format csv, header match, delimiter '|', force_null (a), "
      "null '')");
  const auto* copy = list.statement.Get<AstCopy>();
  REQUIRE(copy != nullptr);
  CHECK(copy->is_from);
  CHECK(copy->options.format == "csv");
  CHECK(copy->options.header == CopyHeader::kMatch);
  CHECK(copy->options.force_null == std::vector<std::string>{"a"});
  CHECK((copy->options.has_null && copy->options.null_text.empty()));
  const auto words =
      ParseTheOnly("copy (select 1) to stdout csv header delimiter as ';' force quote *");
  CHECK(words.statement.Get<AstCopy>()->endpoint == CopyEndpoint::kStdout);
  CHECK(words.statement.Get<AstCopy>()->options.force_quote_all);
  CHECK(StatementError("copy t from '/x' (format csv, format text)") ==
        "42601: conflicting or redundant options @31");
}

TEST_CASE("parse: session statements keep their clauses", "[sql][parse]") {
  const auto begin = ParseTheOnly("begin isolation level repeatable read, read only");
  CHECK(begin.statement.Get<AstTransaction>()->isolation == IsolationLevel::kRepeatableRead);
  CHECK(begin.statement.Get<AstTransaction>()->read_only == TransactionFlag::kOn);
  CHECK(ParseTheOnly("rollback to a").statement.Get<AstTransaction>()->savepoint == "a");
  const auto set = ParseTheOnly("set local search_path to a, 'B'");
  CHECK(set.statement.Get<AstSet>()->scope == SetScope::kLocal);
  CHECK(set.statement.Get<AstSet>()->values == std::vector<std::string>{"a", "B"});
  CHECK(ParseTheOnly("set time zone 'UTC'").statement.Get<AstSet>()->name == "timezone");
  CHECK(ParseTheOnly("set x.y = -1.5").statement.Get<AstSet>()->values[0] == "-1.5");
  const auto explain =
      ParseTheOnly("explain (analyze, verbose off, format json, costs off) select 1");
  CHECK(explain.statement.Get<AstExplain>()->analyze);
  CHECK(explain.statement.Get<AstExplain>()->format == ExplainFormat::kJson);
  CHECK(explain.statement.Get<AstExplain>()->options.size() == 1);
  const auto prepare = ParseTheOnly("prepare p (int, text) as select $1, $2");
  CHECK(prepare.statement.Get<AstPrepare>()->parameter_types.size() == 2);
  CHECK(prepare.parameters.size() == 2);
  CHECK(ParseTheOnly("execute p (1)").statement.Get<AstExecute>()->args.size() == 1);
  CHECK(ParseTheOnly("vacuum full analyze t (a)").statement.Get<AstMaintenance>()->full);
  CHECK(ParseTheOnly("checkpoint").statement.Get<AstCheckpoint>() != nullptr);
}

TEST_CASE("parse: every keyword is found in any case", "[sql][parse]") {
  for (uint16_t i = 1; i < static_cast<uint16_t>(Keyword::kCount); ++i) {
    const Keyword keyword = static_cast<Keyword>(i);
    std::string text(GetKeywordInfo(keyword).text);
    CHECK(LookupKeyword(text) == keyword);
    for (char& c : text) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    CHECK(LookupKeyword(text) == keyword);
    CHECK(LookupKeyword(text + "x1") == Keyword::kNotKeyword);
  }
}

TEST_CASE("parse: TPC-H and the sqllogictest corpus parse and survive a round trip",
          "[sql][parse][corpus]") {
  const std::filesystem::path data = ParseTestData();
  const auto check_all = [](const std::vector<std::string>& texts) {
    size_t failures = 0;
    for (const std::string& sql : texts) {
      auto parsed = ParseStatements(sql);
      if (!parsed.ok()) {
        ++failures;
        CHECK(sql + parsed.status().ToString() == "");
        continue;
      }
      for (const ParsedStatement& statement : *parsed) {
        const std::string first = Deparse(statement.statement);
        if (first.empty()) continue;
        auto again = ParseStatements(first);
        if (!again.ok() || Deparse((*again)[0].statement) != first) ++failures;
      }
    }
    CHECK(failures == 0);
  };
  if (std::filesystem::exists(data / "tpch" / "queries")) {
    std::vector<std::string> queries;
    for (const auto& entry : std::filesystem::directory_iterator(data / "tpch" / "queries")) {
      queries.push_back(ReadWholeFile(entry.path()));
    }
    CHECK(queries.size() == 22);
    check_all(queries);
  }
  if (std::filesystem::exists(data / "sqllogictest")) {
    for (const auto& entry : std::filesystem::directory_iterator(data / "sqllogictest")) {
      if (entry.path().extension() == ".test") {
        check_all(SqlOfLogicTest(ReadWholeFile(entry.path())));
      }
    }
  }
}

}  // namespace driftdb::sql
