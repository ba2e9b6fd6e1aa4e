// Two parts, by the first byte. Operations: an Index against a std::map of (key, row id) over
// rotations, flushes and merges, with one transaction per write. Junk: the rest of the input
// overwrites bytes of a leaf page, its fences or its descriptor; reading must end in entries or
// DataLoss (BT-13).
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>

#include "../unit/storage/memory_extent_store.h"
#include "storage/btree/index.h"
#include "storage/btree/index_cursor.h"

namespace {

using driftdb::MemoryAccountant;
using driftdb::RowId;
using driftdb::TxnId;
using namespace driftdb::storage;  // NOLINT(google-build-using-namespace): a program of its own

void BtreeFuzzRequire(bool condition) {
  if (!condition) std::abort();
}

class BtreeFuzzPolicy final : public FlushPolicy, public MergePolicy {
 public:
  bool IsFlushable(TxnId) override { return true; }
  bool MayForget(std::string_view, RowId) override { return true; }
};

struct BtreeFuzzBed {
  MemoryExtentStore store;
  MemoryAccountant memory{size_t{1} << 30};
  UniqueLatches latches;
  BtreeFuzzPolicy policy;
  std::unique_ptr<Index> index;
  IndexContext context() { return {&store, &memory, &latches}; }
  BtreeFuzzBed() { index = *Index::Create(context(), IndexOptions()); }
  void Flush() {
    index->Rotate();
    BtreeFuzzRequire(index->Flush(&policy).ok());
  }
};

// Few and short, long, or integer-like keys, so that pages of all modes arise.
std::string BtreeFuzzKey(uint8_t a, uint8_t b) {
  std::string key(1, '\x01');
  switch (a & 3) {
    case 0:
      return key + std::string(7, '\0') + static_cast<char>(b);
    case 1:
      return key + std::string(b, 'k') + static_cast<char>(a) + '\0';
    default:
      return key + static_cast<char>(a) + static_cast<char>(b) + '\0';
  }
}

void BtreeFuzzOperations(const uint8_t* data, size_t size) {
  BtreeFuzzBed bed;
  std::map<std::pair<std::string, uint64_t>, bool> model;  // true: an entry, false: an anti-entry
  for (size_t at = 0; at + 4 <= size; at += 4) {
    const std::string key = BtreeFuzzKey(data[at + 1], data[at + 2]);
    const uint64_t rid = data[at + 3] % 16;
    const uint8_t action = data[at] % 32;
    if (action == 0) {
      bed.index->Rotate();
    } else if (action == 1) {
      bed.Flush();
    } else if (action == 2) {
      BtreeFuzzRequire(bed.index->MergeStep(uint64_t{1} << (data[at + 1] % 24), &bed.policy).ok());
    } else {
      const bool entry = action % 4 != 3;
      const auto previous = bed.index->Put(
          key, RowId(rid), entry ? EntryState::kEntry : EntryState::kAnti, TxnId(at + 1));
      BtreeFuzzRequire(previous.ok());
      if (action % 8 == 4) {
        bed.index->Undo(key, RowId(rid), *previous, TxnId(at + 1));
      } else {
        model[{key, rid}] = entry;
      }
    }
  }
  for (const bool backward : {false, true}) {
    auto cursor = bed.index->Scan(KeyRange(), backward);
    BtreeFuzzRequire(cursor.ok());
    size_t live = 0;
    for (; (*cursor)->Valid(); BtreeFuzzRequire((*cursor)->Next().ok())) {
      const auto it = model.find({std::string((*cursor)->key()), (*cursor)->rid().value});
      BtreeFuzzRequire(it != model.end() && it->second != (*cursor)->anti());
      live += it->second ? 1 : 0;
    }
    size_t expected = 0;
    for (const auto& [entry, is_entry] : model) expected += is_entry ? 1 : 0;
    BtreeFuzzRequire(live == expected);  // anti-entries may have been forgotten
  }
  BtreeFuzzRequire(bed.index->Check().ok());
}

void BtreeFuzzJunk(const uint8_t* data, size_t size) {
  BtreeFuzzBed bed;
  if (size < 4) return;
  for (uint64_t i = 0; i < 300; ++i) {
    const std::string key =
        BtreeFuzzKey(static_cast<uint8_t>(data[0] + (data[1] & 1) * i), static_cast<uint8_t>(i));
    BtreeFuzzRequire(
        bed.index->Put(key, RowId(i), i % 9 == 0 ? EntryState::kAnti : EntryState::kEntry, TxnId(0))
            .ok());
  }
  bed.Flush();
  std::string components;
  bed.index->Serialize(&components);
  std::string* extent = bed.store.bytes(bed.index->Extents()[0]);
  for (size_t at = 2; at + 4 <= size; at += 4) {
    const size_t offset = data[at] | static_cast<size_t>(data[at + 1]) << 8;
    if ((data[at + 2] & 15) == 0) {
      components[offset % components.size()] = static_cast<char>(data[at + 3]);
    } else if ((data[at + 2] & 1) == 0) {
      (*extent)[offset % 192] = static_cast<char>(data[at + 3]);
    } else {
      (*extent)[offset % extent->size()] = static_cast<char>(data[at + 3]);
    }
  }
  auto opened = Index::Open(bed.context(), IndexOptions(), components);
  if (!opened.ok()) return;
  (void)(*opened)->Check().ok();
  for (int i = 0; i < 256; i += 5) {
    RowIdBuffer rids;
    (void)(*opened)->Lookup(BtreeFuzzKey(data[0], static_cast<uint8_t>(i)), &rids).ok();
  }
  for (const bool backward : {false, true}) {
    auto cursor = (*opened)->Scan(KeyRange(), backward);
    if (!cursor.ok()) continue;
    // Junk order can repeat, but every step consumes an entry of a page.
    for (int steps = 0; steps < 20000 && (*cursor)->Valid(); ++steps) {
      if (!(*cursor)->Next().ok()) break;
    }
  }
  bool more = true;
  for (int steps = 0; steps < 10 && more; ++steps) {
    const auto step = (*opened)->MergeStep(1 << 20, &bed.policy);
    more = step.ok() && *step;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  if ((data[0] & 1) == 0) {
    BtreeFuzzOperations(data + 1, size - 1);
  } else {
    BtreeFuzzJunk(data + 1, size - 1);
  }
  return 0;
}
