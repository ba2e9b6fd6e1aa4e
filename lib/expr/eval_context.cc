// Defaults of EvalContext: what evaluation without a session can answer.
#include "base/error.h"
#include "expr/function.h"
#include "types/text_parse.h"

namespace driftdb::expr {

namespace {

Status ContextMissing(std::string_view what) { return InternalError("{} needs a session", what); }

}  // namespace

Result<int64_t> EvalContext::ClockTime() { return ContextMissing("clock_timestamp"); }

Result<int32_t> EvalContext::NamedZoneOffset(std::string_view zone, int64_t micros,
                                             bool is_local) const {
  const std::string name = LowerAscii(zone);
  if (name == "utc" || name == "gmt" || name == "z" || name == "zulu" || name == "etc/utc") {
    return 0;
  }
  // "+05:30" in ISO form; PostgreSQL reads bare signs the POSIX way (positive is west).
  size_t i = 0;
  int sign = 1;
  if (i < name.size() && (name[i] == '+' || name[i] == '-')) sign = name[i++] == '-' ? -1 : 1;
  int parts[2] = {0, 0};
  for (int& part : parts) {
    size_t digits = 0;
    for (; i < name.size() && IsDigit(name[i]) && digits < 2; ++i, ++digits) {
      part = part * 10 + (name[i] - '0');
    }
    if (digits == 0) break;
    if (i == name.size()) return -sign * (parts[0] * 3600 + parts[1] * 60);
    if (name[i] == ':') ++i;
  }
  return Error(sqlstate::kInvalidParameterValue, "time zone \"{}\" not recognized", zone);
}

Result<uint64_t> EvalContext::NextRandom() { return ContextMissing("random"); }
Status EvalContext::SeedRandom(double) { return ContextMissing("setseed"); }
Result<std::string> EvalContext::Setting(std::string_view, bool, bool*) {
  return ContextMissing("current_setting");
}
Result<std::string> EvalContext::SetSetting(std::string_view, std::string_view, bool) {
  return ContextMissing("set_config");
}
Result<std::string> EvalContext::SessionInfo(std::string_view what) { return ContextMissing(what); }
Result<int64_t> EvalContext::SequenceNext(std::string_view) { return ContextMissing("nextval"); }
Result<int64_t> EvalContext::SequenceLast() { return ContextMissing("lastval"); }
Result<int64_t> EvalContext::SequenceCurrent(std::string_view) { return ContextMissing("currval"); }
Result<int64_t> EvalContext::SequenceSet(std::string_view, int64_t, bool) {
  return ContextMissing("setval");
}

}  // namespace driftdb::expr
