// Reproductions of single ways to lose or falsify what was acknowledged, each named by what must
// hold. Method:
// the fault-injecting file system, a power loss, and opening what it left.
#include "catch2/catch.hpp"

#include "api/statement.h"
#include "crash_sql.h"
#include "platform/thread.h"
#include "platform/vfs_fault.h"
#include "storage/page/main_file.h"

namespace driftdb::api {

namespace {

using platform::CrashModel;
using platform::FaultVfs;

struct DurabilityBed {
  DurabilityBed()
      : base(platform::MakeMemoryVfs()),
        vfs(std::move(*FaultVfs::Make(base.get()))),
        bed(std::make_unique<SqlBed>(vfs.get())) {}

  void Ok(const Status& status) {
    INFO(status.ToString());
    REQUIRE(status.ok());
  }
  void Open() { Ok(bed->Open()); }
  void Run(const std::vector<std::string>& steps) {
    for (const std::string& step : steps) {
      INFO(step);
      Ok(bed->Run(step));
    }
  }
  SqlState Read() {
    auto state = bed->Read();
    Ok(state.status());
    return std::move(*state);
  }
  // Loses the power, and opens what is left.
  void Crash(CrashModel model) {
    bed->Drop();
    auto left = vfs->Crash(model, 1);
    Ok(left.status());
    base = std::move(*left);
    bed = nullptr;
    vfs = std::move(*FaultVfs::Make(base.get()));
    bed = std::make_unique<SqlBed>(vfs.get());
    Open();
  }

