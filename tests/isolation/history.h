// Histories of random transactions on a few rows, and the checker that judges them. The checker
// knows nothing of the engine: it has what the sessions were told. Every write stores a value that
// no other write stores, and returns the value it replaced, so the order of a row's versions is
// known and not guessed. Source: Adya, "Weak consistency" (1999), phenomena G0, G1a, G1b, G1c,
// G-single; Cerone and Gotsman, "Analysing snapshot isolation" (JACM 2018): a history is snapshot
// isolated when (SO u WR u WW) ; RW? has no circle.
#ifndef DRIFTDB_TESTS_ISOLATION_HISTORY_H_
#define DRIFTDB_TESTS_ISOLATION_HISTORY_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace isolation {

struct Read {
  int row = 0;
  int64_t value = 0;
};
struct Write {
  int row = 0;
  int64_t value = 0;
  int64_t replaced = 0;
};
// One statement: what it read, or what it wrote.
struct Operation {
  std::vector<Read> reads;
  std::vector<Write> writes;
  bool undone = false;   // by ROLLBACK TO
  size_t undone_at = 0;  // operations before this one still saw the writes
};
struct RecordedTransaction {
  int session = 0;
  bool repeatable = false;
  enum class End { kCommitted, kRolledBack };
  End end = End::kRolledBack;
  // Ticks of one clock for all sessions: before the first statement was given, and after the answer
  // to the last.
  uint64_t begin = 0;
  uint64_t ended = 0;
  std::vector<Operation> operations;
};

struct History {
  std::map<int, int64_t> initial;  // value by row
  std::map<int, int64_t> last;     // value by row when all had ended
  std::vector<RecordedTransaction> transactions;
};

// What is wrong with the history, one line each; empty when nothing is.
std::vector<std::string> CheckHistory(const History& history);

}  // namespace isolation

#endif  // DRIFTDB_TESTS_ISOLATION_HISTORY_H_
