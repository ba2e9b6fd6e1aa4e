// Table::WithRow: finds where a row lives and goes there; shared by the files of Table.
#ifndef DRIFTDB_STORAGE_TABLE_TABLE_ROW_H_
#define DRIFTDB_STORAGE_TABLE_TABLE_ROW_H_

#include "storage/mvcc/epoch.h"
#include "storage/table/row_group.h"
#include "storage/table/table.h"

namespace driftdb::storage {

template <typename Hot, typename Sealed, typename Absent>
auto Table::WithRow(RowId rid, const Hot& hot, const Sealed& sealed, const Absent& absent) const
    -> decltype(absent()) {
  const EpochGuard guard(environment_.epochs);
  const RowGroup* group = FindGroup(rid.value >> kGroupBits);
  if (group == nullptr) return absent();
  const size_t index = (rid.value >> kChunkBits) % kGroupChunks;
  for (;;) {
    if (HotChunk* chunk = group->chunk(index); chunk != nullptr) {
      const platform::LatchGuard latch(chunk->latch());
      // A retired chunk is about to leave the group, which is sealed already or hot again in a
      // moment.
      if (chunk->retired()) continue;
      return hot(chunk, static_cast<uint32_t>(rid.value % kChunkRows));
    }
    if (SealedGroup* part = group->sealed(); part != nullptr) {
      return sealed(part, static_cast<uint32_t>(rid.value % kGroupRows));
    }
    // Sealing may have cleared the chunk between the two looks; it published the sealed part
    // before.
    if (group->chunk(index) == nullptr && group->sealed() == nullptr) return absent();
  }
}

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_TABLE_TABLE_ROW_H_
