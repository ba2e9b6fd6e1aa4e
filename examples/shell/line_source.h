// Where the shell reads its lines: a file, a text given as argument, the terminal.
#ifndef DRIFTDB_EXAMPLES_SHELL_LINE_SOURCE_H_
#define DRIFTDB_EXAMPLES_SHELL_LINE_SOURCE_H_

#include <cstdio>
#include <memory>
#include <string>

namespace shell {

enum class Prompt { kStatement, kContinuation, kCopyData };

class LineSource {
 public:
  virtual ~LineSource() = default;
  // The next line with its line feed (the last one may lack it); false at the end.
  virtual bool Read(Prompt prompt, std::string* line) = 0;
  // For messages; empty: the text needs no place (the terminal, an argument).
  virtual std::string name() const { return ""; }
  virtual bool is_terminal() const { return false; }
  // Data of COPY FROM STDIN follows the statement here; an argument has none, it comes from
  // standard input.
  virtual bool holds_copy_data() const { return true; }
  // Ctrl-C was pressed while the last line was read, which is empty then.
  virtual bool TakeInterrupted() { return false; }
  int line_number() const { return line_number_; }

 protected:
  int line_number_ = 0;  // of the line read last
};

// Standard input is the one file that stays open. Null when the file cannot be opened (errno says
// why).
std::unique_ptr<LineSource> OpenFileSource(const std::string& path);
std::unique_ptr<LineSource> MakeStdinSource();
std::unique_ptr<LineSource> MakeTextSource(std::string text);

}  // namespace shell

#endif  // DRIFTDB_EXAMPLES_SHELL_LINE_SOURCE_H_
