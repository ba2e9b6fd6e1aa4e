// Segment files of a log directory: their names, the judgement of their headers, filling with
// zeros. Shape: file NNNNNN (decimal, at least six digits) holds segment NNNNNN, or is prepared for
// it: blank, or recycled with the header of an older segment (WAL-3).
#ifndef DRIFTDB_WAL_SEGMENT_FILES_H_
#define DRIFTDB_WAL_SEGMENT_FILES_H_

#include <memory>
#include <string>
#include <vector>

#include "platform/vfs.h"
#include "wal/log_format.h"

namespace driftdb::wal {

enum class SegmentState : uint8_t {
  kPrepared,  // blank, or the header of an older segment
  kUsed,      // a valid header of its own
  kDamaged,   // neither: a header torn by a crash, or rot
};

struct SegmentFile {
  uint64_t number = 0;  // of the name
  std::string path;
  uint64_t file_bytes = 0;
  SegmentState state = SegmentState::kPrepared;
  SegmentHeader header;  // meaningful where the state is kUsed
};

std::string SegmentPath(const std::string& directory, uint64_t number);
// The paths of all files of `directory` with a segment's name, unread. Missing directory: 58P01.
Result<std::vector<std::string>> SegmentPaths(platform::Vfs* vfs, const std::string& directory);
// All segment files of `directory`, by number; other names are ignored. Missing directory: 58P01.
// Errors: 0A000 another format version, 55000 another database's log, XX001.
Result<std::vector<SegmentFile>> ListSegments(platform::Vfs* vfs, const std::string& directory,
                                              const Uuid& database);
// Writes zeros to [from, to); both are multiples of kBlockBytesMax.
Status FillWithZeros(platform::File* file, uint64_t from, uint64_t to);

}  // namespace driftdb::wal

#endif  // DRIFTDB_WAL_SEGMENT_FILES_H_
