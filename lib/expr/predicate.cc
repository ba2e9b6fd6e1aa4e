#include "expr/predicate.h"

#include <algorithm>

#include "base/check.h"
#include "expr/program.h"
#include "types/utf8.h"

namespace driftdb::expr {

int CompareValues(const Value& a, const Value& b) {
  DRIFTDB_DCHECK(!a.is_null() && !b.is_null());
  alignas(16) uint8_t x[16] = {}, y[16] = {};
  a.StorePhysical(x);
  b.StorePhysical(y);
  return RowCompareFor(a.type().physical())(x, y);
}

std::string LikePrefix(std::string_view pattern, char escape, bool* is_exact) {
  std::string prefix;
  *is_exact = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '%') {
      *is_exact = i + 1 == pattern.size();
      return prefix;
    }
    if (c == '_') return prefix;
    if (c == escape && escape != 0) {
      if (++i >= pattern.size()) return prefix;
    }
    prefix.push_back(pattern[i]);
  }
  // No wildcard: the pattern is one string. Not a prefix search, but a sound one.
  return prefix;
}

std::optional<std::string> PrefixUpperBound(std::string_view prefix) {
  std::string bound(prefix);
  while (!bound.empty()) {
    auto last = static_cast<uint8_t>(bound.back());
    if (last != 0xFF) {
      bound.back() = static_cast<char>(last + 1);
      return bound;
    }
    bound.pop_back();
  }
  return std::nullopt;
}

namespace {

const Expr* PredicateColumn(const Expr& expr) {
  if (expr.kind == ExprKind::kColumn || expr.kind == ExprKind::kSlot) return &expr;
  // A cast between string types leaves the bytes as they are.
  if (expr.kind == ExprKind::kCast && expr.type.is_string() && expr.type.length == 0 &&
      expr.children[0]->type.is_string()) {
    return PredicateColumn(*expr.children[0]);
  }
  return nullptr;
}

const Value* PredicateConstant(const Expr& expr, const std::vector<Value>* parameters) {
  if (expr.kind == ExprKind::kConstant) return &expr.value;
  if (expr.kind == ExprKind::kParameter && parameters != nullptr &&
      expr.parameter < parameters->size()) {
    const Value& value = (*parameters)[expr.parameter];
    if (value.type().physical() == expr.type.physical()) return &value;
  }
  return nullptr;
}

bool PredicateSetValue(const Expr& column, const Value& value, ColumnCondition* condition) {
  if (value.is_null() || value.type().physical() != column.type.physical()) return false;
  condition->values.push_back(value);
  condition->values.back().set_type(column.type);
  return true;
}

std::optional<ColumnCondition> PredicateComparison(const Expr& e,
                                                   const std::vector<Value>* parameters) {
  if (e.comparison == ComparisonOp::kDistinct || e.comparison == ComparisonOp::kNotDistinct) {
    return std::nullopt;
  }
  ColumnCondition condition;
  condition.comparison = e.comparison;
  condition.column = PredicateColumn(*e.children[0]);
  const Value* value = PredicateConstant(*e.children[1], parameters);
  if (condition.column == nullptr || value == nullptr) {
    condition.column = PredicateColumn(*e.children[1]);
    value = PredicateConstant(*e.children[0], parameters);
    condition.comparison = FlipComparison(e.comparison);
  }
  if (condition.column == nullptr || value == nullptr ||
      !PredicateSetValue(*condition.column, *value, &condition)) {
    return std::nullopt;
  }
  return condition;
}

std::optional<ColumnCondition> PredicateIn(const Expr& e, const std::vector<Value>* parameters) {
  ColumnCondition condition;
  condition.kind = ColumnConditionKind::kIn;
  condition.column = PredicateColumn(*e.children[0]);
  if (condition.column == nullptr || e.negated) return std::nullopt;
  for (size_t i = 1; i < e.children.size(); ++i) {
    const Value* value = PredicateConstant(*e.children[i], parameters);
    if (value == nullptr) return std::nullopt;
    if (value->is_null()) continue;  // never makes the predicate true
    if (!PredicateSetValue(*condition.column, *value, &condition)) return std::nullopt;
  }
  std::vector<Value>& values = condition.values;
  std::sort(values.begin(), values.end(),
            [](const Value& a, const Value& b) { return CompareValues(a, b) < 0; });
  values.erase(std::unique(values.begin(), values.end(),
                           [](const Value& a, const Value& b) { return CompareValues(a, b) == 0; }),
               values.end());
  return condition;
}

std::optional<ColumnCondition> PredicateLike(const Expr& e, const std::vector<Value>* parameters) {
  if (e.pattern != PatternKind::kLike || e.negated) return std::nullopt;
  ColumnCondition condition;
  condition.kind = ColumnConditionKind::kRange;
  condition.column = PredicateColumn(*e.children[0]);
  const Value* pattern = PredicateConstant(*e.children[1], parameters);
  if (condition.column == nullptr || pattern == nullptr || pattern->is_null()) return std::nullopt;
  char escape = '\\';
  if (e.children.size() > 2) {
    const Value* given = PredicateConstant(*e.children[2], parameters);
    if (given == nullptr || given->is_null() || given->string().size() > 1) return std::nullopt;
    escape = given->string().empty() ? 0 : given->string()[0];
  }
  std::string prefix = LikePrefix(pattern->string(), escape, &condition.exact);
  if (prefix.empty()) return std::nullopt;
  const std::optional<std::string> bound = PrefixUpperBound(prefix);
  condition.values.push_back(Value::String(condition.column->type, std::move(prefix)));
  condition.values.push_back(bound.has_value() ? Value::String(condition.column->type, *bound)
                                               : Value::Null(condition.column->type));
  return condition;
}

}  // namespace

std::optional<ColumnCondition> ExtractColumnCondition(const Expr& conjunct,
                                                      const std::vector<Value>* parameters) {
  switch (conjunct.kind) {
    case ExprKind::kComparison:
      return PredicateComparison(conjunct, parameters);
    case ExprKind::kInList:
      return PredicateIn(conjunct, parameters);
    case ExprKind::kPattern:
      return PredicateLike(conjunct, parameters);
    case ExprKind::kIsTest: {
      if (conjunct.is_test != IsTest::kNull) return std::nullopt;
      ColumnCondition condition;
      condition.kind =
          conjunct.negated ? ColumnConditionKind::kIsNotNull : ColumnConditionKind::kIsNull;
      condition.column = PredicateColumn(*conjunct.children[0]);
      if (condition.column == nullptr) return std::nullopt;
      return condition;
    }
    case ExprKind::kSlot:
    case ExprKind::kColumn: {
      // A bare boolean column.
      if (conjunct.type.id != TypeId::kBoolean) return std::nullopt;
      ColumnCondition condition;
      condition.column = &conjunct;
      condition.values.push_back(Value::Boolean(true));
      return condition;
    }
    case ExprKind::kNot: {
      const Expr& inner = *conjunct.children[0];
      if (inner.kind != ExprKind::kSlot && inner.kind != ExprKind::kColumn) return std::nullopt;
      ColumnCondition condition;
      condition.column = &inner;
      condition.values.push_back(Value::Boolean(false));
      return condition;
    }
    default:
      return std::nullopt;
  }
}

}  // namespace driftdb::expr
