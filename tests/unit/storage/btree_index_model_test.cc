// Goal: an index answers like a std::map of (key, row id) -> state, whatever is frozen, flushed,
// merged, reopened or rolled back in between. Method: random operations of a few transactions with
// row locks (BT-3), against a model that knows committed and own states. A missing candidate is a
// failure; extra candidates are allowed only where BT-2 allows them (rows whose newest state is
// "none").
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include <catch2/catch.hpp>

#include "storage/btree/bulk_build.h"
#include "storage/btree/index.h"
#include "storage/btree/index_cursor.h"
#include "storage/memory_extent_store.h"

namespace driftdb::storage {
namespace {

using EntryKey = std::pair<std::string, uint64_t>;

struct ModelTxn {
  struct Step {
    EntryKey entry;
    EntryState previous;        // the index's answer
    EntryState model_previous;  // what the model had
  };
  uint64_t id;
  std::vector<Step> steps;
};

class ModelFlushPolicy final : public FlushPolicy {
 public:
  explicit ModelFlushPolicy(const std::map<uint64_t, ModelTxn>* open) : open_(open) {}
  bool IsFlushable(TxnId txn) override { return open_->count(txn.value) == 0; }

 private:
  const std::map<uint64_t, ModelTxn>* open_;
};

// Forgets every anti-entry it may: the model's committed anti-entries are all settled.
class ModelMergePolicy final : public MergePolicy {
 public:
  explicit ModelMergePolicy(const std::map<EntryKey, uint64_t>* locks,
                            std::map<EntryKey, EntryState>* model)
      : locks_(locks), model_(model) {}
  bool MayForget(std::string_view key, RowId rid) override {
    const EntryKey entry(key, rid.value);
    if (locks_->count(entry) != 0) return false;
    const auto it = model_->find(entry);
    if (it == model_->end()) return true;
    if (it->second != EntryState::kAnti) return false;
    optional_.insert(entry);
    return true;
  }
  // Anti-entries that may be gone or not.
  std::set<EntryKey> optional_;

 private:
  const std::map<EntryKey, uint64_t>* locks_;
  std::map<EntryKey, EntryState>* model_;
};

class IndexModel {
 public:
  explicit IndexModel(uint32_t seed, bool integer_keys) : rng_(seed), integer_keys_(integer_keys) {
    index_ = *Index::Create(Context(), Options());
  }
  IndexContext Context() { return {&store_, &memory_, &latches_}; }
  static IndexOptions Options() {
    IndexOptions options;
    options.storage = StorageId(7);
    options.unique = true;
    return options;
  }

  std::string RandomKey() {
    const uint64_t n = rng_() % 300;
    std::string key(1, '\x01');
    if (integer_keys_) {
      for (int shift = 56; shift >= 0; shift -= 8)
        key.push_back(static_cast<char>((n * 77) >> shift));
      return key;
    }
    switch (n % 4) {
      case 0:
        return key + "k" + std::to_string(n) + '\0';
      case 1:
        return key + std::string(n, 'x') + std::to_string(n) + '\0';
      case 2:
        return std::string(1, '\x02') + '\0' + std::to_string(n % 8);
      default:
        return key + "common prefix of some length " + std::to_string(n) + '\0';
    }
  }

  void Write() {
    const EntryKey entry(RandomKey(), 1 + rng_() % 40);
    ModelTxn* txn;
    const auto lock = locks_.find(entry);
    if (lock != locks_.end()) {
      txn = &open_[lock->second];
    } else {
      if (open_.size() < 3) {
        const uint64_t id = ++next_txn_;
        open_[id].id = id;
      }
      auto it = open_.begin();
      std::advance(it, static_cast<long>(rng_() % open_.size()));
      txn = &it->second;
      locks_[entry] = txn->id;
    }
    const EntryState before = Find(entry);
    const EntryState state = before == EntryState::kEntry ? EntryState::kAnti : EntryState::kEntry;
    Result<EntryState> previous =
        index_->Put(entry.first, RowId(entry.second), state, TxnId(txn->id));
    REQUIRE(previous.ok());
    txn->steps.push_back({entry, *previous, before});
    model_[entry] = state;
  }

