// Functions that build strings: padding, replacement, concatenation, quoting, format.
#include <algorithm>

#include "expr/binding.h"
#include "expr/functions/functions.h"
#include "expr/kernel.h"
#include "types/text_format.h"
#include "types/utf8.h"

namespace driftdb::expr {

namespace {

template <bool left>
Status BuildPad(KernelCall& call) {
  std::string buffer;
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const std::string_view text = call.args[0].text(i);
    const int64_t wanted = std::max(call.args[1].value<int32_t>(i), 0);
    const std::string_view fill = call.arg_count > 2 ? call.args[2].text(i) : " ";
    if (wanted > (int64_t{1} << 28)) {
      return Error(sqlstate::kProgramLimitExceeded, "requested length too large");
    }
    const auto have = static_cast<int64_t>(CountCharacters(text));
    buffer.clear();
    if (have >= wanted || fill.empty()) {
      buffer = text.substr(0, CharacterOffset(text, static_cast<size_t>(wanted)));
    } else {
      if (!left) buffer = text;
      size_t at = 0;
      for (int64_t k = have; k < wanted; ++k) {
        const size_t bytes = CharacterBytes(fill.substr(at));
        buffer.append(fill.substr(at, bytes));
        at += bytes;
        if (at == fill.size()) at = 0;
      }
      if (left) buffer.append(text);
    }
    SetText(call, i, buffer);
    return OkStatus();
  });
}

Status BuildReplace(KernelCall& call) {
  std::string buffer;
  ForEachRow(call.rows, [&](size_t i) {
    const std::string_view text = call.args[0].text(i), from = call.args[1].text(i),
                           to = call.args[2].text(i);
    if (from.empty()) return SetText(call, i, text);
    buffer.clear();
    size_t at = 0;
    for (size_t hit = text.find(from); hit != std::string_view::npos; hit = text.find(from, at)) {
      buffer.append(text.substr(at, hit - at)).append(to);
      at = hit + from.size();
    }
    buffer.append(text.substr(at));
    SetText(call, i, buffer);
  });
  return OkStatus();
}

Status BuildTranslate(KernelCall& call) {
  std::string buffer;
  ForEachRow(call.rows, [&](size_t i) {
    const std::string_view text = call.args[0].text(i), from = call.args[1].text(i),
                           to = call.args[2].text(i);
    buffer.clear();
    for (size_t k = 0; k < text.size();) {
      const size_t bytes = CharacterBytes(text.substr(k));
      const std::string_view c = text.substr(k, bytes);
      k += bytes;
      size_t f = 0, t = 0;
      bool found = false;
      while (f < from.size() && !found) {
        const size_t width = CharacterBytes(from.substr(f));
        found = from.substr(f, width) == c;
        if (found) break;
        f += width;
        if (t < to.size()) t += CharacterBytes(to.substr(t));
      }
      if (!found) {
        buffer.append(c);
      } else if (t < to.size()) {
        buffer.append(to.substr(t, CharacterBytes(to.substr(t))));
      }
    }
    SetText(call, i, buffer);
  });
  return OkStatus();
}

// overlay(text, replacement, start [, count])
Status BuildOverlay(KernelCall& call) {
  std::string buffer;
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const std::string_view text = call.args[0].text(i), insert = call.args[1].text(i);
    const int64_t start = call.args[2].value<int32_t>(i);
    const int64_t count = call.arg_count > 3 ? call.args[3].value<int32_t>(i)
                                             : static_cast<int64_t>(CountCharacters(insert));
    if (start <= 0) {
      return Error(sqlstate::kSubstringError, "negative substring length not allowed");
    }
    buffer = text.substr(0, CharacterOffset(text, static_cast<size_t>(start - 1)));
    buffer.append(insert);
    const int64_t resume = std::max<int64_t>(start + count, 1);
    buffer.append(text.substr(CharacterOffset(text, static_cast<size_t>(resume - 1))));
    SetText(call, i, buffer);
    return OkStatus();
  });
}

