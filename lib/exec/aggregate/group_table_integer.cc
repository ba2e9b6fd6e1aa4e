// GroupTable for one integer key.
#include <algorithm>
#include <bit>

#include "base/check.h"
#include "base/hash.h"
#include "base/status_macros.h"
#include "exec/aggregate/group_table.h"

namespace driftdb::exec {

namespace {

template <typename T>
void GroupExtract(const VectorView& view, const uint16_t* positions, size_t rows, int64_t* to) {
  const T* values = reinterpret_cast<const T*>(view.data);
  if (view.index != nullptr) {
    for (size_t k = 0; k < rows; ++k) to[k] = values[view.index[positions[k]]];
  } else if (positions == RowIdentity()) {
    for (size_t k = 0; k < rows; ++k) to[k] = values[k];
  } else {
    for (size_t k = 0; k < rows; ++k) to[k] = values[positions[k]];
  }
}

}  // namespace

void GroupTable::StoreInteger(uint8_t* row, int64_t key) {
  uint8_t* to = row + layout_.offset(0);
  switch (layout_.type(0).width()) {
    case 1:
      *to = static_cast<uint8_t>(key);
      break;
    case 2: {
      const auto value = static_cast<int16_t>(key);
      std::memcpy(to, &value, 2);
      break;
    }
    case 4: {
      const auto value = static_cast<int32_t>(key);
      std::memcpy(to, &value, 4);
      break;
    }
    default:
      std::memcpy(to, &key, 8);
  }
}

int64_t GroupTable::LoadInteger(const uint8_t* row) const {
  switch (layout_.type(0).width()) {
    case 1:
      return layout_.Load<uint8_t>(row, 0);
    case 2:
      return layout_.Load<int16_t>(row, 0);
    case 4:
      return layout_.Load<int32_t>(row, 0);
    default:
      return layout_.Load<int64_t>(row, 0);
  }
}

// Fills integers_; true when no alive row is NULL.
bool GroupTable::ExtractIntegers(Vector* key, size_t row_count, const uint16_t* positions,
                                 size_t rows) {
  const VectorView view = key->View(row_count);
  switch (layout_.type(0).width()) {
    case 1:
      GroupExtract<uint8_t>(view, positions, rows, integers_);
      break;
    case 2:
      GroupExtract<int16_t>(view, positions, rows, integers_);
      break;
    case 4:
      GroupExtract<int32_t>(view, positions, rows, integers_);
      break;
    default:
      GroupExtract<int64_t>(view, positions, rows, integers_);
  }
  if (view.all_valid()) return true;
  for (size_t k = 0; k < rows; ++k) {
    if (!view.valid(positions[k])) return false;
  }
  return true;
}

Status GroupTable::FindIntegers(Vector* key, size_t row_count, const uint16_t* positions,
                                size_t rows, uint8_t** groups) {
  if (!ExtractIntegers(key, row_count, positions, rows)) {
    // NULLs are rare among keys: such chunks take the general way.
    if (ordered_) DRIFTDB_RETURN_IF_ERROR(BuildIndex());
    return FindGeneral(&key, row_count, positions, rows, groups);
  }
  size_t heads = 0;
  heads_[heads++] = 0;
  for (size_t k = 1; k < rows; ++k) {
    heads_[heads] = static_cast<uint16_t>(k);
    heads += integers_[k] != integers_[k - 1] ? 1 : 0;
  }
  bool done = false;
  if (ordered_) {
    DRIFTDB_ASSIGN_OR_RETURN(done, FindOrdered(heads, groups));
  }
  if (!done && !direct_off_) {
    DRIFTDB_ASSIGN_OR_RETURN(done, FindDirect(heads, groups));
  }
  if (!done) DRIFTDB_RETURN_IF_ERROR(FindIndexed(heads, groups));
  if (heads == rows) return OkStatus();
  for (size_t h = 0; h < heads; ++h) {
    const size_t end = h + 1 < heads ? heads_[h + 1] : rows;
    uint8_t* const group = groups[heads_[h]];
    for (size_t k = heads_[h] + size_t{1}; k < end; ++k) groups[k] = group;
  }
  return OkStatus();
}

Result<bool> GroupTable::FindOrdered(size_t heads, uint8_t** groups) {
  size_t h = 0;
  if (last_row_ != nullptr && integers_[heads_[0]] == last_key_) groups[heads_[h++]] = last_row_;
  int64_t last = last_row_ == nullptr ? INT64_MIN : last_key_;
  bool grows = true;
  for (size_t i = h; i < heads; ++i) {
    const int64_t key = integers_[heads_[i]];
    grows &= key > last;
    last = key;
  }
  if (!grows) {
    DRIFTDB_RETURN_IF_ERROR(BuildIndex());
    return false;
  }
  for (; h < heads; ++h) {
    const int64_t key = integers_[heads_[h]];
    uint8_t* row = nullptr;
    DRIFTDB_RETURN_IF_ERROR(MakeRow(HashInt64(static_cast<uint64_t>(key)), &row));
    StoreInteger(row, key);
    groups[heads_[h]] = row;
    created_[created_count_++] = heads_[h];
    last_key_ = key;
    last_row_ = row;
  }
  return true;
}

Status GroupTable::FindInteger(int64_t key, uint64_t hash, uint8_t** group) {
  size_t slot = hash & mask_;
  while (true) {
    const uint64_t entry = index_[slot];
    if (entry == 0) break;
    if (Tag(entry) == Tag(hash)) {
      uint8_t* row = Pointer(entry);
      if (LoadInteger(row) == key && !layout_.IsNull(row, 0)) {
        *group = row;
        return OkStatus();
      }
    }
    slot = (slot + 1) & mask_;
  }
  DRIFTDB_RETURN_IF_ERROR(MakeRow(hash, group));
  StoreInteger(*group, key);
  index_[slot] = Entry(*group, hash);
  ++indexed_;
  return OkStatus();
}

Result<bool> GroupTable::FindDirect(size_t heads, uint8_t** groups) {
  int64_t low = INT64_MAX, high = INT64_MIN;
  for (size_t h = 0; h < heads; ++h) {
    const int64_t key = integers_[heads_[h]];
    low = std::min(low, key);
    high = std::max(high, key);
  }
  if (!direct_.empty()) {
    low = std::min(low, direct_base_);
    high = std::max(high, direct_base_ + static_cast<int64_t>(direct_.size()) - 1);
  }
  const uint64_t span = static_cast<uint64_t>(high) - static_cast<uint64_t>(low) + 1;
  if (span > kDirectSpanMax || span == 0) {
    direct_off_ = true;
    direct_ = {};
    return false;
  }
  if (span != direct_.size()) {
    std::vector<uint8_t*> wider(span, nullptr);
    std::copy(direct_.begin(), direct_.end(),
              wider.begin() + (direct_.empty() ? 0 : direct_base_ - low));
    direct_ = std::move(wider);
    direct_base_ = low;
  }
  DRIFTDB_RETURN_IF_ERROR(Reserve(heads));
  for (size_t h = 0; h < heads; ++h) {
    const uint16_t k = heads_[h];
    uint8_t*& known = direct_[static_cast<size_t>(integers_[k] - direct_base_)];
    if (known == nullptr) {
      const uint64_t before = rows_.row_count();
      DRIFTDB_RETURN_IF_ERROR(
          FindInteger(integers_[k], HashInt64(static_cast<uint64_t>(integers_[k])), &known));
      if (rows_.row_count() != before) created_[created_count_++] = k;
    }
    groups[k] = known;
  }
  return true;
}

Status GroupTable::FindIndexed(size_t heads, uint8_t** groups) {
  DRIFTDB_RETURN_IF_ERROR(Reserve(heads));
  for (size_t h = 0; h < heads; ++h) {
    hashes_[h] = HashInt64(static_cast<uint64_t>(integers_[heads_[h]]));
  }
  const bool large = capacity_ * 8 > kPrefetchBytes;
  if (large) {
    for (size_t h = 0; h < heads; ++h) __builtin_prefetch(&index_[hashes_[h] & mask_]);
    for (size_t h = 0; h < heads; ++h) {
      __builtin_prefetch(Pointer(index_[hashes_[h] & mask_]), 1);
    }
  }
  for (size_t h = 0; h < heads; ++h) {
    const uint16_t k = heads_[h];
    const uint64_t before = rows_.row_count();
    DRIFTDB_RETURN_IF_ERROR(FindInteger(integers_[k], hashes_[h], &groups[k]));
    created_[created_count_] = k;
    created_count_ += rows_.row_count() != before ? 1 : 0;
  }
  return OkStatus();
}

}  // namespace driftdb::exec
