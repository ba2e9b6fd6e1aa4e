// Runs the records of one file and compares.
// Shape: one database per file, in memory unless the file restarts it or the options name a folder.
// Threads: RunFile may run on several threads at once, each with its own file.
#ifndef DRIFTDB_TESTS_SLT_RUNNER_RUNNER_H_
#define DRIFTDB_TESTS_SLT_RUNNER_RUNNER_H_

#include <map>
#include <set>
#include <string>

namespace slt {

struct Options {
  std::string engine = "driftdb";
  std::string database;     // --db: folder that is kept; empty: temporary
  int failures_shown = 20;  // per file
  bool verbose = false;     // print each record before it runs
  bool stop_at_first = false;
  bool rewrite = false;  // --rewrite: write what came out as the expected results
  // --exclude: "FILE:LINE" to reason; FILE is compared with the end of the path.
  std::map<std::string, std::string> exclusions;
};

struct FileResult {
  long long passed = 0;
  long long failed = 0;
  long long skipped = 0;
  std::string report;  // the failures, for people
  std::set<std::string> exclusions_used;
};

FileResult RunFile(const std::string& path, const Options& options);

}  // namespace slt

#endif  // DRIFTDB_TESTS_SLT_RUNNER_RUNNER_H_
