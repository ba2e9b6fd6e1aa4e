#include "storage/mvcc/epoch.h"

#include "base/check.h"
#include "platform/thread.h"

namespace driftdb::storage {

EpochManager::~EpochManager() {
  for (const Slot& slot : slots_) DRIFTDB_DCHECK(slot.readers.load() == 0);
}

void EpochManager::Retire(std::shared_ptr<const void> object) {
  {
    platform::MutexLock lock(&mutex_);
    retired_.push_back({std::move(object), ~uint64_t{0}});
  }
  Collect();
}

void EpochManager::Collect() {
  std::vector<std::shared_ptr<const void>> free;  // destroyed after the mutex is released
  platform::MutexLock lock(&mutex_);
  if (retired_.empty()) return;
  uint64_t busy = 0;
  for (size_t i = 0; i < kSlots; ++i) {
    // Sequentially consistent with the guard's increment: a reader that this load misses has not
    // yet loaded any pointer, so it cannot reach what was unlinked before (C28: no fences).
    if (slots_[i].readers.load(std::memory_order_seq_cst) != 0) busy |= uint64_t{1} << i;
  }
  size_t kept = 0;
  for (Retired& retired : retired_) {
    retired.busy_slots &= busy;
    if (retired.busy_slots == 0) {
      free.push_back(std::move(retired.object));
    } else {
      if (&retired_[kept] != &retired) retired_[kept] = std::move(retired);
      ++kept;
    }
  }
  retired_.resize(kept);
}

size_t EpochManager::retired_count() {
  platform::MutexLock lock(&mutex_);
  return retired_.size();
}

EpochGuard::EpochGuard(EpochManager* manager)
    : slot_(&manager->slots_[platform::ThreadIndex() % EpochManager::kSlots]) {
  slot_->readers.fetch_add(1, std::memory_order_seq_cst);
}

EpochGuard::~EpochGuard() { slot_->readers.fetch_sub(1, std::memory_order_release); }

}  // namespace driftdb::storage
