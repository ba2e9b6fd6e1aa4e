// Recognition of point statements: what of a physical plan the row path can run.
// Threads: functions without state. The results point into the plan.
#ifndef DRIFTDB_EXEC_POINT_POINT_PLAN_H_
#define DRIFTDB_EXEC_POINT_POINT_PLAN_H_

#include <vector>

#include "exec/point/point_access.h"
#include "sql/plan/physical_plan.h"

namespace driftdb::exec {

// SELECT: `output` over the columns of `scan`.
struct PointSelectPlan {
  PointScan scan;
  sql::ExprList output;
};
bool MatchPointSelect(const sql::PhysicalNode& root, PointSelectPlan* out);

// The scan below UPDATE or DELETE, over all columns of the table in their order.
bool MatchPointModify(const sql::PhysicalNode& root, PointScan* out);

// INSERT of one row: one expression without columns per column of the table.
bool MatchPointInsert(const sql::PhysicalNode& root, sql::ExprList* out);

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_POINT_POINT_PLAN_H_
