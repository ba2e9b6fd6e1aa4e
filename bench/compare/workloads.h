// The workloads of bench-compare; each returns an error only when it cannot go on at all.
#ifndef DRIFTDB_BENCH_COMPARE_WORKLOADS_H_
#define DRIFTDB_BENCH_COMPARE_WORKLOADS_H_

#include "base/status.h"
#include "compare/options.h"
#include "compare/report.h"

namespace driftdb::compare {

Status RunTpch(const Options& options, Report* report);
Status RunOltp(const Options& options, Report* report);
Status RunSizes(const Options& options, Report* report);

}  // namespace driftdb::compare

#endif  // DRIFTDB_BENCH_COMPARE_WORKLOADS_H_
