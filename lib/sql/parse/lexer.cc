#include "sql/parse/lexer.h"

#include <array>
#include <cstring>

#include "base/error.h"

namespace driftdb::sql {
namespace {

constexpr uint8_t kLexStart = 1;      // may start an identifier
constexpr uint8_t kLexPart = 2;       // may continue one
constexpr uint8_t kLexDigit = 4;      // 0-9
constexpr uint8_t kLexBlank = 8;      // white space
constexpr uint8_t kLexOperator = 16;  // operator character
constexpr uint8_t kLexHex = 32;

constexpr std::array<uint8_t, 256> BuildLexClasses() {
  std::array<uint8_t, 256> classes{};
  for (int c = 'a'; c <= 'z'; ++c) classes[c] = kLexStart | kLexPart;
  for (int c = 'A'; c <= 'Z'; ++c) classes[c] = kLexStart | kLexPart;
  for (int c = 0x80; c <= 0xFF; ++c) classes[c] = kLexStart | kLexPart;
  classes['_'] = kLexStart | kLexPart;
  classes['$'] = kLexPart;
  for (int c = '0'; c <= '9'; ++c) classes[c] = kLexPart | kLexDigit | kLexHex;
  for (int c = 'a'; c <= 'f'; ++c) classes[c] |= kLexHex;
  for (int c = 'A'; c <= 'F'; ++c) classes[c] |= kLexHex;
  for (char c : {' ', '\t', '\n', '\r', '\f', '\v'}) classes[static_cast<uint8_t>(c)] = kLexBlank;
  for (char c : {'~', '!', '@', '#', '^', '&', '|', '`', '+', '-', '*', '/', '%', '<', '>', '='}) {
    classes[static_cast<uint8_t>(c)] = kLexOperator;
  }
  return classes;
}
constexpr std::array<uint8_t, 256> kLexClasses = BuildLexClasses();

bool LexIs(unsigned char byte, uint8_t mask) { return (kLexClasses[byte] & mask) != 0; }

bool LexIsNewline(unsigned char byte) { return byte == '\n' || byte == '\r'; }

TokenKind LexOperatorKind(std::string_view text) {
  if (text.size() == 1) {
    switch (text[0]) {
      case '*':
        return TokenKind::kStar;
      case '+':
        return TokenKind::kPlus;
      case '-':
        return TokenKind::kMinus;
      case '/':
        return TokenKind::kSlash;
      case '%':
        return TokenKind::kPercent;
      case '^':
        return TokenKind::kCaret;
      case '<':
        return TokenKind::kLess;
      case '>':
        return TokenKind::kGreater;
      case '=':
        return TokenKind::kEquals;
      default:
        return TokenKind::kOperator;
    }
  }
  if (text.size() == 2) {
    if (text == "<=") return TokenKind::kLessEquals;
    if (text == ">=") return TokenKind::kGreaterEquals;
    if (text == "<>" || text == "!=") return TokenKind::kNotEquals;
    if (text == "=>") return TokenKind::kArrow;
  }
  return TokenKind::kOperator;
}

// A longer operator may end in + or - only if it has a character no standard operator has:
// otherwise "a=-1" would be one operator.
size_t LexTrimOperator(std::string_view text) {
  size_t length = text.size();
  if (length < 2 || (text[length - 1] != '+' && text[length - 1] != '-')) return length;
  if (text.find_first_of("~!@#^&|`%") != std::string_view::npos) return length;
  while (length > 1 && (text[length - 1] == '+' || text[length - 1] == '-')) --length;
  return length;
}

}  // namespace

bool IsIdentifierStart(unsigned char byte) { return LexIs(byte, kLexStart); }
bool IsIdentifierPart(unsigned char byte) { return LexIs(byte, kLexPart); }

Token Lexer::Take(TokenKind kind, size_t begin, size_t end) {
  offset_ = end;
  Token token;
  token.text = text_.substr(begin, end - begin);
  token.kind = kind;
  return token;
}

Token Lexer::Fail(size_t begin, size_t end, const char* what) {
  // The message shows whole characters: an identifier part may have been cut inside one.
  while (end < text_.size() && (At(end) & 0xC0) == 0x80) ++end;
  std::string_view near = text_.substr(begin, end - begin);
  Status bad_bytes = ValidateUtf8(near);
  if (!bad_bytes.ok()) {
    status_ = std::move(bad_bytes).At(static_cast<int64_t>(begin) + 1);
  } else {
    status_ = Error(sqlstate::kSyntaxError, "{} at or near \"{}\"", what, near)
                  .At(static_cast<int64_t>(begin) + 1);
  }
  return Take(TokenKind::kError, begin, begin);
}

Token Lexer::FailUnterminated(size_t begin, const char* what) {
  unterminated_ = true;
  return Fail(begin, text_.size(), what);
}

bool Lexer::Valid(size_t begin, size_t end) {
  std::string_view bytes = text_.substr(begin, end - begin);
  Status status = ValidateUtf8(bytes);
  if (status.ok()) return true;
  status_ = std::move(status).At(static_cast<int64_t>(begin) + 1);
  return false;
}

bool Lexer::SkipBlockComment() {
  const size_t begin = offset_;
  size_t at = begin + 2;
  for (int depth = 1; depth > 0;) {
    if (at + 1 >= text_.size()) {
      FailUnterminated(begin, "unterminated /* comment");
      return false;
    }
    if (text_[at] == '*' && text_[at + 1] == '/') {
      --depth;
      at += 2;
    } else if (text_[at] == '/' && text_[at + 1] == '*') {
      ++depth;
      at += 2;
    } else {
      ++at;
    }
  }
  if (!Valid(begin, at)) return false;
  offset_ = at;
  return true;
}

bool Lexer::SkipBlanks() {
  while (offset_ < text_.size()) {
    const unsigned char byte = At(offset_);
    if (LexIs(byte, kLexBlank)) {
      ++offset_;
    } else if (byte == '-' && At(offset_ + 1) == '-') {
      const size_t begin = offset_;
      while (offset_ < text_.size() && !LexIsNewline(At(offset_))) ++offset_;
      if (!Valid(begin, offset_)) return false;
    } else if (byte == '/' && At(offset_ + 1) == '*') {
      if (!SkipBlockComment()) return false;
    } else {
      break;
    }
  }
  return true;
}

Token Lexer::Next() {
  if (!status_.ok() || !SkipBlanks()) return Take(TokenKind::kError, offset_, offset_);
  const size_t begin = offset_;
  if (begin >= text_.size()) return Take(TokenKind::kEnd, begin, begin);
  const unsigned char byte = At(begin);
  if (LexIs(byte, kLexStart)) return Word(begin);
  if (LexIs(byte, kLexDigit)) return Number(begin);
  switch (byte) {
    case '(':
      return Take(TokenKind::kLeftParen, begin, begin + 1);
    case ')':
      return Take(TokenKind::kRightParen, begin, begin + 1);
    case '[':
      return Take(TokenKind::kLeftBracket, begin, begin + 1);
    case ']':
      return Take(TokenKind::kRightBracket, begin, begin + 1);
    case ',':
      return Take(TokenKind::kComma, begin, begin + 1);
    case ';':
      return Take(TokenKind::kSemicolon, begin, begin + 1);
    case '\'':
      return Quoted(begin, begin, TokenKind::kString);
    case '"':
      return QuotedWord(begin, begin, TokenKind::kQuotedWord);
    case '.':
      if (LexIs(At(begin + 1), kLexDigit)) return Number(begin);
      return Take(TokenKind::kDot, begin, begin + 1);
    case ':':
      if (At(begin + 1) == ':') return Take(TokenKind::kTypecast, begin, begin + 2);
      if (At(begin + 1) == '=') return Take(TokenKind::kColonEquals, begin, begin + 2);
      if (LexIs(At(begin + 1), kLexStart)) return Parameter(begin);
      return Take(TokenKind::kColon, begin, begin + 1);
    case '@':
      if (LexIs(At(begin + 1), kLexStart)) return Parameter(begin);
      return Operator(begin);
    case '?':
      return Parameter(begin);
    case '$':
      return Dollar(begin);
    default:
      break;
  }
  if (LexIs(byte, kLexOperator)) return Operator(begin);
  return Fail(begin, begin + 1, "syntax error");
}

Token Lexer::Word(size_t begin) {
  const unsigned char first = At(begin);
  const unsigned char second = At(begin + 1);
  if (second == '\'') {
    switch (first | 0x20) {
      case 'e':
        return Quoted(begin, begin + 1, TokenKind::kEscapeString);
      case 'b':
        return Quoted(begin, begin + 1, TokenKind::kBitString);
      case 'x':
        return Quoted(begin, begin + 1, TokenKind::kHexString);
      case 'n':
        return Quoted(begin, begin + 1, TokenKind::kString);
      default:
        break;
    }
  } else if (second == '&' && (first | 0x20) == 'u') {
    if (At(begin + 2) == '\'') return Quoted(begin, begin + 2, TokenKind::kUnicodeString);
    if (At(begin + 2) == '"') return QuotedWord(begin, begin + 2, TokenKind::kUnicodeQuotedWord);
  }
  uint32_t hash = kKeywordHashSeed;
  unsigned char all = 0;
  size_t at = begin;
  while (at < text_.size()) {
    unsigned char byte = static_cast<unsigned char>(text_[at]);
    if (!LexIs(byte, kLexPart)) break;
    all |= byte;
    if (byte >= 'A' && byte <= 'Z') byte += 'a' - 'A';
    hash = KeywordHashStep(hash, byte);
    ++at;
  }
  if (all >= 0x80 && !Valid(begin, at)) return Take(TokenKind::kError, begin, begin);
  Token token = Take(TokenKind::kWord, begin, at);
  token.keyword = LookupKeyword(token.text, hash);
  return token;
}

// After a closing quote: whether blanks with a newline and another quote follow. Then offset_ is at
// that quote.
bool Lexer::ContinuesString() {
  bool newline = false;
  for (size_t at = offset_; at < text_.size();) {
    const unsigned char byte = At(at);
    if (LexIs(byte, kLexBlank)) {
      newline = newline || LexIsNewline(byte);
      ++at;
    } else if (byte == '-' && At(at + 1) == '-') {
      while (at < text_.size() && !LexIsNewline(At(at))) ++at;
    } else if (byte == '\'' && newline) {
      offset_ = at;
      return true;
    } else {
      break;
    }
  }
  return false;
}

Token Lexer::Quoted(size_t begin, size_t open, TokenKind kind) {
  const char* what = kind == TokenKind::kBitString   ? "unterminated bit string literal"
                     : kind == TokenKind::kHexString ? "unterminated hexadecimal string literal"
                                                     : "unterminated quoted string";
  const bool escapes = kind == TokenKind::kEscapeString;
  offset_ = open;
  do {
    size_t at = offset_ + 1;
    while (true) {
      if (escapes) {
        while (at < text_.size() && text_[at] != '\'' && text_[at] != '\\') ++at;
      } else {
        const void* quote =
            at < text_.size() ? std::memchr(text_.data() + at, '\'', text_.size() - at) : nullptr;
        at = quote == nullptr ? text_.size() : static_cast<const char*>(quote) - text_.data();
      }
      if (at >= text_.size()) return FailUnterminated(begin, what);
      if (text_[at] == '\\') {
        at += 2;
      } else if (At(at + 1) == '\'') {
        at += 2;
      } else {
        break;
      }
    }
    offset_ = at + 1;
  } while (ContinuesString());
  const size_t end = offset_;
  if (!Valid(begin, end)) return Take(TokenKind::kError, begin, begin);
  return Take(kind, begin, end);
}

Token Lexer::QuotedWord(size_t begin, size_t open, TokenKind kind) {
  size_t at = open + 1;
  while (true) {
    at = text_.find('"', at);
    if (at == std::string_view::npos)
      return FailUnterminated(begin, "unterminated quoted identifier");
    if (At(at + 1) != '"') break;
    at += 2;
  }
  if (at == open + 1) return Fail(begin, at + 1, "zero-length delimited identifier");
  if (!Valid(begin, at + 1)) return Take(TokenKind::kError, begin, begin);
  return Take(kind, begin, at + 1);
}

Token Lexer::Dollar(size_t begin) {
  if (LexIs(At(begin + 1), kLexDigit)) return Parameter(begin);
  size_t at = begin + 1;
  if (LexIs(At(at), kLexStart)) {
    while (at < text_.size() && LexIs(At(at), kLexPart) && text_[at] != '$') ++at;
  }
  if (At(at) != '$') return Fail(begin, begin + 1, "syntax error");
  const std::string_view delimiter = text_.substr(begin, at + 1 - begin);
  const size_t close = text_.find(delimiter, at + 1);
  if (close == std::string_view::npos) {
    return FailUnterminated(begin, "unterminated dollar-quoted string");
  }
  const size_t end = close + delimiter.size();
  if (!Valid(begin, end)) return Take(TokenKind::kError, begin, begin);
  return Take(TokenKind::kDollarString, begin, end);
}

Token Lexer::RadixNumber(size_t begin) {
  const unsigned char radix = At(begin + 1) | 0x20;
  size_t at = begin + 2;
  size_t digits = 0;
  while (true) {
    const size_t digit = At(at) == '_' ? at + 1 : at;
    const unsigned char byte = At(digit);
    const bool fits = radix == 'x'   ? LexIs(byte, kLexHex)
                      : radix == 'o' ? byte >= '0' && byte <= '7'
                                     : byte == '0' || byte == '1';
    if (!fits) break;
    at = digit + 1;
    ++digits;
  }
  if (digits == 0) {
    return Fail(begin, at,
                radix == 'x'   ? "invalid hexadecimal integer"
                : radix == 'o' ? "invalid octal integer"
                               : "invalid binary integer");
  }
  if (LexIs(At(at), kLexPart)) return Fail(begin, at + 1, "trailing junk after numeric literal");
  return Take(TokenKind::kInteger, begin, at);
}

Token Lexer::Number(size_t begin) {
  if (At(begin) == '0') {
    const unsigned char radix = At(begin + 1) | 0x20;
    if (radix == 'x' || radix == 'o' || radix == 'b') return RadixNumber(begin);
  }
  size_t at = begin;
  auto skip_digits = [&] {
    while (LexIs(At(at), kLexDigit) ||
           (At(at) == '_' && at > begin && LexIs(At(at - 1), kLexDigit) &&
            LexIs(At(at + 1), kLexDigit))) {
      ++at;
    }
  };
  TokenKind kind = TokenKind::kInteger;
  skip_digits();
  if (At(at) == '.' && At(at + 1) != '.') {
    kind = TokenKind::kNumeric;
    ++at;
    skip_digits();
  }
  if ((At(at) | 0x20) == 'e') {
    const size_t sign = at + 1 + (At(at + 1) == '+' || At(at + 1) == '-');
    if (LexIs(At(sign), kLexDigit)) {
      kind = TokenKind::kNumeric;
      at = sign;
      skip_digits();
    }
  }
  if (LexIs(At(at), kLexStart)) return Fail(begin, at + 1, "trailing junk after numeric literal");
  return Take(kind, begin, at);
}

Token Lexer::Parameter(size_t begin) {
  size_t at = begin + 1;
  if (text_[begin] == '?' || text_[begin] == '$') {
    while (LexIs(At(at), kLexDigit)) ++at;
    if (LexIs(At(at), kLexStart)) return Fail(begin, at + 1, "trailing junk after parameter");
  } else {
    while (at < text_.size() && LexIs(At(at), kLexPart)) ++at;
    if (!Valid(begin, at)) return Take(TokenKind::kError, begin, begin);
  }
  return Take(TokenKind::kParameter, begin, at);
}

Token Lexer::Operator(size_t begin) {
  size_t at = begin;
  while (at < text_.size() && LexIs(At(at), kLexOperator)) {
    if (at > begin) {
      if (text_[at] == '-' && At(at + 1) == '-') break;
      if (text_[at] == '/' && At(at + 1) == '*') break;
      // "a=@x" is a parameter; "a <@b" and "a @@b" are PostgreSQL's operators.
      if (text_[at] == '@' && LexIs(At(at + 1), kLexStart) && text_[at - 1] != '<' &&
          text_[at - 1] != '@') {
        break;
      }
    }
    ++at;
  }
  const std::string_view run = text_.substr(begin, at - begin);
  const size_t length = LexTrimOperator(run);
  return Take(LexOperatorKind(run.substr(0, length)), begin, begin + length);
}

}  // namespace driftdb::sql
