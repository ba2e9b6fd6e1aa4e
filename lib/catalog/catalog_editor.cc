#include "catalog/catalog_editor.h"

#include <algorithm>

#include "base/check.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "catalog/catalog_loader.h"
#include "catalog/sequence_state.h"
#include "txn/redo.h"

namespace driftdb::catalog {

namespace {

Value EditorOid(Oid oid) { return Value::Int64(oid.value); }
Value EditorText(const std::string& text) { return Value::Text(text); }
Value EditorTextOrNull(const std::string& text) {
  return text.empty() ? Value::Null(TypeId::kText) : Value::Text(text);
}
Value EditorBytes(std::string bytes) { return Value::String(TypeId::kBytea, std::move(bytes)); }

const ObjectSecurity& EditorSecurity(const RelationEntry& relation) {
  static const ObjectSecurity none;
  if (const auto* table = std::get_if<std::shared_ptr<const TableEntry>>(&relation)) {
    return (*table)->security;
  }
  if (const auto* view = std::get_if<std::shared_ptr<const ViewEntry>>(&relation)) {
    return (*view)->security;
  }
  if (const auto* sequence = std::get_if<std::shared_ptr<const SequenceEntry>>(&relation)) {
    return (*sequence)->security;
  }
  return none;
}

}  // namespace

std::shared_ptr<const txn::TableTarget> MakeTableTarget(const TableEntry& table) {
  auto target = std::make_shared<txn::TableTarget>();
  target->table = table.data;
  target->storage = table.storage;
  target->name = table.name;
  for (const auto& index : table.indexes) {
    txn::IndexTarget entry;
    entry.index = index->data;
    entry.storage = index->storage;
    entry.name = index->name;
    entry.unique = index->unique;
    std::vector<KeyColumn> key_columns;
    for (const IndexColumn& column : index->columns) {
      const ColumnEntry& of = table.columns[column.column];
      entry.columns.push_back(of.storage_ordinal);
      entry.column_names.push_back(of.name);
      key_columns.push_back({of.type, column.descending, column.nulls_first});
    }
    entry.encoder = KeyEncoder(std::move(key_columns));
    if (index->primary) target->primary = static_cast<int>(target->indexes.size());
    target->indexes.push_back(std::move(entry));
  }
  return target;
}

CatalogEditor::CatalogEditor(Catalog* catalog, txn::Transaction* transaction,
                             std::shared_ptr<const CatalogSnapshot> base)
    : catalog_(catalog), transaction_(transaction), current_(std::move(base)) {
  saved_.push_back({0, current_, 0, 0, 0});
}

CatalogEditor::~CatalogEditor() = default;

void CatalogEditor::OnMark(uint32_t depth) {
  while (saved_.size() > 1 && saved_.back().depth >= depth) saved_.pop_back();
  saved_.push_back({depth, current_, created_.size(), dropped_.size(), extended_.size()});
}

void CatalogEditor::OnRollbackTo(uint32_t depth) {
  while (saved_.size() > 1 && saved_.back().depth > depth) saved_.pop_back();
  const SavedState state = saved_.back();
  if (saved_.size() > 1) saved_.pop_back();
  current_ = state.snapshot;
  while (created_.size() > state.created) {
    catalog_->engine_->registry()->Forget(created_.back());
    created_.pop_back();
  }
  dropped_.resize(state.dropped);
  // The redo that told of the columns is gone, the columns are not, and rows written from here on
  // have them: replay must know them first.
  while (extended_.size() > state.extended) {
    const auto table = catalog_->engine_->registry()->FindTable(extended_.back());
    extended_.pop_back();
    if (table == nullptr) continue;
    txn::RedoWriter(transaction_->redo())
        .AlterTable(table->id(), txn::EncodeTableSchema(*table->schema()));
    rolled_back_.push_back(table->id());
  }
}

Status CatalogEditor::BeforeCommit() {
  made_.clear();
  made_.push_back({CommitSeq(0), current_});
  return OkStatus();
}

void CatalogEditor::AtCommit(CommitSeq seq) {
  txn::StorageRegistry* registry = catalog_->engine_->registry();
  for (const StorageId storage : created_) registry->MarkCreated(storage, seq);
  for (const StorageId storage : dropped_) registry->MarkDropped(storage, seq);
  catalog_->Publish(seq, &made_);
}

void CatalogEditor::AfterCommit() {
  current_ = nullptr;
  saved_.clear();
}

void CatalogEditor::OnAbort() {
  txn::StorageRegistry* registry = catalog_->engine_->registry();
  for (const StorageId storage : created_) registry->Forget(storage);
  created_.clear();
  extended_.insert(extended_.end(), rolled_back_.begin(), rolled_back_.end());
  for (const StorageId storage : extended_) {
    const auto table = registry->FindTable(storage);
    if (table == nullptr) continue;
    std::string record;
    txn::RedoWriter(&record).ExtendTable(storage, txn::EncodeTableSchema(*table->schema()));
    const Status logged = catalog_->engine_->manager()->AppendSystem(record, 1);
    // Rows that replay could not read must not reach the log.
    if (!logged.ok()) catalog_->engine_->manager()->Poison(logged);
  }
  extended_.clear();
  rolled_back_.clear();
}

std::shared_ptr<CatalogSnapshot> CatalogEditor::Copy() const {
  return std::make_shared<CatalogSnapshot>(*current_);
}

void CatalogEditor::Install(std::shared_ptr<CatalogSnapshot> snapshot) {
  snapshot->set_version(catalog_->NextVersion());
  transaction_->set_catalog_version(snapshot->version());
  current_ = std::move(snapshot);
}

Status CatalogEditor::CheckNameFree(Oid schema, const std::string& name) const {
  const RelationEntry existing = current_->FindRelation(schema, name);
  if (std::holds_alternative<std::monostate>(existing)) return OkStatus();
  return Error(sqlstate::kDuplicateTable, "relation \"{}\" already exists", name);
}

Status CatalogEditor::InsertRow(SystemTable table, const std::vector<Value>& values) {
  txn::TableTarget target;
  target.storage = SystemStorage(table);
  target.table = catalog_->engine_->registry()->FindTable(target.storage);
  std::vector<LogicalType> types;
  for (const storage::TableColumn& column : target.table->schema()->columns) {
    types.push_back(column.type);
  }
  Chunk row(types);
  for (size_t c = 0; c < types.size(); ++c) {
    row.column(c).SetValue(0, c < values.size() ? values[c] : Value::Null(types[c]));
  }
  row.set_row_count(1);
  Snapshot writing = statement_;
  writing.statement = transaction_->AdvanceStatement();
  txn::TableWriter writer(transaction_, &target, writing, nullptr);
  DRIFTDB_RETURN_IF_ERROR(writer.Insert(&row, nullptr));
  return writer.Finish();
}

Status CatalogEditor::DeleteRows(SystemTable table, uint32_t column, int64_t key) {
  txn::TableTarget target;
  target.storage = SystemStorage(table);
  target.table = catalog_->engine_->registry()->FindTable(target.storage);
  // Everything committed and everything of this transaction: the DDL lock keeps others away.
  Snapshot all;
  all.seq = transaction_->LatestPublished();
  all.txn = transaction_->txid();
  all.statement = UINT32_MAX;
  std::vector<std::vector<Value>> rows;
  std::vector<RowId> row_ids;
  DRIFTDB_RETURN_IF_ERROR(ReadSystemTable(catalog_->engine_, table, all, &rows, &row_ids));
  std::vector<RowId> doomed;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i][column].is_null() && rows[i][column].int64() == key) doomed.push_back(row_ids[i]);
  }
  // A number of its own: one statement may rewrite the same rows several times (ALTER TABLE with
  // many actions).
  Snapshot writing = statement_;
  writing.seq = all.seq;
  writing.statement = transaction_->AdvanceStatement();
  txn::TableWriter writer(transaction_, &target, writing, nullptr);
  for (size_t at = 0; at < doomed.size(); at += kVectorRows) {
    const size_t count = std::min(doomed.size() - at, kVectorRows);
    Chunk none;
    bool changed[kVectorRows];
    DRIFTDB_RETURN_IF_ERROR(writer.Delete({doomed.data() + at, count}, &none, changed));
    for (size_t i = 0; i < count; ++i) {
      // A row written by this very statement is not touched twice; that would lose a catalog
      // change.
      DRIFTDB_CHECK_OR_RETURN(changed[i], "catalog row was changed twice by one statement");
    }
  }
  return OkStatus();
}

