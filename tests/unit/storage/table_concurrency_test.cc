// Writers, scans, point reads, collection and sealing at the same time; meant for ThreadSanitizer.
#include <atomic>
#include <deque>
#include <random>

#include <catch2/catch.hpp>

#include "platform/thread.h"
#include "table_fixture.h"

namespace driftdb::storage {

namespace {

// Commits in order, publishes, stamps and collects like the commit pipeline, with snapshots
// registered.
class ConcurrentDatabase {
 public:
  TableTestDatabase db;

  Snapshot Pin(int reader) {
    platform::MutexLock lock(&mutex_);
    pinned_[static_cast<size_t>(reader)] = db.transactions.published().value;
    return db.Now();
  }
  void Unpin(int reader) {
    platform::MutexLock lock(&mutex_);
    pinned_[static_cast<size_t>(reader)] = ~uint64_t{0};
  }
  std::unique_ptr<TableTestTransaction> Begin(int writer) {
    const Snapshot snapshot = Pin(writer);
    auto transaction = std::make_unique<TableTestTransaction>(&db);
    transaction->context.snapshot.seq = snapshot.seq;
    return transaction;
  }
  void Commit(int writer, std::unique_ptr<TableTestTransaction> transaction) {
    platform::MutexLock lock(&mutex_);
    transaction->Commit();
    transaction->Stamp();
    queue_.push_back(std::move(transaction));
    pinned_[static_cast<size_t>(writer)] = ~uint64_t{0};
  }
  void Abort(int writer, std::unique_ptr<TableTestTransaction> transaction) {
    transaction->Abort();
    Unpin(writer);
  }
  CommitSeq Horizon() {
    platform::MutexLock lock(&mutex_);
    uint64_t horizon = db.transactions.published().value;
    for (const uint64_t pinned : pinned_) horizon = std::min(horizon, pinned);
    return CommitSeq(horizon);
  }
  void Collect() {
    const CommitSeq horizon = Horizon();
    for (;;) {
      std::unique_ptr<TableTestTransaction> next;
      {
        platform::MutexLock lock(&mutex_);
        if (queue_.empty() || queue_.front()->committed > horizon) break;
        next = std::move(queue_.front());
        queue_.pop_front();
      }
      next->Collect();
    }
    db.epochs.Collect();
  }

 private:
  platform::Mutex mutex_;
  std::deque<std::unique_ptr<TableTestTransaction>> queue_;
  std::vector<uint64_t> pinned_ = std::vector<uint64_t>(16, ~uint64_t{0});
};

// Every transaction keeps the sum of all numbers at zero.
void Transfer(ConcurrentDatabase* shared, Table* table, int writer, int rounds, uint64_t rows) {
  std::mt19937 random(static_cast<uint32_t>(writer));
  for (int round = 0; round < rounds; ++round) {
    auto transaction = shared->Begin(writer);
    bool ok = true;
    const int32_t amount = static_cast<int32_t>(random() % 100);
    for (const int32_t sign : {1, -1}) {
      const RowId rid(random() % rows);
      transaction->NextStatement();
      const auto row = FetchRow(table, rid, transaction->context.snapshot);
      if (!row.has_value()) {
        ok = false;
        break;
      }
      const int32_t number = *row->number + sign * amount;
      const std::string text =
          "written by " + std::to_string(writer) + " in " + std::to_string(round);
      const StringRef name(text);
      const uint32_t columns[] = {1, 2};
      const void* const values[] = {&name, &number};
      const auto outcome = table->Update(transaction->context, rid, columns, values);
      ok = outcome.ok() && outcome->done();
      if (!ok) break;
    }
    if (ok && round % 4 == 0) {
      TableTestRow row{1, "inserted and much longer than inline", 0};
      transaction->NextStatement();
      const TableTestPointers pointers(row);
      ok = table->InsertRow(transaction->context, pointers.pointers).ok();
    }
    if (ok && random() % 8 != 0) {
      shared->Commit(writer, std::move(transaction));
    } else {
      shared->Abort(writer, std::move(transaction));
    }
  }
}

void Audit(ConcurrentDatabase* shared, Table* table, int reader, const std::atomic<bool>* stop,
           std::atomic<int>* wrong, std::atomic<int>* scans) {
  while (!stop->load()) {
    const Snapshot snapshot = shared->Pin(reader);
    ScanOptions options;
    options.snapshot = snapshot;
    options.columns = {2, 1};
    TableScan scan(table, options);
    ScanCursor cursor(&scan);
    Chunk chunk;
    int64_t sum = 0;
    std::vector<Chunk> held;  // vectors stay as they are while held
    for (;;) {
      const Result<bool> more = cursor.Next(&chunk);
      if (!more.ok()) wrong->fetch_add(1);
      if (!more.ok() || !*more) break;
      held.push_back(chunk);
    }
    for (const Chunk& one : held) {
      for (size_t i = 0; i < one.size(); ++i) {
        sum += one.column(0).GetValue(one.row(i)).int64();
        if (one.column(1).GetValue(one.row(i)).string().empty()) wrong->fetch_add(1);
      }
    }
    if (sum != 0) wrong->fetch_add(1);
    scans->fetch_add(1);
    shared->Unpin(reader);
  }
}

}  // namespace

TEST_CASE("table: scans see consistent states while writers, collection and sealing run",
          "[storage][concurrency][C15]") {
  ConcurrentDatabase shared;
  Table table(StorageId(1), TableTestSchema(), shared.db.environment());
  constexpr uint64_t kRows = 3000;
  {
    TableTestTransaction loader(&shared.db);
    std::vector<TableTestRow> rows(1500, TableTestRow{0, "initial value of the row", 0});
    for (int i = 0; i < 2; ++i) {
      REQUIRE(table.Insert(loader.context, ChunkOf(rows), nullptr).ok());
    }
    loader.Finish();
  }
  // Group 0 may be sealed whenever it is quiet; new rows go to group 1.
  table.AdvanceNextRid(RowId(kGroupRows));
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::atomic<int> scans{0};
  std::vector<platform::Thread> writers;
  std::vector<platform::Thread> others;
  for (int w = 0; w < 2; ++w) {
    writers.push_back(
        *platform::Thread::Start("writer", [&, w] { Transfer(&shared, &table, w, 1500, kRows); }));
  }
  for (int r = 2; r < 4; ++r) {
    others.push_back(*platform::Thread::Start(
        "reader", [&, r] { Audit(&shared, &table, r, &stop, &wrong, &scans); }));
  }
  std::atomic<int> sealed{0};
  others.push_back(*platform::Thread::Start("collector", [&] {
    while (!stop.load()) {
      shared.Collect();
      const Result<size_t> done = table.SealQuietGroups(shared.Horizon());
      if (done.ok()) sealed.fetch_add(static_cast<int>(*done));
      platform::SleepMicros(200);
    }
  }));
  for (platform::Thread& writer : writers) writer.Join();
  stop.store(true);
  for (platform::Thread& other : others) other.Join();
  shared.Collect();
  CHECK(wrong.load() == 0);
  CHECK(scans.load() > 0);
  while (sealed.load() == 0 && *table.SealQuietGroups(shared.Horizon()) > 0) sealed.fetch_add(1);
  CHECK(sealed.load() == 1);
  int64_t sum = 0;
  const auto rows = *ScanRows(&table, shared.db.Now());
  for (const auto& [rid, row] : rows) sum += *row.number;
  CHECK(sum == 0);
}

}  // namespace driftdb::storage
