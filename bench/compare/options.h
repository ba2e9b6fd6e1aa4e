// Command line of bench-compare.
#ifndef DRIFTDB_BENCH_COMPARE_OPTIONS_H_
#define DRIFTDB_BENCH_COMPARE_OPTIONS_H_

#include <string>
#include <vector>

#include "base/status.h"
#include "compare/engine.h"

namespace driftdb::compare {

struct Options {
  std::string workload;
  std::vector<EngineKind> engines;  // empty: all that suit the workload
  double scale = 1;
  int threads = 0;
  int runs = 5;
  std::vector<int> queries;  // 1 to 22
  std::string queries_directory;
  std::string answers_directory;  // of expected answers; empty: none
  std::string work_directory = "bench-work";
  std::string duckdb_library;
  std::string json_path;
  std::vector<std::string> cases;  // of the oltp workload; empty: all
  double round_seconds = 0.5;
  bool keys = false;      // declare TPC-H primary keys
  bool reuse = false;     // keep databases that an earlier run loaded
  int64_t rows = 500000;  // of the oltp table
};

extern const char kUsage[];
// Errors: 22023 with the offending argument.
Result<Options> ParseOptions(int argc, char** argv);

}  // namespace driftdb::compare

#endif  // DRIFTDB_BENCH_COMPARE_OPTIONS_H_
