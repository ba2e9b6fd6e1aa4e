#include "exec/scan/table_scan_source.h"

#include "base/status_macros.h"
#include "expr/evaluator.h"

namespace driftdb::exec {

struct TableScanSource::Local final : LocalState {
  std::unique_ptr<storage::ScanCursor> cursor;
  std::vector<expr::CompiledExpr> residual;
  Chunk raw;
};

uint32_t TableScanSource::StorageOrdinal(uint32_t slot) const {
  return plan_->table->columns[plan_->columns[slot]].storage_ordinal;
}

Status TableScanSource::Prepare(QueryContext* context) {
  context_ = context;
  std::vector<bool> pushable;
  for (const uint32_t column : plan_->columns) pushable.push_back(column != sql::kRowIdColumn);
  DRIFTDB_ASSIGN_OR_RETURN(filters_, ScanFilters::Build(plan_->filters, pushable, context));
  storage::ScanOptions options;
  options.snapshot = context->snapshot;
  // Slots that only pushed filters read need not be materialised.
  std::vector<bool> needed(plan_->columns.size(), false);
  for (size_t slot = 0; slot < plan_->output_count; ++slot) needed[slot] = true;
  for (const expr::Expr* residual : filters_.residual) {
    expr::Walk(*residual, [&](const expr::Expr& node) {
      if (node.kind == expr::ExprKind::kSlot) needed[node.slot] = true;
      return true;
    });
  }
  slot_positions_.assign(plan_->columns.size(), SIZE_MAX);
  for (size_t slot = 0; slot < plan_->columns.size(); ++slot) {
    if (!needed[slot]) continue;
    if (plan_->columns[slot] == sql::kRowIdColumn) {
      options.row_ids = true;
      continue;
    }
    slot_positions_[slot] = options.columns.size();
    options.columns.push_back(StorageOrdinal(static_cast<uint32_t>(slot)));
  }
  for (size_t slot = 0; slot < plan_->columns.size(); ++slot) {
    if (plan_->columns[slot] == sql::kRowIdColumn) slot_positions_[slot] = options.columns.size();
  }
  for (const ScanFilters::Pushed& pushed : filters_.pushed) {
    options.predicates.push_back({StorageOrdinal(pushed.slot), pushed.predicate});
  }
  context->rows_total.fetch_add(plan_->table->data->approximate_rows(), std::memory_order_relaxed);
  platform::MutexLock lock(&mutex_);
  for (storage::ScanPredicate& predicate : early_) options.predicates.push_back(predicate);
  scan_ = std::make_unique<storage::TableScan>(plan_->table->data.get(), std::move(options));
  return OkStatus();
}

void TableScanSource::AddFilter(uint32_t column,
                                std::shared_ptr<const storage::ColumnPredicate> predicate) {
  const storage::ScanPredicate added{StorageOrdinal(column), std::move(predicate)};
  platform::MutexLock lock(&mutex_);
  if (scan_ == nullptr) {
    early_.push_back(added);
  } else {
    scan_->AddPredicate(added);
  }
}

size_t TableScanSource::max_threads() const {
  return filters_.never ? 1 : static_cast<size_t>(scan_->morsel_count());
}

Result<std::unique_ptr<LocalState>> TableScanSource::MakeLocal() {
  auto local = std::make_unique<Local>();
  local->cursor = std::make_unique<storage::ScanCursor>(scan_.get());
  for (const expr::Expr* residual : filters_.residual) {
    DRIFTDB_ASSIGN_OR_RETURN(expr::CompiledExpr compiled,
                             expr::CompiledExpr::Compile(*residual, context_->eval));
    local->residual.push_back(std::move(compiled));
  }
  return std::unique_ptr<LocalState>(std::move(local));
}

Result<bool> TableScanSource::Next(LocalState* state, Chunk* chunk) {
  auto* local = static_cast<Local*>(state);
  if (filters_.never) return false;
  NodeCounters* counters = context_->counter(node_id_);
  while (true) {
    DRIFTDB_RETURN_IF_ERROR(context_->CheckCancel());
    DRIFTDB_ASSIGN_OR_RETURN(const bool more, local->cursor->Next(&local->raw));
    if (!more) return false;
    if (counters != nullptr) {
      counters->rows_in.fetch_add(local->raw.row_count(), std::memory_order_relaxed);
    }
    context_->rows_done.fetch_add(local->raw.row_count(), std::memory_order_relaxed);
    std::vector<Vector>& columns = chunk->columns();
    columns.resize(plan_->columns.size());
    for (size_t slot = 0; slot < columns.size(); ++slot) {
      if (slot_positions_[slot] != SIZE_MAX)
        columns[slot] = local->raw.column(slot_positions_[slot]);
    }
    chunk->set_row_count(local->raw.row_count());
    chunk->set_selection(local->raw.shared_selection());
    for (expr::CompiledExpr& residual : local->residual) {
      auto passing = std::make_shared<Selection>();
      DRIFTDB_RETURN_IF_ERROR(residual.Filter(*chunk, passing.get()));
      chunk->set_selection(std::move(passing));
      if (chunk->size() == 0) break;
    }
    if (chunk->size() == 0) continue;
    columns.resize(plan_->output_count);
    return true;
  }
}

}  // namespace driftdb::exec
