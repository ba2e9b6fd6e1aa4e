// Subquery expressions to joins.
#include <algorithm>

#include "base/error.h"
#include "base/status_macros.h"
#include "expr/aggregate.h"
#include "expr/binding.h"
#include "sql/plan/functional_dependency.h"
#include "sql/plan/subquery_plan.h"
#include "sql/plan/unnest.h"

namespace driftdb::sql {

namespace {

// IN is = ANY, NOT IN is <> ALL, NOT ANY(op) is ALL(not op), NOT ALL(op) is ANY(not op).
struct Quantifier {
  bool all = false;
  ComparisonOp op = ComparisonOp::kEqual;
};
Quantifier QuantifierOf(const expr::Subquery& subquery) {
  Quantifier q;
  q.all = subquery.kind == expr::SubqueryKind::kAll;
  q.op = subquery.kind == expr::SubqueryKind::kIn ? ComparisonOp::kEqual : subquery.comparison;
  if (subquery.negated) {
    q.all = !q.all;
    q.op = expr::NegateComparison(q.op);
  }
  return q;
}

// left op right for rows, by SQL's rules: = is a conjunction, <> a disjunction, the rest is
// lexicographic.
ExprPtr QuantifierCompare(ComparisonOp op, const ExprList& left, const ExprList& right) {
  const auto one = [&](ComparisonOp o, size_t i) {
    return expr::MakeComparison(o, left[i]->Clone(), right[i]->Clone(), left[i]->position);
  };
  if (left.size() == 1) return one(op, 0);
  ExprList parts;
  if (op == ComparisonOp::kEqual || op == ComparisonOp::kNotDistinct) {
    for (size_t i = 0; i < left.size(); ++i) parts.push_back(one(op, i));
    return expr::MakeAnd(std::move(parts));
  }
  if (op == ComparisonOp::kNotEqual || op == ComparisonOp::kDistinct) {
    for (size_t i = 0; i < left.size(); ++i) parts.push_back(one(op, i));
    return expr::MakeOr(std::move(parts));
  }
  const bool less = op == ComparisonOp::kLess || op == ComparisonOp::kLessEqual;
  for (size_t i = 0; i < left.size(); ++i) {
    ExprList terms;
    for (size_t j = 0; j < i; ++j) terms.push_back(one(ComparisonOp::kEqual, j));
    const bool last = i + 1 == left.size();
    terms.push_back(one(last ? op : less ? ComparisonOp::kLess : ComparisonOp::kGreater, i));
    parts.push_back(expr::MakeAnd(std::move(terms)));
  }
  return expr::MakeOr(std::move(parts));
}

ExprList QuantifierColumns(const expr::SubqueryPlan& plan) {
  ExprList columns;
  for (size_t i = 0; i < plan.columns.size(); ++i) {
    columns.push_back(expr::MakeColumn(plan.columns[i], plan.types[i]));
  }
  return columns;
}

}  // namespace

bool Unnester::IsIndependent(LogicalNode& plan) const {
  if (!FreeTables(plan).empty()) return false;
  // A CTE of the main plan exists only while that runs.
  std::vector<uint32_t> defined;
  WalkLogical(plan, [&](LogicalNode& node) {
    if (const auto* cte = node.As<LogicalCte>()) defined.push_back(cte->cte_id);
  });
  bool independent = true;
  WalkLogical(plan, [&](LogicalNode& node) {
    const auto* scan = node.As<LogicalCteScan>();
    independent = independent && (scan == nullptr || std::find(defined.begin(), defined.end(),
                                                               scan->cte_id) != defined.end());
  });
  return independent;
}

ExprPtr Unnester::AddInitPlan(LogicalPtr plan, ColumnBinding column, LogicalType type) {
  const size_t number = query_.parameter_types.size() + init_plans_.size();
  init_plans_.push_back({std::move(plan), column, type});
  return expr::MakeParameter(static_cast<uint32_t>(number), type);
}

// SELECT count(*) > 0 FROM (plan LIMIT 1).
Result<ExprPtr> Unnester::ExistsInitPlan(LogicalPtr plan) {
  LogicalLimit limit;
  limit.limit = expr::MakeConstant(Value::Int64(1));
  LogicalPtr limited = MakeLogical(std::move(limit));
  limited->children.push_back(std::move(plan));
  LogicalAggregate aggregate;
  aggregate.group_index = query_.next_table_index++;
  aggregate.aggregate_index = query_.next_table_index++;
  DRIFTDB_ASSIGN_OR_RETURN(ExprPtr count, expr::BindAggregate("count", {}));
  ExprPtr column = expr::MakeColumn({aggregate.aggregate_index, 0, 0}, count->type);
  aggregate.aggregates.push_back(std::move(count));
  LogicalPtr counted = MakeLogical(std::move(aggregate));
  counted->children.push_back(std::move(limited));
  LogicalProjection projection;
  projection.table_index = query_.next_table_index++;
  const ColumnBinding result{projection.table_index, 0, 0};
  projection.expressions.push_back(expr::MakeComparison(ComparisonOp::kGreater, std::move(column),
                                                        expr::MakeConstant(Value::Int64(0))));
  LogicalPtr top = MakeLogical(std::move(projection));
  top->children.push_back(std::move(counted));
  return AddInitPlan(std::move(top), result, TypeId::kBoolean);
}

Status Unnester::AddJoin(LogicalPtr* input, LogicalPtr right, LogicalJoin join) {
  if (*input == nullptr) {
    return Error(sqlstate::kFeatureNotSupported, "a correlated subquery is not supported here");
  }
  const TableSet left_tables = OutputTables(**input);
  join.lateral = FreeTables(*right).Intersects(left_tables);
  LogicalPtr node = MakeLogical(std::move(join));
  node->children.push_back(std::move(*input));
  node->children.push_back(std::move(right));
  Status status;
  if (node->As<LogicalJoin>()->lateral) status = Decorrelate(node);
  *input = std::move(node);
  return status;
}

Result<ExprPtr> Unnester::AddMark(LogicalPtr* input, LogicalPtr right, ExprList conditions,
                                  bool null_aware) {
  LogicalJoin join;
  join.type = LogicalJoinType::kMark;
  join.mark_index = query_.next_table_index++;
  join.conditions = std::move(conditions);
  join.null_aware = null_aware;
  ExprPtr mark = expr::MakeColumn({join.mark_index, 0, 0}, TypeId::kBoolean);
  DRIFTDB_RETURN_IF_ERROR(AddJoin(input, std::move(right), std::move(join)));
  return mark;
}

// Older renames must not meet the subquery's plan again: where a projection took a column's place,
// it would come to read itself.
void Unnester::RenamedSince(size_t before, ExprPtr& expr) {
  if (renames_.size() == before) return;
  RemapColumns(expr, std::vector<ColumnRename>(
                         renames_.begin() + static_cast<std::ptrdiff_t>(before), renames_.end()));
}

Status Unnester::Expression(ExprPtr& expr, LogicalPtr* input, bool null_is_false) {
  if (expr->kind != ExprKind::kSubquery) {
    const bool keeps =
        null_is_false && (expr->kind == ExprKind::kAnd || expr->kind == ExprKind::kOr);
    Status status;
    expr::ForEachChild(*expr, [&](ExprPtr& child) {
      if (!status.ok() || !expr::ContainsKind(*child, ExprKind::kSubquery)) return;
      const size_t renames = renames_.size();
      status = Expression(child, input, keeps);
      if (renames_.size() != renames) RemapColumns(expr, renames_);
    });
    return status;
  }
  expr::SubqueryPlan& plan = *expr->subquery->plan;
  DRIFTDB_RETURN_IF_ERROR(Node(plan.plan));
  for (ColumnBinding& binding : plan.columns) {
    for (const ColumnRename& rename : renames_) {
      if (binding == rename.from) binding = rename.to;
    }
  }
  for (ExprPtr& child : expr->children) {
    const size_t before = renames_.size();
    DRIFTDB_RETURN_IF_ERROR(Expression(child, input, false));
    RenamedSince(before, expr);
  }
  switch (expr->subquery->kind) {
    case expr::SubqueryKind::kScalar:
      return Scalar(expr, input);
    case expr::SubqueryKind::kExists:
      return Exists(expr, input);
    default:
      return Quantified(expr, input, null_is_false);
  }
}

Status Unnester::Scalar(ExprPtr& expr, LogicalPtr* input) {
  expr::SubqueryPlan& sub = *expr->subquery->plan;
  const ColumnBinding column = sub.columns[0];
  const LogicalType type = sub.types[0];
  LogicalPtr plan = std::move(sub.plan);
  if (IsIndependent(*plan)) {
    expr = AddInitPlan(std::move(plan), column, type);
    return OkStatus();
  }
  if (*input != nullptr && FreeTables(*plan).Intersects(OutputTables(**input))) {
    ExprPtr value;
    DRIFTDB_RETURN_IF_ERROR(ScalarAggregate(input, std::move(plan), column, type, &value));
    expr = std::move(value);
    return OkStatus();
  }
  LogicalJoin join;
  join.type = YieldsExactlyOneRow(*plan)  ? LogicalJoinType::kInner
              : YieldsOneRowAtMost(*plan) ? LogicalJoinType::kLeft
                                          : LogicalJoinType::kSingle;
  expr = expr::MakeColumn(column, type);
  return AddJoin(input, std::move(plan), std::move(join));
}

Status Unnester::Exists(ExprPtr& expr, LogicalPtr* input) {
  const bool negated = expr->subquery->negated;
  LogicalPtr plan = std::move(expr->subquery->plan->plan);
  ExprPtr exists;
  if (YieldsExactlyOneRow(*plan)) {
    exists = expr::MakeBoolean(true);
  } else if (IsIndependent(*plan)) {
    DRIFTDB_ASSIGN_OR_RETURN(exists, ExistsInitPlan(std::move(plan)));
  } else {
    DRIFTDB_ASSIGN_OR_RETURN(exists, AddMark(input, std::move(plan), {}, false));
  }
  expr = negated ? expr::MakeNot(std::move(exists)) : std::move(exists);
  return OkStatus();
}

// (a, b) op (SELECT c, d ...) with one row at most: no row gives NULL.
Status Unnester::RowComparison(ExprPtr& expr, LogicalPtr* input) {
  expr::SubqueryPlan& sub = *expr->subquery->plan;
  const ComparisonOp op = expr->subquery->comparison;
  const bool negated = expr->subquery->negated;
  ExprPtr comparison = QuantifierCompare(op, expr->children, QuantifierColumns(sub));
  LogicalJoin join;
  join.type = YieldsExactlyOneRow(*sub.plan) ? LogicalJoinType::kInner : LogicalJoinType::kSingle;
  LogicalPtr plan = std::move(sub.plan);
  const size_t renames = renames_.size();
  DRIFTDB_RETURN_IF_ERROR(AddJoin(input, std::move(plan), std::move(join)));
  if (renames_.size() != renames) RemapColumns(comparison, renames_);
  expr = negated ? expr::MakeNot(std::move(comparison)) : std::move(comparison);
  return OkStatus();
}

// ANY as a mark; ALL as its negation with the negated operator. A mark of plain conditions is two-
// valued, so where unknown differs from false a second mark finds the unknown comparisons.
Status Unnester::Quantified(ExprPtr& expr, LogicalPtr* input, bool null_is_false) {
  expr::SubqueryPlan& sub = *expr->subquery->plan;
  if (sub.single_row) return RowComparison(expr, input);
  Quantifier q = QuantifierOf(*expr->subquery);
  const bool invert = q.all;
  if (invert) {
    q.op = expr::NegateComparison(q.op);
    null_is_false = false;
  }
  const ExprList columns = QuantifierColumns(sub);
  const bool correlated = !FreeTables(*sub.plan).empty();
  bool nullable = false;
  for (size_t i = 0; i < columns.size(); ++i) {
    nullable = nullable || *input == nullptr || IsNullable(**input, *expr->children[i]) ||
               IsNullable(*sub.plan, *columns[i]);
  }
  ExprPtr comparison = QuantifierCompare(q.op, expr->children, columns);
  const bool unknowns = nullable && !null_is_false;
  const bool by_key = columns.size() == 1 && q.op == ComparisonOp::kEqual && !correlated;
  LogicalPtr second;
  ExprPtr second_comparison;
  if (unknowns && !by_key) {
    second = CloneLogical(*sub.plan);
    second_comparison = expr::MakeIsTest(expr::IsTest::kNull, false, comparison->Clone());
    // The copy's columns get fresh table indexes; a projection on top gives the comparison some to
    // follow.
    LogicalProjection over;
    over.table_index = query_.next_table_index++;
    std::vector<ColumnRename> renames;
    for (uint32_t i = 0; i < columns.size(); ++i) {
      over.expressions.push_back(columns[i]->Clone());
      renames.push_back({sub.columns[i], {over.table_index, i, 0}});
    }
    LogicalPtr top = MakeLogical(std::move(over));
    top->children.push_back(std::move(second));
    RenumberTables(*top, &query_.next_table_index);
    const uint32_t top_index = top->As<LogicalProjection>()->table_index;
    for (ColumnRename& rename : renames) rename.to.table_index = top_index;
    RemapColumns(second_comparison, renames);
    second = std::move(top);
  }
  const size_t renames_before = renames_.size();
  ExprList conditions = expr::SplitConjunction(std::move(comparison));
  DRIFTDB_ASSIGN_OR_RETURN(ExprPtr value, AddMark(input, std::move(sub.plan), std::move(conditions),
                                                  unknowns && by_key));
  if (second != nullptr) {
    if (renames_.size() != renames_before) {
      RemapColumns(second_comparison, renames_);
      RemapColumns(*second, renames_);
    }
    ExprList unknown_conditions;
    unknown_conditions.push_back(std::move(second_comparison));
    DRIFTDB_ASSIGN_OR_RETURN(
        ExprPtr unknown, AddMark(input, std::move(second), std::move(unknown_conditions), false));
    if (renames_.size() != renames_before) RemapColumns(value, renames_);
    ExprList terms;
    terms.push_back(std::move(unknown));
    terms.push_back(expr::MakeNull(TypeId::kBoolean));
    ExprList either;
    either.push_back(std::move(value));
    either.push_back(expr::MakeAnd(std::move(terms)));
    value = expr::MakeOr(std::move(either));
  }
  expr = invert ? expr::MakeNot(std::move(value)) : std::move(value);
  return OkStatus();
}

Result<bool> Unnester::Conjunct(ExprPtr& expr, LogicalPtr* input) {
  // NOT over a subquery only flips it.
  while (expr->kind == ExprKind::kNot && expr->children[0]->kind == ExprKind::kSubquery &&
         expr->children[0]->subquery->kind != expr::SubqueryKind::kScalar) {
    ExprPtr inner = std::move(expr->children[0]);
    inner->subquery->negated = !inner->subquery->negated;
    expr = std::move(inner);
  }
  if (expr->kind != ExprKind::kSubquery || expr->subquery->kind == expr::SubqueryKind::kScalar) {
    DRIFTDB_RETURN_IF_ERROR(Expression(expr, input, true));
    return false;
  }
  expr::SubqueryPlan& plan = *expr->subquery->plan;
  DRIFTDB_RETURN_IF_ERROR(Node(plan.plan));
  for (ColumnBinding& binding : plan.columns) {
    for (const ColumnRename& rename : renames_) {
      if (binding == rename.from) binding = rename.to;
    }
  }
  for (ExprPtr& child : expr->children) {
    const size_t before = renames_.size();
    DRIFTDB_RETURN_IF_ERROR(Expression(child, input, false));
    RenamedSince(before, expr);
  }
  if (expr->subquery->kind == expr::SubqueryKind::kExists) {
    if (YieldsExactlyOneRow(*plan.plan) || IsIndependent(*plan.plan)) {
      DRIFTDB_RETURN_IF_ERROR(Exists(expr, input));
      return false;
    }
    DRIFTDB_RETURN_IF_ERROR(ExistsConjunct(expr, input));
    return true;
  }
  if (plan.single_row) {
    DRIFTDB_RETURN_IF_ERROR(RowComparison(expr, input));
    return false;
  }
  // One value exactly: a plain comparison with a scalar subquery.
  if (YieldsExactlyOneRow(*plan.plan) && plan.columns.size() == 1) {
    const Quantifier q = QuantifierOf(*expr->subquery);
    ExprPtr tested = std::move(expr->children[0]);
    const int64_t position = expr->position;
    const size_t renames = renames_.size();
    DRIFTDB_RETURN_IF_ERROR(Scalar(expr, input));
    if (renames_.size() != renames) RemapColumns(tested, renames_);
    expr = expr::MakeComparison(q.op, std::move(tested), std::move(expr), position);
    return false;
  }
  DRIFTDB_RETURN_IF_ERROR(QuantifiedConjunct(expr, input));
  return true;
}

Status Unnester::ExistsConjunct(ExprPtr& expr, LogicalPtr* input) {
  LogicalJoin join;
  join.type = expr->subquery->negated ? LogicalJoinType::kAnti : LogicalJoinType::kSemi;
  return AddJoin(input, std::move(expr->subquery->plan->plan), std::move(join));
}

// ANY: a semi join. ALL: an anti join that looks for a row whose comparison is not true.
Status Unnester::QuantifiedConjunct(ExprPtr& expr, LogicalPtr* input) {
  expr::SubqueryPlan& sub = *expr->subquery->plan;
  const Quantifier q = QuantifierOf(*expr->subquery);
  const ExprList columns = QuantifierColumns(sub);
  LogicalJoin join;
  if (!q.all) {
    join.type = LogicalJoinType::kSemi;
    join.conditions = expr::SplitConjunction(QuantifierCompare(q.op, expr->children, columns));
    return AddJoin(input, std::move(sub.plan), std::move(join));
  }
  join.type = LogicalJoinType::kAnti;
  bool nullable = false;
  for (size_t i = 0; i < columns.size(); ++i) {
    nullable = nullable || *input == nullptr || IsNullable(**input, *expr->children[i]) ||
               IsNullable(*sub.plan, *columns[i]);
  }
  ExprPtr violated = QuantifierCompare(expr::NegateComparison(q.op), expr->children, columns);
  const bool by_key = columns.size() == 1 && q.op == ComparisonOp::kNotEqual;
  if (!nullable || (by_key && FreeTables(*sub.plan).empty())) {
    join.null_aware = nullable;
    join.conditions = expr::SplitConjunction(std::move(violated));
  } else {
    join.conditions.push_back(expr::MakeIsTest(expr::IsTest::kFalse, true, std::move(violated)));
  }
  return AddJoin(input, std::move(sub.plan), std::move(join));
}

}  // namespace driftdb::sql
