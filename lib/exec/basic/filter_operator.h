// FilterOperator, ProjectionOperator, LimitOperator: the streaming operators.
// Threads: shared and immutable but for the limit's counter, which is atomic.
#ifndef DRIFTDB_EXEC_BASIC_FILTER_OPERATOR_H_
#define DRIFTDB_EXEC_BASIC_FILTER_OPERATOR_H_

#include <atomic>
#include <memory>
#include <vector>

#include "exec/operator.h"
#include "expr/expr.h"

namespace driftdb::exec {

class FilterOperator final : public Operator {
 public:
  explicit FilterOperator(std::vector<const expr::Expr*> conjuncts)
      : conjuncts_(std::move(conjuncts)) {}
  Status Prepare(QueryContext* context) override;
  Result<std::unique_ptr<LocalState>> MakeLocal() override;
  Result<OperatorResult> Execute(LocalState* local, Chunk* input, Chunk* output) override;

 private:
  const std::vector<const expr::Expr*> conjuncts_;
  QueryContext* context_ = nullptr;
};

class ProjectionOperator final : public Operator {
 public:
  explicit ProjectionOperator(std::vector<const expr::Expr*> expressions)
      : expressions_(std::move(expressions)) {}
  Status Prepare(QueryContext* context) override;
  Result<std::unique_ptr<LocalState>> MakeLocal() override;
  Result<OperatorResult> Execute(LocalState* local, Chunk* input, Chunk* output) override;

 private:
  const std::vector<const expr::Expr*> expressions_;
  QueryContext* context_ = nullptr;
};

// LIMIT and OFFSET of any row order. Errors: 2201W, 2201X for negative numbers.
class LimitOperator final : public Operator {
 public:
  // Either may be null.
  LimitOperator(const expr::Expr* limit, const expr::Expr* offset)
      : limit_(limit), offset_(offset) {}
  Status Prepare(QueryContext* context) override;
  Result<std::unique_ptr<LocalState>> MakeLocal() override;
  Result<OperatorResult> Execute(LocalState* local, Chunk* input, Chunk* output) override;

 private:
  const expr::Expr* const limit_;
  const expr::Expr* const offset_;
  uint64_t first_ = 0;         // rows to skip
  uint64_t end_ = UINT64_MAX;  // rows to skip and to yield together
  std::atomic<uint64_t> seen_{0};
};

// Values of LIMIT and OFFSET: NULL or absent gives `otherwise`. Errors: 2201W or 2201X by
// `is_limit`.
Result<uint64_t> EvaluateRowCount(const expr::Expr* expr, QueryContext* context, bool is_limit,
                                  uint64_t otherwise);

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_BASIC_FILTER_OPERATOR_H_
