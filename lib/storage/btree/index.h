// Index: a B+tree over (key, row id) in parts: one active delta and frozen deltas in memory, sorted
// runs and a base on disk (C22). Shape: components are ordered newest first; the newest one that
// knows a (key, row id) decides its state (BT-1). Readers get candidates: whether a snapshot sees
// the row, and with this key, is for the caller to decide from the row's versions; anti-entries
// only mark candidates (BT-2). Threads: all functions are safe, except that
// Rotate/Flush/MergeStep/Close-like calls are serialised inside. A cursor has one owner. Per (key,
// row id) only the holder of the row's write lock may write (BT-3). Errors: DataLoss, 53200 (memory
// budget), 53100 and 58030 from the store. Source: Leis et al., "Optimistic Lock Coupling", IEEE
// DEB 2019 (delta); O'Neil et al., "The LSM-tree", Acta Informatica 1996, with Bender's and
// Dostoevsky's size tiers for the runs.
#ifndef DRIFTDB_STORAGE_BTREE_INDEX_H_
#define DRIFTDB_STORAGE_BTREE_INDEX_H_

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/memory.h"
#include "base/status.h"
#include "platform/mutex.h"
#include "storage/btree/entry.h"
#include "storage/btree/epoch_gate.h"
#include "storage/btree/run_descriptor.h"
#include "storage/page/extent_store.h"
#include "types/ids.h"

namespace driftdb::storage {

class BtreeDelta;
class BtreeRun;
class IndexCursor;
class MergeJob;
struct DeltaRecord;
struct ComponentList;

// Latches of unique checks, shared by all indexes of a database (C23).
class UniqueLatches {
 public:
  platform::SpinLatch* ForHash(uint64_t hash) { return &latches_[hash & (kLatches - 1)].latch; }

 private:
  static constexpr size_t kLatches = 1024;
  struct alignas(64) Padded {
    platform::SpinLatch latch;
  };
  Padded latches_[kLatches];
};

struct IndexContext {
  ExtentStore* store = nullptr;
  MemoryAccountant* memory = nullptr;
  UniqueLatches* latches = nullptr;
};

struct IndexOptions {
  StorageId storage;    // names the index in latch hashes and errors
  bool unique = false;  // pages carry fingerprints
};

// What the transaction layer says about a row whose entry carries the key of a unique check.
enum class RowVerdict : uint8_t {
  kIgnore,     // dead for good, or the checking transaction's own dead row
  kViolation,  // live: committed, or the checking transaction's own
  kWait,       // another transaction in flight decides; wait for it and retry
};
class RowJudge {
 public:
  virtual ~RowJudge() = default;
  // Judges by the newest version of the row. `anti`: the newest entry is an anti-entry, so the
  // row's newest version does not carry the key unless the anti-entry's writer is undone. Called
  // under a latch: no I/O, no waiting, no other index operation (C23).
  virtual RowVerdict Judge(RowId rid, bool anti) = 0;
};
struct UniqueOutcome {
  RowVerdict verdict = RowVerdict::kIgnore;  // kIgnore: the entry was inserted
  RowId rid;                                 // the row that violates or is to be waited for
  EntryState previous = EntryState::kNone;   // for Undo, when inserted
  bool inserted() const { return verdict == RowVerdict::kIgnore; }
};

// Which transactions a checkpoint at S contains.
class FlushPolicy {
 public:
  virtual ~FlushPolicy() = default;
  // True when `txn` committed at or before S, false when it is running or committed later. Both
  // answers are right for a transaction that was rolled back. TxnId 0 (replay, bulk build) is never
  // asked about.
  virtual bool IsFlushable(TxnId txn) = 0;
};

// Decides about anti-entries during merges (C24).
class MergePolicy {
 public:
  virtual ~MergePolicy() = default;
  // True when no snapshot needs (key, rid) from the current index any more; the callee has moved it
  // to the history index if history is kept. May be called more than once for the same entry.
  virtual bool MayForget(std::string_view key, RowId rid) = 0;
};

// Row ids found for one key. Ascending within a component; without duplicates. Inline up to 16.
class RowIdBuffer {
 public:
  struct Item {
    RowId rid;
    bool anti;
  };
  RowIdBuffer() = default;
  RowIdBuffer(const RowIdBuffer&) = delete;
  RowIdBuffer& operator=(const RowIdBuffer&) = delete;
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const Item& operator[](size_t i) const { return data()[i]; }
  const Item* begin() const { return data(); }
  const Item* end() const { return data() + size_; }
  void Clear() { size_ = 0; }
  void Append(RowId rid, bool anti) {
    if (size_ == capacity_) GrowCapacity();
    data()[size_++] = Item{rid, anti};
  }
  // Drops items from `first_of_older` on whose row id occurs before it: newer components win
  // (BT-1).
  void DropShadowed(size_t first_of_older);

