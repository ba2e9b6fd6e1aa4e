// GroupTable for keys from small domains: dictionary codes, booleans, integers close together.
#include <algorithm>

#include "base/check.h"
#include "base/status_macros.h"
#include "exec/aggregate/group_table.h"

namespace driftdb::exec {

namespace {

constexpr size_t kGroupCodeSpanMax = 1024;

template <typename T>
bool GroupWindow(const VectorView& view, const uint16_t* positions, size_t rows, int64_t* low,
                 int64_t* high) {
  const T* values = reinterpret_cast<const T*>(view.data);
  T least = values[view.position(positions[0])], most = least;
  for (size_t k = 0; k < rows; ++k) {
    const T value = values[view.position(positions[k])];
    least = std::min(least, value);
    most = std::max(most, value);
  }
  *low = std::min<int64_t>(*low, least);
  *high = std::max<int64_t>(*high, most);
  return static_cast<uint64_t>(*high) - static_cast<uint64_t>(*low) < kGroupCodeSpanMax;
}

template <typename T>
void GroupAddCodes(const VectorView& view, int64_t base, size_t factor, const uint16_t* positions,
                   size_t rows, uint16_t* codes) {
  const T* values = reinterpret_cast<const T*>(view.data);
  for (size_t k = 0; k < rows; ++k) {
    const int64_t value = values[view.position(positions[k])];
    codes[k] = static_cast<uint16_t>(codes[k] * factor + static_cast<size_t>(value - base));
  }
}

template <typename Body>
void GroupWithIntegerType(PhysicalType type, Body&& body) {
  switch (type) {
    case PhysicalType::kBool:
      return body.template operator()<uint8_t>();
    case PhysicalType::kInt16:
      return body.template operator()<int16_t>();
    case PhysicalType::kInt32:
      return body.template operator()<int32_t>();
    default:
      return body.template operator()<int64_t>();
  }
}

}  // namespace

// Sets up a code domain per key column; false when some column has none.
bool GroupTable::PrepareCodes(Vector* const* keys, size_t row_count, const uint16_t* positions,
                              size_t rows) {
  code_columns_.resize(key_count_);
  bool changed = false;
  size_t product = 1;
  for (size_t c = 0; c < key_count_; ++c) {
    CodeColumn& column = code_columns_[c];
    Vector* key = keys[c];
    const PhysicalType type = key->type().physical();
    if (type == PhysicalType::kString) {
      // NULL entries and row masks would need a code of their own: left to the other ways.
      if (key->kind() != VectorKind::kDictionary || key->dictionary_id() == 0 ||
          key->dictionary_size() > kGroupCodeSpanMax || key->validity() != nullptr ||
          key->dictionary()->validity() != nullptr) {
        return false;
      }
      if (column.dictionary_id != key->dictionary_id()) {
        column.dictionary_id = key->dictionary_id();
        column.dictionary = key->dictionary();
        column.span = key->dictionary_size();
        changed = true;
      }
    } else if (type == PhysicalType::kBool || type == PhysicalType::kInt16 ||
               type == PhysicalType::kInt32 || type == PhysicalType::kInt64) {
      const VectorView view = key->View(row_count);
      if (!view.all_valid()) return false;
      int64_t low = column.span == 0 ? INT64_MAX : column.base;
      int64_t high =
          column.span == 0 ? INT64_MIN : column.base + static_cast<int64_t>(column.span) - 1;
      bool fits = false;
      GroupWithIntegerType(
          type, [&]<typename T>() { fits = GroupWindow<T>(view, positions, rows, &low, &high); });
      if (!fits) return false;
      const auto span = static_cast<size_t>(high - low) + 1;
      if (span != column.span || low != column.base) {
        column.base = low;
        column.span = span;
        changed = true;
      }
    } else {
      return false;
    }
    product *= column.span;
    if (product > kFewCodesMax) return false;
  }
  if (changed) few_rows_.assign(product, nullptr);
  return true;
}

void GroupTable::AddCodes(Vector* key, const CodeColumn& column, size_t row_count,
                          const uint16_t* positions, size_t rows, uint16_t* codes) const {
  if (key->type().physical() == PhysicalType::kString) {
    const uint32_t* from = key->codes();
    for (size_t k = 0; k < rows; ++k) {
      codes[k] = static_cast<uint16_t>(codes[k] * column.span + from[positions[k]]);
    }
    return;
  }
  const VectorView view = key->View(row_count);
  GroupWithIntegerType(key->type().physical(), [&]<typename T>() {
    GroupAddCodes<T>(view, column.base, column.span, positions, rows, codes);
  });
}

Result<bool> GroupTable::FindFew(Vector* const* keys, size_t row_count, const uint16_t* positions,
                                 size_t rows, FewGroups* out) {
  if (few_off_ || key_count_ == 0 || rows < 256) return false;
  if (!PrepareCodes(keys, row_count, positions, rows)) {
    // Domains only grow; what does not fit now will hardly fit later. Strings may come coded again.
    few_off_ = integer_key_;
    code_columns_.clear();
    few_rows_.clear();
    return false;
  }
  std::fill_n(codes_, rows, uint16_t{0});
  for (size_t c = 0; c < key_count_; ++c) {
    AddCodes(keys[c], code_columns_[c], row_count, positions, rows, codes_);
  }
  // Which codes occur, in order of appearance; `number` maps a code to its bucket.
  uint8_t number[kFewCodesMax];
  std::fill_n(number, few_rows_.size(), uint8_t{255});
  uint32_t counts[FewGroups::kMax] = {};
  uint16_t first[FewGroups::kMax];
  size_t count = 0;
  for (size_t k = 0; k < rows; ++k) {
    uint8_t& bucket = number[codes_[k]];
    if (bucket == 255) [[unlikely]] {
      if (count == FewGroups::kMax) {
        few_off_ = true;
        return false;
      }
      first[count] = static_cast<uint16_t>(k);
      bucket = static_cast<uint8_t>(count++);
    }
    ++counts[bucket];
  }
  for (size_t b = 0; b < count; ++b) {
    uint8_t*& row = few_rows_[codes_[first[b]]];
    if (row == nullptr) {
      DRIFTDB_RETURN_IF_ERROR(FindOrCreate(keys, row_count, positions + first[b], 1, &row));
    }
    out->group[b] = row;
  }
  out->count = count;
  out->begin[0] = 0;
  for (size_t b = 0; b < count; ++b) out->begin[b + 1] = out->begin[b] + counts[b];
  uint32_t at[FewGroups::kMax];
  std::copy_n(out->begin, count, at);
  for (size_t k = 0; k < rows; ++k) out->rows[at[number[codes_[k]]]++] = positions[k];
  return true;
}

}  // namespace driftdb::exec
