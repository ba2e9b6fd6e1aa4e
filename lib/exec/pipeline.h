// Pipeline: phases of (source, operators) that feed one sink, and how they are run.
// Shape: phases run one after the other with a barrier between them: the branches of a UNION ALL,
// and the unmatched build rows of outer joins after their probe phase. Within a phase every worker
// takes chunks from the source. Threads: Run uses the task pool; PipelineCursor runs in the
// caller's thread and can stop at any chunk (C29).
#ifndef DRIFTDB_EXEC_PIPELINE_H_
#define DRIFTDB_EXEC_PIPELINE_H_

#include <atomic>
#include <memory>
#include <vector>

#include "exec/operator.h"

namespace driftdb::exec {

// An operator with the plan node it belongs to, for counters.
struct PipelineStep {
  Operator* op = nullptr;
  uint32_t node_id = UINT32_MAX;
};
struct Phase {
  Source* source = nullptr;
  uint32_t source_node = UINT32_MAX;
  std::vector<PipelineStep> steps;
};
struct Pipeline {
  std::vector<Phase> phases;
  Sink* sink = nullptr;
};

// One worker's way through one phase.
class PhaseRunner {
 public:
  PhaseRunner(QueryContext* context, const Phase* phase) : context_(context), phase_(phase) {}
  Status Open();
  // The next chunk that leaves the last operator; null at the end. Resumable.
  Result<Chunk*> Next();

 private:
  // Pulls one chunk out of step `step` (0 = source side); returns null when exhausted.
  Result<Chunk*> Pull(size_t level);
  struct Level {
    std::unique_ptr<LocalState> local;
    Chunk output;
    Chunk* input = nullptr;  // being worked on
    bool finished = false;
  };
  QueryContext* const context_;
  const Phase* const phase_;
  std::unique_ptr<LocalState> source_local_;
  Chunk source_chunk_;
  std::vector<Level> levels_;
};

// Runs a pipeline to its end with as many workers as help.
Status RunPipeline(QueryContext* context, const Pipeline& pipeline);

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_PIPELINE_H_
