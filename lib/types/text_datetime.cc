// Text forms of date, time and timestamp: ISO output, PostgreSQL's usual input forms with MDY
// order.
#include <algorithm>
#include <charconv>
#include <cstring>
#include <vector>

#include "types/civil.h"
#include "types/decimal.h"
#include "types/text_format.h"
#include "types/text_parse.h"

namespace driftdb {

namespace {

inline void DatetimeAppend2(int v, std::string* out) {
  out->push_back(static_cast<char>('0' + v / 10));
  out->push_back(static_cast<char>('0' + v % 10));
}

void DatetimeAppendYear(int32_t year, std::string* out) {
  const int32_t shown = year > 0 ? year : 1 - year;
  if (shown < 1000) out->append(shown < 10 ? 3 : shown < 100 ? 2 : 1, '0');
  AppendInt128(shown, out);
}

void DatetimeAppendClock(int64_t micros, std::string* out) {
  const int64_t seconds = micros / kMicrosPerSecond;
  const auto fraction = static_cast<int>(micros % kMicrosPerSecond);
  DatetimeAppend2(static_cast<int>(seconds / 3600), out);
  out->push_back(':');
  DatetimeAppend2(static_cast<int>(seconds / 60 % 60), out);
  out->push_back(':');
  DatetimeAppend2(static_cast<int>(seconds % 60), out);
  if (fraction == 0) return;
  char digits[7] = {'.'};
  int rest = fraction;
  for (int i = 6; i >= 1; --i) {
    digits[i] = static_cast<char>('0' + rest % 10);
    rest /= 10;
  }
  int size = 7;
  while (digits[size - 1] == '0') --size;
  out->append(digits, size);
}

const char* const kMonthNames[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                   "jul", "aug", "sep", "oct", "nov", "dec"};
const char* const kMonthFullNames[] = {"january",   "february", "march",    "april",
                                       "may",       "june",     "july",     "august",
                                       "september", "october",  "november", "december"};

int DatetimeMonth(std::string_view word) {
  for (int m = 0; m < 12; ++m) {
    if (word == kMonthNames[m] || word == kMonthFullNames[m]) return m + 1;
  }
  return word == "sept" ? 9 : 0;
}

bool DatetimeIsWeekday(std::string_view word) {
  constexpr std::string_view kDays[] = {"sunday",   "monday", "tuesday", "wednesday",
                                        "thursday", "friday", "saturday"};
  for (const std::string_view day : kDays) {
    if (word.size() >= 3 && day.starts_with(word)) return true;
  }
  return false;
}

enum class DatetimeOutcome : uint8_t { kOk, kSyntax, kRange };

// What a text says, before it is put together.
struct DatetimeFields {
  bool has_date = false, has_time = false, has_zone = false;
  bool bc = false, pm = false, am = false;
  CivilDate date;
  int64_t clock_micros = 0;
  int32_t offset_seconds = 0;  // east of UTC
  enum class Special : uint8_t {
    kNone,
    kInfinity,
    kMinusInfinity,
    kEpoch,
    kNow,
    kDay
  } special = Special::kNone;
  int day_shift = 0;  // today, tomorrow, yesterday
};

class DatetimeParser {
 public:
  explicit DatetimeParser(std::string_view text) : text_(text) {}

  DatetimeOutcome Parse(DatetimeFields* f) {
    while (true) {
      while (at_ < text_.size() && (IsSpace(text_[at_]) || text_[at_] == ',')) ++at_;
      if (at_ >= text_.size()) break;
      const DatetimeOutcome outcome = Token(f);
      if (outcome != DatetimeOutcome::kOk) return outcome;
    }
    return Finish(f);
  }

 private:
  using Outcome = DatetimeOutcome;

  Outcome Token(DatetimeFields* f) {
    const char c = text_[at_];
    if (IsDigit(c)) {
      const size_t end = EndOfDigits(at_);
      if (end < text_.size() && text_[end] == ':') return Clock(f);
      if (!f->has_date && parts_ == 0 && end < text_.size() && text_[end] != ' ' &&
          text_[end] != ',' && (text_[end] == '-' || text_[end] == '/' || text_[end] == '.')) {
        return NumericDate(f);
      }
      return Number(f, end);
    }
    if ((c == '+' || c == '-') && f->has_time) return Zone(f);
    if (c == '-' || c == '+') {
      if (at_ + 1 < text_.size() && LowerAscii(text_.substr(at_ + 1)) == "infinity") {
        f->special =
            c == '-' ? DatetimeFields::Special::kMinusInfinity : DatetimeFields::Special::kInfinity;
        at_ = text_.size();
        return Outcome::kOk;
      }
      if (c == '-' && parts_ > 0) {  // 1-Jan-2020
        ++at_;
        return Outcome::kOk;
      }
      return Outcome::kSyntax;
    }
    return Word(f);
  }

