#include "line_source.h"

#include <cstdlib>
#include <utility>

namespace shell {
namespace {

class FileSource final : public LineSource {
 public:
  FileSource(FILE* file, std::string name) : file_(file), name_(std::move(name)) {}
  ~FileSource() override {
    if (file_ != stdin) std::fclose(file_);
    std::free(buffer_);
  }

  bool Read(Prompt, std::string* line) override {
    const ssize_t length = getline(&buffer_, &capacity_, file_);
    if (length < 0) return false;
    line->assign(buffer_, static_cast<size_t>(length));
    // The byte order mark that some editors write.
    if (++line_number_ == 1 && line->starts_with("\xef\xbb\xbf")) line->erase(0, 3);
    return true;
  }
  std::string name() const override { return name_; }

 private:
  FILE* const file_;
  const std::string name_;
  char* buffer_ = nullptr;
  size_t capacity_ = 0;
};

class TextSource final : public LineSource {
 public:
  explicit TextSource(std::string text) : text_(std::move(text)) {}

  bool Read(Prompt, std::string* line) override {
    if (at_ >= text_.size()) return false;
    const size_t end = text_.find('\n', at_);
    const size_t next = end == std::string::npos ? text_.size() : end + 1;
    *line = text_.substr(at_, next - at_);
    at_ = next;
    ++line_number_;
    return true;
  }
  bool holds_copy_data() const override { return false; }

 private:
  const std::string text_;
  size_t at_ = 0;
};

}  // namespace

std::unique_ptr<LineSource> OpenFileSource(const std::string& path) {
  FILE* file = std::fopen(path.c_str(), "re");
  if (file == nullptr) return nullptr;
  return std::make_unique<FileSource>(file, path);
}

std::unique_ptr<LineSource> MakeStdinSource() { return std::make_unique<FileSource>(stdin, ""); }

std::unique_ptr<LineSource> MakeTextSource(std::string text) {
  return std::make_unique<TextSource>(std::move(text));
}

}  // namespace shell
