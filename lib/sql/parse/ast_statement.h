// Statements as parsed.
// Shape: AstStatement holds one variant alternative per kind of statement, each behind a unique_ptr
// so that the variant is two words. Object names are AstName, everything else text. Positions are
// 1-based byte offsets into the parsed text, 0 where a clause is absent.
#ifndef DRIFTDB_SQL_PARSE_AST_STATEMENT_H_
#define DRIFTDB_SQL_PARSE_AST_STATEMENT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "sql/parse/ast_expr.h"
#include "sql/parse/ast_select.h"

namespace driftdb::sql {

// Data modification.

enum class ConflictAction : uint8_t { kNone, kNothing, kUpdate };
enum class OverridingKind : uint8_t { kNone, kSystemValue, kUserValue };

// One element of CREATE INDEX (...) or ON CONFLICT (...): a column name or an expression.
struct AstIndexElement {
  std::string column;  // empty if `expr` is given
  AstExprPtr expr;
  std::vector<std::string> collation;
  std::vector<std::string> operator_class;
  SortDirection direction = SortDirection::kDefault;
  NullsOrder nulls = NullsOrder::kDefault;
  uint32_t position = 0;
};

// SET a = 1 has one column and one value. SET (a, b) = (1, 2) or = ROW(1, 2) has as many values as
// columns. SET (a, b) = (SELECT ...) has the columns and `subquery`.
struct AstAssignment {
  std::vector<std::string> columns;
  std::vector<uint32_t> column_positions;
  AstExprList values;
  AstSelectPtr subquery;
};

struct AstOnConflict {
  ConflictAction action = ConflictAction::kNone;
  std::vector<AstIndexElement> target;  // empty if not given or named by `constraint`
  AstExprPtr target_where;
  std::string constraint;
  std::vector<AstAssignment> assignments;
  AstExprPtr where;
  uint32_t position = 0;
};

struct AstInsert {
  uint32_t position = 0;
  std::unique_ptr<AstWith> with;
  AstName table;
  std::string alias;
  std::vector<std::string> columns;  // empty: all, in order
  std::vector<uint32_t> column_positions;
  OverridingKind overriding = OverridingKind::kNone;
  AstSelectPtr source;  // null: DEFAULT VALUES
  AstOnConflict on_conflict;
  std::vector<AstTarget> returning;
};

struct AstUpdate {
  uint32_t position = 0;
  std::unique_ptr<AstWith> with;
  AstName table;
  std::string alias;
  std::vector<AstAssignment> assignments;
  std::vector<AstTableRefPtr> from;
  AstExprPtr where;
  std::vector<AstTarget> returning;
};

struct AstDelete {
  uint32_t position = 0;
  std::unique_ptr<AstWith> with;
  AstName table;
  std::string alias;
  std::vector<AstTableRefPtr> using_tables;
  AstExprPtr where;
  std::vector<AstTarget> returning;
};

// Definition.

// name [= value] in WITH (...), EXPLAIN (...), VACUUM (...): name folded; value as text, empty if
// absent.
struct AstOption {
  std::string name;
  std::string value;
  bool has_value = false;
  uint32_t position = 0;
};

// An option of a sequence or identity column; kRestart without number has has_value false. Numbers
// are decimal texts with sign. kOwnedBy: `owner` is [schema.]table.column, or {"none"}.
enum class SequenceOptionKind : uint8_t {
  kAs,
  kIncrement,
  kMinValue,
  kNoMinValue,
  kMaxValue,
  kNoMaxValue,
  kStart,
  kRestart,
  kCache,
  kCycle,
  kNoCycle,
  kOwnedBy,
};

struct AstSequenceOption {
  SequenceOptionKind kind = SequenceOptionKind::kCache;
  bool has_value = false;
  std::string value;
  TypeName type;  // kAs
  std::vector<std::string> owner;
  uint32_t position = 0;
};

enum class ForeignKeyAction : uint8_t { kNoAction, kRestrict, kCascade, kSetNull, kSetDefault };
enum class ForeignKeyMatch : uint8_t { kSimple, kFull, kPartial };

// The column kinds kNotNull, kNull, kDefault, kIdentity and kGenerated appear only in column
// definitions.
enum class ConstraintKind : uint8_t {
  kNotNull,
  kNull,
  kDefault,
  kCheck,
  kPrimaryKey,
  kUnique,
  kForeignKey,
  kIdentity,
  kGenerated,
};

struct AstConstraint {
  ConstraintKind kind = ConstraintKind::kNotNull;
  uint32_t position = 0;
  std::string name;  // CONSTRAINT name; empty: to be chosen

