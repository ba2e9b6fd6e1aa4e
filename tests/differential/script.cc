#include "script.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

namespace driftdb::differential {

namespace {

constexpr size_t kReduceRunsMax = 400;

bool ScriptStillDiffers(const Script& script, const MakeTwins& make, std::string* failures) {
  Twins twins = make();
  for (size_t i = 0; i + 1 < script.size(); ++i) {
    if (!twins.Run(script[i]).empty()) return false;
  }
  const bool differs = !twins.Run(script.back()).empty();
  if (failures->empty()) *failures = twins.failures;
  return differs && twins.failures == *failures;
}

}  // namespace

std::string Twins::Run(const ScriptStep& step) {
  if (step.sql == "!maintain") {
    tested->Maintain();
    oracle->Maintain();
    return "";
  }
  const Outcome found =
      step.data.empty() ? tested->Run(step.sql) : tested->Load(step.sql, step.data);
  const Outcome wanted =
      step.data.empty() ? oracle->Run(step.sql) : oracle->Load(step.sql, step.data);
  failed = !found.ok() || !wanted.ok();
  failures = found.error + "/" + wanted.error;
  if (failed) {
    // A block that has failed on one side only would make every later answer differ.
    tested->Run("ROLLBACK");
    oracle->Run("ROLLBACK");
  }
  return Difference(found, wanted, step.ordered);
}

Script ReduceScript(Script script, const MakeTwins& make) {
  size_t runs = 0;
  std::string failures;
  if (!ScriptStillDiffers(script, make, &failures)) return script;
  for (size_t width = std::max<size_t>(1, script.size() / 2); width > 0; width /= 2) {
    for (size_t at = 0; at + 1 < script.size() && runs < kReduceRunsMax;) {
      Script shorter = script;
      const size_t count = std::min(width, script.size() - 1 - at);
      shorter.erase(shorter.begin() + static_cast<ptrdiff_t>(at),
                    shorter.begin() + static_cast<ptrdiff_t>(at + count));
      ++runs;
      if (ScriptStillDiffers(shorter, make, &failures)) {
        script = std::move(shorter);
      } else {
        at += count;
      }
    }
  }
  return script;
}

std::string ScriptText(const Script& script) {
  std::string text;
  for (const ScriptStep& step : script) {
    if (step.data.empty()) {
      text += (step.sql[0] == '!' ? "-- " : "") + step.sql + ";\n";
    } else {
      const size_t rows = static_cast<size_t>(std::count(step.data.begin(), step.data.end(), '\n'));
      text += fmt::format("COPY {} FROM STDIN; -- {} generated rows\n", step.sql, rows);
    }
  }
  return text;
}

uint64_t EnvironmentNumber(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace driftdb::differential
