#include "txn/check.h"

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "base/status_macros.h"
#include "storage/btree/index_cursor.h"
#include "storage/table/table_scan.h"
#include "txn/engine.h"

namespace driftdb::txn {

namespace {

// One index and the table it belongs to.
class IndexCheck {
 public:
  IndexCheck(storage::Table* table, const StorageEntry& entry, const Snapshot& snapshot,
             std::vector<std::string>* problems)
      : table_(table),
        entry_(entry),
        index_(entry.index.get()),
        snapshot_(snapshot),
        problems_(problems),
        encoder_(entry.definition.MakeEncoder(*table->schema())) {
    for (const IndexDefinition::Column& column : entry.definition.columns) {
      ordinals_.push_back(column.ordinal);
      newest_.emplace_back(table->schema()->columns[column.ordinal].type, 1);
    }
  }

  // Rows -> entries.
  Status CheckRows(Chunk* chunk) {
    std::vector<Vector*> columns;
    for (size_t c = 0; c < ordinals_.size(); ++c) columns.push_back(&chunk->column(ordinals_[c]));
    DRIFTDB_RETURN_IF_ERROR(
        encoder_.EncodeRows(columns.data(), chunk->row_count(), chunk->selection(), &keys_));
    const Vector& rids = chunk->columns().back();
    for (size_t i = 0; i < chunk->size(); ++i) {
      const RowId rid(static_cast<uint64_t>(rids.GetValue(chunk->row(i)).int64()));
      DRIFTDB_ASSIGN_OR_RETURN(const bool found, HasEntry(keys_[i], rid));
      // A row that has changed since the snapshot may have left the key.
      if (found) continue;
      DRIFTDB_ASSIGN_OR_RETURN(const bool still, NewestHasKey(keys_[i], rid));
      if (!still) continue;
      Report("row {} has no entry in index storage {}", rid);
    }
    return OkStatus();
  }

  // Entries -> rows.
  Status CheckEntries() {
    Status pages = index_->Check();
    if (!pages.ok()) {
      problems_->push_back(fmt::format("index storage {}: {}", entry_.id.value, pages.message()));
      return OkStatus();
    }
    DRIFTDB_ASSIGN_OR_RETURN(const auto cursor, index_->Scan({}, false));
    std::string previous_key;
    bool has_previous = false;
    while (cursor->Valid() && problems_->size() < kCheckProblemsMax) {
      if (!cursor->anti()) {
        const std::string key(cursor->key());
        const RowId rid = cursor->rid();
        DRIFTDB_ASSIGN_OR_RETURN(const Fate fate, FateOf(key, rid));
        if (fate == Fate::kStray) {
          // Written since the cursor was opened, perhaps: the index of now decides.
          DRIFTDB_ASSIGN_OR_RETURN(const bool now, HasEntry(key, rid));
          DRIFTDB_ASSIGN_OR_RETURN(const Fate again, FateOf(key, rid));
          if (now && again == Fate::kStray) {
            Report("an entry of row {} in index storage {} has no such row", rid);
          }
        }
        if (fate == Fate::kLive && entry_.definition.unique) {
          DRIFTDB_ASSIGN_OR_RETURN(const bool has_null, encoder_.HasNull(key));
          if (has_previous && key == previous_key && !has_null) {
            Report("row {} is the second one with its key in unique index storage {}", rid);
          }
          previous_key = key;
          has_previous = true;
        }
      }
      DRIFTDB_RETURN_IF_ERROR(cursor->Next());
    }
    return OkStatus();
  }

 private:
  enum class Fate : uint8_t { kLive, kUnsettled, kStray };

  Result<bool> HasEntry(std::string_view key, RowId rid) {
    storage::RowIdBuffer found;
    DRIFTDB_RETURN_IF_ERROR(index_->Lookup(key, &found));
    return std::any_of(found.begin(), found.end(),
                       [&](const auto& item) { return item.rid == rid && !item.anti; });
  }

