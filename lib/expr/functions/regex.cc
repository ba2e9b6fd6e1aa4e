// regexp_replace, regexp_like, regexp_substr, regexp_count: RE2, hence linear time and no back
// references in patterns.
#include <re2/re2.h>

#include "expr/functions/functions.h"
#include "expr/kernel.h"
#include "types/utf8.h"

namespace driftdb::expr {

namespace {

struct RegexState : KernelState {
  std::string pattern, flags;
  std::unique_ptr<re2::RE2> regex;
  bool global = false;

  Status Use(std::string_view wanted, std::string_view wanted_flags) {
    if (regex != nullptr && pattern == wanted && flags == wanted_flags) return OkStatus();
    pattern = wanted;
    flags = wanted_flags;
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_dot_nl(true);
    global = false;
    for (const char c : wanted_flags) {
      switch (c) {
        case 'g':
          global = true;
          break;
        case 'i':
          options.set_case_sensitive(false);
          break;
        case 'n':
        case 'm':
          options.set_dot_nl(false);
          options.set_posix_syntax(false);
          break;
        case 'c':
        case 's':
          break;
        default:
          return Error(sqlstate::kInvalidParameterValue,
                       "invalid regular expression option: \"{}\"", c);
      }
    }
    const bool lines = flags.find_first_of("nm") != std::string::npos;
    regex = std::make_unique<re2::RE2>((lines ? "(?m)" : "") + pattern, options);
    if (!regex->ok()) {
      Status status =
          Error(sqlstate::kInvalidRegex, "invalid regular expression: {}", regex->error());
      regex = nullptr;
      return status;
    }
    return OkStatus();
  }
};

Result<std::unique_ptr<KernelState>> RegexPrepare(const PrepareCall&) {
  return std::unique_ptr<KernelState>(std::make_unique<RegexState>());
}

re2::StringPiece RegexPiece(std::string_view text) { return {text.data(), text.size()}; }

// Appends the replacement with \1..\9, \& and \\ filled in.
void RegexExpand(std::string_view replacement, const re2::StringPiece* groups, int count,
                 std::string* out) {
  for (size_t k = 0; k < replacement.size(); ++k) {
    if (replacement[k] != '\\' || k + 1 >= replacement.size()) {
      out->push_back(replacement[k]);
      continue;
    }
    const char c = replacement[++k];
    if (c >= '1' && c <= '9') {
      const int group = c - '0';
      if (group < count && groups[group].data() != nullptr) {
        out->append(groups[group].data(), groups[group].size());
      }
    } else if (c == '&') {
      out->append(groups[0].data(), groups[0].size());
    } else {
      if (c != '\\') out->push_back('\\');
      out->push_back(c);
    }
  }
}

Status RegexReplace(KernelCall& call) {
  auto& state = static_cast<RegexState&>(*call.state);
  std::string buffer;
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const std::string_view text = call.args[0].text(i);
    DRIFTDB_RETURN_IF_ERROR(state.Use(
        call.args[1].text(i), call.arg_count > 3 ? call.args[3].text(i) : std::string_view()));
    constexpr int kGroupsMax = 10;
    re2::StringPiece groups[kGroupsMax];
    const int count = std::min(kGroupsMax, state.regex->NumberOfCapturingGroups() + 1);
    buffer.clear();
    size_t at = 0;
    while (at <= text.size() && state.regex->Match(RegexPiece(text), at, text.size(),
                                                   re2::RE2::UNANCHORED, groups, count)) {
      const auto begin = static_cast<size_t>(groups[0].data() - text.data());
      buffer.append(text.substr(at, begin - at));
      RegexExpand(call.args[2].text(i), groups, count, &buffer);
      at = begin + groups[0].size();
      if (groups[0].empty()) {
        // An empty match consumes one character, or the search would not move.
        if (at >= text.size()) {
          at = text.size() + 1;
          break;
        }
        const size_t bytes = CharacterBytes(text.substr(at));
        buffer.append(text.substr(at, bytes));
        at += bytes;
      }
      if (!state.global) break;
    }
    if (at < text.size()) buffer.append(text.substr(at));
    SetText(call, i, buffer);
    return OkStatus();
  });
}

Status RegexLike(KernelCall& call) {
  auto& state = static_cast<RegexState&>(*call.state);
  auto* out = call.out->data<uint8_t>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    DRIFTDB_RETURN_IF_ERROR(state.Use(
        call.args[1].text(i), call.arg_count > 2 ? call.args[2].text(i) : std::string_view()));
    out[i] = re2::RE2::PartialMatch(RegexPiece(call.args[0].text(i)), *state.regex) ? 1 : 0;
    return OkStatus();
  });
}

// The first match, or its first group if there is one (substring(text from pattern) does the same);
// NULL without a match.
template <bool group>
Status RegexSubstr(KernelCall& call) {
  auto& state = static_cast<RegexState&>(*call.state);
  KeepArgument(call, 0);
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    DRIFTDB_RETURN_IF_ERROR(state.Use(call.args[1].text(i), ""));
    const StringRef& ref = call.args[0].value<StringRef>(i);
    re2::StringPiece found[2];
    const int count = group && state.regex->NumberOfCapturingGroups() > 0 ? 2 : 1;
    const bool hit = state.regex->Match(RegexPiece(ref.view()), 0, ref.size(), re2::RE2::UNANCHORED,
                                        found, count);
    if (!hit || found[count - 1].data() == nullptr) {
      call.out->data<StringRef>()[i] = StringRef();
      call.out->SetNull(i);
    } else {
      SetTextPart(call, i, {found[count - 1].data(), found[count - 1].size()});
    }
    return OkStatus();
  });
}

Status RegexCount(KernelCall& call) {
  auto& state = static_cast<RegexState&>(*call.state);
  auto* out = call.out->data<int32_t>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    DRIFTDB_RETURN_IF_ERROR(state.Use(call.args[1].text(i), ""));
    const std::string_view text = call.args[0].text(i);
    re2::StringPiece found;
    int32_t count = 0;
    size_t at = 0;
    while (at <= text.size() &&
           state.regex->Match(RegexPiece(text), at, text.size(), re2::RE2::UNANCHORED, &found, 1)) {
      ++count;
      at = static_cast<size_t>(found.data() - text.data()) + std::max<size_t>(found.size(), 1);
    }
    out[i] = count;
    return OkStatus();
  });
}

}  // namespace

void AddRegexFunctions(FunctionTable* table) {
  const LogicalType text = TypeId::kText, boolean = TypeId::kBoolean;
  const auto add = [&](std::string_view name, std::vector<LogicalType> args, LogicalType result,
                       ScalarKernel kernel) {
    AddFunction(table, name, std::move(args), result, kernel).prepare = RegexPrepare;
  };
  add("regexp_replace", {text, text, text}, text, RegexReplace);
  add("regexp_replace", {text, text, text, text}, text, RegexReplace);
  add("regexp_like", {text, text}, boolean, RegexLike);
  add("regexp_like", {text, text, text}, boolean, RegexLike);
  add("regexp_substr", {text, text}, text, RegexSubstr<false>);
  add("regexp_match_first", {text, text}, text, RegexSubstr<true>);
  add("substring", {text, text}, text, RegexSubstr<true>);
  add("regexp_count", {text, text}, TypeId::kInt32, RegexCount);
}

}  // namespace driftdb::expr
