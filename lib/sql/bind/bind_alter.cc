// ALTER TABLE: each action is resolved against the table as the actions before it left it.
#include <algorithm>

#include "base/error.h"
#include "base/status_macros.h"
#include "sql/bind/statement_binder.h"
#include "sql/bind/table_definer.h"

namespace driftdb::sql {

namespace {

BoundStatement AlterSkip(std::string tag, std::string message) {
  BoundNothing nothing;
  nothing.tag = std::move(tag);
  nothing.notices.push_back({sqlstate::kSuccess, std::move(message)});
  BoundStatement statement;
  statement.node = std::move(nothing);
  return statement;
}

std::string AlterTag(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kIndex:
      return "ALTER INDEX";
    case ObjectKind::kView:
      return "ALTER VIEW";
    case ObjectKind::kSchema:
      return "ALTER SCHEMA";
    case ObjectKind::kSequence:
      return "ALTER SEQUENCE";
    case ObjectKind::kTable:
      break;
  }
  return "ALTER TABLE";
}

Status AlterNoColumn(const std::string& column, const std::string& table) {
  return Error(sqlstate::kUndefinedColumn, "column \"{}\" of relation \"{}\" does not exist",
               column, table);
}

}  // namespace

// The views whose text reads a column of the table.
Result<std::vector<Oid>> StatementBinder::ViewsUsing(Oid table, uint32_t ordinal) {
  std::vector<Oid> users;
  for (const auto& [oid, relation] : catalog_.relations()) {
    const auto* view = std::get_if<std::shared_ptr<const catalog::ViewEntry>>(&relation);
    if (view == nullptr) continue;
    const std::vector<Oid>& on = (*view)->depends_on;
    if (std::find(on.begin(), on.end(), table) == on.end()) continue;
    StatementBinder scratch(context_, 0);
    DRIFTDB_RETURN_IF_ERROR(scratch.BindViewAlone(**view));
    for (const RequiredPrivilege& used : scratch.privileges_) {
      const bool reads = used.object == table && std::find(used.columns.begin(), used.columns.end(),
                                                           ordinal) != used.columns.end();
      if (!reads) continue;
      users.push_back(oid);
      break;
    }
  }
  return users;
}

Status StatementBinder::BindViewAlone(const catalog::ViewEntry& view) {
  QueryLevel level;
  LevelScope enter(this, &level);
  AstTableRef ref(TableRefKind::kTable, 0);
  return BindView(view, ref).status();
}

Status StatementBinder::AlterAddColumn(const AstAlterTableAction& ast, catalog::TableEntry* table,
                                       BoundAlterTable* alter) {
  if (table->FindColumn(ast.column.name) >= 0) {
    if (!ast.if_exists) {
      return Error(sqlstate::kDuplicateColumn, "column \"{}\" of relation \"{}\" already exists",
                   ast.column.name, table->name);
    }
    alter->notices.push_back({sqlstate::kDuplicateColumn, "column \"" + ast.column.name +
                                                              "\" of relation \"" + table->name +
                                                              "\" already exists, skipping"});
    return OkStatus();
  }
  BoundAlterAction action;
  action.kind = BoundAlterKind::kAddColumn;
  TableDefiner definer(this, table, 1);
  DRIFTDB_RETURN_IF_ERROR(definer.AddColumn(ast.column));
  DRIFTDB_RETURN_IF_ERROR(definer.Finish());
  action.ordinal = static_cast<uint32_t>(table->columns.size() - 1);
  action.column = table->columns.back();
  if (!action.column.default_sql.empty()) {
    sequence_unborn_ = !definer.sequences.empty();
    Result<ExprPtr> value =
        BindDefault(action.column.default_sql, action.column.type, action.column.name);
    sequence_unborn_ = false;
    if (!value.ok()) return std::move(value).status();
    action.value = std::move(value).value();
  }
  action.new_constraints = std::move(definer.added);
  action.new_indexes = std::move(definer.indexes);
  action.new_sequences = std::move(definer.sequences);
  for (catalog::SequenceEntry& sequence : action.new_sequences) {
    sequence.owned_by_table = table->oid;
  }
  action.new_checks = std::move(definer.checks);
  alter->actions.push_back(std::move(action));
  return OkStatus();
}

