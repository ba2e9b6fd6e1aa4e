// Covers: lib/storage/mvcc/undo.cc
// Covers: lib/storage/mvcc/version_chain.cc
// Covers: lib/storage/table/hot_chunk.cc
// Covers: lib/storage/table/hot_chunk_read.cc
// Covers: lib/storage/table/column_array.cc
// Covers: lib/storage/table/table_undo.cc
// Covers: lib/storage/table/overlay.cc
// A model of a table (every version of every row with its writer) runs beside the real one under
// random transactions, statements, savepoints, late stamping and collection, sealing and images.
// Every read of both must agree at every snapshot that is held.
#include <algorithm>
#include <cstdlib>
#include <deque>
#include <random>

#include <catch2/catch.hpp>

#include "storage/column/column_predicate.h"
#include "table_fixture.h"

namespace driftdb::storage {

namespace {

struct ModelTransaction {
  enum class State { kActive, kCommitted, kAborted } state = State::kActive;
  uint64_t seq = 0;
};

struct ModelVersion {
  std::shared_ptr<ModelTransaction> writer;
  uint32_t statement = 0;
  bool deleted = false;
  bool lock = false;
  TableTestRow row;
};

class Model {
 public:
  std::map<uint64_t, std::vector<ModelVersion>> rows;  // oldest first

  static bool Sees(const ModelVersion& version, const Snapshot& snapshot,
                   const ModelTransaction* me) {
    if (version.lock) return false;
    if (version.writer.get() == me) return version.statement < snapshot.statement;
    return version.writer->state == ModelTransaction::State::kCommitted &&
           version.writer->seq <= snapshot.seq.value;
  }
  std::optional<TableTestRow> Read(uint64_t rid, const Snapshot& snapshot,
                                   const ModelTransaction* me) const {
    const auto it = rows.find(rid);
    if (it == rows.end()) return std::nullopt;
    for (auto v = it->second.rbegin(); v != it->second.rend(); ++v) {
      if (Sees(*v, snapshot, me)) {
        return v->deleted ? std::nullopt : std::optional<TableTestRow>(v->row);
      }
    }
    return std::nullopt;
  }
  std::map<uint64_t, TableTestRow> ReadAll(const Snapshot& snapshot,
                                           const ModelTransaction* me) const {
    std::map<uint64_t, TableTestRow> out;
    for (const auto& [rid, versions] : rows) {
      if (auto row = Read(rid, snapshot, me)) out.emplace(rid, *row);
    }
    return out;
  }
  // What a write of `me` must answer.
  WriteOutcome::Kind Write(uint64_t rid, const Snapshot& snapshot, const ModelTransaction* me,
                           uint64_t published) const {
    using Kind = WriteOutcome::Kind;
    const auto it = rows.find(rid);
    if (it == rows.end()) return Kind::kGone;
    for (auto v = it->second.rbegin(); v != it->second.rend(); ++v) {
      if (v->writer.get() == me) {
        if (v->lock) continue;
        if (v->statement >= snapshot.statement) return Kind::kSelfModified;
        return v->deleted ? Kind::kGone : Kind::kDone;
      }
      if (v->lock) {
        if (v->writer->state == ModelTransaction::State::kActive) return Kind::kWait;
        continue;
      }
      if (v->writer->state == ModelTransaction::State::kActive) return Kind::kWait;
      if (v->writer->seq > published) return Kind::kWait;
      if (v->deleted) return Kind::kGone;
      return v->writer->seq > snapshot.seq.value ? Kind::kChanged : Kind::kDone;
    }
    return Kind::kGone;
  }
};

struct OpenTransaction {
  std::unique_ptr<TableTestTransaction> real;
  std::shared_ptr<ModelTransaction> model;
  struct Savepoint {
    UndoMark mark;
    std::map<uint64_t, size_t> sizes;  // own versions per row then
  };
  std::vector<Savepoint> savepoints;
};

class ModelRun {
 public:
  explicit ModelRun(uint32_t seed)
      : random_(seed),
        table_(std::make_unique<Table>(StorageId(1), TableTestSchema(), db_.environment())) {}

  void Run(int steps) {
    for (int step = 0; step < steps; ++step) {
      Step();
      if (step % 25 == 0) CheckAll();
    }
    while (!open_.empty()) End(0, true);
    Publish();
    StampAll();
    CollectAll();
    CheckAll();
    CHECK(table_->approximate_rows() == model_.ReadAll(db_.Now(), nullptr).size());
  }

 private:
  uint64_t Pick(uint64_t n) { return n == 0 ? 0 : random_() % n; }

