// Splits SQL text that arrives line by line into statements.
// Shape: every byte is looked at once, so that a statement of many megabytes costs no more than its
// length. A statement ends at a semicolon outside quotes, comments and parentheses, as in psql.
// White space and comments in front of a statement are dropped.
#ifndef DRIFTDB_EXAMPLES_SHELL_SQL_SCANNER_H_
#define DRIFTDB_EXAMPLES_SHELL_SQL_SCANNER_H_

#include <string>
#include <string_view>

namespace shell {

class SqlScanner {
 public:
  // One line with its line feed; `line_number` is for messages.
  void Append(std::string_view line, int line_number);
  // Takes the next finished statement, with its semicolon.
  bool Next(std::string* statement);
  // Takes what is left at the end of the input; empty when there is nothing to run.
  std::string TakeRest();
  // Nothing begun: a dot command may stand here.
  bool idle() const { return !begun_ && state_ == State::kPlain; }
  // Of the statement that Next or TakeRest gave last.
  int statement_line() const { return taken_line_; }
  void Clear();

 private:
  enum class State { kPlain, kString, kEscapeString, kName, kDollar, kLineComment, kBlockComment };

  bool ScanPlain();
  void ScanInside();
  size_t DollarTagLength() const;
  bool WordBefore(size_t at) const;
  void Take(size_t end, std::string* statement);

  std::string text_;
  size_t at_ = 0;     // scanned up to here
  size_t begin_ = 0;  // of the statement, when begun_
  bool begun_ = false;
  State state_ = State::kPlain;
  int comment_depth_ = 0;
  int parentheses_ = 0;
  std::string dollar_tag_;
  int line_ = 0;  // of text_[at_]
  int begin_line_ = 0;
  int taken_line_ = 0;
};

}  // namespace shell

#endif  // DRIFTDB_EXAMPLES_SHELL_SQL_SCANNER_H_
