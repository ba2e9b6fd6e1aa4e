// driftdb.hpp.
#include <array>
#include <iterator>
#include <ranges>

#include "driftdb/driftdb.hpp"

#include "check.h"

namespace {

// The SQLSTATE of the Error that `action` throws, "none" without one.
template <typename Action>
std::string StateThrown(Action&& action) {
  try {
    action();
  } catch (const driftdb::Error& error) {
    return error.sqlstate();
  }
  return "none";
}

void RowsInARangeFor() {
  driftdb::Database database(":memory:");
  driftdb::Connection connection = database.Connect();
  connection.Execute("CREATE TABLE t (id bigint PRIMARY KEY, name text)");
  CHECK_INT(connection.Execute("INSERT INTO t VALUES ($1, $2), ($3, $4)", 1, "one", 2, nullptr), 2);
  std::string seen;
  for (const driftdb::Row& row :
       connection.Query("SELECT id, name FROM t WHERE id < $1 ORDER BY id", 10)) {
    seen += std::to_string(row.Get<int64_t>(0)) +
            row.Get<std::optional<std::string>>("name").value_or("?");
  }
  CHECK_TEXT(seen.c_str(), "1one2?");
  for (const driftdb::Row& row : connection.Query("SELECT 1 WHERE false")) CHECK(row.size() < 0);
  // Twice over one statement: the second loop starts afresh.
  driftdb::Statement statement = connection.Prepare("SELECT n FROM generate_series(1, 3) n");
  int sum = 0;
  for (int round = 0; round < 2; ++round) {
    for (const driftdb::Row& row : statement) sum += row.Get<int>(0);
  }
  CHECK_INT(sum, 12);
}

template <typename T>
T RoundTrip(driftdb::Connection& connection, const char* type, const T& value) {
  return connection.QueryValue<T>(std::string("SELECT $1::") + type, value);
}

void ValuesOfEveryType() {
  driftdb::Database database(":memory:");
  driftdb::Connection c = database.Connect();
  CHECK(RoundTrip(c, "boolean", true));
  CHECK(!RoundTrip(c, "boolean", false));
  CHECK_INT(RoundTrip<int8_t>(c, "smallint", -7), -7);
  CHECK_INT(RoundTrip<int16_t>(c, "smallint", -32768), -32768);
  CHECK_INT(RoundTrip<uint16_t>(c, "int", 65535), 65535);
  CHECK_INT(RoundTrip<int32_t>(c, "int", INT32_MIN), INT32_MIN);
  CHECK_INT(RoundTrip<int64_t>(c, "bigint", INT64_MIN), INT64_MIN);
  CHECK(RoundTrip<double>(c, "float8", 0.1) == 0.1);
  CHECK(RoundTrip<float>(c, "real", 0.5f) == 0.5f);
  CHECK(RoundTrip<std::string>(c, "text", "h\u00e9 \"q\"") == "h\u00e9 \"q\"");
  CHECK(RoundTrip<std::string>(c, "text", "").empty());
  const std::vector<std::byte> bytes = {std::byte{0}, std::byte{255}, std::byte{7}};
  CHECK(RoundTrip(c, "bytea", bytes) == bytes);
  CHECK(RoundTrip(c, "bytea", std::vector<std::byte>()).empty());
  CHECK(RoundTrip(c, "int", std::optional<int>(5)) == std::optional<int>(5));
  CHECK(!RoundTrip(c, "int", std::optional<int>()).has_value());
  CHECK(c.QueryValue<bool>("SELECT $1::text IS NULL", std::nullopt));
  CHECK(c.QueryValue<bool>("SELECT $1::text IS NULL", static_cast<const char*>(nullptr)));
  CHECK(!c.QueryValue<bool>("SELECT $1::text IS NULL", std::string_view()));
  CHECK_TEXT(c.QueryValue<std::string>("SELECT $1::numeric(20,0)", UINT64_MAX).c_str(),
             "18446744073709551615");
  CHECK_TEXT(c.QueryValue<std::string>("SELECT $1::date + 1", "2024-02-28").c_str(), "2024-02-29");
  driftdb::Statement s = c.Query("SELECT 'view'::text");
  CHECK(s.Step());
  CHECK(s.row().Get<std::string_view>(0) == "view");
}

void ErrorsAreThrown() {
  driftdb::Database database(":memory:");
  driftdb::Connection c = database.Connect();
  try {
    c.Execute("SELECT\n nope");
    CHECK(false);
  } catch (const driftdb::Error& error) {
    CHECK_TEXT(error.sqlstate().c_str(), "42703");
    CHECK_INT(error.position(), 9);
    CHECK(std::string(error.what()).find("nope") != std::string::npos);
  }
  CHECK(StateThrown([&] { c.Prepare("SELEC 1"); }) == "42601");
  CHECK(StateThrown([&] { c.Prepare("  -- nothing"); }) == "42601");
  CHECK(StateThrown([&] { c.Query("SELECT 1/$1::int", 0).Execute(); }) == "22012");
  CHECK(StateThrown([&] { c.QueryValue<int>("SELECT NULL::int"); }) == "22002");
  CHECK(StateThrown([&] { c.QueryValue<int8_t>("SELECT 300"); }) == "22003");
  CHECK(StateThrown([&] { c.QueryValue<uint32_t>("SELECT -1"); }) == "22003");
  CHECK(StateThrown([&] { c.QueryValue<int>("SELECT 1 WHERE false"); }) == "P0002");
  CHECK(StateThrown([&] { c.Query("SELECT 1", 5); }) == "42P02");
  CHECK(StateThrown([&] { c.Prepare("SELECT :a::int").Bind(":b", 1); }) == "42P02");
  CHECK(StateThrown([&] {
          for (const driftdb::Row& row : c.Query("SELECT 1 AS a")) row.Get<int>("b");
        }) == "42703");
  CHECK(StateThrown([&] {
          for (const driftdb::Row& row : c.Query("SELECT 1 AS a")) row.Get<int>(1);
        }) == "42703");
  CHECK(StateThrown([&] { driftdb::Options().Set("nosuch", "1"); }) == "42704");
  CHECK(StateThrown([&] { driftdb::Database("/nonexistent/folder/db"); }) == "58P01");
}

void TransactionsRollBackUnlessCommitted() {
  driftdb::Database database(":memory:");
  driftdb::Connection c = database.Connect();
  c.Execute("CREATE TABLE t (a int PRIMARY KEY)");
  {
    driftdb::Transaction transaction(c);
    c.Execute("INSERT INTO t VALUES (1)");
    CHECK_INT(c.transaction_state(), 1);
  }
  CHECK_INT(c.transaction_state(), 0);
  CHECK_INT(c.QueryValue<int>("SELECT count(*) FROM t"), 0);
  {
    driftdb::Transaction transaction(c, "BEGIN ISOLATION LEVEL REPEATABLE READ");
    c.Execute("INSERT INTO t VALUES (1)");
    transaction.Commit();
    CHECK(StateThrown([&] { transaction.Commit(); }) == "25P01");
  }
  CHECK_INT(c.QueryValue<int>("SELECT count(*) FROM t"), 1);
  CHECK(StateThrown([&] { driftdb::Transaction(c, "BEGIN ISOLATION LEVEL SERIALIZABLE"); }) ==
        "0A000");
  CHECK_INT(c.transaction_state(), 0);
  {
    driftdb::Transaction transaction(c);
    CHECK(StateThrown([&] { c.Execute("INSERT INTO t VALUES (1)"); }) == "23505");
    CHECK(StateThrown([&] { transaction.Commit(); }) == "25P02");
    CHECK_INT(c.transaction_state(), 0);
  }
  {
    driftdb::Transaction transaction(c);
    c.Execute("DELETE FROM t");
    transaction.Rollback();
  }
  CHECK_INT(c.QueryValue<int>("SELECT count(*) FROM t"), 1);
}

void ObjectsGoInAnyOrder() {
  std::optional<driftdb::Statement> statement;
  {
    std::optional<driftdb::Connection> connection;
    {
      driftdb::Database database(":memory:");
      connection = database.Connect();
      CHECK(StateThrown([&] { database.Close(); }) == "55006");
    }
    statement = connection->Prepare("SELECT 41 + 1");
  }
  CHECK(statement->Step());
  CHECK_INT(statement->row().Get<int>(0), 42);
  statement.reset();
  driftdb::Database database(":memory:");
  database.Connect().Execute("SELECT 1");
  database.Close();
  driftdb::Database moved = driftdb::Database(":memory:");
  driftdb::Connection a = moved.Connect();
  driftdb::Connection b = std::move(a);
  driftdb::Statement first = b.Prepare("SELECT 1");
  first = b.Prepare("SELECT 2");
  CHECK(first.Step());
  CHECK_INT(first.row().Get<int>(0), 2);
}

void StatementsDescribeThemselves() {
  driftdb::Database database(":memory:");
  driftdb::Connection c = database.Connect();
  c.Execute("CREATE TABLE t (id int PRIMARY KEY, price numeric(15,2))");
  driftdb::Statement s = c.Prepare("SELECT price, id AS number FROM t WHERE id = $1");
  CHECK_INT(s.column_count(), 2);
  CHECK_TEXT(s.column_name(1).c_str(), "number");
  CHECK_TEXT(s.column_type_name(0).c_str(), "numeric(15,2)");
  CHECK_INT(s.column_type(1), DRIFTDB_TYPE_INT32);
  CHECK_INT(s.parameter_count(), 1);
  CHECK_TEXT(s.tag().c_str(), "SELECT");
  CHECK(!database.Metric("no.such.counter").has_value());
  driftdb::Statement insert = c.Prepare("INSERT INTO t VALUES (:id, :price)");
  for (int i = 0; i < 3; ++i) {
    insert.Bind(":id", i).Bind(":price", "1.25");
    CHECK_INT(insert.Execute(), 1);
    insert.Reset();
  }
  CHECK_TEXT(c.QueryValue<std::string>("SELECT sum(price) FROM t").c_str(), "3.75");
}

static_assert(std::input_iterator<driftdb::Statement::Iterator>);
static_assert(std::is_nothrow_move_constructible_v<driftdb::Statement>);
static_assert(!std::is_copy_constructible_v<driftdb::Statement>);

}  // namespace

int main() {
  RUN(RowsInARangeFor);
  RUN(ValuesOfEveryType);
  RUN(ErrorsAreThrown);
  RUN(TransactionsRollBackUnlessCommitted);
  RUN(ObjectsGoInAnyOrder);
  RUN(StatementsDescribeThemselves);
  return Finish();
}
