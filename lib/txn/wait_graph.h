// WaitGraph: who waits for whom; a transaction that would close a cycle gets 40P01 at once, no timer.
// Shape: each transaction waits for at most one other (a row, a unique key), so the graph is a forest plus the edge
// about to be added, and the walk from the holder ends after the depth of the chain.
// Invariants: (WAIT-1) the edge is inserted and the cycle looked for under one mutex; (WAIT-2) a waiter wakes when its
// holder ends (commit published or abort), its own wait is cancelled, or the database is poisoned.
// Threads: safe.
#ifndef DRIFTDB_TXN_WAIT_GRAPH_H_
#define DRIFTDB_TXN_WAIT_GRAPH_H_

#include <atomic>
#include <cstdint>
#include <unordered_map>

#include "base/status.h"
#include "platform/mutex.h"
#include "types/ids.h"

namespace driftdb::txn {

class WaitGraph {
 public:
  // Returns when `holder` has ended; whether it has is asked by `ended(holder)` under the graph's mutex.
  // `cancel` (may be null) is polled at least every 50 ms. `timeout_ms` 0: none.
  // Errors: 40P01, 57014 (cancelled), 55P03 (timeout).
  template <typename Ended>
  Status Wait(TxnId waiter, TxnId holder, const std::atomic<bool>* cancel, int64_t timeout_ms,
              Ended ended) {
    platform::MutexLock lock(&mutex_);
    if (ended(holder)) return OkStatus();
    Status status = AddEdge(waiter, holder);
    if (!status.ok()) return status;
    int64_t waited_ms = 0;
    while (!ended(holder)) {
      status = CheckWaiter(cancel, timeout_ms, waited_ms);
      if (!status.ok()) break;
      changed_.WaitFor(&mutex_, kPollMs * 1000);
      waited_ms += kPollMs;
    }
    edges_.erase(waiter.value);
    return status;
  }
  // Called after a transaction's end has become visible to `ended`.
  void WakeAll();

 private:
  static constexpr int64_t kPollMs = 20;
  Status AddEdge(TxnId waiter, TxnId holder) DRIFTDB_REQUIRES(mutex_);
  Status CheckWaiter(const std::atomic<bool>* cancel, int64_t timeout_ms, int64_t waited_ms) const;

  platform::Mutex mutex_;
  platform::CondVar changed_;
  std::unordered_map<uint64_t, uint64_t> edges_ DRIFTDB_GUARDED_BY(mutex_);  // waiter -> holder
};

}  // namespace driftdb::txn

#endif  // DRIFTDB_TXN_WAIT_GRAPH_H_
