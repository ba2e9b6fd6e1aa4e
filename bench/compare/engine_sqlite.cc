// SQLite adapter. Settings: WAL, synchronous=FULL (a commit returns when it is durable), a busy
// timeout; everything else is the library's default.
#include <sqlite3.h>

#include <cstdio>
#include <vector>

#include "base/error.h"
#include "base/status_macros.h"
#include "compare/engine.h"
#include "compare/text_file.h"

namespace driftdb::compare {
namespace {

Status SqliteError(sqlite3* connection, std::string_view what) {
  return InternalError("sqlite: {}: {}", what, sqlite3_errmsg(connection));
}

class SqliteStatement final : public Statement {
 public:
  SqliteStatement(sqlite3* connection, sqlite3_stmt* statement)
      : connection_(connection), statement_(statement) {}
  ~SqliteStatement() override { sqlite3_finalize(statement_); }

  Status BindInt64(int parameter, int64_t value) override {
    return Check(sqlite3_bind_int64(statement_, parameter, value));
  }
  Status BindDouble(int parameter, double value) override {
    return Check(sqlite3_bind_double(statement_, parameter, value));
  }
  Status BindText(int parameter, std::string_view value) override {
    return Check(sqlite3_bind_text(statement_, parameter, value.data(),
                                   static_cast<int>(value.size()), SQLITE_TRANSIENT));
  }
  Result<bool> Step() override {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) {
      return true;
    }
    // Reset at once: it ends the read transaction of an autocommit select.
    if (code == SQLITE_DONE && sqlite3_reset(statement_) == SQLITE_OK) {
      return false;
    }
    Status error = SqliteError(connection_, "step");
    sqlite3_reset(statement_);
    return error;
  }
  Status Reset() override { return Check(sqlite3_reset(statement_)); }

  int columns() override { return sqlite3_column_count(statement_); }
  bool IsNull(int column) override {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
  }
  int64_t Int64(int column) override { return sqlite3_column_int64(statement_, column); }
  double Double(int column) override { return sqlite3_column_double(statement_, column); }
  std::string Text(int column) override {
    const unsigned char* text = sqlite3_column_text(statement_, column);
    return text == nullptr ? std::string() : reinterpret_cast<const char*>(text);
  }

 private:
  Status Check(int code) {
    return code == SQLITE_OK ? OkStatus() : SqliteError(connection_, "bind or reset");
  }

  sqlite3* connection_;
  sqlite3_stmt* statement_;
};

class SqliteConnection final : public Connection {
 public:
  explicit SqliteConnection(sqlite3* connection) : connection_(connection) {}
  ~SqliteConnection() override { sqlite3_close(connection_); }

  Status Exec(const std::string& sql) override {
    return sqlite3_exec(connection_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK
               ? OkStatus()
               : SqliteError(connection_, sql.substr(0, 80));
  }

  Result<std::unique_ptr<Statement>> Prepare(const std::string& sql) override {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v3(connection_, sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &statement,
                           nullptr) != SQLITE_OK) {
      return SqliteError(connection_, sql.substr(0, 80));
    }
    return std::unique_ptr<Statement>(std::make_unique<SqliteStatement>(connection_, statement));
  }

  Status LoadFile(const std::string& table, const std::string& path) override {
    DRIFTDB_RETURN_IF_ERROR(Exec("BEGIN"));
    DRIFTDB_ASSIGN_OR_RETURN(const int columns, ColumnCount(table));
    std::string sql = "INSERT INTO " + table + " VALUES (?";
    for (int i = 1; i < columns; ++i) {
      sql += ",?";
    }
    DRIFTDB_ASSIGN_OR_RETURN(auto insert, Prepare(sql + ")"));
    const auto insert_line = [&](std::string_view line) -> Status {
      for (int i = 1; i <= columns; ++i) {
        DRIFTDB_RETURN_IF_ERROR(insert->BindText(i, TakeField(&line)));
      }
      return insert->Step().status();
    };
    DRIFTDB_RETURN_IF_ERROR(ForEachLine(path, insert_line));
    return Exec("COMMIT");
  }

 private:
  Result<int> ColumnCount(const std::string& table) {
    DRIFTDB_ASSIGN_OR_RETURN(auto probe, Prepare("SELECT * FROM " + table));
    return probe->columns();
  }

  sqlite3* connection_;
};

class SqliteEngine final : public Engine {
 public:
  explicit SqliteEngine(std::string path) : path_(std::move(path)) {}

  Result<std::unique_ptr<Connection>> Connect() override {
    sqlite3* handle = nullptr;
    constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(path_.c_str(), &handle, kFlags, nullptr) != SQLITE_OK) {
      Status error = SqliteError(handle, path_);
      sqlite3_close(handle);
      return error;
    }
    auto connection = std::make_unique<SqliteConnection>(handle);
    sqlite3_busy_timeout(handle, 60000);
    DRIFTDB_RETURN_IF_ERROR(connection->Exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"));
    return std::unique_ptr<Connection>(std::move(connection));
  }
  Status Close() override { return OkStatus(); }
  std::string Version() override { return sqlite3_libversion(); }

 private:
  std::string path_;
};

}  // namespace

Result<std::unique_ptr<Engine>> OpenSqlite(const EngineOptions& options) {
  return std::unique_ptr<Engine>(std::make_unique<SqliteEngine>(options.path));
}

}  // namespace driftdb::compare
