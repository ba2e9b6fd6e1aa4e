// Goal: whatever a power loss leaves, recovery returns all acknowledged records and of the others a
// prefix, whole frame by whole frame, and doing it twice changes nothing.
// Method: seeded scripts of appends, flushes, cuts and recycling run over FaultVfs; the process
// dies after each operation k in turn; each crash model builds an image; the image is scanned and
// compared with what the script knew; then recovery itself dies after each of its operations.
#include <cstdlib>

#include "platform/vfs_fault.h"
#include "wal_test_bed.h"

namespace driftdb::wal {
namespace {

struct CrashOracle {
  uint64_t appended = 0;      // records 1..appended were given to Append, in order
  uint64_t acknowledged = 0;  // records 1..acknowledged were reported durable
  uint64_t covered = 0;       // records 1..covered precede the checkpoint
  LogPosition checkpoint;
  Lsn reach;
};

// Runs until the script ends or an operation fails. Returns whether it ended.
bool RunCrashScript(platform::Vfs* vfs, uint64_t seed, CrashOracle* oracle) {
  platform::Rng rng(seed);
  TestClock clock;
  WriterOptions options = TestWriterOptions(&clock);
  options.block_bytes = rng.Below(2) == 0 ? 512 : 4096;
  if (!vfs->MakeDirectory(kTestDirectory).ok() || !vfs->SyncDirectory("/").ok()) return false;
  Result<std::unique_ptr<LogWriter>> opened = LogWriter::Open(vfs, kTestDirectory, options);
  if (!opened.ok()) return false;
  std::unique_ptr<LogWriter> writer = std::move(opened).value();
  for (int step = 0; step < 40; ++step) {
    clock.wall += static_cast<int64_t>(rng.Below(3));
    const uint64_t action = rng.Below(10);
    if (action < 6) {
      const size_t size = rng.Below(8) == 0 ? rng.Below(40000) : rng.Below(2500);
      if (!AppendTestRecord(writer.get(), oracle->appended + 1, size).ok()) return false;
      ++oracle->appended;
    } else if (action < 9) {
      const uint64_t before = oracle->appended;
      if (!writer->Flush().ok()) return false;
      oracle->acknowledged = before;
      oracle->reach = std::max(oracle->reach, oracle->checkpoint.lsn);
    } else if (rng.Below(3) != 0) {
      const uint64_t before = oracle->appended;
      const Lsn cut = writer->Cut();
      // Appended between: then one group writes two frames, which a crash may keep in any order.
      if (rng.Below(2) == 0) {
        const size_t size = rng.Below(2500);
        if (!AppendTestRecord(writer.get(), oracle->appended + 1, size).ok()) return false;
        ++oracle->appended;
      }
      Result<LogPosition> position = writer->WaitPosition(cut);
      if (!position.ok()) return false;
      oracle->acknowledged = oracle->covered = before;
      oracle->checkpoint = *position;
      if (!writer->RecycleBefore(position->lsn, rng.Below(3) == 0).ok()) return false;
    } else {
      const uint64_t before = oracle->appended;
      if (!writer->Close().ok()) return false;
      oracle->acknowledged = before;
      writer.reset();
      TestScan scan = ScanTestLog(vfs, oracle->checkpoint);
      if (!scan.status.ok()) return false;
      ContinueFrom(scan.end, &options);
      opened = LogWriter::Open(vfs, kTestDirectory, options);
      if (!opened.ok()) return false;
      writer = std::move(opened).value();
    }
  }
  return writer->Close().ok();
}

// Returns the last record found.
uint64_t CheckScan(const TestScan& scan, const CrashOracle& oracle) {
  INFO(scan.status.ToString());
  REQUIRE(scan.status.ok());
  for (size_t i = 0; i < scan.numbers.size(); ++i) {
    if (scan.numbers[i] != oracle.covered + 1 + i)
      FAIL("record " << scan.numbers[i] << " at " << i);
  }
  const uint64_t last = oracle.covered + scan.numbers.size();
  REQUIRE(last >= oracle.acknowledged);
  REQUIRE(last <= oracle.appended);
  for (size_t i = 1; i < scan.times.size(); ++i) REQUIRE(scan.times[i - 1] < scan.times[i]);
  return last;
}

// Recovers from the image: dies after each operation of recovery, then completes; then appends
// more.
void CheckRecovery(platform::Vfs* image, const CrashOracle& oracle, uint64_t seed) {
  const TestScan first = ScanTestLog(image, oracle.checkpoint);
  const uint64_t last = CheckScan(first, oracle);
  TestClock clock;
  WriterOptions options = TestWriterOptions(&clock);
  ContinueFrom(first.end, &options);
  platform::Vfs* current = image;
  std::unique_ptr<platform::Vfs> kept;
  for (uint64_t k = 0;; ++k) {
    std::unique_ptr<platform::FaultVfs> fault =
        std::move(platform::FaultVfs::Make(current).value());
    fault->CrashAfter(k);
    Result<std::unique_ptr<LogWriter>> writer =
        LogWriter::Open(fault.get(), kTestDirectory, options);
    const bool opened = writer.ok() && (*writer)->Flush().ok();
    if (writer.ok()) writer->reset();
    const platform::CrashModel model = platform::kCrashModels[(seed + k) % 5];
    std::unique_ptr<platform::Vfs> after = std::move(fault->Crash(model, seed + k).value());
    const TestScan again = ScanTestLog(after.get(), oracle.checkpoint);
    REQUIRE(CheckScan(again, oracle) == last);
    REQUIRE(again.end.position.lsn == first.end.position.lsn);
    REQUIRE(again.end.position.chain == first.end.position.chain);
    if (opened) break;
    // The next attempt starts from what this one left.
    ContinueFrom(again.end, &options);
    kept = std::move(after);
    current = kept.get();
  }
  const TestScan before = ScanTestLog(current, oracle.checkpoint);
  ContinueFrom(before.end, &options);
  std::unique_ptr<LogWriter> writer =
      std::move(LogWriter::Open(current, kTestDirectory, options).value());
  REQUIRE(AppendTestRecord(writer.get(), last + 1, 700).ok());
  REQUIRE(writer->Flush().ok());
  writer.reset();
  CrashOracle extended = oracle;
  extended.appended = extended.acknowledged = last + 1;
  REQUIRE(CheckScan(ScanTestLog(current, oracle.checkpoint), extended) == last + 1);
}

uint64_t EnvironmentNumber(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST_CASE("wal: every acknowledged record survives a crash after any operation (C7, WAL-6..8)",
          "[wal][crash][C7]") {
  const uint64_t first_seed = EnvironmentNumber("DRIFTDB_SEED", 1);
  const uint64_t seeds = EnvironmentNumber("DRIFTDB_SEEDS", 6);
  uint64_t images = 0;
  for (uint64_t seed = first_seed; seed < first_seed + seeds; ++seed) {
    for (uint64_t k = 0;; ++k) {
      std::unique_ptr<platform::Vfs> memory = platform::MakeMemoryVfs();
      std::unique_ptr<platform::FaultVfs> fault =
          std::move(platform::FaultVfs::Make(memory.get()).value());
      fault->CrashAfter(k);
      CrashOracle oracle;
      const bool ended = RunCrashScript(fault.get(), seed, &oracle);
      // A script may end although the process is dead: preparing ahead fails without consequence.
      REQUIRE((ended || fault->crashed()));
      for (const platform::CrashModel model : platform::kCrashModels) {
        INFO("seed " << seed << ", crash after operation " << k << " ("
                     << fault->Describe(fault->operations()) << "), model "
                     << static_cast<int>(model));
        std::unique_ptr<platform::Vfs> image =
            std::move(fault->Crash(model, seed * 1000 + k).value());
        // Before the log directory is durable, there is no log and nothing was acknowledged.
        const bool exists = *image->Exists(std::string(kTestDirectory) + "/000001");
        if (!exists && oracle.appended == 0) continue;
        if (oracle.appended == 0 && !ScanTestLog(image.get(), {}).status.ok()) continue;
        CheckRecovery(image.get(), oracle, seed * 1000 + k);
        ++images;
      }
      if (!fault->crashed()) break;
    }
  }
  WARN(images << " crash images recovered");
}

}  // namespace
}  // namespace driftdb::wal
