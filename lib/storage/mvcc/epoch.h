// Epochs: lets readers use shared structures without locks while others replace them. A reader
// holds an EpochGuard while it follows raw pointers; a replaced object is retired and destroyed
// once every slot was seen without a reader since (quiescence per slot, so one long reader delays,
// but never endangers). Threads: safe. Guards are short (one call, one vector), may nest, and are
// released by their own thread. Source: Fraser, "Practical lock-freedom" (2004), 5.2.3; per-slot
// quiescence instead of global epochs.
#ifndef DRIFTDB_STORAGE_MVCC_EPOCH_H_
#define DRIFTDB_STORAGE_MVCC_EPOCH_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "platform/mutex.h"

namespace driftdb::storage {

class EpochManager {
 public:
  static constexpr size_t kSlots = 64;
  EpochManager() = default;
  ~EpochManager();  // destroys what is retired; no guard may be held
  EpochManager(const EpochManager&) = delete;
  EpochManager& operator=(const EpochManager&) = delete;

  // `object` must be unreachable for guards taken from now on.
  void Retire(std::shared_ptr<const void> object);
  // Destroys what no guard can reach any more; called by the collector and by Retire.
  void Collect();
  size_t retired_count();

 private:
  friend class EpochGuard;
  struct alignas(64) Slot {
    std::atomic<uint32_t> readers{0};
  };
  struct Retired {
    std::shared_ptr<const void> object;
    uint64_t busy_slots;  // bit set: not yet seen without a reader since the retirement
  };
  Slot slots_[kSlots];
  platform::Mutex mutex_;
  std::vector<Retired> retired_ DRIFTDB_GUARDED_BY(mutex_);
};

class EpochGuard {
 public:
  explicit EpochGuard(EpochManager* manager);
  ~EpochGuard();
  EpochGuard(const EpochGuard&) = delete;
  EpochGuard& operator=(const EpochGuard&) = delete;

 private:
  EpochManager::Slot* const slot_;
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_MVCC_EPOCH_H_
