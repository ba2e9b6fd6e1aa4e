#include "txn/table_lock.h"

#include <algorithm>

#include "base/status_macros.h"
#include "txn/transaction.h"
#include "txn/transaction_manager.h"

namespace driftdb::txn {

namespace {

constexpr uint8_t TableLockBit(LockMode mode) {
  return static_cast<uint8_t>(1u << static_cast<int>(mode));
}

constexpr uint8_t TableLockConflicts(LockMode mode) {
  switch (mode) {
    case LockMode::kAccessShare:
      return TableLockBit(LockMode::kAccessExclusive);
    case LockMode::kRowExclusive:
      return TableLockBit(LockMode::kShare) | TableLockBit(LockMode::kAccessExclusive);
    case LockMode::kShare:
      return TableLockBit(LockMode::kRowExclusive) | TableLockBit(LockMode::kAccessExclusive);
    case LockMode::kAccessExclusive:
      return 0x0f;
  }
  return 0x0f;
}

}  // namespace

Transaction* TableLock::Blocker(const Transaction* transaction, LockMode mode) const {
  for (const Holder& holder : holders_) {
    if (holder.transaction != transaction && (holder.modes & TableLockConflicts(mode)) != 0) {
      return holder.transaction;
    }
  }
  return nullptr;
}

Status TableLock::Acquire(Transaction* transaction, LockMode mode) {
  platform::MutexLock lock(&mutex_);
  const auto mine = std::find_if(holders_.begin(), holders_.end(), [&](const Holder& holder) {
    return holder.transaction == transaction;
  });
  const bool already_in = mine != holders_.end();
  // Somebody who is in already may not queue behind an exclusive waiter that waits for him
  // (LOCK-2).
  const bool must_queue =
      exclusive_waiters_ > 0 && !already_in && mode != LockMode::kAccessExclusive;
  if (Blocker(transaction, mode) != nullptr || must_queue) {
    if (mode == LockMode::kAccessExclusive) ++exclusive_waiters_;
    Status status;
    int64_t waited_us = 0;
    constexpr int64_t kPollUs = 5'000;
    while (true) {
      Transaction* blocker = Blocker(transaction, mode);
      if (blocker == nullptr &&
          (mode == LockMode::kAccessExclusive || already_in || exclusive_waiters_ == 0)) {
        break;
      }
      WaitGraph* waits = transaction->manager()->waits();
      if (blocker != nullptr) {
        status = waits->SetEdge(transaction->participant(), blocker->participant());
      }
      if (status.ok()) status = transaction->wait_limits().Check(waited_us);
      if (!status.ok()) break;
      changed_.WaitFor(&mutex_, kPollUs);
      waited_us += kPollUs;
    }
    transaction->manager()->waits()->ClearEdge(transaction->participant());
    if (mode == LockMode::kAccessExclusive) --exclusive_waiters_;
    if (!status.ok()) {
      changed_.NotifyAll();
      return status;
    }
  }
  for (Holder& holder : holders_) {
    if (holder.transaction == transaction) {
      holder.modes |= TableLockBit(mode);
      return OkStatus();
    }
  }
  holders_.push_back({transaction, TableLockBit(mode)});
  return OkStatus();
}

void TableLock::Release(Transaction* transaction) {
  platform::MutexLock lock(&mutex_);
  for (size_t i = 0; i < holders_.size(); ++i) {
    if (holders_[i].transaction != transaction) continue;
    holders_[i] = holders_.back();
    holders_.pop_back();
    break;
  }
  changed_.NotifyAll();
}

Status HeldLocks::Acquire(Transaction* transaction, const std::shared_ptr<TableLock>& lock,
                          LockMode mode) {
  for (Held& held : held_) {
    if (held.lock != lock) continue;
    if ((held.modes & TableLockBit(mode)) != 0) return OkStatus();
    DRIFTDB_RETURN_IF_ERROR(lock->Acquire(transaction, mode));
    held.modes |= TableLockBit(mode);
    return OkStatus();
  }
  DRIFTDB_RETURN_IF_ERROR(lock->Acquire(transaction, mode));
  held_.push_back({lock, TableLockBit(mode)});
  return OkStatus();
}

void HeldLocks::ReleaseAll(Transaction* transaction) {
  for (Held& held : held_) held.lock->Release(transaction);
  held_.clear();
}

}  // namespace driftdb::txn
