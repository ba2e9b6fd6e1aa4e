// COPY with both option syntaxes.
#include <utility>

#include "base/error.h"
#include "sql/parse/parser.h"

namespace driftdb::sql {
namespace {

Status CopyRedundantOption() {
  return Error(sqlstate::kSyntaxError, "conflicting or redundant options");
}

}  // namespace

AstStatement Parser::ParseCopy() {
  auto copy = std::make_unique<AstCopy>();
  copy->position = Position();
  Expect(Keyword::kCopy);
  if (Accept(Keyword::kBinary)) copy->options.format = "binary";
  if (Accept(TokenKind::kLeftParen)) {
    Nesting nesting(this);
    copy->query = std::make_unique<AstStatement>(ParsePreparable());
    Expect(TokenKind::kRightParen);
  } else {
    copy->table = ParseObjectName();
    if (At(TokenKind::kLeftParen)) copy->columns = ParseParenNameList();
  }
  copy->is_from = copy->query == nullptr && Accept(Keyword::kFrom);
  if (!copy->is_from) Expect(Keyword::kTo);
  const bool program = Accept(Keyword::kProgram);
  if (!program && (At(Keyword::kStdin) || At(Keyword::kStdout))) {
    copy->endpoint = copy->is_from ? CopyEndpoint::kStdin : CopyEndpoint::kStdout;
    Advance();
  } else {
    copy->endpoint = program ? CopyEndpoint::kProgram : CopyEndpoint::kFile;
    copy->file = ParseString();
  }
  if (At(Keyword::kUsing) || At(Keyword::kDelimiters)) {
    Accept(Keyword::kUsing);
    Expect(Keyword::kDelimiters);
    copy->options.has_delimiter = true;
    copy->options.delimiter = ParseString();
  }
  Accept(Keyword::kWith);
  if (At(TokenKind::kLeftParen)) {
    ParseCopyOptionList(&copy->options);
  } else {
    ParseCopyKeywords(&copy->options);
  }
  if (At(Keyword::kWhere)) {
    if (!copy->is_from) {
      Fail(Error(sqlstate::kSyntaxError, "WHERE clause not allowed with COPY TO"));
    }
    Advance();
    copy->where = ParseExpr();
  }
  return MakeAstStatement(std::move(copy));
}

void Parser::ParseCopyOptionList(AstCopyOptions* options) {
  std::vector<std::string> seen;
  Expect(TokenKind::kLeftParen);
  do {
    const Token name = current_;
    if (IsWordKind(name.kind)) {
      std::string folded = DecodeWord(name);
      for (const std::string& other : seen) {
        if (other == folded) Fail(CopyRedundantOption());
      }
      seen.push_back(std::move(folded));
    }
    ParseCopyOption(options);
  } while (Accept(TokenKind::kComma));
  Expect(TokenKind::kRightParen);
}

bool Parser::ParseOptionBoolean() {
  if (At(TokenKind::kComma) || At(TokenKind::kRightParen)) return true;
  const uint32_t position = Position();
  const std::string value = At(TokenKind::kInteger) ? ParseSignedNumber(true) : ParseNameOrString();
  if (value == "true" || value == "on" || value == "1") return true;
  if (value != "false" && value != "off" && value != "0" && !failed_) {
    FailAt(position, Error(sqlstate::kSyntaxError, "\"{}\" is not a Boolean value", value));
  }
  return false;
}

CopyHeader Parser::ParseCopyHeader() {
  if (Accept(Keyword::kMatch)) return CopyHeader::kMatch;
  return ParseOptionBoolean() ? CopyHeader::kOn : CopyHeader::kOff;
}

void Parser::ParseCopyOption(AstCopyOptions* options) {
  AstOption other;
  other.position = Position();
  const std::string name = ParseLabel();
  if (name == "format") {
    if (!options->format.empty()) FailAt(other.position, CopyRedundantOption());
    options->format = ParseNameOrString();
  } else if (name == "delimiter") {
    options->has_delimiter = true;
    options->delimiter = ParseNameOrString();
  } else if (name == "null") {
    options->has_null = true;
    options->null_text = ParseNameOrString();
  } else if (name == "default") {
    options->has_default = true;
    options->default_text = ParseNameOrString();
  } else if (name == "quote") {
    options->has_quote = true;
    options->quote = ParseNameOrString();
  } else if (name == "escape") {
    options->has_escape = true;
    options->escape = ParseNameOrString();
  } else if (name == "encoding") {
    options->encoding = ParseNameOrString();
  } else if (name == "header") {
    options->header = ParseCopyHeader();
  } else if (name == "freeze") {
    options->freeze = ParseOptionBoolean();
  } else if (name == "force_quote") {
    ParseCopyColumns(&options->force_quote_all, &options->force_quote);
  } else if (name == "force_not_null") {
    ParseCopyColumns(&options->force_not_null_all, &options->force_not_null);
  } else if (name == "force_null") {
    ParseCopyColumns(&options->force_null_all, &options->force_null);
  } else {
    other.name = name;
    if (!At(TokenKind::kComma) && !At(TokenKind::kRightParen)) {
      other.has_value = true;
      const bool word = IsWordKind(current_.kind) || IsStringKind(current_.kind);
      other.value = word ? ParseNameOrString() : ParseSignedNumber(false);
    }
    options->other.push_back(std::move(other));
  }
}

// *, (a, b) or, in the keyword form, a, b.
void Parser::ParseCopyColumns(bool* all, std::vector<std::string>* columns) {
  if (Accept(TokenKind::kStar)) {
    *all = true;
  } else if (At(TokenKind::kLeftParen)) {
    *columns = ParseParenNameList();
  } else {
    *columns = ParseNameList();
  }
}

void Parser::ParseCopyForce(AstCopyOptions* options) {
  if (Accept(Keyword::kQuote)) {
    ParseCopyColumns(&options->force_quote_all, &options->force_quote);
  } else if (Accept(Keyword::kNot)) {
    Expect(Keyword::kNull);
    ParseCopyColumns(&options->force_not_null_all, &options->force_not_null);
  } else {
    Expect(Keyword::kNull);
    ParseCopyColumns(&options->force_null_all, &options->force_null);
  }
}

void Parser::ParseCopyKeywords(AstCopyOptions* options) {
  const auto text = [this](bool* has, std::string* value) {
    if (has != nullptr && *has) Fail(CopyRedundantOption());
    if (has != nullptr) *has = true;
    Accept(Keyword::kAs);
    *value = ParseString();
  };
  while (true) {
    if (At(Keyword::kBinary) || At(Keyword::kCsv)) {
      if (!options->format.empty()) Fail(CopyRedundantOption());
      options->format = At(Keyword::kCsv) ? "csv" : "binary";
      Advance();
    } else if (Accept(Keyword::kFreeze)) {
      options->freeze = true;
    } else if (Accept(Keyword::kHeader)) {
      options->header = Accept(Keyword::kMatch) ? CopyHeader::kMatch : CopyHeader::kOn;
    } else if (Accept(Keyword::kDelimiter)) {
      text(&options->has_delimiter, &options->delimiter);
    } else if (Accept(Keyword::kNull)) {
      text(&options->has_null, &options->null_text);
    } else if (Accept(Keyword::kQuote)) {
      text(&options->has_quote, &options->quote);
    } else if (Accept(Keyword::kEscape)) {
      text(&options->has_escape, &options->escape);
    } else if (Accept(Keyword::kEncoding)) {
      text(nullptr, &options->encoding);
    } else if (Accept(Keyword::kForce)) {
      ParseCopyForce(options);
    } else {
      break;
    }
  }
}

}  // namespace driftdb::sql
