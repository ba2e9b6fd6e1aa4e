// Base tables: columns, filters, table scan or index scan.
#include <algorithm>

#include "base/check.h"
#include "base/status_macros.h"
#include "sql/plan/access_path.h"
#include "sql/plan/cost_model.h"
#include "sql/plan/lowering.h"

namespace driftdb::sql {

namespace {

LogicalType LoweringColumnType(const catalog::TableEntry& table, uint32_t ordinal) {
  return ordinal == kRowIdColumn ? LogicalType(TypeId::kInt64) : table.columns[ordinal].type;
}

}  // namespace

Result<Lowered> Lowering::LowerScan(LogicalNode& node) {
  auto& scan = *node.As<LogicalScan>();
  Lowered result{MakeNode(node), {}};
  if (!TryIndexScan(node, result.node.get())) {
    DRIFTDB_ASSIGN_OR_RETURN(const bool probes, TryInList(node, &result));
    if (probes) return result;
    PhysicalTableScan payload;
    payload.table = scan.table;
    payload.alias = std::move(scan.alias);
    payload.scan_id = next_scan_id_++;
    result.node->payload = std::move(payload);
    result.node->estimated_cost =
        TableScanCost(estimator_.TableRows(*scan.table), node.estimated_rows, scan.columns.size());
  }
  // First the columns that go on, then those that only filters read.
  std::vector<uint32_t> columns;
  std::vector<ColumnBinding> layout;
  const auto add = [&](uint32_t i) {
    columns.push_back(scan.columns[i]);
    layout.push_back({scan.table_index, i, 0});
  };
  std::vector<bool> taken(scan.columns.size(), false);
  for (uint32_t i = 0; i < scan.columns.size(); ++i) {
    taken[i] = needed_.Needed({scan.table_index, i, 0});
    if (!taken[i]) continue;
    add(i);
    result.node->types.push_back(LoweringColumnType(*scan.table, scan.columns[i]));
  }
  result.layout = layout;
  const size_t output_count = columns.size();
  for (const ExprPtr& filter : scan.filters) {
    expr::Walk(*filter, [&](const expr::Expr& e) {
      if (e.kind == expr::ExprKind::kColumn && e.column.table_index == scan.table_index &&
          !taken[e.column.column_index]) {
        taken[e.column.column_index] = true;
        add(e.column.column_index);
      }
      return true;
    });
  }
  SlotMap slots;
  slots.Append(layout);
  DRIFTDB_RETURN_IF_ERROR(Resolve(scan.filters, slots));
  const auto fill = [&](auto* payload) {
    payload->columns = std::move(columns);
    payload->output_count = output_count;
    payload->filters = std::move(scan.filters);
  };
  if (auto* table_scan = result.node->As<PhysicalTableScan>()) {
    fill(table_scan);
  } else {
    fill(result.node->As<PhysicalIndexScan>());
  }
  return result;
}

// Replaces the scan's payload by an index scan and takes the conjuncts that the index decides.
bool Lowering::TryIndexScan(LogicalNode& node, PhysicalNode* out) {
  auto& scan = *node.As<LogicalScan>();
  const bool forced = forced_index_.index != nullptr && forced_index_.node == &node;
  if (!forced && (scan.table->indexes.empty() || scan.filters.empty() ||
                  !context_.enabled(OptimizerRule::kIndexScan))) {
    return false;
  }
  const double table_rows = estimator_.TableRows(*scan.table);
  double best_cost = TableScanCost(table_rows, node.estimated_rows, scan.columns.size());
  double best_rows = node.estimated_rows;
  std::shared_ptr<const catalog::IndexEntry> best;
  IndexMatch best_match;
  for (const auto& index : scan.table->indexes) {
    if (forced && index != forced_index_.index) continue;
    IndexMatch match = MatchIndex(scan, *index);
    if (match.empty() && !forced) continue;
    double rows = table_rows;
    for (size_t i : match.equal) rows *= estimator_.Selectivity(*scan.filters[i]);
    double range = 1;
    if (match.lower >= 0)
      range *= estimator_.Selectivity(*scan.filters[static_cast<size_t>(match.lower)]);
    if (match.upper >= 0)
      range *= estimator_.Selectivity(*scan.filters[static_cast<size_t>(match.upper)]);
    rows = match.unique_point ? 1 : std::max(1.0, rows * range);
    const double cost = match.unique_point ? 0 : IndexScanCost(rows);
    if (!forced && cost >= best_cost) continue;
    best_cost = match.unique_point ? IndexScanCost(1) : cost;
    best_rows = std::min(rows, std::max(1.0, node.estimated_rows));
    best = index;
    best_match = std::move(match);
    if (best_match.unique_point) break;
  }
  if (best == nullptr) return false;
  PhysicalIndexScan payload;
  payload.table = scan.table;
  payload.index = best;
  payload.alias = std::move(scan.alias);
  payload.backward = forced && forced_index_.backward;
  TakeIndexBounds(scan, best_match, &payload);
  out->payload = std::move(payload);
  out->estimated_cost = best_cost;
  out->estimated_rows = best_rows;
  return true;
}

void Lowering::TakeIndexBounds(LogicalScan& scan, const IndexMatch& match,
                               PhysicalIndexScan* payload) {
  const auto value_of = [&](size_t i, ColumnBound* bound) {
    MatchColumnBound(scan, *scan.filters[i], bound);
    return scan.filters[i]->children[bound->value_side]->Clone();
  };
  std::vector<bool> decided(scan.filters.size(), false);
  ColumnBound bound;
  for (size_t i : match.equal) {
    payload->equal.push_back(value_of(i, &bound));
    decided[i] = true;
  }
  if (match.lower >= 0) {
    const auto i = static_cast<size_t>(match.lower);
    payload->lower = value_of(i, &bound);
    payload->lower_inclusive = bound.comparison == expr::ComparisonOp::kGreaterEqual;
    // NULLs lie beyond the open end of a range; the conjunct stays to drop them.
    decided[i] = match.upper >= 0 || scan.table->columns[bound.ordinal].not_null;
  }
  if (match.upper >= 0) {
    const auto i = static_cast<size_t>(match.upper);
    payload->upper = value_of(i, &bound);
    payload->upper_inclusive = bound.comparison == expr::ComparisonOp::kLessEqual;
    decided[i] = match.lower >= 0 || scan.table->columns[bound.ordinal].not_null;
  }
  ExprList rest;
  for (size_t i = 0; i < scan.filters.size(); ++i) {
    if (!decided[i]) rest.push_back(std::move(scan.filters[i]));
  }
  scan.filters = std::move(rest);
}

namespace {

// The values of `column IN (constants)`, without duplicates and NULLs; false for other forms and
// for types whose equality is not that of the stored bytes.
bool LoweringInValues(const LogicalScan& scan, const expr::Expr& e, uint32_t* ordinal,
                      ExprList* values) {
  if (e.kind != ExprKind::kInList || e.negated) return false;
  const int64_t found = ScanOrdinal(scan, *e.children[0]);
  const LogicalType type = e.children[0]->type;
  if (found < 0 || type.is_floating() || type.id == TypeId::kChar) return false;
  *ordinal = static_cast<uint32_t>(found);
  for (size_t i = 1; i < e.children.size(); ++i) {
    const expr::Expr& value = *e.children[i];
    if (value.kind != ExprKind::kConstant) return false;
    if (value.value.is_null()) continue;
    const bool seen = std::any_of(values->begin(), values->end(),
                                  [&](const ExprPtr& v) { return v->value == value.value; });
    if (!seen) values->push_back(value.Clone());
  }
  return !values->empty();
}

}  // namespace

Result<bool> Lowering::TryInList(LogicalNode& node, Lowered* result) {
  auto& scan = *node.As<LogicalScan>();
  if (scan.table->indexes.empty() || !context_.enabled(OptimizerRule::kIndexJoin)) return false;
  const double table_rows = estimator_.TableRows(*scan.table);
  std::shared_ptr<const catalog::IndexEntry> index;
  ExprList values;
  size_t position = 0;
  for (size_t i = 0; i < scan.filters.size() && index == nullptr; ++i) {
    uint32_t ordinal = 0;
    values.clear();
    if (!LoweringInValues(scan, *scan.filters[i], &ordinal, &values)) continue;
    const double rows = table_rows * estimator_.Selectivity(*scan.filters[i]);
    const auto probes = static_cast<double>(values.size());
    for (const auto& candidate : scan.table->indexes) {
      if (candidate->columns[0].column != ordinal) continue;
      const bool unique = candidate->unique && candidate->columns.size() == 1;
      const double cost = IndexJoinCost(probes, unique ? 1 : std::max(1.0, rows / probes));
      if (cost >= TableScanCost(table_rows, node.estimated_rows, scan.columns.size())) continue;
      index = candidate;
      position = i;
      break;
    }
  }
  if (index == nullptr) return false;
  PhysicalValues list;
  const LogicalType type = values[0]->type;
  for (ExprPtr& value : values) {
    ExprList row;
    row.push_back(std::move(value));
    list.rows.push_back(std::move(row));
  }
  auto left = std::make_unique<PhysicalNode>();
  left->types = {type};
  left->estimated_rows = static_cast<double>(list.rows.size());
  left->payload = std::move(list);
  PhysicalIndexJoin payload;
  payload.table = scan.table;
  payload.index = index;
  payload.keys.push_back(expr::MakeSlot(0, type));
  scan.filters.erase(scan.filters.begin() + static_cast<int64_t>(position));
  payload.residual = std::move(scan.filters);
  needed_.Add(payload.residual, 1);
  std::vector<ColumnBinding> inner;
  for (uint32_t i = 0; i < scan.columns.size(); ++i) {
    if (!needed_.Needed({scan.table_index, i, 0})) continue;
    payload.columns.push_back(scan.columns[i]);
    inner.push_back({scan.table_index, i, 0});
  }
  needed_.Add(payload.residual, -1);
  // Slot 0 is the probed value, which no binding names.
  SlotMap slots;
  std::vector<ColumnBinding> layout{{UINT32_MAX, 0, 0}};
  layout.insert(layout.end(), inner.begin(), inner.end());
  slots.Append(layout);
  DRIFTDB_RETURN_IF_ERROR(Resolve(payload.residual, slots));
  for (uint32_t i = 0; i < inner.size(); ++i) {
    if (!needed_.Needed(inner[i])) continue;
    payload.output.push_back(i + 1);
    result->layout.push_back(inner[i]);
    result->node->types.push_back(LoweringColumnType(*scan.table, payload.columns[i]));
  }
  result->node->payload = std::move(payload);
  result->node->children.push_back(std::move(left));
  return true;
}

// ORDER BY ... LIMIT over one table whose order an index has: read only as many rows as asked for.
// True: the sort is not needed, and the scan below it will be made from the index.
bool Lowering::TryOrderedScan(LogicalNode& limit_node, LogicalNode& sort_node) {
  const auto& limit = *limit_node.As<LogicalLimit>();
  if (limit.with_ties || !context_.enabled(OptimizerRule::kIndexScan)) return false;
  LogicalNode* below = sort_node.children[0].get();
  const LogicalProjection* projection = below->As<LogicalProjection>();
  LogicalNode* scan_node = projection != nullptr ? below->children[0].get() : below;
  const auto* scan = scan_node->As<LogicalScan>();
  if (scan == nullptr || scan->table->indexes.empty()) return false;
  std::vector<uint32_t> ordinals;
  const std::vector<expr::SortKey>& keys = sort_node.As<LogicalSort>()->keys;
  for (const expr::SortKey& key : keys) {
    const expr::Expr* e = key.expr.get();
    if (projection != nullptr && e->kind == expr::ExprKind::kColumn &&
        e->column.table_index == projection->table_index) {
      e = projection->expressions[e->column.column_index].get();
    }
    if (e->kind != expr::ExprKind::kColumn || e->column.table_index != scan->table_index)
      return false;
    ordinals.push_back(scan->columns[e->column.column_index]);
    if (ordinals.back() == kRowIdColumn) return false;
  }
  double wanted = 100;
  const auto add_constant = [&](const ExprPtr& e, double* to) {
    if (e != nullptr && e->kind == expr::ExprKind::kConstant && !e->value.is_null()) {
      *to = static_cast<double>(e->value.int64());
    }
  };
  add_constant(limit.limit, &wanted);
  double offset = 0;
  add_constant(limit.offset, &offset);
  const double table_rows = estimator_.TableRows(*scan->table);
  const double kept = std::max(1.0, scan_node->estimated_rows);
  const double full = TableScanCost(table_rows, kept, scan->columns.size());
  for (const auto& index : scan->table->indexes) {
    const IndexMatch match = MatchIndex(*scan, *index);
    const size_t first = match.equal.size();
    if (first + keys.size() > index->columns.size()) continue;
    double matching = table_rows;
    for (size_t i : match.equal) matching *= estimator_.Selectivity(*scan->filters[i]);
    const double read = std::min(matching, (wanted + offset) * std::max(1.0, matching / kept));
    if (IndexScanCost(read) >= full) continue;
    bool forward = true, backward = true;
    for (size_t k = 0; k < keys.size(); ++k) {
      const catalog::IndexColumn& column = index->columns[first + k];
      if (column.column != ordinals[k]) forward = backward = false;
      const bool nulls = !scan->table->columns[column.column].not_null;
      const bool same = column.descending == keys[k].descending;
      const bool same_nulls = column.nulls_first == keys[k].nulls_first;
      forward = forward && same && (!nulls || same_nulls);
      backward = backward && !same && (!nulls || !same_nulls);
    }
    if (!forward && !backward) continue;
    forced_index_ = {scan_node, index, !forward};
    return true;
  }
  return false;
}

}  // namespace driftdb::sql
