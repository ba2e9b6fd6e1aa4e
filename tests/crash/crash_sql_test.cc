// The scripted workload of crash_sql.h through SQL: a crash after every write and sync of it, in
// recovery too; a full disk and a failed write at each. Oracle: the states that an undisturbed run
// of the script goes through. A failure prints the operation, the step and the model.
#include "crash_sql.h"

#include <cstdlib>

#include "catch2/catch.hpp"

#include "platform/vfs_fault.h"

namespace driftdb::api {

namespace {

using platform::CrashModel;
using platform::FaultVfs;

// What one run of the script did.
struct SqlRun {
  SqlRun() : base(platform::MakeMemoryVfs()), vfs(std::move(*FaultVfs::Make(base.get()))) {}

  std::unique_ptr<platform::Vfs> base;
  std::unique_ptr<FaultVfs> vfs;
  size_t done = 0;     // steps that were acknowledged
  size_t durable = 0;  // of them those that no crash may take back
  bool opened = false;
};

struct SqlScriptCase {
  std::vector<std::string> script;
  bool synchronous = true;
  std::vector<SqlState> states;  // [n]: after n steps
  uint64_t operations = 0;
};

void SqlTestOk(const Status& status) {
  INFO(status.ToString());
  REQUIRE(status.ok());
}

// Runs until the first error. With `keep` the database stays open in it.
Status SqlTestRun(const SqlScriptCase& test, SqlRun* run, SqlBed* bed,
                  std::vector<SqlState>* states = nullptr) {
  DRIFTDB_RETURN_IF_ERROR(bed->Open(false, test.synchronous));
  run->opened = true;
  if (states != nullptr) states->emplace_back();
  for (const std::string& step : test.script) {
    DRIFTDB_RETURN_IF_ERROR(bed->Run(step));
    ++run->done;
    if (test.synchronous || step == "CHECKPOINT") run->durable = run->done;
    if (states == nullptr) continue;
    DRIFTDB_ASSIGN_OR_RETURN(SqlState state, bed->Read());
    states->push_back(std::move(state));
  }
  return OkStatus();
}

SqlScriptCase SqlTestPrepare(std::vector<std::string> script, bool synchronous) {
  SqlScriptCase test;
  test.script = std::move(script);
  test.synchronous = synchronous;
  {
    SqlRun run;
    SqlBed bed(run.vfs.get());
    const Status status = SqlTestRun(test, &run, &bed, &test.states);
    INFO("step " << run.done);
    SqlTestOk(status);
    SqlTestOk(bed.Close());
  }
  // Reading makes no operations, but the count is taken from a run like those that follow.
  SqlRun run;
  SqlBed bed(run.vfs.get());
  SqlTestOk(SqlTestRun(test, &run, &bed));
  SqlTestOk(bed.Close());
  test.operations = run.vfs->operations();
  return test;
}

// Opens what a crash left and compares; returns the number of the state found.
size_t SqlTestVerify(platform::Vfs* vfs, const SqlScriptCase& test, const SqlRun& run) {
  SqlBed bed(vfs);
  SqlTestOk(bed.Open());
  auto found = bed.Read();
  SqlTestOk(found.status());
  const size_t last = std::min(run.done + 1, test.script.size());
  size_t match = test.states.size();
  for (size_t n = run.durable; n <= last; ++n) {
    if (*found == test.states[n]) match = n;
  }
  INFO("durable steps " << run.durable << ", acknowledged " << run.done << "; against the durable: "
                        << SqlDifference(*found, test.states[run.durable])
                        << "; against the last: " << SqlDifference(*found, test.states[last]));
  REQUIRE(match < test.states.size());
  return match;
}

// The survivor takes all kinds of work again, and closes and opens with the result.
void SqlTestUse(platform::Vfs* vfs) {
  SqlBed bed(vfs);
  SqlTestOk(bed.Open());
  auto before = bed.Read();
  SqlTestOk(before.status());
  SqlTestOk(bed.Run("CREATE TABLE after (k serial PRIMARY KEY, x bigint)"));
  for (const auto& [name, rows] : *before) {
    SqlTestOk(bed.Run("INSERT INTO after (x) SELECT count(*) FROM " + name));
    if (name == "a") SqlTestOk(bed.Run("UPDATE a SET v = 77 WHERE id > 100"));
    if (name == "b" || name == "bb") SqlTestOk(bed.Run("INSERT INTO " + name + " (a) VALUES (3)"));
  }
  SqlTestOk(bed.Run("CHECKPOINT"));
  SqlTestOk(bed.Run("!maintain"));
  auto wanted = bed.Read();
  SqlTestOk(wanted.status());
  SqlTestOk(bed.Close());
  SqlTestOk(bed.Open());
  auto found = bed.Read();
  SqlTestOk(found.status());
  INFO(SqlDifference(*found, *wanted));
  REQUIRE(*found == *wanted);
  SqlTestOk(bed.Close());
}

// Opening dies after `at` operations; so do the checkpoint and the close behind it.
void SqlTestTwice(platform::Vfs* crashed, const SqlScriptCase& test, const SqlRun& run,
                  platform::Rng* rng) {
  auto vfs = FaultVfs::Make(crashed);
  SqlTestOk(vfs.status());
  const uint64_t at = rng->Below(16);
  (*vfs)->CrashAfter(at);
  {
    SqlBed bed(vfs->get());
    Status status = bed.Open();
    if (status.ok()) status = bed.Run("CHECKPOINT");
    if (status.ok()) status = bed.Close();
    bed.Drop();
  }
  const CrashModel model = platform::kCrashModels[rng->Below(5)];
  INFO("second crash after operation " << at << ", model " << static_cast<int>(model));
  auto again = (*vfs)->Crash(model, rng->Next());
  SqlTestOk(again.status());
  SqlTestVerify(again->get(), test, run);
}

// `points` 0: every operation. `every` 2: each model at half of the points.
void SqlTestCrashes(const SqlScriptCase& test, uint64_t points, uint64_t seed, uint64_t every = 1) {
  platform::Rng rng(seed);
  const uint64_t stride = points == 0 ? 1 : std::max<uint64_t>(1, test.operations / points);
  for (uint64_t at = rng.Below(stride); at < test.operations; at += stride) {
    SqlRun run;
    SqlBed bed(run.vfs.get());
    run.vfs->CrashAfter(at);
    Status status = SqlTestRun(test, &run, &bed);
    if (status.ok()) status = bed.Close();
    bed.Drop();
    INFO("seed " << seed << ", crash after operation " << at << " of " << test.operations << ": "
                 << run.vfs->Describe(at) << "; after step " << run.done << ": "
                 << (run.done < test.script.size() ? test.script[run.done] : "close") << "; "
                 << status.message());
    for (const CrashModel model : platform::kCrashModels) {
      if (rng.Below(every) != 0) continue;
      INFO("model " << static_cast<int>(model));
      auto crashed = run.vfs->Crash(model, rng.Next());
      SqlTestOk(crashed.status());
      // The database itself may be missing when the crash was before its first acknowledgement.
      SqlTestTwice(crashed->get(), test, run, &rng);
      auto untouched = run.vfs->Crash(model, rng.Next());
      SqlTestOk(untouched.status());
      SqlTestVerify(untouched->get(), test, run);
      if (rng.Below(8) == 0) SqlTestUse(untouched->get());
    }
  }
}

// A fault at every operation. After an error the statement has left nothing: reads in the same
// process show the state before it; the step works when it is repeated, or the database refuses
// writers until it is opened again; and what is found then is one of the allowed states.
void SqlTestFaults(const SqlScriptCase& test, platform::Fault fault, uint64_t points) {
  const bool disk_full = fault.kind == platform::Fault::Kind::kDiskFull;
  const uint64_t stride = points == 0 ? 1 : std::max<uint64_t>(1, test.operations / points);
  for (uint64_t at = 1; at <= test.operations; at += stride) {
    SqlRun run;
    SqlBed bed(run.vfs.get());
    fault.at = at;
    run.vfs->AddFault(fault);
    const Status status = SqlTestRun(test, &run, &bed);
    INFO("fault at operation " << at << " of " << test.operations << ": " << run.vfs->Describe(at)
                               << "; in step " << run.done + 1 << ": "
                               << (run.done < test.script.size() ? test.script[run.done] : "close")
                               << "; " << status.ToString());
    const auto expected = [disk_full](const Status& error) {
      return error.ok() || (disk_full && error.sqlstate() == sqlstate::kDiskFull) ||
             error.sqlstate() == sqlstate::kIoError ||
             error.sqlstate() == sqlstate::kOutcomeUnknown;
    };
    CHECK(expected(status));
    if (!status.ok() && run.opened) {
      auto live = bed.Read();
      SqlTestOk(live.status());
      INFO("in the same process: " << SqlDifference(*live, test.states[run.done]));
      REQUIRE(*live == test.states[run.done]);
      run.vfs->ClearFaults();
      const bool writable = bed.database()->engine()->manager()->CheckWritable().ok();
      const Status again = bed.Run(test.script[run.done]);
      INFO("writable " << writable << ", again: " << again.ToString());
      REQUIRE(again.ok() == writable);
      if (writable) {
        ++run.done;
        if (test.synchronous) run.durable = run.done;
        live = bed.Read();
        SqlTestOk(live.status());
        INFO("repeated: " << SqlDifference(*live, test.states[run.done]));
        REQUIRE(*live == test.states[run.done]);
      } else {
        CHECK(again.sqlstate() == sqlstate::kIoError);
      }
    } else if (status.ok()) {
      const Status closed = bed.Close();
      INFO("close: " << closed.ToString());
      CHECK(expected(closed));
    }
    bed.Drop();
    run.vfs->ClearFaults();
    SqlTestVerify(run.vfs.get(), test, run);
  }
}

constexpr uint32_t kSqlSpaceOperations =
    platform::kFaultWrite | platform::kFaultTruncate | platform::kFaultCreate;

platform::Fault SqlTestDiskFull(bool forever) {
  platform::Fault fault;
  fault.kind = platform::Fault::Kind::kDiskFull;
  fault.operations = kSqlSpaceOperations;
  fault.forever = forever;
  return fault;
}

platform::Fault SqlTestIoError() {
  platform::Fault fault;
  fault.kind = platform::Fault::Kind::kIoError;
  fault.operations = ~platform::kFaultRead;
  return fault;
}

}  // namespace

TEST_CASE("SQL: no crash loses a statement or leaves half of one") {
  SqlTestCrashes(SqlTestPrepare(SqlScript(false), true), 40, 1);
}

TEST_CASE("SQL: a crash loses at most a suffix of commits that did not wait") {
  SqlTestCrashes(SqlTestPrepare(SqlScript(false), false), 25, 2);
}

TEST_CASE("SQL: a full disk fails a statement, which leaves nothing") {
  const SqlScriptCase test = SqlTestPrepare(SqlScript(false), true);
  SECTION("once") { SqlTestFaults(test, SqlTestDiskFull(false), 40); }
  SECTION("until space is made") { SqlTestFaults(test, SqlTestDiskFull(true), 40); }
}

TEST_CASE("SQL: a failed write or sync leaves what was acknowledged, readable") {
  SqlTestFaults(SqlTestPrepare(SqlScript(false), true), SqlTestIoError(), 40);
}

TEST_CASE("SQL: a crash after every operation", "[.long]") {
  SqlTestCrashes(SqlTestPrepare(SqlScript(false), true), 0, 3);
}

TEST_CASE("SQL: a crash after every operation, commits that do not wait", "[.long]") {
  SqlTestCrashes(SqlTestPrepare(SqlScript(false), false), 0, 4);
}

TEST_CASE("SQL: a crash after every operation of a bulk load", "[.long]") {
  SqlTestCrashes(SqlTestPrepare(SqlScript(true), true), 0, 5, 3);
}

TEST_CASE("SQL: no crash disturbs transactions open beside checkpoints and others' work",
          "[.long]") {
  SqlTestCrashes(SqlTestPrepare(SqlInterleavedScript(), true), 120, 7, 2);
  SqlTestCrashes(SqlTestPrepare(SqlInterleavedScript(), false), 60, 8, 3);
}

TEST_CASE("SQL: a fault at every operation", "[.long]") {
  const bool bulk = GENERATE(false, true);
  const SqlScriptCase test = SqlTestPrepare(SqlScript(bulk), true);
  SqlTestFaults(test, SqlTestDiskFull(false), 0);
  SqlTestFaults(test, SqlTestDiskFull(true), 0);
  SqlTestFaults(test, SqlTestIoError(), 0);
}

}  // namespace driftdb::api