  std::unique_ptr<platform::Vfs> base;
  std::unique_ptr<FaultVfs> vfs;
  std::unique_ptr<SqlBed> bed;
};

const char kDurabilityTable[] =
    "CREATE TABLE a (id bigint PRIMARY KEY, v int, s text);"
    "INSERT INTO a SELECT i, i % 7, 'row ' || i FROM generate_series(1, 4000) AS g(i)";

}  // namespace

TEST_CASE("the space of an index that was made and dropped since the checkpoint is not reused") {
  // The log makes the first index, drops it and makes the second one; both claim their extents.
  const std::string larger =
      GENERATE(std::string("v"), std::string("v, s"), std::string("s, v, id"));
  DurabilityBed test;
  test.Open();
  test.Run({kDurabilityTable, "CHECKPOINT", "CREATE INDEX i1 ON a (v, id)", "DROP INDEX i1",
            "CREATE TABLE other (x int)", "CREATE TABLE another (x int)", "!maintain",
            "CREATE INDEX i2 ON a (" + larger + ")"});
  const SqlState before = test.Read();
  test.Crash(CrashModel::kAll);
  CHECK(SqlDifference(test.Read(), before).empty());
  // What recovery released is used again by now.
  test.Run(
      {"CHECKPOINT", "CREATE INDEX i3 ON a (s)", "CREATE INDEX i4 ON a (s, id)", "CHECKPOINT"});
  CHECK(SqlDifference(test.Read(), before).empty());
  test.Crash(CrashModel::kAll);
  CHECK(SqlDifference(test.Read(), before).empty());
}

TEST_CASE("a column whose ALTER TABLE was rolled back does not take the place of the next one") {
  // The storage keeps it; images and row groups tell columns apart by their ids.
  const std::string type = GENERATE(std::string("int"), std::string("text"));
  const bool crash = GENERATE(false, true);
  const std::string end =
      GENERATE(std::string("2: ROLLBACK"), std::string("2: ROLLBACK TO s; COMMIT"));
  DurabilityBed test;
  test.Open();
  test.Run({kDurabilityTable, "2: BEGIN; SAVEPOINT s; ALTER TABLE a ADD COLUMN gone int DEFAULT 7",
            "2: UPDATE a SET gone = 8 WHERE id < 10"});
  if (crash) {
    test.Run({"CHECKPOINT"});
    test.Crash(CrashModel::kAll);
  } else {
    test.Run({end});
  }
  test.Run({"ALTER TABLE a ADD COLUMN kept " + type + " DEFAULT '1'",
            "UPDATE a SET kept = '5' WHERE id % 3 = 0", "CHECKPOINT"});
  const SqlState before = test.Read();
  test.Crash(CrashModel::kAll);
  CHECK(SqlDifference(test.Read(), before).empty());
  test.Run({"UPDATE a SET kept = '6' WHERE id % 4 = 0", "ALTER TABLE a ADD COLUMN n int",
            "UPDATE a SET n = id WHERE id > 3000", "CHECKPOINT"});
  const SqlState after = test.Read();
  test.Crash(CrashModel::kAll);
  CHECK(SqlDifference(test.Read(), after).empty());
}

TEST_CASE("a database in a directory that somebody else has just made is found after a crash") {
  DurabilityBed test;
  test.Ok(test.vfs->MakeDirectory("/db"));
  test.Open();
  test.Run({"CREATE TABLE a (x int)", "INSERT INTO a VALUES (1)"});
  const SqlState before = test.Read();
  test.Crash(CrashModel::kNone);
  CHECK(SqlDifference(test.Read(), before).empty());
}

TEST_CASE("an interrupted creation removes no other database's log, nor files that are no log") {
  DurabilityBed test;
  test.Open();
  test.Run({"CREATE TABLE a (x int)", "INSERT INTO a VALUES (1)"});
  const SqlState before = test.Read();
  test.bed->Drop();
  const std::string main = "/db/main.drift", away = "/away", unfinished = "/db/main.drift.new";
  // The log is this database's, the unfinished file that of another one, or of a torn creation.
  test.Ok(test.vfs->Rename(main, away));
  const bool torn = GENERATE(false, true);
  if (torn) {
    test.Ok(SqlWriteFile(test.vfs.get(), unfinished, "torn"));
  } else {
    test.Ok(storage::MainFile::Create(test.vfs.get(), unfinished, Hash128{1, 2}).status());
  }
  CHECK(test.bed->Open().sqlstate() == sqlstate::kObjectNotInState);
  test.Ok(test.vfs->Delete(unfinished));
  CHECK(test.bed->Open().sqlstate() == sqlstate::kDataCorrupted);
  test.Ok(test.vfs->Rename(away, main));
  test.Open();
  CHECK(SqlDifference(test.Read(), before).empty());

  // A log directory may be a file system of its own, with what such have in them.
  DurabilityBed fresh;
  fresh.Ok(fresh.vfs->MakeDirectory("/db"));
  fresh.Ok(fresh.vfs->MakeDirectory("/db/wal"));
  fresh.Ok(SqlWriteFile(fresh.vfs.get(), "/db/wal/lost+found", "mine"));
  fresh.Ok(SqlWriteFile(fresh.vfs.get(), unfinished, "torn"));
  fresh.Open();
  fresh.Run({"CREATE TABLE a (x int)"});
  CHECK(SqlReadFile(fresh.vfs.get(), "/db/wal/lost+found").value() == "mine");
}

TEST_CASE("COPY checks unique keys while others insert: one of two with the same key fails") {
  DurabilityBed test;
  test.Open();
  // Session 2 writes the table, so COPY finds it empty but may not skip the checks.
  test.Run({"CREATE TABLE a (id bigint PRIMARY KEY, v int, s text)", "2: BEGIN; DELETE FROM a"});
  Status copied;
  auto thread = platform::Thread::Start("copy", [&] { copied = test.bed->Run("!copy a 133000"); });
  test.Ok(thread.status());
  platform::SleepMicros(300'000);
  const Status inserted = test.bed->Run("2: INSERT INTO a VALUES (5, 0, 'first')");
  if (inserted.ok()) test.Run({"2: COMMIT"});  // else the bed has rolled back
  thread->Join();
  CHECK(copied.ok() != inserted.ok());
  CHECK((copied.ok() ? inserted : copied).sqlstate() == sqlstate::kUniqueViolation);
  const auto rows = test.bed->Query("SELECT count(*) - count(DISTINCT id) FROM a");
  test.Ok(rows.status());
  CHECK(*rows == std::vector<std::string>{"0"});
  CHECK(test.Read()["a"].size() == (copied.ok() ? 133000u : 1u));
}

TEST_CASE("the space of a dropped table is free after the next opening at the latest (MAP-4)") {
  // Whoever held the table when the last checkpoint was written is gone then.
  const bool crash = GENERATE(false, true);
  const bool held = GENERATE(false, true);
  DurabilityBed test;
  test.Open();
  test.Run({kDurabilityTable, "CHECKPOINT"});
  const auto used = [&test] {
    const storage::StoreStatistics statistics =
        test.bed->database()->engine()->extents()->statistics();
    return statistics.file_bytes - statistics.free_bytes;
  };
  const uint64_t small = used() + 1'000'000;
  test.Run(
      {"CREATE TABLE big AS SELECT i, repeat('0123456789abcdef', 40) AS s "
       "FROM generate_series(1, 4000) AS g(i)",
       "CREATE INDEX big_s ON big (i, s)", "CHECKPOINT"});
  REQUIRE(used() > small + 3'000'000);
  size_t consumed = 0;
  const auto statement = test.bed->connection()->Prepare("SELECT * FROM big", &consumed);
  test.Ok(statement.status());
  if (!held) test.bed->connection()->Finalize(*statement);
  test.Run({"DROP TABLE big", "INSERT INTO a VALUES (9000)", "CHECKPOINT"});
  if (crash) {
    test.Crash(CrashModel::kAll);
  } else {
    test.Ok(test.bed->Close());
    test.Open();
  }
  CHECK(used() < small);
  const SqlState before = test.Read();
  test.Run({"CHECKPOINT"});
  CHECK(used() < small);
  test.Run({"CREATE TABLE other AS SELECT * FROM a", "CHECKPOINT"});
  CHECK(used() < small);
  CHECK(test.Read()["a"] == before.at("a"));
}

TEST_CASE("a value that nextval gave to a client is not given again (SEQ-2)") {
  DurabilityBed test;
  test.Open();
  test.Run({"CREATE SEQUENCE q"});
  int64_t last = 0;
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 20 * round + 1; ++i) {
      const auto rows = test.bed->Query("SELECT nextval('q')");
      test.Ok(rows.status());
      REQUIRE(rows->size() == 1);
      const int64_t value = std::stoll((*rows)[0]);
      REQUIRE(value > last);
      last = value;
    }
    test.Crash(CrashModel::kNone);
  }
  test.Run({"SELECT setval('q', 5000)"});
  test.Crash(CrashModel::kNone);
  const auto rows = test.bed->Query("SELECT nextval('q')");
  test.Ok(rows.status());
  CHECK(*rows == std::vector<std::string>{"5001"});
}

TEST_CASE("a row of RETURNING is shown only when its commit is durable") {
  DurabilityBed test;
  test.Open();
  test.Run({"CREATE TABLE a (x int)"});
  size_t consumed = 0;
  const auto statement =
      test.bed->connection()->Prepare("INSERT INTO a VALUES (1) RETURNING x", &consumed);
  test.Ok(statement.status());
  platform::Fault fault;
  fault.operations = platform::kFaultSync;
  test.vfs->AddFault(fault);
  CHECK((*statement)->Step().status().sqlstate() == sqlstate::kOutcomeUnknown);
  CHECK((*statement)->Reset().ok());
}

}  // namespace driftdb::api
