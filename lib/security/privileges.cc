#include "security/privileges.h"

#include <string>

#include "base/error.h"

namespace driftdb::security {

namespace {

// An object as privileges see it.
struct PrivilegeObject {
  const catalog::ObjectSecurity* security = nullptr;
  const catalog::TableEntry* table = nullptr;
  std::string_view kind;
  std::string_view name;
  uint32_t public_default = 0;  // what PUBLIC has without an ACL
};

PrivilegeObject PrivilegeFind(const catalog::CatalogSnapshot& catalog, Oid oid) {
  PrivilegeObject object;
  if (const catalog::SchemaEntry* schema = catalog.FindSchema(oid)) {
    object.security = &schema->security;
    object.kind = "schema";
    object.name = schema->name;
    object.public_default = catalog::kPrivilegeUsage;
    return object;
  }
  const catalog::RelationEntry relation = catalog.FindRelation(oid);
  if (const auto* table = std::get_if<std::shared_ptr<const catalog::TableEntry>>(&relation)) {
    object.security = &(*table)->security;
    object.table = table->get();
    object.kind = "table";
    object.name = (*table)->name;
    if ((*table)->is_system) object.public_default = catalog::kPrivilegeSelect;
  } else if (const auto* view = std::get_if<std::shared_ptr<const catalog::ViewEntry>>(&relation)) {
    object.security = &(*view)->security;
    object.kind = "view";
    object.name = (*view)->name;
  } else if (const auto* sequence =
                 std::get_if<std::shared_ptr<const catalog::SequenceEntry>>(&relation)) {
    object.security = &(*sequence)->security;
    object.kind = "sequence";
    object.name = (*sequence)->name;
  } else if (const auto* index =
                 std::get_if<std::shared_ptr<const catalog::IndexEntry>>(&relation)) {
    PrivilegeObject of_table = PrivilegeFind(catalog, (*index)->table);
    of_table.kind = "index";
    of_table.name = (*index)->name;
    return of_table;
  }
  return object;
}

uint32_t PrivilegeGranted(const catalog::ObjectSecurity& security, Oid role,
                          uint32_t public_default) {
  if (security.acl_default) return public_default;
  uint32_t granted = 0;
  for (const catalog::AclItem& item : security.acl) {
    if (item.grantee == kInvalidOid || item.grantee == role) granted |= item.privileges;
  }
  return granted;
}

}  // namespace

bool IsSuperuser(const catalog::CatalogSnapshot& catalog, Oid role) {
  const catalog::RoleEntry* entry = catalog.FindRole(role);
  return entry != nullptr && entry->superuser;
}

Status CheckPrivilege(const catalog::CatalogSnapshot& catalog, Oid role, Oid object_oid,
                      uint32_t privileges, const std::vector<uint32_t>& columns) {
  if (IsSuperuser(catalog, role)) return OkStatus();
  const PrivilegeObject object = PrivilegeFind(catalog, object_oid);
  if (object.security == nullptr || object.security->owner == role) return OkStatus();
  const uint32_t missing =
      privileges & ~PrivilegeGranted(*object.security, role, object.public_default);
  if (missing == 0) return OkStatus();
  bool by_columns = object.table != nullptr && !columns.empty();
  for (const uint32_t column : columns) {
    if (!by_columns) break;
    by_columns =
        column < object.table->columns.size() &&
        (missing & ~PrivilegeGranted(object.table->columns[column].security, role, 0)) == 0;
  }
  if (by_columns) return OkStatus();
  return Error(sqlstate::kInsufficientPrivilege, "permission denied for {} {}", object.kind,
               object.name);
}

Status CheckOwner(const catalog::CatalogSnapshot& catalog, Oid role, Oid object_oid) {
  if (IsSuperuser(catalog, role)) return OkStatus();
  const PrivilegeObject object = PrivilegeFind(catalog, object_oid);
  if (object.security == nullptr || object.security->owner == role) return OkStatus();
  return Error(sqlstate::kInsufficientPrivilege, "must be owner of {} {}", object.kind,
               object.name);
}

}  // namespace driftdb::security
