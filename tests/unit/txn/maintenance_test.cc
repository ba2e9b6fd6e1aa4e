// Goal: what background work cannot do does not keep it from what it can. Method: a full disk for
// one write.
#include "catch2/catch.hpp"

#include "platform/vfs_fault.h"
#include "txn/txn_bed.h"

namespace driftdb::txn {

namespace {

class MaintenanceClock final : public platform::Clock {
 public:
  int64_t WallMicros() override { return ++wall; }
  int64_t MonotonicNanos() override { return nanos; }
  int64_t wall = 1'000'000;
  int64_t nanos = 0;
};

void MaintenanceOk(const Status& status) {
  INFO(status.ToString());
  REQUIRE(status.ok());
}

}  // namespace

TEST_CASE("a merge that finds the disk full does not keep back the checkpoint (C2)") {
  auto base = platform::MakeMemoryVfs();
  auto vfs = std::move(*platform::FaultVfs::Make(base.get()));
  MaintenanceClock clock;
  TxnBed bed(vfs.get());
  bed.options.clock = &clock;
  MaintenanceOk(bed.Open());
  auto session = std::make_unique<BedSession>(&bed);
  MaintenanceOk(session->CreateTable("t"));
  for (int64_t k = 1; k <= 8; ++k) {
    MaintenanceOk(session->Insert("t", {{k, k, k, "x"}}));
    if (k < 8) MaintenanceOk(bed.engine->Checkpoint());
  }
  platform::Fault fault;
  fault.kind = platform::Fault::Kind::kDiskFull;
  fault.path_contains = "main.drift";
  fault.forever = true;
  vfs->AddFault(fault);
  CHECK(bed.engine->Maintain().sqlstate() == sqlstate::kDiskFull);
  vfs->ClearFaults();
  const uint64_t checkpoints = bed.engine->checkpoint_count();
  clock.nanos += 5'000'000'000;
  fault.forever = false;
  vfs->AddFault(fault);
  CHECK(bed.engine->Maintain().sqlstate() == sqlstate::kDiskFull);
  CHECK(bed.engine->checkpoint_count() == checkpoints + 1);
  session.reset();
  MaintenanceOk(bed.Close());
}

TEST_CASE("a checkpoint that found the disk full is tried again without further commits") {
  auto base = platform::MakeMemoryVfs();
  auto vfs = std::move(*platform::FaultVfs::Make(base.get()));
  MaintenanceClock clock;
  TxnBed bed(vfs.get());
  bed.options.clock = &clock;
  MaintenanceOk(bed.Open());
  auto session = std::make_unique<BedSession>(&bed);
  MaintenanceOk(session->CreateTable("t"));
  MaintenanceOk(bed.engine->Maintain());
  clock.nanos += 5'000'000'000;
  platform::Fault fault;
  fault.kind = platform::Fault::Kind::kDiskFull;
  fault.path_contains = "main.drift";
  fault.forever = true;
  vfs->AddFault(fault);
  CHECK(bed.engine->Maintain().sqlstate() == sqlstate::kDiskFull);
  vfs->ClearFaults();
  const uint64_t operations = vfs->operations();
  CHECK(bed.engine->Maintain().ok());
  CHECK(vfs->operations() == operations);
  clock.nanos += 5'000'000'000;
  CHECK(bed.engine->Maintain().ok());
  CHECK(bed.engine->checkpoint_count() == 1);
  session.reset();
  MaintenanceOk(bed.Close());
}

}  // namespace driftdb::txn
