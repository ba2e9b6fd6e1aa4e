// The cases of the small-transaction workload. Every case runs for a given time; statements are
// prepared before the clock starts. "Durable" means that each commit returns after its sync.
#include <mutex>
#include <thread>

#include "base/error.h"
#include "base/status_macros.h"
#include "compare/measure.h"
#include "compare/oltp_engine.h"
#include "compare/sync_counter.h"

namespace driftdb::compare {
namespace {

constexpr char kSelectSql[] = "SELECT balance, name FROM account WHERE id = ?";
constexpr char kUpdateSql[] = "UPDATE account SET balance = balance + 1 WHERE id = ?";
constexpr char kInsertSql[] = "INSERT INTO account VALUES (?, ?, ?)";
constexpr int kOperationsPerClockCheck = 16;

int64_t EngineSyncs(OltpEngine* engine) {
  const int64_t own = engine->engine->OwnSyncCount();
  return own >= 0 ? own : SyncCount();
}

// Repeats `operation` (returns a Status) until the time is over.
template <typename Operation>
Result<OltpSample> RunFor(OltpEngine* engine, double seconds, int per_check, Operation operation) {
  OltpSample sample;
  const int64_t syncs = EngineSyncs(engine);
  const double start = Now();
  do {
    for (int i = 0; i < per_check; ++i) {
      DRIFTDB_RETURN_IF_ERROR(operation());
    }
    sample.operations += per_check;
    sample.seconds = Now() - start;
  } while (sample.seconds < seconds);
  sample.syncs = EngineSyncs(engine) - syncs;
  return sample;
}

Status SelectOnce(Statement* select, int64_t key) {
  DRIFTDB_RETURN_IF_ERROR(select->BindInt64(1, key));
  DRIFTDB_ASSIGN_OR_RETURN(const bool found, select->Step());
  if (!found) {
    return InternalError("no account {}", key);
  }
  const int64_t balance = select->Int64(0);
  const std::string name = select->Text(1);
  DRIFTDB_ASSIGN_OR_RETURN(const bool more, select->Step());
  return more || balance < 0 || name.empty() ? InternalError("account {} is wrong", key)
                                             : OkStatus();
}

Status UpdateOnce(Statement* update, int64_t key) {
  DRIFTDB_RETURN_IF_ERROR(update->BindInt64(1, key));
  return update->Run().status();
}

Status InsertOnce(Statement* insert, int64_t key) {
  DRIFTDB_RETURN_IF_ERROR(insert->BindInt64(1, key));
  DRIFTDB_RETURN_IF_ERROR(insert->BindInt64(2, key % 1000));
  DRIFTDB_RETURN_IF_ERROR(insert->BindText(3, "a name of twenty-two b"));
  return insert->Run().status();
}

Result<OltpSample> SelectAutocommit(OltpEngine* engine, double seconds) {
  DRIFTDB_ASSIGN_OR_RETURN(auto select, engine->connection->Prepare(kSelectSql));
  return RunFor(engine, seconds, kOperationsPerClockCheck,
                [&] { return SelectOnce(select.get(), engine->DrawKey()); });
}

Result<OltpSample> SelectInTransaction(OltpEngine* engine, double seconds) {
  DRIFTDB_RETURN_IF_ERROR(engine->connection->Exec("BEGIN"));
  Result<OltpSample> sample = SelectAutocommit(engine, seconds);
  DRIFTDB_RETURN_IF_ERROR(engine->connection->Exec("COMMIT"));
  return sample;
}

Result<OltpSample> UpdateAutocommit(OltpEngine* engine, double seconds) {
  DRIFTDB_ASSIGN_OR_RETURN(auto update, engine->connection->Prepare(kUpdateSql));
  auto sample =
      RunFor(engine, seconds, 1, [&] { return UpdateOnce(update.get(), engine->DrawKey()); });
  if (sample.ok()) {
    sample->commits = sample->operations;
  }
  return sample;
}

// The commit at the end is outside of the clock.
Result<OltpSample> UpdateInTransaction(OltpEngine* engine, double seconds) {
  DRIFTDB_RETURN_IF_ERROR(engine->connection->Exec("BEGIN"));
  DRIFTDB_ASSIGN_OR_RETURN(auto update, engine->connection->Prepare(kUpdateSql));
  auto sample = RunFor(engine, seconds, kOperationsPerClockCheck,
                       [&] { return UpdateOnce(update.get(), engine->DrawKey()); });
  update.reset();
  DRIFTDB_RETURN_IF_ERROR(engine->connection->Exec("COMMIT"));
  return sample;
}

Result<OltpSample> TenUpdates(OltpEngine* engine, double seconds) {
  DRIFTDB_ASSIGN_OR_RETURN(auto update, engine->connection->Prepare(kUpdateSql));
  DRIFTDB_ASSIGN_OR_RETURN(auto begin, engine->connection->Prepare("BEGIN"));
  DRIFTDB_ASSIGN_OR_RETURN(auto commit, engine->connection->Prepare("COMMIT"));
  auto sample = RunFor(engine, seconds, 1, [&]() -> Status {
    DRIFTDB_RETURN_IF_ERROR(begin->Run().status());
    for (int i = 0; i < 10; ++i) {
      DRIFTDB_RETURN_IF_ERROR(UpdateOnce(update.get(), engine->DrawKey()));
    }
    return commit->Run().status();
  });
  if (sample.ok()) {
    sample->commits = sample->operations;
  }
  return sample;
}

// Connections on threads of their own that start together and insert until the time is over.
class ConcurrentInserters {
 public:
  ConcurrentInserters(OltpEngine* engine, double seconds) : engine_(engine), seconds_(seconds) {}

