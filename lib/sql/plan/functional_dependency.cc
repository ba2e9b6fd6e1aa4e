#include "sql/plan/functional_dependency.h"

#include <algorithm>

#include "expr/aggregate.h"
#include "sql/plan/columns.h"

namespace driftdb::sql {

namespace {

bool DependencyHas(const std::vector<ColumnBinding>& columns, const ColumnBinding& column) {
  return std::find(columns.begin(), columns.end(), column) != columns.end();
}

bool DependencyIsEquality(const expr::Expr& e) {
  return e.kind == ExprKind::kComparison && (e.comparison == expr::ComparisonOp::kEqual ||
                                             e.comparison == expr::ComparisonOp::kNotDistinct);
}

// A value that is the same for every row of one execution.
bool DependencyIsFixed(const expr::Expr& e) {
  return ReferencedTables(e).empty() && !expr::IsVolatile(e) &&
         !expr::ContainsKind(e, ExprKind::kSubquery);
}

// Columns that a conjunct sets to one value.
void DependencyAddFixed(const ExprList& conjuncts, std::vector<ColumnBinding>* columns) {
  for (const ExprPtr& e : conjuncts) {
    if (!DependencyIsEquality(*e)) continue;
    for (int side = 0; side < 2; ++side) {
      const expr::Expr& column = *e->children[static_cast<size_t>(side)];
      if (column.kind == ExprKind::kColumn &&
          DependencyIsFixed(*e->children[static_cast<size_t>(1 - side)])) {
        columns->push_back(column.column);
      }
    }
  }
}

// Calls `key` with the bindings of each unique key of the scan whose columns it all reads.
template <typename F>
void DependencyForEachKey(const LogicalScan& scan, F key) {
  const auto binding_of = [&](uint32_t ordinal) -> int64_t {
    for (uint32_t i = 0; i < scan.columns.size(); ++i) {
      if (scan.columns[i] == ordinal) return i;
    }
    return -1;
  };
  const auto offer = [&](const std::vector<uint32_t>& ordinals) {
    std::vector<ColumnBinding> bindings;
    for (uint32_t ordinal : ordinals) {
      const int64_t i = binding_of(ordinal);
      if (i < 0 || (ordinal != kRowIdColumn && !scan.table->columns[ordinal].not_null)) return;
      bindings.push_back({scan.table_index, static_cast<uint32_t>(i), 0});
    }
    key(bindings);
  };
  for (const catalog::ConstraintEntry& constraint : scan.table->constraints) {
    if (constraint.type != catalog::ConstraintType::kCheck) offer(constraint.columns);
  }
  for (const auto& index : scan.table->indexes) {
    if (!index->unique) continue;
    std::vector<uint32_t> ordinals;
    for (const catalog::IndexColumn& column : index->columns) ordinals.push_back(column.column);
    offer(ordinals);
  }
  offer({kRowIdColumn});
}

// Parts of a tree of inner joins and filters: what is no such node, and all conjuncts.
void DependencyFlatten(const LogicalNode& node, std::vector<const LogicalNode*>* parts,
                       std::vector<const expr::Expr*>* equalities) {
  const auto* filter = node.As<LogicalFilter>();
  const auto* join = node.As<LogicalJoin>();
  if (filter == nullptr && (join == nullptr || join->type != LogicalJoinType::kInner)) {
    parts->push_back(&node);
    return;
  }
  for (const ExprPtr& e : filter != nullptr ? filter->conjuncts : join->conditions) {
    if (DependencyIsEquality(*e)) equalities->push_back(e.get());
  }
  for (const LogicalPtr& child : node.children) DependencyFlatten(*child, parts, equalities);
}

// Given values of `columns`, each part whose row they determine determines further columns by the
// equalities, until every part is determined or none is left that is. Polynomial in the number of
// parts, where a recursion over the sides of each join would be exponential.
bool DependencyUniqueRegion(const LogicalNode& node, std::vector<ColumnBinding> columns) {
  std::vector<const LogicalNode*> parts;
  std::vector<const expr::Expr*> equalities;
  DependencyFlatten(node, &parts, &equalities);
  TableSet determined;  // tables of the parts whose row is known
  const auto known = [&](const expr::Expr& e) {
    if (e.kind == ExprKind::kColumn && DependencyHas(columns, e.column)) return true;
    return ReferencedTables(e).IsSubsetOf(determined) && !expr::IsVolatile(e) &&
           !expr::ContainsKind(e, ExprKind::kSubquery);
  };
  const auto propagate = [&] {
    for (bool changed = true; changed;) {
      changed = false;
      for (const expr::Expr* e : equalities) {
        for (size_t side = 0; side < 2; ++side) {
          const expr::Expr& column = *e->children[side];
          if (column.kind != ExprKind::kColumn || DependencyHas(columns, column.column) ||
              determined.Contains(column.column.table_index) || !known(*e->children[1 - side])) {
            continue;
          }
          columns.push_back(column.column);
          changed = true;
        }
      }
    }
  };
  while (!parts.empty()) {
    propagate();
    const size_t before = parts.size();
    std::erase_if(parts, [&](const LogicalNode* part) {
      if (!IsUniqueOn(*part, columns)) return false;
      determined.Union(OutputTables(*part));
      return true;
    });
    if (parts.size() == before) return false;
  }
  return true;
}

bool DependencyUniqueJoin(const LogicalNode& node, const LogicalJoin& join,
                          const std::vector<ColumnBinding>& columns) {
  switch (join.type) {
    case LogicalJoinType::kSemi:
    case LogicalJoinType::kAnti:
    case LogicalJoinType::kMark:
    case LogicalJoinType::kSingle:
      return IsUniqueOn(*node.children[0], columns);
    case LogicalJoinType::kInner:
      return DependencyUniqueRegion(node, columns);
    case LogicalJoinType::kLeft:
      break;
    default:
      return false;
  }
  if (!IsUniqueOn(*node.children[0], columns)) return false;
  // Of one left row: the right columns equated with the left side have one value each.
  const TableSet right_tables = OutputTables(*node.children[1]);
  std::vector<ColumnBinding> right_keys = columns;
  for (const ExprPtr& e : join.conditions) {
    if (!DependencyIsEquality(*e)) continue;
    for (size_t side = 0; side < 2; ++side) {
      const expr::Expr& a = *e->children[side];
      const expr::Expr& b = *e->children[1 - side];
      if (a.kind == ExprKind::kColumn && right_tables.Contains(a.column.table_index) &&
          !ReferencedTables(b).Intersects(right_tables)) {
        right_keys.push_back(a.column);
      }
    }
  }
  return IsUniqueOn(*node.children[1], right_keys);
}

bool DependencyUniqueProjection(const LogicalNode& node, const LogicalProjection& projection,
                                const std::vector<ColumnBinding>& columns) {
  std::vector<ColumnBinding> below;
  for (const ColumnBinding& column : columns) {
    if (column.table_index != projection.table_index) continue;
    const expr::Expr& e = *projection.expressions[column.column_index];
    if (e.kind == ExprKind::kColumn) below.push_back(e.column);
  }
  return IsUniqueOn(*node.children[0], below);
}

}  // namespace

bool YieldsExactlyOneRow(const LogicalNode& node) {
  if (node.As<LogicalSingleRow>() != nullptr) return true;
  if (const auto* n = node.As<LogicalAggregate>()) {
    return n->groups.empty() && n->grouping_sets.size() <= 1;
  }
  if (const auto* n = node.As<LogicalValues>()) return n->rows.size() == 1;
  if (node.As<LogicalProjection>() != nullptr || node.As<LogicalSort>() != nullptr ||
      node.As<LogicalWindow>() != nullptr || node.As<LogicalDistinct>() != nullptr) {
    return YieldsExactlyOneRow(*node.children[0]);
  }
  if (node.As<LogicalCte>() != nullptr) return YieldsExactlyOneRow(*node.children[1]);
  if (const auto* join = node.As<LogicalJoin>()) {
    const bool left = YieldsExactlyOneRow(*node.children[0]);
    if (join->type == LogicalJoinType::kMark || join->type == LogicalJoinType::kSingle) return left;
    if (!left || !YieldsExactlyOneRow(*node.children[1])) return false;
    return join->type == LogicalJoinType::kLeft ||
           (join->type == LogicalJoinType::kInner && join->conditions.empty());
  }
  return false;
}

bool YieldsOneRowAtMost(const LogicalNode& node) {
  if (const auto* n = node.As<LogicalLimit>()) {
    if (!n->with_ties && n->limit != nullptr && n->limit->kind == ExprKind::kConstant &&
        !n->limit->value.is_null() && n->limit->value.int64() <= 1) {
      return true;
    }
  }
  if (node.As<LogicalEmpty>() != nullptr) return true;
  return YieldsExactlyOneRow(node) || IsUniqueOn(node, {});
}

bool IsUniqueOn(const LogicalNode& node, const std::vector<ColumnBinding>& columns) {
  if (const auto* scan = node.As<LogicalScan>()) {
    std::vector<ColumnBinding> fixed = columns;
    DependencyAddFixed(scan->filters, &fixed);
    bool unique = false;
    DependencyForEachKey(*scan, [&](const std::vector<ColumnBinding>& key) {
      unique = unique || std::all_of(key.begin(), key.end(), [&](const ColumnBinding& c) {
                 return DependencyHas(fixed, c);
               });
    });
    return unique;
  }
  if (node.As<LogicalSingleRow>() != nullptr || node.As<LogicalEmpty>() != nullptr) return true;
  if (const auto* n = node.As<LogicalValues>()) return n->rows.size() <= 1;
  if (node.As<LogicalFilter>() != nullptr) return DependencyUniqueRegion(node, columns);
  if (const auto* n = node.As<LogicalProjection>()) {
    return DependencyUniqueProjection(node, *n, columns);
  }
  if (const auto* n = node.As<LogicalAggregate>()) {
    if (n->grouping_sets.size() > 1) return false;
    for (uint32_t g = 0; g < n->groups.size(); ++g) {
      if (!DependencyHas(columns, {n->group_index, g, 0})) return false;
    }
    return true;
  }
  if (const auto* n = node.As<LogicalDistinct>()) {
    if (IsUniqueOn(*node.children[0], columns)) return true;
    if (!n->on.empty()) {
      return std::all_of(n->on.begin(), n->on.end(), [&](const ExprPtr& e) {
        return e->kind == ExprKind::kColumn && DependencyHas(columns, e->column);
      });
    }
    const std::vector<BoundColumn> all = OutputColumns(*node.children[0]);
    return std::all_of(all.begin(), all.end(),
                       [&](const BoundColumn& c) { return DependencyHas(columns, c.binding); });
  }
  if (const auto* n = node.As<LogicalSetOperation>()) {
    if (n->all) return false;
    for (uint32_t i = 0; i < n->types.size(); ++i) {
      if (!DependencyHas(columns, {n->table_index, i, 0})) return false;
    }
    return true;
  }
  if (const auto* join = node.As<LogicalJoin>()) return DependencyUniqueJoin(node, *join, columns);
  if (node.As<LogicalSort>() != nullptr || node.As<LogicalLimit>() != nullptr ||
      node.As<LogicalWindow>() != nullptr) {
    return IsUniqueOn(*node.children[0], columns);
  }
  if (node.As<LogicalCte>() != nullptr) return IsUniqueOn(*node.children[1], columns);
  return false;
}

namespace {

// lhs determines every column of a table (all_of_table), or `rhs`.
struct Dependency {
  std::vector<ColumnBinding> lhs;
  ColumnBinding rhs;
  bool all_of_table = false;
};

void DependencyCollectEqualities(const ExprList& conjuncts, std::vector<Dependency>* out) {
  for (const ExprPtr& e : conjuncts) {
    if (!DependencyIsEquality(*e)) continue;
    const expr::Expr& a = *e->children[0];
    const expr::Expr& b = *e->children[1];
    if (a.kind == ExprKind::kColumn && b.kind == ExprKind::kColumn) {
      out->push_back({{a.column}, b.column, false});
      out->push_back({{b.column}, a.column, false});
    } else if (a.kind == ExprKind::kColumn && DependencyIsFixed(b)) {
      out->push_back({{}, a.column, false});
    } else if (b.kind == ExprKind::kColumn && DependencyIsFixed(a)) {
      out->push_back({{}, b.column, false});
    }
  }
}

// `padded`: rows of NULLs may be added above, so constants hold no longer (equalities and keys do).
void DependencyCollect(const LogicalNode& node, bool padded, std::vector<Dependency>* out) {
  std::vector<Dependency> own;
  bool left_padded = padded, right_padded = padded;
  if (const auto* scan = node.As<LogicalScan>()) {
    DependencyForEachKey(*scan, [&](const std::vector<ColumnBinding>& key) {
      if (!key.empty()) own.push_back({key, {scan->table_index, 0, 0}, true});
    });
    DependencyCollectEqualities(scan->filters, &own);
  } else if (const auto* filter = node.As<LogicalFilter>()) {
    DependencyCollectEqualities(filter->conjuncts, &own);
  } else if (const auto* projection = node.As<LogicalProjection>()) {
    for (uint32_t i = 0; i < projection->expressions.size(); ++i) {
      const expr::Expr& e = *projection->expressions[i];
      const ColumnBinding column{projection->table_index, i, 0};
      if (e.kind == ExprKind::kColumn) {
        own.push_back({{e.column}, column, false});
        own.push_back({{column}, e.column, false});
      }
    }
  } else if (const auto* aggregate = node.As<LogicalAggregate>()) {
    if (aggregate->grouping_sets.size() > 1) return;
    std::vector<ColumnBinding> keys;
    for (uint32_t g = 0; g < aggregate->groups.size(); ++g) {
      keys.push_back({aggregate->group_index, g, 0});
    }
    own.push_back({keys, {aggregate->aggregate_index, 0, 0}, true});
    for (uint32_t g = 0; g < aggregate->groups.size(); ++g) {
      const expr::Expr& e = *aggregate->groups[g];
      if (e.kind == ExprKind::kColumn) {
        own.push_back({{e.column}, keys[g], false});
        own.push_back({{keys[g]}, e.column, false});
      }
    }
  } else if (const auto* join = node.As<LogicalJoin>()) {
    if (join->type == LogicalJoinType::kInner) DependencyCollectEqualities(join->conditions, &own);
    left_padded =
        padded || join->type == LogicalJoinType::kRight || join->type == LogicalJoinType::kFull;
    right_padded =
        padded || (join->type != LogicalJoinType::kInner && join->type != LogicalJoinType::kRight);
  } else if (node.As<LogicalSetOperation>() != nullptr) {
    return;
  }
  for (Dependency& d : own) {
    if (!padded || !d.lhs.empty()) out->push_back(std::move(d));
  }
  for (size_t i = 0; i < node.children.size(); ++i) {
    if (node.As<LogicalCte>() != nullptr && i == 0) continue;
    DependencyCollect(*node.children[i], i == 0 ? left_padded : right_padded, out);
  }
}

// Closure of a set of columns under dependencies.
struct DependencyClosure {
  std::vector<ColumnBinding> columns;
  TableSet whole;  // tables all of whose columns are determined

