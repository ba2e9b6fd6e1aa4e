// PointStatement: the row path: statements that touch at most one row by a full unique key, and
// INSERTs of one row, run without pipelines.
// Shape: SELECT expressions FROM t WHERE unique key = values [AND conditions]; UPDATE and DELETE
// with the same condition; INSERT INTO t of one row of values; with RETURNING. Made once per
// prepared statement; Run is one execution and allocates next to nothing. What it shares with the
// general path: expressions, index and table reads, txn::TableWriter, constraints and their error
// texts. Invariants: PT-1, PT-2 (point_access.h); (PT-3) Run does what the pipelines of the same
// plan would do, errors included; tests run both. Threads: one owner. Ownership: the plan, the
// transaction and the evaluation context outlive the object.
#ifndef DRIFTDB_EXEC_POINT_POINT_STATEMENT_H_
#define DRIFTDB_EXEC_POINT_POINT_STATEMENT_H_

#include <memory>
#include <vector>

#include "expr/function.h"
#include "sql/plan/physical_plan.h"
#include "txn/transaction.h"
#include "types/vector.h"

namespace driftdb::exec {

class PointStatement {
 public:
  // Null when the plan is not of such a shape.
  static Result<std::unique_ptr<PointStatement>> Make(const sql::PhysicalPlan& plan,
                                                      txn::Transaction* transaction,
                                                      expr::EvalContext* eval);
  virtual ~PointStatement();

  // True: there is a row, which column() shows until the next call.
  virtual Result<bool> Run(const Snapshot& snapshot) = 0;
  // Position of the result row in its vectors is 0.
  const Vector& column(size_t i) const { return *output_[i]; }
  uint64_t rows_changed() const { return rows_changed_; }
  // Some expression may ask for the time or another property of the statement.
  bool needs_session() const { return needs_session_; }

 protected:
  std::vector<const Vector*> output_;
  uint64_t rows_changed_ = 0;

 private:
  bool needs_session_ = false;
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_POINT_POINT_STATEMENT_H_
