#include "types/key_encoding.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include "base/check.h"
#include "base/coding.h"
#include "base/status_macros.h"

namespace driftdb {

namespace {

// Key bytes of a fixed-width column after the marker; 0 for strings.
size_t KeyValueBytes(const LogicalType& type) {
  switch (type.physical()) {
    case PhysicalType::kString:
      return 0;
    case PhysicalType::kInterval:
      return 16;
    default:
      return type.width();
  }
}

void StoreKeyBig16(char* to, uint16_t v) { StoreFixed(to, __builtin_bswap16(v)); }
void StoreKeyBig32(char* to, uint32_t v) { StoreFixed(to, __builtin_bswap32(v)); }
void StoreKeyBig64(char* to, uint64_t v) { StoreFixed(to, __builtin_bswap64(v)); }
void StoreKeyBig128(char* to, uint128_t v) {
  StoreKeyBig64(to, static_cast<uint64_t>(v >> 64));
  StoreKeyBig64(to + 8, static_cast<uint64_t>(v));
}

uint32_t FloatKeyBits(float v) {
  if (std::isnan(v)) v = std::numeric_limits<float>::quiet_NaN();
  if (v == 0) v = 0;  // -0
  const auto bits = std::bit_cast<uint32_t>(v);
  return (bits >> 31) != 0 ? ~bits : bits | 0x80000000u;
}
uint64_t DoubleKeyBits(double v) {
  if (std::isnan(v)) v = std::numeric_limits<double>::quiet_NaN();
  if (v == 0) v = 0;
  const auto bits = std::bit_cast<uint64_t>(v);
  return (bits >> 63) != 0 ? ~bits : bits | 0x8000000000000000u;
}

int128_t IntervalKeyMicros(const Interval& v) {
  return (static_cast<int128_t>(v.months) * 30 + v.days) * kMicrosPerDay + v.micros;
}

constexpr uint128_t kKeySign128 = uint128_t{1} << 127;

// The fixed-width form of the value at `from` (physical form).
void StoreKeyValue(PhysicalType type, const void* from, char* to) {
  switch (type) {
    case PhysicalType::kBool:
      *to = LoadFixed<uint8_t>(from) != 0 ? 1 : 0;
      break;
    case PhysicalType::kInt16:
      StoreKeyBig16(to, LoadFixed<uint16_t>(from) ^ 0x8000u);
      break;
    case PhysicalType::kInt32:
      StoreKeyBig32(to, LoadFixed<uint32_t>(from) ^ 0x80000000u);
      break;
    case PhysicalType::kInt64:
      StoreKeyBig64(to, LoadFixed<uint64_t>(from) ^ 0x8000000000000000u);
      break;
    case PhysicalType::kInt128:
      StoreKeyBig128(to, LoadFixed<uint128_t>(from) ^ kKeySign128);
      break;
    case PhysicalType::kFloat:
      StoreKeyBig32(to, FloatKeyBits(LoadFixed<float>(from)));
      break;
    case PhysicalType::kDouble:
      StoreKeyBig64(to, DoubleKeyBits(LoadFixed<double>(from)));
      break;
    case PhysicalType::kInterval:
      StoreKeyBig128(
          to, static_cast<uint128_t>(IntervalKeyMicros(LoadFixed<Interval>(from))) ^ kKeySign128);
      break;
    case PhysicalType::kString:
      break;
  }
}

std::string_view KeyStringBytes(const LogicalType& type, std::string_view bytes) {
  if (type.id == TypeId::kChar) {
    while (!bytes.empty() && bytes.back() == ' ') bytes.remove_suffix(1);
  }
  return bytes;
}

size_t KeyStringLength(std::string_view bytes) {
  size_t escapes = 0;
  for (const char c : bytes) escapes += static_cast<uint8_t>(c) <= 1 ? 1 : 0;
  return bytes.size() + escapes + 1;
}

// Returns the byte after the terminator.
char* StoreKeyString(std::string_view bytes, char* to) {
  for (const char c : bytes) {
    if (static_cast<uint8_t>(c) <= 1) [[unlikely]] {
      *to++ = 1;
      *to++ = static_cast<char>(c + 1);
    } else {
      *to++ = c;
    }
  }
  *to++ = 0;
  return to;
}

void InvertKeyBytes(char* from, const char* end) {
  for (; from != end; ++from) *from = static_cast<char>(~*from);
}

char KeyNullMarker(const KeyColumn& column) {
  return static_cast<char>(column.nulls_first ? kKeyNullFirst : kKeyNullLast);
}

Status KeyTooLong(size_t bytes) {
  return Error(sqlstate::kProgramLimitExceeded,
               "index key of {} bytes exceeds the maximum of {} bytes", bytes, kKeyBytesMax)
      .WithHint("Index a hash or a prefix of the value instead.");
}

// The widest fixed value is 16 bytes; `invert` is 0xff for descending columns.
struct KeyDecodeCursor {
  std::string_view rest;

