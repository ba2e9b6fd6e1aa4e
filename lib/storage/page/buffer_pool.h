// BufferPool: blocks and whole extents in memory, within the database's memory limit.
// Shape: a frame holds one block (block number) or a whole extent's payload (kWholeExtent),
// contiguous. Frames lie in power-of-two classes of reserved addresses; only the pages that a
// payload touches have memory and are accounted, so memory_limit is exact (C19). Invariants: POOL-1
// a frame in the table holds verified plain bytes or is being loaded. POOL-2 a frame is dropped
// from the table only while nobody but the table holds it. POOL-3 at most one thread loads a block.
// Threads: safe. A hit takes one latch of 128 and one reference count.
// Eviction: clock per shard; extents read once (scans) go before blocks (index pages) and what was
// hit again. Errors: DataLoss (seal), 53200 (everything is pinned), those of the file.
#ifndef DRIFTDB_STORAGE_PAGE_BUFFER_POOL_H_
#define DRIFTDB_STORAGE_PAGE_BUFFER_POOL_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/memory.h"
#include "platform/mutex.h"
#include "storage/page/extent_store.h"

namespace driftdb::storage {

inline constexpr uint32_t kWholeExtent = ~uint32_t{0};
inline constexpr size_t kFrameBytesMax = size_t{1} << 30;

// Fills frames; the extent store reads and opens the blocks.
class FrameLoader {
 public:
  virtual ~FrameLoader() = default;
  virtual Status LoadFrame(const ExtentRef& extent, uint32_t block, char* to, size_t size) = 0;
};

// Memory of frames by class: addresses are kept for reuse, pages beyond the small classes are given
// back.
class FrameMemory {
 public:
  explicit FrameMemory(MemoryAccountant* accountant) : accountant_(accountant) {}
  ~FrameMemory();
  // `bytes` of memory at a page boundary, accounted. Errors: 53200.
  Result<char*> Allocate(size_t bytes);
  void Free(char* memory, size_t bytes);

 private:
  static constexpr int kClasses = 19;  // 4 KiB .. 1 GiB
  struct SizeClass {
    platform::Mutex mutex;
    std::vector<char*> free DRIFTDB_GUARDED_BY(mutex);
    char* next DRIFTDB_GUARDED_BY(mutex) = nullptr;  // unused addresses of the last range
    size_t left DRIFTDB_GUARDED_BY(mutex) = 0;
    std::vector<std::pair<char*, size_t>> ranges DRIFTDB_GUARDED_BY(mutex);
    size_t frames DRIFTDB_GUARDED_BY(mutex) = 0;  // that all ranges hold
  };
  MemoryAccountant* const accountant_;
  SizeClass classes_[kClasses];
};

struct PoolStatistics {
  uint64_t hits = 0;
  uint64_t loads = 0;
  uint64_t evictions = 0;
  uint64_t frames = 0;
  uint64_t frame_bytes = 0;
};

class BufferPool : public MemoryReclaimer {
 public:
  // `accountant` and `loader` outlive the pool; the pool becomes the accountant's reclaimer.
  BufferPool(MemoryAccountant* accountant, FrameLoader* loader);
  // REQUIRES: no PinnedBytes of this pool is left.
  ~BufferPool() override;

  // Block `block` of `extent` (kWholeExtent: all of it), `size` bytes, loaded when missing.
  Result<PinnedBytes> Pin(const ExtentRef& extent, uint32_t block, size_t size);
  // Puts bytes that were just written into the pool if memory is at hand; never fails.
  void Offer(const ExtentRef& extent, uint32_t block, std::string_view bytes);
  // Drops one frame from the table. False while it is pinned.
  bool Drop(uint64_t granule, uint32_t block);
  bool Contains(uint64_t granule, uint32_t block);
  size_t Reclaim(size_t bytes) override;
  PoolStatistics statistics() const;

 private:
  struct Frame;
  struct alignas(64) Shard;
  using FramePtr = std::shared_ptr<Frame>;
  static constexpr size_t kShards = 128;

  Shard& ShardOf(uint64_t granule, uint32_t block, uint64_t* hash) const;
  void GrowTable(Shard& shard);
  Status Load(Shard& shard, const FramePtr& frame, const ExtentRef& extent);
  Status WaitForLoad(Shard& shard, Frame& frame);
  void Unlink(Shard& shard, Frame* frame);
  size_t SweepShard(Shard& shard, size_t bytes, std::vector<FramePtr>* victims);

  MemoryAccountant* const accountant_;
  FrameLoader* const loader_;
  FrameMemory memory_;
  std::unique_ptr<Shard[]> shards_;
  std::atomic<size_t> sweep_{0};  // next shard to sweep
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_PAGE_BUFFER_POOL_H_
