// PointInsert, PointUpdate, PointDelete: one row written. See point_statement.h.
#ifndef DRIFTDB_EXEC_POINT_POINT_MODIFY_H_
#define DRIFTDB_EXEC_POINT_POINT_MODIFY_H_

#include <memory>

#include "exec/point/point_access.h"
#include "exec/point/point_statement.h"

namespace driftdb::exec {

// `values`: one per column of the table.
Result<std::unique_ptr<PointStatement>> MakePointInsert(const sql::PhysicalNode& root,
                                                        const sql::ExprList& values,
                                                        txn::Transaction* transaction,
                                                        expr::EvalContext* eval);
// UPDATE or DELETE.
Result<std::unique_ptr<PointStatement>> MakePointModify(const sql::PhysicalNode& root,
                                                        const PointScan& scan,
                                                        txn::Transaction* transaction,
                                                        expr::EvalContext* eval);

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_POINT_POINT_MODIFY_H_
