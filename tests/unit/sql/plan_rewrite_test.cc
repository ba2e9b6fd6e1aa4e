// Push-down, inference, join order, access paths.
// Covers: lib/sql/plan/push_down.cc, lib/sql/plan/inference.cc, lib/sql/plan/join_graph.cc,
// lib/sql/plan/join_enumerator.cc, lib/sql/plan/join_order.cc, lib/sql/plan/join_filters.cc,
// lib/sql/plan/access_path.cc, lib/sql/plan/simplify.cc, lib/sql/plan/cardinality.cc,
// lib/sql/plan/selectivity.cc, lib/sql/plan/columns.cc, lib/sql/plan/explain.cc,
// lib/sql/plan/optimizer.cc, lib/sql/plan/lowering.cc, lib/sql/plan/lowering_join.cc,
// lib/sql/plan/lowering_modify.cc, lib/sql/plan/lowering_order.cc, lib/sql/plan/lowering_scan.cc, lib/sql/plan/plan_costs.cc
#include <chrono>
#include <string>

#include <catch2/catch.hpp>

#include "sql/plan_fixture.h"

namespace driftdb::sql {

namespace {

bool PlanContains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

template <typename T>
const T* PlanFind(const PhysicalNode& node) {
  if (const T* found = node.As<T>()) return found;
  for (const PhysicalPtr& child : node.children) {
    if (const T* found = PlanFind<T>(*child)) return found;
  }
  return nullptr;
}

}  // namespace

TEST_CASE("optimizer: an outer join whose padded rows are rejected is an inner one",
          "[sql][plan]") {
  PlanFixture f;
  const std::string inner = f.Explain(
      "select 1 from orders left join lineitem on o_orderkey = l_orderkey "
      "where l_quantity > 5");
  INFO(inner);
  CHECK_FALSE(PlanContains(inner, "Left"));
  CHECK_FALSE(PlanContains(inner, "Right"));
  const std::string outer = f.Explain(
      "select 1 from orders left join lineitem on o_orderkey = l_orderkey "
      "where l_quantity is null");
  INFO(outer);
  CHECK((PlanContains(outer, "Left") || PlanContains(outer, "Right")));
  CHECK(PlanContains(outer, "IS NULL"));
}

TEST_CASE("optimizer: constants spread over classes of equal columns", "[sql][plan]") {
  PlanFixture f;
  const std::string text =
      f.Explain("select 1 from orders, lineitem where o_orderkey = l_orderkey and o_orderkey = 7");
  INFO(text);
  CHECK(PlanContains(text, "l_orderkey = 7"));
}

TEST_CASE("optimizer: an OR gives each table what it says of it alone", "[sql][plan]") {
  PlanFixture f;
  const std::string text = f.Explain(
      "select 1 from nation n1, nation n2 where (n1.n_name = 'A' and n2.n_name = 'B') "
      "or (n1.n_name = 'B' and n2.n_name = 'A')");
  INFO(text);
  CHECK(PlanContains(text, "Seq Scan on nation n1\n"));
  CHECK(PlanContains(text, "Filter: ((n1.n_name IN ("));
}

TEST_CASE("optimizer: predicates go below grouping, windows and set operations", "[sql][plan]") {
  PlanFixture f;
  const std::string group = f.Explain(
      "select * from (select l_orderkey, count(*) from lineitem group by l_orderkey) s "
      "where l_orderkey > 7");
  INFO(group);
  CHECK_FALSE(PlanContains(group, "  Filter\n"));
  const std::string set = f.Explain(
      "select * from (select o_orderkey k from orders union all select l_orderkey from lineitem) s "
      "where k < 9");
  INFO(set);
  CHECK(PlanContains(set, "orders.o_orderkey < 9"));
  CHECK(PlanContains(set, "lineitem.l_orderkey < 9"));
  const std::string limit =
      f.Explain("select * from (select o_orderkey k from orders limit 10) s where k < 9");
  INFO(limit);
  CHECK(limit.find("Filter") < limit.find("Limit"));
}

TEST_CASE("optimizer: a unique key is read through its index", "[sql][plan]") {
  PlanFixture f;
  Result<PhysicalPlan> plan = f.Plan("select b from t where a = $1");
  REQUIRE(plan.ok());
  const auto* scan = PlanFind<PhysicalIndexScan>(*plan->root);
  REQUIRE(scan != nullptr);
  CHECK(scan->equal.size() == 1);
  CHECK(scan->filters.empty());
  CHECK(scan->output_count == 1);
  CHECK(scan->columns.size() == 1);
}

TEST_CASE("optimizer: ORDER BY with LIMIT reads an index in order", "[sql][plan]") {
  PlanFixture f;
  const std::string text = f.Explain("select * from orders order by o_orderkey desc limit 10");
  INFO(text);
  CHECK(PlanContains(text, "Index Scan Backward"));
  CHECK_FALSE(PlanContains(text, "Top-N"));
}

TEST_CASE("optimizer: UPDATE over a filtered scan can be rechecked", "[sql][plan]") {
  PlanFixture f;
  Result<PhysicalPlan> plan = f.Plan("update t set c = c + 1 where b = 'x' and a = 5");
  REQUIRE(plan.ok());
  const auto* update = plan->root->As<PhysicalUpdate>();
  REQUIRE(update != nullptr);
  CHECK(update->can_recheck);
  CHECK(update->recheck_filters.size() == 2);
  CHECK(update->recheck_values.size() == 1);
  Result<PhysicalPlan> joined = f.Plan("update t set b = u.x from u where u.y = t.a");
  REQUIRE(joined.ok());
  CHECK_FALSE(joined->root->As<PhysicalUpdate>()->can_recheck);
}

TEST_CASE("optimizer: a join filter reaches every scan of the key's class", "[sql][plan]") {
  PlanFixture f;
  Result<PhysicalPlan> plan = f.Plan(
      "select 1 from part, lineitem, partsupp where p_partkey = l_partkey and p_partkey = "
      "ps_partkey and l_suppkey = ps_suppkey and p_name like '%green%'");
  REQUIRE(plan.ok());
  size_t targets = 0;
  const auto count = [&](const auto& self, const PhysicalNode& node) -> void {
    if (const auto* join = node.As<PhysicalHashJoin>()) targets += join->filters.size();
    for (const PhysicalPtr& child : node.children) self(self, *child);
  };
  count(count, *plan->root);
  CHECK(targets >= 2);
}

TEST_CASE("optimizer: a chain of 64 tables follows its equalities, quickly", "[sql][plan]") {
  PlanFixture f;
  std::string tables, where, list;
  for (int i = 1; i <= 64; ++i) {
    const std::string n = std::to_string(i);
    REQUIRE(f.catalog
                .Define("create table k" + n + " (a" + n + " int primary key, b" + n + " int, x" +
                        n + " text)")
                .ok());
    f.statistics.rows["k" + n] = 10;
    tables += (i > 1 ? ", k" : "k") + n;
    list += (i > 1 ? ", x" : "x") + n;
    if (i < 64) where += " and a" + n + " = b" + std::to_string(i + 1);
  }
  const auto start = std::chrono::steady_clock::now();
  Result<PhysicalPlan> plan =
      f.Plan("select " + list + " from " + tables + " where a33 = 4" + where);
  const auto took = std::chrono::steady_clock::now() - start;
  REQUIRE(plan.ok());
  CHECK(PlanFind<PhysicalNestedLoopJoin>(*plan->root) == nullptr);
  CHECK(std::chrono::duration_cast<std::chrono::milliseconds>(took).count() < 1000);
  CHECK(plan->root->estimated_rows < 100);
}

TEST_CASE("optimizer: group keys that a primary key determines are not hashed", "[sql][plan]") {
  PlanFixture f;
  const std::string text = f.Explain(
      "select c_custkey, c_name, n_name, count(*) from customer, nation "
      "where c_nationkey = n_nationkey group by c_custkey, c_name, n_name");
  INFO(text);
  CHECK(PlanContains(text, "Group Key: customer.c_custkey\n"));
  CHECK(PlanContains(text, "Dependent: "));
}

TEST_CASE("optimizer: a CTE used once is inlined, a volatile one is not", "[sql][plan]") {
  PlanFixture f;
  CHECK_FALSE(
      PlanContains(f.Explain("with w as (select a from t) select * from w where a = 1"), "CTE"));
  CHECK(PlanContains(f.Explain("with w as materialized (select a from t) select * from w"), "CTE"));
}

}  // namespace driftdb::sql
