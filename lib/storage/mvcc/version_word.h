// The version word: 8 bytes per row (and one per group whose rows share it, C18) that say which
// transaction or commit made the row's newest version (C12). Shape: bit 63 TXN, bit 62 DELETED, bit
// 61 LOCK_ONLY, bits 0..60 a commit number, or a txid when TXN is set.
//   0                 slot never filled
//   seq               live, committed by `seq`
//   DELETED|seq       deleted by `seq`
//   DELETED|0         dead slot: an aborted insert, or a deletion no snapshot can see behind any
//   more TXN|txid          live, written by transaction `txid` (active, or committed and not
//   stamped yet) TXN|DELETED|txid  deleted by `txid` TXN|LOCK_ONLY|txid  locked by `txid`; the
//   row's contents are those of the previous word (undo)
// Invariants: MV-1..MV-3 (docs/internals/txn_protocol.md).
#ifndef DRIFTDB_STORAGE_MVCC_VERSION_WORD_H_
#define DRIFTDB_STORAGE_MVCC_VERSION_WORD_H_

#include <cstdint>

#include "types/ids.h"

namespace driftdb::storage {

class VersionWord {
 public:
  static constexpr uint64_t kTxnBit = uint64_t{1} << 63;
  static constexpr uint64_t kDeletedBit = uint64_t{1} << 62;
  static constexpr uint64_t kLockOnlyBit = uint64_t{1} << 61;
  static constexpr uint64_t kNumberMask = kLockOnlyBit - 1;
  static constexpr uint64_t kFlagMask = ~kNumberMask;

  constexpr VersionWord() = default;
  constexpr explicit VersionWord(uint64_t bits) : bits_(bits) {}
  static constexpr VersionWord Live(CommitSeq seq) { return VersionWord(seq.value); }
  static constexpr VersionWord Deleted(CommitSeq seq) {
    return VersionWord(kDeletedBit | seq.value);
  }
  static constexpr VersionWord Dead() { return VersionWord(kDeletedBit); }
  static constexpr VersionWord Written(TxnId txn) { return VersionWord(kTxnBit | txn.value); }
  static constexpr VersionWord Removed(TxnId txn) {
    return VersionWord(kTxnBit | kDeletedBit | txn.value);
  }
  static constexpr VersionWord Locked(TxnId txn) {
    return VersionWord(kTxnBit | kLockOnlyBit | txn.value);
  }

  constexpr uint64_t bits() const { return bits_; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr bool in_txn() const { return (bits_ & kTxnBit) != 0; }
  constexpr bool deleted() const { return (bits_ & kDeletedBit) != 0; }
  constexpr bool lock_only() const { return (bits_ & kLockOnlyBit) != 0; }
  constexpr uint64_t number() const { return bits_ & kNumberMask; }
  constexpr TxnId txn() const { return TxnId(in_txn() ? number() : 0); }
  constexpr CommitSeq seq() const { return CommitSeq(number()); }  // REQUIRES: !in_txn()
  constexpr bool written_by(TxnId txn) const {
    return (bits_ & ~(kDeletedBit | kLockOnlyBit)) == (kTxnBit | txn.value);
  }
  // The same word once its transaction committed as `seq`.
  constexpr VersionWord Stamped(CommitSeq seq) const {
    return VersionWord((bits_ & kDeletedBit) | seq.value);
  }
  // A committed live version that a snapshot at `seq` sees: one compare, since flag bits make the
  // word huge.
  constexpr bool plainly_visible(CommitSeq seq) const { return bits_ - 1 < seq.value; }
  friend constexpr bool operator==(VersionWord a, VersionWord b) = default;

 private:
  uint64_t bits_ = 0;
};
static_assert(sizeof(VersionWord) == 8);

struct UndoRecord;

// What every row of a hot chunk, and every touched row of a sealed group, carries. Guarded by the
// latch of its chunk. `undo` is the record of the change that made `word`, null once nobody can
// need it.
struct VersionSlot {
  VersionWord word;
  UndoRecord* undo = nullptr;
};
static_assert(sizeof(VersionSlot) == 16);

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_MVCC_VERSION_WORD_H_
