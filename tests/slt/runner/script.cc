#include "script.h"

#include <cstdlib>

namespace slt {
namespace {

// Words of a line, up to a word that begins a comment.
std::vector<std::string> SplitWords(const std::string& line) {
  std::vector<std::string> words;
  size_t at = 0;
  while (at < line.size()) {
    while (at < line.size() && (line[at] == ' ' || line[at] == '\t')) ++at;
    const size_t begin = at;
    while (at < line.size() && line[at] != ' ' && line[at] != '\t') ++at;
    if (at == begin || line[begin] == '#') break;
    words.push_back(line.substr(begin, at - begin));
  }
  return words;
}

std::vector<std::string> SplitLines(const std::string& text) {
  std::vector<std::string> lines;
  size_t begin = 0;
  while (begin < text.size()) {
    size_t end = text.find('\n', begin);
    if (end == std::string::npos) end = text.size();
    const size_t last = end > begin && text[end - 1] == '\r' ? end - 1 : end;
    lines.push_back(text.substr(begin, last - begin));
    begin = end + 1;
  }
  return lines;
}

bool IsBlank(const std::string& line) { return line.find_first_not_of(" \t") == std::string::npos; }

class ScriptParser {
 public:
  ScriptParser(const std::string& text, const std::string& engine) : engine_(engine) {
    script_.lines = SplitLines(text);
  }

  Script Parse() {
    while (at_ < script_.lines.size()) {
      const std::vector<std::string> words = SplitWords(script_.lines[at_]);
      if (words.empty()) {
        ++at_;
      } else {
        ParseLine(words);
      }
    }
    return std::move(script_);
  }

 private:
  void Problem(const std::string& what) {
    script_.problems.push_back(std::to_string(at_ + 1) + ": " + what);
  }

  void ParseLine(const std::vector<std::string>& words) {
    const std::string& word = words[0];
    if ((word == "skipif" || word == "onlyif") && words.size() > 1) {
      if ((word == "skipif") == (words[1] == engine_)) skip_ = true;
      ++at_;
    } else if (word == "connection" && words.size() == 2) {
      connection_ = words[1];
      ++at_;
    } else if (word == "hash-threshold") {
      ++at_;  // Only writing needs it: a hash in the file is recognised by its form.
    } else if (word == "halt" || word == "restart") {
      Record record;
      record.kind = word == "halt" ? RecordKind::kHalt : RecordKind::kRestart;
      Add(std::move(record));
      ++at_;
    } else if (word == "statement" && words.size() > 1) {
      ParseStatement(words);
    } else if (word == "query" && words.size() > 1) {
      ParseQuery(words);
    } else {
      Problem("unknown line \"" + script_.lines[at_] + "\"");
      SkipRecord();
    }
  }

  void SkipRecord() {
    while (at_ < script_.lines.size() && !IsBlank(script_.lines[at_])) ++at_;
    skip_ = false;
    connection_.clear();
  }

  void Add(Record record) {
    if (record.line == 0) record.line = static_cast<int>(at_) + 1;
    record.skipped = skip_;
    record.connection = connection_;
    skip_ = false;
    connection_.clear();
    script_.records.push_back(std::move(record));
  }

  // The SQL behind the first line, up to an empty line or "----".
  void ParseSql(Record* record) {
    ++at_;
    while (at_ < script_.lines.size() && !IsBlank(script_.lines[at_]) &&
           script_.lines[at_] != "----") {
      if (!record->sql.empty()) record->sql += '\n';
      record->sql += script_.lines[at_++];
    }
  }

  void ParseStatement(const std::vector<std::string>& words) {
    Record record;
    record.line = static_cast<int>(at_) + 1;
    if (words[1] == "ok") {
      record.kind = RecordKind::kStatementOk;
    } else if (words[1] == "error") {
      record.kind = RecordKind::kStatementError;
      if (words.size() > 2) record.sqlstate = words[2];
    } else if (words[1] == "count" && words.size() > 2) {
      record.kind = RecordKind::kStatementCount;
      record.count = std::atoll(words[2].c_str());
    } else {
      Problem("unknown kind of statement");
      SkipRecord();
      return;
    }
    ParseSql(&record);
    Add(std::move(record));
  }

  void ParseQuery(const std::vector<std::string>& words) {
    Record record;
    record.kind = RecordKind::kQuery;
    record.line = static_cast<int>(at_) + 1;
    record.types = words[1];
    if (record.types.find_first_not_of("IRT") != std::string::npos) {
      Problem("a column type is none of I R T");
      SkipRecord();
      return;
    }
    size_t next = 2;
    if (words.size() > next) {
      if (words[next] == "rowsort") record.sort = SortMode::kRows;
      if (words[next] == "valuesort") record.sort = SortMode::kValues;
      if (record.sort != SortMode::kNone || words[next] == "nosort") ++next;
    }
    if (words.size() > next) record.label = words[next];
    ParseSql(&record);
    if (at_ < script_.lines.size() && script_.lines[at_] == "----") {
      record.separator_line = static_cast<int>(++at_);
      while (at_ < script_.lines.size() && !script_.lines[at_].empty()) {
        record.expected.push_back(script_.lines[at_++]);
      }
    }
    record.expected_end_line = static_cast<int>(at_) + 1;
    Add(std::move(record));
  }

  const std::string engine_;
  Script script_;
  size_t at_ = 0;
  bool skip_ = false;
  std::string connection_;
};

}  // namespace

Script ParseScript(const std::string& text, const std::string& engine) {
  return ScriptParser(text, engine).Parse();
}

}  // namespace slt
