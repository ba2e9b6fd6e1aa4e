// Several statements of one connection in progress at once (C14, C29), and what ends them. Through
// the C interface.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "driftdb/driftdb.h"

namespace isolation {

namespace {

class Connection {
 public:
  explicit Connection(driftdb_database* database) {
    REQUIRE(driftdb_connect(database, &handle_, nullptr) == DRIFTDB_OK);
  }
  ~Connection() {
    for (driftdb_statement* statement : statements_) driftdb_finalize(statement);
    driftdb_disconnect(handle_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // "" or the SQLSTATE.
  std::string Exec(const std::string& sql) {
    if (driftdb_exec(handle_, sql.c_str(), nullptr, nullptr) == DRIFTDB_OK) return "";
    return driftdb_sqlstate(handle_);
  }
  driftdb_statement* Prepare(const std::string& sql) {
    driftdb_statement* statement = nullptr;
    REQUIRE(driftdb_prepare(handle_, sql.c_str(), -1, &statement, nullptr) == DRIFTDB_OK);
    statements_.push_back(statement);
    return statement;
  }
  // First column of all rows that are left.
  static std::vector<int64_t> Rest(driftdb_statement* statement) {
    std::vector<int64_t> values;
    while (driftdb_step(statement) == DRIFTDB_ROW) {
      values.push_back(driftdb_value_int64(statement, 0));
    }
    return values;
  }
  std::vector<int64_t> Query(const std::string& sql) { return Rest(Prepare(sql)); }
  int64_t One(const std::string& sql) {
    const std::vector<int64_t> values = Query(sql);
    return values.size() == 1 ? values[0] : -1;
  }
  std::string state() { return driftdb_sqlstate(handle_); }
  driftdb_connection* handle() const { return handle_; }

 private:
  driftdb_connection* handle_ = nullptr;
  std::vector<driftdb_statement*> statements_;
};

struct Database {
  Database() { REQUIRE(driftdb_open(":memory:", nullptr, &handle, nullptr) == DRIFTDB_OK); }
  ~Database() { driftdb_close(handle, nullptr); }
  driftdb_database* handle = nullptr;
};

constexpr char kTable[] =
    "CREATE TABLE t (k int PRIMARY KEY, v int); CREATE INDEX t_v ON t (v);"
    "INSERT INTO t SELECT n, n FROM generate_series(1, 5000) n";

// Whatever a path of access the planner takes.
const char* const kScans[] = {"SELECT v FROM t", "SELECT v FROM t WHERE k >= 1 ORDER BY k",
                              "SELECT v FROM t WHERE v >= 1 ORDER BY v"};

int64_t Sum(const std::vector<int64_t>& values) {
  int64_t sum = 0;
  for (const int64_t value : values) sum += value;
  return sum;
}

}  // namespace

TEST_CASE("cursors: an open query does not see later writes of its own transaction", "[C14]") {
  for (const char* const scan : kScans) {
    for (const bool wrote_before : {false, true}) {
      Database database;
      Connection c(database.handle);
      REQUIRE(c.Exec(kTable) == "");
      REQUIRE(c.Exec("BEGIN") == "");
      if (wrote_before)
        REQUIRE(c.Exec("UPDATE t SET v = v + 0; INSERT INTO t VALUES (0, 0)") == "");
      driftdb_statement* const cursor = c.Prepare(scan);
      REQUIRE(driftdb_step(cursor) == DRIFTDB_ROW);
      const int64_t first = driftdb_value_int64(cursor, 0);
      REQUIRE(c.Exec("UPDATE t SET v = v + 10000 WHERE k % 2 = 0") == "");
      REQUIRE(c.Exec("DELETE FROM t WHERE k % 3 = 0") == "");
      REQUIRE(c.Exec("INSERT INTO t SELECT n, n FROM generate_series(6000, 6100) n") == "");
      REQUIRE(c.Exec("UPDATE t SET k = k + 20000") == "");
      INFO(scan << (wrote_before ? ", with writes before" : ""));
      std::vector<int64_t> values = Connection::Rest(cursor);
      values.push_back(first);
      // v = 0 is seen only by the scans without a lower bound.
      const bool sees_zero = wrote_before && std::string(scan).find("WHERE") == std::string::npos;
      CHECK(values.size() == 5000 + (sees_zero ? 1 : 0));
      CHECK(Sum(values) == 5000 * 5001 / 2);
      CHECK(c.Exec("COMMIT") == "");
    }
  }
}

TEST_CASE("cursors: a query open over the end of its transaction keeps what it saw", "[C14]") {
  for (const char* const scan : kScans) {
    for (const char* const end : {"COMMIT", "ROLLBACK"}) {
      Database database;
      Connection c(database.handle);
      REQUIRE(c.Exec(kTable) == "");
      REQUIRE(c.Exec("BEGIN; UPDATE t SET v = v + 10000 WHERE k % 2 = 0") == "");
      driftdb_statement* const cursor = c.Prepare(scan);
      REQUIRE(driftdb_step(cursor) == DRIFTDB_ROW);
      const int64_t first = driftdb_value_int64(cursor, 0);
      REQUIRE(c.Exec(end) == "");
      INFO(scan << ", " << end);
      std::vector<int64_t> values = Connection::Rest(cursor);
      // As with PostgreSQL's cursors, the transaction's end may end the query, but not with wrong
      // rows.
      if (c.state() == "00000") {
        values.push_back(first);
        CHECK(values.size() == 5000);
        CHECK(Sum(values) == 5000 * 5001 / 2 + 2500 * 10000);
      } else {
        CHECK(c.state() == "24000");
      }
      CHECK(c.One("SELECT count(*) FROM t") == 5000);
    }
  }
}

TEST_CASE("cursors: a query that fails late takes nothing of other statements with it", "[TXN-2]") {
  Database database;
  Connection c(database.handle);
  REQUIRE(c.Exec("CREATE TABLE t (k int PRIMARY KEY, v int)") == "");
  REQUIRE(c.Exec("BEGIN; INSERT INTO t VALUES (1, 1)") == "");
  driftdb_statement* const cursor =
      c.Prepare("SELECT 100 / (5000 - n) FROM generate_series(1, 6000) n");
  REQUIRE(driftdb_step(cursor) == DRIFTDB_ROW);
  REQUIRE(c.Exec("INSERT INTO t VALUES (2, 2)") == "");
  REQUIRE(c.Exec("SAVEPOINT s") == "");
  REQUIRE(c.Exec("INSERT INTO t VALUES (3, 3)") == "");
  Connection::Rest(cursor);
  REQUIRE(c.state() == "22012");
  CHECK(driftdb_transaction_state(c.handle()) == 2);
  REQUIRE(c.Exec("ROLLBACK TO s") == "");
  CHECK(c.Query("SELECT k FROM t ORDER BY k") == std::vector<int64_t>{1, 2});
  REQUIRE(c.Exec("COMMIT") == "");
  CHECK(c.Query("SELECT k FROM t ORDER BY k") == std::vector<int64_t>{1, 2});
}

TEST_CASE("cursors: a failing statement does not undo one whose rows are being returned",
          "[TXN-2]") {
  Database database;
  Connection c(database.handle);
  Connection other(database.handle);
  REQUIRE(c.Exec("CREATE TABLE t (k int PRIMARY KEY, v int)") == "");
  for (const char* const failing :
       {"SELECT 1 / 0", "INSERT INTO t VALUES (7, 7), (1, 1)", "SELECT * FROM nowhere"}) {
    INFO(failing);
    REQUIRE(c.Exec("DELETE FROM t") == "");
    driftdb_statement* const insert =
        c.Prepare("INSERT INTO t VALUES (1, 1), (2, 2), (3, 3) RETURNING k");
    REQUIRE(driftdb_step(insert) == DRIFTDB_ROW);
    CHECK(c.Exec(failing) != "");
    CHECK(Connection::Rest(insert) == std::vector<int64_t>{2, 3});
    CHECK(c.state() == "00000");
    CHECK(other.Query("SELECT k FROM t ORDER BY k") == std::vector<int64_t>{1, 2, 3});
  }
  // What another statement has acknowledged is committed, whatever is open.
  driftdb_statement* const insert = c.Prepare("INSERT INTO t VALUES (4, 4), (5, 5) RETURNING k");
  REQUIRE(driftdb_step(insert) == DRIFTDB_ROW);
  CHECK(c.Exec("INSERT INTO t VALUES (6, 6)") == "");
  CHECK(other.One("SELECT count(*) FROM t WHERE k = 6") == 1);
  CHECK(Connection::Rest(insert) == std::vector<int64_t>{5});
  CHECK(other.One("SELECT count(*) FROM t") == 6);
}

TEST_CASE("cursors: a table is not dropped under an open query", "[LOCK-2]") {
  Database database;
  Connection c(database.handle);
  Connection other(database.handle);
  REQUIRE(c.Exec(kTable) == "");
  driftdb_statement* const cursor = c.Prepare("SELECT v FROM t");
  REQUIRE(driftdb_step(cursor) == DRIFTDB_ROW);
  REQUIRE(other.Exec("SET lock_timeout = '20ms'") == "");
  CHECK(other.Exec("DROP TABLE t") == "55P03");
  CHECK(c.Exec("INSERT INTO t VALUES (-1, -1)") == "");  // commits, with the query still open
  CHECK(other.Exec("DROP TABLE t") == "55P03");
  CHECK(Connection::Rest(cursor).size() == 4999);
  CHECK(other.Exec("DROP TABLE t") == "");
}

TEST_CASE("cursors: closing the database ends sessions that wait for each other", "[api]") {
  for (int round = 0; round < 20; ++round) {
    driftdb_database* database = nullptr;
    REQUIRE(driftdb_open(":memory:", nullptr, &database, nullptr) == DRIFTDB_OK);
    driftdb_connection* holder = nullptr;
    driftdb_connection* waiter = nullptr;
    REQUIRE(driftdb_connect(database, &waiter, nullptr) == DRIFTDB_OK);
    REQUIRE(driftdb_connect(database, &holder, nullptr) == DRIFTDB_OK);
    REQUIRE(driftdb_exec(holder,
                         "CREATE TABLE t (k int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 1);"
                         "BEGIN; UPDATE t SET v = 2",
                         nullptr, nullptr) == DRIFTDB_OK);
    // A script whose statements follow each other closely: the close comes anywhere between them.
    std::string script;
    for (int i = 0; i <= 40 * round; ++i) script += "SELECT 1;";
    script += "UPDATE t SET v = 3;";
    std::atomic<bool> started{false};
    std::atomic<int> result{DRIFTDB_OK};
    const auto first_row = [](void* context, int, const char* const*, const char* const*) {
      *static_cast<std::atomic<bool>*>(context) = true;
      return 0;
    };
    std::thread thread([&] { result = driftdb_exec(waiter, script.c_str(), first_row, &started); });
    while (!started) std::this_thread::yield();
    CHECK(driftdb_close(database, nullptr) == DRIFTDB_OK);
    thread.join();
    CHECK(result == DRIFTDB_ERROR);
    driftdb_disconnect(waiter);
    driftdb_disconnect(holder);
  }
}

}  // namespace isolation
