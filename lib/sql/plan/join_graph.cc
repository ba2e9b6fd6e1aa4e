#include "sql/plan/join_graph.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "expr/expr.h"
#include "sql/plan/access_path.h"
#include "sql/plan/cost_model.h"
#include "sql/plan/inference.h"

namespace driftdb::sql {

namespace {

bool JoinGraphIsEquality(const expr::Expr& e) {
  return e.kind == ExprKind::kComparison &&
         (e.comparison == ComparisonOp::kEqual || e.comparison == ComparisonOp::kNotDistinct);
}

constexpr RelationMask JoinGraphBit(size_t i) { return RelationMask{1} << i; }

bool JoinGraphDissolves(const LogicalNode& node) {
  if (node.As<LogicalFilter>() != nullptr) return true;
  const auto* join = node.As<LogicalJoin>();
  return join != nullptr &&
         (join->type == LogicalJoinType::kInner || JoinGraph::IsAttached(join->type));
}

}  // namespace

bool JoinGraph::IsAttached(LogicalJoinType type) {
  return type == LogicalJoinType::kLeft || type == LogicalJoinType::kSemi ||
         type == LogicalJoinType::kAnti || type == LogicalJoinType::kMark ||
         type == LogicalJoinType::kSingle;
}

size_t JoinGraph::CountRelations(const LogicalNode& node) {
  if (node.As<LogicalFilter>() != nullptr) return CountRelations(*node.children[0]);
  const auto* join = node.As<LogicalJoin>();
  if (join == nullptr || !JoinGraphDissolves(node)) return 1;
  const size_t left = CountRelations(*node.children[0]);
  if (IsAttached(join->type)) return left + 1;
  return left + CountRelations(*node.children[1]);
}

void JoinGraph::AddRelation(LogicalPtr node) {
  JoinRelation relation;
  relation.tables = OutputTables(*node);
  relation.node = std::move(node);
  relations.push_back(std::move(relation));
}

void JoinGraph::Flatten(LogicalPtr node) {
  if (auto* filter = node->As<LogicalFilter>()) {
    ExprList conjuncts = std::move(filter->conjuncts);
    Flatten(std::move(node->children[0]));
    for (ExprPtr& e : conjuncts) pending_.push_back(std::move(e));
    return;
  }
  auto* join = node->As<LogicalJoin>();
  if (join == nullptr || !JoinGraphDissolves(*node)) return AddRelation(std::move(node));
  if (join->type == LogicalJoinType::kInner) {
    Flatten(std::move(node->children[0]));
    Flatten(std::move(node->children[1]));
    for (ExprPtr& e : join->conditions) pending_.push_back(std::move(e));
    return;
  }
  const size_t first = relations.size();
  Flatten(std::move(node->children[0]));
  AddRelation(std::move(node->children[1]));
  JoinRelation& relation = relations.back();
  relation.attached = true;
  relation.join = std::move(*join);
  // Until the condition is looked at: the first relation of the left side.
  relation.required = JoinGraphBit(first);
  if (relation.join.type == LogicalJoinType::kMark) {
    relation.tables = TableSet();
    relation.tables.Add(relation.join.mark_index);
  } else if (relation.join.type == LogicalJoinType::kSemi ||
             relation.join.type == LogicalJoinType::kAnti) {
    relation.tables = TableSet();
  }
}

RelationMask JoinGraph::MaskOf(const TableSet& tables) const {
  RelationMask mask = 0;
  for (size_t i = 0; i < relations.size(); ++i) {
    if (relations[i].tables.Intersects(tables)) mask |= JoinGraphBit(i);
  }
  return mask;
}

void JoinGraph::Finish() {
  for (JoinRelation& relation : relations) {
    relation.rows = relation.base_rows = std::max(1.0, relation.node->estimated_rows);
    if (const auto* scan = relation.node->As<LogicalScan>()) {
      relation.scan = scan;
      relation.base_rows = std::max(relation.rows, estimator_.TableRows(*scan->table));
      relation.cost = TableScanCost(relation.base_rows, relation.rows, scan->columns.size());
    }
  }
  for (ExprPtr& e : pending_) AddPredicate(std::move(e));
  pending_.clear();
  BuildClasses();
  for (uint32_t i = 0; i < relations.size(); ++i) {
    if (relations[i].attached) FinishAttached(i);
  }
  neighbours.assign(relations.size(), 0);
  const auto connect = [&](RelationMask mask) {
    for (size_t i = 0; i < relations.size(); ++i) {
      if ((mask & JoinGraphBit(i)) != 0) neighbours[i] |= mask & ~JoinGraphBit(i);
    }
  };
  for (const JoinClass& c : classes) connect(c.relations);
  for (const JoinPredicate& p : predicates) {
    if (std::popcount(p.relations) > 1) connect(p.relations);
  }
  for (size_t i = 0; i < relations.size(); ++i) {
    if (relations[i].attached) connect(relations[i].required | JoinGraphBit(i));
  }
  ConnectComponents();
}

void JoinGraph::AddPredicate(ExprPtr expr) {
  const RelationMask mask = MaskOf(ReferencedTables(*expr));
  if (mask == 0 || expr::IsVolatile(*expr)) {
    above.push_back(std::move(expr));
    return;
  }
  JoinPredicate predicate;
  predicate.equality = JoinGraphIsEquality(*expr);
  predicate.selectivity = estimator_.Selectivity(*expr);
  predicate.relations = mask;
  if (std::popcount(mask) == 1) {
    JoinRelation& relation = relations[static_cast<size_t>(std::countr_zero(mask))];
    if (!relation.attached) relation.rows = std::max(1.0, relation.rows * predicate.selectivity);
  }
  predicate.expr = std::move(expr);
  predicates.push_back(std::move(predicate));
}

// Equalities between expressions of single relations that are not attached become classes.
void JoinGraph::BuildClasses() {
  EquivalenceClasses found;
  std::vector<bool> taken(predicates.size(), false);
  for (size_t i = 0; i < predicates.size(); ++i) {
    const expr::Expr& e = *predicates[i].expr;
    if (e.kind != ExprKind::kComparison || e.comparison != ComparisonOp::kEqual ||
        !(e.children[0]->type == e.children[1]->type)) {
      continue;
    }
    const RelationMask a = MaskOf(ReferencedTables(*e.children[0]));
    const RelationMask b = MaskOf(ReferencedTables(*e.children[1]));
    if (std::popcount(a) != 1 || std::popcount(b) != 1 || a == b) continue;
    if (relations[static_cast<size_t>(std::countr_zero(a))].attached ||
        relations[static_cast<size_t>(std::countr_zero(b))].attached) {
      continue;
    }
    found.Add(e);
    taken[i] = true;
  }
  std::vector<JoinPredicate> derived;
  for (const auto& members : found.classes()) {
    JoinClass c;
    for (const auto& member : members) {
      const RelationMask mask = MaskOf(member.tables);
      const auto relation = static_cast<uint32_t>(std::countr_zero(mask));
      const auto other = std::find_if(c.members.begin(), c.members.end(),
                                      [&](const auto& m) { return m.relation == relation; });
      if (other != c.members.end()) {
        // Two columns of one relation: it is restricted by itself (JG-2).
        JoinPredicate own;
        own.expr = expr::MakeComparison(ComparisonOp::kEqual, other->expr->Clone(),
                                        member.expr->Clone(), member.expr->position);
        own.relations = mask;
        own.selectivity = estimator_.Selectivity(*own.expr);
        relations[relation].rows = std::max(1.0, relations[relation].rows * own.selectivity);
        derived.push_back(std::move(own));
      }
      c.relations |= mask;
      c.members.push_back({member.expr->Clone(), relation,
                           estimator_.Distinct(*member.expr, relations[relation].rows)});
    }
    classes.push_back(std::move(c));
  }
  size_t kept = 0;
  for (size_t i = 0; i < predicates.size(); ++i) {
    if (taken[i]) continue;
    if (kept != i) predicates[kept] = std::move(predicates[i]);
    ++kept;
  }
  predicates.resize(kept);
  for (JoinPredicate& own : derived) predicates.push_back(std::move(own));
}

void JoinGraph::FinishAttached(uint32_t index) {
  JoinRelation& relation = relations[index];
  RelationMask required = 0;
  for (const ExprPtr& e : relation.join.conditions) required |= MaskOf(ReferencedTables(*e));
  required &= ~JoinGraphBit(index);
  if (required != 0) relation.required = required;
  double left = 1;
  for (size_t i = 0; i < relations.size(); ++i) {
    if ((relation.required & JoinGraphBit(i)) != 0) left = std::max(left, relations[i].rows);
  }
  switch (relation.join.type) {
    case LogicalJoinType::kLeft: {
      const double joined = estimator_.JoinRows(left, relation.rows, relation.join.conditions);
      relation.matched = std::max(1.0, joined / left);
      break;
    }
    case LogicalJoinType::kSemi:
    case LogicalJoinType::kAnti: {
      double fraction = 1;
      for (const ExprPtr& e : relation.join.conditions) {
        if (!JoinGraphIsEquality(*e)) {
          fraction *= 0.8;
          continue;
        }
        const bool first = MaskOf(ReferencedTables(*e->children[0])) != 0;
        const double dl = estimator_.Distinct(*e->children[first ? 0 : 1], 1e18);
        const double dr = estimator_.Distinct(*e->children[first ? 1 : 0], relation.rows);
        fraction *= std::min(1.0, dr / std::max(1.0, dl));
      }
      fraction = std::clamp(fraction, 1e-9, 1.0);
      relation.matched =
          relation.join.type == LogicalJoinType::kSemi ? fraction : std::max(0.02, 1 - fraction);
      break;
    }
    default:
      relation.matched = 1;
  }
}

// Regions that no predicate connects: cross products, of what is smallest.
void JoinGraph::ConnectComponents() {
  RelationMask seen = 0;
  std::vector<RelationMask> components;
  for (size_t i = 0; i < relations.size(); ++i) {
    if ((seen & JoinGraphBit(i)) != 0) continue;
    RelationMask component = JoinGraphBit(i), before = 0;
    while (component != before) {
      before = component;
      for (size_t j = 0; j < relations.size(); ++j) {
        if ((component & JoinGraphBit(j)) != 0) component |= neighbours[j];
      }
    }
    seen |= component;
    components.push_back(component);
  }
  const auto smallest = [&](RelationMask mask) {
    size_t best = 64;
    for (size_t i = 0; i < relations.size(); ++i) {
      if ((mask & JoinGraphBit(i)) == 0 || relations[i].attached) continue;
      if (best == 64 || relations[i].rows < relations[best].rows) best = i;
    }
    return best;
  };
  for (size_t a = 0; a + 1 < components.size(); ++a) {
    for (size_t b = a + 1; b < components.size(); ++b) {
      const size_t i = smallest(components[a]), j = smallest(components[b]);
      if (i == 64 || j == 64) continue;
      JoinPredicate cross;
      cross.relations = JoinGraphBit(i) | JoinGraphBit(j);
      predicates.push_back(std::move(cross));
      neighbours[i] |= JoinGraphBit(j);
      neighbours[j] |= JoinGraphBit(i);
    }
  }
}

int JoinGraph::Allowed(RelationMask a, RelationMask b) const {
  const auto lone_attached = [&](RelationMask s) -> const JoinRelation* {
    if (std::popcount(s) != 1) return nullptr;
    const JoinRelation& r = relations[static_cast<size_t>(std::countr_zero(s))];
    return r.attached ? &r : nullptr;
  };
  const JoinRelation* ra = lone_attached(a);
  const JoinRelation* rb = lone_attached(b);
  if (ra != nullptr && rb != nullptr) return 0;
  if (rb != nullptr) return (rb->required & ~a) == 0 ? 2 : 0;
  if (ra != nullptr) return (ra->required & ~b) == 0 ? 3 : 0;
  return 1;
}

bool JoinGraph::Connected(RelationMask a, RelationMask b) const {
  const RelationMask both = a | b;
  for (const JoinClass& c : classes) {
    if ((c.relations & a) != 0 && (c.relations & b) != 0) return true;
  }
  for (const JoinPredicate& p : predicates) {
    if ((p.relations & ~both) == 0 && (p.relations & a) != 0 && (p.relations & b) != 0) return true;
  }
  return Allowed(a, b) > 1;
}

// Rows of a relation whose unique key the classes between the sets cover with several columns; 0 if
// there is none.
double JoinGraph::CoveredKeyRows(RelationMask a, RelationMask b) const {
  for (const RelationMask side : {a, b}) {
    const RelationMask other = side == a ? b : a;
    for (size_t i = 0; i < relations.size(); ++i) {
      const LogicalScan* scan = relations[i].scan;
      if ((side & JoinGraphBit(i)) == 0 || scan == nullptr) continue;
      for (const auto& index : scan->table->indexes) {
        if (!index->unique || index->columns.size() < 2) continue;
        const bool covered = std::all_of(
            index->columns.begin(), index->columns.end(), [&](const catalog::IndexColumn& key) {
              return std::any_of(classes.begin(), classes.end(), [&](const JoinClass& c) {
                if ((c.relations & other) == 0) return false;
                return std::any_of(
                    c.members.begin(), c.members.end(), [&](const JoinClassMember& m) {
                      return m.relation == i &&
                             ScanOrdinal(*scan, *m.expr) == static_cast<int64_t>(key.column);
                    });
              });
            });
        if (covered) return relations[i].base_rows;
      }
    }
  }
  return 0;
}

double JoinGraph::JoinRows(RelationMask a, double a_rows, RelationMask b, double b_rows) const {
  const int allowed = Allowed(a, b);
  if (allowed > 1) {
    const RelationMask attached = allowed == 2 ? b : a;
    const JoinRelation& r = relations[static_cast<size_t>(std::countr_zero(attached))];
    double rows = (allowed == 2 ? a_rows : b_rows) * r.matched;
    for (const JoinPredicate& p : predicates) {
      if ((p.relations & ~(a | b)) == 0 && (p.relations & attached) != 0) rows *= p.selectivity;
    }
    return std::max(1.0, rows);
  }
  double selectivity = 1;
  size_t keys = 0;
  for (const JoinClass& c : classes) {
    if ((c.relations & a) == 0 || (c.relations & b) == 0) continue;
    double da = 1e300, db = 1e300;
    for (const JoinClassMember& m : c.members) {
      if ((JoinGraphBit(m.relation) & a) != 0) da = std::min(da, m.distinct);
      if ((JoinGraphBit(m.relation) & b) != 0) db = std::min(db, m.distinct);
    }
    selectivity /= std::max(1.0, std::max(da, db));
    ++keys;
  }
  if (keys >= 2) {
    const double covered = CoveredKeyRows(a, b);
    if (covered > 0) selectivity = std::max(selectivity, 1 / covered);
  }
  for (const JoinPredicate& p : predicates) {
    if ((p.relations & ~(a | b)) == 0 && (p.relations & a) != 0 && (p.relations & b) != 0) {
      selectivity *= p.selectivity;
    }
  }
  return std::max(1.0, a_rows * b_rows * selectivity);
}

bool JoinGraph::IndexJoinMatches(RelationMask a, uint32_t b, double* matches) const {
  const JoinRelation& relation = relations[b];
  if (relation.scan == nullptr || relation.scan->table->indexes.empty()) return false;
  if (relation.attached &&
      (relation.join.null_aware || relation.join.type == LogicalJoinType::kMark ||
       relation.join.type == LogicalJoinType::kSingle)) {
    return false;
  }
  const auto bound = [&](uint32_t ordinal, double* distinct) {
    for (const JoinClass& c : classes) {
      if ((c.relations & a) == 0) continue;
      for (const JoinClassMember& m : c.members) {
        if (m.relation != b ||
            ScanOrdinal(*relation.scan, *m.expr) != static_cast<int64_t>(ordinal)) {
          continue;
        }
        *distinct = estimator_.Distinct(*m.expr, relation.base_rows);
        return true;
      }
    }
    for (const ExprPtr& e : relation.join.conditions) {
      if (e->kind != ExprKind::kComparison || e->comparison != ComparisonOp::kEqual) continue;
      for (const ExprPtr& side : e->children) {
        if (ScanOrdinal(*relation.scan, *side) != static_cast<int64_t>(ordinal)) continue;
        *distinct = estimator_.Distinct(*side, relation.base_rows);
        return true;
      }
    }
    return false;
  };
  bool found = false;
  for (const auto& index : relation.scan->table->indexes) {
    double rows = relation.base_rows;
    size_t keys = 0;
    for (const catalog::IndexColumn& key : index->columns) {
      double distinct = 1;
      if (!bound(key.column, &distinct)) break;
      rows /= std::max(1.0, distinct);
      ++keys;
    }
    if (keys == 0) continue;
    if (index->unique && keys == index->columns.size()) rows = 1;
    if (!found || rows < *matches) *matches = std::max(rows, 0.01);
    found = true;
  }
  return found;
}

// One equality per class is enough between sets whose members are equal already (JG-2).
void JoinGraph::AddClassConditions(RelationMask a, RelationMask b, ExprList* conditions) const {
  for (const JoinClass& c : classes) {
    const JoinClassMember* sides[2] = {nullptr, nullptr};
    for (const JoinClassMember& m : c.members) {
      const RelationMask bit = JoinGraphBit(m.relation);
      if ((bit & a) != 0 && sides[0] == nullptr) sides[0] = &m;
      if ((bit & b) != 0 && sides[1] == nullptr) sides[1] = &m;
    }
    if (sides[0] == nullptr || sides[1] == nullptr) continue;
    conditions->push_back(expr::MakeComparison(ComparisonOp::kEqual, sides[0]->expr->Clone(),
                                               sides[1]->expr->Clone(), sides[0]->expr->position));
  }
}

LogicalPtr JoinGraph::MakeJoin(RelationMask a, LogicalPtr left, RelationMask b, LogicalPtr right,
                               double rows) {
  const int allowed = Allowed(a, b);
  LogicalJoin join;
  ExprList filters;
  if (allowed > 1) {
    if (allowed == 3) {
      std::swap(a, b);
      std::swap(left, right);
    }
    join = std::move(relations[static_cast<size_t>(std::countr_zero(b))].join);
  } else {
    AddClassConditions(a, b, &join.conditions);
  }
  for (JoinPredicate& p : predicates) {
    if (p.expr == nullptr || (p.relations & ~(a | b)) != 0) continue;
    if (allowed == 1) {
      join.conditions.push_back(std::move(p.expr));
    } else {
      filters.push_back(std::move(p.expr));
    }
  }
  LogicalPtr node = MakeLogical(std::move(join));
  node->children.push_back(std::move(left));
  node->children.push_back(std::move(right));
  node->estimated_rows = rows;
  if (filters.empty()) return node;
  LogicalPtr filter = MakeLogical(LogicalFilter{std::move(filters)});
  filter->children.push_back(std::move(node));
  filter->estimated_rows = rows;
  return filter;
}

}  // namespace driftdb::sql
