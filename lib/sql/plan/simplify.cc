#include "sql/plan/simplify.h"

#include <algorithm>

#include "sql/plan/columns.h"
#include "sql/plan/subquery_plan.h"

namespace driftdb::sql {

namespace {

size_t SimplifyCountScans(LogicalNode& plan, uint32_t cte_id) {
  size_t count = 0;
  WalkLogical(plan, [&](LogicalNode& node) {
    const auto* scan = node.As<LogicalCteScan>();
    if (scan != nullptr && scan->cte_id == cte_id) ++count;
  });
  return count;
}

bool SimplifyIsVolatile(LogicalNode& plan) {
  bool found = false;
  WalkLogical(plan, [&](LogicalNode& node) {
    ForEachExpression(node, [&](ExprPtr& e) { found = found || expr::IsVolatile(*e); });
    found = found || node.As<LogicalInsert>() != nullptr || node.As<LogicalUpdate>() != nullptr ||
            node.As<LogicalDelete>() != nullptr;
  });
  return found;
}

// A table with filters and projections: reading it again costs no more than reading a copy.
bool SimplifyIsCheap(const LogicalNode& plan) {
  if (plan.As<LogicalScan>() != nullptr || plan.As<LogicalValues>() != nullptr ||
      plan.As<LogicalSingleRow>() != nullptr) {
    return true;
  }
  return (plan.As<LogicalFilter>() != nullptr || plan.As<LogicalProjection>() != nullptr) &&
         SimplifyIsCheap(*plan.children[0]);
}

// Puts the definition in place of a scan, below a projection with the scan's table index.
void SimplifyReplaceScan(LogicalPtr& scan_node, LogicalPtr definition, const LogicalCte& cte,
                         std::vector<ColumnBinding> columns) {
  LogicalProjection projection;
  projection.table_index = scan_node->As<LogicalCteScan>()->table_index;
  for (size_t i = 0; i < columns.size(); ++i) {
    projection.expressions.push_back(expr::MakeColumn(columns[i], cte.types[i]));
  }
  scan_node = MakeLogical(std::move(projection));
  scan_node->children.push_back(std::move(definition));
}

void SimplifyInlineInto(LogicalPtr& at, LogicalPtr& definition, const LogicalCte& cte,
                        size_t* uses_left, uint32_t* next_table_index) {
  const auto* scan = at->As<LogicalCteScan>();
  if (scan != nullptr && scan->cte_id == cte.cte_id) {
    --*uses_left;
    if (*uses_left == 0) {
      SimplifyReplaceScan(at, std::move(definition), cte, cte.columns);
      return;
    }
    // The copy's columns follow the renumbering through a projection that names them.
    LogicalProjection names;
    for (size_t i = 0; i < cte.columns.size(); ++i) {
      names.expressions.push_back(expr::MakeColumn(cte.columns[i], cte.types[i]));
    }
    LogicalPtr copy = MakeLogical(std::move(names));
    copy->children.push_back(CloneLogical(*definition));
    RenumberTables(*copy, next_table_index);
    copy->As<LogicalProjection>()->table_index = scan->table_index;
    at = std::move(copy);
    return;
  }
  for (LogicalPtr& child : at->children) {
    SimplifyInlineInto(child, definition, cte, uses_left, next_table_index);
  }
}

}  // namespace

void InlineCtes(LogicalPtr& plan, BoundQuery* query) {
  if (auto* cte = plan->As<LogicalCte>(); cte != nullptr && !cte->recursive) {
    LogicalNode& body = *plan->children[1];
    size_t uses = SimplifyCountScans(body, cte->cte_id);
    const bool pure = !SimplifyIsVolatile(*plan->children[0]);
    if (uses == 0 && pure) {
      LogicalPtr only = std::move(plan->children[1]);
      plan = std::move(only);
      return InlineCtes(plan, query);
    }
    if (!cte->materialized && pure && (uses == 1 || SimplifyIsCheap(*plan->children[0]))) {
      LogicalPtr definition = std::move(plan->children[0]);
      SimplifyInlineInto(plan->children[1], definition, *cte, &uses, &query->next_table_index);
      LogicalPtr only = std::move(plan->children[1]);
      plan = std::move(only);
      return InlineCtes(plan, query);
    }
  }
  for (LogicalPtr& child : plan->children) InlineCtes(child, query);
}

namespace {

bool SimplifyOnlyRenames(const LogicalProjection& projection) {
  std::vector<uint64_t> seen;
  for (const ExprPtr& e : projection.expressions) {
    if (e->kind != ExprKind::kColumn) return false;
    const uint64_t key = ColumnKey(e->column);
    if (std::find(seen.begin(), seen.end(), key) != seen.end()) return false;
    seen.push_back(key);
  }
  return true;
}

// `narrow`: a DISTINCT above compares all columns, so the projection's choice of them matters.
void SimplifyDropRenames(LogicalPtr& node, bool narrow, std::vector<ColumnRename>* renames) {
  if (node->As<LogicalProjection>() != nullptr || node->As<LogicalAggregate>() != nullptr ||
      node->As<LogicalSetOperation>() != nullptr) {
    if (node->As<LogicalProjection>() == nullptr) narrow = false;
  }
  const auto* distinct = node->As<LogicalDistinct>();
  const bool below = (narrow && node->As<LogicalProjection>() == nullptr) ||
                     (distinct != nullptr && distinct->on.empty());
  for (LogicalPtr& child : node->children) SimplifyDropRenames(child, below, renames);
  const auto* projection = node->As<LogicalProjection>();
  if (projection == nullptr || narrow || !SimplifyOnlyRenames(*projection)) return;
  for (uint32_t i = 0; i < projection->expressions.size(); ++i) {
    renames->push_back({{projection->table_index, i, 0}, projection->expressions[i]->column});
  }
  LogicalPtr child = std::move(node->children[0]);
  node = std::move(child);
}

void SimplifyRename(LogicalNode& plan, BoundQuery* query,
                    const std::vector<ColumnRename>& renames) {
  if (renames.empty()) return;
  // By table and column, resolved through chains: inner projections come first in the list.
  std::vector<std::vector<ColumnBinding>> map;
  const auto resolve = [&](ColumnBinding& binding) {
    while (binding.table_index < map.size() &&
           binding.column_index < map[binding.table_index].size()) {
      binding = map[binding.table_index][binding.column_index];
    }
  };
  for (const ColumnRename& rename : renames) {
    if (rename.from.table_index >= map.size()) map.resize(rename.from.table_index + 1);
    ColumnBinding to = rename.to;
    resolve(to);
    map[rename.from.table_index].push_back(to);
  }
  ForEachColumn(plan, resolve);
  for (OutputColumn& column : query->output) resolve(column.binding);
}

}  // namespace

void RemoveRenames(LogicalPtr& plan, BoundQuery* query) {
  std::vector<ColumnRename> renames;
  SimplifyDropRenames(plan, false, &renames);
  SimplifyRename(*plan, query, renames);
}

void ShareAggregates(LogicalNode& plan, BoundQuery* query) {
  std::vector<ColumnRename> renames;
  WalkLogical(plan, [&](LogicalNode& node) {
    auto* aggregate = node.As<LogicalAggregate>();
    if (aggregate == nullptr || aggregate->aggregates.size() < 2) return;
    for (uint32_t a = 1; a < aggregate->aggregates.size(); ++a) {
      for (uint32_t b = 0; b < a; ++b) {
        if (!expr::Equals(*aggregate->aggregates[a], *aggregate->aggregates[b]) ||
            expr::IsVolatile(*aggregate->aggregates[a])) {
          continue;
        }
        // The call itself stays in place (positions are bindings); nobody asks for it any more.
        renames.push_back({{aggregate->aggregate_index, a, 0}, {aggregate->aggregate_index, b, 0}});
        break;
      }
    }
  });
  if (renames.empty()) return;
  RemapColumns(plan, renames);
  for (OutputColumn& column : query->output) {
    for (const ColumnRename& rename : renames) {
      if (column.binding == rename.from) column.binding = rename.to;
    }
  }
}

}  // namespace driftdb::sql
