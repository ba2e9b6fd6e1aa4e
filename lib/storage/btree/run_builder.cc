#include "storage/btree/run_builder.h"

#include <algorithm>

#include "base/check.h"
#include "base/coding.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "storage/btree/run.h"

namespace driftdb::storage {

namespace {

// A filter may take this share of the memory limit: it stays in memory as long as its run.
constexpr size_t kBuilderFilterShare = 32;
constexpr size_t kBuilderFencesMin = 4096;

}  // namespace

RunBuilder::RunBuilder(ExtentStore* store, MemoryAccountant* memory,
                       const RunBuilderOptions& options)
    : store_(store), memory_(memory, "index build"), page_(options.fingerprints) {
  if (options.expected_keys == 0) return;
  const size_t bytes = KeyFilter::WordsFor(options.expected_keys) * sizeof(uint64_t);
  if (memory != nullptr && bytes > memory->limit_bytes() / kBuilderFilterShare) return;
  // A run is as right without a filter, only slower to probe until it is merged.
  if (memory_.Resize(bytes).ok()) filter_.Resize(options.expected_keys);
}

RunBuilder::~RunBuilder() {
  if (finished_) return;
  for (const ExtentRef& extent : written_) store_->Release(extent, true);
}

Result<ExtentRef> RunBuilder::WriteExtent(std::string_view payload, uint32_t block_bytes) {
  DRIFTDB_ASSIGN_OR_RETURN(const ExtentRef extent, store_->Write(payload, block_bytes));
  written_.push_back(extent);
  return extent;
}

Status RunBuilder::Add(std::string_view key, RowId rid, bool anti) {
  if (key.size() > kKeyBytesMax) {
    return Error(sqlstate::kProgramLimitExceeded,
                 "index key of {} bytes exceeds the maximum of {} bytes", key.size(), kKeyBytesMax);
  }
  const bool same_key = entries_ > 0 && key == last_key_;
  DRIFTDB_CHECK_OR_RETURN(
      entries_ == 0 || (same_key ? last_rid_ < rid : CompareKeys(last_key_, key) < 0),
      "index build: entries are out of order");
  if (!page_.Add(key, rid, anti)) {
    DRIFTDB_RETURN_IF_ERROR(FlushPage());
    page_.Add(key, rid, anti);
  }
  if (page_.size() == 1) {
    if (segment_counts_.pages == kRunSegmentPages) DRIFTDB_RETURN_IF_ERROR(FlushSegment());
    DRIFTDB_RETURN_IF_ERROR(AddFence(key, rid));
  }
  ++entries_;
  ++segment_counts_.entries;
  segment_counts_.anti_entries += anti ? 1 : 0;
  if (!same_key) {
    ++segment_counts_.keys;
    if (!filter_.empty()) filter_.Add(KeyHash(key));
    last_key_.assign(key);
  }
  last_rid_ = rid;
  return OkStatus();
}

// Counts what is held, and `more` that is about to be.
Status RunBuilder::Charge(size_t more) {
  return memory_.Resize(kWorkingBytes + fences_.capacity() + filter_.memory_bytes() + more);
}

Status RunBuilder::AddFence(std::string_view key, RowId rid) {
  if (entries_ == 0 || key == last_key_) return AppendFence(key, rid);
  return AppendFence(key.substr(0, CommonPrefix(last_key_, key) + 1), RowId(0));
}

Status RunBuilder::AppendFence(std::string_view key, RowId rid) {
  constexpr size_t kNumbersMax = 3 * 10;
  if (fences_.size() + key.size() + kNumbersMax > fences_.capacity()) {
    const size_t roomier = std::max(2 * fences_.capacity(), kBuilderFencesMin);
    DRIFTDB_RETURN_IF_ERROR(Charge(roomier));  // beside the old ones, while they are copied
    fences_.reserve(roomier);
    DRIFTDB_RETURN_IF_ERROR(Charge(0));
  }
  const size_t shared = CommonPrefix(last_fence_key_, key);
  Encoder out(&fences_);
  out.Varint(shared);
  out.Bytes(key.substr(shared));
  out.Varint(rid.value);
  last_fence_key_.assign(key);
  ++fence_count_;
  return OkStatus();
}

Status RunBuilder::FlushPage() {
  if (page_.size() == 0) return OkStatus();
  const size_t at = segment_.size();
  segment_.resize(at + kIndexBlockBytes);
  page_.Encode(segment_.data() + at);
  page_.Clear();
  ++segment_counts_.pages;
  return OkStatus();
}

// REQUIRES: no page in the making.
Status RunBuilder::FlushSegment() {
  if (segment_counts_.pages == 0) return OkStatus();
  DRIFTDB_ASSIGN_OR_RETURN(segment_counts_.extent, WriteExtent(segment_, kIndexBlockBytes));
  descriptor_.segments.push_back(segment_counts_);
  segment_counts_ = RunSegment();
  segment_.clear();
  return OkStatus();
}

Status RunBuilder::AddSegment(const BtreeRun& run, size_t segment, size_t first_page) {
  DRIFTDB_RETURN_IF_ERROR(FlushPage());
  DRIFTDB_RETURN_IF_ERROR(FlushSegment());
  const RunSegment& from = run.descriptor().segments[segment];
  DRIFTDB_CHECK_OR_RETURN(filter_.empty(),
                          "index build: a reused segment has no keys for the filter");
  PinnedBytes bytes;
  LeafPage leaf;
  // The run's own fence may lie below what was added last: only the first entry does not.
  std::string first_key;
  DRIFTDB_RETURN_IF_ERROR(run.PinPage(first_page, &bytes, &leaf));
  leaf.KeyAt(0, &first_key);
  DRIFTDB_CHECK_OR_RETURN(
      entries_ == 0 || CompareEntries(last_key_, last_rid_, first_key, leaf.rid(0)) < 0,
      "index build: segments are out of order");
  DRIFTDB_RETURN_IF_ERROR(AddFence(first_key, leaf.rid(0)));
  for (size_t page = first_page + 1; page < first_page + from.pages; ++page) {
    DRIFTDB_RETURN_IF_ERROR(AppendFence(run.fence_key(page), run.fence_rid(page)));
  }
  descriptor_.segments.push_back(from);
  entries_ += from.entries;
  // The last entry: needed for the order of what follows and as the largest key.
  DRIFTDB_RETURN_IF_ERROR(run.PinPage(first_page + from.pages - 1, &bytes, &leaf));
  leaf.KeyAt(leaf.count() - 1, &last_key_);
  last_rid_ = leaf.rid(leaf.count() - 1);
  return OkStatus();
}

Result<RunDescriptor> RunBuilder::Finish() {
  DRIFTDB_RETURN_IF_ERROR(FlushPage());
  if (entries_ == 0) {
    finished_ = true;
    return std::move(descriptor_);
  }
  constexpr size_t kHeaderMax = 64;
  const size_t blob_bytes = fences_.size() + last_key_.size() + kHeaderMax + filter_.memory_bytes();
  DRIFTDB_RETURN_IF_ERROR(Charge(blob_bytes));
  std::string blob;
  blob.reserve(blob_bytes);
  Encoder out(&blob);
  out.Varint(1);
  out.Varint(fence_count_);
  blob.append(fences_);
  out.Bytes(last_key_);
  out.Varint(last_rid_.value);
  out.Varint(filter_.words().size());
  out.Raw(filter_.words().data(), filter_.words().size() * 8);
  descriptor_.fence_bytes = blob.size();
  if (descriptor_.segments.empty()) {
    // A small run is one extent: pages, then fences.
    descriptor_.fence_offset = segment_.size();
    segment_.append(blob);
    DRIFTDB_RETURN_IF_ERROR(FlushSegment());
    descriptor_.fences = descriptor_.segments.back().extent;
  } else {
    DRIFTDB_RETURN_IF_ERROR(FlushSegment());
    DRIFTDB_ASSIGN_OR_RETURN(descriptor_.fences, WriteExtent(blob, kDataBlockBytes));
  }
  finished_ = true;
  return std::move(descriptor_);
}

}  // namespace driftdb::storage
