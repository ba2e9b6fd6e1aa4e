#include "base/status.h"

namespace driftdb {

namespace {

// Made when the library is loaded, never freed: statuses may outlive everything else.
ErrorInfo* StatusSharedError() {
  static auto* const shared = [] {
    auto* const error = new ErrorInfo;
    error->sqlstate = sqlstate::kOutOfMemory;
    error->message = "out of memory";
    return error;
  }();
  return shared;
}

// The first use may come when there is no memory any more.
[[maybe_unused]] const ErrorInfo* const kStatusSharedError = StatusSharedError();

}  // namespace

void Status::Deleter::operator()(ErrorInfo* error) const {
  if (error != StatusSharedError()) delete error;
}

Status::Owned Status::Clone(const Owned& error) {
  if (error == nullptr) return nullptr;
  if (error.get() == StatusSharedError()) return Owned(error.get());
  return Owned(new ErrorInfo(*error));
}

bool Status::decorable() const { return error_ != nullptr && error_.get() != StatusSharedError(); }

Status::Status(SqlState state, std::string message) : error_(new ErrorInfo) {
  error_->sqlstate = state;
  error_->message = std::move(message);
}

Status::Status(const Status& other) : error_(Clone(other.error_)) {}

Status& Status::operator=(const Status& other) {
  if (this != &other) error_ = Clone(other.error_);
  return *this;
}

Status Status::OutOfMemory() {
  Status status;
  status.error_.reset(StatusSharedError());
  return status;
}

ErrorInfo& Status::mutable_error() {
  if (error_.get() == StatusSharedError()) error_.reset(new ErrorInfo(*error_));
  return *error_;
}

Status&& Status::WithDetail(std::string detail) && {
  if (decorable()) error_->detail = std::move(detail);
  return std::move(*this);
}

Status&& Status::WithHint(std::string hint) && {
  if (decorable()) error_->hint = std::move(hint);
  return std::move(*this);
}

Status&& Status::WithTable(std::string table) && {
  if (decorable()) error_->table = std::move(table);
  return std::move(*this);
}

Status&& Status::WithColumn(std::string column) && {
  if (decorable()) error_->column = std::move(column);
  return std::move(*this);
}

Status&& Status::WithConstraint(std::string constraint) && {
  if (decorable()) error_->constraint = std::move(constraint);
  return std::move(*this);
}

Status&& Status::At(int64_t position) && {
  if (decorable() && error_->position == 0) error_->position = position;
  return std::move(*this);
}

std::string Status::ToString() const {
  if (ok()) return "OK";
  std::string text(error_->sqlstate.view());
  text += ": ";
  text += error_->message;
  if (!error_->detail.empty()) text += "\nDETAIL: " + error_->detail;
  if (!error_->hint.empty()) text += "\nHINT: " + error_->hint;
  return text;
}

}  // namespace driftdb
