#include "exec/sort/sort.h"

#include <algorithm>

#include "base/status_macros.h"
#include "exec/row/expression_columns.h"
#include "exec/row/key_hash.h"
#include "exec/row/row_store.h"
#include "exec/sort/row_sorter.h"
#include "exec/sort/sort_key.h"
#include "exec/sort/sorted_rows.h"
#include "platform/mutex.h"

namespace driftdb::exec {

namespace {

struct SortSinkLocal : LocalState {
  ExpressionColumns columns;
  std::unique_ptr<RowStore> rows;
  uint8_t* targets[kVectorRows];
};

}  // namespace

struct Sort::Impl {
  explicit Impl(SortOptions given)
      : options(std::move(given)),
        input(options.types, options.keys),
        sink_role(this),
        source_role(&input, &result) {}

  struct SinkRole : Sink {
    explicit SinkRole(Impl* owner) : impl(owner) {}
    Status Prepare(QueryContext* context) override {
      impl->context = context;
      return OkStatus();
    }
    Result<std::unique_ptr<LocalState>> MakeLocal() override;
    Result<SinkResult> Consume(LocalState* local, Chunk* chunk) override;
    Status Combine(LocalState* local) override;
    Status Finish(QueryContext* context) override;
    Impl* const impl;
  };

  SortOptions options;
  SortInput input;
  QueryContext* context = nullptr;
  platform::Mutex mutex;
  std::vector<std::unique_ptr<RowStore>> stores;  // guarded until Finish
  MemoryReservation pointers;
  SortedRows result;
  SinkRole sink_role;
  SortedRowsSource source_role;
};

Result<std::unique_ptr<LocalState>> Sort::Impl::SinkRole::MakeLocal() {
  auto local = std::make_unique<SortSinkLocal>();
  DRIFTDB_ASSIGN_OR_RETURN(local->columns,
                           ExpressionColumns::Make(impl->input.exprs, impl->context->eval));
  local->rows =
      std::make_unique<RowStore>(impl->input.layout.row_bytes(), impl->context->memory, "sort");
  return local;
}

Result<SinkResult> Sort::Impl::SinkRole::Consume(LocalState* local_state, Chunk* chunk) {
  auto* local = static_cast<SortSinkLocal*>(local_state);
  const RowLayout& layout = impl->input.layout;
  DRIFTDB_RETURN_IF_ERROR(local->columns.Evaluate(*chunk));
  const uint16_t* positions =
      chunk->selection() == nullptr ? RowIdentity() : chunk->selection()->rows();
  const size_t rows = chunk->size();
  DRIFTDB_RETURN_IF_ERROR(local->rows->Allocate(rows, local->targets));
  for (size_t i = 0; i < rows; ++i) layout.InitRow(local->targets[i]);
  for (size_t f = 0; f < layout.field_count(); ++f) {
    layout.Scatter(f, local->columns[f].View(chunk->row_count()), positions, rows, local->targets,
                   local->rows->heap());
  }
  if (layout.has_strings()) DRIFTDB_RETURN_IF_ERROR(local->rows->Account());
  return SinkResult::kMore;
}

Status Sort::Impl::SinkRole::Combine(LocalState* local) {
  platform::MutexLock lock(&impl->mutex);
  impl->stores.push_back(std::move(static_cast<SortSinkLocal*>(local)->rows));
  return OkStatus();
}

Status Sort::Impl::SinkRole::Finish(QueryContext* context) {
  std::vector<RowStore*> stores;
  size_t bytes = 0;
  for (auto& store : impl->stores) {
    stores.push_back(store.get());
    impl->result.heaps->push_back(store->heap_holder());
    bytes += store->MemoryBytes();
  }
  RowSorter sorter(&impl->input.layout, &impl->input.order);
  DRIFTDB_RETURN_IF_ERROR(sorter.Sort(context, stores, &impl->result.rows));
  impl->result.end = impl->result.rows.size();
  if (NodeCounters* counters = context->counter(impl->options.node_id); counters != nullptr) {
    counters->bytes.store(bytes, std::memory_order_relaxed);
  }
  impl->pointers = MemoryReservation(context->memory, "sort");
  return impl->pointers.Resize(impl->result.rows.size() * sizeof(uint8_t*));
}

Sort::Sort(SortOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Sort::~Sort() = default;
Sink* Sort::sink() { return &impl_->sink_role; }
Source* Sort::source() { return &impl_->source_role; }

}  // namespace driftdb::exec
