// INSERT, UPDATE, DELETE.
#include <utility>

#include "base/error.h"
#include "sql/parse/parser.h"

namespace driftdb::sql {

AstStatement Parser::ParsePreparable() {
  std::unique_ptr<AstWith> with;
  if (At(Keyword::kWith)) with = ParseWith();
  if (AtAny({Keyword::kInsert, Keyword::kUpdate, Keyword::kDelete, Keyword::kMerge})) {
    return ParseModify(std::move(with));
  }
  AstSelectPtr select = ParseSelect();
  if (with != nullptr) AttachWith(std::move(with), &select->with);
  return MakeAstStatement(std::move(select));
}

AstStatement Parser::ParseModify(std::unique_ptr<AstWith> with) {
  if (At(Keyword::kInsert)) return ParseInsert(std::move(with));
  if (At(Keyword::kUpdate)) return ParseUpdate(std::move(with));
  if (At(Keyword::kMerge)) FailUnsupported("MERGE");
  return ParseDelete(std::move(with));
}

AstStatement Parser::ParseInsert(std::unique_ptr<AstWith> with) {
  auto insert = std::make_unique<AstInsert>();
  insert->position = Position();
  insert->with = std::move(with);
  Expect(Keyword::kInsert);
  Expect(Keyword::kInto);
  insert->table = ParseObjectName();
  if (Accept(Keyword::kAs)) insert->alias = ParseName();
  // "(" begins a column list unless a query follows: INSERT INTO t (SELECT ...).
  if (At(TokenKind::kLeftParen)) {
    const Token& next = Peek(1);
    const bool query = next.kind == TokenKind::kLeftParen || next.keyword == Keyword::kSelect ||
                       next.keyword == Keyword::kValues || next.keyword == Keyword::kWith ||
                       next.keyword == Keyword::kTable;
    if (!query) insert->columns = ParseParenNameList(&insert->column_positions);
  }
  if (Accept(Keyword::kOverriding)) {
    insert->overriding =
        At(Keyword::kUser) ? OverridingKind::kUserValue : OverridingKind::kSystemValue;
    if (!Accept(Keyword::kUser)) Expect(Keyword::kSystem);
    Expect(Keyword::kValue);
  }
  if (At(Keyword::kDefault) && insert->columns.empty()) {
    Advance();
    Expect(Keyword::kValues);
  } else {
    insert->source = ParseSelect();
  }
  if (At(Keyword::kOn)) ParseOnConflict(&insert->on_conflict);
  insert->returning = ParseReturning();
  return MakeAstStatement(std::move(insert));
}

void Parser::ParseOnConflict(AstOnConflict* conflict) {
  conflict->position = Position();
  Expect(Keyword::kOn);
  Expect(Keyword::kConflict);
  if (Accept(TokenKind::kLeftParen)) {
    do {
      conflict->target.push_back(ParseIndexElement());
    } while (Accept(TokenKind::kComma));
    Expect(TokenKind::kRightParen);
    if (Accept(Keyword::kWhere)) conflict->target_where = ParseExpr();
  } else if (Accept(Keyword::kOn)) {
    Expect(Keyword::kConstraint);
    conflict->constraint = ParseName();
  }
  Expect(Keyword::kDo);
  if (Accept(Keyword::kNothing)) {
    conflict->action = ConflictAction::kNothing;
    return;
  }
  Expect(Keyword::kUpdate);
  conflict->action = ConflictAction::kUpdate;
  if (conflict->target.empty() && conflict->constraint.empty()) {
    FailAt(conflict->position,
           Error(sqlstate::kSyntaxError,
                 "ON CONFLICT DO UPDATE requires inference specification or constraint name")
               .WithHint("For example, ON CONFLICT (column_name)."));
  }
  conflict->assignments = ParseAssignments();
  if (Accept(Keyword::kWhere)) conflict->where = ParseExpr();
}

std::vector<AstAssignment> Parser::ParseAssignments() {
  std::vector<AstAssignment> assignments;
  Expect(Keyword::kSet);
  do {
    assignments.push_back(ParseAssignment());
  } while (Accept(TokenKind::kComma));
  return assignments;
}

AstAssignment Parser::ParseAssignment() {
  AstAssignment assignment;
  if (!At(TokenKind::kLeftParen)) {
    assignment.column_positions.push_back(Position());
    assignment.columns.push_back(ParseName());
    if (At(TokenKind::kLeftBracket) || At(TokenKind::kDot)) {
      FailUnsupported("assignment to a part of a column");
    }
    Expect(TokenKind::kEquals);
    assignment.values.push_back(ParseExprOrDefault());
    return assignment;
  }
  assignment.columns = ParseParenNameList(&assignment.column_positions);
  Expect(TokenKind::kEquals);
  const uint32_t position = Position();
  const bool row = Accept(Keyword::kRow);
  const Token& next = Peek(1);
  if (!row && At(TokenKind::kLeftParen) &&
      (next.keyword == Keyword::kSelect || next.keyword == Keyword::kWith ||
       next.keyword == Keyword::kValues || next.kind == TokenKind::kLeftParen)) {
    ParsedParens parens = ParseParens();
    assignment.subquery = std::move(parens.select);
    assignment.values = std::move(parens.exprs);
  } else {
    Expect(TokenKind::kLeftParen);
    do {
      assignment.values.push_back(ParseExprOrDefault());
    } while (Accept(TokenKind::kComma));
    Expect(TokenKind::kRightParen);
  }
  const bool single = !row && assignment.values.size() == 1 && assignment.columns.size() > 1;
  if (assignment.subquery == nullptr && !single &&
      assignment.values.size() != assignment.columns.size()) {
    FailAt(position,
           Error(sqlstate::kSyntaxError, "number of columns does not match number of values"));
  }
  return assignment;
}

AstStatement Parser::ParseUpdate(std::unique_ptr<AstWith> with) {
  auto update = std::make_unique<AstUpdate>();
  update->position = Position();
  update->with = std::move(with);
  Expect(Keyword::kUpdate);
  Accept(Keyword::kOnly);
  update->table = ParseObjectName();
  Accept(TokenKind::kStar);
  if (Accept(Keyword::kAs)) {
    update->alias = ParseName();
  } else if (!At(Keyword::kSet) && IsName(current_)) {
    update->alias = TakeWord();
  }
  update->assignments = ParseAssignments();
  if (Accept(Keyword::kFrom)) update->from = ParseFromList();
  if (Accept(Keyword::kWhere)) {
    if (At(Keyword::kCurrent) && PeekIs(1, Keyword::kOf)) FailUnsupported("WHERE CURRENT OF");
    update->where = ParseExpr();
  }
  update->returning = ParseReturning();
  return MakeAstStatement(std::move(update));
}

AstStatement Parser::ParseDelete(std::unique_ptr<AstWith> with) {
  auto node = std::make_unique<AstDelete>();
  node->position = Position();
  node->with = std::move(with);
  Expect(Keyword::kDelete);
  Expect(Keyword::kFrom);
  Accept(Keyword::kOnly);
  node->table = ParseObjectName();
  Accept(TokenKind::kStar);
  if (Accept(Keyword::kAs)) {
    node->alias = ParseName();
  } else if (IsName(current_)) {
    node->alias = TakeWord();
  }
  if (Accept(Keyword::kUsing)) node->using_tables = ParseFromList();
  if (Accept(Keyword::kWhere)) {
    if (At(Keyword::kCurrent) && PeekIs(1, Keyword::kOf)) FailUnsupported("WHERE CURRENT OF");
    node->where = ParseExpr();
  }
  node->returning = ParseReturning();
  return MakeAstStatement(std::move(node));
}

std::vector<AstTarget> Parser::ParseReturning() {
  if (!Accept(Keyword::kReturning)) return {};
  return ParseTargets();
}

}  // namespace driftdb::sql
