#include "platform/memory_info.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <initializer_list>

namespace driftdb::platform {

namespace {

// The number in a one-line file; 0 when there is none ("max", missing file).
uint64_t MemoryInfoReadNumber(const char* path) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  char text[64];
  const ssize_t size = read(file, text, sizeof(text) - 1);
  close(file);
  if (size <= 0) return 0;
  text[size] = '\0';
  return std::strtoull(text, nullptr, 10);
}

}  // namespace

uint64_t AvailableMemoryBytes() {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page_bytes = sysconf(_SC_PAGESIZE);
  uint64_t bytes = uint64_t{1} << 30;
  if (pages > 0 && page_bytes > 0) {
    bytes = static_cast<uint64_t>(pages) * static_cast<uint64_t>(page_bytes);
  }
  for (const char* path : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    const uint64_t limit = MemoryInfoReadNumber(path);
    if (limit > 0 && limit < bytes) bytes = limit;
  }
  return bytes;
}

}  // namespace driftdb::platform
