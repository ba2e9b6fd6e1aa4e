#include "compare/tpch_data.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "base/error.h"
#include "base/status_macros.h"
#include "compare/child_process.h"
#include "compare/measure.h"
#include "compare/report.h"
#include "tpchgen/tbl_text.h"

namespace driftdb::compare {
namespace {

namespace fs = std::filesystem;

std::string TpchFolder(const Options& options) {
  return fmt::format("{}/tpch-sf{}", options.work_directory, options.scale);
}

std::string TpchFile(const Options& options, tpchgen::Table table) {
  return fmt::format("{}/{}.csv", TpchFolder(options), tpchgen::TableName(table));
}

Status WriteTpchFile(tpchgen::Table table, const Options& options) {
  const std::string path = TpchFile(options, table);
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) {
    return ErrnoError(errno, "open", path);
  }
  const tpchgen::StreamOptions stream{
      .scale = options.scale, .threads = 2, .row_end = tpchgen::RowEnd::kNewlineOnly};
  const bool written = tpchgen::StreamTable(table, stream, [file](std::string_view rows) {
    return std::fwrite(rows.data(), 1, rows.size(), file) == rows.size();
  });
  const bool closed = std::fclose(file) == 0;
  return written && closed ? OkStatus() : ErrnoError(errno, "write", path);
}

Result<ChildValues> LoadTpchHere(EngineKind kind, const Options& options) {
  DRIFTDB_ASSIGN_OR_RETURN(auto engine, OpenEngine(kind, TpchEngineOptions(kind, options)));
  double start = Now();
  {
    DRIFTDB_ASSIGN_OR_RETURN(auto connection, engine->Connect());
    for (const auto table : tpchgen::kAllTables) {
      std::string ddl = fmt::format("CREATE TABLE {} ({}", tpchgen::TableName(table),
                                    tpchgen::TableColumns(table));
      if (options.keys) {
        ddl += fmt::format(", {}", tpchgen::TablePrimaryKey(table));
      }
      DRIFTDB_RETURN_IF_ERROR(connection->Exec(ddl + ")"));
    }
    start = Now();
    for (const auto table : tpchgen::kAllTables) {
      const std::string path = fs::absolute(TpchFile(options, table)).string();
      DRIFTDB_RETURN_IF_ERROR(connection->LoadFile(std::string(tpchgen::TableName(table)), path));
    }
  }
  const double loaded = Now();
  DRIFTDB_RETURN_IF_ERROR(engine->Close());
  return ChildValues{loaded - start, Now() - loaded, 0, 0};
}

// `name` is the part of the path below the database: a log's has "wal" in it for every engine.
void AddFileSize(const fs::path& path, const std::string& name, LoadOutcome* outcome) {
  std::error_code error;
  const double mb = static_cast<double>(fs::file_size(path, error)) / 1e6;
  if (!error) {
    (name.find("wal") != std::string::npos ? outcome->log_mb : outcome->file_mb) += mb;
  }
}

void PrintLoad(EngineKind kind, const LoadOutcome& outcome, const Options& options,
               Report* report) {
  Print(fmt::format("{:<10}{:>10.2f}{:>10.2f}{:>12.1f}{:>10.1f}{:>12.0f}\n", EngineName(kind),
                    outcome.load_seconds, outcome.close_seconds, outcome.file_mb, outcome.log_mb,
                    outcome.peak_mb));
  const auto add = [&](const char* item, const char* unit, double value) {
    report->Add({options.workload, item, std::string(EngineName(kind)), unit, value});
  };
  add("load", "s", outcome.load_seconds);
  add("close", "s", outcome.close_seconds);
  add("file", "MB", outcome.file_mb);
  add("log", "MB", outcome.log_mb);
  add("load_peak", "MB", outcome.peak_mb);
}

}  // namespace

Result<std::vector<EngineKind>> UsableEngines(const Options& options,
                                              const std::vector<EngineKind>& suitable) {
  std::vector<EngineKind> usable;
  for (const EngineKind kind : options.engines.empty() ? suitable : options.engines) {
    const std::string reason = WhyAbsent(kind, {"", 0, options.duckdb_library});
    if (reason.empty()) {
      usable.push_back(kind);
    } else {
      Print(fmt::format("{} is skipped: {}\n", EngineName(kind), reason));
    }
  }
  if (usable.empty()) {
    return Error(sqlstate::kInvalidParameterValue, "no engine can take part");
  }
  return usable;
}

