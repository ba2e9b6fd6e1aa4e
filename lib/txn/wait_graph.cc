#include "txn/wait_graph.h"

#include "base/error.h"

namespace driftdb::txn {

Status WaitGraph::AddEdge(TxnId waiter, TxnId holder) {
  uint64_t at = holder.value;
  while (true) {
    if (at == waiter.value) {
      return Error(sqlstate::kDeadlockDetected, "deadlock detected")
          .WithDetail(fmt::format("Transaction {} waits for transaction {}, which waits for it.",
                                  waiter.value, holder.value))
          .WithHint("Run the transaction again.");
    }
    const auto it = edges_.find(at);
    if (it == edges_.end()) break;
    at = it->second;
  }
  edges_[waiter.value] = holder.value;
  return OkStatus();
}

Status WaitGraph::CheckWaiter(const std::atomic<bool>* cancel, int64_t timeout_ms,
                              int64_t waited_ms) const {
  if (cancel != nullptr && cancel->load(std::memory_order_relaxed)) {
    return Error(sqlstate::kQueryCanceled, "canceling statement due to user request");
  }
  if (timeout_ms > 0 && waited_ms >= timeout_ms) {
    return Error(sqlstate::kLockNotAvailable, "canceling statement due to lock timeout");
  }
  return OkStatus();
}

void WaitGraph::WakeAll() {
  // The mutex orders this after a waiter's check of `ended`, so no wake-up is lost (WAIT-2).
  platform::MutexLock lock(&mutex_);
  changed_.NotifyAll();
}

}  // namespace driftdb::txn
