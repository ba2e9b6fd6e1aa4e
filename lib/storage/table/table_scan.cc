#include "storage/table/table_scan.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/check.h"
#include "base/status_macros.h"
#include "storage/column/bitmap.h"
#include "storage/column/column_predicate.h"
#include "storage/column/segment_reader.h"
#include "storage/mvcc/epoch.h"
#include "storage/table/hot_chunk.h"
#include "storage/table/row_group.h"

namespace driftdb::storage {

namespace {

constexpr uint64_t kTableScanMorselRows = 16 * uint64_t{kChunkRows};
constexpr uint64_t kTableScanMorselsWanted = 64;
// Fewer survivors of a vector than a quarter: decode only those.
constexpr size_t kTableScanSparse = 4;

// A private flat copy of rows [0, rows) with room for kVectorRows.
Vector TableScanCopyFlat(Vector source, uint32_t rows) {
  if (source.kind() != VectorKind::kFlat) {
    source.Flatten(rows);
    return source;
  }
  Vector copy(source.type(), kVectorRows);
  std::memcpy(copy.mutable_raw_data(), source.raw_data(), size_t{rows} * source.type().width());
  if (source.validity() != nullptr) {
    std::memcpy(copy.mutable_validity(), source.validity(), (rows + 63) / 64 * sizeof(uint64_t));
  }
  if (source.type().physical() == PhysicalType::kString) copy.HoldAllOf(source);
  return copy;
}

// Keeps bits [first, end) of a vector's rows.
void TableScanClip(uint64_t* bits, size_t first, size_t end) {
  for (size_t i = 0; i < first; ++i) ClearBit(bits, i);
  for (size_t i = end; i < kVectorRows; ++i) ClearBit(bits, i);
}

}  // namespace

// ---- TableScan ----

TableScan::TableScan(Table* table, ScanOptions options)
    : table_(table), options_(std::move(options)), schema_(table->schema()) {
  const uint64_t chunk_mask = kChunkRows - 1;
  const uint64_t last = std::min(options_.end.value, table->next_rid().value);
  end_rid_ = (last + chunk_mask) & ~chunk_mask;
  const uint64_t first = std::min(options_.first.value & ~chunk_mask, end_rid_);
  next_rid_.store(first, std::memory_order_relaxed);
  const uint64_t share = (end_rid_ - first) / kTableScanMorselsWanted & ~chunk_mask;
  morsel_rows_ = std::clamp<uint64_t>(share, kChunkRows, kTableScanMorselRows);
}

std::vector<LogicalType> TableScan::types() const {
  std::vector<LogicalType> types;
  for (const uint32_t column : options_.columns) types.push_back(schema_->columns[column].type);
  if (options_.row_ids) types.emplace_back(TypeId::kInt64);
  return types;
}

void TableScan::AddPredicate(ScanPredicate predicate) {
  platform::MutexLock lock(&mutex_);
  added_.push_back(std::move(predicate));
  added_count_.store(static_cast<uint32_t>(added_.size()), std::memory_order_release);
}

uint64_t TableScan::morsel_count() const {
  const uint64_t next = std::min(next_rid_.load(std::memory_order_relaxed), end_rid_);
  return (end_rid_ - next + morsel_rows_ - 1) / morsel_rows_;
}

bool TableScan::NextMorsel(Morsel* morsel) {
  const uint64_t first = next_rid_.fetch_add(morsel_rows_, std::memory_order_relaxed);
  if (first >= end_rid_) {
    next_rid_.store(end_rid_, std::memory_order_relaxed);
    return false;
  }
  *morsel = {first, std::min(first + morsel_rows_, end_rid_)};
  return true;
}

// ---- ScanCursor ----

struct ScanCursor::State {
  TableScan::Morsel morsel;
  // Ordinals that are read: the projected ones first, then those only predicates need.
  std::vector<uint32_t> ordinals;
  struct Filter {
    ScanPredicate predicate;
    size_t place = 0;                             // in `ordinals`
    std::shared_ptr<const SegmentReader> reader;  // `prepared` is for this one
    std::optional<SegmentPredicate> prepared;
  };
  std::vector<Filter> filters;
  uint32_t added_seen = 0;
  // Per place of `ordinals`: the reader of the current vector; null: the group does not store the
  // column.
  struct Open {
    std::shared_ptr<const SegmentReader> reader;
    const SealedGroup* group = nullptr;
    uint32_t first_vector = 0;
    uint32_t local = 0;
  };
  std::vector<Open> open;
  std::vector<Vector> vectors;  // hot columns
  alignas(64) uint64_t alive[kValidityWords];
  SegmentScratch scratch;
  std::shared_ptr<Selection> selection;

