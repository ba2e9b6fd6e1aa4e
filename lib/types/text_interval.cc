// Text form of intervals: output in the `postgres` style; input in that style, the verbose one and
// ISO 8601.
#include <charconv>
#include <cmath>

#include "types/civil.h"
#include "types/text_format.h"
#include "types/text_parse.h"

namespace driftdb {

namespace {

enum class IntervalUnit : uint8_t {
  kNone,
  kMicrosecond,
  kMillisecond,
  kSecond,
  kMinute,
  kHour,
  kDay,
  kWeek,
  kMonth,
  kYear,
  kDecade,
  kCentury,
  kMillennium,
};

struct IntervalUnitName {
  std::string_view name;
  IntervalUnit unit;
};
constexpr IntervalUnitName kIntervalUnitNames[] = {
    {"microsecond", IntervalUnit::kMicrosecond},
    {"us", IntervalUnit::kMicrosecond},
    {"usec", IntervalUnit::kMicrosecond},
    {"usecond", IntervalUnit::kMicrosecond},
    {"millisecond", IntervalUnit::kMillisecond},
    {"ms", IntervalUnit::kMillisecond},
    {"msec", IntervalUnit::kMillisecond},
    {"msecond", IntervalUnit::kMillisecond},
    {"second", IntervalUnit::kSecond},
    {"s", IntervalUnit::kSecond},
    {"sec", IntervalUnit::kSecond},
    {"minute", IntervalUnit::kMinute},
    {"m", IntervalUnit::kMinute},
    {"min", IntervalUnit::kMinute},
    {"hour", IntervalUnit::kHour},
    {"h", IntervalUnit::kHour},
    {"hr", IntervalUnit::kHour},
    {"day", IntervalUnit::kDay},
    {"d", IntervalUnit::kDay},
    {"week", IntervalUnit::kWeek},
    {"w", IntervalUnit::kWeek},
    {"month", IntervalUnit::kMonth},
    {"mon", IntervalUnit::kMonth},
    {"year", IntervalUnit::kYear},
    {"y", IntervalUnit::kYear},
    {"yr", IntervalUnit::kYear},
    {"decade", IntervalUnit::kDecade},
    {"dec", IntervalUnit::kDecade},
    {"century", IntervalUnit::kCentury},
    {"centuries", IntervalUnit::kCentury},
    {"cent", IntervalUnit::kCentury},
    {"c", IntervalUnit::kCentury},
    {"millennium", IntervalUnit::kMillennium},
    {"millennia", IntervalUnit::kMillennium},
    {"mil", IntervalUnit::kMillennium},
};

IntervalUnit IntervalUnitOf(std::string_view word) {
  for (const auto& entry : kIntervalUnitNames) {
    if (word == entry.name) return entry.unit;
    if (word.size() == entry.name.size() + 1 && word.back() == 's' &&
        word.starts_with(entry.name)) {
      return entry.unit;
    }
  }
  return IntervalUnit::kNone;
}

// What a number without a unit counts: the last field of the type, interval '90' day.
IntervalUnit IntervalUnitOf(IntervalFields fields) {
  switch (fields) {
    case IntervalFields::kAll:
    case IntervalFields::kSecond:
    case IntervalFields::kDayToSecond:
    case IntervalFields::kHourToSecond:
    case IntervalFields::kMinuteToSecond:
      return IntervalUnit::kSecond;
    case IntervalFields::kYear:
      return IntervalUnit::kYear;
    case IntervalFields::kMonth:
    case IntervalFields::kYearToMonth:
      return IntervalUnit::kMonth;
    case IntervalFields::kDay:
      return IntervalUnit::kDay;
    case IntervalFields::kHour:
    case IntervalFields::kDayToHour:
      return IntervalUnit::kHour;
    case IntervalFields::kMinute:
    case IntervalFields::kDayToMinute:
    case IntervalFields::kHourToMinute:
      return IntervalUnit::kMinute;
  }
  return IntervalUnit::kSecond;
}

// Sums in wide fields; the result is checked at the end.
struct IntervalSum {
  int128_t months = 0, days = 0, micros = 0;

