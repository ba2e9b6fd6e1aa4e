// HotChunk: up to 2,048 rows in PAX form: a ColumnArray per column, a VersionSlot per row.
// Shape: grows 64 -> 2,048 slots by doubling (C2). count() = highest slot ever filled + 1; slots
// below may be empty (word 0: a rid whose insert failed or is still on its way). Invariants: MV-8
// (summary), MV-9 (pinned arrays are not written below pinned_rows). Threads: every function needs
// latch(), which the caller holds for one short section; scans keep using the column memory they
// pinned afterwards. Growing and cloning allocate under the latch (rare: 5 growth steps per 2,048
// rows; one clone per column and scan that met an update). Errors: 53200; the chunk is unchanged
// then.
#ifndef DRIFTDB_STORAGE_TABLE_HOT_CHUNK_H_
#define DRIFTDB_STORAGE_TABLE_HOT_CHUNK_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/memory.h"
#include "base/status.h"
#include "platform/mutex.h"
#include "storage/mvcc/version_chain.h"
#include "storage/table/column_array.h"
#include "storage/table/table_schema.h"
#include "storage/table/table_types.h"
#include "types/chunk.h"

namespace driftdb::storage {

// A change of several columns of one row: `values[i]` is the physical form for ordinal
// `columns[i]`.
struct RowChange {
  std::span<const uint32_t> columns;
  std::span<const void* const> values;  // null pointer = NULL
};

// Rows to insert: alive rows [from, from + count) of a chunk whose columns `views` are by ordinal.
struct RowSource {
  std::span<const VectorView> views;
  const uint16_t* rows = nullptr;  // selection, null: every row
  uint32_t from = 0;
  uint32_t count = 0;
};

// Where a point read copies the values of `columns`: row `row` of out[i], own flat vectors.
struct RowOutput {
  std::span<const uint32_t> columns;
  Vector* out = nullptr;
  size_t row = 0;
};

class HotChunk {
 public:
  HotChunk(uint64_t first_rid, const TableEnvironment& environment);
  ~HotChunk();
  HotChunk(const HotChunk&) = delete;
  HotChunk& operator=(const HotChunk&) = delete;

  platform::SpinLatch* latch() { return &latch_; }
  uint64_t first_rid() const { return first_rid_; }
  uint32_t count() const { return count_; }
  // The group was sealed: writers look the row up again.
  bool retired() const { return retired_; }
  void set_retired(bool retired) { retired_ = retired; }

  // ---- writes ----
  // Room for slots [0, end) and an array for every stored column of `schema`.
  Status Prepare(const TableSchema& schema, uint32_t end);
  // Fills empty slots from `first` on and pushes `record`, a run that covers them. Columns beyond
  // those of the source get their `missing` value.
  Status Insert(const TableSchema& schema, uint32_t first, const RowSource& source,
                UndoRecord* record, VersionWord word);
  // One row; values by ordinal.
  Status InsertRow(const TableSchema& schema, uint32_t slot, std::span<const void* const> values,
                   UndoRecord* record, VersionWord word);
  Result<WriteOutcome> Update(const TableSchema& schema, const WriteContext& context,
                              VersionStore* store, uint32_t slot, const RowChange& change);
  Result<WriteOutcome> Delete(const WriteContext& context, VersionStore* store, uint32_t slot);
  Result<WriteOutcome> Lock(const WriteContext& context, VersionStore* store, uint32_t slot);

  // ---- undo ----
  void Rollback(UndoRecord* record, uint32_t first, uint32_t count);
  void Stamp(UndoRecord* record, uint32_t first, uint32_t count, TxnId txn, CommitSeq seq);
  void Release(UndoRecord* record, uint32_t first, uint32_t count, std::vector<DeadRow>* dead);

  // ---- replay and load: no undo ----
  Status ReplayInsert(const TableSchema& schema, uint32_t first, const RowSource& source,
                      CommitSeq seq);
  Status ReplayUpdate(const TableSchema& schema, uint32_t slot, const RowChange& change,
                      CommitSeq seq);
  void ReplayDelete(uint32_t slot, CommitSeq seq);
  // Sets the word of a filled slot, or of one below `end` that is to stay dead.
  void SetLoadedWord(uint32_t slot, VersionWord word);

