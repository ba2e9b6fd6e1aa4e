// The parser's inside: one object per statement, private to this folder (callers use parse.h).
// Errors are sticky: the first one is kept in status_ and turns the current token into kEnd, so
// that every loop ends and every further Expect does nothing. Hence no check after each call;
// functions only guard against null children. (PARSE-1) Every loop consumes a token per turn or
// stops at kEnd. Depth: (PARSE-2) every nested construct goes through EnterNesting, so recursion is
// bounded by kNestingMax.
#ifndef DRIFTDB_SQL_PARSE_PARSER_H_
#define DRIFTDB_SQL_PARSE_PARSER_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "sql/parse/ast.h"
#include "sql/parse/lexer.h"

namespace driftdb::sql {

// What stood between parentheses that may hold a query or expressions.
struct ParsedParens {
  AstSelectPtr select;
  AstExprList exprs;
  uint32_t position = 0;
};

// Binding strength of operators, weakest first (PostgreSQL documentation, section 4.1.6).
enum class Precedence : uint8_t {
  kLowest,
  kOr,
  kAnd,
  kNot,
  kIs,
  kComparison,
  kMatch,  // BETWEEN IN LIKE ILIKE SIMILAR
  kOther,
  kAdd,
  kMultiply,
  kPower,
  kAtTimeZone,
  kCollate,
  kUnaryMinus,
  kTypecast,
};

class Parser {
 public:
  explicit Parser(std::string_view text, size_t offset = 0);

  // The entry points of parse.h.
  AstStatement ParseStatement();
  AstExprPtr ParseExpr();
  TypeName ParseTypeName();

  bool failed() const { return failed_; }
  Status& status() { return status_; }
  const Token& current() const { return current_; }
  std::vector<std::string> TakeParameters() { return std::move(parameters_); }
  bool At(TokenKind kind) const { return current_.kind == kind; }
  void Advance();
  void FailHere();
  size_t Offset() const { return static_cast<size_t>(current_.text.data() - text_.data()); }
  size_t previous_end() const { return previous_end_; }

 private:
  class Nesting;

  // parser.cc: tokens, names, literals.
  const Token& Peek(int distance);
  bool At(Keyword keyword) const { return current_.keyword == keyword; }
  bool AtAny(std::initializer_list<Keyword> keywords) const;
  bool PeekIs(int distance, Keyword keyword) { return Peek(distance).keyword == keyword; }
  bool PeekIs(int distance, TokenKind kind) { return Peek(distance).kind == kind; }
  bool Accept(TokenKind kind);
  bool Accept(Keyword keyword);
  // Accepts both words or neither.
  bool Accept(Keyword first, Keyword second);
  void Expect(TokenKind kind);
  void Expect(Keyword keyword);
  bool AtWord(std::string_view lower) const;
  bool AcceptWord(std::string_view lower);
  void Fail(Status status);
  void FailAt(uint32_t position, Status status);
  void FailUnsupported(std::string_view what);
  uint32_t Position() const { return static_cast<uint32_t>(Offset()) + 1; }
  void Reseek(size_t offset);

  bool IsName(const Token& token) const;              // ColId
  bool IsTypeFunctionName(const Token& token) const;  // type or function name
  bool IsLabel(const Token& token) const;             // ColLabel
  bool IsBareLabel(const Token& token) const;         // column label without AS
  static bool IsWordKind(TokenKind kind);
  static bool IsStringKind(TokenKind kind);
  std::string TakeWord();  // the current token as identifier, whatever its class
  std::string ParseName();
  std::string ParseLabel();
  std::vector<std::string> ParseNameList();
  std::vector<std::string> ParseParenNameList(std::vector<uint32_t>* positions = nullptr);
  std::vector<std::string> ParseAnyName();
  AstName ParseObjectName();
  std::vector<AstName> ParseObjectNameList();
  std::string ParseString();
  std::string ParseSignedNumber(bool integer_only);
  std::string ParseNameOrString();
  bool ParseIfExists();
  bool ParseIfNotExists();
  bool ParseCascade();
  char ParseUescape();

  // parse_expr.cc: operators.
  AstExprPtr ParseExpr(Precedence minimum, bool restricted);
  AstExprPtr ParseRestricted() { return ParseExpr(Precedence::kLowest, true); }
  AstExprPtr ContinueExpr(AstExprPtr left, Precedence minimum, bool restricted);
  AstExprList ParseExprList();
  AstExprPtr ParseExprOrDefault();
  AstExprPtr ParsePrefix();
  bool PeekOperator(bool restricted, Precedence* precedence, bool* negated);
  AstExprPtr ParseInfix(AstExprPtr left, Precedence precedence, bool negated,
                        bool* ends_in_operand);
  AstExprPtr ParseLogical(AstExprPtr left, bool is_and);
  AstExprPtr ParseIs(AstExprPtr left, bool* ends_in_operand);
  AstExprPtr ParseMatch(AstExprPtr left, bool negated, bool* ends_in_operand);
  AstExprPtr ParseLike(AstExprPtr left, bool negated, bool* ends_in_operand);
  AstExprPtr ParseIn(AstExprPtr left, bool negated, uint32_t position);
  AstExprPtr ParseBetween(AstExprPtr left, bool negated, uint32_t position);
  AstExprPtr ParseBinary(AstExprPtr left, Precedence precedence);
  AstExprPtr ParseQuantified(AstExprPtr left, std::string schema, std::string op,
                             uint32_t position);
  void ParseOperatorName(std::string* schema, std::string* op);

