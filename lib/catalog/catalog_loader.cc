#include "catalog/catalog_loader.h"

#include <algorithm>
#include <map>

#include "base/coding.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "catalog/catalog_editor.h"
#include "catalog/sequence_state.h"
#include "storage/table/table_scan.h"
#include "txn/table_lock.h"

namespace driftdb::catalog {

namespace {

using Rows = std::vector<std::vector<Value>>;

Oid LoaderOid(const Value& value) { return Oid(static_cast<uint32_t>(value.int64())); }

// Everything read, before it is put together.
struct LoaderRows {
  Rows schema, relation, column, constraint, index, view, sequence, role;
};

Status LoaderReadAll(txn::Engine* engine, const Snapshot& snapshot, LoaderRows* rows) {
  const std::pair<SystemTable, Rows*> tables[] = {
      {SystemTable::kSchema, &rows->schema},     {SystemTable::kRelation, &rows->relation},
      {SystemTable::kColumn, &rows->column},     {SystemTable::kConstraint, &rows->constraint},
      {SystemTable::kIndex, &rows->index},       {SystemTable::kView, &rows->view},
      {SystemTable::kSequence, &rows->sequence}, {SystemTable::kRole, &rows->role},
  };
  for (const auto& [table, to] : tables) {
    DRIFTDB_RETURN_IF_ERROR(ReadSystemTable(engine, table, snapshot, to, nullptr));
  }
  return OkStatus();
}

class CatalogLoader {
 public:
  CatalogLoader(txn::Engine* engine, LoaderRows rows) : engine_(engine), rows_(std::move(rows)) {}

  Result<CatalogContents> Load() {
    contents_.snapshot = std::make_shared<CatalogSnapshot>();
    DRIFTDB_RETURN_IF_ERROR(LoadSchemas());
    DRIFTDB_RETURN_IF_ERROR(LoadRoles());
    DRIFTDB_RETURN_IF_ERROR(LoadColumns());
    DRIFTDB_RETURN_IF_ERROR(LoadRelations());
    PutSystemTables();
    return std::move(contents_);
  }

 private:
  void NoteOid(Oid oid) { contents_.oid_max = std::max<int64_t>(contents_.oid_max, oid.value); }

  Status LoadSchemas() {
    for (const std::vector<Value>& row : rows_.schema) {
      auto schema = std::make_shared<SchemaEntry>();
      schema->oid = LoaderOid(row[0]);
      schema->name = row[1].string();
      schema->security.owner = LoaderOid(row[2]);
      DRIFTDB_RETURN_IF_ERROR(DecodeAcl(row[3], &schema->security));
      NoteOid(schema->oid);
      contents_.snapshot->PutSchema(std::move(schema));
    }
    return OkStatus();
  }

  Status LoadRoles() {
    for (const std::vector<Value>& row : rows_.role) {
      auto role = std::make_shared<RoleEntry>();
      role->oid = LoaderOid(row[0]);
      role->name = row[1].string();
      const int64_t flags = row[2].int64();
      role->superuser = (flags & 1) != 0;
      role->inherit = (flags & 2) != 0;
      role->create_role = (flags & 4) != 0;
      role->create_db = (flags & 8) != 0;
      role->can_login = (flags & 16) != 0;
      role->replication = (flags & 32) != 0;
      role->bypass_rls = (flags & 64) != 0;
      role->connection_limit = static_cast<int32_t>(row[3].int64());
      NoteOid(role->oid);
      contents_.snapshot->PutRole(std::move(role));
    }
    return OkStatus();
  }

  Status LoadColumns() {
    std::sort(rows_.column.begin(), rows_.column.end(), [](const auto& a, const auto& b) {
      return std::pair(a[0].int64(), a[2].int64()) < std::pair(b[0].int64(), b[2].int64());
    });
    for (const std::vector<Value>& row : rows_.column) {
      ColumnEntry column;
      column.id = ColumnId(static_cast<uint32_t>(row[1].int64()));
      column.name = row[3].string();
      column.type = LogicalType::Unpack(static_cast<uint64_t>(row[4].int64()));
      column.storage_ordinal = static_cast<uint32_t>(row[5].int64());
      column.not_null = row[6].boolean();
      column.default_sql = row[7].is_null() ? "" : row[7].string();
      DRIFTDB_RETURN_IF_ERROR(DecodeAcl(row[8], &column.security));
      columns_[LoaderOid(row[0])].push_back(std::move(column));
    }
    return OkStatus();
  }

