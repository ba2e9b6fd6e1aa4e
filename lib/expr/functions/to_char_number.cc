// to_char and to_number for numbers.
#include <algorithm>
#include <cmath>

#include "expr/functions/functions.h"
#include "expr/kernel.h"
#include "types/decimal.h"
#include "types/text_format.h"
#include "types/text_parse.h"

namespace driftdb::expr {

namespace {

// A number template taken apart. `body` keeps 9, 0, '.', ',' and V in order.
struct NumberTemplate {
  std::string body;
  int whole = 0, fraction = 0;
  bool fill = false, point = false, roman = false, exponent = false, ordinal = false;
  bool ordinal_upper = false, pr = false, blank = false;
  char sign = 0;  // S, M (MI), G (SG), P (PL), 0: default
  bool sign_first = false;
  int shift = 0;          // digits after V
  int first_zero = 1000;  // index among the whole digits of the first forced digit
};

NumberTemplate NumberSplit(std::string_view form) {
  NumberTemplate t;
  std::string upper(form);
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  bool after_v = false;
  const auto starts = [&](size_t at, std::string_view word) {
    return std::string_view(upper).substr(at).starts_with(word);
  };
  for (size_t i = 0; i < upper.size(); ++i) {
    const char c = upper[i];
    if (starts(i, "FM")) {
      t.fill = true;
      ++i;
    } else if (starts(i, "EEEE")) {
      t.exponent = true;
      i += 3;
    } else if (starts(i, "RN")) {
      t.roman = true;
      ++i;
    } else if (starts(i, "TH")) {
      t.ordinal = true;
      t.ordinal_upper = form[i] == 'T';
      ++i;
    } else if (starts(i, "PR")) {
      t.pr = true;
      ++i;
    } else if (starts(i, "MI") || starts(i, "SG") || starts(i, "PL")) {
      t.sign = c == 'M' ? 'M' : c == 'S' ? 'G' : 'P';
      t.sign_first = t.body.empty();
      ++i;
    } else if (c == 'S') {
      t.sign = 'S';
      t.sign_first = t.body.empty();
    } else if (c == '9' || c == '0') {
      if (t.point) {
        ++t.fraction;
      } else {
        if (c == '0' && t.first_zero == 1000) t.first_zero = t.whole;
        ++t.whole;
        if (after_v) ++t.shift;
      }
      t.body.push_back(c);
    } else if (c == '.' || c == 'D') {
      t.point = true;
      t.body.push_back('.');
    } else if (c == ',' || c == 'G') {
      t.body.push_back(',');
    } else if (c == 'V') {
      after_v = true;
    } else if (c == 'L') {
      t.body.push_back(' ');  // the currency symbol of locale "C" is a blank
    } else if (c == 'B') {
      t.blank = true;
    } else if (c == '"') {
      for (++i; i < form.size() && form[i] != '"'; ++i) t.body.push_back(form[i]);
    } else {
      t.body.push_back(form[i]);
    }
  }
  return t;
}

std::string NumberRoman(int64_t value, bool fill) {
  std::string text;
  if (value <= 0 || value > 3999) {
    text.assign(15, '#');
    return text;
  }
  constexpr struct {
    int value;
    const char* text;
  } kParts[] = {{1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"},
                {90, "XC"},  {50, "L"},   {40, "XL"}, {10, "X"},   {9, "IX"},
                {5, "V"},    {4, "IV"},   {1, "I"}};
  for (const auto& part : kParts) {
    for (; value >= part.value; value -= part.value) text += part.text;
  }
  if (!fill && text.size() < 15) text.insert(0, 15 - text.size(), ' ');
  return text;
}

// d.ddde+xx with the template's digits after the point.
std::string NumberExponent(int128_t magnitude, int scale, const NumberTemplate& t) {
  std::string digits;
  AppendInt128(magnitude, &digits);
  int exponent = magnitude == 0 ? 0 : static_cast<int>(digits.size()) - 1 - scale;
  const size_t keep = size_t{1} + static_cast<size_t>(t.fraction);
  if (digits.size() > keep) {
    int128_t cut = 0;
    RescaleDecimal(magnitude, static_cast<int>(digits.size() - keep), 0, &cut);
    digits.clear();
    AppendInt128(cut, &digits);
    if (digits.size() > keep) ++exponent;
    digits.resize(keep);
  }
  digits.append(keep - std::min(keep, digits.size()), '0');
  if (t.fraction > 0) digits.insert(1, ".");
  return digits + fmt::format("e{}{:02}", exponent < 0 ? '-' : '+', std::abs(exponent));
}

// The digits laid into the template, with blanks for absent leading digits; *first is where the
// number starts.
std::string NumberLayOut(const std::string& whole, const std::string& fraction,
                         const NumberTemplate& t, bool overflow, size_t* start, size_t* first) {
  std::string out;
  int position = 0;
  size_t fraction_at = 0;
  const int absent = t.whole - static_cast<int>(whole.size());
  bool started = false, point_seen = false;
  size_t trim_to = std::string::npos;
  *first = std::string::npos;
  *start = std::string::npos;
  for (const char c : t.body) {
    if ((c == '9' || c == '0' || c == '.') && *start == std::string::npos) *start = out.size();
    if (c == '9' || c == '0') {
      if (point_seen) {
        out.push_back(overflow ? '#' : fraction[fraction_at]);
        ++fraction_at;
        if (c == '0' || out.back() != '0') trim_to = out.size();
        continue;
      }
      const bool forced = position >= t.first_zero;
      if (overflow || position >= absent || forced) {
        if (!started) *first = out.size();
        started = true;
        out.push_back(overflow ? '#' : position >= absent ? whole[position - absent] : '0');
      } else if (!t.fill) {
        out.push_back(' ');
      }
      ++position;
    } else if (c == '.') {
      if (!started) *first = out.size();
      started = true;
      point_seen = true;
      out.push_back('.');
      trim_to = out.size();
    } else if (c == ',') {
      if (started) {
        out.push_back(',');
      } else if (!t.fill) {
        out.push_back(' ');
      }
    } else {
      out.push_back(c);
    }
  }
  if (t.fill && trim_to != std::string::npos && !overflow) out.resize(trim_to);
  if (*first == std::string::npos) *first = out.size();
  if (*start == std::string::npos) *start = 0;
  // In fill mode a zero would leave nothing but its point.
  if (t.fill && trim_to == *first + 1 && out.size() == trim_to && out.back() == '.') {
    out.insert(*first, 1, '0');
  }
  return out;
}

std::string NumberOrdinal(const std::string& whole, bool upper) {
  const int last = whole.empty() ? 0 : whole.back() - '0';
  const bool teen = whole.size() >= 2 && whole[whole.size() - 2] == '1';
  std::string suffix = teen ? "th" : last == 1 ? "st" : last == 2 ? "nd" : last == 3 ? "rd" : "th";
  if (upper) {
    for (char& c : suffix) c = static_cast<char>(c - 32);
  }
  return suffix;
}

void NumberPlaceSign(const NumberTemplate& t, bool negative, size_t start, size_t first,
                     std::string* body) {
  if (t.pr) {
    body->insert(first, negative ? "<" : t.fill ? "" : " ");
    body->append(negative ? ">" : t.fill ? "" : " ");
    return;
  }
  const char mark = negative ? '-' : '+';
  switch (t.sign) {
    case 'S':
      if (t.sign_first) {
        body->insert(first, 1, mark);
      } else {
        body->push_back(mark);
      }
      return;
    case 'G':
      body->insert(t.sign_first ? 0 : body->size(), 1, mark);
      return;
    case 'M':
      if (negative || !t.fill) {
        body->insert(t.sign_first ? 0 : body->size(), 1, negative ? '-' : ' ');
      }
      return;
    case 'P':
      if (negative) body->insert(first, 1, '-');
      body->insert(t.sign_first ? 0 : body->size(), 1, negative ? ' ' : '+');
      return;
    default:
      if (negative) {
        body->insert(first, 1, '-');
      } else if (!t.fill) {
        body->insert(start, 1, ' ');
      }
      return;
  }
}

std::string NumberFormat(int128_t value, int scale, std::string_view form) {
  const NumberTemplate t = NumberSplit(form);
  const bool negative = value < 0;
  int128_t magnitude = negative ? -value : value;
  if (t.roman) {
    int128_t rounded = 0;
    RescaleDecimal(value, scale, 0, &rounded);
    return NumberRoman(static_cast<int64_t>(std::clamp<int128_t>(rounded, 0, 100000)), t.fill);
  }
  if (t.exponent) {
    return (negative ? "-" : t.fill ? "" : " ") + NumberExponent(magnitude, scale, t);
  }
  int128_t scaled = 0;
  bool overflow = !RescaleDecimal(magnitude, scale - t.shift, t.fraction, &scaled);
  const bool zero = scaled == 0;
  std::string digits;
  AppendInt128(scaled, &digits);
  const auto places = static_cast<size_t>(t.fraction);
  if (digits.size() < places) digits.insert(0, places - digits.size(), '0');
  std::string whole = digits.substr(0, digits.size() - places);
  const std::string fraction = digits.substr(digits.size() - places);
  if (whole == "0" && places > 0) whole.clear();
  if (whole.empty() && places == 0) whole = "0";
  overflow |= static_cast<int>(whole.size()) > t.whole;
  size_t start = 0, first = 0;
  std::string body = NumberLayOut(whole, fraction, t, overflow, &start, &first);
  if (t.ordinal && !negative && !overflow && places == 0)
    body += NumberOrdinal(whole, t.ordinal_upper);
  NumberPlaceSign(t, negative && !zero, start, first, &body);
  return body;
}

template <typename T>
Status NumberToChar(KernelCall& call) {
  const int scale = call.args[0].type.id == TypeId::kDecimal ? call.args[0].type.scale : 0;
  ForEachRow(call.rows, [&](size_t i) {
    SetText(call, i, NumberFormat(call.args[0].value<T>(i), scale, call.args[1].text(i)));
  });
  return OkStatus();
}

Status NumberToCharDouble(KernelCall& call) {
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    constexpr int kDoubleScale = 15;
    const double v = call.args[0].value<double>(i);
    int128_t value = 0;
    int scale = kDoubleScale;
    // As many places as the template shows, rounded half to even like C's printf.
    const NumberTemplate t = NumberSplit(call.args[1].text(i));
    const int shown = t.fraction + t.shift;
    const double scaled = shown > 15 ? HUGE_VAL : v * static_cast<double>(kPowersOfTen64[shown]);
    if (std::fabs(scaled) < 0x1p52) {
      SetText(
          call, i,
          NumberFormat(static_cast<int64_t>(std::nearbyint(scaled)), shown, call.args[1].text(i)));
      return OkStatus();
    }
    while (scale > 0 && !DecimalFromDouble(v, 38, scale, &value)) --scale;
    if (scale == 0 && !DecimalFromDouble(v, 38, 0, &value)) {
      return Error(sqlstate::kNumericOutOfRange, "value out of range of to_char");
    }
    SetText(call, i, NumberFormat(value, scale, call.args[1].text(i)));
    return OkStatus();
  });
}

// Reads the digits and the sign wherever they are; the template says where the point is.
Status NumberFromChar(KernelCall& call) {
  auto* out = call.out->data<int128_t>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const NumberTemplate t = NumberSplit(call.args[1].text(i));
    std::string digits;
    bool negative = false, point = false;
    int fraction = 0;
    for (const char c : call.args[0].text(i)) {
      if (c == '-' || c == '<') negative = true;
      if (c == '.' && t.point && !point) {
        point = true;
        digits.push_back('.');
      } else if (IsDigit(c) && (!point || fraction < t.fraction)) {
        digits.push_back(c);
        fraction += point ? 1 : 0;
      }
    }
    if (digits.empty() || digits == ".") {
      return Error(sqlstate::kInvalidTextRepresentation,
                   "invalid input syntax for type numeric: \"{}\"", call.args[0].text(i));
    }
    DRIFTDB_RETURN_IF_ERROR(ParseDecimal(call.result_type, digits, &out[i]));
    if (negative) out[i] = -out[i];
    return OkStatus();
  });
}

