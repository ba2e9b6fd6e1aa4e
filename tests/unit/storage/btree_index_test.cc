// Claims about one index: unique checks, concurrency with rotations and flushes, memory, segment
// reuse, damage.
#include <atomic>
#include <cstdlib>
#include <random>

#include <catch2/catch.hpp>

#include "platform/thread.h"
#include "storage/btree/bulk_build.h"
#include "storage/btree/index.h"
#include "storage/btree/index_cursor.h"
#include "storage/btree/run.h"
#include "storage/memory_extent_store.h"

namespace driftdb::storage {
namespace {

std::string IntegerKey(uint64_t n) {
  std::string key(1, '\x01');
  n ^= uint64_t{1} << 63;
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(n >> shift));
  return key;
}

struct IndexFixture {
  MemoryExtentStore store;
  MemoryAccountant memory{size_t{1} << 30};
  UniqueLatches latches;
  std::unique_ptr<Index> index;
  IndexFixture() {
    IndexOptions options;
    options.storage = StorageId(1);
    options.unique = true;
    index = *Index::Create(IndexContext{&store, &memory, &latches}, options);
  }
};

class AllCommitted final : public FlushPolicy {
 public:
  bool IsFlushable(TxnId) override { return true; }
};
class AllForgettable final : public MergePolicy {
 public:
  bool MayForget(std::string_view, RowId) override { return true; }
};
class FixedJudge final : public RowJudge {
 public:
  explicit FixedJudge(RowVerdict verdict) : verdict_(verdict) {}
  RowVerdict Judge(RowId rid, bool anti) override {
    last_rid = rid;
    last_anti = anti;
    return verdict_;
  }
  RowId last_rid;
  bool last_anti = false;

 private:
  RowVerdict verdict_;
};

void BtreeRunCheck(ExtentStore* store, MemoryAccountant* memory, const RunDescriptor& descriptor) {
  memory->set_limit_bytes(size_t{1} << 30);
  const BtreeRun run(store, memory, descriptor, false, {});
  CHECK(run.Check().ok());
}

void RotateAndFlush(Index* index) {
  AllCommitted policy;
  REQUIRE(index->PrepareRotate().ok());
  index->Rotate();
  REQUIRE(index->Flush(&policy).ok());
}

void MergeAll(Index* index) {
  AllForgettable policy;
  for (;;) {
    Result<bool> more = index->MergeStep(1 << 20, &policy);
    REQUIRE(more.ok());
    if (!*more) return;
  }
}

}  // namespace

TEST_CASE("unique check: candidates of every component are judged", "[storage][btree]") {
  IndexFixture f;
  const std::string key = IntegerKey(42);
  FixedJudge violates(RowVerdict::kViolation), waits(RowVerdict::kWait),
      ignores(RowVerdict::kIgnore);
  REQUIRE(f.index->InsertUnique(key, RowId(1), TxnId(1), &violates)->inserted());
  for (int stage = 0; stage < 3; ++stage) {
    INFO("stage " << stage);
    Result<UniqueOutcome> outcome = f.index->InsertUnique(key, RowId(2), TxnId(2), &violates);
    REQUIRE(outcome.ok());
    CHECK(outcome->verdict == RowVerdict::kViolation);
    CHECK(outcome->rid == RowId(1));
    CHECK(f.index->InsertUnique(key, RowId(2), TxnId(2), &waits)->verdict == RowVerdict::kWait);
    CHECK_FALSE(violates.last_anti);
    CHECK(f.index->InsertUnique(IntegerKey(43), RowId(2), TxnId(2), &violates)->inserted());
    f.index->Undo(IntegerKey(43), RowId(2), EntryState::kNone, TxnId(2));
    if (stage == 0) f.index->Rotate();
    if (stage == 1) RotateAndFlush(f.index.get());
  }
  REQUIRE(f.index->Put(key, RowId(1), EntryState::kAnti, TxnId(3)).ok());
  CHECK(f.index->InsertUnique(key, RowId(2), TxnId(4), &ignores)->inserted());
  CHECK(ignores.last_rid == RowId(1));
  CHECK(ignores.last_anti);
}

