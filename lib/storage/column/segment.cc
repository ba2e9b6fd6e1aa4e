#include "storage/column/segment.h"

#include "base/error.h"

namespace driftdb::storage {

void EncodeExtentRef(const ExtentRef& extent, Encoder* encoder) { encoder->Fixed(extent); }

ExtentRef DecodeExtentRef(Decoder* decoder) { return decoder->Fixed<ExtentRef>(); }

void SegmentMeta::EncodeTo(Encoder* encoder) const {
  EncodeExtentRef(extent, encoder);
  encoder->U32(first_row);
  encoder->U32(row_count);
  encoder->U8(static_cast<uint8_t>(encoding));
  encoder->U8(static_cast<uint8_t>(physical));
  zone.EncodeTo(encoder);
  encoder->Varint(value_extents.size());
  for (const ExtentRef& piece : value_extents) EncodeExtentRef(piece, encoder);
}

Result<SegmentMeta> SegmentMeta::DecodeFrom(Decoder* decoder) {
  SegmentMeta meta;
  meta.extent = DecodeExtentRef(decoder);
  meta.first_row = decoder->U32();
  meta.row_count = decoder->U32();
  const uint8_t encoding = decoder->U8();
  const uint8_t physical = decoder->U8();
  meta.zone = ZoneMap::DecodeFrom(decoder);
  const uint64_t pieces = decoder->Varint();
  if (!decoder->ok() || pieces > decoder->remaining() / sizeof(ExtentRef)) {
    return DataLossError("segment metadata is truncated");
  }
  if (meta.row_count == 0 || meta.row_count > kGroupRows ||
      meta.first_row > kGroupRows - meta.row_count || meta.first_row % kVectorRows != 0 ||
      encoding < static_cast<uint8_t>(SegmentEncoding::kConstant) ||
      encoding > static_cast<uint8_t>(SegmentEncoding::kSymbolStrings) ||
      physical > static_cast<uint8_t>(PhysicalType::kInterval)) {
    return DataLossError("segment metadata is damaged: rows {}+{}, encoding {}, type {}",
                         meta.first_row, meta.row_count, encoding, physical);
  }
  meta.encoding = static_cast<SegmentEncoding>(encoding);
  meta.physical = static_cast<PhysicalType>(physical);
  for (uint64_t i = 0; i < pieces; ++i) meta.value_extents.push_back(DecodeExtentRef(decoder));
  return meta;
}

}  // namespace driftdb::storage
