// ZoneMap: what is known about a run of values of one column without reading them: bounds, NULLs,
// sum. Shape: bounds are in the column's order key: integers, decimals, dates, uuids as int128;
// doubles and reals as OrderedDouble; strings as the first 8 bytes, big-endian, zero padded (a
// truncated bound: min_key <= key of every value <= max_key); booleans 0 and 1; intervals without
// bounds. Invariants: ZONE-1 every non-NULL, non-NaN value's key is within [min, max] when
// has_bounds. ZONE-2 flags and counts may only widen (C21): a zone map is true for a superset of
// its rows.
#ifndef DRIFTDB_STORAGE_COLUMN_ZONE_MAP_H_
#define DRIFTDB_STORAGE_COLUMN_ZONE_MAP_H_

#include <bit>
#include <cstdint>
#include <string_view>

#include "base/coding.h"
#include "base/int128.h"
#include "types/value.h"
#include "types/vector.h"

namespace driftdb::storage {

struct ZoneMap {
  int128_t min = 0;
  int128_t max = 0;
  int128_t sum = 0;  // of the non-NULL values of integer types, when sum_valid
  uint32_t row_count = 0;
  uint32_t null_count = 0;
  bool has_bounds =
      false;  // false: no bounded value yet (all NULL, all NaN), or a type without order key
  bool has_nan = false;
  bool sum_valid = true;     // false: not an integer type, overflow, or rows changed since (C21)
  bool bounds_exact = true;  // false: widened, or truncated strings: min and max need not occur

  bool widened = false;  // row_count and null_count include values that rows had or got (C21)

  // Takes in a whole other zone map of the same column.
  void Merge(const ZoneMap& other);
  // Widens for one more value of some row (an overlay's): it counts as one more row, sum becomes
  // invalid (C21).
  void Widen(const Value& value);
  bool all_null() const { return null_count == row_count; }

  void EncodeTo(Encoder* encoder) const;
  static ZoneMap DecodeFrom(Decoder* decoder);
  friend bool operator==(const ZoneMap&, const ZoneMap&) = default;
};

// Order-preserving integer of a double: -0 equals +0, every NaN is above +infinity (PostgreSQL's
// order).
inline int64_t OrderedDouble(double value) {
  if (value != value) return INT64_MAX;
  const auto bits = std::bit_cast<int64_t>(value + 0.0);
  return bits ^ ((bits >> 63) & INT64_MAX);
}
// First 8 bytes of a string as an order-preserving number (equal prefixes: undecided).
inline uint64_t StringOrderKey(std::string_view bytes) {
  uint64_t key = 0;
  std::memcpy(&key, bytes.data(), bytes.size() < 8 ? bytes.size() : 8);
  return __builtin_bswap64(key);
}
// Normalised length of an interval in microseconds: 1 month = 30 days, 1 day = 24 hours.
inline int128_t IntervalOrderKey(const Interval& v) {
  return (static_cast<int128_t>(v.months) * 30 + v.days) * kMicrosPerDay + v.micros;
}
// Zone map of `count` values of `vector`.
ZoneMap ComputeZoneMap(const Vector& vector, size_t count);
// The order key of a non-NULL constant.
int128_t OrderKey(const Value& value);

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_COLUMN_ZONE_MAP_H_