TEST_CASE("unique check: of racing inserters of one key exactly one wins",
          "[storage][btree][C23]") {
  IndexFixture f;
  constexpr int kKeys = 2000, kThreads = 3;
  // All rows are committed as soon as they are in the index.
  std::vector<std::atomic<int>> wins(kKeys);
  std::atomic<bool> failed{false}, stop{false};
  std::vector<platform::Thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.push_back(*platform::Thread::Start("insert", [&, t] {
      FixedJudge judge(RowVerdict::kViolation);
      for (int k = 0; k < kKeys; ++k) {
        const RowId rid(static_cast<uint64_t>(t * kKeys + k + 1));
        Result<UniqueOutcome> outcome =
            f.index->InsertUnique(IntegerKey(k), rid, TxnId(static_cast<uint64_t>(t + 1)), &judge);
        if (!outcome.ok()) failed = true;
        if (outcome.ok() && outcome->inserted()) wins[k].fetch_add(1);
      }
    }));
  }
  auto checkpoint = platform::Thread::Start("checkpoint", [&] {
    AllCommitted policy;
    AllForgettable merge;
    while (!stop) {
      f.index->Rotate();
      if (!f.index->Flush(&policy).ok() || !f.index->MergeStep(1 << 16, &merge).ok()) failed = true;
    }
  });
  threads.clear();
  stop = true;
  checkpoint->Join();
  CHECK_FALSE(failed);
  for (int k = 0; k < kKeys; ++k) REQUIRE(wins[k] == 1);
}

TEST_CASE("index: lookups and scans beside inserts, undo, rotations and merges lose nothing",
          "[storage][btree][BT-9]") {
  IndexFixture f;
  constexpr uint64_t kRows = 6000;
  std::atomic<uint64_t> published[2] = {{0}, {0}};
  std::atomic<bool> stop{false};
  std::atomic<int> errors{0};
  std::vector<platform::Thread> writers;
  for (uint64_t w = 0; w < 2; ++w) {
    writers.push_back(*platform::Thread::Start("writer", [&, w] {
      for (uint64_t i = 1; i <= kRows; ++i) {
        const uint64_t n = i * 2 + w;
        const std::string key = IntegerKey(n * 2654435761 % 1000003);
        if (!f.index->Put(key, RowId(n), EntryState::kEntry, TxnId(n)).ok()) ++errors;
        // A change that is taken back at once.
        Result<EntryState> previous = f.index->Put(key, RowId(n), EntryState::kAnti, TxnId(n));
        if (!previous.ok()) {
          ++errors;
        } else {
          f.index->Undo(key, RowId(n), *previous, TxnId(n));
        }
        published[w].store(i);
      }
    }));
  }
  platform::Thread reader = *platform::Thread::Start("reader", [&] {
    std::mt19937_64 rng(1);
    while (!stop) {
      const uint64_t w = rng() % 2;
      const uint64_t high = published[w].load();
      if (high == 0) continue;
      const uint64_t n = (1 + rng() % high) * 2 + w;
      RowIdBuffer rids;
      if (!f.index->Lookup(IntegerKey(n * 2654435761 % 1000003), &rids).ok()) ++errors;
      bool found = false;
      for (const auto& item : rids) found |= item.rid == RowId(n) && !item.anti;
      if (!found) ++errors;
      if (rng() % 512 == 0) {
        const uint64_t least = published[0].load() + published[1].load();
        Result<std::unique_ptr<IndexCursor>> cursor = f.index->Scan(KeyRange(), rng() % 2 == 0);
        uint64_t count = 0;
        for (; cursor.ok() && (*cursor)->Valid(); ++count) {
          if (!(*cursor)->Next().ok()) ++errors;
        }
        if (count < least) ++errors;
      }
    }
  });
  AllCommitted policy;
  AllForgettable merge;
  while (published[0] < kRows || published[1] < kRows) {
    // Every transaction counts as running: all is carried over and over, and nothing may be lost.
    class NoneCommitted final : public FlushPolicy {
     public:
      bool IsFlushable(TxnId txn) override {
        (void)txn;
        return false;
      }
    } none;
    f.index->Rotate();
    if (!f.index->Flush(&none).ok()) ++errors;
  }
  writers.clear();
  stop = true;
  reader.Join();
  CHECK(errors == 0);
  RotateAndFlush(f.index.get());
  MergeAll(f.index.get());
  CHECK(f.index->Statistics().entries == 2 * kRows);
  CHECK(f.index->Check().ok());
}

