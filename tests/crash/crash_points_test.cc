// Crash after every numbered operation, under every model of what a power loss keeps; full disks;
// failed syncs. The workload is repeated up to the operation, the machine "dies", and the directory
// is opened again. A failure prints seed, operation and model. The cases tagged [.long] (suite
// crash-long) go through every operation.
#include <cstdlib>

#include "catch2/catch.hpp"

#include "crash_workload.h"
#include "platform/vfs_fault.h"

namespace driftdb::txn {

namespace {

using platform::CrashModel;
using platform::FaultVfs;

const char* CrashTestModelName(CrashModel model) {
  switch (model) {
    case CrashModel::kNone:
      return "none";
    case CrashModel::kAll:
      return "all";
    case CrashModel::kPrefix:
      return "prefix";
    case CrashModel::kRandomSectors:
      return "random sectors";
    case CrashModel::kTornSector:
      return "torn sector";
  }
  return "?";
}

// DRIFTDB_CRASH_SEEDS: how many seeds instead of `otherwise`; DRIFTDB_CRASH_SEED: only this one.
std::vector<uint64_t> CrashTestSeeds(int otherwise) {
  if (const char* seed = std::getenv("DRIFTDB_CRASH_SEED"); seed != nullptr) {
    return {std::strtoull(seed, nullptr, 10)};
  }
  const char* count = std::getenv("DRIFTDB_CRASH_SEEDS");
  std::vector<uint64_t> seeds;
  const int wanted = count == nullptr ? otherwise : std::atoi(count);
  for (int i = 1; i <= wanted; ++i) seeds.push_back(static_cast<uint64_t>(i) * 7919);
  return seeds;
}

// A database in a fresh fault-injecting file system.
struct CrashRun {
  explicit CrashRun(const CrashWorkload::Options& options)
      : base(platform::MakeMemoryVfs()),
        vfs(std::move(*FaultVfs::Make(base.get()))),
        bed(vfs.get()),
        workload(&bed, options) {}

  // Runs everything, from making the database to closing it.
  Status Run(const std::function<bool(const Status&)>& tolerated) {
    Status status = bed.Open();
    if (status.ok()) {
      opened = true;
      status = workload.Run(tolerated);
    }
    if (status.ok()) {
      status = bed.Close();
      closed = status.ok();
    }
    bed.Drop();
    return status;
  }

