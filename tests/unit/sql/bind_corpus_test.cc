// Binds the TPC-H queries and the statements of the public sqllogictest corpus, when those are
// there.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>

#include "sql/bind_catalog.h"
#include "sql/parse/parse.h"

namespace driftdb::sql {

namespace {

std::filesystem::path CorpusFolder() {
  const char* folder = std::getenv("DRIFTDB_TEST_DATA");
  return folder != nullptr ? folder : "../shared";
}

std::string CorpusRead(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("binder: all TPC-H queries bind", "[sql][bind]") {
  const auto folder = CorpusFolder() / "tpch" / "queries";
  if (!std::filesystem::exists(folder)) return;
  BindCatalog catalog;
  REQUIRE(catalog.ready.ok());
  size_t bound = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".sql") continue;
    const Result<BoundStatement> result = catalog.Bind(CorpusRead(entry.path()));
    INFO(entry.path().filename().string() << ": " << result.status().ToString());
    CHECK(result.ok());
    bound += result.ok() ? 1 : 0;
  }
  CHECK(bound == 22);
}

// Goal: no query of the corpus is refused for a reason of ours. Method: a record is the text
// between its "statement" or "query" line and a blank line or "----"; what creates something is
// defined.
TEST_CASE("binder: the sqllogictest select files bind", "[sql][bind]") {
  size_t records = 0;
  for (const char* file : {"select1.test", "select2.test", "select3.test"}) {
    const auto path = CorpusFolder() / "sqllogictest" / file;
    if (!std::filesystem::exists(path)) continue;
    BindCatalog catalog;
    std::ifstream in(path);
    std::string line, sql;
    std::vector<std::string> failures;
    bool collecting = false;
    const auto run = [&] {
      if (!sql.empty()) {
        ++records;
        const bool defines = sql.rfind("CREATE", 0) == 0;
        // The corpus has a table t1, and names of its own elsewhere.
        const Status status = defines ? catalog.Define(sql) : catalog.Failure(sql);
        if (!status.ok()) failures.push_back(status.ToString() + "\n  " + sql);
      }
      sql.clear();
      collecting = false;
    };
    while (std::getline(in, line)) {
      if (line.rfind("statement ", 0) == 0 || line.rfind("query ", 0) == 0) {
        collecting = line != "statement error";
        sql.clear();
      } else if (line.empty() || line == "----") {
        run();
      } else if (collecting) {
        sql += line + "\n";
      }
    }
    run();
    INFO(file);
    for (size_t i = 0; i < failures.size() && i < 5; ++i) UNSCOPED_INFO(failures[i]);
    CHECK(failures.empty());
  }
  if (std::filesystem::exists(CorpusFolder() / "sqllogictest")) CHECK(records > 5000);
}

}  // namespace driftdb::sql
