#include "exec/point/point_plan.h"

#include "expr/expr.h"

namespace driftdb::exec {

namespace {

// The index scan at `node`, if it is one by a full unique key; the projection above it, if any.
const sql::PhysicalIndexScan* PointPlanScan(const sql::PhysicalNode* node,
                                            const sql::PhysicalProjection** projection) {
  *projection = node->As<sql::PhysicalProjection>();
  if (*projection != nullptr) node = node->children[0].get();
  const auto* scan = node->As<sql::PhysicalIndexScan>();
  return scan != nullptr && PointAccess::Covers(*scan) ? scan : nullptr;
}

// Exchanges slot numbers by position in `to`. False: a slot has no counterpart (the row id).
bool PointPlanRenumber(const std::vector<uint32_t>& to, expr::ExprPtr* expression) {
  bool good = true;
  expr::Rewrite(*expression, [&](expr::ExprPtr& e) {
    if (e->kind != expr::ExprKind::kSlot) return;
    if (e->slot >= to.size() || to[e->slot] == sql::kRowIdColumn) {
      good = false;
    } else {
      e->slot = to[e->slot];
    }
  });
  return good;
}

// Exchanges slots by the expressions they stand for.
void PointPlanSubstitute(const sql::ExprList& by, expr::ExprPtr* expression) {
  expr::Rewrite(*expression, [&](expr::ExprPtr& e) {
    if (e->kind == expr::ExprKind::kSlot) e = by[e->slot]->Clone();
  });
}

}  // namespace

bool MatchPointSelect(const sql::PhysicalNode& root, PointSelectPlan* out) {
  const sql::PhysicalProjection* projection;
  const sql::PhysicalIndexScan* scan = PointPlanScan(&root, &projection);
  if (scan == nullptr) return false;
  for (const uint32_t column : scan->columns) {
    if (column == sql::kRowIdColumn) return false;
  }
  out->scan.scan = scan;
  out->scan.columns = scan->columns;
  for (const expr::ExprPtr& filter : scan->filters) out->scan.filters.push_back(filter->Clone());
  if (projection != nullptr) {
    for (const expr::ExprPtr& e : projection->expressions) out->output.push_back(e->Clone());
  } else {
    for (uint32_t slot = 0; slot < scan->output_count; ++slot) {
      out->output.push_back(expr::MakeSlot(slot, scan->table->columns[scan->columns[slot]].type));
    }
  }
  return true;
}

bool MatchPointModify(const sql::PhysicalNode& root, PointScan* out) {
  const catalog::TableEntry* table = nullptr;
  if (const auto* update = root.As<sql::PhysicalUpdate>()) {
    if (update->can_recheck) table = update->table.get();
  } else if (const auto* remove = root.As<sql::PhysicalDelete>()) {
    if (remove->can_recheck) table = remove->table.get();
  }
  if (table == nullptr) return false;
  const sql::PhysicalProjection* projection;
  const sql::PhysicalIndexScan* scan = PointPlanScan(root.children[0].get(), &projection);
  if (scan == nullptr || scan->table->oid != table->oid) return false;
  out->scan = scan;
  for (uint32_t column = 0; column < table->columns.size(); ++column) {
    out->columns.push_back(column);
  }
  for (const expr::ExprPtr& filter : scan->filters) {
    out->filters.push_back(filter->Clone());
    if (!PointPlanRenumber(scan->columns, &out->filters.back())) return false;
  }
  return true;
}

bool MatchPointInsert(const sql::PhysicalNode& root, sql::ExprList* out) {
  const auto* insert = root.As<sql::PhysicalInsert>();
  if (insert == nullptr) return false;
  std::vector<const sql::PhysicalProjection*> projections;
  const sql::PhysicalNode* node = root.children[0].get();
  while (const auto* projection = node->As<sql::PhysicalProjection>()) {
    projections.push_back(projection);
    node = node->children[0].get();
  }
  if (const auto* values = node->As<sql::PhysicalValues>()) {
    if (values->rows.size() != 1) return false;
    for (const expr::ExprPtr& value : values->rows[0]) out->push_back(value->Clone());
  } else if (node->As<sql::PhysicalSingleRow>() == nullptr) {
    return false;
  }
  for (size_t i = projections.size(); i-- > 0;) {
    // A volatile value must be computed once, however often it is used.
    for (const expr::ExprPtr& value : *out) {
      if (expr::IsVolatile(*value) || expr::MayFail(*value)) return false;
    }
    sql::ExprList above;
    for (const expr::ExprPtr& e : projections[i]->expressions) {
      above.push_back(e->Clone());
      PointPlanSubstitute(*out, &above.back());
    }
    *out = std::move(above);
  }
  return out->size() == insert->table->columns.size();
}

}  // namespace driftdb::exec
