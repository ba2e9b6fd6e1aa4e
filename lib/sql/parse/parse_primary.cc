// Operands of expressions: literals, names, parentheses, CASE, CAST, ARRAY, ROW, subqueries.
#include <charconv>
#include <utility>

#include "base/error.h"
#include "sql/parse/parse.h"
#include "sql/parse/parser.h"

namespace driftdb::sql {
namespace {

constexpr size_t kRadixDigitsMax = 1024;

// Digits of radix 2, 8 or 16 to decimal digits, most significant first.
std::string RadixToDecimal(std::string_view digits, uint32_t radix) {
  constexpr uint64_t kLimb = 1'000'000'000;
  std::vector<uint32_t> limbs(1, 0);  // least significant first
  for (char c : digits) {
    const uint32_t digit =
        c <= '9' ? static_cast<uint32_t>(c - '0') : static_cast<uint32_t>((c | 0x20) - 'a') + 10;
    uint64_t carry = digit;
    for (uint32_t& limb : limbs) {
      carry += uint64_t{limb} * radix;
      limb = static_cast<uint32_t>(carry % kLimb);
      carry /= kLimb;
    }
    if (carry != 0) limbs.push_back(static_cast<uint32_t>(carry));
  }
  std::string text = fmt::format("{}", limbs.back());
  for (size_t i = limbs.size() - 1; i-- > 0;) text += fmt::format("{:09}", limbs[i]);
  return text;
}

}  // namespace

AstExprPtr Parser::ParsePrimary() {
  switch (current_.kind) {
    case TokenKind::kInteger:
    case TokenKind::kNumeric:
      return ParseNumber();
    case TokenKind::kString:
    case TokenKind::kEscapeString:
    case TokenKind::kUnicodeString:
    case TokenKind::kDollarString:
    case TokenKind::kBitString:
    case TokenKind::kHexString:
      return ParseStringLiteral();
    case TokenKind::kParameter:
      return ParseIndirection(ParseParameter());
    case TokenKind::kLeftParen:
      return ParseParensPrimary();
    case TokenKind::kWord:
    case TokenKind::kQuotedWord:
    case TokenKind::kUnicodeQuotedWord:
      return ParseWordPrimary();
    default:
      FailHere();
      return nullptr;
  }
}

AstExprPtr Parser::ParseNumber() {
  const uint32_t position = Position();
  const LiteralKind kind = At(TokenKind::kInteger) ? LiteralKind::kInteger : LiteralKind::kNumeric;
  std::string text(current_.text);
  if (text.find('_') != std::string::npos) {
    size_t kept = 0;
    for (char c : text) {
      if (c != '_') text[kept++] = c;
    }
    text.resize(kept);
  }
  if (text.size() > 2 && text[0] == '0' && text[1] > '9') {
    const char letter = static_cast<char>(text[1] | 0x20);
    if (text.size() > kRadixDigitsMax) {
      Fail(Error(sqlstate::kNumericOutOfRange, "integer constant has more than {} digits",
                 kRadixDigitsMax));
      return nullptr;
    }
    text = RadixToDecimal(std::string_view(text).substr(2),
                          letter == 'x' ? 16 : (letter == 'o' ? 8 : 2));
  }
  Advance();
  return std::make_unique<AstLiteral>(position, kind, std::move(text));
}

AstExprPtr Parser::ParseStringLiteral() {
  const uint32_t position = Position();
  LiteralKind kind = LiteralKind::kString;
  if (At(TokenKind::kBitString)) kind = LiteralKind::kBit;
  if (At(TokenKind::kHexString)) kind = LiteralKind::kHexBit;
  if (kind == LiteralKind::kString) {
    return std::make_unique<AstLiteral>(position, kind, ParseString());
  }
  std::string value;
  Status status = DecodeString(current_, '\\', &value);
  if (!status.ok()) Fail(std::move(status));
  for (char c : value) {
    const bool fits = kind == LiteralKind::kBit
                          ? c == '0' || c == '1'
                          : (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
    if (!fits) {
      Fail(Error(sqlstate::kInvalidTextRepresentation, "\"{}\" is not a valid {} digit", c,
                 kind == LiteralKind::kBit ? "binary" : "hexadecimal"));
      break;
    }
  }
  Advance();
  return std::make_unique<AstLiteral>(position, kind, std::move(value));
}

AstExprPtr Parser::ParseParameter() {
  auto node = std::make_unique<AstParam>(Position());
  const std::string_view text = current_.text;
  size_t index = 0;
  if (text[0] == '?' || text[0] == '$') {
    if (text.size() == 1) {
      index = parameters_.size() + 1;
    } else {
      auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), index);
      if (error != std::errc() || index > kParameterMax) index = kParameterMax + 1;
    }
  } else {
    node->name = std::string(text);
    while (index < parameters_.size() && parameters_[index] != node->name) ++index;
    ++index;
  }
  if (index == 0 || index > kParameterMax) {
    Fail(Error(sqlstate::kUndefinedParameter, "there is no parameter {}: numbers are 1 to {}", text,
               kParameterMax));
    return node;
  }
  if (index > parameters_.size()) parameters_.resize(index);
  if (!node->name.empty()) parameters_[index - 1] = node->name;
  node->index = static_cast<uint32_t>(index);
  Advance();
  return node;
}

