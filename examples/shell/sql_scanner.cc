#include "sql_scanner.h"

#include <cctype>

namespace shell {
namespace {

bool IsScannerWordByte(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

}  // namespace

void SqlScanner::Clear() { *this = SqlScanner(); }

void SqlScanner::Append(std::string_view line, int line_number) {
  // What was taken is dropped here rather than at each statement of a long line.
  const size_t used = begun_ ? begin_ : at_;
  text_.erase(0, used);
  at_ -= used;
  begin_ = 0;
  // Everything given so far has been scanned when Next said no, so the new line begins at at_.
  line_ = line_number;
  text_ += line;
}

// Length of $tag$ at at_, 0 when there is none (parameters begin with a digit).
size_t SqlScanner::DollarTagLength() const {
  size_t end = at_ + 1;
  if (end < text_.size() && std::isdigit(static_cast<unsigned char>(text_[end])) != 0) return 0;
  while (end < text_.size() && text_[end] != '$' && IsScannerWordByte(text_[end])) ++end;
  return end < text_.size() && text_[end] == '$' ? end + 1 - at_ : 0;
}

bool SqlScanner::WordBefore(size_t at) const { return at > 0 && IsScannerWordByte(text_[at - 1]); }

// One step outside quotes and comments; true when it was the statement's semicolon.
bool SqlScanner::ScanPlain() {
  const char c = text_[at_];
  const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
  if (c == '-' && next == '-') {
    state_ = State::kLineComment;
    at_ += 2;
    return false;
  }
  if (c == '/' && next == '*') {
    state_ = State::kBlockComment;
    comment_depth_ = 1;
    at_ += 2;
    return false;
  }
  if (c == '\n') ++line_;
  if (std::isspace(static_cast<unsigned char>(c)) != 0) {
    ++at_;
    return false;
  }
  if (!begun_ && c == ';') {  // an empty statement
    ++at_;
    return false;
  }
  if (!begun_) {
    begun_ = true;
    begin_ = at_;
    begin_line_ = line_;
  }
  if (c == '\'') {
    const bool escapes =
        at_ > 0 && (text_[at_ - 1] == 'E' || text_[at_ - 1] == 'e') && !WordBefore(at_ - 1);
    state_ = escapes ? State::kEscapeString : State::kString;
  } else if (c == '"') {
    state_ = State::kName;
  } else if (c == '$' && !WordBefore(at_)) {
    const size_t length = DollarTagLength();
    if (length > 0) {
      state_ = State::kDollar;
      dollar_tag_ = text_.substr(at_, length);
      at_ += length;
      return false;
    }
  } else if (c == '(') {
    ++parentheses_;
  } else if (c == ')' && parentheses_ > 0) {
    --parentheses_;
  }
  ++at_;
  return c == ';' && parentheses_ == 0;
}

// One step inside quotes or a comment. A doubled quote closes and opens again, which comes to the
// same.
void SqlScanner::ScanInside() {
  const char c = text_[at_];
  const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
  size_t step = 1;
  switch (state_) {
    case State::kLineComment:
      if (c == '\n') state_ = State::kPlain;
      break;
    case State::kBlockComment:
      if (c == '*' && next == '/') {
        step = 2;
        if (--comment_depth_ == 0) state_ = State::kPlain;
      } else if (c == '/' && next == '*') {
        step = 2;
        ++comment_depth_;
      }
      break;
    case State::kEscapeString:
      if (c == '\\' && next != '\0') step = next == '\n' ? 1 : 2;
      if (c == '\'') state_ = State::kPlain;
      break;
    case State::kString:
      if (c == '\'') state_ = State::kPlain;
      break;
    case State::kName:
      if (c == '"') state_ = State::kPlain;
      break;
    default:
      if (c == '$' && text_.compare(at_, dollar_tag_.size(), dollar_tag_) == 0) {
        step = dollar_tag_.size();
        state_ = State::kPlain;
      }
  }
  if (c == '\n') ++line_;
  at_ += step;
}

void SqlScanner::Take(size_t end, std::string* statement) {
  *statement = text_.substr(begin_, end - begin_);
  taken_line_ = begin_line_;
  begun_ = false;
  parentheses_ = 0;
}

bool SqlScanner::Next(std::string* statement) {
  while (at_ < text_.size()) {
    if (state_ != State::kPlain) {
      ScanInside();
    } else if (ScanPlain()) {
      Take(at_, statement);
      return true;
    }
  }
  return false;
}

std::string SqlScanner::TakeRest() {
  std::string rest;
  if (begun_) Take(text_.size(), &rest);
  const int line = begin_line_;
  Clear();
  taken_line_ = line;
  return rest;
}

}  // namespace shell
