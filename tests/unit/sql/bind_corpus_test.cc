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

}  // namespace driftdb::sql