 private:
  static constexpr size_t kInline = 16;
  Item* data() { return heap_.empty() ? inline_ : heap_.data(); }
  const Item* data() const { return heap_.empty() ? inline_ : heap_.data(); }
  void GrowCapacity();
  size_t size_ = 0;
  size_t capacity_ = kInline;
  Item inline_[kInline];
  std::vector<Item> heap_;
};

// Receives the candidates of a batch lookup.
class BatchSink {
 public:
  virtual ~BatchSink() = default;
  virtual void Found(size_t key_number, RowId rid, bool anti) = 0;
};

// Keys from `low` to `high` as bytes; an absent bound is open. A bound may be a prefix of keys.
struct KeyRange {
  std::string_view low, high;
  bool has_low = false, has_high = false;
  bool low_inclusive = true, high_inclusive = false;
  // All keys starting with `prefix`. `successor` must outlive the call to Scan.
  static KeyRange Prefix(std::string_view prefix, std::string* successor);
};

struct IndexStatistics {
  uint64_t entries = 0;  // estimate: sum over components, anti-entries subtracted twice
  uint64_t keys = 0;     // estimate
  uint64_t anti_entries = 0;
  uint64_t delta_entries = 0;  // active and frozen
  uint64_t memory_bytes = 0;   // deltas, fences, filters
  uint64_t disk_bytes = 0;
  uint32_t runs = 0;  // without the base
  uint32_t frozen = 0;
};

class Index {
 public:
  static Result<std::unique_ptr<Index>> Create(const IndexContext& context,
                                               const IndexOptions& options);
  // From what Serialize wrote. Reads no extent: fences load at first use.
  static Result<std::unique_ptr<Index>> Open(const IndexContext& context,
                                             const IndexOptions& options,
                                             std::string_view components);
  ~Index();
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;
  const IndexOptions& options() const { return options_; }

  // Writes. `state` is kEntry or kAnti. Returns the state that the deltas had before, for Undo.
  // TxnId 0: committed (replay).
  Result<EntryState> Put(std::string_view key, RowId rid, EntryState state, TxnId txn);
  // Takes a Put or InsertUnique of the same transaction back, latest first. Cannot fail (C11).
  void Undo(std::string_view key, RowId rid, EntryState previous, TxnId txn);
  // Checks and inserts (C23). Not kIgnore: nothing was inserted; for kWait wait and call again.
  // Keys with a NULL column take Put instead.
  Result<UniqueOutcome> InsertUnique(std::string_view key, RowId rid, TxnId txn, RowJudge* judge);

  // Reads. Candidates are appended to *rids / given to the sink.
  Status Lookup(std::string_view key, RowIdBuffer* rids);
  // Independent lookups in groups of 16 that overlap their cache misses; for index joins and IN
  // lists.
  Status LookupBatch(const std::string_view* keys, size_t count, BatchSink* sink);
  // The cursor sees a fixed set of components; entries written later may or may not appear (BT-9).
  Result<std::unique_ptr<IndexCursor>> Scan(const KeyRange& range, bool backward);

  // Checkpoint (engine.md 1.6). Rotate: swaps in an empty active delta; microseconds, under the
  // commit latch. PrepareRotate allocates what Rotate needs, before the latch.
  Status PrepareRotate();
  void Rotate();
  // Writes the frozen deltas as runs, carrying what is not committed at S over to the active delta
  // (BT-6).
  Status Flush(FlushPolicy* policy);

