// What dot commands and options set, and the current output.
#ifndef DRIFTDB_EXAMPLES_SHELL_SETTINGS_H_
#define DRIFTDB_EXAMPLES_SHELL_SETTINGS_H_

#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shell {

enum class Mode {
  kPretty,  // boxes with column types and a row count; for people
  kBox,
  kTable,
  kAligned,  // as psql prints tables
  kColumn,
  kMarkdown,
  kList,
  kTabs,
  kCsv,
  kQuote,
  kAscii,
  kLine,
  kJson,
  kJsonLines,
  kHtml,
  kInsert,
  kTrash,  // runs the statement, prints nothing
};

// By the name that -NAME and `.mode NAME` use; nothing when there is none.
std::optional<Mode> ParseMode(std::string_view name);
const char* ModeName(Mode mode);

enum class PlanMode { kOff, kPlan, kAnalyze };

struct Settings {
  Mode mode = Mode::kList;
  std::optional<bool> header;             // unset: what the mode has by default
  std::optional<std::string> separator;   // unset: the mode's
  std::optional<std::string> null_value;  // unset: the mode's
  std::string insert_table = "tab";
  std::vector<int> widths;  // .width; negative: right-aligned
  int max_rows = 40;        // of pretty mode on a terminal; 0: all
  int max_width = 0;        // of pretty mode; 0: the terminal's
  bool timer = false;
  bool echo = false;
  bool bail = false;
  bool changes = false;
  bool stats = false;
  bool progress = true;
  bool expanded = false;  // \x: line mode whatever the mode
  PlanMode plan = PlanMode::kOff;
  std::string prompt;  // empty: driftdb> with the transaction's state
  std::string continuation_prompt = "    ...> ";

  Mode effective_mode() const { return expanded ? Mode::kLine : mode; }
  bool header_on() const;
  std::string separator_text() const;
  std::string null_text() const;
};

// Where results go: standard output, a file or a pipe.
// Errors: a failed write is remembered and reported once, by Flush.
class Output {
 public:
  Output() = default;
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output();

  // "" is standard output, "|command" a pipe; `once`: for one statement. False when it cannot be
  // opened.
  bool Redirect(const std::string& target, bool once);
  // Back to standard output if `once` was asked for.
  void EndStatement();

  void Write(std::string_view text);
  // False when bytes were lost (a full disk, a closed pipe).
  bool Flush();
  bool is_terminal() const;

 private:
  void CloseTarget();

  FILE* file_ = stdout;
  bool is_pipe_ = false;
  bool once_ = false;
};

}  // namespace shell

#endif  // DRIFTDB_EXAMPLES_SHELL_SETTINGS_H_
