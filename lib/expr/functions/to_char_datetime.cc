// to_char of dates and intervals; to_date and to_timestamp with a format.
#include <algorithm>

#include "expr/functions/functions.h"
#include "expr/kernel.h"
#include "types/civil.h"
#include "types/text_parse.h"

namespace driftdb::expr {

namespace {

// The template words, longest first where one is a prefix of another.
constexpr std::string_view kToCharWords[] = {
    "SSSSS", "SSSS",  "HH24", "HH12", "HH", "MI",    "SS",   "MS",  "US",  "A.M.", "P.M.", "AM",
    "PM",    "Y,YYY", "YYYY", "YYY",  "YY", "Y",     "IYYY", "IYY", "IY",  "IDDD", "ID",   "IW",
    "I",     "B.C.",  "A.D.", "BC",   "AD", "MONTH", "MON",  "MM",  "DAY", "DY",   "DDD",  "DD",
    "D",     "WW",    "W",    "CC",   "J",  "Q",     "RM",   "TZH", "TZM", "TZ",   "OF"};
constexpr std::string_view kToCharMonths[] = {"January",   "February", "March",    "April",
                                              "May",       "June",     "July",     "August",
                                              "September", "October",  "November", "December"};
constexpr std::string_view kToCharDays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                            "Thursday", "Friday", "Saturday"};
constexpr std::string_view kToCharRoman[] = {"I",   "II",   "III", "IV", "V",  "VI",
                                             "VII", "VIII", "IX",  "X",  "XI", "XII"};

// One piece of a template: a word (upper case) as it is written, or literal text.
struct ToCharPiece {
  std::string_view word;  // empty: literal
  std::string_view written;
  bool fill_mode = false;
  bool ordinal = false;
  bool ordinal_upper = false;
};

std::string ToCharUpper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return upper;
}

std::vector<ToCharPiece> ToCharSplit(std::string_view form) {
  std::vector<ToCharPiece> pieces;
  const std::string upper = ToCharUpper(form);
  bool fill = false;
  for (size_t at = 0; at < form.size();) {
    if (form[at] == '"') {
      size_t end = form.find('"', at + 1);
      if (end == std::string_view::npos) end = form.size();
      pieces.push_back({"", form.substr(at + 1, end - at - 1)});
      at = end + 1;
      continue;
    }
    const std::string_view rest = std::string_view(upper).substr(at);
    if (rest.starts_with("FM") || rest.starts_with("FX") || rest.starts_with("TM")) {
      fill |= !rest.starts_with("FX");  // TM gives names without padding too
      at += 2;
      continue;
    }
    const auto* word = std::find_if(std::begin(kToCharWords), std::end(kToCharWords),
                                    [&](std::string_view w) { return rest.starts_with(w); });
    if (word == std::end(kToCharWords)) {
      pieces.push_back({"", form.substr(at, 1)});
      ++at;
      continue;
    }
    ToCharPiece piece{*word, form.substr(at, word->size()), fill};
    at += word->size();
    if (std::string_view(upper).substr(at).starts_with("TH") && *word != "MONTH") {
      piece.ordinal = true;
      piece.ordinal_upper = form[at] == 'T';
      at += 2;
    }
    fill = false;  // FM modifies one word
    pieces.push_back(piece);
  }
  return pieces;
}

struct ToCharFields {
  int64_t year = 0;  // as shown, astronomical below
  int32_t astronomical = 0;
  int64_t month = 0, day = 0, hour = 0, minute = 0, second = 0, micros = 0;
  int32_t days = 0;
  bool interval = false;
  int32_t offset = 0;
};

void ToCharNumber(int64_t value, int width, const ToCharPiece& piece, std::string* out) {
  const bool negative = value < 0;
  std::string digits = std::to_string(negative ? -value : value);
  if (!piece.fill_mode && static_cast<int>(digits.size()) < width) {
    digits.insert(0, static_cast<size_t>(width) - digits.size(), '0');
  }
  if (negative) out->push_back('-');
  out->append(digits);
  if (!piece.ordinal) return;
  const char* suffix = "th";
  const int64_t tens = (negative ? -value : value) % 100;
  if (tens < 11 || tens > 13) {
    suffix = tens % 10 == 1 ? "st" : tens % 10 == 2 ? "nd" : tens % 10 == 3 ? "rd" : "th";
  }
  out->append(piece.ordinal_upper ? ToCharUpper(suffix) : suffix);
}

