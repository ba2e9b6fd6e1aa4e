// TableTarget: a table as writers see it: its rows, its indexes, and how their keys are made.
// Built by the catalog for each version of a table, shared and immutable; holds the storage alive.
#ifndef DRIFTDB_TXN_TABLE_TARGET_H_
#define DRIFTDB_TXN_TABLE_TARGET_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "storage/btree/index.h"
#include "storage/table/table.h"
#include "types/ids.h"
#include "types/key_encoding.h"

namespace driftdb::txn {

struct IndexTarget {
  std::shared_ptr<storage::Index> index;
  StorageId storage;
  std::string name;
  bool unique = false;
  std::vector<uint32_t> columns;  // storage ordinals of the key columns
  std::vector<std::string> column_names;
  KeyEncoder encoder;
};

struct TableTarget {
  std::shared_ptr<storage::Table> table;
  StorageId storage;
  std::string name;
  std::vector<IndexTarget> indexes;
  int primary = -1;  // position in `indexes`, -1: no primary key
};

}  // namespace driftdb::txn

#endif  // DRIFTDB_TXN_TABLE_TARGET_H_
