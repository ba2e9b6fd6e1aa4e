#include "engines.h"

#include <sqlite3.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "api/statement.h"
#include "types/text_format.h"

namespace driftdb::differential {

namespace {

constexpr int kSqliteStepsMax = 30'000;  // of a thousand instructions each

std::string DriftCell(const Value& value) {
  if (value.is_null()) return "\\N";
  switch (value.type().id) {
    case TypeId::kBoolean:
      return value.boolean() ? "1" : "0";
    case TypeId::kReal:
    case TypeId::kDouble:
    case TypeId::kDecimal:
      return CanonicalNumber(std::strtod(FormatValue(value).c_str(), nullptr));
    default:
      return FormatValue(value);
  }
}

std::string SqliteCell(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_NULL:
      return "\\N";
    case SQLITE_FLOAT:
      return CanonicalNumber(sqlite3_column_double(statement, column));
    default:
      return {reinterpret_cast<const char*>(sqlite3_column_text(statement, column)),
              static_cast<size_t>(sqlite3_column_bytes(statement, column))};
  }
}

// SQLite has no date literals; dates are texts there.
std::string SqliteText(std::string sql) {
  constexpr std::string_view kDate = "date '";
  for (size_t at = sql.find(kDate); at != std::string::npos; at = sql.find(kDate, at))
    sql.erase(at, kDate.size() - 1);
  return sql;
}

Outcome SqliteFailure(sqlite3* database, int code) {
  Outcome outcome;
  outcome.error = code == SQLITE_CONSTRAINT  ? "constraint"
                  : code == SQLITE_INTERRUPT ? "timeout"
                                             : "other";
  outcome.message = sqlite3_errmsg(database);
  return outcome;
}

Outcome DriftFailure(const Status& status) {
  Outcome outcome;
  outcome.error = status.sqlstate().view();
  outcome.message = status.ToString();
  return outcome;
}

std::string DifferenceOfRows(const std::vector<std::string>& found,
                             const std::vector<std::string>& wanted) {
  std::string text = fmt::format("{} rows instead of {}", found.size(), wanted.size());
  size_t i = 0;
  while (i < found.size() && i < wanted.size() && found[i] == wanted[i]) ++i;
  if (i < found.size()) text += fmt::format("; found  {}", found[i]);
  if (i < wanted.size()) text += fmt::format("; wanted {}", wanted[i]);
  return text;
}

}  // namespace

std::string CanonicalNumber(double number) {
  if (std::abs(number) < 1e15 && number == std::trunc(number))
    return fmt::format("{}", static_cast<int64_t>(number));
  return fmt::format("{:.9g}", number);
}

std::string Difference(const Outcome& found, const Outcome& wanted, bool ordered) {
  if (found.timed_out() || wanted.timed_out()) return "";
  if (found.violated() && wanted.violated()) return "";
  if (!found.ok() || !wanted.ok()) {
    if (found.error == wanted.error) return "";
    return fmt::format("found error '{}' {}, wanted error '{}' {}", found.error, found.message,
                       wanted.error, wanted.message);
  }
  if (found.changes != wanted.changes)
    return fmt::format("{} rows changed instead of {}", found.changes, wanted.changes);
  if (found.rows == wanted.rows) return "";
  if (ordered) return DifferenceOfRows(found.rows, wanted.rows);
  std::vector<std::string> left = found.rows, right = wanted.rows;
  std::sort(left.begin(), left.end());
  std::sort(right.begin(), right.end());
  return left == right ? "" : DifferenceOfRows(left, right);
}

DriftEngine::DriftEngine(const DriftOptions& options) : options_(options) {
  api::DatabaseOptions database_options;
  database_options.threads = options.threads;
  database_options.background = false;
  auto database = api::Database::Open(":memory:", database_options);
  database_ = std::move(database).value();
  connection_ = *database_->Connect();
  connection_->disabled_optimizer_rules = options.disabled_rules;
  Run("SET statement_timeout = '20s'");
  if (!options.row_path) Run("SET row_path = off");
}

DriftEngine::~DriftEngine() { (void)database_->Close(); }

