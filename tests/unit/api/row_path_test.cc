// Goal: a statement yields the same rows, counts, errors and state by the row path and by pipelines
// (PT-3). Method: two databases in memory get the same statements, one of them with row_path off;
// every outcome is compared as text, and at the end the tables are. Random scripts print their
// seed.
// Covers: lib/exec/point/point_access.cc, lib/exec/point/point_modify.cc
// Covers: lib/exec/point/point_plan.cc, lib/exec/point/point_select.cc
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "api/connection.h"
#include "api/database.h"
#include "api/statement.h"
#include "types/text_format.h"

namespace driftdb::api {
namespace {

std::string TestOutcome(Status status) { return status.ok() ? "OK" : status.ToString(); }

class TestSession {
 public:
  TestSession(Database* database, bool row_path) {
    connection_ = *database->Connect();
    if (!row_path) Run("SET row_path = off");
  }

  Statement* Prepare(const std::string& sql) {
    size_t consumed = 0;
    auto statement = connection_->Prepare(sql, &consumed);
    INFO(sql);
    REQUIRE(TestOutcome(statement.status()) == "OK");
    return *statement;
  }
  // Rows, tag and count, or the error.
  static std::string Execute(Statement* statement, const std::vector<Value>& values) {
    std::string text;
    for (size_t i = 0; i < values.size(); ++i) {
      REQUIRE(TestOutcome(statement->BindValue(i, values[i])) == "OK");
    }
    while (true) {
      auto outcome = statement->Step();
      if (!outcome.ok()) return text + outcome.status().ToString();
      if (*outcome == StepOutcome::kDone) break;
      for (size_t c = 0; c < statement->columns().size(); ++c) {
        const Value value = statement->column(c).GetValue(statement->row());
        text += value.type().ToString() + ":" + FormatValue(value) + "|";
      }
      text += "\n";
    }
    return text + statement->tag() + " " + std::to_string(statement->changes());
  }
  std::string Run(const std::string& sql, const std::vector<Value>& values = {}) {
    size_t consumed = 0;
    auto statement = connection_->Prepare(sql, &consumed);
    if (!statement.ok()) return statement.status().ToString();
    const std::string text = Execute(*statement, values);
    connection_->Finalize(*statement);
    return text;
  }
  Connection* connection() { return connection_; }

 private:
  Connection* connection_ = nullptr;
};

std::unique_ptr<Database> TestDatabase() {
  DatabaseOptions options;
  options.threads = 1;
  auto database = Database::Open(":memory:", options);
  REQUIRE(TestOutcome(database.status()) == "OK");
  return std::move(*database);
}

// Two databases that get the same statements.
class TestTwins {
 public:
  TestTwins()
      : fast_database_(TestDatabase()),
        slow_database_(TestDatabase()),
        fast_(fast_database_.get(), true),
        slow_(slow_database_.get(), false) {}

  // Prepared once, executed once per list of values.
  void Same(const std::string& sql, const std::vector<std::vector<Value>>& executions,
            bool takes_row_path = true) {
    INFO(sql);
    if (fast_.connection()->transaction()->failed()) {  // nothing is prepared in a failed block
      for (size_t i = 0; i < executions.size(); ++i) Both(sql);
      return;
    }
    Statement* fast = fast_.Prepare(sql);
    Statement* slow = slow_.Prepare(sql);
    CHECK(fast->takes_row_path() == takes_row_path);
    CHECK_FALSE(slow->takes_row_path());
    for (const std::vector<Value>& values : executions) {
      std::string shown;
      for (const Value& value : values) shown += FormatValue(value) + " ";
      INFO(shown);
      CHECK(TestSession::Execute(fast, values) == TestSession::Execute(slow, values));
    }
    fast_.connection()->Finalize(fast);
    slow_.connection()->Finalize(slow);
  }
  void Both(const std::string& sql) {
    INFO(sql);
    CHECK(fast_.Run(sql) == slow_.Run(sql));
  }
  TestSession* fast() { return &fast_; }

