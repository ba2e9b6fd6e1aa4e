#include "exec/basic/series.h"

#include "base/error.h"
#include "base/status_macros.h"
#include "expr/binding.h"
#include "expr/evaluator.h"

namespace driftdb::exec {

Status CheckSeriesFunction(const sql::PhysicalTableFunction& plan) {
  if (plan.function == "generate_series") return OkStatus();
  return Error(sqlstate::kUndefinedFunction, "function {} does not exist", plan.function);
}

Status Series::Start(const std::vector<Value>& arguments) {
  done_ = false;
  for (const Value& value : arguments) done_ = done_ || value.is_null();
  if (done_) return OkStatus();
  by_interval_ = arguments.size() > 2 && arguments[2].type().id == TypeId::kInterval;
  next_ = arguments[0].integer();
  stop_ = arguments[1].integer();
  if (by_interval_) {
    current_ = arguments[0];
    interval_ = arguments[2].interval();
    step_ = (static_cast<int128_t>(interval_.months) * 30 + interval_.days) * kMicrosPerDay +
            interval_.micros;
  } else {
    int128_t one = 1;
    for (int i = 0; i < type_.scale; ++i) one *= 10;
    step_ = arguments.size() > 2 ? arguments[2].integer() : one;
  }
  if (step_ == 0) {
    return Error(sqlstate::kInvalidParameterValue, "step size cannot equal zero");
  }
  return OkStatus();
}

Status Series::Advance() {
  if (!by_interval_) {
    done_ = __builtin_add_overflow(next_, step_, &next_);
    return OkStatus();
  }
  DRIFTDB_ASSIGN_OR_RETURN(const expr::ExprPtr sum,
                           expr::BindOperator("+", expr::MakeConstant(current_),
                                              expr::MakeConstant(Value::OfInterval(interval_))));
  DRIFTDB_ASSIGN_OR_RETURN(current_, expr::EvaluateConstant(*sum, context_));
  next_ = current_.integer();
  return OkStatus();
}

Result<size_t> Series::Fill(Vector* out, size_t row) {
  while (!done_ && row < kVectorRows) {
    if (step_ > 0 ? next_ > stop_ : next_ < stop_) {
      done_ = true;
      break;
    }
    out->SetValue(row++, by_interval_ ? current_ : Value::Integer(type_, next_));
    DRIFTDB_RETURN_IF_ERROR(Advance());
  }
  return row;
}

struct SeriesOperator::Local final : LocalState {
  Local(LogicalType type, expr::EvalContext* context) : series(type, context) {}
  expr::ExpressionList arguments;
  std::vector<Vector> values;
  Series series;
  bool started = false;
  size_t next_row = 0;  // of the alive input rows: the one whose series comes next
};

Status SeriesOperator::Prepare(QueryContext* context) {
  context_ = context;
  return CheckSeriesFunction(*plan_);
}

Result<std::unique_ptr<LocalState>> SeriesOperator::MakeLocal() {
  auto local = std::make_unique<Local>(type_, context_->eval);
  std::vector<const expr::Expr*> arguments;
  for (const expr::ExprPtr& argument : plan_->arguments) {
    arguments.push_back(argument.get());
    local->values.emplace_back(argument->type);
  }
  DRIFTDB_ASSIGN_OR_RETURN(local->arguments,
                           expr::ExpressionList::Compile(arguments, context_->eval));
  return std::unique_ptr<LocalState>(std::move(local));
}

Result<OperatorResult> SeriesOperator::Execute(LocalState* state, Chunk* input, Chunk* output) {
  auto* local = static_cast<Local*>(state);
  if (!local->started) {
    DRIFTDB_RETURN_IF_ERROR(local->arguments.Evaluate(*input, local->values.data()));
    local->started = true;
    local->next_row = 0;
  }
  Vector series(type_, kVectorRows);
  std::vector<uint16_t> rows;
  while (rows.size() < kVectorRows) {
    if (local->series.done()) {
      if (local->next_row == input->size()) break;
      const size_t row = input->row(local->next_row++);
      std::vector<Value> arguments;
      for (const Vector& value : local->values) arguments.push_back(value.GetValue(row));
      DRIFTDB_RETURN_IF_ERROR(local->series.Start(arguments));
    }
    DRIFTDB_ASSIGN_OR_RETURN(const size_t end, local->series.Fill(&series, rows.size()));
    rows.resize(end, static_cast<uint16_t>(input->row(local->next_row - 1)));
  }
  output->columns().clear();
  for (const Vector& column : input->columns()) {
    Vector repeated(column.type());
    repeated.Slice(column, rows.data(), rows.size());
    output->columns().push_back(std::move(repeated));
  }
  output->columns().push_back(std::move(series));
  output->set_row_count(rows.size());
  output->set_selection(nullptr);
  if (!local->series.done() || local->next_row < input->size()) return OperatorResult::kHaveMore;
  local->started = false;
  return OperatorResult::kNeedInput;
}

}  // namespace driftdb::exec
