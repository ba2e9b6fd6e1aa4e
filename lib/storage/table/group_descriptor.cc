#include "base/coding.h"
#include "base/status_macros.h"
#include "storage/table/table_types.h"

namespace driftdb::storage {

std::vector<ExtentRef> GroupDescriptor::Extents() const {
  std::vector<ExtentRef> extents;
  for (const SealedColumn& column : columns) {
    for (const SegmentMeta& segment : column.segments) {
      extents.push_back(segment.extent);
      extents.insert(extents.end(), segment.value_extents.begin(), segment.value_extents.end());
    }
  }
  return extents;
}

std::string GroupDescriptor::Encode() const {
  std::string bytes;
  Encoder encoder(&bytes);
  encoder.Varint(group);
  encoder.Varint(rows);
  encoder.Varint(dead.size());
  encoder.Raw(dead.data(), dead.size() * sizeof(uint64_t));
  encoder.Varint(columns.size());
  for (const SealedColumn& column : columns) {
    encoder.Varint(column.id.value);
    encoder.U64(column.type.Pack());
    column.zone.EncodeTo(&encoder);
    encoder.Varint(column.distinct);
    encoder.Varint(column.segments.size());
    for (const SegmentMeta& segment : column.segments) segment.EncodeTo(&encoder);
  }
  return bytes;
}

Result<GroupDescriptor> GroupDescriptor::Decode(std::string_view bytes) {
  Decoder decoder(bytes);
  GroupDescriptor descriptor;
  descriptor.group = decoder.Varint();
  const uint64_t row_count = decoder.Varint();
  const uint64_t dead_words = decoder.Varint();
  if (!decoder.ok() || row_count > kGroupRows || descriptor.group > kRowIdMax >> kGroupBits ||
      (dead_words != 0 && dead_words != kGroupRows / 64)) {
    return DataLossError("group descriptor of {} bytes has impossible counts", bytes.size());
  }
  descriptor.rows = static_cast<uint32_t>(row_count);
  const std::string_view dead_bytes = decoder.Raw(dead_words * sizeof(uint64_t));
  if (decoder.ok() && !dead_bytes.empty()) {
    descriptor.dead.resize(dead_words);
    std::memcpy(descriptor.dead.data(), dead_bytes.data(), dead_bytes.size());
  }
  const uint64_t column_count = decoder.Varint();
  for (uint64_t c = 0; c < column_count && decoder.ok(); ++c) {
    SealedColumn column;
    column.id = ColumnId(static_cast<uint32_t>(decoder.Varint()));
    column.type = LogicalType::Unpack(decoder.U64());
    column.zone = ZoneMap::DecodeFrom(&decoder);
    column.distinct = decoder.Varint();
    const uint64_t segment_count = decoder.Varint();
    uint64_t next_row = 0;
    for (uint64_t s = 0; s < segment_count && decoder.ok(); ++s) {
      DRIFTDB_ASSIGN_OR_RETURN(SegmentMeta segment, SegmentMeta::DecodeFrom(&decoder));
      if (segment.first_row != next_row || next_row % kVectorRows != 0 ||
          segment.physical != column.type.physical()) {
        return DataLossError("group {} column {}: segment {} starts at row {}, expected {}",
                             descriptor.group, column.id.value, s, segment.first_row, next_row);
      }
      next_row += segment.row_count;
      column.segments.push_back(std::move(segment));
    }
    if (decoder.ok() && next_row != descriptor.rows) {
      return DataLossError("group {} column {} has {} rows, expected {}", descriptor.group,
                           column.id.value, next_row, descriptor.rows);
    }
    descriptor.columns.push_back(std::move(column));
  }
  DRIFTDB_RETURN_IF_ERROR(decoder.status("group descriptor"));
  return descriptor;
}

}  // namespace driftdb::storage
