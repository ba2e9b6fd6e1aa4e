// Predicates: rows, IN, BETWEEN, LIKE, ANY and ALL; subqueries as expressions.
#include <optional>

#include "base/error.h"
#include "base/status_macros.h"
#include "sql/bind/statement_binder.h"
#include "sql/parse/deparse.h"

namespace driftdb::sql {

namespace {

std::optional<expr::ComparisonOp> PredicateComparison(std::string_view op) {
  if (op == "=") return expr::ComparisonOp::kEqual;
  if (op == "<>") return expr::ComparisonOp::kNotEqual;
  if (op == "<") return expr::ComparisonOp::kLess;
  if (op == "<=") return expr::ComparisonOp::kLessEqual;
  if (op == ">") return expr::ComparisonOp::kGreater;
  if (op == ">=") return expr::ComparisonOp::kGreaterEqual;
  return std::nullopt;
}

ExprPtr PredicateMakeSubquery(expr::Subquery subquery, LogicalType type, uint32_t position) {
  auto node = std::make_unique<expr::Expr>();
  node->kind = expr::ExprKind::kSubquery;
  node->type = type;
  node->position = position;
  node->subquery = std::make_unique<expr::Subquery>(std::move(subquery));
  return node;
}

Status PredicateRowSizes(uint32_t position) {
  return Error(sqlstate::kSyntaxError, "unequal number of entries in row expressions").At(position);
}

bool PredicateIsRow(const AstExpr& ast) { return ast.kind == AstExprKind::kRow; }

}  // namespace

Result<ExprPtr> StatementBinder::BindBetween(const AstBetween& ast) {
  DRIFTDB_ASSIGN_OR_RETURN(ExprPtr value, BindExpr(*ast.operand));
  DRIFTDB_ASSIGN_OR_RETURN(ExprPtr low, BindExpr(*ast.low));
  DRIFTDB_ASSIGN_OR_RETURN(ExprPtr high, BindExpr(*ast.high));
  const auto has_subquery = [](const ExprPtr& expr) {
    return expr::ContainsKind(*expr, expr::ExprKind::kSubquery);
  };
  const bool shared =
      has_subquery(value) || (ast.symmetric && (has_subquery(low) || has_subquery(high)));
  if (!shared) {
    return expr::BindBetween(std::move(value), std::move(low), std::move(high), ast.negated,
                             ast.symmetric, ast.position);
  }
  // SB-3: one binding per use.
  const auto within = [&](const AstExpr& from, const AstExpr& to) -> Result<ExprPtr> {
    ExprList both;
    for (const bool lower : {true, false}) {
      DRIFTDB_ASSIGN_OR_RETURN(ExprPtr tested, BindExpr(*ast.operand));
      DRIFTDB_ASSIGN_OR_RETURN(ExprPtr bound, BindExpr(lower ? from : to));
      DRIFTDB_ASSIGN_OR_RETURN(
          ExprPtr half, expr::BindComparison(lower ? expr::ComparisonOp::kGreaterEqual
                                                   : expr::ComparisonOp::kLessEqual,
                                             std::move(tested), std::move(bound), ast.position));
      both.push_back(std::move(half));
    }
    return expr::MakeAnd(std::move(both));
  };
  DRIFTDB_ASSIGN_OR_RETURN(ExprPtr result, within(*ast.low, *ast.high));
  if (ast.symmetric) {
    ExprList either;
    either.push_back(std::move(result));
    DRIFTDB_ASSIGN_OR_RETURN(ExprPtr swapped, within(*ast.high, *ast.low));
    either.push_back(std::move(swapped));
    result = expr::MakeOr(std::move(either));
  }
  return ast.negated ? expr::MakeNot(std::move(result)) : std::move(result);
}

Result<ExprPtr> StatementBinder::BindIn(const AstIn& ast) {
  if (ast.subquery != nullptr) {
    expr::Subquery test;
    test.kind = expr::SubqueryKind::kIn;
    test.negated = ast.negated;
    return BindTestSubquery(std::move(test), *ast.operand, *ast.subquery, ast.position);
  }
  if (PredicateIsRow(*ast.operand)) {
    ExprList either;
    for (const AstExprPtr& item : ast.list) {
      if (!PredicateIsRow(*item)) return PredicateRowSizes(item->position);
      DRIFTDB_ASSIGN_OR_RETURN(
          ExprPtr equal,
          BindRowComparison(expr::ComparisonOp::kEqual, ast.operand->As<AstRow>().elements,
                            item->As<AstRow>().elements, ast.position));
      either.push_back(std::move(equal));
    }
    ExprPtr result = expr::MakeOr(std::move(either));
    return ast.negated ? expr::MakeNot(std::move(result)) : std::move(result);
  }
  ExprList parts;
  parts.reserve(ast.list.size() + 1);
  DRIFTDB_ASSIGN_OR_RETURN(ExprPtr operand, BindExpr(*ast.operand));
  parts.push_back(std::move(operand));
  for (const AstExprPtr& item : ast.list) {
    DRIFTDB_ASSIGN_OR_RETURN(ExprPtr bound, BindExpr(*item));
    parts.push_back(std::move(bound));
  }
  return expr::BindInList(std::move(parts), ast.negated, ast.position);
}

Result<ExprPtr> StatementBinder::BindLike(const AstLike& ast) {
  ExprList args;
  DRIFTDB_ASSIGN_OR_RETURN(ExprPtr operand, BindExpr(*ast.operand));
  args.push_back(std::move(operand));
  DRIFTDB_ASSIGN_OR_RETURN(ExprPtr pattern, BindExpr(*ast.pattern));
  args.push_back(std::move(pattern));
  if (ast.escape != nullptr) {
    DRIFTDB_ASSIGN_OR_RETURN(ExprPtr escape, BindExpr(*ast.escape));
    args.push_back(std::move(escape));
  }
  const expr::PatternKind kind = ast.like == LikeKind::kLike    ? expr::PatternKind::kLike
                                 : ast.like == LikeKind::kIlike ? expr::PatternKind::kILike
                                                                : expr::PatternKind::kSimilar;
  return expr::BindPattern(kind, ast.negated, std::move(args), ast.position);
}

Result<ExprPtr> StatementBinder::BindDistinctFrom(const AstDistinctFrom& ast) {
  const expr::ComparisonOp op =
      ast.negated ? expr::ComparisonOp::kNotDistinct : expr::ComparisonOp::kDistinct;
  if (PredicateIsRow(*ast.left) && PredicateIsRow(*ast.right)) {
    const AstExprList& left = ast.left->As<AstRow>().elements;
    const AstExprList& right = ast.right->As<AstRow>().elements;
    if (left.size() != right.size()) return PredicateRowSizes(ast.position);
    ExprList tests;
    for (size_t i = 0; i < left.size(); ++i) {
      DRIFTDB_ASSIGN_OR_RETURN(ExprPtr a, BindExpr(*left[i]));
      DRIFTDB_ASSIGN_OR_RETURN(ExprPtr b, BindExpr(*right[i]));
      DRIFTDB_ASSIGN_OR_RETURN(ExprPtr test,
                               expr::BindComparison(op, std::move(a), std::move(b), ast.position));
      tests.push_back(std::move(test));
    }
    return ast.negated ? expr::MakeAnd(std::move(tests)) : expr::MakeOr(std::move(tests));
  }
  DRIFTDB_ASSIGN_OR_RETURN(ExprPtr left, BindExpr(*ast.left));
  DRIFTDB_ASSIGN_OR_RETURN(ExprPtr right, BindExpr(*ast.right));
  return expr::BindComparison(op, std::move(left), std::move(right), ast.position);
}

Result<ExprPtr> StatementBinder::BindRowOperator(const AstBinary& ast) {
  const std::optional<expr::ComparisonOp> op = PredicateComparison(ast.op);
  if (!op.has_value()) {
    return Error(sqlstate::kFeatureNotSupported,
                 "could not determine interpretation of row comparison operator {}", ast.op)
        .At(ast.position);
  }
  const AstExprList& left = ast.left->As<AstRow>().elements;
  if (PredicateIsRow(*ast.right)) {
    return BindRowComparison(*op, left, ast.right->As<AstRow>().elements, ast.position);
  }
  if (ast.right->kind == AstExprKind::kSubquery &&
      ast.right->As<AstSubquery>().subquery_kind == SubqueryKind::kScalar) {
    if (*op != expr::ComparisonOp::kEqual && *op != expr::ComparisonOp::kNotEqual) {
      return Error(sqlstate::kFeatureNotSupported,
                   "ordering comparison of a row with a subquery is not supported")
          .At(ast.position);
    }
    expr::Subquery test;
    test.kind = expr::SubqueryKind::kAny;
    DRIFTDB_ASSIGN_OR_RETURN(ExprPtr result,
                             BindTestSubquery(std::move(test), *ast.left,
                                              *ast.right->As<AstSubquery>().select, ast.position));
    result->subquery->plan->single_row = true;
    return *op == expr::ComparisonOp::kEqual ? std::move(result) : expr::MakeNot(std::move(result));
  }
  return PredicateRowSizes(ast.position);
}

Result<ExprPtr> StatementBinder::BindRowComparison(expr::ComparisonOp op, const AstExprList& left,
                                                   const AstExprList& right, uint32_t position) {
  if (left.size() != right.size()) return PredicateRowSizes(position);
  if (left.empty()) {
    return Error(sqlstate::kFeatureNotSupported, "cannot compare rows of zero length").At(position);
  }
  const auto compare = [&](size_t i, expr::ComparisonOp o) -> Result<ExprPtr> {
    DRIFTDB_ASSIGN_OR_RETURN(ExprPtr a, BindExpr(*left[i]));
    DRIFTDB_ASSIGN_OR_RETURN(ExprPtr b, BindExpr(*right[i]));
    return expr::BindComparison(o, std::move(a), std::move(b), position);
  };
  if (op == expr::ComparisonOp::kEqual || op == expr::ComparisonOp::kNotEqual) {
    ExprList tests;
    for (size_t i = 0; i < left.size(); ++i) {
      DRIFTDB_ASSIGN_OR_RETURN(ExprPtr test, compare(i, op));
      tests.push_back(std::move(test));
    }
    return op == expr::ComparisonOp::kEqual ? expr::MakeAnd(std::move(tests))
                                            : expr::MakeOr(std::move(tests));
  }
  // (a, b) < (c, d) is a < c OR (a = c AND b < d); built from the last pair outwards.
  const bool less = op == expr::ComparisonOp::kLess || op == expr::ComparisonOp::kLessEqual;
  const expr::ComparisonOp strict = less ? expr::ComparisonOp::kLess : expr::ComparisonOp::kGreater;
  DRIFTDB_ASSIGN_OR_RETURN(ExprPtr result, compare(left.size() - 1, op));
  for (size_t i = left.size() - 1; i-- > 0;) {
    DRIFTDB_ASSIGN_OR_RETURN(ExprPtr before, compare(i, strict));
    DRIFTDB_ASSIGN_OR_RETURN(ExprPtr equal, compare(i, expr::ComparisonOp::kEqual));
    ExprList both, either;
    both.push_back(std::move(equal));
    both.push_back(std::move(result));
    either.push_back(std::move(before));
    either.push_back(expr::MakeAnd(std::move(both)));
    result = expr::MakeOr(std::move(either));
  }
  return result;
}

Result<expr::SubqueryPlan> StatementBinder::BindSubqueryPlan(const AstSelect& select) {
  if (level_->clause == BindClause::kCheck) {
    return Error(sqlstate::kFeatureNotSupported, "cannot use subquery in check constraint")
        .At(select.position);
  }
  if (level_->clause == BindClause::kDefault) {
    return Error(sqlstate::kFeatureNotSupported, "cannot use subquery in DEFAULT expression")
        .At(select.position);
  }
  if (level_->clause == BindClause::kExecute) {
    return Error(sqlstate::kFeatureNotSupported, "cannot use subquery in EXECUTE parameter")
        .At(select.position);
  }
  if (level_->clause == BindClause::kCopyWhere) {
    return Error(sqlstate::kFeatureNotSupported, "cannot use subquery in COPY FROM WHERE condition")
        .At(select.position);
  }
  DRIFTDB_ASSIGN_OR_RETURN(BoundSelect bound, BindSelect(select));
  expr::SubqueryPlan plan;
  plan.plan = std::move(bound.plan);
  for (const OutputColumn& column : bound.columns) {
    plan.columns.push_back(column.binding);
    plan.types.push_back(column.type);
  }
  return plan;
}

Result<ExprPtr> StatementBinder::BindSubquery(const AstSubquery& ast) {
  if (ast.subquery_kind == SubqueryKind::kArray) {
    return Error(sqlstate::kFeatureNotSupported, "arrays are not supported").At(ast.position);
  }
  DRIFTDB_ASSIGN_OR_RETURN(expr::SubqueryPlan plan, BindSubqueryPlan(*ast.select));
  expr::Subquery subquery;
  LogicalType type = TypeId::kBoolean;
  if (ast.subquery_kind == SubqueryKind::kExists) {
    subquery.kind = expr::SubqueryKind::kExists;
  } else {
    if (plan.columns.size() != 1) {
      return Error(sqlstate::kSyntaxError, "subquery must return only one column").At(ast.position);
    }
    type = plan.types[0];
  }
  subquery.plan = MakeSubqueryPlan(std::move(plan));
  return PredicateMakeSubquery(std::move(subquery), type, ast.position);
}

Status StatementBinder::CoerceTest(expr::ComparisonOp* op, size_t column,
                                   const expr::SubqueryPlan& plan, ExprPtr* tested,
                                   ExprList* converted) {
  const int64_t position = (*tested)->position;
  DRIFTDB_ASSIGN_OR_RETURN(
      ExprPtr compared,
      expr::BindComparison(*op, std::move(*tested),
                           expr::MakeColumn(plan.columns[column], plan.types[column]), position));
  DRIFTDB_RETURN_IF_ERROR(NoteParameters(*compared));
  *op = compared->comparison;
  *tested = std::move(compared->children[0]);
  converted->push_back(std::move(compared->children[1]));
  return OkStatus();
}

// IN, ANY and ALL over a subquery: coerces the tested expressions and the plan's columns to each
// other.
Result<ExprPtr> StatementBinder::BindTestSubquery(expr::Subquery test, const AstExpr& left,
                                                  const AstSelect& select, uint32_t position) {
  ExprList tested;
  if (PredicateIsRow(left)) {
    DRIFTDB_ASSIGN_OR_RETURN(tested, BindList(left.As<AstRow>().elements));
  } else {
    DRIFTDB_ASSIGN_OR_RETURN(ExprPtr single, BindExpr(left));
    tested.push_back(std::move(single));
  }
  DRIFTDB_ASSIGN_OR_RETURN(expr::SubqueryPlan plan, BindSubqueryPlan(select));
  if (plan.columns.size() != tested.size()) {
    return Error(sqlstate::kSyntaxError, "subquery has too {} columns",
                 plan.columns.size() < tested.size() ? "few" : "many")
        .At(position);
  }
  ExprList converted;
  for (size_t i = 0; i < tested.size(); ++i) {
    DRIFTDB_RETURN_IF_ERROR(CoerceTest(&test.comparison, i, plan, &tested[i], &converted));
  }
  bool plain = true;
  for (const ExprPtr& expr : converted) plain = plain && expr->kind == expr::ExprKind::kColumn;
  if (!plain) {
    LogicalProjection projection;
    projection.table_index = MakeTableIndex("");
    plan.columns.clear();
    plan.types.clear();
    for (size_t i = 0; i < converted.size(); ++i) {
      plan.columns.push_back({projection.table_index, static_cast<uint32_t>(i)});
      plan.types.push_back(converted[i]->type);
    }
    projection.expressions = std::move(converted);
    LogicalPtr node = MakeLogical(std::move(projection));
    node->children.push_back(std::move(plan.plan));
    plan.plan = std::move(node);
  }
  test.plan = MakeSubqueryPlan(std::move(plan));
  ExprPtr result = PredicateMakeSubquery(std::move(test), TypeId::kBoolean, position);
  result->children = std::move(tested);
  return result;
}

Result<ExprPtr> StatementBinder::BindQuantified(const AstQuantified& ast) {
  const std::optional<expr::ComparisonOp> op = PredicateComparison(ast.op);
  if (ast.subquery != nullptr) {
    if (!op.has_value()) {
      return Error(sqlstate::kFeatureNotSupported,
                   "operator {} with ANY or ALL over a subquery is not supported", ast.op)
          .At(ast.position);
    }
    expr::Subquery test;
    test.kind = ast.all ? expr::SubqueryKind::kAll : expr::SubqueryKind::kAny;
    test.comparison = *op;
    if (!ast.all && *op == expr::ComparisonOp::kEqual) test.kind = expr::SubqueryKind::kIn;
    if (ast.all && *op == expr::ComparisonOp::kNotEqual) {
      test.kind = expr::SubqueryKind::kIn;
      test.comparison = expr::ComparisonOp::kEqual;
      test.negated = true;
    }
    if (PredicateIsRow(*ast.left) && test.kind != expr::SubqueryKind::kIn) {
      return Error(sqlstate::kFeatureNotSupported,
                   "row comparison with ANY or ALL supports only = ANY and <> ALL")
          .At(ast.position);
    }
    return BindTestSubquery(std::move(test), *ast.left, *ast.subquery, ast.position);
  }
  if (ast.array->kind != AstExprKind::kArray) {
    return Error(sqlstate::kFeatureNotSupported, "arrays are not supported")
        .At(ast.array->position);
  }
  ExprList tests;
  for (const AstExprPtr& element : ast.array->As<AstArray>().elements) {
    DRIFTDB_ASSIGN_OR_RETURN(ExprPtr left, BindExpr(*ast.left));  // SB-3
    DRIFTDB_ASSIGN_OR_RETURN(ExprPtr right, BindExpr(*element));
    DRIFTDB_ASSIGN_OR_RETURN(
        ExprPtr test, expr::BindOperator(ast.op, std::move(left), std::move(right), ast.position));
    DRIFTDB_ASSIGN_OR_RETURN(test, expr::RequireBoolean(std::move(test), "ANY"));
    tests.push_back(std::move(test));
  }
  return ast.all ? expr::MakeAnd(std::move(tests)) : expr::MakeOr(std::move(tests));
}

}  // namespace driftdb::sql