  // whole + fraction of a unit; fractions spill into smaller units as PostgreSQL does.
  void Add(IntervalUnit unit, int64_t whole, double fraction) {
    constexpr int64_t kHour = 3600 * kMicrosPerSecond;
    switch (unit) {
      case IntervalUnit::kMicrosecond:
        return AddMicros(1, whole, fraction);
      case IntervalUnit::kMillisecond:
        return AddMicros(1000, whole, fraction);
      case IntervalUnit::kNone:
      case IntervalUnit::kSecond:
        return AddMicros(kMicrosPerSecond, whole, fraction);
      case IntervalUnit::kMinute:
        return AddMicros(60 * kMicrosPerSecond, whole, fraction);
      case IntervalUnit::kHour:
        return AddMicros(kHour, whole, fraction);
      case IntervalUnit::kDay:
        return AddDays(1, whole, fraction);
      case IntervalUnit::kWeek:
        return AddDays(7, whole, fraction);
      case IntervalUnit::kMonth:
        return AddMonths(1, whole, fraction);
      case IntervalUnit::kYear:
        return AddMonths(12, whole, fraction);
      case IntervalUnit::kDecade:
        return AddMonths(120, whole, fraction);
      case IntervalUnit::kCentury:
        return AddMonths(1200, whole, fraction);
      case IntervalUnit::kMillennium:
        return AddMonths(12000, whole, fraction);
    }
  }
  void AddMicros(int64_t unit, int64_t whole, double fraction) {
    micros += static_cast<int128_t>(whole) * unit +
              static_cast<int64_t>(std::nearbyint(fraction * static_cast<double>(unit)));
  }
  void AddDays(int64_t unit, int64_t whole, double fraction) {
    days += static_cast<int128_t>(whole) * unit;
    const double extra = fraction * static_cast<double>(unit);
    const double extra_days = std::trunc(extra);
    days += static_cast<int64_t>(extra_days);
    micros += static_cast<int64_t>(
        std::nearbyint((extra - extra_days) * static_cast<double>(kMicrosPerDay)));
  }
  void AddMonths(int64_t unit, int64_t whole, double fraction) {
    months += static_cast<int128_t>(whole) * unit;
    if (unit == 1) return AddDays(30, 0, fraction);
    // Fractions of a year and more are rounded to months.
    months += static_cast<int64_t>(std::nearbyint(fraction * static_cast<double>(unit)));
  }
  bool Store(bool negate, Interval* out) const {
    const int sign = negate ? -1 : 1;
    const int128_t m = months * sign, d = days * sign, u = micros * sign;
    if (m != static_cast<int32_t>(m) || d != static_cast<int32_t>(d) ||
        u != static_cast<int64_t>(u)) {
      return false;
    }
    *out = {static_cast<int32_t>(m), static_cast<int32_t>(d), static_cast<int64_t>(u)};
    return true;
  }
};

class IntervalParser {
 public:
  IntervalParser(std::string_view text, IntervalFields fields) : text_(text), fields_(fields) {}

  // 0 fine, 1 syntax, 2 range.
  int Parse(Interval* out) {
    Skip();
    if (at_ < text_.size() && text_[at_] == 'P') return ParseIso(out);
    if (at_ < text_.size() && text_[at_] == '@') ++at_;
    bool any = false, ago = false;
    for (Skip(); at_ < text_.size(); Skip()) {
      if (ago) return 1;
      if (std::isalpha(static_cast<unsigned char>(text_[at_]))) {
        const std::string word = Word();
        if (word != "ago" || !any) return 1;
        ago = true;
        continue;
      }
      const int outcome = Field();
      if (outcome != 0) return outcome;
      any = true;
    }
    if (!any) return 1;
    return sum_.Store(ago, out) ? 0 : 2;
  }

 private:
  void Skip() {
    while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
  }
  std::string Word() {
    const size_t from = at_;
    while (at_ < text_.size() && std::isalpha(static_cast<unsigned char>(text_[at_]))) ++at_;
    return LowerAscii(text_.substr(from, at_ - from));
  }
  // [digits][.digits] at at_, without sign. 0 fine, 1 syntax, 2 range.
  int Magnitude(int64_t* whole, double* fraction) {
    const size_t from = at_;
    *whole = 0;
    *fraction = 0;
    bool overflow = false;
    for (; at_ < text_.size() && IsDigit(text_[at_]); ++at_) {
      overflow |= __builtin_mul_overflow(*whole, int64_t{10}, whole);
      overflow |= __builtin_add_overflow(*whole, int64_t{text_[at_] - '0'}, whole);
    }
    size_t digits = at_ - from;
    if (at_ < text_.size() && text_[at_] == '.') {
      const size_t point = at_++;
      while (at_ < text_.size() && IsDigit(text_[at_])) ++at_;
      digits += at_ - point - 1;
      if (at_ - point > 1) {
        std::from_chars(text_.data() + point, text_.data() + at_, *fraction);
      }
    }
    if (digits == 0) return 1;
    return overflow ? 2 : 0;
  }

  // "[+-]n unit", "[+-]hh:mm[:ss]", "[+-]y-m", a bare number of seconds.
  int Field() {
    int sign = 1;
    if (text_[at_] == '-' || text_[at_] == '+') sign = text_[at_++] == '-' ? -1 : 1;
    Skip();
    int64_t whole;
    double fraction;
    if (const int outcome = Magnitude(&whole, &fraction); outcome != 0) return outcome;
    if (at_ < text_.size() && text_[at_] == ':') return Clock(sign, whole);
    if (at_ < text_.size() && text_[at_] == '-' && fraction == 0) {
      ++at_;
      int64_t months;
      double rest;
      if (Magnitude(&months, &rest) != 0 || rest != 0) return 1;
      if (at_ < text_.size() && !IsSpace(text_[at_])) return 1;
      if (months > 11) return 2;
      sum_.Add(IntervalUnit::kYear, sign * whole, 0);
      sum_.Add(IntervalUnit::kMonth, sign * months, 0);
      return 0;
    }
    Skip();
    IntervalUnit unit = IntervalUnitOf(fields_);
    if (at_ < text_.size() && std::isalpha(static_cast<unsigned char>(text_[at_]))) {
      const size_t before = at_;
      const std::string word = Word();
      if (word == "ago") {
        at_ = before;
      } else {
        unit = IntervalUnitOf(word);
        if (unit == IntervalUnit::kNone) return 1;
      }
    } else if (at_ < text_.size()) {
      // "1 12:30:00": a number before a clock counts days.
      unit = IntervalUnit::kDay;
      size_t ahead = at_;
      if (text_[ahead] == '-' || text_[ahead] == '+') ++ahead;
      while (ahead < text_.size() && IsDigit(text_[ahead])) ++ahead;
      if (ahead >= text_.size() || text_[ahead] != ':') return 1;
    }
    sum_.Add(unit, sign * whole, sign * fraction);
    return 0;
  }

