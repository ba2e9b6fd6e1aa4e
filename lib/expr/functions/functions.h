// Registration of the built-in functions, one maker per family. Private to lib/expr; use binding.h.
#ifndef DRIFTDB_EXPR_FUNCTIONS_FUNCTIONS_H_
#define DRIFTDB_EXPR_FUNCTIONS_FUNCTIONS_H_

#include <string_view>
#include <utility>
#include <vector>

#include "expr/aggregate.h"
#include "expr/function.h"

namespace driftdb::expr {

using FunctionTable = std::vector<ScalarFunction>;

inline ScalarFunction& AddFunction(FunctionTable* table, std::string_view name,
                                   std::vector<LogicalType> args, LogicalType result,
                                   ScalarKernel kernel) {
  ScalarFunction& function = table->emplace_back();
  function.name = name;
  function.args = std::move(args);
  function.result = result;
  function.kernel = kernel;
  return function;
}
inline ScalarFunction& AddOperator(FunctionTable* table, std::string_view name,
                                   std::vector<LogicalType> args, LogicalType result,
                                   ScalarKernel kernel) {
  ScalarFunction& function = AddFunction(table, name, std::move(args), result, kernel);
  function.is_operator = true;
  return function;
}
// Marks as total (never fails, F2), hence leakproof.
inline void MarkTotal(ScalarFunction& function) {
  function.may_fail = false;
  function.total = true;
  function.leakproof = true;
}

void AddIntegerArithmetic(FunctionTable* table);
void AddFloatArithmetic(FunctionTable* table);
void AddDecimalArithmetic(FunctionTable* table);
void AddDatetimeArithmetic(FunctionTable* table);
void AddMathFunctions(FunctionTable* table);
void AddStringFunctions(FunctionTable* table);
void AddDigestFunctions(FunctionTable* table);
void AddStringPartFunctions(FunctionTable* table);
void AddStringBuildFunctions(FunctionTable* table);
void AddRegexFunctions(FunctionTable* table);
void AddDatetimeFunctions(FunctionTable* table);
void AddDatetimeMakeFunctions(FunctionTable* table);
void AddToCharFunctions(FunctionTable* table);
void AddToCharNumberFunctions(FunctionTable* table);
void AddSystemFunctions(FunctionTable* table);

using AggregateTable = std::vector<AggregateFunction>;
void AddBasicAggregates(AggregateTable* table);
void AddStatisticalAggregates(AggregateTable* table);

// Type of an unconstrained result: 38 digits.
inline LogicalType WideDecimal(int scale) { return LogicalType::Decimal(38, scale); }
// A decimal argument of any precision in a signature.
inline constexpr LogicalType kAnyDecimal = LogicalType(TypeId::kDecimal);

// Shared by date functions and operators. False on overflow (22008).
bool AddIntervalToTimestamp(int64_t micros, const Interval& interval, int sign, int64_t* out);
Interval JustifyHours(const Interval& interval);
// ISO 8601 week: the year whose week it is, and the week 1..53.
void DateIsoWeek(int32_t days, int32_t* year, int32_t* week);
int32_t DateCentury(int32_t astronomical_year);

}  // namespace driftdb::expr

#endif  // DRIFTDB_EXPR_FUNCTIONS_FUNCTIONS_H_
