// Text forms of integers, decimals and floating-point numbers.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "types/decimal.h"
#include "types/text_format.h"
#include "types/text_parse.h"

namespace driftdb {

namespace {

constexpr uint64_t kTextZeros = 0x3030303030303030ULL;

// The 1 to 8 bytes at p, as the last characters of a word padded in front with '0'. Never reads
// beyond.
inline uint64_t TextLoadDigits(const char* p, size_t size) {
  uint64_t word;
  if (size >= 8) {
    std::memcpy(&word, p, 8);
    return word;
  }
  if (size >= 4) {
    uint32_t low, high;
    std::memcpy(&low, p, 4);
    std::memcpy(&high, p + size - 4, 4);
    word = low | static_cast<uint64_t>(high) << ((size - 4) * 8);
  } else {
    word = static_cast<uint64_t>(static_cast<uint8_t>(p[0])) |
           static_cast<uint64_t>(static_cast<uint8_t>(p[size >> 1])) << ((size >> 1) * 8) |
           static_cast<uint64_t>(static_cast<uint8_t>(p[size - 1])) << ((size - 1) * 8);
  }
  const size_t shift = (8 - size) * 8;
  return word << shift | kTextZeros >> (64 - shift);
}

inline bool TextAllDigits(uint64_t word) {
  return ((word & 0xF0F0F0F0F0F0F0F0ULL) |
          (((word + 0x0606060606060606ULL) & 0xF0F0F0F0F0F0F0F0ULL) >> 4)) == 0x3333333333333333ULL;
}

// Eight ASCII digits to their number: pairs, quadruples, all.
inline uint32_t TextEightDigits(uint64_t word) {
  word -= kTextZeros;
  word = word * 10 + (word >> 8);
  constexpr uint64_t kMask = 0x000000FF000000FFULL;
  constexpr uint64_t kMul1 = 0x000F424000000064ULL;  // 100 + (1000000 << 32)
  constexpr uint64_t kMul2 = 0x0000271000000001ULL;  // 1 + (10000 << 32)
  return static_cast<uint32_t>(((word & kMask) * kMul1 + ((word >> 16) & kMask) * kMul2) >> 32);
}

// 1 to 18 digits. False when anything else occurs.
inline bool TextDigits(const char* p, size_t size, uint64_t* out) {
  if (size <= 8) {
    if (size == 0) return false;
    const uint64_t word = TextLoadDigits(p, size);
    *out = TextEightDigits(word);
    return TextAllDigits(word);
  }
  uint64_t value = 0;
  const size_t head = size & 7;
  bool good = true;
  if (head > 0) {
    const uint64_t word = TextLoadDigits(p, head);
    good = TextAllDigits(word);
    value = TextEightDigits(word);
    p += head;
  }
  for (size_t left = size - head; left > 0; left -= 8, p += 8) {
    uint64_t word;
    std::memcpy(&word, p, 8);
    good &= TextAllDigits(word);
    value = value * 100000000 + TextEightDigits(word);
  }
  *out = value;
  return good;
}

inline bool TextSign(const char** p, size_t* size) {
  if (*size == 0 || (**p != '-' && **p != '+')) return false;
  const bool negative = **p == '-';
  ++*p;
  --*size;
  return negative;
}

Status TextSyntaxError(const LogicalType& type, std::string_view text) {
  return InvalidTextError(type, text);
}

Status TextRangeError(const LogicalType& type, std::string_view text) {
  return Error(sqlstate::kNumericOutOfRange, "value \"{}\" is out of range for type {}", text,
               type.ToString());
}

// Digits of a number in any accepted form, without the sign: digits * 10^exponent.
struct TextNumber {
  bool negative = false;
  bool is_number = false;
  bool too_long = false;  // more than 38 significant digits; the rest is in `exponent`
  uint128_t digits = 0;
  int digit_count = 0;  // of `digits`
  int64_t exponent = 0;
  int64_t written_scale = 0;  // digits after the point as written, less the exponent
  char rounding_digit = '0';  // the first digit that did not fit
};

TextNumber TextScanNumber(std::string_view text) {
  TextNumber number;
  size_t i = 0;
  if (i < text.size() && (text[i] == '-' || text[i] == '+')) number.negative = text[i++] == '-';
  bool any = false, point = false;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9') break;
    any = true;
    if (point) ++number.written_scale;
    if (number.digit_count >= 38) {
      if (!number.too_long) number.rounding_digit = c;
      number.too_long = true;
      if (!point) ++number.exponent;
      continue;
    }
    number.digits = number.digits * 10 + static_cast<unsigned>(c - '0');
    if (number.digits != 0) ++number.digit_count;
    if (point) --number.exponent;
  }
  if (!any) return number;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    bool exponent_negative = false;
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) exponent_negative = text[i++] == '-';
    int64_t exponent = 0;
    if (i >= text.size()) return number;
    for (; i < text.size(); ++i) {
      if (text[i] < '0' || text[i] > '9') return number;
      exponent = std::min<int64_t>(exponent * 10 + (text[i] - '0'), 100000);
    }
    number.exponent += exponent_negative ? -exponent : exponent;
    number.written_scale -= exponent_negative ? -exponent : exponent;
  }
  number.is_number = i == text.size();
  return number;
}

}  // namespace

