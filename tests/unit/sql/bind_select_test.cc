// Plans of queries. Covers: lib/sql/bind/scope.cc lib/sql/bind/bind_names.cc
// lib/sql/bind/bind_column.cc lib/sql/bind/bind_expr.cc lib/sql/bind/bind_predicate.cc
// lib/sql/bind/bind_call.cc lib/sql/bind/bind_window.cc lib/sql/bind/bind_from.cc
// lib/sql/bind/bind_relation.cc lib/sql/bind/bind_join.cc lib/sql/bind/bind_select.cc
// lib/sql/bind/bind_target.cc lib/sql/bind/bind_group.cc lib/sql/bind/bind_set_operation.cc
// lib/sql/bind/bind_cte.cc lib/sql/plan/logical_text.cc lib/sql/plan/logical_walk.cc
// lib/sql/plan/subquery_plan.cc
#include <catch2/catch.hpp>

#include "sql/bind_catalog.h"
#include "sql/plan/subquery_plan.h"

namespace driftdb::sql {

namespace {

BindCatalog& SelectCatalog() {
  static BindCatalog catalog;
  return catalog;
}

BoundQuery SelectQuery(const std::string& sql) {
  Result<BoundStatement> bound = SelectCatalog().Bind(sql);
  INFO(sql);
  INFO(bound.status().ToString());
  REQUIRE(bound.ok());
  return std::move(*bound->Get<BoundQuery>());
}

std::string SelectNames(const std::string& sql) {
  std::string names;
  for (const OutputColumn& column : SelectQuery(sql).output) {
    names += (names.empty() ? "" : ",") + column.name + ":" + column.type.ToString();
  }
  return names;
}

size_t SelectCount(LogicalNode& plan, const std::string& word) {
  size_t count = 0;
  const std::string text = ToString(plan);
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++count;
  return count;
}

// LP-1: every table index is produced once.
void SelectCheckUnique(LogicalNode& plan) {
  std::vector<uint32_t> seen;
  WalkLogical(plan, [&](LogicalNode& node) {
    ForEachProducedTable(node, [&](uint32_t& index) {
      CHECK(std::find(seen.begin(), seen.end(), index) == seen.end());
      seen.push_back(index);
    });
  });
}

}  // namespace

TEST_CASE("binder: a filtered, ordered query becomes scan, filter, projection, sort, limit",
          "[sql][bind]") {
  CHECK(
      SelectCatalog().Plan("SELECT a, b FROM t WHERE a > 1 AND b = 'x' ORDER BY c DESC LIMIT 3") ==
      "Limit '3'::bigint offset -\n"
      "  Sort [#2.2 DESC]\n"
      "    Projection #2 [#1.0, #1.1, #1.2]\n"
      "      Filter [(#1.0 > 1), (#1.1 = 'x'::text)]\n"
      "        Scan #1 t [a, b, c, d]\n");
  CHECK(SelectQuery("SELECT a, b FROM t ORDER BY c").output.size() == 2);
}

TEST_CASE("binder: stars, aliases and USING name the output columns", "[sql][bind]") {
  CHECK(SelectNames("SELECT * FROM t") == "a:integer,b:text,c:numeric(10,2),d:date");
  CHECK(SelectNames("SELECT q.*, 1 AS one FROM u q") ==
        "a:bigint,x:character varying(3),y:integer,one:integer");
  CHECK(SelectNames("SELECT * FROM t JOIN u USING (a)") ==
        "a:bigint,b:text,c:numeric(10,2),d:date,x:character varying(3),y:integer");
  CHECK(SelectNames("SELECT * FROM t NATURAL FULL JOIN u") ==
        "a:bigint,b:text,c:numeric(10,2),d:date,x:character varying(3),y:integer");
  CHECK(SelectNames("SELECT * FROM (SELECT a, b FROM t) s (x)") == "x:integer,b:text");
  CHECK(SelectNames("SELECT count(*), sum(a), 1 + 1, 'x', NULL, a::text, lower(b) FROM t GROUP BY "
                    "a, b") ==
        "count:bigint,sum:bigint,?column?:integer,?column?:text,?column?:text,a:text,lower:text");
  CHECK(SelectNames("SELECT * FROM v") == "a:integer,b:text");
  CHECK(SelectNames("SELECT * FROM generate_series(1, 3) g") == "g:integer");
  CHECK(SelectNames("SELECT n FROM generate_series(1, 3000000000) g (n)") == "n:bigint");
  CHECK(SelectNames("SELECT * FROM public.t AS q WHERE q.a = 1") ==
        "a:integer,b:text,c:numeric(10,2),d:date");
  CHECK(SelectNames("SELECT public.t.a FROM public.t") == "a:integer");
}

TEST_CASE("binder: aggregates leave their expressions for one node, shared where equal",
          "[sql][bind]") {
  CHECK(SelectCatalog().Plan("SELECT b, sum(a) + count(*), count(*) FROM t GROUP BY b HAVING "
                             "count(*) > 1 ORDER BY sum(a)") ==
        "Sort [#5.3]\n"
        "  Projection #5 [#2.0, (#3.0 + #3.1), #3.1, #3.0]\n"
        "    Filter [(#3.1 > '1'::bigint)]\n"
        "      Aggregate groups #2 [#1.1] aggregates #3 [sum(#1.0), count(*)]\n"
        "        Scan #1 t [a, b, c, d]\n");
  // The primary key determines the other columns.
  CHECK(SelectNames("SELECT a, b, c FROM t GROUP BY a") == "a:integer,b:text,c:numeric(10,2)");
  BoundQuery sets = SelectQuery("SELECT a, b, grouping(a, b) FROM t GROUP BY ROLLUP (a, b)");
  CHECK(SelectCount(*sets.plan, "sets (0,1) (0) ()") == 1);
  BoundQuery cube = SelectQuery("SELECT a, b FROM t GROUP BY c, CUBE (a, b)");
  CHECK(SelectCount(*cube.plan, "sets (0,1,2) (0,1) (0,2) (0)") == 1);
  CHECK(SelectNames("SELECT b, count(*) FROM t GROUP BY ALL") == "b:text,count:bigint");
  CHECK(SelectNames("SELECT lower(b) AS k FROM t GROUP BY k") == "k:text");
  CHECK(SelectNames("SELECT count(DISTINCT a) FILTER (WHERE b = 'x') FROM t") == "count:bigint");
}

TEST_CASE("binder: an aggregate of outer columns alone belongs to the outer query", "[sql][bind]") {
  BoundQuery query = SelectQuery("SELECT (SELECT sum(t.a) FROM u LIMIT 1) FROM t");
  CHECK(SelectCount(*query.plan, "aggregates #5 [sum(") + SelectCount(*query.plan, "[sum(#1.0)]") >=
        1);
  CHECK(SelectCount(*query.plan, "Aggregate") == 1);
}

TEST_CASE("binder: correlated subqueries refer to outer bindings by depth 0", "[sql][bind]") {
  BoundQuery query = SelectQuery(
      "SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = t.a) AND a NOT IN "
      "(SELECT y FROM u) AND a > ALL (SELECT y FROM u WHERE u.x = t.b)");
  ForEachColumn(*query.plan, [](expr::ColumnBinding& column) { CHECK(column.depth == 0); });
  SelectCheckUnique(*query.plan);
  CHECK(SelectCount(*query.plan, "subquery [") == 3);
}

TEST_CASE("binder: IN casts the side that needs it", "[sql][bind]") {
  // bigint column against int column: the subquery's column is converted in a projection.
  BoundQuery query = SelectQuery("SELECT 1 FROM u WHERE a IN (SELECT a FROM t)");
  const auto* filter = query.plan->children[0]->As<LogicalFilter>();
  REQUIRE(filter != nullptr);
  const expr::Expr& in = *filter->conjuncts[0];
  REQUIRE(in.kind == expr::ExprKind::kSubquery);
  CHECK(in.children[0]->type == in.subquery->plan->types[0]);
  CHECK(in.subquery->kind == expr::SubqueryKind::kIn);
}

TEST_CASE("binder: no plan holds a subquery twice", "[sql][bind][SB-3]") {
  for (const char* sql : {"SELECT (SELECT max(y) FROM u) BETWEEN 1 AND 2",
                          "SELECT CASE (SELECT max(y) FROM u) WHEN 1 THEN 2 WHEN 3 THEN 4 END",
                          "SELECT (SELECT max(y) FROM u) AS m FROM t GROUP BY m ORDER BY m",
                          "SELECT (SELECT 1) = ANY (ARRAY[1, 2])"}) {
    INFO(sql);
    BoundQuery query = SelectQuery(sql);
    SelectCheckUnique(*query.plan);
  }
}

TEST_CASE("binder: set operations unify types and stay shallow", "[sql][bind]") {
  CHECK(SelectNames("SELECT 1 AS x UNION SELECT 2.5 UNION ALL SELECT NULL") == "x:numeric(11,1)");
  CHECK(SelectNames("SELECT NULL UNION SELECT 1") == "?column?:integer");
  CHECK(SelectNames("VALUES (1, 'a'), (2, NULL)") == "column1:integer,column2:text");
  std::string sql = "SELECT 1";
  for (int i = 0; i < 10'000; ++i) sql += " UNION ALL SELECT 1";
  BoundQuery query = SelectQuery(sql);
  size_t depth = 0;
  for (const LogicalNode* at = query.plan.get(); !at->children.empty();
       at = at->children[0].get()) {
    ++depth;
  }
  CHECK(depth < 20);
  CHECK(SelectCatalog()
            .Plan("SELECT a FROM t EXCEPT SELECT y FROM u EXCEPT SELECT 1")
            .find("Except #7") != std::string::npos);
}

TEST_CASE("binder: long chains need no stack", "[sql][bind]") {
  std::string sql = "SELECT a FROM t WHERE a = 0";
  for (int i = 0; i < 10'000; ++i) sql += " OR a = " + std::to_string(i);
  CHECK(SelectQuery(sql).output.size() == 1);
  std::string values = "VALUES (1)";
  for (int i = 0; i < 10'000; ++i) values += ",(2)";
  CHECK(SelectQuery(values).output.size() == 1);
}

TEST_CASE("binder: too deep nesting is 54001", "[sql][bind]") {
  std::string nested = "SELECT 1";
  for (int i = 0; i < 400; ++i) nested = "SELECT (" + nested + ")";
  CHECK(SelectCatalog().Fail(nested).substr(0, 5) == "54001");
  std::string sum = "SELECT 1";
  for (int i = 0; i < 20'000; ++i) sum += " + 1";
  CHECK(SelectCatalog().Fail(sum).substr(0, 5) == "54001");
}

TEST_CASE("binder: common table expressions are inlined, shared, dropped or recursive",
          "[sql][bind]") {
  BoundQuery once = SelectQuery("WITH q AS (SELECT a FROM t) SELECT * FROM q");
  CHECK(SelectCount(*once.plan, "Cte") == 0);
  BoundQuery twice = SelectQuery("WITH q AS (SELECT a FROM t) SELECT * FROM q, q AS r");
  CHECK(SelectCount(*twice.plan, "CteScan") == 2);
  BoundQuery kept = SelectQuery("WITH q AS MATERIALIZED (SELECT a FROM t) SELECT * FROM q");
  CHECK(SelectCount(*kept.plan, "Cte 1 q") == 1);
  BoundQuery unused = SelectQuery("WITH q AS (SELECT a FROM t) SELECT 1");
  CHECK(SelectCount(*unused.plan, "Scan") == 0);
  BoundQuery recursive = SelectQuery(
      "WITH RECURSIVE q (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM q WHERE n < 10) SELECT n FROM "
      "q");
  CHECK(SelectCount(*recursive.plan, "Cte 1 q recursive") == 1);
  SelectCheckUnique(*twice.plan);
}

TEST_CASE("binder: windows are taken out above grouping", "[sql][bind]") {
  BoundQuery query = SelectQuery(
      "SELECT b, rank() OVER w, sum(count(*)) OVER (PARTITION BY b ORDER BY b ROWS 1 PRECEDING) "
      "FROM t GROUP BY b WINDOW w AS (ORDER BY count(*) DESC)");
  CHECK(SelectCount(*query.plan, "Window #") == 1);
  CHECK(SelectCount(*query.plan, "Aggregate") == 1);
}

TEST_CASE("binder: LATERAL and functions in FROM see what stands left of them", "[sql][bind]") {
  BoundQuery query = SelectQuery("SELECT * FROM t, LATERAL (SELECT y FROM u WHERE u.a = t.a) s");
  CHECK(SelectCount(*query.plan, "InnerJoin lateral") == 1);
  BoundQuery series = SelectQuery("SELECT * FROM t, generate_series(1, t.a)");
  CHECK(SelectCount(*series.plan, "InnerJoin lateral") == 1);
  BoundQuery plain = SelectQuery("SELECT * FROM t, generate_series(1, 2)");
  CHECK(SelectCount(*plain.plan, "lateral") == 0);
  BoundQuery left = SelectQuery("SELECT * FROM t LEFT JOIN LATERAL (SELECT t.a + 1) s ON true");
  CHECK(SelectCount(*left.plan, "LeftJoin lateral") == 1);
}

TEST_CASE("binder: parameters take their types from their places", "[sql][bind]") {
  const BoundQuery query =
      SelectQuery("SELECT a FROM t WHERE a = $1 AND b LIKE $2 AND d < $3 AND a + $1 > 0 LIMIT $4");
  REQUIRE(query.parameter_types.size() == 4);
  CHECK(query.parameter_types[0] == LogicalType(TypeId::kInt32));
  CHECK(query.parameter_types[1] == LogicalType(TypeId::kText));
  CHECK(query.parameter_types[2] == LogicalType(TypeId::kDate));
  CHECK(query.parameter_types[3] == LogicalType(TypeId::kInt64));
}

TEST_CASE("binder: privileges name the columns, a view's own are its owner's", "[sql][bind]") {
  const BoundQuery query = SelectQuery("SELECT b FROM t WHERE d IS NULL");
  REQUIRE(query.privileges.size() == 1);
  CHECK(query.privileges[0].privileges == catalog::kPrivilegeSelect);
  CHECK(query.privileges[0].columns == std::vector<uint32_t>{1, 3});
  const BoundQuery view = SelectQuery("SELECT b FROM v");
  REQUIRE(view.privileges.size() == 2);
  CHECK(view.privileges[0].object_kind == 'v');
  CHECK(view.privileges[0].columns == std::vector<uint32_t>{1});
  CHECK(view.privileges[1].as_role == Oid(10));
  CHECK(view.relations.size() == 2);
  CHECK(view.read_only);
  CHECK(!SelectQuery("SELECT nextval('s')").read_only);
}

TEST_CASE("binder: equal subqueries are equal whatever their table numbers", "[sql][plan]") {
  BoundQuery query = SelectQuery(
      "SELECT (SELECT max(y) FROM u), (SELECT max(y) FROM u), (SELECT "
      "min(y) FROM u)");
  const auto* projection = query.plan->As<LogicalProjection>();
  REQUIRE(projection != nullptr);
  CHECK(expr::Equals(*projection->expressions[0], *projection->expressions[1]));
  CHECK(!expr::Equals(*projection->expressions[0], *projection->expressions[2]));
  LogicalPtr copy = CloneLogical(*query.plan);
  CHECK(ToString(*copy) == ToString(*query.plan));
  uint32_t next = 100;
  RenumberTables(*copy, &next);
  SelectCheckUnique(*copy);
  CHECK(ToString(*copy) != ToString(*query.plan));
}

}  // namespace driftdb::sql
