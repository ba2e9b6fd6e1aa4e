// A seeded workload against a versioned oracle. Every step is one transaction (or a checkpoint, or
// background work); the oracle keeps the state after each commit. What a database must hold after a
// crash is then one of the states from the last durable commit on to the one that was being
// committed.
#ifndef DRIFTDB_TESTS_CRASH_CRASH_WORKLOAD_H_
#define DRIFTDB_TESTS_CRASH_CRASH_WORKLOAD_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "platform/rng.h"
#include "txn/txn_bed.h"

namespace driftdb::txn {

// Tables by name.
using CrashState = std::map<std::string, BedRows>;

class CrashWorkload {
 public:
  struct Options {
    uint64_t seed = 1;
    int steps = 40;
    bool large = true;   // a transaction of several PARTs
    bool levels = true;  // some commits at level off
  };
  CrashWorkload(TxnBed* bed, const Options& options)
      : bed_(bed), options_(options), rng_(options.seed) {
    history_.emplace_back();
  }

  // Runs until the end or the first error of the environment, which is returned. Errors that
  // `tolerated` accepts only fail their step.
  Status Run(const std::function<bool(const Status&)>& tolerated);

  const CrashState& state() const { return history_.back(); }
  const std::vector<CrashState>& history() const { return history_; }
  // history()[durable()] and later ones may be found after a crash, nothing earlier.
  size_t durable() const { return durable_; }
  // What the failed step would have made.
  const CrashState& draft() const { return draft_; }
  int steps_done() const { return step_; }
  const std::string& last_step() const { return last_step_; }

 private:
  Status Step();
  Status StepRows();
  Status StepBlock();
  Status StepDefinition();
  Status StepLarge();
  Status StepIndex();
  Status SomeRows(BedSession* session, CrashState* state);
  Result<int64_t> NextKey();
  // A table that exists, or empty.
  std::string SomeTable(const CrashState& state);
  std::vector<int64_t> SomeKeys(const BedRows& rows, size_t count);
  Status Committed(Status status, CommitLevel level);
  CommitLevel PickLevel();

  TxnBed* const bed_;
  const Options options_;
  platform::Rng rng_;
  std::vector<CrashState> history_;
  CrashState draft_;
  size_t durable_ = 0;
  int step_ = 0;
  std::string last_step_;
};

// All tables of the database as a statement sees them, and what CheckStorage finds.
Result<CrashState> ReadCrashState(TxnBed* bed);
// nextval of the workload's sequence.
Result<int64_t> CrashNextValue(TxnBed* bed);

}  // namespace driftdb::txn

#endif  // DRIFTDB_TESTS_CRASH_CRASH_WORKLOAD_H_
