// DriftDB for C++20: RAII over the C interface of driftdb.h, header-only.
//
//   driftdb::Database database("data");                     // or ":memory:"
//   driftdb::Connection connection = database.Connect();
//   connection.Execute("CREATE TABLE t (id bigint PRIMARY KEY, name text)");
//   {
//     driftdb::Transaction transaction(connection);
//     connection.Execute("INSERT INTO t VALUES ($1, $2)", 1, "one");
//     transaction.Commit();                                  // rolled back when it goes without
//   }
//   for (const driftdb::Row& row : connection.Query("SELECT id, name FROM t WHERE id < $1", 10)) {
//     std::cout << row.Get<int64_t>(0) << ' ' <<
//     row.Get<std::optional<std::string>>(1).value_or("?");
//   }
//
// Errors are thrown as driftdb::Error. A moved-from object may only be assigned to or destroyed.
// Lifetime: a Connection keeps its Database open and a Statement its Connection, in whatever order
// they go. Threads: as in driftdb.h; one of these objects is used by one thread at a time.
#ifndef DRIFTDB_DRIFTDB_HPP_
#define DRIFTDB_DRIFTDB_HPP_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <iterator>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "driftdb/driftdb.h"

namespace driftdb {

// A failure with PostgreSQL's SQLSTATE.
class Error : public std::exception {
 public:
  Error(std::string sqlstate, std::string message, std::string detail = "", std::string hint = "",
        int64_t position = 0)
      : sqlstate_(std::move(sqlstate)),
        message_(std::move(message)),
        detail_(std::move(detail)),
        hint_(std::move(hint)),
        position_(position) {}

  const char* what() const noexcept override { return message_.c_str(); }
  const std::string& sqlstate() const noexcept { return sqlstate_; }
  const std::string& detail() const noexcept { return detail_; }
  const std::string& hint() const noexcept { return hint_; }
  // 1-based byte offset into the SQL text, 0 when not known.
  int64_t position() const noexcept { return position_; }

 private:
  std::string sqlstate_;
  std::string message_;
  std::string detail_;
  std::string hint_;
  int64_t position_;
};

namespace detail {

[[noreturn]] inline void ThrowOwned(driftdb_error* error) {
  if (error == nullptr) throw Error("XX000", "driftdb failed without an error object");
  Error copy(driftdb_error_sqlstate(error), driftdb_error_message(error),
             driftdb_error_detail(error), driftdb_error_hint(error));
  driftdb_error_destroy(error);
  throw copy;
}

// For `result` of a call on `connection`; DRIFTDB_MISUSE need not leave details there.
[[noreturn]] inline void ThrowLast(driftdb_connection* connection, int result) {
  const std::string sqlstate = driftdb_sqlstate(connection);
  if (result == DRIFTDB_MISUSE && sqlstate == "00000") {
    throw Error("22023", "driftdb: an index is out of range or the statement is running");
  }
  throw Error(sqlstate, driftdb_errmsg(connection), driftdb_errdetail(connection),
              driftdb_errhint(connection), driftdb_errposition(connection));
}

template <typename T>
struct IsOptional : std::false_type {};
template <typename T>
struct IsOptional<std::optional<T>> : std::true_type {
  using Value = T;
};

template <typename T>
inline constexpr bool kIsBytes =
    std::is_same_v<T, std::vector<std::byte>> || std::is_same_v<T, std::span<const std::byte>>;

}  // namespace detail

// Settings for opening a database: Options().Set("memory_limit", "4GB").Set("readonly", "on").
class Options {
 public:
  Options() : options_(driftdb_options_create(), driftdb_options_destroy) {}

  Options& Set(const std::string& name, const std::string& value) {
    driftdb_error* error = nullptr;
    if (driftdb_options_set(options_.get(), name.c_str(), value.c_str(), &error) != DRIFTDB_OK) {
      detail::ThrowOwned(error);
    }
    return *this;
  }
  const driftdb_options* handle() const noexcept { return options_.get(); }

 private:
  std::unique_ptr<driftdb_options, decltype(&driftdb_options_destroy)> options_;
};

class Statement;

// The row that a Statement stands on; valid until its next Step, Reset or destruction.
class Row {
 public:
  int size() const { return driftdb_column_count(statement_); }
  bool IsNull(int column) const {
    Check(column);
    return driftdb_value_is_null(statement_, column) != 0;
  }

