// TableDefiner: turns column definitions and constraints into catalog entries, for CREATE TABLE and
// ALTER TABLE ADD. Private to lib/sql/bind.
// Shape: columns first, then constraints (names are chosen in PostgreSQL's order: what is written
// explicitly is known before the first name is made up). Invariant: checks are bound against all
// columns, so they come last.
#ifndef DRIFTDB_SQL_BIND_TABLE_DEFINER_H_
#define DRIFTDB_SQL_BIND_TABLE_DEFINER_H_

#include <string>
#include <utility>
#include <vector>

#include "sql/bind/statement_binder.h"

namespace driftdb::sql {

class TableDefiner {
 public:
  // `table` has its name and schema, and its present columns and constraints.
  TableDefiner(StatementBinder* binder, catalog::TableEntry* table, uint32_t table_index);

  // Appends the column; its constraints wait for Finish.
  Status AddColumn(const AstColumnDef& ast);
  // Checks a default and stores its text.
  Status SetDefault(const AstExpr& ast, catalog::ColumnEntry* column);
  void AddConstraint(const AstConstraint& ast) { pending_.push_back({&ast, -1}); }
  // Resolves the waiting constraints: into table->constraints, indexes, checks.
  Status Finish();

  std::vector<catalog::IndexEntry> indexes;
  std::vector<catalog::SequenceEntry> sequences;
  ExprList checks;  // parallel to the kCheck constraints that Finish added
  std::vector<catalog::ConstraintEntry> added;

 private:
  struct Pending {
    const AstConstraint* ast;
    int column;  // of a column constraint, or -1
  };
  struct ColumnFlags {
    bool has_null = false, has_not_null = false, has_default = false, has_identity = false;
  };
  Status ApplyColumnConstraint(const AstColumnDef& column, const AstConstraint& ast,
                               ColumnFlags* flags);
  Status MakeSequence(const std::vector<AstSequenceOption>& options, catalog::ColumnEntry* column);
  Status AddKey(const Pending& pending);
  Status AddCheck(const Pending& pending);
  Status CheckNameUnused(const std::string& name);
  std::vector<std::string> TakenNames() const;

  StatementBinder* const binder_;
  catalog::TableEntry* const table_;
  const uint32_t table_index_;
  std::vector<Pending> pending_;
};

}  // namespace driftdb::sql

#endif  // DRIFTDB_SQL_BIND_TABLE_DEFINER_H_