  // ---- reads ----
  bool Fetch(const TableSchema& schema, uint32_t slot, const Snapshot& snapshot,
             const RowOutput& output) const;
  RowState FetchNewest(const TableSchema& schema, uint32_t slot, TxnId me,
                       const RowOutput& output) const;
  RowState State(uint32_t slot, TxnId me) const;

  // What a scan takes out from under the latch.
  struct View {
    uint32_t rows = 0;
    bool all_visible = true;                 // else bit i of `alive`: the snapshot sees row i
    uint64_t* alive = nullptr;               // kValidityWords, given by the caller
    uint64_t* words = nullptr;               // when given: version words (bits) of the visible rows
    std::vector<Vector>* columns = nullptr;  // one per requested ordinal, given by the caller
  };
  // Zero-copy vectors of the `columns`, rows [0, rows). False: nothing is visible.
  bool Scan(const TableSchema& schema, const Snapshot& snapshot, std::span<const uint32_t> columns,
            View* view);

  // ---- maintenance ----
  // All words are plain or dead, at most `horizon`, and there is no undo.
  bool Quiet(CommitSeq horizon) const;
  // Nothing is in flight or newer than `seq`.
  bool SettledAt(CommitSeq seq) const;
  // Changed whenever a row of the chunk is (not by stamping and release).
  uint64_t changes() const { return changes_; }
  // Something happened that the last image does not hold.
  bool dirty() const { return dirty_; }
  void set_dirty(bool dirty) { dirty_ = dirty; }
  bool has_undo() const { return summary_.undo_rows != 0; }
  uint64_t max_seq() const { return summary_.max_seq; }
  size_t memory_bytes() const;

 private:
  struct Pins;
  void Touch() {
    ++changes_;
    dirty_ = true;
  }
  Status Grow(uint32_t end);
  Status AddColumns(const TableSchema& schema);
  // Makes positions [first, ...) of column `c` writable: clones a pinned array.
  Status MakeWritable(uint32_t c, uint32_t first, bool forced);
  Status PrepareInsert(const TableSchema& schema, uint32_t first, const RowSource& source);
  void FillColumns(const TableSchema& schema, uint32_t first, const RowSource& source);
  Status PrepareChange(const TableSchema& schema, uint32_t slot, const RowChange& change);
  void ApplyChange(uint32_t slot, const RowChange& change);
  Result<UndoRecord*> MakeUpdateRecord(const WriteContext& context, VersionStore* store,
                                       uint32_t slot, const RowChange& change);
  Result<UndoRecord*> MakeRecord(const WriteContext& context, VersionStore* store, UndoKind kind,
                                 uint32_t slot);
  void CopyOut(const TableSchema& schema, uint32_t slot, const RowOutput& output) const;
  void CountSlots(uint32_t end);

  struct PatchRow {
    uint32_t slot;
    const UndoRecord* stop;
  };
  void FindVisibleRows(const Snapshot& snapshot, View* view, std::vector<PatchRow>* patches) const;
  void PatchColumns(std::span<const uint32_t> columns, const std::vector<PatchRow>& patches,
                    const std::shared_ptr<const Pins>& pins, View* view) const;

  mutable platform::SpinLatch latch_;
  bool retired_ = false;
  bool dirty_ = true;
  uint32_t count_ = 0;
  uint32_t capacity_ = 0;
  const uint64_t first_rid_;
  VersionSlot* slots_ = nullptr;
  std::vector<ColumnArray*> arrays_;  // by ordinal; null: dropped, or younger than the chunk
  VersionSummary summary_;
  uint64_t changes_ = 0;
  MemoryReservation slot_memory_;
  const TableEnvironment environment_;
};

// Stores a physical value (null pointer = NULL) into row `row` of an own flat vector; strings are
// copied.
void StorePhysical(Vector* out, size_t row, const void* value);

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_TABLE_HOT_CHUNK_H_
