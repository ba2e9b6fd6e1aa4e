// Transaction: what one connection is doing: snapshot, statements, undo, redo, savepoints, locks.
// Life: idle -> Begin (explicit) or the first statement (autocommit) -> statements -> Commit or
// Abort -> idle. The object is reused; a transaction that only reads never gets a txid and touches
// no shared state but its snapshot slot. Invariants: (TXN-1) every statement has a number; writes
// carry it (C14); (TXN-2) a failed statement leaves no change: undo, redo, and index entries go
// back to its mark; (TXN-3) READ COMMITTED takes a snapshot per statement, REPEATABLE READ one per
// transaction; (TXN-4) the slot pins the minimum of all open statements (C29). Threads: one at a
// time, except `cancel`, which anyone may set.
#ifndef DRIFTDB_TXN_TRANSACTION_H_
#define DRIFTDB_TXN_TRANSACTION_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/memory.h"
#include "base/status.h"
#include "storage/btree/entry.h"
#include "storage/mvcc/undo.h"
#include "txn/index_changes.h"
#include "txn/redo.h"
#include "txn/snapshot_registry.h"
#include "txn/table_lock.h"
#include "txn/wait_graph.h"
#include "types/ids.h"

namespace driftdb::storage {
class Index;
class Table;
}  // namespace driftdb::storage

namespace driftdb::txn {

class TransactionManager;

enum class Isolation : uint8_t { kReadCommitted, kRepeatableRead, kSerializable };

// All that a writing transaction leaves to the collector; recycled as a unit.
struct WriterState {
  explicit WriterState(MemoryAccountant* memory)
      : undo(memory), index_changes(memory), redo_memory(memory, "redo of a transaction") {}
  storage::UndoLog undo;
  IndexChanges index_changes;
  MemoryReservation redo_memory;
  CommitSeq seq;
  // Set when every word carries the commit number; the collector goes no further than that.
  std::atomic<bool> stamped{false};
  std::unique_ptr<WriterState> next;  // in the manager's list of stranded ones
};

// What layers above keep per transaction (catalog changes, sequences, files to delete).
class TransactionHook {
 public:
  virtual ~TransactionHook() = default;
  // Before the commit gets its number; may append redo. A failure aborts the transaction.
  virtual Status BeforeCommit() { return OkStatus(); }
  // Under the commit latch, in commit order; must be quick, must not allocate (C11), cannot fail.
  virtual void AtCommit(CommitSeq seq) {}
  // After the commit is published.
  virtual void AfterCommit() {}
  virtual void OnAbort() {}
  // Nested scopes (savepoints and statements): `depth` counts them.
  virtual void OnMark(uint32_t depth) {}
  virtual void OnRollbackTo(uint32_t depth) {}
};

class Transaction {
 public:
  explicit Transaction(TransactionManager* manager);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  // Opens an explicit block. REQUIRES: idle.
  void Begin(Isolation isolation, bool read_only);
  // Explicit block open?
  bool in_block() const { return in_block_; }
  // A statement of the block failed: only ROLLBACK [TO] is allowed (25P02).
  bool failed() const { return failed_; }
  // Fails the block. What it did since its last savepoint (or at all) can only be rolled back from
  // here on, so that happens now: nobody waits for a client to say so.
  void Fail();
  bool read_only() const { return read_only_; }
  void set_read_only(bool read_only) { read_only_ = read_only; }
  Isolation isolation() const { return isolation_; }
  // 25001 after the first statement of the block.
  Status SetIsolation(Isolation isolation);

  // Starts a statement and yields its snapshot. Every BeginStatement is matched by one
  // EndStatement.
  Snapshot BeginStatement();
  // `ok` false undoes the statement's changes (TXN-2). In autocommit mode the caller commits or
  // aborts afterwards, when no statement is open any more.
  void EndStatement(const Snapshot& snapshot);
  // The snapshot's own changes are still there as the statement saw them: false once they were
  // committed (a snapshot does not see that) or rolled back.
  bool Stands(const Snapshot& snapshot) const;
  // Refreshes a READ COMMITTED statement's view for a second look at a row that changed under it.
  CommitSeq LatestPublished() const;
  uint32_t open_statements() const { return static_cast<uint32_t>(open_.size()); }
  // The one snapshot of a REPEATABLE READ block, once it is taken; else 0.
  CommitSeq transaction_snapshot() const {
    return has_transaction_snapshot_ ? transaction_snapshot_ : CommitSeq(0);
  }

  // The txid, made at the first write. Errors: 25006 in a read-only transaction, 53300.
  Result<TxnId> EnsureWriter();
  TxnId txid() const { return txid_; }
  bool has_writes() const { return txid_.value != 0; }
  uint32_t statement() const { return statement_; }
  // A fresh number for writes that later ones of the same statement must be able to change again.
  uint32_t AdvanceStatement() { return ++statement_; }

  storage::UndoLog* undo() { return &writer_->undo; }
  std::string* redo() { return &redo_; }
  IndexChanges* index_changes() { return &writer_->index_changes; }
  uint32_t hook_depth() const { return hook_depth_; }
  // After each batch of changes: counts what the transaction holds against the memory limit, and
  // sends the redo collected so far as a PART when it has grown large (C6). Errors: 53200, the
  // log's.
  Status MaybeFlushRedo();

