#include "exec/materialize/materialize.h"

#include <algorithm>
#include <atomic>

#include "base/status_macros.h"
#include "platform/mutex.h"

namespace driftdb::exec {

namespace {

struct MaterializeSinkLocal : LocalState {
  ChunkCollection rows;
};

class CollectionSource : public Source {
 public:
  explicit CollectionSource(const ChunkCollection* rows) : rows_(rows) {}
  Status Prepare(QueryContext* context) override {
    next_.store(0);
    return OkStatus();
  }
  size_t max_threads() const override { return std::max<size_t>(1, rows_->chunk_count() / 4); }
  Result<std::unique_ptr<LocalState>> MakeLocal() override {
    return std::make_unique<LocalState>();
  }
  Result<bool> Next(LocalState* local, Chunk* chunk) override {
    const size_t i = next_.fetch_add(1, std::memory_order_relaxed);
    if (i >= rows_->chunk_count()) return false;
    rows_->Refer(i, chunk);
    return true;
  }

 private:
  const ChunkCollection* const rows_;
  std::atomic<size_t> next_{0};
};

}  // namespace

std::unique_ptr<Source> MakeCollectionSource(const ChunkCollection* rows) {
  return std::make_unique<CollectionSource>(rows);
}

struct Materialize::Impl {
  explicit Impl(MaterializeOptions given) : options(std::move(given)), sink_role(this) {}
  struct SinkRole : Sink {
    explicit SinkRole(Impl* owner) : impl(owner) {}
    Status Prepare(QueryContext* context) override;
    bool parallel() const override { return impl->options.parallel; }
    Result<std::unique_ptr<LocalState>> MakeLocal() override;
    Result<SinkResult> Consume(LocalState* local, Chunk* chunk) override;
    Status Combine(LocalState* local) override;
    Status Finish(QueryContext* context) override;
    Impl* const impl;
  };
  MaterializeOptions options;
  QueryContext* context = nullptr;
  platform::Mutex mutex;
  ChunkCollection rows;  // guarded until Finish
  SinkRole sink_role;
};

Status Materialize::Impl::SinkRole::Prepare(QueryContext* context) {
  impl->context = context;
  impl->rows = ChunkCollection(impl->options.types, context->memory, "materialized rows");
  return OkStatus();
}

Result<std::unique_ptr<LocalState>> Materialize::Impl::SinkRole::MakeLocal() {
  auto local = std::make_unique<MaterializeSinkLocal>();
  local->rows = ChunkCollection(impl->options.types, impl->context->memory, "materialized rows");
  return local;
}

Result<SinkResult> Materialize::Impl::SinkRole::Consume(LocalState* local, Chunk* chunk) {
  DRIFTDB_RETURN_IF_ERROR(static_cast<MaterializeSinkLocal*>(local)->rows.Append(*chunk));
  return SinkResult::kMore;
}

Status Materialize::Impl::SinkRole::Combine(LocalState* local) {
  platform::MutexLock lock(&impl->mutex);
  impl->rows.MergeFrom(&static_cast<MaterializeSinkLocal*>(local)->rows);
  return OkStatus();
}

Status Materialize::Impl::SinkRole::Finish(QueryContext* context) {
  if (NodeCounters* counters = context->counter(impl->options.node_id); counters != nullptr) {
    counters->bytes.store(impl->rows.MemoryBytes(), std::memory_order_relaxed);
  }
  return OkStatus();
}

Materialize::Materialize(MaterializeOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}
Materialize::~Materialize() = default;
Sink* Materialize::sink() { return &impl_->sink_role; }
std::unique_ptr<Source> Materialize::MakeSource() { return MakeCollectionSource(&impl_->rows); }
ChunkCollection& Materialize::rows() { return impl_->rows; }

}  // namespace driftdb::exec
