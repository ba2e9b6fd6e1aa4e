#include "exec/row/row_store.h"

#include <algorithm>

#include "base/status_macros.h"
#include "platform/virtual_memory.h"

namespace driftdb::exec {

RowBytes AllocateRowBytes(size_t bytes) {
  const bool huge = bytes >= platform::kHugePageBytes;
  const std::align_val_t alignment{huge ? platform::kHugePageBytes : 64};
  auto* start = static_cast<uint8_t*>(::operator new[](bytes == 0 ? 64 : bytes, alignment));
  if (huge) platform::AdviseHugePages(start, bytes);
  return RowBytes(start, RowBytesDelete{alignment});
}

Status RowStore::AddPage() {
  size_t bytes = kPageBytesMax;
  if (pages_.size() < 8) bytes = std::min<size_t>(kPageBytesMax, size_t{4096} << pages_.size());
  const size_t capacity = std::max<size_t>(bytes / row_bytes_, 16);
  // Full pages keep their size, so that they are whole huge pages.
  if (bytes < kPageBytesMax) bytes = capacity * row_bytes_;
  bytes = std::max(bytes, capacity * row_bytes_);
  DRIFTDB_RETURN_IF_ERROR(reservation_.Resize(page_bytes_ + bytes + heap_->allocated_bytes()));
  Page page;
  page.bytes = AllocateRowBytes(bytes);
  page.capacity = static_cast<uint32_t>(capacity);
  pages_.push_back(std::move(page));
  page_bytes_ += bytes;
  return OkStatus();
}

Status RowStore::Allocate(size_t count, uint8_t** rows) {
  size_t done = 0;
  while (done < count) {
    if (pages_.empty() || pages_.back().rows == pages_.back().capacity) {
      DRIFTDB_RETURN_IF_ERROR(AddPage());
    }
    Page& page = pages_.back();
    const size_t now = std::min<size_t>(count - done, page.capacity - page.rows);
    uint8_t* at = page.bytes.get() + row_bytes_ * page.rows;
    for (size_t i = 0; i < now; ++i) rows[done + i] = at + i * row_bytes_;
    page.rows += static_cast<uint32_t>(now);
    done += now;
  }
  row_count_ += count;
  return OkStatus();
}

void RowStore::ReleasePages() {
  pages_.clear();
  page_bytes_ = 0;
  (void)reservation_.Resize(heap_->allocated_bytes());
}

}  // namespace driftdb::exec
