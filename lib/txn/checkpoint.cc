#include <algorithm>
#include <unordered_set>

#include "base/check.h"
#include "base/error.h"
#include "base/guard.h"
#include "base/status_macros.h"
#include "txn/checkpoint_root.h"
#include "txn/engine.h"

// The checkpoint part of Engine (engine.md 1.6): a short latch fixes position C and commit S,
// everything else runs beside the writers.

namespace driftdb::txn {

namespace {

// Entries of transactions that were unfinished at S stay out of the image (BT-6).
class CheckpointFlushPolicy final : public storage::FlushPolicy {
 public:
  explicit CheckpointFlushPolicy(const std::vector<TxnId>& active) {
    for (const TxnId txn : active) active_.insert(txn.value);
  }
  bool IsFlushable(TxnId txn) override { return active_.count(txn.value) == 0; }

 private:
  std::unordered_set<uint64_t> active_;
};

// An anti-entry and what it shadows may go when the newest version of the row no longer carries the
// key and every snapshot sees that version (C24).
class CheckpointMergePolicy final : public storage::MergePolicy {
 public:
  CheckpointMergePolicy(storage::Table* table, const StorageEntry& entry, CommitSeq horizon)
      : table_(table), horizon_(horizon) {
    const auto schema = table->schema();
    encoder_ = entry.definition.MakeEncoder(*schema);
    for (const IndexDefinition::Column& column : entry.definition.columns) {
      ordinals_.push_back(column.ordinal);
      newest_.emplace_back(schema->columns[column.ordinal].type, 1);
    }
  }

  bool MayForget(std::string_view key, RowId rid) override {
    for (Vector& column : newest_) column.AllocateFlat(1);
    const auto state = table_->FetchNewest(rid, TxnId(0), ordinals_, newest_.data(), 0);
    if (!state.ok()) return false;
    using Kind = storage::RowState::Kind;
    if (state->kind == Kind::kAbsent) return true;
    if (state->kind == Kind::kDeleted) return state->seq <= horizon_;
    if (state->kind != Kind::kLive || state->seq > horizon_) return false;
    std::vector<Vector*> columns;
    for (Vector& column : newest_) columns.push_back(&column);
    KeyBatch batch;
    if (!encoder_.EncodeRows(columns.data(), 1, nullptr, &batch).ok()) return false;
    return batch[0] != key;
  }

