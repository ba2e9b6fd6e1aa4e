// Transactions, settings, prepared statements, EXPLAIN, maintenance.
#include <utility>

#include "base/error.h"
#include "sql/parse/parser.h"

namespace driftdb::sql {

AstStatement Parser::ParseTransaction() {
  auto node = std::make_unique<AstTransaction>();
  node->position = Position();
  const Keyword keyword = current_.keyword;
  Advance();
  if (keyword == Keyword::kSavepoint) {
    node->kind = TransactionKind::kSavepoint;
    node->savepoint = ParseName();
    return MakeAstStatement(std::move(node));
  }
  if (keyword == Keyword::kRelease) {
    node->kind = TransactionKind::kRelease;
    Accept(Keyword::kSavepoint);
    node->savepoint = ParseName();
    return MakeAstStatement(std::move(node));
  }
  if (keyword == Keyword::kStart) {
    Expect(Keyword::kTransaction);
  } else if (At(Keyword::kPrepared)) {
    FailUnsupported("two-phase commit");
  } else if (!Accept(Keyword::kWork)) {
    Accept(Keyword::kTransaction);
  }
  if (keyword == Keyword::kBegin || keyword == Keyword::kStart) {
    ParseTransactionModes(node.get());
    return MakeAstStatement(std::move(node));
  }
  const bool commit = keyword == Keyword::kCommit || keyword == Keyword::kEnd;
  node->kind = commit ? TransactionKind::kCommit : TransactionKind::kRollback;
  if (keyword == Keyword::kRollback && Accept(Keyword::kTo)) {
    node->kind = TransactionKind::kRollbackTo;
    Accept(Keyword::kSavepoint);
    node->savepoint = ParseName();
  } else if (Accept(Keyword::kAnd)) {
    node->chain = !Accept(Keyword::kNo);
    Expect(Keyword::kChain);
  }
  return MakeAstStatement(std::move(node));
}

bool Parser::ParseTransactionMode(AstTransaction* transaction) {
  if (Accept(Keyword::kIsolation)) {
    Expect(Keyword::kLevel);
    if (Accept(Keyword::kSerializable)) {
      transaction->isolation = IsolationLevel::kSerializable;
    } else if (Accept(Keyword::kRepeatable)) {
      Expect(Keyword::kRead);
      transaction->isolation = IsolationLevel::kRepeatableRead;
    } else {
      Expect(Keyword::kRead);
      transaction->isolation = At(Keyword::kCommitted) ? IsolationLevel::kReadCommitted
                                                       : IsolationLevel::kReadUncommitted;
      if (!Accept(Keyword::kCommitted)) Expect(Keyword::kUncommitted);
    }
  } else if (Accept(Keyword::kRead)) {
    transaction->read_only = At(Keyword::kOnly) ? TransactionFlag::kOn : TransactionFlag::kOff;
    if (!Accept(Keyword::kOnly)) Expect(Keyword::kWrite);
  } else if (Accept(Keyword::kDeferrable)) {
    transaction->deferrable = TransactionFlag::kOn;
  } else if (Accept(Keyword::kNot)) {
    Expect(Keyword::kDeferrable);
    transaction->deferrable = TransactionFlag::kOff;
  } else {
    return false;
  }
  return true;
}

void Parser::ParseTransactionModes(AstTransaction* transaction) {
  if (!ParseTransactionMode(transaction)) return;
  while (true) {
    if (Accept(TokenKind::kComma)) {
      if (!ParseTransactionMode(transaction)) FailHere();
    } else if (!ParseTransactionMode(transaction)) {
      break;
    }
  }
}

std::string Parser::ParseSettingName() {
  std::string name = ParseName();
  while (Accept(TokenKind::kDot)) {
    name += '.';
    name += ParseName();
  }
  return name;
}

AstStatement Parser::ParseSet() {
  auto set = std::make_unique<AstSet>();
  set->position = Position();
  Expect(Keyword::kSet);
  const bool session =
      At(Keyword::kSession) && !PeekIs(1, Keyword::kTo) && !PeekIs(1, TokenKind::kEquals);
  if (session) {
    Advance();
    if (At(Keyword::kAuthorization)) FailUnsupported("SET SESSION AUTHORIZATION");
  } else if (At(Keyword::kLocal) && !PeekIs(1, Keyword::kTo) && !PeekIs(1, TokenKind::kEquals)) {
    Advance();
    set->scope = SetScope::kLocal;
  }
  const bool characteristics = session && At(Keyword::kCharacteristics);
  if (characteristics ||
      (At(Keyword::kTransaction) && !PeekIs(1, Keyword::kTo) && !PeekIs(1, TokenKind::kEquals))) {
    auto node = std::make_unique<AstTransaction>();
    node->position = set->position;
    node->kind = characteristics ? TransactionKind::kSetSession : TransactionKind::kSetTransaction;
    Advance();
    if (characteristics) {
      Expect(Keyword::kAs);
      Expect(Keyword::kTransaction);
    } else if (AtWord("snapshot")) {
      FailUnsupported("SET TRANSACTION SNAPSHOT");
    }
    if (!ParseTransactionMode(node.get())) FailHere();
    Accept(TokenKind::kComma);
    ParseTransactionModes(node.get());
    return MakeAstStatement(std::move(node));
  }
  if (Accept(Keyword::kTime, Keyword::kZone)) {
    set->name = "timezone";
    ParseTimeZoneValue(set.get());
    return MakeAstStatement(std::move(set));
  }
  const bool names = At(Keyword::kNames);
  const bool schema = At(Keyword::kSchema) && IsStringKind(Peek(1).kind);
  const bool role =
      At(Keyword::kRole) && !PeekIs(1, Keyword::kTo) && !PeekIs(1, TokenKind::kEquals);
  if (names || schema || role) {
    Advance();
    set->name = names ? "client_encoding" : (schema ? "search_path" : "role");
    set->is_default =
        names && (At(TokenKind::kEnd) || At(TokenKind::kSemicolon) || Accept(Keyword::kDefault));
    if (!set->is_default) ParseSetValue(set.get());
    return MakeAstStatement(std::move(set));
  }
  set->name = ParseSettingName();
  if (Accept(Keyword::kFrom, Keyword::kCurrent)) FailUnsupported("SET FROM CURRENT");
  if (!Accept(Keyword::kTo)) Expect(TokenKind::kEquals);
  if (Accept(Keyword::kDefault)) {
    set->is_default = true;
  } else {
    do {
      ParseSetValue(set.get());
    } while (Accept(TokenKind::kComma));
  }
  return MakeAstStatement(std::move(set));
}

void Parser::ParseSetValue(AstSet* set) {
  LiteralKind kind = LiteralKind::kString;
  if (At(TokenKind::kInteger) || At(TokenKind::kNumeric) || At(TokenKind::kMinus) ||
      At(TokenKind::kPlus)) {
    const size_t begin = Offset();
    set->values.push_back(ParseSignedNumber(false));
    const std::string_view text = text_.substr(begin, previous_end_ - begin);
    kind = text.find_first_of(".eE") == std::string_view::npos || text.find('x') != text.npos
               ? LiteralKind::kInteger
               : LiteralKind::kNumeric;
  } else {
    if (AtAny({Keyword::kTrue, Keyword::kFalse})) kind = LiteralKind::kBoolean;
    // Of the reserved words only these four are values.
    const bool word = IsName(current_) || IsTypeFunctionName(current_) ||
                      AtAny({Keyword::kTrue, Keyword::kFalse, Keyword::kOn});
    if (!word && !IsStringKind(current_.kind)) FailHere();
    set->values.push_back(ParseNameOrString());
  }
  set->value_kinds.push_back(kind);
}

void Parser::ParseTimeZoneValue(AstSet* set) {
  if (Accept(Keyword::kDefault) || Accept(Keyword::kLocal)) {
    set->is_default = true;
    return;
  }
  if (At(Keyword::kInterval)) {
    const size_t begin = Offset();
    AstExprPtr literal = ParsePrimary();
    if (failed_) return;
    set->values.emplace_back(text_.substr(begin, previous_end_ - begin));
    set->value_kinds.push_back(LiteralKind::kString);
    return;
  }
  ParseSetValue(set);
}

AstStatement Parser::ParseReset() {
  auto set = std::make_unique<AstSet>();
  set->position = Position();
  Expect(Keyword::kReset);
  set->is_default = true;
  set->is_reset = true;
  if (Accept(Keyword::kAll)) {
    set->name = "all";
  } else if (Accept(Keyword::kTime, Keyword::kZone)) {
    set->name = "timezone";
  } else if (Accept(Keyword::kTransaction)) {
    Expect(Keyword::kIsolation);
    Expect(Keyword::kLevel);
    set->name = "transaction_isolation";
  } else if (Accept(Keyword::kSession)) {
    Expect(Keyword::kAuthorization);
    set->name = "session_authorization";
  } else {
    set->name = ParseSettingName();
  }
  return MakeAstStatement(std::move(set));
}

AstStatement Parser::ParseShow() {
  auto show = std::make_unique<AstShow>();
  show->position = Position();
  Expect(Keyword::kShow);
  if (Accept(Keyword::kAll)) {
    show->name = "all";
  } else if (Accept(Keyword::kTime, Keyword::kZone)) {
    show->name = "timezone";
  } else if (At(Keyword::kTransaction) && PeekIs(1, Keyword::kIsolation)) {
    Advance();
    Advance();
    Expect(Keyword::kLevel);
    show->name = "transaction_isolation";
  } else {
    show->name = ParseSettingName();
  }
  return MakeAstStatement(std::move(show));
}

AstStatement Parser::ParseExplain() {
  Nesting nesting(this);
  auto explain = std::make_unique<AstExplain>();
  explain->position = Position();
  Expect(Keyword::kExplain);
  const bool list = At(TokenKind::kLeftParen) && IsWordKind(Peek(1).kind) &&
                    !PeekIs(1, Keyword::kSelect) && !PeekIs(1, Keyword::kValues) &&
                    !PeekIs(1, Keyword::kWith) && !PeekIs(1, Keyword::kTable);
  if (list) {
    for (AstOption& option : ParseOptions(true))
      ParseExplainOption(explain.get(), std::move(option));
  } else {
    explain->analyze = Accept(Keyword::kAnalyze) || Accept(Keyword::kAnalyse);
    explain->verbose = Accept(Keyword::kVerbose);
  }
  AstStatement statement;
  if (At(Keyword::kExecute)) {
    statement = ParseExecute();
  } else if (At(Keyword::kCreate)) {
    const uint32_t position = Position();
    statement = ParseCreate();
    if (statement.Get<AstCreateTableAs>() == nullptr) {
      FailAt(position, Error(sqlstate::kSyntaxError, "syntax error at or near \"CREATE\""));
    }
  } else {
    statement = ParsePreparable();
  }
  explain->statement = std::make_unique<AstStatement>(std::move(statement));
  return MakeAstStatement(std::move(explain));
}

void Parser::ParseExplainOption(AstExplain* explain, AstOption option) {
  if (option.name == "analyze" || option.name == "verbose") {
    const bool off = option.value == "false" || option.value == "off" || option.value == "0";
    const bool on =
        !option.has_value || option.value == "true" || option.value == "on" || option.value == "1";
    if (!on && !off) {
      FailAt(option.position,
             Error(sqlstate::kSyntaxError, "{} requires a Boolean value", option.name));
    }
    (option.name == "analyze" ? explain->analyze : explain->verbose) = on;
    return;
  }
  if (option.name != "format") {
    explain->options.push_back(std::move(option));
    return;
  }
  if (option.value == "text") {
    explain->format = ExplainFormat::kText;
  } else if (option.value == "json") {
    explain->format = ExplainFormat::kJson;
  } else if (option.value == "yaml") {
    explain->format = ExplainFormat::kYaml;
  } else if (option.value == "xml") {
    explain->format = ExplainFormat::kXml;
  } else if (option.value == "dot") {
    explain->format = ExplainFormat::kDot;
  } else {
    FailAt(option.position,
           Error(sqlstate::kInvalidParameterValue,
                 "unrecognized value for EXPLAIN option \"format\": \"{}\"", option.value));
  }
}

AstStatement Parser::ParseMaintenance() {
  auto node = std::make_unique<AstMaintenance>();
  node->position = Position();
  node->vacuum = At(Keyword::kVacuum);
  Advance();
  if (At(TokenKind::kLeftParen)) {
    for (AstOption& option : ParseOptions(true)) {
      const bool on = !option.has_value || option.value == "true" || option.value == "on" ||
                      option.value == "1";
      if (option.name == "verbose") {
        node->verbose = on;
      } else if (node->vacuum && (option.name == "analyze" || option.name == "analyse")) {
        node->analyze = on;
      } else if (node->vacuum && option.name == "full") {
        node->full = on;
      } else if (node->vacuum && option.name == "freeze") {
        node->freeze = on;
      } else {
        node->options.push_back(std::move(option));
      }
    }
  } else {
    if (node->vacuum) node->full = Accept(Keyword::kFull);
    if (node->vacuum) node->freeze = Accept(Keyword::kFreeze);
    node->verbose = Accept(Keyword::kVerbose);
    if (node->vacuum) node->analyze = Accept(Keyword::kAnalyze) || Accept(Keyword::kAnalyse);
  }
  if (At(TokenKind::kEnd) || At(TokenKind::kSemicolon)) return MakeAstStatement(std::move(node));
  do {
    AstMaintenanceTarget target;
    target.table = ParseObjectName();
    if (At(TokenKind::kLeftParen)) target.columns = ParseParenNameList();
    node->targets.push_back(std::move(target));
  } while (Accept(TokenKind::kComma));
  return MakeAstStatement(std::move(node));
}

AstStatement Parser::ParsePrepare() {
  auto prepare = std::make_unique<AstPrepare>();
  prepare->position = Position();
  Expect(Keyword::kPrepare);
  if (At(Keyword::kTransaction) && IsStringKind(Peek(1).kind)) FailUnsupported("two-phase commit");
  prepare->name = ParseName();
  if (Accept(TokenKind::kLeftParen)) {
    do {
      prepare->parameter_types.push_back(ParseTypeName());
    } while (Accept(TokenKind::kComma));
    Expect(TokenKind::kRightParen);
  }
  Expect(Keyword::kAs);
  prepare->statement_begin = static_cast<uint32_t>(Offset());
  prepare->statement = std::make_unique<AstStatement>(ParsePreparable());
  prepare->statement_end = static_cast<uint32_t>(previous_end_);
  return MakeAstStatement(std::move(prepare));
}

AstStatement Parser::ParseExecute() {
  auto execute = std::make_unique<AstExecute>();
  execute->position = Position();
  Expect(Keyword::kExecute);
  execute->name = ParseName();
  if (Accept(TokenKind::kLeftParen)) {
    execute->args = ParseExprList();
    Expect(TokenKind::kRightParen);
  }
  return MakeAstStatement(std::move(execute));
}

AstStatement Parser::ParseDeallocate() {
  auto deallocate = std::make_unique<AstDeallocate>();
  deallocate->position = Position();
  Expect(Keyword::kDeallocate);
  if (At(Keyword::kPrepare) && !PeekIs(1, TokenKind::kEnd) && !PeekIs(1, TokenKind::kSemicolon)) {
    Advance();
  }
  if (!Accept(Keyword::kAll)) deallocate->name = ParseName();
  return MakeAstStatement(std::move(deallocate));
}

AstStatement Parser::ParseDiscard() {
  auto discard = std::make_unique<AstDiscard>();
  discard->position = Position();
  Expect(Keyword::kDiscard);
  if (Accept(Keyword::kPlans)) {
    discard->kind = DiscardKind::kPlans;
  } else if (Accept(Keyword::kSequences)) {
    discard->kind = DiscardKind::kSequences;
  } else if (Accept(Keyword::kTemp) || Accept(Keyword::kTemporary)) {
    discard->kind = DiscardKind::kTemporary;
  } else {
    Expect(Keyword::kAll);
  }
  return MakeAstStatement(std::move(discard));
}

}  // namespace driftdb::sql