  // The value as T: bool, any integer or floating type, std::string, std::string_view (valid as
  // long as the row), std::vector<std::byte>, or std::optional of one of them for columns that may
  // be NULL. Throws 22002 for NULL without optional, 22003 when an integer does not fit T, 42703
  // for no such column.
  template <typename T>
  T Get(int column) const {
    Check(column);
    if constexpr (detail::IsOptional<T>::value) {
      if (driftdb_value_is_null(statement_, column)) return std::nullopt;
      return Value<typename detail::IsOptional<T>::Value>(column);
    } else {
      if (driftdb_value_is_null(statement_, column)) {
        throw Error("22002", "column " + std::to_string(column) + " is NULL; read it as optional");
      }
      return Value<T>(column);
    }
  }

  // By name, the first column of that name.
  template <typename T>
  T Get(std::string_view name) const {
    for (int i = 0; i < size(); ++i) {
      if (name == driftdb_column_name(statement_, i)) return Get<T>(i);
    }
    throw Error("42703", "the result has no column \"" + std::string(name) + "\"");
  }

 private:
  friend class Statement;
  explicit Row(driftdb_statement* statement) : statement_(statement) {}

  void Check(int column) const {
    if (column < 0 || column >= size()) {
      throw Error("42703", "the result has no column " + std::to_string(column));
    }
  }

  template <typename T>
  T Value(int column) const {
    size_t length = 0;
    if constexpr (std::is_same_v<T, bool>) {
      return driftdb_value_bool(statement_, column) != 0;
    } else if constexpr (std::floating_point<T>) {
      return static_cast<T>(driftdb_value_double(statement_, column));
    } else if constexpr (std::integral<T>) {
      const int64_t value = driftdb_value_int64(statement_, column);
      if (!std::in_range<T>(value)) {
        throw Error("22003", std::to_string(value) + " is out of range of the type asked for");
      }
      return static_cast<T>(value);
    } else if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view>) {
      const char* text = driftdb_value_text(statement_, column, &length);
      return T(text, text == nullptr ? 0 : length);
    } else {
      static_assert(detail::kIsBytes<T>, "Row::Get has no conversion to this type");
      const auto* bytes =
          static_cast<const std::byte*>(driftdb_value_blob(statement_, column, &length));
      return T(bytes, bytes + length);
    }
  }

  driftdb_statement* statement_;
};

// A compiled statement with its parameters and, while it runs, its rows. Made by Connection.
class Statement {
 public:
  Statement(Statement&&) noexcept = default;
  Statement& operator=(Statement&& other) noexcept {
    // The statement goes before the connection that it keeps.
    statement_ = std::move(other.statement_);
    connection_ = std::move(other.connection_);
    return *this;
  }

  // Parameters count from 1 and keep their values over Reset. Value: bool, numbers, strings, a
  // vector or span of std::byte, nullptr or std::nullopt for NULL, std::optional of these.
  template <typename T>
  Statement& Bind(int index, const T& value) {
    Check(BindValue(index, value));
    return *this;
  }
  // By name with its prefix: ":id", "@id". Throws 42P02 when there is none of that name.
  template <typename T>
  Statement& Bind(const std::string& name, const T& value) {
    const int index = driftdb_parameter_index(statement_.get(), name.c_str());
    if (index == 0) throw Error("42P02", "the statement has no parameter " + name);
    return Bind(index, value);
  }
  // Parameters 1, 2, ... in order.
  template <typename... Args>
  Statement& BindAll(const Args&... values) {
    int index = 0;
    (Bind(++index, values), ...);
    return *this;
  }
  int parameter_count() const { return driftdb_parameter_count(statement_.get()); }

  // To the next row; false at the end.
  bool Step() {
    const int result = driftdb_step(statement_.get());
    if (result != DRIFTDB_ROW && result != DRIFTDB_DONE) {
      detail::ThrowLast(connection_.get(), result);
    }
    return result == DRIFTDB_ROW;
  }
  // After Step returned true.
  Row row() const { return Row(statement_.get()); }
  // Runs to the end and tells the rows changed.
  int64_t Execute() {
    while (Step()) {
    }
    return driftdb_statement_changes(statement_.get());
  }
  void Reset() { Check(driftdb_reset(statement_.get())); }
  int64_t changes() const { return driftdb_statement_changes(statement_.get()); }

  int column_count() const { return driftdb_column_count(statement_.get()); }
  std::string column_name(int column) const {
    return Text(driftdb_column_name(statement_.get(), column));
  }
  driftdb_type column_type(int column) const {
    return driftdb_column_type(statement_.get(), column);
  }
  // "numeric(15,2)"
  std::string column_type_name(int column) const {
    return Text(driftdb_column_type_name(statement_.get(), column));
  }
  // "SELECT", "INSERT", "CREATE TABLE" ...
  std::string tag() const { return Text(driftdb_statement_tag(statement_.get())); }
  driftdb_statement* handle() const noexcept { return statement_.get(); }