  TableTestRow RandomRow() {
    TableTestRow row;
    row.key = static_cast<int64_t>(random_()) - (int64_t{1} << 31);
    switch (Pick(4)) {
      case 0:
        break;
      case 1:
        row.name = std::string(Pick(12), static_cast<char>('a' + Pick(26)));
        break;
      default:
        row.name = std::string(13 + Pick(60), static_cast<char>('a' + Pick(26)));
    }
    if (Pick(4) != 0) row.number = static_cast<int32_t>(Pick(1000));
    return row;
  }

  void Step() {
    if (open_.size() < 4 && Pick(6) == 0) {
      OpenTransaction open;
      open.real = std::make_unique<TableTestTransaction>(&db_);
      open.model = std::make_shared<ModelTransaction>();
      open_.push_back(std::move(open));
      return;
    }
    switch (Pick(40)) {
      case 0:
        Publish();
        return;
      case 1:
        StampSome();
        return;
      case 2:
        Publish();
        StampAll();
        CollectAll();
        return;
      case 3:
        if (Pick(8) == 0) Seal();
        return;
      case 4:
        if (Pick(8) == 0) CheckImage();
        return;
      default:
        break;
    }
    if (open_.empty()) return;
    const size_t i = Pick(open_.size());
    OpenTransaction& open = open_[i];
    TableTestTransaction& real = *open.real;
    switch (Pick(30)) {
      case 0:
        End(i, true);
        break;
      case 1:
        if (Pick(2) == 0) End(i, false);
        break;
      case 2:
        open.savepoints.push_back({real.undo->Mark(), Sizes(open.model.get())});
        real.NextStatement();
        break;
      case 3:
        if (!open.savepoints.empty()) RollbackTo(&open);
        break;
      case 4:
      case 5:
      case 6:
      case 7:
        real.NextStatement();
        // READ COMMITTED: a snapshot per statement.
        if (Pick(2) == 0) real.context.snapshot.seq = db_.transactions.published();
        break;
      case 8:
        InsertMany(&open);
        break;
      case 9:
      case 10:
      case 11:
        InsertOne(&open);
        break;
      case 12:
        DeleteRange(&open);
        break;
      case 13:
      case 14:
        WriteOne(&open, 2);
        break;
      case 15:
        WriteOne(&open, 1);
        break;
      default:
        WriteOne(&open, 0);
    }
  }

  std::map<uint64_t, size_t> Sizes(const ModelTransaction* writer) const {
    std::map<uint64_t, size_t> sizes;
    for (const auto& [rid, versions] : model_.rows) {
      for (const ModelVersion& version : versions) {
        if (version.writer.get() == writer) ++sizes[rid];
      }
    }
    return sizes;
  }

  void AddVersion(uint64_t rid, OpenTransaction* open, ModelVersion version) {
    version.writer = open->model;
    version.statement = open->real->context.snapshot.statement;
    model_.rows[rid].push_back(std::move(version));
  }

  void InsertOne(OpenTransaction* open) {
    const TableTestRow row = RandomRow();
    const TableTestPointers pointers(row);
    const Result<RowId> rid = table_->InsertRow(open->real->context, pointers.pointers);
    REQUIRE(rid.ok());
    AddVersion(rid->value, open, {nullptr, 0, false, false, row});
  }

  void InsertMany(OpenTransaction* open) {
    std::vector<TableTestRow> rows;
    const size_t count = 1 + Pick(Pick(10) == 0 ? 2048 : 40);
    for (size_t i = 0; i < count; ++i) rows.push_back(RandomRow());
    std::vector<RowId> rids(count);
    REQUIRE(table_->Insert(open->real->context, ChunkOf(rows), rids.data()).ok());
    for (size_t i = 0; i < count; ++i) {
      AddVersion(rids[i].value, open, {nullptr, 0, false, false, rows[i]});
    }
  }

  uint64_t PickRid() {
    if (model_.rows.empty()) return 0;
    // Often the same few rows: long chains.
    if (Pick(2) == 0) return hot_.empty() ? model_.rows.begin()->first : hot_[Pick(hot_.size())];
    auto it = model_.rows.lower_bound(Pick(model_.rows.rbegin()->first + 1));
    if (it == model_.rows.end()) it = model_.rows.begin();
    hot_.push_back(it->first);
    if (hot_.size() > 20) hot_.erase(hot_.begin());
    return it->first;
  }

