#include <cstring>

#include "storage/column/bitmap.h"
#include "storage/table/hot_chunk.h"

namespace driftdb::storage {

namespace {

// Before images newest to oldest: the oldest one that names a column wins. Ordinals not in
// `columns` are skipped.
void HotChunkApplyImages(const UndoRecord* from, const UndoRecord* stop, const RowOutput& output) {
  const auto& [columns, out, row] = output;
  for (const UndoRecord* record = from; record != stop; record = record->older) {
    if (record->kind != UndoKind::kUpdate) continue;
    for (size_t i = 0; i < record->column_count; ++i) {
      const UndoColumn& image = record->columns()[i];
      for (size_t c = 0; c < columns.size(); ++c) {
        if (columns[c] != image.column) continue;
        StorePhysical(&out[c], row,
                      image.state == UndoColumn::State::kValue ? image.bytes : nullptr);
      }
    }
  }
}

void HotChunkStoreMissing(const TableSchema& schema, uint32_t column, Vector* out, size_t row) {
  const TableColumn& definition = schema.columns[column];
  if (definition.dropped) {
    StorePhysical(out, row, nullptr);
  } else {
    out->SetValue(row, definition.missing);
  }
}

}  // namespace

// Keeps the column memory that a scan took out.
struct HotChunk::Pins {
  std::vector<ColumnArray*> arrays;
  std::vector<std::unique_ptr<uint64_t[]>> validity;  // copies
  Pins() = default;
  Pins(const Pins&) = delete;
  ~Pins() {
    for (ColumnArray* array : arrays) array->Unref();
  }
};

void HotChunk::CopyOut(const TableSchema& schema, uint32_t slot, const RowOutput& output) const {
  const auto& [columns, out, row] = output;
  for (size_t i = 0; i < columns.size(); ++i) {
    const uint32_t c = columns[i];
    const ColumnArray* array = c < arrays_.size() ? arrays_[c] : nullptr;
    if (array == nullptr || schema.columns[c].dropped) {
      HotChunkStoreMissing(schema, c, &out[i], row);
    } else {
      StorePhysical(&out[i], row, array->is_null(slot) ? nullptr : array->value(slot));
    }
  }
}

bool HotChunk::Fetch(const TableSchema& schema, uint32_t slot, const Snapshot& snapshot,
                     const RowOutput& output) const {
  if (slot >= count_) return false;
  const VersionSlot& version = slots_[slot];
  __builtin_prefetch(&version);
  // All misses of the row at once, not one after the other.
  for (const uint32_t c : output.columns) {
    if (c < arrays_.size() && arrays_[c] != nullptr) __builtin_prefetch(arrays_[c]->value(slot));
  }
  const UndoRecord* stop = version.undo;
  if (!version.word.plainly_visible(snapshot.seq)) {
    const VisibleVersion found = FindVisible(version, snapshot, *environment_.transactions);
    if (!found.visible) return false;
    stop = found.stop;
  }
  CopyOut(schema, slot, output);
  if (stop != version.undo) HotChunkApplyImages(version.undo, stop, output);
  return true;
}

RowState HotChunk::State(uint32_t slot, TxnId me) const {
  if (slot >= count_) return {};
  return NewestVersion(slots_[slot], me, *environment_.transactions);
}

RowState HotChunk::FetchNewest(const TableSchema& schema, uint32_t slot, TxnId me,
                               const RowOutput& output) const {
  const RowState state = State(slot, me);
  if (state.kind != RowState::Kind::kAbsent) CopyOut(schema, slot, output);
  return state;
}

void HotChunk::FindVisibleRows(const Snapshot& snapshot, View* view,
                               std::vector<PatchRow>* patches) const {
  view->all_visible = summary_.AllVisible(snapshot.seq);
  if (view->all_visible) {
    FillBitmap(view->alive, count_);
    if (view->words != nullptr) {
      for (uint32_t i = 0; i < count_; ++i) view->words[i] = slots_[i].word.bits();
    }
    return;
  }
  FillBitmap(view->alive, 0);
  for (uint32_t i = 0; i < count_; ++i) {
    const VersionSlot& slot = slots_[i];
    VersionWord word = slot.word;
    if (!word.plainly_visible(snapshot.seq)) {
      const VisibleVersion found = FindVisible(slot, snapshot, *environment_.transactions);
      if (!found.visible) continue;
      if (found.stop != slot.undo) patches->push_back({i, found.stop});
      word = found.word;
    }
    SetBit(view->alive, i);
    if (view->words != nullptr) view->words[i] = word.bits();
  }
}

void HotChunk::PatchColumns(std::span<const uint32_t> columns, const std::vector<PatchRow>& patches,
                            const std::shared_ptr<const Pins>& pins, View* view) const {
  for (size_t c = 0; c < columns.size(); ++c) {
    const ColumnArray* array = columns[c] < arrays_.size() ? arrays_[columns[c]] : nullptr;
    if (array == nullptr) continue;
    Vector* copy = nullptr;
    for (const PatchRow& patch : patches) {
      for (const UndoRecord* record = slots_[patch.slot].undo; record != patch.stop;
           record = record->older) {
        if (record->kind != UndoKind::kUpdate) continue;
        for (size_t i = 0; i < record->column_count; ++i) {
          const UndoColumn& image = record->columns()[i];
          if (image.column != columns[c]) continue;
          if (copy == nullptr) {
            copy = &(*view->columns)[c];
            Vector fresh(copy->type(), kVectorRows);
            std::memcpy(fresh.mutable_raw_data(), array->data(), size_t{count_} * array->width());
            if (array->validity() != nullptr) {
              std::memcpy(fresh.mutable_validity(), array->validity(), (count_ + 63) / 64 * 8);
            }
            if (array->is_string()) fresh.Hold(pins);
            *copy = std::move(fresh);
          }
          StorePhysical(copy, patch.slot,
                        image.state == UndoColumn::State::kValue ? image.bytes : nullptr);
        }
      }
    }
  }
}

bool HotChunk::Scan(const TableSchema& schema, const Snapshot& snapshot,
                    std::span<const uint32_t> columns, View* view) {
  view->rows = count_;
  if (count_ == 0) return false;
  std::vector<PatchRow> patches;
  FindVisibleRows(snapshot, view, &patches);
  if (!view->all_visible && CountBits(view->alive) == 0) return false;
  auto pins = std::make_shared<Pins>();
  pins->arrays.reserve(columns.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    const uint32_t c = columns[i];
    Vector& out = (*view->columns)[i];
    ColumnArray* array = c < arrays_.size() ? arrays_[c] : nullptr;
    if (array == nullptr || schema.columns[c].dropped) {
      const TableColumn& definition = schema.columns[c];
      out.SetConstant(definition.dropped ? Value::Null(definition.type) : definition.missing);
      continue;
    }
    array->set_pinned_rows(count_);
    array->Ref();
    pins->arrays.push_back(array);
    const uint64_t* validity = array->validity();
    if (validity != nullptr && count_ % 64 != 0) {
      // Inserts behind the pinned rows will write the bits that share the last word.
      pins->validity.push_back(std::make_unique<uint64_t[]>(kValidityWords));
      std::memcpy(pins->validity.back().get(), validity, (count_ + 63) / 64 * 8);
      validity = pins->validity.back().get();
    }
    out.ReferFlat(array->data(), validity, pins);
  }
  if (!patches.empty()) PatchColumns(columns, patches, pins, view);
  return true;
}

}  // namespace driftdb::storage
