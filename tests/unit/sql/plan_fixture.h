// Statistics of TPC-H at scale 1 over BindCatalog, and plans as text, for tests of the optimizer.
#ifndef DRIFTDB_TESTS_UNIT_SQL_PLAN_FIXTURE_H_
#define DRIFTDB_TESTS_UNIT_SQL_PLAN_FIXTURE_H_

#include <map>
#include <string>
#include <vector>

#include "sql/bind_catalog.h"
#include "sql/plan/explain.h"
#include "sql/plan/optimizer.h"

namespace driftdb::sql {

class PlanStatistics : public StatisticsProvider {
 public:
  struct Column {
    double distinct = 0;
    Value min, max;
  };
  bool TableStatistics(const catalog::TableEntry& table, PlannerTableStatistics* out) override;
  std::map<std::string, double> rows;
  std::map<std::string, Column> columns;
};

class PlanFixture {
 public:
  PlanFixture();
  Result<PhysicalPlan> Plan(const std::string& sql);
  // EXPLAIN without costs, or the error.
  std::string Explain(const std::string& sql, bool costs = false);

  BindCatalog catalog;
  PlanStatistics statistics;
  OptimizerContext context;
};

// Text of a TPC-H query, empty when the data folder is not there.
std::string PlanTpchQuery(int number);

}  // namespace driftdb::sql

#endif  // DRIFTDB_TESTS_UNIT_SQL_PLAN_FIXTURE_H_
