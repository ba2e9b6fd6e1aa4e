#include "storage/btree/index.h"

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "base/coding.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "storage/btree/component_list.h"
#include "storage/btree/merge_job.h"

namespace driftdb::storage {

namespace {
constexpr uint64_t kIndexListVersion = 1;
}

void RowIdBuffer::GrowCapacity() {
  capacity_ *= 4;
  if (heap_.empty()) {
    heap_.assign(inline_, inline_ + size_);
  }
  heap_.resize(capacity_);
}

void RowIdBuffer::DropShadowed(size_t first_of_older) {
  if (first_of_older == 0 || first_of_older == size_) return;
  Item* items = data();
  size_t keep = first_of_older;
  if (first_of_older * (size_ - first_of_older) <= 1024) {
    for (size_t i = first_of_older; i < size_; ++i) {
      bool shadowed = false;
      for (size_t j = 0; j < first_of_older; ++j) shadowed |= items[j].rid == items[i].rid;
      if (!shadowed) items[keep++] = items[i];
    }
  } else {
    std::vector<RowId> newer;
    newer.reserve(first_of_older);
    for (size_t j = 0; j < first_of_older; ++j) newer.push_back(items[j].rid);
    std::sort(newer.begin(), newer.end());
    for (size_t i = first_of_older; i < size_; ++i) {
      if (!std::binary_search(newer.begin(), newer.end(), items[i].rid)) items[keep++] = items[i];
    }
  }
  size_ = keep;
}

KeyRange KeyRange::Prefix(std::string_view prefix, std::string* successor) {
  *successor = KeyPrefixSuccessor(prefix);
  KeyRange range;
  range.low = prefix;
  range.has_low = true;
  range.high = *successor;
  range.has_high = !successor->empty();
  return range;
}

Index::Index(const IndexContext& context, const IndexOptions& options)
    : context_(context), options_(options) {}

Index::~Index() = default;

Result<std::unique_ptr<Index>> Index::Create(const IndexContext& context,
                                             const IndexOptions& options) {
  std::unique_ptr<Index> index(new Index(context, options));
  auto list = std::make_shared<ComponentList>();
  list->parts.push_back({std::make_shared<BtreeDelta>(context.memory), nullptr});
  platform::MutexLock lock(&index->mutex_);
  index->Publish(std::move(list));
  return index;
}

Result<std::unique_ptr<Index>> Index::Open(const IndexContext& context, const IndexOptions& options,
                                           std::string_view components) {
  DRIFTDB_ASSIGN_OR_RETURN(std::unique_ptr<Index> index, Create(context, options));
  Decoder in(components);
  const uint64_t version = in.Varint();
  if (!in.ok() || version != kIndexListVersion) {
    return DataLossError("index {}: component list has version {}", options.storage.value, version);
  }
  const uint64_t next_id = in.Varint();
  const uint64_t runs = in.Varint();
  DRIFTDB_RETURN_IF_ERROR(in.status("index component list"));
  auto list = std::make_shared<ComponentList>();
  platform::MutexLock lock(&index->mutex_);
  *list = *index->list_owner_;
  for (uint64_t i = 0; i <= runs; ++i) {
    const bool is_base = i == runs;
    if (is_base && in.U8() == 0) break;
    DRIFTDB_ASSIGN_OR_RETURN(RunDescriptor run, RunDescriptor::Deserialize(&in));
    list->parts.push_back(
        {nullptr, std::make_shared<BtreeRun>(context.store, context.memory, std::move(run), is_base,
                                             std::vector<std::shared_ptr<const BtreeRun>>())});
  }
  DRIFTDB_RETURN_IF_ERROR(in.status("index component list"));
  index->next_run_id_ = next_id;
  index->Publish(std::move(list));
  return index;
}

void Index::Serialize(std::string* out) const {
  Encoder encoder(out);
  const std::shared_ptr<const ComponentList> list = List();
  uint64_t runs = 0;
  for (const IndexComponent& part : list->parts) {
    if (part.run != nullptr && !part.run->is_base() && part.run->pending().value == 0) ++runs;
  }
  encoder.Varint(kIndexListVersion);
  {
    platform::MutexLock lock(&mutex_);
    encoder.Varint(next_run_id_);
  }
  encoder.Varint(runs);
  for (const IndexComponent& part : list->parts) {
    if (part.run != nullptr && !part.run->is_base() && part.run->pending().value == 0) {
      part.run->descriptor().Serialize(&encoder);
    }
  }
  encoder.U8(list->base() != nullptr ? 1 : 0);
  if (list->base() != nullptr) list->base()->descriptor().Serialize(&encoder);
}

std::vector<ExtentRef> Index::Extents() const {
  std::vector<ExtentRef> extents;
  const std::shared_ptr<const ComponentList> list = List();
  for (const IndexComponent& part : list->parts) {
    if (part.run == nullptr || part.run->pending().value != 0) continue;
    const std::vector<ExtentRef> more = part.run->descriptor().Extents();
    extents.insert(extents.end(), more.begin(), more.end());
  }
  return extents;
}

std::shared_ptr<const ComponentList> Index::List() const {
  platform::MutexLock lock(&mutex_);
  return list_owner_;
}

void Index::Publish(std::shared_ptr<ComponentList> list) {
  list->Count();
  list->sequence = ++list_sequence_;
  if (list_owner_ != nullptr) retired_.push_back(std::move(list_owner_));
  list_owner_ = std::move(list);
  list_.store(list_owner_.get());
}

void Index::FreeRetired() {
  std::vector<std::shared_ptr<const ComponentList>> dead;
  {
    platform::MutexLock lock(&mutex_);
    dead.swap(retired_);
  }
  if (!dead.empty()) gate_.Synchronize();
}

Status Index::CheckEntry(std::string_view key, RowId rid) const {
  if (key.size() > kKeyBytesMax) {
    return Error(sqlstate::kProgramLimitExceeded,
                 "index key of {} bytes exceeds the maximum of {} bytes", key.size(), kKeyBytesMax);
  }
  DRIFTDB_CHECK_OR_RETURN(rid.value <= kRowIdMax, "index {}: row id {} is out of range",
                          options_.storage.value, rid.value);
  return OkStatus();
}

Status Index::PullFrozen(const ComponentList& list, std::string_view key, uint64_t hash, RowId rid,
                         bool forced) {
  for (size_t i = 1; i < list.parts.size(); ++i) {
    if (list.parts[i].delta == nullptr) continue;
    const DeltaRecord* record = list.parts[i].delta->Find(key, hash, rid);
    if (record == nullptr) continue;
    const EntryState state = record->current.load(std::memory_order_acquire);
    // A tombstone already hides what older frozen deltas know.
    if (state == EntryState::kNone) return OkStatus();
    BtreeDelta::Write write{key, hash, rid, state,
                            TxnId(record->owner.load(std::memory_order_relaxed))};
    write.carried = true;
    EntryState previous;
    return list.active()->Put(write, forced, &previous);
  }
  return OkStatus();
}

Result<EntryState> Index::Put(std::string_view key, RowId rid, EntryState state, TxnId txn) {
  DRIFTDB_RETURN_IF_ERROR(CheckEntry(key, rid));
  DRIFTDB_DCHECK(state != EntryState::kNone);
  const uint64_t hash = KeyHash(key);
  const EpochGate::Pass pass(&gate_);
  const ComponentList* list = list_.load();
  if (list->frozen > 0) DRIFTDB_RETURN_IF_ERROR(PullFrozen(*list, key, hash, rid, false));
  EntryState previous = EntryState::kNone;
  DRIFTDB_RETURN_IF_ERROR(
      list->active()->Put(BtreeDelta::Write{key, hash, rid, state, txn}, false, &previous));
  return previous;
}

void Index::Undo(std::string_view key, RowId rid, EntryState previous, TxnId txn) {
  const uint64_t hash = KeyHash(key);
  const EpochGate::Pass pass(&gate_);
  const ComponentList* list = list_.load();
  Status status = OkStatus();
  if (list->frozen == 0 && previous == EntryState::kNone) {
    list->active()->Remove(key, rid);
    return;
  }
  // Forced: over the memory limit if need be. What remains is the host being out of memory; then an
  // entry of an aborted row stays, which readers recheck away (BT-2).
  if (list->frozen > 0) status = PullFrozen(*list, key, hash, rid, true);
  EntryState now;
  if (status.ok()) {
    status = list->active()->Put(BtreeDelta::Write{key, hash, rid, previous, txn}, true, &now);
  }
  // Also where the next Flush finds it: the transaction may commit what is left of it (a
  // savepoint).
  for (size_t i = 1; i < list->parts.size() && list->frozen > 0; ++i) {
    if (list->parts[i].delta != nullptr)
      list->parts[i].delta->Restore(key, hash, rid, previous, txn);
  }
}

Status Index::PrepareRotate() {
  // Allocated outside the mutex: Rotate runs under the commit latch.
  auto delta = std::make_shared<BtreeDelta>(context_.memory);
  platform::MutexLock lock(&mutex_);
  if (spare_delta_ == nullptr) spare_delta_ = std::move(delta);
  return OkStatus();
}

void Index::RotateLocked() {
  // Inserters of transactions that commit later may still be busy in an empty delta: it just stays
  // active.
  if (list_owner_->active()->entries() == 0) return;
  auto list = std::make_shared<ComponentList>(*list_owner_);
  std::shared_ptr<BtreeDelta> fresh = std::move(spare_delta_);
  spare_delta_ = nullptr;
  if (fresh == nullptr) fresh = std::make_shared<BtreeDelta>(context_.memory);
  list->parts.insert(list->parts.begin(), IndexComponent{std::move(fresh), nullptr});
  Publish(std::move(list));
}

void Index::Rotate() {
  platform::MutexLock lock(&mutex_);
  RotateLocked();
  due_run_id_ = next_run_id_;
  due_ = nullptr;
  for (size_t i = 1; i < list_owner_->parts.size() && due_ == nullptr; ++i) {
    due_ = list_owner_->parts[i].delta.get();
  }
}

Result<uint64_t> Index::AttachRun(RunDescriptor descriptor, TxnId txn, bool shadows) {
  DRIFTDB_CHECK_OR_RETURN(!descriptor.segments.empty(), "index {}: an empty run cannot be attached",
                          options_.storage.value);
  uint64_t id;
  {
    platform::MutexLock lock(&mutex_);
    if (shadows) RotateLocked();
    id = next_run_id_++;
    descriptor.id = id;
    const uint64_t quarters = descriptor.disk_bytes() >> 18;
    descriptor.level =
        static_cast<uint32_t>(quarters == 0 ? 0 : (std::bit_width(quarters) - 1) / 2);
    auto run = std::make_shared<BtreeRun>(context_.store, context_.memory, std::move(descriptor),
                                          false, std::vector<std::shared_ptr<const BtreeRun>>());
    run->set_pending(txn);
    auto list = std::make_shared<ComponentList>(*list_owner_);
    list->parts.insert(list->parts.begin() + 1, IndexComponent{nullptr, std::move(run)});
    Publish(std::move(list));
  }
  FreeRetired();
  return id;
}

Status Index::AbandonRun(uint64_t run_id) {
  {
    platform::MutexLock lock(&mutex_);
    auto list = std::make_shared<ComponentList>(*list_owner_);
    bool found = false;
    for (size_t i = 1; i < list->parts.size(); ++i) {
      const BtreeRun* run = list->parts[i].run.get();
      if (run == nullptr || run->descriptor().id != run_id) continue;
      DRIFTDB_CHECK_OR_RETURN(run->pending().value != 0, "index {}: run {} is not pending",
                              options_.storage.value, run_id);
      run->Doom(nullptr, true);
      list->parts.erase(list->parts.begin() + static_cast<ptrdiff_t>(i));
      found = true;
      break;
    }
    DRIFTDB_CHECK_OR_RETURN(found, "index {}: there is no run {}", options_.storage.value, run_id);
    Publish(std::move(list));
  }
  FreeRetired();
  return OkStatus();
}

void Index::ReleaseAll() {
  platform::MutexLock maintenance(&maintenance_);
  job_.reset();
  {
    platform::MutexLock lock(&mutex_);
    // Not as uncommitted, also where no Flush has met the run yet: a commit is enough for the log
    // to name its extents, and replay claims them until a checkpoint is durable (CKPT-7).
    for (const IndexComponent& part : list_owner_->parts) {
      if (part.run != nullptr) part.run->Doom(nullptr, false);
    }
    auto list = std::make_shared<ComponentList>();
    list->parts.push_back({std::make_shared<BtreeDelta>(context_.memory), nullptr});
    due_ = nullptr;
    Publish(std::move(list));
  }
  FreeRetired();
}

IndexStatistics Index::Statistics() const {
  IndexStatistics statistics;
  const std::shared_ptr<const ComponentList> list = List();
  uint64_t entries = 0;
  for (const IndexComponent& part : list->parts) {
    if (part.delta != nullptr) {
      statistics.delta_entries += part.delta->entries();
      statistics.memory_bytes += part.delta->memory_bytes();
      entries += part.delta->entries();
      statistics.keys += part.delta->entries();
      continue;
    }
    const RunDescriptor& run = part.run->descriptor();
    entries += run.entries();
    statistics.anti_entries += run.anti_entries();
    statistics.keys += run.keys() - std::min(run.keys(), 2 * run.anti_entries());
    statistics.disk_bytes += run.disk_bytes();
    if (part.run->Load().ok()) statistics.memory_bytes += part.run->memory_bytes();
    if (!part.run->is_base()) ++statistics.runs;
  }
  statistics.frozen = static_cast<uint32_t>(list->frozen);
  statistics.entries = entries - std::min(entries, 2 * statistics.anti_entries);
  return statistics;
}

Status Index::Check() {
  const std::shared_ptr<const ComponentList> list = List();
  for (const IndexComponent& part : list->parts) {
    if (part.run != nullptr) DRIFTDB_RETURN_IF_ERROR(part.run->Check());
  }
  return OkStatus();
}

}  // namespace driftdb::storage
