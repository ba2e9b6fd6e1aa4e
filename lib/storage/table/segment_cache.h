// SegmentCache: keeps recently used segment readers open, up to a number of pinned bytes. An open
// reader pins its payload in the buffer pool, which a point read cannot afford to set up each time
// and a large table cannot keep up for all of its segments. One cache serves all tables of a
// database. Shape: entries live in their groups; a ring of the open ones, swept by a clock hand.
// Threads: safe. Errors: those of SegmentReader::Open.
#ifndef DRIFTDB_STORAGE_TABLE_SEGMENT_CACHE_H_
#define DRIFTDB_STORAGE_TABLE_SEGMENT_CACHE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/memory.h"
#include "base/status.h"
#include "platform/mutex.h"
#include "storage/column/segment_reader.h"

namespace driftdb::storage {

class SegmentCache : public MemoryReclaimer {
 public:
  class Entry {
   public:
    Entry() = default;
    Entry(Entry&&) noexcept {}  // for vectors of closed entries

   private:
    friend class SegmentCache;
    platform::SpinLatch latch_;
    bool used_ = false;
    std::shared_ptr<const SegmentReader> reader_;
    size_t ring_place_ = 0;  // under the cache's mutex
  };

  // At most `bytes_max`, and at most a quarter of what `memory`'s limit is at the time (null: no
  // such bound); `memory` outlives the cache.
  explicit SegmentCache(size_t bytes_max, const MemoryAccountant* memory = nullptr)
      : bytes_max_(bytes_max), memory_(memory) {}
  SegmentCache(const SegmentCache&) = delete;
  SegmentCache& operator=(const SegmentCache&) = delete;

  Result<std::shared_ptr<const SegmentReader>> Get(Entry* entry, const SegmentMeta& meta,
                                                   LogicalType type, ExtentStore* store);
  // Closes the entry; before it dies.
  void Forget(Entry* entry);
  size_t open_bytes();
  // Closes readers of up to `bytes`, used or not, so that the buffer pool can evict what they pin.
  size_t Reclaim(size_t bytes) override;

 private:
  void Remove(size_t place) DRIFTDB_REQUIRES(mutex_);
  size_t Bound() const;
  void Sweep(size_t bound, std::vector<std::shared_ptr<const SegmentReader>>* closed)
      DRIFTDB_REQUIRES(mutex_);

  const size_t bytes_max_;
  const MemoryAccountant* const memory_;
  platform::Mutex mutex_;
  std::vector<Entry*> ring_ DRIFTDB_GUARDED_BY(mutex_);
  size_t hand_ DRIFTDB_GUARDED_BY(mutex_) = 0;
  size_t open_bytes_ DRIFTDB_GUARDED_BY(mutex_) = 0;
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_TABLE_SEGMENT_CACHE_H_
