#include "api/statement.h"

#include <algorithm>

#include "api/database.h"
#include "api/table_statistics.h"
#include "api/utility.h"
#include "base/error.h"
#include "base/guard.h"
#include "base/status_macros.h"
#include "catalog/entries.h"
#include "expr/binding.h"
#include "expr/evaluator.h"
#include "security/privileges.h"
#include "sql/parse/parse.h"
#include "sql/plan/optimizer.h"

namespace driftdb::api {

namespace {

// Table that a plan's root changes; null for queries.
const catalog::TableEntry* StatementTarget(const sql::PhysicalPlan& plan) {
  if (const auto* insert = plan.root->As<sql::PhysicalInsert>()) return insert->table.get();
  if (const auto* update = plan.root->As<sql::PhysicalUpdate>()) return update->table.get();
  if (const auto* remove = plan.root->As<sql::PhysicalDelete>()) return remove->table.get();
  return nullptr;
}

const char* StatementTag(const sql::PhysicalPlan& plan) {
  if (plan.root->As<sql::PhysicalInsert>() != nullptr) return "INSERT";
  if (plan.root->As<sql::PhysicalUpdate>() != nullptr) return "UPDATE";
  if (plan.root->As<sql::PhysicalDelete>() != nullptr) return "DELETE";
  return "SELECT";
}

}  // namespace

Statement::Statement(Connection* connection, std::string text, sql::ParsedStatement parsed)
    : connection_(connection), text_(std::move(text)), parsed_(std::move(parsed)) {
  values_.resize(parsed_.parameters.size());
}

// Nobody is left to be told: who wants to know steps to the end, or resets first.
Statement::~Statement() { (void)Reset(); }

Status Statement::Compile() {
  // Statements that end a failed transaction, or change settings, need no catalog to be right.
  catalog_ = connection_->CurrentCatalog();
  settings_version_ = connection_->session()->settings.version();
  std::vector<LogicalType> declared;
  DRIFTDB_ASSIGN_OR_RETURN(bound_,
                           sql::Bind(parsed_, connection_->MakeBindContext(*catalog_, declared)));
  point_ = nullptr;
  plan_ = nullptr;
  locks_.clear();
  privileged_role_ = Oid();
  columns_.clear();
  if (auto* query = bound_.Get<sql::BoundQuery>()) {
    parameter_types_ = query->parameter_types;
    DRIFTDB_ASSIGN_OR_RETURN(sql::PhysicalPlan plan, PlanQuery(connection_, *catalog_, query));
    plan_ = std::make_unique<sql::PhysicalPlan>(std::move(plan));
    columns_ = plan_->output;
    tag_ = StatementTag(*plan_);
    read_only_ = plan_->read_only && StatementTarget(*plan_) == nullptr;
    FindLocks();
    if (connection_->session()->settings.GetBoolean("row_path")) {
      // What cannot be compiled for the row path is left to the pipelines, and so is its error.
      auto point =
          exec::PointStatement::Make(*plan_, connection_->transaction(), connection_->context());
      if (point.ok()) point_ = std::move(*point);
    }
    return OkStatus();
  }
  locks_ = LocksOfUtility(*catalog_, connection_->database()->catalog()->ddl_lock(), bound_);
  read_only_ = UtilityIsReadOnly(bound_);
  tag_ = UtilityTag(bound_);
  columns_ = UtilityColumns(bound_);
  if (const auto* execute = bound_.Get<sql::BoundExecute>()) return DescribeExecute(execute->name);
  return OkStatus();
}

// Columns of what EXECUTE will run. A name that does not exist is an error of the run: PREPARE may
// come in between.
Status Statement::DescribeExecute(const std::string& name) {
  named_version_ = connection_->named_version();
  const auto it = connection_->named_statements().find(name);
  if (it == connection_->named_statements().end()) return OkStatus();
  size_t consumed = 0;
  DRIFTDB_ASSIGN_OR_RETURN(std::optional<sql::ParsedStatement> parsed,
                           sql::ParseOne(it->second.text, &consumed));
  DRIFTDB_CHECK_OR_RETURN(parsed.has_value(), "prepared statement \"{}\" is empty", name);
  DRIFTDB_ASSIGN_OR_RETURN(
      sql::BoundStatement bound,
      sql::Bind(*parsed, connection_->MakeBindContext(*catalog_, it->second.parameter_types)));
  if (const auto* query = bound.Get<sql::BoundQuery>()) {
    columns_ = query->output;
    locks_ = LocksOfQuery(*catalog_, *query);
  }
  return OkStatus();
}

LogicalType Statement::parameter_type(size_t i) const {
  return i < parameter_types_.size() ? parameter_types_[i] : LogicalType(TypeId::kUnknown);
}

Status Statement::BindValue(size_t i, Value value) {
  if (running_) {
    return Error(sqlstate::kObjectNotInState, "cannot bind a parameter of a running statement");
  }
  values_[i] = std::move(value);
  return OkStatus();
}

void Statement::ClearBindings() {
  for (Value& value : values_) value = Value();
}

Result<const std::vector<Value>*> Statement::MakeParameters(std::vector<Value>* converted) {
  bool as_given = true;
  for (size_t i = 0; i < values_.size(); ++i) {
    const LogicalType type = parameter_type(i);
    as_given = as_given && (type.id == TypeId::kUnknown || values_[i].type() == type);
  }
  if (as_given) return &values_;
  converted->resize(values_.size());
  for (size_t i = 0; i < values_.size(); ++i) {
    const LogicalType type = parameter_type(i);
    const Value& value = values_[i];
    if (value.is_null()) {
      (*converted)[i] = Value::Null(type);
    } else if (type.id == TypeId::kUnknown || value.type() == type) {
      (*converted)[i] = value;
    } else if (value.type().id == TypeId::kInt64 && type.id == TypeId::kInt32 &&
               value.int64() >= INT32_MIN && value.int64() <= INT32_MAX) {
      (*converted)[i] = Value::Integer(type, value.integer());
    } else {
      // Bound text stands for a literal of any type; other values convert like assignments.
      Value given = value;
      if (given.type().is_string()) given.set_type(TypeId::kUnknown);
      DRIFTDB_ASSIGN_OR_RETURN(
          const expr::ExprPtr cast,
          expr::BindCast(expr::MakeConstant(std::move(given)), type, expr::CastContext::kExplicit));
      DRIFTDB_ASSIGN_OR_RETURN((*converted)[i],
                               expr::EvaluateConstant(*cast, connection_->context()));
    }
  }
  return converted;
}

Status Statement::CheckPrivileges(const std::vector<sql::RequiredPrivilege>& privileges) {
  for (const sql::RequiredPrivilege& privilege : privileges) {
    const Oid role =
        privilege.as_role.value != 0 ? privilege.as_role : connection_->session()->current_role;
    if ((privilege.privileges & sql::kNeedsOwner) != 0) {
      DRIFTDB_RETURN_IF_ERROR(security::CheckOwner(*catalog_, role, privilege.object));
    }
    const uint32_t bits = privilege.privileges & ~sql::kNeedsOwner;
    if (bits != 0) {
      DRIFTDB_RETURN_IF_ERROR(
          security::CheckPrivilege(*catalog_, role, privilege.object, bits, privilege.columns));
    }
  }
  return OkStatus();
}

void Statement::FindLocks() {
  locks_ = LocksOfRelations(*catalog_, plan_->relations, StatementTarget(*plan_));
}

Status Statement::TakeLocks() {
  for (const RelationLock& lock : locks_) {
    DRIFTDB_RETURN_IF_ERROR(connection_->transaction()->LockTable(lock.lock, lock.mode));
  }
  return OkStatus();
}

Status Statement::LockRelations() {
  FindLocks();
  return TakeLocks();
}

void Statement::FillContext() {
  Database* database = connection_->database();
  context_ = std::make_unique<exec::QueryContext>();
  context_->transaction = connection_->transaction();
  context_->memory = database->engine()->memory();
  context_->tasks = database->tasks();
  context_->clock = database->clock();
  context_->vfs = database->files();
  context_->eval = connection_->context();
  context_->threads = database->tasks()->threads();
  context_->cancel = &connection_->session()->cancel;
  context_->deadline_us = deadline_us_;
}

// Locks before the snapshot: what a DDL has committed while we waited must be seen.
Status Statement::BecomeCurrent() {
  const auto is_current = [this] {
    if (bound_.Get<sql::BoundExecute>() != nullptr &&
        named_version_ != connection_->named_version()) {
      return false;
    }
    return connection_->CatalogIsCurrent(*catalog_) ||
           connection_->CurrentCatalog()->version() == catalog_->version();
  };
  do {
    if (connection_->session()->settings.version() != settings_version_ || !is_current()) {
      Status compiled = Compile();
      if (!compiled.ok()) {
        settings_version_ = 0;  // half compiled: the next start tries again
        return compiled;
      }
    }
    DRIFTDB_RETURN_IF_ERROR(TakeLocks());
  } while (!is_current());
  return OkStatus();
}

Status Statement::Start() {
  DRIFTDB_RETURN_IF_ERROR(connection_->BeginExecution());
  txn::Transaction* transaction = connection_->transaction();
  changes_ = 0;
  started_ = false;
  if (transaction->failed() && (plan_ != nullptr || !EndsTransaction(bound_))) {
    return FailedTransactionError();
  }
  const Connection::Limits& limits = connection_->limits();
  deadline_us_ = limits.statement_timeout_ms > 0 ? connection_->database()->clock()->WallMicros() +
                                                       limits.statement_timeout_ms * 1000
                                                 : 0;
  transaction->set_wait_limits(limits.lock_timeout_ms, deadline_us_);
  if (plan_ == nullptr && (EndsTransaction(bound_) || !UtilityNeedsSnapshot(bound_))) {
    FillContext();
    return RunUtility();
  }
  DRIFTDB_RETURN_IF_ERROR(BecomeCurrent());
  exhausted_ = false;
  while (true) {
    if (point_ == nullptr) FillContext();
    snapshot_ = transaction->BeginStatement();
    Status marked = Guarded([&] { mark_ = transaction->TakeMark(); });
    if (!marked.ok()) {
      transaction->EndStatement(snapshot_);
      return marked;
    }
    running_ = true;
    Status run = Run();
    if (run.ok()) break;
    if (run.sqlstate() != sqlstate::kSerializationFailure ||
        transaction->isolation() != txn::Isolation::kReadCommitted) {
      return run;
    }
    // READ COMMITTED: a row was changed meanwhile, and the statement is not one that can judge a
    // single row again. It runs once more as a whole: the change is published and seen now (TXN-8).
    executor_ = nullptr;
    connection_->set_running(nullptr);
    if (transaction->has_writes()) DRIFTDB_RETURN_IF_ERROR(transaction->RollbackTo(mark_));
    transaction->EndStatement(snapshot_);
  }
  started_ = true;
  // Rows that are still to be returned stand for themselves: what was written must not hang on
  // what other statements do meanwhile.
  if (transaction->in_block() || !transaction->has_writes() || columns_.empty()) return OkStatus();
  return connection_->CommitTransaction();
}

Status Statement::Run() {
  if (point_ != nullptr) return BeginPoint();
  context_->snapshot = snapshot_;
  connection_->set_running(context_.get());
  connection_->context()->Begin(connection_->transaction()->start_time(),
                                connection_->database()->clock()->WallMicros(),
                                &context_->parameters, catalog_);
  DRIFTDB_ASSIGN_OR_RETURN(const std::vector<Value>* const parameters,
                           MakeParameters(&context_->parameters));
  if (parameters != &context_->parameters) context_->parameters = *parameters;
  if (plan_ != nullptr) {
    DRIFTDB_RETURN_IF_ERROR(CheckPrivileges(plan_->privileges));
    return StartQuery(plan_.get());
  }
  return RunUtility();
}

// No QueryContext: nothing here runs long enough to be watched or to time out by itself.
Status Statement::BeginPoint() {
  SessionContext* const session = connection_->context();
  session->Begin(connection_->transaction()->start_time(),
                 point_->needs_session() ? connection_->database()->clock()->WallMicros() : 0,
                 nullptr, catalog_);
  DRIFTDB_ASSIGN_OR_RETURN(const std::vector<Value>* const parameters, MakeParameters(&converted_));
  session->set_parameters(parameters);
  const Oid role = connection_->session()->current_role;
  if (privileged_role_ != role) {
    DRIFTDB_RETURN_IF_ERROR(CheckPrivileges(plan_->privileges));
    privileged_role_ = role;
  }
  DRIFTDB_ASSIGN_OR_RETURN(point_found_, point_->Run(snapshot_));
  changes_ = static_cast<int64_t>(point_->rows_changed());
  return OkStatus();
}

Status Statement::StartQuery(const sql::PhysicalPlan* plan) {
  for (uint32_t i = 0; i < plan->node_count; ++i) {
    context_->counters.push_back(std::make_unique<exec::NodeCounters>());
  }
  executor_ = std::make_unique<exec::Executor>(context_.get(), plan);
  DRIFTDB_RETURN_IF_ERROR(executor_->Open());
  changes_ = static_cast<int64_t>(executor_->rows_changed());
  return OkStatus();
}

Status Statement::RunUtility() {
  UtilityRunner runner(this);
  return runner.Run();
}

void Statement::SetTextResult(const std::vector<std::string>& names,
                              const std::vector<std::vector<std::string>>& rows) {
  columns_.clear();
  std::vector<LogicalType> types;
  for (const std::string& name : names) {
    sql::OutputColumn column;
    column.name = name;
    column.type = TypeId::kText;
    columns_.push_back(std::move(column));
    types.emplace_back(TypeId::kText);
  }
  memory_result_.clear();
  for (size_t begin = 0; begin < rows.size(); begin += kVectorRows) {
    Chunk chunk(types);
    const size_t count = std::min(rows.size() - begin, kVectorRows);
    for (size_t r = 0; r < count; ++r) {
      for (size_t c = 0; c < names.size(); ++c) chunk.column(c).SetString(r, rows[begin + r][c]);
    }
    chunk.set_row_count(count);
    memory_result_.push_back(std::move(chunk));
  }
  next_memory_chunk_ = 0;
}

Status Statement::Finish(bool success) {
  executor_ = nullptr;
  if (point_ == nullptr) connection_->set_running(nullptr);
  chunk_ = nullptr;
  point_found_ = point_shown_ = false;
  txn::Transaction* transaction = connection_->transaction();
  if (!running_) return OkStatus();
  running_ = false;
  const bool wrote = transaction->has_writes();
  // A query that fails after its start has written nothing; what is behind its mark is of other
  // statements.
  // What dooms the transaction is told at its end; the statement's own error is said now.
  if (!success && wrote && !started_) (void)transaction->RollbackTo(mark_);
  transaction->EndStatement(snapshot_);
  return connection_->EndAutocommit(success, wrote && !transaction->in_block());
}

Status Statement::Fail(Status error) {
  memory_result_.clear();
  txn::Transaction* transaction = connection_->transaction();
  const bool was_running = running_;
  (void)Finish(false);
  // What it has locked on the way to its start is free again.
  if (!was_running && !transaction->in_block() && transaction->open_statements() == 0) {
    connection_->AbortTransaction();
  }
  if (!EndsTransaction(bound_)) transaction->Fail();
  return error;
}

// The execution still reads tables; a data modification has run whole already.
bool Statement::ReadsOn() const {
  const sql::PhysicalPlan* const plan = plan_ != nullptr ? plan_.get() : executed_plan_.get();
  return executor_ != nullptr && plan != nullptr && StatementTarget(*plan) == nullptr;
}

Result<StepOutcome> Statement::NextRow() {
  if (point_found_) {
    point_found_ = false;
    point_shown_ = true;
    return StepOutcome::kRow;
  }
  if (chunk_ != nullptr && ++position_ < chunk_->size()) return StepOutcome::kRow;
  chunk_ = nullptr;
  position_ = 0;
  if (ReadsOn() && !connection_->transaction()->Stands(snapshot_)) {
    return Error(sqlstate::kInvalidCursorState,
                 "the transaction whose changes this query reads has ended");
  }
  if (executor_ != nullptr) {
    DRIFTDB_ASSIGN_OR_RETURN(chunk_, executor_->Next());
  } else if (next_memory_chunk_ < memory_result_.size()) {
    chunk_ = &memory_result_[next_memory_chunk_++];
  }
  if (chunk_ != nullptr) return StepOutcome::kRow;
  DRIFTDB_RETURN_IF_ERROR(Finish(true));
  memory_result_.clear();
  return StepOutcome::kDone;
}

Result<StepOutcome> Statement::Step() {
  if (!running_ && (memory_result_.empty() || exhausted_)) {
    // Out of memory fails the statement like any other error: what it did is undone (C11).
    Status started = Guarded([this] { return Start(); });
    if (!started.ok()) {
      exhausted_ = true;
      return Fail(std::move(started));
    }
    exhausted_ = false;
  }
  StepOutcome outcome = StepOutcome::kDone;
  Status next = Guarded([&]() -> Status {
    DRIFTDB_ASSIGN_OR_RETURN(outcome, NextRow());
    return OkStatus();
  });
  if (!next.ok()) {
    exhausted_ = true;
    return Fail(std::move(next));
  }
  if (outcome == StepOutcome::kDone) {
    exhausted_ = true;
    connection_->set_changes(changes_);
  }
  return outcome;
}

Status Statement::Reset() {
  Status status;
  // A query that is not read to its end is a success; a data modification has run whole already.
  if (running_) status = Finish(true);
  memory_result_.clear();
  chunk_ = nullptr;
  point_found_ = point_shown_ = false;
  exhausted_ = true;
  return status;
}

}  // namespace driftdb::api
