#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace driftdb {

void CheckFailed(const char* condition, const char* file, int line) {
  // Only assertion builds come here; the library proper neither prints nor aborts.
  std::fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, condition);
  std::abort();
}

}  // namespace driftdb
