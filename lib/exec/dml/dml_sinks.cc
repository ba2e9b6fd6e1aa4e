#include "exec/dml/dml_sinks.h"

#include "base/status_macros.h"
#include "catalog/entries.h"

namespace driftdb::exec {

namespace {

struct DmlLocal final : LocalState {};

// Storage order -> table order; shares memory.
Chunk DmlToTableOrder(const catalog::TableEntry& table, const Chunk& stored) {
  Chunk rows;
  for (const catalog::ColumnEntry& column : table.columns) {
    rows.columns().push_back(stored.column(column.storage_ordinal));
  }
  rows.set_row_count(stored.row_count());
  return rows;
}

Result<std::vector<expr::CompiledExpr>> DmlCompile(const std::vector<expr::ExprPtr>& expressions,
                                                   QueryContext* context) {
  std::vector<expr::CompiledExpr> compiled;
  for (const expr::ExprPtr& expression : expressions) {
    DRIFTDB_ASSIGN_OR_RETURN(expr::CompiledExpr one,
                             expr::CompiledExpr::Compile(*expression, context->eval));
    compiled.push_back(std::move(one));
  }
  return compiled;
}

Result<bool> DmlPasses(std::vector<expr::CompiledExpr>* filters, const Chunk& row) {
  for (expr::CompiledExpr& filter : *filters) {
    Selection passing;
    DRIFTDB_RETURN_IF_ERROR(filter.Filter(row, &passing));
    if (passing.size() == 0) return false;
  }
  return true;
}

void DmlRowIds(const Vector& column, size_t count, std::vector<RowId>* rids) {
  rids->resize(count);
  for (size_t i = 0; i < count; ++i) {
    (*rids)[i] = RowId(static_cast<uint64_t>(column.GetValue(i).int64()));
  }
}

std::shared_ptr<Selection> DmlSelect(const bool* changed, size_t count) {
  auto selection = std::make_shared<Selection>();
  for (size_t i = 0; i < count; ++i) {
    if (changed[i]) selection->Append(i);
  }
  return selection;
}

}  // namespace

Result<std::unique_ptr<LocalState>> DmlSink::MakeLocal() {
  return std::unique_ptr<LocalState>(std::make_unique<DmlLocal>());
}

Status DmlSink::Finish(QueryContext* context) { return writer_->Finish(); }

Status DmlSink::PrepareWriter(QueryContext* context, const catalog::TableEntry* table,
                              const std::vector<expr::ExprPtr>& returning,
                              txn::ConflictHandler* handler) {
  context_ = context;
  table_ = table;
  writer_ = std::make_unique<txn::TableWriter>(context->transaction, table->target.get(),
                                               context->snapshot, handler);
  has_returning_ = !returning.empty();
  std::vector<const expr::Expr*> expressions;
  for (const expr::ExprPtr& expression : returning) {
    expressions.push_back(expression.get());
    returning_types_.push_back(expression->type);
  }
  if (has_returning_) {
    DRIFTDB_ASSIGN_OR_RETURN(returning_, expr::ExpressionList::Compile(expressions, context->eval));
  }
  return OkStatus();
}

Status DmlSink::Return(const Chunk& rows) {
  if (!has_returning_ || rows.size() == 0) return OkStatus();
  Chunk result;
  for (const LogicalType& type : returning_types_) result.columns().emplace_back(type);
  DRIFTDB_RETURN_IF_ERROR(returning_.Evaluate(rows, result.columns().data()));
  result.set_row_count(rows.row_count());
  result.set_selection(rows.shared_selection());
  returned_.push_back(std::move(result));
  return OkStatus();
}

Status InsertSink::Prepare(QueryContext* context) {
  DRIFTDB_RETURN_IF_ERROR(PrepareWriter(context, plan_->table.get(), plan_->returning, nullptr));
  DRIFTDB_ASSIGN_OR_RETURN(constraints_, RowConstraints::Make(plan_->table.get(), plan_->checks,
                                                              plan_->check_names, context->eval));
  return OkStatus();
}

Result<SinkResult> InsertSink::Consume(LocalState* local, Chunk* chunk) {
  DRIFTDB_RETURN_IF_ERROR(constraints_.Check(*chunk));
  Chunk stored = ToStorageOrder(*table_, *chunk);
  DRIFTDB_RETURN_IF_ERROR(writer_->Insert(&stored, nullptr));
  DRIFTDB_RETURN_IF_ERROR(Return(*chunk));
  return SinkResult::kMore;
}

Status UpdateSink::Prepare(QueryContext* context) {
  DRIFTDB_RETURN_IF_ERROR(PrepareWriter(context, plan_->table.get(), plan_->returning,
                                        plan_->can_recheck ? this : nullptr));
  DRIFTDB_ASSIGN_OR_RETURN(constraints_, RowConstraints::Make(plan_->table.get(), plan_->checks,
                                                              plan_->check_names, context->eval));
  for (const uint32_t column : plan_->set_columns) {
    storage_columns_.push_back(table_->columns[column].storage_ordinal);
  }
  DRIFTDB_ASSIGN_OR_RETURN(recheck_filters_, DmlCompile(plan_->recheck_filters, context));
  std::vector<const expr::Expr*> values;
  for (const expr::ExprPtr& value : plan_->recheck_values) values.push_back(value.get());
  DRIFTDB_ASSIGN_OR_RETURN(recheck_values_, expr::ExpressionList::Compile(values, context->eval));
  return OkStatus();
}

Chunk UpdateSink::Changed(const Chunk& old_rows, const Chunk& values) const {
  Chunk rows = old_rows;
  for (size_t c = 0; c < plan_->set_columns.size(); ++c) {
    rows.column(plan_->set_columns[c]) = values.column(c);
  }
  return rows;
}

Result<SinkResult> UpdateSink::Consume(LocalState* local, Chunk* chunk) {
  chunk->Compact();
  const size_t count = chunk->row_count();
  const size_t table_columns = table_->columns.size();
  std::vector<RowId> rids;
  DmlRowIds(chunk->column(0), count, &rids);
  Chunk old_rows, values;
  for (size_t c = 0; c < table_columns; ++c) old_rows.columns().push_back(chunk->column(1 + c));
  for (size_t c = 0; c < plan_->set_columns.size(); ++c) {
    values.columns().push_back(chunk->column(1 + table_columns + c));
  }
  old_rows.set_row_count(count);
  values.set_row_count(count);
  DRIFTDB_RETURN_IF_ERROR(constraints_.Check(Changed(old_rows, values)));
  Chunk stored = ToStorageOrder(*table_, old_rows);
  bool changed[kVectorRows];
  DRIFTDB_RETURN_IF_ERROR(writer_->Update(rids, storage_columns_, &stored, &values, changed));
  if (has_returning_) {
    Chunk rows = Changed(DmlToTableOrder(*table_, stored), values);
    rows.set_row_count(count);
    rows.set_selection(DmlSelect(changed, count));
    DRIFTDB_RETURN_IF_ERROR(Return(rows));
  }
  return SinkResult::kMore;
}

Result<bool> UpdateSink::Recheck(Chunk* newest, Chunk* values) {
  const Chunk row = DmlToTableOrder(*table_, *newest);
  DRIFTDB_ASSIGN_OR_RETURN(const bool passes, DmlPasses(&recheck_filters_, row));
  if (!passes) return false;
  *values = Chunk();
  for (const expr::ExprPtr& value : plan_->recheck_values)
    values->columns().emplace_back(value->type);
  DRIFTDB_RETURN_IF_ERROR(recheck_values_.Evaluate(row, values->columns().data()));
  values->set_row_count(1);
  DRIFTDB_RETURN_IF_ERROR(constraints_.Check(Changed(row, *values)));
  return true;
}

Status DeleteSink::Prepare(QueryContext* context) {
  DRIFTDB_RETURN_IF_ERROR(PrepareWriter(context, plan_->table.get(), plan_->returning,
                                        plan_->can_recheck ? this : nullptr));
  DRIFTDB_ASSIGN_OR_RETURN(recheck_filters_, DmlCompile(plan_->recheck_filters, context));
  return OkStatus();
}

Result<SinkResult> DeleteSink::Consume(LocalState* local, Chunk* chunk) {
  chunk->Compact();
  const size_t count = chunk->row_count();
  std::vector<RowId> rids;
  DmlRowIds(chunk->column(0), count, &rids);
  Chunk old_rows;
  for (size_t c = 0; c < table_->columns.size(); ++c) {
    old_rows.columns().push_back(chunk->column(1 + c));
  }
  old_rows.set_row_count(count);
  Chunk stored = ToStorageOrder(*table_, old_rows);
  bool changed[kVectorRows];
  DRIFTDB_RETURN_IF_ERROR(writer_->Delete(rids, &stored, changed));
  if (has_returning_) {
    Chunk rows = DmlToTableOrder(*table_, stored);
    rows.set_selection(DmlSelect(changed, count));
    DRIFTDB_RETURN_IF_ERROR(Return(rows));
  }
  return SinkResult::kMore;
}

Result<bool> DeleteSink::Recheck(Chunk* newest, Chunk* values) {
  return DmlPasses(&recheck_filters_, DmlToTableOrder(*table_, *newest));
}

}  // namespace driftdb::exec
