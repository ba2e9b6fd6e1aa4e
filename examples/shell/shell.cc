#include "shell.h"

#include <cerrno>
#include <cstring>

#include "sql_scanner.h"

namespace shell {
namespace {

constexpr size_t kSourceDepthMax = 32;  // .read of a file that reads itself

// The message of `error`, which it frees.
void PrintOwnedError(driftdb_error* error) {
  if (error == nullptr) {
    std::fputs("ERROR:  XX000: failed without an error object\n", stderr);
    return;
  }
  std::fprintf(stderr, "ERROR:  %s: %s\n", driftdb_error_sqlstate(error),
               driftdb_error_message(error));
  if (*driftdb_error_detail(error) != '\0') {
    std::fprintf(stderr, "DETAIL:  %s\n", driftdb_error_detail(error));
  }
  if (*driftdb_error_hint(error) != '\0') {
    std::fprintf(stderr, "HINT:  %s\n", driftdb_error_hint(error));
  }
  driftdb_error_destroy(error);
}

}  // namespace

Shell::Shell(bool interactive) : interactive_(interactive), watcher_(interactive) {}

Shell::~Shell() { Close(); }

bool Shell::Open(const DatabaseOptions& options) {
  Close();
  database_options_ = options;
  const std::unique_ptr<driftdb_options, decltype(&driftdb_options_destroy)> handle(
      driftdb_options_create(), driftdb_options_destroy);
  driftdb_error* error = nullptr;
  int result = DRIFTDB_OK;
  for (const auto& [name, value] : options.settings) {
    if (result == DRIFTDB_OK) {
      result = driftdb_options_set(handle.get(), name.c_str(), value.c_str(), &error);
    }
  }
  if (result == DRIFTDB_OK) {
    result = driftdb_open(options.path.c_str(), handle.get(), &database_, &error);
  }
  if (result == DRIFTDB_OK) result = driftdb_connect(database_, &connection_, &error);
  if (result != DRIFTDB_OK) {
    failed_ = true;
    output.Flush();
    PrintOwnedError(error);
    Close();
    return false;
  }
  driftdb_set_copy_reader(connection_, CopyReaderCallback, this);
  driftdb_set_copy_writer(connection_, CopyWriterCallback, this);
  return true;
}

void Shell::Close() {
  driftdb_disconnect(connection_);
  connection_ = nullptr;
  if (database_ == nullptr) return;
  driftdb_error* error = nullptr;
  if (driftdb_close(database_, &error) != DRIFTDB_OK) {
    failed_ = true;
    PrintOwnedError(error);
  }
  database_ = nullptr;
}

void Shell::Fail(const std::string& message) {
  failed_ = true;
  output.Flush();
  std::fprintf(stderr, "driftdb: %s\n", message.c_str());
}

int Shell::ExitStatus() const {
  if (quit_status_.has_value()) return *quit_status_;
  return failed_ ? 1 : 0;
}

std::string Shell::PromptText(Prompt prompt) const {
  if (prompt == Prompt::kCopyData) return ">> ";
  if (prompt == Prompt::kContinuation) return settings.continuation_prompt;
  if (!settings.prompt.empty()) return settings.prompt;
  const int state = connection_ == nullptr ? 0 : driftdb_transaction_state(connection_);
  return state == 0 ? "driftdb> " : state == 1 ? "driftdb*> " : "driftdb!> ";
}

bool Shell::RunFile(const std::string& path) {
  if (path == "-") {
    const auto source = MakeStdinSource();
    return RunSource(source.get());
  }
  const auto source = OpenFileSource(path);
  if (source == nullptr) {
    Fail(path + ": " + std::strerror(errno));
    return false;
  }
  return RunSource(source.get());
}

bool Shell::RunText(const std::string& text) {
  const auto source = MakeTextSource(text);
  return RunSource(source.get());
}

bool Shell::RunSource(LineSource* source) {
  if (sources_.size() >= kSourceDepthMax) {
    Fail("files that read files are nested too deeply");
    return false;
  }
  sources_.push_back(source);
  SqlScanner scanner;
  std::string line;
  bool ok = true;
  while (!stopping() &&
         source->Read(scanner.idle() ? Prompt::kStatement : Prompt::kContinuation, &line)) {
    if (source->TakeInterrupted()) {
      scanner.Clear();
    } else if (!RunLine(line, source, &scanner)) {
      ok = false;
    }
  }
  if (!stopping()) {
    const std::string rest = scanner.TakeRest();
    if (!rest.empty() && !RunSql(rest, scanner.statement_line())) ok = false;
  }
  sources_.pop_back();
  return ok;
}

bool Shell::RunLine(const std::string& line, LineSource* source, SqlScanner* scanner) {
  if (scanner->idle()) {
    const size_t first = line.find_first_not_of(" \t\r\n");
    if (first != std::string::npos && (line[first] == '.' || line[first] == '\\')) {
      if (settings.echo) output.Write(line.back() == '\n' ? line : line + '\n');
      const bool ok = RunCommand(this, line.substr(first));
      output.Flush();
      if (!ok && settings.bail) stopped_ = true;
      return ok;
    }
  }
  scanner->Append(line, source->line_number());
  bool ok = true;
  std::string statement;
  while (!stopping() && scanner->Next(&statement)) {
    if (!RunSql(statement, scanner->statement_line())) ok = false;
  }
  return ok;
}

}  // namespace shell
