#include "sql/bind/table_definer.h"

#include <algorithm>

#include "base/error.h"
#include "base/status_macros.h"
#include "sql/parse/deparse.h"

namespace driftdb::sql {

namespace {

constexpr size_t kDefinerColumnsMax = 1600;  // PostgreSQL's MaxHeapAttributeNumber
constexpr size_t kDefinerKeyColumnsMax = 32;

bool DefinerSerialType(const TypeName& type, LogicalType* integer) {
  if (type.name.size() != 1) return false;
  const std::string& name = type.name[0];
  if (name == "serial" || name == "serial4") {
    *integer = TypeId::kInt32;
  } else if (name == "bigserial" || name == "serial8") {
    *integer = TypeId::kInt64;
  } else if (name == "smallserial" || name == "serial2") {
    *integer = TypeId::kInt16;
  } else {
    return false;
  }
  return true;
}

Status DefinerUnsupported(std::string_view what, uint32_t position) {
  return Error(sqlstate::kFeatureNotSupported, "{} not supported yet", what).At(position);
}

}  // namespace

TableDefiner::TableDefiner(StatementBinder* binder, catalog::TableEntry* table,
                           uint32_t table_index)
    : binder_(binder), table_(table), table_index_(table_index) {}

std::vector<std::string> TableDefiner::TakenNames() const {
  std::vector<std::string> taken = {table_->name};
  for (const catalog::ConstraintEntry& constraint : table_->constraints) {
    taken.push_back(constraint.name);
  }
  for (const catalog::SequenceEntry& sequence : sequences) taken.push_back(sequence.name);
  for (const Pending& pending : pending_) {
    if (!pending.ast->name.empty()) taken.push_back(pending.ast->name);
  }
  return taken;
}

Status TableDefiner::SetDefault(const AstExpr& ast, catalog::ColumnEntry* column) {
  DRIFTDB_ASSIGN_OR_RETURN(ExprPtr value,
                           binder_->BindStandalone(ast, BindClause::kDefault, Scope()));
  if (value->type.id != TypeId::kUnknown &&
      !expr::CanCast(value->type, column->type, expr::CastContext::kAssignment)) {
    return Error(sqlstate::kDatatypeMismatch,
                 "column \"{}\" is of type {} but default expression is of type {}", column->name,
                 column->type.ToString(), value->type.ToString())
        .WithHint("You will need to rewrite or cast the expression.")
        .At(ast.position);
  }
  DRIFTDB_RETURN_IF_ERROR(
      expr::BindCast(std::move(value), column->type, expr::CastContext::kAssignment).status());
  column->default_sql = Deparse(ast);
  return OkStatus();
}

// The sequence behind a serial or identity column, and the default that draws from it.
Status TableDefiner::MakeSequence(const std::vector<AstSequenceOption>& options,
                                  catalog::ColumnEntry* column) {
  if (!column->type.is_integer() || column->type.id == TypeId::kInt128) {
    return Error(sqlstate::kInvalidParameterValue,
                 "identity column type must be smallint, integer, or bigint");
  }
  catalog::SequenceEntry sequence;
  sequence.schema = table_->schema;
  sequence.schema_name = table_->schema_name;
  sequence.security.owner = table_->security.owner;
  sequence.type = column->type;
  sequence.name =
      binder_->ChooseName({table_->schema, table_->name, column->name, "seq"}, TakenNames(), true);
  DRIFTDB_RETURN_IF_ERROR(binder_->ApplySequenceOptions(options, true, &sequence, nullptr));
  sequence.owned_by_column = column->id;
  const std::string qualified =
      QuoteIdentifier(sequence.schema_name) + "." + QuoteIdentifier(sequence.name);
  column->default_sql = "nextval(" + QuoteLiteral(qualified) + ")";
  column->not_null = true;
  sequences.push_back(std::move(sequence));
  return OkStatus();
}

Status TableDefiner::ApplyColumnConstraint(const AstColumnDef& column, const AstConstraint& ast,
                                           ColumnFlags* flags) {
  catalog::ColumnEntry& entry = table_->columns.back();
  const auto conflict = [&] {
    return Error(sqlstate::kSyntaxError,
                 "conflicting NULL/NOT NULL declarations for column \"{}\" of table \"{}\"",
                 column.name, table_->name)
        .At(ast.position);
  };
  switch (ast.kind) {
    case ConstraintKind::kNotNull:
      if (flags->has_null) return conflict();
      flags->has_not_null = true;
      entry.not_null = true;
      return OkStatus();
    case ConstraintKind::kNull:
      if (flags->has_not_null || entry.not_null) return conflict();
      flags->has_null = true;
      return OkStatus();
    case ConstraintKind::kDefault:
      if (flags->has_default || flags->has_identity || !entry.default_sql.empty()) {
        return Error(sqlstate::kSyntaxError, "{} specified for column \"{}\" of table \"{}\"",
                     flags->has_identity ? "both default and identity" : "multiple default values",
                     column.name, table_->name)
            .At(ast.position);
      }
      flags->has_default = true;
      return SetDefault(*ast.expr, &entry);
    case ConstraintKind::kIdentity:
      if (flags->has_identity || flags->has_default || !entry.default_sql.empty()) {
        return Error(sqlstate::kSyntaxError, "{} specified for column \"{}\" of table \"{}\"",
                     flags->has_identity ? "multiple identity specifications"
                                         : "both default and identity",
                     column.name, table_->name)
            .At(ast.position);
      }
      if (flags->has_null) return conflict();
      flags->has_identity = true;
      return MakeSequence(ast.sequence_options, &entry);
    case ConstraintKind::kGenerated:
      return DefinerUnsupported("generated columns are", ast.position);
    case ConstraintKind::kForeignKey:
      return DefinerUnsupported("foreign keys are", ast.position);
    case ConstraintKind::kPrimaryKey:
      if (flags->has_null) return conflict();
      [[fallthrough]];
    case ConstraintKind::kUnique:
    case ConstraintKind::kCheck:
      pending_.push_back({&ast, static_cast<int>(table_->columns.size() - 1)});
      return OkStatus();
  }
  return OkStatus();
}

Status TableDefiner::AddColumn(const AstColumnDef& ast) {
  if (table_->FindColumn(ast.name) >= 0) {
    return Error(sqlstate::kDuplicateColumn, "column \"{}\" specified more than once", ast.name)
        .At(ast.position);
  }
  if (table_->columns.size() >= kDefinerColumnsMax) {
    return Error(sqlstate::kTooManyColumns, "tables can have at most {} columns",
                 kDefinerColumnsMax);
  }
  catalog::ColumnEntry column;
  column.name = ast.name;
  LogicalType serial;
  const bool is_serial = DefinerSerialType(ast.type, &serial);
  if (is_serial) {
    column.type = serial;
  } else {
    DRIFTDB_ASSIGN_OR_RETURN(column.type, binder_->ResolveType(ast.type));
    if (column.type.id == TypeId::kUnknown) {
      return Error(sqlstate::kInvalidTableDefinition, "column \"{}\" has pseudo-type unknown",
                   ast.name)
          .At(ast.type.position);
    }
  }
  if (!ast.collation.empty() && ast.collation.back() != "C" && ast.collation.back() != "POSIX" &&
      ast.collation.back() != "default") {
    return Error(sqlstate::kUndefinedObject,
                 "collation \"{}\" for encoding \"UTF8\" does not exist", ast.collation.back())
        .At(ast.position);
  }
  // CREATE TABLE leaves the counter to CatalogEditor, which numbers the columns the same way.
  const bool exists = table_->oid != kInvalidOid;
  column.id = exists ? ColumnId(table_->next_column_id++)
                     : ColumnId(static_cast<uint32_t>(table_->columns.size()) + 1);
  table_->columns.push_back(std::move(column));
  if (is_serial) DRIFTDB_RETURN_IF_ERROR(MakeSequence({}, &table_->columns.back()));
  ColumnFlags flags;
  for (const AstConstraint& constraint : ast.constraints) {
    DRIFTDB_RETURN_IF_ERROR(ApplyColumnConstraint(ast, constraint, &flags));
  }
  return OkStatus();
}

Status TableDefiner::CheckNameUnused(const std::string& name) {
  for (const catalog::ConstraintEntry& constraint : table_->constraints) {
    if (constraint.name == name) {
      return Error(sqlstate::kDuplicateObject,
                   "constraint \"{}\" for relation \"{}\" already exists", name, table_->name);
    }
  }
  return OkStatus();
}

Status TableDefiner::AddKey(const Pending& pending) {
  const AstConstraint& ast = *pending.ast;
  const bool primary = ast.kind == ConstraintKind::kPrimaryKey;
  if (primary && table_->primary_key() != nullptr) {
    return Error(sqlstate::kInvalidTableDefinition,
                 "multiple primary keys for table \"{}\" are not allowed", table_->name)
        .At(ast.position);
  }
  if (ast.nulls_not_distinct) {
    return DefinerUnsupported("NULLS NOT DISTINCT is", ast.position);
  }
  catalog::ConstraintEntry constraint;
  constraint.type =
      primary ? catalog::ConstraintType::kPrimaryKey : catalog::ConstraintType::kUnique;
  if (pending.column >= 0) constraint.columns.push_back(static_cast<uint32_t>(pending.column));
  for (const std::string& name : ast.columns) {
    const int ordinal = table_->FindColumn(name);
    if (ordinal < 0) {
      return Error(sqlstate::kUndefinedColumn, "column \"{}\" named in key does not exist", name)
          .At(ast.position);
    }
    const auto found = static_cast<uint32_t>(ordinal);
    if (std::find(constraint.columns.begin(), constraint.columns.end(), found) !=
        constraint.columns.end()) {
      return Error(sqlstate::kDuplicateColumn, "column \"{}\" appears twice in {} constraint", name,
                   primary ? "primary key" : "unique")
          .At(ast.position);
    }
    constraint.columns.push_back(found);
  }
  if (constraint.columns.size() > kDefinerKeyColumnsMax) {
    return Error(sqlstate::kTooManyColumns, "cannot use more than {} columns in an index",
                 kDefinerKeyColumnsMax)
        .At(ast.position);
  }
  // As in PostgreSQL, a unique constraint that repeats another key of the statement adds nothing.
  const bool repeated =
      !primary && ast.name.empty() && table_->oid == kInvalidOid &&
      std::any_of(added.begin(), added.end(), [&](const catalog::ConstraintEntry& other) {
        return other.type != catalog::ConstraintType::kCheck && other.columns == constraint.columns;
      });
  if (repeated) return OkStatus();
  std::string columns;
  for (const uint32_t ordinal : constraint.columns) {
    if (primary) table_->columns[ordinal].not_null = true;
    columns += (columns.empty() ? "" : "_") + table_->columns[ordinal].name;
  }
  constraint.name =
      !ast.name.empty() ? ast.name
      : primary
          ? binder_->ChooseName({table_->schema, table_->name, "", "pkey"}, TakenNames(), true)
          : binder_->ChooseName({table_->schema, table_->name, columns, "key"}, TakenNames(), true);
  DRIFTDB_RETURN_IF_ERROR(CheckNameUnused(constraint.name));
  DRIFTDB_RETURN_IF_ERROR(
      binder_->NameTaken(table_->schema, constraint.name, false, "", nullptr).status());
  catalog::IndexEntry index;
  index.schema = table_->schema;
  index.table = table_->oid;
  index.name = constraint.name;
  index.unique = true;
  index.primary = primary;
  for (const uint32_t ordinal : constraint.columns)
    index.columns.push_back({ordinal, false, false});
  indexes.push_back(std::move(index));
  added.push_back(constraint);
  table_->constraints.push_back(std::move(constraint));
  return OkStatus();
}

Status TableDefiner::AddCheck(const Pending& pending) {
  const AstConstraint& ast = *pending.ast;
  Scope scope = Scope::Of(binder_->MakeTableRange(*table_, "", table_index_, 0));
  DRIFTDB_ASSIGN_OR_RETURN(
      ExprPtr bound, binder_->BindStandalone(*ast.expr, BindClause::kCheck, std::move(scope)));
  if (bound->type.id != TypeId::kBoolean) bound->position = StartOf(*ast.expr);
  DRIFTDB_ASSIGN_OR_RETURN(bound, expr::RequireBoolean(std::move(bound), "CHECK"));
  catalog::ConstraintEntry constraint;
  constraint.type = catalog::ConstraintType::kCheck;
  constraint.check_sql = Deparse(*ast.expr);
  expr::Walk(*bound, [&](const expr::Expr& e) {
    if (e.kind == expr::ExprKind::kColumn &&
        std::find(constraint.columns.begin(), constraint.columns.end(), e.column.column_index) ==
            constraint.columns.end()) {
      constraint.columns.push_back(e.column.column_index);
    }
    return true;
  });
  // A check over one column is named after it.
  const int column = pending.column >= 0              ? pending.column
                     : constraint.columns.size() == 1 ? static_cast<int>(constraint.columns[0])
                                                      : -1;
  constraint.name =
      !ast.name.empty()
          ? ast.name
          : binder_->ChooseName(
                {table_->schema, table_->name,
                 column < 0 ? std::string_view()
                            : std::string_view(table_->columns[static_cast<size_t>(column)].name),
                 "check"},
                TakenNames(), false);
  const Status unused = CheckNameUnused(constraint.name);
  if (!unused.ok() && table_->oid == kInvalidOid) {
    return Error(sqlstate::kDuplicateObject, "check constraint \"{}\" already exists",
                 constraint.name);
  }
  DRIFTDB_RETURN_IF_ERROR(unused);
  checks.push_back(std::move(bound));
  added.push_back(constraint);
  table_->constraints.push_back(std::move(constraint));
  return OkStatus();
}

Status TableDefiner::Finish() {
  // PostgreSQL makes checks before the indexes of keys; the primary key comes first among those.
  const auto rank = [](const Pending& pending) {
    return pending.ast->kind == ConstraintKind::kPrimaryKey ? 1
           : pending.ast->kind == ConstraintKind::kUnique   ? 2
                                                            : 0;
  };
  for (const int wanted : {0, 1, 2}) {
    for (const Pending& pending : pending_) {
      if (rank(pending) != wanted) continue;
      const AstConstraint& ast = *pending.ast;
      if (ast.kind == ConstraintKind::kForeignKey) {
        return DefinerUnsupported("foreign keys are", ast.position);
      }
      if (ast.deferrable || ast.initially_deferred) {
        return DefinerUnsupported("deferrable constraints are", ast.position);
      }
      if (ast.not_valid) return DefinerUnsupported("NOT VALID is", ast.position);
      DRIFTDB_RETURN_IF_ERROR(wanted == 0 ? AddCheck(pending) : AddKey(pending));
    }
  }
  pending_.clear();
  return OkStatus();
}

}  // namespace driftdb::sql
