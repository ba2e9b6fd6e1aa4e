// CardinalityEstimator: how many rows each node of a logical plan yields.
// Shape: one object per query. Column profiles are kept by table index (LP-1) and filled bottom-up
// by Estimate; selectivities come from a table's sample where the provider has one, else from
// ranges and distinct counts, else from constants. Every estimate is at least 1 (OPT-2).
// Source: docs/internals/optimizer.md, "Estimates".
#ifndef DRIFTDB_SQL_PLAN_CARDINALITY_H_
#define DRIFTDB_SQL_PLAN_CARDINALITY_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "expr/predicate.h"
#include "sql/plan/columns.h"
#include "sql/plan/logical_plan.h"
#include "sql/plan/optimizer.h"

namespace driftdb::sql {

struct ColumnProfile {
  double distinct = 0;    // 0: unknown
  double population = 0;  // rows that `distinct` counts; 0: unknown
  double null_fraction = 0;
  bool has_range = false;  // low and high as numbers (also of dates; strings by leading bytes)
  double low = 0, high = 0;
};

class CardinalityEstimator {
 public:
  explicit CardinalityEstimator(const OptimizerContext& context) : context_(context) {}

  // Ask the provider's samples: worth its time only where plans can differ much.
  bool use_samples = false;

  // Sets estimated_rows of every node below and returns the root's.
  double Estimate(LogicalNode& node);
  // Of one node whose children are estimated.
  double EstimateNode(LogicalNode& node);

  // What scans of a CTE yield; called when its definition is estimated.
  void BeginRecursiveCte(const LogicalCte& cte, double base_rows);
  void FinishCte(const LogicalCte& cte, double rows);

  // Rows of a base table without filters.
  double TableRows(const catalog::TableEntry& table);
  const ColumnProfile* Profile(const expr::ColumnBinding& binding) const;
  // Distinct values among `rows` rows of an expression over columns.
  double Distinct(const expr::Expr& expr, double rows) const;
  // Fraction of rows for which the predicate is true.
  double Selectivity(const expr::Expr& predicate) const;
  double Selectivity(const ExprList& conjuncts) const;
  // Rows of an inner join of `left` x `right` rows by these conjuncts.
  double JoinRows(double left, double right, const ExprList& conditions) const;
  // Bytes of one row that consists of these columns.
  static double Width(const LogicalType& type);

 private:
  struct Cte {
    double rows = 0;
    std::vector<ColumnProfile> profiles;
  };

  double EstimateScan(LogicalScan& scan);
  double ScanSelectivity(const LogicalScan& scan, double rows);
  double EstimateJoin(const LogicalNode& node, const LogicalJoin& join);
  double SemiJoinFraction(const LogicalNode& node, const LogicalJoin& join);
  double BaseRows(const LogicalNode& node);
  double EstimateGroups(const LogicalNode& node, const LogicalAggregate& aggregate,
                        double rows) const;
  double EstimateDistinct(const ExprList& exprs, double rows) const;
  double DistinctRows(const LogicalNode& child, double rows) const;
  // Fills table_rows_; its last element is the table's then.
  void LoadTable(const catalog::TableEntry& table, PlannerTableStatistics* out);
  void SetCte(uint32_t cte_id, double rows, std::vector<ColumnProfile> profiles);
  void SetProfiles(uint32_t table_index, std::vector<ColumnProfile> profiles);
  void ProfileExprs(uint32_t table_index, const ExprList& exprs);
  void ProfileSetOperation(const LogicalSetOperation& set);
  double ComparisonSelectivity(const expr::Expr& predicate) const;
  double ConditionSelectivity(const expr::ColumnCondition& condition) const;
  double PatternSelectivity(const expr::Expr& predicate) const;
  const Value* ConstantOf(const expr::Expr& expr) const;
  // The part of the column's range that a condition keeps; false when it is no range.
  static bool RangeOf(const expr::ColumnCondition& condition, const ColumnProfile& profile,
                      double* low, double* high);

  const OptimizerContext& context_;
  std::vector<std::vector<ColumnProfile>> profiles_;  // [table_index][column_index]
  std::vector<Cte> ctes_;                             // by cte_id
  std::vector<std::pair<Oid, double>> table_rows_;
};

// A value as a number that keeps the order, if there is one.
bool OrderedNumber(const Value& value, double* out);

}  // namespace driftdb::sql

#endif  // DRIFTDB_SQL_PLAN_CARDINALITY_H_
