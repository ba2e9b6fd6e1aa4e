#include "session.h"

#include <chrono>

#include "api/connection.h"
#include "api/statement.h"
#include "txn/check.h"
#include "types/text_format.h"

namespace isolation {

namespace {

// Only tells a hang from a slow machine; nothing that is asserted depends on it.
constexpr std::chrono::seconds kHang{60};
constexpr std::chrono::microseconds kLook{200};

bool StartsWithRollback(const std::string& sql) {
  return sql.starts_with("ROLLBACK") || sql.starts_with("rollback");
}

std::string RowText(const driftdb::api::Statement& statement) {
  std::string text = "(";
  for (size_t c = 0; c < statement.columns().size(); ++c) {
    if (c > 0) text += ",";
    const driftdb::Value value = statement.column(c).GetValue(statement.row());
    if (!value.is_null()) text += driftdb::FormatValue(value);
  }
  return text + ")";
}

bool CountsRows(const std::string& tag) {
  return tag == "INSERT" || tag == "UPDATE" || tag == "DELETE" || tag == "SELECT" ||
         tag == "EXECUTE";
}

}  // namespace

Session::Session(Bed* bed, std::string name) : bed_(bed), name_(std::move(name)) {
  auto connected = bed_->database()->Connect();
  if (connected.ok()) connection_ = *connected;
  thread_ = std::thread([this] { Work(); });
}

Session::~Session() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
  bed_->database()->Disconnect(connection_);
}

void Session::Start(std::string sql) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    sql_ = std::move(sql);
    busy_ = true;
  }
  changed_.notify_all();
}

bool Session::busy() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return busy_;
}

Outcome Session::TakeOutcome() {
  std::lock_guard<std::mutex> lock(mutex_);
  return std::move(outcome_);
}

Outcome Session::Run(std::string sql) {
  Start(std::move(sql));
  if (!bed_->AwaitIdle(*this)) {
    Interrupt();
    return {"does not end", "", "", false};
  }
  return TakeOutcome();
}

void Session::Interrupt() { connection_->Interrupt(); }

uint64_t Session::participant() const { return connection_->transaction()->participant(); }

void Session::Work() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return busy_ || stop_; });
    if (!busy_) return;
    const std::string sql = sql_;
    lock.unlock();
    Outcome outcome = Execute(sql);
    lock.lock();
    outcome_ = std::move(outcome);
    busy_ = false;
    {
      std::lock_guard<std::mutex> ended(bed_->mutex_);
      ++bed_->ends_;
    }
    bed_->ended_.notify_all();
  }
}

Outcome Session::Execute(const std::string& sql) {
  Outcome all;
  all.quiet = true;
  const auto add = [&all](const std::string& text) {
    all.text += (all.text.empty() ? "" : "; ") + text;
  };
  driftdb::platform::MutexLock lock(connection_->mutex());
  const auto fail = [&](const driftdb::Status& status) {
    all.sqlstate = status.sqlstate().view();
    all.message = status.message();
    all.quiet = false;
    add("error " + all.sqlstate);
  };
  for (size_t at = 0; at < sql.size();) {
    size_t consumed = 0;
    auto prepared = connection_->Prepare(std::string_view(sql).substr(at), &consumed);
    if (!prepared.ok()) {
      fail(prepared.status());
      return all;
    }
    driftdb::api::Statement* const statement = *prepared;
    if (statement == nullptr) return all;
    at += consumed;
    std::string rows;
    driftdb::Status status;
    while (status.ok()) {
      auto stepped = statement->Step();
      if (!stepped.ok()) status = stepped.status();
      if (!status.ok() || *stepped == driftdb::api::StepOutcome::kDone) break;
      rows += (rows.empty() ? "" : " ") + RowText(*statement);
    }
    if (status.ok()) {
      const std::string tag = statement->tag();
      if (!statement->columns().empty()) {
        add(rows.empty() ? "-" : rows);
        all.quiet = false;
      } else if (CountsRows(tag)) {
        add(tag + " " + std::to_string(statement->changes()));
        all.quiet = false;
      } else {
        add(tag);
        if (tag == "ROLLBACK" && !StartsWithRollback(sql)) all.quiet = false;
      }
    }
    connection_->Finalize(statement);
    if (!status.ok()) {
      fail(status);
      return all;
    }
  }
  return all;
}

Bed::Bed() {
  auto opened = driftdb::api::Database::Open(":memory:", driftdb::api::DatabaseOptions());
  if (opened.ok()) database_ = std::move(*opened);
}

Bed::~Bed() {
  sessions_.clear();
  if (database_ != nullptr) (void)database_->Close();
}

Session* Bed::Connect(const std::string& name) {
  sessions_.push_back(std::make_unique<Session>(this, name));
  return sessions_.back().get();
}

bool Bed::Waiting(const Session& session) const {
  return database_->engine()->manager()->waits()->IsWaiting(session.participant());
}

bool Bed::Settle() {
  driftdb::txn::WaitGraph* const waits = database_->engine()->manager()->waits();
  const auto begin = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - begin < kHang) {
    // One look is true only if nothing moved while it was taken: a session that was seen waiting
    // may have been released by one that was then seen idle.
    const uint64_t changes = waits->change_count();
    uint64_t ends;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      ends = ends_;
    }
    bool rest = true;
    for (const auto& session : sessions_) {
      rest = rest && (!session->busy() || waits->IsWaiting(session->participant()));
    }
    std::unique_lock<std::mutex> lock(mutex_);
    if (rest && ends == ends_ && changes == waits->change_count()) return true;
    ended_.wait_for(lock, kLook);
  }
  return false;
}

bool Bed::AwaitIdle(const Session& session) {
  const auto begin = std::chrono::steady_clock::now();
  while (session.busy()) {
    if (std::chrono::steady_clock::now() - begin > kHang) return false;
    std::unique_lock<std::mutex> lock(mutex_);
    ended_.wait_for(lock, kLook);
  }
  return true;
}

std::string Bed::Check() const {
  std::vector<std::string> problems;
  const driftdb::Status status = driftdb::txn::CheckStorage(database_->engine(), &problems);
  std::string text(status.message());
  for (const std::string& problem : problems) text += (text.empty() ? "" : "; ") + problem;
  return text;
}

}  // namespace isolation
