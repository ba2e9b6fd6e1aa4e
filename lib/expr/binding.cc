// Binding of functions, operators, aggregates and casts.
#include "expr/binding.h"

#include <algorithm>

#include <absl/container/flat_hash_map.h>

#include "base/error.h"
#include "base/status_macros.h"
#include "expr/evaluator.h"
#include "expr/functions/functions.h"
#include "expr/resolution.h"
#include "types/decimal.h"
#include "types/text_format.h"

namespace driftdb::expr {

namespace {

FunctionTable BindingMakeFunctions() {
  FunctionTable table;
  table.reserve(1024);
  AddIntegerArithmetic(&table);
  AddFloatArithmetic(&table);
  AddDecimalArithmetic(&table);
  AddDatetimeArithmetic(&table);
  AddMathFunctions(&table);
  AddStringFunctions(&table);
  AddDigestFunctions(&table);
  AddStringPartFunctions(&table);
  AddStringBuildFunctions(&table);
  AddRegexFunctions(&table);
  AddDatetimeFunctions(&table);
  AddDatetimeMakeFunctions(&table);
  AddToCharFunctions(&table);
  AddToCharNumberFunctions(&table);
  AddSystemFunctions(&table);
  return table;
}

AggregateTable BindingMakeAggregates() {
  AggregateTable table;
  AddBasicAggregates(&table);
  AddStatisticalAggregates(&table);
  return table;
}

// Overloads by name; functions and operators apart.
struct BindingNames {
  absl::flat_hash_map<std::string_view, std::vector<const ScalarFunction*>> functions;
  absl::flat_hash_map<std::string_view, std::vector<const ScalarFunction*>> operators;
  absl::flat_hash_map<std::string_view, std::vector<const AggregateFunction*>> aggregates;
};

const BindingNames& BindingIndex() {
  // Constant after the first use; built once for the process because descriptors are compared by
  // address.
  static const BindingNames names = [] {
    BindingNames built;
    for (const ScalarFunction& f : BuiltinFunctions()) {
      (f.is_operator ? built.operators : built.functions)[f.name].push_back(&f);
    }
    for (const AggregateFunction& f : BuiltinAggregates()) {
      built.aggregates[f.name].push_back(&f);
    }
    return built;
  }();
  return names;
}

template <typename Function>
std::vector<Signature> BindingSignatures(const std::vector<const Function*>& overloads) {
  std::vector<Signature> signatures;
  signatures.reserve(overloads.size());
  for (const Function* f : overloads) {
    bool variadic = false;
    if constexpr (std::is_same_v<Function, ScalarFunction>) variadic = f->variadic;
    signatures.push_back({&f->args, variadic});
  }
  return signatures;
}

Status BindingNoFunction(std::string_view name, const std::vector<ExprPtr>& args,
                         int64_t position) {
  return Error(sqlstate::kUndefinedFunction, "function {}({}) does not exist", name, TypeList(args))
      .WithHint(
          "No function matches the given name and argument types. You might need to add explicit "
          "type casts.")
      .At(position);
}

Status BindingAmbiguousFunction(std::string_view name, const std::vector<ExprPtr>& args,
                                int64_t position) {
  return Error(sqlstate::kAmbiguousFunction, "function {}({}) is not unique", name, TypeList(args))
      .WithHint(
          "Could not choose a best candidate function. You might need to add explicit type casts.")
      .At(position);
}

Result<ExprPtr> BindingMakeCall(const ScalarFunction& function, std::vector<ExprPtr> args,
                                int64_t position) {
  const Signature signature{&function.args, function.variadic};
  DRIFTDB_RETURN_IF_ERROR(CoerceArguments(signature, &args));
  auto call = std::make_unique<Expr>();
  call->kind = ExprKind::kFunction;
  call->function = &function;
  call->position = position;
  call->type = function.result;
  if (function.bind != nullptr) {
    Result<LogicalType> type = function.bind(args);
    if (!type.ok()) return std::move(type).status().At(position);
    call->type = *type;
  }
  call->children = std::move(args);
  return call;
}

}  // namespace

const std::vector<ScalarFunction>& BuiltinFunctions() {
  static const FunctionTable table = BindingMakeFunctions();
  return table;
}
const std::vector<AggregateFunction>& BuiltinAggregates() {
  static const AggregateTable table = BindingMakeAggregates();
  return table;
}

bool IsAggregateName(std::string_view name) { return BindingIndex().aggregates.contains(name); }
bool IsScalarFunctionName(std::string_view name) { return BindingIndex().functions.contains(name); }

Result<ExprPtr> BindFunction(std::string_view name, std::vector<ExprPtr> args, int64_t position) {
  const auto found = BindingIndex().functions.find(name);
  if (found == BindingIndex().functions.end()) return BindingNoFunction(name, args, position);
  size_t chosen = 0;
  switch (ResolveSignature(BindingSignatures(found->second), args, false, &chosen)) {
    case ResolveOutcome::kNone:
      return BindingNoFunction(name, args, position);
    case ResolveOutcome::kAmbiguous:
      return BindingAmbiguousFunction(name, args, position);
    case ResolveOutcome::kFound:
      break;
  }
  return BindingMakeCall(*found->second[chosen], std::move(args), position);
}

namespace {

struct BindingComparisonSymbol {
  std::string_view symbol;
  ComparisonOp op;
};
constexpr BindingComparisonSymbol kBindingComparisons[] = {
    {"=", ComparisonOp::kEqual},        {"<>", ComparisonOp::kNotEqual},
    {"!=", ComparisonOp::kNotEqual},    {"<", ComparisonOp::kLess},
    {"<=", ComparisonOp::kLessEqual},   {">", ComparisonOp::kGreater},
    {">=", ComparisonOp::kGreaterEqual}};
struct BindingPatternSymbol {
  std::string_view symbol;
  PatternKind kind;
  bool negated;
};
constexpr BindingPatternSymbol kBindingPatterns[] = {
    {"~~", PatternKind::kLike, false},        {"!~~", PatternKind::kLike, true},
    {"~~*", PatternKind::kILike, false},      {"!~~*", PatternKind::kILike, true},
    {"~", PatternKind::kRegex, false},        {"!~", PatternKind::kRegex, true},
    {"~*", PatternKind::kRegexNoCase, false}, {"!~*", PatternKind::kRegexNoCase, true}};

Status BindingNoOperator(std::string_view symbol, const std::vector<ExprPtr>& args,
                         int64_t position, bool ambiguous) {
  const std::string left = args.size() == 2 ? TypeWord(args[0]->type) + " " : "";
  const std::string shown = fmt::format("{}{} {}", left, symbol, TypeWord(args.back()->type));
  if (ambiguous) {
    return Error(sqlstate::kAmbiguousFunction, "operator is not unique: {}", shown)
        .WithHint(
            "Could not choose a best candidate operator. You might need to add explicit type "
            "casts.")
        .At(position);
  }
  return Error(sqlstate::kUndefinedFunction, "operator does not exist: {}", shown)
      .WithHint(
          "No operator matches the given name and argument types. You might need to add explicit "
          "type casts.")
      .At(position);
}

}  // namespace

Result<ExprPtr> BindOperator(std::string_view symbol, ExprPtr left, ExprPtr right,
                             int64_t position) {
  std::vector<ExprPtr> args;
  if (left != nullptr) {
    for (const BindingComparisonSymbol& entry : kBindingComparisons) {
      if (entry.symbol == symbol) {
        return BindComparison(entry.op, std::move(left), std::move(right), position);
      }
    }
    for (const BindingPatternSymbol& entry : kBindingPatterns) {
      if (entry.symbol == symbol) {
        args.push_back(std::move(left));
        args.push_back(std::move(right));
        return BindPattern(entry.kind, entry.negated, std::move(args), position);
      }
    }
    args.push_back(std::move(left));
  }
  args.push_back(std::move(right));
  const auto found = BindingIndex().operators.find(symbol);
  if (found == BindingIndex().operators.end()) {
    return BindingNoOperator(symbol, args, position, false);
  }
  size_t chosen = 0;
  const ResolveOutcome outcome =
      ResolveSignature(BindingSignatures(found->second), args, true, &chosen);
  if (outcome != ResolveOutcome::kFound) {
    return BindingNoOperator(symbol, args, position, outcome == ResolveOutcome::kAmbiguous);
  }
  return BindingMakeCall(*found->second[chosen], std::move(args), position);
}

Result<ExprPtr> BindAggregate(std::string_view name, std::vector<ExprPtr> args, int64_t position) {
  const auto found = BindingIndex().aggregates.find(name);
  if (found == BindingIndex().aggregates.end()) return BindingNoFunction(name, args, position);
  // Booleans have an order for sorting only; bool_and and bool_or are their extremes.
  if ((name == "min" || name == "max") && args.size() == 1 &&
      args[0]->type.id == TypeId::kBoolean) {
    return BindingNoFunction(name, args, position);
  }
  const auto signatures = BindingSignatures(found->second);
  size_t chosen = 0;
  switch (ResolveSignature(signatures, args, false, &chosen)) {
    case ResolveOutcome::kNone:
      return BindingNoFunction(name, args, position);
    case ResolveOutcome::kAmbiguous:
      return BindingAmbiguousFunction(name, args, position);
    case ResolveOutcome::kFound:
      break;
  }
  DRIFTDB_RETURN_IF_ERROR(CoerceArguments(signatures[chosen], &args));
  auto call = std::make_unique<Expr>();
  call->kind = ExprKind::kAggregate;
  call->position = position;
  call->aggregate = std::make_unique<AggregateCall>();
  call->aggregate->function = found->second[chosen];
  std::vector<LogicalType> types;
  for (const ExprPtr& arg : args) types.push_back(arg->type);
  call->type = found->second[chosen]->result(types);
  call->children = std::move(args);
  return call;
}

Result<BoundAggregate> BindAggregateKernels(const AggregateFunction& function,
                                            const std::vector<LogicalType>& arg_types) {
  BoundAggregate bound;
  bound.function = &function;
  bound.arg_types = arg_types;
  bound.result_type = function.result(arg_types);
  DRIFTDB_CHECK_OR_RETURN(function.select(arg_types, bound.result_type, &bound.kernels),
                          "aggregate {} has no kernels for these types", function.name);
  return bound;
}

Result<BoundAggregate> BindAggregateKernels(const Expr& call) {
  DRIFTDB_CHECK_OR_RETURN(call.aggregate != nullptr, "not an aggregate call");
  std::vector<LogicalType> types;
  for (const ExprPtr& arg : call.children) types.push_back(arg->type);
  return BindAggregateKernels(*call.aggregate->function, types);
}

namespace {

// A literal without a type becomes a constant of the wanted type, as far as that needs no session.
Result<ExprPtr> BindingCastLiteral(ExprPtr expr, LogicalType to, CastContext context,
                                   int64_t position) {
  if (expr->value.is_null()) {
    ExprPtr null = MakeNull(to);
    null->position = position;
    return null;
  }
  if (to.is_string()) {
    Value text = Value::Text(expr->value.string());
    if (to.id != TypeId::kChar && to.length == 0) {
      text.set_type(to);
      return MakeConstant(std::move(text), position);
    }
    return BindCast(MakeConstant(std::move(text), position), to, context, position);
  }
  if (to.id != TypeId::kTimestampTz) {
    Result<Value> value = ParseValue(to, expr->value.string());
    if (value.ok()) return MakeConstant(std::move(value).value(), position);
    // 'today' and the like need the clock: they wait for the statement.
    const std::string& text = expr->value.string();
    const bool may_be_word =
        CastVolatility(TypeId::kText, to) == Volatility::kStable &&
        std::any_of(text.begin(), text.end(), [](char c) {
          return c == 'n' || c == 't' || c == 'y' || c == 'N' || c == 'T' || c == 'Y';
        });
    if (!may_be_word) return std::move(value).status().At(position);
  }
  expr->type = TypeId::kText;
  expr->value.set_type(TypeId::kText);
  auto cast = std::make_unique<Expr>();
  cast->kind = ExprKind::kCast;
  cast->type = to;
  cast->cast_context = context;
  cast->position = position;
  cast->children.push_back(std::move(expr));
  return cast;
}

}  // namespace

Result<ExprPtr> BindCast(ExprPtr expr, LogicalType to, CastContext context, int64_t position,
                         std::string_view column) {
  if (position == 0) position = expr->position;
  if (expr->type == to || to.id == TypeId::kUnknown) return expr;
  if (expr->type.id == TypeId::kUnknown) {
    if (expr->kind == ExprKind::kConstant) {
      return BindingCastLiteral(std::move(expr), to, context, position);
    }
    if (expr->kind == ExprKind::kParameter) {
      // A parameter has no precision of its own: its value is rounded by the cast (P3).
      expr->type = to.is_rounded() ? LogicalType(to.id) : to;
      if (expr->type == to) return expr;
    }
  }
  if (!CanCast(expr->type, to, context)) {
    if (context == CastContext::kAssignment) {
      return Error(sqlstate::kDatatypeMismatch,
                   "column \"{}\" is of type {} but expression is of type {}", column, TypeWord(to),
                   TypeWord(expr->type))
          .WithHint("You will need to rewrite or cast the expression.")
          .At(position);
    }
    return Error(sqlstate::kCannotCoerce, "cannot cast type {} to {}", TypeWord(expr->type),
                 TypeWord(to))
        .At(position);
  }
  if (to.is_rounded() && expr->type.id != to.id && !expr->type.is_string()) {  // P3
    DRIFTDB_ASSIGN_OR_RETURN(
        expr, BindCast(std::move(expr), LogicalType(to.id), context, position, column));
  }
  auto cast = std::make_unique<Expr>();
  cast->kind = ExprKind::kCast;
  cast->type = to;
  cast->cast_context = context;
  cast->position = position;
  const bool constant = expr->kind == ExprKind::kConstant;
  cast->children.push_back(std::move(expr));
  if (constant) FoldIfConstant(cast);
  return cast;
}

}  // namespace driftdb::expr
