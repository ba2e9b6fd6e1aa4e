// IndexCursor: entries of a key range in order, merged over the components of an index.
// Shape: one position; each (key, row id) once, with the state of the newest component (BT-1). The
// key stays valid until the next move. Threads: one owner. Holds the components it was opened on;
// close it before the index is destroyed. Errors: DataLoss and the store's. After an error the
// cursor is at its end.
#ifndef DRIFTDB_STORAGE_BTREE_INDEX_CURSOR_H_
#define DRIFTDB_STORAGE_BTREE_INDEX_CURSOR_H_

#include <memory>
#include <string_view>

#include "base/status.h"
#include "storage/btree/entry.h"

namespace driftdb::storage {

class IndexCursor {
 public:
  virtual ~IndexCursor() = default;
  // A new cursor stands on its first entry.
  virtual bool Valid() const = 0;
  virtual Status Next() = 0;
  virtual std::string_view key() const = 0;
  virtual RowId rid() const = 0;
  // The entry is marked dead for new snapshots (BT-2).
  virtual bool anti() const = 0;
  // Copies up to `max` row ids from the current position on and moves past them. Keys are not
  // given, anti marks only when `anti` is not null.
  virtual Result<size_t> NextBatch(RowId* rids, bool* anti, size_t max) = 0;
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_BTREE_INDEX_CURSOR_H_
