#include "sql/plan/explain.h"

#include <algorithm>

#include <fmt/core.h>

#include "sql/plan/cardinality.h"

namespace driftdb::sql {

namespace {

using ExplainNames = std::vector<std::string>;

// Names of the slots of a node's output, and text of expressions over them.
std::string ExplainExpr(const expr::Expr& source, const ExplainNames& names) {
  ExprPtr copy = source.Clone();
  expr::Rewrite(copy, [&](ExprPtr& e) {
    if (e->kind == ExprKind::kSlot && e->slot < names.size()) e->name = names[e->slot];
  });
  return expr::ToString(*copy);
}

std::string ExplainList(const ExprList& exprs, const ExplainNames& names) {
  std::string text;
  for (const ExprPtr& e : exprs) {
    if (!text.empty()) text += ", ";
    text += ExplainExpr(*e, names);
  }
  return text;
}

std::string ExplainConjunction(const ExprList& exprs, const ExplainNames& names) {
  std::string text;
  for (const ExprPtr& e : exprs) {
    if (!text.empty()) text += " AND ";
    text += "(" + ExplainExpr(*e, names) + ")";
  }
  return text;
}

std::string ExplainKeys(const std::vector<expr::SortKey>& keys, const ExplainNames& names) {
  std::string text;
  for (const expr::SortKey& key : keys) {
    if (!text.empty()) text += ", ";
    text += ExplainExpr(*key.expr, names);
    if (key.descending) text += " DESC";
    if (key.nulls_first != key.descending) text += key.nulls_first ? " NULLS FIRST" : " NULLS LAST";
  }
  return text;
}

std::string_view ExplainJoinText(PhysicalJoinType type) {
  switch (type) {
    case PhysicalJoinType::kInner:
      return "";
    case PhysicalJoinType::kLeft:
      return "Left ";
    case PhysicalJoinType::kRight:
      return "Right ";
    case PhysicalJoinType::kFull:
      return "Full ";
    case PhysicalJoinType::kSemi:
      return "Semi ";
    case PhysicalJoinType::kAnti:
      return "Anti ";
    case PhysicalJoinType::kRightSemi:
      return "Right Semi ";
    case PhysicalJoinType::kRightAnti:
      return "Right Anti ";
    case PhysicalJoinType::kMark:
      return "Mark ";
    case PhysicalJoinType::kSingle:
      return "Single ";
  }
  return "";
}

class ExplainBuilder {
 public:
  ExplainBuilder(const ExplainOptions& options, const std::vector<ExplainCounters>& counters)
      : options_(options), counters_(counters) {}

  // Fills *names with the names of the node's output.
  ExplainNode Build(const PhysicalNode& node, ExplainNames* names);

 private:
  void Describe(const PhysicalNode& node, const std::vector<ExplainNames>& in, ExplainNode* out,
                ExplainNames* names);
  void DescribeScan(const PhysicalTableScan& scan, ExplainNode* out, ExplainNames* names);
  void DescribeIndexScan(const PhysicalIndexScan& scan, ExplainNode* out, ExplainNames* names);
  void DescribeHashJoin(const PhysicalNode& node, const PhysicalHashJoin& join,
                        const std::vector<ExplainNames>& in, ExplainNode* out, ExplainNames* names);
  void DescribeIndexJoin(const PhysicalIndexJoin& join, const ExplainNames& in, ExplainNode* out,
                         ExplainNames* names);
  void DescribeAggregate(const PhysicalAggregate& aggregate, const ExplainNames& in,
                         ExplainNode* out, ExplainNames* names);
  bool DescribeOrder(const PhysicalNode& node, const ExplainNames& in, ExplainNode* out);
  bool DescribeModify(const PhysicalNode& node, ExplainNode* out, ExplainNames* names);
  static ExplainNames ColumnNames(const catalog::TableEntry& table, const std::string& alias,
                                  const std::vector<uint32_t>& columns);
  static ExplainNames Pick(const ExplainNames& all, const std::vector<uint32_t>& output);
  static void Add(ExplainNode* out, std::string key, std::string value) {
    if (!value.empty()) out->properties.emplace_back(std::move(key), std::move(value));
  }

