#include "txn/storage_registry.h"

#include <algorithm>

#include "base/error.h"
#include "base/guard.h"
#include "base/status_macros.h"

namespace driftdb::txn {

StorageId StorageRegistry::NextId() {
  platform::MutexLock lock(&mutex_);
  return StorageId(next_id_++);
}

void StorageRegistry::NoteId(StorageId id) {
  platform::MutexLock lock(&mutex_);
  next_id_ = std::max(next_id_, id.value + 1);
}

uint32_t StorageRegistry::next_id() {
  platform::MutexLock lock(&mutex_);
  return next_id_;
}

Result<std::shared_ptr<storage::Table>> StorageRegistry::CreateTable(StorageId id,
                                                                     storage::TableSchema schema,
                                                                     CommitSeq created) {
  NoteId(id);
  auto table = std::make_shared<storage::Table>(id, std::move(schema), environment_);
  StorageEntry entry;
  entry.id = id;
  entry.table = table;
  entry.created_seq = created;
  platform::MutexLock lock(&mutex_);
  if (!entries_.emplace(id, std::move(entry)).second) {
    return DataLossError("storage {} exists twice", id.value);
  }
  return table;
}

Result<std::shared_ptr<storage::Index>> StorageRegistry::CreateIndex(StorageId id, StorageId table,
                                                                     IndexDefinition definition,
                                                                     CommitSeq created) {
  NoteId(id);
  DRIFTDB_ASSIGN_OR_RETURN(std::shared_ptr<storage::Index> index,
                           storage::Index::Create(index_context(), {id, definition.unique}));
  StorageEntry entry;
  entry.id = id;
  entry.index = index;
  entry.index_table = table;
  entry.definition = std::move(definition);
  entry.created_seq = created;
  platform::MutexLock lock(&mutex_);
  if (!entries_.emplace(id, std::move(entry)).second) {
    return DataLossError("storage {} exists twice", id.value);
  }
  return index;
}

Status StorageRegistry::OpenIndex(StorageId id, StorageId table, IndexDefinition definition,
                                  std::string_view components, CommitSeq created) {
  NoteId(id);
  DRIFTDB_ASSIGN_OR_RETURN(
      std::shared_ptr<storage::Index> index,
      storage::Index::Open(index_context(), {id, definition.unique}, components));
  StorageEntry entry;
  entry.id = id;
  entry.index = std::move(index);
  entry.index_table = table;
  entry.definition = std::move(definition);
  entry.created_seq = created;
  platform::MutexLock lock(&mutex_);
  if (!entries_.emplace(id, std::move(entry)).second) {
    return DataLossError("storage {} exists twice", id.value);
  }
  return OkStatus();
}

std::shared_ptr<storage::Table> StorageRegistry::FindTable(StorageId id) {
  platform::MutexLock lock(&mutex_);
  const auto it = entries_.find(id);
  return it == entries_.end() ? nullptr : it->second.table;
}

std::shared_ptr<storage::Index> StorageRegistry::FindIndex(StorageId id) {
  platform::MutexLock lock(&mutex_);
  const auto it = entries_.find(id);
  return it == entries_.end() ? nullptr : it->second.index;
}

std::vector<StorageEntry> StorageRegistry::Committed() {
  std::vector<StorageEntry> committed;
  platform::MutexLock lock(&mutex_);
  for (const auto& [id, entry] : entries_) {
    if (entry.created_seq.value != 0 && entry.dropped_seq.value == 0) committed.push_back(entry);
  }
  return committed;
}

std::vector<StorageEntry> StorageRegistry::IndexesOf(StorageId table) {
  std::vector<StorageEntry> indexes;
  platform::MutexLock lock(&mutex_);
  for (const auto& [id, entry] : entries_) {
    if (entry.index != nullptr && entry.index_table == table) indexes.push_back(entry);
  }
  return indexes;
}

CommitSeq StorageRegistry::CreatedSeq(StorageId id) {
  platform::MutexLock lock(&mutex_);
  const auto it = entries_.find(id);
  return it == entries_.end() ? CommitSeq(0) : it->second.created_seq;
}

void StorageRegistry::MarkCreated(StorageId id, CommitSeq seq) {
  platform::MutexLock lock(&mutex_);
  const auto it = entries_.find(id);
  if (it != entries_.end()) it->second.created_seq = seq;
}

void StorageRegistry::MarkDropped(StorageId id, CommitSeq seq) {
  platform::MutexLock lock(&mutex_);
  const auto it = entries_.find(id);
  if (it != entries_.end()) it->second.dropped_seq = seq;
}

void StorageRegistry::FreeStorage(StorageEntry* entry) {
  // Part of rollbacks and of checkpoints, which go on: out of memory the space comes back at the
  // next opening.
  (void)Guarded([entry] {
    if (entry->index != nullptr) {
      entry->index->ReleaseAll();
    } else if (entry->table != nullptr) {
      entry->table->ReleaseExtents();
    }
  });
}

void StorageRegistry::Forget(StorageId id) {
  StorageEntry entry;
  {
    platform::MutexLock lock(&mutex_);
    const auto it = entries_.find(id);
    if (it == entries_.end()) return;
    entry = std::move(it->second);
    entries_.erase(it);
  }
  FreeStorage(&entry);
}

void StorageRegistry::CollectDropped(CommitSeq collected) {
  std::vector<StorageEntry> unused;
  {
    platform::MutexLock lock(&mutex_);
    for (auto it = entries_.begin(); it != entries_.end();) {
      const StorageEntry& entry = it->second;
      const bool dropped = entry.dropped_seq.value != 0 && entry.dropped_seq <= collected;
      const long users = entry.table != nullptr ? entry.table.use_count() : entry.index.use_count();
      if (dropped && users == 1) {
        unused.push_back(std::move(it->second));
        it = entries_.erase(it);
      } else {
        ++it;
      }
    }
  }
  for (StorageEntry& entry : unused) FreeStorage(&entry);
}

SequenceCounter StorageRegistry::sequence(Oid oid) {
  platform::MutexLock lock(&mutex_);
  const auto it = sequences_.find(oid);
  return it == sequences_.end() ? SequenceCounter() : it->second;
}

void StorageRegistry::SetSequence(Oid oid, const SequenceCounter& counter) {
  platform::MutexLock lock(&mutex_);
  sequences_[oid] = counter;
}

void StorageRegistry::EraseSequence(Oid oid) {
  platform::MutexLock lock(&mutex_);
  sequences_.erase(oid);
}

std::map<Oid, SequenceCounter> StorageRegistry::sequences() {
  platform::MutexLock lock(&mutex_);
  return sequences_;
}

}  // namespace driftdb::txn
