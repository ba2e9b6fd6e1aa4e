// Reproductions of single ways to lose or falsify what was acknowledged, each named by what must
// hold. Method:
// the fault-injecting file system, a power loss, and opening what it left.
#include "catch2/catch.hpp"

#include "crash_sql.h"
#include "platform/vfs_fault.h"

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

}  // namespace driftdb::api
