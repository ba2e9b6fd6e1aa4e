#include "platform/mutex.h"

#include <chrono>

namespace driftdb::platform {

void CondVar::Wait(Mutex* mutex) {
  std::unique_lock<std::mutex> lock(mutex->mutex_, std::adopt_lock);
  condition_.wait(lock);
  lock.release();
}

bool CondVar::WaitFor(Mutex* mutex, int64_t timeout_us) {
  std::unique_lock<std::mutex> lock(mutex->mutex_, std::adopt_lock);
  const std::cv_status status = condition_.wait_for(lock, std::chrono::microseconds(timeout_us));
  lock.release();
  return status == std::cv_status::no_timeout;
}

void SpinLatch::LockSlow() {
  for (int spin = 0; spin < 100; ++spin) {
    if (state_.load(std::memory_order_relaxed) == 0 && TryLock()) return;
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
  // From here on claim with 2: we cannot know whether others sleep too.
  while (state_.exchange(2, std::memory_order_acquire) != 0) state_.wait(2);
}

}  // namespace driftdb::platform
