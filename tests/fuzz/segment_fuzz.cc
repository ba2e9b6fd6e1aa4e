// Segment metadata and payload over arbitrary bytes: opening, reading, filtering and probing end in
// an error or in defined values. Input: two bytes choose type and encoding, four the row count, the
// rest is the payload. Its magic and header facts are repaired, so that the sections behind the
// header are reached.
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "storage/column/bitmap.h"
#include "storage/column/segment_reader.h"

namespace {

constexpr driftdb::TypeId kSegmentFuzzTypes[] = {
    driftdb::TypeId::kBoolean, driftdb::TypeId::kInt16,  driftdb::TypeId::kInt32,
    driftdb::TypeId::kInt64,   driftdb::TypeId::kInt128, driftdb::TypeId::kReal,
    driftdb::TypeId::kDouble,  driftdb::TypeId::kText,   driftdb::TypeId::kInterval};

void SegmentFuzzUse(const driftdb::storage::SegmentReader& reader, driftdb::LogicalType type) {
  namespace st = driftdb::storage;
  driftdb::Vector out(type);
  driftdb::Vector one(type, 1);
  auto scratch = std::make_unique<st::SegmentScratch>();
  const auto predicate = st::ColumnPredicate::NullTest(false);
  const auto callback_free = st::ColumnPredicate::In({driftdb::Value::Null(type)});
  auto first = reader.Prepare(predicate);
  auto second = reader.Prepare(callback_free);
  for (uint32_t v = 0; v < reader.vector_count() && v < 3; ++v) {
    (void)reader.VectorZone(v);
    if (reader.Read(v, &out).ok()) {
      for (uint32_t i = 0; i < reader.RowsOf(v); i += 7) (void)out.GetValue(i);
    }
    const uint16_t rows[] = {0, static_cast<uint16_t>(reader.RowsOf(v) - 1)};
    (void)reader.ReadSelected(v, rows, rows[1] == 0 ? 1 : 2, &out).ok();
    (void)reader.ReadOne(v * 2048 + rows[1], &one, 0).ok();
    for (auto* prepared : {&first, &second}) {
      if (!prepared->ok()) continue;
      uint64_t bits[driftdb::kValidityWords];
      st::FillBitmap(bits, driftdb::kVectorRows);
      (void)reader.Filter(v, **prepared, scratch.get(), bits).ok();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace st = driftdb::storage;
  if (size < 6 + 64) return 0;
  const driftdb::LogicalType type = kSegmentFuzzTypes[data[0] % std::size(kSegmentFuzzTypes)];
  st::SegmentMeta meta;
  meta.encoding = static_cast<st::SegmentEncoding>(1 + data[1] % 9);
  meta.physical = type.physical();
  std::memcpy(&meta.row_count, data + 2, 4);
  meta.row_count = 1 + meta.row_count % st::kGroupRows;
  meta.zone.row_count = meta.row_count;
  auto payload = std::make_shared<std::string>(reinterpret_cast<const char*>(data) + 6, size - 6);
  std::memcpy(payload->data(), "DSG1", 4);
  (*payload)[4] = static_cast<char>(meta.encoding);
  (*payload)[5] = static_cast<char>(meta.physical);
  std::memcpy(payload->data() + 8, &meta.row_count, 4);
  auto reader = st::SegmentReader::Open(
      meta, type, st::PinnedBytes(payload->data(), payload->size(), payload), nullptr);
  if (reader.ok()) SegmentFuzzUse(**reader, type);
  driftdb::Decoder decoder(std::string_view(reinterpret_cast<const char*>(data), size));
  (void)st::SegmentMeta::DecodeFrom(&decoder).ok();
  return 0;
}
