// BoundStatement: one statement with every name resolved, ready for the optimizer (queries) or for
// whoever executes definitions with catalog::CatalogEditor.
// Shape: a variant, one alternative per kind. Definitions carry entries without oids (CatalogEditor
// assigns them) and hold final names: schema oids, column ordinals, deparsed expressions,
// constraint and index names chosen by PostgreSQL's rules. Expressions of existing rows' columns
// are bound over {table_index, ordinal}. Invariants: (BS-1) names were free in the snapshot that
// was bound against; CatalogEditor checks again; (BS-2) every BoundPrivileged statement lists what
// its role needs, to be checked before the first effect; ownership is asked for as kNeedsOwner.
// Ownership: a value; nothing refers to the AST.
#ifndef DRIFTDB_SQL_BIND_BOUND_STATEMENT_H_
#define DRIFTDB_SQL_BIND_BOUND_STATEMENT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/sqlstate.h"
#include "catalog/entries.h"
#include "sql/parse/ast_statement.h"
#include "sql/plan/logical_plan.h"

namespace driftdb::sql {

struct BoundStatement;

// Not a catalog::Privilege bit: the role must own the object (or be a member of its owner).
inline constexpr uint32_t kNeedsOwner = 1u << 31;

// Something for the client that is not an error, with its SQLSTATE: "... already exists, skipping".
struct BoundNotice {
  SqlState sqlstate = sqlstate::kSuccess;
  std::string message;
};

// IF NOT EXISTS found the object, IF EXISTS did not, or the form has no effect in DriftDB.
struct BoundNothing {
  std::string tag;  // command tag: "CREATE TABLE"
  std::vector<BoundNotice> notices;
};

// CREATE TABLE. Execute: CreateTable(table, indexes), then CreateSequence for each of `sequences`
// with owned_by_table set to the oid that the table got (owned_by_column is set already; column ids
// are final). Defaults name the sequences by schema and name.
struct BoundCreateTable {
  catalog::TableEntry table;  // schema, names, owner, columns with ids from 1, constraints
  std::vector<catalog::IndexEntry> indexes;  // of primary key and unique constraints, by equal name
  std::vector<catalog::SequenceEntry> sequences;
  std::vector<RequiredPrivilege> privileges;
  std::vector<BoundNotice> notices;
};
// Execute: create `definition`, then, if with_data, run `query` and append its rows: output column
// i (already of the table's type) becomes column i.
struct BoundCreateTableAs {
  BoundCreateTable definition;
  BoundQuery query;
  bool with_data = true;
};
// Execute: CreateIndex(index, nullptr), then fill it from the table (23505 if unique and violated).
struct BoundCreateIndex {
  catalog::IndexEntry index;
  std::shared_ptr<const catalog::TableEntry> table;
  bool concurrently = false;  // a hint: DriftDB may lock all the same
  std::vector<RequiredPrivilege> privileges;
};
// Execute: CreateView(view, or_replace). depends_on and columns are filled.
struct BoundCreateView {
  catalog::ViewEntry view;
  bool or_replace = false;
  std::vector<RequiredPrivilege> privileges;
};
struct BoundCreateSchema {
  catalog::SchemaEntry schema;
  std::vector<RequiredPrivilege> privileges;
};
struct BoundCreateSequence {
  catalog::SequenceEntry sequence;
  std::vector<RequiredPrivilege> privileges;
};
// ALTER SEQUENCE. Execute: AlterSequence(changed); then, if `restart`, the next value is
// restart_value.
struct BoundAlterSequence {
  catalog::SequenceEntry changed;
  bool restart = false;
  int64_t restart_value = 0;
  std::vector<RequiredPrivilege> privileges;
};

// DROP TABLE, VIEW, INDEX, SEQUENCE, SCHEMA. Execute in order: clear the listed defaults
// (AlterTable), DropRelation for each of `relations` (dependants first, CASCADE already expanded, a
// table's indexes and owned sequences not listed: CatalogEditor drops them with it), then
// DropSchema for `schemas`.
struct BoundDrop {
  struct Default {
    Oid table;
    ColumnId column;
  };
  std::string tag;
  std::vector<Default> defaults;
  std::vector<Oid> relations;
  std::vector<Oid> schemas;
  std::vector<RequiredPrivilege> privileges;
  std::vector<BoundNotice> notices;  // "drop cascades to view v", "... does not exist, skipping"
};

enum class BoundAlterKind : uint8_t {
  kAddColumn,         // column, value; new_constraints, new_indexes, new_sequences
  kDropColumn,        // ordinal; drop_constraints, drop_indexes; dependents
  kRenameColumn,      // ordinal, name; rewritten_checks
  kSetDefault,        // ordinal, text
  kDropDefault,       // ordinal
  kSetNotNull,        // ordinal; existing rows are to be checked (23502)
  kDropNotNull,       // ordinal
  kRenameRelation,    // name; table, view, index or sequence alike
  kRenameConstraint,  // constraint, name; the index of the constraint takes the name too
  kOwnerTo,           // role
  kAddConstraint,   // new_constraints (one), new_indexes; kCheck: `value` is the condition to check
                    // existing rows with (23514)
  kDropConstraint,  // constraint; drop_indexes
};
// One action; the fields that its kind names are set. Ordinals are positions in the entry as the
// actions before this one left it, so actions are applied one after the other.
struct BoundAlterAction {
  BoundAlterKind kind = BoundAlterKind::kAddColumn;
  uint32_t ordinal = 0;
  std::string name;
  std::string text;  // kSetDefault: deparsed expression
  catalog::ColumnEntry column;
  ExprPtr value;  // kAddColumn: the value existing rows get (null: NULL), evaluated once per row if
                  // volatile
  Oid role;
  std::string constraint;  // name of the constraint
  std::vector<catalog::ConstraintEntry> new_constraints;
  std::vector<catalog::IndexEntry> new_indexes;       // matched to constraints by name
  std::vector<catalog::SequenceEntry> new_sequences;  // as in BoundCreateTable
  // Bound new CHECK conditions, parallel to the kCheck ones of new_constraints, over {1, ordinal}.
  ExprList new_checks;
  std::vector<std::string> drop_constraints;
  std::vector<Oid> drop_indexes;
  std::vector<Oid> drop_relations;  // dependants under CASCADE, in order
  // kRenameColumn: check_sql of every kCheck constraint after the renaming, by constraint name.
  std::vector<std::pair<std::string, std::string>> rewritten_checks;
};
// ALTER TABLE (VIEW, INDEX, SEQUENCE for renaming and owner).
struct BoundAlterTable {
  std::string tag;  // "ALTER TABLE"
  Oid relation;
  std::shared_ptr<const catalog::TableEntry> table;  // null for other relations
  std::vector<BoundAlterAction> actions;
  std::vector<RequiredPrivilege> privileges;
  std::vector<BoundNotice> notices;
};
// ALTER SCHEMA ... RENAME TO / OWNER TO.
struct BoundAlterSchema {
  Oid schema;
  std::string name;  // empty: unchanged
  Oid owner;         // invalid: unchanged
  std::vector<RequiredPrivilege> privileges;
};

struct BoundTruncate {
  std::vector<std::shared_ptr<const catalog::TableEntry>> tables;
  std::vector<Oid> restart_sequences;  // RESTART IDENTITY
  std::vector<RequiredPrivilege> privileges;
};

enum class BoundCopyFormat : uint8_t { kText, kCsv };
// COPY. FROM: rows of text fields for `columns` in order; the other columns get `defaults`; then
// `checks` as in LogicalInsert with table_index 1, `where` over the same columns. TO: `columns` of
// `table`, or `query` when table is null (a table is also offered as `query`, which selects the
// columns in order, so that one path serves both).
struct BoundCopy {
  bool is_from = false;
  std::shared_ptr<const catalog::TableEntry> table;
  std::vector<uint32_t> columns;  // ordinals
  BoundQuery query;               // TO
  CopyEndpoint endpoint = CopyEndpoint::kFile;
  std::string file;

