// Measures: point lookups in an index whose pages are cached (500k and 10M random integer keys;
// each lookup dependent on the last, independent, and in interleaved batches), lookups and inserts
// in the delta alone, bulk builds, key encoding, and bytes per entry. Excluded: reads from disk and
// the buffer pool's own cost (the extents are in plain memory here), row fetches. Decision it
// supports: page layout and hints; budgets 6 (600 ns dependent, 100 ns interleaved at 10M keys) and
// 17 (15 bytes an entry, 8M keys/s and core in memory).
#include <memory>
#include <vector>

#include <benchmark/benchmark.h>

#include "../../tests/unit/storage/memory_extent_store.h"
#include "base/hash.h"
#include "storage/btree/bulk_build.h"
#include "storage/btree/index.h"

namespace driftdb::storage {
namespace {

struct BenchKey {
  char bytes[9];
  explicit BenchKey(uint64_t n) {
    bytes[0] = '\x01';
    const uint64_t big = __builtin_bswap64(n ^ uint64_t{1} << 63);
    std::memcpy(bytes + 1, &big, 8);
  }
  std::string_view view() const { return {bytes, 9}; }
};

struct BenchIndex {
  MemoryExtentStore store;
  MemoryAccountant memory{size_t{8} << 30};
  UniqueLatches latches;
  std::unique_ptr<Index> index;
  uint64_t rows = 0;
  bool dense = false;

