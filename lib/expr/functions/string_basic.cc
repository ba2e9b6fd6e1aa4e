// Length, case, comparison and code points of strings.
#include <algorithm>
#include <cstring>

#include "base/hash.h"
#include "expr/binding.h"
#include "expr/functions/functions.h"
#include "expr/kernel.h"
#include "types/utf8.h"

namespace driftdb::expr {

namespace {

constexpr size_t kStringBytesMax = size_t{1} << 30;

Status StringTooLarge() {
  return Error(sqlstate::kProgramLimitExceeded, "requested length too large");
}

Status StringLength(KernelCall& call) {
  auto* out = call.out->data<int32_t>();
  ForEachRow(call.rows, [&](size_t i) {
    out[i] = static_cast<int32_t>(CountCharacters(call.args[0].text(i)));
  });
  return OkStatus();
}
Status StringOctets(KernelCall& call) {
  auto* out = call.out->data<int32_t>();
  ForEachRow(call.rows, [&](size_t i) {
    out[i] = static_cast<int32_t>(call.args[0].value<StringRef>(i).size());
  });
  return OkStatus();
}
Status StringBits(KernelCall& call) {
  auto* out = call.out->data<int32_t>();
  ForEachRow(call.rows, [&](size_t i) {
    out[i] = static_cast<int32_t>(call.args[0].value<StringRef>(i).size() * 8);
  });
  return OkStatus();
}

template <uint32_t (*map)(uint32_t), bool upper>
Status StringMapCase(KernelCall& call) {
  std::string buffer;
  ForEachRow(call.rows, [&](size_t i) {
    const StringRef& ref = call.args[0].value<StringRef>(i);
    const std::string_view text = ref.view();
    buffer.clear();
    if (IsAscii(text)) {
      buffer.resize(text.size());
      for (size_t k = 0; k < text.size(); ++k) {
        const auto c = static_cast<uint8_t>(text[k]);
        const bool letter = upper ? c >= 'a' && c <= 'z' : c >= 'A' && c <= 'Z';
        buffer[k] = static_cast<char>(letter ? c ^ 0x20 : c);
      }
    } else {
      for (size_t k = 0; k < text.size();) AppendCharacter(map(DecodeCharacter(text, &k)), &buffer);
    }
    SetText(call, i, buffer);
  });
  return OkStatus();
}

Status StringInitcap(KernelCall& call) {
  std::string buffer;
  ForEachRow(call.rows, [&](size_t i) {
    const std::string_view text = call.args[0].text(i);
    buffer.clear();
    bool inside = false;
    for (size_t k = 0; k < text.size();) {
      const uint32_t c = DecodeCharacter(text, &k);
      AppendCharacter(inside ? ToLowerCharacter(c) : ToUpperCharacter(c), &buffer);
      inside = IsAlphanumericCharacter(c);
    }
    SetText(call, i, buffer);
  });
  return OkStatus();
}

Status StringReverse(KernelCall& call) {
  std::string buffer;
  ForEachRow(call.rows, [&](size_t i) {
    const std::string_view text = call.args[0].text(i);
    buffer.resize(text.size());
    size_t end = text.size();
    for (size_t k = 0; k < text.size();) {
      const size_t bytes = CharacterBytes(text.substr(k));
      end -= bytes;
      std::memcpy(buffer.data() + end, text.data() + k, bytes);
      k += bytes;
    }
    SetText(call, i, buffer);
  });
  return OkStatus();
}

Status StringAscii(KernelCall& call) {
  auto* out = call.out->data<int32_t>();
  ForEachRow(call.rows, [&](size_t i) {
    const std::string_view text = call.args[0].text(i);
    size_t at = 0;
    out[i] = text.empty() ? 0 : static_cast<int32_t>(DecodeCharacter(text, &at));
  });
  return OkStatus();
}

Status StringChr(KernelCall& call) {
  std::string buffer;
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const int32_t code = call.args[0].value<int32_t>(i);
    if (code == 0) return Error(sqlstate::kProgramLimitExceeded, "null character not permitted");
    if (code < 0) {
      return Error(sqlstate::kInvalidParameterValue, "character number must be positive");
    }
    if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) {
      return Error(sqlstate::kProgramLimitExceeded,
                   "requested character too large for encoding: {}", code);
    }
    buffer.clear();
    AppendCharacter(static_cast<uint32_t>(code), &buffer);
    SetText(call, i, buffer);
    return OkStatus();
  });
}

Status StringRepeat(KernelCall& call) {
  std::string buffer;
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const std::string_view text = call.args[0].text(i);
    const auto times = static_cast<size_t>(std::max(call.args[1].value<int32_t>(i), 0));
    if (text.size() * times > kStringBytesMax) return StringTooLarge();
    buffer.clear();
    for (size_t k = 0; k < times; ++k) buffer.append(text);
    SetText(call, i, buffer);
    return OkStatus();
  });
}

// char(n) is stored without its padding, which octet_length counts.
Status StringPaddedOctets(KernelCall& call) {
  auto* out = call.out->data<int32_t>();
  const size_t length = call.args[0].type.length;
  ForEachRow(call.rows, [&](size_t i) {
    const std::string_view text = call.args[0].text(i);
    const size_t characters = CountCharacters(text);
    out[i] = static_cast<int32_t>(text.size() + (characters < length ? length - characters : 0));
  });
  return OkStatus();
}

