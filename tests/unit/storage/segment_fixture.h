// Random columns and an oracle for predicates that shares no code with the filters.
#ifndef DRIFTDB_TESTS_UNIT_STORAGE_SEGMENT_FIXTURE_H_
#define DRIFTDB_TESTS_UNIT_STORAGE_SEGMENT_FIXTURE_H_

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "platform/rng.h"
#include "storage/column/bitmap.h"
#include "storage/column/column_predicate.h"
#include "storage/column/segment_reader.h"
#include "storage/column/segment_writer.h"
#include "storage/page/extent_store.h"

namespace driftdb::storage {

// Extents in memory without a file.
class HeapExtentStore : public ExtentStore {
 public:
  Result<ExtentRef> Write(std::string_view payload, uint32_t block_bytes) override {
    extents_.push_back(std::make_shared<std::string>(payload));
    ExtentRef extent;
    extent.granule = 100 + extents_.size();
    extent.payload_bytes = payload.size();
    extent.block_bytes = block_bytes;
    extent.digest = HashBytes128(payload.data(), payload.size());
    return extent;
  }
  Result<PinnedBytes> Pin(const ExtentRef& extent) override {
    const auto& bytes = extents_.at(extent.granule - 101);
    return PinnedBytes(bytes->data(), bytes->size(), bytes);
  }
  Result<PinnedBytes> PinBlock(const ExtentRef& extent, uint32_t) override { return Pin(extent); }
  void Release(const ExtentRef&, bool) override {}
  Status Sync() override { return OkStatus(); }

