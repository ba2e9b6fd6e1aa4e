#include "exec/basic/value_sources.h"

#include "base/error.h"
#include "base/status_macros.h"
#include "expr/binding.h"
#include "expr/evaluator.h"

namespace driftdb::exec {

namespace {

struct ValueSourceLocal final : LocalState {};

std::unique_ptr<LocalState> ValueSourceMakeLocal() { return std::make_unique<ValueSourceLocal>(); }

}  // namespace

Status SingleRowSource::Prepare(QueryContext* context) {
  done_.store(false);
  return OkStatus();
}

Result<std::unique_ptr<LocalState>> SingleRowSource::MakeLocal() { return ValueSourceMakeLocal(); }

Result<bool> SingleRowSource::Next(LocalState* local, Chunk* chunk) {
  if (done_.exchange(true)) return false;
  chunk->columns().clear();
  chunk->set_row_count(1);
  chunk->set_selection(nullptr);
  return true;
}

Result<std::unique_ptr<LocalState>> EmptySource::MakeLocal() { return ValueSourceMakeLocal(); }

Status ValuesSource::Prepare(QueryContext* context) {
  context_ = context;
  next_ = 0;
  return OkStatus();
}

Result<std::unique_ptr<LocalState>> ValuesSource::MakeLocal() { return ValueSourceMakeLocal(); }

Result<bool> ValuesSource::Next(LocalState* local, Chunk* chunk) {
  if (next_ >= plan_->rows.size()) return false;
  *chunk = Chunk(types_);
  size_t row = 0;
  for (; row < kVectorRows && next_ < plan_->rows.size(); ++row, ++next_) {
    for (size_t c = 0; c < types_.size(); ++c) {
      const expr::Expr& expression = *plan_->rows[next_][c];
      if (expression.kind == expr::ExprKind::kConstant) {
        chunk->column(c).SetValue(row, expression.value);
        continue;
      }
      DRIFTDB_ASSIGN_OR_RETURN(const Value value,
                               expr::EvaluateConstant(expression, context_->eval));
      chunk->column(c).SetValue(row, value);
    }
  }
  chunk->set_row_count(row);
  return true;
}

Result<std::unique_ptr<LocalState>> ChunkListSource::MakeLocal() { return ValueSourceMakeLocal(); }

Result<bool> ChunkListSource::Next(LocalState* local, Chunk* chunk) {
  while (true) {
    const size_t at = next_.fetch_add(1);
    if (at >= chunks_->size()) return false;
    if ((*chunks_)[at].size() == 0) continue;
    *chunk = (*chunks_)[at];
    return true;
  }
}

Status SeriesSource::Prepare(QueryContext* context) {
  DRIFTDB_RETURN_IF_ERROR(CheckSeriesFunction(*plan_));
  std::vector<Value> values;
  for (const expr::ExprPtr& argument : plan_->arguments) {
    DRIFTDB_ASSIGN_OR_RETURN(Value value, expr::EvaluateConstant(*argument, context->eval));
    values.push_back(std::move(value));
  }
  series_ = std::make_unique<Series>(type_, context->eval);
  return series_->Start(values);
}

Result<std::unique_ptr<LocalState>> SeriesSource::MakeLocal() { return ValueSourceMakeLocal(); }

Result<bool> SeriesSource::Next(LocalState* local, Chunk* chunk) {
  if (series_->done()) return false;
  *chunk = Chunk(std::vector<LogicalType>{type_});
  DRIFTDB_ASSIGN_OR_RETURN(const size_t rows, series_->Fill(&chunk->column(0), 0));
  chunk->set_row_count(rows);
  return rows > 0;
}

}  // namespace driftdb::exec
