// Transactions over a whole engine: visibility of own changes, rollback, isolation, conflicts,
// unique keys.
#include "catch2/catch.hpp"

#include "platform/thread.h"
#include "txn/txn_bed.h"

namespace driftdb::txn {

namespace {

struct TransactionTestBed {
  TransactionTestBed() : vfs(platform::MakeMemoryVfs()), bed(vfs.get()) {
    Reopen();
    BedSession session(&bed);
    Ok(session.CreateTable("t"));
  }
  ~TransactionTestBed() { sessions.clear(); }
  void Reopen() { Ok(bed.Open()); }
  // Lives until the next CheckRecovery.
  BedSession& Session() {
    sessions.push_back(std::make_unique<BedSession>(&bed));
    return *sessions.back();
  }
  static void Ok(const Status& status) {
    INFO(status.message());
    REQUIRE(status.ok());
  }
  // Both ways, no index off.
  void Check() {
    std::vector<std::string> problems;
    Ok(CheckStorage(bed.engine.get(), &problems));
    for (const std::string& problem : problems) UNSCOPED_INFO(problem);
    CHECK(problems.empty());
  }
  BedRows Rows() {
    BedSession session(&bed);
    auto rows = session.Rows("t");
    Ok(rows.status());
    return *rows;
  }
  // Dies and comes back: what is there must be the same.
  void CheckRecovery() {
    Check();
    const BedRows before = Rows();
    sessions.clear();
    bed.Drop();
    Reopen();
    Check();
    CHECK(Rows() == before);
  }

