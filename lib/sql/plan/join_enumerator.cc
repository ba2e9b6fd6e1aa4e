// Join order: DPccp over the neighbourhood graph, greedy operator ordering beyond its budget.
// Source: Moerkotte, Neumann, "Analysis of Two Existing and One New Dynamic Programming Algorithm",
// VLDB 2006; restricted operators and predicates of more than two relations are tested per pair.
#include <algorithm>
#include <bit>
#include <unordered_map>

#include "sql/plan/cost_model.h"
#include "sql/plan/join_graph.h"

namespace driftdb::sql {

namespace {

constexpr size_t kJoinPairsMax = 20'000;
constexpr size_t kJoinExactRelations = 14;

class JoinEnumerator {
 public:
  explicit JoinEnumerator(const JoinGraph& graph) : graph_(graph) {}

  bool Exact() {
    const size_t n = graph_.size();
    for (size_t i = 0; i < n; ++i) AddSingle(i);
    for (size_t i = n; i-- > 0;) {
      const RelationMask bit = RelationMask{1} << i;
      const RelationMask below = bit | (bit - 1);
      EmitSubset(bit);
      GrowSubset(bit, below);
      if (pairs_ > kJoinPairsMax) return false;
    }
    return table_.count(graph_.all()) != 0;
  }

  void Greedy();

  std::vector<JoinTree> Result() const {
    std::vector<JoinTree> trees;
    Collect(graph_.all(), &trees);
    return trees;
  }

 private:
  void AddSingle(size_t i) {
    const JoinRelation& r = graph_.relations[i];
    table_[RelationMask{1} << i] = {0, 0, r.rows, r.cost};
  }
  RelationMask Neighbourhood(RelationMask s, RelationMask excluded) const {
    RelationMask n = 0;
    for (RelationMask rest = s; rest != 0; rest &= rest - 1) {
      n |= graph_.neighbours[static_cast<size_t>(std::countr_zero(rest))];
    }
    return n & ~s & ~excluded;
  }
  void GrowSubset(RelationMask s, RelationMask excluded) {
    const RelationMask n = Neighbourhood(s, excluded);
    if (n == 0 || pairs_ > kJoinPairsMax) return;
    for (RelationMask sub = n & (~n + 1);; sub = (sub - n) & n) {
      EmitSubset(s | sub);
      if (sub == n) break;
    }
    for (RelationMask sub = n & (~n + 1);; sub = (sub - n) & n) {
      GrowSubset(s | sub, excluded | n);
      if (sub == n) break;
    }
  }
  void EmitSubset(RelationMask s) {
    if (pairs_ > kJoinPairsMax) return;
    const RelationMask lowest = s & (~s + 1);
    const RelationMask excluded = s | (lowest - 1) | lowest;
    const RelationMask n = Neighbourhood(s, excluded);
    for (size_t i = 64; i-- > 0;) {
      const RelationMask bit = RelationMask{1} << i;
      if ((n & bit) == 0) continue;
      Pair(s, bit);
      GrowComplement(s, bit, excluded | (n & (bit | (bit - 1))));
    }
  }
  void GrowComplement(RelationMask s, RelationMask c, RelationMask excluded) {
    const RelationMask n = Neighbourhood(c, excluded);
    if (n == 0 || pairs_ > kJoinPairsMax) return;
    for (RelationMask sub = n & (~n + 1);; sub = (sub - n) & n) {
      Pair(s, c | sub);
      if (sub == n) break;
    }
    for (RelationMask sub = n & (~n + 1);; sub = (sub - n) & n) {
      GrowComplement(s, c | sub, excluded | n);
      if (sub == n) break;
    }
  }

  // Considers the join of two sets that both have plans.
  void Pair(RelationMask a, RelationMask b) {
    ++pairs_;
    const auto ia = table_.find(a);
    const auto ib = table_.find(b);
    if (ia == table_.end() || ib == table_.end()) return;
    if (graph_.Allowed(a, b) == 0 || !graph_.Connected(a, b)) return;
    const auto known = table_.find(a | b);
    const double rows = known != table_.end()
                            ? known->second.rows
                            : graph_.JoinRows(a, ia->second.rows, b, ib->second.rows);
    const JoinTreeNode candidate = Join(a, ia->second, b, ib->second, rows);
    if (known == table_.end()) {
      table_.emplace(a | b, candidate);
    } else if (candidate.cost < known->second.cost) {
      known->second = candidate;
    }
  }

