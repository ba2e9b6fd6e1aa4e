#include "base/error.h"

#include <cerrno>
#include <string>
#include <utility>

#include <catch2/catch.hpp>

namespace driftdb {

TEST_CASE("error: the format arguments reach the message", "[base]") {
  const Status status = Error(sqlstate::kUndefinedTable, "relation \"{}\" does not exist", "t");
  REQUIRE(status.sqlstate() == sqlstate::kUndefinedTable);
  REQUIRE(status.message() == "relation \"t\" does not exist");
  REQUIRE(InternalError("{} of {}", 1, 2).ToString() == "XX000: 1 of 2");
  REQUIRE(DataLossError("page {}", 7).ToString() == "XX001: page 7");
}

TEST_CASE("error: errno maps to the SQLSTATE a caller can act on", "[base]") {
  const std::pair<int, SqlState> cases[] = {{ENOSPC, sqlstate::kDiskFull},
                                            {EDQUOT, sqlstate::kDiskFull},
                                            {ENOENT, sqlstate::kUndefinedFile},
                                            {ENOTDIR, sqlstate::kUndefinedFile},
                                            {EEXIST, sqlstate::kDuplicateFile},
                                            {EACCES, sqlstate::kInsufficientPrivilege},
                                            {EPERM, sqlstate::kInsufficientPrivilege},
                                            {EROFS, sqlstate::kInsufficientPrivilege},
                                            {EIO, sqlstate::kIoError},
                                            {EBADF, sqlstate::kIoError}};
  for (const auto& [number, state] : cases) {
    INFO("errno " << number);
    REQUIRE(ErrnoError(number, "open", "a/b").sqlstate() == state);
  }
}

TEST_CASE("error: an errno message names the operation and the path", "[base]") {
  const Status status = ErrnoError(ENOENT, "open", "dir/file");
  REQUIRE(std::string(status.message()) ==
          "could not open \"dir/file\": No such file or directory");
}

}  // namespace driftdb
