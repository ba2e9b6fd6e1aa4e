// Thread: a joinable thread with a name; the only way to start one (C28).
#ifndef DRIFTDB_PLATFORM_THREAD_H_
#define DRIFTDB_PLATFORM_THREAD_H_

#include <functional>
#include <string>
#include <thread>

#include "base/status.h"

namespace driftdb::platform {

class Thread {
 public:
  Thread() = default;
  // Errors: 53200 when the system has no more threads. `body` must not let an exception escape
  // (C11).
  static Result<Thread> Start(const std::string& name, std::function<void()> body);
  Thread(Thread&&) noexcept = default;
  Thread& operator=(Thread&&) noexcept = default;
  ~Thread() { Join(); }
  void Join() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::thread thread_;
};

// Hardware threads this process may run on, at least 1.
unsigned AvailableThreads();
// A small dense number of the calling thread, for sharding counters.
unsigned ThreadIndex();
void SleepMicros(int64_t microseconds);
int ProcessId();

}  // namespace driftdb::platform

#endif  // DRIFTDB_PLATFORM_THREAD_H_
