// Subqueries: every correlated form gets a plan without nesting.
// Covers: lib/sql/plan/unnest.cc, lib/sql/plan/unnest_expression.cc,
// lib/sql/plan/unnest_pull_up.cc, lib/sql/plan/unnest_domain.cc,
// lib/sql/plan/functional_dependency.cc
#include <catch2/catch.hpp>

#include "sql/plan_fixture.h"

namespace driftdb::sql {

namespace {

bool PlanHas(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("optimizer: an equality-correlated aggregate becomes a grouped join", "[sql][plan]") {
  PlanFixture f;
  const std::string text = f.Explain(
      "select a from t where c > (select avg(l_quantity) from lineitem where l_orderkey = t.a)");
  INFO(text);
  CHECK(PlanHas(text, "HashAggregate"));
  CHECK(PlanHas(text, "Group Key: lineitem.l_orderkey"));
  CHECK_FALSE(PlanHas(text, "CTE"));
}

TEST_CASE("optimizer: count over an empty group stays 0", "[sql][plan]") {
  PlanFixture f;
  const std::string text =
      f.Explain("select a from t where (select count(*) from lineitem where l_orderkey = t.a) = 0");
  INFO(text);
  CHECK(PlanHas(text, "COALESCE"));
  // NULL of a padded row must not drop it: the join stays an outer one.
  CHECK((PlanHas(text, "Left Join") || PlanHas(text, "Right Join")));
}

TEST_CASE("optimizer: an uncorrelated scalar subquery runs once", "[sql][plan]") {
  PlanFixture f;
  const std::string text =
      f.Explain("select a from t where c > (select avg(l_quantity) from lineitem)");
  INFO(text);
  CHECK(PlanHas(text, "InitPlan 1 (returns $1)"));
  CHECK(PlanHas(text, "> $1"));
}

TEST_CASE("optimizer: NOT IN over a nullable column is null-aware", "[sql][plan]") {
  PlanFixture f;
  CHECK(PlanHas(f.Explain("select a from t where b not in (select x from u)"), "Anti Join"));
  CHECK(PlanHas(f.Explain("select x from u where a not in (select a from u)"), "(null-aware)"));
  const std::string text = f.Explain("select 1 from u u1 where u1.y not in (select y from u)");
  INFO(text);
  CHECK(PlanHas(text, "(null-aware)"));
  // Neither side can be NULL: a plain anti join.
  CHECK_FALSE(
      PlanHas(f.Explain("select a from t where a not in (select a from t t2 where b = 'x')"),
              "null-aware"));
}

TEST_CASE("optimizer: every correlated form unnests", "[sql][plan]") {
  PlanFixture f;
  for (const char* sql : {
           "select (select max(l_tax) from lineitem where l_orderkey < t.a) from t",
           "select a, (select b from t t2 where t2.a = t.a + 1) from t",
           "select a from t where exists (select 1 from u where u.y = t.a or u.x = t.b)",
           "select a from t where a = 1 or exists (select 1 from u where u.y = t.a)",
           "select a from t where a = 1 or a in (select y from u where u.x = t.b)",
           "select a not in (select y from u where u.x = t.b) from t",
           "select a from t where a < all (select y from u where u.x = t.b)",
           "select a from t where a > any (select y from u)",
           "select a from t where (a, b) in (select y, x from u)",
           "select a from t where (a, b) not in (select y, x from u)",
           "select a from t where (a, b) = (select y, x from u)",
           "select a, (select y from u where u.x = t.b order by y limit 1) from t",
           "select a, (select count(*) from u where u.y > t.a) from t",
           "select a, (select count(*) from u where u.y = t.a group by x having count(*) > 1 "
           "limit 1) from t",
           "select a from t where exists (select 1 from u where u.y = t.a and exists "
           "(select 1 from lineitem where l_orderkey = t.a and l_partkey = u.y))",
           "select a from t where exists (select y from u where u.y = t.a union all "
           "select l_orderkey from lineitem where l_orderkey > t.a)",
           "select t.a, s.n from t, lateral (select count(*) as n from u where u.y = t.a) s",
           "select t.a, s.y from t left join lateral (select y from u where u.y < t.a limit 2) s "
           "on true",
           "select t.a, s.z from t, lateral (select t.a + u.y as z from u where u.y = t.a) s",
           "select a, (select sum(s.y) from (select y from u where u.x = t.b) s) from t",
           "select a, (select sum(y) over (order by y) from u where u.y = t.a limit 1) from t",
           "select a, exists (select 1 from u where u.y = t.a) from t",
           "select a from t order by (select max(y) from u where u.y = t.a)",
           "select (select sum(y) from u where u.y = t.a), count(*) from t group by t.a",
           "select a from t where c = (select max(c) from t t2 where t2.b = t.b and t2.a in "
           "(select y from u where u.x = t2.b))",
           "select a, (select max(v.q) from (values (t.a), (t.a + 1)) v(q)) from t",
           "with w as (select y from u) select a from t where a in (select y from w) and a not in "
           "(select y from w where w.y > t.a)",
           "select distinct a from t where c > (select avg(y) from u where u.x = t.b)",
           "update t set b = (select max(x) from u where u.y = t.a)",
           "delete from t where exists (select 1 from u where u.y = t.a)",
           "insert into t select a + 10, (select max(x) from u where u.y = t.a) from t",
       }) {
    for (const uint32_t disabled : {0u, RuleBit(OptimizerRule::kPullUp), ~0u}) {
      f.context.disabled_rules = disabled;
      const std::string text = f.Explain(sql);
      INFO(sql << "\ndisabled " << disabled << "\n" << text);
      CHECK_FALSE(PlanHas(text, "XX000"));
      CHECK_FALSE(PlanHas(text, "0A000"));
      CHECK_FALSE(PlanHas(text,
                          ": "
                          "internal"));
    }
  }
}

}  // namespace driftdb::sql
