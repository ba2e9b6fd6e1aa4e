// SQL names of types, with PostgreSQL's aliases.
#include <algorithm>

#include "base/error.h"
#include "types/text_format.h"

namespace driftdb {

namespace {

struct TypeNameEntry {
  std::string_view name;
  TypeId id;
};
constexpr TypeNameEntry kTypeNames[] = {
    {"boolean", TypeId::kBoolean},
    {"bool", TypeId::kBoolean},
    {"smallint", TypeId::kInt16},
    {"int2", TypeId::kInt16},
    {"integer", TypeId::kInt32},
    {"int", TypeId::kInt32},
    {"int4", TypeId::kInt32},
    {"bigint", TypeId::kInt64},
    {"int8", TypeId::kInt64},
    {"hugeint", TypeId::kInt128},
    {"int128", TypeId::kInt128},
    {"int16", TypeId::kInt128},  // sixteen bytes, in the manner of int8
    {"real", TypeId::kReal},
    {"float4", TypeId::kReal},
    {"double precision", TypeId::kDouble},
    {"double", TypeId::kDouble},
    {"float8", TypeId::kDouble},
    {"float", TypeId::kDouble},
    {"numeric", TypeId::kDecimal},
    {"decimal", TypeId::kDecimal},
    {"dec", TypeId::kDecimal},
    {"text", TypeId::kText},
    {"string", TypeId::kText},
    {"name", TypeId::kText},
    {"varchar", TypeId::kVarchar},
    {"character varying", TypeId::kVarchar},
    {"char varying", TypeId::kVarchar},
    {"national character varying", TypeId::kVarchar},
    {"nvarchar", TypeId::kVarchar},
    {"char", TypeId::kChar},
    {"character", TypeId::kChar},
    {"national character", TypeId::kChar},
    {"nchar", TypeId::kChar},
    {"bpchar", TypeId::kChar},
    {"bytea", TypeId::kBytea},
    {"blob", TypeId::kBytea},
    {"date", TypeId::kDate},
    {"time", TypeId::kTime},
    {"time without time zone", TypeId::kTime},
    {"timestamp", TypeId::kTimestamp},
    {"datetime", TypeId::kTimestamp},
    {"timestamp without time zone", TypeId::kTimestamp},
    {"timestamptz", TypeId::kTimestampTz},
    {"timestamp with time zone", TypeId::kTimestampTz},
    {"interval", TypeId::kInterval},
    {"uuid", TypeId::kUuid},
    {"unknown", TypeId::kUnknown},
};

constexpr int64_t kTypeStringLengthMax = 10485760;  // PostgreSQL's MaxAttrSize

Status TypeModifierError(std::string_view name) {
  return Error(sqlstate::kSyntaxError, "type modifier is not allowed for type \"{}\"", name);
}

Result<LogicalType> TypeDecimal(const TypeModifiers& modifiers) {
  // Without modifiers: see docs/internals/types.md, rule D5.
  if (modifiers.count == 0) return LogicalType::Decimal(kDecimalPrecisionMax, kDecimalDefaultScale);
  const int64_t precision = modifiers.values[0];
  const int64_t scale = modifiers.count > 1 ? modifiers.values[1] : 0;
  if (precision < 1 || precision > kDecimalPrecisionMax) {
    return Error(sqlstate::kInvalidParameterValue, "NUMERIC precision {} must be between 1 and {}",
                 precision, kDecimalPrecisionMax);
  }
  if (scale < 0 || scale > precision) {
    return Error(sqlstate::kInvalidParameterValue,
                 "NUMERIC scale {} must be between 0 and precision {}", scale, precision);
  }
  return LogicalType::Decimal(static_cast<int>(precision), static_cast<int>(scale));
}

Result<LogicalType> TypeWithLength(TypeId id, std::string_view name, int64_t length) {
  const char* shown = id == TypeId::kChar ? "char" : "varchar";
  if (length < 1) {
    return Error(sqlstate::kInvalidParameterValue, "length for type {} must be at least 1", shown);
  }
  if (length > kTypeStringLengthMax) {
    return Error(sqlstate::kInvalidParameterValue, "length for type {} cannot exceed {}", shown,
                 kTypeStringLengthMax);
  }
  return id == TypeId::kChar ? LogicalType::Char(static_cast<uint32_t>(length))
                             : LogicalType::Varchar(static_cast<uint32_t>(length));
}

// More than six digits are six, as in PostgreSQL.
Result<LogicalType> TypeWithFraction(TypeId id, std::string_view name, int64_t digits) {
  if (digits < 0) {
    return Error(sqlstate::kInvalidParameterValue, "{}({}) precision must not be negative", name,
                 digits);
  }
  return LogicalType::Fraction(id, static_cast<int>(std::min<int64_t>(digits, kFractionDigitsMax)));
}

}  // namespace

Result<LogicalType> ResolveTypeName(std::string_view name, const TypeModifiers& modifiers) {
  for (const TypeNameEntry& entry : kTypeNames) {
    if (entry.name != name) continue;
    switch (entry.id) {
      case TypeId::kDecimal:
        if (modifiers.count > 2) return TypeModifierError(name);
        return TypeDecimal(modifiers);
      case TypeId::kVarchar:
      case TypeId::kChar:
        if (modifiers.count > 1) return TypeModifierError(name);
        if (modifiers.count == 1) return TypeWithLength(entry.id, name, modifiers.values[0]);
        // CHAR means CHAR(1); bpchar has no length.
        if (entry.id == TypeId::kChar && name != "bpchar") return LogicalType::Char(1);
        return LogicalType(entry.id);
      case TypeId::kTime:
      case TypeId::kTimestamp:
      case TypeId::kTimestampTz:
      case TypeId::kInterval:
        if (modifiers.count > 1) return TypeModifierError(name);
        if (modifiers.count == 1) return TypeWithFraction(entry.id, name, modifiers.values[0]);
        return LogicalType(entry.id);
      default:
        if (name == "float" && modifiers.count == 1) {
          const int64_t bits = modifiers.values[0];
          if (bits < 1 || bits > 53) {
            return Error(sqlstate::kInvalidParameterValue, "precision for type float must be {}",
                         bits < 1 ? "at least 1 bit" : "less than 54 bits");
          }
          return LogicalType(bits <= 24 ? TypeId::kReal : TypeId::kDouble);
        }
        if (modifiers.count > 0) return TypeModifierError(name);
        return LogicalType(entry.id);
    }
  }
  return Error(sqlstate::kUndefinedObject, "type \"{}\" does not exist", name);
}

}  // namespace driftdb
