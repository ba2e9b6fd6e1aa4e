#include "storage/btree/bulk_build.h"

#include <cstring>

#include "base/check.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "storage/btree/bulk_sort.h"
#include "storage/btree/entry_source.h"
#include "storage/btree/run_builder.h"
#include "storage/page/growing_buffer.h"

namespace driftdb::storage {

namespace {

constexpr size_t kBulkBytesMin = size_t{1} << 20;
constexpr size_t kBulkShortKeyMax = 9;
constexpr size_t kBulkFanIn = 64;
constexpr size_t kBulkSegmentBytes = size_t{kRunSegmentPages} * kIndexBlockBytes;

bool BulkKeyIsShort(std::string_view key) {
  return !key.empty() && key.size() <= kBulkShortKeyMax && key[0] == static_cast<char>(kKeyNotNull);
}

// Adds entries in order and finds duplicate keys.
class BulkOutput {
 public:
  BulkOutput(ExtentStore* store, MemoryAccountant* memory, const BulkBuildOptions& options,
             uint64_t filter_keys, std::string* duplicate)
      : builder_(store, memory, {filter_keys, options.unique}),
        encoder_(options.reject_duplicates),
        duplicate_(duplicate) {}

  Status Add(std::string_view key, RowId rid, bool anti) {
    if (encoder_ != nullptr) {
      if (builder_.entries() > 0 && key == last_) {
        DRIFTDB_ASSIGN_OR_RETURN(const bool has_null, encoder_->HasNull(key));
        if (!has_null) {
          duplicate_->assign(key);
          return Error(sqlstate::kUniqueViolation, "index build: a key occurs more than once");
        }
      }
      last_.assign(key);
    }
    return builder_.Add(key, rid, anti);
  }
  Result<RunDescriptor> Finish() { return builder_.Finish(); }

 private:
  RunBuilder builder_;
  const KeyEncoder* encoder_;
  std::string* duplicate_;
  std::string last_;
};

// One pass over at most kBulkFanIn runs, page by page when whole segments do not fit the budget.
Result<RunDescriptor> MergeBulkRuns(ExtentStore* store, MemoryAccountant* memory,
                                    const std::vector<RunDescriptor>& runs,
                                    const BulkBuildOptions& options, std::string* duplicate) {
  MergedSource merged(false);
  uint64_t keys = 0;
  const bool sequential = runs.size() * kBulkSegmentBytes * 2 <= options.memory_bytes;
  for (const RunDescriptor& descriptor : runs) {
    keys += descriptor.keys();
    auto run = std::make_shared<BtreeRun>(store, memory, descriptor, false,
                                          std::vector<std::shared_ptr<const BtreeRun>>());
    auto source = std::make_unique<RunSource>(std::move(run), false, sequential);
    DRIFTDB_RETURN_IF_ERROR(source->Seek(DeltaBound{{}, RowId(0), true}));
    merged.Add(std::move(source));
  }
  DRIFTDB_RETURN_IF_ERROR(merged.Start());
  BulkOutput output(store, memory, options, options.filter ? keys : 0, duplicate);
  while (merged.valid) {
    DRIFTDB_RETURN_IF_ERROR(output.Add(merged.key, merged.rid, merged.state == EntryState::kAnti));
    DRIFTDB_RETURN_IF_ERROR(merged.Advance());
  }
  return output.Finish();
}

}  // namespace

void ReleaseRun(ExtentStore* store, const RunDescriptor& run) {
  // By destructors too: without an allocation.
  for (const RunSegment& segment : run.segments) store->Release(segment.extent, true);
  if (run.fences_apart()) store->Release(run.fences, true);
}

Result<RunDescriptor> MergeRuns(ExtentStore* store, MemoryAccountant* memory,
                                std::vector<RunDescriptor> runs, const BulkBuildOptions& options,
                                std::string* duplicate_key) {
  while (runs.size() > 1) {
    BulkBuildOptions pass = options;
    pass.filter = options.filter && runs.size() <= kBulkFanIn;  // of the last pass
    std::vector<RunDescriptor> next;
    Status failed;
    size_t at = 0;
    for (; at < runs.size() && failed.ok(); at += kBulkFanIn) {
      const std::vector<RunDescriptor> group(
          runs.begin() + static_cast<ptrdiff_t>(at),
          runs.begin() + static_cast<ptrdiff_t>(std::min(at + kBulkFanIn, runs.size())));
      if (group.size() == 1) {
        next.push_back(group[0]);
        continue;
      }
      Result<RunDescriptor> merged = MergeBulkRuns(store, memory, group, pass, duplicate_key);
      if (!merged.ok()) {
        failed = merged.status();
        break;
      }
      for (const RunDescriptor& run : group) ReleaseRun(store, run);
      next.push_back(*std::move(merged));
    }
    if (!failed.ok()) {
      for (const RunDescriptor& run : next) ReleaseRun(store, run);
      for (; at < runs.size(); ++at) ReleaseRun(store, runs[at]);
      return failed;
    }
    runs = std::move(next);
  }
  return runs.empty() ? RunDescriptor() : std::move(runs[0]);
}

struct BulkIndexBuilder::State {
  State(ExtentStore* extent_store, MemoryAccountant* accountant,
        const BulkBuildOptions& build_options)
      : store(extent_store),
        memory(accountant),
        options(build_options),
        budget(std::max(build_options.memory_bytes, kBulkBytesMin)),
        entries(accountant, "index build"),
        scratch(accountant, "index build"),
        heap(accountant, "index build"),
        output(accountant, "index build") {}

