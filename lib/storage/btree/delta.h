// BtreeDelta: the in-memory part of an index: a B+tree of ~1 KiB nodes over immutable records in an
// arena. Shape: a leaf holds up to kDeltaLeafSlots (hint, record) pairs, an inner node separators
// (records too) and children. Nodes and records are freed only with the delta (BT-4), so an
// optimistic reader may follow any pointer it reads; the node's version decides whether what it
// read was consistent. Threads: safe. Per (key, row id) one writer at a time (BT-3). Memory order:
// node contents are stored with release and loaded with acquire, so the version loaded last is no
// older than the contents; no fences (C28). Errors: 53200. Source: Leis, Haubenschild, Neumann,
// "Optimistic Lock Coupling", IEEE DEB 2019; hints as in Umbra's nodes.
#ifndef DRIFTDB_STORAGE_BTREE_DELTA_H_
#define DRIFTDB_STORAGE_BTREE_DELTA_H_

#include <atomic>
#include <memory>
#include <string_view>
#include <vector>

#include "base/memory.h"
#include "base/status.h"
#include "platform/mutex.h"
#include "storage/btree/entry.h"
#include "storage/btree/key_filter.h"

namespace driftdb::storage {

struct DeltaNode;
struct DeltaLeaf;
struct DeltaInner;

// One (key, row id). Key and row id never change.
struct DeltaRecord {
  uint64_t rid_and_length;      // row id in the low 48 bits, key bytes in the high 16
  std::atomic<uint64_t> owner;  // TxnId of the last writer (BT-5)
  std::atomic<EntryState> current;
  std::atomic<EntryState> before;  // before the owner's first change

  static constexpr size_t kKeyOffset = 18;
  RowId rid() const { return RowId(rid_and_length & kRowIdMax); }
  std::string_view key() const {
    return {reinterpret_cast<const char*>(this) + kKeyOffset,
            static_cast<size_t>(rid_and_length >> 48)};
  }
};

// Bump allocation by many threads; blocks grow, all freed together.
class DeltaArena {
 public:
  DeltaArena(MemoryAccountant* memory, size_t first_block_bytes)
      : memory_(memory), next_block_bytes_(first_block_bytes) {}
  ~DeltaArena();
  DeltaArena(const DeltaArena&) = delete;
  DeltaArena& operator=(const DeltaArena&) = delete;
  // Null when the current block is full.
  char* Allocate(size_t bytes) {
    Block* block = current_.load(std::memory_order_acquire);
    if (block == nullptr) return nullptr;
    const size_t at = block->used.fetch_add(bytes, std::memory_order_relaxed);
    return at + bytes <= block->size ? block->data + at : nullptr;
  }
  // Makes a block with `bytes` free. `forced`: also over the memory limit (C11).
  Status Grow(size_t bytes, bool forced);
  size_t memory_bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  static constexpr size_t kBlockBytesMax = 256 << 10;
  struct Block {
    char* data;
    size_t size;
    std::atomic<size_t> used{0};
  };
  MemoryAccountant* memory_;
  std::atomic<Block*> current_{nullptr};
  std::atomic<size_t> bytes_{0};
  platform::Mutex mutex_;
  size_t next_block_bytes_ DRIFTDB_GUARDED_BY(mutex_);
  size_t reserved_bytes_ DRIFTDB_GUARDED_BY(mutex_) = 0;
  std::vector<std::unique_ptr<Block>> blocks_ DRIFTDB_GUARDED_BY(mutex_);
};

inline constexpr size_t kDeltaLeafSlots = 62;
inline constexpr size_t kDeltaInnerSlots = 41;

// A position between entries, for reading leaf by leaf.
struct DeltaBound {
  std::string_view key;
  RowId rid;
  bool open = false;  // no bound: before the first entry (forward), after the last one (backward)
};

class BtreeDelta {
 public:
  explicit BtreeDelta(MemoryAccountant* memory);
  ~BtreeDelta();
  BtreeDelta(const BtreeDelta&) = delete;
  BtreeDelta& operator=(const BtreeDelta&) = delete;

  // Sets the state of (key, rid). False: no memory at hand; MakeRoom and try again. *previous: the
  // state this delta had. `carried`: insert only when no record is there, with `before` kNone
  // (BT-6, BT-7).
  struct Write {
    std::string_view key;
    uint64_t hash;
    RowId rid;
    EntryState state;
    TxnId txn;
    bool carried = false;
  };
  bool TryPut(const Write& write, EntryState* previous);
  Status MakeRoom(size_t key_bytes, bool forced);
  // TryPut until there is room.
  Status Put(const Write& write, bool forced, EntryState* previous);
  // Takes the record out of its leaf (undo of an own insert). No effect when there is none.
  void Remove(std::string_view key, RowId rid);

  // Sets the state of a record whose owner is `txn`; no effect on others. Also in frozen deltas.
  void Restore(std::string_view key, uint64_t hash, RowId rid, EntryState state, TxnId txn);

  // Null when there is none.
  const DeltaRecord* Find(std::string_view key, uint64_t hash, RowId rid) const;
  bool MayContain(uint64_t hash) const {
    return root_.load(std::memory_order_acquire) != nullptr && filter_.MayContain(hash);
  }
  // Records with this key, ascending by row id, up to `max` from `from_rid` on; states included
  // whatever they are. Returns the count.
  size_t Collect(std::string_view key, RowId from_rid, const DeltaRecord** records,
                 size_t max) const;

  // Reads a leaf's worth of records: forward those >= bound ascending, backward those < bound
  // descending. Returns false when nothing is left; *count may be 0 with true. *next is where to go
  // on.
  bool ReadForward(const DeltaBound& bound, const DeltaRecord** records, size_t* count,
                   DeltaBound* next) const;
  bool ReadBackward(const DeltaBound& bound, const DeltaRecord** records, size_t* count,
                    DeltaBound* next) const;

  uint64_t entries() const { return entries_.load(std::memory_order_relaxed); }
  size_t memory_bytes() const {
    return nodes_.memory_bytes() + records_.memory_bytes() + filter_.memory_bytes() + sizeof(*this);
  }

 private:
  struct Path;
  enum class Step : uint8_t { kDone, kRetry, kNoRoom };
  Step TryInsert(const Write& write, uint64_t hint, DeltaRecord** record, DeltaRecord** existing);
  Step Split(DeltaInner* parent, uint64_t parent_version, DeltaNode* node, uint64_t version,
             bool at_end);
  DeltaRecord* MakeRecord(const Write& write);
  bool MakeRoot();
  const DeltaLeaf* Descend(const DeltaBound& bound, bool backward, uint64_t* version,
                           const DeltaRecord** fence) const;

  std::atomic<DeltaNode*> root_{nullptr};
  std::atomic<uint64_t> entries_{0};
  DeltaArena nodes_;
  DeltaArena records_;
  DeltaFilter filter_;
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_BTREE_DELTA_H_