bool ParseInt64Fast(std::string_view text, int64_t* out) {
  const char* p = text.data();
  size_t size = text.size();
  const bool negative = TextSign(&p, &size);
  uint64_t value;
  if (size > 18 || !TextDigits(p, size, &value)) return false;
  *out = negative ? -static_cast<int64_t>(value) : static_cast<int64_t>(value);
  return true;
}

bool ParseInt32Fast(std::string_view text, int32_t* out) {
  int64_t value;
  if (!ParseInt64Fast(text, &value) || value != static_cast<int32_t>(value)) return false;
  *out = static_cast<int32_t>(value);
  return true;
}

bool ParseDecimal64Fast(std::string_view text, int precision, int scale, int64_t* out) {
  const char* p = text.data();
  size_t size = text.size();
  const bool negative = TextSign(&p, &size);
  uint64_t whole = 0, fraction = 0;
  const auto places = static_cast<size_t>(scale);
  if (size > places + 1 && places > 0 && p[size - 1 - places] == '.') {
    // The usual case: as many digits after the point as the type has.
    const size_t whole_digits = size - 1 - places;
    if (whole_digits > 18 || !TextDigits(p, whole_digits, &whole) ||
        !TextDigits(p + whole_digits + 1, places, &fraction)) {
      return false;
    }
  } else {
    const char* point = size == 0 ? nullptr : static_cast<const char*>(std::memchr(p, '.', size));
    const size_t whole_digits = point == nullptr ? size : static_cast<size_t>(point - p);
    if (whole_digits == 0 || whole_digits > 18 || !TextDigits(p, whole_digits, &whole))
      return false;
    if (point != nullptr) {
      const size_t written = size - whole_digits - 1;
      // More digits than the type has need rounding: the slow path's business.
      if (written > places) return false;
      if (written > 0) {
        if (!TextDigits(point + 1, written, &fraction)) return false;
        fraction *= static_cast<uint64_t>(kPowersOfTen64[places - written]);
      }
    }
  }
  uint64_t value;
  if (__builtin_mul_overflow(whole, static_cast<uint64_t>(kPowersOfTen64[places]), &value) ||
      __builtin_add_overflow(value, fraction, &value) ||
      value >= static_cast<uint64_t>(kPowersOfTen64[precision])) {
    return false;
  }
  *out = negative ? -static_cast<int64_t>(value) : static_cast<int64_t>(value);
  return true;
}

