// IndexScanSource: rows through an index, in key order: point lookups and ranges.
// Invariants: (IDX-1) a candidate counts when the row version that the snapshot sees carries
// exactly the entry's key, so stale entries neither add nor repeat rows. Threads: one worker.
#ifndef DRIFTDB_EXEC_SCAN_INDEX_SCAN_SOURCE_H_
#define DRIFTDB_EXEC_SCAN_INDEX_SCAN_SOURCE_H_

#include <memory>
#include <string>
#include <vector>

#include "exec/operator.h"
#include "sql/plan/physical_plan.h"
#include "storage/btree/index.h"
#include "types/key_encoding.h"

namespace driftdb::exec {

// Makes keys of an index of a table entry.
KeyEncoder MakeIndexEncoder(const catalog::TableEntry& table, const catalog::IndexEntry& index);

class IndexScanSource final : public Source {
 public:
  IndexScanSource(const sql::PhysicalIndexScan* plan, uint32_t node_id)
      : plan_(plan), node_id_(node_id) {}
  Status Prepare(QueryContext* context) override;
  Result<std::unique_ptr<LocalState>> MakeLocal() override;
  Result<bool> Next(LocalState* local, Chunk* chunk) override;

 private:
  struct Local;
  Status MakeRange();
  Result<bool> FillBatch(Local* local);

  const sql::PhysicalIndexScan* const plan_;
  const uint32_t node_id_;
  QueryContext* context_ = nullptr;
  KeyEncoder encoder_;
  std::vector<uint32_t>
      fetch_ordinals_;  // storage ordinals: plan columns, then missing key columns
  std::vector<LogicalType> fetch_types_;
  std::vector<size_t> key_positions_;  // of the key columns in the fetched columns
  std::string low_, high_;
  storage::KeyRange range_;
  bool empty_ = false;  // a bound is NULL: no row
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_SCAN_INDEX_SCAN_SOURCE_H_
