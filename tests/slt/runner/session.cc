#include "session.h"

#include <cstdio>
#include <cstdlib>
#include <memory>

namespace slt {
namespace {

std::string TakeError(driftdb_error* error) {
  if (error == nullptr) return "failed without an error object";
  std::string text =
      std::string(driftdb_error_sqlstate(error)) + ": " + driftdb_error_message(error);
  driftdb_error_destroy(error);
  return text;
}

std::string PrintableText(const char* text, size_t length) {
  if (length == 0) return "(empty)";
  std::string printable(text, length);
  for (char& c : printable) {
    // Bytes of UTF-8 sequences stay; the original replaces them too, which hides wrong characters.
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '@';
  }
  return printable;
}

}  // namespace

std::string FormatValue(driftdb_statement* statement, int column, char type) {
  if (driftdb_value_is_null(statement, column)) return "NULL";
  size_t length = 0;
  const char* text = driftdb_value_text(statement, column, &length);
  if (text == nullptr) return "<no text for a value that is not NULL>";
  if (type == 'T') return PrintableText(text, length);
  const driftdb_type value_type = driftdb_column_type(statement, column);
  const bool is_string = value_type == DRIFTDB_TYPE_TEXT || value_type == DRIFTDB_TYPE_VARCHAR ||
                         value_type == DRIFTDB_TYPE_CHAR;
  char buffer[400];  // %.3f of the greatest double has 313 characters
  if (type == 'I') {
    if (value_type == DRIFTDB_TYPE_INT128) return std::string(text, length);
    const long long value =
        is_string ? std::strtoll(text, nullptr, 10) : driftdb_value_int64(statement, column);
    std::snprintf(buffer, sizeof(buffer), "%lld", value);
  } else {
    const double value =
        is_string ? std::strtod(text, nullptr) : driftdb_value_double(statement, column);
    std::snprintf(buffer, sizeof(buffer), "%.3f", value);
  }
  return buffer;
}

Session::~Session() { Close(); }

std::string Session::Open(const std::string& path) {
  driftdb_error* error = nullptr;
  if (driftdb_open(path.c_str(), nullptr, &database_, &error) == DRIFTDB_OK) return "";
  database_ = nullptr;
  return TakeError(error);
}

std::string Session::Close() {
  for (const auto& [name, connection] : connections_) driftdb_disconnect(connection);
  connections_.clear();
  if (database_ == nullptr) return "";
  driftdb_error* error = nullptr;
  const int result = driftdb_close(database_, &error);
  database_ = nullptr;
  return result == DRIFTDB_OK ? "" : TakeError(error);
}

driftdb_connection* Session::Connection(const std::string& name, std::string* problem) {
  const auto found = connections_.find(name);
  if (found != connections_.end()) return found->second;
  driftdb_connection* connection = nullptr;
  driftdb_error* error = nullptr;
  if (driftdb_connect(database_, &connection, &error) != DRIFTDB_OK) {
    *problem = TakeError(error);
    return nullptr;
  }
  connections_[name] = connection;
  return connection;
}

ExecResult Session::Run(const std::string& connection_name, const std::string& sql,
                        const std::string& types) {
  ExecResult result;
  driftdb_connection* connection = Connection(connection_name, &result.message);
  if (connection == nullptr) return result;
  const auto fail = [&] {
    result.ok = false;
    result.sqlstate = driftdb_sqlstate(connection);
    result.message = result.sqlstate + ": " + driftdb_errmsg(connection);
    return result;
  };
  const char* rest = sql.c_str();
  while (*rest != '\0') {
    driftdb_statement* raw = nullptr;
    if (driftdb_prepare(connection, rest, -1, &raw, &rest) != DRIFTDB_OK) return fail();
    if (raw == nullptr) break;
    const std::unique_ptr<driftdb_statement, decltype(&driftdb_finalize)> statement(
        raw, driftdb_finalize);
    const int columns = driftdb_column_count(raw);
    if (columns > 0) {
      result.column_count = columns;
      result.columns.clear();
      result.values.clear();
      for (int i = 0; i < columns; ++i) {
        result.columns.push_back(driftdb_column_type_name(raw, i));
      }
    }
    int step;
    while ((step = driftdb_step(raw)) == DRIFTDB_ROW) {
      for (int i = 0; !types.empty() && i < columns; ++i) {
        const char type =
            static_cast<size_t>(i) < types.size() ? types[static_cast<size_t>(i)] : 'T';
        result.values.push_back(FormatValue(raw, i, type));
      }
    }
    if (step != DRIFTDB_DONE) return fail();
    result.changes = driftdb_statement_changes(raw);
  }
  result.ok = true;
  return result;
}

}  // namespace slt
