// KeyFilter and DeltaFilter: Bloom filters over key hashes, one 64-bit word per key, so a probe is
// one load. KeyFilter: fixed size, of a run, stored (format: docs/internals/btree.md). DeltaFilter:
// grows by adding ever larger filters, concurrent, in memory. False positives: about 1 % at 12 bits
// a key (runs), 0.3 % at 16 (deltas). Source: Putze et al., "Cache-, Hash- and Space-Efficient
// Bloom Filters", WEA 2007 (blocked, one word here).
#ifndef DRIFTDB_STORAGE_BTREE_KEY_FILTER_H_
#define DRIFTDB_STORAGE_BTREE_KEY_FILTER_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/memory.h"
#include "base/status.h"
#include "platform/mutex.h"

namespace driftdb::storage {

// Five bits of a word, from the low 30 bits of the hash; the word number comes from the high 32.
inline uint64_t FilterMask(uint64_t hash) {
  return uint64_t{1} << (hash & 63) | uint64_t{1} << (hash >> 6 & 63) |
         uint64_t{1} << (hash >> 12 & 63) | uint64_t{1} << (hash >> 18 & 63) |
         uint64_t{1} << (hash >> 24 & 63);
}
inline size_t FilterWord(uint64_t hash, size_t words) {
  return static_cast<size_t>(((hash >> 32) * words) >> 32);
}

class KeyFilter {
 public:
  static constexpr uint64_t kBitsPerKey = 12;
  // Words for `keys` keys; at most 2^31.
  static uint64_t WordsFor(uint64_t keys) { return (keys * kBitsPerKey + 63) / 64 + 1; }

  void Resize(uint64_t keys) { words_.assign(WordsFor(keys), 0); }
  // Little-endian words as stored.
  void Assign(std::string_view bytes);
  bool empty() const { return words_.empty(); }
  void Add(uint64_t hash) { words_[FilterWord(hash, words_.size())] |= FilterMask(hash); }
  // True: the key may be there. A filter without words knows nothing.
  bool MayContain(uint64_t hash) const {
    if (words_.empty()) return true;
    const uint64_t mask = FilterMask(hash);
    return (words_[FilterWord(hash, words_.size())] & mask) == mask;
  }
  const std::vector<uint64_t>& words() const { return words_; }
  size_t memory_bytes() const { return words_.capacity() * 8; }

 private:
  std::vector<uint64_t> words_;
};

class DeltaFilter {
 public:
  explicit DeltaFilter(MemoryAccountant* memory) : memory_(memory) {
    part_[0].words = first_;
    part_[0].size = kFirstWords;
  }
  ~DeltaFilter();
  DeltaFilter(const DeltaFilter&) = delete;
  DeltaFilter& operator=(const DeltaFilter&) = delete;

  // Before the entry is published. Never fails: when no larger filter can be had the last one fills
  // up and answers "maybe" more often.
  void Add(uint64_t hash);
  bool MayContain(uint64_t hash) const {
    const uint64_t mask = FilterMask(hash);
    const int parts = parts_.load(std::memory_order_acquire);
    for (int i = parts - 1; i >= 0; --i) {
      const Part& part = part_[i];
      if ((part.words[FilterWord(hash, part.size)].load(std::memory_order_relaxed) & mask) ==
          mask) {
        return true;
      }
    }
    return false;
  }
  size_t memory_bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  static constexpr int kPartsMax = 6;
  static constexpr size_t kFirstWords = 64;  // 512 bytes, 256 keys; each part is eight times larger
  struct Part {
    std::atomic<uint64_t>* words = nullptr;
    size_t size = 0;
  };
  void Grow();

  MemoryAccountant* memory_;
  std::atomic<int> parts_{1};
  std::atomic<uint64_t> room_{kFirstWords * 4};  // keys the last part still takes
  std::atomic<size_t> bytes_{0};                 // of all parts but the first
  Part part_[kPartsMax];
  std::unique_ptr<std::atomic<uint64_t>[]> owned_[kPartsMax];
  std::atomic<uint64_t> first_[kFirstWords] = {};
  platform::SpinLatch latch_;
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_BTREE_KEY_FILTER_H_
