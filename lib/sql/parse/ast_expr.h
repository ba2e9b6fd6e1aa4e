// Expressions as parsed: names and literals are text, nothing is resolved or typed.
// Shape: one struct per node, derived from AstExpr, told apart by `kind` (tag + switch; As<T>()
// casts). Positions are 1-based byte offsets into the text handed to the parser; 0 means "made by
// the parser". Invariants: (AST-1) the two operands of AND and OR chains are flattened into
// AstLogical::args, so a chain of any length is one node; (AST-2) the left spine of AstBinary is
// the only expression chain without a length limit: whoever walks `left` must loop, not recurse;
// every other nesting is at most kNestingMax levels deep (parse.h). Ownership: a tree owns its
// children; destroying a long left spine does not recurse.
#ifndef DRIFTDB_SQL_PARSE_AST_EXPR_H_
#define DRIFTDB_SQL_PARSE_AST_EXPR_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "types/logical_type.h"

namespace driftdb::sql {

struct AstSelect;

enum class AstExprKind : uint8_t {
  kLiteral,
  kColumnRef,
  kParam,
  kDefault,
  kUnary,
  kBinary,
  kLogical,
  kNot,
  kFunctionCall,
  kCase,
  kCast,
  kBetween,
  kIn,
  kLike,
  kIs,
  kDistinctFrom,
  kSubquery,
  kQuantified,
  kRow,
  kArray,
  kSubscript,
  kField,
  kCollate,
};

struct AstExpr {
  const AstExprKind kind;
  uint32_t position;

  AstExpr(AstExprKind k, uint32_t p) : kind(k), position(p) {}
  AstExpr(const AstExpr&) = delete;
  AstExpr& operator=(const AstExpr&) = delete;
  virtual ~AstExpr() = default;

