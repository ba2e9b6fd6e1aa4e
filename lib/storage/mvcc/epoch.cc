#include "storage/mvcc/epoch.h"

#include <utility>

#include "base/check.h"
#include "platform/thread.h"

namespace driftdb::storage {

EpochManager::~EpochManager() {
  for (const Slot& slot : slots_) DRIFTDB_DCHECK(slot.readers.load() == 0);
  Collect();
}

void EpochManager::Collect() {
  std::unique_ptr<Retired> quiet;  // destroyed after the mutex is released
  {
    platform::MutexLock lock(&mutex_);
    quiet = TakeQuiet();
  }
  while (quiet != nullptr) {
    quiet->destroy(quiet->object);
    quiet = std::move(quiet->next);
  }
}

std::unique_ptr<EpochManager::Retired> EpochManager::TakeQuiet() {
  std::unique_ptr<Retired> quiet;
  if (retired_ == nullptr) return quiet;
  uint64_t busy = 0;
  for (size_t i = 0; i < kSlots; ++i) {
    // Sequentially consistent with the guard's increment: a reader that this load misses has not
    // yet loaded any pointer, so it cannot reach what was unlinked before (C28: no fences).
    if (slots_[i].readers.load(std::memory_order_seq_cst) != 0) busy |= uint64_t{1} << i;
  }
  std::unique_ptr<Retired>* at = &retired_;
  while (*at != nullptr) {
    (*at)->busy_slots &= busy;
    if ((*at)->busy_slots != 0) {
      at = &(*at)->next;
      continue;
    }
    std::unique_ptr<Retired> taken = std::move(*at);
    *at = std::move(taken->next);
    taken->next = std::move(quiet);
    quiet = std::move(taken);
  }
  return quiet;
}

size_t EpochManager::retired_count() {
  platform::MutexLock lock(&mutex_);
  size_t count = 0;
  for (const Retired* retired = retired_.get(); retired != nullptr; retired = retired->next.get()) {
    ++count;
  }
  return count;
}

EpochRoom::EpochRoom(EpochManager* manager, size_t count) : manager_(manager) {
  for (; count > 0; --count) {
    auto next = std::make_unique<EpochManager::Retired>();
    next->next = std::move(room_);
    room_ = std::move(next);
  }
}

void EpochRoom::RetireObject(void* object, void (*destroy)(void*)) {
  std::unique_ptr<EpochManager::Retired> retired = std::move(room_);
  room_ = std::move(retired->next);
  retired->object = object;
  retired->destroy = destroy;
  {
    platform::MutexLock lock(&manager_->mutex_);
    retired->next = std::move(manager_->retired_);
    manager_->retired_ = std::move(retired);
  }
  manager_->Collect();
}

EpochGuard::EpochGuard(EpochManager* manager)
    : slot_(&manager->slots_[platform::ThreadIndex() % EpochManager::kSlots]) {
  slot_->readers.fetch_add(1, std::memory_order_seq_cst);
}

EpochGuard::~EpochGuard() { slot_->readers.fetch_sub(1, std::memory_order_release); }

}  // namespace driftdb::storage
