// Sort, limit, distinct and aggregation.
#include "base/check.h"
#include "base/status_macros.h"
#include "sql/plan/functional_dependency.h"
#include "sql/plan/lowering.h"

namespace driftdb::sql {

namespace {

void LoweringCountKeys(const std::vector<expr::SortKey>& keys, int delta, ColumnCounter* counter) {
  for (const expr::SortKey& key : keys) counter->Add(*key.expr, delta);
}

}  // namespace

Result<Lowered> Lowering::LowerSort(LogicalNode& node) {
  std::vector<expr::SortKey>& keys = node.As<LogicalSort>()->keys;
  LoweringCountKeys(keys, 1, &needed_);
  DRIFTDB_ASSIGN_OR_RETURN(Lowered child, Lower(*node.children[0]));
  LoweringCountKeys(keys, -1, &needed_);
  SlotMap slots;
  slots.Append(child.layout);
  for (expr::SortKey& key : keys) DRIFTDB_RETURN_IF_ERROR(Resolve(key.expr, slots));
  Lowered result{MakeNode(node), std::move(child.layout)};
  result.node->types = child.node->types;
  result.node->payload = PhysicalSort{std::move(keys)};
  result.node->children.push_back(std::move(child.node));
  return result;
}

Result<Lowered> Lowering::LowerTopN(LogicalNode& limit_node, LogicalNode& sort_node) {
  auto& limit = *limit_node.As<LogicalLimit>();
  std::vector<expr::SortKey>& keys = sort_node.As<LogicalSort>()->keys;
  LoweringCountKeys(keys, 1, &needed_);
  DRIFTDB_ASSIGN_OR_RETURN(Lowered child, Lower(*sort_node.children[0]));
  LoweringCountKeys(keys, -1, &needed_);
  SlotMap slots;
  slots.Append(child.layout);
  for (expr::SortKey& key : keys) DRIFTDB_RETURN_IF_ERROR(Resolve(key.expr, slots));
  Lowered result{MakeNode(limit_node), std::move(child.layout)};
  result.node->types = child.node->types;
  result.node->payload = PhysicalTopN{std::move(keys), std::move(limit.limit),
                                      std::move(limit.offset), limit.with_ties};
  result.node->children.push_back(std::move(child.node));
  return result;
}

Result<Lowered> Lowering::LowerLimit(LogicalNode& node) {
  auto& limit = *node.As<LogicalLimit>();
  LogicalNode* child = node.children[0].get();
  // Projections go above the limit, so that the sort meets it and fewer rows are computed.
  if (child->As<LogicalProjection>() != nullptr && !limit.with_ties &&
      child->children[0]->As<LogicalSort>() != nullptr) {
    std::swap(node.payload, child->payload);
    child->estimated_rows = node.estimated_rows;
    return LowerProjection(node);
  }
  LogicalNode* sort = child->As<LogicalSort>() != nullptr ? child : nullptr;
  if (sort != nullptr && limit.limit != nullptr) {
    if (TryOrderedScan(node, *sort)) {
      node.children[0] = std::move(sort->children[0]);
      return LowerLimit(node);
    }
    if (context_.enabled(OptimizerRule::kTopN) || limit.with_ties) return LowerTopN(node, *sort);
  }
  DRIFTDB_CHECK_OR_RETURN(!limit.with_ties, "WITH TIES without an order");
  DRIFTDB_ASSIGN_OR_RETURN(Lowered lowered, Lower(*child));
  Lowered result{MakeNode(node), std::move(lowered.layout)};
  result.node->types = lowered.node->types;
  result.node->payload = PhysicalLimit{std::move(limit.limit), std::move(limit.offset)};
  result.node->children.push_back(std::move(lowered.node));
  return result;
}

Result<Lowered> Lowering::LowerDistinct(LogicalNode& node) {
  ExprList& on = node.As<LogicalDistinct>()->on;
  Lowered result{MakeNode(node), {}};
  if (!on.empty()) {
    needed_.Add(on, 1);
    DRIFTDB_ASSIGN_OR_RETURN(Lowered child, Lower(*node.children[0]));
    needed_.Add(on, -1);
    SlotMap slots;
    slots.Append(child.layout);
    DRIFTDB_RETURN_IF_ERROR(Resolve(on, slots));
    result.layout = std::move(child.layout);
    result.node->types = child.node->types;
    result.node->payload = PhysicalDistinctOn{std::move(on)};
    result.node->children.push_back(std::move(child.node));
    return result;
  }
  const std::vector<BoundColumn> columns = OutputColumns(*node.children[0]);
  std::vector<ColumnBinding> bindings;
  for (const BoundColumn& column : columns) bindings.push_back(column.binding);
  const bool unique = IsUniqueOn(*node.children[0], bindings);
  for (const ColumnBinding& binding : bindings) needed_.Add(binding, 1);
  DRIFTDB_ASSIGN_OR_RETURN(Lowered child, Lower(*node.children[0]));
  for (const ColumnBinding& binding : bindings) needed_.Add(binding, -1);
  if (unique && context_.enabled(OptimizerRule::kDependentGroups)) return child;
  PhysicalAggregate aggregate;
  for (uint32_t i = 0; i < child.layout.size(); ++i) {
    aggregate.groups.push_back(expr::MakeSlot(i, child.node->types[i]));
  }
  aggregate.estimated_groups = node.estimated_rows;
  result.layout = std::move(child.layout);
  result.node->types = child.node->types;
  result.node->payload = std::move(aggregate);
  result.node->children.push_back(std::move(child.node));
  return result;
}

Result<Lowered> Lowering::LowerAggregate(LogicalNode& node) {
  auto& aggregate = *node.As<LogicalAggregate>();
  Lowered result{MakeNode(node), {}};
  PhysicalAggregate payload;
  // Groups that others determine go last; nobody hashes them. Those that nobody needs go away.
  std::vector<bool> dependent(aggregate.groups.size(), false);
  if (context_.enabled(OptimizerRule::kDependentGroups) && aggregate.grouping_sets.empty()) {
    dependent = DependentGroups(node);
  }
  for (const bool last : {false, true}) {
    for (uint32_t g = 0; g < dependent.size(); ++g) {
      const ColumnBinding binding{aggregate.group_index, g, 0};
      if (dependent[g] != last || (last && !needed_.Needed(binding))) continue;
      result.layout.push_back(binding);
      payload.groups.push_back(std::move(aggregate.groups[g]));
    }
    if (!last) payload.key_groups = static_cast<uint32_t>(payload.groups.size());
  }
  for (uint32_t a = 0; a < aggregate.aggregates.size(); ++a) {
    const ColumnBinding binding{aggregate.aggregate_index, a, 0};
    if (!needed_.Needed(binding)) continue;
    result.layout.push_back(binding);
    payload.aggregates.push_back(std::move(aggregate.aggregates[a]));
  }
  needed_.Add(payload.groups, 1);
  needed_.Add(payload.aggregates, 1);
  DRIFTDB_ASSIGN_OR_RETURN(Lowered child, Lower(*node.children[0]));
  needed_.Add(payload.groups, -1);
  needed_.Add(payload.aggregates, -1);
  SlotMap slots;
  slots.Append(child.layout);
  DRIFTDB_RETURN_IF_ERROR(Resolve(payload.groups, slots));
  DRIFTDB_RETURN_IF_ERROR(Resolve(payload.aggregates, slots));
  for (const ExprPtr& e : payload.groups) result.node->types.push_back(e->type);
  for (const ExprPtr& e : payload.aggregates) result.node->types.push_back(e->type);
  for (uint32_t i = 0; i < aggregate.grouping_calls.size(); ++i) {
    result.layout.push_back({aggregate.grouping_index, i, 0});
    result.node->types.push_back(TypeId::kInt32);
  }
  payload.grouping_sets = std::move(aggregate.grouping_sets);
  payload.grouping_calls = std::move(aggregate.grouping_calls);
  payload.estimated_groups = node.estimated_rows;
  if (context_.enabled(OptimizerRule::kAggregateStrategy)) ChooseStrategy(*child.node, &payload);
  result.node->payload = std::move(payload);
  result.node->children.push_back(std::move(child.node));
  return result;
}

// Streaming needs input that is clustered by exactly the keys: an index scan that is ordered by
// them. Perfect hashing is chosen by exec from the key ranges of the data itself, so it is hinted
// only for groups that the estimates say are few.
void Lowering::ChooseStrategy(const PhysicalNode& input, PhysicalAggregate* aggregate) {
  if (aggregate->groups.empty() || !aggregate->grouping_sets.empty()) return;
  const auto* scan = input.As<PhysicalIndexScan>();
  if (scan != nullptr) {
    const size_t first = scan->equal.size();
    const size_t keys = aggregate->key_groups;
    bool clustered = keys > 0 && first + keys <= scan->index->columns.size();
    std::vector<bool> covered(clustered ? keys : 0, false);
    for (size_t k = 0; clustered && k < keys; ++k) {
      const expr::Expr& group = *aggregate->groups[k];
      clustered = false;
      if (group.kind != expr::ExprKind::kSlot || group.slot >= scan->columns.size()) break;
      for (size_t i = 0; i < keys; ++i) {
        if (scan->index->columns[first + i].column == scan->columns[group.slot] && !covered[i]) {
          covered[i] = clustered = true;
          break;
        }
      }
    }
    if (clustered) {
      aggregate->strategy = AggregateStrategy::kStreaming;
      return;
    }
  }
  if (aggregate->estimated_groups <= 4096) {
    bool narrow = true;
    for (uint32_t k = 0; k < aggregate->key_groups; ++k) {
      const PhysicalType type = aggregate->groups[k]->type.physical();
      narrow = narrow && (type == PhysicalType::kBool || type == PhysicalType::kInt16 ||
                          type == PhysicalType::kInt32 || type == PhysicalType::kInt64 ||
                          aggregate->groups[k]->type.is_string());
    }
    if (narrow) aggregate->strategy = AggregateStrategy::kPerfect;
  }
}

}  // namespace driftdb::sql
