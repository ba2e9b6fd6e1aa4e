#include "expr/expr.h"

#include <cmath>

#include "base/check.h"
#include "base/hash.h"
#include "expr/function.h"

namespace driftdb::expr {

ComparisonOp FlipComparison(ComparisonOp op) {
  switch (op) {
    case ComparisonOp::kLess:
      return ComparisonOp::kGreater;
    case ComparisonOp::kLessEqual:
      return ComparisonOp::kGreaterEqual;
    case ComparisonOp::kGreater:
      return ComparisonOp::kLess;
    case ComparisonOp::kGreaterEqual:
      return ComparisonOp::kLessEqual;
    default:
      return op;
  }
}

ComparisonOp NegateComparison(ComparisonOp op) {
  switch (op) {
    case ComparisonOp::kEqual:
      return ComparisonOp::kNotEqual;
    case ComparisonOp::kNotEqual:
      return ComparisonOp::kEqual;
    case ComparisonOp::kLess:
      return ComparisonOp::kGreaterEqual;
    case ComparisonOp::kLessEqual:
      return ComparisonOp::kGreater;
    case ComparisonOp::kGreater:
      return ComparisonOp::kLessEqual;
    case ComparisonOp::kGreaterEqual:
      return ComparisonOp::kLess;
    case ComparisonOp::kDistinct:
      return ComparisonOp::kNotDistinct;
    case ComparisonOp::kNotDistinct:
      return ComparisonOp::kDistinct;
  }
  return op;
}

std::string_view ComparisonText(ComparisonOp op) {
  switch (op) {
    case ComparisonOp::kEqual:
      return "=";
    case ComparisonOp::kNotEqual:
      return "<>";
    case ComparisonOp::kLess:
      return "<";
    case ComparisonOp::kLessEqual:
      return "<=";
    case ComparisonOp::kGreater:
      return ">";
    case ComparisonOp::kGreaterEqual:
      return ">=";
    case ComparisonOp::kDistinct:
      return "IS DISTINCT FROM";
    case ComparisonOp::kNotDistinct:
      return "IS NOT DISTINCT FROM";
  }
  return "?";
}

namespace {

ExprPtr ExprCloneOrNull(const ExprPtr& expr) { return expr == nullptr ? nullptr : expr->Clone(); }

std::vector<SortKey> ExprCloneKeys(const std::vector<SortKey>& keys) {
  std::vector<SortKey> copy;
  copy.reserve(keys.size());
  for (const SortKey& key : keys) {
    copy.push_back({ExprCloneOrNull(key.expr), key.descending, key.nulls_first});
  }
  return copy;
}

bool ExprEqualOrNull(const ExprPtr& a, const ExprPtr& b) {
  if (a == nullptr || b == nullptr) return a == b;
  return Equals(*a, *b);
}

bool ExprEqualLists(const std::vector<ExprPtr>& a, const std::vector<ExprPtr>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!ExprEqualOrNull(a[i], b[i])) return false;
  }
  return true;
}

bool ExprEqualKeys(const std::vector<SortKey>& a, const std::vector<SortKey>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].descending != b[i].descending || a[i].nulls_first != b[i].nulls_first ||
        !ExprEqualOrNull(a[i].expr, b[i].expr)) {
      return false;
    }
  }
  return true;
}

bool ExprEqualSubqueries(const Subquery& a, const Subquery& b) {
  if (a.kind != b.kind || a.comparison != b.comparison || a.negated != b.negated) return false;
  if (a.plan == nullptr || b.plan == nullptr) return a.plan == b.plan;
  return a.plan.get_deleter().ops->equals(a.plan.get(), b.plan.get());
}

bool ExprEqualAggregates(const AggregateCall& a, const AggregateCall& b) {
  return a.function == b.function && a.distinct == b.distinct &&
         ExprEqualOrNull(a.filter, b.filter) && ExprEqualKeys(a.order_by, b.order_by);
}

bool ExprEqualWindows(const WindowCall& a, const WindowCall& b) {
  return a.function == b.function && a.unit == b.unit && a.start == b.start && a.end == b.end &&
         a.exclusion == b.exclusion && ExprEqualLists(a.partition_by, b.partition_by) &&
         ExprEqualKeys(a.order_by, b.order_by) && ExprEqualOrNull(a.start_offset, b.start_offset) &&
         ExprEqualOrNull(a.end_offset, b.end_offset);
}

template <typename T, typename F>
bool ExprEqualPayloads(const std::unique_ptr<T>& a, const std::unique_ptr<T>& b, F equal) {
  if (a == nullptr || b == nullptr) return a == b;
  return equal(*a, *b);
}

