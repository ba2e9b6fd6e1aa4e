#include "sql/plan/push_down.h"

#include <algorithm>

#include "expr/function.h"
#include "sql/plan/columns.h"
#include "sql/plan/inference.h"

namespace driftdb::sql {

namespace {

using KnownList = std::vector<const expr::Expr*>;

// NULL whenever the columns of `tables` are all NULL.
bool PushNullIfNull(const expr::Expr& e, const TableSet& tables) {
  const auto any = [&] {
    return std::any_of(e.children.begin(), e.children.end(), [&](const ExprPtr& c) {
      return c != nullptr && PushNullIfNull(*c, tables);
    });
  };
  switch (e.kind) {
    case ExprKind::kColumn:
      return tables.Contains(e.column.table_index);
    case ExprKind::kConstant:
      return e.value.is_null();
    case ExprKind::kFunction:
      return e.function->strict && any();
    case ExprKind::kComparison:
      return e.comparison != ComparisonOp::kDistinct &&
             e.comparison != ComparisonOp::kNotDistinct && any();
    case ExprKind::kCast:
    case ExprKind::kNot:
    case ExprKind::kPattern:
      return any();
    case ExprKind::kInList:
    case ExprKind::kNullIf:
      return PushNullIfNull(*e.children[0], tables);
    case ExprKind::kCoalesce:
      return std::all_of(e.children.begin(), e.children.end(),
                         [&](const ExprPtr& c) { return PushNullIfNull(*c, tables); });
    default:
      return false;
  }
}

class PredicatePusher {
 public:
  explicit PredicatePusher(const OptimizerContext& context) : context_(context) {}

  LogicalPtr Push(LogicalPtr node, ExprList conjuncts, const KnownList& known);

 private:
  LogicalPtr Apply(LogicalPtr node, ExprList conjuncts);
  LogicalPtr PushRegion(LogicalPtr node, ExprList conjuncts, const KnownList& known);
  LogicalPtr Distribute(LogicalPtr node, ExprList conjuncts, const KnownList& known);
  LogicalPtr PushJoin(LogicalPtr node, ExprList conjuncts, const KnownList& known);
  LogicalPtr PushProjection(LogicalPtr node, ExprList conjuncts);
  LogicalPtr PushAggregate(LogicalPtr node, ExprList conjuncts);
  LogicalPtr PushSetOperation(LogicalPtr node, ExprList conjuncts);
  LogicalPtr PushWindow(LogicalPtr node, ExprList conjuncts);
  LogicalPtr PushDistinct(LogicalPtr node, ExprList conjuncts);
  void Reduce(LogicalNode& node, const ExprList& conjuncts, const KnownList& known);
  static void Collect(LogicalPtr& node, ExprList* conjuncts);

