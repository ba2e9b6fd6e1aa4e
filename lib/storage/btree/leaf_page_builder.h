// LeafPageBuilder: collects ascending entries for one leaf page and encodes them in the smallest of
// the three key modes (docs/internals/btree.md, "Leaf page"). Threads: one owner.
#ifndef DRIFTDB_STORAGE_BTREE_LEAF_PAGE_BUILDER_H_
#define DRIFTDB_STORAGE_BTREE_LEAF_PAGE_BUILDER_H_

#include <string>
#include <string_view>
#include <vector>

#include "storage/btree/entry.h"

namespace driftdb::storage {

class LeafPageBuilder {
 public:
  explicit LeafPageBuilder(bool fingerprints) : fingerprints_(fingerprints) {}

  // False: the entry does not fit any more; Encode, Clear and add it again. An empty page takes
  // every key. REQUIRES: (key, rid) above the last one; key.size() <= kKeyBytesMax.
  bool Add(std::string_view key, RowId rid, bool anti);
  size_t size() const { return rids_.size(); }
  std::string_view first_key() const { return Key(0); }
  RowId first_rid() const { return RowId(rids_[0]); }
  std::string_view last_key() const { return Key(rids_.size() - 1); }
  // Writes kIndexBlockBytes bytes; returns how many are used. REQUIRES: size() > 0.
  size_t Encode(char* page) const;
  void Clear();

 private:
  struct Measure {
    uint64_t bytes = 0;
    uint8_t mode = 0;
    uint8_t key_width = 0;
    uint8_t rid_width = 0;
  };
  // Everything the size of a page depends on; updated per entry.
  struct Shape {
    size_t count = 0;
    size_t prefix = 0;  // common prefix of all keys
    bool same_length = true;
    uint64_t distinct = 0;  // keys
    uint64_t distinct_bytes = 0;
    uint64_t rid_min = 0, rid_max = 0;
    uint64_t key_min = 0, key_max = 0;  // last up to eight bytes
    bool anti = false;
  };
  std::string_view Key(size_t i) const {
    return {keys_.data() + ends_[2 * i], ends_[2 * i + 1] - ends_[2 * i]};
  }
  Measure MeasureShape(const Shape& shape, size_t key_bytes) const;
  void EncodeKeys(const Measure& measure, char* page, size_t* used) const;

  bool fingerprints_;
  Shape shape_;
  std::string keys_;            // distinct keys, one after the other
  std::vector<uint32_t> ends_;  // begin and end of each entry's key
  std::vector<uint64_t> rids_;
  std::vector<uint8_t> anti_;
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_BTREE_LEAF_PAGE_BUILDER_H_