  // operation: 0 update, 1 lock, 2 delete
  void WriteOne(OpenTransaction* open, int operation) {
    const uint64_t rid = PickRid();
    const WriteContext& context = open->real->context;
    const auto expected =
        model_.Write(rid, context.snapshot, open->model.get(), db_.transactions.published().value);
    const std::vector<ModelVersion>& versions = model_.rows[rid];
    WriteOutcome outcome;
    ModelVersion version;
    for (auto v = versions.rbegin(); v != versions.rend(); ++v) {
      if (v->lock || v->writer->state == ModelTransaction::State::kAborted) continue;
      version.row = v->row;
      break;
    }
    const bool mine = !versions.empty() && versions.back().writer == open->model;
    if (operation == 0) {
      const TableTestRow row = RandomRow();
      const TableTestPointers pointers(row);
      std::vector<uint32_t> columns;
      std::vector<const void*> values;
      for (uint32_t c = 0; c < 3; ++c) {
        if (Pick(2) == 0) continue;
        columns.push_back(c);
        values.push_back(pointers.pointers[c]);
        if (c == 0) version.row.key = row.key;
        if (c == 1) version.row.name = row.name;
        if (c == 2) version.row.number = row.number;
      }
      outcome = *table_->Update(context, RowId(rid), columns, values);
    } else if (operation == 1) {
      outcome = *table_->LockRow(context, RowId(rid));
      version.lock = true;
    } else {
      outcome = *table_->Delete(context, RowId(rid));
      version.deleted = true;
    }
    INFO("row " << rid << " operation " << operation);
    REQUIRE(outcome.kind == expected);
    if (!outcome.done() || (operation == 1 && mine)) return;
    AddVersion(rid, open, version);
  }

  void DeleteRange(OpenTransaction* open) {
    const uint64_t first = PickRid();
    std::vector<RowId> rids;
    for (auto it = model_.rows.lower_bound(first); it != model_.rows.end() && rids.size() < 50;
         ++it) {
      rids.push_back(RowId(it->first));
    }
    const WriteContext& context = open->real->context;
    const BatchOutcome outcome = *table_->DeleteMany(context, rids);
    for (size_t i = 0; i < rids.size(); ++i) {
      const auto expected = model_.Write(rids[i].value, context.snapshot, open->model.get(),
                                         db_.transactions.published().value);
      if (i < outcome.done) {
        REQUIRE(expected == WriteOutcome::Kind::kDone);
        AddVersion(rids[i].value, open,
                   {nullptr, 0, true, false, model_.rows[rids[i].value].back().row});
      } else {
        REQUIRE(expected == outcome.stop.kind);
        break;
      }
    }
  }

  void RollbackTo(OpenTransaction* open) {
    const OpenTransaction::Savepoint savepoint = open->savepoints.back();
    open->savepoints.pop_back();
    open->real->undo->RollbackTo(savepoint.mark);
    open->real->NextStatement();
    RemoveVersions(open->model.get(), savepoint.sizes);
  }

  // Removes versions of `writer` beyond the sizes.
  void RemoveVersions(const ModelTransaction* writer, const std::map<uint64_t, size_t>& sizes) {
    for (auto& [rid, versions] : model_.rows) {
      const auto it = sizes.find(rid);
      const size_t keep = it == sizes.end() ? 0 : it->second;
      size_t i = 0;
      std::erase_if(versions,
                    [&](const ModelVersion& v) { return v.writer.get() == writer && i++ >= keep; });
    }
  }

  void End(size_t i, bool commit) {
    OpenTransaction open = std::move(open_[i]);
    open_.erase(open_.begin() + static_cast<ptrdiff_t>(i));
    if (!commit) {
      open.real->Abort();
      open.model->state = ModelTransaction::State::kAborted;
      RemoveVersions(open.model.get(), {});
      return;
    }
    open.model->seq = open.real->Commit(Pick(2) == 0 && unpublished_ == 0).value;
    if (db_.transactions.published().value < open.model->seq) ++unpublished_;
    open.model->state = ModelTransaction::State::kCommitted;
    to_stamp_.push_back(std::move(open.real));
    if (Pick(3) == 0) snapshots_.push_back(db_.Now());
  }

  void Publish() {
    db_.transactions.Publish(CommitSeq(db_.last_seq));
    unpublished_ = 0;
  }
  void StampSome() {
    // In any order; collection needs all older ones stamped.
    for (size_t n = Pick(to_stamp_.size() + 1); n > 0; --n) {
      const size_t i = Pick(to_stamp_.size());
      to_stamp_[i]->Stamp();
      stamped_[to_stamp_[i]->committed.value] = std::move(to_stamp_[i]);
      to_stamp_.erase(to_stamp_.begin() + static_cast<ptrdiff_t>(i));
    }
  }
  void StampAll() {
    while (!to_stamp_.empty()) StampSome();
  }
  uint64_t Horizon() {
    uint64_t horizon = db_.transactions.published().value;
    for (const OpenTransaction& open : open_) {
      horizon = std::min(horizon, open.real->context.snapshot.seq.value);
    }
    if (Pick(2) == 0) snapshots_.clear();
    for (const Snapshot& snapshot : snapshots_) horizon = std::min(horizon, snapshot.seq.value);
    return horizon;
  }
  void CollectAll() {
    const uint64_t horizon = Horizon();
    for (auto it = stamped_.begin(); it != stamped_.end() && it->first <= horizon;) {
      if (!to_stamp_.empty() && to_stamp_.front()->committed.value < it->first) break;
      for (const DeadRow& dead : it->second->Collect()) {
        REQUIRE(!model_.Read(dead.rid.value, db_.Now(), nullptr).has_value());
      }
      it = stamped_.erase(it);
    }
  }

