// Names of relations, schemas, types and roles; parameters; required privileges.
#include <algorithm>

#include "base/error.h"
#include "base/status_macros.h"
#include "sql/bind/statement_binder.h"
#include "sql/parse/deparse.h"
#include "types/text_format.h"

namespace driftdb::sql {

namespace {

constexpr std::string_view kNamesCatalogSchema = "pg_catalog";

}  // namespace

Status DepthScope::Check() const {
  if (binder_->depth_ <= kBindDepthMax) return OkStatus();
  return Error(sqlstate::kStatementTooComplex, "stack depth limit exceeded")
      .WithHint("Split the statement, or nest its expressions and subqueries less deeply.");
}

StatementBinder::StatementBinder(const BindContext& context, size_t parameter_count)
    : context_(context), catalog_(*context.catalog), parameters_(context.parameter_types) {
  if (parameters_.size() < parameter_count) parameters_.resize(parameter_count);
  tables_.emplace_back();  // table indexes start at 1
}

std::string StatementBinder::Display(const AstName& name) {
  std::string text;
  if (!name.catalog.empty()) text += name.catalog + ".";
  if (!name.schema.empty()) text += name.schema + ".";
  return text + name.name;
}

Result<Oid> StatementBinder::ResolveSchema(const AstName& name, bool for_creation) {
  if (!name.catalog.empty() && name.catalog != context_.database_name) {
    return Error(sqlstate::kFeatureNotSupported,
                 "cross-database references are not implemented: \"{}\"", Display(name))
        .At(name.position);
  }
  if (name.schema.empty()) {
    if (context_.search_path.empty()) {
      return Error(sqlstate::kInvalidSchemaName, "no schema has been selected to create in")
          .At(name.position);
    }
    return context_.search_path.front();
  }
  const catalog::SchemaEntry* schema = catalog_.FindSchema(name.schema);
  if (schema == nullptr) {
    return Error(sqlstate::kInvalidSchemaName, "schema \"{}\" does not exist", name.schema)
        .At(for_creation ? name.position : 0);
  }
  return schema->oid;
}

Result<catalog::RelationEntry> StatementBinder::FindRelation(const AstName& name) {
  if (!name.schema.empty() || !name.catalog.empty()) {
    if (!name.catalog.empty()) DRIFTDB_RETURN_IF_ERROR(ResolveSchema(name, false).status());
    const catalog::SchemaEntry* schema = catalog_.FindSchema(name.schema);
    if (schema == nullptr) return catalog::RelationEntry();
    // A view's text found its relations when the view was made.
    if (view_stack_.empty()) {
      RequiredPrivilege usage;
      usage.object = schema->oid;
      usage.privileges = catalog::kPrivilegeUsage;
      usage.object_name = schema->name;
      usage.object_kind = 'n';
      Require(std::move(usage));
    }
    return catalog_.FindRelation(schema->oid, name.name);
  }
  const catalog::SchemaEntry* system = catalog_.FindSchema(kNamesCatalogSchema);
  const bool listed =
      system == nullptr || std::find(context_.search_path.begin(), context_.search_path.end(),
                                     system->oid) != context_.search_path.end();
  if (!listed) {
    catalog::RelationEntry found = catalog_.FindRelation(system->oid, name.name);
    if (!std::holds_alternative<std::monostate>(found)) return found;
  }
  for (const Oid schema : context_.search_path) {
    catalog::RelationEntry found = catalog_.FindRelation(schema, name.name);
    if (!std::holds_alternative<std::monostate>(found)) return found;
  }
  return catalog::RelationEntry();
}

Status StatementBinder::RelationMissing(const AstName& name) {
  return Error(sqlstate::kUndefinedTable, "relation \"{}\" does not exist", Display(name))
      .At(name.position);
}

Result<std::shared_ptr<const catalog::TableEntry>> StatementBinder::RequireTable(
    const AstName& name) {
  DRIFTDB_ASSIGN_OR_RETURN(const catalog::RelationEntry found, FindRelation(name));
  if (std::holds_alternative<std::monostate>(found)) return RelationMissing(name);
  const auto* table = std::get_if<std::shared_ptr<const catalog::TableEntry>>(&found);
  if (table == nullptr) {
    return Error(sqlstate::kWrongObjectType, "\"{}\" is not a table", name.name).At(name.position);
  }
  return *table;
}

Result<Oid> StatementBinder::RequireRole(const std::string& name) {
  if (name == "current_user" || name == "current_role" || name == "session_user") {
    return context_.role;
  }
  const catalog::RoleEntry* role = catalog_.FindRole(name);
  if (role == nullptr) {
    return Error(sqlstate::kUndefinedObject, "role \"{}\" does not exist", name);
  }
  return role->oid;
}

Result<LogicalType> StatementBinder::ResolveType(const TypeName& name) {
  if (!name.array_dims.empty()) {
    return Error(sqlstate::kFeatureNotSupported, "array types are not supported").At(name.position);
  }
  if (name.name.size() > 1 && name.name[name.name.size() - 2] != kNamesCatalogSchema) {
    return Error(sqlstate::kUndefinedObject, "type \"{}\" does not exist", Deparse(name))
        .At(name.position);
  }
  TypeModifiers modifiers;
  if (name.modifiers.size() > 2) {
    return Error(sqlstate::kInvalidParameterValue, "invalid type modifier").At(name.position);
  }
  modifiers.count = static_cast<int>(name.modifiers.size());
  for (size_t i = 0; i < name.modifiers.size(); ++i) modifiers.values[i] = name.modifiers[i];
  Result<LogicalType> type = ResolveTypeName(name.name.back(), modifiers);
  if (!type.ok()) return std::move(type).status().At(name.position);
  if (type->id == TypeId::kInterval) type->scale = static_cast<uint8_t>(name.interval_fields);
  return type;
}

uint32_t StatementBinder::MakeTableIndex(std::string_view alias) {
  TableInfo info;
  info.level = level_ == nullptr ? 0 : level_->id;
  info.alias = alias;
  tables_.push_back(std::move(info));
  return static_cast<uint32_t>(tables_.size() - 1);
}

void StatementBinder::NoteRelation(Oid oid) {
  if (std::find(relations_.begin(), relations_.end(), oid) == relations_.end()) {
    relations_.push_back(oid);
  }
}

uint32_t StatementBinder::Require(RequiredPrivilege privilege) {
  privilege.as_role = as_role_;
  // Schemas and sequences are asked for over and over; the list stays short.
  if (privilege.object_kind != 'r' && privilege.object_kind != 'v') {
    for (size_t i = 0; i < privileges_.size(); ++i) {
      if (privileges_[i].object == privilege.object && privileges_[i].as_role == as_role_ &&
          privileges_[i].privileges == privilege.privileges) {
        return static_cast<uint32_t>(i + 1);
      }
    }
  }
  privileges_.push_back(std::move(privilege));
  return static_cast<uint32_t>(privileges_.size());
}

uint32_t StatementBinder::RequireOn(const catalog::TableEntry& table, uint32_t privileges) {
  RequiredPrivilege required;
  required.object = table.oid;
  required.privileges = privileges;
  required.object_name = table.name;
  NoteRelation(table.oid);
  return Require(std::move(required));
}

void StatementBinder::RequireOwner(Oid object, const std::string& name, char kind) {
  RequiredPrivilege required;
  required.object = object;
  required.privileges = kNeedsOwner;
  required.object_name = name;
  required.object_kind = kind;
  Require(std::move(required));
}

void StatementBinder::RequireSchemaCreate(Oid schema) {
  RequiredPrivilege required;
  required.object = schema;
  required.privileges = catalog::kPrivilegeCreate;
  required.object_kind = 'n';
  const catalog::SchemaEntry* entry = catalog_.FindSchema(schema);
  if (entry != nullptr) required.object_name = entry->name;
  Require(std::move(required));
}

void StatementBinder::UseColumn(const ScopeColumn& column) {
  if (column.privilege == 0) return;
  std::vector<uint32_t>& columns = privileges_[column.privilege - 1].columns;
  if (std::find(columns.begin(), columns.end(), column.ordinal) == columns.end()) {
    columns.push_back(column.ordinal);
  }
}

Status StatementBinder::NoteParameter(const expr::Expr& expr) {
  if (expr.kind != expr::ExprKind::kParameter || expr.type.id == TypeId::kUnknown) {
    return OkStatus();
  }
  LogicalType& known = parameters_[expr.parameter];
  LogicalType own = expr.type;
  // A parameter has no length or precision of its own: a varchar(3) column must not cut or refuse
  // it early.
  if ((own.is_string() && own.id != TypeId::kChar) || own.is_timed()) own = LogicalType(own.id);
  if (known.id == TypeId::kUnknown) {
    known = own;
  } else if (known.id != own.id) {
    return Error(sqlstate::kAmbiguousParameter, "inconsistent types deduced for parameter ${}",
                 expr.parameter + 1)
        .WithDetail(known.ToString() + " versus " + own.ToString())
        .At(expr.position);
  }
  return OkStatus();
}

Status StatementBinder::NoteParameters(const expr::Expr& expr) {
  const auto unknown = [](const LogicalType& type) { return type.id == TypeId::kUnknown; };
  if (std::none_of(parameters_.begin(), parameters_.end(), unknown)) return OkStatus();
  Status status;
  expr::Walk(expr, [&](const expr::Expr& e) {
    if (status.ok()) status = NoteParameter(e);
    return status.ok();
  });
  return status;
}

}  // namespace driftdb::sql
