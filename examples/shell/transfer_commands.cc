// .import and \copy: COPY with the shell's files.
#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>

#include "commands.h"

namespace shell {
namespace {

// A file or the output of a command, closed at the end.
class TransferFile {
 public:
  TransferFile(const std::string& name, bool program, const char* mode)
      : program_(program),
        file_(program ? popen(name.c_str(), mode) : std::fopen(name.c_str(), mode)) {}
  ~TransferFile() { Close(); }
  TransferFile(const TransferFile&) = delete;
  TransferFile& operator=(const TransferFile&) = delete;

  FILE* get() const { return file_; }
  // False when writing failed or the command did.
  bool Close() {
    if (file_ == nullptr) return true;
    const bool failed = std::ferror(file_) != 0;
    const int status = program_ ? pclose(file_) : std::fclose(file_);
    file_ = nullptr;
    return status == 0 && !failed;
  }

 private:
  const bool program_;
  FILE* file_;
};

CopyReader ReaderOf(FILE* file) {
  return [file](char* buffer, size_t capacity) -> ptrdiff_t {
    const size_t length = std::fread(buffer, 1, capacity, file);
    return std::ferror(file) != 0 ? -1 : static_cast<ptrdiff_t>(length);
  };
}

// One record of a csv file: fields, unquoted. False at the end.
bool ReadCsvRecord(FILE* file, char separator, std::vector<std::string>* fields) {
  fields->clear();
  int c = std::fgetc(file);
  if (c == EOF) return false;
  fields->emplace_back();
  bool quoted = false;
  for (; c != EOF; c = std::fgetc(file)) {
    if (quoted) {
      if (c != '"') {
        fields->back() += static_cast<char>(c);
        continue;
      }
      const int next = std::fgetc(file);
      quoted = next == '"';
      if (quoted) fields->back() += '"';
      if (!quoted && next != EOF) std::ungetc(next, file);
    } else if (c == '"') {
      quoted = true;
    } else if (c == separator) {
      fields->emplace_back();
    } else if (c == '\n') {
      break;
    } else if (c != '\r') {
      fields->back() += static_cast<char>(c);
    }
  }
  return true;
}

struct ImportOptions {
  std::string file, table, schema;
  char separator = ',';
  int skip = 0;
};

bool ParseImport(Shell* shell, const CommandLine& line, ImportOptions* options) {
  constexpr char kUsage[] = "[--csv|--tabs] [--separator C] [--skip N] [--schema S] FILE TABLE";
  const std::string mode_separator = shell->settings.separator_text();
  const Mode mode = shell->settings.mode;
  if (mode == Mode::kTabs) options->separator = '\t';
  if (mode == Mode::kList || shell->settings.separator.has_value()) {
    if (mode_separator.size() == 1) options->separator = mode_separator[0];
  }
  for (size_t i = 0; i < line.args.size(); ++i) {
    std::string arg = line.args[i];
    if (arg.starts_with("--")) arg.erase(0, 1);
    const bool has_value = i + 1 < line.args.size();
    if (arg == "-csv") {
      options->separator = ',';
    } else if (arg == "-tabs") {
      options->separator = '\t';
    } else if (arg == "-separator" && has_value && line.args[i + 1].size() == 1) {
      options->separator = line.args[++i][0];
    } else if (arg == "-skip" && has_value) {
      options->skip = std::atoi(line.args[++i].c_str());
    } else if (arg == "-schema" && has_value) {
      options->schema = line.args[++i];
    } else if (arg == "-v") {
    } else if (arg[0] != '-' && options->file.empty()) {
      options->file = arg;
    } else if (arg[0] != '-' && options->table.empty()) {
      options->table = arg;
    } else {
      return FailUsage(shell, line, kUsage);
    }
  }
  return !options->table.empty() || FailUsage(shell, line, kUsage);
}

// Exact name first, then as SQL folds it.
bool TableExists(Shell* shell, const std::string& table, bool* exists) {
  driftdb_statement* raw = nullptr;
  const std::string sql = "SELECT * FROM " + table;
  const int result = driftdb_prepare(shell->connection(), sql.c_str(), -1, &raw, nullptr);
  driftdb_finalize(raw);
  *exists = result == DRIFTDB_OK;
  if (result == DRIFTDB_OK || std::strcmp(driftdb_sqlstate(shell->connection()), "42P01") == 0)
    return true;
  shell->FailStatement("", 0);
  return false;
}

bool RunImport(Shell* shell, const CommandLine& line) {
  ImportOptions options;
  if (!ParseImport(shell, line, &options)) return false;
  const bool program = options.file[0] == '|';
  TransferFile file(program ? options.file.substr(1) : options.file, program, "r");
  if (file.get() == nullptr) {
    shell->Fail(options.file + ": " + std::strerror(errno));
    return false;
  }
  for (int i = 0; i < options.skip; ++i) {
    int c;
    while ((c = std::fgetc(file.get())) != EOF && c != '\n') {
    }
  }
  const std::string table =
      (options.schema.empty() ? "" : SqlName(options.schema) + ".") + SqlName(options.table);
  bool exists = false;
  if (!TableExists(shell, table, &exists)) return false;
  if (!exists) {
    // As in sqlite3: the first line names the columns, which are text.
    std::vector<std::string> names;
    if (!ReadCsvRecord(file.get(), options.separator, &names)) {
      shell->Fail(options.file + " is empty: no columns for the table");
      return false;
    }
    std::string create = "CREATE TABLE " + table + " (";
    for (size_t i = 0; i < names.size(); ++i) {
      create += (i == 0 ? "" : ", ") + SqlName(names[i]) + " text";
    }
    if (!shell->RunSql(create + ")")) return false;
  }
  const std::string copy = "COPY " + table + " FROM STDIN (FORMAT csv, DELIMITER " +
                           SqlString(std::string(1, options.separator)) + ")";
  return shell->RunCopy(copy, ReaderOf(file.get()));
}

// The parts of `t (a, b) from 'f' with (...)`.
struct CopyParts {
  std::string subject;
  bool from = false;
  bool program = false;
  std::string target;  // stdin, pstdin, stdout, pstdout or a file or command
  bool quoted = false;
  std::string options;
};

// Begin of the word FROM or TO outside parentheses and quotes, npos if there is none.
size_t FindDirection(const std::string& text, bool* from) {
  int depth = 0;
  char quote = '\0';
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != '\0') {
      if (c == quote) quote = '\0';
      continue;
    }
    if (c == '\'' || c == '"') quote = c;
    if (c == '(') ++depth;
    if (c == ')') --depth;
    const bool word_begins =
        i > 0 && (std::isspace(static_cast<unsigned char>(text[i - 1])) != 0 || text[i - 1] == ')');
    if (depth > 0 || !word_begins) continue;
    const auto is_word = [&](std::string_view word) {
      return strncasecmp(text.c_str() + i, word.data(), word.size()) == 0 &&
             std::isspace(static_cast<unsigned char>(text[i + word.size()])) != 0;
    };
    if (is_word("from") || is_word("to")) {
      *from = is_word("from");
      return i;
    }
  }
  return std::string::npos;
}

