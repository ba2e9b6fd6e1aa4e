// Measures the row operations of a table without SQL, keys, log or network: point fetch, insert, update, and the
// scan of hot chunks. Supports the budgets of point reads (<= 0.5 us on 500,000 rows) and updates (<= 0.8 us),
// and the decision that point reads take the chunk's latch.
#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "base/hash.h"
#include "base/memory.h"
#include "storage/mvcc/epoch.h"
#include "storage/mvcc/transaction_table.h"
#include "storage/mvcc/undo.h"
#include "storage/table/table.h"
#include "storage/table/table_scan.h"

namespace driftdb::storage {

namespace {

constexpr uint64_t kTableBenchRows = 500'000;

struct TableBenchDatabase {
  MemoryAccountant memory{size_t{1} << 34};
  TransactionTable transactions;
  EpochManager epochs;
  std::unique_ptr<Table> table;
  UndoLog undo{&memory};
  uint64_t seq = 0;

  TableBenchDatabase() {
    TableEnvironment environment;
    environment.transactions = &transactions;
    environment.memory = &memory;
    environment.epochs = &epochs;
    TableSchema schema;
    schema.columns.push_back({ColumnId(1), TypeId::kInt64, Value::Null(TypeId::kInt64)});
    schema.columns.push_back({ColumnId(2), TypeId::kText, Value::Null(TypeId::kText)});
    schema.columns.push_back({ColumnId(3), TypeId::kInt64, Value::Null(TypeId::kInt64)});
    schema.columns.push_back({ColumnId(4), TypeId::kDouble, Value::Null(TypeId::kDouble)});
    table = std::make_unique<Table>(StorageId(1), std::move(schema), environment);
  }
  WriteContext Begin() {
    const TxnId txn = *transactions.Begin();
    undo.Begin(txn);
    return {Snapshot{transactions.published(), txn, 1}, &undo};
  }
  void Finish(TxnId txn) {
    const CommitSeq now(++seq);
    transactions.Commit(txn, now);
    transactions.Publish(now);
    undo.Stamp(now);
    transactions.Release(txn);
    std::vector<DeadRow> dead;
    undo.Release(&dead);
    undo.Reset();
  }
  Chunk Rows(uint64_t first) {
    Chunk chunk({TypeId::kInt64, TypeId::kText, TypeId::kInt64, TypeId::kDouble});
    for (size_t i = 0; i < kVectorRows; ++i) {
      chunk.column(0).data<int64_t>()[i] = static_cast<int64_t>(first + i);
      chunk.column(1).SetString(i, "customer number 000000000000");
      chunk.column(2).data<int64_t>()[i] = 1;
      chunk.column(3).data<double>()[i] = 0.5;
    }
    chunk.set_row_count(kVectorRows);
    return chunk;
  }
  void Fill() {
    const WriteContext context = Begin();
    for (uint64_t row = 0; row < kTableBenchRows; row += kVectorRows) {
      (void)table->Insert(context, Rows(row), nullptr).ok();
    }
    Finish(context.snapshot.txn);
  }
};

RowId TableBenchPick(uint64_t i) { return RowId(HashInt64(i) % kTableBenchRows); }

}  // namespace

static void BM_TableFetch(benchmark::State& state) {
  TableBenchDatabase db;
  db.Fill();
  std::vector<Vector> out;
  std::vector<uint32_t> columns;
  for (int64_t c = 0; c < state.range(0); ++c) {
    columns.push_back(static_cast<uint32_t>(c));
    out.emplace_back(db.table->schema()->columns[static_cast<size_t>(c)].type, 1);
  }
  const Snapshot snapshot{db.transactions.published(), TxnId(0), 0};
  uint64_t i = 0;
  for (auto _ : state) {
    // Strings go to the vector's heap: start it over as a statement does.
    if (i % 1024 == 0 && columns.size() > 1) out[1].AllocateFlat(1);
    benchmark::DoNotOptimize(
        db.table->Fetch(TableBenchPick(i++), snapshot, columns, out.data(), 0).ok());
  }
}
BENCHMARK(BM_TableFetch)->ArgName("columns")->Arg(1)->Arg(4);

static void BM_TableInsertRow(benchmark::State& state) {
  TableBenchDatabase db;
  const int64_t number = 1;
  const double ratio = 0.5;
  const StringRef text("customer number 000000000000");
  const void* const values[] = {&number, &text, &number, &ratio};
  WriteContext context = db.Begin();
  uint64_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(db.table->InsertRow(context, values).ok());
    if (++i % state.range(0) == 0) {
      db.Finish(context.snapshot.txn);
      context = db.Begin();
    }
  }
  db.Finish(context.snapshot.txn);
}
BENCHMARK(BM_TableInsertRow)->ArgName("rows_per_txn")->Arg(1)->Arg(1000);

static void BM_TableInsertVector(benchmark::State& state) {
  TableBenchDatabase db;
  const Chunk rows = db.Rows(0);
  WriteContext context = db.Begin();
  uint64_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(db.table->Insert(context, rows, nullptr).ok());
    if (++i % 64 == 0) {
      db.Finish(context.snapshot.txn);
      context = db.Begin();
    }
  }
  db.Finish(context.snapshot.txn);
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kVectorRows));
}
BENCHMARK(BM_TableInsertVector);

static void BM_TableUpdate(benchmark::State& state) {
  TableBenchDatabase db;
  db.Fill();
  const uint32_t column = 2;
  int64_t number = 1;
  const void* const value = &number;
  WriteContext context = db.Begin();
  uint64_t i = 0;
  for (auto _ : state) {
    ++number;
    benchmark::DoNotOptimize(
        db.table->Update(context, TableBenchPick(i), {&column, 1}, {&value, 1}).ok());
    ++context.snapshot.statement;
    if (++i % state.range(0) == 0) {
      db.Finish(context.snapshot.txn);
      context = db.Begin();
    }
  }
  db.Finish(context.snapshot.txn);
}
BENCHMARK(BM_TableUpdate)->ArgName("rows_per_txn")->Arg(1)->Arg(1000);

static void BM_TableScanHot(benchmark::State& state) {
  TableBenchDatabase db;
  db.Fill();
  ScanOptions options;
  options.snapshot = Snapshot{db.transactions.published(), TxnId(0), 0};
  options.columns = {0, 2};
  int64_t sum = 0;
  for (auto _ : state) {
    TableScan scan(db.table.get(), options);
    ScanCursor cursor(&scan);
    Chunk chunk;
    while (*cursor.Next(&chunk)) {
      const int64_t* a = chunk.column(0).data<int64_t>();
      const int64_t* b = chunk.column(1).data<int64_t>();
      for (size_t i = 0; i < chunk.row_count(); ++i) sum += a[i] + b[i];
    }
  }
  benchmark::DoNotOptimize(sum);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(kTableBenchRows * 16));
}
BENCHMARK(BM_TableScanHot);

}  // namespace driftdb::storage