  // Input iterator over the rows that are left.
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Row;
    using difference_type = std::ptrdiff_t;
    using pointer = const Row*;
    using reference = const Row&;

    Iterator() : row_(nullptr) {}
    explicit Iterator(Statement* statement) : statement_(statement), row_(statement->row()) {
      ++*this;
    }
    const Row& operator*() const { return row_; }
    const Row* operator->() const { return &row_; }
    Iterator& operator++() {
      if (!statement_->Step()) statement_ = nullptr;
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& a, const Iterator& b) {
      return a.statement_ == b.statement_;
    }

   private:
    Statement* statement_ = nullptr;
    Row row_;
  };
  // Steps to the first row (or the next, in the middle of an execution).
  Iterator begin() { return Iterator(this); }
  Iterator end() { return Iterator(); }

 private:
  friend class Connection;
  Statement(std::shared_ptr<driftdb_connection> connection, driftdb_statement* statement)
      : connection_(std::move(connection)), statement_(statement, driftdb_finalize) {}

  static std::string Text(const char* text) { return text == nullptr ? "" : text; }
  void Check(int result) const {
    if (result != DRIFTDB_OK) detail::ThrowLast(connection_.get(), result);
  }

  template <typename T>
  int BindValue(int index, const T& value) {
    driftdb_statement* statement = statement_.get();
    if constexpr (detail::IsOptional<T>::value) {
      return value.has_value() ? BindValue(index, *value) : driftdb_bind_null(statement, index);
    } else if constexpr (std::is_same_v<T, std::nullptr_t> || std::is_same_v<T, std::nullopt_t>) {
      return driftdb_bind_null(statement, index);
    } else if constexpr (std::is_same_v<T, bool>) {
      return driftdb_bind_bool(statement, index, value);
    } else if constexpr (std::integral<T>) {
      if (std::in_range<int64_t>(value)) {
        return driftdb_bind_int64(statement, index, static_cast<int64_t>(value));
      }
      // The upper half of uint64_t: text converts to whatever numeric type the parameter has.
      return BindValue(index, std::to_string(value));
    } else if constexpr (std::floating_point<T>) {
      return driftdb_bind_double(statement, index, static_cast<double>(value));
    } else if constexpr (std::convertible_to<const T&, std::string_view>) {
      if constexpr (std::is_pointer_v<T>) {
        if (value == nullptr) return driftdb_bind_null(statement, index);
      }
      const std::string_view text = value;
      // A view without data is an empty string, not NULL.
      return driftdb_bind_text(statement, index, text.data() == nullptr ? "" : text.data(),
                               static_cast<ptrdiff_t>(text.size()));
    } else {
      static_assert(std::convertible_to<const T&, std::span<const std::byte>>,
                    "Statement::Bind does not know this type");
      const std::span<const std::byte> bytes = value;
      return driftdb_bind_blob(statement, index,
                               bytes.empty() ? "" : static_cast<const void*>(bytes.data()),
                               bytes.size());
    }
  }

  // Order matters: members go in reverse, the statement before its connection.
  std::shared_ptr<driftdb_connection> connection_;
  std::unique_ptr<driftdb_statement, decltype(&driftdb_finalize)> statement_;
};

// A session: its transaction, settings and prepared statements. Made by Database::Connect.
class Connection {
 public:
  // Runs every statement of `sql` and drops their rows.
  void Execute(const std::string& sql) {
    Check(driftdb_exec(connection_.get(), sql.c_str(), nullptr, nullptr));
  }
  // Runs one statement with parameters; tells the rows it changed.
  template <typename First, typename... Rest>
  int64_t Execute(std::string_view sql, const First& first, const Rest&... rest) {
    return Query(sql, first, rest...).Execute();
  }
  // Compiles the first statement of `sql`; throws 42601 when there is none.
  Statement Prepare(std::string_view sql) {
    driftdb_statement* statement = nullptr;
    Check(driftdb_prepare(connection_.get(), sql.data() == nullptr ? "" : sql.data(),
                          static_cast<ptrdiff_t>(sql.size()), &statement, nullptr));
    if (statement == nullptr) throw Error("42601", "the text holds no statement");
    return Statement(connection_, statement);
  }
  // Compiles and binds; run it with for, Step or Execute.
  template <typename... Args>
  Statement Query(std::string_view sql, const Args&... values) {
    Statement statement = Prepare(sql);
    statement.BindAll(values...);
    return statement;
  }
  // The first column of the first row; throws P0002 when there is no row.
  template <typename T, typename... Args>
  T QueryValue(std::string_view sql, const Args&... values) {
    static_assert(!std::is_same_v<T, std::string_view>, "the view would outlive its row");
    Statement statement = Query(sql, values...);
    if (!statement.Step()) throw Error("P0002", "the query returned no row");
    return statement.row().Get<T>(0);
  }

