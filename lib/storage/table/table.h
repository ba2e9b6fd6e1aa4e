// Table: the rows of one storage generation (C25): row ids, hot chunks, sealed groups, overlays.
// Shape: rid -> group (rid >> 17) by a flat array -> hot chunk or sealed segment -> slot. Hot
// groups hold up to 64 chunks, allocated on touch; sealed groups hold encoded segments and an
// overlay per touched vector. Rows are written by rid; keys, constraints, waiting and redo are the
// caller's. Invariants: docs/internals/txn_protocol.md, MV-1... Threads: all functions are safe
// together unless noted. Latches are taken inside and never held on return. Errors: 53200
// (memory_limit; nothing changed), DataLoss and 58030 (sealed segments), 54000 (row ids used up).
// A statement that failed half way is undone by the caller with UndoLog::RollbackTo.
#ifndef DRIFTDB_STORAGE_TABLE_TABLE_H_
#define DRIFTDB_STORAGE_TABLE_TABLE_H_

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "platform/mutex.h"
#include "storage/mvcc/undo.h"
#include "storage/table/table_schema.h"
#include "storage/table/table_types.h"
#include "types/chunk.h"
#include "types/ids.h"

namespace driftdb {
class Decoder;
}

namespace driftdb::storage {

class HotChunk;
struct ImagePlace;
class RowGroup;
class SealedGroup;
struct RowSource;

class Table final : public VersionStore {
 public:
  Table(StorageId id, TableSchema schema, const TableEnvironment& environment);
  ~Table() override;
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  StorageId id() const { return id_; }
  const TableEnvironment& environment() const { return environment_; }
  // The current schema; lives as long as the table. Under a table lock that excludes DDL it stays
  // current.
  const TableSchema* schema() const;
  // Ordinal of the column. Running statements with the older schema go on.
  uint32_t AddColumn(TableColumn column);
  void DropColumn(uint32_t ordinal);

  // ---- writes ----
  // `rows`: one column per schema ordinal, or fewer (the rest get their `missing` value). Rids are
  // consecutive unless the chunk crosses a group; out[i] belongs to the i-th alive row.
  Status Insert(const WriteContext& context, const Chunk& rows, RowId* out);
  // One row: values[c] points at the physical form of ordinal c, null = NULL. Allocates only when a
  // chunk grows.
  Result<RowId> InsertRow(const WriteContext& context, std::span<const void* const> values);
  // Sets columns[i] to values[i] (physical form, null pointer = NULL).
  Result<WriteOutcome> Update(const WriteContext& context, RowId rid,
                              std::span<const uint32_t> columns,
                              std::span<const void* const> values);
  Result<WriteOutcome> Delete(const WriteContext& context, RowId rid);
  // Exclusive row lock (FOR UPDATE). A no-op on rows this transaction has written.
  Result<WriteOutcome> LockRow(const WriteContext& context, RowId rid);
  // Row i of `values` (one column per entry of `columns`) goes to rids[i]. Fastest with ascending
  // rids.
  Result<BatchOutcome> UpdateMany(const WriteContext& context, std::span<const RowId> rids,
                                  std::span<const uint32_t> columns, const Chunk& values);
  Result<BatchOutcome> DeleteMany(const WriteContext& context, std::span<const RowId> rids);

  // ---- reads ----
  // Copies the version of `rid` that `snapshot` sees into row `row` of out[i] (own flat vectors of
  // the columns' types). False: no visible version.
  Result<bool> Fetch(RowId rid, const Snapshot& snapshot, std::span<const uint32_t> columns,
                     Vector* out, size_t row);
  // The newest version's contents and state in one look, for unique rechecks and READ COMMITTED's
  // second look. Contents are copied for every state but kAbsent (deleted rows: what was deleted).
  Result<RowState> FetchNewest(RowId rid, TxnId me, std::span<const uint32_t> columns, Vector* out,
                               size_t row);
  RowState NewestState(RowId rid, TxnId me);

  // ---- row ids ----
  // Smallest rid never given out.
  RowId next_rid() const { return RowId(next_rid_.load(std::memory_order_relaxed)); }
  // Raises next_rid to at least `rid` (replay of RID_RESERVE).
  void AdvanceNextRid(RowId rid);
  // `count` fresh consecutive rids.
  Result<RowId> ReserveRids(uint64_t count);

  // ---- maintenance (one thread at a time) ----
  // Seals hot groups that are full (no rid of theirs can be given out any more), committed up to
  // `horizon` and quiet. Returns how many. Needs the extent store.
  Result<size_t> SealQuietGroups(CommitSeq horizon);
  Result<bool> SealGroup(uint64_t group, CommitSeq horizon);

