#include "api/statement_locks.h"

#include "catalog/entries.h"

namespace driftdb::api {

namespace {

class StatementLockList {
 public:
  explicit StatementLockList(const catalog::CatalogSnapshot& catalog) : catalog_(catalog) {}

  void Add(const catalog::TableEntry* table, txn::LockMode mode) {
    if (table != nullptr && !table->is_system) locks_.push_back({table->lock, mode});
  }
  // A table, or the table of an index.
  void AddRelation(Oid oid, txn::LockMode mode) {
    const catalog::RelationEntry relation = catalog_.FindRelation(oid);
    if (const auto* index = std::get_if<std::shared_ptr<const catalog::IndexEntry>>(&relation)) {
      oid = (*index)->table;
    }
    Add(catalog_.FindTable(oid).get(), mode);
  }
  void AddQuery(const sql::BoundQuery& query) {
    for (RelationLock& lock : LocksOfQuery(catalog_, query)) locks_.push_back(std::move(lock));
  }
  // False: `statement` is no definition.
  bool AddDefinition(const sql::BoundStatement& statement);

  std::vector<RelationLock> Take() { return std::move(locks_); }
  void Push(RelationLock lock) { locks_.push_back(std::move(lock)); }

 private:
  const catalog::CatalogSnapshot& catalog_;
  std::vector<RelationLock> locks_;
};

bool StatementLockList::AddDefinition(const sql::BoundStatement& statement) {
  if (const auto* table_as = statement.Get<sql::BoundCreateTableAs>()) {
    AddQuery(table_as->query);
  } else if (const auto* index = statement.Get<sql::BoundCreateIndex>()) {
    // Writers wait until the index is there; readers go on.
    Add(index->table.get(), txn::LockMode::kShare);
  } else if (const auto* view = statement.Get<sql::BoundCreateView>()) {
    for (const Oid oid : view->view.depends_on) AddRelation(oid, txn::LockMode::kAccessShare);
  } else if (const auto* drop = statement.Get<sql::BoundDrop>()) {
    for (const Oid oid : drop->relations) AddRelation(oid, txn::LockMode::kAccessExclusive);
    for (const sql::BoundDrop::Default& gone : drop->defaults) {
      AddRelation(gone.table, txn::LockMode::kAccessExclusive);
    }
  } else if (const auto* alter = statement.Get<sql::BoundAlterTable>()) {
    Add(alter->table.get(), txn::LockMode::kAccessExclusive);
  } else if (const auto* truncate = statement.Get<sql::BoundTruncate>()) {
    for (const auto& table : truncate->tables) Add(table.get(), txn::LockMode::kAccessExclusive);
  } else {
    return statement.Get<sql::BoundCreateTable>() != nullptr ||
           statement.Get<sql::BoundCreateSchema>() != nullptr ||
           statement.Get<sql::BoundCreateSequence>() != nullptr ||
           statement.Get<sql::BoundAlterSequence>() != nullptr ||
           statement.Get<sql::BoundAlterSchema>() != nullptr;
  }
  return true;
}

}  // namespace

std::vector<RelationLock> LocksOfRelations(const catalog::CatalogSnapshot& catalog,
                                           const std::vector<Oid>& relations,
                                           const catalog::TableEntry* written) {
  StatementLockList list(catalog);
  for (const Oid oid : relations) {
    const bool writes = written != nullptr && written->oid == oid;
    list.Add(catalog.FindTable(oid).get(),
             writes ? txn::LockMode::kRowExclusive : txn::LockMode::kAccessShare);
  }
  return list.Take();
}

std::vector<RelationLock> LocksOfQuery(const catalog::CatalogSnapshot& catalog,
                                       const sql::BoundQuery& query) {
  const catalog::TableEntry* written = nullptr;
  if (query.plan != nullptr) {
    if (const auto* insert = query.plan->As<sql::LogicalInsert>()) written = insert->table.get();
    if (const auto* update = query.plan->As<sql::LogicalUpdate>()) written = update->table.get();
    if (const auto* remove = query.plan->As<sql::LogicalDelete>()) written = remove->table.get();
  }
  return LocksOfRelations(catalog, query.relations, written);
}

std::vector<RelationLock> LocksOfUtility(const catalog::CatalogSnapshot& catalog,
                                         const std::shared_ptr<txn::TableLock>& ddl_lock,
                                         const sql::BoundStatement& statement) {
  StatementLockList list(catalog);
  if (const auto* copy = statement.Get<sql::BoundCopy>()) {
    if (copy->is_from) {
      list.Add(copy->table.get(), txn::LockMode::kRowExclusive);
    } else {
      list.AddQuery(copy->query);
    }
  } else if (const auto* explain = statement.Get<sql::BoundExplain>()) {
    const auto* query = explain->statement->Get<sql::BoundQuery>();
    if (query != nullptr) list.AddQuery(*query);
  } else if (list.AddDefinition(statement)) {
    list.Push({ddl_lock, txn::LockMode::kAccessExclusive});
  }
  return list.Take();
}

}  // namespace driftdb::api
