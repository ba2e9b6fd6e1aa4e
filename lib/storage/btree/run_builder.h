// RunBuilder: sorted entries in, one sorted run out, bottom-up; pages are filled completely, since a run never
// changes. Holds one segment (up to kRunSegmentPages pages) and the fences in memory.
// Invariants: entries are added in strictly ascending (key, row id) order.
// Threads: one owner.
// Errors: 54000 key too long, 53200, the store's. A builder destroyed before Finish frees its extents.
#ifndef DRIFTDB_STORAGE_BTREE_RUN_BUILDER_H_
#define DRIFTDB_STORAGE_BTREE_RUN_BUILDER_H_

#include <memory>
#include <string>
#include <string_view>

#include "base/memory.h"
#include "base/status.h"
#include "storage/btree/entry.h"
#include "storage/btree/key_filter.h"
#include "storage/btree/leaf_page_builder.h"
#include "storage/btree/run_descriptor.h"
#include "storage/page/extent_store.h"

namespace driftdb::storage {

inline constexpr uint32_t kRunSegmentPages = 128;  // 1 MiB

struct RunBuilderOptions {
  uint64_t expected_keys = 0;  // sizes the Bloom filter; 0: no filter (base)
  bool fingerprints = false;   // unique indexes
};

class RunBuilder {
 public:
  RunBuilder(ExtentStore* store, MemoryAccountant* memory, const RunBuilderOptions& options);
  ~RunBuilder();
  RunBuilder(const RunBuilder&) = delete;
  RunBuilder& operator=(const RunBuilder&) = delete;

  Status Add(std::string_view key, RowId rid, bool anti);
  // A whole segment of an older run, unchanged: its extent is named, not copied. REQUIRES: all keys in it
  // above the last added one. `fences` are its pages' first entries; see BtreeRun.
  struct ReusedSegment;
  Status AddSegment(const ReusedSegment& segment);
  uint64_t entries() const { return descriptor_.entries; }
  // Writes the fence blob. The extents are durable after the store's next Sync. An empty run has no segments.
  Result<RunDescriptor> Finish();

 private:
  Status FlushPage();
  Status FlushSegment(bool last);
  void AddFence(std::string_view key, RowId rid);

  ExtentStore* store_;
  RunBuilderOptions options_;
  MemoryReservation memory_;
  LeafPageBuilder page_;
  KeyFilter filter_;
  RunDescriptor descriptor_;
  std::string segment_;        // finished pages of the current segment
  std::string fences_;         // encoded first entries of all pages
  uint32_t segment_pages_ = 0;
  uint64_t page_count_ = 0;
  std::string last_key_;
  RowId last_rid_;
  std::string last_fence_key_;
  bool finished_ = false;
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_BTREE_RUN_BUILDER_H_