  AstExprPtr expr;  // kDefault, kCheck, kGenerated
  bool no_inherit = false;

  // kPrimaryKey, kUnique, kForeignKey of a table constraint; of a column constraint, empty.
  std::vector<std::string> columns;
  bool nulls_not_distinct = false;
  std::vector<AstOption> options;

  // kForeignKey.
  AstName referenced_table;
  std::vector<std::string> referenced_columns;
  ForeignKeyMatch match = ForeignKeyMatch::kSimple;
  ForeignKeyAction on_delete = ForeignKeyAction::kNoAction;
  ForeignKeyAction on_update = ForeignKeyAction::kNoAction;

  // kIdentity.
  bool identity_always = false;
  std::vector<AstSequenceOption> sequence_options;

  // Attributes after any constraint.
  bool deferrable = false;
  bool initially_deferred = false;
  bool not_valid = false;
};

struct AstColumnDef {
  std::string name;
  TypeName type;
  std::vector<std::string> collation;
  std::vector<AstConstraint> constraints;
  uint32_t position = 0;
};

enum class OnCommit : uint8_t { kDefault, kPreserveRows, kDeleteRows, kDrop };

struct AstCreateTable {
  uint32_t position = 0;
  AstName table;
  bool if_not_exists = false;
  bool temporary = false;
  bool unlogged = false;
  std::vector<AstColumnDef> columns;
  std::vector<AstConstraint> constraints;
  std::vector<AstOption> options;
  OnCommit on_commit = OnCommit::kDefault;
};

// The source is a query or, for CREATE TABLE AS EXECUTE, nothing else is supported.
struct AstCreateTableAs {
  uint32_t position = 0;
  AstName table;
  bool if_not_exists = false;
  bool temporary = false;
  bool unlogged = false;
  std::vector<std::string> column_names;
  std::vector<AstOption> options;
  OnCommit on_commit = OnCommit::kDefault;
  AstSelectPtr source;
  bool with_data = true;
};

struct AstCreateIndex {
  uint32_t position = 0;
  std::string name;  // empty: to be chosen
  AstName table;
  bool unique = false;
  bool concurrently = false;
  bool if_not_exists = false;
  bool nulls_not_distinct = false;
  std::string method;  // empty: btree
  std::vector<AstIndexElement> elements;
  std::vector<std::string> include;
  std::vector<AstOption> options;
  AstExprPtr where;
};

struct AstCreateView {
  uint32_t position = 0;
  AstName view;
  bool or_replace = false;
  bool temporary = false;
  bool recursive = false;
  std::vector<std::string> column_names;
  std::vector<AstOption> options;
  AstSelectPtr source;
  // The text range of `source` in the parsed text, 0-based [begin, end).
  uint32_t source_begin = 0;
  uint32_t source_end = 0;
};

struct AstCreateSchema {
  uint32_t position = 0;
  std::string name;
  bool if_not_exists = false;
  std::string owner;  // AUTHORIZATION role; empty if absent
};

struct AstCreateSequence {
  uint32_t position = 0;
  AstName sequence;
  bool if_not_exists = false;
  bool temporary = false;
  std::vector<AstSequenceOption> options;
};

enum class ObjectKind : uint8_t { kTable, kIndex, kView, kSchema, kSequence };

struct AstDrop {
  uint32_t position = 0;
  ObjectKind object = ObjectKind::kTable;
  bool if_exists = false;
  bool cascade = false;
  bool concurrently = false;
  std::vector<AstName> names;
};

enum class AlterTableKind : uint8_t {
  kAddColumn,
  kDropColumn,
  kAddConstraint,
  kDropConstraint,
  kValidateConstraint,
  kSetType,
  kSetDefault,
  kDropDefault,
  kSetNotNull,
  kDropNotNull,
  kAddIdentity,
  kDropIdentity,
  kSetOptions,
  kResetOptions,
  kOwnerTo,
  kSetSchema,
};

// One action of ALTER TABLE; `name` is the column or constraint, the role or the schema.
struct AstAlterTableAction {
  AlterTableKind kind = AlterTableKind::kAddColumn;
  uint32_t position = 0;
  std::string name;
  bool if_exists = false;  // IF NOT EXISTS for kAddColumn
  bool cascade = false;
  AstColumnDef column;       // kAddColumn
  AstConstraint constraint;  // kAddConstraint, kAddIdentity
  TypeName type;             // kSetType
  std::vector<std::string> collation;
  AstExprPtr expr;  // kSetType USING, kSetDefault
  std::vector<AstOption> options;
};

// ALTER TABLE and, with the actions that apply to them, ALTER INDEX, VIEW, SEQUENCE and SCHEMA.
struct AstAlterTable {
  uint32_t position = 0;
  ObjectKind object = ObjectKind::kTable;
  AstName table;
  bool if_exists = false;
  bool only = false;
  std::vector<AstAlterTableAction> actions;
};

// ALTER ... RENAME: of the object, or of its column or constraint `old_name`.
enum class RenameKind : uint8_t { kObject, kColumn, kConstraint };

struct AstRename {
  uint32_t position = 0;
  ObjectKind object = ObjectKind::kTable;
  RenameKind rename = RenameKind::kObject;
  AstName name;
  bool if_exists = false;
  std::string old_name;
  uint32_t old_name_position = 0;
  std::string target_name;
};

struct AstAlterSequence {
  uint32_t position = 0;
  AstName sequence;
  bool if_exists = false;
  std::vector<AstSequenceOption> options;
};

struct AstTruncate {
  uint32_t position = 0;
  std::vector<AstName> tables;
  bool restart_identity = false;
  bool cascade = false;
};

// COPY.

enum class CopyEndpoint : uint8_t { kFile, kStdin, kStdout, kProgram };
enum class CopyHeader : uint8_t { kOff, kOn, kMatch };

// Options are checked for repetition and form here, for sense (a delimiter of one byte, ...) by the
// binder.
struct AstCopyOptions {
  std::string format;  // "text", "csv", "binary", ... folded; empty: text
  bool has_delimiter = false, has_null = false, has_quote = false, has_escape = false;
  std::string delimiter, null_text, quote, escape, encoding;
  bool has_default = false;
  std::string default_text;
  CopyHeader header = CopyHeader::kOff;
  bool freeze = false;
  bool force_quote_all = false, force_not_null_all = false, force_null_all = false;
  std::vector<std::string> force_quote, force_not_null, force_null;
  std::vector<AstOption> other;  // unknown names, for the binder to judge
};

struct AstCopy {
  uint32_t position = 0;
  AstName table;  // empty name: `query`
  std::vector<std::string> columns;
  std::unique_ptr<AstStatement> query;  // SELECT or a data-modifying statement with RETURNING
  bool is_from = false;
  CopyEndpoint endpoint = CopyEndpoint::kFile;
  std::string file;  // kFile and kProgram
  AstCopyOptions options;
  AstExprPtr where;  // COPY FROM ... WHERE

