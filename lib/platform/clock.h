// Clock: wall and monotonic time, injected so that tests and the simulation decide what time it is
// (C28).
#ifndef DRIFTDB_PLATFORM_CLOCK_H_
#define DRIFTDB_PLATFORM_CLOCK_H_

#include <cstdint>

namespace driftdb::platform {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual int64_t WallMicros() = 0;      // microseconds since 1970-01-01 UTC; may jump
  virtual int64_t MonotonicNanos() = 0;  // never goes back
};

// The operating system's clock; never freed.
Clock* SystemClock();
// CPU time of the calling process in microseconds.
void ProcessCpuMicros(int64_t* user_us, int64_t* system_us);

}  // namespace driftdb::platform

#endif  // DRIFTDB_PLATFORM_CLOCK_H_
