#include "txn/table_writer.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "txn/redo.h"
#include "txn/row_codec.h"
#include "types/text_format.h"

namespace driftdb::txn {

namespace {

// Judges candidates of a unique key by their newest versions (TW-2).
class TableWriterJudge final : public storage::RowJudge {
 public:
  TableWriterJudge(storage::Table* table, TxnId me, RowId self)
      : table_(table), me_(me), self_(self) {}

  storage::RowVerdict Judge(RowId rid, bool anti) override {
    if (rid == self_) return storage::RowVerdict::kIgnore;
    const storage::RowState state = table_->NewestState(rid, me_);
    switch (state.kind) {
      case storage::RowState::Kind::kAbsent:
      case storage::RowState::Kind::kDeleted:
      case storage::RowState::Kind::kMineDeleted:
        return storage::RowVerdict::kIgnore;
      case storage::RowState::Kind::kLive:
      case storage::RowState::Kind::kMineLive:
        return anti ? storage::RowVerdict::kIgnore : storage::RowVerdict::kViolation;
      case storage::RowState::Kind::kInFlight:
        // Either way the other decides: its change may put the key there, or take it away.
        holder_ = state.holder;
        seq_ = state.seq;
        return storage::RowVerdict::kWait;
    }
    return storage::RowVerdict::kIgnore;
  }
  TxnId holder() const { return holder_; }
  CommitSeq seq() const { return seq_; }

 private:
  storage::Table* const table_;
  const TxnId me_;
  const RowId self_;
  TxnId holder_;
  CommitSeq seq_;
};

// Copies row `from_row` of `from` into row `row` of `to`, which becomes flat and own if it is not.
void TableWriterCopyValue(const Vector& from, size_t from_row, Vector* to, size_t row,
                          size_t row_count) {
  if (to->kind() != VectorKind::kFlat || to->MemoryBytes() == 0) {
    Vector own(to->type(), std::max(row_count, size_t{1}));
    for (size_t i = 0; i < row_count; ++i) own.SetValue(i, to->GetValue(i));
    *to = std::move(own);
  }
  to->SetValue(row, from.GetValue(from_row));
}

// A second look at a row takes a newer snapshot for that row alone: the other rows of the statement
// were read at the old one, and a change between the two must still count as a conflict.
class TableWriterView {
 public:
  explicit TableWriterView(Snapshot* snapshot) : snapshot_(snapshot), seq_(snapshot->seq) {}
  ~TableWriterView() { snapshot_->seq = seq_; }
  TableWriterView(const TableWriterView&) = delete;
  TableWriterView& operator=(const TableWriterView&) = delete;

