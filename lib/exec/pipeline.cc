#include "exec/pipeline.h"

#include <algorithm>

#include "base/check.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "exec/task_pool.h"

namespace driftdb::exec {

namespace {

// Adds the time between construction and destruction to a node's counter.
class PipelineTimer {
 public:
  PipelineTimer(QueryContext* context, NodeCounters* counters)
      : context_(context), counters_(context->analyze ? counters : nullptr) {
    if (counters_ != nullptr) start_ = context_->clock->MonotonicNanos();
  }
  ~PipelineTimer() {
    if (counters_ == nullptr) return;
    const int64_t now = context_->clock->MonotonicNanos();
    counters_->nanos.fetch_add(static_cast<uint64_t>(now - start_), std::memory_order_relaxed);
  }

 private:
  QueryContext* const context_;
  NodeCounters* const counters_;
  int64_t start_ = 0;
};

void PipelineCount(NodeCounters* counters, size_t rows) {
  if (counters == nullptr || rows == 0) return;
  counters->rows.fetch_add(rows, std::memory_order_relaxed);
  counters->chunks.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

Status QueryContext::CheckCancel() const {
  if (cancel != nullptr && cancel->load(std::memory_order_relaxed)) {
    return Error(sqlstate::kQueryCanceled, "canceling statement due to user request");
  }
  if (deadline_us != 0 && clock->WallMicros() > deadline_us) {
    return Error(sqlstate::kQueryCanceled, "canceling statement due to statement timeout");
  }
  return OkStatus();
}

Status PhaseRunner::Open() {
  DRIFTDB_ASSIGN_OR_RETURN(source_local_, phase_->source->MakeLocal());
  levels_.resize(phase_->steps.size());
  for (size_t i = 0; i < levels_.size(); ++i) {
    DRIFTDB_ASSIGN_OR_RETURN(levels_[i].local, phase_->steps[i].op->MakeLocal());
  }
  return OkStatus();
}

Result<Chunk*> PhaseRunner::Pull(size_t level) {
  if (level == 0) {
    DRIFTDB_RETURN_IF_ERROR(context_->CheckCancel());
    NodeCounters* counters = context_->counter(phase_->source_node);
    PipelineTimer timer(context_, counters);
    DRIFTDB_ASSIGN_OR_RETURN(const bool more,
                             phase_->source->Next(source_local_.get(), &source_chunk_));
    if (!more) return nullptr;
    PipelineCount(counters, source_chunk_.size());
    return &source_chunk_;
  }
  Level& at = levels_[level - 1];
  const PipelineStep& step = phase_->steps[level - 1];
  while (true) {
    if (at.input == nullptr) {
      if (at.finished) return nullptr;
      DRIFTDB_ASSIGN_OR_RETURN(at.input, Pull(level - 1));
      if (at.input == nullptr) {
        at.finished = true;
        return nullptr;
      }
    }
    NodeCounters* counters = context_->counter(step.node_id);
    PipelineTimer timer(context_, counters);
    DRIFTDB_ASSIGN_OR_RETURN(const OperatorResult result,
                             step.op->Execute(at.local.get(), at.input, &at.output));
    if (result != OperatorResult::kHaveMore) at.input = nullptr;
    if (result == OperatorResult::kFinished) at.finished = true;
    if (at.output.size() > 0) {
      PipelineCount(counters, at.output.size());
      return &at.output;
    }
  }
}

Result<Chunk*> PhaseRunner::Next() { return Pull(levels_.size()); }

namespace {

// State that the workers of one phase share.
struct PipelineShared {
  std::atomic<bool> stop{false};
};

Status PipelineWorker(QueryContext* context, const Phase& phase, Sink* sink, LocalState* sink_local,
                      PipelineShared* shared) {
  PhaseRunner runner(context, &phase);
  DRIFTDB_RETURN_IF_ERROR(runner.Open());
  while (!shared->stop.load(std::memory_order_relaxed)) {
    DRIFTDB_ASSIGN_OR_RETURN(Chunk* const chunk, runner.Next());
    if (chunk == nullptr) break;
    DRIFTDB_ASSIGN_OR_RETURN(const SinkResult result, sink->Consume(sink_local, chunk));
    if (result == SinkResult::kDone) {
      shared->stop.store(true, std::memory_order_relaxed);
      break;
    }
    DRIFTDB_DCHECK(result != SinkResult::kBlocked);  // only cursors have sinks that block
  }
  return OkStatus();
}

}  // namespace

Status RunPipeline(QueryContext* context, const Pipeline& pipeline) {
  DRIFTDB_RETURN_IF_ERROR(pipeline.sink->Prepare(context));
  std::vector<std::unique_ptr<LocalState>> sink_locals;
  for (const Phase& phase : pipeline.phases) {
    DRIFTDB_RETURN_IF_ERROR(phase.source->Prepare(context));
    for (const PipelineStep& step : phase.steps) DRIFTDB_RETURN_IF_ERROR(step.op->Prepare(context));
    size_t workers = 1;
    if (pipeline.sink->parallel()) {
      workers = std::clamp<size_t>(phase.source->max_threads(), 1, context->threads);
    }
    while (sink_locals.size() < workers) {
      DRIFTDB_ASSIGN_OR_RETURN(auto local, pipeline.sink->MakeLocal());
      sink_locals.push_back(std::move(local));
    }
    PipelineShared shared;
    DRIFTDB_RETURN_IF_ERROR(context->tasks->Run(workers, [&](size_t worker) {
      Status status =
          PipelineWorker(context, phase, pipeline.sink, sink_locals[worker].get(), &shared);
      if (!status.ok()) shared.stop.store(true, std::memory_order_relaxed);
      return status;
    }));
    if (shared.stop.load()) break;  // the sink wants no more, of later phases neither
  }
  for (const auto& local : sink_locals)
    DRIFTDB_RETURN_IF_ERROR(pipeline.sink->Combine(local.get()));
  return pipeline.sink->Finish(context);
}

}  // namespace driftdb::exec
