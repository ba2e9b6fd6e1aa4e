// Measures: bulk load time, final checkpoint, file size and peak memory of the loading process for
// the eight TPC-H tables. Excluded: generating the files. SQLite has no bulk loader: its rows are
// parsed here and go through one prepared insert in one transaction per table.
// Decision it supports: encodings and the direct path of COPY.
#include "base/status_macros.h"
#include "compare/tpch_data.h"
#include "compare/workloads.h"

namespace driftdb::compare {

Status RunSizes(const Options& options, Report* report) {
  DRIFTDB_ASSIGN_OR_RETURN(
      const auto usable,
      UsableEngines(options, {EngineKind::kDriftdb, EngineKind::kSqlite, EngineKind::kDuckdb}));
  return PrepareTpch(options, usable, report).status();
}

}  // namespace driftdb::compare
