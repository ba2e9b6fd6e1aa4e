// Joins: key extraction, build side, hash or nested loop or index join.
#include <algorithm>

#include "base/check.h"
#include "base/status_macros.h"
#include "sql/plan/cost_model.h"
#include "sql/plan/functional_dependency.h"
#include "sql/plan/lowering.h"

namespace driftdb::sql {

namespace {

enum LoweringSide : uint8_t { kLoweringNone = 0, kLoweringLeft = 1, kLoweringRight = 2 };

uint8_t LoweringSidesOf(const expr::Expr& expr, const TableSet& left, const TableSet& right) {
  uint8_t sides = kLoweringNone;
  expr::Walk(expr, [&](const expr::Expr& e) {
    if (e.kind == ExprKind::kColumn) {
      if (left.Contains(e.column.table_index)) sides |= kLoweringLeft;
      if (right.Contains(e.column.table_index)) sides |= kLoweringRight;
    }
    return true;
  });
  return sides;
}

PhysicalJoinType LoweringJoinType(LogicalJoinType type) {
  switch (type) {
    case LogicalJoinType::kInner:
      return PhysicalJoinType::kInner;
    case LogicalJoinType::kLeft:
      return PhysicalJoinType::kLeft;
    case LogicalJoinType::kRight:
      return PhysicalJoinType::kRight;
    case LogicalJoinType::kFull:
      return PhysicalJoinType::kFull;
    case LogicalJoinType::kSemi:
      return PhysicalJoinType::kSemi;
    case LogicalJoinType::kAnti:
      return PhysicalJoinType::kAnti;
    case LogicalJoinType::kMark:
      return PhysicalJoinType::kMark;
    case LogicalJoinType::kSingle:
      return PhysicalJoinType::kSingle;
  }
  return PhysicalJoinType::kInner;
}

// The type after the children change places; false when there is none.
bool LoweringFlip(PhysicalJoinType* type) {
  switch (*type) {
    case PhysicalJoinType::kInner:
    case PhysicalJoinType::kFull:
      return true;
    case PhysicalJoinType::kLeft:
      *type = PhysicalJoinType::kRight;
      return true;
    case PhysicalJoinType::kRight:
      *type = PhysicalJoinType::kLeft;
      return true;
    case PhysicalJoinType::kSemi:
      *type = PhysicalJoinType::kRightSemi;
      return true;
    case PhysicalJoinType::kAnti:
      *type = PhysicalJoinType::kRightAnti;
      return true;
    default:
      return false;
  }
}

double LoweringBytes(const Lowered& input) {
  double width = 8;
  for (const LogicalType& type : input.node->types) width += CardinalityEstimator::Width(type);
  return width * input.node->estimated_rows;
}

struct LoweringKeys {
  ExprList left, right, residual;
  std::vector<bool> null_safe;
};

// Splits conditions into equalities between the sides and the rest. `fixed_left`: a key may be the
// same for all left rows (1 IN (SELECT ...)).
LoweringKeys LoweringSplit(ExprList conditions, const TableSet& left, const TableSet& right,
                           bool fixed_left) {
  LoweringKeys keys;
  for (ExprPtr& condition : conditions) {
    const bool safe = condition->kind == ExprKind::kComparison &&
                      condition->comparison == ComparisonOp::kNotDistinct;
    const bool equal =
        condition->kind == ExprKind::kComparison && condition->comparison == ComparisonOp::kEqual;
    if (equal || safe) {
      ExprPtr& a = condition->children[0];
      ExprPtr& b = condition->children[1];
      const uint8_t sa = LoweringSidesOf(*a, left, right);
      const uint8_t sb = LoweringSidesOf(*b, left, right);
      const auto is_left = [&](uint8_t sides) {
        return sides == kLoweringLeft || (fixed_left && sides == kLoweringNone);
      };
      const bool straight = is_left(sa) && sb == kLoweringRight;
      const bool crossed = sa == kLoweringRight && is_left(sb);
      if ((straight || crossed) && !expr::IsVolatile(*condition)) {
        keys.left.push_back(std::move(straight ? a : b));
        keys.right.push_back(std::move(straight ? b : a));
        keys.null_safe.push_back(safe);
        continue;
      }
    }
    keys.residual.push_back(std::move(condition));
  }
  return keys;
}

TableSet LoweringTables(const Lowered& input) {
  TableSet tables;
  for (const ColumnBinding& binding : input.layout) tables.Add(binding.table_index);
  return tables;
}

// Whether the equated columns of each side are unique there.
void LoweringUniqueSides(const LogicalNode& node, const LogicalJoin& join, bool* unique) {
  const TableSet left = OutputTables(*node.children[0]);
  const TableSet right = OutputTables(*node.children[1]);
  std::vector<ColumnBinding> keys[2];
  for (const ExprPtr& condition : join.conditions) {
    if (condition->kind != ExprKind::kComparison || condition->comparison != ComparisonOp::kEqual) {
      continue;
    }
    for (size_t side = 0; side < 2; ++side) {
      const expr::Expr& e = *condition->children[side];
      if (e.kind != ExprKind::kColumn) continue;
      const uint8_t where = LoweringSidesOf(e, left, right);
      const uint8_t there = LoweringSidesOf(*condition->children[1 - side], left, right);
      if ((where | there) != 3 || where == there) continue;
      keys[where == kLoweringLeft ? 0 : 1].push_back(e.column);
    }
  }
  for (size_t side = 0; side < 2; ++side) {
    unique[side] = !keys[side].empty() && IsUniqueOn(*node.children[side], keys[side]);
  }
}

}  // namespace

std::vector<uint32_t> Lowering::SetJoinOutput(const Lowered& left, const Lowered& right,
                                              const LogicalJoin& join, PhysicalJoinType type,
                                              Lowered* result) {
  std::vector<uint32_t> output;
  const auto left_size = static_cast<uint32_t>(left.layout.size());
  const bool no_left = type == PhysicalJoinType::kRightSemi || type == PhysicalJoinType::kRightAnti;
  const bool no_right = type == PhysicalJoinType::kSemi || type == PhysicalJoinType::kAnti ||
                        type == PhysicalJoinType::kMark;
  if (!no_left) KeepNeeded(left.layout, 0, &output);
  if (!no_right) KeepNeeded(right.layout, left_size, &output);
  for (uint32_t slot : output) {
    const bool is_left = slot < left_size;
    result->layout.push_back(is_left ? left.layout[slot] : right.layout[slot - left_size]);
    result->node->types.push_back(is_left ? left.node->types[slot]
                                          : right.node->types[slot - left_size]);
  }
  if (type == PhysicalJoinType::kMark) {
    output.push_back(left_size + static_cast<uint32_t>(right.layout.size()));
    result->layout.push_back({join.mark_index, 0, 0});
    result->node->types.push_back(TypeId::kBoolean);
  }
  return output;
}

Result<Lowered> Lowering::LowerJoin(LogicalNode& node) {
  auto& join = *node.As<LogicalJoin>();
  DRIFTDB_CHECK_OR_RETURN(!join.lateral || FreeTables(*node.children[1]).empty(),
                          "a dependent join was left in the plan after unnesting");
  if (context_.enabled(OptimizerRule::kIndexJoin)) {
    bool done = false;
    DRIFTDB_ASSIGN_OR_RETURN(Lowered index_join, TryIndexJoin(node, &done));
    if (done) return index_join;
  }
  // Uniqueness is asked before lowering consumes the children.
  bool unique[2];
  LoweringUniqueSides(node, join, unique);
  needed_.Add(join.conditions, 1);
  DRIFTDB_ASSIGN_OR_RETURN(Lowered left, Lower(*node.children[0]));
  DRIFTDB_ASSIGN_OR_RETURN(Lowered right, Lower(*node.children[1]));
  needed_.Add(join.conditions, -1);

  PhysicalJoinType type = LoweringJoinType(join.type);
  bool flipped = false;
  if (!join.null_aware && context_.enabled(OptimizerRule::kBuildSide) &&
      LoweringBytes(left) < LoweringBytes(right) && LoweringFlip(&type)) {
    std::swap(left, right);
    flipped = true;
  }
  LoweringKeys split = LoweringSplit(std::move(join.conditions), LoweringTables(left),
                                     LoweringTables(right), join.null_aware);
  SlotMap left_slots, right_slots, both;
  left_slots.Append(left.layout);
  right_slots.Append(right.layout);
  both.Append(left.layout);
  both.Append(right.layout);
  DRIFTDB_RETURN_IF_ERROR(Resolve(split.left, left_slots));
  DRIFTDB_RETURN_IF_ERROR(Resolve(split.right, right_slots));
  DRIFTDB_RETURN_IF_ERROR(Resolve(split.residual, both));
  Lowered result{MakeNode(node), {}};
  std::vector<uint32_t> output = SetJoinOutput(left, right, join, type, &result);
  // A null-aware join speaks of one key without further conditions.
  const bool hashable = !split.left.empty() &&
                        (!join.null_aware || (split.left.size() == 1 && split.residual.empty()));
  DRIFTDB_CHECK_OR_RETURN(hashable || !join.null_aware, "a null-aware join without a single key");
  if (hashable) {
    PhysicalHashJoin payload;
    payload.type = type;
    payload.left_keys = std::move(split.left);
    payload.right_keys = std::move(split.right);
    payload.null_safe = std::move(split.null_safe);
    payload.residual = std::move(split.residual);
    payload.null_aware = join.null_aware;
    payload.output = std::move(output);
    payload.build_unique = unique[flipped ? 0 : 1];
    result.node->payload = std::move(payload);
  } else {
    PhysicalNestedLoopJoin payload;
    payload.type = type;
    payload.conditions = std::move(split.residual);
    payload.output = std::move(output);
    result.node->payload = std::move(payload);
  }
  result.node->children.push_back(std::move(left.node));
  result.node->children.push_back(std::move(right.node));
  return result;
}

namespace {

// The cheapest index of the inner scan whose leading columns the conditions equate with the outer.
bool LoweringPickIndex(const LogicalJoin& join, const LogicalScan& scan, double outer_rows,
                       CardinalityEstimator& estimator, IndexJoinChoice* out) {
  const double table_rows = estimator.TableRows(*scan.table);
  bool found = false;
  for (const auto& index : scan.table->indexes) {
    IndexJoinChoice choice;
    choice.index = index;
    double matches = table_rows;
    for (const catalog::IndexColumn& key : index->columns) {
      const size_t before = choice.conditions.size();
      for (size_t i = 0; i < join.conditions.size() && choice.conditions.size() == before; ++i) {
        const expr::Expr& e = *join.conditions[i];
        if (e.kind != ExprKind::kComparison || e.comparison != ComparisonOp::kEqual) continue;
        for (size_t side = 0; side < 2; ++side) {
          if (ScanOrdinal(scan, *e.children[side]) != static_cast<int64_t>(key.column)) continue;
          const TableSet tables = ReferencedTables(*e.children[1 - side]);
          if (tables.empty() || tables.Contains(scan.table_index)) continue;
          choice.conditions.push_back(i);
          choice.value_sides.push_back(1 - side);
          matches /= std::max(1.0, estimator.Distinct(*e.children[side], table_rows));
          break;
        }
      }
      if (choice.conditions.size() == before) break;
    }
    if (choice.conditions.empty()) continue;
    if (index->unique && choice.conditions.size() == index->columns.size()) matches = 1;
    choice.cost = IndexJoinCost(outer_rows, std::max(matches, 0.01));
    if (found && choice.cost >= out->cost) continue;
    *out = std::move(choice);
    found = true;
  }
  return found;
}

}  // namespace

Result<Lowered> Lowering::TryIndexJoin(LogicalNode& node, bool* done) {
  const auto& join = *node.As<LogicalJoin>();
  *done = false;
  const bool one_sided = join.type == LogicalJoinType::kLeft ||
                         join.type == LogicalJoinType::kSemi ||
                         (join.type == LogicalJoinType::kAnti && !join.null_aware);
  if (join.type != LogicalJoinType::kInner && !one_sided) return Lowered{};
  IndexJoinChoice best;
  int inner_side = -1;
  for (int side = one_sided ? 1 : 0; side < 2; ++side) {
    const auto* scan = node.children[static_cast<size_t>(side)]->As<LogicalScan>();
    if (scan == nullptr || scan->table->indexes.empty()) continue;
    const double outer = node.children[static_cast<size_t>(1 - side)]->estimated_rows;
    const LogicalNode& inner = *node.children[static_cast<size_t>(side)];
    IndexJoinChoice choice;
    if (!LoweringPickIndex(join, *scan, outer, estimator_, &choice)) continue;
    const double rows = estimator_.TableRows(*scan->table);
    const double hash = TableScanCost(rows, inner.estimated_rows, scan->columns.size()) +
                        HashJoinCost(std::min(outer, inner.estimated_rows),
                                     std::max(outer, inner.estimated_rows), node.estimated_rows);
    if (choice.cost >= hash || (inner_side >= 0 && choice.cost >= best.cost)) continue;
    best = std::move(choice);
    inner_side = side;
  }
  if (inner_side < 0) return Lowered{};
  *done = true;
  return LowerIndexJoin(node, static_cast<size_t>(inner_side), best);
}

// Consumes the join, whose inner side is replaced by the index.
Result<Lowered> Lowering::LowerIndexJoin(LogicalNode& node, size_t inner_side,
                                         const IndexJoinChoice& best) {
  auto& join = *node.As<LogicalJoin>();
  LogicalNode& inner = *node.children[inner_side];
  auto& scan = *inner.As<LogicalScan>();
  PhysicalIndexJoin payload;
  payload.type = LoweringJoinType(join.type);
  payload.table = scan.table;
  payload.index = best.index;
  for (size_t k = 0; k < best.conditions.size(); ++k) {
    payload.keys.push_back(
        std::move(join.conditions[best.conditions[k]]->children[best.value_sides[k]]));
    join.conditions[best.conditions[k]] = nullptr;
  }
  for (ExprPtr& e : join.conditions) {
    if (e != nullptr) payload.residual.push_back(std::move(e));
  }
  join.conditions.clear();
  for (ExprPtr& e : scan.filters) payload.residual.push_back(std::move(e));
  needed_.Add(payload.keys, 1);
  needed_.Add(payload.residual, 1);
  DRIFTDB_ASSIGN_OR_RETURN(Lowered left, Lower(*node.children[1 - inner_side]));
  // The inner side as it would be scanned: only for layout and types.
  Lowered right{MakeNode(inner), {}};
  for (uint32_t i = 0; i < scan.columns.size(); ++i) {
    const ColumnBinding binding{scan.table_index, i, 0};
    if (!needed_.Needed(binding)) continue;
    payload.columns.push_back(scan.columns[i]);
    right.layout.push_back(binding);
    right.node->types.push_back(scan.columns[i] == kRowIdColumn
                                    ? LogicalType(TypeId::kInt64)
                                    : scan.table->columns[scan.columns[i]].type);
  }
  needed_.Add(payload.keys, -1);
  needed_.Add(payload.residual, -1);
  SlotMap left_slots, both;
  left_slots.Append(left.layout);
  both.Append(left.layout);
  both.Append(right.layout);
  DRIFTDB_RETURN_IF_ERROR(Resolve(payload.keys, left_slots));
  DRIFTDB_RETURN_IF_ERROR(Resolve(payload.residual, both));
  Lowered result{MakeNode(node), {}};
  payload.output = SetJoinOutput(left, right, join, payload.type, &result);
  result.node->payload = std::move(payload);
  result.node->children.push_back(std::move(left.node));
  return result;
}

}  // namespace driftdb::sql
