// StatementLocks: what a bound statement locks before its snapshot is taken: the tables it reads
// and writes, and for definitions the lock that keeps two transactions from changing the catalog at
// once. Taken first, and checked against the catalog again, so that nothing a statement was
// compiled from can change under it. Tables come before the catalog: who writes a table may define
// something later, and would else meet a DROP that has the catalog and waits for the table.
#ifndef DRIFTDB_API_STATEMENT_LOCKS_H_
#define DRIFTDB_API_STATEMENT_LOCKS_H_

#include <memory>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/catalog_snapshot.h"
#include "sql/bind/bound_statement.h"
#include "txn/table_lock.h"

namespace driftdb::api {

struct RelationLock {
  std::shared_ptr<txn::TableLock> lock;
  txn::LockMode mode = txn::LockMode::kAccessShare;
};

// Of `relations`; `written` (may be null) is the one a query changes.
std::vector<RelationLock> LocksOfRelations(const catalog::CatalogSnapshot& catalog,
                                           const std::vector<Oid>& relations,
                                           const catalog::TableEntry* written);
std::vector<RelationLock> LocksOfQuery(const catalog::CatalogSnapshot& catalog,
                                       const sql::BoundQuery& query);
// Of everything else; EXECUTE locks what its query does.
std::vector<RelationLock> LocksOfUtility(const catalog::CatalogSnapshot& catalog,
                                         const std::shared_ptr<txn::TableLock>& ddl_lock,
                                         const sql::BoundStatement& statement);

}  // namespace driftdb::api

#endif  // DRIFTDB_API_STATEMENT_LOCKS_H_
