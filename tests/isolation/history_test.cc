// Random transactions on few rows, judged by the checker of history.h. Two ways: steps given out
// one at a time by one scheduler (the seed decides everything), and threads that run freely beside
// checkpoints. DRIFTDB_ISOLATION_SEED sets the seed, DRIFTDB_ISOLATION_HISTORIES the number of
// histories of each test case.
#include "history.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <sstream>
#include <thread>

#include <catch2/catch.hpp>

#include "session.h"

namespace isolation {

namespace {

constexpr int kRows = 6;
constexpr int64_t kUnit = 1000;  // values of one write: base .. base + kRows - 1

uint64_t BaseSeed() {
  const char* set = std::getenv("DRIFTDB_ISOLATION_SEED");
  return set != nullptr ? std::strtoull(set, nullptr, 10) : std::random_device()();
}
int HistoryCount(int otherwise) {
  const char* set = std::getenv("DRIFTDB_ISOLATION_HISTORIES");
  return set != nullptr ? std::atoi(set) : otherwise;
}

// `(1,20) (2,30)` as numbers.
std::vector<std::vector<int64_t>> Rows(const std::string& text) {
  std::vector<std::vector<int64_t>> rows;
  std::istringstream in(text);
  std::string row;
  while (in >> row && row != "-") {
    rows.emplace_back();
    std::istringstream values(row.substr(1, row.size() - 2));
    for (std::string value; std::getline(values, value, ',');) {
      rows.back().push_back(std::atoll(value.c_str()));
    }
  }
  return rows;
}

// Makes up one session's statements and writes down what became of them.
class Client {
 public:
  Client(int session, uint64_t seed, std::atomic<uint64_t>* clock, std::atomic<int64_t>* values)
      : session_(session), random_(seed), clock_(clock), values_(values) {}

  // The next statement to run.
  std::string Next() {
    kind_ = Kind::kControl;
    if (!open_) {
      current_ = RecordedTransaction();
      current_.session = session_;
      current_.repeatable = Below(2) == 0;
      current_.begin = clock_->fetch_add(1);
      left_ = 1 + Below(6);
      saved_ = kNoSavepoint;
      open_ = true;
      return current_.repeatable ? "BEGIN ISOLATION LEVEL REPEATABLE READ" : "BEGIN";
    }
    if (failed_ || left_ <= 0) {
      ending_ = failed_ || Below(6) == 0 ? RecordedTransaction::End::kRolledBack
                                         : RecordedTransaction::End::kCommitted;
      kind_ = Kind::kEnd;
      return ending_ == RecordedTransaction::End::kCommitted ? "COMMIT" : "ROLLBACK";
    }
    --left_;
    const int choice = Below(20);
    if (choice < 1 && saved_ == kNoSavepoint) {
      saved_ = current_.operations.size();
      return "SAVEPOINT s";
    }
    if (choice < 2 && saved_ != kNoSavepoint) {
      for (size_t i = saved_; i < current_.operations.size(); ++i) {
        // What was read stays read; what was written was never there.
        Operation& operation = current_.operations[i];
        if (operation.undone || operation.writes.empty()) continue;
        operation.undone = true;
        operation.undone_at = current_.operations.size();
      }
      return "ROLLBACK TO s";
    }
    return choice < 10 ? NextRead() : NextWrite();
  }

  void Took(const Outcome& outcome, History* history) {
    if (kind_ == Kind::kEnd) {
      // A COMMIT that could not be: rolled back.
      if (!outcome.sqlstate.empty() || outcome.text != "COMMIT") {
        ending_ = RecordedTransaction::End::kRolledBack;
      }
      current_.end = ending_;
      current_.ended = clock_->fetch_add(1);
      history->transactions.push_back(current_);
      open_ = failed_ = false;
      return;
    }
    if (!outcome.sqlstate.empty()) {
      failed_ = true;
      if (outcome.sqlstate != "40001" && outcome.sqlstate != "40P01") unexpected_ = outcome.message;
      if (outcome.sqlstate == "40001" && !current_.repeatable) {
        unexpected_ = "40001 in READ COMMITTED";
      }
      return;
    }
    if (kind_ == Kind::kControl) return;
    Operation operation;
    for (const std::vector<int64_t>& row : Rows(outcome.text)) {
      if (kind_ == Kind::kRead) operation.reads.push_back({static_cast<int>(row[0]), row[1]});
      if (kind_ == Kind::kWrite) {
        operation.writes.push_back({static_cast<int>(row[0]), row[1], row[2]});
      }
    }
    const size_t found = operation.reads.size() + operation.writes.size();
    if (found != rows_expected_) {
      unexpected_ = std::to_string(found) + " rows instead of " + std::to_string(rows_expected_) +
                    ": " + sql_;
    }
    current_.operations.push_back(std::move(operation));
  }
  const std::string& unexpected() const { return unexpected_; }
  bool open() const { return open_; }

