// DriftDB adapter over the public C interface. Settings: the defaults (history on, synchronous
// commit), apart from the number of threads when the run fixes it for every engine.
#include "driftdb/driftdb.h"

#include "base/error.h"
#include "base/status_macros.h"
#include "compare/engine.h"

namespace driftdb::compare {
namespace {

Status DriftdbError(driftdb_connection* connection, std::string_view what) {
  return InternalError("driftdb: {}: {} {}", what, driftdb_sqlstate(connection),
                       driftdb_errmsg(connection));
}

Status DriftdbError(driftdb_error* error, std::string_view what) {
  Status status = InternalError("driftdb: {}: {} {}", what, driftdb_error_sqlstate(error),
                                driftdb_error_message(error));
  driftdb_error_destroy(error);
  return status;
}

class DriftdbStatement final : public Statement {
 public:
  DriftdbStatement(driftdb_connection* connection, driftdb_statement* statement)
      : connection_(connection), statement_(statement) {}
  ~DriftdbStatement() override { driftdb_finalize(statement_); }

  Status BindInt64(int parameter, int64_t value) override {
    return Check(driftdb_bind_int64(statement_, parameter, value));
  }
  Status BindDouble(int parameter, double value) override {
    return Check(driftdb_bind_double(statement_, parameter, value));
  }
  Status BindText(int parameter, std::string_view value) override {
    return Check(driftdb_bind_text(statement_, parameter, value.data(),
                                   static_cast<ptrdiff_t>(value.size())));
  }
  Result<bool> Step() override {
    const int code = driftdb_step(statement_);
    if (code == DRIFTDB_ROW || code == DRIFTDB_DONE) {
      return code == DRIFTDB_ROW;
    }
    return DriftdbError(connection_, "step");
  }
  Status Reset() override { return Check(driftdb_reset(statement_)); }

  int columns() override { return driftdb_column_count(statement_); }
  bool IsNull(int column) override { return driftdb_value_is_null(statement_, column) != 0; }
  int64_t Int64(int column) override { return driftdb_value_int64(statement_, column); }
  double Double(int column) override { return driftdb_value_double(statement_, column); }
  std::string Text(int column) override {
    size_t length = 0;
    const char* text = driftdb_value_text(statement_, column, &length);
    return text == nullptr ? std::string() : std::string(text, length);
  }

 private:
  Status Check(int code) {
    return code == DRIFTDB_OK ? OkStatus() : DriftdbError(connection_, "bind or reset");
  }

  driftdb_connection* connection_;
  driftdb_statement* statement_;
};

class DriftdbConnection final : public Connection {
 public:
  explicit DriftdbConnection(driftdb_connection* connection) : connection_(connection) {}
  ~DriftdbConnection() override { driftdb_disconnect(connection_); }

  Status Exec(const std::string& sql) override {
    return driftdb_exec(connection_, sql.c_str(), nullptr, nullptr) == DRIFTDB_OK
               ? OkStatus()
               : DriftdbError(connection_, sql.substr(0, 80));
  }
  Result<std::unique_ptr<Statement>> Prepare(const std::string& sql) override {
    driftdb_statement* statement = nullptr;
    if (driftdb_prepare(connection_, sql.c_str(), -1, &statement, nullptr) != DRIFTDB_OK) {
      return DriftdbError(connection_, sql.substr(0, 80));
    }
    return std::unique_ptr<Statement>(std::make_unique<DriftdbStatement>(connection_, statement));
  }
  Status LoadFile(const std::string& table, const std::string& path) override {
    return Exec("COPY " + table + " FROM '" + path + "' (FORMAT csv, DELIMITER '|', HEADER false)");
  }

 private:
  driftdb_connection* connection_;
};

class DriftdbEngine final : public Engine {
 public:
  explicit DriftdbEngine(driftdb_database* database) : database_(database) {}
  ~DriftdbEngine() override { driftdb_close(database_, nullptr); }

  Result<std::unique_ptr<Connection>> Connect() override {
    driftdb_connection* connection = nullptr;
    driftdb_error* error = nullptr;
    if (driftdb_connect(database_, &connection, &error) != DRIFTDB_OK) {
      return DriftdbError(error, "connect");
    }
    return std::unique_ptr<Connection>(std::make_unique<DriftdbConnection>(connection));
  }
  int64_t OwnSyncCount() override { return driftdb_metric(database_, "wal.syncs"); }
  Status Close() override {
    driftdb_error* error = nullptr;
    const int code = driftdb_close(database_, &error);
    database_ = nullptr;
    return code == DRIFTDB_OK ? OkStatus() : DriftdbError(error, "close");
  }
  std::string Version() override { return driftdb_version(); }

 private:
  driftdb_database* database_;
};

}  // namespace

Result<std::unique_ptr<Engine>> OpenDriftdb(const EngineOptions& options) {
  driftdb_options* settings = driftdb_options_create();
  driftdb_error* error = nullptr;
  int code = DRIFTDB_OK;
  if (options.threads > 0) {
    code =
        driftdb_options_set(settings, "threads", std::to_string(options.threads).c_str(), &error);
  }
  driftdb_database* database = nullptr;
  if (code == DRIFTDB_OK) {
    code = driftdb_open(options.path.c_str(), settings, &database, &error);
  }
  driftdb_options_destroy(settings);
  if (code != DRIFTDB_OK) {
    return DriftdbError(error, options.path);
  }
  return std::unique_ptr<Engine>(std::make_unique<DriftdbEngine>(database));
}

}  // namespace driftdb::compare
