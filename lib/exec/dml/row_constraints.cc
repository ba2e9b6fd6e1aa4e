#include "exec/dml/row_constraints.h"

#include "base/error.h"
#include "base/status_macros.h"
#include "storage/table/table.h"
#include "types/text_format.h"

namespace driftdb::exec {

Result<RowConstraints> RowConstraints::Make(const catalog::TableEntry* table,
                                            const std::vector<expr::ExprPtr>& checks,
                                            const std::vector<std::string>& names,
                                            expr::EvalContext* eval) {
  RowConstraints constraints;
  constraints.table_ = table;
  constraints.names_ = &names;
  for (const expr::ExprPtr& check : checks) {
    DRIFTDB_ASSIGN_OR_RETURN(expr::CompiledExpr compiled,
                             expr::CompiledExpr::Compile(*check, eval));
    constraints.checks_.push_back(std::move(compiled));
  }
  return constraints;
}

expr::ExprPtr OverTableSlots(const expr::Expr& bound) {
  expr::ExprPtr slotted = bound.Clone();
  expr::Rewrite(slotted, [](expr::ExprPtr& node) {
    if (node->kind != expr::ExprKind::kColumn) return;
    node = expr::MakeSlot(node->column.column_index, node->type, node->name);
  });
  return slotted;
}

std::string RowText(const Chunk& rows, size_t row) {
  std::string text = "(";
  for (size_t c = 0; c < rows.column_count(); ++c) {
    if (c > 0) text += ", ";
    const Value value = rows.column(c).GetValue(row);
    text += value.is_null() ? "null" : FormatValue(value);
  }
  return text + ")";
}

Status RowConstraints::CheckNotNull(const Chunk& rows) const {
  for (size_t c = 0; c < table_->columns.size(); ++c) {
    if (!table_->columns[c].not_null) continue;
    const Vector& column = rows.column(c);
    if (column.kind() == VectorKind::kFlat && column.validity() == nullptr) continue;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (!column.IsNull(rows.row(i))) continue;
      return Error(sqlstate::kNotNullViolation,
                   "null value in column \"{}\" of relation \"{}\" violates not-null constraint",
                   table_->columns[c].name, table_->name)
          .WithDetail("Failing row contains " + RowText(rows, rows.row(i)) + ".")
          .WithTable(table_->name)
          .WithColumn(table_->columns[c].name);
    }
  }
  return OkStatus();
}

Status RowConstraints::Check(const Chunk& rows) {
  DRIFTDB_RETURN_IF_ERROR(CheckNotNull(rows));
  for (size_t k = 0; k < checks_.size(); ++k) {
    Vector result(TypeId::kBoolean);
    DRIFTDB_RETURN_IF_ERROR(checks_[k].Evaluate(rows, &result));
    const VectorView view = result.View(rows.row_count());
    for (size_t i = 0; i < rows.size(); ++i) {
      const size_t row = rows.row(i);
      if (!view.valid(row) || view.value<uint8_t>(row) != 0) continue;  // NULL satisfies a CHECK
      return Error(sqlstate::kCheckViolation,
                   "new row for relation \"{}\" violates check constraint \"{}\"", table_->name,
                   (*names_)[k])
          .WithDetail("Failing row contains " + RowText(rows, row) + ".")
          .WithTable(table_->name)
          .WithConstraint((*names_)[k]);
    }
  }
  return OkStatus();
}

Chunk ToStorageOrder(const catalog::TableEntry& table, const Chunk& rows) {
  const auto schema = table.data->schema();
  Chunk stored;
  for (const storage::TableColumn& column : schema->columns) {
    stored.columns().emplace_back(column.type);
  }
  std::vector<bool> filled(schema->columns.size(), false);
  for (size_t c = 0; c < table.columns.size(); ++c) {
    stored.column(table.columns[c].storage_ordinal).Refer(rows.column(c));
    filled[table.columns[c].storage_ordinal] = true;
  }
  for (size_t ordinal = 0; ordinal < filled.size(); ++ordinal) {
    if (!filled[ordinal]) stored.column(ordinal).SetConstantNull();
  }
  stored.set_row_count(rows.row_count());
  stored.set_selection(rows.shared_selection());
  return stored;
}

}  // namespace driftdb::exec
