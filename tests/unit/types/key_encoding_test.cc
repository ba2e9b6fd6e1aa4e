// Goal: memcmp order of keys is the SQL order of values. Method: a comparator written from the SQL
// rules alone, random and adversarial values of every type, every column option, single and
// composite keys; the vectorised encoder must give the same bytes as the one for values.
#include "types/key_encoding.h"

#include <cmath>
#include <limits>
#include <random>

#include <catch2/catch.hpp>

namespace driftdb {
namespace {

const std::vector<LogicalType>& KeyTypes() {
  static const std::vector<LogicalType> types = {TypeId::kBoolean,
                                                 TypeId::kInt16,
                                                 TypeId::kInt32,
                                                 TypeId::kInt64,
                                                 TypeId::kInt128,
                                                 TypeId::kReal,
                                                 TypeId::kDouble,
                                                 LogicalType::Decimal(15, 2),
                                                 LogicalType::Decimal(38, 4),
                                                 TypeId::kText,
                                                 LogicalType::Varchar(30),
                                                 LogicalType::Char(8),
                                                 TypeId::kBytea,
                                                 TypeId::kDate,
                                                 TypeId::kTime,
                                                 TypeId::kTimestamp,
                                                 TypeId::kTimestampTz,
                                                 TypeId::kInterval,
                                                 TypeId::kUuid};
  return types;
}

int Sign(int order) { return order < 0 ? -1 : (order > 0 ? 1 : 0); }

template <typename T>
int Three(const T& a, const T& b) {
  return a < b ? -1 : (b < a ? 1 : 0);
}

std::string_view WithoutBlanks(std::string_view s) {
  while (!s.empty() && s.back() == ' ') s.remove_suffix(1);
  return s;
}

// SQL order of two values that are not NULL.
int CompareValues(const Value& a, const Value& b) {
  switch (a.type().physical()) {
    case PhysicalType::kFloat:
    case PhysicalType::kDouble:
      if (std::isnan(a.float64()) || std::isnan(b.float64())) {
        return Three(std::isnan(a.float64()), std::isnan(b.float64()));
      }
      return Three(a.float64(), b.float64());
    case PhysicalType::kString:
      if (a.type().id == TypeId::kChar) {
        return Sign(WithoutBlanks(a.string()).compare(WithoutBlanks(b.string())));
      }
      return Sign(a.string().compare(b.string()));
    case PhysicalType::kInterval: {
      const auto micros = [](const Interval& v) {
        return (static_cast<int128_t>(v.months) * 30 + v.days) * kMicrosPerDay + v.micros;
      };
      return Three(micros(a.interval()), micros(b.interval()));
    }
    default:
      return Three(a.integer(), b.integer());
  }
}

int CompareColumn(const KeyColumn& column, const Value& a, const Value& b) {
  if (a.is_null() || b.is_null()) {
    const int order = Three(a.is_null(), b.is_null());
    return column.nulls_first ? -order : order;
  }
  return column.descending ? -CompareValues(a, b) : CompareValues(a, b);
}

class ValueSource {
 public:
  explicit ValueSource(uint32_t seed) : rng_(seed) {}
  uint64_t Bits() { return rng_(); }

  Value Make(const LogicalType& type) {
    if (rng_() % 8 == 0) return Value::Null(type);
    switch (type.physical()) {
      case PhysicalType::kBool:
        return Value::Boolean(rng_() % 2 != 0);
      case PhysicalType::kFloat: {
        Value v = Value::Real(static_cast<float>(Float()));
        v.set_type(type);
        return v;
      }
      case PhysicalType::kDouble:
        return Value::Double(Float());
      case PhysicalType::kString:
        return Value::String(type, String());
      case PhysicalType::kInterval: {
        Interval v;
        v.months = static_cast<int32_t>(Integer(32));
        v.days = static_cast<int32_t>(Integer(32));
        v.micros = static_cast<int64_t>(Integer(64));
        if (rng_() % 2 == 0)
          v = Interval{static_cast<int32_t>(rng_() % 3), static_cast<int32_t>(rng_() % 62),
                       static_cast<int64_t>(rng_() % 3) * kMicrosPerDay};
        return Value::OfInterval(v);
      }
      default:
        return Value::Integer(type, Integer(static_cast<int>(type.width()) * 8));
    }
  }