TEST_CASE("merge: appended keys name the base's segments again", "[storage][btree]") {
  IndexFixture f;
  BulkBuildOptions options;
  BulkIndexBuilder builder(&f.store, &f.memory, options);
  for (uint64_t i = 0; i < 3000000; ++i) REQUIRE(builder.Add(IntegerKey(i), RowId(i)).ok());
  Result<RunDescriptor> run = builder.Finish();
  REQUIRE(run.ok());
  REQUIRE(f.index->AttachRun(*run, TxnId(0), false).ok());
  MergeAll(f.index.get());
  REQUIRE(f.index->Statistics().runs == 0);
  const uint64_t written = f.store.written_bytes();
  BulkIndexBuilder more(&f.store, &f.memory, options);
  for (uint64_t i = 3000000; i < 4500000; ++i) REQUIRE(more.Add(IntegerKey(i), RowId(i)).ok());
  run = more.Finish();
  REQUIRE(f.index->AttachRun(*run, TxnId(0), false).ok());
  MergeAll(f.index.get());
  REQUIRE(f.index->Statistics().runs == 0);
  // The run was written once; the merge wrote its entries and fences, not the base's 12 MB.
  CHECK(f.store.written_bytes() - written < 2 * 1500000 * 5);
  CHECK(f.index->Check().ok());
  CHECK(f.index->Statistics().entries == 4500000);
  CHECK(f.index->Statistics().disk_bytes < 4500000 * 6);
  f.index->ReleaseAll();
  CHECK(f.store.live_extents() == 0);
  CHECK(f.store.bad_releases() == 0);
}

TEST_CASE("pending run: seen by unique checks, not merged or serialised, freed when abandoned",
          "[storage][btree][C18]") {
  IndexFixture f;
  RotateAndFlush(f.index.get());
  BulkIndexBuilder builder(&f.store, &f.memory, BulkBuildOptions());
  REQUIRE(builder.Add(IntegerKey(5), RowId(500)).ok());
  Result<RunDescriptor> run = builder.Finish();
  Result<uint64_t> id = f.index->AttachRun(*run, TxnId(9), false);
  REQUIRE(id.ok());
  FixedJudge waits(RowVerdict::kWait);
  CHECK(f.index->InsertUnique(IntegerKey(5), RowId(6), TxnId(2), &waits)->rid == RowId(500));
  std::string bytes;
  f.index->Serialize(&bytes);
  Result<std::unique_ptr<Index>> copy =
      Index::Open(IndexContext{&f.store, &f.memory, &f.latches}, IndexOptions(), bytes);
  REQUIRE(copy.ok());
  CHECK((*copy)->Extents().empty());
  REQUIRE(f.index->AbandonRun(*id).ok());
  CHECK(f.store.live_extents() == 0);
  CHECK(f.store.released_uncommitted() == 1);
  CHECK(f.index->InsertUnique(IntegerKey(5), RowId(6), TxnId(2), &waits)->inserted());
}

TEST_CASE("delta: memory is accounted, given back, and refused over the limit",
          "[storage][btree]") {
  IndexFixture f;
  const size_t empty = f.memory.used_bytes();
  for (uint64_t i = 0; i < 20000; ++i) {
    REQUIRE(f.index->Put(IntegerKey(i), RowId(i), EntryState::kEntry, TxnId(0)).ok());
  }
  CHECK(f.memory.used_bytes() - empty > 20000 * 32);
  CHECK(f.memory.used_bytes() - empty < 20000 * 100);
  RotateAndFlush(f.index.get());
  CHECK(f.memory.used_bytes() - empty < 20000 * 5);
  RowIdBuffer rids;
  REQUIRE(f.index->Lookup(IntegerKey(0), &rids).ok());  // loads the fences
  rids.Clear();
  f.memory.set_limit_bytes(f.memory.used_bytes() + 10000);
  Status status;
  for (uint64_t i = 0; i < 20000 && status.ok(); ++i) {
    status = f.index->Put(IntegerKey(i), RowId(i + 50000), EntryState::kEntry, TxnId(1)).status();
  }
  CHECK(status.sqlstate() == sqlstate::kOutOfMemory);
  // Undo works over the limit.
  f.index->Undo(IntegerKey(0), RowId(50000), EntryState::kNone, TxnId(1));
  REQUIRE(f.index->Lookup(IntegerKey(0), &rids).ok());
  CHECK(rids.size() == 1);
}

