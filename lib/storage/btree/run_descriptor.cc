#include "storage/btree/run_descriptor.h"

#include "base/error.h"
#include "base/status_macros.h"

namespace driftdb::storage {

namespace {
constexpr uint64_t kRunDescriptorVersion = 1;
// Descriptors in the log and the directory name at most this many segments (128 GiB of leaves).
constexpr uint64_t kRunSegmentsMax = 1 << 17;
}  // namespace

bool RunDescriptor::fences_apart() const {
  bool apart = !fences.empty();
  for (const RunSegment& segment : segments) {
    apart = apart && segment.extent.granule != fences.granule;
  }
  return apart;
}

std::vector<ExtentRef> RunDescriptor::Extents() const {
  std::vector<ExtentRef> extents;
  extents.reserve(segments.size() + 1);
  for (const RunSegment& segment : segments) extents.push_back(segment.extent);
  if (fences_apart()) extents.push_back(fences);
  return extents;
}

void RunDescriptor::Serialize(Encoder* out) const {
  out->Varint(kRunDescriptorVersion);
  out->Varint(id);
  out->Varint(level);
  out->Varint(segments.size());
  for (const RunSegment& segment : segments) {
    out->Fixed(segment.extent);
    out->Varint(segment.pages);
    out->Varint(segment.entries);
    out->Varint(segment.anti_entries);
    out->Varint(segment.keys);
  }
  out->Fixed(fences);
  out->Varint(fence_offset);
  out->Varint(fence_bytes);
}

Result<RunDescriptor> RunDescriptor::Deserialize(Decoder* in) {
  RunDescriptor run;
  const uint64_t version = in->Varint();
  if (!in->ok() || version != kRunDescriptorVersion) {
    return DataLossError("index run: descriptor has version {}", version);
  }
  run.id = in->Varint();
  run.level = static_cast<uint32_t>(in->Varint());
  const uint64_t segments = in->Varint();
  if (!in->ok() || segments == 0 || segments > kRunSegmentsMax) {
    return DataLossError("index run {}: descriptor has {} segments", run.id, segments);
  }
  for (uint64_t i = 0; i < segments; ++i) {
    RunSegment segment;
    segment.extent = in->Fixed<ExtentRef>();
    segment.pages = static_cast<uint32_t>(in->Varint());
    segment.entries = static_cast<uint32_t>(in->Varint());
    segment.anti_entries = static_cast<uint32_t>(in->Varint());
    segment.keys = static_cast<uint32_t>(in->Varint());
    if (!in->ok() || segment.extent.empty() || segment.pages == 0 || segment.pages > 255 ||
        segment.extent.block_bytes != kIndexBlockBytes ||
        segment.extent.payload_bytes < uint64_t{segment.pages} * kIndexBlockBytes) {
      return DataLossError("index run {}: segment {} of the descriptor is damaged", run.id, i);
    }
    run.segments.push_back(segment);
  }
  run.fences = in->Fixed<ExtentRef>();
  run.fence_offset = in->Varint();
  run.fence_bytes = in->Varint();
  DRIFTDB_RETURN_IF_ERROR(in->status("index run descriptor"));
  if (run.fences.empty() || run.fence_offset > run.fences.payload_bytes ||
      run.fence_bytes > run.fences.payload_bytes - run.fence_offset) {
    return DataLossError("index run {}: fences lie outside their extent", run.id);
  }
  return run;
}

}  // namespace driftdb::storage
