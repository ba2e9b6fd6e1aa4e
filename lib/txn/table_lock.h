// TableLock: PostgreSQL's table-level locks, four of its modes; keeps DDL and statements apart.
// Modes and conflicts: kAccessShare (SELECT) with kAccessExclusive; kRowExclusive (INSERT, UPDATE,
// DELETE) with kShare and kAccessExclusive; kShare (CREATE INDEX) with kRowExclusive and
// kAccessExclusive, and with other kShare holders not; kAccessExclusive (DROP, ALTER, TRUNCATE)
// with all. Life: locks are held to the end of the transaction; an autocommit statement is its own
// transaction. Invariants: (LOCK-1) a transaction never conflicts with itself; (LOCK-2) a waiter
// for kAccessExclusive holds back later weaker requests (no starvation of DDL); (LOCK-3) waits are
// edges of the wait graph, so deadlocks end with 40P01. Threads: safe.
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
  void Release(Transaction* transaction);

 private:
  struct Holder {
    Transaction* transaction;
    uint8_t modes;  // bit per mode
  };
  // A transaction that stands in the way (a holder, or one that waits in front), or null.
  Transaction* Blocker(const Transaction* transaction, LockMode mode, bool already_in) const
      DRIFTDB_REQUIRES(mutex_);
  Status Wait(Transaction* transaction, LockMode mode, bool already_in) DRIFTDB_REQUIRES(mutex_);

  platform::Mutex mutex_;
  platform::CondVar changed_;
  std::vector<Holder> holders_ DRIFTDB_GUARDED_BY(mutex_);
  std::vector<Transaction*> exclusive_waiters_ DRIFTDB_GUARDED_BY(mutex_);
};

// The locks one transaction holds. A lock object outlives its holders (shared_ptr).
class HeldLocks {
 public:
  Status Acquire(Transaction* transaction, const std::shared_ptr<TableLock>& lock, LockMode mode);
  void ReleaseAll(Transaction* transaction);
  bool empty() const { return held_.empty(); }

 private:
  struct Held {
    std::shared_ptr<TableLock> lock;
    uint8_t modes;
  };
  std::vector<Held> held_;
};

}  // namespace driftdb::txn

#endif  // DRIFTDB_TXN_TABLE_LOCK_H_