  size_t EndOfDigits(size_t from) const {
    while (from < text_.size() && IsDigit(text_[from])) ++from;
    return from;
  }

  // Reads digits at at_; false when there are none or more than `most`.
  bool Digits(int* out, size_t most) {
    const size_t end = EndOfDigits(at_);
    if (end == at_ || end - at_ > most) return false;
    std::from_chars(text_.data() + at_, text_.data() + end, *out);
    at_ = end;
    return true;
  }

  // yyyy-mm-dd, yyyy-Mon-dd, dd-Mon-yyyy, mm/dd/yyyy, mm-dd-yyyy, yyyy.ddd is not read.
  Outcome NumericDate(DatetimeFields* f) {
    int first = 0, second = 0, third = 0;
    const size_t first_digits = EndOfDigits(at_) - at_;
    if (!Digits(&first, 7)) return Outcome::kSyntax;
    const char separator = text_[at_++];
    bool named = false;
    if (at_ < text_.size() && !IsDigit(text_[at_])) {
      size_t end = at_;
      while (end < text_.size() && std::isalpha(static_cast<unsigned char>(text_[end]))) ++end;
      second = DatetimeMonth(LowerAscii(text_.substr(at_, end - at_)));
      if (second == 0) return Outcome::kSyntax;
      named = true;
      at_ = end;
    } else if (!Digits(&second, 3)) {
      return Outcome::kSyntax;
    }
    if (at_ >= text_.size() || text_[at_] != separator) return Outcome::kSyntax;
    ++at_;
    const size_t third_digits = EndOfDigits(at_) - at_;
    if (!Digits(&third, 7)) return Outcome::kSyntax;
    f->has_date = true;
    if (first_digits >= 3) {
      f->date = {first, second, third};
    } else if (named) {
      f->date = {third_digits <= 2 ? Century(third) : third, second, first};
    } else {
      f->date = {third_digits <= 2 ? Century(third) : third, first, second};
    }
    // ISO 8601's T between date and time.
    if (at_ + 1 < text_.size() && (text_[at_] == 'T' || text_[at_] == 't') &&
        IsDigit(text_[at_ + 1])) {
      ++at_;
    } else if (at_ < text_.size() && IsDigit(text_[at_])) {
      return Outcome::kSyntax;
    }
    return Outcome::kOk;
  }

  static int Century(int year) { return year < 70 ? year + 2000 : year + 1900; }

  // A lone number: yyyymmdd, hhmmss after a date, or a part of "January 8, 1999".
  Outcome Number(DatetimeFields* f, size_t end) {
    const size_t digits = end - at_;
    int value = 0;
    if (digits > 8 || !Digits(&value, 8)) return Outcome::kSyntax;
    if (digits == 8 && !f->has_date) {
      f->date = {value / 10000, value / 100 % 100, value % 100};
      f->has_date = true;
      if (at_ < text_.size() && (text_[at_] == 'T' || text_[at_] == 't')) ++at_;
      return Outcome::kOk;
    }
    if ((digits == 6 || digits == 4) && f->has_date && !f->has_time) {
      if (digits == 4) value *= 100;
      return TimeOfDay(value / 10000, value / 100 % 100, value % 100, f);
    }
    if (f->has_date || parts_ >= 2) return Outcome::kSyntax;
    part_value_[parts_] = value;
    part_digits_[parts_++] = digits;
    return Outcome::kOk;
  }

  Outcome Fraction(DatetimeFields* f) {
    if (at_ >= text_.size() || text_[at_] != '.') return Outcome::kOk;
    ++at_;
    int64_t micros = 0, unit = 100000;
    for (; at_ < text_.size() && IsDigit(text_[at_]); ++at_, unit /= 10) {
      if (unit > 0) micros += (text_[at_] - '0') * unit;
      if (unit == 0 && rounding_ < 0) rounding_ = text_[at_] - '0';
    }
    if (rounding_ >= 5) ++micros;
    f->clock_micros += micros;
    return Outcome::kOk;
  }

