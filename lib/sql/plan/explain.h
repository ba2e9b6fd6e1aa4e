// EXPLAIN: a plan as a tree of titles and properties, and its text form.
// Shape: MakeExplainTree turns a plan (and, for ANALYZE, counters by node id) into ExplainNodes;
// the renderers only walk those, so other formats need nothing of plans. The text looks like
// PostgreSQL's.
// Threads: functions without state.
#ifndef DRIFTDB_SQL_PLAN_EXPLAIN_H_
#define DRIFTDB_SQL_PLAN_EXPLAIN_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sql/plan/physical_plan.h"

namespace driftdb::sql {

// What an execution counted for one node.
struct ExplainCounters {
  uint64_t rows = 0;     // yielded
  uint64_t loops = 0;    // 0: never executed
  uint64_t nanos = 0;    // inside the node, over all threads
  uint64_t bytes = 0;    // memory of a breaker at its largest
  uint64_t rows_in = 0;  // scans: rows looked at
};

struct ExplainOptions {
  bool analyze = false;
  bool verbose = false;
  bool costs = true;
  bool timing = true;
};

struct ExplainNode {
  std::string title;  // "Hash Join", "Seq Scan on orders o"
  std::string role;   // "", "InitPlan 1 (returns $2)", "CTE revenue"
  double cost = 0;    // milliseconds
  double rows = 0;
  double width = 0;  // bytes per row
  bool executed = false;
  ExplainCounters actual;
  std::vector<std::pair<std::string, std::string>> properties;  // "Filter", "(a > 1)"
  std::vector<ExplainNode> children;
};

// `counters` by node id; empty without ANALYZE.
ExplainNode MakeExplainTree(const PhysicalPlan& plan, const ExplainOptions& options,
                            const std::vector<ExplainCounters>& counters);
// One string per line, without line ends.
std::vector<std::string> ExplainText(const ExplainNode& root, const ExplainOptions& options);
std::string ExplainJson(const ExplainNode& root, const ExplainOptions& options);

// The whole thing as text, lines ended; for logs and tests.
std::string ExplainPlan(const PhysicalPlan& plan);

}  // namespace driftdb::sql

#endif  // DRIFTDB_SQL_PLAN_EXPLAIN_H_
