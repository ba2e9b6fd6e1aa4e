// HashJoinState: what build, probe and unmatched source of one hash join share.
// Threads: changed by the build's Combine (under the mutex) and Finish; read-only afterwards, but
// for the rows' matched flags, which probes set atomically.
#ifndef DRIFTDB_EXEC_JOIN_HASH_JOIN_STATE_H_
#define DRIFTDB_EXEC_JOIN_HASH_JOIN_STATE_H_

#include <memory>
#include <vector>

#include "exec/join/join_plan.h"
#include "exec/join/join_table.h"
#include "exec/operator.h"
#include "exec/row/row_slices.h"
#include "platform/mutex.h"

namespace driftdb::exec {

struct HashJoinState {
  explicit HashJoinState(HashJoinOptions options) : plan(std::move(options)), table(&plan) {}

  JoinPlan plan;
  QueryContext* context = nullptr;
  platform::Mutex mutex;
  // Of the build's workers; their heaps hold the strings of the table's rows.
  std::vector<std::unique_ptr<RowStore>> stores;
  std::vector<std::unique_ptr<RowStore>> null_stores;  // rows with a NULL key, if kept
  JoinKeyBounds bounds;
  bool has_null_key = false;  // some build row's key is NULL
  bool built = false;
  JoinTable table;
  std::shared_ptr<std::vector<std::shared_ptr<const void>>> heaps;
  RowSlices unmatched;

  bool build_empty() const { return table.row_count() == 0 && !has_null_key; }
};

std::unique_ptr<Operator> MakeHashProbe(HashJoinState* state);
// Publishes what is known about the build keys (hash_join.h). Called once the table is built, while
// its rows are still in the block.
Status PublishJoinFilters(HashJoinState* state);

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_JOIN_HASH_JOIN_STATE_H_
