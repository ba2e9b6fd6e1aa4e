// InsertSink, UpdateSink, DeleteSink: the ends of data-modifying pipelines. They check constraints,
// write through txn::TableWriter and keep what RETURNING yields. Threads: one worker. Errors:
// 23502, 23505, 23514, 40001, and what the writer reports.
#ifndef DRIFTDB_EXEC_DML_DML_SINKS_H_
#define DRIFTDB_EXEC_DML_DML_SINKS_H_

#include <memory>
#include <vector>

#include "exec/dml/row_constraints.h"
#include "exec/operator.h"
#include "expr/evaluator.h"
#include "sql/plan/physical_plan.h"
#include "txn/table_writer.h"

namespace driftdb::exec {

// What the three have in common.
class DmlSink : public Sink {
 public:
  bool parallel() const final { return false; }
  Result<std::unique_ptr<LocalState>> MakeLocal() final;
  Status Finish(QueryContext* context) final;
  uint64_t rows_changed() const { return writer_ == nullptr ? 0 : writer_->rows_changed(); }
  const std::vector<Chunk>& returned() const { return returned_; }

 protected:
  Status PrepareWriter(QueryContext* context, const catalog::TableEntry* table,
                       const std::vector<expr::ExprPtr>& returning, txn::ConflictHandler* handler);
  // Evaluates RETURNING over rows in table order.
  Status Return(const Chunk& rows);

  QueryContext* context_ = nullptr;
  const catalog::TableEntry* table_ = nullptr;
  std::unique_ptr<txn::TableWriter> writer_;
  bool has_returning_ = false;
  expr::ExpressionList returning_;
  std::vector<LogicalType> returning_types_;
  std::vector<Chunk> returned_;
};

class InsertSink final : public DmlSink {
 public:
  explicit InsertSink(const sql::PhysicalInsert* plan) : plan_(plan) {}
  Status Prepare(QueryContext* context) override;
  Result<SinkResult> Consume(LocalState* local, Chunk* chunk) override;

 private:
  const sql::PhysicalInsert* const plan_;
  RowConstraints constraints_;
};

class UpdateSink final : public DmlSink, private txn::ConflictHandler {
 public:
  explicit UpdateSink(const sql::PhysicalUpdate* plan) : plan_(plan) {}
  Status Prepare(QueryContext* context) override;
  Result<SinkResult> Consume(LocalState* local, Chunk* chunk) override;

 private:
  Result<bool> Recheck(Chunk* newest, Chunk* values) override;
  // The rows as they will be, in table order.
  Chunk Changed(const Chunk& old_rows, const Chunk& values) const;

  const sql::PhysicalUpdate* const plan_;
  RowConstraints constraints_;
  std::vector<uint32_t> storage_columns_;
  std::vector<expr::CompiledExpr> recheck_filters_;
  expr::ExpressionList recheck_values_;
};

class DeleteSink final : public DmlSink, private txn::ConflictHandler {
 public:
  explicit DeleteSink(const sql::PhysicalDelete* plan) : plan_(plan) {}
  Status Prepare(QueryContext* context) override;
  Result<SinkResult> Consume(LocalState* local, Chunk* chunk) override;

 private:
  Result<bool> Recheck(Chunk* newest, Chunk* values) override;

  const sql::PhysicalDelete* const plan_;
  std::vector<expr::CompiledExpr> recheck_filters_;
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_DML_DML_SINKS_H_