  // Runs written outside (bulk build, spilled or replayed transactions). The descriptor's extents
  // belong to the index from now on. `txn` 0: committed and in the log (replay) or in the
  // checkpoint to come; else the run counts as in flight until a Flush whose policy says that `txn`
  // is flushable (C18). `shadows`: the run has anti-entries, or entries of rows that may have
  // entries in the deltas (BT-8).
  Result<uint64_t> AttachRun(RunDescriptor descriptor, TxnId txn, bool shadows);
  // The transaction of a pending run aborted: frees its extents at once.
  Status AbandonRun(uint64_t run_id);

  // Background work, driven by the caller's threads. MergeStep does about `budget_bytes` of reading
  // and returns true when more remains.
  bool NeedsMerge() const;
  Result<bool> MergeStep(uint64_t budget_bytes, MergePolicy* policy);

  // For the checkpoint directory: settled runs and base, and their extents. REQUIRES: Flush done for
  // this checkpoint, no merge step beside it.
  void Serialize(std::string* out) const;
  // The extents of what Serialize writes.
  std::vector<ExtentRef> Extents() const;
  // DROP: releases every extent when the last cursor is gone. The index is empty afterwards.
  void ReleaseAll();
  IndexStatistics Statistics() const;
  // Reads every page and checks order, counts and digests; for PRAGMA check.
  Status Check();

 private:
  Index(const IndexContext& context, const IndexOptions& options);

  struct FlushGroup;
  struct MergePlan;

  Status CheckEntry(std::string_view key, RowId rid) const;
  uint64_t LatchHash(uint64_t key_hash) const;
  std::shared_ptr<const ComponentList> List() const;
  // Publishes `list`; the old one is retired. REQUIRES: mutex_.
  void Publish(std::shared_ptr<ComponentList> list) DRIFTDB_REQUIRES(mutex_);
  void RotateLocked() DRIFTDB_REQUIRES(mutex_);
  // Frees retired lists after waiting for the operations that may use them.
  void FreeRetired();
  // BT-7: brings what a frozen delta knows about (key, rid) into the active delta.
  Status PullFrozen(const ComponentList& list, std::string_view key, uint64_t hash, RowId rid,
                    bool forced);
  Status FlushRecords(FlushGroup* group, FlushPolicy* policy) DRIFTDB_REQUIRES(maintenance_);
  Status CarryOver(FlushGroup* group, const DeltaRecord* record, uint64_t hash)
      DRIFTDB_REQUIRES(maintenance_);
  void DrainList() DRIFTDB_REQUIRES(maintenance_);
  Status InstallFlushed(FlushGroup* group);
  bool PlanMerge(const ComponentList& list, MergePlan* plan) const;
  Status InstallMerged();

  IndexContext context_;
  IndexOptions options_;
  mutable EpochGate gate_;
  std::atomic<const ComponentList*> list_{nullptr};  // readers hold a pass of gate_
  mutable platform::Mutex mutex_;
  std::shared_ptr<const ComponentList> list_owner_ DRIFTDB_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<const ComponentList>> retired_ DRIFTDB_GUARDED_BY(mutex_);
  std::shared_ptr<BtreeDelta> spare_delta_ DRIFTDB_GUARDED_BY(mutex_);
  const BtreeDelta* due_ DRIFTDB_GUARDED_BY(mutex_) =
      nullptr;  // newest delta the next Flush writes
  // Runs below this were attached when the last Rotate happened.
  uint64_t due_run_id_ DRIFTDB_GUARDED_BY(mutex_) = ~uint64_t{0};
  uint64_t list_sequence_ DRIFTDB_GUARDED_BY(mutex_) = 0;
  uint64_t next_run_id_ DRIFTDB_GUARDED_BY(mutex_) = 1;
  platform::Mutex maintenance_;  // one Flush or MergeStep at a time; before mutex_
  std::unique_ptr<MergeJob> job_ DRIFTDB_GUARDED_BY(maintenance_);
  // No operation uses an older list than the one with this number.
  uint64_t drained_ DRIFTDB_GUARDED_BY(maintenance_) = 0;
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_BTREE_INDEX_H_
