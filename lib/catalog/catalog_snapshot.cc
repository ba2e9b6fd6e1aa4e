#include "catalog/catalog_snapshot.h"

#include <utility>

#include "base/check.h"

namespace driftdb::catalog {

namespace {

const std::string kCatalogNoName;

}  // namespace

Oid RelationOid(const RelationEntry& relation) {
  return std::visit(
      [](const auto& entry) {
        if constexpr (std::is_same_v<std::decay_t<decltype(entry)>, std::monostate>) {
          return kInvalidOid;
        } else {
          return entry->oid;
        }
      },
      relation);
}

Oid RelationSchema(const RelationEntry& relation) {
  return std::visit(
      [](const auto& entry) {
        if constexpr (std::is_same_v<std::decay_t<decltype(entry)>, std::monostate>) {
          return kInvalidOid;
        } else {
          return entry->schema;
        }
      },
      relation);
}

const std::string& RelationName(const RelationEntry& relation) {
  return std::visit(
      [](const auto& entry) -> const std::string& {
        if constexpr (std::is_same_v<std::decay_t<decltype(entry)>, std::monostate>) {
          return kCatalogNoName;
        } else {
          return entry->name;
        }
      },
      relation);
}

const SchemaEntry* CatalogSnapshot::FindSchema(std::string_view name) const {
  for (const auto& [oid, schema] : schemas_) {
    if (schema->name == name) return schema.get();
  }
  return nullptr;
}

const SchemaEntry* CatalogSnapshot::FindSchema(Oid oid) const {
  const auto it = schemas_.find(oid);
  return it == schemas_.end() ? nullptr : it->second.get();
}

RelationEntry CatalogSnapshot::FindRelation(Oid schema, std::string_view name) const {
  const auto it = relation_names_.find(std::pair<Oid, std::string>(schema, std::string(name)));
  if (it == relation_names_.end()) return {};
  return FindRelation(it->second);
}

RelationEntry CatalogSnapshot::FindRelation(Oid oid) const {
  const auto it = relations_.find(oid);
  return it == relations_.end() ? RelationEntry() : it->second;
}

std::shared_ptr<const TableEntry> CatalogSnapshot::FindTable(Oid oid) const {
  const RelationEntry relation = FindRelation(oid);
  const auto* table = std::get_if<std::shared_ptr<const TableEntry>>(&relation);
  return table == nullptr ? nullptr : *table;
}

const RoleEntry* CatalogSnapshot::FindRole(std::string_view name) const {
  for (const auto& [oid, role] : roles_) {
    if (role->name == name) return role.get();
  }
  return nullptr;
}

const RoleEntry* CatalogSnapshot::FindRole(Oid oid) const {
  const auto it = roles_.find(oid);
  return it == roles_.end() ? nullptr : it->second.get();
}

void CatalogSnapshot::PutSchema(std::shared_ptr<const SchemaEntry> schema) {
  schemas_[schema->oid] = std::move(schema);
}

void CatalogSnapshot::PutRelation(RelationEntry relation) {
  const Oid oid = RelationOid(relation);
  EraseRelation(oid);
  const auto [it, added] =
      relation_names_.emplace(std::pair(RelationSchema(relation), RelationName(relation)), oid);
  DRIFTDB_DCHECK(added);  // CAT-3: the caller has checked the name
  relations_[oid] = std::move(relation);
}

void CatalogSnapshot::PutRole(std::shared_ptr<const RoleEntry> role) {
  roles_[role->oid] = std::move(role);
}

void CatalogSnapshot::EraseSchema(Oid oid) { schemas_.erase(oid); }

void CatalogSnapshot::EraseRelation(Oid oid) {
  const auto it = relations_.find(oid);
  if (it == relations_.end()) return;
  const auto name =
      relation_names_.find(std::pair(RelationSchema(it->second), RelationName(it->second)));
  if (name != relation_names_.end() && name->second == oid) relation_names_.erase(name);
  relations_.erase(it);
}

}  // namespace driftdb::catalog
