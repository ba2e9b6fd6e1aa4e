// SegmentStore: the writer's segments: the next one prepared ahead, spent ones kept for reuse or
// deleted. A prepared segment has all its blocks written and its name durable, so that using it
// costs one header write and one sync and can no longer run out of disk (C2, C10). Threads: safe;
// one mutex, held during file I/O, never taken by a commit that finds a segment prepared. Errors:
// 53100 and others of Vfs. A failure here leaves the log as it was: nothing is poisoned.
#ifndef DRIFTDB_WAL_SEGMENT_STORE_H_
#define DRIFTDB_WAL_SEGMENT_STORE_H_

#include <memory>
#include <string>
#include <vector>

#include "platform/mutex.h"
#include "platform/vfs.h"
#include "wal/log_format.h"
#include "wal/segment_files.h"

namespace driftdb::wal {

struct StoreOptions {
  bool direct = true;
  uint64_t segment_bytes_min = 256 << 10;
  uint64_t segment_bytes_max = 16 << 20;
};

// A segment being written, or prepared to be. Immutable but for the file's contents.
struct Segment {
  uint64_t number = 0;
  uint64_t bytes = 0;
  std::unique_ptr<platform::File> file;
};

class SegmentStore {
 public:
  SegmentStore(platform::Vfs* vfs, std::string directory, const StoreOptions& options)
      : vfs_(vfs), directory_(std::move(directory)), options_(options) {}

  // Takes over what a scan found: `last_used` is the last segment of the log, those that end at or
  // before `needed_from` are spent, later ones as soon as RetireBefore says so. Files past the last
  // are reused, or set aside as NNNNNN.lost when they hold segments of their own (only after
  // salvage).
  Status Adopt(const std::vector<SegmentFile>& segments, uint64_t last_used, Lsn needed_from);

  // Makes sure that a prepared segment with room for `bytes` after the header exists.
  Status Prepare(uint64_t bytes);
  // Hands out the prepared segment when it has room for `bytes`, else null. Takes no I/O.
  std::shared_ptr<Segment> TakePrepared(uint64_t bytes);
  bool prepared();

  // The segment handed out begins at `first_lsn`: it becomes the newest of the log.
  void Began(const Segment& segment, Lsn first_lsn);
  // Segments that end at or before `lsn` are spent: kept for reuse as far as the log's pace asks
  // for, else deleted. `erase`: their bytes, and those of the prepared one, are overwritten first
  // (C26).
  Status RetireBefore(Lsn lsn, bool erase);
  // At a clean close: deletes what is only kept for speed, but for one small file, which makes the
  // next opening cheap (C2).
  Status DeleteSpares();

  uint64_t live_bytes();  // of the segments not yet spent
  uint64_t prepared_total();
  uint64_t recycled_total();

 private:
  struct Live {
    uint64_t number;
    uint64_t bytes;
    Lsn first_lsn;
  };
  struct Spent {
    uint64_t number;
    uint64_t bytes;
  };
  Status PrepareLocked(uint64_t bytes) DRIFTDB_REQUIRES(mutex_);
  Status RecycleFor(uint64_t number, uint64_t bytes, uint64_t* found) DRIFTDB_REQUIRES(mutex_);
  Status CreateFor(uint64_t number, uint64_t bytes) DRIFTDB_REQUIRES(mutex_);
  Status EraseSpent() DRIFTDB_REQUIRES(mutex_);
  Result<std::unique_ptr<platform::File>> OpenSegment(uint64_t number, platform::OpenMode mode);

  platform::Vfs* const vfs_;
  const std::string directory_;
  const StoreOptions options_;
  platform::Mutex mutex_;
  std::vector<Live> live_ DRIFTDB_GUARDED_BY(mutex_);  // by number, the last is being written
  std::vector<Spent> spent_ DRIFTDB_GUARDED_BY(mutex_);
  std::shared_ptr<Segment> prepared_ DRIFTDB_GUARDED_BY(mutex_);
  uint64_t last_number_ DRIFTDB_GUARDED_BY(mutex_) = 0;  // handed out or prepared
  uint64_t next_bytes_ DRIFTDB_GUARDED_BY(mutex_) = 0;   // size of the next segment made
  // What was retired by the last call that retired anything: the pace of checkpoints, so what to
  // keep.
  uint64_t pace_bytes_ DRIFTDB_GUARDED_BY(mutex_) = 0;
  uint64_t prepared_total_ DRIFTDB_GUARDED_BY(mutex_) = 0;
  uint64_t recycled_total_ DRIFTDB_GUARDED_BY(mutex_) = 0;
};

}  // namespace driftdb::wal

#endif  // DRIFTDB_WAL_SEGMENT_STORE_H_
