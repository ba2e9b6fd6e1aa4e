// Orders joins region by region, innermost first, and leaves every node with an estimate.
#include <algorithm>

#include "sql/plan/join_graph.h"

namespace driftdb::sql {

namespace {

class JoinOrderer {
 public:
  JoinOrderer(const OptimizerContext& context, CardinalityEstimator* estimator)
      : context_(context), estimator_(*estimator) {}

  LogicalPtr Run(LogicalPtr node) {
    if (auto* cte = node->As<LogicalCte>()) {
      if (cte->recursive) {
        LogicalPtr& both = node->children[0];
        both->children[0] = Run(std::move(both->children[0]));
        estimator_.BeginRecursiveCte(*cte, both->children[0]->estimated_rows);
        both->children[1] = Run(std::move(both->children[1]));
        estimator_.EstimateNode(*both);
      } else {
        node->children[0] = Run(std::move(node->children[0]));
        estimator_.FinishCte(*cte, node->children[0]->estimated_rows);
      }
      node->children[1] = Run(std::move(node->children[1]));
      node->estimated_rows = node->children[1]->estimated_rows;
      return node;
    }
    const size_t relations = JoinGraph::CountRelations(*node);
    if (relations > 1 && relations <= kJoinRelationsMax &&
        context_.enabled(OptimizerRule::kJoinOrder)) {
      return Region(std::move(node));
    }
    for (LogicalPtr& child : node->children) child = Run(std::move(child));
    estimator_.EstimateNode(*node);
    return node;
  }

 private:
  LogicalPtr Region(LogicalPtr node) {
    JoinGraph graph(&estimator_);
    graph.Flatten(std::move(node));
    for (JoinRelation& relation : graph.relations) relation.node = Run(std::move(relation.node));
    graph.Finish();
    std::vector<std::pair<RelationMask, LogicalPtr>> built;
    for (const JoinTree& tree : EnumerateJoins(graph)) {
      if (tree.node.left == 0) {
        size_t index = 0;
        while ((tree.relations >> index) != 1) ++index;
        LogicalPtr single = std::move(graph.relations[index].node);
        ExprList own;
        for (JoinPredicate& p : graph.predicates) {
          // Those of an attached relation speak of its operator's result.
          if (graph.relations[index].attached) break;
          if (p.relations == tree.relations && p.expr != nullptr) own.push_back(std::move(p.expr));
        }
        if (auto* scan = single->As<LogicalScan>(); scan != nullptr && !own.empty()) {
          for (ExprPtr& e : own) scan->filters.push_back(std::move(e));
          single->estimated_rows = tree.node.rows;
        } else if (!own.empty()) {
          single = Filter(std::move(single), std::move(own));
        }
        built.emplace_back(tree.relations, std::move(single));
        continue;
      }
      const auto take = [&](RelationMask mask) {
        const auto it = std::find_if(built.begin(), built.end(),
                                     [&](const auto& b) { return b.first == mask; });
        LogicalPtr taken = std::move(it->second);
        built.erase(it);
        return taken;
      };
      LogicalPtr left = take(tree.node.left);
      LogicalPtr right = take(tree.node.right);
      built.emplace_back(tree.relations,
                         graph.MakeJoin(tree.node.left, std::move(left), tree.node.right,
                                        std::move(right), tree.node.rows));
    }
    LogicalPtr top = std::move(built.back().second);
    if (graph.above.empty()) return top;
    return Filter(std::move(top), std::move(graph.above));
  }

  LogicalPtr Filter(LogicalPtr child, ExprList conjuncts) {
    LogicalPtr filter = MakeLogical(LogicalFilter{std::move(conjuncts)});
    filter->children.push_back(std::move(child));
    estimator_.EstimateNode(*filter);
    return filter;
  }

  const OptimizerContext& context_;
  CardinalityEstimator& estimator_;
};

}  // namespace

LogicalPtr OrderJoins(LogicalPtr plan, const OptimizerContext& context,
                      CardinalityEstimator* estimator) {
  return JoinOrderer(context, estimator).Run(std::move(plan));
}

}  // namespace driftdb::sql
