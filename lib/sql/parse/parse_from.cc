// FROM: tables, joins, subqueries, table functions, aliases, time travel.
#include <utility>

#include "base/error.h"
#include "sql/parse/parser.h"

namespace driftdb::sql {

std::vector<AstTableRefPtr> Parser::ParseFromList() {
  std::vector<AstTableRefPtr> list;
  do {
    list.push_back(ParseTableRef());
  } while (Accept(TokenKind::kComma));
  return list;
}

AstTableRefPtr Parser::ParseTableRef() { return ContinueJoin(ParseTablePrimary()); }

bool Parser::AtJoin() {
  switch (current_.keyword) {
    case Keyword::kJoin:
    case Keyword::kCross:
    case Keyword::kNatural:
    case Keyword::kInner:
    case Keyword::kLeft:
    case Keyword::kRight:
    case Keyword::kFull:
      return true;
    default:
      return false;
  }
}

// Joins to the right of `left`. Called for the right operand of a qualified join too, where those
// before its ON or USING nest to the right: a JOIN b JOIN c ON .. ON ..
AstTableRefPtr Parser::ContinueJoin(AstTableRefPtr left) {
  while (AtJoin()) left = ParseJoin(std::move(left));
  return left;
}

AstTableRefPtr Parser::ParseJoin(AstTableRefPtr left) {
  Nesting nesting(this);
  auto join = std::make_unique<AstTableRef>(TableRefKind::kJoin, Position());
  join->left = std::move(left);
  if (Accept(Keyword::kCross)) {
    Expect(Keyword::kJoin);
    join->join = JoinType::kCross;
    join->right = ParseTablePrimary();
    return join;
  }
  join->natural = Accept(Keyword::kNatural);
  if (AtAny({Keyword::kLeft, Keyword::kRight, Keyword::kFull})) {
    join->join = At(Keyword::kLeft)    ? JoinType::kLeft
                 : At(Keyword::kRight) ? JoinType::kRight
                                       : JoinType::kFull;
    Advance();
    Accept(Keyword::kOuter);
  } else {
    Accept(Keyword::kInner);
  }
  Expect(Keyword::kJoin);
  join->right = ParseTablePrimary();
  if (join->natural) return join;
  join->right = ContinueJoin(std::move(join->right));
  if (Accept(Keyword::kUsing)) {
    join->using_columns = ParseParenNameList();
    if (Accept(Keyword::kAs)) join->using_alias = ParseName();
  } else {
    Expect(Keyword::kOn);
    join->on = ParseExpr();
  }
  return join;
}

AstTableRefPtr Parser::ParseTablePrimary() {
  const uint32_t position = Position();
  const bool lateral = Accept(Keyword::kLateral);
  if (At(TokenKind::kLeftParen)) {
    if (lateral) return FinishSubquery(ParseParenSelect(), true, position);
    return ParseTableParens();
  }
  AstTableRefPtr ref;
  if (At(Keyword::kRows) && PeekIs(1, Keyword::kFrom)) {
    ref = ParseRowsFrom();
    ref->lateral = lateral;
    return ref;
  }
  const bool only = Accept(Keyword::kOnly);
  const bool parens = only && Accept(TokenKind::kLeftParen);
  const uint32_t name_position = Position();
  if (!only && (PeekIs(1, TokenKind::kLeftParen) || lateral) && !IsName(current_) &&
      !IsTypeFunctionName(current_)) {
    // current_date and the like may stand in FROM.
    ref = std::make_unique<AstTableRef>(TableRefKind::kFunction, position);
    ref->functions.push_back(ParsePrimary());
    if (ref->functions[0] == nullptr || ref->functions[0]->kind != AstExprKind::kFunctionCall) {
      FailHere();
    }
    ParseFunctionSuffix(ref.get());
    ref->lateral = lateral;
    return ref;
  }
  std::vector<std::string> name;
  const bool call = PeekIs(1, TokenKind::kLeftParen);
  if (call && !only ? IsTypeFunctionName(current_) : IsName(current_)) {
    name.push_back(TakeWord());
  } else {
    FailHere();
    return std::make_unique<AstTableRef>(TableRefKind::kTable, position);
  }
  while (Accept(TokenKind::kDot)) name.push_back(ParseLabel());
  if (At(TokenKind::kLeftParen) && !only) {
    ref = ParseTableFunction(std::move(name), position);
    ref->lateral = lateral;
    return ref;
  }
  if (lateral) FailHere();
  if (parens) Expect(TokenKind::kRightParen);
  ref = std::make_unique<AstTableRef>(TableRefKind::kTable, position);
  ref->only = only;
  if (name.size() > 3) {
    FailAt(name_position,
           Error(sqlstate::kSyntaxError, "improper qualified name (too many dotted names)"));
  }
  ref->table.position = name_position;
  ref->table.name = std::move(name.back());
  if (name.size() > 1) ref->table.schema = std::move(name[name.size() - 2]);
  if (name.size() > 2) ref->table.catalog = std::move(name[0]);
  if (!only) Accept(TokenKind::kStar);
  ParseAsOf(ref.get());
  ParseAlias(ref.get());
  if (ref->as_of == nullptr) ParseAsOf(ref.get());
  if (At(Keyword::kTablesample)) FailUnsupported("TABLESAMPLE");
  return ref;
}

// '(' in FROM: a subquery with its alias, or a join with an optional one.
AstTableRefPtr Parser::ParseTableParens() {
  Nesting nesting(this);
  const uint32_t position = Position();
  Expect(TokenKind::kLeftParen);
  AstSelectPtr select;
  AstTableRefPtr ref;
  if (AtQueryStart()) {
    select = ParseSelect();
  } else if (At(TokenKind::kLeftParen)) {
    AstTableRefPtr inner = ParseTableParens();
    const bool plain = inner->kind == TableRefKind::kSubquery && inner->alias.empty();
    if (plain && inner->subquery != nullptr &&
        (At(TokenKind::kRightParen) || AtSelectContinuation())) {
      select = ContinueSelect(std::move(inner->subquery), 0);
      ParseSelectTail(select.get());
    } else {
      ref = ContinueJoin(std::move(inner));
    }
  } else {
    ref = ParseTableRef();
  }
  Expect(TokenKind::kRightParen);
  if (select != nullptr) return FinishSubquery(std::move(select), false, position);
  if (ref->kind == TableRefKind::kJoin || ref->alias.empty()) ParseAlias(ref.get());
  return ref;
}

AstTableRefPtr Parser::FinishSubquery(AstSelectPtr select, bool lateral, uint32_t position) {
  auto ref = std::make_unique<AstTableRef>(TableRefKind::kSubquery, position);
  ref->lateral = lateral;
  ref->subquery = std::move(select);
  ParseAlias(ref.get());
  return ref;
}

AstTableRefPtr Parser::ParseTableFunction(std::vector<std::string> name, uint32_t position) {
  auto ref = std::make_unique<AstTableRef>(TableRefKind::kFunction, position);
  ref->functions.push_back(ParseCall(std::move(name), position));
  ParseFunctionSuffix(ref.get());
  return ref;
}

AstTableRefPtr Parser::ParseRowsFrom() {
  auto ref = std::make_unique<AstTableRef>(TableRefKind::kFunction, Position());
  Advance();
  Advance();
  Expect(TokenKind::kLeftParen);
  do {
    AstExprPtr call = ParsePrimary();
    if (call != nullptr && call->kind != AstExprKind::kFunctionCall) FailHere();
    ref->functions.push_back(std::move(call));
  } while (Accept(TokenKind::kComma));
  Expect(TokenKind::kRightParen);
  ParseFunctionSuffix(ref.get());
  return ref;
}

// [WITH ORDINALITY] [AS] alias [(names)] | [AS] [alias] (name type, ...)
void Parser::ParseFunctionSuffix(AstTableRef* ref) {
  if (At(Keyword::kWith) && PeekIs(1, Keyword::kOrdinality)) {
    Advance();
    Advance();
    ref->with_ordinality = true;
  }
  const bool as = Accept(Keyword::kAs);
  if (IsName(current_)) {
    ref->alias = TakeWord();
  } else if (as && !At(TokenKind::kLeftParen)) {
    FailHere();
  }
  if (!At(TokenKind::kLeftParen) || (!as && ref->alias.empty())) return;
  if (PeekIs(2, TokenKind::kComma) || PeekIs(2, TokenKind::kRightParen)) {
    ref->column_aliases = ParseParenNameList();
    return;
  }
  Advance();
  do {
    AstRecordColumn column;
    column.name = ParseName();
    column.type = ParseTypeName();
    ref->record_columns.push_back(std::move(column));
  } while (Accept(TokenKind::kComma));
  Expect(TokenKind::kRightParen);
}

void Parser::ParseAlias(AstTableRef* ref) {
  if (Accept(Keyword::kAs)) {
    ref->alias = ParseName();
  } else if (IsName(current_)) {
    ref->alias = TakeWord();
  } else {
    return;
  }
  if (At(TokenKind::kLeftParen)) ref->column_aliases = ParseParenNameList();
}

// AS OF is time travel only if a moment follows: "t AS of" is an alias.
bool Parser::AtAsOf(int distance) {
  const Token& as = distance == 0 ? current_ : Peek(distance);
  if (as.keyword != Keyword::kAs || !PeekIs(distance + 1, Keyword::kOf)) return false;
  const Token& next = Peek(distance + 2);
  return IsStringKind(next.kind) || next.kind == TokenKind::kParameter ||
         next.keyword == Keyword::kTimestamp || next.keyword == Keyword::kCurrentTimestamp ||
         next.keyword == Keyword::kCast ||
         (next.kind == TokenKind::kWord && (next.text == "timestamptz" || next.text == "now"));
}

void Parser::ParseAsOf(AstTableRef* ref) {
  const uint32_t position = Position();
  if (At(Keyword::kFor)) {
    const Token& next = Peek(1);
    constexpr std::string_view kSystemTime = "system_time";
    if (next.kind != TokenKind::kWord || next.text.size() != kSystemTime.size()) return;
    for (size_t i = 0; i < kSystemTime.size(); ++i) {
      if ((next.text[i] | 0x20) != (kSystemTime[i] | 0x20)) return;
    }
    Advance();
    Advance();
    if (!At(Keyword::kAs)) {
      FailHere();
      return;
    }
  } else if (!AtAsOf(0)) {
    return;
  }
  Expect(Keyword::kAs);
  Expect(Keyword::kOf);
  auto as_of = std::make_unique<AstAsOf>();
  as_of->position = position;
  if (At(TokenKind::kParameter) && current_.text.size() == 4 && current_.text[0] == '@' &&
      (current_.text[1] | 0x20) == 's' && (current_.text[2] | 0x20) == 'e' &&
      (current_.text[3] | 0x20) == 'q') {
    as_of->kind = AsOfKind::kSequence;
    Advance();
    if (At(TokenKind::kParameter) && current_.text[0] == ':') {
      as_of->value = ParseParameter();
    } else {
      Expect(TokenKind::kColon);
      if (At(TokenKind::kParameter)) {
        as_of->value = ParseParameter();
      } else if (At(TokenKind::kInteger)) {
        as_of->value = ParseNumber();
      } else {
        FailHere();
      }
    }
  } else {
    as_of->value = ParseExpr(Precedence::kOther, true);
  }
  ref->as_of = std::move(as_of);
}

}  // namespace driftdb::sql
