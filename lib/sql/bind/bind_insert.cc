// INSERT. The plan's source yields every column of the table in order, cast and with defaults
// filled in: VALUES directly, a query through a projection.
#include <algorithm>

#include "base/error.h"
#include "base/status_macros.h"
#include "sql/bind/statement_binder.h"
#include "sql/parse/parse.h"

namespace driftdb::sql {

namespace {

LogicalPtr InsertWrap(LogicalInsert insert, LogicalPtr source) {
  LogicalPtr node = MakeLogical(std::move(insert));
  node->children.push_back(std::move(source));
  return node;
}

}  // namespace

Result<std::shared_ptr<const catalog::TableEntry>> StatementBinder::RequireWritable(
    const AstName& name, std::string_view verb) {
  DRIFTDB_ASSIGN_OR_RETURN(const catalog::RelationEntry found, FindRelation(name));
  if (std::holds_alternative<std::monostate>(found)) return RelationMissing(name);
  if (std::holds_alternative<std::shared_ptr<const catalog::ViewEntry>>(found)) {
    return Error(sqlstate::kObjectNotInState, "cannot {} view \"{}\"", verb, name.name)
        .WithDetail("Views are not updatable.")
        .At(name.position);
  }
  const auto* table = std::get_if<std::shared_ptr<const catalog::TableEntry>>(&found);
  if (table == nullptr) {
    return Error(sqlstate::kWrongObjectType, "cannot open relation \"{}\"", name.name)
        .At(name.position);
  }
  if ((*table)->is_system) {
    return Error(sqlstate::kInsufficientPrivilege, "permission denied: \"{}\" is a system catalog",
                 name.name)
        .At(name.position);
  }
  return *table;
}

Result<std::vector<uint32_t>> StatementBinder::ResolveColumns(
    const catalog::TableEntry& table, const std::vector<std::string>& names,
    const std::vector<uint32_t>& positions) {
  std::vector<uint32_t> ordinals;
  for (size_t i = 0; i < names.size(); ++i) {
    const uint32_t position = i < positions.size() ? positions[i] : 0;
    const int ordinal = table.FindColumn(names[i]);
    if (ordinal < 0) {
      return Error(sqlstate::kUndefinedColumn, "column \"{}\" of relation \"{}\" does not exist",
                   names[i], table.name)
          .At(position);
    }
    const auto found = static_cast<uint32_t>(ordinal);
    if (std::find(ordinals.begin(), ordinals.end(), found) != ordinals.end()) {
      return Error(sqlstate::kDuplicateColumn, "column \"{}\" specified more than once", names[i])
          .At(position);
    }
    ordinals.push_back(found);
  }
  return ordinals;
}

Result<ExprPtr> StatementBinder::AssignTo(ExprPtr value, const catalog::ColumnEntry& column) {
  LogicalType bare = column.type;
  bare.length = 0;
  if (value->kind == expr::ExprKind::kParameter && value->type.id == TypeId::kUnknown &&
      !(bare == column.type)) {
    // The length is checked when the value is stored, not when the parameter is bound.
    value->type = TypeId::kText;
    DRIFTDB_RETURN_IF_ERROR(NoteParameters(*value));
  }
  const int64_t position = value->position;
  DRIFTDB_ASSIGN_OR_RETURN(
      value, expr::BindCast(std::move(value), column.type, expr::CastContext::kAssignment, position,
                            column.name));
  DRIFTDB_RETURN_IF_ERROR(NoteParameters(*value));
  return value;
}

Result<ExprPtr> StatementBinder::BindDefault(std::string_view sql, LogicalType type,
                                             std::string_view column) {
  if (sql.empty()) return expr::MakeNull(type);
  DRIFTDB_ASSIGN_OR_RETURN(const AstExprPtr ast, ParseExpression(sql));
  DRIFTDB_ASSIGN_OR_RETURN(ExprPtr value, BindStandalone(*ast, BindClause::kDefault, Scope()));
  return expr::BindCast(std::move(value), type, expr::CastContext::kAssignment, 0, column);
}

Status StatementBinder::FillDefaults(const catalog::TableEntry& table, ExprList* defaults) {
  for (const catalog::ColumnEntry& column : table.columns) {
    Result<ExprPtr> value = BindDefault(column.default_sql, column.type, column.name);
    if (!value.ok()) {
      Status status = std::move(value).status();
      status.mutable_error().position = 0;
      return status;
    }
    defaults->push_back(std::move(value).value());
  }
  return OkStatus();
}

Status StatementBinder::BindChecks(const catalog::TableEntry& table, uint32_t table_index,
                                   ExprList* checks, std::vector<std::string>* names) {
  for (const catalog::ConstraintEntry& constraint : table.constraints) {
    if (constraint.type != catalog::ConstraintType::kCheck) continue;
    DRIFTDB_ASSIGN_OR_RETURN(const AstExprPtr ast, ParseExpression(constraint.check_sql));
    Scope scope = Scope::Of(MakeTableRange(table, "", table_index, 0));
    Result<ExprPtr> check = BindStandalone(*ast, BindClause::kCheck, std::move(scope));
    if (!check.ok()) {
      Status status = std::move(check).status();
      status.mutable_error().position = 0;
      return status;
    }
    DRIFTDB_ASSIGN_OR_RETURN(ExprPtr condition,
                             expr::RequireBoolean(std::move(check).value(), "CHECK"));
    checks->push_back(std::move(condition));
    names->push_back(constraint.name);
  }
  return OkStatus();
}

Status StatementBinder::CheckInsertCount(const AstInsert& ast, size_t columns, size_t values,
                                         uint32_t position) {
  if (values > columns) {
    return Error(sqlstate::kSyntaxError, "INSERT has more expressions than target columns")
        .At(position);
  }
  if (values < columns && !ast.columns.empty()) {
    const uint32_t at = values < ast.column_positions.size() ? ast.column_positions[values] : 0;
    return Error(sqlstate::kSyntaxError, "INSERT has more target columns than expressions").At(at);
  }
  return OkStatus();
}

Result<ExprList> StatementBinder::BindInsertRow(const AstInsert& ast, const AstExprList& row,
                                                const catalog::TableEntry& table,
                                                const std::vector<uint32_t>& columns,
                                                const ExprList& defaults) {
  DRIFTDB_RETURN_IF_ERROR(
      CheckInsertCount(ast, columns.size(), row.size(),
                       row.size() > columns.size() ? row[columns.size()]->position : 0));
  ExprList bound(table.columns.size());
  for (size_t i = 0; i < row.size(); ++i) {
    if (row[i]->kind == AstExprKind::kDefault) continue;
    DRIFTDB_ASSIGN_OR_RETURN(ExprPtr value, BindExpr(*row[i]));
    DRIFTDB_ASSIGN_OR_RETURN(bound[columns[i]],
                             AssignTo(std::move(value), table.columns[columns[i]]));
  }
  for (size_t c = 0; c < bound.size(); ++c) {
    if (bound[c] == nullptr) bound[c] = defaults[c]->Clone();
  }
  return bound;
}

Result<LogicalPtr> StatementBinder::BindInsertValues(const AstInsert& ast,
                                                     const catalog::TableEntry& table,
                                                     const std::vector<uint32_t>& columns,
                                                     LogicalInsert* insert) {
  ExprList defaults;
  DRIFTDB_RETURN_IF_ERROR(FillDefaults(table, &defaults));
  QueryLevel level;
  level.clause = BindClause::kValues;
  LevelScope enter(this, &level);
  LogicalValues values;
  values.table_index = MakeTableIndex("");
  for (const catalog::ColumnEntry& column : table.columns) values.types.push_back(column.type);
  if (ast.source == nullptr) {
    values.rows.push_back(std::move(defaults));
  } else {
    values.rows.reserve(ast.source->rows.size());
    for (const AstExprList& row : ast.source->rows) {
      if (row.size() != ast.source->rows[0].size()) {
        return Error(sqlstate::kSyntaxError, "VALUES lists must all be the same length")
            .At(row.empty() ? ast.source->position : row[0]->position);
      }
      DRIFTDB_ASSIGN_OR_RETURN(ExprList bound, BindInsertRow(ast, row, table, columns, defaults));
      values.rows.push_back(std::move(bound));
    }
  }
  for (uint32_t c = 0; c < table.columns.size(); ++c) {
    insert->source.push_back({values.table_index, c});
  }
  return MakeLogical(std::move(values));
}

Result<LogicalPtr> StatementBinder::BindInsertSelect(const AstInsert& ast,
                                                     const catalog::TableEntry& table,
                                                     const std::vector<uint32_t>& columns,
                                                     LogicalInsert* insert) {
  DRIFTDB_ASSIGN_OR_RETURN(BoundSelect select, BindSelect(*ast.source, true));
  DRIFTDB_RETURN_IF_ERROR(CheckInsertCount(ast, columns.size(), select.columns.size(),
                                           StartOfOutput(*ast.source, columns.size())));
  LogicalProjection projection;
  projection.table_index = MakeTableIndex("");
  projection.expressions.resize(table.columns.size());
  for (size_t i = 0; i < select.columns.size(); ++i) {
    const catalog::ColumnEntry& column = table.columns[columns[i]];
    if (ExprPtr* untyped = UntypedOutput(select, i)) {
      DRIFTDB_ASSIGN_OR_RETURN(*untyped, AssignTo(std::move(*untyped), column));
      select.columns[i].type = column.type;
    }
    ExprPtr value =
        expr::MakeColumn(select.columns[i].binding, select.columns[i].type, select.columns[i].name);
    value->position = StartOfOutput(*ast.source, i);
    DRIFTDB_ASSIGN_OR_RETURN(projection.expressions[columns[i]],
                             AssignTo(std::move(value), column));
  }
  ExprList defaults;
  DRIFTDB_RETURN_IF_ERROR(FillDefaults(table, &defaults));
  for (uint32_t c = 0; c < table.columns.size(); ++c) {
    if (projection.expressions[c] == nullptr) projection.expressions[c] = std::move(defaults[c]);
    insert->source.push_back({projection.table_index, c});
  }
  LogicalPtr node = MakeLogical(std::move(projection));
  node->children.push_back(std::move(select.plan));
  return node;
}

Result<LogicalPtr> StatementBinder::BindInsertSource(const AstInsert& ast,
                                                     const catalog::TableEntry& table,
                                                     const std::vector<uint32_t>& columns,
                                                     LogicalInsert* insert) {
  const AstSelect* source = ast.source.get();
  const bool values =
      source == nullptr ||
      (source->kind == SelectKind::kValues && source->with == nullptr && source->order_by.empty() &&
       source->limit == nullptr && source->offset == nullptr && source->locking.empty());
  return values ? BindInsertValues(ast, table, columns, insert)
                : BindInsertSelect(ast, table, columns, insert);
}

Result<BoundQuery> StatementBinder::BindInsert(const AstInsert& ast) {
  if (ast.on_conflict.action != ConflictAction::kNone) {
    return Error(sqlstate::kFeatureNotSupported, "ON CONFLICT is not supported yet")
        .At(ast.on_conflict.position);
  }
  DRIFTDB_ASSIGN_OR_RETURN(const auto table, RequireWritable(ast.table, "insert into"));
  LogicalInsert insert;
  insert.table = table;
  DRIFTDB_ASSIGN_OR_RETURN(std::vector<uint32_t> columns,
                           ResolveColumns(*table, ast.columns, ast.column_positions));
  const uint32_t privilege = RequireOn(*table, catalog::kPrivilegeInsert);
  privileges_[privilege - 1].columns = columns;
  if (ast.columns.empty()) {
    for (uint32_t c = 0; c < table->columns.size(); ++c) columns.push_back(c);
  }
  BoundQuery query;
  query.read_only = false;
  DRIFTDB_ASSIGN_OR_RETURN(LogicalPtr source, WithCtes(ast.with.get(), [&] {
                             return BindInsertSource(ast, *table, columns, &insert);
                           }));
  insert.table_index = MakeTableIndex(ast.alias.empty() ? table->name : ast.alias);
  DRIFTDB_RETURN_IF_ERROR(
      BindChecks(*table, insert.table_index, &insert.checks, &insert.check_names));
  BoundReturning returning;
  returning.table = table.get();
  returning.alias = ast.alias;
  returning.table_index = insert.table_index;
  DRIFTDB_RETURN_IF_ERROR(BindReturning(ast.returning, &returning));
  insert.returning = std::move(returning.list);
  insert.returning_index = returning.returning_index;
  query.output = std::move(returning.output);
  query.plan = InsertWrap(std::move(insert), std::move(source));
  DRIFTDB_RETURN_IF_ERROR(FinishQuery(&query));
  return query;
}

// RETURNING sees the stored row as the table's columns.
Status StatementBinder::BindReturning(const std::vector<AstTarget>& returning,
                                      BoundReturning* result) {
  if (returning.empty()) return OkStatus();
  QueryLevel level;
  LevelScope enter(this, &level);
  level.clause = BindClause::kReturning;
  const uint32_t privilege = RequireOn(*result->table, catalog::kPrivilegeSelect);
  level.scope =
      Scope::Of(MakeTableRange(*result->table, result->alias, result->table_index, privilege));
  DRIFTDB_ASSIGN_OR_RETURN(std::vector<BoundTarget> targets, BindTargets(returning));
  result->returning_index = MakeTableIndex("");
  for (BoundTarget& target : targets) {
    if (target.expr->type.id == TypeId::kUnknown) {
      DRIFTDB_ASSIGN_OR_RETURN(target.expr, expr::BindCast(std::move(target.expr), TypeId::kText,
                                                           expr::CastContext::kImplicit));
      DRIFTDB_RETURN_IF_ERROR(NoteParameters(*target.expr));
    }
    result->output.push_back({target.name,
                              target.expr->type,
                              {result->returning_index, static_cast<uint32_t>(result->list.size())},
                              target.table,
                              target.column});
    result->list.push_back(std::move(target.expr));
  }
  if (privileges_[privilege - 1].columns.empty()) privileges_[privilege - 1].privileges = 0;
  return OkStatus();
}

}  // namespace driftdb::sql
