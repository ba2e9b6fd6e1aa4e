#include "exec/point/point_modify.h"

#include "base/status_macros.h"
#include "exec/dml/row_constraints.h"
#include "storage/table/table.h"
#include "txn/table_writer.h"

namespace driftdb::exec {

namespace {

// What the three have in common: the writer, which keeps its buffers, and RETURNING.
class PointWriter : public PointStatement {
 public:
  PointWriter(const catalog::TableEntry* table, txn::Transaction* transaction,
              txn::ConflictHandler* handler)
      : table_(table), writer_(transaction, table->target.get(), Snapshot{}, handler) {
    const size_t stored = table->data->schema()->columns.size();
    plain_ = stored == table->columns.size();
    for (uint32_t c = 0; c < table->columns.size(); ++c) {
      plain_ = plain_ && table->columns[c].storage_ordinal == c;
    }
  }

 protected:
  Status PrepareReturning(const sql::ExprList& returning, expr::EvalContext* eval) {
    std::vector<const expr::Expr*> expressions;
    for (const expr::ExprPtr& e : returning) {
      expressions.push_back(e.get());
      returned_types_.push_back(e->type);
      returned_.emplace_back(e->type);
    }
    for (const Vector& column : returned_) output_.push_back(&column);
    if (expressions.empty()) return OkStatus();
    DRIFTDB_ASSIGN_OR_RETURN(returning_, expr::ExpressionList::Compile(expressions, eval));
    return OkStatus();
  }
  bool has_returning() const { return !returned_.empty(); }
  void BeginRun(const Snapshot& snapshot) {
    // Registers are written in place only when nobody else refers to them.
    for (size_t i = 0; i < returned_.size(); ++i) returned_[i] = Vector(returned_types_[i]);
    rows_changed_ = 0;
    writer_.Restart(snapshot);
  }
  // `row`: in the order of the table's columns, as it is after the change.
  Status Return(const Chunk& row) {
    if (!has_returning()) return OkStatus();
    return returning_.Evaluate(row, returned_.data());
  }
  Result<bool> EndRun() {
    DRIFTDB_RETURN_IF_ERROR(writer_.Finish());
    rows_changed_ = writer_.rows_changed();
    return has_returning() && rows_changed_ > 0;
  }
  // The row in storage order: itself where the orders agree, else in *stored.
  Chunk* Stored(Chunk* row, Chunk* stored) const {
    if (plain_) return row;
    *stored = ToStorageOrder(*table_, *row);
    return stored;
  }
  Chunk ToTableOrder(const Chunk& stored) const {
    Chunk row;
    for (const catalog::ColumnEntry& column : table_->columns) {
      row.columns().push_back(stored.column(column.storage_ordinal));
    }
    row.set_row_count(1);
    return row;
  }

  const catalog::TableEntry* const table_;
  bool plain_ = true;  // table order is storage order
  txn::TableWriter writer_;

 private:
  expr::ExpressionList returning_;
  std::vector<LogicalType> returned_types_;
  std::vector<Vector> returned_;
};

class PointInsert final : public PointWriter {
 public:
  PointInsert(const sql::PhysicalInsert* plan, txn::Transaction* transaction)
      : PointWriter(plan->table.get(), transaction, nullptr), plan_(plan) {}

  Status Prepare(const sql::ExprList& values, expr::EvalContext* eval) {
    for (size_t c = 0; c < values.size(); ++c) {
      DRIFTDB_ASSIGN_OR_RETURN(PointValue value, PointValue::Make(*values[c], eval));
      values_.push_back(std::move(value));
      row_.columns().emplace_back(table_->columns[c].type, 1);
    }
    row_.set_row_count(1);
    DRIFTDB_ASSIGN_OR_RETURN(constraints_,
                             RowConstraints::Make(table_, plan_->checks, plan_->check_names, eval));
    return PrepareReturning(plan_->returning, eval);
  }

  Result<bool> Run(const Snapshot& snapshot) override {
    BeginRun(snapshot);
    for (size_t c = 0; c < values_.size(); ++c) {
      DRIFTDB_ASSIGN_OR_RETURN(const Value* const value, values_[c].Get());
      row_.column(c).AllocateFlat(1);
      row_.column(c).SetValue(0, *value);
    }
    DRIFTDB_RETURN_IF_ERROR(constraints_.Check(row_));
    Chunk stored;
    DRIFTDB_RETURN_IF_ERROR(writer_.Insert(Stored(&row_, &stored), nullptr));
    DRIFTDB_RETURN_IF_ERROR(Return(row_));
    return EndRun();
  }

