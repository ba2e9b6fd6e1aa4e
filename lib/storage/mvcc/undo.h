// UndoLog: what one transaction changed, with before images, newest first. Serves rollback (whole,
// to a savepoint, of one failed statement), older snapshots' reads, stamping after commit, and
// garbage collection. Shape: records in an arena. Per row a chain VersionSlot.undo -> older ->
// older; a chain's records belong to changes newest to oldest. One record covers a run of inserted
// rows, or of rows deleted together. Life: active -> (commit) Stamp -> queue of the collector in
// commit order -> Release when horizon >= seq -> Reset; or active -> RollbackTo({}) -> Reset. A log
// outlives every row chain that names its records (MV-7). Threads: appended and rolled back by the
// transaction's one thread at a time; records are read by others under the row's latch; Stamp and
// Release by one thread at a time. Errors: Reserve: 53200. Everything after a successful Reserve
// cannot fail (C11).
#ifndef DRIFTDB_STORAGE_MVCC_UNDO_H_
#define DRIFTDB_STORAGE_MVCC_UNDO_H_

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/memory.h"
#include "storage/mvcc/version_word.h"
#include "types/ids.h"
#include "types/string_ref.h"

namespace driftdb::storage {

class VersionStore;

enum class UndoKind : uint8_t { kInsert, kUpdate, kDelete, kLock };

// Before image of one column of one row. Strings lie in the log's arena.
struct UndoColumn {
  enum class State : uint8_t {
    kValue,
    kNull,
    kAbsent,  // the sealed segment's own value: the row had no overlay of this column
  };
  alignas(8) uint8_t bytes[16];  // physical form
  uint32_t column = 0;           // ordinal in the storage generation
  State state = State::kNull;
};
static_assert(sizeof(UndoColumn) == 24);

struct UndoRecord {
  VersionStore* store = nullptr;
  UndoRecord* earlier = nullptr;  // the transaction's change before this one
  UndoRecord* older = nullptr;    // the row's change before this one
  UndoRecord* newer = nullptr;    // reverse of `older`; null for the head; unused by runs
  RowId rid;                      // first row
  VersionWord previous_word;      // of the row (of every row of a run) before the change
  uint32_t rows = 1;              // length of a run (kInsert, kDelete)
  uint32_t statement = 0;         // C14
  UndoKind kind = UndoKind::kInsert;
  bool whole_group = false;   // kInsert: a bulk-loaded group, whose rows share one word (C18)
  uint16_t column_count = 0;  // kUpdate: images follow the record

  bool is_run() const { return kind == UndoKind::kInsert || rows > 1; }
  UndoColumn* columns() { return reinterpret_cast<UndoColumn*>(this + 1); }
  const UndoColumn* columns() const { return reinterpret_cast<const UndoColumn*>(this + 1); }
};
static_assert(sizeof(UndoRecord) % 8 == 0);

// A row no snapshot can see any more: its index entries may go.
struct DeadRow {
  VersionStore* store = nullptr;
  RowId rid;
};

// Who owns the rows that undo records name (a Table). Its latches are taken inside.
class VersionStore {
 public:
  virtual ~VersionStore() = default;
  // Puts the row(s) back to the state before the record. The record must be the newest of its rows.
  virtual void RollbackRecord(UndoRecord* record, TxnId txn) = 0;
  // Replaces words of `txn` by `seq`; drops locks.
  virtual void StampRecord(UndoRecord* record, TxnId txn, CommitSeq seq) = 0;
  // Unlinks the record; deleted rows become dead and are reported unless `dead` is null. Without
  // reports it cannot fail.
  virtual void ReleaseRecord(UndoRecord* record, std::vector<DeadRow>* dead) = 0;
};

// A position to roll back to: the default one is the transaction's begin.
struct UndoMark {
  UndoRecord* last = nullptr;
  const void* block = nullptr;
  size_t used = 0;
  uint64_t record_count = 0;
};

class UndoLog {
 public:
  explicit UndoLog(MemoryAccountant* accountant) : accountant_(accountant) {}
  ~UndoLog();
  UndoLog(const UndoLog&) = delete;
  UndoLog& operator=(const UndoLog&) = delete;

  // REQUIRES: empty.
  void Begin(TxnId txn) { txn_ = txn; }
  TxnId txn() const { return txn_; }
  bool empty() const { return last_ == nullptr; }
  // Newest record; follow `earlier`.
  UndoRecord* last() const { return last_; }

  // Makes room for records and strings of `bytes` altogether. Records need RecordBytes(columns).
  Status Reserve(size_t bytes);
  static constexpr size_t RecordBytes(size_t columns) {
    return sizeof(UndoRecord) + columns * sizeof(UndoColumn);
  }
  // REQUIRES: room. The caller fills the rest and links the row's chain.
  UndoRecord* Append(UndoKind kind, VersionStore* store, size_t columns);
  // REQUIRES: room.
  StringRef CopyString(const StringRef& string);
  // The newest record when a run of `kind` may be extended by row `next`: same table, statement and
  // previous word, adjacent, and no mark was taken since. Null otherwise.
  UndoRecord* ExtendableRun(UndoKind kind, const VersionStore* store, RowId next,
                            uint32_t statement);

  // Savepoints, and the implicit one of every statement.
  UndoMark Mark() {
    run_open_ = false;
    return {last_, block_, used_, record_count_};
  }
  // Undoes all changes since `mark`, newest first. A default UndoMark undoes everything.
  void RollbackTo(const UndoMark& mark);
  // Writes `seq` into all words. REQUIRES: TransactionTable::Commit(txn(), seq) happened.
  void Stamp(CommitSeq seq);
  // REQUIRES: stamped, and the horizon (smallest snapshot, watermark, running checkpoint) >= its
  // seq.
  void Release(std::vector<DeadRow>* dead);
  // Drops the records; the first block is kept for the next transaction.
  void Reset();

  size_t allocated_bytes() const { return allocated_bytes_; }
  uint64_t record_count() const { return record_count_; }

 private:
  struct Block {
    Block* previous;
    size_t size;  // of the bytes that follow
    char* bytes() { return reinterpret_cast<char*>(this + 1); }
  };
  char* Take(size_t bytes);
  // Frees blocks newer than `block`; null frees all.
  void FreeBlocksAfter(const void* block);

  static constexpr size_t kFirstBlockBytes = 2048 - sizeof(Block);
  static constexpr size_t kBlockBytesMax = 256 * 1024 - sizeof(Block);

  MemoryAccountant* accountant_;
  TxnId txn_;
  UndoRecord* last_ = nullptr;
  Block* block_ = nullptr;  // newest
  size_t used_ = 0;         // bytes of the newest block
  size_t allocated_bytes_ = 0;
  uint64_t record_count_ = 0;
  bool run_open_ = false;  // the newest record may be extended
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_MVCC_UNDO_H_
