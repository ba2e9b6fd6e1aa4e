// Measures: HashBytes64 and HashBytes128 over inputs of 8 B to 256 KiB, and HashInt64 over a column
// of keys. Excluded: memory traffic beyond the 1 MiB working set, the cost of any table look-up.
// Decision it supports: XXH3 for page, frame and key hashing (docs/internals/decisions.md); the
// checksum budget is >= 12 GB/s on one stream.
#include <cstdint>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/hash.h"

namespace driftdb {
namespace {

std::vector<unsigned char> SomeBytes(size_t size) {
  std::vector<unsigned char> bytes(size);
  uint64_t state = 1;
  for (unsigned char& byte : bytes) {
    state = HashInt64(state + 1);
    byte = static_cast<unsigned char>(state);
  }
  return bytes;
}

void BM_HashBytes64(benchmark::State& state) {
  const auto bytes = SomeBytes(static_cast<size_t>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(HashBytes64(bytes.data(), bytes.size()));
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_HashBytes64)->ArgName("bytes")->Arg(8)->Arg(32)->Arg(256)->Arg(4096)->Arg(262144);

void BM_HashBytes128(benchmark::State& state) {
  const auto bytes = SomeBytes(static_cast<size_t>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(HashBytes128(bytes.data(), bytes.size()));
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_HashBytes128)->ArgName("bytes")->Arg(512)->Arg(4096)->Arg(8192)->Arg(262144);

// Independent keys: throughput, as in a vectorised build of a hash table.
void BM_HashInt64(benchmark::State& state) {
  std::vector<uint64_t> keys(static_cast<size_t>(state.range(0)));
  for (size_t i = 0; i < keys.size(); ++i) {
    keys[i] = i * 7;
  }
  for (auto _ : state) {
    uint64_t mixed = 0;
    for (const uint64_t key : keys) {
      mixed ^= HashInt64(key);
    }
    benchmark::DoNotOptimize(mixed);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_HashInt64)->ArgName("rows")->Arg(2048)->Arg(131072);

}  // namespace
}  // namespace driftdb
