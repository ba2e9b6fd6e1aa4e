// Measures: each of the 22 TPC-H queries, hot, from SQL text to the last row (parsing and planning
// included), after one warm-up run that also fetches the answer. Rounds alternate between the
// engines, so that slow spells of the machine hit all; the median of the rounds counts.
// Excluded: opening, loading (reported apart), converting values to text.
// Checked: answers agree cell by cell, numbers within 1e-6.
// Decision it supports: executor, encodings and optimizer against DuckDB.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>

#include "base/error.h"
#include "base/status_macros.h"
#include "compare/answer.h"
#include "compare/measure.h"
#include "compare/text_file.h"
#include "compare/tpch_data.h"
#include "compare/workloads.h"

namespace driftdb::compare {
namespace {

struct TpchEngine {
  EngineKind kind;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Connection> connection;
};

Result<std::string> ReadQuery(const Options& options, int number) {
  const std::string path = fmt::format("{}/q{:02}.sql", options.queries_directory, number);
  std::string text;
  const auto add_line = [&text](std::string_view line) {
    if (line.substr(0, 2) != "--") {
      text.append(line).append("\n");
    }
    return OkStatus();
  };
  DRIFTDB_RETURN_IF_ERROR(ForEachLine(path, add_line));
  return text;
}

Result<Answer> AnswerOf(TpchEngine* engine, const std::string& sql) {
  DRIFTDB_ASSIGN_OR_RETURN(auto statement, engine->connection->Prepare(sql));
  return FetchAnswer(statement.get());
}

Result<Answer> ExpectedAnswer(const Options& options, const std::string& item) {
  Answer answer;
  bool header = true;
  const auto add_line = [&](std::string_view line) {
    if (!header) {
      AnswerRow row;
      for (size_t columns = 1 + static_cast<size_t>(std::count(line.begin(), line.end(), '|'));
           row.size() < columns;) {
        const std::string_view field = TakeField(&line);
        row.emplace_back(field.empty() ? "\\N" : field);  // no TPC-H answer has an empty text
      }
      answer.push_back(std::move(row));
    }
    header = false;
    return OkStatus();
  };
  DRIFTDB_RETURN_IF_ERROR(ForEachLine(options.answers_directory + "/" + item + ".csv", add_line));
  return answer;
}

// Against the first engine's answer, and against the expected one when there is one.
void CheckAnswers(const std::vector<TpchEngine*>& engines, const std::vector<Answer>& answers,
                  const std::string& item, const Options& options, Report* report) {
  for (size_t i = 1; i < answers.size(); ++i) {
    const std::string difference = FirstDifference(answers[0], answers[i]);
    if (!difference.empty()) {
      report->Fail(fmt::format("{}: {} and {} disagree: {}", item, EngineName(engines[0]->kind),
                               EngineName(engines[i]->kind), difference));
    }
  }
  if (options.answers_directory.empty()) {
    return;
  }
  const Result<Answer> expected = ExpectedAnswer(options, item);
  if (!expected.ok()) {
    report->Fail(fmt::format("{}: {}", item, expected.status().message()));
    return;
  }
  for (size_t i = 0; i < answers.size(); ++i) {
    const std::string difference = FirstDifference(answers[i], *expected);
    if (!difference.empty()) {
      report->Fail(fmt::format("{}: {} against the expected answer: {}", item,
                               EngineName(engines[i]->kind), difference));
    }
  }
}

Result<double> TimeOnce(TpchEngine* engine, const std::string& sql) {
  const double start = Now();
  DRIFTDB_ASSIGN_OR_RETURN(auto statement, engine->connection->Prepare(sql));
  DRIFTDB_RETURN_IF_ERROR(statement->Run().status());
  statement.reset();
  return Now() - start;
}

// One query on every engine; engines that fail are absent from the returned medians (ms).
std::map<EngineKind, double> MeasureQuery(std::vector<TpchEngine>* engines, const std::string& sql,
                                          const std::string& item, const Options& options,
                                          Report* report) {
  std::vector<TpchEngine*> running;
  std::vector<Answer> answers;
  for (TpchEngine& engine : *engines) {
    Result<Answer> answer = AnswerOf(&engine, sql);
    if (!answer.ok()) {
      report->Fail(
          fmt::format("{}: {}: {}", item, EngineName(engine.kind), answer.status().message()));
      continue;
    }
    running.push_back(&engine);
    answers.push_back(std::move(*answer));
  }
  CheckAnswers(running, answers, item, options, report);
  std::map<EngineKind, std::vector<double>> times;
  for (int run = 0; run < options.runs; ++run) {
    for (size_t i = 0; i < running.size(); ++i) {
      TpchEngine* engine = running[(i + static_cast<size_t>(run)) % running.size()];
      const Result<double> seconds = TimeOnce(engine, sql);
      if (!seconds.ok()) {
        report->Fail(
            fmt::format("{}: {}: {}", item, EngineName(engine->kind), seconds.status().message()));
        continue;
      }
      times[engine->kind].push_back(*seconds * 1e3);
    }
  }
  std::map<EngineKind, double> medians;
  for (const auto& [kind, values] : times) {
    medians[kind] = Median(values);
    report->Add({"tpch", item, std::string(EngineName(kind)), "ms", medians[kind]});
  }
  return medians;
}

// Sums and ratios over the queries that every engine answered.
class TpchSummary {
 public:
  void Header(const std::vector<TpchEngine>& engines) {
    std::string line = fmt::format("{:<6}", "query");
    for (const TpchEngine& engine : engines) {
      line += fmt::format("{:>10}ms", EngineName(engine.kind));
      order_.push_back(engine.kind);
    }
    Print(line + (engines.size() > 1 ? fmt::format("{:>9}\n", "ratio") : "\n"));
  }
  void Line(const std::string& item, const std::map<EngineKind, double>& medians) {
    std::string line = fmt::format("{:<6}", item);
    for (const EngineKind kind : order_) {
      const auto found = medians.find(kind);
      line += found == medians.end() ? fmt::format("{:>12}", "-")
                                     : fmt::format("{:>12.2f}", found->second);
      if (medians.size() == order_.size()) {
        sums_[kind] += found->second;
      }
    }
    if (order_.size() > 1 && medians.size() == order_.size()) {
      const double ratio = medians.at(order_[0]) / medians.at(order_[1]);
      line += fmt::format("{:>9.3f}", ratio);
      log_ratios_ += std::log(ratio);
      ++queries_;
      if (ratio > worst_) {
        worst_ = ratio;
        worst_item_ = item;
      }
    }
    Print(line + "\n");
  }
  void Footer(Report* report) {
    if (queries_ == 0) {
      return;
    }
    std::string line = fmt::format("{:<6}", "sum");
    for (const EngineKind kind : order_) {
      line += fmt::format("{:>12.2f}", sums_[kind]);
    }
    const double mean = std::exp(log_ratios_ / queries_);
    Print(fmt::format(
        "{}\n{} to {} over {} queries: geometric mean of ratios {:.3f}, maximum {:.3f} ({})\n",
        line, EngineName(order_[0]), EngineName(order_[1]), queries_, mean, worst_, worst_item_));
    report->Add({"tpch", "geomean", std::string(EngineName(order_[0])), "ratio", mean});
    report->Add({"tpch", "maximum", std::string(EngineName(order_[0])), "ratio", worst_});
  }

