// LeafPage: read access to one encoded leaf page (docs/internals/btree.md, "Leaf page").
// Shape: `count()` entries ascending by (key, row id). Positions are 0..count().
// Invariants: after Open no function reads outside the page, whatever its bytes are (BT-13).
// Threads: immutable. Does not own the bytes.
// Errors: DataLoss from Open. Junk that passes Open gives wrong entries; order is checked by Check.
#ifndef DRIFTDB_STORAGE_BTREE_LEAF_PAGE_H_
#define DRIFTDB_STORAGE_BTREE_LEAF_PAGE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "base/coding.h"
#include "base/status.h"
#include "storage/btree/entry.h"
#include "storage/page/extent_store.h"

namespace driftdb::storage {

inline constexpr uint32_t kLeafMagic = 0x314c4244;  // "DBL1"
inline constexpr uint32_t kLeafHintOffset = 56;
inline constexpr uint32_t kLeafHints = 16;
inline constexpr uint32_t kLeafPrefixOffset = 184;
inline constexpr uint32_t kLeafBytesMax = kIndexBlockBytes - 8;  // 8-byte loads stay inside
inline constexpr uint32_t kLeafEntriesMax = 4096;
enum LeafKeyMode : uint8_t { kLeafInteger = 0, kLeafFixed = 1, kLeafHeap = 2 };
enum LeafFlags : uint8_t { kLeafHasAnti = 1, kLeafHasFingerprints = 2 };

struct LeafHeader {
  uint32_t magic;
  uint16_t count;
  uint8_t key_mode;
  uint8_t key_width;
  uint8_t rid_width;
  uint8_t flags;
  uint16_t prefix_bytes;
  uint16_t suffix_bytes;
  uint16_t key_offset;
  uint16_t rid_offset;
  uint16_t anti_offset;
  uint16_t fingerprint_offset;
  uint16_t used_bytes;
  uint64_t key_base;
  uint64_t rid_base;
  uint64_t zero[2];
};
static_assert(sizeof(LeafHeader) == kLeafHintOffset);

inline uint8_t LeafFingerprint(uint64_t key_hash) { return static_cast<uint8_t>(key_hash >> 24); }

class LeafPage {
 public:
  LeafPage() = default;
  // Checks the header in constant time. `page` has kIndexBlockBytes bytes and outlives this.
  Status Open(const char* page);
  // Starts the loads a search will need; for interleaved lookups. Valid before Open.
  static void Prefetch(const char* page) {
    __builtin_prefetch(page);
    __builtin_prefetch(page + 64);
    __builtin_prefetch(page + 128);
  }

  size_t count() const { return header().count; }
  RowId rid(size_t i) const {
    return RowId((header().rid_base + Load(rid_data_ + i * header().rid_width, rid_mask_)) &
                 kRowIdMax);
  }
  bool anti(size_t i) const {
    return anti_data_ != nullptr &&
           ((static_cast<uint8_t>(anti_data_[i >> 3]) >> (i & 7)) & 1) != 0;
  }
  // Writes the key of entry i (at most kIndexBlockBytes bytes).
  void KeyAt(size_t i, std::string* key) const;

  // First entry >= (key, rid); count() when none.
  size_t LowerBound(std::string_view key, RowId rid) const;
  // True when entry i has exactly this key.
  bool KeyEquals(size_t i, std::string_view key) const { return Compare(i, key) == 0; }
  // Entries with this key, as [first, second). `hash` is used when the page has fingerprints.
  struct Range {
    size_t first, last;
    size_t guess = 0;  // of Narrow: where the key should be
  };
  Range Find(std::string_view key, uint64_t hash) const { return FindWithin(Narrow(key), hash); }

  // A key reduced to what differs between the entries of this page.
  struct Target {
    int outside = 0;     // < 0: below all entries; > 0: above all
    int on_equal = 0;    // integer mode: order of an entry with equal value against the key
    uint64_t value = 0;  // integer mode: delta; else KeyWord of the suffix
    std::string_view suffix;
  };
  // For interleaved lookups: the hint search alone, prefetching what the second step reads.
  struct Probe {
    Target target;
    Range within;
  };
  Probe Narrow(std::string_view key) const;
  Range FindWithin(const Probe& probe, uint64_t hash) const;

  // Reads everything: order, offsets. Errors: DataLoss.
  Status Check() const;

 private:
  const LeafHeader& header() const { return *reinterpret_cast<const LeafHeader*>(page_); }
  static uint64_t Load(const char* from, uint64_t mask) { return LoadFixed<uint64_t>(from) & mask; }
  uint64_t KeyDelta(size_t i) const { return Load(key_data_ + i * header().key_width, key_mask_); }
  uint64_t Hint(size_t i) const { return LoadFixed<uint64_t>(page_ + kLeafHintOffset + 8 * i); }
  size_t HintPosition(size_t i) const { return (i + 1) * count() / (kLeafHints + 1); }
  std::string_view Prefix() const { return {page_ + kLeafPrefixOffset, header().prefix_bytes}; }
  std::string_view Suffix(size_t i) const;  // fixed and heap mode
  Target Reduce(std::string_view key) const;
  int CompareSuffix(size_t i, const Target& target) const;
  int Compare(size_t i, std::string_view key) const;
  Range NarrowTarget(const Target& target) const;
  size_t LowerBoundKey(Range within, const Target& target) const;
  size_t UpperBoundKey(Range within, const Target& target) const;
  void PrefetchRange(Range range) const;

  const char* page_ = nullptr;
  const char* key_data_ = nullptr;
  const char* rid_data_ = nullptr;
  const char* anti_data_ = nullptr;
  const char* fingerprint_data_ = nullptr;
  uint64_t key_mask_ = 0;
  uint64_t rid_mask_ = 0;
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_BTREE_LEAF_PAGE_H_
