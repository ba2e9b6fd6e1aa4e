#include "base/status.h"

#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

#include <catch2/catch.hpp>

#include "base/error.h"
#include "base/guard.h"
#include "base/status_macros.h"

namespace driftdb {
namespace {

Status StatusTestFail(bool fail) {
  if (fail) return Error(sqlstate::kDivisionByZero, "division by zero");
  return OkStatus();
}

Result<int> StatusTestHalf(int n) {
  if (n % 2 != 0) return Error(sqlstate::kNumericOutOfRange, "{} is odd", n);
  return n / 2;
}

Result<int> StatusTestQuarter(int n) {
  DRIFTDB_ASSIGN_OR_RETURN(const int half, StatusTestHalf(n));
  DRIFTDB_ASSIGN_OR_RETURN(const int quarter, StatusTestHalf(half));
  return quarter;
}

Status StatusTestBoth(bool first, bool second) {
  DRIFTDB_RETURN_IF_ERROR(StatusTestFail(first));
  DRIFTDB_RETURN_IF_ERROR(StatusTestFail(second));
  return OkStatus();
}

}  // namespace

TEST_CASE("status: out of memory is one shared error", "[base]") {
  Status status = Status::OutOfMemory();
  REQUIRE(status.sqlstate() == sqlstate::kOutOfMemory);
  const Status copy = status;
  REQUIRE(&copy.error() == &status.error());
  status = std::move(status).WithHint("buy some").At(3);
  REQUIRE(&copy.error() == &status.error());
  REQUIRE(status.error().hint.empty());
  status.mutable_error().position = 7;  // a copy of its own
  REQUIRE(copy.error().position == 0);
  REQUIRE(Guarded([]() -> Status { throw std::bad_alloc(); }).sqlstate() == sqlstate::kOutOfMemory);
  REQUIRE(Guarded([]() -> Status { throw std::length_error("long"); }).message() ==
          "unexpected exception: long");
}

TEST_CASE("status: OK is one null pointer and has SQLSTATE 00000", "[base]") {
  static_assert(sizeof(Status) == sizeof(void*));
  const Status ok;
  REQUIRE(ok.ok());
  REQUIRE(ok.sqlstate() == sqlstate::kSuccess);
  REQUIRE(ok.message().empty());
  REQUIRE(ok.ToString() == "OK");
}

TEST_CASE("status: decoration fills the error fields and leaves OK alone", "[base]") {
  const Status status = Error(sqlstate::kUniqueViolation, "duplicate key")
                            .WithDetail("Key (id)=(1) already exists.")
                            .WithHint("Use ON CONFLICT.")
                            .WithTable("t")
                            .WithColumn("id")
                            .WithConstraint("t_pkey")
                            .At(12);
  REQUIRE(status.error().table == "t");
  REQUIRE(status.error().column == "id");
  REQUIRE(status.error().constraint == "t_pkey");
  REQUIRE(status.error().position == 12);
  REQUIRE(status.ToString() ==
          "23505: duplicate key\nDETAIL: Key (id)=(1) already exists.\nHINT: Use ON CONFLICT.");
  REQUIRE(OkStatus().WithDetail("x").WithHint("y").WithTable("t").At(3).ok());
}

TEST_CASE("status: the innermost position wins", "[base]") {
  const Status status = Error(sqlstate::kSyntaxError, "syntax error").At(5).At(1);
  REQUIRE(status.error().position == 5);
}

TEST_CASE("status: a copy is deep, a move leaves OK behind", "[base]") {
  Status original = Error(sqlstate::kSyntaxError, "one");
  Status copy = original;
  copy.mutable_error().message = "two";
  REQUIRE(original.message() == "one");
  original = copy;
  REQUIRE(original.message() == "two");
  const Status& self = original;
  original = self;
  REQUIRE(original.message() == "two");
  const Status moved = std::move(original);
  REQUIRE(moved.message() == "two");
  copy = OkStatus();
  REQUIRE(copy.ok());
}

TEST_CASE("result: holds a value or an error, and converts from what converts to its type",
          "[base]") {
  REQUIRE(*StatusTestHalf(4) == 2);
  REQUIRE(StatusTestHalf(3).status().message() == "3 is odd");
  struct Base {
    virtual ~Base() = default;
  };
  struct Derived : Base {};
  Result<std::unique_ptr<Base>> derived = std::make_unique<Derived>();
  REQUIRE(derived.ok());
  REQUIRE(*derived != nullptr);
  Result<std::string> literal = "text";
  REQUIRE(literal->size() == 4);
  const std::string taken = std::move(literal).value();
  REQUIRE(taken == "text");
}

TEST_CASE("status macros: the first error returns, later expressions are not evaluated", "[base]") {
  REQUIRE(*StatusTestQuarter(8) == 2);
  REQUIRE(StatusTestQuarter(6).status().message() == "3 is odd");
  REQUIRE(StatusTestQuarter(5).status().message() == "5 is odd");
  REQUIRE(StatusTestBoth(false, false).ok());
  REQUIRE_FALSE(StatusTestBoth(true, false).ok());
  REQUIRE_FALSE(StatusTestBoth(false, true).ok());
}

}  // namespace driftdb
