// What tests of transactions share: an engine with its catalog over any Vfs, and sessions that do
// with the table
//   (k bigint primary key, v bigint, u bigint unique, s text), index on v
// what the executor does with any table: find rows by an index, check what they see, write them
// with a TableWriter, and undo failed statements. Errors come back as Status; oracles are the
// tests'.
#ifndef DRIFTDB_TESTS_UNIT_TXN_TXN_BED_H_
#define DRIFTDB_TESTS_UNIT_TXN_TXN_BED_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/status_macros.h"
#include "catalog/catalog.h"
#include "catalog/catalog_editor.h"
#include "catalog/sequence_state.h"
#include "platform/vfs.h"
#include "storage/btree/index_cursor.h"
#include "storage/table/table_scan.h"
#include "txn/check.h"
#include "txn/engine.h"
#include "txn/table_writer.h"

namespace driftdb::txn {

struct BedRow {
  int64_t k = 0;
  std::optional<int64_t> v;
  std::optional<int64_t> u;
  std::optional<std::string> s;
  friend bool operator==(const BedRow&, const BedRow&) = default;
};
using BedRows = std::map<int64_t, BedRow>;

inline Value BedInt(const std::optional<int64_t>& v) {
  return v.has_value() ? Value::Int64(*v) : Value::Null(TypeId::kInt64);
}

class TxnBed {
 public:
  explicit TxnBed(platform::Vfs* vfs) {
    options.vfs = vfs;
    options.clock = platform::SystemClock();
    options.directory = "/db";
    options.background = false;
    options.memory_limit_bytes = size_t{256} << 20;
  }
  Status Open() {
    DRIFTDB_ASSIGN_OR_RETURN(engine, Engine::Open(options));
    catalog = std::make_unique<catalog::Catalog>(engine.get());
    return catalog->Open();
  }
  Status Close() {
    catalog.reset();
    Status status = engine->Close();
    engine.reset();
    return status;
  }
  // As if the process had died.
  void Drop() {
    catalog.reset();
    engine.reset();
  }
  std::shared_ptr<const catalog::TableEntry> Find(catalog::CatalogSnapshot const& snapshot,
                                                  const std::string& name) const {
    const catalog::RelationEntry relation = snapshot.FindRelation(catalog::kPublicSchema, name);
    const auto* table = std::get_if<std::shared_ptr<const catalog::TableEntry>>(&relation);
    return table == nullptr ? nullptr : *table;
  }

  EngineOptions options;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<catalog::Catalog> catalog;
};

// One connection.
class BedSession {
 public:
  explicit BedSession(TxnBed* bed) : bed_(bed), txn(bed->engine->manager()) {}

  void Begin(Isolation isolation = Isolation::kReadCommitted) { txn.Begin(isolation, false); }
  Status Commit() { return txn.Commit(); }
  void Abort() { txn.Abort(); }

  // Runs one statement with everything the executor does around it.
  Status Run(const std::function<Status(const Snapshot&)>& body) {
    const Transaction::Mark mark = txn.TakeMark();
    const Snapshot snapshot = txn.BeginStatement();
    Status status = body(snapshot);
    txn.EndStatement(snapshot);
    if (status.ok()) {
      txn.ReleaseMark(mark);
    } else {
      (void)txn.RollbackTo(mark);
    }
    if (txn.in_block()) return status;
    if (status.ok()) return txn.Commit();
    txn.Abort();
    return status;
  }

  std::shared_ptr<const catalog::TableEntry> Table(const Snapshot& snapshot,
                                                   const std::string& name) {
    return bed_->Find(*bed_->catalog->For(&txn, snapshot), name);
  }
  Result<std::shared_ptr<const catalog::TableEntry>> Locked(const Snapshot& snapshot,
                                                            const std::string& name,
                                                            LockMode mode) {
    auto table = Table(snapshot, name);
    if (table == nullptr) return Error(sqlstate::kUndefinedTable, "no table {}", name);
    DRIFTDB_RETURN_IF_ERROR(txn.LockTable(table->lock, mode));
    return table;
  }

