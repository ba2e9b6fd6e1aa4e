// DROP and TRUNCATE. CASCADE is expanded here: views that depend on a dropped relation, defaults
// that draw from a dropped sequence, everything in a dropped schema.
#include <algorithm>

#include "base/error.h"
#include "base/status_macros.h"
#include "sql/bind/statement_binder.h"
#include "sql/parse/deparse.h"

namespace driftdb::sql {

namespace {

std::string_view DropKindText(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kTable:
      return "table";
    case ObjectKind::kIndex:
      return "index";
    case ObjectKind::kView:
      return "view";
    case ObjectKind::kSchema:
      return "schema";
    case ObjectKind::kSequence:
      return "sequence";
  }
  return "";
}

std::string DropTag(ObjectKind kind) {
  std::string tag = "DROP ";
  for (const char c : DropKindText(kind)) tag += static_cast<char>(c - 'a' + 'A');
  return tag;
}

struct DropKindOf {
  ObjectKind operator()(std::monostate) const { return ObjectKind::kTable; }
  ObjectKind operator()(const std::shared_ptr<const catalog::TableEntry>&) const {
    return ObjectKind::kTable;
  }
  ObjectKind operator()(const std::shared_ptr<const catalog::ViewEntry>&) const {
    return ObjectKind::kView;
  }
  ObjectKind operator()(const std::shared_ptr<const catalog::IndexEntry>&) const {
    return ObjectKind::kIndex;
  }
  ObjectKind operator()(const std::shared_ptr<const catalog::SequenceEntry>&) const {
    return ObjectKind::kSequence;
  }
};

std::string DropDescribe(const catalog::RelationEntry& relation) {
  return std::string(DropKindText(std::visit(DropKindOf{}, relation))) + " " +
         catalog::RelationName(relation);
}

bool DropContains(const std::vector<Oid>& list, Oid oid) {
  return std::find(list.begin(), list.end(), oid) != list.end();
}

char DropPrivilegeKind(const catalog::RelationEntry& relation) {
  switch (std::visit(DropKindOf{}, relation)) {
    case ObjectKind::kView:
      return 'v';
    case ObjectKind::kSequence:
      return 'S';
    case ObjectKind::kIndex:
      return 'i';
    default:
      return 'r';
  }
}

}  // namespace

void StatementBinder::RequireRelationOwner(const catalog::RelationEntry& relation) {
  if (const auto* index = std::get_if<std::shared_ptr<const catalog::IndexEntry>>(&relation)) {
    const auto table = catalog_.FindTable((*index)->table);
    if (table != nullptr) RequireOwner(table->oid, (*index)->name, 'r');
    return;
  }
  RequireOwner(catalog::RelationOid(relation), catalog::RelationName(relation),
               DropPrivilegeKind(relation));
}

Status StatementBinder::DropNamed(const AstDrop& ast, const AstName& name, BoundDrop* drop,
                                  std::vector<Oid>* roots) {
  DRIFTDB_ASSIGN_OR_RETURN(const catalog::RelationEntry found, FindRelation(name));
  const std::string_view kind = DropKindText(ast.object);
  if (std::holds_alternative<std::monostate>(found)) {
    if (!ast.if_exists) {
      const SqlState code =
          kind == "index" ? sqlstate::kUndefinedObject : sqlstate::kUndefinedTable;
      return Error(code, "{} \"{}\" does not exist", kind, Display(name));
    }
    drop->notices.push_back({sqlstate::kSuccess, std::string(kind) + " \"" + Display(name) +
                                                     "\" does not exist, skipping"});
    return OkStatus();
  }
  const ObjectKind actual = std::visit(DropKindOf{}, found);
  if (actual != ast.object) {
    const std::string_view article = ast.object == ObjectKind::kIndex ? "an" : "a";
    return Error(sqlstate::kWrongObjectType, "\"{}\" is not {} {}", name.name, article, kind)
        .WithHint("Use " + DropTag(actual) + " to remove " +
                  (actual == ObjectKind::kIndex ? "an " : "a ") +
                  std::string(DropKindText(actual)) + ".");
  }
  if (const auto* table = std::get_if<std::shared_ptr<const catalog::TableEntry>>(&found)) {
    if ((*table)->is_system) {
      return Error(sqlstate::kInsufficientPrivilege,
                   "permission denied: \"{}\" is a system catalog", name.name);
    }
  }
  if (const auto* index = std::get_if<std::shared_ptr<const catalog::IndexEntry>>(&found)) {
    const auto table = catalog_.FindTable((*index)->table);
    for (const catalog::ConstraintEntry& constraint : table->constraints) {
      if (constraint.index != (*index)->oid) continue;
      return Error(sqlstate::kDependentObjects,
                   "cannot drop index {} because constraint {} on table {} requires it",
                   (*index)->name, constraint.name, table->name)
          .WithHint("You can drop constraint " + constraint.name + " on table " + table->name +
                    " instead.");
    }
  }
  const Oid oid = catalog::RelationOid(found);
  if (!DropContains(*roots, oid)) roots->push_back(oid);
  RequireRelationOwner(found);
  return OkStatus();
}