 private:
  const sql::PhysicalInsert* const plan_;
  std::vector<PointValue> values_;
  RowConstraints constraints_;
  Chunk row_;
};

Result<std::vector<expr::CompiledExpr>> PointCompile(const sql::ExprList& expressions,
                                                     expr::EvalContext* eval) {
  std::vector<expr::CompiledExpr> compiled;
  for (const expr::ExprPtr& e : expressions) {
    DRIFTDB_ASSIGN_OR_RETURN(expr::CompiledExpr one, expr::CompiledExpr::Compile(*e, eval));
    compiled.push_back(std::move(one));
  }
  return compiled;
}

Result<bool> PointPasses(std::vector<expr::CompiledExpr>* filters, const Chunk& row) {
  for (expr::CompiledExpr& filter : *filters) {
    Selection passing;
    DRIFTDB_RETURN_IF_ERROR(filter.Filter(row, &passing));
    if (passing.size() == 0) return false;
  }
  return true;
}

class PointUpdate final : public PointWriter, private txn::ConflictHandler {
 public:
  PointUpdate(const sql::PhysicalUpdate* plan, txn::Transaction* transaction)
      : PointWriter(plan->table.get(), transaction, this), plan_(plan) {}

  Status Prepare(const PointScan& scan, expr::EvalContext* eval) {
    DRIFTDB_RETURN_IF_ERROR(access_.Prepare(scan, eval));
    std::vector<const expr::Expr*> expressions;
    for (size_t i = 0; i < plan_->set_columns.size(); ++i) {
      const uint32_t column = plan_->set_columns[i];
      storage_columns_.push_back(table_->columns[column].storage_ordinal);
      values_.columns().emplace_back(table_->columns[column].type, 1);
      const expr::Expr& value = *plan_->recheck_values[i];
      expressions.push_back(&value);
      computed_types_.push_back(value.type);
      computed_.emplace_back(value.type);
    }
    values_.set_row_count(1);
    DRIFTDB_ASSIGN_OR_RETURN(computed_list_, expr::ExpressionList::Compile(expressions, eval));
    DRIFTDB_ASSIGN_OR_RETURN(recheck_filters_, PointCompile(plan_->recheck_filters, eval));
    DRIFTDB_ASSIGN_OR_RETURN(constraints_,
                             RowConstraints::Make(table_, plan_->checks, plan_->check_names, eval));
    return PrepareReturning(plan_->returning, eval);
  }

  Result<bool> Run(const Snapshot& snapshot) override {
    BeginRun(snapshot);
    DRIFTDB_ASSIGN_OR_RETURN(const bool found, access_.Find(snapshot));
    if (!found) return false;
    Chunk& row = access_.row();
    DRIFTDB_RETURN_IF_ERROR(ComputeValues(row));
    DRIFTDB_RETURN_IF_ERROR(CheckChanged(row, values_));
    Chunk stored;
    Chunk* const old_row = Stored(&row, &stored);
    const RowId rid = access_.rid();
    bool changed = false;
    DRIFTDB_RETURN_IF_ERROR(
        writer_.Update({&rid, 1}, storage_columns_, old_row, &values_, &changed));
    if (changed && has_returning()) {
      DRIFTDB_RETURN_IF_ERROR(Return(Changed(ToTableOrder(*old_row), values_)));
    }
    return EndRun();
  }