bool Parser::AtKeywordType() const {
  switch (current_.keyword) {
    case Keyword::kBigint:
    case Keyword::kBit:
    case Keyword::kBoolean:
    case Keyword::kChar:
    case Keyword::kCharacter:
    case Keyword::kDec:
    case Keyword::kDecimal:
    case Keyword::kFloat:
    case Keyword::kInt:
    case Keyword::kInteger:
    case Keyword::kInterval:
    case Keyword::kNational:
    case Keyword::kNchar:
    case Keyword::kNumeric:
    case Keyword::kReal:
    case Keyword::kSmallint:
    case Keyword::kTime:
    case Keyword::kTimestamp:
    case Keyword::kVarchar:
      return true;
    default:
      return false;
  }
}

bool Parser::AtQueryStart() const {
  return AtAny({Keyword::kSelect, Keyword::kValues, Keyword::kWith, Keyword::kTable});
}

AstExprPtr Parser::ParseWordPrimary() {
  if (current_.keyword == Keyword::kNotKeyword) return ParseColumnOrCall();
  const KeywordClass keyword_class = GetKeywordInfo(current_.keyword).keyword_class;
  if (keyword_class == KeywordClass::kUnreserved) {
    if (At(Keyword::kDouble) && PeekIs(1, Keyword::kPrecision)) return ParseTypedLiteral(true);
    return ParseColumnOrCall();
  }
  if (AtKeywordType()) {
    // As in PostgreSQL these words are also column names, where no constant follows.
    const Token& next = Peek(1);
    const bool zone = next.keyword == Keyword::kWith || next.keyword == Keyword::kWithout;
    if (!IsStringKind(next.kind) && next.kind != TokenKind::kLeftParen &&
        next.keyword != Keyword::kVarying && next.keyword != Keyword::kCharacter &&
        next.keyword != Keyword::kChar && !(zone && PeekIs(2, Keyword::kTime))) {
      return ParseColumnOrCall();
    }
    return ParseTypedLiteral(true);
  }
  return ParseKeywordPrimary();
}

AstExprPtr Parser::ParseKeywordPrimary() {
  const uint32_t position = Position();
  const bool call = PeekIs(1, TokenKind::kLeftParen);
  switch (current_.keyword) {
    case Keyword::kNull:
      Advance();
      return std::make_unique<AstLiteral>(position, LiteralKind::kNull, "null");
    case Keyword::kTrue:
      Advance();
      return std::make_unique<AstLiteral>(position, LiteralKind::kBoolean, "true");
    case Keyword::kFalse:
      Advance();
      return std::make_unique<AstLiteral>(position, LiteralKind::kBoolean, "false");
    case Keyword::kCase:
      return ParseCase();
    case Keyword::kCast:
      return ParseCast();
    case Keyword::kArray:
      return ParseArray();
    case Keyword::kExists:
      return call ? ParseSubqueryOperand(SubqueryKind::kExists) : ParseColumnOrCall();
    case Keyword::kRow:
      return call ? ParseExplicitRow() : ParseColumnOrCall();
    case Keyword::kCoalesce:
    case Keyword::kNullif:
    case Keyword::kGreatest:
    case Keyword::kLeast:
    case Keyword::kGrouping:
      return call ? ParseSpecialForm() : ParseColumnOrCall();
    case Keyword::kExtract:
    case Keyword::kPosition:
    case Keyword::kSubstring:
    case Keyword::kOverlay:
    case Keyword::kTrim:
      return call ? ParseSpecialCall() : ParseColumnOrCall();
    case Keyword::kCurrentDate:
    case Keyword::kCurrentTime:
    case Keyword::kCurrentTimestamp:
    case Keyword::kLocaltime:
    case Keyword::kLocaltimestamp:
    case Keyword::kCurrentRole:
    case Keyword::kCurrentUser:
    case Keyword::kSessionUser:
    case Keyword::kSystemUser:
    case Keyword::kUser:
    case Keyword::kCurrentCatalog:
      return ParseKeywordFunction();
    case Keyword::kCurrentSchema:
      return call ? ParseColumnOrCall() : ParseKeywordFunction();
    default:
      return ParseColumnOrCall();
  }
}

