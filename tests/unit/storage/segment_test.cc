// Goal: what goes into a segment comes out, by every way in, for every type, shape and encoding.
// Covers: lib/storage/column/symbol_table.cc
// Covers: lib/storage/column/decode_strings.cc
// Covers: lib/storage/column/distinct_sketch.cc
// Covers: lib/storage/column/encode_dictionary.cc
// Covers: lib/storage/column/encode_fixed.cc
// Covers: lib/storage/column/encode_strings.cc
// Covers: lib/storage/column/segment.cc
// Covers: lib/storage/column/segment_decoder.cc
// Covers: lib/storage/column/segment_reader.cc
// Covers: lib/storage/column/segment_writer.cc
// Covers: lib/storage/column/zone_map.cc
#include <catch2/catch.hpp>

#include "segment_fixture.h"

namespace driftdb::storage {

namespace {

bool SameValue(const Value& a, const Value& b) {
  if (a.is_null() || b.is_null()) return a.is_null() && b.is_null();
  if (a.type().physical() == PhysicalType::kDouble || a.type().physical() == PhysicalType::kFloat) {
    return std::isnan(a.float64()) ? std::isnan(b.float64())
                                   : a.float64() == b.float64() &&
                                         std::signbit(a.float64()) == std::signbit(b.float64());
  }
  return a == b;
}

void CheckZoneHolds(const ZoneMap& zone, const std::vector<Value>& values, size_t from,
                    size_t count) {
  uint32_t nulls = 0;
  int128_t sum = 0;
  bool overflow = false;
  for (size_t i = from; i < from + count; ++i) {
    const Value& value = values[i];
    if (value.is_null()) {
      ++nulls;
      continue;
    }
    const PhysicalType physical = value.type().physical();
    if (physical == PhysicalType::kInterval) continue;
    if ((physical == PhysicalType::kDouble || physical == PhysicalType::kFloat) &&
        std::isnan(value.float64())) {
      if (!zone.has_nan) FAIL("NaN is not in the zone map");
      continue;
    }
    const int128_t key = OrderKey(value);
    if (!zone.has_bounds || key < zone.min || key > zone.max)
      FAIL("row " << i << " is outside of its zone map");
    overflow = overflow || __builtin_add_overflow(sum, key, &sum);
  }
  CHECK(zone.null_count == nulls);
  CHECK(zone.row_count == count);
  if (zone.sum_valid && !overflow) CHECK((zone.sum == sum));
}

void CheckSegment(const SegmentReader& reader, const RandomColumn& column, platform::Rng* rng) {
  const uint32_t first = reader.meta().first_row;
  Vector out(column.type);
  Vector chosen(column.type);
  CheckZoneHolds(reader.meta().zone, column.values, first, reader.meta().row_count);
  for (uint32_t v = 0; v < reader.vector_count(); ++v) {
    const uint32_t from = first + v * kVectorRows;
    CheckZoneHolds(reader.VectorZone(v), column.values, from, reader.RowsOf(v));
    REQUIRE(reader.Read(v, &out).ok());
    for (uint32_t i = 0; i < reader.RowsOf(v); ++i) {
      if (!SameValue(out.GetValue(i), column.values[from + i])) FAIL("Read: row " << from + i);
    }
    for (const uint64_t one_in : {1u, 3u, 100u, 700u}) {
      Selection rows;
      for (uint32_t i = 0; i < reader.RowsOf(v); ++i) {
        if (rng->Below(one_in) == 0) rows.Append(i);
      }
      REQUIRE(reader.ReadSelected(v, rows.rows(), rows.size(), &chosen).ok());
      for (size_t i = 0; i < rows.size(); ++i) {
        if (!SameValue(chosen.GetValue(i), column.values[from + rows[i]]))
          FAIL("ReadSelected: row " << from + rows[i]);
      }
    }
  }
  Vector one(column.type, 4);
  for (int k = 0; k < 200; ++k) {
    const auto row = static_cast<uint32_t>(rng->Below(reader.meta().row_count));
    REQUIRE(reader.ReadOne(row, &one, k % 4).ok());
    if (!SameValue(one.GetValue(k % 4), column.values[first + row]))
      FAIL("ReadOne: row " << first + row);
  }
}

}  // namespace

TEST_CASE("segment: every encoding gives back what it was given", "[storage][column]") {
  const uint64_t seed = GENERATE(1, 2);
  platform::Rng rng(seed);
  for (const LogicalType& type : kSegmentTypes) {
    for (const DataShape shape : kDataShapes) {
      for (const double nulls : {0.0, 0.1, 1.0}) {
        for (uint8_t forced = 0; forced <= 10; ++forced) {
          const uint32_t rows =
              shape == DataShape::kLongStrings && type.is_string()
                  ? 2500
                  : 1 + static_cast<uint32_t>(rng.Below(rng.Below(4) == 0 ? 9000 : 3000));
          INFO("seed " << seed << ", type " << type.ToString() << ", shape "
                       << static_cast<int>(shape) << ", nulls " << nulls << ", forced "
                       << int{forced} << ", rows " << rows);
          const RandomColumn column = MakeRandomColumn(type, shape, rows, nulls, rng.Next());
          EncodeOptions options;
          options.forced_encoding = forced;
          SegmentWriter writer(type, options);
          for (size_t i = 0; i < column.vectors.size(); ++i)
            writer.Append(column.vectors[i], column.counts[i]);
          auto encoded = writer.Finish();
          REQUIRE(encoded.ok());
          HeapExtentStore store;
          uint32_t next = 0;
          for (EncodedSegment& segment : encoded->segments) {
            CHECK(segment.payload.size() <= kSegmentBytesMax);
            auto meta = WriteSegment(std::move(segment), &store);
            REQUIRE(meta.ok());
            CHECK(meta->first_row == next);
            next += meta->row_count;
            std::string bytes;
            Encoder encoder(&bytes);
            meta->EncodeTo(&encoder);
            Decoder decoder(bytes);
            auto again = SegmentMeta::DecodeFrom(&decoder);
            REQUIRE(again.ok());
            CHECK(again->zone == meta->zone);
            auto reader = SegmentReader::Open(*again, type, &store);
            REQUIRE(reader.ok());
            CheckSegment(**reader, column, &rng);
          }
          CHECK(next == rows);
        }
      }
    }
  }
}

TEST_CASE("segment: the choice suits the data", "[storage][column]") {
  const auto chosen = [](LogicalType type, DataShape shape) {
    const RandomColumn column = MakeRandomColumn(type, shape, 20'000, 0, 9);
    SegmentWriter writer(type);
    for (size_t i = 0; i < column.vectors.size(); ++i)
      writer.Append(column.vectors[i], column.counts[i]);
    auto encoded = writer.Finish();
    REQUIRE(encoded.ok());
    return encoded->segments[0].meta.encoding;
  };
  CHECK(chosen(TypeId::kInt64, DataShape::kConstant) == SegmentEncoding::kConstant);
  CHECK(chosen(TypeId::kInt64, DataShape::kSorted) == SegmentEncoding::kDelta);
  CHECK(chosen(TypeId::kInt64, DataShape::kRuns) == SegmentEncoding::kRuns);
  CHECK(chosen(TypeId::kInt32, DataShape::kNarrow) == SegmentEncoding::kFor);
  CHECK(chosen(TypeId::kInt64, DataShape::kFewValues) == SegmentEncoding::kDictionary);
  CHECK(chosen(TypeId::kInt64, DataShape::kWide) == SegmentEncoding::kPlain);
  CHECK(chosen(TypeId::kDouble, DataShape::kFewValues) == SegmentEncoding::kDictionary);
  CHECK(chosen(TypeId::kDouble, DataShape::kNarrow) == SegmentEncoding::kPlain);
  CHECK(chosen(TypeId::kText, DataShape::kFewValues) == SegmentEncoding::kDictionary);
  CHECK(chosen(TypeId::kText, DataShape::kConstant) == SegmentEncoding::kConstant);
  CHECK(chosen(TypeId::kText, DataShape::kWide) == SegmentEncoding::kSymbolStrings);
  CHECK(chosen(TypeId::kText, DataShape::kLongStrings) == SegmentEncoding::kPackedStrings);
  CHECK(chosen(TypeId::kBoolean, DataShape::kFewValues) == SegmentEncoding::kBits);
}

TEST_CASE("segment: values up to megabytes keep segments below 2 MiB", "[storage][column][C19]") {
  platform::Rng rng(4);
  HeapExtentStore store;
  Vector vector(TypeId::kText, kVectorRows);
  std::vector<std::string> texts;
  for (size_t i = 0; i < kVectorRows; ++i) {
    size_t size = 1500 + rng.Below(2500);  // 5 MB inline in one vector
    if (i % 500 == 7) size = 1'048'576;
    if (i == 1000) size = 3'500'000;
    if (i % 100 == 3) size = 5000;
    std::string text(size, '\0');
    for (size_t k = 0; k < size; k += 64) text[k] = static_cast<char>(rng.Next());
    vector.SetString(i, text);
    texts.push_back(std::move(text));
  }
  SegmentWriter writer(TypeId::kText);
  for (int k = 0; k < 3; ++k) writer.Append(vector, kVectorRows);
  auto encoded = writer.Finish();
  REQUIRE(encoded.ok());
  uint32_t row = 0;
  for (EncodedSegment& segment : encoded->segments) {
    CHECK(segment.payload.size() <= kSegmentBytesMax);
    for (const std::string& piece : segment.value_pieces)
      CHECK(piece.size() <= kValuePieceBytesMax);
    CHECK_FALSE(segment.value_pieces.empty());
    auto meta = WriteSegment(std::move(segment), &store);
    REQUIRE(meta.ok());
    auto reader = SegmentReader::Open(*meta, TypeId::kText, &store);
    REQUIRE(reader.ok());
    Vector out(TypeId::kText);
    for (uint32_t v = 0; v < (*reader)->vector_count(); ++v) {
      REQUIRE((*reader)->Read(v, &out).ok());
      for (uint32_t i = 0; i < (*reader)->RowsOf(v); ++i, ++row) {
        if (out.data<StringRef>()[i].view() != texts[row % kVectorRows]) FAIL("row " << row);
      }
    }
    Vector one(TypeId::kText, 1);
    REQUIRE((*reader)->ReadOne(1000, &one, 0).ok());
    CHECK(one.data<StringRef>()[0].view() == texts[1000]);
  }
  CHECK(row == 3 * kVectorRows);
}

TEST_CASE("segment: a damaged payload gives DataLoss or defined values, never a crash",
          "[storage][column][SEG-1]") {
  platform::Rng rng(77);
  HeapExtentStore store;
  int refused = 0;
  int read = 0;
  for (const LogicalType& type : kSegmentTypes) {
    for (uint8_t forced = 1; forced <= 10; ++forced) {
      const DataShape shape = forced == 4   ? DataShape::kRuns
                              : forced == 3 ? DataShape::kSorted
                              : forced >= 8 ? DataShape::kLongStrings
                                            : DataShape::kFewValues;
      const RandomColumn column =
          MakeRandomColumn(type, shape, 300, forced % 2 == 0 ? 0.2 : 0.0, rng.Next());
      EncodeOptions options;
      options.forced_encoding = forced;
      SegmentWriter writer(type, options);
      for (size_t i = 0; i < column.vectors.size(); ++i)
        writer.Append(column.vectors[i], column.counts[i]);
      auto encoded = writer.Finish();
      REQUIRE(encoded.ok());
      const std::string payload = encoded->segments[0].payload;
      auto meta = WriteSegment(std::move(encoded->segments[0]), &store);
      REQUIRE(meta.ok());
      const ColumnPredicate predicate = ColumnPredicate::Compare(
          CompareOp::kLessEqual, ValueOfNumber(type, 1200, DataShape::kNarrow));
      const size_t step = payload.size() > 6000 ? payload.size() / 3000 : 1;
      for (size_t at = 0; at < payload.size(); at += at < 256 ? 1 : step) {
        auto bad = std::make_shared<std::string>(payload);
        (*bad)[at] = static_cast<char>((*bad)[at] ^ (1u << rng.Below(8)));
        if (rng.Below(20) == 0) bad->resize(rng.Below(bad->size()));
        auto reader =
            SegmentReader::Open(*meta, type, PinnedBytes(bad->data(), bad->size(), bad), &store);
        if (!reader.ok()) {
          CHECK(reader.status().sqlstate() == sqlstate::kDataCorrupted);
          ++refused;
          continue;
        }
        Vector out(type);
        const Status status = (*reader)->Read(0, &out);
        if (status.ok()) {
          for (uint32_t i = 0; i < 300; ++i) (void)out.GetValue(i);
          ++read;
        } else {
          CHECK(status.sqlstate() == sqlstate::kDataCorrupted);
        }
        const uint16_t rows[] = {0, 17, 150, 299};
        (void)(*reader)->ReadSelected(0, rows, 4, &out).ok();
        Vector one(type, 1);
        (void)(*reader)->ReadOne(static_cast<uint32_t>(rng.Below(300)), &one, 0).ok();
        auto prepared = (*reader)->Prepare(predicate);
        if (prepared.ok()) {
          SegmentScratch scratch;
          uint64_t bits[kValidityWords];
          FillBitmap(bits, kVectorRows);
          (void)(*reader)->Filter(0, *prepared, &scratch, bits).ok();
        }
      }
    }
  }
  CHECK(refused > 1000);
  CHECK(read > 1000);
}

TEST_CASE("distinct sketch: within a tenth of the truth, and merges", "[storage][column]") {
  for (const uint64_t distinct : {1ull, 10ull, 1000ull, 100'000ull, 3'000'000ull}) {
    DistinctSketch a;
    DistinctSketch b;
    for (uint64_t i = 0; i < distinct; ++i) (i % 2 == 0 ? a : b).Add(HashInt64(i * 7 + 1));
    DistinctSketch copy;
    REQUIRE(copy.SetBytes(a.bytes()));
    copy.Merge(b);
    CHECK(copy.Estimate() == Approx(static_cast<double>(distinct)).epsilon(0.1));
  }
  DistinctSketch empty;
  CHECK(empty.Estimate() == Approx(0.0).margin(0.01));
  CHECK_FALSE(empty.SetBytes(std::string(DistinctSketch::kRegisters, '\x7f')));
}

}  // namespace driftdb::storage
