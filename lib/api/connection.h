// Connection: one session: its transaction, settings, prepared statements and last error.
// Threads: calls are serialised by mutex(); Interrupt is free of it.
#ifndef DRIFTDB_API_CONNECTION_H_
#define DRIFTDB_API_CONNECTION_H_

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/session_context.h"
#include "base/status.h"
#include "catalog/catalog_snapshot.h"
#include "platform/mutex.h"
#include "security/session.h"
#include "sql/bind/binder.h"
#include "sql/plan/physical_plan.h"
#include "txn/transaction.h"

namespace driftdb::exec {
struct QueryContext;
}

namespace driftdb::api {

class Database;
class Statement;

// Readers and writers of COPY FROM STDIN and TO STDOUT.
using CopyReader = std::function<int64_t(char* buffer, size_t capacity)>;
using CopyWriter = std::function<bool(std::string_view data)>;

class Connection {
 public:
  Connection(Database* database, uint64_t id);
  ~Connection();
  Status Initialize();

  // Compiles the first statement of `sql`. Null when there is none. *consumed: where the rest
  // begins. An error fails the transaction block, if there is one.
  Result<Statement*> Prepare(std::string_view sql, size_t* consumed);
  void Finalize(Statement* statement);
  void Interrupt() { session_.cancel.store(true); }
  // As Interrupt, and no statement starts any more: the running call ends soon, whatever it does.
  void Shutdown() {
    closing_.store(true);
    Interrupt();
  }
  // At the start of each statement: forgets an interrupt that came when nothing ran. Errors: 57P01.
  Status BeginExecution();

  Database* database() const { return database_; }
  security::Session* session() { return &session_; }
  SessionContext* context() { return &context_; }
  txn::Transaction* transaction() { return &transaction_; }
  platform::Mutex* mutex() { return &mutex_; }

  // The catalog that a statement with this snapshot (or, by default, the next one) binds against.
  std::shared_ptr<const catalog::CatalogSnapshot> CurrentCatalog();
  // CurrentCatalog() is this one; may be false without need, then ask CurrentCatalog().
  bool CatalogIsCurrent(const catalog::CatalogSnapshot& catalog) const;
  sql::BindContext MakeBindContext(const catalog::CatalogSnapshot& catalog,
                                   std::vector<LogicalType> parameter_types);

  // BEGIN, COMMIT, ROLLBACK, savepoints, SET TRANSACTION. Returns the command tag.
  Result<std::string> RunTransactionStatement(const sql::AstTransaction& statement);
  Status ApplySet(const sql::AstSet& set);
  Result<std::string> ShowSetting(std::string_view name);
  // Ends an autocommit transaction when no statement is open any more, or at once after a write.
  Status EndAutocommit(bool success, bool wrote);
  Status CommitTransaction();
  void AbortTransaction();
  // Settings that every statement asks for.
  struct Limits {
    uint64_t version = 0;  // of the settings they were read from
    int64_t statement_timeout_ms = 0;
    int64_t lock_timeout_ms = 0;
    txn::CommitLevel commit_level = txn::CommitLevel::kOn;
  };
  const Limits& limits();

  // SQL-level PREPARE.
  struct NamedStatement {
    std::string text;
    std::vector<LogicalType> parameter_types;
  };
  std::map<std::string, NamedStatement>& named_statements() { return named_; }
  // Changes with every PREPARE and DEALLOCATE.
  uint64_t named_version() const { return named_version_; }
  void NoteNamedChange() { ++named_version_; }

  void set_error(Status status) { error_ = std::move(status); }
  const Status& error() const { return error_; }
  void set_changes(int64_t changes) { changes_ = changes; }
  int64_t changes() const { return changes_; }
  // What Progress reads; null when nothing runs.
  void set_running(exec::QueryContext* context);
  // Percent of the running statement's scans, -1 when none runs. Any thread.
  double Progress();
  // 0 none, 1 block, 2 failed block.
  int transaction_state() const;

  CopyReader copy_reader;
  CopyWriter copy_writer;
  // For tests: RuleBit mask of rewrites that plans of this connection go without.
  uint32_t disabled_optimizer_rules = 0;

 private:
  Result<Statement*> PrepareStatement(std::string_view sql, size_t* consumed);

  Database* const database_;
  platform::Mutex mutex_;
  security::Session session_;
  SessionContext context_;
  txn::Transaction transaction_;
  std::map<Statement*, std::unique_ptr<Statement>> statements_;
  std::map<std::string, NamedStatement> named_;
  uint64_t named_version_ = 0;
  std::atomic<bool> closing_{false};
  Limits limits_;
  // What CurrentCatalog made of the newest version for a snapshot older than it.
  struct UsableCatalog {
    CommitSeq seen;
    uint64_t version = 0;
    std::shared_ptr<const catalog::CatalogSnapshot> catalog;
  };
  UsableCatalog usable_;
  Status error_;
  int64_t changes_ = 0;
  platform::Mutex running_mutex_;
  exec::QueryContext* running_ DRIFTDB_GUARDED_BY(running_mutex_) = nullptr;
};

}  // namespace driftdb::api

#endif  // DRIFTDB_API_CONNECTION_H_