  // All of it, or (savepoint) the last few steps.
  void Rollback(bool all) {
    if (open_.empty()) return;
    auto it = open_.begin();
    std::advance(it, static_cast<long>(rng_() % open_.size()));
    ModelTxn& txn = it->second;
    size_t keep = all ? 0 : txn.steps.size() / 2;
    while (txn.steps.size() > keep) {
      const ModelTxn::Step step = txn.steps.back();
      txn.steps.pop_back();
      index_->Undo(step.entry.first, RowId(step.entry.second), step.previous, TxnId(txn.id));
      if (step.model_previous == EntryState::kNone) {
        model_.erase(step.entry);
      } else {
        model_[step.entry] = step.model_previous;
      }
    }
    if (all) End(it);
  }
  void Commit() {
    if (open_.empty()) return;
    auto it = open_.begin();
    std::advance(it, static_cast<long>(rng_() % open_.size()));
    End(it);
  }
  void End(std::map<uint64_t, ModelTxn>::iterator it) {
    for (auto lock = locks_.begin(); lock != locks_.end();) {
      lock = lock->second == it->first ? locks_.erase(lock) : std::next(lock);
    }
    open_.erase(it);
  }

  void Flush() {
    ModelFlushPolicy policy(&open_);
    REQUIRE(index_->Flush(&policy).ok());
  }
  void Merge(uint64_t budget) {
    ModelMergePolicy policy(&locks_, &model_);
    Result<bool> more = index_->MergeStep(budget, &policy);
    REQUIRE(more.ok());
    for (const EntryKey& entry : policy.optional_) optional_.insert(entry);
  }
  void Attach() {
    // Fresh row ids, as a bulk load has.
    BulkIndexBuilder builder(&store_, &memory_, BulkBuildOptions());
    for (int i = 0; i < 50; ++i) {
      const EntryKey entry(RandomKey(), ++next_rid_);
      REQUIRE(builder.Add(entry.first, RowId(entry.second)).ok());
      model_[entry] = EntryState::kEntry;
    }
    Result<RunDescriptor> run = builder.Finish();
    REQUIRE(run.ok());
    REQUIRE(index_->AttachRun(*std::move(run), TxnId(0), rng_() % 2 == 0).ok());
  }
  // As after a clean close: everything is committed and flushed, then read from the directory
  // bytes.
  void Reopen() {
    while (!open_.empty()) Commit();
    REQUIRE(index_->PrepareRotate().ok());
    index_->Rotate();
    Flush();
    std::string bytes;
    index_->Serialize(&bytes);
    const size_t live = store_.live_extents();
    index_.reset();
    REQUIRE(store_.live_extents() <= live);
    Result<std::unique_ptr<Index>> opened = Index::Open(Context(), Options(), bytes);
    REQUIRE(opened.ok());
    index_ = *std::move(opened);
    REQUIRE(index_->Check().ok());
    REQUIRE(store_.live_extents() == index_->Extents().size());
  }
  void Step() {
    const uint64_t dice = rng_() % 1000;
    if (dice < 900) return Write();
    if (dice < 930) return Commit();
    if (dice < 945) return Rollback(true);
    if (dice < 960) return Rollback(false);
    if (dice < 975) return index_->Rotate();
    if (dice < 983) return Flush();
    if (dice < 996) return Merge(rng_() % 2 == 0 ? 1 : 1 << 30);
    if (dice < 998) return Attach();
    if (dice == 998) return Reopen();
    CheckAll();
  }

  EntryState Find(const EntryKey& entry) const {
    const auto it = model_.find(entry);
    return it == model_.end() ? EntryState::kNone : it->second;
  }

