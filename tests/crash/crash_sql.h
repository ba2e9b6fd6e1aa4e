// SQL over any Vfs for the crash tests: a database without background work, one connection, and
// the contents of all tables as text.
#ifndef DRIFTDB_TESTS_CRASH_CRASH_SQL_H_
#define DRIFTDB_TESTS_CRASH_CRASH_SQL_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/connection.h"
#include "api/database.h"
#include "base/status.h"
#include "platform/vfs.h"

namespace driftdb::api {

// Rows of every table, as text and sorted, by the table's name.
using SqlState = std::map<std::string, std::vector<std::string>>;

// Closed by Close (a clean end) or Drop or destruction (as if the process had died).
class SqlBed {
 public:
  explicit SqlBed(platform::Vfs* vfs) : vfs_(vfs) {}
  Status Open(bool read_only = false, bool synchronous = true);
  Status Close();
  void Drop();

  // Runs one step: SQL statements, "!copy TABLE ROWS" (rows of SqlCopyRow by COPY FROM STDIN), or
  // "!maintain". A step that begins with "2: " runs on a second connection, whose transaction may
  // stay open.
  Status Run(const std::string& step);
  // Rows of the last SELECT of a step, columns joined by '|'.
  Result<std::vector<std::string>> Query(const std::string& sql);
  // All tables by sequential scans; an error when CheckStorage finds anything.
  Result<SqlState> Read();
  Database* database() { return database_.get(); }
  Connection* connection() { return connection_; }

 private:
  Status Execute(Connection* connection, std::string_view sql, std::vector<std::string>* rows);
  Status Copy(const std::string& table, int64_t rows);

  platform::Vfs* const vfs_;
  std::unique_ptr<Database> database_;
  Connection* connection_ = nullptr;
  Connection* second_ = nullptr;
};

// Where two states differ, for the report of a failed test; empty when they agree.
std::string SqlDifference(const SqlState& found, const SqlState& wanted);
// Copies the files below `directory`.
Status SqlCopyTree(platform::Vfs* from, platform::Vfs* to, const std::string& directory);
Result<std::string> SqlReadFile(platform::Vfs* vfs, const std::string& path);
Status SqlWriteFile(platform::Vfs* vfs, const std::string& path, std::string_view bytes);
// Paths of all files below `directory`.
Result<std::vector<std::string>> SqlListFiles(platform::Vfs* vfs, const std::string& directory);

// A script of everything that writes: definitions, inserts, updates, deletes, savepoints, bulk
// loads, index builds, sequences, sealing, checkpoints. `bulk`: instead, the load of a full row
// group and what is done with it.
std::vector<std::string> SqlScript(bool bulk);
// A script of transactions that are open while others commit and checkpoints are written: redo sent
// ahead, savepoints, index builds, storages dropped and their space used again.
std::vector<std::string> SqlInterleavedScript();

}  // namespace driftdb::api

#endif  // DRIFTDB_TESTS_CRASH_CRASH_SQL_H_
