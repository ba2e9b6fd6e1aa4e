// The terminal with libedit: line editing, history in ~/.driftdb_history, completion with the tab
// key.
#include <editline/readline.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <vector>

#include "terminal.h"

namespace shell {
namespace {

constexpr int kHistoryLinesMax = 5000;

// libedit's interface is global: one terminal at a time.
Completer* g_completer = nullptr;

// Matches for the word at [start, end) of the line, as rl_completion_matches wants them.
char** CompleteWord(const char* word, int start, int) {
  if (g_completer == nullptr) return nullptr;
  const std::vector<std::string> found = g_completer->Candidates(word, start == 0);
  // Nothing found: no file names either.
  rl_attempted_completion_over = 1;
  if (found.empty()) return nullptr;
  std::string common = found[0];
  for (const std::string& candidate : found) {
    size_t same = 0;
    while (same < common.size() && same < candidate.size() && common[same] == candidate[same])
      ++same;
    common.resize(same);
  }
  // The first entry replaces the word: the longest common beginning, but never less than what was
  // typed.
  if (common.size() < std::strlen(word)) common = word;
  auto** matches = static_cast<char**>(std::calloc(found.size() + 2, sizeof(char*)));
  if (matches == nullptr) return nullptr;
  matches[0] = strdup(common.c_str());
  for (size_t i = 0; i < found.size(); ++i) matches[i + 1] = strdup(found[i].c_str());
  return matches;
}

class LibeditTerminal final : public LineSource {
 public:
  explicit LibeditTerminal(Shell* shell) : shell_(shell), completer_(shell) {
    g_completer = &completer_;
    rl_readline_name = const_cast<char*>("driftdb");
    rl_initialize();
    using_history();
    stifle_history(kHistoryLinesMax);
    const char* home = std::getenv("HOME");
    if (home != nullptr) history_path_ = std::string(home) + "/.driftdb_history";
    if (!history_path_.empty()) read_history(history_path_.c_str());
    rl_attempted_completion_function = CompleteWord;
    rl_basic_word_break_characters = const_cast<char*>(" \t\n\"'`@><=;|&{(,+-*/)");
  }

  ~LibeditTerminal() override {
    g_completer = nullptr;
    if (history_path_.empty()) return;
    // Statements may hold secrets: for the owner only, from its first byte on.
    const int file = open(history_path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file < 0) return;
    close(file);
    write_history(history_path_.c_str());
    chmod(history_path_.c_str(), S_IRUSR | S_IWUSR);
  }

  bool Read(Prompt prompt, std::string* line) override {
    const std::string text = shell_->PromptText(prompt);
    // Ctrl-C comes back here: the line that was being typed is gone, and a statement begun before
    // it.
    if (sigsetjmp(g_prompt_jump, 1) != 0) {
      std::fputc('\n', stdout);
      rl_initialize();
      *line = "";
      interrupted_ = true;
      return true;
    }
    g_prompt_active = 1;
    char* typed = readline(text.c_str());
    g_prompt_active = 0;
    if (typed == nullptr) {
      std::fputc('\n', stdout);
      return false;
    }
    line->assign(typed);
    std::free(typed);
    if (line->find_first_not_of(" \t") != std::string::npos && *line != last_) {
      add_history(line->c_str());
      last_ = *line;
    }
    *line += '\n';
    ++line_number_;
    return true;
  }
  bool is_terminal() const override { return true; }
  bool TakeInterrupted() override { return std::exchange(interrupted_, false); }

 private:
  Shell* const shell_;
  Completer completer_;
  std::string history_path_;
  std::string last_;
  bool interrupted_ = false;
};

}  // namespace

std::unique_ptr<LineSource> MakeTerminalSource(Shell* shell) {
  return std::make_unique<LibeditTerminal>(shell);
}

}  // namespace shell
