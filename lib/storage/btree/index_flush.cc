// Checkpoint side of an index: frozen deltas become runs (BT-6).
#include "base/check.h"
#include "base/status_macros.h"
#include "storage/btree/component_list.h"
#include "storage/btree/entry_source.h"
#include "storage/btree/index.h"
#include "storage/btree/merge_job.h"
#include "storage/btree/run_builder.h"

namespace driftdb::storage {

// Neighbouring frozen deltas that become one run.
struct Index::FlushGroup {
  const ComponentList* list = nullptr;
  size_t first = 0;  // newest part
  size_t last = 0;   // one behind the oldest
  std::unique_ptr<RunBuilder> builder;
};

namespace {

// Asks the policy once per stretch of records of one transaction.
class FlushVerdicts {
 public:
  explicit FlushVerdicts(FlushPolicy* policy) : policy_(policy) {}
  bool Flushable(uint64_t owner) {
    if (owner == 0) return true;
    if (owner != owner_) {
      owner_ = owner;
      verdict_ = policy_->IsFlushable(TxnId(owner));
    }
    return verdict_;
  }

 private:
  FlushPolicy* policy_;
  uint64_t owner_ = 0;
  bool verdict_ = true;
};

}  // namespace

// Copies a change that is not committed at S to the active delta, unless a newer delta has the
// entry already.
Status Index::CarryOver(FlushGroup* group, const DeltaRecord* record, uint64_t hash) {
  const BtreeDelta* newest = group->list->parts[group->first].delta.get();
  for (;;) {
    {
      // Under the mutex no rotation happens, and no writer is left that knows an older list: so
      // whoever writes the entry meanwhile meets this copy in the same delta, or has put one there
      // (BT-7).
      platform::MutexLock lock(&mutex_);
      const ComponentList& now = *list_owner_;
      if (now.sequence == drained_) {
        for (const IndexComponent& part : now.parts) {
          if (part.delta.get() == newest) break;
          if (part.delta != nullptr &&
              part.delta->Find(record->key(), hash, record->rid()) != nullptr) {
            return OkStatus();
          }
        }
        const EntryState state = record->current.load(std::memory_order_acquire);
        if (state == EntryState::kNone) return OkStatus();
        BtreeDelta::Write carry{record->key(), hash, record->rid(), state,
                                TxnId(record->owner.load(std::memory_order_relaxed))};
        carry.carried = true;
        EntryState previous;
        return now.active()->Put(carry, true, &previous);
      }
    }
    DrainList();
  }
}

// Waits for all operations that use an older list than the current one.
void Index::DrainList() {
  uint64_t now;
  {
    platform::MutexLock lock(&mutex_);
    now = list_sequence_;
  }
  gate_.Synchronize();
  drained_ = now;
}

Status Index::FlushRecords(FlushGroup* group, FlushPolicy* policy) {
  FlushVerdicts verdicts(policy);
  const std::vector<IndexComponent>& parts = group->list->parts;
  std::vector<std::unique_ptr<DeltaSource>> sources;
  for (size_t i = group->first; i < group->last; ++i) {
    sources.push_back(std::make_unique<DeltaSource>(parts[i].delta, false));
    DRIFTDB_RETURN_IF_ERROR(sources.back()->Seek(DeltaBound{{}, RowId(0), true}));
  }
  for (;;) {
    const EntrySource* least = nullptr;
    for (const auto& source : sources) {
      if (source->valid && (least == nullptr || source->Before(*least, false)))
        least = source.get();
    }
    if (least == nullptr) return OkStatus();
    const std::string_view key = least->key;  // in a record: stays
    const RowId rid = least->rid;
    EntryState written = EntryState::kNone;
    bool first_record = true;
    for (const auto& source : sources) {  // newest first
      if (!source->valid || source->rid != rid || source->key != key) continue;
      const DeltaRecord* record = source->record();
      // The verdict first: when the owner has ended, what it undid in this record is seen.
      const bool flushable = verdicts.Flushable(record->owner.load(std::memory_order_relaxed));
      if (first_record && !flushable)
        DRIFTDB_RETURN_IF_ERROR(CarryOver(group, record, KeyHash(key)));
      first_record = false;
      if (written == EntryState::kNone) {
        written = flushable ? record->current.load(std::memory_order_acquire)
                            : record->before.load(std::memory_order_relaxed);
      }
      DRIFTDB_RETURN_IF_ERROR(source->Advance());
    }
    if (written != EntryState::kNone) {
      DRIFTDB_RETURN_IF_ERROR(group->builder->Add(key, rid, written == EntryState::kAnti));
    }
  }
}

Status Index::InstallFlushed(FlushGroup* group) {
  DRIFTDB_ASSIGN_OR_RETURN(RunDescriptor descriptor, group->builder->Finish());
  platform::MutexLock lock(&mutex_);
  auto list = std::make_shared<ComponentList>();
  std::shared_ptr<const BtreeRun> run;
  if (!descriptor.segments.empty()) {
    descriptor.id = next_run_id_++;
    run = std::make_shared<BtreeRun>(context_.store, context_.memory, std::move(descriptor), false,
                                     std::vector<std::shared_ptr<const BtreeRun>>());
  }
  // Rotate and AttachRun may have put parts in front meanwhile.
  const BtreeDelta* newest = group->list->parts[group->first].delta.get();
  for (const IndexComponent& part : list_owner_->parts) {
    if (part.delta.get() == newest && run != nullptr) list->parts.push_back({nullptr, run});
    bool flushed = false;
    for (size_t i = group->first; i < group->last; ++i) {
      flushed |= part.delta != nullptr && part.delta == group->list->parts[i].delta;
    }
    if (!flushed) list->parts.push_back(part);
  }
  Publish(std::move(list));
  return OkStatus();
}

Status Index::Flush(FlushPolicy* policy) {
  platform::MutexLock maintenance(&maintenance_);
  std::shared_ptr<const ComponentList> list;
  const BtreeDelta* due;
  uint64_t due_run_id;
  {
    platform::MutexLock lock(&mutex_);
    list = list_owner_;
    due_run_id = due_run_id_;
    due = due_;
    due_ = nullptr;
  }
  // Inserters that loaded an older list still write to deltas frozen since (C23).
  DrainList();
  for (const IndexComponent& part : list->parts) {
    if (part.run == nullptr || part.run->pending().value == 0) continue;
    // A run attached since Rotate is of a transaction that the policy does not know.
    if (part.run->descriptor().id >= due_run_id) continue;
    if (policy->IsFlushable(part.run->pending())) part.run->set_pending(TxnId(0));
  }
  size_t end = list->parts.size();
  size_t newest = 1;
  while (due != nullptr && newest < end && list->parts[newest].delta.get() != due) ++newest;
  // Oldest first, so that newer frozen deltas are still in the list when CarryOver looks for the
  // entry.
  while (due != nullptr && end > newest) {
    if (list->parts[end - 1].delta == nullptr) {
      --end;
      continue;
    }
    FlushGroup group;
    group.list = list.get();
    group.last = end;
    RunBuilderOptions options;
    options.fingerprints = options_.unique;
    for (; end > newest && list->parts[end - 1].delta != nullptr; --end) {
      options.expected_keys += list->parts[end - 1].delta->entries();
    }
    group.first = end;
    group.builder = std::make_unique<RunBuilder>(context_.store, context_.memory, options);
    DRIFTDB_RETURN_IF_ERROR(FlushRecords(&group, policy));
    DRIFTDB_RETURN_IF_ERROR(InstallFlushed(&group));
  }
  list = nullptr;
  FreeRetired();
  return OkStatus();
}

}  // namespace driftdb::storage
