// Reading of '|'-separated text files, for engines without a bulk loader of their own.
#ifndef DRIFTDB_BENCH_COMPARE_TEXT_FILE_H_
#define DRIFTDB_BENCH_COMPARE_TEXT_FILE_H_

#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/status_macros.h"

namespace driftdb::compare {

// Removes and returns the text up to the next separator.
inline std::string_view TakeField(std::string_view* line) {
  const size_t end = line->find('|');
  const std::string_view field = line->substr(0, end);
  line->remove_prefix(end == std::string_view::npos ? line->size() : end + 1);
  return field;
}

// Calls visit(line) for every line, without its newline; stops at the first error.
template <typename Visitor>
Status ForEachLine(const std::string& path, Visitor visit) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             std::fclose);
  if (file == nullptr) {
    return ErrnoError(errno, "open", path);
  }
  std::string buffer(1 << 20, '\0');
  size_t kept = 0;
  size_t got = 0;
  while ((got = std::fread(buffer.data() + kept, 1, buffer.size() - kept, file.get())) > 0) {
    const char* line = buffer.data();
    const char* end = buffer.data() + kept + got;
    while (const char* newline =
               static_cast<const char*>(std::memchr(line, '\n', static_cast<size_t>(end - line)))) {
      DRIFTDB_RETURN_IF_ERROR(visit(std::string_view(line, static_cast<size_t>(newline - line))));
      line = newline + 1;
    }
    kept = static_cast<size_t>(end - line);
    std::memmove(buffer.data(), line, kept);
  }
  return std::ferror(file.get()) != 0 ? ErrnoError(errno, "read", path) : OkStatus();
}

}  // namespace driftdb::compare

#endif  // DRIFTDB_BENCH_COMPARE_TEXT_FILE_H_