  void Seal() {
    // Moves on to the next group, so that the present one can be sealed when it is quiet.
    table_->AdvanceNextRid(RowId((table_->next_rid().value / kGroupRows + 1) * kGroupRows));
    Publish();
    StampAll();
    CollectAll();
    const Result<size_t> sealed = table_->SealQuietGroups(CommitSeq(Horizon()));
    REQUIRE(sealed.ok());
    sealed_ += *sealed;
  }

  void CheckImage() {
    Publish();
    const Snapshot now = db_.Now();
    if (now.seq.value == 0) return;
    std::string directory;
    REQUIRE(table_->WriteImage(now.seq, &directory).ok());
    const bool durable = Pick(3) != 0;
    if (durable) {
      Table copy(StorageId(1), TableTestSchema(), db_.environment());
      REQUIRE(copy.LoadImage(directory).ok());
      REQUIRE(*ScanRows(&copy, now) == model_.ReadAll(now, nullptr));
      CHECK(copy.next_rid() >= table_->next_rid());
    }
    table_->CheckpointDone(durable);
    REQUIRE(db_.extents.bad_releases == 0);
  }

  void CheckSnapshot(const Snapshot& snapshot, const ModelTransaction* me) {
    const std::map<uint64_t, TableTestRow> expected = model_.ReadAll(snapshot, me);
    const auto rows = ScanRows(table_.get(), snapshot);
    REQUIRE(rows.ok());
    if (*rows != expected) {
      for (const auto& [rid, row] : expected) {
        if (!rows->contains(rid)) FAIL("row " << rid << " is missing: " << ToText(row));
        if (rows->at(rid) != row) {
          FAIL("row " << rid << " is " << ToText(rows->at(rid)) << ", expected " << ToText(row));
        }
      }
      for (const auto& [rid, row] : *rows) {
        if (!expected.contains(rid)) FAIL("row " << rid << " should not be seen: " << ToText(row));
      }
    }
    for (int i = 0; i < 20 && !model_.rows.empty(); ++i) {
      const uint64_t rid = PickRid();
      INFO("row " << rid);
      REQUIRE(FetchRow(table_.get(), RowId(rid), snapshot) == model_.Read(rid, snapshot, me));
    }
    auto predicate = std::make_shared<ColumnPredicate>(
        ColumnPredicate::Range(Value::Int32(100), true, Value::Int32(500), false));
    const auto filtered = ScanRows(table_.get(), snapshot, {{2, predicate}});
    REQUIRE(filtered.ok());
    size_t matching = 0;
    for (const auto& [rid, row] : expected) {
      const bool passes = row.number.has_value() && *row.number >= 100 && *row.number < 500;
      matching += passes ? 1 : 0;
      REQUIRE(filtered->contains(rid) == passes);
    }
    REQUIRE(filtered->size() == matching);
  }

  void CheckAll() {
    CheckSnapshot(db_.Now(), nullptr);
    for (const Snapshot& snapshot : snapshots_) CheckSnapshot(snapshot, nullptr);
    for (const OpenTransaction& open : open_) {
      CheckSnapshot(open.real->context.snapshot, open.model.get());
    }
  }

  std::mt19937 random_;
  TableTestDatabase db_;
  std::unique_ptr<Table> table_;
  Model model_;
  std::vector<OpenTransaction> open_;
  std::vector<std::unique_ptr<TableTestTransaction>> to_stamp_;
  std::map<uint64_t, std::unique_ptr<TableTestTransaction>> stamped_;
  std::vector<Snapshot> snapshots_;
  std::vector<uint64_t> hot_;
  int unpublished_ = 0;
  size_t sealed_ = 0;
};

}  // namespace

TEST_CASE("table: agrees with a model of all versions under random transactions",
          "[storage][model][MV-3][MV-5][MV-7]") {
  const char* given = std::getenv("DRIFTDB_TEST_SEED");
  const uint32_t first =
      given == nullptr ? 1 : static_cast<uint32_t>(std::strtoul(given, nullptr, 10));
  const uint32_t count = given == nullptr ? 12 : 1;
  for (uint32_t seed = first; seed < first + count; ++seed) {
    INFO("seed " << seed);
    ModelRun run(seed);
    run.Run(1500);
  }
}

}  // namespace driftdb::storage
