// UPDATE and DELETE. The plan below the operator is a scan of the target with its row ids, joined
// with FROM or USING, filtered, and projected to row id, old columns and values to set.
#include <algorithm>

#include "base/error.h"
#include "base/status_macros.h"
#include "sql/bind/statement_binder.h"

namespace driftdb::sql {

namespace {

LogicalPtr UpdateWrap(LogicalPtr node, LogicalPtr child) {
  node->children.push_back(std::move(child));
  return node;
}

// [row id, old columns ...]: what every change of existing rows starts from.
ExprList UpdateOldRow(const catalog::TableEntry& table, uint32_t scan_index) {
  ExprList row;
  const auto columns = static_cast<uint32_t>(table.columns.size());
  row.push_back(expr::MakeColumn({scan_index, columns}, TypeId::kInt64, "rowid"));
  for (uint32_t c = 0; c < columns; ++c) {
    row.push_back(expr::MakeColumn({scan_index, c}, table.columns[c].type, table.columns[c].name));
  }
  return row;
}

}  // namespace

Result<ExprPtr> StatementBinder::BindAssignedValue(const AstExpr& value,
                                                   const catalog::ColumnEntry& column) {
  if (value.kind == AstExprKind::kDefault) {
    return BindDefault(column.default_sql, column.type, column.name);
  }
  DRIFTDB_ASSIGN_OR_RETURN(ExprPtr bound, BindExpr(value));
  return AssignTo(std::move(bound), column);
}

// SET (a, b) = (SELECT ...): the subquery joins in, one row or NULLs.
Result<LogicalPtr> StatementBinder::BindAssignedSubquery(const AstAssignment& assignment,
                                                         LogicalPtr plan, ExprList* values) {
  DRIFTDB_ASSIGN_OR_RETURN(BoundSelect select, BindSelect(*assignment.subquery));
  if (select.columns.size() != assignment.columns.size()) {
    return Error(sqlstate::kSyntaxError, "number of columns does not match number of values")
        .At(assignment.subquery->position);
  }
  for (const OutputColumn& column : select.columns) {
    values->push_back(expr::MakeColumn(column.binding, column.type, column.name));
    values->back()->position = assignment.subquery->position;
  }
  LogicalJoin join;
  join.type = LogicalJoinType::kSingle;
  join.lateral = true;
  LogicalPtr node = MakeLogical(std::move(join));
  node->children.push_back(std::move(plan));
  node->children.push_back(std::move(select.plan));
  return node;
}

Result<LogicalPtr> StatementBinder::BindAssignments(const AstUpdate& ast, LogicalPtr plan,
                                                    LogicalUpdate* update, ExprList* values) {
  const catalog::TableEntry& table = *update->table;
  ClauseScope clause(this, BindClause::kUpdateSource);
  for (const AstAssignment& assignment : ast.assignments) {
    DRIFTDB_ASSIGN_OR_RETURN(
        const std::vector<uint32_t> ordinals,
        ResolveColumns(table, assignment.columns, assignment.column_positions));
    for (size_t i = 0; i < ordinals.size(); ++i) {
      if (std::find(update->set_columns.begin(), update->set_columns.end(), ordinals[i]) !=
          update->set_columns.end()) {
        return Error(sqlstate::kSyntaxError, "multiple assignments to same column \"{}\"",
                     assignment.columns[i])
            .At(assignment.column_positions[i]);
      }
      update->set_columns.push_back(ordinals[i]);
    }
    if (assignment.subquery != nullptr) {
      ExprList raw;
      DRIFTDB_ASSIGN_OR_RETURN(plan, BindAssignedSubquery(assignment, std::move(plan), &raw));
      for (size_t i = 0; i < raw.size(); ++i) {
        DRIFTDB_ASSIGN_OR_RETURN(ExprPtr value,
                                 AssignTo(std::move(raw[i]), table.columns[ordinals[i]]));
        values->push_back(std::move(value));
      }
      continue;
    }
    if (assignment.values.size() == 1 && ordinals.size() > 1) {
      return Error(sqlstate::kFeatureNotSupported,
                   "source for a multiple-column UPDATE item must be a sub-SELECT or ROW() "
                   "expression")
          .At(assignment.values[0]->position);
    }
    if (assignment.values.size() != ordinals.size()) {
      return Error(sqlstate::kSyntaxError, "number of columns does not match number of values")
          .At(assignment.column_positions.empty() ? 0 : assignment.column_positions[0]);
    }
    for (size_t i = 0; i < ordinals.size(); ++i) {
      DRIFTDB_ASSIGN_OR_RETURN(
          ExprPtr value, BindAssignedValue(*assignment.values[i], table.columns[ordinals[i]]));
      values->push_back(std::move(value));
    }
  }
  return plan;
}

Result<LogicalPtr> StatementBinder::BindUpdatePlan(const AstUpdate& ast, LogicalUpdate* update,
                                                   BoundReturning* returning) {
  QueryLevel level;
  LevelScope enter(this, &level);
  FromItem target = MakeScan(update->table, ast.alias, true, catalog::kPrivilegeSelect);
  const auto read = static_cast<uint32_t>(privileges_.size() - 1);
  const uint32_t scan_index = target.plan->As<LogicalScan>()->table_index;
  level.scope = target.scope;
  DRIFTDB_ASSIGN_OR_RETURN(LogicalPtr plan, BindFrom(ast.from, std::move(target.plan)));
  if (ast.where != nullptr) {
    ClauseScope clause(this, BindClause::kWhere);
    DRIFTDB_ASSIGN_OR_RETURN(ExprPtr where, BindBoolean(*ast.where, "WHERE"));
    LogicalFilter filter;
    filter.conjuncts = expr::SplitConjunction(std::move(where));
    plan = UpdateWrap(MakeLogical(std::move(filter)), std::move(plan));
  }
  ExprList values;
  DRIFTDB_ASSIGN_OR_RETURN(plan, BindAssignments(ast, std::move(plan), update, &values));
  if (privileges_[read].columns.empty()) privileges_[read].privileges = 0;
  const uint32_t write = RequireOn(*update->table, catalog::kPrivilegeUpdate);
  privileges_[write - 1].columns = update->set_columns;

  LogicalProjection projection;
  projection.table_index = MakeTableIndex("");
  projection.expressions = UpdateOldRow(*update->table, scan_index);
  update->row_id = {projection.table_index, 0};
  for (uint32_t c = 0; c < update->table->columns.size(); ++c) {
    update->old_columns.push_back({projection.table_index, c + 1});
  }
  for (ExprPtr& value : values) {
    update->values.push_back(
        {projection.table_index, static_cast<uint32_t>(projection.expressions.size())});
    projection.expressions.push_back(std::move(value));
  }
  update->table_index = MakeTableIndex(ast.alias.empty() ? update->table->name : ast.alias);
  DRIFTDB_RETURN_IF_ERROR(
      BindChecks(*update->table, update->table_index, &update->checks, &update->check_names));
  level.hidden = level.scope.ranges;
  level.scope = Scope();
  returning->table = update->table.get();
  returning->alias = ast.alias;
  returning->table_index = update->table_index;
  DRIFTDB_RETURN_IF_ERROR(BindReturning(ast.returning, returning));
  update->returning = std::move(returning->list);
  update->returning_index = returning->returning_index;
  return UpdateWrap(MakeLogical(std::move(projection)), std::move(plan));
}

Result<BoundQuery> StatementBinder::BindUpdate(const AstUpdate& ast) {
  BoundQuery query;
  query.read_only = false;
  LogicalUpdate update;
  DRIFTDB_ASSIGN_OR_RETURN(update.table, RequireWritable(ast.table, "update"));
  BoundReturning returning;
  DRIFTDB_ASSIGN_OR_RETURN(LogicalPtr plan, WithCtes(ast.with.get(), [&] {
                             return BindUpdatePlan(ast, &update, &returning);
                           }));
  query.output = std::move(returning.output);
  query.plan = UpdateWrap(MakeLogical(std::move(update)), std::move(plan));
  DRIFTDB_RETURN_IF_ERROR(FinishQuery(&query));
  return query;
}

Result<LogicalPtr> StatementBinder::BindDeletePlan(const AstDelete& ast, LogicalDelete* deletion,
                                                   BoundReturning* returning) {
  QueryLevel level;
  LevelScope enter(this, &level);
  FromItem target = MakeScan(deletion->table, ast.alias, true, catalog::kPrivilegeSelect);
  const auto read = static_cast<uint32_t>(privileges_.size() - 1);
  const uint32_t scan_index = target.plan->As<LogicalScan>()->table_index;
  level.scope = target.scope;
  DRIFTDB_ASSIGN_OR_RETURN(LogicalPtr plan, BindFrom(ast.using_tables, std::move(target.plan)));
  if (ast.where != nullptr) {
    ClauseScope clause(this, BindClause::kWhere);
    DRIFTDB_ASSIGN_OR_RETURN(ExprPtr where, BindBoolean(*ast.where, "WHERE"));
    LogicalFilter filter;
    filter.conjuncts = expr::SplitConjunction(std::move(where));
    plan = UpdateWrap(MakeLogical(std::move(filter)), std::move(plan));
  }
  if (privileges_[read].columns.empty()) privileges_[read].privileges = 0;
  RequireOn(*deletion->table, catalog::kPrivilegeDelete);
  LogicalProjection projection;
  projection.table_index = MakeTableIndex("");
  projection.expressions = UpdateOldRow(*deletion->table, scan_index);
  deletion->row_id = {projection.table_index, 0};
  for (uint32_t c = 0; c < deletion->table->columns.size(); ++c) {
    deletion->old_columns.push_back({projection.table_index, c + 1});
  }
  deletion->table_index = MakeTableIndex(ast.alias.empty() ? deletion->table->name : ast.alias);
  level.hidden = level.scope.ranges;
  level.scope = Scope();
  returning->table = deletion->table.get();
  returning->alias = ast.alias;
  returning->table_index = deletion->table_index;
  DRIFTDB_RETURN_IF_ERROR(BindReturning(ast.returning, returning));
  deletion->returning = std::move(returning->list);
  deletion->returning_index = returning->returning_index;
  return UpdateWrap(MakeLogical(std::move(projection)), std::move(plan));
}

Result<BoundQuery> StatementBinder::BindDelete(const AstDelete& ast) {
  BoundQuery query;
  query.read_only = false;
  LogicalDelete deletion;
  DRIFTDB_ASSIGN_OR_RETURN(deletion.table, RequireWritable(ast.table, "delete from"));
  BoundReturning returning;
  DRIFTDB_ASSIGN_OR_RETURN(LogicalPtr plan, WithCtes(ast.with.get(), [&] {
                             return BindDeletePlan(ast, &deletion, &returning);
                           }));
  query.output = std::move(returning.output);
  query.plan = UpdateWrap(MakeLogical(std::move(deletion)), std::move(plan));
  DRIFTDB_RETURN_IF_ERROR(FinishQuery(&query));
  return query;
}

}  // namespace driftdb::sql
