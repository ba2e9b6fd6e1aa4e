// What the micro-benchmarks of pipeline breakers share: prepared chunks and a context. Chunks are
// handed straight to sinks and operators, so sources are excluded.
#ifndef DRIFTDB_BENCH_EXEC_BREAKER_BENCH_H_
#define DRIFTDB_BENCH_EXEC_BREAKER_BENCH_H_

#include <cstdlib>
#include <functional>
#include <memory>
#include <vector>

#include <benchmark/benchmark.h>

#include "exec/operator.h"
#include "exec/task_pool.h"
#include "platform/clock.h"

namespace driftdb::exec {

struct BenchContext {
  explicit BenchContext(unsigned threads = 1) : memory(size_t{8} << 30), tasks(threads) {
    context.memory = &memory;
    context.tasks = &tasks;
    context.threads = threads;
    context.clock = platform::SystemClock();
  }
  MemoryAccountant memory;
  TaskPool tasks;
  QueryContext context;
};

inline void BenchCheck(const Status& status) {
  if (!status.ok()) std::abort();
}

// Chunks of int64 columns; value(column, row) makes the contents.
inline std::vector<Chunk> BenchChunks(size_t rows, size_t columns,
                                      const std::function<int64_t(size_t, size_t)>& value) {
  std::vector<Chunk> chunks;
  for (size_t from = 0; from < rows; from += kVectorRows) {
    const size_t count = std::min(kVectorRows, rows - from);
    Chunk chunk(std::vector<LogicalType>(columns, TypeId::kInt64));
    for (size_t c = 0; c < columns; ++c) {
      for (size_t i = 0; i < count; ++i) chunk.column(c).data<int64_t>()[i] = value(c, from + i);
    }
    chunk.set_row_count(count);
    chunks.push_back(std::move(chunk));
  }
  return chunks;
}

inline void BenchFeed(Sink* sink, QueryContext* context, std::vector<Chunk>* chunks) {
  BenchCheck(sink->Prepare(context));
  auto local = sink->MakeLocal();
  BenchCheck(local.status());
  for (Chunk& chunk : *chunks) BenchCheck(sink->Consume(local->get(), &chunk).status());
  BenchCheck(sink->Combine(local->get()));
  BenchCheck(sink->Finish(context));
}
inline size_t BenchDrain(Source* source, QueryContext* context) {
  BenchCheck(source->Prepare(context));
  auto local = source->MakeLocal();
  Chunk chunk;
  size_t rows = 0;
  while (true) {
    const auto more = source->Next(local->get(), &chunk);
    BenchCheck(more.status());
    if (!*more) return rows;
    rows += chunk.size();
  }
}
inline void BenchPerTuple(benchmark::State& state, size_t tuples) {
  state.counters["ns_per_tuple"] = benchmark::Counter(
      static_cast<double>(tuples) * static_cast<double>(state.iterations()) / 1e9,
      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

}  // namespace driftdb::exec

#endif  // DRIFTDB_BENCH_EXEC_BREAKER_BENCH_H_
