#include "sql/plan/optimizer.h"

#include <utility>

#include "base/status_macros.h"
#include "expr/evaluator.h"
#include "sql/plan/cardinality.h"
#include "sql/plan/join_graph.h"
#include "sql/plan/lowering.h"
#include "sql/plan/push_down.h"
#include "sql/plan/simplify.h"
#include "sql/plan/subquery_plan.h"
#include "sql/plan/unnest.h"

namespace driftdb::sql {

namespace {

void OptimizerFold(LogicalNode& root) {
  WalkLogical(root, [](LogicalNode& node) {
    ForEachExpression(node, [](ExprPtr& e) { expr::FoldConstants(e); });
  });
}

void OptimizerSimplify(LogicalPtr& plan, BoundQuery* query, const OptimizerContext& context) {
  if (context.enabled(OptimizerRule::kCteInline)) InlineCtes(plan, query);
  if (context.enabled(OptimizerRule::kPushDown)) RemoveRenames(plan, query);
  if (context.enabled(OptimizerRule::kCommonSubplan)) ShareAggregates(*plan, query);
}

// The rewrites of one plan, up to physical operators.
Result<LogicalPtr> OptimizerRewrite(LogicalPtr plan, const OptimizerContext& context,
                                    CardinalityEstimator* estimator) {
  if (context.enabled(OptimizerRule::kPushDown)) {
    plan = PushDownPredicates(std::move(plan), context);
  }
  return OrderJoins(std::move(plan), context, estimator);
}

size_t OptimizerCountScans(LogicalNode& root) {
  size_t scans = 0;
  WalkLogical(root, [&](LogicalNode& node) {
    if (node.As<LogicalScan>() != nullptr) ++scans;
  });
  return scans;
}

}  // namespace

Result<PhysicalPlan> Optimize(BoundQuery query, const OptimizerContext& context) {
  PhysicalPlan result;
  if (context.enabled(OptimizerRule::kFoldConstants)) OptimizerFold(*query.plan);
  CardinalityEstimator estimator(context);
  estimator.use_samples = OptimizerCountScans(*query.plan) > 1;
  std::vector<InitPlan> init_plans;
  DRIFTDB_RETURN_IF_ERROR(Unnest(&query, context, &init_plans));
  OptimizerSimplify(query.plan, &query, context);
  Lowering lowering(context, &estimator);
  for (InitPlan& init : init_plans) {
    DRIFTDB_ASSIGN_OR_RETURN(LogicalPtr plan,
                             OptimizerRewrite(std::move(init.plan), context, &estimator));
    OutputColumn column;
    column.type = init.type;
    column.binding = init.column;
    DRIFTDB_ASSIGN_OR_RETURN(PhysicalPtr physical,
                             lowering.LowerRoot(std::move(plan), {std::move(column)}));
    result.init_plans.push_back(std::move(physical));
  }
  DRIFTDB_ASSIGN_OR_RETURN(LogicalPtr plan,
                           OptimizerRewrite(std::move(query.plan), context, &estimator));
  DRIFTDB_ASSIGN_OR_RETURN(result.root, lowering.LowerRoot(std::move(plan), query.output));
  if (context.enabled(OptimizerRule::kJoinFilter)) {
    AddJoinFilters(*result.root);
    for (PhysicalPtr& init : result.init_plans) AddJoinFilters(*init);
  }
  SetPlanCosts(*result.root);
  for (PhysicalPtr& init : result.init_plans) SetPlanCosts(*init);
  result.output = std::move(query.output);
  result.parameter_types = std::move(query.parameter_types);
  result.privileges = std::move(query.privileges);
  result.relations = std::move(query.relations);
  result.read_only = query.read_only;
  result.catalog_version = context.catalog_version;
  result.node_count = NumberNodes(&result);
  return result;
}

}  // namespace driftdb::sql
