#include "storage/table/segment_cache.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/status_macros.h"

namespace driftdb::storage {

void SegmentCache::Remove(size_t place) {
  Entry* last = ring_.back();
  ring_[place] = last;
  last->ring_place_ = place;
  ring_.pop_back();
}

size_t SegmentCache::Bound() const {
  return memory_ == nullptr ? bytes_max_ : std::min(bytes_max_, memory_->limit_bytes() / 4);
}

void SegmentCache::Sweep(size_t bound, std::vector<std::shared_ptr<const SegmentReader>>* closed) {
  // Twice round at most: the first pass takes the marks away.
  for (size_t steps = 2 * ring_.size(); open_bytes_ > bound && steps > 0 && !ring_.empty();
       --steps) {
    if (hand_ >= ring_.size()) hand_ = 0;
    Entry* entry = ring_[hand_];
    platform::LatchGuard latch(&entry->latch_);
    if (std::exchange(entry->used_, false)) {
      ++hand_;
      continue;
    }
    open_bytes_ -= entry->reader_->meta().extent.payload_bytes;
    closed->push_back(std::move(entry->reader_));
    entry->reader_ = nullptr;
    Remove(hand_);
  }
}

Result<std::shared_ptr<const SegmentReader>> SegmentCache::Get(Entry* entry,
                                                               const SegmentMeta& meta,
                                                               LogicalType type,
                                                               ExtentStore* store) {
  {
    platform::LatchGuard latch(&entry->latch_);
    if (entry->reader_ != nullptr) {
      entry->used_ = true;
      return entry->reader_;
    }
  }
  DRIFTDB_ASSIGN_OR_RETURN(std::shared_ptr<const SegmentReader> opened,
                           SegmentReader::Open(meta, type, store));
  std::vector<std::shared_ptr<const SegmentReader>> closed;  // destroyed outside the mutex
  platform::MutexLock lock(&mutex_);
  {
    platform::LatchGuard latch(&entry->latch_);
    if (entry->reader_ != nullptr) return entry->reader_;  // another thread was faster
    entry->reader_ = opened;
    entry->used_ = true;
  }
  entry->ring_place_ = ring_.size();
  ring_.push_back(entry);
  open_bytes_ += meta.extent.payload_bytes;
  Sweep(Bound(), &closed);
  return opened;
}

void SegmentCache::Forget(Entry* entry) {
  std::shared_ptr<const SegmentReader> closed;
  platform::MutexLock lock(&mutex_);
  platform::LatchGuard latch(&entry->latch_);
  if (entry->reader_ == nullptr) return;
  open_bytes_ -= entry->reader_->meta().extent.payload_bytes;
  closed = std::move(entry->reader_);
  entry->reader_ = nullptr;
  Remove(entry->ring_place_);
}

size_t SegmentCache::Reclaim(size_t bytes) {
  std::vector<std::shared_ptr<const SegmentReader>> closed;  // destroyed outside the mutex
  platform::MutexLock lock(&mutex_);
  const size_t before = open_bytes_;
  Sweep(before > bytes ? before - bytes : 0, &closed);
  return before - open_bytes_;
}

size_t SegmentCache::open_bytes() {
  platform::MutexLock lock(&mutex_);
  return open_bytes_;
}

}  // namespace driftdb::storage
