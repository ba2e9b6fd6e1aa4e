// The in-memory file system behind `:memory:` databases and tests: a map of paths, contents in
// chunks. Threads: one mutex for the tree, one reader-writer lock per file; a file outlives its
// name while open.
#include <algorithm>
#include <cstring>
#include <map>
#include <new>
#include <utility>

#include "base/error.h"
#include "base/status_macros.h"
#include "platform/mutex.h"
#include "platform/thread.h"
#include "platform/vfs.h"

namespace driftdb::platform {
namespace {

constexpr size_t kMemoryChunkBytes = 32 << 10;

// Bytes of one file. A null chunk reads as zeros, so holes cost nothing.
class MemoryContents {
 public:
  size_t Read(uint64_t offset, char* to, size_t size) {
    ReaderLock guard(&mutex_);
    if (offset >= size_) return 0;
    size = static_cast<size_t>(std::min<uint64_t>(size, size_ - offset));
    for (size_t done = 0; done < size;) {
      const size_t chunk = (offset + done) / kMemoryChunkBytes;
      const size_t begin = (offset + done) % kMemoryChunkBytes;
      const size_t step = std::min(size - done, kMemoryChunkBytes - begin);
      if (chunks_[chunk] == nullptr) {
        std::memset(to + done, 0, step);
      } else {
        std::memcpy(to + done, chunks_[chunk].get() + begin, step);
      }
      done += step;
    }
    return size;
  }

  Status Write(const std::string& path, uint64_t offset, const char* from, size_t size) {
    WriterLock guard(&mutex_);
    DRIFTDB_RETURN_IF_ERROR(Reserve(path, offset + size));
    for (size_t done = 0; done < size;) {
      const size_t chunk = (offset + done) / kMemoryChunkBytes;
      const size_t begin = (offset + done) % kMemoryChunkBytes;
      const size_t step = std::min(size - done, kMemoryChunkBytes - begin);
      if (chunks_[chunk] == nullptr) {
        chunks_[chunk].reset(new (std::nothrow) char[kMemoryChunkBytes]());
        if (chunks_[chunk] == nullptr) return OutOfMemory(path);
      }
      std::memcpy(chunks_[chunk].get() + begin, from + done, step);
      done += step;
    }
    size_ = std::max(size_, offset + size);
    return OkStatus();
  }

  uint64_t size() {
    ReaderLock guard(&mutex_);
    return size_;
  }

  Status Truncate(const std::string& path, uint64_t size) {
    WriterLock guard(&mutex_);
    if (size < size_) {
      const size_t kept = (size + kMemoryChunkBytes - 1) / kMemoryChunkBytes;
      chunks_.resize(kept);
      // What lies past the end must read as zeros when the file grows again.
      const size_t begin = size % kMemoryChunkBytes;
      if (begin != 0 && chunks_[kept - 1] != nullptr) {
        std::memset(chunks_[kept - 1].get() + begin, 0, kMemoryChunkBytes - begin);
      }
    } else {
      DRIFTDB_RETURN_IF_ERROR(Reserve(path, size));
    }
    size_ = size;
    return OkStatus();
  }

 private:
  static Status OutOfMemory(const std::string& path) {
    return Error(sqlstate::kOutOfMemory, "out of memory for in-memory file \"{}\"", path);
  }
  Status Reserve(const std::string& path, uint64_t end) DRIFTDB_REQUIRES(mutex_) {
    const uint64_t chunks = (end + kMemoryChunkBytes - 1) / kMemoryChunkBytes;
    if (chunks <= chunks_.size()) return OkStatus();
    try {
      chunks_.resize(chunks);
    } catch (const std::exception&) {
      return OutOfMemory(path);
    }
    return OkStatus();
  }

  SharedMutex mutex_;
  std::vector<std::unique_ptr<char[]>> chunks_ DRIFTDB_GUARDED_BY(mutex_);
  uint64_t size_ DRIFTDB_GUARDED_BY(mutex_) = 0;
};

class MemoryFile final : public File {
 public:
  MemoryFile(std::shared_ptr<MemoryContents> contents, std::string path, bool writable)
      : contents_(std::move(contents)), path_(std::move(path)), writable_(writable) {}
  Result<size_t> ReadAt(uint64_t offset, void* to, size_t size) override {
    return contents_->Read(offset, static_cast<char*>(to), size);
  }
  Status WriteAt(uint64_t offset, const void* from, size_t size) override {
    if (!writable_) return ReadOnly("write");
    if (size == 0) return OkStatus();
    return contents_->Write(path_, offset, static_cast<const char*>(from), size);
  }
  Status Sync() override { return OkStatus(); }
  Result<uint64_t> Size() override { return contents_->size(); }
  Status Truncate(uint64_t size) override {
    if (!writable_) return ReadOnly("truncate");
    return contents_->Truncate(path_, size);
  }
  const std::string& path() const override { return path_; }