 private:
  Snapshot* const snapshot_;
  const CommitSeq seq_;
};

Status TableWriterSerializationError() {
  return Error(sqlstate::kSerializationFailure,
               "could not serialize access due to concurrent update")
      .WithHint("Run the transaction again.");
}

}  // namespace

TableWriter::TableWriter(Transaction* transaction, const TableTarget* target,
                         const Snapshot& snapshot, ConflictHandler* handler)
    : transaction_(transaction), target_(target), snapshot_(snapshot), handler_(handler) {}

void TableWriter::Restart(const Snapshot& snapshot) {
  snapshot_ = snapshot;
  rows_changed_ = 0;
  suspects_.clear();
}

Status TableWriter::Prepare() {
  DRIFTDB_ASSIGN_OR_RETURN(snapshot_.txn, transaction_->EnsureWriter());
  return OkStatus();
}

storage::WriteContext TableWriter::Context() { return {snapshot_, transaction_->undo()}; }

Status TableWriter::InsertRow(const Chunk& rows) {
  const size_t row = rows.row(0);
  values_.resize(rows.column_count());
  scratch_.resize(rows.column_count());
  for (size_t c = 0; c < rows.column_count(); ++c) {
    values_[c] = LocateValue(rows.column(c), row, &scratch_[c]);
  }
  DRIFTDB_ASSIGN_OR_RETURN(rids_[0], target_->table->InsertRow(Context(), values_));
  const auto selected = static_cast<uint16_t>(row);
  RedoWriter(transaction_->redo()).Insert(target_->storage, rids_[0], rows, &selected, 1);
  return OkStatus();
}

Status TableWriter::InsertRows(Chunk* rows) {
  const size_t count = rows->size();
  DRIFTDB_RETURN_IF_ERROR(target_->table->Insert(Context(), *rows, rids_.data()));
  RedoWriter redo(transaction_->redo());
  std::vector<uint16_t> positions;
  for (size_t begin = 0; begin < count;) {
    size_t end = begin + 1;
    while (end < count && rids_[end].value == rids_[end - 1].value + 1) ++end;
    const uint16_t* selected = nullptr;
    if (rows->selection() != nullptr) {
      selected = rows->selection()->rows() + begin;
    } else if (begin > 0) {
      positions.resize(end - begin);
      for (size_t i = begin; i < end; ++i) positions[i - begin] = static_cast<uint16_t>(i);
      selected = positions.data();
    }
    redo.Insert(target_->storage, rids_[begin], *rows, selected, end - begin);
    begin = end;
  }
  return OkStatus();
}

Status TableWriter::Insert(Chunk* rows, RowId* out) {
  const size_t count = rows->size();
  if (count == 0) return OkStatus();
  DRIFTDB_RETURN_IF_ERROR(Prepare());
  rids_.resize(count);
  if (count == 1 && rows->column_count() == target_->table->schema()->columns.size()) {
    DRIFTDB_RETURN_IF_ERROR(InsertRow(*rows));
  } else {
    DRIFTDB_RETURN_IF_ERROR(InsertRows(rows));
  }
  for (size_t i = 0; i < target_->indexes.size(); ++i) {
    const IndexTarget& index = target_->indexes[i];
    key_columns_.clear();
    for (const uint32_t ordinal : index.columns) key_columns_.push_back(&rows->column(ordinal));
    DRIFTDB_RETURN_IF_ERROR(index.encoder.EncodeRows(key_columns_.data(), rows->row_count(),
                                                     rows->selection(), &keys_));
    for (size_t r = 0; r < count; ++r) {
      if (index.unique) {
        DRIFTDB_RETURN_IF_ERROR(PutUnique(i, keys_[r], rids_[r], false));
      } else {
        DRIFTDB_RETURN_IF_ERROR(PutEntry(i, keys_[r], rids_[r], storage::EntryState::kEntry));
      }
    }
  }
  if (out != nullptr) std::copy(rids_.begin(), rids_.end(), out);
  rows_changed_ += count;
  return transaction_->MaybeFlushRedo();
}

void TableWriter::Remember(storage::Index* index, std::string_view key, RowId rid,
                           storage::EntryState previous) {
  transaction_->index_changes()->Push({index, rid, static_cast<uint32_t>(key.size()), previous},
                                      key);
}

Status TableWriter::PutEntry(size_t i, std::string_view key, RowId rid, storage::EntryState state) {
  const IndexTarget& index = target_->indexes[i];
  DRIFTDB_RETURN_IF_ERROR(transaction_->index_changes()->Reserve(key.size()));
  DRIFTDB_ASSIGN_OR_RETURN(const storage::EntryState previous,
                           index.index->Put(key, rid, state, snapshot_.txn));
  Remember(index.index.get(), key, rid, previous);
  RedoWriter redo(transaction_->redo());
  if (state == storage::EntryState::kEntry) {
    redo.IndexInsert(index.storage, key, rid);
  } else {
    redo.IndexRemove(index.storage, key, rid);
  }
  return OkStatus();
}

Status TableWriter::PutUnique(size_t i, std::string_view key, RowId rid, bool defer) {
  const IndexTarget& index = target_->indexes[i];
  DRIFTDB_ASSIGN_OR_RETURN(const bool has_null, index.encoder.HasNull(key));
  if (has_null) return PutEntry(i, key, rid, storage::EntryState::kEntry);
  DRIFTDB_RETURN_IF_ERROR(transaction_->index_changes()->Reserve(key.size()));
  while (true) {
    TableWriterJudge judge(target_->table.get(), snapshot_.txn, rid);
    DRIFTDB_ASSIGN_OR_RETURN(const storage::UniqueOutcome outcome,
                             index.index->InsertUnique(key, rid, snapshot_.txn, &judge));
    if (outcome.inserted()) {
      Remember(index.index.get(), key, rid, outcome.previous);
      RedoWriter(transaction_->redo()).IndexInsert(index.storage, key, rid);
      return OkStatus();
    }
    if (outcome.verdict == storage::RowVerdict::kViolation) {
      if (!defer) return Violation(i, key);
      suspects_.push_back({i, std::string(key)});
      return PutEntry(i, key, rid, storage::EntryState::kEntry);
    }
    DRIFTDB_RETURN_IF_ERROR(transaction_->WaitFor(judge.holder(), judge.seq()));
  }
}

Status TableWriter::Violation(size_t i, std::string_view key) const {
  const IndexTarget& index = target_->indexes[i];
  std::vector<Value> values;
  std::string shown;
  std::string names;
  if (index.encoder.Decode(key, &values).ok()) {
    for (size_t c = 0; c < values.size(); ++c) {
      if (c > 0) {
        shown += ", ";
        names += ", ";
      }
      names += index.column_names[c];
      shown += FormatValue(values[c]);
    }
  }
  return Error(sqlstate::kUniqueViolation, "duplicate key value violates unique constraint \"{}\"",
               index.name)
      .WithDetail(fmt::format("Key ({})=({}) already exists.", names, shown))
      .WithTable(target_->name)
      .WithConstraint(index.name);
}

Result<TableWriter::RowFate> TableWriter::Reconsider(RowId rid, Chunk* old_rows, Chunk* values,
                                                     size_t row) {
  if (transaction_->isolation() != Isolation::kReadCommitted)
    return TableWriterSerializationError();
  if (handler_ == nullptr) return TableWriterSerializationError();
  std::vector<LogicalType> types;
  std::vector<uint32_t> ordinals;
  for (const storage::TableColumn& column : target_->table->schema()->columns) {
    ordinals.push_back(static_cast<uint32_t>(types.size()));
    types.push_back(column.type);
  }
  while (true) {
    snapshot_.seq = transaction_->LatestPublished();
    DRIFTDB_ASSIGN_OR_RETURN(const storage::WriteOutcome outcome,
                             target_->table->LockRow(Context(), rid));
    if (outcome.kind == storage::WriteOutcome::Kind::kWait) {
      DRIFTDB_RETURN_IF_ERROR(transaction_->WaitFor(outcome.holder, outcome.seq));
      continue;
    }
    if (outcome.kind == storage::WriteOutcome::Kind::kChanged) continue;
    if (!outcome.done()) return RowFate::kSkipped;
    break;
  }
  Chunk newest(types);
  DRIFTDB_ASSIGN_OR_RETURN(
      const storage::RowState state,
      target_->table->FetchNewest(rid, snapshot_.txn, ordinals, newest.columns().data(), 0));
  if (state.kind != storage::RowState::Kind::kLive &&
      state.kind != storage::RowState::Kind::kMineLive) {
    return RowFate::kSkipped;
  }
  newest.set_row_count(1);
  Chunk recomputed;
  DRIFTDB_ASSIGN_OR_RETURN(const bool qualifies, handler_->Recheck(&newest, &recomputed));
  if (!qualifies) return RowFate::kSkipped;
  for (size_t c = 0; c < old_rows->column_count(); ++c) {
    TableWriterCopyValue(newest.column(c), 0, &old_rows->column(c), row, old_rows->row_count());
  }
  for (size_t c = 0; values != nullptr && c < values->column_count(); ++c) {
    TableWriterCopyValue(recomputed.column(c), 0, &values->column(c), row, values->row_count());
  }
  return RowFate::kWritten;
}

Result<TableWriter::RowFate> TableWriter::UpdateRow(RowId rid, std::span<const uint32_t> columns,
                                                    Chunk* old_rows, Chunk* values, size_t row) {
  const TableWriterView view(&snapshot_);
  constexpr size_t kInlineColumns = 16;
  const void* inline_pointers[kInlineColumns];
  int64_t inline_scratch[kInlineColumns];
  std::vector<const void*> heap_pointers;
  std::vector<int64_t> heap_scratch;
  const void** pointers = inline_pointers;
  int64_t* scratch = inline_scratch;
  if (columns.size() > kInlineColumns) {
    heap_pointers.resize(columns.size());
    heap_scratch.resize(columns.size());
    pointers = heap_pointers.data();
    scratch = heap_scratch.data();
  }
  while (true) {
    for (size_t c = 0; c < columns.size(); ++c) {
      pointers[c] = LocateValue(values->column(c), row, &scratch[c]);
    }
    DRIFTDB_ASSIGN_OR_RETURN(
        const storage::WriteOutcome outcome,
        target_->table->Update(Context(), rid, columns, {pointers, columns.size()}));
    switch (outcome.kind) {
      case storage::WriteOutcome::Kind::kDone:
        return RowFate::kWritten;
      case storage::WriteOutcome::Kind::kSelfModified:
        return RowFate::kSkipped;
      case storage::WriteOutcome::Kind::kWait:
        DRIFTDB_RETURN_IF_ERROR(transaction_->WaitFor(outcome.holder, outcome.seq));
        break;
      case storage::WriteOutcome::Kind::kGone:
        if (transaction_->isolation() != Isolation::kReadCommitted) {
          return TableWriterSerializationError();
        }
        return RowFate::kSkipped;
      case storage::WriteOutcome::Kind::kChanged: {
        DRIFTDB_ASSIGN_OR_RETURN(const RowFate fate, Reconsider(rid, old_rows, values, row));
        if (fate == RowFate::kSkipped) return fate;
        break;
      }
    }
  }
}

Result<TableWriter::RowFate> TableWriter::DeleteRow(RowId rid, Chunk* old_rows, size_t row) {
  const TableWriterView view(&snapshot_);
  while (true) {
    DRIFTDB_ASSIGN_OR_RETURN(const storage::WriteOutcome outcome,
                             target_->table->Delete(Context(), rid));
    switch (outcome.kind) {
      case storage::WriteOutcome::Kind::kDone:
        return RowFate::kWritten;
      case storage::WriteOutcome::Kind::kSelfModified:
        return RowFate::kSkipped;
      case storage::WriteOutcome::Kind::kWait:
        DRIFTDB_RETURN_IF_ERROR(transaction_->WaitFor(outcome.holder, outcome.seq));
        break;
      case storage::WriteOutcome::Kind::kGone:
        if (transaction_->isolation() != Isolation::kReadCommitted) {
          return TableWriterSerializationError();
        }
        return RowFate::kSkipped;
      case storage::WriteOutcome::Kind::kChanged: {
        DRIFTDB_ASSIGN_OR_RETURN(const RowFate fate, Reconsider(rid, old_rows, nullptr, row));
        if (fate == RowFate::kSkipped) return fate;
        break;
      }
    }
  }
}

Status TableWriter::Update(std::span<const RowId> rids, std::span<const uint32_t> columns,
                           Chunk* old_rows, Chunk* values, bool* changed) {
  DRIFTDB_DCHECK(rids.size() <= kVectorRows);
  DRIFTDB_RETURN_IF_ERROR(Prepare());
  bool written[kVectorRows];
  for (size_t i = 0; i < rids.size(); ++i) {
    DRIFTDB_ASSIGN_OR_RETURN(const RowFate fate, UpdateRow(rids[i], columns, old_rows, values, i));
    written[i] = fate == RowFate::kWritten;
  }
  if (target_->primary >= 0) {
    const IndexTarget& primary = target_->indexes[static_cast<size_t>(target_->primary)];
    key_columns_.clear();
    for (const uint32_t ordinal : primary.columns)
      key_columns_.push_back(&old_rows->column(ordinal));
    DRIFTDB_RETURN_IF_ERROR(
        primary.encoder.EncodeRows(key_columns_.data(), rids.size(), nullptr, &old_keys_));
  }
  std::vector<const Vector*> value_columns;
  for (const Vector& column : values->columns()) value_columns.push_back(&column);
  RedoWriter redo(transaction_->redo());
  for (size_t i = 0; i < rids.size(); ++i) {
    if (changed != nullptr) changed[i] = written[i];
    if (!written[i]) continue;
    ++rows_changed_;
    redo.Update(target_->storage, rids[i], columns, value_columns, i,
                target_->primary >= 0 ? old_keys_[i] : std::string_view());
  }
  DRIFTDB_RETURN_IF_ERROR(MoveKeys(rids, written, old_rows, columns, values));
  return transaction_->MaybeFlushRedo();
}

Status TableWriter::MoveKeys(std::span<const RowId> rids, const bool* written, Chunk* old_rows,
                             std::span<const uint32_t> columns, Chunk* values) {
  for (size_t i = 0; i < target_->indexes.size(); ++i) {
    const IndexTarget& index = target_->indexes[i];
    old_key_columns_.clear();
    key_columns_.clear();
    bool touched = false;
    for (const uint32_t ordinal : index.columns) {
      old_key_columns_.push_back(&old_rows->column(ordinal));
      const auto set = std::find(columns.begin(), columns.end(), ordinal);
      touched |= set != columns.end();
      key_columns_.push_back(set == columns.end()
                                 ? &old_rows->column(ordinal)
                                 : &values->column(static_cast<size_t>(set - columns.begin())));
    }
    if (!touched) continue;
    DRIFTDB_RETURN_IF_ERROR(
        index.encoder.EncodeRows(old_key_columns_.data(), rids.size(), nullptr, &old_keys_));
    DRIFTDB_RETURN_IF_ERROR(
        index.encoder.EncodeRows(key_columns_.data(), rids.size(), nullptr, &keys_));
    // All old entries go before the first key is checked: keys that move within the batch do not
    // collide.
    for (size_t r = 0; r < rids.size(); ++r) {
      if (!written[r] || old_keys_[r] == keys_[r]) continue;
      DRIFTDB_RETURN_IF_ERROR(PutEntry(i, old_keys_[r], rids[r], storage::EntryState::kAnti));
    }
    for (size_t r = 0; r < rids.size(); ++r) {
      if (!written[r] || old_keys_[r] == keys_[r]) continue;
      if (index.unique) {
        DRIFTDB_RETURN_IF_ERROR(PutUnique(i, keys_[r], rids[r], true));
      } else {
        DRIFTDB_RETURN_IF_ERROR(PutEntry(i, keys_[r], rids[r], storage::EntryState::kEntry));
      }
    }
  }
  return OkStatus();
}

Status TableWriter::Delete(std::span<const RowId> rids, Chunk* old_rows, bool* changed) {
  DRIFTDB_DCHECK(rids.size() <= kVectorRows);
  DRIFTDB_RETURN_IF_ERROR(Prepare());
  bool written[kVectorRows];
  for (size_t i = 0; i < rids.size(); ++i) {
    DRIFTDB_ASSIGN_OR_RETURN(const RowFate fate, DeleteRow(rids[i], old_rows, i));
    written[i] = fate == RowFate::kWritten;
    if (changed != nullptr) changed[i] = written[i];
    if (written[i]) ++rows_changed_;
  }
  bool logged = false;
  for (size_t i = 0; i < target_->indexes.size(); ++i) {
    const IndexTarget& index = target_->indexes[i];
    key_columns_.clear();
    for (const uint32_t ordinal : index.columns) key_columns_.push_back(&old_rows->column(ordinal));
    DRIFTDB_RETURN_IF_ERROR(
        index.encoder.EncodeRows(key_columns_.data(), rids.size(), nullptr, &old_keys_));
    const bool primary = static_cast<int>(i) == target_->primary;
    for (size_t r = 0; r < rids.size(); ++r) {
      if (!written[r]) continue;
      if (primary) RedoWriter(transaction_->redo()).Delete(target_->storage, rids[r], old_keys_[r]);
      DRIFTDB_RETURN_IF_ERROR(PutEntry(i, old_keys_[r], rids[r], storage::EntryState::kAnti));
    }
    logged |= primary;
  }
  if (!logged) {
    for (size_t r = 0; r < rids.size(); ++r) {
      if (written[r]) RedoWriter(transaction_->redo()).Delete(target_->storage, rids[r], {});
    }
  }
  return transaction_->MaybeFlushRedo();
}

Status TableWriter::Finish() {
  for (const Suspect& suspect : suspects_) {
    const IndexTarget& index = target_->indexes[suspect.index];
    while (true) {
      storage::RowIdBuffer candidates;
      DRIFTDB_RETURN_IF_ERROR(index.index->Lookup(suspect.key, &candidates));
      size_t live = 0;
      storage::RowState in_flight;
      for (const storage::RowIdBuffer::Item& item : candidates) {
        const storage::RowState state = target_->table->NewestState(item.rid, snapshot_.txn);
        if (state.kind == storage::RowState::Kind::kInFlight) in_flight = state;
        if (item.anti) continue;
        live += state.kind == storage::RowState::Kind::kLive ||
                state.kind == storage::RowState::Kind::kMineLive;
      }
      if (live > 1) return Violation(suspect.index, suspect.key);
      if (in_flight.kind != storage::RowState::Kind::kInFlight) break;
      DRIFTDB_RETURN_IF_ERROR(transaction_->WaitFor(in_flight.holder, in_flight.seq));
    }
  }
  suspects_.clear();
  return OkStatus();
}

}  // namespace driftdb::txn
