// Vfs: the one way to every byte of I/O (data, log, spill, COPY files, backups). Implementations:
// POSIX (vfs_posix.cc), in memory (vfs_memory.cc, `:memory:` databases) and fault injecting
// (vfs_fault.cc). Paths: UTF-8, separated by '/'. Offsets and sizes in bytes. Threads: a Vfs and a
// File may be used by many threads at once; overlapping writes are the caller's matter. Errors: as
// ErrnoError in base/error.h: 53100 disk full, 58P01 missing, 58P02 exists, 42501 permission, 58030
// all other failures. An error of Sync means the file's durable contents are unknown: callers
// poison the database and never retry (C10).
#ifndef DRIFTDB_PLATFORM_VFS_H_
#define DRIFTDB_PLATFORM_VFS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace driftdb::platform {

enum class OpenMode : uint8_t {
  kReadOnly,         // must exist
  kReadWrite,        // must exist
  kCreate,           // read-write, made when missing
  kCreateExclusive,  // read-write, 58P02 when it exists
  kTruncate,         // read-write, made when missing, emptied otherwise
};

struct OpenOptions {
  OpenMode mode = OpenMode::kReadOnly;
  // Ask for O_DIRECT: offsets, sizes and buffers are then multiples of direct_alignment(). Silently
  // buffered where the file system has no direct I/O; File::direct() tells.
  bool direct = false;
};

class File {
 public:
  virtual ~File() = default;  // closes; close errors are ignored, so Sync first
  // Reads up to `size` bytes; fewer only at the end of the file.
  virtual Result<size_t> ReadAt(uint64_t offset, void* to, size_t size) = 0;
  // Writes all bytes or fails; after a failure the range's contents are unknown.
  virtual Status WriteAt(uint64_t offset, const void* from, size_t size) = 0;
  // Makes all completed writes and the size durable (fdatasync; F_FULLFSYNC on macOS).
  virtual Status Sync() = 0;
  virtual Result<uint64_t> Size() = 0;
  virtual Status Truncate(uint64_t size) = 0;
  // Best-effort hint that a range will be read soon / is not needed in the OS cache.
  virtual void WillNeed(uint64_t offset, uint64_t size) {}
  virtual void DontNeed(uint64_t offset, uint64_t size) {}
  virtual bool direct() const { return false; }
  virtual uint32_t direct_alignment() const { return 1; }
  virtual const std::string& path() const = 0;

  // ReadAt that treats a short read as DataLoss naming the file and the offset.
  Status ReadExactlyAt(uint64_t offset, void* to, size_t size);
};

// Held while the object lives. Only one holder among all processes and all Vfs users of this
// process.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

class Vfs {
 public:
  virtual ~Vfs() = default;
  virtual Result<std::unique_ptr<File>> Open(const std::string& path,
                                             const OpenOptions& options) = 0;
  // A nameless read-write file in `directory` that vanishes when closed (O_TMPFILE where
  // available).
  virtual Result<std::unique_ptr<File>> OpenTemporary(const std::string& directory) = 0;
  // Takes the exclusive lock of `path` (made when missing) and writes this process's id into it as
  // text. Errors: 55006 naming the holder's pid when held elsewhere (C1).
  virtual Result<std::unique_ptr<FileLock>> Lock(const std::string& path) = 0;
  // The pid text of a current holder of the lock, or empty when nobody holds it; takes nothing.
  virtual Result<std::string> LockHolder(const std::string& path) = 0;
  virtual Status Delete(const std::string& path) = 0;
  virtual Status Rename(const std::string& from, const std::string& to) = 0;  // replaces `to`
  virtual Result<bool> Exists(const std::string& path) = 0;
  virtual Result<bool> IsDirectory(const std::string& path) = 0;
  // Names (not paths) of the entries of a directory, sorted, without "." and "..".
  virtual Result<std::vector<std::string>> List(const std::string& directory) = 0;
  virtual Status MakeDirectory(const std::string& path) = 0;  // 58P02 when it exists
  // Makes creations, deletions and renames in `directory` durable.
  virtual Status SyncDirectory(const std::string& directory) = 0;
};

// The process's POSIX file system; never freed.
Vfs* PosixVfs();
// A fresh, empty in-memory file system with root directory "/".
std::unique_ptr<Vfs> MakeMemoryVfs();

}  // namespace driftdb::platform

#endif  // DRIFTDB_PLATFORM_VFS_H_
