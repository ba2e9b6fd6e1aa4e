// Casts from and to text, and the length of varchar(n) and char(n).
#include "expr/cast.h"
#include "expr/kernel.h"
#include "types/utf8.h"

namespace driftdb::expr {

namespace {

Status TextCastParse(KernelCall& call) {
  const LogicalType type = call.result_type;
  const size_t width = type.width();
  const TextOptions options = TextOptionsOf(call.context);
  uint8_t* out = call.out->mutable_raw_data();
  if (type.id == TypeId::kBytea) {
    return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
      std::string bytes;
      DRIFTDB_RETURN_IF_ERROR(ParseBytea(call.args[0].text(i), &bytes));
      call.out->SetString(i, bytes);
      return OkStatus();
    });
  }
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    return ParseValue(type, call.args[0].text(i), out + i * width, options);
  });
}

// Fits `text` to the type's length. Explicit casts cut, others fail unless only blanks are lost.
Status TextCastFit(const LogicalType& type, bool explicit_cast, std::string_view* text) {
  if (type.id == TypeId::kChar) {
    while (!text->empty() && text->back() == ' ') text->remove_suffix(1);
  }
  if (type.length == 0 || text->size() <= type.length) return OkStatus();
  const size_t end = CharacterOffset(*text, type.length);
  if (!explicit_cast && text->find_first_not_of(' ', end) != std::string_view::npos) {
    return Error(sqlstate::kStringTooLong, "value too long for type {}", type.ToString());
  }
  *text = text->substr(0, end);
  if (type.id == TypeId::kChar) {
    while (!text->empty() && text->back() == ' ') text->remove_suffix(1);
  }
  return OkStatus();
}

template <bool explicit_cast>
Status TextCastLength(KernelCall& call) {
  KeepArgument(call, 0);
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const StringRef& ref = call.args[0].value<StringRef>(i);
    std::string_view text = ref.view();
    DRIFTDB_RETURN_IF_ERROR(TextCastFit(call.result_type, explicit_cast, &text));
    SetTextPart(call, i, text);
    return OkStatus();
  });
}

template <bool explicit_cast>
Status TextCastFormat(KernelCall& call) {
  const KernelArg& arg = call.args[0];
  const size_t width = arg.type.width();
  const TextOptions options = TextOptionsOf(call.context);
  std::string buffer;
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    if (arg.type.id == TypeId::kBoolean) {
      // The cast spells words; only output of a boolean column is one letter.
      buffer = arg.value<uint8_t>(i) != 0 ? "true" : "false";
    } else {
      buffer.clear();
      FormatValue(arg.type, arg.view.data + arg.view.position(i) * width, &buffer, options);
    }
    std::string_view text = buffer;
    DRIFTDB_RETURN_IF_ERROR(TextCastFit(call.result_type, explicit_cast, &text));
    SetText(call, i, text);
    return OkStatus();
  });
}

}  // namespace

CastKernel SelectTextCast(const LogicalType& from, const LogicalType& to, bool explicit_cast) {
  if (from.is_string() && to.is_string()) {
    return {explicit_cast ? TextCastLength<true> : TextCastLength<false>, false};
  }
  if (from.is_string()) return {TextCastParse, false};
  if (to.is_string()) return {explicit_cast ? TextCastFormat<true> : TextCastFormat<false>, false};
  return {};
}

}  // namespace driftdb::expr