// What goes with a column: views that read it (2BP01 without CASCADE) and sequences it owns.
Status StatementBinder::CollectColumnDependants(const AstAlterTableAction& ast,
                                                const catalog::TableEntry& table, ColumnId id,
                                                BoundAlterTable* alter, BoundAlterAction* action) {
  // The stored table may number its columns otherwise than earlier actions left them.
  int stored = -1;
  for (size_t i = 0; i < alter->table->columns.size(); ++i) {
    if (alter->table->columns[i].id == id) stored = static_cast<int>(i);
  }
  if (stored >= 0) {
    DRIFTDB_ASSIGN_OR_RETURN(const std::vector<Oid> views,
                             ViewsUsing(table.oid, static_cast<uint32_t>(stored)));
    BoundDrop drop;
    if (!views.empty() && !ast.cascade) {
      std::string details;
      for (const Oid view : views) {
        details += (details.empty() ? "view " : "\nview ") +
                   catalog::RelationName(catalog_.FindRelation(view)) + " depends on column " +
                   ast.name + " of table " + table.name;
      }
      return Error(sqlstate::kDependentObjects,
                   "cannot drop column {} of table {} because other objects depend on it", ast.name,
                   table.name)
          .WithDetail(details)
          .WithHint("Use DROP ... CASCADE to drop the dependent objects too.");
    }
    for (const Oid view : views) {
      alter->notices.push_back(
          {sqlstate::kSuccess,
           "drop cascades to view " + catalog::RelationName(catalog_.FindRelation(view))});
    }
    DRIFTDB_RETURN_IF_ERROR(ExpandDrop(true, "", views, &drop));
    action->drop_relations = std::move(drop.relations);
  }
  for (const auto& [oid, relation] : catalog_.relations()) {
    const auto* sequence = std::get_if<std::shared_ptr<const catalog::SequenceEntry>>(&relation);
    if (sequence != nullptr && (*sequence)->owned_by_table == table.oid &&
        (*sequence)->owned_by_column == id) {
      action->drop_relations.push_back(oid);
    }
  }
  return OkStatus();
}

Status StatementBinder::AlterDropColumn(const AstAlterTableAction& ast, catalog::TableEntry* table,
                                        BoundAlterTable* alter) {
  const int found = table->FindColumn(ast.name);
  if (found < 0) {
    if (!ast.if_exists) return AlterNoColumn(ast.name, table->name);
    alter->notices.push_back({sqlstate::kSuccess, "column \"" + ast.name + "\" of relation \"" +
                                                      table->name + "\" does not exist, skipping"});
    return OkStatus();
  }
  const auto ordinal = static_cast<uint32_t>(found);
  BoundAlterAction action;
  action.kind = BoundAlterKind::kDropColumn;
  action.ordinal = ordinal;
  const ColumnId id = table->columns[ordinal].id;
  DRIFTDB_RETURN_IF_ERROR(CollectColumnDependants(ast, *table, id, alter, &action));
  const auto shift = [&](std::vector<uint32_t>* ordinals) {
    for (uint32_t& o : *ordinals) o -= o > ordinal ? 1 : 0;
  };
  std::vector<catalog::ConstraintEntry> kept;
  for (catalog::ConstraintEntry& constraint : table->constraints) {
    const auto& columns = constraint.columns;
    if (std::find(columns.begin(), columns.end(), ordinal) != columns.end()) {
      action.drop_constraints.push_back(constraint.name);
    } else {
      shift(&constraint.columns);
      kept.push_back(std::move(constraint));
    }
  }
  table->constraints = std::move(kept);
  std::vector<std::shared_ptr<const catalog::IndexEntry>> indexes;
  for (const auto& index : table->indexes) {
    const bool uses =
        std::any_of(index->columns.begin(), index->columns.end(),
                    [&](const catalog::IndexColumn& column) { return column.column == ordinal; });
    if (uses) {
      action.drop_indexes.push_back(index->oid);
      continue;
    }
    auto moved = std::make_shared<catalog::IndexEntry>(*index);
    for (catalog::IndexColumn& column : moved->columns) column.column -= column.column > ordinal;
    indexes.push_back(std::move(moved));
  }
  table->indexes = std::move(indexes);
  table->columns.erase(table->columns.begin() + found);
  alter->actions.push_back(std::move(action));
  return OkStatus();
}

