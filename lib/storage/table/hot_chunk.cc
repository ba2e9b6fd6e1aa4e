#include "storage/table/hot_chunk.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/status_macros.h"
#include "storage/mvcc/undo.h"

namespace driftdb::storage {

namespace {

// The physical form of a Value, null pointer for NULL.
class HotChunkConstant {
 public:
  explicit HotChunkConstant(const Value& value) {
    if (value.is_null()) return;
    value.StorePhysical(bytes_);
    pointer_ = bytes_;
  }
  HotChunkConstant(const HotChunkConstant&) = delete;
  const void* pointer() const { return pointer_; }

 private:
  alignas(16) uint8_t bytes_[16] = {};
  const void* pointer_ = nullptr;
};

size_t HotChunkHeapBytes(const ColumnArray& array, const void* value) {
  if (!array.is_string() || value == nullptr) return 0;
  return ColumnArray::HeapBytes(*static_cast<const StringRef*>(value));
}

size_t HotChunkHeapBytes(const VectorView& view, const RowSource& source) {
  size_t bytes = 0;
  for (uint32_t i = source.from; i < source.from + source.count; ++i) {
    const size_t row = source.rows == nullptr ? i : source.rows[i];
    if (view.valid(row)) {
      bytes +=
          ColumnArray::HeapBytes(reinterpret_cast<const StringRef*>(view.data)[view.position(row)]);
    }
  }
  return bytes;
}

}  // namespace

void StorePhysical(Vector* out, size_t row, const void* value) {
  uint8_t* data = out->mutable_raw_data();
  if (value == nullptr) {
    std::memset(data + row * out->type().width(), 0, out->type().width());
    out->SetNull(row);
    return;
  }
  if (out->validity() != nullptr) SetBit(out->mutable_validity(), row);
  switch (out->type().physical()) {
    case PhysicalType::kString:
      out->SetString(row, static_cast<const StringRef*>(value)->view());
      break;
    case PhysicalType::kInt32:
    case PhysicalType::kFloat:
      std::memcpy(data + row * 4, value, 4);
      break;
    case PhysicalType::kInt64:
    case PhysicalType::kDouble:
      std::memcpy(data + row * 8, value, 8);
      break;
    case PhysicalType::kBool:
      std::memcpy(data + row, value, 1);
      break;
    case PhysicalType::kInt16:
      std::memcpy(data + row * 2, value, 2);
      break;
    default:
      std::memcpy(data + row * 16, value, 16);
  }
}

HotChunk::HotChunk(uint64_t first_rid, const TableEnvironment& environment)
    : first_rid_(first_rid),
      slot_memory_(environment.memory, "hot rows"),
      environment_(environment) {}

HotChunk::~HotChunk() {
  for (ColumnArray* array : arrays_) {
    if (array != nullptr) array->Unref();
  }
  delete[] slots_;
}

size_t HotChunk::memory_bytes() const {
  size_t bytes = slot_memory_.bytes();
  for (const ColumnArray* array : arrays_) {
    if (array != nullptr) bytes += array->memory_bytes();
  }
  return bytes;
}

Status HotChunk::Grow(uint32_t end) {
  uint32_t capacity = capacity_ == 0 ? 64 : capacity_;
  while (capacity < end) capacity *= 2;
  if (capacity == capacity_) return OkStatus();
  DRIFTDB_DCHECK(capacity <= kChunkRows);
  std::vector<ColumnArrayPtr> grown(arrays_.size());
  Status status = slot_memory_.Resize(capacity * sizeof(VersionSlot));
  for (size_t c = 0; c < arrays_.size() && status.ok(); ++c) {
    if (arrays_[c] == nullptr) continue;
    Result<ColumnArrayPtr> copy = arrays_[c]->Clone(count_, capacity);
    if (copy.ok()) {
      grown[c] = std::move(*copy);
    } else {
      status = copy.status();
    }
  }
  if (!status.ok()) {
    if (slot_memory_.bytes() > capacity_ * sizeof(VersionSlot)) {
      (void)slot_memory_.Resize(capacity_ * sizeof(VersionSlot));  // shrinking cannot fail
    }
    return status;
  }
  auto* slots = new VersionSlot[capacity];
  for (size_t c = 0; c < arrays_.size(); ++c) {
    if (arrays_[c] != nullptr) arrays_[c]->Unref();
    arrays_[c] = grown[c].release();
  }
  std::copy_n(slots_, count_, slots);
  delete[] slots_;
  slots_ = slots;
  capacity_ = capacity;
  return OkStatus();
}

Status HotChunk::AddColumns(const TableSchema& schema) {
  std::vector<ColumnArrayPtr> made(std::max(arrays_.size(), schema.columns.size()));
  for (size_t c = 0; c < schema.columns.size(); ++c) {
    const TableColumn& column = schema.columns[c];
    if ((c < arrays_.size() && arrays_[c] != nullptr) || column.dropped) continue;
    DRIFTDB_ASSIGN_OR_RETURN(ColumnArrayPtr array,
                             ColumnArray::Make(column.type, capacity_, environment_.memory));
    const HotChunkConstant missing(column.missing);
    const size_t heap_bytes = HotChunkHeapBytes(*array, missing.pointer()) * count_;
    DRIFTDB_RETURN_IF_ERROR(array->PrepareHeap(heap_bytes));
    for (uint32_t i = 0; i < count_; ++i) {
      if (missing.pointer() == nullptr) {
        array->SetNull(i);
      } else {
        array->Set(i, missing.pointer());
      }
    }
    made[c] = std::move(array);
  }
  // All or none: Prepare tells by their number that the schema's columns are there.
  arrays_.resize(made.size(), nullptr);
  for (size_t c = 0; c < made.size(); ++c) {
    if (made[c] != nullptr) arrays_[c] = made[c].release();
  }
  return OkStatus();
}

Status HotChunk::Prepare(const TableSchema& schema, uint32_t end) {
  if (end > capacity_) DRIFTDB_RETURN_IF_ERROR(Grow(end));
  if (arrays_.size() >= schema.columns.size()) return OkStatus();
  return AddColumns(schema);
}

void HotChunk::CountSlots(uint32_t end) {
  if (end <= count_) return;
  summary_.special += end - count_;  // empty until their words are set
  count_ = end;
}

Status HotChunk::MakeWritable(uint32_t c, uint32_t first, bool forced) {
  ColumnArray* array = arrays_[c];
  const bool shared = first < array->pinned_rows() && array->pinned();
  if (!shared && (forced || !array->heap_is_wasteful())) return OkStatus();
  DRIFTDB_ASSIGN_OR_RETURN(ColumnArrayPtr copy, array->Clone(count_, capacity_, forced));
  array->Unref();
  arrays_[c] = copy.release();
  return OkStatus();
}

// ---- inserts ----

Status HotChunk::PrepareInsert(const TableSchema& schema, uint32_t first, const RowSource& source) {
  DRIFTDB_RETURN_IF_ERROR(Prepare(schema, first + source.count));
  for (uint32_t c = 0; c < arrays_.size(); ++c) {
    if (arrays_[c] == nullptr) continue;
    DRIFTDB_RETURN_IF_ERROR(MakeWritable(c, first, false));
    if (!arrays_[c]->is_string()) continue;
    size_t bytes = 0;
    if (c < source.views.size()) {
      bytes = HotChunkHeapBytes(source.views[c], source);
    } else if (c < schema.columns.size()) {
      bytes = schema.columns[c].missing.is_null()
                  ? 0
                  : source.count * schema.columns[c].missing.string().size();
    }
    DRIFTDB_RETURN_IF_ERROR(arrays_[c]->PrepareHeap(bytes));
  }
  return OkStatus();
}

void HotChunk::FillColumns(const TableSchema& schema, uint32_t first, const RowSource& source) {
  for (uint32_t c = 0; c < arrays_.size(); ++c) {
    if (arrays_[c] == nullptr) continue;
    if (c < source.views.size()) {
      arrays_[c]->SetMany(first, source.views[c], source.rows, source.from, source.count);
      continue;
    }
    const HotChunkConstant missing(c < schema.columns.size() ? schema.columns[c].missing : Value());
    for (uint32_t i = 0; i < source.count; ++i) {
      if (missing.pointer() == nullptr) {
        arrays_[c]->SetNull(first + i);
      } else {
        arrays_[c]->Set(first + i, missing.pointer());
      }
    }
  }
}

Status HotChunk::Insert(const TableSchema& schema, uint32_t first, const RowSource& source,
                        UndoRecord* record, VersionWord word) {
  DRIFTDB_RETURN_IF_ERROR(PrepareInsert(schema, first, source));
  CountSlots(first + source.count);
  FillColumns(schema, first, source);
  for (uint32_t i = 0; i < source.count; ++i)
    PushChange(&slots_[first + i], &summary_, record, word);
  Touch();
  return OkStatus();
}

Status HotChunk::InsertRow(const TableSchema& schema, uint32_t slot,
                           std::span<const void* const> values, UndoRecord* record,
                           VersionWord word) {
  DRIFTDB_RETURN_IF_ERROR(Prepare(schema, slot + 1));
  const size_t given = std::min(values.size(), arrays_.size());
  for (uint32_t c = 0; c < arrays_.size(); ++c) {
    if (arrays_[c] == nullptr) continue;
    DRIFTDB_RETURN_IF_ERROR(MakeWritable(c, slot, false));
    if (c >= given || !arrays_[c]->is_string()) continue;
    DRIFTDB_RETURN_IF_ERROR(arrays_[c]->PrepareHeap(HotChunkHeapBytes(*arrays_[c], values[c])));
  }
  CountSlots(slot + 1);
  for (uint32_t c = 0; c < given; ++c) {
    if (arrays_[c] == nullptr) continue;
    if (values[c] == nullptr) {
      arrays_[c]->SetNull(slot);
    } else {
      arrays_[c]->Set(slot, values[c]);
    }
  }
  if (given < arrays_.size()) {
    for (uint32_t c = given; c < arrays_.size(); ++c) {
      if (arrays_[c] == nullptr) continue;
      const HotChunkConstant missing(c < schema.columns.size() ? schema.columns[c].missing
                                                               : Value());
      if (missing.pointer() == nullptr) {
        arrays_[c]->SetNull(slot);
        continue;
      }
      DRIFTDB_RETURN_IF_ERROR(
          arrays_[c]->PrepareHeap(HotChunkHeapBytes(*arrays_[c], missing.pointer())));
      arrays_[c]->Set(slot, missing.pointer());
    }
  }
  PushChange(&slots_[slot], &summary_, record, word);
  Touch();
  return OkStatus();
}

// ---- updates, deletions, locks ----

Status HotChunk::PrepareChange(const TableSchema& schema, uint32_t slot, const RowChange& change) {
  DRIFTDB_RETURN_IF_ERROR(Prepare(schema, slot + 1));
  for (size_t i = 0; i < change.columns.size(); ++i) {
    const uint32_t c = change.columns[i];
    if (arrays_[c] == nullptr) continue;  // dropped meanwhile
    DRIFTDB_RETURN_IF_ERROR(MakeWritable(c, slot, false));
    DRIFTDB_RETURN_IF_ERROR(
        arrays_[c]->PrepareHeap(HotChunkHeapBytes(*arrays_[c], change.values[i])));
  }
  return OkStatus();
}

void HotChunk::ApplyChange(uint32_t slot, const RowChange& change) {
  for (size_t i = 0; i < change.columns.size(); ++i) {
    ColumnArray* array = arrays_[change.columns[i]];
    if (array == nullptr) continue;
    if (change.values[i] == nullptr) {
      array->SetNull(slot);
    } else {
      array->Set(slot, change.values[i]);
    }
  }
  Touch();
}

Result<UndoRecord*> HotChunk::MakeRecord(const WriteContext& context, VersionStore* store,
                                         UndoKind kind, uint32_t slot) {
  DRIFTDB_RETURN_IF_ERROR(context.undo->Reserve(UndoLog::RecordBytes(0)));
  UndoRecord* record = context.undo->Append(kind, store, 0);
  record->rid = RowId(first_rid_ + slot);
  record->statement = context.snapshot.statement;
  return record;
}

Result<UndoRecord*> HotChunk::MakeUpdateRecord(const WriteContext& context, VersionStore* store,
                                               uint32_t slot, const RowChange& change) {
  const size_t count = change.columns.size();
  size_t bytes = UndoLog::RecordBytes(count);
  for (const uint32_t c : change.columns) {
    if (arrays_[c] != nullptr) bytes += HotChunkHeapBytes(*arrays_[c], arrays_[c]->value(slot));
  }
  DRIFTDB_RETURN_IF_ERROR(context.undo->Reserve(bytes));
  UndoRecord* record = context.undo->Append(UndoKind::kUpdate, store, count);
  record->rid = RowId(first_rid_ + slot);
  record->statement = context.snapshot.statement;
  for (size_t i = 0; i < count; ++i) {
    UndoColumn& image = record->columns()[i];
    image.column = change.columns[i];
    const ColumnArray* array = arrays_[image.column];
    if (array == nullptr || array->is_null(slot)) {
      image.state = UndoColumn::State::kNull;
      continue;
    }
    image.state = UndoColumn::State::kValue;
    if (array->is_string()) {
      const StringRef copy =
          context.undo->CopyString(*reinterpret_cast<const StringRef*>(array->value(slot)));
      std::memcpy(image.bytes, &copy, sizeof(copy));
    } else {
      array->Copy(image.bytes, array->value(slot));
    }
  }
  return record;
}

Result<WriteOutcome> HotChunk::Update(const TableSchema& schema, const WriteContext& context,
                                      VersionStore* store, uint32_t slot, const RowChange& change) {
  if (slot >= count_) return WriteOutcome{WriteOutcome::Kind::kGone, TxnId(0), CommitSeq(0)};
  VersionSlot* version = &slots_[slot];
  const WriteOutcome outcome =
      CheckWrite(version, &summary_, context.snapshot, *environment_.transactions);
  if (!outcome.done()) return outcome;
  DRIFTDB_RETURN_IF_ERROR(PrepareChange(schema, slot, change));
  DRIFTDB_ASSIGN_OR_RETURN(UndoRecord * record, MakeUpdateRecord(context, store, slot, change));
  version = &slots_[slot];
  ApplyChange(slot, change);
  PushChange(version, &summary_, record, VersionWord::Written(context.snapshot.txn));
  return outcome;
}

Result<WriteOutcome> HotChunk::Delete(const WriteContext& context, VersionStore* store,
                                      uint32_t slot) {
  if (slot >= count_) return WriteOutcome{WriteOutcome::Kind::kGone, TxnId(0), CommitSeq(0)};
  VersionSlot* version = &slots_[slot];
  const WriteOutcome outcome =
      CheckWrite(version, &summary_, context.snapshot, *environment_.transactions);
  if (!outcome.done()) return outcome;
  const VersionWord removed = VersionWord::Removed(context.snapshot.txn);
  UndoRecord* run =
      version->undo != nullptr
          ? nullptr
          : context.undo->ExtendableRun(UndoKind::kDelete, store, RowId(first_rid_ + slot),
                                        context.snapshot.statement);
  // The first record of a run may have been made for a row with older records: it stays single.
  if (run != nullptr && run->older == nullptr && run->previous_word == version->word) {
    ++run->rows;
    PushChange(version, &summary_, run, removed);
  } else {
    DRIFTDB_ASSIGN_OR_RETURN(UndoRecord * record,
                             MakeRecord(context, store, UndoKind::kDelete, slot));
    PushChange(version, &summary_, record, removed);
  }
  Touch();
  return outcome;
}

Result<WriteOutcome> HotChunk::Lock(const WriteContext& context, VersionStore* store,
                                    uint32_t slot) {
  if (slot >= count_) return WriteOutcome{WriteOutcome::Kind::kGone, TxnId(0), CommitSeq(0)};
  VersionSlot* version = &slots_[slot];
  const WriteOutcome outcome =
      CheckWrite(version, &summary_, context.snapshot, *environment_.transactions);
  if (!outcome.done() || HeldBy(*version, context.snapshot.txn)) return outcome;
  DRIFTDB_ASSIGN_OR_RETURN(UndoRecord * record, MakeRecord(context, store, UndoKind::kLock, slot));
  PushChange(version, &summary_, record, VersionWord::Locked(context.snapshot.txn));
  return outcome;
}

// ---- undo ----

void HotChunk::Rollback(UndoRecord* record, uint32_t first, uint32_t count) {
  if (record->kind == UndoKind::kUpdate) {
    for (size_t i = 0; i < record->column_count; ++i) {
      const UndoColumn& image = record->columns()[i];
      if (arrays_[image.column] == nullptr) continue;
      // Forced: cannot fail (C11).
      if (!MakeWritable(image.column, first, true).ok()) continue;
      ColumnArray* array = arrays_[image.column];
      if (image.state != UndoColumn::State::kValue) {
        array->SetNull(first);
        continue;
      }
      if (!array->PrepareHeap(HotChunkHeapBytes(*array, image.bytes), true).ok()) continue;
      array->Set(first, image.bytes);
    }
  }
  for (uint32_t i = 0; i < count; ++i) RollbackChange(&slots_[first + i], &summary_, record);
  if (record->kind != UndoKind::kLock) Touch();
}

void HotChunk::Stamp(UndoRecord* record, uint32_t first, uint32_t count, TxnId txn, CommitSeq seq) {
  for (uint32_t i = 0; i < count; ++i) {
    StampChange(&slots_[first + i], &summary_, record, txn, seq);
  }
  if (record->kind != UndoKind::kLock) dirty_ = true;
}

void HotChunk::Release(UndoRecord* record, uint32_t first, uint32_t count,
                       std::vector<DeadRow>* dead) {
  for (uint32_t i = 0; i < count; ++i) {
    const bool gone = ReleaseChange(&slots_[first + i], &summary_, record);
    if (gone && dead != nullptr) dead->push_back({record->store, RowId(first_rid_ + first + i)});
  }
}

// ---- replay and load ----

Status HotChunk::ReplayInsert(const TableSchema& schema, uint32_t first, const RowSource& source,
                              CommitSeq seq) {
  DRIFTDB_RETURN_IF_ERROR(PrepareInsert(schema, first, source));
  CountSlots(first + source.count);
  FillColumns(schema, first, source);
  for (uint32_t i = 0; i < source.count; ++i) {
    summary_.SetWord(&slots_[first + i], VersionWord::Live(seq));
  }
  Touch();
  return OkStatus();
}

Status HotChunk::ReplayUpdate(const TableSchema& schema, uint32_t slot, const RowChange& change,
                              CommitSeq seq) {
  if (slot >= count_ || slots_[slot].word.empty() || slots_[slot].word.deleted()) {
    return DataLossError("the log updates row {}, which does not exist", first_rid_ + slot);
  }
  DRIFTDB_RETURN_IF_ERROR(PrepareChange(schema, slot, change));
  ApplyChange(slot, change);
  summary_.SetWord(&slots_[slot], VersionWord::Live(seq));
  return OkStatus();
}

void HotChunk::ReplayDelete(uint32_t slot, CommitSeq seq) {
  if (slot >= count_) return;
  // No snapshot is older than recovery, so nobody looks behind the deletion.
  summary_.SetWord(&slots_[slot], VersionWord::Dead());
  if (seq.value > summary_.max_seq) summary_.max_seq = seq.value;
  Touch();
}

void HotChunk::SetLoadedWord(uint32_t slot, VersionWord word) {
  CountSlots(slot + 1);
  summary_.SetWord(&slots_[slot], word);
}

bool HotChunk::SettledAt(CommitSeq seq) const {
  if (summary_.max_seq > seq.value) return false;
  for (uint32_t i = 0; i < count_; ++i) {
    if (slots_[i].word.in_txn()) return false;
  }
  return true;
}

bool HotChunk::Quiet(CommitSeq horizon) const {
  return summary_.undo_rows == 0 && SettledAt(horizon);
}

}  // namespace driftdb::storage
