#include "storage/column/join_filter.h"

#include <atomic>

#include "base/check.h"

namespace driftdb::storage {

JoinFilter JoinFilter::Exact(int64_t min, int64_t max) {
  DRIFTDB_DCHECK(min <= max);
  JoinFilter filter = Bounds(min, max);
  const uint64_t range = static_cast<uint64_t>(max) - static_cast<uint64_t>(min);
  DRIFTDB_DCHECK(range < uint64_t{1} << 32);
  filter.exact_ = true;
  filter.words_.resize((range >> 6) + 1);
  return filter;
}

JoinFilter JoinFilter::Bounds(int64_t min, int64_t max) {
  JoinFilter filter;
  filter.has_bounds_ = true;
  filter.min_ = min;
  filter.max_ = max;
  return filter;
}

JoinFilter JoinFilter::Bloom(size_t keys, bool integer_keys, int64_t min, int64_t max,
                             unsigned bits_per_key) {
  JoinFilter filter;
  if (integer_keys) filter = Bounds(min, max);
  const uint64_t words = (static_cast<uint64_t>(keys) * bits_per_key + 63) / 64 + 1;
  filter.words_.resize(words);
  return filter;
}

void JoinFilter::InsertAtomic(int64_t key) {
  if (exact_) {
    const uint64_t i = static_cast<uint64_t>(key) - static_cast<uint64_t>(min_);
    std::atomic_ref<uint64_t>(words_[i >> 6])
        .fetch_or(uint64_t{1} << (i & 63), std::memory_order_relaxed);
  } else if (!words_.empty()) {
    InsertHashAtomic(HashJoinKey(key));
  }
}

void JoinFilter::InsertHashAtomic(uint64_t hash) {
  std::atomic_ref<uint64_t>(words_[BlockOf(hash)])
      .fetch_or(BlockMask(hash), std::memory_order_relaxed);
}

}  // namespace driftdb::storage
