#include "compare/options.h"

#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <optional>

#include "base/error.h"
#include "base/status_macros.h"

namespace driftdb::compare {

const char kUsage[] =
    "usage: bench-compare tpch|oltp|sizes [options]\n"
    "  tpch   load TPC-H, run the 22 queries hot, check that the answers agree\n"
    "  oltp   small transactions: point selects and updates, durable inserts, batch loads\n"
    "  sizes  load time, file size and peak memory of TPC-H in every engine\n"
    "options:\n"
    "  --engines a,b     of driftdb, sqlite, duckdb\n"
    "  --scale S         TPC-H scale (1)\n"
    "  --threads N       worker threads of every engine (each engine's default)\n"
    "  --runs R          measured runs or rounds; the median counts (5)\n"
    "  --queries 1,6,13  TPC-H queries (all)\n"
    "  --answers DIR     check every engine against DIR/qNN.csv ('|'-separated, with a header)\n"
    "  --keys            declare the TPC-H primary keys\n"
    "  --reuse           use the databases of an earlier run\n"
    "  --cases a,b       oltp cases (all)\n"
    "  --round-seconds T length of one oltp round (0.5)\n"
    "  --rows N          rows of the oltp table (500000)\n"
    "  --large           the same as --rows 10000000\n"
    "  --workdir DIR     data and databases (bench-work)\n"
    "  --duckdb PATH     libduckdb.so (else $DRIFTDB_DUCKDB_LIBRARY, else duckdb/ in the build\n"
    "                    folder, where scripts/fetch-duckdb.sh puts it)\n"
    "  --json FILE       write all measurements\n";

namespace {

std::vector<std::string> SplitAtCommas(std::string_view list) {
  std::vector<std::string> parts;
  while (!list.empty()) {
    const size_t comma = list.find(',');
    parts.emplace_back(list.substr(0, comma));
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
  return parts;
}

std::optional<EngineKind> EngineByName(std::string_view name) {
  for (const EngineKind kind : {EngineKind::kDriftdb, EngineKind::kSqlite, EngineKind::kDuckdb}) {
    if (EngineName(kind) == name) {
      return kind;
    }
  }
  return std::nullopt;
}

std::string DefaultDuckdbLibrary() {
  if (const char* path = std::getenv("DRIFTDB_DUCKDB_LIBRARY"); path != nullptr) {
    return path;
  }
  char self[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", self, sizeof self);
  std::string folder(self, length > 0 ? static_cast<size_t>(length) : 0);
  folder.resize(folder.rfind('/') == std::string::npos ? 0 : folder.rfind('/'));
  return folder + "/../duckdb/libduckdb.so";
}

Status SetFlag(std::string_view name, Options* options, bool* known) {
  *known = true;
  if (name == "--keys") {
    options->keys = true;
  } else if (name == "--reuse") {
    options->reuse = true;
  } else if (name == "--large") {
    options->rows = 10000000;
  } else {
    *known = false;
  }
  return OkStatus();
}

Status SetValue(std::string_view name, const std::string& value, Options* options) {
  if (name == "--scale") {
    options->scale = std::strtod(value.c_str(), nullptr);
  } else if (name == "--threads") {
    options->threads = std::atoi(value.c_str());
  } else if (name == "--runs") {
    options->runs = std::max(1, std::atoi(value.c_str()));
  } else if (name == "--rows") {
    options->rows = std::max(1LL, std::atoll(value.c_str()));
  } else if (name == "--round-seconds") {
    options->round_seconds = std::strtod(value.c_str(), nullptr);
  } else if (name == "--workdir") {
    options->work_directory = value;
  } else if (name == "--queries-dir") {
    options->queries_directory = value;
  } else if (name == "--duckdb") {
    options->duckdb_library = value;
  } else if (name == "--answers") {
    options->answers_directory = value;
  } else if (name == "--json") {
    options->json_path = value;
  } else if (name == "--cases") {
    options->cases = SplitAtCommas(value);
  } else if (name == "--queries") {
    for (const std::string& number : SplitAtCommas(value)) {
      options->queries.push_back(std::atoi(number.c_str()));
    }
  } else if (name == "--engines") {
    for (const std::string& engine : SplitAtCommas(value)) {
      const auto kind = EngineByName(engine);
      if (!kind) {
        return Error(sqlstate::kInvalidParameterValue, "engine \"{}\" is unknown", engine);
      }
      options->engines.push_back(*kind);
    }
  } else {
    return Error(sqlstate::kInvalidParameterValue, "option \"{}\" is unknown", name);
  }
  return OkStatus();
}

}  // namespace

Result<Options> ParseOptions(int argc, char** argv) {
  Options options;
  options.duckdb_library = DefaultDuckdbLibrary();
  options.queries_directory = DRIFTDB_COMPARE_QUERIES;
  if (argc < 2) {
    return Error(sqlstate::kInvalidParameterValue, "a workload is missing");
  }
  options.workload = argv[1];
  for (int i = 2; i < argc; ++i) {
    bool known = false;
    DRIFTDB_RETURN_IF_ERROR(SetFlag(argv[i], &options, &known));
    if (known) {
      continue;
    }
    if (i + 1 == argc) {
      return Error(sqlstate::kInvalidParameterValue, "option \"{}\" lacks a value", argv[i]);
    }
    DRIFTDB_RETURN_IF_ERROR(SetValue(argv[i], argv[i + 1], &options));
    ++i;
  }
  if (options.queries.empty()) {
    for (int query = 1; query <= 22; ++query) {
      options.queries.push_back(query);
    }
  }
  return options;
}

}  // namespace driftdb::compare