  // ---- definitions ----
  Status CreateTable(const std::string& name, bool with_indexes = true) {
    return Run([&](const Snapshot& snapshot) -> Status {
      DRIFTDB_ASSIGN_OR_RETURN(catalog::CatalogEditor * editor,
                               bed_->catalog->Edit(&txn, snapshot));
      catalog::TableEntry table;
      table.schema = catalog::kPublicSchema;
      table.schema_name = "public";
      table.name = name;
      table.security.owner = catalog::kBootstrapRole;
      for (const auto& [column, type] :
           {std::pair("k", TypeId::kInt64), std::pair("v", TypeId::kInt64),
            std::pair("u", TypeId::kInt64), std::pair("s", TypeId::kText)}) {
        catalog::ColumnEntry entry;
        entry.name = column;
        entry.type = type;
        table.columns.push_back(std::move(entry));
      }
      std::vector<catalog::IndexEntry> indexes;
      if (with_indexes) {
        indexes.push_back(IndexOf(name + "_pkey", 0, true, true));
        indexes.push_back(IndexOf(name + "_v", 1, false, false));
        indexes.push_back(IndexOf(name + "_u", 2, true, false));
      }
      return editor->CreateTable(std::move(table), std::move(indexes)).status();
    });
  }
  static catalog::IndexEntry IndexOf(const std::string& name, uint32_t column, bool unique,
                                     bool primary) {
    catalog::IndexEntry index;
    index.name = name;
    index.unique = unique;
    index.primary = primary;
    index.columns.push_back({column, false, false});
    return index;
  }
  Status DropTable(const std::string& name) {
    return Alter(name, [](catalog::CatalogEditor* editor, const catalog::TableEntry& table) {
      return editor->DropRelation(table.oid);
    });
  }
  Status Truncate(const std::string& name) {
    return Alter(name, [](catalog::CatalogEditor* editor, const catalog::TableEntry& table) {
      return editor->TruncateTable(table.oid);
    });
  }
  Status AddColumn(const std::string& name, const std::string& column) {
    return Alter(name, [&](catalog::CatalogEditor* editor, const catalog::TableEntry& table) {
      catalog::TableEntry changed = table;
      catalog::ColumnEntry entry;
      entry.name = column;
      entry.type = TypeId::kInt64;
      DRIFTDB_RETURN_IF_ERROR(editor->AddStoredColumn(&changed, Value::Null(entry.type), &entry));
      changed.columns.push_back(std::move(entry));
      return editor->AlterTable(std::move(changed));
    });
  }
  Status Alter(
      const std::string& name,
      const std::function<Status(catalog::CatalogEditor*, const catalog::TableEntry&)>& change) {
    return Run([&](const Snapshot& snapshot) -> Status {
      DRIFTDB_ASSIGN_OR_RETURN(catalog::CatalogEditor * editor,
                               bed_->catalog->Edit(&txn, snapshot));
      const auto table = bed_->Find(*editor->snapshot(), name);
      if (table == nullptr) return Error(sqlstate::kUndefinedTable, "no table {}", name);
      DRIFTDB_RETURN_IF_ERROR(txn.LockTable(table->lock, LockMode::kAccessExclusive));
      return change(editor, *table);
    });
  }

