// Sorting of index entries by their first eight key bytes: LSD radix sort, then ties by the whole
// entry. Private to bulk_build.cc and its test.
#ifndef DRIFTDB_STORAGE_BTREE_BULK_SORT_H_
#define DRIFTDB_STORAGE_BTREE_BULK_SORT_H_

#include <algorithm>
#include <cstdint>
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

// Sorts by hint; entries of equal hint keep no order. `scratch` gets the size of `entries`.
template <typename Entry>
void SortByHint(std::vector<Entry>* entries, std::vector<Entry>* scratch) {
  constexpr int kDigitBits = 11;
  constexpr size_t kDigits = size_t{1} << kDigitBits;
  const size_t count = entries->size();
  if (count < 256) {
    std::sort(entries->begin(), entries->end(),
              [](const Entry& a, const Entry& b) { return a.hint < b.hint; });
    return;
  }
  bool sorted = true;
  uint64_t varying = 0;
  const uint64_t first = (*entries)[0].hint;
  for (size_t i = 1; i < count; ++i) {
    sorted = sorted && (*entries)[i - 1].hint <= (*entries)[i].hint;
    varying |= (*entries)[i].hint ^ first;
  }
  if (sorted) return;
  scratch->resize(count);
  std::vector<uint32_t> starts(kDigits);
  for (int shift = 0; shift < 64; shift += kDigitBits) {
    if (((varying >> shift) & (kDigits - 1)) == 0) continue;
    std::fill(starts.begin(), starts.end(), 0);
    for (const Entry& entry : *entries) ++starts[(entry.hint >> shift) & (kDigits - 1)];
    uint32_t sum = 0;
    for (uint32_t& start : starts) {
      const uint32_t here = start;
      start = sum;
      sum += here;
    }
    Entry* to = scratch->data();
    for (const Entry& entry : *entries) to[starts[(entry.hint >> shift) & (kDigits - 1)]++] = entry;
    entries->swap(*scratch);
  }
}

// Calls less for stretches of equal hints only.
template <typename Entry, typename Less>
void SortEntries(std::vector<Entry>* entries, std::vector<Entry>* scratch, Less less) {
  SortByHint(entries, scratch);
  for (size_t i = 0; i < entries->size();) {
    size_t end = i + 1;
    while (end < entries->size() && (*entries)[end].hint == (*entries)[i].hint) ++end;
    if (end - i > 1) {
      std::sort(entries->begin() + static_cast<ptrdiff_t>(i),
                entries->begin() + static_cast<ptrdiff_t>(end), less);
    }
    i = end;
  }
}

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_BTREE_BULK_SORT_H_