bool ParseCopy(const std::string& text, CopyParts* parts) {
  const size_t direction = FindDirection(text, &parts->from);
  if (direction == std::string::npos) return false;
  parts->subject = text.substr(0, direction);
  size_t at = text.find_first_not_of(" \t", direction + (parts->from ? 4 : 2));
  if (at != std::string::npos && strncasecmp(text.c_str() + at, "program ", 8) == 0) {
    parts->program = true;
    at = text.find_first_not_of(" \t", at + 8);
  }
  if (at == std::string::npos) return false;
  parts->quoted = text[at] == '\'';
  size_t end;
  if (parts->quoted) {
    for (end = at + 1; end < text.size(); ++end) {
      if (text[end] == '\'' && (end + 1 >= text.size() || text[end + 1] != '\'')) break;
      if (text[end] == '\'') ++end;
    }
    if (end >= text.size()) return false;
    ++end;
  } else {
    end = std::min(text.find_first_of(" \t;", at), text.size());
  }
  parts->target = SplitArguments(text.substr(at, end - at))[0];
  parts->options = text.substr(end);
  while (!parts->options.empty() &&
         (parts->options.back() == ';' || parts->options.back() == ' ')) {
    parts->options.pop_back();
  }
  return true;
}

bool RunCopyFrom(Shell* shell, const CopyParts& parts) {
  const std::string sql = "COPY " + parts.subject + " FROM STDIN" + parts.options;
  if (!parts.quoted && strcasecmp(parts.target.c_str(), "stdin") == 0) return shell->RunSql(sql);
  if (!parts.quoted && strcasecmp(parts.target.c_str(), "pstdin") == 0) {
    return shell->RunCopy(sql, ReaderOf(stdin));
  }
  TransferFile file(parts.target, parts.program, "r");
  if (file.get() == nullptr) {
    shell->Fail(parts.target + ": " + std::strerror(errno));
    return false;
  }
  return shell->RunCopy(sql, ReaderOf(file.get()));
}

bool RunCopyTo(Shell* shell, const CopyParts& parts) {
  const std::string sql = "COPY " + parts.subject + " TO STDOUT" + parts.options;
  const bool standard = !parts.quoted && (strcasecmp(parts.target.c_str(), "stdout") == 0 ||
                                          strcasecmp(parts.target.c_str(), "pstdout") == 0);
  if (standard) return shell->RunSql(sql);
  if (!shell->output.Redirect((parts.program ? "|" : "") + parts.target, true)) {
    shell->Fail(parts.target + ": " + std::strerror(errno));
    return false;
  }
  return shell->RunSql(sql);
}

bool RunBackslashCopy(Shell* shell, const CommandLine& line) {
  CopyParts parts;
  if (!ParseCopy(line.rest, &parts)) {
    return FailUsage(shell, line,
                     "TABLE [(COLUMNS)] | (QUERY) from|to 'FILE' | program 'COMMAND' | stdin | "
                     "stdout [with (...)]");
  }
  return parts.from ? RunCopyFrom(shell, parts) : RunCopyTo(shell, parts);
}

constexpr Command kTransferCommands[] = {
    {".import", RunImport, "[--csv] [--skip N] FILE TABLE",
     "Load a file; a missing table is made with text columns"},
    {"\\copy", RunBackslashCopy, "TABLE from|to 'FILE' [with (...)]",
     "COPY with a file of the shell"},
};

}  // namespace

std::span<const Command> TransferCommands() { return kTransferCommands; }

}  // namespace shell