  // Stops the running statement with 57014; from any thread.
  void Interrupt() { driftdb_interrupt(connection_.get()); }
  // 0 autocommit, 1 in a transaction block, 2 in a failed one.
  int transaction_state() const { return driftdb_transaction_state(connection_.get()); }
  int64_t changes() const { return driftdb_changes(connection_.get()); }
  driftdb_connection* handle() const noexcept { return connection_.get(); }

 private:
  friend class Database;
  explicit Connection(std::shared_ptr<driftdb_connection> connection)
      : connection_(std::move(connection)) {}
  void Check(int result) const {
    if (result != DRIFTDB_OK) detail::ThrowLast(connection_.get(), result);
  }

  std::shared_ptr<driftdb_connection> connection_;
};

// An open data directory, or ":memory:".
class Database {
 public:
  explicit Database(const std::string& path) { Open(path, nullptr); }
  Database(const std::string& path, const Options& options) { Open(path, options.handle()); }

  Connection Connect() {
    driftdb_connection* connection = nullptr;
    driftdb_error* error = nullptr;
    if (driftdb_connect(database_.get(), &connection, &error) != DRIFTDB_OK) {
      detail::ThrowOwned(error);
    }
    // The deleter's copy keeps the database open as long as the connection.
    return Connection(std::shared_ptr<driftdb_connection>(
        connection, [database = database_](driftdb_connection* c) { driftdb_disconnect(c); }));
  }

  // Closes now and reports what goes wrong, which the destructor cannot. Throws 55006 while
  // Connections or Statements of this database exist.
  void Close() {
    if (database_ == nullptr) return;
    if (database_.use_count() > 1) {
      throw Error("55006", "the database has open connections or statements");
    }
    driftdb_database* raw = database_.get();
    std::get_deleter<Closer>(database_)->closed = true;
    database_.reset();
    driftdb_error* error = nullptr;
    if (driftdb_close(raw, &error) != DRIFTDB_OK) detail::ThrowOwned(error);
  }

  // A counter by name, nothing when there is none.
  std::optional<int64_t> Metric(const std::string& name) const {
    const int64_t value = driftdb_metric(database_.get(), name.c_str());
    return value == -1 ? std::nullopt : std::optional<int64_t>(value);
  }
  driftdb_database* handle() const noexcept { return database_.get(); }

 private:
  struct Closer {
    bool closed = false;
    void operator()(driftdb_database* database) const {
      if (!closed) driftdb_close(database, nullptr);
    }
  };

  void Open(const std::string& path, const driftdb_options* options) {
    driftdb_database* database = nullptr;
    driftdb_error* error = nullptr;
    if (driftdb_open(path.c_str(), options, &database, &error) != DRIFTDB_OK) {
      detail::ThrowOwned(error);
    }
    database_ = std::shared_ptr<driftdb_database>(database, Closer());
  }

  std::shared_ptr<driftdb_database> database_;
};

// A transaction block that is rolled back unless Commit was called.
class Transaction {
 public:
  // `begin` may name an isolation level: "BEGIN ISOLATION LEVEL SERIALIZABLE".
  explicit Transaction(Connection& connection, const std::string& begin = "BEGIN")
      : connection_(&connection) {
    connection.Execute(begin);
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction() {
    // The connection rolls back by itself when even this fails.
    if (connection_ != nullptr) {
      driftdb_exec(connection_->handle(), "ROLLBACK", nullptr, nullptr);
    }
  }

  // Throws when the commit fails (40001 ...), or 25P02 when a statement of the block had failed, which
  // makes COMMIT a rollback. The transaction is over either way.
  void Commit() {
    if (connection_ != nullptr && connection_->transaction_state() == 2) {
      End("ROLLBACK");
      throw Error("25P02", "a statement of the transaction failed, so it was rolled back");
    }
    End("COMMIT");
  }
  void Rollback() { End("ROLLBACK"); }

 private:
  void End(const char* command) {
    if (connection_ == nullptr) throw Error("25P01", "the transaction has ended already");
    std::exchange(connection_, nullptr)->Execute(command);
  }

  Connection* connection_;
};

}  // namespace driftdb

#endif  // DRIFTDB_DRIFTDB_HPP_