  AstCopy();
  ~AstCopy();
};

// Transactions.

enum class TransactionKind : uint8_t {
  kBegin,
  kCommit,
  kRollback,
  kSavepoint,
  kRelease,
  kRollbackTo,
  kSetTransaction,  // SET TRANSACTION
  kSetSession,      // SET SESSION CHARACTERISTICS AS TRANSACTION
};

enum class IsolationLevel : uint8_t {
  kDefault,
  kReadUncommitted,
  kReadCommitted,
  kRepeatableRead,
  kSerializable,
};
enum class TransactionFlag : uint8_t { kDefault, kOff, kOn };

struct AstTransaction {
  uint32_t position = 0;
  TransactionKind kind = TransactionKind::kBegin;
  std::string savepoint;
  bool chain = false;  // COMMIT AND CHAIN
  IsolationLevel isolation = IsolationLevel::kDefault;
  TransactionFlag read_only = TransactionFlag::kDefault;
  TransactionFlag deferrable = TransactionFlag::kDefault;
};

// Session, prepared statements, maintenance.

enum class SetScope : uint8_t { kSession, kLocal };

// SET name TO values, SET name TO DEFAULT and RESET name (is_default), RESET ALL (name "all").
// SET TIME ZONE is name "timezone", SET NAMES is "client_encoding", SET SCHEMA 'x' is
// "search_path".
struct AstSet {
  uint32_t position = 0;
  SetScope scope = SetScope::kSession;
  std::string name;  // folded, with dots for custom.settings
  bool is_default = false;
  bool is_reset = false;
  std::vector<std::string> values;       // texts; identifiers folded, numbers with their sign
  std::vector<LiteralKind> value_kinds;  // kString for identifiers and strings
};

struct AstShow {
  uint32_t position = 0;
  std::string name;  // "all" for SHOW ALL
};

struct AstCheckpoint {
  uint32_t position = 0;
};

struct AstMaintenanceTarget {
  AstName table;
  std::vector<std::string> columns;
};

// ANALYZE and VACUUM.
struct AstMaintenance {
  uint32_t position = 0;
  bool vacuum = false;   // else ANALYZE
  bool analyze = false;  // VACUUM ANALYZE
  bool full = false, freeze = false, verbose = false;
  std::vector<AstOption> options;             // other names of the parenthesised form
  std::vector<AstMaintenanceTarget> targets;  // empty: every table
};

enum class ExplainFormat : uint8_t { kText, kJson, kYaml, kXml, kDot };

struct AstExplain {
  uint32_t position = 0;
  bool analyze = false;
  bool verbose = false;
  ExplainFormat format = ExplainFormat::kText;
  std::vector<AstOption>
      options;  // all others (costs, buffers, timing, ...), for the binder to judge
  std::unique_ptr<AstStatement> statement;

