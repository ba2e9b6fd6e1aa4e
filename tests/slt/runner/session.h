// One database and its named connections, and the values of a query as sqllogictest prints them.
// Threads: each session belongs to one thread. Errors: text with SQLSTATE, for people.
#ifndef DRIFTDB_TESTS_SLT_RUNNER_SESSION_H_
#define DRIFTDB_TESTS_SLT_RUNNER_SESSION_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "driftdb/driftdb.h"

namespace slt {

struct ExecResult {
  bool ok = false;
  std::string sqlstate;              // of the failure
  std::string message;               // of the failure, with SQLSTATE
  int64_t changes = 0;               // rows changed by the last statement
  int column_count = 0;              // of the last statement that returned rows
  std::vector<std::string> columns;  // types of its columns, for messages
  std::vector<std::string> values;   // row by row
};

class Session {
 public:
  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  // "" or what went wrong.
  std::string Open(const std::string& path);
  // Closes every connection and the database.
  std::string Close();

  // Runs every statement of `sql`; `types` ("ITR") says how values are printed, empty: drop them.
  ExecResult Run(const std::string& connection, const std::string& sql, const std::string& types);

 private:
  driftdb_connection* Connection(const std::string& name, std::string* problem);

  driftdb_database* database_ = nullptr;
  std::map<std::string, driftdb_connection*> connections_;
};

// The value in `column` of the current row as type I, R or T.
std::string FormatValue(driftdb_statement* statement, int column, char type);

}  // namespace slt

#endif  // DRIFTDB_TESTS_SLT_RUNNER_SESSION_H_
