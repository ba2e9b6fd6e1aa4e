// Query blocks: from FROM to LIMIT. Operators from the bottom: FROM, WHERE, aggregation, HAVING,
// windows, projection (hidden columns last), DISTINCT, ORDER BY, LIMIT; DISTINCT ON comes after
// ORDER BY, since it keeps the first row of each group.
#include <algorithm>

#include "base/error.h"
#include "base/status_macros.h"
#include "sql/bind/statement_binder.h"

namespace driftdb::sql {

namespace {

LogicalPtr SelectWrap(LogicalPtr node, LogicalPtr child) {
  node->children.push_back(std::move(child));
  return node;
}

LogicalPtr SelectFilter(LogicalPtr plan, ExprPtr condition) {
  LogicalFilter filter;
  filter.conjuncts = expr::SplitConjunction(std::move(condition));
  return SelectWrap(MakeLogical(std::move(filter)), std::move(plan));
}

}  // namespace

Result<BoundSelect> StatementBinder::BindSelect(const AstSelect& select, bool keep_unknown) {
  DepthScope depth(this, kBindDepthQuery);
  DRIFTDB_RETURN_IF_ERROR(depth.Check());
  if (select.with != nullptr) return BindWith(select, keep_unknown);
  return BindSelectBody(select, keep_unknown);
}

Result<BoundSelect> StatementBinder::BindSelectBody(const AstSelect& select, bool keep_unknown) {
  if (!select.locking.empty()) {
    return Error(sqlstate::kFeatureNotSupported, "FOR UPDATE and FOR SHARE are not supported yet")
        .At(select.locking[0].position);
  }
  switch (select.kind) {
    case SelectKind::kQuery:
      return BindBlock(select, keep_unknown);
    case SelectKind::kValues:
      return BindValues(select);
    case SelectKind::kSetOperation:
      return BindSetOperation(select);
  }
  return InternalError("select kind {} is not bound", static_cast<int>(select.kind));
}

Result<BoundSelect> StatementBinder::BindBlock(const AstSelect& select, bool keep_unknown) {
  QueryLevel level;
  level.select = &select;
  LevelScope enter(this, &level);
  DRIFTDB_ASSIGN_OR_RETURN(LogicalPtr plan, BindFrom(select.from, nullptr));

  level.clause = BindClause::kSelectTarget;
  DRIFTDB_ASSIGN_OR_RETURN(std::vector<BoundTarget> targets, BindTargets(select.targets));
  if (qualify_names_) WriteBackTargets(select);
  if (select.where != nullptr) {
    level.clause = BindClause::kWhere;
    DRIFTDB_ASSIGN_OR_RETURN(ExprPtr where, BindBoolean(*select.where, "WHERE"));
    plan = SelectFilter(std::move(plan), std::move(where));
  }
  ExprPtr having;
  if (select.having != nullptr) {
    level.clause = BindClause::kHaving;
    DRIFTDB_ASSIGN_OR_RETURN(having, BindBoolean(*select.having, "HAVING"));
  }
  if (!keep_unknown || select.distinct || !select.order_by.empty()) {
    for (BoundTarget& target : targets) {
      if (target.expr->type.id != TypeId::kUnknown) continue;
      DRIFTDB_ASSIGN_OR_RETURN(target.expr, expr::BindCast(std::move(target.expr), TypeId::kText,
                                                           expr::CastContext::kImplicit));
      DRIFTDB_RETURN_IF_ERROR(NoteParameters(*target.expr));
    }
  }
  level.clause = BindClause::kOrderBy;
  DRIFTDB_ASSIGN_OR_RETURN(const std::vector<BoundOrder> order,
                           BindOrderBy(select.order_by, &targets));
  const size_t after_order = targets.size();
  DRIFTDB_ASSIGN_OR_RETURN(BoundGrouping grouping, BindGroupBy(select, targets));
  std::vector<size_t> distinct_on;
  if (!select.distinct_on.empty()) {
    DRIFTDB_ASSIGN_OR_RETURN(distinct_on, BindDistinctOn(select, order, &targets));
  } else if (select.distinct) {
    for (size_t i = 0; i < after_order; ++i) {
      if (!targets[i].hidden) continue;
      return Error(sqlstate::kInvalidColumnReference,
                   "for SELECT DISTINCT, ORDER BY expressions must appear in select list")
          .At(targets[i].expr->position);
    }
  }
  if (level.has_aggregates || grouping.present || having != nullptr) {
    DRIFTDB_ASSIGN_OR_RETURN(
        plan, ApplyGrouping(std::move(plan), std::move(grouping), &targets, &having));
    if (having != nullptr) plan = SelectFilter(std::move(plan), std::move(having));
  }
  if (level.has_windows) {
    DRIFTDB_ASSIGN_OR_RETURN(plan, ApplyWindows(std::move(plan), &targets));
  }
  return FinishBlock(select, std::move(plan), std::move(targets), order, distinct_on);
}

Result<BoundSelect> StatementBinder::FinishBlock(const AstSelect& select, LogicalPtr plan,
                                                 std::vector<BoundTarget> targets,
                                                 const std::vector<BoundOrder>& order,
                                                 const std::vector<size_t>& distinct_on) {
  BoundSelect result;
  LogicalProjection projection;
  projection.table_index = MakeTableIndex("");
  std::vector<LogicalType> types;
  for (size_t i = 0; i < targets.size(); ++i) {
    BoundTarget& target = targets[i];
    types.push_back(target.expr->type);
    if (!target.hidden) {
      result.columns.push_back({target.name,
                                target.expr->type,
                                {projection.table_index, static_cast<uint32_t>(i)},
                                target.table,
                                target.column});
    }
    projection.expressions.push_back(std::move(target.expr));
  }
  const auto column = [&](size_t target) {
    return expr::MakeColumn({projection.table_index, static_cast<uint32_t>(target)}, types[target],
                            targets[target].name);
  };
  LogicalSort sort;
  for (const BoundOrder& key : order) {
    sort.keys.push_back({column(key.target), key.descending, key.nulls_first});
  }
  LogicalDistinct distinct;
  for (const size_t target : distinct_on) distinct.on.push_back(column(target));
  plan = SelectWrap(MakeLogical(std::move(projection)), std::move(plan));
  const bool plain_distinct = select.distinct && select.distinct_on.empty();
  if (plain_distinct) plan = SelectWrap(MakeLogical(LogicalDistinct{}), std::move(plan));
  if (!sort.keys.empty()) plan = SelectWrap(MakeLogical(std::move(sort)), std::move(plan));
  if (!distinct.on.empty()) plan = SelectWrap(MakeLogical(std::move(distinct)), std::move(plan));
  DRIFTDB_ASSIGN_OR_RETURN(result.plan, BindLimit(select, std::move(plan)));
  return result;
}

Result<ExprPtr> StatementBinder::BindLimitValue(const AstExpr& ast, BindClause clause) {
  ClauseScope scope(this, clause);
  DRIFTDB_ASSIGN_OR_RETURN(ExprPtr value, BindExpr(ast));
  if (InnermostLevel(*value) == level_) {
    return Error(sqlstate::kInvalidColumnReference, "argument of {} must not contain variables",
                 ClauseText(clause))
        .At(ast.position);
  }
  if (value->type.id == TypeId::kInt64) return value;
  if (!expr::CanCast(value->type, TypeId::kInt64, expr::CastContext::kAssignment) &&
      value->type.id != TypeId::kUnknown) {
    return Error(sqlstate::kDatatypeMismatch, "argument of {} must be type bigint, not type {}",
                 ClauseText(clause), value->type.ToString())
        .At(ast.position);
  }
  DRIFTDB_ASSIGN_OR_RETURN(value, expr::BindCast(std::move(value), TypeId::kInt64,
                                                 expr::CastContext::kAssignment, ast.position));
  DRIFTDB_RETURN_IF_ERROR(NoteParameters(*value));
  return value;
}

Result<LogicalPtr> StatementBinder::BindLimit(const AstSelect& select, LogicalPtr plan) {
  if (select.limit == nullptr && select.offset == nullptr) return plan;
  LogicalLimit limit;
  limit.with_ties = select.with_ties;
  if (select.with_ties && select.order_by.empty()) {
    return Error(sqlstate::kSyntaxError, "WITH TIES cannot be specified without ORDER BY clause");
  }
  if (select.offset != nullptr) {
    DRIFTDB_ASSIGN_OR_RETURN(limit.offset, BindLimitValue(*select.offset, BindClause::kOffset));
  }
  if (select.limit != nullptr) {
    DRIFTDB_ASSIGN_OR_RETURN(limit.limit, BindLimitValue(*select.limit, BindClause::kLimit));
  }
  return SelectWrap(MakeLogical(std::move(limit)), std::move(plan));
}

}  // namespace driftdb::sql
