#include "expr/resolution.h"

#include <algorithm>

#include "base/error.h"
#include "base/status_macros.h"
#include "expr/evaluator.h"
#include "types/decimal.h"
#include "types/text_format.h"

namespace driftdb::expr {

namespace {

enum class ResolveCategory : uint8_t {
  kAny,
  kUnknown,
  kBoolean,
  kNumber,
  kString,
  kDatetime,
  kTimespan,
  kUser,
};

ResolveCategory ResolveCategoryOf(TypeId id) {
  switch (id) {
    case TypeId::kUnknown:
      return ResolveCategory::kUnknown;
    case TypeId::kBoolean:
      return ResolveCategory::kBoolean;
    case TypeId::kInt16:
    case TypeId::kInt32:
    case TypeId::kInt64:
    case TypeId::kInt128:
    case TypeId::kReal:
    case TypeId::kDouble:
    case TypeId::kDecimal:
      return ResolveCategory::kNumber;
    case TypeId::kText:
    case TypeId::kVarchar:
    case TypeId::kChar:
      return ResolveCategory::kString;
    case TypeId::kDate:
    case TypeId::kTime:
    case TypeId::kTimestamp:
    case TypeId::kTimestampTz:
      return ResolveCategory::kDatetime;
    case TypeId::kInterval:
      return ResolveCategory::kTimespan;
    case TypeId::kBytea:
    case TypeId::kUuid:
      return ResolveCategory::kUser;
  }
  return ResolveCategory::kUser;
}

bool ResolveIsPreferred(TypeId id) {
  return id == TypeId::kText || id == TypeId::kDouble || id == TypeId::kBoolean ||
         id == TypeId::kTimestampTz || id == TypeId::kInterval;
}

bool ResolveIsAny(const LogicalType& type) { return type.id == TypeId::kUnknown; }

bool ResolveAccepts(const LogicalType& parameter, const LogicalType& actual) {
  if (ResolveIsAny(parameter) || actual.id == TypeId::kUnknown) return true;
  if (parameter.id == actual.id) return true;
  return CanCast(actual, parameter, CastContext::kImplicit);
}

// Keeps the candidates with the best score; scores are of same order as `left`.
template <typename F>
void ResolveKeepBest(std::vector<size_t>* left, F score) {
  int best = -1;
  std::vector<size_t> kept;
  for (const size_t c : *left) {
    const int s = score(c);
    if (s > best) {
      best = s;
      kept.clear();
    }
    if (s == best) kept.push_back(c);
  }
  *left = std::move(kept);
}

// The last two rules, for unknown literals. True when exactly one candidate is left.
bool ResolveUnknowns(const std::vector<Signature>& candidates, const std::vector<ExprPtr>& args,
                     std::vector<size_t>* left) {
  bool resolved = true;
  for (size_t a = 0; a < args.size(); ++a) {
    if (args[a]->type.id != TypeId::kUnknown) continue;
    bool any_string = false, one_category = true;
    const ResolveCategory first = ResolveCategoryOf(candidates[(*left)[0]].arg(a).id);
    for (const size_t c : *left) {
      const ResolveCategory category = ResolveCategoryOf(candidates[c].arg(a).id);
      any_string |= category == ResolveCategory::kString;
      one_category &= category == first;
    }
    if (!any_string && !one_category) {
      resolved = false;
      break;
    }
    const ResolveCategory wanted = any_string ? ResolveCategory::kString : first;
    std::vector<size_t> kept;
    for (const size_t c : *left) {
      if (ResolveCategoryOf(candidates[c].arg(a).id) == wanted) kept.push_back(c);
    }
    *left = std::move(kept);
    std::vector<size_t> preferred;
    for (const size_t c : *left) {
      if (ResolveIsPreferred(candidates[c].arg(a).id)) preferred.push_back(c);
    }
    if (!preferred.empty()) *left = std::move(preferred);
  }
  if (resolved && left->size() == 1) return true;
  // If all known arguments have one type, the unknown ones are taken to have it too.
  LogicalType known;
  for (const ExprPtr& arg : args) {
    if (arg->type.id == TypeId::kUnknown) continue;
    if (known.id != TypeId::kUnknown && known.id != arg->type.id) return false;
    known = arg->type;
  }
  if (known.id == TypeId::kUnknown) return false;
  std::vector<size_t> kept;
  for (const size_t c : *left) {
    bool fits = true;
    for (size_t a = 0; a < args.size(); ++a) fits &= ResolveAccepts(candidates[c].arg(a), known);
    if (fits) kept.push_back(c);
  }
  if (kept.size() != 1) return false;
  *left = std::move(kept);
  return true;
}

}  // namespace

ResolveOutcome ResolveSignature(const std::vector<Signature>& candidates,
                                const std::vector<ExprPtr>& args, bool is_operator,
                                size_t* chosen) {
  const auto exact = [&](const std::vector<TypeId>& types) {
    for (size_t c = 0; c < candidates.size(); ++c) {
      if (!candidates[c].accepts_count(types.size())) continue;
      bool same = true;
      for (size_t a = 0; a < types.size(); ++a) same &= candidates[c].arg(a).id == types[a];
      if (same) {
        *chosen = c;
        return true;
      }
    }
    return false;
  };
  std::vector<TypeId> types;
  for (const ExprPtr& arg : args) types.push_back(arg->type.id);
  const bool any_unknown = std::find(types.begin(), types.end(), TypeId::kUnknown) != types.end();
  if (!any_unknown && exact(types)) return ResolveOutcome::kFound;
  if (is_operator && types.size() == 2 && any_unknown && types[0] != types[1]) {
    const TypeId known = types[0] == TypeId::kUnknown ? types[1] : types[0];
    if (exact({known, known})) return ResolveOutcome::kFound;
  }
  std::vector<size_t> left;
  for (size_t c = 0; c < candidates.size(); ++c) {
    if (!candidates[c].accepts_count(args.size())) continue;
    bool viable = true;
    for (size_t a = 0; a < args.size(); ++a) {
      viable &= ResolveAccepts(candidates[c].arg(a), args[a]->type);
    }
    if (viable) left.push_back(c);
  }
  if (left.empty()) return ResolveOutcome::kNone;
  *chosen = left[0];
  if (left.size() == 1) return ResolveOutcome::kFound;
  ResolveKeepBest(&left, [&](size_t c) {
    int matches = 0;
    for (size_t a = 0; a < types.size(); ++a) {
      matches += types[a] != TypeId::kUnknown && candidates[c].arg(a).id == types[a] ? 1 : 0;
    }
    return matches;
  });
  *chosen = left[0];
  if (left.size() == 1) return ResolveOutcome::kFound;
  ResolveKeepBest(&left, [&](size_t c) {
    int matches = 0;
    for (size_t a = 0; a < types.size(); ++a) {
      const TypeId parameter = candidates[c].arg(a).id;
      if (types[a] == TypeId::kUnknown) continue;
      matches +=
          parameter == types[a] || (ResolveIsPreferred(parameter) &&
                                    ResolveCategoryOf(parameter) == ResolveCategoryOf(types[a]))
              ? 1
              : 0;
    }
    return matches;
  });
  *chosen = left[0];
  if (left.size() == 1) return ResolveOutcome::kFound;
  if (any_unknown && ResolveUnknowns(candidates, args, &left)) {
    *chosen = left[0];
    return ResolveOutcome::kFound;
  }
  return left.empty() ? ResolveOutcome::kNone : ResolveOutcome::kAmbiguous;
}

LogicalType DecimalTypeOfExpr(const Expr& expr) {
  if (expr.kind == ExprKind::kConstant && !expr.value.is_null()) {
    if (expr.type.is_integer()) {
      int128_t v = expr.value.integer();
      int digits = 1;
      while (v / 10 != 0) {
        v /= 10;
        ++digits;
      }
      return LogicalType::Decimal(std::min(digits, kDecimalPrecisionMax), 0);
    }
    LogicalType literal;
    if (expr.type.id == TypeId::kUnknown && DecimalLiteralType(expr.value.string(), &literal)) {
      return literal;
    }
  }
  if (expr.kind == ExprKind::kConstant && expr.value.is_null() &&
      expr.type.id != TypeId::kDecimal) {
    return LogicalType::Decimal(1, 0);
  }
  return DecimalTypeOf(expr.type);
}

Status CoerceArguments(const Signature& signature, std::vector<ExprPtr>* args) {
  for (size_t a = 0; a < args->size(); ++a) {
    ExprPtr& arg = (*args)[a];
    LogicalType to = signature.arg(a);
    if (ResolveIsAny(to)) {
      if (arg->type.id != TypeId::kUnknown) continue;
      to = TypeId::kText;
    }
    if (to.id == TypeId::kDecimal && to.precision == 0) to = DecimalTypeOfExpr(*arg);
    if (to.id == arg->type.id && to.id != TypeId::kDecimal) continue;
    const int64_t position = arg->position;
    DRIFTDB_ASSIGN_OR_RETURN(arg, BindCast(std::move(arg), to, CastContext::kImplicit, position));
  }
  return OkStatus();
}

std::string TypeWord(const LogicalType& type) {
  LogicalType bare(type.id);
  switch (type.id) {
    case TypeId::kDecimal:
      return "numeric";
    case TypeId::kChar:
      return "character";
    default:
      return bare.ToString();
  }
}

std::string TypeList(const std::vector<ExprPtr>& args) {
  std::string list;
  for (const ExprPtr& arg : args) {
    if (!list.empty()) list += ", ";
    list += TypeWord(arg->type);
  }
  return list;
}

void FoldIfConstant(ExprPtr& expr) {
  if (expr->kind == ExprKind::kConstant || !IsFoldable(*expr)) return;
  Result<Value> value = EvaluateConstant(*expr);
  if (!value.ok()) return;
  ExprPtr constant = MakeConstant(std::move(value).value(), expr->position);
  constant->type = expr->type;
  constant->value.set_type(expr->type);
  expr = std::move(constant);
}

}  // namespace driftdb::expr