Status CatalogEditor::WriteRelation(const RelationEntry& relation, const std::string& kind,
                                    StorageId storage) {
  int64_t flags = 0;
  int64_t schema_version = 1;
  int64_t next_column_id = 1;
  if (const auto* table = std::get_if<std::shared_ptr<const TableEntry>>(&relation)) {
    flags = ((*table)->row_security ? 1 : 0) | ((*table)->force_row_security ? 2 : 0);
    schema_version = (*table)->schema_version;
    next_column_id = (*table)->next_column_id;
  }
  const ObjectSecurity& security = EditorSecurity(relation);
  return InsertRow(
      SystemTable::kRelation,
      {EditorOid(RelationOid(relation)), EditorOid(RelationSchema(relation)),
       EditorText(RelationName(relation)), EditorText(kind), EditorOid(security.owner),
       EncodeAcl(security), Value::Int64(storage.value), Value::Int64(flags),
       Value::Int64(schema_version), Value::Int64(next_column_id), Value::Null(TypeId::kText)});
}

Status CatalogEditor::WriteColumns(Oid relation, const std::vector<ColumnEntry>& columns) {
  int64_t position = 1;
  for (const ColumnEntry& column : columns) {
    DRIFTDB_RETURN_IF_ERROR(
        InsertRow(SystemTable::kColumn,
                  {EditorOid(relation), Value::Int64(column.id.value), Value::Int64(position++),
                   EditorText(column.name), Value::Int64(static_cast<int64_t>(column.type.Pack())),
                   Value::Int64(column.storage_ordinal), Value::Boolean(column.not_null),
                   EditorTextOrNull(column.default_sql), EncodeAcl(column.security)}));
  }
  return OkStatus();
}

