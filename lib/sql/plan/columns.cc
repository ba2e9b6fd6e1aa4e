#include "sql/plan/columns.h"

#include <algorithm>

#include "sql/plan/subquery_plan.h"

namespace driftdb::sql {

namespace {

void ColumnsAppendTypes(uint32_t table_index, const std::vector<LogicalType>& types,
                        std::vector<BoundColumn>* out) {
  for (uint32_t i = 0; i < types.size(); ++i) out->push_back({{table_index, i, 0}, types[i]});
}
void ColumnsAppendExprs(uint32_t table_index, const ExprList& exprs,
                        std::vector<BoundColumn>* out) {
  for (uint32_t i = 0; i < exprs.size(); ++i) {
    out->push_back({{table_index, i, 0}, exprs[i]->type});
  }
}

void ColumnsAppendScan(const LogicalScan& scan, std::vector<BoundColumn>* out) {
  for (uint32_t i = 0; i < scan.columns.size(); ++i) {
    const LogicalType type = scan.columns[i] == kRowIdColumn
                                 ? LogicalType(TypeId::kInt64)
                                 : scan.table->columns[scan.columns[i]].type;
    out->push_back({{scan.table_index, i, 0}, type});
  }
}

bool ColumnsJoinYieldsRight(LogicalJoinType type) {
  return type != LogicalJoinType::kSemi && type != LogicalJoinType::kAnti &&
         type != LogicalJoinType::kMark;
}

void ColumnsAppendAggregate(const LogicalAggregate& aggregate, std::vector<BoundColumn>* out) {
  ColumnsAppendExprs(aggregate.group_index, aggregate.groups, out);
  ColumnsAppendExprs(aggregate.aggregate_index, aggregate.aggregates, out);
  for (uint32_t i = 0; i < aggregate.grouping_calls.size(); ++i) {
    out->push_back({{aggregate.grouping_index, i, 0}, TypeId::kInt32});
  }
}

}  // namespace

void AppendOutputColumns(const LogicalNode& node, std::vector<BoundColumn>* out) {
  if (const auto* scan = node.As<LogicalScan>()) return ColumnsAppendScan(*scan, out);
  if (const auto* n = node.As<LogicalEmpty>()) {
    return ColumnsAppendTypes(n->table_index, n->types, out);
  }
  if (const auto* n = node.As<LogicalValues>()) {
    return ColumnsAppendTypes(n->table_index, n->types, out);
  }
  if (const auto* n = node.As<LogicalTableFunction>()) {
    for (const LogicalPtr& child : node.children) AppendOutputColumns(*child, out);
    return ColumnsAppendTypes(n->table_index, n->types, out);
  }
  if (const auto* n = node.As<LogicalProjection>()) {
    return ColumnsAppendExprs(n->table_index, n->expressions, out);
  }
  if (const auto* n = node.As<LogicalAggregate>()) return ColumnsAppendAggregate(*n, out);
  if (const auto* n = node.As<LogicalSetOperation>()) {
    return ColumnsAppendTypes(n->table_index, n->types, out);
  }
  if (const auto* n = node.As<LogicalCteScan>()) {
    return ColumnsAppendTypes(n->table_index, n->types, out);
  }
  if (const auto* n = node.As<LogicalInsert>()) {
    return ColumnsAppendExprs(n->returning_index, n->returning, out);
  }
  if (const auto* n = node.As<LogicalUpdate>()) {
    return ColumnsAppendExprs(n->returning_index, n->returning, out);
  }
  if (const auto* n = node.As<LogicalDelete>()) {
    return ColumnsAppendExprs(n->returning_index, n->returning, out);
  }
  if (node.As<LogicalCte>() != nullptr) return AppendOutputColumns(*node.children[1], out);
  if (const auto* join = node.As<LogicalJoin>()) {
    AppendOutputColumns(*node.children[0], out);
    if (ColumnsJoinYieldsRight(join->type)) AppendOutputColumns(*node.children[1], out);
    if (join->type == LogicalJoinType::kMark) {
      out->push_back({{join->mark_index, 0, 0}, TypeId::kBoolean});
    }
    return;
  }
  for (const LogicalPtr& child : node.children) AppendOutputColumns(*child, out);
  if (const auto* n = node.As<LogicalWindow>()) ColumnsAppendExprs(n->table_index, n->calls, out);
}

std::vector<BoundColumn> OutputColumns(const LogicalNode& node) {
  std::vector<BoundColumn> columns;
  AppendOutputColumns(node, &columns);
  return columns;
}

void AddOutputTables(const LogicalNode& node, TableSet* out) {
  if (const auto* join = node.As<LogicalJoin>()) {
    AddOutputTables(*node.children[0], out);
    if (ColumnsJoinYieldsRight(join->type)) AddOutputTables(*node.children[1], out);
    if (join->type == LogicalJoinType::kMark) out->Add(join->mark_index);
    return;
  }
  if (const auto* scan = node.As<LogicalScan>()) return out->Add(scan->table_index);
  if (const auto* n = node.As<LogicalAggregate>()) {
    out->Add(n->group_index);
    out->Add(n->aggregate_index);
    if (!n->grouping_calls.empty()) out->Add(n->grouping_index);
    return;
  }
  if (node.As<LogicalCte>() != nullptr) return AddOutputTables(*node.children[1], out);
  bool passes = true;
  // Only payload that produces a table hides its children's.
  if (const auto* n = node.As<LogicalProjection>()) out->Add(n->table_index), passes = false;
  if (const auto* n = node.As<LogicalSetOperation>()) out->Add(n->table_index), passes = false;
  if (const auto* n = node.As<LogicalEmpty>()) out->Add(n->table_index);
  if (const auto* n = node.As<LogicalValues>()) out->Add(n->table_index);
  if (const auto* n = node.As<LogicalTableFunction>()) out->Add(n->table_index);
  if (const auto* n = node.As<LogicalCteScan>()) out->Add(n->table_index);
  if (const auto* n = node.As<LogicalWindow>()) out->Add(n->table_index);
  if (const auto* n = node.As<LogicalInsert>()) out->Add(n->returning_index), passes = false;
  if (const auto* n = node.As<LogicalUpdate>()) out->Add(n->returning_index), passes = false;
  if (const auto* n = node.As<LogicalDelete>()) out->Add(n->returning_index), passes = false;
  if (!passes) return;
  for (const LogicalPtr& child : node.children) AddOutputTables(*child, out);
}

TableSet OutputTables(const LogicalNode& node) {
  TableSet tables;
  AddOutputTables(node, &tables);
  return tables;
}

void AddReferencedTables(const expr::Expr& expr, TableSet* out) {
  expr::Walk(expr, [&](const expr::Expr& e) {
    if (e.kind == expr::ExprKind::kColumn) out->Add(e.column.table_index);
    if (e.kind == expr::ExprKind::kSubquery && e.subquery->plan->plan != nullptr) {
      out->Union(FreeTables(*e.subquery->plan->plan));
    }
    return true;
  });
}

TableSet ReferencedTables(const expr::Expr& expr) {
  TableSet tables;
  AddReferencedTables(expr, &tables);
  return tables;
}

namespace {

// The walkers of subquery_plan.h hand out mutable nodes; nothing here writes.
LogicalNode& ColumnsMutable(const LogicalNode& node) { return const_cast<LogicalNode&>(node); }

}  // namespace

TableSet FreeTables(const LogicalNode& node) {
  TableSet used, produced;
  WalkLogical(ColumnsMutable(node), [&](LogicalNode& n) {
    ForEachProducedTable(n, [&](uint32_t& table) { produced.Add(table); });
    // Conditions of a modification speak of the stored row by this index.
    if (const auto* m = n.As<LogicalInsert>()) produced.Add(m->table_index);
    if (const auto* m = n.As<LogicalUpdate>()) produced.Add(m->table_index);
    if (const auto* m = n.As<LogicalDelete>()) produced.Add(m->table_index);
  });
  ForEachColumn(ColumnsMutable(node),
                [&](expr::ColumnBinding& binding) { used.Add(binding.table_index); });
  used.Subtract(produced);
  return used;
}

std::vector<BoundColumn> FreeColumns(const LogicalNode& node, const TableSet& outer) {
  std::vector<BoundColumn> columns;
  WalkLogical(ColumnsMutable(node), [&](LogicalNode& n) {
    ForEachExpression(n, [&](ExprPtr& expr) {
      expr::Walk(*expr, [&](const expr::Expr& e) {
        if (e.kind != expr::ExprKind::kColumn || !outer.Contains(e.column.table_index)) return true;
        const auto same = [&](const BoundColumn& c) { return c.binding == e.column; };
        if (std::none_of(columns.begin(), columns.end(), same)) {
          columns.push_back({e.column, e.type});
        }
        return true;
      });
    });
  });
  return columns;
}

namespace {

void ColumnsRemapOne(expr::ColumnBinding& binding, const std::vector<ColumnRename>& renames) {
  for (const ColumnRename& rename : renames) {
    if (rename.from == binding) binding = rename.to;
  }
}

}  // namespace

void RemapColumns(ExprPtr& expr, const std::vector<ColumnRename>& renames) {
  if (expr->kind == expr::ExprKind::kColumn) ColumnsRemapOne(expr->column, renames);
  if (expr->kind == expr::ExprKind::kSubquery && expr->subquery->plan->plan != nullptr) {
    RemapColumns(*expr->subquery->plan->plan, renames);
    for (expr::ColumnBinding& binding : expr->subquery->plan->columns) {
      ColumnsRemapOne(binding, renames);
    }
  }
  expr::ForEachChild(*expr, [&](ExprPtr& child) { RemapColumns(child, renames); });
}

void RemapColumns(LogicalNode& plan, const std::vector<ColumnRename>& renames) {
  ForEachColumn(plan, [&](expr::ColumnBinding& binding) { ColumnsRemapOne(binding, renames); });
}

}  // namespace driftdb::sql
