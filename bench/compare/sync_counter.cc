#include "compare/sync_counter.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

namespace driftdb::compare {
namespace {
std::atomic<int64_t> sync_calls{0};
}  // namespace

int64_t SyncCount() { return sync_calls.load(std::memory_order_relaxed); }

}  // namespace driftdb::compare

// The system calls themselves set errno as the C library's wrappers do.
extern "C" __attribute__((visibility("default"))) int fsync(int fd) {
  driftdb::compare::sync_calls.fetch_add(1, std::memory_order_relaxed);
  return static_cast<int>(syscall(SYS_fsync, fd));
}

extern "C" __attribute__((visibility("default"))) int fdatasync(int fd) {
  driftdb::compare::sync_calls.fetch_add(1, std::memory_order_relaxed);
  return static_cast<int>(syscall(SYS_fdatasync, fd));
}
