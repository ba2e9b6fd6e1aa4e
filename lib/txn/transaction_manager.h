// TransactionManager: order and time. Begins transactions, numbers commits, appends them to the
// log, publishes them when durable, and collects what no snapshot needs any more. Commit pipeline
// (stage: who): statement work: caller; hooks; extents synced if the log will name some; commit
// latch {seq, log space, transaction table}: caller; words stamped: caller; durable: leader of the
// group (wal); published: whoever completes a prefix; acknowledged: caller returns (operations.md
// section 6, item 11). Invariants: (TM-1) log order = commit_seq order = publish order (I4); (TM-2)
// the published watermark never passes a commit of level `on` that is not durable (C5); (TM-3)
// after the log append a commit can only succeed or be of unknown outcome (40003), never be undone;
// (TM-4) a poisoned log makes every later writer fail with 58030; (TM-5) a transaction
// that could not be rolled back for lack of memory stays active for ever, so that nobody sees what
// it wrote, and poisons: the next opening undoes it. Threads: safe.
#ifndef DRIFTDB_TXN_TRANSACTION_MANAGER_H_
#define DRIFTDB_TXN_TRANSACTION_MANAGER_H_

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "base/memory.h"
#include "base/status.h"
#include "platform/clock.h"
#include "platform/mutex.h"
#include "storage/mvcc/transaction_table.h"
#include "txn/snapshot_registry.h"
#include "txn/transaction.h"
#include "txn/wait_graph.h"
#include "wal/log_writer.h"

namespace driftdb::storage {
class ExtentStore;
}

namespace driftdb::txn {

struct ManagerEnvironment {
  storage::TransactionTable* transactions = nullptr;
  MemoryAccountant* memory = nullptr;
  storage::ExtentStore* extents = nullptr;
  wal::LogWriter* log = nullptr;  // null: replay only (read-only open)
  platform::Clock* clock = nullptr;
};

class TransactionManager {
 public:
  TransactionManager(const ManagerEnvironment& environment, CommitSeq last_seq);
  ~TransactionManager();

  const ManagerEnvironment& environment() const { return environment_; }
  SnapshotRegistry* snapshots() { return &snapshots_; }
  WaitGraph* waits() { return &waits_; }
  CommitSeq published() const { return environment_.transactions->published(); }
  // Nothing needs versions superseded at or before this commit.
  CommitSeq Horizon() const;

  // The commit latch stops all commits while `under_latch(C, S)` runs: C = position of the next
  // frame, S = last assigned seq; used by the checkpoint to freeze index deltas (microseconds, no
  // I/O).
  template <typename UnderLatch>
  void WithCommitLatch(UnderLatch under_latch) {
    platform::MutexLock lock(&commit_latch_);
    under_latch(CommitSeq(last_seq_));
  }
  // Transactions that have written and are neither committed nor rolled back. Exact under the
  // commit latch: what has committed before is not listed, what is listed commits later or never.
  std::vector<TxnId> ActiveWriters();
  // Where replay must begin to see every PART of transactions that are unfinished, or `otherwise`.
  wal::LogPosition OldestPart(const wal::LogPosition& otherwise);
  // Waits until everything up to `seq` is published.
  Status WaitPublished(CommitSeq seq);
  // Appends records that stand outside transactions (REDO-3); not durable when it returns.
  // `end`: where the records end in the log.
  Status AppendSystem(std::string_view records, uint32_t count, Lsn* end = nullptr);
  // Waits for the log up to `lsn`. Errors: 40003, and then the database is poisoned.
  Status EnsureDurable(Lsn lsn);

  // Releases what the horizon allows; cheap when there is nothing. Called after commits and by the
  // maintenance thread. Nothing that was superseded or dropped up to the returned commit is
  // referred to by undo any more.
  CommitSeq Collect();
  // Set while a checkpoint at `seq` runs, so that its image can be read (I8); Unpin after.
  SnapshotSlot* ClaimSlot() { return snapshots_.Claim(); }

  // Sessions' transactions, for the wait graph.
  uint64_t Register(Transaction* transaction);
  void Unregister(Transaction* transaction);
  // Who runs the transaction; 0 when it has ended.
  uint64_t ParticipantOf(TxnId txn);

  uint64_t commit_count() const { return commits_.load(std::memory_order_relaxed); }
  // Poisoned by a failed write or sync of the log or the main file (C10).
  void Poison(const Status& why);
  Status CheckWritable() const;

 private:
  friend class Transaction;
  struct Pending {  // a commit that is not published yet
    uint64_t seq;
    Lsn end;
    CommitLevel level;
  };
  Status CommitTransaction(Transaction* transaction);
  Result<Lsn> AppendCommit(Transaction* transaction, CommitSeq* seq);
  void PublishReady();
  Status FlushPart(Transaction* transaction);
  void ForgetParts(Transaction* transaction);
  void Discard(std::unique_ptr<WriterState> garbage);
  std::unique_ptr<WriterState> TakeWriterState();
  void Recycle(std::unique_ptr<WriterState> writer);
  // The end of a transaction that could not be rolled back (TM-5). Takes no memory.
  void Strand(std::unique_ptr<WriterState> writer);

  const ManagerEnvironment environment_;
  SnapshotRegistry snapshots_;
  WaitGraph waits_;

  platform::Mutex commit_latch_;
  uint64_t last_seq_ DRIFTDB_GUARDED_BY(commit_latch_);
  std::list<Pending> pending_ DRIFTDB_GUARDED_BY(commit_latch_);

  platform::Mutex publish_mutex_;
  platform::CondVar published_changed_;

  platform::Mutex sessions_mutex_;
  std::vector<Transaction*> sessions_ DRIFTDB_GUARDED_BY(sessions_mutex_);
  std::unique_ptr<WriterState> stranded_ DRIFTDB_GUARDED_BY(sessions_mutex_);
  uint64_t next_participant_ DRIFTDB_GUARDED_BY(sessions_mutex_) = 1;

  platform::Mutex parts_mutex_;
  std::vector<std::pair<TxnId, wal::LogPosition>> parts_ DRIFTDB_GUARDED_BY(parts_mutex_);

  platform::Mutex garbage_mutex_;  // taken inside commit_latch_
  std::list<std::unique_ptr<WriterState>> garbage_ DRIFTDB_GUARDED_BY(garbage_mutex_);
  std::vector<std::unique_ptr<WriterState>> spare_ DRIFTDB_GUARDED_BY(garbage_mutex_);
  platform::Mutex collect_mutex_;  // one collector at a time
  std::atomic<uint64_t> collected_{0};

  mutable platform::Mutex poison_mutex_;
  Status poison_ DRIFTDB_GUARDED_BY(poison_mutex_);
  std::atomic<bool> poisoned_{false};
  std::atomic<uint64_t> commits_{0};
};

}  // namespace driftdb::txn

#endif  // DRIFTDB_TXN_TRANSACTION_MANAGER_H_
