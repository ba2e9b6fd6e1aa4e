// Commands about the database, files and the shell itself.
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "commands.h"

namespace shell {
namespace {

bool RunOpen(Shell* shell, const CommandLine& line) {
  DatabaseOptions options;
  bool named = false;
  for (const std::string& arg : line.args) {
    if (arg == "--readonly" || arg == "-readonly") {
      options.settings.emplace_back("readonly", "on");
    } else if (arg[0] == '-' || named) {
      return FailUsage(shell, line, "[--readonly] [DATADIR]");
    } else {
      options.path = arg;
      named = true;
    }
  }
  return shell->Open(options);
}

bool RunRead(Shell* shell, const CommandLine& line) {
  if (line.args.size() != 1) return FailUsage(shell, line, "FILE");
  return shell->RunFile(line.args[0]);
}

bool RunQuit(Shell* shell, const CommandLine&) {
  shell->Quit(std::nullopt);
  return true;
}

bool RunExit(Shell* shell, const CommandLine& line) {
  shell->Quit(line.args.empty() ? std::nullopt
                                : std::optional<int>(std::atoi(line.args[0].c_str())));
  return true;
}

bool RunPrint(Shell* shell, const CommandLine& line) {
  std::string text;
  for (const std::string& arg : line.args) text += (text.empty() ? "" : " ") + arg;
  shell->output.Write(text + '\n');
  return true;
}

bool RunShellCommand(Shell* shell, const CommandLine& line) {
  if (line.rest.empty()) return FailUsage(shell, line, "COMMAND");
  shell->output.Flush();
  const int status = std::system(line.rest.c_str());
  if (status == 0) return true;
  shell->Fail(line.rest + ": exit status " +
              std::to_string(WIFEXITED(status) ? WEXITSTATUS(status) : -1));
  return false;
}

bool RunChangeFolder(Shell* shell, const CommandLine& line) {
  const char* home = std::getenv("HOME");
  const std::string folder = line.args.empty() ? (home == nullptr ? "/" : home) : line.args[0];
  if (chdir(folder.c_str()) == 0) return true;
  shell->Fail(folder + ": " + std::strerror(errno));
  return false;
}

bool RunVersion(Shell* shell, const CommandLine&) {
  shell->output.Write(std::string("DriftDB ") + driftdb_version() + '\n');
  return true;
}

std::string DatabaseLocation(Shell* shell) {
  const std::string& path = shell->database_options().path;
  if (shell->connection() == nullptr) return "none";
  return path == ":memory:" ? path : std::filesystem::absolute(path).lexically_normal().string();
}

bool RunDatabases(Shell* shell, const CommandLine&) {
  shell->output.Write("main: " + DatabaseLocation(shell) + '\n');
  return true;
}

bool RunConnectionInfo(Shell* shell, const CommandLine&) {
  shell->output.Write("You are connected to database \"" + DatabaseLocation(shell) +
                      "\", DriftDB " + driftdb_version() + ".\n");
  return true;
}

bool RunCheck(Shell* shell, const CommandLine&) {
  if (shell->connection() == nullptr) {
    shell->Fail("no database is open");
    return false;
  }
  const auto print = [](void* self, const char* problem) {
    static_cast<Shell*>(self)->output.Write(std::string(problem) + '\n');
  };
  int64_t problems = 0;
  if (driftdb_check(shell->connection(), print, shell, &problems) != DRIFTDB_OK) {
    shell->FailStatement("", 0);
    return false;
  }
  if (problems == 0) shell->output.Write("ok\n");
  if (problems > 0) shell->Fail(std::to_string(problems) + " problems");
  return problems == 0;
}

bool RunAbsent(Shell* shell, const CommandLine& line) {
  shell->Fail(line.name + " is not compiled in");
  return false;
}

constexpr Command kDatabaseCommands[] = {
    {".open", RunOpen, "[--readonly] [DATADIR]",
     "Close the database and open another; without: in memory"},
    {".read", RunRead, "FILE", "Run the statements and commands of a file"},
    {".check", RunCheck, "", "Check every checksum and every index"},
    {".databases", RunDatabases, "", "Where the database is"},
    {".print", RunPrint, "TEXT...", "Print it"},
    {".cd", RunChangeFolder, "FOLDER", "Change the working folder"},
    {".shell", RunShellCommand, "COMMAND", "Run a command of the operating system"},
    {".system", RunShellCommand, "COMMAND", nullptr},
    {".version", RunVersion, "", "The library's version"},
    {".exit", RunExit, "[STATUS]", "End, with this exit status"},
    {".quit", RunQuit, "", "End"},
    {".help", RunQuit, "[TEXT]", "Commands, or those that mention TEXT"},
    {".backup", RunAbsent, "", nullptr},
    {".restore", RunAbsent, "", nullptr},
    {".save", RunAbsent, "", nullptr},
    {".clone", RunAbsent, "", nullptr},
    {"\\c", RunOpen, "[DATADIR]", "As .open"},
    {"\\connect", RunOpen, "[DATADIR]", nullptr},
    {"\\i", RunRead, "FILE", "As .read"},
    {"\\ir", RunRead, "FILE", nullptr},
    {"\\include", RunRead, "FILE", nullptr},
    {"\\l", RunDatabases, "", "As .databases"},
    {"\\conninfo", RunConnectionInfo, "", "What is open"},
    {"\\echo", RunPrint, "TEXT...", "As .print"},
    {"\\!", RunShellCommand, "COMMAND", "As .shell"},
    {"\\cd", RunChangeFolder, "FOLDER", "As .cd"},
    {"\\q", RunQuit, "", "End"},
};

}  // namespace

std::span<const Command> DatabaseCommands() { return kDatabaseCommands; }

}  // namespace shell
