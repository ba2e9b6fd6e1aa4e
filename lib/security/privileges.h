// Privilege decisions: may a role do this to that object. Superusers and owners may everything;
// others what the object's ACL grants them or PUBLIC. Threads: functions without state.
#ifndef DRIFTDB_SECURITY_PRIVILEGES_H_
#define DRIFTDB_SECURITY_PRIVILEGES_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "catalog/catalog_snapshot.h"
#include "types/ids.h"

namespace driftdb::security {

// 42501 "permission denied for table x" unless `role` holds all of `privileges` on the object.
// `columns` (ordinals of a table) allow column grants to suffice; empty: the whole relation. An
// object that is gone is no error here.
Status CheckPrivilege(const catalog::CatalogSnapshot& catalog, Oid role, Oid object,
                      uint32_t privileges, const std::vector<uint32_t>& columns);
// 42501 "must be owner of table x".
Status CheckOwner(const catalog::CatalogSnapshot& catalog, Oid role, Oid object);
bool IsSuperuser(const catalog::CatalogSnapshot& catalog, Oid role);

}  // namespace driftdb::security

#endif  // DRIFTDB_SECURITY_PRIVILEGES_H_
