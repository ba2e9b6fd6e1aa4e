// An allocation fails, once or all from there on: the first twenty of a statement one by one, later
// ones in steps of a twentieth. Each statement either happens whole or not at all, says 53200, and
// the database goes on working. The program's operator new is
// also the library's.
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

#include "check.h"
#include "folder.h"

namespace {

// Allocations until one fails; negative: none does. With `g_lasting` all after it fail too.
std::atomic<long> g_countdown{-1};
std::atomic<bool> g_lasting{false};
std::atomic<long> g_failures{0};

bool FailsNow() {
  long left = g_countdown.load(std::memory_order_relaxed);
  if (left < 0) return false;
  if (left == 0 && g_lasting.load()) {
    g_failures.fetch_add(1);
    return true;
  }
  left = g_countdown.fetch_sub(1);
  if (left != 0) return false;
  g_failures.fetch_add(1);
  return true;
}

void* Allocate(size_t bytes) {
  void* const memory = FailsNow() ? nullptr : std::malloc(bytes == 0 ? 1 : bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void* TryAligned(size_t bytes, size_t alignment) {
  if (FailsNow()) return nullptr;
  return std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

void* AllocateAligned(size_t bytes, size_t alignment) {
  void* const memory = TryAligned(bytes, alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

// Runs `sql` with the n-th allocation failing. True: the failure was met.
bool RunFailing(driftdb_connection* connection, const std::string& sql, long n, bool lasting,
                bool* succeeded) {
  g_failures = 0;
  g_lasting = lasting;
  g_countdown = n;
  const int result = driftdb_exec(connection, sql.c_str(), nullptr, nullptr);
  g_countdown = -1;
  const bool met = g_failures > 0;
  *succeeded = result == DRIFTDB_OK;
  if (!*succeeded) {
    CHECK(met);
    CHECK_TEXT(driftdb_sqlstate(connection), "53200");
  }
  return met;
}

constexpr long long kFails = -999;  // what IntOf yields for a query that fails

// A query's number, or 1 for a block that succeeds and 0 for one that fails.
long long StateNow(driftdb_connection* connection, const std::string& sql) {
  if (sql.rfind("BEGIN", 0) != 0) return IntOf(connection, sql.c_str());
  const int result = driftdb_exec(connection, sql.c_str(), nullptr, nullptr);
  if (result != DRIFTDB_OK) driftdb_exec(connection, "ROLLBACK", nullptr, nullptr);
  return result == DRIFTDB_OK ? 1 : 0;
}

// On a real file system: a file in memory has no room when there is no memory.
Fixture OpenIn(const Folder& folder) {
  Fixture fixture = {nullptr, nullptr};
  CHECK_INT(driftdb_open((folder / "db").c_str(), nullptr, &fixture.database, nullptr), DRIFTDB_OK);
  CHECK_INT(driftdb_connect(fixture.database, &fixture.connection, nullptr), DRIFTDB_OK);
  return fixture;
}

// The statement fails at its n-th allocation for growing n (in steps, when there are many), until
// it runs through. `state` yields a number that is `before` when it did not happen, and `after`
// when it did; `undo` makes it `before` again. $FILE stands for a file of 3000 further rows.
struct Case {
  const char* sql;
  const char* state;
  long long before, after;
  const char* undo;
};

std::string Filled(std::string sql, const std::string& file) {
  const size_t at = sql.find("$FILE");
  return at == std::string::npos ? sql : sql.replace(at, strlen("$FILE"), file);
}

void FailEverywhere(const Case& c, bool lasting) {
  const Folder folder;
  Fixture f = OpenIn(folder);
  const std::string file = folder / "rows.csv";
  const std::string sql = Filled(c.sql, file);
  Exec(f.connection,
       "CREATE TABLE t (id int PRIMARY KEY, v int, s text); CREATE INDEX t_v ON t (v);"
       "INSERT INTO t SELECT n, n % 10, 'row ' || n FROM generate_series(1, 3000) n;"
       "CREATE SEQUENCE q");
  CHECK_INT(Exec(f.connection, Filled("COPY (SELECT n, n % 10, 'copied ' || n FROM "
                                      "generate_series(5000, 7999) n) TO '$FILE'",
                                      file)
                                   .c_str()),
            DRIFTDB_OK);
  long n = 0;
  bool met = true;
  for (; met && n < 200000; n += 1 + n / 20) {
    bool succeeded = false;
    met = RunFailing(f.connection, sql, n, lasting, &succeeded);
    // An open block is the caller's to end.
    driftdb_exec(f.connection, "ROLLBACK", nullptr, nullptr);
    if (!CHECK_INT(StateNow(f.connection, c.state), succeeded ? c.after : c.before)) break;
    // The indexes say what the table says.
    if (!CHECK_INT(IntOf(f.connection, "SELECT count(*) FROM t WHERE id = 2999 AND v = 9"),
                   IntOf(f.connection, "SELECT count(*) FROM t WHERE id + 0 = 2999 AND v = 9"))) {
      break;
    }
    if (succeeded && !CHECK_INT(Exec(f.connection, c.undo), DRIFTDB_OK)) break;
    CHECK_INT(StateNow(f.connection, c.state), c.before);
  }
  printf("%.60s: up to allocation %ld%s\n", c.sql, n, lasting ? ", all after it too" : "");
  CHECK(!met);
  CHECK_INT(IntOf(f.connection, "SELECT count(*) FROM t"), 3000);
  CHECK_INT(Exec(f.connection, "CHECKPOINT"), DRIFTDB_OK);
  CloseFixture(&f);
  // And so it comes back.
  f = OpenIn(folder);
  CHECK_INT(StateNow(f.connection, c.state), c.before);
  CHECK_INT(IntOf(f.connection, "SELECT count(*) FROM t WHERE v + 0 < 10"), 3000);
  int64_t problems = -1;
  CHECK_INT(driftdb_check(f.connection, nullptr, nullptr, &problems), DRIFTDB_OK);
  CHECK_INT(problems, 0);
  CloseFixture(&f);
}

const Case kCases[] = {
    {"INSERT INTO t VALUES (5000, 1, 'one')", "SELECT count(*) FROM t", 3000, 3001,
     "DELETE FROM t WHERE id = 5000"},
    {"INSERT INTO t SELECT n, n, repeat('x', 100) FROM generate_series(5000, 5999) n",
     "SELECT count(*) FROM t", 3000, 4000, "DELETE FROM t WHERE id >= 5000"},
    {"UPDATE t SET v = v + 10 WHERE id <= 100", "SELECT count(*) FROM t WHERE v >= 10", 0, 100,
     "UPDATE t SET v = v - 10 WHERE v >= 10"},
    {"DELETE FROM t WHERE id = 7", "SELECT count(*) FROM t", 3000, 2999,
     "INSERT INTO t VALUES (7, 7, 'row 7')"},
    {"BEGIN; INSERT INTO t VALUES (5000, 1, 'one'); SAVEPOINT a; UPDATE t SET v = 99 WHERE id = 1; "
     "ROLLBACK TO a; UPDATE t SET s = 'two' WHERE id = 5000; COMMIT",
     "SELECT count(*) FROM t", 3000, 3001, "DELETE FROM t WHERE id = 5000"},
    {"CREATE TABLE u (a int PRIMARY KEY, b text CHECK (b <> ''))", "SELECT count(*) FROM u", kFails,
     0, "DROP TABLE u"},
    {"CREATE INDEX t_s ON t (s)", "BEGIN; DROP INDEX t_s; ROLLBACK", 0, 1, "DROP INDEX t_s"},
    {"ALTER TABLE t RENAME TO r", "SELECT count(*) FROM r", kFails, 3000,
     "ALTER TABLE r RENAME TO t"},
    {"BEGIN; ALTER TABLE t ADD COLUMN w int DEFAULT 3; UPDATE t SET w = 4 WHERE id < 9; ROLLBACK",
     "SELECT count(*) FROM t", 3000, 3000, "SELECT 1"},
    {"SELECT a.v, count(*), min(b.s) FROM t a JOIN t b ON a.id = b.v + 1 GROUP BY a.v ORDER BY 2",
     "SELECT count(*) FROM t", 3000, 3000, "SELECT 1"},
    {"COPY t FROM '$FILE'", "SELECT count(*) FROM t", 3000, 6000, "DELETE FROM t WHERE id >= 5000"},
    {"SELECT nextval('q')", "SELECT count(*) FROM t", 3000, 3000, "SELECT 1"},
    {"CHECKPOINT", "SELECT count(*) FROM t", 3000, 3000, "SELECT 1"},
};

void OneAllocationFails() {
  for (const Case& c : kCases) FailEverywhere(c, false);
}

void AllAllocationsFail() {
  for (const Case& c : kCases) FailEverywhere(c, true);
}

// A rollback finds no memory while a scan holds what must be put back. Either it waits until it is
// whole, or the database takes no further writes and the next opening undoes it: never half of it.
void RollbackFails() {
  const Folder folder;
  long stranded = 0;
  bool met = true;
  for (long n = 0; met && n < 1000; ++n) {
    Fixture f = OpenIn(folder);
    if (n == 0) {
      CHECK_INT(Exec(f.connection,
                     "CREATE TABLE t (id int PRIMARY KEY, v int);"
                     "INSERT INTO t SELECT n, 1 FROM generate_series(1, 3000) n"),
                DRIFTDB_OK);
    }
    driftdb_connection* other = nullptr;
    CHECK_INT(driftdb_connect(f.database, &other, nullptr), DRIFTDB_OK);
    CHECK_INT(Exec(f.connection, "BEGIN; UPDATE t SET v = 2"), DRIFTDB_OK);
    driftdb_statement* open = nullptr;
    CHECK_INT(driftdb_prepare(f.connection, "SELECT id, v FROM t", -1, &open, nullptr), DRIFTDB_OK);
    CHECK_INT(driftdb_step(open), DRIFTDB_ROW);
    g_lasting = true;
    g_failures = 0;
    g_countdown = n;
    driftdb_exec(f.connection, "ROLLBACK", nullptr, nullptr);
    g_countdown = -1;
    met = g_failures > 0;
    driftdb_finalize(open);
    driftdb_exec(f.connection, "ROLLBACK", nullptr, nullptr);
    CHECK_INT(IntOf(other, "SELECT count(*) FROM t WHERE v = 1"), 3000);
    CHECK_INT(IntOf(f.connection, "SELECT count(*) FROM t WHERE v = 1"), 3000);
    const int written = Exec(other, "UPDATE t SET v = 1 WHERE id = 5");
    if (written != DRIFTDB_OK) {
      CHECK_TEXT(driftdb_sqlstate(other), "58030");
      ++stranded;
    }
    driftdb_disconnect(other);
    driftdb_disconnect(f.connection);
    CHECK_INT(driftdb_close(f.database, nullptr) == DRIFTDB_OK, written == DRIFTDB_OK);
  }
  Fixture f = OpenIn(folder);
  CHECK_INT(IntOf(f.connection, "SELECT count(*) FROM t WHERE v = 1"), 3000);
  CHECK_INT(Exec(f.connection, "UPDATE t SET v = 3"), DRIFTDB_OK);
  CloseFixture(&f);
  printf("rollbacks that found no memory: %ld\n", stranded);
  CHECK(stranded > 0);
  CHECK(!met);
}

// Recovery fails at its n-th allocation; the next opening finds everything.
void OpeningFails() {
  const Folder folder;
  Fixture f = OpenIn(folder);
  Exec(f.connection,
       "CREATE TABLE t (id int PRIMARY KEY, v text); CREATE INDEX ON t (v);"
       "INSERT INTO t SELECT n, 'v' || n FROM generate_series(1, 3000) n; CHECKPOINT;"
       "UPDATE t SET v = v || 'x' WHERE id <= 100; DELETE FROM t WHERE id > 2900;"
       "CREATE TABLE u (a int); INSERT INTO u VALUES (1)");
  // What a crash would leave: everything is acknowledged, nothing checkpointed since.
  const std::string image = folder / "image", crashed = folder / "crashed";
  std::filesystem::copy(folder / "db", image, std::filesystem::copy_options::recursive);
  CloseFixture(&f);
  bool met = true;
  long n = 0;
  for (; met && n < 200000; n += 1 + n / 20) {
    std::filesystem::remove_all(crashed);
    std::filesystem::copy(image, crashed, std::filesystem::copy_options::recursive);
    driftdb_database* database = nullptr;
    driftdb_error* error = nullptr;
    g_failures = 0;
    g_lasting = n % 2 == 1;
    g_countdown = n;
    const int opened = driftdb_open(crashed.c_str(), nullptr, &database, &error);
    g_countdown = -1;
    met = g_failures > 0;
    if (opened != DRIFTDB_OK) {
      CHECK(met);
      CHECK(database == nullptr);
      if (error != nullptr) CHECK_TEXT(driftdb_error_sqlstate(error), "53200");
      driftdb_error_destroy(error);
      error = nullptr;
      if (!CHECK_INT(driftdb_open(crashed.c_str(), nullptr, &database, &error), DRIFTDB_OK)) {
        printf("allocation %ld: %s\n", n, driftdb_error_message(error));
        driftdb_error_destroy(error);
        break;
      }
    }
    driftdb_connection* connection = nullptr;
    if (!CHECK_INT(driftdb_connect(database, &connection, nullptr), DRIFTDB_OK)) break;
    CHECK_INT(IntOf(connection, "SELECT count(*) FROM t"), 2900);
    CHECK_INT(IntOf(connection, "SELECT count(*) FROM t WHERE v = 'v100x'"), 1);
    CHECK_INT(IntOf(connection, "SELECT a FROM u"), 1);
    int64_t problems = -1;
    CHECK_INT(driftdb_check(connection, nullptr, nullptr, &problems), DRIFTDB_OK);
    CHECK_INT(problems, 0);
    driftdb_disconnect(connection);
    CHECK_INT(driftdb_close(database, nullptr), DRIFTDB_OK);
  }
  printf("opening: up to allocation %ld\n", n);
  CHECK(!met);
}

}  // namespace

void* operator new(size_t bytes) { return Allocate(bytes); }
void* operator new[](size_t bytes) { return Allocate(bytes); }
void* operator new(size_t bytes, std::align_val_t alignment) {
  return AllocateAligned(bytes, static_cast<size_t>(alignment));
}
void* operator new[](size_t bytes, std::align_val_t alignment) {
  return AllocateAligned(bytes, static_cast<size_t>(alignment));
}
void* operator new(size_t bytes, const std::nothrow_t&) noexcept {
  return FailsNow() ? nullptr : std::malloc(bytes == 0 ? 1 : bytes);
}
void* operator new[](size_t bytes, const std::nothrow_t&) noexcept {
  return FailsNow() ? nullptr : std::malloc(bytes == 0 ? 1 : bytes);
}
void* operator new(size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return TryAligned(bytes, static_cast<size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }

int main() {
  RUN(OneAllocationFails);
  RUN(AllAllocationsFail);
  RUN(RollbackFails);
  RUN(OpeningFails);
  return Finish();
}
