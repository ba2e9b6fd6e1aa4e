#include "types/utf8.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace driftdb {

bool IsAscii(std::string_view text) {
  size_t i = 0;
  uint64_t seen = 0;
  for (; i + 8 <= text.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, text.data() + i, 8);
    seen |= word;
  }
  for (; i < text.size(); ++i) seen |= static_cast<uint8_t>(text[i]);
  return (seen & 0x8080808080808080ULL) == 0;
}

size_t CountCharacters(std::string_view text) {
  size_t count = 0;
  for (const char c : text) count += (static_cast<uint8_t>(c) & 0xC0) != 0x80 ? 1 : 0;
  return count;
}

size_t CharacterBytes(std::string_view text) {
  const auto lead = static_cast<uint8_t>(text[0]);
  const size_t bytes = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  return std::min(bytes, text.size());
}

size_t CharacterOffset(std::string_view text, size_t index) {
  size_t offset = 0;
  while (index > 0 && offset < text.size()) {
    offset += CharacterBytes(text.substr(offset));
    --index;
  }
  return offset;
}

uint32_t DecodeCharacter(std::string_view text, size_t* position) {
  const std::string_view rest = text.substr(*position);
  const size_t bytes = CharacterBytes(rest);
  *position += bytes;
  const auto lead = static_cast<uint8_t>(rest[0]);
  if (bytes == 1) return lead;
  constexpr uint8_t kLeadMask[] = {0, 0, 0x1F, 0x0F, 0x07};
  uint32_t code = lead & kLeadMask[bytes];
  for (size_t i = 1; i < bytes; ++i) code = code << 6 | (static_cast<uint8_t>(rest[i]) & 0x3F);
  return code;
}

void AppendCharacter(uint32_t code, std::string* out) {
  if (code < 0x80) {
    out->push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out->push_back(static_cast<char>(0xC0 | code >> 6));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else if (code < 0x10000) {
    out->push_back(static_cast<char>(0xE0 | code >> 12));
    out->push_back(static_cast<char>(0x80 | (code >> 6 & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else {
    out->push_back(static_cast<char>(0xF0 | code >> 18));
    out->push_back(static_cast<char>(0x80 | (code >> 12 & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (code >> 6 & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  }
}

namespace {

// Bytes of the valid character at the front, 0 when it is malformed (overlong, surrogate, >
// U+10FFFF, cut).
size_t Utf8ValidBytes(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const auto follows = [&](size_t i) { return i < text.size() && (byte(i) & 0xC0) == 0x80; };
  const uint8_t lead = byte(0);
  if (lead == 0) return 0;
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;
  if (lead < 0xE0) return follows(1) ? 2 : 0;
  if (lead < 0xF0) {
    if (!follows(1) || !follows(2)) return 0;
    if (lead == 0xE0 && byte(1) < 0xA0) return 0;
    if (lead == 0xED && byte(1) >= 0xA0) return 0;
    return 3;
  }
  if (lead > 0xF4 || !follows(1) || !follows(2) || !follows(3)) return 0;
  if (lead == 0xF0 && byte(1) < 0x90) return 0;
  if (lead == 0xF4 && byte(1) >= 0x90) return 0;
  return 4;
}

}  // namespace

Status ValidateUtf8(std::string_view text) {
  if (IsAscii(text) && std::memchr(text.data(), 0, text.size()) == nullptr) return OkStatus();
  size_t i = 0;
  while (i < text.size()) {
    const size_t bytes = Utf8ValidBytes(text.substr(i));
    if (bytes == 0) {
      std::string shown;
      const bool lead =
          static_cast<uint8_t>(text[i]) >= 0xC2 && static_cast<uint8_t>(text[i]) <= 0xF4;
      const size_t end = lead ? std::min(text.size(), i + CharacterBytes(text.substr(i))) : i + 1;
      for (size_t k = i; k < end; ++k) {
        shown += fmt::format("{}0x{:02x}", k == i ? "" : " ", static_cast<uint8_t>(text[k]));
      }
      return Error(sqlstate::kCharacterNotInRepertoire,
                   "invalid byte sequence for encoding \"UTF8\": {}", shown);
    }
    i += bytes;
  }
  return OkStatus();
}

uint32_t ToLowerCharacter(uint32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
  if ((c >= 0xC0 && c <= 0xDE && c != 0xD7) || (c >= 0x391 && c <= 0x3A9 && c != 0x3A2) ||
      (c >= 0x410 && c <= 0x42F) || (c >= 0xFF21 && c <= 0xFF3A)) {
    return c + 32;
  }
  if (c == 0x130) return 'i';
  if (c == 0x178) return 0xFF;
  if ((c >= 0x100 && c <= 0x137) || (c >= 0x14A && c <= 0x177) || (c >= 0x460 && c <= 0x481) ||
      (c >= 0x48A && c <= 0x4BF) || (c >= 0x4D0 && c <= 0x52F) || (c >= 0x1E00 && c <= 0x1E95) ||
      (c >= 0x1EA0 && c <= 0x1EFF)) {
    return c | 1;
  }
  if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E)) return c + (c & 1);
  if (c >= 0x400 && c <= 0x40F) return c + 80;
  if (c == 0x386) return 0x3AC;
  if (c >= 0x388 && c <= 0x38A) return c + 37;
  if (c == 0x38C) return 0x3CC;
  if (c == 0x38E || c == 0x38F) return c + 63;
  if (c >= 0x531 && c <= 0x556) return c + 48;
  if (c == 0x1E9E) return 0xDF;
  return c;
}

uint32_t ToUpperCharacter(uint32_t c) {
  if (c < 0x80) return c >= 'a' && c <= 'z' ? c - 32 : c;
  if (c == 0xB5) return 0x39C;
  if (c == 0xFF) return 0x178;
  if ((c >= 0xE0 && c <= 0xFE && c != 0xF7) || (c >= 0x3B1 && c <= 0x3C9 && c != 0x3C2) ||
      (c >= 0x430 && c <= 0x44F) || (c >= 0xFF41 && c <= 0xFF5A)) {
    return c - 32;
  }
  if (c == 0x3C2) return 0x3A3;
  if (c == 0x131) return 'I';
  if (c == 0x17F) return 'S';
  if ((c >= 0x100 && c <= 0x137) || (c >= 0x14A && c <= 0x177) || (c >= 0x460 && c <= 0x481) ||
      (c >= 0x48A && c <= 0x4BF) || (c >= 0x4D0 && c <= 0x52F) || (c >= 0x1E00 && c <= 0x1E95) ||
      (c >= 0x1EA0 && c <= 0x1EFF)) {
    return c & ~1U;
  }
  if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E)) return c - 1 + (c & 1);
  if (c >= 0x450 && c <= 0x45F) return c - 80;
  if (c == 0x3AC) return 0x386;
  if (c >= 0x3AD && c <= 0x3AF) return c - 37;
  if (c == 0x3CC) return 0x38C;
  if (c == 0x3CD || c == 0x3CE) return c - 63;
  if (c >= 0x561 && c <= 0x586) return c - 48;
  return c;
}

bool IsAlphanumericCharacter(uint32_t c) {
  if (c < 0x80) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  }
  return c == 0xAA || c == 0xB5 || c == 0xBA ||
         (c >= 0xC0 && c != 0xD7 && c != 0xF7 && c < 0x2000) || (c >= 0x2C00 && c < 0x2E00) ||
         (c >= 0x3040 && c < 0xE000) || c >= 0xF900;
}

}  // namespace driftdb
