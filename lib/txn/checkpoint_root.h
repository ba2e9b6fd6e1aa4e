// CheckpointRoot: what a superblock's root extent holds: all storages as of one commit, sequences
// and counters. Shape (docs/internals/file_format.md, "Checkpoint root"): version, counters, then
// one section per table {id, schema, directory}, per index {id, table, definition, components}, per
// sequence {oid, value, called}. Errors: DataLoss.
#ifndef DRIFTDB_TXN_CHECKPOINT_ROOT_H_
#define DRIFTDB_TXN_CHECKPOINT_ROOT_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "txn/storage_registry.h"

namespace driftdb::txn {

struct CheckpointRoot {
  struct TableSection {
    StorageId id;
    CommitSeq created;
    std::string schema;
    std::string directory;
  };
  struct IndexSection {
    StorageId id;
    StorageId table;
    CommitSeq created;
    std::string definition;
    std::string components;
  };
  uint64_t txid_generation = 1;
  uint64_t catalog_version = 0;
  uint32_t next_storage_id = 1;
  std::vector<TableSection> tables;
  std::vector<IndexSection> indexes;
  std::map<Oid, SequenceCounter> sequences;

  std::string Encode() const;
  static Result<CheckpointRoot> Decode(std::string_view bytes);
};

}  // namespace driftdb::txn

#endif  // DRIFTDB_TXN_CHECKPOINT_ROOT_H_
