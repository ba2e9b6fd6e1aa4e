#include "sql/plan/cardinality.h"

#include <algorithm>
#include <cmath>

#include "sql/plan/functional_dependency.h"

namespace driftdb::sql {

namespace {

constexpr double kCardinalityUnknownTable = 1000;
constexpr double kCardinalityUnknownDistinct = 200;
constexpr double kCardinalityRecursion = 10;

double CardinalityClamp(double rows) { return std::isfinite(rows) ? std::max(1.0, rows) : 1e18; }

// Expected number of different values among `rows` of `population` rows that hold `distinct` ones
// (Cardenas; without replacement, so a unique column keeps as many values as rows).
double CardinalityDrawn(const ColumnProfile& profile, double rows) {
  if (profile.distinct <= 0) return 0;
  const double population = std::max(profile.population, profile.distinct);
  if (rows >= population) return profile.distinct;
  const double kept = 1 - std::pow(1 - rows / population, population / profile.distinct);
  return std::clamp(profile.distinct * kept, 1.0, std::max(1.0, rows));
}

ColumnProfile CardinalityProfile(const PlannerColumnStatistics& statistics, double rows) {
  ColumnProfile profile;
  profile.population = rows;
  profile.distinct = statistics.distinct;
  profile.null_fraction = statistics.null_fraction;
  if (statistics.known && !statistics.min.is_null() && !statistics.max.is_null()) {
    profile.has_range =
        OrderedNumber(statistics.min, &profile.low) && OrderedNumber(statistics.max, &profile.high);
    const TypeId id = statistics.min.type().id;
    const bool discrete = statistics.min.type().is_integer() || id == TypeId::kDate;
    if (profile.has_range && discrete) {
      const double range = profile.high - profile.low + 1;
      profile.distinct =
          profile.distinct > 0 ? std::min(profile.distinct, range) : std::min(rows, range);
    }
  }
  return profile;
}

}  // namespace

double CardinalityEstimator::TableRows(const catalog::TableEntry& table) {
  for (const auto& [oid, rows] : table_rows_) {
    if (oid == table.oid) return rows;
  }
  LoadTable(table, nullptr);
  return table_rows_.back().second;
}

void CardinalityEstimator::LoadTable(const catalog::TableEntry& table,
                                     PlannerTableStatistics* out) {
  PlannerTableStatistics statistics;
  double rows = kCardinalityUnknownTable;
  if (context_.statistics != nullptr && context_.statistics->TableStatistics(table, &statistics)) {
    rows = std::max(1.0, statistics.rows);
  }
  table_rows_.emplace_back(table.oid, rows);
  if (out != nullptr) *out = std::move(statistics);
}

double CardinalityEstimator::Estimate(LogicalNode& node) {
  if (auto* cte = node.As<LogicalCte>()) {
    if (cte->recursive) {
      BeginRecursiveCte(*cte, Estimate(*node.children[0]->children[0]));
      Estimate(*node.children[0]->children[1]);
      EstimateNode(*node.children[0]);
    } else {
      FinishCte(*cte, Estimate(*node.children[0]));
    }
    node.estimated_rows = Estimate(*node.children[1]);
    return node.estimated_rows;
  }
  for (LogicalPtr& child : node.children) Estimate(*child);
  return EstimateNode(node);
}

// The step reads the result, so that is guessed before the step is looked at.
void CardinalityEstimator::BeginRecursiveCte(const LogicalCte& cte, double base_rows) {
  SetCte(cte.cte_id, CardinalityClamp(base_rows * kCardinalityRecursion), {});
}

void CardinalityEstimator::FinishCte(const LogicalCte& cte, double rows) {
  std::vector<ColumnProfile> profiles;
  for (const ColumnBinding& column : cte.columns) {
    const ColumnProfile* profile = Profile(column);
    profiles.push_back(profile != nullptr ? *profile : ColumnProfile());
  }
  SetCte(cte.cte_id, rows, std::move(profiles));
}

void CardinalityEstimator::SetCte(uint32_t cte_id, double rows,
                                  std::vector<ColumnProfile> profiles) {
  if (cte_id >= ctes_.size()) ctes_.resize(cte_id + 1);
  ctes_[cte_id] = {rows, std::move(profiles)};
}

double CardinalityEstimator::EstimateNode(LogicalNode& node) {
  double rows = node.children.empty() ? 1 : node.children[0]->estimated_rows;
  if (auto* scan = node.As<LogicalScan>()) {
    rows = EstimateScan(*scan);
  } else if (auto* filter = node.As<LogicalFilter>()) {
    rows *= Selectivity(filter->conjuncts);
  } else if (auto* join = node.As<LogicalJoin>()) {
    rows = EstimateJoin(node, *join);
  } else if (auto* projection = node.As<LogicalProjection>()) {
    ProfileExprs(projection->table_index, projection->expressions);
  } else if (auto* aggregate = node.As<LogicalAggregate>()) {
    ProfileExprs(aggregate->group_index, aggregate->groups);
    rows = aggregate->groups.empty() ? 1 : EstimateGroups(node, *aggregate, rows);
    if (!aggregate->grouping_sets.empty()) {
      rows *= 0.5 * static_cast<double>(aggregate->grouping_sets.size() + 1);
    }
  } else if (auto* values = node.As<LogicalValues>()) {
    rows = static_cast<double>(values->rows.size());
    std::vector<ColumnProfile> profiles(values->types.size());
    for (ColumnProfile& profile : profiles) profile.distinct = std::max(1.0, rows);
    SetProfiles(values->table_index, std::move(profiles));
  } else if (node.As<LogicalTableFunction>() != nullptr) {
    rows *= kCardinalityUnknownTable;
  } else if (auto* limit = node.As<LogicalLimit>()) {
    if (limit->limit != nullptr) {
      const Value* value = ConstantOf(*limit->limit);
      rows =
          std::min(rows, value != nullptr && !value->is_null() ? static_cast<double>(value->int64())
                                                               : 100.0);
    }
  } else if (auto* distinct = node.As<LogicalDistinct>()) {
    rows = distinct->on.empty() ? DistinctRows(*node.children[0], rows)
                                : std::min(rows, EstimateDistinct(distinct->on, rows));
  } else if (auto* set = node.As<LogicalSetOperation>()) {
    const double right = node.children[1]->estimated_rows;
    if (set->op == LogicalSetOp::kUnion) rows += right;
    if (set->op == LogicalSetOp::kIntersect) rows = std::min(rows, right);
    ProfileSetOperation(*set);
  } else if (auto* scan_cte = node.As<LogicalCteScan>()) {
    rows = kCardinalityUnknownTable;
    if (scan_cte->cte_id < ctes_.size() && ctes_[scan_cte->cte_id].rows > 0) {
      rows = ctes_[scan_cte->cte_id].rows;
      SetProfiles(scan_cte->table_index, ctes_[scan_cte->cte_id].profiles);
    }
  }
  node.estimated_rows = CardinalityClamp(rows);
  return node.estimated_rows;
}

double CardinalityEstimator::EstimateScan(LogicalScan& scan) {
  PlannerTableStatistics statistics;
  LoadTable(*scan.table, &statistics);
  const double rows = table_rows_.back().second;
  std::vector<ColumnProfile> profiles;
  profiles.reserve(scan.columns.size());
  for (uint32_t ordinal : scan.columns) {
    ColumnProfile profile;
    if (ordinal == kRowIdColumn) {
      profile.distinct = rows;
    } else if (ordinal < statistics.columns.size()) {
      profile = CardinalityProfile(statistics.columns[ordinal], rows);
    }
    for (const auto& index : scan.table->indexes) {
      if (index->unique && index->columns.size() == 1 && index->columns[0].column == ordinal) {
        profile.distinct = profile.population = std::max(1.0, rows);
      }
    }
    profiles.push_back(profile);
  }
  SetProfiles(scan.table_index, std::move(profiles));
  if (scan.filters.empty()) return rows;
  return rows * ScanSelectivity(scan, rows);
}

// The sample sees correlations and functions; below five hits it says little, and the estimate from
// statistics decides within what the sample allows.
double CardinalityEstimator::ScanSelectivity(const LogicalScan& scan, double rows) {
  const double guess = Selectivity(scan.filters);
  constexpr double kSampleRows = 4096;
  const bool simple = scan.filters.size() == 1 && scan.filters[0]->kind == ExprKind::kComparison &&
                      scan.filters[0]->comparison == expr::ComparisonOp::kEqual;
  if (!use_samples || simple || rows < kSampleRows || context_.statistics == nullptr ||
      !context_.enabled(OptimizerRule::kSampling)) {
    return guess;
  }
  std::vector<ExprPtr> copies;
  std::vector<const expr::Expr*> conjuncts;
  for (const ExprPtr& filter : scan.filters) {
    if (expr::IsVolatile(*filter)) return guess;
    copies.push_back(filter->Clone());
    bool foreign = false;
    expr::Rewrite(copies.back(), [&](ExprPtr& e) {
      if (e->kind == ExprKind::kParameter) foreign = true;
      if (e->kind != ExprKind::kColumn) return;
      foreign = foreign || scan.columns[e->column.column_index] == kRowIdColumn;
      e->slot = e->column.column_index;
      e->kind = ExprKind::kSlot;
    });
    if (foreign) return guess;
    conjuncts.push_back(copies.back().get());
  }
  const std::optional<double> hit =
      context_.statistics->SampleSelectivity(*scan.table, scan.columns, conjuncts);
  if (!hit.has_value()) return guess;
  constexpr double kFewHits = 5 / kSampleRows;
  return *hit >= kFewHits ? *hit : std::clamp(guess, *hit / 2, kFewHits);
}

const ColumnProfile* CardinalityEstimator::Profile(const ColumnBinding& binding) const {
  if (binding.table_index >= profiles_.size()) return nullptr;
  const std::vector<ColumnProfile>& columns = profiles_[binding.table_index];
  return binding.column_index < columns.size() ? &columns[binding.column_index] : nullptr;
}

void CardinalityEstimator::SetProfiles(uint32_t table_index, std::vector<ColumnProfile> profiles) {
  if (table_index >= profiles_.size()) profiles_.resize(table_index + 1);
  profiles_[table_index] = std::move(profiles);
}

void CardinalityEstimator::ProfileExprs(uint32_t table_index, const ExprList& exprs) {
  std::vector<ColumnProfile> profiles(exprs.size());
  for (size_t i = 0; i < exprs.size(); ++i) {
    const ColumnProfile* profile =
        exprs[i]->kind == ExprKind::kColumn ? Profile(exprs[i]->column) : nullptr;
    if (profile != nullptr) {
      profiles[i] = *profile;
    } else {
      profiles[i].distinct = Distinct(*exprs[i], 1e18);
    }
  }
  SetProfiles(table_index, std::move(profiles));
}

void CardinalityEstimator::ProfileSetOperation(const LogicalSetOperation& set) {
  std::vector<ColumnProfile> profiles(set.types.size());
  for (size_t i = 0; i < profiles.size(); ++i) {
    const ColumnProfile* l = Profile(set.left[i]);
    const ColumnProfile* r = Profile(set.right[i]);
    if (l != nullptr) profiles[i] = *l;
    if (l == nullptr || r == nullptr) continue;
    profiles[i].distinct = std::max(l->distinct, r->distinct);
    profiles[i].has_range = l->has_range && r->has_range;
    profiles[i].low = std::min(l->low, r->low);
    profiles[i].high = std::max(l->high, r->high);
  }
  SetProfiles(set.table_index, std::move(profiles));
}

double CardinalityEstimator::Distinct(const expr::Expr& expr, double rows) const {
  if (expr.kind == ExprKind::kConstant || expr.kind == ExprKind::kParameter) return 1;
  if (expr.kind == ExprKind::kColumn) {
    const ColumnProfile* profile = Profile(expr.column);
    const double distinct = profile != nullptr ? profile->distinct : 0;
    if (distinct > 0) return CardinalityDrawn(*profile, rows);
    return std::min(rows, kCardinalityUnknownDistinct);
  }
  if (expr.type.id == TypeId::kBoolean) return std::min(rows, 2.0);
  // A function has at most as many values as its arguments have together.
  double distinct = 1;
  for (const ExprPtr& child : expr.children) {
    if (child != nullptr) distinct = std::min(rows, distinct * Distinct(*child, rows));
  }
  return std::max(1.0, distinct);
}

double CardinalityEstimator::EstimateDistinct(const ExprList& exprs, double rows) const {
  double groups = 1;
  for (const ExprPtr& e : exprs) groups = std::min(rows, groups * Distinct(*e, rows));
  return groups;
}

double CardinalityEstimator::EstimateGroups(const LogicalNode& node,
                                            const LogicalAggregate& aggregate, double rows) const {
  const std::vector<bool> dependent = DependentGroups(node);
  double groups = 1;
  for (size_t g = 0; g < aggregate.groups.size(); ++g) {
    if (!dependent[g]) groups = std::min(rows, groups * Distinct(*aggregate.groups[g], rows));
  }
  return groups;
}

double CardinalityEstimator::DistinctRows(const LogicalNode& child, double rows) const {
  double groups = 1;
  for (const BoundColumn& column : OutputColumns(child)) {
    const ColumnProfile* profile = Profile(column.binding);
    const double distinct = profile != nullptr && profile->distinct > 0
                                ? CardinalityDrawn(*profile, rows)
                                : std::min(rows, kCardinalityUnknownDistinct);
    groups = std::min(rows, groups * distinct);
  }
  return groups;
}

double CardinalityEstimator::JoinRows(double left, double right, const ExprList& conditions) const {
  double rows = left * right;
  for (const ExprPtr& condition : conditions) {
    const bool equal = condition->kind == ExprKind::kComparison &&
                       (condition->comparison == expr::ComparisonOp::kEqual ||
                        condition->comparison == expr::ComparisonOp::kNotDistinct);
    if (equal) {
      const double a = Distinct(*condition->children[0], std::max(left, right));
      const double b = Distinct(*condition->children[1], std::max(left, right));
      rows /= std::max(1.0, std::max(a, b));
    } else {
      rows *= Selectivity(*condition);
    }
  }
  return CardinalityClamp(rows);
}

double CardinalityEstimator::EstimateJoin(const LogicalNode& node, const LogicalJoin& join) {
  const double left = node.children[0]->estimated_rows;
  const double right = node.children[1]->estimated_rows;
  if (join.type == LogicalJoinType::kMark) {
    ColumnProfile mark;
    mark.distinct = 2;
    SetProfiles(join.mark_index, {mark});
    return left;
  }
  if (join.type == LogicalJoinType::kSingle) return left;
  if (join.type == LogicalJoinType::kSemi || join.type == LogicalJoinType::kAnti) {
    const double matched = SemiJoinFraction(node, join);
    return left * (join.type == LogicalJoinType::kSemi ? matched : std::max(0.02, 1 - matched));
  }
  double rows = JoinRows(left, right, join.conditions);
  // Several keys that together are unique on one side: no more than one partner per row there.
  const TableSet right_tables = OutputTables(*node.children[1]);
  std::vector<ColumnBinding> keys[2];
  double key_rows[2] = {left, right};
  for (const ExprPtr& e : join.conditions) {
    if (e->kind != ExprKind::kComparison || e->comparison != expr::ComparisonOp::kEqual) continue;
    for (const ExprPtr& side : e->children) {
      if (side->kind == ExprKind::kColumn) {
        keys[right_tables.Contains(side->column.table_index) ? 1 : 0].push_back(side->column);
      }
    }
  }
  for (size_t side = 0; side < 2; ++side) {
    if (keys[side].size() >= 2 && IsUniqueOn(*node.children[side], keys[side])) {
      const double base = BaseRows(*node.children[side]);
      rows = std::max(rows, left * right / std::max(key_rows[side], base));
    }
  }
  if (join.type == LogicalJoinType::kLeft) rows = std::max(rows, left);
  if (join.type == LogicalJoinType::kRight) rows = std::max(rows, right);
  if (join.type == LogicalJoinType::kFull) rows = std::max(rows, std::max(left, right));
  return rows;
}

double CardinalityEstimator::BaseRows(const LogicalNode& node) {
  if (const auto* scan = node.As<LogicalScan>()) return TableRows(*scan->table);
  return node.estimated_rows;
}

double CardinalityEstimator::SemiJoinFraction(const LogicalNode& node, const LogicalJoin& join) {
  const double left = node.children[0]->estimated_rows;
  const double right = node.children[1]->estimated_rows;
  const TableSet left_tables = OutputTables(*node.children[0]);
  double fraction = 1;
  for (const ExprPtr& e : join.conditions) {
    const bool equal =
        e->kind == ExprKind::kComparison && e->comparison == expr::ComparisonOp::kEqual;
    if (!equal) {
      fraction *= 0.8;
      continue;
    }
    const bool first_left = ReferencedTables(*e->children[0]).Intersects(left_tables);
    const expr::Expr& l = *e->children[first_left ? 0 : 1];
    const expr::Expr& r = *e->children[first_left ? 1 : 0];
    // Containment: values of the smaller set are among those of the larger one.
    const double dl = Distinct(l, 1e18), dr = Distinct(r, right);
    fraction *= std::min(1.0, dr / std::max(1.0, std::min(dl, std::max(left, dr))));
  }
  return std::clamp(fraction, 1e-6, 1.0);
}

double CardinalityEstimator::Width(const LogicalType& type) {
  return type.physical() == PhysicalType::kString ? 24 : static_cast<double>(type.width());
}

}  // namespace driftdb::sql
