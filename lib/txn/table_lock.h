// TableLock: PostgreSQL's table-level locks, four of its modes; keeps DDL and statements apart.
// Modes and conflicts: kAccessShare (SELECT) with kAccessExclusive; kRowExclusive (INSERT, UPDATE,
// DELETE) with kShare and kAccessExclusive; kShare (CREATE INDEX) with kRowExclusive and
// kAccessExclusive, and with other kShare holders not; kAccessExclusive (DROP, ALTER, TRUNCATE)
// with all. Life: locks are held to the end of the transaction, or until it rolls back to a
// savepoint before them; an autocommit statement is its own transaction. Invariants: (LOCK-1) a
// transaction never conflicts with itself; (LOCK-2) a waiter holds back later requests that
// conflict with its own, so nobody starves; (LOCK-3) waits are edges of the wait graph, to all who
// stand in the way, so deadlocks end with 40P01. Threads: safe.
#ifndef DRIFTDB_TXN_TABLE_LOCK_H_
#define DRIFTDB_TXN_TABLE_LOCK_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "base/status.h"
#include "platform/mutex.h"

namespace driftdb::txn {

class Transaction;

enum class LockMode : uint8_t {
  kAccessShare = 0,
  kRowExclusive = 1,
  kShare = 2,
  kAccessExclusive = 3
};

class TableLock {
 public:
  // Takes the lock, waiting if need be. Errors: 40P01, 57014, 55P03.
  Status Acquire(Transaction* transaction, LockMode mode);
  // Takes it if nobody stands in the way; never waits.
  bool TryAcquire(Transaction* transaction, LockMode mode);
  // Gives one mode back.
  void Release(Transaction* transaction, LockMode mode);

 private:
  struct Holder {
    Transaction* transaction;
    uint8_t modes;  // bit per mode
  };
  struct Waiter {
    Transaction* transaction;
    LockMode mode;
  };
  // Participants that stand in the way: holders, and those who wait in front.
  std::vector<uint64_t> Blockers(const Transaction* transaction, LockMode mode,
                                 bool already_in) const DRIFTDB_REQUIRES(mutex_);
  Status Wait(Transaction* transaction, LockMode mode, bool already_in) DRIFTDB_REQUIRES(mutex_);
  bool Holds(const Transaction* transaction) const DRIFTDB_REQUIRES(mutex_);
  void Grant(Transaction* transaction, LockMode mode) DRIFTDB_REQUIRES(mutex_);

  platform::Mutex mutex_;
  platform::CondVar changed_;
  std::vector<Holder> holders_ DRIFTDB_GUARDED_BY(mutex_);
  std::vector<Waiter> waiters_ DRIFTDB_GUARDED_BY(mutex_);  // in the order in which they came
};

// The locks one transaction holds, in the order in which it took them. A lock object outlives its
// holders (shared_ptr).
class HeldLocks {
 public:
  Status Acquire(Transaction* transaction, const std::shared_ptr<TableLock>& lock, LockMode mode);
  bool TryAcquire(Transaction* transaction, const std::shared_ptr<TableLock>& lock, LockMode mode);
  // Gives back the locks of statements that were taken since size() was `count`. Those of
  // definitions stay: what a definition leaves in the storage when it is undone is told to the log
  // at the end.
  void ReleaseFrom(Transaction* transaction, size_t count);
  // Gives back everything but kAccessShare.
  void ReleaseWrites(Transaction* transaction);
  void ReleaseAll(Transaction* transaction);
  size_t size() const { return held_.size(); }

 private:
  struct Held {
    std::shared_ptr<TableLock> lock;
    LockMode mode;
  };
  bool Has(const std::shared_ptr<TableLock>& lock, LockMode mode) const;

  std::vector<Held> held_;  // each lock and mode once
};

}  // namespace driftdb::txn

#endif  // DRIFTDB_TXN_TABLE_LOCK_H_
