#include <algorithm>

#include "base/hash.h"
#include "base/status_macros.h"
#include "storage/mvcc/epoch.h"
#include "storage/table/hot_chunk.h"
#include "storage/table/row_group.h"
#include "storage/table/table.h"
#include "storage/table/table_scan.h"
#include "storage/table/table_state.h"

namespace driftdb::storage {

namespace {

// The value whose order key a zone map bound is; NULL for types whose keys are not values (strings,
// doubles).
Value TableStatisticsBound(const LogicalType& type, int128_t key) {
  switch (type.physical()) {
    case PhysicalType::kBool:
    case PhysicalType::kInt16:
    case PhysicalType::kInt32:
    case PhysicalType::kInt64:
    case PhysicalType::kInt128:
      return Value::Integer(type, key);
    case PhysicalType::kDouble:
    case PhysicalType::kFloat: {
      const auto ordered = static_cast<int64_t>(key);
      const auto bits = ordered ^ ((ordered >> 63) & INT64_MAX);
      const auto value = std::bit_cast<double>(bits);
      return type.id == TypeId::kReal ? Value::Real(static_cast<float>(value))
                                      : Value::Double(value);
    }
    default:
      return Value::Null(type);
  }
}

constexpr size_t kTableStatisticsSample = 2048;

uint64_t TableStatisticsHash(const Vector& flat, size_t row) {
  if (flat.type().physical() == PhysicalType::kString) {
    return HashBytes64(flat.data<StringRef>()[row].view());
  }
  const size_t width = flat.type().width();
  return HashBytes64({reinterpret_cast<const char*>(flat.raw_data()) + row * width, width});
}

// Different values among all `rows` when a sample has these hashes (Haas and Stokes 1998, Duj1, as
// PostgreSQL's ANALYZE): what occurs once in the sample tells how much was not seen.
uint64_t TableStatisticsDistinct(std::vector<uint64_t>* hashes, uint64_t rows) {
  std::sort(hashes->begin(), hashes->end());
  uint64_t distinct = 0, once = 0;
  for (size_t i = 0, end = 0; i < hashes->size(); i = end) {
    end = i + 1;
    while (end < hashes->size() && (*hashes)[end] == (*hashes)[i]) ++end;
    ++distinct;
    once += end - i == 1 ? 1 : 0;
  }
  const auto sampled = static_cast<double>(hashes->size());
  const auto all = std::max(static_cast<double>(rows), sampled);
  if (hashes->empty() || all == sampled) return distinct;
  const double unseen = static_cast<double>(once) * (1 - sampled / all);
  const double estimate = sampled * static_cast<double>(distinct) / (sampled - unseen);
  return static_cast<uint64_t>(std::clamp(estimate, static_cast<double>(distinct), all));
}

}  // namespace

Result<TableStatistics> Table::Statistics() {
  const TableSchema& current = *schema();
  TableStatistics statistics;
  statistics.rows = approximate_rows();
  statistics.columns.resize(current.columns.size());
  std::vector<ZoneMap> zones(current.columns.size());
  uint64_t sealed_rows = 0;
  uint64_t group_rows = 0;  // of the largest group
  const EpochGuard guard(environment_.epochs);
  for (uint64_t number = 0; number < group_count(); ++number) {
    const RowGroup* group = FindGroup(number);
    if (group == nullptr) continue;
    for (size_t i = 0; i < kGroupChunks; ++i) {
      HotChunk* chunk = group->chunk(i);
      if (chunk == nullptr) continue;
      const platform::LatchGuard latch(chunk->latch());
      statistics.bytes += chunk->memory_bytes();
    }
    const SealedGroup* sealed = group->sealed();
    if (sealed == nullptr || sealed->word().in_txn()) continue;
    sealed_rows += sealed->descriptor().rows;
    group_rows = std::max<uint64_t>(group_rows, sealed->descriptor().rows);
    for (const SealedColumn& column : sealed->descriptor().columns) {
      for (const SegmentMeta& segment : column.segments) {
        statistics.bytes += segment.extent.payload_bytes;
      }
      const int ordinal = current.Find(column.id);
      if (ordinal < 0) continue;
      zones[static_cast<size_t>(ordinal)].Merge(column.zone);
      // Distinct values of groups may overlap or not: the largest is a lower bound.
      uint64_t& distinct = statistics.columns[static_cast<size_t>(ordinal)].distinct;
      distinct = std::max(distinct, column.distinct);
    }
  }
  for (size_t c = 0; c < zones.size(); ++c) {
    ColumnStatistics& column = statistics.columns[c];
    if (zones[c].row_count > 0) {
      column.null_fraction =
          static_cast<double>(zones[c].null_count) / static_cast<double>(zones[c].row_count);
    }
    // Bounds of the sealed part stand for the table only when it is most of it.
    if (!zones[c].has_bounds || sealed_rows * 2 < statistics.rows) continue;
    const LogicalType& type = current.columns[c].type;
    column.min = TableStatisticsBound(type, zones[c].min);
    column.max = TableStatisticsBound(type, zones[c].max);
    column.known = !column.min.is_null();
    // All values different within a group (keys): so they are between groups.
    if (column.distinct * 10 > group_rows * 9) {
      column.distinct = std::max(column.distinct, statistics.rows);
    }
  }
  return statistics;
}

Status Table::SampleRows(const Snapshot& snapshot, size_t count, uint64_t seed,
                         std::vector<Chunk>* out) {
  const uint64_t vectors = (next_rid().value + kChunkRows - 1) / kChunkRows;
  if (vectors == 0 || count == 0) return OkStatus();
  // At least 16 places of the table, unless it is smaller.
  const uint64_t places = std::min<uint64_t>(vectors, std::max<uint64_t>(16, count / 128));
  const size_t share = (count + places - 1) / places;
  ScanOptions options;
  options.snapshot = snapshot;
  for (uint32_t c = 0; c < schema()->columns.size(); ++c) options.columns.push_back(c);
  for (uint64_t p = 0; p < places; ++p) {
    // One vector of each of `places` equal stretches.
    const uint64_t first = vectors * p / places;
    const uint64_t length = std::max<uint64_t>(1, vectors * (p + 1) / places - first);
    const uint64_t vector = first + HashCombine64(seed, p) % length;
    options.first = RowId(vector * kChunkRows);
    options.end = RowId((vector + 1) * kChunkRows);
    TableScan scan(this, options);
    ScanCursor cursor(&scan);
    Chunk chunk;
    DRIFTDB_ASSIGN_OR_RETURN(const bool found, cursor.Next(&chunk));
    if (!found) continue;
    auto selection = std::make_shared<Selection>();
    const size_t rows = chunk.size();
    const size_t taken = std::min(share, rows);
    for (size_t i = 0; i < taken; ++i) selection->Append(chunk.row(i * rows / taken));
    chunk.set_selection(std::move(selection));
    chunk.Compact();
    out->push_back(std::move(chunk));
  }
  return OkStatus();
}

Result<std::vector<uint64_t>> Table::SampledDistinct(const Snapshot& snapshot) {
  const uint64_t rows = approximate_rows();
  const size_t columns = schema()->columns.size();
  {
    platform::MutexLock lock(&state_->sampling);
    if (state_->sampled_distinct.size() == columns && rows < state_->sampled_rows * 2 &&
        rows > state_->sampled_rows / 2) {
      return state_->sampled_distinct;
    }
  }
  std::vector<Chunk> sample;
  DRIFTDB_RETURN_IF_ERROR(SampleRows(snapshot, kTableStatisticsSample, 1, &sample));
  std::vector<uint64_t> distinct(columns, 0);
  std::vector<uint64_t> hashes;
  for (size_t c = 0; c < columns; ++c) {
    hashes.clear();
    for (Chunk& chunk : sample) {
      if (c >= chunk.column_count()) continue;
      Vector flat = chunk.column(c);
      flat.Flatten(chunk.row_count());
      for (size_t i = 0; i < chunk.size(); ++i) {
        if (!flat.IsNull(chunk.row(i))) hashes.push_back(TableStatisticsHash(flat, chunk.row(i)));
      }
    }
    distinct[c] = TableStatisticsDistinct(&hashes, rows);
  }
  platform::MutexLock lock(&state_->sampling);
  state_->sampled_distinct = distinct;
  state_->sampled_rows = rows;
  return distinct;
}

}  // namespace driftdb::storage