  std::unique_ptr<platform::Vfs> base;
  std::unique_ptr<FaultVfs> vfs;
  TxnBed bed;
  CrashWorkload workload;
  bool opened = false;
  bool closed = false;
};

bool CrashTestNever(const Status&) { return false; }

void CrashTestOk(const Status& status) {
  INFO(status.ToString());
  REQUIRE(status.ok());
}

std::string CrashTestDifference(const CrashState& found, const CrashState& wanted) {
  for (const auto& [name, rows] : wanted) {
    const auto it = found.find(name);
    if (it == found.end()) return "table " + name + " is missing";
    for (const auto& [k, row] : rows) {
      const auto other = it->second.find(k);
      if (other == it->second.end()) return name + " lacks row " + std::to_string(k);
      if (!(other->second == row)) return name + " has another row " + std::to_string(k);
    }
    if (it->second.size() != rows.size()) return name + " has rows too many";
  }
  return found.size() == wanted.size() ? "" : "tables too many";
}

// True when `found` is a state that a crash may leave.
bool CrashTestAllowed(const CrashWorkload& workload, const CrashState& found, std::string* why) {
  const auto& history = workload.history();
  for (size_t i = workload.durable(); i < history.size(); ++i) {
    if (found == history[i]) return true;
  }
  if (found == workload.draft()) return true;
  *why =
      "against the last durable state: " + CrashTestDifference(found, history[workload.durable()]) +
      "; against the draft: " + CrashTestDifference(found, workload.draft());
  return false;
}

// Opens, compares, checks the sequence, opens again.
void CrashTestVerify(platform::Vfs* vfs, const CrashWorkload& workload, CrashState* found) {
  TxnBed bed(vfs);
  CrashTestOk(bed.Open());
  auto state = ReadCrashState(&bed);
  CrashTestOk(state.status());
  std::string why;
  const bool allowed = CrashTestAllowed(workload, *state, &why);
  INFO(why);
  REQUIRE(allowed);
  *found = *state;
  const auto next = CrashNextValue(&bed);
  if (next.ok()) {
    int64_t last = 0;
    for (const auto& [name, rows] : *state) {
      for (const auto& [k, row] : rows) last = std::max(last, k % 1'000'000);
    }
    REQUIRE(*next > last);
  } else {
    REQUIRE(next.status().sqlstate() == sqlstate::kUndefinedTable);
  }
  bed.Drop();
  // Recovery is idempotent: nothing was committed since.
  CrashTestOk(bed.Open());
  auto again = ReadCrashState(&bed);
  CrashTestOk(again.status());
  REQUIRE(*again == *found);
  bed.Drop();
}

// The database works on, and what is done now is kept.
void CrashTestUse(platform::Vfs* vfs, const CrashState& found, uint64_t seed) {
  TxnBed bed(vfs);
  CrashTestOk(bed.Open());
  CrashState state = found;
  {
    BedSession session(&bed);
    if (state.empty()) CrashTestOk(session.CreateTable("fresh"));
    if (state.empty()) state["fresh"];
    const std::string name = state.begin()->first;
    std::vector<BedRow> rows;
    for (int64_t i = 0; i < 20; ++i) {
      rows.push_back({5'000'000 + i, static_cast<int64_t>(seed % 7), 5'000'000 + i, "after"});
    }
    CrashTestOk(session.Insert(name, rows));
    for (const BedRow& row : rows) state[name][row.k] = row;
  }
  CrashTestOk(bed.engine->Checkpoint());
  CrashTestOk(bed.engine->Maintain());
  CrashTestOk(bed.Close());
  CrashTestOk(bed.Open());
  auto again = ReadCrashState(&bed);
  CrashTestOk(again.status());
  REQUIRE(*again == state);
  CrashTestOk(bed.Close());
}

// Dies at operation `at` of recovery (and of the first checkpoint and close after it).
void CrashTestTwice(platform::Vfs* crashed, const CrashWorkload& workload, platform::Rng* rng) {
  auto vfs = FaultVfs::Make(crashed);
  CrashTestOk(vfs.status());
  (*vfs)->CrashAfter(rng->Below(14));
  {
    TxnBed bed(vfs->get());
    Status status = bed.Open();
    if (status.ok()) status = bed.engine->Checkpoint();
    if (status.ok()) status = bed.Close();
    bed.Drop();
  }
  const CrashModel model = platform::kCrashModels[rng->Below(5)];
  INFO("second crash, model " << CrashTestModelName(model));
  auto again = (*vfs)->Crash(model, rng->Next());
  CrashTestOk(again.status());
  CrashState found;
  CrashTestVerify(again->get(), workload, &found);
}

void CrashTestPoints(const CrashWorkload::Options& options, uint64_t points) {
  uint64_t total = 0;
  {
    CrashRun run(options);
    const Status status = run.Run(CrashTestNever);
    INFO("seed " << options.seed << ", step " << run.workload.steps_done() << " "
                 << run.workload.last_step());
    CrashTestOk(status);
    total = run.vfs->operations();
  }
  platform::Rng rng(options.seed);
  const uint64_t stride = points == 0 ? 1 : std::max<uint64_t>(1, total / points);
  for (uint64_t at = rng.Below(stride); at < total; at += stride) {
    CrashRun run(options);
    run.vfs->CrashAfter(at);
    const Status status = run.Run(CrashTestNever);
    INFO("seed " << options.seed << ", crash after operation " << at << " of " << total << ": "
                 << run.vfs->Describe(at) << "; step " << run.workload.steps_done() << " "
                 << run.workload.last_step() << ": " << status.message());
    for (const CrashModel model : platform::kCrashModels) {
      INFO("model " << CrashTestModelName(model));
      auto crashed = run.vfs->Crash(model, rng.Next());
      CrashTestOk(crashed.status());
      CrashTestTwice(crashed->get(), run.workload, &rng);
      auto untouched = run.vfs->Crash(model, rng.Next());
      CrashTestOk(untouched.status());
      CrashState found;
      CrashTestVerify(untouched->get(), run.workload, &found);
      if (rng.Below(4) == 0) CrashTestUse(untouched->get(), found, options.seed);
    }
  }
}

// After an error the step has left nothing, also in the process that met it.
void CrashTestUndone(CrashRun* run) {
  auto live = ReadCrashState(&run->bed);
  CrashTestOk(live.status());
  INFO("in the same process: " << CrashTestDifference(*live, run->workload.state()));
  REQUIRE(*live == run->workload.state());
}

uint64_t CrashTestOperations(const CrashWorkload::Options& options) {
  CrashRun run(options);
  CrashTestOk(run.Run(CrashTestNever));
  return run.vfs->operations();
}

// `points` 0: every operation.
void CrashTestFullDisk(const CrashWorkload::Options& options, uint64_t points) {
  const uint64_t total = CrashTestOperations(options);
  const uint64_t stride = points == 0 ? 1 : std::max<uint64_t>(1, total / points);
  for (uint64_t at = 1; at <= total; at += stride) {
    CrashRun run(options);
    platform::Fault fault;
    fault.kind = platform::Fault::Kind::kDiskFull;
    fault.operations = platform::kFaultWrite | platform::kFaultTruncate | platform::kFaultCreate;
    fault.at = at;
    run.vfs->AddFault(fault);
    Status failure;
    const Status status = run.Run([&](const Status& error) {
      failure = error;
      INFO("seed " << options.seed << ", disk full at operation " << at << ": " << error.message());
      CrashTestUndone(&run);
      return error.sqlstate() == sqlstate::kDiskFull;
    });
    INFO("seed " << options.seed << ", disk full at operation " << at << " of " << total << ": "
                 << run.vfs->Describe(at) << "; " << status.message() << " " << failure.message());
    if (!status.ok()) {
      const bool expected = status.sqlstate() == sqlstate::kDiskFull ||
                            status.sqlstate() == sqlstate::kIoError ||
                            status.sqlstate() == sqlstate::kOutcomeUnknown;
      CHECK(expected);
    }
    run.vfs->ClearFaults();
    CrashState found;
    CrashTestVerify(run.vfs.get(), run.workload, &found);
  }
}

void CrashTestFailures(const CrashWorkload::Options& options, uint64_t points) {
  const uint64_t total = CrashTestOperations(options);
  const uint64_t stride = points == 0 ? 1 : std::max<uint64_t>(1, total / points);
  for (uint64_t at = 1; at <= total; at += stride) {
    CrashRun run(options);
    platform::Fault fault;
    fault.kind = platform::Fault::Kind::kIoError;
    fault.operations = platform::kFaultSync | platform::kFaultWrite;
    fault.at = at;
    run.vfs->AddFault(fault);
    const Status status = run.Run([&](const Status& error) {
      INFO("seed " << options.seed << ", failure at operation " << at << ": " << error.message());
      CrashTestUndone(&run);
      return false;
    });
    INFO("seed " << options.seed << ", failure at operation " << at << " of " << total << ": "
                 << run.vfs->Describe(at) << "; " << status.message());
    if (!status.ok()) {
      const bool expected =
          status.sqlstate() == sqlstate::kIoError || status.sqlstate() == sqlstate::kOutcomeUnknown;
      CHECK(expected);
    }
    run.vfs->ClearFaults();
    for (const CrashModel model : {CrashModel::kNone, CrashModel::kAll}) {
      auto crashed = run.vfs->Crash(model, options.seed);
      CrashTestOk(crashed.status());
      CrashState found;
      CrashTestVerify(crashed->get(), run.workload, &found);
    }
  }
}

CrashWorkload::Options CrashTestOptions(uint64_t seed, int steps) {
  CrashWorkload::Options options;
  options.seed = seed;
  options.steps = steps;
  return options;
}

}  // namespace

TEST_CASE("no crash loses a commit or leaves half of one") {
  for (const uint64_t seed : CrashTestSeeds(2)) CrashTestPoints(CrashTestOptions(seed, 40), 60);
}

TEST_CASE("a crash while the database is made leaves nothing or a database") {
  CrashWorkload::Options options;
  options.steps = 2;
  options.large = false;
  CrashTestPoints(options, 0);
}

TEST_CASE("a full disk fails one step, or poisons; nothing is lost") {
  for (const uint64_t seed : CrashTestSeeds(2)) CrashTestFullDisk(CrashTestOptions(seed, 30), 60);
}

TEST_CASE("a failed sync poisons the database; what was acknowledged before is kept") {
  for (const uint64_t seed : CrashTestSeeds(2)) CrashTestFailures(CrashTestOptions(seed, 30), 60);
}

TEST_CASE("every operation: crashes", "[.long]") {
  for (const uint64_t seed : CrashTestSeeds(4)) CrashTestPoints(CrashTestOptions(seed, 60), 0);
}

TEST_CASE("every operation: full disks", "[.long]") {
  for (const uint64_t seed : CrashTestSeeds(4)) CrashTestFullDisk(CrashTestOptions(seed, 60), 0);
}

TEST_CASE("every operation: failed writes and syncs", "[.long]") {
  for (const uint64_t seed : CrashTestSeeds(4)) CrashTestFailures(CrashTestOptions(seed, 60), 0);
}

}  // namespace driftdb::txn
