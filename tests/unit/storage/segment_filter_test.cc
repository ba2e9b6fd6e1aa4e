// Goal: filters on encoded data agree with an oracle on decoded values, for every encoding,
// operator and share of rows that pass. Method: random columns; constants taken from the data,
// between its values and beyond them.
// Covers: lib/storage/column/column_predicate.cc
// Covers: lib/storage/column/join_filter.cc
// Covers: lib/storage/column/segment_filter.cc
// Covers: lib/storage/column/value_condition.cc
#include <catch2/catch.hpp>

#include "segment_fixture.h"

namespace driftdb::storage {

namespace {

class EveryThirdLetter : public VectorPredicate {
 public:
  explicit EveryThirdLetter(bool null_passes, bool pure) : null_passes_(null_passes), pure_(pure) {}
  static bool Passes(const Value& value) {
    switch (value.type().physical()) {
      case PhysicalType::kString:
        return value.string().size() % 3 == 0;
      case PhysicalType::kFloat:
      case PhysicalType::kDouble:
        return value.float64() > 100;
      case PhysicalType::kInterval:
        return value.interval().days % 2 == 0;
      default:
        return value.integer() % 3 == 0;
    }
  }
  Status Filter(const Vector& values, size_t count, uint64_t* bits) const override {
    for (size_t i = 0; i < count; ++i) {
      if (!BitIsSet(bits, i)) continue;
      const Value value = values.GetValue(i);
      if (!value.is_null() && !Passes(value)) ClearBit(bits, i);
    }
    return OkStatus();
  }
  bool null_passes() const override { return null_passes_; }
  bool pure() const override { return pure_; }

