// JoinGraph: a region of joins as relations, predicates and restricted operators. Private to the
// optimizer.
// Shape: at most 64 relations, sets of them are bit masks. Inner joins and the filters among them
// dissolve into predicates. The right side of a left, semi, anti, mark or single join is one
// relation, `attached`: it may be joined to any set that holds the relations its condition refers
// to (`required`), as the right input of its own operator and in no other way; that is exactly when
// the operator commutes with inner joins and with its like.
// Invariants: (JG-1) a predicate is applied by the first join that has all its relations; (JG-2)
// after a join, all members of an equivalence class within the joined set are equal.
#ifndef DRIFTDB_SQL_PLAN_JOIN_GRAPH_H_
#define DRIFTDB_SQL_PLAN_JOIN_GRAPH_H_

#include <cstdint>
#include <vector>

#include "sql/plan/cardinality.h"
#include "sql/plan/columns.h"
#include "sql/plan/logical_plan.h"

namespace driftdb::sql {

using RelationMask = uint64_t;
inline constexpr size_t kJoinRelationsMax = 64;

struct JoinRelation {
  LogicalPtr node;
  double rows = 1;
  double base_rows = 1;  // of the table without filters
  double cost = 0;
  TableSet tables;
  bool attached = false;
  LogicalJoin join;           // attached: the operator, with its conditions
  RelationMask required = 0;  // attached
  double matched = 1;         // attached: rows out per row in
  // Leading columns of indexes, for index joins: the scan's own column numbers.
  const LogicalScan* scan = nullptr;
};

// Members of one class of equal expressions that belong to single relations.
struct JoinClassMember {
  ExprPtr expr;
  uint32_t relation = 0;
  double distinct = 1;
};
struct JoinClass {
  std::vector<JoinClassMember> members;
  RelationMask relations = 0;
};

// Any other predicate.
struct JoinPredicate {
  ExprPtr expr;
  RelationMask relations = 0;
  double selectivity = 1;
  bool equality = false;  // usable as a hash key between two sets
};

class JoinGraph {
 public:
  explicit JoinGraph(CardinalityEstimator* estimator) : estimator_(*estimator) {}

  // Dissolves the region below `node`. Its leaves must be optimized by the caller before Finish.
  void Flatten(LogicalPtr node);
  static size_t CountRelations(const LogicalNode& node);
  static bool IsAttached(LogicalJoinType type);
  // Classes, selectivities, neighbours.
  void Finish();

  size_t size() const { return relations.size(); }
  RelationMask all() const {
    return size() == 64 ? ~RelationMask{0} : (RelationMask{1} << size()) - 1;
  }
  // Rows of the join of two disjoint sets.
  double JoinRows(RelationMask a, double a_rows, RelationMask b, double b_rows) const;
  // Some predicate, class or operator connects the sets.
  bool Connected(RelationMask a, RelationMask b) const;
  // The sets may be joined: 0 no, 1 as inner join, 2 b is attached to a, 3 a is attached to b.
  int Allowed(RelationMask a, RelationMask b) const;
  // The join itself; takes the conditions that become applicable.
  LogicalPtr MakeJoin(RelationMask a, LogicalPtr left, RelationMask b, LogicalPtr right,
                      double rows);
  // An index of relation `b` can be probed with values from `a`.
  bool IndexJoinMatches(RelationMask a, uint32_t b, double* matches) const;

  std::vector<JoinRelation> relations;
  std::vector<JoinClass> classes;
  std::vector<JoinPredicate> predicates;
  std::vector<RelationMask> neighbours;
  ExprList above;  // conjuncts without columns and volatile ones: for the top of the region

 private:
  void AddRelation(LogicalPtr node);
  void AddPredicate(ExprPtr expr);
  void FinishAttached(uint32_t index);
  void BuildClasses();
  void ConnectComponents();
  RelationMask MaskOf(const TableSet& tables) const;
  double CoveredKeyRows(RelationMask a, RelationMask b) const;
  void AddClassConditions(RelationMask a, RelationMask b, ExprList* conditions) const;

  CardinalityEstimator& estimator_;
  ExprList pending_;
  std::vector<int32_t> relation_of_table_;
};

struct JoinTreeNode {
  RelationMask left = 0, right = 0;  // 0: a single relation
  double rows = 1, cost = 0;
};
struct JoinTree {
  RelationMask relations = 0;
  JoinTreeNode node;
};
// The cheapest order: exactly by dynamic programming over connected pairs while those are few,
// greedily by smallest result otherwise. Entries for every set that the final tree uses.
std::vector<JoinTree> EnumerateJoins(const JoinGraph& graph);

// Orders the joins of every region of a plan and sets all estimates.
LogicalPtr OrderJoins(LogicalPtr plan, const OptimizerContext& context,
                      CardinalityEstimator* estimator);

}  // namespace driftdb::sql

#endif  // DRIFTDB_SQL_PLAN_JOIN_GRAPH_H_
