// FROM: items, their aliases, subqueries and functions. Row-level security joins in at MakeScan: a
// table's policies become the conjuncts (expr::Qual with a level) of a filter right above its scan,
// bound as the role that reads it, before views are flattened.
#include <algorithm>

#include "base/error.h"
#include "base/status_macros.h"
#include "sql/bind/statement_binder.h"

namespace driftdb::sql {

namespace {

LogicalPtr FromCross(LogicalPtr left, LogicalPtr right, bool lateral) {
  LogicalJoin join;
  join.lateral = lateral;
  LogicalPtr node = MakeLogical(std::move(join));
  node->children.push_back(std::move(left));
  node->children.push_back(std::move(right));
  return node;
}

bool FromMayBeLateral(const AstTableRef& ref) {
  if (ref.kind == TableRefKind::kFunction) return true;
  if (ref.kind == TableRefKind::kSubquery) return ref.lateral;
  if (ref.kind != TableRefKind::kJoin) return false;
  for (const AstTableRef* at = &ref; at->kind == TableRefKind::kJoin; at = at->left.get()) {
    if (FromMayBeLateral(*at->right)) return true;
    if (at->left->kind != TableRefKind::kJoin) return FromMayBeLateral(*at->left);
  }
  return false;
}

}  // namespace

bool StatementBinder::ReferencesScope(LogicalNode& plan, const Scope& scope) {
  std::vector<uint32_t> tables;
  for (const ScopeRangePtr& range : scope.ranges) {
    for (const ScopeColumn& column : range->columns) {
      if (tables.empty() || tables.back() != column.binding.table_index) {
        tables.push_back(column.binding.table_index);
      }
    }
  }
  std::sort(tables.begin(), tables.end());
  bool found = false;
  ForEachColumn(plan, [&](expr::ColumnBinding& column) {
    found = found || std::binary_search(tables.begin(), tables.end(), column.table_index);
  });
  return found;
}

Status StatementBinder::CheckDuplicateAliases(const std::vector<ScopeRangePtr>& ranges,
                                              const std::vector<ScopeRangePtr>& more,
                                              uint32_t position) {
  for (const ScopeRangePtr& range : more) {
    if (range->alias.empty()) continue;
    for (const ScopeRangePtr& other : ranges) {
      // The same name in two schemas is no conflict as long as neither has an alias.
      if (other->alias == range->alias &&
          (other->schema == range->schema || other->schema.empty() || range->schema.empty())) {
        return Error(sqlstate::kDuplicateAlias, "table name \"{}\" specified more than once",
                     range->alias)
            .At(position);
      }
    }
  }
  return OkStatus();
}

Result<LogicalPtr> StatementBinder::BindFrom(const std::vector<AstTableRefPtr>& from,
                                             LogicalPtr start) {
  LogicalPtr plan = std::move(start);
  for (const AstTableRefPtr& ref : from) {
    DRIFTDB_ASSIGN_OR_RETURN(FromItem item, BindTableRef(*ref));
    DRIFTDB_RETURN_IF_ERROR(
        CheckDuplicateAliases(level_->scope.ranges, item.scope.ranges, ref->position));
    if (plan == nullptr) {
      plan = std::move(item.plan);
    } else {
      const bool lateral = FromMayBeLateral(*ref) && ReferencesScope(*item.plan, level_->scope);
      plan = FromCross(std::move(plan), std::move(item.plan), lateral);
    }
    level_->scope.Append(item.scope);
  }
  if (plan == nullptr) plan = MakeLogical(LogicalSingleRow{});
  return plan;
}

Result<FromItem> StatementBinder::BindTableRef(const AstTableRef& ref) {
  // The left spine of joins has no length limit (AST-3).
  std::vector<const AstTableRef*> joins;
  const AstTableRef* leaf = &ref;
  while (leaf->kind == TableRefKind::kJoin) {
    joins.push_back(leaf);
    // A join in parentheses with an alias is one item.
    if (!leaf->alias.empty() && leaf != &ref) {
      joins.pop_back();
      break;
    }
    leaf = leaf->left.get();
  }
  DepthScope depth(this, 1);
  DRIFTDB_RETURN_IF_ERROR(depth.Check());
  FromItem item;
  if (leaf->kind == TableRefKind::kJoin) {
    DRIFTDB_ASSIGN_OR_RETURN(item, BindTableRef(*leaf));
  } else {
    DRIFTDB_ASSIGN_OR_RETURN(item, BindLeaf(*leaf));
  }
  for (size_t i = joins.size(); i-- > 0;) {
    DRIFTDB_ASSIGN_OR_RETURN(item, BindJoin(std::move(item), *joins[i]));
  }
  if (ref.kind == TableRefKind::kJoin && !ref.alias.empty()) {
    auto range = std::make_shared<ScopeRange>();
    range->columns = item.scope.columns;
    DRIFTDB_RETURN_IF_ERROR(ApplyAlias(ref, range.get()));
    item.scope = Scope::Of(std::move(range));
  }
  return item;
}

Status StatementBinder::ApplyAlias(const AstTableRef& ref, ScopeRange* range) {
  if (!ref.alias.empty()) {
    range->alias = ref.alias;
    range->schema.clear();
  }
  if (ref.column_aliases.size() > range->columns.size()) {
    return Error(sqlstate::kInvalidColumnReference,
                 "table \"{}\" has {} columns available but {} columns specified", range->alias,
                 range->columns.size(), ref.column_aliases.size())
        .At(ref.position);
  }
  for (size_t i = 0; i < ref.column_aliases.size(); ++i) {
    range->columns[i].name = ref.column_aliases[i];
  }
  return OkStatus();
}

Result<FromItem> StatementBinder::BindLeaf(const AstTableRef& ref) {
  switch (ref.kind) {
    case TableRefKind::kTable:
      return BindNamed(ref);
    case TableRefKind::kSubquery:
      return BindFromSubquery(ref);
    case TableRefKind::kFunction:
      return BindFromFunction(ref);
    case TableRefKind::kJoin:
      break;
  }
  return InternalError("a join is no leaf of FROM");
}

FromItem StatementBinder::MakeSelectItem(BoundSelect select, const std::string& alias) {
  FromItem item;
  auto range = std::make_shared<ScopeRange>();
  range->alias = alias;
  range->relation = alias;
  for (OutputColumn& column : select.columns) {
    ScopeColumn visible;
    visible.name = std::move(column.name);
    visible.type = column.type;
    visible.binding = column.binding;
    // What is seen from here belongs to this level now, wherever it was made.
    tables_[column.binding.table_index].level = level_->id;
    if (tables_[column.binding.table_index].alias.empty()) {
      tables_[column.binding.table_index].alias = alias;
    }
    range->columns.push_back(std::move(visible));
  }
  item.scope = Scope::Of(std::move(range));
  item.plan = std::move(select.plan);
  return item;
}

Result<FromItem> StatementBinder::BindFromSubquery(const AstTableRef& ref) {
  BoundSelect select;
  if (ref.lateral) {
    DRIFTDB_ASSIGN_OR_RETURN(select, BindSelect(*ref.subquery));
  } else {
    // The items to its left exist, but not for it.
    Scope left = std::move(level_->scope);
    level_->scope = Scope();
    std::vector<ScopeRangePtr> hidden = level_->hidden;
    level_->hidden.insert(level_->hidden.end(), left.ranges.begin(), left.ranges.end());
    Result<BoundSelect> bound = BindSelect(*ref.subquery);
    level_->scope = std::move(left);
    level_->hidden = std::move(hidden);
    if (!bound.ok()) return std::move(bound).status();
    select = std::move(bound).value();
  }
  FromItem item = MakeSelectItem(std::move(select), ref.alias);
  DRIFTDB_RETURN_IF_ERROR(ApplyAlias(ref, item.scope.ranges[0].get()));
  item.scope.columns = item.scope.ranges[0]->columns;
  return item;
}

Result<FromItem> StatementBinder::BindFromFunction(const AstTableRef& ref) {
  if (ref.functions.size() != 1 || ref.with_ordinality || !ref.record_columns.empty()) {
    return Error(sqlstate::kFeatureNotSupported,
                 "ROWS FROM, WITH ORDINALITY and column definition lists are not supported")
        .At(ref.position);
  }
  const auto& call = ref.functions[0]->As<AstFunctionCall>();
  const std::string& name = call.name.back();
  ClauseScope clause(this, BindClause::kFunctionInFrom);
  FromItem item;
  if (name == "generate_series" && call.syntax == CallSyntax::kPlain) {
    ExprList args;
    for (const AstCallArg& arg : call.args) {
      DRIFTDB_ASSIGN_OR_RETURN(ExprPtr bound, BindExpr(*arg.value));
      args.push_back(std::move(bound));
    }
    DRIFTDB_ASSIGN_OR_RETURN(item, BindSeries(std::move(args), call));
  } else {
    DRIFTDB_ASSIGN_OR_RETURN(ExprPtr value, BindExpr(call));
    BoundSelect select;
    LogicalProjection projection;
    projection.table_index = MakeTableIndex(name);
    select.columns.push_back({name, value->type, {projection.table_index, 0}, {}, {}});
    projection.expressions.push_back(std::move(value));
    select.plan = MakeLogical(std::move(projection));
    select.plan->children.push_back(MakeLogical(LogicalSingleRow{}));
    item = MakeSelectItem(std::move(select), name);
  }
  ScopeRange* range = item.scope.ranges[0].get();
  // A function's one column takes the alias of the item.
  if (!ref.alias.empty() && ref.column_aliases.empty()) range->columns[0].name = ref.alias;
  DRIFTDB_RETURN_IF_ERROR(ApplyAlias(ref, range));
  item.scope.columns = range->columns;
  return item;
}

// generate_series over integers, numerics and timestamps.
Result<FromItem> StatementBinder::BindSeries(ExprList args, const AstFunctionCall& call) {
  const auto missing = [&]() {
    std::string types;
    for (const ExprPtr& arg : args) types += (types.empty() ? "" : ", ") + arg->type.ToString();
    return Error(sqlstate::kUndefinedFunction, "function generate_series({}) does not exist", types)
        .WithHint(
            "No function matches the given name and argument types. You might need to add explicit "
            "type casts.")
        .At(call.position);
  };
  if (args.size() < 2 || args.size() > 3) return missing();
  bool datetime = false, zoned = false;
  for (size_t i = 0; i < 2; ++i) {
    datetime = datetime || args[i]->type.is_datetime();
    zoned = zoned || args[i]->type.id == TypeId::kTimestampTz || args[i]->type.id == TypeId::kDate;
  }
  LogicalType type;
  LogicalType step_type;
  if (datetime) {
    if (args.size() != 3) return missing();
    type = zoned ? TypeId::kTimestampTz : TypeId::kTimestamp;
    step_type = TypeId::kInterval;
  } else {
    std::vector<const expr::Expr*> pointers;
    for (const ExprPtr& arg : args) {
      if (!arg->type.is_numeric() && arg->type.id != TypeId::kUnknown) return missing();
      pointers.push_back(arg.get());
    }
    DRIFTDB_ASSIGN_OR_RETURN(type, expr::CommonType(pointers, "generate_series"));
    if (type.id == TypeId::kInt16 || type.is_string()) type = TypeId::kInt32;
    step_type = type;
  }
  for (size_t i = 0; i < args.size(); ++i) {
    DRIFTDB_ASSIGN_OR_RETURN(args[i], expr::BindCast(std::move(args[i]), i == 2 ? step_type : type,
                                                     expr::CastContext::kImplicit));
    DRIFTDB_RETURN_IF_ERROR(NoteParameters(*args[i]));
  }
  BoundSelect select;
  LogicalTableFunction function;
  function.table_index = MakeTableIndex("generate_series");
  function.function = "generate_series";
  function.arguments = std::move(args);
  function.types = {type};
  select.columns.push_back({"generate_series", type, {function.table_index, 0}, {}, {}});
  select.plan = MakeLogical(std::move(function));
  return MakeSelectItem(std::move(select), "generate_series");
}

}  // namespace driftdb::sql
