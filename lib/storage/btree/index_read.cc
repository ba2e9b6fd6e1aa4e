// Reading side of an index: point lookups, batches, cursors.
#include <array>

#include "base/check.h"
#include "base/status_macros.h"
#include "storage/btree/component_list.h"
#include "storage/btree/entry_source.h"
#include "storage/btree/index.h"
#include "storage/btree/index_cursor.h"
#include "storage/btree/merge_job.h"

namespace driftdb::storage {

namespace {

// Appends what a delta knows about the key; tombstones say nothing.
void CollectDelta(const BtreeDelta& delta, std::string_view key, uint64_t hash, RowIdBuffer* rids) {
  if (!delta.MayContain(hash)) return;
  constexpr size_t kAtOnce = 32;
  const DeltaRecord* records[kAtOnce];
  RowId from(0);
  for (;;) {
    const size_t count = delta.Collect(key, from, records, kAtOnce);
    for (size_t i = 0; i < count; ++i) {
      const EntryState state = records[i]->current.load(std::memory_order_acquire);
      if (state != EntryState::kNone) rids->Append(records[i]->rid(), state == EntryState::kAnti);
    }
    if (count < kAtOnce) return;
    from = RowId(records[count - 1]->rid().value + 1);
  }
}

class MergedCursor final : public IndexCursor {
 public:
  MergedCursor(std::shared_ptr<const ComponentList> list, const KeyRange& range, bool backward)
      : list_(std::move(list)), backward_(backward), merged_(backward) {
    has_stop_ = backward ? range.has_low : range.has_high;
    stop_key_ = backward ? range.low : range.high;
    stop_inclusive_ = backward ? range.low_inclusive : range.high_inclusive;
  }

  Status Open(const KeyRange& range) {
    const bool has_start = backward_ ? range.has_high : range.has_low;
    const bool inclusive = backward_ ? range.high_inclusive : range.low_inclusive;
    DeltaBound bound{backward_ ? range.high : range.low, RowId(0), !has_start};
    // An exclusive low bound skips, an inclusive high bound includes, all row ids of the key
    // itself.
    if (has_start && inclusive == backward_) bound.rid = RowId(kRowIdMax + 1);
    for (const IndexComponent& part : list_->parts) {
      if (part.delta != nullptr) {
        if (part.delta->entries() == 0 && part.delta.get() != list_->active()) continue;
        auto source = std::make_unique<DeltaSource>(part.delta, backward_);
        DRIFTDB_RETURN_IF_ERROR(source->Seek(bound));
        if (source->valid) merged_.Add(std::move(source));
      } else {
        auto source = std::make_unique<RunSource>(part.run, backward_, false);
        DRIFTDB_RETURN_IF_ERROR(source->Seek(bound));
        if (source->valid) merged_.Add(std::move(source));
      }
    }
    DRIFTDB_RETURN_IF_ERROR(merged_.Start());
    CheckStop();
    return OkStatus();
  }

  bool Valid() const override { return valid_; }
  Status Next() override {
    DRIFTDB_DCHECK(valid_);
    Status status = merged_.Advance();
    if (!status.ok()) {
      valid_ = false;
      return status;
    }
    CheckStop();
    return OkStatus();
  }
  std::string_view key() const override { return merged_.key; }
  RowId rid() const override { return merged_.rid; }
  bool anti() const override { return merged_.state == EntryState::kAnti; }

  Result<size_t> NextBatch(RowId* rids, bool* anti, size_t max) override {
    size_t count = 0;
    while (count < max && valid_) {
      rids[count] = merged_.rid;
      if (anti != nullptr) anti[count] = merged_.state == EntryState::kAnti;
      ++count;
      DRIFTDB_RETURN_IF_ERROR(Next());
    }
    return count;
  }

 private:
  void CheckStop() {
    valid_ = merged_.valid;
    if (!valid_ || !has_stop_) return;
    const int order = CompareKeys(merged_.key, stop_key_);
    if (order == 0) {
      valid_ = stop_inclusive_;
    } else {
      valid_ = (order < 0) != backward_;
    }
  }

