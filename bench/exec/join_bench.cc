// Hash join, one worker: build and probe, ns per tuple (budgets 10 and 11 of docs: selective probe
// <= 5 ns at 1.5M rows and <= 3.5 ns at <= 150k, full hit <= 22 and <= 10, build <= 15).
// keys: 0 dense integers (bitmap and rank), 1 sparse integers (unchained hash table). One payload
// column of 8 bytes on either side; output of both is included. hit: percent of probes that match.
#include "breaker_bench.h"
#include "exec/join/hash_join.h"
#include "expr/expr.h"

namespace driftdb::exec {
namespace {

constexpr size_t kProbeRows = 2 << 20;

int64_t BenchKey(size_t i, bool sparse) {
  return static_cast<int64_t>(sparse ? i * 0x9e3779b97f4a7c15ULL : i);
}

struct JoinBench {
  JoinBench(sql::PhysicalJoinType type)
      : left_key(expr::MakeSlot(0, TypeId::kInt64)), right_key(expr::MakeSlot(0, TypeId::kInt64)) {
    options.type = type;
    options.left_types = options.right_types = {TypeId::kInt64, TypeId::kInt64};
    options.left_keys = {left_key.get()};
    options.right_keys = {right_key.get()};
    options.output = {1, 3};
    if (type == sql::PhysicalJoinType::kSemi) options.output = {1};
  }
  expr::ExprPtr left_key, right_key;
  HashJoinOptions options;
};

std::vector<Chunk> BuildChunks(size_t rows, bool sparse, bool shuffled) {
  return BenchChunks(rows, 2, [&](size_t c, size_t i) {
    const size_t key = shuffled ? (i * 7919) % rows : i;
    return c == 0 ? BenchKey(key, sparse) : static_cast<int64_t>(i);
  });
}

void BM_JoinBuild(benchmark::State& state) {
  const auto rows = static_cast<size_t>(state.range(0));
  auto chunks = BuildChunks(rows, state.range(1) == 1, state.range(2) == 1);
  for (auto _ : state) {
    BenchContext bench;
    JoinBench made(sql::PhysicalJoinType::kInner);
    HashJoin join(made.options);
    BenchFeed(join.build_sink(), &bench.context, &chunks);
  }
  BenchPerTuple(state, rows);
}
BENCHMARK(BM_JoinBuild)
    ->ArgNames({"rows", "sparse", "shuffled"})
    ->ArgsProduct({{10000, 150000, 1500000}, {0, 1}, {0, 1}})
    ->Unit(benchmark::kMillisecond);

void BM_JoinProbe(benchmark::State& state) {
  const auto rows = static_cast<size_t>(state.range(0));
  const bool sparse = state.range(1) == 1;
  const auto hit = static_cast<size_t>(state.range(2));
  const auto type =
      state.range(3) == 0 ? sql::PhysicalJoinType::kInner : sql::PhysicalJoinType::kSemi;
  BenchContext bench;
  JoinBench made(type);
  HashJoin join(made.options);
  auto build = BuildChunks(rows, sparse, false);
  BenchFeed(join.build_sink(), &bench.context, &build);
  uint64_t seed = 1;
  auto probe = BenchChunks(kProbeRows, 2, [&](size_t c, size_t i) {
    if (c == 1) return static_cast<int64_t>(i);
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    const uint64_t random = seed >> 33;
    const bool match = (seed >> 20) % 100 < hit;
    return BenchKey(random % rows + (match ? 0 : rows), sparse);
  });
  Operator* op = join.probe();
  BenchCheck(op->Prepare(&bench.context));
  auto local = op->MakeLocal();
  size_t out_rows = 0;
  for (auto _ : state) {
    Chunk output;
    for (Chunk& chunk : probe) {
      auto result = op->Execute(local->get(), &chunk, &output);
      while (result.ok() && *result == OperatorResult::kHaveMore) {
        out_rows += output.size();
        result = op->Execute(local->get(), &chunk, &output);
      }
      BenchCheck(result.status());
      out_rows += output.size();
    }
  }
  benchmark::DoNotOptimize(out_rows);
  BenchPerTuple(state, kProbeRows);
}
BENCHMARK(BM_JoinProbe)
    ->ArgNames({"rows", "sparse", "hit", "semi"})
    ->ArgsProduct({{10000, 150000, 1500000}, {0, 1}, {10, 100}, {0, 1}})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace driftdb::exec
