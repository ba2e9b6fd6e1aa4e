#include "sql/parse/parser.h"

#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "sql/parse/parse.h"

namespace driftdb::sql {

Parser::Parser(std::string_view text, size_t offset) : text_(text), lexer_(text) {
  lexer_.Seek(offset);
  previous_end_ = offset;
  current_.text = text.substr(offset, 0);
  Advance();
  previous_end_ = Offset();
}

Parser::Nesting::Nesting(Parser* parser) : parser_(parser) {
  if (++parser_->nesting_ > kNestingMax) {
    parser_->Fail(Error(sqlstate::kStatementTooComplex, "stack depth limit exceeded")
                      .WithDetail("The statement nests deeper than " + std::to_string(kNestingMax) +
                                  " levels."));
  }
}

void Parser::Advance() {
  if (failed_) return;
  previous_end_ = Offset() + current_.text.size();
  if (ahead_count_ > 0) {
    current_ = ahead_[0];
    ahead_[0] = ahead_[1];
    ahead_[1] = ahead_[2];
    --ahead_count_;
  } else {
    current_ = lexer_.Next();
  }
  if (current_.kind == TokenKind::kError) Fail(lexer_.status());
}

const Token& Parser::Peek(int distance) {
  DRIFTDB_DCHECK(distance >= 1 && distance <= 3);
  if (failed_) return current_;
  for (int at = ahead_count_; at < distance; ++at) {
    // Nothing is read beyond the end of a statement.
    const Token& last = at > 0 ? ahead_[at - 1] : current_;
    const bool ended = last.kind == TokenKind::kEnd || last.kind == TokenKind::kSemicolon;
    ahead_[at] = ended ? last : lexer_.Next();
    ahead_count_ = at + 1;
  }
  return ahead_[distance - 1];
}

void Parser::Reseek(size_t offset) {
  if (failed_) return;
  ahead_count_ = 0;
  lexer_.Seek(offset);
  current_ = lexer_.Next();
  if (current_.kind == TokenKind::kError) Fail(lexer_.status());
}

void Parser::Fail(Status status) {
  if (failed_) return;
  failed_ = true;
  status_ = std::move(status).At(Position());
  current_ = Token{current_.text, TokenKind::kEnd, Keyword::kNotKeyword};
}

void Parser::FailAt(uint32_t position, Status status) { Fail(std::move(status).At(position)); }

void Parser::FailHere() {
  if (failed_) return;
  if (current_.kind == TokenKind::kEnd) {
    Fail(Error(sqlstate::kSyntaxError, "syntax error at end of input"));
  } else {
    Fail(Error(sqlstate::kSyntaxError, "syntax error at or near \"{}\"", current_.text));
  }
}

void Parser::FailUnsupported(std::string_view what) {
  Fail(Error(sqlstate::kFeatureNotSupported, "{} is not supported", what));
}

bool Parser::AtAny(std::initializer_list<Keyword> keywords) const {
  if (current_.keyword == Keyword::kNotKeyword) return false;
  for (Keyword keyword : keywords) {
    if (current_.keyword == keyword) return true;
  }
  return false;
}

bool Parser::Accept(TokenKind kind) {
  if (current_.kind != kind) return false;
  Advance();
  return true;
}

bool Parser::Accept(Keyword keyword) {
  if (current_.keyword != keyword) return false;
  Advance();
  return true;
}

bool Parser::Accept(Keyword first, Keyword second) {
  if (current_.keyword != first || !PeekIs(1, second)) return false;
  Advance();
  Advance();
  return true;
}

void Parser::Expect(TokenKind kind) {
  if (!Accept(kind)) FailHere();
}

void Parser::Expect(Keyword keyword) {
  if (!Accept(keyword)) FailHere();
}

bool Parser::AtWord(std::string_view lower) const {
  if (current_.kind != TokenKind::kWord || current_.text.size() != lower.size()) return false;
  for (size_t i = 0; i < lower.size(); ++i) {
    const char c = current_.text[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) != lower[i]) return false;
  }
  return true;
}

bool Parser::AcceptWord(std::string_view lower) {
  if (!AtWord(lower)) return false;
  Advance();
  return true;
}

bool Parser::IsWordKind(TokenKind kind) {
  return kind == TokenKind::kWord || kind == TokenKind::kQuotedWord ||
         kind == TokenKind::kUnicodeQuotedWord;
}

bool Parser::IsStringKind(TokenKind kind) {
  return kind == TokenKind::kString || kind == TokenKind::kEscapeString ||
         kind == TokenKind::kUnicodeString || kind == TokenKind::kDollarString;
}

bool Parser::IsName(const Token& token) const {
  if (!IsWordKind(token.kind)) return false;
  if (token.keyword == Keyword::kNotKeyword) return true;
  const KeywordClass keyword_class = GetKeywordInfo(token.keyword).keyword_class;
  return keyword_class == KeywordClass::kUnreserved || keyword_class == KeywordClass::kColumnName;
}

