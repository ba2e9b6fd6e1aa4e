// Pieces shared by the parsers of text forms: private to lib/types, use text_format.h.
#ifndef DRIFTDB_TYPES_TEXT_PARSE_H_
#define DRIFTDB_TYPES_TEXT_PARSE_H_

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/int128.h"
#include "types/logical_type.h"
#include "types/text_format.h"

namespace driftdb {

inline bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
inline bool IsDigit(char c) { return c >= '0' && c <= '9'; }
inline std::string_view TrimSpaces(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}
std::string LowerAscii(std::string_view text);
// 22P02, or 22007 for dates and times: invalid input syntax for type T: "text".
Status InvalidTextError(const LogicalType& type, std::string_view text);

Status ParseInteger(const LogicalType& type, std::string_view text, int128_t* out);
Status ParseDecimal(const LogicalType& type, std::string_view text, int128_t* out);
Status ParseDouble(std::string_view text, double* out);
Status ParseReal(std::string_view text, float* out);
Status ParseDate(std::string_view text, const TextOptions& options, int32_t* out);
Status ParseTime(std::string_view text, int64_t* out);
// with_zone: the result is UTC, and a text without a zone is local time of the session.
Status ParseTimestamp(std::string_view text, bool with_zone, const TextOptions& options,
                      int64_t* out);
// A number without a unit counts the last of `fields`.
Status ParseInterval(std::string_view text, IntervalFields fields, Interval* out);

}  // namespace driftdb

#endif  // DRIFTDB_TYPES_TEXT_PARSE_H_
