// JoinFilter: what the build side of a join knows about its keys, pushed into scans of the probe
// side: bounds, and either an exact bitmap over the integer range or a register-blocked Bloom
// filter. Shape: integer keys are int64 (dates, decimals up to 18 digits, ...); strings and
// composite keys enter by a 64-bit hash only (HashJoinKey below for strings, HashCombine64 over the
// parts for composite keys). Invariants: no false negatives. Threads: build by one thread, or by
// several with InsertAtomic*; then share read-only. Source: Lang et al., "Performance-Optimal
// Filtering", VLDB 2019 (register-blocked Bloom, 4 bits per key).
#ifndef DRIFTDB_STORAGE_COLUMN_JOIN_FILTER_H_
#define DRIFTDB_STORAGE_COLUMN_JOIN_FILTER_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/int128.h"

namespace driftdb::storage {

inline uint64_t HashJoinKey(int64_t key) { return HashInt64(static_cast<uint64_t>(key)); }
inline uint64_t HashJoinKey(std::string_view key) { return HashBytes64(key); }
// The same hash as an int64 of the same value.
inline uint64_t HashJoinKey(int128_t key) {
  const auto low = static_cast<int64_t>(key);
  if (low == key) return HashJoinKey(low);
  return HashCombine64(static_cast<uint64_t>(key), static_cast<uint64_t>(key >> 64));
}

class JoinFilter {
 public:
  // Exact: one bit per integer of [min, max]. REQUIRES: max - min < 2^32.
  static JoinFilter Exact(int64_t min, int64_t max);
  // Approximate, about `bits_per_key` bits for each of `keys` keys. Integer keys: also their
  // bounds.
  static JoinFilter Bloom(size_t keys, bool integer_keys, int64_t min, int64_t max,
                          unsigned bits_per_key = 12);
  // Bounds only.
  static JoinFilter Bounds(int64_t min, int64_t max);

  void Insert(int64_t key) {
    if (exact_) {
      const uint64_t i = static_cast<uint64_t>(key) - static_cast<uint64_t>(min_);
      words_[i >> 6] |= uint64_t{1} << (i & 63);
    } else if (!words_.empty()) {
      InsertHash(HashJoinKey(key));
    }
  }
  void InsertHash(uint64_t hash) { words_[BlockOf(hash)] |= BlockMask(hash); }
  // From many threads at once.
  void InsertAtomic(int64_t key);
  void InsertHashAtomic(uint64_t hash);

  bool MayContain(int64_t key) const {
    if (key < min_ || key > max_) return false;
    if (exact_) {
      const uint64_t i = static_cast<uint64_t>(key) - static_cast<uint64_t>(min_);
      return (words_[i >> 6] >> (i & 63)) & 1;
    }
    return words_.empty() || MayContainHash(HashJoinKey(key));
  }
  bool MayContainHash(uint64_t hash) const {
    const uint64_t mask = BlockMask(hash);
    return (words_[BlockOf(hash)] & mask) == mask;
  }

  bool exact() const { return exact_; }
  bool has_bounds() const { return has_bounds_; }
  bool has_bloom() const { return !exact_ && !words_.empty(); }
  int64_t min() const { return min_; }
  int64_t max() const { return max_; }
  const uint64_t* words() const { return words_.data(); }
  size_t MemoryBytes() const { return words_.size() * 8; }

 private:
  // Four bits of one 64-bit block, from hash bits that choose neither the block nor each other.
  static uint64_t BlockMask(uint64_t hash) {
    return (uint64_t{1} << (hash & 63)) | (uint64_t{1} << ((hash >> 6) & 63)) |
           (uint64_t{1} << ((hash >> 12) & 63)) | (uint64_t{1} << ((hash >> 18) & 63));
  }
  size_t BlockOf(uint64_t hash) const {
    return static_cast<size_t>(((hash >> 32) * words_.size()) >> 32);
  }

  bool exact_ = false;
  bool has_bounds_ = false;
  int64_t min_ = INT64_MIN;
  int64_t max_ = INT64_MAX;
  std::vector<uint64_t> words_;
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_COLUMN_JOIN_FILTER_H_
