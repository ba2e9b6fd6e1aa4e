// Entries of an index: (key, row id) with a state, ordered by key bytes, then by row id.
// Shape: keys are normalized keys (types/key_encoding.h) of at most kKeyBytesMax bytes, row ids 48
// bit. Page: docs/internals/btree.md.
#ifndef DRIFTDB_STORAGE_BTREE_ENTRY_H_
#define DRIFTDB_STORAGE_BTREE_ENTRY_H_

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/hash.h"
#include "types/ids.h"
#include "types/key_encoding.h"

namespace driftdb::storage {

// What a component says about one (key, row id). kNone: nothing, ask the next older component.
// kAnti: the row no longer has the key for new snapshots; older snapshots may still need it, so
// readers get the row id, marked (BT-2).
enum class EntryState : uint8_t { kNone = 0, kEntry = 1, kAnti = 2 };

struct IndexEntry {
  std::string_view key;
  RowId rid;
  bool anti = false;
};

inline int CompareKeys(std::string_view a, std::string_view b) {
  const size_t common = std::min(a.size(), b.size());
  const int order = common == 0 ? 0 : std::memcmp(a.data(), b.data(), common);
  if (order != 0) return order;
  return a.size() < b.size() ? -1 : (a.size() > b.size() ? 1 : 0);
}

inline int CompareEntries(std::string_view a_key, RowId a_rid, std::string_view b_key,
                          RowId b_rid) {
  const int order = CompareKeys(a_key, b_key);
  if (order != 0) return order;
  return a_rid < b_rid ? -1 : (b_rid < a_rid ? 1 : 0);
}

// Up to eight bytes as a big-endian integer, zero padded: order-preserving, not injective.
inline uint64_t KeyWord(const char* bytes, size_t size) {
  uint64_t word = 0;
  if (size >= 8) {
    std::memcpy(&word, bytes, 8);
    return __builtin_bswap64(word);
  }
  if (size > 0) std::memcpy(&word, bytes, size);
  return __builtin_bswap64(word);
}
inline uint64_t KeyWord(std::string_view bytes) { return KeyWord(bytes.data(), bytes.size()); }

// Order-preserving summary of a whole key: a <= b implies KeyHint(a) <= KeyHint(b). The leading
// marker byte is folded away, so the hint of one NOT NULL integer is the integer.
inline uint64_t KeyHint(std::string_view key) {
  if (key.empty() || static_cast<uint8_t>(key[0]) < kKeyNotNull) return 0;
  if (static_cast<uint8_t>(key[0]) > kKeyNotNull) return ~uint64_t{0};
  return KeyWord(key.data() + 1, key.size() - 1);
}

// 0 when `key` starts with `prefix`, else the order of the key against all keys that do. Prefixes
// of pages and runs are often one byte, too short for a call.
inline int OrderAgainstPrefix(std::string_view key, std::string_view prefix) {
  const size_t common = std::min(prefix.size(), key.size());
  if (common > 2) {
    const int order = std::memcmp(key.data(), prefix.data(), common);
    if (order != 0) return order;
  } else {
    for (size_t i = 0; i < common; ++i) {
      const int order = static_cast<uint8_t>(key[i]) - static_cast<uint8_t>(prefix[i]);
      if (order != 0) return order;
    }
  }
  return key.size() < prefix.size() ? -1 : 0;
}

inline size_t CommonPrefix(std::string_view a, std::string_view b) {
  const size_t limit = std::min(a.size(), b.size());
  size_t i = 0;
  while (i < limit && a[i] == b[i]) ++i;
  return i;
}

// Hash of a key for filters and latches. Filters of runs are stored, so this is part of the file
// format.
inline uint64_t KeyHash(std::string_view key) { return HashBytes128(key.data(), key.size()).low; }

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_BTREE_ENTRY_H_
