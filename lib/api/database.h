// Database: one open data directory with everything that runs on it: engine, catalog, workers,
// connections. Ownership: owns all; connections refer to it and are closed before it. Threads:
// safe.
#ifndef DRIFTDB_API_DATABASE_H_
#define DRIFTDB_API_DATABASE_H_

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "catalog/catalog.h"
#include "exec/task_pool.h"
#include "platform/mutex.h"
#include "platform/vfs.h"
#include "txn/engine.h"

namespace driftdb::api {

class Connection;

struct DatabaseOptions {
  bool read_only = false;
  bool create = true;
  std::string wal_dir;
  uint64_t memory_limit_bytes = 0;              // 0: a share of the machine's memory
  unsigned threads = 0;                         // 0: as many as the process may use
  std::map<std::string, std::string> settings;  // defaults of sessions
  // For the crash tests: another file system for the database's own files, and no maintenance
  // thread, so that operations have the same order in every run.
  platform::Vfs* vfs = nullptr;
  bool background = true;
};

class Database {
 public:
  // `path` is a directory or ":memory:". Errors: as driftdb_open.
  static Result<std::unique_ptr<Database>> Open(const std::string& path,
                                                const DatabaseOptions& options);
  ~Database();
  // Ends all connections, checkpoints, closes.
  Status Close();

  Result<Connection*> Connect();
  void Disconnect(Connection* connection);

  txn::Engine* engine() { return engine_.get(); }
  catalog::Catalog* catalog() { return catalog_.get(); }
  exec::TaskPool* tasks() { return &tasks_; }
  // Files that SQL names (COPY); the operating system's, also for ":memory:".
  platform::Vfs* files() { return platform::PosixVfs(); }
  platform::Clock* clock() { return platform::SystemClock(); }
  const DatabaseOptions& options() const { return options_; }
  const std::string& path() const { return path_; }
  // -1: no such metric.
  int64_t Metric(std::string_view name);

 private:
  Database(std::string path, DatabaseOptions options);

  const std::string path_;
  const DatabaseOptions options_;
  std::unique_ptr<platform::Vfs> memory_vfs_;
  std::unique_ptr<txn::Engine> engine_;
  std::unique_ptr<catalog::Catalog> catalog_;
  exec::TaskPool tasks_;
  platform::Mutex mutex_;
  std::map<Connection*, std::unique_ptr<Connection>> connections_ DRIFTDB_GUARDED_BY(mutex_);
  uint64_t next_connection_ DRIFTDB_GUARDED_BY(mutex_) = 1;
};

}  // namespace driftdb::api

#endif  // DRIFTDB_API_DATABASE_H_
