// RunDescriptor: everything a checkpoint directory or an ATTACH_RUN record must say about one
// sorted run. Shape: leaf pages of kIndexBlockBytes lie in `segments`, in key order; the fence blob
// (first entry of each page, largest entry, filter) lies in `fences` at [fence_offset, fence_offset
// + fence_bytes). Format: docs/internals/btree.md, "Run descriptor".
#ifndef DRIFTDB_STORAGE_BTREE_RUN_DESCRIPTOR_H_
#define DRIFTDB_STORAGE_BTREE_RUN_DESCRIPTOR_H_

#include <cstdint>
#include <string>
#include <vector>

#include "base/coding.h"
#include "base/status.h"
#include "storage/page/extent_store.h"

namespace driftdb::storage {

struct RunSegment {
  ExtentRef extent;
  uint32_t pages = 0;
  uint32_t entries = 0;  // including anti-entries
  uint32_t anti_entries = 0;
  uint32_t keys = 0;  // distinct keys; one that crosses a segment counts twice
};

struct RunDescriptor {
  uint64_t id = 0;     // unique within the index; 0: not attached yet
  uint32_t level = 0;  // size tier
  std::vector<RunSegment> segments;
  ExtentRef fences;
  uint64_t fence_offset = 0;
  uint64_t fence_bytes = 0;

  uint64_t pages() const { return Sum(&RunSegment::pages); }
  uint64_t entries() const { return Sum(&RunSegment::entries); }
  uint64_t anti_entries() const { return Sum(&RunSegment::anti_entries); }
  uint64_t keys() const { return Sum(&RunSegment::keys); }
  // Bytes of the main file, without seals and padding.
  uint64_t disk_bytes() const { return pages() * kIndexBlockBytes + fence_bytes; }
  // Every extent of the run once, for ATTACH_RUN (C9), the free map and backups.
  std::vector<ExtentRef> Extents() const;
  // The fences have an extent of their own, not a part of a segment's.
  bool fences_apart() const;

  void Serialize(Encoder* out) const;
  // Errors: DataLoss. Checks everything that can be checked without reading the extents.
  static Result<RunDescriptor> Deserialize(Decoder* in);

 private:
  uint64_t Sum(uint32_t RunSegment::*field) const {
    uint64_t sum = 0;
    for (const RunSegment& segment : segments) sum += segment.*field;
    return sum;
  }
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_BTREE_RUN_DESCRIPTOR_H_
