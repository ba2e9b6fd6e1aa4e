// GroupTable: finds or makes the row of each key, chunk by chunk.
// Shape: rows of a RowLayout (hash first, key fields 0..key_count, states) in a RowStore; an index
// of 8-byte entries, 48-bit row pointer and 16-bit tag, open addressing at most half full, size a
// power of two. Ways to a group, cheapest first (all find the same rows):
//   few      keys that are dictionary codes or small integers: array from combined codes to rows;
//            rows of a chunk come out bucketed by group
//   direct   one integer key in a window of at most kDirectSpanMax: array from key to row
//   ordered  one integer key that only ever grew: a greater key is a further group, no index
//   index    batch-wise probing with prefetch when it exceeds the L2 cache
// Equal neighbours are looked up once (clustered input).
// Invariants: (GT-1) every row is reachable through the index unless the table is still `ordered`
// (BuildIndex makes it so) or ResetIndex was called; (GT-2) rows never move.
// Threads: one owner. Errors: 53200.
// Source: tags as in Birler et al., DaMoN 2024; windows after DuckDB's perfect hash aggregate, but
// per worker and without statistics.
#ifndef DRIFTDB_EXEC_AGGREGATE_GROUP_TABLE_H_
#define DRIFTDB_EXEC_AGGREGATE_GROUP_TABLE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "base/memory.h"
#include "base/status.h"
#include "exec/row/key_hash.h"
#include "exec/row/row_layout.h"
#include "exec/row/row_store.h"

namespace driftdb::exec {

struct GroupTableOptions {
  const RowLayout* layout = nullptr;
  size_t key_count = 0;
  // What a further row's states are copied from; null without states.
  const uint8_t* state_template = nullptr;
  size_t state_bytes = 0;
  MemoryAccountant* memory = nullptr;
  const char* what = "aggregation";
  size_t expected_groups = 0;
};

// Rows of one chunk bucketed by group (GroupTable::FindFew).
struct FewGroups {
  static constexpr size_t kMax = 32;
  size_t count = 0;
  uint8_t* group[kMax];
  uint32_t begin[kMax + 1];    // into rows
  uint16_t rows[kVectorRows];  // positions, ascending within a group
};

class GroupTable {
 public:
  explicit GroupTable(const GroupTableOptions& options);

  // The alive rows are positions[0..rows) of `row_count`; groups[k] becomes the row of the k-th.
  Status FindOrCreate(Vector* const* keys, size_t row_count, const uint16_t* positions, size_t rows,
                      uint8_t** groups);
  // The same by buckets; false when the chunk does not suit (nothing has been done then).
  Result<bool> FindFew(Vector* const* keys, size_t row_count, const uint16_t* positions,
                       size_t rows, FewGroups* out);
  // Which of the last FindOrCreate's rows (k) made a group, in order of k only per lookup round.
  const uint16_t* created() const { return created_; }
  size_t created_count() const { return created_count_; }

  // Adds a row of the same layout that lives elsewhere, or returns the equal row that is here.
  // `hash` is the row's. REQUIRES: Reserve'd room.
  uint8_t* Adopt(uint8_t* row) {
    const uint64_t hash = RowLayout::Hash(row);
    size_t slot = hash & mask_;
    while (index_[slot] != 0) {
      if (Tag(index_[slot]) == Tag(hash)) {
        uint8_t* at = Pointer(index_[slot]);
        if (RowLayout::Hash(at) == hash && layout_.EqualRows(at, row, key_count_)) return at;
      }
      slot = (slot + 1) & mask_;
    }
    index_[slot] = Entry(row, hash);
    ++indexed_;
    return row;
  }
  // Where Adopt will look first, for prefetching.
  const void* SlotAddress(uint64_t hash) const { return &index_[hash & mask_]; }
  // Room in the index for `further` rows.
  Status Reserve(size_t further);
  // Before the first Adopt: rows from elsewhere come in any order.
  Status PrepareAdoption(size_t count) {
    ordered_ = false;
    return Reserve(count);
  }
  // Forgets which rows exist; later lookups make further rows for the same keys.
  void ResetIndex();

