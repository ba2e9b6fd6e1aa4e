// Clock, medians and ratios of the comparison program.
#ifndef DRIFTDB_BENCH_COMPARE_MEASURE_H_
#define DRIFTDB_BENCH_COMPARE_MEASURE_H_

#include <algorithm>
#include <chrono>
#include <vector>

namespace driftdb::compare {

// Seconds of a monotonic clock.
inline double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// 0 for no values; the mean of the middle two for an even number.
inline double Median(std::vector<double> values) {
  if (values.empty()) {
    return 0;
  }
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace driftdb::compare

#endif  // DRIFTDB_BENCH_COMPARE_MEASURE_H_
