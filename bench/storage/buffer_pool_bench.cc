// Measures: a pin of a resident block (hit), and of an evicted one from the in-memory file system
// (miss), with 1 and 2 threads. Excluded: disk time. Decision it supports: shared pins without
// frame swizzling; aim: a hit below 60 ns.
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/hash.h"
#include "platform/vfs.h"
#include "storage/page/file_extent_store.h"

namespace driftdb::storage {
namespace {

struct PoolBench {
  explicit PoolBench(size_t limit) : vfs(platform::MakeMemoryVfs()), memory(limit) {
    ExtentStoreOptions options;
    options.vfs = vfs.get();
    options.path = "/main.drift";
    options.memory = &memory;
    store = std::move(FileExtentStore::Create(std::move(options), Hash128{1, 2})).value();
    const std::string payload(size_t{kIndexBlockBytes} * 4096, 'x');
    extent = *store->Write(payload, kIndexBlockBytes);
    segment = *store->Write(std::string(1 << 20, 'y'), kDataBlockBytes);
  }
  std::unique_ptr<platform::Vfs> vfs;
  MemoryAccountant memory;
  std::unique_ptr<FileExtentStore> store;
  ExtentRef extent;
  ExtentRef segment;
};

void BM_PinBlockHit(benchmark::State& state) {
  static PoolBench* const bench = new PoolBench(size_t{1} << 30);
  uint64_t i = static_cast<uint64_t>(state.thread_index());
  for (auto _ : state) {
    i = HashInt64(i);
    auto pin = bench->store->PinBlock(bench->extent, i % 1024);
    benchmark::DoNotOptimize(pin->data());
  }
}
BENCHMARK(BM_PinBlockHit)->ThreadRange(1, 2);

void BM_PinBlockMiss(benchmark::State& state) {
  PoolBench bench(4 << 20);  // an eighth of the extent
  uint64_t i = 0;
  for (auto _ : state) {
    i = HashInt64(i + 1);
    auto pin = bench.store->PinBlock(bench.extent, i % 4096);
    benchmark::DoNotOptimize(pin->data());
  }
}
BENCHMARK(BM_PinBlockMiss);

void BM_PinSegmentMiss(benchmark::State& state) {
  PoolBench bench(size_t{1} << 30);
  for (auto _ : state) {
    bench.memory.set_limit_bytes(0);
    (void)bench.memory.Reserve(1, "bench").ok();
    bench.memory.set_limit_bytes(size_t{1} << 30);
    auto pin = bench.store->Pin(bench.segment);
    benchmark::DoNotOptimize(pin->data());
  }
  state.SetBytesProcessed(state.iterations() * (1 << 20));
}
BENCHMARK(BM_PinSegmentMiss);

}  // namespace
}  // namespace driftdb::storage
