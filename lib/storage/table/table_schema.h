// TableSchema: the columns one storage generation stores, by ordinal.
// Shape: an append-only list: ADD COLUMN appends, DROP COLUMN marks; ordinals never shift while the
// generation lives (ALTER TYPE starts another one, C25). All of storage/table speaks in ordinals;
// ColumnIds are what files and log records name. Rows stored before a column was added read as its
// `missing` value (ADD COLUMN with a constant default is metadata only). Threads: immutable once
// shared.
#ifndef DRIFTDB_STORAGE_TABLE_TABLE_SCHEMA_H_
#define DRIFTDB_STORAGE_TABLE_TABLE_SCHEMA_H_

#include <cstdint>
#include <vector>

#include "types/ids.h"
#include "types/logical_type.h"
#include "types/value.h"

namespace driftdb::storage {

struct TableColumn {
  ColumnId id;
  LogicalType type;
  Value missing;  // what rows older than the column hold; NULL unless it was added with a default
  bool dropped = false;  // reads as NULL, is not stored any more
};

struct TableSchema {
  uint32_t version = 0;
  std::vector<TableColumn> columns;

  // Ordinal of column `id`, or -1.
  int Find(ColumnId id) const {
    for (size_t i = 0; i < columns.size(); ++i) {
      if (columns[i].id == id) return static_cast<int>(i);
    }
    return -1;
  }
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_TABLE_TABLE_SCHEMA_H_
