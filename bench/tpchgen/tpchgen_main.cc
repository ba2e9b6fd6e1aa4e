// driftdb-tpchgen: writes the TPC-H tables as dbgen's .tbl files.
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "tpchgen/tbl_text.h"

namespace driftdb::tpchgen {
namespace {

constexpr char kUsage[] =
    "usage: driftdb-tpchgen --scale S DIR [--tables a,b] [--threads N]\n"
    "Writes region, nation, supplier, customer, part, partsupp, orders and lineitem (or the\n"
    "tables named) to DIR/<table>.tbl. S is a number from 0.001 to 1000; default threads: 2.\n";

struct Arguments {
  double scale = 0;
  int threads = 2;
  std::string directory;
  std::vector<Table> tables;
};

bool ParseTables(std::string_view names, std::vector<Table>* tables) {
  while (!names.empty()) {
    const size_t comma = names.find(',');
    const std::string_view name = names.substr(0, comma);
    const auto table = TableByName(name);
    if (!table) {
      std::fprintf(stderr, "unknown table \"%.*s\"\n", static_cast<int>(name.size()), name.data());
      return false;
    }
    tables->push_back(*table);
    names.remove_prefix(comma == std::string_view::npos ? names.size() : comma + 1);
  }
  return true;
}

bool ParseArguments(int argc, char** argv, Arguments* arguments) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : "";
    if (name == "--scale") {
      arguments->scale = std::strtod(value, nullptr);
      ++i;
    } else if (name == "--threads") {
      arguments->threads = std::atoi(value);
      ++i;
    } else if (name == "--tables") {
      if (!ParseTables(value, &arguments->tables)) {
        return false;
      }
      ++i;
    } else if (name.substr(0, 1) != "-" && arguments->directory.empty()) {
      arguments->directory = name;
    } else {
      return false;
    }
  }
  if (arguments->tables.empty()) {
    arguments->tables.assign(std::begin(kAllTables), std::end(kAllTables));
  }
  return arguments->scale >= kScaleMin && arguments->scale <= kScaleMax &&
         arguments->threads >= 1 && arguments->threads <= 256 && !arguments->directory.empty();
}

bool WriteTable(Table table, const Arguments& arguments) {
  const std::string path = arguments.directory + "/" + std::string(TableName(table)) + ".tbl";
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) {
    std::fprintf(stderr, "%s: %s\n", path.c_str(), std::strerror(errno));
    return false;
  }
  std::setvbuf(file, nullptr, _IONBF, 0);
  bool written = StreamTable(table, {.scale = arguments.scale, .threads = arguments.threads},
                             [file](std::string_view rows) {
                               return std::fwrite(rows.data(), 1, rows.size(), file) == rows.size();
                             });
  const int write_error = errno;
  if (std::fclose(file) != 0) {
    written = false;
  }
  if (!written) {
    std::fprintf(stderr, "%s: %s\n", path.c_str(), std::strerror(write_error));
  }
  return written;
}

}  // namespace
}  // namespace driftdb::tpchgen

int main(int argc, char** argv) {
  driftdb::tpchgen::Arguments arguments;
  if (!driftdb::tpchgen::ParseArguments(argc, argv, &arguments)) {
    std::fputs(driftdb::tpchgen::kUsage, stderr);
    return 2;
  }
  if (mkdir(arguments.directory.c_str(), 0777) != 0 && errno != EEXIST) {
    std::fprintf(stderr, "%s: %s\n", arguments.directory.c_str(), std::strerror(errno));
    return 1;
  }
  for (const auto table : arguments.tables) {
    if (!driftdb::tpchgen::WriteTable(table, arguments)) {
      return 1;
    }
  }
  return 0;
}
