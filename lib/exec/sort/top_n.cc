// TopN: each worker keeps candidates for the first limit + offset rows.
// Rows whose first key is above that of the worst row kept are dropped by their prefix alone; when
// enough have gathered, a selection (not a sort) halves them.
#include <algorithm>

#include "base/status_macros.h"
#include "exec/row/expression_columns.h"
#include "exec/row/key_hash.h"
#include "exec/row/row_store.h"
#include "exec/sort/sort.h"
#include "exec/sort/sort_key.h"
#include "exec/sort/sorted_rows.h"
#include "platform/mutex.h"

namespace driftdb::exec {

namespace {

struct TopNLocal : LocalState {
  ExpressionColumns columns;
  std::unique_ptr<RowStore> store;
  std::vector<uint8_t*> rows;
  uint64_t threshold = UINT64_MAX;  // prefixes above it are out
  size_t next_trim = 0;
  uint64_t prefixes[kVectorRows];
  uint16_t chosen[kVectorRows];
  uint8_t* targets[kVectorRows];
};

// Prefixes of the first key in output order: smaller comes first.
void TopNPrefixes(const RowOrderKey& key, const LogicalType& type, const VectorView& view,
                  const uint16_t* positions, size_t rows, uint64_t* to) {
  RowDispatch(type.physical(), [&]<typename T>() {
    const T* values = reinterpret_cast<const T*>(view.data);
    for (size_t i = 0; i < rows; ++i) {
      const size_t at = positions[i];
      if (!view.valid(at)) {
        to[i] = key.nulls_first ? 0 : UINT64_MAX;
      } else {
        const uint64_t prefix = SortPrefix(values[view.position(at)]);
        to[i] = key.descending ? ~prefix : prefix;
      }
    }
  });
}

}  // namespace

struct TopN::Impl {
  explicit Impl(TopNOptions given)
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

  uint64_t wanted() const {
    return options.limit > UINT64_MAX - options.offset ? UINT64_MAX
                                                       : options.limit + options.offset;
  }
  bool Less(const uint8_t* a, const uint8_t* b) const {
    const uint64_t x = RowLayout::Hash(a), y = RowLayout::Hash(b);
    return x != y ? x < y : input.order.Less(a, b);
  }
  bool Equal(const uint8_t* a, const uint8_t* b) const {
    return RowLayout::Hash(a) == RowLayout::Hash(b) && input.order.Compare(a, b) == 0;
  }
  Status Trim(TopNLocal* local);

