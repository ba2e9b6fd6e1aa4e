#include "types/text_format.h"

#include <cstring>

#include "base/coding.h"
#include "types/civil.h"
#include "types/decimal.h"
#include "types/text_parse.h"
#include "types/time_precision.h"
#include "types/utf8.h"

namespace driftdb {

std::string LowerAscii(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return lower;
}

Status InvalidTextError(const LogicalType& type, std::string_view text) {
  // Modifiers do not belong to the message: "integer", "numeric", "timestamp".
  std::string name = type.ToString();
  if (type.id == TypeId::kDecimal) name = "numeric";
  if (type.id == TypeId::kTimestamp) name = "timestamp";
  if (type.id == TypeId::kTime) name = "time";
  if (type.id == TypeId::kTimestampTz || type.id == TypeId::kInterval) {
    name = LogicalType(type.id).ToString();
  }
  return Error(type.is_datetime() || type.id == TypeId::kInterval
                   ? sqlstate::kInvalidDatetimeFormat
                   : sqlstate::kInvalidTextRepresentation,
               "invalid input syntax for type {}: \"{}\"", name, text);
}

namespace {

constexpr char kTextHex[] = "0123456789abcdef";

int TextHexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Status TextParseBoolean(std::string_view text, uint8_t* out) {
  const std::string_view trimmed = TrimSpaces(text);
  char word[8] = {};
  if (!trimmed.empty() && trimmed.size() < sizeof(word)) {
    for (size_t i = 0; i < trimmed.size(); ++i) {
      const char c = trimmed[i];
      word[i] = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    }
    const std::string_view w(word, trimmed.size());
    const auto is = [&](std::string_view full, size_t least) {
      return w.size() >= least && full.starts_with(w);
    };
    if (is("true", 1) || is("yes", 1) || w == "on" || w == "1") {
      *out = 1;
      return OkStatus();
    }
    if (is("false", 1) || is("no", 1) || is("off", 2) || w == "0") {
      *out = 0;
      return OkStatus();
    }
  }
  return InvalidTextError(TypeId::kBoolean, text);
}

Status TextParseUuid(std::string_view text, int128_t* out) {
  std::string_view body = text;
  if (body.size() >= 2 && body.front() == '{' && body.back() == '}') {
    body = body.substr(1, body.size() - 2);
  }
  uint128_t bits = 0;
  int digits = 0;
  for (size_t i = 0; i < body.size(); ++i) {
    // A hyphen may follow any group of four digits.
    if (body[i] == '-' && digits > 0 && digits % 4 == 0 && digits < 32 && body[i - 1] != '-') {
      continue;
    }
    const int value = TextHexValue(body[i]);
    if (value < 0 || digits == 32) return InvalidTextError(TypeId::kUuid, text);
    bits = bits << 4 | static_cast<unsigned>(value);
    ++digits;
  }
  if (digits != 32 || body.back() == '-') return InvalidTextError(TypeId::kUuid, text);
  *out = static_cast<int128_t>(bits ^ uint128_t{1} << 127);
  return OkStatus();
}

void TextAppendUuid(int128_t value, std::string* out) {
  const uint128_t bits = static_cast<uint128_t>(value) ^ uint128_t { 1 } << 127;
  for (int i = 0; i < 32; ++i) {
    if (i == 8 || i == 12 || i == 16 || i == 20) out->push_back('-');
    out->push_back(kTextHex[static_cast<int>(bits >> (124 - 4 * i)) & 15]);
  }
}

// Applies the length of varchar(n) and char(n) to input text: blanks beyond it may go, other
// characters not.
Status TextFitString(const LogicalType& type, std::string_view* text) {
  if (type.id == TypeId::kChar) {
    size_t size = text->size();
    while (size > 0 && (*text)[size - 1] == ' ') --size;
    *text = text->substr(0, size);
  }
  if (type.length == 0 || text->size() <= type.length) return OkStatus();
  const size_t end = CharacterOffset(*text, type.length);
  for (size_t i = end; i < text->size(); ++i) {
    if ((*text)[i] != ' ') {
      return Error(sqlstate::kStringTooLong, "value too long for type {}", type.ToString());
    }
  }
  *text = text->substr(0, end);
  return OkStatus();
}

// The types whose seconds have a fraction, fitted to the digits and fields of the type (P1).
Status TextParseTimed(const LogicalType& type, std::string_view text, const TextOptions& options,
                      void* out) {
  if (type.id == TypeId::kInterval) {
    auto* interval = static_cast<Interval*>(out);
    Status status = ParseInterval(text, type.interval_fields(), interval);
    return status.ok() && type.is_rounded() ? FitInterval(type, interval) : status;
  }
  auto* micros = static_cast<int64_t*>(out);
  Status status = type.id == TypeId::kTime
                      ? ParseTime(text, micros)
                      : ParseTimestamp(text, type.id == TypeId::kTimestampTz, options, micros);
  return status.ok() && type.is_rounded() ? FitTime(type, micros) : status;
}

void TextAppendTimestampTz(int64_t micros, const TextOptions& options, std::string* out) {
  if (micros == kTimestampInfinity || micros == kTimestampMinusInfinity) {
    return AppendTimestamp(micros, out);
  }
  const int32_t offset =
      options.offset_at_utc == nullptr ? 0 : options.offset_at_utc(options.zone, micros);
  const size_t start = out->size();
  AppendTimestamp(micros + offset * kMicrosPerSecond, out);
  std::string_view era;
  if (std::string_view(*out).substr(start).ends_with(" BC")) {
    out->resize(out->size() - 3);
    era = " BC";
  }
  int32_t left = offset < 0 ? -offset : offset;
  out->push_back(offset < 0 ? '-' : '+');
  const auto two = [&](int32_t v) {
    out->push_back(static_cast<char>('0' + v / 10));
    out->push_back(static_cast<char>('0' + v % 10));
  };
  two(left / 3600);
  left %= 3600;
  if (left != 0) {
    out->push_back(':');
    two(left / 60);
    if (left % 60 != 0) {
      out->push_back(':');
      two(left % 60);
    }
  }
  out->append(era);
}

}  // namespace

Status ParseBytea(std::string_view text, std::string* out) {
  if (text.starts_with("\\x")) {
    int high = -1;
    for (const char c : text.substr(2)) {
      if (IsSpace(c) && high < 0) continue;
      const int value = TextHexValue(c);
      if (value < 0) {
        return Error(sqlstate::kInvalidParameterValue, "invalid hexadecimal digit: \"{}\"", c);
      }
      if (high < 0) {
        high = value;
      } else {
        out->push_back(static_cast<char>(high << 4 | value));
        high = -1;
      }
    }
    if (high >= 0) {
      return Error(sqlstate::kInvalidParameterValue,
                   "invalid hexadecimal data: odd number of digits");
    }
    return OkStatus();
  }
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out->push_back(text[i]);
    } else if (i + 1 < text.size() && text[i + 1] == '\\') {
      out->push_back('\\');
      ++i;
    } else if (i + 3 < text.size() && text[i + 1] >= '0' && text[i + 1] <= '3' &&
               text[i + 2] >= '0' && text[i + 2] <= '7' && text[i + 3] >= '0' &&
               text[i + 3] <= '7') {
      out->push_back(static_cast<char>((text[i + 1] - '0') << 6 | (text[i + 2] - '0') << 3 |
                                       (text[i + 3] - '0')));
      i += 3;
    } else {
      return Error(sqlstate::kInvalidTextRepresentation, "invalid input syntax for type bytea");
    }
  }
  return OkStatus();
}

