#include "exec/point/point_access.h"

#include <algorithm>

#include "base/error.h"
#include "base/status_macros.h"
#include "exec/scan/index_scan_source.h"
#include "storage/table/hot_chunk.h"
#include "storage/table/table.h"
#include "txn/row_codec.h"

namespace driftdb::exec {

namespace {

bool PointIsInteger(PhysicalType type) {
  return type == PhysicalType::kInt16 || type == PhysicalType::kInt32 ||
         type == PhysicalType::kInt64;
}

int64_t PointLoadInteger(const Vector& vector) {
  switch (vector.type().physical()) {
    case PhysicalType::kInt16:
      return vector.data<int16_t>()[0];
    case PhysicalType::kInt32:
      return vector.data<int32_t>()[0];
    default:
      return vector.data<int64_t>()[0];
  }
}

}  // namespace

PointValue::Kind PointValue::KindOf(const expr::Expr& expression) {
  if (expression.kind == expr::ExprKind::kConstant) return Kind::kConstant;
  if (expression.kind == expr::ExprKind::kParameter) return Kind::kParameter;
  if (expression.kind != expr::ExprKind::kCast || expression.type.id != TypeId::kVarchar) {
    return Kind::kComputed;
  }
  const expr::Expr& from = *expression.children[0];
  const bool is_text = from.type.id == TypeId::kText || from.type.id == TypeId::kVarchar;
  return from.kind == expr::ExprKind::kParameter && is_text ? Kind::kVarcharParameter
                                                            : Kind::kComputed;
}

Result<PointValue> PointValue::Make(const expr::Expr& expression, expr::EvalContext* eval) {
  PointValue value;
  value.eval_ = eval;
  value.position_ = expression.position;
  value.kind_ = KindOf(expression);
  if (value.kind_ == Kind::kConstant) value.value_ = expression.value;
  if (value.kind_ == Kind::kParameter) value.parameter_ = expression.parameter;
  if (value.kind_ == Kind::kVarcharParameter) {
    value.parameter_ = expression.children[0]->parameter;
    value.length_ = expression.type.length;
  }
  if (value.kind_ == Kind::kVarcharParameter || value.kind_ == Kind::kComputed) {
    DRIFTDB_ASSIGN_OR_RETURN(value.compiled_, expr::CompiledExpr::Compile(expression, eval));
  }
  return value;
}

Result<const Value*> PointValue::Parameter() const {
  const Value* value = eval_->Parameter(parameter_);
  if (value != nullptr) return value;
  return Error(sqlstate::kUndefinedParameter, "there is no parameter ${}", parameter_ + 1)
      .At(position_);
}

Result<const Value*> PointValue::Compute() {
  DRIFTDB_ASSIGN_OR_RETURN(value_, compiled_.EvaluateRow({}));
  return &value_;
}

Result<const Value*> PointValue::Get() {
  switch (kind_) {
    case Kind::kConstant:
      return &value_;
    case Kind::kParameter:
      return Parameter();
    case Kind::kVarcharParameter: {
      DRIFTDB_ASSIGN_OR_RETURN(const Value* const value, Parameter());
      // No more bytes than characters allowed: the cast would change nothing.
      const bool fits = value->is_null() || length_ == 0 || value->string().size() <= length_;
      return fits ? Result<const Value*>(value) : Compute();
    }
    case Kind::kComputed:
      return Compute();
  }
  return InternalError("unknown kind of value");
}

void StorePointValue(const Vector& from, size_t row, Vector* to) {
  int64_t scratch;
  const uint8_t* bytes = txn::LocateValue(from, row, &scratch);
  to->AllocateFlat(1);
  storage::StorePhysical(to, 0, bytes);
}

bool PointAccess::Covers(const sql::PhysicalIndexScan& scan) {
  if (!scan.index->unique || scan.equal.size() != scan.index->columns.size()) return false;
  if (scan.lower != nullptr || scan.upper != nullptr) return false;
  for (size_t i = 0; i < scan.equal.size(); ++i) {
    const LogicalType& type = scan.table->columns[scan.index->columns[i].column].type;
    if (scan.equal[i]->type.physical() != type.physical()) return false;
  }
  return true;
}

Status PointAccess::Prepare(const PointScan& scan, expr::EvalContext* eval) {
  scan_ = scan.scan;
  const catalog::TableEntry& table = *scan_->table;
  encoder_ = MakeIndexEncoder(table, *scan_->index);
  std::vector<Vector>& columns = row_.columns();
  for (const uint32_t column : scan.columns) {
    ordinals_.push_back(table.columns[column].storage_ordinal);
    columns.emplace_back(table.columns[column].type, 1);
  }
  for (const catalog::IndexColumn& column : scan_->index->columns) {
    const uint32_t ordinal = table.columns[column.column].storage_ordinal;
    const auto at = std::find(ordinals_.begin(), ordinals_.end(), ordinal);
    key_positions_.push_back(static_cast<size_t>(at - ordinals_.begin()));
    if (at != ordinals_.end()) continue;
    ordinals_.push_back(ordinal);
    columns.emplace_back(table.columns[column.column].type, 1);
  }
  row_.set_row_count(1);
  for (const size_t position : key_positions_) key_columns_.push_back(&row_.column(position));
  integer_key_ = key_positions_.size() == 1 && PointIsInteger(key_columns_[0]->type().physical());
  for (const expr::ExprPtr& value : scan_->equal) {
    DRIFTDB_ASSIGN_OR_RETURN(PointValue made, PointValue::Make(*value, eval));
    key_values_.push_back(std::move(made));
  }
  key_copies_.resize(key_values_.size());
  for (const expr::ExprPtr& filter : scan.filters) {
    DRIFTDB_ASSIGN_OR_RETURN(expr::CompiledExpr compiled,
                             expr::CompiledExpr::Compile(*filter, eval));
    filters_.push_back(std::move(compiled));
  }
  return OkStatus();
}

Result<bool> PointAccess::EncodeKey() {
  const Value* values = nullptr;
  for (size_t i = 0; i < key_values_.size(); ++i) {
    DRIFTDB_ASSIGN_OR_RETURN(const Value* const value, key_values_[i].Get());
    // Every bound is computed, whatever the others are: one that fails is an error (E1).
    if (key_values_.size() == 1) {
      values = value;
    } else {
      key_copies_[i] = *value;
      values = key_copies_.data();
    }
  }
  for (size_t i = 0; i < key_values_.size(); ++i) {
    if (values[i].is_null()) return false;
  }
  if (integer_key_) {
    const int64_t key = values[0].int64();
    key_.resize(encoder_.fixed_bytes());
    encoder_.EncodeIntegers(&key, key_.data());
    return true;
  }
  DRIFTDB_RETURN_IF_ERROR(encoder_.Encode(values, key_values_.size(), &key_));
  return true;
}

Result<bool> PointAccess::Matches() {
  if (integer_key_) {
    if (key_columns_[0]->IsNull(0)) return false;
    const int64_t key = PointLoadInteger(*key_columns_[0]);
    char bytes[16];
    encoder_.EncodeIntegers(&key, bytes);
    if (key_ != std::string_view(bytes, encoder_.fixed_bytes())) return false;
  } else {
    DRIFTDB_RETURN_IF_ERROR(encoder_.EncodeRows(key_columns_.data(), 1, nullptr, &row_key_));
    if (row_key_[0] != key_) return false;
  }
  for (expr::CompiledExpr& filter : filters_) {
    Selection passing;
    DRIFTDB_RETURN_IF_ERROR(filter.Filter(row_, &passing));
    if (passing.size() == 0) return false;
  }
  return true;
}

Result<bool> PointAccess::Find(const Snapshot& snapshot) {
  DRIFTDB_ASSIGN_OR_RETURN(const bool possible, EncodeKey());
  if (!possible) return false;
  candidates_.Clear();
  DRIFTDB_RETURN_IF_ERROR(scan_->index->data->Lookup(key_, &candidates_));
  storage::Table* const table = scan_->table->data.get();
  for (const storage::RowIdBuffer::Item& candidate : candidates_) {
    for (Vector& column : row_.columns()) column.AllocateFlat(1);
    DRIFTDB_ASSIGN_OR_RETURN(const bool visible, table->Fetch(candidate.rid, snapshot, ordinals_,
                                                              row_.columns().data(), 0));
    if (!visible) continue;
    DRIFTDB_ASSIGN_OR_RETURN(const bool matches, Matches());
    if (!matches) continue;
    rid_ = candidate.rid;
    return true;
  }
  return false;
}

}  // namespace driftdb::exec
