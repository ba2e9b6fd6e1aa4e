#include "compare/engine.h"

#include <unistd.h>

#include "base/error.h"
#include "base/status_macros.h"

namespace driftdb::compare {

std::string_view EngineName(EngineKind kind) {
  switch (kind) {
    case EngineKind::kDriftdb:
      return "driftdb";
    case EngineKind::kSqlite:
      return "sqlite";
    case EngineKind::kDuckdb:
      return "duckdb";
  }
  return "";
}

Result<int64_t> Statement::Run() {
  int64_t rows = 0;
  for (;;) {
    DRIFTDB_ASSIGN_OR_RETURN(const bool row, Step());
    if (!row) {
      return rows;
    }
    ++rows;
  }
}

Result<std::unique_ptr<Engine>> OpenEngine(EngineKind kind, const EngineOptions& options) {
  switch (kind) {
    case EngineKind::kDriftdb:
      return OpenDriftdb(options);
    case EngineKind::kSqlite:
      return OpenSqlite(options);
    case EngineKind::kDuckdb:
      return OpenDuckdb(options);
  }
  return InternalError("engine {} is unknown", static_cast<int>(kind));
}

std::string WhyAbsent(EngineKind kind, const EngineOptions& options) {
  if (kind == EngineKind::kDuckdb && access(options.duckdb_library.c_str(), R_OK) != 0) {
    return "no library at \"" + options.duckdb_library +
           "\" (scripts/fetch-duckdb.sh gets it, --duckdb PATH names it)";
  }
#if !DRIFTDB_COMPARE_HAS_DRIFTDB
  if (kind == EngineKind::kDriftdb) {
    return "this build has no lib/api";
  }
#endif
  return "";
}

}  // namespace driftdb::compare
