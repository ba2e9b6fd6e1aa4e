// One small interface over the engines that are compared; a workload is written once against it.
//
// Shape: Engine (a database on disk) -> Connection (a session) -> Statement (prepared). Parameters
// are numbered from 1, columns from 0. Every engine reads the same SQL; parameters are written "?".
// Threads: an Engine may be used from any thread, a Connection and its statements from one at a
// time. Errors: Status with the engine's own message. Fairness: adapters add one virtual call per
// operation and copy nothing that the engine does not.
#ifndef DRIFTDB_BENCH_COMPARE_ENGINE_H_
#define DRIFTDB_BENCH_COMPARE_ENGINE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace driftdb::compare {

enum class EngineKind { kDriftdb, kSqlite, kDuckdb };
std::string_view EngineName(EngineKind kind);

class Statement {
 public:
  virtual ~Statement() = default;
  virtual Status BindInt64(int parameter, int64_t value) = 0;
  virtual Status BindDouble(int parameter, double value) = 0;
  virtual Status BindText(int parameter, std::string_view value) = 0;
  // True: a row is ready. False: finished; the next call starts afresh.
  virtual Result<bool> Step() = 0;
  // Ends an execution before its last row.
  virtual Status Reset() = 0;

  virtual int columns() = 0;
  virtual bool IsNull(int column) = 0;
  virtual int64_t Int64(int column) = 0;
  virtual double Double(int column) = 0;
  virtual std::string Text(int column) = 0;

  // Runs to the end; returns the number of rows.
  Result<int64_t> Run();
};

class Connection {
 public:
  virtual ~Connection() = default;
  virtual Status Exec(const std::string& sql) = 0;
  virtual Result<std::unique_ptr<Statement>> Prepare(const std::string& sql) = 0;
  // Appends the rows of a text file, columns separated by '|', no quotes, no trailing separator,
  // in the engine's fastest way, as one transaction.
  virtual Status LoadFile(const std::string& table, const std::string& path) = 0;
};

struct EngineOptions {
  std::string path;            // a file or directory that this engine owns
  int threads = 0;             // 0: the engine's default
  std::string duckdb_library;  // of libduckdb.so
};

class Engine {
 public:
  virtual ~Engine() = default;
  virtual Result<std::unique_ptr<Connection>> Connect() = 0;
  // Syncs that the engine itself counts (it may use calls that SyncCount() does not see), or -1.
  virtual int64_t OwnSyncCount() { return -1; }
  // Checkpoints and closes; the engine is unusable afterwards.
  virtual Status Close() = 0;
  virtual std::string Version() = 0;
};

Result<std::unique_ptr<Engine>> OpenEngine(EngineKind kind, const EngineOptions& options);

// Implemented one per file.
Result<std::unique_ptr<Engine>> OpenDriftdb(const EngineOptions& options);
Result<std::unique_ptr<Engine>> OpenSqlite(const EngineOptions& options);
Result<std::unique_ptr<Engine>> OpenDuckdb(const EngineOptions& options);

// Why the engine cannot take part in this run, or "" when it can.
std::string WhyAbsent(EngineKind kind, const EngineOptions& options);

}  // namespace driftdb::compare

#endif  // DRIFTDB_BENCH_COMPARE_ENGINE_H_