Status ParseInteger(const LogicalType& type, std::string_view text, int128_t* out) {
  const std::string_view trimmed = TrimSpaces(text);
  size_t i = 0;
  bool negative = false;
  if (!trimmed.empty() && (trimmed[0] == '-' || trimmed[0] == '+')) {
    negative = trimmed[0] == '-';
    i = 1;
  }
  if (i == trimmed.size()) return TextSyntaxError(type, text);
  int128_t value = 0;
  bool overflow = false;
  for (; i < trimmed.size(); ++i) {
    const char c = trimmed[i];
    if (c < '0' || c > '9') return TextSyntaxError(type, text);
    // Negative accumulation reaches the minimum of the type too.
    overflow |= __builtin_mul_overflow(value, static_cast<int128_t>(10), &value);
    overflow |= __builtin_sub_overflow(value, static_cast<int128_t>(c - '0'), &value);
  }
  if (!negative && !overflow) overflow = __builtin_sub_overflow(int128_t{0}, value, &value);
  int128_t low = kInt128Min, high = kInt128Max;
  if (type.id == TypeId::kInt16) low = INT16_MIN, high = INT16_MAX;
  if (type.id == TypeId::kInt32) low = INT32_MIN, high = INT32_MAX;
  if (type.id == TypeId::kInt64) low = INT64_MIN, high = INT64_MAX;
  if (overflow || value < low || value > high) return TextRangeError(type, text);
  *out = value;
  return OkStatus();
}

Status ParseDecimal(const LogicalType& type, std::string_view text, int128_t* out) {
  const TextNumber number = TextScanNumber(TrimSpaces(text));
  if (!number.is_number) {
    const std::string word = LowerAscii(TrimSpaces(text));
    if (word == "nan" || word == "infinity" || word == "-infinity" || word == "inf" ||
        word == "-inf" || word == "+infinity" || word == "+inf") {
      return Error(sqlstate::kFeatureNotSupported, "type numeric does not hold \"{}\"", text);
    }
    return Error(sqlstate::kInvalidTextRepresentation,
                 "invalid input syntax for type numeric: \"{}\"", text);
  }
  const int64_t shift = number.exponent + type.scale;
  auto value = static_cast<int128_t>(number.digits);
  if (value != 0 && shift > 0) {
    if (shift > 38 || __builtin_mul_overflow(value, kPowersOfTen128[shift], &value)) {
      return DecimalOverflowError(type);
    }
  } else if (value != 0 && shift < 0) {
    if (shift < -38) {
      value = 0;
    } else if (!RescaleDecimal(value, static_cast<int>(-shift), 0, &value)) {
      return DecimalOverflowError(type);
    }
  } else if (number.too_long && number.rounding_digit >= '5') {
    ++value;
  }
  if (!DecimalFits(value, type.precision)) return DecimalOverflowError(type);
  *out = number.negative ? -value : value;
  return OkStatus();
}

bool DecimalLiteralType(std::string_view text, LogicalType* type) {
  const TextNumber number = TextScanNumber(TrimSpaces(text));
  if (!number.is_number) return false;
  const int64_t scale = std::max<int64_t>(number.written_scale, 0);
  if (scale > 38 || number.too_long) return false;
  // Digits in front of the point, once the exponent is applied.
  const int64_t whole = std::max<int64_t>(number.digit_count + number.exponent, 0);
  if (number.digits != 0 && whole + scale > 38) return false;
  const int64_t precision = number.digits == 0 ? std::max<int64_t>(scale, 1) : whole + scale;
  *type = LogicalType::Decimal(static_cast<int>(std::max<int64_t>(precision, 1)),
                               static_cast<int>(scale));
  return true;
}