  Result<Fate> FateOf(std::string_view key, RowId rid) {
    for (Vector& column : newest_) column.AllocateFlat(1);
    DRIFTDB_ASSIGN_OR_RETURN(const storage::RowState state,
                             table_->FetchNewest(rid, TxnId(0), ordinals_, newest_.data(), 0));
    if (state.kind == storage::RowState::Kind::kInFlight) return Fate::kUnsettled;
    if (state.kind != storage::RowState::Kind::kLive) return Fate::kStray;
    std::vector<Vector*> columns;
    for (Vector& column : newest_) columns.push_back(&column);
    KeyBatch batch;
    DRIFTDB_RETURN_IF_ERROR(encoder_.EncodeRows(columns.data(), 1, nullptr, &batch));
    return batch[0] == key ? Fate::kLive : Fate::kStray;
  }

  Result<bool> NewestHasKey(std::string_view key, RowId rid) {
    DRIFTDB_ASSIGN_OR_RETURN(const Fate fate, FateOf(key, rid));
    if (fate != Fate::kLive) return false;
    DRIFTDB_ASSIGN_OR_RETURN(const bool found, HasEntry(key, rid));
    return !found;
  }

  void Report(std::string_view format, RowId rid) {
    if (problems_->size() >= kCheckProblemsMax) return;
    problems_->push_back(fmt::format("table storage {}: ", table_->id().value) +
                         fmt::format(fmt::runtime(format), rid.value, entry_.id.value));
  }

  storage::Table* const table_;
  const StorageEntry& entry_;
  storage::Index* const index_;
  const Snapshot snapshot_;
  std::vector<std::string>* const problems_;
  KeyEncoder encoder_;
  std::vector<uint32_t> ordinals_;
  std::vector<Vector> newest_;
  KeyBatch keys_;
};

Status CheckTable(const StorageEntry& entry, const std::vector<StorageEntry>& all,
                  const Snapshot& snapshot, std::vector<std::string>* problems) {
  storage::Table* const table = entry.table.get();
  std::vector<std::unique_ptr<IndexCheck>> indexes;
  for (const StorageEntry& other : all) {
    if (other.index == nullptr || other.index_table != entry.id) continue;
    indexes.push_back(std::make_unique<IndexCheck>(table, other, snapshot, problems));
  }
  storage::ScanOptions options;
  options.snapshot = snapshot;
  for (uint32_t c = 0; c < table->schema()->columns.size(); ++c) options.columns.push_back(c);
  options.row_ids = true;
  storage::TableScan scan(table, options);
  storage::ScanCursor cursor(&scan);
  while (problems->size() < kCheckProblemsMax) {
    Chunk chunk;
    DRIFTDB_ASSIGN_OR_RETURN(const bool more, cursor.Next(&chunk));
    if (!more) break;
    for (const auto& index : indexes) DRIFTDB_RETURN_IF_ERROR(index->CheckRows(&chunk));
  }
  for (const auto& index : indexes) DRIFTDB_RETURN_IF_ERROR(index->CheckEntries());
  return OkStatus();
}

}  // namespace

Status CheckStorage(Engine* engine, std::vector<std::string>* problems) {
  TransactionManager* const manager = engine->manager();
  SnapshotSlot* const slot = manager->ClaimSlot();
  Snapshot snapshot;
  snapshot.seq = slot->Pin(*manager->environment().transactions);
  const std::vector<StorageEntry> all = engine->registry()->Committed();
  Status status;
  for (const StorageEntry& entry : all) {
    if (entry.table == nullptr) {
      if (engine->registry()->FindTable(entry.index_table) == nullptr) {
        problems->push_back(
            fmt::format("index storage {} belongs to table storage {}, which is "
                        "missing",
                        entry.id.value, entry.index_table.value));
      }
      continue;
    }
    status = CheckTable(entry, all, snapshot, problems);
    if (status.sqlstate() == sqlstate::kDataCorrupted) {
      problems->push_back(fmt::format("table storage {}: {}", entry.id.value, status.message()));
      status = OkStatus();
    }
    if (!status.ok() || problems->size() >= kCheckProblemsMax) break;
  }
  manager->snapshots()->Release(slot);
  return status;
}

}  // namespace driftdb::txn
