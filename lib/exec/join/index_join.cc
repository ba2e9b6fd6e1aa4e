#include "exec/join/index_join.h"

#include <algorithm>

#include "base/status_macros.h"
#include "exec/scan/index_scan_source.h"
#include "expr/evaluator.h"
#include "expr/predicate.h"
#include "storage/btree/index_cursor.h"
#include "storage/table/table.h"

namespace driftdb::exec {

struct IndexJoinOperator::Local final : LocalState {
  expr::ExpressionList keys;
  std::vector<expr::CompiledExpr> residual;
  std::vector<Vector> key_values;
  bool started = false;
  size_t next_row = 0;  // of the alive input rows
  // Candidates of the row in work; some may be left for the next call.
  bool looked_up = false;
  bool matched = false;
  std::vector<RowId> candidates;
  size_t next_candidate = 0;
};

// Rows of one output chunk in the making.
struct IndexJoinOperator::Batch {
  explicit Batch(const std::vector<LogicalType>& types) : right(types) {}
  Chunk right;
  std::vector<uint16_t> left_rows;
  std::vector<bool> missing;  // no right row: NULLs
  bool full() const { return left_rows.size() == kVectorRows; }
  void Add(size_t row, bool without_right) {
    left_rows.push_back(static_cast<uint16_t>(row));
    missing.push_back(without_right);
  }
};

Status IndexJoinOperator::Prepare(QueryContext* context) {
  context_ = context;
  encoder_ = MakeIndexEncoder(*plan_->table, *plan_->index);
  fetch_ordinals_.clear();
  fetch_types_.clear();
  key_positions_.clear();
  right_positions_.clear();
  for (const uint32_t column : plan_->columns) {
    right_positions_.push_back(column == sql::kRowIdColumn ? SIZE_MAX : fetch_ordinals_.size());
    if (column == sql::kRowIdColumn) continue;
    fetch_ordinals_.push_back(plan_->table->columns[column].storage_ordinal);
    fetch_types_.push_back(plan_->table->columns[column].type);
  }
  for (size_t k = 0; k < plan_->keys.size(); ++k) {
    const catalog::ColumnEntry& column = plan_->table->columns[plan_->index->columns[k].column];
    const auto at =
        std::find(fetch_ordinals_.begin(), fetch_ordinals_.end(), column.storage_ordinal);
    key_positions_.push_back(static_cast<size_t>(at - fetch_ordinals_.begin()));
    if (at == fetch_ordinals_.end()) {
      fetch_ordinals_.push_back(column.storage_ordinal);
      fetch_types_.push_back(column.type);
    }
  }
  // Row ids come behind what is fetched.
  for (size_t& position : right_positions_) {
    if (position != SIZE_MAX) continue;
    position = fetch_types_.size();
    fetch_types_.push_back(TypeId::kInt64);
  }
  return OkStatus();
}

Result<std::unique_ptr<LocalState>> IndexJoinOperator::MakeLocal() {
  auto local = std::make_unique<Local>();
  std::vector<const expr::Expr*> keys;
  for (const expr::ExprPtr& key : plan_->keys) {
    keys.push_back(key.get());
    local->key_values.emplace_back(key->type);
  }
  DRIFTDB_ASSIGN_OR_RETURN(local->keys, expr::ExpressionList::Compile(keys, context_->eval));
  for (const expr::ExprPtr& residual : plan_->residual) {
    DRIFTDB_ASSIGN_OR_RETURN(expr::CompiledExpr compiled,
                             expr::CompiledExpr::Compile(*residual, context_->eval));
    local->residual.push_back(std::move(compiled));
  }
  return std::unique_ptr<LocalState>(std::move(local));
}

Status IndexJoinOperator::LookUp(Local* local, size_t row) {
  local->candidates.clear();
  local->next_candidate = 0;
  local->matched = false;
  local->looked_up = true;
  std::vector<Value> values;
  for (const Vector& key : local->key_values) {
    values.push_back(key.GetValue(row));
    if (values.back().is_null()) return OkStatus();  // equal to nothing
  }
  std::string prefix, successor;
  DRIFTDB_RETURN_IF_ERROR(encoder_.Encode(values.data(), values.size(), &prefix));
  const storage::KeyRange range = storage::KeyRange::Prefix(prefix, &successor);
  DRIFTDB_ASSIGN_OR_RETURN(const auto cursor, plan_->index->data->Scan(range, false));
  while (cursor->Valid()) {
    local->candidates.push_back(cursor->rid());
    DRIFTDB_RETURN_IF_ERROR(cursor->Next());
  }
  std::sort(local->candidates.begin(), local->candidates.end());
  local->candidates.erase(std::unique(local->candidates.begin(), local->candidates.end()),
                          local->candidates.end());
  return OkStatus();
}

// Fetches the next candidate into the batch's next right row and judges it: key and residual.
Result<bool> IndexJoinOperator::Matches(Local* local, const Chunk& input, size_t row,
                                        Batch* batch) {
  const RowId rid = local->candidates[local->next_candidate++];
  const size_t at = batch->left_rows.size();
  DRIFTDB_ASSIGN_OR_RETURN(const bool visible,
                           plan_->table->data->Fetch(rid, context_->snapshot, fetch_ordinals_,
                                                     batch->right.columns().data(), at));
  if (!visible) return false;
  for (size_t c = fetch_ordinals_.size(); c < fetch_types_.size(); ++c) {
    batch->right.column(c).SetValue(at, Value::Int64(static_cast<int64_t>(rid.value)));
  }
  for (size_t k = 0; k < key_positions_.size(); ++k) {
    // By value: the key may be text where the column is varchar(n).
    const Value have = batch->right.column(key_positions_[k]).GetValue(at);
    if (have.is_null()) return false;
    if (expr::CompareValues(have, local->key_values[k].GetValue(row)) != 0) return false;  // IJ-1
  }
  if (local->residual.empty()) return true;
  Chunk pair;
  const auto add = [&pair](const Vector& column, size_t position) {
    Vector one(column.type(), 1);
    one.SetValue(0, column.GetValue(position));
    pair.columns().push_back(std::move(one));
  };
  for (const Vector& column : input.columns()) add(column, row);
  for (size_t c = 0; c < plan_->columns.size(); ++c)
    add(batch->right.column(right_positions_[c]), at);
  pair.set_row_count(1);
  for (expr::CompiledExpr& residual : local->residual) {
    Selection passing;
    DRIFTDB_RETURN_IF_ERROR(residual.Filter(pair, &passing));
    if (passing.size() == 0) return false;
  }
  return true;
}

// Works on one probe row until it is done or the batch is full.
Status IndexJoinOperator::ProbeRow(Local* local, const Chunk& input, size_t row, Batch* batch) {
  if (!local->looked_up) DRIFTDB_RETURN_IF_ERROR(LookUp(local, row));
  const bool existence =
      plan_->type == sql::PhysicalJoinType::kSemi || plan_->type == sql::PhysicalJoinType::kAnti;
  while (local->next_candidate < local->candidates.size() && !batch->full()) {
    DRIFTDB_ASSIGN_OR_RETURN(const bool matches, Matches(local, input, row, batch));
    if (!matches) continue;
    local->matched = true;
    if (existence) {
      local->next_candidate = local->candidates.size();
    } else {
      batch->Add(row, false);
    }
  }
  if (local->next_candidate < local->candidates.size() || batch->full()) return OkStatus();
  const bool alone =
      plan_->type == sql::PhysicalJoinType::kSemi ? local->matched
      : plan_->type == sql::PhysicalJoinType::kAnti || plan_->type == sql::PhysicalJoinType::kLeft
          ? !local->matched
          : false;
  if (alone) batch->Add(row, true);
  local->looked_up = false;
  ++local->next_row;
  return OkStatus();
}

Status IndexJoinOperator::Emit(Local* local, const Chunk& input, Batch* batch, Chunk* output) {
  const size_t count = batch->left_rows.size();
  const size_t left_columns = input.column_count();
  output->columns().clear();
  for (const uint32_t slot : plan_->output) {
    if (slot < left_columns) {
      Vector gathered(input.column(slot).type());
      gathered.Slice(input.column(slot), batch->left_rows.data(), count);
      output->columns().push_back(std::move(gathered));
      continue;
    }
    Vector& column = batch->right.column(right_positions_[slot - left_columns]);
    for (size_t i = 0; i < count; ++i) {
      if (batch->missing[i]) column.SetNull(i);
    }
    output->columns().push_back(column);
  }
  output->set_row_count(count);
  output->set_selection(nullptr);
  return OkStatus();
}

Result<OperatorResult> IndexJoinOperator::Execute(LocalState* state, Chunk* input, Chunk* output) {
  auto* local = static_cast<Local*>(state);
  if (!local->started) {
    DRIFTDB_RETURN_IF_ERROR(local->keys.Evaluate(*input, local->key_values.data()));
    local->started = true;
    local->next_row = 0;
    local->looked_up = false;
  }
  Batch batch(fetch_types_);
  while (!batch.full() && local->next_row < input->size()) {
    DRIFTDB_RETURN_IF_ERROR(ProbeRow(local, *input, input->row(local->next_row), &batch));
  }
  DRIFTDB_RETURN_IF_ERROR(Emit(local, *input, &batch, output));
  if (local->next_row < input->size()) return OperatorResult::kHaveMore;
  local->started = false;
  return OperatorResult::kNeedInput;
}

}  // namespace driftdb::exec