 private:
  int128_t Integer(int bits) {
    const int128_t max = bits == 128 ? kInt128Max : (static_cast<int128_t>(1) << (bits - 1)) - 1;
    switch (rng_() % 6) {
      case 0:
        return max - static_cast<int128_t>(rng_() % 3);
      case 1:
        return -max - 1 + static_cast<int128_t>(rng_() % 3);
      case 2:
        return static_cast<int128_t>(rng_() % 5) - 2;
      case 3:
        return static_cast<int128_t>(rng_() % 70000) - 35000 > max
                   ? 0
                   : static_cast<int128_t>(rng_() % 60000) - 30000;
      default: {
        const uint128_t wide = static_cast<uint128_t>(rng_()) << 64 | rng_();
        return static_cast<int128_t>(wide << (128 - bits)) >> (128 - bits);
      }
    }
  }
  double Float() {
    const double special[] = {0.0,
                              -0.0,
                              std::numeric_limits<double>::infinity(),
                              -std::numeric_limits<double>::infinity(),
                              std::numeric_limits<double>::quiet_NaN(),
                              -std::numeric_limits<double>::quiet_NaN(),
                              std::numeric_limits<float>::denorm_min(),
                              -std::numeric_limits<float>::denorm_min(),
                              1.0,
                              -1.0};
    if (rng_() % 2 == 0) return special[rng_() % std::size(special)];
    return static_cast<double>(static_cast<int64_t>(rng_())) / 1e12;
  }
  std::string String() {
    static const char alphabet[] = {'\0', '\1', '\2', 'a', 'b', ' ', '\x7f', '\xfe', '\xff'};
    std::string s(rng_() % 7, '\0');
    for (char& c : s) c = alphabet[rng_() % sizeof(alphabet)];
    return s;
  }
  std::mt19937_64 rng_;
};

}  // namespace

TEST_CASE("keys: memcmp order is SQL order, for every type and option", "[types][keys]") {
  const uint32_t seed = std::random_device()();
  INFO("seed " << seed);
  ValueSource source(seed);
  for (const LogicalType& type : KeyTypes()) {
    INFO(type.ToString());
    for (int options = 0; options < 4; ++options) {
      const KeyColumn column{type, (options & 1) != 0, (options & 2) != 0};
      const KeyEncoder encoder({column});
      for (int i = 0; i < 3000; ++i) {
        const Value a = source.Make(type), b = source.Make(type);
        std::string key_a, key_b;
        REQUIRE(encoder.Encode(&a, 1, &key_a).ok());
        REQUIRE(encoder.Encode(&b, 1, &key_b).ok());
        REQUIRE(Sign(key_a.compare(key_b)) == CompareColumn(column, a, b));
        if (encoder.fixed_bytes() != 0) REQUIRE(key_a.size() == encoder.fixed_bytes());
        std::vector<Value> back;
        REQUIRE(encoder.Decode(key_a, &back).ok());
        REQUIRE(back[0].is_null() == a.is_null());
        REQUIRE(CompareColumn(column, a, back[0]) == 0);
        if (KeyEncoder::IsExact(type) && type.id != TypeId::kChar) REQUIRE(back[0] == a);
        REQUIRE(*encoder.HasNull(key_a) == a.is_null());
      }
    }
  }
}

TEST_CASE("keys: composite keys order by their columns, prefixes are prefixes, vectors agree",
          "[types][keys][KEY-1]") {
  const uint32_t seed = std::random_device()();
  INFO("seed " << seed);
  ValueSource source(seed);
  for (int round = 0; round < 300; ++round) {
    std::vector<KeyColumn> columns;
    const size_t count = 1 + source.Bits() % 4;
    for (size_t c = 0; c < count; ++c) {
      columns.push_back({KeyTypes()[source.Bits() % KeyTypes().size()], source.Bits() % 2 == 0,
                         source.Bits() % 2 == 0});
    }
    const KeyEncoder encoder(columns);
    constexpr size_t kRows = 60;
    std::vector<std::vector<Value>> rows(kRows);
    std::vector<Vector> vectors;
    for (const KeyColumn& column : columns) vectors.emplace_back(column.type, kRows);
    for (size_t r = 0; r < kRows; ++r) {
      for (size_t c = 0; c < count; ++c) {
        // Few distinct values in the first column, so that later ones decide.
        rows[r].push_back(c == 0 && r > 3 ? rows[r % 3][0] : source.Make(columns[c].type));
        if (rows[r][c].is_null()) {
          vectors[c].SetNull(r);
        } else {
          vectors[c].SetValue(r, rows[r][c]);
        }
      }
    }
    std::vector<std::string> keys(kRows);
    for (size_t r = 0; r < kRows; ++r) {
      REQUIRE(encoder.Encode(rows[r].data(), count, &keys[r]).ok());
      std::string prefix;
      const size_t shorter = source.Bits() % (count + 1);
      REQUIRE(encoder.Encode(rows[r].data(), shorter, &prefix).ok());
      REQUIRE(keys[r].compare(0, prefix.size(), prefix) == 0);
      const std::string successor = KeyPrefixSuccessor(prefix);
      if (!successor.empty()) REQUIRE(keys[r] < successor);
    }
    for (size_t i = 0; i < kRows; ++i) {
      for (size_t j = 0; j < kRows; ++j) {
        int order = 0;
        for (size_t c = 0; c < count && order == 0; ++c) {
          order = CompareColumn(columns[c], rows[i][c], rows[j][c]);
        }
        REQUIRE(Sign(keys[i].compare(keys[j])) == order);
      }
    }
    std::vector<Vector*> pointers;
    for (Vector& vector : vectors) pointers.push_back(&vector);
    KeyBatch batch;
    REQUIRE(encoder.EncodeRows(pointers.data(), kRows, nullptr, &batch).ok());
    REQUIRE(batch.size() == kRows);
    for (size_t r = 0; r < kRows; ++r) REQUIRE(batch[r] == keys[r]);
    Selection selection;
    for (size_t r = 1; r < kRows; r += 3) selection.Append(r);
    REQUIRE(encoder.EncodeRows(pointers.data(), kRows, &selection, &batch).ok());
    REQUIRE(batch.size() == selection.size());
    for (size_t i = 0; i < selection.size(); ++i) REQUIRE(batch[i] == keys[selection[i]]);
  }
}

TEST_CASE("keys: the integer path gives the same bytes", "[types][keys]") {
  const KeyEncoder encoder({KeyColumn{TypeId::kInt64}, KeyColumn{TypeId::kInt16, true, false}});
  for (const int64_t n :
       {int64_t{0}, int64_t{-1}, int64_t{1} << 40, std::numeric_limits<int64_t>::min()}) {
    const Value values[] = {Value::Int64(n),
                            Value::Integer(TypeId::kInt16, static_cast<int16_t>(n))};
    std::string key;
    REQUIRE(encoder.Encode(values, 2, &key).ok());
    std::string fast(encoder.fixed_bytes(), '\0');
    const int64_t integers[] = {n, static_cast<int16_t>(n)};
    encoder.EncodeIntegers(integers, fast.data());
    CHECK(fast == key);
  }
}

TEST_CASE("keys: over 2,000 bytes are refused with 54000", "[types][keys][C19]") {
  const KeyEncoder encoder({KeyColumn{TypeId::kText}});
  std::string key;
  const Value fits = Value::Text(std::string(1998, 'x'));
  CHECK(encoder.Encode(&fits, 1, &key).ok());
  CHECK(key.size() == kKeyBytesMax);
  for (const Value& value :
       {Value::Text(std::string(1999, 'x')), Value::Text(std::string(1000, '\1')),
        Value::Text(std::string(1 << 20, 'x'))}) {
    CHECK(encoder.Encode(&value, 1, &key).sqlstate() == sqlstate::kProgramLimitExceeded);
    Vector vector(TypeId::kText, 1);
    vector.SetValue(0, value);
    Vector* pointer = &vector;
    KeyBatch batch;
    CHECK(encoder.EncodeRows(&pointer, 1, nullptr, &batch).sqlstate() ==
          sqlstate::kProgramLimitExceeded);
  }
}

TEST_CASE("keys: bytes that are no key are DataLoss, never a crash", "[types][keys]") {
  const uint32_t seed = std::random_device()();
  INFO("seed " << seed);
  ValueSource source(seed);
  for (int round = 0; round < 5000; ++round) {
    std::vector<KeyColumn> columns;
    for (size_t c = 0; c <= source.Bits() % 3; ++c) {
      columns.push_back(
          {KeyTypes()[source.Bits() % KeyTypes().size()], source.Bits() % 2 == 0, false});
    }
    const KeyEncoder encoder(columns);
    std::string junk(source.Bits() % 40, '\0');
    for (char& c : junk) c = static_cast<char>(source.Bits() % 3 == 0 ? source.Bits() : 1);
    std::vector<Value> values;
    const Status status = encoder.Decode(junk, &values);
    if (!status.ok()) CHECK(status.sqlstate() == sqlstate::kDataCorrupted);
    (void)encoder.HasNull(junk).ok();
  }
}

}  // namespace driftdb
