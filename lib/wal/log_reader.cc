#include "wal/log_reader.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/error.h"

namespace driftdb::wal {
namespace {

constexpr size_t kReaderWindowBytes = 1 << 20;

}  // namespace

Result<std::unique_ptr<LogReader>> LogReader::Open(platform::Vfs* vfs, const std::string& directory,
                                                   const ReaderOptions& options) {
  std::unique_ptr<LogReader> reader(new LogReader(vfs, options));
  reader->tag_ = DatabaseTag(options.database);
  reader->end_.position = options.from;
  DRIFTDB_ASSIGN_OR_RETURN(reader->segments_, ListSegments(vfs, directory, options.database));
  if (Status found = reader->FindStart(); !found.ok()) {
    if (!options.salvage) return found;
    reader->end_.damage = std::move(found);
    reader->done_ = true;
  }
  return reader;
}

Status LogReader::Damage(const std::string& what) const {
  return DataLossError("the log is damaged: {}", what)
      .WithDetail(fmt::format("All up to LSN {} is intact.", end_.position.lsn.value))
      .WithHint("Restore a backup, or an intact copy of the log.");
}

// What is wrong with the files that are no segments: one of them may be what is missed.
std::string LogReader::OtherFiles() const {
  std::string what;
  for (const SegmentFile& segment : segments_) {
    if (segment.state == SegmentState::kUsed) continue;
    what += fmt::format("; segment \"{}\" has {} at offset 0", segment.path,
                        segment.state == SegmentState::kDamaged ? "a bad header" : "no header");
  }
  return what;
}

// The start lies in the last used segment that begins at or before it (WAL-3): older ones are
// spent.
Status LogReader::FindStart() {
  const uint64_t from = options_.from.lsn.value;
  size_t found = segments_.size();
  for (size_t i = 0; i < segments_.size(); ++i) {
    if (segments_[i].state == SegmentState::kUsed && segments_[i].header.first_lsn <= from) {
      found = i;
    }
  }
  if (found == segments_.size()) {
    return Damage(
        fmt::format("no segment holds LSN {}, where reading begins{}", from, OtherFiles()));
  }
  const SegmentHeader& header = segments_[found].header;
  if (from - header.first_lsn > header.segment_bytes - kSegmentHeaderBytes) {
    return Damage(fmt::format("LSN {} is past the end of segment \"{}\", the last before it{}",
                              from, segments_[found].path, OtherFiles()));
  }
  if (header.first_lsn == from && header.previous_chain != options_.from.chain) {
    return Damage(fmt::format("segment \"{}\" does not continue the chain at LSN {}",
                              segments_[found].path, from));
  }
  if (header.epoch < options_.from.epoch) {
    return Damage(fmt::format("segment \"{}\" has epoch {}, before epoch {} of LSN {}",
                              segments_[found].path, header.epoch, options_.from.epoch, from));
  }
  return OpenSegment(found);
}

Status LogReader::OpenSegment(size_t index) {
  // A file has its full size, durably, before its header is written (WAL-6).
  if (segments_[index].file_bytes < segments_[index].header.segment_bytes) {
    return Damage(fmt::format("segment \"{}\" is truncated to {} bytes, its header says {}",
                              segments_[index].path, segments_[index].file_bytes,
                              segments_[index].header.segment_bytes));
  }
  index_ = index;
  buffer_.clear();
  buffer_offset_ = 0;
  end_.last_segment = current().number;
  end_.position.epoch = current().header.epoch;
  platform::OpenOptions options;
  DRIFTDB_ASSIGN_OR_RETURN(file_, vfs_->Open(current().path, options));
  return OkStatus();
}

Result<std::string_view> LogReader::Fetch(uint64_t offset, size_t size) {
  const bool inside = offset >= buffer_offset_ && offset - buffer_offset_ <= buffer_.size() &&
                      size <= buffer_.size() - (offset - buffer_offset_);
  if (!inside) {
    buffer_.resize(std::max(size, kReaderWindowBytes));
    Result<size_t> got = file_->ReadAt(offset, buffer_.data(), buffer_.size());
    buffer_.resize(got.ok() ? *got : 0);
    buffer_offset_ = offset;
    DRIFTDB_RETURN_IF_ERROR(got.status());
  }
  return std::string_view(buffer_).substr(offset - buffer_offset_, size);
}

bool LogReader::NextIsUsed() const {
  return index_ + 1 < segments_.size() && segments_[index_ + 1].state == SegmentState::kUsed;
}

bool LogReader::Follows(const FrameHeader& header, bool intact) const {
  return intact && header.lsn == end_.position.lsn.value &&
         header.previous == end_.position.chain && header.epoch == current().header.epoch &&
         header.durable_lsn <= header.lsn && header.reserved == 0;
}

Result<bool> LogReader::Next(Frame* frame) {
  if (done_) return false;
  Result<bool> next = NextUnchecked(frame);
  if (next.ok() && *next) return next;
  done_ = true;
  if (!next.ok() && options_.salvage && next.status().sqlstate() == sqlstate::kDataCorrupted) {
    end_.damage = std::move(next).status();
    return false;
  }
  return next;
}

Result<bool> LogReader::NextUnchecked(Frame* frame) {
  // At the recorded end of a segment the next one begins; bytes after it are no part of the log
  // (C7).
  while (NextIsUsed() && segments_[index_ + 1].header.first_lsn == end_.position.lsn.value) {
    DRIFTDB_RETURN_IF_ERROR(EnterNext());
  }
  const uint64_t offset = OffsetOf(end_.position.lsn.value);
  FrameHeader header;
  DRIFTDB_ASSIGN_OR_RETURN(std::string_view bytes, Fetch(offset, kFrameHeaderBytes));
  bool intact = PeekFrame(bytes, tag_, &header);
  if (intact) {
    DRIFTDB_ASSIGN_OR_RETURN(bytes, Fetch(offset, kFrameHeaderBytes + header.payload_bytes));
    intact = DecodeFrame(bytes, tag_, &header);
  }
  if (!Follows(header, intact)) {
    DRIFTDB_RETURN_IF_ERROR(JudgeTail());
    return false;
  }
  const uint64_t end = header.lsn + AlignToBlock(bytes.size(), current().header.block_bytes);
  if (NextIsUsed() && end > segments_[index_ + 1].header.first_lsn) {
    return Damage(
        fmt::format("the frame at LSN {} of \"{}\" crosses LSN {}, the segment's recorded "
                    "end",
                    header.lsn, current().path, segments_[index_ + 1].header.first_lsn));
  }
  *frame = {Lsn(header.lsn),
            Lsn(end),
            header.epoch,
            header.commit_time,
            header.record_count,
            header.flags,
            header.chain,
            bytes.substr(kFrameHeaderBytes),
            bytes};
  end_.position = {Lsn(end), header.epoch, header.chain};
  end_.last_commit_time = header.commit_time;
  ++end_.frames;
  end_.records += header.record_count;
  return true;
}

Status LogReader::EnterNext() {
  const SegmentFile& next = segments_[index_ + 1];
  if (next.number != current().number + 1) {
    return Damage(fmt::format("segment {} is missing, segment \"{}\" exists", current().number + 1,
                              next.path));
  }
  if (next.header.previous_chain != end_.position.chain) {
    return Damage(fmt::format("segment \"{}\" does not continue the chain of \"{}\" at LSN {}",
                              next.path, current().path, end_.position.lsn.value));
  }
  if (next.header.epoch < end_.position.epoch) {
    return Damage(fmt::format("segment \"{}\" goes back from epoch {} to {}", next.path,
                              end_.position.epoch, next.header.epoch));
  }
  return OpenSegment(index_ + 1);
}

// At a place where no frame of the chain stands: the torn tail that a crash leaves, or damage?
Status LogReader::JudgeTail() {
  const uint64_t end = end_.position.lsn.value;
  for (size_t i = index_ + 1; i < segments_.size(); ++i) {
    if (segments_[i].state != SegmentState::kUsed) continue;
    return Damage(fmt::format(
        "no frame at LSN {} (offset {} of \"{}\"), though \"{}\" records LSN "
        "{} as the end of its predecessor",
        end, OffsetOf(end), current().path, segments_[i].path, segments_[i].header.first_lsn));
  }
  if (end < options_.reach.value) {
    return Damage(
        fmt::format("it ends at LSN {} (offset {} of \"{}\") and is known to reach LSN {}", end,
                    OffsetOf(end), current().path, options_.reach.value));
  }
  DRIFTDB_ASSIGN_OR_RETURN(bool proof, FindProof(OffsetOf(end), true));
  const SegmentFile* where = &current();
  for (size_t i = index_ + 1; !proof && i < segments_.size(); ++i) {
    platform::OpenOptions options;
    DRIFTDB_ASSIGN_OR_RETURN(file_, vfs_->Open(segments_[i].path, options));
    buffer_.clear();
    where = &segments_[i];
    DRIFTDB_ASSIGN_OR_RETURN(proof, FindProof(kSegmentHeaderBytes, false));
  }
  if (!proof) return OkStatus();
  return Damage(
      fmt::format("the frame at LSN {} (offset {} of \"{}\") is bad, and a later one in "
                  "\"{}\" proves that it was durable",
                  end, OffsetOf(end), current().path, where->path));
}

Result<bool> LogReader::FindProof(uint64_t offset, bool in_current) {
  const uint64_t end = end_.position.lsn.value;
  for (;; offset += kBlockBytesMin) {
    DRIFTDB_ASSIGN_OR_RETURN(std::string_view bytes, Fetch(offset, kFrameHeaderBytes));
    if (in_current && !end_.torn) {
      end_.torn = std::any_of(bytes.begin(), bytes.end(), [](char c) { return c != '\0'; });
    }
    if (bytes.size() < kFrameHeaderBytes) return false;
    FrameHeader header;
    if (!PeekFrame(bytes, tag_, &header)) continue;
    // A recycled file holds frames of an earlier use, all with smaller LSNs (WAL-4).
    if (header.lsn < end) continue;
    if (in_current && header.lsn - current().header.first_lsn != offset - kSegmentHeaderBytes) {
      continue;
    }
    DRIFTDB_ASSIGN_OR_RETURN(bytes, Fetch(offset, kFrameHeaderBytes + header.payload_bytes));
    if (!DecodeFrame(bytes, tag_, &header)) continue;
    // A file after the last used segment: its header became durable before any frame in it (WAL-6),
    // so an intact frame there proves that the header was lost; if it lies where a segment that
    // begins at the log's end or later would have it. What an earlier use left lies as in a segment
    // that began before: it may have larger LSNs than the end, as the rest of a torn group whose
    // LSNs were given out again.
    if (!in_current) {
      if (header.lsn < end + (offset - kSegmentHeaderBytes)) continue;
      return true;
    }
    // Frames of one group may reach the medium in any order: only a frame written when the bad one
    // was durable already is a proof (WAL-8).
    if (header.durable_lsn > end) return true;
    // Written after everything before the end was durable, upon another chain than ours: one of the
    // two is not what was written.
    const bool contradicts = header.lsn == end && header.durable_lsn == end &&
                             header.previous != end_.position.chain &&
                             end > current().header.first_lsn;
    if (contradicts) return true;
  }
}

}  // namespace driftdb::wal
