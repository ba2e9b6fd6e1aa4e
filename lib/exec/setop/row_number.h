// RowNumber: adds the number of each row among the rows of its partition, in input order.
// Shape: a streaming operator; output: the input's columns and an int64. The numbers follow the
// order of the input, so the pipeline must have one worker where order matters (it has above a
// Sort). Threads: safe; workers take turns at the counters. Errors: 53200, what keys raise.
#ifndef DRIFTDB_EXEC_SETOP_ROW_NUMBER_H_
#define DRIFTDB_EXEC_SETOP_ROW_NUMBER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "exec/operator.h"
#include "expr/expr.h"

namespace driftdb::exec {

class RowNumber : public Operator {
 public:
  // `keys`: the partition, over the child's slots; none: all rows are one partition.
  explicit RowNumber(std::vector<const expr::Expr*> keys);
  ~RowNumber() override;

  Status Prepare(QueryContext* context) override;
  Result<std::unique_ptr<LocalState>> MakeLocal() override;
  Result<OperatorResult> Execute(LocalState* local, Chunk* input, Chunk* output) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_SETOP_ROW_NUMBER_H_
