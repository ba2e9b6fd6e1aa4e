#include "storage/table/column_array.h"

#include <algorithm>
#include <new>

#include "base/check.h"
#include "base/status_macros.h"

namespace driftdb::storage {

namespace {
constexpr std::align_val_t kColumnArrayAlignment{64};
constexpr size_t kColumnHeapBlockMin = 512;
constexpr size_t kColumnHeapBlockMax = 64 * 1024;
}  // namespace

Result<ColumnArrayPtr> ColumnArray::Make(LogicalType type, uint32_t capacity,
                                         MemoryAccountant* memory, bool forced) {
  DRIFTDB_DCHECK(capacity % 64 == 0);
  const size_t value_bytes = capacity * type.width();
  const size_t bytes = value_bytes + capacity / 8;
  ColumnArrayPtr array(new ColumnArray(type, capacity, memory));
  if (memory != nullptr) {
    Status status = memory->Reserve(bytes, "hot rows");
    if (!status.ok() && !forced) return status;
    if (status.ok()) array->memory_bytes_ = bytes;
  }
  array->data_ = static_cast<uint8_t*>(::operator new(bytes, kColumnArrayAlignment));
  // Zero is an empty string and a valid value of every type: kernels may compute on rows that a
  // selection leaves out.
  std::memset(array->data_, 0, value_bytes);
  array->validity_ = reinterpret_cast<uint64_t*>(array->data_ + value_bytes);
  std::memset(array->validity_, 0xff, capacity / 8);
  return array;
}

ColumnArray::~ColumnArray() {
  for (char* block : heap_blocks_) ::operator delete(block);
  ::operator delete(data_, kColumnArrayAlignment);
  if (memory_ != nullptr) memory_->Release(memory_bytes_);
}

Status ColumnArray::PrepareHeap(size_t bytes, bool forced) {
  if (bytes == 0 || heap_used_ + bytes <= heap_block_bytes_) return OkStatus();
  size_t size = heap_blocks_.empty() ? kColumnHeapBlockMin
                                     : std::min(heap_block_bytes_ * 2, kColumnHeapBlockMax);
  size = std::max(size, bytes);
  if (memory_ != nullptr) {
    Status status = memory_->Reserve(size, "hot rows");
    if (!status.ok() && !forced) return status;
    if (status.ok()) memory_bytes_ += size;
  }
  if (heap_blocks_.size() == heap_blocks_.capacity()) {
    heap_blocks_.reserve(2 * heap_blocks_.size() + 1);  // the block must not get lost
  }
  heap_blocks_.push_back(static_cast<char*>(::operator new(size)));
  heap_block_bytes_ = size;
  heap_used_ = 0;
  return OkStatus();
}

void ColumnArray::SetString(size_t i, const StringRef& string) {
  auto* at = reinterpret_cast<StringRef*>(data_) + i;
  heap_garbage_ += HeapBytes(*at);
  if (string.is_inline()) {
    *at = string;
    return;
  }
  DRIFTDB_DCHECK(heap_used_ + string.size() <= heap_block_bytes_);
  char* to = heap_blocks_.back() + heap_used_;
  heap_used_ += string.size();
  heap_bytes_ += string.size();
  std::memcpy(to, string.data(), string.size());
  *at = StringRef(std::string_view(to, string.size()));
}

void ColumnArray::SetNull(size_t i) {
  has_nulls_ = true;
  ClearBit(validity_, i);
  if (is_string_) heap_garbage_ += HeapBytes(reinterpret_cast<StringRef*>(data_)[i]);
  std::memset(data_ + i * width_, 0, width_);
}

void ColumnArray::SetMany(size_t first, const VectorView& view, const uint16_t* rows, size_t from,
                          size_t count) {
  if (view.all_valid() && !is_string_) {
    if (view.index == nullptr && rows == nullptr) {
      std::memcpy(data_ + first * width_, view.data + from * width_, count * width_);
    } else {
      for (size_t i = 0; i < count; ++i) {
        const size_t row = rows == nullptr ? from + i : rows[from + i];
        Copy(data_ + (first + i) * width_, view.data + view.position(row) * width_);
      }
    }
    if (has_nulls_) {
      for (size_t i = 0; i < count; ++i) SetBit(validity_, first + i);
    }
    return;
  }
  for (size_t i = 0; i < count; ++i) {
    const size_t row = rows == nullptr ? from + i : rows[from + i];
    if (view.valid(row)) {
      Set(first + i, view.data + view.position(row) * width_);
    } else {
      SetNull(first + i);
    }
  }
}

Result<ColumnArrayPtr> ColumnArray::Clone(uint32_t rows, uint32_t capacity, bool forced) const {
  DRIFTDB_DCHECK(rows <= capacity && rows <= capacity_);
  DRIFTDB_ASSIGN_OR_RETURN(ColumnArrayPtr copy, Make(type_, capacity, memory_, forced));
  if (!is_string_) {
    std::memcpy(copy->data_, data_, size_t{rows} * width_);
  } else {
    const auto* from = reinterpret_cast<const StringRef*>(data_);
    size_t bytes = 0;
    for (size_t i = 0; i < rows; ++i) bytes += HeapBytes(from[i]);
    DRIFTDB_RETURN_IF_ERROR(copy->PrepareHeap(bytes, forced));
    for (size_t i = 0; i < rows; ++i) copy->SetString(i, from[i]);
  }
  std::memcpy(copy->validity_, validity_, (rows + 63) / 64 * 8);
  copy->has_nulls_ = has_nulls_;
  return copy;
}

}  // namespace driftdb::storage
