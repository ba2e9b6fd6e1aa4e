// LogWriter: appends record bytes to the log, one frame per group, and makes groups durable
// together. Shape: committers reserve space in commit order, copy their bytes in parallel, then
// wait. The first waiter leads: it takes everything queued, writes it and syncs once; what arrives
// meanwhile is the next group. No timed delay, one write outstanding. Invariants WAL-1... in
// docs/internals/wal_format.md; how txn/ calls this: README.md. Threads: all methods are safe.
// Order in the log is the order of Reserve, so callers that need it to be the commit order hold
// their commit latch around Reserve (C3, C6). Errors: 53100/58030 when no segment can be had,
// before anything is appended; 54000 too large; and after a failed write or sync 40003 for those
// who wait, 58030 for those who come later, for ever (C10). Source: group commit after DeWitt et
// al. 1984; leader and followers as in MySQL's binlog group commit.
#ifndef DRIFTDB_WAL_LOG_WRITER_H_
#define DRIFTDB_WAL_LOG_WRITER_H_

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "platform/clock.h"
#include "platform/mutex.h"
#include "platform/thread.h"
#include "platform/vfs.h"
#include "wal/log_format.h"
#include "wal/log_reader.h"
#include "wal/log_sink.h"
#include "wal/segment_store.h"

namespace driftdb::wal {

struct WriterOptions {
  Uuid database{};
  // Where a scan ended: appending goes on there, in a new segment. For an empty directory:
  // LogPosition{} and last_segment 0.
  LogPosition position;
  uint64_t last_segment = 0;
  // No recovery will ask for what lies before: the position in the durable superblock.
  Lsn needed_from;
  int64_t last_commit_time = 0;
  platform::Clock* clock = nullptr;  // required
  // A thread that prepares segments and flushes for RequestFlush. Without it the leader prepares
  // after its group and the owner flushes.
  bool background = true;
  int64_t flush_delay_us = 10'000;
  uint32_t block_bytes = 0;  // 0: the device's, where O_DIRECT is to be had, else 4 KiB (C10)
  StoreOptions store;
};

struct LogCounters {
  uint64_t groups = 0;  // group writes that became durable
  uint64_t frames = 0;
  uint64_t appends = 0;  // reservations in them: appends / groups is the group size
  uint64_t syncs = 0;
  uint64_t bytes = 0;     // written, with headers and padding
  uint64_t segments = 0;  // begun
  uint64_t segments_recycled = 0;
  uint64_t live_bytes = 0;  // of segments not yet spent
};

class LogWriter {
 public:
  // Space in the log. The holder writes exactly `bytes` bytes to `to`, then calls Complete,
  // whatever happens: the group waits for it.
  struct Reservation {
    char* to = nullptr;
    uint32_t bytes = 0;
    Lsn end;                  // wait for this
    int64_t commit_time = 0;  // of the frame; grows from frame to frame (C3)
    struct FrameBuffer* frame = nullptr;
  };

  static Result<std::unique_ptr<LogWriter>> Open(platform::Vfs* vfs, const std::string& directory,
                                                 const WriterOptions& options);
  // Flushes nothing: what was not waited for may be lost. Call Close first.
  ~LogWriter();

  // Before the commit latch: waits while too much is queued, and prepares a segment where the next
  // `bytes` may need one. Optional, but Reserve then does the same under the caller's latch.
  Status PrepareSpace(size_t bytes);
  Result<Reservation> Reserve(size_t bytes, uint32_t record_count, uint16_t flags);
  void Complete(const Reservation& reservation);
  // Reserve, copy, Complete. The result's `to` is spent.
  Result<Reservation> Append(std::span<const std::string_view> pieces, uint32_t record_count,
                             uint16_t flags);

  // Returns when all bytes before `lsn` are durable; may lead a group for it.
  Status WaitDurable(Lsn lsn);
  Lsn durable_lsn() const { return Lsn(durable_.load(std::memory_order_acquire)); }
  // The end of what was reserved so far.
  Lsn tail_lsn();
  // WaitDurable of everything reserved so far.
  Status Flush();
  // Asks the background thread to flush within flush_delay_us (level `off`). Cheap.
  void RequestFlush();

  // Ends the current frame, so that a reader can begin at the returned LSN (checkpoints). Each Cut
  // must be followed by one WaitPosition.
  Lsn Cut();
  Result<LogPosition> WaitPosition(Lsn cut);
  // Gives up segments that end at or before `lsn`; see SegmentStore::RetireBefore. With `erase`
  // also the unwritten rest of the current segment is overwritten.
  Status RecycleBefore(Lsn lsn, bool erase = false);

  void AddSink(LogSink* sink);
  void RemoveSink(LogSink* sink);
  // The reason why the log is closed for ever, or OK.
  Status health();
  LogCounters counters();
  // Flushes, stops the background thread, deletes spare segments. Later calls fail.
  Status Close();

