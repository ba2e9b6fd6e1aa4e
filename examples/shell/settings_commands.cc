// Commands that change or show settings.
#include <cstdlib>

#include "commands.h"

namespace shell {
namespace {

bool RunMode(Shell* shell, const CommandLine& line) {
  if (line.args.empty()) {
    shell->output.Write(std::string("current output mode: ") + ModeName(shell->settings.mode) +
                        '\n');
    return true;
  }
  const auto mode = ParseMode(line.args[0]);
  if (!mode.has_value()) {
    return FailUsage(shell, line,
                     "pretty|box|table|aligned|column|markdown|list|tabs|csv|quote|ascii|line|json|"
                     "jsonlines|html|"
                     "insert|trash");
  }
  shell->settings.mode = *mode;
  shell->settings.expanded = false;
  shell->settings.separator.reset();
  if (*mode == Mode::kInsert)
    shell->settings.insert_table = line.args.size() > 1 ? line.args[1] : "tab";
  return true;
}

bool RunHeaders(Shell* shell, const CommandLine& line) {
  bool on = shell->settings.header_on();
  if (!ParseSwitch(shell, line, &on)) return false;
  shell->settings.header = on;
  return true;
}

bool RunSeparator(Shell* shell, const CommandLine& line) {
  if (line.args.empty()) return FailUsage(shell, line, "COLUMN_SEPARATOR");
  shell->settings.separator = line.args[0] == "\\t" ? "\t" : line.args[0];
  return true;
}

bool RunNullValue(Shell* shell, const CommandLine& line) {
  shell->settings.null_value = line.args.empty() ? "" : line.args[0];
  return true;
}

bool RunWidth(Shell* shell, const CommandLine& line) {
  shell->settings.widths.clear();
  for (const std::string& width : line.args)
    shell->settings.widths.push_back(std::atoi(width.c_str()));
  return true;
}

bool ParseCount(Shell* shell, const CommandLine& line, int* value) {
  if (line.args.empty()) {
    shell->output.Write(std::to_string(*value) + '\n');
    return true;
  }
  char* end = nullptr;
  const long count = std::strtol(line.args[0].c_str(), &end, 10);
  if (*end != '\0' || count < 0 || count > 1'000'000'000)
    return FailUsage(shell, line, "N (0: no limit)");
  *value = static_cast<int>(count);
  return true;
}

bool RunMaxRows(Shell* shell, const CommandLine& line) {
  return ParseCount(shell, line, &shell->settings.max_rows);
}
bool RunMaxWidth(Shell* shell, const CommandLine& line) {
  return ParseCount(shell, line, &shell->settings.max_width);
}

template <bool Settings::*kSetting>
bool RunSwitch(Shell* shell, const CommandLine& line) {
  return ParseSwitch(shell, line, &(shell->settings.*kSetting));
}

bool RunTiming(Shell* shell, const CommandLine& line) {
  if (!ParseSwitch(shell, line, &shell->settings.timer)) return false;
  shell->output.Write(shell->settings.timer ? "Timing is on.\n" : "Timing is off.\n");
  return true;
}

bool RunExpanded(Shell* shell, const CommandLine& line) {
  if (!ParseSwitch(shell, line, &shell->settings.expanded)) return false;
  shell->output.Write(shell->settings.expanded ? "Expanded display is on.\n"
                                               : "Expanded display is off.\n");
  return true;
}

bool RunExplain(Shell* shell, const CommandLine& line) {
  if (!line.args.empty() && line.args[0] == "analyze") {
    shell->settings.plan = PlanMode::kAnalyze;
    return true;
  }
  bool on = shell->settings.plan != PlanMode::kOff;
  if (!ParseSwitch(shell, line, &on)) return false;
  shell->settings.plan = on ? PlanMode::kPlan : PlanMode::kOff;
  return true;
}

bool RunPrompt(Shell* shell, const CommandLine& line) {
  shell->settings.prompt = line.args.empty() ? "" : line.args[0];
  if (line.args.size() > 1) shell->settings.continuation_prompt = line.args[1];
  return true;
}

bool RunOutput(Shell* shell, const CommandLine& line) {
  std::string target = line.rest;
  if (!target.empty() && target[0] != '|') target = line.args[0];
  const bool once = line.name == ".once";
  if (once && target.empty()) return FailUsage(shell, line, "FILE or '|command'");
  if (shell->output.Redirect(target, once)) return true;
  shell->Fail(target + " cannot be opened");
  return false;
}

bool RunParameter(Shell* shell, const CommandLine& line) {
  const std::string action = line.args.empty() ? "list" : line.args[0];
  if (action == "list" && line.args.size() < 2) {
    for (const auto& [name, value] : shell->parameters) {
      shell->output.Write(name + ' ' + (value.has_value() ? SqlString(*value) : "NULL") + '\n');
    }
  } else if ((action == "clear" || action == "init") && line.args.size() == 1) {
    shell->parameters.clear();
  } else if (action == "unset" && line.args.size() == 2) {
    shell->parameters.erase(line.args[1]);
  } else if (action == "set" && line.args.size() == 3) {
    auto& value = shell->parameters[line.args[1]];
    value = line.args[2];
    if (line.args[2] == "NULL" || line.args[2] == "null") value.reset();
  } else {
    return FailUsage(
        shell, line,
        "set NAME VALUE | unset NAME | list | clear (names with their prefix: :a @a $1)");
  }
  return true;
}

// psql's \set NAME VALUE: the parameter :NAME.
bool RunSetVariable(Shell* shell, const CommandLine& line) {
  if (line.args.empty()) return RunParameter(shell, {line.name, {"list"}, ""});
  shell->parameters[":" + line.args[0]] = line.args.size() > 1 ? line.args[1] : "";
  return true;
}

bool RunUnsetVariable(Shell* shell, const CommandLine& line) {
  if (line.args.empty()) return FailUsage(shell, line, "NAME");
  shell->parameters.erase(":" + line.args[0]);
  return true;
}

bool RunShow(Shell* shell, const CommandLine&) {
  const Settings& settings = shell->settings;
  const auto line = [&](const std::string& name, const std::string& value) {
    shell->output.Write(std::string(name.size() < 12 ? 12 - name.size() : 0, ' ') + name + ": " +
                        value + '\n');
  };
  const auto on = [](bool value) { return std::string(value ? "on" : "off"); };
  line("bail", on(settings.bail));
  line("changes", on(settings.changes));
  line("database", shell->connection() == nullptr ? "none" : shell->database_options().path);
  line("echo", on(settings.echo));
  line("explain", settings.plan == PlanMode::kOff    ? "off"
                  : settings.plan == PlanMode::kPlan ? "on"
                                                     : "analyze");
  line("headers", on(settings.header_on()));
  line("maxrows", std::to_string(settings.max_rows));
  line("mode", ModeName(settings.effective_mode()));
  line("nullvalue", SqlString(settings.null_text()));
  line("separator", SqlString(settings.separator_text()));
  line("stats", on(settings.stats));
  line("timer", on(settings.timer));
  return true;
}

constexpr Command kSettingCommands[] = {
    {".mode", RunMode, "[MODE [TABLE]]", "Set or show the output mode; TABLE is for insert"},
    {".headers", RunHeaders, "on|off", "Column names above results"},
    {".header", RunHeaders, "", nullptr},
    {".separator", RunSeparator, "STRING", "Between values in the modes list, csv, quote, line"},
    {".nullvalue", RunNullValue, "STRING", "What NULL is printed as"},
    {".width", RunWidth, "N...", "Widths of columns in tables; negative: right-aligned"},
    {".maxrows", RunMaxRows, "[N]", "Rows that pretty mode shows on a terminal; 0: all"},
    {".maxwidth", RunMaxWidth, "[N]", "Columns of text that pretty mode uses; 0: the terminal's"},
    {".timer", RunSwitch<&Settings::timer>, "on|off", "Run time after each statement"},
    {".echo", RunSwitch<&Settings::echo>, "on|off", "Statements before their results"},
    {".bail", RunSwitch<&Settings::bail>, "on|off", "Stop at the first error"},
    {".changes", RunSwitch<&Settings::changes>, "on|off",
     "Number of rows changed after each statement"},
    {".stats", RunSwitch<&Settings::stats>, "on|off",
     "Counters of the database after each statement"},
    {".progress", RunSwitch<&Settings::progress>, "on|off",
     "Progress bar of long statements on a terminal"},
    {".explain", RunExplain, "on|off|analyze", "Plans before results; analyze: in their place"},
    {".eqp", RunExplain, "", nullptr},
    {".prompt", RunPrompt, "MAIN [CONTINUE]", "The prompts"},
    {".output", RunOutput, "[FILE|'|CMD']",
     "Results to a file or a pipe; without: standard output"},
    {".once", RunOutput, "FILE|'|CMD'", "The same for the next statement"},
    {".parameter", RunParameter, "set|unset|list|clear", "Values of statement parameters"},
    {".show", RunShow, "", "The settings"},
    {"\\timing", RunTiming, "[on|off]", "As .timer"},
    {"\\x", RunExpanded, "[on|off]", "One line per value"},
    {"\\o", RunOutput, "[FILE|'|CMD']", "As .output"},
    {"\\set", RunSetVariable, "[NAME [VALUE]]", "Value of the parameter :NAME"},
    {"\\unset", RunUnsetVariable, "NAME", "Forget it"},
};

}  // namespace

std::span<const Command> SettingCommands() { return kSettingCommands; }

}  // namespace shell
