#include "storage/btree/merge_job.h"

#include "base/status_macros.h"

namespace driftdb::storage {

namespace {
// Segments smaller than this are copied when a merge passes them, so that they do not pile up.
constexpr uint32_t kMergeReusePagesMin = kRunSegmentPages / 4;

RunBuilderOptions MergeBuilderOptions(const MergeJob::Input& input) {
  RunBuilderOptions options;
  options.fingerprints = input.unique;
  if (!input.to_base) {
    for (const auto& run : input.runs) options.expected_keys += run->descriptor().keys();
  }
  return options;
}
}  // namespace

MergeJob::MergeJob(const IndexContext& context, Input input)
    : input_(std::move(input)),
      merged_(false),
      builder_(context.store, context.memory, MergeBuilderOptions(input_)) {}

Result<std::unique_ptr<MergeJob>> MergeJob::Start(const IndexContext& context, Input input) {
  std::unique_ptr<MergeJob> job(new MergeJob(context, std::move(input)));
  for (const auto& run : job->input_.older) DRIFTDB_RETURN_IF_ERROR(run->Load());
  for (const auto& run : job->input_.runs) {
    auto source = std::make_unique<RunSource>(run, false, true);
    DRIFTDB_RETURN_IF_ERROR(source->Seek(DeltaBound{{}, RowId(0), true}));
    job->base_ = source.get();
    job->merged_.Add(std::move(source));
  }
  if (!job->input_.to_base) job->base_ = nullptr;
  DRIFTDB_RETURN_IF_ERROR(job->merged_.Start());
  return job;
}

bool MergeJob::OlderMayContain(std::string_view key) const {
  const uint64_t hash = KeyHash(key);
  for (const auto& run : input_.older) {
    if (run->MayContain(key, hash)) return true;
  }
  return false;
}

uint64_t MergeJob::PagesRead() const {
  uint64_t pages = 0;
  for (size_t i = 0; i < merged_.size(); ++i) {
    pages +=
        static_cast<const RunSource*>(const_cast<MergedSource&>(merged_).source(i))->pages_read();
  }
  return pages;
}

// Names the base's segment again when it starts here and no run has an entry before its end.
Result<bool> MergeJob::TryReuseSegment() {
  size_t segment;
  if (base_ == nullptr || !base_->AtSegmentStart(&segment)) return false;
  const BtreeRun& run = base_->run();
  const RunSegment& from = run.descriptor().segments[segment];
  if (from.anti_entries > 0 || from.pages < kMergeReusePagesMin) return false;
  const size_t first_page = run.segment_first_page(segment);
  const size_t end_page = first_page + from.pages;
  for (size_t i = 0; i < merged_.size(); ++i) {
    const EntrySource* other = merged_.source(i);
    if (other == base_ || !other->valid) continue;
    // Beyond the last page of the run only keys above its largest one are surely outside.
    const bool above = end_page < run.page_count()
                           ? CompareEntries(other->key, other->rid, run.fence_key(end_page),
                                            run.fence_rid(end_page)) >= 0
                           : CompareKeys(other->key, run.largest_key()) > 0;
    if (!above) return false;
  }
  DRIFTDB_RETURN_IF_ERROR(builder_.AddSegment(run, segment, first_page));
  DRIFTDB_RETURN_IF_ERROR(base_->SkipSegment());
  DRIFTDB_RETURN_IF_ERROR(merged_.Start());
  return true;
}

Result<bool> MergeJob::Step(uint64_t budget_bytes, MergePolicy* policy) {
  const uint64_t limit = PagesRead() + std::max<uint64_t>(1, budget_bytes / kIndexBlockBytes);
  uint64_t since_look = 0;
  while (merged_.valid) {
    if ((++since_look & 255) == 0 && PagesRead() >= limit) return false;
    DRIFTDB_ASSIGN_OR_RETURN(const bool reused, TryReuseSegment());
    if (reused) continue;
    const bool anti = merged_.state == EntryState::kAnti;
    const bool forget = anti && !input_.frozen_below &&
                        (input_.to_base || !OlderMayContain(merged_.key)) &&
                        policy->MayForget(merged_.key, merged_.rid);
    if (!forget) {
      DRIFTDB_RETURN_IF_ERROR(builder_.Add(merged_.key, merged_.rid, anti));
    }
    DRIFTDB_RETURN_IF_ERROR(merged_.Advance());
  }
  return true;
}

Result<RunDescriptor> MergeJob::Finish() {
  DRIFTDB_ASSIGN_OR_RETURN(RunDescriptor run, builder_.Finish());
  run.level = input_.level;
  return run;
}

}  // namespace driftdb::storage
