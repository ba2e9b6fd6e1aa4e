// Strong identifiers and positions shared by all layers. Plain data, no behaviour.
#ifndef DRIFTDB_TYPES_IDS_H_
#define DRIFTDB_TYPES_IDS_H_

#include <compare>
#include <cstdint>
#include <functional>

namespace driftdb {

// An unsigned integer that does not mix with others. Tag only makes the type distinct.
template <typename Tag, typename Int>
struct StrongId {
  using Integer = Int;
  Int value = 0;
  constexpr StrongId() = default;
  constexpr explicit StrongId(Int v) : value(v) {}
  // NOLINTNEXTLINE(modernize-use-nullptr): what clang-tidy 14 makes of a defaulted <=>
  friend constexpr auto operator<=>(const StrongId&, const StrongId&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const StrongId& id) {
    return H::combine(std::move(state), id.value);
  }
};

// Byte position in the log; monotonic over epochs (C3).
using Lsn = StrongId<struct LsnTag, uint64_t>;
// Dense commit number from 1; orders log, visibility and AS OF. 0: "before every commit" (C3).
using CommitSeq = StrongId<struct CommitSeqTag, uint64_t>;
// Identifies a running writing transaction; never stored durably except inside one log.
using TxnId = StrongId<struct TxnIdTag, uint64_t>;
// 48-bit logical row id within a table; never reused, never changed (C16).
using RowId = StrongId<struct RowIdTag, uint64_t>;
// PostgreSQL-style object id; user objects from 16384.
using Oid = StrongId<struct OidTag, uint32_t>;
// Column number within a table; never reused (C25). The first user column is 1, as attnum.
using ColumnId = StrongId<struct ColumnIdTag, uint32_t>;
// Identifies a storage generation: one table's rows (or one index's entries) between two rewrites
// (C25).
using StorageId = StrongId<struct StorageIdTag, uint32_t>;

inline constexpr Oid kInvalidOid{0};
inline constexpr Oid kFirstUserOid{16384};
inline constexpr uint64_t kRowIdMax = (uint64_t{1} << 48) - 1;
inline constexpr RowId kInvalidRowId{~uint64_t{0}};

// What a statement may see: commits up to `seq`, plus its own transaction's changes made by
// statements numbered below `statement` (C14).
struct Snapshot {
  CommitSeq seq;
  TxnId txn;               // 0: no writing transaction yet
  uint32_t statement = 0;  // own changes with a statement number < this are visible
};

}  // namespace driftdb

template <typename Tag, typename Int>
struct std::hash<driftdb::StrongId<Tag, Int>> {
  size_t operator()(const driftdb::StrongId<Tag, Int>& id) const {
    return std::hash<Int>()(id.value);
  }
};

#endif  // DRIFTDB_TYPES_IDS_H_
