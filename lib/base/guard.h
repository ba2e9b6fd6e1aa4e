// Guarded: where exceptions end. DriftDB throws nothing itself, but allocations do; they become
// errors where control comes from outside or from a thread's own start (core.md C11): the C ABI,
// worker and maintenance threads, and places that must tidy up whatever happened.
#ifndef DRIFTDB_BASE_GUARD_H_
#define DRIFTDB_BASE_GUARD_H_

#include <exception>
#include <new>
#include <type_traits>

#include "base/error.h"
#include "base/status.h"

namespace driftdb {

// Runs `body` (returns Status or nothing) and turns exceptions into errors: std::bad_alloc into
// 53200, all else into XX000.
template <typename Body>
Status Guarded(Body&& body) {
  try {
    if constexpr (std::is_void_v<decltype(body())>) {
      body();
      return OkStatus();
    } else {
      return body();
    }
  } catch (const std::bad_alloc&) {
    return Status::OutOfMemory();
  } catch (const std::exception& error) {
    return InternalError("unexpected exception: {}", error.what());
  }
}

}  // namespace driftdb

#endif  // DRIFTDB_BASE_GUARD_H_
