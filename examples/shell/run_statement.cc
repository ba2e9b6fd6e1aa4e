// Shell: one statement from its text to its printed result.
#include <sys/resource.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "shell.h"
#include "text_width.h"

namespace shell {
namespace {

// Prints `Run Time (s): real ...` for the time since it was made.
class StatementTimer {
 public:
  StatementTimer() : begin_(std::chrono::steady_clock::now()) { getrusage(RUSAGE_SELF, &usage_); }

  void Print() const {
    const std::chrono::duration<double> real = std::chrono::steady_clock::now() - begin_;
    rusage now;
    getrusage(RUSAGE_SELF, &now);
    std::printf("Run Time (s): real %.6f user %.6f sys %.6f\n", real.count(),
                Seconds(now.ru_utime) - Seconds(usage_.ru_utime),
                Seconds(now.ru_stime) - Seconds(usage_.ru_stime));
    std::fflush(stdout);
  }

 private:
  static double Seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  }

  std::chrono::steady_clock::time_point begin_;
  rusage usage_;
};

// `LINE n: text` and a caret below the byte `position` (1-based) of `sql`, as psql prints them.
std::string CaretLines(std::string_view sql, int64_t position) {
  const size_t at = std::min(static_cast<size_t>(position - 1), sql.size());
  const size_t begin = at == 0 ? 0 : sql.rfind('\n', at - 1) + 1;  // npos + 1 is 0
  const size_t end = std::min(sql.find('\n', at), sql.size());
  const auto line_number =
      1 + std::count(sql.begin(), sql.begin() + static_cast<ptrdiff_t>(at), '\n');
  std::string line(sql.substr(begin, end - begin));
  size_t offset = at - begin;
  // A long line is shown around the place, cut between characters.
  constexpr size_t kShown = 60;
  const auto continues = [&](size_t i) {
    return (static_cast<unsigned char>(line[i]) & 0xc0) == 0x80;
  };
  if (line.size() > offset + kShown) {
    size_t cut = offset + kShown;
    while (cut > offset && continues(cut)) --cut;
    line = line.substr(0, cut) + "...";
  }
  if (offset > kShown) {
    size_t cut = offset - kShown / 2;
    while (cut < offset && continues(cut)) ++cut;
    line = "..." + line.substr(cut);
    offset = offset - cut + 3;
  }
  std::replace(line.begin(), line.end(), '\t', ' ');
  std::replace(line.begin(), line.end(), '\r', ' ');
  const std::string head = "LINE " + std::to_string(line_number) + ": ";
  const size_t caret = head.size() + DisplayWidth(std::string_view(line).substr(0, offset));
  return head + line + '\n' + std::string(caret, ' ') + "^\n";
}

std::string FirstWord(std::string_view sql) {
  std::string word;
  for (const char c : sql) {
    if (std::isalpha(static_cast<unsigned char>(c)) == 0) break;
    word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return word;
}

std::vector<Column> ColumnsOf(driftdb_statement* statement) {
  std::vector<Column> columns(static_cast<size_t>(driftdb_column_count(statement)));
  for (size_t i = 0; i < columns.size(); ++i) {
    const int index = static_cast<int>(i);
    columns[i] = {driftdb_column_name(statement, index), driftdb_column_type_name(statement, index),
                  driftdb_column_type(statement, index)};
  }
  return columns;
}

}  // namespace

void Shell::FailStatement(std::string_view sql, int line) {
  failed_ = true;
  output.Flush();
  std::string text = std::string("ERROR:  ") + driftdb_sqlstate(connection_) + ": " +
                     driftdb_errmsg(connection_) + '\n';
  const int64_t position = driftdb_errposition(connection_);
  if (position > 0 && !sql.empty()) text += CaretLines(sql, position);
  const std::string detail = driftdb_errdetail(connection_);
  if (!detail.empty()) text += "DETAIL:  " + detail + '\n';
  const std::string hint = driftdb_errhint(connection_);
  if (!hint.empty()) text += "HINT:  " + hint + '\n';
  const std::string place = sources_.empty() ? "" : sources_.back()->name();
  if (!place.empty() && line > 0) text += "CONTEXT:  " + place + ":" + std::to_string(line) + '\n';
  std::fwrite(text.data(), 1, text.size(), stderr);
}

bool Shell::RunSql(const std::string& sql, int line) {
  if (connection_ == nullptr) {
    Fail("no database is open; .open PATH opens one");
    return false;
  }
  if (settings.echo) output.Write(sql.back() == '\n' ? sql : sql + '\n');
  bool ok = true;
  const char* rest = sql.c_str();
  while (ok && *rest != '\0') {
    const StatementTimer timer;
    const char* begin = rest;
    driftdb_statement* raw = nullptr;
    bool run = true;
    if (settings.plan != PlanMode::kOff) ok = ExplainFirst(begin, &run);
    if (!run) break;
    watcher_.Begin(connection_, interactive_ && settings.progress);
    if (driftdb_prepare(connection_, begin, -1, &raw, &rest) != DRIFTDB_OK) {
      watcher_.End();
      FailStatement(begin, line);
      ok = false;
    } else if (raw == nullptr) {
      watcher_.End();
      break;  // only white space and comments are left
    } else {
      const StatementHandle statement(raw, driftdb_finalize);
      ok = RunPrepared(raw, begin, line);
    }
    if (settings.timer) timer.Print();
  }
  output.EndStatement();
  if (!ok && settings.bail) stopped_ = true;
  // In a script Ctrl-C means the script, not only its statement.
  if (!interactive_ && watcher_.TakeInterrupted()) Quit(130);
  return ok;
}

bool Shell::RunPrepared(driftdb_statement* statement, std::string_view sql, int line) {
  copy_begun_ = copy_ended_ = false;
  copy_line_.clear();
  copy_line_at_ = 0;
  bool ok = BindParameters(statement);
  const bool bound = ok;
  if (ok) ok = StepAll(statement);
  watcher_.End();
  // Fetched first: DrainCopyData may not change it, but the order of output and message matters.
  if (!ok && bound) FailStatement(sql, line);
  if (copy_begun_ && !copy_ended_) DrainCopyData();
  if (ok && settings.changes && driftdb_column_count(statement) == 0) {
    output.Write("changes: " + std::to_string(driftdb_statement_changes(statement)) + '\n');
  }
  if (settings.stats) PrintStatistics();
  if (!output.Flush()) {
    Fail("the output cannot be written: " + std::string(std::strerror(errno)));
    ok = false;
    stopped_ = true;
  }
  return ok;
}

bool Shell::StepAll(driftdb_statement* statement) {
  int result = driftdb_step(statement);
  watcher_.RowsFollow();
  // After the first step: the statement may have been compiled again for a changed schema.
  const std::vector<Column> columns = ColumnsOf(statement);
  if (columns.empty() || (result != DRIFTDB_ROW && result != DRIFTDB_DONE)) {
    while (result == DRIFTDB_ROW) result = driftdb_step(statement);
    return result == DRIFTDB_DONE;
  }
  Settings plain;  // plans are read as text whatever the mode
  const bool is_plan = std::strcmp(driftdb_statement_tag(statement), "EXPLAIN") == 0 &&
                       settings.effective_mode() <= Mode::kMarkdown;
  const auto writer = MakeResultWriter(is_plan ? plain : settings, &output);
  writer->Begin(columns);
  std::vector<Cell> cells(columns.size());
  while (result == DRIFTDB_ROW) {
    for (size_t i = 0; i < cells.size(); ++i) {
      size_t length = 0;
      const char* text = driftdb_value_text(statement, static_cast<int>(i), &length);
      cells[i] = {text == nullptr ? std::string_view() : std::string_view(text, length),
                  text == nullptr};
    }
    writer->Row(cells);
    result = driftdb_step(statement);
  }
  if (result == DRIFTDB_DONE) writer->End();
  return result == DRIFTDB_DONE;
}

bool Shell::BindParameters(driftdb_statement* statement) {
  for (int i = 1; i <= driftdb_parameter_count(statement); ++i) {
    const char* name = driftdb_parameter_name(statement, i);
    const auto found =
        parameters.find(name != nullptr && *name != '\0' ? name : "?" + std::to_string(i));
    if (found == parameters.end()) continue;  // NULL, as in sqlite3
    const std::optional<std::string>& value = found->second;
    const int result = value.has_value() ? driftdb_bind_text(statement, i, value->data(),
                                                             static_cast<ptrdiff_t>(value->size()))
                                         : driftdb_bind_null(statement, i);
    if (result != DRIFTDB_OK) {
      Fail("parameter " + found->first + " cannot be bound");
      return false;
    }
  }
  return true;
}

// .explain and .eqp: the plan in front of the result, or with `analyze` in its place.
bool Shell::ExplainFirst(const std::string& sql, bool* run_too) {
  const std::string word = FirstWord(sql);
  constexpr const char* kExplained[] = {"select", "insert", "update", "delete",
                                        "with",   "values", "table"};
  if (std::none_of(std::begin(kExplained), std::end(kExplained),
                   [&](const char* w) { return word == w; })) {
    return true;
  }
  const bool analyze = settings.plan == PlanMode::kAnalyze;
  const PlanMode plan = settings.plan;
  settings.plan = PlanMode::kOff;
  const bool ok = RunSql((analyze ? "EXPLAIN ANALYZE " : "EXPLAIN ") + sql);
  settings.plan = plan;
  *run_too = ok && !analyze;
  return ok;
}

void Shell::PrintStatistics() {
  constexpr const char* kCounters[] = {"wal.commits",       "wal.syncs",       "wal.bytes",
                                       "pool.hits",         "pool.misses",     "memory.bytes",
                                       "memory.peak_bytes", "checkpoint.count"};
  for (const char* name : kCounters) {
    const int64_t value = driftdb_metric(database_, name);
    if (value != -1) output.Write(std::string(name) + ": " + std::to_string(value) + '\n');
  }
}

bool Shell::Query(const std::string& sql, QueryRows* rows) {
  rows->clear();
  if (connection_ == nullptr) {
    Fail("no database is open; .open PATH opens one");
    return false;
  }
  driftdb_statement* raw = nullptr;
  int result = driftdb_prepare(connection_, sql.c_str(), -1, &raw, nullptr);
  const StatementHandle statement(raw, driftdb_finalize);
  if (result == DRIFTDB_OK && raw != nullptr) {
    while ((result = driftdb_step(raw)) == DRIFTDB_ROW) {
      std::vector<std::string> row;
      for (int i = 0; i < driftdb_column_count(raw); ++i) {
        size_t length = 0;
        const void* value = driftdb_column_type(raw, i) == DRIFTDB_TYPE_BYTEA
                                ? driftdb_value_blob(raw, i, &length)
                                : driftdb_value_text(raw, i, &length);
        row.emplace_back(static_cast<const char*>(value), value == nullptr ? 0 : length);
      }
      rows->push_back(std::move(row));
    }
  }
  if (result == DRIFTDB_DONE) return true;
  FailStatement("", 0);
  return false;
}

// COPY.

bool Shell::RunCopy(const std::string& sql, CopyReader reader) {
  copy_reader_ = std::move(reader);
  const bool ok = RunSql(sql);
  copy_reader_ = nullptr;
  return ok;
}

ptrdiff_t Shell::CopyReaderCallback(void* self, char* buffer, size_t capacity) {
  auto* shell = static_cast<Shell*>(self);
  if (shell->copy_reader_) return shell->copy_reader_(buffer, capacity);
  return shell->ReadCopyData(buffer, capacity);
}

int Shell::CopyWriterCallback(void* self, const char* data, size_t length) {
  auto* shell = static_cast<Shell*>(self);
  shell->watcher_.RowsFollow();
  shell->output.Write(std::string_view(data, length));
  return 0;
}

// Lines behind the statement up to \. or the end of the source.
ptrdiff_t Shell::ReadCopyData(char* buffer, size_t capacity) {
  copy_begun_ = true;
  LineSource* source = sources_.empty() ? nullptr : sources_.back();
  if (source == nullptr || !source->holds_copy_data()) {
    if (stdin_source_ == nullptr) stdin_source_ = MakeStdinSource();
    source = stdin_source_.get();
  }
  size_t filled = 0;
  while (filled < capacity && !copy_ended_) {
    if (copy_line_at_ == copy_line_.size()) {
      copy_line_at_ = 0;
      copy_ended_ = !source->Read(Prompt::kCopyData, &copy_line_) || copy_line_ == "\\.\n" ||
                    copy_line_ == "\\.\r\n" || copy_line_ == "\\.";
      if (copy_ended_) break;
    }
    const size_t take = std::min(capacity - filled, copy_line_.size() - copy_line_at_);
    std::memcpy(buffer + filled, copy_line_.data() + copy_line_at_, take);
    filled += take;
    copy_line_at_ += take;
    // At a terminal each line is handed over, so that its error comes at once.
    if (source->is_terminal()) break;
  }
  return static_cast<ptrdiff_t>(filled);
}

// A COPY that failed leaves data behind, which must not be taken for SQL.
void Shell::DrainCopyData() {
  char buffer[4096];
  copy_line_at_ = copy_line_.size();
  while (ReadCopyData(buffer, sizeof(buffer)) > 0) {
  }
}

}  // namespace shell
