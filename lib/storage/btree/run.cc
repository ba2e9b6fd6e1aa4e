#include "storage/btree/run.h"

#include "base/check.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "storage/btree/index.h"

namespace driftdb::storage {

RunExtent::~RunExtent() {
  const int fate = fate_.load(std::memory_order_acquire);
  if (fate != 0) store_->Release(ref_, fate == 2);
}

BtreeRun::BtreeRun(ExtentStore* store, MemoryAccountant* memory, RunDescriptor descriptor,
                   bool is_base, const std::vector<std::shared_ptr<const BtreeRun>>& older)
    : store_(store),
      descriptor_(std::move(descriptor)),
      is_base_(is_base),
      memory_(memory, "index fences") {
  const auto shared = [&](const ExtentRef& ref) -> std::shared_ptr<RunExtent> {
    for (const auto& extent : extents_) {
      if (extent->ref().granule == ref.granule) return extent;
    }
    for (const auto& run : older) {
      for (const auto& extent : run->extents_) {
        if (extent->ref().granule == ref.granule) return extent;
      }
      if (run->fence_extent_->ref().granule == ref.granule) return run->fence_extent_;
    }
    return std::make_shared<RunExtent>(store, ref);
  };
  for (const RunSegment& segment : descriptor_.segments) {
    // Own segments are distinct, so only the older runs need a look; few share, and rarely.
    extents_.push_back(older.empty() ? std::make_shared<RunExtent>(store, segment.extent)
                                     : shared(segment.extent));
  }
  fence_extent_ = !extents_.empty() && extents_.back()->ref().granule == descriptor_.fences.granule
                      ? extents_.back()
                      : shared(descriptor_.fences);
}

void BtreeRun::Doom(const BtreeRun* successor, bool uncommitted) const {
  const auto used = [&](const RunExtent* extent) {
    if (successor == nullptr) return false;
    if (successor->fence_extent_.get() == extent) return true;
    for (const auto& other : successor->extents_) {
      if (other.get() == extent) return true;
    }
    return false;
  };
  for (const auto& extent : extents_) {
    if (!used(extent.get())) extent->Doom(uncommitted);
  }
  if (!used(fence_extent_.get())) fence_extent_->Doom(uncommitted);
}

RowId BtreeRun::fence_rid(size_t page) const {
  const char* from = heap_.data() + offsets_[page + 1] - kFenceRidBytes;
  uint64_t rid = 0;
  std::memcpy(&rid, from, kFenceRidBytes);
  return RowId(rid);
}

Status BtreeRun::LoadSlow() const {
  platform::MutexLock lock(&load_mutex_);
  if (loaded_.load(std::memory_order_relaxed)) return OkStatus();
  DRIFTDB_ASSIGN_OR_RETURN(const PinnedBytes bytes, store_->Pin(descriptor_.fences));
  if (bytes.size() < descriptor_.fence_offset + descriptor_.fence_bytes) {
    return DataLossError("index run {}: fence extent has {} bytes", descriptor_.id, bytes.size());
  }
  DRIFTDB_RETURN_IF_ERROR(
      Decode(bytes.view().substr(descriptor_.fence_offset, descriptor_.fence_bytes)));
  loaded_.store(true, std::memory_order_release);
  return OkStatus();
}

// Reads one fence; `key` comes with the key of the fence before it.
bool BtreeRun::DecodeFence(Decoder* in, std::string* key, RowId* rid) const {
  const uint64_t shared = in->Varint();
  const std::string_view rest = in->Bytes();
  *rid = RowId(in->Varint());
  if (!in->ok() || shared > key->size() || shared + rest.size() > kKeyBytesMax ||
      rid->value > kRowIdMax) {
    return false;
  }
  key->resize(shared);
  key->append(rest);
  return true;
}

// Builds everything in locals first: a failed load leaves the run unloaded and can be repeated. One
// pass measures, so that memory is counted before it is taken and nothing grows by copying.
Status BtreeRun::Decode(std::string_view blob) const {
  const auto damaged = [&](const char* what) {
    return DataLossError("index run {}: fences are damaged: {}", descriptor_.id, what);
  };
  Decoder in(blob);
  const uint64_t version = in.Varint();
  const uint64_t pages = in.Varint();
  if (version != 1 || pages == 0 || pages != descriptor_.pages()) return damaged("page count");
  Decoder measure = in;
  std::string key, previous;
  RowId rid, previous_rid;
  uint64_t heap_bytes = 0;
  for (uint64_t i = 0; i < pages; ++i) {
    if (!DecodeFence(&measure, &key, &rid)) return damaged("fence");
    heap_bytes += key.size() + kFenceRidBytes;
  }
  const std::string_view largest = measure.Bytes();
  measure.Varint();  // its row id
  const uint64_t words = measure.Varint();
  if (!measure.ok() || heap_bytes > UINT32_MAX || words > measure.remaining() / 8 ||
      CompareKeys(largest, key) < 0) {
    return damaged("filter");
  }
  // The base is probed without a filter: ten bits a key would have to stay in memory.
  const std::string_view filter = is_base_ ? std::string_view() : measure.Raw(words * 8);
  DRIFTDB_RETURN_IF_ERROR(memory_.Resize(heap_bytes + pages * kFenceBytes + filter.size() +
                                         descriptor_.segments.size() * sizeof(uint32_t)));
  std::string heap;
  std::vector<uint32_t> offsets{0};
  heap.reserve(heap_bytes);
  offsets.reserve(pages + 1);
  key.clear();
  for (uint64_t i = 0; i < pages; ++i) {
    (void)DecodeFence(&in, &key, &rid);  // as it was measured
    if (i > 0 && CompareEntries(previous, previous_rid, key, rid) >= 0) return damaged("order");
    heap.append(key);
    heap.append(reinterpret_cast<const char*>(&rid.value), kFenceRidBytes);
    offsets.push_back(static_cast<uint32_t>(heap.size()));
    previous = key;
    previous_rid = rid;
  }
  filter_.Assign(filter);
  heap_ = std::move(heap);
  offsets_ = std::move(offsets);
  largest_key_ = largest;
  FillHints(pages);
  return memory_.Resize(memory_bytes());
}

void BtreeRun::FillHints(size_t pages) const {
  std::vector<uint64_t> hints(pages);
  hint_skip_ = CommonPrefix({heap_.data(), offsets_[1] - kFenceRidBytes}, largest_key_);
  for (size_t i = 0; i < pages; ++i) {
    const std::string_view key(heap_.data() + offsets_[i],
                               offsets_[i + 1] - offsets_[i] - kFenceRidBytes);
    hints[i] = KeyWord(key.substr(hint_skip_));
  }
  locators_.clear();
  locators_.reserve(pages);
  segment_pages_.clear();
  segment_pages_.reserve(descriptor_.segments.size());
  for (size_t s = 0; s < descriptor_.segments.size(); ++s) {
    segment_pages_.push_back(static_cast<uint32_t>(locators_.size()));
    for (uint32_t b = 0; b < descriptor_.segments[s].pages; ++b) {
      locators_.push_back(static_cast<uint32_t>(s << 8 | b));
    }
  }
  largest_hint_ = KeyWord(std::string_view(largest_key_).substr(hint_skip_));
  hints_ = std::move(hints);
}

size_t BtreeRun::memory_bytes() const {
  return hints_.capacity() * 8 + offsets_.capacity() * 4 + heap_.capacity() +
         locators_.capacity() * 4 + filter_.memory_bytes() + segment_pages_.capacity() * 4;
}

bool BtreeRun::MayContain(std::string_view key, uint64_t hash) const {
  if (!filter_.empty() && !filter_.MayContain(hash)) return false;
  return CompareKeys(key, largest_key_) <= 0 && CompareKeys(key, fence_key(0)) >= 0;
}

size_t BtreeRun::PageFor(std::string_view key, RowId rid) const {
  const int order = OrderAgainstPrefix(key, {heap_.data(), hint_skip_});
  if (order != 0) return order < 0 ? 0 : page_count() - 1;
  return PageForHint(key, rid, KeyWord(key.substr(hint_skip_)));
}

bool BtreeRun::Locate(std::string_view key, uint64_t hash, size_t* page) const {
  if (!filter_.empty() && !filter_.MayContain(hash)) return false;
  if (OrderAgainstPrefix(key, {heap_.data(), hint_skip_}) != 0) return false;
  const uint64_t hint = KeyWord(key.substr(hint_skip_));
  if (hint < hints_[0] || hint > largest_hint_) return false;
  *page = PageForHint(key, RowId(0), hint);
  return true;
}

size_t BtreeRun::PageForHint(std::string_view key, RowId rid, uint64_t hint) const {
  // Branch-free: the number of pages whose hint is <= the key's.
  const uint64_t* from = hints_.data();
  size_t size = hints_.size();
  while (size > 1) {
    const size_t half = size / 2;
    from += from[half - 1] <= hint ? half : 0;
    size -= half;
  }
  size_t last = static_cast<size_t>(from - hints_.data()) + (*from <= hint ? 1 : 0);
  if (last == 0) return 0;
  if (hints_[last - 1] != hint) return last - 1;
  // Among pages with the same hint by the whole first entry.
  size_t first = static_cast<size_t>(
      std::lower_bound(hints_.begin(), hints_.begin() + static_cast<ptrdiff_t>(last), hint) -
      hints_.begin());
  while (first < last) {
    const size_t middle = (first + last) / 2;
    if (CompareEntries(fence_key(middle), fence_rid(middle), key, rid) <= 0) {
      first = middle + 1;
    } else {
      last = middle;
    }
  }
  return first == 0 ? 0 : first - 1;
}

Status BtreeRun::PinWrong(size_t page, const Status& status) const {
  return DataLossError("index run {} page {}: {}", descriptor_.id, page, status.message());
}

Status BtreeRun::PinPage(size_t page, PinnedBytes* bytes, LeafPage* leaf) const {
  const uint32_t locator = locators_[page];
  DRIFTDB_ASSIGN_OR_RETURN(*bytes, store_->PinBlock(extents_[locator >> 8]->ref(), locator & 0xff));
  if (bytes->size() < kIndexBlockBytes) {
    return DataLossError("index run {} page {} has {} bytes", descriptor_.id, page, bytes->size());
  }
  Status status = leaf->Open(bytes->data());
  if (!status.ok()) [[unlikely]]
    return PinWrong(page, status);
  return OkStatus();
}

Status BtreeRun::PinSegment(size_t segment, PinnedBytes* bytes) const {
  DRIFTDB_ASSIGN_OR_RETURN(*bytes, store_->Pin(extents_[segment]->ref()));
  if (bytes->size() < uint64_t{descriptor_.segments[segment].pages} * kIndexBlockBytes) {
    return DataLossError("index run {} segment {} has {} bytes", descriptor_.id, segment,
                         bytes->size());
  }
  return OkStatus();
}

Status BtreeRun::FindFrom(size_t page, std::string_view key, uint64_t hash,
                          RowIdBuffer* rids) const {
  for (; page < page_count(); ++page) {
    PinnedBytes bytes;
    LeafPage leaf;
    DRIFTDB_RETURN_IF_ERROR(PinPage(page, &bytes, &leaf));
    const LeafPage::Range range = leaf.Find(key, hash);
    for (size_t i = range.first; i < range.last; ++i) rids->Append(leaf.rid(i), leaf.anti(i));
    // A key's entries may go on in the next page; then that page starts with the key.
    if (page + 1 == page_count() || fence_key(page + 1) != key) break;
  }
  return OkStatus();
}

Status BtreeRun::Find(std::string_view key, uint64_t hash, RowIdBuffer* rids) const {
  size_t page;
  if (!Locate(key, hash, &page)) return OkStatus();
  return FindFrom(page, key, hash, rids);
}

Status BtreeRun::FindGroup(const std::string_view* keys, const uint64_t* hashes, size_t count,
                           RowIdBuffer* const* rids) const {
  DRIFTDB_DCHECK(count <= kGroup);
  PinnedBytes pins[kGroup];
  LeafPage leaves[kGroup];
  LeafPage::Probe probes[kGroup];
  uint32_t pages[kGroup];
  uint8_t take[kGroup];
  size_t taken = 0;
  for (size_t i = 0; i < count; ++i) {
    size_t page;
    if (!Locate(keys[i], hashes[i], &page)) continue;
    pages[taken] = static_cast<uint32_t>(page);
    take[taken++] = static_cast<uint8_t>(i);
  }
  for (size_t i = 0; i < taken; ++i) {
    const uint32_t locator = locators_[pages[i]];
    DRIFTDB_ASSIGN_OR_RETURN(pins[i],
                             store_->PinBlock(extents_[locator >> 8]->ref(), locator & 0xff));
    if (pins[i].size() < kIndexBlockBytes) {
      return DataLossError("index run {} page {} is short", descriptor_.id, pages[i]);
    }
    LeafPage::Prefetch(pins[i].data());
  }
  for (size_t i = 0; i < taken; ++i) {
    Status status = leaves[i].Open(pins[i].data());
    if (!status.ok()) [[unlikely]]
      return PinWrong(pages[i], status);
    probes[i] = leaves[i].Narrow(keys[take[i]]);
  }
  for (size_t i = 0; i < taken; ++i) {
    const std::string_view key = keys[take[i]];
    RowIdBuffer* out = rids[take[i]];
    const LeafPage::Range found = leaves[i].FindWithin(probes[i], hashes[take[i]]);
    for (size_t at = found.first; at < found.last; ++at)
      out->Append(leaves[i].rid(at), leaves[i].anti(at));
    if (pages[i] + 1 < page_count() && fence_key(pages[i] + 1) == key) [[unlikely]] {
      DRIFTDB_RETURN_IF_ERROR(FindFrom(pages[i] + 1, key, hashes[take[i]], out));
    }
  }
  return OkStatus();
}

Status BtreeRun::Check() const {
  DRIFTDB_RETURN_IF_ERROR(Load());
  std::string previous, key;
  RowId previous_rid;
  for (size_t s = 0; s < descriptor_.segments.size(); ++s) {
    const RunSegment& segment = descriptor_.segments[s];
    uint64_t entries = 0, anti = 0;
    for (size_t page = segment_pages_[s]; page < segment_pages_[s] + segment.pages; ++page) {
      PinnedBytes bytes;
      LeafPage leaf;
      DRIFTDB_RETURN_IF_ERROR(PinPage(page, &bytes, &leaf));
      Status status = leaf.Check();
      if (!status.ok()) return PinWrong(page, status);
      leaf.KeyAt(0, &key);
      // BT-14.
      if (CompareEntries(fence_key(page), fence_rid(page), key, leaf.rid(0)) > 0) {
        return DataLossError("index run {} page {} starts below its fence", descriptor_.id, page);
      }
      if (page > 0 &&
          CompareEntries(previous, previous_rid, fence_key(page), fence_rid(page)) >= 0) {
        return DataLossError("index run {} page {} has its fence in the page before",
                             descriptor_.id, page);
      }
      entries += leaf.count();
      for (size_t i = 0; i < leaf.count(); ++i) anti += leaf.anti(i) ? 1 : 0;
      leaf.KeyAt(leaf.count() - 1, &previous);
      previous_rid = leaf.rid(leaf.count() - 1);
    }
    if (entries != segment.entries || anti != segment.anti_entries) {
      return DataLossError("index run {} segment {} has {} entries, {} expected", descriptor_.id, s,
                           entries, segment.entries);
    }
  }
  if (previous != largest_key_) {
    return DataLossError("index run {}: the largest key is not the last one", descriptor_.id);
  }
  return OkStatus();
}

}  // namespace driftdb::storage
