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
  context_ = context;
  done_ = false;
  if (plan_->function != "generate_series") {
    return Error(sqlstate::kUndefinedFunction, "function {} does not exist", plan_->function);
  }
  std::vector<Value> values;
  for (const expr::ExprPtr& argument : plan_->arguments) {
    DRIFTDB_ASSIGN_OR_RETURN(Value value, expr::EvaluateConstant(*argument, context->eval));
    if (value.is_null()) done_ = true;
    values.push_back(std::move(value));
  }
  if (done_) return OkStatus();
  by_interval_ = values.size() > 2 && values[2].type().id == TypeId::kInterval;
  next_ = values[0].integer();
  stop_ = values[1].integer();
  if (by_interval_) {
    current_ = values[0];
    interval_ = values[2].interval();
    const int128_t length =
        (static_cast<int128_t>(interval_.months) * 30 + interval_.days) * kMicrosPerDay +
        interval_.micros;
    step_ = length;
  } else {
    int128_t one = 1;
    for (int i = 0; i < type_.scale; ++i) one *= 10;
    step_ = values.size() > 2 ? values[2].integer() : one;
  }
  if (step_ == 0) {
    return Error(sqlstate::kInvalidParameterValue, "step size cannot equal zero");
  }
  return OkStatus();
}

Result<std::unique_ptr<LocalState>> SeriesSource::MakeLocal() { return ValueSourceMakeLocal(); }

Result<bool> SeriesSource::NextTimestamps(Chunk* chunk) {
  size_t row = 0;
  while (row < kVectorRows) {
    if (step_ > 0 ? current_.integer() > stop_ : current_.integer() < stop_) {
      done_ = true;
      break;
    }
    chunk->column(0).SetValue(row++, current_);
    DRIFTDB_ASSIGN_OR_RETURN(const expr::ExprPtr sum,
                             expr::BindOperator("+", expr::MakeConstant(current_),
                                                expr::MakeConstant(Value::OfInterval(interval_))));
    DRIFTDB_ASSIGN_OR_RETURN(current_, expr::EvaluateConstant(*sum, context_->eval));
  }
  chunk->set_row_count(row);
  return row > 0;
}

Result<bool> SeriesSource::Next(LocalState* local, Chunk* chunk) {
  if (done_) return false;
  *chunk = Chunk(std::vector<LogicalType>{type_});
  if (by_interval_) return NextTimestamps(chunk);
  size_t row = 0;
  while (row < kVectorRows) {
    if (step_ > 0 ? next_ > stop_ : next_ < stop_) {
      done_ = true;
      break;
    }
    chunk->column(0).SetValue(row++, Value::Integer(type_, next_));
    if (__builtin_add_overflow(next_, step_, &next_)) done_ = true;
    if (done_) break;
  }
  chunk->set_row_count(row);
  return row > 0;
}

}  // namespace driftdb::exec
