// SortPrefix: the first 64 bits of a key in unsigned order, for quick comparison.
// SortInput: key expressions and columns of a sort as fields of its rows.
#ifndef DRIFTDB_EXEC_SORT_SORT_KEY_H_
#define DRIFTDB_EXEC_SORT_SORT_KEY_H_

#include <bit>
#include <memory>
#include <vector>

#include "exec/row/row_layout.h"
#include "exec/row/row_order.h"
#include "exec/sort/sort.h"

namespace driftdb::exec {

inline uint64_t SortPrefix(uint8_t v) { return v; }
inline uint64_t SortPrefix(int64_t v) { return static_cast<uint64_t>(v) ^ (uint64_t{1} << 63); }
inline uint64_t SortPrefix(int32_t v) { return SortPrefix(int64_t{v}); }
inline uint64_t SortPrefix(int16_t v) { return SortPrefix(int64_t{v}); }
// The high half decides; ties are for the full comparison.
inline uint64_t SortPrefix(int128_t v) { return SortPrefix(static_cast<int64_t>(v >> 64)); }
inline uint64_t SortPrefix(const Interval& v) {
  return SortPrefix(static_cast<int64_t>(RowIntervalLength(v) >> 32));
}
inline uint64_t SortPrefix(double v) {
  if (v == 0) v = 0;  // -0 equals 0
  if (v != v) return UINT64_MAX;
  const auto bits = std::bit_cast<uint64_t>(v);
  return (bits >> 63) != 0 ? ~bits : bits | (uint64_t{1} << 63);
}
inline uint64_t SortPrefix(float v) { return SortPrefix(static_cast<double>(v)); }
inline uint64_t SortPrefix(const StringRef& v) {
  uint64_t bytes = 0;
  const size_t size = v.size() < 8 ? v.size() : 8;
  std::memcpy(&bytes, v.data(), size);
  return __builtin_bswap64(bytes);
}

// Rows of a sort: key expressions first, then the columns that are not keys themselves.
struct SortInput {
  SortInput(const std::vector<LogicalType>& types, const std::vector<SortKeyRef>& keys);

  std::vector<const expr::Expr*> exprs;  // one per field
  std::vector<expr::ExprPtr> slots;
  std::vector<uint32_t> column_fields;  // field of each output column
  RowLayout layout;                     // the hash's place holds the first key's prefix
  RowOrder order;
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_SORT_SORT_KEY_H_
