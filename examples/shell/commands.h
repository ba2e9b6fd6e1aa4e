// Lines that begin with a dot (as in sqlite3 and duckdb) or a backslash (as in psql).
// Shape: each file of commands gives a table; commands.cc finds a name in them. A handler returns
// false after it has reported what went wrong.
#ifndef DRIFTDB_EXAMPLES_SHELL_COMMANDS_H_
#define DRIFTDB_EXAMPLES_SHELL_COMMANDS_H_

#include <span>
#include <string>
#include <vector>

#include "shell.h"

namespace shell {

struct CommandLine {
  std::string name;               // with its dot or backslash
  std::vector<std::string> args;  // unquoted
  std::string rest;               // what follows the name, as written
};

struct Command {
  const char* name;
  bool (*run)(Shell* shell, const CommandLine& line);
  const char* arguments;  // for .help
  const char* help;       // null: not listed
};

std::span<const Command> SettingCommands();   // settings_commands.cc
std::span<const Command> DatabaseCommands();  // database_commands.cc
std::span<const Command> TransferCommands();  // transfer_commands.cc: .import, \copy
std::span<const Command> SchemaCommands();    // schema_commands.cc
std::span<const Command> DescribeCommands();  // describe_commands.cc: psql's \d family

// Reports how the command is used; returns false.
bool FailUsage(Shell* shell, const CommandLine& line, const char* arguments);
// on, off, yes, no, true, false, 1, 0; without argument the opposite of *value.
bool ParseSwitch(Shell* shell, const CommandLine& line, bool* value);

// Unquotes the words of `text`: 'a''b', "a\"b", bare words.
std::vector<std::string> SplitArguments(const std::string& text);

}  // namespace shell

#endif  // DRIFTDB_EXAMPLES_SHELL_COMMANDS_H_
