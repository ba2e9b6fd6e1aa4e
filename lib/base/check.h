// Assertions. DRIFTDB_DCHECK states an invariant: checked where the build option `assertions` is on
// (all test builds), compiled out elsewhere. DRIFTDB_CHECK_OR_RETURN is checked always and turns a
// broken invariant into an XX000 error: a library does not abort its host. Neither is for bytes
// read from disk or network; those get DataLossError.
#ifndef DRIFTDB_BASE_CHECK_H_
#define DRIFTDB_BASE_CHECK_H_

#include "base/error.h"

namespace driftdb {

// Prints the failed invariant and aborts; only reached in assertion builds.
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);

}  // namespace driftdb

#ifdef DRIFTDB_ASSERTIONS
#define DRIFTDB_DCHECK(condition) \
  ((condition) ? (void)0 : ::driftdb::CheckFailed(#condition, __FILE__, __LINE__))
#else
#define DRIFTDB_DCHECK(condition) ((void)sizeof(!(condition)))
#endif

#define DRIFTDB_CHECK_OR_RETURN(condition, ...)     \
  do {                                              \
    if (!(condition)) [[unlikely]]                  \
      return ::driftdb::InternalError(__VA_ARGS__); \
  } while (false)

#endif  // DRIFTDB_BASE_CHECK_H_