AstExprPtr Parser::ParseColumnOrCall() {
  const uint32_t position = Position();
  const Token first = current_;
  const bool column = IsName(first);
  const bool function = IsTypeFunctionName(first);
  if (!column && !function) {
    FailHere();
    return nullptr;
  }
  if (function && IsStringKind(Peek(1).kind)) return ParseTypedLiteral(false);
  if (!column && !PeekIs(1, TokenKind::kLeftParen) && !PeekIs(1, TokenKind::kDot)) {
    Advance();
    FailHere();
    return nullptr;
  }
  auto node = std::make_unique<AstColumnRef>(position);
  node->parts.push_back(TakeWord());
  while (At(TokenKind::kDot)) {
    Advance();
    if (Accept(TokenKind::kStar)) {
      node->star = true;
      return node;
    }
    node->parts.push_back(ParseLabel());
  }
  if (At(TokenKind::kLeftParen)) {
    if (!function && node->parts.size() == 1) {
      FailHere();
      return node;
    }
    return ParseCall(std::move(node->parts), position);
  }
  if (node->parts.size() > 4) {
    FailAt(position,
           Error(sqlstate::kSyntaxError,
                 "improper qualified name (too many dotted names): {}.{}.{}.{}.{}", node->parts[0],
                 node->parts[1], node->parts[2], node->parts[3], node->parts[4]));
  }
  if (!At(TokenKind::kLeftBracket)) return node;
  return ParseIndirection(std::move(node));
}

ParsedParens Parser::ParseParens() {
  Nesting nesting(this);
  ParsedParens result;
  result.position = Position();
  Expect(TokenKind::kLeftParen);
  AstExprPtr first;
  if (AtQueryStart()) {
    result.select = ParseSelect();
    Expect(TokenKind::kRightParen);
    return result;
  }
  if (At(TokenKind::kLeftParen)) {
    ParsedParens inner = ParseParens();
    if (inner.select != nullptr && (At(TokenKind::kRightParen) || AtSelectContinuation())) {
      result.select = ContinueSelect(std::move(inner.select), 0);
      ParseSelectTail(result.select.get());
      Expect(TokenKind::kRightParen);
      return result;
    }
    first = ParseIndirection(WrapParens(std::move(inner)));
    if (!failed_) first = ContinueExpr(std::move(first), Precedence::kLowest, false);
  } else {
    first = ParseExpr();
  }
  result.exprs.push_back(std::move(first));
  while (Accept(TokenKind::kComma)) result.exprs.push_back(ParseExpr());
  Expect(TokenKind::kRightParen);
  return result;
}

AstExprPtr Parser::WrapParens(ParsedParens parens) {
  if (parens.select != nullptr) {
    auto node = std::make_unique<AstSubquery>(parens.position);
    node->select = std::move(parens.select);
    return node;
  }
  if (parens.exprs.size() == 1) return std::move(parens.exprs[0]);
  auto node = std::make_unique<AstRow>(parens.position);
  node->elements = std::move(parens.exprs);
  return node;
}

AstExprPtr Parser::ParseParensPrimary() { return ParseIndirection(WrapParens(ParseParens())); }

// [subscripts] and .fields after a parameter, a column or parentheses.
AstExprPtr Parser::ParseIndirection(AstExprPtr operand) {
  for (int depth = nesting_; !failed_; ++depth) {
    if (depth > kNestingMax) {
      Fail(Error(sqlstate::kStatementTooComplex, "stack depth limit exceeded"));
    } else if (At(TokenKind::kLeftBracket)) {
      operand = ParseSubscript(std::move(operand));
    } else if (At(TokenKind::kDot)) {
      auto node = std::make_unique<AstField>(Position());
      Advance();
      node->operand = std::move(operand);
      if (Accept(TokenKind::kStar)) return node;
      node->field = ParseLabel();
      operand = std::move(node);
    } else {
      break;
    }
  }
  return operand;
}

