// The C interface (include/driftdb/driftdb.h) over Database, Connection and Statement.
// The only file that catches exceptions: what the standard library throws (std::bad_alloc above
// all) becomes 53200 or XX000 here and never reaches the host.

#include <cstring>
#include <exception>
#include <limits>
#include <new>
#include <string>

#include "driftdb/driftdb.h"

#include "api/connection.h"
#include "api/database.h"
#include "api/statement.h"
#include "base/error.h"
#include "base/guard.h"
#include "driftdb_config.h"
#include "exec/query_context.h"
#include "security/settings.h"
#include "sql/parse/parse.h"
#include "txn/check.h"
#include "txn/row_codec.h"
#include "types/text_format.h"

struct driftdb_error {
  driftdb::Status status;
};
struct driftdb_options {
  driftdb::api::DatabaseOptions options;
};
namespace {

// What the handles of one database share, so that they may be let go of in any order.
struct CApiStore {
  std::unique_ptr<driftdb::api::Database> database;  // null once it is closed
};
struct CApiSession {
  std::shared_ptr<CApiStore> store;
  driftdb::api::Connection* connection = nullptr;  // null once it is disconnected
};

}  // namespace

struct driftdb_database {
  std::shared_ptr<CApiStore> store;
};
struct driftdb_connection {
  std::shared_ptr<CApiSession> session;
  std::string sqlstate, message, detail, hint, object;
};
struct driftdb_statement {
  std::shared_ptr<CApiSession> session;
  driftdb::api::Statement* statement = nullptr;
  std::vector<std::string> texts;  // of the current row, per column
  std::vector<std::string> type_names;
};

