// TransactionTable: txid -> active / committed(seq) / aborted, and the published watermark (C5,
// C12). Shape: a txid is (generation << 20 | slot); a slot is 16 bytes {owner txid, state}. Commit
// of a transaction of any size is one store; its words are stamped lazily. A slot is given out
// again only after Release, so a word whose slot has another owner has been stamped meanwhile:
// reload the word (MV-4). Threads: safe. Commit, Abort and Release of one txid are called by one
// thread at a time. Errors: Begin: 53300 when 2^20 writing transactions are unfinished.
#ifndef DRIFTDB_STORAGE_MVCC_TRANSACTION_TABLE_H_
#define DRIFTDB_STORAGE_MVCC_TRANSACTION_TABLE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/status.h"
#include "platform/mutex.h"
#include "types/ids.h"

namespace driftdb::storage {

struct TxnState {
  enum class Kind : uint8_t { kActive, kCommitted, kAborted, kReused };
  Kind kind = Kind::kReused;
  CommitSeq seq;  // kCommitted
};

class TransactionTable {
 public:
  static constexpr unsigned kSlotBits = 20;
  // `first_generation` sets the upper bits of the first txids: a reopened database passes a number
  // above every one its log still holds. `published`: the watermark recovery found.
  explicit TransactionTable(uint64_t first_generation = 1, CommitSeq published = CommitSeq(0));
  ~TransactionTable();

  Result<TxnId> Begin();
  // From here on the transaction's words count as committed by `seq`; snapshots see them once `seq`
  // is published.
  void Commit(TxnId txn, CommitSeq seq);
  // After the last word was rolled back.
  void Abort(TxnId txn);
  // After the last word was stamped or rolled back: the slot may be reused.
  void Release(TxnId txn);
  TxnState Resolve(TxnId txn) const;

  // Snapshots are taken at the watermark; writers treat words above it as locked.
  // Sequentially consistent: taking a snapshot is a store of its slot followed by a second look here
  // (SNAP-1).
  CommitSeq published() const { return CommitSeq(published_.load(std::memory_order_seq_cst)); }
  // Monotonic; called in commit order by whoever completes a group.
  void Publish(CommitSeq seq);

 private:
  static constexpr size_t kBlockSlots = 1024;
  static constexpr size_t kBlocks = (size_t{1} << kSlotBits) / kBlockSlots;
  static constexpr uint64_t kStateActive = 0;
  static constexpr uint64_t kStateAborted = ~uint64_t{0};
  struct Slot {
    std::atomic<uint64_t> owner{0};
    std::atomic<uint64_t> state{kStateActive};
  };
  Slot* SlotOf(TxnId txn) const;

  std::atomic<uint64_t> published_;
  const uint64_t first_generation_;
  std::unique_ptr<std::atomic<Slot*>[]> blocks_;
  platform::SpinLatch latch_;
  std::vector<uint32_t> free_slots_ DRIFTDB_GUARDED_BY(latch_);
  uint32_t used_slots_ DRIFTDB_GUARDED_BY(latch_) = 0;  // slots ever given out
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_MVCC_TRANSACTION_TABLE_H_