  Outcome Clock(DatetimeFields* f) {
    int hour = 0, minute = 0, second = 0;
    if (f->has_time) return Outcome::kSyntax;
    if (!Digits(&hour, 9)) return Outcome::kSyntax;
    ++at_;  // ':'
    if (!Digits(&minute, 9)) return Outcome::kSyntax;
    if (at_ < text_.size() && text_[at_] == ':') {
      ++at_;
      if (!Digits(&second, 9)) return Outcome::kSyntax;
    }
    return TimeOfDay(hour, minute, second, f);
  }

  // What has been read, and the fraction behind it.
  Outcome TimeOfDay(int hour, int minute, int second, DatetimeFields* f) {
    if (hour > 24 || minute > 59 || second > 60) return Outcome::kRange;
    f->clock_micros = (hour * 3600LL + minute * 60 + second) * kMicrosPerSecond;
    f->has_time = true;
    const Outcome outcome = Fraction(f);
    return f->clock_micros > kMicrosPerDay ? Outcome::kRange : outcome;
  }

  Outcome Zone(DatetimeFields* f) {
    if (f->has_zone) return Outcome::kSyntax;
    const int sign = text_[at_++] == '-' ? -1 : 1;
    int hour = 0, minute = 0, second = 0;
    const size_t digits = EndOfDigits(at_) - at_;
    if (digits == 0 || digits == 5 || digits > 6 || !Digits(&hour, 6)) return Outcome::kSyntax;
    if (digits > 4) second = hour % 100, hour /= 100;
    if (digits > 2) minute = hour % 100, hour /= 100;
    if (at_ < text_.size() && text_[at_] == ':') {
      ++at_;
      if (!Digits(&minute, 2)) return Outcome::kSyntax;
      if (at_ < text_.size() && text_[at_] == ':') {
        ++at_;
        if (!Digits(&second, 2)) return Outcome::kSyntax;
      }
    }
    if (hour > 15 || minute > 59 || second > 59) return Outcome::kRange;
    f->offset_seconds = sign * (hour * 3600 + minute * 60 + second);
    f->has_zone = true;
    return Outcome::kOk;
  }

  Outcome Word(DatetimeFields* f) {
    size_t end = at_;
    while (end < text_.size() && std::isalpha(static_cast<unsigned char>(text_[end]))) ++end;
    if (end == at_) return Outcome::kSyntax;
    const std::string word = LowerAscii(text_.substr(at_, end - at_));
    at_ = end;
    using Special = DatetimeFields::Special;
    if (word == "bc") {
      f->bc = true;
    } else if (word == "ad") {
      f->bc = false;
    } else if (word == "am" && f->has_time) {
      f->am = true;
    } else if (word == "pm" && f->has_time) {
      f->pm = true;
    } else if (word == "t" && f->has_date && !f->has_time) {
      return Outcome::kOk;
    } else if (word == "z" || word == "utc" || word == "gmt" || word == "zulu") {
      f->has_zone = true;
    } else if (word == "infinity") {
      f->special = Special::kInfinity;
    } else if (word == "epoch") {
      f->special = Special::kEpoch;
    } else if (word == "now") {
      f->special = Special::kNow;
    } else if (word == "today" || word == "tomorrow" || word == "yesterday") {
      f->special = Special::kDay;
      f->day_shift = word == "today" ? 0 : word == "tomorrow" ? 1 : -1;
    } else if (word == "allballs" && !f->has_time) {
      f->has_time = true;
      f->has_zone = true;
    } else if (const int month = DatetimeMonth(word); month != 0 && month_ == 0) {
      month_ = month;
      month_after_ = parts_;
      if (at_ < text_.size() && (text_[at_] == '-' || text_[at_] == '.')) ++at_;
    } else if (!DatetimeIsWeekday(word)) {
      return Outcome::kSyntax;
    }
    return Outcome::kOk;
  }

