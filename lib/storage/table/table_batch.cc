#include <algorithm>

#include "base/status_macros.h"
#include "storage/mvcc/epoch.h"
#include "storage/table/hot_chunk.h"
#include "storage/table/row_group.h"
#include "storage/table/table.h"
#include "storage/table/table_state.h"

namespace driftdb::storage {

namespace {

// Physical values of one row of a chunk, for RowChange.
class TableBatchRow {
 public:
  TableBatchRow(const Chunk& values, size_t columns) : chunk_(values), owned_(values.columns()) {
    owned_.resize(columns);
    for (Vector& column : owned_) {
      views_.push_back(column.View(values.row_count()));
      widths_.push_back(column.type().width());
    }
    pointers_.resize(columns);
  }
  std::span<const void* const> Row(size_t i) {
    const size_t row = chunk_.row(i);
    for (size_t c = 0; c < views_.size(); ++c) {
      pointers_[c] =
          views_[c].valid(row) ? views_[c].data + views_[c].position(row) * widths_[c] : nullptr;
    }
    return pointers_;
  }

 private:
  const Chunk& chunk_;
  std::vector<Vector> owned_;
  std::vector<VectorView> views_;
  std::vector<size_t> widths_;
  std::vector<const void*> pointers_;
};

// Runs `one` for each row, with the latch of a hot chunk held over the rows that follow each other
// in it. One(chunk, slot, i) for hot rows; other(i) for the rest.
template <typename One, typename Other>
Result<BatchOutcome> TableForEachRow(const Table& table, std::span<const RowId> rids,
                                     const One& one, const Other& other) {
  BatchOutcome outcome;
  while (outcome.done < rids.size()) {
    const uint64_t rid = rids[outcome.done].value;
    const EpochGuard guard(table.environment().epochs);
    const RowGroup* group = table.FindGroup(rid >> kGroupBits);
    HotChunk* chunk = group == nullptr ? nullptr : group->chunk((rid >> kChunkBits) % kGroupChunks);
    if (chunk != nullptr) {
      const platform::LatchGuard latch(chunk->latch());
      if (chunk->retired()) continue;
      while (outcome.done < rids.size() &&
             rids[outcome.done].value >> kChunkBits == rid >> kChunkBits) {
        const auto slot = static_cast<uint32_t>(rids[outcome.done].value % kChunkRows);
        DRIFTDB_ASSIGN_OR_RETURN(outcome.stop, one(chunk, slot, outcome.done));
        if (!outcome.stop.done()) return outcome;
        ++outcome.done;
      }
    } else {
      DRIFTDB_ASSIGN_OR_RETURN(outcome.stop, other(outcome.done));
      if (!outcome.stop.done()) return outcome;
      ++outcome.done;
    }
  }
  return outcome;
}

}  // namespace

Result<BatchOutcome> Table::UpdateMany(const WriteContext& context, std::span<const RowId> rids,
                                       std::span<const uint32_t> columns, const Chunk& values) {
  const TableSchema& current = *schema();
  TableBatchRow rows(values, columns.size());
  return TableForEachRow(
      *this, rids,
      [&](HotChunk* chunk, uint32_t slot, size_t i) {
        return chunk->Update(current, context, this, slot, RowChange{columns, rows.Row(i)});
      },
      [&](size_t i) { return Update(context, rids[i], columns, rows.Row(i)); });
}

Result<BatchOutcome> Table::DeleteMany(const WriteContext& context, std::span<const RowId> rids) {
  return TableForEachRow(
      *this, rids,
      [&](HotChunk* chunk, uint32_t slot, size_t) { return chunk->Delete(context, this, slot); },
      [&](size_t i) { return Delete(context, rids[i]); });
}

}  // namespace driftdb::storage