  AstExplain();
  ~AstExplain();
};

struct AstPrepare {
  uint32_t position = 0;
  std::string name;
  std::vector<TypeName> parameter_types;
  std::unique_ptr<AstStatement> statement;
  // The statement's own text, 0-based [begin, end), and its parameters.
  uint32_t statement_begin = 0;
  uint32_t statement_end = 0;

  AstPrepare();
  ~AstPrepare();
};

struct AstExecute {
  uint32_t position = 0;
  std::string name;
  AstExprList args;
};

struct AstDeallocate {
  uint32_t position = 0;
  std::string name;  // empty: ALL
};

enum class DiscardKind : uint8_t { kAll, kPlans, kSequences, kTemporary };

struct AstDiscard {
  uint32_t position = 0;
  DiscardKind kind = DiscardKind::kAll;
};

struct AstStatement {
  template <typename T>
  using Ptr = std::unique_ptr<T>;
  std::variant<Ptr<AstSelect>, Ptr<AstInsert>, Ptr<AstUpdate>, Ptr<AstDelete>, Ptr<AstCreateTable>,
               Ptr<AstCreateTableAs>, Ptr<AstCreateIndex>, Ptr<AstCreateView>, Ptr<AstCreateSchema>,
               Ptr<AstCreateSequence>, Ptr<AstDrop>, Ptr<AstAlterTable>, Ptr<AstRename>,
               Ptr<AstAlterSequence>, Ptr<AstTruncate>, Ptr<AstCopy>, Ptr<AstTransaction>,
               Ptr<AstSet>, Ptr<AstShow>, Ptr<AstCheckpoint>, Ptr<AstMaintenance>, Ptr<AstExplain>,
               Ptr<AstPrepare>, Ptr<AstExecute>, Ptr<AstDeallocate>, Ptr<AstDiscard>>
      node;

  // The node if the statement is of kind T, else null.
  template <typename T>
  T* Get() {
    auto* held = std::get_if<std::unique_ptr<T>>(&node);
    return held == nullptr ? nullptr : held->get();
  }
  template <typename T>
  const T* Get() const {
    auto* held = std::get_if<std::unique_ptr<T>>(&node);
    return held == nullptr ? nullptr : held->get();
  }
};

}  // namespace driftdb::sql

#endif  // DRIFTDB_SQL_PARSE_AST_STATEMENT_H_
