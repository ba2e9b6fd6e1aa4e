// Selectivity of predicates from column profiles.
#include <algorithm>
#include <cmath>

#include "expr/predicate.h"
#include "sql/plan/cardinality.h"

namespace driftdb::sql {

namespace {

constexpr double kSelectivityEqual = 0.005;
constexpr double kSelectivityRange = 0.33;
constexpr double kSelectivityOther = 0.33;
constexpr double kSelectivityPrefix = 0.02;
constexpr double kSelectivityContains = 0.08;
constexpr double kSelectivityNull = 0.02;

// Leading bytes as a fraction of the byte order: enough to place a prefix within [min, max].
double SelectivityStringNumber(const std::string& text) {
  double number = 0, unit = 1;
  for (size_t i = 0; i < 7; ++i) {
    unit /= 256;
    if (i < text.size()) number += unit * static_cast<uint8_t>(text[i]);
  }
  return number;
}

}  // namespace

bool OrderedNumber(const Value& value, double* out) {
  if (value.is_null()) return false;
  switch (value.type().physical()) {
    case PhysicalType::kString:
      *out = SelectivityStringNumber(value.string());
      return true;
    case PhysicalType::kFloat:
    case PhysicalType::kDouble:
      *out = value.float64();
      return std::isfinite(*out);
    case PhysicalType::kInterval:
      return false;
    default:
      *out = static_cast<double>(value.integer());
      return true;
  }
}

const Value* CardinalityEstimator::ConstantOf(const expr::Expr& expr) const {
  if (expr.kind == ExprKind::kConstant) return &expr.value;
  if (expr.kind == ExprKind::kParameter && context_.parameters != nullptr &&
      expr.parameter < context_.parameters->size()) {
    return &(*context_.parameters)[expr.parameter];
  }
  return nullptr;
}

// Ranges over one column are intersected before they are measured.
double CardinalityEstimator::Selectivity(const ExprList& conjuncts) const {
  struct Range {
    expr::ColumnBinding column;
    const ColumnProfile* profile;
    double low, high;
  };
  std::vector<Range> ranges;
  double selectivity = 1;
  for (const ExprPtr& e : conjuncts) {
    const auto condition = expr::ExtractColumnCondition(*e, context_.parameters);
    const ColumnProfile* profile =
        condition.has_value() && condition->column->kind == ExprKind::kColumn
            ? Profile(condition->column->column)
            : nullptr;
    double low = 0, high = 0;
    const bool is_range =
        profile != nullptr && profile->has_range && RangeOf(*condition, *profile, &low, &high);
    if (!is_range) {
      selectivity *= Selectivity(*e);
      continue;
    }
    const auto same = std::find_if(ranges.begin(), ranges.end(), [&](const Range& r) {
      return r.column == condition->column->column;
    });
    if (same == ranges.end()) {
      ranges.push_back({condition->column->column, profile, low, high});
    } else {
      same->low = std::max(same->low, low);
      same->high = std::min(same->high, high);
    }
  }
  for (const Range& range : ranges) {
    const double all = range.profile->high - range.profile->low;
    const double part = std::max(0.0, range.high - range.low);
    const double floor = 1 / std::max(2.0, range.profile->distinct);
    const double fraction = all > 0 ? std::clamp(part / all, floor, 1.0) : 1.0;
    selectivity *= fraction * (1 - range.profile->null_fraction);
  }
  return std::clamp(selectivity, 1e-12, 1.0);
}

bool CardinalityEstimator::RangeOf(const expr::ColumnCondition& condition,
                                   const ColumnProfile& profile, double* low, double* high) {
  *low = profile.low;
  *high = profile.high;
  double value = 0;
  if (condition.kind == expr::ColumnConditionKind::kRange) {
    if (!OrderedNumber(condition.values[0], low)) return false;
    if (condition.values.size() > 1 && !condition.values[1].is_null()) {
      return OrderedNumber(condition.values[1], high);
    }
    return true;
  }
  if (condition.kind != expr::ColumnConditionKind::kCompare ||
      !OrderedNumber(condition.values[0], &value)) {
    return false;
  }
  switch (condition.comparison) {
    case ComparisonOp::kLess:
    case ComparisonOp::kLessEqual:
      *high = std::min(*high, value);
      return true;
    case ComparisonOp::kGreater:
    case ComparisonOp::kGreaterEqual:
      *low = std::max(*low, value);
      return true;
    default:
      return false;
  }
}

double CardinalityEstimator::ConditionSelectivity(const expr::ColumnCondition& condition) const {
  const ColumnProfile* profile =
      condition.column->kind == ExprKind::kColumn ? Profile(condition.column->column) : nullptr;
  const double nulls = profile != nullptr ? profile->null_fraction : 0;
  double equal =
      profile != nullptr && profile->distinct > 0 ? 1 / profile->distinct : kSelectivityEqual;
  switch (condition.kind) {
    case expr::ColumnConditionKind::kIsNull:
      return profile != nullptr && nulls > 0 ? nulls : kSelectivityNull;
    case expr::ColumnConditionKind::kIsNotNull:
      return 1 - nulls;
    case expr::ColumnConditionKind::kIn:
      return std::min(1.0, equal * static_cast<double>(condition.values.size())) * (1 - nulls);
    case expr::ColumnConditionKind::kRange:
      return kSelectivityPrefix;
    case expr::ColumnConditionKind::kCompare:
      break;
  }
  double number = 0;
  if (profile != nullptr && profile->has_range && OrderedNumber(condition.values[0], &number) &&
      (number < profile->low || number > profile->high)) {
    equal = std::min(equal, 1e-6);
  }
  switch (condition.comparison) {
    case ComparisonOp::kEqual:
    case ComparisonOp::kNotDistinct:
      return equal * (1 - nulls);
    case ComparisonOp::kNotEqual:
    case ComparisonOp::kDistinct:
      return (1 - equal) * (1 - nulls);
    default:
      return kSelectivityRange * (1 - nulls);
  }
}

double CardinalityEstimator::PatternSelectivity(const expr::Expr& predicate) const {
  double selectivity = kSelectivityContains;
  const Value* pattern = ConstantOf(*predicate.children[1]);
  if (pattern != nullptr && !pattern->is_null()) {
    // Every literal character makes a match less likely.
    const std::string& text = pattern->string();
    const auto literals = static_cast<double>(
        std::count_if(text.begin(), text.end(), [](char c) { return c != '%' && c != '_'; }));
    const bool anchored = !text.empty() && text[0] != '%';
    selectivity = std::clamp(std::pow(0.75, literals) * (anchored ? 0.2 : 0.5), 1e-4, 1.0);
    if (literals == 0) selectivity = 1;
  }
  return predicate.negated ? std::max(0.05, 1 - selectivity) : selectivity;
}

double CardinalityEstimator::ComparisonSelectivity(const expr::Expr& predicate) const {
  const expr::Expr& a = *predicate.children[0];
  const expr::Expr& b = *predicate.children[1];
  const double distinct = std::max(Distinct(a, 1e18), Distinct(b, 1e18));
  switch (predicate.comparison) {
    case ComparisonOp::kEqual:
    case ComparisonOp::kNotDistinct:
      return 1 / std::max(1.0 / kSelectivityOther, distinct);
    case ComparisonOp::kNotEqual:
    case ComparisonOp::kDistinct:
      return 1 - 1 / std::max(1.0 / kSelectivityOther, distinct);
    default:
      return kSelectivityRange;
  }
}

double CardinalityEstimator::Selectivity(const expr::Expr& predicate) const {
  switch (predicate.kind) {
    case ExprKind::kConstant:
      return !predicate.value.is_null() && predicate.value.boolean() ? 1.0 : 1e-9;
    case ExprKind::kAnd:
      return Selectivity(predicate.children);
    case ExprKind::kOr: {
      double none = 1;
      for (const ExprPtr& child : predicate.children) none *= 1 - Selectivity(*child);
      return std::clamp(1 - none, 1e-9, 1.0);
    }
    case ExprKind::kNot:
      return std::clamp(1 - Selectivity(*predicate.children[0]), 0.01, 1.0);
    default:
      break;
  }
  const auto condition = expr::ExtractColumnCondition(predicate, context_.parameters);
  if (condition.has_value()) {
    const ColumnProfile* profile =
        condition->column->kind == ExprKind::kColumn ? Profile(condition->column->column) : nullptr;
    double low = 0, high = 0;
    if (profile != nullptr && profile->has_range && profile->high > profile->low &&
        RangeOf(*condition, *profile, &low, &high)) {
      const double floor = 1 / std::max(2.0, profile->distinct);
      return std::clamp((high - low) / (profile->high - profile->low), floor, 1.0) *
             (1 - profile->null_fraction);
    }
    if (condition->exact || predicate.kind != ExprKind::kPattern) {
      return ConditionSelectivity(*condition);
    }
  }
  if (predicate.kind == ExprKind::kPattern) return PatternSelectivity(predicate);
  if (predicate.kind == ExprKind::kComparison) return ComparisonSelectivity(predicate);
  if (predicate.kind == ExprKind::kIsTest) return predicate.negated ? 0.9 : 0.1;
  if (predicate.kind == ExprKind::kInList) {
    const double distinct = std::max(2.0, Distinct(*predicate.children[0], 1e18));
    const double in = std::min(0.9, static_cast<double>(predicate.children.size() - 1) / distinct);
    return predicate.negated ? 1 - in : in;
  }
  return kSelectivityOther;
}

}  // namespace driftdb::sql
