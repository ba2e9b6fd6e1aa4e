// The bytes of a segment's payload (docs/internals/row_groups.md). Internal to storage/column.
#ifndef DRIFTDB_STORAGE_COLUMN_SEGMENT_FORMAT_H_
#define DRIFTDB_STORAGE_COLUMN_SEGMENT_FORMAT_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "base/int128.h"
#include "storage/column/segment.h"

namespace driftdb::storage {

inline constexpr uint32_t kSegmentMagic = 0x31475344;  // "DSG1"

enum SegmentFlag : uint8_t {
  kSegmentNarrowZones = 1,  // SegmentZone, else SegmentWideZone
  kSegmentAllNull = 2,
};

// Offsets from the start of the payload; 0: the section is missing. Sections start at multiples
// of 64.
struct SegmentHeader {
  uint32_t magic;
  uint8_t encoding;
  uint8_t physical;
  uint8_t flags;
  uint8_t code_bits;  // kDictionary
  uint32_t row_count;
  uint32_t entry_count;      // kDictionary: entries; kRuns: runs; kConstant: 1
  uint32_t zones_offset;     // one per vector; missing: kConstant
  uint32_t validity_offset;  // bitmap of whole vectors; missing: no NULLs, or all
  uint32_t vectors_offset;   // SegmentVector per vector: kFor, kDelta, kStrings, kPackedStrings
  uint32_t data_offset;
  uint32_t data_bytes;
  uint32_t entries_offset;  // values, or for strings end offsets (u32 each) into the heap
  uint32_t entries_bytes;
  uint32_t heap_offset;  // strings of the entries
  uint32_t heap_bytes;
  uint32_t reserved;
  uint64_t value_bytes;  // of all value pieces together
};
static_assert(sizeof(SegmentHeader) == 64);

struct SegmentVector {
  uint32_t offset;  // in the data section
  uint32_t bytes;
  uint8_t width;         // bits of a code; strings: bytes of an end offset (2 or 4)
  uint8_t first_width;   // kDelta: bytes of a first value (2, 4 or 8)
  uint16_t large_count;  // strings: values in value pieces
  uint32_t raw_bytes;    // strings: bytes of the heap before compression
  int128_t base;
};
static_assert(sizeof(SegmentVector) == 32);

// kDelta: each block of 1,024 rows is {int64 step, first values of 32 lanes, packed codes}.
inline constexpr size_t kDeltaLanes = 32;
constexpr size_t DeltaBlockBytes(unsigned width, unsigned first_width) {
  return 8 + kDeltaLanes * first_width + size_t{128} * width;
}

// A string kept in value pieces. Rows ascend within a vector; the string's own bytes are empty.
struct SegmentLargeValue {
  uint32_t row;  // within the vector
  uint32_t reserved;
  uint64_t position;  // in the pieces, all of kValuePieceBytesMax but the last
  uint64_t size;
};
static_assert(sizeof(SegmentLargeValue) == 24);

struct SegmentZone {
  int64_t min;
  int64_t max;
  int64_t sum;
  uint16_t null_count;
  uint16_t row_count;
  uint8_t flags;
  uint8_t reserved[3];
};
static_assert(sizeof(SegmentZone) == 32);

struct SegmentWideZone {
  int128_t min;
  int128_t max;
  int128_t sum;
  uint16_t null_count;
  uint16_t row_count;
  uint8_t flags;
  uint8_t reserved[11];
};
static_assert(sizeof(SegmentWideZone) == 64);

enum SegmentZoneFlag : uint8_t {
  kSegmentZoneBounds = 1,
  kSegmentZoneNan = 2,
  kSegmentZoneSum = 4,
  kSegmentZoneExact = 8,
};

// Bounds of strings and doubles fit 64 bits; strings' unsigned keys are shifted into the signed
// range.
constexpr int128_t SegmentZoneBias(PhysicalType physical) {
  return physical == PhysicalType::kString ? static_cast<int128_t>(1) << 63 : 0;
}

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_COLUMN_SEGMENT_FORMAT_H_