  // ---- rows ----
  Status Insert(const std::string& name, const std::vector<BedRow>& rows) {
    return Run([&](const Snapshot& snapshot) { return InsertRows(snapshot, name, rows); });
  }
  Status InsertRows(const Snapshot& snapshot, const std::string& name,
                    const std::vector<BedRow>& rows) {
    DRIFTDB_ASSIGN_OR_RETURN(const auto table, Locked(snapshot, name, LockMode::kRowExclusive));
    TableWriter writer(&txn, table->target.get(), snapshot, nullptr);
    for (size_t at = 0; at < rows.size(); at += kVectorRows) {
      const size_t count = std::min(rows.size() - at, kVectorRows);
      Chunk chunk = ChunkOf(*table->data, rows.data() + at, count);
      DRIFTDB_RETURN_IF_ERROR(writer.Insert(&chunk, nullptr));
    }
    return writer.Finish();
  }
  // All columns that the storage has; those beyond the fourth are NULL.
  static Chunk ChunkOf(const storage::Table& table, const BedRow* rows, size_t count) {
    std::vector<LogicalType> types;
    for (const storage::TableColumn& column : table.schema()->columns) types.push_back(column.type);
    Chunk chunk(types);
    for (size_t i = 0; i < count; ++i) {
      chunk.column(0).SetValue(i, Value::Int64(rows[i].k));
      chunk.column(1).SetValue(i, BedInt(rows[i].v));
      chunk.column(2).SetValue(i, BedInt(rows[i].u));
      chunk.column(3).SetValue(
          i, rows[i].s.has_value() ? Value::Text(*rows[i].s) : Value::Null(TypeId::kText));
      for (size_t c = 4; c < types.size(); ++c) chunk.column(c).SetValue(i, Value::Null(types[c]));
    }
    chunk.set_row_count(count);
    return chunk;
  }
  static BedRow RowOf(const Chunk& chunk, size_t row) {
    BedRow out;
    out.k = chunk.column(0).GetValue(row).int64();
    const Value v = chunk.column(1).GetValue(row), u = chunk.column(2).GetValue(row);
    const Value s = chunk.column(3).GetValue(row);
    if (!v.is_null()) out.v = v.int64();
    if (!u.is_null()) out.u = u.int64();
    if (!s.is_null()) out.s = s.string();
    return out;
  }

  // Rows with the keys as `snapshot` sees them, by the primary key's index.
  Result<std::vector<std::pair<RowId, BedRow>>> Lookup(const Snapshot& snapshot,
                                                       const catalog::TableEntry& table,
                                                       int64_t k) {
    std::vector<std::pair<RowId, BedRow>> rows;
    const IndexTarget& index = table.target->indexes[0];
    std::string key;
    const Value value = Value::Int64(k);
    DRIFTDB_RETURN_IF_ERROR(index.encoder.Encode(&value, 1, &key));
    storage::RowIdBuffer found;
    DRIFTDB_RETURN_IF_ERROR(index.index->Lookup(key, &found));
    for (const auto& item : found) {
      Chunk chunk({TypeId::kInt64, TypeId::kInt64, TypeId::kInt64, TypeId::kText});
      const uint32_t ordinals[] = {0, 1, 2, 3};
      DRIFTDB_ASSIGN_OR_RETURN(const bool visible, table.data->Fetch(item.rid, snapshot, ordinals,
                                                                     chunk.columns().data(), 0));
      if (!visible) continue;
      chunk.set_row_count(1);
      const BedRow row = RowOf(chunk, 0);
      if (row.k == k) rows.emplace_back(item.rid, row);
    }
    return rows;
  }

