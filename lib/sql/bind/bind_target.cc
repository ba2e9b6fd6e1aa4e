// The select list, and what ORDER BY, GROUP BY and DISTINCT ON say about it.
#include <algorithm>

#include "base/error.h"
#include "base/status_macros.h"
#include "sql/bind/statement_binder.h"
#include "sql/parse/deparse.h"
#include "types/text_format.h"

namespace driftdb::sql {

namespace {

constexpr size_t kTargetsMax = 1664;  // PostgreSQL's MaxTupleAttributeNumber

std::string_view TargetClause(BindClause clause) {
  return clause == BindClause::kGroupBy   ? "GROUP BY"
         : clause == BindClause::kOrderBy ? "ORDER BY"
                                          : "DISTINCT ON";
}

}  // namespace

void StatementBinder::SortDefaults(const AstOrderItem& item, bool* descending, bool* nulls_first) {
  *descending = item.direction == SortDirection::kDescending;
  *nulls_first =
      item.nulls == NullsOrder::kDefault ? *descending : item.nulls == NullsOrder::kFirst;
}

Status StatementBinder::ExpandStar(const AstColumnRef& star, std::vector<BoundTarget>* targets) {
  const auto add = [&](const ScopeColumn& column) {
    BoundTarget target;
    target.expr = MakeColumnRef(column, star.position);
    target.name = column.name;
    target.table = column.table;
    target.column = column.column;
    targets->push_back(std::move(target));
  };
  if (star.parts.empty()) {
    if (level_->scope.ranges.empty()) {
      return Error(sqlstate::kSyntaxError, "SELECT * with no tables specified is not valid")
          .At(star.position);
    }
    for (const ScopeColumn& column : level_->scope.columns) add(column);
    return OkStatus();
  }
  const std::string& table = star.parts.back();
  const std::string schema = star.parts.size() > 1 ? star.parts[star.parts.size() - 2] : "";
  QueryLevel* level = nullptr;
  const ScopeRangePtr range = FindRange(schema, table, &level);
  if (range == nullptr) return MissingRange(table, star.position);
  for (const ScopeColumn& column : range->columns) add(column);
  return OkStatus();
}

Result<std::vector<BoundTarget>> StatementBinder::BindTargets(
    const std::vector<AstTarget>& targets) {
  std::vector<BoundTarget> bound;
  for (const AstTarget& ast : targets) {
    if (ast.expr->kind == AstExprKind::kColumnRef && ast.expr->As<AstColumnRef>().star) {
      DRIFTDB_RETURN_IF_ERROR(ExpandStar(ast.expr->As<AstColumnRef>(), &bound));
    } else {
      BoundTarget target;
      DRIFTDB_ASSIGN_OR_RETURN(target.expr, BindExpr(*ast.expr));
      target.name = ast.alias.empty() ? FigureColumnName(*ast.expr) : ast.alias;
      if (ast.expr->kind == AstExprKind::kColumnRef &&
          target.expr->kind == expr::ExprKind::kColumn) {
        const TableInfo& info = tables_[target.expr->column.table_index];
        if (info.table != nullptr && target.expr->column.column_index < info.columns.size()) {
          target.table = info.table->oid;
          target.column = info.table->columns[info.columns[target.expr->column.column_index]].id;
        }
      }
      bound.push_back(std::move(target));
    }
    if (bound.size() > kTargetsMax) {
      return Error(sqlstate::kTooManyColumns, "target lists can have at most {} entries",
                   kTargetsMax);
    }
  }
  return bound;
}

// The target that an ordinal or a bare name means, or -1 when the item is an expression.
Result<int> StatementBinder::MatchTarget(const AstExpr& item, BindClause clause,
                                         const std::vector<BoundTarget>& targets) {
  if (item.kind == AstExprKind::kLiteral) {
    const auto& literal = item.As<AstLiteral>();
    int32_t ordinal = 0;
    if (literal.literal != LiteralKind::kInteger || !ParseInt32Fast(literal.text, &ordinal)) {
      return Error(sqlstate::kSyntaxError, "non-integer constant in {}", TargetClause(clause))
          .At(item.position);
    }
    int seen = 0;
    for (size_t i = 0; i < targets.size(); ++i) {
      if (!targets[i].hidden && ++seen == ordinal) return static_cast<int>(i);
    }
    return Error(sqlstate::kInvalidColumnReference, "{} position {} is not in select list",
                 TargetClause(clause), ordinal)
        .At(item.position);
  }
  if (item.kind != AstExprKind::kColumnRef) return -1;
  const auto& ref = item.As<AstColumnRef>();
  if (ref.parts.size() != 1 || ref.star) return -1;
  // GROUP BY prefers a column of FROM, as SQL demands; ORDER BY and DISTINCT ON the output column.
  if (clause == BindClause::kGroupBy) {
    for (const ScopeColumn& column : level_->scope.columns) {
      if (column.name == ref.parts[0]) return -1;
    }
  }
  int found = -1;
  for (size_t i = 0; i < targets.size(); ++i) {
    if (targets[i].hidden || targets[i].name != ref.parts[0]) continue;
    if (found >= 0 && !expr::Equals(*targets[static_cast<size_t>(found)].expr, *targets[i].expr)) {
      return Error(sqlstate::kAmbiguousColumn, "{} \"{}\" is ambiguous", TargetClause(clause),
                   ref.parts[0])
          .At(item.position);
    }
    if (found < 0) found = static_cast<int>(i);
  }
  return found;
}

Result<size_t> StatementBinder::ResolveOrderItem(const AstExpr& item, BindClause clause,
                                                 std::vector<BoundTarget>* targets) {
  DRIFTDB_ASSIGN_OR_RETURN(const int match, MatchTarget(item, clause, *targets));
  if (match >= 0) return static_cast<size_t>(match);
  ClauseScope scope(this, clause);
  BoundTarget target;
  DRIFTDB_ASSIGN_OR_RETURN(target.expr, BindExpr(item));
  if (target.expr->type.id == TypeId::kUnknown) {
    DRIFTDB_ASSIGN_OR_RETURN(target.expr, expr::BindCast(std::move(target.expr), TypeId::kText,
                                                         expr::CastContext::kImplicit));
  }
  if (!expr::IsVolatile(*target.expr)) {
    for (size_t i = 0; i < targets->size(); ++i) {
      if (expr::Equals(*(*targets)[i].expr, *target.expr)) return i;
    }
  }
  target.hidden = true;
  targets->push_back(std::move(target));
  return targets->size() - 1;
}

Result<std::vector<BoundOrder>> StatementBinder::BindOrderBy(
    const std::vector<AstOrderItem>& order_by, std::vector<BoundTarget>* targets) {
  std::vector<BoundOrder> order;
  for (const AstOrderItem& item : order_by) {
    BoundOrder key;
    SortDefaults(item, &key.descending, &key.nulls_first);
    DRIFTDB_ASSIGN_OR_RETURN(key.target,
                             ResolveOrderItem(*item.expr, BindClause::kOrderBy, targets));
    const bool repeated = std::any_of(order.begin(), order.end(), [&](const BoundOrder& other) {
      return other.target == key.target;
    });
    if (!repeated) order.push_back(key);
  }
  return order;
}

// DISTINCT ON: its expressions as targets, checked against ORDER BY.
Result<std::vector<size_t>> StatementBinder::BindDistinctOn(const AstSelect& select,
                                                            const std::vector<BoundOrder>& order,
                                                            std::vector<BoundTarget>* targets) {
  std::vector<size_t> on;
  for (const AstExprPtr& item : select.distinct_on) {
    DRIFTDB_ASSIGN_OR_RETURN(const size_t target,
                             ResolveOrderItem(*item, BindClause::kDistinctOn, targets));
    if (std::find(on.begin(), on.end(), target) == on.end()) on.push_back(target);
  }
  // The sort keys must begin with the distinct expressions, in any order.
  bool skipped = false;
  for (size_t i = 0; i < order.size(); ++i) {
    const bool distinct = std::find(on.begin(), on.end(), order[i].target) != on.end();
    if (!distinct) skipped = true;
    if (distinct && skipped) {
      return Error(sqlstate::kInvalidColumnReference,
                   "SELECT DISTINCT ON expressions must match initial ORDER BY expressions")
          .At(select.order_by[std::min(i, select.order_by.size() - 1)].expr->position);
    }
  }
  size_t sorted = 0;
  for (const BoundOrder& key : order) {
    sorted += std::find(on.begin(), on.end(), key.target) != on.end() ? 1 : 0;
  }
  if (skipped && sorted < on.size()) {
    return Error(sqlstate::kInvalidColumnReference,
                 "SELECT DISTINCT ON expressions must match initial ORDER BY expressions")
        .At(select.distinct_on[0]->position);
  }
  return on;
}

}  // namespace driftdb::sql