void FormatValue(const LogicalType& type, const void* value, std::string* out,
                 const TextOptions& options) {
  switch (type.id) {
    case TypeId::kBoolean:
      out->push_back(LoadFixed<uint8_t>(value) != 0 ? 't' : 'f');
      break;
    case TypeId::kInt16:
      AppendInt128(LoadFixed<int16_t>(value), out);
      break;
    case TypeId::kInt32:
      AppendInt128(LoadFixed<int32_t>(value), out);
      break;
    case TypeId::kInt64:
      AppendInt128(LoadFixed<int64_t>(value), out);
      break;
    case TypeId::kInt128:
      AppendInt128(LoadFixed<int128_t>(value), out);
      break;
    case TypeId::kReal:
      AppendReal(LoadFixed<float>(value), out);
      break;
    case TypeId::kDouble:
      AppendDouble(LoadFixed<double>(value), out);
      break;
    case TypeId::kDecimal:
      AppendDecimal(type.physical() == PhysicalType::kInt64 ? LoadFixed<int64_t>(value)
                                                            : LoadFixed<int128_t>(value),
                    type.scale, out);
      break;
    case TypeId::kChar: {
      const auto text = LoadFixed<StringRef>(value);
      out->append(text.view());
      const size_t characters = type.length == 0 ? 0 : CountCharacters(text.view());
      if (characters < type.length) out->append(type.length - characters, ' ');
      break;
    }
    case TypeId::kUnknown:
    case TypeId::kText:
    case TypeId::kVarchar: {
      const auto text = LoadFixed<StringRef>(value);
      out->append(text.view());
      break;
    }
    case TypeId::kBytea: {
      const auto bytes = LoadFixed<StringRef>(value);
      out->append("\\x");
      for (const char c : bytes.view()) {
        out->push_back(kTextHex[static_cast<uint8_t>(c) >> 4]);
        out->push_back(kTextHex[c & 15]);
      }
      break;
    }
    case TypeId::kDate:
      AppendDate(LoadFixed<int32_t>(value), out);
      break;
    case TypeId::kTime:
      AppendTime(LoadFixed<int64_t>(value), out);
      break;
    case TypeId::kTimestamp:
      AppendTimestamp(LoadFixed<int64_t>(value), out);
      break;
    case TypeId::kTimestampTz:
      TextAppendTimestampTz(LoadFixed<int64_t>(value), options, out);
      break;
    case TypeId::kInterval:
      AppendInterval(LoadFixed<Interval>(value), out);
      break;
    case TypeId::kUuid:
      TextAppendUuid(LoadFixed<int128_t>(value), out);
      break;
  }
}

