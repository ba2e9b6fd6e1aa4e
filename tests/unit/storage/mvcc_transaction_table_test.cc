// Covers: lib/storage/mvcc/transaction_table.cc
// Covers: lib/storage/mvcc/epoch.cc
#include <catch2/catch.hpp>

#include "storage/mvcc/epoch.h"
#include "storage/mvcc/transaction_table.h"
#include "storage/mvcc/version_word.h"

namespace driftdb::storage {

TEST_CASE("transaction table: a txid resolves to its state until its slot is reused",
          "[storage][MV-4]") {
  TransactionTable table;
  const TxnId a = *table.Begin();
  const TxnId b = *table.Begin();
  CHECK(a != b);
  CHECK(table.Resolve(a).kind == TxnState::Kind::kActive);
  table.Commit(a, CommitSeq(7));
  CHECK(table.Resolve(a).kind == TxnState::Kind::kCommitted);
  CHECK(table.Resolve(a).seq == CommitSeq(7));
  table.Abort(b);
  CHECK(table.Resolve(b).kind == TxnState::Kind::kAborted);
  table.Release(a);
  CHECK(table.Resolve(a).kind == TxnState::Kind::kCommitted);
  const TxnId c = *table.Begin();
  CHECK(c != a);
  CHECK(table.Resolve(a).kind == TxnState::Kind::kReused);
  CHECK(table.Resolve(c).kind == TxnState::Kind::kActive);
}

TEST_CASE("transaction table: thousands of open transactions have distinct numbers", "[storage]") {
  TransactionTable table(5);
  std::vector<TxnId> open;
  for (int i = 0; i < 5000; ++i) open.push_back(*table.Begin());
  for (size_t i = 0; i < open.size(); ++i) table.Commit(open[i], CommitSeq(i + 1));
  for (size_t i = 0; i < open.size(); ++i) {
    CHECK(open[i].value >> TransactionTable::kSlotBits == 5);
    REQUIRE(table.Resolve(open[i]).seq == CommitSeq(i + 1));
  }
}

TEST_CASE("version word: one compare tells a plainly visible version", "[storage][MV-1]") {
  CHECK(VersionWord::Live(CommitSeq(5)).plainly_visible(CommitSeq(5)));
  CHECK(!VersionWord::Live(CommitSeq(6)).plainly_visible(CommitSeq(5)));
  CHECK(!VersionWord().plainly_visible(CommitSeq(5)));
  CHECK(!VersionWord::Dead().plainly_visible(CommitSeq(5)));
  CHECK(!VersionWord::Deleted(CommitSeq(1)).plainly_visible(CommitSeq(5)));
  CHECK(!VersionWord::Written(TxnId(1)).plainly_visible(CommitSeq(5)));
  CHECK(VersionWord::Removed(TxnId(9)).written_by(TxnId(9)));
  CHECK(VersionWord::Removed(TxnId(9)).Stamped(CommitSeq(4)) == VersionWord::Deleted(CommitSeq(4)));
}

TEST_CASE("epochs: a retired object lives as long as a guard taken before", "[storage]") {
  EpochManager epochs;
  auto kept = std::make_shared<int>(1);
  const std::weak_ptr<int> watch = kept;
  auto object = std::make_unique<std::shared_ptr<int>>(kept);
  {
    const EpochGuard guard(&epochs);
    kept = nullptr;
    EpochRoom room(&epochs, 2);
    room.Retire(std::move(object));
    CHECK(!watch.expired());
    epochs.Collect();
    CHECK(!watch.expired());
  }
  epochs.Collect();
  CHECK(watch.expired());
  CHECK(epochs.retired_count() == 0);
}

}  // namespace driftdb::storage
