// Resolution of names, operators and types into bound expressions, by PostgreSQL's rules (manual,
// chapter 10): exact matches first, then implicit casts with preferred types, unknown literals
// last. Shape: each function takes already bound arguments and returns a bound node with casts
// inserted. Literals without a type are kConstant of type unknown, parameters without a type
// kParameter of type unknown; both take the type that their place demands. Errors: 42883 no such
// function or operator, 42725 ambiguous, 42804 wrong type, 42846 no cast, and those of converting a
// literal (22P02, 22003, ...), all at the given position.
#ifndef DRIFTDB_EXPR_BINDING_H_
#define DRIFTDB_EXPR_BINDING_H_

#include <string_view>
#include <vector>

#include "base/status.h"
#include "expr/aggregate.h"
#include "expr/expr.h"
#include "expr/function.h"

namespace driftdb::expr {

// Scalar functions by name (lower case). Aggregates are BindAggregate's; window functions
// BindWindow's.
Result<ExprPtr> BindFunction(std::string_view name, std::vector<ExprPtr> args,
                             int64_t position = 0);
// Every binary and prefix operator (left null): arithmetic, comparisons, ||, LIKE family (~~ !~~
// ~~* !~~*), regular expressions (~ ~* !~ !~*), bits.
Result<ExprPtr> BindOperator(std::string_view symbol, ExprPtr left, ExprPtr right,
                             int64_t position = 0);
Result<ExprPtr> BindComparison(ComparisonOp op, ExprPtr left, ExprPtr right, int64_t position = 0);
Result<ExprPtr> BindBetween(ExprPtr value, ExprPtr low, ExprPtr high, bool negated, bool symmetric,
                            int64_t position = 0);
Result<ExprPtr> BindPattern(PatternKind kind, bool negated, std::vector<ExprPtr> args,
                            int64_t position = 0);
Result<ExprPtr> BindInList(std::vector<ExprPtr> value_and_list, bool negated, int64_t position = 0);
// `operand` may be null (searched CASE). whens_and_thens alternates; `otherwise` may be null.
Result<ExprPtr> BindCase(ExprPtr operand, std::vector<ExprPtr> whens_and_thens, ExprPtr otherwise,
                         int64_t position = 0);
// kCoalesce, kNullIf, kGreatest, kLeast.
Result<ExprPtr> BindConditional(ExprKind kind, std::vector<ExprPtr> args, int64_t position = 0);
// Inserts nothing when the types are equal. `column` names the target in assignment errors, may be
// empty.
Result<ExprPtr> BindCast(ExprPtr expr, LogicalType to, CastContext context, int64_t position = 0,
                         std::string_view column = "");
// An argument of WHERE, AND, NOT, ...: boolean or 42804 "argument of WHERE must be type boolean,
// not type integer".
Result<ExprPtr> RequireBoolean(ExprPtr expr, std::string_view construct);
// The common type of UNION branches, VALUES columns, CASE results, ...; all-unknown gives text.
// `construct` is for the message "UNION types integer and text cannot be matched".
Result<LogicalType> CommonType(const std::vector<const Expr*>& exprs, std::string_view construct);
Result<LogicalType> CommonType(LogicalType a, LogicalType b, std::string_view construct);
// `common` without the length or digits that an untyped literal or parameter beside it would have
// to fit: coalesce(a_varchar_3, 'longer') is a varchar.
LogicalType WidenForUntyped(const Expr& untyped, const LogicalType& common);

bool IsAggregateName(std::string_view name);
bool IsWindowFunctionName(
    std::string_view name);  // row_number, rank, lag, ...; aggregates are not listed
bool IsScalarFunctionName(std::string_view name);
// kAggregate node; DISTINCT, FILTER and ORDER BY are filled in by the caller. count(*) has no
// arguments.
Result<ExprPtr> BindAggregate(std::string_view name, std::vector<ExprPtr> args,
                              int64_t position = 0);
// kWindow node of a window function or an aggregate; partition, order and frame are filled in by
// the caller.
Result<ExprPtr> BindWindow(std::string_view name, std::vector<ExprPtr> args, int64_t position = 0);

struct CastInfo {
  enum class Method : uint8_t { kNone, kRelabel, kKernel };
  Method method = Method::kNone;                 // kNone: no such cast
  CastContext context = CastContext::kExplicit;  // the weakest context that allows it
};
// By type ids; modifiers (length, precision) are applied as an additional step of the same cast
// node.
CastInfo FindCast(const LogicalType& from, const LogicalType& to);
bool CanCast(const LogicalType& from, const LogicalType& to, CastContext context);

// Every built-in, for pg_proc and documentation; constant for the life of the process.
const std::vector<ScalarFunction>& BuiltinFunctions();
const std::vector<AggregateFunction>& BuiltinAggregates();

}  // namespace driftdb::expr

#endif  // DRIFTDB_EXPR_BINDING_H_