  bool Take(size_t bytes, bool invert, char* to) {
    if (rest.size() < bytes) return false;
    std::memcpy(to, rest.data(), bytes);
    if (invert) InvertKeyBytes(to, to + bytes);
    rest.remove_prefix(bytes);
    return true;
  }
  bool TakeString(bool invert, std::string* to) {
    const uint8_t flip = invert ? 0xff : 0;
    size_t i = 0;
    for (; i < rest.size(); ++i) {
      const uint8_t byte = static_cast<uint8_t>(rest[i]) ^ flip;
      if (byte == 0) {
        rest.remove_prefix(i + 1);
        return true;
      }
      if (byte == 1) {
        if (++i == rest.size()) return false;
        const uint8_t escaped = static_cast<uint8_t>(rest[i]) ^ flip;
        if (escaped != 1 && escaped != 2) return false;
        if (to != nullptr) to->push_back(static_cast<char>(escaped - 1));
      } else if (to != nullptr) {
        to->push_back(static_cast<char>(byte));
      }
    }
    return false;
  }
};

uint64_t LoadKeyBig64(const char* from) { return __builtin_bswap64(LoadFixed<uint64_t>(from)); }
uint128_t LoadKeyBig128(const char* from) {
  return static_cast<uint128_t>(LoadKeyBig64(from)) << 64 | LoadKeyBig64(from + 8);
}

// An interval of the given length: whole days and microseconds, months only where days do not
// suffice. Each field takes what fits, so that the longest intervals come back too.
Result<Interval> KeyInterval(int128_t micros) {
  constexpr int128_t kMin = std::numeric_limits<int32_t>::min();
  constexpr int128_t kMax = std::numeric_limits<int32_t>::max();
  Interval value;
  const int128_t all_days = micros / kMicrosPerDay;
  if (all_days < kMin || all_days > kMax) {
    const int128_t months = std::clamp(all_days / 30, kMin, kMax);
    value.months = static_cast<int32_t>(months);
    micros -= months * 30 * kMicrosPerDay;
  }
  const int128_t days = std::clamp(micros / kMicrosPerDay, kMin, kMax);
  value.days = static_cast<int32_t>(days);
  micros -= days * kMicrosPerDay;
  if (micros < std::numeric_limits<int64_t>::min() ||
      micros > std::numeric_limits<int64_t>::max()) {
    return DataLossError("index key holds an interval out of range");
  }
  value.micros = static_cast<int64_t>(micros);
  return value;
}

Result<Value> KeyFixedValue(const LogicalType& type, const char* bytes) {
  switch (type.physical()) {
    case PhysicalType::kBool:
      return Value::Integer(type, *bytes != 0 ? 1 : 0);
    case PhysicalType::kInt16:
      return Value::Integer(
          type, static_cast<int16_t>(__builtin_bswap16(LoadFixed<uint16_t>(bytes)) ^ 0x8000u));
    case PhysicalType::kInt32:
      return Value::Integer(
          type, static_cast<int32_t>(__builtin_bswap32(LoadFixed<uint32_t>(bytes)) ^ 0x80000000u));
    case PhysicalType::kInt64:
      return Value::Integer(type, static_cast<int64_t>(LoadKeyBig64(bytes) ^ 0x8000000000000000u));
    case PhysicalType::kInt128:
      return Value::Integer(type, static_cast<int128_t>(LoadKeyBig128(bytes) ^ kKeySign128));
    case PhysicalType::kFloat: {
      const uint32_t bits = __builtin_bswap32(LoadFixed<uint32_t>(bytes));
      Value value =
          Value::Real(std::bit_cast<float>((bits >> 31) != 0 ? bits ^ 0x80000000u : ~bits));
      value.set_type(type);
      return value;
    }
    case PhysicalType::kDouble: {
      const uint64_t bits = LoadKeyBig64(bytes);
      Value value = Value::Double(
          std::bit_cast<double>((bits >> 63) != 0 ? bits ^ 0x8000000000000000u : ~bits));
      value.set_type(type);
      return value;
    }
    case PhysicalType::kInterval: {
      DRIFTDB_ASSIGN_OR_RETURN(
          const Interval interval,
          KeyInterval(static_cast<int128_t>(LoadKeyBig128(bytes) ^ kKeySign128)));
      Value value = Value::OfInterval(interval);
      value.set_type(type);
      return value;
    }
    case PhysicalType::kString:
      break;
  }
  return InternalError("key column of type {} has no fixed form", static_cast<int>(type.id));
}

// char(n) values are stored padded to n characters; the key has no trailing blanks.
void PadKeyChar(const LogicalType& type, std::string* bytes) {
  if (type.id != TypeId::kChar) return;
  size_t characters = 0;
  for (const char c : *bytes) characters += (static_cast<uint8_t>(c) & 0xc0) != 0x80 ? 1 : 0;
  if (characters < type.length) bytes->append(type.length - characters, ' ');
}

// Decodes one column from the cursor; `skip` only moves past it.
Status DecodeKeyColumn(const KeyColumn& column, bool skip, KeyDecodeCursor* cursor, Value* value) {
  if (cursor->rest.empty()) return DataLossError("index key is too short");
  const auto marker = static_cast<uint8_t>(cursor->rest[0]);
  cursor->rest.remove_prefix(1);
  const bool null = marker != kKeyNotNull;
  if (null && marker != static_cast<uint8_t>(KeyNullMarker(column))) {
    return DataLossError("index key has marker byte {}", marker);
  }
  const size_t width = KeyValueBytes(column.type);
  if (null) {
    char zeros[16];
    if (!cursor->Take(width, false, zeros)) return DataLossError("index key is too short");
    if (!skip) *value = Value::Null(column.type);
    return OkStatus();
  }
  if (width == 0) {
    std::string bytes;
    if (!cursor->TakeString(column.descending, skip ? nullptr : &bytes)) {
      return DataLossError("index key has an unterminated string");
    }
    if (!skip) {
      PadKeyChar(column.type, &bytes);
      *value = Value::String(column.type, std::move(bytes));
    }
    return OkStatus();
  }
  char bytes[16];
  if (!cursor->Take(width, column.descending, bytes))
    return DataLossError("index key is too short");
  if (!skip) {
    DRIFTDB_ASSIGN_OR_RETURN(*value, KeyFixedValue(column.type, bytes));
  }
  return OkStatus();
}

}  // namespace

KeyEncoder::KeyEncoder(std::vector<KeyColumn> columns) : columns_(std::move(columns)) {
  for (const KeyColumn& column : columns_) {
    const size_t bytes = KeyValueBytes(column.type);
    if (bytes == 0) {
      fixed_bytes_ = 0;
      return;
    }
    fixed_bytes_ += 1 + bytes;
  }
}

Status KeyEncoder::Encode(const Value* values, size_t count, std::string* key) const {
  DRIFTDB_DCHECK(count <= columns_.size());
  key->clear();
  for (size_t i = 0; i < count; ++i) {
    const KeyColumn& column = columns_[i];
    const size_t width = KeyValueBytes(column.type);
    if (values[i].is_null()) {
      key->push_back(KeyNullMarker(column));
      key->append(width, '\0');
      continue;
    }
    key->push_back(static_cast<char>(kKeyNotNull));
    const size_t begin = key->size();
    if (width == 0) {
      const std::string_view bytes = KeyStringBytes(column.type, values[i].string());
      if (bytes.size() > kKeyBytesMax) return KeyTooLong(bytes.size());
      key->resize(begin + KeyStringLength(bytes));
      StoreKeyString(bytes, key->data() + begin);
    } else {
      char physical[16];
      values[i].StorePhysical(physical);
      key->resize(begin + width);
      StoreKeyValue(column.type.physical(), physical, key->data() + begin);
    }
    if (column.descending) InvertKeyBytes(key->data() + begin, key->data() + key->size());
  }
  if (key->size() > kKeyBytesMax) return KeyTooLong(key->size());
  return OkStatus();
}

void KeyEncoder::EncodeIntegers(const int64_t* values, char* to) const {
  for (size_t i = 0; i < columns_.size(); ++i) {
    *to++ = static_cast<char>(kKeyNotNull);
    const PhysicalType type = columns_[i].type.physical();
    const size_t width = PhysicalWidth(type);
    // Little-endian: the low bytes of an int64 are the narrower integer.
    StoreKeyValue(type, &values[i], to);
    if (columns_[i].descending) InvertKeyBytes(to, to + width);
    to += width;
  }
}

Status KeyEncoder::Decode(std::string_view key, std::vector<Value>* values) const {
  values->resize(columns_.size());
  KeyDecodeCursor cursor{key};
  for (size_t i = 0; i < columns_.size(); ++i) {
    DRIFTDB_RETURN_IF_ERROR(DecodeKeyColumn(columns_[i], false, &cursor, &(*values)[i]));
  }
  if (!cursor.rest.empty())
    return DataLossError("index key has {} bytes too many", cursor.rest.size());
  return OkStatus();
}

Status KeyEncoder::DecodeColumn(const std::vector<std::string_view>& keys, size_t column,
                                Vector* to) const {
  DRIFTDB_DCHECK(column < columns_.size());
  for (size_t row = 0; row < keys.size(); ++row) {
    KeyDecodeCursor cursor{keys[row]};
    Value value;
    for (size_t i = 0; i <= column; ++i) {
      DRIFTDB_RETURN_IF_ERROR(DecodeKeyColumn(columns_[i], i < column, &cursor, &value));
    }
    if (value.is_null()) {
      to->SetNull(row);
    } else {
      to->SetValue(row, value);
    }
  }
  return OkStatus();
}

bool KeyEncoder::IsExact(const LogicalType& type) {
  return !type.is_floating() && type.id != TypeId::kInterval;
}

Result<bool> KeyEncoder::HasNull(std::string_view key) const {
  KeyDecodeCursor cursor{key};
  for (const KeyColumn& column : columns_) {
    if (!cursor.rest.empty() && static_cast<uint8_t>(cursor.rest[0]) != kKeyNotNull) return true;
    DRIFTDB_RETURN_IF_ERROR(DecodeKeyColumn(column, true, &cursor, nullptr));
  }
  return false;
}

std::string KeyPrefixSuccessor(std::string_view prefix) {
  while (!prefix.empty() && static_cast<uint8_t>(prefix.back()) == 0xff) prefix.remove_suffix(1);
  std::string successor(prefix);
  if (!successor.empty()) ++successor.back();
  return successor;
}

namespace {

// Writes one fixed-width column of all rows; the compiler sees a constant width and stride steps
// only.
template <typename T, typename Store>
// NOLINTNEXTLINE(readability-function-size): a hot loop with all it needs
void StoreKeyColumn(const VectorView& view, const uint16_t* selection, size_t rows, char* bytes,
                    uint32_t* cursor, const KeyColumn& column, size_t width, Store store) {
  const char null_marker = KeyNullMarker(column);
  const bool all_valid = view.all_valid();
  for (size_t i = 0; i < rows; ++i) {
    const size_t row = selection == nullptr ? i : selection[i];
    char* to = bytes + cursor[i];
    cursor[i] += static_cast<uint32_t>(1 + width);
    if (!all_valid && !view.valid(row)) {
      to[0] = null_marker;
      std::memset(to + 1, 0, width);
      continue;
    }
    to[0] = static_cast<char>(kKeyNotNull);
    store(view.value<T>(row), to + 1);
    if (column.descending) InvertKeyBytes(to + 1, to + 1 + width);
  }
}

void StoreKeyFixedColumn(const VectorView& view, const uint16_t* selection, size_t rows,
                         char* bytes, uint32_t* cursor, const KeyColumn& column) {
  const auto run = [&]<typename T>(std::type_identity<T>, auto store) {
    StoreKeyColumn<T>(view, selection, rows, bytes, cursor, column, KeyValueBytes(column.type),
                      store);
  };
  switch (column.type.physical()) {
    case PhysicalType::kBool:
      run(std::type_identity<uint8_t>(), [](uint8_t v, char* to) { *to = v != 0 ? 1 : 0; });
      break;
    case PhysicalType::kInt16:
      run(std::type_identity<uint16_t>(),
          [](uint16_t v, char* to) { StoreKeyBig16(to, static_cast<uint16_t>(v ^ 0x8000u)); });
      break;
    case PhysicalType::kInt32:
      run(std::type_identity<uint32_t>(),
          [](uint32_t v, char* to) { StoreKeyBig32(to, v ^ 0x80000000u); });
      break;
    case PhysicalType::kInt64:
      run(std::type_identity<uint64_t>(),
          [](uint64_t v, char* to) { StoreKeyBig64(to, v ^ 0x8000000000000000u); });
      break;
    case PhysicalType::kFloat:
      run(std::type_identity<float>(),
          [](float v, char* to) { StoreKeyBig32(to, FloatKeyBits(v)); });
      break;
    case PhysicalType::kDouble:
      run(std::type_identity<double>(),
          [](double v, char* to) { StoreKeyBig64(to, DoubleKeyBits(v)); });
      break;
    case PhysicalType::kInt128:
      run(std::type_identity<int128_t>(), [](const int128_t& v, char* to) {
        StoreKeyBig128(to, static_cast<uint128_t>(v) ^ kKeySign128);
      });
      break;
    case PhysicalType::kInterval:
      run(std::type_identity<Interval>(), [](const Interval& v, char* to) {
        StoreKeyBig128(to, static_cast<uint128_t>(IntervalKeyMicros(v)) ^ kKeySign128);
      });
      break;
    case PhysicalType::kString:
      break;
  }
}

void StoreKeyStringColumn(const VectorView& view, const uint16_t* selection, size_t rows,
                          char* bytes, uint32_t* cursor, const KeyColumn& column) {
  for (size_t i = 0; i < rows; ++i) {
    const size_t row = selection == nullptr ? i : selection[i];
    char* to = bytes + cursor[i];
    if (!view.valid(row)) {
      *to = KeyNullMarker(column);
      ++cursor[i];
      continue;
    }
    *to = static_cast<char>(kKeyNotNull);
    char* end =
        StoreKeyString(KeyStringBytes(column.type, view.value<StringRef>(row).view()), to + 1);
    if (column.descending) InvertKeyBytes(to + 1, end);
    cursor[i] += static_cast<uint32_t>(end - to);
  }
}

}  // namespace

Status KeyEncoder::EncodeRows(Vector* const* columns, size_t rows, const Selection* selection,
                              KeyBatch* batch) const {
  const uint16_t* positions = selection == nullptr ? nullptr : selection->rows();
  const size_t count = selection == nullptr ? rows : selection->size();
  std::vector<uint32_t>& offsets = batch->offsets_;
  offsets.assign(count + 1, static_cast<uint32_t>(fixed_bytes_));
  std::vector<VectorView> views;
  views.reserve(columns_.size());
  for (size_t c = 0; c < columns_.size(); ++c) views.push_back(columns[c]->View(rows));
  if (fixed_bytes_ == 0) {
    offsets.assign(count + 1, 0);
    for (size_t c = 0; c < columns_.size(); ++c) {
      const LogicalType& type = columns_[c].type;
      const size_t width = KeyValueBytes(type);
      for (size_t i = 0; i < count; ++i) {
        const size_t row = positions == nullptr ? i : positions[i];
        size_t bytes = 1 + width;
        if (width == 0 && views[c].valid(row)) {
          const std::string_view value =
              KeyStringBytes(type, views[c].value<StringRef>(row).view());
          bytes += value.size() > kKeyBytesMax ? value.size() : KeyStringLength(value);
        }
        const size_t total = offsets[i] + bytes;
        if (total > kKeyBytesMax) return KeyTooLong(total);
        offsets[i] = static_cast<uint32_t>(total);
      }
    }
  } else if (fixed_bytes_ > kKeyBytesMax) {
    return KeyTooLong(fixed_bytes_);
  }
  uint32_t begin = 0;
  for (size_t i = 0; i < count; ++i) begin += std::exchange(offsets[i], begin);
  offsets[count] = begin;
  batch->bytes_.resize(begin);
  batch->cursor_.assign(offsets.begin(), offsets.end() - 1);
  for (size_t c = 0; c < columns_.size(); ++c) {
    if (KeyValueBytes(columns_[c].type) == 0) {
      StoreKeyStringColumn(views[c], positions, count, batch->bytes_.data(), batch->cursor_.data(),
                           columns_[c]);
    } else {
      StoreKeyFixedColumn(views[c], positions, count, batch->bytes_.data(), batch->cursor_.data(),
                          columns_[c]);
    }
  }
  return OkStatus();
}

}  // namespace driftdb
