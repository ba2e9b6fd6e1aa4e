#include "txn/wait_graph.h"

#include "base/error.h"

namespace driftdb::txn {

Status WaitLimits::Check(int64_t waited_us) const {
  if (cancel != nullptr && cancel->load(std::memory_order_relaxed)) {
    return Error(sqlstate::kQueryCanceled, "canceling statement due to user request");
  }
  if (timeout_ms > 0 && waited_us >= timeout_ms * 1000) {
    return Error(sqlstate::kLockNotAvailable, "canceling statement due to lock timeout");
  }
  return OkStatus();
}

Status WaitGraph::AddEdgeLocked(uint64_t waiter, uint64_t holder) {
  for (uint64_t at = holder;;) {
    if (at == waiter) {
      edges_.erase(waiter);
      return Error(sqlstate::kDeadlockDetected, "deadlock detected")
          .WithDetail(fmt::format("Transaction {} waits for transaction {}, which waits for it.",
                                  waiter, holder))
          .WithHint("Run the transaction again.");
    }
    const auto it = edges_.find(at);
    if (it == edges_.end()) break;
    at = it->second;
  }
  edges_[waiter] = holder;
  return OkStatus();
}

Status WaitGraph::SetEdge(uint64_t waiter, uint64_t holder) {
  platform::MutexLock lock(&mutex_);
  edges_.erase(waiter);
  return AddEdgeLocked(waiter, holder);
}

void WaitGraph::ClearEdge(uint64_t waiter) {
  platform::MutexLock lock(&mutex_);
  edges_.erase(waiter);
}

void WaitGraph::WakeAll() {
  // The mutex orders this after a waiter's check of `ended`, so no wake-up is lost (WAIT-2).
  platform::MutexLock lock(&mutex_);
  changed_.NotifyAll();
}

}  // namespace driftdb::txn
