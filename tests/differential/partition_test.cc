// Goal: a predicate divides the rows of a query: those for which it is true, false and unknown are
// all of them, each once. Method: generated FROM clauses and predicates, four queries each; the
// predicate stands in WHERE, in a CASE and in a FILTER.
#include <algorithm>
#include <string>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "queries.h"
#include "script.h"

namespace driftdb::differential {
namespace {

class PartitionRun {
 public:
  explicit PartitionRun(uint64_t seed)
      : seed_(seed),
        random_(seed),
        schema_(MakeSchema(&random_, 3)),
        queries_(&random_, &schema_, Expressions::Dialect::kOwn) {
    for (TableModel& table : schema_.tables) {
      Run(TableDefinition(table, &random_));
      for (int i = 0; i < 15; ++i)
        Run("INSERT INTO " + table.name + " VALUES " + RowLiterals(&table, &random_));
      Run(IndexDefinition(table, table.name + "_i", &random_));
    }
  }

  void Check() {
    const Queries::Parts parts = queries_.FromAndPredicate();
    const std::string base = fmt::format("SELECT {} FROM {}", parts.output, parts.from);
    const Outcome all = drift_.Run(base);
    Outcome divided;
    for (const char* form : {" WHERE {}", " WHERE NOT {}", " WHERE ({}) IS NULL"}) {
      const Outcome part = drift_.Run(base + fmt::format(fmt::runtime(form), parts.predicate));
      if (!part.ok()) divided.error = part.error, divided.message = part.message;
      divided.rows.insert(divided.rows.end(), part.rows.begin(), part.rows.end());
    }
    Same(divided, all, base + " WHERE " + parts.predicate);
    const Outcome counted =
        drift_.Run(fmt::format("SELECT sum(CASE WHEN {0} THEN 1 ELSE 0 END), count(*) FILTER "
                               "(WHERE {0}), (SELECT count(*) FROM {1} WHERE {0}) FROM {1}",
                               parts.predicate, parts.from));
    if (!counted.ok() || counted.rows[0].starts_with("\\N"))
      return Same(counted, counted, parts.predicate);
    const std::string number = counted.rows[0].substr(0, counted.rows[0].find('|'));
    Outcome wanted;
    wanted.rows = {number + "|" + number + "|" + number};
    Same(counted, wanted, base + " WHERE " + parts.predicate);
  }

 private:
  void Run(const std::string& sql) {
    script_.push_back({sql});
    drift_.Run(sql);
  }
  void Same(const Outcome& found, const Outcome& wanted, const std::string& sql) {
    std::string difference = Difference(found, wanted, false);
    if (difference.empty() && !found.ok() && !found.timed_out()) difference = found.message;
    if (difference.empty()) return;
    FAIL_CHECK(fmt::format("DRIFTDB_DIFFERENTIAL_SEED={}: {}\n{}{};", seed_, difference,
                           ScriptText(script_), sql));
  }

  const uint64_t seed_;
  Random random_;
  SchemaModel schema_;
  Queries queries_;
  DriftEngine drift_;
  Script script_;
};

TEST_CASE("partition: true, false and unknown rows are all rows") {
  const uint64_t seed = EnvironmentNumber("DRIFTDB_DIFFERENTIAL_SEED", 1);
  for (uint64_t i = 0; i < EnvironmentNumber("DRIFTDB_DIFFERENTIAL_CASES", 10); ++i) {
    PartitionRun run(seed + i);
    for (int check = 0; check < 20; ++check) run.Check();
  }
}

}  // namespace
}  // namespace driftdb::differential
