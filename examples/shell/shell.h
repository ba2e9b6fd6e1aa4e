// Shell: the open database, its settings, and everything that runs statements and commands on it.
// Invariants: failed() is set by every statement or command that fails and never reset; it decides
// the exit status. Results are flushed after every statement. Threads: one; the Watcher has its
// own.
#ifndef DRIFTDB_EXAMPLES_SHELL_SHELL_H_
#define DRIFTDB_EXAMPLES_SHELL_SHELL_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "driftdb/driftdb.h"

#include "line_source.h"
#include "result_writer.h"
#include "settings.h"
#include "watcher.h"

namespace shell {

class SqlScanner;

using StatementHandle = std::unique_ptr<driftdb_statement, decltype(&driftdb_finalize)>;
using QueryRows = std::vector<std::vector<std::string>>;
// As driftdb_copy_reader.
using CopyReader = std::function<ptrdiff_t(char* buffer, size_t capacity)>;

struct DatabaseOptions {
  std::string path = ":memory:";
  std::vector<std::pair<std::string, std::string>> settings;  // for driftdb_options_set
};

class Shell {
 public:
  explicit Shell(bool interactive);
  ~Shell();
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  // Closes what is open. False, after the message, when it cannot be opened: then no database is
  // open.
  bool Open(const DatabaseOptions& options);
  void Close();

  // Run until the end, .quit, or the first error with .bail; false when something failed.
  bool RunSource(LineSource* source);
  bool RunFile(const std::string& path);
  bool RunText(const std::string& text);
  // The statements of `sql`, which begins at `line` of the source.
  bool RunSql(const std::string& sql, int line = 0);
  // COPY ... FROM STDIN that takes its data from `reader`.
  bool RunCopy(const std::string& sql, CopyReader reader);

  // Rows of a query for the shell's own use: NULL is empty, bytea is raw bytes. False after the
  // message.
  bool Query(const std::string& sql, QueryRows* rows);

  // Messages on standard error; both count as failures.
  void Fail(const std::string& message);
  void FailStatement(std::string_view sql, int line);

  driftdb_connection* connection() { return connection_; }
  driftdb_database* database() { return database_; }
  const DatabaseOptions& database_options() const { return database_options_; }
  bool interactive() const { return interactive_; }
  bool failed() const { return failed_; }
  void Quit(std::optional<int> status) {
    quit_ = true;
    quit_status_ = status;
  }
  bool stopping() const { return quit_ || stopped_; }
  int ExitStatus() const;
  std::string PromptText(Prompt prompt) const;

  Settings settings;
  Output output;
  // .parameter: values by name with prefix; without value: NULL.
  std::map<std::string, std::optional<std::string>> parameters;

 private:
  bool RunLine(const std::string& line, LineSource* source, SqlScanner* scanner);
  bool RunPrepared(driftdb_statement* statement, std::string_view sql, int line);
  bool StepAll(driftdb_statement* statement);
  bool BindParameters(driftdb_statement* statement);
  bool ExplainFirst(const std::string& sql, bool* run_too);
  void PrintStatistics();
  void DrainCopyData();
  ptrdiff_t ReadCopyData(char* buffer, size_t capacity);
  static ptrdiff_t CopyReaderCallback(void* self, char* buffer, size_t capacity);
  static int CopyWriterCallback(void* self, const char* data, size_t length);

  const bool interactive_;
  Watcher watcher_;
  DatabaseOptions database_options_;
  driftdb_database* database_ = nullptr;
  driftdb_connection* connection_ = nullptr;
  std::vector<LineSource*> sources_;          // being run, innermost last
  std::unique_ptr<LineSource> stdin_source_;  // for COPY FROM STDIN of arguments

  CopyReader copy_reader_;  // of RunCopy; empty: data follows in the source
  std::string copy_line_;   // the part of the data's line that did not fit
  size_t copy_line_at_ = 0;
  bool copy_begun_ = false;
  bool copy_ended_ = false;

  bool failed_ = false;
  bool stopped_ = false;  // by .bail or Ctrl-C
  bool quit_ = false;
  std::optional<int> quit_status_;
};

// .name and \name lines (commands.cc). False when the command failed.
bool RunCommand(Shell* shell, const std::string& line);

}  // namespace shell

#endif  // DRIFTDB_EXAMPLES_SHELL_SHELL_H_