uint64_t ExprHashValue(const Value& value) {
  uint64_t hash = value.type().Pack();
  if (value.is_null()) return HashInt64(hash + 1);
  switch (value.type().physical()) {
    case PhysicalType::kString:
      return HashCombine64(hash, HashBytes64(value.string()));
    case PhysicalType::kFloat:
    case PhysicalType::kDouble: {
      const double d = value.float64();
      // Equal values must hash alike: 0 and -0, all NaNs.
      if (std::isnan(d) || d == 0) return HashCombine64(hash, std::isnan(d) ? 7 : 0);
      return HashCombine64(hash, HashBytes64(&d, sizeof(d)));
    }
    case PhysicalType::kInterval:
      return HashCombine64(hash, HashBytes64(&value.interval(), sizeof(Interval)));
    default: {
      const auto v = static_cast<uint128_t>(value.integer());
      hash = HashCombine64(hash, static_cast<uint64_t>(v));
      return HashCombine64(hash, static_cast<uint64_t>(v >> 64));
    }
  }
}

}  // namespace

ExprPtr Expr::Clone() const {
  auto copy = std::make_unique<Expr>();
  copy->kind = kind;
  copy->type = type;
  copy->children.reserve(children.size());
  for (const ExprPtr& child : children) copy->children.push_back(ExprCloneOrNull(child));
  copy->position = position;
  copy->negated = negated;
  copy->has_else = has_else;
  copy->comparison = comparison;
  copy->cast_context = cast_context;
  copy->is_test = is_test;
  copy->pattern = pattern;
  copy->slot = slot;
  copy->parameter = parameter;
  copy->column = column;
  copy->function = function;
  copy->value = value;
  copy->name = name;
  if (subquery != nullptr) {
    copy->subquery = std::make_unique<Subquery>();
    copy->subquery->kind = subquery->kind;
    copy->subquery->comparison = subquery->comparison;
    copy->subquery->negated = subquery->negated;
    if (subquery->plan != nullptr) {
      const SubqueryPlanOps* ops = subquery->plan.get_deleter().ops;
      copy->subquery->plan =
          SubqueryPlanPtr(ops->clone(subquery->plan.get()), SubqueryPlanDeleter{ops});
    }
  }
  if (aggregate != nullptr) {
    copy->aggregate = std::make_unique<AggregateCall>();
    copy->aggregate->function = aggregate->function;
    copy->aggregate->distinct = aggregate->distinct;
    copy->aggregate->filter = ExprCloneOrNull(aggregate->filter);
    copy->aggregate->order_by = ExprCloneKeys(aggregate->order_by);
  }
  if (window != nullptr) {
    copy->window = std::make_unique<WindowCall>();
    WindowCall& to = *copy->window;
    to.function = window->function;
    for (const ExprPtr& key : window->partition_by) to.partition_by.push_back(key->Clone());
    to.order_by = ExprCloneKeys(window->order_by);
    to.unit = window->unit;
    to.start = window->start;
    to.end = window->end;
    to.exclusion = window->exclusion;
    to.start_offset = ExprCloneOrNull(window->start_offset);
    to.end_offset = ExprCloneOrNull(window->end_offset);
  }
  return copy;
}

namespace {

ExprPtr ExprMake(ExprKind kind, LogicalType type, int64_t position = 0) {
  auto expr = std::make_unique<Expr>();
  expr->kind = kind;
  expr->type = type;
  expr->position = position;
  return expr;
}

// AND or OR of `children`, nested nodes of the same kind flattened.
ExprPtr ExprMakeJunction(ExprKind kind, std::vector<ExprPtr> children) {
  std::vector<ExprPtr> flat;
  for (ExprPtr& child : children) {
    if (child->kind == kind) {
      for (ExprPtr& inner : child->children) flat.push_back(std::move(inner));
    } else {
      flat.push_back(std::move(child));
    }
  }
  if (flat.empty()) return MakeBoolean(kind == ExprKind::kAnd);
  if (flat.size() == 1) return std::move(flat[0]);
  ExprPtr expr = ExprMake(kind, TypeId::kBoolean, flat[0]->position);
  expr->children = std::move(flat);
  return expr;
}

}  // namespace

ExprPtr MakeConstant(Value value, int64_t position) {
  ExprPtr expr = ExprMake(ExprKind::kConstant, value.type(), position);
  expr->value = std::move(value);
  return expr;
}

ExprPtr MakeNull(LogicalType type) { return MakeConstant(Value::Null(type)); }
ExprPtr MakeBoolean(bool value) { return MakeConstant(Value::Boolean(value)); }

ExprPtr MakeColumn(ColumnBinding column, LogicalType type, std::string name) {
  ExprPtr expr = ExprMake(ExprKind::kColumn, type);
  expr->column = column;
  expr->name = std::move(name);
  return expr;
}

