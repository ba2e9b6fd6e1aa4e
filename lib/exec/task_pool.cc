#include "exec/task_pool.h"

#include <atomic>

#include "base/check.h"
#include "base/guard.h"

namespace driftdb::exec {

// One Run: instances are handed out by a counter; whoever finishes the last one wakes the caller.
struct TaskPool::Batch {
  size_t count = 0;
  const std::function<Status(size_t)>* body = nullptr;
  std::atomic<size_t> next{1};  // 0 is the caller's
  platform::Mutex mutex;
  platform::CondVar done;
  size_t finished DRIFTDB_GUARDED_BY(mutex) = 0;
  std::vector<Status> outcomes;  // by instance; each written by who runs it

  // Runs instances until none is left.
  void Drain() {
    while (true) {
      const size_t instance = next.fetch_add(1);
      if (instance >= count) return;
      RunInstance(instance);
    }
  }
  void RunInstance(size_t instance) {
    // An exception must not pass: in a worker it would end the process, in the caller it would
    // leave while workers still use what is on its stack (C11).
    outcomes[instance] = Guarded([&] { return (*body)(instance); });
    platform::MutexLock lock(&mutex);
    if (++finished == count) done.NotifyAll();
  }
};

TaskPool::~TaskPool() {
  {
    platform::MutexLock lock(&mutex_);
    stop_ = true;
    wake_.NotifyAll();
  }
  for (platform::Thread& worker : workers_) worker.Join();
}

unsigned TaskPool::threads() {
  platform::MutexLock lock(&mutex_);
  return threads_;
}

void TaskPool::set_threads(unsigned threads) {
  platform::MutexLock lock(&mutex_);
  threads_ = threads == 0 ? 1 : threads;
}

void TaskPool::EnsureWorkers(size_t count) {
  const size_t wanted = threads_ - 1 < count ? threads_ - 1 : count;
  workers_.reserve(wanted);  // a started thread must not get lost
  while (workers_.size() < wanted) {
    Result<platform::Thread> worker = platform::Thread::Start("driftdb-worker", [this] { Work(); });
    if (!worker.ok()) return;  // fewer workers: the caller does the rest itself
    workers_.push_back(std::move(*worker));
  }
}

Status TaskPool::Run(size_t count, const std::function<Status(size_t)>& body) {
  if (count <= 1) return count == 0 ? OkStatus() : Guarded([&] { return body(0); });
  auto batch = std::make_shared<Batch>();
  batch->count = count;
  batch->body = &body;
  batch->outcomes.resize(count);
  {
    platform::MutexLock lock(&mutex_);
    EnsureWorkers(count - 1);
    // Instances that find no room in the queue are run by the caller.
    const Status queued = Guarded([&] {
      for (size_t i = 1; i < count; ++i) queue_.push_back(batch);
    });
    (void)queued;
    wake_.NotifyAll();
  }
  batch->RunInstance(0);
  batch->Drain();
  {
    platform::MutexLock lock(&batch->mutex);
    while (batch->finished < count) batch->done.Wait(&batch->mutex);
  }
  for (const Status& outcome : batch->outcomes) {
    if (!outcome.ok()) return outcome;
  }
  return OkStatus();
}

void TaskPool::Work() {
  while (true) {
    std::shared_ptr<Batch> batch;
    {
      platform::MutexLock lock(&mutex_);
      while (!stop_ && queue_.empty()) wake_.Wait(&mutex_);
      if (stop_) return;
      batch = std::move(queue_.front());
      queue_.pop_front();
    }
    // One instance per queue entry; entries whose instance the caller has run already are void.
    const size_t instance = batch->next.fetch_add(1);
    if (instance < batch->count) batch->RunInstance(instance);
  }
}

}  // namespace driftdb::exec
