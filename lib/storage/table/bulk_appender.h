// BulkAppender: loads many rows as sealed groups, written straight into unreferenced extents.
// Use: each worker fills Builders and hands them to AddGroup with their place in the input; Finish
// gives the groups their rids in input order and registers them as the transaction's own (others do
// not see them before its commit). The descriptors go into the log as ATTACH_GROUP records. A group
// that memory allows no more for is full with fewer than kGroupRows rows; the rids behind them stay
// unused. Rows that do not fill a group are given back by the builder for ordinary inserts.
// Rollback needs no call: the undo log drops the groups and releases their extents. Threads:
// AddGroup from several threads; Finish after all of them. A Builder belongs to one thread. Errors:
// 53200, 53100, 58030. After an error call Abort (the destructor does).
#ifndef DRIFTDB_STORAGE_TABLE_BULK_APPENDER_H_
#define DRIFTDB_STORAGE_TABLE_BULK_APPENDER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "base/status.h"
#include "platform/mutex.h"
#include "storage/table/table.h"
#include "types/chunk.h"

namespace driftdb::storage {

class BulkAppender {
 public:
  // Collects the rows of one group.
  class Builder {
   public:
    // `bytes_max`: memory at which the group counts as full.
    Builder(Table* table, size_t bytes_max);
    ~Builder();
    // Takes alive rows of `rows` (columns by ordinal) from row `from` on until the group is full;
    // returns how many were taken.
    Result<size_t> Append(const Chunk& rows, size_t from = 0);
    uint32_t row_count() const;
    bool full() const;
    // Moves the collected rows out, chunk by chunk in order, for Table::Insert. False: no more.
    bool TakeChunk(Chunk* rows);
    void Clear();

   private:
    friend class BulkAppender;
    struct State;
    std::unique_ptr<State> state_;
  };

  BulkAppender(Table* table, const WriteContext& context);
  ~BulkAppender();

  // Encodes and writes a full group and clears the builder. `position` orders groups.
  Status AddGroup(uint64_t position, Builder* builder);
  // Rids, registration, undo. The extents must be synced (ExtentStore::Sync) before the log names
  // them.
  Result<std::vector<GroupDescriptor>> Finish();
  void Abort();

 private:
  struct Pending {
    uint64_t position;
    GroupDescriptor descriptor;
  };
  Table* const table_;
  const WriteContext context_;
  platform::Mutex mutex_;
  std::vector<Pending> pending_ DRIFTDB_GUARDED_BY(mutex_);
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_TABLE_BULK_APPENDER_H_
