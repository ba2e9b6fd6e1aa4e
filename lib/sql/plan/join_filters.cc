// Join filters: which scans the build keys of each hash join restrict.
// Rule: a row whose key is not among the build's may be dropped anywhere below the probe where the
// key's value passes through unchanged, because it could only lead to rows that the join drops.
#include <algorithm>

#include "sql/plan/lowering.h"

namespace driftdb::sql {

namespace {

struct JoinFilterTracer {
  uint32_t key = 0;
  std::vector<JoinFilterTarget>* out = nullptr;

  void Trace(const PhysicalNode& node, const expr::Expr& expr) {
    if (expr.kind == ExprKind::kSlot) Trace(node, expr.slot);
  }

  void Trace(const PhysicalNode& node, uint32_t slot) {
    if (const auto* scan = node.As<PhysicalTableScan>()) return AddTarget(*scan, slot);
    if (node.As<PhysicalFilter>() != nullptr || node.As<PhysicalSort>() != nullptr) {
      return Trace(*node.children[0], slot);
    }
    if (const auto* n = node.As<PhysicalProjection>()) {
      return Trace(*node.children[0], *n->expressions[slot]);
    }
    if (const auto* n = node.As<PhysicalAggregate>()) {
      // A group is dropped as a whole, so its rows may be dropped before.
      if (n->grouping_sets.empty() && slot < n->groups.size()) {
        Trace(*node.children[0], *n->groups[slot]);
      }
      return;
    }
    if (node.As<PhysicalSetOperation>() != nullptr) {
      Trace(*node.children[0], slot);
      Trace(*node.children[1], slot);
      return;
    }
    if (const auto* n = node.As<PhysicalWindow>()) return TraceWindow(node, *n, slot);
    if (const auto* n = node.As<PhysicalHashJoin>()) return TraceHashJoin(node, *n, slot);
    if (const auto* n = node.As<PhysicalNestedLoopJoin>()) {
      const uint32_t from = n->output[slot];
      const auto left = static_cast<uint32_t>(node.children[0]->types.size());
      if (from < left && KeepsLeft(n->type)) return Trace(*node.children[0], from);
      if (from >= left && KeepsRight(n->type)) return Trace(*node.children[1], from - left);
      return;
    }
    if (const auto* n = node.As<PhysicalIndexJoin>()) {
      const uint32_t from = n->output[slot];
      if (from < node.children[0]->types.size()) Trace(*node.children[0], from);
      return;
    }
    if (const auto* n = node.As<PhysicalCte>()) {
      if (!n->recursive) Trace(*node.children[1], slot);
    }
  }

 private:
  // Left columns of the output are those of left rows, never padded with NULLs.
  static bool KeepsLeft(PhysicalJoinType type) {
    return type != PhysicalJoinType::kRight && type != PhysicalJoinType::kFull;
  }
  static bool KeepsRight(PhysicalJoinType type) {
    return type == PhysicalJoinType::kInner || type == PhysicalJoinType::kRight ||
           type == PhysicalJoinType::kRightSemi || type == PhysicalJoinType::kRightAnti;
  }

  void AddTarget(const PhysicalTableScan& scan, uint32_t slot) {
    if (slot >= scan.columns.size() || scan.columns[slot] == kRowIdColumn) return;
    const auto same = [&](const JoinFilterTarget& t) {
      return t.key == key && t.scan_id == scan.scan_id && t.column == slot;
    };
    if (std::any_of(out->begin(), out->end(), same)) return;
    out->push_back({key, scan.scan_id, slot});
  }

  void TraceWindow(const PhysicalNode& node, const PhysicalWindow& window, uint32_t slot) {
    if (slot >= node.children[0]->types.size()) return;
    // Whole partitions may go; rows out of one may not.
    for (const ExprPtr& call : window.calls) {
      const ExprList& keys = call->window->partition_by;
      const bool found = std::any_of(keys.begin(), keys.end(), [&](const ExprPtr& e) {
        return e->kind == ExprKind::kSlot && e->slot == slot;
      });
      if (!found) return;
    }
    Trace(*node.children[0], slot);
  }

  void TraceHashJoin(const PhysicalNode& node, const PhysicalHashJoin& join, uint32_t slot) {
    const auto left_size = static_cast<uint32_t>(node.children[0]->types.size());
    const uint32_t from = join.output[slot];
    const bool is_left = from < left_size;
    if (!is_left && from >= left_size + node.children[1]->types.size()) return;  // the mark
    if (is_left ? !KeepsLeft(join.type) : !KeepsRight(join.type)) return;
    const uint32_t column = is_left ? from : from - left_size;
    Trace(*node.children[is_left ? 0 : 1], column);
    if (join.null_aware) return;
    // The other side only matters for rows that agree in the key, so it may be restricted too.
    const ExprList& own = is_left ? join.left_keys : join.right_keys;
    const ExprList& other = is_left ? join.right_keys : join.left_keys;
    for (size_t k = 0; k < own.size(); ++k) {
      if (join.null_safe[k]) continue;
      if (own[k]->kind == ExprKind::kSlot && own[k]->slot == column) {
        Trace(*node.children[is_left ? 1 : 0], *other[k]);
      }
    }
  }
};

bool JoinFilterDropsProbe(const PhysicalHashJoin& join) {
  if (join.null_aware) return false;
  switch (join.type) {
    case PhysicalJoinType::kInner:
    case PhysicalJoinType::kRight:
    case PhysicalJoinType::kSemi:
    case PhysicalJoinType::kRightSemi:
    case PhysicalJoinType::kRightAnti:
      return true;
    default:
      return false;
  }
}

}  // namespace

void AddJoinFilters(PhysicalNode& root) {
  if (auto* join = root.As<PhysicalHashJoin>(); join != nullptr && JoinFilterDropsProbe(*join)) {
    for (uint32_t k = 0; k < join->left_keys.size(); ++k) {
      if (join->null_safe[k]) continue;
      JoinFilterTracer{k, &join->filters}.Trace(*root.children[0], *join->left_keys[k]);
    }
  }
  for (PhysicalPtr& child : root.children) AddJoinFilters(*child);
}

}  // namespace driftdb::sql