  const ExplainOptions& options_;
  const std::vector<ExplainCounters>& counters_;
};

ExplainNames ExplainBuilder::ColumnNames(const catalog::TableEntry& table, const std::string& alias,
                                         const std::vector<uint32_t>& columns) {
  ExplainNames names;
  const std::string& prefix = alias.empty() ? table.name : alias;
  for (uint32_t ordinal : columns) {
    names.push_back(prefix + "." +
                    (ordinal == kRowIdColumn ? "rowid" : table.columns[ordinal].name));
  }
  return names;
}

ExplainNames ExplainBuilder::Pick(const ExplainNames& all, const std::vector<uint32_t>& output) {
  ExplainNames names;
  for (uint32_t slot : output) names.push_back(slot < all.size() ? all[slot] : "mark");
  return names;
}

inline std::string ExplainRelation(const catalog::TableEntry& table, const std::string& alias) {
  return alias.empty() || alias == table.name ? table.name : table.name + " " + alias;
}

void ExplainBuilder::DescribeScan(const PhysicalTableScan& scan, ExplainNode* out,
                                  ExplainNames* names) {
  out->title = "Seq Scan on " + ExplainRelation(*scan.table, scan.alias);
  *names = ColumnNames(*scan.table, scan.alias, scan.columns);
  Add(out, "Filter", ExplainConjunction(scan.filters, *names));
  names->resize(scan.output_count);
}

void ExplainBuilder::DescribeIndexScan(const PhysicalIndexScan& scan, ExplainNode* out,
                                       ExplainNames* names) {
  out->title = fmt::format("Index Scan {}using {} on {}", scan.backward ? "Backward " : "",
                           scan.index->name, ExplainRelation(*scan.table, scan.alias));
  *names = ColumnNames(*scan.table, scan.alias, scan.columns);
  std::string condition;
  const auto add = [&](size_t key, std::string_view op, const expr::Expr& value) {
    if (!condition.empty()) condition += " AND ";
    condition +=
        fmt::format("({} {} {})", scan.table->columns[scan.index->columns[key].column].name, op,
                    ExplainExpr(value, {}));
  };
  for (size_t i = 0; i < scan.equal.size(); ++i) add(i, "=", *scan.equal[i]);
  const size_t next = scan.equal.size();
  if (scan.lower != nullptr) add(next, scan.lower_inclusive ? ">=" : ">", *scan.lower);
  if (scan.upper != nullptr) add(next, scan.upper_inclusive ? "<=" : "<", *scan.upper);
  Add(out, "Index Cond", std::move(condition));
  Add(out, "Filter", ExplainConjunction(scan.filters, *names));
  names->resize(scan.output_count);
}

void ExplainBuilder::DescribeHashJoin(const PhysicalNode& node, const PhysicalHashJoin& join,
                                      const std::vector<ExplainNames>& in, ExplainNode* out,
                                      ExplainNames* names) {
  out->title = fmt::format("Hash {}Join", ExplainJoinText(join.type));
  if (join.null_aware) out->title += " (null-aware)";
  std::string condition;
  for (size_t k = 0; k < join.left_keys.size(); ++k) {
    if (!condition.empty()) condition += " AND ";
    condition += fmt::format("({} {} {})", ExplainExpr(*join.left_keys[k], in[0]),
                             join.null_safe[k] ? "IS NOT DISTINCT FROM" : "=",
                             ExplainExpr(*join.right_keys[k], in[1]));
  }
  ExplainNames all = in[0];
  all.insert(all.end(), in[1].begin(), in[1].end());
  Add(out, "Hash Cond", std::move(condition));
  Add(out, "Join Filter", ExplainConjunction(join.residual, all));
  if (options_.verbose) {
    std::string targets;
    for (const JoinFilterTarget& t : join.filters) {
      targets += fmt::format("{}key {} to scan {} column {}", targets.empty() ? "" : ", ", t.key,
                             t.scan_id, t.column);
    }
    Add(out, "Join Filters", std::move(targets));
    if (join.build_unique) Add(out, "Inner Unique", "true");
  }
  *names = Pick(all, join.output);
}

void ExplainBuilder::DescribeIndexJoin(const PhysicalIndexJoin& join, const ExplainNames& in,
                                       ExplainNode* out, ExplainNames* names) {
  out->title = fmt::format("Index {}Join using {} on {}", ExplainJoinText(join.type),
                           join.index->name, join.table->name);
  std::string condition;
  for (size_t k = 0; k < join.keys.size(); ++k) {
    if (k > 0) condition += " AND ";
    condition += fmt::format("({} = {})", join.table->columns[join.index->columns[k].column].name,
                             ExplainExpr(*join.keys[k], in));
  }
  Add(out, "Index Cond", std::move(condition));
  ExplainNames all = in;
  for (std::string& name : ColumnNames(*join.table, "", join.columns)) {
    all.push_back(std::move(name));
  }
  Add(out, "Join Filter", ExplainConjunction(join.residual, all));
  *names = Pick(all, join.output);
}

void ExplainBuilder::DescribeAggregate(const PhysicalAggregate& aggregate, const ExplainNames& in,
                                       ExplainNode* out, ExplainNames* names) {
  if (aggregate.groups.empty() && aggregate.grouping_sets.empty()) {
    out->title = "Aggregate";
  } else if (aggregate.strategy == AggregateStrategy::kStreaming) {
    out->title = "GroupAggregate";
  } else {
    out->title = "HashAggregate";
  }
  ExplainNames keys;
  for (const ExprPtr& e : aggregate.groups) names->push_back(ExplainExpr(*e, in));
  std::string text;
  for (size_t g = 0; g < aggregate.groups.size() && g < aggregate.key_groups; ++g) {
    text += (g > 0 ? ", " : "") + (*names)[g];
  }
  Add(out, "Group Key", std::move(text));
  std::string dependent;
  for (size_t g = aggregate.key_groups; g < aggregate.groups.size(); ++g) {
    dependent += (dependent.empty() ? "" : ", ") + (*names)[g];
  }
  Add(out, "Dependent", std::move(dependent));
  if (!aggregate.grouping_sets.empty()) {
    Add(out, "Grouping Sets", fmt::format("{}", aggregate.grouping_sets.size()));
  }
  if (options_.verbose) Add(out, "Output", ExplainList(aggregate.aggregates, in));
  for (const ExprPtr& e : aggregate.aggregates) names->push_back(ExplainExpr(*e, in));
  for (size_t i = 0; i < aggregate.grouping_calls.size(); ++i) names->push_back("grouping");
}

bool ExplainBuilder::DescribeOrder(const PhysicalNode& node, const ExplainNames& in,
                                   ExplainNode* out) {
  const auto limits = [&](const ExprPtr& limit, const ExprPtr& offset) {
    if (limit != nullptr) Add(out, "Limit", ExplainExpr(*limit, in));
    if (offset != nullptr) Add(out, "Offset", ExplainExpr(*offset, in));
  };
  if (const auto* sort = node.As<PhysicalSort>()) {
    out->title = "Sort";
    Add(out, "Sort Key", ExplainKeys(sort->keys, in));
  } else if (const auto* top = node.As<PhysicalTopN>()) {
    out->title = top->with_ties ? "Top-N With Ties" : "Top-N";
    Add(out, "Sort Key", ExplainKeys(top->keys, in));
    limits(top->limit, top->offset);
  } else if (const auto* limit = node.As<PhysicalLimit>()) {
    out->title = "Limit";
    limits(limit->limit, limit->offset);
  } else if (const auto* distinct = node.As<PhysicalDistinctOn>()) {
    out->title = "Distinct On";
    Add(out, "Key", ExplainList(distinct->keys, in));
  } else if (const auto* filter = node.As<PhysicalFilter>()) {
    out->title = "Filter";
    Add(out, "Filter", ExplainConjunction(filter->conjuncts, in));
  } else {
    return false;
  }
  return true;
}

bool ExplainBuilder::DescribeModify(const PhysicalNode& node, ExplainNode* out,
                                    ExplainNames* names) {
  const ExprList* returning = nullptr;
  if (const auto* insert = node.As<PhysicalInsert>()) {
    out->title = "Insert on " + insert->table->name;
    returning = &insert->returning;
  } else if (const auto* update = node.As<PhysicalUpdate>()) {
    out->title = "Update on " + update->table->name;
    returning = &update->returning;
  } else if (const auto* remove = node.As<PhysicalDelete>()) {
    out->title = "Delete on " + remove->table->name;
    returning = &remove->returning;
  } else {
    return false;
  }
  for (size_t i = 0; i < returning->size(); ++i) names->push_back("returning");
  return true;
}

void ExplainBuilder::Describe(const PhysicalNode& node, const std::vector<ExplainNames>& in,
                              ExplainNode* out, ExplainNames* names) {
  static const ExplainNames none;
  const ExplainNames& first = in.empty() ? none : in[0];
  if (const auto* scan = node.As<PhysicalTableScan>()) return DescribeScan(*scan, out, names);
  if (const auto* scan = node.As<PhysicalIndexScan>()) return DescribeIndexScan(*scan, out, names);
  if (const auto* join = node.As<PhysicalHashJoin>()) {
    return DescribeHashJoin(node, *join, in, out, names);
  }
  if (const auto* join = node.As<PhysicalIndexJoin>()) {
    return DescribeIndexJoin(*join, first, out, names);
  }
  if (const auto* aggregate = node.As<PhysicalAggregate>()) {
    return DescribeAggregate(*aggregate, first, out, names);
  }
  if (DescribeModify(node, out, names)) return;
  *names = first;
  if (DescribeOrder(node, first, out)) return;
  if (const auto* join = node.As<PhysicalNestedLoopJoin>()) {
    out->title = fmt::format("Nested Loop {}Join", ExplainJoinText(join->type));
    ExplainNames all = in[0];
    all.insert(all.end(), in[1].begin(), in[1].end());
    Add(out, "Join Filter", ExplainConjunction(join->conditions, all));
    *names = Pick(all, join->output);
  } else if (const auto* projection = node.As<PhysicalProjection>()) {
    out->title = "Projection";
    if (options_.verbose) Add(out, "Output", ExplainList(projection->expressions, first));
    names->clear();
    for (const ExprPtr& e : projection->expressions) names->push_back(ExplainExpr(*e, first));
  } else if (const auto* set = node.As<PhysicalSetOperation>()) {
    const std::string_view op = set->op == LogicalSetOp::kUnion       ? "Append"
                                : set->op == LogicalSetOp::kIntersect ? "Intersect"
                                                                      : "Except";
    out->title = op;
    if (set->op != LogicalSetOp::kUnion && set->all) out->title += " All";
  } else if (const auto* window = node.As<PhysicalWindow>()) {
    out->title = "WindowAgg";
    if (options_.verbose) Add(out, "Output", ExplainList(window->calls, first));
    for (const ExprPtr& e : window->calls) names->push_back(ExplainExpr(*e, first));
  } else if (const auto* cte = node.As<PhysicalCte>()) {
    out->title = cte->recursive ? "Recursive CTE" : "CTE";
    if (!cte->name.empty()) out->title += " " + cte->name;
    *names = in.back();
  } else if (const auto* scan = node.As<PhysicalCteScan>()) {
    out->title = fmt::format("CTE Scan on {}",
                             scan->name.empty() ? fmt::format("cte{}", scan->cte_id) : scan->name);
  } else if (const auto* values = node.As<PhysicalValues>()) {
    out->title = fmt::format("Values ({} rows)", values->rows.size());
  } else if (const auto* function = node.As<PhysicalTableFunction>()) {
    out->title = "Function Scan on " + function->function;
    Add(out, "Arguments", ExplainList(function->arguments, first));
  } else if (node.As<PhysicalEmpty>() != nullptr) {
    out->title = "Empty";
  } else {
    out->title = "Result";
  }
  while (names->size() < node.types.size())
    names->push_back(fmt::format("column{}", names->size() + 1));
}

ExplainNode ExplainBuilder::Build(const PhysicalNode& node, ExplainNames* names) {
  ExplainNode out;
  std::vector<ExplainNames> in(node.children.size());
  for (size_t i = 0; i < node.children.size(); ++i) {
    out.children.push_back(Build(*node.children[i], &in[i]));
  }
  if (const auto* cte = node.As<PhysicalCte>(); cte != nullptr) {
    out.children[0].role = "CTE " + cte->name;
  }
  Describe(node, in, &out, names);
  out.cost = node.estimated_cost / 1e6;
  out.rows = node.estimated_rows;
  for (const LogicalType& type : node.types) out.width += CardinalityEstimator::Width(type);
  if (options_.analyze && node.node_id < counters_.size()) {
    out.actual = counters_[node.node_id];
    out.executed = out.actual.loops > 0 || out.actual.rows > 0;
    if (out.actual.rows_in > out.actual.rows) {
      Add(&out, "Rows Removed by Filter", fmt::format("{}", out.actual.rows_in - out.actual.rows));
    }
    if (out.actual.bytes > 0)
      Add(&out, "Memory", fmt::format("{}kB", (out.actual.bytes + 1023) / 1024));
  }
  return out;
}

void ExplainLines(const ExplainNode& node, const ExplainOptions& options, size_t depth,
                  std::vector<std::string>* lines) {
  std::string indent(depth == 0 ? 0 : depth * 6 - 4, ' ');
  if (!node.role.empty()) lines->push_back(indent + node.role);
  std::string line = depth == 0 ? node.title : indent + "->  " + node.title;
  if (options.costs) {
    line +=
        fmt::format("  (cost={:.2f} rows={:.0f} width={:.0f})", node.cost, node.rows, node.width);
  }
  if (options.analyze) {
    if (!node.executed) {
      line += " (never executed)";
    } else if (options.timing) {
      line += fmt::format(" (actual time={:.3f} rows={} loops={})",
                          static_cast<double>(node.actual.nanos) / 1e6, node.actual.rows,
                          std::max<uint64_t>(1, node.actual.loops));
    } else {
      line += fmt::format(" (actual rows={} loops={})", node.actual.rows,
                          std::max<uint64_t>(1, node.actual.loops));
    }
  }
  lines->push_back(std::move(line));
  const std::string inner(depth * 6 + 2, ' ');
  for (const auto& [key, value] : node.properties) lines->push_back(inner + key + ": " + value);
  for (const ExplainNode& child : node.children) ExplainLines(child, options, depth + 1, lines);
}

void ExplainQuote(const std::string& text, std::string* out) {
  *out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      *out += '\\';
      *out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      *out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      *out += c;
    }
  }
  *out += '"';
}

