// Aggregate: GROUP BY with all its forms; plain DISTINCT is an aggregate without calls.
// Shape: sink() ends the child's pipeline, source() starts the next one and yields groups, then
// aggregates, then one int32 per grouping call. Without groups (and without grouping sets) there
// is exactly one output row, over zero rows too. Group keys compare as SQL's IS NOT DISTINCT FROM:
// NULLs are one group, -0 = 0, NaN = NaN.
// Invariants: (AG-1) a group is in one radix partition, chosen by its key's hash; (AG-2) rows of
// partial groups of all workers are combined partition by partition, never across.
// Threads: as in operator.h; sink and source are parallel. Ownership: expressions outlive it.
// Errors: 53200, 57014, what expressions and aggregate kernels raise.
// Source: Leis et al., "Morsel-Driven Parallelism", SIGMOD 2014, section 4.4.
#ifndef DRIFTDB_EXEC_AGGREGATE_AGGREGATE_H_
#define DRIFTDB_EXEC_AGGREGATE_AGGREGATE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "exec/operator.h"
#include "expr/expr.h"
#include "sql/plan/physical_plan.h"
#include "types/logical_type.h"

namespace driftdb::exec {

struct AggregateOptions {
  sql::AggregateStrategy strategy = sql::AggregateStrategy::kHash;  // a hint; all are correct
  std::vector<LogicalType> input_types;                             // the child's columns
  std::vector<const expr::Expr*> groups;                            // over the child's slots
  std::vector<const expr::Expr*> aggregates;                        // kAggregate nodes
  // Lists of positions in `groups`; empty: one set of all groups.
  std::vector<std::vector<uint32_t>> grouping_sets;
  std::vector<std::vector<uint32_t>> grouping_calls;  // arguments of each GROUPING(...)
  double estimated_groups = 0;
  uint32_t node_id = UINT32_MAX;
};

class Aggregate {
 public:
  explicit Aggregate(AggregateOptions options);
  ~Aggregate();
  Aggregate(const Aggregate&) = delete;
  Aggregate& operator=(const Aggregate&) = delete;

  Sink* sink();
  Source* source();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_AGGREGATE_AGGREGATE_H_
