#include "spec.h"

#include <algorithm>
#include <cctype>

namespace isolation {

namespace {

struct Token {
  std::string text;
  bool block = false;  // what stood in { }
  size_t line = 0;
};

std::string Trimmed(const std::string& text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = Trimmed(text.substr(begin, end - begin));
    if (!line.empty() && line[0] != '#') lines.push_back(line);
    begin = end + 1;
  }
  return lines;
}

bool Tokenize(const std::string& text, std::vector<Token>* tokens, std::string* error) {
  size_t line = 1;
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '\n') ++line;
    if (std::isspace(static_cast<unsigned char>(c)) != 0) {
      ++i;
    } else if (c == '#') {
      i = std::min(text.find('\n', i), text.size());
    } else if (c == '{') {
      const size_t end = text.find('}', i);
      if (end == std::string::npos) {
        *error = "line " + std::to_string(line) + ": the block does not end";
        return false;
      }
      tokens->push_back({Trimmed(text.substr(i + 1, end - i - 1)), true, line});
      line += static_cast<size_t>(std::count(text.begin() + static_cast<ptrdiff_t>(i),
                                             text.begin() + static_cast<ptrdiff_t>(end), '\n'));
      i = end + 1;
    } else {
      const size_t end = std::min(text.find_first_of(" \t\r\n{#", i), text.size());
      tokens->push_back({text.substr(i, end - i), false, line});
      i = end;
    }
  }
  return true;
}

class Reader {
 public:
  Reader(std::vector<Token> tokens, Spec* spec) : tokens_(std::move(tokens)), spec_(spec) {}

  bool Read(std::string* error) {
    while (at_ < tokens_.size()) {
      const Token& word = tokens_[at_++];
      if (word.block || !ReadOne(word)) {
        *error = "line " + std::to_string(word.line) + ": " +
                 (problem_.empty() ? "\"" + word.text + "\" is not expected here" : problem_);
        return false;
      }
    }
    return true;
  }

 private:
  bool ReadOne(const Token& word) {
    if (word.text == "setup" || word.text == "teardown") {
      const bool setup = word.text == "setup";
      std::string* to = setup ? &spec_->setup : &spec_->teardown;
      if (!spec_->sessions.empty()) {
        to = setup ? &spec_->sessions.back().setup : &spec_->sessions.back().teardown;
      }
      return Block(to);
    }
    if (word.text == "session") {
      std::string name;
      if (!Word(&name)) return false;
      spec_->sessions.push_back({name, "", "", {}});
      return true;
    }
    if (word.text == "step") return ReadStep();
    if (word.text == "permutation") return ReadPermutation(word.line);
    if (word.text == "interleavings") return ReadInterleavings(word.line);
    return false;
  }

  bool Word(std::string* to) {
    if (at_ >= tokens_.size() || tokens_[at_].block) return Problem("a name is missing");
    *to = tokens_[at_++].text;
    return true;
  }
  bool Block(std::string* to) {
    if (at_ >= tokens_.size() || !tokens_[at_].block) return Problem("a block is missing");
    *to = tokens_[at_++].text;
    return true;
  }
  bool Problem(std::string text) {
    problem_ = std::move(text);
    return false;
  }

  bool ReadStep() {
    if (spec_->sessions.empty()) return Problem("a step belongs to a session");
    Step step;
    step.session = spec_->sessions.size() - 1;
    if (!Word(&step.name) || !Block(&step.sql)) return false;
    for (const Step& other : spec_->steps) {
      if (other.name == step.name) return Problem("there are two steps " + step.name);
    }
    spec_->sessions.back().steps.push_back(spec_->steps.size());
    spec_->steps.push_back(std::move(step));
    return true;
  }

  bool FindAction(const std::string& word, Action* action) {
    const bool prefixed = word[0] == '=' || word[0] == '!';
    const std::string name = prefixed ? word.substr(1) : word;
    if (word[0] == '!') {
      action->kind = Action::Kind::kInterrupt;
      for (size_t i = 0; i < spec_->sessions.size(); ++i) {
        action->session = i;
        if (spec_->sessions[i].name == name) return true;
      }
      return Problem("there is no session " + name);
    }
    if (word[0] == '=') action->kind = Action::Kind::kWhole;
    for (size_t i = 0; i < spec_->steps.size(); ++i) {
      action->step = i;
      action->session = spec_->steps[i].session;
      if (spec_->steps[i].name == name) return true;
    }
    return Problem("there is no step " + name);
  }

  bool ReadPermutation(size_t line) {
    Permutation permutation;
    permutation.line = line;
    while (at_ < tokens_.size() && !tokens_[at_].block) {
      Action action;
      if (!FindAction(tokens_[at_].text, &action)) return false;
      permutation.actions.push_back(action);
      ++at_;
    }
    std::string expected;
    if (!Block(&expected)) return false;
    permutation.expected = Lines(expected);
    spec_->permutations.push_back(std::move(permutation));
    return true;
  }

  bool ReadInterleavings(size_t line) {
    Interleavings all;
    all.line = line;
    std::string body;
    if (!Block(&body)) return false;
    for (const std::string& text : Lines(body)) {
      const size_t blank = std::min(text.find(' '), text.size());
      const std::string key = text.substr(0, blank);
      const std::string value = Trimmed(text.substr(blank));
      if (key == "errors") {
        for (size_t i = 0; i < value.size(); i += 6) all.errors.push_back(value.substr(i, 5));
      } else if (key == "final") {
        all.final_sql = value;
      } else if (key == "allow") {
        all.allowed.push_back(value);
      } else if (key == "every") {
        all.every = true;
      } else {
        return Problem("\"" + key + "\" is not a line of interleavings");
      }
    }
    spec_->interleavings.push_back(std::move(all));
    return true;
  }

  std::vector<Token> tokens_;
  Spec* const spec_;
  size_t at_ = 0;
  std::string problem_;
};

}  // namespace

bool ParseSpec(const std::string& text, Spec* spec, std::string* error) {
  std::vector<Token> tokens;
  if (!Tokenize(text, &tokens, error)) return false;
  return Reader(std::move(tokens), spec).Read(error);
}

}  // namespace isolation