  template <typename Entry>
  Status LoadCommon(const std::vector<Value>& row, Entry* entry) {
    entry->oid = LoaderOid(row[0]);
    entry->schema = LoaderOid(row[1]);
    entry->name = row[2].string();
    NoteOid(entry->oid);
    return OkStatus();
  }

  template <typename Entry>
  Status LoadSecured(const std::vector<Value>& row, Entry* entry) {
    DRIFTDB_RETURN_IF_ERROR(LoadCommon(row, entry));
    const SchemaEntry* schema = contents_.snapshot->FindSchema(entry->schema);
    if (schema == nullptr) {
      return DataLossError("catalog: relation \"{}\" is in schema {}, which is missing",
                           entry->name, entry->schema.value);
    }
    entry->schema_name = schema->name;
    entry->security.owner = LoaderOid(row[4]);
    return DecodeAcl(row[5], &entry->security);
  }

  Status LoadRelations() {
    // Indexes first: tables hold them.
    for (const std::vector<Value>& row : rows_.relation) {
      if (row[3].string() == "i") DRIFTDB_RETURN_IF_ERROR(LoadIndex(row));
    }
    for (const std::vector<Value>& row : rows_.relation) {
      const std::string& kind = row[3].string();
      if (kind == "r") DRIFTDB_RETURN_IF_ERROR(LoadTable(row));
      if (kind == "v") DRIFTDB_RETURN_IF_ERROR(LoadView(row));
      if (kind == "S") DRIFTDB_RETURN_IF_ERROR(LoadSequence(row));
    }
    return OkStatus();
  }

  Status LoadIndex(const std::vector<Value>& row) {
    auto index = std::make_shared<IndexEntry>();
    DRIFTDB_RETURN_IF_ERROR(LoadCommon(row, index.get()));
    index->storage = StorageId(static_cast<uint32_t>(row[6].int64()));
    index->data = engine_->registry()->FindIndex(index->storage);
    if (index->data == nullptr) {
      return DataLossError("catalog: index \"{}\" has no storage {}", index->name,
                           index->storage.value);
    }
    for (const std::vector<Value>& definition : rows_.index) {
      if (LoaderOid(definition[0]) != index->oid) continue;
      index->table = LoaderOid(definition[1]);
      index->unique = definition[2].boolean();
      index->primary = definition[3].boolean();
      DRIFTDB_ASSIGN_OR_RETURN(const std::vector<uint64_t> numbers,
                               DecodeNumbers(definition[4].string()));
      const std::vector<ColumnEntry>& columns = columns_[index->table];
      for (size_t i = 0; i + 1 < numbers.size(); i += 2) {
        DRIFTDB_ASSIGN_OR_RETURN(const uint32_t ordinal, OrdinalOf(columns, numbers[i]));
        index->columns.push_back({ordinal, (numbers[i + 1] & 1) != 0, (numbers[i + 1] & 2) != 0});
      }
    }
    const Oid table = index->table;
    indexes_[table].push_back(std::move(index));
    return OkStatus();
  }

  static Result<uint32_t> OrdinalOf(const std::vector<ColumnEntry>& columns, uint64_t id) {
    for (size_t i = 0; i < columns.size(); ++i) {
      if (columns[i].id.value == id) return static_cast<uint32_t>(i);
    }
    return DataLossError("catalog: column {} is missing", id);
  }

  Status LoadTable(const std::vector<Value>& row) {
    auto table = std::make_shared<TableEntry>();
    DRIFTDB_RETURN_IF_ERROR(LoadSecured(row, table.get()));
    table->storage = StorageId(static_cast<uint32_t>(row[6].int64()));
    table->row_security = (row[7].int64() & 1) != 0;
    table->force_row_security = (row[7].int64() & 2) != 0;
    table->schema_version = static_cast<uint32_t>(row[8].int64());
    table->next_column_id = static_cast<uint32_t>(row[9].int64());
    table->columns = columns_[table->oid];
    table->data = engine_->registry()->FindTable(table->storage);
    if (table->data == nullptr) {
      return DataLossError("catalog: table \"{}\" has no storage {}", table->name,
                           table->storage.value);
    }
    const size_t stored = table->data->schema()->columns.size();
    for (const ColumnEntry& column : table->columns) {
      if (column.storage_ordinal >= stored) {
        return DataLossError("catalog: column \"{}\" of table \"{}\" is not stored", column.name,
                             table->name);
      }
    }
    for (const auto& index : indexes_[table->oid]) table->indexes.push_back(index);
    DRIFTDB_RETURN_IF_ERROR(LoadConstraints(table.get()));
    table->lock = std::make_shared<txn::TableLock>();
    table->target = MakeTableTarget(*table);
    contents_.snapshot->PutRelation(std::shared_ptr<const TableEntry>(table));
    for (const auto& index : table->indexes) contents_.snapshot->PutRelation(index);
    return OkStatus();
  }

