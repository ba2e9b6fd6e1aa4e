// The comparison program is only as good as its adapters: values, errors, loads and sync counts of
// each engine are checked here on small tables. DuckDB takes part when its library is present.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "catch2/catch.hpp"

#include "compare/answer.h"
#include "compare/child_process.h"
#include "compare/engine.h"
#include "compare/measure.h"
#include "compare/options.h"
#include "compare/sync_counter.h"
#include "compare/text_file.h"

namespace driftdb::compare {
namespace {

namespace fs = std::filesystem;

// A folder that disappears with the test.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (fs::temp_directory_path() / "driftdb-compare-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~ScratchFolder() { fs::remove_all(path_); }
  std::string File(const std::string& name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

void WriteText(const std::string& path, const std::string& text) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  REQUIRE(file != nullptr);
  REQUIRE(std::fwrite(text.data(), 1, text.size(), file) == text.size());
  REQUIRE(std::fclose(file) == 0);
}

std::vector<EngineKind> PresentEngines(std::string* library) {
  char program[] = "test";
  char workload[] = "tpch";
  char* arguments[] = {program, workload};
  *library = ParseOptions(2, arguments)->duckdb_library;
  std::vector<EngineKind> present;
  for (const EngineKind kind : {EngineKind::kDriftdb, EngineKind::kSqlite, EngineKind::kDuckdb}) {
    if (WhyAbsent(kind, {"", 0, *library}).empty()) {
      present.push_back(kind);
    }
  }
  return present;
}

}  // namespace

TEST_CASE("compare: numbers agree within a millionth, texts exactly", "[bench]") {
  CHECK(CellsAgree("abc", "abc"));
  CHECK_FALSE(CellsAgree("abc", "abd"));
  CHECK(CellsAgree("1.50", "1.5"));
  CHECK(CellsAgree("25.5751546114546921", "25.575154611454692"));
  CHECK(CellsAgree("1000000", "1000000.9"));
  CHECK_FALSE(CellsAgree("1000000", "1000002"));
  CHECK_FALSE(CellsAgree("0", "0.1"));
  CHECK_FALSE(CellsAgree("1", ""));
  CHECK_FALSE(CellsAgree("\\N", "0"));
  CHECK(FirstDifference({{"1", "a"}}, {{"1.0", "a"}}).empty());
  CHECK(FirstDifference({{"1"}, {"2"}}, {{"1"}}) == "2 rows against 1");
  CHECK(FirstDifference({{"1", "a"}}, {{"1", "b"}}) == "row 1 column 2: \"a\" against \"b\"");
}

TEST_CASE("compare: the median is the middle value", "[bench]") {
  CHECK(Median({}) == 0);
  CHECK(Median({3}) == 3);
  CHECK(Median({9, 1, 2}) == 2);
  CHECK(Median({4, 1, 3, 2}) == 2.5);
}

TEST_CASE("compare: lines that cross the read buffer stay whole", "[bench]") {
  const ScratchFolder folder;
  const std::string path = folder.File("lines");
  std::string text;
  int64_t expected = 0;
  for (int i = 1000000; i < 1200000; ++i) {  // lines of 10 bytes: 2^20 is not a multiple
    text += std::to_string(i) + "|x\n";
    expected += i;
  }
  WriteText(path, text);
  int64_t sum = 0;
  REQUIRE(ForEachLine(path, [&sum](std::string_view line) {
            sum += std::atoll(std::string(TakeField(&line)).c_str());
            return line == "x" ? OkStatus() : InternalError("line {}", line);
          }).ok());
  CHECK(sum == expected);
  CHECK_FALSE(ForEachLine(folder.File("absent"), [](std::string_view) { return OkStatus(); }).ok());
}

TEST_CASE("compare: a child returns its values or its error", "[bench]") {
  const auto good = RunInChild([]() -> Result<ChildValues> { return ChildValues{1, 2, 3, 4}; });
  REQUIRE(good.ok());
  CHECK(good->values == ChildValues{1, 2, 3, 4});
  CHECK(good->peak_mb > 0);
  const auto bad = RunInChild([]() -> Result<ChildValues> { return InternalError("no luck"); });
  REQUIRE_FALSE(bad.ok());
  CHECK(bad.status().message() == "no luck");
}

TEST_CASE("compare: every engine gives the same values through its adapter", "[bench]") {
  std::string library;
  for (const EngineKind kind : PresentEngines(&library)) {
    CAPTURE(EngineName(kind));
    const ScratchFolder folder;
    auto engine = OpenEngine(kind, {folder.File("db"), 1, library});
    REQUIRE(engine.ok());
    auto connection = (*engine)->Connect();
    REQUIRE(connection.ok());
    Connection& session = **connection;
    REQUIRE(
        session.Exec("CREATE TABLE t (id INTEGER PRIMARY KEY, n BIGINT, name VARCHAR(40))").ok());
    WriteText(folder.File("rows"), "1|10|one\n2|-20|a name longer than twelve bytes\n3|30|three\n");
    REQUIRE(session.LoadFile("t", folder.File("rows")).ok());

    auto select = session.Prepare("SELECT id, n, name, NULL FROM t WHERE id >= ? ORDER BY id");
    REQUIRE(select.ok());
    for (int repeat = 0; repeat < 2; ++repeat) {
      REQUIRE((*select)->BindInt64(1, 2).ok());
      REQUIRE(*(*select)->Step());
      CHECK((*select)->columns() == 4);
      CHECK((*select)->Int64(1) == -20);
      CHECK((*select)->Double(1) == -20.0);
      CHECK((*select)->Text(1) == "-20");
      CHECK((*select)->Text(2) == "a name longer than twelve bytes");
      CHECK((*select)->IsNull(3));
      CHECK_FALSE((*select)->IsNull(0));
      REQUIRE(*(*select)->Step());
      CHECK((*select)->Text(2) == "three");
      CHECK_FALSE(*(*select)->Step());
    }
    REQUIRE((*select)->BindInt64(1, 1).ok());
    REQUIRE(*(*select)->Step());
    REQUIRE((*select)->Reset().ok());
    CHECK(*(*select)->Run() == 3);

    auto by_name = session.Prepare("SELECT count(*) FROM t WHERE name = ?");
    REQUIRE(by_name.ok());
    REQUIRE((*by_name)->BindText(1, "one").ok());
    const auto answer = FetchAnswer(by_name->get());
    REQUIRE(answer.ok());
    CHECK(*answer == Answer{{"1"}});

    CHECK_FALSE(session.Exec("SELECT * FROM absent").ok());
    CHECK_FALSE(session.Prepare("SELECT * FROM absent").ok());
    CHECK_FALSE(session.Exec("INSERT INTO t VALUES (1, 1, 'twice')").ok());
  }
}

TEST_CASE("compare: a durable commit costs a sync that the counter sees", "[bench]") {
  std::string library;
  for (const EngineKind kind : PresentEngines(&library)) {
    CAPTURE(EngineName(kind));
    const ScratchFolder folder;
    auto engine = OpenEngine(kind, {folder.File("db"), 1, library});
    REQUIRE(engine.ok());
    auto connection = (*engine)->Connect();
    REQUIRE(connection.ok());
    REQUIRE((*connection)->Exec("CREATE TABLE t (id INTEGER PRIMARY KEY)").ok());
    const int64_t own = (*engine)->OwnSyncCount();
    const int64_t before = own >= 0 ? own : SyncCount();
    for (int i = 0; i < 5; ++i) {
      REQUIRE((*connection)->Exec("INSERT INTO t VALUES (" + std::to_string(i) + ")").ok());
    }
    CHECK((own >= 0 ? (*engine)->OwnSyncCount() : SyncCount()) - before >= 5);
  }
}

TEST_CASE("compare: DuckDB's decimals, dates and wide sums print as SQL does", "[bench]") {
  std::string library;
  for (const EngineKind kind : PresentEngines(&library)) {
    if (kind == EngineKind::kSqlite) {
      continue;  // it has no decimals and no dates
    }
    CAPTURE(EngineName(kind));
    const ScratchFolder folder;
    auto engine = OpenEngine(kind, {folder.File("db"), 1, library});
    REQUIRE(engine.ok());
    auto connection = (*engine)->Connect();
    REQUIRE(connection.ok());
    auto select = (*connection)
                      ->Prepare(
                          "SELECT CAST(-0.05 AS DECIMAL(15,2)), CAST(12.5 AS DECIMAL(30,4)), "
                          "date '1996-02-29', date '1969-12-31', sum(x) "
                          "FROM (VALUES (9000000000000000000), (9000000000000000000)) AS v (x)");
    REQUIRE(select.ok());
    const auto answer = FetchAnswer(select->get());
    REQUIRE(answer.ok());
    CHECK(*answer ==
          Answer{{"-0.05", "12.5000", "1996-02-29", "1969-12-31", "18000000000000000000"}});
  }
}

}  // namespace driftdb::compare
