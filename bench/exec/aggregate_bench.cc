// Grouping, one worker, ns per input row (budget 13: few groups with 5 sums <= 0.7, 1,000 groups
// <= 5, 1.5M random groups <= 10, clustered <= 2). 6M rows; sums over int64 columns. The output is
// not read.
#include "breaker_bench.h"
#include "exec/aggregate/aggregate.h"
#include "expr/binding.h"

namespace driftdb::exec {
namespace {

constexpr size_t kGroupRows = 6'000'000;

void RunGroups(benchmark::State& state, std::vector<Chunk>* chunks, size_t sums) {
  expr::ExprPtr key = expr::MakeSlot(0, TypeId::kInt64);
  std::vector<expr::ExprPtr> calls;
  AggregateOptions options;
  options.input_types = {TypeId::kInt64, TypeId::kInt64};
  options.groups = {key.get()};
  for (size_t s = 0; s < sums; ++s) {
    std::vector<expr::ExprPtr> args;
    args.push_back(expr::MakeSlot(1, TypeId::kInt64));
    auto call = expr::BindAggregate("sum", std::move(args));
    BenchCheck(call.status());
    calls.push_back(std::move(*call));
    options.aggregates.push_back(calls.back().get());
  }
  for (auto _ : state) {
    BenchContext bench;
    Aggregate aggregate(options);
    BenchFeed(aggregate.sink(), &bench.context, chunks);
  }
  BenchPerTuple(state, kGroupRows);
}

void BM_GroupRandom(benchmark::State& state) {
  const auto groups = static_cast<size_t>(state.range(0));
  const bool sparse = state.range(1) == 1;
  uint64_t seed = 1;
  auto chunks = BenchChunks(kGroupRows, 2, [&](size_t c, size_t i) {
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    const uint64_t group = (seed >> 33) % groups;
    if (c == 1) return static_cast<int64_t>(i & 1023);
    return static_cast<int64_t>(sparse ? group * 0x9e3779b97f4a7c15ULL : group);
  });
  RunGroups(state, &chunks, static_cast<size_t>(state.range(2)));
}
BENCHMARK(BM_GroupRandom)
    ->ArgNames({"groups", "sparse", "sums"})
    ->ArgsProduct({{4, 1000, 1500000}, {0, 1}, {1}})
    ->Args({4, 0, 5})
    ->Args({1500000, 0, 0})
    ->Unit(benchmark::kMillisecond);

void BM_GroupClustered(benchmark::State& state) {
  auto chunks = BenchChunks(kGroupRows, 2, [&](size_t c, size_t i) {
    return static_cast<int64_t>(c == 0 ? i / 4 * 4 : i & 1023);
  });
  RunGroups(state, &chunks, static_cast<size_t>(state.range(0)));
}
BENCHMARK(BM_GroupClustered)->ArgName("sums")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace driftdb::exec