Status CatalogEditor::WriteTable(const TableEntry& table) {
  const auto shared = std::make_shared<const TableEntry>(table);
  DRIFTDB_RETURN_IF_ERROR(WriteRelation(RelationEntry(shared), "r", table.storage));
  DRIFTDB_RETURN_IF_ERROR(WriteColumns(table.oid, table.columns));
  for (const ConstraintEntry& constraint : table.constraints) {
    std::vector<uint64_t> ids;
    for (const uint32_t ordinal : constraint.columns)
      ids.push_back(table.columns[ordinal].id.value);
    const char* kind = constraint.type == ConstraintType::kPrimaryKey ? "p"
                       : constraint.type == ConstraintType::kUnique   ? "u"
                                                                      : "c";
    DRIFTDB_RETURN_IF_ERROR(
        InsertRow(SystemTable::kConstraint,
                  {EditorOid(constraint.oid), EditorOid(table.oid), EditorText(kind),
                   EditorText(constraint.name), EditorBytes(EncodeNumbers(ids)),
                   EditorTextOrNull(constraint.check_sql), EditorOid(constraint.index)}));
  }
  for (const auto& index : table.indexes) DRIFTDB_RETURN_IF_ERROR(WriteIndex(table, *index));
  return OkStatus();
}

Status CatalogEditor::WriteIndex(const TableEntry& table, const IndexEntry& index) {
  const auto shared = std::make_shared<const IndexEntry>(index);
  DRIFTDB_RETURN_IF_ERROR(WriteRelation(RelationEntry(shared), "i", index.storage));
  std::vector<uint64_t> numbers;
  for (const IndexColumn& column : index.columns) {
    numbers.push_back(table.columns[column.column].id.value);
    numbers.push_back((column.descending ? 1u : 0u) | (column.nulls_first ? 2u : 0u));
  }
  return InsertRow(SystemTable::kIndex,
                   {EditorOid(index.oid), EditorOid(index.table), Value::Boolean(index.unique),
                    Value::Boolean(index.primary), EditorBytes(EncodeNumbers(numbers))});
}

Status CatalogEditor::EraseRelationRows(Oid oid) {
  const int64_t key = oid.value;
  DRIFTDB_RETURN_IF_ERROR(DeleteRows(SystemTable::kRelation, 0, key));
  DRIFTDB_RETURN_IF_ERROR(DeleteRows(SystemTable::kColumn, 0, key));
  DRIFTDB_RETURN_IF_ERROR(DeleteRows(SystemTable::kConstraint, 1, key));
  DRIFTDB_RETURN_IF_ERROR(DeleteRows(SystemTable::kIndex, 0, key));
  DRIFTDB_RETURN_IF_ERROR(DeleteRows(SystemTable::kView, 0, key));
  return DeleteRows(SystemTable::kSequence, 0, key);
}

