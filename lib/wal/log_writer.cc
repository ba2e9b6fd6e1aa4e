// The half of LogWriter that makes frames durable: leaders, groups, segments, poison.
#include "wal/log_writer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "base/guard.h"
#include "base/status_macros.h"
#include "platform/rng.h"
#include "wal/frame_buffer.h"

namespace driftdb::wal {
namespace {

constexpr int kLogFillSpinRounds = 1000;

void LogPause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

void LogWaitFilled(const FrameBuffer& frame) {
  // Copying is a matter of microseconds; only a descheduled committer makes it longer.
  for (int round = 0; frame.filled.load(std::memory_order_acquire) != frame.reserved; ++round) {
    if (round < kLogFillSpinRounds) {
      LogPause();
    } else {
      platform::SleepMicros(1);
    }
  }
}

}  // namespace

LogWriter::LogWriter(platform::Vfs* vfs, const std::string& directory, const WriterOptions& options)
    : options_(options), store_(vfs, directory, options.store) {}

Result<std::unique_ptr<LogWriter>> LogWriter::Open(platform::Vfs* vfs, const std::string& directory,
                                                   const WriterOptions& options) {
  DRIFTDB_CHECK_OR_RETURN(options.clock != nullptr, "the log writer needs a clock");
  DRIFTDB_ASSIGN_OR_RETURN(std::vector<SegmentFile> segments,
                           ListSegments(vfs, directory, options.database));
  std::unique_ptr<LogWriter> writer(new LogWriter(vfs, directory, options));
  DRIFTDB_RETURN_IF_ERROR(writer->Start(segments));
  return writer;
}

// Appending always goes on in a new segment, never behind a torn tail (C7).
Status LogWriter::Start(const std::vector<SegmentFile>& segments) {
  DRIFTDB_RETURN_IF_ERROR(store_.Adopt(segments, options_.last_segment, options_.needed_from));
  DRIFTDB_RETURN_IF_ERROR(store_.Prepare(kBlockBytesMax));
  segment_ = store_.TakePrepared(kBlockBytesMax);
  DRIFTDB_CHECK_OR_RETURN(segment_ != nullptr, "the prepared log segment is gone");
  const platform::File& file = *segment_->file;
  if (options_.block_bytes != 0) {
    block_bytes_ = options_.block_bytes;
  } else if (file.direct()) {
    block_bytes_ = std::max(kBlockBytesMin, file.direct_alignment());
  }
  const uint64_t lsn = options_.position.lsn.value;
  {
    platform::LatchGuard guard(&tail_latch_);
    tail_lsn_ = lsn;
    tail_offset_ = kSegmentHeaderBytes;
    tail_segment_ = segment_;
    last_commit_time_ = options_.last_commit_time;
  }
  {
    platform::MutexLock lock(&mutex_);
    position_ = options_.position;
    taken_end_ = lsn;
  }
  durable_.store(lsn, std::memory_order_release);
  chain_ = options_.position.chain;
  FrameBuffer* first = FrameBuffer::Make();
  if (first == nullptr) return Error(sqlstate::kOutOfMemory, "out of memory for a log frame");
  first->segment = segment_;
  first->lsn = lsn;
  const Status begun = BeginSegment(first);
  FreeGroup(first);
  DRIFTDB_RETURN_IF_ERROR(begun);
  if (!options_.background) return OkStatus();
  DRIFTDB_ASSIGN_OR_RETURN(background_, platform::Thread::Start("driftdb-log", [this] {
                             // Out of memory while preparing or flushing (C11): both can wait.
                             for (bool stopped = false; !stopped;) {
                               try {
                                 RunBackground();
                                 stopped = true;
                               } catch (const std::exception&) {
                                 platform::SleepMicros(options_.flush_delay_us);
                               }
                             }
                           }));
  return OkStatus();
}

LogWriter::~LogWriter() {
  {
    platform::MutexLock lock(&background_mutex_);
    stop_ = true;
    background_wake_.NotifyAll();
  }
  background_.Join();
  platform::LatchGuard guard(&tail_latch_);
  CloseOpenFrame();
  for (FrameBuffer* list : {queue_first_, pool_}) {
    while (list != nullptr) delete std::exchange(list, list->next);
  }
}

Status LogWriter::OutcomeUnknown() {
  return Error(sqlstate::kOutcomeUnknown, "outcome of the commit is unknown: {}", poison_.message())
      .WithHint("Reopen the database to learn what the log holds.");
}

Status LogWriter::PoisonedError() {
  return Error(sqlstate::kIoError, "the log accepts nothing more since a failure: {}",
               poison_.message())
      .WithHint("Reopen the database.");
}

Status LogWriter::health() {
  platform::MutexLock lock(&mutex_);
  return poison_;
}

Status LogWriter::WaitDurable(Lsn lsn) {
  if (durable_lsn() >= lsn) return OkStatus();
  bool led = false;
  while (durable_lsn() < lsn) {
    platform::WaitWord* word;
    uint32_t seen;
    {
      platform::MutexLock lock(&mutex_);
      if (durable_lsn() >= lsn) break;
      if (!poison_.ok()) return OutcomeUnknown();
      if (!leading_) {
        LeadGroup();
        led = true;
        // The group took all that was reserved, so it reached every LSN that Reserve gave out.
        DRIFTDB_CHECK_OR_RETURN(durable_lsn() >= lsn || !poison_.ok(),
                                "waiting for LSN {}, which was never reserved", lsn.value);
        continue;
      }
      // Whose frame is being written belongs to this group, others to the next one.
      word = &flushed_[(lsn.value <= taken_end_ ? group_ : group_ + 1) & 1];
      seen = word->value();
    }
    word->Wait(seen);
  }
  if (led) PrepareAhead();
  return OkStatus();
}

Status LogWriter::Flush() { return WaitDurable(tail_lsn()); }

void LogWriter::BecomeLeader() {
  DRIFTDB_DCHECK(!leading_);
  leading_ = true;
}

void LogWriter::StopLeading(const Status& outcome) {
  leading_ = false;
  if (!outcome.ok() && poison_.ok()) {
    poison_ = outcome;
    poisoned_.store(true, std::memory_order_release);
  }
  const uint64_t done = group_++;
  if (poison_.ok()) {
    flushed_[group_ & 1].WakeOne();  // the next leader
  } else {
    flushed_[group_ & 1].WakeAll();
  }
  flushed_[done & 1].WakeAll();
}

void LogWriter::LeadGroup() {
  BecomeLeader();
  // Taken under the mutex, so that every waiter knows which group its frame is in.
  FrameBuffer* const group = TakeGroup();
  mutex_.Unlock();
  const Status outcome = Guarded([&] { return WriteGroup(group); });
  FreeGroup(group);
  mutex_.Lock();
  StopLeading(outcome);
}

FrameBuffer* LogWriter::TakeGroup() {
  platform::LatchGuard guard(&tail_latch_);
  CloseOpenFrame();
  taken_end_ = tail_lsn_;
  queue_last_ = nullptr;
  return std::exchange(queue_first_, nullptr);
}

void LogWriter::NoteCuts(Lsn lsn, const Hash128& chain) {
  for (CutMark& cut : cuts_) {
    if (cut.known || cut.lsn != lsn) continue;
    cut.chain = chain;
    cut.known = true;
  }
}

// Writes all frames of the group and syncs once; once more where a segment ends inside it, because
// the next segment's header may only record an end that is durable (WAL-6).
Status LogWriter::WriteGroup(FrameBuffer* group) {
  // All of them first: even if writing fails, nobody may still be copying when buffers are freed.
  for (FrameBuffer* frame = group; frame != nullptr; frame = frame->next) LogWaitFilled(*frame);
  FrameBuffer* first_unsynced = group;
  for (FrameBuffer* frame = group; frame != nullptr; frame = frame->next) {
    if (frame->begins_segment) {
      DRIFTDB_RETURN_IF_ERROR(SyncUpTo(&first_unsynced, frame));
      DRIFTDB_RETURN_IF_ERROR(BeginSegment(frame));
    }
    DRIFTDB_RETURN_IF_ERROR(WriteFrame(frame));
  }
  DRIFTDB_RETURN_IF_ERROR(SyncUpTo(&first_unsynced, nullptr));
  if (group != nullptr) groups_.fetch_add(1, std::memory_order_relaxed);
  return OkStatus();
}

Status LogWriter::BeginSegment(FrameBuffer* frame) {
  SegmentHeader header;
  header.block_bytes = block_bytes_;
  header.database = options_.database;
  DRIFTDB_RETURN_IF_ERROR(platform::SystemRandom(header.segment.data(), header.segment.size()));
  header.number = frame->segment->number;
  header.epoch = options_.position.epoch;
  header.first_lsn = frame->lsn;
  header.previous_chain = chain_;
  header.segment_bytes = frame->segment->bytes;
  // Aligned for direct files, and not from the heap: frames are already queued (C11).
  alignas(kBlockBytesMax) char block[kSegmentHeaderBytes];
  EncodeSegmentHeader(header, block);
  segment_ = frame->segment;
  written_offset_ = kSegmentHeaderBytes;
  DRIFTDB_RETURN_IF_ERROR(segment_->file->WriteAt(0, block, sizeof(block)));
  DRIFTDB_RETURN_IF_ERROR(segment_->file->Sync());
  syncs_.fetch_add(1, std::memory_order_relaxed);
  bytes_.fetch_add(sizeof(block), std::memory_order_relaxed);
  segments_.fetch_add(1, std::memory_order_relaxed);
  store_.Began(*segment_, Lsn(frame->lsn));
  return OkStatus();
}

Status LogWriter::WriteFrame(FrameBuffer* frame) {
  const uint64_t size = frame->frame_bytes(block_bytes_);
  DRIFTDB_DCHECK(frame->offset == written_offset_ && frame->segment == segment_);
  FrameHeader header;
  header.previous = chain_;
  header.payload_bytes = frame->reserved;
  header.epoch = options_.position.epoch;
  header.lsn = frame->lsn;
  header.durable_lsn = durable_.load(std::memory_order_relaxed);
  header.commit_time = frame->commit_time;
  header.record_count = frame->records;
  header.flags = frame->flags;
  header.database_tag = DatabaseTag(options_.database);
  SealFrame(&header, frame->bytes);
  const uint64_t used = kFrameHeaderBytes + frame->reserved;
  std::memset(frame->bytes + used, 0, size - used);
  DRIFTDB_RETURN_IF_ERROR(segment_->file->WriteAt(frame->offset, frame->bytes, size));
  chain_ = header.chain;
  frame->chain = header.chain;
  written_offset_ += size;
  bytes_.fetch_add(size, std::memory_order_relaxed);
  return OkStatus();
}

// Syncs the segment being written and announces the frames from *first_unsynced up to `end`.
Status LogWriter::SyncUpTo(FrameBuffer** first_unsynced, FrameBuffer* end) {
  if (*first_unsynced == end) return OkStatus();
  DRIFTDB_RETURN_IF_ERROR(segment_->file->Sync());
  syncs_.fetch_add(1, std::memory_order_relaxed);
  // Sinks first: a committer that sees its LSN durable may rely on what they did, as publishing.
  if (has_sinks_.load(std::memory_order_acquire)) {
    for (FrameBuffer* frame = *first_unsynced; frame != end; frame = frame->next) TellSinks(*frame);
  }
  platform::MutexLock lock(&mutex_);
  for (FrameBuffer* frame = *first_unsynced; frame != end; frame = frame->next) {
    frames_.fetch_add(1, std::memory_order_relaxed);
    appends_.fetch_add(frame->appends, std::memory_order_relaxed);
    position_.lsn = Lsn(frame->lsn + frame->frame_bytes(block_bytes_));
    position_.chain = frame->chain;
    NoteCuts(position_.lsn, position_.chain);
  }
  durable_.store(position_.lsn.value, std::memory_order_release);
  *first_unsynced = end;
  return OkStatus();
}

void LogWriter::TellSinks(const FrameBuffer& buffer) {
  const Frame frame = {Lsn(buffer.lsn),
                       Lsn(buffer.lsn + buffer.frame_bytes(block_bytes_)),
                       options_.position.epoch,
                       buffer.commit_time,
                       buffer.records,
                       buffer.flags,
                       buffer.chain,
                       {buffer.bytes + kFrameHeaderBytes, buffer.reserved},
                       {buffer.bytes, kFrameHeaderBytes + buffer.reserved}};
  platform::MutexLock lock(&sink_mutex_);
  for (LogSink* sink : sinks_) sink->FramesDurable({&frame, 1});
}

void LogWriter::AddSink(LogSink* sink) {
  platform::MutexLock lock(&sink_mutex_);
  sinks_.push_back(sink);
  has_sinks_.store(true, std::memory_order_release);
}

void LogWriter::RemoveSink(LogSink* sink) {
  platform::MutexLock lock(&sink_mutex_);
  std::erase(sinks_, sink);
  has_sinks_.store(!sinks_.empty(), std::memory_order_release);
}

Status LogWriter::RecycleBefore(Lsn lsn, bool erase) {
  if (erase) DRIFTDB_RETURN_IF_ERROR(EraseRest());
  return store_.RetireBefore(std::min(lsn, durable_lsn()), erase);
}

// What an earlier use left behind the written part of the current segment. As the leader: no group
// is written meanwhile, and all queued frames go where zeros are written now.
Status LogWriter::EraseRest() {
  mutex_.Lock();
  while (leading_) {
    const platform::WaitWord& next = flushed_[(group_ + 1) & 1];
    const uint32_t seen = next.value();
    mutex_.Unlock();
    next.Wait(seen);
    mutex_.Lock();
  }
  if (!poison_.ok()) {
    Status poisoned = PoisonedError();
    mutex_.Unlock();
    return poisoned;
  }
  BecomeLeader();
  taken_end_ = position_.lsn.value;
  mutex_.Unlock();
  const uint64_t aligned = AlignToBlock(written_offset_, kBlockBytesMax);
  alignas(kBlockBytesMax) static const char zeros[kBlockBytesMax] = {};
  Status outcome = segment_->file->WriteAt(written_offset_, zeros, aligned - written_offset_);
  if (outcome.ok()) outcome = FillWithZeros(segment_->file.get(), aligned, segment_->bytes);
  if (outcome.ok()) outcome = segment_->file->Sync();
  mutex_.Lock();
  StopLeading(outcome);
  mutex_.Unlock();
  return outcome;
}

// Called after leading a group: when the segment is half full, the next one should be ready.
void LogWriter::PrepareAhead() {
  {
    platform::LatchGuard guard(&tail_latch_);
    if (tail_offset_ < tail_segment_->bytes / 2) return;
  }
  if (prepare_requested_.load(std::memory_order_relaxed) || store_.prepared()) return;
  if (options_.background) {
    WakeBackground(&prepare_requested_);
    return;
  }
  // A failure is not lost: whoever needs the segment tries again and gets the error (Reserve).
  // Nor may an exception reach a committer whose commit is durable (C11).
  const Status prepared = Guarded([this] { return store_.Prepare(kBlockBytesMax); });
  (void)prepared;
}

void LogWriter::RequestFlush() {
  if (!options_.background || flush_requested_.load(std::memory_order_relaxed)) return;
  WakeBackground(&flush_requested_);
}

void LogWriter::WakeBackground(std::atomic<bool>* request) {
  if (request->exchange(true)) return;
  platform::MutexLock lock(&background_mutex_);
  background_wake_.NotifyOne();
}

void LogWriter::RunBackground() {
  background_mutex_.Lock();
  while (!stop_) {
    if (prepare_requested_.load()) {
      background_mutex_.Unlock();
      const Status prepared = store_.Prepare(kBlockBytesMax);
      (void)prepared;  // as in PrepareAhead
      prepare_requested_.store(false);
      background_mutex_.Lock();
    } else if (flush_requested_.load()) {
      background_wake_.WaitFor(&background_mutex_, options_.flush_delay_us);
      if (prepare_requested_.load()) continue;
      // Cleared before the flush: what is appended from now on asks again.
      flush_requested_.store(false);
      background_mutex_.Unlock();
      const Status flushed = Flush();
      (void)flushed;  // a failure has poisoned the log and is told to every later caller
      background_mutex_.Lock();
    } else {
      background_wake_.Wait(&background_mutex_);
    }
  }
  background_mutex_.Unlock();
}

LogCounters LogWriter::counters() {
  LogCounters counters;
  counters.groups = groups_.load(std::memory_order_relaxed);
  counters.frames = frames_.load(std::memory_order_relaxed);
  counters.appends = appends_.load(std::memory_order_relaxed);
  counters.syncs = syncs_.load(std::memory_order_relaxed);
  counters.bytes = bytes_.load(std::memory_order_relaxed);
  counters.segments = segments_.load(std::memory_order_relaxed);
  counters.segments_recycled = store_.recycled_total();
  counters.live_bytes = store_.live_bytes();
  return counters;
}

Status LogWriter::Close() {
  {
    platform::MutexLock lock(&background_mutex_);
    stop_ = true;
    background_wake_.NotifyAll();
  }
  background_.Join();
  DRIFTDB_RETURN_IF_ERROR(Flush());
  {
    platform::MutexLock lock(&mutex_);
    if (poison_.ok()) {
      poison_ = Error(sqlstate::kObjectNotInState, "the log is closed");
      poisoned_.store(true, std::memory_order_release);
    } else {
      return PoisonedError();
    }
  }
  return store_.DeleteSpares();
}

}  // namespace driftdb::wal
