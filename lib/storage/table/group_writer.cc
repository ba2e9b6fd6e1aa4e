#include "storage/table/group_writer.h"

#include <algorithm>

#include "base/check.h"
#include "base/status_macros.h"

namespace driftdb::storage {

GroupWriter::GroupWriter(const TableSchema& schema, ExtentStore* extents)
    : schema_(schema), extents_(extents) {}

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
  DRIFTDB_ASSIGN_OR_RETURN(EncodedColumn encoded, writer_->Finish());
  SealedColumn column;
  column.id = schema_.columns[ordinal].id;
  column.type = schema_.columns[ordinal].type;
  column.zone = encoded.zone;
  column.distinct = encoded.distinct.Estimate();
  descriptor_.columns.push_back(std::move(column));
  for (EncodedSegment& segment : encoded.segments) {
    DRIFTDB_ASSIGN_OR_RETURN(SegmentMeta meta, WriteSegment(std::move(segment), extents_));
    descriptor_.columns.back().segments.push_back(std::move(meta));
  }
  return OkStatus();
}

GroupDescriptor GroupWriter::Finish() {
  GroupDescriptor done = std::move(descriptor_);
  descriptor_ = {};
  return done;
}

}  // namespace driftdb::storage
