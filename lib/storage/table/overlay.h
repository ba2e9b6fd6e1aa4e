// Overlay: what has changed in one vector (2,048 slots) of a sealed group: per touched row a
// VersionSlot and the values of the columns that were updated. All other rows and columns are those
// of the sealed segments. Shape: entries in order of first touch; a bitmap of touched slots and a
// small hash table slot -> entry. Per updated column a ColumnArray over the entries and a bitmap of
// the entries that have a value in it. Threads: under latch(), as HotChunk. Errors: 53200; nothing
// has changed then.
#ifndef DRIFTDB_STORAGE_TABLE_OVERLAY_H_
#define DRIFTDB_STORAGE_TABLE_OVERLAY_H_

#include <cstdint>
#include <span>
#include <vector>

#include "base/memory.h"
#include "platform/mutex.h"
#include "storage/mvcc/version_chain.h"
#include "storage/table/column_array.h"
#include "storage/table/hot_chunk.h"
#include "storage/table/table_types.h"

namespace driftdb::storage {

class Overlay {
 public:
  Overlay(uint64_t first_rid, const TableEnvironment& environment);
  ~Overlay();
  Overlay(const Overlay&) = delete;
  Overlay& operator=(const Overlay&) = delete;

  platform::SpinLatch* latch() { return &latch_; }
  uint64_t first_rid() const { return first_rid_; }
  uint32_t count() const { return count_; }
  const uint64_t* touched() const { return touched_; }
  // Entry of `slot`, or -1.
  int Find(uint32_t slot) const;
  uint32_t slot_of(uint32_t entry) const { return rows_[entry]; }
  const VersionSlot& version(uint32_t entry) const { return slots_[entry]; }

  // A row's version before it was touched; `maker` is the group's own undo record while the
  // bulk load that made the group is in flight.
  struct Base {
    VersionWord word;
    UndoRecord* maker = nullptr;
    uint32_t slot = 0;
  };
  Result<WriteOutcome> Update(const TableSchema& schema, const WriteContext& context,
                              VersionStore* store, const Base& base, const RowChange& change);
  Result<WriteOutcome> Delete(const WriteContext& context, VersionStore* store, const Base& base);
  Result<WriteOutcome> Lock(const WriteContext& context, VersionStore* store, const Base& base);

  void Rollback(UndoRecord* record, uint32_t slot);
  void Stamp(UndoRecord* record, uint32_t slot, TxnId txn, CommitSeq seq);
  void Release(UndoRecord* record, uint32_t slot, std::vector<DeadRow>* dead);
  // Of the record that made the whole group.
  void StampBase(UndoRecord* record, TxnId txn, CommitSeq seq);
  void ReleaseBase(UndoRecord* record);

  Status ReplayUpdate(const TableSchema& schema, const Base& base, const RowChange& change,
                      CommitSeq seq);
  Status ReplayDelete(const Base& base);

  // Value of column `column` of the entry as a snapshot sees it that stops at `stop`.
  enum class Source : uint8_t { kBase, kNull, kValue };
  // kValue: `*value` points at the physical form, valid under the latch.
  Source Value(uint32_t entry, uint32_t column, const UndoRecord* stop, const void** value) const;

  // Adds a loaded entry: `dead`, or live with the columns' values.
  Status LoadEntry(const TableSchema& schema, uint32_t slot, VersionWord word,
                   const RowChange& change);
  bool SettledAt(CommitSeq seq) const;

  bool dirty() const { return dirty_; }
  void set_dirty(bool dirty) { dirty_ = dirty; }
  bool has_undo() const { return summary_.undo_rows != 0; }
  // Columns that any entry has a value for.
  std::vector<uint32_t> columns() const;
  size_t memory_bytes() const { return memory_.bytes(); }

 private:
  struct Column {
    uint32_t ordinal = 0;
    ColumnArray* values = nullptr;
    std::vector<uint64_t> present;  // bit per entry
  };
  Result<uint32_t> Touch(const Base& base);
  Status GrowEntries();
  void InsertBucket(uint32_t slot, uint32_t entry);
  Column* FindColumn(uint32_t ordinal);
  const Column* FindColumn(uint32_t ordinal) const;
  Status PrepareColumn(const TableSchema& schema, uint32_t ordinal, const void* value);
  Status PrepareChange(const TableSchema& schema, const RowChange& change);
  void ApplyChange(uint32_t entry, const RowChange& change);
  struct ImageSize {
    size_t columns = 0;
    size_t bytes = 0;  // of strings
  };
  Result<UndoRecord*> MakeRecord(const WriteContext& context, VersionStore* store, UndoKind kind,
                                 uint32_t slot, const ImageSize& size);
  void FillImages(UndoLog* undo, UndoRecord* record, uint32_t entry, const RowChange& change) const;

  platform::SpinLatch latch_;
  bool dirty_ = true;
  const uint64_t first_rid_;
  uint32_t count_ = 0;
  uint32_t capacity_ = 0;
  uint64_t touched_[kValidityWords] = {};
  std::vector<uint16_t> buckets_;  // entry + 1; size a power of two
  std::vector<uint16_t> rows_;     // slot of each entry
  std::vector<VersionSlot> slots_;
  std::vector<Column> columns_;
  VersionSummary summary_;
  MemoryReservation memory_;
  const TableEnvironment environment_;
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_TABLE_OVERLAY_H_
