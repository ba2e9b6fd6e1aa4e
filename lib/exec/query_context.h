// QueryContext: what one execution of one statement shares among its operators and threads.
// Ownership: made by the statement (api/), outlives the executor. Threads: read by all workers;
// what changes is atomic.
#ifndef DRIFTDB_EXEC_QUERY_CONTEXT_H_
#define DRIFTDB_EXEC_QUERY_CONTEXT_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/memory.h"
#include "base/status.h"
#include "expr/function.h"
#include "platform/clock.h"
#include "platform/vfs.h"
#include "txn/transaction.h"
#include "types/ids.h"
#include "types/value.h"

namespace driftdb::exec {

class TaskPool;

// Counters of one plan node, for EXPLAIN ANALYZE. Written relaxed by all threads.
struct NodeCounters {
  std::atomic<uint64_t> rows{0};  // rows the node yielded
  std::atomic<uint64_t> chunks{0};
  std::atomic<uint64_t> nanos{0};  // time inside the node, summed over threads; only when analyze
  std::atomic<uint64_t> loops{0};
  std::atomic<uint64_t> bytes{0};    // memory of a breaker at its largest
  std::atomic<uint64_t> rows_in{0};  // scans: rows looked at
};

struct QueryContext {
  txn::Transaction* transaction = nullptr;
  Snapshot snapshot;
  MemoryAccountant* memory = nullptr;
  TaskPool* tasks = nullptr;
  platform::Clock* clock = nullptr;
  platform::Vfs* vfs = nullptr;
  // Evaluation context of the session. Values of parameters, the client's first, then init plan
  // results.
  expr::EvalContext* eval = nullptr;
  std::vector<Value> parameters;
  unsigned threads = 1;  // the setting `threads`
  bool analyze = false;  // measure time per node
  const std::atomic<bool>* cancel = nullptr;
  // Microseconds since 1970 UTC after which the statement fails with 57014; 0: none.
  int64_t deadline_us = 0;
  std::vector<std::unique_ptr<NodeCounters>> counters;  // by node_id
  std::atomic<uint64_t> rows_done{0}, rows_total{0};    // scan progress

  NodeCounters* counter(uint32_t node_id) {
    return node_id < counters.size() ? counters[node_id].get() : nullptr;
  }
  // 57014 when the statement is to stop. Cheap: called once per chunk.
  Status CheckCancel() const;
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_QUERY_CONTEXT_H_
