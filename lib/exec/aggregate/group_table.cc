#include "exec/aggregate/group_table.h"

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "base/hash.h"
#include "base/status_macros.h"

namespace driftdb::exec {

namespace {

bool GroupIsInteger(PhysicalType type) {
  return type == PhysicalType::kBool || type == PhysicalType::kInt16 ||
         type == PhysicalType::kInt32 || type == PhysicalType::kInt64;
}

}  // namespace

GroupTable::GroupTable(const GroupTableOptions& options)
    : layout_(*options.layout),
      key_count_(options.key_count),
      state_template_(options.state_template),
      state_bytes_(options.state_bytes),
      rows_(options.layout->row_bytes(), options.memory, options.what),
      index_memory_(options.memory, options.what),
      expected_groups_(options.expected_groups) {
  integer_key_ = key_count_ == 1 && GroupIsInteger(layout_.type(0).physical());
  ordered_ = integer_key_;
}

Status GroupTable::Rehash(size_t capacity) {
  DRIFTDB_RETURN_IF_ERROR(index_memory_.Resize(capacity * 8));
  const RowBytes old_store = std::move(index_store_);
  const uint64_t* old = index_;
  const size_t old_capacity = capacity_;
  index_store_ = AllocateRowBytes(capacity * 8);
  std::memset(index_store_.get(), 0, capacity * 8);
  index_ = reinterpret_cast<uint64_t*>(index_store_.get());
  capacity_ = capacity;
  mask_ = capacity - 1;
  for (size_t i = 0; i < old_capacity; ++i) {
    const uint64_t entry = old[i];
    if (entry == 0) continue;
    if (i + 16 < old_capacity) __builtin_prefetch(Pointer(old[i + 16]));
    // The row's hash: the entry itself keeps only the tag.
    const uint64_t hash = RowLayout::Hash(Pointer(entry));
    size_t slot = hash & mask_;
    while (index_[slot] != 0) slot = (slot + 1) & mask_;
    index_[slot] = entry;
  }
  return OkStatus();
}

Status GroupTable::Reserve(size_t further) {
  const size_t wanted = (indexed_ + further) * 2;
  if (wanted <= capacity_) return OkStatus();
  size_t capacity = std::max<size_t>(std::bit_ceil(wanted), 1024);
  // A table that outgrows the cache is about to grow further: fewer rehashes.
  if (capacity > (256 << 10)) capacity *= 2;
  if (capacity_ == 0 && expected_groups_ > 0) {
    capacity = std::max(capacity, std::bit_ceil(std::min<size_t>(expected_groups_, 1 << 22) * 2));
  }
  return Rehash(capacity);
}

Status GroupTable::BuildIndex() {
  ordered_ = false;
  indexed_ = 0;
  capacity_ = 0;
  DRIFTDB_RETURN_IF_ERROR(Reserve(std::max<size_t>(rows_.row_count(), 512)));
  for (RowStore::Page& page : rows_.pages()) {
    for (uint32_t r = 0; r < page.rows; ++r) {
      uint8_t* row = page.bytes.get() + layout_.row_bytes() * r;
      const uint64_t hash = RowLayout::Hash(row);
      size_t slot = hash & mask_;
      while (index_[slot] != 0) slot = (slot + 1) & mask_;
      index_[slot] = Entry(row, hash);
      ++indexed_;
    }
  }
  return OkStatus();
}

void GroupTable::ResetIndex() {
  std::fill_n(index_, capacity_, uint64_t{0});
  indexed_ = 0;
  ordered_ = false;
  std::fill(direct_.begin(), direct_.end(), nullptr);
  std::fill(few_rows_.begin(), few_rows_.end(), nullptr);
}

Status GroupTable::MakeRow(uint64_t hash, uint8_t** row) {
  uint8_t* at = rows_.AllocateOne();
  if (at == nullptr) return rows_.Allocate(1, row);  // fails with the reason
  RowLayout::SetHash(at, hash);
  layout_.InitRow(at);
  if (state_bytes_ > 0) std::memcpy(at + layout_.state_offset(), state_template_, state_bytes_);
  *row = at;
  return OkStatus();
}

Status GroupTable::FindOrCreate(Vector* const* keys, size_t row_count, const uint16_t* positions,
                                size_t rows, uint8_t** groups) {
  created_count_ = 0;
  if (integer_key_) {
    DRIFTDB_RETURN_IF_ERROR(FindIntegers(keys[0], row_count, positions, rows, groups));
  } else {
    DRIFTDB_RETURN_IF_ERROR(FindGeneral(keys, row_count, positions, rows, groups));
  }
  return layout_.has_strings() ? rows_.Account() : OkStatus();
}

Status GroupTable::FindGeneral(Vector* const* keys, size_t row_count, const uint16_t* positions,
                               size_t rows, uint8_t** groups) {
  hasher_.Hash(keys, key_count_, row_count, positions, rows, hashes_);
  DRIFTDB_RETURN_IF_ERROR(Reserve(rows));
  size_t heads = 0;
  for (size_t k = 0; k < rows; ++k) {
    pending_[heads] = static_cast<uint16_t>(k);
    heads += (k == 0 || hashes_[k] != hashes_[k - 1]) ? 1 : 0;
  }
  if (heads * 2 > rows) {
    for (size_t k = 0; k < rows; ++k) pending_[k] = static_cast<uint16_t>(k);
    return ProbeGeneral(keys, row_count, positions, pending_, rows, groups);
  }
  // Clustered: look heads up, then check that the others really equal their head.
  std::copy_n(pending_, heads, heads_);
  DRIFTDB_RETURN_IF_ERROR(ProbeGeneral(keys, row_count, positions, pending_, heads, groups));
  size_t others = 0;
  for (size_t h = 0; h < heads; ++h) {
    const size_t end = h + 1 < heads ? heads_[h + 1] : rows;
    for (size_t k = heads_[h] + size_t{1}; k < end; ++k) {
      groups[k] = groups[heads_[h]];
      pending_[others++] = static_cast<uint16_t>(k);
    }
  }
  size_t rejected = 0;
  for (size_t c = 0; c < key_count_ && others > 0; ++c) {
    const VectorView view = keys[c]->View(row_count);
    others = layout_.Match(c, view, positions, groups, true, pending_, others, compare_, &rejected);
  }
  if (rejected == 0) return OkStatus();
  return ProbeGeneral(keys, row_count, positions, compare_, rejected, groups);
}

// Rounds: every pending row goes to the next entry that is empty or has its tag; rows of empty
// entries are made, the others compared; who does not match goes on to the next entry.
Status GroupTable::ProbeGeneral(Vector* const* keys, size_t row_count, const uint16_t* positions,
                                uint16_t* pending, size_t count, uint8_t** groups) {
  if (capacity_ * 8 > kPrefetchBytes) {
    for (size_t i = 0; i < count; ++i) __builtin_prefetch(&index_[hashes_[pending[i]] & mask_]);
    for (size_t i = 0; i < count; ++i) {
      __builtin_prefetch(Pointer(index_[hashes_[pending[i]] & mask_]));
    }
  }
  for (size_t i = 0; i < count; ++i) slots_[pending[i]] = hashes_[pending[i]] & mask_;
  uint16_t compare[kVectorRows];
  while (count > 0) {
    size_t fresh = 0;
    size_t compares = 0;
    for (size_t i = 0; i < count; ++i) {
      const uint16_t k = pending[i];
      const uint64_t hash = hashes_[k];
      size_t slot = slots_[k];
      while (true) {
        const uint64_t entry = index_[slot];
        if (entry == 0) {
          uint8_t* row = nullptr;
          DRIFTDB_RETURN_IF_ERROR(MakeRow(hash, &row));
          index_[slot] = Entry(row, hash);
          ++indexed_;
          groups[k] = row;
          fresh_[fresh] = row;
          fresh_positions_[fresh++] = positions[k];
          created_[created_count_++] = k;
          break;
        }
        if (Tag(entry) == Tag(hash) && RowLayout::Hash(Pointer(entry)) == hash) {
          groups[k] = Pointer(entry);
          compare[compares++] = k;
          break;
        }
        slot = (slot + 1) & mask_;
      }
      slots_[k] = (slot + 1) & mask_;  // where to go on after a mismatch
    }
    size_t rejected = 0;
    for (size_t c = 0; c < key_count_; ++c) {
      const VectorView view = keys[c]->View(row_count);
      if (fresh > 0) layout_.Scatter(c, view, fresh_positions_, fresh, fresh_, rows_.heap());
      if (compares > 0) {
        compares =
            layout_.Match(c, view, positions, groups, true, compare, compares, pending, &rejected);
      }
    }
    count = rejected;
  }
  return OkStatus();
}

}  // namespace driftdb::exec