  bool Has(const ColumnBinding& column) const {
    return whole.Contains(column.table_index) || DependencyHas(columns, column);
  }
  bool Has(const expr::Expr& e) const {
    bool all = true;
    expr::Walk(e, [&](const expr::Expr& n) {
      if (n.kind == ExprKind::kColumn && !Has(n.column)) all = false;
      return all;
    });
    return all && expr::VolatilityOf(e) != expr::Volatility::kVolatile;
  }
  void Close(const std::vector<Dependency>& dependencies) {
    std::vector<bool> used(dependencies.size(), false);
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t i = 0; i < dependencies.size(); ++i) {
        const Dependency& d = dependencies[i];
        if (used[i] || !std::all_of(d.lhs.begin(), d.lhs.end(),
                                    [&](const ColumnBinding& c) { return Has(c); })) {
          continue;
        }
        used[i] = changed = true;
        if (d.all_of_table) {
          whole.Add(d.rhs.table_index);
        } else {
          columns.push_back(d.rhs);
        }
      }
    }
  }
};

}  // namespace

std::vector<bool> DependentGroups(const LogicalNode& node) {
  const auto& aggregate = *node.As<LogicalAggregate>();
  std::vector<bool> dependent(aggregate.groups.size(), false);
  if (aggregate.groups.size() < 2) return dependent;
  std::vector<Dependency> dependencies;
  DependencyCollect(*node.children[0], false, &dependencies);
  if (dependencies.empty()) return dependent;
  // Wide and long values go first, so that the key that stays is short.
  const auto try_remove = [&](size_t g) {
    DependencyClosure closure;
    for (size_t i = 0; i < aggregate.groups.size(); ++i) {
      if (i == g || dependent[i]) continue;
      const expr::Expr& e = *aggregate.groups[i];
      if (e.kind == ExprKind::kColumn) closure.columns.push_back(e.column);
    }
    closure.Close(dependencies);
    if (closure.Has(*aggregate.groups[g])) dependent[g] = true;
  };
  for (size_t g = aggregate.groups.size(); g-- > 0;) {
    if (aggregate.groups[g]->type.is_string()) try_remove(g);
  }
  for (size_t g = aggregate.groups.size(); g-- > 0;) {
    if (!dependent[g]) try_remove(g);
  }
  // A group must have a key, unless it is one group by constants, which the first key stands for.
  if (std::all_of(dependent.begin(), dependent.end(), [](bool d) { return d; })) {
    dependent[0] = false;
  }
  return dependent;
}

