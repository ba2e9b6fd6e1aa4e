#include "api/utility.h"

#include <algorithm>

#include "api/copy.h"
#include "api/database.h"
#include "api/definitions.h"
#include "api/statement.h"
#include "api/table_statistics.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "expr/evaluator.h"
#include "security/settings.h"
#include "sql/plan/explain.h"
#include "sql/plan/optimizer.h"

namespace driftdb::api {

Result<sql::PhysicalPlan> PlanQuery(Connection* connection, const catalog::CatalogSnapshot& catalog,
                                    sql::BoundQuery* query) {
  TableStatisticsProvider statistics(connection->transaction()->LatestPublished());
  sql::OptimizerContext context;
  context.statistics = &statistics;
  context.disabled_rules = connection->disabled_optimizer_rules;
  context.catalog_version = catalog.version();
  const int64_t begin = connection->database()->clock()->MonotonicNanos();
  DRIFTDB_ASSIGN_OR_RETURN(sql::PhysicalPlan plan, sql::Optimize(std::move(*query), context));
  plan.planning_us =
      static_cast<double>(connection->database()->clock()->MonotonicNanos() - begin) / 1000.0;
  return plan;
}

Status FailedTransactionError() {
  return Error(sqlstate::kInFailedTransaction,
               "current transaction is aborted, commands ignored until end of transaction block");
}

bool EndsTransaction(const sql::BoundStatement& statement) {
  return EndsTransaction(statement.Get<sql::AstTransaction>());
}

bool EndsTransaction(const sql::AstTransaction* transaction) {
  if (transaction == nullptr) return false;
  return transaction->kind == sql::TransactionKind::kCommit ||
         transaction->kind == sql::TransactionKind::kRollback ||
         transaction->kind == sql::TransactionKind::kRollbackTo;
}

bool UtilityNeedsSnapshot(const sql::BoundStatement& statement) {
  return statement.Get<sql::AstTransaction>() == nullptr &&
         statement.Get<sql::AstSet>() == nullptr && statement.Get<sql::BoundShow>() == nullptr &&
         statement.Get<sql::AstCheckpoint>() == nullptr &&
         statement.Get<sql::AstDeallocate>() == nullptr &&
         statement.Get<sql::AstDiscard>() == nullptr &&
         statement.Get<sql::BoundPrepare>() == nullptr;
}

bool UtilityIsReadOnly(const sql::BoundStatement& statement) {
  if (const auto* copy = statement.Get<sql::BoundCopy>()) return !copy->is_from;
  if (const auto* explain = statement.Get<sql::BoundExplain>()) return !explain->analyze;
  return !UtilityNeedsSnapshot(statement) && statement.Get<sql::AstCheckpoint>() == nullptr;
}

std::string UtilityTag(const sql::BoundStatement& statement) {
  if (const auto* nothing = statement.Get<sql::BoundNothing>()) return nothing->tag;
  if (statement.Get<sql::BoundCreateTable>() != nullptr) return "CREATE TABLE";
  if (statement.Get<sql::BoundCreateTableAs>() != nullptr) return "SELECT";
  if (statement.Get<sql::BoundCreateIndex>() != nullptr) return "CREATE INDEX";
  if (statement.Get<sql::BoundCreateView>() != nullptr) return "CREATE VIEW";
  if (statement.Get<sql::BoundCreateSchema>() != nullptr) return "CREATE SCHEMA";
  if (statement.Get<sql::BoundCreateSequence>() != nullptr) return "CREATE SEQUENCE";
  if (statement.Get<sql::BoundAlterSequence>() != nullptr) return "ALTER SEQUENCE";
  if (const auto* drop = statement.Get<sql::BoundDrop>()) return drop->tag;
  if (const auto* alter = statement.Get<sql::BoundAlterTable>()) return alter->tag;
  if (statement.Get<sql::BoundAlterSchema>() != nullptr) return "ALTER SCHEMA";
  if (statement.Get<sql::BoundTruncate>() != nullptr) return "TRUNCATE TABLE";
  if (statement.Get<sql::BoundCopy>() != nullptr) return "COPY";
  if (statement.Get<sql::BoundPrepare>() != nullptr) return "PREPARE";
  if (statement.Get<sql::BoundExecute>() != nullptr) return "EXECUTE";
  if (statement.Get<sql::BoundExplain>() != nullptr) return "EXPLAIN";
  if (const auto* maintenance = statement.Get<sql::BoundMaintenance>()) {
    return maintenance->vacuum ? "VACUUM" : "ANALYZE";
  }
  if (statement.Get<sql::BoundShow>() != nullptr) return "SHOW";
  if (const auto* set = statement.Get<sql::AstSet>()) return set->is_reset ? "RESET" : "SET";
  if (statement.Get<sql::AstDeallocate>() != nullptr) return "DEALLOCATE";
  if (statement.Get<sql::AstDiscard>() != nullptr) return "DISCARD ALL";
  if (statement.Get<sql::AstCheckpoint>() != nullptr) return "CHECKPOINT";
  return "BEGIN";
}

std::vector<sql::OutputColumn> UtilityColumns(const sql::BoundStatement& statement) {
  std::vector<sql::OutputColumn> columns;
  const auto add = [&columns](std::string name) {
    sql::OutputColumn column;
    column.name = std::move(name);
    column.type = TypeId::kText;
    columns.push_back(std::move(column));
  };
  if (const auto* show = statement.Get<sql::BoundShow>()) {
    if (show->name == "all") {
      add("name");
      add("setting");
      add("description");
    } else {
      add(show->column);
    }
  }
  if (statement.Get<sql::BoundExplain>() != nullptr) add("QUERY PLAN");
  return columns;
}

UtilityRunner::UtilityRunner(Statement* statement)
    : statement_(statement), connection_(statement->connection_) {}

Status UtilityRunner::Run() {
  sql::BoundStatement& bound = statement_->bound_;
  statement_->tag_ = UtilityTag(bound);
  if (const auto* transaction = bound.Get<sql::AstTransaction>()) {
    DRIFTDB_ASSIGN_OR_RETURN(statement_->tag_, connection_->RunTransactionStatement(*transaction));
    return OkStatus();
  }
  if (const auto* set = bound.Get<sql::AstSet>()) return connection_->ApplySet(*set);
  if (const auto* show = bound.Get<sql::BoundShow>()) return RunShow(*show);
  if (bound.Get<sql::AstCheckpoint>() != nullptr) {
    return connection_->database()->engine()->Checkpoint();
  }
  if (const auto* deallocate = bound.Get<sql::AstDeallocate>()) {
    auto& named = connection_->named_statements();
    connection_->NoteNamedChange();
    if (deallocate->name.empty()) {
      named.clear();
    } else if (named.erase(deallocate->name) == 0) {
      return Error(sqlstate::kInvalidPreparedStatement, "prepared statement \"{}\" does not exist",
                   deallocate->name);
    }
    return OkStatus();
  }
  if (bound.Get<sql::AstDiscard>() != nullptr) {
    connection_->named_statements().clear();
    connection_->NoteNamedChange();
    return connection_->session()->settings.Reset("all");
  }
  if (const auto* prepare = bound.Get<sql::BoundPrepare>()) return RunPrepare(*prepare);
  if (auto* execute = bound.Get<sql::BoundExecute>()) return RunExecute(execute);
  if (auto* explain = bound.Get<sql::BoundExplain>()) return RunExplain(explain);
  if (auto* copy = bound.Get<sql::BoundCopy>()) return RunCopy(copy);
  if (const auto* maintenance = bound.Get<sql::BoundMaintenance>()) {
    return RunMaintenance(*maintenance);
  }
  if (bound.Get<sql::BoundNothing>() != nullptr) return OkStatus();
  return RunDefinition();
}

Status UtilityRunner::RunShow(const sql::BoundShow& show) {
  if (show.name != "all") {
    DRIFTDB_ASSIGN_OR_RETURN(const std::string value, connection_->ShowSetting(show.name));
    statement_->SetTextResult({show.column}, {{value}});
    return OkStatus();
  }
  std::vector<std::vector<std::string>> rows;
  for (const security::SettingDefinition& definition : security::SettingDefinitions()) {
    DRIFTDB_ASSIGN_OR_RETURN(const std::string value, connection_->ShowSetting(definition.name));
    rows.push_back({std::string(definition.name), value, std::string(definition.description)});
  }
  statement_->SetTextResult({"name", "setting", "description"}, rows);
  return OkStatus();
}

Status UtilityRunner::RunPrepare(const sql::BoundPrepare& prepare) {
  auto& named = connection_->named_statements();
  if (named.count(prepare.name) > 0) {
    return Error(sqlstate::kDuplicatePreparedStatement, "prepared statement \"{}\" already exists",
                 prepare.name);
  }
  connection_->NoteNamedChange();
  named[prepare.name] = {statement_->text_.substr(prepare.begin, prepare.end - prepare.begin),
                         prepare.parameter_types};
  return OkStatus();
}

Status UtilityRunner::RunExecute(sql::BoundExecute* execute) {
  const auto it = connection_->named_statements().find(execute->name);
  if (it == connection_->named_statements().end()) {
    return Error(sqlstate::kInvalidPreparedStatement, "prepared statement \"{}\" does not exist",
                 execute->name);
  }
  DRIFTDB_RETURN_IF_ERROR(sql::CoerceExecuteArguments(it->second.parameter_types, execute));
  size_t consumed = 0;
  DRIFTDB_ASSIGN_OR_RETURN(std::optional<sql::ParsedStatement> parsed,
                           sql::ParseOne(it->second.text, &consumed));
  DRIFTDB_CHECK_OR_RETURN(parsed.has_value(), "prepared statement \"{}\" is empty", execute->name);
  DRIFTDB_ASSIGN_OR_RETURN(
      sql::BoundStatement bound,
      sql::Bind(*parsed,
                connection_->MakeBindContext(*statement_->catalog_, it->second.parameter_types)));
  auto* query = bound.Get<sql::BoundQuery>();
  if (query == nullptr) {
    return Error(sqlstate::kFeatureNotSupported,
                 "EXECUTE runs queries and data modifications only");
  }
  statement_->context_->parameters.clear();
  for (const expr::ExprPtr& argument : execute->arguments) {
    DRIFTDB_ASSIGN_OR_RETURN(Value value,
                             expr::EvaluateConstant(*argument, connection_->context()));
    statement_->context_->parameters.push_back(std::move(value));
  }
  DRIFTDB_ASSIGN_OR_RETURN(sql::PhysicalPlan plan,
                           PlanQuery(connection_, *statement_->catalog_, query));
  DRIFTDB_RETURN_IF_ERROR(statement_->CheckPrivileges(plan.privileges));
  statement_->plan_ = std::make_unique<sql::PhysicalPlan>(std::move(plan));
  Status locked = statement_->LockRelations();
  if (locked.ok()) {
    statement_->columns_ = statement_->plan_->output;
    locked = statement_->StartQuery(statement_->plan_.get());
  }
  // The plan belongs to this execution; the next one starts from the EXECUTE again.
  statement_->executed_plan_ = std::move(statement_->plan_);
  return locked;
}

Status UtilityRunner::RunExplain(sql::BoundExplain* explain) {
  auto* query = explain->statement->Get<sql::BoundQuery>();
  if (query == nullptr) {
    return Error(sqlstate::kFeatureNotSupported, "EXPLAIN of this statement is not supported");
  }
  DRIFTDB_ASSIGN_OR_RETURN(
      sql::BoundStatement again,
      sql::Bind(statement_->parsed_, connection_->MakeBindContext(*statement_->catalog_, {})));
  auto* fresh = again.Get<sql::BoundExplain>();
  query = fresh->statement->Get<sql::BoundQuery>();
  DRIFTDB_ASSIGN_OR_RETURN(sql::PhysicalPlan plan,
                           PlanQuery(connection_, *statement_->catalog_, query));
  DRIFTDB_RETURN_IF_ERROR(statement_->CheckPrivileges(plan.privileges));
  std::vector<sql::ExplainCounters> counters;
  double execution_us = 0;
  if (explain->analyze) {
    exec::QueryContext* context = statement_->context_.get();
    context->analyze = true;
    for (uint32_t i = 0; i < plan.node_count; ++i) {
      context->counters.push_back(std::make_unique<exec::NodeCounters>());
    }
    platform::Clock* clock = connection_->database()->clock();
    const int64_t begin = clock->MonotonicNanos();
    exec::Executor executor(context, &plan);
    DRIFTDB_RETURN_IF_ERROR(executor.Open());
    while (true) {
      DRIFTDB_ASSIGN_OR_RETURN(Chunk* const chunk, executor.Next());
      if (chunk == nullptr) break;
    }
    execution_us = static_cast<double>(clock->MonotonicNanos() - begin) / 1000.0;
    for (const auto& node : context->counters) {
      sql::ExplainCounters counted;
      counted.rows = node->rows.load();
      counted.nanos = node->nanos.load();
      counted.loops = std::max<uint64_t>(node->loops.load(), 1);
      counted.bytes = node->bytes.load();
      counted.rows_in = node->rows_in.load();
      counters.push_back(counted);
    }
  }
  sql::ExplainOptions options;
  options.analyze = explain->analyze;
  options.verbose = explain->verbose;
  options.costs = explain->costs;
  options.timing = explain->timing;
  const sql::ExplainNode tree = sql::MakeExplainTree(plan, options, counters);
  std::vector<std::vector<std::string>> rows;
  if (explain->format == sql::ExplainFormat::kJson) {
    rows.push_back({sql::ExplainJson(tree, options)});
  } else if (explain->format != sql::ExplainFormat::kText) {
    return Error(sqlstate::kFeatureNotSupported, "EXPLAIN knows the formats TEXT and JSON");
  } else {
    for (const std::string& line : sql::ExplainText(tree, options)) rows.push_back({line});
    if (explain->analyze) {
      rows.push_back({fmt::format("Planning Time: {:.3f} ms", plan.planning_us / 1000.0)});
      rows.push_back({fmt::format("Execution Time: {:.3f} ms", execution_us / 1000.0)});
    }
  }
  statement_->SetTextResult({"QUERY PLAN"}, rows);
  return OkStatus();
}

Status UtilityRunner::RunCopy(sql::BoundCopy* copy) {
  DRIFTDB_RETURN_IF_ERROR(statement_->CheckPrivileges(copy->privileges));
  if (copy->is_from) {
    DRIFTDB_RETURN_IF_ERROR(
        connection_->transaction()->LockTable(copy->table->lock, txn::LockMode::kRowExclusive));
    DRIFTDB_ASSIGN_OR_RETURN(statement_->changes_,
                             CopyFrom(connection_, statement_->context_.get(), *copy));
    return OkStatus();
  }
  DRIFTDB_ASSIGN_OR_RETURN(
      sql::BoundStatement again,
      sql::Bind(statement_->parsed_, connection_->MakeBindContext(*statement_->catalog_, {})));
  auto* fresh = again.Get<sql::BoundCopy>();
  DRIFTDB_ASSIGN_OR_RETURN(sql::PhysicalPlan plan,
                           PlanQuery(connection_, *statement_->catalog_, &fresh->query));
  DRIFTDB_RETURN_IF_ERROR(statement_->CheckPrivileges(plan.privileges));
  DRIFTDB_ASSIGN_OR_RETURN(statement_->changes_,
                           CopyTo(connection_, statement_->context_.get(), *fresh, plan));
  return OkStatus();
}

Status UtilityRunner::RunMaintenance(const sql::BoundMaintenance& maintenance) {
  // Statistics are kept by the storage itself; VACUUM asks for the background work to be done now.
  if (!maintenance.vacuum) return OkStatus();
  return connection_->database()->engine()->Maintain();
}

Status UtilityRunner::RunDefinition() {
  Definitions definitions(connection_, statement_->context_.get(), statement_->snapshot_,
                          statement_->catalog_);
  DRIFTDB_RETURN_IF_ERROR(
      statement_->CheckPrivileges(Definitions::RequiredPrivileges(statement_->bound_)));
  // The bound form is consumed: the next execution binds again, against the catalog of that time.
  sql::BoundStatement bound = std::move(statement_->bound_);
  DRIFTDB_ASSIGN_OR_RETURN(
      statement_->bound_,
      sql::Bind(statement_->parsed_, connection_->MakeBindContext(*statement_->catalog_, {})));
  DRIFTDB_ASSIGN_OR_RETURN(statement_->changes_, definitions.Run(&bound));
  return OkStatus();
}

}  // namespace driftdb::api
