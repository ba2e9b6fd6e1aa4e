// Several statements, connections and threads at once.
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "check.h"

namespace {

driftdb_connection* Connect(driftdb_database* database) {
  driftdb_connection* connection = nullptr;
  CHECK_INT(driftdb_connect(database, &connection, nullptr), DRIFTDB_OK);
  return connection;
}

driftdb_statement* Prepare(driftdb_connection* connection, const char* sql) {
  driftdb_statement* statement = nullptr;
  CHECK_INT(driftdb_prepare(connection, sql, -1, &statement, nullptr), DRIFTDB_OK);
  return statement;
}

void OpenStatementsKeepTheirSnapshot() {
  Fixture f = OpenFixture();
  CHECK_INT(Exec(f.connection,
                 "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT n FROM "
                 "generate_series(1, 10000) n"),
            DRIFTDB_OK);
  driftdb_connection* writer = Connect(f.database);
  driftdb_statement* a = Prepare(f.connection, "SELECT id FROM t");
  driftdb_statement* b = Prepare(f.connection, "SELECT count(*) FROM t");
  long long rows = 0, sum = 0;
  CHECK_INT(driftdb_step(a), DRIFTDB_ROW);
  // Another connection deletes, this one inserts, and another statement of it runs in between.
  CHECK_INT(Exec(writer, "DELETE FROM t WHERE id > 5000"), DRIFTDB_OK);
  CHECK_INT(driftdb_step(b), DRIFTDB_ROW);
  CHECK_INT(driftdb_value_int64(b, 0), 5000);
  CHECK_INT(Exec(f.connection, "INSERT INTO t SELECT n FROM generate_series(20001, 20100) n"),
            DRIFTDB_OK);
  do {
    ++rows;
    sum += driftdb_value_int64(a, 0);
  } while (driftdb_step(a) == DRIFTDB_ROW);
  CHECK_INT(rows, 10000);
  CHECK_INT(sum, 50005000);
  driftdb_finalize(a);
  driftdb_finalize(b);
  CHECK_INT(IntOf(f.connection, "SELECT count(*) FROM t"), 5100);
  driftdb_disconnect(writer);
  CloseFixture(&f);
}

void InterleavedStatementsOfOneConnection() {
  Fixture f = OpenFixture();
  driftdb_statement* statements[8];
  for (int i = 0; i < 8; ++i) {
    const std::string sql =
        "SELECT n * " + std::to_string(i + 1) + " FROM generate_series(1, 5000) n";
    statements[i] = Prepare(f.connection, sql.c_str());
  }
  bool good = true;
  for (int row = 1; row <= 5000; ++row) {
    for (int i = 0; i < 8; ++i) {
      good = driftdb_step(statements[i]) == DRIFTDB_ROW &&
             driftdb_value_int64(statements[i], 0) == row * (i + 1) && good;
    }
  }
  CHECK(good);
  for (driftdb_statement* statement : statements) {
    CHECK_INT(driftdb_step(statement), DRIFTDB_DONE);
    driftdb_finalize(statement);
  }
  CloseFixture(&f);
}

void InterruptStopsARunningStatement() {
  Fixture f = OpenFixture();
  // Without effect when nothing runs: the next statement is not stopped.
  driftdb_interrupt(f.connection);
  CHECK_INT(IntOf(f.connection, "SELECT 1"), 1);
  std::atomic<bool> ended{false};
  std::thread interrupter([&] {
    // Again and again: the first may come before the statement has begun.
    while (!ended) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      driftdb_interrupt(f.connection);
      driftdb_progress(f.connection);
    }
  });
  const auto begin = std::chrono::steady_clock::now();
  CHECK_INT(driftdb_exec(f.connection,
                         "SELECT count(*) FROM generate_series(1, 100000) a(n), generate_series(1, "
                         "1000000) b(m) WHERE n + m = 3",
                         nullptr, nullptr),
            DRIFTDB_ERROR);
  ended = true;
  interrupter.join();
  CHECK_TEXT(driftdb_sqlstate(f.connection), "57014");
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(20));
  CHECK_INT(driftdb_transaction_state(f.connection), 0);
  CHECK_INT(IntOf(f.connection, "SELECT 2"), 2);
  CloseFixture(&f);
}

