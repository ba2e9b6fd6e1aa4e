#include "exec/row/expression_columns.h"

#include "base/status_macros.h"

namespace driftdb::exec {

Result<ExpressionColumns> ExpressionColumns::Make(const std::vector<const expr::Expr*>& exprs,
                                                  expr::EvalContext* context) {
  ExpressionColumns columns;
  std::vector<const expr::Expr*> others;
  for (const expr::Expr* expr : exprs) {
    columns.values_.emplace_back(expr->type);
    if (expr->kind == expr::ExprKind::kSlot) {
      columns.slots_.push_back(expr->slot);
    } else {
      columns.slots_.push_back(UINT32_MAX);
      others.push_back(expr);
      columns.program_values_.emplace_back(expr->type);
    }
  }
  if (!others.empty()) {
    columns.has_program_ = true;
    DRIFTDB_ASSIGN_OR_RETURN(columns.program_, expr::ExpressionList::Compile(others, context));
  }
  size_t next = 0;
  for (size_t i = 0; i < exprs.size(); ++i) {
    columns.pointers_.push_back(columns.slots_[i] == UINT32_MAX ? &columns.program_values_[next++]
                                                                : &columns.values_[i]);
  }
  return columns;
}

Status ExpressionColumns::Evaluate(const Chunk& chunk) {
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i] != UINT32_MAX) values_[i].Refer(chunk.column(slots_[i]));
  }
  if (has_program_) return program_.Evaluate(chunk, program_values_.data());
  return OkStatus();
}

}  // namespace driftdb::exec
