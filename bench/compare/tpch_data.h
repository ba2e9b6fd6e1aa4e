// TPC-H data for the comparison: files made once per scale, databases loaded from them.
#ifndef DRIFTDB_BENCH_COMPARE_TPCH_DATA_H_
#define DRIFTDB_BENCH_COMPARE_TPCH_DATA_H_

#include <string>
#include <vector>

#include "base/status.h"
#include "compare/engine.h"
#include "compare/options.h"
#include "compare/report.h"

namespace driftdb::compare {

struct LoadOutcome {
  double load_seconds = 0;   // eight loads, each durable
  double close_seconds = 0;  // the final checkpoint
  double peak_mb = 0;        // of the loading process
  double file_mb = 0;        // after the close, log excluded
  double log_mb = 0;         // log files that remain
};

// The engines that this run can use, in the order given; prints a line for each that is absent.
// Errors: 22023 when none is left.
Result<std::vector<EngineKind>> UsableEngines(const Options& options,
                                              const std::vector<EngineKind>& suitable);

EngineOptions TpchEngineOptions(EngineKind kind, const Options& options);

// Writes the files unless an earlier run has.
Status EnsureTpchFiles(const Options& options);
// Loads in a child process, replacing the engine's earlier database.
Result<LoadOutcome> LoadTpch(EngineKind kind, const Options& options);
// Ensures files and databases (or reuses them), prints and records one line per engine. Returns the
// engines whose database is there; the failure of one does not stop the others.
Result<std::vector<EngineKind>> PrepareTpch(const Options& options,
                                            const std::vector<EngineKind>& engines, Report* report);

// Sums the files at `path`, or starting with it (logs beside a database), by kind.
void MeasureFiles(const std::string& path, LoadOutcome* outcome);
void RemoveDatabase(const std::string& path);

}  // namespace driftdb::compare

#endif  // DRIFTDB_BENCH_COMPARE_TPCH_DATA_H_
