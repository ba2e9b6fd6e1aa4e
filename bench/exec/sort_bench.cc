// Sort and top-n, one worker, ns per input row: 2M rows of two int64 columns, output read.
#include "breaker_bench.h"
#include "exec/sort/sort.h"

namespace driftdb::exec {
namespace {

constexpr size_t kSortRows = 2'000'000;

std::vector<Chunk> SortChunks(uint64_t distinct) {
  uint64_t seed = 1;
  return BenchChunks(kSortRows, 2, [&](size_t, size_t) {
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<int64_t>((seed >> 20) % distinct);
  });
}

void BM_Sort(benchmark::State& state) {
  auto chunks = SortChunks(static_cast<uint64_t>(state.range(0)));
  expr::ExprPtr first = expr::MakeSlot(0, TypeId::kInt64);
  expr::ExprPtr second = expr::MakeSlot(1, TypeId::kInt64);
  for (auto _ : state) {
    BenchContext bench;
    SortOptions options;
    options.types = {TypeId::kInt64, TypeId::kInt64};
    options.keys = {{first.get(), false, false}, {second.get(), true, true}};
    Sort sort(options);
    BenchFeed(sort.sink(), &bench.context, &chunks);
    benchmark::DoNotOptimize(BenchDrain(sort.source(), &bench.context));
  }
  BenchPerTuple(state, kSortRows);
}
BENCHMARK(BM_Sort)
    ->ArgName("distinct")
    ->Arg(1000)
    ->Arg(1000000)
    ->Arg(int64_t{1} << 40)
    ->Unit(benchmark::kMillisecond);

void BM_TopN(benchmark::State& state) {
  auto chunks = SortChunks(uint64_t{1} << 40);
  expr::ExprPtr first = expr::MakeSlot(0, TypeId::kInt64);
  for (auto _ : state) {
    BenchContext bench;
    TopNOptions options;
    options.types = {TypeId::kInt64, TypeId::kInt64};
    options.keys = {{first.get(), false, false}};
    options.limit = static_cast<uint64_t>(state.range(0));
    TopN top(options);
    BenchFeed(top.sink(), &bench.context, &chunks);
    benchmark::DoNotOptimize(BenchDrain(top.source(), &bench.context));
  }
  BenchPerTuple(state, kSortRows);
}
BENCHMARK(BM_TopN)->ArgName("limit")->Arg(10)->Arg(1000)->Arg(100000)->Unit(
    benchmark::kMillisecond);

}  // namespace
}  // namespace driftdb::exec