  Outcome Finish(DatetimeFields* f) {
    if (f->special != DatetimeFields::Special::kNone) return Outcome::kOk;
    if (month_ != 0 && !f->has_date && parts_ == 2) {
      // "January 8, 1999", "8 January 1999", "1999 January 8".
      const int year_at = part_digits_[0] >= 3 ? 0 : 1;
      const int year = part_value_[year_at];
      f->date = {part_digits_[year_at] <= 2 ? Century(year) : year, month_,
                 part_value_[1 - year_at]};
      f->has_date = true;
    } else if (parts_ > 0 || month_ != 0) {
      return Outcome::kSyntax;
    }
    if (f->am || f->pm) {
      const int64_t hour = f->clock_micros / (3600 * kMicrosPerSecond);
      if (hour > 12) return Outcome::kRange;
      if (f->pm && hour < 12) f->clock_micros += 12 * 3600 * kMicrosPerSecond;
      if (f->am && hour == 12) f->clock_micros -= 12 * 3600 * kMicrosPerSecond;
    }
    if (f->has_date) {
      if (f->date.month < 1 || f->date.month > 12 || f->date.day < 1 || f->date.day > 31) {
        return Outcome::kRange;
      }
      if (f->bc) {
        if (f->date.year <= 0) return Outcome::kRange;
        f->date.year = 1 - f->date.year;
      } else if (f->date.year == 0) {
        return Outcome::kRange;
      }
      if (f->date.day > DaysInMonth(f->date.year, f->date.month)) return Outcome::kRange;
    }
    return Outcome::kOk;
  }