void ThreadsInsertAtOnce() {
  Fixture f = OpenFixture();
  CHECK_INT(Exec(f.connection, "CREATE TABLE t (id int PRIMARY KEY, thread int, v int)"),
            DRIFTDB_OK);
  CHECK_INT(Exec(f.connection, "CREATE TABLE total (n int); INSERT INTO total VALUES (0)"),
            DRIFTDB_OK);
  constexpr int kThreads = 4, kRows = 200;
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      driftdb_connection* connection = nullptr;
      if (driftdb_connect(f.database, &connection, nullptr) != DRIFTDB_OK) {
        ++failures;
        return;
      }
      driftdb_statement* insert = nullptr;
      driftdb_prepare(connection, "INSERT INTO t VALUES ($1, $2, 0)", -1, &insert, nullptr);
      for (int i = 0; i < kRows; ++i) {
        driftdb_bind_int32(insert, 1, i * kThreads + thread);
        driftdb_bind_int32(insert, 2, thread);
        if (driftdb_step(insert) != DRIFTDB_DONE) ++failures;
        driftdb_reset(insert);
        // Everybody updates one row: READ COMMITTED waits and goes on.
        if (driftdb_exec(connection, "UPDATE total SET n = n + 1", nullptr, nullptr) != DRIFTDB_OK)
          ++failures;
      }
      driftdb_finalize(insert);
      driftdb_disconnect(connection);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK_INT(failures.load(), 0);
  CHECK_INT(IntOf(f.connection, "SELECT count(*) FROM t"), kThreads * kRows);
  CHECK_INT(IntOf(f.connection, "SELECT count(DISTINCT thread) FROM t"), kThreads);
  CHECK_INT(IntOf(f.connection, "SELECT n FROM total"), kThreads * kRows);
  CloseFixture(&f);
}

void ThreadsShareOneConnection() {
  Fixture f = OpenFixture();
  CHECK_INT(Exec(f.connection, "CREATE TABLE t (id int)"), DRIFTDB_OK);
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        if (driftdb_exec(f.connection, "INSERT INTO t VALUES (1)", nullptr, nullptr) != DRIFTDB_OK)
          ++failures;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK_INT(failures.load(), 0);
  CHECK_INT(IntOf(f.connection, "SELECT count(*) FROM t"), 800);
  CloseFixture(&f);
}

void ReadersSeeWholeTransactions() {
  Fixture f = OpenFixture();
  CHECK_INT(Exec(f.connection,
                 "CREATE TABLE account (id int PRIMARY KEY, v int); INSERT INTO account SELECT n, "
                 "100 FROM generate_series(1, 100) n"),
            DRIFTDB_OK);
  std::atomic<bool> ended{false};
  std::atomic<int> failures{0};
  std::thread writer([&] {
    driftdb_connection* connection = nullptr;
    driftdb_connect(f.database, &connection, nullptr);
    for (int i = 0; i < 300; ++i) {
      const std::string sql =
          "BEGIN; UPDATE account SET v = v - 5 WHERE id = " + std::to_string(1 + i % 100) +
          "; UPDATE account SET v = v + 5 WHERE id = " + std::to_string(1 + (i * 7 + 1) % 100) +
          (i % 4 == 0 ? "; ROLLBACK" : "; COMMIT");
      if (driftdb_exec(connection, sql.c_str(), nullptr, nullptr) != DRIFTDB_OK) ++failures;
    }
    driftdb_disconnect(connection);
    ended = true;
  });
  long long reads = 0;
  while (!ended) {
    const long long sum = IntOf(f.connection, "SELECT sum(v) FROM account");
    if (!CHECK_INT(sum, 10000)) break;
    ++reads;
  }
  writer.join();
  CHECK(reads > 0);
  CHECK_INT(failures.load(), 0);
  CHECK_INT(IntOf(f.connection, "SELECT sum(v) FROM account"), 10000);
  CloseFixture(&f);
}

void ClosingInterruptsWhatRuns() {
  Fixture f = OpenFixture();
  std::atomic<bool> begun{false};
  int result = -1;
  std::thread runner([&] {
    begun = true;
    result = driftdb_exec(f.connection,
                          "SELECT count(*) FROM generate_series(1, 100000) a(n), "
                          "generate_series(1, 1000000) b(m) WHERE n + m = 3",
                          nullptr, nullptr);
  });
  while (!begun) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  CHECK_INT(driftdb_close(f.database, nullptr), DRIFTDB_OK);
  runner.join();
  CHECK_INT(result, DRIFTDB_ERROR);
  driftdb_disconnect(f.connection);
}

}  // namespace

int main() {
  RUN(OpenStatementsKeepTheirSnapshot);
  RUN(InterleavedStatementsOfOneConnection);
  RUN(InterruptStopsARunningStatement);
  RUN(ThreadsInsertAtOnce);
  RUN(ThreadsShareOneConnection);
  RUN(ReadersSeeWholeTransactions);
  RUN(ClosingInterruptsWhatRuns);
  return Finish();
}