  Status LoadConstraints(TableEntry* table) {
    for (const std::vector<Value>& row : rows_.constraint) {
      if (LoaderOid(row[1]) != table->oid) continue;
      ConstraintEntry constraint;
      constraint.oid = LoaderOid(row[0]);
      NoteOid(constraint.oid);
      const std::string& kind = row[2].string();
      constraint.type = kind == "p"   ? ConstraintType::kPrimaryKey
                        : kind == "u" ? ConstraintType::kUnique
                                      : ConstraintType::kCheck;
      constraint.name = row[3].string();
      DRIFTDB_ASSIGN_OR_RETURN(const std::vector<uint64_t> ids, DecodeNumbers(row[4].string()));
      for (const uint64_t id : ids) {
        DRIFTDB_ASSIGN_OR_RETURN(const uint32_t ordinal, OrdinalOf(table->columns, id));
        constraint.columns.push_back(ordinal);
      }
      constraint.check_sql = row[5].is_null() ? "" : row[5].string();
      constraint.index = LoaderOid(row[6]);
      table->constraints.push_back(std::move(constraint));
    }
    return OkStatus();
  }

  Status LoadView(const std::vector<Value>& row) {
    auto view = std::make_shared<ViewEntry>();
    DRIFTDB_RETURN_IF_ERROR(LoadSecured(row, view.get()));
    view->columns = columns_[view->oid];
    for (const std::vector<Value>& definition : rows_.view) {
      if (LoaderOid(definition[0]) != view->oid) continue;
      view->query_sql = definition[1].string();
      DRIFTDB_ASSIGN_OR_RETURN(const std::vector<uint64_t> depends,
                               DecodeNumbers(definition[2].string()));
      for (const uint64_t oid : depends)
        view->depends_on.push_back(Oid(static_cast<uint32_t>(oid)));
    }
    contents_.snapshot->PutRelation(std::shared_ptr<const ViewEntry>(view));
    return OkStatus();
  }

  Status LoadSequence(const std::vector<Value>& row) {
    auto sequence = std::make_shared<SequenceEntry>();
    DRIFTDB_RETURN_IF_ERROR(LoadSecured(row, sequence.get()));
    for (const std::vector<Value>& definition : rows_.sequence) {
      if (LoaderOid(definition[0]) != sequence->oid) continue;
      sequence->type = LogicalType::Unpack(static_cast<uint64_t>(definition[1].int64()));
      sequence->start = definition[2].int64();
      sequence->increment = definition[3].int64();
      sequence->min_value = definition[4].int64();
      sequence->max_value = definition[5].int64();
      sequence->cache = definition[6].int64();
      sequence->cycle = definition[7].boolean();
      sequence->owned_by_table = LoaderOid(definition[8]);
      sequence->owned_by_column = ColumnId(static_cast<uint32_t>(definition[9].int64()));
    }
    sequence->state = std::make_shared<SequenceState>(engine_, *sequence);
    contents_.snapshot->PutRelation(std::shared_ptr<const SequenceEntry>(sequence));
    return OkStatus();
  }

  // The system tables themselves can be read like any table.
  void PutSystemTables() {
    constexpr uint32_t kSystemTableOids = 100;
    for (const SystemTableDefinition& definition : SystemTables()) {
      auto table = std::make_shared<TableEntry>();
      table->oid = Oid(kSystemTableOids + static_cast<uint32_t>(definition.table));
      table->schema = kCatalogSchema;
      table->schema_name = "pg_catalog";
      table->name = definition.name;
      table->security.owner = kBootstrapRole;
      table->is_system = true;
      table->storage = SystemStorage(definition.table);
      table->data = engine_->registry()->FindTable(table->storage);
      for (const SystemColumn& column : definition.columns) {
        ColumnEntry entry;
        entry.id = ColumnId(static_cast<uint32_t>(table->columns.size() + 1));
        entry.name = column.name;
        entry.type = column.type;
        entry.storage_ordinal = static_cast<uint32_t>(table->columns.size());
        table->columns.push_back(std::move(entry));
      }
      table->lock = std::make_shared<txn::TableLock>();
      table->target = MakeTableTarget(*table);
      contents_.snapshot->PutRelation(std::shared_ptr<const TableEntry>(table));
    }
  }

