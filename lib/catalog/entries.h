// Catalog entries: what the binder, the planner and the executor know of schemas, tables, indexes,
// views and sequences. Plain immutable data, built from rows of the system tables
// (catalog/system_tables.h). Ownership: shared_ptr<const ...>; a plan that holds an entry keeps it
// and its storage alive after a DROP. Threads: immutable, so free to share. `data` members are the
// live storage, themselves thread safe. Foreseen: owner, ACL and policy columns exist from the
// first format (operations.md section 6, item 8).
#ifndef DRIFTDB_CATALOG_ENTRIES_H_
#define DRIFTDB_CATALOG_ENTRIES_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "types/ids.h"
#include "types/logical_type.h"

namespace driftdb::storage {
class Table;
class Index;
}  // namespace driftdb::storage

namespace driftdb::txn {
struct TableTarget;
class TableLock;
}  // namespace driftdb::txn

namespace driftdb::catalog {

class SequenceState;

// Privileges as bits; PostgreSQL's letters in aclitem order: a r w d D x t X U C c T.
enum Privilege : uint32_t {
  kPrivilegeInsert = 1u << 0,
  kPrivilegeSelect = 1u << 1,
  kPrivilegeUpdate = 1u << 2,
  kPrivilegeDelete = 1u << 3,
  kPrivilegeTruncate = 1u << 4,
  kPrivilegeReferences = 1u << 5,
  kPrivilegeTrigger = 1u << 6,
  kPrivilegeExecute = 1u << 7,
  kPrivilegeUsage = 1u << 8,
  kPrivilegeCreate = 1u << 9,
  kPrivilegeConnect = 1u << 10,
  kPrivilegeTemporary = 1u << 11,
};

struct AclItem {
  Oid grantee;  // 0 = PUBLIC
  Oid grantor;
  uint32_t privileges = 0;
  uint32_t grant_options = 0;
};
// Absent ACL (empty and `acl_default`) means: the owner has everything, PUBLIC the type's default.
struct ObjectSecurity {
  Oid owner;
  bool acl_default = true;
  std::vector<AclItem> acl;
};

struct SchemaEntry {
  Oid oid;
  std::string name;
  ObjectSecurity security;
};

struct ColumnEntry {
  ColumnId id;  // never reused within the table (C25); 1 for the first
  std::string name;
  LogicalType type;
  bool not_null = false;
  uint32_t storage_ordinal = 0;  // tables: position within the storage generation's schema
  std::string default_sql;       // deparsed expression, empty: none
  ObjectSecurity security;       // column grants
};

enum class ConstraintType : uint8_t { kPrimaryKey, kUnique, kCheck };

struct ConstraintEntry {
  Oid oid;
  ConstraintType type = ConstraintType::kCheck;
  std::string name;
  std::vector<uint32_t> columns;  // ordinals into TableEntry::columns
  std::string check_sql;          // kCheck: deparsed expression over the table's columns
  Oid index;                      // kPrimaryKey, kUnique: the index that enforces it
};

struct IndexColumn {
  uint32_t column = 0;  // ordinal into TableEntry::columns
  bool descending = false;
  bool nulls_first = false;
};

struct IndexEntry {
  Oid oid;
  Oid schema;
  Oid table;
  std::string name;
  bool unique = false;
  bool primary = false;
  std::vector<IndexColumn> columns;
  StorageId storage;
  std::shared_ptr<storage::Index> data;
};

struct TableEntry {
  Oid oid;
  Oid schema;
  std::string schema_name;
  std::string name;
  ObjectSecurity security;
  std::vector<ColumnEntry> columns;  // live columns, in order; ordinal = position here
  std::vector<ConstraintEntry> constraints;
  std::vector<std::shared_ptr<const IndexEntry>> indexes;
  bool is_system = false;
  bool row_security = false;
  bool force_row_security = false;
  uint32_t schema_version = 1;
  uint32_t next_column_id = 1;
  StorageId storage;
  std::shared_ptr<storage::Table> data;
  // The same storage with its indexes, for writers; and the lock that keeps DDL and statements
  // apart.
  std::shared_ptr<const txn::TableTarget> target;
  std::shared_ptr<txn::TableLock> lock;

  // Ordinal of a column by name, or -1.
  int FindColumn(std::string_view column) const;
  const ConstraintEntry* primary_key() const;
};

struct ViewEntry {
  Oid oid;
  Oid schema;
  std::string schema_name;
  std::string name;
  ObjectSecurity security;
  std::string query_sql;  // deparsed SELECT, names schema-qualified as at creation
  std::vector<ColumnEntry> columns;
  std::vector<Oid> depends_on;  // tables, views and sequences used
};

struct SequenceEntry {
  Oid oid;
  Oid schema;
  std::string schema_name;
  std::string name;
  ObjectSecurity security;
  LogicalType type = TypeId::kInt64;
  int64_t start = 1, increment = 1, min_value = 1, max_value = INT64_MAX;
  int64_t cache = 1;
  bool cycle = false;
  Oid owned_by_table;  // serial and identity columns: dropped with the table
  ColumnId owned_by_column;
  std::shared_ptr<SequenceState> state;
};

struct RoleEntry {
  Oid oid;
  std::string name;
  bool superuser = false, inherit = true, create_role = false, create_db = false, can_login = false,
       replication = false, bypass_rls = false;
  int32_t connection_limit = -1;
};

}  // namespace driftdb::catalog

#endif  // DRIFTDB_CATALOG_ENTRIES_H_