 private:
  std::vector<EngineKind> order_;
  std::map<EngineKind, double> sums_;
  double log_ratios_ = 0;
  double worst_ = 0;
  std::string worst_item_;
  int queries_ = 0;
};

}  // namespace

Status RunTpch(const Options& options, Report* report) {
  DRIFTDB_ASSIGN_OR_RETURN(const auto usable,
                           UsableEngines(options, {EngineKind::kDriftdb, EngineKind::kDuckdb}));
  DRIFTDB_ASSIGN_OR_RETURN(const auto ready, PrepareTpch(options, usable, report));
  std::vector<TpchEngine> engines;
  for (const EngineKind kind : ready) {
    DRIFTDB_ASSIGN_OR_RETURN(auto engine, OpenEngine(kind, TpchEngineOptions(kind, options)));
    DRIFTDB_ASSIGN_OR_RETURN(auto connection, engine->Connect());
    Print(fmt::format("{} {}\n", EngineName(kind), engine->Version()));
    engines.push_back({kind, std::move(engine), std::move(connection)});
  }
  TpchSummary summary;
  summary.Header(engines);
  for (const int number : options.queries) {
    DRIFTDB_ASSIGN_OR_RETURN(const std::string sql, ReadQuery(options, number));
    const std::string item = fmt::format("q{:02}", number);
    summary.Line(item, MeasureQuery(&engines, sql, item, options, report));
  }
  summary.Footer(report);
  return OkStatus();
}

}  // namespace driftdb::compare