ExprPtr MakeSlot(uint32_t slot, LogicalType type, std::string name) {
  ExprPtr expr = ExprMake(ExprKind::kSlot, type);
  expr->slot = slot;
  expr->name = std::move(name);
  return expr;
}

ExprPtr MakeParameter(uint32_t index, LogicalType type, int64_t position) {
  ExprPtr expr = ExprMake(ExprKind::kParameter, type, position);
  expr->parameter = index;
  return expr;
}

ExprPtr MakeAnd(std::vector<ExprPtr> children) {
  return ExprMakeJunction(ExprKind::kAnd, std::move(children));
}
ExprPtr MakeOr(std::vector<ExprPtr> children) {
  return ExprMakeJunction(ExprKind::kOr, std::move(children));
}

ExprPtr MakeNot(ExprPtr child) {
  ExprPtr expr = ExprMake(ExprKind::kNot, TypeId::kBoolean, child->position);
  expr->children.push_back(std::move(child));
  return expr;
}

ExprPtr MakeIsTest(IsTest test, bool negated, ExprPtr child) {
  ExprPtr expr = ExprMake(ExprKind::kIsTest, TypeId::kBoolean, child->position);
  expr->is_test = test;
  expr->negated = negated;
  expr->children.push_back(std::move(child));
  return expr;
}

ExprPtr MakeComparison(ComparisonOp op, ExprPtr left, ExprPtr right, int64_t position) {
  DRIFTDB_DCHECK(left->type.physical() == right->type.physical());
  ExprPtr expr = ExprMake(ExprKind::kComparison, TypeId::kBoolean, position);
  expr->comparison = op;
  expr->children.push_back(std::move(left));
  expr->children.push_back(std::move(right));
  return expr;
}

std::vector<ExprPtr> SplitConjunction(ExprPtr expr) {
  std::vector<ExprPtr> conjuncts;
  if (expr == nullptr) return conjuncts;
  if (expr->kind != ExprKind::kAnd) {
    conjuncts.push_back(std::move(expr));
    return conjuncts;
  }
  for (ExprPtr& child : expr->children) {
    for (ExprPtr& inner : SplitConjunction(std::move(child))) conjuncts.push_back(std::move(inner));
  }
  return conjuncts;
}

bool Equals(const Expr& a, const Expr& b) {
  if (&a == &b) return true;
  if (a.kind != b.kind || !(a.type == b.type) || a.negated != b.negated ||
      a.has_else != b.has_else) {
    return false;
  }
  switch (a.kind) {
    case ExprKind::kConstant:
      if (!(a.value == b.value)) return false;
      break;
    case ExprKind::kColumn:
      if (!(a.column == b.column)) return false;
      break;
    case ExprKind::kSlot:
      if (a.slot != b.slot) return false;
      break;
    case ExprKind::kParameter:
      if (a.parameter != b.parameter) return false;
      break;
    case ExprKind::kFunction:
      if (a.function != b.function) return false;
      break;
    case ExprKind::kComparison:
      if (a.comparison != b.comparison) return false;
      break;
    case ExprKind::kIsTest:
      if (a.is_test != b.is_test) return false;
      break;
    case ExprKind::kPattern:
      if (a.pattern != b.pattern) return false;
      break;
    default:
      break;
  }
  return ExprEqualLists(a.children, b.children) &&
         ExprEqualPayloads(a.subquery, b.subquery, ExprEqualSubqueries) &&
         ExprEqualPayloads(a.aggregate, b.aggregate, ExprEqualAggregates) &&
         ExprEqualPayloads(a.window, b.window, ExprEqualWindows);
}

uint64_t Hash(const Expr& expr) {
  uint64_t hash = HashCombine64(static_cast<uint64_t>(expr.kind), expr.type.Pack());
  hash = HashCombine64(hash, (expr.negated ? 1 : 0) | (expr.has_else ? 2 : 0));
  switch (expr.kind) {
    case ExprKind::kConstant:
      hash = HashCombine64(hash, ExprHashValue(expr.value));
      break;
    case ExprKind::kColumn:
      hash = HashCombine64(
          hash, HashCombine64(expr.column.table_index,
                              HashCombine64(expr.column.column_index, expr.column.depth)));
      break;
    case ExprKind::kSlot:
      hash = HashCombine64(hash, expr.slot);
      break;
    case ExprKind::kParameter:
      hash = HashCombine64(hash, expr.parameter);
      break;
    case ExprKind::kFunction:
      hash = HashCombine64(hash, HashBytes64(expr.function->name));
      break;
    case ExprKind::kComparison:
      hash = HashCombine64(hash, static_cast<uint64_t>(expr.comparison));
      break;
    case ExprKind::kIsTest:
      hash = HashCombine64(hash, static_cast<uint64_t>(expr.is_test));
      break;
    case ExprKind::kPattern:
      hash = HashCombine64(hash, static_cast<uint64_t>(expr.pattern));
      break;
    default:
      break;
  }
  for (const ExprPtr& child : expr.children) hash = HashCombine64(hash, Hash(*child));
  if (expr.aggregate != nullptr) {
    hash = HashCombine64(hash, reinterpret_cast<uintptr_t>(expr.aggregate->function));
    if (expr.aggregate->filter != nullptr)
      hash = HashCombine64(hash, Hash(*expr.aggregate->filter));
  }
  if (expr.window != nullptr) {
    hash = HashCombine64(hash, static_cast<uint64_t>(expr.window->function));
    for (const ExprPtr& key : expr.window->partition_by) hash = HashCombine64(hash, Hash(*key));
    for (const SortKey& key : expr.window->order_by) hash = HashCombine64(hash, Hash(*key.expr));
  }
  return hash;
}

