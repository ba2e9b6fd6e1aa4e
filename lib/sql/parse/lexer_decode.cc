#include <cctype>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "sql/parse/lexer.h"
#include "sql/parse/parse.h"

namespace driftdb::sql {
namespace {

int DecodeHexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void DecodeAppendCodePoint(uint32_t code, std::string* out) {
  if (code < 0x80) {
    out->push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out->push_back(static_cast<char>(0xC0 | (code >> 6)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else if (code < 0x10000) {
    out->push_back(static_cast<char>(0xE0 | (code >> 12)));
    out->push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else {
    out->push_back(static_cast<char>(0xF0 | (code >> 18)));
    out->push_back(static_cast<char>(0x80 | ((code >> 12) & 0x3F)));
    out->push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  }
}

// Collects \u escapes: joins surrogate pairs and rejects what is not a character.
class DecodeUnicode {
 public:
  explicit DecodeUnicode(std::string* out) : out_(out) {}

  Status Add(uint32_t code) {
    if (high_ != 0) {
      if (code < 0xDC00 || code > 0xDFFF) return BadPair();
      DecodeAppendCodePoint(0x10000 + ((high_ - 0xD800) << 10) + (code - 0xDC00), out_);
      high_ = 0;
      return OkStatus();
    }
    if (code == 0 || code > 0x10FFFF) {
      return Error(sqlstate::kSyntaxError, "invalid Unicode escape value");
    }
    if (code >= 0xD800 && code <= 0xDBFF) {
      high_ = code;
      return OkStatus();
    }
    if (code >= 0xDC00 && code <= 0xDFFF) return BadPair();
    DecodeAppendCodePoint(code, out_);
    return OkStatus();
  }
  // To be called before anything that is not a Unicode escape, and at the end.
  Status Flush() const { return high_ == 0 ? OkStatus() : BadPair(); }

 private:
  static Status BadPair() {
    return Error(sqlstate::kSyntaxError, "invalid Unicode surrogate pair");
  }
  std::string* out_;
  uint32_t high_ = 0;
};

// Reads exactly `digits` hexadecimal digits at `at`; false if there are fewer.
bool DecodeHex(std::string_view text, size_t at, int digits, uint32_t* code) {
  *code = 0;
  if (at + digits > text.size()) return false;
  for (int i = 0; i < digits; ++i) {
    const int digit = DecodeHexDigit(text[at + i]);
    if (digit < 0) return false;
    *code = *code * 16 + static_cast<uint32_t>(digit);
  }
  return true;
}

Status DecodeBackslash(std::string_view text, size_t* at, DecodeUnicode* unicode,
                       std::string* out) {
  const char kind = text[*at + 1];
  if (kind == 'u' || kind == 'U') {
    const int digits = kind == 'u' ? 4 : 8;
    uint32_t code = 0;
    if (!DecodeHex(text, *at + 2, digits, &code)) {
      return Error(sqlstate::kInvalidEscapeSequence, "invalid Unicode escape")
          .WithHint("Unicode escapes must be \\uXXXX or \\UXXXXXXXX.");
    }
    *at += 2 + static_cast<size_t>(digits);
    return unicode->Add(code);
  }
  Status pending = unicode->Flush();
  if (!pending.ok()) return pending;
  *at += 2;
  switch (kind) {
    case 'b':
      out->push_back('\b');
      return OkStatus();
    case 'f':
      out->push_back('\f');
      return OkStatus();
    case 'n':
      out->push_back('\n');
      return OkStatus();
    case 'r':
      out->push_back('\r');
      return OkStatus();
    case 't':
      out->push_back('\t');
      return OkStatus();
    default:
      break;
  }
  if (kind >= '0' && kind <= '7') {
    int value = kind - '0';
    for (int i = 0; i < 2 && *at < text.size() && text[*at] >= '0' && text[*at] <= '7'; ++i) {
      value = value * 8 + (text[(*at)++] - '0');
    }
    out->push_back(static_cast<char>(value));
  } else if (kind == 'x' && *at < text.size() && DecodeHexDigit(text[*at]) >= 0) {
    int value = DecodeHexDigit(text[(*at)++]);
    if (*at < text.size() && DecodeHexDigit(text[*at]) >= 0) {
      value = value * 16 + DecodeHexDigit(text[(*at)++]);
    }
    out->push_back(static_cast<char>(value));
  } else {
    out->push_back(kind);
  }
  return OkStatus();
}

Status DecodeUnicodeEscape(std::string_view text, char escape, size_t* at, DecodeUnicode* unicode,
                           std::string* out) {
  if (*at + 1 < text.size() && text[*at + 1] == escape) {
    Status pending = unicode->Flush();
    if (!pending.ok()) return pending;
    out->push_back(escape);
    *at += 2;
    return OkStatus();
  }
  const bool wide = *at + 1 < text.size() && text[*at + 1] == '+';
  const int digits = wide ? 6 : 4;
  const size_t start = *at + 1 + wide;
  uint32_t code = 0;
  if (!DecodeHex(text, start, digits, &code)) {
    return Error(sqlstate::kSyntaxError, "invalid Unicode escape")
        .WithHint("Unicode escapes must be \\XXXX or \\+XXXXXX.");
  }
  *at = start + static_cast<size_t>(digits);
  return unicode->Add(code);
}

enum class DecodeMode { kPlain, kBackslash, kUnicode };

// Decodes text[at...] up to the closing `quote`; leaves `at` after it.
Status DecodeQuoted(std::string_view text, DecodeMode mode, char escape, size_t* at,
                    std::string* out) {
  const char quote = text[(*at)++];
  DecodeUnicode unicode(out);
  while (*at < text.size()) {
    const char c = text[*at];
    Status status;
    if (c == quote) {
      if (*at + 1 >= text.size() || text[*at + 1] != quote) break;
      status = unicode.Flush();
      out->push_back(quote);
      *at += 2;
    } else if (mode == DecodeMode::kBackslash && c == '\\' && *at + 1 < text.size()) {
      status = DecodeBackslash(text, at, &unicode, out);
    } else if (mode == DecodeMode::kUnicode && c == escape) {
      status = DecodeUnicodeEscape(text, escape, at, &unicode, out);
    } else {
      status = unicode.Flush();
      out->push_back(c);
      ++*at;
    }
    if (!status.ok()) return status;
  }
  ++*at;
  return unicode.Flush();
}

// Finds the opening quote of the next segment of a continued string: comments in between may hold
// quotes.
size_t DecodeNextSegment(std::string_view text, size_t at) {
  while (at < text.size() && text[at] != '\'') {
    if (text[at] == '-') {
      while (at < text.size() && text[at] != '\n' && text[at] != '\r') ++at;
    } else {
      ++at;
    }
  }
  return at;
}

}  // namespace

Status ValidateUtf8(std::string_view bytes) {
  const size_t size = bytes.size();
  for (size_t i = 0; i < size;) {
    const unsigned char lead = static_cast<unsigned char>(bytes[i]);
    if (lead < 0x80 && lead != 0) {
      ++i;
      continue;
    }
    size_t length = 0;
    unsigned char low = 0x80, high = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF) {
      length = 2;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
      length = 3;
      if (lead == 0xE0) low = 0xA0;
      if (lead == 0xED) high = 0x9F;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
      length = 4;
      if (lead == 0xF0) low = 0x90;
      if (lead == 0xF4) high = 0x8F;
    }
    bool valid = length != 0 && i + length <= size;
    for (size_t k = 1; valid && k < length; ++k) {
      const unsigned char byte = static_cast<unsigned char>(bytes[i + k]);
      valid = byte >= (k == 1 ? low : 0x80) && byte <= (k == 1 ? high : 0xBF);
    }
    if (!valid) {
      std::string shown;
      const size_t count = length == 0 ? 1 : (i + length <= size ? length : size - i);
      for (size_t k = 0; k < count; ++k) {
        shown += fmt::format(" 0x{:02x}", static_cast<unsigned char>(bytes[i + k]));
      }
      return Error(sqlstate::kCharacterNotInRepertoire,
                   "invalid byte sequence for encoding \"UTF8\":{}", shown);
    }
    i += length;
  }
  return OkStatus();
}

void TruncateIdentifier(std::string* name) {
  if (name->size() <= kIdentifierBytesMax) return;
  size_t end = kIdentifierBytesMax;
  while (end > 0 && (static_cast<unsigned char>((*name)[end]) & 0xC0) == 0x80) --end;
  name->resize(end);
}

std::string DecodeWord(const Token& token) {
  std::string name;
  if (token.kind == TokenKind::kWord) {
    name.assign(token.text);
    for (char& c : name) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    }
  } else {
    const std::string_view inner = token.text.substr(1, token.text.size() - 2);
    name.reserve(inner.size());
    for (size_t i = 0; i < inner.size(); ++i) {
      name.push_back(inner[i]);
      if (inner[i] == '"') ++i;
    }
  }
  TruncateIdentifier(&name);
  return name;
}

Status DecodeString(const Token& token, char unicode_escape, std::string* value) {
  const std::string_view text = token.text;
  value->clear();
  if (token.kind == TokenKind::kDollarString) {
    const size_t delimiter = text.find('$', 1) + 1;
    value->assign(text.substr(delimiter, text.size() - 2 * delimiter));
    return OkStatus();
  }
  DecodeMode mode = DecodeMode::kPlain;
  if (token.kind == TokenKind::kEscapeString) mode = DecodeMode::kBackslash;
  if (token.kind == TokenKind::kUnicodeString || token.kind == TokenKind::kUnicodeQuotedWord) {
    mode = DecodeMode::kUnicode;
  }
  const char quote = token.kind == TokenKind::kUnicodeQuotedWord ? '"' : '\'';
  size_t at = text.find(quote);
  if (mode == DecodeMode::kPlain && text.find(quote, at + 1) == text.size() - 1) {
    value->assign(text.substr(at + 1, text.size() - at - 2));
    return OkStatus();
  }
  while (at < text.size()) {
    Status status = DecodeQuoted(text, mode, unicode_escape, &at, value);
    if (!status.ok()) return status;
    at = DecodeNextSegment(text, at);
  }
  if (mode == DecodeMode::kBackslash) return ValidateUtf8(*value);
  return OkStatus();
}

}  // namespace driftdb::sql
