// CREATE TABLE, CREATE TABLE AS, CREATE INDEX, CREATE SCHEMA; names of new objects.
#include <algorithm>

#include "base/error.h"
#include "base/status_macros.h"
#include "sql/bind/statement_binder.h"
#include "sql/bind/table_definer.h"
#include "sql/parse/parse.h"

namespace driftdb::sql {

namespace {

template <typename T>
BoundStatement CreateWrap(T node) {
  BoundStatement statement;
  statement.node = std::move(node);
  return statement;
}

// Cuts at a character boundary.
std::string_view CreateClip(std::string_view text, size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

// PostgreSQL's makeObjectName: the longer of table and column gives way.
std::string CreateObjectName(std::string_view table, std::string_view column,
                             std::string_view label) {
  const size_t overhead = (column.empty() ? 0 : 1) + (label.empty() ? 0 : label.size() + 1);
  size_t first = table.size(), second = column.size();
  while (first + second + overhead > kIdentifierBytesMax) {
    if (first > second) {
      --first;
    } else {
      --second;
    }
  }
  std::string name(CreateClip(table, first));
  if (!column.empty()) name += "_" + std::string(CreateClip(column, second));
  if (!label.empty()) name += "_" + std::string(label);
  return name;
}

Status CreateTableOptions(const std::vector<AstOption>& options) {
  for (const AstOption& option : options) {
    const bool ignored = option.name == "fillfactor" || option.name == "parallel_workers" ||
                         option.name == "autovacuum_enabled" || option.name == "oids";
    if (!ignored) {
      return Error(sqlstate::kInvalidParameterValue, "unrecognized parameter \"{}\"", option.name)
          .At(option.position);
    }
  }
  return OkStatus();
}

Status CreateNoTemporary(bool temporary, uint32_t position) {
  if (!temporary) return OkStatus();
  return Error(sqlstate::kFeatureNotSupported, "temporary relations are not supported yet")
      .At(position);
}

}  // namespace

std::string StatementBinder::ChooseName(const NameParts& parts,
                                        const std::vector<std::string>& taken, bool is_relation) {
  for (int number = 0;; ++number) {
    const std::string suffix = number == 0 ? "" : std::to_string(number);
    std::string name =
        CreateObjectName(parts.table, parts.column, std::string(parts.label) + suffix);
    const bool used = std::find(taken.begin(), taken.end(), name) != taken.end() ||
                      (is_relation && !std::holds_alternative<std::monostate>(
                                          catalog_.FindRelation(parts.schema, name)));
    if (!used) return name;
  }
}

Result<bool> StatementBinder::NameTaken(Oid schema, const std::string& name, bool if_not_exists,
                                        std::string_view tag, BoundStatement* nothing) {
  if (std::holds_alternative<std::monostate>(catalog_.FindRelation(schema, name))) return false;
  if (!if_not_exists) {
    return Error(sqlstate::kDuplicateTable, "relation \"{}\" already exists", name);
  }
  BoundNothing skipped;
  skipped.tag = tag;
  skipped.notices.push_back(
      {sqlstate::kDuplicateTable, "relation \"" + name + "\" already exists, skipping"});
  nothing->node = std::move(skipped);
  return true;
}

Result<BoundStatement> StatementBinder::BindCreateTable(const AstCreateTable& ast) {
  DRIFTDB_RETURN_IF_ERROR(CreateNoTemporary(ast.temporary, ast.position));
  DRIFTDB_RETURN_IF_ERROR(CreateTableOptions(ast.options));
  BoundCreateTable create;
  catalog::TableEntry& table = create.table;
  DRIFTDB_ASSIGN_OR_RETURN(table.schema, ResolveSchema(ast.table, true));
  BoundStatement nothing;
  DRIFTDB_ASSIGN_OR_RETURN(const bool skip, NameTaken(table.schema, ast.table.name,
                                                      ast.if_not_exists, "CREATE TABLE", &nothing));
  if (skip) return nothing;
  table.schema_name = catalog_.FindSchema(table.schema)->name;
  table.name = ast.table.name;
  table.security.owner = context_.role;
  TableDefiner definer(this, &table, MakeTableIndex(table.name));
  for (const AstColumnDef& column : ast.columns) {
    DRIFTDB_RETURN_IF_ERROR(definer.AddColumn(column));
  }
  for (const AstConstraint& constraint : ast.constraints) definer.AddConstraint(constraint);
  DRIFTDB_RETURN_IF_ERROR(definer.Finish());
  create.indexes = std::move(definer.indexes);
  create.sequences = std::move(definer.sequences);
  privileges_.clear();
  RequireSchemaCreate(table.schema);
  create.privileges = TakePrivileges();
  return CreateWrap(std::move(create));
}

Result<BoundStatement> StatementBinder::BindCreateTableAs(const AstCreateTableAs& ast) {
  DRIFTDB_RETURN_IF_ERROR(CreateNoTemporary(ast.temporary, ast.position));
  DRIFTDB_RETURN_IF_ERROR(CreateTableOptions(ast.options));
  BoundCreateTableAs create;
  create.with_data = ast.with_data;
  catalog::TableEntry& table = create.definition.table;
  DRIFTDB_ASSIGN_OR_RETURN(table.schema, ResolveSchema(ast.table, true));
  BoundStatement nothing;
  DRIFTDB_ASSIGN_OR_RETURN(
      const bool skip,
      NameTaken(table.schema, ast.table.name, ast.if_not_exists, "CREATE TABLE AS", &nothing));
  if (skip) return nothing;
  table.schema_name = catalog_.FindSchema(table.schema)->name;
  table.name = ast.table.name;
  table.security.owner = context_.role;
  DRIFTDB_ASSIGN_OR_RETURN(create.query, BindTopSelect(*ast.source));
  if (ast.column_names.size() > create.query.output.size()) {
    return Error(sqlstate::kSyntaxError, "too many column names were specified").At(ast.position);
  }
  for (size_t i = 0; i < create.query.output.size(); ++i) {
    catalog::ColumnEntry column;
    column.id = ColumnId(static_cast<uint32_t>(i + 1));
    column.name = i < ast.column_names.size() ? ast.column_names[i] : create.query.output[i].name;
    column.type = create.query.output[i].type;
    if (table.FindColumn(column.name) >= 0) {
      return Error(sqlstate::kDuplicateColumn, "column \"{}\" specified more than once",
                   column.name);
    }
    table.columns.push_back(std::move(column));
  }
  privileges_.clear();
  RequireSchemaCreate(table.schema);
  create.definition.privileges = TakePrivileges();
  return CreateWrap(std::move(create));
}

Result<catalog::IndexColumn> StatementBinder::BindIndexElement(const AstIndexElement& element,
                                                               const catalog::TableEntry& table) {
  std::string name = element.column;
  if (element.expr != nullptr) {
    const bool plain = element.expr->kind == AstExprKind::kColumnRef &&
                       element.expr->As<AstColumnRef>().parts.size() == 1;
    if (!plain) {
      return Error(sqlstate::kFeatureNotSupported, "indexes on expressions are not supported yet")
          .At(element.position);
    }
    name = element.expr->As<AstColumnRef>().parts[0];
  }
  const int ordinal = table.FindColumn(name);
  if (ordinal < 0) {
    return Error(sqlstate::kUndefinedColumn, "column \"{}\" does not exist", name)
        .At(element.position);
  }
  // The only collation is "C", for which PostgreSQL's pattern operator classes are the default
  // ones.
  if (!element.operator_class.empty() &&
      element.operator_class.back().find("_ops") == std::string::npos) {
    return Error(sqlstate::kUndefinedObject,
                 "operator class \"{}\" does not exist for access method \"btree\"",
                 element.operator_class.back())
        .At(element.position);
  }
  catalog::IndexColumn column;
  column.column = static_cast<uint32_t>(ordinal);
  column.descending = element.direction == SortDirection::kDescending;
  column.nulls_first = element.nulls == NullsOrder::kDefault ? column.descending
                                                             : element.nulls == NullsOrder::kFirst;
  return column;
}

Result<BoundStatement> StatementBinder::BindCreateIndex(const AstCreateIndex& ast) {
  BoundCreateIndex create;
  create.concurrently = ast.concurrently;
  DRIFTDB_ASSIGN_OR_RETURN(create.table, RequireTable(ast.table));
  const catalog::TableEntry& table = *create.table;
  if (!ast.method.empty() && ast.method != "btree") {
    const bool known = ast.method == "hash" || ast.method == "gin" || ast.method == "gist" ||
                       ast.method == "brin" || ast.method == "spgist";
    return known ? Error(sqlstate::kFeatureNotSupported, "access method \"{}\" is not supported",
                         ast.method)
                       .At(ast.position)
                 : Error(sqlstate::kUndefinedObject, "access method \"{}\" does not exist",
                         ast.method)
                       .At(ast.position);
  }
  const std::string_view missing = ast.where != nullptr     ? "partial indexes are"
                                   : !ast.include.empty()   ? "INCLUDE is"
                                   : ast.nulls_not_distinct ? "NULLS NOT DISTINCT is"
                                                            : "";
  if (!missing.empty()) {
    return Error(sqlstate::kFeatureNotSupported, "{} not supported yet", missing).At(ast.position);
  }
  DRIFTDB_RETURN_IF_ERROR(CreateTableOptions(ast.options));
  catalog::IndexEntry& index = create.index;
  index.schema = table.schema;
  index.table = table.oid;
  index.unique = ast.unique;
  std::string columns;
  for (const AstIndexElement& element : ast.elements) {
    DRIFTDB_ASSIGN_OR_RETURN(const catalog::IndexColumn column, BindIndexElement(element, table));
    const bool repeated = std::any_of(
        index.columns.begin(), index.columns.end(),
        [&](const catalog::IndexColumn& other) { return other.column == column.column; });
    columns += (columns.empty() ? "" : "_") + table.columns[column.column].name;
    // A repeated column neither orders nor distinguishes anything.
    if (!repeated) index.columns.push_back(column);
  }
  if (index.columns.size() > 32) {
    return Error(sqlstate::kTooManyColumns, "cannot use more than 32 columns in an index");
  }
  index.name = !ast.name.empty() ? ast.name
                                 : ChooseName({table.schema, table.name, columns, "idx"}, {}, true);
  BoundStatement nothing;
  DRIFTDB_ASSIGN_OR_RETURN(const bool skip, NameTaken(table.schema, index.name, ast.if_not_exists,
                                                      "CREATE INDEX", &nothing));
  if (skip) return nothing;
  if (table.is_system) {
    return Error(sqlstate::kInsufficientPrivilege, "permission denied: \"{}\" is a system catalog",
                 table.name)
        .At(ast.table.position);
  }
  RequireOwner(table.oid, table.name, 'r');
  create.privileges = TakePrivileges();
  return CreateWrap(std::move(create));
}

Result<BoundStatement> StatementBinder::BindCreateSchema(const AstCreateSchema& ast) {
  BoundCreateSchema create;
  create.schema.name = ast.name.empty() ? ast.owner : ast.name;
  create.schema.security.owner = context_.role;
  if (!ast.owner.empty()) {
    DRIFTDB_ASSIGN_OR_RETURN(create.schema.security.owner, RequireRole(ast.owner));
  }
  if (create.schema.name.rfind("pg_", 0) == 0) {
    return Error(sqlstate::kReservedName, "unacceptable schema name \"{}\"", create.schema.name)
        .WithDetail("The prefix \"pg_\" is reserved for system schemas.");
  }
  if (catalog_.FindSchema(create.schema.name) != nullptr) {
    if (!ast.if_not_exists) {
      return Error(sqlstate::kDuplicateSchema, "schema \"{}\" already exists", create.schema.name);
    }
    BoundNothing skipped;
    skipped.tag = "CREATE SCHEMA";
    skipped.notices.push_back({sqlstate::kDuplicateSchema,
                               "schema \"" + create.schema.name + "\" already exists, skipping"});
    return CreateWrap(std::move(skipped));
  }
  RequiredPrivilege required;  // on the database, which has no oid of its own
  required.privileges = catalog::kPrivilegeCreate;
  required.object_name = context_.database_name;
  required.object_kind = 'd';
  Require(std::move(required));
  create.privileges = TakePrivileges();
  return CreateWrap(std::move(create));
}

}  // namespace driftdb::sql
