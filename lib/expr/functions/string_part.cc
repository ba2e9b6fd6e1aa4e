// Functions whose result is a piece of their argument: no bytes are copied.
#include <algorithm>

#include "expr/functions/functions.h"
#include "expr/kernel.h"
#include "types/utf8.h"

namespace driftdb::expr {

namespace {

// Part of `text` from character `start` (1-based, may be below 1) with `length` characters.
std::string_view PartSlice(std::string_view text, int64_t start, int64_t length) {
  const int64_t end = start + length;
  const int64_t from = std::max<int64_t>(start, 1);
  if (end <= from) return {};
  size_t begin, size;
  // Every character has at least one byte, so ASCII positions are byte positions.
  if (IsAscii(text)) {
    begin = std::min<size_t>(text.size(), static_cast<size_t>(from - 1));
    size = static_cast<size_t>(end - from);
    return text.substr(begin, size);
  }
  begin = CharacterOffset(text, static_cast<size_t>(from - 1));
  const std::string_view rest = text.substr(begin);
  return rest.substr(0, CharacterOffset(rest, static_cast<size_t>(end - from)));
}

template <bool bytes>
Status PartSubstring(KernelCall& call) {
  KeepArgument(call, 0);
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const StringRef& ref = call.args[0].value<StringRef>(i);
    const int64_t start = call.args[1].value<int32_t>(i);
    int64_t length = int64_t{1} << 40;
    if (call.arg_count > 2) {
      length = call.args[2].value<int32_t>(i);
      if (length < 0) {
        return Error(sqlstate::kSubstringError, "negative substring length not allowed");
      }
    }
    if (bytes) {
      const int64_t from = std::max<int64_t>(start, 1), end = start + length;
      const auto size = static_cast<int64_t>(ref.size());
      SetTextPart(call, i,
                  end <= from || from > size ? std::string_view()
                                             : ref.view().substr(static_cast<size_t>(from - 1),
                                                                 static_cast<size_t>(end - from)));
    } else {
      SetTextPart(call, i, PartSlice(ref.view(), start, length));
    }
    return OkStatus();
  });
}

// left(text, n): n < 0 means all but the last |n| characters; right() the other way round.
template <bool from_right>
Status PartEdge(KernelCall& call) {
  KeepArgument(call, 0);
  ForEachRow(call.rows, [&](size_t i) {
    const StringRef& ref = call.args[0].value<StringRef>(i);
    const std::string_view text = ref.view();
    int64_t n = call.args[1].value<int32_t>(i);
    if (!from_right && n >= 0) {
      SetTextPart(
          call, i,
          text.substr(0, IsAscii(text) ? static_cast<size_t>(n) : CharacterOffset(text, n)));
      return;
    }
    const auto count = static_cast<int64_t>(CountCharacters(text));
    if (n < 0) n = std::max<int64_t>(count + n, 0);
    n = std::min(n, count);
    const int64_t cut = from_right ? count - n : n;
    const size_t offset = CharacterOffset(text, static_cast<size_t>(cut));
    SetTextPart(call, i, from_right ? text.substr(offset) : text.substr(0, offset));
  });
  return OkStatus();
}

// Does the set contain the character `c`?
bool PartInSet(std::string_view set, std::string_view c) {
  for (size_t k = 0; k < set.size();) {
    const size_t bytes = CharacterBytes(set.substr(k));
    if (set.substr(k, bytes) == c) return true;
    k += bytes;
  }
  return false;
}

template <bool left, bool right>
Status PartTrim(KernelCall& call) {
  KeepArgument(call, 0);
  ForEachRow(call.rows, [&](size_t i) {
    const StringRef& ref = call.args[0].value<StringRef>(i);
    std::string_view text = ref.view();
    const std::string_view set = call.arg_count > 1 ? call.args[1].text(i) : " ";
    while (left && !text.empty()) {
      const size_t bytes = CharacterBytes(text);
      if (!PartInSet(set, text.substr(0, bytes))) break;
      text.remove_prefix(bytes);
    }
    while (right && !text.empty()) {
      size_t at = text.size() - 1;
      while (at > 0 && (static_cast<uint8_t>(text[at]) & 0xC0) == 0x80) --at;
      if (!PartInSet(set, text.substr(at))) break;
      text = text.substr(0, at);
    }
    SetTextPart(call, i, text);
  });
  return OkStatus();
}

Status PartSplit(KernelCall& call) {
  KeepArgument(call, 0);
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const StringRef& ref = call.args[0].value<StringRef>(i);
    const std::string_view text = ref.view(), delimiter = call.args[1].text(i);
    int64_t field = call.args[2].value<int32_t>(i);
    if (field == 0) {
      return Error(sqlstate::kInvalidParameterValue, "field position must not be zero");
    }
    if (delimiter.empty() || text.empty()) {
      SetTextPart(call, i, field == 1 || field == -1 ? text : std::string_view());
      return OkStatus();
    }
    if (field < 0) {
      int64_t fields = 1;
      for (size_t at = text.find(delimiter); at != std::string_view::npos;
           at = text.find(delimiter, at + delimiter.size())) {
        ++fields;
      }
      field = fields + field + 1;
    }
    size_t from = 0;
    for (int64_t k = 1; k < field && from != std::string_view::npos; ++k) {
      const size_t at = text.find(delimiter, from);
      from = at == std::string_view::npos ? at : at + delimiter.size();
    }
    if (field < 1 || from == std::string_view::npos) {
      SetTextPart(call, i, {});
    } else {
      SetTextPart(call, i, text.substr(from, text.find(delimiter, from) - from));
    }
    return OkStatus();
  });
}

}  // namespace

void AddStringPartFunctions(FunctionTable* table) {
  const LogicalType text = TypeId::kText, bytes = TypeId::kBytea, i4 = TypeId::kInt32;
  for (const char* name : {"substring", "substr"}) {
    AddFunction(table, name, {text, i4}, text, PartSubstring<false>).may_fail = false;
    AddFunction(table, name, {text, i4, i4}, text, PartSubstring<false>);
    AddFunction(table, name, {bytes, i4}, bytes, PartSubstring<true>).may_fail = false;
    AddFunction(table, name, {bytes, i4, i4}, bytes, PartSubstring<true>);
  }
  AddFunction(table, "left", {text, i4}, text, PartEdge<false>).may_fail = false;
  AddFunction(table, "right", {text, i4}, text, PartEdge<true>).may_fail = false;
  for (const char* name : {"btrim", "trim"}) {
    AddFunction(table, name, {text}, text, PartTrim<true, true>).may_fail = false;
    AddFunction(table, name, {text, text}, text, PartTrim<true, true>).may_fail = false;
  }
  AddFunction(table, "ltrim", {text}, text, PartTrim<true, false>).may_fail = false;
  AddFunction(table, "ltrim", {text, text}, text, PartTrim<true, false>).may_fail = false;
  AddFunction(table, "rtrim", {text}, text, PartTrim<false, true>).may_fail = false;
  AddFunction(table, "rtrim", {text, text}, text, PartTrim<false, true>).may_fail = false;
  AddFunction(table, "split_part", {text, text, i4}, text, PartSplit);
}

}  // namespace driftdb::expr
