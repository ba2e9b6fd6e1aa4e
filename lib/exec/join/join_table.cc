#include "exec/join/join_table.h"

#include <algorithm>
#include <array>
#include <atomic>

#include "base/check.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "exec/parallel_for.h"

namespace driftdb::exec {

namespace {

constexpr size_t kJoinPartitions = 64;
constexpr unsigned kJoinPartitionBits = 6;
// Above this many rows the build works partition by partition, to stay in the L2 cache.
constexpr uint64_t kJoinPartitionRows = 64 << 10;
constexpr uint64_t kJoinBitmapBitsMax = uint64_t{64} << 20;
constexpr size_t kJoinCacheBytes = 1 << 20;

template <typename T>
void JoinAtomicAdd(T* counter, T* before) {
  *before = std::atomic_ref<T>(*counter).fetch_add(1, std::memory_order_relaxed);
}

// Pages of all stores in one list, for parallel loops.
std::vector<const RowStore::Page*> JoinPages(const std::vector<RowStore*>& stores) {
  std::vector<const RowStore::Page*> pages;
  for (const RowStore* store : stores) {
    for (const RowStore::Page& page : store->pages()) pages.push_back(&page);
  }
  return pages;
}

}  // namespace

int64_t JoinTable::KeyOf(const uint8_t* row) const {
  switch (plan_->layout.type(0).width()) {
    case 1:
      return plan_->layout.Load<uint8_t>(row, 0);
    case 2:
      return plan_->layout.Load<int16_t>(row, 0);
    case 4:
      return plan_->layout.Load<int32_t>(row, 0);
    default:
      return plan_->layout.Load<int64_t>(row, 0);
  }
}

Status JoinTable::Build(QueryContext* context, const std::vector<RowStore*>& stores,
                        const JoinKeyBounds& bounds) {
  memory_ = MemoryReservation(context->memory, "hash join");
  row_bytes_ = plan_->layout.row_bytes();
  row_count_ = 0;
  for (const RowStore* store : stores) row_count_ += store->row_count();
  // Without residual and further columns a semi join needs to know the keys only.
  keys_only_ = plan_->first_match_only() && plan_->residual == nullptr;
  if (UseDense(bounds)) {
    DRIFTDB_RETURN_IF_ERROR(BuildDense(context, stores, bounds));
  } else {
    DRIFTDB_RETURN_IF_ERROR(BuildHash(context, stores));
  }
  for (RowStore* store : stores) store->ReleasePages();
  return OkStatus();
}

bool JoinTable::UseDense(const JoinKeyBounds& bounds) const {
  if (plan_->key_count != 1 || plan_->null_safe_any || row_count_ == 0) return false;
  if (bounds.min > bounds.max) return false;  // not an integer key
  const uint64_t range = static_cast<uint64_t>(bounds.max) - static_cast<uint64_t>(bounds.min);
  if (range >= uint64_t{1} << 32 || row_count_ >= uint64_t{1} << 31) return false;
  return range <= 8 * row_count_ || range < (64 << 10) ||
         (range < kJoinBitmapBitsMax && range / 128 < row_count_);
}

Status JoinTable::BuildDense(QueryContext* context, const std::vector<RowStore*>& stores,
                             const JoinKeyBounds& bounds) {
  min_ = bounds.min;
  range_ = static_cast<uint64_t>(bounds.max) - static_cast<uint64_t>(bounds.min);
  const size_t word_count = (range_ >> 6) + 1;
  DRIFTDB_RETURN_IF_ERROR(memory_.Grow(word_count * 12));
  filter_ =
      std::make_shared<storage::JoinFilter>(storage::JoinFilter::Exact(bounds.min, bounds.max));
  const auto pages = JoinPages(stores);
  const bool alone = context->threads <= 1 || pages.size() <= 4;
  const auto insert = [&](size_t, size_t p) -> Status {
    const uint8_t* row = pages[p]->bytes.get();
    for (uint32_t r = 0; r < pages[p]->rows; ++r, row += row_bytes_) {
      if (alone) {
        filter_->Insert(KeyOf(row));
      } else {
        filter_->InsertAtomic(KeyOf(row));
      }
    }
    return OkStatus();
  };
  if (alone) {
    for (size_t p = 0; p < pages.size(); ++p) DRIFTDB_RETURN_IF_ERROR(insert(0, p));
  } else {
    DRIFTDB_RETURN_IF_ERROR(ParallelFor(context, pages.size(), insert));
  }
  words_ = filter_->words();
  large_ = word_count * 12 > kJoinCacheBytes;
  if (keys_only_) return OkStatus();
  ranks_.resize(word_count);
  uint32_t rank = 0;
  for (size_t w = 0; w < word_count; ++w) {
    ranks_[w] = rank;
    rank += static_cast<uint32_t>(std::popcount(words_[w]));
  }
  unique_ = rank == row_count_;
  if (!unique_) {
    DRIFTDB_RETURN_IF_ERROR(memory_.Grow((size_t{rank} + 2) * 4));
    offsets_.assign(size_t{rank} + 2, 0);
  }
  return PlaceDense(context, stores);
}

Status JoinTable::PlaceDense(QueryContext* context, const std::vector<RowStore*>& stores) {
  DRIFTDB_RETURN_IF_ERROR(memory_.Grow(row_count_ * row_bytes_));
  block_ = AllocateRowBytes(row_count_ * row_bytes_);
  const auto pages = JoinPages(stores);
  const auto id_of = [&](const uint8_t* row) {
    const uint64_t i = static_cast<uint64_t>(KeyOf(row)) - static_cast<uint64_t>(min_);
    const uint64_t below = words_[i >> 6] & ((uint64_t{1} << (i & 63)) - 1);
    return ranks_[i >> 6] + static_cast<size_t>(std::popcount(below));
  };
  if (!unique_) {
    // Counts two places ahead, so that placing leaves offsets_[id] as the first row of id.
    DRIFTDB_RETURN_IF_ERROR(ParallelFor(context, pages.size(), [&](size_t, size_t p) -> Status {
      const uint8_t* row = pages[p]->bytes.get();
      uint32_t before;
      for (uint32_t r = 0; r < pages[p]->rows; ++r, row += row_bytes_) {
        JoinAtomicAdd(&offsets_[id_of(row) + 2], &before);
      }
      return OkStatus();
    }));
    for (size_t i = 1; i < offsets_.size(); ++i) offsets_[i] += offsets_[i - 1];
  }
  return ParallelFor(context, pages.size(), [&](size_t, size_t p) -> Status {
    const uint8_t* row = pages[p]->bytes.get();
    for (uint32_t r = 0; r < pages[p]->rows; ++r, row += row_bytes_) {
      const size_t id = id_of(row);
      uint32_t at = static_cast<uint32_t>(id);
      if (!unique_) JoinAtomicAdd(&offsets_[id + 1], &at);
      std::memcpy(block_.get() + size_t{at} * row_bytes_, row, row_bytes_);
    }
    return OkStatus();
  });
}

Status JoinTable::SplitRows(QueryContext* context, const std::vector<RowStore*>& stores,
                            size_t partitions,
                            std::vector<std::vector<std::vector<HashedRow>>>* lists) const {
  lists->resize(stores.size());
  return ParallelFor(context, stores.size(), [&](size_t, size_t s) -> Status {
    auto& parts = (*lists)[s];
    parts.resize(partitions);
    const size_t expected = stores[s]->row_count() / partitions;
    for (auto& part : parts) part.reserve(expected + expected / 8 + 16);
    for (const RowStore::Page& page : stores[s]->pages()) {
      const uint8_t* row = page.bytes.get();
      for (uint32_t r = 0; r < page.rows; ++r, row += row_bytes_) {
        const uint64_t hash = RowLayout::Hash(row);
        parts[partitions == 1 ? 0 : hash >> (64 - kJoinPartitionBits)].push_back({hash, row});
      }
    }
    return OkStatus();
  });
}

// Counts, sums up and places the rows of one partition; its directory entries are contiguous.
void JoinTable::FillPartition(const std::vector<std::vector<std::vector<HashedRow>>>& lists,
                              size_t partition, size_t partitions, uint64_t offset) {
  const size_t first = entries_ / partitions * partition;
  const size_t last = first + entries_ / partitions;
  const uint64_t step = row_bytes_ << 16;
  for (const auto& parts : lists) {
    for (const HashedRow& at : parts[partition]) {
      uint64_t& entry = directory_[at.hash >> shift_];
      entry = (entry + step) | TagOf(at.hash);
    }
  }
  uint64_t end = offset;
  for (size_t e = first; e < last; ++e) {
    const uint64_t bytes = directory_[e] >> 16;
    directory_[e] = (end << 16) | (directory_[e] & 0xffff);
    end += bytes;
  }
  for (const auto& parts : lists) {
    const std::vector<HashedRow>& rows = parts[partition];
    for (size_t i = 0; i < rows.size(); ++i) {
      if (i + 16 < rows.size()) __builtin_prefetch(rows[i + 16].row);
      uint64_t& entry = directory_[rows[i].hash >> shift_];
      std::memcpy(block_.get() + (entry >> 16), rows[i].row, row_bytes_);
      entry += step;
    }
  }
}

Status JoinTable::BuildHash(QueryContext* context, const std::vector<RowStore*>& stores) {
  const size_t partitions = row_count_ > kJoinPartitionRows ? kJoinPartitions : 1;
  const size_t entries = std::bit_ceil(std::max<uint64_t>(row_count_, kJoinPartitions));
  shift_ = 64 - static_cast<unsigned>(std::countr_zero(entries));
  DRIFTDB_RETURN_IF_ERROR(
      memory_.Grow((entries + 1) * 8 + row_count_ * (row_bytes_ + sizeof(HashedRow))));
  entries_ = entries;
  directory_store_ = AllocateRowBytes((entries + 1) * 8);
  std::memset(directory_store_.get(), 0, (entries + 1) * 8);
  directory_ = reinterpret_cast<uint64_t*>(directory_store_.get()) + 1;
  block_ = AllocateRowBytes(row_count_ * row_bytes_);
  std::vector<std::vector<std::vector<HashedRow>>> lists;
  DRIFTDB_RETURN_IF_ERROR(SplitRows(context, stores, partitions, &lists));
  std::vector<uint64_t> offsets(partitions + 1, 0);
  for (size_t p = 0; p < partitions; ++p) {
    offsets[p + 1] = offsets[p];
    for (const auto& parts : lists) offsets[p + 1] += parts[p].size() * row_bytes_;
  }
  DRIFTDB_DCHECK(offsets[partitions] == row_count_ * row_bytes_);
  DRIFTDB_RETURN_IF_ERROR(ParallelFor(context, partitions, [&](size_t, size_t p) -> Status {
    FillPartition(lists, p, partitions, offsets[p]);
    return OkStatus();
  }));
  large_ = directory_bytes() + row_count_ * row_bytes_ > kJoinCacheBytes;
  return memory_.Resize(memory_.bytes() - row_count_ * sizeof(HashedRow));
}

}  // namespace driftdb::exec
