// BtreeRun: one immutable sorted run (or the base) of an index, open for reading.
// Shape: leaf pages 0..page_count() in key order; in memory a lower bound of each page, the
// largest key and the Bloom filter ("fences", loaded at first use and accounted). Invariants:
// BT-14; extents are released when the run was doomed and nobody refers to the segment any more
// (BT-11). Threads: safe; immutable after Load. Errors: DataLoss, 53200, the store's.
#ifndef DRIFTDB_STORAGE_BTREE_RUN_H_
#define DRIFTDB_STORAGE_BTREE_RUN_H_

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/memory.h"
#include "base/status.h"
#include "platform/mutex.h"
#include "storage/btree/entry.h"
#include "storage/btree/key_filter.h"
#include "storage/btree/leaf_page.h"
#include "storage/btree/run_descriptor.h"
#include "storage/page/extent_store.h"

namespace driftdb::storage {

class RowIdBuffer;

// An extent that several runs may share (base merges name untouched segments again).
class RunExtent {
 public:
  RunExtent(ExtentStore* store, const ExtentRef& ref) : store_(store), ref_(ref) {}
  ~RunExtent();
  RunExtent(const RunExtent&) = delete;
  RunExtent& operator=(const RunExtent&) = delete;
  const ExtentRef& ref() const { return ref_; }
  // Released when the last reference goes. `uncommitted`: no checkpoint or log ever named it.
  void Doom(bool uncommitted) { fate_.store(uncommitted ? 2 : 1, std::memory_order_release); }

 private:
  ExtentStore* store_;
  const ExtentRef ref_;
  std::atomic<int> fate_{0};
};

class BtreeRun {
 public:
  // Shares the extents that `older` runs already have open.
  BtreeRun(ExtentStore* store, MemoryAccountant* memory, RunDescriptor descriptor, bool is_base,
           const std::vector<std::shared_ptr<const BtreeRun>>& older);
  BtreeRun(const BtreeRun&) = delete;
  BtreeRun& operator=(const BtreeRun&) = delete;

  const RunDescriptor& descriptor() const { return descriptor_; }
  bool is_base() const { return is_base_; }
  // 0: committed (C18).
  TxnId pending() const { return TxnId(pending_.load(std::memory_order_acquire)); }
  void set_pending(TxnId txn) const { pending_.store(txn.value, std::memory_order_release); }
  // Marks every extent that `successor` (may be null) does not use for release.
  void Doom(const BtreeRun* successor, bool uncommitted) const;

  // Reads the fences. All functions below need it.
  Status Load() const { return loaded_.load(std::memory_order_acquire) ? OkStatus() : LoadSlow(); }
  size_t page_count() const { return hints_.size(); }
  std::string_view fence_key(size_t page) const {
    return {heap_.data() + offsets_[page], offsets_[page + 1] - offsets_[page] - kFenceRidBytes};
  }
  RowId fence_rid(size_t page) const;
  std::string_view largest_key() const { return largest_key_; }
  // First page of a segment, and the segment of a page.
  size_t segment_first_page(size_t segment) const { return segment_pages_[segment]; }
  size_t page_segment(size_t page) const { return locators_[page] >> 8; }

  // False: the key is certainly not in the run.
  bool MayContain(std::string_view key, uint64_t hash) const;
  // Last page whose fence is <= (key, rid): the first that may hold entries from there on; 0 when
  // there is none.
  size_t PageFor(std::string_view key, RowId rid) const;
  // MayContain, and PageFor of the key's first entry; false: certainly not in the run.
  bool Locate(std::string_view key, uint64_t hash, size_t* page) const;
  Status PinPage(size_t page, PinnedBytes* bytes, LeafPage* leaf) const;
  // A pin of the page's whole segment: one large read, for sequential work.
  Status PinSegment(size_t segment, PinnedBytes* bytes) const;

  Status Find(std::string_view key, uint64_t hash, RowIdBuffer* rids) const;
  // Keys i with take[i] of up to kGroup keys; interleaved (engine.md, budget 6).
  static constexpr size_t kGroup = 16;
  Status FindGroup(const std::string_view* keys, const uint64_t* hashes, size_t count,
                   RowIdBuffer* const* rids) const;
  // Reads all pages. Errors: DataLoss.
  Status Check() const;
  size_t memory_bytes() const;

 private:
  static constexpr size_t kFenceRidBytes = 6;
  // Of a page, beside its key in the heap: hint, offset, locator.
  static constexpr size_t kFenceBytes = 8 + 4 + 4;
  Status LoadSlow() const;
  Status Decode(std::string_view blob) const;
  bool DecodeFence(Decoder* in, std::string* key, RowId* rid) const;
  void FillHints(size_t pages) const;
  Status PinWrong(size_t page, const Status& status) const;
  size_t PageForHint(std::string_view key, RowId rid, uint64_t hint) const;
  Status FindFrom(size_t page, std::string_view key, uint64_t hash, RowIdBuffer* rids) const;

  ExtentStore* store_;
  RunDescriptor descriptor_;
  const bool is_base_;
  mutable std::atomic<uint64_t> pending_{0};
  std::vector<std::shared_ptr<RunExtent>> extents_;  // one per segment
  std::shared_ptr<RunExtent> fence_extent_;

  mutable std::atomic<bool> loaded_{false};
  mutable platform::Mutex load_mutex_;
  // Written once by LoadSlow, before loaded_.
  mutable MemoryReservation memory_;
  mutable size_t hint_skip_ = 0;           // common prefix of all keys of the run
  mutable std::vector<uint64_t> hints_;    // KeyWord of the first key behind the common prefix
  mutable std::vector<uint32_t> offsets_;  // into heap_: key, 6 bytes row id
  mutable std::string heap_;
  mutable std::vector<uint32_t> locators_;  // segment << 8 | block
  mutable std::vector<uint32_t> segment_pages_;
  mutable std::string largest_key_;
  mutable uint64_t largest_hint_ = 0;
  mutable KeyFilter filter_;
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_BTREE_RUN_H_
