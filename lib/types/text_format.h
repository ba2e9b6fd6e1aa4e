// Text forms of all types, as PostgreSQL prints and accepts them (docs/internals/types.md).
// Shape: formatting appends to a string; parsing reads the physical form. Strings are not copied.
// char(n) is stored without trailing blanks and padded only here.
// Errors: 22P02 not this type, 22003 out of range, 22007 not a date or time, 22008 date or time out
// of range, 22001 too long for varchar(n) or char(n). Threads: no state. No locale, no allocation
// on success.
#ifndef DRIFTDB_TYPES_TEXT_FORMAT_H_
#define DRIFTDB_TYPES_TEXT_FORMAT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "base/int128.h"
#include "base/status.h"
#include "types/logical_type.h"
#include "types/value.h"
#include "types/vector.h"

namespace driftdb {

// What text forms depend on. Offsets are seconds east of UTC for timestamptz.
struct TextOptions {
  // Offset of the session's zone: null means UTC.
  int32_t (*offset_at_utc)(const void* zone, int64_t utc_micros) = nullptr;
  int32_t (*offset_at_local)(const void* zone, int64_t local_micros) = nullptr;
  const void* zone = nullptr;
  // Statement time for 'now', 'today', 'tomorrow', 'yesterday'; 0: these words are errors.
  int64_t now_micros = 0;
};

// Appends the text of a non-null value given in physical form.
void FormatValue(const LogicalType& type, const void* value, std::string* out,
                 const TextOptions& options = {});
std::string FormatValue(const Value& value, const TextOptions& options = {});  // NULL gives "NULL"
// Appends `rows` texts with their end offsets (bytes in *out after each); NULLs append nothing. The
// type is dispatched once, so this is the way to write CSV.
void FormatColumn(const Vector& column, const uint16_t* rows, size_t count, std::string* out,
                  uint32_t* ends);

// Parses into `out` (type.width() bytes). For string types the StringRef refers to `text` (bytea:
// fails, use ParseBytea).
Status ParseValue(const LogicalType& type, std::string_view text, void* out,
                  const TextOptions& options = {});
// Owns its bytes; every type.
Result<Value> ParseValue(const LogicalType& type, std::string_view text,
                         const TextOptions& options = {});

// The fast paths of ParseValue: true on success; on false call ParseValue for the error (or the
// rare form).
bool ParseInt32Fast(std::string_view text, int32_t* out);
bool ParseInt64Fast(std::string_view text, int64_t* out);
// Plain [+-]digits[.digits] with at most 18 digits after scaling; excess fraction digits are
// rounded.
bool ParseDecimal64Fast(std::string_view text, int precision, int scale, int64_t* out);
bool ParseDateFast(std::string_view text, int32_t* out);  // yyyy-mm-dd

// Decodes both input forms of bytea (\x hex, escape) into *out.
Status ParseBytea(std::string_view text, std::string* out);
// Digits of a numeric literal: 12.50 has precision 4, scale 2. Exponents are applied. False: not a
// number or more than 38 digits.
bool DecimalLiteralType(std::string_view text, LogicalType* type);

void AppendInt128(int128_t value, std::string* out);
void AppendDecimal(int128_t value, int scale, std::string* out);
void AppendDouble(double value, std::string* out);
void AppendReal(float value, std::string* out);
void AppendDate(int32_t days, std::string* out);
void AppendTimestamp(int64_t micros, std::string* out);
void AppendTime(int64_t micros, std::string* out);
void AppendInterval(const Interval& interval, std::string* out);

// A type by its SQL name: lower case, single blanks ("timestamp with time zone"), with optional
// modifiers. 42704 when unknown.
struct TypeModifiers {
  int count = 0;
  int64_t values[2] = {0, 0};
};
Result<LogicalType> ResolveTypeName(std::string_view name, const TypeModifiers& modifiers = {});

}  // namespace driftdb

#endif  // DRIFTDB_TYPES_TEXT_FORMAT_H_
