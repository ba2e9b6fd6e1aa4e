#include "txn/engine.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/error.h"
#include "base/guard.h"
#include "base/status_macros.h"
#include "platform/rng.h"
#include "txn/checkpoint_root.h"
#include "txn/replay.h"
#include "wal/log_reader.h"
#include "wal/segment_files.h"

namespace driftdb::txn {

namespace {

constexpr size_t kEngineOverheadBytes = size_t{10} << 20;
constexpr size_t kEngineOverheadShare = 12;  // of a small limit

constexpr int64_t kEngineMaintenanceUs = 100'000;

wal::Uuid EngineWalUuid(const Hash128& uuid) {
  wal::Uuid bytes;
  std::memcpy(bytes.data(), &uuid, sizeof(uuid));
  return bytes;
}

std::string EngineParent(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// MakeDirectory that accepts an existing directory.
Status EngineEnsureDirectory(platform::Vfs* vfs, const std::string& path) {
  Status made = vfs->MakeDirectory(path);
  if (made.ok() || made.sqlstate() == sqlstate::kDuplicateFile) return OkStatus();
  return made;
}

}  // namespace

Engine::Engine(const EngineOptions& options)
    : options_(options), memory_(options.memory_limit_bytes) {
  wal_directory_ =
      options.wal_directory.empty() ? options.directory + "/wal" : options.wal_directory;
}

Result<std::unique_ptr<Engine>> Engine::Open(const EngineOptions& options) {
  std::unique_ptr<Engine> engine(new Engine(options));
  DRIFTDB_RETURN_IF_ERROR(engine->OpenFiles());
  DRIFTDB_RETURN_IF_ERROR(engine->LoadRoot());
  DRIFTDB_RETURN_IF_ERROR(engine->Recover());
  if (options.background && !options.read_only) {
    Engine* raw = engine.get();
    DRIFTDB_ASSIGN_OR_RETURN(engine->maintenance_, platform::Thread::Start("driftdb-maint", [raw] {
                               raw->RunMaintenance();
                             }));
  }
  return engine;
}

Status Engine::OpenFiles() {
  DRIFTDB_RETURN_IF_ERROR(overhead_.Resize(
      std::min(kEngineOverheadBytes, memory_.limit_bytes() / kEngineOverheadShare)));
  platform::Vfs* vfs = options_.vfs;
  DRIFTDB_ASSIGN_OR_RETURN(const bool exists, vfs->Exists(options_.directory));
  if (!exists) {
    if (options_.read_only || !options_.create) {
      return Error(sqlstate::kUndefinedFile, "database directory \"{}\" does not exist",
                   options_.directory);
    }
    DRIFTDB_RETURN_IF_ERROR(vfs->MakeDirectory(options_.directory));
  } else {
    DRIFTDB_ASSIGN_OR_RETURN(const bool is_directory, vfs->IsDirectory(options_.directory));
    if (!is_directory) {
      return Error(sqlstate::kWrongObjectType, "\"{}\" is not a directory", options_.directory)
          .WithHint("A DriftDB database is a directory.");
    }
  }
  const std::string main_path = options_.directory + "/main.drift";
  DRIFTDB_ASSIGN_OR_RETURN(const bool had_main, vfs->Exists(main_path));
  // Before the lock: a directory that is somebody else's is left as it is.
  if (!had_main) DRIFTDB_RETURN_IF_ERROR(CheckMayCreate());
  const std::string lock_path = options_.directory + "/lock";
  if (options_.read_only) {
    DRIFTDB_ASSIGN_OR_RETURN(const std::string holder, vfs->LockHolder(lock_path));
    if (!holder.empty()) {
      return Error(sqlstate::kObjectInUse, "database \"{}\" is in use by process {}",
                   options_.directory, holder);
    }
  } else {
    DRIFTDB_ASSIGN_OR_RETURN(lock_, vfs->Lock(lock_path));
  }
  DRIFTDB_ASSIGN_OR_RETURN(const bool has_main, vfs->Exists(main_path));
  if (!has_main) DRIFTDB_RETURN_IF_ERROR(CreateMainFile(main_path));
  storage::ExtentStoreOptions store;
  store.vfs = vfs;
  store.path = main_path;
  store.memory = &memory_;
  store.read_only = options_.read_only;
  DRIFTDB_ASSIGN_OR_RETURN(extents_, storage::FileExtentStore::Open(std::move(store)));
  uuid_ = extents_->superblock().uuid;
  if (options_.read_only) return OkStatus();
  DRIFTDB_RETURN_IF_ERROR(EngineEnsureDirectory(vfs, options_.directory + "/tmp"));
  return EngineEnsureDirectory(vfs, wal_directory_);
}

Status Engine::CheckMayCreate() {
  platform::Vfs* vfs = options_.vfs;
  if (options_.read_only || !options_.create) {
    return Error(sqlstate::kUndefinedFile, "directory \"{}\" holds no DriftDB database",
                 options_.directory);
  }
  DRIFTDB_ASSIGN_OR_RETURN(const std::vector<std::string> names, vfs->List(options_.directory));
  for (const std::string& name : names) {
    // What an interrupted creation may have left.
    const bool ours = name == "lock" || name == "wal" || name == "tmp" ||
                      name == "main.drift.new" || name == "main.drift.new.unfinished";
    if (!ours) {
      return Error(sqlstate::kObjectNotInState,
                   "directory \"{}\" is not empty and holds no DriftDB database",
                   options_.directory)
          .WithDetail(fmt::format("It contains \"{}\".", name));
    }
  }
  return OkStatus();
}

// The log beside an unfinished main file may be removed when it is that file's or nobody's: a log
// directory can be anywhere, and another database's may stand there. 55000 then.
Status Engine::CheckUnfinishedLog(const std::string& unfinished) {
  Hash128 uuid;  // that of a torn file is unknown, but then no log was begun for it
  auto file = storage::MainFile::Open(options_.vfs, unfinished, true);
  if (file.ok()) {
    uuid = (*file)->superblock().uuid;
  } else if (file.status().sqlstate() != sqlstate::kDataCorrupted) {
    return file.status();
  }
  return wal::ListSegments(options_.vfs, wal_directory_, EngineWalUuid(uuid)).status();
}

Status Engine::CreateMainFile(const std::string& path) {
  platform::Vfs* vfs = options_.vfs;
  // Whoever made the directory, be it an attempt that died, need not have made its name durable. In
  // a parent that may not be read the directory is not ours, nor is its name.
  Status named = vfs->SyncDirectory(EngineParent(options_.directory));
  if (!named.ok() && named.sqlstate() != sqlstate::kInsufficientPrivilege) return named;
  const std::string unfinished = path + ".new";
  DRIFTDB_ASSIGN_OR_RETURN(const bool left_over, vfs->Exists(unfinished));
  DRIFTDB_RETURN_IF_ERROR(EngineEnsureDirectory(vfs, wal_directory_));
  DRIFTDB_RETURN_IF_ERROR(vfs->SyncDirectory(EngineParent(wal_directory_)));
  DRIFTDB_ASSIGN_OR_RETURN(const std::vector<std::string> segments,
                           wal::SegmentPaths(vfs, wal_directory_));
  // A log without its main file is what is left of a database, not the start of another one; but
  // the unfinished file says that its creation was interrupted here.
  if (!segments.empty() && !left_over) {
    return DataLossError("\"{}\" has a log but \"{}\" is missing", wal_directory_, path);
  }
  if (!segments.empty()) DRIFTDB_RETURN_IF_ERROR(CheckUnfinishedLog(unfinished));
  for (const std::string& segment : segments) DRIFTDB_RETURN_IF_ERROR(vfs->Delete(segment));
  // The unfinished file goes last, so that the next attempt knows it too.
  if (!segments.empty()) DRIFTDB_RETURN_IF_ERROR(vfs->SyncDirectory(wal_directory_));
  if (left_over) DRIFTDB_RETURN_IF_ERROR(vfs->Delete(unfinished));
  // Complete under another name first: a crash leaves either nothing or a database (ENG-2).
  Hash128 uuid;
  DRIFTDB_RETURN_IF_ERROR(platform::SystemRandom(&uuid, sizeof(uuid)));
  uuid.low |= 1;  // never zero
  { DRIFTDB_ASSIGN_OR_RETURN(const auto file, storage::MainFile::Create(vfs, unfinished, uuid)); }
  DRIFTDB_RETURN_IF_ERROR(vfs->SyncDirectory(options_.directory));
  // The log before the main file's name: where there is a main file, a missing log is a damage.
  uuid_ = uuid;
  DRIFTDB_RETURN_IF_ERROR(StartLog(wal::LogEnd()));
  DRIFTDB_RETURN_IF_ERROR(vfs->Rename(unfinished, path));
  DRIFTDB_RETURN_IF_ERROR(vfs->SyncDirectory(options_.directory));
  return OkStatus();
}

Status Engine::LoadRoot() {
  const storage::Superblock superblock = extents_->superblock();
  recovered_seq_ = superblock.checkpoint.snapshot;
  CheckpointRoot root;
  if (!superblock.checkpoint.root.empty()) {
    std::string bytes;
    DRIFTDB_RETURN_IF_ERROR(extents_->ReadPayload(superblock.checkpoint.root, &bytes));
    DRIFTDB_ASSIGN_OR_RETURN(root, CheckpointRoot::Decode(bytes));
  } else {
    root.txid_generation = 1;
  }
  txid_generation_ = root.txid_generation;
  catalog_version_.store(root.catalog_version);
  transactions_ =
      std::make_unique<storage::TransactionTable>(root.txid_generation + 1, recovered_seq_);
  memory_.set_unpinner(&segments_);
  const storage::TableEnvironment environment{transactions_.get(), &memory_, &epochs_,
                                              extents_.get(), &segments_};
  registry_ = std::make_unique<StorageRegistry>(environment, &latches_);
  if (root.next_storage_id > 1) registry_->NoteId(StorageId(root.next_storage_id - 1));
  for (const CheckpointRoot::TableSection& section : root.tables) {
    DRIFTDB_ASSIGN_OR_RETURN(storage::TableSchema schema, DecodeTableSchema(section.schema));
    DRIFTDB_ASSIGN_OR_RETURN(
        const auto table, registry_->CreateTable(section.id, std::move(schema), section.created));
    DRIFTDB_RETURN_IF_ERROR(table->LoadImage(section.directory));
  }
  for (const CheckpointRoot::IndexSection& section : root.indexes) {
    DRIFTDB_ASSIGN_OR_RETURN(IndexDefinition definition, DecodeIndexDefinition(section.definition));
    DRIFTDB_RETURN_IF_ERROR(registry_->OpenIndex(section.id, section.table, std::move(definition),
                                                 section.components, section.created));
  }
  for (const auto& [oid, counter] : root.sequences) registry_->SetSequence(oid, counter);
  std::vector<storage::ExtentRef> named;
  for (const StorageEntry& entry : registry_->Committed()) {
    if (entry.table != nullptr) {
      entry.table->ListExtents(&named);
    } else {
      for (const storage::ExtentRef& extent : entry.index->Extents()) named.push_back(extent);
    }
  }
  return extents_->KeepNamed(named);
}

Status Engine::Recover() {
  const storage::Superblock superblock = extents_->superblock();
  wal::ReaderOptions reader;
  reader.database = EngineWalUuid(uuid_);
  reader.from = {superblock.checkpoint.wal_start, superblock.checkpoint.wal_epoch,
                 superblock.checkpoint.wal_chain};
  Replayer replayer(registry_.get(), extents_.get(), recovered_seq_);
  wal::LogEnd end;
  end.position = reader.from;
  // Without a log directory the log is lost; a log just begun is empty.
  if (log_ == nullptr) {
    DRIFTDB_ASSIGN_OR_RETURN(
        end, wal::ScanLog(options_.vfs, wal_directory_, reader, [&](const wal::Frame& frame) {
          return replayer.ApplyFrame(frame.payload);
        }));
  }
  // Replay has claimed every extent that the log names; from here on extents may be allocated
  // (C18).
  extents_->FinishRecovery();
  replayed_ = end.frames > 0;
  recovered_seq_ = replayer.last_seq();
  if (replayer.catalog_version() != 0) catalog_version_.store(replayer.catalog_version());
  created_ = recovered_seq_.value == 0;
  if (recovered_seq_.value != 0) transactions_->Publish(recovered_seq_);
  if (!options_.read_only) {
    if (log_ == nullptr) DRIFTDB_RETURN_IF_ERROR(StartLog(end));
    platform::MutexLock lock(&checkpoint_mutex_);
    checkpoint_lsn_ = log_->tail_lsn();
  }
  manager_ = std::make_unique<TransactionManager>(
      ManagerEnvironment{transactions_.get(), &memory_, extents_.get(), log_.get(), options_.clock},
      recovered_seq_);
  checkpoint_slot_ = manager_->ClaimSlot();
  // Pieces of transactions that died with the last process must not be taken for those of a later
  // one with the same txid.
  std::string aborts;
  for (const TxnId txn : replayer.unfinished()) RedoWriter(&aborts).Abort(txn);
  if (!aborts.empty() && !options_.read_only) {
    DRIFTDB_RETURN_IF_ERROR(
        manager_->AppendSystem(aborts, static_cast<uint32_t>(replayer.unfinished().size())));
  }
  registry_->CollectDropped(recovered_seq_);
  return OkStatus();
}

Status Engine::StartLog(const wal::LogEnd& end) {
  wal::WriterOptions writer;
  writer.database = EngineWalUuid(uuid_);
  writer.position = end.position;
  writer.last_segment = end.last_segment;
  writer.last_commit_time = end.last_commit_time;
  if (extents_ != nullptr) {
    writer.needed_from = extents_->superblock().checkpoint.wal_start;
    writer.last_commit_time =
        std::max(writer.last_commit_time, extents_->superblock().checkpoint.commit_time);
  }
  writer.clock = options_.clock;
  writer.background = options_.background;
  DRIFTDB_ASSIGN_OR_RETURN(log_, wal::LogWriter::Open(options_.vfs, wal_directory_, writer));
  return OkStatus();
}

Engine::~Engine() {
  {
    platform::MutexLock lock(&maintenance_mutex_);
    stop_ = true;
    maintenance_wake_.NotifyAll();
  }
  maintenance_.Join();
  memory_.set_unpinner(nullptr);
}

Status Engine::Close() {
  {
    platform::MutexLock lock(&maintenance_mutex_);
    stop_ = true;
    maintenance_wake_.NotifyAll();
  }
  maintenance_.Join();
  if (closed_) return OkStatus();
  closed_ = true;
  if (options_.read_only) return OkStatus();
  Status status = manager_->CheckWritable();
  if (status.ok()) {
    manager_->Collect();
    platform::MutexLock lock(&checkpoint_mutex_);
    // Nothing to do when the log has nothing that the last checkpoint does not.
    if (replayed_ || log_->tail_lsn() != checkpoint_lsn_) status = CheckpointLocked();
  }
  Status log_closed = log_->Close();
  return status.ok() ? log_closed : status;
}

uint64_t Engine::modelled_replay_us() const {
  // Calibrated cost of replay (engine.md 1.6): 0.6 us a commit's row, 0.1 us a KiB; rows are taken
  // as 64 bytes.
  constexpr uint64_t kRowBytes = 64;
  if (log_ == nullptr) return 0;
  const uint64_t bytes = log_->counters().bytes - checkpoint_bytes_.load(std::memory_order_relaxed);
  return bytes / kRowBytes * 6 / 10 + bytes / 10240;
}

Status Engine::Maintain() {
  const CommitSeq collected = manager_->Collect();
  epochs_.Collect();
  registry_->CollectDropped(collected);
  // A full disk may refuse both; the checkpoint, which gives space back, has a reserve (C2).
  Status tidied = MergeIndexes();
  if (tidied.ok()) tidied = SealTables();
  constexpr uint64_t kReplayTriggerUs = 250'000;
  constexpr int64_t kIdleNs = 1'000'000'000;
  const int64_t now = options_.clock->MonotonicNanos();
  const uint64_t commits = manager_->commit_count();
  if (commits != last_seen_commits_) {
    last_seen_commits_ = commits;
    last_activity_ns_ = now;
  }
  const uint64_t replay_us = modelled_replay_us();
  const bool idle = commits != checkpoint_commits_.load() && now - last_activity_ns_ > kIdleNs;
  if (replay_us < kReplayTriggerUs && !idle) return tidied;
  // One that failed is tried again, but not all the time.
  if (failed_checkpoint_ns_ != 0 && now - failed_checkpoint_ns_ < kIdleNs) return tidied;
  Status checkpointed = Checkpoint();
  failed_checkpoint_ns_ = checkpointed.ok() ? 0 : now;
  return tidied.ok() ? checkpointed : tidied;
}

void Engine::RunMaintenance() {
  while (true) {
    {
      platform::MutexLock lock(&maintenance_mutex_);
      if (!stop_) maintenance_wake_.WaitFor(&maintenance_mutex_, kEngineMaintenanceUs);
      if (stop_) return;
    }
    // A failed round is tried again at the next one; what must stop writers has poisoned them
    // already, and a full disk is reported to the writer that needs the space.
    (void)Guarded([this] { return Maintain(); });
  }
}

}  // namespace driftdb::txn
