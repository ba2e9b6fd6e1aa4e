// DROP, ALTER, TRUNCATE.
#include <utility>

#include "base/error.h"
#include "sql/parse/parser.h"

namespace driftdb::sql {

bool Parser::ParseObjectKind(ObjectKind* object) {
  if (Accept(Keyword::kTable)) {
    *object = ObjectKind::kTable;
  } else if (Accept(Keyword::kIndex)) {
    *object = ObjectKind::kIndex;
  } else if (Accept(Keyword::kView)) {
    *object = ObjectKind::kView;
  } else if (Accept(Keyword::kSchema)) {
    *object = ObjectKind::kSchema;
  } else if (Accept(Keyword::kSequence)) {
    *object = ObjectKind::kSequence;
  } else {
    if (IsWordKind(current_.kind) && current_.keyword != Keyword::kNotKeyword) {
      std::string what(current_.text);
      FailUnsupported("an operation on " + what);
    }
    FailHere();
    return false;
  }
  return true;
}

AstStatement Parser::ParseDrop() {
  auto drop = std::make_unique<AstDrop>();
  drop->position = Position();
  Expect(Keyword::kDrop);
  if (!ParseObjectKind(&drop->object)) return {};
  if (drop->object == ObjectKind::kIndex) drop->concurrently = Accept(Keyword::kConcurrently);
  drop->if_exists = ParseIfExists();
  drop->names = ParseObjectNameList();
  drop->cascade = ParseCascade();
  return MakeAstStatement(std::move(drop));
}

AstStatement Parser::ParseTruncate() {
  auto truncate = std::make_unique<AstTruncate>();
  truncate->position = Position();
  Expect(Keyword::kTruncate);
  Accept(Keyword::kTable);
  do {
    Accept(Keyword::kOnly);
    truncate->tables.push_back(ParseObjectName());
    Accept(TokenKind::kStar);
  } while (Accept(TokenKind::kComma));
  if (Accept(Keyword::kRestart)) {
    Expect(Keyword::kIdentity);
    truncate->restart_identity = true;
  } else if (AcceptWord("continue")) {
    Expect(Keyword::kIdentity);
  }
  truncate->cascade = ParseCascade();
  return MakeAstStatement(std::move(truncate));
}

AstStatement Parser::ParseAlter() {
  const uint32_t position = Position();
  Expect(Keyword::kAlter);
  ObjectKind object = ObjectKind::kTable;
  if (!ParseObjectKind(&object)) return {};
  return ParseAlterTable(object, position);
}

AstStatement Parser::ParseAlterTable(ObjectKind object, uint32_t position) {
  auto alter = std::make_unique<AstAlterTable>();
  alter->position = position;
  alter->object = object;
  alter->if_exists = ParseIfExists();
  if (object == ObjectKind::kTable) alter->only = Accept(Keyword::kOnly);
  alter->table = ParseObjectName();
  if (object == ObjectKind::kTable) Accept(TokenKind::kStar);
  if (At(Keyword::kRename)) {
    auto rename = std::make_unique<AstRename>();
    rename->position = position;
    rename->object = object;
    rename->name = std::move(alter->table);
    rename->if_exists = alter->if_exists;
    return ParseRename(std::move(rename));
  }
  const bool owner_or_schema =
      At(Keyword::kOwner) || (At(Keyword::kSet) && PeekIs(1, Keyword::kSchema));
  if (object == ObjectKind::kSequence && !owner_or_schema) {
    auto sequence = std::make_unique<AstAlterSequence>();
    sequence->position = position;
    sequence->sequence = std::move(alter->table);
    sequence->if_exists = alter->if_exists;
    sequence->options = ParseSequenceOptions();
    if (sequence->options.empty()) FailHere();
    return MakeAstStatement(std::move(sequence));
  }
  do {
    alter->actions.push_back(ParseAlterTableAction());
  } while (Accept(TokenKind::kComma));
  return MakeAstStatement(std::move(alter));
}

AstStatement Parser::ParseRename(std::unique_ptr<AstRename> rename) {
  Expect(Keyword::kRename);
  if (Accept(Keyword::kTo)) {
    rename->target_name = ParseName();
    return MakeAstStatement(std::move(rename));
  }
  if (rename->object != ObjectKind::kTable && rename->object != ObjectKind::kView) FailHere();
  rename->rename = RenameKind::kColumn;
  if (Accept(Keyword::kConstraint)) {
    rename->rename = RenameKind::kConstraint;
  } else {
    Accept(Keyword::kColumn);
  }
  rename->old_name_position = Position();
  rename->old_name = ParseName();
  Expect(Keyword::kTo);
  rename->target_name = ParseName();
  return MakeAstStatement(std::move(rename));
}

AstAlterTableAction Parser::ParseAlterTableAction() {
  AstAlterTableAction action;
  action.position = Position();
  if (Accept(Keyword::kAdd)) {
    ParseAlterAdd(&action);
  } else if (Accept(Keyword::kDrop)) {
    ParseAlterDrop(&action);
  } else if (Accept(Keyword::kAlter)) {
    ParseAlterColumn(&action);
  } else if (Accept(Keyword::kValidate)) {
    Expect(Keyword::kConstraint);
    action.kind = AlterTableKind::kValidateConstraint;
    action.name = ParseName();
  } else if (Accept(Keyword::kOwner)) {
    Expect(Keyword::kTo);
    action.kind = AlterTableKind::kOwnerTo;
    action.name = ParseLabel();
  } else if (Accept(Keyword::kSet)) {
    if (Accept(Keyword::kSchema)) {
      action.kind = AlterTableKind::kSetSchema;
      action.name = ParseName();
    } else if (At(TokenKind::kLeftParen)) {
      action.kind = AlterTableKind::kSetOptions;
      action.options = ParseOptions(false);
    } else {
      FailHere();
    }
  } else if (Accept(Keyword::kReset)) {
    action.kind = AlterTableKind::kResetOptions;
    action.options = ParseOptions(false);
  } else {
    FailHere();
  }
  return action;
}

void Parser::ParseAlterAdd(AstAlterTableAction* action) {
  if (ParseTableConstraint(&action->constraint)) {
    action->kind = AlterTableKind::kAddConstraint;
    action->name = action->constraint.name;
    return;
  }
  action->kind = AlterTableKind::kAddColumn;
  Accept(Keyword::kColumn);
  action->if_exists = ParseIfNotExists();
  action->column = ParseColumnDef();
  action->name = action->column.name;
}

void Parser::ParseAlterDrop(AstAlterTableAction* action) {
  action->kind = AlterTableKind::kDropColumn;
  if (Accept(Keyword::kConstraint)) {
    action->kind = AlterTableKind::kDropConstraint;
  } else {
    Accept(Keyword::kColumn);
  }
  action->if_exists = ParseIfExists();
  action->name = ParseName();
  action->cascade = ParseCascade();
}

void Parser::ParseAlterColumn(AstAlterTableAction* action) {
  Accept(Keyword::kColumn);
  action->name = ParseName();
  if (Accept(Keyword::kAdd)) {
    action->kind = AlterTableKind::kAddIdentity;
    action->constraint.position = Position();
    ParseGenerated(&action->constraint);
    if (action->constraint.kind != ConstraintKind::kIdentity) FailHere();
    return;
  }
  if (Accept(Keyword::kDrop)) {
    if (Accept(Keyword::kDefault)) {
      action->kind = AlterTableKind::kDropDefault;
    } else if (Accept(Keyword::kIdentity)) {
      action->kind = AlterTableKind::kDropIdentity;
      action->if_exists = ParseIfExists();
    } else {
      Expect(Keyword::kNot);
      Expect(Keyword::kNull);
      action->kind = AlterTableKind::kDropNotNull;
    }
    return;
  }
  const bool set = Accept(Keyword::kSet);
  if (set && Accept(Keyword::kDefault)) {
    action->kind = AlterTableKind::kSetDefault;
    action->expr = ParseExpr();
    return;
  }
  if (set && Accept(Keyword::kNot)) {
    Expect(Keyword::kNull);
    action->kind = AlterTableKind::kSetNotNull;
    return;
  }
  if (set && !AcceptWord("data")) FailHere();
  Expect(Keyword::kType);
  action->kind = AlterTableKind::kSetType;
  action->type = ParseTypeName();
  if (Accept(Keyword::kCollate)) action->collation = ParseAnyName();
  if (Accept(Keyword::kUsing)) action->expr = ParseExpr();
}

}  // namespace driftdb::sql
