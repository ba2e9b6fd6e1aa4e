#include "exec/join/join_plan.h"

#include <algorithm>

namespace driftdb::exec {

JoinPlan::JoinPlan(HashJoinOptions given)
    : options(std::move(given)),
      key_count(options.right_keys.size()),
      left_width(options.left_types.size()),
      right_width(options.right_types.size()) {
  right_fields.assign(right_width, kNoField);
  std::vector<bool> wanted(right_width, false);
  for (const uint32_t slot : options.output) {
    if (slot >= left_width && slot < left_width + right_width) wanted[slot - left_width] = true;
  }
  if (!options.residual.empty()) {
    std::vector<expr::ExprPtr> conjuncts;
    for (const expr::Expr* conjunct : options.residual) conjuncts.push_back(conjunct->Clone());
    residual = expr::MakeAnd(std::move(conjuncts));
    expr::Walk(*residual, [&](const expr::Expr& node) {
      if (node.kind != expr::ExprKind::kSlot) return true;
      if (node.slot >= left_width) wanted[node.slot - left_width] = true;
      residual_slots.push_back(node.slot);
      return true;
    });
    std::sort(residual_slots.begin(), residual_slots.end());
    residual_slots.erase(std::unique(residual_slots.begin(), residual_slots.end()),
                         residual_slots.end());
  }
  std::vector<LogicalType> types;
  for (size_t k = 0; k < key_count; ++k) {
    const expr::Expr* key = options.right_keys[k];
    kept.push_back(key);
    types.push_back(key->type);
    if (key->kind == expr::ExprKind::kSlot && right_fields[key->slot] == kNoField &&
        key->type.physical() == options.right_types[key->slot].physical()) {
      right_fields[key->slot] = static_cast<uint32_t>(k);
    }
    null_safe_any |= null_safe(k);
  }
  for (size_t c = 0; c < right_width; ++c) {
    if (!wanted[c] || right_fields[c] != kNoField) continue;
    right_fields[c] = static_cast<uint32_t>(types.size());
    types.push_back(options.right_types[c]);
    kept_slots.push_back(expr::MakeSlot(static_cast<uint32_t>(c), options.right_types[c]));
    kept.push_back(kept_slots.back().get());
  }
  layout = RowLayout(types, {.hash = true, .flag = emits_build_rows(), .state_bytes = 0});
}

bool JoinPlan::emits_build_rows() const {
  using sql::PhysicalJoinType;
  return options.type == PhysicalJoinType::kRight || options.type == PhysicalJoinType::kFull ||
         options.type == PhysicalJoinType::kRightSemi ||
         options.type == PhysicalJoinType::kRightAnti;
}

bool JoinPlan::keeps_null_rows() const {
  using sql::PhysicalJoinType;
  return options.type == PhysicalJoinType::kRight || options.type == PhysicalJoinType::kFull ||
         options.type == PhysicalJoinType::kRightAnti ||
         (options.null_aware && residual != nullptr);
}

bool JoinPlan::first_match_only() const {
  using sql::PhysicalJoinType;
  return options.type == PhysicalJoinType::kSemi || options.type == PhysicalJoinType::kAnti ||
         options.type == PhysicalJoinType::kMark;
}

}  // namespace driftdb::exec
