#include "txn/transaction.h"

#include <algorithm>

#include "base/check.h"
#include "base/error.h"
#include "base/guard.h"
#include "base/status_macros.h"
#include "platform/thread.h"
#include "storage/btree/index.h"
#include "txn/transaction_manager.h"

namespace driftdb::txn {

namespace {

// A PART goes out when this much redo has collected; one frame takes a little less than 1 MiB.
constexpr size_t kTransactionPartBytes = 512 * 1024;
// Small transactions leave the shared budget alone.
constexpr size_t kTransactionUncountedBytes = 16 * 1024;

}  // namespace

Transaction::Transaction(TransactionManager* manager)
    : manager_(manager),
      slot_(manager->snapshots()->Claim()),
      participant_(manager->Register(this)) {}

Transaction::~Transaction() {
  DRIFTDB_DCHECK(open_.empty());
  if (has_writes() || in_block_) Abort();
  manager_->Unregister(this);
  manager_->snapshots()->Release(slot_);
}

void Transaction::Begin(Isolation isolation, bool read_only) {
  DRIFTDB_DCHECK(!in_block_ && !has_writes());
  in_block_ = true;
  isolation_ = isolation;
  read_only_ = read_only;
}

Status Transaction::SetIsolation(Isolation isolation) {
  if (isolation == isolation_) return OkStatus();
  if (statement_ > 0) {
    return Error(sqlstate::kActiveTransaction,
                 "SET TRANSACTION ISOLATION LEVEL must be called before any query");
  }
  isolation_ = isolation;
  return OkStatus();
}

Snapshot Transaction::BeginStatement() {
  // A session sees its own commits, also those whose level lets them be published late (C5).
  if (last_commit_seq_ > manager_->published()) {
    (void)manager_->WaitPublished(last_commit_seq_);
  }
  if (statement_ == 0 && open_.empty()) {
    start_time_ = manager_->environment().clock->WallMicros();
  }
  // Room for what a failure of this statement notes: undoing must not fail (C11).
  if (undone_.size() == undone_.capacity()) undone_.reserve(2 * undone_.size() + 2);
  Snapshot snapshot;
  if (has_transaction_snapshot_) {
    snapshot.seq = transaction_snapshot_;
  } else if (slot_->pinned()) {
    snapshot.seq = manager_->published();  // another statement's pin is at or below it (TXN-4)
  } else {
    snapshot.seq = slot_->Pin(*manager_->environment().transactions);
  }
  if (in_block_ && isolation_ != Isolation::kReadCommitted && !has_transaction_snapshot_) {
    has_transaction_snapshot_ = true;
    transaction_snapshot_ = snapshot.seq;
  }
  open_.push_back(snapshot.seq);
  snapshot.txn = txid_;
  snapshot.statement = ++statement_;
  return snapshot;
}

void Transaction::EndStatement(const Snapshot& snapshot) {
  const auto it = std::find(open_.begin(), open_.end(), snapshot.seq);
  DRIFTDB_DCHECK(it != open_.end());
  if (it != open_.end()) open_.erase(it);
  RepinSlot();
}

void Transaction::RepinSlot() {
  if (has_transaction_snapshot_) return;
  if (open_.empty()) {
    slot_->Unpin();
  } else {
    slot_->PinAt(*std::min_element(open_.begin(), open_.end()));
  }
}

CommitSeq Transaction::LatestPublished() const { return manager_->published(); }

Result<TxnId> Transaction::EnsureWriter() {
  if (has_writes()) return txid_;
  if (read_only_) {
    return Error(sqlstate::kReadOnlyTransaction, "cannot change data in a read-only transaction");
  }
  DRIFTDB_RETURN_IF_ERROR(manager_->CheckWritable());
  if (writer_ == nullptr) writer_ = manager_->TakeWriterState();
  DRIFTDB_ASSIGN_OR_RETURN(txid_, manager_->environment().transactions->Begin());
  visible_txid_.store(txid_.value, std::memory_order_release);
  writer_->undo.Begin(txid_);
  return txid_;
}

Status Transaction::MaybeFlushRedo() {
  if (!has_writes()) return OkStatus();
  // Undo and index changes are counted where they are allocated.
  DRIFTDB_RETURN_IF_ERROR(writer_->redo_memory.Resize(
      redo_.capacity() > kTransactionUncountedBytes ? redo_.capacity() : 0));
  if (redo_.size() < kTransactionPartBytes) return OkStatus();
  return manager_->FlushPart(this);
}

Transaction::Mark Transaction::TakeMark() {
  Mark mark;
  mark.hook_depth = hook_depth_ + 1;
  for (const auto& hook : hooks_) hook->OnMark(mark.hook_depth);
  hook_depth_ = mark.hook_depth;
  mark.redo_position = redo_flushed_ + redo_.size();
  mark.locks = locks_.size();
  mark.statement = statement_;
  if (has_writes()) {
    mark.undo = writer_->undo.Mark();
    mark.puts = writer_->index_changes.count();
  }
  return mark;
}

void Transaction::ReleaseMark(const Mark& mark) { hook_depth_ = mark.hook_depth - 1; }

Status Transaction::RollbackTo(const Mark& mark) {
  if (has_writes() && !TakeBack(mark)) {
    doomed_ = Status::OutOfMemory();  // what still stands is Abort's
  } else if (has_writes()) {
    if (mark.redo_position >= redo_flushed_) {
      redo_.resize(mark.redo_position - redo_flushed_);
    } else {
      // Some of what is undone went out as a PART: the log gets a record that cuts it off at
      // replay.
      Status sent = Guarded([&] {
        std::string record;
        RedoWriter(&record).RollbackTo(txid_, mark.redo_position);
        return manager_->AppendSystem(record, 1);
      });
      if (!sent.ok()) doomed_ = sent;  // the log still holds what was undone: never commit it
      redo_.clear();
      redo_flushed_ = mark.redo_position;
    }
  }
  for (const auto& hook : hooks_) {
    const Status undone = Guarded([&] { hook->OnRollbackTo(mark.hook_depth); });
    if (!undone.ok()) doomed_ = undone;
  }
  hook_depth_ = mark.hook_depth - 1;
  locks_.ReleaseFrom(this, mark.locks);
  manager_->waits()->Release(participant_);  // row locks taken since the mark are free again
  return doomed_;
}

void Transaction::RollbackToLast() {
  NamedSavepoint& last = savepoints_.back();
  if (statement_ > last.mark.statement) undone_.emplace_back(last.mark.statement, statement_);
  (void)RollbackTo(last.mark);  // TryRollbackToLast returns it
  last.mark = TakeMark();       // the savepoint itself stays
}

// Whatever happens, nobody goes on as if it had been undone.
Status Transaction::TryRollbackToLast() {
  const Status undone = Guarded([this] { RollbackToLast(); });
  if (!undone.ok()) doomed_ = undone;
  return doomed_;
}

void Transaction::Fail() {
  if (!in_block_ || failed_) return;
  if (!savepoints_.empty()) {
    (void)TryRollbackToLast();
  } else {
    const Isolation isolation = isolation_;
    const bool read_only = read_only_;
    Abort();
    in_block_ = true;
    isolation_ = isolation;
    read_only_ = read_only;
  }
  failed_ = true;
}

bool Transaction::Stands(const Snapshot& snapshot) const {
  if (snapshot.txn.value == 0) return true;
  if (snapshot.txn != txid_) return false;
  return std::none_of(undone_.begin(), undone_.end(), [&](const auto& range) {
    return snapshot.statement > range.first && snapshot.statement <= range.second;
  });
}

// Undoing needs memory where a scan holds the array that must be changed, and then a copy of it.
// False: there is none, and some changes still stand; another call goes on with them.
bool Transaction::TakeBack(const Mark& mark) {
  constexpr int kAttempts = 100;
  constexpr int64_t kPauseUs = 1000;  // in which a scan may end, or somebody give memory back
  for (int i = 0; i < kAttempts; ++i) {
    if (i > 0) platform::SleepMicros(kPauseUs);
    const Status taken = Guarded([&] {
      // Index entries first: while the rows are still locked nobody else may write them (BT-3).
      TakeBackPuts(mark.puts);
      writer_->undo.RollbackTo(mark.undo);
    });
    if (taken.ok()) return true;
  }
  return false;
}

void Transaction::TakeBackPuts(uint64_t from) {
  IndexChanges& changes = writer_->index_changes;
  while (changes.count() > from) {
    const IndexPut put = changes.last();
    put.index->Undo(changes.last_key(), put.row, put.previous, txid_);
    changes.Pop();
  }
}

Status Transaction::Savepoint(const std::string& name) {
  if (!in_block_) {
    return Error(sqlstate::kNoActiveTransaction,
                 "SAVEPOINT can only be used in transaction blocks");
  }
  savepoints_.push_back({name, TakeMark()});
  return OkStatus();
}

Status Transaction::ReleaseSavepoint(const std::string& name) {
  if (!in_block_) {
    return Error(sqlstate::kNoActiveTransaction,
                 "RELEASE SAVEPOINT can only be used in transaction blocks");
  }
  for (size_t i = savepoints_.size(); i-- > 0;) {
    if (savepoints_[i].name != name) continue;
    ReleaseMark(savepoints_[i].mark);
    savepoints_.resize(i);
    return OkStatus();
  }
  return Error(sqlstate::kInvalidSavepoint, "savepoint \"{}\" does not exist", name);
}

Status Transaction::RollbackToSavepoint(const std::string& name) {
  if (!in_block_) {
    return Error(sqlstate::kNoActiveTransaction,
                 "ROLLBACK TO SAVEPOINT can only be used in transaction blocks");
  }
  for (size_t i = savepoints_.size(); i-- > 0;) {
    if (savepoints_[i].name != name) continue;
    savepoints_.resize(i + 1);
    Status undone = TryRollbackToLast();
    failed_ = !undone.ok();
    return undone;
  }
  return Error(sqlstate::kInvalidSavepoint, "savepoint \"{}\" does not exist", name);
}

Status Transaction::Commit() {
  DRIFTDB_DCHECK(!failed_);
  Status status = doomed_;
  if (!status.ok()) {
    Abort();
    return status;
  }
  for (const auto& hook : hooks_) {
    status = Guarded([&] { return hook->BeforeCommit(); });
    if (!status.ok()) {
      Abort();
      return status;
    }
  }
  if (has_writes()) {
    status = Guarded([this] { return manager_->CommitTransaction(this); });
    if (!status.ok() && has_writes()) {  // failed before the log append: nothing happened
      Abort();
      return status;
    }
  } else {
    for (const auto& hook : hooks_) hook->AtCommit(manager_->published());
  }
  if (status.ok()) {
    for (const auto& hook : hooks_) hook->AfterCommit();
  }
  if (status.ok() && level_ == CommitLevel::kOn && durable_before_.value != 0) {
    status = manager_->EnsureDurable(durable_before_);
  }
  Finish();
  return status;
}

void Transaction::Abort() {
  if (has_writes() && !TakeBack({})) {
    manager_->Strand(std::move(writer_));
    txid_ = TxnId();
  } else if (has_writes()) {
    manager_->ForgetParts(this);
    storage::TransactionTable* table = manager_->environment().transactions;
    table->Abort(txid_);
    table->Release(txid_);
    txid_ = TxnId();
    manager_->Recycle(std::move(writer_));
  }
  for (const auto& hook : hooks_) {
    // Space it could not free is found at the next opening; a run of COPY's that it could
    // not take off an index stays until then.
    (void)Guarded([&] { hook->OnAbort(); });
  }
  Finish();
}

// The ended transaction's locks, and who waits for them.
void Transaction::LetGo() {
  visible_txid_.store(0, std::memory_order_release);
  if (open_.empty()) {
    locks_.ReleaseAll(this);
  } else {
    locks_.ReleaseWrites(this);  // an open query keeps its tables from being dropped
  }
  manager_->waits()->Release(participant_);
}

void Transaction::Finish() {
  const bool waited_for = has_writes() || visible_txid_.load() != 0 || locks_.size() > 0;
  hooks_.clear();
  savepoints_.clear();
  undone_.clear();
  txid_ = TxnId();
  if (waited_for) LetGo();
  in_block_ = failed_ = read_only_ = main_sync_ = part_sent_ = false;
  has_transaction_snapshot_ = false;
  isolation_ = Isolation::kReadCommitted;
  redo_.clear();
  if (redo_.capacity() > kTransactionPartBytes) redo_.shrink_to_fit();
  redo_flushed_ = 0;
  durable_before_ = Lsn(0);
  doomed_ = OkStatus();
  catalog_version_ = 0;
  hook_depth_ = 0;
  statement_ = 0;
  RepinSlot();
}

Status Transaction::LockTable(const std::shared_ptr<TableLock>& lock, LockMode mode) {
  DRIFTDB_RETURN_IF_ERROR(locks_.Acquire(this, lock, mode));
  return WaitForWriters(mode);
}

Result<bool> Transaction::TryLockTable(const std::shared_ptr<TableLock>& lock, LockMode mode) {
  if (!locks_.TryAcquire(this, lock, mode)) return false;
  DRIFTDB_RETURN_IF_ERROR(WaitForWriters(mode));
  return true;
}

// Writers that had the table before have ended, but may not be published yet (TXN-7).
Status Transaction::WaitForWriters(LockMode mode) {
  if (mode != LockMode::kShare && mode != LockMode::kAccessExclusive) return OkStatus();
  CommitSeq last;
  manager_->WithCommitLatch([&last](CommitSeq seq) { last = seq; });
  return manager_->WaitPublished(last);
}

Status Transaction::WaitFor(TxnId holder, CommitSeq seq) {
  if (holder.value == 0) return manager_->WaitPublished(seq);
  DRIFTDB_RETURN_IF_ERROR(manager_->CheckWritable());  // a stranded holder never ends (TM-5)
  const uint64_t other = manager_->ParticipantOf(holder);
  if (other == 0) return OkStatus();  // it has ended meanwhile
  const storage::TransactionTable* table = manager_->environment().transactions;
  return manager_->waits()->Wait(participant_, other, limits_, [table, holder] {
    return table->Resolve(holder).kind != storage::TxnState::Kind::kActive;
  });
}

}  // namespace driftdb::txn
