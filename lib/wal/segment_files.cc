#include "wal/segment_files.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/error.h"
#include "base/status_macros.h"

namespace driftdb::wal {
namespace {

constexpr size_t kSegmentNameDigitsMin = 6;
constexpr size_t kSegmentNameDigitsMax = 18;  // fits 64 bits
constexpr size_t kSegmentZeroBytes = 256 << 10;

// The number a file name stands for; 0 for names that are no segment's.
uint64_t SegmentNumberOf(const std::string& name) {
  if (name.size() < kSegmentNameDigitsMin || name.size() > kSegmentNameDigitsMax) return 0;
  uint64_t number = 0;
  for (const char c : name) {
    if (c < '0' || c > '9') return 0;
    number = number * 10 + static_cast<uint64_t>(c - '0');
  }
  return number;
}

Status JudgeSegment(platform::Vfs* vfs, const Uuid& database, SegmentFile* segment) {
  platform::OpenOptions options;
  DRIFTDB_ASSIGN_OR_RETURN(const std::unique_ptr<platform::File> file,
                           vfs->Open(segment->path, options));
  DRIFTDB_ASSIGN_OR_RETURN(segment->file_bytes, file->Size());
  char bytes[sizeof(SegmentHeader)];
  DRIFTDB_ASSIGN_OR_RETURN(const size_t got, file->ReadAt(0, bytes, sizeof(bytes)));
  switch (DecodeSegmentHeader(std::string_view(bytes, got), &segment->header)) {
    case HeaderState::kBlank:
      segment->state = SegmentState::kPrepared;
      return OkStatus();
    case HeaderState::kDamaged:
      segment->state = SegmentState::kDamaged;
      return OkStatus();
    case HeaderState::kValid:
      break;
  }
  DRIFTDB_RETURN_IF_ERROR(CheckSegmentHeader(segment->header, database, segment->path));
  if (segment->header.number > segment->number) {
    return DataLossError("log segment \"{}\" holds the header of the later segment {}",
                         segment->path, segment->header.number);
  }
  segment->state =
      segment->header.number == segment->number ? SegmentState::kUsed : SegmentState::kPrepared;
  return OkStatus();
}

}  // namespace

std::string SegmentPath(const std::string& directory, uint64_t number) {
  return fmt::format("{}/{:06}", directory, number);
}

Result<std::vector<std::string>> SegmentPaths(platform::Vfs* vfs, const std::string& directory) {
  DRIFTDB_ASSIGN_OR_RETURN(const std::vector<std::string> names, vfs->List(directory));
  std::vector<std::string> paths;
  for (const std::string& name : names) {
    if (SegmentNumberOf(name) != 0) paths.push_back(directory + "/" + name);
  }
  return paths;
}

Result<std::vector<SegmentFile>> ListSegments(platform::Vfs* vfs, const std::string& directory,
                                              const Uuid& database) {
  DRIFTDB_ASSIGN_OR_RETURN(const std::vector<std::string> names, vfs->List(directory));
  std::vector<SegmentFile> segments;
  for (const std::string& name : names) {
    SegmentFile segment;
    segment.number = SegmentNumberOf(name);
    if (segment.number == 0) continue;
    segment.path = directory + "/" + name;
    DRIFTDB_RETURN_IF_ERROR(JudgeSegment(vfs, database, &segment));
    segments.push_back(std::move(segment));
  }
  std::sort(segments.begin(), segments.end(),
            [](const SegmentFile& a, const SegmentFile& b) { return a.number < b.number; });
  return segments;
}

Status FillWithZeros(platform::File* file, uint64_t from, uint64_t to) {
  DRIFTDB_DCHECK(from % kBlockBytesMax == 0 && to % kBlockBytesMax == 0);
  alignas(kBlockBytesMax) static const char zeros[kSegmentZeroBytes] = {};
  for (uint64_t at = from; at < to;) {
    const uint64_t step = std::min<uint64_t>(kSegmentZeroBytes, to - at);
    DRIFTDB_RETURN_IF_ERROR(file->WriteAt(at, zeros, step));
    at += step;
  }
  return OkStatus();
}

}  // namespace driftdb::wal
