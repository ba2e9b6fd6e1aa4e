// GroupWriter: encodes the columns of one group and writes their extents; for bulk loads and
// sealing. Use: per column Append... in row order, then FinishColumn; at the end Finish. Extents
// written before an error are released by the destructor. Memory: the values of one column and one
// segment of it, charged. Threads: one at a time. Errors: 53200,
// 53100, 58030, 54000.
#ifndef DRIFTDB_STORAGE_TABLE_GROUP_WRITER_H_
#define DRIFTDB_STORAGE_TABLE_GROUP_WRITER_H_

#include <memory>
#include <vector>

#include "base/status.h"
#include "storage/column/segment_writer.h"
#include "storage/table/table_schema.h"
#include "storage/table/table_types.h"
#include "types/vector.h"

namespace driftdb::storage {

class GroupWriter {
 public:
  GroupWriter(const TableSchema& schema, const TableEnvironment& environment);
  ~GroupWriter();
  GroupWriter(const GroupWriter&) = delete;
  GroupWriter& operator=(const GroupWriter&) = delete;

  // Columns of the schema by ordinal; dropped ones take nothing.
  size_t column_count() const { return schema_.columns.size(); }
  void Append(size_t ordinal, const Vector& values, size_t count);
  void AppendMissing(size_t ordinal, size_t count);
  void AppendNulls(size_t ordinal, size_t count);
  Status FinishColumn(size_t ordinal);
  // Those that are finished.
  const std::vector<SealedColumn>& columns() const { return descriptor_.columns; }
  // Hands the extents over to the caller.
  GroupDescriptor Finish();

 private:
  SegmentWriter* WriterOf(size_t ordinal);

  const TableSchema& schema_;
  ExtentStore* const extents_;
  MemoryReservation memory_;
  std::unique_ptr<SegmentWriter> writer_;  // of the current column
  size_t current_ = ~size_t{0};
  GroupDescriptor descriptor_;
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_TABLE_GROUP_WRITER_H_
