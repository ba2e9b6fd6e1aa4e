// Scripts: statements that two engines run side by side, and what to do when their answers differ.
#ifndef DRIFTDB_TESTS_DIFFERENTIAL_SCRIPT_H_
#define DRIFTDB_TESTS_DIFFERENTIAL_SCRIPT_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engines.h"

namespace driftdb::differential {

struct ScriptStep {
  std::string sql;  // "!maintain" is Engine::Maintain
  bool ordered = false;
  std::string data;  // not empty: rows of the table `sql`
};
using Script = std::vector<ScriptStep>;

struct Twins {
  std::unique_ptr<Engine> tested;
  std::unique_ptr<Engine> oracle;
  // Runs the step on both; what differs, in words. A failure on any side ends the transaction block
  // of both.
  std::string Run(const ScriptStep& step);
  bool failed = false;   // the last step, on any side
  std::string failures;  // SQLSTATEs of the last step: reduced scripts must end with the same ones
};
using MakeTwins = std::function<Twins()>;

// Steps that still show the difference of the last one, in a script that reproduces it.
Script ReduceScript(Script script, const MakeTwins& make);
std::string ScriptText(const Script& script);

// A number of the environment, or the default.
uint64_t EnvironmentNumber(const char* name, uint64_t otherwise);

}  // namespace driftdb::differential

#endif  // DRIFTDB_TESTS_DIFFERENTIAL_SCRIPT_H_
