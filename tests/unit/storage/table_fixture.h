// What tests of tables share: an environment in memory, a transaction as the commit pipeline runs
// it, rows.
#ifndef DRIFTDB_TESTS_UNIT_STORAGE_TABLE_FIXTURE_H_
#define DRIFTDB_TESTS_UNIT_STORAGE_TABLE_FIXTURE_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/memory.h"
#include "platform/mutex.h"
#include "storage/mvcc/epoch.h"
#include "storage/mvcc/transaction_table.h"
#include "storage/mvcc/undo.h"
#include "storage/page/extent_store.h"
#include "storage/table/table.h"
#include "storage/table/table_scan.h"

namespace driftdb::storage {

class TableTestExtents final : public ExtentStore {
 public:
  Result<ExtentRef> Write(std::string_view payload, uint32_t block_bytes) override {
    platform::MutexLock lock(&mutex_);
    if (fail_writes) return Error(sqlstate::kDiskFull, "test disk is full");
    ExtentRef extent;
    extent.granule = next_++;
    extent.payload_bytes = payload.size();
    extent.block_bytes = block_bytes;
    extents_[extent.granule] = std::make_shared<const std::string>(payload);
    return extent;
  }
  Result<PinnedBytes> Pin(const ExtentRef& extent) override {
    platform::MutexLock lock(&mutex_);
    const auto it = extents_.find(extent.granule);
    if (it == extents_.end()) return DataLossError("extent {} does not exist", extent.granule);
    return PinnedBytes(it->second->data(), it->second->size(), it->second);
  }
  Result<PinnedBytes> PinBlock(const ExtentRef& extent, uint32_t block) override {
    return InternalError("not used");
  }
  void Release(const ExtentRef& extent, bool) override {
    platform::MutexLock lock(&mutex_);
    if (extents_.erase(extent.granule) != 1) ++bad_releases;
  }
  Status Sync() override { return OkStatus(); }
  size_t count() {
    platform::MutexLock lock(&mutex_);
    return extents_.size();
  }
  bool fail_writes = false;
  int bad_releases = 0;

 private:
  platform::Mutex mutex_;
  uint64_t next_ = 1;
  std::map<uint64_t, std::shared_ptr<const std::string>> extents_;
};

struct TableTestDatabase {
  explicit TableTestDatabase(size_t memory_limit = size_t{1} << 32) : memory(memory_limit) {}
  MemoryAccountant memory;
  TransactionTable transactions;
  TableTestExtents extents;
  EpochManager epochs;
  uint64_t last_seq = 0;