  std::unique_ptr<platform::Vfs> vfs;
  TxnBed bed;
  std::vector<std::unique_ptr<BedSession>> sessions;
};

BedRow TransactionTestRow(int64_t k, int64_t v) { return {k, v, k * 10, "s" + std::to_string(k)}; }

std::vector<BedRow> TransactionTestRows(int64_t from, int64_t to) {
  std::vector<BedRow> rows;
  for (int64_t k = from; k < to; ++k) rows.push_back(TransactionTestRow(k, k % 7));
  return rows;
}

void TransactionTestAddOne(BedRow* row) { row->v = *row->v + 1; }

}  // namespace

TEST_CASE("a statement does not see rows that it inserts itself") {
  TransactionTestBed t;
  BedSession& session = t.Session();
  TransactionTestBed::Ok(session.Insert("t", TransactionTestRows(0, 5)));
  session.Begin();
  // INSERT INTO t SELECT k + 100 FROM t, twice: the second sees the first one's rows.
  for (const int64_t shift : {100, 1000}) {
    TransactionTestBed::Ok(session.Run([&](const Snapshot& snapshot) -> Status {
      DRIFTDB_RETURN_IF_ERROR(session.txn.EnsureWriter().status());
      Snapshot mine = snapshot;
      mine.txn = session.txn.txid();
      const auto table = session.Table(snapshot, "t");
      DRIFTDB_ASSIGN_OR_RETURN(const BedRows seen, BedSession::RowsOf(mine, table->data.get()));
      for (const auto& [k, row] : seen) {
        BedRow copy = row;
        copy.k += shift;
        copy.u = std::nullopt;
        DRIFTDB_RETURN_IF_ERROR(session.InsertRows(mine, "t", {copy}));
        DRIFTDB_ASSIGN_OR_RETURN(const BedRows again, BedSession::RowsOf(mine, table->data.get()));
        CHECK(again.size() == seen.size());
      }
      return OkStatus();
    }));
  }
  TransactionTestBed::Ok(session.Commit());
  CHECK(t.Rows().size() == 20);
  t.CheckRecovery();
}

TEST_CASE("a failed statement leaves nothing behind, the transaction goes on") {
  TransactionTestBed t;
  BedSession& session = t.Session();
  TransactionTestBed::Ok(session.Insert("t", TransactionTestRows(0, 10)));
  session.Begin();
  TransactionTestBed::Ok(session.Insert("t", TransactionTestRows(10, 20)));
  // The last row collides: the 5 before it go too, with their index entries and redo.
  std::vector<BedRow> rows = TransactionTestRows(20, 25);
  rows.push_back(TransactionTestRow(3, 3));
  const Status failed = session.Insert("t", rows);
  CHECK(failed.sqlstate() == sqlstate::kUniqueViolation);
  CHECK(failed.message() == "duplicate key value violates unique constraint \"t_pkey\"");
  TransactionTestBed::Ok(session.Insert("t", TransactionTestRows(22, 24)));
  TransactionTestBed::Ok(session.Commit());
  CHECK(t.Rows().size() == 22);
  t.CheckRecovery();
}

TEST_CASE("ROLLBACK TO undoes rows, index entries and redo of what came after the savepoint") {
  TransactionTestBed t;
  BedSession& session = t.Session();
  TransactionTestBed::Ok(session.Insert("t", TransactionTestRows(0, 10)));
  session.Begin();
  TransactionTestBed::Ok(session.Update("t", {1}, TransactionTestAddOne).status());
  TransactionTestBed::Ok(session.txn.Savepoint("a"));
  TransactionTestBed::Ok(session
                             .Update("t", {1, 2},
                                     [](BedRow* row) {
                                       row->k += 100;
                                       row->v = 77;
                                     })
                             .status());
  TransactionTestBed::Ok(session.txn.Savepoint("b"));
  TransactionTestBed::Ok(session.Delete("t", {101, 5}).status());
  TransactionTestBed::Ok(session.txn.RollbackToSavepoint("b"));
  TransactionTestBed::Ok(session.Delete("t", {6}).status());
  TransactionTestBed::Ok(session.txn.RollbackToSavepoint("a"));
  TransactionTestBed::Ok(session.Delete("t", {7}).status());
  CHECK(session.txn.RollbackToSavepoint("b").sqlstate() == sqlstate::kInvalidSavepoint);
  TransactionTestBed::Ok(session.Commit());
  const BedRows rows = t.Rows();
  CHECK(rows.size() == 9);
  CHECK(rows.at(1).v == 2);
  CHECK(rows.at(2).v == 2);
  CHECK(rows.count(7) == 0);
  t.CheckRecovery();
}

TEST_CASE("an aborted transaction leaves nothing behind") {
  TransactionTestBed t;
  BedSession& session = t.Session();
  TransactionTestBed::Ok(session.Insert("t", TransactionTestRows(0, 10)));
  const BedRows before = t.Rows();
  session.Begin();
  TransactionTestBed::Ok(
      session.Update("t", {1, 2, 3}, [](BedRow* row) { row->k += 50; }).status());
  TransactionTestBed::Ok(session.Update("t", {51}, [](BedRow* row) { row->k = 1; }).status());
  TransactionTestBed::Ok(session.Delete("t", {4, 52}).status());
  TransactionTestBed::Ok(session.Insert("t", {TransactionTestRow(4, 9)}));
  session.Abort();
  CHECK(t.Rows() == before);
  t.CheckRecovery();
}

TEST_CASE("READ COMMITTED sees each statement's state, REPEATABLE READ the first one's") {
  TransactionTestBed t;
  BedSession& reader = t.Session();
  BedSession& repeatable = t.Session();
  BedSession& writer = t.Session();
  TransactionTestBed::Ok(writer.Insert("t", TransactionTestRows(0, 3)));
  reader.Begin();
  repeatable.Begin(Isolation::kRepeatableRead);
  CHECK(reader.Rows("t")->size() == 3);
  CHECK(repeatable.Rows("t")->size() == 3);
  TransactionTestBed::Ok(writer.Insert("t", TransactionTestRows(3, 5)));
  TransactionTestBed::Ok(writer.Update("t", {0}, TransactionTestAddOne).status());
  t.bed.engine->manager()->Collect();
  CHECK(reader.Rows("t")->size() == 5);
  CHECK(repeatable.Rows("t")->size() == 3);
  CHECK(repeatable.Rows("t")->at(0).v == 0);
  // First updater wins.
  const auto lost = repeatable.Update("t", {0}, TransactionTestAddOne);
  REQUIRE(!lost.ok());
  CHECK(lost.status().sqlstate() == sqlstate::kSerializationFailure);
  repeatable.Abort();
  CHECK(*reader.Update("t", {0}, TransactionTestAddOne) == 1);
  TransactionTestBed::Ok(reader.Commit());
  CHECK(t.Rows().at(0).v == 2);
  t.CheckRecovery();
}

TEST_CASE("READ COMMITTED waits for the other writer and updates the newest version") {
  TransactionTestBed t;
  BedSession& first = t.Session();
  BedSession& second = t.Session();
  TransactionTestBed::Ok(first.Insert("t", TransactionTestRows(0, 3)));
  first.Begin();
  CHECK(*first.Update("t", {0, 1}, TransactionTestAddOne) == 2);
  CHECK(*first.Delete("t", {2}) == 1);
  Result<size_t> changed = size_t{99};
  auto thread = platform::Thread::Start("second", [&] {
    changed = second.Update("t", {0, 1, 2}, TransactionTestAddOne);
  });
  platform::SleepMicros(30'000);
  TransactionTestBed::Ok(first.Commit());
  thread->Join();
  TransactionTestBed::Ok(changed.status());
  CHECK(*changed == 2);  // the deleted one is skipped
  const BedRows rows = t.Rows();
  CHECK(rows.at(0).v == 2);
  CHECK(rows.at(1).v == 3);
  t.CheckRecovery();
}

TEST_CASE("a second look at one row does not hide changes of the next ones") {
  // The statement reads rows 0 and 1, waits for row 0; meanwhile row 1 changes and commits.
  TransactionTestBed t;
  BedSession& first = t.Session();
  BedSession& second = t.Session();
  BedSession& third = t.Session();
  TransactionTestBed::Ok(first.Insert("t", TransactionTestRows(0, 2)));
  first.Begin();
  CHECK(*first.Update("t", {0}, TransactionTestAddOne) == 1);
  Result<size_t> changed = size_t{99};
  auto thread = platform::Thread::Start("second", [&] {
    changed = second.Update("t", {0, 1}, TransactionTestAddOne);
  });
  platform::SleepMicros(30'000);
  CHECK(*third.Update("t", {1}, [](BedRow* row) { row->v = 40; }) == 1);
  TransactionTestBed::Ok(first.Commit());
  thread->Join();
  TransactionTestBed::Ok(changed.status());
  CHECK(t.Rows().at(0).v == 2);
  CHECK(t.Rows().at(1).v == 41);
}

TEST_CASE("two transactions that wait for each other: one gets 40P01, the other goes on") {
  TransactionTestBed t;
  BedSession& first = t.Session();
  BedSession& second = t.Session();
  TransactionTestBed::Ok(first.Insert("t", TransactionTestRows(0, 2)));
  first.Begin();
  second.Begin();
  CHECK(*first.Update("t", {0}, TransactionTestAddOne) == 1);
  CHECK(*second.Update("t", {1}, TransactionTestAddOne) == 1);
  Result<size_t> one = size_t{99};
  auto thread = platform::Thread::Start(
      "first", [&] { one = first.Update("t", {1}, TransactionTestAddOne); });
  platform::SleepMicros(30'000);
  const auto two = second.Update("t", {0}, TransactionTestAddOne);
  REQUIRE(!two.ok());
  CHECK(two.status().sqlstate() == sqlstate::kDeadlockDetected);
  second.Abort();
  thread->Join();
  TransactionTestBed::Ok(one.status());
  TransactionTestBed::Ok(first.Commit());
  CHECK(t.Rows().at(1).v == 2);
}

TEST_CASE("lock_timeout ends a wait with 55P03 and not before its time") {
  TransactionTestBed t;
  BedSession& first = t.Session();
  BedSession& second = t.Session();
  BedSession& noise = t.Session();
  TransactionTestBed::Ok(first.Insert("t", TransactionTestRows(0, 1)));
  first.Begin();
  CHECK(*first.Update("t", {0}, TransactionTestAddOne) == 1);
  second.txn.set_wait_limits(150, 0);
  std::atomic<bool> stop{false};
  // Others' commits wake every waiter.
  auto thread = platform::Thread::Start("noise", [&] {
    for (int64_t k = 100; !stop.load(); ++k) (void)noise.Insert("t", {TransactionTestRow(k, 1)});
  });
  const int64_t start = platform::SystemClock()->MonotonicNanos();
  const auto late = second.Update("t", {0}, TransactionTestAddOne);
  const int64_t waited_ms = (platform::SystemClock()->MonotonicNanos() - start) / 1'000'000;
  stop = true;
  thread->Join();
  REQUIRE(!late.ok());
  CHECK(late.status().sqlstate() == sqlstate::kLockNotAvailable);
  CHECK(waited_ms >= 150);
  first.Abort();
}

TEST_CASE("cancelling ends a wait with 57014") {
  TransactionTestBed t;
  BedSession& first = t.Session();
  BedSession& second = t.Session();
  TransactionTestBed::Ok(first.Insert("t", TransactionTestRows(0, 1)));
  first.Begin();
  CHECK(*first.Update("t", {0}, TransactionTestAddOne) == 1);
  std::atomic<bool> cancel{false};
  second.txn.set_cancel_flag(&cancel);
  Result<size_t> changed = size_t{99};
  auto thread = platform::Thread::Start(
      "second", [&] { changed = second.Update("t", {0}, TransactionTestAddOne); });
  platform::SleepMicros(20'000);
  cancel = true;
  thread->Join();
  REQUIRE(!changed.ok());
  CHECK(changed.status().sqlstate() == sqlstate::kQueryCanceled);
  first.Abort();
}

TEST_CASE(
    "of two racing inserts of one key the second waits and then fails, or wins after a rollback") {
  for (const bool commit : {true, false}) {
    TransactionTestBed t;
    BedSession& first = t.Session();
    BedSession& second = t.Session();
    first.Begin();
    TransactionTestBed::Ok(first.Insert("t", {TransactionTestRow(1, 1)}));
    Status other;
    auto thread = platform::Thread::Start(
        "second", [&] { other = second.Insert("t", {TransactionTestRow(1, 2)}); });
    platform::SleepMicros(30'000);
    if (commit) {
      TransactionTestBed::Ok(first.Commit());
    } else {
      first.Abort();
    }
    thread->Join();
    CHECK(other.sqlstate() == (commit ? sqlstate::kUniqueViolation : sqlstate::kSuccess));
    CHECK(t.Rows().at(1).v == (commit ? 1 : 2));
    t.CheckRecovery();
  }
}

TEST_CASE("a key can be deleted and inserted again in one transaction, and by the next one") {
  TransactionTestBed t;
  BedSession& session = t.Session();
  BedSession& other = t.Session();
  TransactionTestBed::Ok(session.Insert("t", TransactionTestRows(0, 3)));
  session.Begin();
  CHECK(*session.Delete("t", {1}) == 1);
  TransactionTestBed::Ok(session.Insert("t", {TransactionTestRow(1, 5)}));
  CHECK(session.Insert("t", {TransactionTestRow(1, 6)}).sqlstate() == sqlstate::kUniqueViolation);
  // Another session inserts the key: waits, and violates.
  Status status;
  auto thread = platform::Thread::Start(
      "other", [&] { status = other.Insert("t", {TransactionTestRow(1, 7)}); });
  platform::SleepMicros(30'000);
  TransactionTestBed::Ok(session.Commit());
  thread->Join();
  CHECK(status.sqlstate() == sqlstate::kUniqueViolation);
  CHECK(*session.Delete("t", {1}) == 1);
  TransactionTestBed::Ok(other.Insert("t", {TransactionTestRow(1, 8)}));
  CHECK(t.Rows().at(1).v == 8);
  t.CheckRecovery();
}

TEST_CASE("SET k = k + 1 moves all keys at once; a real collision fails") {
  TransactionTestBed t;
  BedSession& session = t.Session();
  TransactionTestBed::Ok(session.Insert("t", TransactionTestRows(0, 50)));
  std::vector<int64_t> keys;
  for (int64_t k = 0; k < 50; ++k) keys.push_back(k);
  const auto move = [](BedRow* row) {
    row->k += 1;
    row->u = *row->u + 10;
  };
  CHECK(*session.Update("t", keys, move) == 50);
  CHECK(t.Rows().begin()->first == 1);
  CHECK(t.Rows().rbegin()->first == 50);
  t.CheckRecovery();
  BedSession& again = t.Session();
  // 20 moves onto 21, which stays.
  const auto collides = again.Update("t", {20}, move);
  REQUIRE(!collides.ok());
  CHECK(collides.status().sqlstate() == sqlstate::kUniqueViolation);
  t.CheckRecovery();
}

TEST_CASE("a key that goes A -> B -> A keeps its entry, committed or rolled back") {
  for (const bool commit : {true, false}) {
    TransactionTestBed t;
    BedSession& session = t.Session();
    BedSession& old = t.Session();
    TransactionTestBed::Ok(session.Insert("t", TransactionTestRows(0, 3)));
    old.Begin(Isolation::kRepeatableRead);
    CHECK(old.Rows("t")->size() == 3);
    session.Begin();
    CHECK(*session.Update("t", {1}, [](BedRow* row) { row->k = 60; }) == 1);
    CHECK(*session.Update("t", {60}, [](BedRow* row) { row->k = 61; }) == 1);
    CHECK(*session.Update("t", {61}, [](BedRow* row) {
      row->k = 1;
      row->v = 99;
    }) == 1);
    if (commit) {
      TransactionTestBed::Ok(session.Commit());
    } else {
      session.Abort();
    }
    t.Check();
    const auto lost = old.Update("t", {1}, TransactionTestAddOne);
    if (commit) {
      CHECK(lost.status().sqlstate() == sqlstate::kSerializationFailure);
    } else {
      CHECK(lost.ok());
    }
    old.Abort();
    CHECK(*session.Update("t", {1}, TransactionTestAddOne) == 1);
    CHECK(t.Rows().at(1).v == (commit ? 100 : 2));
    t.CheckRecovery();
  }
}

TEST_CASE("an abort beside writers of the same rows and keys leaves the indexes right") {
  TransactionTestBed t;
  BedSession& setup = t.Session();
  TransactionTestBed::Ok(setup.Insert("t", TransactionTestRows(0, 4)));
  std::vector<platform::Thread> threads;
  for (int n = 0; n < 4; ++n) {
    auto thread = platform::Thread::Start("writer", [&t, n] {
      BedSession session(&t.bed);
      for (int i = 0; i < 300; ++i) {
        session.Begin();
        // Everybody moves the same few rows to and fro.
        const int64_t k = (n + i) % 4;
        auto moved = session.Update("t", {k, k + 100}, [](BedRow* row) {
          row->k = row->k >= 100 ? row->k - 100 : row->k + 100;
          row->v = *row->v + 1;
        });
        if (!moved.ok() || i % 3 != 0) {
          session.Abort();
        } else {
          (void)session.Commit();
        }
      }
    });
    threads.push_back(std::move(*thread));
  }
  for (int i = 0; i < 20; ++i) {
    TransactionTestBed::Ok(t.bed.engine->Maintain());
    TransactionTestBed::Ok(t.bed.engine->Checkpoint());
  }
  for (platform::Thread& thread : threads) thread.Join();
  CHECK(t.Rows().size() == 4);
  t.CheckRecovery();
}

}  // namespace driftdb::txn
