// Text of logical plans, for tests and debugging.
#include <fmt/core.h>

#include "sql/plan/subquery_plan.h"

namespace driftdb::sql {

namespace {

std::string LogicalTextColumn(const expr::ColumnBinding& column) {
  return fmt::format("#{}.{}", column.table_index, column.column_index);
}

// expr::ToString prints names; plans are told apart by their bindings.
std::string LogicalTextExpr(const ExprPtr& expr) {
  if (expr == nullptr) return "-";
  ExprPtr copy = expr->Clone();
  expr::Rewrite(copy, [](ExprPtr& e) {
    if (e->kind == expr::ExprKind::kColumn) e->name = LogicalTextColumn(e->column);
  });
  return expr::ToString(*copy);
}

std::string LogicalTextList(const ExprList& list) {
  std::string text;
  for (const ExprPtr& expr : list) {
    if (!text.empty()) text += ", ";
    text += LogicalTextExpr(expr);
  }
  return text;
}

std::string LogicalTextColumns(const std::vector<expr::ColumnBinding>& columns) {
  std::string text;
  for (const expr::ColumnBinding& column : columns) {
    if (!text.empty()) text += ", ";
    text += LogicalTextColumn(column);
  }
  return text;
}

std::string LogicalTextKeys(const std::vector<expr::SortKey>& keys) {
  std::string text;
  for (const expr::SortKey& key : keys) {
    if (!text.empty()) text += ", ";
    text += LogicalTextExpr(key.expr);
    if (key.descending) text += " DESC";
    if (key.nulls_first != key.descending) text += key.nulls_first ? " NULLS FIRST" : " NULLS LAST";
  }
  return text;
}

std::string LogicalTextSets(const std::vector<std::vector<uint32_t>>& sets) {
  std::string text;
  for (const std::vector<uint32_t>& set : sets) {
    text += text.empty() ? "(" : " (";
    for (size_t i = 0; i < set.size(); ++i) text += fmt::format("{}{}", i == 0 ? "" : ",", set[i]);
    text += ")";
  }
  return text;
}

std::string_view LogicalTextJoinType(LogicalJoinType type) {
  constexpr std::string_view kNames[] = {"Inner", "Left", "Right", "Full",
                                         "Semi",  "Anti", "Mark",  "Single"};
  return kNames[static_cast<int>(type)];
}

std::string LogicalTextReturning(const ExprList& returning) {
  return returning.empty() ? "" : fmt::format(" returning [{}]", LogicalTextList(returning));
}

struct LogicalTextVisitor {
  std::string operator()(const LogicalSingleRow&) const { return "SingleRow"; }
  std::string operator()(const LogicalEmpty& empty) const {
    return fmt::format("Empty #{}", empty.table_index);
  }
  std::string operator()(const LogicalScan& scan) const {
    std::string text = fmt::format("Scan #{} {}", scan.table_index, scan.table->name);
    if (!scan.alias.empty() && scan.alias != scan.table->name) text += " " + scan.alias;
    text += " [";
    for (size_t i = 0; i < scan.columns.size(); ++i) {
      if (i > 0) text += ", ";
      text += scan.columns[i] == kRowIdColumn ? "rowid" : scan.table->columns[scan.columns[i]].name;
    }
    text += "]";
    if (!scan.filters.empty()) text += fmt::format(" filter [{}]", LogicalTextList(scan.filters));
    return text;
  }
  std::string operator()(const LogicalValues& values) const {
    std::string text = fmt::format("Values #{}", values.table_index);
    for (const ExprList& row : values.rows) text += fmt::format(" ({})", LogicalTextList(row));
    return text;
  }
  std::string operator()(const LogicalTableFunction& call) const {
    return fmt::format("TableFunction #{} {}({})", call.table_index, call.function,
                       LogicalTextList(call.arguments));
  }
  std::string operator()(const LogicalProjection& projection) const {
    return fmt::format("Projection #{} [{}]", projection.table_index,
                       LogicalTextList(projection.expressions));
  }
  std::string operator()(const LogicalFilter& filter) const {
    return fmt::format("Filter [{}]", LogicalTextList(filter.conjuncts));
  }
  std::string operator()(const LogicalJoin& join) const {
    std::string text = fmt::format("{}Join", LogicalTextJoinType(join.type));
    if (join.type == LogicalJoinType::kMark) text += fmt::format(" #{}", join.mark_index);
    if (join.lateral) text += " lateral";
    if (join.null_aware) text += " null-aware";
    return text + fmt::format(" [{}]", LogicalTextList(join.conditions));
  }
  std::string operator()(const LogicalAggregate& aggregate) const {
    std::string text =
        fmt::format("Aggregate groups #{} [{}] aggregates #{} [{}]", aggregate.group_index,
                    LogicalTextList(aggregate.groups), aggregate.aggregate_index,
                    LogicalTextList(aggregate.aggregates));
    if (!aggregate.grouping_sets.empty()) {
      text += " sets " + LogicalTextSets(aggregate.grouping_sets);
    }
    if (!aggregate.grouping_calls.empty()) {
      text += fmt::format(" grouping #{} {}", aggregate.grouping_index,
                          LogicalTextSets(aggregate.grouping_calls));
    }
    return text;
  }
  std::string operator()(const LogicalSort& sort) const {
    return fmt::format("Sort [{}]", LogicalTextKeys(sort.keys));
  }
  std::string operator()(const LogicalLimit& limit) const {
    return fmt::format("Limit {} offset {}{}", LogicalTextExpr(limit.limit),
                       LogicalTextExpr(limit.offset), limit.with_ties ? " with ties" : "");
  }
  std::string operator()(const LogicalDistinct& distinct) const {
    return distinct.on.empty() ? "Distinct"
                               : fmt::format("Distinct on [{}]", LogicalTextList(distinct.on));
  }
  std::string operator()(const LogicalSetOperation& set) const {
    constexpr std::string_view kNames[] = {"Union", "Intersect", "Except"};
    return fmt::format("{}{} #{} [{}] [{}]", kNames[static_cast<int>(set.op)], set.all ? "All" : "",
                       set.table_index, LogicalTextColumns(set.left),
                       LogicalTextColumns(set.right));
  }
  std::string operator()(const LogicalWindow& window) const {
    return fmt::format("Window #{} [{}]", window.table_index, LogicalTextList(window.calls));
  }
  std::string operator()(const LogicalCte& cte) const {
    return fmt::format("Cte {} {}{} [{}]", cte.cte_id, cte.name, cte.recursive ? " recursive" : "",
                       LogicalTextColumns(cte.columns));
  }
  std::string operator()(const LogicalCteScan& scan) const {
    return fmt::format("CteScan #{} {}", scan.table_index, scan.cte_id);
  }
  std::string operator()(const LogicalInsert& insert) const {
    return fmt::format(
        "Insert {} #{} [{}]{}{}", insert.table->name, insert.table_index,
        LogicalTextColumns(insert.source),
        insert.checks.empty() ? "" : fmt::format(" checks [{}]", LogicalTextList(insert.checks)),
        LogicalTextReturning(insert.returning));
  }
  std::string operator()(const LogicalUpdate& update) const {
    std::string text = fmt::format("Update {} #{} row {} set [", update.table->name,
                                   update.table_index, LogicalTextColumn(update.row_id));
    for (size_t i = 0; i < update.set_columns.size(); ++i) {
      text += fmt::format("{}{} = {}", i == 0 ? "" : ", ",
                          update.table->columns[update.set_columns[i]].name,
                          LogicalTextColumn(update.values[i]));
    }
    text += "]";
    if (!update.checks.empty()) text += fmt::format(" checks [{}]", LogicalTextList(update.checks));
    return text + LogicalTextReturning(update.returning);
  }
  std::string operator()(const LogicalDelete& deletion) const {
    return fmt::format("Delete {} #{} row {}{}", deletion.table->name, deletion.table_index,
                       LogicalTextColumn(deletion.row_id),
                       LogicalTextReturning(deletion.returning));
  }
};

void LogicalTextAppend(const LogicalNode& node, int indent, std::string* out);

void LogicalTextSubqueries(const expr::Expr& expr, int indent, std::string* out) {
  expr::Walk(expr, [&](const expr::Expr& e) {
    if (e.subquery != nullptr && e.subquery->plan != nullptr) {
      out->append(static_cast<size_t>(indent), ' ');
      *out += fmt::format("subquery [{}]\n", LogicalTextColumns(e.subquery->plan->columns));
      LogicalTextAppend(*e.subquery->plan->plan, indent + 2, out);
    }
    return true;
  });
}

void LogicalTextAppend(const LogicalNode& node, int indent, std::string* out) {
  out->append(static_cast<size_t>(indent), ' ');
  *out += std::visit(LogicalTextVisitor{}, node.payload);
  *out += "\n";
  // Expressions are only read here; the walk has one signature for readers and writers.
  ForEachExpression(const_cast<LogicalNode&>(node),
                    [&](ExprPtr& expr) { LogicalTextSubqueries(*expr, indent + 4, out); });
  for (const LogicalPtr& child : node.children) LogicalTextAppend(*child, indent + 2, out);
}

}  // namespace

std::string ToString(const LogicalNode& node) {
  std::string text;
  LogicalTextAppend(node, 0, &text);
  return text;
}

}  // namespace driftdb::sql
