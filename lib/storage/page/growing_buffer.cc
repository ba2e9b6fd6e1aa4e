#include "storage/page/growing_buffer.h"

#include <algorithm>

#include "base/check.h"
#include "base/status_macros.h"
#include "platform/virtual_memory.h"

namespace driftdb::storage {

namespace {

// One step of growth at first and later: few reservations, little that is charged and not used.
constexpr size_t kGrowingStepMin = size_t{64} << 10;
constexpr size_t kGrowingStepMax = size_t{1} << 20;

size_t GrowingRoundUp(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

}  // namespace

Status GrowingBuffer::Open(size_t bytes_max) {
  DRIFTDB_DCHECK(!is_open() && bytes_max > 0);
  bytes_max_ = GrowingRoundUp(bytes_max, platform::kMemoryPageBytes);
  DRIFTDB_ASSIGN_OR_RETURN(data_, platform::ReserveAddresses(bytes_max_));
  return OkStatus();
}

Status GrowingBuffer::Extend(size_t bytes) {
  DRIFTDB_DCHECK(is_open() && bytes <= bytes_max_);
  if (bytes <= size()) return OkStatus();
  const size_t step = std::clamp(size(), kGrowingStepMin, kGrowingStepMax);
  return reservation_.Resize(std::min(
      std::max(GrowingRoundUp(bytes, platform::kMemoryPageBytes), size() + step), bytes_max_));
}

void GrowingBuffer::Close() {
  if (!is_open()) return;
  platform::ReleaseAddresses(data_, bytes_max_);
  data_ = nullptr;
  bytes_max_ = 0;
  reservation_.ReleaseAll();
}

}  // namespace driftdb::storage
