// Background side of an index: which runs merge when (C22), and putting the result into the list.
#include <algorithm>

#include "base/check.h"
#include "base/status_macros.h"
#include "storage/btree/component_list.h"
#include "storage/btree/index.h"
#include "storage/btree/merge_job.h"

namespace driftdb::storage {

// Parts [first, last) of a list become one run, or the base.
struct Index::MergePlan {
  size_t first = 0;
  size_t last = 0;
  bool to_base = false;
  uint32_t level = 0;
};

namespace {

constexpr size_t kRunsPerLevel = 4;
constexpr size_t kRunsMax = 16;
constexpr uint64_t kRunBytesMin = uint64_t{4} << 20;
constexpr uint64_t kRunBytesMax = uint64_t{64} << 20;

// A run that merges may touch (BT-12).
bool MergeableRun(const IndexComponent& part) {
  return part.run != nullptr && !part.run->is_base() && part.run->pending().value == 0;
}

}  // namespace

bool Index::PlanMerge(const ComponentList& list, MergePlan* plan) const {
  const std::vector<IndexComponent>& parts = list.parts;
  const size_t runs_end = list.base() != nullptr ? parts.size() - 1 : parts.size();
  size_t oldest = runs_end;  // the stretch of runs directly above the base
  uint64_t bytes = 0;
  while (oldest > 1 && MergeableRun(parts[oldest - 1])) {
    --oldest;
    bytes += parts[oldest].run->descriptor().disk_bytes();
  }
  const uint64_t base_bytes = list.base() != nullptr ? list.base()->descriptor().disk_bytes() : 0;
  if (bytes > std::clamp(base_bytes / 10, kRunBytesMin, kRunBytesMax)) {
    *plan = MergePlan{oldest, parts.size(), true, 0};
    return true;
  }
  if (runs_end - oldest > kRunsMax) {
    uint32_t level = 0;
    for (size_t i = oldest; i < runs_end; ++i) {
      level = std::max(level, parts[i].run->descriptor().level);
    }
    *plan = MergePlan{oldest, runs_end, false, level};
    return true;
  }
  // Four neighbours of one level; the oldest such stretch first would starve the small ones, so
  // newest first.
  for (size_t first = 1; first < runs_end;) {
    size_t last = first;
    while (last < runs_end && MergeableRun(parts[last]) &&
           parts[last].run->descriptor().level == parts[first].run->descriptor().level) {
      ++last;
    }
    if (last - first >= kRunsPerLevel) {
      *plan = MergePlan{first, last, false, parts[first].run->descriptor().level + 1};
      return true;
    }
    first = std::max(last, first + 1);
  }
  return false;
}

bool Index::NeedsMerge() const {
  const std::shared_ptr<const ComponentList> list = List();
  MergePlan plan;
  return PlanMerge(*list, &plan);
}

Result<bool> Index::MergeStep(uint64_t budget_bytes, MergePolicy* policy) {
  platform::MutexLock maintenance(&maintenance_);
  if (job_ == nullptr) {
    const std::shared_ptr<const ComponentList> list = List();
    MergePlan plan;
    if (!PlanMerge(*list, &plan)) return false;
    MergeJob::Input input;
    input.to_base = plan.to_base;
    input.level = plan.level;
    input.unique = options_.unique;
    for (size_t i = plan.first; i < list->parts.size(); ++i) {
      if (i < plan.last) {
        input.runs.push_back(list->parts[i].run);
      } else if (list->parts[i].run != nullptr) {
        input.older.push_back(list->parts[i].run);
      } else {
        input.frozen_below = true;
      }
    }
    DRIFTDB_ASSIGN_OR_RETURN(job_, MergeJob::Start(context_, std::move(input)));
  }
  Result<bool> done = job_->Step(budget_bytes, policy);
  if (!done.ok()) {
    job_.reset();
    return std::move(done).status();
  }
  if (!*done) return true;
  DRIFTDB_RETURN_IF_ERROR(InstallMerged());
  return NeedsMerge();
}

Status Index::InstallMerged() {
  const std::unique_ptr<MergeJob> job = std::move(job_);
  DRIFTDB_ASSIGN_OR_RETURN(RunDescriptor descriptor, job->Finish());
  const MergeJob::Input& input = job->input();
  {
    platform::MutexLock lock(&mutex_);
    std::shared_ptr<const BtreeRun> run;
    if (!descriptor.segments.empty()) {
      descriptor.id = next_run_id_++;
      run = std::make_shared<BtreeRun>(context_.store, context_.memory, std::move(descriptor),
                                       input.to_base, input.runs);
    }
    auto list = std::make_shared<ComponentList>();
    for (const IndexComponent& part : list_owner_->parts) {
      if (part.run != nullptr && part.run == input.runs.front() && run != nullptr) {
        list->parts.push_back({nullptr, run});
      }
      if (part.run == nullptr ||
          std::find(input.runs.begin(), input.runs.end(), part.run) == input.runs.end()) {
        list->parts.push_back(part);
      }
    }
    Publish(std::move(list));
    for (const auto& old : input.runs) old->Doom(run.get(), false);
  }
  FreeRetired();
  return OkStatus();
}

}  // namespace driftdb::storage
