#include "storage/btree/epoch_gate.h"

namespace driftdb::storage {

void EpochGate::Synchronize() {
  platform::MutexLock lock(&mutex_);
  const uint64_t parity = epoch_.fetch_add(1) & 1;
  for (Shard& shard : shards_) {
    for (int spin = 0; shard.active[parity].load() != 0; ++spin) {
      if (spin > 100) platform::SleepMicros(20);
    }
  }
}

}  // namespace driftdb::storage
