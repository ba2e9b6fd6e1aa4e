#include "runner.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "md5.h"
#include "script.h"
#include "session.h"

namespace slt {
namespace {

using Strings = std::vector<std::string>;

void SortResult(SortMode mode, size_t columns, Strings* values) {
  if (mode == SortMode::kValues || (mode == SortMode::kRows && columns == 1)) {
    std::sort(values->begin(), values->end());
  } else if (mode == SortMode::kRows && columns > 1) {
    std::vector<Strings> rows;
    for (size_t i = 0; i + columns <= values->size(); i += columns) {
      rows.emplace_back(
          std::make_move_iterator(values->begin() + static_cast<ptrdiff_t>(i)),
          std::make_move_iterator(values->begin() + static_cast<ptrdiff_t>(i + columns)));
    }
    std::sort(rows.begin(), rows.end());
    values->clear();
    for (Strings& row : rows) {
      for (std::string& value : row) values->push_back(std::move(value));
    }
  }
}

std::string HashOf(const Strings& values) {
  Md5 md5;
  for (const std::string& value : values) {
    md5.Update(value);
    md5.Update("\n");
  }
  return std::to_string(values.size()) + " values hashing to " + md5.HexDigest();
}

bool IsHashLine(const Strings& expected) {
  return expected.size() == 1 && expected[0].find(" values hashing to ") != std::string::npos;
}

// Expected lines hold one value each, as in the original, or one row each with tabs between values.
Strings ExpectedValues(const Strings& lines, size_t columns) {
  if (columns < 2) return lines;
  Strings values;
  for (const std::string& line : lines) {
    const size_t tabs = static_cast<size_t>(std::count(line.begin(), line.end(), '\t'));
    if (tabs != columns - 1) return lines;
    size_t begin = 0;
    for (size_t i = 0; i < columns; ++i) {
      const size_t end = std::min(line.find('\t', begin), line.size());
      values.push_back(line.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  return values;
}

Strings AsRows(const Strings& values, size_t columns) {
  Strings rows;
  for (size_t i = 0; i < values.size(); ++i) {
    if (columns == 0 || i % columns == 0) {
      rows.push_back(values[i]);
    } else {
      rows.back() += '\t' + values[i];
    }
  }
  return rows;
}

std::string Indented(const Strings& lines) {
  constexpr size_t kShown = 40;
  std::string text;
  for (size_t i = 0; i < lines.size() && i < kShown; ++i) text += "    " + lines[i] + '\n';
  if (lines.size() > kShown) {
    text += "    ... " + std::to_string(lines.size() - kShown) + " lines more\n";
  }
  return text.empty() ? "    (no rows)\n" : text;
}

std::string IndentedText(const std::string& text) {
  std::string out = "  ";
  for (const char c : text) {
    out += c;
    if (c == '\n') out += "  ";
  }
  return out + '\n';
}

class FileRunner {
 public:
  FileRunner(const std::string& path, const Options& options) : path_(path), options_(options) {}

  FileResult Run() {
    std::ifstream file(path_, std::ios::binary);
    if (!file) return Broken("cannot be read");
    const std::string text((std::istreambuf_iterator<char>(file)),
                           std::istreambuf_iterator<char>());
    script_ = ParseScript(text, options_.engine);
    for (const std::string& problem : script_.problems) Fail(problem + "\n");
    std::string problem = OpenDatabase();
    if (!problem.empty()) return Broken("cannot open the database: " + problem);
    for (const Record& record : script_.records) {
      if (record.kind == RecordKind::kHalt && !record.skipped) break;
      if (record.skipped || Excluded(record)) {
        ++result_.skipped;
        continue;
      }
      if (options_.verbose) std::fprintf(stderr, "%s:%d\n", path_.c_str(), record.line);
      RunRecord(record);
      if (options_.stop_at_first && result_.failed > 0) break;
    }
    problem = session_.Close();
    if (!problem.empty()) Fail("0: closing the database failed: " + problem + "\n");
    if (!temporary_.empty()) {
      std::error_code ignored;
      std::filesystem::remove_all(temporary_, ignored);
    }
    if (options_.rewrite) WriteBack();
    return std::move(result_);
  }

 private:
  FileResult Broken(const std::string& what) {
    Fail("0: " + what + "\n");
    return std::move(result_);
  }

  // `what` begins with the line and a colon.
  void Fail(const std::string& what) {
    if (++result_.failed <= options_.failures_shown) result_.report += path_ + ":" + what;
    if (result_.failed == options_.failures_shown + 1) {
      result_.report += path_ + ": further failures are only counted (--failures N)\n";
    }
  }

  void FailRecord(const Record& record, const std::string& what) {
    Fail(std::to_string(record.line) + ": " + what + '\n' + IndentedText(record.sql));
  }

  std::string OpenDatabase() {
    const bool restarts = std::any_of(script_.records.begin(), script_.records.end(),
                                      [](const auto& r) { return r.kind == RecordKind::kRestart; });
    if (!options_.database.empty()) {
      location_ = options_.database;
    } else if (!restarts) {
      location_ = ":memory:";
    } else {
      std::string name = (std::filesystem::temp_directory_path() / "driftdb-slt-XXXXXX").string();
      if (mkdtemp(name.data()) == nullptr) return "no temporary folder";
      temporary_ = name;
      location_ = name + "/db";
    }
    return session_.Open(location_);
  }

  bool Excluded(const Record& record) {
    for (const auto& [place, reason] : options_.exclusions) {
      const size_t colon = place.rfind(':');
      if (std::to_string(record.line) != place.substr(colon + 1)) continue;
      const std::string file = place.substr(0, colon);
      if (path_.size() >= file.size() &&
          path_.compare(path_.size() - file.size(), file.size(), file) == 0) {
        result_.exclusions_used.insert(place);
        return true;
      }
    }
    return false;
  }

  void RunRecord(const Record& record) {
    const long long failed_before = result_.failed;
    if (record.kind == RecordKind::kRestart) {
      std::string problem = session_.Close();
      if (problem.empty()) problem = session_.Open(location_);
      if (!problem.empty()) FailRecord(record, "restart failed: " + problem);
    } else if (record.kind == RecordKind::kQuery) {
      RunQuery(record);
    } else {
      RunStatement(record);
    }
    if (result_.failed == failed_before) ++result_.passed;
  }

  void RunStatement(const Record& record) {
    const ExecResult got = session_.Run(record.connection, record.sql, "");
    if (record.kind == RecordKind::kStatementError) {
      if (got.ok) {
        FailRecord(record, "expected an error " + record.sqlstate + ", but it succeeded");
      } else if (options_.rewrite) {
        rewritten_[record.line] = {"statement error " + got.sqlstate};
      } else if (!record.sqlstate.empty() && record.sqlstate != got.sqlstate) {
        FailRecord(record, "expected error " + record.sqlstate + ", got " + got.message);
      }
      return;
    }
    if (!got.ok) {
      FailRecord(record, "statement failed: " + got.message);
    } else if (record.kind == RecordKind::kStatementCount && options_.rewrite) {
      rewritten_[record.line] = {"statement count " + std::to_string(got.changes)};
    } else if (record.kind == RecordKind::kStatementCount && got.changes != record.count) {
      FailRecord(record, "expected " + std::to_string(record.count) + " changed rows, got " +
                             std::to_string(got.changes));
    }
  }

  void RunQuery(const Record& record) {
    ExecResult got = session_.Run(record.connection, record.sql, record.types);
    if (!got.ok) {
      FailRecord(record, "query failed: " + got.message);
      return;
    }
    const size_t columns = record.types.size();
    if (static_cast<size_t>(got.column_count) != columns) {
      FailRecord(record, "expected " + std::to_string(columns) + " columns, got " +
                             std::to_string(got.column_count));
      return;
    }
    SortResult(record.sort, columns, &got.values);
    if (!record.label.empty()) {
      const std::string hash = HashOf(got.values);
      const auto [entry, first] = labels_.emplace(record.label, hash);
      if (!first && entry->second != hash) {
        FailRecord(record, "the result differs from an earlier one with label " + record.label);
        return;
      }
    }
    if (options_.rewrite) {
      rewritten_[record.separator_line] = AsRows(got.values, columns);
      return;
    }
    if (record.separator_line == 0) return;  // Only that it runs, or the label, matters.
    if (IsHashLine(record.expected)) {
      const std::string hash = HashOf(got.values);
      if (hash == record.expected[0]) return;
      FailRecord(record, "query result differs\n  expected: " + record.expected[0] +
                             "\n  got: " + hash + '\n' + Indented(AsRows(got.values, columns)));
      return;
    }
    Strings expected = ExpectedValues(record.expected, columns);
    // Files written by hand list rows in any order where the record sorts.
    SortResult(record.sort, expected.size() % columns == 0 ? columns : 1, &expected);
    if (expected != got.values) ReportDifference(record, expected, got);
  }

  void ReportDifference(const Record& record, const Strings& expected, const ExecResult& got) {
    const size_t columns = record.types.size();
    const Strings expected_rows = AsRows(expected, expected.size() % columns == 0 ? columns : 1);
    const Strings got_rows = AsRows(got.values, columns);
    size_t row = 0;
    while (row < expected_rows.size() && row < got_rows.size() &&
           expected_rows[row] == got_rows[row]) {
      ++row;
    }
    std::string types;
    for (const std::string& type : got.columns) types += (types.empty() ? "" : ", ") + type;
    FailRecord(record, "query result differs, first in row " + std::to_string(row + 1) + " (" +
                           std::to_string(expected_rows.size()) + " expected, got " +
                           std::to_string(got_rows.size()) + " of type " + types +
                           ")\n  expected:\n" + Indented(expected_rows) + "  got:\n" +
                           Indented(got_rows) + "  of");
  }

  // Keys of rewritten_: the line of a "statement" line, which is replaced, or of a "----" line,
  // whose results are replaced.
  void WriteBack() {
    std::string text;
    size_t line = 0;
    const auto copy_to = [&](size_t end) {
      while (line < end && line < script_.lines.size()) text += script_.lines[line++] + '\n';
    };
    for (const Record& record : script_.records) {
      const bool query = record.kind == RecordKind::kQuery;
      const auto found = rewritten_.find(query ? record.separator_line : record.line);
      if (found == rewritten_.end() || found->first == 0) continue;
      copy_to(static_cast<size_t>(query ? record.separator_line : record.line - 1));
      for (const std::string& value : found->second) text += value + '\n';
      line = static_cast<size_t>(query ? record.expected_end_line - 1 : record.line);
    }
    copy_to(script_.lines.size());
    std::ofstream file(path_, std::ios::binary | std::ios::trunc);
    file << text;
    if (!file.flush()) Fail("0: cannot be written\n");
  }

  const std::string path_;
  const Options& options_;
  Script script_;
  Session session_;
  std::string location_;
  std::string temporary_;
  FileResult result_;
  std::map<std::string, std::string> labels_;
  std::map<int, Strings> rewritten_;
};

}  // namespace

FileResult RunFile(const std::string& path, const Options& options) {
  return FileRunner(path, options).Run();
}

}  // namespace slt
