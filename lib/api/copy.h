// COPY FROM and COPY TO.
// COPY FROM reads blocks of whole records, parses them with all workers, checks constraints, and
// stores full groups as sealed segments straight away (BulkAppender, ATTACH_GROUP); what is left
// over, and small loads, go through ordinary inserts. Errors: 22P04 (wrong number of fields,
// quoting), the parsers' errors, each with the line, column and text; 58P01, 23xxx.
#ifndef DRIFTDB_API_COPY_H_
#define DRIFTDB_API_COPY_H_

#include "api/connection.h"
#include "base/status.h"
#include "exec/query_context.h"
#include "sql/bind/bound_statement.h"
#include "sql/plan/physical_plan.h"

namespace driftdb::api {

// Rows stored.
Result<int64_t> CopyFrom(Connection* connection, exec::QueryContext* context,
                         const sql::BoundCopy& copy);
// Rows written.
Result<int64_t> CopyTo(Connection* connection, exec::QueryContext* context,
                       const sql::BoundCopy& copy, const sql::PhysicalPlan& plan);

}  // namespace driftdb::api

#endif  // DRIFTDB_API_COPY_H_
