// TableScan and ScanCursor: all rows of a table that a snapshot sees, in parallel, vector by
// vector. Shape: the scan is cut into morsels (at most 16 vectors: 32,768 rids); each worker has a
// ScanCursor which takes morsels and yields chunks of up to kVectorRows rows, in rid order within a
// morsel. Columns are zero-copy where possible: vectors refer to pinned hot chunks or to decoded
// segments and stay valid and unchanged as long as anything holds them (C15). Rows that the
// snapshot does not see, or that fail a predicate, are outside the chunk's selection. Predicates
// are applied exactly: every row of the output passes them. Threads: TableScan is safe; a
// ScanCursor belongs to one thread at a time. Table, scan and snapshot outlive the cursors. Errors:
// DataLoss, 58030, 53200.
#ifndef DRIFTDB_STORAGE_TABLE_TABLE_SCAN_H_
#define DRIFTDB_STORAGE_TABLE_TABLE_SCAN_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/status.h"
#include "platform/mutex.h"
#include "storage/table/table.h"
#include "types/chunk.h"

namespace driftdb::storage {

struct ColumnPredicate;

struct ScanPredicate {
  uint32_t column = 0;  // ordinal; need not be projected
  std::shared_ptr<const ColumnPredicate> predicate;
};

struct ScanOptions {
  Snapshot snapshot;
  std::vector<uint32_t> columns;  // ordinals, in output order
  bool row_ids = false;           // appends an int64 column of row ids
  std::vector<ScanPredicate> predicates;
  // Restricts the scan to rids [first, end).
  RowId first{0};
  RowId end{kRowIdMax};
};

class TableScan {
 public:
  TableScan(Table* table, ScanOptions options);

  Table* table() const { return table_; }
  const ScanOptions& options() const { return options_; }
  // Types of the output columns.
  std::vector<LogicalType> types() const;
  // Adds a filter while the scan runs (join filters): applies to vectors begun after the call.
  void AddPredicate(ScanPredicate predicate);
  // Upper bound of morsels left, for choosing a degree of parallelism.
  uint64_t morsel_count() const;

 private:
  friend class ScanCursor;
  struct Morsel {
    uint64_t first = 0;  // rids
    uint64_t end = 0;
  };
  bool NextMorsel(Morsel* morsel);

  Table* const table_;
  const ScanOptions options_;
  const TableSchema* const schema_;
  uint64_t end_rid_ = 0;
  uint64_t morsel_rows_ = 0;
  std::atomic<uint64_t> next_rid_{0};
  std::atomic<uint32_t> added_count_{0};
  platform::Mutex mutex_;
  std::vector<ScanPredicate> added_ DRIFTDB_GUARDED_BY(mutex_);
};

class ScanCursor {
 public:
  explicit ScanCursor(TableScan* scan);
  ~ScanCursor();
  ScanCursor(const ScanCursor&) = delete;
  ScanCursor& operator=(const ScanCursor&) = delete;
  // Fills `chunk` (columns are replaced) with the next rows; false at the end of the scan. Never
  // yields a chunk without alive rows.
  Result<bool> Next(Chunk* chunk);

 private:
  struct State;
  struct PatchRows;
  // Rows [rid, end) of one vector; false: nothing to yield.
  Result<bool> ScanVector(uint64_t rid, uint64_t end, Chunk* chunk);
  Result<bool> ScanHot(HotChunk* hot, uint64_t end, Chunk* chunk);
  Result<bool> ScanSealed(SealedGroup* group, uint32_t vector, Chunk* chunk);
  void RefreshPredicates();
  Status OpenColumn(SealedGroup* group, uint32_t vector, size_t place);
  Status FilterBase(SealedGroup* group, uint32_t vector, uint32_t rows);
  Status CollectPatches(SealedGroup* group, uint32_t vector, PatchRows* patches);
  Status FilterPatches(PatchRows* patches);
  Status ReadColumns(SealedGroup* group, uint32_t vector, const PatchRows& patches, Chunk* chunk);
  void Emit(uint64_t first_rid, uint32_t rows, Chunk* chunk);

  TableScan* const scan_;
  std::unique_ptr<State> state_;
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_TABLE_TABLE_SCAN_H_