AstExprPtr Parser::ParseSubscript(AstExprPtr operand) {
  Nesting nesting(this);
  auto node = std::make_unique<AstSubscript>(Position());
  node->operand = std::move(operand);
  Expect(TokenKind::kLeftBracket);
  if (!At(TokenKind::kColon)) node->lower = ParseExpr();
  // After a lower bound ":n" is a colon and a name, not a parameter.
  if (At(TokenKind::kParameter) && current_.text[0] == ':') {
    const size_t colon = Offset();
    node->slice = true;
    Reseek(colon + 1);
    node->upper = ParseExpr();
  } else if (Accept(TokenKind::kColon)) {
    node->slice = true;
    if (!At(TokenKind::kRightBracket)) node->upper = ParseExpr();
  }
  Expect(TokenKind::kRightBracket);
  return node;
}

AstExprPtr Parser::ParseCase() {
  Nesting nesting(this);
  auto node = std::make_unique<AstCase>(Position());
  Advance();
  if (!At(Keyword::kWhen)) node->operand = ParseExpr();
  do {
    Expect(Keyword::kWhen);
    AstCaseWhen when;
    when.when = ParseExpr();
    Expect(Keyword::kThen);
    when.then = ParseExpr();
    node->whens.push_back(std::move(when));
  } while (At(Keyword::kWhen));
  if (Accept(Keyword::kElse)) node->otherwise = ParseExpr();
  Expect(Keyword::kEnd);
  return node;
}

AstExprPtr Parser::ParseCast() {
  Nesting nesting(this);
  auto node = std::make_unique<AstCast>(Position());
  Advance();
  Expect(TokenKind::kLeftParen);
  node->operand = ParseExpr();
  Expect(Keyword::kAs);
  node->type = ParseTypeName();
  Expect(TokenKind::kRightParen);
  return node;
}

AstExprPtr Parser::ParseTypedLiteral(bool keyword_type) {
  auto node = std::make_unique<AstCast>(Position());
  node->syntax = CastSyntax::kTypedLiteral;
  if (keyword_type) {
    node->type.position = Position();
    ParseKeywordType(&node->type);
  } else {
    node->type.position = Position();
    node->type.name.push_back(TakeWord());
  }
  const uint32_t position = Position();
  node->operand = std::make_unique<AstLiteral>(position, LiteralKind::kString, ParseString());
  if (keyword_type && node->type.name[0] == "interval" && node->type.modifiers.empty()) {
    ParseIntervalFields(&node->type);
  }
  return node;
}

AstExprPtr Parser::ParseArray() {
  const uint32_t position = Position();
  if (PeekIs(1, TokenKind::kLeftParen)) return ParseSubqueryOperand(SubqueryKind::kArray);
  Advance();
  return ParseIndirection(ParseArrayElements(position));
}

AstExprPtr Parser::ParseArrayElements(uint32_t position) {
  Nesting nesting(this);
  auto node = std::make_unique<AstArray>(position);
  Expect(TokenKind::kLeftBracket);
  if (!At(TokenKind::kRightBracket)) {
    do {
      if (At(TokenKind::kLeftBracket)) {
        node->elements.push_back(ParseArrayElements(Position()));
      } else {
        node->elements.push_back(ParseExpr());
      }
    } while (Accept(TokenKind::kComma));
  }
  Expect(TokenKind::kRightBracket);
  return node;
}

AstExprPtr Parser::ParseSubqueryOperand(SubqueryKind kind) {
  auto node = std::make_unique<AstSubquery>(Position());
  node->subquery_kind = kind;
  Advance();
  node->select = ParseParenSelect();
  return node;
}

AstExprPtr Parser::ParseExplicitRow() {
  Nesting nesting(this);
  auto node = std::make_unique<AstRow>(Position());
  node->explicit_row = true;
  Advance();
  Expect(TokenKind::kLeftParen);
  if (!At(TokenKind::kRightParen)) node->elements = ParseExprList();
  Expect(TokenKind::kRightParen);
  return node;
}

}  // namespace driftdb::sql
