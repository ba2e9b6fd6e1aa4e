#include "sql/bind/binder.h"

#include <algorithm>

#include "base/error.h"
#include "base/status_macros.h"
#include "sql/bind/statement_binder.h"
#include "sql/parse/parse.h"

namespace driftdb::sql {

namespace {

template <typename T>
BoundStatement BinderWrap(T node) {
  BoundStatement statement;
  statement.node = std::move(node);
  return statement;
}

bool BinderExplainable(const AstStatement& statement) {
  return statement.Get<AstSelect>() != nullptr || statement.Get<AstInsert>() != nullptr ||
         statement.Get<AstUpdate>() != nullptr || statement.Get<AstDelete>() != nullptr ||
         statement.Get<AstCreateTableAs>() != nullptr || statement.Get<AstExecute>() != nullptr;
}

Result<bool> BinderOption(const AstOption& option) {
  const std::string& v = option.value;
  if (!option.has_value || v == "true" || v == "on" || v == "1") return true;
  if (v == "false" || v == "off" || v == "0") return false;
  return Error(sqlstate::kSyntaxError, "{} requires a Boolean value", option.name)
      .At(option.position);
}

}  // namespace

Result<ExprPtr> StatementBinder::BindStandalone(const AstExpr& expr, BindClause clause,
                                                Scope scope) {
  QueryLevel level;
  LevelScope enter(this, &level);
  level.scope = std::move(scope);
  level.clause = clause;
  return BindExpr(expr);
}

std::vector<RequiredPrivilege> StatementBinder::TakePrivileges() {
  std::vector<RequiredPrivilege> needed;
  for (RequiredPrivilege& privilege : privileges_) {
    if (privilege.privileges != 0) needed.push_back(std::move(privilege));
  }
  privileges_.clear();
  return needed;
}

Status StatementBinder::FinishQuery(BoundQuery* query) {
  for (const RequiredPrivilege& privilege : privileges_) {
    const bool changes =
        privilege.object_kind == 'S' &&
        (privilege.privileges & (catalog::kPrivilegeUsage | catalog::kPrivilegeUpdate)) != 0;
    if (changes) query->read_only = false;
  }
  query->parameter_types = parameters_;
  query->privileges = TakePrivileges();
  query->relations = relations_;
  query->next_table_index = static_cast<uint32_t>(tables_.size());
  return OkStatus();
}

Result<BoundQuery> StatementBinder::BindTopSelect(const AstSelect& select) {
  DRIFTDB_ASSIGN_OR_RETURN(BoundSelect bound, BindSelect(select));
  BoundQuery query;
  query.plan = std::move(bound.plan);
  query.output = std::move(bound.columns);
  DRIFTDB_RETURN_IF_ERROR(FinishQuery(&query));
  return query;
}

Result<BoundStatement> StatementBinder::BindQueryStatement(const AstStatement& statement) {
  if (const auto* select = statement.Get<AstSelect>()) {
    DRIFTDB_ASSIGN_OR_RETURN(BoundQuery query, BindTopSelect(*select));
    return BinderWrap(std::move(query));
  }
  if (const auto* insert = statement.Get<AstInsert>()) {
    DRIFTDB_ASSIGN_OR_RETURN(BoundQuery query, BindInsert(*insert));
    return BinderWrap(std::move(query));
  }
  if (const auto* update = statement.Get<AstUpdate>()) {
    DRIFTDB_ASSIGN_OR_RETURN(BoundQuery query, BindUpdate(*update));
    return BinderWrap(std::move(query));
  }
  DRIFTDB_ASSIGN_OR_RETURN(BoundQuery query, BindDelete(*statement.Get<AstDelete>()));
  return BinderWrap(std::move(query));
}

Result<BoundStatement> StatementBinder::BindDefinition(const AstStatement& statement) {
  if (const auto* ast = statement.Get<AstCreateTable>()) return BindCreateTable(*ast);
  if (const auto* ast = statement.Get<AstCreateTableAs>()) return BindCreateTableAs(*ast);
  if (const auto* ast = statement.Get<AstCreateIndex>()) return BindCreateIndex(*ast);
  if (const auto* ast = statement.Get<AstCreateView>()) return BindCreateView(*ast);
  if (const auto* ast = statement.Get<AstCreateSchema>()) return BindCreateSchema(*ast);
  if (const auto* ast = statement.Get<AstCreateSequence>()) return BindCreateSequence(*ast);
  if (const auto* ast = statement.Get<AstDrop>()) return BindDrop(*ast);
  if (const auto* ast = statement.Get<AstAlterTable>()) return BindAlterTable(*ast);
  if (const auto* ast = statement.Get<AstRename>()) return BindRename(*ast);
  if (const auto* ast = statement.Get<AstAlterSequence>()) return BindAlterSequence(*ast);
  if (const auto* ast = statement.Get<AstTruncate>()) return BindTruncate(*ast);
  return InternalError("statement kind {} is not bound", statement.node.index());
}

Result<BoundStatement> StatementBinder::BindSession(const AstStatement& statement) {
  if (const auto* ast = statement.Get<AstTransaction>()) return BinderWrap(*ast);
  if (const auto* ast = statement.Get<AstSet>()) return BinderWrap(*ast);
  if (const auto* ast = statement.Get<AstDeallocate>()) return BinderWrap(*ast);
  if (const auto* ast = statement.Get<AstDiscard>()) return BinderWrap(*ast);
  if (const auto* ast = statement.Get<AstCheckpoint>()) return BinderWrap(*ast);
  if (const auto* ast = statement.Get<AstShow>()) {
    BoundShow show;
    show.name = ast->name;
    show.column = ast->name == "timezone" ? "TimeZone" : ast->name;
    return BinderWrap(std::move(show));
  }
  if (const auto* ast = statement.Get<AstMaintenance>()) return BindMaintenance(*ast);
  if (const auto* ast = statement.Get<AstExplain>()) return BindExplain(*ast);
  if (const auto* ast = statement.Get<AstPrepare>()) return BindPrepare(*ast);
  if (const auto* ast = statement.Get<AstExecute>()) return BindExecute(*ast);
  if (const auto* ast = statement.Get<AstCopy>()) return BindCopy(*ast);
  return BindDefinition(statement);
}

Result<BoundStatement> StatementBinder::BindStatement(const AstStatement& statement) {
  const bool query = statement.Get<AstSelect>() != nullptr ||
                     statement.Get<AstInsert>() != nullptr ||
                     statement.Get<AstUpdate>() != nullptr || statement.Get<AstDelete>() != nullptr;
  return query ? BindQueryStatement(statement) : BindSession(statement);
}

Result<BoundStatement> StatementBinder::BindExplain(const AstExplain& ast) {
  BoundExplain explain;
  explain.analyze = ast.analyze;
  explain.verbose = ast.verbose;
  explain.format = ast.format;
  explain.summary = ast.analyze;
  for (const AstOption& option : ast.options) {
    bool* const target = option.name == "costs"      ? &explain.costs
                         : option.name == "timing"   ? &explain.timing
                         : option.name == "buffers"  ? &explain.buffers
                         : option.name == "summary"  ? &explain.summary
                         : option.name == "settings" ? &explain.settings
                         : option.name == "wal"      ? &explain.wal
                                                     : nullptr;
    if (target == nullptr) {
      return Error(sqlstate::kSyntaxError, "unrecognized EXPLAIN option \"{}\"", option.name)
          .At(option.position);
    }
    DRIFTDB_ASSIGN_OR_RETURN(*target, BinderOption(option));
  }
  if (explain.wal && !explain.analyze) {
    return Error(sqlstate::kInvalidParameterValue, "EXPLAIN option WAL requires ANALYZE");
  }
  if (!BinderExplainable(*ast.statement)) {
    return Error(sqlstate::kFeatureNotSupported, "EXPLAIN of this statement is not supported");
  }
  DRIFTDB_ASSIGN_OR_RETURN(BoundStatement inner, BindStatement(*ast.statement));
  explain.statement = std::make_unique<BoundStatement>(std::move(inner));
  return BinderWrap(std::move(explain));
}

Result<BoundStatement> StatementBinder::BindPrepare(const AstPrepare& ast) {
  BoundPrepare prepare;
  prepare.name = ast.name;
  prepare.begin = ast.statement_begin;
  prepare.end = ast.statement_end;
  std::vector<LogicalType> declared;
  for (const TypeName& type : ast.parameter_types) {
    DRIFTDB_ASSIGN_OR_RETURN(const LogicalType resolved, ResolveType(type));
    declared.push_back(resolved);
  }
  if (declared.size() > parameters_.size()) parameters_.resize(declared.size());
  std::copy(declared.begin(), declared.end(), parameters_.begin());
  if (!BinderExplainable(*ast.statement) || ast.statement->Get<AstExecute>() != nullptr ||
      ast.statement->Get<AstCreateTableAs>() != nullptr) {
    return Error(sqlstate::kSyntaxError, "only queries and data changes can be prepared");
  }
  DRIFTDB_ASSIGN_OR_RETURN(BoundStatement inner, BindStatement(*ast.statement));
  prepare.parameter_types = parameters_;
  prepare.statement = std::make_unique<BoundStatement>(std::move(inner));
  return BinderWrap(std::move(prepare));
}

Result<BoundStatement> StatementBinder::BindExecute(const AstExecute& ast) {
  BoundExecute execute;
  execute.name = ast.name;
  for (const AstExprPtr& arg : ast.args) {
    DRIFTDB_ASSIGN_OR_RETURN(ExprPtr bound, BindStandalone(*arg, BindClause::kExecute, Scope()));
    execute.arguments.push_back(std::move(bound));
  }
  return BinderWrap(std::move(execute));
}

Result<BoundStatement> StatementBinder::BindMaintenance(const AstMaintenance& ast) {
  BoundMaintenance maintenance;
  maintenance.vacuum = ast.vacuum;
  maintenance.analyze = ast.analyze || !ast.vacuum;
  maintenance.full = ast.full;
  maintenance.freeze = ast.freeze;
  maintenance.verbose = ast.verbose;
  constexpr std::string_view kAccepted[] = {
      "skip_locked", "disable_page_skipping", "index_cleanup", "process_toast", "truncate",
      "parallel",    "buffer_usage_limit",    "process_main"};
  for (const AstOption& option : ast.options) {
    if (std::find(std::begin(kAccepted), std::end(kAccepted), option.name) == std::end(kAccepted)) {
      return Error(sqlstate::kSyntaxError, "unrecognized {} option \"{}\"",
                   ast.vacuum ? "VACUUM" : "ANALYZE", option.name)
          .At(option.position);
    }
  }
  for (const AstMaintenanceTarget& target : ast.targets) {
    BoundMaintenance::Target bound;
    DRIFTDB_ASSIGN_OR_RETURN(bound.table, RequireTable(target.table));
    DRIFTDB_ASSIGN_OR_RETURN(bound.columns, ResolveColumns(*bound.table, target.columns, {}));
    maintenance.targets.push_back(std::move(bound));
  }
  return BinderWrap(std::move(maintenance));
}

Result<BoundStatement> Bind(const ParsedStatement& parsed, const BindContext& context) {
  StatementBinder binder(context, parsed.parameters.size());
  return binder.BindStatement(parsed.statement);
}

Result<BoundStatement> Bind(const AstStatement& statement, const BindContext& context) {
  StatementBinder binder(context, 0);
  return binder.BindStatement(statement);
}

Status CoerceExecuteArguments(const std::vector<LogicalType>& parameter_types,
                              BoundExecute* execute) {
  if (parameter_types.size() != execute->arguments.size()) {
    return Error(sqlstate::kSyntaxError, "wrong number of parameters for prepared statement \"{}\"",
                 execute->name)
        .WithDetail("Expected " + std::to_string(parameter_types.size()) + " parameters but got " +
                    std::to_string(execute->arguments.size()) + ".");
  }
  for (size_t i = 0; i < parameter_types.size(); ++i) {
    ExprPtr& argument = execute->arguments[i];
    if (argument->type.id != TypeId::kUnknown &&
        !expr::CanCast(argument->type, parameter_types[i], expr::CastContext::kAssignment)) {
      return Error(sqlstate::kDatatypeMismatch,
                   "parameter ${} of type {} cannot be coerced to the expected type {}", i + 1,
                   argument->type.ToString(), parameter_types[i].ToString())
          .WithHint("You will need to rewrite or cast the expression.")
          .At(argument->position);
    }
    DRIFTDB_ASSIGN_OR_RETURN(argument, expr::BindCast(std::move(argument), parameter_types[i],
                                                      expr::CastContext::kAssignment));
  }
  return OkStatus();
}

Result<ExprPtr> BindStoredDefault(std::string_view default_sql, LogicalType type,
                                  std::string_view column, const BindContext& context) {
  StatementBinder binder(context, 0);
  return binder.BindDefault(default_sql, type, column);
}

Status BindStoredChecks(const catalog::TableEntry& table, uint32_t table_index,
                        const BindContext& context, ExprList* checks,
                        std::vector<std::string>* names) {
  StatementBinder binder(context, 0);
  return binder.BindChecks(table, table_index, checks, names);
}

}  // namespace driftdb::sql