EngineOptions TpchEngineOptions(EngineKind kind, const Options& options) {
  return {.path = fmt::format("{}/tpch-sf{}{}.{}", options.work_directory, options.scale,
                              options.keys ? "-keys" : "", EngineName(kind)),
          .threads = options.threads,
          .duckdb_library = options.duckdb_library};
}

Status EnsureTpchFiles(const Options& options) {
  const std::string complete = TpchFolder(options) + "/complete";
  std::error_code error;
  if (fs::exists(complete, error)) {
    return OkStatus();
  }
  fs::create_directories(TpchFolder(options), error);
  if (error) {
    return ErrnoError(error.value(), "create", TpchFolder(options));
  }
  const double start = Now();
  const auto write_all = [&options]() -> Result<ChildValues> {
    for (const auto table : tpchgen::kAllTables) {
      DRIFTDB_RETURN_IF_ERROR(WriteTpchFile(table, options));
    }
    return ChildValues{};
  };
  // In a child: the text pool would count as memory of every later child.
  DRIFTDB_RETURN_IF_ERROR(RunInChild(write_all).status());
  std::FILE* marker = std::fopen(complete.c_str(), "wb");
  if (marker == nullptr || std::fclose(marker) != 0) {
    return ErrnoError(errno, "create", complete);
  }
  Print(fmt::format("generated TPC-H at scale {} in {:.1f} s\n", options.scale, Now() - start));
  return OkStatus();
}

void MeasureFiles(const std::string& path, LoadOutcome* outcome) {
  std::error_code error;
  if (fs::is_directory(path, error)) {
    for (const auto& entry : fs::recursive_directory_iterator(path, error)) {
      if (entry.is_regular_file(error)) {
        AddFileSize(entry.path(), fs::relative(entry.path(), path, error).string(), outcome);
      }
    }
    return;
  }
  for (const char* suffix : {"", "-wal", ".wal"}) {
    AddFileSize(path + suffix, suffix, outcome);
  }
}

void RemoveDatabase(const std::string& path) {
  std::error_code error;
  for (const char* suffix : {"", "-wal", "-shm", ".wal"}) {
    fs::remove_all(path + suffix, error);
  }
}

Result<LoadOutcome> LoadTpch(EngineKind kind, const Options& options) {
  const std::string path = TpchEngineOptions(kind, options).path;
  RemoveDatabase(path);
  DRIFTDB_ASSIGN_OR_RETURN(const ChildReport child,
                           RunInChild([kind, &options] { return LoadTpchHere(kind, options); }));
  LoadOutcome outcome;
  outcome.load_seconds = child.values[0];
  outcome.close_seconds = child.values[1];
  outcome.peak_mb = child.peak_mb;
  MeasureFiles(path, &outcome);
  return outcome;
}

Result<std::vector<EngineKind>> PrepareTpch(const Options& options,
                                            const std::vector<EngineKind>& engines,
                                            Report* report) {
  DRIFTDB_RETURN_IF_ERROR(EnsureTpchFiles(options));
  Print(fmt::format("{:<10}{:>10}{:>10}{:>12}{:>10}{:>12}\n", "load", "load s", "close s",
                    "file MB", "log MB", "peak MB"));
  std::vector<EngineKind> ready;
  for (const EngineKind kind : engines) {
    std::error_code error;
    if (options.reuse && fs::exists(TpchEngineOptions(kind, options).path, error)) {
      Print(fmt::format("{:<10}reused\n", EngineName(kind)));
      ready.push_back(kind);
      continue;
    }
    const Result<LoadOutcome> outcome = LoadTpch(kind, options);
    if (!outcome.ok()) {
      report->Fail(fmt::format("{}: load: {}", EngineName(kind), outcome.status().message()));
      continue;
    }
    ready.push_back(kind);
    PrintLoad(kind, *outcome, options, report);
  }
  return ready;
}

}  // namespace driftdb::compare
