// System tables: the catalog as MVCC rows, so that DDL is transactional, logged, replicated and
// time-travelled like data (operations.md section 6, items 7 and 8). Shape: fixed StorageIds from
// 1, fixed columns, no indexes (they are small and read once at open; lookups go to
// CatalogSnapshot). Columns for roles, policies and ACLs exist from the first format. Oids are
// int64 columns. Invariants: (SYS-1) ids and column order never change within a format version;
// additions go to the end.
#ifndef DRIFTDB_CATALOG_SYSTEM_TABLES_H_
#define DRIFTDB_CATALOG_SYSTEM_TABLES_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "storage/table/table_schema.h"
#include "types/ids.h"
#include "types/logical_type.h"

namespace driftdb::catalog {

enum class SystemTable : uint32_t {
  kSchema = 1,
  kRelation,
  kColumn,
  kConstraint,
  kIndex,
  kView,
  kSequence,
  kRole,
  kMember,
  kPolicy,
  kSetting,
  kDefaultAcl,
};
inline constexpr uint32_t kSystemTableCount = static_cast<uint32_t>(SystemTable::kDefaultAcl);
// User storages start above; room for further system tables.
inline constexpr uint32_t kFirstUserStorage = 100;

struct SystemColumn {
  std::string_view name;
  TypeId type;
};
struct SystemTableDefinition {
  SystemTable table;
  std::string_view name;
  std::vector<SystemColumn> columns;
  storage::TableSchema MakeSchema() const;
};
// In order of SystemTable.
const std::vector<SystemTableDefinition>& SystemTables();
inline StorageId SystemStorage(SystemTable table) {
  return StorageId(static_cast<uint32_t>(table));
}

// Well-known oids, PostgreSQL's where it has them.
inline constexpr Oid kBootstrapRole{10};
inline constexpr Oid kCatalogSchema{11};  // pg_catalog
inline constexpr Oid kPublicSchema{2200};
inline constexpr Oid kInformationSchema{13000};
// The counter that hands out oids, kept among the sequences.
inline constexpr Oid kOidCounter{1};

}  // namespace driftdb::catalog

#endif  // DRIFTDB_CATALOG_SYSTEM_TABLES_H_
