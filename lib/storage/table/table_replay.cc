#include <algorithm>

#include "base/status_macros.h"
#include "storage/mvcc/epoch.h"
#include "storage/table/hot_chunk.h"
#include "storage/table/row_group.h"
#include "storage/table/table.h"
#include "storage/table/table_row.h"
#include "storage/table/table_state.h"

namespace driftdb::storage {

Status Table::ReplayInsert(RowId first, const Chunk& rows, CommitSeq seq) {
  std::vector<Vector> columns = rows.columns();
  std::vector<VectorView> views;
  for (Vector& column : columns) views.push_back(column.View(rows.row_count()));
  RowSource source;
  source.views = views;
  source.rows = rows.selection() == nullptr ? nullptr : rows.selection()->rows();
  const auto count = static_cast<uint32_t>(rows.size());
  if (first.value + count > kRowIdMax) {
    return DataLossError("the log inserts row {} into table storage {}", first.value, id_.value);
  }
  uint64_t next = first.value;
  for (uint32_t done = 0; done < count; done += source.count, next += source.count) {
    source.from = done;
    source.count = std::min(count - done, static_cast<uint32_t>(kChunkRows - next % kChunkRows));
    HotChunk* chunk = TouchChunk(next);
    if (chunk == nullptr) {
      return DataLossError("the log inserts row {} into a sealed group of table storage {}", next,
                           id_.value);
    }
    const platform::LatchGuard latch(chunk->latch());
    DRIFTDB_RETURN_IF_ERROR(
        chunk->ReplayInsert(*schema(), static_cast<uint32_t>(next % kChunkRows), source, seq));
  }
  AdvanceNextRid(RowId(first.value + count));
  state_->live_rows.fetch_add(count, std::memory_order_relaxed);
  return OkStatus();
}

Status Table::ReplayUpdate(RowId rid, std::span<const uint32_t> columns,
                           std::span<const void* const> values, CommitSeq seq) {
  const TableSchema& current = *schema();
  const RowChange change{columns, values};
  return WithRow(
      rid,
      [&](HotChunk* chunk, uint32_t slot) {
        return chunk->ReplayUpdate(current, slot, change, seq);
      },
      [&](SealedGroup* group, uint32_t slot) {
        return group->ReplayUpdate(current, slot, change, seq);
      },
      [&]() -> Status {
        return DataLossError("the log updates row {} of table storage {}, which does not exist",
                             rid.value, id_.value);
      });
}

Status Table::ReplayDelete(std::span<const RowId> rids, CommitSeq seq) {
  for (const RowId rid : rids) {
    if (NewestState(rid, TxnId(0)).kind == RowState::Kind::kAbsent) continue;
    DRIFTDB_RETURN_IF_ERROR(WithRow(
        rid,
        [&](HotChunk* chunk, uint32_t slot) {
          chunk->ReplayDelete(slot, seq);
          return OkStatus();
        },
        [&](SealedGroup* group, uint32_t slot) { return group->ReplayDelete(slot); },
        []() { return OkStatus(); }));
    state_->live_rows.fetch_sub(1, std::memory_order_relaxed);
  }
  return OkStatus();
}

Status Table::ReplayAttachGroup(const GroupDescriptor& descriptor, CommitSeq seq) {
  const RowGroup* group = FindGroup(descriptor.group);
  if (group != nullptr && group->sealed() != nullptr) {
    return DataLossError("the log attaches group {} of table storage {} twice", descriptor.group,
                         id_.value);
  }
  AttachGroup(descriptor, VersionWord::Live(seq), nullptr);
  AdvanceNextRid(RowId((descriptor.group + 1) << kGroupBits));
  state_->live_rows.fetch_add(descriptor.rows, std::memory_order_relaxed);
  return OkStatus();
}

}  // namespace driftdb::storage
