// Status and Result<T>: how every fallible function reports its outcome.
// Shape: OK is one null pointer; an error owns one ErrorInfo (PostgreSQL's error fields), but for
// OutOfMemory(), which all share: it must be had without memory.
// Threads: a Status is a value; distinct objects may be used from distinct threads.
// Why not absl::Status: the error object must carry SQLSTATE, position, detail, hint and object
// names natively (docs/internals/decisions.md, D1).
#ifndef DRIFTDB_BASE_STATUS_H_
#define DRIFTDB_BASE_STATUS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/sqlstate.h"

namespace driftdb {

// Everything known about one error. Empty strings and position 0 mean "not given".
struct ErrorInfo {
  SqlState sqlstate = sqlstate::kInternalError;
  std::string message;  // what + object + number, no trailing period
  std::string detail;
  std::string hint;
  std::string schema, table, column, constraint;
  int64_t position = 0;  // 1-based byte offset into the statement text
};

class [[nodiscard]] Status {
 public:
  Status() = default;  // OK
  Status(SqlState state, std::string message);
  Status(const Status& other);
  Status& operator=(const Status& other);
  Status(Status&&) noexcept = default;
  Status& operator=(Status&&) noexcept = default;
  // 53200 without an allocation. It carries nothing else: decorations leave it as it is.
  static Status OutOfMemory();

  bool ok() const { return error_ == nullptr; }
  SqlState sqlstate() const { return ok() ? sqlstate::kSuccess : error_->sqlstate; }
  std::string_view message() const {
    return ok() ? std::string_view() : std::string_view(error_->message);
  }
  // REQUIRES: !ok().
  const ErrorInfo& error() const { return *error_; }
  ErrorInfo& mutable_error();

  // Chainable decoration of an error; no effect on OK.
  Status&& WithDetail(std::string detail) &&;
  Status&& WithHint(std::string hint) &&;
  Status&& WithTable(std::string table) &&;
  Status&& WithColumn(std::string column) &&;
  Status&& WithConstraint(std::string constraint) &&;
  // Sets the position only where none is known yet: the innermost place is the most precise.
  Status&& At(int64_t position) &&;

  // "SQLSTATE: message", with detail and hint lines, for logs and test output.
  std::string ToString() const;

 private:
  struct Deleter {
    void operator()(ErrorInfo* error) const;
  };
  using Owned = std::unique_ptr<ErrorInfo, Deleter>;
  static Owned Clone(const Owned& error);
  bool decorable() const;

  Owned error_;
};

inline Status OkStatus() { return Status(); }

// A value or an error. Dereferencing an error is a bug of the caller.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(Status status) : status_(std::move(status)) {}  // NOLINT(google-explicit-constructor)
  Result(T value) : value_(std::move(value)) {}          // NOLINT(google-explicit-constructor)
  // From anything convertible to T (a derived unique_ptr, a literal).
  template <typename U>
  requires(std::is_convertible_v<U&&, T> && !std::is_same_v<std::decay_t<U>, T> &&
           !std::is_same_v<std::decay_t<U>, Status> && !std::is_same_v<std::decay_t<U>, Result>)
      // NOLINTNEXTLINE(google-explicit-constructor,bugprone-forwarding-reference-overload)
      Result(U&& value)
      : value_(std::forward<U>(value)) {}

  bool ok() const { return status_.ok(); }
  const Status& status() const& { return status_; }
  Status status() && { return std::move(status_); }
  T& operator*() & { return *value_; }
  const T& operator*() const& { return *value_; }
  T&& operator*() && { return *std::move(value_); }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }
  T& value() & { return *value_; }
  T&& value() && { return *std::move(value_); }

 private:
  Status status_;
  std::optional<T> value_;
};

}  // namespace driftdb

#endif  // DRIFTDB_BASE_STATUS_H_
