// Measures: the column kernels per instruction set over one vector of 2,048 values in L1:
// unpacking, comparison to a bitmap, bitmap to positions. Excluded: memory traffic, zone maps,
// dispatch per segment. Decision it supports: packed codes as the first choice for integers,
// bitmaps between conjuncts; budgets 8 and 9 (0.03 ns unpack, 0.02 compare, 0.1 expand, v4).
#include <benchmark/benchmark.h>

#include "base/hash.h"
#include "storage/column/bitmap.h"
#include "storage/column/kernels.h"

namespace driftdb::storage {
namespace {

const ColumnKernels* KernelAt(benchmark::State& state) {
  const ColumnKernels* all[4];
  const size_t count = AllKernels(all);
  const auto index = static_cast<size_t>(state.range(0));
  if (index >= count) {
    state.SkipWithError("not on this processor");
    return all[0];
  }
  state.SetLabel(all[index]->name);
  return all[index];
}

void SetPerValue(benchmark::State& state) {
  state.counters["ns/value"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * kVectorRows * 1e-9,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

struct KernelData {
  explicit KernelData(unsigned bits) {
    for (size_t i = 0; i < kVectorRows; ++i) {
      codes[i] = static_cast<uint32_t>(HashInt64(i + 1) >> (64 - bits));
      wide[i] = codes[i];
    }
    PackBlock32(codes, bits, packed);
    PackBlock32(codes + kBlockValues, bits, packed + kBlockValues);
  }
  alignas(64) uint32_t codes[kVectorRows];
  alignas(64) uint32_t packed[kVectorRows];
  alignas(64) uint64_t wide[kVectorRows];
  alignas(64) uint64_t out[kVectorRows];
  uint64_t bits[kValidityWords];
};

void BM_Unpack32(benchmark::State& state) {
  const ColumnKernels* kernels = KernelAt(state);
  const auto bits = static_cast<unsigned>(state.range(1));
  KernelData data(bits);
  auto* out = reinterpret_cast<uint32_t*>(data.out);
  for (auto _ : state) {
    kernels->unpack32(data.packed, bits, out);
    kernels->unpack32(data.packed + kBlockValues, bits, out + kBlockValues);
    benchmark::ClobberMemory();
  }
  SetPerValue(state);
}
BENCHMARK(BM_Unpack32)->ArgNames({"isa", "bits"})->ArgsProduct({{0, 1, 2, 3}, {4, 11, 17, 24}});

void BM_UnpackToInt64(benchmark::State& state) {
  const ColumnKernels* kernels = KernelAt(state);
  const auto bits = static_cast<unsigned>(state.range(1));
  KernelData data(bits);
  alignas(64) uint32_t codes[kBlockValues];
  for (auto _ : state) {
    for (size_t b = 0; b < 2; ++b) {
      kernels->unpack32(data.packed + b * kBlockValues, bits, codes);
      kernels->add64(codes, 1000, data.out + b * kBlockValues);
    }
    benchmark::ClobberMemory();
  }
  SetPerValue(state);
}
BENCHMARK(BM_UnpackToInt64)->ArgNames({"isa", "bits"})->ArgsProduct({{0, 1, 2, 3}, {11}});

void BM_Undelta(benchmark::State& state) {
  const ColumnKernels* kernels = KernelAt(state);
  KernelData data(6);
  alignas(64) uint32_t codes[kBlockValues];
  for (auto _ : state) {
    for (size_t b = 0; b < 2; ++b) {
      kernels->unpack32(data.packed + b * kBlockValues, 6, codes);
      kernels->undelta(codes, data.wide, 3, data.out + b * kBlockValues);
    }
    benchmark::ClobberMemory();
  }
  SetPerValue(state);
}
BENCHMARK(BM_Undelta)->ArgName("isa")->DenseRange(0, 3);

void BM_Range32(benchmark::State& state) {
  const ColumnKernels* kernels = KernelAt(state);
  KernelData data(11);
  for (auto _ : state) {
    kernels->range32(data.codes, kValidityWords, 100, 700, data.bits);
    benchmark::ClobberMemory();
  }
  SetPerValue(state);
}
BENCHMARK(BM_Range32)->ArgName("isa")->DenseRange(0, 3);

void BM_Range64(benchmark::State& state) {
  const ColumnKernels* kernels = KernelAt(state);
  KernelData data(11);
  for (auto _ : state) {
    kernels->range64(data.wide, kValidityWords, 100, 700, data.bits);
    benchmark::ClobberMemory();
  }
  SetPerValue(state);
}
BENCHMARK(BM_Range64)->ArgName("isa")->DenseRange(0, 3);

void BM_Expand(benchmark::State& state) {
  const ColumnKernels* kernels = KernelAt(state);
  KernelData data(11);
  const auto percent = static_cast<uint32_t>(state.range(1));
  kernels->range32(data.codes, kValidityWords, 0, 2048 * percent / 100, data.bits);
  Selection selection;
  for (auto _ : state) {
    benchmark::DoNotOptimize(kernels->expand(data.bits, kValidityWords, selection.rows()));
    benchmark::ClobberMemory();
  }
  SetPerValue(state);
}
BENCHMARK(BM_Expand)->ArgNames({"isa", "percent"})->ArgsProduct({{0, 1, 2, 3}, {1, 50, 99}});

void BM_UnpackOne(benchmark::State& state) {
  KernelData data(17);
  size_t i = 0;
  for (auto _ : state) {
    i = (i * 5 + 7) % kBlockValues;
    benchmark::DoNotOptimize(UnpackOne32(reinterpret_cast<const char*>(data.packed), 17, i));
  }
}
BENCHMARK(BM_UnpackOne);

}  // namespace
}  // namespace driftdb::storage
