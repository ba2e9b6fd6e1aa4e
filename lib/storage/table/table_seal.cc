#include <algorithm>

#include "base/check.h"
#include "base/guard.h"
#include "base/status_macros.h"
#include "storage/column/bitmap.h"
#include "storage/mvcc/epoch.h"
#include "storage/table/group_writer.h"
#include "storage/table/hot_chunk.h"
#include "storage/table/row_group.h"
#include "storage/table/table.h"
#include "storage/table/table_state.h"

namespace driftdb::storage {

namespace {

// What a chunk looked like when its rows were taken for sealing.
struct TableSealPiece {
  HotChunk* chunk = nullptr;
  uint64_t changes = 0;
  uint32_t rows = 0;
  uint64_t alive[kValidityWords] = {};
  std::vector<Vector> columns;
};

// False: the chunk has words in flight, too young, or undo.
bool TableSealTake(const TableSchema& schema, std::span<const uint32_t> ordinals, CommitSeq horizon,
                   HotChunk* chunk, TableSealPiece* piece) {
  piece->chunk = chunk;
  if (chunk == nullptr) return true;
  for (const uint32_t ordinal : ordinals) {
    piece->columns.emplace_back(schema.columns[ordinal].type);
  }
  HotChunk::View view;
  view.alive = piece->alive;
  view.columns = &piece->columns;
  const platform::LatchGuard latch(chunk->latch());
  if (!chunk->Quiet(horizon)) return false;
  piece->changes = chunk->changes();
  const Snapshot snapshot{horizon, TxnId(0), 0};
  if (chunk->Scan(schema, snapshot, ordinals, &view)) piece->rows = view.rows;
  return true;
}

// The group stays hot after all. Under the table's mutex.
void TableSealResume(RowGroup* group) {
  group->sealing = false;
  for (size_t i = 0; i < kGroupChunks; ++i) {
    HotChunk* chunk = group->chunk(i);
    if (chunk == nullptr) continue;
    const platform::LatchGuard latch(chunk->latch());
    chunk->set_retired(false);
  }
}

// Last look, one chunk after the other: nothing has changed since the rows were taken. Retired
// chunks make writers wait until the sealed part is there. False: the group stays hot. Under the
// table's mutex.
bool TableSealRetire(RowGroup* group, const std::vector<TableSealPiece>& pieces, CommitSeq horizon,
                     CommitSeq* youngest) {
  bool unchanged = true;
  for (size_t i = 0; i < kGroupChunks && unchanged; ++i) {
    HotChunk* chunk = group->chunk(i);
    unchanged = chunk == pieces[i].chunk;
    if (chunk == nullptr || !unchanged) continue;
    const platform::LatchGuard latch(chunk->latch());
    unchanged = chunk->changes() == pieces[i].changes && chunk->Quiet(horizon);
    chunk->set_retired(unchanged);
    *youngest = std::max(*youngest, CommitSeq(chunk->max_seq()));
  }
  if (!unchanged) TableSealResume(group);
  group->sealing = unchanged;
  return unchanged;
}

// Everything but the columns.
GroupDescriptor TableSealDescribe(uint64_t number, const std::vector<TableSealPiece>& pieces) {
  GroupDescriptor descriptor;
  descriptor.group = number;
  descriptor.rows = kGroupRows;
  descriptor.dead.resize(kGroupRows / 64);
  bool dead = false;
  for (size_t i = 0; i < kGroupChunks; ++i) {
    for (size_t w = 0; w < kValidityWords; ++w) {
      descriptor.dead[i * kValidityWords + w] = ~pieces[i].alive[w];
      dead = dead || ~pieces[i].alive[w] != 0;
    }
  }
  if (!dead) descriptor.dead.clear();
  return descriptor;
}

}  // namespace

// ---- groups as a whole ----

Result<uint64_t> Table::ReserveGroups(uint64_t count) {
  uint64_t now = next_rid_.load(std::memory_order_relaxed);
  uint64_t group = 0;
  do {
    group = (now + kGroupRows - 1) >> kGroupBits;
    if (group + count > kRowIdMax >> kGroupBits) {
      return Error(sqlstate::kProgramLimitExceeded, "table storage {} has used up its row ids",
                   id_.value);
    }
  } while (!next_rid_.compare_exchange_weak(now, (group + count) << kGroupBits));
  return group;
}

void Table::AttachGroup(GroupDescriptor descriptor, VersionWord word, UndoRecord* maker) {
  RowGroup* group = TouchGroup(descriptor.group);
  auto* sealed = new SealedGroup(std::move(descriptor), word, maker, environment_);
  platform::MutexLock lock(&state_->mutex);
  DRIFTDB_DCHECK(group->sealed() == nullptr);
  group->InstallSealed(sealed);
}

// ---- sealing ----

Result<size_t> Table::SealQuietGroups(CommitSeq horizon) {
  size_t sealed = 0;
  // The tail group keeps taking rows.
  const uint64_t end = std::min(group_count(), next_rid().value >> kGroupBits);
  for (uint64_t number = 0; number < end; ++number) {
    DRIFTDB_ASSIGN_OR_RETURN(const bool done, SealGroup(number, horizon));
    if (done) ++sealed;
  }
  return sealed;
}

Result<bool> Table::SealGroup(uint64_t number, CommitSeq horizon) {
  RowGroup* group = FindGroup(number);
  if (group == nullptr || group->sealed() != nullptr) return false;
  if (next_rid().value < (number + 1) << kGroupBits) return false;
  platform::MutexLock maintenance(&state_->maintenance);
  const TableSchema& current = *schema();
  std::vector<uint32_t> ordinals;
  for (uint32_t c = 0; c < current.columns.size(); ++c) {
    if (!current.columns[c].dropped) ordinals.push_back(c);
  }
  // Chunks cannot leave while we hold the maintenance mutex: no EpochGuard over the encoding.
  std::vector<TableSealPiece> pieces(kGroupChunks);
  bool any = false;
  for (size_t i = 0; i < kGroupChunks; ++i) {
    HotChunk* chunk = group->chunk(i);
    if (!TableSealTake(current, ordinals, horizon, chunk, &pieces[i])) return false;
    any = any || pieces[i].rows > 0;
  }
  if (!any) return false;
  GroupWriter writer(current, environment_);
  for (size_t o = 0; o < ordinals.size(); ++o) {
    for (TableSealPiece& piece : pieces) {
      if (piece.rows > 0) writer.Append(ordinals[o], piece.columns[o], piece.rows);
      writer.AppendNulls(ordinals[o], kChunkRows - piece.rows);
    }
    DRIFTDB_RETURN_IF_ERROR(writer.FinishColumn(ordinals[o]));
  }
  GroupDescriptor descriptor = TableSealDescribe(number, pieces);
  descriptor.columns = writer.columns();
  EpochRoom room(environment_.epochs, kGroupChunks);
  platform::MutexLock lock(&state_->mutex);
  CommitSeq youngest(1);
  if (!TableSealRetire(group, pieces, horizon, &youngest)) return false;
  const Status installed = Guarded([&] {
    auto sealed = std::make_unique<SealedGroup>(std::move(descriptor), VersionWord::Live(youngest),
                                                nullptr, environment_);
    writer.Finish();
    group->InstallSealed(sealed.release());
  });
  if (!installed.ok()) {
    TableSealResume(group);  // writers wait for a sealed part that will not come
    return installed;
  }
  for (size_t i = 0; i < kGroupChunks; ++i) {
    if (pieces[i].chunk != nullptr) room.Retire(group->DropChunk(i));
  }
  group->sealed_since_image = true;
  return true;
}

}  // namespace driftdb::storage
