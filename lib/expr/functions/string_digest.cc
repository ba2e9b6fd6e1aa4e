// md5, encode and decode. Source of md5: RFC 1321.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "expr/functions/functions.h"
#include "expr/kernel.h"
#include "types/text_format.h"

namespace driftdb::expr {

namespace {

constexpr char kDigestHex[] = "0123456789abcdef";
constexpr char kDigestBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string DigestToHex(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    text += kDigestHex[static_cast<uint8_t>(c) >> 4];
    text += kDigestHex[static_cast<uint8_t>(c) & 15];
  }
  return text;
}

// floor(2^32 * |sin(i + 1)|).
constexpr std::array<uint32_t, 64> kDigestMd5Sines = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};
constexpr int kDigestMd5Turns[4][4] = {
    {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

void DigestMd5Block(const uint8_t* block, std::array<uint32_t, 4>* state) {
  uint32_t words[16];
  for (size_t i = 0; i < 16; ++i) {
    words[i] = static_cast<uint32_t>(block[4 * i]) | static_cast<uint32_t>(block[4 * i + 1]) << 8 |
               static_cast<uint32_t>(block[4 * i + 2]) << 16 |
               static_cast<uint32_t>(block[4 * i + 3]) << 24;
  }
  auto [a, b, c, d] = *state;
  for (uint32_t i = 0; i < 64; ++i) {
    uint32_t f = 0, word = 0;
    switch (i / 16) {
      case 0:
        f = (b & c) | (~b & d), word = i;
        break;
      case 1:
        f = (d & b) | (~d & c), word = 5 * i + 1;
        break;
      case 2:
        f = b ^ c ^ d, word = 3 * i + 5;
        break;
      default:
        f = c ^ (b | ~d), word = 7 * i;
    }
    f += a + kDigestMd5Sines[i] + words[word % 16];
    a = d;
    d = c;
    c = b;
    b += std::rotl(f, kDigestMd5Turns[i / 16][i % 4]);
  }
  (*state)[0] += a;
  (*state)[1] += b;
  (*state)[2] += c;
  (*state)[3] += d;
}

std::string DigestMd5(std::string_view text) {
  std::array<uint32_t, 4> state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  const size_t whole = text.size() / 64 * 64;
  for (size_t at = 0; at < whole; at += 64) DigestMd5Block(bytes + at, &state);
  uint8_t tail[128] = {};
  const size_t rest = text.size() - whole;
  if (rest > 0) std::memcpy(tail, bytes + whole, rest);
  tail[rest] = 0x80;
  const size_t length = rest < 56 ? 64 : 128;
  const uint64_t bits = static_cast<uint64_t>(text.size()) * 8;
  for (size_t i = 0; i < 8; ++i) tail[length - 8 + i] = static_cast<uint8_t>(bits >> (8 * i));
  for (size_t at = 0; at < length; at += 64) DigestMd5Block(tail + at, &state);
  std::string digest;
  for (const uint32_t word : state) {
    for (int shift = 0; shift < 32; shift += 8) digest += static_cast<char>(word >> shift);
  }
  return digest;
}

Status DigestMd5Kernel(KernelCall& call) {
  ForEachRow(call.rows,
             [&](size_t i) { SetText(call, i, DigestToHex(DigestMd5(call.args[0].text(i)))); });
  return OkStatus();
}

// Lines of 76 characters, as MIME asks.
std::string DigestToBase64(std::string_view bytes) {
  std::string text;
  size_t line = 0;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    for (size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < count ? static_cast<uint8_t>(bytes[i + k]) : 0U);
    }
    if (line == 76) {
      text += '\n';
      line = 0;
    }
    for (size_t k = 0; k < 4; ++k) {
      text += k <= count ? kDigestBase64[group >> (18 - 6 * k) & 63] : '=';
    }
    line += 4;
  }
  return text;
}

std::string DigestToEscape(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte == 0 || byte >= 128) {
      text += '\\';
      for (const int shift : {6, 3, 0}) text += static_cast<char>('0' + (byte >> shift & 7));
    } else {
      text += c;
      if (c == '\\') text += c;
    }
  }
  return text;
}

Status DigestUnknownFormat(std::string_view format) {
  return Error(sqlstate::kInvalidParameterValue, "unrecognized encoding: \"{}\"", format);
}

Status DigestEncode(KernelCall& call) {
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const std::string_view bytes = call.args[0].text(i), format = call.args[1].text(i);
    if (format == "hex") {
      SetText(call, i, DigestToHex(bytes));
    } else if (format == "base64") {
      SetText(call, i, DigestToBase64(bytes));
    } else if (format == "escape") {
      SetText(call, i, DigestToEscape(bytes));
    } else {
      return DigestUnknownFormat(format);
    }
    return OkStatus();
  });
}

bool DigestIsBlank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

Status DigestFromHex(std::string_view text, std::string* bytes) {
  int high = -1;
  for (const char c : text) {
    if (DigestIsBlank(c)) continue;
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) {
      return Error(sqlstate::kInvalidParameterValue, "invalid hexadecimal digit: \"{}\"", c);
    }
    if (high >= 0) *bytes += static_cast<char>(high << 4 | digit);
    high = high >= 0 ? -1 : digit;
  }
  if (high < 0) return OkStatus();
  return Error(sqlstate::kInvalidParameterValue, "invalid hexadecimal data: odd number of digits");
}

Status DigestFromBase64(std::string_view text, std::string* bytes) {
  uint32_t group = 0;
  int digits = 0, padding = 0;
  for (const char c : text) {
    if (DigestIsBlank(c)) continue;
    const char* found = c == '\0' ? nullptr : std::strchr(kDigestBase64, c);
    if (c == '=' && digits >= 2) {
      ++padding;
    } else if (found == nullptr || padding > 0) {
      return Error(sqlstate::kInvalidParameterValue,
                   "invalid symbol \"{}\" found while decoding base64 sequence", c);
    }
    group = group << 6 | (c == '=' ? 0U : static_cast<uint32_t>(found - kDigestBase64));
    if (++digits < 4) continue;
    for (int k = 0; k < 3 - padding; ++k) *bytes += static_cast<char>(group >> (16 - 8 * k));
    group = 0;
    digits = 0;
  }
  if (digits == 0) return OkStatus();
  return Error(sqlstate::kInvalidParameterValue, "invalid base64 end sequence");
}

Status DigestDecode(KernelCall& call) {
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const std::string_view text = call.args[0].text(i), format = call.args[1].text(i);
    std::string bytes;
    if (format == "hex") {
      DRIFTDB_RETURN_IF_ERROR(DigestFromHex(text, &bytes));
    } else if (format == "base64") {
      DRIFTDB_RETURN_IF_ERROR(DigestFromBase64(text, &bytes));
    } else if (format == "escape") {
      DRIFTDB_RETURN_IF_ERROR(ParseBytea(text, &bytes));
    } else {
      return DigestUnknownFormat(format);
    }
    SetText(call, i, bytes);
    return OkStatus();
  });
}

}  // namespace

void AddDigestFunctions(FunctionTable* table) {
  const LogicalType text = TypeId::kText, bytes = TypeId::kBytea;
  MarkTotal(AddFunction(table, "md5", {text}, text, DigestMd5Kernel));
  MarkTotal(AddFunction(table, "md5", {bytes}, text, DigestMd5Kernel));
  AddFunction(table, "encode", {bytes, text}, text, DigestEncode);
  AddFunction(table, "decode", {text, text}, bytes, DigestDecode);
}

}  // namespace driftdb::expr