  void CheckAll() {
    for (const bool backward : {false, true}) {
      Result<std::unique_ptr<IndexCursor>> cursor = index_->Scan(KeyRange(), backward);
      REQUIRE(cursor.ok());
      std::map<EntryKey, EntryState> found;
      EntryKey last;
      for (; (*cursor)->Valid();) {
        const EntryKey entry((*cursor)->key(), (*cursor)->rid().value);
        if (!found.empty()) {
          const int order =
              CompareEntries(last.first, RowId(last.second), entry.first, RowId(entry.second));
          REQUIRE((backward ? order > 0 : order < 0));
        }
        found[entry] = (*cursor)->anti() ? EntryState::kAnti : EntryState::kEntry;
        last = entry;
        REQUIRE((*cursor)->Next().ok());
      }
      Compare(found);
    }
    std::map<EntryKey, EntryState> found;
    std::set<std::string> keys;
    for (const auto& [entry, state] : model_) keys.insert(entry.first);
    std::vector<std::string_view> batch(keys.begin(), keys.end());
    for (const std::string_view key : batch) {
      RowIdBuffer rids;
      REQUIRE(index_->Lookup(key, &rids).ok());
      for (const auto& item : rids) {
        REQUIRE(found
                    .emplace(EntryKey(key, item.rid.value),
                             item.anti ? EntryState::kAnti : EntryState::kEntry)
                    .second);
      }
    }
    Compare(found);
    struct Sink final : BatchSink {
      std::map<EntryKey, EntryState> found;
      const std::vector<std::string_view>* keys;
      void Found(size_t i, RowId rid, bool anti) override {
        REQUIRE(found
                    .emplace(EntryKey((*keys)[i], rid.value),
                             anti ? EntryState::kAnti : EntryState::kEntry)
                    .second);
      }
    } sink;
    sink.keys = &batch;
    REQUIRE(index_->LookupBatch(batch.data(), batch.size(), &sink).ok());
    REQUIRE(sink.found == found);
  }
  void Compare(const std::map<EntryKey, EntryState>& found) {
    for (const auto& [entry, state] : model_) {
      const auto it = found.find(entry);
      if (it == found.end()) {
        // Only a settled anti-entry may be gone.
        if (state == EntryState::kAnti && optional_.count(entry) != 0) continue;
        FAIL("lost entry of row " << entry.second << " state " << static_cast<int>(state));
      }
      if (it->second != state) {
        FAIL("row " << entry.second << " has mark " << static_cast<int>(it->second) << ", expected "
                    << static_cast<int>(state)
                    << (optional_.count(entry) != 0 ? " (optional)" : ""));
      }
    }
    // What is found beyond the model belongs to undone writes, which a frozen delta still holds.
    for (const auto& [entry, state] : found) {
      if (model_.count(entry) == 0 && index_->Statistics().frozen == 0) {
        FAIL("entry of row " << entry.second << " should not be there");
      }
    }
  }
  Index* index() { return index_.get(); }
  MemoryExtentStore store_;
  MemoryAccountant memory_{size_t{1} << 30};

 private:
  std::mt19937 rng_;
  bool integer_keys_;
  UniqueLatches latches_;
  std::unique_ptr<Index> index_;
  std::map<EntryKey, EntryState> model_;
  std::map<EntryKey, uint64_t> locks_;
  std::map<uint64_t, ModelTxn> open_;
  std::set<EntryKey> optional_;
  uint64_t next_txn_ = 0;
  uint64_t next_rid_ = 1000;
};

}  // namespace

TEST_CASE("index: answers like a map across freeze, flush, merge, attach, undo and reopen",
          "[storage][btree][BT-1][BT-6][BT-7]") {
  // DRIFTDB_SEED repeats a failure.
  const char* fixed = std::getenv("DRIFTDB_SEED");
  const uint32_t base =
      fixed != nullptr ? static_cast<uint32_t>(std::stoul(fixed)) : std::random_device()();
  for (uint32_t round = 0; round < 12; ++round) {
    const uint32_t seed = base + round;
    INFO("seed " << seed);
    IndexModel model(seed, round % 2 == 0);
    for (int i = 0; i < 4000; ++i) model.Step();
    model.CheckAll();
    model.Reopen();
    model.CheckAll();
    for (int i = 0; i < 50; ++i) model.Merge(1 << 30);
    model.CheckAll();
    model.index()->ReleaseAll();
    CHECK(model.store_.live_extents() == 0);
    CHECK(model.store_.bad_releases() == 0);
  }
}

}  // namespace driftdb::storage