  // parse_primary.cc: operands.
  AstExprPtr ParsePrimary();
  AstExprPtr ParseNumber();
  AstExprPtr ParseStringLiteral();
  AstExprPtr ParseParameter();
  AstExprPtr ParseWordPrimary();
  AstExprPtr ParseKeywordPrimary();
  AstExprPtr ParseColumnOrCall();
  AstExprPtr ParseParensPrimary();
  ParsedParens ParseParens();
  AstExprPtr WrapParens(ParsedParens parens);
  AstExprPtr ParseIndirection(AstExprPtr operand);
  AstExprPtr ParseSubscript(AstExprPtr operand);
  AstExprPtr ParseCase();
  AstExprPtr ParseCast();
  AstExprPtr ParseTypedLiteral(bool keyword_type);
  AstExprPtr ParseArray();
  AstExprPtr ParseArrayElements(uint32_t position);
  AstExprPtr ParseSubqueryOperand(SubqueryKind kind);
  AstExprPtr ParseExplicitRow();
  bool AtKeywordType() const;
  bool AtQueryStart() const;

  // parse_call.cc: functions.
  AstExprPtr ParseCall(std::vector<std::string> name, uint32_t position);
  void ParseCallArgs(AstFunctionCall* call);
  AstExprPtr ParseCallTail(std::unique_ptr<AstFunctionCall> call);
  std::unique_ptr<AstFunctionCall> MakeCall(std::string name, CallSyntax syntax, uint32_t position);
  AstExprPtr ParseSpecialForm();
  AstExprPtr ParseKeywordFunction();
  AstExprPtr ParseSpecialCall();
  AstExprPtr ParseExtract(uint32_t position);
  AstExprPtr ParsePosition(uint32_t position);
  AstExprPtr ParseSubstring(uint32_t position);
  AstExprPtr ParseOverlay(uint32_t position);
  AstExprPtr ParseTrim(uint32_t position);
  AstWindow ParseWindowSpec();
  void ParseFrame(AstWindow* window);
  AstFrameBound ParseFrameBound();

  // parse_type.cc.
  void ParseKeywordType(TypeName* type);
  void ParseCharacterType(TypeName* type);
  void ParseTypeModifiers(TypeName* type);
  void ParseArrayDims(TypeName* type);
  void ParseTimeZoneSuffix(TypeName* type);
  void ParseIntervalFields(TypeName* type);

  // parse_select.cc.
  AstSelectPtr ParseSelect();
  AstSelectPtr ParseSelectBody(int minimum);
  AstSelectPtr ParseSelectOperand();
  AstSelectPtr ContinueSelect(AstSelectPtr left, int minimum);
  AstSelectPtr ParseParenSelect();
  AstSelectPtr ParseQuery();
  AstSelectPtr ParseValues();
  AstSelectPtr ParseTableQuery();
  void ParseSelectTail(AstSelect* select);
  void ParseLimit(AstSelect* select);
  void ParseFetch(AstSelect* select);
  void ParseOffset(AstSelect* select);
  void ParseLocking(AstSelect* select);
  bool AtSelectContinuation() const;
  std::vector<AstTarget> ParseTargets();
  AstTarget ParseTarget();
  void ParseGroupBy(AstSelect* select);
  AstGroupingItem ParseGroupingItem();
  std::vector<AstOrderItem> ParseOrderBy();
  std::unique_ptr<AstWith> ParseWith();
  void AttachWith(std::unique_ptr<AstWith> with, std::unique_ptr<AstWith>* slot);

  // parse_from.cc.
  std::vector<AstTableRefPtr> ParseFromList();
  AstTableRefPtr ParseTableRef();
  AstTableRefPtr ContinueJoin(AstTableRefPtr left);
  AstTableRefPtr ParseJoin(AstTableRefPtr left);
  bool AtJoin();
  AstTableRefPtr ParseTablePrimary();
  AstTableRefPtr ParseTableParens();
  AstTableRefPtr ParseTableFunction(std::vector<std::string> name, uint32_t position);
  AstTableRefPtr ParseRowsFrom();
  AstTableRefPtr FinishSubquery(AstSelectPtr select, bool lateral, uint32_t position);
  void ParseFunctionSuffix(AstTableRef* ref);
  void ParseAlias(AstTableRef* ref);
  bool AtAsOf(int distance);
  void ParseAsOf(AstTableRef* ref);