  Result<OltpSample> Run(int connections) {
    std::vector<std::unique_ptr<Connection>> sessions;
    for (int i = 0; i < connections; ++i) {
      DRIFTDB_ASSIGN_OR_RETURN(auto session, engine_->engine->Connect());
      sessions.push_back(std::move(session));
    }
    std::vector<std::thread> threads;
    const int64_t syncs = EngineSyncs(engine_);
    const double start = Now();
    deadline_ = start + seconds_;
    for (const auto& session : sessions) {
      threads.emplace_back([this, &session] { Record(InsertUntilDeadline(session.get())); });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
    if (!error_.ok()) {
      return error_;
    }
    const int64_t inserted = inserted_.load();
    return OltpSample{Now() - start, inserted, inserted, EngineSyncs(engine_) - syncs};
  }

 private:
  Status InsertUntilDeadline(Connection* session) {
    DRIFTDB_ASSIGN_OR_RETURN(auto insert, session->Prepare(kInsertSql));
    while (Now() < deadline_) {
      DRIFTDB_RETURN_IF_ERROR(InsertOnce(insert.get(), ++engine_->next_key));
      inserted_.fetch_add(1, std::memory_order_relaxed);
    }
    return OkStatus();
  }
  void Record(Status status) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (error_.ok()) {
      error_ = std::move(status);
    }
  }

  OltpEngine* engine_;
  double seconds_;
  double deadline_ = 0;
  std::atomic<int64_t> inserted_{0};
  std::mutex mutex_;
  Status error_;
};

template <int connections>
Result<OltpSample> InsertAutocommit(OltpEngine* engine, double seconds) {
  return ConcurrentInserters(engine, seconds).Run(connections);
}

Status RecreateBulk(OltpEngine* engine) {
  DRIFTDB_RETURN_IF_ERROR(engine->connection->Exec("DROP TABLE IF EXISTS bulk"));
  return engine->connection->Exec(std::string("CREATE TABLE bulk ") + kAccountColumns);
}

// One transaction; its begin and commit count.
Result<OltpSample> LoadByInserts(OltpEngine* engine, double seconds) {
  DRIFTDB_RETURN_IF_ERROR(RecreateBulk(engine));
  const int64_t syncs = EngineSyncs(engine);
  const double start = Now();
  DRIFTDB_RETURN_IF_ERROR(engine->connection->Exec("BEGIN"));
  int64_t key = 0;
  Result<OltpSample> sample(OltpSample{});
  {
    DRIFTDB_ASSIGN_OR_RETURN(auto insert,
                             engine->connection->Prepare("INSERT INTO bulk VALUES (?, ?, ?)"));
    sample = RunFor(engine, seconds, kOperationsPerClockCheck,
                    [&] { return InsertOnce(insert.get(), ++key); });
  }
  DRIFTDB_RETURN_IF_ERROR(engine->connection->Exec("COMMIT"));
  if (sample.ok()) {
    sample->seconds = Now() - start;
    sample->commits = 1;
    sample->syncs = EngineSyncs(engine) - syncs;
  }
  return sample;
}

// The whole file, whatever the time: one transaction, commit included.
Result<OltpSample> LoadByCopy(OltpEngine* engine, double /*seconds*/) {
  DRIFTDB_RETURN_IF_ERROR(RecreateBulk(engine));
  const int64_t syncs = EngineSyncs(engine);
  const double start = Now();
  DRIFTDB_RETURN_IF_ERROR(engine->connection->LoadFile("bulk", engine->bulk_path));
  return OltpSample{Now() - start, engine->bulk_rows, 1, EngineSyncs(engine) - syncs};
}

}  // namespace

const std::vector<OltpCase>& OltpCases() {
  static const std::vector<OltpCase> kCases = {
      {"select_auto", "point select, autocommit", false, SelectAutocommit},
      {"select_txn", "point select inside a transaction", false, SelectInTransaction},
      {"update_auto", "point update, durable", true, UpdateAutocommit},
      {"update_txn", "point update inside a transaction", false, UpdateInTransaction},
      {"txn10", "transaction of 10 updates, durable", true, TenUpdates},
      {"insert_1", "row insert, durable, 1 connection", true, InsertAutocommit<1>},
      {"insert_4", "row insert, durable, 4 connections", true, InsertAutocommit<4>},
      {"insert_16", "row insert, durable, 16 connections", true, InsertAutocommit<16>},
      {"load_inserts", "prepared inserts in one transaction, per row", false, LoadByInserts},
      {"load_copy", "COPY of a file, per row", false, LoadByCopy},
  };
  return kCases;
}

}  // namespace driftdb::compare
