// A prepared statement from C++, on the C interface: c++ -std=c++20 hello_prepared.cc $(pkg-config
// --cflags --libs driftdb)
#include <driftdb/driftdb.h>

#include <cstdio>
#include <memory>

using Database =
    std::unique_ptr<driftdb_database, decltype([](auto* d) { driftdb_close(d, nullptr); })>;
using Connection = std::unique_ptr<driftdb_connection, decltype(&driftdb_disconnect)>;
using Statement = std::unique_ptr<driftdb_statement, decltype(&driftdb_finalize)>;

int main() {
  driftdb_database* database = nullptr;
  if (driftdb_open(":memory:", nullptr, &database, nullptr) != DRIFTDB_OK) return 1;
  const Database database_owner(database);
  driftdb_connection* connection = nullptr;
  if (driftdb_connect(database, &connection, nullptr) != DRIFTDB_OK) return 1;
  const Connection connection_owner(connection, driftdb_disconnect);

  const char* sql = "SELECT n, n * n FROM generate_series(1, $1) AS t(n) WHERE n % $2 = 0";
  driftdb_statement* statement = nullptr;
  if (driftdb_prepare(connection, sql, -1, &statement, nullptr) != DRIFTDB_OK) {
    std::fprintf(stderr, "%s: %s\n", driftdb_sqlstate(connection), driftdb_errmsg(connection));
    return 1;
  }
  const Statement statement_owner(statement, driftdb_finalize);
  driftdb_bind_int64(statement, 1, 10);
  driftdb_bind_int64(statement, 2, 3);
  int result;
  while ((result = driftdb_step(statement)) == DRIFTDB_ROW) {
    std::printf("%lld squared is %lld\n", static_cast<long long>(driftdb_value_int64(statement, 0)),
                static_cast<long long>(driftdb_value_int64(statement, 1)));
  }
  return result == DRIFTDB_DONE ? 0 : 1;
}