namespace {

template <typename Float>
Status TextParseFloat(const LogicalType& type, std::string_view text, Float* out) {
  std::string_view trimmed = TrimSpaces(text);
  const bool plus = !trimmed.empty() && trimmed[0] == '+';
  if (plus) trimmed.remove_prefix(1);
  if (trimmed.empty() || (plus && trimmed[0] == '-')) return TextSyntaxError(type, text);
  // from_chars also takes inf, nan and nan(...); PostgreSQL has no nan(...).
  const auto [end, error] = std::from_chars(trimmed.data(), trimmed.data() + trimmed.size(), *out);
  if (error == std::errc::invalid_argument || end != trimmed.data() + trimmed.size() ||
      trimmed.back() == ')') {
    return TextSyntaxError(type, text);
  }
  if (error == std::errc::result_out_of_range) {
    return Error(sqlstate::kNumericOutOfRange, "\"{}\" is out of range for type {}", text,
                 type.ToString());
  }
  return OkStatus();
}

template <typename Float>
void TextAppendFloat(Float value, int fixed_digits, std::string* out) {
  if (std::isnan(value)) {
    out->append("NaN");
    return;
  }
  if (std::isinf(value)) {
    out->append(value < 0 ? "-Infinity" : "Infinity");
    return;
  }
  char text[64];
  char* end = std::to_chars(text, text + sizeof(text), value, std::chars_format::scientific).ptr;
  char* p = text;
  if (*p == '-') {
    out->push_back('-');
    ++p;
  }
  char digits[32];
  int count = 0;
  char* e = std::find(p, end, 'e');
  for (char* c = p; c != e; ++c) {
    if (*c != '.') digits[count++] = *c;
  }
  int exponent = 0;
  std::from_chars(e[1] == '+' ? e + 2 : e + 1, end, exponent);
  if (exponent < -4 || exponent >= fixed_digits) {
    out->push_back(digits[0]);
    if (count > 1) {
      out->push_back('.');
      out->append(digits + 1, count - 1);
    }
    out->push_back('e');
    out->push_back(exponent < 0 ? '-' : '+');
    if (std::abs(exponent) < 10) out->push_back('0');
    AppendInt128(std::abs(exponent), out);
    return;
  }
  if (exponent < 0) {
    out->append("0.");
    out->append(static_cast<size_t>(-exponent - 1), '0');
    out->append(digits, count);
    return;
  }
  const int whole = exponent + 1;
  out->append(digits, std::min(whole, count));
  if (count <= whole) {
    out->append(static_cast<size_t>(whole - count), '0');
  } else {
    out->push_back('.');
    out->append(digits + whole, count - whole);
  }
}

}  // namespace

Status ParseDouble(std::string_view text, double* out) {
  return TextParseFloat(TypeId::kDouble, text, out);
}
Status ParseReal(std::string_view text, float* out) {
  return TextParseFloat(TypeId::kReal, text, out);
}
void AppendDouble(double value, std::string* out) { TextAppendFloat(value, 15, out); }
void AppendReal(float value, std::string* out) { TextAppendFloat(value, 6, out); }

void AppendInt128(int128_t value, std::string* out) {
  char text[48];
  if (value >= INT64_MIN && value <= INT64_MAX) {
    char* end = std::to_chars(text, text + sizeof(text), static_cast<int64_t>(value)).ptr;
    out->append(text, end);
    return;
  }
  char* p = text + sizeof(text);
  uint128_t rest =
      value < 0 ? uint128_t{0} - static_cast<uint128_t>(value) : static_cast<uint128_t>(value);
  // Nineteen digits at a time: the 128-bit division is the dear part.
  constexpr uint64_t kChunk = 10000000000000000000ULL;
  while (rest >= kChunk) {
    auto low = static_cast<uint64_t>(rest % kChunk);
    rest /= kChunk;
    for (int i = 0; i < 19; ++i) {
      *--p = static_cast<char>('0' + low % 10);
      low /= 10;
    }
  }
  for (auto low = static_cast<uint64_t>(rest); low != 0; low /= 10) {
    *--p = static_cast<char>('0' + low % 10);
  }
  if (value < 0) *--p = '-';
  out->append(p, text + sizeof(text));
}

void AppendDecimal(int128_t value, int scale, std::string* out) {
  if (value < 0) {
    out->push_back('-');
    value = -value;
  }
  const size_t start = out->size();
  AppendInt128(value, out);
  if (scale == 0) return;
  const size_t digits = out->size() - start;
  const auto places = static_cast<size_t>(scale);
  if (digits <= places) out->insert(start, places + 1 - digits, '0');
  out->insert(out->size() - places, 1, '.');
}

}  // namespace driftdb
