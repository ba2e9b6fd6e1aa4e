#include "platform/thread.h"

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <system_error>

#include "base/error.h"

namespace driftdb::platform {

Result<Thread> Thread::Start(const std::string& name, std::function<void()> body) {
  Thread thread;
  try {
    thread.thread_ = std::thread(std::move(body));
  } catch (const std::system_error& error) {
    return Error(sqlstate::kOutOfMemory, "could not start thread \"{}\": {}", name, error.what());
  }
#if defined(__linux__)
  pthread_setname_np(thread.thread_.native_handle(), name.substr(0, 15).c_str());
#endif
  return thread;
}

unsigned AvailableThreads() {
#if defined(__linux__)
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) {
    const int count = CPU_COUNT(&set);
    if (count > 0) return static_cast<unsigned>(count);
  }
#endif
  const unsigned count = std::thread::hardware_concurrency();
  return count == 0 ? 1 : count;
}

unsigned ThreadIndex() {
  static std::atomic<unsigned> next{0};
  thread_local const unsigned index = next.fetch_add(1, std::memory_order_relaxed);
  return index;
}

void SleepMicros(int64_t microseconds) {
  std::this_thread::sleep_for(std::chrono::microseconds(microseconds));
}

int ProcessId() { return static_cast<int>(getpid()); }

}  // namespace driftdb::platform
