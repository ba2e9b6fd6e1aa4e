#include "txn/snapshot_registry.h"

#include <algorithm>

namespace driftdb::txn {

CommitSeq SnapshotSlot::Pin(const storage::TransactionTable& transactions) {
  CommitSeq seq = transactions.published();
  while (true) {
    value_.store(seq.value + 1);
    const CommitSeq now = transactions.published();
    if (now == seq) return seq;
    seq = now;
  }
}

SnapshotSlot* SnapshotRegistry::Claim() {
  platform::MutexLock lock(&mutex_);
  for (SnapshotSlot& slot : slots_) {
    if (!slot.in_use_) {
      slot.in_use_ = true;
      return &slot;
    }
  }
  SnapshotSlot& slot = slots_.emplace_back();
  slot.in_use_ = true;
  return &slot;
}

void SnapshotRegistry::Release(SnapshotSlot* slot) {
  platform::MutexLock lock(&mutex_);
  slot->Unpin();
  slot->in_use_ = false;
}

CommitSeq SnapshotRegistry::Horizon() const {
  // `published` first: a slot pinned later than this load pins at least this value (SNAP-1).
  uint64_t horizon = transactions_->published().value;
  platform::MutexLock lock(&mutex_);
  for (const SnapshotSlot& slot : slots_) {
    const uint64_t value = slot.value_.load();
    if (value != 0) horizon = std::min(horizon, value - 1);
  }
  return CommitSeq(horizon);
}

}  // namespace driftdb::txn