 private:
  Status ReadOnly(std::string_view operation) {
    return Error(sqlstate::kIoError, "could not {} file \"{}\": opened read-only", operation,
                 path_);
  }

  const std::shared_ptr<MemoryContents> contents_;
  const std::string path_;
  const bool writable_;
};

// Held locks outlive neither side: a lock released after its file system is gone touches nothing.
struct MemoryLockTable {
  Mutex mutex;
  std::vector<std::string> held DRIFTDB_GUARDED_BY(mutex);
};

class MemoryFileLock final : public FileLock {
 public:
  MemoryFileLock(std::shared_ptr<MemoryLockTable> table, std::string path)
      : table_(std::move(table)), path_(std::move(path)) {}
  ~MemoryFileLock() override {
    MutexLock guard(&table_->mutex);
    std::erase(table_->held, path_);
  }

 private:
  const std::shared_ptr<MemoryLockTable> table_;
  const std::string path_;
};

// "/a//b/" -> "/a/b"; a relative path is taken from the root.
std::string MemoryNormalPath(std::string_view path) {
  std::string normal;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    if (part.empty() || part == ".") continue;
    normal += '/';
    normal += part;
  }
  return normal.empty() ? "/" : normal;
}

std::string MemoryParentPath(const std::string& normal) {
  const size_t slash = normal.rfind('/');
  return slash == 0 ? "/" : normal.substr(0, slash);
}

class MemoryFileSystem final : public Vfs {
 public:
  MemoryFileSystem() : locks_(std::make_shared<MemoryLockTable>()) { nodes_["/"] = nullptr; }

  Result<std::unique_ptr<File>> Open(const std::string& path, const OpenOptions& options) override;
  Result<std::unique_ptr<File>> OpenTemporary(const std::string& directory) override;
  Result<std::unique_ptr<FileLock>> Lock(const std::string& path) override;
  Result<std::string> LockHolder(const std::string& path) override;
  Status Delete(const std::string& path) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Result<bool> Exists(const std::string& path) override {
    MutexLock guard(&mutex_);
    return nodes_.count(MemoryNormalPath(path)) != 0;
  }
  Result<bool> IsDirectory(const std::string& path) override {
    MutexLock guard(&mutex_);
    return IsDirectoryLocked(MemoryNormalPath(path));
  }
  Result<std::vector<std::string>> List(const std::string& directory) override;
  Status MakeDirectory(const std::string& path) override;
  Status SyncDirectory(const std::string& directory) override {
    MutexLock guard(&mutex_);
    return CheckDirectory("sync directory", directory);
  }

 private:
  using NodeMap = std::map<std::string, std::shared_ptr<MemoryContents>>;  // null: a directory

  bool IsDirectoryLocked(const std::string& normal) DRIFTDB_REQUIRES(mutex_) {
    const auto node = nodes_.find(normal);
    return node != nodes_.end() && node->second == nullptr;
  }
  Status CheckDirectory(std::string_view operation, const std::string& path)
      DRIFTDB_REQUIRES(mutex_) {
    if (IsDirectoryLocked(MemoryNormalPath(path))) return OkStatus();
    return ErrnoError(nodes_.count(MemoryNormalPath(path)) != 0 ? ENOTDIR : ENOENT, operation,
                      path);
  }
  bool HasEntries(const std::string& normal) DRIFTDB_REQUIRES(mutex_) {
    const std::string prefix = normal == "/" ? "/" : normal + "/";
    const auto next = nodes_.upper_bound(prefix);
    return next != nodes_.end() && next->first.starts_with(prefix);
  }

