// Reading the system tables into a CatalogSnapshot at open, and the coding of their packed columns.
// Errors: DataLoss when rows contradict each other or name storages that do not exist.
#ifndef DRIFTDB_CATALOG_CATALOG_LOADER_H_
#define DRIFTDB_CATALOG_CATALOG_LOADER_H_

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "catalog/catalog_snapshot.h"
#include "catalog/system_tables.h"
#include "txn/engine.h"
#include "types/value.h"

namespace driftdb::catalog {

struct CatalogContents {
  std::shared_ptr<CatalogSnapshot> snapshot;
  int64_t oid_max = 0;
};

Result<CatalogContents> LoadCatalog(txn::Engine* engine, CommitSeq seq);

// All rows of a system table that `snapshot` sees; row ids too when asked for.
Status ReadSystemTable(txn::Engine* engine, SystemTable table, const Snapshot& snapshot,
                       std::vector<std::vector<Value>>* rows, std::vector<RowId>* row_ids);

// ACLs, lists of oids and of {id, flags} pairs as bytes; NULL for a default ACL.
Value EncodeAcl(const ObjectSecurity& security);
Status DecodeAcl(const Value& value, ObjectSecurity* security);
std::string EncodeNumbers(const std::vector<uint64_t>& numbers);
Result<std::vector<uint64_t>> DecodeNumbers(const std::string& bytes);

}  // namespace driftdb::catalog

#endif  // DRIFTDB_CATALOG_CATALOG_LOADER_H_
