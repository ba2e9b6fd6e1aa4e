// TableScanSource: the rows of a table that the snapshot sees and the filters pass, by all workers.
// Join filters arrive while the query runs (AddFilter) and are pushed into the storage scan.
// Threads: safe.
#ifndef DRIFTDB_EXEC_SCAN_TABLE_SCAN_SOURCE_H_
#define DRIFTDB_EXEC_SCAN_TABLE_SCAN_SOURCE_H_

#include <memory>
#include <vector>

#include "exec/operator.h"
#include "exec/scan/scan_filters.h"
#include "platform/mutex.h"
#include "sql/plan/physical_plan.h"
#include "storage/table/table_scan.h"

namespace driftdb::exec {

class TableScanSource final : public Source {
 public:
  // `plan` outlives the source.
  TableScanSource(const sql::PhysicalTableScan* plan, uint32_t node_id)
      : plan_(plan), node_id_(node_id) {}

  Status Prepare(QueryContext* context) override;
  size_t max_threads() const override;
  Result<std::unique_ptr<LocalState>> MakeLocal() override;
  Result<bool> Next(LocalState* local, Chunk* chunk) override;

  // Restricts column `column` (position in plan->columns) from now on.
  void AddFilter(uint32_t column, std::shared_ptr<const storage::ColumnPredicate> predicate);

 private:
  struct Local;
  uint32_t StorageOrdinal(uint32_t slot) const;

  const sql::PhysicalTableScan* const plan_;
  const uint32_t node_id_;
  QueryContext* context_ = nullptr;
  ScanFilters filters_;
  // Position in the storage scan's output of each plan slot.
  std::vector<size_t> slot_positions_;
  platform::Mutex mutex_;
  std::vector<storage::ScanPredicate> early_ DRIFTDB_GUARDED_BY(mutex_);  // before Prepare
  std::unique_ptr<storage::TableScan> scan_;
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_SCAN_TABLE_SCAN_SOURCE_H_
