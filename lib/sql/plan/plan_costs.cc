// Costs of a finished plan, for EXPLAIN: each node's own work plus its children's.
#include <algorithm>
#include <cmath>

#include "sql/plan/cost_model.h"
#include "sql/plan/lowering.h"

namespace driftdb::sql {

namespace {

double PlanCostSort(double rows) { return 500 + rows * 6 * std::log2(std::max(2.0, rows)); }

double PlanCostOwn(const PhysicalNode& node) {
  const double out = node.estimated_rows;
  const double in = node.children.empty() ? 0 : node.children[0]->estimated_rows;
  if (node.As<PhysicalHashJoin>() != nullptr) {
    return HashJoinCost(node.children[1]->estimated_rows, in, out);
  }
  if (node.As<PhysicalNestedLoopJoin>() != nullptr) {
    return NestedLoopCost(in, node.children[1]->estimated_rows, out);
  }
  if (node.As<PhysicalIndexJoin>() != nullptr) {
    return IndexJoinCost(in, std::max(1.0, out / std::max(1.0, in)));
  }
  if (node.As<PhysicalAggregate>() != nullptr) return AggregateCost(in, out);
  if (node.As<PhysicalSort>() != nullptr || node.As<PhysicalWindow>() != nullptr) {
    return PlanCostSort(in);
  }
  if (node.As<PhysicalTopN>() != nullptr) return 500 + in * 3;
  if (const auto* projection = node.As<PhysicalProjection>()) {
    return in * static_cast<double>(projection->expressions.size());
  }
  if (const auto* filter = node.As<PhysicalFilter>()) {
    return in * static_cast<double>(filter->conjuncts.size());
  }
  const bool modifies = node.As<PhysicalInsert>() != nullptr ||
                        node.As<PhysicalUpdate>() != nullptr ||
                        node.As<PhysicalDelete>() != nullptr;
  return modifies ? in * 500 : out;
}

}  // namespace

void SetPlanCosts(PhysicalNode& node) {
  const bool scan =
      node.As<PhysicalTableScan>() != nullptr || node.As<PhysicalIndexScan>() != nullptr;
  double cost = scan ? node.estimated_cost : PlanCostOwn(node);
  for (PhysicalPtr& child : node.children) {
    SetPlanCosts(*child);
    cost += child->estimated_cost;
  }
  node.estimated_cost = cost;
}

}  // namespace driftdb::sql
