// Text parsers, LIKE and SIMILAR patterns on arbitrary bytes. Properties: no crash; a value that
// was read prints to a text that reads back as the same value. First byte: the type; the rest: the
// text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "expr/like.h"
#include "types/text_format.h"
#include "types/utf8.h"

namespace driftdb {

namespace {

LogicalType FuzzType(uint8_t selector) {
  constexpr LogicalType kTypes[] = {TypeId::kBoolean,
                                    TypeId::kInt16,
                                    TypeId::kInt32,
                                    TypeId::kInt64,
                                    TypeId::kInt128,
                                    TypeId::kReal,
                                    TypeId::kDouble,
                                    LogicalType::Decimal(15, 2),
                                    LogicalType::Decimal(38, 10),
                                    LogicalType::Varchar(5),
                                    LogicalType::Char(5),
                                    TypeId::kBytea,
                                    TypeId::kDate,
                                    TypeId::kTime,
                                    TypeId::kTimestamp,
                                    TypeId::kTimestampTz,
                                    TypeId::kInterval,
                                    TypeId::kUuid};
  return kTypes[selector % (sizeof(kTypes) / sizeof(kTypes[0]))];
}

}  // namespace

}  // namespace driftdb

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const driftdb::LogicalType type = driftdb::FuzzType(data[0]);
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (const auto value = driftdb::ParseValue(type, text); value.ok()) {
    const std::string printed = driftdb::FormatValue(*value);
    const auto again = driftdb::ParseValue(type, printed);
    if (!again.ok() || !(*again == *value)) std::abort();
  }
  (void)driftdb::ValidateUtf8(text).ok();
  const size_t half = text.size() / 2;
  if (const auto like = driftdb::expr::LikePattern::Compile(text.substr(0, half), "\\");
      like.ok()) {
    (void)like->Matches(text.substr(half));
  }
  (void)driftdb::expr::SimilarToRegex(text, "\\").ok();
  return 0;
}
