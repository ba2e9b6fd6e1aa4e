// IndexChanges: the index entries a transaction has put, to be taken back by a rollback, latest
// first. Shape: a stack in blocks that never move, so that a large transaction grows without
// copying; a record is the key's bytes, padded, and an IndexPut behind them. Threads: one owner.
// Errors: Reserve: 53200. Everything after a successful Reserve cannot fail (C11).
#ifndef DRIFTDB_TXN_INDEX_CHANGES_H_
#define DRIFTDB_TXN_INDEX_CHANGES_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/memory.h"
#include "base/status.h"
#include "storage/btree/entry.h"
#include "types/ids.h"

namespace driftdb::storage {
class Index;
}  // namespace driftdb::storage

namespace driftdb::txn {

struct IndexPut {
  storage::Index* index = nullptr;
  RowId row;
  uint32_t key_bytes = 0;
  storage::EntryState previous = storage::EntryState::kNone;
};

class IndexChanges {
 public:
  explicit IndexChanges(MemoryAccountant* memory)
      : memory_(memory, "index changes of a transaction") {}

  // Makes room for one put with a key of `key_bytes`.
  Status Reserve(size_t key_bytes);
  // REQUIRES: room; put.key_bytes == key.size().
  void Push(const IndexPut& put, std::string_view key);
  // The latest one. REQUIRES: count() > 0.
  IndexPut last() const;
  std::string_view last_key() const;
  void Pop();
  uint64_t count() const { return count_; }
  // Forgets all; a small first block is kept for the next transaction.
  void Clear();

 private:
  struct Block {
    std::unique_ptr<char[]> bytes;
    size_t size = 0;
    size_t used = 0;
  };
  void DropLastBlock();

  MemoryReservation memory_;  // of all blocks but the first, which small transactions have
  std::vector<Block> blocks_;
  uint64_t count_ = 0;
};

}  // namespace driftdb::txn

#endif  // DRIFTDB_TXN_INDEX_CHANGES_H_
