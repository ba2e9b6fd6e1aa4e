// JoinFilterSink: where a hash join publishes what it knows about its build keys.
// Threads: AddFilter is called from HashJoin's build sink's Finish, by one thread at a time per
// join, possibly while a scan that is addressed already runs: then it serves vectors begun later.
#ifndef DRIFTDB_EXEC_JOIN_JOIN_FILTER_SINK_H_
#define DRIFTDB_EXEC_JOIN_JOIN_FILTER_SINK_H_

#include <cstdint>
#include <memory>

#include "storage/column/column_predicate.h"

namespace driftdb::exec {

class JoinFilterSink {
 public:
  virtual ~JoinFilterSink() = default;
  // Rows of scan `scan_id` whose slot `column` (position in PhysicalTableScan::columns) does not
  // satisfy the predicate cannot contribute to the result. Scans that are over ignore it.
  virtual void AddFilter(uint32_t scan_id, uint32_t column,
                         std::shared_ptr<const storage::ColumnPredicate> predicate) = 0;
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_JOIN_JOIN_FILTER_SINK_H_
