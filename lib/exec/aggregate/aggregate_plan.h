// AggregatePlan: what an Aggregate derives from its options before it runs.
// Three kinds of calls: plain ones are updated row by row in the group's row; those with DISTINCT
// and those with ORDER BY first collect their rows in a side set, keyed by group and arguments or
// by group and sort keys, and reach the group's state in Finish.
// Threads: immutable after Make.
#ifndef DRIFTDB_EXEC_AGGREGATE_AGGREGATE_PLAN_H_
#define DRIFTDB_EXEC_AGGREGATE_AGGREGATE_PLAN_H_

#include <memory>
#include <vector>

#include "exec/aggregate/aggregate.h"
#include "exec/row/row_layout.h"
#include "exec/row/row_order.h"
#include "expr/aggregate.h"

namespace driftdb::exec {

struct AggregateCallPlan {
  expr::BoundAggregate bound;
  size_t state_offset = 0;  // from the row's start
  const expr::Expr* filter = nullptr;
  std::vector<const expr::Expr*> args;
  size_t first_arg = 0;  // plain calls without filter: column in the shared list
  bool plain = true;     // not in a side set
};

// Rows kept for calls that cannot be updated at once.
struct AggregateSideSet {
  std::vector<size_t> calls;  // which share these rows
  const expr::Expr* filter = nullptr;
  std::vector<const expr::Expr*> exprs;  // sort keys, then arguments
  size_t first_arg = 0;                  // position in exprs
  bool ordered = false;                  // else: a set of distinct rows
  bool distinct = false;                 // ordered and distinct
  std::vector<RowOrderKey> sort_keys;    // fields of `layout`
  RowLayout layout;                      // group keys (with the set number), then exprs
};

struct AggregatePlan {
  static Result<std::unique_ptr<AggregatePlan>> Make(const AggregateOptions& options);

  std::vector<const expr::Expr*> shared;  // group keys, then arguments of plain calls
  size_t group_count = 0;
  bool grouping_sets = false;           // then key `group_count` is the set's number
  std::vector<std::vector<bool>> sets;  // per grouping set: is the key in it
  size_t key_count = 0;
  std::vector<AggregateCallPlan> calls;
  std::vector<AggregateSideSet> sides;
  bool has_filters = false;  // plain calls with FILTER
  RowLayout layout;
  std::vector<uint8_t> state_template;
  std::vector<std::vector<uint32_t>> grouping_calls;

  // Value of GROUPING(...) call `call` for rows of set `set`: bit 1 where the key is not in it.
  int32_t GroupingValue(size_t call, size_t set) const;
  // Folds `from`'s states into `to`'s.
  Status CombineRows(const uint8_t* from, uint8_t* to, Arena* heap) const;
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_AGGREGATE_AGGREGATE_PLAN_H_
