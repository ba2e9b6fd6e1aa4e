// RunBuilder: sorted entries in, one sorted run out, bottom-up; pages are filled completely, since
// a run never changes. Holds one segment (up to kRunSegmentPages pages), the fences and the filter
// in memory; a filter that is large for the memory limit, or refused, is left out.
// Invariants: entries are added in strictly ascending (key, row id) order.
// Threads: one owner.
// Errors: 54000 key too long, 53200, the store's. A builder destroyed before Finish frees its
// extents.
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

class BtreeRun;

inline constexpr uint32_t kRunSegmentPages = 128;  // 1 MiB

struct RunBuilderOptions {
  uint64_t expected_keys = 0;  // sizes the Bloom filter; 0: no filter (base, runs to be merged)
  bool fingerprints = false;   // unique indexes
};

class RunBuilder {
 public:
  // What a builder needs beside fences and filter: a segment and the entries of a page.
  static constexpr size_t kWorkingBytes = (kRunSegmentPages + 32) * kIndexBlockBytes;

  RunBuilder(ExtentStore* store, MemoryAccountant* memory, const RunBuilderOptions& options);
  ~RunBuilder();
  RunBuilder(const RunBuilder&) = delete;
  RunBuilder& operator=(const RunBuilder&) = delete;

  Status Add(std::string_view key, RowId rid, bool anti);
  // A whole segment of an older run, unchanged: its extent is named, not copied. REQUIRES: all its
  // entries above the last added one and below the next. `first_page`: of the segment in `run`,
  // fences loaded.
  Status AddSegment(const BtreeRun& run, size_t segment, size_t first_page);
  uint64_t entries() const { return entries_; }
  // Writes the fence blob. The extents are durable after the store's next Sync. An empty run has no
  // segments.
  Result<RunDescriptor> Finish();

 private:
  Status FlushPage();
  Status FlushSegment();
  // Of the page that begins with (key, rid) behind the last entry: the shortest key between the two
  // (BT-14).
  Status AddFence(std::string_view key, RowId rid);
  Status AppendFence(std::string_view key, RowId rid);
  Status Charge(size_t more);
  Result<ExtentRef> WriteExtent(std::string_view payload, uint32_t block_bytes);

  ExtentStore* store_;
  MemoryReservation memory_;
  LeafPageBuilder page_;
  KeyFilter filter_;
  RunDescriptor descriptor_;
  std::vector<ExtentRef> written_;  // to free when not finished
  std::string segment_;             // finished pages of the current segment
  RunSegment segment_counts_;
  std::string fences_;  // encoded first entries of all pages
  uint64_t entries_ = 0;
  uint64_t fence_count_ = 0;
  std::string last_key_;
  RowId last_rid_;
  std::string last_fence_key_;
  bool finished_ = false;
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_BTREE_RUN_BUILDER_H_
