// Expressions with operators: precedence climbing over the table of parser.h.
#include <utility>

#include "base/error.h"
#include "sql/parse/parse.h"
#include "sql/parse/parser.h"

namespace driftdb::sql {
namespace {

Precedence NextPrecedence(Precedence precedence) {
  return static_cast<Precedence>(static_cast<uint8_t>(precedence) + 1);
}

bool IsNonAssociative(Precedence precedence) {
  return precedence == Precedence::kIs || precedence == Precedence::kComparison ||
         precedence == Precedence::kMatch;
}

}  // namespace

AstExprPtr Parser::ParseExpr() { return ParseExpr(Precedence::kLowest, false); }

AstExprPtr Parser::ParseExpr(Precedence minimum, bool restricted) {
  // Right operands nest without parentheses, but each binds tighter than the one around it; a
  // second counter bounds the product of both (PARSE-2).
  if (++expr_depth_ > 3 * kNestingMax) {
    Fail(Error(sqlstate::kStatementTooComplex, "stack depth limit exceeded"));
  }
  AstExprPtr result;
  if (restricted && At(Keyword::kNot)) {
    FailHere();
  } else {
    result = ContinueExpr(ParsePrefix(), minimum, restricted);
  }
  --expr_depth_;
  return result;
}

AstExprPtr Parser::ContinueExpr(AstExprPtr left, Precedence minimum, bool restricted) {
  Precedence closed = Precedence::kLowest;  // the non-associative level just used
  int suffixes = 0;
  while (!failed_) {
    Precedence precedence = Precedence::kLowest;
    bool negated = false;
    if (!PeekOperator(restricted, &precedence, &negated) || precedence < minimum) break;
    if (precedence == closed) {
      FailHere();
      break;
    }
    bool ends_in_operand = false;
    // Suffixes (IS, ::, COLLATE, ...) grow the tree's depth where AstBinary's left spine and
    // AstLogical do not count (AST-2).
    const AstExprKind below = left->kind;
    left = ParseInfix(std::move(left), precedence, negated, &ends_in_operand);
    if (left == nullptr) break;
    if (left->kind != AstExprKind::kLogical &&
        (left->kind != AstExprKind::kBinary || below != AstExprKind::kBinary) &&
        ++suffixes + nesting_ > kNestingMax) {
      Fail(Error(sqlstate::kStatementTooComplex, "stack depth limit exceeded"));
    }
    closed = ends_in_operand && IsNonAssociative(precedence) ? precedence : Precedence::kLowest;
  }
  return left;
}

AstExprList Parser::ParseExprList() {
  AstExprList list;
  do {
    list.push_back(ParseExpr());
  } while (Accept(TokenKind::kComma));
  return list;
}

AstExprPtr Parser::ParseExprOrDefault() {
  if (!At(Keyword::kDefault)) return ParseExpr();
  auto result = std::make_unique<AstDefault>(Position());
  Advance();
  return result;
}

AstExprPtr Parser::ParsePrefix() {
  const uint32_t position = Position();
  if (At(Keyword::kNot)) {
    Nesting nesting(this);
    Advance();
    auto node = std::make_unique<AstNot>(position);
    node->operand = ParseExpr(Precedence::kIs, false);
    return node;
  }
  const bool sign = At(TokenKind::kMinus) || At(TokenKind::kPlus);
  const bool named = At(Keyword::kOperator) && PeekIs(1, TokenKind::kLeftParen);
  if (!sign && !named && !At(TokenKind::kOperator)) return ParsePrimary();
  Nesting nesting(this);
  auto node = std::make_unique<AstUnary>(position);
  ParseOperatorName(&node->op_schema, &node->op);
  node->operand = ParseExpr(sign ? Precedence::kUnaryMinus : Precedence::kAdd, false);
  return node;
}

// Classifies the current token as an infix or suffix operator without consuming it; `negated` means
// that a NOT stands before BETWEEN, IN, LIKE, ILIKE or SIMILAR.
// NOLINTNEXTLINE(readability-function-size): one case per operator
bool Parser::PeekOperator(bool restricted, Precedence* precedence, bool* negated) {
  switch (current_.kind) {
    case TokenKind::kPlus:
    case TokenKind::kMinus:
      *precedence = Precedence::kAdd;
      return true;
    case TokenKind::kStar:
    case TokenKind::kSlash:
    case TokenKind::kPercent:
      *precedence = Precedence::kMultiply;
      return true;
    case TokenKind::kCaret:
      *precedence = Precedence::kPower;
      return true;
    case TokenKind::kLess:
    case TokenKind::kGreater:
    case TokenKind::kEquals:
    case TokenKind::kLessEquals:
    case TokenKind::kGreaterEquals:
    case TokenKind::kNotEquals:
      *precedence = Precedence::kComparison;
      return true;
    case TokenKind::kOperator:
      *precedence = Precedence::kOther;
      return true;
    case TokenKind::kTypecast:
      *precedence = Precedence::kTypecast;
      return true;
    default:
      break;
  }
  Keyword keyword = current_.keyword;
  if (keyword == Keyword::kNotKeyword) return false;
  if (keyword == Keyword::kIs) {
    *precedence = Precedence::kIs;
    return !restricted || PeekIs(1, Keyword::kDistinct) || PeekIs(2, Keyword::kDistinct);
  }
  if (keyword == Keyword::kOperator) {
    *precedence = Precedence::kOther;
    return PeekIs(1, TokenKind::kLeftParen);
  }
  if (restricted) return false;
  if (keyword == Keyword::kNot) {
    *negated = true;
    keyword = Peek(1).keyword;
    if (keyword == Keyword::kSimilar && !PeekIs(2, Keyword::kTo)) return false;
  } else if (keyword == Keyword::kSimilar && !PeekIs(1, Keyword::kTo)) {
    return false;
  }
  switch (keyword) {
    case Keyword::kBetween:
    case Keyword::kIn:
    case Keyword::kLike:
    case Keyword::kIlike:
    case Keyword::kSimilar:
      *precedence = Precedence::kMatch;
      return true;
    default:
      break;
  }
  if (*negated) return false;
  switch (keyword) {
    case Keyword::kOr:
      *precedence = Precedence::kOr;
      return true;
    case Keyword::kAnd:
      *precedence = Precedence::kAnd;
      return true;
    case Keyword::kIsnull:
    case Keyword::kNotnull:
      *precedence = Precedence::kIs;
      return true;
    case Keyword::kOverlaps:
      *precedence = Precedence::kOther;
      return true;
    case Keyword::kCollate:
      *precedence = Precedence::kCollate;
      return true;
    case Keyword::kAt:
      *precedence = Precedence::kAtTimeZone;
      return PeekIs(1, Keyword::kTime) && PeekIs(2, Keyword::kZone);
    default:
      return false;
  }
}

AstExprPtr Parser::ParseInfix(AstExprPtr left, Precedence precedence, bool negated,
                              bool* ends_in_operand) {
  const uint32_t position = Position();
  switch (precedence) {
    case Precedence::kOr:
      return ParseLogical(std::move(left), false);
    case Precedence::kAnd:
      return ParseLogical(std::move(left), true);
    case Precedence::kIs:
      return ParseIs(std::move(left), ends_in_operand);
    case Precedence::kMatch:
      return ParseMatch(std::move(left), negated, ends_in_operand);
    case Precedence::kTypecast: {
      Advance();
      auto node = std::make_unique<AstCast>(position);
      node->operand = std::move(left);
      node->syntax = CastSyntax::kColons;
      node->type = ParseTypeName();
      return node;
    }
    case Precedence::kCollate: {
      Advance();
      auto node = std::make_unique<AstCollate>(position);
      node->operand = std::move(left);
      node->collation = ParseAnyName();
      return node;
    }
    case Precedence::kAtTimeZone: {
      Advance();
      Advance();
      Advance();
      auto node = MakeCall("timezone", CallSyntax::kAtTimeZone, position);
      node->args.push_back({{}, ParseExpr(Precedence::kCollate, false)});
      node->args.push_back({{}, std::move(left)});
      return node;
    }
    default:
      *ends_in_operand = true;
      return ParseBinary(std::move(left), precedence);
  }
}

AstExprPtr Parser::ParseLogical(AstExprPtr left, bool is_and) {
  const uint32_t position = Position();
  Advance();
  AstExprPtr right = ParseExpr(is_and ? Precedence::kNot : Precedence::kAnd, false);
  if (left->kind == AstExprKind::kLogical && left->As<AstLogical>().is_and == is_and) {
    left->As<AstLogical>().args.push_back(std::move(right));  // (AST-1)
    return left;
  }
  auto node = std::make_unique<AstLogical>(position);
  node->is_and = is_and;
  node->args.push_back(std::move(left));
  node->args.push_back(std::move(right));
  return node;
}

AstExprPtr Parser::ParseIs(AstExprPtr left, bool* ends_in_operand) {
  const uint32_t position = Position();
  auto test = std::make_unique<AstIs>(position);
  if (At(Keyword::kIsnull) || At(Keyword::kNotnull)) {
    test->negated = At(Keyword::kNotnull);
    Advance();
    test->operand = std::move(left);
    return test;
  }
  Expect(Keyword::kIs);
  const bool negated = Accept(Keyword::kNot);
  if (Accept(Keyword::kDistinct)) {
    Expect(Keyword::kFrom);
    auto node = std::make_unique<AstDistinctFrom>(position);
    node->left = std::move(left);
    node->right = ParseExpr(Precedence::kComparison, false);
    node->negated = negated;
    *ends_in_operand = true;
    return node;
  }
  test->operand = std::move(left);
  test->negated = negated;
  if (Accept(Keyword::kNull)) {
    test->test = IsTest::kNull;
  } else if (Accept(Keyword::kTrue)) {
    test->test = IsTest::kTrue;
  } else if (Accept(Keyword::kFalse)) {
    test->test = IsTest::kFalse;
  } else if (Accept(Keyword::kUnknown)) {
    test->test = IsTest::kUnknown;
  } else {
    FailHere();
  }
  return test;
}

AstExprPtr Parser::ParseMatch(AstExprPtr left, bool negated, bool* ends_in_operand) {
  const uint32_t position = Position();
  if (negated) Advance();
  if (At(Keyword::kIn)) return ParseIn(std::move(left), negated, position);
  *ends_in_operand = true;
  if (At(Keyword::kBetween)) return ParseBetween(std::move(left), negated, position);
  return ParseLike(std::move(left), negated, ends_in_operand);
}

AstExprPtr Parser::ParseLike(AstExprPtr left, bool negated, bool* ends_in_operand) {
  auto node = std::make_unique<AstLike>(Position());
  if (Accept(Keyword::kSimilar)) {
    Expect(Keyword::kTo);
    node->like = LikeKind::kSimilarTo;
  } else {
    node->like = At(Keyword::kIlike) ? LikeKind::kIlike : LikeKind::kLike;
    Advance();
    if (AtAny({Keyword::kAny, Keyword::kSome, Keyword::kAll})) {
      *ends_in_operand = false;
      std::string op = negated ? "!~~" : "~~";
      if (node->like == LikeKind::kIlike) op += '*';
      return ParseQuantified(std::move(left), {}, std::move(op), node->position);
    }
  }
  node->operand = std::move(left);
  node->negated = negated;
  node->pattern = ParseExpr(Precedence::kOther, false);
  if (Accept(Keyword::kEscape)) node->escape = ParseExpr(Precedence::kOther, false);
  return node;
}

AstExprPtr Parser::ParseIn(AstExprPtr left, bool negated, uint32_t position) {
  Advance();
  if (!At(TokenKind::kLeftParen)) {
    FailHere();
    return left;
  }
  auto node = std::make_unique<AstIn>(position);
  node->operand = std::move(left);
  node->negated = negated;
  ParsedParens parens = ParseParens();
  node->subquery = std::move(parens.select);
  node->list = std::move(parens.exprs);
  return node;
}

AstExprPtr Parser::ParseBetween(AstExprPtr left, bool negated, uint32_t position) {
  Advance();
  auto node = std::make_unique<AstBetween>(position);
  node->operand = std::move(left);
  node->negated = negated;
  node->symmetric = Accept(Keyword::kSymmetric);
  if (!node->symmetric) Accept(Keyword::kAsymmetric);
  node->low = ParseRestricted();
  Expect(Keyword::kAnd);
  node->high = ParseExpr(Precedence::kOther, false);
  return node;
}

// An operator token or OPERATOR(schema.op); OVERLAPS counts as one.
void Parser::ParseOperatorName(std::string* schema, std::string* op) {
  if (Accept(Keyword::kOverlaps)) {
    *op = "overlaps";
    return;
  }
  const bool named = Accept(Keyword::kOperator);
  if (named) {
    Expect(TokenKind::kLeftParen);
    while (IsName(current_) && PeekIs(1, TokenKind::kDot)) {
      *schema = TakeWord();
      Advance();
    }
  }
  if (current_.kind < TokenKind::kStar) {
    FailHere();
    return;
  }
  *op = current_.kind == TokenKind::kNotEquals ? "<>" : std::string(current_.text);
  Advance();
  if (named) Expect(TokenKind::kRightParen);
}

AstExprPtr Parser::ParseBinary(AstExprPtr left, Precedence precedence) {
  auto node = std::make_unique<AstBinary>(Position());
  ParseOperatorName(&node->op_schema, &node->op);
  if (AtAny({Keyword::kAny, Keyword::kSome, Keyword::kAll}) && node->op != "overlaps") {
    return ParseQuantified(std::move(left), std::move(node->op_schema), std::move(node->op),
                           node->position);
  }
  node->left = std::move(left);
  node->right = ParseExpr(NextPrecedence(precedence), false);
  return node;
}

AstExprPtr Parser::ParseQuantified(AstExprPtr left, std::string schema, std::string op,
                                   uint32_t position) {
  auto node = std::make_unique<AstQuantified>(position);
  node->left = std::move(left);
  node->op_schema = std::move(schema);
  node->op = std::move(op);
  node->all = At(Keyword::kAll);
  Advance();
  if (!At(TokenKind::kLeftParen)) {
    FailHere();
    return node;
  }
  ParsedParens parens = ParseParens();
  node->subquery = std::move(parens.select);
  if (node->subquery == nullptr) {
    if (parens.exprs.size() == 1) {
      node->array = std::move(parens.exprs[0]);
    } else {
      FailAt(parens.position, Error(sqlstate::kSyntaxError, "syntax error at or near \"(\""));
    }
  }
  return node;
}

}  // namespace driftdb::sql
