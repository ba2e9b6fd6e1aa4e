#include "base/error.h"

#include <cerrno>
#include <system_error>

namespace driftdb {

Status ErrnoError(int error_number, std::string_view operation, std::string_view path) {
  SqlState state = sqlstate::kIoError;
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
      state = sqlstate::kDiskFull;
      break;
    case ENOENT:
    case ENOTDIR:
      state = sqlstate::kUndefinedFile;
      break;
    case EEXIST:
      state = sqlstate::kDuplicateFile;
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      state = sqlstate::kInsufficientPrivilege;
      break;
    default:
      break;
  }
  return Error(state, "could not {} \"{}\": {}", operation, path,
               std::generic_category().message(error_number));
}

}  // namespace driftdb
