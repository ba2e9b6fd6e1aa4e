// ValueCondition: a ColumnPredicate with its constants turned into what the loops compare: ranges
// of order keys, sorted sets. Internal to storage/column. Threads: immutable after Make.
#ifndef DRIFTDB_STORAGE_COLUMN_VALUE_CONDITION_H_
#define DRIFTDB_STORAGE_COLUMN_VALUE_CONDITION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/int128.h"
#include "storage/column/column_predicate.h"
#include "storage/column/segment_reader.h"
#include "storage/column/zone_map.h"

namespace driftdb::storage {

class ValueCondition {
 public:
  ValueCondition() = default;
  static ValueCondition Make(const ColumnPredicate& predicate, PhysicalType physical);

  // Clears the bits of rows [0, count) that do not satisfy. REQUIRES: count <= kVectorRows; `bits`
  // has kValidityWords words.
  Status Apply(const Vector& values, size_t count, uint64_t* bits) const;
  ZoneDecision CheckZone(const ZoneMap& zone) const;

  // Satisfied by exactly the non-NULL values whose order key is in [low, high] (or outside it).
  bool is_key_range() const { return form_ == Form::kKeyRange; }
  bool negated() const { return negated_; }
  int128_t low() const { return low_; }
  int128_t high() const { return high_; }
  // The outcome for NULL.
  bool null_passes() const { return null_passes_; }
  // Depends on nothing but the value: may be evaluated once per dictionary entry.
  bool pure() const { return pure_; }
  bool is_null_test() const { return form_ == Form::kNullTest; }

 private:
  enum class Form : uint8_t {
    kKeyRange,     // order key in [low, high], maybe negated; not for strings
    kKeySet,       // order key in keys_
    kStringRange,  // low_string_, high_string_
    kStringSet,
    kNullTest,
    kJoin,
    kCallback,
  };
  struct StringBound {
    std::string bytes;
    bool inclusive = true;
  };
  void MakeRange(const Value* low, bool low_inclusive, const Value* high, bool high_inclusive);
  void MakeSet(const std::vector<Value>& values);
  bool KeyPasses(int128_t key) const;
  bool StringPasses(const StringRef& value) const;
  template <typename T>
  void ApplyIntegers(const T* values, size_t count, uint64_t* bits) const;
  template <typename T>
  void ApplyFloats(const T* values, size_t count, uint64_t* bits) const;
  void ApplyStrings(const StringRef* values, size_t count, uint64_t* bits) const;
  void ApplyFlat(const uint8_t* data, size_t count, uint64_t* bits) const;
  bool PassesOne(const uint8_t* value) const;
  Status ApplyCallback(const Vector& values, size_t count, uint64_t* bits) const;

  Form form_ = Form::kNullTest;
  PhysicalType physical_ = PhysicalType::kInt32;
  bool negated_ = false;
  bool null_passes_ = false;
  bool pure_ = true;
  bool pass_valid_ = false;  // kNullTest: outcome for values
  int128_t low_ = kInt128Min;
  int128_t high_ = kInt128Max;
  std::vector<int128_t> keys_;      // ascending, distinct
  std::vector<uint64_t> key_bits_;  // over [keys_.front(), keys_.back()] when that is small
  std::optional<StringBound> low_string_;
  std::optional<StringBound> high_string_;
  std::vector<std::string> strings_;  // ascending, distinct
  std::shared_ptr<const JoinFilter> join_;
  std::shared_ptr<const VectorPredicate> callback_;
};

// Bits of rows whose value is valid ANDed into / taken from `bits`, for any kind of vector.
void AndValidity(const Vector& values, size_t count, uint64_t* bits);

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_COLUMN_VALUE_CONDITION_H_