Status StatementBinder::DropSchema(const AstDrop& ast, const AstName& name, BoundDrop* drop,
                                   std::vector<Oid>* roots) {
  const catalog::SchemaEntry* schema = catalog_.FindSchema(name.name);
  if (schema == nullptr) {
    if (!ast.if_exists) {
      return Error(sqlstate::kInvalidSchemaName, "schema \"{}\" does not exist", name.name);
    }
    drop->notices.push_back(
        {sqlstate::kSuccess, "schema \"" + name.name + "\" does not exist, skipping"});
    return OkStatus();
  }
  if (schema->oid.value < kFirstUserOid.value && schema->name != "public") {
    return Error(sqlstate::kDependentObjects,
                 "cannot drop schema {} because it is required by the database system",
                 schema->name);
  }
  std::vector<Oid> contents;
  std::string details;
  for (const auto& [oid, relation] : catalog_.relations()) {
    if (catalog::RelationSchema(relation) != schema->oid) continue;
    if (std::holds_alternative<std::shared_ptr<const catalog::IndexEntry>>(relation)) continue;
    contents.push_back(oid);
    details += (details.empty() ? "" : "\n") + DropDescribe(relation) + " depends on schema " +
               schema->name;
  }
  if (!contents.empty() && !ast.cascade) {
    return Error(sqlstate::kDependentObjects,
                 "cannot drop schema {} because other objects depend on it", schema->name)
        .WithDetail(details)
        .WithHint("Use DROP ... CASCADE to drop the dependent objects too.");
  }
  for (const Oid oid : contents) {
    drop->notices.push_back(
        {sqlstate::kSuccess, "drop cascades to " + DropDescribe(catalog_.FindRelation(oid))});
    if (!DropContains(*roots, oid)) roots->push_back(oid);
  }
  drop->schemas.push_back(schema->oid);
  RequireOwner(schema->oid, schema->name, 'n');
  return OkStatus();
}

