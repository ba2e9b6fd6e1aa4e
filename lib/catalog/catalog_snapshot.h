// CatalogSnapshot: all entries as of one catalog version; what a statement binds against.
// A transaction that changed the catalog binds against its own private snapshot until it commits.
// Invariants: (CAT-1) immutable once published; (CAT-2) version grows with every committed DDL and
// is part of every plan cache key; (CAT-3) relations (tables, views, indexes, sequences) of one
// schema share one name space. Threads: immutable, share freely.
#ifndef DRIFTDB_CATALOG_CATALOG_SNAPSHOT_H_
#define DRIFTDB_CATALOG_CATALOG_SNAPSHOT_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "catalog/entries.h"

namespace driftdb::catalog {

using RelationEntry =
    std::variant<std::monostate, std::shared_ptr<const TableEntry>,
                 std::shared_ptr<const ViewEntry>, std::shared_ptr<const IndexEntry>,
                 std::shared_ptr<const SequenceEntry>>;

class CatalogSnapshot {
 public:
  uint64_t version() const { return version_; }
  void set_version(uint64_t version) { version_ = version; }

  const SchemaEntry* FindSchema(std::string_view name) const;
  const SchemaEntry* FindSchema(Oid oid) const;
  // By schema and name; monostate when there is none.
  RelationEntry FindRelation(Oid schema, std::string_view name) const;
  RelationEntry FindRelation(Oid oid) const;
  std::shared_ptr<const TableEntry> FindTable(Oid oid) const;
  const RoleEntry* FindRole(std::string_view name) const;
  const RoleEntry* FindRole(Oid oid) const;

  const std::map<Oid, std::shared_ptr<const SchemaEntry>>& schemas() const { return schemas_; }
  const std::map<Oid, RelationEntry>& relations() const { return relations_; }
  const std::map<Oid, std::shared_ptr<const RoleEntry>>& roles() const { return roles_; }

  // Building; only before the snapshot is shared (CAT-1). Put replaces an entry of the same oid.
  void PutSchema(std::shared_ptr<const SchemaEntry> schema);
  void PutRelation(RelationEntry relation);
  void PutRole(std::shared_ptr<const RoleEntry> role);
  void EraseSchema(Oid oid);
  void EraseRelation(Oid oid);

 private:
  uint64_t version_ = 0;
  std::map<Oid, std::shared_ptr<const SchemaEntry>> schemas_;
  std::map<Oid, RelationEntry> relations_;
  std::map<std::pair<Oid, std::string>, Oid, std::less<>> relation_names_;
  std::map<Oid, std::shared_ptr<const RoleEntry>> roles_;
};

Oid RelationOid(const RelationEntry& relation);
Oid RelationSchema(const RelationEntry& relation);
const std::string& RelationName(const RelationEntry& relation);

}  // namespace driftdb::catalog

#endif  // DRIFTDB_CATALOG_CATALOG_SNAPSHOT_H_
