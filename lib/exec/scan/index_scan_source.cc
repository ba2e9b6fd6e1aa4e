#include "exec/scan/index_scan_source.h"

#include <algorithm>

#include "base/status_macros.h"
#include "expr/evaluator.h"
#include "storage/btree/index_cursor.h"
#include "storage/table/table.h"

namespace driftdb::exec {

KeyEncoder MakeIndexEncoder(const catalog::TableEntry& table, const catalog::IndexEntry& index) {
  std::vector<KeyColumn> columns;
  for (const catalog::IndexColumn& column : index.columns) {
    columns.push_back({table.columns[column.column].type, column.descending, column.nulls_first});
  }
  return KeyEncoder(std::move(columns));
}

struct IndexScanSource::Local final : LocalState {
  std::unique_ptr<storage::IndexCursor> cursor;
  std::vector<expr::CompiledExpr> filters;
  bool done = false;
  Chunk fetched;
  std::vector<std::string> keys;  // entry keys of the batch
  std::vector<RowId> rids;
  KeyBatch row_keys;
};

Status IndexScanSource::Prepare(QueryContext* context) {
  context_ = context;
  encoder_ = MakeIndexEncoder(*plan_->table, *plan_->index);
  fetch_ordinals_.clear();
  fetch_types_.clear();
  key_positions_.clear();
  for (const uint32_t column : plan_->columns) {
    if (column == sql::kRowIdColumn) continue;
    fetch_ordinals_.push_back(plan_->table->columns[column].storage_ordinal);
    fetch_types_.push_back(plan_->table->columns[column].type);
  }
  for (const catalog::IndexColumn& column : plan_->index->columns) {
    const uint32_t ordinal = plan_->table->columns[column.column].storage_ordinal;
    const auto at = std::find(fetch_ordinals_.begin(), fetch_ordinals_.end(), ordinal);
    key_positions_.push_back(static_cast<size_t>(at - fetch_ordinals_.begin()));
    if (at == fetch_ordinals_.end()) {
      fetch_ordinals_.push_back(ordinal);
      fetch_types_.push_back(plan_->table->columns[column.column].type);
    }
  }
  return MakeRange();
}

Status IndexScanSource::MakeRange() {
  std::vector<Value> equal;
  empty_ = false;
  for (const expr::ExprPtr& bound : plan_->equal) {
    DRIFTDB_ASSIGN_OR_RETURN(Value value, expr::EvaluateConstant(*bound, context_->eval));
    if (value.is_null()) empty_ = true;
    equal.push_back(std::move(value));
  }
  Value lower, upper;
  const bool has_lower = plan_->lower != nullptr;
  const bool has_upper = plan_->upper != nullptr;
  if (has_lower) {
    DRIFTDB_ASSIGN_OR_RETURN(lower, expr::EvaluateConstant(*plan_->lower, context_->eval));
  }
  if (has_upper) {
    DRIFTDB_ASSIGN_OR_RETURN(upper, expr::EvaluateConstant(*plan_->upper, context_->eval));
  }
  if ((has_lower && lower.is_null()) || (has_upper && upper.is_null())) empty_ = true;
  if (empty_) return OkStatus();
  std::string prefix;
  DRIFTDB_RETURN_IF_ERROR(encoder_.Encode(equal.data(), equal.size(), &prefix));
  range_ = storage::KeyRange();
  // On a descending column the larger value has the smaller key.
  const bool descending =
      equal.size() < plan_->index->columns.size() && plan_->index->columns[equal.size()].descending;
  bool low_given = has_lower, high_given = has_upper;
  bool low_inclusive = plan_->lower_inclusive, high_inclusive = plan_->upper_inclusive;
  Value low_value = lower, high_value = upper;
  if (descending) {
    std::swap(low_given, high_given);
    std::swap(low_inclusive, high_inclusive);
    std::swap(low_value, high_value);
  }
  const auto encode = [&](const Value& value, std::string* key) {
    std::vector<Value> values = equal;
    values.push_back(value);
    return encoder_.Encode(values.data(), values.size(), key);
  };
  if (low_given) {
    std::string key;
    DRIFTDB_RETURN_IF_ERROR(encode(low_value, &key));
    low_ = low_inclusive ? key : KeyPrefixSuccessor(key);
  } else {
    low_ = prefix;
  }
  if (high_given) {
    std::string key;
    DRIFTDB_RETURN_IF_ERROR(encode(high_value, &key));
    high_ = high_inclusive ? KeyPrefixSuccessor(key) : key;
  } else {
    high_ = KeyPrefixSuccessor(prefix);
  }
  range_.low = low_;
  range_.has_low = !low_.empty();
  range_.high = high_;
  range_.has_high = !high_.empty();
  range_.low_inclusive = true;
  range_.high_inclusive = false;
  return OkStatus();
}

Result<std::unique_ptr<LocalState>> IndexScanSource::MakeLocal() {
  auto local = std::make_unique<Local>();
  local->done = empty_;
  if (!empty_) {
    DRIFTDB_ASSIGN_OR_RETURN(local->cursor, plan_->index->data->Scan(range_, plan_->backward));
  }
  for (const expr::ExprPtr& filter : plan_->filters) {
    DRIFTDB_ASSIGN_OR_RETURN(expr::CompiledExpr compiled,
                             expr::CompiledExpr::Compile(*filter, context_->eval));
    local->filters.push_back(std::move(compiled));
  }
  return std::unique_ptr<LocalState>(std::move(local));
}

Result<bool> IndexScanSource::FillBatch(Local* local) {
  local->keys.clear();
  local->rids.clear();
  local->fetched = Chunk(fetch_types_);
  storage::Table* table = plan_->table->data.get();
  while (local->rids.size() < kVectorRows && local->cursor->Valid()) {
    const RowId rid = local->cursor->rid();
    const size_t row = local->rids.size();
    DRIFTDB_ASSIGN_OR_RETURN(const bool visible,
                             table->Fetch(rid, context_->snapshot, fetch_ordinals_,
                                          local->fetched.columns().data(), row));
    if (visible) {
      local->keys.emplace_back(local->cursor->key());
      local->rids.push_back(rid);
    }
    DRIFTDB_RETURN_IF_ERROR(local->cursor->Next());
  }
  if (!local->cursor->Valid()) local->done = true;
  local->fetched.set_row_count(local->rids.size());
  return !local->rids.empty();
}

Result<bool> IndexScanSource::Next(LocalState* state, Chunk* chunk) {
  auto* local = static_cast<Local*>(state);
  while (!local->done) {
    DRIFTDB_RETURN_IF_ERROR(context_->CheckCancel());
    DRIFTDB_ASSIGN_OR_RETURN(const bool any, FillBatch(local));
    if (!any) continue;
    std::vector<Vector*> key_columns;
    for (const size_t position : key_positions_) {
      key_columns.push_back(&local->fetched.column(position));
    }
    DRIFTDB_RETURN_IF_ERROR(
        encoder_.EncodeRows(key_columns.data(), local->rids.size(), nullptr, &local->row_keys));
    auto selection = std::make_shared<Selection>();
    for (size_t row = 0; row < local->rids.size(); ++row) {
      if (local->row_keys[row] == local->keys[row]) selection->Append(row);  // IDX-1
    }
    std::vector<Vector>& columns = chunk->columns();
    columns.clear();
    size_t next = 0;
    for (const uint32_t column : plan_->columns) {
      if (column != sql::kRowIdColumn) {
        columns.push_back(local->fetched.column(next++));
        continue;
      }
      Vector rids(TypeId::kInt64, kVectorRows);
      for (size_t row = 0; row < local->rids.size(); ++row) {
        rids.data<int64_t>()[row] = static_cast<int64_t>(local->rids[row].value);
      }
      columns.push_back(std::move(rids));
    }
    chunk->set_row_count(local->rids.size());
    chunk->set_selection(std::move(selection));
    for (expr::CompiledExpr& filter : local->filters) {
      if (chunk->size() == 0) break;
      auto passing = std::make_shared<Selection>();
      DRIFTDB_RETURN_IF_ERROR(filter.Filter(*chunk, passing.get()));
      chunk->set_selection(std::move(passing));
    }
    if (chunk->size() == 0) continue;
    columns.resize(plan_->output_count);
    return true;
  }
  return false;
}

}  // namespace driftdb::exec