Status CatalogEditor::EraseTableRows(const TableEntry& table) {
  for (const auto& index : table.indexes) DRIFTDB_RETURN_IF_ERROR(EraseRelationRows(index->oid));
  return EraseRelationRows(table.oid);
}

Status CatalogEditor::MakeTableStorage(TableEntry* table) {
  storage::TableSchema schema;
  schema.version = table->schema_version;
  for (ColumnEntry& column : table->columns) {
    column.storage_ordinal = static_cast<uint32_t>(schema.columns.size());
    schema.columns.push_back({column.id, column.type, Value::Null(column.type), false});
  }
  txn::StorageRegistry* registry = catalog_->engine_->registry();
  table->storage = registry->NextId();
  txn::RedoWriter(transaction_->redo()).CreateTable(table->storage, txn::EncodeTableSchema(schema));
  DRIFTDB_ASSIGN_OR_RETURN(table->data,
                           registry->CreateTable(table->storage, std::move(schema), CommitSeq(0)));
  created_.push_back(table->storage);
  return OkStatus();
}

Status CatalogEditor::MakeIndexStorage(const TableEntry& table, IndexEntry* index) {
  txn::IndexDefinition definition;
  definition.unique = index->unique;
  for (const IndexColumn& column : index->columns) {
    definition.columns.push_back(
        {table.columns[column.column].storage_ordinal, column.descending, column.nulls_first});
  }
  txn::StorageRegistry* registry = catalog_->engine_->registry();
  index->storage = registry->NextId();
  txn::RedoWriter(transaction_->redo())
      .CreateIndex(index->storage, table.storage, txn::EncodeIndexDefinition(definition));
  DRIFTDB_ASSIGN_OR_RETURN(
      index->data, registry->CreateIndex(index->storage, table.storage, definition, CommitSeq(0)));
  created_.push_back(index->storage);
  return OkStatus();
}

void CatalogEditor::DropStorageOf(StorageId storage) {
  txn::RedoWriter(transaction_->redo()).DropStorage(storage);
  dropped_.push_back(storage);
}

void CatalogEditor::RefreshTarget(TableEntry* table) { table->target = MakeTableTarget(*table); }

Result<std::shared_ptr<const TableEntry>> CatalogEditor::CreateTable(
    TableEntry table, std::vector<IndexEntry> indexes) {
  DRIFTDB_RETURN_IF_ERROR(CheckNameFree(table.schema, table.name));
  DRIFTDB_ASSIGN_OR_RETURN(table.oid, catalog_->NextOid());
  for (ColumnEntry& column : table.columns) column.id = ColumnId(table.next_column_id++);
  DRIFTDB_RETURN_IF_ERROR(MakeTableStorage(&table));
  for (IndexEntry& index : indexes) {
    DRIFTDB_RETURN_IF_ERROR(CheckNameFree(table.schema, index.name));
    DRIFTDB_ASSIGN_OR_RETURN(index.oid, catalog_->NextOid());
    index.schema = table.schema;
    index.table = table.oid;
    DRIFTDB_RETURN_IF_ERROR(MakeIndexStorage(table, &index));
    table.indexes.push_back(std::make_shared<const IndexEntry>(index));
  }
  for (ConstraintEntry& constraint : table.constraints) {
    DRIFTDB_ASSIGN_OR_RETURN(constraint.oid, catalog_->NextOid());
    for (const IndexEntry& index : indexes) {
      if (constraint.type != ConstraintType::kCheck && index.name == constraint.name) {
        constraint.index = index.oid;
      }
    }
  }
  table.lock = std::make_shared<txn::TableLock>();
  RefreshTarget(&table);
  DRIFTDB_RETURN_IF_ERROR(WriteTable(table));
  auto entry = std::make_shared<const TableEntry>(std::move(table));
  auto snapshot = Copy();
  snapshot->PutRelation(entry);
  for (const auto& index : entry->indexes) snapshot->PutRelation(index);
  Install(std::move(snapshot));
  return entry;
}