  const OptimizerContext& context_;
};

void PushReplace(ExprPtr& e, uint32_t table_index, const ExprList& by) {
  expr::Rewrite(e, [&](ExprPtr& part) {
    if (part->kind == ExprKind::kColumn && part->column.table_index == table_index) {
      part = by[part->column.column_index]->Clone();
    }
  });
}

bool PushIsFalse(const expr::Expr& e) {
  return e.kind == ExprKind::kConstant && (e.value.is_null() || !e.value.boolean());
}

LogicalPtr PredicatePusher::Apply(LogicalPtr node, ExprList conjuncts) {
  if (conjuncts.empty()) return node;
  if (auto* filter = node->As<LogicalFilter>()) {
    for (ExprPtr& e : conjuncts) filter->conjuncts.push_back(std::move(e));
    return node;
  }
  LogicalPtr filter = MakeLogical(LogicalFilter{std::move(conjuncts)});
  filter->children.push_back(std::move(node));
  return filter;
}

LogicalPtr PredicatePusher::Push(LogicalPtr node, ExprList conjuncts, const KnownList& known) {
  if (auto* scan = node->As<LogicalScan>()) {
    NormalizeConjuncts(&conjuncts, context_);
    for (ExprPtr& e : conjuncts) scan->filters.push_back(std::move(e));
    const bool none = std::any_of(scan->filters.begin(), scan->filters.end(),
                                  [](const ExprPtr& e) { return PushIsFalse(*e); });
    if (!none) return node;
    LogicalEmpty empty{scan->table_index, {}};
    for (const BoundColumn& column : OutputColumns(*node)) empty.types.push_back(column.type);
    return MakeLogical(std::move(empty));
  }
  if (node->As<LogicalFilter>() != nullptr)
    return PushRegion(std::move(node), std::move(conjuncts), known);
  if (auto* join = node->As<LogicalJoin>()) {
    if (join->type == LogicalJoinType::kInner) {
      return PushRegion(std::move(node), std::move(conjuncts), known);
    }
    return PushJoin(std::move(node), std::move(conjuncts), known);
  }
  if (node->As<LogicalProjection>() != nullptr) {
    return PushProjection(std::move(node), std::move(conjuncts));
  }
  if (node->As<LogicalAggregate>() != nullptr) {
    return PushAggregate(std::move(node), std::move(conjuncts));
  }
  if (node->As<LogicalSetOperation>() != nullptr) {
    return PushSetOperation(std::move(node), std::move(conjuncts));
  }
  if (node->As<LogicalWindow>() != nullptr)
    return PushWindow(std::move(node), std::move(conjuncts));
  if (node->As<LogicalDistinct>() != nullptr) {
    return PushDistinct(std::move(node), std::move(conjuncts));
  }
  if (node->As<LogicalSort>() != nullptr) {
    node->children[0] = Push(std::move(node->children[0]), std::move(conjuncts), known);
    return node;
  }
  if (node->As<LogicalCte>() != nullptr) {
    node->children[0] = Push(std::move(node->children[0]), {}, {});
    node->children[1] = Push(std::move(node->children[1]), std::move(conjuncts), known);
    return node;
  }
  for (LogicalPtr& child : node->children) child = Push(std::move(child), {}, {});
  return Apply(std::move(node), std::move(conjuncts));
}

// Takes the conjuncts out of a tree of inner joins and filters.
void PredicatePusher::Collect(LogicalPtr& node, ExprList* conjuncts) {
  while (auto* filter = node->As<LogicalFilter>()) {
    for (ExprPtr& e : filter->conjuncts) {
      for (ExprPtr& part : expr::SplitConjunction(std::move(e))) {
        conjuncts->push_back(std::move(part));
      }
    }
    LogicalPtr child = std::move(node->children[0]);
    node = std::move(child);
  }
  auto* join = node->As<LogicalJoin>();
  if (join == nullptr || join->type != LogicalJoinType::kInner) return;
  for (ExprPtr& e : join->conditions) {
    for (ExprPtr& part : expr::SplitConjunction(std::move(e)))
      conjuncts->push_back(std::move(part));
  }
  join->conditions.clear();
  Collect(node->children[0], conjuncts);
  Collect(node->children[1], conjuncts);
}

LogicalPtr PredicatePusher::PushRegion(LogicalPtr node, ExprList conjuncts,
                                       const KnownList& known) {
  Collect(node, &conjuncts);
  NormalizeConjuncts(&conjuncts, context_);
  // Outer joins that turn into inner ones bring their conditions into the region.
  for (size_t round = 0; round < 64; ++round) {
    const size_t before = conjuncts.size();
    bool reduced = false;
    const auto visit = [&](const auto& self, LogicalPtr& at) -> void {
      auto* join = at->As<LogicalJoin>();
      if (join == nullptr) return;
      if (join->type != LogicalJoinType::kInner) {
        Reduce(*at, conjuncts, known);
        if (join->type == LogicalJoinType::kInner) {
          reduced = true;
          Collect(at, &conjuncts);
        }
        return;
      }
      self(self, at->children[0]);
      self(self, at->children[1]);
    };
    visit(visit, node);
    if (!reduced) break;
    if (conjuncts.size() != before) NormalizeConjuncts(&conjuncts, context_);
  }
  InferConjuncts(&conjuncts, context_);
  return Distribute(std::move(node), std::move(conjuncts), known);
}

// Hands conjuncts to the side of an inner join that has all their columns.
LogicalPtr PredicatePusher::Distribute(LogicalPtr node, ExprList conjuncts,
                                       const KnownList& known) {
  auto* join = node->As<LogicalJoin>();
  if (join == nullptr || join->type != LogicalJoinType::kInner) {
    return Push(std::move(node), std::move(conjuncts), known);
  }
  const TableSet left = OutputTables(*node->children[0]);
  const TableSet right = OutputTables(*node->children[1]);
  ExprList to_left, to_right, above;
  for (ExprPtr& e : conjuncts) {
    const TableSet tables = ReferencedTables(*e);
    if (expr::IsVolatile(*e)) {
      above.push_back(std::move(e));
    } else if (tables.IsSubsetOf(left)) {
      to_left.push_back(std::move(e));
    } else if (tables.IsSubsetOf(right)) {
      to_right.push_back(std::move(e));
    } else {
      join->conditions.push_back(std::move(e));
    }
  }
  KnownList inner = known;
  for (const ExprPtr& e : join->conditions) inner.push_back(e.get());
  node->children[0] = Distribute(std::move(node->children[0]), std::move(to_left), inner);
  node->children[1] = Distribute(std::move(node->children[1]), std::move(to_right), inner);
  return Apply(std::move(node), std::move(above));
}

// Weakens an outer join whose padded rows some predicate above rejects.
void PredicatePusher::Reduce(LogicalNode& node, const ExprList& conjuncts, const KnownList& known) {
  auto& join = *node.As<LogicalJoin>();
  const bool pads_right =
      join.type == LogicalJoinType::kLeft || join.type == LogicalJoinType::kFull;
  const bool pads_left =
      join.type == LogicalJoinType::kRight || join.type == LogicalJoinType::kFull;
  if ((!pads_left && !pads_right) || !context_.enabled(OptimizerRule::kOuterToInner)) return;
  const auto rejected = [&](size_t side) {
    const TableSet tables = OutputTables(*node.children[side]);
    const auto rejects = [&](const expr::Expr& e) { return RejectsNulls(e, tables); };
    return std::any_of(conjuncts.begin(), conjuncts.end(),
                       [&](const ExprPtr& e) { return rejects(*e); }) ||
           std::any_of(known.begin(), known.end(),
                       [&](const expr::Expr* e) { return rejects(*e); });
  };
  const bool no_left = !pads_left || rejected(0);
  const bool no_right = !pads_right || rejected(1);
  if (no_left && no_right) {
    join.type = LogicalJoinType::kInner;
  } else if (join.type == LogicalJoinType::kFull) {
    if (no_left) join.type = LogicalJoinType::kLeft;
    if (no_right) join.type = LogicalJoinType::kRight;
  }
}

// Joins that are not inner: their own conditions may restrict the side they do not preserve.
LogicalPtr PredicatePusher::PushJoin(LogicalPtr node, ExprList conjuncts, const KnownList& known) {
  Reduce(*node, conjuncts, known);
  auto* join = node->As<LogicalJoin>();
  if (join->type == LogicalJoinType::kInner) {
    return PushRegion(std::move(node), std::move(conjuncts), known);
  }
  if (join->type == LogicalJoinType::kRight) {
    std::swap(node->children[0], node->children[1]);
    join->type = LogicalJoinType::kLeft;
  }
  const TableSet left = OutputTables(*node->children[0]);
  TableSet right = OutputTables(*node->children[1]);
  ExprList to_left, to_right, above, conditions;
  const bool full = join->type == LogicalJoinType::kFull;
  for (ExprPtr& e : conjuncts) {
    const bool down = !full && !expr::IsVolatile(*e) && ReferencedTables(*e).IsSubsetOf(left);
    (down ? to_left : above).push_back(std::move(e));
  }
  NormalizeConjuncts(&join->conditions, context_);
  ExprList inferred;
  if (!full && !join->null_aware && context_.enabled(OptimizerRule::kTransitive)) {
    // What holds of left rows and the condition together holds of the right rows that matter.
    for (const ExprPtr& e : join->conditions) inferred.push_back(e->Clone());
    for (const ExprPtr& e : to_left) inferred.push_back(e->Clone());
    const size_t own = inferred.size();
    InferConjuncts(&inferred, context_);
    for (size_t i = own; i < inferred.size(); ++i) {
      const TableSet tables = ReferencedTables(*inferred[i]);
      if (!tables.empty() && tables.IsSubsetOf(right)) to_right.push_back(std::move(inferred[i]));
    }
  }
  for (ExprPtr& e : join->conditions) {
    const TableSet tables = ReferencedTables(*e);
    if (!full && !join->null_aware && !expr::IsVolatile(*e) && !tables.empty() &&
        tables.IsSubsetOf(right)) {
      to_right.push_back(std::move(e));
    } else if (join->type == LogicalJoinType::kSemi && !expr::IsVolatile(*e) &&
               tables.IsSubsetOf(left)) {
      to_left.push_back(std::move(e));
    } else {
      conditions.push_back(std::move(e));
    }
  }
  join->conditions = std::move(conditions);
  KnownList left_known = full ? KnownList() : known;
  KnownList right_known;
  if (join->type == LogicalJoinType::kSemi) {
    for (const ExprPtr& e : join->conditions) left_known.push_back(e.get());
  }
  if (!full && !join->null_aware) {
    for (const ExprPtr& e : join->conditions) right_known.push_back(e.get());
  }
  node->children[0] = Push(std::move(node->children[0]), std::move(to_left), left_known);
  node->children[1] = Push(std::move(node->children[1]), std::move(to_right), right_known);
  return Apply(std::move(node), std::move(above));
}

LogicalPtr PredicatePusher::PushProjection(LogicalPtr node, ExprList conjuncts) {
  auto& projection = *node->As<LogicalProjection>();
  ExprList below, above;
  for (ExprPtr& e : conjuncts) {
    ExprPtr inlined = e->Clone();
    PushReplace(inlined, projection.table_index, projection.expressions);
    if (expr::IsVolatile(*inlined)) {
      above.push_back(std::move(e));
    } else {
      below.push_back(std::move(inlined));
    }
  }
  node->children[0] = Push(std::move(node->children[0]), std::move(below), {});
  return Apply(std::move(node), std::move(above));
}

LogicalPtr PredicatePusher::PushAggregate(LogicalPtr node, ExprList conjuncts) {
  auto& aggregate = *node->As<LogicalAggregate>();
  TableSet groups;
  groups.Add(aggregate.group_index);
  ExprList below, above;
  for (ExprPtr& e : conjuncts) {
    const TableSet tables = ReferencedTables(*e);
    if (!aggregate.groups.empty() && aggregate.grouping_sets.empty() && !tables.empty() &&
        tables.IsSubsetOf(groups) && !expr::IsVolatile(*e)) {
      PushReplace(e, aggregate.group_index, aggregate.groups);
      below.push_back(std::move(e));
    } else {
      above.push_back(std::move(e));
    }
  }
  node->children[0] = Push(std::move(node->children[0]), std::move(below), {});
  return Apply(std::move(node), std::move(above));
}

LogicalPtr PredicatePusher::PushSetOperation(LogicalPtr node, ExprList conjuncts) {
  auto& set = *node->As<LogicalSetOperation>();
  ExprList sides[2], above;
  for (ExprPtr& e : conjuncts) {
    if (expr::IsVolatile(*e) || ReferencedTables(*e).empty()) {
      above.push_back(std::move(e));
      continue;
    }
    for (size_t side = 0; side < 2; ++side) {
      const std::vector<ColumnBinding>& columns = side == 0 ? set.left : set.right;
      ExprPtr copy = e->Clone();
      expr::Rewrite(copy, [&](ExprPtr& part) {
        if (part->kind == ExprKind::kColumn && part->column.table_index == set.table_index) {
          part->column = columns[part->column.column_index];
        }
      });
      sides[side].push_back(std::move(copy));
    }
  }
  node->children[0] = Push(std::move(node->children[0]), std::move(sides[0]), {});
  node->children[1] = Push(std::move(node->children[1]), std::move(sides[1]), {});
  return Apply(std::move(node), std::move(above));
}

LogicalPtr PredicatePusher::PushWindow(LogicalPtr node, ExprList conjuncts) {
  const auto& window = *node->As<LogicalWindow>();
  ExprList below, above;
  for (ExprPtr& e : conjuncts) {
    bool partition = !expr::IsVolatile(*e);
    expr::Walk(*e, [&](const expr::Expr& part) {
      if (part.kind != ExprKind::kColumn) return partition;
      for (const ExprPtr& call : window.calls) {
        const ExprList& keys = call->window->partition_by;
        partition = partition && std::any_of(keys.begin(), keys.end(), [&](const ExprPtr& k) {
                      return expr::Equals(*k, part);
                    });
      }
      return partition;
    });
    (partition ? below : above).push_back(std::move(e));
  }
  node->children[0] = Push(std::move(node->children[0]), std::move(below), {});
  return Apply(std::move(node), std::move(above));
}

LogicalPtr PredicatePusher::PushDistinct(LogicalPtr node, ExprList conjuncts) {
  const auto& distinct = *node->As<LogicalDistinct>();
  ExprList below, above;
  for (ExprPtr& e : conjuncts) {
    bool keys = !expr::IsVolatile(*e);
    expr::Walk(*e, [&](const expr::Expr& part) {
      if (part.kind == ExprKind::kColumn && !distinct.on.empty()) {
        keys = keys && std::any_of(distinct.on.begin(), distinct.on.end(),
                                   [&](const ExprPtr& k) { return expr::Equals(*k, part); });
      }
      return keys;
    });
    (keys ? below : above).push_back(std::move(e));
  }
  node->children[0] = Push(std::move(node->children[0]), std::move(below), {});
  return Apply(std::move(node), std::move(above));
}

}  // namespace

bool RejectsNulls(const expr::Expr& e, const TableSet& tables) {
  switch (e.kind) {
    case ExprKind::kAnd:
      return std::any_of(e.children.begin(), e.children.end(),
                         [&](const ExprPtr& c) { return RejectsNulls(*c, tables); });
    case ExprKind::kOr:
      return std::all_of(e.children.begin(), e.children.end(),
                         [&](const ExprPtr& c) { return RejectsNulls(*c, tables); });
    case ExprKind::kIsTest:
      if (e.is_test == expr::IsTest::kNull) {
        return e.negated && PushNullIfNull(*e.children[0], tables);
      }
      return e.is_test == expr::IsTest::kTrue && !e.negated && RejectsNulls(*e.children[0], tables);
    default:
      return PushNullIfNull(e, tables);
  }
}

LogicalPtr PushDownPredicates(LogicalPtr plan, const OptimizerContext& context) {
  return PredicatePusher(context).Push(std::move(plan), {}, {});
}

}  // namespace driftdb::sql
