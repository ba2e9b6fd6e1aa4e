// EntrySource: the entries of one component in order, forward or backward; MergedSource: of
// several. Shape: public fields describe the current entry, so a merge compares without calls. Keys
// stay valid until the next Advance of the same source. Threads: one owner. Sources keep their
// component alive.
#ifndef DRIFTDB_STORAGE_BTREE_ENTRY_SOURCE_H_
#define DRIFTDB_STORAGE_BTREE_ENTRY_SOURCE_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "storage/btree/delta.h"
#include "storage/btree/entry.h"
#include "storage/btree/run.h"

namespace driftdb::storage {

class EntrySource {
 public:
  virtual ~EntrySource() = default;
  virtual Status Advance() = 0;

  bool valid = false;
  EntryState state = EntryState::kNone;
  uint64_t hint = 0;  // KeyHint(key)
  std::string_view key;
  RowId rid;

  bool Before(const EntrySource& other, bool backward) const {
    if (hint != other.hint) return (hint < other.hint) != backward;
    const int order = CompareEntries(key, rid, other.key, other.rid);
    return backward ? order > 0 : order < 0;
  }
  bool SameEntry(const EntrySource& other) const {
    return hint == other.hint && rid == other.rid && key == other.key;
  }
};

// Starts at the first entry >= bound (forward) or the last one < bound (backward). The active delta
// may change meanwhile: entries behind the position may or may not appear (BT-9).
class DeltaSource final : public EntrySource {
 public:
  DeltaSource(std::shared_ptr<const BtreeDelta> delta, bool backward);
  Status Seek(const DeltaBound& bound);
  Status Advance() override;
  const DeltaRecord* record() const { return records_[at_]; }

 private:
  void Fill();
  void Show();
  std::shared_ptr<const BtreeDelta> delta_;
  const bool backward_;
  bool more_ = false;
  DeltaBound next_;
  std::string bound_key_;
  size_t at_ = 0;
  size_t count_ = 0;
  const DeltaRecord* records_[kDeltaLeafSlots];
};

class RunSource final : public EntrySource {
 public:
  // `sequential`: reads whole segments (merges) as long as memory is to be had; else single pages.
  RunSource(std::shared_ptr<const BtreeRun> run, bool backward, bool sequential);
  Status Seek(const DeltaBound& bound);
  Status Advance() override;
  // For segment reuse (forward): the entry is the first one of a segment / skip this whole segment.
  bool AtSegmentStart(size_t* segment) const;
  Status SkipSegment();
  const BtreeRun& run() const { return *run_; }
  uint64_t pages_read() const { return pages_read_; }

 private:
  Status OpenPage(size_t page);
  void Show();
  std::shared_ptr<const BtreeRun> run_;
  const bool backward_;
  bool sequential_;
  PinnedBytes bytes_;
  size_t pinned_segment_ = ~size_t{0};
  LeafPage leaf_;
  size_t page_ = 0;
  size_t at_ = 0;
  uint64_t pages_read_ = 0;
  std::string key_;
};

// Newest source first; each (key, row id) once, with the newest state that is not kNone (BT-1).
class MergedSource final : public EntrySource {
 public:
  explicit MergedSource(bool backward) : backward_(backward) {}
  void Add(std::unique_ptr<EntrySource> source) { sources_.push_back(std::move(source)); }
  // After all sources stand on their first entries.
  Status Start() { return FindNext(); }
  Status Advance() override;
  size_t size() const { return sources_.size(); }
  EntrySource* source(size_t i) { return sources_[i].get(); }

 private:
  Status FindNext();
  const bool backward_;
  size_t winner_ = 0;
  std::vector<std::unique_ptr<EntrySource>> sources_;
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_BTREE_ENTRY_SOURCE_H_
