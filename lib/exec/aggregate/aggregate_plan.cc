#include "exec/aggregate/aggregate_plan.h"

#include <algorithm>

#include "base/check.h"
#include "base/status_macros.h"

namespace driftdb::exec {

namespace {

bool AggregateSameExpr(const expr::Expr* a, const expr::Expr* b) {
  if (a == nullptr || b == nullptr) return a == b;
  return a == b || (expr::Equals(*a, *b) && !expr::IsVolatile(*a));
}

bool AggregateSameExprs(const std::vector<const expr::Expr*>& a,
                        const std::vector<const expr::Expr*>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!AggregateSameExpr(a[i], b[i])) return false;
  }
  return true;
}

AggregateSideSet AggregateMakeSide(const expr::AggregateCall& call, const AggregateCallPlan& plan,
                                   bool distinct, size_t key_count) {
  AggregateSideSet side;
  side.filter = plan.filter;
  side.ordered = !call.order_by.empty() || (distinct && call.function->order_sensitive);
  side.distinct = distinct;
  for (const expr::SortKey& key : call.order_by) {
    side.sort_keys.push_back({key_count + side.exprs.size(), key.descending, key.nulls_first});
    side.exprs.push_back(key.expr.get());
  }
  side.first_arg = side.exprs.size();
  for (const expr::Expr* arg : plan.args) {
    // DISTINCT in sorted input compares neighbours, so the arguments are sort keys too.
    if (side.ordered && distinct) {
      side.sort_keys.push_back({key_count + side.exprs.size(), false, false});
    }
    side.exprs.push_back(arg);
  }
  return side;
}

void AggregateAddSide(AggregateSideSet side, size_t call, std::vector<AggregateSideSet>* sides) {
  if (!side.ordered) {
    for (AggregateSideSet& other : *sides) {
      if (!other.ordered && AggregateSameExpr(other.filter, side.filter) &&
          AggregateSameExprs(other.exprs, side.exprs)) {
        other.calls.push_back(call);
        return;
      }
    }
  }
  side.calls.push_back(call);
  sides->push_back(std::move(side));
}

}  // namespace

Result<std::unique_ptr<AggregatePlan>> AggregatePlan::Make(const AggregateOptions& options) {
  auto plan = std::make_unique<AggregatePlan>();
  plan->group_count = options.groups.size();
  plan->shared = options.groups;
  plan->grouping_sets = !options.grouping_sets.empty();
  plan->grouping_calls = options.grouping_calls;
  if (plan->grouping_sets) {
    for (const std::vector<uint32_t>& set : options.grouping_sets) {
      std::vector<bool> in(plan->group_count, false);
      for (const uint32_t key : set) in[key] = true;
      plan->sets.push_back(std::move(in));
    }
  } else {
    plan->sets.emplace_back(plan->group_count, true);
  }
  plan->key_count = plan->group_count + (plan->grouping_sets ? 1 : 0);

  size_t state_bytes = 0;
  for (const expr::Expr* node : options.aggregates) {
    AggregateCallPlan call;
    DRIFTDB_ASSIGN_OR_RETURN(call.bound, expr::BindAggregateKernels(*node));
    call.state_offset = state_bytes;  // made absolute below
    state_bytes += (call.bound.kernels.state_size + expr::kAggregateStateAlign - 1) &
                   ~(expr::kAggregateStateAlign - 1);
    const expr::AggregateCall& aggregate = *node->aggregate;
    call.filter = aggregate.filter.get();
    for (const expr::ExprPtr& arg : node->children) call.args.push_back(arg.get());
    const bool distinct = aggregate.distinct && !aggregate.function->distinct_is_noop;
    // The order of input matters only to functions that say so.
    const bool ordered = !aggregate.order_by.empty() && aggregate.function->order_sensitive;
    if (distinct || ordered) {
      call.plain = false;
      AggregateAddSide(AggregateMakeSide(aggregate, call, distinct, plan->key_count),
                       plan->calls.size(), &plan->sides);
    } else if (call.filter != nullptr) {
      plan->has_filters = true;
    } else {
      call.first_arg = plan->shared.size();
      plan->shared.insert(plan->shared.end(), call.args.begin(), call.args.end());
    }
    plan->calls.push_back(std::move(call));
  }

  std::vector<LogicalType> types;
  for (const expr::Expr* group : options.groups) types.push_back(group->type);
  if (plan->grouping_sets) types.emplace_back(TypeId::kInt32);
  plan->layout = RowLayout(types, {.hash = true, .flag = false, .state_bytes = state_bytes});
  plan->state_template.resize(state_bytes);
  for (AggregateCallPlan& call : plan->calls) {
    call.bound.kernels.init(plan->state_template.data() + call.state_offset);
    call.state_offset += plan->layout.state_offset();
  }
  for (AggregateSideSet& side : plan->sides) {
    std::vector<LogicalType> side_types = types;
    for (const expr::Expr* expr : side.exprs) side_types.push_back(expr->type);
    side.layout = RowLayout(side_types, {});
  }
  return plan;
}

int32_t AggregatePlan::GroupingValue(size_t call, size_t set) const {
  int32_t value = 0;
  for (const uint32_t key : grouping_calls[call]) value = value * 2 + (sets[set][key] ? 0 : 1);
  return value;
}

Status AggregatePlan::CombineRows(const uint8_t* from, uint8_t* to, Arena* heap) const {
  for (const AggregateCallPlan& call : calls) {
    DRIFTDB_RETURN_IF_ERROR(
        call.bound.kernels.combine(from + call.state_offset, to + call.state_offset, heap));
  }
  return OkStatus();
}

}  // namespace driftdb::exec
