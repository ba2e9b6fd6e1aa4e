// The command line.
#ifndef DRIFTDB_EXAMPLES_SHELL_OPTIONS_H_
#define DRIFTDB_EXAMPLES_SHELL_OPTIONS_H_

#include <optional>
#include <string>
#include <vector>

#include "settings.h"
#include "shell.h"

namespace shell {

// What to run, in the order of the command line.
struct Task {
  bool is_file = false;
  std::string text;  // SQL and commands, or a file's name
};

struct CommandLineOptions {
  DatabaseOptions database;
  std::optional<Mode> mode;
  std::optional<bool> header;
  std::optional<std::string> separator;
  std::optional<std::string> null_value;
  bool bail = false;
  bool echo = false;
  bool stats = false;
  bool timer = false;
  bool batch = false;        // -batch: no prompts, even on a terminal
  bool interactive = false;  // -interactive: prompts, even without a terminal
  bool show_help = false;
  bool show_version = false;
  std::optional<std::string> init_file;
  std::vector<Task> before;  // -cmd
  std::vector<Task> tasks;   // -c, -f, SQL arguments; empty: standard input
};

// False, with the reason in *problem, when the arguments make no sense.
bool ParseOptions(int argc, char** argv, CommandLineOptions* options, std::string* problem);
const char* HelpText();

// `driftdb check DIR` and the other subcommands; the exit status, nothing when argv[1] is none.
std::optional<int> RunSubcommand(int argc, char** argv);

}  // namespace shell

#endif  // DRIFTDB_EXAMPLES_SHELL_OPTIONS_H_
