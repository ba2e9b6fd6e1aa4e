// CREATE TABLE, INDEX, VIEW, SCHEMA, SEQUENCE.
#include <utility>

#include "base/error.h"
#include "sql/parse/parser.h"

namespace driftdb::sql {

AstStatement Parser::ParseCreate() {
  const uint32_t position = Position();
  Expect(Keyword::kCreate);
  const bool replace = Accept(Keyword::kOr, Keyword::kReplace);
  Accept(Keyword::kLocal);
  Accept(Keyword::kGlobal);
  const bool temporary = Accept(Keyword::kTemp) || Accept(Keyword::kTemporary);
  const bool unlogged = !temporary && Accept(Keyword::kUnlogged);
  const bool recursive = Accept(Keyword::kRecursive);
  if (At(Keyword::kView)) {
    auto view = std::make_unique<AstCreateView>();
    view->position = position;
    view->or_replace = replace;
    view->temporary = temporary;
    view->recursive = recursive;
    return ParseCreateView(std::move(view));
  }
  if (recursive) FailHere();
  if (At(Keyword::kTable) && !replace) return ParseCreateTable(position, temporary, unlogged);
  if (At(Keyword::kSequence) && !replace) return ParseCreateSequence(position, temporary);
  if (!replace && !temporary && !unlogged) {
    if (At(Keyword::kSchema)) return ParseCreateSchema(position);
    const bool unique = Accept(Keyword::kUnique);
    if (At(Keyword::kIndex)) return ParseCreateIndex(position, unique);
    if (unique) FailHere();
  }
  if (AtAny({Keyword::kFunction,     Keyword::kProcedure,  Keyword::kTrigger,
             Keyword::kRole,         Keyword::kUser,       Keyword::kGroup,
             Keyword::kPolicy,       Keyword::kExtension,  Keyword::kMaterialized,
             Keyword::kType,         Keyword::kDomain,     Keyword::kAggregate,
             Keyword::kDatabase,     Keyword::kTablespace, Keyword::kPublication,
             Keyword::kSubscription, Keyword::kRule,       Keyword::kOperator,
             Keyword::kCast,         Keyword::kCollation,  Keyword::kStatistics,
             Keyword::kServer,       Keyword::kForeign,    Keyword::kAccess,
             Keyword::kEvent,        Keyword::kLanguage,   Keyword::kConversion})) {
    std::string what = "CREATE ";
    for (char c : current_.text) what += static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    FailUnsupported(what);
  }
  FailHere();
  return {};
}

AstStatement Parser::ParseCreateTable(uint32_t position, bool temporary, bool unlogged) {
  auto table = std::make_unique<AstCreateTable>();
  table->position = position;
  table->temporary = temporary;
  table->unlogged = unlogged;
  Expect(Keyword::kTable);
  table->if_not_exists = ParseIfNotExists();
  table->table = ParseObjectName();
  std::vector<std::string> names;
  bool names_only = false;
  if (At(TokenKind::kLeftParen) && !PeekIs(1, TokenKind::kRightParen)) {
    // A list of names without types belongs to CREATE TABLE AS.
    names_only =
        IsName(Peek(1)) && (PeekIs(2, TokenKind::kComma) || PeekIs(2, TokenKind::kRightParen));
  }
  if (names_only) {
    names = ParseParenNameList();
  } else if (Accept(TokenKind::kLeftParen)) {
    if (!At(TokenKind::kRightParen)) {
      do {
        ParseTableElement(table.get());
      } while (Accept(TokenKind::kComma));
    }
    Expect(TokenKind::kRightParen);
  } else {
    names_only = true;
  }
  if (At(Keyword::kPartition)) FailUnsupported("PARTITION BY");
  if (At(Keyword::kUsing)) FailUnsupported("a table access method");
  if (AtWord("inherits")) FailUnsupported("INHERITS");
  if (At(Keyword::kWith) && PeekIs(1, TokenKind::kLeftParen)) {
    Advance();
    table->options = ParseOptions(false);
  }
  if (At(Keyword::kOn)) table->on_commit = ParseOnCommit();
  if (At(Keyword::kTablespace)) FailUnsupported("TABLESPACE");
  if (names_only) return ParseCreateTableAs(std::move(table), std::move(names));
  return MakeAstStatement(std::move(table));
}

AstStatement Parser::ParseCreateTableAs(std::unique_ptr<AstCreateTable> table,
                                        std::vector<std::string> names) {
  auto node = std::make_unique<AstCreateTableAs>();
  node->position = table->position;
  node->table = std::move(table->table);
  node->if_not_exists = table->if_not_exists;
  node->temporary = table->temporary;
  node->unlogged = table->unlogged;
  node->column_names = std::move(names);
  node->options = std::move(table->options);
  node->on_commit = table->on_commit;
  Expect(Keyword::kAs);
  if (At(Keyword::kExecute)) FailUnsupported("CREATE TABLE AS EXECUTE");
  node->source = ParseSelect();
  if (Accept(Keyword::kWith)) {
    node->with_data = !Accept(Keyword::kNo);
    if (!AcceptWord("data")) FailHere();
  }
  return MakeAstStatement(std::move(node));
}

OnCommit Parser::ParseOnCommit() {
  Expect(Keyword::kOn);
  Expect(Keyword::kCommit);
  if (Accept(Keyword::kDrop)) return OnCommit::kDrop;
  const bool remove = Accept(Keyword::kDelete);
  if (!remove && !AcceptWord("preserve")) FailHere();
  Expect(Keyword::kRows);
  return remove ? OnCommit::kDeleteRows : OnCommit::kPreserveRows;
}

void Parser::ParseTableElement(AstCreateTable* table) {
  if (At(Keyword::kLike)) FailUnsupported("LIKE in CREATE TABLE");
  AstConstraint constraint;
  if (ParseTableConstraint(&constraint)) {
    table->constraints.push_back(std::move(constraint));
  } else {
    table->columns.push_back(ParseColumnDef());
  }
}

// ( name [= value], ... ); with `bare_values` the equals sign is left out, as in EXPLAIN (...).
std::vector<AstOption> Parser::ParseOptions(bool bare_values) {
  std::vector<AstOption> options;
  Expect(TokenKind::kLeftParen);
  do {
    AstOption option;
    option.position = Position();
    option.name = ParseLabel();
    while (!bare_values && Accept(TokenKind::kDot)) option.name += "." + ParseLabel();
    const bool value = bare_values ? !At(TokenKind::kComma) && !At(TokenKind::kRightParen)
                                   : Accept(TokenKind::kEquals);
    if (value) {
      option.has_value = true;
      const bool number = At(TokenKind::kInteger) || At(TokenKind::kNumeric) ||
                          At(TokenKind::kMinus) || At(TokenKind::kPlus);
      option.value = number ? ParseSignedNumber(false) : ParseNameOrString();
    }
    options.push_back(std::move(option));
  } while (Accept(TokenKind::kComma));
  Expect(TokenKind::kRightParen);
  return options;
}

AstStatement Parser::ParseCreateIndex(uint32_t position, bool unique) {
  auto index = std::make_unique<AstCreateIndex>();
  index->position = position;
  index->unique = unique;
  Expect(Keyword::kIndex);
  index->concurrently = Accept(Keyword::kConcurrently);
  index->if_not_exists = ParseIfNotExists();
  if (!At(Keyword::kOn)) {
    index->name = ParseName();
  } else if (index->if_not_exists) {
    FailHere();
  }
  Expect(Keyword::kOn);
  Accept(Keyword::kOnly);
  index->table = ParseObjectName();
  if (Accept(Keyword::kUsing)) index->method = ParseName();
  Expect(TokenKind::kLeftParen);
  do {
    index->elements.push_back(ParseIndexElement());
  } while (Accept(TokenKind::kComma));
  Expect(TokenKind::kRightParen);
  if (Accept(Keyword::kInclude)) index->include = ParseParenNameList();
  if (At(Keyword::kNulls)) {
    Advance();
    index->nulls_not_distinct = Accept(Keyword::kNot);
    Expect(Keyword::kDistinct);
  }
  if (Accept(Keyword::kWith)) index->options = ParseOptions(false);
  if (At(Keyword::kTablespace)) FailUnsupported("TABLESPACE");
  if (Accept(Keyword::kWhere)) index->where = ParseExpr();
  return MakeAstStatement(std::move(index));
}

AstIndexElement Parser::ParseIndexElement() {
  AstIndexElement element;
  element.position = Position();
  if (Accept(TokenKind::kLeftParen)) {
    element.expr = ParseExpr();
    Expect(TokenKind::kRightParen);
  } else if (IsName(current_) && !PeekIs(1, TokenKind::kLeftParen) && !PeekIs(1, TokenKind::kDot)) {
    element.column = TakeWord();
  } else {
    element.expr = ParsePrimary();
    if (element.expr != nullptr && element.expr->kind != AstExprKind::kFunctionCall) FailHere();
  }
  if (Accept(Keyword::kCollate)) element.collation = ParseAnyName();
  if (IsName(current_) && !AtAny({Keyword::kNulls, Keyword::kAsc, Keyword::kDesc})) {
    element.operator_class = ParseAnyName();
  }
  if (Accept(Keyword::kAsc)) {
    element.direction = SortDirection::kAscending;
  } else if (Accept(Keyword::kDesc)) {
    element.direction = SortDirection::kDescending;
  }
  if (Accept(Keyword::kNulls)) {
    element.nulls = At(Keyword::kFirst) ? NullsOrder::kFirst : NullsOrder::kLast;
    if (!Accept(Keyword::kFirst)) Expect(Keyword::kLast);
  }
  return element;
}

AstStatement Parser::ParseCreateView(std::unique_ptr<AstCreateView> view) {
  Expect(Keyword::kView);
  view->view = ParseObjectName();
  if (At(TokenKind::kLeftParen)) {
    view->column_names = ParseParenNameList();
  } else if (view->recursive) {
    FailHere();
  }
  if (Accept(Keyword::kWith)) view->options = ParseOptions(false);
  Expect(Keyword::kAs);
  view->source_begin = static_cast<uint32_t>(Offset());
  view->source = ParseSelect();
  view->source_end = static_cast<uint32_t>(previous_end_);
  if (At(Keyword::kWith)) FailUnsupported("WITH CHECK OPTION");
  return MakeAstStatement(std::move(view));
}

AstStatement Parser::ParseCreateSchema(uint32_t position) {
  auto schema = std::make_unique<AstCreateSchema>();
  schema->position = position;
  Expect(Keyword::kSchema);
  schema->if_not_exists = ParseIfNotExists();
  if (!At(Keyword::kAuthorization)) schema->name = ParseName();
  if (Accept(Keyword::kAuthorization)) {
    schema->owner = ParseLabel();
    if (schema->name.empty()) schema->name = schema->owner;
  }
  if (AtAny({Keyword::kCreate, Keyword::kGrant})) FailUnsupported("a schema element list");
  return MakeAstStatement(std::move(schema));
}

AstStatement Parser::ParseCreateSequence(uint32_t position, bool temporary) {
  auto sequence = std::make_unique<AstCreateSequence>();
  sequence->position = position;
  sequence->temporary = temporary;
  Expect(Keyword::kSequence);
  sequence->if_not_exists = ParseIfNotExists();
  sequence->sequence = ParseObjectName();
  sequence->options = ParseSequenceOptions();
  return MakeAstStatement(std::move(sequence));
}

std::vector<AstSequenceOption> Parser::ParseSequenceOptions() {
  std::vector<AstSequenceOption> options;
  while (true) {
    AstSequenceOption option;
    if (!ParseSequenceOption(&option)) break;
    options.push_back(std::move(option));
  }
  return options;
}

bool Parser::ParseSequenceOption(AstSequenceOption* option) {
  option->position = Position();
  auto number = [&](SequenceOptionKind kind) {
    option->kind = kind;
    option->has_value = true;
    option->value = ParseSignedNumber(true);
  };
  if (Accept(Keyword::kAs)) {
    option->kind = SequenceOptionKind::kAs;
    option->type = ParseTypeName();
  } else if (Accept(Keyword::kIncrement)) {
    Accept(Keyword::kBy);
    number(SequenceOptionKind::kIncrement);
  } else if (Accept(Keyword::kMinvalue)) {
    number(SequenceOptionKind::kMinValue);
  } else if (Accept(Keyword::kMaxvalue)) {
    number(SequenceOptionKind::kMaxValue);
  } else if (Accept(Keyword::kNo)) {
    option->kind = At(Keyword::kMinvalue)   ? SequenceOptionKind::kNoMinValue
                   : At(Keyword::kMaxvalue) ? SequenceOptionKind::kNoMaxValue
                                            : SequenceOptionKind::kNoCycle;
    if (!Accept(Keyword::kMinvalue) && !Accept(Keyword::kMaxvalue)) Expect(Keyword::kCycle);
  } else if (Accept(Keyword::kStart)) {
    Accept(Keyword::kWith);
    number(SequenceOptionKind::kStart);
  } else if (Accept(Keyword::kRestart)) {
    option->kind = SequenceOptionKind::kRestart;
    if (Accept(Keyword::kWith) || At(TokenKind::kInteger) || At(TokenKind::kMinus) ||
        At(TokenKind::kPlus)) {
      number(SequenceOptionKind::kRestart);
    }
  } else if (Accept(Keyword::kCache)) {
    number(SequenceOptionKind::kCache);
  } else if (Accept(Keyword::kCycle)) {
    option->kind = SequenceOptionKind::kCycle;
  } else if (Accept(Keyword::kOwned)) {
    Expect(Keyword::kBy);
    option->kind = SequenceOptionKind::kOwnedBy;
    option->owner = ParseAnyName();
  } else {
    return false;
  }
  return true;
}

}  // namespace driftdb::sql
