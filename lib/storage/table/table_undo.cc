#include <algorithm>

#include "base/check.h"
#include "base/status_macros.h"
#include "storage/mvcc/epoch.h"
#include "storage/table/hot_chunk.h"
#include "storage/table/row_group.h"
#include "storage/table/table.h"
#include "storage/table/table_row.h"
#include "storage/table/table_state.h"

namespace driftdb::storage {

template <typename Hot, typename Sealed>
void Table::ForEachPart(const UndoRecord& record, const Hot& hot, const Sealed& sealed) {
  const EpochGuard guard(environment_.epochs);
  uint64_t rid = record.rid.value;
  const uint64_t end = rid + record.rows;
  while (rid < end) {
    const uint64_t chunk_end = (rid | (kChunkRows - 1)) + 1;
    const auto count = static_cast<uint32_t>(std::min(end, chunk_end) - rid);
    const RowGroup* group = FindGroup(rid >> kGroupBits);
    HotChunk* chunk = group == nullptr ? nullptr : group->chunk((rid >> kChunkBits) % kGroupChunks);
    if (chunk != nullptr) {
      // A chunk whose rows have undo records is not sealed (MV-13); records of dropped locks are in
      // no chain and may find it retired or gone.
      const platform::LatchGuard latch(chunk->latch());
      hot(chunk, static_cast<uint32_t>(rid % kChunkRows), count);
    } else if (group != nullptr && group->sealed() != nullptr) {
      for (uint32_t i = 0; i < count; ++i) {
        sealed(group->sealed(), static_cast<uint32_t>((rid + i) % kGroupRows));
      }
    }
    rid += count;
  }
}

SealedGroup* Table::GroupMadeBy(const UndoRecord& record) const {
  if (!record.whole_group) return nullptr;
  const RowGroup* group = FindGroup(record.rid.value >> kGroupBits);
  return group == nullptr ? nullptr : group->sealed();
}

void Table::RollbackRecord(UndoRecord* record, TxnId txn) {
  if (GroupMadeBy(*record) != nullptr) {
    // A bulk-loaded group: nobody else ever saw it.
    RowGroup* group = FindGroup(record->rid.value >> kGroupBits);
    // All memory that this takes, before anything happens.
    EpochRoom room(environment_.epochs, 1);
    const std::vector<ExtentRef> extents = group->sealed()->descriptor().Extents();
    std::unique_ptr<SealedGroup> dropped;
    {
      platform::MutexLock lock(&state_->mutex);
      dropped = group->DropSealed();
    }
    for (const ExtentRef& extent : extents) environment_.extents->Release(extent, true);
    room.Retire(std::move(dropped));
    return;
  }
  ForEachPart(
      *record,
      [&](HotChunk* chunk, uint32_t first, uint32_t count) {
        chunk->Rollback(record, first, count);
      },
      [&](SealedGroup* group, uint32_t slot) { group->Rollback(record, slot); });
}

void Table::StampRecord(UndoRecord* record, TxnId txn, CommitSeq seq) {
  if (record->kind == UndoKind::kInsert) {
    state_->live_rows.fetch_add(record->rows, std::memory_order_relaxed);
  } else if (record->kind == UndoKind::kDelete) {
    state_->live_rows.fetch_sub(record->rows, std::memory_order_relaxed);
  }
  if (SealedGroup* group = GroupMadeBy(*record); group != nullptr) {
    group->StampGroup(record, txn, seq);
    return;
  }
  ForEachPart(
      *record,
      [&](HotChunk* chunk, uint32_t first, uint32_t count) {
        chunk->Stamp(record, first, count, txn, seq);
      },
      [&](SealedGroup* group, uint32_t slot) { group->Stamp(record, slot, txn, seq); });
}

void Table::ReleaseRecord(UndoRecord* record, std::vector<DeadRow>* dead) {
  if (record->kind == UndoKind::kLock) return;  // left its chain when it was stamped
  if (SealedGroup* group = GroupMadeBy(*record); group != nullptr) {
    group->ReleaseGroup(record);
    return;
  }
  ForEachPart(
      *record,
      [&](HotChunk* chunk, uint32_t first, uint32_t count) {
        chunk->Release(record, first, count, dead);
      },
      [&](SealedGroup* group, uint32_t slot) { group->Release(record, slot, dead); });
}

}  // namespace driftdb::storage