Outcome DriftEngine::Run(const std::string& sql) {
  if (!options_.indexes && sql.starts_with("CREATE INDEX")) return {};
  size_t consumed = 0;
  auto prepared = connection_->Prepare(sql, &consumed);
  if (!prepared.ok()) return DriftFailure(prepared.status());
  api::Statement* statement = *prepared;
  Outcome outcome;
  while (true) {
    const auto step = statement->Step();
    if (!step.ok()) {
      outcome = DriftFailure(step.status());
      break;
    }
    if (*step == api::StepOutcome::kDone) break;
    std::string row;
    for (size_t c = 0; c < statement->columns().size(); ++c) {
      if (c != 0) row += '|';
      row += DriftCell(statement->column(c).GetValue(statement->row()));
    }
    outcome.rows.push_back(std::move(row));
  }
  if (outcome.ok()) outcome.changes = statement->changes();
  connection_->Finalize(statement);
  return outcome;
}

Outcome DriftEngine::Load(const std::string& table, const std::string& data) {
  size_t at = 0;
  connection_->copy_reader = [&](char* buffer, size_t capacity) -> int64_t {
    const size_t bytes = std::min(capacity, data.size() - at);
    std::memcpy(buffer, data.data() + at, bytes);
    at += bytes;
    return static_cast<int64_t>(bytes);
  };
  Outcome outcome = Run("COPY " + table + " FROM STDIN");
  connection_->copy_reader = nullptr;
  return outcome;
}

void DriftEngine::Maintain() { (void)database_->engine()->Maintain(); }

SqliteEngine::SqliteEngine() {
  sqlite3_open(":memory:", &database_);
  sqlite3_exec(database_, "PRAGMA case_sensitive_like = ON", nullptr, nullptr, nullptr);
}

SqliteEngine::~SqliteEngine() { sqlite3_close(database_); }

Outcome SqliteEngine::Run(const std::string& sql) {
  int steps = 0;
  const auto progress = [](void* context) {
    return static_cast<int>(++*static_cast<int*>(context) > kSqliteStepsMax);
  };
  sqlite3_progress_handler(database_, 1000, progress, &steps);
  sqlite3_stmt* statement = nullptr;
  int code = sqlite3_prepare_v2(database_, SqliteText(sql).c_str(), -1, &statement, nullptr);
  if (code != SQLITE_OK) return SqliteFailure(database_, code);
  Outcome outcome;
  const int64_t before = sqlite3_total_changes(database_);
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    std::string row;
    for (int c = 0; c < sqlite3_column_count(statement); ++c) {
      if (c != 0) row += '|';
      row += SqliteCell(statement, c);
    }
    outcome.rows.push_back(std::move(row));
  }
  if (code != SQLITE_DONE) outcome = SqliteFailure(database_, code);
  sqlite3_finalize(statement);
  if (outcome.ok()) outcome.changes = sqlite3_total_changes(database_) - before;
  sqlite3_progress_handler(database_, 0, nullptr, nullptr);
  return outcome;
}

Outcome SqliteEngine::Load(const std::string& table, const std::string& data) {
  Run("BEGIN");
  sqlite3_stmt* statement = nullptr;
  Outcome outcome;
  size_t at = 0;
  while (at < data.size()) {
    const size_t end = data.find('\n', at);
    std::vector<std::string> cells(1);
    for (size_t i = at; i < end; ++i) {
      if (data[i] == '\t') cells.emplace_back();
      if (data[i] != '\t') cells.back() += data[i];
    }
    at = end + 1;
    if (statement == nullptr) {
      std::string sql = "INSERT INTO " + table + " VALUES (?";
      for (size_t i = 1; i < cells.size(); ++i) sql += ", ?";
      const int code = sqlite3_prepare_v2(database_, (sql + ")").c_str(), -1, &statement, nullptr);
      if (code != SQLITE_OK) return SqliteFailure(database_, code);
    }
    for (size_t i = 0; i < cells.size(); ++i) {
      const int index = static_cast<int>(i) + 1;
      if (cells[i] == "\\N") {
        sqlite3_bind_null(statement, index);
      } else if (cells[i] == "t" || cells[i] == "f") {
        sqlite3_bind_int(statement, index, cells[i] == "t" ? 1 : 0);
      } else {
        sqlite3_bind_text(statement, index, cells[i].data(), static_cast<int>(cells[i].size()),
                          SQLITE_TRANSIENT);
      }
    }
    if (sqlite3_step(statement) == SQLITE_DONE) {
      ++outcome.changes;
    } else {
      outcome = SqliteFailure(database_, SQLITE_CONSTRAINT);
    }
    sqlite3_reset(statement);
  }
  sqlite3_finalize(statement);
  Run("COMMIT");
  return outcome;
}

}  // namespace driftdb::differential
