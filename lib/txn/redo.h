// Redo records: what the log says happened (C8). Logical and complete: replay reads no sealed data
// and evaluates no expression. Shape of a record: kind byte, then the fields listed at each writer,
// coded as in base/coding.h. A transaction's records form one byte string; kCommit ends it. A
// transaction too large for one frame sends earlier pieces of its byte string, cut anywhere, each
// wrapped in a kPart record, the last one too; they count only with the commit (C6). Invariants:
// (REDO-1) decoding checks every bound; (REDO-2) kinds are never renumbered; (REDO-3) the records
// kSequenceAdvance, kRowIdReserve, kRollbackTo, kAbort and kExtendTable stand outside transactions
// and apply at once, others only with their commit. Format page: docs/internals/redo.md.
#ifndef DRIFTDB_TXN_REDO_H_
#define DRIFTDB_TXN_REDO_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/coding.h"
#include "types/chunk.h"
#include "types/ids.h"

namespace driftdb::txn {

enum class RedoKind : uint8_t {
  kInsert = 1,
  kUpdate = 2,
  kDelete = 3,
  kIndexInsert = 4,
  kIndexRemove = 5,
  kCreateTable = 6,
  kCreateIndex = 7,
  kDropStorage = 8,
  kAlterTable = 9,
  kSequenceAdvance = 10,
  kRowIdReserve = 11,
  kAttachGroup = 12,
  kAttachRun = 13,
  kAttachPatch = 14,
  kCommit = 15,
  kPart = 16,
  kRollbackTo = 17,
  kAbort = 18,
  kCheckpoint = 19,
  kRetention = 20,
  kExtendTable = 21,
};

enum class CommitLevel : uint8_t { kOff = 0, kOn = 1 };

struct CommitRecord {
  TxnId txn;
  CommitSeq seq;
  CommitLevel level = CommitLevel::kOn;
  uint64_t catalog_version = 0;
  uint64_t origin = 0;  // node that committed it; 0 = this one
};

// Appends records to a transaction's redo bytes.
class RedoWriter {
 public:
  explicit RedoWriter(std::string* out) : out_(out), encoder_(out) {}

  // Rows `rows[0..count)` (null: positions 0..count) of a chunk in table column order; row ids are
  // consecutive from `first`.
  void Insert(StorageId table, RowId first, const Chunk& chunk, const uint16_t* rows, size_t count);
  // New values of the columns `ordinals`; `old_key` is the primary key before the change,
  // normalized, may be empty.
  void Update(StorageId table, RowId row, std::span<const uint32_t> ordinals,
              std::span<const Vector* const> values, size_t value_row, std::string_view old_key);
  void Delete(StorageId table, RowId row, std::string_view old_key);
  void IndexInsert(StorageId index, std::string_view key, RowId row);
  void IndexRemove(StorageId index, std::string_view key, RowId row);
  // `schema` as serialised by the storage layer.
  void CreateTable(StorageId table, std::string_view schema);
  void CreateIndex(StorageId index, StorageId table, std::string_view definition);
  void DropStorage(StorageId storage);
  void AlterTable(StorageId table, std::string_view schema);
  // Columns that a rolled back ALTER TABLE has left in the storage: later rows may have them.
  void ExtendTable(StorageId table, std::string_view schema);
  void SequenceAdvance(Oid sequence, int64_t value, bool is_called);
  void RowIdReserve(StorageId table, RowId upto);
  void AttachGroup(StorageId table, std::string_view descriptor);
  // `shadows` as for Index::AttachRun: replay must treat the run as it was treated here.
  void AttachRun(StorageId index, std::string_view descriptor, bool shadows = false);
  void Commit(const CommitRecord& commit);
  // Opens a piece of `bytes` bytes, which follow as they are.
  void PartHeader(TxnId txn, size_t bytes);
  // Cuts the pieces sent so far back to `position` bytes.
  void RollbackTo(TxnId txn, uint64_t position);
  void Abort(TxnId txn);

 private:
  void Kind(RedoKind kind) { encoder_.U8(static_cast<uint8_t>(kind)); }
  std::string* out_;
  Encoder encoder_;
};

// One decoded record; string views point into the decoded bytes. Row data of kInsert and kUpdate
// stays encoded
// (`body`) because its shape depends on the table's columns.
struct RedoRecord {
  RedoKind kind = RedoKind::kAbort;
  StorageId storage;          // table or index; kDropStorage
  StorageId table;            // kCreateIndex
  RowId row;                  // first row, or the upper bound of kRowIdReserve
  uint64_t count = 0;         // kInsert: rows; kUpdate: columns
  uint32_t column_count = 0;  // kInsert: columns per row
  std::string_view key;       // index key, old primary key
  std::string_view body;      // encoded rows, schema, descriptor, piece of a transaction
  std::string_view ordinals;  // kUpdate: u16 per column
  CommitRecord commit;        // kCommit; kPart, kRollbackTo, kAbort: txn
  Oid sequence;
  int64_t sequence_value = 0;
  bool sequence_called = false;
  uint64_t position = 0;  // kRollbackTo
  bool shadows = false;   // kAttachRun
};

// Decodes the next record. Errors: DataLoss.
Status DecodeRedo(Decoder* decoder, RedoRecord* record);

}  // namespace driftdb::txn

#endif  // DRIFTDB_TXN_REDO_H_