// A name in the case of the template ("MON", "Mon", "mon"), padded to `width` outside fill mode.
void ToCharName(std::string_view name, size_t width, const ToCharPiece& piece, std::string* out) {
  std::string text(name);
  const bool first_upper = piece.written[0] >= 'A' && piece.written[0] <= 'Z';
  const bool second_upper = piece.written[1] >= 'A' && piece.written[1] <= 'Z';
  if (first_upper && second_upper) text = ToCharUpper(text);
  if (!first_upper) text = LowerAscii(text);
  if (!piece.fill_mode && text.size() < width) text.append(width - text.size(), ' ');
  out->append(text);
}

void ToCharYear(std::string_view word, const ToCharFields& f, const ToCharPiece& piece,
                std::string* out) {
  int32_t iso_year = f.astronomical, week = 0;
  int64_t year = f.year;
  if (word[0] == 'I') {
    DateIsoWeek(f.days, &iso_year, &week);
    year = iso_year > 0 ? iso_year : 1 - iso_year;
  }
  const auto digits = static_cast<int>(word.size());
  if (word == "Y,YYY") {
    out->append(std::to_string(year / 1000)).push_back(',');
    ToCharPiece plain = piece;
    plain.fill_mode = false;
    ToCharNumber(year % 1000, 3, plain, out);
    return;
  }
  constexpr int64_t kModulo[] = {1, 10, 100, 1000, INT64_MAX};
  ToCharNumber(year % kModulo[digits], f.interval && year == 0 && digits == 4 ? 4 : digits, piece,
               out);
}

void ToCharHalfDay(const ToCharFields& f, const ToCharPiece& piece, std::string* out) {
  const bool dots = piece.written.size() == 4;
  std::string text = f.hour % 24 >= 12 ? (dots ? "P.M." : "PM") : (dots ? "A.M." : "AM");
  if (piece.written[0] >= 'a') text = LowerAscii(text);
  out->append(text);
}

void ToCharOffset(std::string_view word, const ToCharFields& f, const ToCharPiece& piece,
                  std::string* out) {
  const int32_t magnitude = f.offset < 0 ? -f.offset : f.offset;
  if (word == "TZ") {
    out->append(f.offset == 0 ? (piece.written[0] == 't' ? "utc" : "UTC") : "");
    if (f.offset == 0) return;
  }
  if (word != "TZM") {
    out->push_back(f.offset < 0 ? '-' : '+');
    out->append(fmt::format("{:02}", magnitude / 3600));
  }
  const int32_t minutes = magnitude % 3600 / 60;
  if (word == "TZM") out->append(fmt::format("{:02}", minutes));
  if (word == "OF" && minutes != 0) out->append(fmt::format(":{:02}", minutes));
}

void ToCharPieceOut(const ToCharPiece& piece, const ToCharFields& f, std::string* out) {
  const std::string_view w = piece.word;
  const auto number = [&](int64_t value, int width) { ToCharNumber(value, width, piece, out); };
  int32_t iso_year = 0, week = 0;
  if (w.empty()) {
    out->append(piece.written);
  } else if (w == "HH24") {
    number(f.hour, 2);
  } else if (w == "HH12" || w == "HH") {
    number(f.hour % 12 == 0 ? 12 : f.hour % 12, 2);
  } else if (w == "MI") {
    number(f.minute, 2);
  } else if (w == "SS") {
    number(f.second, 2);
  } else if (w == "MS") {
    number(f.micros / 1000, 3);
  } else if (w == "US") {
    number(f.micros, 6);
  } else if (w == "SSSS" || w == "SSSSS") {
    number(f.hour * 3600 + f.minute * 60 + f.second, 0);
  } else if (w == "AM" || w == "PM" || w == "A.M." || w == "P.M.") {
    ToCharHalfDay(f, piece, out);
  } else if (w[0] == 'Y' || w == "IYYY" || w == "IYY" || w == "IY" || w == "I") {
    ToCharYear(w, f, piece, out);
  } else if (w == "BC" || w == "AD" || w == "B.C." || w == "A.D.") {
    std::string text = f.astronomical > 0 ? "AD" : "BC";
    if (w.size() == 4) text = f.astronomical > 0 ? "A.D." : "B.C.";
    out->append(piece.written[0] >= 'a' ? LowerAscii(text) : text);
  } else if (w == "MONTH") {
    if (f.month > 0) ToCharName(kToCharMonths[f.month - 1], 9, piece, out);
  } else if (w == "MON") {
    if (f.month > 0) ToCharName(kToCharMonths[f.month - 1].substr(0, 3), 0, piece, out);
  } else if (w == "MM") {
    number(f.month, 2);
  } else if (w == "DAY") {
    ToCharName(kToCharDays[DayOfWeek(f.days)], 9, piece, out);
  } else if (w == "DY") {
    ToCharName(kToCharDays[DayOfWeek(f.days)].substr(0, 3), 0, piece, out);
  } else if (w == "DDD") {
    number(f.interval ? f.day : f.days - DaysFromCivil(f.astronomical, 1, 1) + 1, 3);
  } else if (w == "IDDD") {
    DateIsoWeek(f.days, &iso_year, &week);
    number((week - 1) * 7 + (DayOfWeek(f.days) + 6) % 7 + 1, 3);
  } else if (w == "DD") {
    number(f.day, 2);
  } else if (w == "D") {
    number(DayOfWeek(f.days) + 1, 0);
  } else if (w == "ID") {
    number((DayOfWeek(f.days) + 6) % 7 + 1, 0);
  } else if (w == "WW") {
    number((f.days - DaysFromCivil(f.astronomical, 1, 1)) / 7 + 1, 2);
  } else if (w == "IW") {
    DateIsoWeek(f.days, &iso_year, &week);
    number(week, 2);
  } else if (w == "W") {
    number((f.day - 1) / 7 + 1, 0);
  } else if (w == "CC") {
    number(DateCentury(f.astronomical), 2);
  } else if (w == "J") {
    number(int64_t{f.days} + 2440588, 0);
  } else if (w == "Q") {
    number((f.month - 1) / 3 + 1, 0);
  } else if (w == "RM") {
    std::string text(f.month > 0 ? kToCharRoman[f.month - 1] : "");
    if (!piece.fill_mode && text.size() < 4) text.append(4 - text.size(), ' ');
    out->append(piece.written[0] == 'r' ? LowerAscii(text) : text);
  } else {
    ToCharOffset(w, f, piece, out);
  }
}

