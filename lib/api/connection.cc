#include "api/connection.h"

#include <algorithm>

#include "api/database.h"
#include "api/statement.h"
#include "api/utility.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "catalog/system_tables.h"
#include "exec/query_context.h"
#include "sql/parse/parse.h"

namespace driftdb::api {

namespace {

txn::Isolation ConnectionIsolation(std::string_view name) {
  if (name == "repeatable read") return txn::Isolation::kRepeatableRead;
  if (name == "serializable") return txn::Isolation::kSerializable;
  return txn::Isolation::kReadCommitted;  // read uncommitted is read committed, as in PostgreSQL
}

Result<txn::Isolation> ConnectionIsolation(sql::IsolationLevel level, std::string_view otherwise) {
  switch (level) {
    case sql::IsolationLevel::kReadUncommitted:
    case sql::IsolationLevel::kReadCommitted:
      return txn::Isolation::kReadCommitted;
    case sql::IsolationLevel::kRepeatableRead:
      return txn::Isolation::kRepeatableRead;
    case sql::IsolationLevel::kSerializable:
      return txn::Isolation::kSerializable;
    case sql::IsolationLevel::kDefault:
      return ConnectionIsolation(otherwise);
  }
  return txn::Isolation::kReadCommitted;
}

std::string_view ConnectionIsolationName(txn::Isolation isolation) {
  switch (isolation) {
    case txn::Isolation::kReadCommitted:
      return "read committed";
    case txn::Isolation::kRepeatableRead:
      return "repeatable read";
    case txn::Isolation::kSerializable:
      return "serializable";
  }
  return "read committed";
}

}  // namespace

Connection::Connection(Database* database, uint64_t id)
    : database_(database),
      context_(&session_, database->clock(),
               static_cast<uint64_t>(database->clock()->MonotonicNanos()) ^ id),
      transaction_(database->engine()->manager()) {
  session_.id = id;
  session_.authenticated_role = session_.session_role = session_.current_role =
      catalog::kBootstrapRole;
  transaction_.set_cancel_flag(&session_.cancel);
}

Connection::~Connection() {
  statements_.clear();
  if (transaction_.in_block() || transaction_.has_writes()) transaction_.Abort();
}

Status Connection::Initialize() {
  for (const auto& [name, value] : database_->options().settings) {
    DRIFTDB_RETURN_IF_ERROR(session_.settings.Set(name, value, false));
  }
  return OkStatus();
}

Result<Statement*> Connection::Prepare(std::string_view text, size_t* consumed) {
  Result<Statement*> prepared = PrepareStatement(text, consumed);
  // As in PostgreSQL, an error of any kind fails the block: else a script whose middle does not
  // compile would commit its two ends.
  if (!prepared.ok()) transaction_.Fail();
  return prepared;
}

Status Connection::BeginExecution() {
  session_.cancel.store(false);
  // After the store: Shutdown sets the two the other way round.
  if (!closing_.load()) return OkStatus();
  return Error(sqlstate::kDatabaseShutdown, "the database is being closed");
}

Result<Statement*> Connection::PrepareStatement(std::string_view text, size_t* consumed) {
  DRIFTDB_ASSIGN_OR_RETURN(std::optional<sql::ParsedStatement> parsed,
                           sql::ParseOne(text, consumed));
  if (!parsed.has_value()) return nullptr;
  // Before it is compiled: what the block has made is gone, and is not to be missed here.
  if (transaction_.failed() && !EndsTransaction(parsed->statement.Get<sql::AstTransaction>())) {
    return FailedTransactionError();
  }
  auto statement =
      std::make_unique<Statement>(this, std::string(text.substr(0, *consumed)), std::move(*parsed));
  DRIFTDB_RETURN_IF_ERROR(statement->Compile());
  Statement* const raw = statement.get();
  statements_.emplace(raw, std::move(statement));
  return raw;
}

void Connection::Finalize(Statement* statement) { statements_.erase(statement); }

std::shared_ptr<const catalog::CatalogSnapshot> Connection::CurrentCatalog() {
  Snapshot snapshot;
  snapshot.seq = transaction_.LatestPublished();
  catalog::Catalog* const catalog = database_->catalog();
  std::shared_ptr<const catalog::CatalogSnapshot> newest = catalog->For(&transaction_, snapshot);
  const CommitSeq seen = transaction_.transaction_snapshot();
  if (seen.value == 0 || catalog->AsOf(seen) == newest) return newest;
  if (usable_.seen != seen || usable_.version != newest->version()) {
    usable_ = {seen, newest->version(), catalog->UsableAt(newest, seen)};
  }
  return usable_.catalog;
}

sql::BindContext Connection::MakeBindContext(const catalog::CatalogSnapshot& catalog,
                                             std::vector<LogicalType> parameter_types) {
  sql::BindContext context;
  context.catalog = &catalog;
  context.search_path = context_.SearchPath(catalog);
  context.role = session_.current_role;
  context.parameter_types = std::move(parameter_types);
  return context;
}

const Connection::Limits& Connection::limits() {
  const security::Settings& settings = session_.settings;
  if (limits_.version == settings.version()) return limits_;
  limits_.version = settings.version();
  limits_.statement_timeout_ms = settings.GetMilliseconds("statement_timeout");
  limits_.lock_timeout_ms = settings.GetMilliseconds("lock_timeout");
  const Result<std::string> level = settings.Get("synchronous_commit");
  limits_.commit_level =
      level.ok() && *level == "off" ? txn::CommitLevel::kOff : txn::CommitLevel::kOn;
  return limits_;
}

bool Connection::CatalogIsCurrent(const catalog::CatalogSnapshot& catalog) const {
  // Any hook may be the editor of an own, uncommitted catalog.
  return transaction_.hooks().empty() && transaction_.transaction_snapshot().value == 0 &&
         database_->catalog()->newest_version() == catalog.version();
}

void Connection::set_running(exec::QueryContext* context) {
  platform::MutexLock lock(&running_mutex_);
  running_ = context;
}

double Connection::Progress() {
  platform::MutexLock lock(&running_mutex_);
  if (running_ == nullptr) return -1;
  const uint64_t total = running_->rows_total.load(std::memory_order_relaxed);
  if (total == 0) return -1;
  const double done = static_cast<double>(running_->rows_done.load(std::memory_order_relaxed));
  return std::min(100.0, 100.0 * done / static_cast<double>(total));
}

int Connection::transaction_state() const {
  if (!transaction_.in_block()) return 0;
  return transaction_.failed() ? 2 : 1;
}

Status Connection::CommitTransaction() {
  transaction_.set_commit_level(limits().commit_level);
  transaction_.RequireDurable(context_.TakeSequencesLogged());
  Status status = transaction_.Commit();
  usable_ = {};
  session_.settings.EndTransaction(status.ok());
  return status;
}

void Connection::AbortTransaction() {
  transaction_.Abort();
  usable_ = {};
  session_.settings.EndTransaction(false);
}

Status Connection::EndAutocommit(bool success, bool wrote) {
  if (transaction_.in_block()) return OkStatus();
  if (!success) {
    if (wrote || transaction_.open_statements() == 0) AbortTransaction();
    return OkStatus();
  }
  if (wrote || transaction_.open_statements() == 0) return CommitTransaction();
  return OkStatus();
}

// NOLINTNEXTLINE(readability-function-size): one case per kind
Result<std::string> Connection::RunTransactionStatement(const sql::AstTransaction& statement) {
  const Result<std::string> default_isolation =
      session_.settings.Get("default_transaction_isolation");
  const std::string otherwise = default_isolation.ok() ? *default_isolation : "read committed";
  switch (statement.kind) {
    case sql::TransactionKind::kBegin: {
      if (transaction_.in_block()) {
        return Error(sqlstate::kActiveTransaction, "there is already a transaction in progress");
      }
      DRIFTDB_ASSIGN_OR_RETURN(const txn::Isolation isolation,
                               ConnectionIsolation(statement.isolation, otherwise));
      if (isolation == txn::Isolation::kSerializable) {
        return Error(sqlstate::kFeatureNotSupported,
                     "isolation level SERIALIZABLE is not supported")
            .WithHint("Use REPEATABLE READ.");
      }
      const bool read_only = statement.read_only == sql::TransactionFlag::kOn ||
                             (statement.read_only == sql::TransactionFlag::kDefault &&
                              session_.settings.GetBoolean("default_transaction_read_only"));
      transaction_.Begin(isolation, read_only);
      session_.settings.BeginTransaction();
      return std::string("BEGIN");
    }
    case sql::TransactionKind::kCommit:
      if (!transaction_.in_block()) {
        return Error(sqlstate::kNoActiveTransaction, "there is no transaction in progress");
      }
      if (transaction_.failed()) {
        AbortTransaction();
        return std::string("ROLLBACK");
      }
      DRIFTDB_RETURN_IF_ERROR(CommitTransaction());
      return std::string("COMMIT");
    case sql::TransactionKind::kRollback:
      if (!transaction_.in_block()) {
        return Error(sqlstate::kNoActiveTransaction, "there is no transaction in progress");
      }
      AbortTransaction();
      return std::string("ROLLBACK");
    case sql::TransactionKind::kSavepoint:
      DRIFTDB_RETURN_IF_ERROR(transaction_.Savepoint(statement.savepoint));
      return std::string("SAVEPOINT");
    case sql::TransactionKind::kRelease:
      DRIFTDB_RETURN_IF_ERROR(transaction_.ReleaseSavepoint(statement.savepoint));
      return std::string("RELEASE");
    case sql::TransactionKind::kRollbackTo:
      DRIFTDB_RETURN_IF_ERROR(transaction_.RollbackToSavepoint(statement.savepoint));
      return std::string("ROLLBACK");
    case sql::TransactionKind::kSetTransaction: {
      if (!transaction_.in_block()) return std::string("SET");
      if (statement.isolation != sql::IsolationLevel::kDefault) {
        DRIFTDB_ASSIGN_OR_RETURN(const txn::Isolation isolation,
                                 ConnectionIsolation(statement.isolation, otherwise));
        if (isolation == txn::Isolation::kSerializable) {
          return Error(sqlstate::kFeatureNotSupported,
                       "isolation level SERIALIZABLE is not supported");
        }
        DRIFTDB_RETURN_IF_ERROR(transaction_.SetIsolation(isolation));
      }
      if (statement.read_only != sql::TransactionFlag::kDefault) {
        transaction_.set_read_only(statement.read_only == sql::TransactionFlag::kOn);
      }
      return std::string("SET");
    }
    case sql::TransactionKind::kSetSession: {
      if (statement.isolation != sql::IsolationLevel::kDefault) {
        DRIFTDB_ASSIGN_OR_RETURN(const txn::Isolation isolation,
                                 ConnectionIsolation(statement.isolation, otherwise));
        DRIFTDB_RETURN_IF_ERROR(session_.settings.Set("default_transaction_isolation",
                                                      ConnectionIsolationName(isolation), false));
      }
      if (statement.read_only != sql::TransactionFlag::kDefault) {
        const bool on = statement.read_only == sql::TransactionFlag::kOn;
        DRIFTDB_RETURN_IF_ERROR(
            session_.settings.Set("default_transaction_read_only", on ? "on" : "off", false));
      }
      return std::string("SET");
    }
  }
  return InternalError("unknown transaction statement");
}

Status Connection::ApplySet(const sql::AstSet& set) {
  if (set.is_reset || set.is_default) {
    DRIFTDB_RETURN_IF_ERROR(session_.settings.Reset(set.name));
  } else {
    std::string value;
    for (const std::string& part : set.values) {
      if (!value.empty()) value += ", ";
      value += part;
    }
    DRIFTDB_RETURN_IF_ERROR(
        session_.settings.Set(set.name, value, set.scope == sql::SetScope::kLocal));
  }
  if (set.name == "threads" && !set.is_default && !set.is_reset) {
    database_->tasks()->set_threads(static_cast<unsigned>(session_.settings.GetInteger("threads")));
  }
  if (set.name == "memory_limit" && !set.is_default && !set.is_reset) {
    DRIFTDB_ASSIGN_OR_RETURN(const std::string text, session_.settings.Get("memory_limit"));
    DRIFTDB_ASSIGN_OR_RETURN(const uint64_t bytes, security::ParseByteSize(text));
    database_->engine()->memory()->set_limit_bytes(bytes);
  }
  return OkStatus();
}

Result<std::string> Connection::ShowSetting(std::string_view name) {
  if (name == "threads") return std::to_string(database_->tasks()->threads());
  if (name == "memory_limit") {
    constexpr uint64_t kMebibyte = 1 << 20;
    const uint64_t bytes = database_->engine()->memory()->limit_bytes();
    if (bytes % kMebibyte == 0) return std::to_string(bytes / kMebibyte) + "MB";
    return std::to_string(bytes);
  }
  if (name == "transaction_isolation") {
    return std::string(ConnectionIsolationName(transaction_.isolation()));
  }
  if (name == "transaction_read_only") {
    return std::string(transaction_.read_only() || database_->options().read_only ? "on" : "off");
  }
  return session_.settings.Get(name);
}

}  // namespace driftdb::api
