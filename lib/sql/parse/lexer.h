// The lexer: one token at a time from SQL text, without allocation.
// Shape: a Token is a slice of the text with its raw spelling; decoding (quotes, escapes, folding)
// is done by the functions below only for the tokens whose value is kept. Invariants: (LEX-1) no
// byte beyond the returned token's own end and the blanks after a string constant is looked at, so
// text after a semicolon cannot break the statement before it; (LEX-2) every byte of a returned
// token or skipped comment is valid UTF-8 and not NUL. Errors: kError, with the reason in status();
// every later token is kError too.
#ifndef DRIFTDB_SQL_PARSE_LEXER_H_
#define DRIFTDB_SQL_PARSE_LEXER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "sql/parse/keywords.h"

namespace driftdb::sql {

enum class TokenKind : uint8_t {
  kEnd,
  kError,
  kWord,               // unquoted identifier or keyword
  kQuotedWord,         // "..."
  kUnicodeQuotedWord,  // U&"..."
  kString,             // '...' and N'...', with continuations across newlines
  kEscapeString,       // E'...'
  kUnicodeString,      // U&'...'
  kDollarString,       // $tag$...$tag$
  kBitString,          // B'...'
  kHexString,          // X'...'
  kInteger,
  kNumeric,
  kParameter,  // ? ?n $n :name @name
  kLeftParen,
  kRightParen,
  kLeftBracket,
  kRightBracket,
  kComma,
  kSemicolon,
  kColon,
  kDot,
  kTypecast,     // ::
  kColonEquals,  // :=
  kArrow,        // =>
  kStar,
  kPlus,
  kMinus,
  kSlash,
  kPercent,
  kCaret,
  kLess,
  kGreater,
  kEquals,
  kLessEquals,
  kGreaterEquals,
  kNotEquals,  // <> and !=
  kOperator,   // any other run of operator characters
};

struct Token {
  std::string_view text;
  TokenKind kind = TokenKind::kEnd;
  Keyword keyword = Keyword::kNotKeyword;  // of a kWord
};

class Lexer {
 public:
  // `text` must outlive the lexer and its tokens.
  explicit Lexer(std::string_view text) : text_(text) {}

  Token Next();

  const Status& status() const { return status_; }
  // True if the error is a quote or comment that the end of the text left open.
  bool unterminated() const { return unterminated_; }
  size_t offset() const { return offset_; }
  // Continues at `offset`, which must be the start of a token or of blanks.
  void Seek(size_t offset) { offset_ = offset; }

 private:
  bool SkipBlanks();
  bool SkipBlockComment();
  Token Take(TokenKind kind, size_t begin, size_t end);
  Token Fail(size_t begin, size_t end, const char* what);
  Token FailUnterminated(size_t begin, const char* what);
  bool Valid(size_t begin, size_t end);

  Token Word(size_t begin);
  Token Quoted(size_t begin, size_t open, TokenKind kind);
  Token QuotedWord(size_t begin, size_t open, TokenKind kind);
  bool ContinuesString();
  Token Dollar(size_t begin);
  Token Number(size_t begin);
  Token RadixNumber(size_t begin);
  Token Parameter(size_t begin);
  Token Operator(size_t begin);

  unsigned char At(size_t offset) const {
    return offset < text_.size() ? static_cast<unsigned char>(text_[offset]) : 0;
  }

  std::string_view text_;
  size_t offset_ = 0;
  Status status_;
  bool unterminated_ = false;
};

// True for the bytes that may start an identifier, and for those that may follow.
bool IsIdentifierStart(unsigned char byte);
bool IsIdentifierPart(unsigned char byte);

// Cuts to kIdentifierBytesMax bytes on a character boundary.
void TruncateIdentifier(std::string* name);

// The identifier of a kWord (folded) or kQuotedWord (unquoted), truncated.
std::string DecodeWord(const Token& token);

// The value of a string token. `unicode_escape` is the escape character of kUnicodeString and
// kUnicodeQuotedWord (backslash unless UESCAPE says otherwise). Errors carry no position.
Status DecodeString(const Token& token, char unicode_escape, std::string* value);

// OK if `bytes` are valid UTF-8 without NUL, else 22021.
Status ValidateUtf8(std::string_view bytes);

}  // namespace driftdb::sql

#endif  // DRIFTDB_SQL_PARSE_LEXER_H_