  std::string_view text_;
  size_t at_ = 0;
  int parts_ = 0;  // lone numbers of a date with a month name
  int part_value_[2] = {0, 0};
  size_t part_digits_[2] = {0, 0};
  int month_ = 0;
  int month_after_ = 0;
  int rounding_ = -1;
};

Status DatetimeError(DatetimeOutcome outcome, const LogicalType& type, std::string_view text) {
  if (outcome == DatetimeOutcome::kSyntax) return InvalidTextError(type, text);
  return Error(sqlstate::kDatetimeOverflow, "date/time field value out of range: \"{}\"", text);
}

int32_t DatetimeOffsetAtLocal(const TextOptions& options, int64_t local) {
  return options.offset_at_local == nullptr ? 0 : options.offset_at_local(options.zone, local);
}

int64_t DatetimeLocalNow(const TextOptions& options) {
  const int64_t utc = options.now_micros;
  if (options.offset_at_utc == nullptr) return utc;
  return utc + options.offset_at_utc(options.zone, utc) * kMicrosPerSecond;
}

}  // namespace

bool ParseDateFast(std::string_view text, int32_t* out) {
  if (text.size() != 10) return false;
  uint64_t head;
  uint16_t tail;
  std::memcpy(&head, text.data(), 8);
  std::memcpy(&tail, text.data() + 8, 2);
  // yyyy-mm-: dashes at bytes 4 and 7.
  if ((head & 0xFF0000FF00000000ULL) != 0x2D00002D00000000ULL) return false;
  constexpr uint64_t kDigitBytes = 0x00FFFF00FFFFFFFFULL;
  const uint64_t digits = (head & kDigitBytes) | 0x3000003000000000ULL;
  const uint64_t days = tail | 0x3030303030300000ULL;
  const auto is_digits = [](uint64_t word) {
    return ((word & 0xF0F0F0F0F0F0F0F0ULL) |
            (((word + 0x0606060606060606ULL) & 0xF0F0F0F0F0F0F0F0ULL) >> 4)) ==
           0x3333333333333333ULL;
  };
  if (!is_digits(digits) || !is_digits(days)) return false;
  const uint64_t d = digits - 0x3030303030303030ULL;
  const auto year = static_cast<int32_t>((d & 15) * 1000 + (d >> 8 & 15) * 100 +
                                         (d >> 16 & 15) * 10 + (d >> 24 & 15));
  const auto month = static_cast<int32_t>((d >> 40 & 15) * 10 + (d >> 48 & 15));
  const int32_t day = (tail & 15) * 10 + (tail >> 8 & 15);
  // Beyond the 28th the month's length matters; year 0 is an error.
  if (month < 1 || month > 12 || day < 1 || year < 1 ||
      (day > 28 && day > DaysInMonth(year, month))) {
    return false;
  }
  *out = DaysFromCivil(year, month, day);
  return true;
}

Status ParseDate(std::string_view text, const TextOptions& options, int32_t* out) {
  if (ParseDateFast(text, out)) return OkStatus();
  const LogicalType type(TypeId::kDate);
  DatetimeFields f;
  const DatetimeOutcome outcome = DatetimeParser(text).Parse(&f);
  if (outcome != DatetimeOutcome::kOk) return DatetimeError(outcome, type, text);
  using Special = DatetimeFields::Special;
  switch (f.special) {
    case Special::kInfinity:
      *out = kDateInfinity;
      return OkStatus();
    case Special::kMinusInfinity:
      *out = kDateMinusInfinity;
      return OkStatus();
    case Special::kEpoch:
      *out = 0;
      return OkStatus();
    case Special::kNow:
    case Special::kDay:
      if (options.now_micros == 0) return InvalidTextError(type, text);
      *out = static_cast<int32_t>(FloorDiv(DatetimeLocalNow(options), kMicrosPerDay)) + f.day_shift;
      return OkStatus();
    case Special::kNone:
      break;
  }
  if (!f.has_date) return InvalidTextError(type, text);
  if (f.date.year < -4712 || f.date.year > 5874897) {
    return Error(sqlstate::kDatetimeOverflow, "date out of range: \"{}\"", text);
  }
  *out = DaysFromCivil(f.date.year, f.date.month, f.date.day);
  return OkStatus();
}

Status ParseTime(std::string_view text, int64_t* out) {
  const LogicalType type(TypeId::kTime);
  DatetimeFields f;
  const DatetimeOutcome outcome = DatetimeParser(text).Parse(&f);
  if (outcome != DatetimeOutcome::kOk) return DatetimeError(outcome, type, text);
  if (!f.has_time || f.special != DatetimeFields::Special::kNone) {
    return InvalidTextError(type, text);
  }
  *out = f.clock_micros;
  return OkStatus();
}

Status ParseTimestamp(std::string_view text, bool with_zone, const TextOptions& options,
                      int64_t* out) {
  const LogicalType type(with_zone ? TypeId::kTimestampTz : TypeId::kTimestamp);
  DatetimeFields f;
  const DatetimeOutcome outcome = DatetimeParser(text).Parse(&f);
  if (outcome != DatetimeOutcome::kOk) return DatetimeError(outcome, type, text);
  using Special = DatetimeFields::Special;
  int64_t local = 0;
  switch (f.special) {
    case Special::kInfinity:
      *out = kTimestampInfinity;
      return OkStatus();
    case Special::kMinusInfinity:
      *out = kTimestampMinusInfinity;
      return OkStatus();
    case Special::kEpoch:
      *out = 0;
      return OkStatus();
    case Special::kNow:
      if (options.now_micros == 0) return InvalidTextError(type, text);
      *out = with_zone ? options.now_micros : DatetimeLocalNow(options);
      return OkStatus();
    case Special::kDay:
      if (options.now_micros == 0) return InvalidTextError(type, text);
      local = (FloorDiv(DatetimeLocalNow(options), kMicrosPerDay) + f.day_shift) * kMicrosPerDay +
              f.clock_micros;
      break;
    case Special::kNone:
      if (!f.has_date) return InvalidTextError(type, text);
      if (f.date.year < -4712 || f.date.year >= 294247) {
        return Error(sqlstate::kDatetimeOverflow, "timestamp out of range: \"{}\"", text);
      }
      local = static_cast<int64_t>(DaysFromCivil(f.date.year, f.date.month, f.date.day)) *
                  kMicrosPerDay +
              f.clock_micros;
      break;
  }
  if (with_zone) {
    const int32_t offset = f.has_zone ? f.offset_seconds : DatetimeOffsetAtLocal(options, local);
    local -= offset * kMicrosPerSecond;
  }
  if (!TimestampInRange(local)) {
    return Error(sqlstate::kDatetimeOverflow, "timestamp out of range: \"{}\"", text);
  }
  *out = local;
  return OkStatus();
}

void AppendDate(int32_t days, std::string* out) {
  if (days == kDateInfinity) {
    out->append("infinity");
    return;
  }
  if (days == kDateMinusInfinity) {
    out->append("-infinity");
    return;
  }
  const CivilDate date = CivilFromDays(days);
  DatetimeAppendYear(date.year, out);
  out->push_back('-');
  DatetimeAppend2(date.month, out);
  out->push_back('-');
  DatetimeAppend2(date.day, out);
  if (date.year <= 0) out->append(" BC");
}

void AppendTime(int64_t micros, std::string* out) { DatetimeAppendClock(micros, out); }

void AppendTimestamp(int64_t micros, std::string* out) {
  if (micros == kTimestampInfinity || micros == kTimestampMinusInfinity) {
    out->append(micros > 0 ? "infinity" : "-infinity");
    return;
  }
  const int64_t days = FloorDiv(micros, kMicrosPerDay);
  AppendDate(static_cast<int32_t>(days), out);
  std::string era;
  if (out->ends_with(" BC")) {
    out->resize(out->size() - 3);
    era = " BC";
  }
  out->push_back(' ');
  DatetimeAppendClock(micros - days * kMicrosPerDay, out);
  out->append(era);
}

}  // namespace driftdb
