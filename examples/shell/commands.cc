#include "commands.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace shell {
namespace {

std::array<std::span<const Command>, 5> AllCommands() {
  return {SettingCommands(), DatabaseCommands(), TransferCommands(), SchemaCommands(),
          DescribeCommands()};
}

// By its whole name, or a beginning of a dot command that fits one only.
const Command* FindCommand(const std::string& name, bool* ambiguous) {
  const Command* found = nullptr;
  *ambiguous = false;
  for (const auto& table : AllCommands()) {
    for (const Command& command : table) {
      if (name == command.name) {
        *ambiguous = false;
        return &command;
      }
      if (name[0] == '.' && name.size() > 1 &&
          std::strncmp(command.name, name.c_str(), name.size()) == 0) {
        if (found != nullptr && found->run != command.run) *ambiguous = true;
        found = &command;
      }
    }
  }
  return found;
}

CommandLine ParseCommandLine(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
    text.pop_back();
  }
  CommandLine line;
  size_t end = std::min(text.find_first_of(" \t"), text.size());
  // psql allows \! and \x without a blank behind them; only \! and \? have no letters.
  if (text.size() > 2 && text[0] == '\\' && text[1] == '!') end = 2;
  line.name = text.substr(0, end);
  const size_t rest = text.find_first_not_of(" \t", end);
  line.rest = rest == std::string::npos ? "" : text.substr(rest);
  // psql ends a command with a semicolon too.
  if (line.name[0] == '\\' && line.name.size() > 1 && line.name.back() == ';') line.name.pop_back();
  line.args = SplitArguments(line.rest);
  if (line.name[0] == '\\' && !line.args.empty() && line.args.back() == ";") line.args.pop_back();
  return line;
}

}  // namespace

std::vector<std::string> SplitArguments(const std::string& text) {
  std::vector<std::string> words;
  size_t at = 0;
  while (true) {
    at = text.find_first_not_of(" \t\r\n", at);
    if (at == std::string::npos) return words;
    std::string word;
    const char quote = text[at] == '\'' || text[at] == '"' ? text[at] : '\0';
    if (quote == '\0') {
      const size_t end = std::min(text.find_first_of(" \t\r\n", at), text.size());
      word = text.substr(at, end - at);
      at = end;
    } else {
      for (++at; at < text.size(); ++at) {
        if (text[at] == quote) {
          if (quote != '\'' || at + 1 >= text.size() || text[at + 1] != '\'') break;
          ++at;  // a doubled quote
        } else if (quote == '"' && text[at] == '\\' && at + 1 < text.size()) {
          ++at;
          if (text[at] == 'n') {
            word += '\n';
            continue;
          }
          if (text[at] == 't') {
            word += '\t';
            continue;
          }
        }
        word += text[at];
      }
      ++at;  // the closing quote
      if (at > text.size()) at = text.size();
    }
    words.push_back(std::move(word));
  }
}

bool FailUsage(Shell* shell, const CommandLine& line, const char* arguments) {
  shell->Fail("usage: " + line.name + " " + arguments);
  return false;
}

bool ParseSwitch(Shell* shell, const CommandLine& line, bool* value) {
  if (line.args.empty()) {
    *value = !*value;
    return true;
  }
  const std::string& word = line.args[0];
  if (word == "on" || word == "yes" || word == "true" || word == "1") {
    *value = true;
  } else if (word == "off" || word == "no" || word == "false" || word == "0") {
    *value = false;
  } else {
    return FailUsage(shell, line, "on|off");
  }
  return true;
}

bool RunCommand(Shell* shell, const std::string& text) {
  const CommandLine line = ParseCommandLine(text);
  if (line.name == ".help" || line.name == "\\?") {
    std::string help;
    for (const auto& table : AllCommands()) {
      for (const Command& command : table) {
        if (command.help == nullptr) continue;
        std::string head = std::string(command.name) + ' ' + command.arguments;
        if (!line.args.empty() && (head + command.help).find(line.args[0]) == std::string::npos) {
          continue;
        }
        if (head.size() < 30) head.append(30 - head.size(), ' ');
        help += head + ' ' + command.help + '\n';
      }
    }
    shell->output.Write(help);
    return true;
  }
  bool ambiguous = false;
  const Command* command = FindCommand(line.name, &ambiguous);
  if (command == nullptr || ambiguous) {
    shell->Fail((ambiguous ? "ambiguous command " : "unknown command ") + line.name +
                "; .help lists the commands");
    return false;
  }
  return command->run(shell, line);
}

}  // namespace shell
