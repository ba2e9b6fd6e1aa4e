// Function calls: ordinary, aggregate and window calls, and the standard's special spellings.
#include <utility>

#include "base/error.h"
#include "sql/parse/parser.h"

namespace driftdb::sql {

std::unique_ptr<AstFunctionCall> Parser::MakeCall(std::string name, CallSyntax syntax,
                                                  uint32_t position) {
  auto call = std::make_unique<AstFunctionCall>(position);
  call->name.push_back(std::move(name));
  call->syntax = syntax;
  return call;
}

AstExprPtr Parser::ParseCall(std::vector<std::string> name, uint32_t position) {
  Nesting nesting(this);
  auto call = std::make_unique<AstFunctionCall>(position);
  call->name = std::move(name);
  Expect(TokenKind::kLeftParen);
  if (Accept(TokenKind::kStar)) {
    call->star = true;
  } else if (!At(TokenKind::kRightParen)) {
    ParseCallArgs(call.get());
  }
  Expect(TokenKind::kRightParen);
  return ParseCallTail(std::move(call));
}

void Parser::ParseCallArgs(AstFunctionCall* call) {
  if (Accept(Keyword::kDistinct)) {
    call->distinct = true;
  } else {
    Accept(Keyword::kAll);
  }
  do {
    AstCallArg arg;
    if (call->variadic) FailHere();
    if (Accept(Keyword::kVariadic)) call->variadic = true;
    if (IsTypeFunctionName(current_) &&
        (PeekIs(1, TokenKind::kArrow) || PeekIs(1, TokenKind::kColonEquals))) {
      arg.name = TakeWord();
      Advance();
    }
    arg.value = ParseExpr();
    call->args.push_back(std::move(arg));
  } while (Accept(TokenKind::kComma));
  if (At(Keyword::kOrder)) call->order_by = ParseOrderBy();
}

AstExprPtr Parser::ParseCallTail(std::unique_ptr<AstFunctionCall> call) {
  if (At(Keyword::kWithin) && PeekIs(1, Keyword::kGroup)) {
    if (call->distinct || call->variadic || !call->order_by.empty()) {
      Fail(Error(sqlstate::kSyntaxError,
                 "cannot use DISTINCT, VARIADIC or several ORDER BY clauses with WITHIN GROUP"));
    }
    Advance();
    Advance();
    Expect(TokenKind::kLeftParen);
    call->within_group = true;
    call->order_by = ParseOrderBy();
    Expect(TokenKind::kRightParen);
  }
  if (At(Keyword::kFilter) && PeekIs(1, TokenKind::kLeftParen)) {
    Advance();
    Advance();
    Expect(Keyword::kWhere);
    call->filter = ParseExpr();
    Expect(TokenKind::kRightParen);
  }
  if (At(Keyword::kOver)) {
    Advance();
    const uint32_t position = Position();
    if (At(TokenKind::kLeftParen)) {
      call->over = std::make_unique<AstWindow>(ParseWindowSpec());
    } else {
      call->over = std::make_unique<AstWindow>();
      call->over->reference = ParseName();
      call->over->is_reference = true;
    }
    call->over->position = position;
  }
  return call;
}

AstExprPtr Parser::ParseSpecialForm() {
  Nesting nesting(this);
  const bool nullif = At(Keyword::kNullif);
  const uint32_t position = Position();
  auto call = MakeCall(TakeWord(), CallSyntax::kSpecialForm, position);
  Expect(TokenKind::kLeftParen);
  do {
    call->args.push_back({{}, ParseExpr()});
    if (nullif && call->args.size() == 2) break;
  } while (Accept(TokenKind::kComma));
  if (nullif && call->args.size() != 2) FailHere();
  Expect(TokenKind::kRightParen);
  return call;
}

AstExprPtr Parser::ParseKeywordFunction() {
  const bool precision = AtAny({Keyword::kCurrentTime, Keyword::kCurrentTimestamp,
                                Keyword::kLocaltime, Keyword::kLocaltimestamp});
  const uint32_t position = Position();
  auto call = MakeCall(TakeWord(), CallSyntax::kKeyword, position);
  if (precision && Accept(TokenKind::kLeftParen)) {
    if (!At(TokenKind::kInteger)) FailHere();
    if (!failed_) call->args.push_back({{}, ParseNumber()});
    Expect(TokenKind::kRightParen);
  }
  return call;
}

AstExprPtr Parser::ParseSpecialCall() {
  Nesting nesting(this);
  const uint32_t position = Position();
  const Keyword keyword = current_.keyword;
  Advance();
  Expect(TokenKind::kLeftParen);
  AstExprPtr call;
  switch (keyword) {
    case Keyword::kExtract:
      call = ParseExtract(position);
      break;
    case Keyword::kPosition:
      call = ParsePosition(position);
      break;
    case Keyword::kSubstring:
      call = ParseSubstring(position);
      break;
    case Keyword::kOverlay:
      call = ParseOverlay(position);
      break;
    default:
      call = ParseTrim(position);
      break;
  }
  Expect(TokenKind::kRightParen);
  return call;
}

AstExprPtr Parser::ParseExtract(uint32_t position) {
  auto call = MakeCall("extract", CallSyntax::kExtract, position);
  const uint32_t field = Position();
  call->args.push_back(
      {{}, std::make_unique<AstLiteral>(field, LiteralKind::kString, ParseNameOrString())});
  Expect(Keyword::kFrom);
  call->args.push_back({{}, ParseExpr()});
  return call;
}

AstExprPtr Parser::ParsePosition(uint32_t position) {
  auto call = MakeCall("position", CallSyntax::kPosition, position);
  AstExprPtr part = ParseRestricted();
  Expect(Keyword::kIn);
  call->args.push_back({{}, ParseRestricted()});
  call->args.push_back({{}, std::move(part)});
  return call;
}

AstExprPtr Parser::ParseSubstring(uint32_t position) {
  auto call = MakeCall("substring", CallSyntax::kPlain, position);
  if (At(TokenKind::kRightParen)) return call;
  call->args.push_back({{}, ParseExpr()});
  if (Accept(Keyword::kSimilar)) {
    call->syntax = CallSyntax::kSubstringSimilar;
    call->args.push_back({{}, ParseExpr()});
    Expect(Keyword::kEscape);
    call->args.push_back({{}, ParseExpr()});
    return call;
  }
  if (!At(Keyword::kFrom) && !At(Keyword::kFor)) {
    while (Accept(TokenKind::kComma)) call->args.push_back({{}, ParseExpr()});
    return call;
  }
  call->syntax = CallSyntax::kSubstring;
  AstExprPtr from, length;
  if (Accept(Keyword::kFrom)) {
    from = ParseExpr();
    if (Accept(Keyword::kFor)) length = ParseExpr();
  } else {
    Expect(Keyword::kFor);
    length = ParseExpr();
    if (Accept(Keyword::kFrom)) from = ParseExpr();
  }
  if (from == nullptr) {
    from = std::make_unique<AstLiteral>(position, LiteralKind::kInteger, "1");
  }
  call->args.push_back({{}, std::move(from)});
  if (length != nullptr) call->args.push_back({{}, std::move(length)});
  return call;
}

AstExprPtr Parser::ParseOverlay(uint32_t position) {
  auto call = MakeCall("overlay", CallSyntax::kPlain, position);
  if (At(TokenKind::kRightParen)) return call;
  call->args.push_back({{}, ParseExpr()});
  if (!Accept(Keyword::kPlacing)) {
    while (Accept(TokenKind::kComma)) call->args.push_back({{}, ParseExpr()});
    return call;
  }
  call->syntax = CallSyntax::kOverlay;
  call->args.push_back({{}, ParseExpr()});
  Expect(Keyword::kFrom);
  call->args.push_back({{}, ParseExpr()});
  if (Accept(Keyword::kFor)) call->args.push_back({{}, ParseExpr()});
  return call;
}

AstExprPtr Parser::ParseTrim(uint32_t position) {
  auto call = MakeCall("btrim", CallSyntax::kTrim, position);
  if (Accept(Keyword::kLeading)) {
    call->name[0] = "ltrim";
  } else if (Accept(Keyword::kTrailing)) {
    call->name[0] = "rtrim";
  } else {
    Accept(Keyword::kBoth);
  }
  AstExprList list;
  if (!At(Keyword::kFrom)) list = ParseExprList();
  if (Accept(Keyword::kFrom)) {
    AstExprList subject = ParseExprList();
    for (AstExprPtr& expr : list) subject.push_back(std::move(expr));
    list = std::move(subject);
  }
  for (AstExprPtr& expr : list) call->args.push_back({{}, std::move(expr)});
  if (call->args.size() > 2) call->syntax = CallSyntax::kPlain;
  return call;
}

// ( [base] [PARTITION BY ...] [ORDER BY ...] [frame] )
AstWindow Parser::ParseWindowSpec() {
  Nesting nesting(this);
  AstWindow window;
  window.position = Position();
  Expect(TokenKind::kLeftParen);
  // PARTITION, ROWS, RANGE and GROUPS begin a clause here, not a name.
  if (IsName(current_) &&
      !AtAny({Keyword::kPartition, Keyword::kRange, Keyword::kRows, Keyword::kGroups})) {
    window.reference = TakeWord();
  }
  if (Accept(Keyword::kPartition)) {
    Expect(Keyword::kBy);
    window.partition_by = ParseExprList();
  }
  if (At(Keyword::kOrder)) window.order_by = ParseOrderBy();
  if (AtAny({Keyword::kRange, Keyword::kRows, Keyword::kGroups})) ParseFrame(&window);
  Expect(TokenKind::kRightParen);
  return window;
}

void Parser::ParseFrame(AstWindow* window) {
  const uint32_t position = Position();
  auto frame = std::make_unique<AstFrame>();
  if (At(Keyword::kRows)) frame->mode = FrameMode::kRows;
  if (At(Keyword::kGroups)) frame->mode = FrameMode::kGroups;
  Advance();
  frame->end.kind = FrameBoundKind::kCurrentRow;
  const bool between = Accept(Keyword::kBetween);
  frame->start = ParseFrameBound();
  if (between) {
    Expect(Keyword::kAnd);
    frame->end = ParseFrameBound();
  }
  const FrameBoundKind start = frame->start.kind;
  const FrameBoundKind end = frame->end.kind;
  const char* problem = nullptr;
  if (start == FrameBoundKind::kUnboundedFollowing) {
    problem = "frame start cannot be UNBOUNDED FOLLOWING";
  } else if (end == FrameBoundKind::kUnboundedPreceding) {
    problem = "frame end cannot be UNBOUNDED PRECEDING";
  } else if (!between && start == FrameBoundKind::kFollowing) {
    problem = "frame starting from following row cannot end with current row";
  } else if (start == FrameBoundKind::kCurrentRow && end == FrameBoundKind::kPreceding) {
    problem = "frame starting from current row cannot have preceding rows";
  } else if (start == FrameBoundKind::kFollowing &&
             (end == FrameBoundKind::kPreceding || end == FrameBoundKind::kCurrentRow)) {
    problem = "frame starting from following row cannot have preceding rows";
  }
  if (problem != nullptr) {
    FailAt(position, Error(SqlState{"42P20"}, "{}", problem));
  }
  if (Accept(Keyword::kExclude)) {
    if (Accept(Keyword::kCurrent)) {
      Expect(Keyword::kRow);
      frame->exclusion = FrameExclusion::kCurrentRow;
    } else if (Accept(Keyword::kGroup)) {
      frame->exclusion = FrameExclusion::kGroup;
    } else if (Accept(Keyword::kTies)) {
      frame->exclusion = FrameExclusion::kTies;
    } else {
      Expect(Keyword::kNo);
      Expect(Keyword::kOthers);
    }
  }
  window->frame = std::move(frame);
}

AstFrameBound Parser::ParseFrameBound() {
  AstFrameBound bound;
  if (Accept(Keyword::kCurrent, Keyword::kRow)) {
    bound.kind = FrameBoundKind::kCurrentRow;
    return bound;
  }
  const bool unbounded =
      At(Keyword::kUnbounded) && (PeekIs(1, Keyword::kPreceding) || PeekIs(1, Keyword::kFollowing));
  if (unbounded) {
    Advance();
  } else {
    bound.offset = ParseExpr();
  }
  if (Accept(Keyword::kPreceding)) {
    bound.kind = unbounded ? FrameBoundKind::kUnboundedPreceding : FrameBoundKind::kPreceding;
  } else {
    Expect(Keyword::kFollowing);
    bound.kind = unbounded ? FrameBoundKind::kUnboundedFollowing : FrameBoundKind::kFollowing;
  }
  return bound;
}

}  // namespace driftdb::sql
