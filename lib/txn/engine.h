// Engine: one open data directory: files, memory budget, log, transactions, storages; opening with
// recovery, checkpoints, closing. Knows nothing of SQL or the catalog's meaning. Directory (C1):
// lock, main.drift, wal/NNNNNN (or wal_directory), tmp/. Invariants: (ENG-1) the lock is held from
// before the first read to after the last write; (ENG-2) a fresh main.drift appears under its name
// only when complete; (ENG-3) a checkpoint at S contains exactly the commits <= S (I7) and the log
// before its position is given up only when the superblock is durable; (ENG-4) commits wait for no
// I/O of a checkpoint: only the latch is shared, for microseconds. Threads: safe; one checkpoint at
// a time. Background work has one thread (maintenance.h drives it). Errors: 55006 (held by another
// process), 58P01, 42501, XX001, 0A000 (newer format), 55000 (foreign log), 53100.
#ifndef DRIFTDB_TXN_ENGINE_H_
#define DRIFTDB_TXN_ENGINE_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/memory.h"
#include "base/status.h"
#include "platform/clock.h"
#include "platform/mutex.h"
#include "platform/thread.h"
#include "platform/vfs.h"
#include "storage/btree/index.h"
#include "storage/mvcc/epoch.h"
#include "storage/mvcc/transaction_table.h"
#include "storage/page/file_extent_store.h"
#include "storage/table/segment_cache.h"
#include "txn/storage_registry.h"
#include "txn/transaction_manager.h"
#include "wal/log_writer.h"

namespace driftdb::txn {

struct EngineOptions {
  platform::Vfs* vfs = nullptr;  // outlives the engine
  platform::Clock* clock = nullptr;
  std::string directory;
  std::string wal_directory;  // empty: directory/wal
  bool read_only = false;
  bool create = true;
  bool background = true;  // a maintenance thread; off: the owner calls Maintain()
  size_t memory_limit_bytes = size_t{1} << 30;
};

class Engine {
 public:
  static Result<std::unique_ptr<Engine>> Open(const EngineOptions& options);
  // Use Close: the destructor gives up without a checkpoint, as a crash would.
  ~Engine();
  // Checkpoints and trims the log. The engine is unusable afterwards, also when it fails.
  // REQUIRES: no transaction is open.
  Status Close();

  // Writes a checkpoint of everything committed when it is called.
  Status Checkpoint();
  // One round of background work: collection, index merges, sealing, checkpoint when due.
  Status Maintain();

  const EngineOptions& options() const { return options_; }
  // True when this Open made the database: the catalog must be bootstrapped.
  bool created() const { return created_; }
  uint64_t recovered_catalog_version() const { return catalog_version_; }
  void NoteCatalogVersion(uint64_t version) { catalog_version_.store(version); }
  const Hash128& uuid() const { return uuid_; }
  MemoryAccountant* memory() { return &memory_; }
  StorageRegistry* registry() { return registry_.get(); }
  TransactionManager* manager() { return manager_.get(); }
  storage::FileExtentStore* extents() { return extents_.get(); }
  wal::LogWriter* log() { return log_.get(); }
  std::string temporary_directory() const { return options_.directory + "/tmp"; }
  uint64_t checkpoint_count() const { return checkpoints_.load(std::memory_order_relaxed); }
  // Replay work since the last checkpoint, modelled (microseconds).
  uint64_t modelled_replay_us() const;

 private:
  explicit Engine(const EngineOptions& options);
  Status OpenFiles();
  Status CheckMayCreate();
  Status CheckUnfinishedLog(const std::string& unfinished);
  Status CreateMainFile(const std::string& path);
  Status LoadRoot();
  Status Recover();
  Status StartLog(const wal::LogEnd& end);
  struct CheckpointState;
  Status BeginCheckpoint(CheckpointState* state);
  bool FixCheckpoint(CommitSeq last, const std::unordered_set<uint32_t>& prepared,
                     CheckpointState* state);
  Status WriteImages(CheckpointState* state);
  Status PublishCheckpoint(CheckpointState* state);
  Status CheckpointLocked() DRIFTDB_REQUIRES(checkpoint_mutex_);
  Status MergeIndexes();
  Status SealTables();
  void RunMaintenance();

  const EngineOptions options_;
  std::string wal_directory_;
  std::unique_ptr<platform::FileLock> lock_;
  MemoryAccountant memory_;
  // What is not worth a reservation of its own: code, log buffers, stacks, caches of plans.
  MemoryReservation overhead_{&memory_, "engine"};
  storage::SegmentCache segments_{SIZE_MAX, &memory_};  // of all tables
  storage::EpochManager epochs_;
  storage::UniqueLatches latches_;
  std::unique_ptr<storage::FileExtentStore> extents_;
  std::unique_ptr<storage::TransactionTable> transactions_;
  std::unique_ptr<wal::LogWriter> log_;
  std::unique_ptr<StorageRegistry> registry_;
  std::unique_ptr<TransactionManager> manager_;
  Hash128 uuid_;
  bool created_ = false;
  bool closed_ = false;
  bool replayed_ = false;  // recovery read log frames that no checkpoint has covered since
  std::atomic<uint64_t> catalog_version_{0};
  uint64_t txid_generation_ = 0;
  CommitSeq recovered_seq_;

  platform::Mutex checkpoint_mutex_;
  SnapshotSlot* checkpoint_slot_ = nullptr;
  Lsn checkpoint_lsn_ DRIFTDB_GUARDED_BY(checkpoint_mutex_);  // where the last one cut the log
  std::atomic<uint64_t> checkpoints_{0};
  std::atomic<uint64_t> checkpoint_bytes_{0};    // log bytes when the last checkpoint began
  std::atomic<uint64_t> checkpoint_commits_{0};  // commits then
  // Maintain runs in its thread, and beside it for whoever calls it: hints, each by itself.
  std::atomic<int64_t> last_activity_ns_{0};
  std::atomic<int64_t> failed_checkpoint_ns_{0};  // of the last one that failed; 0: it did not
  std::atomic<uint64_t> last_seen_commits_{0};

  platform::Mutex maintenance_mutex_;
  platform::CondVar maintenance_wake_;
  bool stop_ DRIFTDB_GUARDED_BY(maintenance_mutex_) = false;
  platform::Thread maintenance_;
};

}  // namespace driftdb::txn

#endif  // DRIFTDB_TXN_ENGINE_H_
