// RowGroup: the directory entry of 131,072 rids: hot chunks, or a sealed group, or nothing yet.
// Shape: 64 chunk pointers and one sealed pointer. A group is hot (chunks appear on touch), then
// sealed (chunks gone); loaded groups start sealed. Sealing publishes `sealed` before it clears the
// chunk pointers, so a reader that finds no chunk and then no sealed part knows that the rows do
// not exist (MV-13). Threads: pointers are read under an EpochGuard; Install* and Drop* are called
// under the table's mutex.
#ifndef DRIFTDB_STORAGE_TABLE_ROW_GROUP_H_
#define DRIFTDB_STORAGE_TABLE_ROW_GROUP_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "storage/mvcc/epoch.h"
#include "storage/table/hot_chunk.h"
#include "storage/table/sealed_group.h"
#include "storage/table/table_types.h"

namespace driftdb::storage {

// Where the last image of a chunk or of a sealed group's overlay lies; both empty: nowhere.
struct ImagePlace {
  ExtentRef extent;
  std::string bytes;  // small images live in the directory itself
  bool empty() const { return extent.empty() && bytes.empty(); }
};

class RowGroup {
 public:
  explicit RowGroup(uint64_t number) : number_(number) {}
  ~RowGroup() {
    for (auto& chunk : chunks_) delete chunk.load(std::memory_order_relaxed);
    delete sealed_.load(std::memory_order_relaxed);
  }
  RowGroup(const RowGroup&) = delete;
  RowGroup& operator=(const RowGroup&) = delete;

  uint64_t number() const { return number_; }
  uint64_t first_rid() const { return number_ << kGroupBits; }
  // Sequentially consistent loads pair with EpochManager::Collect.
  HotChunk* chunk(size_t i) const { return chunks_[i].load(std::memory_order_seq_cst); }
  SealedGroup* sealed() const { return sealed_.load(std::memory_order_seq_cst); }

  void InstallChunk(size_t i, HotChunk* chunk) { chunks_[i].store(chunk); }
  void InstallSealed(SealedGroup* sealed) { sealed_.store(sealed); }
  // Takes the object out; readers may still be in it: retire it.
  std::unique_ptr<HotChunk> DropChunk(size_t i) {
    return std::unique_ptr<HotChunk>(chunks_[i].exchange(nullptr));
  }
  std::unique_ptr<SealedGroup> DropSealed() {
    return std::unique_ptr<SealedGroup>(sealed_.exchange(nullptr));
  }

  // ---- for sealing and images; under the table's maintenance mutex ----
  bool sealing = false;  // no chunk may be created any more (also under the table's mutex)
  bool sealed_since_image = false;
  std::vector<ImagePlace> images;  // of the chunks, or of the overlays; empty: no image yet

 private:
  const uint64_t number_;
  std::atomic<HotChunk*> chunks_[kGroupChunks] = {};
  std::atomic<SealedGroup*> sealed_{nullptr};
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_TABLE_ROW_GROUP_H_