// concat, concat_ws: NULLs are skipped; arguments have been cast to text by the binder.
template <bool with_separator>
Status BuildConcat(KernelCall& call) {
  std::string buffer;
  ForEachRow(call.rows, [&](size_t i) {
    if (with_separator && !call.args[0].view.valid(i)) {
      call.out->data<StringRef>()[i] = StringRef();
      call.out->SetNull(i);
      return;
    }
    buffer.clear();
    bool first = true;
    for (size_t a = with_separator ? 1 : 0; a < call.arg_count; ++a) {
      if (!call.args[a].view.valid(i)) continue;
      if (with_separator && !first) buffer.append(call.args[0].text(i));
      buffer.append(call.args[a].text(i));
      first = false;
    }
    SetText(call, i, buffer);
  });
  return OkStatus();
}

Result<LogicalType> BuildBindText(std::vector<ExprPtr>& args) {
  for (ExprPtr& arg : args) {
    // Output form: booleans print as t and f here, unlike in a cast.
    if (arg->type.id == TypeId::kBoolean) {
      std::vector<ExprPtr> parts;
      parts.push_back(std::move(arg));
      parts.push_back(MakeConstant(Value::Text("t")));
      parts.push_back(MakeNot(parts[0]->Clone()));
      parts.push_back(MakeConstant(Value::Text("f")));
      DRIFTDB_ASSIGN_OR_RETURN(arg, BindCase(nullptr, std::move(parts), nullptr));
      continue;
    }
    DRIFTDB_ASSIGN_OR_RETURN(arg,
                             BindCast(std::move(arg), TypeId::kText, CastContext::kAssignment));
  }
  return LogicalType(TypeId::kText);
}

void BuildQuoteLiteral(std::string_view text, std::string* out) {
  const bool escape = text.find('\\') != std::string_view::npos;
  if (escape) out->push_back('E');
  out->push_back('\'');
  for (const char c : text) {
    if (c == '\'' || (escape && c == '\\')) out->push_back(c);
    out->push_back(c);
  }
  out->push_back('\'');
}

void BuildQuoteIdent(std::string_view text, std::string* out) {
  bool plain = !text.empty() && !(text[0] >= '0' && text[0] <= '9');
  for (const char c : text) {
    plain &= (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  }
  if (plain) {
    out->append(text);
    return;
  }
  out->push_back('"');
  for (const char c : text) {
    if (c == '"') out->push_back(c);
    out->push_back(c);
  }
  out->push_back('"');
}

template <void (*quote)(std::string_view, std::string*)>
Status BuildQuote(KernelCall& call) {
  std::string buffer;
  ForEachRow(call.rows, [&](size_t i) {
    buffer.clear();
    quote(call.args[0].text(i), &buffer);
    SetText(call, i, buffer);
  });
  return OkStatus();
}
Status BuildQuoteNullable(KernelCall& call) {
  std::string buffer;
  ForEachRow(call.rows, [&](size_t i) {
    buffer.clear();
    if (call.args[0].view.valid(i)) {
      BuildQuoteLiteral(call.args[0].text(i), &buffer);
    } else {
      buffer = "NULL";
    }
    SetText(call, i, buffer);
  });
  return OkStatus();
}

// format(): %s %I %L %%, positions %n$s and widths %10s, %-10s.
Status BuildFormatRow(KernelCall& call, size_t row, std::string* out) {
  const std::string_view form = call.args[0].text(row);
  size_t next = 1;
  for (size_t k = 0; k < form.size(); ++k) {
    if (form[k] != '%') {
      out->push_back(form[k]);
      continue;
    }
    if (++k >= form.size()) {
      return Error(sqlstate::kInvalidParameterValue, "unterminated format() type specifier")
          .WithHint("For a single \"%\" use \"%%\".");
    }
    if (form[k] == '%') {
      out->push_back('%');
      continue;
    }
    size_t width = 0;
    bool left = false;
    size_t digits = k;
    while (digits < form.size() && form[digits] >= '0' && form[digits] <= '9') ++digits;
    if (digits > k && digits < form.size() && form[digits] == '$') {
      next = 0;
      for (; k < digits; ++k) next = std::min<size_t>(next * 10 + (form[k] - '0'), 100000);
      ++k;
      if (next == 0) {
        return Error(sqlstate::kInvalidParameterValue,
                     "format specifies argument 0, but arguments are numbered from 1");
      }
    }
    for (; k < form.size() && form[k] == '-'; ++k) left = true;
    for (; k < form.size() && form[k] >= '0' && form[k] <= '9'; ++k) {
      width = std::min<size_t>(width * 10 + (form[k] - '0'), 1 << 20);
    }
    if (k >= form.size() || (form[k] != 's' && form[k] != 'I' && form[k] != 'L')) {
      return Error(sqlstate::kInvalidParameterValue, "unrecognized format() type specifier \"{}\"",
                   k < form.size() ? form.substr(k, 1) : std::string_view())
          .WithHint("For a single \"%\" use \"%%\".");
    }
    if (next >= call.arg_count) {
      return Error(sqlstate::kInvalidParameterValue, "too few arguments for format()");
    }
    const KernelArg& arg = call.args[next++];
    std::string piece;
    if (!arg.view.valid(row)) {
      if (form[k] == 'I') {
        return Error(sqlstate::kNullNotAllowed,
                     "null values cannot be formatted as an SQL identifier");
      }
      piece = form[k] == 'L' ? "NULL" : "";
    } else if (form[k] == 's') {
      piece = arg.text(row);
    } else if (form[k] == 'I') {
      BuildQuoteIdent(arg.text(row), &piece);
    } else {
      BuildQuoteLiteral(arg.text(row), &piece);
    }
    const size_t have = CountCharacters(piece);
    if (!left && have < width) out->append(width - have, ' ');
    out->append(piece);
    if (left && have < width) out->append(width - have, ' ');
  }
  return OkStatus();
}

Status BuildFormat(KernelCall& call) {
  std::string buffer;
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    if (!call.args[0].view.valid(i)) {
      call.out->data<StringRef>()[i] = StringRef();
      call.out->SetNull(i);
      return OkStatus();
    }
    buffer.clear();
    DRIFTDB_RETURN_IF_ERROR(BuildFormatRow(call, i, &buffer));
    SetText(call, i, buffer);
    return OkStatus();
  });
}

