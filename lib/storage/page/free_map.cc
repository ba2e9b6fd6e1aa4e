#include "storage/page/free_map.h"

#include <algorithm>

#include "base/check.h"
#include "base/coding.h"
#include "base/status_macros.h"

namespace driftdb::storage {

namespace {

constexpr uint32_t kFreeMapMagic = 0x4d524644;  // "DFRM"
constexpr uint32_t kFreeMapVersion = 1;
constexpr size_t kFreeMapHeaderBytes = 16;
// Far above any file, far below overflow.
constexpr uint64_t kFreeMapGranulesMax = uint64_t{1} << 44;

}  // namespace

void FreeMap::Insert(GranuleRange range) {
  DRIFTDB_DCHECK(range.count > 0 && range.start + range.count <= end_);
  auto next = by_start_.lower_bound(range.start);
  DRIFTDB_DCHECK(next == by_start_.end() || range.start + range.count <= next->first);
  if (next != by_start_.end() && next->first == range.start + range.count) {
    range.count += next->second;
    const uint64_t start = next->first;
    const uint64_t length = next->second;
    ++next;
    Remove(start, length);
  }
  if (next != by_start_.begin()) {
    auto previous = std::prev(next);
    DRIFTDB_DCHECK(previous->first + previous->second <= range.start);
    if (previous->first + previous->second == range.start) {
      range.start = previous->first;
      range.count += previous->second;
      Remove(previous->first, previous->second);
    }
  }
  by_start_.emplace(range.start, range.count);
  by_length_.emplace(range.count, range.start);
  free_granules_ += range.count;
}

void FreeMap::Remove(uint64_t start, uint64_t length) {
  by_length_.erase({length, start});
  by_start_.erase(start);
  free_granules_ -= length;
}

void FreeMap::Take(uint64_t start, GranuleRange part) {
  const uint64_t length = by_start_.at(start);
  Remove(start, length);
  if (part.start > start) Insert({start, part.start - start});
  const uint64_t part_end = part.start + part.count;
  if (part_end < start + length) Insert({part_end, start + length - part_end});
}

uint64_t FreeMap::AllocateExisting(uint64_t count) {
  auto fit = by_length_.lower_bound({count, 0});
  if (fit == by_length_.end()) return 0;
  const uint64_t start = fit->second;
  Take(start, {start, count});
  unreferenced_.emplace(start, count);
  return start;
}

uint64_t FreeMap::Allocate(uint64_t count) {
  DRIFTDB_DCHECK(count > 0);
  uint64_t start = AllocateExisting(count);
  if (start != 0) return start;
  // A free range at the end of the file is the beginning of what grows.
  start = end_;
  if (!by_start_.empty()) {
    const auto last = std::prev(by_start_.end());
    if (last->first + last->second == end_) {
      start = last->first;
      Remove(last->first, last->second);
    }
  }
  end_ = start + count;
  unreferenced_.emplace(start, count);
  return start;
}

Status FreeMap::Claim(GranuleRange range) {
  if (range.count == 0 || range.start == 0 || range.count > kFreeMapGranulesMax ||
      range.start > kFreeMapGranulesMax) {
    return DataLossError("log names an impossible extent: {} granules from granule {}", range.count,
                         range.start);
  }
  const uint64_t range_end = range.start + range.count;
  if (range_end > end_) {
    const uint64_t old_end = end_;
    end_ = range_end;
    Insert({old_end, range_end - old_end});
  }
  auto next = by_start_.upper_bound(range.start);
  if (next != by_start_.begin()) {
    const auto previous = std::prev(next);
    const uint64_t previous_end = previous->first + previous->second;
    if (previous_end >= range_end) {
      Take(previous->first, range);
      unreferenced_.emplace(range.start, range.count);
      return OkStatus();
    }
    if (previous_end > range.start) next = previous;
  }
  if (next != by_start_.end() && next->first < range_end) {
    return DataLossError("log names {} granules from granule {}, of which only some are free",
                         range.count, range.start);
  }
  return OkStatus();  // in use: the checkpoint named it, or it was claimed before
}

bool FreeMap::IsFree(GranuleRange range) const {
  const auto next = by_start_.upper_bound(range.start);
  if (next == by_start_.begin()) return false;
  const auto previous = std::prev(next);
  return previous->first + previous->second >= range.start + range.count;
}

Status FreeMap::KeepOnly(uint64_t first, const std::vector<GranuleRange>& used) {
  FreeMap kept(end_);
  uint64_t position = first;
  for (const GranuleRange& range : used) {
    if (range.start < position || range.count > end_ || range.start > end_ - range.count) {
      return DataLossError("the checkpoint names {} granules from granule {}, {}", range.count,
                           range.start,
                           range.start < position ? "some of them twice" : "beyond the file's end");
    }
    const auto next = by_start_.lower_bound(range.start + range.count);
    if (next != by_start_.begin()) {
      const auto previous = std::prev(next);
      if (previous->first + previous->second > range.start) {
        return DataLossError("the checkpoint names {} granules from granule {}, which are free",
                             range.count, range.start);
      }
    }
    if (range.start > position) kept.Insert({position, range.start - position});
    position = range.start + range.count;
  }
  if (position < end_) kept.Insert({position, end_ - position});
  *this = std::move(kept);
  return OkStatus();
}

void FreeMap::MarkReferenced(GranuleRange range) { unreferenced_.erase(range.start); }

void FreeMap::FreeNow(GranuleRange range) {
  unreferenced_.erase(range.start);
  Insert(range);
}

void FreeMap::Release(GranuleRange range, uint64_t cookie) {
  const bool unreferenced = unreferenced_.erase(range.start) > 0;
  pending_.push_back({range, unreferenced, cookie});
}

void FreeMap::BeginCheckpoint() {
  DRIFTDB_DCHECK(!in_checkpoint_ && closing_.empty());
  in_checkpoint_ = true;
  closing_ = std::exchange(pending_, {});
}

void FreeMap::AbandonCheckpoint() {
  in_checkpoint_ = false;
  pending_.insert(pending_.end(), closing_.begin(), closing_.end());
  closing_.clear();
}

std::vector<PendingRange> FreeMap::FinishCheckpoint() {
  in_checkpoint_ = false;
  return std::exchange(closing_, {});
}

uint64_t FreeMap::pending_granules() const {
  uint64_t sum = 0;
  for (const auto* list : {&pending_, &closing_, &reusable_}) {
    for (const PendingRange& pending : *list) sum += pending.range.count;
  }
  return sum;
}

uint64_t FreeMap::TrimEnd() {
  if (by_start_.empty()) return 0;
  const auto last = std::prev(by_start_.end());
  if (last->first + last->second != end_) return 0;
  const uint64_t start = last->first;
  const uint64_t length = last->second;
  Remove(start, length);
  end_ = start;
  return length;
}

size_t FreeMap::SerializedBytesMax() const {
  const size_t ranges = by_start_.size() + unreferenced_.size() + pending_.size() +
                        closing_.size() + reusable_.size() + 8;
  return kFreeMapHeaderBytes + ranges * 14;  // two varints below 2^44
}

std::string FreeMap::Serialize(const std::vector<GranuleRange>& also_free, uint64_t* end) const {
  std::vector<GranuleRange> free(also_free);
  free.reserve(free.size() + by_start_.size() + unreferenced_.size() + closing_.size());
  for (const auto& [start, length] : by_start_) free.push_back({start, length});
  for (const auto& [start, length] : unreferenced_) free.push_back({start, length});
  for (const PendingRange& pending : closing_) free.push_back(pending.range);
  for (const PendingRange& pending : reusable_) free.push_back(pending.range);
  // The log since the checkpoint names these; its replay claims and releases them again (C18).
  for (const PendingRange& pending : pending_) {
    if (pending.unreferenced) free.push_back(pending.range);
  }
  std::sort(free.begin(), free.end(),
            [](const GranuleRange& a, const GranuleRange& b) { return a.start < b.start; });
  std::vector<GranuleRange> merged;
  for (const GranuleRange& range : free) {
    if (!merged.empty() && merged.back().start + merged.back().count == range.start) {
      merged.back().count += range.count;
    } else {
      DRIFTDB_DCHECK(merged.empty() || merged.back().start + merged.back().count < range.start);
      merged.push_back(range);
    }
  }
  *end = end_;
  if (!merged.empty() && merged.back().start + merged.back().count == end_) {
    *end = merged.back().start;
    merged.pop_back();
  }
  std::string out;
  Encoder encoder(&out);
  encoder.U32(kFreeMapMagic);
  encoder.U32(kFreeMapVersion);
  encoder.U64(merged.size());
  uint64_t position = 0;
  for (const GranuleRange& range : merged) {
    encoder.Varint(range.start - position);
    encoder.Varint(range.count);
    position = range.start + range.count;
  }
  return out;
}

Result<FreeMap> FreeMap::Deserialize(std::string_view bytes, uint64_t end) {
  Decoder decoder(bytes);
  if (decoder.U32() != kFreeMapMagic || decoder.U32() != kFreeMapVersion) {
    return DataLossError("free map has no magic or an unknown version");
  }
  const uint64_t count = decoder.U64();
  if (!decoder.ok() || count > bytes.size() / 2)
    return DataLossError("free map names {} ranges in {} bytes", count, bytes.size());
  FreeMap map(end);
  uint64_t position = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t gap = decoder.Varint();
    const uint64_t length = decoder.Varint();
    if (!decoder.ok() || gap > end || length == 0 || length > end ||
        position + gap + length > end || (i > 0 && gap == 0)) {
      return DataLossError("free map is damaged at range {} of {}, file end {}", i, count, end);
    }
    map.Insert({position + gap, length});
    position += gap + length;
  }
  return map;
}

}  // namespace driftdb::storage
