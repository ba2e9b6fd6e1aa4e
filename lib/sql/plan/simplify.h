// Simplifications of a logical plan between unnesting and push-down: CTEs that need no
// materialisation are put where they are used, projections that only rename go away, equal
// aggregates are computed once. Private to the optimizer.
#ifndef DRIFTDB_SQL_PLAN_SIMPLIFY_H_
#define DRIFTDB_SQL_PLAN_SIMPLIFY_H_

#include "sql/plan/logical_plan.h"
#include "sql/plan/optimizer.h"

namespace driftdb::sql {

// A CTE is inlined when the binder allows it (`materialized` false, not recursive, nothing
// volatile) and it is used once or is no more than a filtered table. Unused ones are dropped.
void InlineCtes(LogicalPtr& plan, BoundQuery* query);

// References to the columns of projections that only rename are renamed throughout, query->output
// included.
void RemoveRenames(LogicalPtr& plan, BoundQuery* query);

// Equal aggregates of one node become one.
void ShareAggregates(LogicalNode& plan, BoundQuery* query);

}  // namespace driftdb::sql

#endif  // DRIFTDB_SQL_PLAN_SIMPLIFY_H_
