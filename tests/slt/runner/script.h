// A sqllogictest file as records (https://www.sqlite.org/sqllogictest, with the extensions that
// tests/slt/README.md lists).
// Shape: lines of the file are kept, records refer to them by number, so that a file can be written
// again with other results. Errors: a malformed record is reported as text with its line.
#ifndef DRIFTDB_TESTS_SLT_RUNNER_SCRIPT_H_
#define DRIFTDB_TESTS_SLT_RUNNER_SCRIPT_H_

#include <string>
#include <vector>

namespace slt {

enum class RecordKind { kStatementOk, kStatementError, kStatementCount, kQuery, kRestart, kHalt };
enum class SortMode { kNone, kRows, kValues };

struct Record {
  RecordKind kind = RecordKind::kStatementOk;
  int line = 0;            // 1-based, of the line "statement ..." or "query ..."
  std::string connection;  // empty: the main one
  bool skipped = false;    // by skipif or onlyif
  std::string sql;

  std::string sqlstate;  // kStatementError; empty: any
  long long count = 0;   // kStatementCount

  std::string types;  // kQuery: one of I R T per column
  SortMode sort = SortMode::kNone;
  std::string label;
  std::vector<std::string> expected;
  int separator_line = 0;     // of "----", 0 when the record has none
  int expected_end_line = 0;  // the line behind the last expected one
};

struct Script {
  std::vector<std::string> lines;
  std::vector<Record> records;
  std::vector<std::string> problems;  // "LINE: what"
};

// `text` is the whole file; `engine` is the name that skipif and onlyif are compared with.
Script ParseScript(const std::string& text, const std::string& engine);

}  // namespace slt

#endif  // DRIFTDB_TESTS_SLT_RUNNER_SCRIPT_H_
