// The POSIX file system behind Vfs: pread/pwrite loops, O_DIRECT with fallback, O_TMPFILE with
// fallback, open-file-description locks with a registry of this process's own locks.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

#include "base/error.h"
#include "base/status_macros.h"
#include "platform/mutex.h"
#include "platform/thread.h"
#include "platform/vfs.h"

namespace driftdb::platform {
namespace {

// Files and directories are for their owner only: a database holds what its users may not all read.
constexpr mode_t kPosixFileMode = 0600;
constexpr mode_t kPosixDirectoryMode = 0700;
// Linux transfers at most this much per call; larger requests are split.
constexpr size_t kPosixTransferBytesMax = size_t{1} << 30;

// An open file descriptor, or none (negative). Closed whatever happens, also when there is no
// memory for the object that should own it.
class PosixDescriptor {
 public:
  explicit PosixDescriptor(int descriptor) : descriptor_(descriptor) {}
  PosixDescriptor(PosixDescriptor&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)) {}
  PosixDescriptor& operator=(PosixDescriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~PosixDescriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  bool open() const { return descriptor_ >= 0; }
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

PosixDescriptor PosixOpenRetry(const char* path, int flags) {
  int descriptor;
  do {
    descriptor = ::open(path, flags | O_CLOEXEC, kPosixFileMode);
  } while (descriptor < 0 && errno == EINTR);
  return PosixDescriptor(descriptor);
}

// The alignment O_DIRECT needs on this file: what statx tells (Linux 6.1), else 4 KiB, which every
// device of today accepts.
uint32_t PosixDirectAlignment([[maybe_unused]] int descriptor) {
  uint32_t alignment = 4096;
#if defined(STATX_DIOALIGN)
  struct statx info;
  if (::statx(descriptor, "", AT_EMPTY_PATH, STATX_DIOALIGN, &info) == 0 &&
      (info.stx_mask & STATX_DIOALIGN) != 0 && info.stx_dio_offset_align != 0) {
    alignment = std::max(info.stx_dio_offset_align, info.stx_dio_mem_align);
    alignment = std::max<uint32_t>(alignment, 512);
  }
#endif
  return alignment;
}

class PosixFile final : public File {
 public:
  PosixFile(PosixDescriptor descriptor, std::string path, bool direct)
      : descriptor_(std::move(descriptor)),
        path_(std::move(path)),
        direct_(direct),
        direct_alignment_(direct ? PosixDirectAlignment(descriptor_.get()) : 1) {}

  Result<size_t> ReadAt(uint64_t offset, void* to, size_t size) override;
  Status WriteAt(uint64_t offset, const void* from, size_t size) override;
  Status Sync() override;
  Result<uint64_t> Size() override;
  Status Truncate(uint64_t size) override;
  void WillNeed(uint64_t offset, uint64_t size) override { Advise(offset, size, true); }
  void DontNeed(uint64_t offset, uint64_t size) override { Advise(offset, size, false); }
  bool direct() const override { return direct_.load(std::memory_order_relaxed); }
  uint32_t direct_alignment() const override { return direct_alignment_; }
  const std::string& path() const override { return path_; }

 private:
  // Some file systems accept O_DIRECT at open and refuse the transfer: then this file goes
  // buffered.
  bool FallBackToBuffered(int error_number);
  void Advise(uint64_t offset, uint64_t size, bool needed);

  const PosixDescriptor descriptor_;
  const std::string path_;
  std::atomic<bool> direct_;
  const uint32_t direct_alignment_;
};

bool PosixFile::FallBackToBuffered(int error_number) {
#if defined(O_DIRECT)
  if (error_number != EINVAL || !direct()) return false;
  const int flags = ::fcntl(descriptor_.get(), F_GETFL);
  if (flags < 0 || ::fcntl(descriptor_.get(), F_SETFL, flags & ~O_DIRECT) != 0) return false;
  direct_.store(false, std::memory_order_relaxed);
  return true;
#else
  return false;
#endif
}

Result<size_t> PosixFile::ReadAt(uint64_t offset, void* to, size_t size) {
  size_t done = 0;
  while (done < size) {
    const ssize_t got =
        ::pread(descriptor_.get(), static_cast<char*>(to) + done,
                std::min(size - done, kPosixTransferBytesMax), static_cast<off_t>(offset + done));
    if (got < 0) {
      if (errno == EINTR || FallBackToBuffered(errno)) continue;
      return ErrnoError(errno, "read file", path_);
    }
    if (got == 0) break;
    done += static_cast<size_t>(got);
    // A direct read that ends inside a block has met the end of the file; reading on from an
    // unaligned offset would be refused.
    if (direct() && static_cast<size_t>(got) % direct_alignment_ != 0) break;
  }
  return done;
}

Status PosixFile::WriteAt(uint64_t offset, const void* from, size_t size) {
  size_t done = 0;
  while (done < size) {
    const ssize_t put =
        ::pwrite(descriptor_.get(), static_cast<const char*>(from) + done,
                 std::min(size - done, kPosixTransferBytesMax), static_cast<off_t>(offset + done));
    if (put < 0) {
      if (errno == EINTR || FallBackToBuffered(errno)) continue;
      return ErrnoError(errno, "write file", path_);
    }
    if (put == 0) return ErrnoError(ENOSPC, "write file", path_);
    done += static_cast<size_t>(put);
  }
  return OkStatus();
}

Status PosixFile::Sync() {
  int outcome;
  do {
#if defined(__APPLE__)
    // fsync on macOS does not reach the medium; F_FULLFSYNC is missing on some network file
    // systems.
    outcome = ::fcntl(descriptor_.get(), F_FULLFSYNC);
    if (outcome != 0 && (errno == ENOTSUP || errno == EINVAL)) outcome = ::fsync(descriptor_.get());
#else
    outcome = ::fdatasync(descriptor_.get());
#endif
    // EINTR tells that nothing was tried; every other error is final (C10).
  } while (outcome != 0 && errno == EINTR);
  if (outcome != 0) return ErrnoError(errno, "sync file", path_);
  return OkStatus();
}

Result<uint64_t> PosixFile::Size() {
  struct stat info;
  if (::fstat(descriptor_.get(), &info) != 0) return ErrnoError(errno, "stat file", path_);
  return static_cast<uint64_t>(info.st_size);
}

Status PosixFile::Truncate(uint64_t size) {
  int outcome;
  do {
    outcome = ::ftruncate(descriptor_.get(), static_cast<off_t>(size));
  } while (outcome != 0 && errno == EINTR);
  if (outcome != 0) return ErrnoError(errno, "truncate file", path_);
  return OkStatus();
}

void PosixFile::Advise(uint64_t offset, uint64_t size, bool needed) {
#if defined(POSIX_FADV_WILLNEED)
  ::posix_fadvise(descriptor_.get(), static_cast<off_t>(offset), static_cast<off_t>(size),
                  needed ? POSIX_FADV_WILLNEED : POSIX_FADV_DONTNEED);
#endif
}

int PosixOpenFlags(OpenMode mode) {
  switch (mode) {
    case OpenMode::kReadOnly:
      return O_RDONLY;
    case OpenMode::kReadWrite:
      return O_RDWR;
    case OpenMode::kCreate:
      return O_RDWR | O_CREAT;
    case OpenMode::kCreateExclusive:
      return O_RDWR | O_CREAT | O_EXCL;
    case OpenMode::kTruncate:
      return O_RDWR | O_CREAT | O_TRUNC;
  }
  return O_RDONLY;
}

// The locks this process holds, by file identity: names the holder exactly, and on systems with
// process-owned locks is what keeps a second opener of this process out (C1).
struct PosixLockRegistry {
  struct Entry {
    dev_t device;
    ino_t inode;
  };
  Mutex mutex;
  std::vector<Entry> held DRIFTDB_GUARDED_BY(mutex);

  bool Contains(const struct stat& info) DRIFTDB_REQUIRES(mutex) {
    for (const Entry& entry : held) {
      if (entry.device == info.st_dev && entry.inode == info.st_ino) return true;
    }
    return false;
  }
};

PosixLockRegistry* PosixLocks() {
  static PosixLockRegistry* const registry = new PosixLockRegistry;
  return registry;
}

struct flock PosixWholeFileLock() {
  struct flock lock;
  std::memset(&lock, 0, sizeof(lock));
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

#if defined(F_OFD_SETLK)
constexpr int kPosixSetLock = F_OFD_SETLK;
constexpr int kPosixGetLock = F_OFD_GETLK;
#else
constexpr int kPosixSetLock = F_SETLK;
constexpr int kPosixGetLock = F_GETLK;
#endif

class PosixFileLock final : public FileLock {
 public:
  PosixFileLock(PosixDescriptor descriptor, const struct stat& info)
      : descriptor_(std::move(descriptor)), info_(info) {}
  ~PosixFileLock() override {
    PosixLockRegistry* registry = PosixLocks();
    MutexLock guard(&registry->mutex);
    std::erase_if(registry->held, [this](const PosixLockRegistry::Entry& entry) {
      return entry.device == info_.st_dev && entry.inode == info_.st_ino;
    });
    // Closed after this. The pid text stays: only the lock counts, and an emptied file could belong
    // to the next holder.
  }

 private:
  const PosixDescriptor descriptor_;
  const struct stat info_;
};

// The pid written in a lock file; "unknown" while its holder has not written it yet.
std::string PosixReadHolder(int descriptor) {
  char text[32];
  const ssize_t got = ::pread(descriptor, text, sizeof(text), 0);
  std::string holder;
  for (ssize_t i = 0; i < got && text[i] >= '0' && text[i] <= '9'; ++i) holder += text[i];
  return holder.empty() ? "unknown" : holder;
}

Status PosixLockedError(const std::string& path, const std::string& holder) {
  return Error(sqlstate::kObjectInUse, "database is in use: \"{}\" is locked by process {}", path,
               holder);
}

class PosixFileSystem final : public Vfs {
 public:
  Result<std::unique_ptr<File>> Open(const std::string& path, const OpenOptions& options) override;
  Result<std::unique_ptr<File>> OpenTemporary(const std::string& directory) override;
  Result<std::unique_ptr<FileLock>> Lock(const std::string& path) override;
  Result<std::string> LockHolder(const std::string& path) override;
  Status Delete(const std::string& path) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Result<bool> Exists(const std::string& path) override;
  Result<bool> IsDirectory(const std::string& path) override;
  Result<std::vector<std::string>> List(const std::string& directory) override;
  Status MakeDirectory(const std::string& path) override;
  Status SyncDirectory(const std::string& directory) override;
};

Result<std::unique_ptr<File>> PosixFileSystem::Open(const std::string& path,
                                                    const OpenOptions& options) {
  const int flags = PosixOpenFlags(options.mode);
  bool direct = false;
  PosixDescriptor descriptor(-1);
#if defined(O_DIRECT)
  if (options.direct) {
    descriptor = PosixOpenRetry(path.c_str(), flags | O_DIRECT);
    direct = descriptor.open();
    // With kCreateExclusive a refused O_DIRECT may have left the file behind, made by this call.
    if (!descriptor.open() && errno == EINVAL) {
      descriptor = PosixOpenRetry(path.c_str(), flags & ~O_EXCL);
    }
  } else {
    descriptor = PosixOpenRetry(path.c_str(), flags);
  }
#else
  descriptor = PosixOpenRetry(path.c_str(), flags);
#endif
  if (!descriptor.open()) return ErrnoError(errno, "open file", path);
  struct stat info;
  if (::fstat(descriptor.get(), &info) == 0 && S_ISDIR(info.st_mode)) {
    return ErrnoError(EISDIR, "open file", path);
  }
  return std::make_unique<PosixFile>(std::move(descriptor), path, direct);
}

Result<std::unique_ptr<File>> PosixFileSystem::OpenTemporary(const std::string& directory) {
#if defined(O_TMPFILE)
  PosixDescriptor nameless = PosixOpenRetry(directory.c_str(), O_RDWR | O_TMPFILE | O_EXCL);
  if (nameless.open()) {
    return std::make_unique<PosixFile>(std::move(nameless), directory + "/(temporary)", false);
  }
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) {
    return ErrnoError(errno, "make temporary file in", directory);
  }
#endif
  std::string name = directory + "/tmp-XXXXXX";
  PosixDescriptor descriptor(::mkstemp(name.data()));
  if (!descriptor.open()) return ErrnoError(errno, "make temporary file in", directory);
  ::fcntl(descriptor.get(), F_SETFD, FD_CLOEXEC);
  if (::unlink(name.c_str()) != 0) {
    return ErrnoError(errno, "unlink temporary file", name);
  }
  return std::make_unique<PosixFile>(std::move(descriptor), std::move(name), false);
}

Result<std::unique_ptr<FileLock>> PosixFileSystem::Lock(const std::string& path) {
  PosixLockRegistry* registry = PosixLocks();
  MutexLock guard(&registry->mutex);
  for (;;) {
    struct stat info;
    // Looked up before opening: with process-owned locks, closing any descriptor of a file this
    // process has locked would drop that lock.
    if (::stat(path.c_str(), &info) == 0 && registry->Contains(info)) {
      return PosixLockedError(path, std::to_string(ProcessId()));
    }
    PosixDescriptor descriptor = PosixOpenRetry(path.c_str(), O_RDWR | O_CREAT);
    if (!descriptor.open()) return ErrnoError(errno, "open lock file", path);
    struct flock lock = PosixWholeFileLock();
    int outcome;
    do {
      outcome = ::fcntl(descriptor.get(), kPosixSetLock, &lock);
    } while (outcome != 0 && errno == EINTR);
    if (outcome != 0) {
      const int error_number = errno;
      const std::string holder = PosixReadHolder(descriptor.get());
      if (error_number == EAGAIN || error_number == EACCES) return PosixLockedError(path, holder);
      return ErrnoError(error_number, "lock file", path);
    }
    // Somebody may have deleted or replaced the file between open and lock: then this lock guards
    // nothing, so begin again.
    struct stat locked, named;
    if (::fstat(descriptor.get(), &locked) != 0 || ::stat(path.c_str(), &named) != 0 ||
        locked.st_dev != named.st_dev || locked.st_ino != named.st_ino) {
      continue;
    }
    const std::string text = std::to_string(ProcessId()) + "\n";
    if (::pwrite(descriptor.get(), text.data(), text.size(), 0) !=
            static_cast<ssize_t>(text.size()) ||
        ::ftruncate(descriptor.get(), static_cast<off_t>(text.size())) != 0) {
      return ErrnoError(errno, "write lock file", path);
    }
    registry->held.reserve(registry->held.size() + 1);  // what is registered has an owner
    auto held = std::make_unique<PosixFileLock>(std::move(descriptor), locked);
    registry->held.push_back({locked.st_dev, locked.st_ino});
    return held;
  }
}

Result<std::string> PosixFileSystem::LockHolder(const std::string& path) {
  PosixLockRegistry* registry = PosixLocks();
  MutexLock guard(&registry->mutex);
  struct stat info;
  if (::stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return std::string();
    return ErrnoError(errno, "stat lock file", path);
  }
  if (registry->Contains(info)) return std::to_string(ProcessId());
  const PosixDescriptor descriptor = PosixOpenRetry(path.c_str(), O_RDONLY);
  if (!descriptor.open()) {
    if (errno == ENOENT) return std::string();
    return ErrnoError(errno, "open lock file", path);
  }
  struct flock lock = PosixWholeFileLock();
  if (::fcntl(descriptor.get(), kPosixGetLock, &lock) != 0) {
    return ErrnoError(errno, "query lock of file", path);
  }
  std::string holder;
  if (lock.l_type != F_UNLCK) holder = PosixReadHolder(descriptor.get());
  return holder;
}

Status PosixFileSystem::Delete(const std::string& path) {
  if (::unlink(path.c_str()) == 0) return OkStatus();
  // unlink of a directory fails with EISDIR on Linux and EPERM elsewhere.
  if ((errno == EISDIR || errno == EPERM) && ::rmdir(path.c_str()) == 0) return OkStatus();
  return ErrnoError(errno, "delete file", path);
}

Status PosixFileSystem::Rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return ErrnoError(errno, "rename file", from);
  return OkStatus();
}

Result<bool> PosixFileSystem::Exists(const std::string& path) {
  struct stat info;
  if (::stat(path.c_str(), &info) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return ErrnoError(errno, "stat file", path);
}

Result<bool> PosixFileSystem::IsDirectory(const std::string& path) {
  struct stat info;
  if (::stat(path.c_str(), &info) == 0) return S_ISDIR(info.st_mode);
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return ErrnoError(errno, "stat file", path);
}

Result<std::vector<std::string>> PosixFileSystem::List(const std::string& directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory.c_str()), ::closedir);
  if (stream == nullptr) return ErrnoError(errno, "open directory", directory);
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const struct dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return ErrnoError(errno, "read directory", directory);
  std::sort(names.begin(), names.end());
  return names;
}

Status PosixFileSystem::MakeDirectory(const std::string& path) {
  if (::mkdir(path.c_str(), kPosixDirectoryMode) != 0) {
    return ErrnoError(errno, "make directory", path);
  }
  return OkStatus();
}

Status PosixFileSystem::SyncDirectory(const std::string& directory) {
  const PosixDescriptor descriptor = PosixOpenRetry(directory.c_str(), O_RDONLY | O_DIRECTORY);
  if (!descriptor.open()) return ErrnoError(errno, "open directory", directory);
  int outcome;
  do {
    outcome = ::fsync(descriptor.get());
  } while (outcome != 0 && errno == EINTR);
  if (outcome != 0) return ErrnoError(errno, "sync directory", directory);
  return OkStatus();
}

}  // namespace

Vfs* PosixVfs() {
  static PosixFileSystem* const file_system = new PosixFileSystem;
  return file_system;
}

}  // namespace driftdb::platform