  // ---- checkpoint at commit `seq` (one at a time; operations beside it go on) ----
  // Writes changed hot chunks and overlays as of `seq` into fresh extents and appends the table's
  // directory to `directory`. REQUIRES: watermark >= seq, and `seq` holds back the horizon until
  // CheckpointDone.
  Status WriteImage(CommitSeq seq, std::string* directory);
  // The superblock naming the image is durable (true), or the checkpoint failed (false): releases
  // the extents that went out of use.
  void CheckpointDone(bool durable);
  // All extents that the image written last (or loaded) names, to build the free map.
  void ListExtents(std::vector<ExtentRef>* out);
  // The storage was dropped and nobody uses it any more: gives all its extents back.
  void ReleaseExtents();
  // Reads what WriteImage wrote into this empty table.
  Status LoadImage(std::string_view directory);

  // ---- replay of commits newer than the loaded image; different tables in parallel ----
  Status ReplayInsert(RowId first, const Chunk& rows, CommitSeq seq);
  Status ReplayUpdate(RowId rid, std::span<const uint32_t> columns,
                      std::span<const void* const> values, CommitSeq seq);
  Status ReplayDelete(std::span<const RowId> rids, CommitSeq seq);
  Status ReplayAttachGroup(const GroupDescriptor& descriptor, CommitSeq seq);

  // ---- statistics ----
  uint64_t approximate_rows() const;
  Result<TableStatistics> Statistics();
  // Up to `count` committed rows from random vectors, columns by ordinal, for the optimizer.
  // Appends row ids of the sample when `rids` is not null.
  Status SampleRows(const Snapshot& snapshot, size_t count, uint64_t seed, std::vector<Chunk>* out);

  // Distinct values by ordinal, estimated from a sample; for tables that have no sealed groups, whose
  // segments know better. Remembered until the table has doubled or halved.
  Result<std::vector<uint64_t>> SampledDistinct(const Snapshot& snapshot);

  // ---- VersionStore, called through UndoLog ----
  void RollbackRecord(UndoRecord* record, TxnId txn) override;
  void StampRecord(UndoRecord* record, TxnId txn, CommitSeq seq) override;
  void ReleaseRecord(UndoRecord* record, std::vector<DeadRow>* dead) override;

  // ---- for storage/table only ----
  // Null: no rid of the group was ever touched. REQUIRES: an EpochGuard while the group's parts are
  // used.
  RowGroup* FindGroup(uint64_t number) const;
  uint64_t group_count() const;

 private:
  friend class BulkAppender;
  struct State;
  // Calls hot(chunk, slot) under the chunk's latch, or sealed(group, slot in group), or absent().
  template <typename Hot, typename Sealed, typename Absent>
  auto WithRow(RowId rid, const Hot& hot, const Sealed& sealed, const Absent& absent) const
      -> decltype(absent());
  RowGroup* TouchGroup(uint64_t number);
  // Null: the rid's group was sealed meanwhile; take other rids.
  HotChunk* TouchChunk(uint64_t rid);
  // False: as TouchChunk.
  Result<bool> InsertPart(const WriteContext& context, const RowSource& source, uint64_t rid);
  // Calls hot(chunk, first slot, count) under the latch, or sealed(group, slot) per row.
  template <typename Hot, typename Sealed>
  void ForEachPart(const UndoRecord& record, const Hot& hot, const Sealed& sealed);
  // The sealed group that `record` made as a whole, or null.
  SealedGroup* GroupMadeBy(const UndoRecord& record) const;
  // Installs a sealed group. `maker`: the loading transaction's record, or null when `word` is
  // committed.
  void AttachGroup(GroupDescriptor descriptor, VersionWord word, UndoRecord* maker);
  // Images, under the maintenance mutex.
  Status WriteHotGroup(CommitSeq seq, RowGroup* group, std::string* out, uint32_t* entries);
  Status WriteSealedGroup(CommitSeq seq, RowGroup* group, std::string* out, uint32_t* entries);
  void ReservePlaced(size_t more);
  Status PlaceImage(RowGroup* group, size_t index, std::string bytes);
  void EncodePlace(const ImagePlace& place, std::string* out);
  Status LoadHotGroup(RowGroup* group, Decoder* decoder);
  Status LoadSealedGroup(RowGroup* group, Decoder* decoder);
  // Number of the first of `count` groups whose rids are all fresh.
  Result<uint64_t> ReserveGroups(uint64_t count);

  const StorageId id_;
  std::unique_ptr<SegmentCache> own_segments_;
  TableEnvironment environment_;
  std::atomic<uint64_t> next_rid_{0};
  std::unique_ptr<State> state_;
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_TABLE_TABLE_H_
