// SealedGroup: 131,072 rows as immutable encoded segments, one version word for all of them (C18),
// the slots that are dead for ever, and an Overlay per vector that was touched since. Invariants:
// I2 the segments never change. A row is that of the segments unless its slot is touched. The word
// of a group sealed from hot rows is at most the horizon of then, so every snapshot sees it
// (MV-14). Threads: safe; readers hold an EpochGuard (Table does). Errors: DataLoss, 58030
// (segments), 53200.
#ifndef DRIFTDB_STORAGE_TABLE_SEALED_GROUP_H_
#define DRIFTDB_STORAGE_TABLE_SEALED_GROUP_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/status.h"
#include "platform/mutex.h"
#include "storage/column/segment_reader.h"
#include "storage/table/overlay.h"
#include "storage/table/segment_cache.h"
#include "storage/table/table_schema.h"
#include "storage/table/table_types.h"
#include "types/chunk.h"

namespace driftdb::storage {

class SealedGroup {
 public:
  // `word`: of all rows. `maker`: the bulk load's undo record while `word` is in flight.
  SealedGroup(GroupDescriptor descriptor, VersionWord word, UndoRecord* maker,
              const TableEnvironment& environment);
  ~SealedGroup();
  SealedGroup(const SealedGroup&) = delete;
  SealedGroup& operator=(const SealedGroup&) = delete;

  const GroupDescriptor& descriptor() const { return descriptor_; }
  uint64_t first_rid() const { return descriptor_.group << kGroupBits; }
  VersionWord word() const { return VersionWord(word_.load(std::memory_order_acquire)); }
  // Index into descriptor().columns, or -1: the column is younger than the group.
  int FindColumn(ColumnId id) const;

  Result<WriteOutcome> Update(const TableSchema& schema, const WriteContext& context,
                              VersionStore* store, uint32_t slot, const RowChange& change);
  Result<WriteOutcome> Delete(const WriteContext& context, VersionStore* store, uint32_t slot);
  Result<WriteOutcome> Lock(const WriteContext& context, VersionStore* store, uint32_t slot);

  // `slot` within the group; for the group's own record: the whole group.
  void Rollback(UndoRecord* record, uint32_t slot);
  void Stamp(UndoRecord* record, uint32_t slot, TxnId txn, CommitSeq seq);
  void Release(UndoRecord* record, uint32_t slot, std::vector<DeadRow>* dead);
  void StampGroup(UndoRecord* record, TxnId txn, CommitSeq seq);
  void ReleaseGroup(UndoRecord* record);

  Status ReplayUpdate(const TableSchema& schema, uint32_t slot, const RowChange& change,
                      CommitSeq seq);
  Status ReplayDelete(uint32_t slot);

  Result<bool> Fetch(const TableSchema& schema, uint32_t slot, const Snapshot& snapshot,
                     const RowOutput& output);
  Result<RowState> FetchNewest(const TableSchema& schema, uint32_t slot, TxnId me,
                               const RowOutput& output);
  RowState State(uint32_t slot, TxnId me);

  // ---- for scans ----
  uint32_t vector_count() const;
  uint32_t RowsOf(uint32_t vector) const;
  // Does the snapshot see the untouched rows?
  bool BaseVisible(const Snapshot& snapshot) const;
  // The word of a group that BaseVisible said is committed, stamped.
  VersionWord CommittedWord() const;
  // Clears the bits of dead slots of the vector.
  void ClearDead(uint32_t vector, uint64_t* bits) const;
  Overlay* overlay(uint32_t vector) const {
    return overlays_[vector].load(std::memory_order_acquire);
  }
  // Reader of descriptor().columns[column] that holds `vector`; `*local` is the vector's number in
  // it.
  Result<std::shared_ptr<const SegmentReader>> Reader(int column, uint32_t vector, uint32_t* local);
  bool IsDead(uint32_t slot) const {
    return !descriptor_.dead.empty() && BitIsSet(descriptor_.dead.data(), slot);
  }

  // For loading an image.
  Result<Overlay*> TouchOverlay(uint32_t vector);

 private:
  // Where a row is copied to; `base`: the columns that still have to be read from the segments.
  struct RowTarget {
    RowOutput output;
    std::vector<uint32_t> base;
  };
  WriteOutcome ResolveBase(TxnId me, Overlay::Base* base) const;
  RowState BaseState(TxnId me) const;
  template <typename Write>
  Result<WriteOutcome> WriteRow(const WriteContext& context, uint32_t slot, const Write& write);
  Status ReadBase(const TableSchema& schema, uint32_t slot, uint32_t ordinal, Vector* out,
                  size_t row);
  void CopyOverlay(const Overlay& overlay, uint32_t entry, const UndoRecord* stop,
                   RowTarget* target) const;
  Status ReadBases(const TableSchema& schema, uint32_t slot, const RowTarget& target);

  const GroupDescriptor descriptor_;
  const TableEnvironment environment_;
  std::atomic<uint64_t> word_;
  std::atomic<UndoRecord*> maker_;
  const uint32_t maker_statement_;
  platform::Mutex mutex_;  // creation of overlays
  std::atomic<Overlay*> overlays_[kGroupChunks] = {};
  std::vector<std::vector<SegmentCache::Entry>> readers_;  // [column][segment]
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_TABLE_SEALED_GROUP_H_
