#include "storage/table/sealed_group.h"

#include <algorithm>

#include "base/check.h"
#include "base/status_macros.h"
#include "storage/column/bitmap.h"
#include "storage/mvcc/transaction_table.h"

namespace driftdb::storage {

namespace {
constexpr WriteOutcome kSealedGroupGone{WriteOutcome::Kind::kGone, TxnId(0), CommitSeq(0)};
}  // namespace

SealedGroup::SealedGroup(GroupDescriptor descriptor, VersionWord word, UndoRecord* maker,
                         const TableEnvironment& environment)
    : descriptor_(std::move(descriptor)),
      environment_(environment),
      word_(word.bits()),
      maker_(maker),
      maker_statement_(maker == nullptr ? 0 : maker->statement) {
  for (const SealedColumn& column : descriptor_.columns) {
    readers_.emplace_back(column.segments.size());
  }
}

SealedGroup::~SealedGroup() {
  for (auto& column : readers_) {
    for (SegmentCache::Entry& entry : column) environment_.segments->Forget(&entry);
  }
  for (auto& overlay : overlays_) delete overlay.load(std::memory_order_relaxed);
}

int SealedGroup::FindColumn(ColumnId id) const {
  for (size_t i = 0; i < descriptor_.columns.size(); ++i) {
    if (descriptor_.columns[i].id == id) return static_cast<int>(i);
  }
  return -1;
}

uint32_t SealedGroup::vector_count() const {
  return (descriptor_.rows + kChunkRows - 1) / kChunkRows;
}

uint32_t SealedGroup::RowsOf(uint32_t vector) const {
  const uint32_t from = vector * kChunkRows;
  return std::min(descriptor_.rows - from, kChunkRows);
}

void SealedGroup::ClearDead(uint32_t vector, uint64_t* bits) const {
  if (descriptor_.dead.empty()) return;
  const uint64_t* dead = descriptor_.dead.data() + size_t{vector} * kValidityWords;
  for (size_t w = 0; w < kValidityWords; ++w) bits[w] &= ~dead[w];
}

bool SealedGroup::BaseVisible(const Snapshot& snapshot) const {
  for (;;) {
    const VersionWord now = word();
    if (!now.in_txn()) return now.number() <= snapshot.seq.value;
    if (now.txn() == snapshot.txn) return maker_statement_ < snapshot.statement;
    const TxnState state = environment_.transactions->Resolve(now.txn());
    if (state.kind == TxnState::Kind::kReused) continue;  // stamped meanwhile (MV-4)
    return state.kind == TxnState::Kind::kCommitted && state.seq <= snapshot.seq;
  }
}

VersionWord SealedGroup::CommittedWord() const {
  Overlay::Base base;
  (void)ResolveBase(TxnId(0), &base);  // not in flight: no outcome
  return base.word;
}

// The word with ended transactions resolved; an in-flight one only when it is `me`'s, else the
// waiting outcome.
WriteOutcome SealedGroup::ResolveBase(TxnId me, Overlay::Base* base) const {
  for (;;) {
    const VersionWord now = word();
    *base = {now, nullptr, 0};
    if (!now.in_txn()) return {};
    if (now.txn() == me) {
      base->maker = maker_.load(std::memory_order_acquire);
      return {};
    }
    const TxnState state = environment_.transactions->Resolve(now.txn());
    if (state.kind == TxnState::Kind::kReused) continue;
    if (state.kind != TxnState::Kind::kCommitted) {
      return {WriteOutcome::Kind::kWait, now.txn(), CommitSeq(0)};
    }
    base->word = now.Stamped(state.seq);
    return {};
  }
}

Result<Overlay*> SealedGroup::TouchOverlay(uint32_t vector) {
  if (Overlay* found = overlay(vector); found != nullptr) return found;
  platform::MutexLock lock(&mutex_);
  if (Overlay* found = overlay(vector); found != nullptr) return found;
  auto* made = new Overlay(first_rid() + uint64_t{vector} * kChunkRows, environment_);
  overlays_[vector].store(made, std::memory_order_release);
  return made;
}

// ---- writes ----

template <typename Write>
Result<WriteOutcome> SealedGroup::WriteRow(const WriteContext& context, uint32_t slot,
                                           const Write& write) {
  if (slot >= descriptor_.rows || IsDead(slot)) return kSealedGroupGone;
  Overlay::Base base;
  const WriteOutcome outcome = ResolveBase(context.snapshot.txn, &base);
  if (!outcome.done()) return outcome;
  DRIFTDB_ASSIGN_OR_RETURN(Overlay * touched, TouchOverlay(slot / kChunkRows));
  const platform::LatchGuard latch(touched->latch());
  base.slot = slot % kChunkRows;
  return write(touched, base);
}

Result<WriteOutcome> SealedGroup::Update(const TableSchema& schema, const WriteContext& context,
                                         VersionStore* store, uint32_t slot,
                                         const RowChange& change) {
  return WriteRow(context, slot, [&](Overlay* overlay, const Overlay::Base& base) {
    return overlay->Update(schema, context, store, base, change);
  });
}

Result<WriteOutcome> SealedGroup::Delete(const WriteContext& context, VersionStore* store,
                                         uint32_t slot) {
  return WriteRow(context, slot, [&](Overlay* overlay, const Overlay::Base& base) {
    return overlay->Delete(context, store, base);
  });
}

Result<WriteOutcome> SealedGroup::Lock(const WriteContext& context, VersionStore* store,
                                       uint32_t slot) {
  return WriteRow(context, slot, [&](Overlay* overlay, const Overlay::Base& base) {
    return overlay->Lock(context, store, base);
  });
}

// ---- undo ----

void SealedGroup::Rollback(UndoRecord* record, uint32_t slot) {
  Overlay* touched = overlay(slot / kChunkRows);
  const platform::LatchGuard latch(touched->latch());
  touched->Rollback(record, slot % kChunkRows);
}

void SealedGroup::Stamp(UndoRecord* record, uint32_t slot, TxnId txn, CommitSeq seq) {
  Overlay* touched = overlay(slot / kChunkRows);
  if (touched == nullptr) return;  // of a lock that left its chain before the group was sealed
  const platform::LatchGuard latch(touched->latch());
  touched->Stamp(record, slot % kChunkRows, txn, seq);
}

void SealedGroup::Release(UndoRecord* record, uint32_t slot, std::vector<DeadRow>* dead) {
  Overlay* touched = overlay(slot / kChunkRows);
  if (touched == nullptr) return;  // of a lock that left its chain before the group was sealed
  const platform::LatchGuard latch(touched->latch());
  touched->Release(record, slot % kChunkRows, dead);
}

void SealedGroup::StampGroup(UndoRecord* record, TxnId txn, CommitSeq seq) {
  for (uint32_t v = 0; v < kGroupChunks; ++v) {
    Overlay* touched = overlay(v);
    if (touched == nullptr) continue;
    const platform::LatchGuard latch(touched->latch());
    touched->StampBase(record, txn, seq);
  }
  word_.store(VersionWord::Live(seq).bits(), std::memory_order_release);
  maker_.store(nullptr, std::memory_order_release);
}

void SealedGroup::ReleaseGroup(UndoRecord* record) {
  for (uint32_t v = 0; v < kGroupChunks; ++v) {
    Overlay* touched = overlay(v);
    if (touched == nullptr) continue;
    const platform::LatchGuard latch(touched->latch());
    touched->ReleaseBase(record);
  }
}

// ---- replay ----

Status SealedGroup::ReplayUpdate(const TableSchema& schema, uint32_t slot, const RowChange& change,
                                 CommitSeq seq) {
  if (slot >= descriptor_.rows || IsDead(slot)) {
    return DataLossError("the log updates row {}, which does not exist", first_rid() + slot);
  }
  DRIFTDB_ASSIGN_OR_RETURN(Overlay * touched, TouchOverlay(slot / kChunkRows));
  const platform::LatchGuard latch(touched->latch());
  return touched->ReplayUpdate(schema, {word(), nullptr, slot % kChunkRows}, change, seq);
}

Status SealedGroup::ReplayDelete(uint32_t slot) {
  if (slot >= descriptor_.rows || IsDead(slot)) return OkStatus();
  DRIFTDB_ASSIGN_OR_RETURN(Overlay * touched, TouchOverlay(slot / kChunkRows));
  const platform::LatchGuard latch(touched->latch());
  return touched->ReplayDelete({word(), nullptr, slot % kChunkRows});
}

// ---- reads ----

Result<std::shared_ptr<const SegmentReader>> SealedGroup::Reader(int column, uint32_t vector,
                                                                 uint32_t* local) {
  const SealedColumn& stored = descriptor_.columns[static_cast<size_t>(column)];
  const uint32_t row = vector * kChunkRows;
  size_t segment = 0;
  if (stored.segments.size() > 1) {
    const auto after =
        std::upper_bound(stored.segments.begin(), stored.segments.end(), row,
                         [](uint32_t r, const SegmentMeta& meta) { return r < meta.first_row; });
    segment = static_cast<size_t>(after - stored.segments.begin()) - 1;
  }
  const SegmentMeta& meta = stored.segments[segment];
  *local = (row - meta.first_row) / kChunkRows;
  return environment_.segments->Get(&readers_[static_cast<size_t>(column)][segment], meta,
                                    stored.type, environment_.extents);
}

Status SealedGroup::ReadBase(const TableSchema& schema, uint32_t slot, uint32_t ordinal,
                             Vector* out, size_t row) {
  const TableColumn& definition = schema.columns[ordinal];
  const int column = definition.dropped ? -1 : FindColumn(definition.id);
  if (column < 0) {
    out->SetValue(row,
                  definition.dropped ? driftdb::Value::Null(definition.type) : definition.missing);
    return OkStatus();
  }
  uint32_t local = 0;
  DRIFTDB_ASSIGN_OR_RETURN(const auto reader, Reader(column, slot / kChunkRows, &local));
  return reader->ReadOne(local * kChunkRows + slot % kChunkRows, out, row);
}

// Copies what the overlay has for the entry and marks those columns in `done`.
void SealedGroup::CopyOverlay(const Overlay& overlay, uint32_t entry, const UndoRecord* stop,
                              RowTarget* target) const {
  for (size_t i = 0; i < target->output.columns.size(); ++i) {
    const void* value = nullptr;
    switch (overlay.Value(entry, target->output.columns[i], stop, &value)) {
      case Overlay::Source::kBase:
        target->base.push_back(static_cast<uint32_t>(i));
        break;
      case Overlay::Source::kNull:
        StorePhysical(&target->output.out[i], target->output.row, nullptr);
        break;
      case Overlay::Source::kValue:
        StorePhysical(&target->output.out[i], target->output.row, value);
        break;
    }
  }
}

Status SealedGroup::ReadBases(const TableSchema& schema, uint32_t slot, const RowTarget& target) {
  for (const uint32_t i : target.base) {
    DRIFTDB_RETURN_IF_ERROR(
        ReadBase(schema, slot, target.output.columns[i], &target.output.out[i], target.output.row));
  }
  return OkStatus();
}

Result<bool> SealedGroup::Fetch(const TableSchema& schema, uint32_t slot, const Snapshot& snapshot,
                                const RowOutput& output) {
  if (slot >= descriptor_.rows || IsDead(slot)) return false;
  if (Overlay* touched = overlay(slot / kChunkRows); touched != nullptr) {
    RowTarget target{output, {}};
    touched->latch()->Lock();
    const int entry = touched->Find(slot % kChunkRows);
    VisibleVersion found;
    if (entry >= 0) {
      found = FindVisible(touched->version(static_cast<uint32_t>(entry)), snapshot,
                          *environment_.transactions);
      if (found.visible) {
        CopyOverlay(*touched, static_cast<uint32_t>(entry), found.stop, &target);
      }
    }
    touched->latch()->Unlock();
    if (entry >= 0) {
      if (!found.visible) return false;
      DRIFTDB_RETURN_IF_ERROR(ReadBases(schema, slot, target));
      return true;
    }
  }
  if (!BaseVisible(snapshot)) return false;
  for (size_t i = 0; i < output.columns.size(); ++i) {
    DRIFTDB_RETURN_IF_ERROR(ReadBase(schema, slot, output.columns[i], &output.out[i], output.row));
  }
  return true;
}

RowState SealedGroup::BaseState(TxnId me) const {
  Overlay::Base base;
  const WriteOutcome outcome = ResolveBase(me, &base);
  RowState state;
  if (!outcome.done()) {
    state.kind = RowState::Kind::kInFlight;
    state.holder = outcome.holder;
  } else if (base.word.in_txn()) {
    state.kind = RowState::Kind::kMineLive;
  } else {
    state.seq = base.word.seq();
    state.kind = state.seq > environment_.transactions->published() ? RowState::Kind::kInFlight
                                                                    : RowState::Kind::kLive;
  }
  return state;
}

RowState SealedGroup::State(uint32_t slot, TxnId me) {
  if (slot >= descriptor_.rows || IsDead(slot)) return {};
  if (Overlay* touched = overlay(slot / kChunkRows); touched != nullptr) {
    const platform::LatchGuard latch(touched->latch());
    if (const int entry = touched->Find(slot % kChunkRows); entry >= 0) {
      return NewestVersion(touched->version(static_cast<uint32_t>(entry)), me,
                           *environment_.transactions);
    }
  }
  return BaseState(me);
}

Result<RowState> SealedGroup::FetchNewest(const TableSchema& schema, uint32_t slot, TxnId me,
                                          const RowOutput& output) {
  if (slot >= descriptor_.rows || IsDead(slot)) return RowState{};
  RowTarget target{output, {}};
  RowState state;
  bool found = false;
  if (Overlay* touched = overlay(slot / kChunkRows); touched != nullptr) {
    const platform::LatchGuard latch(touched->latch());
    if (const int entry = touched->Find(slot % kChunkRows); entry >= 0) {
      found = true;
      const VersionSlot& version = touched->version(static_cast<uint32_t>(entry));
      state = NewestVersion(version, me, *environment_.transactions);
      if (state.kind == RowState::Kind::kAbsent) return state;
      CopyOverlay(*touched, static_cast<uint32_t>(entry), version.undo, &target);
    }
  }
  if (!found) {
    state = BaseState(me);
    for (uint32_t i = 0; i < output.columns.size(); ++i) target.base.push_back(i);
  }
  DRIFTDB_RETURN_IF_ERROR(ReadBases(schema, slot, target));
  return state;
}

}  // namespace driftdb::storage
