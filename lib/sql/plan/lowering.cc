#include "sql/plan/lowering.h"

#include <algorithm>

#include "base/check.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "expr/expr.h"

namespace driftdb::sql {

void ColumnCounter::Add(const ColumnBinding& binding, int delta) {
  if (binding.table_index >= counts_.size()) counts_.resize(binding.table_index + 1);
  std::vector<int32_t>& columns = counts_[binding.table_index];
  if (binding.column_index >= columns.size()) columns.resize(binding.column_index + 1);
  columns[binding.column_index] += delta;
}

void ColumnCounter::Add(const expr::Expr& expr, int delta) {
  expr::Walk(expr, [&](const expr::Expr& e) {
    if (e.kind == expr::ExprKind::kColumn) Add(e.column, delta);
    return true;
  });
}

void ColumnCounter::Add(const ExprList& exprs, int delta) {
  for (const ExprPtr& expr : exprs) {
    if (expr != nullptr) Add(*expr, delta);
  }
}

bool ColumnCounter::Needed(const ColumnBinding& binding) const {
  return binding.table_index < counts_.size() &&
         binding.column_index < counts_[binding.table_index].size() &&
         counts_[binding.table_index][binding.column_index] > 0;
}

void SlotMap::Append(const std::vector<ColumnBinding>& layout) {
  slots_.reserve(slots_.size() + layout.size());
  for (const ColumnBinding& binding : layout) {
    slots_.emplace_back(ColumnKey(binding), static_cast<uint32_t>(size_++));
  }
  std::sort(slots_.begin(), slots_.end());
}

int64_t SlotMap::Find(const ColumnBinding& binding) const {
  const uint64_t key = ColumnKey(binding);
  const auto it = std::lower_bound(slots_.begin(), slots_.end(), std::make_pair(key, uint32_t{0}));
  if (it == slots_.end() || it->first != key) return -1;
  return it->second;
}

Status Lowering::Resolve(ExprPtr& expr, const SlotMap& slots) {
  if (expr->kind == expr::ExprKind::kColumn) {
    const int64_t slot = slots.Find(expr->column);
    DRIFTDB_CHECK_OR_RETURN(slot >= 0, "column #{}.{} is not produced below its reference",
                            expr->column.table_index, expr->column.column_index);
    expr->kind = expr::ExprKind::kSlot;
    expr->slot = static_cast<uint32_t>(slot);
    return OkStatus();
  }
  DRIFTDB_CHECK_OR_RETURN(expr->kind != expr::ExprKind::kSubquery,
                          "a subquery was left in the plan after unnesting");
  Status status;
  expr::ForEachChild(*expr, [&](ExprPtr& child) {
    if (status.ok()) status = Resolve(child, slots);
  });
  return status;
}

Status Lowering::Resolve(ExprList& exprs, const SlotMap& slots) {
  for (ExprPtr& expr : exprs) {
    if (expr != nullptr) DRIFTDB_RETURN_IF_ERROR(Resolve(expr, slots));
  }
  return OkStatus();
}

PhysicalPtr Lowering::MakeNode(const LogicalNode& node) const {
  auto physical = std::make_unique<PhysicalNode>();
  physical->estimated_rows = node.estimated_rows;
  return physical;
}

void Lowering::KeepNeeded(const std::vector<ColumnBinding>& layout, uint32_t base,
                          std::vector<uint32_t>* kept) const {
  for (uint32_t i = 0; i < layout.size(); ++i) {
    if (needed_.Needed(layout[i])) kept->push_back(base + i);
  }
}

Result<Lowered> Lowering::Arrange(Lowered input, const std::vector<ColumnBinding>& columns) {
  if (input.layout == columns) return input;
  SlotMap slots;
  slots.Append(input.layout);
  auto projection = std::make_unique<PhysicalNode>();
  projection->estimated_rows = input.node->estimated_rows;
  PhysicalProjection payload;
  for (const ColumnBinding& binding : columns) {
    const int64_t slot = slots.Find(binding);
    DRIFTDB_CHECK_OR_RETURN(slot >= 0, "output column #{}.{} is not produced", binding.table_index,
                            binding.column_index);
    const LogicalType type = input.node->types[static_cast<size_t>(slot)];
    payload.expressions.push_back(expr::MakeSlot(static_cast<uint32_t>(slot), type));
    projection->types.push_back(type);
  }
  projection->payload = std::move(payload);
  projection->children.push_back(std::move(input.node));
  return Lowered{std::move(projection), columns};
}

Result<Lowered> Lowering::LowerExactly(LogicalNode& child,
                                       const std::vector<ColumnBinding>& columns) {
  for (const ColumnBinding& binding : columns) needed_.Add(binding, 1);
  DRIFTDB_ASSIGN_OR_RETURN(Lowered lowered, Lower(child));
  for (const ColumnBinding& binding : columns) needed_.Add(binding, -1);
  return Arrange(std::move(lowered), columns);
}

Result<PhysicalPtr> Lowering::LowerRoot(LogicalPtr plan, const std::vector<OutputColumn>& output) {
  std::vector<ColumnBinding> columns;
  columns.reserve(output.size());
  for (const OutputColumn& column : output) columns.push_back(column.binding);
  DRIFTDB_ASSIGN_OR_RETURN(Lowered lowered, LowerExactly(*plan, columns));
  return std::move(lowered.node);
}

Result<Lowered> Lowering::Lower(LogicalNode& node) {
  if (node.As<LogicalScan>() != nullptr) return LowerScan(node);
  if (node.As<LogicalProjection>() != nullptr) return LowerProjection(node);
  if (node.As<LogicalFilter>() != nullptr) return LowerFilter(node);
  if (node.As<LogicalJoin>() != nullptr) return LowerJoin(node);
  if (node.As<LogicalAggregate>() != nullptr) return LowerAggregate(node);
  if (node.As<LogicalSort>() != nullptr) return LowerSort(node);
  if (node.As<LogicalLimit>() != nullptr) return LowerLimit(node);
  if (node.As<LogicalDistinct>() != nullptr) return LowerDistinct(node);
  if (node.As<LogicalSetOperation>() != nullptr) return LowerSetOperation(node);
  if (node.As<LogicalWindow>() != nullptr) return LowerWindow(node);
  if (node.As<LogicalCte>() != nullptr) return LowerCte(node);
  if (node.As<LogicalCteScan>() != nullptr) return LowerCteScan(node);
  if (node.As<LogicalValues>() != nullptr) return LowerValues(node);
  if (node.As<LogicalTableFunction>() != nullptr) return LowerTableFunction(node);
  if (node.As<LogicalInsert>() != nullptr) return LowerInsert(node);
  if (node.As<LogicalUpdate>() != nullptr) return LowerUpdate(node);
  if (node.As<LogicalDelete>() != nullptr) return LowerDelete(node);
  Lowered result{MakeNode(node), {}};
  if (const auto* empty = node.As<LogicalEmpty>()) {
    result.node->payload = PhysicalEmpty{};
    for (uint32_t i = 0; i < empty->types.size(); ++i) {
      const ColumnBinding binding{empty->table_index, i, 0};
      if (!needed_.Needed(binding)) continue;
      result.layout.push_back(binding);
      result.node->types.push_back(empty->types[i]);
    }
    return result;
  }
  result.node->payload = PhysicalSingleRow{};
  return result;
}

Result<Lowered> Lowering::LowerValues(LogicalNode& node) {
  auto& values = *node.As<LogicalValues>();
  const size_t width = values.types.size();
  Lowered result{MakeNode(node), {}};
  std::vector<uint32_t> kept;
  for (uint32_t i = 0; i < width; ++i) {
    const ColumnBinding binding{values.table_index, i, 0};
    if (!needed_.Needed(binding)) continue;
    kept.push_back(i);
    result.layout.push_back(binding);
    result.node->types.push_back(values.types[i]);
  }
  PhysicalValues payload;
  payload.rows.reserve(values.rows.size());
  const SlotMap no_slots;
  for (ExprList& source : values.rows) {
    ExprList row;
    row.reserve(kept.size());
    for (uint32_t column : kept) row.push_back(std::move(source[column]));
    DRIFTDB_RETURN_IF_ERROR(Resolve(row, no_slots));
    payload.rows.push_back(std::move(row));
  }
  result.node->payload = std::move(payload);
  return result;
}

Result<Lowered> Lowering::LowerTableFunction(LogicalNode& node) {
  auto& function = *node.As<LogicalTableFunction>();
  Lowered result{MakeNode(node), {}};
  SlotMap slots;
  if (!node.children.empty()) {
    needed_.Add(function.arguments, 1);
    DRIFTDB_ASSIGN_OR_RETURN(Lowered child, Lower(*node.children[0]));
    needed_.Add(function.arguments, -1);
    slots.Append(child.layout);
    result.layout = child.layout;
    result.node->types = child.node->types;
    result.node->children.push_back(std::move(child.node));
  }
  DRIFTDB_RETURN_IF_ERROR(Resolve(function.arguments, slots));
  for (uint32_t i = 0; i < function.types.size(); ++i) {
    result.layout.push_back({function.table_index, i, 0});
    result.node->types.push_back(function.types[i]);
  }
  result.node->payload =
      PhysicalTableFunction{std::move(function.function), std::move(function.arguments)};
  return result;
}

// A projection of distinct columns of its child only renames: it costs nothing.
Result<Lowered> Lowering::LowerProjection(LogicalNode& node) {
  auto& projection = *node.As<LogicalProjection>();
  PhysicalProjection payload;
  std::vector<ColumnBinding> layout;
  for (uint32_t i = 0; i < projection.expressions.size(); ++i) {
    const ColumnBinding binding{projection.table_index, i, 0};
    if (!needed_.Needed(binding)) continue;
    layout.push_back(binding);
    payload.expressions.push_back(std::move(projection.expressions[i]));
  }
  needed_.Add(payload.expressions, 1);
  DRIFTDB_ASSIGN_OR_RETURN(Lowered child, Lower(*node.children[0]));
  needed_.Add(payload.expressions, -1);
  SlotMap slots;
  slots.Append(child.layout);
  DRIFTDB_RETURN_IF_ERROR(Resolve(payload.expressions, slots));
  std::vector<ColumnBinding> renamed(child.layout.size());
  std::vector<bool> seen(child.layout.size(), false);
  bool only_renames = payload.expressions.size() == child.layout.size();
  for (size_t i = 0; only_renames && i < payload.expressions.size(); ++i) {
    const expr::Expr& e = *payload.expressions[i];
    only_renames = e.kind == expr::ExprKind::kSlot && !seen[e.slot];
    if (!only_renames) break;
    seen[e.slot] = true;
    renamed[e.slot] = layout[i];
  }
  if (only_renames) {
    child.layout = std::move(renamed);
    return child;
  }
  Lowered result{MakeNode(node), std::move(layout)};
  for (const ExprPtr& e : payload.expressions) result.node->types.push_back(e->type);
  result.node->payload = std::move(payload);
  result.node->children.push_back(std::move(child.node));
  return result;
}

Result<Lowered> Lowering::LowerFilter(LogicalNode& node) {
  ExprList& conjuncts = node.As<LogicalFilter>()->conjuncts;
  needed_.Add(conjuncts, 1);
  DRIFTDB_ASSIGN_OR_RETURN(Lowered child, Lower(*node.children[0]));
  needed_.Add(conjuncts, -1);
  if (conjuncts.empty()) return child;
  SlotMap slots;
  slots.Append(child.layout);
  DRIFTDB_RETURN_IF_ERROR(Resolve(conjuncts, slots));
  Lowered result{MakeNode(node), std::move(child.layout)};
  result.node->types = child.node->types;
  result.node->payload = PhysicalFilter{std::move(conjuncts)};
  result.node->children.push_back(std::move(child.node));
  return result;
}

Result<Lowered> Lowering::LowerCte(LogicalNode& node) {
  auto& cte = *node.As<LogicalCte>();
  Lowered result{MakeNode(node), {}};
  PhysicalCte payload;
  payload.cte_id = cte.cte_id;
  payload.name = cte.name;
  cte_names_.emplace_back(cte.cte_id, cte.name);
  payload.recursive = cte.recursive;
  if (!cte.recursive) {
    DRIFTDB_ASSIGN_OR_RETURN(Lowered definition, LowerExactly(*node.children[0], cte.columns));
    result.node->children.push_back(std::move(definition.node));
  } else {
    LogicalNode& both = *node.children[0];
    auto* set = both.As<LogicalSetOperation>();
    DRIFTDB_CHECK_OR_RETURN(set != nullptr && both.children.size() == 2,
                            "recursive query \"{}\" is not a union", cte.name);
    payload.union_all = set->all;
    DRIFTDB_ASSIGN_OR_RETURN(Lowered base, LowerExactly(*both.children[0], set->left));
    DRIFTDB_ASSIGN_OR_RETURN(Lowered step, LowerExactly(*both.children[1], set->right));
    result.node->children.push_back(std::move(base.node));
    result.node->children.push_back(std::move(step.node));
  }
  DRIFTDB_ASSIGN_OR_RETURN(Lowered body, Lower(*node.children[1]));
  result.layout = std::move(body.layout);
  result.node->types = body.node->types;
  result.node->payload = std::move(payload);
  result.node->children.push_back(std::move(body.node));
  return result;
}

Result<Lowered> Lowering::LowerCteScan(LogicalNode& node) {
  const auto& scan = *node.As<LogicalCteScan>();
  Lowered result{MakeNode(node), {}};
  for (uint32_t i = 0; i < scan.types.size(); ++i) {
    result.layout.push_back({scan.table_index, i, 0});
  }
  result.node->types = scan.types;
  PhysicalCteScan payload{scan.cte_id, ""};
  for (const auto& [id, name] : cte_names_) {
    if (id == scan.cte_id) payload.name = name;
  }
  result.node->payload = std::move(payload);
  return result;
}

Result<Lowered> Lowering::LowerSetOperation(LogicalNode& node) {
  auto& set = *node.As<LogicalSetOperation>();
  Lowered result{MakeNode(node), {}};
  std::vector<ColumnBinding> left, right;
  // Only UNION ALL can do without a column.
  const bool prune = set.op == LogicalSetOp::kUnion && set.all;
  for (uint32_t i = 0; i < set.types.size(); ++i) {
    const ColumnBinding binding{set.table_index, i, 0};
    if (prune && !needed_.Needed(binding)) continue;
    result.layout.push_back(binding);
    result.node->types.push_back(set.types[i]);
    left.push_back(set.left[i]);
    right.push_back(set.right[i]);
  }
  DRIFTDB_ASSIGN_OR_RETURN(Lowered l, LowerExactly(*node.children[0], left));
  DRIFTDB_ASSIGN_OR_RETURN(Lowered r, LowerExactly(*node.children[1], right));
  const bool union_distinct = set.op == LogicalSetOp::kUnion && !set.all;
  result.node->payload = PhysicalSetOperation{set.op, set.all || union_distinct};
  result.node->children.push_back(std::move(l.node));
  result.node->children.push_back(std::move(r.node));
  if (!union_distinct) return result;
  auto distinct = std::make_unique<PhysicalNode>();
  PhysicalAggregate aggregate;
  for (uint32_t i = 0; i < result.node->types.size(); ++i) {
    aggregate.groups.push_back(expr::MakeSlot(i, result.node->types[i]));
  }
  aggregate.estimated_groups = node.estimated_rows;
  distinct->types = result.node->types;
  distinct->estimated_rows = node.estimated_rows;
  distinct->payload = std::move(aggregate);
  result.node->estimated_rows = node.children[0]->estimated_rows + node.children[1]->estimated_rows;
  distinct->children.push_back(std::move(result.node));
  result.node = std::move(distinct);
  return result;
}

namespace {

bool LoweringSameKeys(const std::vector<expr::SortKey>& a, const std::vector<expr::SortKey>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return expr::Equals(*x.expr, *y.expr) && x.descending == y.descending &&
           x.nulls_first == y.nulls_first;
  });
}

