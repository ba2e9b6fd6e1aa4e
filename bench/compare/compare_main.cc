// bench-compare: the same work on DriftDB, SQLite and DuckDB in one process run.
#include <cstdio>

#include "base/error.h"
#include "compare/workloads.h"

namespace {

using driftdb::Status;
using driftdb::compare::Options;
using driftdb::compare::Report;

Status RunWorkload(const Options& options, Report* report) {
  if (options.workload == "tpch") {
    return RunTpch(options, report);
  }
  if (options.workload == "oltp") {
    return RunOltp(options, report);
  }
  if (options.workload == "sizes") {
    return RunSizes(options, report);
  }
  return driftdb::Error(driftdb::sqlstate::kInvalidParameterValue, "workload \"{}\" is unknown",
                        options.workload);
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = driftdb::compare::ParseOptions(argc, argv);
  if (!options.ok()) {
    std::fprintf(stderr, "%s\n%s", options.status().ToString().c_str(), driftdb::compare::kUsage);
    return 2;
  }
  Report report;
  Status status = RunWorkload(*options, &report);
  if (status.ok() && !options->json_path.empty()) {
    status = report.WriteJson(options->json_path);
  }
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", status.ToString().c_str());
    return 1;
  }
  return report.failed() ? 1 : 0;
}
