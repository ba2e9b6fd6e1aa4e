#include "api/table_statistics.h"

#include <algorithm>
#include <utility>

#include "expr/evaluator.h"
#include "storage/table/table.h"

namespace driftdb::api {

namespace {

constexpr size_t kStatisticsSampleRows = 4096;
constexpr uint64_t kStatisticsSampleMin = 8192;  // below, estimates do not matter

}  // namespace

bool TableStatisticsProvider::TableStatistics(const catalog::TableEntry& table,
                                              sql::PlannerTableStatistics* out) {
  const auto statistics = table.data->Statistics();
  if (!statistics.ok()) return false;
  out->rows = static_cast<double>(statistics->rows);
  out->columns.clear();
  // Segments count distinct values; a table without any is asked for a sample.
  std::vector<uint64_t> sampled;
  const auto counted = [](const storage::ColumnStatistics& c) { return c.distinct > 0; };
  if (statistics->rows > 0 &&
      std::none_of(statistics->columns.begin(), statistics->columns.end(), counted)) {
    auto distinct = table.data->SampledDistinct(snapshot_);
    if (distinct.ok()) sampled = std::move(*distinct);
  }
  for (const catalog::ColumnEntry& column : table.columns) {
    sql::PlannerColumnStatistics planner;
    if (column.storage_ordinal < statistics->columns.size()) {
      const storage::ColumnStatistics& stored = statistics->columns[column.storage_ordinal];
      planner.known = stored.known;
      planner.min = stored.min;
      planner.max = stored.max;
      planner.distinct = static_cast<double>(stored.distinct);
      planner.null_fraction = stored.null_fraction;
      if (column.storage_ordinal < sampled.size()) {
        planner.distinct = static_cast<double>(sampled[column.storage_ordinal]);
      }
    }
    out->columns.push_back(std::move(planner));
  }
  return true;
}

const std::vector<Chunk>* TableStatisticsProvider::Sample(const catalog::TableEntry& table) {
  const auto it = samples_.find(table.oid);
  if (it != samples_.end()) return &it->second;
  std::vector<Chunk> chunks;
  if (table.data->approximate_rows() >= kStatisticsSampleMin) {
    // The seed is fixed: the same query gets the same plan.
    Status status = table.data->SampleRows(snapshot_, kStatisticsSampleRows, 1, &chunks);
    if (!status.ok()) chunks.clear();
  }
  return &samples_.emplace(table.oid, std::move(chunks)).first->second;
}

std::optional<double> TableStatisticsProvider::SampleSelectivity(
    const catalog::TableEntry& table, const std::vector<uint32_t>& ordinals,
    const std::vector<const expr::Expr*>& conjuncts) {
  for (const expr::Expr* conjunct : conjuncts) {
    if (expr::ContainsKind(*conjunct, expr::ExprKind::kParameter) || expr::IsVolatile(*conjunct)) {
      return std::nullopt;
    }
  }
  const std::vector<Chunk>* sample = Sample(table);
  size_t rows = 0;
  size_t passed = 0;
  for (const Chunk& whole : *sample) {
    Chunk chunk;
    for (const uint32_t ordinal : ordinals) {
      chunk.columns().push_back(whole.column(table.columns[ordinal].storage_ordinal));
    }
    chunk.set_row_count(whole.row_count());
    chunk.set_selection(whole.shared_selection());
    rows += chunk.size();
    for (const expr::Expr* conjunct : conjuncts) {
      auto compiled = expr::CompiledExpr::Compile(*conjunct, nullptr);
      if (!compiled.ok()) return std::nullopt;
      auto passing = std::make_shared<Selection>();
      if (!compiled->Filter(chunk, passing.get()).ok()) return std::nullopt;
      chunk.set_selection(std::move(passing));
      if (chunk.size() == 0) break;
    }
    passed += chunk.size();
  }
  if (rows == 0) return std::nullopt;
  return static_cast<double>(passed) / static_cast<double>(rows);
}

}  // namespace driftdb::api
