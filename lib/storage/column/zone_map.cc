#include "storage/column/zone_map.h"

#include <algorithm>

namespace driftdb::storage {

namespace {

enum ZoneFlag : uint8_t {
  kZoneBounds = 1,
  kZoneNan = 2,
  kZoneSum = 4,
  kZoneExact = 8,
  kZoneWidened = 16
};

bool ZoneHasSum(PhysicalType physical) {
  return physical == PhysicalType::kInt16 || physical == PhysicalType::kInt32 ||
         physical == PhysicalType::kInt64 || physical == PhysicalType::kInt128;
}

struct ZoneBuilder {
  ZoneMap zone;
  void Key(int128_t key) {
    if (!zone.has_bounds) {
      zone.min = zone.max = key;
      zone.has_bounds = true;
    } else if (key < zone.min) {
      zone.min = key;
    } else if (key > zone.max) {
      zone.max = key;
    }
  }
  void Integer(int128_t value) {
    Key(value);
    if (zone.sum_valid && __builtin_add_overflow(zone.sum, value, &zone.sum)) {
      zone.sum_valid = false;
    }
  }
  void Float(double value) {
    if (value != value) {
      zone.has_nan = true;
    } else {
      Key(OrderedDouble(value));
    }
  }
};

}  // namespace

void ZoneMap::Merge(const ZoneMap& other) {
  if (other.row_count == 0 && !other.has_bounds && !other.has_nan) return;
  if (other.has_bounds) {
    min = has_bounds ? std::min(min, other.min) : other.min;
    max = has_bounds ? std::max(max, other.max) : other.max;
    has_bounds = true;
  }
  has_nan = has_nan || other.has_nan;
  bounds_exact = bounds_exact && other.bounds_exact;
  sum_valid = sum_valid && other.sum_valid;
  widened = widened || other.widened;
  if (sum_valid && __builtin_add_overflow(sum, other.sum, &sum)) sum_valid = false;
  row_count += other.row_count;
  null_count += other.null_count;
}

void ZoneMap::Widen(const Value& value) {
  // Old and current value are both visible to somebody: the zone is true for both (C21).
  sum_valid = false;
  bounds_exact = false;
  widened = true;
  ++row_count;
  if (value.is_null()) {
    ++null_count;
    return;
  }
  const PhysicalType physical = value.type().physical();
  if (physical == PhysicalType::kInterval) return;
  if ((physical == PhysicalType::kDouble || physical == PhysicalType::kFloat) &&
      value.float64() != value.float64()) {
    has_nan = true;
    return;
  }
  const int128_t key = OrderKey(value);
  min = has_bounds ? std::min(min, key) : key;
  max = has_bounds ? std::max(max, key) : key;
  has_bounds = true;
}

void ZoneMap::EncodeTo(Encoder* encoder) const {
  encoder->Fixed(min);
  encoder->Fixed(max);
  encoder->Fixed(sum);
  encoder->U32(row_count);
  encoder->U32(null_count);
  encoder->U8(static_cast<uint8_t>((has_bounds ? kZoneBounds : 0) | (has_nan ? kZoneNan : 0) |
                                   (sum_valid ? kZoneSum : 0) | (bounds_exact ? kZoneExact : 0) |
                                   (widened ? kZoneWidened : 0)));
}

ZoneMap ZoneMap::DecodeFrom(Decoder* decoder) {
  ZoneMap zone;
  zone.min = decoder->Fixed<int128_t>();
  zone.max = decoder->Fixed<int128_t>();
  zone.sum = decoder->Fixed<int128_t>();
  zone.row_count = decoder->U32();
  zone.null_count = decoder->U32();
  const uint8_t flags = decoder->U8();
  zone.has_bounds = (flags & kZoneBounds) != 0;
  zone.has_nan = (flags & kZoneNan) != 0;
  zone.sum_valid = (flags & kZoneSum) != 0;
  zone.bounds_exact = (flags & kZoneExact) != 0;
  zone.widened = (flags & kZoneWidened) != 0;
  return zone;
}

int128_t OrderKey(const Value& value) {
  switch (value.type().physical()) {
    case PhysicalType::kFloat:
    case PhysicalType::kDouble:
      return OrderedDouble(value.float64());
    case PhysicalType::kString:
      return static_cast<int128_t>(StringOrderKey(value.string()));
    case PhysicalType::kInterval:
      return IntervalOrderKey(value.interval());
    default:
      return value.integer();
  }
}

ZoneMap ComputeZoneMap(const Vector& vector, size_t count) {
  Vector copy(vector);
  const VectorView view = copy.View(count);
  const PhysicalType physical = vector.type().physical();
  ZoneBuilder builder;
  ZoneMap& zone = builder.zone;
  zone.row_count = static_cast<uint32_t>(count);
  zone.sum_valid = ZoneHasSum(physical);
  zone.bounds_exact = physical != PhysicalType::kString;
  for (size_t i = 0; i < count; ++i) {
    if (!view.valid(i)) {
      ++zone.null_count;
      continue;
    }
    switch (physical) {
      case PhysicalType::kBool:
        builder.Key(view.value<uint8_t>(i));
        break;
      case PhysicalType::kInt16:
        builder.Integer(view.value<int16_t>(i));
        break;
      case PhysicalType::kInt32:
        builder.Integer(view.value<int32_t>(i));
        break;
      case PhysicalType::kInt64:
        builder.Integer(view.value<int64_t>(i));
        break;
      case PhysicalType::kInt128:
        builder.Integer(LoadFixed<int128_t>(view.data + view.position(i) * 16));
        break;
      case PhysicalType::kFloat:
        builder.Float(view.value<float>(i));
        break;
      case PhysicalType::kDouble:
        builder.Float(view.value<double>(i));
        break;
      case PhysicalType::kString:
        builder.Key(static_cast<int128_t>(StringOrderKey(view.value<StringRef>(i).view())));
        break;
      case PhysicalType::kInterval:
        break;
    }
  }
  return zone;
}

}  // namespace driftdb::storage
