// The parts of a Table that only storage/table sees: the directory of groups and the schema's
// versions.
#ifndef DRIFTDB_STORAGE_TABLE_TABLE_STATE_H_
#define DRIFTDB_STORAGE_TABLE_TABLE_STATE_H_

#include <atomic>
#include <memory>
#include <vector>

#include "platform/mutex.h"
#include "storage/table/row_group.h"
#include "storage/table/table.h"

namespace driftdb::storage {

struct Table::State {
  // Group pointers by number. Grown by copying; old arrays stay, readers may be in them.
  struct Directory {
    explicit Directory(size_t size)
        : capacity(size), groups(std::make_unique<std::atomic<RowGroup*>[]>(size)) {}
    const size_t capacity;
    std::unique_ptr<std::atomic<RowGroup*>[]> groups;
  };

  std::atomic<Directory*> directory{nullptr};
  std::atomic<const TableSchema*> schema{nullptr};
  std::atomic<uint64_t> group_count{0};  // highest touched number + 1
  std::atomic<int64_t> live_rows{0};     // committed, stamped
  platform::Mutex mutex;  // creation of groups, chunks; sealing's last step; schema changes
  std::vector<std::unique_ptr<Directory>> directories DRIFTDB_GUARDED_BY(mutex);
  std::vector<std::unique_ptr<const TableSchema>> schemas DRIFTDB_GUARDED_BY(mutex);
  // Distinct values by ordinal as a sample of `sampled_rows` rows of the table told
  // (SampledDistinct).
  platform::Mutex sampling;
  std::vector<uint64_t> sampled_distinct DRIFTDB_GUARDED_BY(sampling);
  uint64_t sampled_rows DRIFTDB_GUARDED_BY(sampling) = 0;
  platform::Mutex maintenance;  // sealing and images, one at a time
  // Of the image being written or written last; under `maintenance`.
  struct Placed {
    RowGroup* group;
    size_t index;
    ImagePlace before;
    bool by_seal = false;  // `before` is a chunk's image, out of use since the group is sealed
  };
  std::vector<Placed> placed;         // not durable yet
  std::vector<ExtentRef> superseded;  // named by the durable image, not by the next
  std::vector<ExtentRef> named;       // by the image written last
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_TABLE_TABLE_STATE_H_
