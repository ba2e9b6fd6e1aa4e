#include "sql/plan_fixture.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/error.h"

namespace driftdb::sql {

namespace {

Value PlanDate(int days) { return Value::Integer(TypeId::kDate, days); }

}  // namespace

bool PlanStatistics::TableStatistics(const catalog::TableEntry& table,
                                     PlannerTableStatistics* out) {
  const auto found = rows.find(table.name);
  if (found == rows.end()) return false;
  out->rows = found->second;
  out->columns.resize(table.columns.size());
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const auto column = columns.find(table.columns[i].name);
    if (column == columns.end()) continue;
    out->columns[i].distinct = column->second.distinct;
    out->columns[i].min = column->second.min;
    out->columns[i].max = column->second.max;
    out->columns[i].known = !column->second.min.is_null();
  }
  return true;
}

PlanFixture::PlanFixture() {
  statistics.rows = {{"region", 5},         {"nation", 25},         {"supplier", 10'000},
                     {"customer", 150'000}, {"part", 200'000},      {"partsupp", 800'000},
                     {"orders", 1'500'000}, {"lineitem", 6'001'215}};
  auto& c = statistics.columns;
  for (const char* name : {"s_nationkey", "c_nationkey", "n_nationkey"}) c[name] = {25, {}, {}};
  c["n_name"] = {25, {}, {}};
  c["r_name"] = {5, {}, {}};
  c["n_regionkey"] = c["r_regionkey"] = {5, {}, {}};
  for (const char* name : {"s_suppkey", "ps_suppkey", "l_suppkey"}) c[name] = {10'000, {}, {}};
  for (const char* name : {"p_partkey", "ps_partkey", "l_partkey"}) c[name] = {200'000, {}, {}};
  c["c_custkey"] = {150'000, {}, {}};
  c["o_custkey"] = {100'000, {}, {}};
  c["o_orderkey"] = c["l_orderkey"] = {1'500'000, {}, {}};
  c["o_orderdate"] = {2406, PlanDate(8035), PlanDate(10440)};
  c["l_shipdate"] = {2526, PlanDate(8036), PlanDate(10561)};
  c["l_commitdate"] = {2466, PlanDate(8065), PlanDate(10530)};
  c["l_receiptdate"] = {2555, PlanDate(8037), PlanDate(10591)};
  c["p_brand"] = {25, {}, {}};
  c["p_type"] = {150, {}, {}};
  c["p_container"] = {40, {}, {}};
  c["p_size"] = {50, {}, {}};
  c["p_name"] = {200'000, {}, {}};
  c["c_mktsegment"] = {5, {}, {}};
  c["o_orderpriority"] = {5, {}, {}};
  c["o_orderstatus"] = {3, {}, {}};
  c["l_shipmode"] = {7, {}, {}};
  c["l_shipinstruct"] = {4, {}, {}};
  c["l_returnflag"] = {3, {}, {}};
  c["l_linestatus"] = {2, {}, {}};
  context.statistics = &statistics;
}

Result<PhysicalPlan> PlanFixture::Plan(const std::string& sql) {
  Result<BoundStatement> bound = catalog.Bind(sql);
  if (!bound.ok()) return bound.status();
  auto* query = bound->Get<BoundQuery>();
  if (query == nullptr) return InternalError("not a query");
  return Optimize(std::move(*query), context);
}

std::string PlanFixture::Explain(const std::string& sql, bool costs) {
  Result<PhysicalPlan> plan = Plan(sql);
  if (!plan.ok()) return plan.status().ToString();
  ExplainOptions options;
  options.costs = costs;
  std::string text;
  for (const std::string& line : ExplainText(MakeExplainTree(*plan, options, {}), options)) {
    text += line + "\n";
  }
  return text;
}

std::string PlanTpchQuery(int number) {
  const char* folder = std::getenv("DRIFTDB_TEST_DATA");
  const std::filesystem::path base = folder != nullptr ? folder : "../shared";
  for (const std::string& name : {std::to_string(number), "q" + std::to_string(number),
                                  "0" + std::to_string(number), "q0" + std::to_string(number)}) {
    std::ifstream in(base / "tpch" / "queries" / (name + ".sql"));
    if (!in) continue;
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }
  return "";
}

}  // namespace driftdb::sql