Result<LogicalType> NumberBindFromChar(std::vector<ExprPtr>& args) {
  constexpr int kScaleUnknown = 10;
  if (args[1]->kind != ExprKind::kConstant || args[1]->value.is_null()) {
    return WideDecimal(kScaleUnknown);
  }
  return WideDecimal(std::min(NumberSplit(args[1]->value.string()).fraction, 38));
}

}  // namespace

void AddToCharNumberFunctions(FunctionTable* table) {
  const LogicalType text = TypeId::kText;
  AddFunction(table, "to_char", {TypeId::kInt32, text}, text, NumberToChar<int32_t>);
  AddFunction(table, "to_char", {TypeId::kInt64, text}, text, NumberToChar<int64_t>);
  AddFunction(table, "to_char", {TypeId::kDouble, text}, text, NumberToCharDouble);
  AddFunction(table, "to_char", {kAnyDecimal, text}, text, nullptr).select =
      [](const std::vector<LogicalType>& args, const LogicalType&) -> ScalarKernel {
    return args[0].physical() == PhysicalType::kInt64 ? NumberToChar<int64_t>
                                                      : NumberToChar<int128_t>;
  };
  AddFunction(table, "to_number", {text, text}, kAnyDecimal, NumberFromChar).bind =
      NumberBindFromChar;
}

}  // namespace driftdb::expr