 private:
  enum class Kind { kControl, kRead, kWrite, kEnd };
  static constexpr size_t kNoSavepoint = ~size_t{0};
  int Below(int n) { return static_cast<int>(random_() % static_cast<uint64_t>(n)); }
  static std::string KeyRange(int first, int last) {
    return " WHERE k >= " + std::to_string(first * kUnit) + " AND k < " +
           std::to_string((last + 1) * kUnit);
  }

  std::string NextRead() {
    kind_ = Kind::kRead;
    const int row = Below(kRows), other = row + Below(kRows - row);
    rows_expected_ = 1;
    switch (Below(3)) {
      case 0:
        sql_ = "SELECT id, v FROM t WHERE id = " + std::to_string(row);
        break;
      case 1:
        sql_ = "SELECT id, v FROM t" + KeyRange(row, other);
        rows_expected_ = static_cast<size_t>(other - row + 1);
        break;
      default:
        sql_ = "SELECT id, v FROM t";
        rows_expected_ = kRows;
    }
    return sql_;
  }
  std::string NextWrite() {
    kind_ = Kind::kWrite;
    const int row = Below(kRows), other = row + Below(2) * Below(kRows - row);
    const std::string base = std::to_string(values_->fetch_add(kUnit));
    // k moves within the row's range with each write, so that the index changes too.
    sql_ = "UPDATE t SET replaced = v, v = " + base + " + id, k = id * 1000 + (k + 7) % 1000";
    sql_ += Below(2) == 0
                ? KeyRange(row, other)
                : " WHERE id >= " + std::to_string(row) + " AND id <= " + std::to_string(other);
    if (row == other && Below(2) == 0) {
      sql_ = sql_.substr(0, sql_.find(" WHERE")) + " WHERE id = " + std::to_string(row);
    }
    sql_ += " RETURNING id, v, replaced";
    rows_expected_ = static_cast<size_t>(other - row + 1);
    return sql_;
  }

