// The graph of waiting transactions by itself; what waits in it is tested by tests/isolation/.
// Covers: lib/txn/wait_graph.cc
#include "txn/wait_graph.h"

#include <atomic>
#include <thread>

#include <catch2/catch.hpp>

#include "base/sqlstate.h"
#include "platform/clock.h"

namespace driftdb::txn {

TEST_CASE("wait graph: a wait that closes a circle fails, and only that one", "[WAIT-1]") {
  WaitGraph graph(platform::SystemClock());
  CHECK(graph.SetEdges(1, {2}).ok());
  CHECK(graph.SetEdges(2, {3}).ok());
  CHECK(graph.SetEdges(3, {1}).sqlstate() == sqlstate::kDeadlockDetected);
  CHECK_FALSE(graph.IsWaiting(3));
  CHECK(graph.IsWaiting(1));
  CHECK(graph.IsWaiting(2));
  CHECK(graph.SetEdges(3, {4}).ok());
  CHECK(graph.SetEdges(4, {1}).sqlstate() == sqlstate::kDeadlockDetected);
  CHECK(graph.SetEdges(5, {1}).ok());
}

TEST_CASE("wait graph: a circle through any of several holders is found", "[WAIT-1]") {
  WaitGraph graph(platform::SystemClock());
  CHECK(graph.SetEdges(1, {2, 3, 4}).ok());
  CHECK(graph.SetEdges(4, {5}).ok());
  CHECK(graph.SetEdges(5, {6, 1}).sqlstate() == sqlstate::kDeadlockDetected);
  CHECK(graph.SetEdges(3, {5}).ok());
  CHECK(graph.SetEdges(5, {6}).ok());
  CHECK(graph.SetEdges(6, {3}).sqlstate() == sqlstate::kDeadlockDetected);
}

TEST_CASE("wait graph: who has not woken yet does not wait for the holder's next transaction",
          "[WAIT-3]") {
  WaitGraph graph(platform::SystemClock());
  REQUIRE(graph.SetEdges(1, {2}).ok());
  REQUIRE(graph.SetEdges(3, {4}).ok());
  graph.Release(2);
  CHECK_FALSE(graph.IsWaiting(1));
  CHECK(graph.IsWaiting(3));
  // Participant 2 has begun anew and wants what 1 holds.
  CHECK(graph.SetEdges(2, {1}).ok());
}

TEST_CASE("wait graph: a waiter looks again when its holder lets go without ending", "[WAIT-2]") {
  WaitGraph graph(platform::SystemClock());
  std::atomic<bool> returned{false};
  std::thread waiter([&] {
    const Status status = graph.Wait(1, 2, WaitLimits(), [] { return false; });
    returned = status.ok();
  });
  while (!graph.IsWaiting(1)) std::this_thread::yield();
  graph.Release(3);
  CHECK(graph.IsWaiting(1));
  graph.Release(2);
  waiter.join();
  CHECK(returned);
}

TEST_CASE("wait graph: limits end a wait", "[WAIT-2]") {
  WaitGraph graph(platform::SystemClock());
  const auto never = [] { return false; };
  std::atomic<bool> cancel{true};
  CHECK(graph.Wait(1, 2, {&cancel, 0, 0}, never).sqlstate() == sqlstate::kQueryCanceled);
  CHECK(graph.Wait(1, 2, {nullptr, 1, 0}, never).sqlstate() == sqlstate::kLockNotAvailable);
  CHECK(graph.Wait(1, 2, {nullptr, 0, 1}, never).sqlstate() == sqlstate::kQueryCanceled);
  CHECK_FALSE(graph.IsWaiting(1));
}

}  // namespace driftdb::txn
