// EpochGate: lets a maintenance thread wait until every operation that began before now has ended.
// Operations enter and leave one of kShards counters; Synchronize flips the parity and waits for
// the old one to drain. Operations that began later are not waited for. Threads: safe. Never
// Synchronize inside an operation. Source: McKenney's sleepable RCU, with the parity re-checked
// after the increment.
#ifndef DRIFTDB_STORAGE_BTREE_EPOCH_GATE_H_
#define DRIFTDB_STORAGE_BTREE_EPOCH_GATE_H_

#include <atomic>
#include <cstdint>

#include "platform/mutex.h"
#include "platform/thread.h"

namespace driftdb::storage {

class EpochGate {
 public:
  // One operation; keep it short: Synchronize waits for it.
  class Pass {
   public:
    explicit Pass(EpochGate* gate) : counter_(gate->Enter()) {}
    ~Pass() { counter_->fetch_sub(1, std::memory_order_release); }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;

   private:
    std::atomic<uint64_t>* counter_;
  };

  // Returns when all passes taken before the call are gone.
  void Synchronize();

 private:
  static constexpr unsigned kShards = 8;
  struct alignas(64) Shard {
    std::atomic<uint64_t> active[2] = {{0}, {0}};
  };

  std::atomic<uint64_t>* Enter() {
    Shard& shard = shards_[platform::ThreadIndex() % kShards];
    for (;;) {
      // Sequentially consistent: either Synchronize sees the increment, or we see its flip.
      const uint64_t epoch = epoch_.load();
      std::atomic<uint64_t>* counter = &shard.active[epoch & 1];
      counter->fetch_add(1);
      if (epoch_.load() == epoch) [[likely]]
        return counter;
      counter->fetch_sub(1);
    }
  }

  std::atomic<uint64_t> epoch_{0};
  Shard shards_[kShards];
  platform::Mutex mutex_;  // one Synchronize at a time
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_BTREE_EPOCH_GATE_H_
