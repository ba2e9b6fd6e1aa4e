// MemoryExtentStore: an ExtentStore over heap memory for tests and benchmarks. Counts live extents
// and bytes, so a test can see leaks; Corrupt changes bytes behind the readers' back.
#ifndef DRIFTDB_TESTS_UNIT_STORAGE_MEMORY_EXTENT_STORE_H_
#define DRIFTDB_TESTS_UNIT_STORAGE_MEMORY_EXTENT_STORE_H_

#include <memory>
#include <string>
#include <unordered_map>

#include "base/error.h"
#include "platform/mutex.h"
#include "storage/page/extent_store.h"

namespace driftdb::storage {

class MemoryExtentStore final : public ExtentStore {
 public:
  Result<ExtentRef> Write(std::string_view payload, uint32_t block_bytes) override {
    platform::WriterLock lock(&mutex_);
    if (fail_writes_after_ == 0) return Error(sqlstate::kDiskFull, "test store is full");
    if (fail_writes_after_ > 0) --fail_writes_after_;
    ExtentRef ref;
    ref.granule = next_;
    next_ += payload.size() / kGranuleBytes + 1;
    ref.payload_bytes = payload.size();
    ref.block_bytes = block_bytes;
    ref.digest = HashBytes128(payload.data(), payload.size());
    extents_[ref.granule] = std::make_shared<std::string>(payload);
    written_bytes_ += payload.size();
    return ref;
  }
  Result<PinnedBytes> Pin(const ExtentRef& extent) override {
    platform::ReaderLock lock(&mutex_);
    const auto it = extents_.find(extent.granule);
    if (it == extents_.end()) return DataLossError("test store: no extent {}", extent.granule);
    return PinnedBytes(it->second->data(), it->second->size(), it->second);
  }
  Result<PinnedBytes> PinBlock(const ExtentRef& extent, uint32_t block) override {
    platform::ReaderLock lock(&mutex_);
    const auto it = extents_.find(extent.granule);
    if (it == extents_.end()) return DataLossError("test store: no extent {}", extent.granule);
    const size_t at = size_t{block} * extent.block_bytes;
    if (at >= it->second->size()) return DataLossError("test store: no block {}", block);
    return PinnedBytes(it->second->data() + at,
                       std::min<size_t>(extent.block_bytes, it->second->size() - at), it->second);
  }
  void Release(const ExtentRef& extent, bool uncommitted) override {
    platform::WriterLock lock(&mutex_);
    if (extents_.erase(extent.granule) == 0) ++bad_releases_;
    (uncommitted ? released_uncommitted_ : released_)++;
  }
  Status Sync() override { return OkStatus(); }

  size_t live_extents() {
    platform::ReaderLock lock(&mutex_);
    return extents_.size();
  }
  size_t live_bytes() {
    platform::ReaderLock lock(&mutex_);
    size_t bytes = 0;
    for (const auto& [granule, extent] : extents_) bytes += extent->size();
    return bytes;
  }
  uint64_t written_bytes() const { return written_bytes_; }
  int bad_releases() const { return bad_releases_; }
  int released_uncommitted() const { return released_uncommitted_; }
  void set_fail_writes_after(int writes) { fail_writes_after_ = writes; }
  std::string* bytes(const ExtentRef& extent) { return extents_[extent.granule].get(); }

 private:
  platform::SharedMutex mutex_;
  std::unordered_map<uint64_t, std::shared_ptr<std::string>> extents_;
  uint64_t next_ = 1;
  uint64_t written_bytes_ = 0;
  int bad_releases_ = 0;
  int released_ = 0;
  int released_uncommitted_ = 0;
  int fail_writes_after_ = -1;
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_TESTS_UNIT_STORAGE_MEMORY_EXTENT_STORE_H_
