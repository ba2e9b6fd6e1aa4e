// Segment: an immutable encoded piece of one column of one row group. This header has what
// directories keep about it; segment_writer.h makes them, segment_reader.h reads them,
// segment_format.h has the bytes. Shape: a column of a group (up to 131,072 rows) is a list of
// segments in row order, each a whole number of vectors (but the last), payload at most
// kSegmentBytesMax (C19).
#ifndef DRIFTDB_STORAGE_COLUMN_SEGMENT_H_
#define DRIFTDB_STORAGE_COLUMN_SEGMENT_H_

#include <cstdint>
#include <vector>

#include "base/coding.h"
#include "base/status.h"
#include "storage/column/zone_map.h"
#include "storage/page/extent_store.h"

namespace driftdb::storage {

inline constexpr uint32_t kGroupRows = 131'072;
inline constexpr uint32_t kGroupVectors = kGroupRows / kVectorRows;
inline constexpr uint32_t kSegmentBytesMax = 2 * 1024 * 1024;
inline constexpr uint32_t kValuePieceBytesMax = 1024 * 1024;
// Strings above this many bytes are stored in value extents (C19).
inline constexpr uint32_t kInlineValueBytesMax = 4096;
inline constexpr uint64_t kValueBytesMax = uint64_t{1} << 30;

enum class SegmentEncoding : uint8_t {
  kConstant = 1,        // one value, or all NULL
  kFor = 2,             // value - base of its vector, bit-packed
  kDelta = 3,           // value - value 32 rows earlier - base, bit-packed
  kRuns = 4,            // (value, end) pairs
  kDictionary = 5,      // sorted entries, packed codes
  kPlain = 6,           // fixed-width values as in a vector
  kBits = 7,            // booleans
  kStrings = 8,         // offsets and bytes per vector
  kPackedStrings = 9,   // the same, bytes compressed per vector with zstd
  kSymbolStrings = 10,  // the same, every string as codes of the segment's symbol table
};

struct SegmentMeta {
  ExtentRef extent;        // of the payload; set by who writes it
  uint32_t first_row = 0;  // within the group, a multiple of kVectorRows
  uint32_t row_count = 0;
  SegmentEncoding encoding = SegmentEncoding::kConstant;
  PhysicalType physical = PhysicalType::kInt32;
  ZoneMap zone;                          // of all rows
  std::vector<ExtentRef> value_extents;  // pieces of values above kInlineValueBytesMax

  uint32_t vector_count() const {
    return (row_count + static_cast<uint32_t>(kVectorRows) - 1) /
           static_cast<uint32_t>(kVectorRows);
  }
  void EncodeTo(Encoder* encoder) const;
  // Errors: DataLoss (truncated, impossible counts).
  static Result<SegmentMeta> DecodeFrom(Decoder* decoder);
};

void EncodeExtentRef(const ExtentRef& extent, Encoder* encoder);
ExtentRef DecodeExtentRef(Decoder* decoder);

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_COLUMN_SEGMENT_H_
