#include "storage/table/table.h"

#include <algorithm>

#include "base/check.h"
#include "base/memory.h"
#include "base/status_macros.h"
#include "storage/mvcc/epoch.h"
#include "storage/mvcc/transaction_table.h"
#include "storage/table/hot_chunk.h"
#include "storage/table/row_group.h"
#include "storage/table/table_row.h"
#include "storage/table/table_state.h"

namespace driftdb::storage {

namespace {

constexpr WriteOutcome kTableRowGone{WriteOutcome::Kind::kGone, TxnId(0), CommitSeq(0)};

}  // namespace

Table::Table(StorageId id, TableSchema schema, const TableEnvironment& environment)
    : id_(id), environment_(environment), state_(std::make_unique<State>()) {
  if (environment_.segments == nullptr) {
    own_segments_ = std::make_unique<SegmentCache>(SIZE_MAX, environment_.memory);
    environment_.segments = own_segments_.get();
  }
  platform::MutexLock lock(&state_->mutex);
  state_->directories.push_back(std::make_unique<State::Directory>(8));
  state_->directory.store(state_->directories.back().get());
  state_->schemas.push_back(std::make_unique<const TableSchema>(std::move(schema)));
  state_->schema.store(state_->schemas.back().get());
}

Table::~Table() {
  const State::Directory* directory = state_->directory.load();
  for (size_t i = 0; i < directory->capacity; ++i) delete directory->groups[i].load();
}

// ---- schema ----

const TableSchema* Table::schema() const { return state_->schema.load(std::memory_order_acquire); }

uint32_t Table::AddColumn(TableColumn column) {
  platform::MutexLock lock(&state_->mutex);
  auto changed = std::make_unique<TableSchema>(*state_->schemas.back());
  ++changed->version;
  changed->columns.push_back(std::move(column));
  const auto ordinal = static_cast<uint32_t>(changed->columns.size() - 1);
  state_->schemas.push_back(std::move(changed));
  state_->schema.store(state_->schemas.back().get(), std::memory_order_release);
  return ordinal;
}

void Table::DropColumn(uint32_t ordinal) {
  platform::MutexLock lock(&state_->mutex);
  auto changed = std::make_unique<TableSchema>(*state_->schemas.back());
  ++changed->version;
  changed->columns[ordinal].dropped = true;
  state_->schemas.push_back(std::move(changed));
  state_->schema.store(state_->schemas.back().get(), std::memory_order_release);
}

// ---- directory ----

uint64_t Table::group_count() const { return state_->group_count.load(std::memory_order_acquire); }

RowGroup* Table::FindGroup(uint64_t number) const {
  const State::Directory* directory = state_->directory.load(std::memory_order_acquire);
  if (number >= directory->capacity) return nullptr;
  return directory->groups[number].load(std::memory_order_acquire);
}

RowGroup* Table::TouchGroup(uint64_t number) {
  if (RowGroup* group = FindGroup(number); group != nullptr) return group;
  platform::MutexLock lock(&state_->mutex);
  if (RowGroup* group = FindGroup(number); group != nullptr) return group;
  State::Directory* directory = state_->directories.back().get();
  if (number >= directory->capacity) {
    size_t capacity = directory->capacity;
    while (capacity <= number) capacity *= 2;
    auto grown = std::make_unique<State::Directory>(capacity);
    for (size_t i = 0; i < directory->capacity; ++i) {
      grown->groups[i].store(directory->groups[i].load(), std::memory_order_relaxed);
    }
    state_->directories.push_back(std::move(grown));
    directory = state_->directories.back().get();
    state_->directory.store(directory, std::memory_order_release);
  }
  auto* group = new RowGroup(number);
  directory->groups[number].store(group, std::memory_order_release);
  if (number >= state_->group_count.load()) state_->group_count.store(number + 1);
  return group;
}

HotChunk* Table::TouchChunk(uint64_t rid) {
  RowGroup* group = TouchGroup(rid >> kGroupBits);
  const size_t index = (rid >> kChunkBits) % kGroupChunks;
  if (HotChunk* chunk = group->chunk(index); chunk != nullptr) return chunk;
  platform::MutexLock lock(&state_->mutex);
  if (HotChunk* chunk = group->chunk(index); chunk != nullptr) return chunk;
  if (group->sealing || group->sealed() != nullptr) return nullptr;
  auto* chunk = new HotChunk(rid & ~uint64_t{kChunkRows - 1}, environment_);
  group->InstallChunk(index, chunk);
  return chunk;
}

// ---- row ids ----

Result<RowId> Table::ReserveRids(uint64_t count) {
  const uint64_t first = next_rid_.fetch_add(count, std::memory_order_relaxed);
  if (first + count > kRowIdMax) {
    return Error(sqlstate::kProgramLimitExceeded, "table storage {} has used up its row ids",
                 id_.value);
  }
  return RowId(first);
}

void Table::AdvanceNextRid(RowId rid) {
  uint64_t now = next_rid_.load(std::memory_order_relaxed);
  while (now < rid.value && !next_rid_.compare_exchange_weak(now, rid.value)) {
  }
}

// ---- inserts ----

Result<bool> Table::InsertPart(const WriteContext& context, const RowSource& source, uint64_t rid) {
  DRIFTDB_RETURN_IF_ERROR(context.undo->Reserve(UndoLog::RecordBytes(0)));
  const uint32_t statement = context.snapshot.statement;
  const EpochGuard guard(environment_.epochs);
  HotChunk* chunk = TouchChunk(rid);
  if (chunk == nullptr) return false;
  const platform::LatchGuard latch(chunk->latch());
  if (chunk->retired()) return false;
  UndoRecord* record = context.undo->ExtendableRun(UndoKind::kInsert, this, RowId(rid), statement);
  if (record == nullptr) {
    record = context.undo->Append(UndoKind::kInsert, this, 0);
    record->rid = RowId(rid);
    record->rows = 0;
    record->statement = statement;
  }
  const auto slot = static_cast<uint32_t>(rid % kChunkRows);
  DRIFTDB_RETURN_IF_ERROR(
      chunk->Insert(*schema(), slot, source, record, VersionWord::Written(context.snapshot.txn)));
  record->rows += source.count;
  return true;
}

Status Table::Insert(const WriteContext& context, const Chunk& rows, RowId* out) {
  const auto count = static_cast<uint32_t>(rows.size());
  if (count == 0) return OkStatus();
  std::vector<Vector> columns = rows.columns();
  std::vector<VectorView> views;
  views.reserve(columns.size());
  for (Vector& column : columns) views.push_back(column.View(rows.row_count()));
  RowSource source;
  source.views = views;
  source.rows = rows.selection() == nullptr ? nullptr : rows.selection()->rows();
  DRIFTDB_ASSIGN_OR_RETURN(RowId first, ReserveRids(count));
  uint64_t next = first.value;
  for (uint32_t done = 0; done < count;) {
    source.from = done;
    source.count = std::min(count - done, static_cast<uint32_t>(kChunkRows - next % kChunkRows));
    DRIFTDB_ASSIGN_OR_RETURN(const bool stored, InsertPart(context, source, next));
    if (!stored) {
      // The group was sealed between the reservation and now: these rids stay unused.
      DRIFTDB_ASSIGN_OR_RETURN(first, ReserveRids(count - done));
      next = first.value;
      continue;
    }
    if (out != nullptr) {
      for (uint32_t i = 0; i < source.count; ++i) out[done + i] = RowId(next + i);
    }
    done += source.count;
    next += source.count;
  }
  return OkStatus();
}

Result<RowId> Table::InsertRow(const WriteContext& context, std::span<const void* const> values) {
  DRIFTDB_RETURN_IF_ERROR(context.undo->Reserve(UndoLog::RecordBytes(0)));
  const uint32_t statement = context.snapshot.statement;
  const EpochGuard guard(environment_.epochs);
  for (;;) {
    DRIFTDB_ASSIGN_OR_RETURN(const RowId rid, ReserveRids(1));
    HotChunk* chunk = TouchChunk(rid.value);
    if (chunk == nullptr) continue;
    const platform::LatchGuard latch(chunk->latch());
    if (chunk->retired()) continue;
    UndoRecord* record = context.undo->ExtendableRun(UndoKind::kInsert, this, rid, statement);
    if (record == nullptr) {
      record = context.undo->Append(UndoKind::kInsert, this, 0);
      record->rid = rid;
      record->rows = 0;
      record->statement = statement;
    }
    DRIFTDB_RETURN_IF_ERROR(chunk->InsertRow(*schema(),
                                             static_cast<uint32_t>(rid.value % kChunkRows), values,
                                             record, VersionWord::Written(context.snapshot.txn)));
    ++record->rows;
    return rid;
  }
}

// ---- single rows ----

Result<WriteOutcome> Table::Update(const WriteContext& context, RowId rid,
                                   std::span<const uint32_t> columns,
                                   std::span<const void* const> values) {
  const TableSchema& current = *schema();
  const RowChange change{columns, values};
  return WithRow(
      rid,
      [&](HotChunk* chunk, uint32_t slot) {
        return chunk->Update(current, context, this, slot, change);
      },
      [&](SealedGroup* group, uint32_t slot) {
        return group->Update(current, context, this, slot, change);
      },
      []() -> Result<WriteOutcome> { return kTableRowGone; });
}

Result<WriteOutcome> Table::Delete(const WriteContext& context, RowId rid) {
  return WithRow(
      rid, [&](HotChunk* chunk, uint32_t slot) { return chunk->Delete(context, this, slot); },
      [&](SealedGroup* group, uint32_t slot) { return group->Delete(context, this, slot); },
      []() -> Result<WriteOutcome> { return kTableRowGone; });
}

Result<WriteOutcome> Table::LockRow(const WriteContext& context, RowId rid) {
  return WithRow(
      rid, [&](HotChunk* chunk, uint32_t slot) { return chunk->Lock(context, this, slot); },
      [&](SealedGroup* group, uint32_t slot) { return group->Lock(context, this, slot); },
      []() -> Result<WriteOutcome> { return kTableRowGone; });
}

Result<bool> Table::Fetch(RowId rid, const Snapshot& snapshot, std::span<const uint32_t> columns,
                          Vector* out, size_t row) {
  const TableSchema& current = *schema();
  const RowOutput output{columns, out, row};
  return WithRow(
      rid,
      [&](HotChunk* chunk, uint32_t slot) -> Result<bool> {
        return chunk->Fetch(current, slot, snapshot, output);
      },
      [&](SealedGroup* group, uint32_t slot) {
        return group->Fetch(current, slot, snapshot, output);
      },
      []() -> Result<bool> { return false; });
}

Result<RowState> Table::FetchNewest(RowId rid, TxnId me, std::span<const uint32_t> columns,
                                    Vector* out, size_t row) {
  const TableSchema& current = *schema();
  const RowOutput output{columns, out, row};
  return WithRow(
      rid,
      [&](HotChunk* chunk, uint32_t slot) -> Result<RowState> {
        return chunk->FetchNewest(current, slot, me, output);
      },
      [&](SealedGroup* group, uint32_t slot) {
        return group->FetchNewest(current, slot, me, output);
      },
      []() -> Result<RowState> { return RowState{}; });
}

RowState Table::NewestState(RowId rid, TxnId me) {
  return WithRow(
      rid, [&](HotChunk* chunk, uint32_t slot) { return chunk->State(slot, me); },
      [&](SealedGroup* group, uint32_t slot) { return group->State(slot, me); },
      []() { return RowState{}; });
}

uint64_t Table::approximate_rows() const {
  const int64_t rows = state_->live_rows.load(std::memory_order_relaxed);
  return rows < 0 ? 0 : static_cast<uint64_t>(rows);
}

}  // namespace driftdb::storage