void ExplainJsonNode(const ExplainNode& node, const ExplainOptions& options, size_t depth,
                     std::string* out) {
  const std::string indent(depth * 2 + 2, ' ');
  *out += "{\n";
  const auto key = [&](std::string_view name) { *out += fmt::format("{}\"{}\": ", indent, name); };
  key("Node Type");
  ExplainQuote(node.title, out);
  if (!node.role.empty()) {
    *out += ",\n";
    key("Subplan Name");
    ExplainQuote(node.role, out);
  }
  if (options.costs) {
    *out += fmt::format(
        ",\n{0}\"Total Cost\": {1:.3f},\n{0}\"Plan Rows\": {2:.0f},\n{0}\"Plan Width\": {3:.0f}",
        indent, node.cost, node.rows, node.width);
  }
  if (options.analyze) {
    *out += fmt::format(",\n{0}\"Actual Rows\": {1},\n{0}\"Actual Loops\": {2}", indent,
                        node.actual.rows, node.actual.loops);
    if (options.timing) {
      *out += fmt::format(",\n{}\"Actual Total Time\": {:.3f}", indent,
                          static_cast<double>(node.actual.nanos) / 1e6);
    }
  }
  for (const auto& [name, value] : node.properties) {
    *out += ",\n";
    key(name);
    ExplainQuote(value, out);
  }
  if (!node.children.empty()) {
    *out += ",\n";
    key("Plans");
    *out += "[";
    for (size_t i = 0; i < node.children.size(); ++i) {
      if (i > 0) *out += ", ";
      ExplainJsonNode(node.children[i], options, depth + 1, out);
    }
    *out += "]";
  }
  *out += "\n" + std::string(depth * 2, ' ') + "}";
}

}  // namespace