bool Parser::IsTypeFunctionName(const Token& token) const {
  if (!IsWordKind(token.kind)) return false;
  if (token.keyword == Keyword::kNotKeyword) return true;
  const KeywordClass keyword_class = GetKeywordInfo(token.keyword).keyword_class;
  return keyword_class == KeywordClass::kUnreserved ||
         keyword_class == KeywordClass::kTypeFunctionName;
}

bool Parser::IsLabel(const Token& token) const { return IsWordKind(token.kind); }

bool Parser::IsBareLabel(const Token& token) const {
  if (!IsWordKind(token.kind)) return false;
  return token.keyword == Keyword::kNotKeyword || !GetKeywordInfo(token.keyword).needs_as;
}

char Parser::ParseUescape() {
  if (!Accept(Keyword::kUescape)) return '\\';
  const std::string escape = ParseString();
  const unsigned char byte = escape.size() == 1 ? static_cast<unsigned char>(escape[0]) : '"';
  const bool hex = (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f');
  if (hex || byte == '+' || byte == '\'' || byte == '"' || byte <= ' ' || byte >= 0x80) {
    Fail(Error(sqlstate::kSyntaxError, "invalid Unicode escape character"));
    return '\\';
  }
  return static_cast<char>(byte);
}

std::string Parser::TakeWord() {
  const Token token = current_;
  const uint32_t position = Position();
  Advance();
  if (token.kind != TokenKind::kUnicodeQuotedWord) return DecodeWord(token);
  std::string name;
  Status status = DecodeString(token, ParseUescape(), &name);
  if (!status.ok()) FailAt(position, std::move(status));
  TruncateIdentifier(&name);
  return name;
}

std::string Parser::ParseName() {
  if (!IsName(current_)) {
    FailHere();
    return {};
  }
  return TakeWord();
}

std::string Parser::ParseLabel() {
  if (!IsLabel(current_)) {
    FailHere();
    return {};
  }
  return TakeWord();
}

std::vector<std::string> Parser::ParseNameList() {
  std::vector<std::string> names;
  do {
    names.push_back(ParseName());
  } while (Accept(TokenKind::kComma));
  return names;
}

std::vector<std::string> Parser::ParseParenNameList(std::vector<uint32_t>* positions) {
  std::vector<std::string> names;
  Expect(TokenKind::kLeftParen);
  do {
    if (positions != nullptr) positions->push_back(Position());
    names.push_back(ParseName());
  } while (Accept(TokenKind::kComma));
  Expect(TokenKind::kRightParen);
  return names;
}

std::vector<std::string> Parser::ParseAnyName() {
  std::vector<std::string> parts;
  parts.push_back(ParseName());
  while (Accept(TokenKind::kDot)) parts.push_back(ParseLabel());
  return parts;
}

AstName Parser::ParseObjectName() {
  AstName name;
  name.position = Position();
  std::vector<std::string> parts = ParseAnyName();
  if (parts.size() > 3) {
    FailAt(name.position, Error(sqlstate::kSyntaxError,
                                "improper qualified name (too many dotted names): {}.{}.{}.{}",
                                parts[0], parts[1], parts[2], parts[3]));
    return name;
  }
  name.name = std::move(parts.back());
  if (parts.size() > 1) name.schema = std::move(parts[parts.size() - 2]);
  if (parts.size() > 2) name.catalog = std::move(parts[0]);
  return name;
}

std::vector<AstName> Parser::ParseObjectNameList() {
  std::vector<AstName> names;
  do {
    names.push_back(ParseObjectName());
  } while (Accept(TokenKind::kComma));
  return names;
}

std::string Parser::ParseString() {
  if (!IsStringKind(current_.kind)) {
    FailHere();
    return {};
  }
  const Token token = current_;
  const uint32_t position = Position();
  Advance();
  const char escape = token.kind == TokenKind::kUnicodeString ? ParseUescape() : '\\';
  std::string value;
  Status status = DecodeString(token, escape, &value);
  if (!status.ok()) FailAt(position, std::move(status));
  return value;
}

std::string Parser::ParseSignedNumber(bool integer_only) {
  std::string text;
  if (Accept(TokenKind::kMinus)) {
    text = "-";
  } else {
    Accept(TokenKind::kPlus);
  }
  if (!At(TokenKind::kInteger) && (integer_only || !At(TokenKind::kNumeric))) {
    FailHere();
    return text;
  }
  AstExprPtr number = ParseNumber();
  if (number != nullptr) text += number->As<AstLiteral>().text;
  return text;
}

std::string Parser::ParseNameOrString() {
  return IsStringKind(current_.kind) ? ParseString() : ParseLabel();
}

bool Parser::ParseIfExists() { return Accept(Keyword::kIf, Keyword::kExists); }

bool Parser::ParseIfNotExists() {
  if (!At(Keyword::kIf) || !PeekIs(1, Keyword::kNot) || !PeekIs(2, Keyword::kExists)) return false;
  Advance();
  Advance();
  Advance();
  return true;
}

bool Parser::ParseCascade() {
  if (Accept(Keyword::kCascade)) return true;
  Accept(Keyword::kRestrict);
  return false;
}

}  // namespace driftdb::sql