  txn::Engine* const engine_;
  LoaderRows rows_;
  CatalogContents contents_;
  std::map<Oid, std::vector<ColumnEntry>> columns_;
  std::map<Oid, std::vector<std::shared_ptr<const IndexEntry>>> indexes_;
};

}  // namespace

Status ReadSystemTable(txn::Engine* engine, SystemTable table, const Snapshot& snapshot,
                       std::vector<std::vector<Value>>* rows, std::vector<RowId>* row_ids) {
  const auto data = engine->registry()->FindTable(SystemStorage(table));
  if (data == nullptr) {
    return DataLossError("system table {} is missing", static_cast<uint32_t>(table));
  }
  storage::ScanOptions options;
  options.snapshot = snapshot;
  for (uint32_t c = 0; c < data->schema()->columns.size(); ++c) options.columns.push_back(c);
  options.row_ids = true;
  storage::TableScan scan(data.get(), options);
  storage::ScanCursor cursor(&scan);
  Chunk chunk;
  while (true) {
    DRIFTDB_ASSIGN_OR_RETURN(const bool more, cursor.Next(&chunk));
    if (!more) return OkStatus();
    for (size_t i = 0; i < chunk.size(); ++i) {
      std::vector<Value> row;
      const size_t values = chunk.column_count() - 1;
      for (size_t c = 0; c < values; ++c) {
        row.push_back(chunk.column(c).GetValue(chunk.row(i)));
      }
      rows->push_back(std::move(row));
      if (row_ids != nullptr) {
        const Value id = chunk.column(values).GetValue(chunk.row(i));
        row_ids->push_back(RowId(static_cast<uint64_t>(id.int64())));
      }
    }
  }
}

Result<CatalogContents> LoadCatalog(txn::Engine* engine, CommitSeq seq) {
  LoaderRows rows;
  Snapshot snapshot;
  snapshot.seq = seq;
  DRIFTDB_RETURN_IF_ERROR(LoaderReadAll(engine, snapshot, &rows));
  return CatalogLoader(engine, std::move(rows)).Load();
}

std::string EncodeNumbers(const std::vector<uint64_t>& numbers) {
  std::string bytes;
  Encoder encoder(&bytes);
  for (const uint64_t number : numbers) encoder.Varint(number);
  return bytes;
}

Result<std::vector<uint64_t>> DecodeNumbers(const std::string& bytes) {
  std::vector<uint64_t> numbers;
  Decoder decoder(bytes);
  while (decoder.remaining() > 0) numbers.push_back(decoder.Varint());
  DRIFTDB_RETURN_IF_ERROR(decoder.status("catalog row"));
  return numbers;
}

Value EncodeAcl(const ObjectSecurity& security) {
  if (security.acl_default) return Value::Null(TypeId::kBytea);
  std::string bytes;
  Encoder encoder(&bytes);
  for (const AclItem& item : security.acl) {
    encoder.Varint(item.grantee.value);
    encoder.Varint(item.grantor.value);
    encoder.Varint(item.privileges);
    encoder.Varint(item.grant_options);
  }
  return Value::String(TypeId::kBytea, std::move(bytes));
}

Status DecodeAcl(const Value& value, ObjectSecurity* security) {
  security->acl_default = value.is_null();
  security->acl.clear();
  if (value.is_null()) return OkStatus();
  DRIFTDB_ASSIGN_OR_RETURN(const std::vector<uint64_t> numbers, DecodeNumbers(value.string()));
  for (size_t i = 0; i + 3 < numbers.size(); i += 4) {
    AclItem item;
    item.grantee = Oid(static_cast<uint32_t>(numbers[i]));
    item.grantor = Oid(static_cast<uint32_t>(numbers[i + 1]));
    item.privileges = static_cast<uint32_t>(numbers[i + 2]);
    item.grant_options = static_cast<uint32_t>(numbers[i + 3]);
    security->acl.push_back(item);
  }
  return OkStatus();
}

}  // namespace driftdb::catalog
