// Cost functions of joins, in nanoseconds of one core. Constants come from measurements of the
// kernels on tables of different sizes (docs/internals/optimizer.md, "Costs").
#ifndef DRIFTDB_SQL_PLAN_COST_MODEL_H_
#define DRIFTDB_SQL_PLAN_COST_MODEL_H_

namespace driftdb::sql {

// One probe of a hash table with so many rows: what the caches make of it.
constexpr double ProbeCost(double build_rows) {
  if (build_rows <= 10'000) return 3;
  if (build_rows <= 150'000) return 6;
  if (build_rows <= 1'500'000) return 14;
  return 24;
}
constexpr double BuildCost(double build_rows) {
  if (build_rows <= 10'000) return 8;
  if (build_rows <= 1'500'000) return 14;
  return 22;
}
constexpr double HashJoinCost(double build_rows, double probe_rows, double output_rows) {
  return 1000 + build_rows * BuildCost(build_rows) + probe_rows * ProbeCost(build_rows) +
         output_rows * 2;
}
constexpr double NestedLoopCost(double left_rows, double right_rows, double output_rows) {
  return 500 + right_rows * 4 + left_rows * right_rows * 1.5 + output_rows * 2;
}
constexpr double IndexJoinCost(double outer_rows, double matches) {
  return 500 + outer_rows * (500 + matches * 250);
}
// Grouping of so many rows into so many groups.
constexpr double AggregateCost(double rows, double groups) {
  return 1000 + rows * ProbeCost(groups) + groups * 10;
}

}  // namespace driftdb::sql

#endif  // DRIFTDB_SQL_PLAN_COST_MODEL_H_
