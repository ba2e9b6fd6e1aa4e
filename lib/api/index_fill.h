// Filling indexes from tables: CREATE INDEX over existing rows, and the index part of bulk loads.
// Shape: a scan of the rows that the transaction sees feeds a BulkIndexBuilder; the finished run is
// attached as pending, named in the redo (ATTACH_RUN), and becomes committed with the transaction.
// Memory: within the budget, whatever the table's size (the builder spills).
// Errors: 23505 naming the index and the key, 53100, 53200, 54000.
#ifndef DRIFTDB_API_INDEX_FILL_H_
#define DRIFTDB_API_INDEX_FILL_H_

#include "api/connection.h"
#include "base/status.h"
#include "catalog/entries.h"
#include "exec/query_context.h"
#include "types/ids.h"

namespace driftdb::api {

// All rows of the table.
Status BuildIndex(Connection* connection, exec::QueryContext* context,
                  const catalog::TableEntry& table, const catalog::IndexEntry& index);
// Only the rows with rids in [first, end): what a bulk load has added.
Status BuildIndexRange(Connection* connection, exec::QueryContext* context,
                       const catalog::TableEntry& table, const catalog::IndexEntry& index,
                       RowId first, RowId end);

}  // namespace driftdb::api

#endif  // DRIFTDB_API_INDEX_FILL_H_
