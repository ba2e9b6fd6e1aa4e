// FreeMap: which granules of the main file are free, pending, or in use; best fit, coalescing.
// Shape: counts and positions in granules. A granule range is
//   free          usable now;
//   pending       released, but the durable superblock or the log since it may still name it;
//   unreferenced  in use, named by no checkpoint yet: a checkpoint's map lists it as free (C18);
//   referenced    in use, named by a checkpoint.
// Invariants: MAP-1 the states are disjoint and cover [first data granule, end). MAP-2 a pending
// range becomes free only after a superblock is durable whose checkpoint began after the release
// (I3). MAP-3 the serialised map lists as free what is free, unreferenced, or was released before
// the checkpoint began. Threads: none; the extent store locks around it. Errors: DataLoss from
// Deserialize and Claim.
#ifndef DRIFTDB_STORAGE_PAGE_FREE_MAP_H_
#define DRIFTDB_STORAGE_PAGE_FREE_MAP_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace driftdb::storage {

struct GranuleRange {
  uint64_t start = 0;
  uint64_t count = 0;
  friend bool operator==(const GranuleRange&, const GranuleRange&) = default;
};

// One released extent that waits. `cookie` is the extent store's (index of its ExtentRef).
struct PendingRange {
  GranuleRange range;
  bool unreferenced = false;
  uint64_t cookie = 0;
};

class FreeMap {
 public:
  explicit FreeMap(uint64_t end) : end_(end) {}

  // The smallest free range that fits, lowest address first; else the end of the file grows. New
  // ranges are unreferenced.
  uint64_t Allocate(uint64_t count);
  // The same without growing the file; 0 when no free range fits.
  uint64_t AllocateExisting(uint64_t count);
  // Takes exactly this range, growing the end when needed: replay's claim of a logged extent,
  // before anything is allocated. Claiming a range in use is fine (a later checkpoint named it
  // already).
  Status Claim(GranuleRange range);
  void MarkReferenced(GranuleRange range);
  // In use -> free at once; only for ranges nothing ever named.
  void FreeNow(GranuleRange range);
  // In use -> pending.
  void Release(GranuleRange range, uint64_t cookie);

  // Releases from here on belong to the checkpoint after this one.
  void BeginCheckpoint();
  void AbandonCheckpoint();
  // The superblock is durable: returns what became releasable; the caller frees each with
  // FreePending, or gives it back with Requeue while a pin is left.
  std::vector<PendingRange> FinishCheckpoint();
  void FreePending(const PendingRange& pending) { Insert(pending.range); }
  void Requeue(const PendingRange& pending) { reusable_.push_back(pending); }
  std::vector<PendingRange> TakeRequeued() { return std::exchange(reusable_, {}); }
  // In use -> neither free nor unreferenced: the caller requeues it.
  void Forget(GranuleRange range) { unreferenced_.erase(range.start); }

  // Upper bound of Serialize's size after one more allocation.
  size_t SerializedBytesMax() const;
  // `also_free` are ranges in use that the checkpoint being written no longer names. `*end` is
  // where the file ends for its reader: free ranges at the end are left out.
  std::string Serialize(const std::vector<GranuleRange>& also_free, uint64_t* end) const;
  static Result<FreeMap> Deserialize(std::string_view bytes, uint64_t end);

  // Opening: `used`, ascending, is all that the checkpoint names. What the map has in use beyond that
  // was held by the last process only (a cursor over a dropped index, say): it becomes free. Ranges
  // that overlap, lie outside [first, end) or are free in the map are DataLoss.
  Status KeepOnly(uint64_t first, const std::vector<GranuleRange>& used);

  uint64_t end() const { return end_; }
  uint64_t free_granules() const { return free_granules_; }
  uint64_t largest_free() const { return by_length_.empty() ? 0 : by_length_.rbegin()->first; }
  uint64_t pending_granules() const;
  bool IsFree(GranuleRange range) const;  // wholly free
  // Removes a free range at the end of the file; returns how many granules it had.
  uint64_t TrimEnd();

 private:
  void Insert(GranuleRange range);               // with coalescing
  void Remove(uint64_t start, uint64_t length);  // a whole entry
  void Take(uint64_t start, GranuleRange part);  // `part` out of the entry at `start`

  uint64_t end_;
  uint64_t free_granules_ = 0;
  std::map<uint64_t, uint64_t> by_start_;              // start -> length
  std::set<std::pair<uint64_t, uint64_t>> by_length_;  // (length, start)
  std::map<uint64_t, uint64_t> unreferenced_;          // start -> length
  std::vector<PendingRange> pending_;                  // released since BeginCheckpoint
  std::vector<PendingRange> closing_;                  // released before it
  std::vector<PendingRange> reusable_;                 // past their superblock, but pinned
  bool in_checkpoint_ = false;
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_PAGE_FREE_MAP_H_