Result<std::shared_ptr<const IndexEntry>> CatalogEditor::CreateIndex(
    IndexEntry index, const ConstraintEntry* constraint) {
  const std::shared_ptr<const TableEntry> base = current_->FindTable(index.table);
  DRIFTDB_CHECK_OR_RETURN(base != nullptr, "index \"{}\" is for a missing table", index.name);
  DRIFTDB_RETURN_IF_ERROR(CheckNameFree(base->schema, index.name));
  DRIFTDB_ASSIGN_OR_RETURN(index.oid, catalog_->NextOid());
  index.schema = base->schema;
  DRIFTDB_RETURN_IF_ERROR(MakeIndexStorage(*base, &index));
  DRIFTDB_RETURN_IF_ERROR(WriteIndex(*base, index));
  auto entry = std::make_shared<const IndexEntry>(std::move(index));
  TableEntry table = *base;
  table.indexes.push_back(entry);
  if (constraint != nullptr) {
    ConstraintEntry added = *constraint;
    DRIFTDB_ASSIGN_OR_RETURN(added.oid, catalog_->NextOid());
    added.index = entry->oid;
    table.constraints.push_back(std::move(added));
    DRIFTDB_RETURN_IF_ERROR(EraseRelationRows(table.oid));
    TableEntry rows_only = table;
    rows_only.indexes.clear();  // their rows stand already
    DRIFTDB_RETURN_IF_ERROR(WriteTable(rows_only));
  }
  RefreshTarget(&table);
  auto snapshot = Copy();
  snapshot->PutRelation(std::make_shared<const TableEntry>(std::move(table)));
  snapshot->PutRelation(entry);
  Install(std::move(snapshot));
  return entry;
}

Result<std::shared_ptr<const ViewEntry>> CatalogEditor::CreateView(ViewEntry view, bool replace) {
  const RelationEntry existing = current_->FindRelation(view.schema, view.name);
  const auto* old = std::get_if<std::shared_ptr<const ViewEntry>>(&existing);
  if (old != nullptr && replace) {
    view.oid = (*old)->oid;
    view.security = (*old)->security;
    DRIFTDB_RETURN_IF_ERROR(EraseRelationRows(view.oid));
  } else {
    DRIFTDB_RETURN_IF_ERROR(CheckNameFree(view.schema, view.name));
    DRIFTDB_ASSIGN_OR_RETURN(view.oid, catalog_->NextOid());
  }
  uint32_t column_id = 1;
  for (ColumnEntry& column : view.columns) column.id = ColumnId(column_id++);
  std::vector<uint64_t> depends;
  for (const Oid oid : view.depends_on) depends.push_back(oid.value);
  auto entry = std::make_shared<const ViewEntry>(std::move(view));
  DRIFTDB_RETURN_IF_ERROR(WriteRelation(RelationEntry(entry), "v", StorageId(0)));
  DRIFTDB_RETURN_IF_ERROR(WriteColumns(entry->oid, entry->columns));
  DRIFTDB_RETURN_IF_ERROR(InsertRow(
      SystemTable::kView,
      {EditorOid(entry->oid), EditorText(entry->query_sql), EditorBytes(EncodeNumbers(depends))}));
  auto snapshot = Copy();
  snapshot->PutRelation(entry);
  Install(std::move(snapshot));
  return entry;
}

Status CatalogEditor::WriteSequence(const SequenceEntry& sequence) {
  const auto shared = std::make_shared<const SequenceEntry>(sequence);
  DRIFTDB_RETURN_IF_ERROR(WriteRelation(RelationEntry(shared), "S", StorageId(0)));
  return InsertRow(
      SystemTable::kSequence,
      {EditorOid(sequence.oid), Value::Int64(static_cast<int64_t>(sequence.type.Pack())),
       Value::Int64(sequence.start), Value::Int64(sequence.increment),
       Value::Int64(sequence.min_value), Value::Int64(sequence.max_value),
       Value::Int64(sequence.cache), Value::Boolean(sequence.cycle),
       EditorOid(sequence.owned_by_table), Value::Int64(sequence.owned_by_column.value)});
}

Result<std::shared_ptr<const SequenceEntry>> CatalogEditor::CreateSequence(SequenceEntry sequence) {
  DRIFTDB_RETURN_IF_ERROR(CheckNameFree(sequence.schema, sequence.name));
  DRIFTDB_ASSIGN_OR_RETURN(sequence.oid, catalog_->NextOid());
  sequence.state = std::make_shared<SequenceState>(catalog_->engine_, sequence);
  DRIFTDB_RETURN_IF_ERROR(WriteSequence(sequence));
  auto entry = std::make_shared<const SequenceEntry>(std::move(sequence));
  auto snapshot = Copy();
  snapshot->PutRelation(entry);
  Install(std::move(snapshot));
  return entry;
}

