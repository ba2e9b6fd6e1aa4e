#include "compare/sync_counter.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <vector>

#include "compare/measure.h"

namespace driftdb::compare {
namespace {
std::atomic<int64_t> sync_calls{0};
}  // namespace

double SyncFloor(const std::string& path, double seconds) {
  constexpr size_t kBlock = 512;
  constexpr size_t kFileBytes = size_t{1} << 20;
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) {
    return -1;
  }
  const std::vector<char> bytes(kFileBytes, 'x');
  bool good = pwrite(fd, bytes.data(), kFileBytes, 0) == static_cast<ssize_t>(kFileBytes) &&
              syscall(SYS_fsync, fd) == 0;
  std::vector<double> times;
  const double start = Now();
  for (size_t offset = 0; good && Now() - start < seconds; offset += kBlock) {
    const double before = Now();
    good = pwrite(fd, bytes.data(), kBlock, static_cast<off_t>(offset % kFileBytes)) ==
               static_cast<ssize_t>(kBlock) &&
           syscall(SYS_fdatasync, fd) == 0;
    times.push_back((Now() - before) * 1e6);
  }
  close(fd);
  unlink(path.c_str());
  return good ? Median(times) : -1;
}

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
