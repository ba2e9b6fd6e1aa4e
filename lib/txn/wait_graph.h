// WaitGraph: who waits for whom; a wait that would close a cycle gets 40P01 at once, no timer.
// Shape: participants are sessions' transactions (Transaction::participant). Each waits for at most
// one other at a time (a row, a unique key, a table lock), so the graph is a forest plus the edge
// about to be added, and the walk from the holder ends after the depth of the chain. Invariants:
// (WAIT-1) the edge is inserted and the cycle looked for under one mutex; (WAIT-2) a waiter wakes
// when its holder ends, its own wait is cancelled or times out. Threads: safe.
#ifndef DRIFTDB_TXN_WAIT_GRAPH_H_
#define DRIFTDB_TXN_WAIT_GRAPH_H_

#include <atomic>
#include <cstdint>
#include <unordered_map>

#include "base/status.h"
#include "platform/clock.h"
#include "platform/mutex.h"

namespace driftdb::txn {

// Who gives up waiting, and when.
struct WaitLimits {
  const std::atomic<bool>* cancel = nullptr;
  int64_t timeout_ms = 0;  // 0: none
  // 57014 or 55P03 when the wait is over; OK otherwise.
  Status Check(int64_t waited_us) const;
};

class WaitGraph {
 public:
  // `clock` (for time limits) outlives the graph.
  explicit WaitGraph(platform::Clock* clock) : clock_(clock) {}
  // Returns when `ended()` is true; it is asked under the graph's mutex. Errors: 40P01, 57014,
  // 55P03.
  template <typename Ended>
  Status Wait(uint64_t waiter, uint64_t holder, const WaitLimits& limits, Ended ended) {
    platform::MutexLock lock(&mutex_);
    if (ended()) return OkStatus();
    Status status = AddEdgeLocked(waiter, holder);
    // By the clock: a waiter is also woken by every other transaction that ends.
    const int64_t start = clock_->MonotonicNanos();
    while (status.ok() && !ended()) {
      status = limits.Check((clock_->MonotonicNanos() - start) / 1000);
      if (!status.ok()) break;
      changed_.WaitFor(&mutex_, kPollUs);
    }
    edges_.erase(waiter);
    return status;
  }
  // For those who wait by other means: replaces the waiter's edge. 40P01 when it closes a cycle.
  Status SetEdge(uint64_t waiter, uint64_t holder);
  void ClearEdge(uint64_t waiter);
  // Called after a transaction's end has become visible to `ended`.
  void WakeAll();

 private:
  static constexpr int64_t kPollUs = 20'000;
  Status AddEdgeLocked(uint64_t waiter, uint64_t holder) DRIFTDB_REQUIRES(mutex_);

  platform::Clock* const clock_;
  platform::Mutex mutex_;
  platform::CondVar changed_;
  std::unordered_map<uint64_t, uint64_t> edges_ DRIFTDB_GUARDED_BY(mutex_);  // waiter -> holder
};

}  // namespace driftdb::txn

#endif  // DRIFTDB_TXN_WAIT_GRAPH_H_
