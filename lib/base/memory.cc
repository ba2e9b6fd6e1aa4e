#include "base/memory.h"

#include "base/error.h"
#include "base/status_macros.h"

namespace driftdb {

size_t MemoryAccountant::Evict(size_t limit) {
  MemoryReclaimer* reclaimer = reclaimer_.load(std::memory_order_acquire);
  size_t now = used_.load(std::memory_order_relaxed);
  if (now > limit && reclaimer != nullptr) {
    reclaimer->Reclaim(now - limit);
    now = used_.load(std::memory_order_relaxed);
  }
  MemoryReclaimer* unpinner = unpinner_.load(std::memory_order_acquire);
  if (now > limit && unpinner != nullptr && unpinner->Reclaim(now - limit) > 0 &&
      reclaimer != nullptr) {
    reclaimer->Reclaim(now - limit);
    now = used_.load(std::memory_order_relaxed);
  }
  return now;
}

void MemoryAccountant::set_limit_bytes(size_t bytes) {
  limit_.store(bytes, std::memory_order_relaxed);
  Evict(bytes);
}

Status MemoryAccountant::Reserve(size_t bytes, const char* what) {
  size_t now = used_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  const size_t limit = limit_.load(std::memory_order_relaxed);
  if (now > limit) {
    now = Evict(limit);
    if (now > limit) {
      used_.fetch_sub(bytes, std::memory_order_relaxed);
      return Error(sqlstate::kOutOfMemory,
                   "{} needs {} bytes more, memory_limit of {} bytes is used up", what, bytes,
                   limit)
          .WithHint("Raise memory_limit, or make the statement touch fewer rows.");
    }
  }
  size_t peak = peak_.load(std::memory_order_relaxed);
  while (now > peak && !peak_.compare_exchange_weak(peak, now, std::memory_order_relaxed)) {
  }
  return OkStatus();
}

Status MemoryReservation::Resize(size_t bytes) {
  if (bytes > bytes_) {
    if (accountant_ != nullptr) {
      DRIFTDB_RETURN_IF_ERROR(accountant_->Reserve(bytes - bytes_, what_));
    }
  } else if (accountant_ != nullptr) {
    accountant_->Release(bytes_ - bytes);
  }
  bytes_ = bytes;
  return OkStatus();
}

}  // namespace driftdb
