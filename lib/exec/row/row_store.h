// RowStore: where a breaker's worker keeps its rows and their strings.
// Shape: pages of whole rows that never move; the first page is small and pages double up to
// kPageBytesMax, so small inputs cost little. Heap: strings and aggregate states' bytes.
// Threads: one owner while it grows; read-only sharing afterwards. Errors: 53200.
#ifndef DRIFTDB_EXEC_ROW_ROW_STORE_H_
#define DRIFTDB_EXEC_ROW_ROW_STORE_H_

#include <cstdint>
#include <memory>
#include <new>
#include <vector>

#include "base/arena.h"
#include "base/memory.h"
#include "base/status.h"

namespace driftdb::exec {

// Cache-line aligned bytes; large blocks are on huge pages where the system has them, because they
// are touched at random.
struct RowBytesDelete {
  std::align_val_t alignment{64};
  void operator()(uint8_t* bytes) const { ::operator delete[](bytes, alignment); }
};
using RowBytes = std::unique_ptr<uint8_t[], RowBytesDelete>;
RowBytes AllocateRowBytes(size_t bytes);

class RowStore {
 public:
  static constexpr size_t kPageBytesMax = 2 << 20;

  struct Page {
    RowBytes bytes;
    uint32_t rows = 0;
    uint32_t capacity = 0;
  };

  RowStore(size_t row_bytes, MemoryAccountant* memory, const char* what)
      : row_bytes_(row_bytes), reservation_(memory, what) {}

  // Pointers to `count` further rows, not initialised.
  Status Allocate(size_t count, uint8_t** rows);
  // One row; null when memory is out, then Account() says so.
  uint8_t* AllocateOne() {
    if (pages_.empty() || pages_.back().rows == pages_.back().capacity) {
      if (!AddPage().ok()) return nullptr;
    }
    Page& page = pages_.back();
    ++row_count_;
    return page.bytes.get() + row_bytes_ * page.rows++;
  }
  Arena* heap() { return heap_.get(); }
  // The strings, for vectors that refer to them.
  std::shared_ptr<const void> heap_holder() const { return heap_; }
  // Charges what the heap has grown by; call once per chunk.
  Status Account() { return reservation_.Resize(page_bytes_ + heap_->allocated_bytes()); }

  uint64_t row_count() const { return row_count_; }
  size_t row_bytes() const { return row_bytes_; }
  std::vector<Page>& pages() { return pages_; }
  const std::vector<Page>& pages() const { return pages_; }
  size_t MemoryBytes() const { return page_bytes_ + heap_->allocated_bytes(); }
  // Frees the rows, not the heap.
  void ReleasePages();

 private:
  Status AddPage();

  size_t row_bytes_;
  MemoryReservation reservation_;
  std::vector<Page> pages_;
  std::shared_ptr<Arena> heap_ = std::make_shared<Arena>();
  uint64_t row_count_ = 0;
  size_t page_bytes_ = 0;
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_ROW_ROW_STORE_H_