// Position of a substring in characters, 1-based; 0 when absent. position(needle IN text) arrives
// as position(text, needle).
Status StringPosition(KernelCall& call) {
  auto* out = call.out->data<int32_t>();
  ForEachRow(call.rows, [&](size_t i) {
    const std::string_view text = call.args[0].text(i);
    const size_t at = text.find(call.args[1].text(i));
    out[i] = at == std::string_view::npos
                 ? 0
                 : static_cast<int32_t>(CountCharacters(text.substr(0, at))) + 1;
  });
  return OkStatus();
}

Status StringStartsWith(KernelCall& call) {
  auto* out = call.out->data<uint8_t>();
  ForEachRow(call.rows, [&](size_t i) {
    out[i] = call.args[0].text(i).starts_with(call.args[1].text(i)) ? 1 : 0;
  });
  return OkStatus();
}

Status StringConcat(KernelCall& call) {
  ForEachRow(call.rows, [&](size_t i) {
    const std::string_view a = call.args[0].text(i), b = call.args[1].text(i);
    const size_t size = a.size() + b.size();
    if (size <= StringRef::kInlineBytes) {
      char buffer[StringRef::kInlineBytes];
      std::copy(b.begin(), b.end(), std::copy(a.begin(), a.end(), buffer));
      call.out->data<StringRef>()[i] = StringRef(std::string_view(buffer, size));
      return;
    }
    char* to = call.out->AllocateString(size);
    std::copy(b.begin(), b.end(), std::copy(a.begin(), a.end(), to));
    call.out->data<StringRef>()[i] = StringRef(std::string_view(to, size));
  });
  return OkStatus();
}

Status StringToHex32(KernelCall& call) {
  ForEachRow(call.rows, [&](size_t i) {
    SetText(call, i, fmt::format("{:x}", static_cast<uint32_t>(call.args[0].value<int32_t>(i))));
  });
  return OkStatus();
}
Status StringToHex64(KernelCall& call) {
  ForEachRow(call.rows, [&](size_t i) {
    SetText(call, i, fmt::format("{:x}", static_cast<uint64_t>(call.args[0].value<int64_t>(i))));
  });
  return OkStatus();
}

Status StringHash(KernelCall& call) {
  auto* out = call.out->data<int64_t>();
  ForEachRow(call.rows,
             [&](size_t i) { out[i] = static_cast<int64_t>(HashBytes64(call.args[0].text(i))); });
  return OkStatus();
}

ScalarFunction& StringNeverFails(ScalarFunction& function) {
  function.may_fail = false;
  function.leakproof = true;
  return function;
}

}  // namespace

void AddStringFunctions(FunctionTable* table) {
  const LogicalType text = TypeId::kText, bytes = TypeId::kBytea, i4 = TypeId::kInt32;
  for (const char* name : {"length", "char_length", "character_length"}) {
    StringNeverFails(AddFunction(table, name, {text}, i4, StringLength));
  }
  StringNeverFails(AddFunction(table, "length", {bytes}, i4, StringOctets));
  for (const LogicalType& type : {text, bytes}) {
    StringNeverFails(AddFunction(table, "octet_length", {type}, i4, StringOctets));
    StringNeverFails(AddFunction(table, "bit_length", {type}, i4, StringBits));
  }
  StringNeverFails(AddFunction(table, "octet_length", {TypeId::kChar}, i4, StringPaddedOctets));
  StringNeverFails(
      AddFunction(table, "lower", {text}, text, StringMapCase<ToLowerCharacter, false>));
  StringNeverFails(
      AddFunction(table, "upper", {text}, text, StringMapCase<ToUpperCharacter, true>));
  StringNeverFails(AddFunction(table, "initcap", {text}, text, StringInitcap));
  StringNeverFails(AddFunction(table, "reverse", {text}, text, StringReverse));
  StringNeverFails(AddFunction(table, "ascii", {text}, i4, StringAscii));
  AddFunction(table, "chr", {i4}, text, StringChr);
  AddFunction(table, "repeat", {text, i4}, text, StringRepeat);
  StringNeverFails(AddFunction(table, "strpos", {text, text}, i4, StringPosition));
  StringNeverFails(AddFunction(table, "position", {text, text}, i4, StringPosition));
  StringNeverFails(
      AddFunction(table, "starts_with", {text, text}, TypeId::kBoolean, StringStartsWith));
  AddOperator(table, "^@", {text, text}, TypeId::kBoolean, StringStartsWith);
  StringNeverFails(AddOperator(table, "||", {text, text}, text, StringConcat));
  StringNeverFails(AddOperator(table, "||", {bytes, bytes}, bytes, StringConcat));
  for (const int side : {0, 1}) {
    // text || anything: the other side is printed first.
    ScalarFunction& f = AddOperator(
        table, "||", {side == 0 ? text : TypeId::kUnknown, side == 0 ? TypeId::kUnknown : text},
        text, StringConcat);
    f.bind = [](std::vector<ExprPtr>& args) -> Result<LogicalType> {
      for (ExprPtr& arg : args) {
        DRIFTDB_ASSIGN_OR_RETURN(arg,
                                 BindCast(std::move(arg), TypeId::kText, CastContext::kAssignment));
      }
      return LogicalType(TypeId::kText);
    };
  }
  StringNeverFails(AddFunction(table, "to_hex", {i4}, text, StringToHex32));
  StringNeverFails(AddFunction(table, "to_hex", {TypeId::kInt64}, text, StringToHex64));
  StringNeverFails(AddFunction(table, "hash64", {text}, TypeId::kInt64, StringHash));
}

}  // namespace driftdb::expr
