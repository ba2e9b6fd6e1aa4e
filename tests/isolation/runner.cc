#include "runner.h"

#include <algorithm>
#include <cstdio>
#include <set>

#include "api/connection.h"
#include "session.h"

namespace isolation {

namespace {

// One database with the spec's sessions, and the steps that have run on it so far.
class Stage {
 public:
  Stage(const Spec& spec, Mode mode) : spec_(spec), mode_(mode) {
    control_ = bed_.Connect("control");
    Prepare(control_, spec.setup);
    Maintain();
    for (const SessionSpec& session : spec.sessions) {
      sessions_.push_back(bed_.Connect(session.name));
      if (mode == Mode::kPipelines) Prepare(sessions_.back(), "SET row_path = off");
      Prepare(sessions_.back(), session.setup);
      running_.push_back(kNone);
    }
  }

  const std::vector<std::string>& transcript() const { return transcript_; }
  const std::set<std::string>& errors() const { return errors_; }
  bool broken() const { return broken_; }
  bool SessionBusy(size_t session) const { return running_[session] != kNone; }

  void Perform(const Action& action) {
    if (action.kind != Action::Kind::kInterrupt) {
      StartStep(action.step, action.kind == Action::Kind::kWhole);
      return;
    }
    Session* const session = sessions_[action.session];
    if (running_[action.session] == kNone) {
      Break("nothing runs in session " + session->name());
      return;
    }
    session->Interrupt();
    if (!bed_.AwaitIdle(*session)) Break(session->name() + ": the step does not end");
    Settle();  // what the end of the step has released goes on
    Collect(kNone);
  }

  // Ends what still waits, and says so.
  void Finish() {
    for (size_t s = 0; s < sessions_.size(); ++s) {
      if (running_[s] == kNone) continue;
      Break(spec_.steps[running_[s]].name + ": still waits at the end");
      sessions_[s]->Interrupt();
      (void)bed_.AwaitIdle(*sessions_[s]);
      running_[s] = kNone;
    }
    for (size_t s = 0; s < sessions_.size(); ++s) {
      if (sessions_[s]->connection()->transaction_state() != 0) (void)sessions_[s]->Run("ROLLBACK");
      Prepare(sessions_[s], spec_.sessions[s].teardown);
    }
    const std::string problems = bed_.Check();
    if (!problems.empty()) Break("check: " + problems);
  }
  std::string Query(const std::string& sql) { return control_->Run(sql).text; }
  void TearDown() { Prepare(control_, spec_.teardown); }

 private:
  static constexpr size_t kNone = ~size_t{0};

  void Break(const std::string& why) {
    transcript_.push_back("!! " + why);
    broken_ = true;
  }
  void Prepare(Session* session, const std::string& sql) {
    if (sql.empty()) return;
    const Outcome outcome = session->Run(sql);
    if (!outcome.sqlstate.empty()) {
      Break("setup of " + session->name() + ": " + outcome.sqlstate + " " + outcome.message);
    }
  }
  void Maintain() {
    if (mode_ != Mode::kCheckpoints) return;
    driftdb::txn::Engine* const engine = bed_.database()->engine();
    driftdb::Status status = engine->Checkpoint();
    if (status.ok()) status = engine->Maintain();
    if (!status.ok()) Break("maintenance: " + std::string(status.message()));
  }

  void StartStep(size_t step, bool whole) {
    const size_t s = spec_.steps[step].session;
    if (running_[s] != kNone) {
      Break(spec_.steps[step].name + ": its session waits");
      return;
    }
    running_[s] = step;
    order_.push_back(s);
    sessions_[s]->Start(spec_.steps[step].sql);
    if (whole && !bed_.AwaitIdle(*sessions_[s])) Break(sessions_[s]->name() + ": does not end");
    Settle();
    Collect(s);
    Maintain();
  }
  void Settle() {
    if (!bed_.Settle()) Break("a session neither ends nor waits");
  }

  // Notes what has ended: the step just started first, then others in the order in which they were
  // started.
  void Collect(size_t started) {
    if (started != kNone) {
      if (sessions_[started]->busy()) {
        transcript_.push_back(spec_.steps[running_[started]].name + ": waits");
      } else {
        Note(started, false);
      }
    }
    for (const size_t s : std::vector<size_t>(order_)) {
      if (running_[s] != kNone && !sessions_[s]->busy()) Note(s, true);
    }
  }
  void Note(size_t s, bool waited) {
    const Outcome outcome = sessions_[s]->TakeOutcome();
    const std::string& name = spec_.steps[running_[s]].name;
    if (!outcome.sqlstate.empty()) errors_.insert(outcome.sqlstate);
    if (waited || !outcome.quiet) transcript_.push_back(name + ": " + outcome.text);
    running_[s] = kNone;
    std::erase(order_, s);
  }

