#include "storage/column/column_predicate.h"

#include <fmt/format.h>

#include "base/status_macros.h"
#include "storage/column/bitmap.h"
#include "storage/column/segment_reader.h"
#include "storage/column/value_condition.h"

namespace driftdb::storage {

namespace {

std::string PredicateConstant(const Value& value) {
  switch (value.type().physical()) {
    case PhysicalType::kString:
      return fmt::format("'{}'", value.string());
    case PhysicalType::kFloat:
    case PhysicalType::kDouble:
      return fmt::format("{}", value.float64());
    case PhysicalType::kInterval:
      return "interval";
    default:
      return fmt::format("{}", value.integer());
  }
}

const char* PredicateOp(CompareOp op) {
  switch (op) {
    case CompareOp::kEqual:
      return "=";
    case CompareOp::kNotEqual:
      return "<>";
    case CompareOp::kLess:
      return "<";
    case CompareOp::kLessEqual:
      return "<=";
    case CompareOp::kGreater:
      return ">";
    case CompareOp::kGreaterEqual:
      return ">=";
  }
  return "?";
}

}  // namespace

ColumnPredicate ColumnPredicate::Compare(CompareOp op, Value constant) {
  ColumnPredicate predicate;
  predicate.kind = PredicateKind::kComparison;
  predicate.op = op;
  predicate.low = std::move(constant);
  return predicate;
}

ColumnPredicate ColumnPredicate::Range(Value low, bool low_inclusive, Value high,
                                       bool high_inclusive) {
  ColumnPredicate predicate;
  predicate.kind = PredicateKind::kRange;
  predicate.low = std::move(low);
  predicate.high = std::move(high);
  predicate.low_inclusive = low_inclusive;
  predicate.high_inclusive = high_inclusive;
  return predicate;
}

ColumnPredicate ColumnPredicate::In(std::vector<Value> values) {
  ColumnPredicate predicate;
  predicate.kind = PredicateKind::kInList;
  predicate.values = std::move(values);
  return predicate;
}

ColumnPredicate ColumnPredicate::NullTest(bool is_null) {
  ColumnPredicate predicate;
  predicate.kind = is_null ? PredicateKind::kIsNull : PredicateKind::kIsNotNull;
  return predicate;
}

ColumnPredicate ColumnPredicate::Join(std::shared_ptr<const JoinFilter> filter) {
  ColumnPredicate predicate;
  predicate.kind = PredicateKind::kJoinFilter;
  predicate.join_filter = std::move(filter);
  return predicate;
}

ColumnPredicate ColumnPredicate::Callback(std::shared_ptr<const VectorPredicate> callback) {
  ColumnPredicate predicate;
  predicate.kind = PredicateKind::kCallback;
  predicate.callback = std::move(callback);
  return predicate;
}

std::string ColumnPredicate::ToString() const {
  switch (kind) {
    case PredicateKind::kComparison:
      return fmt::format("{} {}", PredicateOp(op), PredicateConstant(low));
    case PredicateKind::kRange: {
      std::string text;
      if (!low.is_null())
        text = fmt::format("{} {}", low_inclusive ? ">=" : ">", PredicateConstant(low));
      if (!low.is_null() && !high.is_null()) text += " and ";
      if (!high.is_null())
        text += fmt::format("{} {}", high_inclusive ? "<=" : "<", PredicateConstant(high));
      return text;
    }
    case PredicateKind::kInList:
      return fmt::format("in ({} values)", values.size());
    case PredicateKind::kIsNull:
      return "is null";
    case PredicateKind::kIsNotNull:
      return "is not null";
    case PredicateKind::kJoinFilter:
      return "join filter";
    case PredicateKind::kCallback:
      return "expression";
  }
  return "";
}

Status FilterVector(const ColumnPredicate& predicate, const Vector& values, size_t count,
                    uint64_t* bits) {
  return ValueCondition::Make(predicate, values.type().physical()).Apply(values, count, bits);
}

Result<bool> Satisfies(const ColumnPredicate& predicate, const Value& value) {
  Vector one(value.type());
  one.SetConstant(value);
  uint64_t bits[kValidityWords];
  FillBitmap(bits, 1);
  DRIFTDB_RETURN_IF_ERROR(FilterVector(predicate, one, 1, bits));
  return bits[0] != 0;
}

ZoneDecision CheckZone(const ColumnPredicate& predicate, const ZoneMap& zone,
                       PhysicalType physical) {
  return ValueCondition::Make(predicate, physical).CheckZone(zone);
}

}  // namespace driftdb::storage
