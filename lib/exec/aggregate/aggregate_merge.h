// AggregateMerge: brings the workers' partial groups together, partition by partition (AG-1, AG-2).
#ifndef DRIFTDB_EXEC_AGGREGATE_AGGREGATE_MERGE_H_
#define DRIFTDB_EXEC_AGGREGATE_AGGREGATE_MERGE_H_

#include <memory>
#include <vector>

#include "exec/aggregate/aggregate_worker.h"
#include "exec/aggregate/group_table.h"
#include "exec/query_context.h"

namespace driftdb::exec {

// Radix partition of a hash: bits that neither tables' slots nor tags use.
inline constexpr size_t kMergePartitions = 64;
inline size_t MergePartition(uint64_t hash) { return (hash >> 40) & (kMergePartitions - 1); }

// Rows of several stores, by partition; one partition when there are few.
class PartitionedRows {
 public:
  // `stores` outlive this.
  Status Split(QueryContext* context, const std::vector<RowStore*>& stores, size_t partitions,
               const char* what);
  size_t partitions() const { return lists_.empty() ? 0 : lists_[0].size(); }
  size_t store_count() const { return lists_.size(); }
  const std::vector<uint8_t*>& rows(size_t store, size_t partition) const {
    return lists_[store][partition];
  }
  size_t partition_rows(size_t partition) const;

 private:
  std::vector<std::vector<std::vector<uint8_t*>>> lists_;  // [store][partition]
  MemoryReservation memory_;
};

// How many partitions are worth it for `rows` rows.
inline size_t MergePartitionCount(const QueryContext& context, uint64_t rows) {
  return context.threads > 1 && rows > (16 << 10) ? kMergePartitions : 1;
}

// The distinct keys of tables of one layout without states: the first row of each key.
Status MergeDistinct(QueryContext* context, const RowLayout& layout, size_t key_count,
                     const std::vector<GroupTable*>& tables,
                     std::vector<std::vector<uint8_t*>>* partitions);

// The whole of an aggregation's Finish.
class AggregateMerge {
 public:
  AggregateMerge(const AggregatePlan* plan, QueryContext* context,
                 std::vector<std::unique_ptr<AggregateWorker>>* workers)
      : plan_(plan), context_(context), workers_(workers) {}
  struct Output {
    // The first worker's pages are the result as they are; else `groups` points to the final rows.
    bool whole = false;
    std::vector<std::vector<uint8_t*>> groups;
    std::vector<std::unique_ptr<RowStore>> heaps;  // bytes of combined states, by partition
  };
  Status Run(Output* output);

 private:
  Status AddEmptySets();
  Status FinishDistinct(size_t side);
  Status MergePartitionRows(const PartitionedRows& rows, size_t partition, Output* output);
  Status FinishOrdered(size_t side, size_t partition, GroupTable* table, Arena* heap);

  const AggregatePlan* plan_;
  QueryContext* context_;
  std::vector<std::unique_ptr<AggregateWorker>>* workers_;
  std::vector<std::unique_ptr<PartitionedRows>> ordered_;  // by side
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_AGGREGATE_AGGREGATE_MERGE_H_
