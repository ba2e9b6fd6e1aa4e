// ExtentStore: immutable extents of the main file, written once, read through the buffer pool.
// Shape: an extent is a run of 4 KiB granules: payload contiguous, then one 48-byte seal per block
// (XXH3-128 or AEAD tag, nonce, key id; C20). Blocks are 32 KiB of payload (8 KiB for B+tree
// pages). Invariants: a written extent is never written again (I2); an extent named by either valid
// superblock, by the log since the checkpoint, or pinned, is never reused (I3). Threads: safe.
// PinnedBytes keeps its frames resident; it may be moved between threads. Errors: DataLoss (seal
// does not match: names file, granule, block), 53100, 53200 (no frame can be freed).
#ifndef DRIFTDB_STORAGE_PAGE_EXTENT_STORE_H_
#define DRIFTDB_STORAGE_PAGE_EXTENT_STORE_H_

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/hash.h"
#include "base/status.h"

namespace driftdb::storage {

inline constexpr uint32_t kGranuleBytes = 4096;
inline constexpr uint32_t kDataBlockBytes = 32 * 1024;
inline constexpr uint32_t kIndexBlockBytes = 8 * 1024;

// Where an extent lies and what it holds. Trivially copyable; stored in directories and log
// records.
struct ExtentRef {
  uint64_t granule = 0;        // first granule in the main file; 0 = no extent
  uint64_t payload_bytes = 0;  // without seals and padding
  uint32_t block_bytes = kDataBlockBytes;
  uint32_t generation = 0;  // low bits of the count of extents written: finds stale reads
  Hash128 digest;           // XXH3-128 of the payload (C9)
  bool empty() const { return granule == 0; }
};
static_assert(sizeof(ExtentRef) == 40);

// Read access to payload bytes that stay in memory while this lives. Copies share the pin.
class PinnedBytes {
 public:
  PinnedBytes() = default;
  PinnedBytes(const char* data, size_t size, std::shared_ptr<const void> pin)
      : data_(data), size_(size), pin_(std::move(pin)) {}
  const char* data() const { return data_; }
  size_t size() const { return size_; }
  std::string_view view() const { return {data_, size_}; }
  // To keep the bytes alive from a Vector (Vector::Hold).
  const std::shared_ptr<const void>& pin() const { return pin_; }
  std::shared_ptr<const void> TakePin() { return std::move(pin_); }

 private:
  const char* data_ = nullptr;
  size_t size_ = 0;
  std::shared_ptr<const void> pin_;
};

class ExtentStore {
 public:
  virtual ~ExtentStore() = default;
  // Writes `payload` as an unreferenced extent. It becomes durable with the next Sync and
  // referenced when a checkpoint's directory or an ATTACH record names it; a crash before that
  // returns it to free space.
  virtual Result<ExtentRef> Write(std::string_view payload, uint32_t block_bytes) = 0;
  // The whole payload, contiguous.
  virtual Result<PinnedBytes> Pin(const ExtentRef& extent) = 0;
  // One block of the payload: bytes [block * block_bytes, ...).
  virtual Result<PinnedBytes> PinBlock(const ExtentRef& extent, uint32_t block) = 0;
  // Says that no live structure names this extent any more. Its granules become usable after the
  // next durable superblock and when the last pin is gone. `uncommitted`: it never was referenced
  // (an aborted bulk load), so its granules are usable at once.
  virtual void Release(const ExtentRef& extent, bool uncommitted) = 0;
  // Makes all extents written so far durable.
  virtual Status Sync() = 0;
  // The failed write or sync after which nothing is written any more (C10), or OK.
  virtual Status poison() const { return OkStatus(); }
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_PAGE_EXTENT_STORE_H_
