// Covers: lib/storage/table/table.cc
// Covers: lib/storage/table/table_batch.cc
// Covers: lib/storage/table/table_scan.cc
#include "storage/table/table.h"

#include <catch2/catch.hpp>

#include "storage/column/column_predicate.h"
#include "table_fixture.h"

namespace driftdb::storage {

namespace {

using Kind = WriteOutcome::Kind;

TableTestRow Row(int64_t key) {
  TableTestRow row;
  row.key = key;
  if (key % 3 != 0) row.name = "name of the row number " + std::to_string(key);
  if (key % 5 != 0) row.number = static_cast<int32_t>(key * 2);
  return row;
}

RowId InsertOne(Table* table, const WriteContext& context, const TableTestRow& row) {
  const TableTestPointers pointers(row);
  return *table->InsertRow(context, pointers.pointers);
}

std::vector<RowId> InsertMany(Table* table, const WriteContext& context, int64_t first,
                              size_t count) {
  std::vector<RowId> rids;
  while (count > 0) {
    std::vector<TableTestRow> rows;
    for (size_t i = 0; i < std::min<size_t>(count, kVectorRows); ++i) rows.push_back(Row(first++));
    std::vector<RowId> out(rows.size());
    REQUIRE(table->Insert(context, ChunkOf(rows), out.data()).ok());
    rids.insert(rids.end(), out.begin(), out.end());
    count -= rows.size();
  }
  return rids;
}

WriteOutcome UpdateKey(Table* table, const WriteContext& context, RowId rid, int64_t key) {
  const uint32_t columns[] = {0};
  const void* const values[] = {&key};
  return *table->Update(context, rid, columns, values);
}

}  // namespace

TEST_CASE("table: rows are seen after commit by later snapshots only", "[storage][MV-3]") {
  TableTestDatabase db;
  Table table(StorageId(1), TableTestSchema(), db.environment());
  TableTestTransaction writer(&db);
  const Snapshot before = db.Now();
  const RowId rid = InsertOne(&table, writer.context, Row(1));
  CHECK(!FetchRow(&table, rid, before));
  CHECK(!FetchRow(&table, rid, writer.context.snapshot));  // its own statement (C14)
  writer.NextStatement();
  CHECK(FetchRow(&table, rid, writer.context.snapshot) == Row(1));
  writer.Commit();
  CHECK(FetchRow(&table, rid, db.Now()) == Row(1));
  CHECK(!FetchRow(&table, rid, before));
  writer.Stamp();
  CHECK(FetchRow(&table, rid, db.Now()) == Row(1));
  CHECK(!FetchRow(&table, rid, before));
  CHECK(table.approximate_rows() == 1);
}

TEST_CASE("table: INSERT INTO t SELECT FROM t sees the rows from before the statement",
          "[storage][C14]") {
  TableTestDatabase db;
  Table table(StorageId(1), TableTestSchema(), db.environment());
  TableTestTransaction writer(&db);
  InsertMany(&table, writer.context, 0, 3000);
  writer.NextStatement();
  ScanOptions options;
  options.snapshot = writer.context.snapshot;
  options.columns = {0, 1, 2};
  TableScan scan(&table, options);
  ScanCursor cursor(&scan);
  Chunk chunk;
  size_t copied = 0;
  while (*cursor.Next(&chunk)) {
    copied += chunk.size();
    REQUIRE(table.Insert(writer.context, chunk, nullptr).ok());
  }
  CHECK(copied == 3000);
  writer.NextStatement();
  CHECK(ScanRows(&table, writer.context.snapshot)->size() == 6000);
  writer.Finish();
}

TEST_CASE("table: a vector handed out by a scan does not change under updates", "[storage][MV-9]") {
  TableTestDatabase db;
  Table table(StorageId(1), TableTestSchema(), db.environment());
  TableTestTransaction loader(&db);
  const std::vector<RowId> rids = InsertMany(&table, loader.context, 0, 1000);
  loader.Finish();
  ScanOptions options;
  options.snapshot = db.Now();
  options.columns = {0, 1, 2};
  TableScan scan(&table, options);
  ScanCursor cursor(&scan);
  Chunk chunk;
  REQUIRE(*cursor.Next(&chunk));
  const void* memory = chunk.column(0).raw_data();
  TableTestTransaction writer(&db);
  for (const RowId rid : rids) {
    REQUIRE(UpdateKey(&table, writer.context, rid, -1).done());
    const TableTestRow null_row{-1, std::nullopt, std::nullopt};
    writer.NextStatement();
    const TableTestPointers pointers(null_row);
    const uint32_t columns[] = {0, 1, 2};
    REQUIRE(table.Update(writer.context, rid, columns, pointers.pointers)->done());
  }
  InsertMany(&table, writer.context, 5000, 1500);
  writer.Finish();
  CHECK(chunk.column(0).raw_data() == memory);
  for (size_t i = 0; i < 1000; ++i) {
    REQUIRE(RowOf(chunk.columns(), i) == Row(static_cast<int64_t>(i)));
  }
  CHECK(chunk.size() == 1000);
  CHECK(ScanRows(&table, db.Now())->size() == 2500);
}

TEST_CASE("table: writers wait for holders, and learn of newer commits", "[storage][MV-5]") {
  TableTestDatabase db;
  Table table(StorageId(1), TableTestSchema(), db.environment());
  TableTestTransaction loader(&db);
  const RowId rid = InsertOne(&table, loader.context, Row(1));
  loader.Finish();
  TableTestTransaction first(&db);
  TableTestTransaction second(&db);
  REQUIRE(UpdateKey(&table, first.context, rid, 10).done());
  WriteOutcome outcome = UpdateKey(&table, second.context, rid, 20);
  CHECK(outcome.kind == Kind::kWait);
  CHECK(outcome.holder == first.txn);
  CHECK(table.NewestState(rid, second.txn).kind == RowState::Kind::kInFlight);
  CHECK(table.NewestState(rid, first.txn).kind == RowState::Kind::kMineLive);
  CHECK(UpdateKey(&table, first.context, rid, 11).kind == Kind::kSelfModified);
  first.NextStatement();
  CHECK(UpdateKey(&table, first.context, rid, 11).done());
  const CommitSeq seq = first.Commit(false);
  outcome = UpdateKey(&table, second.context, rid, 20);
  CHECK(outcome.kind == Kind::kWait);  // committed, not published
  CHECK(outcome.holder == TxnId(0));
  CHECK(outcome.seq == seq);
  db.transactions.Publish(seq);
  outcome = UpdateKey(&table, second.context, rid, 20);
  CHECK(outcome.kind == Kind::kChanged);
  CHECK(outcome.seq == seq);
  CHECK(FetchRow(&table, rid, second.context.snapshot)->key == 1);
  second.context.snapshot.seq = db.transactions.published();
  CHECK(FetchRow(&table, rid, second.context.snapshot)->key == 11);
  CHECK(UpdateKey(&table, second.context, rid, 20).done());
  first.Stamp();
  second.Abort();
  first.Collect();
  CHECK(FetchRow(&table, rid, db.Now())->key == 11);
}

TEST_CASE("table: locks block writers, change nothing and vanish with their transaction",
          "[storage][MV-6]") {
  TableTestDatabase db;
  Table table(StorageId(1), TableTestSchema(), db.environment());
  TableTestTransaction loader(&db);
  const RowId rid = InsertOne(&table, loader.context, Row(1));
  loader.Finish();
  TableTestTransaction locker(&db);
  TableTestTransaction other(&db);
  REQUIRE(table.LockRow(locker.context, rid)->done());
  CHECK(table.LockRow(locker.context, rid)->done());
  CHECK(UpdateKey(&table, other.context, rid, 2).holder == locker.txn);
  CHECK(FetchRow(&table, rid, db.Now()) == Row(1));
  CHECK(table.NewestState(rid, other.txn).kind == RowState::Kind::kLive);
  SECTION("update over the own lock, rolled back to between") {
    const UndoMark mark = locker.undo->Mark();
    locker.NextStatement();
    REQUIRE(UpdateKey(&table, locker.context, rid, 3).done());
    locker.undo->RollbackTo(mark);
    CHECK(UpdateKey(&table, other.context, rid, 2).holder == locker.txn);
    CHECK(FetchRow(&table, rid, db.Now()) == Row(1));
    locker.Abort();
  }
  SECTION("update over the own lock, committed") {
    REQUIRE(UpdateKey(&table, locker.context, rid, 3).done());
    const Snapshot before = db.Now();
    locker.Commit();
    locker.Stamp();
    CHECK(FetchRow(&table, rid, before)->key == 1);
    CHECK(FetchRow(&table, rid, db.Now())->key == 3);
    locker.Collect();
    other.context.snapshot.seq = db.transactions.published();
  }
  SECTION("committed lock, dropped by the next writer before it is stamped") {
    locker.Commit();
    REQUIRE(UpdateKey(&table, other.context, rid, 2).done());
    locker.Stamp();
    locker.Collect();
    CHECK(FetchRow(&table, rid, db.Now()) == Row(1));
    other.Abort();
    CHECK(FetchRow(&table, rid, db.Now()) == Row(1));
    return;
  }
  CHECK(UpdateKey(&table, other.context, rid, 2).done());
  other.Finish();
  CHECK(FetchRow(&table, rid, db.Now())->key == 2);
}

TEST_CASE("table: deleted rows die when nobody can see them, and are reported", "[storage][MV-7]") {
  TableTestDatabase db;
  Table table(StorageId(1), TableTestSchema(), db.environment());
  TableTestTransaction loader(&db);
  const std::vector<RowId> rids = InsertMany(&table, loader.context, 0, 5000);
  loader.Finish();
  const Snapshot before = db.Now();
  TableTestTransaction writer(&db);
  const BatchOutcome outcome = *table.DeleteMany(writer.context, rids);
  CHECK(outcome.done == 5000);
  CHECK(writer.undo->record_count() < 10);  // runs, not rows
  CHECK(ScanRows(&table, before)->size() == 5000);
  writer.Commit();
  writer.Stamp();
  CHECK(ScanRows(&table, before)->size() == 5000);
  CHECK(ScanRows(&table, db.Now())->empty());
  CHECK(writer.Collect().size() == 5000);
  CHECK(table.NewestState(rids[0], TxnId(0)).kind == RowState::Kind::kAbsent);
  CHECK(table.approximate_rows() == 0);
}

TEST_CASE("table: an added column reads as its default, also in old chunks", "[storage][C25]") {
  TableTestDatabase db;
  Table table(StorageId(1), TableTestSchema(), db.environment());
  TableTestTransaction loader(&db);
  const std::vector<RowId> rids = InsertMany(&table, loader.context, 0, 100);
  loader.Finish();
  const uint32_t ordinal =
      table.AddColumn({ColumnId(4), TypeId::kText, Value::Text("a default longer than twelve")});
  Vector out(TypeId::kText, 1);
  REQUIRE(*table.Fetch(rids[3], db.Now(), {&ordinal, 1}, &out, 0));
  CHECK(out.GetValue(0).string() == "a default longer than twelve");
  TableTestTransaction writer(&db);
  const StringRef text("changed");
  const void* const values[] = {&text};
  REQUIRE(table.Update(writer.context, rids[3], {&ordinal, 1}, values)->done());
  const Snapshot before = db.Now();
  writer.Commit();
  REQUIRE(*table.Fetch(rids[3], db.Now(), {&ordinal, 1}, &out, 0));
  CHECK(out.GetValue(0).string() == "changed");
  REQUIRE(*table.Fetch(rids[3], before, {&ordinal, 1}, &out, 0));
  CHECK(out.GetValue(0).string() == "a default longer than twelve");
  REQUIRE(*table.Fetch(rids[4], db.Now(), {&ordinal, 1}, &out, 0));
  CHECK(out.GetValue(0).string() == "a default longer than twelve");
  writer.Stamp();
  writer.Collect();
}

TEST_CASE("table: at the memory limit statements fail and leave no trace", "[storage]") {
  TableTestDatabase db(400'000);
  Table table(StorageId(1), TableTestSchema(), db.environment());
  std::map<uint64_t, TableTestRow> expected;
  int failures = 0;
  for (int round = 0; round < 60; ++round) {
    TableTestTransaction writer(&db);
    const UndoMark mark = writer.undo->Mark();
    std::vector<TableTestRow> rows;
    for (int i = 0; i < 300; ++i) rows.push_back(Row(round * 300 + i));
    std::vector<RowId> rids(rows.size());
    const Status status = table.Insert(writer.context, ChunkOf(rows), rids.data());
    if (status.ok()) {
      for (size_t i = 0; i < rows.size(); ++i) expected[rids[i].value] = rows[i];
    } else {
      ++failures;
      CHECK(status.sqlstate() == sqlstate::kOutOfMemory);
      writer.undo->RollbackTo(mark);
    }
    for (auto& [rid, row] : expected) {
      if ((rid + static_cast<uint64_t>(round)) % 7 != 0) continue;
      const uint32_t columns[] = {1};
      const std::string text = "a longer replacement text " + std::to_string(round);
      const StringRef value(text);
      const void* const values[] = {&value};
      writer.NextStatement();
      const auto outcome = table.Update(writer.context, RowId(rid), columns, values);
      if (outcome.ok()) {
        if (outcome->done()) row.name = text;
      } else {
        ++failures;
      }
    }
    if (status.ok() || round % 2 == 0) {
      writer.Finish();
    } else {
      writer.Finish();
    }
    REQUIRE(*ScanRows(&table, db.Now()) == expected);
  }
  CHECK(failures > 0);
  CHECK(db.memory.used_bytes() <= 400'000);
}

TEST_CASE("table: a chunk that got half of its columns takes rows later", "[storage]") {
  int failures = 0;
  for (size_t limit = 256; limit < 40'000; limit += 512) {
    TableTestDatabase db(limit);
    Table table(StorageId(1), TableTestSchema(), db.environment());
    std::vector<TableTestRow> rows;
    for (int i = 0; i < 200; ++i) rows.push_back(Row(i));
    std::vector<RowId> rids(rows.size());
    TableTestTransaction writer(&db);
    const UndoMark mark = writer.undo->Mark();
    if (!table.Insert(writer.context, ChunkOf(rows), rids.data()).ok()) {
      ++failures;
      writer.undo->RollbackTo(mark);
      db.memory.set_limit_bytes(size_t{1} << 30);
      writer.NextStatement();
      REQUIRE(table.Insert(writer.context, ChunkOf(rows), rids.data()).ok());
    }
    writer.Finish();
    const auto found = *ScanRows(&table, db.Now());
    REQUIRE(found.size() == rows.size());
    size_t next = 0;
    for (const auto& [rid, row] : found) REQUIRE(row == rows[next++]);
  }
  CHECK(failures > 10);
}

TEST_CASE("table: predicates choose the same rows in hot chunks as their definition says",
          "[storage]") {
  TableTestDatabase db;
  Table table(StorageId(1), TableTestSchema(), db.environment());
  TableTestTransaction loader(&db);
  InsertMany(&table, loader.context, 0, 10'000);
  loader.Finish();
  auto range = std::make_shared<ColumnPredicate>(
      ColumnPredicate::Range(Value::Int64(2000), true, Value::Int64(4100), false));
  auto nulls = std::make_shared<ColumnPredicate>(ColumnPredicate::NullTest(true));
  const auto rows = *ScanRows(&table, db.Now(), {{0, range}, {1, nulls}});
  CHECK(rows.size() == 700);
  for (const auto& [rid, row] : rows) {
    CHECK(row.key >= 2000);
    CHECK(row.key < 4100);
    CHECK(!row.name.has_value());
  }
}

}  // namespace driftdb::storage