  int Clock(int sign, int64_t hours) {
    int64_t minutes = 0, seconds = 0;
    double fraction = 0;
    ++at_;
    if (const int outcome = Magnitude(&minutes, &fraction); outcome != 0) return outcome;
    if (at_ < text_.size() && text_[at_] == ':') {
      if (fraction != 0) return 1;
      ++at_;
      if (const int outcome = Magnitude(&seconds, &fraction); outcome != 0) return outcome;
    } else if (fraction != 0 || fields_ == IntervalFields::kMinuteToSecond) {  // mm:ss.f
      seconds = minutes;
      minutes = hours;
      hours = 0;
    }
    if (minutes > 59 || seconds > 60) return 2;
    sum_.Add(IntervalUnit::kHour, sign * hours, 0);
    sum_.Add(IntervalUnit::kMinute, sign * minutes, 0);
    sum_.Add(IntervalUnit::kSecond, sign * seconds, sign * fraction);
    return 0;
  }

  int ParseIso(Interval* out) {
    ++at_;
    bool time = false, any = false;
    while (at_ < text_.size()) {
      if (text_[at_] == 'T' && !time) {
        time = true;
        ++at_;
        continue;
      }
      int sign = 1;
      if (text_[at_] == '-' || text_[at_] == '+') sign = text_[at_++] == '-' ? -1 : 1;
      int64_t whole;
      double fraction;
      if (const int outcome = Magnitude(&whole, &fraction); outcome != 0) return outcome;
      if (at_ >= text_.size()) return 1;
      IntervalUnit unit;
      switch (text_[at_++]) {
        case 'Y':
          unit = IntervalUnit::kYear;
          break;
        case 'M':
          unit = time ? IntervalUnit::kMinute : IntervalUnit::kMonth;
          break;
        case 'W':
          unit = IntervalUnit::kWeek;
          break;
        case 'D':
          unit = IntervalUnit::kDay;
          break;
        case 'H':
          unit = IntervalUnit::kHour;
          break;
        case 'S':
          unit = IntervalUnit::kSecond;
          break;
        default:
          return 1;
      }
      sum_.Add(unit, sign * whole, sign * fraction);
      any = true;
    }
    if (!any) return 1;
    return sum_.Store(false, out) ? 0 : 2;
  }

  std::string_view text_;
  IntervalFields fields_;
  size_t at_ = 0;
  IntervalSum sum_;
};

}  // namespace

Status ParseInterval(std::string_view text, IntervalFields fields, Interval* out) {
  switch (IntervalParser(text, fields).Parse(out)) {
    case 0:
      return OkStatus();
    case 1:
      return InvalidTextError(TypeId::kInterval, text);
    default:
      return Error(sqlstate::kIntervalOverflow, "interval field value out of range: \"{}\"", text);
  }
}

void AppendInterval(const Interval& interval, std::string* out) {
  bool zero = true, before = false;
  const auto append = [&](int64_t value, std::string_view unit) {
    if (value == 0) return;
    if (!zero) out->push_back(' ');
    if (before && value > 0) out->push_back('+');
    AppendInt128(value, out);
    out->push_back(' ');
    out->append(unit);
    if (value != 1) out->push_back('s');
    before = value < 0;
    zero = false;
  };
  append(interval.months / 12, "year");
  append(interval.months % 12, "mon");
  append(interval.days, "day");
  if (!zero && interval.micros == 0) return;
  if (!zero) out->push_back(' ');
  if (interval.micros < 0) {
    out->push_back('-');
  } else if (before) {
    out->push_back('+');
  }
  const uint64_t micros = interval.micros < 0 ? uint64_t{0} - static_cast<uint64_t>(interval.micros)
                                              : static_cast<uint64_t>(interval.micros);
  constexpr uint64_t kHour = 3600ULL * kMicrosPerSecond;
  const uint64_t hours = micros / kHour;
  if (hours < 10) out->push_back('0');
  AppendInt128(hours, out);
  // The rest is below an hour: the clock's text after "00".
  std::string clock;
  AppendTime(static_cast<int64_t>(micros % kHour), &clock);
  out->append(clock, 2);
}

}  // namespace driftdb
