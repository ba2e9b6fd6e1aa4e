// Column definitions, column and table constraints.
#include <utility>

#include "base/error.h"
#include "sql/parse/parser.h"

namespace driftdb::sql {

AstColumnDef Parser::ParseColumnDef() {
  AstColumnDef column;
  column.position = Position();
  column.name = ParseName();
  column.type = ParseTypeName();
  while (ParseColumnConstraint(&column)) {
  }
  return column;
}

// One constraint or COLLATE clause; false if none follows.
bool Parser::ParseColumnConstraint(AstColumnDef* column) {
  if (Accept(Keyword::kCollate)) {
    column->collation = ParseAnyName();
    return true;
  }
  AstConstraint constraint;
  constraint.position = Position();
  const bool named = Accept(Keyword::kConstraint);
  if (named) constraint.name = ParseName();
  if (Accept(Keyword::kNot)) {
    Expect(Keyword::kNull);
    constraint.kind = ConstraintKind::kNotNull;
    if (Accept(Keyword::kNo)) {
      if (!AcceptWord("inherit")) FailHere();
      constraint.no_inherit = true;
    }
  } else if (Accept(Keyword::kNull)) {
    constraint.kind = ConstraintKind::kNull;
  } else if (Accept(Keyword::kDefault)) {
    constraint.kind = ConstraintKind::kDefault;
    constraint.expr = ParseRestricted();
  } else if (Accept(Keyword::kCheck)) {
    constraint.kind = ConstraintKind::kCheck;
    Expect(TokenKind::kLeftParen);
    constraint.expr = ParseExpr();
    Expect(TokenKind::kRightParen);
  } else if (Accept(Keyword::kPrimary)) {
    Expect(Keyword::kKey);
    constraint.kind = ConstraintKind::kPrimaryKey;
  } else if (Accept(Keyword::kUnique)) {
    constraint.kind = ConstraintKind::kUnique;
  } else if (At(Keyword::kReferences)) {
    constraint.kind = ConstraintKind::kForeignKey;
    ParseReferences(&constraint);
  } else if (At(Keyword::kGenerated)) {
    ParseGenerated(&constraint);
  } else {
    if (named) FailHere();
    return false;
  }
  ParseConstraintAttributes(&constraint, true);
  column->constraints.push_back(std::move(constraint));
  return true;
}

// GENERATED {ALWAYS | BY DEFAULT} AS IDENTITY [(options)] | GENERATED ALWAYS AS (expr) STORED
void Parser::ParseGenerated(AstConstraint* constraint) {
  Expect(Keyword::kGenerated);
  constraint->identity_always = Accept(Keyword::kAlways);
  if (!constraint->identity_always) {
    Expect(Keyword::kBy);
    Expect(Keyword::kDefault);
  }
  Expect(Keyword::kAs);
  if (Accept(Keyword::kIdentity)) {
    constraint->kind = ConstraintKind::kIdentity;
    if (Accept(TokenKind::kLeftParen)) {
      constraint->sequence_options = ParseSequenceOptions();
      Expect(TokenKind::kRightParen);
    }
    return;
  }
  constraint->kind = ConstraintKind::kGenerated;
  if (!constraint->identity_always) FailHere();
  Expect(TokenKind::kLeftParen);
  constraint->expr = ParseExpr();
  Expect(TokenKind::kRightParen);
  Expect(Keyword::kStored);
}

void Parser::ParseReferences(AstConstraint* constraint) {
  Expect(Keyword::kReferences);
  constraint->referenced_table = ParseObjectName();
  if (At(TokenKind::kLeftParen)) constraint->referenced_columns = ParseParenNameList();
  while (true) {
    if (Accept(Keyword::kMatch)) {
      if (Accept(Keyword::kFull)) {
        constraint->match = ForeignKeyMatch::kFull;
      } else if (Accept(Keyword::kPartial)) {
        constraint->match = ForeignKeyMatch::kPartial;
      } else {
        Expect(Keyword::kSimple);
      }
    } else if (Accept(Keyword::kOn, Keyword::kDelete)) {
      constraint->on_delete = ParseForeignKeyAction();
    } else if (Accept(Keyword::kOn, Keyword::kUpdate)) {
      constraint->on_update = ParseForeignKeyAction();
    } else {
      break;
    }
  }
}

ForeignKeyAction Parser::ParseForeignKeyAction() {
  if (Accept(Keyword::kCascade)) return ForeignKeyAction::kCascade;
  if (Accept(Keyword::kRestrict)) return ForeignKeyAction::kRestrict;
  if (Accept(Keyword::kSet)) {
    if (Accept(Keyword::kDefault)) return ForeignKeyAction::kSetDefault;
    Expect(Keyword::kNull);
    return ForeignKeyAction::kSetNull;
  }
  Expect(Keyword::kNo);
  Expect(Keyword::kAction);
  return ForeignKeyAction::kNoAction;
}

void Parser::ParseConstraintAttributes(AstConstraint* constraint, bool column) {
  while (true) {
    if (At(Keyword::kNot) && PeekIs(1, Keyword::kDeferrable)) {
      Advance();
      Advance();
      constraint->deferrable = false;
    } else if (Accept(Keyword::kDeferrable)) {
      constraint->deferrable = true;
    } else if (Accept(Keyword::kInitially)) {
      constraint->initially_deferred = Accept(Keyword::kDeferred);
      if (constraint->initially_deferred) {
        constraint->deferrable = true;
      } else {
        Expect(Keyword::kImmediate);
      }
    } else if (!column && At(Keyword::kNot) && PeekIs(1, Keyword::kValid)) {
      Advance();
      Advance();
      constraint->not_valid = true;
    } else if (At(Keyword::kNo) && constraint->kind == ConstraintKind::kCheck) {
      Advance();
      if (!AcceptWord("inherit")) FailHere();
      constraint->no_inherit = true;
    } else if (column && At(Keyword::kWith) && PeekIs(1, TokenKind::kLeftParen)) {
      Advance();
      constraint->options = ParseOptions(false);
    } else {
      break;
    }
  }
}

bool Parser::ParseTableConstraint(AstConstraint* constraint) {
  if (!AtAny({Keyword::kConstraint, Keyword::kCheck, Keyword::kPrimary, Keyword::kUnique,
              Keyword::kForeign}) &&
      !(AtWord("exclude") && PeekIs(1, Keyword::kUsing))) {
    return false;
  }
  constraint->position = Position();
  if (Accept(Keyword::kConstraint)) constraint->name = ParseName();
  if (Accept(Keyword::kCheck)) {
    constraint->kind = ConstraintKind::kCheck;
    Expect(TokenKind::kLeftParen);
    constraint->expr = ParseExpr();
    Expect(TokenKind::kRightParen);
  } else if (At(Keyword::kPrimary) || At(Keyword::kUnique)) {
    const bool primary = Accept(Keyword::kPrimary);
    if (primary) {
      Expect(Keyword::kKey);
    } else {
      Advance();
      if (Accept(Keyword::kNulls)) {
        constraint->nulls_not_distinct = Accept(Keyword::kNot);
        Expect(Keyword::kDistinct);
      }
    }
    constraint->kind = primary ? ConstraintKind::kPrimaryKey : ConstraintKind::kUnique;
    if (At(Keyword::kUsing)) FailUnsupported("a constraint USING INDEX");
    constraint->columns = ParseParenNameList();
    if (At(Keyword::kInclude)) FailUnsupported("INCLUDE in a constraint");
    if (At(Keyword::kWith)) {
      Advance();
      constraint->options = ParseOptions(false);
    }
  } else if (Accept(Keyword::kForeign)) {
    Expect(Keyword::kKey);
    constraint->kind = ConstraintKind::kForeignKey;
    constraint->columns = ParseParenNameList();
    ParseReferences(constraint);
  } else if (AtWord("exclude")) {
    FailUnsupported("EXCLUDE");
  } else {
    FailHere();
  }
  ParseConstraintAttributes(constraint, false);
  return true;
}

}  // namespace driftdb::sql