void ToCharClock(int64_t clock, ToCharFields* f) {
  f->hour = clock / (3600 * kMicrosPerSecond);
  f->minute = clock / (60 * kMicrosPerSecond) % 60;
  f->second = clock / kMicrosPerSecond % 60;
  f->micros = clock % kMicrosPerSecond;
}

template <TypeId type>
Status ToCharDatetime(KernelCall& call) {
  std::string buffer, known;
  std::vector<ToCharPiece> pieces;
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    if (i == call.rows[0] || known != call.args[1].text(i)) {
      known = call.args[1].text(i);
      pieces = ToCharSplit(known);
    }
    ToCharFields f;
    if constexpr (type == TypeId::kInterval) {
      const Interval v = call.args[0].value<Interval>(i);
      f.interval = true;
      f.year = f.astronomical = v.months / 12;
      f.month = v.months % 12;
      f.day = v.days;
      ToCharClock(v.micros, &f);
    } else {
      int64_t micros = call.args[0].value<int64_t>(i);
      if (micros == kTimestampInfinity || micros == kTimestampMinusInfinity) {
        call.out->data<StringRef>()[i] = StringRef();
        call.out->SetNull(i);
        return OkStatus();
      }
      if (type == TypeId::kTimestampTz) {
        f.offset = call.context->UtcOffsetSeconds(micros);
        micros += f.offset * kMicrosPerSecond;
      }
      const int64_t days = FloorDiv(micros, kMicrosPerDay);
      f.days = static_cast<int32_t>(days);
      const CivilDate date = CivilFromDays(f.days);
      f.astronomical = date.year;
      f.year = date.year > 0 ? date.year : 1 - date.year;
      f.month = date.month;
      f.day = date.day;
      ToCharClock(micros - days * kMicrosPerDay, &f);
    }
    buffer.clear();
    for (const ToCharPiece& piece : pieces) ToCharPieceOut(piece, f, &buffer);
    SetText(call, i, buffer);
    return OkStatus();
  });
}

// What a text says under a template.
struct FromCharFields {
  int64_t year = 0, month = 1, day = 1, day_of_year = 0, hour = 0, minute = 0, second = 0,
          micros = 0, julian = 0;
  bool pm = false, am = false, twelve = false, bc = false;
};

class FromChar {
 public:
  FromChar(std::string_view text, std::string_view form) : text_(text), form_(form) {}

