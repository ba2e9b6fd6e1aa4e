#include "txn/wait_graph.h"

#include <algorithm>

#include "base/error.h"

namespace driftdb::txn {

Status WaitLimits::Check(platform::Clock* clock, int64_t start_ns) const {
  if (cancel != nullptr && cancel->load(std::memory_order_relaxed)) {
    return Error(sqlstate::kQueryCanceled, "canceling statement due to user request");
  }
  if (timeout_ms > 0 && clock->MonotonicNanos() - start_ns >= timeout_ms * 1'000'000) {
    return Error(sqlstate::kLockNotAvailable, "canceling statement due to lock timeout");
  }
  if (deadline_us != 0 && clock->WallMicros() > deadline_us) {
    return Error(sqlstate::kQueryCanceled, "canceling statement due to statement timeout");
  }
  return OkStatus();
}

bool WaitGraph::Reaches(uint64_t from, uint64_t to) const {
  std::vector<uint64_t> open = {from};
  std::vector<uint64_t> seen = open;
  while (!open.empty()) {
    const uint64_t at = open.back();
    open.pop_back();
    if (at == to) return true;
    const auto it = edges_.find(at);
    if (it == edges_.end()) continue;
    for (const uint64_t next : it->second) {
      if (std::find(seen.begin(), seen.end(), next) != seen.end()) continue;
      seen.push_back(next);
      open.push_back(next);
    }
  }
  return false;
}

Status WaitGraph::SetEdgesLocked(uint64_t waiter, const std::vector<uint64_t>& holders) {
  const auto it = edges_.find(waiter);
  if (it != edges_.end() && it->second == holders) return OkStatus();
  for (const uint64_t holder : holders) {
    if (!Reaches(holder, waiter)) continue;
    EraseLocked(waiter);
    return Error(sqlstate::kDeadlockDetected, "deadlock detected")
        .WithDetail(fmt::format("Transaction {} waits for transaction {}, which waits for it.",
                                waiter, holder))
        .WithHint("Run the transaction again.");
  }
  edges_[waiter] = holders;
  changes_.fetch_add(1);
  return OkStatus();
}

void WaitGraph::EraseLocked(uint64_t waiter) {
  if (edges_.erase(waiter) > 0) changes_.fetch_add(1);
}

Status WaitGraph::SetEdges(uint64_t waiter, const std::vector<uint64_t>& holders) {
  platform::MutexLock lock(&mutex_);
  return SetEdgesLocked(waiter, holders);
}

void WaitGraph::ClearEdges(uint64_t waiter) {
  platform::MutexLock lock(&mutex_);
  EraseLocked(waiter);
}

void WaitGraph::Release(uint64_t holder) {
  // The mutex orders this after a waiter's check of `ended`, so no wake-up is lost (WAIT-2).
  platform::MutexLock lock(&mutex_);
  bool any = false;
  for (auto it = edges_.begin(); it != edges_.end();) {
    if (std::find(it->second.begin(), it->second.end(), holder) == it->second.end()) {
      ++it;
      continue;
    }
    it = edges_.erase(it);
    any = true;
  }
  if (!any) return;
  changes_.fetch_add(1);
  changed_.NotifyAll();
}

bool WaitGraph::IsWaiting(uint64_t participant) {
  platform::MutexLock lock(&mutex_);
  return edges_.count(participant) > 0;
}

}  // namespace driftdb::txn
