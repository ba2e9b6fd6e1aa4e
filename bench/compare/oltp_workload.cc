// Measures: small transactions on one table of 500,000 (or 10,000,000) rows with an integer primary
// key, prepared statements, one process. Rounds alternate between the engines; the median of the
// rounds counts. Syncs per commit come from the engine's own counter or from sync_counter.h.
// Excluded: opening, the first load, preparing statements; the final commit of *_txn cases.
// Settings: SQLite WAL with synchronous=FULL, the others their defaults (durable commits).
// Decision it supports: the row path, group commit and the log's format; engine budgets 1-5 and 7.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <map>

#include "base/error.h"
#include "base/status_macros.h"
#include "compare/measure.h"
#include "compare/oltp_engine.h"
#include "compare/sync_counter.h"
#include "compare/tpch_data.h"
#include "compare/workloads.h"

namespace driftdb::compare {
namespace {

namespace fs = std::filesystem;

Result<std::string> AccountFile(const Options& options, int64_t rows) {
  std::error_code error;
  fs::create_directories(options.work_directory, error);
  const std::string path = fmt::format("{}/account-{}.csv", options.work_directory, rows);
  if (fs::exists(path, error)) {
    return fs::absolute(path).string();
  }
  const std::string partial = path + ".partial";
  std::FILE* file = std::fopen(partial.c_str(), "wb");
  if (file == nullptr) {
    return ErrnoError(errno, "open", partial);
  }
  bool written = true;
  for (int64_t id = 1; id <= rows && written; ++id) {
    written =
        std::fprintf(file, "%lld|%llu|account number %lld\n", static_cast<long long>(id),
                     static_cast<unsigned long long>(HashInt64(static_cast<uint64_t>(id)) % 100000),
                     static_cast<long long>(id)) > 0;
  }
  if (std::fclose(file) != 0 || !written || std::rename(partial.c_str(), path.c_str()) != 0) {
    return ErrnoError(errno, "write", path);
  }
  return fs::absolute(path).string();
}

struct OltpPlan {
  int64_t rows;
  std::string file;
  std::string bulk_file;
  int64_t bulk_rows;
};

Status OpenOltp(EngineKind kind, const Options& options, const OltpPlan& plan, OltpEngine* out) {
  EngineOptions engine_options{
      .path = fmt::format("{}/oltp.{}", options.work_directory, EngineName(kind)),
      .threads = options.threads,
      .duckdb_library = options.duckdb_library};
  RemoveDatabase(engine_options.path);
  out->kind = kind;
  DRIFTDB_ASSIGN_OR_RETURN(out->engine, OpenEngine(kind, engine_options));
  DRIFTDB_ASSIGN_OR_RETURN(out->connection, out->engine->Connect());
  DRIFTDB_RETURN_IF_ERROR(
      out->connection->Exec(std::string("CREATE TABLE account ") + kAccountColumns));
  const double start = Now();
  DRIFTDB_RETURN_IF_ERROR(out->connection->LoadFile("account", plan.file));
  Print(fmt::format("{} {}: {} rows loaded in {:.2f} s\n", EngineName(kind), out->engine->Version(),
                    plan.rows, Now() - start));
  out->rows = plan.rows;
  out->next_key = plan.rows;
  out->bulk_path = plan.bulk_file;
  out->bulk_rows = plan.bulk_rows;
  return OkStatus();
}

struct OltpMedians {
  double microseconds = 0;
  double syncs_per_commit = -1;  // -1: the case has no commits
};

struct CaseMedians {
  std::map<EngineKind, OltpMedians> engines;
  double floor = 0;  // of the device, 0 when not measured
};

using OltpEngines = std::vector<std::unique_ptr<OltpEngine>>;

// What earlier work left dirty must not be flushed inside of somebody's commit.
void SettleDisk(const Options& options) {
  const int folder = open(options.work_directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    syncfs(folder);
    close(folder);
  }
}

CaseMedians MeasureCase(const OltpCase& what, const OltpEngines& engines, const Options& options,
                        Report* report) {
  std::map<EngineKind, std::vector<double>> times;
  std::map<EngineKind, std::vector<double>> syncs;
  std::vector<double> floors;
  SettleDisk(options);
  for (int round = 0; round < options.runs; ++round) {
    for (size_t i = 0; i < engines.size(); ++i) {
      OltpEngine* engine = engines[(i + static_cast<size_t>(round)) % engines.size()].get();
      const Result<OltpSample> sample = what.run(engine, options.round_seconds);
      if (!sample.ok()) {
        report->Fail(fmt::format("{}: {}: {}", what.name, EngineName(engine->kind),
                                 sample.status().message()));
        continue;
      }
      times[engine->kind].push_back(sample->seconds * 1e6 /
                                    static_cast<double>(sample->operations));
      if (sample->commits > 0) {
        syncs[engine->kind].push_back(static_cast<double>(sample->syncs) /
                                      static_cast<double>(sample->commits));
      }
    }
    if (what.durable) {
      floors.push_back(
          SyncFloor(options.work_directory + "/sync-floor", options.round_seconds / 4));
    }
  }
  CaseMedians result;
  auto& medians = result.engines;
  if (what.durable) {
    result.floor = Median(floors);
    report->Add({"oltp", what.name, "device", "us/sync", result.floor});
  }
  for (const auto& [kind, values] : times) {
    const std::string engine(EngineName(kind));
    medians[kind].microseconds = Median(values);
    report->Add({"oltp", what.name, engine, "us/op", medians[kind].microseconds});
    if (!syncs[kind].empty()) {
      medians[kind].syncs_per_commit = Median(syncs[kind]);
      report->Add({"oltp", what.name, engine, "syncs/commit", medians[kind].syncs_per_commit});
    }
  }
  return result;
}

void PrintHeader(const OltpEngines& engines) {
  std::string line = fmt::format("{:<14}", "us per op");
  for (const auto& engine : engines) {
    line += fmt::format("{:>11}", EngineName(engine->kind));
  }
  for (size_t i = 1; i < engines.size(); ++i) {
    line += fmt::format("{:>11}", fmt::format("/{}", EngineName(engines[i]->kind)));
  }
  Print(line + "  syncs per commit\n");
}

void PrintCase(const OltpCase& what, const OltpEngines& engines, const CaseMedians& result) {
  const auto& medians = result.engines;
  std::string line = fmt::format("{:<14}", what.name);
  std::string ratios;
  std::string syncs;
  for (size_t i = 0; i < engines.size(); ++i) {
    const auto found = medians.find(engines[i]->kind);
    const auto first = medians.find(engines[0]->kind);
    if (found == medians.end()) {
      line += fmt::format("{:>11}", "-");
    } else {
      line += fmt::format("{:>11.3f}", found->second.microseconds);
      if (found->second.syncs_per_commit >= 0) {
        syncs += fmt::format("{} {:.2f}  ", EngineName(engines[i]->kind),
                             found->second.syncs_per_commit);
      }
    }
    if (i > 0) {
      ratios +=
          found == medians.end() || first == medians.end()
              ? fmt::format("{:>11}", "-")
              : fmt::format("{:>11.3f}", first->second.microseconds / found->second.microseconds);
    }
  }
  if (what.durable) {
    syncs += fmt::format("(device {:.0f} us a sync)", result.floor);
  }
  Print(fmt::format("{}{}  {}\n{:14}({})\n", line, ratios, syncs, "", what.what));
}

bool Selected(const OltpCase& what, const Options& options) {
  return options.cases.empty() ||
         std::find(options.cases.begin(), options.cases.end(), what.name) != options.cases.end();
}

}  // namespace

Status RunOltp(const Options& options, Report* report) {
  const int64_t bulk_rows = std::min<int64_t>(options.rows, 500000);
  DRIFTDB_ASSIGN_OR_RETURN(const std::string file, AccountFile(options, options.rows));
  DRIFTDB_ASSIGN_OR_RETURN(const std::string bulk_file, AccountFile(options, bulk_rows));
  const OltpPlan plan{options.rows, file, bulk_file, bulk_rows};
  OltpEngines engines;
  DRIFTDB_ASSIGN_OR_RETURN(
      const auto usable,
      UsableEngines(options, {EngineKind::kDriftdb, EngineKind::kSqlite, EngineKind::kDuckdb}));
  for (const EngineKind kind : usable) {
    auto engine = std::make_unique<OltpEngine>();
    if (Status status = OpenOltp(kind, options, plan, engine.get()); !status.ok()) {
      report->Fail(fmt::format("{}: {}", EngineName(kind), status.message()));
      continue;
    }
    engines.push_back(std::move(engine));
  }
  PrintHeader(engines);
  for (const OltpCase& what : OltpCases()) {
    if (Selected(what, options)) {
      PrintCase(what, engines, MeasureCase(what, engines, options, report));
    }
  }
  return OkStatus();
}

}  // namespace driftdb::compare