  uint64_t KeyOf(uint64_t row) const { return dense ? row : HashInt64(row + 1); }
  BenchIndex(uint64_t count, bool dense_keys) : rows(count), dense(dense_keys) {
    IndexOptions options;
    options.unique = true;
    index = *Index::Create(IndexContext{&store, &memory, &latches}, options);
    BulkBuildOptions build;
    build.memory_bytes = size_t{2} << 30;
    build.unique = true;
    BulkIndexBuilder builder(&store, &memory, build);
    for (uint64_t i = 0; i < count; ++i) {
      (void)builder.Add(BenchKey(KeyOf(i)).view(), RowId(i)).ok();
    }
    (void)index->AttachRun(*builder.Finish(), TxnId(0), false).ok();
    class Policy final : public MergePolicy {
     public:
      bool MayForget(std::string_view, RowId) override { return true; }
    } policy;
    while (*index->MergeStep(uint64_t{1} << 30, &policy)) {
    }
  }
};

BenchIndex* SharedIndex(uint64_t rows, bool dense) {
  static std::unique_ptr<BenchIndex> index;
  if (index == nullptr || index->rows != rows || index->dense != dense) {
    index = nullptr;
    index = std::make_unique<BenchIndex>(rows, dense);
  }
  return index.get();
}

void ReportSize(benchmark::State& state, const Index& index) {
  const IndexStatistics statistics = index.Statistics();
  state.counters["bytes_per_entry"] =
      static_cast<double>(statistics.disk_bytes) / static_cast<double>(statistics.entries);
  state.counters["pinned_bytes"] = static_cast<double>(statistics.memory_bytes);
}

// args: rows, dense keys, dependent
void BM_BtreeLookup(benchmark::State& state) {
  BenchIndex* bench = SharedIndex(static_cast<uint64_t>(state.range(0)), state.range(1) != 0);
  uint64_t row = 1, found = 0;
  for (auto _ : state) {
    RowIdBuffer rids;
    (void)bench->index->Lookup(BenchKey(bench->KeyOf(row)).view(), &rids).ok();
    found += rids.size();
    const uint64_t carry = state.range(2) != 0 ? rids[0].rid.value : row;
    row = HashInt64(carry + found) % bench->rows;
  }
  if (found != static_cast<uint64_t>(state.iterations())) state.SkipWithError("keys not found");
  ReportSize(state, *bench->index);
}
BENCHMARK(BM_BtreeLookup)
    ->ArgNames({"rows", "dense", "dependent"})
    ->Args({500000, 0, 1})
    ->Args({500000, 1, 1})
    ->Args({10000000, 0, 1})
    ->Args({10000000, 0, 0});

void BM_BtreeLookupBatch(benchmark::State& state) {
  BenchIndex* bench = SharedIndex(static_cast<uint64_t>(state.range(0)), false);
  constexpr size_t kBatch = 256;
  struct Sink final : BatchSink {
    uint64_t found = 0;
    void Found(size_t, RowId rid, bool) override { found += 1 + (rid.value >> 60); }
  } sink;
  uint64_t seed = 1;
  for (auto _ : state) {
    std::vector<BenchKey> keys;
    std::vector<std::string_view> views;
    keys.reserve(kBatch);
    views.reserve(kBatch);
    for (size_t i = 0; i < kBatch; ++i) {
      keys.emplace_back(bench->KeyOf(HashInt64(++seed) % bench->rows));
      views.push_back(keys.back().view());
    }
    (void)bench->index->LookupBatch(views.data(), kBatch, &sink).ok();
  }
  if (sink.found != static_cast<uint64_t>(state.iterations()) * kBatch)
    state.SkipWithError("keys not found");
  state.SetItemsProcessed(static_cast<int64_t>(sink.found));
}
BENCHMARK(BM_BtreeLookupBatch)->ArgName("rows")->Arg(500000)->Arg(10000000);

// Everything in the active delta.
void BM_BtreeDeltaLookup(benchmark::State& state) {
  const auto rows = static_cast<uint64_t>(state.range(0));
  BenchIndex bench(1, false);
  for (uint64_t i = 0; i < rows; ++i) {
    (void)bench.index->Put(BenchKey(bench.KeyOf(i)).view(), RowId(i), EntryState::kEntry, TxnId(1))
        .ok();
  }
  uint64_t row = 1, found = 0;
  for (auto _ : state) {
    RowIdBuffer rids;
    (void)bench.index->Lookup(BenchKey(bench.KeyOf(row)).view(), &rids).ok();
    found += rids.size();
    row = HashInt64(rids[0].rid.value + found) % rows;
  }
  benchmark::DoNotOptimize(found);
}
BENCHMARK(BM_BtreeDeltaLookup)->ArgName("rows")->Arg(1000)->Arg(50000)->Arg(1000000);

// What a lookup of an unrelated key pays for the deltas: compare with delta:0.
void BM_BtreeUnrelatedDelta(benchmark::State& state) {
  BenchIndex bench(1000, true);
  for (int64_t i = 0; i < state.range(0); ++i) {
    const auto n = static_cast<uint64_t>(i) + 1000000;
    (void)bench.index->Put(BenchKey(n).view(), RowId(n), EntryState::kEntry, TxnId(1)).ok();
  }
  uint64_t row = 0;
  for (auto _ : state) {
    RowIdBuffer rids;
    (void)bench.index->Lookup(BenchKey(row++ % 1000).view(), &rids).ok();
    benchmark::DoNotOptimize(rids.size());
  }
}
BENCHMARK(BM_BtreeUnrelatedDelta)->ArgName("delta")->Arg(0)->Arg(100)->Arg(100000);

void BM_BtreeDeltaInsert(benchmark::State& state) {
  const bool dense = state.range(0) != 0;
  const bool unique = state.range(1) != 0;
  constexpr uint64_t kRows = 500000;
  class Violation final : public RowJudge {
   public:
    RowVerdict Judge(RowId, bool) override { return RowVerdict::kViolation; }
  };
  Violation judge;
  uint64_t bytes = 0;
  for (auto _ : state) {
    BenchIndex bench(1, false);
    for (uint64_t i = 2; i < kRows; ++i) {
      const BenchKey key(dense ? i : HashInt64(i));
      if (unique) {
        (void)bench.index->InsertUnique(key.view(), RowId(i), TxnId(1), &judge).ok();
      } else {
        (void)bench.index->Put(key.view(), RowId(i), EntryState::kEntry, TxnId(1)).ok();
      }
    }
    bytes = bench.index->Statistics().memory_bytes;
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kRows));
  state.counters["bytes_per_entry"] = static_cast<double>(bytes) / kRows;
}
BENCHMARK(BM_BtreeDeltaInsert)
    ->ArgNames({"dense", "unique"})
    ->Args({0, 0})
    ->Args({1, 0})
    ->Args({1, 1});

// Reports keys per second; the buffer takes everything.
void BM_BtreeBulkBuild(benchmark::State& state) {
  const auto rows = static_cast<uint64_t>(state.range(0));
  const int64_t kind = state.range(1);  // 0 random integers, 1 ascending, 2 short strings
  uint64_t bytes = 0;
  for (auto _ : state) {
    MemoryExtentStore store;
    MemoryAccountant memory(size_t{8} << 30);
    BulkBuildOptions options;
    options.memory_bytes = size_t{2} << 30;
    BulkIndexBuilder builder(&store, &memory, options);
    for (uint64_t i = 0; i < rows; ++i) {
      const uint64_t n = kind == 1 ? i : HashInt64(i);
      if (kind == 2) {
        char text[24] = "\x01user-";
        std::memcpy(text + 6, &n, 8);
        (void)builder.Add({text, 16}, RowId(i)).ok();
      } else {
        (void)builder.Add(BenchKey(n).view(), RowId(i)).ok();
      }
    }
    bytes = builder.Finish()->disk_bytes();
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * rows));
  state.counters["bytes_per_entry"] = static_cast<double>(bytes) / static_cast<double>(rows);
}
BENCHMARK(BM_BtreeBulkBuild)
    ->ArgNames({"rows", "kind"})
    ->Args({4000000, 0})
    ->Args({4000000, 1})
    ->Args({4000000, 2})
    ->Unit(benchmark::kMillisecond);

void BM_KeyEncodeRows(benchmark::State& state) {
  const KeyEncoder encoder({KeyColumn{TypeId::kInt64}});
  Vector vector(TypeId::kInt64, kVectorRows);
  for (size_t i = 0; i < kVectorRows; ++i)
    vector.data<int64_t>()[i] = static_cast<int64_t>(HashInt64(i));
  Vector* pointer = &vector;
  KeyBatch batch;
  for (auto _ : state) {
    (void)encoder.EncodeRows(&pointer, kVectorRows, nullptr, &batch).ok();
    benchmark::DoNotOptimize(batch[1].data());
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kVectorRows));
}
BENCHMARK(BM_KeyEncodeRows);

}  // namespace
}  // namespace driftdb::storage
