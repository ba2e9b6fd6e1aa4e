// slt-runner: runs sqllogictest files against DriftDB; see Usage.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>
#include <vector>

#include "runner.h"

namespace {

constexpr char kUsage[] =
    "slt-runner [OPTION...] FILE...\n"
    "Runs sqllogictest files and ends with the line `N passed, N failed`.\n"
    "A FILE that begins with `data:` is looked up in $DRIFTDB_TEST_DATA; a folder stands for its "
    "*.test and *.slt.\n"
    "  -j N              that many files at once\n"
    "  --exclude FILE    records not to run: lines `FILE:LINE reason`\n"
    "  --db DIR          use this data directory and keep it (one FILE only)\n"
    "  --data-default D  the folder of `data:` when DRIFTDB_TEST_DATA is not set\n"
    "  --optional        end with status 77 (skipped) when a FILE is missing\n"
    "  --failures N      show that many failures of each file (20)\n"
    "  --stop            end a file at its first failure\n"
    "  --engine NAME     the name that skipif and onlyif are compared with (driftdb)\n"
    "  --rewrite         write what came out into FILE as the expected result; read the difference "
    "after it\n"
    "  --verbose         print the place of each record before it runs\n";

struct Arguments {
  slt::Options options;
  std::vector<std::string> files;
  std::string data_default = "../shared";
  unsigned jobs = 1;
  bool optional = false;
};

bool ReadExclusions(const std::string& path, std::map<std::string, std::string>* exclusions) {
  std::ifstream file(path);
  if (!file) return false;
  std::string line;
  while (std::getline(file, line)) {
    if (line.empty() || line[0] == '#') continue;
    const size_t blank = line.find(' ');
    // A record without a reason is not excluded but forgotten.
    if (blank == std::string::npos || line.find(':') > blank) return false;
    (*exclusions)[line.substr(0, blank)] = line.substr(blank + 1);
  }
  return true;
}

bool ParseValueOption(const std::string& name, const char* value, Arguments* arguments) {
  if (name == "-j") {
    arguments->jobs = static_cast<unsigned>(std::max(1, std::atoi(value)));
  } else if (name == "--db") {
    arguments->options.database = value;
  } else if (name == "--data-default") {
    arguments->data_default = value;
  } else if (name == "--failures") {
    arguments->options.failures_shown = std::atoi(value);
  } else if (name == "--engine") {
    arguments->options.engine = value;
  } else if (name == "--exclude") {
    if (ReadExclusions(value, &arguments->options.exclusions)) return true;
    std::fprintf(stderr, "slt-runner: %s: cannot be read, or a line is not `FILE:LINE reason`\n",
                 value);
    return false;
  } else {
    return false;
  }
  return true;
}

bool ParseArguments(int argc, char** argv, Arguments* arguments) {
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--optional") {
      arguments->optional = true;
    } else if (name == "--rewrite") {
      arguments->options.rewrite = true;
    } else if (name == "--stop") {
      arguments->options.stop_at_first = true;
    } else if (name == "--verbose") {
      arguments->options.verbose = true;
    } else if (name.size() > 2 && name.starts_with("-j")) {
      if (!ParseValueOption("-j", name.c_str() + 2, arguments)) return false;
    } else if (name.size() > 1 && name[0] == '-') {
      if (i + 1 >= argc || !ParseValueOption(name, argv[++i], arguments)) return false;
    } else {
      arguments->files.push_back(name);
    }
  }
  return !arguments->files.empty();
}

// Replaces `data:` and folders; false when a file is missing.
bool ResolveFiles(Arguments* arguments) {
  namespace fs = std::filesystem;
  const char* set = std::getenv("DRIFTDB_TEST_DATA");
  const fs::path data = set != nullptr ? set : arguments->data_default;
  std::vector<std::string> resolved;
  bool complete = true;
  for (const std::string& name : arguments->files) {
    const fs::path path = name.starts_with("data:") ? data / name.substr(5) : fs::path(name);
    if (fs::is_directory(path)) {
      std::vector<std::string> found;
      for (const auto& entry : fs::recursive_directory_iterator(path)) {
        const std::string extension = entry.path().extension().string();
        if (extension == ".test" || extension == ".slt") found.push_back(entry.path().string());
      }
      std::sort(found.begin(), found.end());
      resolved.insert(resolved.end(), found.begin(), found.end());
    } else {
      if (!fs::exists(path)) {
        std::fprintf(stderr, "slt-runner: %s does not exist\n", path.string().c_str());
        complete = false;
      }
      resolved.push_back(path.string());
    }
  }
  arguments->files = std::move(resolved);
  return complete;
}

class Totals {
 public:
  void Add(const slt::FileResult& result) {
    const std::lock_guard lock(mutex_);
    std::fputs(result.report.c_str(), stdout);
    std::fflush(stdout);
    passed_ += result.passed;
    failed_ += result.failed;
    skipped_ += result.skipped;
    used_.insert(result.exclusions_used.begin(), result.exclusions_used.end());
  }

  // An exclusion whose file ran but whose record does not exist names the wrong line.
  void CheckExclusions(const Arguments& arguments) {
    for (const auto& [place, reason] : arguments.options.exclusions) {
      const std::string file = place.substr(0, place.rfind(':'));
      for (const std::string& path : arguments.files) {
        if (path.ends_with(file) && !used_.contains(place)) {
          std::printf("%s: excluded (%s), but there is no such record\n", place.c_str(),
                      reason.c_str());
          ++failed_;
        }
      }
    }
  }

  int Finish() {
    if (skipped_ > 0) std::printf("%lld records skipped\n", skipped_);
    std::printf("%lld passed, %lld failed\n", passed_, failed_);
    return failed_ == 0 && std::fflush(stdout) == 0 ? 0 : 1;
  }

 private:
  std::mutex mutex_;
  long long passed_ = 0, failed_ = 0, skipped_ = 0;
  std::set<std::string> used_;
};

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  if (!ParseArguments(argc, argv, &arguments)) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  if (!ResolveFiles(&arguments) && arguments.optional) return 77;
  if (!arguments.options.database.empty() && arguments.files.size() != 1) {
    std::fputs("slt-runner: --db wants exactly one file\n", stderr);
    return 2;
  }
  Totals totals;
  std::atomic<size_t> next{0};
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < arguments.jobs; ++i) {
    threads.emplace_back([&] {
      size_t index;
      while ((index = next++) < arguments.files.size()) {
        totals.Add(slt::RunFile(arguments.files[index], arguments.options));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  totals.CheckExclusions(arguments);
  return totals.Finish();
}
