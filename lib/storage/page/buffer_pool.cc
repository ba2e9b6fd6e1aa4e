#include "storage/page/buffer_pool.h"

#include <bit>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "base/guard.h"
#include "base/hash.h"
#include "base/status_macros.h"
#include "platform/virtual_memory.h"

namespace driftdb::storage {

namespace {

constexpr size_t kPoolRangeBytesMin = size_t{64} << 20;
constexpr size_t kPoolFirstBuckets = 16;
constexpr size_t kPoolVictimsMax = 16;
constexpr int kPoolReserveTries = 16;

int PoolClassOf(size_t bytes) {
  const auto rounded = std::bit_ceil(bytes < kGranuleBytes ? size_t{kGranuleBytes} : bytes);
  return std::countr_zero(rounded) - std::countr_zero(size_t{kGranuleBytes});
}

size_t PoolRoundUp(size_t bytes) {
  return (bytes + platform::kMemoryPageBytes - 1) & ~(platform::kMemoryPageBytes - 1);
}

}  // namespace

FrameMemory::~FrameMemory() {
  for (SizeClass& size_class : classes_) {
    for (const auto& [start, bytes] : size_class.ranges) platform::ReleaseAddresses(start, bytes);
  }
}

Result<char*> FrameMemory::Allocate(size_t bytes) {
  if (bytes == 0 || bytes > kFrameBytesMax) {
    return Error(sqlstate::kOutOfMemory, "buffer pool frame of {} bytes", bytes);
  }
  const size_t accounted = PoolRoundUp(bytes);
  DRIFTDB_RETURN_IF_ERROR(accountant_->Reserve(accounted, "buffer pool"));
  const int index = PoolClassOf(bytes);
  const size_t class_bytes = size_t{kGranuleBytes} << index;
  SizeClass& size_class = classes_[index];
  platform::MutexLock lock(&size_class.mutex);
  if (!size_class.free.empty()) {
    char* memory = size_class.free.back();
    size_class.free.pop_back();
    return memory;
  }
  if (size_class.left < class_bytes) {
    const size_t range =
        class_bytes > kPoolRangeBytesMin / 4 ? class_bytes * 4 : kPoolRangeBytesMin;
    // Room for all frames of the range in the free list, too: giving memory back must not need any.
    Status room = Guarded([&] {
      size_class.ranges.reserve(size_class.ranges.size() + 1);
      size_class.free.reserve(size_class.frames + range / class_bytes);
    });
    Result<char*> start = room.ok() ? platform::ReserveAddresses(range) : std::move(room);
    if (!start.ok()) {
      accountant_->Release(accounted);
      return std::move(start).status();
    }
    size_class.ranges.emplace_back(*start, range);
    size_class.frames += range / class_bytes;
    size_class.next = *start;
    size_class.left = range;
  }
  char* memory = size_class.next;
  size_class.next += class_bytes;
  size_class.left -= class_bytes;
  return memory;
}

void FrameMemory::Free(char* memory, size_t bytes) {
  const size_t accounted = PoolRoundUp(bytes);
  platform::DiscardPages(memory, accounted);
  {
    SizeClass& size_class = classes_[PoolClassOf(bytes)];
    platform::MutexLock lock(&size_class.mutex);
    size_class.free.push_back(memory);
  }
  accountant_->Release(accounted);
}

// A frame is owned by the table and by its pins; the last of them frees the memory.
struct BufferPool::Frame {
  enum State : uint8_t { kLoading, kReady, kFailed };

  Frame(FrameMemory* memory_of, uint64_t granule_no, uint32_t block_no, uint32_t generation_no,
        size_t payload)
      : memory(memory_of),
        granule(granule_no),
        block(block_no),
        generation(generation_no),
        size(payload) {}
  ~Frame() {
    if (data != nullptr) memory->Free(data, size);
  }
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;