 private:
  struct CutMark {
    Lsn lsn;
    Hash128 chain;
    bool known = false;
  };

  LogWriter(platform::Vfs* vfs, const std::string& directory, const WriterOptions& options);
  Status Start(const std::vector<SegmentFile>& segments);
  bool TryReserve(size_t bytes, uint32_t records, uint16_t flags, Reservation* reservation);
  Status MakeRoom(size_t bytes);
  bool HasRoom(size_t bytes) DRIFTDB_REQUIRES(tail_latch_);
  void CloseOpenFrame() DRIFTDB_REQUIRES(tail_latch_);
  FrameBuffer* OpenFrame() DRIFTDB_REQUIRES(tail_latch_);

  void BecomeLeader() DRIFTDB_REQUIRES(mutex_);
  void StopLeading(const Status& outcome) DRIFTDB_REQUIRES(mutex_);
  void LeadGroup() DRIFTDB_REQUIRES(mutex_);
  FrameBuffer* TakeGroup() DRIFTDB_REQUIRES(mutex_);
  Status WriteGroup(FrameBuffer* group);
  Status WriteFrame(FrameBuffer* frame);
  Status BeginSegment(FrameBuffer* frame);
  Status SyncUpTo(FrameBuffer** first_unsynced, FrameBuffer* end);
  void NoteCuts(Lsn lsn, const Hash128& chain) DRIFTDB_REQUIRES(mutex_);
  void TellSinks(const FrameBuffer& frame);
  void FreeGroup(FrameBuffer* group);
  Status OutcomeUnknown() DRIFTDB_REQUIRES(mutex_);
  Status PoisonedError() DRIFTDB_REQUIRES(mutex_);

  Status EraseRest();
  void PrepareAhead();
  void RunBackground();
  void WakeBackground(std::atomic<bool>* request);

  const WriterOptions options_;
  SegmentStore store_;
  uint32_t block_bytes_ = kBlockBytesMax;

  // Where the next reservation goes.
  platform::SpinLatch tail_latch_;
  FrameBuffer* open_ DRIFTDB_GUARDED_BY(tail_latch_) = nullptr;
  FrameBuffer* queue_first_ DRIFTDB_GUARDED_BY(tail_latch_) = nullptr;
  FrameBuffer* queue_last_ DRIFTDB_GUARDED_BY(tail_latch_) = nullptr;
  FrameBuffer* pool_ DRIFTDB_GUARDED_BY(tail_latch_) = nullptr;
  uint32_t pool_size_ DRIFTDB_GUARDED_BY(tail_latch_) = 0;
  uint64_t tail_lsn_ DRIFTDB_GUARDED_BY(tail_latch_) = 0;  // of the next frame
  uint64_t tail_offset_ DRIFTDB_GUARDED_BY(tail_latch_) = 0;
  std::shared_ptr<Segment> tail_segment_ DRIFTDB_GUARDED_BY(tail_latch_);
  bool tail_begins_ DRIFTDB_GUARDED_BY(tail_latch_) = false;  // no frame was placed in it yet
  int64_t last_commit_time_ DRIFTDB_GUARDED_BY(tail_latch_) = 0;
  platform::Mutex switch_mutex_;  // one thread at a time makes room

  // Who leads and who waits.
  platform::Mutex mutex_;
  platform::WaitWord flushed_[2];  // by parity of the group that waiters belong to
  bool leading_ DRIFTDB_GUARDED_BY(mutex_) = false;
  uint64_t group_ DRIFTDB_GUARDED_BY(mutex_) = 0;
  uint64_t taken_end_ DRIFTDB_GUARDED_BY(mutex_) = 0;  // end of the group being written
  LogPosition position_ DRIFTDB_GUARDED_BY(mutex_);    // end of the last durable group
  std::vector<CutMark> cuts_ DRIFTDB_GUARDED_BY(mutex_);
  Status poison_ DRIFTDB_GUARDED_BY(mutex_);
  std::atomic<bool> poisoned_{false};
  std::atomic<uint64_t> durable_{0};

  // The leader's own.
  Hash128 chain_;
  std::shared_ptr<Segment> segment_;  // being written
  uint64_t written_offset_ = 0;       // in it

  platform::Mutex sink_mutex_;
  std::vector<LogSink*> sinks_ DRIFTDB_GUARDED_BY(sink_mutex_);
  std::atomic<bool> has_sinks_{false};

  platform::Mutex background_mutex_;
  platform::CondVar background_wake_;
  bool stop_ DRIFTDB_GUARDED_BY(background_mutex_) = false;
  std::atomic<bool> flush_requested_{false};
  std::atomic<bool> prepare_requested_{false};
  platform::Thread background_;

  std::atomic<uint64_t> groups_{0}, frames_{0}, appends_{0}, syncs_{0}, bytes_{0}, segments_{0};
};

}  // namespace driftdb::wal

#endif  // DRIFTDB_WAL_LOG_WRITER_H_