namespace {

int CApiReport(driftdb::Status status, driftdb_error** error) {
  if (status.ok()) return DRIFTDB_OK;
  if (error != nullptr) *error = new (std::nothrow) driftdb_error{std::move(status)};
  return DRIFTDB_ERROR;
}

template <typename Handle>  // a connection or a statement
int CApiFinish(Handle* handle, driftdb::Status status) {
  const int code = status.ok() ? DRIFTDB_OK : DRIFTDB_ERROR;
  handle->session->connection->set_error(std::move(status));
  return code;
}

template <typename Handle>
bool CApiUsable(const Handle* handle) {
  return handle != nullptr && handle->session->connection != nullptr &&
         handle->session->store->database != nullptr;
}

driftdb::Status CApiSetOption(driftdb::api::DatabaseOptions* options, const std::string& name,
                              const std::string& value) {
  const auto on = [&]() { return driftdb::security::ParseBooleanSetting(name, value); };
  if (name == "readonly" || name == "create") {
    const auto flag = on();
    if (!flag.ok()) return flag.status();
    (name == "readonly" ? options->read_only : options->create) = *flag;
    return driftdb::OkStatus();
  }
  if (name == "wal_dir") {
    options->wal_dir = value;
    return driftdb::OkStatus();
  }
  const driftdb::security::SettingDefinition* setting = driftdb::security::FindSetting(name);
  if (setting == nullptr) {
    return driftdb::Error(driftdb::sqlstate::kUndefinedObject, "unrecognized option \"{}\"", name);
  }
  auto canonical = driftdb::security::CanonicalSetting(*setting, value);
  if (!canonical.ok()) return canonical.status();
  if (name == "memory_limit") {
    const auto bytes = driftdb::security::ParseByteSize(value);
    if (!bytes.ok()) return bytes.status();
    options->memory_limit_bytes = *bytes;
  } else if (name == "threads") {
    options->threads = static_cast<unsigned>(std::stoul(*canonical));
  } else if (setting->read_only) {
    return driftdb::Error(driftdb::sqlstate::kCantChangeRuntimeParam, "option \"{}\" cannot be set",
                          name);
  } else {
    options->settings[name] = *canonical;
  }
  return driftdb::OkStatus();
}

bool CApiColumnInRange(const driftdb_statement* statement, int column) {
  return CApiUsable(statement) && column >= 0 &&
         static_cast<size_t>(column) < statement->statement->columns().size();
}
bool CApiHasValue(const driftdb_statement* statement, int column) {
  return CApiColumnInRange(statement, column) && statement->statement->has_row();
}

driftdb::Value CApiValue(driftdb_statement* statement, int column) {
  driftdb::api::Statement* const inner = statement->statement;
  return inner->column(static_cast<size_t>(column)).GetValue(inner->row());
}

// Number in any numeric type as a double.
double CApiDouble(const driftdb::Value& value) {
  const driftdb::LogicalType& type = value.type();
  if (type.is_floating()) return value.float64();
  if (type.is_string()) {
    double parsed = 0;
    const driftdb::Status status =
        driftdb::ParseValue(driftdb::TypeId::kDouble, value.string(), &parsed);
    return status.ok() ? parsed : 0;
  }
  double number = static_cast<double>(value.integer());
  if (type.id == driftdb::TypeId::kDecimal) {
    // Division by an exact power of ten gives the nearest double for every decimal a double can
    // tell apart.
    static constexpr double kPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                         1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                         1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    int scale = type.scale;
    for (; scale > 22; --scale) number /= 10;
    number /= kPowers[scale];
  }
  return number;
}

// Where the current row's value lies when it can be read as it is stored; null when it is NULL.
const uint8_t* CApiLocate(const driftdb_statement* statement, int column, int64_t* scratch) {
  const driftdb::api::Statement* const inner = statement->statement;
  return driftdb::txn::LocateValue(inner->column(static_cast<size_t>(column)), inner->row(),
                                   scratch);
}

// The value of a column of a plain integer type, without a Value in between. False: another type.
bool CApiPlainInteger(const driftdb_statement* statement, int column, int64_t* out) {
  const driftdb::LogicalType& type =
      statement->statement->column(static_cast<size_t>(column)).type();
  int64_t scratch;
  if (type.id == driftdb::TypeId::kInt64) {
    std::memcpy(out, CApiLocate(statement, column, &scratch), sizeof(int64_t));
    return true;
  }
  if (type.id == driftdb::TypeId::kInt32) {
    int32_t value;
    std::memcpy(&value, CApiLocate(statement, column, &scratch), sizeof(value));
    *out = value;
    return true;
  }
  return false;
}

int64_t CApiSaturate(driftdb::int128_t value) {
  if (value > std::numeric_limits<int64_t>::max()) return std::numeric_limits<int64_t>::max();
  if (value < std::numeric_limits<int64_t>::min()) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(value);
}

int64_t CApiInt64(const driftdb::Value& value) {
  const driftdb::LogicalType& type = value.type();
  if (type.is_floating() || type.is_string()) {
    if (type.is_string()) {
      int64_t parsed = 0;
      if (driftdb::ParseValue(driftdb::TypeId::kInt64, value.string(), &parsed).ok()) return parsed;
    }
    const double number = CApiDouble(value);
    if (!(number > -9.3e18)) return number != number ? 0 : std::numeric_limits<int64_t>::min();
    if (number >= 9.2233720368547758e18) return std::numeric_limits<int64_t>::max();
    return static_cast<int64_t>(number);
  }
  driftdb::int128_t number = value.integer();
  if (type.id == driftdb::TypeId::kDecimal) {
    for (int i = 0; i < type.scale; ++i) number /= 10;
  }
  return CApiSaturate(number);
}

std::string_view CApiText(const char* text, ptrdiff_t length) {
  return {text, length < 0 ? std::strlen(text) : static_cast<size_t>(length)};
}

int CApiBind(driftdb_statement* statement, int index, driftdb::Value value) {
  if (!CApiUsable(statement)) return DRIFTDB_MISUSE;
  driftdb::platform::MutexLock lock(statement->session->connection->mutex());
  driftdb::api::Statement* const inner = statement->statement;
  if (index < 1 || static_cast<size_t>(index) > inner->parameter_count()) {
    (void)CApiFinish(statement, driftdb::Error(driftdb::sqlstate::kUndefinedParameter,
                                               "there is no parameter ${}", index));
    return DRIFTDB_MISUSE;
  }
  if (inner->in_progress()) {
    (void)CApiFinish(statement, driftdb::Error(driftdb::sqlstate::kObjectNotInState,
                                               "cannot bind a parameter of a running statement")
                                    .WithHint("Call driftdb_reset first."));
    return DRIFTDB_MISUSE;
  }
  return CApiFinish(statement, inner->BindValue(static_cast<size_t>(index - 1), std::move(value)));
}

// Hands the rows of a step to an exec callback. False: it wants to stop.
bool CApiDeliver(driftdb::api::Statement* statement, driftdb_row_callback callback, void* context) {
  std::vector<std::string> texts;
  std::vector<const char*> values, names;
  for (size_t c = 0; c < statement->columns().size(); ++c) {
    const driftdb::Value value = statement->column(c).GetValue(statement->row());
    texts.push_back(value.is_null() ? std::string() : driftdb::FormatValue(value));
    names.push_back(statement->columns()[c].name.c_str());
  }
  for (size_t c = 0; c < texts.size(); ++c) {
    const bool null = statement->column(c).IsNull(statement->row());
    values.push_back(null ? nullptr : texts[c].c_str());
  }
  return callback(context, static_cast<int>(values.size()), values.data(), names.data()) == 0;
}

driftdb::Status CApiExec(driftdb_connection* handle, const char* sql, driftdb_row_callback callback,
                         void* context) {
  driftdb::api::Connection* const connection = handle->session->connection;
  const std::string_view all(sql);
  size_t offset = 0;
  while (offset < all.size()) {
    size_t consumed = 0;
    const auto shifted = [offset](driftdb::Status status) {
      if (!status.ok() && status.error().position > 0) {
        status.mutable_error().position += static_cast<int64_t>(offset);
      }
      return status;
    };
    auto prepared = connection->Prepare(all.substr(offset), &consumed);
    if (!prepared.ok()) return shifted(prepared.status());
    if (*prepared == nullptr) return driftdb::OkStatus();
    driftdb::api::Statement* const statement = *prepared;
    driftdb::Status status;
    while (status.ok()) {
      auto outcome = statement->Step();
      if (!outcome.ok()) {
        status = shifted(outcome.status());
        break;
      }
      if (*outcome == driftdb::api::StepOutcome::kDone) break;
      if (callback != nullptr && !CApiDeliver(statement, callback, context)) {
        status = driftdb::Error(driftdb::sqlstate::kQueryCanceled,
                                "canceling statement due to user request");
      }
    }
    connection->Finalize(statement);
    if (!status.ok()) return status;
    offset += consumed;
  }
  return driftdb::OkStatus();
}

}  // namespace

