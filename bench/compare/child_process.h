// Runs a piece of work in a forked child, so that its peak memory can be told apart from that of
// the other engines and of the generator.
// Rule: call it while the process has one thread.
#ifndef DRIFTDB_BENCH_COMPARE_CHILD_PROCESS_H_
#define DRIFTDB_BENCH_COMPARE_CHILD_PROCESS_H_

#include <array>
#include <cstdint>
#include <functional>

#include "base/status.h"

namespace driftdb::compare {

using ChildValues = std::array<double, 4>;

struct ChildReport {
  ChildValues values{};  // whatever the work returned
  double peak_mb = 0;    // ru_maxrss of the child
};

Result<ChildReport> RunInChild(const std::function<Result<ChildValues>()>& work);

}  // namespace driftdb::compare

#endif  // DRIFTDB_BENCH_COMPARE_CHILD_PROCESS_H_