  // parse_modify.cc.
  AstStatement ParseModify(std::unique_ptr<AstWith> with);
  AstStatement ParseInsert(std::unique_ptr<AstWith> with);
  AstStatement ParseUpdate(std::unique_ptr<AstWith> with);
  AstStatement ParseDelete(std::unique_ptr<AstWith> with);
  void ParseOnConflict(AstOnConflict* conflict);
  std::vector<AstAssignment> ParseAssignments();
  AstAssignment ParseAssignment();
  std::vector<AstTarget> ParseReturning();
  // SELECT, INSERT, UPDATE, DELETE, with their WITH clause.
  AstStatement ParsePreparable();

  // parse_create.cc, parse_constraint.cc.
  AstStatement ParseCreate();
  AstStatement ParseCreateTable(uint32_t position, bool temporary, bool unlogged);
  AstStatement ParseCreateTableAs(std::unique_ptr<AstCreateTable> table,
                                  std::vector<std::string> names);
  void ParseTableElement(AstCreateTable* table);
  OnCommit ParseOnCommit();
  AstStatement ParseCreateIndex(uint32_t position, bool unique);
  AstIndexElement ParseIndexElement();
  AstStatement ParseCreateView(std::unique_ptr<AstCreateView> view);
  AstStatement ParseCreateSchema(uint32_t position);
  AstStatement ParseCreateSequence(uint32_t position, bool temporary);
  std::vector<AstSequenceOption> ParseSequenceOptions();
  bool ParseSequenceOption(AstSequenceOption* option);
  std::vector<AstOption> ParseOptions(bool bare_values);
  AstColumnDef ParseColumnDef();
  bool ParseColumnConstraint(AstColumnDef* column);
  bool ParseTableConstraint(AstConstraint* constraint);
  void ParseGenerated(AstConstraint* constraint);
  void ParseReferences(AstConstraint* constraint);
  ForeignKeyAction ParseForeignKeyAction();
  void ParseConstraintAttributes(AstConstraint* constraint, bool column);

  // parse_alter.cc: DROP, ALTER, TRUNCATE.
  AstStatement ParseDrop();
  AstStatement ParseAlter();
  AstStatement ParseAlterTable(ObjectKind object, uint32_t position);
  AstStatement ParseRename(std::unique_ptr<AstRename> rename);
  AstAlterTableAction ParseAlterTableAction();
  void ParseAlterAdd(AstAlterTableAction* action);
  void ParseAlterDrop(AstAlterTableAction* action);
  void ParseAlterColumn(AstAlterTableAction* action);
  bool ParseObjectKind(ObjectKind* object);
  AstStatement ParseTruncate();

  // parse_copy.cc.
  AstStatement ParseCopy();
  void ParseCopyOptionList(AstCopyOptions* options);
  void ParseCopyOption(AstCopyOptions* options);
  void ParseCopyKeywords(AstCopyOptions* options);
  void ParseCopyForce(AstCopyOptions* options);
  void ParseCopyColumns(bool* all, std::vector<std::string>* columns);
  bool ParseOptionBoolean();
  CopyHeader ParseCopyHeader();

  // parse_session.cc: transactions, settings, prepared statements, maintenance.
  AstStatement ParseTransaction();
  void ParseTransactionModes(AstTransaction* transaction);
  bool ParseTransactionMode(AstTransaction* transaction);
  AstStatement ParseSet();
  void ParseSetValue(AstSet* set);
  void ParseTimeZoneValue(AstSet* set);
  std::string ParseSettingName();
  AstStatement ParseReset();
  AstStatement ParseShow();
  AstStatement ParseExplain();
  void ParseExplainOption(AstExplain* explain, AstOption option);
  AstStatement ParseMaintenance();
  AstStatement ParsePrepare();
  AstStatement ParseExecute();
  AstStatement ParseDeallocate();
  AstStatement ParseDiscard();

  std::string_view text_;
  Lexer lexer_;
  Token current_;
  Token ahead_[3];
  int ahead_count_ = 0;
  size_t previous_end_ = 0;  // 0-based offset after the last token consumed
  bool failed_ = false;
  int nesting_ = 0;
  int expr_depth_ = 0;
  Status status_;
  std::vector<std::string> parameters_;
};

// One level of nesting; fails the parse with 54001 beyond the limit.
class Parser::Nesting {
 public:
  explicit Nesting(Parser* parser);
  ~Nesting() { --parser_->nesting_; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;

 private:
  Parser* parser_;
};

template <typename T>
AstStatement MakeAstStatement(std::unique_ptr<T> node) {
  AstStatement statement;
  statement.node = std::move(node);
  return statement;
}

}  // namespace driftdb::sql

#endif  // DRIFTDB_SQL_PARSE_PARSER_H_
