#include "platform/virtual_memory.h"

#include <sys/mman.h>

#include "base/error.h"

namespace driftdb::platform {

Result<char*> ReserveAddresses(size_t bytes) {
  void* start = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (start == MAP_FAILED) {
    return Error(sqlstate::kOutOfMemory, "cannot reserve {} bytes of addresses", bytes);
  }
  return static_cast<char*>(start);
}

void DiscardPages(char* start, size_t bytes) {
  // Private anonymous pages: cannot fail for a mapped, page-aligned range.
  (void)::madvise(start, bytes, MADV_DONTNEED);
}

void ReleaseAddresses(char* start, size_t bytes) { (void)::munmap(start, bytes); }

void AdviseHugePages(void* start, size_t bytes) {
#ifdef MADV_HUGEPAGE
  (void)::madvise(start, bytes, MADV_HUGEPAGE);  // a hint: failure changes nothing but speed
#endif
}

}  // namespace driftdb::platform
