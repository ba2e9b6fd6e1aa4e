// MainFile: DIR/main.drift, two superblocks and granules. The superblock is the only pointer to
// anything (C1); everything else is immutable extents. Shape: superblocks of 4 KiB at byte 0 and 64
// KiB; data from granule 17 on (docs/internals/file_format.md). Invariants: FILE-1 the valid
// superblock with the higher sequence number counts. FILE-2 a write goes to the other slot, after a
// Sync of everything it names, and is durable before the call returns. FILE-3 a file of a higher
// format version is refused. Threads: reads and writes of granules are safe; WriteSuperblock has
// one caller at a time. Errors: DataLoss (no valid superblock; names what and where), 0A000 (format
// version), those of Vfs.
#ifndef DRIFTDB_STORAGE_PAGE_MAIN_FILE_H_
#define DRIFTDB_STORAGE_PAGE_MAIN_FILE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "base/hash.h"
#include "platform/vfs.h"
#include "storage/page/extent_store.h"
#include "types/ids.h"

namespace driftdb::storage {

inline constexpr uint32_t kMainFileFormatVersion = 1;
inline constexpr uint64_t kFirstDataGranule = 17;
inline constexpr uint64_t kSuperblockOffsets[2] = {0, 64 * 1024};

// The facts of one checkpoint, as its maker states them.
struct CheckpointRecord {
  ExtentRef root;  // root blob: directory of the checkpoint, owned by txn/
  Lsn wal_start;   // first byte of the log that replay needs
  Hash128 wal_chain;
  uint64_t wal_epoch = 1;
  CommitSeq snapshot;       // the root holds exactly the commits up to here
  int64_t commit_time = 0;  // of `snapshot`, microseconds UTC
};

struct Superblock {
  Hash128 uuid;             // of the database
  uint64_t sequence = 0;    // counts durable superblocks from 1
  uint64_t generation = 0;  // of extents written before this checkpoint
  CheckpointRecord checkpoint;
  ExtentRef free_map;  // empty: everything below granule_count but the root is used
  uint64_t granule_count = kFirstDataGranule;  // end of the file in granules
  uint64_t checkpoint_granules = 0;  // written for this checkpoint, sizes the reserve (C2)
  uint32_t cipher_id = 0;
  uint32_t key_id = 0;
};

class MainFile {
 public:
  // Makes the file with superblock 1; 58P02 when it exists. `uuid` must not be zero.
  static Result<std::unique_ptr<MainFile>> Create(platform::Vfs* vfs, const std::string& path,
                                                  const Hash128& uuid);
  static Result<std::unique_ptr<MainFile>> Open(platform::Vfs* vfs, const std::string& path,
                                                bool read_only);

  const Superblock& superblock() const { return superblock_; }
  // Makes `next` (its sequence is set here) the current superblock. REQUIRES: all it names is
  // durable.
  Status WriteSuperblock(Superblock next);

  Status Read(uint64_t offset, void* to, size_t size);
  Status Write(uint64_t offset, const void* from, size_t size);
  Status Sync();
  void WillNeed(uint64_t offset, uint64_t size) { file_->WillNeed(offset, size); }
  bool read_only() const { return read_only_; }
  const std::string& path() const { return path_; }

 private:
  MainFile(std::unique_ptr<platform::File> file, std::string path, bool read_only)
      : file_(std::move(file)), path_(std::move(path)), read_only_(read_only) {}

  std::unique_ptr<platform::File> file_;
  std::string path_;
  bool read_only_;
  int slot_ = 0;  // of superblock_
  Superblock superblock_;
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_PAGE_MAIN_FILE_H_