  ExtentStore* store;
  MemoryAccountant* memory;
  BulkBuildOptions options;
  size_t budget;
  bool long_keys = false;
  size_t count = 0;       // entries collected
  size_t limit = 0;       // entries there is room for
  size_t heap_bytes = 0;  // of long keys
  size_t heap_limit = 0;
  GrowingBuffer entries, scratch, heap;
  // What writing a full buffer needs, held so that the buffers cannot take it.
  MemoryReservation output;
  std::vector<RunDescriptor> spilled;
  std::string duplicate;

  size_t entry_bytes() const { return long_keys ? sizeof(BulkLongEntry) : sizeof(BulkShortEntry); }
  template <typename Entry>
  static Entry* As(GrowingBuffer* buffer) {
    return reinterpret_cast<Entry*>(buffer->data());
  }

  Status Append(std::string_view key, RowId rid);
  Status MakeRoom(size_t key_bytes);
  Status Extend(size_t key_bytes);
  Status Widen();
  Status Spill();
  Status WriteShort(BulkOutput* to);
  Status WriteLong(BulkOutput* to);
  // `filter_keys`: as RunBuilderOptions::expected_keys.
  Result<RunDescriptor> Write(uint64_t filter_keys);
  void CloseBuffers();
};

// Room for one entry more and its key.
Status BulkIndexBuilder::State::Extend(size_t key_bytes) {
  if (!entries.is_open()) {
    DRIFTDB_RETURN_IF_ERROR(entries.Open(budget));
    DRIFTDB_RETURN_IF_ERROR(scratch.Open(budget));
    DRIFTDB_RETURN_IF_ERROR(heap.Open(budget));
  }
  if (output.bytes() == 0) DRIFTDB_RETURN_IF_ERROR(output.Resize(RunBuilder::kWorkingBytes));
  DRIFTDB_RETURN_IF_ERROR(entries.Extend((count + 1) * entry_bytes()));
  DRIFTDB_RETURN_IF_ERROR(scratch.Extend((count + 1) * entry_bytes()));
  if (long_keys) DRIFTDB_RETURN_IF_ERROR(heap.Extend(heap_bytes + key_bytes));
  limit = std::min(entries.size(), scratch.size()) / entry_bytes();
  heap_limit = heap.size();
  return OkStatus();
}

// Within the budget and what the accountant grants; a buffer that cannot grow is spilled, and its
// memory serves the next one.
Status BulkIndexBuilder::State::MakeRoom(size_t key_bytes) {
  const size_t bytes = 2 * (count + 1) * entry_bytes() + heap_bytes + key_bytes;
  Status status;
  if (bytes <= budget) {
    status = Extend(key_bytes);
    if (status.ok()) return status;
  }
  if (count == 0) return status;
  DRIFTDB_RETURN_IF_ERROR(Spill());
  return Extend(key_bytes);
}

// Turns short entries into long ones when the first long key comes.
Status BulkIndexBuilder::State::Widen() {
  DRIFTDB_RETURN_IF_ERROR(Spill());
  long_keys = true;
  limit = 0;
  return OkStatus();
}

Status BulkIndexBuilder::State::Append(std::string_view key, RowId rid) {
  if (key.size() > kKeyBytesMax) {
    return Error(sqlstate::kProgramLimitExceeded,
                 "index key of {} bytes exceeds the maximum of {} bytes", key.size(), kKeyBytesMax);
  }
  if (!long_keys && !BulkKeyIsShort(key)) [[unlikely]]
    DRIFTDB_RETURN_IF_ERROR(Widen());
  if (count >= limit || (long_keys && heap_bytes + key.size() > heap_limit)) [[unlikely]] {
    DRIFTDB_RETURN_IF_ERROR(MakeRoom(key.size()));
  }
  const uint64_t length_rid = static_cast<uint64_t>(key.size()) << 48 | rid.value;
  if (long_keys) {
    As<BulkLongEntry>(&entries)[count++] = {KeyHint(key), length_rid, heap_bytes};
    if (!key.empty()) std::memcpy(heap.data() + heap_bytes, key.data(), key.size());
    heap_bytes += key.size();
  } else {
    As<BulkShortEntry>(&entries)[count++] = {KeyHint(key), length_rid};
  }
  return OkStatus();
}

Status BulkIndexBuilder::State::WriteShort(BulkOutput* to) {
  const BulkShortEntry* sorted = SortEntries(
      As<BulkShortEntry>(&entries), count, As<BulkShortEntry>(&scratch),
      [](const BulkShortEntry& a, const BulkShortEntry& b) { return a.length_rid < b.length_rid; });
  char key[kBulkShortKeyMax + 7];
  key[0] = static_cast<char>(kKeyNotNull);
  for (size_t i = 0; i < count; ++i) {
    const uint64_t big = __builtin_bswap64(sorted[i].hint);
    std::memcpy(key + 1, &big, 8);
    DRIFTDB_RETURN_IF_ERROR(to->Add({key, static_cast<size_t>(sorted[i].length_rid >> 48)},
                                    RowId(sorted[i].length_rid & kRowIdMax), false));
  }
  return OkStatus();
}

Status BulkIndexBuilder::State::WriteLong(BulkOutput* to) {
  const char* const keys = heap.data();
  const auto key_of = [keys](const BulkLongEntry& entry) {
    return std::string_view(keys + entry.offset, static_cast<size_t>(entry.length_rid >> 48));
  };
  const BulkLongEntry* sorted =
      SortEntries(As<BulkLongEntry>(&entries), count, As<BulkLongEntry>(&scratch),
                  [&](const BulkLongEntry& a, const BulkLongEntry& b) {
                    return CompareEntries(key_of(a), RowId(a.length_rid & kRowIdMax), key_of(b),
                                          RowId(b.length_rid & kRowIdMax)) < 0;
                  });
  for (size_t i = 0; i < count; ++i) {
    if (i + 16 < count) __builtin_prefetch(keys + sorted[i + 16].offset);
    DRIFTDB_RETURN_IF_ERROR(
        to->Add(key_of(sorted[i]), RowId(sorted[i].length_rid & kRowIdMax), false));
  }
  return OkStatus();
}

// Sorts the buffer and writes it as a run; the buffer is empty afterwards.
Result<RunDescriptor> BulkIndexBuilder::State::Write(uint64_t filter_keys) {
  output.ReleaseAll();
  BulkOutput to(store, memory, options, filter_keys, &duplicate);
  DRIFTDB_RETURN_IF_ERROR(long_keys ? WriteLong(&to) : WriteShort(&to));
  count = 0;
  heap_bytes = 0;
  return to.Finish();
}

void BulkIndexBuilder::State::CloseBuffers() {
  entries.Close();
  scratch.Close();
  heap.Close();
  output.ReleaseAll();
  limit = 0;
  heap_limit = 0;
}

Status BulkIndexBuilder::State::Spill() {
  if (count == 0) return OkStatus();
  DRIFTDB_ASSIGN_OR_RETURN(RunDescriptor run, Write(0));  // merged, never probed
  spilled.push_back(std::move(run));
  return OkStatus();
}

BulkIndexBuilder::BulkIndexBuilder(ExtentStore* store, MemoryAccountant* memory,
                                   const BulkBuildOptions& options)
    : state_(std::make_unique<State>(store, memory, options)) {}

BulkIndexBuilder::~BulkIndexBuilder() {
  for (const RunDescriptor& run : state_->spilled) ReleaseRun(state_->store, run);
}

const std::string& BulkIndexBuilder::duplicate_key() const { return state_->duplicate; }
size_t BulkIndexBuilder::spilled_runs() const { return state_->spilled.size(); }

Status BulkIndexBuilder::Add(std::string_view key, RowId rid) { return state_->Append(key, rid); }

Status BulkIndexBuilder::AddBatch(const KeyBatch& keys, const RowId* rids) {
  for (size_t i = 0; i < keys.size(); ++i) {
    DRIFTDB_RETURN_IF_ERROR(state_->Append(keys[i], rids[i]));
  }
  return OkStatus();
}

Result<RunDescriptor> BulkIndexBuilder::Finish() {
  if (state_->spilled.empty()) {
    Result<RunDescriptor> run = state_->Write(state_->options.filter ? state_->count : 0);
    state_->CloseBuffers();
    return run;
  }
  DRIFTDB_RETURN_IF_ERROR(state_->Spill());
  state_->CloseBuffers();  // they make room for the merge
  std::vector<RunDescriptor> runs = std::move(state_->spilled);
  state_->spilled.clear();
  return MergeRuns(state_->store, state_->memory, std::move(runs), state_->options,
                   &state_->duplicate);
}

}  // namespace driftdb::storage
