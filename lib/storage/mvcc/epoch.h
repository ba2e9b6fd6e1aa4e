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

#include "platform/mutex.h"

namespace driftdb::storage {

class EpochManager {
 public:
  static constexpr size_t kSlots = 64;
  EpochManager() = default;
  ~EpochManager();  // destroys what is retired; no guard may be held
  EpochManager(const EpochManager&) = delete;
  EpochManager& operator=(const EpochManager&) = delete;

  // Destroys what no guard can reach any more; called by the collector and by EpochRoom::Retire.
  // Takes no memory.
  void Collect();
  size_t retired_count();

 private:
  friend class EpochGuard;
  friend class EpochRoom;
  struct alignas(64) Slot {
    std::atomic<uint32_t> readers{0};
  };
  struct Retired {
    void* object = nullptr;
    void (*destroy)(void*) = nullptr;
    // Bit set: not yet seen without a reader since the retirement.
    uint64_t busy_slots = ~uint64_t{0};
    std::unique_ptr<Retired> next;
  };
  Slot slots_[kSlots];
  platform::Mutex mutex_;
  // Takes out of `retired_` what no guard can reach any more.
  std::unique_ptr<Retired> TakeQuiet() DRIFTDB_REQUIRES(mutex_);
  std::unique_ptr<Retired> retired_ DRIFTDB_GUARDED_BY(mutex_);
};

// Room to retire some objects: made before they are taken out, because by then there is no way back
// if memory is short. Throws std::bad_alloc when it is made, never later.
class EpochRoom {
 public:
  EpochRoom(EpochManager* manager, size_t count);
  EpochRoom(const EpochRoom&) = delete;
  EpochRoom& operator=(const EpochRoom&) = delete;

  // `object` must be unreachable for guards taken from now on. REQUIRES: room.
  template <typename T>
  void Retire(std::unique_ptr<T> object) {
    RetireObject(object.release(), [](void* raw) { delete static_cast<T*>(raw); });
  }

 private:
  void RetireObject(void* object, void (*destroy)(void*));

  EpochManager* const manager_;
  std::unique_ptr<EpochManager::Retired> room_;
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
