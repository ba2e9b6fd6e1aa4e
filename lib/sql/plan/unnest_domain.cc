// Decorrelation with a domain.
#include "base/error.h"
#include "sql/plan/unnest.h"

namespace driftdb::sql {

Status Unnester::JoinWithDomain(LogicalPtr& join) {
  return Error(sqlstate::kFeatureNotSupported, "this form of correlated subquery is not supported");
}

}  // namespace driftdb::sql
