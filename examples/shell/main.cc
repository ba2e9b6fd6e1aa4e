// driftdb: the command line shell. Reading order: options.h, shell.h, run_statement.cc, commands.h.
#include <unistd.h>

#include <clocale>
#include <cstdio>
#include <cstdlib>

#include "options.h"
#include "shell.h"
#include "terminal.h"

namespace {

void ApplyOptions(const shell::CommandLineOptions& options, shell::Shell* shell) {
  shell::Settings& settings = shell->settings;
  const bool terminal = isatty(STDOUT_FILENO) == 1;
  settings.mode = options.mode.value_or(terminal ? shell::Mode::kPretty : shell::Mode::kList);
  settings.header = options.header;
  settings.separator = options.separator;
  settings.null_value = options.null_value;
  settings.bail = options.bail;
  settings.echo = options.echo;
  settings.stats = options.stats;
  settings.timer = options.timer;
}

// -init FILE, or ~/.driftdbrc for a prompt: a script behaves alike for everyone.
void RunInitFile(const shell::CommandLineOptions& options, bool prompt, shell::Shell* shell) {
  if (options.init_file.has_value()) {
    shell->RunFile(*options.init_file);
    return;
  }
  const char* home = std::getenv("HOME");
  if (!prompt || home == nullptr) return;
  const std::string path = std::string(home) + "/.driftdbrc";
  if (access(path.c_str(), R_OK) == 0) shell->RunFile(path);
}

void RunTask(const shell::Task& task, shell::Shell* shell) {
  if (shell->stopping()) return;
  if (task.is_file) {
    shell->RunFile(task.text);
  } else {
    shell->RunText(task.text);
  }
}

void RunStandardInput(bool prompt, shell::Shell* shell) {
  if (shell->stopping()) return;
  if (!prompt) {
    const auto source = shell::MakeStdinSource();
    shell->RunSource(source.get());
    return;
  }
  std::printf("DriftDB %s; .help lists the commands, a statement ends with a semicolon.\n",
              driftdb_version());
  if (shell->database_options().path == ":memory:") {
    std::printf(
        "The database is in memory and ends with the shell; .open DATADIR opens one that stays.\n");
  }
  const auto source = shell::MakeTerminalSource(shell);
  shell->RunSource(source.get());
}

}  // namespace

int main(int argc, char** argv) {
  std::setlocale(LC_CTYPE, "");  // libedit reads characters, not bytes
  if (const auto status = shell::RunSubcommand(argc, argv)) return *status;
  shell::CommandLineOptions options;
  std::string problem;
  if (!shell::ParseOptions(argc, argv, &options, &problem)) {
    std::fprintf(stderr, "driftdb: %s\n", problem.c_str());
    return 2;
  }
  if (options.show_help) {
    std::fputs(shell::HelpText(), stdout);
    return 0;
  }
  if (options.show_version) {
    std::printf("%s\n", driftdb_version());
    return 0;
  }
  const bool prompt =
      options.tasks.empty() && !options.batch &&
      (options.interactive || (isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1));
  shell::Shell shell(prompt);
  ApplyOptions(options, &shell);
  if (!shell.Open(options.database) && !prompt) return 1;
  RunInitFile(options, prompt, &shell);
  for (const shell::Task& task : options.before) RunTask(task, &shell);
  for (const shell::Task& task : options.tasks) RunTask(task, &shell);
  if (options.tasks.empty()) RunStandardInput(prompt, &shell);
  shell.Close();
  return shell.ExitStatus();
}