  Status Parse(FromCharFields* f) {
    const std::vector<ToCharPiece> pieces = ToCharSplit(form_);
    for (size_t p = 0; p < pieces.size(); ++p) {
      const ToCharPiece& piece = pieces[p];
      if (piece.word.empty()) {
        // A separator in the template matches any separator, or nothing.
        for (size_t k = 0; k < piece.written.size() && at_ < text_.size(); ++k) {
          const char c = piece.written[k];
          const bool separator = !std::isalnum(static_cast<unsigned char>(c));
          if (!separator || !std::isalnum(static_cast<unsigned char>(text_[at_]))) ++at_;
        }
        continue;
      }
      while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
      if (at_ >= text_.size()) break;
      // Without a separator after it a number has exactly its template's digits.
      const bool bounded = p + 1 < pieces.size() && !pieces[p + 1].word.empty();
      DRIFTDB_RETURN_IF_ERROR(Word(piece, bounded, f));
    }
    return OkStatus();
  }

 private:
  Status Number(const ToCharPiece& piece, size_t digits, bool bounded, int64_t* out) {
    const size_t from = at_;
    bool negative = false;
    if (at_ < text_.size() && (text_[at_] == '-' || text_[at_] == '+'))
      negative = text_[at_++] == '-';
    int64_t value = 0;
    const size_t limit = bounded ? digits : 18;
    size_t count = 0;
    while (at_ < text_.size() && IsDigit(text_[at_]) && count < limit) {
      value = value * 10 + (text_[at_++] - '0');
      ++count;
    }
    if (count == 0) {
      return Error(sqlstate::kInvalidDatetimeFormat, "invalid value \"{}\" for \"{}\"",
                   text_.substr(from, digits), piece.word)
          .WithDetail("Value must be an integer.");
    }
    if (piece.ordinal) at_ = std::min(text_.size(), at_ + 2);
    *out = negative ? -value : value;
    return OkStatus();
  }

  template <size_t n>
  Status Name(const std::string_view (&names)[n], size_t letters, const ToCharPiece& piece,
              int64_t* out) {
    for (size_t k = 0; k < n; ++k) {
      const std::string_view name = letters == 0 ? names[k] : names[k].substr(0, letters);
      if (LowerAscii(text_.substr(at_, name.size())) == LowerAscii(name)) {
        at_ += name.size();
        *out = static_cast<int64_t>(k) + 1;
        return OkStatus();
      }
    }
    size_t end = at_;
    while (end < text_.size() && !IsSpace(text_[end])) ++end;
    return Error(sqlstate::kInvalidDatetimeFormat, "invalid value \"{}\" for \"{}\"",
                 text_.substr(at_, end - at_), piece.word)
        .WithDetail("The given value did not match any of the allowed values for this field.");
  }

  Status Fraction(size_t digits, int64_t* out) {
    int64_t unit = 100000;
    *out = 0;
    for (size_t k = 0; k < digits && at_ < text_.size() && IsDigit(text_[at_]); ++k, unit /= 10) {
      *out += (text_[at_++] - '0') * unit;
    }
    return OkStatus();
  }

  Status Word(const ToCharPiece& piece, bool bounded, FromCharFields* f) {
    const std::string_view w = piece.word;
    int64_t ignored = 0;
    if (w == "HH24") return Number(piece, 2, bounded, &f->hour);
    if (w == "HH" || w == "HH12") {
      f->twelve = true;
      return Number(piece, 2, bounded, &f->hour);
    }
    if (w == "MI") return Number(piece, 2, bounded, &f->minute);
    if (w == "SS") return Number(piece, 2, bounded, &f->second);
    if (w == "MS") return Fraction(3, &f->micros);
    if (w == "US") return Fraction(6, &f->micros);
    if (w == "MM") return Number(piece, 2, bounded, &f->month);
    if (w == "DD") return Number(piece, 2, bounded, &f->day);
    if (w == "DDD") return Number(piece, 3, bounded, &f->day_of_year);
    if (w == "J") return Number(piece, 7, bounded, &f->julian);
    if (w == "MONTH") return Name(kToCharMonths, 0, piece, &f->month);
    if (w == "MON") return Name(kToCharMonths, 3, piece, &f->month);
    if (w == "DAY") return Name(kToCharDays, 0, piece, &ignored);
    if (w == "DY") return Name(kToCharDays, 3, piece, &ignored);
    if (w == "RM") {
      for (int64_t k = 11; k >= 0; --k) {
        if (ToCharUpper(text_.substr(at_)).starts_with(kToCharRoman[k])) {
          at_ += kToCharRoman[k].size();
          f->month = k + 1;
          return OkStatus();
        }
      }
    }
    if (w == "YYYY") return Number(piece, 4, bounded, &f->year);
    if (w == "YYY" || w == "YY" || w == "Y") {
      const size_t from = at_;
      DRIFTDB_RETURN_IF_ERROR(Number(piece, w.size(), bounded, &f->year));
      // Short years lie near 2020, as in PostgreSQL's adjust_partial_year_to_2020.
      if (at_ - from <= 3) {
        const int64_t y = f->year;
        f->year += y < 70 ? 2000 : y < 100 ? 1900 : y < 520 ? 2000 : 1000;
      }
      return OkStatus();
    }
    if (w == "AM" || w == "PM" || w == "A.M." || w == "P.M.") {
      const std::string half = LowerAscii(text_.substr(at_, w.size()));
      f->pm = half[0] == 'p';
      f->am = half[0] == 'a';
      at_ = std::min(text_.size(), at_ + w.size());
      return OkStatus();
    }
    if (w == "BC" || w == "AD" || w == "B.C." || w == "A.D.") {
      f->bc = LowerAscii(text_.substr(at_, 1)) == "b";
      at_ = std::min(text_.size(), at_ + w.size());
      return OkStatus();
    }
    return Error(sqlstate::kFeatureNotSupported, "template word \"{}\" is not supported in input",
                 w);
  }

