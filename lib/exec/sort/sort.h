// Sort, TopN: ORDER BY without and with LIMIT.
// Shape: sink() ends the child's pipeline, source() yields the child's columns in key order, with
// one thread. Not stable across threads; rows with equal keys come in any order.
// Threads: as in operator.h; sinks are parallel. Ownership: key expressions outlive the object.
// Errors: 53200, 57014, what key expressions raise.
#ifndef DRIFTDB_EXEC_SORT_SORT_H_
#define DRIFTDB_EXEC_SORT_SORT_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "exec/operator.h"
#include "expr/expr.h"
#include "types/logical_type.h"

namespace driftdb::exec {

struct SortKeyRef {
  const expr::Expr* expr = nullptr;  // over the child's slots
  bool descending = false;
  bool nulls_first = false;
};

struct SortOptions {
  std::vector<LogicalType> types;  // the child's columns
  std::vector<SortKeyRef> keys;
  uint32_t node_id = UINT32_MAX;
};

class Sort {
 public:
  explicit Sort(SortOptions options);
  ~Sort();
  Sort(const Sort&) = delete;
  Sort& operator=(const Sort&) = delete;

  Sink* sink();
  Source* source();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct TopNOptions {
  std::vector<LogicalType> types;
  std::vector<SortKeyRef> keys;
  // Evaluated by the caller; set through set_limits when they are known only at run time.
  uint64_t limit = UINT64_MAX;
  uint64_t offset = 0;
  bool with_ties = false;
  uint32_t node_id = UINT32_MAX;
};

class TopN {
 public:
  explicit TopN(TopNOptions options);
  ~TopN();
  TopN(const TopN&) = delete;
  TopN& operator=(const TopN&) = delete;

  // Before the sink's Prepare.
  void set_limits(uint64_t limit, uint64_t offset);
  Sink* sink();
  Source* source();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_SORT_SORT_H_