std::string FormatValue(const Value& value, const TextOptions& options) {
  if (value.is_null()) return "NULL";
  std::string out;
  alignas(16) char bytes[16];
  value.StorePhysical(bytes);
  FormatValue(value.type(), bytes, &out, options);
  return out;
}

void FormatColumn(const Vector& column, const uint16_t* rows, size_t count, std::string* out,
                  uint32_t* ends) {
  Vector copy = column;
  size_t row_end = count;
  if (rows != nullptr && count > 0) row_end = static_cast<size_t>(rows[count - 1]) + 1;
  const VectorView view = copy.View(row_end);
  const LogicalType type = column.type();
  const size_t width = type.width();
  for (size_t i = 0; i < count; ++i) {
    const size_t row = rows == nullptr ? i : rows[i];
    if (view.valid(row)) FormatValue(type, view.data + view.position(row) * width, out);
    ends[i] = static_cast<uint32_t>(out->size());
  }
}

Status ParseValue(const LogicalType& type, std::string_view text, void* out,
                  const TextOptions& options) {
  switch (type.id) {
    case TypeId::kBoolean:
      return TextParseBoolean(text, static_cast<uint8_t*>(out));
    case TypeId::kInt32: {
      if (ParseInt32Fast(text, static_cast<int32_t*>(out))) return OkStatus();
      break;
    }
    case TypeId::kInt64:
      if (ParseInt64Fast(text, static_cast<int64_t*>(out))) return OkStatus();
      break;
    case TypeId::kDecimal: {
      const bool narrow = type.physical() == PhysicalType::kInt64;
      int64_t fast;
      if (narrow && ParseDecimal64Fast(text, type.precision, type.scale, &fast)) {
        StoreFixed(out, fast);
        return OkStatus();
      }
      int128_t value;
      if (Status status = ParseDecimal(type, text, &value); !status.ok()) return status;
      if (narrow) {
        StoreFixed(out, static_cast<int64_t>(value));
      } else {
        StoreFixed(out, value);
      }
      return OkStatus();
    }
    case TypeId::kReal:
      return ParseReal(text, static_cast<float*>(out));
    case TypeId::kDouble:
      return ParseDouble(text, static_cast<double*>(out));
    case TypeId::kUnknown:
    case TypeId::kText:
    case TypeId::kVarchar:
    case TypeId::kChar: {
      std::string_view fitted = text;
      if (Status status = TextFitString(type, &fitted); !status.ok()) return status;
      StoreFixed(out, StringRef(fitted));
      return OkStatus();
    }
    case TypeId::kBytea:
      return InternalError("bytea must be parsed by ParseBytea");
    case TypeId::kDate:
      return ParseDate(text, options, static_cast<int32_t*>(out));
    case TypeId::kTime:
    case TypeId::kTimestamp:
    case TypeId::kTimestampTz:
    case TypeId::kInterval:
      return TextParseTimed(type, text, options, out);
    case TypeId::kUuid: {
      int128_t value = 0;
      Status status = TextParseUuid(text, &value);
      StoreFixed(out, value);
      return status;
    }
    default:
      break;
  }
  int128_t value = 0;
  if (Status status = ParseInteger(type, text, &value); !status.ok()) return status;
  Value::Integer(type, value).StorePhysical(out);
  return OkStatus();
}

Result<Value> ParseValue(const LogicalType& type, std::string_view text,
                         const TextOptions& options) {
  if (type.id == TypeId::kBytea) {
    std::string bytes;
    if (Status status = ParseBytea(text, &bytes); !status.ok()) return status;
    return Value::String(type, std::move(bytes));
  }
  alignas(16) char bytes[16];
  if (Status status = ParseValue(type, text, bytes, options); !status.ok()) return status;
  return Value::FromPhysical(type, bytes);
}

}  // namespace driftdb
