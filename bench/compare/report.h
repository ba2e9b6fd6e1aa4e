// Results of a run: printed as they come, kept for the JSON file.
#ifndef DRIFTDB_BENCH_COMPARE_REPORT_H_
#define DRIFTDB_BENCH_COMPARE_REPORT_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace driftdb::compare {

struct Measurement {
  std::string workload;  // "tpch", "oltp", "sizes"
  std::string item;      // "q01", "select_auto", "load"
  std::string engine;
  std::string unit;  // "ms", "us/op", "MB", "syncs/commit"
  double value = 0;
};

class Report {
 public:
  void Add(Measurement measurement) { measurements_.push_back(std::move(measurement)); }
  // Prints the failure; the run goes on, but the program's exit status is 1.
  void Fail(std::string_view what);
  bool failed() const { return failed_; }
  // One JSON array of objects with the fields of Measurement.
  Status WriteJson(const std::string& path) const;

 private:
  std::vector<Measurement> measurements_;
  bool failed_ = false;
};

// Prints to standard output and flushes, so that a long run can be watched.
void Print(std::string_view text);

}  // namespace driftdb::compare

#endif  // DRIFTDB_BENCH_COMPARE_REPORT_H_
