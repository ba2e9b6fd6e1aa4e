// JOIN ... ON, USING and NATURAL.
#include <algorithm>

#include "base/error.h"
#include "base/status_macros.h"
#include "sql/bind/statement_binder.h"

namespace driftdb::sql {

namespace {

Result<const ScopeColumn*> JoinFindUsing(const std::vector<ScopeColumn>& columns,
                                         const std::string& name, std::string_view side,
                                         uint32_t position) {
  const ScopeColumn* found = nullptr;
  for (const ScopeColumn& column : columns) {
    if (column.name != name) continue;
    if (found != nullptr) {
      return Error(sqlstate::kAmbiguousColumn,
                   "common column name \"{}\" appears more than once in {} table", name, side)
          .At(position);
    }
    found = &column;
  }
  if (found == nullptr) {
    return Error(sqlstate::kUndefinedColumn,
                 "column \"{}\" specified in USING clause does not exist in {} table", name, side)
        .At(position);
  }
  return found;
}

LogicalJoinType JoinLogicalType(JoinType type) {
  switch (type) {
    case JoinType::kLeft:
      return LogicalJoinType::kLeft;
    case JoinType::kRight:
      return LogicalJoinType::kRight;
    case JoinType::kFull:
      return LogicalJoinType::kFull;
    default:
      return LogicalJoinType::kInner;
  }
}

}  // namespace

// The columns of a USING join: merged ones first, then the others of the left and the right side.
Result<Scope> StatementBinder::MergeUsing(const Scope& left, const Scope& right,
                                          const AstTableRef& join,
                                          const std::vector<std::string>& names,
                                          ExprList* conditions) {
  Scope merged;
  merged.ranges = left.ranges;
  merged.ranges.insert(merged.ranges.end(), right.ranges.begin(), right.ranges.end());
  for (const std::string& name : names) {
    DRIFTDB_ASSIGN_OR_RETURN(const ScopeColumn* a,
                             JoinFindUsing(left.columns, name, "left", join.position));
    DRIFTDB_ASSIGN_OR_RETURN(const ScopeColumn* b,
                             JoinFindUsing(right.columns, name, "right", join.position));
    DRIFTDB_ASSIGN_OR_RETURN(
        ExprPtr equal,
        expr::BindComparison(expr::ComparisonOp::kEqual, MakeColumnRef(*a, join.position),
                             MakeColumnRef(*b, join.position), join.position));
    conditions->push_back(std::move(equal));
    DRIFTDB_ASSIGN_OR_RETURN(const LogicalType type,
                             expr::CommonType(a->type, b->type, "JOIN/USING"));
    const ScopeColumn* source = join.join == JoinType::kRight ? b : a;
    ScopeColumn column = *source;
    const bool full = join.join == JoinType::kFull;
    if (full || !(source->type == type)) {
      ExprPtr value;
      if (full) {
        ExprList both;
        both.push_back(MakeColumnRef(*a, 0));
        both.push_back(MakeColumnRef(*b, 0));
        DRIFTDB_ASSIGN_OR_RETURN(value, expr::BindConditional(expr::ExprKind::kCoalesce,
                                                              std::move(both), join.position));
      } else {
        DRIFTDB_ASSIGN_OR_RETURN(
            value, expr::BindCast(MakeColumnRef(*source, 0), type, expr::CastContext::kImplicit));
      }
      column.type = value->type;
      column.merged = std::shared_ptr<const expr::Expr>(std::move(value));
      column.table = Oid();
      column.column = ColumnId();
    }
    merged.columns.push_back(std::move(column));
  }
  const auto append_rest = [&](const Scope& side) {
    for (const ScopeColumn& column : side.columns) {
      if (std::find(names.begin(), names.end(), column.name) == names.end()) {
        merged.columns.push_back(column);
      }
    }
  };
  append_rest(left);
  append_rest(right);
  return merged;
}

// ON sees the two sides only.
Status StatementBinder::BindJoinCondition(const AstTableRef& join, const Scope& sides,
                                          ExprList* conditions) {
  Scope outside = std::move(level_->scope);
  std::vector<ScopeRangePtr> hidden = level_->hidden;
  level_->hidden.insert(level_->hidden.end(), outside.ranges.begin(), outside.ranges.end());
  level_->scope = sides;
  ClauseScope clause(this, BindClause::kJoinOn);
  Result<ExprPtr> condition = BindBoolean(*join.on, "JOIN/ON");
  level_->scope = std::move(outside);
  level_->hidden = std::move(hidden);
  if (!condition.ok()) return std::move(condition).status();
  for (ExprPtr& conjunct : expr::SplitConjunction(std::move(condition).value())) {
    conditions->push_back(std::move(conjunct));
  }
  return OkStatus();
}

Result<FromItem> StatementBinder::BindJoin(FromItem left, const AstTableRef& join) {
  // LATERAL items on the right see the left side and what precedes the join.
  Scope before = level_->scope;
  const bool forbidden = join.join == JoinType::kRight || join.join == JoinType::kFull;
  level_->scope.Append(left.scope);
  for (const ScopeRangePtr& range : left.scope.ranges) range->lateral_forbidden = forbidden;
  Result<FromItem> bound = BindTableRef(*join.right);
  for (const ScopeRangePtr& range : left.scope.ranges) range->lateral_forbidden = false;
  level_->scope = std::move(before);
  if (!bound.ok()) return bound;
  FromItem right = std::move(bound).value();
  DRIFTDB_RETURN_IF_ERROR(
      CheckDuplicateAliases(left.scope.ranges, right.scope.ranges, join.right->position));

  FromItem item;
  LogicalJoin node;
  node.type = JoinLogicalType(join.join);
  node.lateral = ReferencesScope(*right.plan, left.scope);
  std::vector<std::string> names = join.using_columns;
  if (join.natural) {
    for (const ScopeColumn& column : left.scope.columns) {
      const bool shared =
          std::any_of(right.scope.columns.begin(), right.scope.columns.end(),
                      [&](const ScopeColumn& other) { return other.name == column.name; });
      if (shared && std::find(names.begin(), names.end(), column.name) == names.end()) {
        names.push_back(column.name);
      }
    }
  }
  for (size_t i = 0; i < names.size() && !join.natural; ++i) {
    if (std::find(names.begin(), names.begin() + static_cast<ptrdiff_t>(i), names[i]) !=
        names.begin() + static_cast<ptrdiff_t>(i)) {
      return Error(sqlstate::kDuplicateColumn,
                   "column name \"{}\" appears more than once in USING clause", names[i])
          .At(join.position);
    }
  }
  if (!names.empty()) {
    DRIFTDB_ASSIGN_OR_RETURN(item.scope,
                             MergeUsing(left.scope, right.scope, join, names, &node.conditions));
    if (!join.using_alias.empty()) {
      auto range = std::make_shared<ScopeRange>();
      range->alias = join.using_alias;
      range->columns.assign(item.scope.columns.begin(),
                            item.scope.columns.begin() + static_cast<ptrdiff_t>(names.size()));
      item.scope.ranges.push_back(std::move(range));
    }
  } else {
    item.scope = left.scope;
    item.scope.Append(right.scope);
  }
  if (join.on != nullptr) {
    DRIFTDB_RETURN_IF_ERROR(BindJoinCondition(join, item.scope, &node.conditions));
  }
  item.plan = MakeLogical(std::move(node));
  item.plan->children.push_back(std::move(left.plan));
  item.plan->children.push_back(std::move(right.plan));
  return item;
}

}  // namespace driftdb::sql
