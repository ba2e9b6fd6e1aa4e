// Runner: runs the permutations of a spec, each on a fresh database, and compares what came out.
#ifndef DRIFTDB_TESTS_ISOLATION_RUNNER_H_
#define DRIFTDB_TESTS_ISOLATION_RUNNER_H_

#include <string>
#include <vector>

#include "spec.h"

namespace isolation {

// How the engine is set up while the same steps run: every way must give the same result.
enum class Mode {
  kPlain,
  kPipelines,    // without the row path of point statements
  kCheckpoints,  // a checkpoint and a round of maintenance after the setup and after every step
};
inline constexpr Mode kModes[] = {Mode::kPlain, Mode::kPipelines, Mode::kCheckpoints};
const char* ModeName(Mode mode);

struct Tally {
  int passed = 0;
  int failed = 0;
};

class Runner {
 public:
  Runner(std::string file, const Spec* spec) : file_(std::move(file)), spec_(spec) {}
  // Prints what failed, with what came out as it would be written into the file.
  Tally RunAll();

 private:
  void RunPermutation(const Permutation& permutation, Mode mode);
  void RunInterleavings(const Interleavings& all, Mode mode);
  void Report(size_t line, Mode mode, bool passed, const std::string& text);

  const std::string file_;
  const Spec* const spec_;
  Tally tally_;
};

}  // namespace isolation

#endif  // DRIFTDB_TESTS_ISOLATION_RUNNER_H_