// Finds what depends on the roots, transitively: an error without CASCADE. The list comes out with
// dependants before what they depend on.
Status StatementBinder::ExpandDrop(bool cascade, std::string_view object,
                                   const std::vector<Oid>& roots, BoundDrop* drop) {
  std::vector<Oid> order = roots;
  std::string details;
  const auto dependant = [&](const std::string& what, const std::string& on) {
    details += (details.empty() ? "" : "\n") + what + " depends on " + on;
    if (cascade) drop->notices.push_back({sqlstate::kSuccess, "drop cascades to " + what});
  };
  for (size_t i = 0; i < order.size(); ++i) {
    const catalog::RelationEntry dropped = catalog_.FindRelation(order[i]);
    for (const auto& [oid, relation] : catalog_.relations()) {
      const auto* view = std::get_if<std::shared_ptr<const catalog::ViewEntry>>(&relation);
      if (view == nullptr || !DropContains((*view)->depends_on, order[i])) continue;
      if (DropContains(order, oid)) continue;
      dependant("view " + (*view)->name, DropDescribe(dropped));
      order.push_back(oid);
    }
    const auto* sequence = std::get_if<std::shared_ptr<const catalog::SequenceEntry>>(&dropped);
    if (sequence == nullptr) continue;
    const std::string qualified =
        QuoteIdentifier((*sequence)->schema_name) + "." + QuoteIdentifier((*sequence)->name);
    for (const auto& [oid, relation] : catalog_.relations()) {
      const auto* table = std::get_if<std::shared_ptr<const catalog::TableEntry>>(&relation);
      if (table == nullptr || DropContains(order, oid)) continue;
      for (const catalog::ColumnEntry& column : (*table)->columns) {
        const bool draws = column.default_sql.find("nextval(" + QuoteLiteral(qualified) + ")") !=
                               std::string::npos ||
                           column.default_sql.find("nextval(" + QuoteLiteral((*sequence)->name) +
                                                   ")") != std::string::npos;
        if (!draws) continue;
        dependant("default value for column " + column.name + " of table " + (*table)->name,
                  "sequence " + (*sequence)->name);
        drop->defaults.push_back({oid, column.id});
      }
    }
  }
  if (!details.empty() && !cascade) {
    return Error(sqlstate::kDependentObjects, "cannot drop {} because other objects depend on it",
                 object)
        .WithDetail(details)
        .WithHint("Use DROP ... CASCADE to drop the dependent objects too.");
  }
  // A sequence owned by a dropped table goes with it.
  for (size_t i = order.size(); i-- > 0;) {
    const catalog::RelationEntry relation = catalog_.FindRelation(order[i]);
    const auto* sequence = std::get_if<std::shared_ptr<const catalog::SequenceEntry>>(&relation);
    if (sequence != nullptr && DropContains(order, (*sequence)->owned_by_table)) continue;
    drop->relations.push_back(order[i]);
  }
  return OkStatus();
}

Result<BoundStatement> StatementBinder::BindDrop(const AstDrop& ast) {
  BoundDrop drop;
  drop.tag = DropTag(ast.object);
  std::vector<Oid> roots;
  for (const AstName& name : ast.names) {
    DRIFTDB_RETURN_IF_ERROR(ast.object == ObjectKind::kSchema
                                ? DropSchema(ast, name, &drop, &roots)
                                : DropNamed(ast, name, &drop, &roots));
  }
  const std::string object = roots.size() == 1 && ast.object != ObjectKind::kSchema
                                 ? DropDescribe(catalog_.FindRelation(roots[0]))
                                 : "desired object(s)";
  DRIFTDB_RETURN_IF_ERROR(ExpandDrop(ast.cascade, object, roots, &drop));
  drop.privileges = TakePrivileges();
  BoundStatement statement;
  statement.node = std::move(drop);
  return statement;
}

Result<BoundStatement> StatementBinder::BindTruncate(const AstTruncate& ast) {
  BoundTruncate truncate;
  for (const AstName& name : ast.tables) {
    DRIFTDB_ASSIGN_OR_RETURN(auto table, RequireTable(name));
    if (table->is_system) {
      return Error(sqlstate::kInsufficientPrivilege,
                   "permission denied: \"{}\" is a system catalog", table->name)
          .At(name.position);
    }
    const bool repeated = std::any_of(truncate.tables.begin(), truncate.tables.end(),
                                      [&](const auto& other) { return other->oid == table->oid; });
    if (repeated) continue;
    RequireOn(*table, catalog::kPrivilegeTruncate);
    if (ast.restart_identity) {
      for (const auto& [oid, relation] : catalog_.relations()) {
        const auto* sequence =
            std::get_if<std::shared_ptr<const catalog::SequenceEntry>>(&relation);
        if (sequence != nullptr && (*sequence)->owned_by_table == table->oid) {
          truncate.restart_sequences.push_back(oid);
        }
      }
    }
    truncate.tables.push_back(std::move(table));
  }
  truncate.privileges = TakePrivileges();
  BoundStatement statement;
  statement.node = std::move(truncate);
  return statement;
}

}  // namespace driftdb::sql
