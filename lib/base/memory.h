// MemoryAccountant: the one budget that every large allocation of a database draws from: pool
// frames, hot chunks, index deltas, undo, operators' hash tables and sorts. Bytes; `memory_limit`
// is the limit. Reservation over the limit first asks the reclaimer (the buffer pool) to evict,
// then fails with 53200. Threads: safe. MemoryReservation is owned by one thread at a time.
#ifndef DRIFTDB_BASE_MEMORY_H_
#define DRIFTDB_BASE_MEMORY_H_

#include <atomic>
#include <cstddef>
#include <utility>

#include "base/status.h"

namespace driftdb {

class MemoryReclaimer {
 public:
  virtual ~MemoryReclaimer() = default;
  // Gives back up to `bytes` by releasing evictable memory; returns how many were released.
  virtual size_t Reclaim(size_t bytes) = 0;
};

class MemoryAccountant {
 public:
  explicit MemoryAccountant(size_t limit_bytes) : limit_(limit_bytes) {}
  // `what` names the consumer in the error: "hash join", "sort", "hot rows".
  Status Reserve(size_t bytes, const char* what);
  void Release(size_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  size_t used_bytes() const { return used_.load(std::memory_order_relaxed); }
  size_t peak_bytes() const { return peak_.load(std::memory_order_relaxed); }
  size_t limit_bytes() const { return limit_.load(std::memory_order_relaxed); }
  // A lower limit is met at once as far as memory can be evicted.
  void set_limit_bytes(size_t bytes);
  // Set once at open, cleared before the reclaimer dies.
  void set_reclaimer(MemoryReclaimer* reclaimer) { reclaimer_.store(reclaimer); }
  // Who keeps evictable memory pinned for speed: asked to let go of it when the reclaimer alone
  // cannot give enough; the reclaimer is asked again afterwards.
  void set_unpinner(MemoryReclaimer* unpinner) { unpinner_.store(unpinner); }

 private:
  // Evicts until `limit` holds or nothing is left to evict; returns what is used then.
  size_t Evict(size_t limit);

  std::atomic<size_t> used_{0};
  std::atomic<size_t> peak_{0};
  std::atomic<size_t> limit_;
  std::atomic<MemoryReclaimer*> reclaimer_{nullptr};
  std::atomic<MemoryReclaimer*> unpinner_{nullptr};
};

// RAII share of the budget that can grow and shrink.
class MemoryReservation {
 public:
  MemoryReservation() = default;
  MemoryReservation(MemoryAccountant* accountant, const char* what)
      : accountant_(accountant), what_(what) {}
  MemoryReservation(MemoryReservation&& o) noexcept
      : accountant_(o.accountant_), what_(o.what_), bytes_(std::exchange(o.bytes_, 0)) {}
  MemoryReservation& operator=(MemoryReservation&& o) noexcept {
    if (this != &o) {
      ReleaseAll();
      accountant_ = o.accountant_;
      what_ = o.what_;
      bytes_ = std::exchange(o.bytes_, 0);
    }
    return *this;
  }
  ~MemoryReservation() { ReleaseAll(); }

  // Changes the held bytes to `bytes`; growth may fail with 53200, shrinking cannot.
  Status Resize(size_t bytes);
  Status Grow(size_t bytes) { return Resize(bytes_ + bytes); }
  void ReleaseAll() {
    if (accountant_ != nullptr && bytes_ > 0) accountant_->Release(bytes_);
    bytes_ = 0;
  }
  size_t bytes() const { return bytes_; }

 private:
  MemoryAccountant* accountant_ = nullptr;
  const char* what_ = "";
  size_t bytes_ = 0;
};

}  // namespace driftdb

#endif  // DRIFTDB_BASE_MEMORY_H_
