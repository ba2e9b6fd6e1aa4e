// INSERT, UPDATE, DELETE, COPY and session statements. Covers: lib/sql/bind/bind_insert.cc
// lib/sql/bind/bind_update.cc lib/sql/bind/bind_copy.cc lib/sql/bind/binder.cc
#include <catch2/catch.hpp>

#include "sql/bind_catalog.h"
#include "sql/plan/subquery_plan.h"

namespace driftdb::sql {

namespace {

BindCatalog& ModifyCatalog() {
  static BindCatalog catalog;
  return catalog;
}

template <typename T>
T ModifyBind(const std::string& sql) {
  Result<BoundStatement> bound = ModifyCatalog().Bind(sql);
  INFO(sql);
  INFO(bound.status().ToString());
  REQUIRE(bound.ok());
  REQUIRE(bound->Get<T>() != nullptr);
  return std::move(*bound->Get<T>());
}

}  // namespace

TEST_CASE("binder: INSERT VALUES yields the table's columns, cast and with defaults",
          "[sql][bind]") {
  BoundQuery query = ModifyBind<BoundQuery>("INSERT INTO u (y, a) VALUES (1, 2), (DEFAULT, $1)");
  CHECK(!query.read_only);
  const auto* insert = query.plan->As<LogicalInsert>();
  REQUIRE(insert != nullptr);
  CHECK(insert->check_names == std::vector<std::string>{"u_y_check"});
  const auto* values = query.plan->children[0]->As<LogicalValues>();
  REQUIRE(values != nullptr);
  REQUIRE(values->rows.size() == 2);
  CHECK(values->types[0] == LogicalType(TypeId::kInt64));
  CHECK(values->rows[0][0]->type == LogicalType(TypeId::kInt64));
  CHECK(expr::ToString(*values->rows[0][1]).find("ab") != std::string::npos);
  CHECK(values->rows[1][2]->value.is_null());
  CHECK(query.parameter_types == std::vector<LogicalType>{TypeId::kInt64});
  REQUIRE(query.privileges.size() == 1);
  CHECK(query.privileges[0].columns == std::vector<uint32_t>{2, 0});
}

TEST_CASE("binder: INSERT SELECT gives untyped literals the column's type", "[sql][bind]") {
  BoundQuery query =
      ModifyBind<BoundQuery>("INSERT INTO t SELECT a, NULL, '1.5', '2020-01-01' FROM u LIMIT 1");
  const auto* projection = query.plan->children[0]->As<LogicalProjection>();
  REQUIRE(projection != nullptr);
  CHECK(projection->expressions[3]->type == LogicalType(TypeId::kDate));
  CHECK(ModifyBind<BoundQuery>("INSERT INTO u DEFAULT VALUES").plan != nullptr);
  BoundQuery with =
      ModifyBind<BoundQuery>("WITH q AS (SELECT 1 AS n) INSERT INTO t (a) SELECT n FROM q");
  CHECK(with.plan->As<LogicalInsert>() != nullptr);
}

TEST_CASE("binder: a parameter for varchar(3) is text, its length is checked on storing",
          "[sql][bind]") {
  BoundQuery query = ModifyBind<BoundQuery>("INSERT INTO u (x) VALUES ($1)");
  CHECK(query.parameter_types == std::vector<LogicalType>{TypeId::kText});
  const auto* values = query.plan->children[0]->As<LogicalValues>();
  CHECK(values->rows[0][1]->kind == expr::ExprKind::kCast);
}

TEST_CASE("binder: UPDATE projects row id, old columns and values", "[sql][bind]") {
  BoundQuery query =
      ModifyBind<BoundQuery>("UPDATE t SET b = 'x', a = a + 1 WHERE d IS NULL RETURNING a, b AS q");
  const auto* update = query.plan->As<LogicalUpdate>();
  REQUIRE(update != nullptr);
  CHECK(update->set_columns == std::vector<uint32_t>{1, 0});
  const auto* projection = query.plan->children[0]->As<LogicalProjection>();
  REQUIRE(projection != nullptr);
  CHECK(projection->expressions.size() == 1 + 4 + 2);
  CHECK(projection->expressions[0]->type == LogicalType(TypeId::kInt64));
  REQUIRE(query.output.size() == 2);
  CHECK(query.output[1].name == "q");
  CHECK(query.output[0].binding.table_index == update->returning_index);
  BoundQuery joined = ModifyBind<BoundQuery>("UPDATE t SET b = u.x FROM u WHERE u.a = t.a");
  CHECK(joined.relations.size() == 2);
  BoundQuery single =
      ModifyBind<BoundQuery>("UPDATE t SET (a, b) = (SELECT y, x FROM u WHERE u.a = t.a)");
  CHECK(ToString(*single.plan).find("SingleJoin lateral") != std::string::npos);
  // Without a column read, SELECT is not needed.
  for (const RequiredPrivilege& p : ModifyBind<BoundQuery>("UPDATE t SET b = 'x'").privileges) {
    CHECK(p.privileges == catalog::kPrivilegeUpdate);
  }
}

TEST_CASE("binder: DELETE names the row id and the old columns", "[sql][bind]") {
  BoundQuery query = ModifyBind<BoundQuery>("DELETE FROM t USING u WHERE t.a = u.a RETURNING *");
  const auto* deletion = query.plan->As<LogicalDelete>();
  REQUIRE(deletion != nullptr);
  CHECK(deletion->old_columns.size() == 4);
  CHECK(query.output.size() == 4);
}

TEST_CASE("binder: COPY resolves columns, options and defaults", "[sql][bind]") {
  BoundCopy from = ModifyBind<BoundCopy>(
      "COPY u (y, a) FROM STDIN (FORMAT csv, HEADER, NULL 'n', FORCE_NOT_NULL (y))");
  CHECK(from.is_from);
  CHECK(from.columns == std::vector<uint32_t>{2, 0});
  CHECK(from.delimiter == ',');
  CHECK(from.null_text == "n");
  CHECK(from.defaults.size() == 3);
  CHECK(from.checks.size() == 1);
  CHECK(from.force_not_null == std::vector<bool>{false, false, true});
  BoundCopy to = ModifyBind<BoundCopy>("COPY t TO 'file' (DELIMITER '|')");
  CHECK(to.query.output.size() == 4);
  CHECK(to.delimiter == '|');
  CHECK(to.null_text == "\\N");
  BoundCopy query = ModifyBind<BoundCopy>("COPY (SELECT a FROM t) TO STDOUT");
  CHECK(query.table == nullptr);
  CHECK(query.query.output.size() == 1);
}

TEST_CASE("binder: session statements", "[sql][bind]") {
  CHECK(ModifyBind<AstTransaction>("BEGIN").kind == TransactionKind::kBegin);
  CHECK(ModifyBind<AstSet>("SET x.y TO 'z'").name == "x.y");
  CHECK(ModifyBind<BoundShow>("SHOW timezone").column == "TimeZone");
  BoundExplain explain = ModifyBind<BoundExplain>("EXPLAIN (ANALYZE, COSTS off) SELECT 1");
  CHECK(explain.analyze);
  CHECK(!explain.costs);
  CHECK(explain.statement->Get<BoundQuery>() != nullptr);
  BoundPrepare prepare =
      ModifyBind<BoundPrepare>("PREPARE p (int) AS SELECT * FROM t WHERE a = $1 AND b = $2");
  CHECK(prepare.parameter_types == std::vector<LogicalType>{TypeId::kInt32, TypeId::kText});
  BoundExecute execute = ModifyBind<BoundExecute>("EXECUTE p ('7', 'x')");
  CHECK(CoerceExecuteArguments(prepare.parameter_types, &execute).ok());
  CHECK(execute.arguments[0]->type == LogicalType(TypeId::kInt32));
  const Status few = CoerceExecuteArguments({TypeId::kInt32}, &execute);
  CHECK(few.message() == "wrong number of parameters for prepared statement \"p\"");
  CHECK(ModifyBind<BoundMaintenance>("ANALYZE t (a)").targets[0].columns ==
        std::vector<uint32_t>{0});
}

}  // namespace driftdb::sql
