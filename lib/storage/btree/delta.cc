#include "storage/btree/delta.h"

#include <cstring>
#include <new>

#include "base/check.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "storage/btree/delta_node.h"

namespace driftdb::storage {

namespace {
constexpr size_t kDeltaSpareNodes = 8;  // more than the splits of one insert

constexpr size_t DeltaRecordBytes(size_t key_bytes) {
  return (DeltaRecord::kKeyOffset + key_bytes + 7) & ~size_t{7};
}
}  // namespace

static_assert(offsetof(DeltaRecord, before) + 1 == DeltaRecord::kKeyOffset);

DeltaArena::~DeltaArena() {
  platform::MutexLock lock(&mutex_);
  for (const auto& block : blocks_) ::operator delete(block->data, std::align_val_t(64));
  if (memory_ != nullptr) memory_->Release(reserved_bytes_);
}

Status DeltaArena::Grow(size_t bytes, bool forced) {
  platform::MutexLock lock(&mutex_);
  const Block* current = current_.load(std::memory_order_relaxed);
  if (current != nullptr &&
      current->used.load(std::memory_order_relaxed) + bytes <= current->size) {
    return OkStatus();
  }
  size_t size = next_block_bytes_;
  while (size < bytes) size *= 2;
  // What may throw comes before what would have to be given back.
  auto block = std::make_unique<Block>();
  if (blocks_.size() == blocks_.capacity()) blocks_.reserve(2 * blocks_.size() + 4);
  Status reserved = memory_ == nullptr ? OkStatus() : memory_->Reserve(size, "index delta");
  if (!reserved.ok() && !forced) return reserved;
  block->data = static_cast<char*>(::operator new(size, std::align_val_t(64), std::nothrow));
  block->size = size;
  if (block->data == nullptr) {
    if (reserved.ok() && memory_ != nullptr) memory_->Release(size);
    return Error(sqlstate::kOutOfMemory, "index delta: cannot allocate {} bytes", size);
  }
  if (reserved.ok()) reserved_bytes_ += size;
  next_block_bytes_ = std::min(size * 2, kBlockBytesMax);
  bytes_.fetch_add(size, std::memory_order_relaxed);
  blocks_.push_back(std::move(block));
  current_.store(blocks_.back().get(), std::memory_order_release);
  return OkStatus();
}

BtreeDelta::BtreeDelta(MemoryAccountant* memory)
    : nodes_(memory, 2 * kDeltaNodeBytes), records_(memory, 2048), filter_(memory) {}

BtreeDelta::~BtreeDelta() = default;

Status BtreeDelta::MakeRoom(size_t key_bytes, bool forced) {
  DRIFTDB_RETURN_IF_ERROR(records_.Grow(DeltaRecordBytes(key_bytes), forced));
  // A small tree must stay small (C2): one leaf first, spare nodes once it splits.
  const DeltaNode* root = root_.load(std::memory_order_acquire);
  size_t nodes = kDeltaSpareNodes;
  if (root == nullptr) {
    nodes = 1;
  } else if (root->level == 0 && entries() < kDeltaLeafSlots - 8) {
    nodes = 0;
  }
  if (nodes == 0) return OkStatus();
  return nodes_.Grow(nodes * kDeltaNodeBytes, forced);
}

Status BtreeDelta::Put(const Write& write, bool forced, EntryState* previous) {
  while (!TryPut(write, previous)) {
    DRIFTDB_RETURN_IF_ERROR(MakeRoom(write.key.size(), forced));
  }
  return OkStatus();
}

DeltaRecord* BtreeDelta::MakeRecord(const Write& write) {
  char* bytes = records_.Allocate(DeltaRecordBytes(write.key.size()));
  if (bytes == nullptr) return nullptr;
  auto* record = new (bytes) DeltaRecord;
  record->rid_and_length = write.rid.value | static_cast<uint64_t>(write.key.size()) << 48;
  record->owner.store(write.txn.value, std::memory_order_relaxed);
  record->current.store(write.state, std::memory_order_relaxed);
  record->before.store(EntryState::kNone, std::memory_order_relaxed);
  if (!write.key.empty()) {
    std::memcpy(bytes + DeltaRecord::kKeyOffset, write.key.data(), write.key.size());
  }
  return record;
}

bool BtreeDelta::MakeRoot() {
  char* bytes = nodes_.Allocate(kDeltaNodeBytes);
  if (bytes == nullptr) return root_.load(std::memory_order_acquire) != nullptr;
  DeltaNode* expected = nullptr;
  root_.compare_exchange_strong(expected, new (bytes) DeltaLeaf, std::memory_order_acq_rel);
  return true;
}

bool BtreeDelta::TryPut(const Write& write, EntryState* previous) {
  DRIFTDB_DCHECK(write.key.size() <= kKeyBytesMax && write.rid.value <= kRowIdMax);
  const uint64_t hint = KeyHint(write.key);
  DeltaRecord* record = nullptr;
  DeltaRecord* existing = nullptr;
  if (root_.load(std::memory_order_acquire) == nullptr && !MakeRoot()) return false;
  for (;;) {
    const Step step = TryInsert(write, hint, &record, &existing);
    if (step == Step::kNoRoom) return false;
    if (step == Step::kDone) break;
  }
  if (existing == nullptr) {
    *previous = EntryState::kNone;
    entries_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  *previous = existing->current.load(std::memory_order_relaxed);
  if (write.carried) return true;
  if (existing->owner.load(std::memory_order_relaxed) != write.txn.value) {
    existing->before.store(*previous, std::memory_order_relaxed);
    existing->owner.store(write.txn.value, std::memory_order_relaxed);
  }
  existing->current.store(write.state, std::memory_order_release);
  return true;
}

BtreeDelta::Step BtreeDelta::TryInsert(const Write& write, uint64_t hint, DeltaRecord** record,
                                       DeltaRecord** existing) {
  const DeltaBound bound{write.key, write.rid};
  DeltaNode* node = root_.load(std::memory_order_acquire);
  uint64_t version = node->ReadVersion();
  if (root_.load(std::memory_order_acquire) != node) return Step::kRetry;
  DeltaInner* parent = nullptr;
  uint64_t parent_version = 0;
  while (node->level > 0) {
    auto* inner = static_cast<DeltaInner*>(node);
    const size_t count = inner->count.load(std::memory_order_acquire);
    const size_t at = inner->slots.Search(count, hint, bound, true);
    if (count == kDeltaInnerSlots) {
      return Split(parent, parent_version, node, version, at == count);
    }
    DeltaNode* child = inner->child(at);
    if (!inner->Validate(version)) return Step::kRetry;
    const uint64_t child_version = child->ReadVersion();
    if (!inner->Validate(version)) return Step::kRetry;
    parent = inner;
    parent_version = version;
    node = child;
    version = child_version;
  }
  auto* leaf = static_cast<DeltaLeaf*>(node);
  const size_t count = leaf->count.load(std::memory_order_acquire);
  const size_t at = leaf->slots.Search(count, hint, bound, false);
  if (at < count) {
    const DeltaRecord* found = leaf->slots.record(at);
    if (CompareRecord(found, write.key, write.rid) == 0) {
      if (!leaf->Validate(version)) return Step::kRetry;
      *existing = const_cast<DeltaRecord*>(found);
      return Step::kDone;
    }
  }
  if (count == kDeltaLeafSlots) return Split(parent, parent_version, node, version, at == count);
  if (*record == nullptr) {
    *record = MakeRecord(write);
    if (*record == nullptr) return Step::kNoRoom;
    filter_.Add(write.hash);
  }
  if (!leaf->TryLock(version)) return Step::kRetry;
  for (size_t i = count; i > at; --i) {
    leaf->slots.Set(i, leaf->slots.hints[i - 1].load(std::memory_order_relaxed),
                    leaf->slots.records[i - 1].load(std::memory_order_relaxed));
  }
  leaf->slots.Set(at, hint, *record);
  leaf->count.store(static_cast<uint32_t>(count + 1), std::memory_order_release);
  leaf->Unlock();
  return Step::kDone;
}

// Splits a full node below a parent that is not full (or makes a new root), then the insert starts
// again. An insert at the end leaves the left node full: ascending keys fill nodes completely.
BtreeDelta::Step BtreeDelta::Split(DeltaInner* parent, uint64_t parent_version, DeltaNode* node,
                                   uint64_t version, bool at_end) {
  char* right_bytes = nodes_.Allocate(kDeltaNodeBytes);
  char* root_bytes = parent == nullptr ? nodes_.Allocate(kDeltaNodeBytes) : nullptr;
  if (right_bytes == nullptr || (parent == nullptr && root_bytes == nullptr)) return Step::kNoRoom;
  if (parent != nullptr && !parent->TryLock(parent_version)) return Step::kRetry;
  if (!node->TryLock(version)) {
    if (parent != nullptr) parent->version.fetch_sub(1, std::memory_order_release);
    return Step::kRetry;
  }
  if (parent == nullptr && root_.load(std::memory_order_acquire) != node) {
    node->version.fetch_sub(1, std::memory_order_release);
    return Step::kRetry;
  }
  const size_t count = node->count.load(std::memory_order_relaxed);
  const size_t keep = at_end ? count - 1 : count / 2;
  const DeltaRecord* separator;
  uint64_t separator_hint;
  DeltaNode* right_node;
  if (node->level == 0) {
    auto* leaf = static_cast<DeltaLeaf*>(node);
    auto* right = new (right_bytes) DeltaLeaf;
    for (size_t i = keep; i < count; ++i) {
      right->slots.Set(i - keep, leaf->slots.hint(i), leaf->slots.record(i));
    }
    right->count.store(static_cast<uint32_t>(count - keep), std::memory_order_release);
    separator = leaf->slots.record(keep);
    separator_hint = leaf->slots.hint(keep);
    right_node = right;
  } else {
    // The separator at `keep` moves up.
    auto* inner = static_cast<DeltaInner*>(node);
    auto* right = new (right_bytes) DeltaInner(node->level);
    for (size_t i = keep + 1; i < count; ++i) {
      right->slots.Set(i - keep - 1, inner->slots.hint(i), inner->slots.record(i));
    }
    for (size_t i = keep + 1; i <= count; ++i) {
      right->children[i - keep - 1].store(inner->child(i), std::memory_order_release);
    }
    right->count.store(static_cast<uint32_t>(count - keep - 1), std::memory_order_release);
    separator = inner->slots.record(keep);
    separator_hint = inner->slots.hint(keep);
    right_node = right;
  }
  node->count.store(static_cast<uint32_t>(keep), std::memory_order_release);
  if (parent == nullptr) {
    auto* root = new (root_bytes) DeltaInner(node->level + 1);
    root->slots.Set(0, separator_hint, separator);
    root->children[0].store(node, std::memory_order_release);
    root->children[1].store(right_node, std::memory_order_release);
    root->count.store(1, std::memory_order_release);
    root_.store(root, std::memory_order_release);
  } else {
    const size_t parent_count = parent->count.load(std::memory_order_relaxed);
    const DeltaBound bound{separator->key(), separator->rid()};
    const size_t at = parent->slots.Search(parent_count, separator_hint, bound, true);
    for (size_t i = parent_count; i > at; --i) {
      parent->slots.Set(i, parent->slots.hint(i - 1), parent->slots.record(i - 1));
      parent->children[i + 1].store(parent->child(i), std::memory_order_release);
    }
    parent->slots.Set(at, separator_hint, separator);
    parent->children[at + 1].store(right_node, std::memory_order_release);
    parent->count.store(static_cast<uint32_t>(parent_count + 1), std::memory_order_release);
    parent->Unlock();
  }
  node->Unlock();
  return Step::kRetry;
}

}  // namespace driftdb::storage
