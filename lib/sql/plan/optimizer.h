// The optimizer: from a bound query to the plan that exec runs.
// Shape: one call per query; passes in order: constant folding, subqueries to joins (unnesting),
// predicate push-down and inference, join order, choice of physical operators, join filters. The
// passes and their rules: docs/internals/optimizer.md.
// Invariants: (OPT-1) the result gives the same rows as the bound query with every set of disabled
// rules; (OPT-2) estimates never are zero and never decide correctness; (OPT-3) no storage is
// touched except through StatisticsProvider.
// Threads: functions without state; the provider is called by the calling thread only.
// Errors: 0A000 for correlated forms that cannot be unnested, XX000 for broken plans.
// Source: Neumann, Kemper, "Unnesting Arbitrary Queries", BTW 2015; Moerkotte, Neumann, "Dynamic
// Programming Strikes Back", SIGMOD 2008 (DPhyp); Moerkotte, Fender, Eich, "On the Correct and
// Complete Enumeration of the Core Search Space", SIGMOD 2013.
#ifndef DRIFTDB_SQL_PLAN_OPTIMIZER_H_
#define DRIFTDB_SQL_PLAN_OPTIMIZER_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "base/status.h"
#include "catalog/entries.h"
#include "sql/plan/logical_plan.h"
#include "sql/plan/physical_plan.h"
#include "types/value.h"

namespace driftdb::sql {

// What is known about one column; see storage::ColumnStatistics.
struct PlannerColumnStatistics {
  bool known = false;  // min and max bound the values
  Value min, max;
  double distinct = 0;  // 0: unknown
  double null_fraction = 0;
};
struct PlannerTableStatistics {
  double rows = 0;
  std::vector<PlannerColumnStatistics> columns;  // by ordinal; may be shorter than the table
};

// Implemented above storage (the SQL layer never touches a page).
class StatisticsProvider {
 public:
  virtual ~StatisticsProvider() = default;
  // False when nothing is known; cheap: called once per table reference.
  virtual bool TableStatistics(const catalog::TableEntry& table, PlannerTableStatistics* out) = 0;
  // Fraction of the rows of a sample for which all conjuncts are true. Slot i of the conjuncts is
  // column ordinals[i] of the table. nullopt: no sample, or the conjuncts cannot be evaluated.
  virtual std::optional<double> SampleSelectivity(const catalog::TableEntry& table,
                                                  const std::vector<uint32_t>& ordinals,
                                                  const std::vector<const expr::Expr*>& conjuncts) {
    return std::nullopt;
  }
};

// Optional rewrites and choices, for tests that compare plans with and without one of them.
enum class OptimizerRule : uint8_t {
  kFoldConstants,
  kPushDown,       // predicates below joins, projections, aggregates, set operations
  kOuterToInner,   // outer joins whose NULL rows a predicate rejects
  kTransitive,     // predicates derived from equivalence classes
  kDisjunction,    // factoring of ORs and per-table extraction
  kCteInline,      // CTEs used once or cheap
  kCommonSubplan,  // equal subplans computed once
  kJoinOrder,      // off: joins in written order
  kBuildSide,      // off: the right side is built
  kIndexScan,
  kIndexJoin,
  kJoinFilter,
  kTopN,
  kDependentGroups,    // group keys that others determine are not hashed
  kAggregateStrategy,  // perfect and streaming aggregation
  kSampling,           // SampleSelectivity
  kPullUp,             // off: every correlated subquery gets a domain join
};
constexpr uint32_t RuleBit(OptimizerRule rule) { return 1u << static_cast<unsigned>(rule); }

struct OptimizerContext {
  StatisticsProvider* statistics = nullptr;  // null: defaults everywhere
  uint32_t disabled_rules = 0;               // RuleBit mask
  uint64_t catalog_version = 0;              // copied to the plan
  // Values of the client's parameters, if the plan is for one execution; estimates only.
  const std::vector<Value>* parameters = nullptr;

  bool enabled(OptimizerRule rule) const { return (disabled_rules & RuleBit(rule)) == 0; }
};

// Consumes the query.
Result<PhysicalPlan> Optimize(BoundQuery query, const OptimizerContext& context);

}  // namespace driftdb::sql

#endif  // DRIFTDB_SQL_PLAN_OPTIMIZER_H_
