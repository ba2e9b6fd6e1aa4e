// Locks and waiting: the only mutexes, condition variables and latches of DriftDB (C28). Built on
// what TSan instruments (std::mutex, std::shared_mutex, std::condition_variable). Mutex: blocking.
// SharedMutex: readers and one writer. SpinLatch: 4 bytes, for sections of a few hundred
// nanoseconds without I/O, allocation or other locks; spins briefly, then sleeps in the kernel.
#ifndef DRIFTDB_PLATFORM_MUTEX_H_
#define DRIFTDB_PLATFORM_MUTEX_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <shared_mutex>

#include "platform/thread_annotations.h"

namespace driftdb::platform {

class DRIFTDB_CAPABILITY("mutex") Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;
  void Lock() DRIFTDB_ACQUIRE() { mutex_.lock(); }
  void Unlock() DRIFTDB_RELEASE() { mutex_.unlock(); }
  bool TryLock() DRIFTDB_TRY_ACQUIRE(true) { return mutex_.try_lock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

class DRIFTDB_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex* mutex) DRIFTDB_ACQUIRE(mutex) : mutex_(mutex) { mutex_->Lock(); }
  ~MutexLock() DRIFTDB_RELEASE() { mutex_->Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex* const mutex_;
};

class CondVar {
 public:
  // Waits may wake spuriously: always wait in a loop on the condition.
  void Wait(Mutex* mutex) DRIFTDB_REQUIRES(mutex);
  // False when `timeout_us` passed without a wake-up.
  bool WaitFor(Mutex* mutex, int64_t timeout_us) DRIFTDB_REQUIRES(mutex);
  void NotifyOne() { condition_.notify_one(); }
  void NotifyAll() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

class DRIFTDB_CAPABILITY("shared_mutex") SharedMutex {
 public:
  SharedMutex() = default;
  SharedMutex(const SharedMutex&) = delete;
  SharedMutex& operator=(const SharedMutex&) = delete;
  void Lock() DRIFTDB_ACQUIRE() { mutex_.lock(); }
  void Unlock() DRIFTDB_RELEASE() { mutex_.unlock(); }
  void LockShared() DRIFTDB_ACQUIRE_SHARED() { mutex_.lock_shared(); }
  void UnlockShared() DRIFTDB_RELEASE_SHARED() { mutex_.unlock_shared(); }

 private:
  std::shared_mutex mutex_;
};

class DRIFTDB_SCOPED_CAPABILITY ReaderLock {
 public:
  explicit ReaderLock(SharedMutex* mutex) DRIFTDB_ACQUIRE_SHARED(mutex) : mutex_(mutex) {
    mutex_->LockShared();
  }
  ~ReaderLock() DRIFTDB_RELEASE() { mutex_->UnlockShared(); }
  ReaderLock(const ReaderLock&) = delete;
  ReaderLock& operator=(const ReaderLock&) = delete;

 private:
  SharedMutex* const mutex_;
};

class DRIFTDB_SCOPED_CAPABILITY WriterLock {
 public:
  explicit WriterLock(SharedMutex* mutex) DRIFTDB_ACQUIRE(mutex) : mutex_(mutex) { mutex_->Lock(); }
  ~WriterLock() DRIFTDB_RELEASE() { mutex_->Unlock(); }
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;

 private:
  SharedMutex* const mutex_;
};

// States: 0 free, 1 held, 2 held and somebody sleeps (Drepper, "Futexes Are Tricky", mutex 2).
class DRIFTDB_CAPABILITY("latch") SpinLatch {
 public:
  SpinLatch() = default;
  SpinLatch(const SpinLatch&) = delete;
  SpinLatch& operator=(const SpinLatch&) = delete;
  void Lock() DRIFTDB_ACQUIRE() {
    uint32_t expected = 0;
    if (!state_.compare_exchange_strong(expected, 1, std::memory_order_acquire)) LockSlow();
  }
  void Unlock() DRIFTDB_RELEASE() {
    if (state_.exchange(0, std::memory_order_release) == 2) state_.notify_one();
  }
  bool TryLock() DRIFTDB_TRY_ACQUIRE(true) {
    uint32_t expected = 0;
    return state_.compare_exchange_strong(expected, 1, std::memory_order_acquire);
  }

 private:
  void LockSlow();
  std::atomic<uint32_t> state_{0};
};
static_assert(sizeof(SpinLatch) == 4);

// A word that threads sleep on without a mutex: read value(), look at the condition, Wait(value).
// Whoever changes the condition then calls Wake*. One wake-up costs the sleeper no lock, unlike
// CondVar.
class WaitWord {
 public:
  uint32_t value() const { return word_.load(std::memory_order_acquire); }
  // Returns once a Wake* came after `seen` was read; may return early.
  void Wait(uint32_t seen) const { word_.wait(seen, std::memory_order_acquire); }
  void WakeOne() {
    word_.fetch_add(1, std::memory_order_release);
    word_.notify_one();
  }
  void WakeAll() {
    word_.fetch_add(1, std::memory_order_release);
    word_.notify_all();
  }

 private:
  std::atomic<uint32_t> word_{0};
};

class DRIFTDB_SCOPED_CAPABILITY LatchGuard {
 public:
  explicit LatchGuard(SpinLatch* latch) DRIFTDB_ACQUIRE(latch) : latch_(latch) { latch_->Lock(); }
  ~LatchGuard() DRIFTDB_RELEASE() { latch_->Unlock(); }
  LatchGuard(const LatchGuard&) = delete;
  LatchGuard& operator=(const LatchGuard&) = delete;

 private:
  SpinLatch* const latch_;
};

}  // namespace driftdb::platform

#endif  // DRIFTDB_PLATFORM_MUTEX_H_
