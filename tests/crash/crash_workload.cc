#include "crash_workload.h"

#include "storage/btree/bulk_build.h"

namespace driftdb::txn {

namespace {

constexpr int64_t kCrashMoved = 1'000'000;  // moved keys are this much higher
constexpr char kCrashSequence[] = "seq";

std::string CrashText(platform::Rng* rng, size_t bytes) {
  std::string text(bytes, 'a');
  for (char& c : text) c = static_cast<char>('a' + rng->Below(26));
  return text;
}

Status CrashMakeSequence(TxnBed* bed) {
  BedSession session(bed);
  return session.Run([&](const Snapshot& snapshot) -> Status {
    DRIFTDB_ASSIGN_OR_RETURN(catalog::CatalogEditor * editor,
                             bed->catalog->Edit(&session.txn, snapshot));
    catalog::SequenceEntry sequence;
    sequence.schema = catalog::kPublicSchema;
    sequence.name = kCrashSequence;
    sequence.security.owner = catalog::kBootstrapRole;
    return editor->CreateSequence(std::move(sequence)).status();
  });
}

std::shared_ptr<const catalog::SequenceEntry> CrashFindSequence(TxnBed* bed) {
  const auto snapshot = bed->catalog->AsOf(bed->engine->manager()->published());
  const auto relation = snapshot->FindRelation(catalog::kPublicSchema, kCrashSequence);
  const auto* found = std::get_if<std::shared_ptr<const catalog::SequenceEntry>>(&relation);
  return found == nullptr ? nullptr : *found;
}

}  // namespace

Result<int64_t> CrashNextValue(TxnBed* bed) {
  const auto sequence = CrashFindSequence(bed);
  if (sequence == nullptr) return Error(sqlstate::kUndefinedTable, "no sequence");
  return sequence->state->Next(*sequence);
}

Result<CrashState> ReadCrashState(TxnBed* bed) {
  CrashState state;
  const auto snapshot = bed->catalog->AsOf(bed->engine->manager()->published());
  for (const auto& [oid, relation] : snapshot->relations()) {
    const auto* table = std::get_if<std::shared_ptr<const catalog::TableEntry>>(&relation);
    if (table == nullptr || (*table)->is_system) continue;
    BedSession session(bed);
    DRIFTDB_ASSIGN_OR_RETURN(state[(*table)->name], session.Rows((*table)->name));
  }
  std::vector<std::string> problems;
  DRIFTDB_RETURN_IF_ERROR(CheckStorage(bed->engine.get(), &problems));
  if (!problems.empty()) return DataLossError("{} problems: {}", problems.size(), problems[0]);
  return state;
}

Status CrashWorkload::Run(const std::function<bool(const Status&)>& tolerated) {
  draft_ = state();
  Status made = OkStatus();
  do {
    made = CrashMakeSequence(bed_);
    if (!made.ok() && !tolerated(made)) return made;
  } while (!made.ok());
  for (step_ = 0; step_ < options_.steps; ++step_) {
    draft_ = state();
    const Status status = Step();
    if (!status.ok() && !tolerated(status)) return status;
  }
  draft_ = state();
  return OkStatus();
}

Status CrashWorkload::Committed(Status status, CommitLevel level) {
  if (!status.ok()) return status;
  history_.push_back(draft_);
  if (level == CommitLevel::kOn) durable_ = history_.size() - 1;
  return OkStatus();
}

CommitLevel CrashWorkload::PickLevel() {
  return options_.levels && rng_.Below(4) == 0 ? CommitLevel::kOff : CommitLevel::kOn;
}

Status CrashWorkload::Step() {
  const uint64_t dice = rng_.Below(100);
  if (draft_.empty() || dice < 6) return StepDefinition();
  if (options_.large && step_ == options_.steps / 2) return StepLarge();
  if (dice < 50) return StepRows();
  if (dice < 72) return StepBlock();
  if (dice < 78) return StepIndex();
  if (dice < 84) return StepDefinition();
  if (dice < 92) {
    last_step_ = "checkpoint";
    DRIFTDB_RETURN_IF_ERROR(bed_->engine->Checkpoint());
    durable_ = history_.size() - 1;
    return OkStatus();
  }
  last_step_ = "maintenance";
  return bed_->engine->Maintain();
}

std::string CrashWorkload::SomeTable(const CrashState& state) {
  if (state.empty()) return {};
  auto it = state.begin();
  std::advance(it, static_cast<ptrdiff_t>(rng_.Below(state.size())));
  return it->first;
}

std::vector<int64_t> CrashWorkload::SomeKeys(const BedRows& rows, size_t count) {
  std::vector<int64_t> keys;
  if (rows.empty()) return keys;
  auto it = rows.begin();
  std::advance(it, static_cast<ptrdiff_t>(rng_.Below(rows.size())));
  for (; it != rows.end() && keys.size() < count; ++it) keys.push_back(it->first);
  return keys;
}

Result<int64_t> CrashWorkload::NextKey() { return CrashNextValue(bed_); }

// One statement on one table. `state` changes before the statement runs: outside a block the
// statement commits, and a commit whose outcome is unknown may be found after all.
Status CrashWorkload::SomeRows(BedSession* session, CrashState* state) {
  const std::string name = SomeTable(*state);
  BedRows& rows = (*state)[name];
  const std::vector<int64_t> keys = SomeKeys(rows, 1 + rng_.Below(12));
  const uint64_t dice = rng_.Below(10);
  if (keys.empty() || dice < 4) {
    std::vector<BedRow> fresh;
    const size_t count = 1 + rng_.Below(rng_.Below(8) == 0 ? 300 : 10);
    for (size_t i = 0; i < count; ++i) {
      DRIFTDB_ASSIGN_OR_RETURN(const int64_t k, NextKey());
      BedRow row{k, static_cast<int64_t>(rng_.Below(20)), k, CrashText(&rng_, rng_.Below(30))};
      if (rng_.Below(5) == 0) row.u = std::nullopt;
      if (rng_.Below(5) == 0) row.s = std::nullopt;
      fresh.push_back(row);
    }
    for (const BedRow& row : fresh) rows[row.k] = row;
    return session->Insert(name, fresh);
  }
  if (dice < 6) {
    for (const int64_t k : keys) rows.erase(k);
    return session->Delete(name, keys).status();
  }
  const bool move = dice == 6;
  const int64_t add = static_cast<int64_t>(rng_.Below(5));
  const auto change = [move, add](BedRow* row) {
    row->v = row->v.value_or(0) + add;
    if (move) row->k += row->k > kCrashMoved ? -kCrashMoved : kCrashMoved;
  };
  std::vector<BedRow> changed;
  for (const int64_t k : keys) {
    changed.push_back(rows.at(k));
    rows.erase(k);
  }
  for (BedRow& row : changed) {
    change(&row);
    rows[row.k] = row;
  }
  return session->Update(name, keys, change).status();
}

Status CrashWorkload::StepRows() {
  last_step_ = "autocommit";
  BedSession session(bed_);
  const CommitLevel level = PickLevel();
  session.txn.set_commit_level(level);
  return Committed(SomeRows(&session, &draft_), level);
}

// Several tables, a savepoint, a failing statement, sometimes an abort.
Status CrashWorkload::StepBlock() {
  last_step_ = "block";
  BedSession session(bed_);
  const CommitLevel level = PickLevel();
  session.txn.set_commit_level(level);
  session.Begin();
  const auto run = [&]() -> Status {
    for (uint64_t n = 1 + rng_.Below(3); n > 0; --n) {
      DRIFTDB_RETURN_IF_ERROR(SomeRows(&session, &draft_));
    }
    if (rng_.Below(2) == 0) {
      const CrashState before = draft_;
      DRIFTDB_RETURN_IF_ERROR(session.txn.Savepoint("s"));
      DRIFTDB_RETURN_IF_ERROR(SomeRows(&session, &draft_));
      if (rng_.Below(3) > 0) {
        DRIFTDB_RETURN_IF_ERROR(session.txn.RollbackToSavepoint("s"));
        draft_ = before;
      }
    }
    const std::string name = SomeTable(draft_);
    if (const auto keys = SomeKeys(draft_[name], 1); !keys.empty()) {
      BedRow row = draft_[name].at(keys[0]);
      const Status refused = session.Insert(name, {row});
      if (refused.ok()) return InternalError("a duplicate key was inserted");
      if (refused.sqlstate() != sqlstate::kUniqueViolation) return refused;
    }
    return SomeRows(&session, &draft_);
  };
  const Status status = run();
  if (!status.ok() || rng_.Below(4) == 0) {
    session.Abort();
    draft_ = state();  // nothing of a transaction that did not come to its COMMIT may be found
    return status;
  }
  return Committed(session.Commit(), level);
}

Status CrashWorkload::StepDefinition() {
  BedSession session(bed_);
  const std::string name = SomeTable(draft_);
  const uint64_t dice = rng_.Below(10);
  if (name.empty() || (dice < 4 && draft_.size() < 4)) {
    last_step_ = "create table";
    const std::string fresh = "t" + std::to_string(step_);
    draft_[fresh];
    return Committed(session.CreateTable(fresh), CommitLevel::kOn);
  }
  if (dice < 6) {
    last_step_ = "add column";
    // Sometimes rolled back: its column stays in the storage and in later rows.
    const bool abort = rng_.Below(2) == 0;
    session.Begin();
    Status status = session.AddColumn(name, "c" + std::to_string(step_));
    if (status.ok() && !abort) return Committed(session.Commit(), CommitLevel::kOn);
    session.Abort();
    return status;
  }
  if (dice < 8) {
    last_step_ = "truncate";
    draft_[name].clear();
    return Committed(session.Truncate(name), CommitLevel::kOn);
  }
  last_step_ = "drop table";
  draft_.erase(name);
  return Committed(session.DropTable(name), CommitLevel::kOn);
}

// Redo of several frames, part of it cut off again by a savepoint.
Status CrashWorkload::StepLarge() {
  last_step_ = "large transaction";
  BedSession session(bed_);
  session.Begin();
  const std::string name = SomeTable(draft_);
  const auto run = [&]() -> Status {
    for (int part = 0; part < 4; ++part) {
      const CrashState before = draft_;
      if (part == 2) DRIFTDB_RETURN_IF_ERROR(session.txn.Savepoint("s"));
      std::vector<BedRow> rows;
      for (int i = 0; i < 200; ++i) {
        DRIFTDB_ASSIGN_OR_RETURN(const int64_t k, NextKey());
        rows.push_back({k, 1, k, CrashText(&rng_, 3500)});
      }
      DRIFTDB_RETURN_IF_ERROR(session.Insert(name, rows));
      for (const BedRow& row : rows) draft_[name][row.k] = row;
      if (part == 2) {
        DRIFTDB_RETURN_IF_ERROR(session.txn.RollbackToSavepoint("s"));
        draft_ = before;
      }
    }
    return OkStatus();
  };
  const Status status = run();
  if (!status.ok()) {
    session.Abort();
    draft_ = state();
    return status;
  }
  return Committed(session.Commit(), CommitLevel::kOn);
}

// CREATE INDEX on v by a bulk build.
Status CrashWorkload::StepIndex() {
  last_step_ = "create index";
  BedSession session(bed_);
  const std::string name = SomeTable(draft_);
  if (draft_[name].empty()) return OkStatus();
  const Status status = session.Alter(name, [&](catalog::CatalogEditor* editor,
                                                const catalog::TableEntry& table) {
    return [&]() -> Status {
      catalog::IndexEntry entry =
          BedSession::IndexOf(name + "_i" + std::to_string(step_), 1, false, false);
      entry.table = table.oid;
      DRIFTDB_ASSIGN_OR_RETURN(const auto index, editor->CreateIndex(entry, nullptr));
      storage::BulkIndexBuilder builder(bed_->engine->extents(), bed_->engine->memory(), {});
      const KeyEncoder encoder({{TypeId::kInt64, false, false}});
      storage::ScanOptions options;
      options.snapshot = {session.txn.LatestPublished(), session.txn.txid(), UINT32_MAX};
      options.columns = {1};
      options.row_ids = true;
      storage::TableScan scan(table.data.get(), options);
      storage::ScanCursor cursor(&scan);
      while (true) {
        Chunk chunk;
        DRIFTDB_ASSIGN_OR_RETURN(const bool more, cursor.Next(&chunk));
        if (!more) break;
        for (size_t i = 0; i < chunk.size(); ++i) {
          const Value value = chunk.column(0).GetValue(chunk.row(i));
          std::string key;
          DRIFTDB_RETURN_IF_ERROR(encoder.Encode(&value, 1, &key));
          DRIFTDB_RETURN_IF_ERROR(builder.Add(
              key, RowId(static_cast<uint64_t>(chunk.column(1).GetValue(chunk.row(i)).int64()))));
        }
      }
      DRIFTDB_ASSIGN_OR_RETURN(storage::RunDescriptor run, builder.Finish());
      std::string descriptor;
      Encoder bytes(&descriptor);
      run.Serialize(&bytes);
      DRIFTDB_RETURN_IF_ERROR(
          index->data->AttachRun(std::move(run), session.txn.txid(), false).status());
      RedoWriter(session.txn.redo()).AttachRun(index->storage, descriptor);
      session.txn.RequireMainSync();
      return OkStatus();
    }();
  });
  return Committed(status, CommitLevel::kOn);
}

}  // namespace driftdb::txn
