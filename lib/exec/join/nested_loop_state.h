// NestedLoopState: what the roles of one nested loop join share; as hash_join_state.h.
#ifndef DRIFTDB_EXEC_JOIN_NESTED_LOOP_STATE_H_
#define DRIFTDB_EXEC_JOIN_NESTED_LOOP_STATE_H_

#include <memory>
#include <vector>

#include "exec/join/nested_loop_join.h"
#include "exec/materialize/chunk_collection.h"
#include "platform/mutex.h"

namespace driftdb::exec {

struct NestedLoopState {
  explicit NestedLoopState(NestedLoopJoinOptions given);

  NestedLoopJoinOptions options;
  size_t left_width = 0;
  size_t right_width = 0;
  expr::ExprPtr condition;  // conjunction; null: every pair
  std::vector<uint32_t> condition_slots;
  QueryContext* context = nullptr;
  platform::Mutex mutex;
  // Shared, so that output strings keep the rows alive.
  std::shared_ptr<ChunkCollection> rows = std::make_shared<ChunkCollection>();
  std::vector<uint64_t> first_row;  // of each chunk of rows, and the end
  std::vector<uint8_t> matched;     // by right row, set atomically; only if emits_build_rows

  bool emits_build_rows() const;
};

std::unique_ptr<Operator> MakeNestedLoopProbe(NestedLoopState* state);

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_JOIN_NESTED_LOOP_STATE_H_
