// INSERT, UPDATE, DELETE.
#include "base/check.h"
#include "base/status_macros.h"
#include "sql/plan/lowering.h"

namespace driftdb::sql {

namespace {

std::vector<ColumnBinding> LoweringRowLayout(uint32_t table_index, size_t columns) {
  std::vector<ColumnBinding> layout;
  layout.reserve(columns);
  for (uint32_t i = 0; i < columns; ++i) layout.push_back({table_index, i, 0});
  return layout;
}

void LoweringSetReturning(const ExprList& returning, uint32_t returning_index, Lowered* result) {
  for (uint32_t i = 0; i < returning.size(); ++i) {
    result->layout.push_back({returning_index, i, 0});
    result->node->types.push_back(returning[i]->type);
  }
}

// The scan that feeds a modification, if its rows come from nothing but filters over it.
LogicalNode* LoweringPlainScan(LogicalNode* node, LogicalProjection** projection) {
  *projection = node->As<LogicalProjection>();
  if (*projection != nullptr) node = node->children[0].get();
  return node->As<LogicalScan>() != nullptr ? node : nullptr;
}

// Rewrites an expression over the scan (and the projection above it) to slots of the table's
// columns; null when it speaks of something else.
ExprPtr LoweringOverTable(const expr::Expr& source, const LogicalScan& scan,
                          const LogicalProjection* projection) {
  ExprPtr copy = source.Clone();
  bool good = true;
  // Down through the projection once; its expressions speak of the scan.
  if (projection != nullptr) {
    expr::Rewrite(copy, [&](ExprPtr& e) {
      if (e->kind == expr::ExprKind::kColumn && e->column.table_index == projection->table_index) {
        e = projection->expressions[e->column.column_index]->Clone();
      }
    });
  }
  expr::Rewrite(copy, [&](ExprPtr& e) {
    if (e->kind != expr::ExprKind::kColumn) return;
    if (e->column.table_index != scan.table_index ||
        scan.columns[e->column.column_index] == kRowIdColumn) {
      good = false;
      return;
    }
    e->slot = scan.columns[e->column.column_index];
    e->kind = expr::ExprKind::kSlot;
  });
  return good && !expr::IsVolatile(*copy) ? std::move(copy) : nullptr;
}

bool LoweringRecheckFilters(const LogicalScan& scan, ExprList* out) {
  for (const ExprPtr& filter : scan.filters) {
    ExprPtr copy = LoweringOverTable(*filter, scan, nullptr);
    if (copy == nullptr) return false;
    out->push_back(std::move(copy));
  }
  return true;
}

}  // namespace

Result<Lowered> Lowering::LowerInsert(LogicalNode& node) {
  auto& insert = *node.As<LogicalInsert>();
  Lowered result{MakeNode(node), {}};
  DRIFTDB_ASSIGN_OR_RETURN(Lowered child, LowerExactly(*node.children[0], insert.source));
  SlotMap slots;
  slots.Append(LoweringRowLayout(insert.table_index, insert.table->columns.size()));
  PhysicalInsert payload;
  DRIFTDB_RETURN_IF_ERROR(Resolve(insert.checks, slots));
  DRIFTDB_RETURN_IF_ERROR(Resolve(insert.returning, slots));
  LoweringSetReturning(insert.returning, insert.returning_index, &result);
  payload.table = std::move(insert.table);
  payload.checks = std::move(insert.checks);
  payload.check_names = std::move(insert.check_names);
  payload.returning = std::move(insert.returning);
  result.node->payload = std::move(payload);
  result.node->children.push_back(std::move(child.node));
  return result;
}

Result<Lowered> Lowering::LowerUpdate(LogicalNode& node) {
  auto& update = *node.As<LogicalUpdate>();
  Lowered result{MakeNode(node), {}};
  PhysicalUpdate payload;
  LogicalProjection* projection = nullptr;
  const LogicalNode* scan = LoweringPlainScan(node.children[0].get(), &projection);
  if (scan != nullptr) {
    const auto& source = *scan->As<LogicalScan>();
    payload.can_recheck = source.table->oid == update.table->oid &&
                          LoweringRecheckFilters(source, &payload.recheck_filters);
    for (const ColumnBinding& value : update.values) {
      if (!payload.can_recheck) break;
      const ExprPtr column = expr::MakeColumn(value, LogicalType());
      ExprPtr over = LoweringOverTable(*column, source, projection);
      payload.can_recheck = over != nullptr;
      payload.recheck_values.push_back(std::move(over));
    }
    if (!payload.can_recheck) {
      payload.recheck_filters.clear();
      payload.recheck_values.clear();
    }
  }
  std::vector<ColumnBinding> columns{update.row_id};
  columns.insert(columns.end(), update.old_columns.begin(), update.old_columns.end());
  columns.insert(columns.end(), update.values.begin(), update.values.end());
  DRIFTDB_ASSIGN_OR_RETURN(Lowered child, LowerExactly(*node.children[0], columns));
  SlotMap slots;
  slots.Append(LoweringRowLayout(update.table_index, update.table->columns.size()));
  DRIFTDB_RETURN_IF_ERROR(Resolve(update.checks, slots));
  DRIFTDB_RETURN_IF_ERROR(Resolve(update.returning, slots));
  LoweringSetReturning(update.returning, update.returning_index, &result);
  payload.table = std::move(update.table);
  payload.set_columns = std::move(update.set_columns);
  payload.checks = std::move(update.checks);
  payload.check_names = std::move(update.check_names);
  payload.returning = std::move(update.returning);
  result.node->payload = std::move(payload);
  result.node->children.push_back(std::move(child.node));
  return result;
}

Result<Lowered> Lowering::LowerDelete(LogicalNode& node) {
  auto& remove = *node.As<LogicalDelete>();
  Lowered result{MakeNode(node), {}};
  PhysicalDelete payload;
  LogicalProjection* projection = nullptr;
  const LogicalNode* scan = LoweringPlainScan(node.children[0].get(), &projection);
  if (scan != nullptr) {
    const auto& source = *scan->As<LogicalScan>();
    payload.can_recheck = source.table->oid == remove.table->oid &&
                          LoweringRecheckFilters(source, &payload.recheck_filters);
    if (!payload.can_recheck) payload.recheck_filters.clear();
  }
  std::vector<ColumnBinding> columns{remove.row_id};
  columns.insert(columns.end(), remove.old_columns.begin(), remove.old_columns.end());
  DRIFTDB_ASSIGN_OR_RETURN(Lowered child, LowerExactly(*node.children[0], columns));
  SlotMap slots;
  slots.Append(LoweringRowLayout(remove.table_index, remove.table->columns.size()));
  DRIFTDB_RETURN_IF_ERROR(Resolve(remove.returning, slots));
  LoweringSetReturning(remove.returning, remove.returning_index, &result);
  payload.table = std::move(remove.table);
  payload.returning = std::move(remove.returning);
  result.node->payload = std::move(payload);
  result.node->children.push_back(std::move(child.node));
  return result;
}

}  // namespace driftdb::sql
