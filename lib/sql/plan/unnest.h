// Unnesting: subquery expressions and lateral joins become joins. Private to the optimizer.
// Shape: a walk from the leaves up. Subqueries in a node's expressions are joined to the node's
// child: EXISTS and IN as semi, anti or mark joins, scalar subqueries as left or single joins; what
// depends on nothing outside becomes an init plan. A dependent join (its right side refers to the
// left) loses its dependence in one of two ways:
//   pull-up     correlated conjuncts rise to the join's condition; through grouping only as
//               equalities, whose inner side becomes a group key (no domain needed)
//   domain      the general way: the right side is joined with the distinct outer values (the
//               domain), which every operator on the way carries along
// Invariants: bindings that nodes above refer to stay valid, except those of `renames`, which are
// applied to every node above as the walk returns. Afterwards LP-2 holds.
// Errors: 0A000 for dependent table functions below outer joins and subqueries in places without an
// input.
// Source: Neumann, Kemper, "Unnesting Arbitrary Queries", BTW 2015.
#ifndef DRIFTDB_SQL_PLAN_UNNEST_H_
#define DRIFTDB_SQL_PLAN_UNNEST_H_

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "sql/plan/columns.h"
#include "sql/plan/logical_plan.h"
#include "sql/plan/optimizer.h"

namespace driftdb::sql {

// An uncorrelated scalar subquery; its value is parameter (client's parameter count + position).
struct InitPlan {
  LogicalPtr plan;
  expr::ColumnBinding column;
  LogicalType type;
};

class Unnester {
 public:
  Unnester(BoundQuery* query, const OptimizerContext& context, std::vector<InitPlan>* init_plans);
  Status Run();

 private:
  // unnest.cc: the walk.
  Status Node(LogicalPtr& node);
  Status JoinNode(LogicalPtr& node);
  Status OuterJoinConditions(LogicalPtr& node);
  Status FilterNode(LogicalPtr& node);
  Status OtherNode(LogicalPtr& node);
  void Renamed(LogicalNode& node);

  // unnest_expression.cc: subquery expressions.
  // Takes one conjunct of a filter; true: it became a join of *input and is to be dropped.
  Result<bool> Conjunct(ExprPtr& expr, LogicalPtr* input);
  // Replaces every subquery in `expr` by an expression over *input, joined as needed.
  void RenamedSince(size_t before, ExprPtr& expr);
  Status Expression(ExprPtr& expr, LogicalPtr* input, bool null_is_false);
  Status Scalar(ExprPtr& expr, LogicalPtr* input);
  Status Exists(ExprPtr& expr, LogicalPtr* input);
  Status Quantified(ExprPtr& expr, LogicalPtr* input, bool null_is_false);
  Status ExistsConjunct(ExprPtr& expr, LogicalPtr* input);
  Status QuantifiedConjunct(ExprPtr& expr, LogicalPtr* input);
  Status RowComparison(ExprPtr& expr, LogicalPtr* input);
  Status AddJoin(LogicalPtr* input, LogicalPtr right, LogicalJoin join);
  Result<ExprPtr> AddMark(LogicalPtr* input, LogicalPtr right, ExprList conditions,
                          bool null_aware);
  bool IsIndependent(LogicalNode& plan) const;
  ExprPtr AddInitPlan(LogicalPtr plan, expr::ColumnBinding column, LogicalType type);
  Result<ExprPtr> ExistsInitPlan(LogicalPtr plan);

  // unnest_pull_up.cc
  Status Decorrelate(LogicalPtr& join);
  Status ScalarAggregate(LogicalPtr* input, LogicalPtr plan, expr::ColumnBinding column,
                         LogicalType type, ExprPtr* out);

  // unnest_domain.cc
  Status JoinWithDomain(LogicalPtr& join);

  BoundQuery& query_;
  const OptimizerContext& context_;
  std::vector<InitPlan>& init_plans_;
  std::vector<ColumnRename> renames_;
  uint32_t next_cte_id_ = 0;
};

inline Status Unnest(BoundQuery* query, const OptimizerContext& context,
                     std::vector<InitPlan>* init_plans) {
  return Unnester(query, context, init_plans).Run();
}

// Pulling correlated conjuncts up; see the file comment of unnest_pull_up.cc.
struct PullUpResult {
  ExprList conjuncts;  // over the plan's output and the outer columns
  // Columns that were expressions of outer columns: semi, anti and mark joins only.
  std::vector<std::pair<expr::ColumnBinding, ExprPtr>> substituted;
};
struct PullUpMode {
  const TableSet* outer = nullptr;
  bool rows_only = false;      // the number of equal rows does not matter
  bool any_row = false;        // only whether there is a row at all matters
  bool equality_only = false;  // below grouping
  bool substitute = false;     // projected expressions of outer columns may be lifted
};
bool CanPullUp(const LogicalNode& plan, PullUpMode mode);
void PullUp(LogicalPtr& plan, const PullUpMode& mode, PullUpResult* result);

// Pushing a domain down; see unnest_domain.cc.
class DomainPusher {
 public:
  DomainPusher(const std::vector<BoundColumn>& outer, uint32_t domain_cte,
               std::vector<uint32_t> domain_columns, uint32_t* next_table_index);
  // Makes the plan independent of the outer columns; *columns gets the columns of the result that
  // hold the domain's values, parallel to `outer`.
  Status Push(LogicalPtr& plan, std::vector<expr::ColumnBinding>* columns);
  // What nodes above the pushed plan must rename.
  const std::vector<ColumnRename>& renames() const { return renames_; }
  LogicalPtr MakeDomain(std::vector<expr::ColumnBinding>* columns);

 private:
  using Columns = std::vector<expr::ColumnBinding>;
  bool Depends(const LogicalNode& plan) const;
  void Substitute(LogicalNode& node, const Columns& columns);
  void SubstituteExpr(ExprPtr& expr, const Columns& columns);
  void AddEqualities(const Columns& left, const Columns& right, ExprList* conditions) const;
  Status PushProjection(LogicalPtr& plan, Columns* columns);
  Status PushAggregate(LogicalPtr& plan, Columns* columns);
  void PadScalarAggregate(LogicalPtr& plan, Columns* columns);
  Status PushJoin(LogicalPtr& plan, Columns* columns);
  Status PushLimit(LogicalPtr& plan, Columns* columns);
  Status PushSetOperation(LogicalPtr& plan, Columns* columns);
  Status PushWindow(LogicalPtr& plan, Columns* columns);
  Status PushCte(LogicalPtr& plan, Columns* columns);
  Status PushValues(LogicalPtr& plan, Columns* columns);

  const std::vector<BoundColumn>& outer_;
  uint32_t domain_cte_;
  std::vector<uint32_t> domain_columns_;  // positions of the outer columns in the domain's CTE
  std::vector<LogicalType> cte_types_;
  uint32_t* next_table_index_;
  TableSet outer_tables_;
  std::vector<ColumnRename> renames_;
  // CTEs whose definition got the domain's columns: id and position of the first.
  std::vector<std::pair<uint32_t, uint32_t>> extended_ctes_;

 public:
  void set_cte_types(std::vector<LogicalType> types) { cte_types_ = std::move(types); }
};

}  // namespace driftdb::sql

#endif  // DRIFTDB_SQL_PLAN_UNNEST_H_