 private:
  // The values become the row's own: the writer may exchange them (and the old row) for newer ones.
  Status ComputeValues(const Chunk& row) {
    DRIFTDB_RETURN_IF_ERROR(computed_list_.Evaluate(row, computed_.data()));
    for (size_t i = 0; i < computed_.size(); ++i) {
      StorePointValue(computed_[i], 0, &values_.column(i));
      computed_[i] = Vector(computed_types_[i]);
    }
    return OkStatus();
  }
  Chunk Changed(Chunk row, const Chunk& values) const {
    for (size_t i = 0; i < plan_->set_columns.size(); ++i) {
      row.column(plan_->set_columns[i]) = values.column(i);
    }
    return row;
  }
  // The whole row is put together only when a constraint needs it.
  Status CheckChanged(const Chunk& row, const Chunk& values) {
    bool needed = !plan_->checks.empty();
    for (size_t i = 0; i < plan_->set_columns.size(); ++i) {
      needed =
          needed || (table_->columns[plan_->set_columns[i]].not_null && values.column(i).IsNull(0));
    }
    return needed ? constraints_.Check(Changed(ToTable(row), values)) : OkStatus();
  }
  // Without the key columns that PointAccess may have put behind the table's.
  Chunk ToTable(const Chunk& row) const {
    Chunk table_row = row;
    table_row.columns().resize(table_->columns.size());
    return table_row;
  }
  Result<bool> Recheck(Chunk* newest, Chunk* values) override {
    const Chunk row = ToTableOrder(*newest);
    DRIFTDB_ASSIGN_OR_RETURN(const bool passes, PointPasses(&recheck_filters_, row));
    if (!passes) return false;
    *values = Chunk();
    for (const LogicalType& type : computed_types_) values->columns().emplace_back(type);
    DRIFTDB_RETURN_IF_ERROR(computed_list_.Evaluate(row, values->columns().data()));
    values->set_row_count(1);
    DRIFTDB_RETURN_IF_ERROR(constraints_.Check(Changed(row, *values)));
    return true;
  }

  const sql::PhysicalUpdate* const plan_;
  PointAccess access_;
  expr::ExpressionList computed_list_;
  std::vector<LogicalType> computed_types_;
  std::vector<Vector> computed_;
  Chunk values_;
  std::vector<uint32_t> storage_columns_;
  std::vector<expr::CompiledExpr> recheck_filters_;
  RowConstraints constraints_;
};

class PointDelete final : public PointWriter, private txn::ConflictHandler {
 public:
  PointDelete(const sql::PhysicalDelete* plan, txn::Transaction* transaction)
      : PointWriter(plan->table.get(), transaction, this), plan_(plan) {}

  Status Prepare(const PointScan& scan, expr::EvalContext* eval) {
    DRIFTDB_RETURN_IF_ERROR(access_.Prepare(scan, eval));
    DRIFTDB_ASSIGN_OR_RETURN(recheck_filters_, PointCompile(plan_->recheck_filters, eval));
    return PrepareReturning(plan_->returning, eval);
  }

  Result<bool> Run(const Snapshot& snapshot) override {
    BeginRun(snapshot);
    DRIFTDB_ASSIGN_OR_RETURN(const bool found, access_.Find(snapshot));
    if (!found) return false;
    Chunk stored;
    Chunk* const old_row = Stored(&access_.row(), &stored);
    const RowId rid = access_.rid();
    bool changed = false;
    DRIFTDB_RETURN_IF_ERROR(writer_.Delete({&rid, 1}, old_row, &changed));
    if (changed && has_returning()) DRIFTDB_RETURN_IF_ERROR(Return(ToTableOrder(*old_row)));
    return EndRun();
  }

 private:
  Result<bool> Recheck(Chunk* newest, Chunk* values) override {
    return PointPasses(&recheck_filters_, ToTableOrder(*newest));
  }

  const sql::PhysicalDelete* const plan_;
  PointAccess access_;
  std::vector<expr::CompiledExpr> recheck_filters_;
};

}  // namespace

Result<std::unique_ptr<PointStatement>> MakePointInsert(const sql::PhysicalNode& root,
                                                        const sql::ExprList& values,
                                                        txn::Transaction* transaction,
                                                        expr::EvalContext* eval) {
  auto insert = std::make_unique<PointInsert>(root.As<sql::PhysicalInsert>(), transaction);
  DRIFTDB_RETURN_IF_ERROR(insert->Prepare(values, eval));
  return std::unique_ptr<PointStatement>(std::move(insert));
}

Result<std::unique_ptr<PointStatement>> MakePointModify(const sql::PhysicalNode& root,
                                                        const PointScan& scan,
                                                        txn::Transaction* transaction,
                                                        expr::EvalContext* eval) {
  if (const auto* plan = root.As<sql::PhysicalUpdate>()) {
    auto update = std::make_unique<PointUpdate>(plan, transaction);
    DRIFTDB_RETURN_IF_ERROR(update->Prepare(scan, eval));
    return std::unique_ptr<PointStatement>(std::move(update));
  }
  auto remove = std::make_unique<PointDelete>(root.As<sql::PhysicalDelete>(), transaction);
  DRIFTDB_RETURN_IF_ERROR(remove->Prepare(scan, eval));
  return std::unique_ptr<PointStatement>(std::move(remove));
}

}  // namespace driftdb::exec
