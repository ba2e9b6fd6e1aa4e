// Spec: one file of interleavings: tables, sessions with named steps, orders of the steps and what
// must come out. README.md describes the format.
#ifndef DRIFTDB_TESTS_ISOLATION_SPEC_H_
#define DRIFTDB_TESTS_ISOLATION_SPEC_H_

#include <cstddef>
#include <string>
#include <vector>

namespace isolation {

struct Step {
  std::string name;
  std::string sql;
  size_t session = 0;
};

struct SessionSpec {
  std::string name;
  std::string setup;
  std::string teardown;
  std::vector<size_t> steps;
};

struct Action {
  enum class Kind {
    kStep,       // start the step; go on when it has ended or waits for another session
    kWhole,      // start the step; go on when it has ended, which it does by itself (a time limit)
    kInterrupt,  // interrupt the session and go on when its step has ended
  };
  Kind kind = Kind::kStep;
  size_t step = 0;
  size_t session = 0;
};

struct Permutation {
  size_t line = 0;
  std::vector<Action> actions;
  std::vector<std::string> expected;
};

// Every order of the sessions' steps in which no step is due while its session waits.
struct Interleavings {
  size_t line = 0;
  std::vector<std::string> errors;   // SQLSTATEs that may come out
  std::string final_sql;             // run at the end
  std::vector<std::string> allowed;  // its results
  bool every = false;                // each of `allowed` must come out at least once
};

struct Spec {
  std::string setup;
  std::string teardown;
  std::vector<SessionSpec> sessions;
  std::vector<Step> steps;
  std::vector<Permutation> permutations;
  std::vector<Interleavings> interleavings;
};

// False with "line N: ..." in *error.
bool ParseSpec(const std::string& text, Spec* spec, std::string* error);

}  // namespace isolation

#endif  // DRIFTDB_TESTS_ISOLATION_SPEC_H_
