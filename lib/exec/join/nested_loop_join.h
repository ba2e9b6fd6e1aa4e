// NestedLoopJoin: join by any condition; the right side is materialised and every left chunk meets
// all of it, block by block. Roles and output as in hash_join.h. No conditions: cross product.
// Threads and errors: as in hash_join.h.
#ifndef DRIFTDB_EXEC_JOIN_NESTED_LOOP_JOIN_H_
#define DRIFTDB_EXEC_JOIN_NESTED_LOOP_JOIN_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "exec/operator.h"
#include "expr/expr.h"
#include "sql/plan/physical_plan.h"
#include "types/logical_type.h"

namespace driftdb::exec {

struct NestedLoopJoinOptions {
  sql::PhysicalJoinType type = sql::PhysicalJoinType::kInner;
  std::vector<LogicalType> left_types, right_types;
  std::vector<const expr::Expr*> conditions;  // conjuncts over left ++ right slots
  std::vector<uint32_t> output;               // slots of left ++ right (++ mark)
  uint32_t node_id = UINT32_MAX;
};

class NestedLoopJoin {
 public:
  explicit NestedLoopJoin(NestedLoopJoinOptions options);
  ~NestedLoopJoin();
  NestedLoopJoin(const NestedLoopJoin&) = delete;
  NestedLoopJoin& operator=(const NestedLoopJoin&) = delete;

  Sink* build_sink();
  Operator* probe();
  // Null unless the type emits build rows on their own (right, full, right semi, right anti).
  Source* unmatched();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_JOIN_NESTED_LOOP_JOIN_H_
