// Queries: SELECT, VALUES, TABLE, set operations, WITH, and the clauses after them.
#include <utility>

#include "base/error.h"
#include "sql/parse/parser.h"

namespace driftdb::sql {
namespace {

constexpr int kUnionStrength = 1;
constexpr int kIntersectStrength = 2;

}  // namespace

AstSelectPtr Parser::ParseSelect() {
  Nesting nesting(this);
  std::unique_ptr<AstWith> with;
  if (At(Keyword::kWith)) with = ParseWith();
  AstSelectPtr select = ParseSelectBody(0);
  ParseSelectTail(select.get());
  if (with != nullptr) AttachWith(std::move(with), &select->with);
  return select;
}

void Parser::AttachWith(std::unique_ptr<AstWith> with, std::unique_ptr<AstWith>* slot) {
  if (*slot != nullptr) {
    FailAt(with->position, Error(sqlstate::kSyntaxError, "multiple WITH clauses not allowed"));
    return;
  }
  *slot = std::move(with);
}

AstSelectPtr Parser::ParseSelectBody(int minimum) {
  return ContinueSelect(ParseSelectOperand(), minimum);
}

AstSelectPtr Parser::ParseSelectOperand() {
  if (At(Keyword::kSelect)) return ParseQuery();
  if (At(Keyword::kValues)) return ParseValues();
  if (At(Keyword::kTable)) return ParseTableQuery();
  if (At(TokenKind::kLeftParen)) return ParseParenSelect();
  FailHere();
  return std::make_unique<AstSelect>(SelectKind::kQuery, Position());
}

AstSelectPtr Parser::ParseParenSelect() {
  Nesting nesting(this);
  Expect(TokenKind::kLeftParen);
  AstSelectPtr select;
  if (At(TokenKind::kLeftParen)) {
    select = ContinueSelect(ParseParenSelect(), 0);
    ParseSelectTail(select.get());
  } else {
    select = ParseSelect();
  }
  Expect(TokenKind::kRightParen);
  return select;
}

AstSelectPtr Parser::ContinueSelect(AstSelectPtr left, int minimum) {
  while (AtAny({Keyword::kUnion, Keyword::kExcept, Keyword::kIntersect})) {
    const bool intersect = At(Keyword::kIntersect);
    const int strength = intersect ? kIntersectStrength : kUnionStrength;
    if (strength < minimum) break;
    auto node = std::make_unique<AstSelect>(SelectKind::kSetOperation, Position());
    node->set_operator = intersect             ? SetOperator::kIntersect
                         : At(Keyword::kUnion) ? SetOperator::kUnion
                                               : SetOperator::kExcept;
    Advance();
    node->all = Accept(Keyword::kAll);
    if (!node->all) Accept(Keyword::kDistinct);
    node->left = std::move(left);
    node->right = ParseSelectBody(strength + 1);
    left = std::move(node);
  }
  return left;
}

bool Parser::AtSelectContinuation() const {
  return AtAny({Keyword::kUnion, Keyword::kExcept, Keyword::kIntersect, Keyword::kOrder,
                Keyword::kLimit, Keyword::kOffset, Keyword::kFetch, Keyword::kFor});
}

AstSelectPtr Parser::ParseQuery() {
  auto select = std::make_unique<AstSelect>(SelectKind::kQuery, Position());
  Expect(Keyword::kSelect);
  if (Accept(Keyword::kDistinct)) {
    select->distinct = true;
    if (Accept(Keyword::kOn)) {
      Expect(TokenKind::kLeftParen);
      select->distinct_on = ParseExprList();
      Expect(TokenKind::kRightParen);
    }
  } else {
    Accept(Keyword::kAll);
  }
  const bool no_targets =
      AtAny({Keyword::kFrom, Keyword::kWhere, Keyword::kGroup, Keyword::kHaving, Keyword::kWindow,
             Keyword::kUnion, Keyword::kExcept, Keyword::kIntersect, Keyword::kOrder,
             Keyword::kLimit, Keyword::kOffset, Keyword::kFetch, Keyword::kFor}) ||
      At(TokenKind::kEnd) || At(TokenKind::kSemicolon) || At(TokenKind::kRightParen);
  if (!no_targets || select->distinct) select->targets = ParseTargets();
  if (At(Keyword::kInto)) FailUnsupported("SELECT INTO");
  if (Accept(Keyword::kFrom)) select->from = ParseFromList();
  if (Accept(Keyword::kWhere)) select->where = ParseExpr();
  if (Accept(Keyword::kGroup)) ParseGroupBy(select.get());
  if (Accept(Keyword::kHaving)) select->having = ParseExpr();
  if (Accept(Keyword::kWindow)) {
    do {
      std::string name = ParseName();
      Expect(Keyword::kAs);
      AstWindow window = ParseWindowSpec();
      window.name = std::move(name);
      select->windows.push_back(std::move(window));
    } while (Accept(TokenKind::kComma));
  }
  return select;
}

AstSelectPtr Parser::ParseValues() {
  auto select = std::make_unique<AstSelect>(SelectKind::kValues, Position());
  Expect(Keyword::kValues);
  do {
    AstExprList row;
    const uint32_t position = Position();
    Expect(TokenKind::kLeftParen);
    do {
      row.push_back(ParseExprOrDefault());
    } while (Accept(TokenKind::kComma));
    Expect(TokenKind::kRightParen);
    if (!select->rows.empty() && row.size() != select->rows[0].size()) {
      FailAt(position, Error(sqlstate::kSyntaxError, "VALUES lists must all be the same length"));
    }
    select->rows.push_back(std::move(row));
  } while (Accept(TokenKind::kComma));
  return select;
}

AstSelectPtr Parser::ParseTableQuery() {
  const uint32_t position = Position();
  auto select = std::make_unique<AstSelect>(SelectKind::kQuery, position);
  Advance();
  auto star = std::make_unique<AstColumnRef>(position);
  star->star = true;
  select->targets.push_back({std::move(star), {}, position});
  auto ref = std::make_unique<AstTableRef>(TableRefKind::kTable, Position());
  ref->only = Accept(Keyword::kOnly);
  ref->table = ParseObjectName();
  select->from.push_back(std::move(ref));
  return select;
}

std::vector<AstTarget> Parser::ParseTargets() {
  std::vector<AstTarget> targets;
  do {
    targets.push_back(ParseTarget());
  } while (Accept(TokenKind::kComma));
  return targets;
}

AstTarget Parser::ParseTarget() {
  AstTarget target;
  target.position = Position();
  if (Accept(TokenKind::kStar)) {
    auto star = std::make_unique<AstColumnRef>(target.position);
    star->star = true;
    target.expr = std::move(star);
    return target;
  }
  target.expr = ParseExpr();
  if (Accept(Keyword::kAs)) {
    target.alias = ParseLabel();
  } else if (IsBareLabel(current_)) {
    target.alias = TakeWord();
  }
  return target;
}

void Parser::ParseSelectTail(AstSelect* select) {
  while (true) {
    if (At(Keyword::kOrder)) {
      if (!select->order_by.empty()) {
        Fail(Error(sqlstate::kSyntaxError, "multiple ORDER BY clauses not allowed"));
      }
      select->order_by = ParseOrderBy();
    } else if (At(Keyword::kLimit)) {
      ParseLimit(select);
    } else if (At(Keyword::kFetch)) {
      ParseFetch(select);
    } else if (At(Keyword::kOffset)) {
      ParseOffset(select);
    } else if (At(Keyword::kFor)) {
      ParseLocking(select);
    } else {
      break;
    }
  }
}

void Parser::ParseLimit(AstSelect* select) {
  if (select->limit != nullptr) {
    Fail(Error(sqlstate::kSyntaxError, "multiple LIMIT clauses not allowed"));
  }
  Advance();
  if (Accept(Keyword::kAll)) return;
  select->limit = ParseExpr();
  if (At(TokenKind::kComma)) {
    Fail(Error(sqlstate::kSyntaxError, "LIMIT #,# syntax is not supported")
             .WithHint("Use separate LIMIT and OFFSET clauses."));
  }
}

void Parser::ParseFetch(AstSelect* select) {
  const uint32_t position = Position();
  if (select->limit != nullptr) {
    Fail(Error(sqlstate::kSyntaxError, "multiple LIMIT clauses not allowed"));
  }
  Advance();
  if (!Accept(Keyword::kFirst)) Expect(Keyword::kNext);
  if (At(Keyword::kRow) || At(Keyword::kRows)) {
    select->limit = std::make_unique<AstLiteral>(position, LiteralKind::kInteger, "1");
  } else {
    select->limit = At(TokenKind::kMinus) || At(TokenKind::kPlus) ? ParsePrefix() : ParsePrimary();
  }
  if (!Accept(Keyword::kRow)) Expect(Keyword::kRows);
  if (Accept(Keyword::kWith)) {
    Expect(Keyword::kTies);
    select->with_ties = true;
    if (select->order_by.empty()) {
      FailAt(position, Error(sqlstate::kSyntaxError,
                             "WITH TIES cannot be specified without ORDER BY clause"));
    }
  } else {
    Expect(Keyword::kOnly);
  }
}

void Parser::ParseOffset(AstSelect* select) {
  if (select->offset != nullptr) {
    Fail(Error(sqlstate::kSyntaxError, "multiple OFFSET clauses not allowed"));
  }
  Advance();
  select->offset = ParseExpr();
  if (!Accept(Keyword::kRow)) Accept(Keyword::kRows);
}

void Parser::ParseLocking(AstSelect* select) {
  AstLocking locking;
  locking.position = Position();
  Advance();
  if (Accept(Keyword::kRead)) {
    Expect(Keyword::kOnly);
    return;
  }
  if (Accept(Keyword::kNo)) {
    Expect(Keyword::kKey);
    Expect(Keyword::kUpdate);
    locking.strength = LockStrength::kNoKeyUpdate;
  } else if (Accept(Keyword::kKey)) {
    Expect(Keyword::kShare);
    locking.strength = LockStrength::kKeyShare;
  } else if (Accept(Keyword::kShare)) {
    locking.strength = LockStrength::kShare;
  } else {
    Expect(Keyword::kUpdate);
  }
  if (Accept(Keyword::kOf)) locking.tables = ParseObjectNameList();
  if (Accept(Keyword::kNowait)) {
    locking.wait = LockWait::kNowait;
  } else if (Accept(Keyword::kSkip)) {
    Expect(Keyword::kLocked);
    locking.wait = LockWait::kSkipLocked;
  }
  select->locking.push_back(std::move(locking));
}

void Parser::ParseGroupBy(AstSelect* select) {
  Expect(Keyword::kBy);
  if (Accept(Keyword::kDistinct)) {
    select->group_by_distinct = true;
  } else if (Accept(Keyword::kAll)) {
    if (At(TokenKind::kEnd) || At(TokenKind::kSemicolon) || At(TokenKind::kRightParen) ||
        At(Keyword::kHaving) || At(Keyword::kWindow) || AtSelectContinuation() ||
        AtAny({Keyword::kOn, Keyword::kReturning, Keyword::kWith})) {
      select->group_by_all = true;
      return;
    }
  }
  do {
    select->group_by.push_back(ParseGroupingItem());
  } while (Accept(TokenKind::kComma));
}

AstGroupingItem Parser::ParseGroupingItem() {
  Nesting nesting(this);
  AstGroupingItem item;
  item.position = Position();
  if (At(TokenKind::kLeftParen) && PeekIs(1, TokenKind::kRightParen)) {
    Advance();
    Advance();
    item.kind = GroupingKind::kEmpty;
    return item;
  }
  const bool parens = PeekIs(1, TokenKind::kLeftParen);
  if (At(Keyword::kGrouping) && PeekIs(1, Keyword::kSets)) {
    Advance();
    Advance();
    item.kind = GroupingKind::kSets;
    Expect(TokenKind::kLeftParen);
    do {
      item.items.push_back(ParseGroupingItem());
    } while (Accept(TokenKind::kComma));
    Expect(TokenKind::kRightParen);
  } else if (parens && (At(Keyword::kRollup) || At(Keyword::kCube))) {
    item.kind = At(Keyword::kRollup) ? GroupingKind::kRollup : GroupingKind::kCube;
    Advance();
    Advance();
    do {
      AstGroupingItem element;
      element.position = Position();
      element.expr = ParseExpr();
      item.items.push_back(std::move(element));
    } while (Accept(TokenKind::kComma));
    Expect(TokenKind::kRightParen);
  } else {
    item.expr = ParseExpr();
  }
  return item;
}

std::vector<AstOrderItem> Parser::ParseOrderBy() {
  std::vector<AstOrderItem> items;
  Expect(Keyword::kOrder);
  Expect(Keyword::kBy);
  do {
    AstOrderItem item;
    item.expr = ParseExpr();
    if (At(Keyword::kUsing)) FailUnsupported("ORDER BY USING");
    if (Accept(Keyword::kAsc)) {
      item.direction = SortDirection::kAscending;
    } else if (Accept(Keyword::kDesc)) {
      item.direction = SortDirection::kDescending;
    }
    if (Accept(Keyword::kNulls)) {
      item.nulls = At(Keyword::kFirst) ? NullsOrder::kFirst : NullsOrder::kLast;
      if (!Accept(Keyword::kFirst)) Expect(Keyword::kLast);
    }
    items.push_back(std::move(item));
  } while (Accept(TokenKind::kComma));
  return items;
}

std::unique_ptr<AstWith> Parser::ParseWith() {
  auto with = std::make_unique<AstWith>();
  with->position = Position();
  Expect(Keyword::kWith);
  with->recursive = Accept(Keyword::kRecursive);
  do {
    AstCte cte;
    cte.position = Position();
    cte.name = ParseName();
    if (At(TokenKind::kLeftParen)) cte.column_aliases = ParseParenNameList();
    Expect(Keyword::kAs);
    if (Accept(Keyword::kMaterialized)) {
      cte.materialization = CteMaterialization::kMaterialized;
    } else if (Accept(Keyword::kNot)) {
      Expect(Keyword::kMaterialized);
      cte.materialization = CteMaterialization::kNotMaterialized;
    }
    Expect(TokenKind::kLeftParen);
    {
      Nesting nesting(this);
      cte.statement = std::make_unique<AstStatement>(ParsePreparable());
    }
    Expect(TokenKind::kRightParen);
    if (AtWord("search")) FailUnsupported("SEARCH clause");
    if (At(Keyword::kCycle)) FailUnsupported("CYCLE clause");
    with->ctes.push_back(std::move(cte));
  } while (Accept(TokenKind::kComma));
  return with;
}

}  // namespace driftdb::sql
