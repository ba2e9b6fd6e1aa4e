// Text of expressions for EXPLAIN.
#include <fmt/core.h>

#include "expr/aggregate.h"
#include "expr/expr.h"
#include "expr/function.h"
#include "types/text_format.h"

namespace driftdb::expr {

namespace {

std::string TextQuote(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') quoted.push_back('\'');
    quoted.push_back(c);
  }
  quoted.push_back('\'');
  return quoted;
}

std::string TextConstant(const Value& value) {
  if (value.is_null()) {
    return value.type().id == TypeId::kUnknown ? "NULL" : "NULL::" + value.type().ToString();
  }
  const std::string text = FormatValue(value);
  switch (value.type().id) {
    case TypeId::kBoolean:
      return value.boolean() ? "true" : "false";
    case TypeId::kInt32:
    case TypeId::kDecimal:
      return value.type().id == TypeId::kInt32 && value.int64() < 0 ? "'" + text + "'::integer"
                                                                    : text;
    case TypeId::kUnknown:
      return TextQuote(text);
    default:
      return TextQuote(text) + "::" + value.type().ToString();
  }
}

std::string TextList(const std::vector<ExprPtr>& exprs, size_t from = 0) {
  std::string list;
  for (size_t i = from; i < exprs.size(); ++i) {
    if (i > from) list += ", ";
    list += ToString(*exprs[i]);
  }
  return list;
}

std::string TextKeys(const std::vector<SortKey>& keys) {
  std::string list;
  for (const SortKey& key : keys) {
    if (!list.empty()) list += ", ";
    list += ToString(*key.expr);
    if (key.descending) list += " DESC";
    if (key.nulls_first != key.descending) list += key.nulls_first ? " NULLS FIRST" : " NULLS LAST";
  }
  return list;
}

std::string TextJunction(const Expr& expr, std::string_view word) {
  std::string text = "(";
  for (size_t i = 0; i < expr.children.size(); ++i) {
    if (i > 0) text += fmt::format(" {} ", word);
    text += ToString(*expr.children[i]);
  }
  return text + ")";
}

std::string TextFunction(const Expr& expr) {
  const ScalarFunction& f = *expr.function;
  if (!f.is_operator) return fmt::format("{}({})", f.name, TextList(expr.children));
  if (expr.children.size() == 1) return fmt::format("({} {})", f.name, ToString(*expr.children[0]));
  return fmt::format("({} {} {})", ToString(*expr.children[0]), f.name,
                     ToString(*expr.children[1]));
}

std::string TextCase(const Expr& expr) {
  std::string text = "CASE";
  const size_t branches = (expr.children.size() - (expr.has_else ? 1 : 0)) / 2;
  for (size_t b = 0; b < branches; ++b) {
    text += fmt::format(" WHEN {} THEN {}", ToString(*expr.children[2 * b]),
                        ToString(*expr.children[2 * b + 1]));
  }
  if (expr.has_else) text += " ELSE " + ToString(*expr.children.back());
  return text + " END";
}

std::string TextPattern(const Expr& expr) {
  constexpr std::string_view kSymbols[] = {"~~", "~~*", "SIMILAR TO", "~", "~*"};
  const auto symbol = kSymbols[static_cast<int>(expr.pattern)];
  std::string not_text = expr.negated ? "!" : "";
  if (expr.pattern == PatternKind::kSimilar && expr.negated) not_text = "NOT ";
  std::string text = fmt::format("({} {}{} {}", ToString(*expr.children[0]), not_text, symbol,
                                 ToString(*expr.children[1]));
  if (expr.children.size() > 2) text += " ESCAPE " + ToString(*expr.children[2]);
  return text + ")";
}

std::string TextSubquery(const Expr& expr) {
  const Subquery& sub = *expr.subquery;
  std::string plan =
      sub.plan == nullptr ? "SubPlan" : sub.plan.get_deleter().ops->to_string(sub.plan.get());
  const std::string test = expr.children.empty() ? "" : TextList(expr.children);
  switch (sub.kind) {
    case SubqueryKind::kScalar:
      return fmt::format("({})", plan);
    case SubqueryKind::kExists:
      return fmt::format("{}EXISTS({})", sub.negated ? "NOT " : "", plan);
    case SubqueryKind::kIn:
      return fmt::format("({} {}IN ({}))", test, sub.negated ? "NOT " : "", plan);
    case SubqueryKind::kAny:
    case SubqueryKind::kAll:
      return fmt::format("({} {} {} ({}))", test, ComparisonText(sub.comparison),
                         sub.kind == SubqueryKind::kAny ? "ANY" : "ALL", plan);
  }
  return plan;
}

