// Nodes of a BtreeDelta, with their optimistic latch. Private to delta*.cc.
#ifndef DRIFTDB_STORAGE_BTREE_DELTA_NODE_H_
#define DRIFTDB_STORAGE_BTREE_DELTA_NODE_H_

#include <atomic>
#include <cstdint>

#include "platform/thread.h"
#include "storage/btree/delta.h"

namespace driftdb::storage {

// Order of a record against (key, rid); `hint` ties only are compared here.
inline int CompareRecord(const DeltaRecord* record, std::string_view key, RowId rid) {
  return CompareEntries(record->key(), record->rid(), key, rid);
}

struct DeltaNode {
  std::atomic<uint64_t> version{0};  // bit 0: locked; grows by 2 with each change
  std::atomic<uint32_t> count{0};
  uint32_t level;  // 0: leaf

  explicit DeltaNode(uint32_t node_level) : level(node_level) {}

  // Spins while a writer holds the node.
  uint64_t ReadVersion() const {
    for (int spin = 0;; ++spin) {
      const uint64_t now = version.load(std::memory_order_acquire);
      if ((now & 1) == 0) return now;
      if (spin > 200) {
        platform::SleepMicros(1);  // the writer may have been descheduled
      } else {
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
      }
    }
  }
  // Contents were loaded with acquire, so this load is not before them.
  bool Validate(uint64_t seen) const { return version.load(std::memory_order_acquire) == seen; }
  bool TryLock(uint64_t seen) {
    return version.compare_exchange_strong(seen, seen + 1, std::memory_order_acq_rel);
  }
  void Unlock() { version.fetch_add(1, std::memory_order_release); }
};

// (hint, record) pairs, ascending. Reading under an optimistic version may see any mix of old and
// new pairs, but always valid pointers.
template <size_t kSlots>
struct DeltaSlots {
  std::atomic<uint64_t> hints[kSlots];
  std::atomic<const DeltaRecord*> records[kSlots];

  const DeltaRecord* record(size_t i) const { return records[i].load(std::memory_order_acquire); }
  uint64_t hint(size_t i) const { return hints[i].load(std::memory_order_acquire); }
  void Set(size_t i, uint64_t hint_value, const DeltaRecord* value) {
    hints[i].store(hint_value, std::memory_order_release);
    records[i].store(value, std::memory_order_release);
  }
  // First slot in [0, count) that is >= (key, rid), or > when `after`.
  size_t Search(size_t count, uint64_t hint_value, const DeltaBound& bound, bool after) const {
    size_t first = 0;
    while (count > 0) {
      const size_t half = count / 2;
      const uint64_t here = hint(first + half);
      bool below = here < hint_value;
      if (here == hint_value) {
        const int order = CompareRecord(record(first + half), bound.key, bound.rid);
        below = order < 0 || (after && order == 0);
      }
      first = below ? first + half + 1 : first;
      count = below ? count - half - 1 : half;
    }
    return first;
  }
};

struct DeltaLeaf : DeltaNode {
  DeltaSlots<kDeltaLeafSlots> slots;
  DeltaLeaf() : DeltaNode(0) {}
};

struct DeltaInner : DeltaNode {
  DeltaSlots<kDeltaInnerSlots> slots;
  std::atomic<DeltaNode*> children[kDeltaInnerSlots + 1];
  explicit DeltaInner(uint32_t node_level) : DeltaNode(node_level) {}
  DeltaNode* child(size_t i) const { return children[i].load(std::memory_order_acquire); }
};
static_assert(sizeof(DeltaLeaf) <= 1024 && sizeof(DeltaInner) <= 1024);
inline constexpr size_t kDeltaNodeBytes = 1024;

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_BTREE_DELTA_NODE_H_
