// TableWriter: inserts, updates and deletes rows with everything that belongs to it: row locks,
// waiting for other writers, index entries, unique checks, redo. One per statement and table.
// Invariants: (TW-1) the order is row, redo, index entries; a failure anywhere leaves it to the
// statement's mark to undo all (TXN-2); (TW-2) uniqueness is judged by newest row versions, never
// by index presence (C23); violations found while an UPDATE moves keys are judged again at Finish
// (`SET k = k + 1` works); (TW-3) no latch is held while waiting. READ COMMITTED: a row that
// changed under the statement is locked in its newest version and given to the ConflictHandler;
// REPEATABLE READ and above: 40001.
// Threads: one owner.
// Errors: 23505 naming the constraint, 40001, 40P01, 57014, 25006, 53200, 54000.
#ifndef DRIFTDB_TXN_TABLE_WRITER_H_
#define DRIFTDB_TXN_TABLE_WRITER_H_

#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "txn/table_target.h"
#include "txn/transaction.h"
#include "types/chunk.h"

namespace driftdb::txn {

// Decides about a row whose newest version is not the one the statement saw (READ COMMITTED only).
class ConflictHandler {
 public:
  virtual ~ConflictHandler() = default;
  // `newest`: one row with all columns of the table by storage ordinal. True: still qualifies; for
  // updates `values` (one flat column per set column, row 0) then holds what to set.
  virtual Result<bool> Recheck(Chunk* newest, Chunk* values) = 0;
};

class TableWriter {
 public:
  // `snapshot` of the statement. `handler` may be null: a changed row is then skipped if gone,
  // 40001 otherwise.
  TableWriter(Transaction* transaction, const TableTarget* target, const Snapshot& snapshot,
              ConflictHandler* handler);
  // Ready for another statement of the same transaction object; buffers are kept.
  void Restart(const Snapshot& snapshot);

  // Columns by storage ordinal (or fewer: the rest are `missing`). out[i] belongs to the i-th alive
  // row; may be null.
  Status Insert(Chunk* rows, RowId* out);
  // For i in [0, count): sets `columns` of rids[i] to row i of `values`; `old_rows` row i holds
  // what the statement saw, by storage ordinal. changed[i] (may be null) tells whether the row was
  // changed; rows that are gone or no longer qualify are not. On return row i of `old_rows` and
  // `values` hold what was really replaced and set.
  Status Update(std::span<const RowId> rids, std::span<const uint32_t> columns, Chunk* old_rows,
                Chunk* values, bool* changed);
  Status Delete(std::span<const RowId> rids, Chunk* old_rows, bool* changed);
  // Judges what was left open (TW-2). Call once, after the last row.
  Status Finish();

  uint64_t rows_changed() const { return rows_changed_; }

 private:
  struct Suspect {  // a key that may be there twice
    size_t index;
    std::string key;
  };
  enum class RowFate : uint8_t { kWritten, kSkipped };

  Status Prepare();
  // The one alive row, without the vectors' detours.
  Status InsertRow(const Chunk& rows);
  Status InsertRows(Chunk* rows);
  storage::WriteContext Context();
  Result<RowFate> UpdateRow(RowId rid, std::span<const uint32_t> columns, Chunk* old_rows,
                            Chunk* values, size_t row);
  Result<RowFate> DeleteRow(RowId rid, Chunk* old_rows, size_t row);
  // Locks the newest version and asks the handler. kSkipped: nothing to do any more.
  Result<RowFate> Reconsider(RowId rid, Chunk* old_rows, Chunk* values, size_t row);

  Status MoveKeys(std::span<const RowId> rids, const bool* written, Chunk* old_rows,
                  std::span<const uint32_t> columns, Chunk* values);
  Status PutEntry(size_t index, std::string_view key, RowId rid, storage::EntryState state);
  Status PutUnique(size_t index, std::string_view key, RowId rid, bool defer);
  Status Violation(size_t index, std::string_view key) const;
  void Remember(storage::Index* index, std::string_view key, RowId rid,
                storage::EntryState previous);

  Transaction* const transaction_;
  const TableTarget* const target_;
  Snapshot snapshot_;
  ConflictHandler* const handler_;
  uint64_t rows_changed_ = 0;
  std::vector<Suspect> suspects_;
  KeyBatch keys_, old_keys_;
  std::vector<RowId> rids_;
  std::vector<Vector*> key_columns_, old_key_columns_;  // scratch
  std::vector<const void*> values_;                     // scratch
  std::vector<int64_t> scratch_;
};

}  // namespace driftdb::txn

#endif  // DRIFTDB_TXN_TABLE_WRITER_H_
