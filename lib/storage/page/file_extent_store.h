// FileExtentStore: the extent store over DIR/main.drift: free map, seals, buffer pool, superblocks,
// and the checkpoint protocol's part below txn/. A checkpoint: BeginCheckpoint (under the commit
// latch, at log position C) - Write extents - MarkReferenced for every extent its root names -
// Write the root - CommitCheckpoint (or AbandonCheckpoint). Recovery: Open - Claim every extent
// that an ATTACH record names - then allocate. Invariants: those of FreeMap, MainFile and
// BufferPool; STORE-1 after a failed sync, or a write that failed for another reason than space,
// every write fails and nothing is retried (C10); reads go on. Threads: safe; one checkpoint at a
// time.
#ifndef DRIFTDB_STORAGE_PAGE_FILE_EXTENT_STORE_H_
#define DRIFTDB_STORAGE_PAGE_FILE_EXTENT_STORE_H_

#include <atomic>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/memory.h"
#include "platform/mutex.h"
#include "platform/vfs.h"
#include "storage/page/buffer_pool.h"
#include "storage/page/extent_store.h"
#include "storage/page/free_map.h"
#include "storage/page/main_file.h"
#include "storage/page/page_codec.h"

namespace driftdb::storage {

struct ExtentStoreOptions {
  platform::Vfs* vfs = nullptr;        // outlives the store
  std::string path;                    // of main.drift
  MemoryAccountant* memory = nullptr;  // outlives the store; its reclaimer is set to the pool
  bool read_only = false;
  std::unique_ptr<PageCodec> codec;  // null: checksums
};

struct StoreStatistics {
  PoolStatistics pool;
  uint64_t file_bytes = 0;
  uint64_t free_bytes = 0;
  uint64_t pending_bytes = 0;
};

class FileExtentStore : public ExtentStore, private FrameLoader {
 public:
  static Result<std::unique_ptr<FileExtentStore>> Create(ExtentStoreOptions options,
                                                         const Hash128& uuid);
  static Result<std::unique_ptr<FileExtentStore>> Open(ExtentStoreOptions options);
  ~FileExtentStore() override;

  Result<ExtentRef> Write(std::string_view payload, uint32_t block_bytes) override;
  Result<PinnedBytes> Pin(const ExtentRef& extent) override;
  Result<PinnedBytes> PinBlock(const ExtentRef& extent, uint32_t block) override;
  void Release(const ExtentRef& extent, bool uncommitted) override;
  Status Sync() override;

  // Reads the whole payload without the pool, for copies of the file (backups, followers).
  Status ReadPayload(const ExtentRef& extent, std::string* to);
  // Hint: these payloads will be pinned soon.
  void Prefetch(const ExtentRef& extent);

  // The newest durable superblock.
  Superblock superblock() const;
  // Opening, before replay: `named` are the extents that the root's contents name. What else the
  // free map has in use is free. Errors: DataLoss when one of them is not in use, or two overlap.
  Status KeepNamed(const std::vector<ExtentRef>& named);
  // Replay: `extent` is in use. No effect when read-only.
  Status Claim(const ExtentRef& extent);
  // Replay has claimed everything: allocation may begin. Fills the reserve (C2).
  void FinishRecovery();

  // Releases from here on happen after this checkpoint's snapshot.
  void BeginCheckpoint();
  // The root that this checkpoint is about to publish names `extent`.
  void MarkReferenced(const ExtentRef& extent);
  // Marks the root, writes the free map, syncs, publishes the superblock. Afterwards extents
  // released before BeginCheckpoint are usable again. The previous root is released here; the new
  // one when there is no room for the free map.
  Status CommitCheckpoint(const CheckpointRecord& checkpoint);
  void AbandonCheckpoint();

  Status poison() const override;
  StoreStatistics statistics() const;

 private:
  FileExtentStore(std::unique_ptr<MainFile> file, ExtentStoreOptions options);
  Status LoadFrame(const ExtentRef& extent, uint32_t block, char* to, size_t size) override;
  Status CheckShape(const ExtentRef& extent) const;
  Status LoadFreeMap();
  Result<ExtentRef> WriteAllocated(std::string_view payload, uint32_t block_bytes,
                                   uint64_t granule);
  Status WriteSealed(std::string_view payload, const ExtentRef& extent);
  Status OpenBlocks(const ExtentRef& extent, uint32_t first_block, char* bytes, size_t size,
                    const BlockSeal* seals) const;
  bool DropFrames(const ExtentRef& extent);
  void FreeUnpinned(const std::vector<PendingRange>& ranges) DRIFTDB_REQUIRES(mutex_);
  void FreeOrRequeue(const ExtentRef& extent) DRIFTDB_REQUIRES(mutex_);
  Result<uint64_t> AllocateGranules(uint64_t count, bool existing_only);
  Result<ExtentRef> WriteFreeMap(const std::vector<GranuleRange>& also_free, Superblock* next);
  void RefillReserve();
  Status Poison(Status error);

  const ExtentStoreOptions options_;
  std::unique_ptr<PageCodec> codec_;
  std::unique_ptr<MainFile> file_;
  const Hash128 uuid_;
  mutable platform::Mutex mutex_;  // never held across I/O
  FreeMap map_ DRIFTDB_GUARDED_BY(mutex_);
  GranuleRange reserve_ DRIFTDB_GUARDED_BY(mutex_);  // written granules kept for checkpoints (C2)
  bool in_checkpoint_ DRIFTDB_GUARDED_BY(mutex_) = false;
  uint64_t checkpoint_granules_ DRIFTDB_GUARDED_BY(mutex_) = 0;
  uint64_t next_cookie_ DRIFTDB_GUARDED_BY(mutex_) = 1;
  std::unordered_map<uint64_t, ExtentRef> released_ DRIFTDB_GUARDED_BY(mutex_);  // by cookie
  Superblock superblock_ DRIFTDB_GUARDED_BY(mutex_);
  Status poison_ DRIFTDB_GUARDED_BY(mutex_);
  std::atomic<uint32_t> generation_{0};
  std::atomic<bool> poisoned_{false};
  std::unique_ptr<BufferPool> pool_;
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_PAGE_FILE_EXTENT_STORE_H_
