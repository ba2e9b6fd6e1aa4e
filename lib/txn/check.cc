#include "txn/check.h"

#include <fmt/core.h>

#include "base/status_macros.h"
#include "storage/btree/index.h"
#include "storage/btree/index_cursor.h"
#include "storage/table/table_scan.h"

namespace driftdb::txn {

namespace {

constexpr size_t kCheckProblemsMax = 100;

// One index against its table, both ways, as of one snapshot.
class CheckIndex {
 public:
  CheckIndex(const StorageEntry& entry, storage::Table* table, const Snapshot& snapshot,
             std::vector<std::string>* problems)
      : entry_(entry), table_(table), snapshot_(snapshot), problems_(problems) {
    const auto schema = table->schema();
    encoder_ = entry.definition.MakeEncoder(*schema);
    for (const IndexDefinition::Column& column : entry.definition.columns) {
      ordinals_.push_back(column.ordinal);
      types_.push_back(schema->columns[column.ordinal].type);
    }
  }

  Status Run() {
    DRIFTDB_RETURN_IF_ERROR(entry_.index->Check());
    DRIFTDB_RETURN_IF_ERROR(RowsHaveEntries());
    return EntriesHaveRows();
  }

 private:
  void Problem(std::string text) {
    if (problems_->size() < kCheckProblemsMax) problems_->push_back(std::move(text));
  }

  Status RowsHaveEntries() {
    storage::ScanOptions options;
    options.snapshot = snapshot_;
    options.columns = ordinals_;
    options.row_ids = true;
    storage::TableScan scan(table_, std::move(options));
    storage::ScanCursor cursor(&scan);
    Chunk chunk;
    KeyBatch keys;
    while (true) {
      DRIFTDB_ASSIGN_OR_RETURN(const bool more, cursor.Next(&chunk));
      if (!more) return OkStatus();
      std::vector<Vector*> columns;
      for (size_t c = 0; c < ordinals_.size(); ++c) columns.push_back(&chunk.column(c));
      DRIFTDB_RETURN_IF_ERROR(encoder_.EncodeRows(columns.data(), chunk.row_count(),
                                                  chunk.selection(), &keys));
      for (size_t i = 0; i < chunk.size(); ++i) {
        const Value id = chunk.column(ordinals_.size()).GetValue(chunk.row(i));
        const RowId rid(static_cast<uint64_t>(id.int64()));
        storage::RowIdBuffer found;
        DRIFTDB_RETURN_IF_ERROR(entry_.index->Lookup(keys[i], &found));
        bool present = false;
        for (const storage::RowIdBuffer::Item& item : found) present |= item.rid == rid;
        if (!present) {
          Problem(fmt::format("index storage {}: row {} of table storage {} has no entry",
                              entry_.id.value, rid.value, entry_.index_table.value));
        }
        ++rows_;
      }
    }
  }

  Status EntriesHaveRows() {
    DRIFTDB_ASSIGN_OR_RETURN(const auto cursor, entry_.index->Scan(storage::KeyRange(), false));
    uint64_t matched = 0;
    std::string last_key;
    bool has_last = false;
    while (cursor->Valid()) {
      std::vector<Vector> values;
      for (const LogicalType& type : types_) values.emplace_back(type, 1);
      DRIFTDB_ASSIGN_OR_RETURN(const bool visible, table_->Fetch(cursor->rid(), snapshot_, ordinals_,
                                                                 values.data(), 0));
      if (visible) {
        std::vector<Vector*> columns;
        for (Vector& value : values) columns.push_back(&value);
        KeyBatch key;
        DRIFTDB_RETURN_IF_ERROR(encoder_.EncodeRows(columns.data(), 1, nullptr, &key));
        if (key[0] == cursor->key()) {
          ++matched;
          if (entry_.definition.unique && has_last && last_key == cursor->key()) {
            DRIFTDB_ASSIGN_OR_RETURN(const bool has_null, encoder_.HasNull(last_key));
            if (!has_null) {
              Problem(fmt::format("unique index storage {}: row {} repeats a key", entry_.id.value,
                                  cursor->rid().value));
            }
          }
          last_key = cursor->key();
          has_last = true;
        }
      }
      DRIFTDB_RETURN_IF_ERROR(cursor->Next());
    }
    if (matched != rows_) {
      Problem(fmt::format("index storage {}: {} entries match the {} rows of table storage {}",
                          entry_.id.value, matched, rows_, entry_.index_table.value));
    }
    return OkStatus();
  }

  const StorageEntry& entry_;
  storage::Table* const table_;
  const Snapshot snapshot_;
  std::vector<std::string>* const problems_;
  KeyEncoder encoder_;
  std::vector<uint32_t> ordinals_;
  std::vector<LogicalType> types_;
  uint64_t rows_ = 0;
};

}  // namespace

Status CheckStorage(Engine* engine, std::vector<std::string>* problems) {
  SnapshotSlot* const slot = engine->manager()->ClaimSlot();
  Snapshot snapshot;
  snapshot.seq = slot->Pin(*engine->manager()->environment().transactions);
  Status outcome;
  for (const StorageEntry& entry : engine->registry()->Committed()) {
    Status status;
    if (entry.table != nullptr) {
      storage::ScanOptions options;
      options.snapshot = snapshot;
      for (uint32_t c = 0; c < entry.table->schema()->columns.size(); ++c) {
        options.columns.push_back(c);
      }
      storage::TableScan scan(entry.table.get(), std::move(options));
      storage::ScanCursor cursor(&scan);
      Chunk chunk;
      while (status.ok()) {
        const auto more = cursor.Next(&chunk);
        if (!more.ok()) status = more.status();
        if (!status.ok() || !*more) break;
      }
    } else {
      const auto table = engine->registry()->FindTable(entry.index_table);
      if (table == nullptr) {
        problems->push_back(fmt::format("index storage {} has no table", entry.id.value));
        continue;
      }
      status = CheckIndex(entry, table.get(), snapshot, problems).Run();
    }
    if (!status.ok()) {
      problems->push_back(fmt::format("storage {}: {}", entry.id.value, status.ToString()));
    }
  }
  engine->manager()->snapshots()->Release(slot);
  return outcome;
}

}  // namespace driftdb::txn
