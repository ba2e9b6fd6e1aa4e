// Covers: lib/storage/table/bulk_appender.cc
// Covers: lib/storage/table/group_writer.cc
// Covers: lib/storage/table/group_descriptor.cc
// Covers: lib/storage/table/sealed_group.cc
// Covers: lib/storage/table/segment_cache.cc
// Covers: lib/storage/table/row_image.cc
// Covers: lib/storage/table/table_image.cc
// Covers: lib/storage/table/table_replay.cc
// Covers: lib/storage/table/table_seal.cc
// Covers: lib/storage/table/table_statistics.cc
// Bulk loads, sealing, overlays and images of sealed groups.
#include <random>

#include <catch2/catch.hpp>

#include "storage/column/column_predicate.h"
#include "storage/table/bulk_appender.h"
#include "table_fixture.h"

namespace driftdb::storage {

namespace {

TableTestRow SealedRow(int64_t key) {
  TableTestRow row;
  row.key = key;
  if (key % 4 != 0) row.name = "name " + std::to_string(key % 1000);
  if (key % 7 != 0) row.number = static_cast<int32_t>(key % 100);
  return row;
}

// Feeds rows [first, first + count) into groups; returns the builder with the rest.
std::unique_ptr<BulkAppender::Builder> FeedGroups(Table* table, BulkAppender* appender,
                                                  int64_t first, size_t count) {
  auto builder = std::make_unique<BulkAppender::Builder>(table, SIZE_MAX);
  uint64_t position = 0;
  for (size_t done = 0; done < count;) {
    std::vector<TableTestRow> rows;
    for (size_t i = 0; i < std::min<size_t>(1999, count - done); ++i) {
      rows.push_back(SealedRow(first + static_cast<int64_t>(done + i)));
    }
    const Chunk chunk = ChunkOf(rows);
    for (size_t from = 0; from < rows.size();) {
      from += *builder->Append(chunk, from);
      if (builder->full()) REQUIRE(appender->AddGroup(position++, builder.get()).ok());
    }
    done += rows.size();
  }
  return builder;
}

std::vector<GroupDescriptor> Load(Table* table, const WriteContext& context, size_t count) {
  BulkAppender appender(table, context);
  const auto rest = FeedGroups(table, &appender, 0, count);
  Result<std::vector<GroupDescriptor>> groups = appender.Finish();
  REQUIRE(groups.ok());
  Chunk chunk;
  while (rest->TakeChunk(&chunk)) REQUIRE(table->Insert(context, chunk, nullptr).ok());
  return *groups;
}

}  // namespace

TEST_CASE("bulk load: its groups are seen by others after commit only, then whole",
          "[storage][C18]") {
  TableTestDatabase db;
  Table table(StorageId(1), TableTestSchema(), db.environment());
  const size_t count = kGroupRows + 5000;
  TableTestTransaction loader(&db);
  const auto groups = Load(&table, loader.context, count);
  REQUIRE(groups.size() == 1);
  const RowId rid(groups[0].group << kGroupBits);
  CHECK(ScanRows(&table, db.Now())->empty());
  CHECK(ScanRows(&table, loader.context.snapshot)->empty());  // its own statement
  CHECK(table.NewestState(rid, TxnId(0)).kind == RowState::Kind::kInFlight);
  CHECK(table.NewestState(rid, TxnId(0)).holder == loader.txn);
  loader.NextStatement();
  CHECK(ScanRows(&table, loader.context.snapshot)->size() == count);
  // It may change what it loaded.
  const int64_t key = -5;
  const uint32_t column = 0;
  const void* const value = &key;
  REQUIRE(table.Update(loader.context, rid, {&column, 1}, {&value, 1})->done());
  const Snapshot before = db.Now();
  loader.Commit();
  CHECK(FetchRow(&table, rid, db.Now())->key == -5);
  loader.Stamp();
  CHECK(!FetchRow(&table, rid, before));
  CHECK(FetchRow(&table, rid, db.Now())->key == -5);
  CHECK(FetchRow(&table, RowId(rid.value + 1), db.Now()) == SealedRow(1));
  CHECK(ScanRows(&table, before)->empty());
  loader.Collect();
  const auto rows = *ScanRows(&table, db.Now());
  REQUIRE(rows.size() == count);
  int64_t expected = 0;
  for (auto it = rows.lower_bound(rid.value); expected < int64_t{kGroupRows}; ++it, ++expected) {
    if (expected > 0) REQUIRE(it->second == SealedRow(expected));
  }
  CHECK(table.approximate_rows() == count);
}

TEST_CASE("bulk load: rollback and abort give all extents back", "[storage]") {
  TableTestDatabase db;
  Table table(StorageId(1), TableTestSchema(), db.environment());
  TableTestTransaction loader(&db);
  Load(&table, loader.context, 2 * kGroupRows);
  CHECK(db.extents.count() > 0);
  loader.Abort();
  CHECK(db.extents.count() == 0);
  CHECK(ScanRows(&table, db.Now())->empty());
  TableTestTransaction second(&db);
  {
    BulkAppender appender(&table, second.context);
    FeedGroups(&table, &appender, 0, kGroupRows);
    CHECK(db.extents.count() > 0);
    db.extents.fail_writes = true;
    BulkAppender::Builder builder(&table, SIZE_MAX);
    std::vector<TableTestRow> rows(kVectorRows, SealedRow(1));
    while (!builder.full()) REQUIRE(builder.Append(ChunkOf(rows)).ok());
    CHECK(appender.AddGroup(7, &builder).sqlstate() == sqlstate::kDiskFull);
  }
  CHECK(db.extents.count() == 0);
  CHECK(db.extents.bad_releases == 0);
  second.Abort();
}

TEST_CASE("sealed group: predicates see overlays, zone maps do not hide them", "[storage][C21]") {
  TableTestDatabase db;
  Table table(StorageId(1), TableTestSchema(), db.environment());
  TableTestTransaction loader(&db);
  const auto groups = Load(&table, loader.context, kGroupRows);
  loader.Finish();
  const uint64_t base = groups[0].group << kGroupBits;
  TableTestTransaction writer(&db);
  const int64_t far = 10'000'000;
  const uint32_t column = 0;
  const void* const value = &far;
  REQUIRE(table.Update(writer.context, RowId(base + 70'000), {&column, 1}, {&value, 1})->done());
  REQUIRE(table.Delete(writer.context, RowId(base + 70'001))->done());
  const Snapshot before = db.Now();
  writer.Commit();
  auto above = std::make_shared<ColumnPredicate>(
      ColumnPredicate::Compare(CompareOp::kGreater, Value::Int64(9'000'000)));
  auto near = std::make_shared<ColumnPredicate>(
      ColumnPredicate::Range(Value::Int64(69'999), true, Value::Int64(70'002), true));
  auto rows = *ScanRows(&table, db.Now(), {{0, above}});
  REQUIRE(rows.size() == 1);
  CHECK(rows.begin()->first == base + 70'000);
  CHECK(rows.begin()->second.key == far);
  CHECK(rows.begin()->second.name == SealedRow(70'000).name);
  CHECK(ScanRows(&table, before, {{0, above}})->empty());
  CHECK(ScanRows(&table, db.Now(), {{0, near}})->size() == 2);
  CHECK(ScanRows(&table, before, {{0, near}})->size() == 4);
  writer.Stamp();
  CHECK(ScanRows(&table, before, {{0, near}})->size() == 4);
  writer.Collect();
  CHECK(ScanRows(&table, db.Now(), {{0, near}})->size() == 2);
}

TEST_CASE("sealed group: a join filter added while the scan runs applies from then on",
          "[storage]") {
  TableTestDatabase db;
  Table table(StorageId(1), TableTestSchema(), db.environment());
  TableTestTransaction loader(&db);
  Load(&table, loader.context, kGroupRows);
  loader.Finish();
  ScanOptions options;
  options.snapshot = db.Now();
  options.columns = {1};
  TableScan scan(&table, options);
  ScanCursor cursor(&scan);
  Chunk chunk;
  REQUIRE(*cursor.Next(&chunk));
  JoinFilter filter = JoinFilter::Exact(100'000, 100'010);
  filter.Insert(100'003);
  scan.AddPredicate({0, std::make_shared<ColumnPredicate>(ColumnPredicate::Join(
                            std::make_shared<const JoinFilter>(std::move(filter))))});
  size_t rows = 0;
  while (*cursor.Next(&chunk)) rows += chunk.size();
  CHECK(rows == 1);
}

TEST_CASE("table image: a sealed table comes back with its overlays, and takes replayed commits",
          "[storage][I7]") {
  TableTestDatabase db;
  Table table(StorageId(1), TableTestSchema(), db.environment());
  TableTestTransaction loader(&db);
  const auto groups = Load(&table, loader.context, kGroupRows + 300);
  loader.Finish();
  const uint64_t base = groups[0].group << kGroupBits;
  std::mt19937 random(7);
  TableTestTransaction writer(&db);
  for (int i = 0; i < 500; ++i) {
    const RowId rid(base + random() % kGroupRows);
    const TableTestPointers pointers(SealedRow(static_cast<int64_t>(random() % 100'000)));
    const uint32_t columns[] = {1, 2};
    const void* const values[] = {pointers.pointers[1], pointers.pointers[2]};
    if (i % 5 == 0) {
      REQUIRE(table.Delete(writer.context, rid).ok());
    } else {
      REQUIRE(table.Update(writer.context, rid, columns, values).ok());
    }
    writer.NextStatement();
  }
  writer.Finish();
  const Snapshot image = db.Now();
  const auto at_image = *ScanRows(&table, image);
  // In flight and committed later: not in the image.
  TableTestTransaction open(&db);
  REQUIRE(table.Delete(open.context, RowId(base + 131'000)).ok());
  std::string directory;
  TableTestTransaction late(&db);
  const int32_t number = 4711;
  const uint32_t column = 2;
  const void* const value = &number;
  REQUIRE(table.Update(late.context, RowId(base + 130'000), {&column, 1}, {&value, 1})->done());
  const CommitSeq late_seq = late.Commit();
  REQUIRE(table.WriteImage(image.seq, &directory).ok());
  table.CheckpointDone(true);
  Table copy(StorageId(1), TableTestSchema(), db.environment());
  REQUIRE(copy.LoadImage(directory).ok());
  CHECK(*ScanRows(&copy, db.Now()) == at_image);
  CHECK(copy.approximate_rows() == at_image.size());
  REQUIRE(copy.ReplayUpdate(RowId(base + 130'000), {&column, 1}, {&value, 1}, late_seq).ok());
  const RowId removed(base + 131'000);
  open.Commit();
  REQUIRE(copy.ReplayDelete({&removed, 1}, open.committed).ok());
  CHECK(*ScanRows(&copy, db.Now()) == *ScanRows(&table, db.Now()));
  // What the image left out is still dirty.
  std::string second;
  REQUIRE(table.WriteImage(db.transactions.published(), &second).ok());
  table.CheckpointDone(true);
  Table third(StorageId(1), TableTestSchema(), db.environment());
  REQUIRE(third.LoadImage(second).ok());
  CHECK(*ScanRows(&third, db.Now()) == *ScanRows(&table, db.Now()));
  CHECK(db.extents.bad_releases == 0);
  late.Stamp();
  late.Collect();
  open.Stamp();
  open.Collect();
}

TEST_CASE("table image: damaged directories are refused, never followed", "[storage]") {
  TableTestDatabase db;
  Table table(StorageId(1), TableTestSchema(), db.environment());
  TableTestTransaction writer(&db);
  std::vector<TableTestRow> rows;
  for (int i = 0; i < 20; ++i) rows.push_back(SealedRow(i));
  REQUIRE(table.Insert(writer.context, ChunkOf(rows), nullptr).ok());
  writer.Finish();
  std::string directory;
  REQUIRE(table.WriteImage(db.transactions.published(), &directory).ok());
  CHECK(directory.size() < 1000);  // small tables stay small
  table.CheckpointDone(true);
  for (size_t size = 0; size < directory.size(); ++size) {
    Table copy(StorageId(1), TableTestSchema(), db.environment());
    REQUIRE(!copy.LoadImage(std::string_view(directory).substr(0, size)).ok());
  }
  std::mt19937 random(11);
  for (int i = 0; i < 3000; ++i) {
    std::string damaged = directory;
    damaged[random() % damaged.size()] = static_cast<char>(random());
    Table copy(StorageId(1), TableTestSchema(), db.environment());
    if (copy.LoadImage(damaged).ok()) REQUIRE(ScanRows(&copy, db.Now()).ok());
  }
}

TEST_CASE("group descriptor: encodes and decodes, and refuses damage", "[storage]") {
  TableTestDatabase db;
  Table table(StorageId(1), TableTestSchema(), db.environment());
  TableTestTransaction loader(&db);
  const auto groups = Load(&table, loader.context, kGroupRows);
  const std::string bytes = groups[0].Encode();
  const GroupDescriptor decoded = *GroupDescriptor::Decode(bytes);
  CHECK(decoded.Encode() == bytes);
  for (size_t size = 0; size < bytes.size(); ++size) {
    REQUIRE(!GroupDescriptor::Decode(std::string_view(bytes).substr(0, size)).ok());
  }
  loader.Commit();
  Table follower(StorageId(1), TableTestSchema(), db.environment());
  REQUIRE(follower.ReplayAttachGroup(decoded, loader.committed).ok());
  CHECK(*ScanRows(&follower, db.Now()) == *ScanRows(&table, db.Now()));
  CHECK(follower.next_rid() == table.next_rid());
  loader.Stamp();
  loader.Collect();
}

TEST_CASE("sealing: swaps the group under running statements and keeps every row",
          "[storage][MV-13]") {
  TableTestDatabase db;
  Table table(StorageId(1), TableTestSchema(), db.environment());
  TableTestTransaction loader(&db);
  std::map<uint64_t, TableTestRow> expected;
  for (int64_t key = 0; key < int64_t{kGroupRows} + 100;) {
    std::vector<TableTestRow> rows;
    for (int i = 0; i < 2000; ++i) rows.push_back(SealedRow(key++));
    std::vector<RowId> rids(rows.size());
    REQUIRE(table.Insert(loader.context, ChunkOf(rows), rids.data()).ok());
    for (size_t i = 0; i < rows.size(); ++i) expected[rids[i].value] = rows[i];
  }
  loader.Commit();
  CHECK(*table.SealQuietGroups(db.transactions.published()) == 0);  // undo is there
  loader.Stamp();
  loader.Collect();
  const size_t hot_bytes = db.memory.used_bytes();
  CHECK(*table.SealQuietGroups(db.transactions.published()) == 1);
  CHECK(db.memory.used_bytes() < hot_bytes / 4);
  CHECK(*ScanRows(&table, db.Now()) == expected);
  TableTestTransaction writer(&db);
  REQUIRE(table.Delete(writer.context, RowId(3))->done());
  writer.Finish();
  expected.erase(3);
  CHECK(*ScanRows(&table, db.Now()) == expected);
  const TableStatistics statistics = *table.Statistics();
  CHECK(statistics.rows == expected.size());
  CHECK(statistics.columns[0].known);
  CHECK(statistics.columns[0].max.int64() == int64_t{kGroupRows} - 1);
  std::vector<Chunk> sample;
  REQUIRE(table.SampleRows(db.Now(), 4096, 1, &sample).ok());
  size_t sampled = 0;
  for (const Chunk& chunk : sample) sampled += chunk.size();
  CHECK(sampled > 3000);
  CHECK(sampled <= 4200);
}

}  // namespace driftdb::storage
