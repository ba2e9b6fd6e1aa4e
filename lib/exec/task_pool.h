// TaskPool: the worker threads of a database. The caller of Run works too, so a pool of `threads`
// has threads - 1 workers. Threads: safe; several statements may Run at once and share the workers.
#ifndef DRIFTDB_EXEC_TASK_POOL_H_
#define DRIFTDB_EXEC_TASK_POOL_H_

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "base/status.h"
#include "platform/mutex.h"
#include "platform/thread.h"

namespace driftdb::exec {

class TaskPool {
 public:
  // Workers start at the first Run that wants them.
  explicit TaskPool(unsigned threads) : threads_(threads == 0 ? 1 : threads) {}
  ~TaskPool();

  unsigned threads();
  // Takes effect for later Runs.
  void set_threads(unsigned threads);

  // Calls body(0) .. body(count - 1), body(0) in the caller's thread, and returns when all have
  // returned. The first error by index is returned. Instances that no worker has picked up when the
  // caller is done with its own are run by the caller.
  Status Run(size_t count, const std::function<Status(size_t)>& body);

 private:
  struct Batch;
  void Work();
  void EnsureWorkers(size_t count) DRIFTDB_REQUIRES(mutex_);

  platform::Mutex mutex_;
  platform::CondVar wake_;
  unsigned threads_ DRIFTDB_GUARDED_BY(mutex_);
  bool stop_ DRIFTDB_GUARDED_BY(mutex_) = false;
  std::deque<std::shared_ptr<Batch>> queue_ DRIFTDB_GUARDED_BY(mutex_);
  std::vector<platform::Thread> workers_;
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_TASK_POOL_H_