TEST_CASE("bulk build: four times the memory limit, within the limit", "[storage][btree]") {
  const uint32_t seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937_64 rng(seed);
  MemoryExtentStore store;
  MemoryAccountant memory(size_t{6} << 20);
  BulkBuildOptions options;
  options.memory_bytes = size_t{64} << 20;  // the accountant grants less
  BulkIndexBuilder builder(&store, &memory, options);
  constexpr uint64_t kRows = 600000;
  uint64_t sum = 0;
  for (uint64_t i = 0; i < kRows; ++i) {
    std::string key = "\x01 some text " + std::to_string(rng() % 400000) + '\0';
    sum += key.size();
    REQUIRE(builder.Add(key, RowId(i)).ok());
  }
  CHECK(sum + kRows * 8 > 2 * memory.limit_bytes());
  CHECK(builder.spilled_runs() > 3);
  Result<RunDescriptor> run = builder.Finish();
  INFO(run.status().ToString());
  REQUIRE(run.ok());
  CHECK(memory.peak_bytes() <= memory.limit_bytes());
  CHECK(run->entries() == kRows);
  CHECK(store.live_extents() == run->Extents().size());
  BtreeRunCheck(&store, &memory, *run);
  ReleaseRun(&store, *run);
  CHECK(store.live_extents() == 0);
}

TEST_CASE("run: fences of long keys are short, and find keys that cross pages",
          "[storage][btree][BT-14]") {
  IndexFixture f;
  std::mt19937_64 rng(7);
  std::vector<std::string> keys;
  for (size_t i = 0; i < 4000; ++i) {
    std::string key("\x01", 1);
    while (key.size() < 200) key.push_back(static_cast<char>('a' + rng() % 26));
    keys.push_back(key);
  }
  keys[1] = keys[0].substr(0, 2);     // a prefix of others
  constexpr uint64_t kCopies = 6000;  // of one key: more than a page
  BulkIndexBuilder builder(&f.store, &f.memory, BulkBuildOptions());
  for (size_t i = 0; i < keys.size(); ++i) REQUIRE(builder.Add(keys[i], RowId(i)).ok());
  for (uint64_t i = 0; i < kCopies; ++i) REQUIRE(builder.Add(keys[5], RowId(10000 + i)).ok());
  const Result<RunDescriptor> run = builder.Finish();
  REQUIRE(run.ok());
  CHECK(run->pages() > 100);
  CHECK(run->fence_bytes < run->pages() * 12);
  REQUIRE(f.index->AttachRun(*run, TxnId(0), false).ok());
  for (const bool merged : {false, true}) {
    if (merged) MergeAll(f.index.get());
    CHECK(f.index->Check().ok());
    CHECK(f.index->Statistics().memory_bytes < run->pages() * 48);
    for (size_t i = 0; i < keys.size(); ++i) {
      RowIdBuffer rids;
      REQUIRE(f.index->Lookup(keys[i], &rids).ok());
      REQUIRE(rids.size() == (i == 5 ? kCopies + 1 : 1));
      RowIdBuffer none;
      REQUIRE(f.index->Lookup(keys[i].substr(0, keys[i].size() - 1), &none).ok());
      CHECK(none.size() == 0);
    }
  }
}

TEST_CASE("run: a filter too large for the memory limit is left out", "[storage][btree]") {
  MemoryExtentStore store;
  for (const bool large : {false, true}) {
    MemoryAccountant memory(large ? size_t{8} << 20 : size_t{1} << 30);
    BulkBuildOptions options;
    options.memory_bytes = 1 << 20;
    options.filter = true;
    BulkIndexBuilder builder(&store, &memory, options);
    for (uint64_t i = 0; i < 300000; ++i) REQUIRE(builder.Add(IntegerKey(i), RowId(i)).ok());
    const Result<RunDescriptor> run = builder.Finish();
    REQUIRE(run.ok());
    CHECK((run->fence_bytes > 300000 * 12 / 8) == !large);
    BtreeRunCheck(&store, &memory, *run);
    ReleaseRun(&store, *run);
  }
  CHECK(store.live_extents() == 0);
}

