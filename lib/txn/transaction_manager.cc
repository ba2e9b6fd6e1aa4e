#include "txn/transaction_manager.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"
#include "base/error.h"
#include "base/guard.h"
#include "base/status_macros.h"
#include "storage/page/extent_store.h"

namespace driftdb::txn {

namespace {

constexpr size_t kManagerSpareStates = 64;
constexpr size_t kManagerPartHeaderMax = 32;

// Bytes of a commit record's seq, patched under the latch: kind and txid come first.
constexpr size_t kManagerSeqOffset = 1 + 8;

}  // namespace

TransactionManager::TransactionManager(const ManagerEnvironment& environment, CommitSeq last_seq)
    : environment_(environment),
      snapshots_(environment.transactions),
      waits_(environment.clock),
      last_seq_(last_seq.value) {
  spare_.reserve(kManagerSpareStates);  // Recycle runs after commits and must not allocate (C11)
}

TransactionManager::~TransactionManager() = default;

uint64_t TransactionManager::Register(Transaction* transaction) {
  platform::MutexLock lock(&sessions_mutex_);
  sessions_.push_back(transaction);
  return next_participant_++;
}

void TransactionManager::Unregister(Transaction* transaction) {
  platform::MutexLock lock(&sessions_mutex_);
  std::erase(sessions_, transaction);
}

uint64_t TransactionManager::ParticipantOf(TxnId txn) {
  platform::MutexLock lock(&sessions_mutex_);
  for (const Transaction* session : sessions_) {
    if (session->visible_txid_.load(std::memory_order_acquire) == txn.value) {
      return session->participant_;
    }
  }
  return 0;
}

std::vector<TxnId> TransactionManager::ActiveWriters() {
  std::vector<TxnId> writers;
  platform::MutexLock lock(&sessions_mutex_);
  for (const Transaction* session : sessions_) {
    const TxnId txn(session->visible_txid_.load(std::memory_order_acquire));
    if (txn.value == 0) continue;
    if (environment_.transactions->Resolve(txn).kind == storage::TxnState::Kind::kActive) {
      writers.push_back(txn);
    }
  }
  for (const WriterState* state = stranded_.get(); state != nullptr; state = state->next.get()) {
    writers.push_back(state->undo.txn());
  }
  return writers;
}

CommitSeq TransactionManager::Horizon() const { return snapshots_.Horizon(); }

std::unique_ptr<WriterState> TransactionManager::TakeWriterState() {
  {
    platform::MutexLock lock(&garbage_mutex_);
    if (!spare_.empty()) {
      std::unique_ptr<WriterState> writer = std::move(spare_.back());
      spare_.pop_back();
      return writer;
    }
  }
  return std::make_unique<WriterState>(environment_.memory);
}

void TransactionManager::Recycle(std::unique_ptr<WriterState> writer) {
  writer->undo.Reset();
  writer->index_changes.Clear();
  writer->redo_memory.ReleaseAll();
  writer->stamped.store(false, std::memory_order_relaxed);
  platform::MutexLock lock(&garbage_mutex_);
  if (spare_.size() < kManagerSpareStates) spare_.push_back(std::move(writer));
}

void TransactionManager::Strand(std::unique_ptr<WriterState> writer) {
  Poison(Status::OutOfMemory());
  platform::MutexLock lock(&sessions_mutex_);
  writer->next = std::move(stranded_);
  stranded_ = std::move(writer);
}

Status TransactionManager::CheckWritable() const {
  Status poison;
  if (poisoned_.load(std::memory_order_acquire)) {
    platform::MutexLock lock(&poison_mutex_);
    poison = poison_;
  } else if (environment_.extents != nullptr) {
    // A bulk load or an index build may have met the failure, not a commit or a checkpoint.
    poison = environment_.extents->poison();
  }
  if (!poison.ok()) {
    return Error(sqlstate::kIoError, "database is read-only after a failed write: {}",
                 poison.message())
        .WithHint("Close the database and open it again.");
  }
  if (environment_.log == nullptr) {
    return Error(sqlstate::kReadOnlyTransaction, "database is open read-only");
  }
  return OkStatus();
}

void TransactionManager::Poison(const Status& why) {
  platform::MutexLock lock(&poison_mutex_);
  if (poison_.ok()) poison_ = why;
  poisoned_.store(true, std::memory_order_release);
}

Status TransactionManager::FlushPart(Transaction* transaction) {
  if (!transaction->part_sent_) {
    // A position before the first piece, known before it is sent, so that a checkpoint never trims
    // the log past it.
    DRIFTDB_ASSIGN_OR_RETURN(const wal::LogPosition position,
                             environment_.log->WaitPosition(environment_.log->Cut()));
    platform::MutexLock lock(&parts_mutex_);
    parts_.emplace_back(transaction->txid_, position);
    transaction->part_sent_ = true;
  }
  // A frame holds at most 1 MiB: a large batch goes out in several.
  const std::string_view redo = transaction->redo_;
  size_t sent = 0;
  Status status;
  while (status.ok() && sent < redo.size()) {
    const size_t bytes =
        std::min(redo.size() - sent, wal::kFramePayloadMax - kManagerPartHeaderMax);
    std::string header;
    RedoWriter(&header).PartHeader(transaction->txid_, bytes);
    // The log would queue a large transaction in memory until somebody commits: what is ahead is
    // written meanwhile, and waited for when it is much.
    status = environment_.log->PrepareSpace(header.size() + bytes);
    if (!status.ok()) break;
    const std::array<std::string_view, 2> pieces = {header, redo.substr(sent, bytes)};
    status = environment_.log->Append(pieces, 1, wal::kFramePart).status();
    if (status.ok()) sent += bytes;
  }
  environment_.log->RequestFlush();
  // Also where a later frame found no room: what went before it is in the log, and the rollback of
  // the statement has to cut it off there (REDO-6).
  transaction->redo_flushed_ += sent;
  transaction->redo_.erase(0, sent);
  return status;
}

void TransactionManager::ForgetParts(Transaction* transaction) {
  if (!transaction->part_sent_) return;
  // Spares recovery from keeping the pieces. When it fails they are found unfinished, and no other
  // transaction of this process has the same txid.
  (void)Guarded([&] {
    std::string record;
    RedoWriter(&record).Abort(transaction->txid_);
    return AppendSystem(record, 1);
  });
  platform::MutexLock lock(&parts_mutex_);
  std::erase_if(parts_, [&](const auto& part) { return part.first == transaction->txid_; });
  transaction->part_sent_ = false;
}

wal::LogPosition TransactionManager::OldestPart(const wal::LogPosition& otherwise) {
  platform::MutexLock lock(&parts_mutex_);
  wal::LogPosition oldest = otherwise;
  for (const auto& [txn, position] : parts_) {
    if (position.lsn < oldest.lsn) oldest = position;
  }
  return oldest;
}

Result<Lsn> TransactionManager::AppendCommit(Transaction* transaction, CommitSeq* seq) {
  std::string header;
  if (transaction->part_sent_) {
    RedoWriter(&header).PartHeader(transaction->txid_, transaction->redo_.size());
  }
  std::string commit;
  CommitRecord record;
  record.txn = transaction->txid_;
  record.level = transaction->level_;
  record.catalog_version = transaction->catalog_version_;
  RedoWriter(&commit).Commit(record);
  const size_t bytes = header.size() + transaction->redo_.size() + commit.size();
  DRIFTDB_RETURN_IF_ERROR(environment_.log->PrepareSpace(bytes));

  // Allocated here: from the reservation on nothing may fail, an exception would leave a frame that
  // is never filled, and the log waiting for it (C11).
  std::list<Pending> pending(1);
  std::list<std::unique_ptr<WriterState>> garbage(1);
  wal::LogWriter::Reservation space;
  {
    platform::MutexLock lock(&commit_latch_);
    DRIFTDB_RETURN_IF_ERROR(CheckWritable());
    DRIFTDB_ASSIGN_OR_RETURN(space, environment_.log->Reserve(bytes, 1, 0));
    // From here on the commit is in the log's order and cannot be taken back (TM-3).
    *seq = CommitSeq(++last_seq_);
    pending.front() = {seq->value, space.end, transaction->level_};
    pending_.splice(pending_.end(), pending);
    environment_.transactions->Commit(transaction->txid_, *seq);
    for (const auto& hook : transaction->hooks_) hook->AtCommit(*seq);
    // Queued in commit order and before anybody can build on these versions: the collector takes
    // the records of one row oldest first.
    transaction->writer_->seq = *seq;
    garbage.front() = std::move(transaction->writer_);
    platform::MutexLock garbage_lock(&garbage_mutex_);
    garbage_.splice(garbage_.end(), garbage);
  }
  StoreFixed(commit.data() + kManagerSeqOffset, seq->value);
  char* to = space.to;
  for (const std::string_view piece :
       {std::string_view(header), std::string_view(transaction->redo_), std::string_view(commit)}) {
    std::memcpy(to, piece.data(), piece.size());
    to += piece.size();
  }
  environment_.log->Complete(space);
  return space.end;
}

Status TransactionManager::CommitTransaction(Transaction* transaction) {
  if (transaction->writer_->undo.empty() && transaction->redo_.empty() &&
      !transaction->part_sent_) {
    transaction->Abort();  // a writer that wrote nothing
    return OkStatus();
  }
  if (transaction->main_sync_) {
    // The extents that the log is about to name must be durable first (C9).
    Status synced = environment_.extents->Sync();
    if (!synced.ok()) {
      Poison(synced);
      return synced;
    }
  }
  // What does not fit one frame with its commit record goes ahead as parts.
  if (transaction->redo_.size() + 256 > wal::kFramePayloadMax) {
    DRIFTDB_RETURN_IF_ERROR(FlushPart(transaction));
  }
  CommitSeq seq;
  WriterState* const writer = transaction->writer_.get();
  DRIFTDB_ASSIGN_OR_RETURN(const Lsn end, AppendCommit(transaction, &seq));

  const TxnId txid = transaction->txid_;
  writer->undo.Stamp(seq);
  writer->index_changes.Clear();  // only a rollback would need them
  writer->redo_memory.ReleaseAll();
  environment_.transactions->Release(txid);
  writer->stamped.store(true, std::memory_order_release);
  transaction->txid_ = TxnId();
  transaction->last_commit_seq_ = seq;

  if (transaction->level_ == CommitLevel::kOn) {
    Status durable = EnsureDurable(end);
    if (!durable.ok()) {
      waits_.Release(transaction->participant_);
      return durable;
    }
  }
  if (transaction->level_ == CommitLevel::kOff) environment_.log->RequestFlush();
  if (published() < seq) PublishReady();
  commits_.fetch_add(1, std::memory_order_relaxed);
  if (transaction->part_sent_) {
    platform::MutexLock lock(&parts_mutex_);
    std::erase_if(parts_, [&](const auto& part) { return part.first == txid; });
  }
  waits_.Release(transaction->participant_);
  Collect();
  return OkStatus();
}

void TransactionManager::PublishReady() {
  uint64_t seq = 0;
  {
    platform::MutexLock lock(&commit_latch_);
    const Lsn durable = environment_.log->durable_lsn();
    while (!pending_.empty() &&
           (pending_.front().level == CommitLevel::kOff || pending_.front().end <= durable)) {
      seq = pending_.front().seq;
      pending_.pop_front();
    }
    // Inside the latch: two publishers must not store out of order (TM-1).
    if (seq != 0) environment_.transactions->Publish(CommitSeq(seq));
  }
  if (seq != 0) {
    platform::MutexLock lock(&publish_mutex_);
    published_changed_.NotifyAll();
  }
}

Status TransactionManager::WaitPublished(CommitSeq seq) {
  constexpr int64_t kPollUs = 2'000;
  while (published() < seq) {
    DRIFTDB_RETURN_IF_ERROR(CheckWritable());
    PublishReady();
    if (published() >= seq) break;
    platform::MutexLock lock(&publish_mutex_);
    if (published() < seq) published_changed_.WaitFor(&publish_mutex_, kPollUs);
  }
  return OkStatus();
}

Status TransactionManager::AppendSystem(std::string_view records, uint32_t count, Lsn* end) {
  DRIFTDB_RETURN_IF_ERROR(CheckWritable());
  const std::array<std::string_view, 1> pieces = {records};
  DRIFTDB_ASSIGN_OR_RETURN(const auto appended, environment_.log->Append(pieces, count, 0));
  if (end != nullptr) *end = appended.end;
  return OkStatus();
}

Status TransactionManager::EnsureDurable(Lsn lsn) {
  const Status durable = environment_.log->WaitDurable(lsn);
  if (durable.ok()) return OkStatus();
  Poison(durable);
  return Error(sqlstate::kOutcomeUnknown, "outcome of the commit is unknown: {}", durable.message())
      .WithHint("Close the database and open it again to learn whether it was committed.");
}

CommitSeq TransactionManager::Collect() {
  if (!collect_mutex_.TryLock()) return CommitSeq(collected_.load());  // somebody else is at it
  CommitSeq horizon = Horizon();
  while (true) {
    std::unique_ptr<WriterState> garbage;
    {
      platform::MutexLock lock(&garbage_mutex_);
      if (garbage_.empty() || garbage_.front()->seq > horizon ||
          !garbage_.front()->stamped.load(std::memory_order_acquire)) {
        // Commits are queued before they are published: what is not in the queue is done.
        if (!garbage_.empty()) {
          horizon = std::min(horizon, CommitSeq(garbage_.front()->seq.value - 1));
        }
        break;
      }
      garbage = std::move(garbage_.front());
      garbage_.pop_front();
    }
    Discard(std::move(garbage));
  }
  collected_.store(horizon.value);
  collect_mutex_.Unlock();
  return horizon;
}

void TransactionManager::Discard(std::unique_ptr<WriterState> garbage) {
  garbage->undo.Release(nullptr);
  Recycle(std::move(garbage));
}

}  // namespace driftdb::txn
