// GrowingBuffer: bytes that grow in place, for sort buffers and the like. Shape: addresses for the
// largest size are reserved once and pages are charged to the accountant as the buffer extends over
// them, so growing never holds an old and a new copy; closing gives the pages back to the system at
// once, whatever the heap does with freed blocks. Pages are charged when they become usable, though
// the system provides them at the first touch. Threads: one owner.
// Errors: 53200; the buffer then keeps what it had.
#ifndef DRIFTDB_STORAGE_PAGE_GROWING_BUFFER_H_
#define DRIFTDB_STORAGE_PAGE_GROWING_BUFFER_H_

#include <cstddef>

#include "base/memory.h"
#include "base/status.h"

namespace driftdb::storage {

class GrowingBuffer {
 public:
  GrowingBuffer(MemoryAccountant* memory, const char* what) : reservation_(memory, what) {}
  ~GrowingBuffer() { Close(); }
  GrowingBuffer(const GrowingBuffer&) = delete;
  GrowingBuffer& operator=(const GrowingBuffer&) = delete;

  // Reserves addresses for up to `bytes_max`. REQUIRES: not open.
  Status Open(size_t bytes_max);
  bool is_open() const { return data_ != nullptr; }
  // Makes at least [0, bytes) usable; contents stay. REQUIRES: open, bytes <= bytes_max.
  Status Extend(size_t bytes);
  void Close();

  char* data() { return data_; }
  // Bytes that are usable now.
  size_t size() const { return reservation_.bytes(); }

 private:
  MemoryReservation reservation_;
  char* data_ = nullptr;
  size_t bytes_max_ = 0;
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_PAGE_GROWING_BUFFER_H_