 private:
  bool null_passes_;
  bool pure_;
};

struct FilterCase {
  ColumnPredicate predicate;
  bool (*extra)(const Value&) = nullptr;  // callbacks
  bool null_passes = false;
};

bool Expected(const FilterCase& one, const Value& value) {
  if (one.predicate.kind == PredicateKind::kCallback) {
    return value.is_null() ? one.null_passes : EveryThirdLetter::Passes(value);
  }
  return OracleSatisfies(one.predicate, value);
}

std::vector<FilterCase> MakeCases(const RandomColumn& column, DataShape shape, platform::Rng* rng) {
  std::vector<FilterCase> cases;
  const auto any = [&]() -> Value {
    for (int i = 0; i < 5; ++i) {
      const Value& value = column.values[rng->Below(column.values.size())];
      if (!value.is_null()) return value;
    }
    return ValueOfNumber(column.type, static_cast<int128_t>(rng->Below(40'000)), shape);
  };
  for (int op = 0; op < 6; ++op) {
    cases.push_back({ColumnPredicate::Compare(static_cast<CompareOp>(op), any())});
    cases.push_back({ColumnPredicate::Compare(
        static_cast<CompareOp>(op),
        ValueOfNumber(column.type, static_cast<int128_t>(rng->Next() >> rng->Below(64)) - 5,
                      shape))});
  }
  for (int i = 0; i < 4; ++i) {
    Value low = any();
    Value high = any();
    if (OracleCompare(low, high) > 0) std::swap(low, high);
    cases.push_back({ColumnPredicate::Range(low, (i & 1) != 0, high, (i & 2) != 0)});
  }
  cases.push_back({ColumnPredicate::Range(Value::Null(column.type), true, any(), false)});
  cases.push_back({ColumnPredicate::Range(any(), false, Value::Null(column.type), true)});
  for (const size_t count : {1u, 3u, 40u}) {
    std::vector<Value> values;
    for (size_t i = 0; i < count; ++i) values.push_back(any());
    cases.push_back({ColumnPredicate::In(values)});
  }
  cases.push_back({ColumnPredicate::NullTest(true)});
  cases.push_back({ColumnPredicate::NullTest(false)});
  for (int i = 0; i < 4; ++i) {
    const bool null_passes = (i & 1) != 0;
    cases.push_back(
        {ColumnPredicate::Callback(std::make_shared<EveryThirdLetter>(null_passes, (i & 2) != 0)),
         nullptr, null_passes});
  }
  return cases;
}

}  // namespace

TEST_CASE("segment filter: agrees with the oracle on every encoding", "[storage][column]") {
  const uint64_t seed = GENERATE(21, 22, 23);
  platform::Rng rng(seed);
  for (const LogicalType& type : kSegmentTypes) {
    for (const DataShape shape : kDataShapes) {
      for (const double nulls : {0.0, 0.15}) {
        for (uint8_t forced = 0; forced <= 10; ++forced) {
          const auto rows =
              static_cast<uint32_t>(1 + rng.Below(shape == DataShape::kLongStrings ? 600 : 4500));
          const RandomColumn column = MakeRandomColumn(type, shape, rows, nulls, rng.Next());
          EncodeOptions options;
          options.forced_encoding = forced;
          SegmentWriter writer(type, options);
          for (size_t i = 0; i < column.vectors.size(); ++i)
            writer.Append(column.vectors[i], column.counts[i]);
          auto encoded = writer.Finish();
          REQUIRE(encoded.ok());
          HeapExtentStore store;
          auto meta = WriteSegment(std::move(encoded->segments[0]), &store);
          REQUIRE(meta.ok());
          auto reader = SegmentReader::Open(*meta, type, &store);
          REQUIRE(reader.ok());
          auto scratch = std::make_unique<SegmentScratch>();
          for (const FilterCase& one : MakeCases(column, shape, &rng)) {
            INFO("seed " << seed << ", type " << type.ToString() << ", shape "
                         << static_cast<int>(shape) << ", nulls " << nulls << ", forced "
                         << int{forced} << ", encoding " << static_cast<int>(meta->encoding)
                         << ", rows " << rows << ": " << one.predicate.ToString());
            auto prepared = (*reader)->Prepare(one.predicate);
            REQUIRE(prepared.ok());
            for (uint32_t v = 0; v < (*reader)->vector_count(); ++v) {
              uint64_t before[kValidityWords];
              FillBitmap(before, kVectorRows);
              if (rng.Below(2) == 0) {
                const uint64_t one_in = rng.Below(100) + 1;
                for (size_t i = 0; i < kVectorRows; ++i) {
                  if (rng.Below(one_in) != 0) ClearBit(before, i);
                }
              }
              uint64_t bits[kValidityWords];
              std::copy_n(before, kValidityWords, bits);
              REQUIRE((*reader)->Filter(v, *prepared, scratch.get(), bits).ok());
              const ZoneDecision decision = (*reader)->Check(*prepared, v);
              for (uint32_t i = 0; i < kVectorRows; ++i) {
                const bool exists = i < (*reader)->RowsOf(v);
                const bool passes = exists && Expected(one, column.values[v * kVectorRows + i]);
                if (BitIsSet(bits, i) != (passes && BitIsSet(before, i)))
                  FAIL("row " << v * kVectorRows + i);
                if (exists && decision == ZoneDecision::kAll && !passes) FAIL("kAll, row " << i);
                if (decision == ZoneDecision::kNone && passes) FAIL("kNone, row " << i);
              }
              Vector flat(type);
              REQUIRE((*reader)->Read(v, &flat).ok());
              uint64_t plain[kValidityWords];
              std::copy_n(before, kValidityWords, plain);
              REQUIRE(FilterVector(one.predicate, flat, (*reader)->RowsOf(v), plain).ok());
              if (!std::equal(plain, plain + kValidityWords, bits)) FAIL("FilterVector differs");
            }
          }
        }
      }
    }
  }
}

TEST_CASE("segment filter: join filters have no false negatives, exact ones no false positives",
          "[storage][column]") {
  platform::Rng rng(5);
  for (const LogicalType& type :
       {LogicalType(TypeId::kInt32), LogicalType(TypeId::kInt64), LogicalType(TypeId::kText)}) {
    for (const DataShape shape :
         {DataShape::kSorted, DataShape::kFewValues, DataShape::kNarrow, DataShape::kRuns}) {
      const RandomColumn column = MakeRandomColumn(type, shape, 4000, 0.1, rng.Next());
      std::vector<Value> keys;
      for (int i = 0; i < 20; ++i) {
        const Value& value = column.values[rng.Below(4000)];
        if (!value.is_null()) keys.push_back(value);
      }
      std::vector<std::shared_ptr<JoinFilter>> filters;
      if (!type.is_string()) {
        int64_t min = INT64_MAX;
        int64_t max = INT64_MIN;
        for (const Value& key : keys) {
          min = std::min(min, key.int64());
          max = std::max(max, key.int64());
        }
        filters.push_back(std::make_shared<JoinFilter>(JoinFilter::Exact(min, max)));
        filters.push_back(std::make_shared<JoinFilter>(JoinFilter::Bounds(min, max)));
        filters.push_back(
            std::make_shared<JoinFilter>(JoinFilter::Bloom(keys.size(), true, min, max)));
        for (const Value& key : keys) {
          filters[0]->Insert(key.int64());
          filters[2]->InsertAtomic(key.int64());
        }
      } else {
        filters.push_back(
            std::make_shared<JoinFilter>(JoinFilter::Bloom(keys.size(), false, 0, 0)));
        for (const Value& key : keys)
          filters[0]->InsertHash(HashJoinKey(std::string_view(key.string())));
      }
      for (const auto& filter : filters) {
        SegmentWriter writer(type);
        for (size_t i = 0; i < column.vectors.size(); ++i)
          writer.Append(column.vectors[i], column.counts[i]);
        auto encoded = writer.Finish();
        HeapExtentStore store;
        auto meta = WriteSegment(std::move(encoded->segments[0]), &store);
        auto reader = SegmentReader::Open(*meta, type, &store);
        REQUIRE(reader.ok());
        auto prepared = (*reader)->Prepare(ColumnPredicate::Join(filter));
        REQUIRE(prepared.ok());
        SegmentScratch scratch;
        size_t extra = 0;
        for (uint32_t v = 0; v < (*reader)->vector_count(); ++v) {
          uint64_t bits[kValidityWords];
          FillBitmap(bits, kVectorRows);
          REQUIRE((*reader)->Filter(v, *prepared, &scratch, bits).ok());
          for (uint32_t i = 0; i < (*reader)->RowsOf(v); ++i) {
            const Value& value = column.values[v * kVectorRows + i];
            const bool wanted =
                !value.is_null() &&
                std::any_of(keys.begin(), keys.end(), [&](const Value& k) { return k == value; });
            if (wanted && !BitIsSet(bits, i)) FAIL("lost row " << i);
            if (value.is_null() && BitIsSet(bits, i)) FAIL("NULL passed");
            extra += !wanted && BitIsSet(bits, i);
          }
        }
        if (filter->exact()) CHECK(extra == 0);
      }
    }
  }
}

TEST_CASE("zone maps: what they skip holds nothing", "[storage][column]") {
  ZoneMap zone;
  zone.row_count = 10;
  zone.has_bounds = true;
  zone.min = 5;
  zone.max = 9;
  const auto check = [&](CompareOp op, int64_t c) {
    return CheckZone(ColumnPredicate::Compare(op, Value::Int64(c)), zone, PhysicalType::kInt64);
  };
  CHECK(check(CompareOp::kLess, 5) == ZoneDecision::kNone);
  CHECK(check(CompareOp::kLessEqual, 5) == ZoneDecision::kSome);
  CHECK(check(CompareOp::kLess, 10) == ZoneDecision::kAll);
  CHECK(check(CompareOp::kNotEqual, 4) == ZoneDecision::kAll);
  CHECK(check(CompareOp::kEqual, 4) == ZoneDecision::kNone);
  zone.Widen(Value::Int64(100));
  CHECK(check(CompareOp::kGreater, 50) == ZoneDecision::kSome);
  CHECK_FALSE(zone.sum_valid);
  CHECK(check(CompareOp::kGreater, 2) == ZoneDecision::kAll);
  zone.Widen(Value::Null(TypeId::kInt64));
  CHECK(check(CompareOp::kGreater, 2) == ZoneDecision::kSome);
  CHECK(CheckZone(ColumnPredicate::NullTest(true), zone, PhysicalType::kInt64) ==
        ZoneDecision::kSome);
}

}  // namespace driftdb::storage
