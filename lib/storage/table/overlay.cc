#include "storage/table/overlay.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/status_macros.h"

namespace driftdb::storage {

namespace {
constexpr uint32_t kOverlayFirstCapacity = 64;

size_t OverlayHash(uint32_t slot) { return slot * size_t{0x9e3779b1} >> 7; }
size_t OverlayHeapBytes(const ColumnArray& array, const void* value) {
  if (!array.is_string() || value == nullptr) return 0;
  return ColumnArray::HeapBytes(*static_cast<const StringRef*>(value));
}
}  // namespace

Overlay::Overlay(uint64_t first_rid, const TableEnvironment& environment)
    : first_rid_(first_rid), memory_(environment.memory, "hot rows"), environment_(environment) {}

Overlay::~Overlay() {
  for (Column& column : columns_) column.values->Unref();
}

int Overlay::Find(uint32_t slot) const {
  if (!BitIsSet(touched_, slot)) return -1;
  const size_t mask = buckets_.size() - 1;
  for (size_t i = OverlayHash(slot) & mask;; i = (i + 1) & mask) {
    DRIFTDB_DCHECK(buckets_[i] != 0);
    if (rows_[buckets_[i] - 1] == slot) return buckets_[i] - 1;
  }
}

void Overlay::InsertBucket(uint32_t slot, uint32_t entry) {
  const size_t mask = buckets_.size() - 1;
  size_t i = OverlayHash(slot) & mask;
  while (buckets_[i] != 0) i = (i + 1) & mask;
  buckets_[i] = static_cast<uint16_t>(entry + 1);
}

Status Overlay::GrowEntries() {
  const uint32_t capacity = capacity_ == 0 ? kOverlayFirstCapacity : 2 * capacity_;
  std::vector<ColumnArrayPtr> grown;
  std::vector<std::vector<uint64_t>> present;
  DRIFTDB_RETURN_IF_ERROR(memory_.Resize(sizeof(Overlay) + capacity * (sizeof(VersionSlot) + 6)));
  for (const Column& column : columns_) {
    DRIFTDB_ASSIGN_OR_RETURN(ColumnArrayPtr copy, column.values->Clone(count_, capacity));
    grown.push_back(std::move(copy));
    present.push_back(column.present);
    present.back().resize(capacity / 64, 0);
  }
  // Longer is not yet larger: until all is there the overlay stays what it was.
  rows_.resize(capacity);
  slots_.resize(capacity);
  std::vector<uint16_t> buckets(size_t{2} * capacity, 0);
  for (size_t c = 0; c < columns_.size(); ++c) {
    columns_[c].values->Unref();
    columns_[c].values = grown[c].release();
    columns_[c].present = std::move(present[c]);
  }
  buckets_ = std::move(buckets);
  for (uint32_t i = 0; i < count_; ++i) InsertBucket(rows_[i], i);
  capacity_ = capacity;
  return OkStatus();
}

Result<uint32_t> Overlay::Touch(const Base& base) {
  const uint32_t slot = base.slot;
  if (const int entry = Find(slot); entry >= 0) return static_cast<uint32_t>(entry);
  if (count_ == capacity_) DRIFTDB_RETURN_IF_ERROR(GrowEntries());
  const uint32_t entry = count_++;
  rows_[entry] = static_cast<uint16_t>(slot);
  slots_[entry] = {};
  ++summary_.special;  // the empty word, until the next line
  summary_.SetWord(&slots_[entry], base.word);
  summary_.SetUndo(&slots_[entry], base.maker);
  InsertBucket(slot, entry);
  SetBit(touched_, slot);
  return entry;
}

Overlay::Column* Overlay::FindColumn(uint32_t ordinal) {
  for (Column& column : columns_) {
    if (column.ordinal == ordinal) return &column;
  }
  return nullptr;
}

const Overlay::Column* Overlay::FindColumn(uint32_t ordinal) const {
  return const_cast<Overlay*>(this)->FindColumn(ordinal);
}

std::vector<uint32_t> Overlay::columns() const {
  std::vector<uint32_t> ordinals;
  for (const Column& column : columns_) ordinals.push_back(column.ordinal);
  return ordinals;
}

Status Overlay::PrepareColumn(const TableSchema& schema, uint32_t ordinal, const void* value) {
  Column* column = FindColumn(ordinal);
  if (column == nullptr) {
    DRIFTDB_ASSIGN_OR_RETURN(
        ColumnArrayPtr array,
        ColumnArray::Make(schema.columns[ordinal].type, capacity_, environment_.memory));
    columns_.push_back({ordinal, array.get(), std::vector<uint64_t>(capacity_ / 64, 0)});
    (void)array.release();
    column = &columns_.back();
  } else if (column->values->heap_is_wasteful()) {
    DRIFTDB_ASSIGN_OR_RETURN(ColumnArrayPtr copy, column->values->Clone(count_, capacity_));
    column->values->Unref();
    column->values = copy.release();
  }
  return column->values->PrepareHeap(OverlayHeapBytes(*column->values, value));
}

Status Overlay::PrepareChange(const TableSchema& schema, const RowChange& change) {
  for (size_t i = 0; i < change.columns.size(); ++i) {
    DRIFTDB_RETURN_IF_ERROR(PrepareColumn(schema, change.columns[i], change.values[i]));
  }
  return OkStatus();
}

void Overlay::ApplyChange(uint32_t entry, const RowChange& change) {
  for (size_t i = 0; i < change.columns.size(); ++i) {
    Column* column = FindColumn(change.columns[i]);
    if (change.values[i] == nullptr) {
      column->values->SetNull(entry);
    } else {
      column->values->Set(entry, change.values[i]);
    }
    SetBit(column->present.data(), entry);
  }
  dirty_ = true;
}

Result<UndoRecord*> Overlay::MakeRecord(const WriteContext& context, VersionStore* store,
                                        UndoKind kind, uint32_t slot, const ImageSize& size) {
  DRIFTDB_RETURN_IF_ERROR(context.undo->Reserve(UndoLog::RecordBytes(size.columns) + size.bytes));
  UndoRecord* record = context.undo->Append(kind, store, size.columns);
  record->rid = RowId(first_rid_ + slot);
  record->statement = context.snapshot.statement;
  return record;
}

void Overlay::FillImages(UndoLog* undo, UndoRecord* record, uint32_t entry,
                         const RowChange& change) const {
  for (size_t i = 0; i < change.columns.size(); ++i) {
    UndoColumn& image = record->columns()[i];
    image.column = change.columns[i];
    const Column* column = FindColumn(image.column);
    if (!BitIsSet(column->present.data(), entry)) {
      image.state = UndoColumn::State::kAbsent;
    } else if (column->values->is_null(entry)) {
      image.state = UndoColumn::State::kNull;
    } else {
      image.state = UndoColumn::State::kValue;
      const uint8_t* value = column->values->value(entry);
      if (column->values->is_string()) {
        const StringRef copy = undo->CopyString(*reinterpret_cast<const StringRef*>(value));
        std::memcpy(image.bytes, &copy, sizeof(copy));
      } else {
        column->values->Copy(image.bytes, value);
      }
    }
  }
}

Result<WriteOutcome> Overlay::Update(const TableSchema& schema, const WriteContext& context,
                                     VersionStore* store, const Base& base,
                                     const RowChange& change) {
  const uint32_t slot = base.slot;
  const int found = Find(slot);
  VersionSlot untouched{base.word, base.maker};
  VersionSummary scratch;
  const WriteOutcome outcome =
      CheckWrite(found < 0 ? &untouched : &slots_[found], found < 0 ? &scratch : &summary_,
                 context.snapshot, *environment_.transactions);
  if (!outcome.done()) return outcome;
  DRIFTDB_ASSIGN_OR_RETURN(const uint32_t entry, Touch(base));
  DRIFTDB_RETURN_IF_ERROR(PrepareChange(schema, change));
  size_t bytes = 0;
  for (const uint32_t ordinal : change.columns) {
    const ColumnArray& values = *FindColumn(ordinal)->values;
    bytes += OverlayHeapBytes(values, values.value(entry));
  }
  DRIFTDB_ASSIGN_OR_RETURN(UndoRecord * record, MakeRecord(context, store, UndoKind::kUpdate, slot,
                                                           {change.columns.size(), bytes}));
  FillImages(context.undo, record, entry, change);
  ApplyChange(entry, change);
  PushChange(&slots_[entry], &summary_, record, VersionWord::Written(context.snapshot.txn));
  return outcome;
}

Result<WriteOutcome> Overlay::Delete(const WriteContext& context, VersionStore* store,
                                     const Base& base) {
  const uint32_t slot = base.slot;
  const int found = Find(slot);
  VersionSlot untouched{base.word, base.maker};
  VersionSummary scratch;
  const WriteOutcome outcome =
      CheckWrite(found < 0 ? &untouched : &slots_[found], found < 0 ? &scratch : &summary_,
                 context.snapshot, *environment_.transactions);
  if (!outcome.done()) return outcome;
  DRIFTDB_ASSIGN_OR_RETURN(const uint32_t entry, Touch(base));
  VersionSlot* version = &slots_[entry];
  const VersionWord removed = VersionWord::Removed(context.snapshot.txn);
  UndoRecord* run =
      version->undo != nullptr
          ? nullptr
          : context.undo->ExtendableRun(UndoKind::kDelete, store, RowId(first_rid_ + slot),
                                        context.snapshot.statement);
  if (run != nullptr && run->older == nullptr && run->previous_word == version->word) {
    ++run->rows;
    PushChange(version, &summary_, run, removed);
  } else {
    DRIFTDB_ASSIGN_OR_RETURN(UndoRecord * record,
                             MakeRecord(context, store, UndoKind::kDelete, slot, {}));
    PushChange(version, &summary_, record, removed);
  }
  dirty_ = true;
  return outcome;
}

Result<WriteOutcome> Overlay::Lock(const WriteContext& context, VersionStore* store,
                                   const Base& base) {
  const uint32_t slot = base.slot;
  const int found = Find(slot);
  VersionSlot untouched{base.word, base.maker};
  VersionSummary scratch;
  VersionSlot* version = found < 0 ? &untouched : &slots_[found];
  const WriteOutcome outcome = CheckWrite(version, found < 0 ? &scratch : &summary_,
                                          context.snapshot, *environment_.transactions);
  if (!outcome.done() || HeldBy(*version, context.snapshot.txn)) return outcome;
  DRIFTDB_ASSIGN_OR_RETURN(const uint32_t entry, Touch(base));
  DRIFTDB_ASSIGN_OR_RETURN(UndoRecord * record,
                           MakeRecord(context, store, UndoKind::kLock, slot, {}));
  PushChange(&slots_[entry], &summary_, record, VersionWord::Locked(context.snapshot.txn));
  return outcome;
}

// ---- undo ----

void Overlay::Rollback(UndoRecord* record, uint32_t slot) {
  const int entry = Find(slot);
  DRIFTDB_DCHECK(entry >= 0);
  if (entry < 0) return;
  for (size_t i = 0; i < record->column_count; ++i) {
    const UndoColumn& image = record->columns()[i];
    Column* column = FindColumn(image.column);
    if (image.state == UndoColumn::State::kAbsent) {
      column->values->SetNull(entry);  // frees the string
      ClearBit(column->present.data(), entry);
    } else if (image.state == UndoColumn::State::kNull) {
      column->values->SetNull(entry);
    } else if (column->values->PrepareHeap(OverlayHeapBytes(*column->values, image.bytes), true)
                   .ok()) {
      column->values->Set(entry, image.bytes);
    }
  }
  RollbackChange(&slots_[entry], &summary_, record);
  if (record->kind != UndoKind::kLock) dirty_ = true;
}

void Overlay::Stamp(UndoRecord* record, uint32_t slot, TxnId txn, CommitSeq seq) {
  const int entry = Find(slot);
  if (entry < 0) return;
  StampChange(&slots_[entry], &summary_, record, txn, seq);
  if (record->kind != UndoKind::kLock) dirty_ = true;
}

void Overlay::Release(UndoRecord* record, uint32_t slot, std::vector<DeadRow>* dead) {
  const int entry = Find(slot);
  if (entry < 0) return;
  const bool gone = ReleaseChange(&slots_[entry], &summary_, record);
  if (gone && dead != nullptr) dead->push_back({record->store, RowId(first_rid_ + slot)});
}

void Overlay::StampBase(UndoRecord* record, TxnId txn, CommitSeq seq) {
  for (uint32_t i = 0; i < count_; ++i) StampChange(&slots_[i], &summary_, record, txn, seq);
}

void Overlay::ReleaseBase(UndoRecord* record) {
  for (uint32_t i = 0; i < count_; ++i) ReleaseChange(&slots_[i], &summary_, record);
}

// ---- replay ----

Status Overlay::ReplayUpdate(const TableSchema& schema, const Base& base, const RowChange& change,
                             CommitSeq seq) {
  DRIFTDB_ASSIGN_OR_RETURN(const uint32_t entry, Touch(base));
  if (slots_[entry].word.deleted()) {
    return DataLossError("the log updates row {}, which does not exist", first_rid_ + base.slot);
  }
  DRIFTDB_RETURN_IF_ERROR(PrepareChange(schema, change));
  ApplyChange(entry, change);
  summary_.SetWord(&slots_[entry], VersionWord::Live(seq));
  return OkStatus();
}

Status Overlay::ReplayDelete(const Base& base) {
  DRIFTDB_ASSIGN_OR_RETURN(const uint32_t entry, Touch(base));
  summary_.SetWord(&slots_[entry], VersionWord::Dead());
  dirty_ = true;
  return OkStatus();
}

Status Overlay::LoadEntry(const TableSchema& schema, uint32_t slot, VersionWord word,
                          const RowChange& change) {
  if (Find(slot) >= 0) return DataLossError("overlay of row {} names it twice", first_rid_ + slot);
  DRIFTDB_ASSIGN_OR_RETURN(const uint32_t entry, Touch({word, nullptr, slot}));
  DRIFTDB_RETURN_IF_ERROR(PrepareChange(schema, change));
  ApplyChange(entry, change);
  return OkStatus();
}

bool Overlay::SettledAt(CommitSeq seq) const {
  if (summary_.max_seq > seq.value) return false;
  for (uint32_t i = 0; i < count_; ++i) {
    if (slots_[i].word.in_txn()) return false;
  }
  return true;
}

// ---- reads ----

Overlay::Source Overlay::Value(uint32_t entry, uint32_t column, const UndoRecord* stop,
                               const void** value) const {
  Source source = Source::kBase;
  if (const Column* current = FindColumn(column);
      current != nullptr && BitIsSet(current->present.data(), entry)) {
    source = current->values->is_null(entry) ? Source::kNull : Source::kValue;
    *value = current->values->value(entry);
  }
  for (const UndoRecord* record = slots_[entry].undo; record != stop; record = record->older) {
    if (record->kind != UndoKind::kUpdate) continue;
    for (size_t i = 0; i < record->column_count; ++i) {
      const UndoColumn& image = record->columns()[i];
      if (image.column != column) continue;
      *value = image.bytes;
      source = image.state == UndoColumn::State::kValue  ? Source::kValue
               : image.state == UndoColumn::State::kNull ? Source::kNull
                                                         : Source::kBase;
    }
  }
  return source;
}

}  // namespace driftdb::storage
