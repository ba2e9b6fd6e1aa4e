#include "exec/row/row_layout.h"

#include <utility>

namespace driftdb::exec {

namespace {

template <typename T>
T RowLoad(const uint8_t* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

template <typename T>
void RowStoreValue(uint8_t* to, const T& value, Arena* heap) {
  if constexpr (std::is_same_v<T, StringRef>) {
    if (heap != nullptr && !value.is_inline()) {
      const StringRef copy(heap->Copy(value.view()));
      std::memcpy(to, &copy, sizeof(T));
      return;
    }
  }
  std::memcpy(to, &value, sizeof(T));
}

template <typename T>
int RowOrderValues(const T& a, const T& b) {
  if constexpr (std::is_same_v<T, StringRef>) {
    return a.Compare(b);
  } else if constexpr (std::is_same_v<T, Interval>) {
    const int128_t x = RowIntervalLength(a), y = RowIntervalLength(b);
    return x < y ? -1 : (x > y ? 1 : 0);
  } else if constexpr (std::is_floating_point_v<T>) {
    const bool a_nan = a != a, b_nan = b != b;
    if (a_nan || b_nan) return static_cast<int>(a_nan) - static_cast<int>(b_nan);
    return a < b ? -1 : (a > b ? 1 : 0);
  } else {
    return a < b ? -1 : (a > b ? 1 : 0);
  }
}

}  // namespace

int128_t RowIntervalLength(const Interval& interval) {
  const int128_t days = static_cast<int128_t>(interval.months) * 30 + interval.days;
  return days * kMicrosPerDay + interval.micros;
}

RowLayout::RowLayout(std::vector<LogicalType> types, Extras extras) : types_(std::move(types)) {
  offsets_.resize(types_.size());
  size_t at = extras.hash ? 8 : 0;
  for (size_t width : {size_t{16}, size_t{8}, size_t{4}, size_t{2}, size_t{1}}) {
    for (size_t i = 0; i < types_.size(); ++i) {
      if (types_[i].width() != width) continue;
      offsets_[i] = static_cast<uint32_t>(at);
      at += width;
      if (types_[i].physical() == PhysicalType::kString) has_strings_ = true;
    }
  }
  null_offset_ = at;
  at += (types_.size() + 7) / 8;
  flag_offset_ = at;
  if (extras.flag) ++at;
  null_bytes_ = at - null_offset_;
  if (extras.state_bytes > 0) {
    state_offset_ = (at + 15) & ~size_t{15};
    row_bytes_ = (state_offset_ + extras.state_bytes + 15) & ~size_t{15};
  } else {
    row_bytes_ = (at + 7) & ~size_t{7};
  }
  if (row_bytes_ == 0) row_bytes_ = 8;
}

void RowLayout::Scatter(size_t field, const VectorView& view, const uint16_t* positions,
                        size_t count, uint8_t* const* rows, Arena* heap) const {
  const size_t offset = offsets_[field];
  RowDispatch(types_[field].physical(), [&]<typename T>() {
    const T* values = reinterpret_cast<const T*>(view.data);
    if (view.all_valid()) {
      if (view.index == nullptr) {
        for (size_t i = 0; i < count; ++i)
          RowStoreValue(rows[i] + offset, values[positions[i]], heap);
      } else {
        for (size_t i = 0; i < count; ++i)
          RowStoreValue(rows[i] + offset, values[view.index[positions[i]]], heap);
      }
      return;
    }
    for (size_t i = 0; i < count; ++i) {
      const size_t at = positions[i];
      if (view.valid(at)) {
        RowStoreValue(rows[i] + offset, values[view.position(at)], heap);
      } else {
        std::memset(rows[i] + offset, 0, sizeof(T));
        SetNull(rows[i], field);
      }
    }
  });
}

void RowLayout::Gather(size_t field, const uint8_t* const* rows, size_t count, Vector* out) const {
  const size_t offset = offsets_[field];
  const size_t null_at = null_offset_ + (field >> 3);
  const auto null_bit = static_cast<uint8_t>(1U << (field & 7));
  out->set_type(types_[field]);
  out->AllocateFlat(count < kVectorRows ? kVectorRows : count);
  RowDispatch(types_[field].physical(), [&]<typename T>() {
    T* to = out->data<T>();
    uint64_t* validity = nullptr;
    for (size_t i = 0; i < count; ++i) {
      const uint8_t* row = rows[i];
      if (row == nullptr || (row[null_at] & null_bit) != 0) [[unlikely]] {
        if (validity == nullptr) validity = out->mutable_validity();
        ClearBit(validity, i);
        std::memset(static_cast<void*>(&to[i]), 0, sizeof(T));
      } else {
        to[i] = RowLoad<T>(row + offset);
      }
    }
  });
}

void RowLayout::GatherAt(size_t field, const uint8_t* const* rows, const uint16_t* positions,
                         size_t count, Vector* out) const {
  const size_t offset = offsets_[field];
  const size_t null_at = null_offset_ + (field >> 3);
  const auto null_bit = static_cast<uint8_t>(1U << (field & 7));
  RowDispatch(types_[field].physical(), [&]<typename T>() {
    T* to = out->data<T>();
    uint64_t* validity = nullptr;
    for (size_t i = 0; i < count; ++i) {
      const uint8_t* row = rows[i];
      if (row == nullptr || (row[null_at] & null_bit) != 0) [[unlikely]] {
        if (validity == nullptr) validity = out->mutable_validity();
        ClearBit(validity, positions[i]);
        std::memset(static_cast<void*>(&to[positions[i]]), 0, sizeof(T));
      } else {
        to[positions[i]] = RowLoad<T>(row + offset);
      }
    }
  });
}

// NOLINTNEXTLINE(readability-function-size): a hot loop with all it needs
size_t RowLayout::Match(size_t field, const VectorView& view, const uint16_t* positions,
                        const uint8_t* const* rows, bool null_equal, uint16_t* pairs, size_t count,
                        uint16_t* rejected, size_t* rejected_count) const {
  const size_t offset = offsets_[field];
  const size_t null_at = null_offset_ + (field >> 3);
  const auto null_bit = static_cast<uint8_t>(1U << (field & 7));
  size_t kept = 0;
  size_t lost = rejected == nullptr ? 0 : *rejected_count;
  RowDispatch(types_[field].physical(), [&]<typename T>() {
    const T* values = reinterpret_cast<const T*>(view.data);
    const bool all_valid = view.all_valid();
    for (size_t i = 0; i < count; ++i) {
      const uint16_t pair = pairs[i];
      const uint8_t* row = rows[pair];
      const size_t at = positions[pair];
      const bool row_null = (row[null_at] & null_bit) != 0;
      const bool value_null = !all_valid && !view.valid(at);
      bool equal;
      if (row_null || value_null) [[unlikely]] {
        equal = null_equal && row_null == value_null;
      } else {
        equal = RowValueEqual<T>(values[view.position(at)], RowLoad<T>(row + offset));
      }
      pairs[kept] = pair;
      kept += equal ? 1 : 0;
      if (rejected != nullptr) {
        rejected[lost] = pair;
        lost += equal ? 0 : 1;
      }
    }
  });
  if (rejected != nullptr) *rejected_count = lost;
  return kept;
}

bool RowLayout::EqualRows(const uint8_t* a, const uint8_t* b, size_t fields) const {
  for (size_t f = 0; f < fields; ++f) {
    const bool a_null = IsNull(a, f);
    if (a_null != IsNull(b, f)) return false;
    if (a_null) continue;
    const size_t offset = offsets_[f];
    const bool equal = RowDispatch(types_[f].physical(), [&]<typename T>() {
      return RowValueEqual<T>(RowLoad<T>(a + offset), RowLoad<T>(b + offset));
    });
    if (!equal) return false;
  }
  return true;
}

int RowLayout::CompareField(const uint8_t* a, const uint8_t* b, size_t field) const {
  const size_t offset = offsets_[field];
  return RowDispatch(types_[field].physical(), [&]<typename T>() {
    return RowOrderValues<T>(RowLoad<T>(a + offset), RowLoad<T>(b + offset));
  });
}

void RowLayout::CopyRow(const uint8_t* from, uint8_t* to, Arena* heap) const {
  std::memcpy(to, from, row_bytes_);
  if (!has_strings_) return;
  for (size_t f = 0; f < types_.size(); ++f) {
    if (types_[f].physical() != PhysicalType::kString || IsNull(from, f)) continue;
    RowStoreValue(to + offsets_[f], RowLoad<StringRef>(from + offsets_[f]), heap);
  }
}

}  // namespace driftdb::exec