Status StatementBinder::AlterColumn(const AstAlterTableAction& ast, catalog::TableEntry* table,
                                    BoundAlterTable* alter) {
  const int found = table->FindColumn(ast.name);
  if (found < 0) return AlterNoColumn(ast.name, table->name);
  BoundAlterAction action;
  action.ordinal = static_cast<uint32_t>(found);
  catalog::ColumnEntry& column = table->columns[action.ordinal];
  switch (ast.kind) {
    case AlterTableKind::kSetDefault: {
      TableDefiner definer(this, table, 1);
      DRIFTDB_RETURN_IF_ERROR(definer.SetDefault(*ast.expr, &column));
      action.kind = BoundAlterKind::kSetDefault;
      action.text = column.default_sql;
      break;
    }
    case AlterTableKind::kDropDefault:
      column.default_sql.clear();
      action.kind = BoundAlterKind::kDropDefault;
      break;
    case AlterTableKind::kSetNotNull:
      column.not_null = true;
      action.kind = BoundAlterKind::kSetNotNull;
      break;
    default: {
      const catalog::ConstraintEntry* key = table->primary_key();
      if (key != nullptr && std::find(key->columns.begin(), key->columns.end(), action.ordinal) !=
                                key->columns.end()) {
        return Error(sqlstate::kInvalidTableDefinition, "column \"{}\" is in a primary key",
                     ast.name);
      }
      column.not_null = false;
      action.kind = BoundAlterKind::kDropNotNull;
      break;
    }
  }
  alter->actions.push_back(std::move(action));
  return OkStatus();
}

Status StatementBinder::AlterConstraint(const AstAlterTableAction& ast, catalog::TableEntry* table,
                                        BoundAlterTable* alter) {
  BoundAlterAction action;
  if (ast.kind == AlterTableKind::kAddConstraint) {
    action.kind = BoundAlterKind::kAddConstraint;
    TableDefiner definer(this, table, 1);
    definer.AddConstraint(ast.constraint);
    DRIFTDB_RETURN_IF_ERROR(definer.Finish());
    action.new_constraints = std::move(definer.added);
    action.new_indexes = std::move(definer.indexes);
    action.new_checks = std::move(definer.checks);
    action.constraint = action.new_constraints[0].name;
    alter->actions.push_back(std::move(action));
    return OkStatus();
  }
  action.kind = BoundAlterKind::kDropConstraint;
  action.constraint = ast.name;
  for (size_t i = 0; i < table->constraints.size(); ++i) {
    if (table->constraints[i].name != ast.name) continue;
    if (table->constraints[i].type != catalog::ConstraintType::kCheck) {
      action.drop_indexes.push_back(table->constraints[i].index);
    }
    action.drop_constraints.push_back(ast.name);
    table->constraints.erase(table->constraints.begin() + static_cast<ptrdiff_t>(i));
    alter->actions.push_back(std::move(action));
    return OkStatus();
  }
  if (!ast.if_exists) {
    return Error(sqlstate::kUndefinedObject, "constraint \"{}\" of relation \"{}\" does not exist",
                 ast.name, table->name);
  }
  alter->notices.push_back({sqlstate::kSuccess, "constraint \"" + ast.name + "\" of relation \"" +
                                                    table->name + "\" does not exist, skipping"});
  return OkStatus();
}

