// The half of LogWriter that gives out space: open frame, queue, room in segments.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "base/check.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "wal/frame_buffer.h"
#include "wal/log_writer.h"

namespace driftdb::wal {
namespace {

// More than this queued makes committers wait in PrepareSpace: the log cannot keep up. Queued
// frames are memory that no accountant knows.
constexpr uint64_t kLogQueueBytesMax = 4 << 20;
constexpr uint32_t kLogPoolBuffersMax = 4;

}  // namespace

FrameBuffer* FrameBuffer::Make() {
  std::unique_ptr<FrameBuffer> frame(new (std::nothrow) FrameBuffer);
  if (frame == nullptr) return nullptr;
  frame->bytes = static_cast<char*>(std::aligned_alloc(kBlockBytesMax, kFrameBytesMax));
  return frame->bytes == nullptr ? nullptr : frame.release();
}

FrameBuffer::~FrameBuffer() { std::free(bytes); }

// A closed frame's place and size are final; reservations go to the next one.
void LogWriter::CloseOpenFrame() {
  if (open_ == nullptr) return;
  const uint64_t bytes = open_->frame_bytes(block_bytes_);
  tail_lsn_ += bytes;
  tail_offset_ += bytes;
  DRIFTDB_DCHECK(tail_offset_ <= tail_segment_->bytes);
  (queue_last_ == nullptr ? queue_first_ : queue_last_->next) = open_;
  queue_last_ = open_;
  open_ = nullptr;
}

bool LogWriter::HasRoom(size_t bytes) {
  const uint64_t left = tail_segment_->bytes - tail_offset_;
  return AlignToBlock(kFrameHeaderBytes + bytes, block_bytes_) <= left;
}

// Null without a buffer in the pool.
FrameBuffer* LogWriter::OpenFrame() {
  FrameBuffer* frame = pool_;
  if (frame == nullptr) return nullptr;
  pool_ = frame->next;
  --pool_size_;
  frame->next = nullptr;
  frame->segment = tail_segment_;
  frame->begins_segment = tail_begins_;
  tail_begins_ = false;
  frame->offset = tail_offset_;
  frame->lsn = tail_lsn_;
  const uint64_t left =
      (tail_segment_->bytes - tail_offset_) & ~static_cast<uint64_t>(block_bytes_ - 1);
  frame->capacity =
      static_cast<uint32_t>(std::min<uint64_t>(left, kFrameBytesMax) - kFrameHeaderBytes);
  frame->reserved = 0;
  frame->filled.store(0, std::memory_order_relaxed);
  frame->records = 0;
  frame->appends = 0;
  frame->flags = 0;
  // One clock read per frame, in log order, so that times order commits as the log does (C3).
  last_commit_time_ = std::max(options_.clock->WallMicros(), last_commit_time_ + 1);
  frame->commit_time = last_commit_time_;
  open_ = frame;
  return frame;
}

bool LogWriter::TryReserve(size_t bytes, uint32_t records, uint16_t flags,
                           Reservation* reservation) {
  platform::LatchGuard guard(&tail_latch_);
  if (open_ != nullptr && bytes > open_->capacity - open_->reserved) CloseOpenFrame();
  if (open_ == nullptr && (!HasRoom(bytes) || OpenFrame() == nullptr)) return false;
  reservation->frame = open_;
  reservation->to = open_->bytes + kFrameHeaderBytes + open_->reserved;
  reservation->bytes = static_cast<uint32_t>(bytes);
  reservation->commit_time = open_->commit_time;
  open_->reserved += static_cast<uint32_t>(bytes);
  open_->records += records;
  open_->flags |= flags;
  ++open_->appends;
  reservation->end = Lsn(open_->lsn + kFrameHeaderBytes + open_->reserved);
  return true;
}

Result<LogWriter::Reservation> LogWriter::Reserve(size_t bytes, uint32_t record_count,
                                                  uint16_t flags) {
  if (bytes > kFramePayloadMax) {
    return Error(sqlstate::kProgramLimitExceeded,
                 "log record batch of {} bytes exceeds the limit of {} bytes", bytes,
                 kFramePayloadMax);
  }
  Reservation reservation;
  for (;;) {
    if (poisoned_.load(std::memory_order_acquire)) {
      platform::MutexLock lock(&mutex_);
      return PoisonedError();
    }
    if (TryReserve(bytes, record_count, flags, &reservation)) return reservation;
    DRIFTDB_RETURN_IF_ERROR(MakeRoom(bytes));
  }
}

// Sees to a frame buffer and to a segment with room. Nothing is appended when it fails (C11).
Status LogWriter::MakeRoom(size_t bytes) {
  platform::MutexLock one_at_a_time(&switch_mutex_);
  bool needs_buffer, needs_segment;
  {
    platform::LatchGuard guard(&tail_latch_);
    needs_buffer = pool_ == nullptr;
    needs_segment = open_ == nullptr && !HasRoom(bytes);
  }
  if (needs_buffer) {
    FrameBuffer* frame = FrameBuffer::Make();
    if (frame == nullptr) return Error(sqlstate::kOutOfMemory, "out of memory for a log frame");
    platform::LatchGuard guard(&tail_latch_);
    frame->next = pool_;
    pool_ = frame;
    ++pool_size_;
  }
  if (!needs_segment) return OkStatus();
  const uint64_t needed = AlignToBlock(kFrameHeaderBytes + bytes, block_bytes_);
  DRIFTDB_RETURN_IF_ERROR(store_.Prepare(needed));
  std::shared_ptr<Segment> segment = store_.TakePrepared(needed);
  // Another thread erasing or closing may have got in between; then the caller tries again.
  if (segment == nullptr) return OkStatus();
  platform::LatchGuard guard(&tail_latch_);
  // A smaller reservation may have opened a frame in what was left of the old segment.
  CloseOpenFrame();
  tail_segment_.swap(segment);
  tail_offset_ = kSegmentHeaderBytes;
  tail_begins_ = true;
  return OkStatus();
}

void LogWriter::Complete(const Reservation& reservation) {
  // Release: the leader's acquire of the last byte's count sees the bytes.
  reservation.frame->filled.fetch_add(reservation.bytes, std::memory_order_release);
}

Result<LogWriter::Reservation> LogWriter::Append(std::span<const std::string_view> pieces,
                                                 uint32_t record_count, uint16_t flags) {
  size_t bytes = 0;
  for (const std::string_view piece : pieces) bytes += piece.size();
  DRIFTDB_ASSIGN_OR_RETURN(Reservation reservation, Reserve(bytes, record_count, flags));
  char* to = reservation.to;
  for (const std::string_view piece : pieces) {
    if (piece.empty()) continue;
    std::memcpy(to, piece.data(), piece.size());
    to += piece.size();
  }
  Complete(reservation);
  return reservation;
}

Status LogWriter::PrepareSpace(size_t bytes) {
  uint64_t tail;
  bool needs_segment;
  {
    platform::LatchGuard guard(&tail_latch_);
    const uint64_t open_bytes = open_ == nullptr ? 0 : open_->frame_bytes(block_bytes_);
    tail = tail_lsn_ + open_bytes;
    needs_segment = tail_segment_->bytes - tail_offset_ <
                    open_bytes + AlignToBlock(kFrameHeaderBytes + bytes, block_bytes_);
  }
  if (tail > durable_.load(std::memory_order_relaxed) + kLogQueueBytesMax) {
    const Status drained = WaitDurable(Lsn(tail - kLogQueueBytesMax / 2));
    if (!drained.ok()) {
      // Not "outcome unknown": nothing of the caller's was appended yet.
      platform::MutexLock lock(&mutex_);
      return poison_.ok() ? drained : PoisonedError();
    }
  }
  if (!needs_segment || bytes > kFramePayloadMax) return OkStatus();
  return store_.Prepare(AlignToBlock(kFrameHeaderBytes + bytes, block_bytes_));
}

Lsn LogWriter::tail_lsn() {
  platform::LatchGuard guard(&tail_latch_);
  return Lsn(open_ == nullptr ? tail_lsn_ : open_->lsn + kFrameHeaderBytes + open_->reserved);
}

// Returns the buffers of a group to the pool.
void LogWriter::FreeGroup(FrameBuffer* group) {
  while (group != nullptr) {
    FrameBuffer* const frame = group;
    group = group->next;
    frame->segment.reset();
    bool pooled = false;
    {
      platform::LatchGuard guard(&tail_latch_);
      if (pool_size_ < kLogPoolBuffersMax) {
        frame->next = pool_;
        pool_ = frame;
        ++pool_size_;
        pooled = true;
      }
    }
    if (!pooled) delete frame;
  }
}

Lsn LogWriter::Cut() {
  platform::MutexLock lock(&mutex_);
  CutMark mark;
  {
    platform::LatchGuard guard(&tail_latch_);
    CloseOpenFrame();
    mark.lsn = Lsn(tail_lsn_);
  }
  mark.known = position_.lsn == mark.lsn;
  mark.chain = position_.chain;
  cuts_.push_back(mark);
  return mark.lsn;
}

Result<LogPosition> LogWriter::WaitPosition(Lsn cut) {
  const Status durable = WaitDurable(cut);
  platform::MutexLock lock(&mutex_);
  for (size_t i = 0; i < cuts_.size(); ++i) {
    if (cuts_[i].lsn != cut || (!cuts_[i].known && durable.ok())) continue;
    const LogPosition position{cut, position_.epoch, cuts_[i].chain};
    cuts_.erase(cuts_.begin() + static_cast<ptrdiff_t>(i));
    DRIFTDB_RETURN_IF_ERROR(durable);
    return position;
  }
  return InternalError("LSN {} was not cut", cut.value);
}

}  // namespace driftdb::wal
