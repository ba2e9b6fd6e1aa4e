// SequenceState: the running counter of one sequence. Not transactional: values given out are never
// taken back. Invariants: (SEQ-1) a value is given out only when the log says "at least this far"
// in front of every commit that could contain it; 32 values are logged ahead, so a crash skips at
// most that many; (SEQ-2) a commit at level `on` waits for that record also when it writes nothing.
// Threads: safe. Errors: 2200H (limit reached), 58030.
#ifndef DRIFTDB_CATALOG_SEQUENCE_STATE_H_
#define DRIFTDB_CATALOG_SEQUENCE_STATE_H_

#include <cstdint>

#include "base/status.h"
#include "catalog/entries.h"
#include "platform/mutex.h"
#include "txn/engine.h"

namespace driftdb::catalog {

class SequenceState {
 public:
  // Continues from the engine's counter of `oid`, or at `entry.start` when it has none.
  SequenceState(txn::Engine* engine, const SequenceEntry& entry);

  Result<int64_t> Next(const SequenceEntry& entry);
  // setval: the next value is `value` (is_called false) or the one after it.
  Status Set(const SequenceEntry& entry, int64_t value, bool is_called);
  // Where the log covers every value given out so far. Who gives one to a client waits for it: a
  // value that the log forgets in a crash is given out again.
  Lsn logged_at();
  // As stored: last value and whether it was given out.
  txn::SequenceCounter Current();

 private:
  Status LogAhead(const SequenceEntry& entry) DRIFTDB_REQUIRES(mutex_);

  txn::Engine* const engine_;
  const Oid oid_;
  platform::Mutex mutex_;
  int64_t value_ DRIFTDB_GUARDED_BY(mutex_);
  bool called_ DRIFTDB_GUARDED_BY(mutex_);
  int64_t logged_ DRIFTDB_GUARDED_BY(
      mutex_);  // values up to here (in the direction of the increment) are logged
  bool has_logged_ DRIFTDB_GUARDED_BY(mutex_) = false;
  Lsn logged_at_ DRIFTDB_GUARDED_BY(mutex_);
};

}  // namespace driftdb::catalog

#endif  // DRIFTDB_CATALOG_SEQUENCE_STATE_H_