Status StatementBinder::AlterAction(const AstAlterTableAction& ast, catalog::TableEntry* table,
                                    BoundAlterTable* alter) {
  switch (ast.kind) {
    case AlterTableKind::kAddColumn:
      return AlterAddColumn(ast, table, alter);
    case AlterTableKind::kDropColumn:
      return AlterDropColumn(ast, table, alter);
    case AlterTableKind::kSetDefault:
    case AlterTableKind::kDropDefault:
    case AlterTableKind::kSetNotNull:
    case AlterTableKind::kDropNotNull:
      return AlterColumn(ast, table, alter);
    case AlterTableKind::kAddConstraint:
    case AlterTableKind::kDropConstraint:
      return AlterConstraint(ast, table, alter);
    case AlterTableKind::kOwnerTo: {
      BoundAlterAction action;
      action.kind = BoundAlterKind::kOwnerTo;
      DRIFTDB_ASSIGN_OR_RETURN(action.role, RequireRole(ast.name));
      alter->actions.push_back(std::move(action));
      return OkStatus();
    }
    default:
      return Error(sqlstate::kFeatureNotSupported, "this form of ALTER TABLE is not supported yet")
          .At(ast.position);
  }
}

Result<BoundStatement> StatementBinder::BindAlterSchemaOwner(const AstAlterTable& ast) {
  const catalog::SchemaEntry* schema = catalog_.FindSchema(ast.table.name);
  if (schema == nullptr) {
    return Error(sqlstate::kInvalidSchemaName, "schema \"{}\" does not exist", ast.table.name);
  }
  BoundAlterSchema alter;
  alter.schema = schema->oid;
  for (const AstAlterTableAction& action : ast.actions) {
    if (action.kind != AlterTableKind::kOwnerTo) {
      return Error(sqlstate::kFeatureNotSupported,
                   "this form of ALTER SCHEMA is not supported yet");
    }
    DRIFTDB_ASSIGN_OR_RETURN(alter.owner, RequireRole(action.name));
  }
  RequireOwner(schema->oid, schema->name, 'n');
  alter.privileges = TakePrivileges();
  BoundStatement statement;
  statement.node = std::move(alter);
  return statement;
}

Result<BoundStatement> StatementBinder::BindAlterTable(const AstAlterTable& ast) {
  if (ast.object == ObjectKind::kSchema) return BindAlterSchemaOwner(ast);
  DRIFTDB_ASSIGN_OR_RETURN(const catalog::RelationEntry found, FindRelation(ast.table));
  if (std::holds_alternative<std::monostate>(found)) {
    if (!ast.if_exists) return RelationMissing(ast.table);
    return AlterSkip(AlterTag(ast.object),
                     "relation \"" + Display(ast.table) + "\" does not exist, skipping");
  }
  MakeTableIndex(ast.table.name);  // index 1: what checks are bound over
  BoundAlterTable alter;
  alter.tag = AlterTag(ast.object);
  alter.relation = catalog::RelationOid(found);
  catalog::TableEntry table;
  if (const auto* entry = std::get_if<std::shared_ptr<const catalog::TableEntry>>(&found)) {
    if ((*entry)->is_system) {
      return Error(sqlstate::kInsufficientPrivilege,
                   "permission denied: \"{}\" is a system catalog", ast.table.name)
          .At(ast.table.position);
    }
    alter.table = *entry;
    table = **entry;
  }
  for (const AstAlterTableAction& action : ast.actions) {
    if (alter.table == nullptr && action.kind != AlterTableKind::kOwnerTo) {
      return Error(sqlstate::kWrongObjectType,
                   "ALTER action cannot be performed on relation \"{}\"", ast.table.name)
          .At(ast.table.position);
    }
    DRIFTDB_RETURN_IF_ERROR(AlterAction(action, &table, &alter));
  }
  RequireRelationOwner(found);
  alter.privileges = TakePrivileges();
  BoundStatement statement;
  statement.node = std::move(alter);
  return statement;
}

}  // namespace driftdb::sql
