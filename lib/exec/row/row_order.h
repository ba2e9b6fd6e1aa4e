// RowOrder: the SQL order of rows by several fields, NULLs placed as each key says.
// Threads: immutable.
#ifndef DRIFTDB_EXEC_ROW_ROW_ORDER_H_
#define DRIFTDB_EXEC_ROW_ROW_ORDER_H_

#include <vector>

#include "exec/row/row_layout.h"

namespace driftdb::exec {

struct RowOrderKey {
  size_t field = 0;
  bool descending = false;
  bool nulls_first = false;
};

class RowOrder {
 public:
  RowOrder() = default;
  RowOrder(const RowLayout* layout, std::vector<RowOrderKey> keys)
      : layout_(layout), keys_(std::move(keys)) {}
  const std::vector<RowOrderKey>& keys() const { return keys_; }
  // Order by the keys from `first` on.
  int Compare(const uint8_t* a, const uint8_t* b, size_t first = 0) const {
    for (size_t k = first; k < keys_.size(); ++k) {
      const RowOrderKey& key = keys_[k];
      const bool a_null = layout_->IsNull(a, key.field), b_null = layout_->IsNull(b, key.field);
      if (a_null || b_null) {
        if (a_null && b_null) continue;
        return a_null == key.nulls_first ? -1 : 1;
      }
      const int order = layout_->CompareField(a, b, key.field);
      if (order != 0) return key.descending ? -order : order;
    }
    return 0;
  }
  bool Less(const uint8_t* a, const uint8_t* b) const { return Compare(a, b) < 0; }

 private:
  const RowLayout* layout_ = nullptr;
  std::vector<RowOrderKey> keys_;
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_ROW_ROW_ORDER_H_
