// Plain data that the users of a Table exchange with it: environment, contexts, outcomes, row
// states.
#ifndef DRIFTDB_STORAGE_TABLE_TABLE_TYPES_H_
#define DRIFTDB_STORAGE_TABLE_TABLE_TYPES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "storage/mvcc/undo.h"
#include "storage/page/extent_store.h"
#include "types/ids.h"
#include "types/value.h"

namespace driftdb {
class MemoryAccountant;
}

namespace driftdb::storage {

class EpochManager;
class ExtentStore;
class TransactionTable;

// Rows per directory entry; group g holds rids [g << 17, (g + 1) << 17) (C16).
inline constexpr unsigned kGroupBits = 17;
inline constexpr uint64_t kGroupRows = uint64_t{1} << kGroupBits;
inline constexpr unsigned kChunkBits = 11;
inline constexpr uint32_t kChunkRows = 1u << kChunkBits;
inline constexpr uint32_t kGroupChunks = static_cast<uint32_t>(kGroupRows / kChunkRows);

// What all tables of a database share. All outlive the tables.
struct TableEnvironment {
  TransactionTable* transactions = nullptr;
  MemoryAccountant* memory = nullptr;
  EpochManager* epochs = nullptr;
  ExtentStore* extents = nullptr;
};

// Who writes: `snapshot` is that of the statement (for READ COMMITTED's second try on a row: the
// newer one); snapshot.txn and snapshot.statement number the changes (C14). `undo` belongs to
// snapshot.txn.
struct WriteContext {
  Snapshot snapshot;
  UndoLog* undo = nullptr;
};

// What became of an update, deletion or lock of one row. Nothing was changed unless kDone.
struct WriteOutcome {
  enum class Kind : uint8_t {
    kDone,
    kWait,          // `holder` is not 0: until that transaction ends; 0: until `seq` is published
    kChanged,       // the newest version, by commit `seq`, is newer than the snapshot
    kGone,          // deleted by commit `seq` (newer or older than the snapshot), or never there
    kSelfModified,  // this statement changed the row already: the second change is skipped
  };
  Kind kind = Kind::kDone;
  TxnId holder;
  CommitSeq seq;
  bool done() const { return kind == Kind::kDone; }
};

// Rows [0, done) succeeded; when done < count, `stop` says why row `done` did not, and the rest was
// not tried.
struct BatchOutcome {
  size_t done = 0;
  WriteOutcome stop;
};

// The newest version of a row, whoever wrote it; locks without change do not count.
struct RowState {
  enum class Kind : uint8_t {
    kAbsent,    // never filled, aborted, or dead
    kLive,      // committed by `seq`
    kDeleted,   // deleted by commit `seq`
    kInFlight,  // `holder` wrote it and has not ended; holder 0: committed by `seq`, not published
                // yet
    kMineLive,  // written by the asking transaction
    kMineDeleted,  // deleted by the asking transaction
  };
  Kind kind = Kind::kAbsent;
  TxnId holder;
  CommitSeq seq;
  UndoKind change = UndoKind::kInsert;  // kInFlight: what the holder did (insert, update, delete)
};

// One column of a sealed group: its segments in row order.
struct SealedColumn {
  ColumnId id;
  std::vector<ExtentRef> segments;
};

// A sealed group as directory entries and ATTACH_GROUP records name it.
struct GroupDescriptor {
  uint64_t group = 0;  // number: first rid >> kGroupBits
  uint32_t rows = 0;   // slots [0, rows) are filled
  std::vector<SealedColumn> columns;
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
