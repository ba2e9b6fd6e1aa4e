#include "settings.h"

#include <unistd.h>

#include <csignal>

namespace shell {
namespace {

struct ModeInfo {
  const char* name;
  Mode mode;
  bool header;
  const char* separator;
  const char* null_text;
};

// The first name of a mode is the one that is printed.
constexpr ModeInfo kModes[] = {
    {"pretty", Mode::kPretty, true, "", "NULL"},
    {"duckbox", Mode::kPretty, true, "", "NULL"},
    {"box", Mode::kBox, true, "", ""},
    {"table", Mode::kTable, true, "", ""},
    {"aligned", Mode::kAligned, true, "", ""},
    {"column", Mode::kColumn, true, "", ""},
    {"columns", Mode::kColumn, true, "", ""},
    {"markdown", Mode::kMarkdown, true, "", ""},
    {"list", Mode::kList, false, "|", ""},
    {"tabs", Mode::kTabs, false, "\t", ""},
    {"csv", Mode::kCsv, true, ",", ""},
    {"quote", Mode::kQuote, false, ",", "NULL"},
    {"ascii", Mode::kAscii, false, "\x1f", ""},
    {"line", Mode::kLine, true, " = ", ""},
    {"lines", Mode::kLine, true, " = ", ""},
    {"json", Mode::kJson, true, "", "null"},
    {"jsonlines", Mode::kJsonLines, true, "", "null"},
    {"jsonl", Mode::kJsonLines, true, "", "null"},
    {"html", Mode::kHtml, true, "", ""},
    {"insert", Mode::kInsert, false, "", "NULL"},
    {"trash", Mode::kTrash, false, "", ""},
};

const ModeInfo& InfoOf(Mode mode) {
  for (const ModeInfo& info : kModes) {
    if (info.mode == mode) return info;
  }
  return kModes[0];
}

}  // namespace

std::optional<Mode> ParseMode(std::string_view name) {
  for (const ModeInfo& info : kModes) {
    if (name == info.name) return info.mode;
  }
  return std::nullopt;
}

const char* ModeName(Mode mode) { return InfoOf(mode).name; }

bool Settings::header_on() const { return header.value_or(InfoOf(effective_mode()).header); }

std::string Settings::separator_text() const {
  return separator.value_or(InfoOf(effective_mode()).separator);
}

std::string Settings::null_text() const {
  return null_value.value_or(InfoOf(effective_mode()).null_text);
}

Output::~Output() { CloseTarget(); }

void Output::CloseTarget() {
  if (file_ == stdout) return;
  if (is_pipe_) {
    pclose(file_);
    std::signal(SIGPIPE, SIG_DFL);
  } else {
    std::fclose(file_);
  }
  file_ = stdout;
  is_pipe_ = false;
  once_ = false;
}

bool Output::Redirect(const std::string& target, bool once) {
  Flush();
  CloseTarget();
  if (target.empty() || target == "stdout") return true;
  const bool pipe = target[0] == '|';
  // A pager that is left early must not end the shell.
  if (pipe) std::signal(SIGPIPE, SIG_IGN);
  FILE* file = pipe ? popen(target.c_str() + 1, "w") : std::fopen(target.c_str(), "we");
  if (file == nullptr) return false;
  file_ = file;
  is_pipe_ = pipe;
  once_ = once;
  return true;
}

void Output::EndStatement() {
  if (once_) CloseTarget();
}

void Output::Write(std::string_view text) { std::fwrite(text.data(), 1, text.size(), file_); }

bool Output::Flush() {
  const bool failed = std::fflush(file_) != 0 || std::ferror(file_) != 0;
  std::clearerr(file_);
  return !failed || is_pipe_;
}

bool Output::is_terminal() const { return file_ == stdout && isatty(STDOUT_FILENO) == 1; }

}  // namespace shell