  // REQUIRES: kind == T::kKind.
  template <typename T>
  T& As() {
    return static_cast<T&>(*this);
  }
  template <typename T>
  const T& As() const {
    return static_cast<const T&>(*this);
  }
};
using AstExprPtr = std::unique_ptr<AstExpr>;
using AstExprList = std::vector<AstExprPtr>;

// A type as written. The standard's spellings are already reduced to PostgreSQL's internal names:
// int2 int4 int8 float4 float8 numeric bool bpchar varchar bit varbit timestamp timestamptz time
// timetz interval; everything else is the folded identifier ("text", "date", "hugeint").
struct TypeName {
  std::vector<std::string> name;    // [catalog.][schema.]type
  std::vector<int64_t> modifiers;   // numeric(10,2) -> {10, 2}; char without length -> {1}
  std::vector<int32_t> array_dims;  // one per [], -1 where no bound was given
  IntervalFields interval_fields = IntervalFields::kAll;
  uint32_t position = 0;
};

// kNull and kBoolean ("true"/"false") have fixed texts. kInteger and kNumeric hold the digits as
// written, without sign and underscores; hexadecimal, octal and binary integers are already
// decimal. kInteger has any number of digits: the binder picks the type. kString is decoded; kBit
// holds the characters after B or X.
enum class LiteralKind : uint8_t { kNull, kBoolean, kInteger, kNumeric, kString, kBit, kHexBit };

struct AstLiteral : AstExpr {
  static constexpr AstExprKind kKind = AstExprKind::kLiteral;
  LiteralKind literal;
  std::string text;
  AstLiteral(uint32_t p, LiteralKind l, std::string t)
      : AstExpr(kKind, p), literal(l), text(std::move(t)) {}
};

// a, t.a, s.t.a, db.s.t.a; with `star` the parts before .* (none for a bare *).
struct AstColumnRef : AstExpr {
  static constexpr AstExprKind kKind = AstExprKind::kColumnRef;
  std::vector<std::string> parts;
  bool star = false;
  explicit AstColumnRef(uint32_t p) : AstExpr(kKind, p) {}
};

// A parameter, already numbered: see ParsedStatement::parameters.
struct AstParam : AstExpr {
  static constexpr AstExprKind kKind = AstExprKind::kParam;
  uint32_t index = 0;  // 1-based
  std::string name;    // with its prefix (":a", "@a"); empty for ? and $n
  explicit AstParam(uint32_t p) : AstExpr(kKind, p) {}
};

// DEFAULT in an INSERT row or on the right of SET.
struct AstDefault : AstExpr {
  static constexpr AstExprKind kKind = AstExprKind::kDefault;
  explicit AstDefault(uint32_t p) : AstExpr(kKind, p) {}
};

// Prefix operator: "-", "+", "~", "@", ... . A minus before a number stays a kUnary over the
// literal.
struct AstUnary : AstExpr {
  static constexpr AstExprKind kKind = AstExprKind::kUnary;
  std::string op_schema;  // OPERATOR(schema.op), mostly empty
  std::string op;
  AstExprPtr operand;
  explicit AstUnary(uint32_t p) : AstExpr(kKind, p) {}
};

// Infix operator; position is the operator's. "!=" is already "<>"; OVERLAPS is "overlaps".
struct AstBinary : AstExpr {
  static constexpr AstExprKind kKind = AstExprKind::kBinary;
  std::string op_schema;
  std::string op;
  AstExprPtr left;
  AstExprPtr right;
  explicit AstBinary(uint32_t p) : AstExpr(kKind, p) {}
  ~AstBinary() override;
};

// AND or OR over two or more arguments (AST-1).
struct AstLogical : AstExpr {
  static constexpr AstExprKind kKind = AstExprKind::kLogical;
  bool is_and = true;
  AstExprList args;
  explicit AstLogical(uint32_t p) : AstExpr(kKind, p) {}
};

struct AstNot : AstExpr {
  static constexpr AstExprKind kKind = AstExprKind::kNot;
  AstExprPtr operand;
  explicit AstNot(uint32_t p) : AstExpr(kKind, p) {}
};

enum class SortDirection : uint8_t { kDefault, kAscending, kDescending };
enum class NullsOrder : uint8_t { kDefault, kFirst, kLast };

struct AstOrderItem {
  AstExprPtr expr;
  SortDirection direction = SortDirection::kDefault;
  NullsOrder nulls = NullsOrder::kDefault;
};

enum class FrameMode : uint8_t { kRows, kRange, kGroups };
enum class FrameBoundKind : uint8_t {
  kUnboundedPreceding,
  kPreceding,
  kCurrentRow,
  kFollowing,
  kUnboundedFollowing,
};
enum class FrameExclusion : uint8_t { kNone, kCurrentRow, kGroup, kTies };

struct AstFrameBound {
  FrameBoundKind kind = FrameBoundKind::kUnboundedPreceding;
  AstExprPtr offset;  // only for kPreceding and kFollowing
};

struct AstFrame {
  FrameMode mode = FrameMode::kRange;
  AstFrameBound start;
  AstFrameBound end;  // CURRENT ROW where BETWEEN was not written
  FrameExclusion exclusion = FrameExclusion::kNone;
};

// OVER name: only `reference` set and `is_reference` true. OVER (base PARTITION BY ...):
// `reference` is the base window's name or empty. In a WINDOW clause `name` is the window's own
// name.
struct AstWindow {
  std::string name;
  std::string reference;
  bool is_reference = false;
  AstExprList partition_by;
  std::vector<AstOrderItem> order_by;
  std::unique_ptr<AstFrame> frame;
  uint32_t position = 0;
};

// How a call was written; the arguments are always in the order of the function that computes it.
enum class CallSyntax : uint8_t {
  kPlain,        // f(a, b)
  kKeyword,      // current_date, current_timestamp(3), localtime, current_user: no or one argument
  kSpecialForm,  // coalesce, nullif, greatest, least, grouping: not functions, cannot be overloaded
  kExtract,      // extract(year from x) -> extract('year', x)
  kPosition,     // position(a in b)     -> position(b, a)
  kSubstring,    // substring(a from b for c) -> substring(a, b, c); without FROM: (a, 1, c)
  kSubstringSimilar,  // substring(a similar b escape c) -> substring(a, b, c)
  kOverlay,           // overlay(a placing b from c for d) -> overlay(a, b, c, d)
  kTrim,              // trim([leading|trailing|both] b from a) -> ltrim|rtrim|btrim(a, b)
  kAtTimeZone,        // x AT TIME ZONE z -> timezone(z, x)
};

struct AstCallArg {
  std::string name;  // f(name => value); empty if positional
  AstExprPtr value;
};

struct AstFunctionCall : AstExpr {
  static constexpr AstExprKind kKind = AstExprKind::kFunctionCall;
  std::vector<std::string> name;  // [catalog.][schema.]function, folded
  CallSyntax syntax = CallSyntax::kPlain;
  bool star = false;  // count(*)
  bool distinct = false;
  bool variadic = false;      // the last argument was marked VARIADIC
  bool within_group = false;  // order_by came from WITHIN GROUP (ORDER BY ...)
  std::vector<AstCallArg> args;
  std::vector<AstOrderItem> order_by;
  AstExprPtr filter;
  std::unique_ptr<AstWindow> over;
  explicit AstFunctionCall(uint32_t p) : AstExpr(kKind, p) {}
};

struct AstCaseWhen {
  AstExprPtr when;
  AstExprPtr then;
};

struct AstCase : AstExpr {
  static constexpr AstExprKind kKind = AstExprKind::kCase;
  AstExprPtr operand;  // null for the searched form
  std::vector<AstCaseWhen> whens;
  AstExprPtr otherwise;  // null: ELSE NULL
  explicit AstCase(uint32_t p) : AstExpr(kKind, p) {}
};

// kTypedLiteral: date '...', interval '1' day; its operand is always a kString literal.
enum class CastSyntax : uint8_t { kCast, kColons, kTypedLiteral };

struct AstCast : AstExpr {
  static constexpr AstExprKind kKind = AstExprKind::kCast;
  AstExprPtr operand;
  TypeName type;
  CastSyntax syntax = CastSyntax::kCast;
  explicit AstCast(uint32_t p) : AstExpr(kKind, p) {}
};

struct AstBetween : AstExpr {
  static constexpr AstExprKind kKind = AstExprKind::kBetween;
  AstExprPtr operand;
  AstExprPtr low;
  AstExprPtr high;
  bool negated = false;
  bool symmetric = false;
  explicit AstBetween(uint32_t p) : AstExpr(kKind, p) {}
};

// Exactly one of `list` (not empty) and `subquery` is given.
struct AstIn : AstExpr {
  static constexpr AstExprKind kKind = AstExprKind::kIn;
  AstExprPtr operand;
  AstExprList list;
  std::unique_ptr<AstSelect> subquery;
  bool negated = false;
  explicit AstIn(uint32_t p);
  ~AstIn() override;
};

enum class LikeKind : uint8_t { kLike, kIlike, kSimilarTo };

struct AstLike : AstExpr {
  static constexpr AstExprKind kKind = AstExprKind::kLike;
  LikeKind like = LikeKind::kLike;
  AstExprPtr operand;
  AstExprPtr pattern;
  AstExprPtr escape;  // null if not given
  bool negated = false;
  explicit AstLike(uint32_t p) : AstExpr(kKind, p) {}
};

enum class IsTest : uint8_t { kNull, kTrue, kFalse, kUnknown };

struct AstIs : AstExpr {
  static constexpr AstExprKind kKind = AstExprKind::kIs;
  AstExprPtr operand;
  IsTest test = IsTest::kNull;
  bool negated = false;
  explicit AstIs(uint32_t p) : AstExpr(kKind, p) {}
};

// left IS [NOT] DISTINCT FROM right.
struct AstDistinctFrom : AstExpr {
  static constexpr AstExprKind kKind = AstExprKind::kDistinctFrom;
  AstExprPtr left;
  AstExprPtr right;
  bool negated = false;  // IS NOT DISTINCT FROM
  explicit AstDistinctFrom(uint32_t p) : AstExpr(kKind, p) {}
};

enum class SubqueryKind : uint8_t { kScalar, kExists, kArray };

struct AstSubquery : AstExpr {
  static constexpr AstExprKind kKind = AstExprKind::kSubquery;
  SubqueryKind subquery_kind = SubqueryKind::kScalar;
  std::unique_ptr<AstSelect> select;
  explicit AstSubquery(uint32_t p);
  ~AstSubquery() override;
};

// left op ANY|ALL (subquery or array); SOME is ANY. For LIKE and its relatives `op` is PostgreSQL's
// operator: ~~ !~~ ~~* !~~*.
struct AstQuantified : AstExpr {
  static constexpr AstExprKind kKind = AstExprKind::kQuantified;
  AstExprPtr left;
  std::string op_schema;
  std::string op;
  bool all = false;
  AstExprPtr array;  // exactly one of array and subquery
  std::unique_ptr<AstSelect> subquery;
  explicit AstQuantified(uint32_t p);
  ~AstQuantified() override;
};

// ROW(a, b) or (a, b).
struct AstRow : AstExpr {
  static constexpr AstExprKind kKind = AstExprKind::kRow;
  bool explicit_row = false;
  AstExprList elements;
  explicit AstRow(uint32_t p) : AstExpr(kKind, p) {}
};

// ARRAY[a, b]; a nested [..] is an AstArray element.
struct AstArray : AstExpr {
  static constexpr AstExprKind kKind = AstExprKind::kArray;
  AstExprList elements;
  explicit AstArray(uint32_t p) : AstExpr(kKind, p) {}
};

// operand[lower] or operand[lower:upper]; either bound of a slice may be null.
struct AstSubscript : AstExpr {
  static constexpr AstExprKind kKind = AstExprKind::kSubscript;
  AstExprPtr operand;
  bool slice = false;
  AstExprPtr lower;
  AstExprPtr upper;
  explicit AstSubscript(uint32_t p) : AstExpr(kKind, p) {}
};

// (expr).field; an empty name is (expr).*
struct AstField : AstExpr {
  static constexpr AstExprKind kKind = AstExprKind::kField;
  AstExprPtr operand;
  std::string field;
  explicit AstField(uint32_t p) : AstExpr(kKind, p) {}
};

struct AstCollate : AstExpr {
  static constexpr AstExprKind kKind = AstExprKind::kCollate;
  AstExprPtr operand;
  std::vector<std::string> collation;
  explicit AstCollate(uint32_t p) : AstExpr(kKind, p) {}
};

}  // namespace driftdb::sql

#endif  // DRIFTDB_SQL_PARSE_AST_EXPR_H_
