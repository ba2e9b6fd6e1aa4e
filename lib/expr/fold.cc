// Constant folding and evaluation without input rows.
#include "base/status_macros.h"
#include "expr/evaluator.h"

namespace driftdb::expr {

Result<Value> EvaluateConstant(const Expr& expr, EvalContext* context) {
  if (expr.kind == ExprKind::kConstant) return expr.value;
  DRIFTDB_ASSIGN_OR_RETURN(CompiledExpr compiled, CompiledExpr::Compile(expr, context));
  return compiled.EvaluateRow({});
}

namespace {

bool FoldIsBoolean(const Expr& expr, bool value) {
  return expr.kind == ExprKind::kConstant && !expr.value.is_null() &&
         expr.type.id == TypeId::kBoolean && expr.value.boolean() == value;
}

// AND with FALSE is FALSE, TRUE operands vanish; OR the other way round.
void FoldJunction(ExprPtr& expr) {
  const bool stop = expr->kind == ExprKind::kOr;
  std::vector<ExprPtr> kept;
  for (size_t i = 0; i < expr->children.size(); ++i) {
    ExprPtr& child = expr->children[i];
    if (FoldIsBoolean(*child, stop)) {
      expr = MakeBoolean(stop);
      return;
    }
    if (!FoldIsBoolean(*child, !stop)) kept.push_back(std::move(child));
  }
  expr = expr->kind == ExprKind::kAnd ? MakeAnd(std::move(kept)) : MakeOr(std::move(kept));
}

// Branches whose condition is constant: FALSE and NULL ones go, the first TRUE one ends the list.
void FoldCase(ExprPtr& expr) {
  std::vector<ExprPtr> kept;
  const size_t branches = (expr->children.size() - (expr->has_else ? 1 : 0)) / 2;
  ExprPtr otherwise;
  if (expr->has_else) otherwise = std::move(expr->children.back());
  bool closed = false;
  for (size_t b = 0; b < branches && !closed; ++b) {
    ExprPtr& when = expr->children[2 * b];
    ExprPtr& then = expr->children[2 * b + 1];
    if (FoldIsBoolean(*when, true)) {
      otherwise = std::move(then);
      closed = true;
    } else if (when->kind != ExprKind::kConstant) {
      kept.push_back(std::move(when));
      kept.push_back(std::move(then));
    }
  }
  if (kept.empty()) {
    const LogicalType type = expr->type;
    expr = otherwise != nullptr ? std::move(otherwise) : MakeNull(type);
    return;
  }
  expr->has_else = otherwise != nullptr;
  if (otherwise != nullptr) kept.push_back(std::move(otherwise));
  expr->children = std::move(kept);
}

}  // namespace

void FoldConstants(ExprPtr& expr) {
  // Top-down: a foldable tree is evaluated as a whole.
  if (expr->kind == ExprKind::kConstant) return;
  if (IsFoldable(*expr)) {
    if (Result<Value> value = EvaluateConstant(*expr); value.ok()) {
      const LogicalType type = expr->type;
      const int64_t position = expr->position;
      Value folded = std::move(value).value();
      folded.set_type(type);
      expr = MakeConstant(std::move(folded), position);
      return;
    }
  }
  ForEachChild(*expr, [](ExprPtr& child) { FoldConstants(child); });
  switch (expr->kind) {
    case ExprKind::kAnd:
    case ExprKind::kOr:
      FoldJunction(expr);
      break;
    case ExprKind::kCase:
      FoldCase(expr);
      break;
    case ExprKind::kNot:
      if (expr->children[0]->kind == ExprKind::kNot) {
        ExprPtr inner = std::move(expr->children[0]->children[0]);
        expr = std::move(inner);
      }
      break;
    default:
      break;
  }
}

}  // namespace driftdb::expr