 private:
  std::unique_ptr<Database> fast_database_, slow_database_;
  TestSession fast_, slow_;
};

Value Int(int64_t v) { return Value::Int64(v); }
Value Text(const char* v) { return Value::Text(v); }

TEST_CASE("row path: point selects yield what pipelines yield", "[api][PT-3]") {
  TestTwins twins;
  twins.Both("CREATE TABLE t (id bigint PRIMARY KEY, a int, s text, d numeric(10, 2))");
  twins.Both(
      "INSERT INTO t SELECT i, i * 2, 'a string of more than twelve ' || i, i / 4.0 "
      "FROM generate_series(1, 3000) AS g(i)");
  twins.Both("INSERT INTO t VALUES (-5, NULL, NULL, NULL)");
  const std::vector<std::vector<Value>> keys = {
      {Int(1)},     {Int(3000)}, {Int(0)},    {Int(-5)},   {Value()},
      {Text("17")}, {Int(9)},    {Text("x")}, {Int(2999)}, {Value::Int32(4)}};
  twins.Same("SELECT * FROM t WHERE id = $1", keys);
  twins.Same("SELECT s, id, s FROM t WHERE id = $1", keys);
  twins.Same("SELECT a + 1, upper(s), d * 2, 7 FROM t WHERE id = $1", keys);
  twins.Same("SELECT a FROM t WHERE id = $1 AND a > 5", keys);
  twins.Same("SELECT a FROM t WHERE id = $1 AND s LIKE '%9'", keys);
  twins.Same("SELECT 100 / (a - 2) FROM t WHERE id = $1", keys);
  twins.Same("SELECT s FROM t WHERE id = 12", {{}, {}});
  twins.Same("SELECT s FROM t WHERE id = $1 + 1", keys);
  twins.Same("SELECT id FROM t WHERE a = $1", keys, false);
}

TEST_CASE("row path: keys of several columns and of text", "[api][PT-1]") {
  TestTwins twins;
  twins.Both("CREATE TABLE k (a text, b int, v int, PRIMARY KEY (b, a), UNIQUE (v))");
  twins.Both("INSERT INTO k VALUES ('x', 1, 10), ('x', 2, 20), ('', 1, 30), ('y', 1, NULL)");
  const std::vector<std::vector<Value>> keys = {{Text("x"), Int(1)}, {Text("x"), Int(3)},
                                                {Text(""), Int(1)},  {Value(), Int(1)},
                                                {Text("y"), Int(1)}, {Text("y"), Value()}};
  twins.Same("SELECT * FROM k WHERE a = $1 AND b = $2", keys);
  twins.Same("SELECT v FROM k WHERE b = $2 AND a = $1", keys);
  twins.Same("SELECT a FROM k WHERE v = $1", {{Int(10)}, {Int(11)}, {Value()}});
  twins.Same("UPDATE k SET a = a || '!', v = v + 5 WHERE a = $1 AND b = $2", keys);
  twins.Same("DELETE FROM k WHERE v = $1 RETURNING a, b", {{Int(15)}, {Int(15)}, {Value()}});
  twins.Both("SELECT * FROM k ORDER BY b, a");
}

TEST_CASE("row path: writes check constraints as pipelines do", "[api][PT-3]") {
  TestTwins twins;
  twins.Both(
      "CREATE TABLE c (id int PRIMARY KEY, q int NOT NULL CHECK (q > 0), s varchar(5) "
      "DEFAULT 'none', u int UNIQUE)");
  twins.Same("INSERT INTO c VALUES ($1, $2, $3, $4)", {{Int(1), Int(1), Text("one"), Int(1)},
                                                       {Int(1), Int(1), Text("dup"), Int(2)},
                                                       {Int(2), Value(), Text("two"), Int(2)},
                                                       {Int(2), Int(-1), Text("two"), Int(2)},
                                                       {Int(2), Int(1), Text("too long"), Int(2)},
                                                       {Int(2), Int(1), Text("two"), Int(1)},
                                                       {Int(2), Int(1), Value(), Value()},
                                                       {Int(3), Int(1), Text("three"), Value()},
                                                       {Value(), Int(1), Text("null"), Int(9)}});
  twins.Same("INSERT INTO c (id, q) VALUES ($1, 5) RETURNING *, id + q", {{Int(4)}, {Int(4)}});
  twins.Same("UPDATE c SET q = q - 1 WHERE id = $1", {{Int(4)}, {Int(1)}, {Int(99)}});
  twins.Same("UPDATE c SET q = NULL WHERE id = $1", {{Int(4)}, {Int(99)}});
  twins.Same("UPDATE c SET id = id + 10, u = $2 WHERE id = $1 RETURNING *",
             {{Int(4), Int(4)}, {Int(14), Int(1)}, {Int(4), Int(7)}});
  twins.Same("UPDATE c SET q = u, u = q WHERE id = $1 RETURNING q, u", {{Int(14)}, {Int(14)}});
  twins.Same("DELETE FROM c WHERE id = $1 AND q > $2", {{Int(1), Int(5)}, {Int(1), Int(0)}});
  twins.Both("SELECT * FROM c ORDER BY id");
}

TEST_CASE("row path: own writes, savepoints and failed blocks", "[api][C14]") {
  TestTwins twins;
  twins.Both("CREATE TABLE t (id bigint PRIMARY KEY, v int)");
  twins.Both("BEGIN");
  twins.Same("INSERT INTO t VALUES ($1, 0)", {{Int(1)}, {Int(2)}});
  twins.Same("SELECT v FROM t WHERE id = $1", {{Int(1)}, {Int(3)}});
  twins.Both("SAVEPOINT s");
  twins.Same("UPDATE t SET v = v + 1 WHERE id = $1", {{Int(1)}, {Int(1)}, {Int(2)}});
  twins.Same("UPDATE t SET id = 7 WHERE id = $1", {{Int(2)}});
  twins.Same("SELECT id, v FROM t WHERE id = $1", {{Int(1)}, {Int(2)}, {Int(7)}});
  twins.Both("ROLLBACK TO s");
  twins.Same("SELECT id, v FROM t WHERE id = $1", {{Int(1)}, {Int(2)}, {Int(7)}});
  twins.Same("INSERT INTO t VALUES ($1, 0)", {{Int(2)}, {Int(9)}});  // the second: 25P02
  twins.Both("ROLLBACK");
  twins.Both("SELECT * FROM t");
  twins.Both("BEGIN READ ONLY");
  twins.Same("INSERT INTO t VALUES ($1, 0)", {{Int(2)}});
  twins.Both("ROLLBACK");
}

TEST_CASE("row path: a plan is made again when the catalog or a setting changes", "[api]") {
  TestTwins twins;
  twins.Both("CREATE TABLE t (id bigint PRIMARY KEY, v int)");
  twins.Both("INSERT INTO t VALUES (1, 1)");
  Statement* select = twins.fast()->Prepare("SELECT * FROM t WHERE id = $1");
  REQUIRE(select->takes_row_path());
  CHECK(TestSession::Execute(select, {Int(1)}) == "bigint:1|integer:1|\nSELECT 0");
  twins.Both("ALTER TABLE t ADD COLUMN w int DEFAULT 5");
  CHECK(TestSession::Execute(select, {Int(1)}) == "bigint:1|integer:1|integer:5|\nSELECT 0");
  twins.fast()->Run("SET row_path = off");
  CHECK(TestSession::Execute(select, {Int(1)}) == "bigint:1|integer:1|integer:5|\nSELECT 0");
  CHECK_FALSE(select->takes_row_path());
  twins.fast()->Run("SET row_path = on");
  twins.Same("UPDATE t SET w = w + id WHERE id = $1 RETURNING *", {{Int(1)}, {Int(2)}});
  twins.Same("INSERT INTO t VALUES ($1, 3)", {{Int(2)}, {Int(2)}});
  twins.Same("DELETE FROM t WHERE id = $1 RETURNING *", {{Int(1)}, {Int(1)}});
  CHECK(TestSession::Execute(select, {Int(2)}) == "bigint:2|integer:3|integer:5|\nSELECT 0");
  twins.Both("DROP TABLE t");
  CHECK(TestSession::Execute(select, {Int(1)}).find("42P01") == 0);
}

TEST_CASE("row path: snapshots of two sessions", "[api][TXN-3]") {
  auto database = TestDatabase();
  TestSession one(database.get(), true);
  TestSession two(database.get(), true);
  one.Run("CREATE TABLE t (id bigint PRIMARY KEY, v int)");
  one.Run("INSERT INTO t VALUES (1, 10), (2, 20)");
  Statement* read = one.Prepare("SELECT v FROM t WHERE id = $1");
  Statement* write = two.Prepare("UPDATE t SET v = v + 1 WHERE id = $1");
  Statement* own_write = one.Prepare("UPDATE t SET v = v + 1 WHERE id = $1");
  one.Run("BEGIN ISOLATION LEVEL REPEATABLE READ");
  CHECK(TestSession::Execute(read, {Int(1)}) == "integer:10|\nSELECT 0");
  CHECK(TestSession::Execute(write, {Int(1)}) == "UPDATE 1");
  CHECK(TestSession::Execute(read, {Int(1)}) == "integer:10|\nSELECT 0");
  CHECK(TestSession::Execute(own_write, {Int(1)}).find("40001") == 0);
  one.Run("ROLLBACK");
  one.Run("BEGIN");
  CHECK(TestSession::Execute(read, {Int(1)}) == "integer:11|\nSELECT 0");
  CHECK(TestSession::Execute(write, {Int(1)}) == "UPDATE 1");
  CHECK(TestSession::Execute(read, {Int(1)}) == "integer:12|\nSELECT 0");
  CHECK(TestSession::Execute(own_write, {Int(1)}) == "UPDATE 1");
  one.Run("COMMIT");
  CHECK(TestSession::Execute(read, {Int(1)}) == "integer:13|\nSELECT 0");
  // A key that moves away while it is not committed is still found where the snapshot sees it.
  two.Run("BEGIN");
  CHECK(two.Run("UPDATE t SET id = 5 WHERE id = 2") == "UPDATE 1");
  CHECK(TestSession::Execute(read, {Int(2)}) == "integer:20|\nSELECT 0");
  CHECK(TestSession::Execute(read, {Int(5)}) == "SELECT 0");
  two.Run("COMMIT");
  CHECK(TestSession::Execute(read, {Int(2)}) == "SELECT 0");
  CHECK(TestSession::Execute(read, {Int(5)}) == "integer:20|\nSELECT 0");
}

TEST_CASE("row path: random scripts leave the same tables", "[api][PT-3]") {
  const uint64_t seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937_64 rng(seed);
  TestTwins twins;
  twins.Both("CREATE TABLE r (id bigint PRIMARY KEY, u int UNIQUE, s text, CHECK (u < 90))");
  twins.Both("CREATE INDEX r_s ON r (s)");
  const auto key = [&] { return Int(static_cast<int64_t>(rng() % 40)); };
  for (int step = 0; step < 400; ++step) {
    const Value u = Int(static_cast<int64_t>(rng() % 100));
    const Value s = Text(rng() % 2 == 0 ? "short" : "a text that is not inline");
    switch (rng() % 8) {
      case 0:
      case 1:
      case 2:
        twins.Same("INSERT INTO r VALUES ($1, $2, $3)", {{key(), u, s}});
        break;
      case 3:
        twins.Same("UPDATE r SET u = $2, s = $3 WHERE id = $1", {{key(), u, s}});
        break;
      case 4:
        twins.Same("UPDATE r SET id = $2 WHERE id = $1", {{key(), key()}});
        break;
      case 5:
        twins.Same("DELETE FROM r WHERE u = $1", {{u}});
        break;
      case 6:
        twins.Same("SELECT * FROM r WHERE id = $1", {{key()}});
        break;
      default:
        twins.Both(rng() % 2 == 0 ? "BEGIN" : rng() % 2 == 0 ? "COMMIT" : "ROLLBACK");
        break;
    }
  }
  twins.Both("COMMIT");
  twins.Both("SELECT * FROM r ORDER BY id");
  twins.Both("SELECT s, count(*) FROM r WHERE s = 'short' GROUP BY s");
}

}  // namespace
}  // namespace driftdb::api