  FrameMemory* const memory;
  const uint64_t granule;
  const uint32_t block;
  const uint32_t generation;
  const size_t size;
  char* data = nullptr;
  std::atomic<uint8_t> state{kLoading};
  std::atomic<bool> referenced{false};
  FramePtr next;  // in the bucket; guarded by the shard's latch
  Status error;   // when kFailed
};

struct alignas(64) BufferPool::Shard {
  platform::SpinLatch latch;
  uint32_t frames DRIFTDB_GUARDED_BY(latch) = 0;
  uint32_t hand DRIFTDB_GUARDED_BY(latch) = 0;  // bucket
  std::vector<FramePtr> buckets DRIFTDB_GUARDED_BY(latch);
  uint64_t hits DRIFTDB_GUARDED_BY(latch) = 0;
  uint64_t loads DRIFTDB_GUARDED_BY(latch) = 0;
  uint64_t evictions DRIFTDB_GUARDED_BY(latch) = 0;
  uint64_t frame_bytes DRIFTDB_GUARDED_BY(latch) = 0;
  // Load waits: a loader finishes under `mutex`, so that nobody misses it.
  platform::Mutex mutex;
  platform::CondVar loaded;

  FramePtr& Bucket(uint64_t hash) DRIFTDB_REQUIRES(latch) {
    return buckets[hash & (buckets.size() - 1)];
  }
  const FramePtr* Find(uint64_t hash, uint64_t granule, uint32_t block) DRIFTDB_REQUIRES(latch) {
    const FramePtr* link = &Bucket(hash);
    while (*link != nullptr && ((*link)->granule != granule || (*link)->block != block)) {
      link = &(*link)->next;
    }
    return link;
  }
};

namespace {

uint64_t PoolHash(uint64_t granule, uint32_t block) {
  return HashInt64(granule * 0x9e3779b97f4a7c15ULL + block);
}

}  // namespace

BufferPool::BufferPool(MemoryAccountant* accountant, FrameLoader* loader)
    : accountant_(accountant), loader_(loader), memory_(accountant), shards_(new Shard[kShards]) {
  for (size_t i = 0; i < kShards; ++i) {
    platform::LatchGuard guard(&shards_[i].latch);
    shards_[i].buckets.resize(kPoolFirstBuckets);
  }
  accountant_->set_reclaimer(this);
}

BufferPool::~BufferPool() {
  accountant_->set_reclaimer(nullptr);
  for (size_t i = 0; i < kShards; ++i) {
    platform::LatchGuard guard(&shards_[i].latch);
    for (FramePtr& bucket : shards_[i].buckets) {
      while (bucket != nullptr) {
        DRIFTDB_DCHECK(bucket.use_count() == 1);
        bucket = std::move(bucket->next);
      }
    }
  }
}

BufferPool::Shard& BufferPool::ShardOf(uint64_t granule, uint32_t block, uint64_t* hash) const {
  *hash = PoolHash(granule, block);
  return shards_[*hash >> 57];
}

Result<PinnedBytes> BufferPool::Pin(const ExtentRef& extent, uint32_t block, size_t size) {
  uint64_t hash;
  Shard& shard = ShardOf(extent.granule, block, &hash);
  FramePtr frame;
  {
    platform::LatchGuard guard(&shard.latch);
    frame = *shard.Find(hash, extent.granule, block);
    if (frame != nullptr) ++shard.hits;
  }
  if (frame == nullptr) {
    auto fresh = std::make_shared<Frame>(&memory_, extent.granule, block, extent.generation, size);
    bool mine = false;
    {
      platform::LatchGuard guard(&shard.latch);
      const FramePtr* found = shard.Find(hash, extent.granule, block);
      if (*found != nullptr) {
        frame = *found;
        ++shard.hits;
      } else {
        FramePtr& bucket = shard.Bucket(hash);
        fresh->next = std::move(bucket);
        bucket = fresh;
        frame = std::move(fresh);
        ++shard.frames;
        ++shard.loads;
        shard.frame_bytes += size;
        mine = true;
      }
    }
    if (mine) {
      GrowTable(shard);
      Status status = Load(shard, frame, extent);
      if (!status.ok()) return status;
      return PinnedBytes(frame->data, frame->size, frame);
    }
  }
  if (frame->state.load(std::memory_order_acquire) != Frame::kReady) {
    DRIFTDB_RETURN_IF_ERROR(WaitForLoad(shard, *frame));
  }
  if (frame->size != size || frame->generation != extent.generation) [[unlikely]] {
    return DataLossError(
        "granule {} block {} is asked for with {} bytes of generation {}, but has {} of {}",
        extent.granule, block, size, extent.generation, frame->size, frame->generation);
  }
  if (!frame->referenced.load(std::memory_order_relaxed)) {
    frame->referenced.store(true, std::memory_order_relaxed);
  }
  const char* data = frame->data;
  return PinnedBytes(data, size, std::move(frame));
}

void BufferPool::GrowTable(Shard& shard) {
  size_t want;
  {
    platform::LatchGuard guard(&shard.latch);
    if (shard.frames <= shard.buckets.size()) return;
    want = shard.buckets.size() * 2;
  }
  std::vector<FramePtr> roomier(want);
  platform::LatchGuard guard(&shard.latch);
  if (shard.buckets.size() >= want) return;
  roomier.swap(shard.buckets);
  for (FramePtr& old : roomier) {
    while (old != nullptr) {
      FramePtr rest = std::move(old->next);
      FramePtr& bucket = shard.Bucket(PoolHash(old->granule, old->block));
      old->next = std::move(bucket);
      bucket = std::move(old);
      old = std::move(rest);
    }
  }
}

Status BufferPool::Load(Shard& shard, const FramePtr& frame, const ExtentRef& extent) {
  // Other threads may reserve what was just evicted for this one, so one refusal is not the last
  // word.
  Result<char*> memory = memory_.Allocate(frame->size);
  for (int i = 0; !memory.ok() && i < kPoolReserveTries; ++i) {
    if (Reclaim(frame->size) == 0) break;
    memory = memory_.Allocate(frame->size);
  }
  Status status;
  if (memory.ok()) {
    frame->data = *memory;
    status = loader_->LoadFrame(extent, frame->block, frame->data, frame->size);
  } else {
    status = std::move(memory).status();
  }
  if (!status.ok()) Unlink(shard, frame.get());
  // Index pages survive the first sweep, extents of scans do not.
  frame->referenced.store(frame->block != kWholeExtent, std::memory_order_relaxed);
  {
    platform::MutexLock lock(&shard.mutex);
    frame->error = status;
    frame->state.store(status.ok() ? Frame::kReady : Frame::kFailed, std::memory_order_release);
  }
  shard.loaded.NotifyAll();
  return status;
}

Status BufferPool::WaitForLoad(Shard& shard, Frame& frame) {
  platform::MutexLock lock(&shard.mutex);
  while (frame.state.load(std::memory_order_acquire) == Frame::kLoading) {
    shard.loaded.Wait(&shard.mutex);
  }
  return frame.error;
}

void BufferPool::Unlink(Shard& shard, Frame* frame) {
  FramePtr dropped;
  platform::LatchGuard guard(&shard.latch);
  FramePtr* link = &shard.Bucket(PoolHash(frame->granule, frame->block));
  while (*link != nullptr && link->get() != frame) link = &(*link)->next;
  if (*link == nullptr) return;
  dropped = std::move(*link);
  *link = std::move(dropped->next);
  --shard.frames;
  shard.frame_bytes -= frame->size;
}

void BufferPool::Offer(const ExtentRef& extent, uint32_t block, std::string_view bytes) {
  uint64_t hash;
  Shard& shard = ShardOf(extent.granule, block, &hash);
  auto frame =
      std::make_shared<Frame>(&memory_, extent.granule, block, extent.generation, bytes.size());
  Result<char*> memory = memory_.Allocate(bytes.size());
  if (!memory.ok()) return;
  frame->data = *memory;
  std::memcpy(frame->data, bytes.data(), bytes.size());
  frame->state.store(Frame::kReady, std::memory_order_release);
  frame->referenced.store(block != kWholeExtent, std::memory_order_relaxed);
  {
    platform::LatchGuard guard(&shard.latch);
    if (*shard.Find(hash, extent.granule, block) != nullptr) return;
    FramePtr& bucket = shard.Bucket(hash);
    frame->next = std::move(bucket);
    bucket = std::move(frame);
    ++shard.frames;
    shard.frame_bytes += bytes.size();
  }
  GrowTable(shard);
}

bool BufferPool::Drop(uint64_t granule, uint32_t block) {
  uint64_t hash;
  Shard& shard = ShardOf(granule, block, &hash);
  FramePtr dropped;
  platform::LatchGuard guard(&shard.latch);
  auto* link = const_cast<FramePtr*>(shard.Find(hash, granule, block));
  if (*link == nullptr) return true;
  if (link->use_count() != 1) return false;
  dropped = std::move(*link);
  *link = std::move(dropped->next);
  --shard.frames;
  shard.frame_bytes -= dropped->size;
  return true;
}

bool BufferPool::Contains(uint64_t granule, uint32_t block) {
  uint64_t hash;
  Shard& shard = ShardOf(granule, block, &hash);
  platform::LatchGuard guard(&shard.latch);
  return *shard.Find(hash, granule, block) != nullptr;
}

size_t BufferPool::SweepShard(Shard& shard, size_t bytes, std::vector<FramePtr>* victims) {
  size_t freed = 0;
  platform::LatchGuard guard(&shard.latch);
  // One turn of the hand; a frame is taken when only the table holds it (POOL-2) and it was not hit
  // since.
  for (size_t i = 0; i < shard.buckets.size() && freed < bytes; ++i) {
    shard.hand = (shard.hand + 1) & static_cast<uint32_t>(shard.buckets.size() - 1);
    FramePtr* link = &shard.buckets[shard.hand];
    while (*link != nullptr && freed < bytes && victims->size() < kPoolVictimsMax) {
      Frame& frame = **link;
      if (link->use_count() != 1 || frame.state.load(std::memory_order_relaxed) != Frame::kReady) {
        link = &frame.next;
      } else if (frame.referenced.load(std::memory_order_relaxed)) {
        frame.referenced.store(false, std::memory_order_relaxed);
        link = &frame.next;
      } else {
        freed += PoolRoundUp(frame.size);
        --shard.frames;
        ++shard.evictions;
        shard.frame_bytes -= frame.size;
        FramePtr victim = std::move(*link);
        *link = std::move(victim->next);
        victims->push_back(std::move(victim));
      }
    }
    if (victims->size() == kPoolVictimsMax) break;
  }
  return freed;
}

size_t BufferPool::Reclaim(size_t bytes) {
  size_t freed = 0;
  std::vector<FramePtr> victims;
  victims.reserve(kPoolVictimsMax);
  // Two full turns without a victim: everything is pinned.
  size_t fruitless = 0;
  while (freed < bytes && fruitless < 2 * kShards + 1) {
    Shard& shard = shards_[sweep_.fetch_add(1, std::memory_order_relaxed) % kShards];
    const size_t got = SweepShard(shard, bytes - freed, &victims);
    victims.clear();  // frees the memory, outside the latch
    fruitless = got == 0 ? fruitless + 1 : 0;
    freed += got;
  }
  return freed;
}

PoolStatistics BufferPool::statistics() const {
  PoolStatistics sum;
  for (size_t i = 0; i < kShards; ++i) {
    Shard& shard = shards_[i];
    platform::LatchGuard guard(&shard.latch);
    sum.hits += shard.hits;
    sum.loads += shard.loads;
    sum.evictions += shard.evictions;
    sum.frames += shard.frames;
    sum.frame_bytes += shard.frame_bytes;
  }
  return sum;
}

}  // namespace driftdb::storage
