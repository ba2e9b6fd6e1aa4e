// StorageRegistry: every table and index storage of the database by StorageId, and the sequences'
// counters. Life of an entry: created by a running transaction (no created_seq) -> committed ->
// dropped by a committed transaction -> forgotten when no plan, cursor or checkpoint holds it: then
// its extents go back to free space. Invariants: (REG-1) created_seq and dropped_seq are set under
// the commit latch, so a checkpoint at S sees exactly the storages of S; (REG-2) StorageIds are
// never reused. Threads: safe.
#ifndef DRIFTDB_TXN_STORAGE_REGISTRY_H_
#define DRIFTDB_TXN_STORAGE_REGISTRY_H_

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "base/status.h"
#include "platform/mutex.h"
#include "storage/btree/index.h"
#include "storage/table/table.h"
#include "txn/storage_definition.h"
#include "types/ids.h"

namespace driftdb::txn {

struct StorageEntry {
  StorageId id;
  // Exactly one of the two.
  std::shared_ptr<storage::Table> table;
  std::shared_ptr<storage::Index> index;
  // Indexes only.
  StorageId index_table;
  IndexDefinition definition;
  CommitSeq created_seq;  // 0: not committed yet
  CommitSeq dropped_seq;  // 0: live
};

struct SequenceCounter {
  int64_t value = 0;    // the last value that may have been given out
  bool called = false;  // false: `value` itself is next
};

class StorageRegistry {
 public:
  StorageRegistry(const storage::TableEnvironment& environment, storage::UniqueLatches* latches)
      : environment_(environment), latches_(latches) {}

  const storage::TableEnvironment& environment() const { return environment_; }
  storage::IndexContext index_context() const {
    return {environment_.extents, environment_.memory, latches_};
  }

  StorageId NextId();
  // Raises the id counter above `id` (loading and replay).
  void NoteId(StorageId id);
  uint32_t next_id();

  Result<std::shared_ptr<storage::Table>> CreateTable(StorageId id, storage::TableSchema schema,
                                                      CommitSeq created);
  Result<std::shared_ptr<storage::Index>> CreateIndex(StorageId id, StorageId table,
                                                      IndexDefinition definition,
                                                      CommitSeq created);
  // An index read from a checkpoint.
  Status OpenIndex(StorageId id, StorageId table, IndexDefinition definition,
                   std::string_view components, CommitSeq created);
  // Null when there is none.
  std::shared_ptr<storage::Table> FindTable(StorageId id);
  std::shared_ptr<storage::Index> FindIndex(StorageId id);
  // Copies of the live, committed entries, ascending by id.
  std::vector<StorageEntry> Committed();
  std::vector<StorageEntry> IndexesOf(StorageId table);

  // When the storage was committed; 0: not yet, or there is none.
  CommitSeq CreatedSeq(StorageId id);
  void MarkCreated(StorageId id, CommitSeq seq);
  void MarkDropped(StorageId id, CommitSeq seq);
  // Forgets a storage whose creation was rolled back, or a dropped one nobody uses; frees its
  // extents.
  void Forget(StorageId id);
  // Forgets the dropped ones that nobody uses any more. `collected`: what
  // TransactionManager::Collect returned, since undo records name tables without holding them.
  void CollectDropped(CommitSeq collected);

  SequenceCounter sequence(Oid oid);
  void SetSequence(Oid oid, const SequenceCounter& counter);
  void EraseSequence(Oid oid);
  std::map<Oid, SequenceCounter> sequences();

 private:
  void FreeStorage(StorageEntry* entry);

  const storage::TableEnvironment environment_;
  storage::UniqueLatches* const latches_;
  platform::Mutex mutex_;
  uint32_t next_id_ DRIFTDB_GUARDED_BY(mutex_) = 1;
  std::map<StorageId, StorageEntry> entries_ DRIFTDB_GUARDED_BY(mutex_);
  std::map<Oid, SequenceCounter> sequences_ DRIFTDB_GUARDED_BY(mutex_);
};

}  // namespace driftdb::txn

#endif  // DRIFTDB_TXN_STORAGE_REGISTRY_H_
