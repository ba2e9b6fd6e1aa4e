#include "storage/table/group_writer.h"

#include <algorithm>

#include "base/check.h"
#include "base/status_macros.h"

namespace driftdb::storage {

namespace {

// Beside the values themselves: the pieces of one segment and its payload.
constexpr size_t kGroupWriterSegmentBytes = 3 * size_t{kSegmentBytesMax};

}  // namespace

GroupWriter::GroupWriter(const TableSchema& schema, const TableEnvironment& environment)
    : schema_(schema),
      extents_(environment.extents),
      memory_(environment.memory, "group encoding") {}

GroupWriter::~GroupWriter() {
  for (const ExtentRef& extent : descriptor_.Extents()) extents_->Release(extent, true);
}

SegmentWriter* GroupWriter::WriterOf(size_t ordinal) {
  if (current_ != ordinal) {
    writer_ = std::make_unique<SegmentWriter>(schema_.columns[ordinal].type);
    current_ = ordinal;
  }
  return writer_.get();
}

void GroupWriter::Append(size_t ordinal, const Vector& values, size_t count) {
  if (!schema_.columns[ordinal].dropped) WriterOf(ordinal)->Append(values, count);
}

void GroupWriter::AppendMissing(size_t ordinal, size_t count) {
  Vector constant(schema_.columns[ordinal].type);
  constant.SetConstant(schema_.columns[ordinal].missing);
  for (; count > 0; count -= std::min(count, kVectorRows)) {
    Append(ordinal, constant, std::min(count, kVectorRows));
  }
}

void GroupWriter::AppendNulls(size_t ordinal, size_t count) {
  Vector constant(schema_.columns[ordinal].type);
  constant.SetConstantNull();
  for (; count > 0; count -= std::min(count, kVectorRows)) {
    Append(ordinal, constant, std::min(count, kVectorRows));
  }
}

Status GroupWriter::FinishColumn(size_t ordinal) {
  if (schema_.columns[ordinal].dropped) return OkStatus();
  DRIFTDB_DCHECK(current_ == ordinal);
  // Codes, hash table and packed values of a trial are no larger than the values.
  const size_t value_bytes = std::max<size_t>(schema_.columns[ordinal].type.width(), 8);
  DRIFTDB_RETURN_IF_ERROR(
      memory_.Resize(2 * value_bytes * writer_->row_count() + kGroupWriterSegmentBytes));
  SealedColumn column;
  column.id = schema_.columns[ordinal].id;
  column.type = schema_.columns[ordinal].type;
  descriptor_.columns.push_back(std::move(column));
  std::vector<SegmentMeta>* const segments = &descriptor_.columns.back().segments;
  DRIFTDB_ASSIGN_OR_RETURN(
      const EncodedColumn encoded, writer_->Finish([&](EncodedSegment segment) -> Status {
        DRIFTDB_ASSIGN_OR_RETURN(SegmentMeta meta, WriteSegment(std::move(segment), extents_));
        segments->push_back(std::move(meta));
        return OkStatus();
      }));
  descriptor_.columns.back().zone = encoded.zone;
  descriptor_.columns.back().distinct = encoded.distinct.Estimate();
  writer_ = nullptr;
  current_ = ~size_t{0};
  memory_.ReleaseAll();
  return OkStatus();
}

GroupDescriptor GroupWriter::Finish() {
  GroupDescriptor done = std::move(descriptor_);
  descriptor_ = {};
  return done;
}

}  // namespace driftdb::storage
