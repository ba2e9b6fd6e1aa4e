#include "storage/btree/bulk_build.h"

#include <cstring>

#include "base/check.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "storage/btree/bulk_sort.h"
#include "storage/btree/entry_source.h"
#include "storage/btree/run_builder.h"

namespace driftdb::storage {

namespace {

constexpr size_t kBulkBytesMin = size_t{1} << 20;
constexpr size_t kBulkFirstEntries = 4096;
constexpr size_t kBulkShortKeyMax = 9;
constexpr size_t kBulkFanIn = 16;
constexpr size_t kBulkSegmentBytes = size_t{kRunSegmentPages} * kIndexBlockBytes;

bool BulkKeyIsShort(std::string_view key) {
  return !key.empty() && key.size() <= kBulkShortKeyMax && key[0] == static_cast<char>(kKeyNotNull);
}

// Adds entries in order and finds duplicate keys.
class BulkOutput {
 public:
  BulkOutput(ExtentStore* store, MemoryAccountant* memory, const BulkBuildOptions& options,
             uint64_t expected, std::string* duplicate)
      : builder_(store, memory, BuilderOptions(options, expected)),
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
  static RunBuilderOptions BuilderOptions(const BulkBuildOptions& options, uint64_t expected) {
    RunBuilderOptions to;
    to.fingerprints = options.unique;
    to.expected_keys = options.filter ? expected : 0;
    return to;
  }
  RunBuilder builder_;
  const KeyEncoder* encoder_;
  std::string* duplicate_;
  std::string last_;
};

// One pass over at most kBulkFanIn runs.
Result<RunDescriptor> MergeBulkRuns(ExtentStore* store, MemoryAccountant* memory,
                                    const std::vector<RunDescriptor>& runs,
                                    const BulkBuildOptions& options, std::string* duplicate) {
  MergedSource merged(false);
  uint64_t expected = 0;
  const bool sequential = runs.size() * kBulkSegmentBytes * 2 <= options.memory_bytes;
  for (const RunDescriptor& descriptor : runs) {
    expected += descriptor.keys();
    auto run = std::make_shared<BtreeRun>(store, memory, descriptor, false,
                                          std::vector<std::shared_ptr<const BtreeRun>>());
    auto source = std::make_unique<RunSource>(std::move(run), false, sequential);
    DRIFTDB_RETURN_IF_ERROR(source->Seek(DeltaBound{{}, RowId(0), true}));
    merged.Add(std::move(source));
  }
  DRIFTDB_RETURN_IF_ERROR(merged.Start());
  BulkOutput output(store, memory, options, expected, duplicate);
  while (merged.valid) {
    DRIFTDB_RETURN_IF_ERROR(output.Add(merged.key, merged.rid, merged.state == EntryState::kAnti));
    DRIFTDB_RETURN_IF_ERROR(merged.Advance());
  }
  return output.Finish();
}

}  // namespace

void ReleaseRun(ExtentStore* store, const RunDescriptor& run) {
  for (const ExtentRef& extent : run.Extents()) store->Release(extent, true);
}

Result<RunDescriptor> MergeRuns(ExtentStore* store, MemoryAccountant* memory,
                                std::vector<RunDescriptor> runs, const BulkBuildOptions& options,
                                std::string* duplicate_key) {
  while (runs.size() > 1) {
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
      Result<RunDescriptor> merged = MergeBulkRuns(store, memory, group, options, duplicate_key);
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
        reservation(accountant, "index build"),
        budget(std::max(build_options.memory_bytes, kBulkBytesMin)) {}

  ExtentStore* store;
  MemoryAccountant* memory;
  BulkBuildOptions options;
  MemoryReservation reservation;
  size_t budget;
  size_t limit = 0;  // entries the reserved buffers take
  bool long_keys = false;
  std::vector<BulkShortEntry> short_entries, short_scratch;
  std::vector<BulkLongEntry> long_entries, long_scratch;
  std::string heap;
  std::vector<RunDescriptor> spilled;
  std::string duplicate;

  size_t count() const { return long_keys ? long_entries.size() : short_entries.size(); }
  size_t entry_bytes() const {
    return 2 * (long_keys ? sizeof(BulkLongEntry) : sizeof(BulkShortEntry));
  }

  Status Append(std::string_view key, RowId rid);
  Status MakeRoom(size_t key_bytes);
  Status Widen();
  Status Spill();
  Result<RunDescriptor> Write();
};

// Doubles the buffers within the budget; a buffer that cannot grow is spilled.
Status BulkIndexBuilder::State::MakeRoom(size_t key_bytes) {
  const size_t heap_bytes = long_keys ? std::max(heap.capacity(), heap.size() + key_bytes) : 0;
  size_t want = std::max(kBulkFirstEntries, 2 * count());
  size_t heap_want = long_keys ? std::max(2 * heap_bytes, kBulkFirstEntries * 16) : 0;
  if (want * entry_bytes() + heap_want > budget) {
    want = count() + count() / 4;
    heap_want = heap_bytes + heap_bytes / 4;
  }
  const size_t bytes = want * entry_bytes() + heap_want;
  // Growing copies: old and new buffers exist together for a moment, and both are reserved then.
  if (bytes <= budget && reservation.Resize(bytes + reservation.bytes()).ok()) {
    if (long_keys) {
      long_entries.reserve(want);
      heap.reserve(heap_want);
    } else {
      short_entries.reserve(want);
    }
    limit = want;
    return reservation.Resize(bytes);
  }
  if (count() > 0) return Spill();
  return reservation.Resize(kBulkFirstEntries * entry_bytes() + heap_want);
}

// Turns short entries into long ones when the first long key comes.
Status BulkIndexBuilder::State::Widen() {
  if (!short_entries.empty()) DRIFTDB_RETURN_IF_ERROR(Spill());
  short_entries = {};
  short_scratch = {};
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
  if (count() >= limit || (long_keys && heap.size() + key.size() > heap.capacity())) [[unlikely]] {
    DRIFTDB_RETURN_IF_ERROR(MakeRoom(key.size()));
  }
  const uint64_t length_rid = static_cast<uint64_t>(key.size()) << 48 | rid.value;
  if (long_keys) {
    long_entries.push_back(BulkLongEntry{KeyHint(key), length_rid, heap.size()});
    heap.append(key);
  } else {
    short_entries.push_back(BulkShortEntry{KeyHint(key), length_rid});
  }
  return OkStatus();
}

// Sorts the buffer and writes it as a run; the buffer is empty afterwards.
Result<RunDescriptor> BulkIndexBuilder::State::Write() {
  BulkOutput output(store, memory, options, count(), &duplicate);
  if (!long_keys) {
    SortEntries(&short_entries, &short_scratch,
                [](const BulkShortEntry& a, const BulkShortEntry& b) {
                  return a.length_rid < b.length_rid;
                });
    char key[kBulkShortKeyMax + 7];
    key[0] = static_cast<char>(kKeyNotNull);
    for (const BulkShortEntry& entry : short_entries) {
      const uint64_t big = __builtin_bswap64(entry.hint);
      std::memcpy(key + 1, &big, 8);
      DRIFTDB_RETURN_IF_ERROR(output.Add({key, static_cast<size_t>(entry.length_rid >> 48)},
                                         RowId(entry.length_rid & kRowIdMax), false));
    }
    short_entries.clear();
    return output.Finish();
  }
  const auto key_of = [this](const BulkLongEntry& entry) {
    return std::string_view(heap.data() + entry.offset,
                            static_cast<size_t>(entry.length_rid >> 48));
  };
  SortEntries(&long_entries, &long_scratch, [&](const BulkLongEntry& a, const BulkLongEntry& b) {
    return CompareEntries(key_of(a), RowId(a.length_rid & kRowIdMax), key_of(b),
                          RowId(b.length_rid & kRowIdMax)) < 0;
  });
  for (size_t i = 0; i < long_entries.size(); ++i) {
    if (i + 16 < long_entries.size()) __builtin_prefetch(heap.data() + long_entries[i + 16].offset);
    const BulkLongEntry& entry = long_entries[i];
    DRIFTDB_RETURN_IF_ERROR(output.Add(key_of(entry), RowId(entry.length_rid & kRowIdMax), false));
  }
  long_entries.clear();
  heap.clear();
  return output.Finish();
}

Status BulkIndexBuilder::State::Spill() {
  if (count() == 0) return OkStatus();
  DRIFTDB_ASSIGN_OR_RETURN(RunDescriptor run, Write());
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
  if (state_->spilled.empty()) return state_->Write();
  DRIFTDB_RETURN_IF_ERROR(state_->Spill());
  // The buffers make room for the merge.
  state_->short_entries = {};
  state_->short_scratch = {};
  state_->long_entries = {};
  state_->long_scratch = {};
  state_->heap = {};
  state_->reservation.ReleaseAll();
  std::vector<RunDescriptor> runs = std::move(state_->spilled);
  state_->spilled.clear();
  return MergeRuns(state_->store, state_->memory, std::move(runs), state_->options,
                   &state_->duplicate);
}

}  // namespace driftdb::storage
