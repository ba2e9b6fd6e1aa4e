#include "wal/segment_store.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "base/status_macros.h"

namespace driftdb::wal {

Result<std::unique_ptr<platform::File>> SegmentStore::OpenSegment(uint64_t number,
                                                                  platform::OpenMode mode) {
  platform::OpenOptions options;
  options.mode = mode;
  options.direct = options_.direct;
  DRIFTDB_ASSIGN_OR_RETURN(std::unique_ptr<platform::File> file,
                           vfs_->Open(SegmentPath(directory_, number), options));
  if (file->direct() && file->direct_alignment() > kBlockBytesMax) {
    options.direct = false;
    return vfs_->Open(SegmentPath(directory_, number), options);
  }
  return file;
}

Status SegmentStore::Adopt(const std::vector<SegmentFile>& segments, uint64_t last_used,
                           Lsn needed_from) {
  platform::MutexLock guard(&mutex_);
  last_number_ = last_used;
  next_bytes_ = options_.segment_bytes_min;
  bool renamed = false;
  for (const SegmentFile& segment : segments) {
    const bool used = segment.state == SegmentState::kUsed;
    if (segment.number > last_used && used) {
      DRIFTDB_RETURN_IF_ERROR(vfs_->Rename(segment.path, segment.path + ".lost"));
      renamed = true;
    } else if (segment.number > last_used || !used) {
      // Prepared and never used, or an older one that nobody can read: reused under the next
      // number.
      spent_.push_back({segment.number, segment.file_bytes});
    } else {
      live_.push_back({segment.number, segment.file_bytes, Lsn(segment.header.first_lsn)});
    }
  }
  // Every opening begins a segment: without this, openings that write nothing would pile them up.
  while (live_.size() > 1 && live_[1].first_lsn <= needed_from) {
    spent_.push_back({live_[0].number, live_[0].bytes});
    live_.erase(live_.begin());
  }
  // An unused file may bear a number that will be needed before the file is: those go.
  std::vector<Spent> kept;
  for (const Spent& spent : spent_) {
    if (spent.number > last_used + 1) {
      DRIFTDB_RETURN_IF_ERROR(vfs_->Delete(SegmentPath(directory_, spent.number)));
      renamed = true;
    } else {
      kept.push_back(spent);
    }
  }
  spent_ = std::move(kept);
  return renamed ? vfs_->SyncDirectory(directory_) : OkStatus();
}

Status SegmentStore::Prepare(uint64_t bytes) {
  platform::MutexLock guard(&mutex_);
  if (prepared_ != nullptr && prepared_->bytes - kSegmentHeaderBytes >= bytes) return OkStatus();
  return PrepareLocked(bytes);
}

Status SegmentStore::PrepareLocked(uint64_t bytes) {
  uint64_t size = std::max(next_bytes_, options_.segment_bytes_min);
  while (size - kSegmentHeaderBytes < bytes) size *= 2;
  if (prepared_ != nullptr) {
    // Too small for one large frame: it grows in place.
    DRIFTDB_RETURN_IF_ERROR(FillWithZeros(prepared_->file.get(), prepared_->bytes, size));
    DRIFTDB_RETURN_IF_ERROR(prepared_->file->Sync());
    prepared_->bytes = size;
    return OkStatus();
  }
  const uint64_t number = last_number_ + 1;
  uint64_t found = 0;
  DRIFTDB_RETURN_IF_ERROR(RecycleFor(number, bytes, &found));
  if (found == 0) {
    DRIFTDB_RETURN_IF_ERROR(CreateFor(number, size));
    found = size;
  }
  // The name must be durable before anything in the file counts (WAL-6).
  DRIFTDB_RETURN_IF_ERROR(vfs_->SyncDirectory(directory_));
  auto segment = std::make_shared<Segment>();
  segment->number = number;
  segment->bytes = found;
  DRIFTDB_ASSIGN_OR_RETURN(segment->file, OpenSegment(number, platform::OpenMode::kReadWrite));
  // Began must not allocate: frames are queued by then (C11).
  live_.reserve(live_.size() + 4);
  prepared_ = std::move(segment);
  last_number_ = number;
  next_bytes_ = std::min(std::max(size, found) * 2, options_.segment_bytes_max);
  ++prepared_total_;
  return OkStatus();
}

// Renames the largest spent file that is large enough. `found`: its size, 0 when there is none.
Status SegmentStore::RecycleFor(uint64_t number, uint64_t bytes, uint64_t* found) {
  // A file that already bears the number is in the way of any other.
  auto best = std::find_if(spent_.begin(), spent_.end(),
                           [number](const Spent& spent) { return spent.number == number; });
  if (best == spent_.end()) {
    best = std::max_element(spent_.begin(), spent_.end(),
                            [](const Spent& a, const Spent& b) { return a.bytes < b.bytes; });
  }
  if (best == spent_.end()) return OkStatus();
  // Sizes that no writer leaves (a preparation cut short by a crash) are not worth keeping.
  const uint64_t usable = best->bytes & ~static_cast<uint64_t>(kBlockBytesMax - 1);
  if (usable < options_.segment_bytes_min || usable - kSegmentHeaderBytes < bytes) {
    if (best->number == number) {
      DRIFTDB_RETURN_IF_ERROR(vfs_->Delete(SegmentPath(directory_, number)));
      spent_.erase(best);
    }
    return OkStatus();
  }
  if (best->number != number) {
    DRIFTDB_RETURN_IF_ERROR(
        vfs_->Rename(SegmentPath(directory_, best->number), SegmentPath(directory_, number)));
  }
  *found = usable;
  spent_.erase(best);
  ++recycled_total_;
  return OkStatus();
}

Status SegmentStore::CreateFor(uint64_t number, uint64_t bytes) {
  const std::string path = SegmentPath(directory_, number);
  Status filled;
  {
    DRIFTDB_ASSIGN_OR_RETURN(const std::unique_ptr<platform::File> file,
                             OpenSegment(number, platform::OpenMode::kTruncate));
    // Written, not only allocated: a first write into an allocated but unwritten extent costs a
    // metadata transaction per commit (engine.md 1.3).
    filled = FillWithZeros(file.get(), 0, bytes);
    if (filled.ok()) filled = file->Sync();
  }
  if (filled.ok()) return OkStatus();
  // Give the space back; the first error is the one to tell.
  const Status deleted = vfs_->Delete(path);
  (void)deleted;
  return filled;
}

std::shared_ptr<Segment> SegmentStore::TakePrepared(uint64_t bytes) {
  platform::MutexLock guard(&mutex_);
  if (prepared_ == nullptr || prepared_->bytes - kSegmentHeaderBytes < bytes) return nullptr;
  return std::exchange(prepared_, nullptr);
}

bool SegmentStore::prepared() {
  platform::MutexLock guard(&mutex_);
  return prepared_ != nullptr;
}

void SegmentStore::Began(const Segment& segment, Lsn first_lsn) {
  platform::MutexLock guard(&mutex_);
  live_.push_back({segment.number, segment.bytes, first_lsn});
}

Status SegmentStore::RetireBefore(Lsn lsn, bool erase) {
  platform::MutexLock guard(&mutex_);
  uint64_t retired = 0;
  while (live_.size() > 1 && live_[1].first_lsn <= lsn) {
    retired += live_[0].bytes;
    spent_.push_back({live_[0].number, live_[0].bytes});
    live_.erase(live_.begin());
  }
  if (retired != 0) pace_bytes_ = retired;
  if (erase) DRIFTDB_RETURN_IF_ERROR(EraseSpent());
  // Keep what the next round will need, at least one file; the smallest go first.
  std::sort(spent_.begin(), spent_.end(),
            [](const Spent& a, const Spent& b) { return a.bytes > b.bytes; });
  uint64_t kept = 0;
  size_t count = 0;
  while (count < spent_.size() && (count == 0 || kept < pace_bytes_)) kept += spent_[count++].bytes;
  while (spent_.size() > count) {
    DRIFTDB_RETURN_IF_ERROR(vfs_->Delete(SegmentPath(directory_, spent_.back().number)));
    spent_.pop_back();
  }
  return OkStatus();
}

Status SegmentStore::EraseSpent() {
  for (const Spent& spent : spent_) {
    DRIFTDB_ASSIGN_OR_RETURN(const std::unique_ptr<platform::File> file,
                             OpenSegment(spent.number, platform::OpenMode::kReadWrite));
    DRIFTDB_RETURN_IF_ERROR(
        FillWithZeros(file.get(), 0, spent.bytes & ~static_cast<uint64_t>(kBlockBytesMax - 1)));
    DRIFTDB_RETURN_IF_ERROR(file->Sync());
  }
  if (prepared_ == nullptr) return OkStatus();
  DRIFTDB_RETURN_IF_ERROR(FillWithZeros(prepared_->file.get(), 0, prepared_->bytes));
  return prepared_->file->Sync();
}

Status SegmentStore::DeleteSpares() {
  platform::MutexLock guard(&mutex_);
  if (prepared_ != nullptr) {
    // Written over with zeros where it was new: the log does not count it either way.
    spent_.push_back({prepared_->number, prepared_->bytes});
    prepared_ = nullptr;
  }
  const auto kept = std::find_if(spent_.begin(), spent_.end(), [this](const Spent& spent) {
    return spent.bytes == options_.segment_bytes_min;
  });
  for (auto it = spent_.begin(); it != spent_.end(); ++it) {
    if (it != kept) DRIFTDB_RETURN_IF_ERROR(vfs_->Delete(SegmentPath(directory_, it->number)));
  }
  spent_.clear();
  return OkStatus();
}

uint64_t SegmentStore::live_bytes() {
  platform::MutexLock guard(&mutex_);
  uint64_t bytes = 0;
  for (const Live& live : live_) bytes += live.bytes;
  return bytes;
}

uint64_t SegmentStore::prepared_total() {
  platform::MutexLock guard(&mutex_);
  return prepared_total_;
}

uint64_t SegmentStore::recycled_total() {
  platform::MutexLock guard(&mutex_);
  return recycled_total_;
}

}  // namespace driftdb::wal