extern "C" {

const char* driftdb_version(void) { return DRIFTDB_VERSION_STRING; }
int driftdb_threadsafe(void) { return 1; }

driftdb_options* driftdb_options_create(void) { return new (std::nothrow) driftdb_options(); }

int driftdb_options_set(driftdb_options* options, const char* name, const char* value,
                        driftdb_error** error) {
  if (error != nullptr) *error = nullptr;
  if (options == nullptr || name == nullptr || value == nullptr) return DRIFTDB_MISUSE;
  return CApiReport(driftdb::Guarded([&] { return CApiSetOption(&options->options, name, value); }),
                    error);
}

void driftdb_options_destroy(driftdb_options* options) { delete options; }

int driftdb_open(const char* path, const driftdb_options* options, driftdb_database** database,
                 driftdb_error** error) {
  if (error != nullptr) *error = nullptr;
  if (database == nullptr) return DRIFTDB_MISUSE;
  *database = nullptr;
  if (path == nullptr) return DRIFTDB_MISUSE;
  return CApiReport(driftdb::Guarded([&]() -> driftdb::Status {
                      const driftdb::api::DatabaseOptions defaults;
                      auto opened = driftdb::api::Database::Open(
                          path, options == nullptr ? defaults : options->options);
                      if (!opened.ok()) return opened.status();
                      auto handle = std::make_unique<driftdb_database>();
                      handle->store = std::make_shared<CApiStore>();
                      handle->store->database = std::move(*opened);
                      *database = handle.release();
                      return driftdb::OkStatus();
                    }),
                    error);
}

int driftdb_close(driftdb_database* database, driftdb_error** error) {
  if (error != nullptr) *error = nullptr;
  if (database == nullptr) return DRIFTDB_OK;
  const std::unique_ptr<driftdb_database> handle(database);
  const int code =
      CApiReport(driftdb::Guarded([&] { return handle->store->database->Close(); }), error);
  handle->store->database = nullptr;
  return code;
}

const char* driftdb_error_sqlstate(const driftdb_error* error) {
  return error == nullptr ? "00000" : error->status.error().sqlstate.code;
}
const char* driftdb_error_message(const driftdb_error* error) {
  return error == nullptr ? "" : error->status.error().message.c_str();
}
const char* driftdb_error_detail(const driftdb_error* error) {
  return error == nullptr ? "" : error->status.error().detail.c_str();
}
const char* driftdb_error_hint(const driftdb_error* error) {
  return error == nullptr ? "" : error->status.error().hint.c_str();
}
void driftdb_error_destroy(driftdb_error* error) { delete error; }

int driftdb_connect(driftdb_database* database, driftdb_connection** connection,
                    driftdb_error** error) {
  if (error != nullptr) *error = nullptr;
  if (connection == nullptr) return DRIFTDB_MISUSE;
  *connection = nullptr;
  if (database == nullptr) return DRIFTDB_MISUSE;
  return CApiReport(driftdb::Guarded([&]() -> driftdb::Status {
                      auto handle = std::make_unique<driftdb_connection>();
                      handle->session = std::make_shared<CApiSession>();
                      handle->session->store = database->store;
                      auto connected = database->store->database->Connect();
                      if (!connected.ok()) return connected.status();
                      handle->session->connection = *connected;
                      *connection = handle.release();
                      return driftdb::OkStatus();
                    }),
                    error);
}

void driftdb_disconnect(driftdb_connection* connection) {
  if (connection == nullptr) return;
  if (CApiUsable(connection)) {
    connection->session->store->database->Disconnect(connection->session->connection);
  }
  connection->session->connection = nullptr;
  delete connection;
}

const char* driftdb_sqlstate(driftdb_connection* connection) {
  if (!CApiUsable(connection)) return "08003";
  connection->sqlstate = connection->session->connection->error().sqlstate().view();
  return connection->sqlstate.c_str();
}
const char* driftdb_errmsg(driftdb_connection* connection) {
  if (!CApiUsable(connection)) return "connection is not open";
  connection->message = connection->session->connection->error().message();
  return connection->message.c_str();
}
const char* driftdb_errdetail(driftdb_connection* connection) {
  if (!CApiUsable(connection) || connection->session->connection->error().ok()) return "";
  connection->detail = connection->session->connection->error().error().detail;
  return connection->detail.c_str();
}
const char* driftdb_errhint(driftdb_connection* connection) {
  if (!CApiUsable(connection) || connection->session->connection->error().ok()) return "";
  connection->hint = connection->session->connection->error().error().hint;
  return connection->hint.c_str();
}
int64_t driftdb_errposition(driftdb_connection* connection) {
  if (!CApiUsable(connection) || connection->session->connection->error().ok()) return 0;
  return connection->session->connection->error().error().position;
}
const char* driftdb_errobject(driftdb_connection* connection, char what) {
  if (!CApiUsable(connection) || connection->session->connection->error().ok()) return "";
  const driftdb::ErrorInfo& error = connection->session->connection->error().error();
  switch (what) {
    case 's':
      connection->object = error.schema;
      break;
    case 't':
      connection->object = error.table;
      break;
    case 'c':
      connection->object = error.column;
      break;
    case 'k':
      connection->object = error.constraint;
      break;
    default:
      connection->object.clear();
  }
  return connection->object.c_str();
}

void driftdb_interrupt(driftdb_connection* connection) {
  if (CApiUsable(connection)) connection->session->connection->Interrupt();
}

double driftdb_progress(driftdb_connection* connection) {
  if (!CApiUsable(connection)) return -1;
  return connection->session->connection->Progress();
}

int driftdb_transaction_state(driftdb_connection* connection) {
  return CApiUsable(connection) ? connection->session->connection->transaction_state() : 0;
}

int64_t driftdb_changes(driftdb_connection* connection) {
  return CApiUsable(connection) ? connection->session->connection->changes() : 0;
}

int driftdb_exec(driftdb_connection* connection, const char* sql, driftdb_row_callback callback,
                 void* context) {
  if (!CApiUsable(connection) || sql == nullptr) return DRIFTDB_MISUSE;
  driftdb::platform::MutexLock lock(connection->session->connection->mutex());
  return CApiFinish(connection,
                    driftdb::Guarded([&] { return CApiExec(connection, sql, callback, context); }));
}

int driftdb_prepare(driftdb_connection* connection, const char* sql, ptrdiff_t length,
                    driftdb_statement** statement, const char** tail) {
  if (statement == nullptr) return DRIFTDB_MISUSE;
  *statement = nullptr;
  if (!CApiUsable(connection) || sql == nullptr) return DRIFTDB_MISUSE;
  driftdb::platform::MutexLock lock(connection->session->connection->mutex());
  return CApiFinish(connection, driftdb::Guarded([&]() -> driftdb::Status {
                      const std::string_view text = CApiText(sql, length);
                      size_t consumed = 0;
                      auto prepared = connection->session->connection->Prepare(text, &consumed);
                      if (!prepared.ok()) return prepared.status();
                      if (tail != nullptr)
                        *tail = sql + (*prepared == nullptr ? text.size() : consumed);
                      if (*prepared == nullptr) return driftdb::OkStatus();
                      auto handle = std::make_unique<driftdb_statement>();
                      handle->session = connection->session;
                      handle->statement = *prepared;
                      *statement = handle.release();
                      return driftdb::OkStatus();
                    }));
}

void driftdb_finalize(driftdb_statement* statement) {
  if (statement == nullptr) return;
  if (CApiUsable(statement)) {
    driftdb::platform::MutexLock lock(statement->session->connection->mutex());
    statement->session->connection->Finalize(statement->statement);
  }
  delete statement;
}

int driftdb_parameter_count(driftdb_statement* statement) {
  return CApiUsable(statement) ? static_cast<int>(statement->statement->parameter_count()) : 0;
}
const char* driftdb_parameter_name(driftdb_statement* statement, int index) {
  if (!CApiUsable(statement) || index < 1 ||
      static_cast<size_t>(index) > statement->statement->parameter_count()) {
    return nullptr;
  }
  return statement->statement->parameter_name(static_cast<size_t>(index - 1)).c_str();
}
int driftdb_parameter_index(driftdb_statement* statement, const char* name) {
  if (!CApiUsable(statement) || name == nullptr) return 0;
  for (size_t i = 0; i < statement->statement->parameter_count(); ++i) {
    if (statement->statement->parameter_name(i) == name) return static_cast<int>(i + 1);
  }
  return 0;
}
driftdb_type driftdb_parameter_type(driftdb_statement* statement, int index) {
  if (!CApiUsable(statement) || index < 1) return DRIFTDB_TYPE_UNKNOWN;
  return static_cast<driftdb_type>(
      statement->statement->parameter_type(static_cast<size_t>(index - 1)).id);
}

int driftdb_bind_null(driftdb_statement* statement, int index) {
  return CApiBind(statement, index, driftdb::Value());
}
int driftdb_bind_bool(driftdb_statement* statement, int index, int value) {
  return CApiBind(statement, index, driftdb::Value::Boolean(value != 0));
}
int driftdb_bind_int32(driftdb_statement* statement, int index, int32_t value) {
  return CApiBind(statement, index, driftdb::Value::Int32(value));
}
int driftdb_bind_int64(driftdb_statement* statement, int index, int64_t value) {
  return CApiBind(statement, index, driftdb::Value::Int64(value));
}
int driftdb_bind_double(driftdb_statement* statement, int index, double value) {
  return CApiBind(statement, index, driftdb::Value::Double(value));
}
int driftdb_bind_text(driftdb_statement* statement, int index, const char* value,
                      ptrdiff_t length) {
  if (value == nullptr) return CApiBind(statement, index, driftdb::Value());
  return CApiBind(statement, index, driftdb::Value::Text(std::string(CApiText(value, length))));
}
int driftdb_bind_blob(driftdb_statement* statement, int index, const void* value, size_t length) {
  if (value == nullptr && length > 0) return DRIFTDB_MISUSE;
  return CApiBind(
      statement, index,
      driftdb::Value::String(
          driftdb::TypeId::kBytea,
          std::string(static_cast<const char*>(value == nullptr ? "" : value), length)));
}
int driftdb_clear_bindings(driftdb_statement* statement) {
  if (!CApiUsable(statement)) return DRIFTDB_MISUSE;
  statement->statement->ClearBindings();
  return DRIFTDB_OK;
}

int driftdb_step(driftdb_statement* statement) {
  if (!CApiUsable(statement)) return DRIFTDB_MISUSE;
  driftdb::platform::MutexLock lock(statement->session->connection->mutex());
  int result = DRIFTDB_ERROR;
  driftdb::Status status = driftdb::Guarded([&]() -> driftdb::Status {
    auto outcome = statement->statement->Step();
    if (!outcome.ok()) return outcome.status();
    result = *outcome == driftdb::api::StepOutcome::kRow ? DRIFTDB_ROW : DRIFTDB_DONE;
    return driftdb::OkStatus();
  });
  if (!status.ok()) result = DRIFTDB_ERROR;
  (void)CApiFinish(statement, std::move(status));
  return result;
}

int driftdb_reset(driftdb_statement* statement) {
  if (!CApiUsable(statement)) return DRIFTDB_MISUSE;
  driftdb::platform::MutexLock lock(statement->session->connection->mutex());
  statement->texts.clear();
  driftdb::Status status = driftdb::Guarded([&] { return statement->statement->Reset(); });
  if (status.ok()) return DRIFTDB_OK;  // the error of an earlier step stays to be read
  return CApiFinish(statement, std::move(status));
}

int64_t driftdb_statement_changes(driftdb_statement* statement) {
  return CApiUsable(statement) ? statement->statement->changes() : 0;
}
const char* driftdb_statement_tag(driftdb_statement* statement) {
  return CApiUsable(statement) ? statement->statement->tag().c_str() : "";
}
int driftdb_statement_readonly(driftdb_statement* statement) {
  return CApiUsable(statement) && statement->statement->read_only() ? 1 : 0;
}

int driftdb_column_count(driftdb_statement* statement) {
  return CApiUsable(statement) ? static_cast<int>(statement->statement->columns().size()) : 0;
}
const char* driftdb_column_name(driftdb_statement* statement, int column) {
  if (!CApiColumnInRange(statement, column)) return nullptr;
  return statement->statement->columns()[static_cast<size_t>(column)].name.c_str();
}
driftdb_type driftdb_column_type(driftdb_statement* statement, int column) {
  if (!CApiColumnInRange(statement, column)) return DRIFTDB_TYPE_UNKNOWN;
  return static_cast<driftdb_type>(
      statement->statement->columns()[static_cast<size_t>(column)].type.id);
}
const char* driftdb_column_type_name(driftdb_statement* statement, int column) {
  if (!CApiColumnInRange(statement, column)) return nullptr;
  statement->type_names.resize(statement->statement->columns().size());
  std::string& name = statement->type_names[static_cast<size_t>(column)];
  name = statement->statement->columns()[static_cast<size_t>(column)].type.ToString();
  return name.c_str();
}
uint32_t driftdb_column_type_oid(driftdb_statement* statement, int column) {
  if (!CApiColumnInRange(statement, column)) return 0;
  return statement->statement->columns()[static_cast<size_t>(column)].type.pg_type_oid().value;
}
int32_t driftdb_column_typmod(driftdb_statement* statement, int column) {
  if (!CApiColumnInRange(statement, column)) return -1;
  return statement->statement->columns()[static_cast<size_t>(column)].type.pg_typmod();
}
uint32_t driftdb_column_table_oid(driftdb_statement* statement, int column) {
  if (!CApiColumnInRange(statement, column)) return 0;
  return statement->statement->columns()[static_cast<size_t>(column)].table.value;
}
int driftdb_column_number(driftdb_statement* statement, int column) {
  if (!CApiColumnInRange(statement, column)) return 0;
  return static_cast<int>(
      statement->statement->columns()[static_cast<size_t>(column)].column.value);
}

int driftdb_value_is_null(driftdb_statement* statement, int column) {
  if (!CApiHasValue(statement, column)) return 1;
  driftdb::api::Statement* const inner = statement->statement;
  return inner->column(static_cast<size_t>(column)).IsNull(inner->row()) ? 1 : 0;
}
int driftdb_value_bool(driftdb_statement* statement, int column) {
  return driftdb_value_int64(statement, column) != 0 ? 1 : 0;
}
int64_t driftdb_value_int64(driftdb_statement* statement, int column) {
  if (driftdb_value_is_null(statement, column) != 0) return 0;
  int64_t plain;
  if (CApiPlainInteger(statement, column, &plain)) return plain;
  return CApiInt64(CApiValue(statement, column));
}
double driftdb_value_double(driftdb_statement* statement, int column) {
  if (driftdb_value_is_null(statement, column) != 0) return 0;
  return CApiDouble(CApiValue(statement, column));
}
const char* driftdb_value_text(driftdb_statement* statement, int column, size_t* length) {
  if (length != nullptr) *length = 0;
  if (driftdb_value_is_null(statement, column) != 0) return nullptr;
  // One string per column, so pointers of one row stay valid together.
  statement->texts.resize(statement->statement->columns().size());
  std::string& text = statement->texts[static_cast<size_t>(column)];
  const driftdb::Status status = driftdb::Guarded([&] {
    const driftdb::TypeId type =
        statement->statement->column(static_cast<size_t>(column)).type().id;
    if (type == driftdb::TypeId::kText || type == driftdb::TypeId::kVarchar) {
      int64_t scratch;
      const uint8_t* const at = CApiLocate(statement, column, &scratch);
      text = reinterpret_cast<const driftdb::StringRef*>(at)->view();
    } else {
      text = driftdb::FormatValue(CApiValue(statement, column));
    }
    return driftdb::OkStatus();
  });
  if (!status.ok()) return nullptr;
  if (length != nullptr) *length = text.size();
  return text.c_str();
}
const void* driftdb_value_blob(driftdb_statement* statement, int column, size_t* length) {
  if (length != nullptr) *length = 0;
  if (driftdb_value_is_null(statement, column) != 0) return nullptr;
  const driftdb::Value value = CApiValue(statement, column);
  if (value.type().physical() != driftdb::PhysicalType::kString) {
    return driftdb_value_text(statement, column, length);
  }
  statement->texts.resize(statement->statement->columns().size());
  std::string& bytes = statement->texts[static_cast<size_t>(column)];
  bytes = value.string();
  if (length != nullptr) *length = bytes.size();
  return bytes.data();
}

int driftdb_complete(const char* sql) {
  if (sql == nullptr || !driftdb::sql::IsStatementComplete(sql)) return 0;
  // Blank text is complete for a parser, but holds no statement.
  size_t consumed = 0;
  const auto parsed = driftdb::sql::ParseOne(sql, &consumed);
  return parsed.ok() && !parsed->has_value() ? 0 : 1;
}

int64_t driftdb_metric(driftdb_database* database, const char* name) {
  if (database == nullptr || name == nullptr) return -1;
  return database->store->database->Metric(name);
}

int driftdb_check(driftdb_connection* connection, void (*callback)(void* context, const char* line),
                  void* context, int64_t* problems) {
  if (problems != nullptr) *problems = 0;
  if (!CApiUsable(connection)) return DRIFTDB_MISUSE;
  driftdb::platform::MutexLock lock(connection->session->connection->mutex());
  return CApiFinish(connection, driftdb::Guarded([&]() -> driftdb::Status {
                      std::vector<std::string> lines;
                      driftdb::Status status = driftdb::txn::CheckStorage(
                          connection->session->connection->database()->engine(), &lines);
                      for (const std::string& line : lines) {
                        if (callback != nullptr) callback(context, line.c_str());
                      }
                      if (problems != nullptr) *problems = static_cast<int64_t>(lines.size());
                      return status;
                    }));
}

int driftdb_set_copy_reader(driftdb_connection* connection, driftdb_copy_reader reader,
                            void* context) {
  if (!CApiUsable(connection)) return DRIFTDB_MISUSE;
  if (reader == nullptr) {
    connection->session->connection->copy_reader = nullptr;
  } else {
    connection->session->connection->copy_reader = [reader, context](char* buffer,
                                                                     size_t capacity) {
      return static_cast<int64_t>(reader(context, buffer, capacity));
    };
  }
  return DRIFTDB_OK;
}

int driftdb_set_copy_writer(driftdb_connection* connection, driftdb_copy_writer writer,
                            void* context) {
  if (!CApiUsable(connection)) return DRIFTDB_MISUSE;
  if (writer == nullptr) {
    connection->session->connection->copy_writer = nullptr;
  } else {
    connection->session->connection->copy_writer = [writer, context](std::string_view data) {
      return writer(context, data.data(), data.size()) == 0;
    };
  }
  return DRIFTDB_OK;
}

}  // extern "C"
