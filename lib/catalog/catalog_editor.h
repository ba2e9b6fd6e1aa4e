// CatalogEditor: changes the catalog within one transaction: rows of the system tables, storages,
// and the private snapshot that the transaction's own statements bind against. Every function
// either does all of its change or fails with the statement's rollback undoing the rest (TXN-2).
// Names are checked here (42P07, 42P06, 42710); what an expression means was checked by the binder.
// Threads: one owner, the transaction's.
#ifndef DRIFTDB_CATALOG_CATALOG_EDITOR_H_
#define DRIFTDB_CATALOG_CATALOG_EDITOR_H_

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "catalog/catalog.h"
#include "catalog/catalog_snapshot.h"
#include "catalog/system_tables.h"
#include "txn/table_writer.h"
#include "txn/transaction.h"

namespace driftdb::catalog {

class CatalogEditor final : public txn::TransactionHook {
 public:
  CatalogEditor(Catalog* catalog, txn::Transaction* transaction,
                std::shared_ptr<const CatalogSnapshot> base);
  ~CatalogEditor() override;

  // The catalog with this transaction's changes.
  std::shared_ptr<const CatalogSnapshot> snapshot() const { return current_; }
  // Snapshot under which this statement's catalog writes happen; set before each statement's
  // changes.
  void set_statement(const Snapshot& snapshot) { statement_ = snapshot; }

  // The first rows of a database: bootstrap role and schemas.
  Status BootstrapRows();

  // Oids in the given entries are assigned here when invalid. Storages are created, also those of
  // the primary key and unique constraints' indexes, which arrive in `indexes` (their `table` may
  // be invalid) and are matched to constraints by name. Returns the finished entry.
  Result<std::shared_ptr<const TableEntry>> CreateTable(TableEntry table,
                                                        std::vector<IndexEntry> indexes);
  // An index over an existing table; its storage is made, filling it is the caller's matter.
  // `constraint` may be null; else it is added to the table (ADD CONSTRAINT ... PRIMARY KEY or
  // UNIQUE).
  Result<std::shared_ptr<const IndexEntry>> CreateIndex(IndexEntry index,
                                                        const ConstraintEntry* constraint);
  Result<std::shared_ptr<const ViewEntry>> CreateView(ViewEntry view, bool replace);
  Result<std::shared_ptr<const SequenceEntry>> CreateSequence(SequenceEntry sequence);
  Result<std::shared_ptr<const SchemaEntry>> CreateSchema(SchemaEntry schema);

  // Drops one object and what belongs to it (a table's indexes, constraints, owned sequences);
  // dependants are the caller's matter (2BP01 or CASCADE).
  Status DropRelation(Oid oid);
  Status DropSchema(Oid oid);

  // Rewrites a table's rows in the system tables to match `changed` (same oid): names, columns,
  // defaults, constraints.
  Status AlterTable(TableEntry changed);
  // Adds a column to the table's storage, with a fresh id: rows of before read as `missing`. Sets
  // the column's id and ordinal there; the caller puts it into the entry and gives that to
  // AlterTable.
  Status AddStoredColumn(TableEntry* table, const Value& missing, ColumnEntry* column);
  Status AlterSequence(SequenceEntry changed);
  Status RenameRelation(Oid oid, const std::string& name);

  // Empties a table: a fresh storage generation with fresh indexes (C25).
  Status TruncateTable(Oid oid);

  Status BeforeCommit() override;
  void AtCommit(CommitSeq seq) override;
  void AfterCommit() override;
  void OnAbort() override;
  void OnMark(uint32_t depth) override;
  void OnRollbackTo(uint32_t depth) override;

 private:
  struct SavedState {
    uint32_t depth;
    std::shared_ptr<const CatalogSnapshot> snapshot;
    size_t created, dropped, extended;
  };
  std::shared_ptr<CatalogSnapshot> Copy() const;
  void Install(std::shared_ptr<CatalogSnapshot> snapshot);
  Status CheckNameFree(Oid schema, const std::string& name) const;
  Status InsertRow(SystemTable table, const std::vector<Value>& values);
  // Deletes the rows whose column `column` equals `key`.
  Status DeleteRows(SystemTable table, uint32_t column, int64_t key);
  Status WriteRelation(const RelationEntry& relation, const std::string& kind, StorageId storage);
  Status WriteTable(const TableEntry& table);
  Status WriteColumns(Oid relation, const std::vector<ColumnEntry>& columns);
  Status WriteSequence(const SequenceEntry& sequence);
  Status WriteIndex(const TableEntry& table, const IndexEntry& index);
  Status EraseRelationRows(Oid oid);
  Status EraseTableRows(const TableEntry& table);
  Status MakeTableStorage(TableEntry* table);
  Status MakeIndexStorage(const TableEntry& table, IndexEntry* index);
  void DropStorageOf(StorageId storage);
  // Rebuilds the writers' view after indexes changed.
  static void RefreshTarget(TableEntry* table);

  Catalog* const catalog_;
  txn::Transaction* const transaction_;
  std::shared_ptr<const CatalogSnapshot> current_;
  Catalog::Versions made_;  // `current_`, ready to be published
  Snapshot statement_;
  std::vector<StorageId> created_, dropped_;
  // Storages that got columns here; columns stay in memory when the change is rolled back.
  std::vector<StorageId> extended_, rolled_back_;
  std::vector<SavedState> saved_;
  friend class Catalog;
};

// Builds TableEntry::target from the entry's indexes.
std::shared_ptr<const txn::TableTarget> MakeTableTarget(const TableEntry& table);

}  // namespace driftdb::catalog

#endif  // DRIFTDB_CATALOG_CATALOG_EDITOR_H_
