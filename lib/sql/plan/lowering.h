// Lowering: from the rewritten logical plan to physical operators. Private to the optimizer.
// Shape: a bottom-up walk. On the way down it counts which columns the nodes above refer to, so
// every node yields just those; on the way up it knows each child's layout (binding per slot) and
// turns columns into slots. Expressions are moved, not copied: the logical plan is used up.
// Invariants: (LP-2) holds on entry. Estimates (LogicalNode::estimated_rows) are set on entry.
#ifndef DRIFTDB_SQL_PLAN_LOWERING_H_
#define DRIFTDB_SQL_PLAN_LOWERING_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "sql/plan/access_path.h"
#include "sql/plan/cardinality.h"
#include "sql/plan/columns.h"
#include "sql/plan/logical_plan.h"
#include "sql/plan/optimizer.h"
#include "sql/plan/physical_plan.h"

namespace driftdb::sql {

// How often the nodes above refer to a column.
class ColumnCounter {
 public:
  void Add(const expr::ColumnBinding& binding, int delta);
  void Add(const expr::Expr& expr, int delta);
  void Add(const ExprList& exprs, int delta);
  bool Needed(const expr::ColumnBinding& binding) const;

 private:
  std::vector<std::vector<int32_t>> counts_;  // [table_index][column_index]
};

// Slots by binding, for one or two inputs.
class SlotMap {
 public:
  void Append(const std::vector<expr::ColumnBinding>& layout);
  // -1: not there.
  int64_t Find(const expr::ColumnBinding& binding) const;
  size_t size() const { return size_; }

 private:
  void Sort();
  std::vector<std::pair<uint64_t, uint32_t>> slots_;
  size_t size_ = 0;
};

// A physical subtree and what its slots mean.
struct Lowered {
  PhysicalPtr node;
  std::vector<expr::ColumnBinding> layout;  // parallel to node->types
};

// An index that serves a join: per leading key column the condition and its side that holds the
// outer expression.
struct IndexJoinChoice {
  std::shared_ptr<const catalog::IndexEntry> index;
  std::vector<size_t> conditions;   // per key column
  std::vector<size_t> value_sides;  // child that holds the outer expression
  double cost = 0;
};

class Lowering {
 public:
  Lowering(const OptimizerContext& context, CardinalityEstimator* estimator)
      : context_(context), estimator_(*estimator) {}

  // The root yields `output` in this order.
  Result<PhysicalPtr> LowerRoot(LogicalPtr plan, const std::vector<OutputColumn>& output);

 private:
  Result<Lowered> Lower(LogicalNode& node);
  // lowering.cc
  Result<Lowered> LowerValues(LogicalNode& node);
  Result<Lowered> LowerTableFunction(LogicalNode& node);
  Result<Lowered> LowerProjection(LogicalNode& node);
  Result<Lowered> LowerFilter(LogicalNode& node);
  Result<Lowered> LowerCte(LogicalNode& node);
  Result<Lowered> LowerCteScan(LogicalNode& node);
  Result<Lowered> LowerSetOperation(LogicalNode& node);
  Result<Lowered> LowerWindow(LogicalNode& node);
  // lowering_order.cc
  Result<Lowered> LowerSort(LogicalNode& node);
  Result<Lowered> LowerLimit(LogicalNode& node);
  Result<Lowered> LowerTopN(LogicalNode& limit, LogicalNode& sort);
  Result<Lowered> LowerDistinct(LogicalNode& node);
  Result<Lowered> LowerAggregate(LogicalNode& node);
  static void ChooseStrategy(const PhysicalNode& input, PhysicalAggregate* aggregate);
  // lowering_scan.cc
  Result<Lowered> LowerScan(LogicalNode& node);
  bool TryIndexScan(LogicalNode& node, PhysicalNode* out);
  // column IN (constants): probes of an index, if that is cheaper than the scan.
  Result<bool> TryInList(LogicalNode& node, Lowered* result);
  static void TakeIndexBounds(LogicalScan& scan, const IndexMatch& match,
                              PhysicalIndexScan* payload);
  bool TryOrderedScan(LogicalNode& limit, LogicalNode& sort);
  // lowering_join.cc
  Result<Lowered> LowerJoin(LogicalNode& node);
  Result<Lowered> TryIndexJoin(LogicalNode& node, bool* done);
  Result<Lowered> LowerIndexJoin(LogicalNode& node, size_t inner_side,
                                 const IndexJoinChoice& choice);
  // Sets layout and types of *result and returns the slots that make them up.
  std::vector<uint32_t> SetJoinOutput(const Lowered& left, const Lowered& right,
                                      const LogicalJoin& join, PhysicalJoinType type,
                                      Lowered* result);
  // lowering_modify.cc
  Result<Lowered> LowerInsert(LogicalNode& node);
  Result<Lowered> LowerUpdate(LogicalNode& node);
  Result<Lowered> LowerDelete(LogicalNode& node);
  // The child's columns in exactly this order.
  Result<Lowered> LowerExactly(LogicalNode& child, const std::vector<expr::ColumnBinding>& columns);

  PhysicalPtr MakeNode(const LogicalNode& node) const;
  Result<Lowered> Arrange(Lowered input, const std::vector<expr::ColumnBinding>& columns);
  static Status Resolve(ExprPtr& expr, const SlotMap& slots);
  static Status Resolve(ExprList& exprs, const SlotMap& slots);
  // Appends the needed ones of the input's columns to `kept`.
  void KeepNeeded(const std::vector<expr::ColumnBinding>& layout, uint32_t base,
                  std::vector<uint32_t>* kept) const;

  const OptimizerContext& context_;
  CardinalityEstimator& estimator_;
  ColumnCounter needed_;
  uint32_t next_scan_id_ = 0;
  std::vector<std::pair<uint32_t, std::string>> cte_names_;
  // The scan that TryOrderedScan promised to read in an index's order.
  struct ForcedIndex {
    const LogicalNode* node = nullptr;
    std::shared_ptr<const catalog::IndexEntry> index;
    bool backward = false;
  };
  ForcedIndex forced_index_;
};

// Lists the scans that each hash join's build keys restrict (PhysicalHashJoin::filters).
void AddJoinFilters(PhysicalNode& root);
// Sets estimated_cost of every node to that of its subtree; scans hold their own before.
void SetPlanCosts(PhysicalNode& node);
// Dense node ids in pre-order, root first, then the init plans; returns the count.
uint32_t NumberNodes(PhysicalPlan* plan);

}  // namespace driftdb::sql

#endif  // DRIFTDB_SQL_PLAN_LOWERING_H_
