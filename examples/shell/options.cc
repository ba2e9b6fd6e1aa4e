#include "options.h"

#include <cstring>

namespace shell {
namespace {

constexpr char kHelp[] =
    R"(driftdb [OPTION...] [DATADIR|:memory:] [SQL...]
driftdb check DATADIR

Opens the data directory (made when missing; in memory without one) and runs the SQL arguments, -c and -f in
order; without any it reads standard input, which on a terminal is a prompt. Lines that begin with a dot or a
backslash are commands (.help lists them) and work in files, arguments and on standard input.
The exit status is 0 only if every statement succeeded; errors go to standard error with their SQLSTATE.

Running
  -c SQL, -s SQL       run SQL; may be repeated
  -f FILE              run a file, - is standard input; may be repeated
  -cmd COMMAND         run SQL or a command before anything else
  -init FILE           run FILE first, in place of ~/.driftdbrc, which only a prompt reads
  -bail                stop at the first error
  -batch               no prompt, even on a terminal
  -interactive         prompt, even without a terminal
  -readonly            open the database for reading only
  -set NAME=VALUE      a setting of the database: memory_limit, threads, create ...
Output
  -csv -json -jsonlines -line -list -markdown -box -table -html -tabs -quote -column -ascii -insert
  -pretty -aligned     the mode; on a terminal it is pretty (boxes with column types), elsewhere list (values
                       between |, no header)
  -header -noheader    column names; on unless the mode is list, tabs, quote, ascii or insert
  -separator STRING    between values (list: |, csv: comma)
  -nullvalue STRING    what NULL is printed as (empty; NULL in pretty, quote and insert; null in json)
  -timer               run time after each statement
  -echo                print statements before their results
  -stats               counters of the database after each statement
Other
  -version             the library's version
  --help               this text
One dash or two come to the same. Subcommands backup, restore, serve, replication, health-check and audit are
reserved; a data directory of such a name is written ./check.
)";

class OptionParser {
 public:
  OptionParser(int argc, char** argv, CommandLineOptions* options, std::string* problem)
      : argc_(argc), argv_(argv), options_(*options), problem_(*problem) {}

  bool Parse() {
    bool options_end = false;
    bool have_database = false;
    while (++at_ < argc_) {
      const std::string argument = argv_[at_];
      if (!options_end && argument == "--") {
        options_end = true;
      } else if (!options_end && argument.size() > 1 && argument[0] == '-') {
        if (!ParseOption(argument.substr(argument[1] == '-' ? 2 : 1))) return false;
      } else if (!have_database) {
        options_.database.path = argument;
        have_database = true;
      } else {
        options_.tasks.push_back({false, argument});
      }
    }
    return true;
  }

 private:
  bool ParseOption(const std::string& name) {
    if (const auto mode = ParseMode(name)) {
      options_.mode = *mode;
      return true;
    }
    return ParseFlag(name) || ParseValueOption(name);
  }

  bool ParseFlag(const std::string& name) {
    const struct {
      const char* name;
      bool* flag;
    } flags[] = {{"bail", &options_.bail},           {"echo", &options_.echo},
                 {"stats", &options_.stats},         {"timer", &options_.timer},
                 {"batch", &options_.batch},         {"interactive", &options_.interactive},
                 {"help", &options_.show_help},      {"h", &options_.show_help},
                 {"version", &options_.show_version}};
    for (const auto& flag : flags) {
      if (name == flag.name) {
        *flag.flag = true;
        return true;
      }
    }
    if (name == "header" || name == "noheader") {
      options_.header = name == "header";
    } else if (name == "readonly") {
      options_.database.settings.emplace_back("readonly", "on");
    } else {
      return false;
    }
    return true;
  }

  bool ParseValueOption(const std::string& name) {
    constexpr const char* kNames[] = {"c",   "s",    "command",   "f",         "file",
                                      "cmd", "init", "separator", "nullvalue", "set"};
    bool known = false;
    for (const char* candidate : kNames) known = known || name == candidate;
    if (!known) {
      problem_ = "unknown option -" + name + "; --help lists the options";
      return false;
    }
    if (at_ + 1 >= argc_) {
      problem_ = "option -" + name + " needs a value";
      return false;
    }
    const std::string value = argv_[++at_];
    if (name == "c" || name == "s" || name == "command") {
      options_.tasks.push_back({false, value});
    } else if (name == "f" || name == "file") {
      options_.tasks.push_back({true, value});
    } else if (name == "cmd") {
      options_.before.push_back({false, value});
    } else if (name == "init") {
      options_.init_file = value;
    } else if (name == "separator") {
      options_.separator = value == "\\t" ? "\t" : value;
    } else if (name == "nullvalue") {
      options_.null_value = value;
    } else {
      return ParseSetting(value);
    }
    return true;
  }

  bool ParseSetting(const std::string& value) {
    const size_t equals = value.find('=');
    if (equals == std::string::npos) {
      problem_ = "-set wants NAME=VALUE";
      return false;
    }
    options_.database.settings.emplace_back(value.substr(0, equals), value.substr(equals + 1));
    return true;
  }

  const int argc_;
  char** const argv_;
  int at_ = 0;
  CommandLineOptions& options_;
  std::string& problem_;
};

}  // namespace

bool ParseOptions(int argc, char** argv, CommandLineOptions* options, std::string* problem) {
  return OptionParser(argc, argv, options, problem).Parse();
}

const char* HelpText() { return kHelp; }

}  // namespace shell
