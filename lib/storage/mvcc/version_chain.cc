#include "storage/mvcc/version_chain.h"

#include "base/check.h"

namespace driftdb::storage {

namespace {

// Takes `record`, the head or a middle one, out of the chain. Not for runs.
void VersionChainUnlink(VersionSlot* slot, VersionSummary* summary, UndoRecord* record) {
  UndoRecord* older = record->older;
  if (older != nullptr && !older->is_run()) older->newer = record->newer;
  if (record->newer != nullptr) {
    record->newer->older = older;
  } else {
    summary->SetUndo(slot, older);
  }
  record->newer = nullptr;
  record->older = nullptr;
}

// Removes everything from `record` on downwards. Runs are shared by rows and have no `newer`:
// search.
void VersionChainTruncate(VersionSlot* slot, VersionSummary* summary, UndoRecord* record) {
  if (slot->undo == record) {
    summary->SetUndo(slot, nullptr);
    return;
  }
  if (!record->is_run()) {
    if (record->newer != nullptr) record->newer->older = nullptr;
    record->newer = nullptr;
    return;
  }
  for (UndoRecord* r = slot->undo; r != nullptr; r = r->older) {
    if (r->older == record) {
      r->older = nullptr;
      return;
    }
  }
}

}  // namespace

VisibleVersion FindVisible(const VersionSlot& slot, const Snapshot& snapshot,
                           const TransactionTable& transactions) {
  VersionWord word = slot.word;
  const UndoRecord* maker = slot.undo;  // the record of the change that made `word`
  for (;;) {
    if (word.empty()) return {};
    bool visible = false;
    if (word.lock_only()) {
      // Not a version: its contents are those of the previous word.
    } else if (!word.in_txn()) {
      visible = word.number() <= snapshot.seq.value;
    } else if (word.txn() == snapshot.txn) {
      visible = maker->statement < snapshot.statement;  // C14
    } else {
      const TxnState state = transactions.Resolve(word.txn());
      // A reused slot would mean a stamped word, and words do not change under the latch (MV-4).
      DRIFTDB_DCHECK(state.kind != TxnState::Kind::kReused);
      visible = state.kind == TxnState::Kind::kCommitted && state.seq <= snapshot.seq;
      if (visible) word = word.Stamped(state.seq);
    }
    if (visible) return {!word.deleted(), word, maker};
    // A version that nobody needs to see behind has no record (MV-7), and is not there for this
    // snapshot.
    if (maker == nullptr) return {};
    word = maker->previous_word;
    maker = maker->older;
  }
}

RowState NewestVersion(const VersionSlot& slot, TxnId me, const TransactionTable& transactions) {
  VersionWord word = slot.word;
  const UndoRecord* maker = slot.undo;
  RowState state;
  while (word.lock_only()) {
    word = maker->previous_word;
    maker = maker->older;
  }
  if (word.empty() || word == VersionWord::Dead()) return state;
  if (word.in_txn()) {
    state.change = maker->kind;
    if (word.txn() == me) {
      state.kind = word.deleted() ? RowState::Kind::kMineDeleted : RowState::Kind::kMineLive;
      return state;
    }
    const TxnState owner = transactions.Resolve(word.txn());
    if (owner.kind != TxnState::Kind::kCommitted) {
      state.kind = RowState::Kind::kInFlight;
      state.holder = word.txn();
      return state;
    }
    word = word.Stamped(owner.seq);
  }
  state.seq = word.seq();
  if (state.seq > transactions.published()) {
    state.kind = RowState::Kind::kInFlight;
    if (maker != nullptr) state.change = maker->kind;
  } else {
    state.kind = word.deleted() ? RowState::Kind::kDeleted : RowState::Kind::kLive;
  }
  return state;
}

WriteOutcome CheckWrite(VersionSlot* slot, VersionSummary* summary, const Snapshot& snapshot,
                        const TransactionTable& transactions) {
  using Kind = WriteOutcome::Kind;
  VersionWord version = slot->word;  // the newest version's, below locks
  for (;;) {
    if (!version.in_txn()) break;
    if (version.txn() == snapshot.txn) {
      if (version.lock_only()) {
        version =
            slot->undo->previous_word;  // committed: own changes are never locked on top (MV-6)
        continue;
      }
      if (slot->undo->statement >= snapshot.statement) {
        return {Kind::kSelfModified, TxnId(0), CommitSeq(0)};
      }
      return {version.deleted() ? Kind::kGone : Kind::kDone, TxnId(0), CommitSeq(0)};
    }
    const TxnState state = transactions.Resolve(version.txn());
    if (state.kind != TxnState::Kind::kCommitted) return {Kind::kWait, version.txn(), CommitSeq(0)};
    if (version.lock_only()) {
      UndoRecord* lock = slot->undo;
      summary->SetWord(slot, lock->previous_word);
      VersionChainUnlink(slot, summary, lock);
      version = slot->word;
      continue;
    }
    if (state.seq > transactions.published()) return {Kind::kWait, TxnId(0), state.seq};
    summary->SetWord(slot, version.Stamped(state.seq));
    version = slot->word;
  }
  if (version.empty()) return {Kind::kGone, TxnId(0), CommitSeq(0)};
  if (version.seq() > transactions.published()) return {Kind::kWait, TxnId(0), version.seq()};
  if (version.deleted()) return {Kind::kGone, TxnId(0), version.seq()};
  if (version.seq() > snapshot.seq) return {Kind::kChanged, TxnId(0), version.seq()};
  return {Kind::kDone, TxnId(0), version.seq()};
}

void PushChange(VersionSlot* slot, VersionSummary* summary, UndoRecord* record, VersionWord word) {
  if (!record->is_run()) {
    record->previous_word = slot->word;
    record->older = slot->undo;
    record->newer = nullptr;
    if (slot->undo != nullptr && !slot->undo->is_run()) slot->undo->newer = record;
  } else {
    DRIFTDB_DCHECK(slot->undo == nullptr && slot->word == record->previous_word);
  }
  summary->SetUndo(slot, record);
  summary->SetWord(slot, word);
}

void RollbackChange(VersionSlot* slot, VersionSummary* summary, UndoRecord* record) {
  DRIFTDB_DCHECK(slot->undo == record);
  if (record->kind == UndoKind::kInsert) {
    summary->SetUndo(slot, nullptr);
    summary->SetWord(slot, VersionWord::Dead());  // rids are never reused (C16)
    return;
  }
  summary->SetWord(slot, record->previous_word);
  if (record->is_run()) {
    summary->SetUndo(slot, nullptr);
  } else {
    VersionChainUnlink(slot, summary, record);
  }
}

void StampChange(VersionSlot* slot, VersionSummary* summary, UndoRecord* record, TxnId txn,
                 CommitSeq seq) {
  if (record->kind == UndoKind::kLock) {
    const bool is_head = slot->undo == record;
    if (!is_head && record->newer == nullptr) return;  // a later writer dropped it (CheckWrite)
    if (is_head) {
      summary->SetWord(slot, record->previous_word);
    } else {
      record->newer->previous_word = record->previous_word;
    }
    VersionChainUnlink(slot, summary, record);
    return;
  }
  if (slot->word.written_by(txn) && !slot->word.lock_only()) {
    summary->SetWord(slot, slot->word.Stamped(seq));
  }
  // Versions between two changes of the same transaction: the slot of its txid is about to be
  // reused.
  if (record->previous_word.written_by(txn) && !record->previous_word.lock_only()) {
    record->previous_word = record->previous_word.Stamped(seq);
  }
}

bool ReleaseChange(VersionSlot* slot, VersionSummary* summary, UndoRecord* record) {
  if (record->kind == UndoKind::kLock) return false;  // left the chain when it was stamped
  const bool is_head = slot->undo == record;
  VersionChainTruncate(slot, summary, record);
  if (record->kind != UndoKind::kDelete || !is_head || !slot->word.deleted()) return false;
  summary->SetWord(slot, VersionWord::Dead());
  return true;
}

}  // namespace driftdb::storage
