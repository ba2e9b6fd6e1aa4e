#include <algorithm>
#include <cctype>

#include "commands.h"
#include "keywords.h"
#include "terminal.h"

namespace shell {
namespace {

bool BeginsWithFolded(std::string_view text, std::string_view prefix) {
  if (text.size() < prefix.size()) return false;
  return std::equal(prefix.begin(), prefix.end(), text.begin(), [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  });
}

// A keyword in the case in which the user began it.
std::string InCaseOf(std::string_view word, const std::string& prefix) {
  std::string text(word);
  const bool upper = !prefix.empty() && std::isupper(static_cast<unsigned char>(prefix[0])) != 0;
  if (upper) {
    std::transform(text.begin(), text.end(), text.begin(), [](char c) {
      return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    });
  }
  return text;
}

void AddCommands(std::span<const Command> table, const std::string& prefix,
                 std::vector<std::string>* found) {
  for (const Command& command : table) {
    if (std::string_view(command.name).starts_with(prefix)) found->push_back(command.name);
  }
}

}  // namespace

// The database may be gone already, and its connections with it; then there is nothing to close.
Completer::~Completer() {
  if (connection_ != nullptr && connected_to_ == shell_->database())
    driftdb_disconnect(connection_);
}

void Completer::AddNames(const char* sql, const std::string& prefix,
                         std::vector<std::string>* found) {
  driftdb_statement* raw = nullptr;
  if (driftdb_prepare(connection_, sql, -1, &raw, nullptr) != DRIFTDB_OK) return;
  const StatementHandle statement(raw, driftdb_finalize);
  while (driftdb_step(raw) == DRIFTDB_ROW) {
    const char* name = driftdb_value_text(raw, 0, nullptr);
    if (name != nullptr && BeginsWithFolded(name, prefix)) found->push_back(SqlName(name));
  }
}

std::vector<std::string> Completer::Candidates(const std::string& prefix, bool at_line_start) {
  std::vector<std::string> found;
  if (at_line_start && !prefix.empty() && (prefix[0] == '.' || prefix[0] == '\\')) {
    for (const auto& table : {SettingCommands(), DatabaseCommands(), TransferCommands(),
                              SchemaCommands(), DescribeCommands()}) {
      AddCommands(table, prefix, &found);
    }
    return found;
  }
  for (const auto& words : {ReservedWords(), OtherWords()}) {
    for (const std::string_view word : words) {
      if (BeginsWithFolded(word, prefix)) found.push_back(InCaseOf(word, prefix));
    }
  }
  if (connected_to_ != shell_->database()) {
    connection_ = nullptr;  // closed with its database
    connected_to_ = shell_->database();
    if (connected_to_ != nullptr) driftdb_connect(connected_to_, &connection_, nullptr);
  }
  if (connection_ != nullptr) {
    AddNames("SELECT name FROM pg_catalog.sys_relation WHERE kind IN ('r', 'v', 'S')", prefix,
             &found);
    AddNames("SELECT DISTINCT name FROM pg_catalog.sys_column", prefix, &found);
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace shell