  BoundCopyFormat format = BoundCopyFormat::kText;
  char delimiter = '\t';
  std::string null_text = "\\N";
  char quote = '"';
  char escape = '"';
  CopyHeader header = CopyHeader::kOff;
  bool has_default_text = false;
  std::string default_text;
  // By ordinal of the table, or by position of the query's output.
  std::vector<bool> force_quote, force_not_null, force_null;

  // FROM.
  ExprList defaults;  // one per table column; null: NULL. Set for listed columns too (DEFAULT text)
  ExprPtr where;
  ExprList checks;
  std::vector<std::string> check_names;
  std::vector<RequiredPrivilege> privileges;  // FROM; the query has its own
};

// The statement was bound to learn its parameters; at EXECUTE its text [begin, end) (0-based
// offsets into the parsed text) is bound again, or its cached plan used.
struct BoundPrepare {
  std::string name;
  uint32_t begin = 0, end = 0;
  std::vector<LogicalType> parameter_types;  // declared or inferred
  std::unique_ptr<BoundStatement> statement;
};
// Constant expressions; CoerceExecuteArguments (binder.h) casts them.
struct BoundExecute {
  std::string name;
  ExprList arguments;
};

struct BoundExplain {
  bool analyze = false, verbose = false;
  bool costs = true, timing = true, buffers = false, summary = false, settings = false, wal = false;
  ExplainFormat format = ExplainFormat::kText;
  std::unique_ptr<BoundStatement> statement;
};

// ANALYZE and VACUUM; empty tables: all that the role owns.
struct BoundMaintenance {
  struct Target {
    std::shared_ptr<const catalog::TableEntry> table;
    std::vector<uint32_t> columns;  // empty: all
  };
  bool vacuum = false, analyze = false, full = false, freeze = false, verbose = false;
  std::vector<Target> targets;
};

// SHOW x: the value is looked up by the session. `column` is the name of the result column.
struct BoundShow {
  std::string name;  // "all" for SHOW ALL
  std::string column;
};

// AstTransaction, AstSet, AstDeallocate, AstDiscard and AstCheckpoint need no resolution and come
// as they were parsed.
struct BoundStatement {
  using Node =
      std::variant<BoundNothing, BoundQuery, BoundCreateTable, BoundCreateTableAs, BoundCreateIndex,
                   BoundCreateView, BoundCreateSchema, BoundCreateSequence, BoundAlterSequence,
                   BoundDrop, BoundAlterTable, BoundAlterSchema, BoundTruncate, BoundCopy,
                   BoundPrepare, BoundExecute, BoundExplain, BoundMaintenance, BoundShow,
                   AstTransaction, AstSet, AstDeallocate, AstDiscard, AstCheckpoint>;
  Node node;

  template <typename T>
  T* Get() {
    return std::get_if<T>(&node);
  }
  template <typename T>
  const T* Get() const {
    return std::get_if<T>(&node);
  }
};

}  // namespace driftdb::sql

#endif  // DRIFTDB_SQL_BIND_BOUND_STATEMENT_H_
