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

std::vector<uint64_t> TableLock::Blockers(const Transaction* transaction, LockMode mode,
                                          bool already_in) const {
  std::vector<uint64_t> blockers;
  for (const Holder& holder : holders_) {
    if (holder.transaction != transaction && (holder.modes & TableLockConflicts(mode)) != 0) {
      blockers.push_back(holder.transaction->participant());
    }
  }
  // Somebody who is in already may not queue behind a waiter that waits for him (LOCK-2).
  if (already_in) return blockers;
  for (const Waiter& waiter : waiters_) {
    if (waiter.transaction == transaction) break;
    if ((TableLockBit(waiter.mode) & TableLockConflicts(mode)) != 0) {
      blockers.push_back(waiter.transaction->participant());
    }
  }
  return blockers;
}

Status TableLock::Wait(Transaction* transaction, LockMode mode, bool already_in) {
  constexpr int64_t kPollUs = 5'000;
  WaitGraph* const waits = transaction->manager()->waits();
  platform::Clock* const clock = transaction->manager()->environment().clock;
  const int64_t start = clock->MonotonicNanos();
  Status status;
  while (true) {
    const std::vector<uint64_t> blockers = Blockers(transaction, mode, already_in);
    if (blockers.empty()) break;
    // Set again at every look: those in the way change (LOCK-3).
    status = waits->SetEdges(transaction->participant(), blockers);
    if (status.ok()) status = transaction->wait_limits().Check(clock, start);
    if (!status.ok()) break;
    changed_.WaitFor(&mutex_, kPollUs);
  }
  waits->ClearEdges(transaction->participant());
  return status;
}

bool TableLock::Holds(const Transaction* transaction) const {
  return std::any_of(holders_.begin(), holders_.end(),
                     [&](const Holder& holder) { return holder.transaction == transaction; });
}

void TableLock::Grant(Transaction* transaction, LockMode mode) {
  for (Holder& holder : holders_) {
    if (holder.transaction != transaction) continue;
    holder.modes |= TableLockBit(mode);
    return;
  }
  holders_.push_back({transaction, TableLockBit(mode)});
}

Status TableLock::Acquire(Transaction* transaction, LockMode mode) {
  platform::MutexLock lock(&mutex_);
  const bool already_in = Holds(transaction);
  if (!Blockers(transaction, mode, already_in).empty()) {
    waiters_.push_back({transaction, mode});
    Status status = Wait(transaction, mode, already_in);
    std::erase_if(waiters_,
                  [&](const Waiter& waiter) { return waiter.transaction == transaction; });
    changed_.NotifyAll();  // those behind it may have waited for it alone
    if (!status.ok()) {
      transaction->manager()->waits()->Release(transaction->participant());  // WAIT-3
      return status;
    }
  }
  Grant(transaction, mode);
  return OkStatus();
}

bool TableLock::TryAcquire(Transaction* transaction, LockMode mode) {
  platform::MutexLock lock(&mutex_);
  if (!Blockers(transaction, mode, Holds(transaction)).empty()) return false;
  Grant(transaction, mode);
  return true;
}

void TableLock::Release(Transaction* transaction, LockMode mode) {
  platform::MutexLock lock(&mutex_);
  for (Holder& holder : holders_) {
    if (holder.transaction != transaction) continue;
    holder.modes &= static_cast<uint8_t>(~TableLockBit(mode));
    if (holder.modes == 0) {
      holder = holders_.back();
      holders_.pop_back();
    }
    break;
  }
  changed_.NotifyAll();
}

bool HeldLocks::Has(const std::shared_ptr<TableLock>& lock, LockMode mode) const {
  return std::any_of(held_.begin(), held_.end(),
                     [&](const Held& held) { return held.lock == lock && held.mode == mode; });
}

Status HeldLocks::Acquire(Transaction* transaction, const std::shared_ptr<TableLock>& lock,
                          LockMode mode) {
  if (Has(lock, mode)) return OkStatus();
  DRIFTDB_RETURN_IF_ERROR(lock->Acquire(transaction, mode));
  held_.push_back({lock, mode});
  return OkStatus();
}

bool HeldLocks::TryAcquire(Transaction* transaction, const std::shared_ptr<TableLock>& lock,
                           LockMode mode) {
  if (Has(lock, mode)) return true;
  if (!lock->TryAcquire(transaction, mode)) return false;
  held_.push_back({lock, mode});
  return true;
}

void HeldLocks::ReleaseFrom(Transaction* transaction, size_t count) {
  const auto released = [transaction](const Held& held) {
    if (held.mode == LockMode::kShare || held.mode == LockMode::kAccessExclusive) return false;
    held.lock->Release(transaction, held.mode);
    return true;
  };
  if (count >= held_.size()) return;
  const auto first = held_.begin() + static_cast<std::ptrdiff_t>(count);
  held_.erase(std::remove_if(first, held_.end(), released), held_.end());
}

void HeldLocks::ReleaseWrites(Transaction* transaction) {
  std::erase_if(held_, [transaction](const Held& held) {
    if (held.mode == LockMode::kAccessShare) return false;
    held.lock->Release(transaction, held.mode);
    return true;
  });
}

void HeldLocks::ReleaseAll(Transaction* transaction) {
  for (const Held& held : held_) held.lock->Release(transaction, held.mode);
  held_.clear();
}

}  // namespace driftdb::txn
