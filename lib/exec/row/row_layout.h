// RowLayout: fixed-size rows that pipeline breakers keep: hash tables and sorts.
// Shape: [hash u64][fields, widest first][null bit per field][flag byte][aggregate states]; rows
// are aligned to 8, with states to 16. Strings are 16-byte references into heaps of the owner.
// A null field's bytes are zero, so equal rows of fixed-width fields have equal bytes, floats and
// intervals apart. Equality is SQL's IS NOT DISTINCT FROM on values: -0 = 0, NaN = NaN, intervals
// by normalised length.
// Threads: immutable after construction.
#ifndef DRIFTDB_EXEC_ROW_ROW_LAYOUT_H_
#define DRIFTDB_EXEC_ROW_ROW_LAYOUT_H_

#include <cstdint>
#include <cstring>
#include <vector>

#include "base/arena.h"
#include "base/int128.h"
#include "types/logical_type.h"
#include "types/vector.h"

namespace driftdb::exec {

class RowLayout {
 public:
  struct Extras {
    bool hash = true;        // room for the hash at offset 0
    bool flag = false;       // one byte, zero at first: "matched"
    size_t state_bytes = 0;  // aggregate states behind the fields
  };
  RowLayout() = default;
  RowLayout(std::vector<LogicalType> types, Extras extras);

  size_t row_bytes() const { return row_bytes_; }
  size_t field_count() const { return types_.size(); }
  const LogicalType& type(size_t field) const { return types_[field]; }
  const std::vector<LogicalType>& types() const { return types_; }
  size_t offset(size_t field) const { return offsets_[field]; }
  size_t flag_offset() const { return flag_offset_; }
  size_t state_offset() const { return state_offset_; }
  bool has_strings() const { return has_strings_; }

  static uint64_t Hash(const uint8_t* row) {
    uint64_t hash;
    std::memcpy(&hash, row, 8);
    return hash;
  }
  static void SetHash(uint8_t* row, uint64_t hash) { std::memcpy(row, &hash, 8); }
  bool IsNull(const uint8_t* row, size_t field) const {
    return ((row[null_offset_ + (field >> 3)] >> (field & 7)) & 1) != 0;
  }
  void SetNull(uint8_t* row, size_t field) const {
    row[null_offset_ + (field >> 3)] |= static_cast<uint8_t>(1U << (field & 7));
  }
  // Clears null bits and flag of a row in fresh memory.
  void InitRow(uint8_t* row) const { std::memset(row + null_offset_, 0, null_bytes_); }
  template <typename T>
  T Load(const uint8_t* row, size_t field) const {
    T value;
    std::memcpy(&value, row + offsets_[field], sizeof(T));
    return value;
  }

  // Writes position positions[i] of `view` into rows[i], i < count. Rows were InitRow'ed. Long
  // strings are copied to `heap`; null heap: references are stored as they are.
  void Scatter(size_t field, const VectorView& view, const uint16_t* positions, size_t count,
               uint8_t* const* rows, Arena* heap) const;
  // Makes *out a flat vector of the field's values of `rows`; a null row pointer gives NULL.
  // Strings still lie in the rows' heaps: the caller attaches what keeps those alive.
  void Gather(size_t field, const uint8_t* const* rows, size_t count, Vector* out) const;
  // The same into positions[i] of *out, which is flat with room for them and all valid.
  void GatherAt(size_t field, const uint8_t* const* rows, const uint16_t* positions, size_t count,
                Vector* out) const;
  // Keeps of pairs[0..count) (in place) those i for which position positions[i] of `view` equals
  // the field of rows[i]; NULLs are equal if `null_equal`, else equal nothing. Rejected ones are
  // appended to `rejected` when it is not null. Returns how many were kept.
  size_t Match(size_t field, const VectorView& view, const uint16_t* positions,
               const uint8_t* const* rows, bool null_equal, uint16_t* pairs, size_t count,
               uint16_t* rejected, size_t* rejected_count) const;
  // Equality of the first `fields` fields of two rows (NULLs equal).
  bool EqualRows(const uint8_t* a, const uint8_t* b, size_t fields) const;
  // Three-way order of one field, NULLs not considered: both must be valid.
  int CompareField(const uint8_t* a, const uint8_t* b, size_t field) const;
  // Copies a row's bytes and its long strings into `heap`.
  void CopyRow(const uint8_t* from, uint8_t* to, Arena* heap) const;

 private:
  std::vector<LogicalType> types_;
  std::vector<uint32_t> offsets_;
  size_t null_offset_ = 0;
  size_t null_bytes_ = 0;  // with the flag
  size_t flag_offset_ = 0;
  size_t state_offset_ = 0;
  size_t row_bytes_ = 0;
  bool has_strings_ = false;
};

// Equality and order of single values as rows and hashes see them.
int128_t RowIntervalLength(const Interval& interval);

// Calls body.operator()<T>() for the C++ type of a physical type.
template <typename Body>
decltype(auto) RowDispatch(PhysicalType type, Body&& body) {
  switch (type) {
    case PhysicalType::kBool:
      return body.template operator()<uint8_t>();
    case PhysicalType::kInt16:
      return body.template operator()<int16_t>();
    case PhysicalType::kInt32:
      return body.template operator()<int32_t>();
    case PhysicalType::kInt64:
      return body.template operator()<int64_t>();
    case PhysicalType::kInt128:
      return body.template operator()<int128_t>();
    case PhysicalType::kFloat:
      return body.template operator()<float>();
    case PhysicalType::kDouble:
      return body.template operator()<double>();
    case PhysicalType::kInterval:
      return body.template operator()<Interval>();
    case PhysicalType::kString:
      break;
  }
  return body.template operator()<StringRef>();
}

template <typename T>
inline bool RowValueEqual(const T& a, const T& b) {
  return a == b;
}
template <>
inline bool RowValueEqual(const float& a, const float& b) {
  return a == b || (a != a && b != b);
}
template <>
inline bool RowValueEqual(const double& a, const double& b) {
  return a == b || (a != a && b != b);
}
template <>
inline bool RowValueEqual(const Interval& a, const Interval& b) {
  return a == b || RowIntervalLength(a) == RowIntervalLength(b);
}

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_ROW_ROW_LAYOUT_H_