TEST_CASE("bulk build: duplicates are found in and across spilled runs, NULLs are none",
          "[storage][btree]") {
  MemoryExtentStore store;
  MemoryAccountant memory(size_t{1} << 30);
  const KeyEncoder encoder({KeyColumn{LogicalType(TypeId::kInt64)}});
  BulkBuildOptions options;
  options.memory_bytes = 1 << 20;
  options.reject_duplicates = &encoder;
  for (const bool duplicate : {false, true}) {
    BulkIndexBuilder builder(&store, &memory, options);
    std::string null_key;
    const Value null = Value::Null(TypeId::kInt64);
    REQUIRE(encoder.Encode(&null, 1, &null_key).ok());
    Status status;
    for (uint64_t i = 0; i < 200000 && status.ok(); ++i)
      status = builder.Add(IntegerKey(i), RowId(i));
    for (uint64_t i = 0; i < 10 && status.ok(); ++i)
      status = builder.Add(null_key, RowId(300000 + i));
    if (duplicate && status.ok()) status = builder.Add(IntegerKey(77), RowId(400000));
    if (status.ok()) {
      Result<RunDescriptor> run = builder.Finish();
      status = run.status();
      if (run.ok()) ReleaseRun(&store, *run);
    }
    CHECK(status.ok() == !duplicate);
    if (duplicate) {
      CHECK(status.sqlstate() == sqlstate::kUniqueViolation);
      CHECK(builder.duplicate_key() == IntegerKey(77));
    }
  }
  CHECK(store.live_extents() == 0);
}

TEST_CASE("run: damaged pages and fences give DataLoss or other entries, never a crash",
          "[storage][btree][BT-13]") {
  const uint32_t seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 rng(seed);
  int data_loss = 0;
  for (int round = 0; round < 300; ++round) {
    IndexFixture f;
    for (uint64_t i = 0; i < 500; ++i) {
      const std::string key =
          round % 2 == 0 ? IntegerKey(i * 3) : "\x01key " + std::to_string(i) + '\0';
      REQUIRE(
          f.index->Put(key, RowId(i), i % 5 == 0 ? EntryState::kAnti : EntryState::kEntry, TxnId(0))
              .ok());
    }
    RotateAndFlush(f.index.get());
    std::string bytes;
    f.index->Serialize(&bytes);
    std::string* extent = f.store.bytes(f.index->Extents()[0]);
    for (int hits = 0; hits < 4; ++hits) {
      const size_t at = rng() % 3 == 0 ? rng() % 190 : rng() % extent->size();
      (*extent)[at] = static_cast<char>(rng());
    }
    f.index = *Index::Open(IndexContext{&f.store, &f.memory, &f.latches}, IndexOptions(), bytes);
    bool loss = !f.index->Check().ok();
    for (uint64_t i = 0; i < 500; i += 7) {
      RowIdBuffer rids;
      loss |=
          !f.index
               ->Lookup(round % 2 == 0 ? IntegerKey(i * 3) : "\x01key " + std::to_string(i) + '\0',
                        &rids)
               .ok();
    }
    for (const bool backward : {false, true}) {
      Result<std::unique_ptr<IndexCursor>> cursor = f.index->Scan(KeyRange(), backward);
      for (int steps = 0; cursor.ok() && (*cursor)->Valid() && steps < 5000; ++steps) {
        if (!(*cursor)->Next().ok()) loss = true;
      }
      loss |= !cursor.ok();
    }
    data_loss += loss ? 1 : 0;
    for (size_t cut = 0; cut < bytes.size(); cut += 3) {
      CHECK_FALSE(Index::Open(IndexContext{&f.store, &f.memory, &f.latches}, IndexOptions(),
                              std::string_view(bytes).substr(0, cut))
                      .ok());
    }
  }
  CHECK(data_loss > 100);
}

}  // namespace driftdb::storage
