// Plain data that the users of a Table exchange with it: environment, contexts, outcomes, row
// states.
#ifndef DRIFTDB_STORAGE_TABLE_TABLE_TYPES_H_
#define DRIFTDB_STORAGE_TABLE_TABLE_TYPES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "storage/column/segment.h"
#include "storage/mvcc/undo.h"
#include "storage/mvcc/version_chain.h"
#include "storage/page/extent_store.h"
#include "types/ids.h"
#include "types/value.h"

namespace driftdb {
class MemoryAccountant;
}

namespace driftdb::storage {

class EpochManager;
class ExtentStore;
class SegmentCache;
class TransactionTable;

// Rows per directory entry; group g holds rids [g << 17, (g + 1) << 17) (C16).
inline constexpr unsigned kGroupBits = 17;
static_assert(kGroupRows == 1u << kGroupBits);
inline constexpr unsigned kChunkBits = 11;
inline constexpr uint32_t kChunkRows = 1u << kChunkBits;
inline constexpr uint32_t kGroupChunks = static_cast<uint32_t>(kGroupRows / kChunkRows);

// What all tables of a database share. All outlive the tables.
struct TableEnvironment {
  TransactionTable* transactions = nullptr;
  MemoryAccountant* memory = nullptr;
  EpochManager* epochs = nullptr;
  ExtentStore* extents = nullptr;
  SegmentCache* segments = nullptr;  // null: each table has its own
};

// Who writes: `snapshot` is that of the statement (for READ COMMITTED's second try on a row: the
// newer one); snapshot.txn and snapshot.statement number the changes (C14). `undo` belongs to
// snapshot.txn.
struct WriteContext {
  Snapshot snapshot;
  UndoLog* undo = nullptr;
};

// Rows [0, done) succeeded; when done < count, `stop` says why row `done` did not, and the rest was
// not tried.
struct BatchOutcome {
  size_t done = 0;
  WriteOutcome stop;
};

// One column of a sealed group: its segments in row order.
struct SealedColumn {
  ColumnId id;
  LogicalType type;
  std::vector<SegmentMeta> segments;
  ZoneMap zone;           // of all rows
  uint64_t distinct = 0;  // estimate
};

// A sealed group as directory entries and ATTACH_GROUP records name it.
struct GroupDescriptor {
  uint64_t group = 0;  // number: first rid >> kGroupBits
  uint32_t rows = 0;   // slots [0, rows) are stored
  // Bit set: a dead slot (deleted, aborted or never filled before the group was sealed). Empty:
  // none.
  std::vector<uint64_t> dead;
  std::vector<SealedColumn> columns;
  // All segments and value extents.
  std::vector<ExtentRef> Extents() const;
  std::string Encode() const;
  static Result<GroupDescriptor> Decode(std::string_view bytes);
};

// Cheap facts for the optimizer.
struct ColumnStatistics {
  bool known = false;  // min and max are bounds (of sealed groups and hot chunks seen)
  Value min, max;
  uint64_t distinct = 0;  // estimate, 0 = unknown
  double null_fraction = 0;
};
struct TableStatistics {
  uint64_t rows = 0;  // committed, estimated
  uint64_t bytes = 0;
  std::vector<ColumnStatistics> columns;  // by ordinal
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_TABLE_TABLE_TYPES_H_
