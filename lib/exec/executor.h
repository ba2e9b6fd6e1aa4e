// Executor: runs one physical plan and yields its rows.
// Shape: Open runs the init plans and every pipeline but the last; Next runs the last one in the
// caller's thread, a chunk at a time, so a statement may stay open and stop early (C29). A data
// modification has run to its end when Open returns. Threads: one owner. The plan and the context
// outlive it.
#ifndef DRIFTDB_EXEC_EXECUTOR_H_
#define DRIFTDB_EXEC_EXECUTOR_H_

#include <memory>

#include "exec/compile/plan_compiler.h"
#include "exec/pipeline.h"
#include "sql/plan/physical_plan.h"

namespace driftdb::exec {

class Executor {
 public:
  Executor(QueryContext* context, const sql::PhysicalPlan* plan);
  ~Executor();

  Status Open();
  // The next rows, valid until the next call; null at the end.
  Result<Chunk*> Next();
  uint64_t rows_changed() const;

 private:
  Status RunInitPlans();

  QueryContext* const context_;
  const sql::PhysicalPlan* const plan_;
  std::unique_ptr<PlanCompiler> compiler_;
  Fragment last_;
  size_t phase_ = 0;
  std::unique_ptr<PhaseRunner> runner_;
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_EXECUTOR_H_
