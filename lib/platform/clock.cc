#include "platform/clock.h"

#include <sys/resource.h>
#include <time.h>

namespace driftdb::platform {
namespace {

class PosixClock final : public Clock {
 public:
  int64_t WallMicros() override {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    return static_cast<int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1'000;
  }
  int64_t MonotonicNanos() override {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
  }
};

}  // namespace

Clock* SystemClock() {
  static PosixClock clock;
  return &clock;
}

void ProcessCpuMicros(int64_t* user_us, int64_t* system_us) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  *user_us = static_cast<int64_t>(usage.ru_utime.tv_sec) * 1'000'000 + usage.ru_utime.tv_usec;
  *system_us = static_cast<int64_t>(usage.ru_stime.tv_sec) * 1'000'000 + usage.ru_stime.tv_usec;
}

}  // namespace driftdb::platform
