// ColumnArray: the values of one column of one hot chunk: fixed-width values, a validity bit each,
// and the heap of the strings longer than 12 bytes. Shared between the chunk and the scans that
// were handed its memory. Shape: one 64-byte aligned block: values (zero where never set), then
// validity words. Strings are StringRefs into heap blocks of this array. Invariants: while pinned()
// only values at positions >= pinned_rows() may be written (MV-9). Threads: everything under the
// latch of the chunk, except Unref and reading values below pinned_rows(). Errors: 53200 when
// memory_limit is reached; nothing has changed then.
#ifndef DRIFTDB_STORAGE_TABLE_COLUMN_ARRAY_H_
#define DRIFTDB_STORAGE_TABLE_COLUMN_ARRAY_H_

#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "base/memory.h"
#include "base/status.h"
#include "types/logical_type.h"
#include "types/string_ref.h"
#include "types/vector.h"

namespace driftdb::storage {

class ColumnArray;
// One reference that is given up whatever happens.
struct ColumnArrayUnref {
  void operator()(ColumnArray* array) const;
};
using ColumnArrayPtr = std::unique_ptr<ColumnArray, ColumnArrayUnref>;

class ColumnArray {
 public:
  // Room for `capacity` values (a multiple of 64), all zero and valid; one reference.
  // Forced (rollback must not fail): memory over the limit is taken without accounting for it.
  static Result<ColumnArrayPtr> Make(LogicalType type, uint32_t capacity, MemoryAccountant* memory,
                                     bool forced = false);
  void Ref() { references_.fetch_add(1, std::memory_order_relaxed); }
  void Unref() {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  // Somebody besides the chunk refers to it. Acquire: the last reader's reads are over when this is
  // false.
  bool pinned() const { return references_.load(std::memory_order_acquire) != 1; }
  uint32_t pinned_rows() const { return pinned_rows_; }
  void set_pinned_rows(uint32_t rows) {
    if (rows > pinned_rows_ || !pinned()) pinned_rows_ = rows;
  }

  const LogicalType& type() const { return type_; }
  bool is_string() const { return is_string_; }
  size_t width() const { return width_; }
  uint32_t capacity() const { return capacity_; }
  const uint8_t* data() const { return data_; }
  const uint8_t* value(size_t i) const { return data_ + i * width_; }
  // Null: no value is NULL.
  const uint64_t* validity() const { return has_nulls_ ? validity_ : nullptr; }
  bool is_null(size_t i) const { return has_nulls_ && !BitIsSet(validity_, i); }

  // Room in the heap for strings of `bytes` altogether (only those over 12 bytes count).
  Status PrepareHeap(size_t bytes, bool forced = false);
  static size_t HeapBytes(const StringRef& string) {
    return string.is_inline() ? 0 : string.size();
  }
  // Stores the physical form at `from`; strings are copied into the prepared heap.
  void Set(size_t i, const void* from) {
    if (has_nulls_) SetBit(validity_, i);
    if (is_string_) {
      SetString(i, *static_cast<const StringRef*>(from));
    } else {
      Copy(data_ + i * width_, from);
    }
  }
  void SetNull(size_t i);
  // Values [first, first + count) := those of `view` at rows[from..] (null: from, from + 1, ...).
  void SetMany(size_t first, const VectorView& view, const uint16_t* rows, size_t from,
               size_t count);
  // `from` and `to` have room for one value of this width.
  void Copy(void* to, const void* from) const {
    switch (width_) {
      case 1:
        std::memcpy(to, from, 1);
        break;
      case 2:
        std::memcpy(to, from, 2);
        break;
      case 4:
        std::memcpy(to, from, 4);
        break;
      case 8:
        std::memcpy(to, from, 8);
        break;
      default:
        std::memcpy(to, from, 16);
    }
  }

  // An unshared copy of the first `rows` values with room for `capacity`; its heap holds live
  // strings only.
  Result<ColumnArrayPtr> Clone(uint32_t rows, uint32_t capacity, bool forced = false) const;
  // More than half of a heap worth caring about is garbage of overwritten strings.
  bool heap_is_wasteful() const {
    return heap_garbage_ > 64 * 1024 && heap_garbage_ > heap_bytes_ / 2;
  }
  size_t memory_bytes() const { return memory_bytes_; }

 private:
  ColumnArray(LogicalType type, uint32_t capacity, MemoryAccountant* memory)
      : type_(type),
        width_(static_cast<uint8_t>(type.width())),
        is_string_(type.physical() == PhysicalType::kString),
        capacity_(capacity),
        memory_(memory) {}
  ~ColumnArray();
  void SetString(size_t i, const StringRef& string);

  std::atomic<uint32_t> references_{1};
  uint32_t pinned_rows_ = 0;
  const LogicalType type_;
  const uint8_t width_;
  const bool is_string_;
  bool has_nulls_ = false;
  const uint32_t capacity_;
  uint8_t* data_ = nullptr;
  uint64_t* validity_ = nullptr;
  MemoryAccountant* const memory_;
  size_t memory_bytes_ = 0;
  std::vector<char*> heap_blocks_;
  size_t heap_block_bytes_ = 0;  // of the last block
  size_t heap_used_ = 0;         // of the last block
  size_t heap_bytes_ = 0;        // strings ever copied in
  size_t heap_garbage_ = 0;      // of them overwritten
};

inline void ColumnArrayUnref::operator()(ColumnArray* array) const { array->Unref(); }

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_TABLE_COLUMN_ARRAY_H_
