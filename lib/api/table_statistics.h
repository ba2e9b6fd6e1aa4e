// TableStatisticsProvider: what the storage knows of tables, for the optimizer.
// Threads: one owner (a statement being compiled).
#ifndef DRIFTDB_API_TABLE_STATISTICS_H_
#define DRIFTDB_API_TABLE_STATISTICS_H_

#include <map>
#include <optional>
#include <vector>

#include "sql/plan/optimizer.h"
#include "types/chunk.h"
#include "types/ids.h"

namespace driftdb::api {

class TableStatisticsProvider final : public sql::StatisticsProvider {
 public:
  explicit TableStatisticsProvider(CommitSeq seq) { snapshot_.seq = seq; }
  bool TableStatistics(const catalog::TableEntry& table, sql::PlannerTableStatistics* out) override;
  std::optional<double> SampleSelectivity(const catalog::TableEntry& table,
                                          const std::vector<uint32_t>& ordinals,
                                          const std::vector<const expr::Expr*>& conjuncts) override;

 private:
  const std::vector<Chunk>* Sample(const catalog::TableEntry& table);
  Snapshot snapshot_;
  std::map<Oid, std::vector<Chunk>> samples_;
};

}  // namespace driftdb::api

#endif  // DRIFTDB_API_TABLE_STATISTICS_H_
