// WaitGraph: who waits for whom; a wait that would close a cycle gets 40P01 at once, no timer.
// Shape: participants are sessions' transactions (Transaction::participant). Each waits in one
// place at a time, for one other (a row, a unique key) or for several (holders of a table lock).
// Invariants: (WAIT-1) the edges are inserted and the cycle looked for under one mutex; (WAIT-2) a
// waiter wakes when its holder ends or lets go, its own wait is cancelled or times out; (WAIT-3)
// who ends or lets go takes the edges to it away itself: a waiter that has not woken yet must not
// look as if it waited for the holder's next transaction. Threads: safe.
#ifndef DRIFTDB_TXN_WAIT_GRAPH_H_
#define DRIFTDB_TXN_WAIT_GRAPH_H_

#include <atomic>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "platform/clock.h"
#include "platform/mutex.h"

namespace driftdb::txn {

// Who gives up waiting, and when.
struct WaitLimits {
  const std::atomic<bool>* cancel = nullptr;
  int64_t timeout_ms = 0;  // of one wait; 0: none
  // Of the whole statement, microseconds since 1970 UTC; 0: none.
  int64_t deadline_us = 0;
  // 57014 or 55P03 when a wait that began at `start_ns` (monotonic) is over; OK otherwise.
  Status Check(platform::Clock* clock, int64_t start_ns) const;
};

class WaitGraph {
 public:
  // `clock` (for time limits) outlives the graph.
  explicit WaitGraph(platform::Clock* clock) : clock_(clock) {}
  // Returns when `ended()` is true, which is asked under the graph's mutex, or when the holder has
  // let go of something: look again. Errors: 40P01, 57014, 55P03.
  template <typename Ended>
  Status Wait(uint64_t waiter, uint64_t holder, const WaitLimits& limits, Ended ended) {
    platform::MutexLock lock(&mutex_);
    if (ended()) return OkStatus();
    Status status = SetEdgesLocked(waiter, {holder});
    // By the clock: a waiter is also woken by every other transaction that ends.
    const int64_t start = clock_->MonotonicNanos();
    while (status.ok() && edges_.count(waiter) > 0 && !ended()) {
      status = limits.Check(clock_, start);
      if (status.ok()) changed_.WaitFor(&mutex_, kPollUs);
    }
    EraseLocked(waiter);
    return status;
  }
  // For those who wait by other means: replaces the waiter's edges. 40P01 when one closes a cycle.
  Status SetEdges(uint64_t waiter, const std::vector<uint64_t>& holders);
  void ClearEdges(uint64_t waiter);
  // The participant's transaction has ended, or has let go of some locks: after this has become
  // visible, whoever waits for it looks again.
  void Release(uint64_t holder);

  // For tests and views: does the participant wait? change_count grows with every change of that.
  bool IsWaiting(uint64_t participant);
  uint64_t change_count() const { return changes_.load(); }

 private:
  static constexpr int64_t kPollUs = 20'000;
  Status SetEdgesLocked(uint64_t waiter, const std::vector<uint64_t>& holders)
      DRIFTDB_REQUIRES(mutex_);
  void EraseLocked(uint64_t waiter) DRIFTDB_REQUIRES(mutex_);
  bool Reaches(uint64_t from, uint64_t to) const DRIFTDB_REQUIRES(mutex_);

  platform::Clock* const clock_;
  platform::Mutex mutex_;
  platform::CondVar changed_;
  std::atomic<uint64_t> changes_{0};
  // waiter -> holders
  std::unordered_map<uint64_t, std::vector<uint64_t>> edges_ DRIFTDB_GUARDED_BY(mutex_);
};

}  // namespace driftdb::txn

#endif  // DRIFTDB_TXN_WAIT_GRAPH_H_
