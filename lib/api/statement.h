// Statement: one prepared SQL statement: compiled form, bound values, and the execution in
// progress. Life: Compile -> (bind values) -> Step until kDone -> Step starts afresh. A statement
// whose catalog changed is compiled again at its next start. All work of one execution happens
// between BeginStatement and EndStatement of the connection's transaction; an error undoes the
// execution's changes (statement atomicity), and in a block fails the block. Threads: under the
// connection's mutex.
#ifndef DRIFTDB_API_STATEMENT_H_
#define DRIFTDB_API_STATEMENT_H_

#include <memory>
#include <string>
#include <vector>

#include "api/connection.h"
#include "api/statement_locks.h"
#include "base/status.h"
#include "exec/executor.h"
#include "exec/point/point_statement.h"
#include "exec/query_context.h"
#include "sql/bind/bound_statement.h"
#include "sql/parse/parse.h"
#include "sql/plan/physical_plan.h"
#include "types/chunk.h"

namespace driftdb::api {

enum class StepOutcome : uint8_t { kRow, kDone };

class Statement {
 public:
  Statement(Connection* connection, std::string text, sql::ParsedStatement parsed);
  ~Statement();

  // Binds and plans against the current catalog.
  Status Compile();
  Status DescribeExecute(const std::string& name);

  size_t parameter_count() const { return parsed_.parameters.size(); }
  const std::string& parameter_name(size_t i) const { return parsed_.parameters[i]; }
  LogicalType parameter_type(size_t i) const;
  // Values are converted to the parameters' types when the statement starts.
  Status BindValue(size_t i, Value value);
  void ClearBindings();

  Result<StepOutcome> Step();
  // Ends the execution in progress. In autocommit mode that may be a commit: the error is its.
  Status Reset();
  bool in_progress() const { return running_; }

  const std::vector<sql::OutputColumn>& columns() const { return columns_; }
  // Current row.
  const Vector& column(size_t i) const {
    return point_shown_ ? point_->column(i) : chunk_->column(i);
  }
  size_t row() const { return point_shown_ ? 0 : chunk_->row(position_); }
  bool has_row() const { return point_shown_ || (chunk_ != nullptr && position_ < chunk_->size()); }

  int64_t changes() const { return changes_; }
  const std::string& tag() const { return tag_; }
  bool read_only() const { return read_only_; }
  // Executions run without pipelines (exec/point/).
  bool takes_row_path() const { return point_ != nullptr; }
  const std::string& text() const { return text_; }

 private:
  friend class UtilityRunner;
  Status Start();
  Status Run();
  bool ReadsOn() const;
  Status StartQuery(const sql::PhysicalPlan* plan);
  Status PrepareRun(const std::vector<Oid>& read, Oid written, txn::LockMode write_mode);
  Status RunUtility();
  // The values, converted: themselves where the types agree, else in *converted.
  Result<const std::vector<Value>*> MakeParameters(std::vector<Value>* converted);
  // Finds and takes the locks of the plan's relations.
  Status LockRelations();
  void FindLocks();
  Status TakeLocks();
  // Locks, and a plan that is right under them.
  Status BecomeCurrent();
  Status BeginPoint();
  Status CheckPrivileges(const std::vector<sql::RequiredPrivilege>& privileges);
  void FillContext();
  Status Finish(bool success);
  Status Fail(Status error);
  Result<StepOutcome> NextRow();
  // A result held in memory: SHOW, EXPLAIN.
  void SetTextResult(const std::vector<std::string>& names,
                     const std::vector<std::vector<std::string>>& rows);

  Connection* const connection_;
  const std::string text_;
  sql::ParsedStatement parsed_;
  sql::BoundStatement bound_;
  std::unique_ptr<sql::PhysicalPlan> plan_;
  std::unique_ptr<sql::PhysicalPlan> executed_plan_;  // of EXECUTE, while it runs
  std::shared_ptr<const catalog::CatalogSnapshot> catalog_;
  uint64_t settings_version_ = 0;
  // The row path of the plan, if it has one.
  std::unique_ptr<exec::PointStatement> point_;
  std::vector<RelationLock> locks_;
  Oid privileged_role_;  // has what the plan needs; 0: to be checked
  std::vector<LogicalType> parameter_types_;
  std::vector<sql::OutputColumn> columns_;
  std::vector<Value> values_;
  std::vector<Value> converted_;  // of the row path
  std::string tag_;
  bool read_only_ = true;

  int64_t deadline_us_ = 0;     // of the execution; 0: none
  uint64_t named_version_ = 0;  // EXECUTE: of the connection's prepared statements at Compile

  bool running_ = false;
  bool started_ = false;  // Start is done: what the execution writes is written
  bool exhausted_ = false;
  bool point_found_ = false;  // a row that no Step has shown yet
  bool point_shown_ = false;
  Snapshot snapshot_;
  txn::Transaction::Mark mark_;
  std::unique_ptr<exec::QueryContext> context_;
  std::unique_ptr<exec::Executor> executor_;
  std::vector<Chunk> memory_result_;
  size_t next_memory_chunk_ = 0;
  Chunk* chunk_ = nullptr;
  size_t position_ = 0;
  int64_t changes_ = 0;
};

}  // namespace driftdb::api

#endif  // DRIFTDB_API_STATEMENT_H_
