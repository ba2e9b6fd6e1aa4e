#include "api/database.h"

#include <algorithm>

#include "api/connection.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "platform/memory_info.h"
#include "platform/thread.h"

namespace driftdb::api {

namespace {

uint64_t DatabaseMemoryLimit(const DatabaseOptions& options) {
  if (options.memory_limit_bytes != 0) return options.memory_limit_bytes;
  // 80 %, as DuckDB: the rest is the host program's and the operating system's.
  return platform::AvailableMemoryBytes() / 10 * 8;
}

}  // namespace

Database::Database(std::string path, DatabaseOptions options)
    : path_(std::move(path)),
      options_(std::move(options)),
      tasks_(options_.threads == 0 ? platform::AvailableThreads() : options_.threads) {}

Result<std::unique_ptr<Database>> Database::Open(const std::string& path,
                                                 const DatabaseOptions& options) {
  std::unique_ptr<Database> database(new Database(path, options));
  txn::EngineOptions engine;
  engine.clock = platform::SystemClock();
  engine.memory_limit_bytes = DatabaseMemoryLimit(options);
  if (path == ":memory:") {
    database->memory_vfs_ = platform::MakeMemoryVfs();
    engine.vfs = database->memory_vfs_.get();
    engine.directory = "/memory";
  } else {
    if (path.empty()) {
      return Error(sqlstate::kInvalidParameterValue, "the path of a database must not be empty")
          .WithHint("Use \":memory:\" for a database that is not stored.");
    }
    engine.vfs = options.vfs == nullptr ? platform::PosixVfs() : options.vfs;
    engine.background = options.background;
    engine.directory = path;
    while (engine.directory.size() > 1 && engine.directory.back() == '/') {
      engine.directory.pop_back();
    }
    engine.wal_directory = options.wal_dir;
    engine.read_only = options.read_only;
    engine.create = options.create;
  }
  DRIFTDB_ASSIGN_OR_RETURN(database->engine_, txn::Engine::Open(engine));
  database->catalog_ = std::make_unique<catalog::Catalog>(database->engine_.get());
  DRIFTDB_RETURN_IF_ERROR(database->catalog_->Open());
  return database;
}

Database::~Database() {
  {
    platform::MutexLock lock(&mutex_);
    connections_.clear();
  }
  catalog_ = nullptr;
  engine_ = nullptr;
}

Status Database::Close() {
  std::map<Connection*, std::unique_ptr<Connection>> connections;
  {
    platform::MutexLock lock(&mutex_);
    connections.swap(connections_);
  }
  for (auto& [raw, connection] : connections) {
    connection->Shutdown();
  }
  for (auto& [raw, connection] : connections) {
    // A call that another thread has in progress returns first.
    platform::MutexLock running(connection->mutex());
  }
  connections.clear();
  Status status = engine_->Close();
  catalog_ = nullptr;
  engine_ = nullptr;
  return status;
}

Result<Connection*> Database::Connect() {
  platform::MutexLock lock(&mutex_);
  auto connection = std::make_unique<Connection>(this, next_connection_++);
  DRIFTDB_RETURN_IF_ERROR(connection->Initialize());
  Connection* const raw = connection.get();
  connections_.emplace(raw, std::move(connection));
  return raw;
}

void Database::Disconnect(Connection* connection) {
  std::unique_ptr<Connection> gone;
  platform::MutexLock lock(&mutex_);
  const auto it = connections_.find(connection);
  if (it == connections_.end()) return;
  gone = std::move(it->second);
  connections_.erase(it);
}

int64_t Database::Metric(std::string_view name) {
  const auto signed_value = [](uint64_t value) { return static_cast<int64_t>(value); };
  if (name == "memory.used_bytes") return signed_value(engine_->memory()->used_bytes());
  if (name == "memory.peak_bytes") return signed_value(engine_->memory()->peak_bytes());
  if (name == "memory.limit_bytes") return signed_value(engine_->memory()->limit_bytes());
  if (name == "txn.commits") return signed_value(engine_->manager()->commit_count());
  if (name == "txn.published_seq") return signed_value(engine_->manager()->published().value);
  if (name == "checkpoint.count") return signed_value(engine_->checkpoint_count());
  if (name.starts_with("wal.") && engine_->log() != nullptr) {
    const wal::LogCounters counters = engine_->log()->counters();
    if (name == "wal.syncs") return signed_value(counters.syncs);
    if (name == "wal.groups") return signed_value(counters.groups);
    if (name == "wal.commits") return signed_value(counters.appends);
    if (name == "wal.bytes") return signed_value(counters.bytes);
  }
  if (name.starts_with("pool.") || name.starts_with("file.")) {
    const storage::StoreStatistics statistics = engine_->extents()->statistics();
    if (name == "pool.hits") return signed_value(statistics.pool.hits);
    if (name == "pool.loads") return signed_value(statistics.pool.loads);
    if (name == "pool.evictions") return signed_value(statistics.pool.evictions);
    if (name == "file.bytes") return signed_value(statistics.file_bytes);
    if (name == "file.free_bytes") return signed_value(statistics.free_bytes);
  }
  return -1;
}

}  // namespace driftdb::api
