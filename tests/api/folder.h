// A folder of a test's own, removed with what is in it.
#ifndef DRIFTDB_TESTS_API_FOLDER_H_
#define DRIFTDB_TESTS_API_FOLDER_H_

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "check.h"

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "driftdb-api-XXXXXX").string();
    path_ = mkdtemp(name.data()) == nullptr ? "" : name;
    CHECK(!path_.empty());
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(const char* name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

#endif  // DRIFTDB_TESTS_API_FOLDER_H_
