// Goal: redo that went to the log ahead of its commit counts as the transaction left it, also when
// sending it failed in the middle. Method: a full disk at every write of a statement whose redo
// needs several frames.
#include "catch2/catch.hpp"

#include "platform/vfs_fault.h"
#include "txn/txn_bed.h"

namespace driftdb::txn {

namespace {

void RedoPiecesOk(const Status& status) {
  INFO(status.ToString());
  REQUIRE(status.ok());
}

BedRow RedoPiecesRow(int64_t k, size_t bytes) { return {k, k, k, std::string(bytes, 'x')}; }

std::vector<BedRow> RedoPiecesRows(int64_t from, int64_t count, size_t bytes) {
  std::vector<BedRow> rows;
  for (int64_t k = from; k < from + count; ++k) rows.push_back(RedoPiecesRow(k, bytes));
  return rows;
}

}  // namespace

TEST_CASE("redo of which only the first frames could be sent is not replayed (REDO-6)") {
  int failures = 0;
  for (uint64_t at = 1;; ++at) {
    auto base = platform::MakeMemoryVfs();
    auto vfs = std::move(*platform::FaultVfs::Make(base.get()));
    TxnBed bed(vfs.get());
    RedoPiecesOk(bed.Open());
    auto session = std::make_unique<BedSession>(&bed);
    RedoPiecesOk(session->CreateTable("t"));
    session->Begin();
    RedoPiecesOk(session->Insert("t", RedoPiecesRows(1, 3, 10)));
    platform::Fault fault;
    fault.kind = platform::Fault::Kind::kDiskFull;
    fault.operations = platform::kFaultWrite | platform::kFaultCreate | platform::kFaultTruncate;
    fault.path_contains = "/wal/";
    fault.at = vfs->operations() + at;
    vfs->AddFault(fault);
    const Status large = session->Insert("t", RedoPiecesRows(100, 900, 3500));
    const bool done = vfs->operations() < fault.at;
    vfs->ClearFaults();
    INFO("full disk at operation " << at << " of the statement: " << vfs->Describe(fault.at) << "; "
                                   << large.ToString());
    if (!large.ok()) {
      ++failures;
      CHECK(large.sqlstate() == sqlstate::kDiskFull);
    }
    RedoPiecesOk(session->Insert("t", {RedoPiecesRow(50, 10)}));
    RedoPiecesOk(session->Commit());
    const auto before = session->Rows("t");
    RedoPiecesOk(before.status());
    CHECK(before->size() == (large.ok() ? 904 : 4));
    session.reset();
    bed.Drop();
    RedoPiecesOk(bed.Open());
    std::vector<std::string> problems;
    RedoPiecesOk(CheckStorage(bed.engine.get(), &problems));
    CHECK(problems.empty());
    session = std::make_unique<BedSession>(&bed);
    const auto after = session->Rows("t");
    RedoPiecesOk(after.status());
    CHECK(*after == *before);
    session.reset();
    bed.Drop();
    if (done) break;
  }
  CHECK(failures > 2);
}

}  // namespace driftdb::txn
