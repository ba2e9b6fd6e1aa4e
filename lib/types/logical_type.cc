#include "types/logical_type.h"

#include <fmt/core.h>

namespace driftdb {

namespace {

// PostgreSQL's bit of each field in an interval's typmod (datetime.h, INTERVAL_MASK).
constexpr int32_t kTypmodMonth = 1 << 1, kTypmodYear = 1 << 2, kTypmodDay = 1 << 3,
                  kTypmodHour = 1 << 10, kTypmodMinute = 1 << 11, kTypmodSecond = 1 << 12;

struct IntervalFieldsName {
  const char* words;
  int32_t typmod;
};
constexpr IntervalFieldsName kIntervalFieldsNames[kIntervalFieldsCount] = {
    {"", 0x7FFF},
    {" year", kTypmodYear},
    {" month", kTypmodMonth},
    {" day", kTypmodDay},
    {" hour", kTypmodHour},
    {" minute", kTypmodMinute},
    {" second", kTypmodSecond},
    {" year to month", kTypmodYear | kTypmodMonth},
    {" day to hour", kTypmodDay | kTypmodHour},
    {" day to minute", kTypmodDay | kTypmodHour | kTypmodMinute},
    {" day to second", kTypmodDay | kTypmodHour | kTypmodMinute | kTypmodSecond},
    {" hour to minute", kTypmodHour | kTypmodMinute},
    {" hour to second", kTypmodHour | kTypmodMinute | kTypmodSecond},
    {" minute to second", kTypmodMinute | kTypmodSecond},
};

// "(3)", or nothing when the type does not say.
std::string TypeFraction(const LogicalType& type) {
  const int digits = type.fraction_digits();
  return digits < 0 ? std::string() : fmt::format("({})", digits);
}

}  // namespace

std::string LogicalType::ToString() const {
  switch (id) {
    case TypeId::kUnknown:
      return "unknown";
    case TypeId::kBoolean:
      return "boolean";
    case TypeId::kInt16:
      return "smallint";
    case TypeId::kInt32:
      return "integer";
    case TypeId::kInt64:
      return "bigint";
    case TypeId::kInt128:
      return "int128";
    case TypeId::kReal:
      return "real";
    case TypeId::kDouble:
      return "double precision";
    case TypeId::kDecimal:
      return fmt::format("numeric({},{})", precision, scale);
    case TypeId::kText:
      return "text";
    case TypeId::kVarchar:
      return length == 0 ? "character varying" : fmt::format("character varying({})", length);
    case TypeId::kChar:
      return length == 0 ? "bpchar" : fmt::format("character({})", length);
    case TypeId::kBytea:
      return "bytea";
    case TypeId::kDate:
      return "date";
    case TypeId::kTime:
      return "time" + TypeFraction(*this) + " without time zone";
    case TypeId::kTimestamp:
      return "timestamp" + TypeFraction(*this) + " without time zone";
    case TypeId::kTimestampTz:
      return "timestamp" + TypeFraction(*this) + " with time zone";
    case TypeId::kInterval:
      return std::string("interval") +
             kIntervalFieldsNames[static_cast<int>(interval_fields())].words + TypeFraction(*this);
    case TypeId::kUuid:
      return "uuid";
  }
  return "unknown";
}

Oid LogicalType::pg_type_oid() const {
  switch (id) {
    case TypeId::kUnknown:
      return Oid(705);
    case TypeId::kBoolean:
      return Oid(16);
    case TypeId::kInt16:
      return Oid(21);
    case TypeId::kInt32:
      return Oid(23);
    case TypeId::kInt64:
      return Oid(20);
    case TypeId::kReal:
      return Oid(700);
    case TypeId::kDouble:
      return Oid(701);
    case TypeId::kInt128:  // shown to clients as numeric, which holds every value
    case TypeId::kDecimal:
      return Oid(1700);
    case TypeId::kText:
      return Oid(25);
    case TypeId::kVarchar:
      return Oid(1043);
    case TypeId::kChar:
      return Oid(1042);
    case TypeId::kBytea:
      return Oid(17);
    case TypeId::kDate:
      return Oid(1082);
    case TypeId::kTime:
      return Oid(1083);
    case TypeId::kTimestamp:
      return Oid(1114);
    case TypeId::kTimestampTz:
      return Oid(1184);
    case TypeId::kInterval:
      return Oid(1186);
    case TypeId::kUuid:
      return Oid(2950);
  }
  return kInvalidOid;
}

int32_t LogicalType::pg_typmod() const {
  constexpr int32_t kHeaderBytes = 4;  // PostgreSQL's VARHDRSZ is part of these typmods
  switch (id) {
    case TypeId::kDecimal:
      return ((static_cast<int32_t>(precision) << 16) | scale) + kHeaderBytes;
    case TypeId::kVarchar:
    case TypeId::kChar:
      return length == 0 ? -1 : static_cast<int32_t>(length) + kHeaderBytes;
    case TypeId::kTime:
    case TypeId::kTimestamp:
    case TypeId::kTimestampTz:
      return fraction_digits();
    case TypeId::kInterval: {
      constexpr int32_t kAllDigits = 0xFFFF;
      const int digits = fraction_digits();
      if (digits < 0 && interval_fields() == IntervalFields::kAll) return -1;
      return kIntervalFieldsNames[static_cast<int>(interval_fields())].typmod << 16 |
             (digits < 0 ? kAllDigits : digits);
    }
    default:
      return -1;
  }
}

uint64_t LogicalType::Pack() const {
  return static_cast<uint64_t>(id) | static_cast<uint64_t>(precision) << 8 |
         static_cast<uint64_t>(scale) << 16 | static_cast<uint64_t>(length) << 32;
}

LogicalType LogicalType::Unpack(uint64_t packed) {
  LogicalType type;
  const auto id = static_cast<uint8_t>(packed);
  type.id = id < kTypeIdCount ? static_cast<TypeId>(id) : TypeId::kUnknown;
  type.precision = static_cast<uint8_t>(packed >> 8);
  type.scale = static_cast<uint8_t>(packed >> 16);
  type.length = static_cast<uint32_t>(packed >> 32);
  return type;
}

}  // namespace driftdb
