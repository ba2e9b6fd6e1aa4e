// Decorrelation with a domain: for a dependent join L op R, the distinct values of the columns of L
// that R refers to (the domain D) are joined to R's leaves and carried up as additional columns;
// the join then compares them with L's own. Every operator on the way works once per domain value:
// groups and partitions get D's columns as keys, set operations as columns, a LIMIT becomes a row
// number per value, an aggregate without groups is padded with the values that have no rows. L is
// needed twice, so it becomes a CTE: L's columns are renamed to those of a scan of it.
#include <algorithm>

#include "base/check.h"
#include "base/status_macros.h"
#include "expr/aggregate.h"
#include "expr/binding.h"
#include "sql/plan/functional_dependency.h"
#include "sql/plan/subquery_plan.h"
#include "sql/plan/unnest.h"

namespace driftdb::sql {

DomainPusher::DomainPusher(const std::vector<BoundColumn>& outer, uint32_t domain_cte,
                           std::vector<uint32_t> domain_columns, uint32_t* next_table_index)
    : outer_(outer),
      domain_cte_(domain_cte),
      domain_columns_(std::move(domain_columns)),
      next_table_index_(next_table_index) {
  for (const BoundColumn& column : outer_) outer_tables_.Add(column.binding.table_index);
}

// DISTINCT over the outer columns, read from the CTE.
LogicalPtr DomainPusher::MakeDomain(Columns* columns) {
  LogicalCteScan scan;
  scan.table_index = (*next_table_index_)++;
  scan.cte_id = domain_cte_;
  scan.types = cte_types_;
  LogicalAggregate distinct;
  distinct.group_index = (*next_table_index_)++;
  distinct.aggregate_index = (*next_table_index_)++;
  columns->clear();
  for (uint32_t i = 0; i < outer_.size(); ++i) {
    distinct.groups.push_back(
        expr::MakeColumn({scan.table_index, domain_columns_[i], 0}, outer_[i].type));
    columns->push_back({distinct.group_index, i, 0});
  }
  LogicalPtr node = MakeLogical(std::move(distinct));
  node->children.push_back(MakeLogical(std::move(scan)));
  return node;
}

bool DomainPusher::Depends(const LogicalNode& plan) const {
  if (FreeTables(plan).Intersects(outer_tables_)) return true;
  if (extended_ctes_.empty()) return false;
  bool found = false;
  WalkLogical(const_cast<LogicalNode&>(plan), [&](LogicalNode& node) {
    const auto* scan = node.As<LogicalCteScan>();
    if (scan == nullptr) return;
    for (const auto& [id, first] : extended_ctes_) found = found || id == scan->cte_id;
  });
  return found;
}

void DomainPusher::SubstituteExpr(ExprPtr& e, const Columns& columns) {
  RemapColumns(e, renames_);
  for (size_t i = 0; i < outer_.size(); ++i) {
    RemapColumns(e, std::vector<ColumnRename>{{outer_[i].binding, columns[i]}});
  }
}

void DomainPusher::Substitute(LogicalNode& node, const Columns& columns) {
  ForEachExpression(node, [&](ExprPtr& e) { SubstituteExpr(e, columns); });
  ForEachBinding(node, [&](ColumnBinding& binding) {
    for (const ColumnRename& rename : renames_) {
      if (binding == rename.from) binding = rename.to;
    }
    for (size_t i = 0; i < outer_.size(); ++i) {
      if (binding == outer_[i].binding) binding = columns[i];
    }
  });
}

void DomainPusher::AddEqualities(const Columns& left, const Columns& right,
                                 ExprList* conditions) const {
  for (size_t i = 0; i < outer_.size(); ++i) {
    conditions->push_back(expr::MakeComparison(ComparisonOp::kNotDistinct,
                                               expr::MakeColumn(left[i], outer_[i].type),
                                               expr::MakeColumn(right[i], outer_[i].type)));
  }
}

Status DomainPusher::Push(LogicalPtr& plan, Columns* columns) {
  if (!Depends(*plan)) {
    LogicalPtr cross = MakeLogical(LogicalJoin{});
    cross->children.push_back(MakeDomain(columns));
    cross->children.push_back(std::move(plan));
    plan = std::move(cross);
    return OkStatus();
  }
  if (plan->As<LogicalProjection>() != nullptr) return PushProjection(plan, columns);
  if (plan->As<LogicalAggregate>() != nullptr) return PushAggregate(plan, columns);
  if (plan->As<LogicalJoin>() != nullptr) return PushJoin(plan, columns);
  if (plan->As<LogicalLimit>() != nullptr) return PushLimit(plan, columns);
  if (plan->As<LogicalSetOperation>() != nullptr) return PushSetOperation(plan, columns);
  if (plan->As<LogicalWindow>() != nullptr) return PushWindow(plan, columns);
  if (plan->As<LogicalCte>() != nullptr) return PushCte(plan, columns);
  if (plan->As<LogicalValues>() != nullptr) return PushValues(plan, columns);
  if (const auto* scan = plan->As<LogicalCteScan>()) {
    columns->clear();
    for (const auto& [id, first] : extended_ctes_) {
      if (id != scan->cte_id) continue;
      for (uint32_t i = 0; i < outer_.size(); ++i) {
        columns->push_back({scan->table_index, first + i, 0});
      }
    }
    auto& types = plan->As<LogicalCteScan>()->types;
    for (const BoundColumn& column : outer_) types.push_back(column.type);
    return OkStatus();
  }
  if (plan->As<LogicalTableFunction>() != nullptr && plan->children.empty()) {
    // The function runs once per domain value.
    plan->children.push_back(MakeDomain(columns));
    Substitute(*plan, *columns);
    return OkStatus();
  }
  const bool passes = plan->As<LogicalFilter>() != nullptr || plan->As<LogicalSort>() != nullptr ||
                      plan->As<LogicalDistinct>() != nullptr;
  if (!passes) {
    return Error(sqlstate::kFeatureNotSupported,
                 "this form of correlated subquery is not supported");
  }
  DRIFTDB_RETURN_IF_ERROR(Push(plan->children[0], columns));
  Substitute(*plan, *columns);
  if (auto* distinct = plan->As<LogicalDistinct>(); distinct != nullptr && !distinct->on.empty()) {
    for (size_t i = 0; i < outer_.size(); ++i) {
      distinct->on.push_back(expr::MakeColumn((*columns)[i], outer_[i].type));
    }
    // DISTINCT ON takes the first row in input order, which the sort below still gives per value.
  }
  return OkStatus();
}

Status DomainPusher::PushProjection(LogicalPtr& plan, Columns* columns) {
  Columns below;
  DRIFTDB_RETURN_IF_ERROR(Push(plan->children[0], &below));
  Substitute(*plan, below);
  auto& projection = *plan->As<LogicalProjection>();
  columns->clear();
  for (size_t i = 0; i < outer_.size(); ++i) {
    columns->push_back(
        {projection.table_index, static_cast<uint32_t>(projection.expressions.size()), 0});
    projection.expressions.push_back(expr::MakeColumn(below[i], outer_[i].type));
  }
  return OkStatus();
}

Status DomainPusher::PushAggregate(LogicalPtr& plan, Columns* columns) {
  Columns below;
  DRIFTDB_RETURN_IF_ERROR(Push(plan->children[0], &below));
  Substitute(*plan, below);
  auto& aggregate = *plan->As<LogicalAggregate>();
  // A grouping set without groups yields a row for no rows; that is the case to be padded.
  const bool scalar = aggregate.groups.empty() && aggregate.grouping_sets.size() <= 1;
  if (scalar) aggregate.grouping_sets.clear();
  columns->clear();
  for (size_t i = 0; i < outer_.size(); ++i) {
    const auto position = static_cast<uint32_t>(aggregate.groups.size());
    columns->push_back({aggregate.group_index, position, 0});
    for (std::vector<uint32_t>& set : aggregate.grouping_sets) set.push_back(position);
    aggregate.groups.push_back(expr::MakeColumn(below[i], outer_[i].type));
  }
  if (scalar) PadScalarAggregate(plan, columns);
  return OkStatus();
}

// D LEFT JOIN aggregate, with count's 0 for values that have no rows. The aggregates' columns are
// those of a projection then.
void DomainPusher::PadScalarAggregate(LogicalPtr& plan, Columns* columns) {
  const auto& aggregate = *plan->As<LogicalAggregate>();
  LogicalProjection projection;
  projection.table_index = (*next_table_index_)++;
  for (uint32_t a = 0; a < aggregate.aggregates.size(); ++a) {
    const expr::Expr& call = *aggregate.aggregates[a];
    ExprPtr value = expr::MakeColumn({aggregate.aggregate_index, a, 0}, call.type);
    if (call.aggregate->function->zero_on_empty) {
      ExprList args;
      args.push_back(std::move(value));
      args.push_back(expr::MakeConstant(Value::Integer(call.type, 0)));
      auto coalesce = std::make_unique<expr::Expr>();
      coalesce->kind = ExprKind::kCoalesce;
      coalesce->type = call.type;
      coalesce->children = std::move(args);
      value = std::move(coalesce);
    }
    projection.expressions.push_back(std::move(value));
    renames_.push_back({{aggregate.aggregate_index, a, 0}, {projection.table_index, a, 0}});
  }
  Columns domain;
  LogicalJoin join;
  join.type = LogicalJoinType::kLeft;
  LogicalPtr left = MakeDomain(&domain);
  AddEqualities(domain, *columns, &join.conditions);
  for (size_t i = 0; i < outer_.size(); ++i) {
    (*columns)[i] = {projection.table_index, static_cast<uint32_t>(projection.expressions.size()),
                     0};
    projection.expressions.push_back(expr::MakeColumn(domain[i], outer_[i].type));
  }
  LogicalPtr joined = MakeLogical(std::move(join));
  joined->children.push_back(std::move(left));
  joined->children.push_back(std::move(plan));
  plan = MakeLogical(std::move(projection));
  plan->children.push_back(std::move(joined));
}

Status DomainPusher::PushJoin(LogicalPtr& plan, Columns* columns) {
  auto* join = plan->As<LogicalJoin>();
  if (join->type == LogicalJoinType::kRight) {
    std::swap(plan->children[0], plan->children[1]);
    join->type = LogicalJoinType::kLeft;
  }
  const bool left_depends = Depends(*plan->children[0]);
  const bool right_depends = Depends(*plan->children[1]);
  Columns left, right;
  if (join->type == LogicalJoinType::kInner && !(left_depends && right_depends)) {
    DRIFTDB_RETURN_IF_ERROR(Push(plan->children[right_depends ? 1 : 0], columns));
    Substitute(*plan, *columns);
    return OkStatus();
  }
  DRIFTDB_RETURN_IF_ERROR(Push(plan->children[0], &left));
  const bool full = join->type == LogicalJoinType::kFull;
  if (full || right_depends) DRIFTDB_RETURN_IF_ERROR(Push(plan->children[1], &right));
  Substitute(*plan, left);
  if (!right.empty()) {
    if (join->null_aware) {
      return Error(sqlstate::kFeatureNotSupported,
                   "NOT IN over a doubly correlated subquery is not supported");
    }
    AddEqualities(left, right, &join->conditions);
  }
  *columns = left;
  if (!full) return OkStatus();
  // Rows of one side only: the value is on that side.
  LogicalProjection projection;
  projection.table_index = (*next_table_index_)++;
  columns->clear();
  for (const BoundColumn& column : OutputColumns(*plan)) {
    renames_.push_back(
        {column.binding,
         {projection.table_index, static_cast<uint32_t>(projection.expressions.size()), 0}});
    projection.expressions.push_back(expr::MakeColumn(column.binding, column.type));
  }
  for (size_t i = 0; i < outer_.size(); ++i) {
    auto either = std::make_unique<expr::Expr>();
    either->kind = ExprKind::kCoalesce;
    either->type = outer_[i].type;
    either->children.push_back(expr::MakeColumn(left[i], outer_[i].type));
    either->children.push_back(expr::MakeColumn(right[i], outer_[i].type));
    columns->push_back(
        {projection.table_index, static_cast<uint32_t>(projection.expressions.size()), 0});
    projection.expressions.push_back(std::move(either));
  }
  LogicalPtr top = MakeLogical(std::move(projection));
  top->children.push_back(std::move(plan));
  plan = std::move(top);
  return OkStatus();
}

// row_number() (rank() for WITH TIES) per domain value in the order of the sort below.
Status DomainPusher::PushLimit(LogicalPtr& plan, Columns* columns) {
  auto& limit = *plan->As<LogicalLimit>();
  ExprPtr count = std::move(limit.limit), offset = std::move(limit.offset);
  const bool with_ties = limit.with_ties;
  LogicalPtr child = std::move(plan->children[0]);
  DRIFTDB_RETURN_IF_ERROR(Push(child, columns));
  DRIFTDB_ASSIGN_OR_RETURN(ExprPtr call, expr::BindWindow(with_ties ? "rank" : "row_number", {}));
  for (size_t i = 0; i < outer_.size(); ++i) {
    call->window->partition_by.push_back(expr::MakeColumn((*columns)[i], outer_[i].type));
  }
  // Projections between the limit and its sort hide the keys, so the window goes below them.
  LogicalPtr* at = &child;
  while ((*at)->As<LogicalProjection>() != nullptr) at = &(*at)->children[0];
  std::vector<LogicalProjection*> above;
  if (auto* sort = (*at)->As<LogicalSort>()) {
    for (const expr::SortKey& key : sort->keys) {
      call->window->order_by.push_back({key.expr->Clone(), key.descending, key.nulls_first});
    }
  } else {
    at = &child;
  }
  LogicalWindow window;
  window.table_index = (*next_table_index_)++;
  ColumnBinding number{window.table_index, 0, 0};
  const LogicalType type = call->type;
  for (LogicalPtr* p = &child; p != at; p = &(*p)->children[0]) {
    above.push_back((*p)->As<LogicalProjection>());
  }
  // The domain's columns as they are called below those projections.
  for (ExprPtr& key : call->window->partition_by) {
    for (LogicalProjection* projection : above) {
      if (key->kind == ExprKind::kColumn && key->column.table_index == projection->table_index) {
        key = projection->expressions[key->column.column_index]->Clone();
      }
    }
  }
  window.calls.push_back(std::move(call));
  LogicalPtr numbered = MakeLogical(std::move(window));
  numbered->children.push_back(std::move(*at));
  *at = std::move(numbered);
  for (size_t i = above.size(); i-- > 0;) {
    above[i]->expressions.push_back(expr::MakeColumn(number, type));
    number = {above[i]->table_index, static_cast<uint32_t>(above[i]->expressions.size() - 1), 0};
  }
  ExprList conjuncts;
  const auto column = [&] { return expr::MakeColumn(number, type); };
  const auto as_number = [&](ExprPtr e) {
    return expr::BindCast(std::move(e), type, expr::CastContext::kExplicit);
  };
  if (offset != nullptr) {
    DRIFTDB_ASSIGN_OR_RETURN(ExprPtr first, as_number(offset->Clone()));
    conjuncts.push_back(expr::MakeComparison(ComparisonOp::kGreater, column(), std::move(first)));
  }
  if (count != nullptr) {
    if (offset != nullptr) {
      DRIFTDB_ASSIGN_OR_RETURN(count, expr::BindOperator("+", std::move(count), std::move(offset)));
    }
    DRIFTDB_ASSIGN_OR_RETURN(ExprPtr last, as_number(std::move(count)));
    conjuncts.push_back(expr::MakeComparison(ComparisonOp::kLessEqual, column(), std::move(last)));
  }
  plan = MakeLogical(LogicalFilter{std::move(conjuncts)});
  plan->children.push_back(std::move(child));
  return OkStatus();
}

Status DomainPusher::PushSetOperation(LogicalPtr& plan, Columns* columns) {
  Columns left, right;
  DRIFTDB_RETURN_IF_ERROR(Push(plan->children[0], &left));
  DRIFTDB_RETURN_IF_ERROR(Push(plan->children[1], &right));
  Substitute(*plan, left);
  auto& set = *plan->As<LogicalSetOperation>();
  columns->clear();
  for (size_t i = 0; i < outer_.size(); ++i) {
    columns->push_back({set.table_index, static_cast<uint32_t>(set.types.size()), 0});
    set.types.push_back(outer_[i].type);
    set.left.push_back(left[i]);
    set.right.push_back(right[i]);
  }
  return OkStatus();
}

Status DomainPusher::PushWindow(LogicalPtr& plan, Columns* columns) {
  DRIFTDB_RETURN_IF_ERROR(Push(plan->children[0], columns));
  Substitute(*plan, *columns);
  for (ExprPtr& call : plan->As<LogicalWindow>()->calls) {
    for (size_t i = 0; i < outer_.size(); ++i) {
      call->window->partition_by.push_back(expr::MakeColumn((*columns)[i], outer_[i].type));
    }
  }
  return OkStatus();
}

// A definition that depends on the outer row gets the domain's columns, and so do its scans.
Status DomainPusher::PushCte(LogicalPtr& plan, Columns* columns) {
  auto& cte = *plan->As<LogicalCte>();
  if (Depends(*plan->children[0])) {
    if (cte.recursive) {
      return Error(sqlstate::kFeatureNotSupported,
                   "a recursive query that refers to an outer query is not supported");
    }
    Columns defined;
    DRIFTDB_RETURN_IF_ERROR(Push(plan->children[0], &defined));
    Substitute(*plan, defined);
    extended_ctes_.emplace_back(cte.cte_id, static_cast<uint32_t>(cte.columns.size()));
    for (size_t i = 0; i < outer_.size(); ++i) {
      cte.columns.push_back(defined[i]);
      cte.types.push_back(outer_[i].type);
    }
  }
  return Push(plan->children[1], columns);
}

// VALUES over outer columns: a projection of the domain for each row.
Status DomainPusher::PushValues(LogicalPtr& plan, Columns* columns) {
  LogicalValues values = std::move(*plan->As<LogicalValues>());
  LogicalPtr all;
  ColumnBinding first{};
  const auto width = static_cast<uint32_t>(values.types.size());
  for (size_t r = 0; r < values.rows.size(); ++r) {
    const bool last = r + 1 == values.rows.size();
    Columns domain;
    LogicalProjection row;
    row.table_index = values.rows.size() == 1 ? values.table_index : (*next_table_index_)++;
    LogicalPtr input = MakeDomain(&domain);
    row.expressions = std::move(values.rows[r]);
    for (ExprPtr& e : row.expressions) SubstituteExpr(e, domain);
    for (size_t i = 0; i < outer_.size(); ++i) {
      row.expressions.push_back(expr::MakeColumn(domain[i], outer_[i].type));
    }
    const uint32_t row_index = row.table_index;
    LogicalPtr node = MakeLogical(std::move(row));
    node->children.push_back(std::move(input));
    if (all == nullptr) {
      all = std::move(node);
      first = {row_index, 0, 0};
      continue;
    }
    LogicalSetOperation set;
    set.table_index = last ? values.table_index : (*next_table_index_)++;
    set.all = true;
    set.types = values.types;
    for (const BoundColumn& column : outer_) set.types.push_back(column.type);
    for (uint32_t c = 0; c < set.types.size(); ++c) {
      set.left.push_back({first.table_index, c, 0});
      set.right.push_back({row_index, c, 0});
    }
    first = {set.table_index, 0, 0};
    LogicalPtr joined = MakeLogical(std::move(set));
    joined->children.push_back(std::move(all));
    joined->children.push_back(std::move(node));
    all = std::move(joined);
  }
  columns->clear();
  for (uint32_t i = 0; i < outer_.size(); ++i) {
    columns->push_back({values.table_index, width + i, 0});
  }
  plan = std::move(all);
  return OkStatus();
}

Status Unnester::JoinWithDomain(LogicalPtr& node) {
  auto& join = *node->As<LogicalJoin>();
  if (join.type == LogicalJoinType::kRight || join.type == LogicalJoinType::kFull) {
    return Error(sqlstate::kInvalidColumnReference,
                 "a LATERAL reference needs an inner or a left join");
  }
  const std::vector<BoundColumn> outer =
      FreeColumns(*node->children[1], OutputTables(*node->children[0]));
  // The left side becomes a CTE; its columns are renamed to those of the scan.
  LogicalCte cte;
  cte.cte_id = next_cte_id_++;
  cte.name = "outer rows";
  LogicalCteScan scan;
  scan.cte_id = cte.cte_id;
  scan.table_index = query_.next_table_index++;
  std::vector<ColumnRename> own;
  std::vector<uint32_t> positions(outer.size());
  for (const BoundColumn& column : OutputColumns(*node->children[0])) {
    const auto position = static_cast<uint32_t>(cte.columns.size());
    own.push_back({column.binding, {scan.table_index, position, 0}});
    for (size_t i = 0; i < outer.size(); ++i) {
      if (outer[i].binding == column.binding) positions[i] = position;
    }
    cte.columns.push_back(column.binding);
    cte.types.push_back(column.type);
  }
  scan.types = cte.types;
  DomainPusher pusher(outer, cte.cte_id, std::move(positions), &query_.next_table_index);
  pusher.set_cte_types(cte.types);
  std::vector<ColumnBinding> domain;
  DRIFTDB_RETURN_IF_ERROR(pusher.Push(node->children[1], &domain));
  for (ExprPtr& e : join.conditions) {
    RemapColumns(e, pusher.renames());
    RemapColumns(e, own);
  }
  const LogicalNode& left = *node->children[0];
  for (size_t i = 0; i < outer.size(); ++i) {
    const ComparisonOp op =
        IsNullable(left, outer[i].binding) ? ComparisonOp::kNotDistinct : ComparisonOp::kEqual;
    ExprPtr value = expr::MakeColumn(outer[i].binding, outer[i].type);
    RemapColumns(value, own);
    join.conditions.push_back(
        expr::MakeComparison(op, std::move(value), expr::MakeColumn(domain[i], outer[i].type)));
  }
  join.lateral = false;
  for (const ColumnRename& rename : pusher.renames()) renames_.push_back(rename);
  for (const ColumnRename& rename : own) renames_.push_back(rename);
  LogicalPtr definition = std::move(node->children[0]);
  node->children[0] = MakeLogical(std::move(scan));
  LogicalPtr top = MakeLogical(std::move(cte));
  top->children.push_back(std::move(definition));
  top->children.push_back(std::move(node));
  node = std::move(top);
  return OkStatus();
}

}  // namespace driftdb::sql