  TableEnvironment environment() {
    TableEnvironment environment;
    environment.transactions = &transactions;
    environment.memory = &memory;
    environment.epochs = &epochs;
    environment.extents = &extents;
    return environment;
  }
  Snapshot Now() { return Snapshot{transactions.published(), TxnId(0), 0}; }
};

// (key bigint, name text, number int)
inline TableSchema TableTestSchema() {
  TableSchema schema;
  schema.columns.push_back({ColumnId(1), TypeId::kInt64, Value::Null(TypeId::kInt64)});
  schema.columns.push_back({ColumnId(2), TypeId::kText, Value::Null(TypeId::kText)});
  schema.columns.push_back({ColumnId(3), TypeId::kInt32, Value::Null(TypeId::kInt32)});
  return schema;
}

struct TableTestRow {
  int64_t key = 0;
  std::optional<std::string> name;
  std::optional<int32_t> number;
  friend bool operator==(const TableTestRow&, const TableTestRow&) = default;
};

inline std::string ToText(const TableTestRow& row) {
  return std::to_string(row.key) + "/" + row.name.value_or("NULL") + "/" +
         (row.number.has_value() ? std::to_string(*row.number) : "NULL");
}

// Physical pointers of a row's values.
struct TableTestPointers {
  explicit TableTestPointers(const TableTestRow& row)
      : key(row.key), number(row.number.value_or(0)) {
    if (row.name.has_value()) name = StringRef(*row.name);
    pointers = {&key, row.name.has_value() ? &name : nullptr,
                row.number.has_value() ? static_cast<const void*>(&number) : nullptr};
  }
  int64_t key;
  StringRef name;
  int32_t number;
  std::vector<const void*> pointers;
};

inline TableTestRow RowOf(const std::vector<Vector>& columns, size_t i) {
  TableTestRow row;
  row.key = columns[0].GetValue(i).int64();
  if (!columns[1].IsNull(i)) row.name = columns[1].GetValue(i).string();
  if (!columns[2].IsNull(i)) row.number = static_cast<int32_t>(columns[2].GetValue(i).int64());
  return row;
}

inline Chunk ChunkOf(const std::vector<TableTestRow>& rows) {
  Chunk chunk({TypeId::kInt64, TypeId::kText, TypeId::kInt32});
  for (size_t i = 0; i < rows.size(); ++i) {
    chunk.column(0).SetValue(i, Value::Int64(rows[i].key));
    chunk.column(1).SetValue(
        i, rows[i].name.has_value() ? Value::Text(*rows[i].name) : Value::Null(TypeId::kText));
    chunk.column(2).SetValue(i, rows[i].number.has_value() ? Value::Int32(*rows[i].number)
                                                           : Value::Null(TypeId::kInt32));
  }
  chunk.set_row_count(rows.size());
  return chunk;
}

// A transaction as the commit pipeline runs it.
struct TableTestTransaction {
  explicit TableTestTransaction(TableTestDatabase* database)
      : db(database), undo(std::make_unique<UndoLog>(&database->memory)) {
    txn = *db->transactions.Begin();
    undo->Begin(txn);
    context.undo = undo.get();
    context.snapshot = Snapshot{db->transactions.published(), txn, 1};
  }
  void NextStatement() { ++context.snapshot.statement; }
  CommitSeq Commit(bool publish = true) {
    const CommitSeq seq(++db->last_seq);
    db->transactions.Commit(txn, seq);
    committed = seq;
    if (publish) db->transactions.Publish(seq);
    return seq;
  }
  void Stamp() {
    undo->Stamp(committed);
    db->transactions.Release(txn);
  }
  std::vector<DeadRow> Collect() {
    std::vector<DeadRow> dead;
    undo->Release(&dead);
    undo->Reset();
    return dead;
  }
  void Abort() {
    undo->RollbackTo({});
    undo->Reset();
    db->transactions.Abort(txn);
    db->transactions.Release(txn);
  }
  // Commit, stamp and collect at once: nobody else is active.
  void Finish() {
    Commit();
    Stamp();
    Collect();
  }

  TableTestDatabase* db;
  TxnId txn;
  std::unique_ptr<UndoLog> undo;
  WriteContext context;
  CommitSeq committed;
};

inline std::optional<TableTestRow> FetchRow(Table* table, RowId rid, const Snapshot& snapshot) {
  std::vector<Vector> out;
  for (const TableColumn& column : TableTestSchema().columns) out.emplace_back(column.type, 1);
  const uint32_t ordinals[] = {0, 1, 2};
  const Result<bool> found = table->Fetch(rid, snapshot, ordinals, out.data(), 0);
  if (!found.ok() || !*found) return std::nullopt;
  return RowOf(out, 0);
}

// All rows a scan yields, by rid.
inline Result<std::map<uint64_t, TableTestRow>> ScanRows(
    Table* table, const Snapshot& snapshot, std::vector<ScanPredicate> predicates = {}) {
  ScanOptions options;
  options.snapshot = snapshot;
  options.columns = {0, 1, 2};
  options.row_ids = true;
  options.predicates = std::move(predicates);
  TableScan scan(table, options);
  ScanCursor cursor(&scan);
  std::map<uint64_t, TableTestRow> rows;
  Chunk chunk;
  for (;;) {
    Result<bool> more = cursor.Next(&chunk);
    if (!more.ok()) return more.status();
    if (!*more) return rows;
    for (size_t i = 0; i < chunk.size(); ++i) {
      const size_t row = chunk.row(i);
      const auto rid = static_cast<uint64_t>(chunk.column(3).GetValue(row).int64());
      if (!rows.emplace(rid, RowOf(chunk.columns(), row)).second) {
        return InternalError("row {} twice", rid);
      }
    }
  }
}

}  // namespace driftdb::storage

#endif  // DRIFTDB_TESTS_UNIT_STORAGE_TABLE_FIXTURE_H_
