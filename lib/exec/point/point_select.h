// PointSelect: SELECT of one row by a full unique key. See point_statement.h.
#ifndef DRIFTDB_EXEC_POINT_POINT_SELECT_H_
#define DRIFTDB_EXEC_POINT_POINT_SELECT_H_

#include <vector>

#include "exec/point/point_plan.h"
#include "exec/point/point_statement.h"

namespace driftdb::exec {

class PointSelect final : public PointStatement {
 public:
  Status Prepare(const PointSelectPlan& plan, expr::EvalContext* eval);
  Result<bool> Run(const Snapshot& snapshot) override;

 private:
  PointAccess access_;
  expr::ExpressionList computed_list_;
  std::vector<LogicalType> computed_types_;
  std::vector<Vector> computed_;
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_POINT_POINT_SELECT_H_
