// Dictionaries of strings and fixed-width values.
#include <cstring>
#include <numeric>

#include "base/hash.h"
#include "storage/column/kernels.h"
#include "storage/column/segment_builder.h"

namespace driftdb::storage {

namespace {

constexpr uint32_t kDictionaryNone = ~uint32_t{0};
constexpr size_t kDictionaryEntriesMax = 65536;
constexpr uint64_t kDictionaryHeapBytesMax = 512 * 1024;
constexpr uint32_t kDictionarySlotsFirst = 1024;

uint64_t DictionaryHash(const StringRef& value) {
  if (value.is_inline()) return HashCombine64(value.first_word(), value.second_word());
  return HashBytes64(value.view());
}

// Open addressing over entry numbers; grows as entries come.
template <typename T, typename Hash>
class DictionaryTable {
 public:
  DictionaryTable(const T* values, Hash hash) : values_(values), hash_(hash) {
    Resize(kDictionarySlotsFirst);
  }
  // The entry of row `row`, added when missing.
  uint32_t Find(uint32_t row) {
    const T& value = values_[row];
    const uint64_t hash = hash_(value);
    size_t at = hash & mask_;
    while (slots_[at] != kDictionaryNone) {
      if (values_[first_rows_[slots_[at]]] == value) return slots_[at];
      at = (at + 1) & mask_;
    }
    const auto entry = static_cast<uint32_t>(first_rows_.size());
    first_rows_.push_back(row);
    slots_[at] = entry;
    if (first_rows_.size() * 2 > slots_.size()) Resize(slots_.size() * 2);
    return entry;
  }
  size_t size() const { return first_rows_.size(); }
  std::vector<uint32_t>& first_rows() { return first_rows_; }

 private:
  void Resize(size_t slots) {
    slots_.assign(slots, kDictionaryNone);
    mask_ = slots - 1;
    for (uint32_t e = 0; e < first_rows_.size(); ++e) {
      size_t at = hash_(values_[first_rows_[e]]) & mask_;
      while (slots_[at] != kDictionaryNone) at = (at + 1) & mask_;
      slots_[at] = e;
    }
  }
  const T* values_;
  Hash hash_;
  size_t mask_ = 0;
  std::vector<uint32_t> slots_;
  std::vector<uint32_t> first_rows_;
};

template <typename T, typename Hash, typename Less>
bool DictionaryBuild(const ColumnRows& rows, const std::vector<T>& values, Hash hash, Less less,
                     ColumnDictionary* to) {
  DictionaryTable<T, Hash> table(values.data(), hash);
  to->codes.resize(rows.count);
  uint64_t heap = 0;
  for (uint32_t v = 0; v < rows.vector_count(); ++v) {
    const uint32_t from = v * kVectorRows;
    for (uint32_t i = from; i < from + rows.RowsOf(v); ++i) {
      const size_t before = table.size();
      to->codes[i] = rows.valid(i) ? table.Find(i) : kDictionaryNone;
      if constexpr (std::is_same_v<T, StringRef>) {
        if (table.size() != before) {
          if (values[i].size() > kInlineValueBytesMax) return false;
          heap += values[i].size();
        }
      }
    }
    // Give up as soon as most values are new ones.
    const size_t seen = from + rows.RowsOf(v);
    if (table.size() > kDictionaryEntriesMax || table.size() > 256 + seen / 2 ||
        heap > kDictionaryHeapBytesMax) {
      return false;
    }
  }
  std::vector<uint32_t>& first_rows = table.first_rows();
  std::vector<uint32_t> order(first_rows.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return less(values[first_rows[a]], values[first_rows[b]]);
  });
  std::vector<uint32_t> rank(order.size());
  to->first_rows.resize(order.size());
  for (uint32_t i = 0; i < order.size(); ++i) {
    rank[order[i]] = i;
    to->first_rows[i] = first_rows[order[i]];
  }
  for (uint32_t& code : to->codes) code = code == kDictionaryNone ? 0 : rank[code];
  to->heap_bytes = heap;
  return !order.empty();
}

}  // namespace

unsigned ColumnDictionary::code_bits() const { return BitsFor(first_rows.size() - 1); }

bool ColumnDictionary::Build(const ColumnRows& rows) {
  const auto hash_bits = [](const auto& value) { return HashInt64(static_cast<uint64_t>(value)); };
  if (rows.physical == PhysicalType::kString) {
    return DictionaryBuild(rows, rows.strings, DictionaryHash, std::less<>(), this);
  }
  if (!rows.integers.empty()) {
    return DictionaryBuild(rows, rows.integers, hash_bits, std::less<>(), this);
  }
  if (!rows.floats.empty()) {
    // By value, so that ranges are code ranges; equal values of other bits (-0, NaNs) stay apart.
    const bool single = rows.physical == PhysicalType::kFloat;
    const auto less = [single](uint64_t a, uint64_t b) {
      double x, y;
      if (single) {
        x = std::bit_cast<float>(static_cast<uint32_t>(a));
        y = std::bit_cast<float>(static_cast<uint32_t>(b));
      } else {
        x = std::bit_cast<double>(a);
        y = std::bit_cast<double>(b);
      }
      const int64_t p = OrderedDouble(x);
      const int64_t q = OrderedDouble(y);
      return p != q ? p < q : a < b;
    };
    return DictionaryBuild(rows, rows.floats, hash_bits, less, this);
  }
  return false;
}

void EncodeDictionary(const ColumnRows& rows, const ColumnDictionary& dictionary, SegmentSpan span,
                      PayloadBuilder* to) {
  SegmentHeader& header = to->header();
  const unsigned bits = dictionary.code_bits();
  header.code_bits = static_cast<uint8_t>(bits);
  header.entry_count = static_cast<uint32_t>(dictionary.first_rows.size());
  header.entries_offset = to->BeginSection();
  if (rows.physical == PhysicalType::kString) {
    uint32_t end = 0;
    for (const uint32_t row : dictionary.first_rows) {
      end += rows.strings[row].size();
      to->bytes().append(reinterpret_cast<const char*>(&end), 4);
    }
    header.entries_bytes = header.entry_count * 4;
    header.heap_offset = to->BeginSection();
    header.heap_bytes = end;
    for (const uint32_t row : dictionary.first_rows) to->bytes().append(rows.strings[row].view());
  } else {
    for (const uint32_t row : dictionary.first_rows)
      rows.StoreFixedWidth(row, row + 1, &to->bytes());
    header.entries_bytes = header.entry_count * static_cast<uint32_t>(PhysicalWidth(rows.physical));
  }
  header.data_offset = to->BeginSection();
  const size_t start = to->bytes().size();
  const uint32_t first = span.first_vector * kVectorRows;
  const uint32_t last = std::min<uint32_t>(span.last_vector * kVectorRows, rows.count);
  for (uint32_t from = first; from < last; from += kBlockValues) {
    uint32_t codes[kBlockValues] = {};
    std::memcpy(codes, dictionary.codes.data() + from,
                std::min<size_t>(kBlockValues, last - from) * 4);
    uint32_t packed[kBlockValues];
    PackBlock32(codes, bits, packed);
    to->bytes().append(reinterpret_cast<const char*>(packed), PackedBlockBytes(bits));
  }
  header.data_bytes = static_cast<uint32_t>(to->bytes().size() - start);
}

}  // namespace driftdb::storage