  Selection* FreshSelection() {
    if (selection == nullptr || selection.use_count() != 1) {
      selection = std::make_shared<Selection>();
    }
    selection->set_size(0);
    return selection.get();
  }
};

// The touched rows of one vector of a sealed group that the snapshot sees.
struct ScanCursor::PatchRows {
  std::vector<uint16_t> slots;
  std::vector<Vector> values;  // per place of `ordinals`, row k = slots[k]
  uint64_t alive[kValidityWords] = {};
  bool empty() const { return slots.empty(); }
};

ScanCursor::ScanCursor(TableScan* scan) : scan_(scan), state_(std::make_unique<State>()) {
  state_->ordinals = scan->options().columns;
  for (const ScanPredicate& predicate : scan->options().predicates) {
    state_->filters.push_back({predicate, 0, nullptr, std::nullopt});
  }
  state_->added_seen = ~uint32_t{0};
  RefreshPredicates();
}

ScanCursor::~ScanCursor() = default;

void ScanCursor::RefreshPredicates() {
  const uint32_t added = scan_->added_count_.load(std::memory_order_acquire);
  if (added == state_->added_seen) return;
  {
    platform::MutexLock lock(&scan_->mutex_);
    const size_t fixed = scan_->options().predicates.size();
    for (size_t i = state_->filters.size() - fixed; i < scan_->added_.size(); ++i) {
      state_->filters.push_back({scan_->added_[i], 0, nullptr, std::nullopt});
    }
    state_->added_seen = static_cast<uint32_t>(scan_->added_.size());
  }
  std::vector<uint32_t>& ordinals = state_->ordinals;
  for (State::Filter& filter : state_->filters) {
    const auto found = std::find(ordinals.begin(), ordinals.end(), filter.predicate.column);
    filter.place = static_cast<size_t>(found - ordinals.begin());
    if (found == ordinals.end()) ordinals.push_back(filter.predicate.column);
  }
  state_->open.resize(ordinals.size());
  state_->vectors.clear();
  for (const uint32_t ordinal : ordinals) {
    state_->vectors.emplace_back(scan_->schema_->columns[ordinal].type);
  }
}

Result<bool> ScanCursor::Next(Chunk* chunk) {
  TableScan::Morsel& morsel = state_->morsel;
  for (;;) {
    while (morsel.first < morsel.end) {
      RefreshPredicates();
      const uint64_t rid = morsel.first;
      morsel.first += kChunkRows;
      DRIFTDB_ASSIGN_OR_RETURN(const bool found, ScanVector(rid, rid + kChunkRows, chunk));
      if (found) return true;
    }
    if (!scan_->NextMorsel(&morsel)) return false;
  }
}

Result<bool> ScanCursor::ScanVector(uint64_t rid, uint64_t end, Chunk* chunk) {
  const EpochGuard guard(scan_->table_->environment().epochs);
  const RowGroup* group = scan_->table_->FindGroup(rid >> kGroupBits);
  if (group == nullptr) return false;
  if (HotChunk* hot = group->chunk((rid >> kChunkBits) % kGroupChunks); hot != nullptr) {
    return ScanHot(hot, end, chunk);
  }
  SealedGroup* sealed = group->sealed();
  if (sealed == nullptr) return false;
  const auto vector = static_cast<uint32_t>((rid >> kChunkBits) % kGroupChunks);
  if (vector >= sealed->vector_count()) return false;
  return ScanSealed(sealed, vector, chunk);
}

void ScanCursor::Emit(uint64_t first_rid, uint32_t rows, Chunk* chunk) {
  if (scan_->options().row_ids) {
    chunk->columns().emplace_back(TypeId::kInt64);
    chunk->columns().back().SetSequence(static_cast<int64_t>(first_rid), 1);
  }
  chunk->set_row_count(rows);
  if (CountBits(state_->alive) == rows) {
    chunk->set_selection(nullptr);
    return;
  }
  BitmapToSelection(state_->alive, state_->FreshSelection());
  chunk->set_selection(state_->selection);
}

Result<bool> ScanCursor::ScanHot(HotChunk* hot, uint64_t end, Chunk* chunk) {
  const ScanOptions& options = scan_->options();
  // The caller may still hold the last chunk and its selection; its columns are replaced here.
  chunk->columns().clear();
  chunk->set_selection(nullptr);
  HotChunk::View view;
  view.alive = state_->alive;
  view.columns = &state_->vectors;
  {
    const platform::LatchGuard latch(hot->latch());
    if (!hot->Scan(*scan_->schema_, options.snapshot, state_->ordinals, &view)) return false;
  }
  const uint64_t first = hot->first_rid();
  if (options.first.value > first || options.end.value < first + view.rows) {
    TableScanClip(state_->alive, options.first.value > first ? options.first.value - first : 0,
                  options.end.value > first ? options.end.value - first : 0);
  }
  for (const State::Filter& filter : state_->filters) {
    DRIFTDB_RETURN_IF_ERROR(FilterVector(*filter.predicate.predicate, state_->vectors[filter.place],
                                         view.rows, state_->alive));
  }
  if (CountBits(state_->alive) == 0) return false;
  for (size_t i = 0; i < options.columns.size(); ++i) {
    chunk->columns().push_back(state_->vectors[i]);
  }
  Emit(first, view.rows, chunk);
  return true;
}

// ---- sealed groups ----

Status ScanCursor::OpenColumn(SealedGroup* group, uint32_t vector, size_t place) {
  State::Open& open = state_->open[place];
  if (open.group == group) {
    if (open.reader == nullptr) return OkStatus();
    if (vector >= open.first_vector && vector - open.first_vector < open.reader->vector_count()) {
      open.local = vector - open.first_vector;
      return OkStatus();
    }
  }
  open.group = group;
  open.reader = nullptr;
  const TableColumn& definition = scan_->schema_->columns[state_->ordinals[place]];
  const int column = definition.dropped ? -1 : group->FindColumn(definition.id);
  if (column < 0) return OkStatus();
  DRIFTDB_ASSIGN_OR_RETURN(open.reader, group->Reader(column, vector, &open.local));
  open.first_vector = vector - open.local;
  return OkStatus();
}

// Applies the predicates to untouched rows, in the segments' code domains.
Status ScanCursor::FilterBase(SealedGroup* group, uint32_t vector, uint32_t rows) {
  for (State::Filter& filter : state_->filters) {
    if (CountBits(state_->alive) == 0) return OkStatus();
    const ColumnPredicate& predicate = *filter.predicate.predicate;
    DRIFTDB_RETURN_IF_ERROR(OpenColumn(group, vector, filter.place));
    const State::Open& open = state_->open[filter.place];
    if (open.reader == nullptr) {
      const TableColumn& definition = scan_->schema_->columns[filter.predicate.column];
      Vector constant(definition.type);
      constant.SetConstant(definition.dropped ? Value::Null(definition.type) : definition.missing);
      DRIFTDB_RETURN_IF_ERROR(FilterVector(predicate, constant, rows, state_->alive));
      continue;
    }
    if (filter.reader != open.reader) {
      DRIFTDB_ASSIGN_OR_RETURN(SegmentPredicate prepared, open.reader->Prepare(predicate));
      filter.prepared.emplace(std::move(prepared));
      filter.reader = open.reader;
    }
    switch (open.reader->Check(*filter.prepared, open.local)) {
      case ZoneDecision::kNone:
        FillBitmap(state_->alive, 0);
        return OkStatus();
      case ZoneDecision::kAll:
        break;
      case ZoneDecision::kSome:
        DRIFTDB_RETURN_IF_ERROR(
            open.reader->Filter(open.local, *filter.prepared, &state_->scratch, state_->alive));
    }
  }
  return OkStatus();
}

// Takes touched rows out of `alive` and copies those that the snapshot sees.
Status ScanCursor::CollectPatches(SealedGroup* group, uint32_t vector, PatchRows* patches) {
  Overlay* overlay = group->overlay(vector);
  if (overlay == nullptr) return OkStatus();
  const Snapshot& snapshot = scan_->options().snapshot;
  const TransactionTable& transactions = *scan_->table_->environment().transactions;
  const std::vector<uint32_t>& ordinals = state_->ordinals;
  std::vector<std::vector<uint16_t>> from_base(ordinals.size());
  {
    const platform::LatchGuard latch(overlay->latch());
    for (uint32_t entry = 0; entry < overlay->count(); ++entry) {
      const uint32_t slot = overlay->slot_of(entry);
      ClearBit(state_->alive, slot);
      const VisibleVersion found = FindVisible(overlay->version(entry), snapshot, transactions);
      if (!found.visible) continue;
      if (patches->empty()) {
        for (const uint32_t ordinal : ordinals) {
          patches->values.emplace_back(scan_->schema_->columns[ordinal].type, kVectorRows);
        }
      }
      const size_t k = patches->slots.size();
      patches->slots.push_back(static_cast<uint16_t>(slot));
      for (size_t o = 0; o < ordinals.size(); ++o) {
        const void* value = nullptr;
        const Overlay::Source source = overlay->Value(entry, ordinals[o], found.stop, &value);
        if (source == Overlay::Source::kBase) {
          from_base[o].push_back(static_cast<uint16_t>(k));
        } else {
          StorePhysical(&patches->values[o], k, source == Overlay::Source::kNull ? nullptr : value);
        }
      }
    }
  }
  FillBitmap(patches->alive, patches->slots.size());
  for (size_t o = 0; o < ordinals.size(); ++o) {
    if (from_base[o].empty()) continue;
    DRIFTDB_RETURN_IF_ERROR(OpenColumn(group, vector, o));
    const State::Open& open = state_->open[o];
    const TableColumn& definition = scan_->schema_->columns[ordinals[o]];
    for (const uint16_t k : from_base[o]) {
      if (open.reader == nullptr) {
        patches->values[o].SetValue(
            k, definition.dropped ? Value::Null(definition.type) : definition.missing);
      } else {
        DRIFTDB_RETURN_IF_ERROR(open.reader->ReadOne(open.local * kChunkRows + patches->slots[k],
                                                     &patches->values[o], k));
      }
    }
  }
  return OkStatus();
}

Status ScanCursor::FilterPatches(PatchRows* patches) {
  if (patches->empty()) return OkStatus();
  const uint64_t first = state_->morsel.first - kChunkRows;  // of the current vector
  const ScanOptions& options = scan_->options();
  for (size_t k = 0; k < patches->slots.size(); ++k) {
    const uint64_t rid = first + patches->slots[k];
    if (rid < options.first.value || rid >= options.end.value) ClearBit(patches->alive, k);
  }
  for (const State::Filter& filter : state_->filters) {
    DRIFTDB_RETURN_IF_ERROR(FilterVector(*filter.predicate.predicate, patches->values[filter.place],
                                         patches->slots.size(), patches->alive));
  }
  return OkStatus();
}

Status ScanCursor::ReadColumns(SealedGroup* group, uint32_t vector, const PatchRows& patches,
                               Chunk* chunk) {
  const uint32_t rows = group->RowsOf(vector);
  const bool patched = CountBits(patches.alive) != 0;
  for (size_t i = 0; i < scan_->options().columns.size(); ++i) {
    const TableColumn& definition = scan_->schema_->columns[state_->ordinals[i]];
    DRIFTDB_RETURN_IF_ERROR(OpenColumn(group, vector, i));
    const State::Open& open = state_->open[i];
    Vector& out = chunk->columns().emplace_back(definition.type);
    if (open.reader == nullptr) {
      out.SetConstant(definition.dropped ? Value::Null(definition.type) : definition.missing);
    } else {
      DRIFTDB_RETURN_IF_ERROR(open.reader->Read(open.local, &out));
    }
    if (!patched) continue;
    out = TableScanCopyFlat(std::move(out), rows);
    const Vector& from = patches.values[i];
    for (size_t k = 0; k < patches.slots.size(); ++k) {
      if (!BitIsSet(patches.alive, k)) continue;
      StorePhysical(&out, patches.slots[k],
                    from.IsNull(k) ? nullptr : from.raw_data() + k * definition.type.width());
    }
  }
  if (patched) {
    for (size_t k = 0; k < patches.slots.size(); ++k) {
      if (BitIsSet(patches.alive, k)) SetBit(state_->alive, patches.slots[k]);
    }
  }
  return OkStatus();
}

Result<bool> ScanCursor::ScanSealed(SealedGroup* group, uint32_t vector, Chunk* chunk) {
  const ScanOptions& options = scan_->options();
  chunk->columns().clear();
  chunk->set_selection(nullptr);
  const uint32_t rows = group->RowsOf(vector);
  const uint64_t first = group->first_rid() + uint64_t{vector} * kChunkRows;
  FillBitmap(state_->alive, group->BaseVisible(options.snapshot) ? rows : 0);
  group->ClearDead(vector, state_->alive);
  if (options.first.value > first || options.end.value < first + rows) {
    TableScanClip(state_->alive, options.first.value > first ? options.first.value - first : 0,
                  options.end.value > first ? options.end.value - first : 0);
  }
  PatchRows patches;
  DRIFTDB_RETURN_IF_ERROR(CollectPatches(group, vector, &patches));
  DRIFTDB_RETURN_IF_ERROR(FilterPatches(&patches));
  DRIFTDB_RETURN_IF_ERROR(FilterBase(group, vector, rows));
  const size_t count = CountBits(state_->alive);
  const bool patched = CountBits(patches.alive) != 0;
  if (count == 0 && !patched) return false;
  if (patched || count * kTableScanSparse >= rows) {
    DRIFTDB_RETURN_IF_ERROR(ReadColumns(group, vector, patches, chunk));
    Emit(first, rows, chunk);
    return true;
  }
  // Late materialisation: only the survivors are decoded, to the front of the vectors.
  Selection* selection = state_->FreshSelection();
  BitmapToSelection(state_->alive, selection);
  for (size_t i = 0; i < options.columns.size(); ++i) {
    const TableColumn& definition = scan_->schema_->columns[state_->ordinals[i]];
    DRIFTDB_RETURN_IF_ERROR(OpenColumn(group, vector, i));
    const State::Open& open = state_->open[i];
    Vector& out = chunk->columns().emplace_back(definition.type);
    if (open.reader == nullptr) {
      out.SetConstant(definition.dropped ? Value::Null(definition.type) : definition.missing);
    } else {
      DRIFTDB_RETURN_IF_ERROR(
          open.reader->ReadSelected(open.local, selection->rows(), selection->size(), &out));
    }
  }
  if (options.row_ids) {
    Vector& ids = chunk->columns().emplace_back(TypeId::kInt64, count);
    for (size_t i = 0; i < count; ++i) {
      ids.data<int64_t>()[i] = static_cast<int64_t>(first + (*selection)[i]);
    }
  }
  chunk->set_row_count(count);
  return true;
}

}  // namespace driftdb::storage
