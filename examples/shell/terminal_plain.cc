// The terminal without line editing.
#include <cerrno>
#include <cstdlib>

#include "terminal.h"

namespace shell {
namespace {

class PlainTerminal final : public LineSource {
 public:
  explicit PlainTerminal(Shell* shell) : shell_(shell) {}
  ~PlainTerminal() override { std::free(buffer_); }

  bool Read(Prompt prompt, std::string* line) override {
    std::fputs(shell_->PromptText(prompt).c_str(), stdout);
    std::fflush(stdout);
    const ssize_t length = getline(&buffer_, &capacity_, stdin);
    if (length < 0) {
      std::fputc('\n', stdout);
      return false;
    }
    line->assign(buffer_, static_cast<size_t>(length));
    ++line_number_;
    return true;
  }
  bool is_terminal() const override { return true; }

 private:
  Shell* const shell_;
  char* buffer_ = nullptr;
  size_t capacity_ = 0;
};

}  // namespace

std::unique_ptr<LineSource> MakeTerminalSource(Shell* shell) {
  return std::make_unique<PlainTerminal>(shell);
}

}  // namespace shell
