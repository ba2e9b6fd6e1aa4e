// FaultVfs: a Vfs over another one (normally in memory) that numbers operations, knows what would
// survive a power loss at any moment, and injects faults. For tests and the simulation only.
// Shape: every write, sync, truncate, rename, delete, create, mkdir and directory sync gets the
// next operation number from 1; reads have their own numbers from 1. Beside the live file system it
// keeps the durable one: contents change there by File::Sync, names by SyncDirectory, and what was
// done since is pending. Crash() builds the durable image plus the part of the pending operations a
// model keeps. Threads: safe; one mutex, so operations of many threads get one order. Errors: an
// injected one looks as the real one: 58030, 53100, or success with wrong bytes.
#ifndef DRIFTDB_PLATFORM_VFS_FAULT_H_
#define DRIFTDB_PLATFORM_VFS_FAULT_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "platform/mutex.h"
#include "platform/rng.h"
#include "platform/vfs.h"

namespace driftdb::platform {

// What of the pending operations survives a power loss.
enum class CrashModel : uint8_t {
  kNone,    // nothing: only what was synced
  kAll,     // everything
  kPrefix,  // all operations up to a random one, which keeps a prefix of its 512-byte sectors
  kRandomSectors,  // each sector and each name operation by itself, at random
  kTornSector,     // as kPrefix, and the last sector kept is torn: new bytes first, old ones after
};
inline constexpr CrashModel kCrashModels[] = {CrashModel::kNone, CrashModel::kAll,
                                              CrashModel::kPrefix, CrashModel::kRandomSectors,
                                              CrashModel::kTornSector};

// Bits of Fault::operations.
enum FaultOperation : uint32_t {
  kFaultRead = 1,
  kFaultWrite = 2,
  kFaultSync = 4,  // of a file or directory
  kFaultTruncate = 8,
  kFaultRename = 16,
  kFaultDelete = 32,
  kFaultCreate = 64,  // of a file or directory
};

struct Fault {
  enum class Kind : uint8_t {
    kIoError,           // the operation fails with EIO, nothing is done
    kDiskFull,          // ... with ENOSPC
    kShortWrite,        // half of the bytes are written, then EIO
    kBitFlip,           // one bit of what is read, or of what is written, is wrong
    kMisdirectedWrite,  // the bytes go 4 KiB further
    kLostWrite,         // reported as done, never done
    kStaleRead,         // the range reads as before the file's last write
    kLyingSync,         // reported as done, nothing became durable
  };
  Kind kind = Kind::kIoError;
  uint32_t operations = kFaultWrite;
  uint64_t at = 0;            // operation (read) number; 0: the next that matches
  bool forever = false;       // every match with a number >= at, instead of one
  std::string path_contains;  // empty: every path
};

class FaultVfs final : public Vfs {
 public:
  // All that `base` holds below `root` counts as durable. `base` outlives this object and its
  // files.
  static Result<std::unique_ptr<FaultVfs>> Make(Vfs* base, const std::string& root = "/");
  ~FaultVfs() override;

  // Operations and reads numbered so far.
  uint64_t operations();
  uint64_t reads();
  // What operation `number` was ("write /db/wal/000001 4096+512"), for the report of a failed test.
  std::string Describe(uint64_t number);
  // Operations numbered above `number` fail with EIO, and then everything does: the process is
  // dead.
  void CrashAfter(uint64_t number);
  bool crashed();
  // The file system after a power loss now. May be called many times with other models and seeds.
  Result<std::unique_ptr<Vfs>> Crash(CrashModel model, uint64_t seed);

  void AddFault(const Fault& fault);
  void ClearFaults();
  // Files may grow by this many bytes more, then ENOSPC. Deleting and truncating give bytes back.
  void SetByteBudget(uint64_t bytes);
  void ClearByteBudget();
  // Damages a file at rest, in the live and in the durable image.
  Status FlipBit(const std::string& path, uint64_t bit);

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

 private:
  friend class FaultFile;
  struct PendingWrite {
    uint64_t number;
    bool truncate;
    uint64_t offset;  // new size of a truncate
    std::string bytes;
    // A failed sync dropped it from the write-back queue: no later sync makes it durable (C10).
    bool orphaned = false;
  };
  // One file or directory, apart from its names.
  struct Node {
    bool directory = false;
    std::string durable;
    std::vector<PendingWrite> pending;
    uint64_t live_size = 0;
    // Contents of the range of the last write before it, for kStaleRead.
    uint64_t stale_offset = 0;
    std::string stale_bytes;
  };
  using NodePtr = std::shared_ptr<Node>;
  using NameMap = std::map<std::string, NodePtr>;
  struct PendingName {
    uint64_t number;
    std::string from;  // empty: creation
    std::string to;    // empty: deletion
    NodePtr node;
  };
  enum class Verdict : uint8_t { kDo, kShort, kFlip, kMisdirect, kLose, kStale, kLie };

  explicit FaultVfs(Vfs* base) : base_(base), rng_(1) {}
  Status Load(const std::string& path) DRIFTDB_REQUIRES(mutex_);
  // Numbers the operation and decides its fate; an error is the operation's answer.
  Result<Verdict> Begin(uint32_t operation, const std::string& path, uint64_t offset, uint64_t size)
      DRIFTDB_REQUIRES(mutex_);
  Status Alive(std::string_view operation, const std::string& path) DRIFTDB_REQUIRES(mutex_);
  Status TakeBudget(const Node& node, uint64_t end, const std::string& path)
      DRIFTDB_REQUIRES(mutex_);
  void GiveBudget(uint64_t bytes) DRIFTDB_REQUIRES(mutex_);
  static void ApplyWrite(const PendingWrite& write, std::string* contents);
  static void ApplyName(const PendingName& change, NameMap* names);
  static void KeepSome(const Node& node, CrashModel model, uint64_t cutoff, Rng* rng,
                       std::string* contents);

  Vfs* const base_;
  Mutex mutex_;
  uint64_t operations_ DRIFTDB_GUARDED_BY(mutex_) = 0;
  uint64_t reads_ DRIFTDB_GUARDED_BY(mutex_) = 0;
  uint64_t crash_after_ DRIFTDB_GUARDED_BY(mutex_) = ~uint64_t{0};
  bool crashed_ DRIFTDB_GUARDED_BY(mutex_) = false;
  bool budgeted_ DRIFTDB_GUARDED_BY(mutex_) = false;
  uint64_t budget_ DRIFTDB_GUARDED_BY(mutex_) = 0;
  std::vector<Fault> faults_ DRIFTDB_GUARDED_BY(mutex_);
  std::vector<std::string> descriptions_ DRIFTDB_GUARDED_BY(mutex_);
  NameMap live_names_ DRIFTDB_GUARDED_BY(mutex_);
  NameMap durable_names_ DRIFTDB_GUARDED_BY(mutex_);
  std::vector<PendingName> pending_names_ DRIFTDB_GUARDED_BY(mutex_);
  Rng rng_ DRIFTDB_GUARDED_BY(mutex_);
};

}  // namespace driftdb::platform

#endif  // DRIFTDB_PLATFORM_VFS_FAULT_H_
