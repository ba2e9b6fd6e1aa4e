#include "txn/row_codec.h"

#include "base/check.h"

namespace driftdb::txn {

namespace {

uint64_t RowCodecZigzag(int64_t v) {
  return (static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63);
}
int64_t RowCodecUnzigzag(uint64_t v) {
  return static_cast<int64_t>(v >> 1) ^ -static_cast<int64_t>(v & 1);
}

void RowCodecEncodeValue(PhysicalType type, const uint8_t* from, Encoder* encoder) {
  switch (type) {
    case PhysicalType::kBool:
      encoder->U8(*from != 0 ? 1 : 0);
      break;
    case PhysicalType::kInt16:
      encoder->Varint(RowCodecZigzag(LoadFixed<int16_t>(from)));
      break;
    case PhysicalType::kInt32:
      encoder->Varint(RowCodecZigzag(LoadFixed<int32_t>(from)));
      break;
    case PhysicalType::kInt64:
      encoder->Varint(RowCodecZigzag(LoadFixed<int64_t>(from)));
      break;
    case PhysicalType::kFloat:
      encoder->Raw(from, 4);
      break;
    case PhysicalType::kDouble:
      encoder->Raw(from, 8);
      break;
    case PhysicalType::kInt128:
    case PhysicalType::kInterval:
      encoder->Raw(from, 16);
      break;
    case PhysicalType::kString:
      encoder->Bytes(reinterpret_cast<const StringRef*>(from)->view());
      break;
  }
}

template <typename T>
Status RowCodecStoreInteger(uint64_t zigzag, uint8_t* to) {
  const int64_t value = RowCodecUnzigzag(zigzag);
  const T narrow = static_cast<T>(value);
  if (narrow != value)
    return DataLossError("redo record: integer {} does not fit its column", value);
  StoreFixed(to, narrow);
  return OkStatus();
}

Status RowCodecDecodeValue(Decoder* decoder, Vector* vector, size_t row) {
  uint8_t* to = vector->mutable_raw_data() + row * vector->type().width();
  switch (vector->type().physical()) {
    case PhysicalType::kBool:
      *to = decoder->U8() != 0 ? 1 : 0;
      return OkStatus();
    case PhysicalType::kInt16:
      return RowCodecStoreInteger<int16_t>(decoder->Varint(), to);
    case PhysicalType::kInt32:
      return RowCodecStoreInteger<int32_t>(decoder->Varint(), to);
    case PhysicalType::kInt64:
      return RowCodecStoreInteger<int64_t>(decoder->Varint(), to);
    case PhysicalType::kFloat:
      StoreFixed(to, decoder->Fixed<float>());
      return OkStatus();
    case PhysicalType::kDouble:
      StoreFixed(to, decoder->Fixed<double>());
      return OkStatus();
    case PhysicalType::kInt128:
      StoreFixed(to, decoder->Fixed<int128_t>());
      return OkStatus();
    case PhysicalType::kInterval:
      StoreFixed(to, decoder->Fixed<Interval>());
      return OkStatus();
    case PhysicalType::kString:
      vector->SetString(row, decoder->Bytes());
      return OkStatus();
  }
  return InternalError("redo record: unknown physical type");
}

}  // namespace

const uint8_t* LocateValue(const Vector& vector, size_t row, int64_t* scratch) {
  if (vector.IsNull(row)) return nullptr;
  const size_t width = vector.type().width();
  switch (vector.kind()) {
    case VectorKind::kFlat:
      return vector.raw_data() + row * width;
    case VectorKind::kConstant:
      return vector.raw_data();
    case VectorKind::kDictionary:
      return vector.dictionary()->raw_data() + vector.codes()[row] * width;
    case VectorKind::kSequence:
      *scratch = vector.sequence_start() + static_cast<int64_t>(row) * vector.sequence_step();
      return reinterpret_cast<const uint8_t*>(scratch);
  }
  return nullptr;
}

void EncodeRow(std::span<const Vector* const> columns, size_t row, std::string* out) {
  const size_t nulls_at = out->size();
  out->append((columns.size() + 7) / 8, '\0');
  Encoder encoder(out);
  for (size_t c = 0; c < columns.size(); ++c) {
    int64_t scratch;
    const uint8_t* from = LocateValue(*columns[c], row, &scratch);
    if (from == nullptr) {
      (*out)[nulls_at + c / 8] = static_cast<char>((*out)[nulls_at + c / 8] | 1 << (c % 8));
    } else {
      RowCodecEncodeValue(columns[c]->type().physical(), from, &encoder);
    }
  }
}

Status DecodeRow(Decoder* decoder, std::span<Vector* const> columns, size_t row) {
  const std::string_view nulls = decoder->Raw((columns.size() + 7) / 8);
  if (!decoder->ok()) return decoder->status("redo row");
  for (size_t c = 0; c < columns.size(); ++c) {
    if ((static_cast<uint8_t>(nulls[c / 8]) >> (c % 8)) & 1) {
      std::memset(columns[c]->mutable_raw_data() + row * columns[c]->type().width(), 0,
                  columns[c]->type().width());
      columns[c]->SetNull(row);
      continue;
    }
    if (columns[c]->validity() != nullptr) SetBit(columns[c]->mutable_validity(), row);
    Status status = RowCodecDecodeValue(decoder, columns[c], row);
    if (!status.ok()) return status;
  }
  return decoder->status("redo row");
}

}  // namespace driftdb::txn
