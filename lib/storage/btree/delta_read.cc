#include "base/check.h"
#include "storage/btree/delta.h"
#include "storage/btree/delta_node.h"

namespace driftdb::storage {

// The leaf that holds the first entry >= bound (forward) or the last one < bound (backward), if any
// does; *fence: the nearest separator on that side, null at the edge. Null: retry.
const DeltaLeaf* BtreeDelta::Descend(const DeltaBound& bound, bool backward, uint64_t* version,
                                     const DeltaRecord** fence) const {
  const uint64_t hint = bound.open ? 0 : KeyHint(bound.key);
  const DeltaNode* node = root_.load(std::memory_order_acquire);
  *version = node->ReadVersion();
  if (root_.load(std::memory_order_acquire) != node) return nullptr;
  *fence = nullptr;
  while (node->level > 0) {
    const auto* inner = static_cast<const DeltaInner*>(node);
    const size_t count = inner->count.load(std::memory_order_acquire);
    const size_t at =
        bound.open ? (backward ? count : 0) : inner->slots.Search(count, hint, bound, !backward);
    if (!backward && at < count) *fence = inner->slots.record(at);
    if (backward && at > 0) *fence = inner->slots.record(at - 1);
    const DeltaNode* child = inner->child(at);
    if (!inner->Validate(*version)) return nullptr;
    const uint64_t child_version = child->ReadVersion();
    if (!inner->Validate(*version)) return nullptr;
    node = child;
    *version = child_version;
  }
  return static_cast<const DeltaLeaf*>(node);
}

bool BtreeDelta::ReadForward(const DeltaBound& bound, const DeltaRecord** records, size_t* count,
                             DeltaBound* next) const {
  *count = 0;
  if (root_.load(std::memory_order_acquire) == nullptr) return false;
  for (;;) {
    uint64_t version;
    const DeltaRecord* fence;
    const DeltaLeaf* leaf = Descend(bound, false, &version, &fence);
    if (leaf == nullptr) continue;
    const size_t slots = leaf->count.load(std::memory_order_acquire);
    size_t at = bound.open ? 0 : leaf->slots.Search(slots, KeyHint(bound.key), bound, false);
    size_t n = 0;
    for (; at < slots; ++at) records[n++] = leaf->slots.record(at);
    if (!leaf->Validate(version)) continue;
    *count = n;
    if (fence == nullptr) {
      // The last leaf may still grow behind what was read: go on from the last record.
      if (n == 0) return false;
      *next = DeltaBound{records[n - 1]->key(), RowId(records[n - 1]->rid().value + 1)};
      return true;
    }
    *next = DeltaBound{fence->key(), fence->rid()};
    return true;
  }
}

bool BtreeDelta::ReadBackward(const DeltaBound& bound, const DeltaRecord** records, size_t* count,
                              DeltaBound* next) const {
  *count = 0;
  if (root_.load(std::memory_order_acquire) == nullptr) return false;
  for (;;) {
    uint64_t version;
    const DeltaRecord* fence;
    const DeltaLeaf* leaf = Descend(bound, true, &version, &fence);
    if (leaf == nullptr) continue;
    const size_t slots = leaf->count.load(std::memory_order_acquire);
    size_t at = bound.open ? slots : leaf->slots.Search(slots, KeyHint(bound.key), bound, false);
    size_t n = 0;
    while (at > 0) records[n++] = leaf->slots.record(--at);
    if (!leaf->Validate(version)) continue;
    *count = n;
    if (fence == nullptr) {
      if (n == 0) return false;
      *next = DeltaBound{records[n - 1]->key(), records[n - 1]->rid()};
      return true;
    }
    *next = DeltaBound{fence->key(), fence->rid()};
    return true;
  }
}

size_t BtreeDelta::Collect(std::string_view key, RowId from_rid, const DeltaRecord** records,
                           size_t max) const {
  if (root_.load(std::memory_order_acquire) == nullptr) return 0;
  const uint64_t hint = KeyHint(key);
  DeltaBound bound{key, from_rid};
  size_t total = 0;
  for (;;) {
    uint64_t version;
    const DeltaRecord* fence;
    const DeltaLeaf* leaf = Descend(bound, false, &version, &fence);
    if (leaf == nullptr) continue;
    const size_t slots = leaf->count.load(std::memory_order_acquire);
    size_t at = leaf->slots.Search(slots, hint, bound, false);
    size_t n = total;
    for (; at < slots && n < max; ++at) {
      if (leaf->slots.hint(at) != hint) break;
      const DeltaRecord* record = leaf->slots.record(at);
      if (record->key() != key) break;
      records[n++] = record;
    }
    if (!leaf->Validate(version)) continue;
    total = n;
    if (total == max || at < slots || fence == nullptr || fence->key() != key) return total;
    bound = DeltaBound{fence->key(), fence->rid()};
  }
}

const DeltaRecord* BtreeDelta::Find(std::string_view key, uint64_t hash, RowId rid) const {
  if (!MayContain(hash)) return nullptr;
  const DeltaRecord* record = nullptr;
  if (Collect(key, rid, &record, 1) == 0 || record->rid() != rid) return nullptr;
  return record;
}

void BtreeDelta::Restore(std::string_view key, uint64_t hash, RowId rid, EntryState state,
                         TxnId txn) {
  auto* record = const_cast<DeltaRecord*>(Find(key, hash, rid));
  if (record == nullptr || record->owner.load(std::memory_order_relaxed) != txn.value) return;
  record->current.store(state, std::memory_order_release);
}

void BtreeDelta::Remove(std::string_view key, RowId rid) {
  if (root_.load(std::memory_order_acquire) == nullptr) return;
  const DeltaBound bound{key, rid};
  for (;;) {
    uint64_t version;
    const DeltaRecord* fence;
    const auto* found = Descend(bound, false, &version, &fence);
    if (found == nullptr) continue;
    auto* leaf = const_cast<DeltaLeaf*>(found);
    const size_t count = leaf->count.load(std::memory_order_acquire);
    const size_t at = leaf->slots.Search(count, KeyHint(key), bound, false);
    if (at == count || CompareRecord(leaf->slots.record(at), key, rid) != 0) {
      if (leaf->Validate(version)) return;
      continue;
    }
    if (!leaf->TryLock(version)) continue;
    for (size_t i = at; i + 1 < count; ++i) {
      leaf->slots.Set(i, leaf->slots.hint(i + 1), leaf->slots.record(i + 1));
    }
    leaf->count.store(static_cast<uint32_t>(count - 1), std::memory_order_release);
    leaf->Unlock();
    entries_.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
}

}  // namespace driftdb::storage
