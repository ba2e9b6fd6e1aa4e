#include "base/status.h"

namespace driftdb {

Status::Status(SqlState state, std::string message) : error_(std::make_unique<ErrorInfo>()) {
  error_->sqlstate = state;
  error_->message = std::move(message);
}

Status::Status(const Status& other)
    : error_(other.error_ ? std::make_unique<ErrorInfo>(*other.error_) : nullptr) {}

Status& Status::operator=(const Status& other) {
  if (this != &other) error_ = other.error_ ? std::make_unique<ErrorInfo>(*other.error_) : nullptr;
  return *this;
}

Status&& Status::WithDetail(std::string detail) && {
  if (error_) error_->detail = std::move(detail);
  return std::move(*this);
}

Status&& Status::WithHint(std::string hint) && {
  if (error_) error_->hint = std::move(hint);
  return std::move(*this);
}

Status&& Status::WithTable(std::string table) && {
  if (error_) error_->table = std::move(table);
  return std::move(*this);
}

Status&& Status::WithColumn(std::string column) && {
  if (error_) error_->column = std::move(column);
  return std::move(*this);
}

Status&& Status::WithConstraint(std::string constraint) && {
  if (error_) error_->constraint = std::move(constraint);
  return std::move(*this);
}

Status&& Status::At(int64_t position) && {
  if (error_ && error_->position == 0) error_->position = position;
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