  const int session_;
  std::mt19937_64 random_;
  std::atomic<uint64_t>* const clock_;
  std::atomic<int64_t>* const values_;
  RecordedTransaction current_;
  RecordedTransaction::End ending_ = RecordedTransaction::End::kRolledBack;
  Kind kind_ = Kind::kControl;
  std::string sql_;
  size_t rows_expected_ = 0;
  size_t saved_ = kNoSavepoint;
  int left_ = 0;
  bool open_ = false, failed_ = false;
  std::string unexpected_;
};

std::string SetUp(Bed* bed, History* history) {
  Session* const control = bed->Connect("control");
  std::string sql =
      "CREATE TABLE t (id int PRIMARY KEY, k int, v bigint, replaced bigint);"
      "CREATE INDEX t_k ON t (k);";
  for (int row = 0; row < kRows; ++row) {
    const std::string id = std::to_string(row);
    sql += "INSERT INTO t VALUES (" + id + ", " + id + " * 1000, " + id + ", NULL);";
    history->initial[row] = row;
  }
  return control->Run(sql).message;
}

std::string Judge(Bed* bed, History* history) {
  const Outcome all = bed->sessions()[0]->Run("SELECT id, v FROM t");
  for (const std::vector<int64_t>& row : Rows(all.text)) {
    history->last[static_cast<int>(row[0])] = row[1];
  }
  std::string text = bed->Check();
  for (const std::string& problem : CheckHistory(*history)) text += problem + "\n";
  return text;
}

int CountCommitted(const History& history) {
  int committed = 0;
  for (const RecordedTransaction& transaction : history.transactions) {
    committed += transaction.end == RecordedTransaction::End::kCommitted ? 1 : 0;
  }
  return committed;
}

// One statement at a time; a session that waits is left alone until another one has released it.
std::string Scheduled(uint64_t seed, int* committed) {
  constexpr int kSessions = 4, kStatements = 250;
  Bed bed;
  History history;
  std::string problem = SetUp(&bed, &history);
  std::mt19937_64 random(seed);
  std::atomic<uint64_t> clock{1};
  std::atomic<int64_t> values{kUnit};
  std::vector<Client> clients;
  std::vector<Session*> sessions;
  for (int s = 0; s < kSessions; ++s) {
    clients.emplace_back(s, random(), &clock, &values);
    sessions.push_back(bed.Connect("s" + std::to_string(s)));
  }
  std::vector<bool> running(kSessions, false);
  const auto collect = [&] {
    for (size_t s = 0; s < kSessions; ++s) {
      if (!running[s] || sessions[s]->busy()) continue;
      running[s] = false;
      clients[s].Took(sessions[s]->TakeOutcome(), &history);
      if (!clients[s].unexpected().empty()) problem += clients[s].unexpected() + "\n";
    }
  };
  for (int done = 0; problem.empty(); ++done) {
    std::vector<size_t> free;
    for (size_t s = 0; s < kSessions; ++s) {
      // In the end only what is open is brought to its end.
      if (!running[s] && (done < kStatements || clients[s].open())) free.push_back(s);
    }
    if (free.empty()) {
      for (size_t s = 0; s < kSessions; ++s) {
        if (running[s]) problem += "all sessions wait\n";
      }
      break;
    }
    const size_t s = free[random() % free.size()];
    sessions[s]->Start(clients[s].Next());
    running[s] = true;
    if (!bed.Settle()) problem += "a session neither ends nor waits\n";
    collect();
    if (random() % 40 == 0) {
      const driftdb::Status status = bed.database()->engine()->Checkpoint();
      if (!status.ok()) problem += status.message();
    }
  }
  *committed += CountCommitted(history);
  if (problem.empty()) return Judge(&bed, &history);
  for (size_t s = 0; s < kSessions; ++s) sessions[s]->Interrupt();
  return problem;
}

std::string Free(uint64_t seed, int* committed) {
  constexpr int kSessions = 4, kTransactions = 60;
  Bed bed;
  History history;
  std::string problem = SetUp(&bed, &history);
  std::mt19937_64 random(seed);
  std::atomic<uint64_t> clock{1};
  std::atomic<int64_t> values{kUnit};
  std::vector<Client> clients;
  std::vector<History> parts(kSessions);
  std::vector<Session*> sessions;
  for (int s = 0; s < kSessions; ++s) {
    clients.emplace_back(s, random(), &clock, &values);
    sessions.push_back(bed.Connect("s" + std::to_string(s)));
  }
  std::vector<std::thread> threads;
  std::atomic<int> left{kSessions};
  for (size_t s = 0; s < kSessions; ++s) {
    threads.emplace_back([&, s] {
      while (clients[s].unexpected().empty() &&
             (parts[s].transactions.size() < kTransactions || clients[s].open())) {
        const Outcome outcome = sessions[s]->Run(clients[s].Next());
        clients[s].Took(outcome, &parts[s]);
      }
      --left;
    });
  }
  driftdb::Status status;
  while (left > 0 && status.ok()) {
    status = bed.database()->engine()->Checkpoint();
    if (status.ok()) status = bed.database()->engine()->Maintain();
    std::this_thread::yield();
  }
  for (std::thread& thread : threads) thread.join();
  for (size_t s = 0; s < kSessions; ++s) {
    if (!clients[s].unexpected().empty()) problem += clients[s].unexpected() + "\n";
    history.transactions.insert(history.transactions.end(), parts[s].transactions.begin(),
                                parts[s].transactions.end());
  }
  if (!status.ok()) problem += status.message();
  *committed += CountCommitted(history);
  return problem.empty() ? Judge(&bed, &history) : problem;
}

void RunHistories(const char* name, std::string (*run)(uint64_t, int*), int count) {
  const uint64_t base = BaseSeed();
  int committed = 0;
  for (int i = 0; i < count; ++i) {
    const uint64_t seed = base + static_cast<uint64_t>(i);
    const std::string problems = run(seed, &committed);
    INFO("DRIFTDB_ISOLATION_SEED=" << seed << " DRIFTDB_ISOLATION_HISTORIES=1\n" << problems);
    REQUIRE(problems.empty());
  }
  std::printf("%s: %d histories from DRIFTDB_ISOLATION_SEED=%llu, %d transactions committed\n",
              name, count, static_cast<unsigned long long>(base), committed);
  CHECK(committed > count * 10);
}

// Histories written by hand.
RecordedTransaction Done(bool repeatable, uint64_t begin, uint64_t ended,
                         std::vector<Operation> operations) {
  return {0, repeatable, RecordedTransaction::End::kCommitted, begin, ended, std::move(operations)};
}
Operation Reads(std::vector<Read> reads) { return {std::move(reads), {}, false}; }
Operation Writes(std::vector<Write> writes) { return {{}, std::move(writes), false}; }

bool Finds(const History& history, const std::string& what) {
  for (const std::string& problem : CheckHistory(history)) {
    if (problem.find(what) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("isolation: histories given out step by step keep their levels", "[isolation]") {
  RunHistories("scheduled", Scheduled, HistoryCount(30));
}

TEST_CASE("isolation: histories of free threads beside checkpoints keep their levels",
          "[isolation]") {
  RunHistories("free", Free, HistoryCount(12));
}

TEST_CASE("isolation: the checker accepts a serial history and allowed write skew", "[checker]") {
  History history;
  history.initial = {{1, 1}, {2, 2}};
  history.last = {{1, 11}, {2, 22}};
  history.transactions = {Done(true, 1, 10, {Reads({{1, 1}, {2, 2}}), Writes({{1, 11, 1}})}),
                          Done(true, 2, 9, {Reads({{1, 1}, {2, 2}}), Writes({{2, 22, 2}})}),
                          Done(false, 20, 21, {Reads({{1, 11}, {2, 22}})})};
  CHECK(CheckHistory(history).empty());
}

TEST_CASE("isolation: the checker finds each anomaly", "[checker]") {
  History history;
  history.initial = {{1, 1}, {2, 2}};
  history.last = {{1, 11}, {2, 22}};
  const RecordedTransaction writer =
      Done(false, 1, 9, {Writes({{1, 11, 1}}), Writes({{2, 22, 2}})});

  // Read skew: one snapshot cannot hold both.
  history.transactions = {writer, Done(true, 2, 10, {Reads({{1, 1}}), Reads({{2, 22}})})};
  CHECK(Finds(history, "G-single"));
  // The same reads as two statements of READ COMMITTED are right, as one statement they are not.
  history.transactions[1].repeatable = false;
  CHECK(CheckHistory(history).empty());
  history.transactions[1].operations = {Reads({{1, 1}, {2, 22}})};
  CHECK(Finds(history, "G-single"));
  // What had been committed before is not seen.
  history.transactions = {writer, Done(true, 20, 30, {Reads({{1, 1}, {2, 2}})})};
  CHECK(Finds(history, "G-single"));
  // Dirty reads.
  history.transactions = {writer, Done(false, 2, 10, {Reads({{1, 11}})})};
  history.transactions[0].end = RecordedTransaction::End::kRolledBack;
  history.last = history.initial;
  CHECK(Finds(history, "G1a"));
  history.transactions = {Done(false, 1, 9, {Writes({{1, 11, 1}}), Writes({{1, 12, 11}})}),
                          Done(false, 2, 10, {Reads({{1, 11}})})};
  history.last = {{1, 12}, {2, 2}};
  CHECK(Finds(history, "G1b"));
  history.transactions = {Done(false, 1, 9, {Writes({{1, 11, 1}}), Reads({{2, 22}})}),
                          Done(false, 2, 10, {Writes({{2, 22, 2}}), Reads({{1, 11}})})};
  history.last = {{1, 11}, {2, 22}};
  CHECK(Finds(history, "G1c"));
  // Two writes on top of one version; a write that is not in the last state.
  history.transactions = {Done(true, 1, 9, {Writes({{1, 11, 1}})}),
                          Done(true, 2, 10, {Writes({{1, 12, 1}})})};
  history.last = {{1, 12}, {2, 2}};
  CHECK(Finds(history, "lost update"));
  history.transactions = {Done(true, 1, 9, {Writes({{1, 11, 1}})})};
  history.last = history.initial;
  CHECK(Finds(history, "is not in the last state"));
}

}  // namespace isolation
