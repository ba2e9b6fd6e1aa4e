// COPY FROM beside other transactions that write the table. Through the C interface.
// Covers: lib/api/copy_from.cc
#include <algorithm>
#include <cstring>
#include <functional>
#include <string>

#include <catch2/catch.hpp>

#include "driftdb/driftdb.h"

namespace isolation {

namespace {

struct Loader {
  driftdb_connection* connection = nullptr;
  std::string data;
  std::function<void()> before_first;  // called when COPY asks for data

  static ptrdiff_t Read(void* context, char* buffer, size_t capacity) {
    auto* const loader = static_cast<Loader*>(context);
    if (loader->before_first) loader->before_first();
    loader->before_first = nullptr;
    const size_t size = std::min(capacity, loader->data.size());
    std::memcpy(buffer, loader->data.data(), size);
    loader->data.erase(0, size);
    return static_cast<ptrdiff_t>(size);
  }
  explicit Loader(driftdb_database* database) {
    REQUIRE(driftdb_connect(database, &connection, nullptr) == DRIFTDB_OK);
    REQUIRE(driftdb_set_copy_reader(connection, Read, this) == DRIFTDB_OK);
  }
  ~Loader() { driftdb_disconnect(connection); }
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  std::string Exec(const std::string& sql) {
    if (driftdb_exec(connection, sql.c_str(), nullptr, nullptr) == DRIFTDB_OK) return "";
    return driftdb_sqlstate(connection);
  }
};

struct Tables {
  Tables() {
    REQUIRE(driftdb_open(":memory:", nullptr, &database, nullptr) == DRIFTDB_OK);
    Loader setup(database);
    REQUIRE(setup.Exec("CREATE TABLE t (k int PRIMARY KEY, v int)") == "");
  }
  ~Tables() { driftdb_close(database, nullptr); }
  driftdb_database* database = nullptr;
};

}  // namespace

TEST_CASE("loads: a key that another transaction inserts meanwhile is a duplicate", "[C23]") {
  Tables tables;
  Loader writer(tables.database), loader(tables.database);
  REQUIRE(loader.Exec("SET lock_timeout = '2s'") == "");
  // The writer has the table before the load looks whether it is empty.
  REQUIRE(writer.Exec("BEGIN; DELETE FROM t WHERE k = -1") == "");
  loader.data = "1\t10\n2\t20\n";
  loader.before_first = [&] { CHECK(writer.Exec("INSERT INTO t VALUES (2, 0); COMMIT") == ""); };
  CHECK(loader.Exec("COPY t FROM STDIN") == "23505");
  loader.data = "3\t30\n4\t40\n";
  CHECK(loader.Exec("COPY t FROM STDIN") == "");
}

TEST_CASE("loads: two transactions that have written the table may both load it", "[LOCK-3]") {
  Tables tables;
  Loader first(tables.database), second(tables.database);
  for (Loader* const loader : {&first, &second}) {
    REQUIRE(loader->Exec("SET lock_timeout = '2s'; BEGIN; DELETE FROM t WHERE k = -1") == "");
  }
  first.data = "1\t10\n";
  second.data = "2\t20\n";
  CHECK(first.Exec("COPY t FROM STDIN") == "");
  CHECK(second.Exec("COPY t FROM STDIN") == "");
  CHECK(first.Exec("COMMIT") == "");
  CHECK(second.Exec("COMMIT") == "");
}

}  // namespace isolation
