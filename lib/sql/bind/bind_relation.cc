// Relations named in FROM: common table expressions, tables, views.
#include <algorithm>

#include "base/error.h"
#include "base/status_macros.h"
#include "sql/bind/statement_binder.h"
#include "sql/parse/parse.h"

namespace driftdb::sql {

ScopeRangePtr StatementBinder::MakeTableRange(const catalog::TableEntry& table,
                                              const std::string& alias, uint32_t table_index,
                                              uint32_t privilege) {
  auto range = std::make_shared<ScopeRange>();
  range->alias = alias.empty() ? table.name : alias;
  if (alias.empty()) range->schema = table.schema_name;
  range->relation = table.name;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const catalog::ColumnEntry& entry = table.columns[i];
    ScopeColumn column;
    column.name = entry.name;
    column.type = entry.type;
    column.binding = {table_index, static_cast<uint32_t>(i)};
    column.table = table.oid;
    column.column = entry.id;
    column.ordinal = static_cast<uint32_t>(i);
    column.privilege = privilege;
    range->columns.push_back(std::move(column));
  }
  return range;
}

FromItem StatementBinder::MakeScan(const std::shared_ptr<const catalog::TableEntry>& table,
                                   const std::string& alias, bool with_row_id,
                                   uint32_t privileges) {
  FromItem item;
  LogicalScan scan;
  scan.table_index = MakeTableIndex(alias.empty() ? table->name : alias);
  scan.table = table;
  scan.alias = alias.empty() ? table->name : alias;
  TableInfo& info = tables_[scan.table_index];
  info.table = table;
  for (uint32_t i = 0; i < table->columns.size(); ++i) scan.columns.push_back(i);
  info.columns = scan.columns;
  if (with_row_id) scan.columns.push_back(kRowIdColumn);
  const uint32_t privilege = RequireOn(*table, privileges);
  item.scope = Scope::Of(MakeTableRange(*table, alias, scan.table_index, privilege));
  item.plan = MakeLogical(std::move(scan));
  return item;
}

CteDefinition* StatementBinder::FindCte(const std::string& name) {
  for (const CteFrame* frame = ctes_; frame != nullptr; frame = frame->parent) {
    // The innermost and latest definition wins.
    for (size_t i = frame->definitions.size(); i-- > 0;) {
      if (frame->definitions[i]->name == name) return frame->definitions[i];
    }
  }
  return nullptr;
}

Result<FromItem> StatementBinder::BindCteReference(CteDefinition* cte, const AstTableRef& ref) {
  if (cte->pending) {
    cte->self_seen = true;
    if (!cte->self_allowed) {
      return Error(sqlstate::kInvalidRecursion,
                   "recursive reference to query \"{}\" must not appear within its non-recursive "
                   "term",
                   cte->name)
          .At(ref.position);
    }
  }
  BoundSelect select;
  LogicalCteScan scan;
  scan.table_index = MakeTableIndex(ref.alias.empty() ? cte->name : ref.alias);
  scan.cte_id = cte->cte_id;
  scan.types = cte->types;
  for (size_t i = 0; i < cte->types.size(); ++i) {
    select.columns.push_back({cte->column_names[i],
                              cte->types[i],
                              {scan.table_index, static_cast<uint32_t>(i)},
                              {},
                              {}});
  }
  select.plan = MakeLogical(std::move(scan));
  return MakeSelectItem(std::move(select), cte->name);
}

