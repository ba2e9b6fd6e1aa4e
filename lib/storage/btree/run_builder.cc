#include "storage/btree/run_builder.h"

#include "base/check.h"
#include "base/coding.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "storage/btree/run.h"

namespace driftdb::storage {

RunBuilder::RunBuilder(ExtentStore* store, MemoryAccountant* memory,
                       const RunBuilderOptions& options)
    : store_(store), memory_(memory, "index build"), page_(options.fingerprints) {
  if (options.expected_keys > 0) filter_.Resize(options.expected_keys);
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

Status RunBuilder::AddFence(std::string_view key, RowId rid) {
  const size_t shared = CommonPrefix(last_fence_key_, key);
  Encoder out(&fences_);
  out.Varint(shared);
  out.Bytes(key.substr(shared));
  out.Varint(rid.value);
  last_fence_key_.assign(key);
  ++fence_count_;
  return memory_.Resize((kRunSegmentPages + 1) * kIndexBlockBytes + fences_.capacity() +
                        filter_.memory_bytes());
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
  DRIFTDB_CHECK_OR_RETURN(
      entries_ == 0 || CompareEntries(last_key_, last_rid_, run.fence_key(first_page),
                                      run.fence_rid(first_page)) < 0,
      "index build: segments are out of order");
  DRIFTDB_CHECK_OR_RETURN(filter_.empty(),
                          "index build: a reused segment has no keys for the filter");
  for (size_t page = first_page; page < first_page + from.pages; ++page) {
    DRIFTDB_RETURN_IF_ERROR(AddFence(run.fence_key(page), run.fence_rid(page)));
  }
  descriptor_.segments.push_back(from);
  entries_ += from.entries;
  // The last entry: needed for the order of what follows and as the largest key.
  PinnedBytes bytes;
  LeafPage leaf;
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
  std::string blob;
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
