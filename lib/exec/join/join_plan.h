// JoinPlan: what a hash join derives from its options: where each column of the build side lies in
// a row, and which columns outputs and residual conditions need.
// Threads: immutable.
#ifndef DRIFTDB_EXEC_JOIN_JOIN_PLAN_H_
#define DRIFTDB_EXEC_JOIN_JOIN_PLAN_H_

#include <memory>
#include <vector>

#include "exec/join/hash_join.h"
#include "exec/row/row_layout.h"

namespace driftdb::exec {

inline constexpr uint32_t kNoField = UINT32_MAX;

struct JoinPlan {
  explicit JoinPlan(HashJoinOptions given);

  HashJoinOptions options;
  size_t key_count = 0;
  size_t left_width = 0;
  size_t right_width = 0;
  RowLayout layout;                     // keys, then further right columns
  std::vector<uint32_t> right_fields;   // field of each right column, kNoField: not kept
  std::vector<const expr::Expr*> kept;  // right expressions stored: keys, then slots
  std::vector<expr::ExprPtr> kept_slots;
  expr::ExprPtr residual;  // conjunction; null: none
  // Slots of left ++ right that the residual reads.
  std::vector<uint32_t> residual_slots;
  bool null_safe_any = false;

  bool null_safe(size_t key) const { return !options.null_safe.empty() && options.null_safe[key]; }
  // Rows with a NULL key can never match, but the type yields or needs them.
  bool keeps_null_rows() const;
  bool emits_build_rows() const;
  bool first_match_only() const;
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_JOIN_JOIN_PLAN_H_
