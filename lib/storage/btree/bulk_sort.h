// Sorting of index entries by their first eight key bytes: LSD radix sort, then ties by the whole
// entry. Private to bulk_build.cc and its test.
#ifndef DRIFTDB_STORAGE_BTREE_BULK_SORT_H_
#define DRIFTDB_STORAGE_BTREE_BULK_SORT_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace driftdb::storage {

// A key of at most nine bytes that starts with kKeyNotNull lies wholly in its hint; `length_rid` is
// the key length above the 48-bit row id, so (hint, length_rid) is the entry order.
struct BulkShortEntry {
  uint64_t hint;
  uint64_t length_rid;
};
// Any key: bytes at `offset` of the builder's key heap.
struct BulkLongEntry {
  uint64_t hint;
  uint64_t length_rid;
  uint64_t offset;
};

// Sorts by hint; entries of equal hint keep no order. `scratch` has room for `count` entries.
// Returns where the sorted ones are: `entries` or `scratch`; the other holds nothing of use.
template <typename Entry>
Entry* SortByHint(Entry* entries, size_t count, Entry* scratch) {
  constexpr int kDigitBits = 11;
  constexpr size_t kDigits = size_t{1} << kDigitBits;
  if (count < 256) {
    std::sort(entries, entries + count,
              [](const Entry& a, const Entry& b) { return a.hint < b.hint; });
    return entries;
  }
  bool sorted = true;
  uint64_t varying = 0;
  const uint64_t first = entries[0].hint;
  for (size_t i = 1; i < count; ++i) {
    sorted = sorted && entries[i - 1].hint <= entries[i].hint;
    varying |= entries[i].hint ^ first;
  }
  if (sorted) return entries;
  std::vector<uint32_t> starts(kDigits);
  for (int shift = 0; shift < 64; shift += kDigitBits) {
    if (((varying >> shift) & (kDigits - 1)) == 0) continue;
    std::fill(starts.begin(), starts.end(), 0);
    for (size_t i = 0; i < count; ++i) ++starts[(entries[i].hint >> shift) & (kDigits - 1)];
    uint32_t sum = 0;
    for (uint32_t& start : starts) {
      const uint32_t here = start;
      start = sum;
      sum += here;
    }
    for (size_t i = 0; i < count; ++i) {
      scratch[starts[(entries[i].hint >> shift) & (kDigits - 1)]++] = entries[i];
    }
    std::swap(entries, scratch);
  }
  return entries;
}

// Calls less for stretches of equal hints only.
template <typename Entry, typename Less>
Entry* SortEntries(Entry* entries, size_t count, Entry* scratch, Less less) {
  Entry* const sorted = SortByHint(entries, count, scratch);
  for (size_t i = 0; i < count;) {
    size_t end = i + 1;
    while (end < count && sorted[end].hint == sorted[i].hint) ++end;
    if (end - i > 1) std::sort(sorted + i, sorted + end, less);
    i = end;
  }
  return sorted;
}

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_BTREE_BULK_SORT_H_
