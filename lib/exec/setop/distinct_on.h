// DistinctOn: keeps the first row of each key in input order: SELECT DISTINCT ON (keys).
// Also the set of rows seen so far of WITH RECURSIVE ... UNION, when the keys are all columns.
// Shape: a streaming operator whose output has the input's columns and a selection. "First" means
// input order, so the pipeline must have one worker where order matters (it has above a Sort).
// Threads: safe; workers take turns at the set of keys. Errors: 53200, what keys raise.
#ifndef DRIFTDB_EXEC_SETOP_DISTINCT_ON_H_
#define DRIFTDB_EXEC_SETOP_DISTINCT_ON_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "exec/operator.h"
#include "expr/expr.h"
#include "types/logical_type.h"

namespace driftdb::exec {

struct DistinctOnOptions {
  std::vector<LogicalType> types;       // the child's columns
  std::vector<const expr::Expr*> keys;  // over the child's slots
  uint32_t node_id = UINT32_MAX;
};

class DistinctOn : public Operator {
 public:
  explicit DistinctOn(DistinctOnOptions options);
  ~DistinctOn() override;

  // Idempotent: keys seen survive a second Prepare (pipelines of several phases).
  Status Prepare(QueryContext* context) override;
  Result<std::unique_ptr<LocalState>> MakeLocal() override;
  Result<OperatorResult> Execute(LocalState* local, Chunk* input, Chunk* output) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_SETOP_DISTINCT_ON_H_