Result<std::shared_ptr<const SchemaEntry>> CatalogEditor::CreateSchema(SchemaEntry schema) {
  if (current_->FindSchema(schema.name) != nullptr) {
    return Error(sqlstate::kDuplicateSchema, "schema \"{}\" already exists", schema.name);
  }
  if (schema.oid == kInvalidOid) {
    DRIFTDB_ASSIGN_OR_RETURN(schema.oid, catalog_->NextOid());
  }
  DRIFTDB_RETURN_IF_ERROR(InsertRow(
      SystemTable::kSchema, {EditorOid(schema.oid), EditorText(schema.name),
                             EditorOid(schema.security.owner), EncodeAcl(schema.security)}));
  auto entry = std::make_shared<const SchemaEntry>(std::move(schema));
  auto snapshot = Copy();
  snapshot->PutSchema(entry);
  Install(std::move(snapshot));
  return entry;
}

Status CatalogEditor::BootstrapRows() {
  RoleEntry role;
  role.oid = kBootstrapRole;
  role.name = "driftdb";
  role.superuser = role.create_role = role.create_db = role.can_login = role.replication =
      role.bypass_rls = true;
  constexpr int64_t kAllRoleFlags = 127;
  DRIFTDB_RETURN_IF_ERROR(InsertRow(
      SystemTable::kRole, {EditorOid(role.oid), EditorText(role.name), Value::Int64(kAllRoleFlags),
                           Value::Int64(role.connection_limit)}));
  for (const auto& [oid, name] :
       {std::pair(kCatalogSchema, "pg_catalog"), std::pair(kPublicSchema, "public"),
        std::pair(kInformationSchema, "information_schema")}) {
    SchemaEntry schema;
    schema.oid = oid;
    schema.name = name;
    schema.security.owner = kBootstrapRole;
    DRIFTDB_RETURN_IF_ERROR(CreateSchema(std::move(schema)).status());
  }
  for (const SystemTableDefinition& definition : SystemTables()) {
    created_.push_back(SystemStorage(definition.table));
  }
  return OkStatus();
}

Status CatalogEditor::DropRelation(Oid oid) {
  const RelationEntry relation = current_->FindRelation(oid);
  auto snapshot = Copy();
  if (const auto* table = std::get_if<std::shared_ptr<const TableEntry>>(&relation)) {
    DRIFTDB_RETURN_IF_ERROR(EraseTableRows(**table));
    for (const auto& index : (*table)->indexes) {
      DropStorageOf(index->storage);
      snapshot->EraseRelation(index->oid);
    }
    DropStorageOf((*table)->storage);
    for (const auto& [other_oid, other] : current_->relations()) {
      const auto* sequence = std::get_if<std::shared_ptr<const SequenceEntry>>(&other);
      if (sequence == nullptr || (*sequence)->owned_by_table != oid) continue;
      DRIFTDB_RETURN_IF_ERROR(EraseRelationRows(other_oid));
      snapshot->EraseRelation(other_oid);
    }
  } else if (const auto* index = std::get_if<std::shared_ptr<const IndexEntry>>(&relation)) {
    DRIFTDB_RETURN_IF_ERROR(EraseRelationRows(oid));
    DropStorageOf((*index)->storage);
    TableEntry changed = *current_->FindTable((*index)->table);
    std::erase_if(changed.indexes, [&](const auto& entry) { return entry->oid == oid; });
    RefreshTarget(&changed);
    snapshot->PutRelation(std::make_shared<const TableEntry>(std::move(changed)));
  } else {
    DRIFTDB_RETURN_IF_ERROR(EraseRelationRows(oid));
  }
  snapshot->EraseRelation(oid);
  Install(std::move(snapshot));
  return OkStatus();
}

Status CatalogEditor::DropSchema(Oid oid) {
  DRIFTDB_RETURN_IF_ERROR(DeleteRows(SystemTable::kSchema, 0, oid.value));
  auto snapshot = Copy();
  snapshot->EraseSchema(oid);
  Install(std::move(snapshot));
  return OkStatus();
}

