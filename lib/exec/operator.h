// Source, Operator, Sink: the three roles in a push-based pipeline.
// Shape: a pipeline takes chunks from a source, pushes each through its operators, and into a sink.
// A breaker (hash aggregation, sort, hash join build) is a sink whose result is the source of, or
// is probed by, a later pipeline. Threads: an object is shared by all workers of a pipeline and
// must be safe; what belongs to one worker is in its LocalState. Prepare and Finish are called by
// one thread. Invariants: (EX-1) Consume/Combine of all workers happen before Finish, Finish before
// any use of the result; (EX-2) every role resumes at a chunk boundary, so a pipeline can stop
// whenever its sink says kBlocked (C29); (EX-3) a chunk handed downstream stays valid until the
// same Execute/Next is called again with the same local state; whoever keeps rows longer copies
// them or refers to their vectors (Vector::Refer keeps memory alive); (EX-4) errors stop all
// workers of the pipeline; destructors release everything.
#ifndef DRIFTDB_EXEC_OPERATOR_H_
#define DRIFTDB_EXEC_OPERATOR_H_

#include <memory>

#include "base/status.h"
#include "exec/query_context.h"
#include "types/chunk.h"

namespace driftdb::exec {

class LocalState {
 public:
  virtual ~LocalState() = default;
};

class Source {
 public:
  virtual ~Source() = default;
  // Called once, before the first worker starts and after the pipelines it depends on have
  // finished.
  virtual Status Prepare(QueryContext* context) { return OkStatus(); }
  // How many workers can be of use; at least 1.
  virtual size_t max_threads() const { return 1; }
  virtual Result<std::unique_ptr<LocalState>> MakeLocal() = 0;
  // Fills *chunk (replacing its columns); false at the end. Never yields an empty chunk.
  virtual Result<bool> Next(LocalState* local, Chunk* chunk) = 0;
};

enum class OperatorResult : uint8_t {
  kNeedInput,  // *output holds what came of the input, maybe nothing; give the next chunk
  kHaveMore,   // *output holds rows; call again with the same input
  kFinished,   // like kNeedInput, and no further input can yield rows (LIMIT reached)
};

class Operator {
 public:
  virtual ~Operator() = default;
  virtual Status Prepare(QueryContext* context) { return OkStatus(); }
  virtual Result<std::unique_ptr<LocalState>> MakeLocal() = 0;
  virtual Result<OperatorResult> Execute(LocalState* local, Chunk* input, Chunk* output) = 0;
};

enum class SinkResult : uint8_t {
  kMore,     // go on
  kDone,     // enough: the pipeline may stop
  kBlocked,  // the chunk was taken, no more now: suspend and resume later
};

class Sink {
 public:
  virtual ~Sink() = default;
  virtual Status Prepare(QueryContext* context) { return OkStatus(); }
  // False: only one worker may run the pipeline (data modification).
  virtual bool parallel() const { return true; }
  virtual Result<std::unique_ptr<LocalState>> MakeLocal() = 0;
  virtual Result<SinkResult> Consume(LocalState* local, Chunk* chunk) = 0;
  // Hands a worker's state over when it has seen its last chunk; may run beside other workers.
  virtual Status Combine(LocalState* local) { return OkStatus(); }
  // After the last Combine. May use the task pool itself (partition-wise merges).
  virtual Status Finish(QueryContext* context) { return OkStatus(); }
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_OPERATOR_H_