bool IsNullable(const LogicalNode& node, const expr::Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kConstant:
      return expr.value.is_null();
    case ExprKind::kColumn:
      return IsNullable(node, expr.column);
    case ExprKind::kCast:
      return IsNullable(node, *expr.children[0]);
    default:
      return true;
  }
}

bool IsNullable(const LogicalNode& node, const ColumnBinding& column) {
  if (const auto* scan = node.As<LogicalScan>()) {
    if (scan->table_index != column.table_index) return true;
    const uint32_t ordinal = scan->columns[column.column_index];
    return ordinal != kRowIdColumn && !scan->table->columns[ordinal].not_null;
  }
  if (const auto* n = node.As<LogicalProjection>()) {
    if (n->table_index != column.table_index) return true;
    return IsNullable(*node.children[0], *n->expressions[column.column_index]);
  }
  if (const auto* n = node.As<LogicalAggregate>()) {
    if (n->group_index == column.table_index && n->grouping_sets.empty()) {
      return IsNullable(*node.children[0], *n->groups[column.column_index]);
    }
    if (n->aggregate_index != column.table_index) return true;
    const auto& call = *n->aggregates[column.column_index]->aggregate;
    return !call.function->zero_on_empty;
  }
  if (const auto* join = node.As<LogicalJoin>()) {
    const bool from_left = OutputTables(*node.children[0]).Contains(column.table_index);
    const bool from_right = OutputTables(*node.children[1]).Contains(column.table_index);
    if (from_left) {
      return join->type == LogicalJoinType::kRight || join->type == LogicalJoinType::kFull ||
             IsNullable(*node.children[0], column);
    }
    return !from_right ||
           (join->type != LogicalJoinType::kInner && join->type != LogicalJoinType::kRight) ||
           IsNullable(*node.children[1], column);
  }
  if (node.As<LogicalFilter>() != nullptr || node.As<LogicalSort>() != nullptr ||
      node.As<LogicalLimit>() != nullptr || node.As<LogicalDistinct>() != nullptr ||
      node.As<LogicalWindow>() != nullptr) {
    if (const auto* filter = node.As<LogicalFilter>()) {
      for (const ExprPtr& e : filter->conjuncts) {
        if (e->kind == ExprKind::kIsTest && e->is_test == expr::IsTest::kNull && e->negated &&
            e->children[0]->kind == ExprKind::kColumn && e->children[0]->column == column) {
          return false;
        }
      }
    }
    return IsNullable(*node.children[0], column);
  }
  return true;
}

}  // namespace driftdb::sql
