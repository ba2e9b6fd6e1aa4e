#include "sql/plan/inference.h"

#include <algorithm>

#include "expr/expr.h"

namespace driftdb::sql {

int64_t EquivalenceClasses::Find(const expr::Expr& expr) const {
  for (size_t i = 0; i < classes_.size(); ++i) {
    for (const Member& member : classes_[i]) {
      if (expr::Equals(*member.expr, expr)) return static_cast<int64_t>(i);
    }
  }
  return -1;
}

void EquivalenceClasses::Add(const expr::Expr& conjunct) {
  if (conjunct.kind != ExprKind::kComparison || conjunct.comparison != ComparisonOp::kEqual ||
      expr::IsVolatile(conjunct)) {
    return;
  }
  const expr::Expr& a = *conjunct.children[0];
  const expr::Expr& b = *conjunct.children[1];
  if (!(a.type == b.type)) return;
  const int64_t x = Find(a), y = Find(b);
  if (x >= 0 && x == y) return;
  if (x >= 0 && y >= 0) {
    auto& to = classes_[static_cast<size_t>(x)];
    auto& from = classes_[static_cast<size_t>(y)];
    to.insert(to.end(), from.begin(), from.end());
    classes_.erase(classes_.begin() + y);
  } else if (x >= 0) {
    classes_[static_cast<size_t>(x)].push_back({&b, ReferencedTables(b)});
  } else if (y >= 0) {
    classes_[static_cast<size_t>(y)].push_back({&a, ReferencedTables(a)});
  } else {
    classes_.push_back({{&a, ReferencedTables(a)}, {&b, ReferencedTables(b)}});
  }
}

namespace {

bool InferenceHas(const ExprList& conjuncts, const expr::Expr& e) {
  return std::any_of(conjuncts.begin(), conjuncts.end(), [&](const ExprPtr& c) {
    if (expr::Equals(*c, e)) return true;
    return c->kind == ExprKind::kComparison && e.kind == ExprKind::kComparison &&
           c->comparison == expr::FlipComparison(e.comparison) &&
           expr::Equals(*c->children[0], *e.children[1]) &&
           expr::Equals(*c->children[1], *e.children[0]);
  });
}

void InferenceAdd(ExprPtr e, ExprList* conjuncts) {
  if (!InferenceHas(*conjuncts, *e)) conjuncts->push_back(std::move(e));
}

// A conjunct that speaks of one column only and of constants; null otherwise.
const expr::Expr* InferenceOnlyColumn(const expr::Expr& conjunct) {
  const expr::Expr* column = nullptr;
  bool single = true;
  expr::Walk(conjunct, [&](const expr::Expr& e) {
    if (e.kind == ExprKind::kSubquery) single = false;
    if (e.kind == ExprKind::kColumn) {
      single = single && (column == nullptr || column->column == e.column);
      column = &e;
    }
    return single;
  });
  return single ? column : nullptr;
}

void InferenceSpread(ExprList* conjuncts) {
  EquivalenceClasses classes;
  const size_t own = conjuncts->size();
  ExprList derived;
  for (size_t i = 0; i < own; ++i) classes.Add(*(*conjuncts)[i]);
  if (classes.classes().empty()) return;
  for (const auto& members : classes.classes()) {
    if (members.size() < 3) continue;
    const auto constant = std::find_if(members.begin(), members.end(),
                                       [](const auto& m) { return m.tables.empty(); });
    if (constant == members.end()) continue;
    for (const auto& member : members) {
      if (member.tables.empty()) continue;
      derived.push_back(expr::MakeComparison(ComparisonOp::kEqual, member.expr->Clone(),
                                             constant->expr->Clone(), member.expr->position));
    }
  }
  for (size_t i = 0; i < own; ++i) {
    const expr::Expr& conjunct = *(*conjuncts)[i];
    const expr::Expr* column = InferenceOnlyColumn(conjunct);
    if (column == nullptr || expr::MayFail(conjunct) || expr::IsVolatile(conjunct)) continue;
    if (conjunct.kind == ExprKind::kComparison && conjunct.comparison == ComparisonOp::kEqual) {
      continue;
    }
    const int64_t c = classes.Find(*column);
    if (c < 0) continue;
    for (const auto& member : classes.classes()[static_cast<size_t>(c)]) {
      if (member.tables.empty() || expr::Equals(*member.expr, *column)) continue;
      ExprPtr copy = conjunct.Clone();
      expr::Rewrite(copy, [&](ExprPtr& e) {
        if (e->kind == ExprKind::kColumn) e = member.expr->Clone();
      });
      derived.push_back(std::move(copy));
    }
  }
  for (ExprPtr& e : derived) InferenceAdd(std::move(e), conjuncts);
}

// For each table that every branch of an OR restricts on its own: the OR of those restrictions.
void InferenceExtract(const expr::Expr& disjunction, ExprList* derived) {
  std::vector<TableSet> singles;  // tables of one-table conjuncts of the first branch
  const auto parts_of = [](const expr::Expr& branch) {
    std::vector<const expr::Expr*> parts;
    if (branch.kind != ExprKind::kAnd) {
      parts.push_back(&branch);
    } else {
      for (const ExprPtr& child : branch.children) parts.push_back(child.get());
    }
    return parts;
  };
  std::vector<uint32_t> candidates;
  expr::Walk(disjunction, [&](const expr::Expr& e) {
    if (e.kind == ExprKind::kColumn) {
      const uint32_t table = e.column.table_index;
      if (std::find(candidates.begin(), candidates.end(), table) == candidates.end()) {
        candidates.push_back(table);
      }
    }
    return true;
  });
  if (candidates.size() < 2) return;
  for (uint32_t table : candidates) {
    TableSet only;
    only.Add(table);
    ExprList branches;
    for (const ExprPtr& branch : disjunction.children) {
      ExprList mine;
      for (const expr::Expr* part : parts_of(*branch)) {
        const TableSet tables = ReferencedTables(*part);
        if (!tables.empty() && tables.IsSubsetOf(only) && !expr::IsVolatile(*part) &&
            !expr::MayFail(*part)) {
          mine.push_back(part->Clone());
        }
      }
      if (mine.empty()) {
        branches.clear();
        break;
      }
      branches.push_back(expr::MakeAnd(std::move(mine)));
    }
    if (!branches.empty()) derived->push_back(expr::MakeOr(std::move(branches)));
  }
}

// Values of the types compare as they lie: lengths of strings are modifiers only.
bool InferenceSameDomain(LogicalType a, LogicalType b) {
  if (a.is_string() && b.is_string()) a.length = b.length = 0;
  return a == b;
}

// x = 1 OR x = 2 OR x IN (3, 4): x IN (1, 2, 3, 4).
void InferenceOrToIn(ExprPtr& e) {
  const expr::Expr* tested = nullptr;
  ExprList values;
  for (const ExprPtr& branch : e->children) {
    const expr::Expr* subject = nullptr;
    if (branch->kind == ExprKind::kComparison && branch->comparison == ComparisonOp::kEqual) {
      const size_t side = branch->children[1]->kind == ExprKind::kConstant ? 0 : 1;
      if (branch->children[1 - side]->kind != ExprKind::kConstant) return;
      subject = branch->children[side].get();
      values.push_back(branch->children[1 - side]->Clone());
    } else if (branch->kind == ExprKind::kInList && !branch->negated) {
      subject = branch->children[0].get();
      for (size_t i = 1; i < branch->children.size(); ++i) {
        if (branch->children[i]->kind != ExprKind::kConstant) return;
        values.push_back(branch->children[i]->Clone());
      }
    } else {
      return;
    }
    if (tested != nullptr && !expr::Equals(*tested, *subject)) return;
    tested = subject;
  }
  if (tested == nullptr || expr::IsVolatile(*tested)) return;
  auto list = std::make_unique<expr::Expr>();
  list->kind = ExprKind::kInList;
  list->type = TypeId::kBoolean;
  list->position = e->position;
  list->children.push_back(tested->Clone());
  for (ExprPtr& value : values) {
    if (!InferenceSameDomain(value->type, tested->type)) return;
    const bool seen = std::any_of(list->children.begin() + 1, list->children.end(),
                                  [&](const ExprPtr& v) { return expr::Equals(*v, *value); });
    if (!seen) list->children.push_back(std::move(value));
  }
  e = std::move(list);
}

// (a AND b) OR (a AND c): a, b OR c. Appends the common parts to *common.
void InferenceFactor(ExprPtr& e, ExprList* common) {
  std::vector<ExprList> branches;
  for (ExprPtr& branch : e->children) branches.push_back(expr::SplitConjunction(std::move(branch)));
  const auto find = [](ExprList& list, const expr::Expr& wanted) {
    return std::find_if(list.begin(), list.end(),
                        [&](const ExprPtr& x) { return expr::Equals(*x, wanted); });
  };
  for (size_t i = 0; i < branches[0].size();) {
    const expr::Expr& candidate = *branches[0][i];
    bool everywhere = !expr::IsVolatile(candidate);
    for (size_t b = 1; everywhere && b < branches.size(); ++b) {
      everywhere = find(branches[b], candidate) != branches[b].end();
    }
    if (!everywhere) {
      ++i;
      continue;
    }
    for (size_t b = 1; b < branches.size(); ++b) branches[b].erase(find(branches[b], candidate));
    common->push_back(std::move(branches[0][i]));
    branches[0].erase(branches[0].begin() + static_cast<int64_t>(i));
  }
  ExprList rebuilt;
  bool always = false;
  for (ExprList& branch : branches) {
    always = always || branch.empty();
    rebuilt.push_back(expr::MakeAnd(std::move(branch)));
  }
  e = always ? expr::MakeBoolean(true) : expr::MakeOr(std::move(rebuilt));
}

// NOT (a OR b): NOT a AND NOT b; NOT (x < y): x >= y. True when the node changed.
bool InferenceDriveNot(ExprPtr& e) {
  if (e->kind != ExprKind::kNot) return false;
  ExprPtr& inner = e->children[0];
  if (inner->kind == ExprKind::kComparison) {
    inner->comparison = expr::NegateComparison(inner->comparison);
    ExprPtr taken = std::move(inner);
    e = std::move(taken);
    return true;
  }
  if (inner->kind == ExprKind::kNot) {
    ExprPtr taken = std::move(inner->children[0]);
    e = std::move(taken);
    return true;
  }
  if (inner->kind != ExprKind::kAnd && inner->kind != ExprKind::kOr) return false;
  const bool was_and = inner->kind == ExprKind::kAnd;
  ExprList parts;
  for (ExprPtr& child : inner->children) {
    ExprPtr part = expr::MakeNot(std::move(child));
    InferenceDriveNot(part);
    parts.push_back(std::move(part));
  }
  e = was_and ? expr::MakeOr(std::move(parts)) : expr::MakeAnd(std::move(parts));
  return true;
}

}  // namespace

void NormalizeConjuncts(ExprList* conjuncts, const OptimizerContext& context) {
  ExprList result;
  result.reserve(conjuncts->size());
  for (size_t i = 0; i < conjuncts->size(); ++i) {
    ExprPtr e = std::move((*conjuncts)[i]);
    InferenceDriveNot(e);
    if (e->kind == ExprKind::kAnd) {
      for (ExprPtr& part : expr::SplitConjunction(std::move(e))) {
        conjuncts->push_back(std::move(part));
      }
      continue;
    }
    if (e->kind == ExprKind::kOr && context.enabled(OptimizerRule::kDisjunction)) {
      for (ExprPtr& branch : e->children) InferenceDriveNot(branch);
      ExprList common;
      InferenceFactor(e, &common);
      if (e->kind == ExprKind::kOr) InferenceOrToIn(e);
      for (ExprPtr& part : common) result.push_back(std::move(part));
      if (e->kind == ExprKind::kAnd) {
        conjuncts->push_back(std::move(e));
        continue;
      }
    }
    const bool always = e->kind == ExprKind::kConstant && !e->value.is_null() && e->value.boolean();
    if (!always) result.push_back(std::move(e));
  }
  *conjuncts = std::move(result);
}

void InferConjuncts(ExprList* conjuncts, const OptimizerContext& context) {
  if (conjuncts->size() >= 2 && context.enabled(OptimizerRule::kTransitive)) {
    InferenceSpread(conjuncts);
  }
  if (!context.enabled(OptimizerRule::kDisjunction)) return;
  ExprList derived;
  for (const ExprPtr& e : *conjuncts) {
    if (e->kind == ExprKind::kOr) InferenceExtract(*e, &derived);
  }
  for (ExprPtr& e : derived) {
    if (e->kind == ExprKind::kOr) InferenceOrToIn(e);
    InferenceAdd(std::move(e), conjuncts);
  }
}

}  // namespace driftdb::sql
