// AggregateWorker: the share of one worker in an aggregation: its groups and side sets.
// Threads: one owner until Finish; then read by the merge.
#ifndef DRIFTDB_EXEC_AGGREGATE_AGGREGATE_WORKER_H_
#define DRIFTDB_EXEC_AGGREGATE_AGGREGATE_WORKER_H_

#include <memory>
#include <vector>

#include "exec/aggregate/aggregate_plan.h"
#include "exec/aggregate/group_table.h"
#include "exec/row/expression_columns.h"
#include "expr/evaluator.h"

namespace driftdb::exec {

class AggregateWorker {
 public:
  static Result<std::unique_ptr<AggregateWorker>> Make(const AggregatePlan* plan,
                                                       QueryContext* context, double groups);
  Status Consume(const Chunk& chunk);
  // Adds rows whose group keys are `keys` (all key_count of them) and whose arguments of call
  // `call` are args: how distinct rows reach their groups.
  Status Update(Vector* const* keys, Vector* const* args, size_t rows,
                const std::vector<size_t>& calls);

  GroupTable& groups() { return *groups_; }
  // True when a key may have several rows.
  bool was_reset() const { return was_reset_; }

  // One per side set; distinct sets use the table, ordered ones the store.
  struct Side {
    std::unique_ptr<GroupTable> table;
    bool was_reset = false;
    std::unique_ptr<RowStore> store;
    expr::CompiledExpr filter;
    ExpressionColumns columns;
    std::shared_ptr<Selection> selection;
    uint64_t rows_since_reset = 0;
  };
  std::vector<Side>& sides() { return sides_; }

 private:
  AggregateWorker() = default;
  Status ConsumeSet(const Chunk& chunk, size_t set);
  Status UpdateAll(const Chunk& chunk, size_t rows);
  Status UpdateFew(const Chunk& chunk);
  Status UpdateFiltered(size_t call, const Chunk& chunk, const uint16_t* positions, size_t rows);
  Status ConsumeSide(const Chunk& chunk, size_t side);
  void SetKeys(size_t set);
  void MakeArgs(size_t row_count);

  const AggregatePlan* plan_ = nullptr;
  QueryContext* context_ = nullptr;
  ExpressionColumns shared_;
  std::unique_ptr<GroupTable> groups_;
  bool was_reset_ = false;
  uint64_t rows_since_reset_ = 0;
  size_t local_groups_ = 0;  // more groups than these start over, unless the input is reduced
  std::vector<Side> sides_;
  std::vector<Vector> null_keys_;  // constants for keys outside a grouping set
  Vector set_number_;
  std::vector<Vector*> keys_;
  std::vector<expr::KernelArg> args_;  // of the shared list
  std::vector<Vector> arg_scratch_;
  struct Filtered {
    expr::CompiledExpr filter;
    ExpressionColumns columns;
    std::shared_ptr<Selection> selection;
  };
  std::vector<Filtered> filtered_;  // by call, empty without filter
  KeyHasher hasher_;
  FewGroups few_;
  uint8_t* group_rows_[kVectorRows];
  uint8_t* filtered_rows_[kVectorRows];
  uint64_t hashes_[kVectorRows];
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_AGGREGATE_AGGREGATE_WORKER_H_