  uint64_t row_count() const { return rows_.row_count(); }
  size_t indexed_count() const { return indexed_; }
  RowStore& rows() { return rows_; }
  const RowLayout& layout() const { return layout_; }
  size_t MemoryBytes() const { return rows_.MemoryBytes() + capacity_ * 8; }

 private:
  static constexpr size_t kDirectSpanMax = 64 << 10;
  static constexpr size_t kFewCodesMax = 4096;
  static constexpr size_t kPrefetchBytes = 768 << 10;

  static uint64_t Tag(uint64_t word) { return word >> 48; }
  static uint64_t Entry(const uint8_t* row, uint64_t hash) {
    return (reinterpret_cast<uint64_t>(row) & 0xffffffffffffULL) | (hash & 0xffff000000000000ULL);
  }
  static uint8_t* Pointer(uint64_t entry) {
    return reinterpret_cast<uint8_t*>(entry & 0xffffffffffffULL);
  }

  Status BuildIndex();
  Status Rehash(size_t capacity);
  Status MakeRow(uint64_t hash, uint8_t** row);
  void StoreInteger(uint8_t* row, int64_t key);
  int64_t LoadInteger(const uint8_t* row) const;

  Status FindGeneral(Vector* const* keys, size_t row_count, const uint16_t* positions, size_t rows,
                     uint8_t** groups);
  Status ProbeGeneral(Vector* const* keys, size_t row_count, const uint16_t* positions,
                      uint16_t* pending, size_t count, uint8_t** groups);
  // Integer keys: keys_[k] for the heads of runs (heads_[0..n)) get groups.
  Status FindIntegers(Vector* key, size_t row_count, const uint16_t* positions, size_t rows,
                      uint8_t** groups);
  bool ExtractIntegers(Vector* key, size_t row_count, const uint16_t* positions, size_t rows);
  Result<bool> FindOrdered(size_t heads, uint8_t** groups);
  Result<bool> FindDirect(size_t heads, uint8_t** groups);
  Status FindIndexed(size_t heads, uint8_t** groups);
  Status FindInteger(int64_t key, uint64_t hash, uint8_t** group);

  struct CodeColumn {
    uint64_t dictionary_id = 0;
    std::shared_ptr<const Vector> dictionary;
    int64_t base = 0;
    size_t span = 0;  // 0: not set up
  };
  bool PrepareCodes(Vector* const* keys, size_t row_count, const uint16_t* positions, size_t rows);
  void AddCodes(Vector* key, const CodeColumn& column, size_t row_count, const uint16_t* positions,
                size_t rows, uint16_t* codes) const;

  const RowLayout& layout_;
  const size_t key_count_;
  const uint8_t* const state_template_;
  const size_t state_bytes_;
  RowStore rows_;
  MemoryReservation index_memory_;
  RowBytes index_store_;
  uint64_t* index_ = nullptr;
  size_t capacity_ = 0;  // entries of the index
  uint64_t mask_ = 0;
  size_t indexed_ = 0;
  size_t expected_groups_;

  bool integer_key_ = false;
  bool ordered_ = false;  // GT-1
  int64_t last_key_ = 0;
  uint8_t* last_row_ = nullptr;
  bool direct_off_ = false;
  int64_t direct_base_ = 0;
  std::vector<uint8_t*> direct_;

  bool few_off_ = false;
  std::vector<CodeColumn> code_columns_;
  std::vector<uint8_t*> few_rows_;  // by combined code

  KeyHasher hasher_;
  size_t created_count_ = 0;
  uint64_t hashes_[kVectorRows];
  size_t slots_[kVectorRows];
  int64_t integers_[kVectorRows];
  uint16_t heads_[kVectorRows];
  uint16_t created_[kVectorRows];
  uint16_t pending_[kVectorRows];
  uint16_t compare_[kVectorRows];
  uint16_t codes_[kVectorRows];
  uint8_t* fresh_[kVectorRows];
  uint16_t fresh_positions_[kVectorRows];
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_AGGREGATE_GROUP_TABLE_H_
