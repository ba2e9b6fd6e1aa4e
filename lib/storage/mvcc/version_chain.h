// Rules of visibility and of writing for one row: its VersionSlot and the chain of undo records
// behind it. Everything here runs under the latch of the row's chunk. Hot chunks and overlays of
// sealed groups share it. Invariants: MV-1..MV-12 (docs/internals/txn_protocol.md).
#ifndef DRIFTDB_STORAGE_MVCC_VERSION_CHAIN_H_
#define DRIFTDB_STORAGE_MVCC_VERSION_CHAIN_H_

#include <cstdint>

#include "storage/mvcc/transaction_table.h"
#include "storage/mvcc/undo.h"
#include "storage/mvcc/version_word.h"
#include "types/ids.h"

namespace driftdb::storage {

// What became of an update, deletion or lock of one row. Nothing was changed unless kDone.
struct WriteOutcome {
  enum class Kind : uint8_t {
    kDone,
    kWait,          // `holder` is not 0: until that transaction ends; 0: until `seq` is published
    kChanged,       // the newest version, by commit `seq`, is newer than the snapshot
    kGone,          // deleted by commit `seq` (newer or older than the snapshot), or never there
    kSelfModified,  // this statement changed the row already: the second change is skipped
  };
  Kind kind = Kind::kDone;
  TxnId holder;
  CommitSeq seq;
  bool done() const { return kind == Kind::kDone; }
};

// The newest version of a row, whoever wrote it; locks without change do not count.
struct RowState {
  enum class Kind : uint8_t {
    kAbsent,    // never filled, aborted, or dead
    kLive,      // committed by `seq`
    kDeleted,   // deleted by commit `seq`
    kInFlight,  // `holder` wrote it and has not ended; holder 0: committed by `seq`, not published
                // yet
    kMineLive,  // written by the asking transaction
    kMineDeleted,  // deleted by the asking transaction
  };
  Kind kind = Kind::kAbsent;
  TxnId holder;
  CommitSeq seq;
  UndoKind change = UndoKind::kInsert;  // kInFlight: what the holder did (insert, update, delete)
};

// Aggregate over the slots of one chunk, so that a scan of a quiet chunk looks at no word (MV-8).
struct VersionSummary {
  uint32_t special = 0;    // slots in use whose word is 0 or has a flag
  uint32_t undo_rows = 0;  // slots with an undo record
  uint64_t max_seq = 0;    // no plain word is above

  static bool IsSpecial(VersionWord word) {
    return word.empty() || (word.bits() & VersionWord::kFlagMask) != 0;
  }
  void SetWord(VersionSlot* slot, VersionWord word) {
    special = special + (IsSpecial(word) ? 1 : 0) - (IsSpecial(slot->word) ? 1 : 0);
    slot->word = word;
    if (!word.in_txn() && word.number() > max_seq) max_seq = word.number();
  }
  void SetUndo(VersionSlot* slot, UndoRecord* undo) {
    undo_rows = undo_rows + (undo != nullptr ? 1 : 0) - (slot->undo != nullptr ? 1 : 0);
    slot->undo = undo;
  }
  // Every slot in use is a live version that a snapshot at `seq` sees.
  bool AllVisible(CommitSeq seq) const { return special == 0 && max_seq <= seq.value; }
};

// The version a snapshot sees. When visible, its contents are the newest ones with the before
// images of all records from the slot's head up to, not including, `stop` applied in that order.
struct VisibleVersion {
  bool visible = false;
  VersionWord word;  // of that version, committed words stamped
  const UndoRecord* stop = nullptr;
};
VisibleVersion FindVisible(const VersionSlot& slot, const Snapshot& snapshot,
                           const TransactionTable& transactions);

RowState NewestVersion(const VersionSlot& slot, TxnId me, const TransactionTable& transactions);

// May `snapshot.txn` change the row? kDone: yes, go on with PushChange. Words of ended transactions
// are stamped and ended locks dropped on the way.
WriteOutcome CheckWrite(VersionSlot* slot, VersionSummary* summary, const Snapshot& snapshot,
                        const TransactionTable& transactions);
// True when the newest change of the row is a lock or change of `txn` itself.
inline bool HeldBy(const VersionSlot& slot, TxnId txn) {
  return slot.word.in_txn() && slot.word.number() == txn.value;
}

// Makes `record` the head of the chain and `word` the row's word. Runs (kInsert, or rows > 1) must
// find no older record.
void PushChange(VersionSlot* slot, VersionSummary* summary, UndoRecord* record, VersionWord word);
// Undoes what PushChange did; the contents are restored by the caller.
void RollbackChange(VersionSlot* slot, VersionSummary* summary, UndoRecord* record);
// The transaction committed: its word becomes `seq`; a lock leaves the chain.
void StampChange(VersionSlot* slot, VersionSummary* summary, UndoRecord* record, TxnId txn,
                 CommitSeq seq);
// No snapshot needs the record's before image any more. True: the row is dead now.
bool ReleaseChange(VersionSlot* slot, VersionSummary* summary, UndoRecord* record);

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_MVCC_VERSION_CHAIN_H_
