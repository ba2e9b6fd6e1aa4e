// RowSlices: rows that a breaker yields, cut into morsels for the workers of its source.
// Threads: filled by one thread, then Take and the accessors are safe.
#ifndef DRIFTDB_EXEC_ROW_ROW_SLICES_H_
#define DRIFTDB_EXEC_ROW_ROW_SLICES_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <vector>

#include "exec/row/row_store.h"
#include "types/vector.h"

namespace driftdb::exec {

// Rows at base, base + stride, ... or, when base is null, at pointers[0..count).
struct RowSlice {
  const uint8_t* base = nullptr;
  size_t stride = 0;
  uint8_t* const* pointers = nullptr;
  size_t count = 0;
  // Pointers to rows [from, from + rows).
  void Expand(size_t from, size_t rows, const uint8_t** to) const {
    for (size_t i = 0; i < rows; ++i) {
      to[i] = base != nullptr ? base + (from + i) * stride : pointers[from + i];
    }
  }
};

class RowSlices {
 public:
  static constexpr size_t kSliceRows = 8 * kVectorRows;

  void AddPages(const RowStore& store) {
    for (const RowStore::Page& page : store.pages()) {
      AddBlock(page.bytes.get(), store.row_bytes(), page.rows);
    }
  }
  void AddBlock(const uint8_t* base, size_t stride, size_t count) {
    for (size_t from = 0; from < count; from += kSliceRows) {
      slices_.push_back(
          {base + from * stride, stride, nullptr, std::min(count - from, kSliceRows)});
    }
    rows_ += count;
  }
  // `pointers` must outlive this.
  void AddPointers(const std::vector<uint8_t*>& pointers) {
    for (size_t from = 0; from < pointers.size(); from += kSliceRows) {
      slices_.push_back(
          {nullptr, 0, pointers.data() + from, std::min(pointers.size() - from, kSliceRows)});
    }
    rows_ += pointers.size();
  }
  size_t size() const { return slices_.size(); }
  const RowSlice& operator[](size_t i) const { return slices_[i]; }
  uint64_t row_count() const { return rows_; }
  // The next slice nobody has taken; null at the end.
  const RowSlice* Take() {
    const size_t i = next_.fetch_add(1, std::memory_order_relaxed);
    return i < slices_.size() ? &slices_[i] : nullptr;
  }
  void Rewind() { next_.store(0, std::memory_order_relaxed); }

 private:
  std::vector<RowSlice> slices_;
  uint64_t rows_ = 0;
  std::atomic<size_t> next_{0};
};

// A worker's way through slices, a batch of up to kVectorRows rows at a time.
class RowSliceReader {
 public:
  // Fills rows_ with the next batch; 0 at the end.
  size_t Next(RowSlices* slices) {
    while (slice_ == nullptr || at_ == slice_->count) {
      slice_ = slices->Take();
      at_ = 0;
      if (slice_ == nullptr) return 0;
    }
    const size_t rows = std::min(kVectorRows, slice_->count - at_);
    slice_->Expand(at_, rows, rows_);
    at_ += rows;
    return rows;
  }
  const uint8_t* const* rows() const { return rows_; }

 private:
  const RowSlice* slice_ = nullptr;
  size_t at_ = 0;
  const uint8_t* rows_[kVectorRows];
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_ROW_ROW_SLICES_H_
