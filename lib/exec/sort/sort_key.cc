#include "exec/sort/sort_key.h"

namespace driftdb::exec {

SortInput::SortInput(const std::vector<LogicalType>& types, const std::vector<SortKeyRef>& keys) {
  column_fields.assign(types.size(), UINT32_MAX);
  std::vector<LogicalType> field_types;
  std::vector<RowOrderKey> order_keys;
  for (const SortKeyRef& key : keys) {
    order_keys.push_back({exprs.size(), key.descending, key.nulls_first});
    if (key.expr->kind == expr::ExprKind::kSlot && column_fields[key.expr->slot] == UINT32_MAX) {
      column_fields[key.expr->slot] = static_cast<uint32_t>(exprs.size());
    }
    exprs.push_back(key.expr);
    field_types.push_back(key.expr->type);
  }
  for (size_t c = 0; c < types.size(); ++c) {
    if (column_fields[c] != UINT32_MAX) continue;
    column_fields[c] = static_cast<uint32_t>(exprs.size());
    slots.push_back(expr::MakeSlot(static_cast<uint32_t>(c), types[c]));
    exprs.push_back(slots.back().get());
    field_types.push_back(types[c]);
  }
  layout = RowLayout(field_types, {.hash = true, .flag = false, .state_bytes = 0});
  order = RowOrder(&layout, std::move(order_keys));
}

}  // namespace driftdb::exec