std::string TextAggregate(const Expr& expr) {
  const AggregateCall& call = *expr.aggregate;
  std::string text = fmt::format(
      "{}({}{}", call.function->name, call.distinct ? "DISTINCT " : "",
      expr.children.empty() && call.function->args.empty() ? "*" : TextList(expr.children));
  if (!call.order_by.empty()) text += " ORDER BY " + TextKeys(call.order_by);
  text += ")";
  if (call.filter != nullptr) text += fmt::format(" FILTER (WHERE {})", ToString(*call.filter));
  return text;
}

std::string TextWindow(const Expr& expr) {
  constexpr std::string_view kNames[] = {
      "",      "row_number", "rank", "dense_rank",  "percent_rank", "cume_dist",
      "ntile", "lag",        "lead", "first_value", "last_value",   "nth_value"};
  const WindowCall& window = *expr.window;
  std::string text = window.function == WindowFunction::kAggregate
                         ? TextAggregate(expr)
                         : fmt::format("{}({})", kNames[static_cast<int>(window.function)],
                                       TextList(expr.children));
  text += " OVER (";
  if (!window.partition_by.empty()) text += "PARTITION BY " + TextList(window.partition_by);
  if (!window.order_by.empty()) {
    if (!window.partition_by.empty()) text += " ";
    text += "ORDER BY " + TextKeys(window.order_by);
  }
  return text + ")";
}

}  // namespace

std::string ToString(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kConstant:
      return TextConstant(expr.value);
    case ExprKind::kColumn:
      return !expr.name.empty()
                 ? expr.name
                 : fmt::format("#{}.{}", expr.column.table_index, expr.column.column_index);
    case ExprKind::kSlot:
      return !expr.name.empty() ? expr.name : fmt::format("@{}", expr.slot);
    case ExprKind::kParameter:
      return fmt::format("${}", expr.parameter + 1);
    case ExprKind::kFunction:
      return TextFunction(expr);
    case ExprKind::kCast:
      return fmt::format("({})::{}", ToString(*expr.children[0]), expr.type.ToString());
    case ExprKind::kComparison:
      return fmt::format("({} {} {})", ToString(*expr.children[0]), ComparisonText(expr.comparison),
                         ToString(*expr.children[1]));
    case ExprKind::kAnd:
      return TextJunction(expr, "AND");
    case ExprKind::kOr:
      return TextJunction(expr, "OR");
    case ExprKind::kNot:
      return fmt::format("(NOT {})", ToString(*expr.children[0]));
    case ExprKind::kIsTest: {
      constexpr std::string_view kWords[] = {"NULL", "TRUE", "FALSE", "UNKNOWN"};
      return fmt::format("({} IS {}{})", ToString(*expr.children[0]), expr.negated ? "NOT " : "",
                         kWords[static_cast<int>(expr.is_test)]);
    }
    case ExprKind::kCase:
      return TextCase(expr);
    case ExprKind::kCoalesce:
      return fmt::format("COALESCE({})", TextList(expr.children));
    case ExprKind::kNullIf:
      return fmt::format("NULLIF({})", TextList(expr.children));
    case ExprKind::kGreatest:
      return fmt::format("GREATEST({})", TextList(expr.children));
    case ExprKind::kLeast:
      return fmt::format("LEAST({})", TextList(expr.children));
    case ExprKind::kInList:
      return fmt::format("({} {}IN ({}))", ToString(*expr.children[0]), expr.negated ? "NOT " : "",
                         TextList(expr.children, 1));
    case ExprKind::kPattern:
      return TextPattern(expr);
    case ExprKind::kSubquery:
      return TextSubquery(expr);
    case ExprKind::kAggregate:
      return TextAggregate(expr);
    case ExprKind::kWindow:
      return TextWindow(expr);
  }
  return "?";
}

}  // namespace driftdb::expr
