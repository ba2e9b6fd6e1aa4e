// MergeJob: merges neighbouring runs of one index (and the base, or nothing below them) into one
// run, in steps. Invariants: BT-10 (anti-entries), BT-12. Segments of the base that no run touches
// are named again. Threads: one owner at a time. Errors: DataLoss, 53200, the store's. After an
// error the job is dead; its extents are freed.
#ifndef DRIFTDB_STORAGE_BTREE_MERGE_JOB_H_
#define DRIFTDB_STORAGE_BTREE_MERGE_JOB_H_

#include <memory>
#include <vector>

#include "storage/btree/entry_source.h"
#include "storage/btree/index.h"
#include "storage/btree/run_builder.h"

namespace driftdb::storage {

class MergeJob {
 public:
  struct Input {
    std::vector<std::shared_ptr<const BtreeRun>> runs;   // newest first
    std::vector<std::shared_ptr<const BtreeRun>> older;  // components below, for BT-10
    bool frozen_below = false;                           // a delta lies below: forget nothing
    bool to_base = false;
    bool unique = false;
    uint32_t level = 0;
  };
  static Result<std::unique_ptr<MergeJob>> Start(const IndexContext& context, Input input);

  // Works through about `budget_bytes` of leaf pages; true when all is merged.
  Result<bool> Step(uint64_t budget_bytes, MergePolicy* policy);
  // After Step returned true. No segments: everything annihilated.
  Result<RunDescriptor> Finish();
  const Input& input() const { return input_; }

 private:
  MergeJob(const IndexContext& context, Input input);
  bool OlderMayContain(std::string_view key) const;
  Result<bool> TryReuseSegment();
  uint64_t PagesRead() const;

  Input input_;
  MergedSource merged_;
  RunSource* base_ = nullptr;  // the last source when merging into the base
  RunBuilder builder_;
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_BTREE_MERGE_JOB_H_