  using Change = std::function<void(BedRow*)>;
  // UPDATE ... WHERE k = any of `keys`: `change` computes all columns. Returns the rows changed.
  Result<size_t> Update(const std::string& name, const std::vector<int64_t>& keys,
                        const Change& change) {
    size_t changed = 0;
    Status status = Run([&](const Snapshot& snapshot) -> Status {
      DRIFTDB_ASSIGN_OR_RETURN(changed, UpdateRows(snapshot, name, keys, change));
      return OkStatus();
    });
    if (!status.ok()) return status;
    return changed;
  }
  Result<size_t> UpdateRows(const Snapshot& snapshot, const std::string& name,
                            const std::vector<int64_t>& keys, const Change& change) {
    DRIFTDB_ASSIGN_OR_RETURN(const auto table, Locked(snapshot, name, LockMode::kRowExclusive));
    std::vector<RowId> rids;
    std::vector<BedRow> old_rows, values;
    for (const int64_t k : keys) {
      DRIFTDB_ASSIGN_OR_RETURN(const auto found, Lookup(snapshot, *table, k));
      for (const auto& [rid, row] : found) {
        rids.push_back(rid);
        old_rows.push_back(row);
        values.push_back(row);
        change(&values.back());
      }
    }
    if (rids.empty()) return size_t{0};
    Handler handler(keys, change);
    TableWriter writer(&txn, table->target.get(), snapshot, &handler);
    Chunk before = ChunkOf(*table->data, old_rows.data(), old_rows.size());
    Chunk after = ChunkOf(*table->data, values.data(), values.size());
    after.columns().resize(4);
    const uint32_t ordinals[] = {0, 1, 2, 3};
    DRIFTDB_RETURN_IF_ERROR(writer.Update(rids, ordinals, &before, &after, nullptr));
    DRIFTDB_RETURN_IF_ERROR(writer.Finish());
    return static_cast<size_t>(writer.rows_changed());
  }
  Result<size_t> Delete(const std::string& name, const std::vector<int64_t>& keys) {
    size_t changed = 0;
    Status status = Run([&](const Snapshot& snapshot) -> Status {
      DRIFTDB_ASSIGN_OR_RETURN(const auto table, Locked(snapshot, name, LockMode::kRowExclusive));
      std::vector<RowId> rids;
      std::vector<BedRow> old_rows;
      for (const int64_t k : keys) {
        DRIFTDB_ASSIGN_OR_RETURN(const auto found, Lookup(snapshot, *table, k));
        for (const auto& [rid, row] : found) {
          rids.push_back(rid);
          old_rows.push_back(row);
        }
      }
      if (rids.empty()) return OkStatus();
      Handler handler(keys, [](BedRow*) {});
      TableWriter writer(&txn, table->target.get(), snapshot, &handler);
      Chunk before = ChunkOf(*table->data, old_rows.data(), old_rows.size());
      DRIFTDB_RETURN_IF_ERROR(writer.Delete(rids, &before, nullptr));
      DRIFTDB_RETURN_IF_ERROR(writer.Finish());
      changed = writer.rows_changed();
      return OkStatus();
    });
    if (!status.ok()) return status;
    return changed;
  }
  Result<BedRows> Rows(const std::string& name) {
    BedRows rows;
    Status status = Run([&](const Snapshot& snapshot) -> Status {
      DRIFTDB_ASSIGN_OR_RETURN(const auto table, Locked(snapshot, name, LockMode::kAccessShare));
      DRIFTDB_ASSIGN_OR_RETURN(rows, RowsOf(snapshot, table->data.get()));
      return OkStatus();
    });
    if (!status.ok()) return status;
    return rows;
  }
  static Result<BedRows> RowsOf(const Snapshot& snapshot, storage::Table* table) {
    BedRows rows;
    storage::ScanOptions options;
    options.snapshot = snapshot;
    options.columns = {0, 1, 2, 3};
    storage::TableScan scan(table, options);
    storage::ScanCursor cursor(&scan);
    while (true) {
      Chunk chunk;
      DRIFTDB_ASSIGN_OR_RETURN(const bool more, cursor.Next(&chunk));
      if (!more) return rows;
      for (size_t i = 0; i < chunk.size(); ++i) {
        const BedRow row = RowOf(chunk, chunk.row(i));
        if (!rows.emplace(row.k, row).second) return DataLossError("key {} is there twice", row.k);
      }
    }
  }

 private:
  // READ COMMITTED's second look: the row still has one of the keys.
  class Handler final : public ConflictHandler {
   public:
    Handler(const std::vector<int64_t>& keys, const Change& change)
        : keys_(keys), change_(change) {}
    Result<bool> Recheck(Chunk* newest, Chunk* values) override {
      BedRow row = RowOf(*newest, 0);
      if (std::find(keys_.begin(), keys_.end(), row.k) == keys_.end()) return false;
      change_(&row);
      *values = Chunk({TypeId::kInt64, TypeId::kInt64, TypeId::kInt64, TypeId::kText});
      values->column(0).SetValue(0, Value::Int64(row.k));
      values->column(1).SetValue(0, BedInt(row.v));
      values->column(2).SetValue(0, BedInt(row.u));
      values->column(3).SetValue(
          0, row.s.has_value() ? Value::Text(*row.s) : Value::Null(TypeId::kText));
      values->set_row_count(1);
      return true;
    }

   private:
    const std::vector<int64_t> keys_;
    const Change change_;
  };

  TxnBed* const bed_;

 public:
  Transaction txn;
};

}  // namespace driftdb::txn

#endif  // DRIFTDB_TESTS_UNIT_TXN_TXN_BED_H_