  // Marks for savepoints and for statement atomicity; RollbackTo leaves later marks invalid. It
  // returns what doomed the transaction, if anything did: nobody may go on writing in it then.
  struct Mark {
    storage::UndoMark undo;
    uint64_t redo_position = 0;  // counts flushed parts too
    uint64_t puts = 0;
    size_t locks = 0;
    uint32_t statement = 0;  // last one before
    uint32_t hook_depth = 0;
  };
  Mark TakeMark();
  void ReleaseMark(const Mark& mark);
  Status RollbackTo(const Mark& mark);

  // SAVEPOINT name, RELEASE, ROLLBACK TO. Errors: 3B001, 25P01.
  Status Savepoint(const std::string& name);
  Status ReleaseSavepoint(const std::string& name);
  Status RollbackToSavepoint(const std::string& name);

  // Ends the transaction. After an error of Commit the transaction is gone too: rolled back, unless
  // the error is 40003 (outcome unknown).
  Status Commit();
  void Abort();

  // Set when extents were written that the commit's log records will name.
  void RequireMainSync() { main_sync_ = true; }
  // The commit at level `on` waits until the log is durable up to `lsn`, also when it writes
  // nothing itself: what it has told its client must not be forgotten.
  void RequireDurable(Lsn lsn) { durable_before_ = std::max(durable_before_, lsn); }
  void set_commit_level(CommitLevel level) { level_ = level; }
  void AddHook(std::shared_ptr<TransactionHook> hook) { hooks_.push_back(std::move(hook)); }
  const std::vector<std::shared_ptr<TransactionHook>>& hooks() const { return hooks_; }
  // Catalog version to be recorded with the commit; 0: unchanged.
  void set_catalog_version(uint64_t version) { catalog_version_ = version; }

  // Waits until the transaction that holds a row has ended (or, holder 0, until `seq` is
  // published). Errors: 40P01, 57014, 55P03.
  Status WaitFor(TxnId holder, CommitSeq seq);
  void set_cancel_flag(const std::atomic<bool>* cancel) { limits_.cancel = cancel; }
  // Of each wait, and of the running statement altogether; 0: none.
  void set_wait_limits(int64_t timeout_ms, int64_t deadline_us) {
    limits_.timeout_ms = timeout_ms;
    limits_.deadline_us = deadline_us;
  }
  const WaitLimits& wait_limits() const { return limits_; }
  // Identity in the wait graph; constant for the life of the object.
  uint64_t participant() const { return participant_; }
  // Takes a table lock for the rest of the transaction. The modes that keep writers away also wait
  // until what those writers have committed is published: level `off` may release its locks before.
  Status LockTable(const std::shared_ptr<TableLock>& lock, LockMode mode);
  // The same without waiting for other transactions; false: somebody stands in the way.
  Result<bool> TryLockTable(const std::shared_ptr<TableLock>& lock, LockMode mode);
  // Microseconds since 1970 UTC of the transaction's first statement.
  int64_t start_time() const { return start_time_; }
  // commit_seq and log position of the last commit made here.
  CommitSeq last_commit_seq() const { return last_commit_seq_; }
  TransactionManager* manager() const { return manager_; }

 private:
  friend class TransactionManager;
  struct NamedSavepoint {
    std::string name;
    Mark mark;
  };
  void Finish();
  void LetGo();
  void RepinSlot();
  void TakeBackPuts(uint64_t from);
  bool TakeBack(const Mark& mark);
  void RollbackToLast();  // savepoint
  Status TryRollbackToLast();
  Status WaitForWriters(LockMode mode);

  TransactionManager* const manager_;
  SnapshotSlot* const slot_;
  Isolation isolation_ = Isolation::kReadCommitted;
  bool in_block_ = false, failed_ = false, read_only_ = false, main_sync_ = false;
  CommitLevel level_ = CommitLevel::kOn;
  Lsn durable_before_;
  TxnId txid_;
  uint32_t statement_ = 0;
  bool has_transaction_snapshot_ = false;
  CommitSeq transaction_snapshot_;
  std::vector<CommitSeq> open_;  // snapshots of open statements
  std::unique_ptr<WriterState> writer_;
  std::string redo_;
  uint64_t redo_flushed_ = 0;  // bytes sent as parts
  bool part_sent_ = false;
  Status doomed_;  // why this transaction can no longer commit
  uint64_t catalog_version_ = 0;
  uint32_t hook_depth_ = 0;
  std::vector<NamedSavepoint> savepoints_;
  // Statements (first, last] whose changes a ROLLBACK TO has undone.
  std::vector<std::pair<uint32_t, uint32_t>> undone_;
  std::vector<std::shared_ptr<TransactionHook>> hooks_;
  WaitLimits limits_;
  const uint64_t participant_;
  // The txid once more, for others who look for the holder of a row.
  std::atomic<uint64_t> visible_txid_{0};
  HeldLocks locks_;
  int64_t start_time_ = 0;
  CommitSeq last_commit_seq_;
};

}  // namespace driftdb::txn

#endif  // DRIFTDB_TXN_TRANSACTION_H_