  std::shared_ptr<const ComponentList> list_;
  const bool backward_;
  bool valid_ = false;
  bool has_stop_ = false;
  bool stop_inclusive_ = false;
  std::string stop_key_;
  MergedSource merged_;
};

}  // namespace

Status Index::Lookup(std::string_view key, RowIdBuffer* rids) {
  const uint64_t hash = KeyHash(key);
  const size_t start = rids->size();
  DRIFTDB_DCHECK(start == 0);
  const EpochGate::Pass pass(&gate_);
  const ComponentList* list = list_.load();
  for (const IndexComponent& part : list->parts) {
    const size_t before = rids->size();
    if (part.delta != nullptr) {
      CollectDelta(*part.delta, key, hash, rids);
    } else {
      DRIFTDB_RETURN_IF_ERROR(part.run->Load());
      DRIFTDB_RETURN_IF_ERROR(part.run->Find(key, hash, rids));
    }
    rids->DropShadowed(before);
  }
  return OkStatus();
}

Status Index::LookupBatch(const std::string_view* keys, size_t count, BatchSink* sink) {
  constexpr size_t kGroup = BtreeRun::kGroup;
  std::array<RowIdBuffer, kGroup> buffers;
  RowIdBuffer* rids[kGroup];
  for (size_t i = 0; i < kGroup; ++i) rids[i] = &buffers[i];
  for (size_t first = 0; first < count; first += kGroup) {
    const size_t size = std::min(kGroup, count - first);
    uint64_t hashes[kGroup];
    size_t before[kGroup] = {};
    for (size_t i = 0; i < size; ++i) hashes[i] = KeyHash(keys[first + i]);
    const EpochGate::Pass pass(&gate_);
    const ComponentList* list = list_.load();
    for (const IndexComponent& part : list->parts) {
      for (size_t i = 0; i < size; ++i) before[i] = rids[i]->size();
      if (part.delta != nullptr) {
        for (size_t i = 0; i < size; ++i)
          CollectDelta(*part.delta, keys[first + i], hashes[i], rids[i]);
      } else {
        DRIFTDB_RETURN_IF_ERROR(part.run->Load());
        DRIFTDB_RETURN_IF_ERROR(part.run->FindGroup(keys + first, hashes, size, rids));
      }
      for (size_t i = 0; i < size; ++i) rids[i]->DropShadowed(before[i]);
    }
    for (size_t i = 0; i < size; ++i) {
      for (const RowIdBuffer::Item& item : *rids[i]) sink->Found(first + i, item.rid, item.anti);
      rids[i]->Clear();
    }
  }
  return OkStatus();
}

Result<std::unique_ptr<IndexCursor>> Index::Scan(const KeyRange& range, bool backward) {
  auto cursor = std::make_unique<MergedCursor>(List(), range, backward);
  DRIFTDB_RETURN_IF_ERROR(cursor->Open(range));
  return std::unique_ptr<IndexCursor>(std::move(cursor));
}

// Unique check, docs/internals/btree.md, "Unique check". Numbers are its steps.
Result<UniqueOutcome> Index::InsertUnique(std::string_view key, RowId rid, TxnId txn,
                                          RowJudge* judge) {
  DRIFTDB_RETURN_IF_ERROR(CheckEntry(key, rid));
  const uint64_t hash = KeyHash(key);
  platform::SpinLatch* latch = context_.latches->ForHash(LatchHash(hash));
  RowIdBuffer stored;             // 1: candidates of the runs
  std::vector<uint32_t> part_of;  // their components; empty in the usual case
  RowIdBuffer candidates;
  for (;;) {
    const EpochGate::Pass pass(&gate_);
    const ComponentList* list = list_.load();
    stored.Clear();
    part_of.clear();
    for (size_t i = 1; i < list->parts.size(); ++i) {
      const BtreeRun* run = list->parts[i].run.get();
      if (run == nullptr) continue;
      DRIFTDB_RETURN_IF_ERROR(run->Load());
      DRIFTDB_RETURN_IF_ERROR(run->Find(key, hash, &stored));
      part_of.resize(stored.size(), static_cast<uint32_t>(i));
    }
    if (list->frozen > 0) DRIFTDB_RETURN_IF_ERROR(PullFrozen(*list, key, hash, rid, false));
    bool no_room = false;
    {
      platform::LatchGuard guard(latch);
      if (list_.load() != list) continue;  // 3
      candidates.Clear();
      size_t next_stored = 0;
      for (size_t i = 0; i < list->parts.size(); ++i) {  // 4
        const size_t before = candidates.size();
        if (list->parts[i].delta != nullptr) {
          CollectDelta(*list->parts[i].delta, key, hash, &candidates);
        }
        for (; next_stored < stored.size() && part_of[next_stored] == i; ++next_stored) {
          candidates.Append(stored[next_stored].rid, stored[next_stored].anti);
        }
        candidates.DropShadowed(before);
      }
      UniqueOutcome outcome;
      for (const RowIdBuffer::Item& item : candidates) {  // 5
        if (item.rid == rid) continue;                    // the row's own older entry
        const RowVerdict verdict = judge->Judge(item.rid, item.anti);
        if (verdict == RowVerdict::kIgnore) continue;
        // A violation is reported before a wait: no outcome of the one waited for would remove it.
        if (outcome.inserted() || verdict == RowVerdict::kViolation) {
          outcome.verdict = verdict;
          outcome.rid = item.rid;
        }
        if (verdict == RowVerdict::kViolation) break;
      }
      if (!outcome.inserted()) return outcome;
      const BtreeDelta::Write write{key, hash, rid, EntryState::kEntry, txn};
      no_room = !list->active()->TryPut(write, &outcome.previous);  // 6
      if (!no_room) return outcome;
    }
    DRIFTDB_RETURN_IF_ERROR(list->active()->MakeRoom(key.size(), false));  // 2
  }
}

uint64_t Index::LatchHash(uint64_t key_hash) const {
  return HashCombine64(key_hash, options_.storage.value);
}

}  // namespace driftdb::storage
