#include "storage/mvcc/transaction_table.h"

#include "base/check.h"
#include "base/error.h"

namespace driftdb::storage {

TransactionTable::TransactionTable(uint64_t first_generation, CommitSeq published)
    : published_(published.value),
      first_generation_(first_generation),
      blocks_(std::make_unique<std::atomic<Slot*>[]>(kBlocks)) {}

TransactionTable::~TransactionTable() {
  for (size_t i = 0; i < kBlocks; ++i) delete[] blocks_[i].load(std::memory_order_relaxed);
}

TransactionTable::Slot* TransactionTable::SlotOf(TxnId txn) const {
  const uint64_t slot = txn.value & ((uint64_t{1} << kSlotBits) - 1);
  Slot* block = blocks_[slot / kBlockSlots].load(std::memory_order_acquire);
  return block == nullptr ? nullptr : block + slot % kBlockSlots;
}

Result<TxnId> TransactionTable::Begin() {
  uint32_t index = 0;
  {
    platform::LatchGuard guard(&latch_);
    if (!free_slots_.empty()) {
      index = free_slots_.back();
      free_slots_.pop_back();
    } else {
      if (used_slots_ == uint32_t{1} << kSlotBits) {
        return Error(sqlstate::kTooManyConnections, "{} writing transactions are unfinished",
                     used_slots_);
      }
      index = used_slots_++;
      std::atomic<Slot*>& block = blocks_[index / kBlockSlots];
      if (block.load(std::memory_order_relaxed) == nullptr) {
        block.store(new Slot[kBlockSlots], std::memory_order_release);
      }
      // Room to give every slot back without an allocation (C11).
      if (free_slots_.capacity() < used_slots_) free_slots_.reserve(size_t{2} * used_slots_);
    }
  }
  Slot* slot = blocks_[index / kBlockSlots].load(std::memory_order_acquire) + index % kBlockSlots;
  const uint64_t last = slot->owner.load(std::memory_order_relaxed) >> kSlotBits;
  const uint64_t generation = last == 0 ? first_generation_ : last + 1;
  const TxnId txn((generation << kSlotBits) | index);
  // Owner before state: who still resolves the old owner and reads the fresh state also sees, on
  // the second look, that the owner changed.
  slot->owner.store(txn.value, std::memory_order_release);
  slot->state.store(kStateActive, std::memory_order_release);
  return txn;
}

void TransactionTable::Commit(TxnId txn, CommitSeq seq) {
  Slot* slot = SlotOf(txn);
  DRIFTDB_DCHECK(slot->owner.load() == txn.value && slot->state.load() == kStateActive);
  DRIFTDB_DCHECK(seq.value > 0);
  slot->state.store(seq.value, std::memory_order_seq_cst);
}

void TransactionTable::Abort(TxnId txn) {
  Slot* slot = SlotOf(txn);
  DRIFTDB_DCHECK(slot->owner.load() == txn.value && slot->state.load() == kStateActive);
  slot->state.store(kStateAborted, std::memory_order_seq_cst);
}

void TransactionTable::Release(TxnId txn) {
  DRIFTDB_DCHECK(SlotOf(txn)->owner.load() == txn.value);
  DRIFTDB_DCHECK(SlotOf(txn)->state.load() != kStateActive);
  platform::LatchGuard guard(&latch_);
  free_slots_.push_back(static_cast<uint32_t>(txn.value & ((uint64_t{1} << kSlotBits) - 1)));
}

TxnState TransactionTable::Resolve(TxnId txn) const {
  Slot* slot = SlotOf(txn);
  if (slot == nullptr || slot->owner.load(std::memory_order_acquire) != txn.value) return {};
  const uint64_t state = slot->state.load(std::memory_order_acquire);
  if (slot->owner.load(std::memory_order_acquire) != txn.value) return {};
  if (state == kStateActive) return {TxnState::Kind::kActive, CommitSeq(0)};
  if (state == kStateAborted) return {TxnState::Kind::kAborted, CommitSeq(0)};
  return {TxnState::Kind::kCommitted, CommitSeq(state)};
}

void TransactionTable::Publish(CommitSeq seq) {
  DRIFTDB_DCHECK(seq.value >= published_.load());
  published_.store(seq.value, std::memory_order_seq_cst);
}

}  // namespace driftdb::storage
