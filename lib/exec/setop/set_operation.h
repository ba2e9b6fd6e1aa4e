// SetOperation: INTERSECT and EXCEPT, with and without ALL. (UNION ALL is phases of one pipeline,
// UNION adds an aggregate.)
// Shape: left_sink() and right_sink() end the children's pipelines, which may run in any order;
// source() yields the result, in parallel. NULLs are equal to each other. INTERSECT ALL yields
// min(l, r) copies of a row, EXCEPT ALL max(l - r, 0).
// Threads: as in operator.h. Errors: 53200, 57014.
#ifndef DRIFTDB_EXEC_SETOP_SET_OPERATION_H_
#define DRIFTDB_EXEC_SETOP_SET_OPERATION_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "exec/operator.h"
#include "sql/plan/logical_plan.h"
#include "types/logical_type.h"

namespace driftdb::exec {

struct SetOperationOptions {
  sql::LogicalSetOp op = sql::LogicalSetOp::kIntersect;  // not kUnion
  bool all = false;
  std::vector<LogicalType> types;  // of both children
  uint32_t node_id = UINT32_MAX;
};

class SetOperation {
 public:
  explicit SetOperation(SetOperationOptions options);
  ~SetOperation();
  SetOperation(const SetOperation&) = delete;
  SetOperation& operator=(const SetOperation&) = delete;

  Sink* left_sink();
  Sink* right_sink();
  Source* source();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_SETOP_SET_OPERATION_H_
