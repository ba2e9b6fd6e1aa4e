#include "exec/sort/row_sorter.h"

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "base/status_macros.h"
#include "exec/parallel_for.h"
#include "exec/sort/sort_key.h"
#include "platform/mutex.h"

namespace driftdb::exec {

namespace {

constexpr unsigned kSortDigitBits = 8;
constexpr size_t kSortRadixRows = 512;

// Whether SortPrefix tells all values of the type apart.
bool SortPrefixIsExact(PhysicalType type) {
  return type != PhysicalType::kString && type != PhysicalType::kInt128 &&
         type != PhysicalType::kInterval;
}

// Least significant digit first; true when the result is in `scratch`.
bool SortRadix(SortEntry* entries, SortEntry* scratch, size_t count, unsigned bits) {
  bool swapped = false;
  for (unsigned shift = 0; shift < bits; shift += kSortDigitBits) {
    uint32_t counts[1 << kSortDigitBits] = {};
    for (size_t i = 0; i < count; ++i) ++counts[(entries[i].word >> shift) & 255];
    if (std::find(std::begin(counts), std::end(counts), count) != std::end(counts)) continue;
    uint32_t at = 0;
    for (uint32_t& value : counts) {
      const uint32_t next = at + value;
      value = at;
      at = next;
    }
    for (size_t i = 0; i < count; ++i) {
      scratch[counts[(entries[i].word >> shift) & 255]++] = entries[i];
    }
    std::swap(entries, scratch);
    swapped = !swapped;
  }
  return swapped;
}

}  // namespace

void RowSorter::KeyRange::Merge(const KeyRange& other) {
  has_null |= other.has_null;
  any |= other.any;
  min = std::min(min, other.min);
  max = std::max(max, other.max);
}

void RowSorter::FindRanges(const RowStore::Page& page, std::vector<KeyRange>* ranges) const {
  const size_t row_bytes = layout_->row_bytes();
  for (size_t k = 0; k < order_->keys().size(); ++k) {
    const size_t field = order_->keys()[k].field;
    KeyRange range;
    RowDispatch(layout_->type(field).physical(), [&]<typename T>() {
      const uint8_t* row = page.bytes.get();
      for (uint32_t r = 0; r < page.rows; ++r, row += row_bytes) {
        if (layout_->IsNull(row, field)) {
          range.has_null = true;
          continue;
        }
        const uint64_t value = SortPrefix(layout_->Load<T>(row, field));
        range.any = true;
        range.min = std::min(range.min, value);
        range.max = std::max(range.max, value);
      }
    });
    (*ranges)[k].Merge(range);
  }
}

void RowSorter::PlanWord(const std::vector<KeyRange>& ranges) {
  parts_.clear();
  unsigned used = 0;
  exact_keys_ = 0;
  for (size_t k = 0; k < ranges.size() && used < 64; ++k) {
    KeyPart part;
    part.key = k;
    part.has_null = ranges[k].has_null;
    const unsigned null_bits = part.has_null ? 1 : 0;
    const uint64_t span = ranges[k].any ? ranges[k].max - ranges[k].min : 0;
    part.min = ranges[k].any ? ranges[k].min : 0;
    const unsigned wanted = static_cast<unsigned>(std::bit_width(span));
    const unsigned room = 64 - used - null_bits;
    part.bits = std::min(wanted, room);
    part.drop = wanted - part.bits;
    used += part.bits + null_bits;
    parts_.push_back(part);
    const PhysicalType type = layout_->type(order_->keys()[k].field).physical();
    if (part.drop > 0 || !SortPrefixIsExact(type)) break;
    exact_keys_ = k + 1;
  }
  word_bits_ = used;
  unsigned below = used;
  for (KeyPart& part : parts_) {
    below -= part.bits + (part.has_null ? 1 : 0);
    part.shift = below;
  }
}

void RowSorter::MakeEntries(const RowStore::Page& page, SortEntry* to) const {
  const size_t row_bytes = layout_->row_bytes();
  for (uint32_t r = 0; r < page.rows; ++r) {
    to[r] = {0, page.bytes.get() + row_bytes * r};
  }
  for (const KeyPart& part : parts_) {
    const RowOrderKey& key = order_->keys()[part.key];
    const uint64_t mask = part.bits == 64 ? UINT64_MAX : (uint64_t{1} << part.bits) - 1;
    const uint64_t null_bit = part.has_null ? uint64_t{1} << part.bits : 0;
    RowDispatch(layout_->type(key.field).physical(), [&]<typename T>() {
      for (uint32_t r = 0; r < page.rows; ++r) {
        uint64_t value;
        if (part.has_null && layout_->IsNull(to[r].row, key.field)) {
          value = key.nulls_first ? 0 : null_bit;
        } else {
          value = (SortPrefix(layout_->Load<T>(to[r].row, key.field)) - part.min) >> part.drop;
          if (key.descending) value = ~value & mask;
          if (key.nulls_first) value |= null_bit;
        }
        to[r].word |= part.shift < 64 ? value << part.shift : 0;
      }
    });
  }
}

void RowSorter::SortBucket(SortEntry* entries, SortEntry* scratch, size_t count,
                           unsigned bits) const {
  const bool exact = exact_keys_ == order_->keys().size();
  if (count < kSortRadixRows) {
    std::sort(entries, entries + count, [&](const SortEntry& a, const SortEntry& b) {
      if (a.word != b.word) return a.word < b.word;
      return !exact && order_->Compare(a.row, b.row, exact_keys_) < 0;
    });
    return;
  }
  if (SortRadix(entries, scratch, count, bits)) std::copy_n(scratch, count, entries);
  if (exact) return;
  for (size_t from = 0; from < count;) {
    size_t to = from + 1;
    while (to < count && entries[to].word == entries[from].word) ++to;
    if (to - from > 1) {
      std::sort(entries + from, entries + to, [&](const SortEntry& a, const SortEntry& b) {
        return order_->Compare(a.row, b.row, exact_keys_) < 0;
      });
    }
    from = to;
  }
}

Status RowSorter::SortEntries(QueryContext* context, std::vector<SortEntry>* entries) {
  std::vector<SortEntry> scratch(entries->size());
  const size_t count = entries->size();
  if (count < 32768 || word_bits_ < kSortDigitBits) {
    SortBucket(entries->data(), scratch.data(), count, word_bits_);
    return OkStatus();
  }
  // Most significant bits first: buckets are independent and fit the cache better.
  const unsigned top_bits = std::min(word_bits_, 10U);
  const unsigned shift = word_bits_ - top_bits;
  std::vector<size_t> begin((size_t{1} << top_bits) + 1, 0);
  for (const SortEntry& entry : *entries) ++begin[(entry.word >> shift) + 1];
  for (size_t b = 1; b < begin.size(); ++b) begin[b] += begin[b - 1];
  std::vector<size_t> at(begin.begin(), begin.end() - 1);
  for (const SortEntry& entry : *entries) scratch[at[entry.word >> shift]++] = entry;
  entries->swap(scratch);
  return ParallelFor(context, begin.size() - 1, [&](size_t, size_t b) -> Status {
    SortBucket(entries->data() + begin[b], scratch.data() + begin[b], begin[b + 1] - begin[b],
               shift);
    return OkStatus();
  });
}

Status RowSorter::Sort(QueryContext* context, const std::vector<RowStore*>& stores,
                       std::vector<uint8_t*>* sorted) {
  std::vector<const RowStore::Page*> pages;
  std::vector<size_t> offsets{0};
  for (const RowStore* store : stores) {
    for (const RowStore::Page& page : store->pages()) {
      pages.push_back(&page);
      offsets.push_back(offsets.back() + page.rows);
    }
  }
  const size_t count = offsets.back();
  MemoryReservation memory(context->memory, "sort");
  DRIFTDB_RETURN_IF_ERROR(memory.Resize(count * (2 * sizeof(SortEntry) + sizeof(uint8_t*))));
  std::vector<KeyRange> ranges(order_->keys().size());
  platform::Mutex mutex;
  DRIFTDB_RETURN_IF_ERROR(ParallelFor(context, pages.size(), [&](size_t, size_t p) -> Status {
    std::vector<KeyRange> found(ranges.size());
    FindRanges(*pages[p], &found);
    platform::MutexLock lock(&mutex);
    for (size_t k = 0; k < found.size(); ++k) ranges[k].Merge(found[k]);
    return OkStatus();
  }));
  PlanWord(ranges);
  std::vector<SortEntry> entries(count);
  DRIFTDB_RETURN_IF_ERROR(ParallelFor(context, pages.size(), [&](size_t, size_t p) -> Status {
    MakeEntries(*pages[p], entries.data() + offsets[p]);
    return OkStatus();
  }));
  DRIFTDB_RETURN_IF_ERROR(SortEntries(context, &entries));
  sorted->resize(count);
  for (size_t i = 0; i < count; ++i) (*sorted)[i] = entries[i].row;
  return OkStatus();
}

}  // namespace driftdb::exec
