// ComponentList: the parts of an index at one moment, newest first; immutable once published
// (BT-11).
#ifndef DRIFTDB_STORAGE_BTREE_COMPONENT_LIST_H_
#define DRIFTDB_STORAGE_BTREE_COMPONENT_LIST_H_

#include <memory>
#include <vector>

#include "storage/btree/delta.h"
#include "storage/btree/run.h"

namespace driftdb::storage {

// Exactly one of the two is set.
struct IndexComponent {
  std::shared_ptr<BtreeDelta> delta;
  std::shared_ptr<const BtreeRun> run;
};

struct ComponentList {
  std::vector<IndexComponent> parts;  // parts[0]: the active delta; the base, if any, is last
  uint64_t sequence = 0;              // grows with each published list
  size_t frozen = 0;                  // deltas besides the active one

  BtreeDelta* active() const { return parts[0].delta.get(); }
  const BtreeRun* base() const {
    const BtreeRun* last = parts.back().run.get();
    return last != nullptr && last->is_base() ? last : nullptr;
  }
  void Count() {
    frozen = 0;
    for (size_t i = 1; i < parts.size(); ++i) frozen += parts[i].delta != nullptr ? 1 : 0;
  }
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_BTREE_COMPONENT_LIST_H_
