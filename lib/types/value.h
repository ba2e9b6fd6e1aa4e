// Value: one SQL value with its type; for constants, parameters, defaults and results, never per
// row of a scan. Strings are owned. Comparison and hashing of values are exact per type.
#ifndef DRIFTDB_TYPES_VALUE_H_
#define DRIFTDB_TYPES_VALUE_H_

#include <string>
#include <string_view>

#include "base/int128.h"
#include "types/logical_type.h"
#include "types/string_ref.h"

namespace driftdb {

class Value {
 public:
  Value() = default;  // NULL of type unknown
  static Value Null(LogicalType type) {
    Value v;
    v.type_ = type;
    return v;
  }
  static Value Boolean(bool v) { return Integer(TypeId::kBoolean, v ? 1 : 0); }
  static Value Int32(int32_t v) { return Integer(TypeId::kInt32, v); }
  static Value Int64(int64_t v) { return Integer(TypeId::kInt64, v); }
  static Value Double(double v) {
    Value value = Null(TypeId::kDouble);
    value.null_ = false;
    value.double_ = v;
    return value;
  }
  static Value Real(float v) {
    Value value = Double(v);
    value.type_ = TypeId::kReal;
    return value;
  }
  static Value Text(std::string v) { return String(TypeId::kText, std::move(v)); }
  // Any type whose physical form is bool, an integer or int128 (also decimals, dates, uuids).
  static Value Integer(LogicalType type, int128_t v) {
    Value value = Null(type);
    value.null_ = false;
    value.integer_ = v;
    return value;
  }
  static Value String(LogicalType type, std::string v) {
    Value value = Null(type);
    value.null_ = false;
    value.string_ = std::move(v);
    return value;
  }
  static Value OfInterval(Interval v) {
    Value value = Null(TypeId::kInterval);
    value.null_ = false;
    value.interval_ = v;
    return value;
  }

  const LogicalType& type() const { return type_; }
  void set_type(LogicalType type) { type_ = type; }  // REQUIRES: the same physical type, or NULL
  bool is_null() const { return null_; }
  bool boolean() const { return integer_ != 0; }
  int64_t int64() const { return static_cast<int64_t>(integer_); }
  int128_t integer() const { return integer_; }
  double float64() const { return double_; }  // kReal and kDouble
  const std::string& string() const { return string_; }
  const Interval& interval() const { return interval_; }

  // Writes the physical form (width() bytes) to `to`. Strings refer to this Value's bytes.
  void StorePhysical(void* to) const;
  // Reads it back; strings are copied.
  static Value FromPhysical(LogicalType type, const void* from);

  // Same type, same nullness, same value (NULLs are equal; NaN equals NaN; decimals by stored
  // integer).
  friend bool operator==(const Value& a, const Value& b);

 private:
  LogicalType type_;
  bool null_ = true;
  int128_t integer_ = 0;
  double double_ = 0;
  Interval interval_;
  std::string string_;
};

}  // namespace driftdb

#endif  // DRIFTDB_TYPES_VALUE_H_
