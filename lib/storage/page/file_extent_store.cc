#include "storage/page/file_extent_store.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/error.h"
#include "base/guard.h"
#include "base/status_macros.h"

namespace driftdb::storage {

namespace {

constexpr uint64_t kStorePayloadBytesMax = uint64_t{1} << 40;
// Extents up to here are assembled in one buffer and written at once.
constexpr size_t kStoreGatherBytes = 256 * 1024;
constexpr size_t kStoreWriteBytes = 4 * 1024 * 1024;
// Pseudo block numbers: pieces of an extent's seal table, for readers of single blocks.
constexpr uint32_t kStoreSealPiece = uint32_t{1} << 31;
constexpr uint32_t kStoreSealsPerPiece = 85;
// Reserve for checkpoints, in granules: 32 KiB to 16 MiB (C2).
constexpr uint64_t kStoreReserveMin = 8;
constexpr uint64_t kStoreReserveMax = 4096;
// Extents written after the last durable superblock, lost in a crash, had generations up to here
// above it.
constexpr uint32_t kStoreGenerationGap = 1 << 20;

uint32_t StoreBlockCount(uint64_t payload_bytes, uint32_t block_bytes) {
  return static_cast<uint32_t>((payload_bytes + block_bytes - 1) / block_bytes);
}

uint64_t StoreSealOffset(uint64_t payload_bytes) { return (payload_bytes + 7) & ~uint64_t{7}; }

uint64_t StoreGranules(uint64_t payload_bytes, uint32_t block_bytes) {
  const uint64_t bytes = StoreSealOffset(payload_bytes) +
                         uint64_t{StoreBlockCount(payload_bytes, block_bytes)} * sizeof(BlockSeal);
  return (bytes + kGranuleBytes - 1) / kGranuleBytes;
}

GranuleRange StoreRange(const ExtentRef& extent) {
  return {extent.granule, StoreGranules(extent.payload_bytes, extent.block_bytes)};
}

size_t StoreBlockSize(const ExtentRef& extent, uint32_t block) {
  const uint64_t from = uint64_t{block} * extent.block_bytes;
  return static_cast<size_t>(std::min<uint64_t>(extent.block_bytes, extent.payload_bytes - from));
}

bool StoreBlockBytesValid(uint32_t bytes) {
  return std::has_single_bit(bytes) && bytes >= 4096 && bytes <= 65536;
}

}  // namespace

FileExtentStore::FileExtentStore(std::unique_ptr<MainFile> file, ExtentStoreOptions options)
    : options_{options.vfs, std::move(options.path), options.memory, options.read_only, nullptr},
      codec_(options.codec != nullptr ? std::move(options.codec) : MakeChecksumCodec()),
      file_(std::move(file)),
      uuid_(file_->superblock().uuid),
      map_(file_->superblock().granule_count),
      superblock_(file_->superblock()),
      generation_(static_cast<uint32_t>(superblock_.generation) + kStoreGenerationGap),
      pool_(new BufferPool(options_.memory, this)) {}

FileExtentStore::~FileExtentStore() = default;

Result<std::unique_ptr<FileExtentStore>> FileExtentStore::Create(ExtentStoreOptions options,
                                                                 const Hash128& uuid) {
  DRIFTDB_ASSIGN_OR_RETURN(auto file, MainFile::Create(options.vfs, options.path, uuid));
  std::unique_ptr<FileExtentStore> store(new FileExtentStore(std::move(file), std::move(options)));
  store->FinishRecovery();
  return store;
}

Result<std::unique_ptr<FileExtentStore>> FileExtentStore::Open(ExtentStoreOptions options) {
  DRIFTDB_ASSIGN_OR_RETURN(auto file, MainFile::Open(options.vfs, options.path, options.read_only));
  std::unique_ptr<FileExtentStore> store(new FileExtentStore(std::move(file), std::move(options)));
  const Superblock& superblock = store->file_->superblock();
  // The cipher is fixed by the first checkpoint; an empty file has none yet.
  if (!superblock.checkpoint.root.empty() && superblock.cipher_id != store->codec_->cipher_id()) {
    return Error(sqlstate::kInvalidParameterValue,
                 "file \"{}\" uses cipher {}, opened with cipher {}", store->file_->path(),
                 superblock.cipher_id, store->codec_->cipher_id());
  }
  DRIFTDB_RETURN_IF_ERROR(store->LoadFreeMap());
  return store;
}

Status FileExtentStore::LoadFreeMap() {
  const Superblock& superblock = file_->superblock();
  if (options_.read_only || superblock.free_map.empty()) return OkStatus();
  std::string bytes;
  DRIFTDB_RETURN_IF_ERROR(ReadPayload(superblock.free_map, &bytes));
  DRIFTDB_ASSIGN_OR_RETURN(FreeMap map, FreeMap::Deserialize(bytes, superblock.granule_count));
  platform::MutexLock lock(&mutex_);
  map_ = std::move(map);
  checkpoint_granules_ = superblock.checkpoint_granules;
  return OkStatus();
}

Status FileExtentStore::CheckShape(const ExtentRef& extent) const {
  if (extent.granule < kFirstDataGranule || extent.granule > kStorePayloadBytesMax ||
      extent.payload_bytes == 0 || extent.payload_bytes > kStorePayloadBytesMax ||
      !StoreBlockBytesValid(extent.block_bytes)) {
    return DataLossError(
        "impossible extent of {}: granule {}, {} payload bytes, blocks of {} bytes", file_->path(),
        extent.granule, extent.payload_bytes, extent.block_bytes);
  }
  return OkStatus();
}

Status FileExtentStore::Poison(Status error) {
  platform::MutexLock lock(&mutex_);
  if (poison_.ok()) {
    poison_ = error;
    poisoned_.store(true, std::memory_order_release);
  }
  return error;
}

Status FileExtentStore::poison() const {
  if (!poisoned_.load(std::memory_order_acquire)) return OkStatus();  // asked by every commit
  platform::MutexLock lock(&mutex_);
  return poison_;
}

Result<uint64_t> FileExtentStore::AllocateGranules(uint64_t count, bool existing_only) {
  platform::MutexLock lock(&mutex_);
  if (existing_only) {
    // The file cannot grow: a checkpoint may use what was kept for it (C2).
    if (!in_checkpoint_) return uint64_t{0};
    if (reserve_.count > 0) map_.FreeNow(std::exchange(reserve_, GranuleRange{}));
    const uint64_t granule = map_.AllocateExisting(count);
    if (granule != 0) checkpoint_granules_ += count;
    return granule;
  }
  if (in_checkpoint_) checkpoint_granules_ += count;
  return map_.Allocate(count);
}

Result<ExtentRef> FileExtentStore::Write(std::string_view payload, uint32_t block_bytes) {
  if (poisoned_.load(std::memory_order_acquire)) return poison();
  if (options_.read_only) {
    return Error(sqlstate::kReadOnlyTransaction, "file \"{}\" is open read-only", file_->path());
  }
  DRIFTDB_CHECK_OR_RETURN(!payload.empty() && StoreBlockBytesValid(block_bytes),
                          "extent of {} bytes in blocks of {}", payload.size(), block_bytes);
  const uint64_t count = StoreGranules(payload.size(), block_bytes);
  DRIFTDB_ASSIGN_OR_RETURN(uint64_t granule, AllocateGranules(count, /*existing_only=*/false));
  Result<ExtentRef> written = WriteAllocated(payload, block_bytes, granule);
  if (written.ok() || written.status().sqlstate() != sqlstate::kDiskFull) return written;
  DRIFTDB_ASSIGN_OR_RETURN(granule, AllocateGranules(count, /*existing_only=*/true));
  if (granule == 0) return written;
  return WriteAllocated(payload, block_bytes, granule);
}

Result<ExtentRef> FileExtentStore::WriteAllocated(std::string_view payload, uint32_t block_bytes,
                                                  uint64_t granule) {
  ExtentRef extent;
  extent.granule = granule;
  extent.payload_bytes = payload.size();
  extent.block_bytes = block_bytes;
  extent.generation = generation_.fetch_add(1, std::memory_order_relaxed) + 1;
  extent.digest = HashBytes128(payload.data(), payload.size());
  Status status = WriteSealed(payload, extent);
  if (status.ok()) return extent;
  {
    platform::MutexLock lock(&mutex_);
    map_.FreeNow(StoreRange(extent));
    map_.TrimEnd();
  }
  // No room: the range was free and stays free. Any other failure: the file cannot be trusted
  // (C10).
  if (status.sqlstate() != sqlstate::kDiskFull) return Poison(std::move(status));
  return status;
}

Status FileExtentStore::WriteSealed(std::string_view payload, const ExtentRef& extent) {
  const uint32_t blocks = StoreBlockCount(payload.size(), extent.block_bytes);
  const uint64_t seal_offset = StoreSealOffset(payload.size());
  const uint64_t total = StoreRange(extent).count * kGranuleBytes;
  const uint64_t start = extent.granule * kGranuleBytes;
  std::vector<BlockSeal> seals(blocks);
  const bool gather = total <= kStoreGatherBytes || codec_->transforms();
  std::string stored;
  if (gather) stored.resize(payload.size());
  BlockAddress address{uuid_, extent.granule, 0, extent.generation};
  for (uint32_t b = 0; b < blocks; ++b) {
    address.block = b;
    const uint64_t from = uint64_t{b} * extent.block_bytes;
    DRIFTDB_RETURN_IF_ERROR(codec_->Seal(address, payload.data() + from, StoreBlockSize(extent, b),
                                         gather ? stored.data() + from : nullptr, &seals[b]));
  }
  // The tail: what of the payload is below the last granule boundary, seals, zeros.
  const uint64_t head = gather ? 0 : payload.size() / kGranuleBytes * kGranuleBytes;
  const char* source = payload.data();
  if (codec_->transforms()) {
    source = stored.data();
  } else if (gather) {
    std::memcpy(stored.data(), payload.data(), payload.size());
    source = stored.data();
  }
  std::string tail(total - head, '\0');
  std::memcpy(tail.data(), source + head, payload.size() - head);
  std::memcpy(tail.data() + (seal_offset - head), seals.data(), blocks * sizeof(BlockSeal));
  for (uint64_t at = 0; at < head; at += kStoreWriteBytes) {
    const auto part = static_cast<size_t>(std::min<uint64_t>(kStoreWriteBytes, head - at));
    DRIFTDB_RETURN_IF_ERROR(file_->Write(start + at, source + at, part));
  }
  return file_->Write(start + head, tail.data(), tail.size());
}

Status FileExtentStore::OpenBlocks(const ExtentRef& extent, uint32_t first_block, char* bytes,
                                   size_t size, const BlockSeal* seals) const {
  BlockAddress address{uuid_, extent.granule, first_block, extent.generation};
  for (size_t at = 0; at < size; at += extent.block_bytes, ++address.block, ++seals) {
    const size_t part = std::min<size_t>(extent.block_bytes, size - at);
    if (!codec_->Open(address, bytes + at, part, *seals)) {
      return DataLossError(
          "file \"{}\": the seal of block {} of the extent at granule {} (byte {}) does not match",
          file_->path(), address.block, extent.granule,
          extent.granule * kGranuleBytes + uint64_t{address.block} * extent.block_bytes);
    }
  }
  return OkStatus();
}

// Called by the pool for whole extents, blocks and pieces of seal tables.
Status FileExtentStore::LoadFrame(const ExtentRef& extent, uint32_t block, char* to, size_t size) {
  DRIFTDB_RETURN_IF_ERROR(CheckShape(extent));
  const uint64_t start = extent.granule * kGranuleBytes;
  if (block == kWholeExtent) {
    // The frame has room for the seals too, so that one read fetches all.
    DRIFTDB_RETURN_IF_ERROR(file_->Read(start, to, size));
    return OpenBlocks(
        extent, 0, to, extent.payload_bytes,
        reinterpret_cast<const BlockSeal*>(to + StoreSealOffset(extent.payload_bytes)));
  }
  if ((block & kStoreSealPiece) != 0) {
    const uint64_t piece = block & ~kStoreSealPiece;
    return file_->Read(start + StoreSealOffset(extent.payload_bytes) +
                           piece * kStoreSealsPerPiece * sizeof(BlockSeal),
                       to, size);
  }
  const uint32_t piece = block / kStoreSealsPerPiece;
  const uint32_t blocks = StoreBlockCount(extent.payload_bytes, extent.block_bytes);
  const uint32_t seals = std::min(kStoreSealsPerPiece, blocks - piece * kStoreSealsPerPiece);
  DRIFTDB_ASSIGN_OR_RETURN(PinnedBytes table,
                           pool_->Pin(extent, kStoreSealPiece | piece, seals * sizeof(BlockSeal)));
  DRIFTDB_RETURN_IF_ERROR(file_->Read(start + uint64_t{block} * extent.block_bytes, to, size));
  BlockSeal seal;
  std::memcpy(&seal, table.data() + block % kStoreSealsPerPiece * sizeof(BlockSeal), sizeof(seal));
  return OpenBlocks(extent, block, to, size, &seal);
}

Result<PinnedBytes> FileExtentStore::Pin(const ExtentRef& extent) {
  DRIFTDB_RETURN_IF_ERROR(CheckShape(extent));
  const uint64_t bytes = StoreRange(extent).count * kGranuleBytes;
  if (bytes > kFrameBytesMax) {
    return Error(sqlstate::kProgramLimitExceeded, "extent of {} bytes cannot be pinned whole",
                 extent.payload_bytes);
  }
  DRIFTDB_ASSIGN_OR_RETURN(PinnedBytes frame, pool_->Pin(extent, kWholeExtent, bytes));
  return PinnedBytes(frame.data(), extent.payload_bytes, frame.TakePin());
}

Result<PinnedBytes> FileExtentStore::PinBlock(const ExtentRef& extent, uint32_t block) {
  if (uint64_t{block} * extent.block_bytes >= extent.payload_bytes || block >= kStoreSealPiece) {
    return DataLossError("file \"{}\": the extent at granule {} with {} bytes has no block {}",
                         file_->path(), extent.granule, extent.payload_bytes, block);
  }
  return pool_->Pin(extent, block, StoreBlockSize(extent, block));
}

Status FileExtentStore::ReadPayload(const ExtentRef& extent, std::string* to) {
  DRIFTDB_RETURN_IF_ERROR(CheckShape(extent));
  const uint64_t bytes = StoreRange(extent).count * kGranuleBytes;
  // Checked before memory is allocated for what a damaged reference claims.
  if (extent.granule * kGranuleBytes + bytes > superblock().granule_count * kGranuleBytes &&
      bytes > kFrameBytesMax) {
    return DataLossError("file \"{}\": the extent at granule {} lies beyond the end", file_->path(),
                         extent.granule);
  }
  to->resize(bytes);
  DRIFTDB_RETURN_IF_ERROR(file_->Read(extent.granule * kGranuleBytes, to->data(), bytes));
  std::vector<BlockSeal> seals(StoreBlockCount(extent.payload_bytes, extent.block_bytes));
  std::memcpy(seals.data(), to->data() + StoreSealOffset(extent.payload_bytes),
              seals.size() * sizeof(BlockSeal));
  DRIFTDB_RETURN_IF_ERROR(OpenBlocks(extent, 0, to->data(), extent.payload_bytes, seals.data()));
  to->resize(extent.payload_bytes);
  return OkStatus();
}

void FileExtentStore::Prefetch(const ExtentRef& extent) {
  if (!CheckShape(extent).ok() || pool_->Contains(extent.granule, kWholeExtent)) return;
  file_->WillNeed(extent.granule * kGranuleBytes, StoreRange(extent).count * kGranuleBytes);
}

bool FileExtentStore::DropFrames(const ExtentRef& extent) {
  const uint32_t blocks = StoreBlockCount(extent.payload_bytes, extent.block_bytes);
  bool free = pool_->Drop(extent.granule, kWholeExtent);
  for (uint32_t b = 0; b < blocks && free; ++b) free = pool_->Drop(extent.granule, b);
  for (uint32_t p = 0; p * kStoreSealsPerPiece < blocks && free; ++p) {
    free = pool_->Drop(extent.granule, kStoreSealPiece | p);
  }
  return free;
}

void FileExtentStore::FreeOrRequeue(const ExtentRef& extent) {
  if (DropFrames(extent)) {
    map_.FreeNow(StoreRange(extent));
    return;
  }
  const uint64_t cookie = next_cookie_++;
  released_.emplace(cookie, extent);
  map_.Forget(StoreRange(extent));
  map_.Requeue({StoreRange(extent), false, cookie});
}

void FileExtentStore::FreeUnpinned(const std::vector<PendingRange>& ranges) {
  for (const PendingRange& pending : ranges) {
    const auto found = released_.find(pending.cookie);
    DRIFTDB_DCHECK(found != released_.end());
    if (DropFrames(found->second)) {
      map_.FreePending(pending);
      released_.erase(found);
    } else {
      map_.Requeue(pending);
    }
  }
}

void FileExtentStore::Release(const ExtentRef& extent, bool uncommitted) {
  if (options_.read_only || extent.empty()) return;
  platform::MutexLock lock(&mutex_);
  // Called by destructors and rollbacks. Out of memory the space is lost until the next opening
  // (KeepNamed), which is no harm to anybody's data (C11).
  (void)Guarded([&] {
    if (uncommitted) {
      FreeOrRequeue(extent);
    } else {
      const uint64_t cookie = next_cookie_++;
      released_.emplace(cookie, extent);
      map_.Release(StoreRange(extent), cookie);
    }
  });
}

Status FileExtentStore::Sync() {
  if (poisoned_.load(std::memory_order_acquire)) return poison();
  if (options_.read_only) return OkStatus();
  Status status = file_->Sync();
  if (!status.ok()) return Poison(std::move(status));
  return status;
}

Superblock FileExtentStore::superblock() const {
  platform::MutexLock lock(&mutex_);
  return superblock_;
}

Status FileExtentStore::KeepNamed(const std::vector<ExtentRef>& named) {
  if (options_.read_only) return OkStatus();
  std::vector<GranuleRange> used;
  for (const ExtentRef& extent : named) {
    DRIFTDB_RETURN_IF_ERROR(CheckShape(extent));
    used.push_back(StoreRange(extent));
  }
  platform::MutexLock lock(&mutex_);
  for (const ExtentRef& extent : {superblock_.checkpoint.root, superblock_.free_map}) {
    if (!extent.empty()) used.push_back(StoreRange(extent));
  }
  const auto before = [](const GranuleRange& a, const GranuleRange& b) {
    return a.start != b.start ? a.start < b.start : a.count < b.count;
  };
  std::sort(used.begin(), used.end(), before);
  // Segments of a base may have been named again by the base that followed it.
  used.erase(std::unique(used.begin(), used.end()), used.end());
  const Status kept = map_.KeepOnly(kFirstDataGranule, used);
  if (kept.ok()) return OkStatus();
  return DataLossError("file \"{}\": {}", file_->path(), kept.message());
}

Status FileExtentStore::Claim(const ExtentRef& extent) {
  DRIFTDB_RETURN_IF_ERROR(CheckShape(extent));
  if (options_.read_only) return OkStatus();
  platform::MutexLock lock(&mutex_);
  DRIFTDB_DCHECK(reserve_.count == 0);
  // Generations only have to differ from lost ones at the same place; wrap-around is harmless.
  const uint32_t now = generation_.load(std::memory_order_relaxed);
  if (static_cast<int32_t>(extent.generation - now) > 0) {
    generation_.store(extent.generation, std::memory_order_relaxed);
  }
  return map_.Claim(StoreRange(extent));
}

void FileExtentStore::FinishRecovery() {
  if (!options_.read_only) RefillReserve();
}

void FileExtentStore::BeginCheckpoint() {
  platform::MutexLock lock(&mutex_);
  map_.BeginCheckpoint();
  in_checkpoint_ = true;
  checkpoint_granules_ = 0;
}

void FileExtentStore::AbandonCheckpoint() {
  platform::MutexLock lock(&mutex_);
  map_.AbandonCheckpoint();
  in_checkpoint_ = false;
}

void FileExtentStore::MarkReferenced(const ExtentRef& extent) {
  platform::MutexLock lock(&mutex_);
  map_.MarkReferenced(StoreRange(extent));
}

Result<ExtentRef> FileExtentStore::WriteFreeMap(const std::vector<GranuleRange>& also_free,
                                                Superblock* next) {
  // The map lists its own granules as used, so they are allocated before it is made.
  for (const bool existing_only : {false, true}) {
    std::string payload;
    uint64_t granule = 0;
    {
      platform::MutexLock lock(&mutex_);
      if (existing_only && reserve_.count > 0)
        map_.FreeNow(std::exchange(reserve_, GranuleRange{}));
      const size_t bytes = map_.SerializedBytesMax() + also_free.size() * 14;
      const uint64_t count = StoreGranules(bytes, kDataBlockBytes);
      granule = existing_only ? map_.AllocateExisting(count) : map_.Allocate(count);
      if (granule == 0) {
        return Error(sqlstate::kDiskFull, "no room for the free map of \"{}\"", file_->path());
      }
      map_.MarkReferenced({granule, count});
      checkpoint_granules_ += count;
      payload = map_.Serialize(also_free, &next->granule_count);
      DRIFTDB_DCHECK(payload.size() <= bytes);
      payload.resize(bytes, '\0');
      next->checkpoint_granules = checkpoint_granules_;
    }
    Result<ExtentRef> written = WriteAllocated(payload, kDataBlockBytes, granule);
    if (written.ok() || existing_only || written.status().sqlstate() != sqlstate::kDiskFull) {
      return written;
    }
  }
  return InternalError("free map of {} was not written", file_->path());
}

Status FileExtentStore::CommitCheckpoint(const CheckpointRecord& checkpoint) {
  if (poisoned_.load(std::memory_order_acquire)) return poison();
  DRIFTDB_RETURN_IF_ERROR(CheckShape(checkpoint.root));
  Superblock next = superblock();
  const ExtentRef old_root = next.checkpoint.root;
  const ExtentRef old_map = next.free_map;
  std::vector<GranuleRange> also_free;
  if (!old_root.empty()) also_free.push_back(StoreRange(old_root));
  if (!old_map.empty()) also_free.push_back(StoreRange(old_map));
  MarkReferenced(checkpoint.root);
  next.checkpoint = checkpoint;
  next.cipher_id = codec_->cipher_id();
  Result<ExtentRef> free_map = WriteFreeMap(also_free, &next);
  if (!free_map.ok()) {
    Release(checkpoint.root, true);  // nothing will ever name it (CKPT-5)
    return std::move(free_map).status();
  }
  next.free_map = *free_map;
  next.generation = generation_.load(std::memory_order_relaxed);
  DRIFTDB_RETURN_IF_ERROR(Sync());
  // Whether the superblock is durable is unknown after a failure: nothing may be written any more.
  if (Status status = file_->WriteSuperblock(next); !status.ok()) return Poison(std::move(status));
  {
    platform::MutexLock lock(&mutex_);
    superblock_ = file_->superblock();
    in_checkpoint_ = false;
    std::vector<PendingRange> ranges = map_.FinishCheckpoint();
    // The checkpoint stands. As in Release, only space is lost.
    (void)Guarded([&] {
      for (const PendingRange& pending : map_.TakeRequeued()) ranges.push_back(pending);
      FreeUnpinned(ranges);
      if (!old_root.empty()) FreeOrRequeue(old_root);
      if (!old_map.empty()) FreeOrRequeue(old_map);
    });
  }
  RefillReserve();
  return OkStatus();
}

void FileExtentStore::RefillReserve() {
  GranuleRange range;
  {
    platform::MutexLock lock(&mutex_);
    const uint64_t want = std::bit_ceil(std::clamp(checkpoint_granules_ + checkpoint_granules_ / 4,
                                                   kStoreReserveMin, kStoreReserveMax));
    if (reserve_.count >= want && reserve_.count <= want * 4) return;
    if (reserve_.count > 0) map_.FreeNow(std::exchange(reserve_, GranuleRange{}));
    range = {map_.Allocate(want), want};
  }
  // Written, not only sized: space that a file system has promised may be gone when it is needed.
  static constexpr size_t kStoreZeroBytes = 256 * 1024;
  const std::string zeros(std::min<uint64_t>(range.count * kGranuleBytes, kStoreZeroBytes), '\0');
  Status status;
  for (uint64_t at = 0; at < range.count * kGranuleBytes && status.ok(); at += zeros.size()) {
    status = file_->Write(range.start * kGranuleBytes + at, zeros.data(), zeros.size());
  }
  if (!status.ok() && status.sqlstate() != sqlstate::kDiskFull) (void)Poison(status);
  platform::MutexLock lock(&mutex_);
  if (status.ok()) {
    reserve_ = range;
  } else {
    map_.FreeNow(range);
    map_.TrimEnd();
  }
}

StoreStatistics FileExtentStore::statistics() const {
  StoreStatistics sum;
  sum.pool = pool_->statistics();
  platform::MutexLock lock(&mutex_);
  sum.file_bytes = map_.end() * kGranuleBytes;
  sum.free_bytes = map_.free_granules() * kGranuleBytes;
  sum.pending_bytes = map_.pending_granules() * kGranuleBytes;
  return sum;
}

}  // namespace driftdb::storage
