// The terminal as a source of lines; with libedit where the build found it: editing, history,
// completion.
#ifndef DRIFTDB_EXAMPLES_SHELL_TERMINAL_H_
#define DRIFTDB_EXAMPLES_SHELL_TERMINAL_H_

#include <memory>
#include <string>
#include <vector>

#include "shell.h"

namespace shell {

// The shell must outlive the source. terminal_libedit.cc or terminal_plain.cc.
std::unique_ptr<LineSource> MakeTerminalSource(Shell* shell);

// Words that may continue `prefix`, the beginning of a word: names of commands, tables and columns,
// SQL words.
class Completer {
 public:
  explicit Completer(Shell* shell) : shell_(shell) {}
  ~Completer();
  Completer(const Completer&) = delete;
  Completer& operator=(const Completer&) = delete;

  // `at_line_start`: a dot command may stand here.
  std::vector<std::string> Candidates(const std::string& prefix, bool at_line_start);

 private:
  void AddNames(const char* sql, const std::string& prefix, std::vector<std::string>* found);

  Shell* const shell_;
  // A connection of its own: the user's may be inside a transaction block, even a failed one.
  driftdb_connection* connection_ = nullptr;
  driftdb_database* connected_to_ = nullptr;
};

}  // namespace shell

#endif  // DRIFTDB_EXAMPLES_SHELL_TERMINAL_H_
