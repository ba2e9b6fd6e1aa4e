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

Transaction* TableLock::Blocker(const Transaction* transaction, LockMode mode,
                                bool already_in) const {
  for (const Holder& holder : holders_) {
    if (holder.transaction != transaction && (holder.modes & TableLockConflicts(mode)) != 0) {
      return holder.transaction;
    }
  }
  // Somebody who is in already may not queue behind an exclusive waiter that waits for him
  // (LOCK-2).
  if (mode != LockMode::kAccessExclusive && !already_in && !exclusive_waiters_.empty()) {
    return exclusive_waiters_.front();
  }
  return nullptr;
}

Status TableLock::Wait(Transaction* transaction, LockMode mode, bool already_in) {
  constexpr int64_t kPollUs = 5'000;
  WaitGraph* const waits = transaction->manager()->waits();
  platform::Clock* const clock = transaction->manager()->environment().clock;
  const int64_t start = clock->MonotonicNanos();
  Status status;
  while (Transaction* blocker = Blocker(transaction, mode, already_in)) {
    // Set again at every look: the one in the way changes (LOCK-3).
    status = waits->SetEdge(transaction->participant(), blocker->participant());
    if (status.ok()) {
      status = transaction->wait_limits().Check((clock->MonotonicNanos() - start) / 1000);
    }
    if (!status.ok()) break;
    changed_.WaitFor(&mutex_, kPollUs);
  }
  waits->ClearEdge(transaction->participant());
  return status;
}

Status TableLock::Acquire(Transaction* transaction, LockMode mode) {
  platform::MutexLock lock(&mutex_);
  const bool already_in = std::any_of(holders_.begin(), holders_.end(), [&](const Holder& holder) {
    return holder.transaction == transaction;
  });
  if (Blocker(transaction, mode, already_in) != nullptr) {
    const bool exclusive = mode == LockMode::kAccessExclusive;
    if (exclusive) exclusive_waiters_.push_back(transaction);
    const Status status = Wait(transaction, mode, already_in);
    if (exclusive) std::erase(exclusive_waiters_, transaction);
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
