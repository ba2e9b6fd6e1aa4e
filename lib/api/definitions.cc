#include "api/definitions.h"

#include <algorithm>

#include "api/database.h"
#include "api/index_fill.h"
#include "api/utility.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "catalog/sequence_state.h"
#include "exec/dml/row_constraints.h"
#include "exec/executor.h"
#include "expr/evaluator.h"
#include "storage/table/table_scan.h"
#include "txn/table_writer.h"

namespace driftdb::api {

std::vector<sql::RequiredPrivilege> Definitions::RequiredPrivileges(
    const sql::BoundStatement& statement) {
  return std::visit(
      [](const auto& node) -> std::vector<sql::RequiredPrivilege> {
        if constexpr (requires { node.definition.privileges; }) {
          return node.definition.privileges;
        } else if constexpr (requires { node.privileges; }) {
          return node.privileges;
        } else {
          return {};
        }
      },
      statement.node);
}

Status Definitions::Edit() {
  DRIFTDB_ASSIGN_OR_RETURN(
      editor_, connection_->database()->catalog()->Edit(connection_->transaction(), snapshot_));
  return OkStatus();
}

Status Definitions::LockExclusive(const std::shared_ptr<const catalog::TableEntry>& table) {
  if (table == nullptr) return OkStatus();
  return connection_->transaction()->LockTable(table->lock, txn::LockMode::kAccessExclusive);
}

Result<int64_t> Definitions::Run(sql::BoundStatement* statement) {
  DRIFTDB_RETURN_IF_ERROR(Edit());
  Status status;
  if (auto* table = statement->Get<sql::BoundCreateTable>()) {
    status = CreateTable(table).status();
  } else if (auto* table_as = statement->Get<sql::BoundCreateTableAs>()) {
    return CreateTableAs(table_as);
  } else if (auto* index = statement->Get<sql::BoundCreateIndex>()) {
    status = CreateIndex(index);
  } else if (auto* view = statement->Get<sql::BoundCreateView>()) {
    status = editor_->CreateView(std::move(view->view), view->or_replace).status();
  } else if (auto* schema = statement->Get<sql::BoundCreateSchema>()) {
    status = editor_->CreateSchema(std::move(schema->schema)).status();
  } else if (auto* sequence = statement->Get<sql::BoundCreateSequence>()) {
    status = editor_->CreateSequence(std::move(sequence->sequence)).status();
  } else if (auto* altered = statement->Get<sql::BoundAlterSequence>()) {
    status = AlterSequence(altered);
  } else if (const auto* drop = statement->Get<sql::BoundDrop>()) {
    status = Drop(*drop);
  } else if (auto* alter = statement->Get<sql::BoundAlterTable>()) {
    status = Alter(alter);
  } else if (const auto* truncate = statement->Get<sql::BoundTruncate>()) {
    status = Truncate(*truncate);
  } else {
    status = Error(sqlstate::kFeatureNotSupported, "this statement is not supported");
  }
  if (!status.ok()) return status;
  return 0;
}

Result<std::shared_ptr<const catalog::TableEntry>> Definitions::CreateTable(
    sql::BoundCreateTable* create) {
  DRIFTDB_ASSIGN_OR_RETURN(
      const auto table, editor_->CreateTable(std::move(create->table), std::move(create->indexes)));
  for (catalog::SequenceEntry& sequence : create->sequences) {
    sequence.owned_by_table = table->oid;
    DRIFTDB_RETURN_IF_ERROR(editor_->CreateSequence(std::move(sequence)).status());
  }
  return table;
}

Result<int64_t> Definitions::CreateTableAs(sql::BoundCreateTableAs* create) {
  DRIFTDB_ASSIGN_OR_RETURN(const auto table, CreateTable(&create->definition));
  if (!create->with_data) return 0;
  DRIFTDB_ASSIGN_OR_RETURN(const sql::PhysicalPlan plan,
                           PlanQuery(connection_, *catalog_, &create->query));
  exec::Executor executor(context_, &plan);
  DRIFTDB_RETURN_IF_ERROR(executor.Open());
  txn::TableWriter writer(connection_->transaction(), table->target.get(), snapshot_, nullptr);
  while (true) {
    DRIFTDB_ASSIGN_OR_RETURN(Chunk* const chunk, executor.Next());
    if (chunk == nullptr) break;
    Chunk stored = exec::ToStorageOrder(*table, *chunk);
    DRIFTDB_RETURN_IF_ERROR(writer.Insert(&stored, nullptr));
  }
  DRIFTDB_RETURN_IF_ERROR(writer.Finish());
  return static_cast<int64_t>(writer.rows_changed());
}

Status Definitions::CreateIndex(sql::BoundCreateIndex* create) {
  // Writers wait until the index is there; readers go on.
  DRIFTDB_RETURN_IF_ERROR(
      connection_->transaction()->LockTable(create->table->lock, txn::LockMode::kShare));
  create->index.table = create->table->oid;
  DRIFTDB_ASSIGN_OR_RETURN(const auto index,
                           editor_->CreateIndex(std::move(create->index), nullptr));
  return FillIndex(*create->table, *index);
}

Status Definitions::FillIndex(const catalog::TableEntry& table, const catalog::IndexEntry& index) {
  return BuildIndex(connection_, context_, table, index);
}

Status Definitions::AlterSequence(sql::BoundAlterSequence* alter) {
  const catalog::SequenceEntry changed = alter->changed;
  DRIFTDB_RETURN_IF_ERROR(editor_->AlterSequence(alter->changed));
  if (!alter->restart) return OkStatus();
  return changed.state->Set(changed, alter->restart_value, false);
}

Status Definitions::Drop(const sql::BoundDrop& drop) {
  for (const Oid oid : drop.relations) {
    std::shared_ptr<const catalog::TableEntry> table = editor_->snapshot()->FindTable(oid);
    const catalog::RelationEntry relation = editor_->snapshot()->FindRelation(oid);
    if (const auto* index = std::get_if<std::shared_ptr<const catalog::IndexEntry>>(&relation)) {
      table = editor_->snapshot()->FindTable((*index)->table);
    }
    DRIFTDB_RETURN_IF_ERROR(LockExclusive(table));
  }
  for (const sql::BoundDrop::Default& gone : drop.defaults) {
    const auto table = editor_->snapshot()->FindTable(gone.table);
    if (table == nullptr) continue;
    catalog::TableEntry changed = *table;
    for (catalog::ColumnEntry& column : changed.columns) {
      if (column.id == gone.column) column.default_sql.clear();
    }
    DRIFTDB_RETURN_IF_ERROR(editor_->AlterTable(std::move(changed)));
  }
  for (const Oid oid : drop.relations) DRIFTDB_RETURN_IF_ERROR(editor_->DropRelation(oid));
  for (const Oid oid : drop.schemas) DRIFTDB_RETURN_IF_ERROR(editor_->DropSchema(oid));
  return OkStatus();
}

Status Definitions::Alter(sql::BoundAlterTable* alter) {
  DRIFTDB_RETURN_IF_ERROR(LockExclusive(alter->table));
  for (sql::BoundAlterAction& action : alter->actions) {
    DRIFTDB_RETURN_IF_ERROR(AlterOne(alter->relation, &action));
  }
  return OkStatus();
}

Status Definitions::AlterOne(Oid relation, sql::BoundAlterAction* action) {
  if (action->kind == sql::BoundAlterKind::kRenameRelation) {
    return editor_->RenameRelation(relation, action->name);
  }
  const auto table = editor_->snapshot()->FindTable(relation);
  if (table == nullptr) {
    return Error(sqlstate::kFeatureNotSupported, "this ALTER is supported for tables only");
  }
  catalog::TableEntry changed = *table;
  switch (action->kind) {
    case sql::BoundAlterKind::kAddColumn:
      return AddColumn(relation, action);
    case sql::BoundAlterKind::kAddConstraint:
      return AddConstraint(relation, action);
    case sql::BoundAlterKind::kRenameColumn:
      changed.columns[action->ordinal].name = action->name;
      for (const auto& [name, check] : action->rewritten_checks) {
        for (catalog::ConstraintEntry& constraint : changed.constraints) {
          if (constraint.name == name) constraint.check_sql = check;
        }
      }
      break;
    case sql::BoundAlterKind::kSetDefault:
      changed.columns[action->ordinal].default_sql = action->text;
      break;
    case sql::BoundAlterKind::kDropDefault:
      changed.columns[action->ordinal].default_sql.clear();
      break;
    case sql::BoundAlterKind::kSetNotNull:
      DRIFTDB_RETURN_IF_ERROR(CheckExistingRows(*table, {action->ordinal}, {}, {}));
      changed.columns[action->ordinal].not_null = true;
      break;
    case sql::BoundAlterKind::kDropNotNull:
      changed.columns[action->ordinal].not_null = false;
      break;
    case sql::BoundAlterKind::kOwnerTo:
      changed.security.owner = action->role;
      break;
    case sql::BoundAlterKind::kRenameConstraint: {
      for (catalog::ConstraintEntry& constraint : changed.constraints) {
        if (constraint.name != action->constraint) continue;
        if (constraint.type != catalog::ConstraintType::kCheck) {
          return editor_->RenameRelation(constraint.index, action->name);
        }
        constraint.name = action->name;
      }
      break;
    }
    case sql::BoundAlterKind::kDropConstraint: {
      std::erase_if(changed.constraints, [&](const catalog::ConstraintEntry& constraint) {
        return constraint.name == action->constraint;
      });
      DRIFTDB_RETURN_IF_ERROR(editor_->AlterTable(std::move(changed)));
      for (const Oid index : action->drop_indexes) {
        DRIFTDB_RETURN_IF_ERROR(editor_->DropRelation(index));
      }
      return OkStatus();
    }
    default:
      return Error(sqlstate::kFeatureNotSupported, "this ALTER TABLE action is not supported");
  }
  return editor_->AlterTable(std::move(changed));
}

Status Definitions::AddColumn(Oid relation, sql::BoundAlterAction* action) {
  const auto table = editor_->snapshot()->FindTable(relation);
  Value value = Value::Null(action->column.type);
  if (action->value != nullptr) {
    if (expr::IsVolatile(*action->value)) {
      return Error(sqlstate::kFeatureNotSupported,
                   "ADD COLUMN with a volatile default is not supported")
          .WithHint(
              "Add the column without the default, fill it with UPDATE, then set the default.");
    }
    DRIFTDB_ASSIGN_OR_RETURN(value, expr::EvaluateConstant(*action->value, connection_->context()));
  }
  if (value.is_null() && action->column.not_null && table->data->approximate_rows() > 0) {
    return Error(sqlstate::kNotNullViolation,
                 "column \"{}\" of relation \"{}\" contains null values", action->column.name,
                 table->name);
  }
  catalog::TableEntry changed = *table;
  catalog::ColumnEntry column = action->column;
  DRIFTDB_RETURN_IF_ERROR(editor_->AddStoredColumn(&changed, value, &column));
  const ColumnId id = column.id;
  changed.columns.push_back(std::move(column));
  ++changed.schema_version;
  DRIFTDB_RETURN_IF_ERROR(editor_->AlterTable(std::move(changed)));
  if (!action->new_constraints.empty()) DRIFTDB_RETURN_IF_ERROR(AddConstraint(relation, action));
  for (catalog::SequenceEntry& sequence : action->new_sequences) {
    sequence.owned_by_table = relation;
    sequence.owned_by_column = id;
    DRIFTDB_RETURN_IF_ERROR(editor_->CreateSequence(std::move(sequence)).status());
  }
  return OkStatus();
}

Status Definitions::AddConstraint(Oid relation, sql::BoundAlterAction* action) {
  for (const catalog::ConstraintEntry& constraint : action->new_constraints) {
    const auto table = editor_->snapshot()->FindTable(relation);
    if (constraint.type == catalog::ConstraintType::kCheck) {
      std::vector<std::string> names = {constraint.name};
      std::vector<expr::ExprPtr> checks;
      for (const expr::ExprPtr& check : action->new_checks) {
        checks.push_back(exec::OverTableSlots(*check));
      }
      names.resize(checks.size(), constraint.name);
      DRIFTDB_RETURN_IF_ERROR(CheckExistingRows(*table, {}, checks, names));
      catalog::TableEntry changed = *table;
      changed.constraints.push_back(constraint);
      DRIFTDB_RETURN_IF_ERROR(editor_->AlterTable(std::move(changed)));
      continue;
    }
    if (constraint.type == catalog::ConstraintType::kPrimaryKey) {
      DRIFTDB_RETURN_IF_ERROR(CheckExistingRows(*table, constraint.columns, {}, {}));
      catalog::TableEntry changed = *table;
      for (const uint32_t column : constraint.columns) changed.columns[column].not_null = true;
      DRIFTDB_RETURN_IF_ERROR(editor_->AlterTable(std::move(changed)));
    }
    for (catalog::IndexEntry& index : action->new_indexes) {
      if (index.name != constraint.name) continue;
      index.table = relation;
      DRIFTDB_ASSIGN_OR_RETURN(const auto made, editor_->CreateIndex(index, &constraint));
      DRIFTDB_RETURN_IF_ERROR(FillIndex(*editor_->snapshot()->FindTable(relation), *made));
    }
  }
  return OkStatus();
}

Status Definitions::CheckExistingRows(const catalog::TableEntry& table,
                                      const std::vector<uint32_t>& not_null,
                                      const std::vector<expr::ExprPtr>& checks,
                                      const std::vector<std::string>& names) {
  catalog::TableEntry judged = table;
  for (catalog::ColumnEntry& column : judged.columns) column.not_null = false;
  for (const uint32_t ordinal : not_null) judged.columns[ordinal].not_null = true;
  DRIFTDB_ASSIGN_OR_RETURN(exec::RowConstraints constraints,
                           exec::RowConstraints::Make(&judged, checks, names, context_->eval));
  storage::ScanOptions options;
  options.snapshot = snapshot_;
  options.snapshot.txn = connection_->transaction()->txid();
  options.snapshot.statement = UINT32_MAX;
  options.snapshot.seq = connection_->transaction()->LatestPublished();
  for (const catalog::ColumnEntry& column : table.columns) {
    options.columns.push_back(column.storage_ordinal);
  }
  storage::TableScan scan(table.data.get(), std::move(options));
  storage::ScanCursor cursor(&scan);
  Chunk chunk;
  while (true) {
    DRIFTDB_ASSIGN_OR_RETURN(const bool more, cursor.Next(&chunk));
    if (!more) return OkStatus();
    DRIFTDB_RETURN_IF_ERROR(constraints.Check(chunk));
  }
}

Status Definitions::Truncate(const sql::BoundTruncate& truncate) {
  for (const auto& table : truncate.tables) DRIFTDB_RETURN_IF_ERROR(LockExclusive(table));
  for (const auto& table : truncate.tables) {
    DRIFTDB_RETURN_IF_ERROR(editor_->TruncateTable(table->oid));
  }
  for (const Oid oid : truncate.restart_sequences) {
    const catalog::RelationEntry relation = editor_->snapshot()->FindRelation(oid);
    const auto* sequence = std::get_if<std::shared_ptr<const catalog::SequenceEntry>>(&relation);
    if (sequence != nullptr) {
      DRIFTDB_RETURN_IF_ERROR((*sequence)->state->Set(**sequence, (*sequence)->start, false));
    }
  }
  return OkStatus();
}

}  // namespace driftdb::api