 private:
  storage::Table* const table_;
  const CommitSeq horizon_;
  KeyEncoder encoder_;
  std::vector<uint32_t> ordinals_;
  std::vector<Vector> newest_;
};

}  // namespace

struct Engine::CheckpointState {
  CommitSeq seq;
  Lsn cut;
  wal::LogPosition position;     // where replay begins
  wal::LogPosition oldest_part;  // of transactions unfinished at S
  std::vector<StorageEntry> storages;
  std::vector<TxnId> active;
  std::map<Oid, SequenceCounter> sequences;
  uint64_t catalog_version = 0;
  uint64_t log_bytes = 0;  // written and
  uint64_t commits = 0;    // committed when it began
  CheckpointRoot root;
};

Status Engine::Checkpoint() {
  if (options_.read_only) {
    return Error(sqlstate::kReadOnlyTransaction, "cannot checkpoint: database is open read-only");
  }
  DRIFTDB_RETURN_IF_ERROR(manager_->CheckWritable());
  platform::MutexLock lock(&checkpoint_mutex_);
  return CheckpointLocked();
}

Status Engine::CheckpointLocked() {
  // What is given back now is free when this checkpoint is done, not only after the next one.
  registry_->CollectDropped(manager_->Collect());
  CheckpointState state;
  DRIFTDB_RETURN_IF_ERROR(BeginCheckpoint(&state));
  // Also out of memory it must be given up in order.
  Status status = Guarded([&] {
    DRIFTDB_RETURN_IF_ERROR(WriteImages(&state));
    return PublishCheckpoint(&state);
  });
  if (!status.ok()) extents_->AbandonCheckpoint();
  for (const StorageEntry& entry : state.storages) {
    if (entry.table != nullptr) entry.table->CheckpointDone(status.ok());
  }
  checkpoint_slot_->Unpin();
  if (!status.ok()) {
    if (!extents_->poison().ok()) manager_->Poison(extents_->poison());
    return status;
  }
  checkpoints_.fetch_add(1, std::memory_order_relaxed);
  // Not before: what a failed one has not covered is still to be covered.
  checkpoint_bytes_.store(state.log_bytes);
  checkpoint_commits_.store(state.commits);
  checkpoint_lsn_ = state.cut;
  replayed_ = false;
  registry_->CollectDropped(manager_->Collect());
  return log_->RecycleBefore(state.position.lsn);
}

Status Engine::BeginCheckpoint(CheckpointState* state) {
  bool begun = false;
  Status status = Guarded([&]() -> Status {
    while (!begun) {
      // Rotating an index under the latch must not allocate: prepare all that exist now.
      std::unordered_set<uint32_t> prepared;
      for (const StorageEntry& entry : registry_->Committed()) {
        if (entry.index == nullptr) continue;
        DRIFTDB_RETURN_IF_ERROR(entry.index->PrepareRotate());
        prepared.insert(entry.id.value);
      }
      manager_->WithCommitLatch(
          [&](CommitSeq last) { begun = FixCheckpoint(last, prepared, state); });
    }
    DRIFTDB_ASSIGN_OR_RETURN(state->position, log_->WaitPosition(state->cut));
    return manager_->WaitPublished(state->seq);
  });
  if (!status.ok()) {
    extents_->AbandonCheckpoint();
    checkpoint_slot_->Unpin();
  }
  return status;
}

// Under the commit latch. False: an index is not prepared.
bool Engine::FixCheckpoint(CommitSeq last, const std::unordered_set<uint32_t>& prepared,
                           CheckpointState* state) {
  state->storages = registry_->Committed();
  for (const StorageEntry& entry : state->storages) {
    if (entry.index != nullptr && prepared.count(entry.id.value) == 0) return false;
  }
  state->seq = last;
  checkpoint_slot_->PinAt(last);
  state->cut = log_->Cut();
  extents_->BeginCheckpoint();
  for (const StorageEntry& entry : state->storages) {
    if (entry.index != nullptr) entry.index->Rotate();
  }
  // After the rotation: whoever put into a rotated delta is on this list or has committed.
  state->active = manager_->ActiveWriters();
  // Now, not later: a transaction that commits during the checkpoint has its pieces before C.
  state->oldest_part = manager_->OldestPart({Lsn(~uint64_t{0}), 0, {}});
  state->sequences = registry_->sequences();
  state->catalog_version = catalog_version_.load();
  state->log_bytes = log_->counters().bytes;
  state->commits = manager_->commit_count();
  return true;
}

Status Engine::WriteImages(CheckpointState* state) {
  CheckpointRoot& root = state->root;
  root.txid_generation = txid_generation_;
  root.catalog_version = state->catalog_version;
  root.next_storage_id = registry_->next_id();
  root.sequences = state->sequences;
  std::vector<storage::ExtentRef> named;
  for (const StorageEntry& entry : state->storages) {
    if (entry.table == nullptr) continue;
    CheckpointRoot::TableSection section;
    section.id = entry.id;
    section.created = entry.created_seq;
    section.schema = EncodeTableSchema(*entry.table->schema());
    DRIFTDB_RETURN_IF_ERROR(entry.table->WriteImage(state->seq, &section.directory));
    entry.table->ListExtents(&named);
    root.tables.push_back(std::move(section));
  }
  CheckpointFlushPolicy policy(state->active);
  for (const StorageEntry& entry : state->storages) {
    if (entry.index == nullptr) continue;
    CheckpointRoot::IndexSection section;
    section.id = entry.id;
    section.table = entry.index_table;
    section.created = entry.created_seq;
    section.definition = EncodeIndexDefinition(entry.definition);
    DRIFTDB_RETURN_IF_ERROR(entry.index->Flush(&policy));
    entry.index->Serialize(&section.components);
    for (const storage::ExtentRef& extent : entry.index->Extents()) named.push_back(extent);
    root.indexes.push_back(std::move(section));
  }
  for (const storage::ExtentRef& extent : named) extents_->MarkReferenced(extent);
  return OkStatus();
}

Status Engine::PublishCheckpoint(CheckpointState* state) {
  storage::CheckpointRecord record;
  if (state->oldest_part.lsn < state->position.lsn) {
    state->position = state->oldest_part;
    // A transaction notes its position before it sends the first piece. A checkpoint in between
    // does not know it and gives up the log up to its own position, behind which the pieces then
    // lie.
    const storage::CheckpointRecord last = extents_->superblock().checkpoint;
    if (state->position.lsn < last.wal_start) {
      state->position = {last.wal_start, last.wal_epoch, last.wal_chain};
    }
  }
  DRIFTDB_ASSIGN_OR_RETURN(record.root,
                           extents_->Write(state->root.Encode(), storage::kDataBlockBytes));
  record.wal_start = state->position.lsn;
  record.wal_chain = state->position.chain;
  record.wal_epoch = state->position.epoch;
  record.snapshot = state->seq;
  record.commit_time = options_.clock->WallMicros();
  return extents_->CommitCheckpoint(record);
}

Status Engine::MergeIndexes() {
  constexpr uint64_t kMergeStepBytes = 8 << 20;
  for (const StorageEntry& entry : registry_->Committed()) {
    if (entry.index == nullptr || !entry.index->NeedsMerge()) continue;
    const auto table = registry_->FindTable(entry.index_table);
    if (table == nullptr) continue;
    // Not beside a checkpoint: what Serialize names must still be in use when it is marked.
    platform::MutexLock lock(&checkpoint_mutex_);
    CheckpointMergePolicy policy(table.get(), entry, manager_->Horizon());
    const auto more = entry.index->MergeStep(kMergeStepBytes, &policy);
    if (!more.ok()) return more.status();
  }
  return OkStatus();
}

Status Engine::SealTables() {
  const CommitSeq horizon = manager_->Horizon();
  for (const StorageEntry& entry : registry_->Committed()) {
    if (entry.table == nullptr) continue;
    const auto sealed = entry.table->SealQuietGroups(horizon);
    if (!sealed.ok()) return sealed.status();
  }
  return OkStatus();
}

}  // namespace driftdb::txn