  TopNOptions options;
  SortInput input;
  QueryContext* context = nullptr;
  platform::Mutex mutex;
  std::vector<std::unique_ptr<RowStore>> stores;  // guarded until Finish
  SortedRows result;
  SinkRole sink_role;
  SortedRowsSource source_role;
};

Result<std::unique_ptr<LocalState>> TopN::Impl::SinkRole::MakeLocal() {
  auto local = std::make_unique<TopNLocal>();
  DRIFTDB_ASSIGN_OR_RETURN(local->columns,
                           ExpressionColumns::Make(impl->input.exprs, impl->context->eval));
  local->store =
      std::make_unique<RowStore>(impl->input.layout.row_bytes(), impl->context->memory, "top-n");
  return local;
}

// Keeps the first wanted() rows (and, WITH TIES, their equals) in a fresh store.
Status TopN::Impl::Trim(TopNLocal* local) {
  const uint64_t keep = wanted();
  std::vector<uint8_t*>& rows = local->rows;
  if (rows.size() <= keep) return OkStatus();
  const auto last = rows.begin() + static_cast<ptrdiff_t>(keep - 1);
  std::nth_element(rows.begin(), last, rows.end(),
                   [&](const uint8_t* a, const uint8_t* b) { return Less(a, b); });
  const uint8_t* worst = *last;
  size_t kept = keep;
  if (options.with_ties) {
    const auto ties =
        std::partition(last + 1, rows.end(), [&](const uint8_t* row) { return Equal(row, worst); });
    kept = static_cast<size_t>(ties - rows.begin());
  }
  local->threshold = RowLayout::Hash(worst);
  auto store = std::make_unique<RowStore>(input.layout.row_bytes(), context->memory, "top-n");
  std::vector<uint8_t*> copies(kept);
  DRIFTDB_RETURN_IF_ERROR(store->Allocate(kept, copies.data()));
  for (size_t i = 0; i < kept; ++i) input.layout.CopyRow(rows[i], copies[i], store->heap());
  DRIFTDB_RETURN_IF_ERROR(store->Account());
  rows.swap(copies);
  local->store = std::move(store);
  return OkStatus();
}

Result<SinkResult> TopN::Impl::SinkRole::Consume(LocalState* local_state, Chunk* chunk) {
  auto* local = static_cast<TopNLocal*>(local_state);
  if (impl->options.limit == 0) return SinkResult::kDone;
  const SortInput& input = impl->input;
  const RowLayout& layout = input.layout;
  DRIFTDB_RETURN_IF_ERROR(local->columns.Evaluate(*chunk));
  const uint16_t* positions =
      chunk->selection() == nullptr ? RowIdentity() : chunk->selection()->rows();
  const size_t rows = chunk->size();
  const RowOrderKey& first = input.order.keys()[0];
  TopNPrefixes(first, layout.type(first.field), local->columns[0].View(chunk->row_count()),
               positions, rows, local->prefixes);
  size_t count = 0;
  for (size_t i = 0; i < rows; ++i) {
    local->chosen[count] = positions[i];
    local->prefixes[count] = local->prefixes[i];
    count += local->prefixes[i] <= local->threshold ? 1 : 0;
  }
  if (count == 0) return SinkResult::kMore;
  DRIFTDB_RETURN_IF_ERROR(local->store->Allocate(count, local->targets));
  for (size_t i = 0; i < count; ++i) {
    RowLayout::SetHash(local->targets[i], local->prefixes[i]);
    layout.InitRow(local->targets[i]);
  }
  for (size_t f = 0; f < layout.field_count(); ++f) {
    layout.Scatter(f, local->columns[f].View(chunk->row_count()), local->chosen, count,
                   local->targets, local->store->heap());
  }
  if (layout.has_strings()) DRIFTDB_RETURN_IF_ERROR(local->store->Account());
  local->rows.insert(local->rows.end(), local->targets, local->targets + count);
  const uint64_t wanted = impl->wanted();
  // Ties may exceed what is wanted for good: then the buffer doubles between trims.
  if (local->rows.size() > 4096 && local->rows.size() / 2 > wanted &&
      local->rows.size() >= local->next_trim) {
    DRIFTDB_RETURN_IF_ERROR(impl->Trim(local));
    local->next_trim = local->rows.size() * 2;
  }
  return SinkResult::kMore;
}

Status TopN::Impl::SinkRole::Combine(LocalState* local_state) {
  auto* local = static_cast<TopNLocal*>(local_state);
  if (impl->options.limit > 0) DRIFTDB_RETURN_IF_ERROR(impl->Trim(local));
  platform::MutexLock lock(&impl->mutex);
  impl->result.rows.insert(impl->result.rows.end(), local->rows.begin(), local->rows.end());
  impl->stores.push_back(std::move(local->store));
  return OkStatus();
}

Status TopN::Impl::SinkRole::Finish(QueryContext* context) {
  SortedRows& result = impl->result;
  for (auto& store : impl->stores) result.heaps->push_back(store->heap_holder());
  std::sort(result.rows.begin(), result.rows.end(),
            [&](const uint8_t* a, const uint8_t* b) { return impl->Less(a, b); });
  const size_t size = result.rows.size();
  result.begin = std::min<uint64_t>(impl->options.offset, size);
  result.end = std::min<uint64_t>(impl->wanted(), size);
  if (impl->options.limit == 0) result.end = result.begin;
  if (impl->options.with_ties && result.end > result.begin) {
    while (result.end < size && impl->Equal(result.rows[result.end], result.rows[result.end - 1])) {
      ++result.end;
    }
  }
  return OkStatus();
}

TopN::TopN(TopNOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
TopN::~TopN() = default;
void TopN::set_limits(uint64_t limit, uint64_t offset) {
  impl_->options.limit = limit;
  impl_->options.offset = offset;
}
Sink* TopN::sink() { return &impl_->sink_role; }
Source* TopN::source() { return &impl_->source_role; }

}  // namespace driftdb::exec