Result<FromItem> StatementBinder::BindView(const catalog::ViewEntry& view, const AstTableRef& ref) {
  if (std::find(view_stack_.begin(), view_stack_.end(), view.oid) != view_stack_.end()) {
    return Error(sqlstate::kInvalidObjectDefinition,
                 "infinite recursion detected in rules for relation \"{}\"", view.name)
        .At(ref.position);
  }
  RequiredPrivilege required;
  required.object = view.oid;
  required.privileges = catalog::kPrivilegeSelect;
  required.object_name = view.name;
  required.object_kind = 'v';
  NoteRelation(view.oid);
  const uint32_t privilege = Require(std::move(required));

  DepthScope depth(this, kBindDepthQuery);
  DRIFTDB_RETURN_IF_ERROR(depth.Check());
  size_t consumed = 0;
  DRIFTDB_ASSIGN_OR_RETURN(auto parsed, ParseOne(view.query_sql, &consumed));
  const AstSelect* query = parsed.has_value() ? parsed->statement.Get<AstSelect>() : nullptr;
  if (query == nullptr) {
    return DataLossError("the stored text of view \"{}\" is no query", view.name);
  }
  // The view's text means what it meant to its owner: no outer names, the owner's privileges.
  QueryLevel* const level = level_;
  const CteFrame* const ctes = ctes_;
  const Oid role = as_role_;
  const bool qualify = qualify_names_;
  level_ = nullptr;
  ctes_ = nullptr;
  as_role_ = view.security.owner;
  qualify_names_ = false;
  view_stack_.push_back(view.oid);
  Result<BoundSelect> bound = BindSelect(*query);
  view_stack_.pop_back();
  level_ = level;
  ctes_ = ctes;
  as_role_ = role;
  qualify_names_ = qualify;
  if (!bound.ok()) {
    // Positions within the view's text mean nothing to the client.
    Status status = std::move(bound).status();
    status.mutable_error().position = 0;
    return std::move(status).At(ref.position);
  }
  if (bound->columns.size() < view.columns.size()) {
    return DataLossError("view \"{}\" has {} columns, its query {}", view.name, view.columns.size(),
                         bound->columns.size());
  }
  bound->columns.resize(view.columns.size());
  for (size_t i = 0; i < view.columns.size(); ++i) bound->columns[i].name = view.columns[i].name;
  FromItem item = MakeSelectItem(std::move(bound).value(), view.name);
  ScopeRange* range = item.scope.ranges[0].get();
  range->schema = view.schema_name;
  for (size_t i = 0; i < range->columns.size(); ++i) {
    ScopeColumn& column = range->columns[i];
    column.table = view.oid;
    column.column = view.columns[i].id;
    column.ordinal = static_cast<uint32_t>(i);
    column.privilege = privilege;
  }
  return item;
}

Result<FromItem> StatementBinder::BindNamed(const AstTableRef& ref) {
  if (ref.as_of != nullptr) {
    return Error(sqlstate::kFeatureNotSupported, "AS OF is not supported yet")
        .At(ref.as_of->position);
  }
  FromItem item;
  CteDefinition* cte = ref.table.schema.empty() ? FindCte(ref.table.name) : nullptr;
  if (cte != nullptr) {
    DRIFTDB_ASSIGN_OR_RETURN(item, BindCteReference(cte, ref));
  } else {
    DRIFTDB_ASSIGN_OR_RETURN(const catalog::RelationEntry found, FindRelation(ref.table));
    if (const auto* table = std::get_if<std::shared_ptr<const catalog::TableEntry>>(&found)) {
      item = MakeScan(*table, ref.alias, false, catalog::kPrivilegeSelect);
    } else if (const auto* view = std::get_if<std::shared_ptr<const catalog::ViewEntry>>(&found)) {
      DRIFTDB_ASSIGN_OR_RETURN(item, BindView(**view, ref));
    } else if (std::holds_alternative<std::monostate>(found)) {
      return RelationMissing(ref.table);
    } else {
      return Error(sqlstate::kWrongObjectType, "cannot open relation \"{}\"", ref.table.name)
          .WithDetail(std::holds_alternative<std::shared_ptr<const catalog::IndexEntry>>(found)
                          ? "This operation is not supported for indexes."
                          : "This operation is not supported for sequences.")
          .At(ref.position);
    }
    if (qualify_names_ && ref.table.schema.empty()) {
      const catalog::SchemaEntry* schema = catalog_.FindSchema(catalog::RelationSchema(found));
      // The AST is a private, mutable copy then (statement_binder.h).
      if (schema != nullptr) const_cast<AstTableRef&>(ref).table.schema = schema->name;
    }
  }
  ScopeRange* range = item.scope.ranges[0].get();
  DRIFTDB_RETURN_IF_ERROR(ApplyAlias(ref, range));
  item.scope.columns = range->columns;
  return item;
}

}  // namespace driftdb::sql