Status CatalogEditor::AlterTable(TableEntry changed) {
  const std::shared_ptr<const TableEntry> old = current_->FindTable(changed.oid);
  DRIFTDB_CHECK_OR_RETURN(old != nullptr, "table {} is missing", changed.oid.value);
  for (ConstraintEntry& constraint : changed.constraints) {
    if (constraint.oid == kInvalidOid) {
      DRIFTDB_ASSIGN_OR_RETURN(constraint.oid, catalog_->NextOid());
    }
  }
  DRIFTDB_RETURN_IF_ERROR(EraseTableRows(*old));
  RefreshTarget(&changed);
  DRIFTDB_RETURN_IF_ERROR(WriteTable(changed));
  auto snapshot = Copy();
  for (const auto& index : old->indexes) snapshot->EraseRelation(index->oid);
  auto entry = std::make_shared<const TableEntry>(std::move(changed));
  snapshot->PutRelation(entry);
  for (const auto& index : entry->indexes) snapshot->PutRelation(index);
  Install(std::move(snapshot));
  return OkStatus();
}

Status CatalogEditor::AddStoredColumn(TableEntry* table, const Value& missing,
                                      ColumnEntry* column) {
  // Columns whose ALTER TABLE was rolled back stay in the storage (REDO-8), where images and row
  // groups find their columns by id: theirs are taken, though the catalog has forgotten them.
  for (const storage::TableColumn& stored : table->data->schema()->columns) {
    table->next_column_id = std::max(table->next_column_id, stored.id.value + 1);
  }
  column->id = ColumnId(table->next_column_id++);
  column->storage_ordinal = table->data->AddColumn({column->id, column->type, missing, false});
  txn::RedoWriter(transaction_->redo())
      .AlterTable(table->storage, txn::EncodeTableSchema(*table->data->schema()));
  extended_.push_back(table->storage);
  return OkStatus();
}

Status CatalogEditor::AlterSequence(SequenceEntry changed) {
  DRIFTDB_RETURN_IF_ERROR(EraseRelationRows(changed.oid));
  DRIFTDB_RETURN_IF_ERROR(WriteSequence(changed));
  auto snapshot = Copy();
  snapshot->PutRelation(std::make_shared<const SequenceEntry>(std::move(changed)));
  Install(std::move(snapshot));
  return OkStatus();
}

Status CatalogEditor::RenameRelation(Oid oid, const std::string& name) {
  const RelationEntry relation = current_->FindRelation(oid);
  DRIFTDB_RETURN_IF_ERROR(CheckNameFree(RelationSchema(relation), name));
  if (const auto* table = std::get_if<std::shared_ptr<const TableEntry>>(&relation)) {
    TableEntry changed = **table;
    changed.name = name;
    return AlterTable(std::move(changed));
  }
  if (const auto* sequence = std::get_if<std::shared_ptr<const SequenceEntry>>(&relation)) {
    SequenceEntry changed = **sequence;
    changed.name = name;
    return AlterSequence(std::move(changed));
  }
  if (const auto* view = std::get_if<std::shared_ptr<const ViewEntry>>(&relation)) {
    ViewEntry changed = **view;
    DRIFTDB_RETURN_IF_ERROR(DropRelation(oid));
    changed.name = name;
    return CreateView(std::move(changed), false).status();
  }
  const auto& index = std::get<std::shared_ptr<const IndexEntry>>(relation);
  TableEntry changed = *current_->FindTable(index->table);
  for (auto& entry : changed.indexes) {
    if (entry->oid != oid) continue;
    auto renamed = std::make_shared<IndexEntry>(*entry);
    renamed->name = name;
    entry = std::move(renamed);
  }
  for (ConstraintEntry& constraint : changed.constraints) {
    if (constraint.index == oid) constraint.name = name;
  }
  return AlterTable(std::move(changed));
}

Status CatalogEditor::TruncateTable(Oid oid) {
  const std::shared_ptr<const TableEntry> old = current_->FindTable(oid);
  DRIFTDB_CHECK_OR_RETURN(old != nullptr, "table {} is missing", oid.value);
  TableEntry changed = *old;
  DropStorageOf(old->storage);
  DRIFTDB_RETURN_IF_ERROR(MakeTableStorage(&changed));
  for (auto& entry : changed.indexes) {
    DropStorageOf(entry->storage);
    auto fresh = std::make_shared<IndexEntry>(*entry);
    DRIFTDB_RETURN_IF_ERROR(MakeIndexStorage(changed, fresh.get()));
    entry = std::move(fresh);
  }
  return AlterTable(std::move(changed));
}

}  // namespace driftdb::catalog
