// Normalized keys: byte strings whose memcmp order is the SQL order of the values they were made
// from. Shape: per column one marker byte (kKeyNullFirst < kKeyNotNull < kKeyNullLast), then the
// value:
//   boolean            1 byte, 0 or 1
//   int16..int128, dates, times, decimals (same scale), uuid
//                      big-endian with the sign bit flipped, as wide as the physical type
//   real, double       IEEE bits, big-endian; sign bit set for positives, all bits inverted for
//   negatives;
//                      -0 is 0, every NaN is one NaN above +infinity (as in PostgreSQL)
//   interval           16 bytes: the normalised length in microseconds (1 month = 30 days) as
//   int128 strings, bytea     the bytes, 0x00 as 01 01 and 0x01 as 01 02, closed by 0x00; char(n)
//   loses its trailing
//                      blanks; collation "C"
// A NULL of a fixed-width column keeps the width (zero bytes), so keys of fixed-width columns all
// have one length; a NULL string has no bytes. Descending columns invert the bytes after the
// marker. Invariants: no key is a proper prefix of another key of the same columns; equal keys mean
// equal values. A key of the first k columns is a prefix of every key that starts with the same k
// values (KEY-1). Threads: KeyEncoder is immutable; KeyBatch has one owner. Errors: 54000 for a key
// over kKeyBytesMax bytes (C19); XX001 from Decode for bytes that are no key.
#ifndef DRIFTDB_TYPES_KEY_ENCODING_H_
#define DRIFTDB_TYPES_KEY_ENCODING_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "types/value.h"
#include "types/vector.h"

namespace driftdb {

inline constexpr size_t kKeyBytesMax = 2000;
inline constexpr uint8_t kKeyNullFirst = 0x00;
inline constexpr uint8_t kKeyNotNull = 0x01;
inline constexpr uint8_t kKeyNullLast = 0x02;

struct KeyColumn {
  LogicalType type;
  bool descending = false;
  bool nulls_first = false;
};

// Keys of many rows: key i = bytes [offsets[i], offsets[i + 1]).
class KeyBatch {
 public:
  size_t size() const { return offsets_.empty() ? 0 : offsets_.size() - 1; }
  std::string_view operator[](size_t i) const {
    return {bytes_.data() + offsets_[i], offsets_[i + 1] - offsets_[i]};
  }
  void Clear() {
    bytes_.clear();
    offsets_.clear();
  }

 private:
  friend class KeyEncoder;
  std::string bytes_;
  std::vector<uint32_t> offsets_;
  std::vector<uint32_t> cursor_;  // next byte to write of each row
};

class KeyEncoder {
 public:
  KeyEncoder() = default;
  explicit KeyEncoder(std::vector<KeyColumn> columns);

  const std::vector<KeyColumn>& columns() const { return columns_; }
  // Length of every key, or 0 when a column is a string.
  size_t fixed_bytes() const { return fixed_bytes_; }

  // Replaces *key by the key of the first `count` columns (count < columns: a prefix for range
  // scans).
  Status Encode(const Value* values, size_t count, std::string* key) const;
  // Keys of rows [0, rows), or of the rows in `selection`, of all columns. `columns[c]` has the
  // physical type of column c and may be of any kind.
  Status EncodeRows(Vector* const* columns, size_t rows, const Selection* selection,
                    KeyBatch* batch) const;
  // One or two NOT NULL integer columns without per-row dispatch: the key of int64 values in `to`
  // (fixed_bytes() bytes). REQUIRES: all columns of physical type int16, int32 or int64.
  void EncodeIntegers(const int64_t* values, char* to) const;

  // Reads a key of all columns back. Values compare equal to the encoded ones; see IsExact.
  Status Decode(std::string_view key, std::vector<Value>* values) const;
  // Decodes column `column` of `keys` into rows [0, keys.size()) of `to`, an own flat vector.
  Status DecodeColumn(const std::vector<std::string_view>& keys, size_t column, Vector* to) const;
  // True when Decode returns the very value: false for intervals (30 days = 1 month) and floats (-0
  // = 0).
  static bool IsExact(const LogicalType& type);

  // True when some column of the key is NULL: such keys never violate a unique constraint.
  Result<bool> HasNull(std::string_view key) const;

 private:
  std::vector<KeyColumn> columns_;
  size_t fixed_bytes_ = 0;
};

// The smallest byte string greater than every key that starts with `prefix`; empty: there is none.
// Turns a prefix into the exclusive upper bound of a range.
std::string KeyPrefixSuccessor(std::string_view prefix);

}  // namespace driftdb

#endif  // DRIFTDB_TYPES_KEY_ENCODING_H_
