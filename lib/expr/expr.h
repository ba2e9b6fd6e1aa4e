// Expr: the bound, typed expression tree that binder, optimizer and operators share.
// Shape: one plain struct with a tag; which payload fields mean something is listed per kind below.
// A node owns its children. `type` is the type of the result; children are already coerced to what
// the node needs. Two stages: the binder names columns by ColumnBinding (kColumn); the physical
// planner rewrites those into positions in the input chunk (kSlot), the only form that the
// evaluator accepts. Threads: a tree is a value; const trees may be shared by threads. Errors:
// node.position (1-based byte offset in the statement, 0 unknown) is attached to run-time errors.
#ifndef DRIFTDB_EXPR_EXPR_H_
#define DRIFTDB_EXPR_EXPR_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "types/logical_type.h"
#include "types/value.h"

namespace driftdb::expr {

struct ScalarFunction;
struct AggregateFunction;
struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

enum class ExprKind : uint8_t {
  kConstant,    // value
  kColumn,      // column, name
  kSlot,        // slot, name (display only)
  kParameter,   // parameter (0 = $1)
  kFunction,    // function, children = arguments; operators are functions too
  kCast,        // children[0], to `type`; cast_context
  kComparison,  // comparison, children[0..1] of one type
  kAnd,         // children, two or more booleans
  kOr,          // children, two or more booleans
  kNot,         // children[0]
  kIsTest,      // is_test, children[0]; negated: IS NOT ...
  kCase,  // children: when1, then1, when2, then2, ..., else; has_else tells the last (else NULL)
  kCoalesce,  // children of one type
  kNullIf,    // children[0..1]: children[0] unless equal to children[1]
  kGreatest,  // children of one type; NULLs ignored
  kLeast,
  kInList,     // children[0] [NOT] IN (children[1..]) of one type; negated
  kPattern,    // pattern, children[0] LIKE children[1] [ESCAPE children[2]]; negated
  kSubquery,   // subquery; children[0..] = tested expressions of IN/ANY/ALL; never reaches the
               // evaluator
  kAggregate,  // aggregate call; planner only
  kWindow,     // window call; planner only
};

enum class ComparisonOp : uint8_t {
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kDistinct,     // IS DISTINCT FROM, never NULL
  kNotDistinct,  // IS NOT DISTINCT FROM
};
// The operator with its sides exchanged (a < b is b > a), and its negation (NULLs apart).
ComparisonOp FlipComparison(ComparisonOp op);
ComparisonOp NegateComparison(ComparisonOp op);
std::string_view ComparisonText(ComparisonOp op);

enum class CastContext : uint8_t { kImplicit, kAssignment, kExplicit };
enum class IsTest : uint8_t { kNull, kTrue, kFalse, kUnknown };
enum class PatternKind : uint8_t { kLike, kILike, kSimilar, kRegex, kRegexNoCase };
enum class Volatility : uint8_t { kImmutable, kStable, kVolatile };

// A column of a table reference in the query. depth 0: this query level, 1: the next outer one, ...
struct ColumnBinding {
  uint32_t table_index = 0;
  uint32_t column_index = 0;
  uint32_t depth = 0;
  friend bool operator==(const ColumnBinding&, const ColumnBinding&) = default;
};

// A subquery's plan belongs to the SQL layer; this layer only knows how to own it.
struct SubqueryPlan;
struct SubqueryPlanOps {
  void (*destroy)(SubqueryPlan*);
  SubqueryPlan* (*clone)(const SubqueryPlan*);
  bool (*equals)(const SubqueryPlan*, const SubqueryPlan*);
  std::string (*to_string)(const SubqueryPlan*);
};
struct SubqueryPlanDeleter {
  const SubqueryPlanOps* ops = nullptr;
  void operator()(SubqueryPlan* plan) const { ops->destroy(plan); }
};
using SubqueryPlanPtr = std::unique_ptr<SubqueryPlan, SubqueryPlanDeleter>;

enum class SubqueryKind : uint8_t { kScalar, kExists, kIn, kAny, kAll };
struct Subquery {
  SubqueryKind kind = SubqueryKind::kScalar;
  ComparisonOp comparison = ComparisonOp::kEqual;  // kAny and kAll
  bool negated = false;                            // NOT EXISTS, NOT IN
  SubqueryPlanPtr plan;
};

struct SortKey {
  ExprPtr expr;
  bool descending = false;
  bool nulls_first = false;  // PostgreSQL's default: last when ascending, first when descending
};

// children = arguments (none for count(*)).
struct AggregateCall {
  const AggregateFunction* function = nullptr;
  bool distinct = false;
  ExprPtr filter;                 // null: every row
  std::vector<SortKey> order_by;  // ORDER BY within the call
};

enum class WindowFunction : uint8_t {
  kAggregate,  // call.function over the frame
  kRowNumber,
  kRank,
  kDenseRank,
  kPercentRank,
  kCumeDist,
  kNtile,
  kLag,
  kLead,
  kFirstValue,
  kLastValue,
  kNthValue,
};
enum class FrameUnit : uint8_t { kRange, kRows, kGroups };
enum class FrameBound : uint8_t {
  kUnboundedPreceding,
  kPreceding,
  kCurrentRow,
  kFollowing,
  kUnboundedFollowing,
};
enum class FrameExclusion : uint8_t { kNone, kCurrentRow, kGroup, kTies };
struct WindowCall {
  WindowFunction function = WindowFunction::kAggregate;
  std::vector<ExprPtr> partition_by;
  std::vector<SortKey> order_by;
  FrameUnit unit = FrameUnit::kRange;
  FrameBound start = FrameBound::kUnboundedPreceding;
  FrameBound end = FrameBound::kCurrentRow;
  FrameExclusion exclusion = FrameExclusion::kNone;
  ExprPtr start_offset;  // kPreceding and kFollowing
  ExprPtr end_offset;
};

struct Expr {
  ExprKind kind = ExprKind::kConstant;
  LogicalType type;
  std::vector<ExprPtr> children;
  int64_t position = 0;

