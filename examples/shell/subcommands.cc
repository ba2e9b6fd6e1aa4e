// driftdb check DIR, and the names that later versions use.
#include <cstdio>
#include <cstring>

#include "options.h"

namespace shell {
namespace {

constexpr char kCheckUsage[] =
    "usage: driftdb check DATADIR\n"
    "Checks every checksum and every index against its table. Prints a line for each problem; the "
    "exit status is 0\n"
    "when there is none, 1 when there are problems or the directory cannot be opened, 2 when it "
    "was called wrongly.\n";

int RunCheckCommand(int argc, char** argv) {
  if (argc == 3 && (std::strcmp(argv[2], "--help") == 0 || std::strcmp(argv[2], "-h") == 0)) {
    std::fputs(kCheckUsage, stdout);
    return 0;
  }
  if (argc != 3 || argv[2][0] == '-') {
    std::fputs(kCheckUsage, stderr);
    return 2;
  }
  Shell shell(false);
  DatabaseOptions options;
  options.path = argv[2];
  // A missing directory is an error here, not a database to be made.
  options.settings.emplace_back("create", "off");
  if (!shell.Open(options)) return 1;
  const auto print = [](void*, const char* problem) { std::printf("%s\n", problem); };
  int64_t problems = 0;
  if (driftdb_check(shell.connection(), print, nullptr, &problems) != DRIFTDB_OK) {
    shell.FailStatement("", 0);
    return 1;
  }
  if (problems == 0) {
    std::printf("%s: ok\n", argv[2]);
  } else {
    std::printf("%s: %lld problems\n", argv[2], static_cast<long long>(problems));
  }
  shell.Close();
  return problems == 0 && !shell.failed() && std::fflush(stdout) == 0 ? 0 : 1;
}

}  // namespace

std::optional<int> RunSubcommand(int argc, char** argv) {
  if (argc < 2) return std::nullopt;
  if (std::strcmp(argv[1], "check") == 0) return RunCheckCommand(argc, argv);
  for (const char* name : {"backup", "restore", "serve", "replication", "health-check", "audit"}) {
    if (std::strcmp(argv[1], name) == 0) {
      std::fprintf(stderr, "driftdb: %s is not compiled in\n", name);
      return 2;
    }
  }
  return std::nullopt;
}

}  // namespace shell
