// Join filters: from the rows of a built hash join to predicates for scans (hash_join.h).
#include <algorithm>

#include "base/status_macros.h"
#include "exec/join/hash_join_state.h"
#include "exec/join/join_filter_sink.h"

namespace driftdb::exec {

namespace {

// Bloom filters for more keys than this outgrow every cache and rarely exclude much.
constexpr uint64_t kFilterBloomKeysMax = 16 << 20;

// Up to this range (256 KiB) a bitmap is worth its memory for any number of keys: it excludes all
// that has no partner, and a test is a gather instead of a hash.
constexpr uint64_t kFilterBitmapRange = uint64_t{1} << 21;

// Types whose probe rows without a partner contribute nothing.
bool FilterAllowed(sql::PhysicalJoinType type) {
  using sql::PhysicalJoinType;
  switch (type) {
    case PhysicalJoinType::kInner:
    case PhysicalJoinType::kRight:
    case PhysicalJoinType::kSemi:
    case PhysicalJoinType::kRightSemi:
    case PhysicalJoinType::kRightAnti:
      return true;
    default:
      return false;
  }
}

template <typename Body>
void FilterForEachRow(const JoinTable& table, size_t row_bytes, Body&& body) {
  const uint8_t* row = table.rows();
  for (uint64_t i = 0; i < table.row_count(); ++i, row += row_bytes) body(row);
}

template <typename T>
std::shared_ptr<storage::JoinFilter> FilterFromIntegers(const RowLayout& layout, size_t field,
                                                        const JoinTable& table) {
  int64_t min = INT64_MAX, max = INT64_MIN;
  FilterForEachRow(table, layout.row_bytes(), [&](const uint8_t* row) {
    const int64_t value = layout.Load<T>(row, field);
    min = std::min(min, value);
    max = std::max(max, value);
  });
  const uint64_t range = static_cast<uint64_t>(max) - static_cast<uint64_t>(min);
  std::shared_ptr<storage::JoinFilter> filter;
  if (range < kFilterBitmapRange ||
      (range / 64 < table.row_count() && range < (uint64_t{1} << 29))) {
    filter = std::make_shared<storage::JoinFilter>(storage::JoinFilter::Exact(min, max));
  } else {
    filter = std::make_shared<storage::JoinFilter>(
        storage::JoinFilter::Bloom(table.row_count(), true, min, max));
  }
  FilterForEachRow(table, layout.row_bytes(),
                   [&](const uint8_t* row) { filter->Insert(layout.Load<T>(row, field)); });
  return filter;
}

std::shared_ptr<storage::JoinFilter> FilterFromHashes(const RowLayout& layout, size_t field,
                                                      const JoinTable& table) {
  auto filter = std::make_shared<storage::JoinFilter>(
      storage::JoinFilter::Bloom(table.row_count(), false, 0, 0));
  FilterForEachRow(table, layout.row_bytes(), [&](const uint8_t* row) {
    if (layout.type(field).physical() == PhysicalType::kString) {
      filter->InsertHash(storage::HashJoinKey(layout.Load<StringRef>(row, field).view()));
    } else {
      filter->InsertHash(storage::HashJoinKey(layout.Load<int128_t>(row, field)));
    }
  });
  return filter;
}

std::shared_ptr<storage::JoinFilter> FilterOfKey(const HashJoinState& state, size_t key) {
  const JoinTable& table = state.table;
  const RowLayout& layout = state.plan.layout;
  if (key == 0 && table.dense()) return table.key_filter();
  if (table.row_count() > kFilterBloomKeysMax || (table.dense() && table.keys_only())) {
    return nullptr;
  }
  switch (layout.type(key).physical()) {
    case PhysicalType::kInt16:
      return FilterFromIntegers<int16_t>(layout, key, table);
    case PhysicalType::kInt32:
      return FilterFromIntegers<int32_t>(layout, key, table);
    case PhysicalType::kInt64:
      return FilterFromIntegers<int64_t>(layout, key, table);
    case PhysicalType::kInt128:
    case PhysicalType::kString:
      return FilterFromHashes(layout, key, table);
    default:
      return nullptr;  // floats and intervals have equal values with different bytes
  }
}

}  // namespace

Status PublishJoinFilters(HashJoinState* state) {
  const JoinPlan& plan = state->plan;
  if (plan.options.filter_sink == nullptr || !FilterAllowed(plan.options.type) ||
      state->table.row_count() == 0) {
    return OkStatus();
  }
  std::vector<std::shared_ptr<storage::JoinFilter>> by_key(plan.key_count);
  for (const sql::JoinFilterTarget& target : plan.options.filters) {
    if (plan.null_safe(target.key)) continue;  // a NULL probe key has partners too
    if (by_key[target.key] == nullptr) {
      DRIFTDB_RETURN_IF_ERROR(state->context->CheckCancel());
      by_key[target.key] = FilterOfKey(*state, target.key);
    }
    if (by_key[target.key] == nullptr) continue;
    plan.options.filter_sink->AddFilter(target.scan_id, target.column,
                                        std::make_shared<storage::ColumnPredicate>(
                                            storage::ColumnPredicate::Join(by_key[target.key])));
  }
  return OkStatus();
}

}  // namespace driftdb::exec
