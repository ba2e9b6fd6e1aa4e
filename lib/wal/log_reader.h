// LogReader: the frames of a log from a known position on, in order, verified; and the judgement of
// its end. Used by recovery, by read-only opening and by whoever follows a log. Writes nothing.
// Validity (WAL-7, WAL-8): a frame counts when it stands at the expected LSN, is intact, and names
// the chain hash of the frame before. Where the next segment exists, the log must reach exactly the
// end its header records. In the last segment the first bad frame is the end (torn tail), unless
// something later proves that it had been durable: then the log is damaged. Threads: one owner;
// LogReader must not run over the range a live LogWriter is writing. Errors: XX001 damage (with a
// hint at a backup), 55000 another database, 0A000 another format version, 58P01/58030 I/O. Source:
// docs/internals/wal_format.md.
#ifndef DRIFTDB_WAL_LOG_READER_H_
#define DRIFTDB_WAL_LOG_READER_H_

#include <memory>
#include <string>
#include <vector>

#include "base/status_macros.h"
#include "platform/vfs.h"
#include "wal/log_format.h"
#include "wal/segment_files.h"

namespace driftdb::wal {

struct ReaderOptions {
  Uuid database{};
  LogPosition from;  // of a checkpoint; a frame boundary
  // The log is known to reach at least this far (a later superblock said so): ending before is
  // damage.
  Lsn reach;
  // Read up to the damage and report it in LogEnd instead of failing.
  bool salvage = false;
};

struct LogEnd {
  LogPosition position;          // where the next frame belongs
  int64_t last_commit_time = 0;  // of the last frame read; 0: none read
  uint64_t last_segment = 0;     // highest segment number in use; 0: none
  uint64_t frames = 0;
  uint64_t records = 0;
  bool torn = false;  // non-zero bytes followed that are no frame
  Status damage;      // with salvage: what ended the reading
};

class LogReader {
 public:
  static Result<std::unique_ptr<LogReader>> Open(platform::Vfs* vfs, const std::string& directory,
                                                 const ReaderOptions& options);
  // The next frame, its views valid until the next call; false at the end.
  Result<bool> Next(Frame* frame);
  // REQUIRES: Next returned false.
  const LogEnd& end() const { return end_; }

 private:
  LogReader(platform::Vfs* vfs, const ReaderOptions& options) : vfs_(vfs), options_(options) {}
  Status FindStart();
  Status OpenSegment(size_t index);
  Status EnterNext();
  bool NextIsUsed() const;
  Result<bool> NextUnchecked(Frame* frame);
  bool Follows(const FrameHeader& header, bool intact) const;
  Status JudgeTail();
  // Does a frame of the open file, from `offset` on, prove that the log was durable past its end?
  // `in_current`: the file is the current segment, so frames stand where their LSN says.
  Result<bool> FindProof(uint64_t offset, bool in_current);
  // A view of up to `size` bytes at a file offset of the open segment; shorter at its end.
  Result<std::string_view> Fetch(uint64_t offset, size_t size);
  uint64_t OffsetOf(uint64_t lsn) const {
    return kSegmentHeaderBytes + (lsn - current().header.first_lsn);
  }
  const SegmentFile& current() const { return segments_[index_]; }
  Status Damage(const std::string& what) const;
  std::string OtherFiles() const;

  platform::Vfs* const vfs_;
  const ReaderOptions options_;
  std::vector<SegmentFile> segments_;
  size_t index_ = 0;
  uint64_t tag_ = 0;
  std::unique_ptr<platform::File> file_;
  std::string buffer_;
  uint64_t buffer_offset_ = 0;
  bool done_ = false;
  LogEnd end_;
};

// Reads all of a log, handing each frame to `visit`, a callable `Status(const Frame&)`.
template <typename Visit>
Result<LogEnd> ScanLog(platform::Vfs* vfs, const std::string& directory,
                       const ReaderOptions& options, Visit&& visit) {
  DRIFTDB_ASSIGN_OR_RETURN(const std::unique_ptr<LogReader> reader,
                           LogReader::Open(vfs, directory, options));
  for (;;) {
    Frame frame;
    DRIFTDB_ASSIGN_OR_RETURN(const bool more, reader->Next(&frame));
    if (!more) return reader->end();
    DRIFTDB_RETURN_IF_ERROR(visit(static_cast<const Frame&>(frame)));
  }
}

}  // namespace driftdb::wal

#endif  // DRIFTDB_WAL_LOG_READER_H_
