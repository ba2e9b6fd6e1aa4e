// Binding of comparisons, conditionals and predicates: common types and coercion.
#include <algorithm>

#include "base/error.h"
#include "base/status_macros.h"
#include "expr/binding.h"
#include "expr/evaluator.h"
#include "expr/resolution.h"
#include "types/civil.h"
#include "types/decimal.h"
#include "types/utf8.h"

namespace driftdb::expr {

namespace {

bool CompareIsConstant(const Expr& expr) {
  return expr.kind == ExprKind::kConstant && !expr.value.is_null();
}

// Common type of two different number types for a comparison.
LogicalType CompareNumberType(const Expr& a, const Expr& b) {
  const LogicalType x = a.type, y = b.type;
  if (x.is_floating() || y.is_floating()) {
    return x.id == TypeId::kReal && y.id == TypeId::kReal ? TypeId::kReal : TypeId::kDouble;
  }
  if (x.id == TypeId::kDecimal || y.id == TypeId::kDecimal) {
    return DecimalCommonType(DecimalTypeOfExpr(a), DecimalTypeOfExpr(b));
  }
  return x.id > y.id ? x : y;  // TypeId orders the integers by width
}

// Converts the constant to the other side's type when nothing is lost, so that columns are compared
// bare.
bool CompareConvertConstant(ExprPtr& constant, const LogicalType& to) {
  const LogicalType from = constant->type;
  const bool exact_types = (from.is_integer() || from.id == TypeId::kDecimal) &&
                           (to.is_integer() || to.id == TypeId::kDecimal);
  if (!exact_types) return false;
  const int from_scale = from.id == TypeId::kDecimal ? from.scale : 0;
  const int to_scale = to.id == TypeId::kDecimal ? to.scale : 0;
  int128_t value = 0, back = 0;
  if (!RescaleDecimal(constant->value.integer(), from_scale, to_scale, &value) ||
      !RescaleDecimal(value, to_scale, from_scale, &back) || back != constant->value.integer()) {
    return false;
  }
  if (to.id == TypeId::kDecimal) {
    if (!DecimalFits(value, to.precision)) return false;
  } else {
    const auto bits = static_cast<int>(to.width() * 8 - 1);
    const int128_t high = bits == 127 ? kInt128Max : (int128_t{1} << bits) - 1;
    if (value > high || value < -high - 1) return false;
  }
  const int64_t position = constant->position;
  constant = MakeConstant(Value::Integer(to, value), position);
  return true;
}

// date OP timestamp-constant becomes date OP' date-constant where the order allows.
bool CompareDateWithTimestamp(ComparisonOp* op, ExprPtr& constant) {
  const int64_t micros = constant->value.int64();
  if (micros == kTimestampInfinity || micros == kTimestampMinusInfinity) return false;
  const int64_t days = FloorDiv(micros, kMicrosPerDay);
  const bool midnight = days * kMicrosPerDay == micros;
  if (!midnight) {
    switch (*op) {
      case ComparisonOp::kLess:  // d < 2020-01-01 12:00 is d <= 2020-01-01
        *op = ComparisonOp::kLessEqual;
        break;
      case ComparisonOp::kGreaterEqual:
        *op = ComparisonOp::kGreater;
        break;
      case ComparisonOp::kLessEqual:
      case ComparisonOp::kGreater:
        break;
      default:
        return false;
    }
  }
  constant = MakeConstant(Value::Integer(TypeId::kDate, days), constant->position);
  return true;
}

Status CompareNoOperator(ComparisonOp op, const Expr& a, const Expr& b, int64_t position) {
  const std::string_view symbol =
      op == ComparisonOp::kDistinct || op == ComparisonOp::kNotDistinct ? "=" : ComparisonText(op);
  return Error(sqlstate::kUndefinedFunction, "operator does not exist: {} {} {}", TypeWord(a.type),
               symbol, TypeWord(b.type))
      .WithHint(
          "No operator matches the given name and argument types. You might need to add explicit "
          "type casts.")
      .At(position);
}

// The type an untyped literal takes opposite `other`: its type, without a length or precision that
// would cut, round or refuse it.
LogicalType CompareLiteralType(const Expr& literal, const LogicalType& other) {
  if (other.id == TypeId::kVarchar) return TypeId::kText;
  if (other.id == TypeId::kChar) return TypeId::kChar;
  if (other.is_timed()) return other.id;
  if (other.id == TypeId::kDecimal) {
    return DecimalCommonType(DecimalTypeOfExpr(literal), other);
  }
  return other;
}

Status CompareCast(ExprPtr& expr, const LogicalType& to) {
  const int64_t position = expr->position;
  DRIFTDB_ASSIGN_OR_RETURN(expr, BindCast(std::move(expr), to, CastContext::kImplicit, position));
  return OkStatus();
}

Status CompareCoerce(ComparisonOp* op, ExprPtr& left, ExprPtr& right, int64_t position) {
  if (left->type.id == TypeId::kUnknown && right->type.id == TypeId::kUnknown) {
    DRIFTDB_RETURN_IF_ERROR(CompareCast(left, TypeId::kText));
    return CompareCast(right, TypeId::kText);
  }
  if (left->type.id == TypeId::kUnknown) {
    DRIFTDB_RETURN_IF_ERROR(CompareCast(left, CompareLiteralType(*left, right->type)));
  } else if (right->type.id == TypeId::kUnknown) {
    DRIFTDB_RETURN_IF_ERROR(CompareCast(right, CompareLiteralType(*right, left->type)));
  }
  const LogicalType x = left->type, y = right->type;
  if (x == y || (x.is_string() && y.is_string())) return OkStatus();
  if (x.is_numeric() && y.is_numeric()) {
    FoldIfConstant(left);
    FoldIfConstant(right);
    if (CompareIsConstant(*right) && !CompareIsConstant(*left)) {
      if (CompareConvertConstant(right, x)) return OkStatus();
    } else if (CompareIsConstant(*left) && !CompareIsConstant(*right)) {
      if (CompareConvertConstant(left, y)) return OkStatus();
    }
    const LogicalType common = CompareNumberType(*left, *right);
    DRIFTDB_RETURN_IF_ERROR(CompareCast(left, common));
    return CompareCast(right, common);
  }
  if (x.id == TypeId::kDate && y.id == TypeId::kTimestamp) {
    FoldIfConstant(right);
    if (CompareIsConstant(*right) && CompareDateWithTimestamp(op, right)) return OkStatus();
  } else if (y.id == TypeId::kDate && x.id == TypeId::kTimestamp) {
    FoldIfConstant(left);
    ComparisonOp flipped = FlipComparison(*op);
    if (CompareIsConstant(*left) && CompareDateWithTimestamp(&flipped, left)) {
      *op = FlipComparison(flipped);
      return OkStatus();
    }
  }
  if (x.id == y.id) return OkStatus();
  if (CanCast(x, y, CastContext::kImplicit)) return CompareCast(left, y);
  if (CanCast(y, x, CastContext::kImplicit)) return CompareCast(right, x);
  return CompareNoOperator(*op, *left, *right, position);
}

ExprPtr CompareMakeNode(ExprKind kind, LogicalType type, int64_t position) {
  auto expr = std::make_unique<Expr>();
  expr->kind = kind;
  expr->type = type;
  expr->position = position;
  return expr;
}

// Number category including literals, for CommonType.
int CompareCategory(const LogicalType& type) {
  if (type.is_numeric()) return 1;
  if (type.is_string()) return 2;
  if (type.is_datetime()) return 3;
  return 10 + static_cast<int>(type.id);
}

bool CompareIsPreferred(TypeId id) {
  return id == TypeId::kText || id == TypeId::kDouble || id == TypeId::kTimestampTz;
}

// Merges `type` into the running common type. False: the types do not go together.
bool CompareMergeType(const LogicalType& type, const LogicalType& as_decimal, LogicalType* common,
                      LogicalType* common_decimal) {
  if (type.id == common->id) {
    if (type.id == TypeId::kDecimal) *common = DecimalCommonType(*common, type);
    if (!(*common == type) && type.id != TypeId::kDecimal) *common = LogicalType(type.id);
    *common_decimal = DecimalCommonType(*common_decimal, as_decimal);
    return true;
  }
  if (CompareCategory(type) != CompareCategory(*common)) return false;
  const LogicalType merged_decimal = DecimalCommonType(*common_decimal, as_decimal);
  if (!CompareIsPreferred(common->id) && CanCast(*common, type, CastContext::kImplicit) &&
      !CanCast(type, *common, CastContext::kImplicit)) {
    *common = type;
  } else if (!CanCast(type, *common, CastContext::kImplicit)) {
    return false;
  } else if (type.is_string() && type.id == TypeId::kText) {
    *common = TypeId::kText;
  }
  if (common->id == TypeId::kDecimal) *common = merged_decimal;
  if (common->id != TypeId::kDecimal) *common = LogicalType(common->id);
  *common_decimal = merged_decimal;
  return true;
}

}  // namespace

Result<LogicalType> CommonType(const std::vector<const Expr*>& exprs, std::string_view construct) {
  LogicalType common;
  LogicalType decimal = LogicalType::Decimal(1, 0);
  for (const Expr* expr : exprs) {
    if (expr->type.id == TypeId::kUnknown) continue;
    const LogicalType as_decimal =
        expr->type.is_numeric() ? DecimalTypeOfExpr(*expr) : LogicalType::Decimal(1, 0);
    if (common.id == TypeId::kUnknown) {
      common = expr->type;
      decimal = as_decimal;
      continue;
    }
    if (!CompareMergeType(expr->type, as_decimal, &common, &decimal)) {
      return Error(sqlstate::kDatatypeMismatch, "{} types {} and {} cannot be matched", construct,
                   TypeWord(common), TypeWord(expr->type))
          .At(expr->position);
    }
  }
  if (common.id == TypeId::kUnknown) return LogicalType(TypeId::kText);
  for (const Expr* expr : exprs) {
    if (expr->type.id == TypeId::kUnknown) common = WidenForUntyped(*expr, common);
  }
  return common;
}

LogicalType WidenForUntyped(const Expr& untyped, const LogicalType& common) {
  const bool constant = untyped.kind == ExprKind::kConstant;
  if (constant && untyped.value.is_null()) return common;
  // char(n) needs its length to pad the other values: it gives way to longer literals only.
  const bool fits = common.id == TypeId::kChar && constant &&
                    CountCharacters(untyped.value.string()) <= common.length;
  if (fits) return common;
  if (common.id != TypeId::kDecimal) return common.id;
  // A parameter may bring any number of whole digits.
  return DecimalCommonType(common, constant
                                       ? DecimalTypeOfExpr(untyped)
                                       : LogicalType::Decimal(kDecimalPrecisionMax, common.scale));
}

Result<LogicalType> CommonType(LogicalType a, LogicalType b, std::string_view construct) {
  Expr x, y;
  x.kind = y.kind = ExprKind::kSlot;
  x.type = a;
  y.type = b;
  return CommonType({&x, &y}, construct);
}

namespace {

std::vector<const Expr*> ComparePointers(const std::vector<ExprPtr>& exprs, size_t from = 0,
                                         size_t step = 1) {
  std::vector<const Expr*> pointers;
  for (size_t i = from; i < exprs.size(); i += step) pointers.push_back(exprs[i].get());
  return pointers;
}

}  // namespace

Result<ExprPtr> BindComparison(ComparisonOp op, ExprPtr left, ExprPtr right, int64_t position) {
  DRIFTDB_RETURN_IF_ERROR(CompareCoerce(&op, left, right, position));
  ExprPtr expr = CompareMakeNode(ExprKind::kComparison, TypeId::kBoolean, position);
  expr->comparison = op;
  expr->children.push_back(std::move(left));
  expr->children.push_back(std::move(right));
  return expr;
}

Result<ExprPtr> BindBetween(ExprPtr value, ExprPtr low, ExprPtr high, bool negated, bool symmetric,
                            int64_t position) {
  const auto within = [&](ExprPtr v, ExprPtr a, ExprPtr b) -> Result<ExprPtr> {
    std::vector<ExprPtr> both;
    ExprPtr copy = v->Clone();
    DRIFTDB_ASSIGN_OR_RETURN(ExprPtr above, BindComparison(ComparisonOp::kGreaterEqual,
                                                           std::move(v), std::move(a), position));
    DRIFTDB_ASSIGN_OR_RETURN(
        ExprPtr below,
        BindComparison(ComparisonOp::kLessEqual, std::move(copy), std::move(b), position));
    both.push_back(std::move(above));
    both.push_back(std::move(below));
    return MakeAnd(std::move(both));
  };
  ExprPtr result;
  if (symmetric) {
    std::vector<ExprPtr> either;
    DRIFTDB_ASSIGN_OR_RETURN(ExprPtr first, within(value->Clone(), low->Clone(), high->Clone()));
    DRIFTDB_ASSIGN_OR_RETURN(ExprPtr second,
                             within(std::move(value), std::move(high), std::move(low)));
    either.push_back(std::move(first));
    either.push_back(std::move(second));
    result = MakeOr(std::move(either));
  } else {
    DRIFTDB_ASSIGN_OR_RETURN(result, within(std::move(value), std::move(low), std::move(high)));
  }
  return negated ? MakeNot(std::move(result)) : std::move(result);
}

Result<ExprPtr> BindPattern(PatternKind kind, bool negated, std::vector<ExprPtr> args,
                            int64_t position) {
  for (ExprPtr& arg : args) {
    if (arg->type.is_string() && arg->type.id != TypeId::kUnknown) continue;
    if (!CanCast(arg->type, TypeId::kText, CastContext::kImplicit)) {
      constexpr std::string_view kSymbols[] = {"~~", "~~*", "~", "~", "~*"};
      return Error(sqlstate::kUndefinedFunction, "operator does not exist: {} {}{} {}",
                   TypeWord(args[0]->type), negated ? "!" : "", kSymbols[static_cast<int>(kind)],
                   TypeWord(args[1]->type))
          .WithHint(
              "No operator matches the given name and argument types. You might need to add "
              "explicit type casts.")
          .At(position);
    }
    DRIFTDB_RETURN_IF_ERROR(CompareCast(arg, TypeId::kText));
  }
  ExprPtr expr = CompareMakeNode(ExprKind::kPattern, TypeId::kBoolean, position);
  expr->pattern = kind;
  expr->negated = negated;
  expr->children = std::move(args);
  for (size_t i = 1; i < expr->children.size(); ++i) FoldIfConstant(expr->children[i]);
  return expr;
}

Result<ExprPtr> BindInList(std::vector<ExprPtr> list, bool negated, int64_t position) {
  if (list.size() == 2) {
    return BindComparison(negated ? ComparisonOp::kNotEqual : ComparisonOp::kEqual,
                          std::move(list[0]), std::move(list[1]), position);
  }
  // As long as every element converts to the value's own type the value is tested bare.
  bool all_match = list[0]->type.id != TypeId::kUnknown;
  for (size_t i = 1; i < list.size() && all_match; ++i) {
    FoldIfConstant(list[i]);
    const LogicalType own = list[0]->type, other = list[i]->type;
    if (own == other || (own.id == other.id && own.is_timed()) ||
        (own.is_string() && other.is_string() && other.id != TypeId::kUnknown)) {
      continue;
    }
    if (other.id == TypeId::kUnknown) {
      DRIFTDB_RETURN_IF_ERROR(CompareCast(list[i], CompareLiteralType(*list[i], own)));
      all_match = list[i]->type == own || (own.is_string() && list[i]->type.is_string()) ||
                  (own.is_timed() && list[i]->type.id == own.id);
      if (all_match) continue;
    }
    if (!(list[i]->type == own) && !own.is_string()) {
      all_match =
          CompareIsConstant(*list[i]) && own.is_numeric() && CompareConvertConstant(list[i], own);
    }
  }
  if (!all_match) {
    DRIFTDB_ASSIGN_OR_RETURN(const LogicalType common, CommonType(ComparePointers(list), "IN"));
    for (ExprPtr& item : list) DRIFTDB_RETURN_IF_ERROR(CompareCast(item, common));
  }
  ExprPtr expr = CompareMakeNode(ExprKind::kInList, TypeId::kBoolean, position);
  expr->negated = negated;
  expr->children = std::move(list);
  return expr;
}

Result<ExprPtr> BindCase(ExprPtr operand, std::vector<ExprPtr> whens_and_thens, ExprPtr otherwise,
                         int64_t position) {
  ExprPtr expr = CompareMakeNode(ExprKind::kCase, TypeId::kText, position);
  expr->has_else = otherwise != nullptr;
  if (otherwise != nullptr) whens_and_thens.push_back(std::move(otherwise));
  std::vector<ExprPtr>& parts = whens_and_thens;
  const size_t branches = parts.size() / 2;
  for (size_t b = 0; b < branches; ++b) {
    ExprPtr& when = parts[2 * b];
    if (operand != nullptr) {
      DRIFTDB_ASSIGN_OR_RETURN(
          when, BindComparison(ComparisonOp::kEqual, operand->Clone(), std::move(when), position));
    } else {
      DRIFTDB_ASSIGN_OR_RETURN(when, RequireBoolean(std::move(when), "CASE/WHEN"));
    }
  }
  std::vector<const Expr*> results;
  // PostgreSQL looks at ELSE first; the order matters only for the wording of errors.
  if (expr->has_else) results.push_back(parts.back().get());
  for (size_t b = 0; b < branches; ++b) results.push_back(parts[2 * b + 1].get());
  DRIFTDB_ASSIGN_OR_RETURN(expr->type, CommonType(results, "CASE"));
  for (size_t b = 0; b < branches; ++b) {
    DRIFTDB_RETURN_IF_ERROR(CompareCast(parts[2 * b + 1], expr->type));
  }
  if (expr->has_else) DRIFTDB_RETURN_IF_ERROR(CompareCast(parts.back(), expr->type));
  expr->children = std::move(parts);
  return expr;
}

Result<ExprPtr> BindConditional(ExprKind kind, std::vector<ExprPtr> args, int64_t position) {
  const std::string_view name = kind == ExprKind::kCoalesce   ? "COALESCE"
                                : kind == ExprKind::kNullIf   ? "NULLIF"
                                : kind == ExprKind::kGreatest ? "GREATEST"
                                                              : "LEAST";
  DRIFTDB_ASSIGN_OR_RETURN(const LogicalType common, CommonType(ComparePointers(args), name));
  for (ExprPtr& arg : args) DRIFTDB_RETURN_IF_ERROR(CompareCast(arg, common));
  ExprPtr expr = CompareMakeNode(kind, common, position);
  expr->children = std::move(args);
  return expr;
}

Result<ExprPtr> RequireBoolean(ExprPtr expr, std::string_view construct) {
  if (expr->type.id == TypeId::kUnknown) {
    const int64_t position = expr->position;
    return BindCast(std::move(expr), TypeId::kBoolean, CastContext::kImplicit, position);
  }
  if (expr->type.id != TypeId::kBoolean) {
    return Error(sqlstate::kDatatypeMismatch, "argument of {} must be type boolean, not type {}",
                 construct, TypeWord(expr->type))
        .At(expr->position);
  }
  return expr;
}

}  // namespace driftdb::expr