ExplainNode MakeExplainTree(const PhysicalPlan& plan, const ExplainOptions& options,
                            const std::vector<ExplainCounters>& counters) {
  ExplainBuilder builder(options, counters);
  ExplainNames names;
  ExplainNode root = builder.Build(*plan.root, &names);
  for (size_t i = 0; i < plan.init_plans.size(); ++i) {
    names.clear();
    ExplainNode init = builder.Build(*plan.init_plans[i], &names);
    init.role =
        fmt::format("InitPlan {} (returns ${})", i + 1, plan.parameter_types.size() + i + 1);
    root.children.push_back(std::move(init));
  }
  return root;
}

std::vector<std::string> ExplainText(const ExplainNode& root, const ExplainOptions& options) {
  std::vector<std::string> lines;
  ExplainLines(root, options, 0, &lines);
  return lines;
}

std::string ExplainJson(const ExplainNode& root, const ExplainOptions& options) {
  std::string out = "[{\"Plan\": ";
  ExplainJsonNode(root, options, 0, &out);
  return out + "}]";
}

std::string ExplainPlan(const PhysicalPlan& plan) {
  const ExplainOptions options;
  std::string text;
  for (const std::string& line : ExplainText(MakeExplainTree(plan, options, {}), options)) {
    text += line + "\n";
  }
  return text;
}

}  // namespace driftdb::sql
