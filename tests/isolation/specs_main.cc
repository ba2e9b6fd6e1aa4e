// Covers: lib/api/statement_locks.cc
// isolation-specs FILE...: runs the permutations of spec files; ends with the line `N passed, N
// failed`.
#include <cstdio>
#include <fstream>
#include <sstream>

#include "runner.h"

int main(int argc, char** argv) {
  isolation::Tally sum;
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i]);
    std::stringstream text;
    text << file.rdbuf();
    isolation::Spec spec;
    std::string error;
    if (!file || !isolation::ParseSpec(text.str(), &spec, &error)) {
      std::printf("%s: %s\n", argv[i], file ? error.c_str() : "cannot be read");
      ++sum.failed;
      continue;
    }
    const isolation::Tally tally = isolation::Runner(argv[i], &spec).RunAll();
    sum.passed += tally.passed;
    sum.failed += tally.failed;
  }
  std::printf("%d passed, %d failed\n", sum.passed, sum.failed);
  return argc > 1 && sum.failed == 0 ? 0 : 1;
}
