// One engine of the small-transaction workload with its table and its supply of keys.
#ifndef DRIFTDB_BENCH_COMPARE_OLTP_ENGINE_H_
#define DRIFTDB_BENCH_COMPARE_OLTP_ENGINE_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/status.h"
#include "compare/engine.h"

namespace driftdb::compare {

struct OltpEngine {
  EngineKind kind;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Connection> connection;
  int64_t rows = 0;                  // ids 1 to rows exist from the load
  std::atomic<int64_t> next_key{0};  // for inserts
  std::string bulk_path;             // rows for COPY
  int64_t bulk_rows = 0;

  uint64_t draws = 0;

  // A key that exists; the sequence is the same for every engine. One thread at a time.
  int64_t DrawKey() {
    return static_cast<int64_t>(HashInt64(++draws) % static_cast<uint64_t>(rows)) + 1;
  }
};

// What one round did: per-operation time is seconds / operations.
struct OltpSample {
  double seconds = 0;
  int64_t operations = 0;
  int64_t commits = 0;
  int64_t syncs = 0;
};

struct OltpCase {
  const char* name;
  const char* what;
  bool durable;  // its time is mostly syncs: the floor of the device is measured beside it
  std::function<Result<OltpSample>(OltpEngine*, double seconds)> run;
};

const std::vector<OltpCase>& OltpCases();

inline constexpr char kAccountColumns[] =
    "(id INTEGER PRIMARY KEY, balance BIGINT NOT NULL, name VARCHAR(40) NOT NULL)";

}  // namespace driftdb::compare

#endif  // DRIFTDB_BENCH_COMPARE_OLTP_ENGINE_H_
