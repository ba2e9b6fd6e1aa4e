// Replayer: applies the log's transactions to tables and indexes, at recovery and on a follower.
// Shape: frames in log order -> records -> per-transaction buffers (pieces sent ahead, C6) ->
// applied whole at their COMMIT, in commit order. Commits at or below the checkpoint's seq are
// skipped: their effects are in the image (I7). Invariants: (REPLAY-1) nothing is applied before
// its COMMIT was read; (REPLAY-2) applying is idempotent with respect to the image; (REPLAY-3) no
// sealed data is read and no expression evaluated (C8); extents that ATTACH records name are
// claimed before anything is allocated (C18). Threads: one owner. Errors: DataLoss for records that
// contradict the tables.
#ifndef DRIFTDB_TXN_REPLAY_H_
#define DRIFTDB_TXN_REPLAY_H_

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "storage/page/file_extent_store.h"
#include "txn/redo.h"
#include "txn/storage_registry.h"
#include "types/chunk.h"

namespace driftdb::txn {

class Replayer {
 public:
  // `snapshot`: what the image holds. `extents` claims attached extents.
  Replayer(StorageRegistry* registry, storage::FileExtentStore* extents, CommitSeq snapshot)
      : registry_(registry), extents_(extents), last_seq_(snapshot), snapshot_(snapshot) {}

  // The payload of one frame.
  Status ApplyFrame(std::string_view payload);

  CommitSeq last_seq() const { return last_seq_; }
  uint64_t catalog_version() const { return catalog_version_; }
  // Transactions that sent pieces and never ended.
  std::vector<TxnId> unfinished() const;
  uint64_t applied_commits() const { return applied_commits_; }

 private:
  Status ApplyCommit(std::string_view records, const CommitRecord& commit);
  Status ApplyRecord(const RedoRecord& record, CommitSeq seq);
  Status ApplyInsert(const RedoRecord& record, CommitSeq seq);
  Status ApplyUpdate(const RedoRecord& record, CommitSeq seq);
  Status ApplyIndexEntry(const RedoRecord& record);
  Status ApplyStorage(const RedoRecord& record, CommitSeq seq);
  Status ApplySchema(const RedoRecord& record);
  Status ApplyAttach(const RedoRecord& record, CommitSeq seq);
  Result<std::shared_ptr<storage::Table>> Table(StorageId id);

  StorageRegistry* const registry_;
  storage::FileExtentStore* const extents_;
  CommitSeq last_seq_;
  const CommitSeq snapshot_;
  uint64_t catalog_version_ = 0;
  uint64_t applied_commits_ = 0;
  std::unordered_map<uint64_t, std::string> parts_;  // by txid
};

}  // namespace driftdb::txn

#endif  // DRIFTDB_TXN_REPLAY_H_
