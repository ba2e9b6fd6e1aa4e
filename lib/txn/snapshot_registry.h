// SnapshotRegistry: which commits running statements may still need; yields the horizon for garbage
// collection (I8).
// Shape: one cache line per slot; a slot holds 0 (idle) or 1 + the pinned commit_seq. Slots are
// claimed for the life of a connection (or a checkpoint) and reused. Invariants: (SNAP-1) Horizon()
// <= every pinned seq and <= published; a pin is visible to Horizon() before its owner reads
// anything: the owner stores the slot, then re-reads `published` until it is unchanged, so a
// collector that did not see the slot has computed its horizon from an older `published`
// (sequentially consistent order, C28). Threads: Claim/Release under a mutex; Pin/Unpin by the
// slot's owner without locks; Horizon by anyone.
#ifndef DRIFTDB_TXN_SNAPSHOT_REGISTRY_H_
#define DRIFTDB_TXN_SNAPSHOT_REGISTRY_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <vector>

#include "platform/mutex.h"
#include "storage/mvcc/transaction_table.h"
#include "types/ids.h"

namespace driftdb::txn {

class SnapshotSlot {
 public:
  // Pins what `published` holds now and returns it.
  CommitSeq Pin(const storage::TransactionTable& transactions);
  // Pins an older or equal seq while a pin at or below it is held elsewhere.
  void PinAt(CommitSeq seq) { value_.store(seq.value + 1); }
  void Unpin() { value_.store(0, std::memory_order_release); }
  bool pinned() const { return value_.load(std::memory_order_relaxed) != 0; }

 private:
  friend class SnapshotRegistry;
  alignas(64) std::atomic<uint64_t> value_{0};
  bool in_use_ = false;
};

class SnapshotRegistry {
 public:
  explicit SnapshotRegistry(const storage::TransactionTable* transactions)
      : transactions_(transactions) {}
  SnapshotSlot* Claim();
  void Release(SnapshotSlot* slot);
  // No snapshot, present or future, reads below this.
  CommitSeq Horizon() const;

 private:
  const storage::TransactionTable* const transactions_;
  mutable platform::Mutex mutex_;
  std::deque<SnapshotSlot> slots_ DRIFTDB_GUARDED_BY(mutex_);
};

}  // namespace driftdb::txn

#endif  // DRIFTDB_TXN_SNAPSHOT_REGISTRY_H_