  Mutex mutex_;
  NodeMap nodes_ DRIFTDB_GUARDED_BY(mutex_);
  const std::shared_ptr<MemoryLockTable> locks_;
};

Result<std::unique_ptr<File>> MemoryFileSystem::Open(const std::string& path,
                                                     const OpenOptions& options) {
  const std::string normal = MemoryNormalPath(path);
  const bool creates = options.mode != OpenMode::kReadOnly && options.mode != OpenMode::kReadWrite;
  MutexLock guard(&mutex_);
  auto node = nodes_.find(normal);
  if (node == nodes_.end()) {
    if (!creates) return ErrnoError(ENOENT, "open file", path);
    if (!IsDirectoryLocked(MemoryParentPath(normal))) return ErrnoError(ENOENT, "open file", path);
    node = nodes_.emplace(normal, std::make_shared<MemoryContents>()).first;
  } else {
    if (node->second == nullptr) return ErrnoError(EISDIR, "open file", path);
    if (options.mode == OpenMode::kCreateExclusive) return ErrnoError(EEXIST, "open file", path);
    if (options.mode == OpenMode::kTruncate) {
      DRIFTDB_RETURN_IF_ERROR(node->second->Truncate(path, 0));
    }
  }
  return std::make_unique<MemoryFile>(node->second, path, options.mode != OpenMode::kReadOnly);
}

Result<std::unique_ptr<File>> MemoryFileSystem::OpenTemporary(const std::string& directory) {
  MutexLock guard(&mutex_);
  DRIFTDB_RETURN_IF_ERROR(CheckDirectory("make temporary file in", directory));
  return std::make_unique<MemoryFile>(std::make_shared<MemoryContents>(),
                                      directory + "/(temporary)", true);
}

Result<std::unique_ptr<FileLock>> MemoryFileSystem::Lock(const std::string& path) {
  const std::string normal = MemoryNormalPath(path);
  MutexLock guard(&locks_->mutex);
  if (std::find(locks_->held.begin(), locks_->held.end(), normal) != locks_->held.end()) {
    return Error(sqlstate::kObjectInUse, "database is in use: \"{}\" is locked by process {}", path,
                 ProcessId());
  }
  OpenOptions options;
  options.mode = OpenMode::kTruncate;
  DRIFTDB_ASSIGN_OR_RETURN(const std::unique_ptr<File> file, Open(path, options));
  const std::string text = std::to_string(ProcessId()) + "\n";
  DRIFTDB_RETURN_IF_ERROR(file->WriteAt(0, text.data(), text.size()));
  locks_->held.push_back(normal);
  return std::make_unique<MemoryFileLock>(locks_, normal);
}

Result<std::string> MemoryFileSystem::LockHolder(const std::string& path) {
  const std::string normal = MemoryNormalPath(path);
  MutexLock guard(&locks_->mutex);
  const bool held =
      std::find(locks_->held.begin(), locks_->held.end(), normal) != locks_->held.end();
  return held ? std::to_string(ProcessId()) : std::string();
}

Status MemoryFileSystem::Delete(const std::string& path) {
  const std::string normal = MemoryNormalPath(path);
  MutexLock guard(&mutex_);
  const auto node = nodes_.find(normal);
  if (node == nodes_.end()) return ErrnoError(ENOENT, "delete file", path);
  if (node->second == nullptr && (normal == "/" || HasEntries(normal))) {
    return ErrnoError(ENOTEMPTY, "delete file", path);
  }
  nodes_.erase(node);
  return OkStatus();
}

Status MemoryFileSystem::Rename(const std::string& from, const std::string& to) {
  const std::string source = MemoryNormalPath(from), target = MemoryNormalPath(to);
  MutexLock guard(&mutex_);
  const auto node = nodes_.find(source);
  if (node == nodes_.end()) return ErrnoError(ENOENT, "rename file", from);
  if (source == target) return OkStatus();
  if (source == "/" || target.starts_with(source + "/")) {
    return ErrnoError(EINVAL, "rename file", from);
  }
  if (!IsDirectoryLocked(MemoryParentPath(target))) return ErrnoError(ENOENT, "rename file", to);
  const auto replaced = nodes_.find(target);
  if (replaced != nodes_.end()) {
    if ((replaced->second == nullptr) != (node->second == nullptr)) {
      return ErrnoError(replaced->second == nullptr ? EISDIR : ENOTDIR, "rename file", from);
    }
    if (replaced->second == nullptr && HasEntries(target)) {
      return ErrnoError(ENOTEMPTY, "rename file", from);
    }
  }
  // A directory takes everything below it along.
  NodeMap moved;
  const std::string prefix = source + "/";
  for (auto entry = nodes_.lower_bound(prefix);
       entry != nodes_.end() && entry->first.starts_with(prefix);) {
    moved[target + entry->first.substr(source.size())] = entry->second;
    entry = nodes_.erase(entry);
  }
  nodes_[target] = node->second;
  nodes_.erase(source);
  nodes_.merge(moved);
  return OkStatus();
}

Result<std::vector<std::string>> MemoryFileSystem::List(const std::string& directory) {
  const std::string normal = MemoryNormalPath(directory);
  MutexLock guard(&mutex_);
  DRIFTDB_RETURN_IF_ERROR(CheckDirectory("open directory", directory));
  const std::string prefix = normal == "/" ? "/" : normal + "/";
  std::vector<std::string> names;
  for (auto entry = nodes_.upper_bound(prefix);
       entry != nodes_.end() && entry->first.starts_with(prefix); ++entry) {
    std::string name = entry->first.substr(prefix.size());
    if (name.find('/') == std::string::npos) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

Status MemoryFileSystem::MakeDirectory(const std::string& path) {
  const std::string normal = MemoryNormalPath(path);
  MutexLock guard(&mutex_);
  if (nodes_.count(normal) != 0) return ErrnoError(EEXIST, "make directory", path);
  if (!IsDirectoryLocked(MemoryParentPath(normal))) {
    return ErrnoError(ENOENT, "make directory", path);
  }
  nodes_[normal] = nullptr;
  return OkStatus();
}

}  // namespace

std::unique_ptr<Vfs> MakeMemoryVfs() { return std::make_unique<MemoryFileSystem>(); }

}  // namespace driftdb::platform
