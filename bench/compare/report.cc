#include "compare/report.h"

#include <cerrno>
#include <cstdio>

#include "base/error.h"

namespace driftdb::compare {
namespace {

std::string JsonText(std::string_view text) {
  std::string quoted = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') {
      quoted += '\\';
    }
    quoted += letter;
  }
  return quoted + "\"";
}

}  // namespace

Status Report::WriteJson(const std::string& path) const {
  std::string text = "[";
  for (const Measurement& m : measurements_) {
    text += fmt::format(
        "{}\n  {{\"workload\": {}, \"item\": {}, \"engine\": {}, \"unit\": {}, \"value\": {:.6g}}}",
        text.size() > 1 ? "," : "", JsonText(m.workload), JsonText(m.item), JsonText(m.engine),
        JsonText(m.unit), m.value);
  }
  text += "\n]\n";
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) {
    return ErrnoError(errno, "open", path);
  }
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  const bool closed = std::fclose(file) == 0;
  return written && closed ? OkStatus() : ErrnoError(errno, "write", path);
}

void Report::Fail(std::string_view what) {
  failed_ = true;
  Print(fmt::format("FAILED: {}\n", what));
}

void Print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

}  // namespace driftdb::compare