  std::string_view text_, form_;
  size_t at_ = 0;
};

Status FromCharRange(std::string_view text) {
  return Error(sqlstate::kDatetimeOverflow, "date/time field value out of range: \"{}\"", text);
}

// Days and microseconds of the day.
Status FromCharParse(std::string_view text, std::string_view form, int32_t* days, int64_t* clock) {
  FromCharFields f;
  DRIFTDB_RETURN_IF_ERROR(FromChar(text, form).Parse(&f));
  const int64_t year = f.bc ? 1 - f.year : f.year;  // none given: 1 BC, as in PostgreSQL
  if (f.twelve) {
    if (f.hour < 1 || f.hour > 12) {
      return Error(sqlstate::kInvalidDatetimeFormat, "hour \"{}\" is invalid for the 12-hour clock",
                   f.hour)
          .WithHint("Use the 24-hour clock, or give an hour between 1 and 12.");
    }
    f.hour = f.hour % 12 + (f.pm ? 12 : 0);
  }
  if (year < -4712 || year > 294246 || f.month < 1 || f.month > 12 || f.day < 1 ||
      f.day > DaysInMonth(static_cast<int32_t>(year), static_cast<int32_t>(f.month)) ||
      f.hour > 23 || f.minute > 59 || f.second > 59) {
    return FromCharRange(text);
  }
  *days = DaysFromCivil(static_cast<int32_t>(year), static_cast<int32_t>(f.month),
                        static_cast<int32_t>(f.day));
  if (f.day_of_year > 0) {
    *days = DaysFromCivil(static_cast<int32_t>(year), 1, 1) +
            static_cast<int32_t>(std::min<int64_t>(f.day_of_year, 366)) - 1;
  }
  if (f.julian > 0) *days = static_cast<int32_t>(f.julian - 2440588);
  *clock = (f.hour * 3600 + f.minute * 60 + f.second) * kMicrosPerSecond + f.micros;
  return OkStatus();
}

Status ToDate(KernelCall& call) {
  auto* out = call.out->data<int32_t>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    int64_t clock = 0;
    return FromCharParse(call.args[0].text(i), call.args[1].text(i), &out[i], &clock);
  });
}
Status ToTimestamp(KernelCall& call) {
  auto* out = call.out->data<int64_t>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    int32_t days = 0;
    int64_t clock = 0;
    DRIFTDB_RETURN_IF_ERROR(
        FromCharParse(call.args[0].text(i), call.args[1].text(i), &days, &clock));
    const int64_t local = days * kMicrosPerDay + clock;
    out[i] = local - call.context->LocalOffsetSeconds(local) * kMicrosPerSecond;
    return OkStatus();
  });
}

}  // namespace

void AddToCharFunctions(FunctionTable* table) {
  const LogicalType text = TypeId::kText;
  AddFunction(table, "to_char", {TypeId::kTimestamp, text}, text,
              ToCharDatetime<TypeId::kTimestamp>);
  AddFunction(table, "to_char", {TypeId::kTimestampTz, text}, text,
              ToCharDatetime<TypeId::kTimestampTz>)
      .volatility = Volatility::kStable;
  AddFunction(table, "to_char", {TypeId::kInterval, text}, text, ToCharDatetime<TypeId::kInterval>);
  AddFunction(table, "to_date", {text, text}, TypeId::kDate, ToDate);
  AddFunction(table, "to_timestamp", {text, text}, TypeId::kTimestampTz, ToTimestamp).volatility =
      Volatility::kStable;
}

}  // namespace driftdb::expr