// The rows in the order that the calls number them in.
PhysicalPtr LoweringOrderForWindow(PhysicalPtr child, const PhysicalWindow& window) {
  PhysicalSort sort;
  for (const expr::SortKey& key : window.calls[0]->window->order_by) {
    sort.keys.push_back({key.expr->Clone(), key.descending, key.nulls_first});
  }
  auto node = std::make_unique<PhysicalNode>();
  node->types = child->types;
  node->estimated_rows = child->estimated_rows;
  node->payload = std::move(sort);
  node->children.push_back(std::move(child));
  return node;
}

}  // namespace

// Numbers follow the order of the input. The window of a correlated LIMIT stands on the LIMIT's own
// sort already.
Result<Lowered> Lowering::LowerWindow(LogicalNode& node) {
  auto& window = *node.As<LogicalWindow>();
  const std::vector<expr::SortKey>& order = window.calls[0]->window->order_by;
  for (const ExprPtr& call : window.calls) {
    if (LoweringSameKeys(call->window->order_by, order)) continue;
    return Error(sqlstate::kFeatureNotSupported,
                 "window functions of different orders are not supported")
        .At(call->position);
  }
  const auto* sort = node.children[0]->As<LogicalSort>();
  const bool ordered = order.empty() || (sort != nullptr && LoweringSameKeys(sort->keys, order));
  PhysicalWindow payload;
  std::vector<ColumnBinding> added;
  for (uint32_t i = 0; i < window.calls.size(); ++i) {
    const ColumnBinding binding{window.table_index, i, 0};
    if (!needed_.Needed(binding)) continue;
    added.push_back(binding);
    payload.calls.push_back(std::move(window.calls[i]));
  }
  needed_.Add(payload.calls, 1);
  DRIFTDB_ASSIGN_OR_RETURN(Lowered child, Lower(*node.children[0]));
  needed_.Add(payload.calls, -1);
  if (payload.calls.empty()) return child;
  SlotMap slots;
  slots.Append(child.layout);
  DRIFTDB_RETURN_IF_ERROR(Resolve(payload.calls, slots));
  if (!ordered) child.node = LoweringOrderForWindow(std::move(child.node), payload);
  Lowered result{MakeNode(node), std::move(child.layout)};
  result.node->types = child.node->types;
  for (size_t i = 0; i < added.size(); ++i) {
    result.layout.push_back(added[i]);
    result.node->types.push_back(payload.calls[i]->type);
  }
  result.node->payload = std::move(payload);
  result.node->children.push_back(std::move(child.node));
  return result;
}

uint32_t NumberNodes(PhysicalPlan* plan) {
  uint32_t next = 0;
  const auto number = [&](const auto& self, PhysicalNode& node) -> void {
    node.node_id = next++;
    for (PhysicalPtr& child : node.children) self(self, *child);
  };
  number(number, *plan->root);
  for (PhysicalPtr& init : plan->init_plans) number(number, *init);
  return next;
}

}  // namespace driftdb::sql
