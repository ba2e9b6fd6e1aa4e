// Session: one connection with a thread of its own, so that a step that waits for another session
// does not stop the runner. Bed: a database in memory and what tells whether its sessions rest.
#ifndef DRIFTDB_TESTS_ISOLATION_SESSION_H_
#define DRIFTDB_TESTS_ISOLATION_SESSION_H_

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "api/database.h"

namespace isolation {

class Bed;

// What a step came to. Text: rows as `(1,a) (2,)`, `-` for none, `UPDATE 3`, `error 40001`; several
// statements are joined by "; ".
struct Outcome {
  std::string text;
  std::string sqlstate;  // "" without an error
  std::string message;
  bool quiet = false;  // tells nothing: BEGIN, COMMIT, SET, a definition
};

class Session {
 public:
  Session(Bed* bed, std::string name);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const std::string& name() const { return name_; }
  // Starts `sql` on the session's thread. REQUIRES: not busy.
  void Start(std::string sql);
  bool busy() const;
  // The outcome of the last start. REQUIRES: not busy.
  Outcome TakeOutcome();
  // Start, wait until it has ended, and take.
  Outcome Run(std::string sql);
  void Interrupt();
  uint64_t participant() const;
  driftdb::api::Connection* connection() const { return connection_; }

 private:
  void Work();
  Outcome Execute(const std::string& sql);

  Bed* const bed_;
  const std::string name_;
  driftdb::api::Connection* connection_ = nullptr;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string sql_;
  bool busy_ = false;
  bool stop_ = false;
  Outcome outcome_;
  std::thread thread_;
};

class Bed {
 public:
  Bed();
  ~Bed();
  driftdb::api::Database* database() const { return database_.get(); }
  Session* Connect(const std::string& name);
  const std::vector<std::unique_ptr<Session>>& sessions() const { return sessions_; }

  // Waits until every session is idle or waits for another one; no clock decides which. False: some
  // session does neither for a minute.
  bool Settle();
  // Waits until `session` is idle. False after a minute.
  bool AwaitIdle(const Session& session);
  bool Waiting(const Session& session) const;
  // Everything stored twice agrees; "" when it does.
  std::string Check() const;

 private:
  friend class Session;
  std::unique_ptr<driftdb::api::Database> database_;
  std::vector<std::unique_ptr<Session>> sessions_;
  std::mutex mutex_;
  std::condition_variable ended_;
  uint64_t ends_ = 0;  // steps that have ended
};

}  // namespace isolation

#endif  // DRIFTDB_TESTS_ISOLATION_SESSION_H_
