// IndexJoinOperator: for each probe row, the matching rows of a table through an index: inner,
// left, semi, anti. Invariants: (IJ-1) as IDX-1: a candidate counts when the visible version
// carries exactly the probed key values. Threads: safe; each worker has its own buffers.
#ifndef DRIFTDB_EXEC_JOIN_INDEX_JOIN_H_
#define DRIFTDB_EXEC_JOIN_INDEX_JOIN_H_

#include <memory>
#include <vector>

#include "exec/operator.h"
#include "sql/plan/physical_plan.h"
#include "types/key_encoding.h"

namespace driftdb::exec {

class IndexJoinOperator final : public Operator {
 public:
  IndexJoinOperator(const sql::PhysicalIndexJoin* plan, std::vector<LogicalType> left_types)
      : plan_(plan), left_types_(std::move(left_types)) {}
  Status Prepare(QueryContext* context) override;
  Result<std::unique_ptr<LocalState>> MakeLocal() override;
  Result<OperatorResult> Execute(LocalState* local, Chunk* input, Chunk* output) override;

 private:
  struct Local;
  struct Batch;
  Status LookUp(Local* local, size_t row);
  Result<bool> Matches(Local* local, const Chunk& input, size_t row, Batch* batch);
  Status ProbeRow(Local* local, const Chunk& input, size_t row, Batch* batch);
  Status Emit(Local* local, const Chunk& input, Batch* batch, Chunk* output);

  const sql::PhysicalIndexJoin* const plan_;
  const std::vector<LogicalType> left_types_;
  QueryContext* context_ = nullptr;
  KeyEncoder encoder_;
  std::vector<uint32_t> fetch_ordinals_;
  std::vector<LogicalType> fetch_types_;
  std::vector<size_t> right_positions_;  // of plan_->columns in a batch's right side
  std::vector<size_t> key_positions_;
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_JOIN_INDEX_JOIN_H_