 private:
  std::vector<std::shared_ptr<std::string>> extents_;
};

enum class DataShape {
  kConstant,
  kSorted,  // small steps
  kRuns,
  kFewValues,
  kNarrow,    // small range
  kWide,      // the type's whole range
  kExtremes,  // mostly the type's ends, NaN, infinities, -0
  kLongStrings,
};
inline constexpr DataShape kDataShapes[] = {
    DataShape::kConstant, DataShape::kSorted, DataShape::kRuns,     DataShape::kFewValues,
    DataShape::kNarrow,   DataShape::kWide,   DataShape::kExtremes, DataShape::kLongStrings};

inline const LogicalType kSegmentTypes[] = {
    TypeId::kBoolean, TypeId::kInt16,  TypeId::kInt32, TypeId::kInt64,    TypeId::kInt128,
    TypeId::kReal,    TypeId::kDouble, TypeId::kText,  TypeId::kInterval, TypeId::kUuid};

inline int128_t FitInteger(PhysicalType physical, int128_t v) {
  switch (physical) {
    case PhysicalType::kBool:
      return v & 1;
    case PhysicalType::kInt16:
      return static_cast<int16_t>(v);
    case PhysicalType::kInt32:
      return static_cast<int32_t>(v);
    case PhysicalType::kInt64:
      return static_cast<int64_t>(v);
    default:
      return v;
  }
}

// The value that stands for the number `v` in every type.
inline Value ValueOfNumber(LogicalType type, int128_t v, DataShape shape) {
  switch (type.physical()) {
    case PhysicalType::kFloat: {
      Value value = Value::Real(static_cast<float>(static_cast<int64_t>(v)) * 0.25f);
      if (shape == DataShape::kExtremes && v % 5 == 0) {
        const float special[] = {NAN, -NAN, INFINITY, -INFINITY, -0.0f, 0.0f};
        value = Value::Real(special[static_cast<uint64_t>(v / 5) % 6]);
      }
      return value;
    }
    case PhysicalType::kDouble: {
      Value value = Value::Double(static_cast<double>(static_cast<int64_t>(v)) * 0.25);
      if (shape == DataShape::kExtremes && v % 5 == 0) {
        const double special[] = {NAN, -NAN, INFINITY, -INFINITY, -0.0, 0.0};
        value = Value::Double(special[static_cast<uint64_t>(v / 5) % 6]);
      }
      return value;
    }
    case PhysicalType::kString: {
      std::string text;
      const auto number = static_cast<uint64_t>(v);
      for (int digit = 4; digit >= 0; --digit)
        text += static_cast<char>('a' + (number >> (digit * 4)) % 16);
      if (shape == DataShape::kWide)
        text += std::string(number % 40, static_cast<char>('a' + number % 26));
      if (shape == DataShape::kExtremes)
        text = std::string(number % 3, '\xff') + std::string(number % 5, '\0');
      if (shape == DataShape::kLongStrings) {
        text += std::string(number % 7 == 0 ? 3000 + number % 9000 : number % 300,
                            static_cast<char>('a' + number % 26));
      }
      return Value::String(type, text);
    }
    case PhysicalType::kInterval:
      return Value::OfInterval(
          {static_cast<int32_t>(v % 7), static_cast<int32_t>(v % 50), static_cast<int64_t>(v)});
    default:
      return Value::Integer(type, FitInteger(type.physical(), v));
  }
}

struct RandomColumn {
  LogicalType type;
  std::vector<Value> values;
  std::vector<Vector> vectors;
  std::vector<uint32_t> counts;
};

inline RandomColumn MakeRandomColumn(LogicalType type, DataShape shape, uint32_t rows,
                                     double null_share, uint64_t seed) {
  platform::Rng rng(seed);
  RandomColumn column;
  column.type = type;
  int128_t current = static_cast<int128_t>(rng.Below(100'000)) - 50'000;
  uint64_t run_left = 0;
  for (uint32_t i = 0; i < rows; ++i) {
    switch (shape) {
      case DataShape::kConstant:
        break;
      case DataShape::kSorted:
        current += static_cast<int128_t>(rng.Below(10));
        break;
      case DataShape::kRuns:
        if (run_left-- == 0) {
          current = static_cast<int128_t>(rng.Below(5000));
          run_left = rng.Below(100);
        }
        break;
      case DataShape::kFewValues:
        current = static_cast<int128_t>(rng.Below(20)) * 77'777;
        break;
      case DataShape::kNarrow:
      case DataShape::kLongStrings:
        current = 1000 + static_cast<int128_t>(rng.Below(30'000));
        break;
      case DataShape::kWide:
        current = static_cast<int128_t>((static_cast<uint128_t>(rng.Next()) << 64) | rng.Next());
        break;
      case DataShape::kExtremes: {
        const int128_t ends[] = {INT64_MIN, INT64_MAX, 0,         -1,         INT32_MIN,
                                 INT32_MAX, INT16_MIN, INT16_MAX, kInt128Min, kInt128Max};
        current = ends[rng.Below(10)];
        break;
      }
    }
    const bool null = rng.NextDouble() < null_share;
    column.values.push_back(null ? Value::Null(type) : ValueOfNumber(type, current, shape));
  }
  for (uint32_t from = 0; from < rows;) {
    const uint32_t count = std::min<uint32_t>(rows - from, 1 + rng.Below(kVectorRows));
    Vector vector(type, kVectorRows);
    for (uint32_t i = 0; i < count; ++i) vector.SetValue(i, column.values[from + i]);
    column.vectors.push_back(std::move(vector));
    column.counts.push_back(count);
    from += count;
  }
  return column;
}

// -1, 0, 1 as PostgreSQL orders them.
inline int OracleCompare(const Value& a, const Value& b) {
  switch (a.type().physical()) {
    case PhysicalType::kFloat:
    case PhysicalType::kDouble: {
      const double x = a.float64();
      const double y = b.float64();
      if (std::isnan(x) || std::isnan(y)) return std::isnan(x) - std::isnan(y);
      return x < y ? -1 : x > y;
    }
    case PhysicalType::kString: {
      const int order = a.string().compare(b.string());
      return order < 0 ? -1 : order > 0;
    }
    case PhysicalType::kInterval: {
      const auto micros = [](const Interval& v) {
        return ((static_cast<int128_t>(v.months) * 30 + v.days) * 24 * 3600) * 1'000'000 + v.micros;
      };
      const int128_t x = micros(a.interval());
      const int128_t y = micros(b.interval());
      return x < y ? -1 : x > y;
    }
    default:
      return a.integer() < b.integer() ? -1 : a.integer() > b.integer();
  }
}

inline bool OracleSatisfies(const ColumnPredicate& predicate, const Value& value) {
  if (predicate.kind == PredicateKind::kIsNull) return value.is_null();
  if (value.is_null()) return false;
  switch (predicate.kind) {
    case PredicateKind::kComparison: {
      const int order = OracleCompare(value, predicate.low);
      switch (predicate.op) {
        case CompareOp::kEqual:
          return order == 0;
        case CompareOp::kNotEqual:
          return order != 0;
        case CompareOp::kLess:
          return order < 0;
        case CompareOp::kLessEqual:
          return order <= 0;
        case CompareOp::kGreater:
          return order > 0;
        case CompareOp::kGreaterEqual:
          return order >= 0;
      }
      return false;
    }
    case PredicateKind::kRange: {
      if (!predicate.low.is_null()) {
        const int order = OracleCompare(value, predicate.low);
        if (order < 0 || (order == 0 && !predicate.low_inclusive)) return false;
      }
      if (!predicate.high.is_null()) {
        const int order = OracleCompare(value, predicate.high);
        if (order > 0 || (order == 0 && !predicate.high_inclusive)) return false;
      }
      return true;
    }
    case PredicateKind::kInList:
      return std::any_of(predicate.values.begin(), predicate.values.end(),
                         [&](const Value& v) { return OracleCompare(value, v) == 0; });
    default:
      return true;
  }
}

}  // namespace driftdb::storage

#endif  // DRIFTDB_TESTS_UNIT_STORAGE_SEGMENT_FIXTURE_H_