  const Spec& spec_;
  const Mode mode_;
  Bed bed_;
  Session* control_ = nullptr;
  std::vector<Session*> sessions_;
  std::vector<size_t> running_;  // step of each session, or kNone
  std::vector<size_t> order_;    // sessions with a running step, as they were started
  std::vector<std::string> transcript_;
  std::set<std::string> errors_;
  bool broken_ = false;
};

std::string Joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += "  " + line + "\n";
  return text;
}

// Orders of the sessions' steps, each session's own order kept.
void AllOrders(const Spec& spec, std::vector<size_t>* next, std::vector<size_t>* order,
               std::vector<std::vector<size_t>>* orders) {
  if (order->size() == spec.steps.size()) {
    orders->push_back(*order);
    return;
  }
  for (size_t s = 0; s < spec.sessions.size(); ++s) {
    if ((*next)[s] == spec.sessions[s].steps.size()) continue;
    order->push_back(spec.sessions[s].steps[(*next)[s]++]);
    AllOrders(spec, next, order, orders);
    order->pop_back();
    --(*next)[s];
  }
}

}  // namespace

const char* ModeName(Mode mode) {
  switch (mode) {
    case Mode::kPlain:
      return "plain";
    case Mode::kPipelines:
      return "pipelines";
    case Mode::kCheckpoints:
      return "checkpoints";
  }
  return "";
}

void Runner::Report(size_t line, Mode mode, bool passed, const std::string& text) {
  if (passed) {
    ++tally_.passed;
    return;
  }
  ++tally_.failed;
  std::printf("%s:%zu (%s) failed\n%s", file_.c_str(), line, ModeName(mode), text.c_str());
}

void Runner::RunPermutation(const Permutation& permutation, Mode mode) {
  Stage stage(*spec_, mode);
  for (const Action& action : permutation.actions) {
    if (stage.broken()) break;
    stage.Perform(action);
  }
  stage.Finish();
  stage.TearDown();
  const bool passed = !stage.broken() && stage.transcript() == permutation.expected;
  Report(
      permutation.line, mode, passed,
      " came out:\n" + Joined(stage.transcript()) + " expected:\n" + Joined(permutation.expected));
}

void Runner::RunInterleavings(const Interleavings& all, Mode mode) {
  std::vector<std::vector<size_t>> orders;
  std::vector<size_t> next(spec_->sessions.size(), 0), order;
  AllOrders(*spec_, &next, &order, &orders);
  std::set<std::string> seen;
  for (const std::vector<size_t>& steps : orders) {
    Stage stage(*spec_, mode);
    bool possible = true;
    std::string names;
    for (const size_t step : steps) {
      names += " " + spec_->steps[step].name;
      // This order does not exist: the session cannot take its next step while it waits.
      possible = possible && !stage.SessionBusy(spec_->steps[step].session);
      if (possible) stage.Perform({Action::Kind::kStep, step, spec_->steps[step].session});
    }
    stage.Finish();  // also where the order broke off: what waits is ended
    if (!possible) continue;
    const std::string result = stage.Query(all.final_sql);
    stage.TearDown();
    seen.insert(result);
    bool good = !stage.broken() && std::count(all.allowed.begin(), all.allowed.end(), result) > 0;
    for (const std::string& error : stage.errors()) {
      good = good && std::count(all.errors.begin(), all.errors.end(), error) > 0;
    }
    Report(all.line, mode, good,
           " order:" + names + "\n came out:\n" + Joined(stage.transcript()) + " final: " + result +
               "\n");
  }
  if (!all.every) return;
  for (const std::string& allowed : all.allowed) {
    Report(all.line, mode, seen.count(allowed) > 0, " never came out: " + allowed + "\n");
  }
}

Tally Runner::RunAll() {
  for (const Mode mode : kModes) {
    for (const Permutation& permutation : spec_->permutations) RunPermutation(permutation, mode);
    for (const Interleavings& all : spec_->interleavings) RunInterleavings(all, mode);
  }
  return tally_;
}

}  // namespace isolation
