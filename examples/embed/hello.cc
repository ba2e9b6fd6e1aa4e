// The C++ interface: c++ -std=c++20 hello.cc $(pkg-config --cflags --libs driftdb)
#include <cstdio>
#include <driftdb/driftdb.hpp>
#include <string>

int main() {
  try {
    driftdb::Database database(":memory:");
    driftdb::Connection connection = database.Connect();
    connection.Execute(
        "CREATE TABLE account (id integer PRIMARY KEY, balance decimal(12,2) NOT NULL CHECK "
        "(balance >= 0));"
        "INSERT INTO account VALUES (1, 10.50), (2, 99.99)");

    driftdb::Transaction transaction(connection);  // rolls back unless committed
    connection.Execute("UPDATE account SET balance = balance - $1 WHERE id = $2", 5, 1);
    connection.Execute("UPDATE account SET balance = balance + $1 WHERE id = $2", 5, 2);
    transaction.Commit();

    driftdb::Statement accounts =
        connection.Query("SELECT id, balance FROM account WHERE balance > $1 ORDER BY id", 1);
    for (const driftdb::Row& row : accounts) {
      std::printf("%d has %s\n", row.Get<int>("id"), row.Get<std::string>("balance").c_str());
    }
    connection.Execute("UPDATE account SET balance = -1");  // breaks the CHECK
  } catch (const driftdb::Error& error) {
    std::printf("as it should: %s: %s\n", error.sqlstate().c_str(), error.what());
    return 0;
  }
  return 1;
}
