#include "exec/basic/filter_operator.h"

#include <algorithm>

#include "base/error.h"
#include "base/status_macros.h"
#include "expr/evaluator.h"

namespace driftdb::exec {

namespace {

struct FilterLocal final : LocalState {
  std::vector<expr::CompiledExpr> conjuncts;
};

struct ProjectionLocal final : LocalState {
  expr::ExpressionList list;
};

struct LimitLocal final : LocalState {};

}  // namespace

Status FilterOperator::Prepare(QueryContext* context) {
  context_ = context;
  return OkStatus();
}

Result<std::unique_ptr<LocalState>> FilterOperator::MakeLocal() {
  auto local = std::make_unique<FilterLocal>();
  for (const expr::Expr* conjunct : conjuncts_) {
    DRIFTDB_ASSIGN_OR_RETURN(expr::CompiledExpr compiled,
                             expr::CompiledExpr::Compile(*conjunct, context_->eval));
    local->conjuncts.push_back(std::move(compiled));
  }
  return std::unique_ptr<LocalState>(std::move(local));
}

Result<OperatorResult> FilterOperator::Execute(LocalState* state, Chunk* input, Chunk* output) {
  auto* local = static_cast<FilterLocal*>(state);
  *output = *input;
  for (expr::CompiledExpr& conjunct : local->conjuncts) {
    auto passing = std::make_shared<Selection>();
    DRIFTDB_RETURN_IF_ERROR(conjunct.Filter(*output, passing.get()));
    output->set_selection(std::move(passing));
    if (output->size() == 0) break;
  }
  return OperatorResult::kNeedInput;
}

Status ProjectionOperator::Prepare(QueryContext* context) {
  context_ = context;
  return OkStatus();
}

Result<std::unique_ptr<LocalState>> ProjectionOperator::MakeLocal() {
  auto local = std::make_unique<ProjectionLocal>();
  DRIFTDB_ASSIGN_OR_RETURN(local->list,
                           expr::ExpressionList::Compile(expressions_, context_->eval));
  return std::unique_ptr<LocalState>(std::move(local));
}

Result<OperatorResult> ProjectionOperator::Execute(LocalState* state, Chunk* input, Chunk* output) {
  auto* local = static_cast<ProjectionLocal*>(state);
  std::vector<Vector>& columns = output->columns();
  if (columns.size() != expressions_.size()) {
    columns.clear();
    for (const expr::Expr* expression : expressions_) columns.emplace_back(expression->type);
  }
  DRIFTDB_RETURN_IF_ERROR(local->list.Evaluate(*input, columns.data()));
  output->set_row_count(input->row_count());
  output->set_selection(input->shared_selection());
  return OperatorResult::kNeedInput;
}

Result<uint64_t> EvaluateRowCount(const expr::Expr* expr, QueryContext* context, bool is_limit,
                                  uint64_t otherwise) {
  if (expr == nullptr) return otherwise;
  DRIFTDB_ASSIGN_OR_RETURN(const Value value, expr::EvaluateConstant(*expr, context->eval));
  if (value.is_null()) return otherwise;
  if (value.integer() < 0) {
    return is_limit ? Error(sqlstate::kInvalidLimit, "LIMIT must not be negative")
                    : Error(sqlstate::kInvalidOffset, "OFFSET must not be negative");
  }
  return static_cast<uint64_t>(value.integer());
}

Status LimitOperator::Prepare(QueryContext* context) {
  DRIFTDB_ASSIGN_OR_RETURN(first_, EvaluateRowCount(offset_, context, false, 0));
  DRIFTDB_ASSIGN_OR_RETURN(const uint64_t limit,
                           EvaluateRowCount(limit_, context, true, UINT64_MAX));
  end_ = limit > UINT64_MAX - first_ ? UINT64_MAX : first_ + limit;
  return OkStatus();
}

Result<std::unique_ptr<LocalState>> LimitOperator::MakeLocal() {
  return std::unique_ptr<LocalState>(std::make_unique<LimitLocal>());
}

Result<OperatorResult> LimitOperator::Execute(LocalState* state, Chunk* input, Chunk* output) {
  const uint64_t size = input->size();
  const uint64_t begin = seen_.fetch_add(size);
  const uint64_t end = begin + size;
  *output = *input;
  if (begin >= end_ || end <= first_) {
    output->set_row_count(0);
    output->set_selection(nullptr);
    return begin >= end_ ? OperatorResult::kFinished : OperatorResult::kNeedInput;
  }
  const uint64_t from = std::max(begin, first_) - begin;
  const uint64_t to = std::min(end, end_) - begin;
  if (from > 0 || to < size) {
    auto kept = std::make_shared<Selection>();
    for (uint64_t i = from; i < to; ++i) kept->Append(input->row(i));
    output->set_selection(std::move(kept));
  }
  return end >= end_ ? OperatorResult::kFinished : OperatorResult::kNeedInput;
}

}  // namespace driftdb::exec