  JoinTreeNode Join(RelationMask a, const JoinTreeNode& na, RelationMask b, const JoinTreeNode& nb,
                    double rows) const {
    const double build = std::min(na.rows, nb.rows), probe = std::max(na.rows, nb.rows);
    bool equality = false;
    for (const JoinClass& c : graph_.classes) {
      equality = equality || ((c.relations & a) != 0 && (c.relations & b) != 0);
    }
    for (const JoinPredicate& p : graph_.predicates) {
      equality = equality || (p.equality && (p.relations & ~(a | b)) == 0 &&
                              (p.relations & a) != 0 && (p.relations & b) != 0);
    }
    const int allowed = graph_.Allowed(a, b);
    if (allowed > 1) {
      const RelationMask attached = allowed == 2 ? b : a;
      for (const ExprPtr& e :
           graph_.relations[static_cast<size_t>(std::countr_zero(attached))].join.conditions) {
        equality = equality || (e->kind == expr::ExprKind::kComparison &&
                                (e->comparison == expr::ComparisonOp::kEqual ||
                                 e->comparison == expr::ComparisonOp::kNotDistinct));
      }
    }
    double cost =
        na.cost + nb.cost +
        (equality ? HashJoinCost(build, probe, rows) : NestedLoopCost(build, probe, rows));
    // Probing an index spares the scan of the inner side.
    const auto consider_index = [&](RelationMask outer, const JoinTreeNode& no,
                                    RelationMask inner) {
      double matches = 1;
      if (std::popcount(inner) != 1) return;
      const auto relation = static_cast<uint32_t>(std::countr_zero(inner));
      if (!graph_.IndexJoinMatches(outer, relation, &matches)) return;
      cost = std::min(cost, no.cost + IndexJoinCost(no.rows, matches) + rows * 2);
    };
    if (allowed != 3) consider_index(a, na, b);
    if (allowed != 2) consider_index(b, nb, a);
    return {a, b, rows, cost};
  }

  void Collect(RelationMask s, std::vector<JoinTree>* trees) const {
    const JoinTreeNode& node = table_.at(s);
    if (node.left != 0) {
      Collect(node.left, trees);
      Collect(node.right, trees);
    }
    trees->push_back({s, node});
  }

  const JoinGraph& graph_;
  std::unordered_map<RelationMask, JoinTreeNode> table_;
  size_t pairs_ = 0;
};

// Repeatedly joins the pair with the smallest result; pairs are remembered, so each step only looks
// at those of the set made last.
void JoinEnumerator::Greedy() {
  struct Candidate {
    RelationMask a, b;
    double rows;
    bool connected;
  };
  table_.clear();
  std::vector<RelationMask> sets;
  std::vector<Candidate> candidates;
  const auto consider = [&](RelationMask a, RelationMask b) {
    if (graph_.Allowed(a, b) == 0) return;
    const double rows = graph_.JoinRows(a, table_[a].rows, b, table_[b].rows);
    candidates.push_back({a, b, rows, graph_.Connected(a, b)});
  };
  for (size_t i = 0; i < graph_.size(); ++i) {
    AddSingle(i);
    sets.push_back(RelationMask{1} << i);
  }
  for (size_t i = 0; i < sets.size(); ++i) {
    for (size_t j = i + 1; j < sets.size(); ++j) consider(sets[i], sets[j]);
  }
  while (sets.size() > 1) {
    const auto best = std::min_element(candidates.begin(), candidates.end(),
                                       [](const Candidate& x, const Candidate& y) {
                                         if (x.connected != y.connected) return x.connected;
                                         return x.rows < y.rows;
                                       });
    const Candidate chosen = *best;
    const RelationMask joined = chosen.a | chosen.b;
    table_[joined] = Join(chosen.a, table_[chosen.a], chosen.b, table_[chosen.b], chosen.rows);
    std::erase_if(candidates,
                  [&](const Candidate& c) { return (c.a & joined) != 0 || (c.b & joined) != 0; });
    std::erase_if(sets, [&](RelationMask s) { return (s & joined) != 0; });
    for (const RelationMask other : sets) consider(joined, other);
    sets.push_back(joined);
  }
}

}  // namespace

std::vector<JoinTree> EnumerateJoins(const JoinGraph& graph) {
  JoinEnumerator enumerator(graph);
  if (graph.size() > kJoinExactRelations || !enumerator.Exact()) enumerator.Greedy();
  return enumerator.Result();
}

}  // namespace driftdb::sql
