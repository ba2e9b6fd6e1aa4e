// ParallelFor: independent pieces of a breaker's Finish on the task pool.
#ifndef DRIFTDB_EXEC_PARALLEL_FOR_H_
#define DRIFTDB_EXEC_PARALLEL_FOR_H_

#include <algorithm>
#include <atomic>

#include "base/status_macros.h"
#include "exec/query_context.h"
#include "exec/task_pool.h"

namespace driftdb::exec {

// Calls body(worker, i) for every i < count, spread over up to `threads` workers (worker <
// context->threads). Polls cancellation before each piece; the first error stops the rest.
template <typename Body>
Status ParallelFor(QueryContext* context, size_t count, Body&& body) {
  std::atomic<size_t> next{0};
  std::atomic<bool> stop{false};
  const auto work = [&](size_t worker) -> Status {
    while (!stop.load(std::memory_order_relaxed)) {
      const size_t i = next.fetch_add(1, std::memory_order_relaxed);
      if (i >= count) break;
      Status status = context->CheckCancel();
      if (status.ok()) status = body(worker, i);
      if (!status.ok()) {
        stop.store(true, std::memory_order_relaxed);
        return status;
      }
    }
    return OkStatus();
  };
  const size_t workers = std::min<size_t>(count, std::max(1U, context->threads));
  if (workers <= 1 || context->tasks == nullptr) return work(0);
  return context->tasks->Run(workers, work);
}

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_PARALLEL_FOR_H_
