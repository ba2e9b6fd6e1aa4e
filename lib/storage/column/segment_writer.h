// EncodeColumn: chooses an encoding for one column of a row group and produces its segments.
// Shape: in: vectors of any kind whose rows follow each other, at most kGroupRows. Out: payloads
// for ExtentStore::Write and metadata for the directory. Choice: exact sizes from one analysis pass
// (min, max, runs, 32-row deltas, distinct estimate) and a dictionary trial that gives up early;
// the cheapest of bytes x (1 + 0.15 x decode_ns / 0.03) (docs/internals/row_groups.md). Threads: a
// SegmentWriter is one thread's; its buffers are reused between columns. Errors: 53200, 54000 (a
// value above 1 GiB).
#ifndef DRIFTDB_STORAGE_COLUMN_SEGMENT_WRITER_H_
#define DRIFTDB_STORAGE_COLUMN_SEGMENT_WRITER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "storage/column/distinct_sketch.h"
#include "storage/column/segment.h"
#include "types/vector.h"

namespace driftdb::storage {

struct EncodeOptions {
  int zstd_level = 3;
  // Compress strings whenever it saves a tenth, not only long texts (WITH (compression = 'high')).
  bool compress_strings = false;
  // Test hook: use this encoding wherever it can hold the data. 0: choose.
  uint8_t forced_encoding = 0;
};

struct EncodedSegment {
  SegmentMeta meta;  // extent and value_extents are still empty
  std::string payload;
  std::vector<std::string> value_pieces;  // to be written as extents, in this order
};

struct EncodedColumn {
  std::vector<EncodedSegment> segments;  // empty when a sink took them
  ZoneMap zone;                          // of the whole column
  DistinctSketch distinct;               // of its non-NULL values
};

// One stretch of input rows.
struct ColumnSlice {
  const Vector* vector = nullptr;
  uint32_t row_count = 0;
};

// Takes the segments of a column one after the other, in row order.
using SegmentSink = std::function<Status(EncodedSegment)>;

class SegmentWriter {
 public:
  explicit SegmentWriter(LogicalType type, EncodeOptions options = {});
  ~SegmentWriter();
  SegmentWriter(const SegmentWriter&) = delete;
  SegmentWriter& operator=(const SegmentWriter&) = delete;

  // Rows appended so far and not yet finished; at most kGroupRows.
  uint32_t row_count() const;
  // Takes rows [0, count) of `vector`, or the `rows` of it, to the end. Values are copied; strings
  // stay where they are, kept alive with the vector's memory.
  void Append(const Vector& vector, size_t count);
  void Append(const Vector& vector, const uint16_t* rows, size_t count);
  // Encodes what was appended and starts over.
  Result<EncodedColumn> Finish();
  // The same with no more than one segment in memory.
  Result<EncodedColumn> Finish(const SegmentSink& sink);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The whole column at once.
Result<EncodedColumn> EncodeColumn(LogicalType type, const std::vector<ColumnSlice>& slices,
                                   const EncodeOptions& options = {});
// Writes payload and pieces and fills in the extents of the metadata.
Result<SegmentMeta> WriteSegment(EncodedSegment segment, ExtentStore* store);

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_COLUMN_SEGMENT_WRITER_H_