void BuildAddVariadic(FunctionTable* table, std::string_view name, std::vector<LogicalType> args,
                      ScalarKernel kernel) {
  ScalarFunction& f = AddFunction(table, name, std::move(args), TypeId::kText, kernel);
  f.variadic = true;
  f.strict = false;
  f.bind = BuildBindText;
  f.volatility = Volatility::kStable;  // printing a timestamptz depends on the session
}

}  // namespace

void AddStringBuildFunctions(FunctionTable* table) {
  const LogicalType text = TypeId::kText, i4 = TypeId::kInt32, any = TypeId::kUnknown;
  AddFunction(table, "lpad", {text, i4}, text, BuildPad<true>);
  AddFunction(table, "lpad", {text, i4, text}, text, BuildPad<true>);
  AddFunction(table, "rpad", {text, i4}, text, BuildPad<false>);
  AddFunction(table, "rpad", {text, i4, text}, text, BuildPad<false>);
  AddFunction(table, "replace", {text, text, text}, text, BuildReplace).may_fail = false;
  AddFunction(table, "translate", {text, text, text}, text, BuildTranslate).may_fail = false;
  AddFunction(table, "overlay", {text, text, i4}, text, BuildOverlay);
  AddFunction(table, "overlay", {text, text, i4, i4}, text, BuildOverlay);
  BuildAddVariadic(table, "concat", {any}, BuildConcat<false>);
  BuildAddVariadic(table, "concat_ws", {text, any}, BuildConcat<true>);
  BuildAddVariadic(table, "format", {text, any}, BuildFormat);
  ScalarFunction& bare = AddFunction(table, "format", {text}, text, BuildFormat);
  bare.strict = false;
  AddFunction(table, "quote_literal", {text}, text, BuildQuote<BuildQuoteLiteral>).may_fail = false;
  AddFunction(table, "quote_ident", {text}, text, BuildQuote<BuildQuoteIdent>).may_fail = false;
  ScalarFunction& nullable = AddFunction(table, "quote_nullable", {text}, text, BuildQuoteNullable);
  nullable.strict = false;
  nullable.may_fail = false;
}

}  // namespace driftdb::expr
