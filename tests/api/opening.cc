// Opening and closing: options, folders, read-only, one writer at a time in this process and in
// others.

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "check.h"
#include "folder.h"

namespace {

driftdb_database* OpenWith(const std::string& path, const char* option, const char* value,
                           std::string* state) {
  driftdb_options* options = driftdb_options_create();
  driftdb_error* error = nullptr;
  driftdb_database* database = nullptr;
  if (option != nullptr) {
    CHECK_INT(driftdb_options_set(options, option, value, &error), DRIFTDB_OK);
  }
  *state = "00000";
  if (driftdb_open(path.c_str(), options, &database, &error) != DRIFTDB_OK) {
    CHECK(database == nullptr);
    CHECK(error != nullptr);
    *state = driftdb_error_sqlstate(error);
    CHECK(*driftdb_error_message(error) != '\0');
    driftdb_error_destroy(error);
  }
  driftdb_options_destroy(options);
  return database;
}

driftdb_connection* Connect(driftdb_database* database) {
  driftdb_connection* connection = nullptr;
  CHECK_INT(driftdb_connect(database, &connection, nullptr), DRIFTDB_OK);
  return connection;
}

void OptionsAreChecked() {
  driftdb_options* options = driftdb_options_create();
  driftdb_error* error = nullptr;
  CHECK_INT(driftdb_options_set(options, "nosuch", "1", &error), DRIFTDB_ERROR);
  CHECK_TEXT(driftdb_error_sqlstate(error), "42704");
  CHECK(strstr(driftdb_error_message(error), "nosuch") != nullptr);
  driftdb_error_destroy(error);
  const char* bad[][2] = {{"readonly", "maybe"},       {"threads", "zero"},     {"threads", "-1"},
                          {"memory_limit", "much"},    {"memory_limit", "4XB"}, {"create", ""},
                          {"synchronous_commit", "2x"}};
  for (const auto& pair : bad) {
    error = nullptr;
    CHECK_INT(driftdb_options_set(options, pair[0], pair[1], &error), DRIFTDB_ERROR);
    if (error != nullptr) CHECK_TEXT(driftdb_error_sqlstate(error), "22023");
    driftdb_error_destroy(error);
  }
  CHECK_INT(driftdb_options_set(options, "nosuch", "1", nullptr), DRIFTDB_ERROR);
  const char* good[][2] = {{"threads", "2"},        {"memory_limit", "256MB"},
                           {"memory_limit", "1GB"}, {"create", "on"},
                           {"readonly", "off"},     {"synchronous_commit", "off"}};
  for (const auto& pair : good) {
    CHECK_INT(driftdb_options_set(options, pair[0], pair[1], nullptr), DRIFTDB_OK);
  }
  driftdb_database* database = nullptr;
  CHECK_INT(driftdb_open(":memory:", options, &database, nullptr), DRIFTDB_OK);
  CHECK_INT(driftdb_close(database, nullptr), DRIFTDB_OK);
  driftdb_options_destroy(options);
}

void DataSurvivesClosing() {
  const Folder folder;
  std::string state;
  for (int round = 0; round < 3; ++round) {
    driftdb_database* database = OpenWith(folder / "db", nullptr, nullptr, &state);
    CHECK_TEXT(state.c_str(), "00000");
    driftdb_connection* connection = Connect(database);
    if (round == 0) CHECK_INT(Exec(connection, "CREATE TABLE t (a int PRIMARY KEY)"), DRIFTDB_OK);
    CHECK_INT(IntOf(connection, "SELECT count(*) FROM t"), round);
    CHECK_INT(Exec(connection, ("INSERT INTO t VALUES (" + std::to_string(round) + ")").c_str()),
              DRIFTDB_OK);
    // Closing takes the connection along and rolls back what is open.
    CHECK_INT(Exec(connection, "BEGIN; INSERT INTO t VALUES (100)"), DRIFTDB_OK);
    CHECK_INT(driftdb_close(database, nullptr), DRIFTDB_OK);
    driftdb_disconnect(connection);
  }
}

void MemoryLeavesNothing() {
  std::string state;
  driftdb_database* a = OpenWith(":memory:", nullptr, nullptr, &state);
  driftdb_database* b = OpenWith(":memory:", nullptr, nullptr, &state);
  driftdb_connection* in_a = Connect(a);
  driftdb_connection* in_b = Connect(b);
  CHECK_INT(Exec(in_a, "CREATE TABLE t (a int)"), DRIFTDB_OK);
  CHECK_TEXT(StateOf(in_b, "SELECT * FROM t"), "42P01");
  CHECK_INT(driftdb_close(a, nullptr), DRIFTDB_OK);
  driftdb_disconnect(in_a);
  CHECK_INT(IntOf(in_b, "SELECT 5"), 5);
  CHECK_INT(driftdb_close(b, nullptr), DRIFTDB_OK);
  driftdb_disconnect(in_b);
  CHECK(!std::filesystem::exists(":memory:"));
}

void MissingFolderWithoutCreate() {
  const Folder folder;
  std::string state;
  CHECK(OpenWith(folder / "none", "create", "off", &state) == nullptr);
  CHECK_TEXT(state.c_str(), "58P01");
  CHECK(!std::filesystem::exists(folder / "none"));
  CHECK(OpenWith(folder / "no/such/parent", nullptr, nullptr, &state) == nullptr);
  CHECK_TEXT(state.c_str(), "58P01");
}

void ForeignFolderIsRefused() {
  const Folder folder;
  std::filesystem::create_directory(folder / "photos");
  FILE* file = std::fopen((folder / "photos/cat.jpg").c_str(), "w");
  std::fputs("meow", file);
  std::fclose(file);
  std::string state;
  driftdb_database* database = OpenWith(folder / "photos", nullptr, nullptr, &state);
  CHECK(database == nullptr);
  driftdb_close(database, nullptr);
  file = std::fopen((folder / "file").c_str(), "w");
  std::fclose(file);
  CHECK(OpenWith(folder / "file", nullptr, nullptr, &state) == nullptr);
}

void ReadOnlyRefusesChanges() {
  const Folder folder;
  std::string state;
  driftdb_database* database = OpenWith(folder / "db", nullptr, nullptr, &state);
  driftdb_connection* maker = Connect(database);
  CHECK_INT(Exec(maker, "CREATE TABLE t (a int); INSERT INTO t VALUES (7)"), DRIFTDB_OK);
  driftdb_disconnect(maker);
  CHECK_INT(driftdb_close(database, nullptr), DRIFTDB_OK);
  database = OpenWith(folder / "db", "readonly", "on", &state);
  CHECK_TEXT(state.c_str(), "00000");
  if (database == nullptr) return;
  driftdb_connection* connection = Connect(database);
  CHECK_INT(IntOf(connection, "SELECT a FROM t"), 7);
  CHECK_TEXT(StateOf(connection, "INSERT INTO t VALUES (8)"), "25006");
  CHECK_TEXT(StateOf(connection, "CREATE TABLE u (a int)"), "25006");
  CHECK_TEXT(StateOf(connection, "DROP TABLE t"), "25006");
  CHECK_INT(IntOf(connection, "SELECT count(*) FROM t"), 1);
  CHECK_INT(driftdb_close(database, nullptr), DRIFTDB_OK);
  driftdb_disconnect(connection);
}

void SecondOpenerInThisProcess() {
  const Folder folder;
  std::string state;
  driftdb_database* first = OpenWith(folder / "db", nullptr, nullptr, &state);
  CHECK(OpenWith(folder / "db", nullptr, nullptr, &state) == nullptr);
  CHECK_TEXT(state.c_str(), "55006");
  // By another name, too.
  std::filesystem::create_symlink(folder / "db", folder / "link");
  CHECK(OpenWith(folder / "link", nullptr, nullptr, &state) == nullptr);
  CHECK_TEXT(state.c_str(), "55006");
  CHECK_INT(driftdb_close(first, nullptr), DRIFTDB_OK);
  driftdb_database* again = OpenWith(folder / "db", nullptr, nullptr, &state);
  CHECK_TEXT(state.c_str(), "00000");
  CHECK_INT(driftdb_close(again, nullptr), DRIFTDB_OK);
}

// The parent has no threads of the library while it forks.
void SecondOpenerInAnotherProcess() {
  const Folder folder;
  int ready[2], done[2];
  CHECK(pipe(ready) == 0 && pipe(done) == 0);
  const pid_t child = fork();
  if (child == 0) {
    driftdb_database* database = nullptr;
    char byte = driftdb_open((folder / "db").c_str(), nullptr, &database, nullptr) == DRIFTDB_OK
                    ? 'y'
                    : 'n';
    if (write(ready[1], &byte, 1) != 1 || read(done[0], &byte, 1) != 1) _exit(2);
    // Gone without closing: the lock must not stay behind.
    _exit(0);
  }
  char byte = 0;
  CHECK_INT(read(ready[0], &byte, 1), 1);
  CHECK_INT(byte, 'y');
  driftdb_database* database = nullptr;
  driftdb_error* error = nullptr;
  CHECK_INT(driftdb_open((folder / "db").c_str(), nullptr, &database, &error), DRIFTDB_ERROR);
  if (error != nullptr) {
    CHECK_TEXT(driftdb_error_sqlstate(error), "55006");
    const std::string text =
        std::string(driftdb_error_message(error)) + driftdb_error_detail(error);
    CHECK(text.find(std::to_string(child)) != std::string::npos);
  }
  driftdb_error_destroy(error);
  CHECK_INT(write(done[1], "x", 1), 1);
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
  CHECK_INT(driftdb_open((folder / "db").c_str(), nullptr, &database, nullptr), DRIFTDB_OK);
  CHECK_INT(driftdb_close(database, nullptr), DRIFTDB_OK);
  for (const int end : {ready[0], ready[1], done[0], done[1]}) close(end);
}

void AcknowledgedCommitsSurviveAKill() {
  const Folder folder;
  int ready[2];
  CHECK(pipe(ready) == 0);
  const pid_t child = fork();
  if (child == 0) {
    driftdb_database* database = nullptr;
    driftdb_connection* connection = nullptr;
    if (driftdb_open((folder / "db").c_str(), nullptr, &database, nullptr) != DRIFTDB_OK) _exit(2);
    if (driftdb_connect(database, &connection, nullptr) != DRIFTDB_OK) _exit(2);
    if (Exec(connection, "CREATE TABLE t (a int PRIMARY KEY)") != DRIFTDB_OK) _exit(2);
    for (int i = 0; i < 20; ++i) {
      if (Exec(connection, ("INSERT INTO t VALUES (" + std::to_string(i) + ")").c_str()) !=
          DRIFTDB_OK)
        _exit(2);
    }
    if (Exec(connection, "BEGIN; INSERT INTO t VALUES (1000)") != DRIFTDB_OK) _exit(2);
    if (write(ready[1], "x", 1) != 1) _exit(2);
    pause();
    _exit(2);
  }
  close(ready[1]);
  char byte = 0;
  CHECK_INT(read(ready[0], &byte, 1), 1);
  kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  close(ready[0]);
  std::string state;
  driftdb_database* database = OpenWith(folder / "db", nullptr, nullptr, &state);
  CHECK_TEXT(state.c_str(), "00000");
  if (database == nullptr) return;
  driftdb_connection* connection = Connect(database);
  CHECK_INT(IntOf(connection, "SELECT count(*) FROM t"), 20);
  CHECK_INT(IntOf(connection, "SELECT sum(a) FROM t"), 190);
  int64_t problems = -1;
  CHECK_INT(driftdb_check(connection, nullptr, nullptr, &problems), DRIFTDB_OK);
  CHECK_INT(problems, 0);
  CHECK_INT(driftdb_close(database, nullptr), DRIFTDB_OK);
  driftdb_disconnect(connection);
}

void CheckFindsNothingWrong() {
  Fixture f = OpenFixture();
  CHECK_INT(Exec(f.connection,
                 "CREATE TABLE t (id int PRIMARY KEY, v text UNIQUE); CREATE INDEX ON t (v, id)"),
            DRIFTDB_OK);
  CHECK_INT(Exec(f.connection, "INSERT INTO t SELECT n, 'v' || n FROM generate_series(1, 5000) n"),
            DRIFTDB_OK);
  CHECK_INT(Exec(f.connection,
                 "DELETE FROM t WHERE id % 3 = 0; UPDATE t SET v = v || 'x' WHERE id % 5 = 0"),
            DRIFTDB_OK);
  const auto print = [](void*, const char* line) { std::printf("problem: %s\n", line); };
  int64_t problems = -1;
  CHECK_INT(driftdb_check(f.connection, print, nullptr, &problems), DRIFTDB_OK);
  CHECK_INT(problems, 0);
  CloseFixture(&f);
}

}  // namespace

int main() {
  // First those that fork.
  RUN(SecondOpenerInAnotherProcess);
  RUN(AcknowledgedCommitsSurviveAKill);
  RUN(OptionsAreChecked);
  RUN(DataSurvivesClosing);
  RUN(MemoryLeavesNothing);
  RUN(MissingFolderWithoutCreate);
  RUN(ForeignFolderIsRefused);
  RUN(ReadOnlyRefusesChanges);
  RUN(SecondOpenerInThisProcess);
  RUN(CheckFindsNothingWrong);
  return Finish();
}
