// LIKE, ILIKE, SIMILAR TO and regular expressions: compiled once for constant patterns, else once
// per distinct neighbour.
#include <memory>

#include <re2/re2.h>

#include "base/error.h"
#include "expr/like.h"
#include "expr/program.h"
#include "types/utf8.h"

namespace driftdb::expr {

namespace {

void PatternLower(std::string_view text, std::string* out) {
  out->clear();
  if (IsAscii(text)) {
    out->assign(text);
    for (char& c : *out) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    return;
  }
  for (size_t i = 0; i < text.size();) {
    AppendCharacter(ToLowerCharacter(DecodeCharacter(text, &i)), out);
  }
}

struct PatternState : KernelState {
  PatternKind kind = PatternKind::kLike;
  bool negated = false;
  bool ready = false;
  std::string source, escape;
  LikePattern like;
  std::unique_ptr<re2::RE2> regex;
  std::string lowered;

  Status Prepare(std::string_view pattern, std::string_view escape_text) {
    if (ready && pattern == source && escape_text == escape) return OkStatus();
    source = pattern;
    escape = escape_text;
    ready = false;
    if (CountCharacters(escape_text) > 1) {
      return Error(sqlstate::kInvalidEscapeSequence, "invalid escape string")
          .WithHint("Escape string must be empty or one character.");
    }
    std::string text(pattern);
    if (kind == PatternKind::kLike || kind == PatternKind::kILike) {
      if (kind == PatternKind::kILike) PatternLower(pattern, &text);
      Result<LikePattern> compiled = LikePattern::Compile(text, escape_text);
      if (!compiled.ok()) return std::move(compiled).status();
      like = std::move(compiled).value();
      ready = true;
      return OkStatus();
    }
    if (kind == PatternKind::kSimilar) {
      Result<std::string> converted = SimilarToRegex(pattern, escape_text);
      if (!converted.ok()) return std::move(converted).status();
      text = std::move(converted).value();
    }
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_never_capture(true);
    options.set_dot_nl(true);
    options.set_case_sensitive(kind != PatternKind::kRegexNoCase);
    regex = std::make_unique<re2::RE2>(text, options);
    if (!regex->ok()) {
      return Error(sqlstate::kInvalidRegex, "invalid regular expression: {}", regex->error());
    }
    ready = true;
    return OkStatus();
  }

  bool Matches(std::string_view text) {
    switch (kind) {
      case PatternKind::kLike:
        return like.Matches(text);
      case PatternKind::kILike:
        PatternLower(text, &lowered);
        return like.Matches(lowered);
      default:
        return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *regex);
    }
  }
};

Status PatternMatch(KernelCall& call) {
  auto& state = static_cast<PatternState&>(*call.state);
  auto* out = call.out->data<uint8_t>();
  const KernelArg& text = call.args[0];
  const uint8_t negated = state.negated ? 1 : 0;
  const bool constant = call.args[1].constant && (call.arg_count < 3 || call.args[2].constant);
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    if (!state.ready || !constant) {
      DRIFTDB_RETURN_IF_ERROR(state.Prepare(call.args[1].text(i), call.arg_count > 2
                                                                      ? call.args[2].text(i)
                                                                      : std::string_view("\\")));
    }
    out[i] = (state.Matches(text.text(i)) ? 1 : 0) ^ negated;
    return OkStatus();
  });
}

}  // namespace

Result<std::unique_ptr<KernelState>> PreparePattern(const Expr& pattern) {
  auto state = std::make_unique<PatternState>();
  state->kind = pattern.pattern;
  state->negated = pattern.negated;
  const auto constant = [](const Expr& e) {
    return e.kind == ExprKind::kConstant && !e.value.is_null();
  };
  // A malformed constant pattern is reported when a row meets it: no rows, no error.
  if (constant(*pattern.children[1]) &&
      (pattern.children.size() < 3 || constant(*pattern.children[2]))) {
    const Status status = state->Prepare(
        pattern.children[1]->value.string(),
        pattern.children.size() > 2 ? pattern.children[2]->value.string() : std::string("\\"));
    if (!status.ok()) state->ready = false;
  }
  return std::unique_ptr<KernelState>(std::move(state));
}

ScalarKernel PatternKernel() { return PatternMatch; }

}  // namespace driftdb::expr