  // Payloads; see ExprKind for who uses which.
  bool negated = false;
  bool has_else = false;
  ComparisonOp comparison = ComparisonOp::kEqual;
  CastContext cast_context = CastContext::kImplicit;
  IsTest is_test = IsTest::kNull;
  PatternKind pattern = PatternKind::kLike;
  uint32_t slot = 0;
  uint32_t parameter = 0;
  ColumnBinding column;
  const ScalarFunction* function = nullptr;
  Value value;
  std::string name;
  std::unique_ptr<Subquery> subquery;
  std::unique_ptr<AggregateCall> aggregate;  // kAggregate, and kWindow over an aggregate
  std::unique_ptr<WindowCall> window;

  ExprPtr Clone() const;
};

// A predicate with its security attributes: a qual of a higher level may move below one of a lower
// level only if it is leakproof (row-level security, security barrier views).
struct Qual {
  ExprPtr expr;
  uint32_t security_level = 0;
  bool leakproof = false;
};

// Makers of the kinds that need no resolution; the others come from expr/binding.h.
ExprPtr MakeConstant(Value value, int64_t position = 0);
ExprPtr MakeNull(LogicalType type);
ExprPtr MakeBoolean(bool value);
ExprPtr MakeColumn(ColumnBinding column, LogicalType type, std::string name = "");
ExprPtr MakeSlot(uint32_t slot, LogicalType type, std::string name = "");
ExprPtr MakeParameter(uint32_t index, LogicalType type = TypeId::kUnknown, int64_t position = 0);
// One child is returned as it is; none gives TRUE (and) or FALSE (or). Nested nodes of the same
// kind are flattened.
ExprPtr MakeAnd(std::vector<ExprPtr> children);
ExprPtr MakeOr(std::vector<ExprPtr> children);
ExprPtr MakeNot(ExprPtr child);
ExprPtr MakeIsTest(IsTest test, bool negated, ExprPtr child);
// Children must already have equal types (BindComparison coerces).
ExprPtr MakeComparison(ComparisonOp op, ExprPtr left, ExprPtr right, int64_t position = 0);
// Splits a conjunction into its conjuncts (recursively).
std::vector<ExprPtr> SplitConjunction(ExprPtr expr);

// Structural equality and hash; positions and display names do not count. Volatile calls are equal
// by structure too: whoever merges equal trees must ask VolatilityOf first.
bool Equals(const Expr& a, const Expr& b);
uint64_t Hash(const Expr& expr);
// PostgreSQL-like text for EXPLAIN and for names of index expressions.
std::string ToString(const Expr& expr);

// The most volatile function in the tree. Parameters, columns and slots count as immutable.
Volatility VolatilityOf(const Expr& expr);
bool IsVolatile(const Expr& expr);
// No columns, slots, parameters, subqueries, aggregates or windows and nothing volatile or stable:
// its value may be computed once and for all.
bool IsFoldable(const Expr& expr);
bool ContainsKind(const Expr& expr, ExprKind kind);
// False only when evaluation can never raise an error, whatever the input rows.
bool MayFail(const Expr& expr);
// True when evaluation reveals nothing of its input by errors or side effects.
bool IsLeakproof(const Expr& expr);

// Non-owning reference to a callable (no std::function: this header is everywhere).
template <typename Signature>
class FunctionRef;
template <typename R, typename... Args>
class FunctionRef<R(Args...)> {
 public:
  template <typename F>
  requires(!std::is_same_v<std::decay_t<F>, FunctionRef>)
      // NOLINTNEXTLINE(google-explicit-constructor,bugprone-forwarding-reference-overload)
      FunctionRef(F&& f)
      : object_(const_cast<void*>(static_cast<const void*>(&f))),
        call_([](void* object, Args... args) -> R {
          return (*static_cast<std::remove_reference_t<F>*>(object))(std::forward<Args>(args)...);
        }) {}
  R operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

 private:
  void* object_;
  R (*call_)(void*, Args...);
};

// Pre-order over all nodes, also those inside aggregate and window calls (filter, order by,
// partition by, frame offsets), not inside subquery plans. Returning false stops the descent below
// that node.
void Walk(const Expr& expr, FunctionRef<bool(const Expr&)> visit);
// Direct sub-expressions of a node in a fixed order, for generic rewrites.
void ForEachChild(Expr& expr, FunctionRef<void(ExprPtr&)> visit);
// Bottom-up: `replace` gets every node after its children and may exchange it (assign the pointer).
void Rewrite(ExprPtr& expr, FunctionRef<void(ExprPtr&)> replace);

}  // namespace driftdb::expr

#endif  // DRIFTDB_EXPR_EXPR_H_
