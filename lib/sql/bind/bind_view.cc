// CREATE VIEW. What is stored is the query deparsed from a copy in which every relation has its
// schema and every star is expanded, so that later objects cannot change its meaning.
#include <algorithm>

#include "base/check.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "sql/bind/statement_binder.h"
#include "sql/parse/deparse.h"
#include "sql/parse/parse.h"

namespace driftdb::sql {

// Replaces the stars of a select list by the columns they stand for. Only while qualify_names_ is
// set: the AST is then a private, mutable copy.
void StatementBinder::WriteBackTargets(const AstSelect& select) {
  auto& targets = const_cast<AstSelect&>(select).targets;
  std::vector<AstTarget> expanded;
  const auto add = [&](std::vector<std::string> parts) {
    auto ref = std::make_unique<AstColumnRef>(0);
    ref->parts = std::move(parts);
    AstTarget target;
    target.expr = std::move(ref);
    expanded.push_back(std::move(target));
  };
  for (AstTarget& target : targets) {
    const bool star =
        target.expr->kind == AstExprKind::kColumnRef && target.expr->As<AstColumnRef>().star;
    if (!star) {
      expanded.push_back(std::move(target));
      continue;
    }
    const auto& ref = target.expr->As<AstColumnRef>();
    if (!ref.parts.empty()) {
      QueryLevel* level = nullptr;
      const ScopeRangePtr range = FindRange(
          ref.parts.size() > 1 ? ref.parts[ref.parts.size() - 2] : "", ref.parts.back(), &level);
      for (const ScopeColumn& column : range->columns) add({range->alias, column.name});
      continue;
    }
    for (const ScopeColumn& column : level_->scope.columns) {
      std::vector<std::string> parts = {column.name};
      for (const ScopeRangePtr& range : level_->scope.ranges) {
        const bool owns = std::any_of(
            range->columns.begin(), range->columns.end(), [&](const ScopeColumn& candidate) {
              return column.merged == nullptr && candidate.binding == column.binding &&
                     candidate.name == column.name;
            });
        if (owns && !range->alias.empty()) {
          parts = {range->alias, column.name};
          break;
        }
      }
      add(std::move(parts));
    }
  }
  targets = std::move(expanded);
}

// CREATE OR REPLACE may only add columns at the end.
Status StatementBinder::CheckViewReplaces(const catalog::ViewEntry& before,
                                          const catalog::ViewEntry& after) {
  if (after.columns.size() < before.columns.size()) {
    return Error(sqlstate::kInvalidTableDefinition, "cannot drop columns from view");
  }
  for (size_t i = 0; i < before.columns.size(); ++i) {
    const catalog::ColumnEntry& was = before.columns[i];
    const catalog::ColumnEntry& is = after.columns[i];
    if (was.name != is.name) {
      return Error(sqlstate::kInvalidTableDefinition,
                   "cannot change name of view column \"{}\" to \"{}\"", was.name, is.name)
          .WithHint("Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.");
    }
    if (!(was.type == is.type)) {
      return Error(sqlstate::kInvalidTableDefinition,
                   "cannot change data type of view column \"{}\" from {} to {}", was.name,
                   was.type.ToString(), is.type.ToString());
    }
  }
  return OkStatus();
}

// A free name, or a view that may be replaced.
Status StatementBinder::PlaceView(const AstCreateView& ast, catalog::ViewEntry* view) {
  const catalog::RelationEntry existing = catalog_.FindRelation(view->schema, view->name);
  if (!std::holds_alternative<std::monostate>(existing)) {
    const auto* before = std::get_if<std::shared_ptr<const catalog::ViewEntry>>(&existing);
    if (!ast.or_replace) {
      return Error(sqlstate::kDuplicateTable, "relation \"{}\" already exists", view->name);
    }
    if (before == nullptr) {
      return Error(sqlstate::kWrongObjectType, "\"{}\" is not a view", view->name)
          .At(ast.view.position);
    }
    if (std::find(relations_.begin(), relations_.end(), (*before)->oid) != relations_.end()) {
      return Error(sqlstate::kInvalidObjectDefinition,
                   "infinite recursion detected in rules for relation \"{}\"", view->name);
    }
    DRIFTDB_RETURN_IF_ERROR(CheckViewReplaces(**before, *view));
    view->security.owner = (*before)->security.owner;
    RequireOwner((*before)->oid, view->name, 'v');
  } else {
    RequireSchemaCreate(view->schema);
  }
  return OkStatus();
}

Result<BoundStatement> StatementBinder::BindCreateView(const AstCreateView& ast) {
  if (ast.temporary || ast.recursive) {
    return Error(sqlstate::kFeatureNotSupported, "{} views are not supported yet",
                 ast.temporary ? "temporary" : "recursive")
        .At(ast.position);
  }
  BoundCreateView create;
  create.or_replace = ast.or_replace;
  catalog::ViewEntry& view = create.view;
  DRIFTDB_ASSIGN_OR_RETURN(view.schema, ResolveSchema(ast.view, true));
  view.schema_name = catalog_.FindSchema(view.schema)->name;
  view.name = ast.view.name;
  view.security.owner = context_.role;
  if (!parameters_.empty()) {
    return Error(sqlstate::kUndefinedParameter, "there is no parameter $1").At(ast.position);
  }
  // Once as written, for errors with the right positions; once on the copy that is stored.
  DRIFTDB_RETURN_IF_ERROR(BindSelect(*ast.source).status());
  const std::string text = Deparse(*ast.source);
  size_t consumed = 0;
  DRIFTDB_ASSIGN_OR_RETURN(auto parsed, ParseOne(text, &consumed));
  auto* query = parsed.has_value() ? parsed->statement.Get<AstSelect>() : nullptr;
  DRIFTDB_CHECK_OR_RETURN(query != nullptr, "a deparsed query does not parse: {}", text);
  privileges_.clear();
  relations_.clear();
  qualify_names_ = true;
  Result<BoundSelect> bound = BindSelect(*query);
  qualify_names_ = false;
  if (!bound.ok()) return std::move(bound).status();
  view.query_sql = Deparse(*query);
  view.depends_on = relations_;
  if (ast.column_names.size() > bound->columns.size()) {
    return Error(sqlstate::kSyntaxError, "CREATE VIEW specifies more column names than columns");
  }
  for (size_t i = 0; i < bound->columns.size(); ++i) {
    catalog::ColumnEntry column;
    column.id = ColumnId(static_cast<uint32_t>(i + 1));
    column.name = i < ast.column_names.size() ? ast.column_names[i] : bound->columns[i].name;
    column.type = bound->columns[i].type;
    for (const catalog::ColumnEntry& other : view.columns) {
      if (other.name == column.name) {
        return Error(sqlstate::kDuplicateColumn, "column \"{}\" specified more than once",
                     column.name);
      }
    }
    view.columns.push_back(std::move(column));
  }
  DRIFTDB_RETURN_IF_ERROR(PlaceView(ast, &view));
  create.privileges = TakePrivileges();
  BoundStatement statement;
  statement.node = std::move(create);
  return statement;
}

}  // namespace driftdb::sql
