// Construction of errors: one function per way in, all with fmt formatting.
// Message style: what + object + number, lower case, no period: Error(sqlstate::kUndefinedTable,
// "relation \"{}\" does not exist", name).
#ifndef DRIFTDB_BASE_ERROR_H_
#define DRIFTDB_BASE_ERROR_H_

#include <fmt/core.h>

#include "base/sqlstate.h"
#include "base/status.h"

namespace driftdb {

template <typename... Args>
Status Error(SqlState state, fmt::format_string<Args...> format, Args&&... args) {
  return Status(state, fmt::format(format, std::forward<Args>(args)...));
}

// A broken invariant of DriftDB itself. Never for bytes read from disk or network.
template <typename... Args>
Status InternalError(fmt::format_string<Args...> format, Args&&... args) {
  return Status(sqlstate::kInternalError, fmt::format(format, std::forward<Args>(args)...));
}

// Bytes read from a file are not what was written there: checksum, magic, bounds, order.
template <typename... Args>
Status DataLossError(fmt::format_string<Args...> format, Args&&... args) {
  return Status(sqlstate::kDataCorrupted, fmt::format(format, std::forward<Args>(args)...));
}

// A failed system call on `path`: ENOSPC and EDQUOT become 53100, ENOENT 58P01, EEXIST 58P02,
// EACCES and EPERM 42501, all else 58030. The message names the operation, the path and the errno
// text.
Status ErrnoError(int error_number, std::string_view operation, std::string_view path);

}  // namespace driftdb

#endif  // DRIFTDB_BASE_ERROR_H_