void ForEachChild(Expr& expr, FunctionRef<void(ExprPtr&)> visit) {
  const auto each = [&](ExprPtr& child) {
    if (child != nullptr) visit(child);
  };
  for (ExprPtr& child : expr.children) each(child);
  if (expr.aggregate != nullptr) {
    each(expr.aggregate->filter);
    for (SortKey& key : expr.aggregate->order_by) each(key.expr);
  }
  if (expr.window != nullptr) {
    for (ExprPtr& key : expr.window->partition_by) each(key);
    for (SortKey& key : expr.window->order_by) each(key.expr);
    each(expr.window->start_offset);
    each(expr.window->end_offset);
  }
}

void Walk(const Expr& expr, FunctionRef<bool(const Expr&)> visit) {
  if (!visit(expr)) return;
  // The visitor gets const nodes, so the cast does not let anybody write.
  ForEachChild(const_cast<Expr&>(expr), [&](ExprPtr& child) { Walk(*child, visit); });
}

void Rewrite(ExprPtr& expr, FunctionRef<void(ExprPtr&)> replace) {
  ForEachChild(*expr, [&](ExprPtr& child) { Rewrite(child, replace); });
  replace(expr);
}

Volatility VolatilityOf(const Expr& expr) {
  Volatility most = Volatility::kImmutable;
  Walk(expr, [&](const Expr& e) {
    Volatility own = Volatility::kImmutable;
    if (e.kind == ExprKind::kFunction) own = e.function->volatility;
    if (e.kind == ExprKind::kCast) own = CastVolatility(e.children[0]->type, e.type);
    if (own > most) most = own;
    return most != Volatility::kVolatile;
  });
  return most;
}

bool IsVolatile(const Expr& expr) { return VolatilityOf(expr) == Volatility::kVolatile; }

bool ContainsKind(const Expr& expr, ExprKind kind) {
  bool found = false;
  Walk(expr, [&](const Expr& e) {
    found = found || e.kind == kind;
    return !found;
  });
  return found;
}

bool IsFoldable(const Expr& expr) {
  bool foldable = true;
  Walk(expr, [&](const Expr& e) {
    switch (e.kind) {
      case ExprKind::kColumn:
      case ExprKind::kSlot:
      case ExprKind::kParameter:
      case ExprKind::kSubquery:
      case ExprKind::kAggregate:
      case ExprKind::kWindow:
        foldable = false;
        break;
      default:
        break;
    }
    return foldable;
  });
  return foldable && VolatilityOf(expr) == Volatility::kImmutable;
}

bool MayFail(const Expr& expr) {
  bool may_fail = false;
  Walk(expr, [&](const Expr& e) {
    switch (e.kind) {
      case ExprKind::kFunction:
        may_fail = may_fail || e.function->may_fail;
        break;
      case ExprKind::kCast:
        may_fail = may_fail || CastMayFail(e.children[0]->type, e.type);
        break;
      case ExprKind::kPattern:
        // A pattern that is not constant may be malformed.
        may_fail = may_fail || e.children[1]->kind != ExprKind::kConstant;
        break;
      case ExprKind::kSubquery:
        may_fail = true;
        break;
      default:
        break;
    }
    return !may_fail;
  });
  return may_fail;
}

bool IsLeakproof(const Expr& expr) {
  bool leakproof = true;
  Walk(expr, [&](const Expr& e) {
    switch (e.kind) {
      case ExprKind::kFunction:
        leakproof = leakproof && e.function->leakproof;
        break;
      case ExprKind::kCast:
        leakproof = leakproof && !CastMayFail(e.children[0]->type, e.type);
        break;
      case ExprKind::kPattern:
      case ExprKind::kSubquery:
        leakproof = false;
        break;
      default:
        break;
    }
    return leakproof;
  });
  return leakproof;
}

}  // namespace driftdb::expr
