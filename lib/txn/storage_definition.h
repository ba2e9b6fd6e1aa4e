// Definitions of tables and indexes as the storage engine stores them, in checkpoint roots and redo
// records. Shape (docs/internals/file_format.md, "Storage definitions"): a table is its columns
// {id, packed type, flags, missing value}; an index its table, uniqueness and key columns {ordinal,
// flags}. Errors: DataLoss for bytes that are no definition.
#ifndef DRIFTDB_TXN_STORAGE_DEFINITION_H_
#define DRIFTDB_TXN_STORAGE_DEFINITION_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/coding.h"
#include "base/status.h"
#include "storage/table/table_schema.h"
#include "types/key_encoding.h"

namespace driftdb::txn {

struct IndexDefinition {
  struct Column {
    uint32_t ordinal = 0;  // storage ordinal
    bool descending = false;
    bool nulls_first = false;
  };
  bool unique = false;
  std::vector<Column> columns;

  // REQUIRES: ordinals exist in `schema`.
  KeyEncoder MakeEncoder(const storage::TableSchema& schema) const;
};

std::string EncodeTableSchema(const storage::TableSchema& schema);
Result<storage::TableSchema> DecodeTableSchema(std::string_view bytes);
std::string EncodeIndexDefinition(const IndexDefinition& definition);
Result<IndexDefinition> DecodeIndexDefinition(std::string_view bytes);

}  // namespace driftdb::txn

#endif  // DRIFTDB_TXN_STORAGE_DEFINITION_H_
