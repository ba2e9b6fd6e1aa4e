// JoinTable: the build side of a hash join, ready to be probed.
// Shape, chosen from the keys:
//   dense   one integer key over a range that a bitmap covers well: bit per key of [min, max] with
//           ranks per 64 bits; rows in key order, so bit + rank is the row (or, with duplicates,
//           indexes offsets). No hashing and no comparison.
//   hash    directory of 8 bytes per entry: 48-bit end offset of the entry's rows and the union of
//           their 16-bit tags; rows contiguous by hash prefix
// Rows lie in one block; probes get byte ranges of it.
// Invariants: (JT-1) entry e's rows are [end(e - 1), end(e)); (JT-2) a tag not covered by its
// entry's union proves that no row of that hash is there; (JT-3) dense ranges hold exactly the
// rows with the key, hash ranges at least those with the hash.
// Threads: Build by one thread (which uses the task pool), then read-only.
// Errors: 53200, 57014.
#ifndef DRIFTDB_EXEC_JOIN_JOIN_TABLE_H_
#define DRIFTDB_EXEC_JOIN_JOIN_TABLE_H_

#include <bit>
#include <memory>
#include <vector>

#include "base/memory.h"
#include "exec/join/join_plan.h"
#include "exec/query_context.h"
#include "exec/row/row_store.h"
#include "storage/column/join_filter.h"

namespace driftdb::exec {

// Bounds of one integer key as seen by a worker.
struct JoinKeyBounds {
  int64_t min = INT64_MAX;
  int64_t max = INT64_MIN;
  void Merge(const JoinKeyBounds& other) {
    min = other.min < min ? other.min : min;
    max = other.max > max ? other.max : max;
  }
};

// 16-bit patterns with four bits set, by 11 bits of the hash. C(16, 4) = 1,820 patterns exist; the
// first ones repeat.
struct JoinTagTable {
  uint16_t tags[2048];
};
constexpr JoinTagTable MakeJoinTags() {
  JoinTagTable table{};
  size_t n = 0;
  for (int round = 0; round < 2; ++round) {
    for (uint32_t a = 0; a < 16; ++a) {
      for (uint32_t b = a + 1; b < 16; ++b) {
        for (uint32_t c = b + 1; c < 16; ++c) {
          for (uint32_t d = c + 1; d < 16 && n < 2048; ++d) {
            table.tags[n++] = static_cast<uint16_t>((1U << a) | (1U << b) | (1U << c) | (1U << d));
          }
        }
      }
    }
  }
  return table;
}
inline constexpr JoinTagTable kJoinTags = MakeJoinTags();

class JoinTable {
 public:
  explicit JoinTable(const JoinPlan* plan) : plan_(plan) {}

  // Takes the rows of `stores`, whose keys can match, and frees their pages. `bounds`: of key 0
  // when it is an integer.
  Status Build(QueryContext* context, const std::vector<RowStore*>& stores,
               const JoinKeyBounds& bounds);

  bool dense() const { return filter_ != nullptr; }
  // No key occurs twice (known for dense tables only).
  bool unique() const { return unique_; }
  uint64_t row_count() const { return row_count_; }
  const uint8_t* rows() const { return block_.get(); }
  uint8_t* rows() { return block_.get(); }
  size_t MemoryBytes() const { return memory_.bytes(); }
  // Dense: the keys.
  const std::shared_ptr<storage::JoinFilter>& key_filter() const { return filter_; }

  // Dense: the rows of `key`.
  bool FindDense(int64_t key, const uint8_t** begin, const uint8_t** end) const {
    const uint64_t i = static_cast<uint64_t>(key) - static_cast<uint64_t>(min_);
    if (i > range_) return false;
    const uint64_t word = words_[i >> 6];
    const uint64_t bit = uint64_t{1} << (i & 63);
    if ((word & bit) == 0) return false;
    if (ranks_.empty()) return true;  // keys only
    const size_t id = ranks_[i >> 6] + static_cast<size_t>(std::popcount(word & (bit - 1)));
    const size_t first = unique_ ? id : offsets_[id];
    *begin = block_.get() + first * row_bytes_;
    *end = unique_ ? *begin + row_bytes_ : block_.get() + offsets_[id + 1] * row_bytes_;
    return true;
  }
  const void* DenseAddress(int64_t key) const {
    const uint64_t i = static_cast<uint64_t>(key) - static_cast<uint64_t>(min_);
    return i > range_ ? nullptr : &words_[i >> 6];
  }

  // Hash: where rows with this hash may be.
  const uint64_t* Entry(uint64_t hash) const { return directory_ + (hash >> shift_); }
  static uint16_t TagOf(uint64_t hash) { return kJoinTags.tags[hash & 2047]; }
  bool FindHash(uint64_t hash, const uint8_t** begin, const uint8_t** end) const {
    const uint64_t* entry = Entry(hash);
    const uint64_t tag = TagOf(hash);
    if ((*entry & tag) != tag) return false;
    *begin = block_.get() + (entry[-1] >> 16);
    *end = block_.get() + (*entry >> 16);
    return true;
  }
  size_t directory_bytes() const { return entries_ * 8; }
  // Probes miss the L2 cache often enough that prefetching pays.
  bool large() const { return large_; }
  bool keys_only() const { return keys_only_; }

 private:
  struct HashedRow {
    uint64_t hash;
    const uint8_t* row;
  };
  bool UseDense(const JoinKeyBounds& bounds) const;
  Status BuildDense(QueryContext* context, const std::vector<RowStore*>& stores,
                    const JoinKeyBounds& bounds);
  Status PlaceDense(QueryContext* context, const std::vector<RowStore*>& stores);
  Status BuildHash(QueryContext* context, const std::vector<RowStore*>& stores);
  Status SplitRows(QueryContext* context, const std::vector<RowStore*>& stores, size_t partitions,
                   std::vector<std::vector<std::vector<HashedRow>>>* lists) const;
  void FillPartition(const std::vector<std::vector<std::vector<HashedRow>>>& lists,
                     size_t partition, size_t partitions, uint64_t offset);
  int64_t KeyOf(const uint8_t* row) const;

  const JoinPlan* plan_;
  MemoryReservation memory_;
  RowBytes block_;
  size_t row_bytes_ = 0;
  uint64_t row_count_ = 0;
  bool unique_ = false;
  bool large_ = false;
  bool keys_only_ = false;

  std::shared_ptr<storage::JoinFilter> filter_;
  const uint64_t* words_ = nullptr;
  int64_t min_ = 0;
  uint64_t range_ = 0;  // max - min
  std::vector<uint32_t> ranks_;
  std::vector<uint32_t> offsets_;

  RowBytes directory_store_;  // one more in front: the start of entry 0
  size_t entries_ = 0;
  uint64_t* directory_ = nullptr;
  unsigned shift_ = 63;
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_JOIN_JOIN_TABLE_H_
