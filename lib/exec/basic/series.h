// Series: the rows of generate_series(start, stop [, step]) over bigint (and int), numeric,
// timestamps; SeriesOperator: such a series for each input row (LATERAL).
// Errors: 22023 for a step of zero, 42883 for an unknown function. Threads: a Series has one user;
// the operator is shared, its workers have a Series each.
#ifndef DRIFTDB_EXEC_BASIC_SERIES_H_
#define DRIFTDB_EXEC_BASIC_SERIES_H_

#include <memory>
#include <vector>

#include "exec/operator.h"
#include "sql/plan/physical_plan.h"

namespace driftdb::exec {

class Series {
 public:
  Series(LogicalType type, expr::EvalContext* context) : type_(type), context_(context) {}
  // A NULL among the arguments gives no rows.
  Status Start(const std::vector<Value>& arguments);
  // Stores the next values at rows from `row` on, at most up to kVectorRows; returns the row behind
  // the last one. Short of kVectorRows only at the end.
  Result<size_t> Fill(Vector* out, size_t row);
  bool done() const { return done_; }

 private:
  Status Advance();

  LogicalType type_;
  expr::EvalContext* context_;
  int128_t next_ = 0, stop_ = 0, step_ = 1;
  Interval interval_;
  Value current_;
  bool by_interval_ = false;
  bool done_ = true;
};

Status CheckSeriesFunction(const sql::PhysicalTableFunction& plan);

class SeriesOperator final : public Operator {
 public:
  // `type`: of the function's column, which comes behind the input's.
  SeriesOperator(const sql::PhysicalTableFunction* plan, LogicalType type)
      : plan_(plan), type_(type) {}
  Status Prepare(QueryContext* context) override;
  Result<std::unique_ptr<LocalState>> MakeLocal() override;
  Result<OperatorResult> Execute(LocalState* local, Chunk* input, Chunk* output) override;

 private:
  struct Local;
  const sql::PhysicalTableFunction* const plan_;
  const LogicalType type_;
  QueryContext* context_ = nullptr;
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_BASIC_SERIES_H_
