// HashJoin: equi-join of a materialised build side (right) with a streamed probe side (left).
// Shape: three roles over one shared state:
//   build_sink()  end of the right child's pipeline; Finish makes the table and publishes filters
//   probe()       operator in the left child's pipeline
//   unmatched()   source of a later phase of the same pipeline for the types that emit build rows
//                 on their own (right, full, right semi, right anti), null for the others; the
//                 operators above the join follow it in that phase too
// All three yield the columns of `output`; a probe of right semi/anti yields nothing.
// Layout of the table: docs/internals/execution.md, "Hash join".
// Threads: as in operator.h; all roles are parallel. Ownership: expressions outlive the object.
// Errors: 53200 (memory), 21000 (a second match of kSingle), what key and residual expressions
// raise, 57014.
// Source: Birler et al., "Simple, Efficient, and Robust Hash Tables for Join Processing", DaMoN
// 2024 (unchained directory with tag Bloom filters).
#ifndef DRIFTDB_EXEC_JOIN_HASH_JOIN_H_
#define DRIFTDB_EXEC_JOIN_HASH_JOIN_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "exec/operator.h"
#include "expr/expr.h"
#include "sql/plan/physical_plan.h"
#include "types/logical_type.h"

namespace driftdb::exec {

class JoinFilterSink;

struct HashJoinOptions {
  sql::PhysicalJoinType type = sql::PhysicalJoinType::kInner;
  std::vector<LogicalType> left_types, right_types;  // the children's columns
  // Parallel, of equal types; over the respective child's slots.
  std::vector<const expr::Expr*> left_keys, right_keys;
  std::vector<bool> null_safe;              // parallel to the keys; empty: none
  std::vector<const expr::Expr*> residual;  // conjuncts over left ++ right slots
  bool null_aware = false;                  // kAnti and kMark of NOT IN / IN: one key
  std::vector<uint32_t> output;             // slots of left ++ right (++ mark)
  std::vector<sql::JoinFilterTarget> filters;
  JoinFilterSink* filter_sink = nullptr;  // null: no filters
  bool build_unique = false;              // a hint, verified
  uint32_t node_id = UINT32_MAX;
};

class HashJoin {
 public:
  explicit HashJoin(HashJoinOptions options);
  ~HashJoin();
  HashJoin(const HashJoin&) = delete;
  HashJoin& operator=(const HashJoin&) = delete;

  Sink* build_sink();
  Operator* probe();
  Source* unmatched();
  // After the build's Finish: the build side is empty and the type yields nothing then, so the
  // probe pipeline need not run.
  bool result_is_empty() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_JOIN_HASH_JOIN_H_
