#include "exec/aggregate/aggregate.h"

#include <algorithm>

#include "base/check.h"
#include "base/status_macros.h"
#include "exec/aggregate/aggregate_merge.h"
#include "exec/aggregate/aggregate_worker.h"
#include "exec/row/row_slices.h"
#include "platform/mutex.h"

namespace driftdb::exec {

namespace {

struct AggregateSinkLocal : LocalState {
  std::unique_ptr<AggregateWorker> worker;
};

struct AggregateSourceLocal : LocalState {
  RowSliceReader reader;
};

}  // namespace

struct Aggregate::Impl {
  explicit Impl(AggregateOptions given)
      : options(std::move(given)), sink_role(this), source_role(this) {}

  struct SinkRole : Sink {
    explicit SinkRole(Impl* owner) : impl(owner) {}
    Status Prepare(QueryContext* context) override;
    Result<std::unique_ptr<LocalState>> MakeLocal() override;
    Result<SinkResult> Consume(LocalState* local, Chunk* chunk) override;
    Status Combine(LocalState* local) override;
    Status Finish(QueryContext* context) override;
    Impl* const impl;
  };
  struct SourceRole : Source {
    explicit SourceRole(Impl* owner) : impl(owner) {}
    Status Prepare(QueryContext* context) override;
    size_t max_threads() const override { return std::max<size_t>(1, impl->slices.size()); }
    Result<std::unique_ptr<LocalState>> MakeLocal() override;
    Result<bool> Next(LocalState* local, Chunk* chunk) override;
    Impl* const impl;
  };

  AggregateOptions options;
  std::unique_ptr<AggregatePlan> plan;
  QueryContext* context = nullptr;
  platform::Mutex mutex;
  std::vector<std::unique_ptr<AggregateWorker>> workers;  // guarded until Finish
  AggregateMerge::Output merged;
  MemoryReservation pointers;
  RowSlices slices;
  // All heaps that output strings may lie in.
  std::shared_ptr<std::vector<std::shared_ptr<const void>>> heaps;
  SinkRole sink_role;
  SourceRole source_role;
};

Status Aggregate::Impl::SinkRole::Prepare(QueryContext* context) {
  impl->context = context;
  if (impl->plan != nullptr) return OkStatus();
  DRIFTDB_ASSIGN_OR_RETURN(impl->plan, AggregatePlan::Make(impl->options));
  return OkStatus();
}

Result<std::unique_ptr<LocalState>> Aggregate::Impl::SinkRole::MakeLocal() {
  auto local = std::make_unique<AggregateSinkLocal>();
  DRIFTDB_ASSIGN_OR_RETURN(local->worker, AggregateWorker::Make(impl->plan.get(), impl->context,
                                                                impl->options.estimated_groups));
  return local;
}

Result<SinkResult> Aggregate::Impl::SinkRole::Consume(LocalState* local, Chunk* chunk) {
  DRIFTDB_RETURN_IF_ERROR(static_cast<AggregateSinkLocal*>(local)->worker->Consume(*chunk));
  return SinkResult::kMore;
}

Status Aggregate::Impl::SinkRole::Combine(LocalState* local) {
  platform::MutexLock lock(&impl->mutex);
  impl->workers.push_back(std::move(static_cast<AggregateSinkLocal*>(local)->worker));
  return OkStatus();
}

Status Aggregate::Impl::SinkRole::Finish(QueryContext* context) {
  AggregateMerge merge(impl->plan.get(), context, &impl->workers);
  DRIFTDB_RETURN_IF_ERROR(merge.Run(&impl->merged));
  impl->heaps = std::make_shared<std::vector<std::shared_ptr<const void>>>();
  size_t bytes = 0;
  for (auto& worker : impl->workers) {
    impl->heaps->push_back(worker->groups().rows().heap_holder());
    bytes += worker->groups().MemoryBytes();
    if (impl->merged.whole) impl->slices.AddPages(worker->groups().rows());
  }
  for (auto& store : impl->merged.heaps) {
    if (store != nullptr) impl->heaps->push_back(store->heap_holder());
  }
  size_t groups = 0;
  for (const auto& partition : impl->merged.groups) {
    impl->slices.AddPointers(partition);
    groups += partition.size();
  }
  impl->pointers = MemoryReservation(context->memory, "aggregation");
  DRIFTDB_RETURN_IF_ERROR(impl->pointers.Resize(groups * sizeof(uint8_t*)));
  if (NodeCounters* counters = context->counter(impl->options.node_id); counters != nullptr) {
    counters->bytes.store(bytes, std::memory_order_relaxed);
  }
  return OkStatus();
}

Status Aggregate::Impl::SourceRole::Prepare(QueryContext* context) {
  impl->slices.Rewind();
  return OkStatus();
}

Result<std::unique_ptr<LocalState>> Aggregate::Impl::SourceRole::MakeLocal() {
  return std::make_unique<AggregateSourceLocal>();
}

Result<bool> Aggregate::Impl::SourceRole::Next(LocalState* local, Chunk* chunk) {
  RowSliceReader& reader = static_cast<AggregateSourceLocal*>(local)->reader;
  const size_t rows = reader.Next(&impl->slices);
  if (rows == 0) return false;
  const AggregatePlan& plan = *impl->plan;
  const size_t columns = plan.group_count + plan.calls.size() + plan.grouping_calls.size();
  chunk->columns().resize(columns);
  chunk->set_selection(nullptr);
  chunk->set_row_count(rows);
  for (size_t g = 0; g < plan.group_count; ++g) {
    Vector& out = chunk->column(g);
    plan.layout.Gather(g, reader.rows(), rows, &out);
    if (out.type().physical() == PhysicalType::kString) out.Hold(impl->heaps);
  }
  for (size_t c = 0; c < plan.calls.size(); ++c) {
    const AggregateCallPlan& call = plan.calls[c];
    Vector& out = chunk->column(plan.group_count + c);
    out.set_type(call.bound.result_type);
    out.AllocateFlat(kVectorRows);
    for (size_t i = 0; i < rows; ++i) {
      DRIFTDB_RETURN_IF_ERROR(
          call.bound.kernels.finalize(reader.rows()[i] + call.state_offset, &out, i));
    }
    if (out.type().physical() == PhysicalType::kString) out.Hold(impl->heaps);
  }
  for (size_t c = 0; c < plan.grouping_calls.size(); ++c) {
    Vector& out = chunk->column(plan.group_count + plan.calls.size() + c);
    out.set_type(TypeId::kInt32);
    out.AllocateFlat(kVectorRows);
    for (size_t i = 0; i < rows; ++i) {
      const size_t set =
          plan.grouping_sets
              ? static_cast<size_t>(plan.layout.Load<int32_t>(reader.rows()[i], plan.group_count))
              : 0;
      out.data<int32_t>()[i] = plan.GroupingValue(c, set);
    }
  }
  return true;
}

Aggregate::Aggregate(AggregateOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}
Aggregate::~Aggregate() = default;
Sink* Aggregate::sink() { return &impl_->sink_role; }
Source* Aggregate::source() { return &impl_->source_role; }

}  // namespace driftdb::exec
