#include "types/value.h"

#include <cmath>
#include <cstring>

#include "base/coding.h"

namespace driftdb {

void Value::StorePhysical(void* to) const {
  switch (type_.physical()) {
    case PhysicalType::kBool:
      StoreFixed<uint8_t>(to, boolean() ? 1 : 0);
      break;
    case PhysicalType::kInt16:
      StoreFixed(to, static_cast<int16_t>(integer_));
      break;
    case PhysicalType::kInt32:
      StoreFixed(to, static_cast<int32_t>(integer_));
      break;
    case PhysicalType::kInt64:
      StoreFixed(to, static_cast<int64_t>(integer_));
      break;
    case PhysicalType::kInt128:
      StoreFixed(to, integer_);
      break;
    case PhysicalType::kFloat:
      StoreFixed(to, static_cast<float>(double_));
      break;
    case PhysicalType::kDouble:
      StoreFixed(to, double_);
      break;
    case PhysicalType::kString:
      StoreFixed(to, StringRef(string_));
      break;
    case PhysicalType::kInterval:
      StoreFixed(to, interval_);
      break;
  }
}

Value Value::FromPhysical(LogicalType type, const void* from) {
  switch (type.physical()) {
    case PhysicalType::kBool:
      return Integer(type, LoadFixed<uint8_t>(from) != 0 ? 1 : 0);
    case PhysicalType::kInt16:
      return Integer(type, LoadFixed<int16_t>(from));
    case PhysicalType::kInt32:
      return Integer(type, LoadFixed<int32_t>(from));
    case PhysicalType::kInt64:
      return Integer(type, LoadFixed<int64_t>(from));
    case PhysicalType::kInt128:
      return Integer(type, LoadFixed<int128_t>(from));
    case PhysicalType::kFloat: {
      Value value = Double(LoadFixed<float>(from));
      value.type_ = type;
      return value;
    }
    case PhysicalType::kDouble: {
      Value value = Double(LoadFixed<double>(from));
      value.type_ = type;
      return value;
    }
    case PhysicalType::kString:
      return String(type, std::string(LoadFixed<StringRef>(from).view()));
    case PhysicalType::kInterval: {
      Value value = OfInterval(LoadFixed<Interval>(from));
      value.type_ = type;
      return value;
    }
  }
  return Null(type);
}

bool operator==(const Value& a, const Value& b) {
  if (!(a.type_ == b.type_) || a.null_ != b.null_) return false;
  if (a.null_) return true;
  switch (a.type_.physical()) {
    case PhysicalType::kFloat:
    case PhysicalType::kDouble:
      return a.double_ == b.double_ || (std::isnan(a.double_) && std::isnan(b.double_));
    case PhysicalType::kString:
      return a.string_ == b.string_;
    case PhysicalType::kInterval:
      return a.interval_ == b.interval_;
    default:
      return a.integer_ == b.integer_;
  }
}

}  // namespace driftdb
