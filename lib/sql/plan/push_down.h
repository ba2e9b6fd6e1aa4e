// Predicate push-down: every conjunct is applied as early as its columns allow.
// Shape: a walk from the root with the conjuncts that wait for their columns. In a region of inner
// joins and filters all conjuncts are collected first, completed by inference (inference.h) and
// then handed down. Outer joins whose padded rows a predicate rejects become inner ones on the way.
// Invariants: volatile conjuncts never move below a join, grouping or projection; a conjunct never
// moves below a LIMIT, nor below a window unless it only speaks of the partition.
#ifndef DRIFTDB_SQL_PLAN_PUSH_DOWN_H_
#define DRIFTDB_SQL_PLAN_PUSH_DOWN_H_

#include <vector>

#include "sql/plan/logical_plan.h"
#include "sql/plan/optimizer.h"
#include "sql/plan/table_set.h"

namespace driftdb::sql {

LogicalPtr PushDownPredicates(LogicalPtr plan, const OptimizerContext& context);

// True when the predicate cannot be true if all columns of `tables` are NULL.
bool RejectsNulls(const expr::Expr& predicate, const TableSet& tables);

}  // namespace driftdb::sql

#endif  // DRIFTDB_SQL_PLAN_PUSH_DOWN_H_
